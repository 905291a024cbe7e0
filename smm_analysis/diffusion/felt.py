"""A plain weekly relationship (관계), where no better one is at hand: answers to surveys and the tone of mentions."""

from __future__ import annotations

import pandas as pd

from smm_analysis.tables import mondays


def simple_relationship(
    *, mentions: pd.DataFrame | None = None, surveys: pd.DataFrame | None = None, customers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return a plain weekly relationship (간단한 관계 지수): survey answers and tone of mentions.

    Parts are each question's score over 10 and (sentiment + 1) / 2 of people's mentions. Each part is moved to the mean
    of all parts, so that a week in which one is missing is not a jump; then every answer and mention counts alike.

    Parameters
    ----------
    mentions, surveys : the tables of one brand.
    customers : where `surveys` holds several brands; the customers whose answers count.

    Returns
    -------
    DataFrame
        week, relationship (0..1), relationship_n (answers and mentions of the week); empty without any part.
    """
    parts = pd.concat([_answers(surveys, customers), _tones(mentions)])
    if parts.empty:
        return pd.DataFrame({"week": parts["week"], "relationship": parts["score"].astype(float), "relationship_n": 0})
    level = parts.groupby("part")["score"].mean()
    score = parts["score"] - parts["part"].map(level) + level.mean()
    by_week = parts.assign(score=score).groupby("week")["score"]
    return by_week.agg(relationship="mean", relationship_n="size").reset_index()


def _answers(surveys: pd.DataFrame | None, customers: pd.DataFrame | None) -> pd.DataFrame:
    if surveys is None or surveys.empty:
        return _parts([], [], [])
    mine = surveys if customers is None else surveys[surveys["customer_key"].isin(customers["customer_key"])]
    mine = mine[mine["score"].notna()]
    return _parts(mondays(mine["asked_at"]), mine["question"].astype(str), mine["score"].astype(float) / 10)


def _tones(mentions: pd.DataFrame | None) -> pd.DataFrame:
    if mentions is None or mentions.empty or "sentiment" not in mentions:
        return _parts([], [], [])
    mine = mentions[mentions["author_role"].isin(["customer", "unknown"]) & mentions["sentiment"].notna()]
    return _parts(mondays(mine["created_at"]), "tone", (mine["sentiment"].astype(float) + 1) / 2)


def _parts(week: object, part: object, score: object) -> pd.DataFrame:
    table = pd.DataFrame({"week": week, "score": score})
    return table.assign(part=part if len(table) else pd.Series(dtype=str), week=pd.to_datetime(table["week"]))
