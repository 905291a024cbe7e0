"""People reached by several media together (중복 제거 통합 도달), from single reaches and pairwise duplication (S3.1).

Adding up reaches counts people twice. Sainsbury's formula treats the media as independent; where the same people use
several, it promises too many. What two media share pairwise nearly settles it.

>>> reaches = {"tv": 500, "newspaper": 400, "sns": 300}
>>> shared = {("tv", "newspaper"): 300, ("tv", "sns"): 200, ("newspaper", "sns"): 180}
>>> union = union_reach(reaches, shared, universe=1000)
>>> union.gross, round(union.sainsbury), round(union.estimate), round(union.low_bound), round(union.high_bound)
(1200.0, 790, 665, 600, 700)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

Pair = tuple[str, str]
UnionMethod = Literal["gaussian_copula", "sainsbury"]

_TINY = 1e-9  # share of the universe, for arithmetic
_ROUNDING = 1e-3  # share of the universe by which the rounded counts of three media may contradict each other
_EDGE = 1 - 1e-6  # largest correlation
_LEAST_EIGENVALUE = 1e-6
_SEED = 20140401  # of the orthant probability's randomised lattice rule: the same media give the same number


@dataclass(frozen=True)
class UnionReach:
    """People reached by at least one of several media (통합 도달).

    `estimate`, people: by a Gaussian copula on the pairwise duplication; without any duplication Sainsbury's, and
    `method` says so. Whatever the dependence, the truth lies between `low_bound` (Kwerel) and `high_bound`
    (Hunter-Worsley), given reaches and duplications. `sainsbury` supposes independence, `gross` is the plain sum.
    `clipped` tells that the copula's answer lay outside the bounds and was moved to them, `repaired` that the pairwise
    correlations fit no joint distribution and the nearest that do were taken. `correlations`: of the latent normal
    variables (tetrachoric), media by media; `assumed_independent`: pairs without a duplication.
    """

    estimate: float
    low_bound: float
    high_bound: float
    sainsbury: float
    gross: float
    universe: float
    method: UnionMethod
    clipped: bool
    repaired: bool
    assumed_independent: tuple[Pair, ...]
    correlations: pd.DataFrame = field(repr=False, compare=False)

    def table(self) -> pd.DataFrame:
        """Return the readings beside each other, the naive first (통합 도달 비교): columns view, people, share."""
        views = {"gross": self.gross, "sainsbury": self.sainsbury}
        views |= {"gaussian_copula": self.estimate} if self.method == "gaussian_copula" else {}
        views |= {"low_bound": self.low_bound, "high_bound": self.high_bound}
        people = list(views.values())
        return pd.DataFrame({"view": list(views), "people": people, "share": [n / self.universe for n in people]})


def union_reach(
    reaches: Mapping[str, float] | pd.Series, duplications: Mapping[Pair, float] | None = None, *, universe: float
) -> UnionReach:
    """People reached by at least one medium (통합 도달, 중복 제거).

    Each medium reaches whose latent normal variable exceeds a threshold; the variables' correlations are those that
    give the pairwise duplications (tetrachoric: Pearson 1900, Phil. Trans. A 195), and the union is one minus an
    orthant probability (Genz 1992, J. Computational and Graphical Statistics 1(2), by scipy). Where the correlations
    are not positive semidefinite, the nearest such matrix is taken (Higham 2002, IMA J. Numerical Analysis 22(3)).
    Bounds: Kwerel (1975, JASA 70(350)), also known as Dawson & Sankoff's (1967), below; Hunter (1976, J. Applied
    Probability 13(3)) and Worsley (1982, Biometrika 69(2)) above.

    Parameters
    ----------
    reaches : people reached by medium, 0 to universe.
    duplications : people reached by both media of a pair, in either order. Pairs left out count as independent in the
        estimate and as unknown in the bounds. None: only single reaches are known, and the estimate is Sainsbury's.
    universe : people who could be reached.

    Raises
    ------
    ValueError
        If a duplication is impossible (above the smaller reach, or below R1 + R2 - universe), names an unknown medium
        or comes twice, or if three media's duplications contradict each other; the message names the media.
    """
    names, share = _shares(reaches, universe)
    known = _known(duplications or {}, names, universe)
    least, most = _pair_bounds(names, share, known, universe)
    _check_triples(names, share, least, most)
    correlations, repaired = _tetrachoric(share, {pair: least[pair] for pair in known})
    sainsbury = 1 - np.prod(1 - share)
    low, high = _kwerel(share, most), _hunter_worsley(share, least)
    guess = _union_share(share, correlations) if known else sainsbury
    pairs = combinations(range(len(names)), 2)
    return UnionReach(
        estimate=universe * float(np.clip(guess, low, high)),
        low_bound=universe * low,
        high_bound=universe * high,
        sainsbury=universe * float(sainsbury),
        gross=math.fsum(reaches[name] for name in names),
        universe=float(universe),
        method="gaussian_copula" if known else "sainsbury",
        clipped=not low - 1e-5 <= guess <= high + 1e-5,
        repaired=repaired,
        assumed_independent=tuple((names[i], names[j]) for i, j in pairs if (i, j) not in known),
        correlations=pd.DataFrame(correlations, index=names, columns=names),
    )


def union_at(correlations: pd.DataFrame, reaches: Mapping[str, float] | pd.Series, *, universe: float) -> float:
    """People that other reaches would have together (다른 도달에서의 통합 도달): for a plan not yet run.

    The latent correlations of `union_reach`, measured at the reaches of the past, are kept; more or less of a medium
    moves its threshold.

    Parameters
    ----------
    correlations : `UnionReach.correlations`; `reaches` : people by medium, each among the correlations' media.
    """
    names, share = _shares(reaches, universe)
    strangers = [name for name in names if name not in correlations.index]
    if strangers:
        raise ValueError(f"correlations have no medium {', '.join(strangers)}; they have {', '.join(correlations)}")
    return universe * _union_share(share, correlations.loc[names, names].to_numpy(float))


def contacts_if_independent(reaches: Mapping[str, float] | pd.Series, *, universe: float) -> pd.DataFrame:
    """People reached by exactly 0, 1, 2, ... media were they independent (독립 가정의 접촉 매체 수 분포).

    The Poisson-binomial distribution behind Sainsbury's formula.

    Returns
    -------
    DataFrame
        A row a number of media: media_seen, people, share.

    Examples
    --------
    >>> contacts_if_independent({"a": 30, "b": 40, "c": 20}, universe=100)["share"].round(4).tolist()
    [0.336, 0.452, 0.188, 0.024]
    """
    _, share = _shares(reaches, universe)
    chances = np.ones(1)
    for reached in share:
        chances = np.convolve(chances, [1 - reached, reached])
    return pd.DataFrame({"media_seen": range(len(chances)), "people": universe * chances, "share": chances})


def _shares(reaches: Mapping[str, float] | pd.Series, universe: float) -> tuple[list[str], np.ndarray]:
    if not (math.isfinite(universe) and universe > 0):
        raise ValueError(f"universe must be a number of people above 0, not {universe!r}")
    people = pd.Series(reaches, dtype=float)
    if people.empty:
        raise ValueError("reaches are empty: name at least one medium")
    if not people.index.is_unique:
        raise ValueError(f"media come twice in reaches: {people.index[people.index.duplicated()].tolist()}")
    bad = people[~((people >= 0) & (people <= universe))]
    if len(bad):
        raise ValueError(f"reach must lie between 0 and the universe {universe:,.0f}; it does not for {bad.to_dict()}")
    return list(people.index), people.to_numpy() / universe


def _known(duplications: Mapping[Pair, float], names: list[str], universe: float) -> dict[tuple[int, int], float]:
    """Duplications as shares, by the media's numbers in order."""
    known: dict[tuple[int, int], float] = {}
    for (a, b), people in duplications.items():
        if a == b or a not in names or b not in names:
            raise ValueError(f"duplication of {a} and {b}: both must be different media of {', '.join(names)}")
        pair = tuple(sorted((names.index(a), names.index(b))))
        if pair in known:
            raise ValueError(f"duplication of {a} and {b} comes twice")
        known[pair] = people / universe
    return known


