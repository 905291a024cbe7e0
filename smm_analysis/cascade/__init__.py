"""Word of mouth on a network (네트워크 입소문): how far it goes, whom to win, how to contain it (S1.4, S1.5, S4.6)."""

from .communities import communities
from .containment import NOBODY, Containment, choose_advocates, contain, late_answer
from .graph import Graph, follow_graph, graph_of
from .probabilities import LinkProbabilities, assumed, estimate_probabilities, weighted_cascade
from .seeds import SeedSet, select_seeds
from .selling import WAYS, Selling, compare_selling
from .spread import Spread, expected_spread

__all__ = [
    "NOBODY",
    "WAYS",
    "Containment",
    "Graph",
    "LinkProbabilities",
    "SeedSet",
    "Selling",
    "Spread",
    "assumed",
    "choose_advocates",
    "communities",
    "compare_selling",
    "contain",
    "estimate_probabilities",
    "expected_spread",
    "follow_graph",
    "graph_of",
    "late_answer",
    "select_seeds",
    "weighted_cascade",
]
