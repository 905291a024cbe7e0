"""From a budget of false alarms to a threshold (오경보 예산): what a brand's quiet past says about its scores.

An alarm is an exceedance after `merge` steps without a new alarm: exceedances in between belong to it. Such starts,
taken from the left, are the most steps above the threshold that lie `merge` apart, so that lowering the threshold can
only add alarms; runs that merge on every exceedance (Smith & Weissman 1994, JRSS B 56) lack that.
"""

from __future__ import annotations

import math

import numpy as np

MIN_QUIET_DAYS = 7.0
_TAIL = 8  # excesses that a tail is read from; as many as two quiet weeks offer above their body
_UNLIKELY = 0.01  # part of the quiet histories in which something is taken for an unlisted episode


def alarm_starts(exceeds: np.ndarray, merge: int) -> np.ndarray:
    """Return the positions at which alarms start, `merge` or more steps apart (경보의 시작).

    >>> alarm_starts(np.array([0, 1, 1, 0, 1, 1, 0, 0, 1], bool), merge=3)
    array([1, 4, 8])
    """
    steps, starts, at = np.flatnonzero(exceeds), [], 0
    while at < len(steps):
        starts.append(steps[at])
        at = np.searchsorted(steps, steps[at] + merge)
    return np.array(starts, int)


def alarm_peaks(score: np.ndarray, merge: int, most: int) -> np.ndarray:
    """Return for 1, 2, ... alarms the highest score at which there are so many, descending, up to `most` (경보 정점).

    Steps that do not count have a NaN score.

    >>> alarm_peaks(np.array([5.0, 4.0, 0.0, 3.0, np.nan, 1.0]), merge=2, most=9)
    array([5., 3., 1.])
    """
    levels = np.unique(score[np.isfinite(score)])[::-1]
    peaks: list[float] = []
    low = 0
    while len(peaks) < most and low < len(levels):
        low = _first(levels, score, merge, at_least=len(peaks) + 1, low=low)
        n = len(alarm_starts(score >= levels[low], merge)) if low < len(levels) else 0
        peaks += [levels[low]] * (min(n, most) - len(peaks)) if n else []
    return np.array(peaks)


def budget_threshold(peaks: np.ndarray, days: float, budget: float) -> float:
    """Return the score that a new day of the same kind exceeds `budget` times on average (오경보 예산의 문턱값).

    Where quiet days are exchangeable, a new one raises an alarm above the k-th highest peak k/(days + 1) times. Below
    the ninth, where history is silent on rarer events, the tail is exponential, Pickands's (1975, Annals of Statistics
    3) at shape 0 over a threshold (Davison & Smith 1990, JRSS B 52): with excesses of sum S of m peaks over u, a new
    excess is above t with probability (1 + t/S)^-m whatever the spread. That is a prediction, not a plug-in quantile:
    the shorter the history, the higher the threshold.

    Parameters
    ----------
    peaks : as `alarm_peaks` returns them, two or more.
    days : quiet days that they come from; `budget` : false alarms a day, > 0.

    Examples
    --------
    >>> peaks = np.array([9.0, 7, 6, 5, 4.5, 4, 3.6, 3.3, 3.0, 2.8])
    >>> [round(budget_threshold(peaks, 27, budget), 1) for budget in (0.05, 0.1, 0.3, 0.35)]
    [7.8, 5.9, 3.2, 2.8]
    """
    rank = budget * (days + 1)
    m = min(_TAIL, len(peaks) - 1)
    if rank > m + 1:
        return float(np.interp(rank - 1, np.arange(len(peaks)), peaks))
    excesses = (peaks[:m] - peaks[m]).sum()
    return float(peaks[m] + excesses * (((m + 1) / rank) ** (1 / m) - 1))


def episodes(score: np.ndarray, merge: int, recovery: int) -> np.ndarray:
    """Return which steps belong to unlisted episodes: peaks a clear gap above all others (목록에 없는 사건).

    The gaps between the highest peaks, each times its rank, are independent exponentials if the tail is (Renyi 1953).
    A gap so wide against those below it that one of a hundred tails has such a one ends a group of episodes; they
    are set aside, with `merge` steps before and `recovery` after each of their steps, and the rest is looked at again.
    It takes only what stands apart, so that a threshold errs on the high side.
    """
    quiet = score.copy()
    for _ in range(5):
        level = _stands_apart(alarm_peaks(quiet, merge, 2 * _TAIL + 1))
        for step in np.flatnonzero(quiet >= level):
            quiet[max(step - merge, 0) : step + recovery + 1] = math.nan
        if math.isinf(level):
            break
    return np.isfinite(score) & np.isnan(quiet)


def _stands_apart(peaks: np.ndarray) -> float:
    """Return the lowest peak above the lowest too wide gap, inf if there is none; half of the peaks stay."""
    gaps = np.arange(1, len(peaks)) * -np.diff(peaks)
    looked_at = len(gaps) // 2
    for rank in range(looked_at, 0, -1):
        below = gaps[rank:]
        if gaps[rank - 1] > below.sum() * ((looked_at / _UNLIKELY) ** (1 / len(below)) - 1) > 0:
            return peaks[rank - 1]
    return math.inf


def _first(levels: np.ndarray, score: np.ndarray, merge: int, *, at_least: int, low: int) -> int:
    """Return the first of the descending levels with that many alarms, by bisection; len(levels) if there is none."""
    high = len(levels)
    while low < high:
        middle = (low + high) // 2
        enough = len(alarm_starts(score >= levels[middle], merge)) >= at_least
        low, high = (low, middle) if enough else (middle + 1, high)
    return low
