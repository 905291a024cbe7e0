"""Recency-weighted behaviour and its half-life (최근성 가중 활동과 반감기, S4.5).

`activity_history` sorts a log once, by customer; after that every half-life costs one pass over the events.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value
from smm_analysis.tables import moment_in

from .guards import MIN_CUSTOMERS, LookAhead, TooLittleData, check_two_classes
from .logit import fit_line, saturated

_WEEK = np.timedelta64(1, "W")
_EVENTS = 1 << 19  # events that are looked up at once
_BLOCK = 1 << 15  # customers whose events are weighed at once: what stays in the processor's cache


@dataclass(frozen=True)
class History:
    """What customers did up to a cut-off, sorted once (활동 이력): the events of each customer lie side by side.

    `customers` is the population, `active` the positions in it of those with an event. The events of the i-th active
    customer are `moments[starts[i]:starts[i + 1]]`, youngest first; a moment is a position in `ages` (weeks).
    """

    customers: pd.Index = field(repr=False)
    active: np.ndarray = field(repr=False)
    starts: np.ndarray = field(repr=False)
    moments: np.ndarray = field(repr=False)
    ages: np.ndarray = field(repr=False)

    @property
    def counts(self) -> np.ndarray:
        """Number of events of each active customer."""
        return np.diff(self.starts)

    @property
    def youngest(self) -> np.ndarray:
        """Age of each active customer's last event, weeks."""
        return self.ages[self.moments[self.starts[:-1]]]

    def activity(self, half_life_weeks: float) -> np.ndarray:
        """Each active customer's decayed count: the sum of 2^(-age / half-life); the count if that is infinite."""
        weights, sums = np.exp2(-self.ages / half_life_weeks), np.empty(len(self.active))
        for first in range(0, len(sums), _BLOCK):
            starts = self.starts[first : first + _BLOCK + 1]
            events = weights[self.moments[starts[0] : starts[-1]]]
            sums[first : first + _BLOCK] = np.add.reduceat(events, starts[:-1] - starts[0])
        return sums

    def log_activity(self, half_life_weeks: float) -> np.ndarray:
        """Natural logarithm of `activity`, finite for the shortest half-life too."""
        sums = self.activity(half_life_weeks)
        if self.ages.max(initial=0) < _DEEPEST * half_life_weeks:
            return np.log(sums, out=sums)
        return self._log_of_what_underflows(sums, half_life_weeks)

    def _log_of_what_underflows(self, sums: np.ndarray, half_life_weeks: float) -> np.ndarray:
        """Weigh the events of long-silent customers against their own youngest event."""
        youngest = self.youngest
        for i in np.flatnonzero(youngest >= _DEEPEST * half_life_weeks):
            ages = self.ages[self.moments[self.starts[i] : self.starts[i + 1]]]
            sums[i] = np.exp2((youngest[i] - ages) / half_life_weeks).sum()
        shift = np.where(youngest >= _DEEPEST * half_life_weeks, youngest, 0.0)
        return np.log(sums) - math.log(2) * shift / half_life_weeks


_DEEPEST = 900.0  # half-lives after which 2^-x nears the smallest number


def activity_history(
    events: pd.DataFrame,
    cutoff: pd.Timestamp | str,
    customers: pd.Index | None = None,
    *,
    time: str = "purchased_at",
) -> History:
    """Sort a log of events once (활동 이력 정리).

    Parameters
    ----------
    events : `customer_key` and the column named by `time`; a row an event. Integer keys are read fastest.
    cutoff : no event may lie after it; a naive one is read in the events' timezone.
    customers : the population; other customers' events are left out. Default: who has an event.

    Raises
    ------
    LookAhead
        If an event of the population lies after the cut-off; the message names rows.
    """
    if customers is None:
        customers = pd.Index(events["customer_key"].unique(), name="customer_key")
    keys, times = events["customer_key"], events[time]
    cutoff = moment_in(times.dt.tz, cutoff, "cutoff")
    _check_times(keys, times, cutoff, customers)
    ticks = _ticks(times)
    moments = np.sort(pd.unique(ticks))
    packed = _packed(keys, ticks, customers, moments)
    bits = len(moments).bit_length()
    starts = _starts(packed, bits)
    active = (packed[starts] >> bits).astype(np.intp, copy=False)
    packed &= (1 << bits) - 1  # what is left of an event is its moment, in place: the log is the largest thing there is
    codes = packed.astype(np.int32, copy=False)
    ages = np.maximum(_ticks(pd.Series(cutoff, dtype=times.dtype)) - moments[::-1], 0) / _ticks_per_week(times)
    if 2 * len(ages) > len(codes):  # hardly a moment is shared: walk through the ages instead of looking them up
        ages, codes = ages[codes], np.arange(len(codes), dtype=np.int32)
    return History(customers, active, np.append(starts, len(packed)), codes, ages)


