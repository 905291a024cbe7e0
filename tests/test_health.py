import doctest
import importlib
import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit, gammaln, logit

from smm_analysis import health

CUTOFF = pd.Timestamp("2026-03-30", tz="Asia/Seoul")
WEEK = pd.Timedelta(weeks=1)


@pytest.mark.parametrize("room", ["nps", "activity", "comparison", "evaluation", "score", "added"])
def test_doctests_show_what_the_functions_return(room):
    assert doctest.testmod(importlib.import_module(f"smm_analysis.health.{room}")).failed == 0
    assert doctest.testmod(health).failed == 0


# --- Net Promoter Score ----------------------------------------------------------------------------------------------


def counts(n):
    return [(p, d) for p, d in product(range(n + 1), repeat=2) if p + d <= n]


def exact_coverage(n, share_promoters, share_detractors, method, level=0.95):
    """Sum of the trinomial probabilities of all samples whose interval holds the truth: no simulation."""
    p, d = np.array(counts(n)).T
    intervals = np.array([health.nps_interval(i, j, n, method=method, level=level) for i, j in counts(n)])
    rest = 1 - share_promoters - share_detractors
    log_multinomial = gammaln(n + 1) - gammaln(p + 1) - gammaln(d + 1) - gammaln(n - p - d + 1)
    log_shares = p * np.log(share_promoters) + d * np.log(share_detractors) + (n - p - d) * np.log(rest)
    truth = 100 * (share_promoters - share_detractors)
    held = (intervals[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= intervals[:, 1])
    return np.exp(log_multinomial + log_shares)[held].sum()


@pytest.mark.parametrize("n", [10, 20, 50, 100])
@pytest.mark.parametrize("shares", [(0.5, 0.2), (0.9, 0.02), (0.7, 0.05)])
def test_nps_default_interval_covers_exactly_as_it_says(n, shares):
    assert exact_coverage(n, *shares, "score") >= 0.925


def test_nps_wald_interval_fails_where_detractors_are_few():
    assert exact_coverage(10, 0.9, 0.02, "wald") < 0.75


@pytest.mark.parametrize("method", ["score", "adjusted_wald"])
@pytest.mark.parametrize("n", [1, 2, 10, 60])
def test_nps_interval_holds_the_estimate_within_bounds_and_is_never_of_zero_width(method, n):
    for promoters, detractors in counts(n):
        low, high = health.nps_interval(promoters, detractors, n, method=method)
        estimate = 100 * (promoters - detractors) / n
        assert -100 <= low < high <= 100
        assert low <= estimate + 1e-9 <= high + 2e-9 or n == 1  # adjusted Wald pulls a single answer too far inwards


def naive_score_interval(promoters, detractors, n, z, step=0.002):
    """The score test at each NPS of a grid, its restricted maximum likelihood found on a grid as well."""
    kept = []
    for net in np.arange(-1 + step, 1, step):
        share = np.linspace(max(0, -net), (1 - net) / 2, 2001)[1:-1]
        passives = n - promoters - detractors
        likelihood = promoters * np.log(share + net) + detractors * np.log(share)
        best = share[np.argmax(likelihood + passives * np.log(1 - net - 2 * share))]
        variance = (2 * best + net - net**2) / n
        kept += [net] if ((promoters - detractors) / n - net) ** 2 <= z**2 * variance else []
    return 100 * min(kept), 100 * max(kept)


@pytest.mark.parametrize("promoters, detractors, n", [(5, 2, 10), (9, 0, 10), (3, 12, 20), (0, 4, 7), (30, 1, 40)])
def test_nps_score_interval_equals_a_naive_inversion_of_the_score_test(promoters, detractors, n):
    expected = naive_score_interval(promoters, detractors, n, 1.959964)
    assert health.nps_interval(promoters, detractors, n) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("n", [1, 5, 30])
def test_nps_score_interval_of_promoters_only_has_a_closed_form(n):
    z2 = 1.959964**2
    assert health.nps_interval(n, 0, n) == pytest.approx((100 * (n - z2) / (n + z2), 100))
    assert health.nps_interval(0, n, n) == pytest.approx((-100, -100 * (n - z2) / (n + z2)))


def test_nps_adjusted_wald_is_wald_with_three_more_answers():
    values, weights = np.array([1, 0, -1]), np.array([12.75, 5.5, 2.75])  # 12 promoters, 4 passives, 2 detractors
    mean = np.average(values, weights=weights)
    error = math.sqrt(np.average((values - mean) ** 2, weights=weights) / weights.sum())
    expected = 100 * (mean - 1.644854 * error), 100 * (mean + 1.644854 * error)
    assert health.nps_interval(12, 2, 18, method="adjusted_wald", level=0.9) == pytest.approx(expected)


def test_net_promoter_counts_classes_and_missing_answers():
    answer = health.net_promoter([0, 6, 7, 8, 9, 10, 10, None, float("nan"), pd.NA])
    assert (answer.promoters, answer.passives, answer.detractors, answer.n, answer.n_missing) == (3, 2, 2, 7, 3)
    assert answer.nps == pytest.approx(100 / 7)
    assert health.net_promoter(pd.Series([9, 3], dtype="Int64")).nps == 0


def test_net_promoter_without_answers_is_nan_and_says_how_many_were_missing():
    answer = health.net_promoter([None, None])
    assert math.isnan(answer.nps)
    assert math.isnan(answer.low)
    assert (answer.n, answer.n_missing) == (0, 2)


@pytest.mark.parametrize("bad", [11, -1, 7.5, "nine"])
def test_net_promoter_refuses_scores_outside_the_scale_and_shows_them(bad):
    with pytest.raises(ValueError, match=f"2 are not, first: {bad!r}, {bad!r}"):
        health.net_promoter([9, bad, 3, bad])


def test_nps_refuses_unknown_methods_and_levels():
    with pytest.raises(ValueError, match="method must be one of score, adjusted_wald, wald, not 'exact'"):
        health.nps_interval(3, 1, 5, method="exact")
    with pytest.raises(ValueError, match="level must lie between 0 and 1, not 95"):
        health.net_promoter([9], level=95)


def test_net_promoter_by_quarter_and_by_group():
    surveys = pd.DataFrame(
        {
            "asked_at": pd.to_datetime(["2026-01-01", "2026-03-31", "2026-04-01", "2026-05-01"]).tz_localize(
                "Asia/Seoul"
            ),
            "question": ["recommend", "recommend", "recommend", "trust"],
            "score": [10, np.nan, 2, 9],
            "segment": ["a", "b", "b", "b"],
        }
    )
    quarters = health.net_promoter_by(surveys)
    assert quarters["quarter"].tolist() == [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-04-01")]
    assert quarters[["nps", "n", "n_missing"]].to_numpy().tolist() == [[100, 1, 1], [-100, 1, 0]]
    assert health.net_promoter_by(surveys, "segment")["nps"].tolist() == [100, -100]
    assert health.net_promoter_by(surveys.iloc[3:]).empty


# --- recency-weighted behaviour --------------------------------------------------------------------------------------


def random_purchases(seed, customers=40, n=300, weeks=60):
    rng = np.random.default_rng(seed)
    ages = pd.to_timedelta(rng.uniform(0, weeks, n) * 7, unit="D").round("s")
    keys = pd.Series(rng.integers(0, customers, n)).astype(str)
    return pd.DataFrame({"customer_key": keys, "purchased_at": CUTOFF - ages})


@pytest.mark.parametrize("half_life", [0.5, 8, math.inf])
def test_decayed_activity_equals_a_loop_over_events(half_life):
    events, expected = random_purchases(1), {}
    for row in events.itertuples():
        age = (CUTOFF - row.purchased_at) / WEEK
        expected[row.customer_key] = expected.get(row.customer_key, 0) + 0.5 ** (age / half_life)
    activity = health.decayed_activity(events, CUTOFF, half_life)
    assert activity.to_dict() == pytest.approx(expected)
    logs = health.log_decayed_activity(events, CUTOFF, half_life)
    assert logs.to_dict() == pytest.approx({key: math.log(value) for key, value in expected.items()})


def test_decayed_activity_with_infinite_half_life_is_the_lifetime_count():
    events = random_purchases(2)
    counted = events["customer_key"].value_counts().to_dict()
    assert health.decayed_activity(events, CUTOFF, math.inf).to_dict() == counted


def test_log_decayed_activity_does_not_underflow():
    events = pd.DataFrame({"customer_key": ["a"], "purchased_at": [CUTOFF - 1000 * WEEK]})
    assert health.log_decayed_activity(events, CUTOFF, 0.5)["a"] == pytest.approx(-2000 * math.log(2))


def test_an_event_at_the_cutoff_counts_and_a_later_one_is_an_error_that_names_its_row():
    events = pd.DataFrame({"customer_key": ["a", "b"], "purchased_at": [CUTOFF, CUTOFF - WEEK]}, index=[17, 18])
    assert health.decayed_activity(events, "2026-03-30", 1).to_dict() == {"a": 1.0, "b": 0.5}
    with pytest.raises(ValueError, match=r"look-ahead: 1 of 2 events lie after the cut-off 2026-03-29.*rows 17"):
        health.decayed_activity(events, "2026-03-29", 1)
    with pytest.raises(ValueError, match="look-ahead"):
        health.estimate_half_life(events, pd.Series([1, 0], index=["a", "b"]), cutoff="2026-03-29")


def test_decayed_activity_refuses_impossible_half_lives_and_mixed_timezones():
    naive = pd.DataFrame({"customer_key": ["a"], "purchased_at": [pd.Timestamp("2026-01-01")]})
    with pytest.raises(ValueError, match="half_life_weeks must be above 0"):
        health.decayed_activity(naive, "2026-02-01", 0)
    with pytest.raises(ValueError, match="purchased_at has none"):
        health.decayed_activity(naive, CUTOFF, 1)


def planted_half_life(half_life, *, seed, customers=2000, slope=1.2, inactive=0.1):
    """Events from bursts of different ages; the outcome is a Logit on the log decayed count with this half-life.

    One customer in ten has no event at all and buys with probability 0.1.
    """
    rng = np.random.default_rng(seed)
    older = rng.uniform(0, 12 * min(half_life, 13), customers)
    younger = rng.uniform(0, older)
    n = np.where(rng.random(customers) < inactive, 0, 1 + rng.poisson(6, customers))
    who = np.repeat(np.arange(customers), n)
    ages = rng.uniform(younger[who], older[who])
    active = n > 0
    log_activity = np.log(np.bincount(who, 0.5 ** (ages / half_life), customers), where=active, out=np.zeros(customers))
    chance = np.where(active, expit(slope * (log_activity - np.median(log_activity[active]))), 0.1)
    events = pd.DataFrame({"customer_key": who, "purchased_at": CUTOFF - pd.to_timedelta(ages * 7, unit="D")})
    return events, pd.Series((rng.random(customers) < chance).astype(float), index=np.arange(customers))


@pytest.mark.parametrize("half_life", [2, 8, 26])
def test_half_life_finds_the_planted_one(half_life, seed=20):
    events, outcome = planted_half_life(half_life, seed=seed, customers=8000)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, level=0.99)
    assert found.half_life_weeks == pytest.approx(half_life, rel=0.2)
    assert found.low < half_life < found.high
    assert found.p_value < 1e-6
    assert not found.open_ended
    assert found.n == 8000


def test_half_life_profile_equals_a_logit_with_an_indicator_for_no_activity(seed=3):
    import statsmodels.api as sm

    events, outcome = planted_half_life(8, seed=seed, customers=600)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, grid=[4, 8, 16])
    assert found.log_likelihoods["half_life_weeks"].tolist() == sorted([4, 8, 16, found.half_life_weeks, math.inf])
    for row in found.log_likelihoods.itertuples():
        activity = health.decayed_activity(events, CUTOFF, row.half_life_weeks).reindex(outcome.index)
        design = pd.DataFrame({"one": 1.0, "log": np.log(activity).fillna(0), "none": activity.isna().astype(float)})
        fit = sm.Logit(outcome, design).fit(disp=0)
        assert row.log_likelihood == pytest.approx(fit.llf, abs=1e-6)
        assert row.slope == pytest.approx(fit.params["log"], rel=1e-4)


