"""The binomial GLM with a log-odds link (로지스틱 회귀), by Newton's method on sums over blocks of customers.

The outcome enters a Logit through the totals X'y alone, and the rest is a sum over customers: so a million of them need
no design matrix. statsmodels fits the same model and is what the tests hold this against; on a million customers
it takes more memory than the whole comparison may.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .guards import TooLittleData

_BLOCK = 1 << 15
_BINS = 1 << 16


@dataclass(frozen=True)
class LogitFit:
    """A fitted Logit: coefficients (intercept first), their covariance, and the log-likelihood without the prior."""

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float


def fit_logit(
    columns: Sequence[np.ndarray], outcome: np.ndarray, *, prior: bool = False, start: np.ndarray | None = None
) -> LogitFit:
    """Fit a Logit with an intercept (로지스틱 회귀 적합).

    Parameters
    ----------
    columns : one array a slope. A column without variation is harmless: it gets the least-norm share.
    outcome : 0/1.
    prior : give each slope a log-F(1, 1) prior, worth two half observations (Greenland & Mansournia 2015, Statistics in
        Medicine 34(23)); finite where a class holds only buyers.
    start : coefficients of a neighbouring fit.
    """
    if not columns:
        return _intercept_alone(outcome)
    totals = np.zeros(len(columns) + 1)
    for block in blocks(len(outcome)):
        totals += np.einsum("ji,i->j", _design(columns, block), outcome[block])
    return _maximise(columns, totals, np.ones(1), prior, start)


def fit_line(x: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Return log-likelihood and slope of a Logit on one variable; the slope is NaN if that is constant.

    X'y is exact; in the sum of log(1 + exp(.)) x is replaced by the mean of its bin of range / 65,536. That is off by
    less than n b^2 w^2 / 96 for slope b and bin width w: 2e-4 for a million customers over 10 units of x.

    Raises
    ------
    TooLittleData
        If x separates the classes.
    """
    low, high = float(x.min()), float(x.max())
    if high - low < 1e-9 * max(1.0, abs(low), abs(high)):
        return saturated(outcome), math.nan
    counts, sums, totals = np.zeros(_BINS), np.zeros(_BINS), np.zeros(2)
    centre, scale = (low + high) / 2, (high - low) / 4
    for block in blocks(len(x)):
        from_centre = (x[block] - centre) / scale  # -2..2
        bins = ((from_centre + 2) * ((_BINS - 1) / 4)).astype(np.intp)
        counts += np.bincount(bins, minlength=_BINS)
        sums += np.bincount(bins, from_centre, minlength=_BINS)
        totals += outcome[block].sum(dtype=float), (from_centre * outcome[block]).sum()
    filled = counts > 0
    means = sums[filled] / counts[filled]
    fit = _maximise([means], totals, counts[filled], False, None)
    if np.abs(fit.coefficients).max() > 4 and _separates(x, outcome > 0):
        raise TooLittleData("separated")
    return fit.log_likelihood, float(fit.coefficients[1] / scale)


def saturated(outcome: np.ndarray) -> float:
    """Log-likelihood of 0/1 outcomes under their own share; 0 for none."""
    from scipy.special import xlogy

    yes = outcome.sum(dtype=float)
    no = len(outcome) - yes
    return float(xlogy(yes, yes / max(len(outcome), 1)) + xlogy(no, no / max(len(outcome), 1)))


def _intercept_alone(outcome: np.ndarray) -> LogitFit:
    share = outcome.mean(dtype=float)
    spread = share * (1 - share)
    return LogitFit(
        np.array([math.log(share / (1 - share))]), np.array([[1 / (len(outcome) * spread)]]), saturated(outcome)
    )


def _separates(x: np.ndarray, yes: np.ndarray) -> bool:
    return bool(x[yes].min() >= x[~yes].max() or x[yes].max() <= x[~yes].min())


def _maximise(
    columns: Sequence[np.ndarray], totals: np.ndarray, weights: np.ndarray, prior: bool, start: np.ndarray | None
) -> LogitFit:
    """Climb the concave log-likelihood by Newton steps, halved where they overshoot."""
    beta = np.zeros(len(totals)) if start is None else start
    value, gradient, information = _sums(columns, totals, weights, prior, beta)
    for _ in range(60):
        step = np.linalg.lstsq(information, gradient)[0]
        promised = gradient @ step
        there = _sums(columns, totals, weights, prior, beta + step)
        while there[0] < value - 1e-9 * abs(value) and np.abs(step).max() > 1e-12:
            step = step / 2
            there = _sums(columns, totals, weights, prior, beta + step)
        beta, (value, gradient, information) = beta + step, there
        if promised < 1e-8:
            break
    penalty = _log_f(beta)[0] if prior else 0.0
    return LogitFit(beta, np.linalg.pinv(information, hermitian=True), float(value - penalty))


def _sums(
    columns: Sequence[np.ndarray], totals: np.ndarray, weights: np.ndarray, prior: bool, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return log-likelihood, gradient and information at beta, block by block; one weight stands for all."""
    value, gradient, information = beta @ totals, totals.copy(), np.zeros((len(beta), len(beta)))
    for block in blocks(len(columns[0])):
        design = _design(columns, block)
        weight = weights if len(weights) == 1 else weights[block]
        odds = np.einsum("ji,j->i", design, beta)
        tail = np.exp(-np.abs(odds))
        chance = np.where(odds >= 0, 1.0, tail) / (1 + tail)
        value -= (weight * (np.maximum(odds, 0) + np.log1p(tail))).sum()
        gradient -= np.einsum("ji,i->j", design, weight * chance)
        information += np.einsum("ji,ki->jk", design * (weight * chance * (1 - chance)), design)
    if prior:
        extra, slope, curvature = _log_f(beta)
        value, gradient, information = value + extra, gradient + slope, information + np.diag(curvature)
    return value, gradient, information


def blocks(n: int) -> Iterator[slice]:
    """Cut n rows into slices that stay in the processor's cache (블록 나누기)."""
    return (slice(first, first + _BLOCK) for first in range(0, n, _BLOCK))


def _design(columns: Sequence[np.ndarray], block: slice) -> np.ndarray:
    """Return a term a row. Sums over it go by einsum: a threaded product waits for a core that others use."""
    return np.vstack([np.ones(len(columns[0][block])), *(column[block] for column in columns)])


def _log_f(beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return log-density, slope and curvature of the slopes' log-F(1, 1) prior; the intercept has none."""
    from scipy.special import expit

    slopes, chance = beta[1:], expit(beta[1:])
    value = float((slopes / 2 - np.logaddexp(0, slopes)).sum())
    return value, np.append(0.0, 0.5 - chance), np.append(0.0, chance * (1 - chance))
