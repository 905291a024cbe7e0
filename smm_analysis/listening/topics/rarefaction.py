"""Rarefaction (희박화 곡선): how many kinds a sample of a smaller or larger size would hold, from counts alone.

`counts` holds in how many of `n` units each kind seen is. Hurlbert (1971, Ecology 52(4)), Colwell et al. (2012, Journal
of Plant Ecology 5(1)), Chao et al. (2014, Ecological Monographs 84(1)), Chao (1987, Biometrics 43(4)).

>>> counts = np.array([3.0, 1.0])  # of four units, three hold the first kind and one the second
>>> curve(counts, 4, np.array([1, 2, 4])).round(2).tolist()
[1.0, 1.5, 2.0]
"""

from __future__ import annotations

import math

import numpy as np

_FINE = 400  # sizes at which a curve is searched


def missed(counts: np.ndarray, n: float, sizes: np.ndarray) -> np.ndarray:
    """Return the chance that a kind of each count is in none of `size` units drawn of n; a row a size."""
    from scipy.special import gammaln

    k, t = counts[None, :], np.minimum(sizes, n)[:, None]
    left = n - k - t
    log = gammaln(n - k + 1) + gammaln(n - t + 1) - gammaln(np.maximum(left, 0) + 1) - gammaln(n + 1)
    return np.where(left >= 0, np.exp(np.minimum(log, 0)), 0.0)


def curve(counts: np.ndarray, n: float, sizes: np.ndarray) -> np.ndarray:
    """Return the kinds expected in samples of these sizes: exact up to n, continued beyond."""
    values, many = np.unique(counts, return_counts=True)
    inside = (many * (1 - missed(values, n, sizes))).sum(axis=1)
    return inside + gain((counts == 1).sum(), (counts == 2).sum(), n, np.maximum(sizes - n, 0))


def gain(once: float, twice: float, n: float, more: np.ndarray) -> np.ndarray:
    """Return the kinds that `more` units beyond n add (Chao et al. 2014)."""
    left = unheard(once, twice, n)
    return left * (1 - (1 - once / (n * left + once)) ** more) if left > 0 else np.zeros(len(more))


def unheard(once: float, twice: float, n: float, *, steady: bool = False) -> float:
    """Return how many kinds were not seen, at least: Chao2, bias-corrected where none was seen twice.

    `steady` corrects always (Chao 2005): a little less, but two kinds seen twice instead of one do not halve it.
    """
    pairs = once**2 / (2 * twice) if twice > 0 and not steady else once * (once - 1) / (2 * (twice + 1))
    return (n - 1) / n * pairs if n else 0.0


def unheard_variance(once: float, twice: float, n: float, total: float) -> float:
    """Return the variance of `unheard`."""
    a = (n - 1) / n
    if twice > 0:
        r = once / twice
        return twice * (a / 2 * r**2 + a**2 * r**3 + a**2 / 4 * r**4)
    return max(a * once * (once - 1) / 2 + a**2 * once * (2 * once - 1) ** 2 / 4 - a**2 * once**4 / (4 * total), 0.0)


def variance(counts: np.ndarray, n: int, sizes: np.ndarray) -> np.ndarray:
    """Return the unconditional variance: the counts of counts vary as a multinomial of all kinds (Colwell eq. 5)."""
    if len(counts) == 0:
        return np.zeros(len(sizes))
    values, many = np.unique(counts, return_counts=True)
    once, twice = float((counts == 1).sum()), float((counts == 2).sum())
    slope, more = 1 - missed(values, n, sizes), np.maximum(sizes - n, 0)
    for value, step in ((1, (0.5, 0.0)), (2, (0.0, 0.5))):
        if (values == value).any():
            up, down = (gain(once + sign * step[0], twice + sign * step[1], n, more) for sign in (1, -1))
            slope[:, values == value] += (up - down)[:, None]
    total = len(counts) + unheard(once, twice, n)
    return np.maximum((slope**2 * many).sum(axis=1) - ((slope * many).sum(axis=1)) ** 2 / total, 0.0)


def sizes_for(counts: np.ndarray, n: float, kinds: list[float]) -> np.ndarray:
    """Return the sizes at which `kinds` are expected; inf beyond twice n."""
    sizes = np.unique(np.round(np.geomspace(1, max(2 * n, 2), _FINE)))
    heard = curve(counts, n, sizes)
    return np.interp(kinds, np.append(0, heard), np.append(0, sizes), right=math.inf)
