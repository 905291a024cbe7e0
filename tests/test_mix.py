import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis import mix
from smm_analysis.mix import (
    FAMILIES,
    LiftTest,
    adstock,
    carry_over_of,
    contribution,
    cost_per_outcome,
    fit_mix,
    half_life,
    half_life_gap,
    half_life_weeks,
    loyal_gap,
    mix_panel,
    mix_table,
    roas,
)
from smm_analysis.mix.averaging import average_families, weigh
from smm_analysis.mix.diagnostics import diagnose
from smm_analysis.mix.regression import FamilyFit, Regression, draw_effects, non_negative, none_at_all
from smm_analysis.terms import reason
from smm_analysis.verdict import judge

WEEKS = pd.date_range("2024-01-01", periods=120, freq="7D")
QUICK = {"draws": 300}


def flights(rng, n, k):
    """Money in flights: 4 weeks on, 6 off, shifted by channel, of changing size."""
    week = np.arange(n)[:, None]
    return np.where((week + 3 * np.arange(k)) % 10 < 4, rng.uniform(50, 150, (n, k)), 0.0)


def brand(seed=0, *, n=120, effects=(20.0, 12.0), carry=(0.5, 0.2), noise=2.0, half=100.0):
    """Return weeks with outcome `y`, money tv and sns, a control, and the truth of each channel's contribution."""
    rng = np.random.default_rng(seed)
    spend = flights(rng, n, len(effects))
    brought = np.array(effects) * -np.expm1(-np.log(2) * adstock(spend, np.array([carry]))[0] / half)
    price = rng.normal(size=n)
    y = (
        100
        + 5 * np.sin(2 * np.pi * np.arange(n) / 52.18)
        + 3 * price
        + brought.sum(axis=1)
        + noise * rng.normal(size=n)
    )
    weeks = pd.date_range("2024-01-01", periods=n, freq="7D")
    names = ["tv", "sns", "radio"][: len(effects)]
    table = pd.DataFrame(spend, columns=names).assign(week=weeks, y=y, price=price)
    return table, dict(zip(names, brought.sum(axis=0), strict=True))


def fit(table, **options):
    settings = {"outcome": "y", "channels": ["tv", "sns"], "controls": ["price"]} | QUICK | options
    return fit_mix(table, **settings)


@pytest.fixture(scope="module")
def fitted():
    table, truth = brand()
    return fit(table, lines={"tv": "atl", "sns": "btl"}, draws=1000), truth


# --- the pieces against naive ones ------------------------------------------------------------------------------------


def naive_adstock(spend, carry):
    return [sum((1 - carry) * carry**age * spend[week - age] for age in range(week + 1)) for week in range(len(spend))]


@pytest.mark.parametrize("carry", [0.0, 0.3, 0.9])
def test_adstock_is_the_sum_of_all_past_weeks(carry):
    spend = np.random.default_rng(1).uniform(0, 9, (30, 2))
    got = adstock(spend, np.array([[carry, 0.5]]))
    assert got.shape == (1, 30, 2)
    np.testing.assert_allclose(got[0, :, 0], naive_adstock(spend[:, 0], carry), rtol=1e-12)


@given(st.floats(0.05, 60))
def test_half_life_and_carry_over_are_inverse(weeks):
    assert half_life_weeks(carry_over_of(weeks)) == pytest.approx(weeks)
    assert carry_over_of(weeks) ** weeks == pytest.approx(0.5)


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=30)
@given(u=st.floats(1e-3, 40), slope=st.floats(0.6, 3))
def test_saturation_rises_from_0_to_1_and_its_rise_is_the_derivative(name, u, slope):
    family, slope, h = FAMILIES[name], np.array(slope), 1e-6 * u
    ends = [float(family.curve(np.array(u + step), slope)) for step in (-h, h)]
    assert 0 <= ends[0] <= ends[1] <= 1 + 1e-12
    assert float(family.rise(np.array(u), slope)) == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-4, abs=1e-7)
    assert float(family.curve(np.array(0.0), slope)) == 0


def test_non_negative_effects_are_those_of_scipy_nnls():
    from scipy.optimize import nnls

    rng = np.random.default_rng(2)
    columns, y = rng.normal(size=(50, 30, 4)), rng.normal(size=30)
    turned = columns.transpose(0, 2, 1)
    got = non_negative(turned @ columns, turned @ y)
    np.testing.assert_allclose(got, [nnls(each, y)[0] for each in columns], atol=1e-8)


