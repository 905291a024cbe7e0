"""The series a Bass curve is fitted to (채택 시계열): read, checked and continued."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

FEWEST_PERIODS = 4  # three parameters and one period to judge them by


def read_adoptions(
    adoptions: Sequence[float] | np.ndarray | pd.Series, periods: Sequence | pd.Index | None
) -> pd.Series:
    """Return adoptions per period under their periods, or refuse them by name (채택 시계열 읽기).

    Without `periods`, those are a Series' index, unless that only counts from 0; and 1, 2, ... for anything else.
    """
    if periods is None:
        unnamed = not isinstance(adoptions, pd.Series) or adoptions.index.equals(pd.RangeIndex(len(adoptions)))
        periods = np.arange(1, len(adoptions) + 1) if unnamed else adoptions.index
    if len(periods) != len(adoptions):
        raise ValueError(f"periods: one for each of {len(adoptions)} adoptions is needed; there are {len(periods)}")
    series = pd.Series(np.asarray(adoptions, float), pd.Index(periods, name="period"), name="adoptions")
    _check_periods(series.index)
    _check_values(series)
    return series


def periods_after(periods: pd.Index, count: int) -> pd.Index:
    """Return the labels of the periods that follow (다음 기간)."""
    ahead = np.arange(1, count + 1)
    if isinstance(periods, pd.DatetimeIndex):
        return pd.date_range(periods[-1], periods=count + 1, freq=_step(periods), name=periods.name)[1:]
    if isinstance(periods, pd.PeriodIndex):
        return pd.PeriodIndex(periods[-1] + ahead, name=periods.name)
    return pd.Index(periods[-1] + ahead * (periods[1] - periods[0]), name=periods.name)


def _step(dates: pd.DatetimeIndex) -> pd.DateOffset | pd.Timedelta:
    """Return how far apart dates are: whole months where they are, days otherwise."""
    months = np.diff(dates.year * 12 + dates.month)
    if months[0] and (months == months[0]).all():
        whole = int(months[0])
        return pd.offsets.MonthEnd(whole) if dates.is_month_end.all() else pd.DateOffset(months=whole)
    return dates.to_series().diff().median()


def _check_values(series: pd.Series) -> None:
    bad = series[~(np.isfinite(series) & (series >= 0))]
    if len(bad):
        shown = ", ".join(f"{value:g} in {period}" for period, value in bad.head(3).items())
        raise ValueError(f"adoptions must be numbers, 0 or more, in every period; given {shown}")
    if len(series) < FEWEST_PERIODS:
        raise ValueError(f"adoptions: at least {FEWEST_PERIODS} periods are needed; there are {len(series)}")
    if not series.to_numpy().any():
        raise ValueError("adoptions are all 0: there is nothing to fit; start at the launch")
    if (np.diff(series.to_numpy()) <= 0).all():
        raise ValueError(
            "adoptions never grow from one period to the next: no diffusion curve can be told; "
            "start at the launch, or take longer periods"
        )


def _check_periods(periods: pd.Index) -> None:
    """Refuse periods that are not in order or not one apart; months and quarters differ a little in length."""
    numbers = periods.asi8 if isinstance(periods, pd.DatetimeIndex | pd.PeriodIndex) else _numbers(periods)
    steps = np.diff(numbers.astype(float))
    if (steps <= 0).any():
        raise ValueError(f"periods must rise; {periods[int(np.argmax(steps <= 0)) + 1]} does not follow the one before")
    if len(steps) and steps.max() > 1.5 * steps.min():
        after = periods[int(np.argmax(steps > 1.5 * steps.min()))]
        raise ValueError(f"periods must follow one another without a gap; one is missing after {after}")


def _numbers(periods: pd.Index) -> np.ndarray:
    try:
        return periods.to_numpy().astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"periods must be numbers, dates or pandas periods; given {list(periods[:3])}") from None