def _pair_bounds(
    names: list[str], share: np.ndarray, known: dict[tuple[int, int], float], universe: float
) -> tuple[np.ndarray, np.ndarray]:
    """Least and most that each pair can share; the same where it is known."""
    least = np.maximum(share[:, None] + share - 1, 0.0)
    most = np.minimum(share[:, None], share)
    for (i, j), both in known.items():
        if not least[i, j] - _TINY <= both <= most[i, j] + _TINY:
            raise ValueError(
                f"duplication of {names[i]} and {names[j]} is {both * universe:,.0f} people; with reaches of "
                f"{share[i] * universe:,.0f} and {share[j] * universe:,.0f} in {universe:,.0f} it must lie between "
                f"{least[i, j] * universe:,.0f} and {most[i, j] * universe:,.0f}"
            )
        both = min(max(both, least[i, j]), most[i, j])
        for matrix in (least, most):
            matrix[i, j] = matrix[j, i] = both
    return least, most


def _check_triples(names: list[str], share: np.ndarray, least: np.ndarray, most: np.ndarray) -> None:
    """Refuse duplications of three media that no population can have (Bonferroni and triangle inequalities)."""
    for i, j, k in combinations(range(len(names)), 3):
        crowded = share[[i, j, k]].sum() - most[i, j] - most[i, k] - most[j, k] > 1 + _ROUNDING
        torn = any(
            least[a, b] + least[a, c] - most[b, c] > share[a] + _ROUNDING
            for a, b, c in ((i, j, k), (j, i, k), (k, i, j))
        )
        if crowded or torn:
            trio = ", ".join((names[i], names[j], names[k]))
            raise ValueError(
                f"duplications of {trio} contradict each other: no three groups of people overlap like that"
            )