def test_effects_are_drawn_from_the_truncated_normal():
    """One effect: scipy's truncnorm. Two, correlated: rejection from the untruncated normal."""
    from scipy.stats import truncnorm

    rng = np.random.default_rng(3)
    gram, moment = np.full((15_000, 1, 1), 4.0), np.full((15_000, 1), -2.0)  # centre -.5, sd .5
    drawn = draw_effects(gram, moment, np.ones(15_000), rng)
    exact = truncnorm(1, np.inf, loc=-0.5, scale=0.5)
    assert drawn.mean() == pytest.approx(exact.mean(), abs=0.01)
    assert np.quantile(drawn, 0.95) == pytest.approx(exact.ppf(0.95), abs=0.02)
    assert none_at_all(gram, moment, np.ones(15_000))[0, 0] == pytest.approx(0.8413, abs=1e-4)
    two, centre = np.array([[2.0, 1.2], [1.2, 1.5]]), np.array([0.2, 0.4])
    drawn = draw_effects(np.tile(two, (15_000, 1, 1)), np.tile(two @ centre, (15_000, 1)), np.ones(15_000), rng)
    free = rng.multivariate_normal(centre, np.linalg.inv(two), 100_000)
    kept = free[(free > 0).all(axis=1)]
    np.testing.assert_allclose(drawn.mean(axis=0), kept.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(kept.T), atol=0.03)


def small_regression(rho=0.0):
    rng = np.random.default_rng(4)
    baseline = np.column_stack([np.ones(60), rng.normal(size=60)])
    spend = flights(rng, 60, 2)
    y = baseline @ [3.0, 0.5] + spend @ [0.01, 0.005] + 0.3 * rng.normal(size=60)
    return Regression(y / y.std(), baseline, spend, np.ones(60, bool), noise=0.1, rho=rho)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_projecting_the_baseline_out_is_the_whole_penalised_regression(rho):
    """Effects and loss of the fast path equal one big least squares with all pseudo-observations as rows."""
    regression = small_regression(rho)
    fit_ = FamilyFit(regression, FAMILIES["exponential"])
    columns = fit_.columns(fit_.shapes(np.zeros((1, 4))))
    gram, moment = regression.normal(columns)
    effects = np.linalg.solve(gram, moment[..., None])[..., 0]
    design = np.column_stack([regression.whiten(regression.baseline.T).T, columns[0]])
    prior = np.diag(np.r_[regression.baseline_weights, np.full(2, regression.effect_weight)])
    rows, told = np.vstack([design, prior]), np.r_[regression.told, np.zeros(4)]
    whole, *_ = np.linalg.lstsq(rows, told, rcond=None)
    np.testing.assert_allclose(effects[0], whole[2:], rtol=1e-8)
    loss = ((told - rows @ whole) ** 2).sum()
    assert regression.loss(gram, moment, effects)[0] == pytest.approx(loss, rel=1e-6)


