import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from smm_analysis.mix import Curve, adstock, allocate, contribution, fit_mix, frontier, split_money
from smm_analysis.mix.caution import as_cautious_with_half, shortfall
from smm_analysis.mix.response import responses
from smm_analysis.mix.waterfill import hull_bound, is_concave, outcome_of, whole_money

ZERO, ONE = np.zeros(3), np.ones(3)


def root(size):
    """Return size x sqrt(x): the best split of the total is in proportion to size squared."""
    return Curve(lambda x: size * np.sqrt(x), lambda x: size / (2 * np.sqrt(np.maximum(x, 1e-300))))


def logarithm(size, half):
    return Curve(lambda x: size * np.log1p(x / half), lambda x: size / (x + half))


def line(slope):
    return Curve(lambda x: slope * x, lambda x: np.full_like(x, slope))


def hill(size, half, power):
    def slope(x):
        u = (np.maximum(x, 1e-12) / half) ** power
        return size * power * u / (1 + u) ** 2 / np.maximum(x, 1e-12)

    return Curve(lambda x: size * (x / half) ** power / (1 + (x / half) ** power), slope)


def naive_best(curves, total, low, high, steps=400):
    """The best of all splits on a grid, three curves."""
    best = -np.inf
    for x in np.linspace(0, total, steps + 1):
        y = np.linspace(0, total - x, steps + 1)
        splits = np.column_stack([np.full_like(y, x), y, total - x - y])
        allowed = ((splits >= low - 1e-12) & (splits <= high + 1e-12)).all(axis=1)
        values = sum(curve.value(money) for curve, money in zip(curves, splits.T, strict=True))
        best = max(best, values[allowed].max(initial=-np.inf))
    return best


def slsqp(curves, total, low, high):
    start = low + (high - low) * (total - low.sum()) / (high - low).sum()
    found = minimize(
        lambda x: -outcome_of(curves, x),
        start,
        jac=lambda x: -np.array([c.slope(np.array([v]))[0] for c, v in zip(curves, x, strict=True)]),
        method="SLSQP",
        bounds=list(zip(low, high, strict=True)),
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - total}],
        options={"ftol": 1e-13, "maxiter": 500},
    )
    return outcome_of(curves, found.x) if abs(found.x.sum() - total) < 1e-9 else -np.inf


# --- splitting money --------------------------------------------------------------------------------------------------


def test_the_split_of_square_roots_is_the_textbook_s():
    split = split_money([root(1), root(2), root(3)], 14.0, low=ZERO, high=14 * ONE)
    np.testing.assert_allclose(split.money, [1, 4, 9], rtol=1e-9)
    assert split.outcome == split.bound == pytest.approx(14)
    assert split.concave == (True, True, True)


def test_logarithms_are_filled_like_water_from_the_best_slope():
    """At slopes 3/1, 2/1, 1/4 and little money, the third stays dry: levels 3/(x+1) = 2/(y+1), x + y = 2."""
    split = split_money([logarithm(3, 1), logarithm(2, 1), logarithm(1, 4)], 2.0, low=ZERO, high=2 * ONE)
    np.testing.assert_allclose(split.money, [1.4, 0.6, 0], atol=1e-9)


def test_bounds_bind_and_the_rest_is_split_as_if_they_were_not_there():
    split = split_money([root(1), root(2), root(3)], 14.0, low=np.array([2.0, 0, 0]), high=np.array([14, 14, 7.0]))
    np.testing.assert_allclose(split.money, [2, 5, 7], rtol=1e-9)


