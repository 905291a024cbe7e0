"""What is known of customers at a moment, what predicts their next purchase, and how well."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from people import CUTOFF, WEEK, compare, random_panel, simulated_brand, small_brand
from scipy.optimize import minimize
from scipy.special import expit, logit

from smm_analysis import health

# --- the panel -------------------------------------------------------------------------------------------------------


def test_purchase_panel_by_hand():
    customers, purchases, surveys = small_brand()
    panel = health.purchase_panel(
        customers, purchases, cutoff="2026-03-30", horizon_weeks=4, half_life_weeks=4, surveys=surveys
    )
    assert panel.index.tolist() == ["a", "b", "c"]  # acquired at the cut-off counts, a day later does not
    assert panel["count"].tolist() == [2, 1, 0]
    assert panel["recent"].tolist() == [1, 0, 0]  # exactly four weeks ago is no longer recent
    assert panel["inactive"].tolist() == [0, 0, 1]
    assert panel["log_count"].tolist() == pytest.approx([math.log(2), 0, 0])
    assert panel["log_activity"].tolist() == pytest.approx([math.log(2**-3 + 2**-0.75), math.log(0.5), 0])
    assert panel["bought"].tolist() == [1, 0, 0]  # at the horizon's end counts, a minute later does not
    assert panel["bought_or_referred"].tolist() == [1, 1, 0]  # b referred the late one
    assert panel["nps_class"].tolist() == ["passive", "no_answer", "no_answer"]  # b answered after the cut-off
    assert panel["answer_age_weeks"].tolist() == pytest.approx([4, math.nan, math.nan], nan_ok=True)
    assert panel[["promoter", "passive", "detractor"]].to_numpy().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_purchase_panel_does_not_see_the_future():
    customers, purchases, surveys = small_brand()
    known = ["count", "weeks_since_last", "recent", "log_activity", "inactive", "nps_class"]
    of = {"cutoff": "2026-03-30", "horizon_weeks": 4}
    now = purchases[purchases["purchased_at"] <= CUTOFF]
    today = health.purchase_panel(customers[:3], now, surveys=surveys[surveys["answered_at"] <= CUTOFF], **of)
    later = health.purchase_panel(customers, purchases, surveys=surveys, **of)
    pd.testing.assert_frame_equal(today[known], later[known])


# --- fitting and judging predictors ----------------------------------------------------------------------------------


def test_fit_predictors_maximises_the_likelihood_with_log_f_priors(seed=1):
    panel = random_panel(seed)
    found = health.fit_predictors(panel, predictors={"none": (), "both": ("x", "z")})
    assert found.loc["none"].tolist() == pytest.approx([logit(panel["bought"].mean()), 0, 0])

    def loss(beta):
        odds = beta[0] + panel[["x", "z"]] @ beta[1:]
        prior = (beta[1:] / 2 - np.log1p(np.exp(beta[1:]))).sum()
        return -(panel["bought"] * odds - np.log1p(np.exp(odds))).sum() - prior

    assert found.loc["both"].tolist() == pytest.approx(minimize(loss, np.zeros(3)).x, abs=1e-4)


def test_fit_predictors_stays_finite_where_a_class_separates_or_is_empty():
    panel = random_panel(2)
    panel = panel.assign(leak=panel["bought"], empty=0.0)
    found = health.fit_predictors(panel, predictors={"leak": ("leak",), "empty": ("x", "empty")})
    assert np.isfinite(found.to_numpy()).all()
    assert found.loc["leak", "leak"] > 5
    assert found.loc["empty", "empty"] == pytest.approx(0, abs=1e-9)


def test_fit_predictors_needs_customers_and_both_classes():
    with pytest.raises(health.TooLittleData, match="There are 29 eligible customers; at least 30"):
        health.fit_predictors(random_panel(1, n=29), predictors={"x": ("x",)})
    with pytest.raises(health.TooLittleData, match="None of 300 customers bought"):
        health.fit_predictors(random_panel(1).assign(bought=0.0), predictors={"x": ("x",)})


def naive_auc(outcome, score):
    pairs = [(score[i] > score[j]) + 0.5 * (score[i] == score[j]) for i, j in product(*buyers_and_others(outcome))]
    return np.mean(pairs)


def buyers_and_others(outcome):
    return np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)


def naive_delong(outcome, a, b):
    """DeLong's variance of the difference from all pairs, O(n^2)."""
    buyers, others = buyers_and_others(outcome)
    psi = [np.sign(s[buyers][:, None] - s[others][None, :]) / 2 + 0.5 for s in (a, b)]
    rows, columns = (psi[0] - psi[1]).mean(axis=1), (psi[0] - psi[1]).mean(axis=0)
    return psi[0].mean() - psi[1].mean(), rows.var(ddof=1) / len(buyers) + columns.var(ddof=1) / len(others)


