"""Plans held against each other on the same luck, and guests who choose for themselves."""

import numpy as np
import pandas as pd
import pytest

from smm_analysis import virtual
from smm_analysis.virtual.case_plans import AFTER, BEFORE, CAMPAIGN, SHOP_HOURS, shares
from smm_analysis.virtual.contest import COUNTS, weekly_counts
from smm_analysis.virtual.worlds import LINES

WEEKS = BEFORE + CAMPAIGN + AFTER


@pytest.fixture(scope="module")
def campaigns():
    plans = virtual.nokia_plans().items()
    return {name: virtual.simulate(seed=1, plan=plan, people=300, weeks=WEEKS) for name, plan in plans}


def test_campaigns_cost_the_same_and_differ_in_six_weeks_only(campaigns):
    money = {name: sim.choices.money for name, sim in campaigns.items()}
    usual, first = money["one_way"], WEEKS // 2
    assert len(money) == 9
    for name, spent in money.items():
        assert spent.sum() == pytest.approx(usual.sum(), rel=1e-3), name
        apart = np.abs(spent[:BEFORE] / spent[:BEFORE].sum() - usual[:BEFORE] / usual[:BEFORE].sum()).max()
        assert apart < 1e-4, name
    assert (money["all_three"][first, LINES.index("promo")], money["one_way"][first, LINES.index("diffusion")]) == (
        0,
        0,
    )
    assert money["story_without_tv"][:, LINES.index("tv")].sum() == 0


def test_weekly_counts_are_those_of_the_simulation(campaigns):
    for sim in campaigns.values():
        total = weekly_counts(sim)[list(COUNTS)].sum()
        assert total["purchases"] == sim.purchases.sum()
        assert total["loyal"] == sim.loyal.sum()
        assert total["shares"] == sim.shares.sum()
        followers = sim.history["follows"].sum(axis=1)
        assert total["follower_gain"] == pytest.approx(followers[-1] - (virtual_fans(sim)), abs=0)


def virtual_fans(sim):
    """Followers before the first week: those of its end less who came, plus who went."""
    log = sim.history
    return log["follows"][0].sum() - log["joined"][0].sum() + log["left"][0].sum()


def test_expected_new_customers_are_met_on_average():
    sims = [virtual.simulate(seed=seed, people=1500, weeks=40) for seed in range(8)]
    expected = np.array([weekly_counts(sim)["new_customers"].sum() for sim in sims])
    came = np.array([(sim.first_week < 40).sum() for sim in sims])
    assert abs((came - expected).sum()) < 3 * np.sqrt(expected.sum())


def test_leads_by_hand():
    rows = [("a", 1, 0, 10.0), ("a", 2, 0, 30.0), ("b", 1, 0, 12.0), ("b", 2, 0, 30.0), ("b", 2, 1, 99.0)]
    weekly = pd.DataFrame(rows, columns=["contestant", "seed", "week", "shares"])
    table = virtual.leads(weekly, "a", count="shares", until=1).set_index("contestant")
    assert table.loc["a", ["estimate", "low", "high"]].to_list() == [0, 0, 0]
    assert table.loc["b", ["total", "estimate", "n"]].to_list() == [21, 5, 2]  # gaps of 10% and 0%
    assert table.loc["b", "high"] - 5 == pytest.approx(6.3138 * 5, rel=1e-4)  # t(.95, 1) times the standard error


def test_leads_need_a_base_and_two_seeds():
    weekly = virtual.contest({"a": {}}, seeds=[1], people=200, weeks=8)
    with pytest.raises(ValueError, match="must be one of a, on two seeds"):
        virtual.leads(weekly, "a")


def test_where_nothing_matters_no_campaign_leads():
    plans = {name: {"plan": plan} for name, plan in virtual.nokia_plans().items()}
    weekly = virtual.contest(plans, seeds=(1, 2), people=300, weeks=WEEKS, world="nothing_matters")
    assert np.allclose(virtual.leads(weekly, "one_way")["estimate"], 0)


def test_the_shop_spends_its_hours_and_no_more():
    mix = virtual.shop_plan(offers=20, talk=0).shares(0, 52)
    assert mix.sum() == pytest.approx(1)
    assert mix[LINES.index("useful")] == pytest.approx((SHOP_HOURS["listen"] + SHOP_HOURS["useful"]) / 100)
    with pytest.raises(ValueError, match="add up to 100"):
        virtual.shop_plan(offers=80)
    with pytest.raises(ValueError, match="shares of listen"):
        shares(tweets=10)


def test_who_does_not_reply_gets_the_firms_choice():
    table = virtual.simulate_guests(seed=3, guests=800).table
    silent = table[~table["replied"]]
    assert (silent["given"] == silent["chosen"]).all() and (silent["took_cmr"] == silent["took_crm"]).all()


def test_true_words_never_lose_and_empty_ones_do():
    true, empty = (virtual.simulate_guests(seed=4, guests=2000, honesty=h).table for h in (1.0, 0.0))
    assert (true["chance_cmr"] >= true["chance_crm"]).all()
    assert empty["chance_cmr"].mean() < empty["chance_crm"].mean()


def test_the_naive_gap_is_mostly_who_replies():
    for seed in range(10):
        found = virtual.take_up(virtual.simulate_guests(seed=seed)).set_index("measure")
        assert found.loc["naive_replied", "low"] > found.loc["among_replied", "high"]
        assert abs(found.loc["over_all", "estimate"]) <= abs(found.loc["among_replied", "estimate"])


def test_a_longer_record_needs_fewer_questions():
    swept = virtual.steering(seeds=range(4), honesty=[0.4, 0.9], earlier=[0, 30], guests=1000)
    gain = swept.set_index(["earlier", "honesty"])["estimate"]
    assert gain[0, 0.9] > gain[30, 0.9] and gain[0, 0.9] > gain[0, 0.4]


@pytest.mark.parametrize("wrong", [{"guests": 10}, {"honesty": 1.2}, {"replies": 0.0}, {"earlier": -1}])
def test_guests_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        virtual.simulate_guests(seed=1, **wrong)
