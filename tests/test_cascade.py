import math
import sys
from itertools import product
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from smm_analysis import cascade
from smm_analysis.cascade import opim
from smm_analysis.cascade.sampling import reverse_reachable

ROOT = Path(__file__).parents[1]
HALF, THIRD = 1 / 2, 1 / 3


def links(pairs, p):
    source, target = zip(*pairs, strict=True)
    return pd.DataFrame({"source": source, "target": target, "probability": p})


def both_ways(pairs):
    return [*pairs, *((b, a) for a, b in pairs)]


def enumerated(frame, begin, n):
    """The expected spread by going through every set of live links: the oracle."""
    pairs = list(zip(frame["source"], frame["target"], frame["probability"], strict=True))
    total = 0.0
    for lives in product((False, True), repeat=len(pairs)):
        weight = math.prod(p if live else 1 - p for live, (_, _, p) in zip(lives, pairs, strict=True))
        reached = set(begin)
        while True:
            more = {b for live, (a, b, _) in zip(lives, pairs, strict=True) if live and a in reached} - reached
            if not more:
                break
            reached |= more
        total += weight * len(reached)
    return total


def drawn_graph(seed, n=6, most=12, undirected=False):
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    rows = rng.choice(len(pairs), int(rng.integers(1, most + 1)), replace=False)
    return links([pairs[i] for i in rows], rng.uniform(0.05, 0.95, len(rows)))


# --- exact spreads ----------------------------------------------------------------------------------------------------