@pytest.mark.parametrize("seed", [1, 2])
def test_auc_and_delong_equal_their_naive_oracles(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 90).astype(float)
    a, b = np.round(rng.normal(size=90) + y, 1), np.round(rng.normal(size=90) + y / 2, 0)  # with ties
    assert health.auc(pd.Series(y), pd.Series(a)) == pytest.approx(naive_auc(y, a))
    found = health.compare_auc(pd.Series(y), pd.Series(a), pd.Series(b), level=0.95)
    estimate, variance = naive_delong(y, a, b)
    assert found.estimate == pytest.approx(estimate)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * math.sqrt(variance))


def test_auc_of_one_class_is_nan_and_its_difference_says_so():
    y, s = pd.Series([1.0, 1.0]), pd.Series([0.2, 0.4])
    assert math.isnan(health.auc(y, s))
    assert health.compare_auc(y, s, s).reason["en"].startswith("There are fewer than two buyers")


def test_compare_log_loss_is_students_interval_on_paired_losses():
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(3)
    y, a, b = rng.integers(0, 2, 50), rng.uniform(0.1, 0.9, 50), rng.uniform(0.1, 0.9, 50)
    loss = -np.log(np.where(y, a, 1 - a)) + np.log(np.where(y, b, 1 - b))
    expected = ttest_1samp(loss, 0).confidence_interval(0.9)
    found = health.compare_log_loss(pd.Series(y), pd.Series(a), pd.Series(b))
    assert (found.estimate, found.low, found.high) == pytest.approx((loss.mean(), *expected))
    assert found.n == 50
    alone = health.compare_log_loss(pd.Series([1]), pd.Series([0.5]), pd.Series([0.8]))
    assert math.isnan(alone.estimate)
    assert alone.reason["ko"] == "대상 고객이 1명입니다. 적어도 2명이 필요합니다."


def test_log_loss_refuses_what_is_no_probability():
    y = pd.Series([0, 1])
    with pytest.raises(ValueError, match=r"probabilities must lie in 0..1; 'visits' runs from 0.5 to 2"):
        health.compare_log_loss(y, pd.Series([0.5, 2], name="visits"), pd.Series([0.5, 0.5]))


def test_evaluate_by_hand_and_for_both_populations():
    y, scores = pd.Series([1, 0, 1, 0]), pd.DataFrame({"p": [0.8, 0.4, 0.6, 0.2], "base": [0.5] * 4})
    table = health.evaluate(y, scores, respondents=pd.Series([True, True, False, False]))
    assert table[["predictor", "population", "n"]].to_numpy().tolist() == [
        ["p", "everyone", 4],
        ["base", "everyone", 4],
        ["p", "respondents", 2],
        ["base", "respondents", 2],
    ]
    assert table["auc"].tolist() == [1, 0.5, 1, 0.5]
    assert table["log_loss"].iloc[0] == pytest.approx(-np.log([0.8, 0.6, 0.6, 0.8]).mean())
    assert table["brier"].iloc[0] == pytest.approx(0.1)
    assert math.isnan(table["calibration_slope"].iloc[1])  # one probability for all


