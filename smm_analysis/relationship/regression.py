"""Weighted least squares over weeks that hang together (주별 회귀): the error of a slope with few, dependent weeks.

The long-run covariance is the equal-weighted cosine estimate, with Student's quantile at as many degrees of freedom as
cosines; Newey and West's, at any usual lag, is too small for regressors as slow as trust (Lazarus, Lewis, Stock &
Watson 2018, Journal of Business & Economic Statistics 36(4), eq. 4 and the rule of .4 n^(2/3) cosines).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TOLD = 1e-6  # what a column must add of its own, share of its standard deviation


@dataclass(frozen=True)
class Slopes:
    """Coefficients of standardised columns and of the regressors put last (회귀 계수)."""

    coefficients: np.ndarray
    covariance: np.ndarray
    df: int
    fitted: np.ndarray
    residual: np.ndarray
    kept: tuple[str, ...]


def fit_weeks(
    y: np.ndarray, columns: dict[str, np.ndarray], regressors: np.ndarray, weights: np.ndarray
) -> Slopes | None:
    """Regress weeks on columns and regressors (주별 가중 회귀); None if there are too few weeks for the columns.

    Parameters
    ----------
    y, weights : (weeks,).
    columns : what else moves the week; those that never vary or that the others tell are left out.
    regressors : (weeks, k), put last and as they are.
    """
    design, kept = independent(columns, len(y))
    design = np.column_stack([design, regressors])
    n, k = design.shape
    if n < k + 10:
        return None
    root = np.sqrt(weights / weights.mean())
    inverse = np.linalg.pinv((design * root[:, None]).T @ (design * root[:, None]))
    coefficients = inverse @ (design.T @ (root**2 * y))
    fitted = design @ coefficients
    middle, df = _long_run(design * (root**2 * (y - fitted))[:, None])
    return Slopes(coefficients, inverse @ middle @ inverse * n / (n - k), df, fitted, y - fitted, kept)


def independent(columns: dict[str, np.ndarray], n: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return ones and the columns, standardised, that add something of their own; and their names."""
    table, kept = np.ones((n, 1)), []
    for name, column in columns.items():
        if np.ptp(column) == 0:
            continue
        z = (column - column.mean()) / column.std()
        rest = z - table @ np.linalg.lstsq(table, z, rcond=None)[0]
        if rest.std() > _TOLD:
            table = np.column_stack([table, z])
            kept.append(name)
    return table, tuple(kept)


def cosines(n: int) -> int:
    """Return how many cosines n weeks bear."""
    return max(4, round(0.4 * n ** (2 / 3)))


def _long_run(scores: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the covariance of the sum of the scores, and its degrees of freedom."""
    n, count = len(scores), cosines(len(scores))
    time = (np.arange(n) + 0.5) / n
    waves = np.sqrt(2) * np.cos(np.pi * np.arange(1, count + 1)[:, None] * time) @ scores
    return waves.T @ waves / count, count
