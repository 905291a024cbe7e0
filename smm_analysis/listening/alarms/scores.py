"""How far an hour lies above what its own past lets expect (급증 점수): the two scorers of `detect_spikes`.

A scorer takes counts at a regular step (NaN = unknown) and returns, for every step, `expected` and `scale` (the spread,
a standard deviation), both made of earlier steps only; the score is (count - expected) / scale. Any function of that
form can take its place. `scale` is at least 1 mention, so that a silent brand's first mention is no sensation.
"""

from __future__ import annotations

import math
import warnings
from collections import deque

import numpy as np
import pandas as pd

_CAP = 4.0  # a count enters the past as at most its expected value plus 4 spreads: one crisis must not hide the next
_DAY = pd.Timedelta(days=1)
_SHRUNK = 0.02  # part by which counts are drawn to their mean in a fit, so that an hour without mentions stays finite


def trailing(counts: pd.Series, *, window: str | pd.Timedelta = "7D") -> pd.DataFrame:
    """Mean and standard deviation of the window before each step (직전 구간의 평균과 표준편차).

    The variance is at least the mean (Poisson) and 1. What enters the window is capped at its own expected value plus
    4 spreads, so that a past episode neither raises nor blinds the alarm for long; unknown steps are left out.

    Parameters
    ----------
    counts : mentions per step, NaN where unknown.
    window : whole days keep day and night in balance; the first window has no score.

    Returns
    -------
    DataFrame
        expected, scale, by step; NaN before the first full window or where half of the window is unknown.
    """
    return _trailing(counts, _steps(window, counts.index))[["expected", "scale"]]


def seasonal(
    counts: pd.Series, *, window: str | pd.Timedelta = "56D", warm_up: str | pd.Timedelta = "14D"
) -> pd.DataFrame:
    """Hour of day, weekday and the last day's level, by negative-binomial regression (시간대·요일 음이항 회귀).

    log expected = hour of day + weekday + b log(mean of the last 24 hours), fitted anew every day on the window before
    it, capped as in `trailing`; variance = expected + alpha expected^2 with alpha by moments (Cameron & Trivedi 1990,
    Journal of Econometrics 46). Hours and weekdays are those of the index: give it the brand's own timezone.

    Parameters
    ----------
    counts : mentions per step, NaN where unknown.
    window : the past of a fit; `warm_up` : the past that the first fit needs.

    Returns
    -------
    DataFrame
        expected, scale, by step; NaN before the warm-up.
    """
    capped, design = _trailing(counts, _steps("7D", counts.index))["capped"].to_numpy(), _design(counts.index)
    day, longest, first = (_steps(span, counts.index) for span in ("1D", window, warm_up))
    log_level = np.log(pd.Series(capped).rolling(day, min_periods=1).mean().shift().ffill().to_numpy() + 0.1)
    design = np.column_stack([design, log_level])
    found, start = np.full((2, len(counts)), np.nan), None
    for at in range(first, len(counts), day):
        past, today = slice(max(day, at - longest), at), slice(at, at + day)
        found[:, today], start = _forecast(capped[past], design[past], design[today], start)
    return pd.DataFrame(found.T, counts.index, ["expected", "scale"])


def _trailing(counts: pd.Series, window: int) -> pd.DataFrame:
    """Return expected, scale and the capped counts: one pass, with running sums over the window."""
    found, past, n, total, squares = [], deque(), 0, 0.0, 0.0
    for count in counts.to_numpy(float):
        expected = scale = math.nan
        if len(past) == window and 2 * n >= window:
            expected = max(total / n, 0.0)
            scale = math.sqrt(max(squares / n - expected**2, expected, 1.0))
            count = count if math.isnan(count) else min(count, expected + _CAP * scale)
        found.append((expected, scale, count))
        past.append(count)
        old = past.popleft() if len(past) > window else math.nan
        for value, sign in ((count, 1), (old, -1)):
            if not math.isnan(value):
                n, total, squares = n + sign, total + sign * value, squares + sign * value**2
    return pd.DataFrame(found, counts.index, ["expected", "scale", "capped"])


def _design(index: pd.DatetimeIndex) -> np.ndarray:
    """Return indicators of the 24 hours and of six weekdays."""
    return np.column_stack([np.eye(24)[index.hour], np.eye(7)[index.day_of_week][:, 1:]])


def _forecast(
    counts: np.ndarray, past: np.ndarray, today: np.ndarray, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return expected and scale of today's steps, and the coefficients to start the next fit from."""
    known = ~np.isnan(counts) & ~np.isnan(past).any(axis=1)
    if not known.any():
        return np.full((2, len(today)), np.nan), start
    if counts[known].max() == 0:
        return np.array([np.zeros(len(today)), np.ones(len(today))]), start
    alpha, fit = _fit(counts[known], past[known], start)
    expected = fit.predict(today)
    return np.array([expected, np.sqrt(np.maximum(expected + alpha * expected**2, 1.0))]), fit.params


def _fit(counts: np.ndarray, design: np.ndarray, start: np.ndarray | None):
    import statsmodels.api as sm

    drawn, alpha = counts + _SHRUNK * (counts.mean() - counts), 0.3
    with warnings.catch_warnings():  # of counts that never vary: their forecast is right all the same
        warnings.simplefilter("ignore")
        for _ in range(2):
            fit = sm.GLM(drawn, design, sm.families.NegativeBinomial(alpha=alpha)).fit(start_params=start, maxiter=25)
            alpha, start = _overdispersion(counts, fit.fittedvalues), fit.params
    return alpha, fit


def _overdispersion(counts: np.ndarray, expected: np.ndarray) -> float:
    """Alpha of variance = expected + alpha expected^2, by least squares without intercept; at least 0.01."""
    excess = (counts - expected) ** 2 - expected
    return max(float((excess * expected**2).sum() / (expected**4).sum()), 0.01)


def _steps(span: str | pd.Timedelta, index: pd.DatetimeIndex) -> int:
    """Return how many steps of the index a span has, at least 1."""
    step = index[1] - index[0] if len(index) > 1 else _DAY
    return max(int(pd.Timedelta(span) / step), 1)
