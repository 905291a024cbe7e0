"""How many steps news needs on one drawn network (전달 단계 수): breadth-first search from many at once."""

from __future__ import annotations

import numpy as np

from .graph import Graph
from .sampling import arcs_of


def live_arcs(graph: Graph, rng: np.random.Generator) -> np.ndarray:
    """Draw which arcs carry this time, shape (arcs,): the live-edge view of the independent cascade."""
    return rng.random(graph.arcs) < graph.known_probability()


def hops(graph: Graph, live: np.ndarray, begin: np.ndarray, *, silent: np.ndarray | None = None) -> np.ndarray:
    """Return the steps from the nearest of `begin` to each person along live arcs, shape (n,); inf if never.

    `silent` (n,) marks people who neither take news nor pass it on; they are never reached.
    """
    steps = np.full(graph.n, np.inf)
    blocked = np.zeros(graph.n, dtype=bool) if silent is None else silent
    steps[begin], front, step = 0, begin, 0
    while len(front):
        step += 1
        arcs = arcs_of(graph, front)
        heard = graph.target[arcs[live[arcs]]]
        front = np.unique(heard[np.isinf(steps[heard]) & ~blocked[heard]])
        steps[front] = step
    return steps
