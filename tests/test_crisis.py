"""What the record tells of crises, the what-ifs, the whole simulated network, and the figures of word of mouth."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smm_analysis import cascade, plot, tables, terms, virtual
from smm_analysis.plot.layout import positions

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
START = pd.Timestamp("2026-03-02T09:00", tz="Asia/Seoul")


def record(rows):
    """Mentions by (hours after the start, author, role, thread)."""
    frame = pd.DataFrame(rows, columns=["hours", "author_key", "author_role", "thread_id"])
    return frame.assign(created_at=START + pd.to_timedelta(frame["hours"], unit="h"))


MENTIONS = record(
    [
        (-1.0, "early", "customer", "t0"),
        (1.0, "ann", "customer", "t1"),
        (2.0, "bob", "unknown", "t2"),
        (2.5, "ann", "customer", "t2"),
        (3.5, "us", "brand", "t1"),
        (30.0, "eve", "customer", "t1"),
    ]
)
EVENTS = pd.DataFrame(
    {
        "kind": ["campaign", "crisis", "crisis"],
        "start": [START, START + pd.Timedelta(days=9), START],
        "end": [START + pd.Timedelta(days=k) for k in (1, 10, 1)],
    }
)
NET = cascade.graph_of(pd.DataFrame({"source": ["ann", "bob", "eve"], "target": ["bob", "eve", "dan"]}))


def test_crises_say_who_spoke_and_when_the_firm_did():
    found = cascade.crises(MENTIONS, EVENTS)
    assert found["start"].tolist() == [START, START + pd.Timedelta(days=9)]
    assert found[["mentions", "people"]].to_numpy().tolist() == [[3, 2], [0, 0]]
    assert found["hours_to_first_word"].iloc[0] == 3.5 and math.isnan(found["hours_to_first_word"].iloc[1])
    assert cascade.crises(MENTIONS, None).empty and cascade.crises(MENTIONS, EVENTS.head(1)).empty


def test_first_voices_are_those_in_the_network_in_order():
    assert cascade.first_voices(MENTIONS, START, NET) == ("ann", "bob")
    assert cascade.first_voices(MENTIONS, START, NET, hours=48) == ("ann", "bob", "eve")


def test_who_hears_the_firm_shared_at_first_hand_or_talked_with_it():
    shares = pd.DataFrame({"author_key": ["dan", "bob"], "via_author_key": [None, "ann"]})
    assert set(cascade.firms_audience(MENTIONS, shares, NET)) == {"dan", "ann", "eve"}


def test_the_relationship_is_that_of_customers_whose_handle_is_known():
    customers = pd.DataFrame({"customer_key": ["c1", "c2"], "author_key": ["ann", None]})
    surveys = pd.DataFrame(
        {
            "customer_key": ["c1", "c1", "c1", "c2"],
            "question": ["trust", "trust", "recommend", "trust"],
            "score": [4.0, 8.0, 1.0, 9.0],
        }
    )
    assert cascade.relationship_of(surveys, customers).to_dict() == {"ann": 6.0}


@pytest.fixture(scope="module")
def sample():
    everyone = tables.load(SAMPLE, need=["follows", "shares"])
    return everyone, everyone.cut(brand="mirae")


def test_the_whole_network_holds_the_crawl(sample):
    everyone, own = sample
    whole = virtual.whole_network(everyone.dataset.truth["brands"]["mirae"], "mirae")
    crawl = set(zip(own.follows["follower_key"], own.follows["followed_key"], strict=True))
    assert crawl <= set(zip(whole["follower_key"], whole["followed_key"], strict=True))
    assert len(crawl) < 0.06 * len(whole)


def test_the_crawl_cannot_tell_and_the_whole_network_can(sample):
    everyone, own = sample
    crawl = cascade.estimate_probabilities(cascade.follow_graph(own.follows), own.shares, suppose=0.05)
    assert crawl.known_links < 0.1 and "%" in crawl.reason["ko"]
    assert crawl.graph.is_assumed and set(crawl.graph.probability) == {0.05}
    net = cascade.follow_graph(virtual.whole_network(everyone.dataset.truth["brands"]["mirae"], "mirae"))
    whole = cascade.estimate_probabilities(net, own.shares, suppose=0.05)
    assert not whole.reason and whole.known_links == 1
    assert whole.table["passed_on"].sum() >= 100


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def closed():
    yield
    plot.plt.close("all")


def town(p=0.3):
    rng = np.random.default_rng(1)
    pairs = {(int(a), int(b)) for a, b in rng.integers(60, size=(240, 2)) if a != b}
    return cascade.assumed(cascade.graph_of(pd.DataFrame(sorted(pairs), columns=["source", "target"])), p)


@pytest.mark.parametrize("lang", terms.LANGS)
def test_figures_are_drawn_in_both_languages(lang):
    plot.set_theme()
    net = town()
    costs = {"reviewers": 1, "group_leaders": 5, "opinion_leaders": 10}
    ways = cascade.compare_selling(net, money=20, costs=costs, draws=3, n_sim=5)
    raced = {"responders": [5, 6], "n_sim": 10}
    waits = cascade.contain(net, [0, 1], **raced | {"responders": {"firm_answers": [5], "my own": [6]}})
    late = cascade.late_answer_by_probability(net, [0, 1], **raced, probabilities=(0.1, 0.5))
    supposed = cascade.selling_by_probability(net, money=20, costs=costs, probabilities=(0.1, 0.5), draws=2)
    panels = plot.plot_network(net, {"most_followed": [0, 1], "opinion_leaders": [2, 3]}, people=40, lang=lang)
    axes = [
        plot.plot_selling(ways, lang=lang),
        plot.plot_containment(waits, lang=lang),
        plot.plot_late_cost(late, lang=lang),
        plot.plot_selling_by_probability(supposed, lang=lang),
    ]
    assert all(ax.get_title(loc="left") for ax in [*axes, *panels])
    assert len(panels) == 2
    assert any("my own (n = 10" in text.get_text() for text in axes[1].get_legend().get_texts())


def test_a_late_answer_costs_more_the_more_catching_a_rumour_is():
    late = cascade.late_answer_by_probability(
        town(), [0, 1], responders=[5, 6], hours_per_step=8, probabilities=(0.02, 0.4), n_sim=200
    )
    assert late["difference"].iloc[1] > late["difference"].iloc[0] >= 0
    assert (late["late"] - late["early"]).to_numpy() == pytest.approx(late["difference"].to_numpy())


def test_places_are_fixed_by_the_seed_and_bring_linked_people_together():
    net = town()
    one, two = (positions(net.source, net.target, net.n, seed=3) for _ in range(2))
    assert (one == two).all() and np.isfinite(one).all()
    assert np.abs(one).max() < 20
    blocks = np.repeat([0, 1], 20)
    source, target = np.nonzero((blocks[:, None] == blocks) & ~np.eye(40, dtype=bool))
    place = positions(source, target, 40, seed=1)
    centre = np.array([place[blocks == b].mean(axis=0) for b in (0, 1)])
    own, other = (np.linalg.norm(place - centre[b], axis=1) for b in (blocks, 1 - blocks))
    assert (own < other).mean() > 0.95
