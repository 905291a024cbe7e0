"""Regression on earlier periods' money: planted effects, least squares, the placebo, and what is refused."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from smm_analysis import mix, plot, terms, verdict

NAMES = {"outcome": "sales", "money": "tv"}


def months(seed=0, *, n=60, effects=(1.2, 0.4), noise=0.5, ar=0.5, reaction=0.0):
    """Return months with sales that the money of this and earlier months moves, plus AR noise.

    Managers add `reaction` x next month's noise to the money: what is not spent yet then foretells sales.
    """
    rng = np.random.default_rng(seed)
    shock = np.zeros(n + 2)
    for t in range(1, n + 2):
        shock[t] = ar * shock[t - 1] + noise * rng.normal()
    tv = rng.uniform(2, 8, n + 1) + reaction * shock[:-1]
    brought = sum(effect * np.r_[np.full(k, np.nan), tv[: n + 1 - k]] for k, effect in enumerate(effects))
    return pd.DataFrame({"sales": 20 + brought + shock[1:], "tv": tv}).iloc[1:].reset_index(drop=True)


@pytest.fixture(scope="module")
def model():
    return mix.fit_lags(months(), **NAMES, order=(1, 0))


def test_planted_effects_are_found(model):
    assert model.n == 59
    assert model.effects == pytest.approx([1.2, 0.4], abs=0.1)
    assert model.reason == {}
    total, share = mix.total_effect(model), mix.same_period_share(model)
    assert total.low < 1.6 < total.high
    assert share.low < 0.75 < share.high


def test_without_noise_the_parts_are_exact():
    model = mix.fit_lags(months(noise=1e-4, ar=0), **NAMES, order=(0, 0))
    assert mix.same_period_share(model).estimate == pytest.approx(0.75, abs=1e-4)
    assert mix.half_life_periods(model).estimate == pytest.approx(math.log(0.5) / math.log(0.25 / 1.25), abs=1e-3)
    table = months(noise=1e-4, ar=0)
    elasticity = 1.6 * table["tv"].mean() / table["sales"].mean()
    assert mix.money_elasticity(model).estimate == pytest.approx(elasticity, rel=1e-3)


def test_a_long_geometric_carry_over_has_the_half_life_of_its_adstock():
    effects = 0.5 * 0.5 ** np.arange(9)
    model = mix.fit_lags(months(n=120, effects=effects, noise=1e-3, ar=0), **NAMES, lags=8, order=(0, 0))
    assert mix.half_life_periods(model).estimate == pytest.approx(float(mix.half_life_weeks(np.array(0.5))), abs=0.04)


def test_with_independent_errors_it_is_least_squares():
    import statsmodels.api as sm

    table = months(ar=0)
    model = mix.fit_lags(table, **NAMES, order=(0, 0))
    design = sm.add_constant(np.column_stack([table["tv"], table["tv"].shift(1)])[1:])
    ols = sm.OLS(table["sales"][1:], design).fit()
    assert model.effects == pytest.approx(ols.params.iloc[1:].to_numpy(), abs=1e-4)
    assert model.log_likelihood == pytest.approx(ols.llf, abs=1e-5)
    assert model.sigma2 == pytest.approx(ols.scale, rel=1e-4)


def test_the_parts_and_the_placebo_are_in_the_table(model):
    table = mix.lag_table(model)
    assert table["lag"].tolist() == [-1, 0, 1]
    assert table["effect"].tolist() == [model.placebo.estimate, *model.effects]
    assert (table["low"] < table["effect"]).all()
    assert (table["effect"] < table["high"]).all()


def test_delta_method_intervals_equal_those_of_draws(model):
    """Share and mean lag from 100,000 normal draws of the effects, scaled to Student's t."""
    from scipy.stats import norm, t

    drawn = np.random.default_rng(0).multivariate_normal(model.effects, model.covariance, 100_000)
    share = mix.same_period_share(model)
    half = norm.ppf(0.95) * (drawn[:, 0] / drawn.sum(axis=1)).std() * t.ppf(0.95, model.left) / norm.ppf(0.95)
    assert share.high - share.estimate == pytest.approx(half, rel=0.03)