def test_half_life_interval_ends_where_the_profile_has_fallen_by_half_a_chi_squared(seed=4):
    events, outcome = planted_half_life(8, seed=seed)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, level=0.9)
    ends = health.estimate_half_life(events, outcome, cutoff=CUTOFF, grid=[found.low, found.high]).log_likelihoods
    assert ends["half_life_weeks"].tolist() == pytest.approx(
        [found.low, found.half_life_weeks, found.high, math.inf], 1e-3
    )
    low, peak, high, _ = ends["log_likelihood"]
    assert [peak - low, peak - high] == pytest.approx([2.705543 / 2] * 2, abs=1e-3)


def test_half_life_of_a_lifetime_count_is_open_ended(seed=5):
    events, outcome = planted_half_life(math.inf, seed=seed)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF)
    assert math.isinf(found.high)
    assert found.open_ended
    assert found.p_value > 0.05


def test_half_life_says_what_is_missing(seed=6):
    events, outcome = planted_half_life(8, seed=seed, customers=40)
    few = outcome.iloc[:20]
    with pytest.raises(health.TooLittleData, match=r"\d+ customers have a purchase by the cut-off; at least 30"):
        health.estimate_half_life(events, few, cutoff=CUTOFF)
    with pytest.raises(health.TooLittleData, match=r"Every one of \d+ customers bought"):
        health.estimate_half_life(events, outcome * 0 + 1, cutoff=CUTOFF)
    leak = health.log_decayed_activity(events, CUTOFF, 8).reindex(outcome.index)
    with pytest.raises(health.TooLittleData, match="Activity separates buyers"):
        health.estimate_half_life(events, (leak > leak.median()).astype(float), cutoff=CUTOFF, grid=[8])


