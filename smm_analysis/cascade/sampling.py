"""Cascades drawn by cynetdiff (폭포 표본 추출), the compiled library that runs the independent-cascade model."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .graph import Graph

if TYPE_CHECKING:
    from cynetdiff.models import DiffusionModel

Model = Literal["IC", "LT"]
Counted = Literal["passing_on", "hearing"]


def cascade_model(graph: Graph, model: Model, rng: np.random.Generator) -> DiffusionModel:
    """Return cynetdiff's model of a network; arcs of probability 0 are left out.

    Raises
    ------
    ValueError
        Unknown model; with LT, people whose incoming weights sum to more than 1.
    ImportError
        cynetdiff is not installed.
    """
    try:
        from cynetdiff.models import IndependentCascadeModel, LinearThresholdModel
    except ImportError as error:
        raise ImportError(
            "drawing cascades needs cynetdiff, which is not installed (for Windows there is no build): run this in "
            "WSL, on Linux or on a Mac; only containment works without it"
        ) from error
    weights = graph.known_probability()
    kept = weights > 0
    starts = np.concatenate([[0], np.cumsum(np.bincount(graph.source[kept], minlength=graph.n))])[:-1]
    arcs = _array("I", starts.astype(np.uint32)), _array("I", graph.target[kept].astype(np.uint32))
    floats = _array("f", weights[kept].astype(np.float32))
    if model == "IC":
        return IndependentCascadeModel(*arcs, activation_probs=floats, rng=rng)
    if model != "LT":
        raise ValueError(f"model is 'IC' (independent cascade) or 'LT' (linear threshold), not {model!r}")
    _check_thresholds(graph)
    return LinearThresholdModel(*arcs, influence=floats, rng=rng)


def reverse_reachable(
    graph: Graph, count: int, rng: np.random.Generator, *, counted: Counted
) -> tuple[np.ndarray, np.ndarray]:
    """Draw reverse-reachable sets (역도달 집합): who could have reached a person drawn at random (Borgs et al. 2014).

    Everybody is drawn equally often, up to one: stratified, so that coverage varies less than by plain drawing, and the
    bounds made for that hold (Hoeffding 1963, section 6).

    Parameters
    ----------
    graph : the *transposed* network.
    counted : `passing_on`: the person herself passes it on; `hearing`: she, or somebody whom she hears.

    Returns
    -------
    sizes, people
        The size of each of `count` sets, and their members one set after the other.
    """
    model = cascade_model(graph, "IC", rng)
    members, sizes, before = array("I"), np.empty(count, dtype=np.int64), 0
    for i, root in enumerate(_roots(graph.n, count, rng).tolist()):
        model.set_seeds((root,) if counted == "passing_on" else _ears(graph, root))
        model.advance_until_completion()
        members.extend(model.get_activated_nodes())
        sizes[i], before = len(members) - before, len(members)
    return sizes, np.frombuffer(members, dtype=np.uint32)


def cascade_sizes(
    model: DiffusionModel, seeds: Sequence[int], n_sim: int, *, graph: Graph, counted: Counted, progress: bool
) -> np.ndarray:
    """Run a cascade from the seeds n_sim times and return how many it reached each time."""
    model.set_seeds(np.asarray(seeds).tolist())
    sizes = np.empty(n_sim, dtype=np.int64)
    for i in with_progress(range(n_sim), progress, "cascades"):
        model.reset_model()
        model.advance_until_completion()
        sizes[i] = model.get_num_activated_nodes() if counted == "passing_on" else _audience(graph, model)
    return sizes


def with_progress(items: Iterable[Any], progress: bool, what: str) -> Iterator[Any]:
    """Go through items, with a progress bar where one is asked for."""
    if not progress:
        return iter(items)
    from tqdm import tqdm

    return iter(tqdm(items, desc=what, leave=False, mininterval=0.5))


def _roots(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` of n people, each equally often up to one; who is drawn once more is left to chance."""
    return np.concatenate([np.tile(np.arange(n), count // n), rng.permutation(n)[: count % n]])


def _ears(graph: Graph, person: int) -> list[int]:
    """The person and all whom she hears, on the transposed network."""
    return [person, *graph.target[graph.starts[person] : graph.starts[person + 1]].tolist()]


def _audience(graph: Graph, model: DiffusionModel) -> int:
    """How many passed it on or hear somebody who did."""
    active = np.fromiter(model.get_activated_nodes(), dtype=np.int64)
    heard = np.zeros(graph.n, dtype=bool)
    heard[active] = True
    heard[graph.target[arcs_of(graph, active)]] = True
    return int(heard.sum())


def arcs_of(graph: Graph, people: np.ndarray) -> np.ndarray:
    """Return the positions of all arcs that leave these people."""
    first = graph.starts[people]
    degree = graph.starts[people + 1] - first
    return np.repeat(first - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree) + np.arange(degree.sum())


def _array(kind: str, values: np.ndarray) -> array:
    return array(kind, values.tobytes())


def _check_thresholds(graph: Graph) -> None:
    total = np.bincount(graph.target, weights=graph.known_probability(), minlength=graph.n)
    if (total > 1 + 1e-6).any():
        who = graph.names[[int(total.argmax())]].tolist()[0]
        raise ValueError(
            f"in the linear-threshold model what reaches a person sums to at most 1; {who!r} has {total.max():.3g}. "
            "weighted_cascade gives weights that do"
        )