def decayed_activity(
    events: pd.DataFrame, cutoff: pd.Timestamp | str, half_life_weeks: float, *, time: str = "purchased_at"
) -> pd.Series:
    """Recency-weighted number of events per customer: sum of 2^(-age / half-life) (최근성 가중 활동량, S4.5).

    Parameters
    ----------
    events : `customer_key` and the column named by `time`; a row an event.
    cutoff : what is known at this moment counts; a naive one is read in the events' timezone.
    half_life_weeks : > 0; `inf` gives the lifetime count.

    Returns
    -------
    Series
        By `customer_key`, > 0; customers without events are absent.

    Raises
    ------
    LookAhead
        If an event lies after the cut-off; the message names rows.
    """
    _check_half_life(half_life_weeks)
    past = activity_history(events, cutoff, time=time)
    return pd.Series(past.activity(half_life_weeks), past.customers[past.active], name="decayed_activity")


def log_decayed_activity(
    events: pd.DataFrame, cutoff: pd.Timestamp | str, half_life_weeks: float, *, time: str = "purchased_at"
) -> pd.Series:
    """Natural logarithm of `decayed_activity`, finite for the shortest half-life too (최근성 가중 활동량의 로그)."""
    _check_half_life(half_life_weeks)
    past = activity_history(events, cutoff, time=time)
    return pd.Series(past.log_activity(half_life_weeks), past.customers[past.active], name="log_activity")


@dataclass(frozen=True)
class HalfLife:
    """The age at which an event counts half, with its likelihood-ratio interval (행동의 반감기, S4.5).

    `low` 0 or `high` inf mean that the interval is open on that side: the data allow the last event alone (0), or the
    lifetime count (inf). `log_likelihoods` is the profile: half_life_weeks, log_likelihood, and the slope of the
    Logit on the log decayed count. `lr_statistic` and `p_value` test against an infinite half-life. `n` counts the
    customers.
    """

    half_life_weeks: float
    low: float
    high: float
    level: float
    lr_statistic: float
    p_value: float
    n: int
    log_likelihoods: pd.DataFrame = field(repr=False, compare=False)

    @property
    def open_ended(self) -> bool:
        """Whether the interval lacks a lower or an upper end."""
        return self.low == 0 or math.isinf(self.high)


def estimate_half_life(
    events: pd.DataFrame,
    outcome: pd.Series,
    *,
    cutoff: pd.Timestamp | str,
    level: float = 0.90,
    grid: Sequence[float] | None = None,
) -> HalfLife:
    """Half-life of behaviour by profile likelihood (행동의 반감기 추정, S4.5).

    For each half-life h, a Logit of `outcome` on an intercept, `log(A_h)` and `inactive`: A_h is the customer's
    `decayed_activity`; `inactive` is 1 for a customer without any event by the cut-off, 0 else; `log(A_h)` is 0 where
    it is 1. As `inactive` has a coefficient of its own, those customers are fitted by their own share and add the same
    constant to each log-likelihood; the Logit itself runs on the active ones.

    Parameters
    ----------
    events : `customer_key`, `purchased_at`; none after the cut-off.
    outcome : 0/1 by `customer_key`; its index is the eligible population, other customers' events are left out.
    level : of the likelihood-ratio interval (chi-squared, 1 degree of freedom), 0..1.
    grid : finite half-lives of the profile in weeks; default 25 from 0.5 to 520. The estimate and infinity are added.

    Notes
    -----
    The infinite half-life lies on the boundary, so that its likelihood ratio is 0 half of the time: the p-value is that
    of the equal mixture of 0 and chi-squared(1) (Self & Liang 1987, case 5). The end points are roots of the profile.

    Raises
    ------
    TooLittleData
        With fewer than 30 active customers, with one class of outcome, or if activity separates the classes.
    ValueError
        If an event lies after the cut-off.
    """
    past = activity_history(events, cutoff, outcome.index)
    return half_life_of(past, outcome.to_numpy(float), level=level, grid=grid)


def half_life_of(
    past: History, outcome: np.ndarray, *, level: float = 0.90, grid: Sequence[float] | None = None
) -> HalfLife:
    """Half-life of a sorted history; `outcome` in the order of `past.customers` (반감기 추정, S4.5).

    As `estimate_half_life`, for who has the history at hand already.
    """
    profile = _half_life_profile(past, outcome)
    rates = np.append(1 / np.sort(np.geomspace(0.5, 520, 25) if grid is None else np.asarray(grid, float)), 0.0)
    values = np.array([profile(rate)[0] for rate in rates])
    best = _peak(profile, rates, values)
    rates = np.unique(np.append(rates, best))[::-1]  # from the shortest half-life to infinity
    values = np.array([profile(rate)[0] for rate in rates])
    low, high = _crossings(profile, rates, values, values.max() - z_value(level) ** 2 / 2)
    ratio = 2 * float(values.max() - values[-1])
    p_value = 0.5 * math.erfc(math.sqrt(ratio / 2)) if ratio > 1e-9 else 1.0
    table = pd.DataFrame([(_inverse(r), *profile(r)) for r in rates], columns=["half_life_weeks", *_PROFILE])
    return HalfLife(_inverse(best), low, high, level, ratio, p_value, len(outcome), table)


