"""The clock of the tables (표의 시계): a week is the date of its Monday, a moment is in the data's own zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

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


def moment_in(zone: tzinfo | str | None, given: pd.Timestamp | str, name: str) -> pd.Timestamp:
    """Return a moment in the time zone of the data (데이터의 시각); one without a zone is read in it.

    Raises
    ------
    ValueError
        If `given` is no time, or has a zone where the data have none; the message begins with its `name`.
    """
    import pandas as pd

    moment = pd.Timestamp(given)
    if moment is pd.NaT:
        raise ValueError(f"{name} must be a time, not {given}")
    if moment.tz is not None and zone is None:
        raise ValueError(f"{name} {moment} has a timezone, the data have none; take it off, or give it to the data")
    return moment.tz_localize(zone) if moment.tz is None else moment.tz_convert(zone)


def every_week(weeks: pd.Series) -> pd.Series:
    """Return all Mondays from the first of a column to the last (빠짐없는 주): in order, also those without a row.

    Rows of a table may come in any order, newest first or with weeks left out.
    """
    import pandas as pd

    return pd.Series(pd.date_range(weeks.min(), weeks.max(), freq="7D"), name="week", dtype=weeks.dtype)
