"""The health score, what NPS adds to behaviour, guards, real customers, and a brand's own tables."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from people import BENCHMARKS, CUTOFF, WEEK, accuracy, at, compare, rich_panel, simulated_brand, small_brand
from scipy.special import expit

from smm_analysis import health
from smm_analysis.health import score as score_room

# --- the health score ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored():
    then, now = rich_panel(1), rich_panel(2)
    return now, health.health_score(now, train=then)


def test_health_contributions_sum_to_the_log_odds_of_health(scored):
    _, found = scored
    assert list(found.contributions) == ["base", *health.COMPONENTS]
    assert (100 * expit(found.linear_predictor) - found.scores["health"]).abs().max() < 1e-12


def test_health_coefficients_are_statsmodels_glm_with_the_prior_as_half_observations():
    import statsmodels.api as sm

    then = rich_panel(1)
    found = health.health_score(then, train=then)
    made = score_room._terms(then, list(health.COMPONENTS), *score_room._pull(then))
    x, k = np.column_stack(list(made.values())).astype(float), len(made)
    prior = np.column_stack([np.zeros(2 * k), np.repeat(np.eye(k), 2, axis=0)])
    design = np.vstack([sm.add_constant(x), prior])
    weights = np.repeat([1.0, 0.5], [len(x), 2 * k])
    y = np.append(then["bought_or_referred"], np.tile([0.0, 1.0], k))
    theirs = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=weights).fit()
    assert found.coefficients["coefficient"].to_numpy() == pytest.approx(theirs.params, abs=1e-6)
    assert found.coefficients["standard_error"].to_numpy() == pytest.approx(theirs.bse, rel=1e-4)
    row = sm.add_constant(x)[0]
    error = math.sqrt(row @ theirs.cov_params() @ row)
    ends = 100 * expit(row @ theirs.params + np.array([-1, 1]) * 1.644854 * error)
    assert found.scores.loc[0, ["low", "high"]].tolist() == pytest.approx(ends, rel=1e-4)


def test_health_interval_covers_the_planted_chance():
    """Without the parts that no column shows, the model is true: 90% intervals hold the true chance as often."""
    covered = []  # a set's customers share its coefficients: 200 sets say 0.9 to about 0.01
    for seed in range(200):
        then = rich_panel(seed, n=1000)[["log_activity", "inactive", "advocacy"]]
        odds = -1 + then["log_activity"] - then["inactive"] + 0.6 * then["advocacy"]
        bought = (np.random.default_rng(1000 + seed).random(1000) < expit(odds)).astype(float)
        found = health.health_score(then, train=then.assign(bought=bought), outcome="bought").scores
        covered.append(((found["low"] <= 100 * expit(odds)) & (100 * expit(odds) <= found["high"])).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.03)


def test_health_score_beats_the_fixed_weights_on_later_customers(scored):
    now, found = scored
    fixed = health.equal_weights(now, train=rich_panel(1))
    gain = health.compare_log_loss(now["bought_or_referred"], fixed, found.scores["health"] / 100)
    assert gain.low > 0
    assert (found.scores["low"] < found.scores["health"]).all()


def test_health_keeps_the_three_measures_beside_the_index(scored):
    now, found = scored
    assert list(found.measures) == ["sentiment", "advocacy", "hand_off"]
    pd.testing.assert_series_equal(found.measures["hand_off"], now["handled"], check_names=False)


def test_health_leaves_out_components_without_columns_and_says_so():
    then = rich_panel(3).drop(columns=["sentiment_n", "handled"])
    found = health.health_score(then, train=then)
    assert found.left_out == {"sentiment": ("sentiment_n",), "hand_off": ("handled",)}
    assert list(found.contributions) == ["base", "activity", "advocacy", "nps"]
    assert list(found.measures) == ["sentiment", "advocacy"]
    with pytest.raises(
        health.TooLittleData, match="needs at least one of its components; their columns are log_activity"
    ):
        health.health_score(then[["true_odds"]], train=then)


def test_health_of_a_customer_who_wrote_nothing_is_that_of_average_sentiment():
    then = rich_panel(4)
    found = health.health_score(then, train=then)
    silent = found.contributions.loc[then["sentiment_n"] == 0, "sentiment"]
    assert (silent == silent.iloc[0]).all()
    assert abs(silent.iloc[0]) < found.contributions["sentiment"].abs().max() / 3


def test_sentiment_pull_finds_the_planted_one(seed=5):
    """Customers differ by 0.3, mentions by 0.6 around them: the pull is (0.6 / 0.3)^2 = 4 mentions."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 30, 20_000)
    means = rng.normal(0.1, 0.3, 20_000) + rng.normal(0, 0.6, 20_000) / np.sqrt(n)
    centre, pull = score_room._pull(pd.DataFrame({"sentiment": means, "sentiment_n": n}))
    assert centre == pytest.approx(0.1, abs=0.01)
    assert pull == pytest.approx(4, rel=0.1)


