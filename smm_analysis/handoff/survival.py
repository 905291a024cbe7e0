"""Curves of waiting (대기 곡선): Kaplan-Meier, Aalen-Johansen, and intervals that are never of zero width.

Shared by the waits of complaints and by the funnel from a response to a customer; units are the caller's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from smm_analysis.estimate import wilson, z_value
from smm_analysis.tables import moment_in

CURVE = ("wait", "waiting", "low", "high", "at_risk")


class Steps(NamedTuple):
    """A curve's steps: when, the share still waiting from then on, and its standard error; shape (steps,)."""

    times: np.ndarray
    waiting: np.ndarray
    se: np.ndarray


def kaplan_meier(waits: np.ndarray, ended: np.ndarray) -> Steps:
    """Return the share still waiting (Kaplan & Meier 1958, JASA 53(282)), by statsmodels."""
    from statsmodels.duration.survfunc import SurvfuncRight

    fit = SurvfuncRight(waits, ended)
    return Steps(fit.surv_times, fit.surv_prob, fit.surv_prob_se)


def aalen_johansen(waits: np.ndarray, ways: list[np.ndarray]) -> list[Steps]:
    """Return one minus the cumulative incidence of each way to end (누적 발생률).

    Aalen & Johansen (1978, Scandinavian Journal of Statistics 5(3)), by statsmodels. `ways` are disjoint flags; who is
    in none of them was only watched.
    """
    from statsmodels.duration.survfunc import CumIncidenceRight

    waits, status = np.asarray(waits), sum(code * way for code, way in enumerate(ways, start=1))
    with np.errstate(divide="ignore", invalid="ignore"):  # its standard error is undefined once nobody is left
        fit = CumIncidenceRight(waits, status)
    steps = np.isin(fit.times, waits[status > 0])
    times, never = fit.times[steps], (np.ones(steps.sum()), np.zeros(steps.sum()))
    found = [(1 - share[steps], se[steps]) for share, se in zip(fit.cinc, fit.cinc_se, strict=True)]
    return [Steps(times, *shares) for shares in found + [never] * (len(ways) - len(found))]


def with_interval(waits: np.ndarray, ended: np.ndarray, steps: Steps, within: float, level: float) -> pd.DataFrame:
    """Return the share still waiting at 0, at each step, at `within` and at the longest wait, with its interval.

    Rothman (1978, Journal of Chronic Diseases 31(8)): Wilson's score interval at the number of waits that the variance
    is worth, which between steps shrinks with those still watched (Dorey & Korn 1987, Statistics in Medicine 6(6)).
    Where it is undefined, those whose outcome is known take its place. `ended` are all that ended, in whatever way.
    """
    times, waiting, se = steps
    at = np.unique(np.concatenate([[0.0], times, [min(within, waits.max()), waits.max()]]))
    step = np.searchsorted(times, at, side="right")
    share, se = np.append(1.0, waiting)[step].clip(0, 1), np.append(0.0, se)[step]
    at_risk, watched = _still_watched(waits, times, at)
    known = at_risk + np.searchsorted(np.sort(waits[ended]), at)
    low, high = wilson(share, _worth(share, se, watched, known), z_value(level))
    return pd.DataFrame(dict(zip(CURVE, (at, share, low, high, at_risk), strict=True)))


def _still_watched(waits: np.ndarray, times: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return those who waited at least so long, and which share they are of those left by the last step."""
    waited = np.sort(waits)
    at_risk = len(waits) - np.searchsorted(waited, at)
    left = len(waits) - np.append(0, np.searchsorted(waited, times, side="right"))
    left = left[np.searchsorted(times, at, side="right")]
    return at_risk, np.where(np.isin(at, times), 1.0, at_risk / np.maximum(left, 1))


def _worth(share: np.ndarray, se: np.ndarray, watched: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return how many uncensored waits the estimate is worth; where undefined, those whose outcome is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = watched * share * (1 - share) / se**2
    return np.where(np.isfinite(worth) & (worth > 0), worth, known)


def is_seen(waits: np.ndarray, ended: np.ndarray, within: float) -> bool:
    """Return whether the curve reaches to `within`: somebody was watched so long, or nobody is left to watch."""
    longest = waits.max()
    return bool(within <= longest or ended[waits == longest].all())


def ended_within(curve: pd.DataFrame, within: float) -> tuple[float, ...]:
    """Return the share that ended within the time, low and high: one minus the share still waiting."""
    row = curve.iloc[np.searchsorted(curve["wait"], within, side="right") - 1]
    return tuple(1 - float(row[name]) for name in ("waiting", "high", "low"))


def first_below(curve: pd.DataFrame, name: str, share: float = 0.5) -> float:
    """Return the wait after which the curve, or an end of its interval, is down to `share`; inf if it never is."""
    below = curve["wait"].to_numpy()[curve[name].to_numpy() <= share + 1e-12]
    return float(below[0]) if len(below) else math.inf


# --- times -----------------------------------------------------------------------------------------------------------


def times(column: pd.Series) -> pd.Series:
    """Return a column of times as it is; refuse what holds none, but for an empty one."""
    if column.isna().all():
        return pd.to_datetime(column)
    if column.dtype.kind != "M":
        given = column.dtype
        raise ValueError(f"{column.name} must hold times, all with or all without a timezone, not {given} values")
    return column


def moment(given: pd.Timestamp | str, like: pd.Series) -> pd.Timestamp:
    """Read `observed_until` in the timezone of the times `like`; a column without a time has none to hold against."""
    at = pd.Timestamp(given)
    unzoned = like.dt.tz is None and like.isna().all()
    return moment_in(like.dt.tz, at.tz_localize(None) if unzoned else at, "observed_until")


def refuse(bad: pd.Series, what: str, rows_of: str) -> None:
    """Raise if any row is bad: how many of what, and the first five."""
    if bad.any():
        rows = ", ".join(map(str, bad.index[bad][:5]))
        raise ValueError(f"{bad.sum()} of {len(bad)} {rows_of} {what}, rows {rows}")
