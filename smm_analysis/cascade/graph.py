"""The network that word of mouth runs on (입소문 네트워크): who hears whom, and how likely it is passed on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Origin = Literal["", "given", "assumed", "weighted_cascade", "estimated"]
_SHOWN = 3  # bad rows that an error shows


@dataclass(frozen=True, eq=False)
class Graph:
    """A directed network (방향이 있는 네트워크): word goes from `source` to `target` along each arc.

    Build one with `graph_of` or `follow_graph`.

    Attributes
    ----------
    names : Index, n
        The persons as the user names them; everything else counts positions in it.
    source, target : int array, arcs
        Sorted by source, then target; no self-links, no duplicates.
    probability : float array, arcs, 0..1, or None
        That the target passes on what the source passed on. None: nothing is known yet.
    origin
        Where the probabilities come from; no verdict rests on those `assumed` or of the `weighted_cascade`.
    """

    names: pd.Index
    source: np.ndarray
    target: np.ndarray
    probability: np.ndarray | None = None
    origin: Origin = ""

    @property
    def n(self) -> int:
        """How many persons there are, isolated ones too."""
        return len(self.names)

    @property
    def arcs(self) -> int:
        """How many arcs there are."""
        return len(self.source)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each source's arcs begin, shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum(self.out_degree)])

    @property
    def out_degree(self) -> np.ndarray:
        """How many hear each person directly, shape (n,)."""
        return np.bincount(self.source, minlength=self.n)

    @property
    def in_degree(self) -> np.ndarray:
        """How many each person hears, shape (n,)."""
        return np.bincount(self.target, minlength=self.n)

    @property
    def is_assumed(self) -> bool:
        """Whether the probabilities are assumptions rather than data."""
        return self.origin in ("assumed", "weighted_cascade")

    def positions(self, people: Iterable[Hashable], *, what: str = "people") -> np.ndarray:
        """Return where people stand in `names`; unknown or repeated names are a ValueError that names them."""
        asked = pd.Index([people] if isinstance(people, str) else list(people))
        if asked.has_duplicates:
            raise ValueError(f"{what} name {_some(asked[asked.duplicated()])} twice; name each person once")
        at = self.names.get_indexer(asked)
        if (at < 0).any():
            raise ValueError(
                f"{what} name {_some(asked[at < 0])}, who are not in the network of {self.n:,} people "
                f"({_some(self.names)}); give names as its links write them"
            )
        return at

    def with_probability(self, probability: np.ndarray | float, origin: Origin) -> Graph:
        """Return the same network with other probabilities, one an arc or one for all."""
        values = np.broadcast_to(np.asarray(probability, dtype=float), (self.arcs,)).copy()
        bad = ~((values >= 0) & (values <= 1))
        if bad.any():
            rows = (
                [f"{a} -> {b}: {p}" for a, b, p in self.links(bad).head(_SHOWN).itertuples(index=False)]
                if (self.probability is not None)
                else [str(value) for value in values[bad][:_SHOWN]]
            )
            raise ValueError(f"probabilities lie in 0..1; {bad.sum()} do not: {'; '.join(rows)}")
        return replace(self, probability=values, origin=origin)

    def known_probability(self) -> np.ndarray:
        """Return the probabilities; without any, a ValueError that says how to get them."""
        if self.probability is None:
            raise ValueError(
                "the network has no probabilities: give its links a column 'probability', or call "
                "estimate_probabilities, weighted_cascade or assumed"
            )
        return self.probability

    def links(self, rows: np.ndarray | slice = slice(None)) -> pd.DataFrame:
        """Return the arcs by name: source, target, probability."""
        known = np.full(self.arcs, np.nan) if self.probability is None else self.probability
        names = self.names.to_numpy()
        return pd.DataFrame(
            {"source": names[self.source[rows]], "target": names[self.target[rows]], "probability": known[rows]}
        )

    def transposed(self) -> Graph:
        """Return the network with every arc turned round: who could have told a person."""
        return _sorted(self.names, self.target, self.source, self.probability, self.origin)

    def matrix(self, values: np.ndarray | None = None) -> csr_array:
        """Return a sparse matrix, n by n, with a row a source; `values` default to ones."""
        from scipy.sparse import csr_array

        values = np.ones(self.arcs) if values is None else values
        return csr_array((values, self.target, self.starts), shape=(self.n, self.n))


def graph_of(links: Any, *, nodes: Iterable[Hashable] | None = None) -> Graph:
    """Make a network of links (네트워크 만들기).

    Parameters
    ----------
    links
        A frame with columns source, target and, if known, probability; a square scipy sparse matrix whose entry (i, j)
        is the probability that j passes on what i passed on; a networkx graph, whose edges may have an attribute
        ``probability`` (an undirected one runs both ways); or a `Graph`, which stays as it is.
    nodes : the people, where some have no link; default: those of the links.

    Raises
    ------
    ValueError
        No links, missing names, self-links, duplicates, probabilities outside 0..1, links of people not in `nodes`.

    Examples
    --------
    >>> import pandas as pd
    >>> pair = graph_of(pd.DataFrame({"source": ["ann", "bob"], "target": ["bob", "eve"], "probability": [0.5, 0.2]}))
    >>> list(pair.names), pair.arcs, pair.origin
    (['ann', 'bob', 'eve'], 2, 'given')
    """
    if isinstance(links, Graph):
        return links
    frame, nodes = _as_frame(links, nodes)
    _check(frame)
    names, codes = _coded(frame, nodes)
    graph = _sorted(names, codes[: len(frame)], codes[len(frame) :], None, "")
    if "probability" not in frame:
        return graph
    order = np.lexsort((codes[len(frame) :], codes[: len(frame)]))
    return graph.with_probability(frame["probability"].to_numpy(dtype=float)[order], "given")


def follow_graph(follows: pd.DataFrame, *, brand: str = "") -> Graph:
    """Make the network of the table follows (팔로우 표로 네트워크 만들기): word goes from the followed to the follower.

    Links noted twice count once; a person who follows herself is left out. `brand` keeps that brand's links. Links
    along which something was seen passed on are not added: a network of such links would look far too catching.

    Raises
    ------
    ValueError
        No links are left.
    """
    kept = follows[follows["brand"] == brand] if brand and "brand" in follows else follows
    links = kept[["followed_key", "follower_key"]].set_axis(["source", "target"], axis=1).drop_duplicates()
    links = links[links["source"] != links["target"]]
    if links.empty:
        raise ValueError(f"follows holds no link of {brand or 'any brand'}; export who follows whom (TABLES: follows)")
    return graph_of(links.reset_index(drop=True))


def add_voice(graph: Graph, name: Hashable, hearers: Iterable[Hashable], *, probability: float | None = None) -> Graph:
    """Return the network with one more person, such as the firm, whom these people hear (목소리 더하기).

    `probability` is that each of them passes on what the newcomer says; it is needed where the network has
    probabilities already, and only there. The others' stay.
    """
    at = graph.positions(hearers, what="hearers")
    if name in graph.names or not len(at):
        raise ValueError(f"{name!r} must be new to the network and be heard by at least one person in it")
    if (probability is None) != (graph.probability is None):
        raise ValueError("add_voice needs a probability where the network has some, and only there")
    source = np.concatenate([graph.source, np.full(len(at), graph.n)])
    known = None if graph.probability is None else np.append(graph.probability, np.full(len(at), probability))
    names = graph.names.append(pd.Index([name]))
    return _sorted(names, source, np.concatenate([graph.target, at]), known, graph.origin)


def _sorted(
    names: pd.Index, source: np.ndarray, target: np.ndarray, probability: np.ndarray | None, origin: Origin
) -> Graph:
    order = np.lexsort((target, source))
    known = None if probability is None else probability[order]
    return Graph(names, source[order], target[order], known, origin)


def _as_frame(links: Any, nodes: Iterable[Hashable] | None) -> tuple[pd.DataFrame, Iterable[Hashable] | None]:
    """Return links as a frame, and the nodes that a matrix or a networkx graph brings along."""
    if isinstance(links, pd.DataFrame):
        return links, nodes
    if hasattr(links, "tocoo"):
        entries = links.tocoo()
        if entries.shape[0] != entries.shape[1]:
            raise ValueError(f"a network's matrix is square, people by people; this one is {entries.shape}")
        frame = pd.DataFrame({"source": entries.row, "target": entries.col, "probability": entries.data})
        return frame, range(entries.shape[0]) if nodes is None else nodes
    if hasattr(links, "edges") and hasattr(links, "is_directed"):
        return _networkx_frame(links), list(links.nodes) if nodes is None else nodes
    raise ValueError(
        "links are a frame with source and target, a scipy sparse matrix or a networkx graph, "
        f"not {type(links).__name__}"
    )


def _networkx_frame(graph: Any) -> pd.DataFrame:
    rows = [(a, b, p) for a, b, p in graph.edges(data="probability")]
    rows += [] if graph.is_directed() else [(b, a, p) for a, b, p in rows]
    frame = pd.DataFrame(rows, columns=["source", "target", "probability"])
    return frame.drop(columns="probability") if frame["probability"].isna().all() else frame


def _check(frame: pd.DataFrame) -> None:
    """Refuse what is no network, and name the first bad rows."""
    lacking = [column for column in ("source", "target") if column not in frame]
    if lacking:
        raise ValueError(f"links need the columns source and target; {lacking} is missing, there are {list(frame)}")
    if frame.empty:
        raise ValueError("there are no links, so nothing can spread; give at least one row with source and target")
    pairs = frame[["source", "target"]]
    faults = {
        "lack a name": pairs.isna().any(axis=1),
        "link a person to herself; drop them": pairs["source"] == pairs["target"],
        "repeat an earlier link; keep one of each": pairs.duplicated(),
    }
    if "probability" in frame:
        faults["have a probability outside 0..1"] = ~frame["probability"].between(0, 1)
    for fault, rows in faults.items():
        if rows.any():
            shown = "; ".join(" -> ".join(map(str, row)) for row in frame[rows].head(_SHOWN).itertuples(index=False))
            raise ValueError(f"{rows.sum():,} links {fault} (rows {list(frame.index[rows][:_SHOWN])}: {shown})")


def _coded(frame: pd.DataFrame, nodes: Iterable[Hashable] | None) -> tuple[pd.Index, np.ndarray]:
    """Return the names and the positions of all sources, then all targets."""
    ends = pd.concat([frame["source"], frame["target"]], ignore_index=True)
    if nodes is None:
        codes, names = pd.factorize(ends)
        return pd.Index(names), codes
    names = pd.Index(list(nodes))
    if names.has_duplicates:
        raise ValueError(f"nodes name {_some(names[names.duplicated()])} twice; name each person once")
    codes = names.get_indexer(pd.Index(ends))
    if (codes < 0).any():
        strangers = pd.Index(ends[codes < 0].unique())
        raise ValueError(f"links name {_some(strangers)}, who are not among the nodes; add them")
    return names, codes


def _some(names: pd.Index) -> str:
    """Return the first few names, as an error shows them."""
    shown = ", ".join(repr(name) for name in names[:_SHOWN].tolist())
    return shown + (", ..." if len(names) > _SHOWN else "")
