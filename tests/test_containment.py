import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cascade import shared, two_kinds

from smm_analysis import cascade, verdict
from smm_analysis.cascade import containment
from smm_analysis.cascade.hops import hops, live_arcs

NEVER = 1e9


def network(seed, n=25, p=0.6):
    nxt = nx.gnp_random_graph(n, 3 / n, seed=seed, directed=True)
    return cascade.assumed(cascade.graph_of(nxt), p)


def step_by_step(net, live, begin, answer, delay):
    """Both cascades walked clock tick by clock tick, a person at a time: the oracle. Returns who believes the rumour.

    Whoever believes something passes it on one step later along the live links; at a tie the answer wins. Who answers
    takes no rumour. `delay` in steps may be a fraction.
    """
    neighbours = {v: [] for v in range(net.n)}
    for source, target, carries in zip(net.source, net.target, live, strict=True):
        if carries:
            neighbours[source].append(target)
    belief = {v: "answer" for v in answer}
    arrivals = [(0.0, 1, v, "rumour") for v in begin] + [(float(delay), 0, v, "spoken") for v in answer]
    while arrivals:
        arrivals.sort()
        time, _, person, what = arrivals.pop(0)
        if what != "spoken" and person in belief:
            continue
        belief[person] = "answer" if what == "spoken" else what
        rank = 0 if belief[person] == "answer" else 1
        arrivals += [(time + 1, rank, v, belief[person]) for v in neighbours[person] if v not in belief]
    return sum(what == "rumour" for what in belief.values())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), st.sampled_from([0, 0.5, 1, 1.5, 2, 3, NEVER]))
def test_two_searches_tell_what_step_by_step_tells(seed, n_begin, n_answer, delay):
    rng = np.random.default_rng(seed)
    net = network(seed)
    people = rng.choice(net.n, n_begin + n_answer, replace=False)
    begin, answer = people[:n_begin], people[n_begin:]
    live = live_arcs(net, rng)
    fast = containment.race(net, live, begin, answer, np.array([float(delay)]))
    assert fast[0] == step_by_step(net, live, begin.tolist(), answer.tolist(), delay)


def test_hops_are_those_of_networkx():
    net = network(5, n=60)
    live = live_arcs(net, np.random.default_rng(1))
    walked = nx.DiGraph(zip(net.source[live], net.target[live], strict=True))
    walked.add_nodes_from(range(net.n))
    expected = nx.multi_source_dijkstra_path_length(walked, {0, 7}, weight=None)
    found = hops(net, live, np.array([0, 7]))
    assert {v: s for v, s in enumerate(found) if np.isfinite(s)} == expected


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_waiting_never_helps_and_more_who_answer_never_hurt(seed):
    net = network(seed, n=40)
    found = cascade.contain(
        net, [0, 1], responders={"few": [2], "many": [2, 3, 4]}, delay=[0, 1, 2, 4, 1e9], n_sim=30, rng=seed
    )
    size = found.table.pivot_table(index="delay_hours", columns="answered_by", values="size")
    assert (size.diff().dropna() >= 0).all().all()
    assert (size["many"] <= size["few"]).all() and (size["few"] <= size["nobody"]).all()
    for name in ("few", "many"):  # on every single drawn network, not on average only
        assert (np.diff(found.sizes[name], axis=1) >= 0).all()
    assert (found.sizes["many"] <= found.sizes["few"]).all()


def test_nobody_answers_is_the_spread():
    net = cascade.assumed(cascade.graph_of(nx.gnp_random_graph(80, 0.04, seed=2, directed=True)), 0.3)
    alone = cascade.contain(net, [0], responders=[5], delay=0, n_sim=4000, rng=1).table.iloc[0]
    spread = cascade.expected_spread(net, [0], n_sim=4000, rng=2)
    assert abs(alone["size"] - spread.mean) < 4 * spread.se * math.sqrt(2)


def test_a_malicious_beginner_who_is_silenced_saves_what_she_would_have_reached():
    line = pd.DataFrame({"source": [0, 1, 10, 11], "target": [1, 2, 11, 12], "probability": 1.0})
    net = cascade.graph_of(line, nodes=[0, 1, 2, 10, 11, 12, 99])
    both = cascade.contain(net, [0, 10], responders=[99], delay=0, n_sim=3).table
    one = cascade.contain(net, [0, 10], responders=[99], removed=[10], delay=0, n_sim=3).table
    assert both["size"].tolist() == [6, 6] and one["size"].tolist() == [3, 3]


