"""What a lot can and cannot have done (추첨에 근거한 구간): intervals from the draw itself, no model of the noise.

An effect t is kept if, after taking t x dose off the outcome, the drawn timetable looks like any other that might have
been drawn. The statistic is the slope on the timetable's dose, centred and of length 1, so that no timetable fits the
drawn dose better than the drawn one. Then each other draw speaks against all effects on one side of one number, and the
interval's ends are order statistics of these numbers. It holds whatever the noise is like over time.

After Rosenbaum (2002), Observational Studies, section 2.6; Bojinov, Simchi-Levi, Zhao (2023), Management Science 69(7).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .designs import Design


def centred(design: Design, values: np.ndarray) -> np.ndarray:
    """Return what the design compares, weeks that count, flat: (n, before + weeks, units) -> (n, cells).

    Alternating weeks are compared within their pair of blocks; units with others of the same week and with themselves
    in other weeks (difference in differences).
    """
    kept = values[:, design.counts]
    if design.kind == "alternating":
        sizes = (design.stretches - design.washout)[::2] * 2  # of the pairs
        sums = np.add.reduceat(kept, np.cumsum(sizes) - sizes, axis=1)
        kept = kept - (sums / sizes[:, None]).repeat(sizes, axis=1)
    else:
        kept = kept - kept.mean(axis=1, keepdims=True)
        kept = kept - kept.mean(axis=2, keepdims=True)
    return kept.reshape(len(values), int(design.counts.sum()) * len(design.units))


def without(paths: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return what of each path the columns do not explain; (n, cells), (k, cells)."""
    if not len(columns):
        return paths
    basis, sizes, _ = np.linalg.svd(columns.T, full_matrices=False)
    basis = basis[:, sizes > 1e-9 * max(sizes[0], 1e-12)]
    return paths - (paths @ basis) @ basis.T


def unit_length(paths: np.ndarray) -> np.ndarray:
    """Return paths of length 1; one that never varies has none and stays 0."""
    length = np.linalg.norm(paths, axis=1, keepdims=True)
    return paths / np.where(length > 0, length, 1)


def thresholds(fits: np.ndarray, own_fit: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers at which other draws change sides, for a low and for a high end; (n, draws) each.

    `fits` is how well the outcome goes with the other draws (n, draws), `own_fit` with the drawn one (n,), `gaps` how
    much worse the drawn dose goes with the others than with itself (draws,). A draw just like ours speaks against no
    effect.
    """
    same = gaps <= 1e-9
    at = (own_fit[:, None] - fits) / np.where(same, 1.0, gaps)
    return np.where(same, -np.inf, at), np.where(same, np.inf, at)


def ends(low: np.ndarray, high: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval's ends at a two-sided level, from `thresholds`; infinite where there are too few draws."""
    draws = low.shape[1]
    rank = math.floor((1 - level) / 2 * (draws + 1) + 1e-9)
    if rank < 1:
        return np.full(len(low), -np.inf), np.full(len(low), np.inf)
    return np.partition(low, rank - 1, axis=1)[:, rank - 1], np.partition(high, draws - rank, axis=1)[:, draws - rank]