def test_evaluate_skill_and_lift_by_hand():
    y = pd.Series([1, 1, 1, 0, 0, 0, 0, 0, 0, 0] * 2)
    table = health.evaluate(y, pd.DataFrame({"p": 0.1 + 0.5 * y, "base": 0.3})).set_index("predictor")
    assert table.loc["base", ["brier_skill", "deviance_explained"]].tolist() == pytest.approx([0, 0])
    assert table.loc["base", "top_decile_lift"] == pytest.approx(1)
    assert table.loc["p", "brier_skill"] == pytest.approx(1 - (0.3 * 0.16 + 0.7 * 0.01) / 0.21)
    entropy = 0.3 * math.log(0.3) + 0.7 * math.log(0.7)
    assert table.loc["p", "deviance_explained"] == pytest.approx(
        1 - (0.3 * math.log(0.6) + 0.7 * math.log(0.9)) / entropy
    )
    assert table.loc["p", "top_decile_lift"] == pytest.approx(1 / 0.3)  # the tied six buyers share two places


def test_evaluate_of_one_class_has_no_skill_to_speak_of():
    table = health.evaluate(pd.Series([0, 0]), pd.DataFrame({"p": [0.1, 0.2]}))
    assert table[["brier_skill", "deviance_explained", "top_decile_lift", "auc"]].isna().all(axis=None)


def test_evaluate_calibration_finds_a_planted_distortion():
    rng = np.random.default_rng(4)
    odds = rng.normal(-1, 1.5, 40_000)
    y = pd.Series((rng.random(40_000) < expit(odds)).astype(float))
    scores = pd.DataFrame({"true": expit(odds), "bold": expit(2 * odds), "low": expit(odds - 1)})
    table = health.evaluate(y, scores).set_index("predictor")
    assert table["calibration_slope"].tolist() == pytest.approx([1, 0.5, 1], abs=0.03)
    assert table.loc["true", "calibration_intercept"] == pytest.approx(0, abs=0.05)
    assert table.loc["low", "calibration_intercept"] == pytest.approx(1, abs=0.05)


def test_evaluate_wants_the_same_customers():
    with pytest.raises(ValueError, match="same customers in the same order"):
        health.evaluate(pd.Series([0, 1]), pd.DataFrame({"p": [0.1, 0.2]}, index=[1, 0]))


# --- the comparison --------------------------------------------------------------------------------------------------


def test_comparison_trains_one_horizon_before_the_test_and_tests_once():
    result = compare(simulated_brand(seed=1, customers=400))
    assert result.cutoff == CUTOFF - 13 * WEEK
    assert result.train_cutoff == CUTOFF - 26 * WEEK
    assert list(result.scores) == list(health.PREDICTORS)
    assert set(result.table["population"]) == {"everyone", "respondents"}
    assert len(result.table) == 12
    assert result.reasons == {}
    losses = result.table.query("population == 'everyone'").set_index("predictor")["log_loss"]
    gain = result.gain("nps_only", "behaviour")
    assert gain.estimate == pytest.approx(1000 * (losses["nps_only"] - losses["behaviour"]))
    assert gain.n == 400
    assert (
        result.gain("nps_only", "behaviour", population="respondents").n
        == (result.panel.nps_class != "no_answer").sum()
    )


def test_training_does_not_depend_on_what_comes_after_the_test_cutoff():
    customers, purchases, surveys = simulated_brand(seed=2, customers=400)
    result = compare((customers, purchases, surveys))
    scrambled = purchases.assign(
        purchased_at=purchases["purchased_at"].where(purchases["purchased_at"] <= result.cutoff, CUTOFF)
    ).drop_duplicates()
    pd.testing.assert_frame_equal(compare((customers, scrambled, surveys)).scores, result.scores)


def test_comparison_where_answers_are_noise_and_behaviour_is_all(seed=3):
    result = compare(simulated_brand(seed=seed))
    assert result.gain("nps_only", "behaviour_and_nps").low > 20
    assert result.gain("behaviour", "behaviour_and_nps").high < 5
    assert result.auc_gain("nps_only", "behaviour").low > 0.1


