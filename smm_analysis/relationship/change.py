"""How the relationship moved lately (최근 관계 변화)."""

from __future__ import annotations

import numpy as np

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import reason

from .index import Relationship


def relationship_change(
    felt: Relationship, *, weeks: int = 13, draws: int = 2000, rng: np.random.Generator | int = 0
) -> Estimate:
    """Return the mean relationship of the last `weeks` weeks minus that of all weeks before (최근 관계 변화, S0.2).

    In standard deviations of the brand's own weeks, at the level of `felt`. Plausible paths of the index carry its
    error, so that neighbouring weeks, which share people and are smoothed together, do not count as many.

    Parameters
    ----------
    felt : what `relationship_index` found.
    weeks : how many count as lately; at least as many must come before them.

    Raises
    ------
    ValueError
        If `weeks` or `draws` is below 1.
    """
    if weeks < 1 or draws < 1:
        raise ValueError(f"weeks and draws are at least 1; given {weeks} and {draws}")
    n = len(felt.weeks)
    if not felt.parts or n < 2 * weeks:
        return unknown(felt.level, n, reason("relationship_short", weeks=n, needed=2 * weeks, parts=len(felt.parts)))
    weight = np.where(np.arange(n) >= n - weeks, 1 / weeks, -1 / (n - weeks))
    paths = felt.draws(np.random.default_rng(rng), draws) @ weight
    low, high = np.quantile(paths, [0.5 - felt.level / 2, 0.5 + felt.level / 2])
    return Estimate(float(felt.weeks["relationship"] @ weight), float(low), float(high), felt.level, n)
