"""Communities of a network (커뮤니티): who mostly hears whom."""

from __future__ import annotations

import numpy as np

from .graph import Graph


def communities(graph: Graph, *, rounds: int = 20, rng: int | np.random.Generator = 0) -> np.ndarray:
    """Return each person's community, numbered from the largest, shape (n,) (커뮤니티 찾기).

    Label propagation (Raghavan, Albert, Kumara 2007): in each round half of the people, drawn by lot, take the label
    that most of those they hear or are heard by have. Who has no link is a community of one.
    """
    rng = np.random.default_rng(rng)
    mine = np.concatenate([graph.source, graph.target])
    theirs = np.concatenate([graph.target, graph.source])
    label = np.arange(graph.n)
    for _ in range(rounds):
        told, most = _most_common(mine, label[theirs], graph.n, rng)
        moves = rng.random(len(told)) < 0.5
        label[told[moves]] = most[moves]
    _, label, sizes = np.unique(label, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return rank[label]


def _most_common(
    person: np.ndarray, label: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return each person that has a link, and the commonest label around her; ties by lot."""
    pairs, counts = np.unique(person.astype(np.int64) * n + label, return_counts=True)
    order = np.lexsort((rng.random(len(pairs)), -counts, pairs // n))
    people = pairs[order] // n
    first = np.concatenate([[True], people[1:] != people[:-1]])
    return people[first], pairs[order][first] % n
