"""Brands compared: against printed meta-analyses, statsmodels, enumeration and planted spreads."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm
from scipy.stats import t as student

from smm_analysis import terms
from smm_analysis.diffusion import between_brands
from smm_analysis.diffusion.between import about, draws, profile
from smm_analysis.verdict import judge


def effects(estimates, errors):
    return pd.DataFrame(
        {"brand": [f"b{i}" for i in range(len(estimates))], "estimate": estimates, "standard_error": errors}
    )


def planted(seed, *, k=6, tau=0.0, error=0.1, average=1.0):
    rng = np.random.default_rng(seed)
    errors = error * rng.uniform(0.5, 1.5, k)
    return effects(average + tau * rng.normal(size=k) + errors * rng.normal(size=k), errors)


SIX = effects([1.2, 0.9, 1.4, 0.2, 1.0, 1.1], [0.2, 0.15, 0.3, 0.2, 0.25, 0.2])


def test_the_numbers_are_those_of_their_formulas():
    found = between_brands(SIX, level=0.9)
    y, v, k = SIX["estimate"].to_numpy(), SIX["standard_error"].to_numpy() ** 2, 6
    tau2 = found.tau.estimate**2
    w = 1 / (v + tau2)
    average = (w * y).sum() / w.sum()
    assert (w * (y - average) ** 2).sum() == pytest.approx(k - 1, rel=1e-3)  # Paule and Mandel's equation
    assert found.pooled.estimate == pytest.approx(average)
    half = student.ppf(0.95, k - 1) * math.sqrt(1 / w.sum())
    assert found.pooled.high - average == pytest.approx(half, rel=1e-4)
    half = student.ppf(0.95, k - 2) * math.sqrt(tau2 + 1 / w.sum())  # Higgins, Thompson and Spiegelhalter
    assert found.prediction.high - average == pytest.approx(half, rel=1e-4)
    np.testing.assert_allclose(found.brands["weight"], w / w.sum(), rtol=1e-6)


def test_pooling_is_that_of_statsmodels():
    from statsmodels.stats.meta_analysis import combine_effects

    effect, error = SIX[["estimate", "standard_error"]].to_numpy().T
    theirs = combine_effects(effect, error**2, method_re="pm", use_t=True, alpha=0.1)
    low, high = theirs.conf_int(alpha=0.1, use_t=True)[3]
    found = between_brands(SIX).pooled
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-3)


def test_the_interval_of_tau_is_where_q_meets_its_quantiles():
    found = between_brands(SIX).tau
    y, error = SIX["estimate"].to_numpy(), SIX["standard_error"].to_numpy()
    q = about(y, error, np.array([found.low, found.high]) ** 2)[2]
    assert q == pytest.approx(chi2.ppf([0.95, 0.05], 5), rel=1e-3)


def test_q_falls_with_tau_and_the_profile_is_its_inverse():
    y, error = np.array([0.0, 1.0, 4.0]), np.array([0.5, 0.3, 0.8])
    grid = np.array([0.01, 0.1, 1.0, 10.0])
    q = about(y, error, grid)[2]
    assert (np.diff(q) < 0).all()
    np.testing.assert_allclose(profile(y, error, q), grid, rtol=1e-3)
    assert profile(y, error, np.array([1e9])) == 0


def test_the_chance_is_enumerated_from_both_distributions():
    rng = np.random.default_rng(4)
    found = between_brands(SIX).copy_falls_short
    y, error = SIX["estimate"].to_numpy(), SIX["standard_error"].to_numpy()
    tau2 = profile(y, error, chi2.ppf(rng.uniform(size=20_000), 5))
    average, variance, _ = about(y, error, tau2)
    drawn = average + np.sqrt(variance) * rng.normal(size=20_000)
    chance = 100 * norm.cdf(-drawn / (2 * np.maximum(np.sqrt(tau2), 1e-12)))
    low, middle, high = np.quantile(chance, [0.05, 0.5, 0.95])
    assert (found.low, found.estimate, found.high) == pytest.approx((low, middle, high), rel=0.1)


def test_the_chance_is_that_of_the_docstring_where_much_is_known():
    rng = np.random.default_rng(0)
    found = between_brands(effects(1 + rng.normal(size=4000), np.full(4000, 0.05)))
    assert found.copy_falls_short.estimate == pytest.approx(100 * norm.cdf(-0.5), abs=1.5)
    assert found.tau.estimate == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e9])
@pytest.mark.parametrize("sign", [1, -1])
def test_neither_unit_nor_sign_matters(scale, sign):
    one = between_brands(SIX)
    other = between_brands(
        SIX.assign(estimate=sign * scale * SIX["estimate"], standard_error=scale * SIX["standard_error"])
    )
    assert other.pooled.estimate == pytest.approx(sign * scale * one.pooled.estimate)
    assert other.tau.high == pytest.approx(scale * one.tau.high)
    assert other.copy_falls_short.high == pytest.approx(one.copy_falls_short.high)


def test_brands_that_agree_to_the_digit_have_no_spread():
    found = between_brands(effects([2.0, 2.0, 2.0, 2.0], [0.1, 0.2, 0.3, 0.1]))
    assert found.tau.estimate == found.tau.low == found.tau.high == 0
    assert found.copy_falls_short.high == 0
    assert found.prediction.low < 2 < found.prediction.high


def test_draws_spread_no_less_than_they_should():
    averages, taus = draws(SIX["estimate"].to_numpy(), SIX["standard_error"].to_numpy())
    assert averages.shape == taus.shape and (taus >= 0).all()


@pytest.mark.parametrize("k", [3, 6, 9])
def test_intervals_cover(k):
    held = []
    for seed in range(120):
        found = between_brands(planted(seed, k=k, tau=1.0, error=0.15))
        true = {"pooled": 1, "tau": 1, "copy_falls_short": 100 * norm.cdf(-0.5)}
        held.append([getattr(found, name).low <= value <= getattr(found, name).high for name, value in true.items()])
    assert (np.mean(held, axis=0) > 0.82).all()


def test_the_rule_answers_both_ways_and_is_hardly_ever_wrong():
    rates = {}
    for name, tau in {"alike": 0.0, "different": 2.0}.items():
        decisions = [
            judge("copying_fails", between_brands(planted(seed, tau=tau)).copy_falls_short, delta=10, synthetic=True)
            for seed in range(60)
        ]
        rates[name] = pd.Series([verdict.decision for verdict in decisions]).value_counts(normalize=True)
    assert rates["alike"].get("supported", 0) <= 0.08 and rates["alike"]["not_supported"] > 0.5
    assert rates["different"]["supported"] > 0.8 and rates["different"].get("not_supported", 0) <= 0.08


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_brands_cannot_tell_and_say_what_would(n, lang):
    found = between_brands(SIX[:n])
    assert math.isnan(found.prediction.estimate) and math.isnan(found.copy_falls_short.estimate)
    assert math.isnan(found.pooled.estimate) == (n < 2)
    verdict = judge("copying_fails", found.copy_falls_short, delta=10, synthetic=False, lang=lang)
    assert verdict.decision == "cannot_tell" and verdict.reason == found.copy_falls_short.reason[lang]
    assert str(n) in verdict.reason and "3" in verdict.reason


def test_brands_without_an_estimate_are_left_out_by_name():
    found = between_brands(pd.concat([SIX, effects([np.nan], [np.nan]).assign(brand="quiet")]))
    assert found.left_out == ("quiet",) and found.n == 6
    assert found.pooled == between_brands(SIX).pooled


def test_table_reads_the_glossary():
    table = between_brands(SIX).table()
    assert table.columns.tolist() == ["measure", "estimate", "low", "high", "n", "reason_en", "reason_ko"]
    for lang in terms.LANGS:
        headed = terms.headed(table, lang)
        assert not {"pooled_effect", "copy_falls_short", "low"} & {*headed, *headed.index}


@pytest.mark.parametrize(
    "bad, message",
    [
        (SIX.drop(columns="standard_error"), "lack the column standard_error"),
        (SIX.assign(brand="same"), "same come more than once"),
        (SIX.assign(standard_error=[0.1, 0, -1, 0.1, 0.1, 0.1]), "given 0 of b1, -1 of b2"),
    ],
)
def test_bad_effects_are_refused_by_name(bad, message):
    with pytest.raises(ValueError, match=message):
        between_brands(bad)


def test_a_level_outside_is_refused():
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        between_brands(SIX, level=1.5)
