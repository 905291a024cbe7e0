"""Intervals from posts drawn anew (게시물 재추출): a post's days hang together, so that the post is what is drawn.

The percentile interval of few posts is too narrow; it is taken further out, as Student's t is wider than the normal
and n wider than n - 1 (Hesterberg 2015, The American Statistician 69(4), section 5.3, "expanded percentile").
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from smm_analysis.estimate import Estimate

DRAWS = 999


def post_weights(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each post counts: the data themselves first, then each draw; shape (1 + draws, n)."""
    return np.vstack([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), size=draws)]).astype(float)


def worth(total: np.ndarray) -> float:
    """Return how many posts of equal views the posts are worth (Kish 1965): few count where one has most views."""
    return float(total.sum() ** 2 / max((total**2).sum(), 1e-12))


def interval(drawn: np.ndarray, *, n: float, level: float) -> tuple[float, float]:
    """Return the expanded percentile interval of draws at a two-sided `level`; `n` posts of equal views."""
    from scipy.special import stdtrit

    n = max(n, 2.0)
    far = math.sqrt(n / (n - 1)) * float(stdtrit(n - 1, 0.5 + level / 2))
    tail = NormalDist().cdf(-far)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def estimate(drawn: np.ndarray, *, n: float, level: float, n_posts: int) -> Estimate:
    """Return the first value with the interval of the others; see `post_weights`."""
    low, high = interval(drawn[1:], n=n, level=level)
    value = float(drawn[0])
    return Estimate(value, min(low, value), max(high, value), level, n_posts)