def test_advocates_are_chosen_against_the_rumour():
    """The rumour runs into one of two towns; the well-connected advocate of the other town is of no use."""
    town = [("rumour", "a0"), *((f"a{i}", f"a{i + 1}") for i in range(8)), ("near", "a3")]
    other = [("famous", f"b{i}") for i in range(30)]
    net = cascade.assumed(cascade.graph_of(pd.DataFrame(town + other, columns=["source", "target"])), 1.0)
    chosen = cascade.choose_advocates(net, ["rumour"], 2, among=["near", "famous"], delay=1, n_sim=3)
    assert chosen == ("near", "famous")  # one of use, the other fills the number up
    found = cascade.contain(net, ["rumour"], responders={"near": ["near"], "famous": ["famous"]}, delay=1, n_sim=3)
    assert found.table.set_index("answered_by")["size"].to_dict() == {"nobody": 10, "near": 4, "famous": 10}


def test_how_long_one_may_wait():
    chain = pd.DataFrame({"source": range(20), "target": range(1, 21), "probability": 1.0})
    back = chain.rename(columns={"source": "target", "target": "source"})
    found = cascade.contain(pd.concat([chain, back]), [0], responders=[20], delay=[0, 5, 10, 15, 20], n_sim=3)
    assert found.table["saved"].tolist() == [0] * 5 + [10, 7, 5, 2, 0]
    assert found.longest_wait("responders") == 10
    useless = cascade.contain(cascade.graph_of(chain, nodes=range(22)), [0], responders=[21], delay=[0, 1], n_sim=3)
    assert math.isnan(useless.longest_wait("responders"))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"rumour_seeds": [99]}, "rumour_seeds name 99"),
        ({"responders": [0]}, r"responders: \[0\] both begin the rumour and answer it"),
        ({"responders": []}, "names at least one person"),
        ({"responders": {"nobody": [1]}}, "not called 'nobody'"),
        ({"removed": [0]}, "nobody is left to begin"),
        ({"delay": -1}, "hours of 0 or more"),
        ({"hours_per_step": 0}, "hours_per_step is above 0"),
        ({"n_sim": 1}, "n_sim 2 or more"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(options, match):
    asked = {"rumour_seeds": [0], "responders": [1], "n_sim": 3} | options
    with pytest.raises(ValueError, match=match):
        cascade.contain(network(1), **asked)


def world(seed, p):
    """Shares that run along a network whose people pass on with probability p, and the estimate from them."""
    net, _, rng = two_kinds(seed, low=p, high=p)
    return cascade.estimate_probabilities(net, shared(net, 150, rng))


@pytest.mark.parametrize(("p", "decision"), [(0.3, "supported"), (0.02, "not_supported")])
def test_late_answers_cost_where_talk_catches_and_not_where_it_does_not(p, decision):
    links = world(4, p)
    people = list(links.graph.names)
    gap = cascade.late_answer(links, people[:5], responders=people[10:30], hours_per_step=2, draws=40, rng=1)
    assert verdict.judge("early_containment", gap, delta=10, synthetic=True).decision == decision


def test_where_no_difference_was_ever_seen_one_in_so_many_may_still_be_missed():
    links = world(4, 0.02)
    people = list(links.graph.names)
    alone = {"responders": people[10:11], "hours_per_step": 24.0, "rng": 1}
    few, many = (cascade.late_answer(links, people[:1], **alone, draws=10, n_sim=n) for n in (10, 40))
    assert few.estimate == few.low == many.low == 0
    assert few.high == pytest.approx(3 / 100, rel=0.02) and many.high == pytest.approx(3 / 400, rel=0.02)


@pytest.mark.slow
def test_the_interval_holds_the_truth():
    inside = 0
    for seed in range(20):
        links = world(seed, 0.15)
        people = list(links.graph.names)
        raced = {"responders": people[10:20], "hours_per_step": 3.0}
        gap = cascade.late_answer(links, people[:5], **raced, draws=40, n_sim=40, rng=seed)
        true = cascade.assumed(links.graph, 0.15)
        raced_true = cascade.contain(
            true, people[:5], responders={"them": people[10:20]}, delay=(2, 24), hours_per_step=3.0, n_sim=600, rng=99
        )
        sizes = raced_true.sizes["them"]
        inside += gap.low <= (sizes[:, 1] - sizes[:, 0]).mean() <= gap.high
    assert inside >= 15


def test_nothing_is_judged_on_assumptions_or_on_a_poor_crawl():
    links = world(4, 0.2)
    people = list(links.graph.names)
    part = cascade.graph_of(links.graph.links()[["source", "target"]].head(60))
    net, _, rng = two_kinds(4, low=0.2, high=0.2)
    poor = cascade.estimate_probabilities(part, shared(net, 40, rng))
    gap = cascade.late_answer(poor, people[:2], responders=people[5:7])
    assert math.isnan(gap.estimate) and "of the links along which" in gap.reason["en"]
    assert verdict.judge("early_containment", gap, delta=10, synthetic=True, lang="ko").decision == "cannot_tell"
