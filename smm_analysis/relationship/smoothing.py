"""A level that wanders from week to week, seen through few people (주별 수준의 평활).

Some weeks hold three answers, some none. The level is taken as a random walk, what is seen of a week as the level plus
the error that so few people make (their spread over their number) and, if the weeks call for it, a shock of the week.
The mean of the level given all weeks is already shrunk towards its neighbours, so that as a regressor it does not
flatten slopes as a noisy week would (regression calibration: Carroll, Ruppert, Stefanski & Crainiceanu 2006,
Measurement Error in Nonlinear Models, chapter 4). Local level model: Harvey (1989), Forecasting, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEPS = np.exp(np.linspace(np.log(1e-5), np.log(0.5), 16))  # variance of a week's step, over that of the weeks seen
_SHOCKS = (0.0, 0.1, 0.3, 1.0)  # variance of a week's shock, likewise


@dataclass(frozen=True)
class Level:
    """The level by week (주별 수준): `mean` (weeks,) and `root` (weeks, weeks) with root @ root.T its covariance."""

    mean: np.ndarray
    root: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """How unsure the level is, by week."""
        return np.sqrt((self.root**2).sum(axis=1))

    def draws(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return plausible paths, (n, weeks)."""
        return self.mean + rng.standard_normal((n, len(self.mean))) @ self.root.T


def smooth(values: np.ndarray, error_variance: np.ndarray) -> Level:
    """Return the level behind weekly values (평활한 수준).

    Parameters
    ----------
    values : one a week, NaN where nobody spoke; (weeks,).
    error_variance : the variance that the people of the week make, inf where nobody spoke; (weeks,).
    """
    from scipy.linalg import cholesky_banded, solve_triangular

    seen = np.isfinite(values) & np.isfinite(error_variance)
    told, spread = np.where(seen, values, 0.0), float(np.var(values[seen]))
    tried = [(step * spread, shock * spread) for step in _STEPS for shock in _SHOCKS]
    step, shock = max(tried, key=lambda pair: _likelihood(told, _precision(seen, error_variance, pair[1]), pair[0]))
    weight = _precision(seen, error_variance, shock)
    upper = _dense(cholesky_banded(_bands(weight, step)))
    root = solve_triangular(upper, np.eye(len(told)))
    return Level(root @ (root.T @ (weight * told)), root)


def _precision(seen: np.ndarray, error_variance: np.ndarray, shock: float) -> np.ndarray:
    """How much each week tells: one over its variance, 0 where nobody spoke."""
    return np.where(seen, 1 / np.where(seen, error_variance + shock, 1.0), 0.0)


def _bands(weight: np.ndarray, step: float) -> np.ndarray:
    """Return the precision of the level given the weeks: the random walk's plus theirs; upper banded form."""
    walk = np.r_[1.0, np.full(len(weight) - 2, 2.0), 1.0] / step
    return np.array([np.r_[0.0, np.full(len(weight) - 1, -1 / step)], walk + weight])


def _likelihood(told: np.ndarray, weight: np.ndarray, step: float) -> float:
    """Return the log likelihood of the weeks seen, but for a constant; the first level is free (diffuse)."""
    from scipy.linalg import cho_solve_banded, cholesky_banded

    upper = cholesky_banded(_bands(weight, step))
    mean = cho_solve_banded((upper, False), weight * told)
    size = np.log(weight[weight > 0]).sum() - (len(told) - 1) * np.log(step) - 2 * np.log(upper[1]).sum()
    return 0.5 * float(size - (weight * told) @ (told - mean))


def _dense(upper: np.ndarray) -> np.ndarray:
    return np.diag(upper[1]) + np.diag(upper[0, 1:], 1)