# --- what NPS adds ---------------------------------------------------------------------------------------------------


def test_adds_value_is_the_likelihood_ratio_of_two_logits(seed=1):
    import statsmodels.api as sm

    events, outcome, nps = accuracy.brand_with_answers(0.3, seed=seed, answered=0.6)
    view = accuracy.views(events, outcome.index)["count only"]
    found = health.adds_value(outcome, view, nps)
    classes = pd.get_dummies(nps, dtype=float).drop(columns="no_answer")
    small, large = (sm.Logit(outcome, sm.add_constant(x)).fit(disp=0) for x in (view, view.join(classes)))
    assert found.lr_statistic == pytest.approx(2 * (large.llf - small.llf), abs=1e-5)
    assert (found.df, found.n, found.n_answered) == (3, 2000, (nps != "no_answer").sum())
    assert math.isnan(found.half_life_weeks)


def test_adds_value_where_it_does_and_the_gain_is_out_of_sample(seed=2):
    events, outcome, nps = accuracy.brand_with_answers(1.0, seed=seed)
    found = health.adds_value(outcome, health.activity_history(events, CUTOFF, outcome.index), nps)
    assert found.p_value < 1e-6
    assert found.gain.low > 0
    assert found.half_life_weeks == pytest.approx(8, rel=0.5)
    assert not found.separated


def test_the_trap_of_behaviour_modelled_too_simply_rejects_a_true_null():
    """An answer that tells nothing new: with the count alone it 'adds' nearly always, with the half-life seldom."""
    found = pd.DataFrame([accuracy.p_values(0.0, seed=seed) for seed in range(30)]) < 0.05
    shares = found.mean()
    assert shares["count only"] > 0.8
    assert shares["recency only"] > shares["profiled half-life"]
    assert shares["profiled half-life"] <= 0.17  # 5 of 30: exceeded once in 300 times at the nominal 5%


@pytest.mark.slow
def test_adds_value_keeps_its_size_and_has_power_over_500_sets():
    table = accuracy.adds_value_table(500)
    assert table.loc["profiled half-life", "added log-odds 0.0"] <= 0.07
    assert table.loc["profiled half-life", "added log-odds 0.3"] >= 0.85
    assert table.loc["count only", "added log-odds 0.0"] > 0.8
    assert table.loc["recency only", "added log-odds 0.0"] > 0.15


def test_adds_value_wants_answers_and_the_same_customers():
    events, outcome, nps = accuracy.brand_with_answers(0.0, seed=3, customers=200)
    past = health.activity_history(events, CUTOFF, outcome.index)
    with pytest.raises(health.TooLittleData, match="There are 0 answers, or all customers are of one class"):
        health.adds_value(outcome, past, nps.where(nps == "x", "no_answer"))
    with pytest.raises(ValueError, match="same customers in the same order"):
        health.adds_value(outcome, past, nps.iloc[::-1])


# --- guards ----------------------------------------------------------------------------------------------------------


def test_guard_separation_warns_of_answers_recorded_after_the_fact():
    events, outcome, nps = accuracy.brand_with_answers(0.0, seed=4, customers=400)
    leaked = nps.where(outcome == 0, "promoter").where(outcome == 1, "detractor")
    past = health.activity_history(events, CUTOFF, outcome.index)
    with pytest.warns(
        health.RecordedAfterwards, match=r"separation: of \d+ customers in class \w+, (everyone|nobody) bought"
    ):
        assert health.adds_value(outcome, past, leaked).separated


