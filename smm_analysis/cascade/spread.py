"""How far word goes from given people (기대 확산 규모): the independent cascade of Kempe, Kleinberg, Tardos 2003."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from smm_analysis.estimate import z_value

from .graph import graph_of
from .sampling import Counted, Model, cascade_model, cascade_sizes

LARGE = 300_000  # arcs from which on a progress bar is shown unless told otherwise


@dataclass(frozen=True)
class Spread:
    """How many people word reaches on average (기대 확산 규모), seeds included.

    `se` is the simulation's standard error over `n_sim` cascades; it knows nothing of errors in the probabilities.
    `assumed` says whether these are an assumption.
    """

    mean: float
    se: float
    n_sim: int
    assumed: bool = False

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the mean at `level`, 0..1."""
        half = z_value(level) * self.se
        return self.mean - half, self.mean + half


def expected_spread(
    graph: Any,
    seeds: Iterable[Hashable],
    *,
    model: Model = "IC",
    counted: Counted = "passing_on",
    n_sim: int = 1000,
    rng: int | np.random.Generator = 0,
    progress: bool | None = None,
) -> Spread:
    """How many people word reaches from these seeds (기대 확산 규모).

    Parameters
    ----------
    graph : whatever `graph_of` takes, with probabilities.
    seeds : who starts, by name.
    model : `IC`, each who passes it on persuades each who hears with the arc's probability; `LT`, linear threshold.
    counted : `passing_on` counts who passes it on, as the literature does; `hearing` also who hears somebody who did.
    n_sim : cascades drawn, 2 or more.
    progress : whether to show a progress bar; default: on networks of 300,000 arcs or more.

    Raises
    ------
    ValueError
        No seeds, unknown names, no probabilities, too few cascades.

    Examples
    --------
    A path of four people who pass on every second thing: 1 + 1/2 + 1/4 + 1/8.

    >>> import pandas as pd
    >>> path = pd.DataFrame({"source": [0, 1, 2], "target": [1, 2, 3], "probability": 0.5})
    >>> spread = expected_spread(path, [0], n_sim=20_000, rng=1)
    >>> abs(spread.mean - 15 / 8) < 4 * spread.se
    True
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    at = graph.positions(seeds, what="seeds")
    if not len(at) or n_sim < 2:
        raise ValueError(f"a spread needs at least one seed and two cascades, not {len(at)} and {n_sim}")
    progress = graph.arcs >= LARGE if progress is None else progress
    drawn = cascade_model(graph, model, rng)
    sizes = cascade_sizes(drawn, at, n_sim, graph=graph, counted=counted, progress=progress)
    return Spread(float(sizes.mean()), float(sizes.std(ddof=1)) / math.sqrt(n_sim), n_sim, graph.is_assumed)
