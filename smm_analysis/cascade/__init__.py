"""Word of mouth on a network (네트워크 입소문): how far it goes, whom to win, how to contain it (S1.4, S1.5, S4.6)."""

from .communities import communities
from .containment import NOBODY, Containment, choose_advocates, contain, late_answer
from .crisis import crises, firms_audience, first_voices
from .graph import Graph, add_voice, follow_graph, graph_of
from .probabilities import LinkProbabilities, assumed, estimate_probabilities, relationship_of, weighted_cascade
from .seeds import SeedSet, select_seeds
from .selling import WAYS, Selling, compare_selling
from .spread import Spread, expected_spread
from .whatif import late_answer_by_probability, selling_by_probability

__all__ = [
    "NOBODY",
    "WAYS",
    "Containment",
    "Graph",
    "LinkProbabilities",
    "SeedSet",
    "Selling",
    "Spread",
    "add_voice",
    "assumed",
    "choose_advocates",
    "communities",
    "compare_selling",
    "contain",
    "crises",
    "estimate_probabilities",
    "expected_spread",
    "firms_audience",
    "first_voices",
    "follow_graph",
    "graph_of",
    "late_answer",
    "late_answer_by_probability",
    "relationship_of",
    "select_seeds",
    "selling_by_probability",
    "weighted_cascade",
]