def test_straight_lines_fill_the_steepest_first_and_ties_are_shared_out():
    split = split_money([line(1), line(3), line(3)], 5.0, low=ZERO, high=np.array([9, 2, 2.0]))
    np.testing.assert_allclose(split.money, [1, 2, 2], atol=1e-9)
    tied = split_money([line(2), line(2)], 5.0, low=ZERO[:2], high=np.full(2, 4.0))
    assert tied.money.sum() == pytest.approx(5)
    assert tied.outcome == pytest.approx(10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_concave_splits_are_no_worse_than_slsqp_s(seed):
    """The benchmark has 200 of these, and other families."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 7))
    curves = [logarithm(rng.uniform(0.2, 5), 10 ** rng.uniform(-1.5, 0.3)) for _ in range(k)]
    low = rng.uniform(0, 0.8 / k, k) * (rng.random(k) < 0.5)
    high = np.where(rng.random(k) < 0.5, low + rng.uniform(1.2 / k, 1, k), 1)
    split = split_money(curves, 1.0, low=low, high=high)
    assert split.outcome >= slsqp(curves, 1.0, low, high) - 1e-6
    assert split.money.sum() == pytest.approx(1, abs=1e-12)
    assert ((split.money >= low - 1e-12) & (split.money <= high + 1e-12)).all()


@pytest.mark.parametrize("seed", range(8))
def test_s_shaped_splits_are_no_worse_than_a_fine_grid_and_below_their_bound(seed):
    rng = np.random.default_rng(seed)
    curves = [hill(rng.uniform(0.3, 3), rng.uniform(0.1, 1), rng.uniform(1.5, 4)) for _ in range(3)]
    low, high = np.array([0, 0.1, 0]), np.array([1, 0.7, 1.0])
    split = split_money(curves, 1.0, low=low, high=high)
    assert split.outcome >= naive_best(curves, 1.0, low, high) - 1e-9
    assert split.outcome <= split.bound <= outcome_of(curves, ONE)
    assert not all(split.concave)


def test_where_s_curves_are_alike_money_goes_to_one_rather_than_being_spread():
    """Two equal S-curves, money enough for one: equal slopes would be the worst split."""
    curves = [hill(1, 1, 4), hill(1, 1, 4)]
    split = split_money(curves, 1.2, low=ZERO[:2], high=np.full(2, 1.2))
    assert sorted(split.money.round(6)) == [0, 1.2]
    assert split.outcome > 1.5 * outcome_of(curves, np.array([0.6, 0.6]))


def test_concavity_is_seen_within_the_bounds_only():
    assert is_concave(root(1), 0, 5)
    assert not is_concave(hill(1, 1, 3), 0, 5)
    assert is_concave(hill(1, 1, 3), 1, 5)
    assert is_concave(hill(1, 1, 3), 2, 2)


def test_the_hull_bound_of_an_s_curve_is_its_tangent_from_the_origin():
    """x^2/(1+x^2): the tangent from 0 touches at x = 1, value 1/2, slope 1/2; at .4 the hull is .2."""
    assert hull_bound([hill(1, 1, 2)], 0.4, np.zeros(1), np.full(1, 4.0)) == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize(
    ("low", "high", "match"),
    [
        ([0.5, 0.6], [1, 1], "bounds allow 1 to 2 in all, but the total is 1"),
        ([0, 0], [0.3, 0.3], "bounds allow 0 to 1 in all, but the total is 1"),
        ([0.5, 0], [0.3, 1], "0 <= low <= high"),
        ([-1, 0], [1, 1], "0 <= low <= high"),
    ],
)
def test_impossible_bounds_are_refused(low, high, match):
    with pytest.raises(ValueError, match=match):
        split_money([root(1), root(2)], 1.0, low=np.array(low, float), high=np.array(high, float))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10**12))
def test_whole_money_adds_up_to_the_won_within_bounds(seed, total):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(int(rng.integers(1, 9)))) * total
    low, high = np.floor(share * rng.uniform(0, 1, len(share))), np.ceil(share * rng.uniform(1, 2, len(share)))
    money = whole_money(share, total, low=low, high=high)
    assert money.sum() == total
    assert ((money >= low) & (money <= high)).all()
    assert np.abs(money - share).max() <= len(share)


# --- allocating with a model ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    """Two equally large channels, of which sns brings three times as much; and radio, which brings nothing."""
    rng, n = np.random.default_rng(0), 156
    week = np.arange(n)[:, None]
    spend = np.where((week + np.array([0, 3, 7])) % 11 < 5, rng.integers(50_000, 150_000, (n, 3)), 0).astype(float)
    brought = np.array([8, 24, 0.0]) * -np.expm1(-0.7 * adstock(spend, np.array([[0.4, 0.3, 0.3]]))[0] / 100_000)
    y = 100 + brought.sum(axis=1) + 1.5 * rng.normal(size=n)
    table = pd.DataFrame(spend, columns=["tv", "sns", "radio"])
    table = table.assign(y=y, week=pd.date_range("2023-01-02", periods=n, freq="7D"))
    lines = {"tv": "atl", "sns": "online", "radio": "atl"}
    return fit_mix(table, outcome="y", channels=["tv", "sns", "radio"], lines=lines, draws=800)


@pytest.fixture(scope="module")
def plan(model):
    return allocate(model)


def test_money_moves_to_where_it_brings_more_and_adds_up_to_the_won(model, plan):
    table = plan.table.set_index("channel")
    assert table["spend"].sum() == table["spend_before"].sum() == plan.total == round(model.spend.tail(52).sum().sum())
    assert table["spend"].dtype.kind == "i"
    assert table.loc["sns", "spend"] > table.loc["sns", "spend_before"]
    assert table.loc["radio", "spend"] < table.loc["radio", "spend_before"]
    assert table.loc["radio", "binds"] == "low"
    assert ((table["spend"] >= table["bound_low"]) & (table["spend"] <= table["bound_high"])).all()


def test_free_channels_earn_the_same_at_the_margin_and_bound_ones_do_not(model):
    wide = allocate(model, bounds={name: (0, 1e9) for name in model.channels}, worst=1).table.set_index("channel")
    free = wide[wide["binds"] == ""]
    assert len(free) >= 2
    assert np.ptp(free["marginal_after"]) < 0.02 * free["marginal_after"].mean()
    dry = wide[wide["binds"] == "low"]
    assert (dry["marginal_after"] <= free["marginal_after"].min() * 1.02).all()


def test_the_gain_is_sure_here_and_is_what_the_other_weeks_say(model, plan):
    """Each half's plan valued by the other half, by hand; the weeks that chose a plan think better of it."""
    assert plan.gain.low > 0
    assert plan.p_gain > 0.95
    assert plan.gain.low <= plan.gain.estimate <= plan.gain.high
    before, after = (plan.table[name].to_numpy() for name in ("spend_before", "spend"))
    ways = []
    for asked, other in (model.halves, model.halves[::-1]):
        chosen = allocate(asked, worst=as_cautious_with_half(0.5)).table["spend"].to_numpy()
        ways.append(responses(other, draws=200).gain(chosen, before).mean())
    assert plan.gain.estimate == pytest.approx(np.mean(ways), rel=0.02)
    assert plan.gain.estimate < responses(model, draws=200).gain(after, before).mean()
    assert plan.p_btl_beats_atl > 0.95


@pytest.mark.parametrize("worst", [0.1, 0.5, 1])
def test_no_split_within_the_bounds_gains_more_in_the_worst_draws(model, worst):
    plan, found = allocate(model, worst=worst), responses(model, draws=200)
    before, after, low, high = (
        plan.table[name].to_numpy() for name in ("spend_before", "spend", "bound_low", "bound_high")
    )
    reached = shortfall(found.more(after, before), worst)
    assert plan.shortfall == pytest.approx(reached)
    assert reached <= plan.bound * (1 + 1e-6) < 1.001 * reached
    rng, tried = np.random.default_rng(3), 0
    while tried < 300:
        others = after + rng.normal(size=3) * rng.choice([1e-4, 1e-2, 0.3]) * before
        others[2] = plan.total - others[:2].sum()
        if ((low <= others) & (others <= high)).all():
            tried += 1
            assert shortfall(found.more(others, before), worst) <= plan.bound * (1 + 1e-6)


@pytest.fixture(scope="module")
def alike():
    """Six brands whose three channels do the same, alike in money: no split is better than another."""
    models = []
    for seed in range(1000, 1006):
        rng = np.random.default_rng(seed)
        spend = 100 * rng.integers(0, 2, (104, 3)) * np.exp(0.3 * rng.normal(size=(104, 3)))
        y = 50 + 10 * -np.expm1(-spend / 100).sum(axis=1) + 8 * rng.normal(size=104)
        weeks = pd.DataFrame(spend, columns=["a", "b", "c"]).assign(
            y=y, week=pd.date_range("2023-01-02", freq="7D", periods=104)
        )
        models.append(fit_mix(weeks, outcome="y", channels=["a", "b", "c"], draws=400))
    return models


def test_where_no_split_is_better_than_another_hardly_any_gain_is_said(alike):
    """What the choosing weeks think of a plan that counts all draws is all luck."""
    said, thought = [], []
    for mix in alike:
        plan = allocate(mix, draws=100, worst=1)
        before, after = (plan.table[name].to_numpy() for name in ("spend_before", "spend"))
        said.append(plan.gain.estimate)
        thought.append(responses(mix, draws=100).gain(after, before).mean())
    assert np.mean(thought) > 0
    assert abs(np.mean(said)) < 0.5 * np.mean(thought)


def test_where_no_split_is_better_money_stays_unless_all_draws_count(alike):
    moved = {worst: [allocate(mix, draws=100, worst=worst).moves for mix in alike] for worst in (1, 0.5, 0.02)}
    assert np.mean(moved[1]) > 0.8
    assert np.mean(moved[0.5]) < 0.4
    assert not any(moved[0.02])


def test_a_plan_that_moves_nothing_gains_nothing_whatever_half_of_the_weeks_would_do(alike):
    half = allocate(alike[1].halves[0], draws=100, worst=as_cautious_with_half(0.5))
    plan = allocate(alike[1], draws=100)
    assert half.moves
    assert not plan.moves
    assert (plan.gain.estimate, plan.gain.low, plan.gain.high, plan.p_gain, plan.shortfall) == (0, 0, 0, 0, 0)
    assert plan.gain.n == 104
    assert plan.bound == pytest.approx(0, abs=1e-5 * plan.outcome)
    assert "No money moves" in plan.gain.reason["en"]


def test_a_plan_that_no_half_of_the_weeks_would_make_is_not_said_to_gain_nothing(alike):
    halves = [allocate(half, draws=100, worst=as_cautious_with_half(0.5)) for half in alike[4].halves]
    plan = allocate(alike[4], draws=100)
    assert plan.moves
    assert not any(half.moves for half in halves)
    assert all(math.isnan(number) for number in (plan.gain.estimate, plan.gain.low, plan.gain.high, plan.p_gain))
    assert "cannot be said" in plan.gain.reason["en"]


def test_a_half_is_as_cautious_as_the_whole(alike):
    """By hand, where it matters how cautious a half is: as cautious as the whole by name, it would say a third less."""
    plan, said = allocate(alike[5], draws=100), {}
    before = plan.table["spend_before"].to_numpy()
    for worst in (as_cautious_with_half(0.5), 0.5):
        chosen = [allocate(half, draws=100, worst=worst).table["spend"].to_numpy() for half in alike[5].halves]
        ways = zip(alike[5].halves, reversed(chosen), strict=True)
        said[worst] = np.mean([responses(half, draws=100).gain(money, before).mean() for half, money in ways])
    assert plan.gain.estimate == pytest.approx(said[as_cautious_with_half(0.5)], rel=0.02)
    assert said[0.5] < 0.75 * plan.gain.estimate


@pytest.mark.parametrize(("brand", "worst"), [(0, 0.8), (2, 0.9), (3, 0.9), (5, 0.2)])
def test_what_a_plan_falls_short_of_its_bound_is_next_to_nothing(alike, brand, worst):
    plan = allocate(alike[brand], draws=100, worst=worst)
    assert plan.moves
    assert 0 <= plan.bound - plan.shortfall < 1e-4 * plan.outcome
    assert plan.bound - plan.shortfall < 0.02  # units of the outcome


def test_the_plan_as_it_was_brings_what_the_model_says_it_brought(model):
    """52 of 156 weeks of the same pattern, carry-over at the edges apart."""
    found = responses(model, weeks=len(model.spend), draws=800)
    for k, name in enumerate(found.channels):
        brought = found.values(k, found.before[[k]])
        assert brought.mean() == pytest.approx(contribution(model, name).estimate, rel=0.02)


def test_slopes_of_the_response_are_its_derivative(model):
    found = responses(model, draws=50)
    at = found.before[0] * np.array([0.3, 1.0, 1.7])
    step = found.before[0] * 1e-5
    numeric = (found.values(0, at + step) - found.values(0, at - step)) / (2 * step)
    np.testing.assert_allclose(found.slopes(0, at), numeric, rtol=1e-5)


def test_idle_money_could_stay_unspent_at_a_small_loss(model):
    wide = {name: (0, 1e9) for name in model.channels}
    plan = allocate(model, bounds=wide, worst=1)
    assert 0 <= plan.idle_money < plan.total
    less = allocate(model, plan.total - plan.idle_money, bounds=wide, worst=1)
    assert less.outcome >= 0.99 * plan.outcome * (1 - 1e-4)


def test_a_bound_of_one_s_own_is_kept_and_a_total_of_one_s_own_is_spent(model):
    plan = allocate(model, 3_000_001, bounds={"tv": (1_000_000, 1_000_000), "sns": (0, 3e6), "radio": (0, 3e6)})
    table = plan.table.set_index("channel")
    assert table["spend"].sum() == 3_000_001
    assert table.loc["tv", "spend"] == 1_000_000


def test_the_frontier_spends_the_same_money_at_every_step(model):
    line_ = frontier(model, 6_000_000, steps=5)
    assert (line_["spend_atl"] + line_["spend_btl"] == 6_000_000).all()
    assert line_["share_btl"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (line_["low"] <= line_["outcome"]).all()
    assert (line_["outcome"] <= line_["high"]).all()
    assert line_["outcome"].idxmax() >= 2
    assert line_["extrapolated"].iloc[-1]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"total": 0}, "total must be a whole amount of money above 0, not 0"),
        ({"total": 10.5}, "whole amount"),
        ({"worst": 0}, "worst is the share of draws that counts, above 0 and at most 1, not 0"),
        ({"worst": 1.5}, "not 1.5"),
        ({"bounds": {"print": (0, 1)}}, "bounds name print; fitted channels are tv, sns, radio"),
        ({"bounds": {"tv": (0, 1), "sns": (0, 1), "radio": (0, 1)}}, "bounds allow 0 to 3 in all"),
    ],
)
def test_what_cannot_be_allocated_is_refused(model, options, match):
    with pytest.raises(ValueError, match=match):
        allocate(model, **options)


