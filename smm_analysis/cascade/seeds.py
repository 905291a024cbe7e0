"""Whom to win first (여론주도층 찾기): seed sets with what is certain of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from .graph import Graph, graph_of
from .opim import Certified, opim
from .sampling import Counted, cascade_model, cascade_sizes
from .spread import LARGE

Method = Literal["opim-c", "celf", "degree", "random"]
_SIMULATIONS = 1000  # cascades by which celf, degree and random are judged


@dataclass(frozen=True, eq=False)
class SeedSet:
    """People to begin with, and how far word gets from them (씨앗 집합).

    Attributes
    ----------
    seeds : tuple
        Names, the most useful first.
    spread : float
        People reached on average, seeds included: an unbiased estimate.
    low, high : float
        `low`: spread that these seeds reach at least; `high`: that no seeds of this number can exceed. Both hold with
        probability 1 - delta. NaN for the methods that certify nothing.
    certificate : float
        low / high: these seeds reach at least this share of what the best possible ones would.
    table : DataFrame
        A row a seed: rank, person, followers (who hear her directly), spread (of the first `rank` seeds).
    method, n_sets, assumed
        How they were chosen, on how many reverse-reachable sets, and whether the probabilities are assumed.
    """

    seeds: tuple[Hashable, ...]
    spread: float
    low: float
    high: float
    certificate: float
    delta: float
    method: Method
    n_sets: int
    assumed: bool
    table: pd.DataFrame = field(repr=False)


def select_seeds(
    graph: Any,
    k: int,
    *,
    method: Method = "opim-c",
    counted: Counted = "passing_on",
    eps: float = 0.1,
    delta: float | None = None,
    settle: float | None = 0.01,
    rng: int | np.random.Generator = 0,
    progress: bool | None = None,
) -> SeedSet:
    """Choose k people from whom word spreads farthest (여론주도층 고르기).

    Parameters
    ----------
    graph : whatever `graph_of` takes, with probabilities.
    k : how many, 1 or more.
    method
        `opim-c` (Tang et al. 2018) certifies what it chose; `celf` (Leskovec et al. 2007) is greedy on simulated
        cascades, for small networks; `degree`: who has most followers; `random`: drawn by lot.
    counted : `passing_on` counts who passes it on; `hearing` also who hears somebody who did.
    eps : the certificate reaches at least 1 - 1/e - eps, as long as the bound on the rounds allows, 0 < eps < 1 - 1/e.
    delta : probability that the certificate is wrong; default 1 / people.
    settle : after that, rounds go on while they are cheap or raise the floor by more than this share; None: they stop.
    progress : whether to show a progress bar; default: on networks of 300,000 arcs or more.

    Raises
    ------
    ValueError
        k, eps or delta out of range, unknown method, no probabilities.

    Examples
    --------
    >>> import pandas as pd
    >>> star = pd.DataFrame({"source": ["hub"] * 5, "target": list("abcde"), "probability": 0.1})
    >>> found = select_seeds(star, 1, rng=1)
    >>> found.seeds, found.certificate > 0.8
    (('hub',), True)
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    delta = 1 / max(graph.n, 2) if delta is None else delta
    _check(graph, k, eps, delta)
    if method == "opim-c":
        progress = graph.arcs >= LARGE if progress is None else progress
        found = opim(graph, k, eps=eps, delta=delta, settle=settle, counted=counted, rng=rng, progress=progress)
    else:
        found = _uncertified(graph, _by_method(graph, k, method, counted, rng), counted, rng)
    return _seed_set(graph, found, method, delta)


def _check(graph: Graph, k: int, eps: float, delta: float) -> None:
    graph.known_probability()
    if not isinstance(k, int | np.integer) or not 1 <= k <= graph.n:
        raise ValueError(f"k is a whole number from 1 to {graph.n:,}, the people of this network, not {k!r}")
    if not 0 < eps < 1 - 1 / math.e or not 0 < delta < 1:
        raise ValueError(f"eps lies between 0 and 0.63, delta between 0 and 1; given eps={eps}, delta={delta}")


def _by_method(graph: Graph, k: int, method: Method, counted: Counted, rng: np.random.Generator) -> np.ndarray:
    """Return the seeds of a baseline, positions in order."""
    if method == "degree":
        return np.argsort(-graph.out_degree, kind="stable")[:k]
    if method == "random":
        return rng.choice(graph.n, k, replace=False)
    if method == "celf":
        return _celf(graph, k, counted, rng)
    raise ValueError(f"method is opim-c, celf, degree or random, not {method!r}")


def _celf(graph: Graph, k: int, counted: Counted, rng: np.random.Generator) -> np.ndarray:
    """Lazy greedy: a gain can only shrink, so that only the best of the old gains are worked out anew."""
    model = cascade_model(graph, "IC", rng)
    seeds: list[int] = []
    heap = [(-float(graph.n), person, -1) for person in range(graph.n)]  # nobody can gain more than everybody
    reached = 0.0
    while len(seeds) < k:
        gain, person, known_at = heapq.heappop(heap)
        if known_at == len(seeds):
            seeds.append(person)
            reached -= gain
            continue
        sizes = cascade_sizes(model, [*seeds, person], _SIMULATIONS, graph=graph, counted=counted, progress=False)
        heapq.heappush(heap, (reached - float(sizes.mean()), person, len(seeds)))
    return np.array(seeds)


def _uncertified(graph: Graph, seeds: np.ndarray, counted: Counted, rng: np.random.Generator) -> Certified:
    """Return seeds with simulated spreads and nothing certain: of each first so many up to 10, else of all."""
    model, k = cascade_model(graph, "IC", rng), len(seeds)
    run = {"graph": graph, "counted": counted, "progress": False}
    spreads = np.full(k, math.nan)
    for i in range(k) if k <= 10 else [k - 1]:
        spreads[i] = cascade_sizes(model, seeds[: i + 1], _SIMULATIONS, **run).mean()
    return Certified(seeds, spreads, math.nan, math.nan, 0, 0)


def _seed_set(graph: Graph, found: Certified, method: Method, delta: float) -> SeedSet:
    """Return positions as people, with what is known of them."""
    names = graph.names[found.seeds]
    ranks, followers = np.arange(1, len(names) + 1), graph.out_degree[found.seeds]
    table = pd.DataFrame({"rank": ranks, "person": names, "followers": followers, "spread": found.spreads})
    sure = (found.low, found.high, found.low / found.high)
    spread = float(found.spreads[-1])
    return SeedSet(tuple(names), spread, *sure, delta, method, found.sets, graph.is_assumed, table)