def _kwerel(share: np.ndarray, most: np.ndarray) -> float:
    """Least union given single and pairwise sums, and no less than any pair's."""
    singles, pairs = share.sum(), np.triu(most, 1).sum()
    if singles == 0:
        return 0.0
    k = 1 + math.floor(2 * pairs / singles)
    together = share[:, None] + share - most
    np.fill_diagonal(together, share)
    return float(max(2 * singles / (k + 1) - 2 * pairs / (k * (k + 1)), together.max()))


def _hunter_worsley(share: np.ndarray, least: np.ndarray) -> float:
    """Most union: the sum less the heaviest tree of duplications (Prim), and no more than everybody."""
    inside, saved = [0], 0.0
    while len(inside) < len(share):
        outside = [i for i in range(len(share)) if i not in inside]
        links = least[np.ix_(outside, inside)].max(axis=1)
        saved += links.max()
        inside.append(outside[int(links.argmax())])
    return float(min(share.sum() - saved, 1.0))


def _tetrachoric(share: np.ndarray, shared: dict[tuple[int, int], float]) -> tuple[np.ndarray, bool]:
    """Latent correlations, the nearest possible where they fit no joint distribution; whether that was needed."""
    correlations = np.eye(len(share))
    for (i, j), both in shared.items():
        correlations[i, j] = correlations[j, i] = _correlation(share[i], share[j], both)
    if np.linalg.eigvalsh(correlations).min() >= _LEAST_EIGENVALUE:
        return correlations, False
    return _nearest_correlation(correlations), True


def _correlation(one: float, other: float, both: float) -> float:
    """The latent correlation of two media that share so many; 0 where a medium reaches nobody or everybody."""
    from scipy.optimize import brentq

    if not (0 < one < 1 and 0 < other < 1):
        return 0.0
    gap: Callable[[float], float] = lambda rho: _both(one, other, rho) - both  # noqa: E731
    if gap(-_EDGE) >= 0:
        return -_EDGE
    return _EDGE if gap(_EDGE) <= 0 else brentq(gap, -_EDGE, _EDGE, xtol=1e-8)


def _both(one: float, other: float, rho: float) -> float:
    """Chance that two normal variables of this correlation both exceed their thresholds."""
    return max(one + other - _union_share(np.array([one, other]), np.array([[1, rho], [rho, 1]])), 0.0)


def _union_share(share: np.ndarray, correlations: np.ndarray) -> float:
    """One minus the chance that every latent variable stays below its threshold."""
    from scipy.stats import multivariate_normal, norm

    if share.max() >= 1:
        return 1.0
    some = share > 0
    if some.sum() < 2:
        return float(share.max())
    within = correlations[np.ix_(some, some)]
    rule = multivariate_normal(cov=within, allow_singular=True, seed=_SEED)
    return 1 - float(rule.cdf(norm.ppf(1 - share[some])))


def _nearest_correlation(matrix: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Nearest positive definite matrix of unit diagonal (Higham's alternating projections, Dykstra's correction)."""
    current, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(rounds):
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        cone = (vectors * np.maximum(values, 10 * _LEAST_EIGENVALUE)) @ vectors.T
        correction, current = cone - shifted, cone.copy()
        np.fill_diagonal(current, 1.0)
        if np.linalg.eigvalsh(current).min() >= _LEAST_EIGENVALUE:
            break
    return current