def test_without_a_fitted_channel_or_a_pattern_there_is_nothing_to_allocate(model):
    nothing = replace(model, fitted=(), reasons={"tv": {"en": "too few weeks", "ko": ""}})
    with pytest.raises(ValueError, match="nothing to allocate: too few weeks"):
        allocate(nothing)
    quiet = model.spend.copy()
    quiet.loc[quiet.index[-52:], "tv"] = 0.0
    with pytest.raises(ValueError, match="tv: no money in the last 52 weeks, so no pattern"):
        allocate(replace(model, spend=quiet))
    with pytest.raises(ValueError, match="no fitted channel is of lines btl"):
        frontier(model, btl=("btl",))


def test_a_gain_from_a_refused_channel_carries_its_reason(model):
    refused = replace(model, reasons={"sns": {"en": "sns: never off.", "ko": "sns: 쉰 주가 없습니다."}})
    assert allocate(refused).gain.reason["en"] == "sns: never off."
    assert not allocate(model).gain.reason


def test_without_both_lines_their_comparison_is_not_defined(model):
    assert math.isnan(allocate(replace(model, lines={})).p_btl_beats_atl)


def test_s_shaped_channels_are_named():
    rng, n = np.random.default_rng(1), 156
    week = np.arange(n)[:, None]
    spend = np.where((week + np.array([0, 4])) % 11 < 5, rng.uniform(20, 180, (n, 2)), 0)
    u = (spend / 110) ** 4
    y = 100 + (u / (1 + u)) @ [30, 20] + 0.5 * rng.normal(size=n)
    table = pd.DataFrame(spend, columns=["tv", "sns"]).assign(
        y=y, week=pd.date_range("2023-01-02", periods=n, freq="7D")
    )
    model = fit_mix(table, outcome="y", channels=["tv", "sns"], draws=400)
    plan = allocate(model, bounds={"tv": (0, 1e6), "sns": (0, 1e6)})
    assert set(plan.not_concave) == {"tv", "sns"}
    assert plan.shortfall <= plan.bound
    assert plan.table["spend"].sum() == plan.total
