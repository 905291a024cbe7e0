"""How likely word is passed on along a link (전달 확률): assumed, or estimated from what was shared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, reason

from .graph import Graph
from .sampling import arcs_of

GROUPS = ("related_low", "related_high", "related_unknown")  # the relationship of who may pass it on
ENOUGH = 10  # passings-on along known links, below which nothing is estimated
KNOWN = 0.5  # share of the links used that the network must hold


def weighted_cascade(graph: Graph) -> Graph:
    """Return the network with the weighted cascade's probabilities (가중 폭포): 1 / how many a person hears.

    An assumption of the literature (Kempe, Kleinberg, Tardos 2003), not a measurement.
    """
    return graph.with_probability(1 / graph.in_degree[graph.target], "weighted_cascade")


def assumed(graph: Graph, probability: float) -> Graph:
    """Return the network with one assumed probability, 0..1, on every link (가정한 전달 확률)."""
    return graph.with_probability(probability, "assumed")


def relationship_of(surveys: pd.DataFrame, customers: pd.DataFrame, *, question: str = "trust") -> pd.Series:
    """Return each person's mean answer by author key (사람별 관계): those customers whose social handle is known."""
    asked = surveys[(surveys["question"] == question) & surveys["score"].notna()]
    known = customers.dropna(subset=["author_key"])[["customer_key", "author_key"]]
    return asked.merge(known, on="customer_key").groupby("author_key")["score"].mean()


