"""Answers of the Nokia case (노키아 사례의 정답)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.exercises.checking import Truth, about
from smm_analysis.virtual import leads
from smm_analysis.virtual.case_plans import BEFORE, STORY


def fans_share(sources: pd.DataFrame) -> Truth:
    """Percent of the sources that say who the three were which call them fans."""
    who = sources[sources["topic"] == "told_people"]
    fans = who["told"].eq("fans").sum()
    return about(
        100 * fans / len(who),
        of_all=100 * fans / sources["told_by"].nunique(),
        of_statements=100 * fans / len(sources),
        the_others=100 * (1 - fans / len(who)),
    )


def pieces_a_day(sources: pd.DataFrame) -> Truth:
    """Pieces of content for each of the three and each day, by what Campaign says."""
    told = sources[sources["told_by"] == "Campaign"].set_index("topic")["number"]
    pieces, people, weeks = (float(told[key]) for key in ("told_pieces", "told_people", "told_weeks"))
    return about(
        pieces / people / (7 * weeks),
        of_all_three=pieces / (7 * weeks),
        in_six_weeks=pieces / people,
        a_week=pieces / people / weeks,
        an_hour=pieces / people / (7 * weeks) / 24,
    )


def hits_count() -> Truth:
    """What a hit is."""
    return Truth("requests")


def story_lead(weekly: pd.DataFrame) -> Truth:
    """Percent more new customers by the whole story than by one-way promotion, from the campaign's first week on."""
    later, ever = (_by_name(leads(weekly, "one_way", since=week)) for week in (BEFORE, 0))
    story, one_way = later.loc["all_three", "total"], later.loc["one_way", "total"]
    return about(
        later.loc["all_three", "estimate"],
        since_the_start=ever.loc["all_three", "estimate"],
        in_customers=story - one_way,
        of_the_story=100 * (story - one_way) / story,
        of_the_three=later.loc[list(STORY), "estimate"].sum(),
    )


def together(weekly: pd.DataFrame) -> Truth:
    """Lead of the three together minus the sum of the three alone, percentage points."""
    lead = _by_name(leads(weekly, "one_way", since=BEFORE))["estimate"]
    alone, all_three = lead[list(STORY)], lead["all_three"]
    return about(
        all_three - alone.sum(),
        share=0.03,
        against_the_mean=all_three - alone.mean(),
        against_the_best=all_three - alone.max(),
        compounded=all_three - 100 * ((1 + alone / 100).prod() - 1),
        in_percent=100 * (all_three / alone.sum() - 1),
    )


def picked_by_shares(weekly: pd.DataFrame) -> Truth:
    """The campaign, of four, that looks best to who counts shares only."""
    lead = _by_name(leads(weekly, "one_way", since=BEFORE, count="shares"))["estimate"]
    return Truth(str(lead[["one_way", "desire_fun", "all_three", "story_without_tv"]].idxmax()))


def _by_name(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("contestant")