PATH = links([(0, 1), (1, 2), (2, 3)], HALF)
DIAMOND = links([(0, 1), (0, 2), (1, 3), (2, 3)], HALF)
CYCLE = links([(0, 1), (1, 2), (2, 0)], HALF)
K4 = both_ways([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
STAR = links([(0, i) for i in range(1, 6)], 0.1)
EXACT = [
    (PATH, 15 / 8),
    (DIAMOND, 39 / 16),
    (CYCLE, 7 / 4),
    (links(K4, HALF), 13 / 4),
    (links(K4, THIRD), 604 / 243),
    (STAR, 3 / 2),
]


@pytest.mark.parametrize(("frame", "exact"), EXACT, ids=["path", "diamond", "cycle", "k4 half", "k4 third", "star"])
def test_spread_has_its_exact_value(frame, exact):
    if len(frame) <= 6:
        assert enumerated(frame, [0], 6) == pytest.approx(exact)
    found = cascade.expected_spread(frame, [0], n_sim=40_000, rng=11)
    assert abs(found.mean - exact) < 4 * found.se


@pytest.mark.parametrize(("frame", "exact"), EXACT, ids=["path", "diamond", "cycle", "k4 half", "k4 third", "star"])
def test_reverse_reachable_sets_tell_the_same(frame, exact):
    """The share of sets that hold a person, times all people, is her spread (Borgs et al. 2014)."""
    net = cascade.graph_of(frame)
    sizes, members = reverse_reachable(net.transposed(), 40_000, np.random.default_rng(7), counted="passing_on")
    share = np.isin(members, net.positions([0])).sum() / len(sizes)
    assert abs(net.n * share - exact) < 4 * net.n * math.sqrt(share * (1 - share) / len(sizes))


def test_spread_agrees_with_enumeration_on_200_graphs():
    beyond = 0
    for seed in range(200):
        frame = drawn_graph(seed)
        begin = list(frame["source"].unique()[: 1 + seed % 2])
        found = cascade.expected_spread(cascade.graph_of(frame, nodes=range(6)), begin, n_sim=2000, rng=seed)
        exact = enumerated(frame, begin, 6)
        beyond += abs(found.mean - exact) > 4 * max(found.se, 1e-9) + 1e-9
    assert beyond == 0


def test_hearing_counts_who_hears_somebody_who_passes_on():
    """Of a path with p = 1/2 the first surely is heard by one more: 1 + 1 + 1/2 + 1/4."""
    found = cascade.expected_spread(PATH, [0], counted="hearing", n_sim=20_000, rng=2)
    assert abs(found.mean - 2.75) < 4 * found.se
    best = cascade.select_seeds(PATH, 1, counted="hearing", rng=2)
    assert best.seeds == (0,)
    assert best.spread == pytest.approx(2.75, abs=0.15)


def test_linear_threshold_on_a_path_is_the_same_and_on_a_diamond_is_not():
    """One incoming link each: both models pass it on by its weight; on the diamond the last needs the sum of two."""
    found = cascade.expected_spread(PATH, [0], model="LT", n_sim=20_000, rng=3)
    assert abs(found.mean - 15 / 8) < 4 * found.se
    found = cascade.expected_spread(DIAMOND, [0], model="LT", n_sim=20_000, rng=3)
    assert abs(found.mean - 2.5) < 4 * found.se
    with pytest.raises(ValueError, match=r"sums to at most 1; 1 has 1\.2"):
        cascade.expected_spread(links([(0, 1), (2, 1)], 0.6), [0], model="LT")


# --- properties -------------------------------------------------------------------------------------------------------


def mean_and_se(net, begin):
    found = cascade.expected_spread(net, begin, n_sim=1500, rng=5)
    return found.mean, found.se


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_spread_is_monotone_and_submodular(seed):
    net = cascade.graph_of(drawn_graph(seed, n=7, most=14), nodes=range(7))
    small, large, more = [0], [0, 1, 2], 3
    values = [mean_and_se(net, begin) for begin in (small, [*small, more], large, [*large, more])]
    noise = 5 * math.sqrt(sum(se**2 for _, se in values))
    (a, _), (ab, _), (c, _), (cd, _) = values
    assert ab - a >= -noise and cd - c >= -noise
    assert (ab - a) - (cd - c) >= -noise


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_seeds_are_as_good_as_the_certificate_says(seed, k):
    frame = drawn_graph(seed, n=6, most=10)
    net = cascade.graph_of(frame, nodes=range(6))
    found = cascade.select_seeds(net, k, rng=seed, settle=None)
    best = max(enumerated(frame, some, 6) for some in combos(6, k))
    exact = enumerated(frame, found.seeds, 6)
    assert exact >= (1 - 1 / math.e - 0.1) * best
    assert found.low <= exact and found.high >= best
    assert exact / best >= found.certificate


def combos(n, k):
    from itertools import combinations

    return combinations(range(n), k)


def some_network(seed, n=400):
    nxt = nx.gnp_random_graph(n, 3 / n, seed=seed, directed=True)
    return cascade.weighted_cascade(cascade.graph_of(nxt))


def test_the_floor_holds_in_at_least_95_of_100_networks():
    held = 0
    for seed in range(100):
        net = some_network(seed)
        found = cascade.select_seeds(net, 5, rng=seed, delta=0.05, settle=None)
        truth = cascade.expected_spread(net, found.seeds, n_sim=800, rng=seed + 1)
        held += found.low <= truth.mean + 3 * truth.se
        assert found.certificate >= 1 - 1 / math.e - 0.1
    assert held >= 95


def test_the_same_seed_gives_the_same_and_another_need_not():
    net = some_network(1)
    one, two = (cascade.select_seeds(net, 8, rng=3) for _ in range(2))
    assert one.seeds == two.seeds and one.low == two.low
    pd.testing.assert_frame_equal(one.table, two.table)
    assert cascade.expected_spread(net, one.seeds, rng=4) == cascade.expected_spread(net, one.seeds, rng=4)
    assert cascade.expected_spread(net, one.seeds, rng=4) != cascade.expected_spread(net, one.seeds, rng=5)


def test_bounds_are_those_of_the_paper():
    """Equations 1 and 2 by hand: 100 of 1,000 sets, 500 people, failure 1/e**2."""
    low = ((math.sqrt(100 + 4 / 9) - 1) ** 2 - 1 / 9) * 500 / 1000
    high = (math.sqrt(101) + 1) ** 2 * 500 / 1000
    assert opim.lower_bound(100, 1000, 500, 2.0) == pytest.approx(low)
    assert opim.upper_bound(100, 1000, 500, 2.0) == pytest.approx(high)


def test_cover_is_greedy_and_its_bound_holds():
    rng = np.random.default_rng(1)
    for _ in range(20):
        sizes = rng.integers(1, 5, 40)
        sets = [rng.choice(12, size, replace=False) for size in sizes]
        found = opim.cover(opim.Sets(sizes, np.concatenate(sets)), 12, 3)
        best = max(sum(bool(set(c) & set(s.tolist())) for s in sets) for c in combos(12, 3))
        left, gains = list(sets), []
        for _ in range(3):
            gain = [sum(person in s for s in left) for person in range(12)]
            gains.append(max(gain))
            left = [s for s in left if int(np.argmax(gain)) not in s]
        assert found.gains.tolist() == gains
        assert sum(gains) <= best <= found.upper <= best / (1 - 1 / math.e)


def test_seeds_are_no_worse_than_celf_and_better_than_degree_where_hubs_overlap():
    """Three hubs in one clique of followers, and lone stars beside it: degree takes the hubs, each for the same."""
    hubs = [(f"hub{i}", f"fan{j}") for i in range(3) for j in range(30)]
    stars = [(f"star{i}", f"s{i}{j}") for i in range(3) for j in range(20)]
    net = cascade.assumed(cascade.graph_of(links(hubs + stars, 1.0)), 0.9)
    chosen = {m: cascade.select_seeds(net, 3, method=m, rng=1) for m in ("opim-c", "celf", "degree", "random")}
    assert set(chosen["degree"].seeds) == {"hub0", "hub1", "hub2"}
    assert len(set(chosen["opim-c"].seeds) & {"star0", "star1", "star2"}) == 2
    truth = {m: cascade.expected_spread(net, found.seeds, n_sim=4000, rng=2).mean for m, found in chosen.items()}
    assert truth["opim-c"] >= 0.99 * truth["celf"]
    assert truth["opim-c"] > 1.5 * truth["degree"] > truth["random"]
    assert math.isnan(chosen["degree"].certificate) and chosen["degree"].spread == pytest.approx(
        truth["degree"], rel=0.05
    )


def test_the_table_of_seeds_names_people_and_grows():
    net = some_network(2)
    found = cascade.select_seeds(net, 6, rng=1)
    assert list(found.table["person"]) == list(found.seeds)
    assert found.table["spread"].is_monotonic_increasing
    assert found.table["spread"].iloc[-1] == found.spread
    assert found.low <= found.spread <= found.high
    assert found.assumed


# --- networks ---------------------------------------------------------------------------------------------------------


def test_frame_matrix_and_networkx_are_the_same_network():
    matrix = csr_array((PATH["probability"], (PATH["source"], PATH["target"])), shape=(5, 5))
    nxt = nx.DiGraph()
    nxt.add_weighted_edges_from(PATH.itertuples(index=False), weight="probability")
    made = [cascade.graph_of(g) for g in (PATH, matrix, nxt)]
    for net in made:
        pd.testing.assert_frame_equal(net.links(), PATH, check_dtype=False)
    assert [net.n for net in made] == [4, 5, 4]  # the matrix has an isolated person
    assert cascade.graph_of(nx.path_graph(4)).arcs == 6
    assert cascade.graph_of(made[0]) is made[0]


def test_names_stay_and_isolated_people_count():
    net = cascade.graph_of(links([("민지", "준호")], 1.0), nodes=["준호", "민지", "혼자"])
    assert cascade.expected_spread(net, ["민지"], n_sim=10).mean == 2
    assert cascade.expected_spread(net, ["혼자"], n_sim=10).mean == 1
    assert set(cascade.select_seeds(net, 2, rng=1).seeds) == {"민지", "혼자"}
    assert len(cascade.select_seeds(net, 3, rng=1).seeds) == 3


def test_weighted_cascade_is_one_over_whom_a_person_hears():
    net = cascade.weighted_cascade(cascade.graph_of(DIAMOND))
    assert net.links()["probability"].tolist() == [1, 1, HALF, HALF]
    assert net.is_assumed and not cascade.graph_of(DIAMOND).is_assumed


def test_transposing_twice_changes_nothing():
    net = cascade.graph_of(drawn_graph(4))
    pd.testing.assert_frame_equal(net.transposed().transposed().links(), net.links())


def test_follows_run_from_who_is_followed_and_fold_repeats():
    follows = pd.DataFrame(
        {
            "follower_key": ["b", "b", "c", "c", "x"],
            "followed_key": ["a", "a", "a", "c", "y"],
            "brand": ["us", "us", "us", "us", "them"],
        }
    )
    net = cascade.follow_graph(follows, brand="us")
    assert sorted(map(tuple, net.links()[["source", "target"]].to_numpy())) == [("a", "b"), ("a", "c")]
    with pytest.raises(ValueError, match="no link of nobody"):
        cascade.follow_graph(follows, brand="nobody")


def test_a_voice_is_added_and_heard():
    net = cascade.add_voice(cascade.graph_of(PATH.assign(probability=0.0)), "firm", [1, 3], probability=1.0)
    assert cascade.expected_spread(net, ["firm"], n_sim=5).mean == 3
    bare = cascade.add_voice(cascade.graph_of(PATH[["source", "target"]]), "firm", [1])
    assert bare.probability is None and bare.arcs == 4
    with pytest.raises(ValueError, match="needs a probability where"):
        cascade.add_voice(net, "shop", [1])
    with pytest.raises(ValueError, match="'firm' must be new"):
        cascade.add_voice(net, "firm", [1], probability=1.0)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (PATH.drop(columns="target"), r"\['target'\] is missing"),
        (PATH.iloc[:0], "there are no links"),
        (links([(0, 1), (1, 1)], 0.5), r"1 links link a person to herself.*rows \[1\]: 1 -> 1"),
        (links([(0, 1), (0, 1)], 0.5), r"1 links repeat an earlier link.*rows \[1\]"),
        (links([(0, 1), (1, 2)], [0.5, 1.5]), r"outside 0..1 \(rows \[1\]: 1 -> 2 -> 1.5"),
        (links([(0, 1), (1, 2)], [np.nan, 0.5]), r"outside 0..1 \(rows \[0\]"),
        (links([(0, 1), (None, 2)], 0.5), "1 links lack a name"),
        (csr_array((2, 3)), "is square"),
        ([(0, 1)], "not list"),
    ],
)
def test_what_is_no_network_is_refused_by_name(frame, match):
    with pytest.raises(ValueError, match=match):
        cascade.graph_of(frame)