def test_returns_that_are_told_alike_draw_channels_together_and_leave_the_mean_to_the_data():
    """The rows, told to be 0, are the returns' distances from their mean; told closer, they are closer."""
    regression = replace(small_regression(), usual=0.01)
    fit_ = FamilyFit(regression, FAMILIES["exponential"])
    theta = np.zeros((2, 5))
    theta[0, -1] = -4.0  # far closer than usual
    found = fit_.posterior(theta)
    per_root = fit_.features(found.shapes).sum(axis=1) / np.sqrt(regression.spend.sum(axis=0))
    effects = np.linalg.solve(found.gram, found.moment[..., None])[..., 0]
    returns = effects * per_root
    expected = np.sqrt(regression.noise) * (returns - returns.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(
        (found.alike @ effects[..., None])[..., 0], expected / (found.shapes.apart[:, None] * 0.01), rtol=1e-8
    )
    free = np.linalg.solve(found.gram_alone, found.moment[..., None])[..., 0] * per_root
    assert np.ptp(returns[0]) < np.ptp(returns[1]) < np.ptp(free[1])
    assert returns[1].mean() == pytest.approx(free[1].mean(), rel=0.2)


def test_evidence_is_the_integral_over_the_shapes():
    """One channel, two shapes: importance sampling against a grid."""
    whole = small_regression()
    one = Regression(whole.outcome, whole.baseline, whole.spend[:, :1], whole.rows, noise=0.1)
    fit_ = FamilyFit(one, FAMILIES["tanh"])
    side = np.linspace(-4, 4, 81)
    grid = np.array(np.meshgrid(side, side)).reshape(2, -1).T
    log = fit_.posterior(grid).log
    exact = log.max() + np.log(np.exp(log - log.max()).sum() * (side[1] - side[0]) ** 2 / (2 * np.pi))
    assert weigh(fit_, 4000, np.random.default_rng(0)).evidence == pytest.approx(exact, abs=0.1)


def test_whitening_leaves_no_autocorrelation_of_the_series_it_is_meant_for():
    rng, rho = np.random.default_rng(5), 0.7
    series = np.zeros(20_000)
    for t in range(1, len(series)):
        series[t] = rho * series[t - 1] + rng.normal()
    white = replace(small_regression(), rho=rho).whiten(series)
    assert np.corrcoef(white[1:], white[:-1])[0, 1] == pytest.approx(0, abs=0.02)


# --- the fit against planted truth ------------------------------------------------------------------------------------


def test_contributions_half_lives_and_costs_hold_the_planted_truth(fitted):
    model, truth = fitted
    for name, carry in (("tv", 0.5), ("sns", 0.2)):
        brought = contribution(model, name)
        assert brought.low < truth[name] < brought.high
        assert abs(brought.estimate / truth[name] - 1) < 0.2
        lasting = half_life(model, name)
        assert lasting.low < half_life_weeks(np.array(carry)) < lasting.high
        spent = model.spend[name].sum()
        cost = cost_per_outcome(model, name)
        assert (cost.estimate, cost.low, cost.high) == pytest.approx(
            (spent / brought.estimate, spent / brought.high, spent / brought.low)
        )
        assert roas(model, name, value=7.0).estimate == pytest.approx(7 * brought.estimate / spent)


def test_weeks_add_up_to_the_outcome_and_to_the_contributions(fitted):
    model, _ = fitted
    weekly = model.weekly
    np.testing.assert_allclose(weekly[["baseline", "tv", "sns"]].sum(axis=1), weekly["outcome"])
    np.testing.assert_allclose(weekly[["tv", "sns"]].sum(), model.contributions.mean(axis=0))
    assert sum(model.weights.values()) == pytest.approx(1)
    assert (weekly[["tv", "sns"]] >= 0).all(axis=None)


def test_the_table_has_a_row_a_channel_with_its_intervals(fitted):
    model, _ = fitted
    table = mix_table(model).set_index("channel")
    assert table.index.tolist() == ["tv", "sns"]
    assert table["line"].tolist() == ["atl", "btl"]
    for name in ("contribution", "half_life_weeks", "roas", "cost_per_outcome"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert (table["reason_en"] == "").all()


def test_coverage_and_bias_on_planted_sets_are_near_nominal():
    """16 sets of two channels: nominal 90% of 32 is 29; fewer than 23 has a chance below .1% (the bench has 500)."""
    held, ratio = 0, []
    for seed in range(16):
        table, truth = brand(seed + 1000, noise=1.0)
        model = fit(table, seed=seed)
        low, high = np.quantile(model.contributions, [0.05, 0.95], axis=0)
        true = np.array([truth["tv"], truth["sns"]])
        held += int(((low <= true) & (true <= high)).sum())
        ratio.append(model.contributions.mean(axis=0).sum() / true.sum())
    assert held >= 23
    assert np.mean(ratio) == pytest.approx(1, abs=0.06)


def test_same_seed_same_numbers_and_the_unit_of_money_does_not_matter(fitted):
    table, _ = brand()
    first, again = fit(table, seed=3), fit(table, seed=3)
    np.testing.assert_array_equal(first.contributions, again.contributions)
    dear = fit(table.assign(tv=1000 * table["tv"], sns=1000 * table["sns"]), seed=3)
    np.testing.assert_allclose(dear.contributions.mean(axis=0), first.contributions.mean(axis=0), rtol=1e-4)
    other = [fit(table.assign(tv=times * table["tv"]), seed=3, comparable=False) for times in (1, 1000)]
    one, thousand = (each.contributions.mean(axis=0) for each in other)
    np.testing.assert_allclose(one, thousand, rtol=1e-4)
    larger = fit(table.assign(y=50 * table["y"]), seed=3)
    np.testing.assert_allclose(larger.contributions.mean(axis=0), 50 * first.contributions.mean(axis=0), rtol=1e-4)


def test_the_table_of_coefficients_is_the_posterior_s_at_the_best_family(fitted):
    model, _ = fitted
    table = model.coefficients.set_index("term")
    assert set(table.columns) == {"coefficient", "standard_error", "low", "high", "p_value"}
    best = max(model.weights, key=model.weights.get)
    draws = next(pool for pool in model.pools if pool.family == best).effects * model.scale
    assert abs(table.loc["tv", "coefficient"] - np.median(draws[:, 0])) < 3 * draws[:, 0].std()


def test_lasting_noise_is_taken_out():
    table, _ = brand()
    rng, lasting = np.random.default_rng(6), np.zeros(120)
    for t in range(1, 120):
        lasting[t] = 0.8 * lasting[t - 1] + 3 * rng.normal()
    assert fit(table).rho == 0
    assert fit(table.assign(y=table["y"] + lasting)).rho > 0.3


# --- averaging and lift tests -----------------------------------------------------------------------------------------


def test_the_average_is_wider_than_the_best_family_and_lies_between_them():
    table, _ = brand(7, noise=4.0)
    each = {
        name: fit(table, families=[name], draws=2000).contributions[:, 0] for name in ("tanh", "exponential", "hill")
    }
    model = fit(table, draws=2000)
    mixed = sum(model.weights[name] * draws.mean() for name, draws in each.items())
    assert model.contributions[:, 0].mean() == pytest.approx(mixed, rel=0.03)
    assert model.contributions[:, 0].std() >= 0.95 * min(draws.std() for draws in each.values())


def test_families_that_fit_much_worse_get_no_weight():
    """A steep S needs the S-shaped family."""
    rng = np.random.default_rng(8)
    table, _ = brand(8, n=160)
    money = rng.uniform(0, 200, 160) * (rng.random(160) < 0.7)
    u = (adstock(money[:, None], np.array([[0.3]]))[0, :, 0] / 70) ** 3
    y = 50 + 40 * u / (1 + u) + 0.8 * rng.normal(size=160)
    model = fit(table.assign(tv=money, y=y), channels=["tv"])
    assert model.weights["hill"] > 0.95
    assert sum(len(pool.effects) for pool in model.pools) == len(model.contributions)


def test_a_lift_test_pulls_the_contribution_and_narrows_it():
    table, truth = brand(9, noise=6.0)
    free = fit(table, draws=1500)
    table = table.set_index("week")
    start, end = table.index[40], table.index[59]
    share = truth["tv"] * table["tv"].iloc[40:60].sum() / table["tv"].sum()
    told = fit(table, draws=1500, lift_tests=[LiftTest("tv", start, end, share, 0.05 * share)])
    wrong = fit(table, draws=1500, lift_tests=[LiftTest("tv", start, end, 2 * share, 0.05 * share)])
    assert told.contributions[:, 0].std() < 0.7 * free.contributions[:, 0].std()
    assert wrong.contributions[:, 0].mean() > told.contributions[:, 0].mean() * 1.3
    assert told.n == 120


@pytest.mark.parametrize(
    ("test", "match"),
    [
        (LiftTest("radio", "2024-02-05", "2024-03-04", 10, 1), "not among the channels fitted: tv, sns"),
        (LiftTest("tv", "2030-01-07", "2030-02-04", 10, 1), "no money from 2030-01-07 to 2030-02-04"),
        (LiftTest("tv", "2024-02-05", "2024-06-03", 10, 0), "standard_error must be above 0"),
    ],
)
def test_a_lift_test_that_cannot_be_is_refused(test, match):
    with pytest.raises(ValueError, match=match):
        fit(brand()[0], lift_tests=[test])


def test_averaging_pools_in_proportion_to_weight():
    average = average_families(small_regression(), ("tanh", "hill"), draws=500, rng=np.random.default_rng(0))
    for pool in average.pools:
        assert len(pool.effects) == pytest.approx(500 * average.weights[pool.family], abs=2)
        assert (pool.effects >= 0).all()
        assert ((pool.shapes.carry > 0) & (pool.shapes.carry < 1)).all()


# --- where the data cannot tell ---------------------------------------------------------------------------------------


def test_a_channel_without_effect_has_a_low_of_0_and_no_cost():
    table, _ = brand(11, effects=(20.0, 0.0))
    model = fit(table)
    assert model.no_effect["sns"] > 0.05 > model.no_effect["tv"]
    assert contribution(model, "sns").low == 0
    cost = cost_per_outcome(model, "sns")
    assert math.isnan(cost.estimate)
    assert cost.reason["en"].startswith("sns: no effect at all is plausible")
    assert cost.reason["ko"].startswith("sns: 효과가 전혀 없을 수도")
    assert "no half-life" in half_life(model, "sns").reason["en"]
    assert not half_life(model, "tv").reason


def test_zero_spend_one_value_and_20_weeks_each_say_so():
    table, _ = brand()
    dead = fit(table.assign(sns=0.0))
    assert dead.fitted == ("tv",)
    assert dead.reasons["sns"]["en"].startswith("sns: no money was spent in any week")
    assert math.isnan(contribution(dead, "sns").estimate)
    assert mix_table(dead).set_index("channel").loc["sns", "reason_ko"].startswith("sns: 어느 주에도")
    flat = fit(table.assign(sns=70.0))
    assert "the money was 70 in every week" in flat.reasons["sns"]["en"]
    short = fit(table.head(20))
    assert short.fitted == ()
    assert (
        "There are 20 weeks with an outcome; a media mix of 2 channels needs at least 52" in short.reasons["tv"]["en"]
    )
    for name in ("tv", "sns"):
        for read in (contribution, half_life, roas, cost_per_outcome):
            found = read(short, name)
            assert math.isnan(found.estimate)
            assert found.reason == short.reasons[name]
    assert mix_table(short)["contribution"].isna().all()


def test_a_channel_that_cannot_be_fitted_leaves_the_others_as_they_are():
    table, _ = brand()
    alone, beside = (fit(t, channels=c) for t, c in ((table, ["tv"]), (table.assign(sns=0.0), ["tv", "sns"])))
    np.testing.assert_allclose(alone.contributions, beside.contributions)


def test_zeros_in_the_outcome_are_read_and_many_are_refused():
    table, _ = brand()
    few = fit(table.assign(y=np.where(np.arange(120) % 20 == 0, 0, table["y"])))
    assert np.isfinite(contribution(few, "tv").estimate)
    rare = fit(table.assign(y=(table["price"] > 0.7).astype(float)))
    assert "The outcome is 0 in" in rare.reasons["tv"]["en"]


def test_a_week_without_outcome_is_set_aside_and_a_missing_week_refused():
    table, truth = brand()
    empty = table.assign(y=table["y"].where(table.index != 30))
    model = fit(empty, draws=1000)
    assert model.set_aside == (f"1 weeks without outcome: {table['week'][30]:%Y-%m-%d}",)
    assert model.n == 119
    assert abs(contribution(model, "tv").estimate / truth["tv"] - 1) < 0.2
    with pytest.raises(ValueError, match=f"no row for 1 weeks, first {table['week'][30]:%Y-%m-%d}"):
        fit(table.drop(index=30))


@pytest.mark.parametrize(
    ("change", "options", "match"),
    [
        ({"tv": -1.0}, {}, "120 of 120 weeks have money below 0"),
        ({"price": np.nan}, {}, "an empty value in tv, sns, price"),
        ({"tv": np.inf}, {}, "an infinite value"),
        ({"tv": "much"}, {}, "column 'tv' of weekly must hold numbers"),
        ({"y": 5.0}, {}, "outcome 'y' is the same in all weeks"),
        ({}, {"outcome": "units"}, "no column 'units'; it has"),
        ({}, {"channels": []}, "channels is empty"),
        ({}, {"channels": ["tv", "tv"]}, "named twice: tv"),
        ({}, {"controls": ["tv"]}, "named twice: tv"),
        ({}, {"families": ["cubic"]}, "families must be among tanh, exponential"),
        ({}, {"level": 90}, "level must lie between 0 and 1"),
        ({"week": WEEKS[[0] * 120]}, {}, "weeks come twice, first 2024-01-01"),
        ({"week": WEEKS[::-1]}, {}, "in order of time"),
        ({"week": pd.NaT}, {}, "a week of weekly is empty"),
    ],
)
def test_bad_weeks_are_refused_by_name(change, options, match):
    table, _ = brand()
    with pytest.raises(ValueError, match=match):
        fit(table.assign(**change), **options)


def test_controls_that_add_nothing_are_set_aside_by_name():
    table, _ = brand()
    table = table.assign(flat=1.0, twin=2 * table["price"] + 1)
    model = fit(table, controls=["price"], events=["flat", "twin"])
    assert [note.partition(":")[0] for note in model.set_aside] == ["flat", "twin"]
    np.testing.assert_allclose(model.contributions, fit(table).contributions)


def test_an_unknown_channel_is_named(fitted):
    with pytest.raises(ValueError, match="no channel 'radio'; it has tv, sns"):
        contribution(fitted[0], "radio")


def test_results_are_frozen(fitted):
    with pytest.raises(FrozenInstanceError):
        fitted[0].rho = 1.0


# --- diagnostics ------------------------------------------------------------------------------------------------------


def fired(model):
    return set(model.checks.loc[model.checks["fired"], "check"])


def test_nothing_fires_on_a_good_set_and_reasons_are_empty(fitted):
    model, _ = fitted
    assert fired(model) == set()
    assert not model.reasons
    assert (model.checks[["reason_en", "reason_ko"]] == "").all(axis=None)


def test_the_placebo_is_the_mean_over_families_by_their_weights(fitted):
    model, _ = fitted
    average = average_families(model.regression, ("tanh", "hill"), draws=100, rng=np.random.default_rng(0))
    (_, *first), (_, *second) = average.fits
    brought = model.weekly[[*model.channels]]

    def p_values(*fits):
        checks = diagnose(model.regression, replace(average, fits=fits), brought, model.weekly["outcome"])
        return checks.loc[checks["check"] == "placebo", "statistic"].to_numpy(float)

    one, other, both = p_values((1.0, *first)), p_values((1.0, *second)), p_values((0.25, *first), (0.75, *second))
    assert not np.allclose(one, other, rtol=0.01)
    np.testing.assert_allclose(both, one / 4 + 3 * other / 4)


def test_never_off_fires_and_names_a_holdout():
    table, _ = brand()
    model = fit(table.assign(sns=60 + table["sns"]))
    assert "never_off" in fired(model)
    assert "holdout" in model.reasons["sns"]["en"]
    assert "중단 실험" in model.reasons["sns"]["ko"]
    assert "tv" not in model.reasons


def test_collinear_channels_are_named_together():
    table, _ = brand()
    rng = np.random.default_rng(12)
    model = fit(table.assign(sns=table["tv"] * rng.uniform(0.97, 1.03, 120)))
    assert "collinear" in fired(model)
    assert "most with tv" in model.reasons["sns"]["en"]
    assert "most with sns" in model.reasons["tv"]["en"]
    same = fit(table.assign(sns=table["tv"]))
    assert "collinear" in fired(same)


def test_a_trend_that_eats_a_channel_is_named():
    table, _ = brand()
    model = fit(table.assign(sns=np.arange(120.0) + 1))
    assert "trend_eats" in fired(model)
    assert "lift test" in model.reasons["sns"]["en"]


def test_what_lasts_and_alternates_in_other_ways_is_called_autocorrelation():
    """Demand that moves in waves of 10 weeks is not first-order: something that lasts is missing."""
    table, _ = brand()
    waves = 8 * np.sin(2 * np.pi * np.arange(120) / 9.3)
    assert "autocorrelation" in fired(fit(table.assign(y=table["y"] + waves)))


def test_an_implausible_share_is_refused():
    table, _ = brand()
    model = fit(table.assign(y=table["y"] - 99))
    assert "implausible_share" in fired(model)


def reactive(seed, reaction=1.0, n=104):
    """Managers spend after good weeks, demand lasts."""
    rng = np.random.default_rng(seed)
    demand = np.zeros(n + 1)
    for week in range(1, n + 1):
        demand[week] = 0.6 * demand[week - 1] + 0.5 * rng.normal()
    spend = np.exp(reaction * demand[:-1, None] + 0.4 * rng.normal(size=(n, 2))) * (rng.random((n, 2)) > 0.3)
    y = 6 + demand[1:] + 0.5 * -np.expm1(-spend).sum(axis=1) + 0.25 * rng.normal(size=n)
    weeks = pd.date_range("2024-01-01", periods=n, freq="7D")
    return pd.DataFrame(spend, columns=["tv", "sns"]).assign(y=y, week=weeks, demand=demand[1:], price=0.0)


def test_the_placebo_fails_where_managers_react_and_passes_where_demand_is_known():
    hidden = [fit(reactive(seed), controls=[], draws=50, families=["exponential"]) for seed in range(10)]
    known = [fit(reactive(seed), controls=["demand"], draws=50, families=["exponential"]) for seed in range(10)]
    assert sum("placebo" in fired(model) for model in hidden) >= 8
    assert sum("placebo" in fired(model) for model in known) <= 3
    assert "money may follow demand" in next(m for m in hidden if "placebo" in fired(m)).reasons["tv"]["en"]


def test_a_verdict_does_not_rest_on_a_refused_channel():
    table, _ = brand()
    model = fit(table.assign(sns=60 + table["sns"]), lines={"tv": "atl", "sns": "btl"})
    gap = half_life_gap(model)
    assert gap.reason == model.reasons["sns"]
    assert judge("behaviour_beyond_nps", gap, delta=0, synthetic=True).decision == "cannot_tell"


# --- comparing lines --------------------------------------------------------------------------------------------------


def test_half_life_gap_is_btl_minus_atl(fitted):
    model, _ = fitted
    gap = half_life_gap(model)
    assert gap.low < math.log(0.5) / math.log(0.2) - 1 < gap.high
    assert gap.estimate < 0
    assert (gap.level, gap.n) == (0.9, 120)


def who(btl, atl, stays=0.5):
    """So many customers of each line, of whom a part stays."""
    lines = ["btl"] * btl + ["atl"] * atl
    return pd.DataFrame({"line": lines, "loyal": np.arange(len(lines)) % 100 < 100 * stays})


def test_loyal_gap_is_what_media_brought_times_who_stays_over_whom_they_reached(fitted):
    model, _ = fitted
    model = replace(model, outcome="new_customers")
    media = pd.DataFrame({"channel": ["tv", "sns"], "reach": [50_000, 4_000]})
    brought = model.contributions.mean(axis=0) * [500 / 50_000, 500 / 4_000]  # half of them stay
    gap = loyal_gap(model, media, who(20_000, 20_000))
    assert gap.estimate == pytest.approx(brought[1] - brought[0], rel=0.02)
    assert gap.low < gap.estimate < gap.high
    nothing = loyal_gap(replace(model, no_effect={"tv": 1.0, "sns": 1.0}), media, who(20_000, 20_000))
    assert (nothing.estimate, nothing.low, nothing.high) == (0, 0, 0)


def test_loyal_gap_says_what_it_lacks(fitted):
    model, _ = fitted
    media = pd.DataFrame({"channel": ["tv", "sns"], "reach": [50_000, 4_000]})
    assert "new_customers" in loyal_gap(model, media, who(99, 99)).reason["en"]
    model = replace(model, outcome="new_customers")
    assert "Only 29 customers of atl" in loyal_gap(model, media, who(99, 29)).reason["en"]
    assert "radio" in loyal_gap(model, media, who(99, 99), btl=("radio",)).reason["en"]


def test_half_life_gap_without_a_line_says_which():
    model = fit(brand()[0], lines={"tv": "atl", "sns": "online"})
    assert "btl" in half_life_gap(model).reason["en"]
    assert half_life_gap(model, btl=("btl", "online")).estimate < 0


# --- from the tables --------------------------------------------------------------------------------------------------


def tables(weeks=6):
    monday = pd.date_range("2024-01-01", periods=weeks, freq="7D")
    weekly = pd.DataFrame({"brand": "b", "week": monday, "units": range(weeks), "new_customers": 1, "revenue": 10})
    media = pd.DataFrame(
        [("b", week, name, line, 10 * i + len(name)) for i, week in enumerate(monday) for name, line in LINES],
        columns=["brand", "week", "channel", "line", "spend"],
    )
    controls = pd.DataFrame({"brand": "b", "week": monday, "name": "price", "value": np.linspace(1, 2, weeks)})
    at = [pd.Timestamp(t, tz="Asia/Seoul") for t in ("2024-01-10 00:00", "2024-01-16 12:00")]
    events = pd.DataFrame({"brand": ["b"], "start": at[:1], "end": at[1:], "kind": ["crisis"], "note": [""]})
    return weekly, media, controls, events


LINES = [("tv", "atl"), ("sns", "online")]


def test_panel_lays_the_tables_side_by_side():
    weekly, media, controls, events = tables()
    panel = mix_panel(weekly, media, controls=controls, events=events)
    assert panel.channels == ("sns", "tv")
    assert (panel.controls, panel.events) == (("price",), ("event_crisis",))
    assert panel.lines == {"tv": "atl", "sns": "online"}
    assert panel.weeks["tv"].tolist() == [2, 12, 22, 32, 42, 52]
    # from Wednesday to Sunday night 5 of 7 days, then a day and a half
    assert panel.weeks["event_crisis"].tolist() == [0, round(5 / 7, 3), round(1.5 / 7, 3), 0, 0, 0]
    assert panel.columns["lines"] is panel.lines


def test_panel_counts_what_it_fills_and_keeps_weeks_without_outcome():
    weekly, media, _, _ = tables()
    gap = media.drop(index=media.index[(media["channel"] == "tv") & (media["spend"] == 12)])
    panel = mix_panel(weekly.drop(index=3), gap)
    assert panel.set_aside == ("tv: 1 weeks without a row of media, taken as 0",)
    assert panel.weeks["tv"].tolist() == [2, 0, 22, 32, 42, 52]
    assert panel.weeks["units"].isna().tolist() == [False, False, False, True, False, False]


def test_panel_refuses_by_name():
    weekly, media, controls, _ = tables()
    monday = "2024-01-08"
    with pytest.raises(ValueError, match=f"media has no rows for 1 weeks, first {monday}"):
        mix_panel(weekly, media[media["week"] != monday])
    with pytest.raises(ValueError, match=f"'price' has no value in 1 weeks, first {monday}"):
        mix_panel(weekly, media, controls=controls[controls["week"] != monday])
    with pytest.raises(ValueError, match="tv: a channel and a control"):
        mix_panel(weekly, media, controls=controls.assign(name="tv"))
    with pytest.raises(ValueError, match="brands b, c: pick one"):
        mix_panel(pd.concat([weekly, weekly.assign(brand="c")]), media)
    with pytest.raises(ValueError, match="no rows of brand 'c'"):
        mix_panel(pd.concat([weekly, weekly.assign(brand="c")]), media, brand="c")
    with pytest.raises(ValueError, match="channel 'tv' stands twice in the week of 2024-01-01"):
        mix_panel(weekly, pd.concat([media, media]))
    with pytest.raises(ValueError, match="channel 'tv' is of lines atl, btl"):
        mix_panel(weekly, media.assign(line=np.where(media["spend"] == 52, "btl", media["line"])))


def test_why_tables_are_no_media_mix_is_told_in_korean_too():
    with pytest.raises(ValueError, match="the same in all weeks") as told:
        fit_mix(pd.DataFrame({"week": WEEKS, "units": 5.0, "tv": 1.0}), outcome="units", channels=["tv"])
    why = reason("mix_refused", why=told.value)
    assert why["ko"] == "매체 믹스 모형을 적합하지 못했습니다. 결과 units의 값이 모든 주에서 같아 설명할 것이 없습니다."
    assert why["en"].endswith("is the same in all weeks: there is nothing to explain.")
    assert "원인(영문): odd." in reason("mix_refused", why=ValueError("odd"))["ko"]


def test_all_channels_of_the_sample_are_fitted():
    from smm_analysis.places import sample
    from smm_analysis.tables import load

    data = load(sample(), need=("weekly", "media", "controls", "events"), brand="mirae")
    frames = [data.frames[name] for name in ("weekly", "media")]
    panel = mix_panel(*frames, controls=data.frames["controls"], events=data.frames["events"])
    model = fit_mix(panel.weeks, outcome="units", **panel.columns)
    assert model.fitted == panel.channels
    assert mix.mix_table(model)["contribution"].notna().all()


def test_two_weeks_are_too_few_and_say_so():
    table = pd.DataFrame({"week": WEEKS[:2], "y": [3.0, 2.0], "tv": [8.0, 0.0], "fair": [0.0, 2.0]})
    model = fit_mix(table, outcome="y", channels=["tv", "fair"], lines={"tv": "atl", "fair": "btl"})
    assert model.fitted == ()
    assert "There are 2 weeks" in half_life_gap(model).reason["en"]  # not that the lines were never used