def test_guard_answers_after_the_cutoff_are_look_ahead():
    then = rich_panel(6)
    late = then.assign(answer_age_weeks=then["answer_age_weeks"] - 20)
    with pytest.raises(health.LookAhead, match=r"look-ahead: \d+ answers were given after the cut-off, first of"):
        health.health_score(late, train=then)


def test_guard_survivors_only_warns_and_a_rule_on_the_past_passes():
    customers, purchases, _ = simulated_brand(seed=11)
    at = {"cutoff": CUTOFF - 13 * WEEK, "horizon_weeks": 13}
    survivors = purchases.loc[purchases["purchased_at"] > CUTOFF - 13 * WEEK, "customer_key"].unique()
    with pytest.warns(health.SurvivorsOnly, match=r"survivors only: \d+ of 2500 customers are left out"):
        health.purchase_panel(customers, purchases, eligible=survivors, **at)
    last = purchases[purchases["purchased_at"] <= at["cutoff"]].groupby("customer_key")["purchased_at"].max()
    recent = last.index[last > at["cutoff"] - 26 * WEEK]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel = health.purchase_panel(customers, purchases, eligible=recent, **at)
    assert len(panel) == len(recent)


def test_guard_eligible_customers_must_have_been_customers():
    customers, purchases, _ = small_brand()
    with pytest.raises(health.LookAhead, match=r"1 eligible customers were not customers at the cut-off.*first 'late'"):
        health.purchase_panel(customers, purchases, cutoff="2026-03-30", horizon_weeks=4, eligible=["a", "late"])


def test_guard_non_response_warns_where_those_who_answer_differ(seed=12):
    rng = np.random.default_rng(seed)
    count = pd.Series(rng.poisson(3, 2000), name="count")
    by_lot, by_count = rng.random(2000) < 0.3, rng.random(2000) < expit(count - 4)
    with pytest.warns(health.NonResponse, match=r"non-response: count is 4\.\d+ on average for the \d+ who answered"):
        health.check_response(pd.Series(by_count), count)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        health.check_response(pd.Series(by_lot), count)


def test_guard_look_ahead_flatters_when_it_is_not_stopped():
    """On CDNOW four weeks of look-ahead lift the AUC by more than any model: so a later event is an error."""
    pytest.importorskip("lifetimes")
    cdnow = accuracy.load_case()
    customers, purchases = cdnow.load_cdnow()
    honest, late = cdnow.CALIBRATION_END, cdnow.CALIBRATION_END + 4 * WEEK
    bought = health.purchase_panel(customers, purchases, cutoff=honest, horizon_weeks=39)["bought"]
    panels = [
        health.purchase_panel(customers, purchases, cutoff=cutoff, horizon_weeks=35, half_life_weeks=12)
        for cutoff in (honest, late)
    ]
    aucs = [health.auc(bought, panel["log_activity"]) for panel in panels]
    assert aucs[0] == pytest.approx(0.780, abs=0.001)
    assert aucs[1] > aucs[0] + 0.03  # the models of cdnow_table differ by 0.008
    with pytest.raises(health.LookAhead, match="look-ahead"):
        health.log_decayed_activity(purchases, honest, 12)


# --- real customers --------------------------------------------------------------------------------------------------


def test_cdnow_holdout_half_life_orders_buyers_as_well_as_the_best_rival():
    pytest.importorskip("lifetimes")
    table, gap, _ = accuracy.cdnow_table()
    assert table.loc["half-life", "auc_39_weeks"] >= 0.775
    assert gap.low > -0.01
    assert table["log_loss_13_weeks"].idxmax() == "half-life"  # where it loses
    assert table["buyers_expected_13_weeks"].idxmin() == "half-life"


@pytest.mark.slow
def test_a_million_customers_take_no_longer_than_bg_nbd_and_half_the_memory(capsys):
    import subprocess
    import sys

    pytest.importorskip("lifetimes")
    script = BENCHMARKS / "health_million.py"
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    seconds, peak = (float(run.stdout.rsplit(f"{what} ", 1)[1].split()[0]) for what in ("seconds", "peak"))
    assert seconds <= 1
    assert peak <= 0.5