_PROFILE = ("log_likelihood", "slope")
_Profile = Callable[[float], tuple[float, float]]


def _half_life_profile(past: History, outcome: np.ndarray) -> _Profile:
    """Return the profile as a function of the decay rate 1 / h: it is regular at 0."""
    bought = outcome[past.active]
    if len(bought) < MIN_CUSTOMERS:
        raise TooLittleData("few_active", n=len(bought), needed=MIN_CUSTOMERS)
    check_two_classes(bought)
    rest = saturated(np.delete(outcome, past.active))

    @cache
    def profile(rate: float) -> tuple[float, float]:
        likelihood, slope = fit_line(past.log_activity(_inverse(rate)), bought)
        return likelihood + rest, slope

    return profile


def _peak(profile: _Profile, rates: np.ndarray, values: np.ndarray) -> float:
    """Refine the grid's best decay rate between its neighbours."""
    from scipy.optimize import minimize_scalar

    at = int(values.argmax())
    fast, slow = rates[max(at - 1, 0)], rates[min(at + 1, len(rates) - 1)]
    found = minimize_scalar(lambda r: -profile(float(r))[0], bounds=(slow, fast), options={"xatol": 1e-4 * fast})
    return float(found.x) if -found.fun > values[at] else float(rates[at])


def _crossings(profile: _Profile, rates: np.ndarray, values: np.ndarray, threshold: float) -> tuple[float, float]:
    """Where the profile falls below the threshold, in weeks; 0 and inf where it does not (outermost crossings)."""
    from scipy.optimize import brentq

    first, last = np.flatnonzero(values >= threshold)[[0, -1]]

    def root(inside: float, outside: float) -> float:
        return _inverse(brentq(_excess, inside, outside, args=(profile, threshold), rtol=1e-6))

    low = root(rates[first], rates[first - 1]) if first > 0 else 0.0
    return low, root(rates[last + 1], rates[last]) if last + 1 < len(rates) else math.inf


def _excess(rate: float, profile: _Profile, threshold: float) -> float:
    """By how much the profile is above the threshold; a closure would outlive `brentq` in a cycle, history and all."""
    return profile(float(rate))[0] - threshold


def _inverse(value: float) -> float:
    return 1 / float(value) if value else math.inf


def _check_half_life(half_life_weeks: float) -> None:
    if not half_life_weeks > 0:
        raise ValueError(f"half_life_weeks must be above 0 (inf: the lifetime count), not {half_life_weeks!r}")


def _packed(keys: pd.Series, ticks: np.ndarray, customers: pd.Index, moments: np.ndarray) -> np.ndarray:
    """Return customer and moment (0 is the latest) of each event in one integer, sorted; block by block.

    Four bytes hold it where customers and moments are few enough, as a million customers and years of days are.
    """
    bits, last = len(moments).bit_length(), len(moments) - 1
    packed = np.empty(len(keys), np.int32 if len(customers).bit_length() + bits < 32 else np.int64)
    for first in range(0, len(keys), _EVENTS):
        block = slice(first, first + _EVENTS)
        codes = _positions(keys.iloc[block], customers).astype(np.int64)
        packed[block] = (codes << bits) | (last - np.searchsorted(moments, ticks[block]))
    packed = packed[packed >= 0] if packed.min(initial=0) < 0 else packed
    packed.sort()
    return packed


def _starts(packed: np.ndarray, bits: int) -> np.ndarray:
    """Return where another customer begins in what `_packed` gives, block by block."""
    found = [np.zeros(min(len(packed), 1), np.intp)]
    for first in range(1, len(packed), _EVENTS):
        who = packed[first - 1 : first + _EVENTS] >> bits
        found.append(first + np.flatnonzero(who[1:] != who[:-1]))
    return np.concatenate(found)


def _ticks(times: pd.Series) -> np.ndarray:
    """Return times as integers, in their own unit since 1970 UTC."""
    return (times if times.dt.tz is None else times.dt.tz_convert(None)).to_numpy().view(np.int64)


def _ticks_per_week(times: pd.Series) -> float:
    return float(_WEEK / np.timedelta64(1, times.dt.unit))


def _positions(keys: pd.Series, customers: pd.Index) -> np.ndarray:
    """Return each key's position among the customers, -1 for others."""
    if pd.api.types.is_integer_dtype(keys.dtype) and pd.api.types.is_integer_dtype(customers.dtype):
        return customers.get_indexer(pd.Index(keys))
    codes, known = pd.factorize(keys)
    return customers.get_indexer(pd.Index(known))[codes]


def _check_times(keys: pd.Series, times: pd.Series, cutoff: pd.Timestamp, customers: pd.Index) -> None:
    if times.isna().any():
        raise ValueError(f"{times.name} is missing in {times.isna().sum()} of {len(times)} events")
    late = times.index[times > cutoff]
    late = late[keys[times > cutoff].isin(customers).to_numpy()] if len(late) else late
    if len(late):
        rows = ", ".join(map(str, late[:5]))
        raise LookAhead(f"look-ahead: {len(late)} of {len(times)} events lie after the cut-off {cutoff}, rows {rows}")
