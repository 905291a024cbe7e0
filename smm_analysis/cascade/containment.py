"""Containing a bad rumour (나쁜 소문 막기): rumour and answer race along the same links (S1.4, S1.5).

The competing cascades of Budak, Agrawal, El Abbadi 2011 (one set of live links for both): a person believes what
arrives first. On drawn links two breadth-first searches tell who that is, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value

from .graph import Graph, graph_of
from .hops import hops, live_arcs
from .probabilities import LinkProbabilities
from .sampling import with_progress
from .spread import LARGE

NOBODY = "nobody"


@dataclass(frozen=True, eq=False)
class Containment:
    """How far a rumour gets, by who answers and how late (소문의 최종 규모).

    Attributes
    ----------
    table : DataFrame
        A row an answerer and delay: answered_by, delay_hours, size (people who believe the rumour in the end, those who
        began it included), low, high (of that mean, at `level`), saved (fewer than if they never spoke), n.
    level, n_sim, hours_per_step, assumed
        Level of the intervals; cascades drawn; how long a step takes; whether the probabilities are assumed.
    """

    table: pd.DataFrame
    level: float
    n_sim: int
    hours_per_step: float
    assumed: bool
    sizes: Mapping[str, np.ndarray] = field(repr=False)  # by group: a row a cascade, a column a delay, the last: never

    def longest_wait(self, responders: str, *, share: float = 0.5) -> float:
        """Return the longest delay tried, hours, at which at least `share` of what an answer at once saves is saved.

        NaN if not even the first delay saves anything that can be told from chance.
        """
        rows = self.table[self.table["answered_by"] == responders].sort_values("delay_hours")
        saved = self.sizes[responders][:, -1] - self.sizes[responders][:, 0]
        sure = saved.mean() - z_value(self.level) * saved.std(ddof=1) / math.sqrt(self.n_sim)
        kept = rows[rows["saved"] >= share * rows["saved"].iloc[0]]
        return float(kept["delay_hours"].max()) if sure > 0 else math.nan


def contain(
    graph: Any,
    rumour_seeds: Iterable[Hashable],
    *,
    responders: Iterable[Hashable] | Mapping[str, Iterable[Hashable]],
    delay: float | Sequence[float] = (0, 2, 6, 12, 24, 48, 96),
    hours_per_step: float = 1,
    removed: Iterable[Hashable] = (),
    n_sim: int = 500,
    level: float = 0.9,
    rng: int | np.random.Generator = 0,
    progress: bool | None = None,
) -> Containment:
    """How far a rumour gets, by who answers it and how late (소문 막기 모의실험).

    All answerers and delays race on the same drawn links, so that their differences are theirs and not luck's. Who
    answers never believes the rumour nor passes it on; where rumour and answer arrive together, the answer is believed.

    Parameters
    ----------
    graph : whatever `graph_of` takes, with probabilities that a person passes on what reaches her.
    rumour_seeds : who begins the rumour, by name.
    responders : who answers, by name; or several groups by a name for each (firm, advocates, both).
    delay : hours after the rumour's beginning at which they speak; one or several.
    hours_per_step : hours from hearing to passing on.
    removed : of the rumour seeds, the malicious whom the platform silences before they are heard (S1.5).

    Raises
    ------
    ValueError
        Unknown names, nobody who begins or answers, somebody who does both, delays below 0, no probabilities.

    Examples
    --------
    Along a line of six where everybody passes on, an answer from the far end after one step saves three.

    >>> import pandas as pd
    >>> line = pd.DataFrame({"source": range(5), "target": range(1, 6), "probability": 1.0})
    >>> both_ways = pd.concat([line, line.rename(columns={"source": "target", "target": "source"})])
    >>> contain(both_ways, [0], responders=[5], delay=1, n_sim=2).table["size"].tolist()
    [6.0, 3.0]
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    delays = np.atleast_1d(np.asarray(delay, dtype=float))
    groups = _groups(graph, responders)
    begin = _beginners(graph, rumour_seeds, removed, groups)
    _check(delays, hours_per_step, n_sim)
    progress = graph.arcs >= LARGE if progress is None else progress
    sizes: dict[str, list[np.ndarray]] = {name: [] for name in (NOBODY, *groups)}
    for _ in with_progress(range(n_sim), progress, "rumours"):
        live = live_arcs(graph, rng)
        sizes[NOBODY].append(np.full(len(delays) + 1, np.isfinite(hops(graph, live, begin)).sum()))
        for name, answer in groups.items():
            sizes[name].append(race(graph, live, begin, answer, np.append(delays, np.inf) / hours_per_step))
    return _containment({name: np.array(rows) for name, rows in sizes.items()}, delays, level, hours_per_step, graph)


