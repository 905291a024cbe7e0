"""Adoption watch (채택 곡선 감시): how far along the Bass curve a brand is, and whether its peak is past.

The naive reading draws a line through the last months. A curve of adoption bends: while it climbs, its peak and its
ceiling cannot be told from the weeks so far (`fit_bass` refuses), unless the ceiling is known from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.tables import every_week
from smm_analysis.terms import LANGS, Lang, reason

from .bass import BassFit, fit_bass

FEWEST_PERIODS = 8
_FAR = 10  # lengths of the record
Peak = Literal["peak_past", "peak_ahead", "peak_untold"]


@dataclass(frozen=True)
class AdoptionWatch:
    """Where a brand stands on its adoption curve (채택 곡선에서의 위치).

    `along` : percent of all who will ever become customers that have; `peak` : peak_past, peak_ahead or peak_untold (a
    glossary key); `peak_week` : weeks from the start of the record to it. `fit` : the Bass curve, per `per`
    weeks; None where there is nothing to fit. `reason` : why not, in each language.
    """

    along: Estimate
    peak: Peak
    peak_week: Estimate
    customers: int
    per: int
    fit: BassFit | None = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return measure (adopted_share, and the peak), estimate, low, high, n, reason_en, reason_ko."""
        found = {"adopted_share": self.along, self.peak: self.peak_week}
        rows = [
            {"measure": key, "estimate": each.estimate, "low": each.low, "high": each.high, "n": each.n}
            | {f"reason_{lang}": each.reason.get(lang, "") for lang in LANGS}
            for key, each in found.items()
        ]
        return pd.DataFrame(rows)


def adoption_watch(
    weekly: pd.DataFrame,
    *,
    brand: str | None = None,
    market_size: float | None = None,
    per: int = 4,
    level: float = 0.90,
) -> AdoptionWatch:
    """Return how far along its adoption curve a brand is (채택 곡선 감시, S4.11).

    The record must begin about at the launch: customers won before it are not seen, and the curve would be another one.

    Parameters
    ----------
    weekly : week, new_customers.
    brand : picks one of several.
    market_size : everybody who will ever become a customer, if known from outside.
    per : weeks a period of the curve; a last one that is not whole is left out.
    level : two-sided, 0..1.

    Raises
    ------
    ValueError
        A missing column, several brands and none picked, a week that stands twice, `per` below 1.
    """
    weeks = _weeks(weekly, brand)
    if per < 1:
        raise ValueError(f"per must be 1 week or more, not {per}")
    if weeks.isna().any():
        return _with_gaps(weeks, per, level)
    periods = weeks.to_numpy(float)[: len(weeks) // per * per].reshape(-1, per).sum(axis=1)
    customers, starts = int(periods.sum()), weeks.index[: len(periods) * per : per]
    if why := _why_not(periods, market_size):
        none = unknown(level, len(periods), why)
        return AdoptionWatch(none, "peak_untold", none, customers, per, None, why)
    fit = fit_bass(periods, periods=starts, market_size=market_size, level=level)
    return AdoptionWatch(_along(fit, customers), _peak(fit), _peak_week(fit, per), customers, per, fit, fit.reason)


def _with_gaps(weeks: pd.Series, per: int, level: float) -> AdoptionWatch:
    """Tell nothing where weeks were left out: an unknown number of customers came in them."""
    gaps = weeks.index[weeks.isna()]
    why = reason("weeks_left_out", n=len(gaps), first=f"{gaps[0]:%Y-%m-%d}")
    none = unknown(level, len(weeks) // per, why)
    return AdoptionWatch(none, "peak_untold", none, int(weeks.sum()), per, None, why)


def _weeks(weekly: pd.DataFrame, brand: str | None) -> pd.Series:
    """Return new customers by week, every week there; NaN where the table has no row."""
    if lacking := [column for column in ("week", "new_customers") if column not in weekly]:
        raise ValueError(f"weekly has no column {', '.join(map(repr, lacking))}; it has {', '.join(map(str, weekly))}")
    if brand is not None and "brand" in weekly:
        weekly = weekly[weekly["brand"] == brand]
    if "brand" in weekly and (found := sorted(set(weekly["brand"])))[1:]:
        raise ValueError(f"weekly holds brands {', '.join(found)}: pick one by brand=")
    weeks = weekly.set_index("week")["new_customers"].astype(float)
    return weeks.reindex(every_week(weekly["week"]))


def _why_not(periods: np.ndarray, market_size: float | None) -> Mapping[Lang, str]:
    """Return why no curve can be fitted, empty if one can."""
    if len(periods) < FEWEST_PERIODS or not periods.any() or (np.diff(periods) <= 0).all():
        return reason("few_adoption_periods", n=len(periods), needed=FEWEST_PERIODS)
    if market_size is not None and market_size <= periods.sum():
        return reason("market_exceeded", market=market_size, customers=periods.sum())
    return {}


def _along(fit: BassFit, customers: int) -> Estimate:
    """Return the share of the market that has adopted, percent; the interval is the market's."""
    size = fit.market_size
    if size.reason:
        return size
    ends = (min(100 * customers / value, 100.0) for value in (size.estimate, size.high, size.low))
    return Estimate(*ends, size.level, size.n)


def _peak_week(fit: BassFit, per: int) -> Estimate:
    """Return the peak in weeks; unknown where it may lie many records away."""
    peak = fit.peak_time
    if not (peak.reason or peak.high < _FAR * fit.n):
        return unknown(peak.level, fit.n, reason("peak_anywhere", weeks=per * fit.n))
    return Estimate(per * peak.estimate, per * peak.low, per * peak.high, peak.level, fit.n, peak.reason)


def _peak(fit: BassFit) -> Peak:
    """Past or ahead only where the whole interval is."""
    if fit.peak_time.reason:
        return "peak_untold"
    return "peak_past" if fit.peak_time.high < fit.n else "peak_ahead" if fit.peak_time.low > fit.n else "peak_untold"
