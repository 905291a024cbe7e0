"""How far answers depend on the probability of passing on (전달 확률에 따른 민감도), where no verdict can be."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value

from .containment import contain
from .graph import graph_of
from .probabilities import assumed
from .selling import compare_selling

GRID = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)


def late_answer_by_probability(
    graph: Any,
    rumour_seeds: Iterable[Hashable],
    *,
    responders: Iterable[Hashable],
    early_hours: float = 2,
    late_hours: float = 24,
    hours_per_step: float = 1,
    probabilities: Sequence[float] = GRID,
    n_sim: int = 300,
    level: float = 0.9,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """How much a late answer costs, by how catching the rumour is (소문의 전파력에 따른 늦은 대응의 대가).

    Returns
    -------
    DataFrame
        A row an assumed probability, the same on every link: probability, early, late (people who believe the rumour),
        difference (late minus early), low, high (simulation error only, at `level`), n.
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    seeds, people = list(rumour_seeds), list(responders)
    rows = []
    for p in probabilities:
        raced = {"delay": (early_hours, late_hours), "hours_per_step": hours_per_step, "n_sim": n_sim, "rng": rng}
        sizes = contain(assumed(graph, p), seeds, responders={"them": people}, **raced).sizes["them"]
        gap = sizes[:, 1] - sizes[:, 0]
        half = z_value(level) * gap.std(ddof=1) / math.sqrt(n_sim)
        rows.append((p, *sizes[:, :2].mean(axis=0), gap.mean(), gap.mean() - half, gap.mean() + half, n_sim))
    return pd.DataFrame(rows, columns=["probability", "early", "late", "difference", "low", "high", "n"])


def selling_by_probability(
    graph: Any,
    *,
    money: float,
    costs: Mapping[str, float],
    probabilities: Sequence[float] = GRID,
    draws: int = 20,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """What each way of being talked about reaches, by an assumed probability (전달 확률에 따른 전략별 도달).

    Returns
    -------
    DataFrame
        A row a probability and way: probability, way, per_million (people reached per million), low, high, n.
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    bought = {"money": money, "costs": costs, "draws": draws, "rng": rng}
    made = [compare_selling(assumed(graph, p), **bought).table.assign(probability=p) for p in probabilities]
    columns = ["probability", "way", "per_million", "low", "high", "n"]
    return pd.concat(made, ignore_index=True)[columns]
