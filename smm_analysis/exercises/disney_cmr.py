"""Answers of the case of CRM and CMR (디즈니 사례의 정답)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.exercises.checking import Truth, about
from smm_analysis.virtual import Guests, take_up


def naive_gap(guests: Guests) -> Truth:
    """Under CMR: percent of those who replied who took the offer, minus of those who did not; points."""
    found = _found(guests)
    took = guests.table.groupby("replied")["took_cmr"].mean()
    return about(
        found["naive_replied"],
        in_percent=100 * (took[True] / took[False] - 1),
        of_those_who_replied=100 * took[True],
        same_guests=found["among_replied"],
    )


def same_guests(guests: Guests) -> Truth:
    """Those who replied: their own choice minus the firm's for the same guests; points."""
    found = _found(guests)
    return about(found["among_replied"], naive=found["naive_replied"], everyone=found["over_all"], share=0.03)


def everyone(guests: Guests) -> Truth:
    """All who were asked: CMR minus CRM for the same guests; points."""
    found, table = _found(guests), guests.table
    return about(
        found["over_all"],
        share=0.03,
        only_those_who_replied=found["among_replied"],
        in_percent=100 * (table["took_cmr"].mean() / table["took_crm"].mean() - 1),
        per_reply=found["among_replied"] / table["replied"].mean(),
    )


def selection(guests: Guests) -> Truth:
    """Percent of the naive gap that was there before anybody chose."""
    found = _found(guests)
    naive, true = found["naive_replied"], found["among_replied"]
    return about(
        100 * (naive - true) / naive,
        the_rest=100 * true / naive,
        in_points=naive - true,
        of_the_true=100 * (naive - true) / true,
    )


def break_even(swept: pd.DataFrame) -> Truth:
    """The least honesty of those tried from which guests' choice clearly wins over a firm with 3 earlier offers."""
    least = {record: _least(swept[swept["earlier"] == record], "low") for record in (0, 3, 30)}
    lenient = _least(swept[swept["earlier"] == 3], "estimate")
    return Truth(least[3], within=0.01, traps={"by_estimate": lenient, "no_record": least[0], "long_record": least[30]})


def who_should_ask() -> Truth:
    """Which firm gains most by asking."""
    return Truth("new_firm")


def _least(rows: pd.DataFrame, end: str) -> float:
    won = rows.loc[rows[end] > 0, "honesty"]
    return float(won.min()) if len(won) else float("nan")


def _found(guests: Guests) -> pd.Series:
    return take_up(guests).set_index("measure")["estimate"]
