"""Behaviour weighted by recency, and the half-life that the weights need."""

import math

import numpy as np
import pandas as pd
import pytest
from people import CUTOFF, WEEK, accuracy, random_panel
from scipy.special import expit

from smm_analysis import health
from smm_analysis.health import logit as logit_room


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
    with pytest.raises(ValueError, match=r"cutoff .* has a timezone, the data have none"):
        health.decayed_activity(naive, CUTOFF, 1)


def test_a_history_is_sorted_by_customer_and_leaves_others_out():
    events = random_purchases(7)
    customers = pd.Index(["3", "1", "nobody"])
    past = health.activity_history(events, CUTOFF, customers)
    assert past.active.tolist() == [0, 1]
    for i, key in enumerate(["3", "1"]):
        ages = ((CUTOFF - events.loc[events["customer_key"] == key, "purchased_at"]) / WEEK).sort_values()
        assert past.ages[past.moments[past.starts[i] : past.starts[i + 1]]].tolist() == pytest.approx(ages.tolist())
        assert past.youngest[i] == pytest.approx(ages.min())


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_history_reads_integer_keys_and_every_unit_of_time(unit):
    events = random_purchases(8)
    numbered = events.assign(customer_key=events["customer_key"].astype("int32"))
    numbered["purchased_at"] = numbered["purchased_at"].dt.as_unit(unit)
    by_text, by_number = (health.decayed_activity(frame, CUTOFF, 8) for frame in (events, numbered))
    assert by_number.to_dict() == pytest.approx({int(key): value for key, value in by_text.items()})
    past = health.activity_history(numbered, CUTOFF, pd.RangeIndex(50))
    assert past.active.tolist() == sorted(by_number.index)


def test_a_history_blames_only_late_events_of_its_own_customers():
    events = pd.DataFrame({"customer_key": ["a", "x"], "purchased_at": [CUTOFF - WEEK, CUTOFF + WEEK]})
    assert health.activity_history(events, CUTOFF, pd.Index(["a"])).youngest.tolist() == [1]
    with pytest.raises(health.LookAhead, match="look-ahead: 1 of 2 events"):
        health.activity_history(events, CUTOFF, pd.Index(["x"]))
    with pytest.raises(ValueError, match="purchased_at is missing in 1 of 2 events"):
        health.activity_history(events.assign(purchased_at=[CUTOFF, pd.NaT]), CUTOFF)


def test_logit_equals_statsmodels(seed=9):
    import statsmodels.api as sm

    panel = random_panel(seed)
    found = logit_room.fit_logit([panel["x"].to_numpy(), panel["z"].to_numpy()], panel["bought"].to_numpy())
    theirs = sm.GLM(panel["bought"], sm.add_constant(panel[["x", "z"]]), family=sm.families.Binomial()).fit()
    assert found.coefficients == pytest.approx(theirs.params.to_numpy(), abs=1e-8)
    assert found.covariance == pytest.approx(theirs.cov_params().to_numpy(), rel=1e-4)
    assert found.log_likelihood == pytest.approx(theirs.llf, abs=1e-8)


def test_binned_line_is_as_close_to_the_full_logit_as_it_says(seed=10):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 2, 200_000)
    y = (rng.random(200_000) < expit(x - 1)).astype(float)
    full = logit_room.fit_logit([x], y)
    likelihood, slope = logit_room.fit_line(x, y)
    bound = 200_000 * slope**2 * (np.ptp(x) / 65_536) ** 2 / 96
    assert abs(likelihood - full.log_likelihood) <= bound + 1e-6
    assert slope == pytest.approx(full.coefficients[1], rel=1e-6)


@pytest.mark.parametrize("half_life", [2, 8, 26])
def test_half_life_finds_the_planted_one(half_life, seed=20):
    events, outcome = accuracy.planted_half_life(half_life, seed=seed, customers=8000)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, level=0.99)
    assert found.half_life_weeks == pytest.approx(half_life, rel=0.2)
    assert found.low < half_life < found.high
    assert found.p_value < 1e-6
    assert not found.open_ended
    assert found.n == 8000