def test_managers_who_foresee_demand_make_the_placebo_fire():
    model = mix.fit_lags(months(1, n=120, reaction=2.0, ar=0.7), **NAMES, order=(1, 0))
    assert "not spent yet" in model.reason["en"]
    assert verdict.judge("tv_brings", mix.money_elasticity(model), delta=0.0, synthetic=True).decision == "cannot_tell"


def test_both_clear_answers_occur():
    stops = mix.fit_lags(months(2, effects=(1.5, 0.0)), **NAMES, order=(1, 0))
    lasts = mix.fit_lags(months(2, effects=(0.8, 0.8)), **NAMES, order=(1, 0))
    decisions = [
        verdict.judge("effect_stops_with_ads", mix.same_period_share(model), delta=0.8, synthetic=True).decision
        for model in (stops, lasts)
    ]
    assert decisions == ["supported", "not_supported"]


def test_no_effect_has_no_course_over_time():
    model = mix.fit_lags(months(3, effects=(0.0, 0.0)), **NAMES, order=(1, 0))
    assert model.reason == {}
    assert mix.total_effect(model).low < 0 < mix.total_effect(model).high
    assert "no course over time" in mix.half_life_periods(model).reason["en"]


def test_few_periods_are_refused_with_a_reason():
    model = mix.fit_lags(months().head(20), **NAMES)
    found = mix.same_period_share(model)
    assert "19 periods" in found.reason["en"]
    assert math.isnan(found.estimate)
    assert mix.lag_table(model)["effect"].isna().all()
    assert terms.headed(model.coefficients, "ko").empty
    assert math.isnan(mix.half_life_periods(model).estimate)
    assert math.isnan(mix.money_elasticity(model).estimate)
    assert mix.compare_lags(months().head(20), **NAMES).empty


def test_an_empty_outcome_is_left_out():
    table = months()
    table.loc[10, "sales"] = np.nan
    assert mix.fit_lags(table, **NAMES, order=(1, 0)).n == 58


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="tv"), r"no column 'tv'; it has sales"),
        (lambda t: t.assign(tv="3"), r"column 'tv' must hold numbers"),
        (lambda t: t.assign(tv=3.0), r"'tv' is the same in all periods"),
        (lambda t: t.assign(tv=t["tv"].where(t.index > 1)), r"'tv' is empty in 2 periods, first 0, 1: write 0"),
    ],
)
def test_bad_tables_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        mix.fit_lags(change(months()), **NAMES)


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="lags must be 0 or more"):
        mix.fit_lags(months(), **NAMES, lags=-1)
    with pytest.raises(ValueError, match="level"):
        mix.fit_lags(months(), **NAMES, level=90)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_draw_lags_and_say_when_there_are_none(model, lang):
    plot.set_theme()
    ax = plot.plot_lags(mix.lag_table(model), model.n, lang=lang)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["−1", "0", "1"]
    assert "n = 59" in ax.get_legend().get_texts()[0].get_text()
    empty = mix.lag_table(mix.fit_lags(months().head(9), **NAMES))
    assert plot.plot_lags(empty, 9, lang=lang).texts
    plot.plt.close("all")


@pytest.mark.slow
def test_intervals_and_placebo_are_nearly_honest_at_forty_months():
    """ARMA(1, 2) noise as in FPP3's example; 200 series, 90% intervals: cover 80 to 95%, placebo fires in 4 to 16%."""
    covered, fired = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        shocks = 0.43 * rng.normal(size=45)
        ma = shocks[2:] + 0.92 * shocks[1:-1] + 0.46 * shocks[:-2]
        noise = np.zeros(43)
        for t in range(1, 43):
            noise[t] = 0.51 * noise[t - 1] + ma[t]
        tv = 8 + 1.3 * np.sin(np.arange(41) / 2) + rng.normal(size=41) / 2
        table = pd.DataFrame({"sales": 2 + 1.25 * tv[1:] + 0.15 * tv[:-1] + noise[3:], "tv": tv[1:]})
        model = mix.fit_lags(table, **NAMES)
        total, share = mix.total_effect(model), mix.same_period_share(model)
        covered.append([total.low < 1.4 < total.high, share.low < 1.25 / 1.4 < share.high])
        fired.append(not model.placebo.low <= 0 <= model.placebo.high)
    assert 0.80 <= np.mean(covered) <= 0.95
    assert 0.04 <= np.mean(fired) <= 0.16


def test_nothing_is_printed_or_warned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mix.fit_lags(months().head(40), **NAMES)
