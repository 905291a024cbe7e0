"""Answers of the small firm's case (작은 가게 사례의 정답)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.exercises.checking import Truth, about
from smm_analysis.virtual import leads

QUARTER, YEAR, BAIT = 13, 52, 20  # weeks; percent of the hours in live offers that the case asks about


def followers_a_day(followers: pd.DataFrame) -> Truth:
    """New followers of the trucks a day, between the two reports."""
    dates, counts = pd.to_datetime(followers["date"]), followers["followers"]
    days, gain = (dates.iloc[-1] - dates.iloc[0]).days, float(counts.iloc[-1] - counts.iloc[0])
    return about(
        gain / days,
        a_week=7 * gain / days,
        all_followers=counts.iloc[-1] / days,
        in_percent=100 * gain / counts.iloc[0] / days,
    )


def first_quarter(weekly: pd.DataFrame) -> Truth:
    """Percent more new customers with offers than without, in the first 13 weeks."""
    return about(
        _lead(weekly, until=QUARTER),
        share=0.03,
        whole_year=_lead(weekly),
        purchases=_lead(weekly, until=QUARTER, count="purchases"),
        hides=_lead(weekly, until=QUARTER, count="hides"),
    )


def last_quarter(weekly: pd.DataFrame) -> Truth:
    """Percent more (fewer) new customers with offers than without, in the last 13 weeks."""
    return about(
        _lead(weekly, since=YEAR - QUARTER),
        share=0.03,
        whole_year=_lead(weekly),
        first_quarter=_lead(weekly, until=QUARTER),
        followers=_lead(weekly, since=YEAR - QUARTER, count="follower_gain"),
    )


def most_offers(weekly: pd.DataFrame) -> Truth:
    """The offers, of those tried, with most new customers over the whole year."""
    tried = [name for name in weekly["contestant"].unique() if isinstance(name, int)]
    year, early = (
        leads(weekly[weekly["contestant"].isin(tried)], 0, until=until).set_index("contestant")["total"]
        for until in (YEAR, QUARTER)
    )
    return Truth(float(year.idxmax()), within=0.0, traps={"by_first_quarter": float(early.idxmax())})


def talk_worth(weekly: pd.DataFrame) -> Truth:
    """Percent fewer new customers when the hours of listening go into posts; negative."""
    return about(
        _lead(weekly, "shop_no_talk"),
        share=0.03,
        by_shares=_lead(weekly, "shop_no_talk", count="shares"),
        by_loyal=_lead(weekly, "shop_no_talk", count="loyal"),
        other_base=_lead(weekly, 0, over="shop_no_talk"),
    )


def hollow_loyal(weekly: pd.DataFrame) -> Truth:
    """Percent fewer loyal customers when answers are phrases; negative."""
    return about(
        _lead(weekly, "shop_hollow", count="loyal"),
        share=0.03,
        by_new=_lead(weekly, "shop_hollow"),
        no_answers=_lead(weekly, "shop_no_talk", count="loyal"),
    )


def crisis_cost(weekly: pd.DataFrame) -> Truth:
    """Percent fewer shares that crises cost the slow shop, against the same shop without them; negative."""
    return about(
        _lead(weekly, "shop_slow", over="shop_slow_calm", count="shares"),
        share=0.03,
        two_shops=_lead(weekly, "shop_slow", count="shares"),
        the_quick_one=_lead(weekly, 0, over="shop_quick_calm", count="shares"),
        by_new=_lead(weekly, "shop_slow", over="shop_slow_calm"),
    )


def _lead(weekly: pd.DataFrame, who: int | str = BAIT, over: int | str = 0, **asked: object) -> float:
    table = leads(weekly, over, **asked).set_index("contestant")
    return float(table.loc[who, "estimate"])
