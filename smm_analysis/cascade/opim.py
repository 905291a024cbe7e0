"""Seeds with a certificate: OPIM-C of Tang, Tang, Xiao, Yuan 2018, Online processing algorithms, SIGMOD.

Greedy maximum coverage on one half of the reverse-reachable sets chooses; the other half, unseen, judges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .graph import Graph
from .sampling import Counted, reverse_reachable, with_progress

if TYPE_CHECKING:
    from scipy.sparse import csc_array

BEST_RATIO = 1 - 1 / math.e  # of the best spread, what greedy is sure of
FEWEST = 2000  # sets in each half of the first round: on small networks too the spread is well known
CHEAP = 400_000  # members of sets that cost next to nothing: so many are always drawn, as far as the rounds go
SURE = 0.8  # a certificate from which on another round raises the spread by well under 1%


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of people drawn so far (역도달 집합 모음): sizes of shape (sets,), members one set after the other."""

    sizes: np.ndarray
    members: np.ndarray

    def first_hit(self, seeds: np.ndarray, n: int) -> np.ndarray:
        """Return the rank of the first seed in each set, shape (sets,); as many as seeds where there is none."""
        rank = np.full(n, len(seeds))
        rank[seeds] = np.arange(len(seeds))
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        return np.minimum.reduceat(rank[self.members], starts)


@dataclass(frozen=True, eq=False)
class Coverage:
    """What greedy chose (탐욕 선택): seeds in order, sets newly covered by each, and the most any k could cover."""

    seeds: np.ndarray
    gains: np.ndarray
    upper: int


@dataclass(frozen=True, eq=False)
class Certified:
    """Seeds (positions, in order), the spread of each first so many, and what is certain of it."""

    seeds: np.ndarray
    spreads: np.ndarray
    low: float
    high: float
    sets: int
    members: int


def cover(sets: Sets, n: int, k: int) -> Coverage:
    """Choose k of n people so that they cover as many sets as possible, greedily (최대 피복).

    `upper` is the least over greedy's steps of what is covered plus the k largest gains left (their equation 5).
    """
    by_person, starts = _index(sets, n), np.concatenate([[0], np.cumsum(sets.sizes)])
    gain = np.diff(by_person.indptr)
    covered, taken, upper = np.zeros(len(sets.sizes), dtype=bool), np.zeros(n, dtype=bool), np.inf
    seeds, gains = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.int64)
    for i in range(k):
        upper = min(upper, gains[:i].sum() + _largest(gain, k))
        seeds[i] = np.where(taken, -1, gain).argmax()
        gains[i], taken[seeds[i]] = gain[seeds[i]], True
        new = by_person.indices[by_person.indptr[seeds[i]] : by_person.indptr[seeds[i] + 1]]
        new = new[~covered[new]]
        covered[new] = True
        gain = gain - np.bincount(sets.members[_spans(starts[new], sets.sizes[new])], minlength=n)
    return Coverage(seeds, gains, int(min(upper, gains.sum() + _largest(gain, k))))


def opim(
    graph: Graph,
    k: int,
    *,
    eps: float,
    delta: float,
    settle: float | None,
    counted: Counted,
    rng: np.random.Generator,
    progress: bool,
) -> Certified:
    """Draw sets, twice as many each round, until the certificate holds and another round would hardly raise the floor.

    Their algorithm 2, which stops as soon as the ratio of the bounds is at least 1 - 1/e - eps (`settle` None); with
    `settle` it goes on while sets are cheap, or a round raises the lower bound by more than that share. The bounds of
    all rounds hold together with probability 1 - delta, so that going on costs nothing but time.
    """
    turned, n = graph.transposed(), graph.n
    first, rounds = _schedule(n, k, eps, delta)
    weight = math.log(3 * rounds / delta)
    choose, judge = (Sets(*reverse_reachable(turned, first, rng, counted=counted)) for _ in range(2))
    floor = 0.0
    for i in with_progress(range(rounds), progress, "rounds of reverse-reachable sets"):
        if i:
            choose, judge = (_doubled(sets, turned, rng, counted) for sets in (choose, judge))
        chosen = cover(choose, n, k)
        found = _certified(chosen, judge, n, weight)
        if found.low >= (BEST_RATIO - eps) * found.high and (settle is None or _settled(found, floor, settle)):
            break
        floor = max(floor, found.low)
    return found


def _settled(found: Certified, floor: float, settle: float) -> bool:
    """Whether another round is hardly worth its time."""
    sure = found.low >= SURE * found.high or found.low <= floor * (1 + settle)
    return sure and found.members >= CHEAP


def lower_bound(covered: int, sets: int, n: int, weight: float) -> float:
    """Return the spread that `covered` of unseen sets make sure of (equation 1); weight = ln(1 / failure)."""
    root = max(math.sqrt(covered + 2 * weight / 9) - math.sqrt(weight / 2), 0.0)
    return max(root**2 - weight / 18, 0.0) * n / sets


def upper_bound(covered: float, sets: int, n: int, weight: float) -> float:
    """Return the most that the best seeds can spread (equation 2), `covered` being the most they can cover."""
    return min((math.sqrt(covered + weight / 2) + math.sqrt(weight / 2)) ** 2 * n / sets, float(n))


def _certified(chosen: Coverage, judge: Sets, n: int, weight: float) -> Certified:
    """Judge what was chosen on sets that the choice has not seen; k seeds spread to at least k people."""
    sets, k = len(judge.sizes), len(chosen.seeds)
    hits = np.bincount(judge.first_hit(chosen.seeds, n), minlength=k + 1)[:k]
    low = max(lower_bound(int(hits.sum()), sets, n, weight), float(k))
    high = max(upper_bound(chosen.upper, sets, n, weight), low)
    return Certified(chosen.seeds, np.cumsum(hits) * n / sets, low, high, 2 * sets, 2 * len(judge.members))


def _schedule(n: int, k: int, eps: float, delta: float) -> tuple[int, int]:
    """Return how many sets the first round draws in each half, and how many rounds are enough for sure (theorem 6)."""
    choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    failure = math.log(6 / delta)
    most = 2 * (math.sqrt(failure) * BEST_RATIO + math.sqrt(BEST_RATIO * (choices + failure))) ** 2
    rounds = max(1, math.ceil(math.log2(n / (eps**2 * k))))
    return max(math.ceil(most), FEWEST), rounds


def _doubled(sets: Sets, turned: Graph, rng: np.random.Generator, counted: Counted) -> Sets:
    """Return the sets with as many again behind them."""
    sizes, members = reverse_reachable(turned, len(sets.sizes), rng, counted=counted)
    return Sets(np.concatenate([sets.sizes, sizes]), np.concatenate([sets.members, members]))


def _index(sets: Sets, n: int) -> csc_array:
    """Return the sets that hold each person: a sparse matrix by columns, sets by people."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], np.cumsum(sets.sizes)])
    ones = np.ones(len(sets.members), dtype=np.int8)
    return csr_array((ones, sets.members.astype(np.int32), starts), shape=(len(sets.sizes), n)).tocsc()


def _largest(gain: np.ndarray, k: int) -> int:
    return int(np.partition(gain, len(gain) - k)[len(gain) - k :].sum())


def _spans(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return all positions of spans that begin at `first`."""
    return np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