def test_half_life_profile_equals_a_logit_with_an_indicator_for_no_activity(seed=3):
    import statsmodels.api as sm

    events, outcome = accuracy.planted_half_life(8, seed=seed, customers=600)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, grid=[4, 8, 16])
    assert found.log_likelihoods["half_life_weeks"].tolist() == sorted([4, 8, 16, found.half_life_weeks, math.inf])
    for row in found.log_likelihoods.itertuples():
        activity = health.decayed_activity(events, CUTOFF, row.half_life_weeks).reindex(outcome.index)
        design = pd.DataFrame({"one": 1.0, "log": np.log(activity).fillna(0), "none": activity.isna().astype(float)})
        fit = sm.Logit(outcome, design).fit(disp=0)
        assert row.log_likelihood == pytest.approx(fit.llf, abs=1e-6)
        assert row.slope == pytest.approx(fit.params["log"], rel=1e-4)


def test_half_life_interval_ends_where_the_profile_has_fallen_by_half_a_chi_squared(seed=4):
    events, outcome = accuracy.planted_half_life(8, seed=seed)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF, level=0.9)
    ends = health.estimate_half_life(events, outcome, cutoff=CUTOFF, grid=[found.low, found.high]).log_likelihoods
    assert ends["half_life_weeks"].tolist() == pytest.approx(
        [found.low, found.half_life_weeks, found.high, math.inf], 1e-3
    )
    low, peak, high, _ = ends["log_likelihood"]
    assert [peak - low, peak - high] == pytest.approx([2.705543 / 2] * 2, abs=1e-3)


def test_half_life_of_a_lifetime_count_is_open_ended(seed=5):
    events, outcome = accuracy.planted_half_life(math.inf, seed=seed)
    found = health.estimate_half_life(events, outcome, cutoff=CUTOFF)
    assert math.isinf(found.high)
    assert found.open_ended
    assert found.p_value > 0.05


def test_half_life_says_what_is_missing(seed=6):
    events, outcome = accuracy.planted_half_life(8, seed=seed, customers=40)
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
        health.estimate_half_life(*accuracy.planted_half_life(half_life, seed=seed), cutoff=CUTOFF, level=0.95)
        for seed in range(200)
    ]
    covered = np.mean([run.low <= half_life <= run.high for run in runs])
    assert np.median([run.half_life_weeks for run in runs]) == pytest.approx(half_life, rel=0.1)
    assert 0.91 <= covered <= 0.98


@pytest.mark.slow
def test_half_life_test_against_the_lifetime_count_keeps_its_size():
    p_values = [
        health.estimate_half_life(*accuracy.planted_half_life(math.inf, seed=seed), cutoff=CUTOFF).p_value
        for seed in range(1000, 1300)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.08


def test_what_fits_in_four_bytes_is_sorted_as_what_does_not():
    rng = np.random.default_rng(4)
    keys, days = rng.integers(0, 500, 4000), rng.integers(0, 700, 4000)
    log = pd.DataFrame({"customer_key": keys, "purchased_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D")})
    seconds = pd.to_timedelta(rng.permutation(4000) % 86_400, "s")  # so many moments that eight bytes are needed
    wide = pd.Index(np.arange(1 << 20))
    for events, population in ((log, None), (log.assign(purchased_at=log["purchased_at"] - seconds), wide)):
        past = health.activity_history(events, "2026-01-01", population)
        weeks = (pd.Timestamp("2026-01-01") - events["purchased_at"]) / pd.Timedelta(weeks=1)
        plain = np.exp2(-weeks / 7).groupby(events["customer_key"]).sum()
        found = pd.Series(past.activity(7.0), past.customers[past.active]).sort_index()
        assert found.index.tolist() == plain.index.tolist()
        assert found.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-12)


def test_a_history_is_let_go_with_its_half_life():
    """No cycle holds it: a million customers' events would stay until the collector comes by."""
    import gc
    import weakref

    rng = np.random.default_rng(5)
    keys = rng.integers(0, 900, 9000)
    days = pd.to_timedelta(rng.integers(0, 700, 9000), "D")
    log = pd.DataFrame({"customer_key": keys, "purchased_at": pd.Timestamp("2024-01-01") + days})
    past = health.activity_history(log, "2026-01-01", pd.RangeIndex(900))
    felt = past.log_activity(6.0)
    bought = np.zeros(900)
    bought[past.active] = rng.random(len(felt)) < expit(2 * (felt - felt.mean()))
    gc.collect()
    gc.disable()
    try:
        found = health.half_life_of(past, bought)
        assert 0 < found.low < found.high < math.inf  # both ends were sought
        alive = weakref.ref(past.moments)
        del past
        assert alive() is None
    finally:
        gc.enable()