@pytest.mark.slow
@pytest.mark.parametrize("half_life", [2, 8, 26])
def test_half_life_over_200_sets_is_unbiased_and_covers(half_life):
    runs = [
        health.estimate_half_life(*planted_half_life(half_life, seed=seed), cutoff=CUTOFF, level=0.95)
        for seed in range(200)
    ]
    covered = np.mean([run.low <= half_life <= run.high for run in runs])
    assert np.median([run.half_life_weeks for run in runs]) == pytest.approx(half_life, rel=0.1)
    assert 0.91 <= covered <= 0.98


@pytest.mark.slow
def test_half_life_test_against_the_lifetime_count_keeps_its_size():
    p_values = [
        health.estimate_half_life(*planted_half_life(math.inf, seed=seed), cutoff=CUTOFF).p_value
        for seed in range(1000, 1300)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.08


# --- the panel -------------------------------------------------------------------------------------------------------


def at(text):
    return pd.to_datetime(pd.Series(text), format="ISO8601").dt.tz_localize("Asia/Seoul")


def small_brand():
    customers = pd.DataFrame(
        {
            "customer_key": ["a", "b", "c", "late"],
            "acquired_at": at(["2026-01-01", "2026-01-01", "2026-03-30", "2026-03-31"]),
            "referred_by": [None, None, None, "b"],
        }
    )
    purchases = pd.DataFrame(
        {
            "customer_key": ["a", "a", "b", "a", "b", "late"],
            "purchased_at": at(
                ["2026-01-05", "2026-03-09", "2026-03-02", "2026-04-27", "2026-04-27T00:01", "2026-04-01"]
            ),
        }
    )
    surveys = pd.DataFrame(
        {
            "customer_key": ["a", "a", "b", "b", "c"],
            "asked_at": at(["2026-02-01", "2026-03-01", "2026-03-29", "2026-03-01", "2026-03-01"]),
            "question": ["recommend", "recommend", "recommend", "trust", "recommend"],
            "answered_at": at(["2026-02-02", "2026-03-02", "2026-03-31", "2026-03-01", None]),
            "score": [10.0, 7.0, 0.0, 9.0, np.nan],
        }
    )
    return customers, purchases, surveys


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


def random_panel(seed, n=300):
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame({"x": rng.normal(size=n), "z": (rng.random(n) < 0.3).astype(float)})
    return panel.assign(bought=(rng.random(n) < expit(-0.5 + panel["x"])).astype(float))


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


def simulated_brand(*, seed, customers=2500, mood=0.0, answered=0.6, weeks=104, memory=0.9):
    """A brand whose customers buy at rates of their own that change from quarter to quarter.

    The log rate is an AR(1) with standard deviation 1.5 and correlation `memory`: at 1 the whole history is the best
    guide, at 0.5 the last quarter is. Each quarter half of the customers are content: their log rate is `mood` higher.
    A survey at the quarter's start sees that (10 or 3), past purchases do not; with mood 0 the answer is noise.
    """
    rng, quarters = np.random.default_rng(seed), weeks // 13
    state = rng.normal(size=(customers, quarters))
    for q in range(1, quarters):
        state[:, q] = memory * state[:, q - 1] + math.sqrt(1 - memory**2) * state[:, q]
    content = rng.random((customers, quarters)) < 0.5
    n = rng.poisson(0.6 * np.exp(1.5 * state + mood * (content - 0.5)))
    who, quarter = (np.repeat(index.ravel(), n.ravel()) for index in np.indices(n.shape))
    start = CUTOFF - weeks * WEEK
    when = start + pd.to_timedelta((quarter + rng.uniform(0.001, 1, len(who))) * 91, unit="D")
    purchases = pd.DataFrame({"customer_key": who.astype(str), "purchased_at": when})
    table = pd.DataFrame({"customer_key": np.arange(customers).astype(str), "acquired_at": start})
    asked = np.argwhere(rng.random((customers, quarters)) < answered)
    surveys = pd.DataFrame({"customer_key": asked[:, 0].astype(str), "question": "recommend"})
    surveys["answered_at"] = start + pd.to_timedelta(91 * asked[:, 1], unit="D")
    surveys["score"] = np.where(content[tuple(asked.T)], 10.0, 3.0)
    return table, purchases, surveys


def compare(brand, **options):
    customers, purchases, surveys = brand
    options = {"horizon_weeks": 13, "observed_until": CUTOFF, "surveys": surveys} | options
    return health.compare_predictors(customers, purchases, **options)


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
