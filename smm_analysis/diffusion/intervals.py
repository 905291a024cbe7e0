"""Intervals of what a fitted Bass curve says (배스 모형의 구간), by the delta method in logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from smm_analysis.estimate import Estimate

from .curve import peak_time
from .fitting import Solution


def spread_of(found: Solution, change: np.ndarray) -> np.ndarray:
    """Return variances of numbers that change so with the logarithms of p, q and the market size (delta method)."""
    change = change[..., : len(found.covariance)]
    return np.maximum(np.einsum("...i,ij,...j->...", change, found.covariance, change), 0)


def quantile(level: float, freedom: int) -> float:
    """Return the t quantile of a two-sided level (t 분위수)."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def around(name: str, expected: np.ndarray, variance: np.ndarray, times: float) -> dict[str, np.ndarray]:
    """Return an estimate with its interval, from 0 up, as columns."""
    half = times * np.sqrt(variance)
    before = f"{name}_" if name else ""
    return {
        name or "adoptions": expected,
        f"{before}low": np.maximum(expected - half, 0),
        f"{before}high": expected + half,
    }


def of_log(value: float, found: Solution, change: Sequence[float], level: float) -> Estimate:
    """Return an estimate whose interval is made in logarithms, for what cannot be negative."""
    n, free = found.influence.shape[1], len(found.covariance)
    half = quantile(level, n - free) * math.sqrt(spread_of(found, np.asarray(change, float)))
    with np.errstate(over="ignore"):
        times = float(np.exp(half))
    return Estimate(value, value / times, value * times, level, n)


def peak_of(found: Solution, level: float, n: int) -> Estimate:
    """Return the peak with its interval, from 0 up."""
    when = math.log(found.q / found.p) / (found.p + found.q)
    half = quantile(level, n - len(found.covariance)) * math.sqrt(spread_of(found, peak_slope(found.p, found.q)))
    return Estimate(peak_time(found.p, found.q), max(when - half, 0.0), max(when + half, 0.0), level, n)


def peak_slope(p: float, q: float) -> np.ndarray:
    """How ln(q/p) / (p+q) changes with the logarithms of p, q and the market size."""
    when = math.log(q / p) / (p + q)
    return np.array([-1 - p * when, 1 - q * when, 0]) / (p + q)


def height_slope(p: float, q: float) -> np.ndarray:
    """How the logarithm of the peak's height changes with the logarithms of p, q and the market size."""
    return np.array([2 * p / (p + q), 2 * q / (p + q) - 1, 1]) if q > p else np.array([1.0, 0, 1])