@dataclass(frozen=True, eq=False)
class LinkProbabilities:
    """What shares tell of links (공유 기록에서 추정한 전달 확률).

    Attributes
    ----------
    graph : Graph
        The network with the estimated probabilities; where there is a `reason`, with those supposed, or without any.
    table : DataFrame
        A row a group of who may pass it on: relationship_group (one of `GROUPS`), n (times that somebody
        of it heard a share), passed_on, probability, low, high (0..1).
    hours : float
        Median hours from a share to its being passed on; NaN if none was.
    level : of the intervals, 0..1.
    known_links : share of the passings-on whose link the network holds, 0..1.
    reason : why nothing can be estimated, in each language; empty if it can.
    """

    graph: Graph
    table: pd.DataFrame
    hours: float
    level: float
    known_links: float
    group: np.ndarray = field(repr=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def drawn(self, rng: np.random.Generator) -> Graph:
        """Return the network with probabilities drawn from what is still uncertain about them; supposed ones stay."""
        if self.reason:
            return self.graph
        rates = rng.beta(self.table["a"].to_numpy(), self.table["b"].to_numpy())
        return self.graph.with_probability(rates[self.group[self.graph.target]], "estimated")


def estimate_probabilities(
    graph: Graph,
    shares: pd.DataFrame,
    *,
    relationship: pd.Series | None = None,
    within_days: float = 7,
    suppose: float | None = None,
    level: float = 0.9,
) -> LinkProbabilities:
    """Estimate how likely a person passes on what somebody she hears shared (공유 기록으로 전달 확률 추정).

    Each share is a try on every follower who had not shared the item yet; a try succeeds if the follower shares it
    within `within_days`. Where ``via_author_key`` is given, it says whom the success is due to; otherwise all who could
    have told share it equally (Goyal, Bonchi, Lakshmanan 2010, Bernoulli model with partial credits). Tries are pooled
    by the relationship of who may pass it on. A group leans on the whole by as much as one success weighs.

    Parameters
    ----------
    shares : item_id, author_key, shared_at and, if known, via_author_key.
    relationship : by person, any scale; high is above the median of those known. None: one group, unknown.
    suppose : the probability assumed on every link where shares cannot tell, for a what-if.

    Returns
    -------
    LinkProbabilities
        With a `reason` below 10 successes, or where the network holds less than half of the links along which things
        were passed on: on it every cascade would die too early.
    """
    first = shares.sort_values("shared_at").drop_duplicates(["item_id", "author_key"])
    group = _groups(graph, relationship)
    tries = _tries(graph, first, pd.Timedelta(days=within_days))
    table = _rates(group[tries["listener"]], tries, level)
    known, passed = _known_links(graph, first), float(tries["credit"].sum())
    why = _cannot_tell(known, passed)
    rates = table["probability"].to_numpy()[group[graph.target]]
    if why:
        done = graph if suppose is None else assumed(graph, suppose)
    else:
        done = graph.with_probability(rates, "estimated")
    hours = tries.loc[tries["credit"] > 0, "hours"].median()
    return LinkProbabilities(done, table, float(hours), level, known, group, why)


def _groups(graph: Graph, relationship: pd.Series | None) -> np.ndarray:
    """Return each person's group, a position in GROUPS."""
    if relationship is None:
        return np.full(graph.n, 2)
    of = relationship[~relationship.index.duplicated()].reindex(graph.names).to_numpy(dtype=float)
    high = of > np.nanmedian(of) if np.isfinite(of).any() else np.zeros(graph.n, dtype=bool)
    return np.where(np.isnan(of), 2, high.astype(int))


def _tries(graph: Graph, first: pd.DataFrame, within: pd.Timedelta) -> pd.DataFrame:
    """Return a row a try: item, teller, listener (positions), hours to the listener's share, and credit, 0..1."""
    who = graph.names.get_indexer(pd.Index(first["author_key"]))
    item, at = pd.factorize(first["item_id"])[0], first["shared_at"].to_numpy(dtype="datetime64[ns]")
    via = _via(graph, first)
    held = np.flatnonzero(who >= 0)
    arcs = arcs_of(graph, who[held])
    told = np.repeat(held, graph.out_degree[who[held]])
    listener = graph.target[arcs]
    later = pd.Series(np.arange(len(first)), index=pd.MultiIndex.from_arrays([item, who]))
    later = later[who >= 0].reindex(pd.MultiIndex.from_arrays([item[told], listener])).to_numpy()
    shared, found = ~np.isnan(later), np.nan_to_num(later).astype(int)
    hours = np.where(shared, (at[found] - at[told]) / np.timedelta64(1, "h"), np.inf)
    tries = pd.DataFrame({"item": item[told], "teller": who[told], "listener": listener, "hours": hours})
    tries["due_to"] = np.where(shared, via[found], -1)
    tries = tries[tries["hours"] > 0].reset_index(drop=True)  # who had shared before could not be told
    return tries.assign(credit=_credit(tries, within / pd.Timedelta(hours=1), bool((via >= 0).any())))


def _via(graph: Graph, first: pd.DataFrame) -> np.ndarray:
    """From whom each share came, a position; -1 where that is not known."""
    if "via_author_key" not in first:
        return np.full(len(first), -1)
    return graph.names.get_indexer(pd.Index(first["via_author_key"].astype(object)))


def _credit(tries: pd.DataFrame, within_hours: float, named: bool) -> np.ndarray:
    """How much of a passing-on is due to each teller: the one named, or an equal part of all who could have told."""
    in_time = (tries["hours"] <= within_hours).to_numpy()
    if named:
        return (in_time & (tries["due_to"] == tries["teller"]).to_numpy()).astype(float)
    tellers = tries.assign(hit=in_time).groupby(["item", "listener"])["hit"].transform("sum").to_numpy()
    return np.where(in_time, 1 / np.maximum(tellers, 1), 0.0)


def _tried(tries: pd.DataFrame) -> float:
    """Return how many tries, each watched to its end, would be as many: fewer where others came first."""
    from statsmodels.duration.survfunc import SurvfuncRight

    won = tries["credit"].to_numpy() > 0
    if not won.any():
        return float(len(tries))
    unpassed = SurvfuncRight(tries["hours"].to_numpy(), won).surv_prob[-1]
    return float(won.sum() / (1 - unpassed))


def _rates(group: np.ndarray, tries: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return each group's rate with its interval: Beta, the prior worth one success at the rate of all."""
    from scipy.stats import beta

    n, passed = (np.bincount(group, weights=w, minlength=len(GROUPS)) for w in (np.ones(len(group)), tries["credit"]))
    tried = np.array([_tried(tries[group == one]) for one in range(len(GROUPS))])
    overall = (passed.sum() + 0.5) / (tried.sum() + 1)
    a, b = passed + 1, tried - passed + 1 / overall - 1
    tail = (1 - level) / 2
    low, high = beta.ppf(tail, a, b), beta.ppf(1 - tail, a, b)
    return pd.DataFrame(
        {"relationship_group": GROUPS, "n": n.astype(int), "passed_on": passed, "probability": a / (a + b)}
        | {"low": low, "high": high, "a": a, "b": b}
    )


def _known_links(graph: Graph, first: pd.DataFrame) -> float:
    """Return the share of passings-on whose link the network holds; NaN where nothing says from whom they came."""
    if "via_author_key" not in first or first["via_author_key"].isna().all():
        return math.nan
    used = first.dropna(subset=["via_author_key"])
    ends = [graph.names.get_indexer(pd.Index(used[c].astype(object))) for c in ("via_author_key", "author_key")]
    held = pd.Index(graph.source.astype(np.int64) * graph.n + graph.target)
    key = np.where((ends[0] >= 0) & (ends[1] >= 0), ends[0] * graph.n + ends[1], -1)
    return float(held.get_indexer(key).__ge__(0).mean())


def _cannot_tell(known: float, passed: float) -> Mapping[Lang, str]:
    if known < KNOWN:
        return reason("links_unknown", known=100 * known, needed=100 * KNOWN)
    return reason("few_passed_on", passed=round(passed), needed=ENOUGH) if passed < ENOUGH else {}