def test_comparison_where_answers_tell_what_behaviour_does_not(seed=4):
    result = compare(simulated_brand(seed=seed, mood=2.0, answered=0.5), answer_weeks=12)
    everyone, asked = (result.gain("behaviour", "behaviour_and_nps", population=p) for p in ("everyone", "respondents"))
    assert everyone.low > 20
    assert asked.low > 40
    assert asked.n == pytest.approx(0.5 * everyone.n, rel=0.1)


def test_stale_answers_hide_what_fresh_ones_tell(seed=4):
    brand = simulated_brand(seed=seed, mood=2.0, answered=0.5)
    fresh, stale = (compare(brand, answer_weeks=w).gain("behaviour", "behaviour_and_nps") for w in (12, math.inf))
    assert fresh.estimate > 1.3 * stale.estimate


def test_recent_beats_the_whole_history_where_rates_change_and_loses_where_they_last(seed=5):
    lasting = compare(simulated_brand(seed=seed, memory=1), recent_weeks=13)
    changing = compare(simulated_brand(seed=seed, memory=0.5, customers=10_000), recent_weeks=13)
    assert lasting.gain("whole_history", "recent_only").high < 0
    assert changing.gain("whole_history", "recent_only").low > 0
    assert changing.half_life.high < 13 < lasting.half_life.low


def test_comparison_without_answers_still_answers_on_behaviour():
    customers, purchases, _ = simulated_brand(seed=6, customers=400)
    result = compare((customers, purchases, None))
    assert math.isfinite(result.gain("whole_history", "recent_only").estimate)
    refused = result.gain("nps_only", "behaviour_and_nps")
    assert math.isnan(refused.estimate)
    assert refused.reason["en"].startswith(
        "There are 0 survey answers by the cut-off 2025-09-29; at least 30 are needed"
    )


def test_comparison_on_too_short_a_window_says_how_many_weeks_are_needed():
    result = compare(simulated_brand(seed=7, customers=400, weeks=52), horizon_weeks=26)
    refused = result.gain("whole_history", "recent_only")
    assert "56 weeks of purchases are needed (2 horizons of 26, 4 before); there are 5" in refused.reason["en"]
    assert math.isnan(refused.low)
    assert result.half_life is None
    assert result.table["n"].eq(0).all()
    late = compare(simulated_brand(seed=7, customers=400), cutoff=CUTOFF - 6 * WEEK)
    assert "The outcome window ends 7.0 weeks after the end of the data 2026-03-30" in late.reasons["behaviour"]["en"]


def test_comparison_says_why_with_few_customers_or_no_purchases():
    customers, purchases, surveys = simulated_brand(seed=8, customers=20)
    assert "at least 30 are needed" in compare((customers, purchases, surveys)).reasons["behaviour"]["en"]
    assert (
        compare((customers, purchases[:0], surveys)).gain("base_rate", "behaviour").reason["ko"]
        == "구매 기록이 없습니다."
    )


def test_comparison_refuses_unknown_names_and_horizons():
    brand = simulated_brand(seed=9, customers=200)
    with pytest.raises(ValueError, match="no predictor 'csat'; there are base_rate, nps_only"):
        compare(brand).gain("csat", "behaviour")
    with pytest.raises(ValueError, match="population must be one of everyone, respondents"):
        compare(brand).gain("base_rate", "behaviour", population="answered")
    with pytest.raises(ValueError, match="horizon_weeks must be above 0, not 0"):
        compare(brand, horizon_weeks=0)


def test_comparison_ignores_purchases_of_other_brands():
    customers, purchases, surveys = simulated_brand(seed=10, customers=400)
    foreign = pd.DataFrame({"customer_key": ["x"] * 9, "purchased_at": [CUTOFF - 300 * WEEK] * 9})
    mixed = pd.concat([foreign, purchases], ignore_index=True)
    assert compare((customers, mixed, surveys)).half_life == compare((customers, purchases, surveys)).half_life