def race(graph: Graph, live: np.ndarray, begin: np.ndarray, answer: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Return how many believe the rumour for each delay (in steps), on these live arcs.

    That a person believes what arrives first needs no step-by-step run: if the answer was first anywhere on the
    rumour's shortest way to her, it is first with her too, because both need the same time along a link.
    """
    silent = np.zeros(graph.n, dtype=bool)
    silent[answer] = True
    rumour, truth = hops(graph, live, begin, silent=silent), hops(graph, live, answer)
    heard = np.isfinite(rumour)
    return (rumour[heard] < delays[:, None] + truth[heard]).sum(axis=1)


def late_answer(
    links: LinkProbabilities,
    rumour_seeds: Iterable[Hashable],
    *,
    responders: Iterable[Hashable],
    early_hours: float = 2,
    late_hours: float = 24,
    hours_per_step: float | None = None,
    draws: int = 100,
    n_sim: int = 50,
    rng: int | np.random.Generator = 0,
) -> Estimate:
    """How many more believe a rumour that is answered late than one answered early (늦은 대응의 대가, S1.4).

    The interval holds what shares leave unknown about the probabilities: each draw takes others, and simulates; the
    estimate is the middle draw. Where simulated rumours hardly ever differ, draws say too little of how seldom that is:
    the high end is then Clopper and Pearson's bound on how often. `n` counts the passings-on that the probabilities
    rest on.
    """
    passed = round(float(links.table["passed_on"].sum()))
    if links.reason:
        return unknown(links.level, passed, links.reason)
    rng, seeds, people = np.random.default_rng(rng), list(rumour_seeds), list(responders)
    step = links.hours if hours_per_step is None else hours_per_step
    raced = {"responders": {"them": people}, "delay": (early_hours, late_hours), "hours_per_step": step}
    runs = [contain(links.drawn(rng), seeds, **raced, n_sim=n_sim, rng=rng).sizes["them"] for _ in range(draws)]
    more = np.array([sizes[:, 1] - sizes[:, 0] for sizes in runs])
    low, middle, high = np.quantile(more.mean(axis=1), [0.5 - links.level / 2, 0.5, 0.5 + links.level / 2])
    return Estimate(float(middle), float(low), max(float(high), _at_most(more, links.level)), links.level, passed)


def _at_most(more: np.ndarray, level: float) -> float:
    """Return how large a mean that was hardly ever, or never, seen above 0 may be: how often at most, times how large.

    Of none in N at a level of .9 it is 3 / N, the rule of three; what was never seen counts as one person.
    """
    from scipy.stats import beta

    seen = more[more > 0]
    often = beta.ppf(0.5 + level / 2, len(seen) + 1, more.size - len(seen)) if len(seen) < more.size else 1.0
    return float(often * (seen.mean() if len(seen) else 1.0))


def choose_advocates(
    graph: Any,
    rumour_seeds: Iterable[Hashable],
    k: int,
    *,
    among: Iterable[Hashable],
    delay: float = 2,
    hours_per_step: float = 1,
    n_sim: int = 200,
    rng: int | np.random.Generator = 0,
) -> tuple[Hashable, ...]:
    """Choose k advocates who save most people from a rumour (소문에 맞설 옹호자 고르기; Budak et al. 2011, section 4).

    Greedy coverage: on drawn links, each person whom the rumour would reach is saved by whoever of `among` can reach
    her no later than the rumour does, speaking after `delay` hours. Where no more are of use, those whom most people
    hear fill the number up.

    Raises
    ------
    ValueError
        Unknown names, k below 1, nobody to choose among.
    """
    graph, rng = graph_of(graph), np.random.default_rng(rng)
    begin = graph.positions(rumour_seeds, what="rumour_seeds")
    able = np.setdiff1d(graph.positions(among, what="among"), begin)
    if k < 1 or not len(able):
        raise ValueError(
            f"choose 1 or more of at least one person who did not begin the rumour; k={k}, {len(able)} left"
        )
    saves = [_savers(graph, begin, able, delay=delay / hours_per_step, rng=rng) for _ in range(n_sim)]
    chosen: list[int] = []
    left = np.concatenate(saves, axis=1)
    while len(chosen) < min(k, len(able)) and left.any():
        chosen.append(int(left.sum(axis=1).argmax()))
        left = left[:, ~left[chosen[-1]]]
    heard = np.argsort(-graph.out_degree[able], kind="stable")
    chosen += [i for i in heard.tolist() if i not in chosen][: k - len(chosen)]
    return tuple(graph.names[able[chosen]])


def _savers(
    graph: Graph, begin: np.ndarray, able: np.ndarray, *, delay: float, rng: np.random.Generator, most: int = 50
) -> np.ndarray:
    """Return who of `able` saves whom of up to `most` people reached by one drawn rumour: able by reached, bool."""
    live = live_arcs(graph, rng)
    rumour = hops(graph, live, begin)
    reached = np.flatnonzero(np.isfinite(rumour) & (rumour > 0))
    if len(reached) > most:
        reached = rng.choice(reached, most, replace=False)
    if not len(reached):
        return np.zeros((len(able), 0), dtype=bool)
    steps = [hops(graph, live, able[i : i + 1])[reached] for i in range(len(able))]
    return delay + np.array(steps) <= rumour[reached]


def _groups(graph: Graph, responders: Any) -> dict[str, np.ndarray]:
    named = responders if isinstance(responders, Mapping) else {"responders": responders}
    groups = {name: graph.positions(people, what=name) for name, people in named.items()}
    empty = [name for name, at in groups.items() if not len(at)]
    if empty or not groups or NOBODY in groups:
        raise ValueError(f"each group of responders names at least one person and is not called {NOBODY!r}: {empty}")
    return groups


def _beginners(
    graph: Graph, seeds: Iterable[Hashable], removed: Iterable[Hashable], groups: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return who begins the rumour once the malicious are silenced."""
    begin = graph.positions(seeds, what="rumour_seeds")
    gone = graph.positions(removed, what="removed")
    begin = begin[~np.isin(begin, gone)]
    if not len(begin):
        raise ValueError("nobody is left to begin the rumour; rumour_seeds must name somebody who is not removed")
    for name, answer in groups.items():
        if np.isin(answer, begin).any():
            both = list(graph.names[answer[np.isin(answer, begin)]][:3])
            raise ValueError(f"{name}: {both} both begin the rumour and answer it; take them out of one of the two")
    return begin


def _check(delays: np.ndarray, hours_per_step: float, n_sim: int) -> None:
    if not len(delays) or not (delays >= 0).all() or not hours_per_step > 0 or n_sim < 2:
        raise ValueError(
            "delays are hours of 0 or more, hours_per_step is above 0 and n_sim 2 or more; "
            f"given {delays.tolist()}, {hours_per_step}, {n_sim}"
        )


def _containment(
    sizes: dict[str, np.ndarray], delays: np.ndarray, level: float, hours_per_step: float, graph: Graph
) -> Containment:
    n_sim, z = len(sizes[NOBODY]), z_value(level)
    rows = []
    for name, drawn in sizes.items():
        mean, half = drawn.mean(axis=0)[:-1], z * drawn.std(axis=0, ddof=1)[:-1] / math.sqrt(n_sim)
        rows.append(
            pd.DataFrame({"answered_by": name, "delay_hours": delays, "size": mean, "low": mean - half}).assign(
                high=mean + half, saved=drawn[:, -1].mean() - mean, n=n_sim
            )
        )
    return Containment(pd.concat(rows, ignore_index=True), level, n_sim, hours_per_step, graph.is_assumed, sizes)
