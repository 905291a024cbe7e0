"""The weeks of the tables: a week is the date of its Monday (주는 월요일의 날짜)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def mondays(times: pd.Series) -> pd.Series:
    """Return the Monday of each time, in the time's own zone and then without one, named week (주의 월요일).

    Raises
    ------
    ValueError
        If the column does not hold times.
    """
    import pandas as pd

    if times.dtype.kind != "M":
        raise ValueError(f"{times.name} must hold times, all with or all without a timezone, not {times.dtype} values")
    days = times.dt.tz_localize(None).dt.normalize()
    return (days - pd.to_timedelta(days.dt.day_of_week, unit="D")).rename("week")


def every_week(weeks: pd.Series) -> pd.Series:
    """Return all Mondays from the first of a column to the last (빠짐없는 주): in order, also those without a row.

    Rows of a table may come in any order, newest first or with weeks left out.
    """
    import pandas as pd

    return pd.Series(pd.date_range(weeks.min(), weeks.max(), freq="7D"), name="week", dtype=weeks.dtype)
