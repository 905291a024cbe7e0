"""Three ways of being talked about, at equal money (같은 돈, 세 가지 입소문 전략; S4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import reason

from .communities import communities
from .graph import Graph, graph_of
from .probabilities import LinkProbabilities
from .sampling import Counted, cascade_model, cascade_sizes
from .seeds import select_seeds

WAYS = ("reviewers", "group_leaders", "opinion_leaders")


@dataclass(frozen=True, eq=False)
class Selling:
    """What each way reaches for the same money (전략별 도달).

    Attributes
    ----------
    table : DataFrame
        A row a way: way, seeds (how many the money wins), cost_each, spent, people (reached on average, seeds
        included), per_million (people reached per million of money), low, high (of per_million, at `level`), n.
    names : who is won in each way; reviewers are drawn anew in each draw, these are those of the first.
    level : of the intervals, 0..1; they hold what is unknown about the probabilities where these are estimated.
    draws : per_million by way, a column a way and a row a draw.
    """

    table: pd.DataFrame
    names: Mapping[str, tuple]
    level: float
    n: int
    draws: pd.DataFrame = field(repr=False)
    reason: Mapping[str, str] = field(default_factory=dict)

    def difference(self, way: str, against: str = "reviewers") -> Estimate:
        """Return how many more people a million of money reaches in one way than in another."""
        if self.reason:
            return unknown(self.level, self.n, self.reason)
        gap = (self.draws[way] - self.draws[against]).to_numpy()
        return Estimate(float(np.median(gap)), *_ends(gap, self.level), self.level, self.n)

    def worth(self, way: str, against: str = "reviewers") -> float:
        """Return up to what price each of one way's people are worth their money, if the other's price stays."""
        price = self.table.set_index("way")["cost_each"]
        return float(price[way] * self.draws[way].mean() / self.draws[against].mean())


def compare_selling(
    links: LinkProbabilities | Any,
    *,
    money: float,
    costs: Mapping[str, float],
    counted: Counted = "hearing",
    draws: int = 100,
    n_sim: int = 10,
    level: float = 0.9,
    rng: int | np.random.Generator = 0,
) -> Selling:
    """Compare three ways of being talked about at equal money (세 가지 입소문 전략 비교, S4.6).

    `reviewers`: ordinary people, drawn by lot. `group_leaders`: of each community the person whom most of its members
    hear, largest community first. `opinion_leaders`: those from whom word spreads farthest (`select_seeds`).

    Parameters
    ----------
    links : estimated probabilities, each draw of which takes others; or whatever `graph_of` takes, with given or
        assumed ones: then `difference` has the reason that they are assumed.
    money : what each way may cost.
    costs : what winning one person costs in each way, by the names above.
    counted : `hearing` counts who passes it on or hears somebody who does; `passing_on` only the former.

    Raises
    ------
    ValueError
        A way without a cost, or money that wins nobody.
    """
    rng = np.random.default_rng(rng)
    told = links if isinstance(links, LinkProbabilities) else None
    graph = told.graph if told else graph_of(links)
    counts = _affordable(graph, money, costs)
    leaders = _leaders(graph, counts, counted, rng)
    drawn = [_drawn_ways(graph, counts["reviewers"], leaders, rng) for _ in range(draws)]
    run = {"n_sim": n_sim, "counted": counted, "rng": rng}
    people = pd.DataFrame([_people(told.drawn(rng) if told else graph, ways, **run) for ways in drawn])
    level = told.level if told else level
    table, rate = _per_million(people, counts, costs, level)
    n = _successes(told) if told and not told.reason else draws * n_sim
    names = {way: tuple(graph.names[at]) for way, at in drawn[0].items()}
    why = (told.reason if told else {}) or (reason("assumed_probabilities") if graph.is_assumed else {})
    return Selling(table.assign(n=n), names, level, n, rate, why)


def _per_million(
    people: pd.DataFrame, counts: Mapping[str, int], costs: Mapping[str, float], level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row a way, and people reached per million of money: a row a draw, a column a way."""
    seeds, each = (np.array([by_way[way] for way in WAYS]) for by_way in (counts, costs))
    rate = people * 1e6 / (seeds * each)
    low, high = np.transpose([_ends(rate[way].to_numpy(), level) for way in WAYS])
    means = {"people": people.mean().to_numpy(), "per_million": rate.mean().to_numpy()}
    table = pd.DataFrame({"way": WAYS, "seeds": seeds, "cost_each": each, "spent": seeds * each, **means})
    return table.assign(low=low, high=high), rate


def _affordable(graph: Graph, money: float, costs: Mapping[str, float]) -> dict[str, int]:
    """Return how many people the money wins in each way; at most everybody."""
    if set(costs) != set(WAYS) or min(costs.values()) <= 0:
        raise ValueError(f"costs give a price above 0 for each of {', '.join(WAYS)}; given {dict(costs)}")
    counts = {way: min(int(money // costs[way]), graph.n) for way in WAYS}
    if min(counts.values()) < 1:
        poor = [way for way in WAYS if counts[way] < 1]
        raise ValueError(f"{money:,.0f} wins nobody as {', '.join(poor)}; give more money or lower costs")
    return counts


def _group_leaders(graph: Graph, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return whom most members of each community hear, largest community first; then the second of each, and so on."""
    group = communities(graph, rng=rng)
    inside = group[graph.source] == group[graph.target]
    heard = np.bincount(graph.source[inside], minlength=graph.n)
    order = np.lexsort((-heard, group))
    place = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    return order[np.lexsort((group[order], place))][:k]


def _leaders(graph: Graph, counts: Mapping[str, int], counted: Counted, rng: np.random.Generator) -> dict:
    """Return who leads communities, and who leads opinion: positions by way."""
    found = select_seeds(graph, counts["opinion_leaders"], counted=counted, rng=rng)
    group = _group_leaders(graph, counts["group_leaders"], rng)
    return {"group_leaders": group, "opinion_leaders": graph.positions(found.seeds)}


def _drawn_ways(graph: Graph, reviewers: int, leaders: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return whom each way wins in one draw: other reviewers each time, the same leaders."""
    return {"reviewers": rng.choice(graph.n, reviewers, replace=False), **leaders}


def _people(
    graph: Graph, ways: Mapping[str, np.ndarray], *, n_sim: int, counted: Counted, rng: np.random.Generator
) -> dict[str, float]:
    """Return how many people each way reaches on this network, on average over its cascades."""
    model, run = cascade_model(graph, "IC", rng), {"graph": graph, "counted": counted, "progress": False}
    return {way: float(cascade_sizes(model, at, n_sim, **run).mean()) for way, at in ways.items()}


def _successes(told: LinkProbabilities) -> int:
    return round(float(told.table["passed_on"].sum()))


def _ends(values: np.ndarray, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
