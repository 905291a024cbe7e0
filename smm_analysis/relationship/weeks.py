"""Weeks of the relationship models (주)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def week_index(weeks: Sequence[pd.Timestamp] | pd.Series) -> pd.DatetimeIndex:
    """Return Mondays, in a row, as an index named week (연속된 주).

    Raises
    ------
    ValueError
        If one is no Monday, comes twice or is missing; the message names the first.
    """
    index = pd.DatetimeIndex(pd.to_datetime(pd.Series(weeks)), name="week")
    if not len(index):
        raise ValueError("weeks are empty: give at least one Monday")
    if len(others := index[index.day_of_week != 0]):
        raise ValueError(f"weeks must be Mondays; {others[0]:%Y-%m-%d} is none")
    expected = pd.date_range(index[0], index[-1], freq="7D", name="week")
    if not index.equals(expected):
        gap = expected.difference(index)
        first = f"; {len(gap)} are missing, first {gap[0]:%Y-%m-%d}" if len(gap) else ""
        raise ValueError(f"weeks must be in order, each seven days after the one before{first}")
    return index