# --- a brand's tables, as the notebook has them ----------------------------------------------------------------------


def test_calibration_table_by_hand():
    score = pd.Series([0.1, 0.2, 0.6, 0.9])
    table = health.calibration_table(pd.Series([0, 0, 1, 0]), score, bins=2)
    assert table["foreseen"].tolist() == pytest.approx([0.15, 0.75])
    assert table["observed"].tolist() == [0.0, 0.5]
    assert table["n"].tolist() == [2, 2]
    assert (table["low"] <= table["observed"]).all()
    assert (table["observed"] <= table["high"]).all()
    assert health.calibration_table(score[:0], score[:0]).empty


def test_customer_measures_by_hand_and_without_look_ahead():
    customers = pd.DataFrame(
        {
            "customer_key": ["a", "b", "c", "d"],
            "acquired_at": at(["2025-01-06", "2025-02-03", "2025-02-03", "2025-09-01"]),
            "author_key": ["xa", "xb", None, "xd"],
            "referred_by": [None, "a", "a", "a"],
        }
    )
    mentions = pd.DataFrame(
        {
            "author_key": ["xa", "xa", "xb", "xa", "xa"],
            "author_role": ["customer", "customer", "customer", "staff", "customer"],
            "created_at": at(["2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06", "2025-08-04"]),
            "sentiment": [1.0, 0.0, None, -1.0, -1.0],
        }
    )
    cases = pd.DataFrame(
        {
            "customer_key": ["a", "a", "b", "b"],
            "opened_at": at(["2025-03-03", "2025-04-07", "2025-04-07", "2025-06-30 12:00"]),
            "first_response_at": at(["2025-03-03 01:00", "2025-04-10", "2025-04-07 20:00", None]),
        }
    )
    known = health.customer_measures(
        customers, cutoff=pd.Timestamp("2025-07-01", tz="Asia/Seoul"), mentions=mentions, cases=cases
    )
    assert known.loc["a"].tolist() == [0.5, 2.0, 2.0, 0.0]  # d was won after the cut-off; the last case came late
    assert known.loc["b", ["sentiment_n", "advocacy", "handled"]].tolist() == [
        0.0,
        0.0,
        1.0,
    ]  # the open case is too young
    assert known.loc["c"].isna().tolist() == [True, False, False, True]
    assert health.customer_measures(
        customers[["customer_key", "acquired_at"]], cutoff=pd.Timestamp("2025-07-01", tz="Asia/Seoul")
    ).shape == (4, 0)


def test_health_of_a_brand_uses_what_is_there_and_says_what_is_not():
    customers, purchases, surveys = simulated_brand(seed=3, customers=600)
    comparison = compare((customers, purchases, surveys))
    made = health.health_of(comparison, customers, purchases, surveys=surveys)
    assert set(made.left_out) >= {"sentiment", "hand_off"}
    assert made.scores.index.equals(comparison.panel.index)
    assert (100 * expit(made.contributions.sum(axis=1)) - made.scores["health"]).abs().max() < 1e-12
    low, middle, high = health.typical_customers(made)["customer_health"]
    assert low < middle < high
    too_short = compare(simulated_brand(seed=7, customers=400, weeks=52), horizon_weeks=26)
    assert health.health_of(too_short, customers, purchases) is None
    assert health.typical_customers(None).empty


def test_the_trap_shows_on_a_brand_whose_answers_echo_behaviour():
    customers, purchases, surveys = simulated_brand(seed=3)
    comparison = compare((customers, purchases, surveys))
    views = health.added_by_view(comparison, purchases).set_index("view")
    assert list(views.index) == ["count_only", "recency_only", "behaviour"]
    events = purchases[purchases["purchased_at"] <= comparison.cutoff]
    history = health.activity_history(events, comparison.cutoff, comparison.panel.index)
    direct = health.adds_value(comparison.panel["bought"], history, comparison.panel["nps_class"])
    assert views.loc["behaviour", "p_value"] == direct.p_value
    too_short = compare(simulated_brand(seed=7, customers=400, weeks=52), horizon_weeks=26)
    assert health.added_by_view(too_short, purchases)["p_value"].isna().all()