def test_nodes_must_hold_the_links_once():
    with pytest.raises(ValueError, match="links name 3, who are not among the nodes"):
        cascade.graph_of(PATH, nodes=[0, 1, 2])
    with pytest.raises(ValueError, match="nodes name 1 twice"):
        cascade.graph_of(PATH, nodes=[0, 1, 1, 2, 3])


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (lambda: cascade.expected_spread(PATH, [9]), r"seeds name 9, who are not in the network of 4 people \(0, 1, 2"),
        (lambda: cascade.expected_spread(PATH, [0, 0]), "seeds name 0 twice"),
        (lambda: cascade.expected_spread(PATH, []), "at least one seed"),
        (lambda: cascade.expected_spread(PATH, [0], n_sim=1), "two cascades"),
        (lambda: cascade.expected_spread(PATH, [0], model="SIR"), "'IC'.*not 'SIR'"),
        (lambda: cascade.expected_spread(PATH.drop(columns="probability"), [0]), "has no probabilities"),
        (lambda: cascade.select_seeds(PATH, 5), "k is a whole number from 1 to 4, the people of this network, not 5"),
        (lambda: cascade.select_seeds(PATH, 0), "not 0"),
        (lambda: cascade.select_seeds(PATH, 1, eps=0.7), "eps lies between 0 and 0.63"),
        (lambda: cascade.select_seeds(PATH, 1, method="pagerank"), "not 'pagerank'"),
        (lambda: cascade.assumed(cascade.graph_of(PATH), 1.2), "lie in 0..1; 3 do not: 0 -> 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(ask, match):
    with pytest.raises(ValueError, match=match):
        ask()


def test_without_cynetdiff_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cynetdiff.models", None)
    with pytest.raises(ImportError, match=r"no build.*WSL"):
        cascade.expected_spread(PATH, [0])
    assert cascade.contain(PATH, [0], responders=[3], delay=1, n_sim=5).table["size"].iloc[0] > 0


# --- probabilities from shares ----------------------------------------------------------------------------------------


def shared(net, items, rng, *, named=True):
    """Shares that run along the network's links by its probabilities: two begin each item, an hour a step."""
    rows = []
    for item in range(items):
        front, seen, hour = list(rng.choice(net.n, 2, replace=False)), {}, 0
        seen.update(dict.fromkeys(front, -1))
        while front:
            rows += [(f"i{item}", net.names[p], hour, net.names[seen[p]] if seen[p] >= 0 else None) for p in front]
            told = {}
            for person in front:
                arcs = np.arange(net.starts[person], net.starts[person + 1])
                passed = net.target[arcs[rng.random(len(arcs)) < net.probability[arcs]]]
                told |= {int(p): int(person) for p in passed if p not in seen}
            seen |= told
            front, hour = list(told), hour + 1
    table = pd.DataFrame(rows, columns=["item_id", "author_key", "hour", "via_author_key"])
    table["shared_at"] = pd.Timestamp("2026-01-05", tz="Asia/Seoul") + pd.to_timedelta(table["hour"], unit="h")
    return table if named else table.drop(columns="via_author_key")


def two_kinds(seed, low=0.03, high=0.12, n=300):
    """A network whose people pass on by their relationship, known for all but a tenth."""
    rng = np.random.default_rng(seed)
    net = cascade.graph_of(nx.gnp_random_graph(n, 6 / n, seed=seed, directed=True))
    trust = pd.Series(rng.random(net.n), index=net.names)
    fond = trust.to_numpy() > trust.median()
    return net.with_probability(np.where(fond[net.target], high, low), "given"), trust, rng


def test_probabilities_by_relationship_are_found():
    inside = {"low": 0, "high": 0}
    for seed in range(30):
        net, trust, rng = two_kinds(seed)
        found = cascade.estimate_probabilities(net, shared(net, 80, rng), relationship=trust)
        rows = found.table.set_index("relationship_group")
        for kind, truth in (("low", 0.03), ("high", 0.12)):
            row = rows.loc[f"related_{kind}"]
            inside[kind] += row["low"] <= truth <= row["high"]
        assert found.known_links == 1 and not found.reason and found.hours == 1
        assert set(np.round(found.graph.probability, 6)) <= set(np.round(rows["probability"], 6))
    assert min(inside.values()) >= 23  # of 30, at 90%


def test_a_try_that_somebody_else_came_before_is_no_failure():
    rng, n, chance = np.random.default_rng(8), 4000, 0.4
    links = pd.DataFrame({"source": ["a", "b"] * n, "target": [f"l{i}" for i in range(n) for _ in "ab"]})
    delay = np.where(rng.random((n, 2)) < chance, rng.exponential(6, (n, 2)), np.inf)
    first = np.isfinite(delay.min(axis=1))
    hours = np.r_[0.0, 0.0, delay.min(axis=1)[first]]
    via = np.array(["a", "b"])[delay.argmin(axis=1)[first]]
    who = ["a", "b", *(f"l{i}" for i in np.flatnonzero(first))]
    at = pd.Timestamp("2025-01-06", tz="Asia/Seoul") + pd.to_timedelta(hours, unit="h")
    record = pd.DataFrame({"item_id": "i", "author_key": who, "shared_at": at, "via_author_key": [None, None, *via]})
    found = cascade.estimate_probabilities(cascade.graph_of(links), record, within_days=30)
    told = found.table.set_index("relationship_group")["probability"]["related_unknown"]
    assert told == pytest.approx(chance, abs=0.02)  # taken for failures, it would be .32


def test_without_names_all_who_could_have_told_share_the_credit():
    net, trust, rng = two_kinds(3)
    found = cascade.estimate_probabilities(net, shared(net, 300, rng, named=False), relationship=trust)
    rows = found.table.set_index("relationship_group")["probability"]
    assert rows["related_low"] == pytest.approx(0.03, rel=0.35)
    assert rows["related_high"] == pytest.approx(0.12, rel=0.35)
    assert math.isnan(found.known_links)


def test_a_crawl_that_misses_most_links_cannot_tell():
    net, _, rng = two_kinds(5)
    record = shared(net, 80, rng)
    part = net.links()[["source", "target"]].sample(frac=0.2, random_state=1)
    found = cascade.estimate_probabilities(cascade.graph_of(part), record)
    assert found.known_links < 0.3
    assert "of the links along which posts were passed on" in found.reason["en"]
    few = cascade.estimate_probabilities(net, record.head(3))
    assert "passed on" in few.reason["en"] and few.graph.probability is net.probability


def test_draws_differ_by_group_and_centre_on_the_estimate():
    net, trust, rng = two_kinds(6)
    found = cascade.estimate_probabilities(net, shared(net, 80, rng), relationship=trust)
    drawn = np.array([found.drawn(rng).probability for _ in range(200)])
    assert np.abs(drawn.mean(axis=0) / found.graph.probability - 1).max() < 0.1
    assert drawn[:, 0].std() > 0


# --- three ways of selling --------------------------------------------------------------------------------------------

COSTS = {"reviewers": 10_000, "group_leaders": 30_000, "opinion_leaders": 100_000}


def hub_network(seed=1, hubs=5, fans=80):
    rng = np.random.default_rng(seed)
    pairs = {(f"hub{h}", f"p{f}") for h in range(hubs) for f in rng.choice(500, fans, replace=False)}
    pairs |= {(f"p{a}", f"p{b}") for a, b in rng.integers(500, size=(800, 2)) if a != b}
    return cascade.graph_of(pd.DataFrame(sorted(pairs), columns=["source", "target"]))


def test_ways_of_selling_cost_the_same_and_are_compared():
    net = cascade.assumed(hub_network(), 0.05)
    found = cascade.compare_selling(net, money=500_000, costs=COSTS, rng=1, draws=20)
    assert list(found.table["way"]) == list(cascade.WAYS)
    assert found.table["seeds"].tolist() == [50, 16, 5]
    assert (found.table["spent"] <= 500_000).all()
    assert set(found.names["opinion_leaders"]) == {f"hub{i}" for i in range(5)}
    assert found.difference("opinion_leaders").reason["en"].startswith("The probabilities of passing on are assumed")
    assert (found.table["low"] <= found.table["per_million"]).all()


@pytest.mark.parametrize(("fans", "wins"), [(150, True), (2, False)])
def test_opinion_leaders_pay_where_there_are_any(fans, wins):
    net = hub_network(fans=fans).with_probability(0.1, "given")
    rng = np.random.default_rng(2)
    links_told = cascade.estimate_probabilities(net, shared(net, 60, rng))
    gap = cascade.compare_selling(links_told, money=500_000, costs=COSTS, rng=1, draws=20).difference("opinion_leaders")
    assert (gap.low > 0) if wins else (gap.high < 0)


def test_selling_without_a_price_or_money_is_refused():
    net = cascade.assumed(hub_network(), 0.05)
    with pytest.raises(ValueError, match="a price above 0 for each of reviewers"):
        cascade.compare_selling(net, money=1e6, costs={"reviewers": 1})
    with pytest.raises(ValueError, match="50,000 wins nobody as opinion_leaders"):
        cascade.compare_selling(net, money=50_000, costs=COSTS)


def test_communities_are_those_that_were_planted():
    planted = nx.planted_partition_graph(6, 40, 0.3, 0.004, seed=3)
    found = cascade.communities(cascade.graph_of(planted), rng=1)
    names = cascade.graph_of(planted).names.to_numpy() // 40
    agree = pd.crosstab(names, found).max(axis=1).sum() / 240
    assert agree > 0.9
    assert (np.diff(np.bincount(found)) <= 0).all()
