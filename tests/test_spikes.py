import math
from dataclasses import FrozenInstanceError
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis.listening.alarms import spikes
from smm_analysis.listening.alarms.budget import alarm_peaks, alarm_starts, budget_threshold, episodes
from smm_analysis.listening.alarms.counts import hourly_counts
from smm_analysis.listening.alarms.scores import seasonal, trailing
from smm_analysis.listening.alarms.spikes import detect_spikes

MONDAY = pd.Timestamp("2026-03-02", tz="Asia/Seoul")
SCORERS = ("trailing", "seasonal")


def series(values, start=MONDAY, freq="h"):
    return pd.Series(np.asarray(values, float), pd.date_range(start, periods=len(values), freq=freq))


def quiet(days=28, mean=5.0, seed=0, steps_a_day=24):
    """Counts with a day's pattern and heavy tails (negative binomial of shape 3)."""
    rng, n = np.random.default_rng(seed), days * steps_a_day
    level = mean * np.exp(0.7 * np.sin(2 * np.pi * np.arange(n) / steps_a_day))
    return rng.poisson(rng.gamma(3, level / 3)).astype(float)


def planted(height=80, hours=6, days=35, at=30, **options):
    """Return quiet counts with one episode, and its first hour."""
    counts = quiet(days, **options)
    counts[24 * at : 24 * at + hours] += height
    return series(counts), MONDAY + pd.Timedelta(days=at)


# --- alarms and thresholds, by enumeration ---------------------------------------------------------------------------

tiny = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan]), min_size=1, max_size=9).map(np.array)


@given(above=st.lists(st.booleans(), max_size=9), merge=st.integers(1, 4))
def test_alarm_starts_are_the_most_exceedances_that_lie_apart(above, merge):
    steps = np.flatnonzero(above)
    apart = [c for n in range(len(steps) + 1) for c in combinations(steps, n) if (np.diff(c) >= merge).all()]
    starts = alarm_starts(np.array(above, bool), merge)
    assert len(starts) == max(map(len, apart))
    assert (np.diff(starts) >= merge).all()
    assert set(starts) <= set(steps)


@given(score=tiny, merge=st.integers(1, 4), most=st.integers(1, 9))
def test_alarm_peaks_are_the_highest_levels_with_so_many_alarms(score, merge, most):
    levels = np.unique(score[~np.isnan(score)])
    for n, peak in enumerate(alarm_peaks(score, merge, most), start=1):
        assert peak == max(u for u in levels if len(alarm_starts(score >= u, merge)) >= n)
    everything = len(alarm_starts(~np.isnan(score), merge))
    assert len(alarm_peaks(score, merge, most)) == min(most, everything)


@pytest.mark.parametrize(("days", "budget"), [(8, 0.02), (12, 0.05), (28, 0.1), (60, 0.05)])
def test_a_new_exponential_peak_exceeds_the_threshold_as_often_as_the_budget_says(days, budget):
    """A peak a day: the prediction is exact at any length of history; the plug-in quantile would not be."""
    rng, hits, n = np.random.default_rng(0), 0.0, 4000
    for _ in range(n):
        peaks = np.sort(rng.exponential(size=days))[::-1]
        hits += math.exp(-budget_threshold(peaks, days, budget))
    assert hits / n == pytest.approx(budget, rel=0.05)


@given(st.lists(st.integers(0, 30), min_size=3, max_size=40), st.floats(0.01, 3), st.floats(0.01, 3))
def test_a_larger_budget_never_raises_the_threshold(peaks, one, other):
    peaks = np.sort(np.array(peaks, float))[::-1]
    low, high = (budget_threshold(peaks, 20, budget) for budget in sorted([one, other]))
    assert low >= high - 1e-9


def test_a_gap_far_above_the_rest_is_an_episode_with_its_surroundings():
    score = np.random.default_rng(1).exponential(size=500)
    assert not episodes(score, merge=5, recovery=10).any()
    score[200:203] = 60
    assert np.flatnonzero(episodes(score, merge=5, recovery=10)).tolist() == list(range(195, 213))


def test_a_quiet_exponential_history_is_seldom_cut():
    """Eight gaps at 1% together: of 200 histories about two lose anything; six would be three deviations above."""
    rng = np.random.default_rng(2)
    assert sum(episodes(rng.exponential(size=60), merge=1, recovery=1).any() for _ in range(200)) <= 6


# --- scores ----------------------------------------------------------------------------------------------------------


def test_trailing_is_the_mean_and_sd_of_the_week_before():
    counts = series(np.random.default_rng(0).poisson(20, 300))
    scores = trailing(counts)
    assert scores.iloc[:168].isna().all(axis=None)
    week = counts.iloc[120:288]  # no Poisson count comes near the cap
    assert scores["expected"].iloc[288] == pytest.approx(week.mean())
    assert scores["scale"].iloc[288] == pytest.approx(max(week.std(ddof=0), week.mean() ** 0.5))


def test_trailing_caps_what_enters_the_window():
    counts = series([10.0] * 168 + [1000] + [10] * 10)
    spread = math.sqrt(10)  # the Poisson floor
    assert trailing(counts)["expected"].iloc[169] == pytest.approx((167 * 10 + 10 + 4 * spread) / 168)


def test_trailing_leaves_unknown_hours_out_and_stops_if_half_are():
    counts = series(quiet(21))
    counts.iloc[170:220] = np.nan
    known = counts.iloc[82:250].dropna()
    assert trailing(counts)["expected"].iloc[250] == pytest.approx(known.mean(), rel=0.02)  # but for capped ones
    counts.iloc[170:260] = np.nan
    assert np.isnan(trailing(counts)["expected"].iloc[261])


def test_seasonal_finds_the_planted_hour_weekday_and_spread():
    rng, n = np.random.default_rng(0), 24 * 56
    hours = np.arange(n)
    level = 20 * np.exp(0.8 * np.sin(2 * np.pi * hours / 24) - 0.5 * (hours // 24 % 7 >= 5))
    counts = series(rng.poisson(rng.gamma(5, level / 5)))
    last = seasonal(counts).iloc[-168:]
    assert np.mean(np.log(last["expected"] / level[-168:])) == pytest.approx(0, abs=0.1)
    assert np.std(np.log(last["expected"] / level[-168:])) < 0.15
    assert (last["scale"] / np.sqrt(level + level**2 / 5)[-168:]).mean() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("scorer", [trailing, seasonal])
@settings(max_examples=8, deadline=None)
@given(at=st.integers(170, 420), seed=st.integers(0, 99), value=st.sampled_from([0.0, 500.0, math.nan]))
def test_changing_the_future_never_changes_past_scores(scorer, at, seed, value):
    counts = series(quiet(18, seed=seed))
    changed = counts.copy()
    changed.iloc[at:] = value
    pd.testing.assert_frame_equal(scorer(counts).iloc[: at + 1], scorer(changed).iloc[: at + 1])


# --- the whole ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("budget", [0.3, 0.05])
def test_a_planted_episode_is_found_in_its_first_hour(scorer, budget):
    counts, start = planted()
    found = detect_spikes(
        counts, false_alarms_per_day=budget, scorer=scorer, calibrate_until=MONDAY + pd.Timedelta("28D")
    )
    alarm = covering(found, start)
    assert found.scores["score"][start] > found.threshold
    assert alarm["status"] == "new"
    assert alarm["end"] >= start + pd.Timedelta("6h")
    assert alarm["peak"] == counts[start : alarm["end"]].max()
    assert alarm["ratio"] == pytest.approx(alarm["peak"] / alarm["expected_mentions"])


def covering(found, at):
    """Return the alarm that was on at a time."""
    return found.alarms[(found.alarms["start"] <= at) & (found.alarms["end"] > at)].squeeze()


@pytest.mark.parametrize("scorer", SCORERS)
def test_one_giant_past_episode_does_not_blind_the_next(scorer):
    counts, start = planted()
    giant = counts.copy()
    giant.iloc[24 * 20 : 24 * 20 + 30] += 5000
    options = {"scorer": scorer, "calibrate_until": MONDAY + pd.Timedelta("28D")}
    found = detect_spikes(giant, **options)
    assert covering(found, start)["status"] == "new"
    assert covering(found, MONDAY + pd.Timedelta("20D"))["status"] == "episode"
    assert found.threshold < 2 * detect_spikes(counts, **options).threshold


def test_listed_events_are_no_part_of_the_quiet_history():
    counts, start = planted(height=25, at=20)
    events = pd.DataFrame({"start": [start], "end": [start + pd.Timedelta("6h")]})
    listed, unlisted = detect_spikes(counts, events=events), detect_spikes(counts)
    assert covering(listed, start)["status"] == "event"
    assert listed.n_days == pytest.approx(28 - 30 / 24)
    assert not listed.scores["quiet"][start : start + pd.Timedelta("29h")].any()
    assert listed.threshold < unlisted.threshold


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), budgets=st.tuples(st.floats(0.01, 1.5), st.floats(0.01, 1.5)))
def test_a_larger_budget_never_has_fewer_alarms(seed, budgets):
    counts = series(quiet(24, seed=seed))
    fewer, more = (detect_spikes(counts, false_alarms_per_day=budget) for budget in sorted(budgets))
    assert fewer.threshold >= more.threshold
    assert len(fewer.alarms) <= len(more.alarms)
    assert more.n <= max(budgets) * more.n_days


def test_alarms_of_a_tiny_series_by_hand():
    """Scores are given, so that every alarm can be counted: the threshold lies above 3 and below 9."""
    counts = series([0, 1, 2, 3] * 60 + [9, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9])
    flat = pd.DataFrame({"expected": 0.0, "scale": 1.0}, counts.index)
    until = counts.index[240]
    found = detect_spikes(counts, scorer=lambda _: flat, calibrate_until=until, merge="12h")
    assert 3 <= found.threshold < 9
    assert found.alarms["start"].tolist() == [counts.index[240], counts.index[253]]
    assert found.alarms["end"].tolist() == [counts.index[245], counts.index[253] + pd.Timedelta("1h")]
    assert found.alarms[["peak", "spike_score"]].to_numpy().tolist() == [[9, 9], [9, 9]]
    assert found.alarms["ratio"].tolist() == [math.inf, math.inf]
    assert (found.n, found.n_days) == (0, 10)


def test_the_interval_is_garwood_s():
    """Three events: 0.619 to 8.767, as in Garwood (1936) and every table of exact Poisson limits."""
    assert spikes._poisson_interval(3, 0.95) == (pytest.approx(0.6187, abs=1e-4), pytest.approx(8.7673, abs=1e-4))
    assert spikes._poisson_interval(0, 0.95) == (0, pytest.approx(3.6889, abs=1e-4))
    found = detect_spikes(series(quiet(28)), false_alarms_per_day=0.3)
    low, high = spikes._poisson_interval(found.n, 0.95)
    assert (found.low, found.high) == (pytest.approx(low / found.n_days), pytest.approx(high / found.n_days))
    assert found.low <= found.estimate == found.n / found.n_days <= found.high


def test_false_alarms_keep_the_budget_on_new_days():
    """30 brands x 28 new days at 0.1 allow 84, three Poisson deviations above that are 111."""
    alarms = 0
    for seed in range(30):
        found = detect_spikes(series(quiet(56, seed=seed)), calibrate_until=MONDAY + pd.Timedelta("28D"))
        alarms += (found.alarms["status"] == "new").sum()
    assert 30 < alarms < 111


@pytest.mark.parametrize(("mean", "most"), [(0.02, 1.5), (0.1, 1.5), (0.5, 1.5)])
def test_hardly_any_mentions_are_no_reason_to_break_the_budget(mean, most):
    alarms, days = 0, 0
    for seed in range(20):
        found = detect_spikes(series(quiet(56, mean, seed)), calibrate_until=MONDAY + pd.Timedelta("28D"))
        if not found.reason:
            alarms, days = alarms + (found.alarms["status"] == "new").sum(), days + 28
    assert alarms / days < most * 0.1 + 3 * math.sqrt(0.1 / days)


# --- time, gaps, other steps ----------------------------------------------------------------------------------------


def test_the_timezone_does_not_matter_to_the_trailing_scorer():
    counts, _ = planted()
    here, there = detect_spikes(counts), detect_spikes(counts.tz_convert("America/New_York"))
    naive = detect_spikes(counts.tz_localize(None))
    pd.testing.assert_frame_equal(here.alarms, there.alarms.assign(**_in_seoul(there.alarms)))
    assert here.threshold == there.threshold == naive.threshold


def _in_seoul(alarms):
    return {name: alarms[name].dt.tz_convert("Asia/Seoul") for name in ("start", "end")}


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("start", ["2026-03-10", "2026-10-10"])
def test_summer_time_begins_and_ends_without_a_gap(scorer, start):
    counts = series(quiet(30), pd.Timestamp(start, tz="Europe/Berlin"))
    found = detect_spikes(counts, scorer=scorer)
    assert (len(found.scores), found.n_unknown) == (720, 0)
    assert set(found.scores.index.hour) == set(range(24))


def test_missing_hours_are_unknown_or_zero_as_told():
    counts = series(quiet(28))
    kept = counts.drop(counts.index[400:420])
    unknown, zero = detect_spikes(kept), detect_spikes(kept, missing="zero")
    assert (unknown.n_unknown, zero.n_unknown) == (20, 0)
    assert unknown.n_days == pytest.approx(21 - 20 / 24)
    assert zero.scores["count"].iloc[400:420].eq(0).all()
    given_nan = counts.copy()
    given_nan.iloc[400:420] = np.nan
    pd.testing.assert_frame_equal(detect_spikes(given_nan).scores, unknown.scores)


@pytest.mark.parametrize(("minutes", "steps_a_day"), [(15, 96), (5, 288)])
def test_any_regular_step_works(minutes, steps_a_day):
    counts = quiet(21, mean=20, steps_a_day=steps_a_day)
    counts[-10:] += 400
    counts = series(counts, "2026-03-02 21:42:53", freq=f"{minutes}min")  # the clock need not be round
    found = detect_spikes(counts, calibrate_until=counts.index[-10])
    assert found.alarms["start"].iloc[-1] == counts.index[-10]
    assert found.alarm_in_words(counts.index[-10]).split(" mentions ")[1].startswith(f"in {minutes} minutes on")


def test_a_daily_series_has_too_few_steps_a_week_only_in_its_first_week():
    found = detect_spikes(series(quiet(60, steps_a_day=1), "2026-03-02", freq="D"))
    assert found.n_days == 53


# --- when it cannot be calibrated -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("count", [0, 5])
def test_a_history_that_never_varied_says_so(scorer, count):
    found = detect_spikes(series([count] * 24 * 28), scorer=scorer)
    assert f"The count was {count} in every step" in found.reason["en"]
    assert "변한 적이 없는" in found.reason["ko"]
    assert found.alarms.empty
    assert all(map(math.isnan, (found.threshold, found.estimate, found.low, found.high)))
    assert math.isnan(found.alarm_level(MONDAY + pd.Timedelta("20D")))
    assert found.alarm_in_words(MONDAY + pd.Timedelta("20D"), "ko") == found.reason["ko"]


@pytest.mark.parametrize("counts", [quiet(10), quiet(28) * np.nan, [1, 2]])
def test_a_short_or_unknown_history_says_what_is_needed(counts):
    found = detect_spikes(series(counts))
    assert "at least 7 are needed" in found.reason["en"]
    assert found.alarms.dtypes["start"] == found.scores.index.dtype


# --- the alarm level ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_alarm_level_is_the_fewest_mentions_with_an_alarm(scorer):
    counts, _ = planted(height=0)
    for hour in (600, 611):
        level = detect_spikes(counts, scorer=scorer, calibrate_until=counts.index[576]).alarm_level(counts.index[hour])
        for count, alarm in ((level, True), (level - 1, False)):
            changed = counts.iloc[: hour + 1].copy()
            changed.iloc[hour] = count
            found = detect_spikes(changed, scorer=scorer, calibrate_until=counts.index[576])
            assert (found.scores["score"].iloc[hour] > found.threshold) == alarm


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_level_of_the_next_hours_needs_no_count(scorer):
    counts = series(quiet(28, mean=20))
    found = detect_spikes(counts, scorer=scorer)
    night, day = (found.alarm_level(MONDAY + pd.Timedelta(days=28, hours=h)) for h in (18, 6))
    assert day > 3
    assert day - night > 20 if scorer == "seasonal" else abs(day - night) < 3
    assert math.isnan(found.alarm_level(MONDAY + pd.Timedelta("40D"))) == (scorer == "trailing")
    with pytest.raises(ValueError, match="at must not be before the first step"):
        found.alarm_level("2026-01-01")


def test_the_alarm_level_in_words():
    found = detect_spikes(series(quiet(28)))
    level, at = found.alarm_level("2026-03-30 09:30"), "2026-03-30 09:30"
    assert found.alarm_in_words(at).startswith(f"An alarm from {level:.0f} mentions an hour on Monday 09:00 (")
    assert found.alarm_in_words(at, "ko").startswith(
        f"월요일 09:00에는 1시간 동안 언급이 {level:.0f}건 이상이면 경보입니다"
    )
    assert found.alarm_in_words(MONDAY, "ko").startswith("그 시점의 직전 자료가")


def test_a_scorer_that_knows_the_hour_needs_fewer_extra_mentions():
    counts = series(quiet(42, mean=20))
    simple, hourly = (detect_spikes(counts, scorer=scorer) for scorer in SCORERS)
    assert hourly.extra_mentions < simple.extra_mentions


def test_results_are_frozen_and_inputs_untouched():
    counts, _ = planted()
    before = counts.copy()
    with pytest.raises(FrozenInstanceError):
        detect_spikes(counts).threshold = 1
    pd.testing.assert_series_equal(counts, before)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.reset_index(drop=True), "DatetimeIndex"),
        (
            lambda c: c - 1000,
            r"672 of 672 rows are not whole numbers >= 0 or NaN; first 2026-03-02 00:00:00\+09:00: -9",
        ),
        (lambda c: c + 0.5, "are not whole numbers"),
        (lambda c: c.replace(c.max(), math.inf), "are not whole numbers"),
        (lambda c: pd.concat([c, c.iloc[:2]]), "2 of 674|4 of 674|already there"),
        (lambda c: c.set_axis(c.index.delete(5).insert(5, c.index[5] + pd.Timedelta("7min"))), "1 of 672 rows are off"),
        (lambda c: c.iloc[:1], "at least two steps"),
    ],
)
def test_bad_counts_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        detect_spikes(change(series(quiet(28))))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"false_alarms_per_day": 0}, "above 0"),
        ({"merge": "2D"}, "merge must be above 0 and at most a day"),
        ({"scorer": "magic"}, "'trailing' or 'seasonal' or a function, not 'magic'"),
        ({"missing": "guess"}, "'unknown' or 'zero', not 'guess'"),
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"events": pd.DataFrame({"start": [MONDAY]})}, "no column 'end'"),
        ({"events": pd.DataFrame({"start": [MONDAY], "end": [pd.NaT]})}, "of events have no end"),
        ({"calibrate_until": "not a time"}, "not a time"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        detect_spikes(series(quiet(28)), **options)


def test_times_with_and_without_a_timezone_do_not_mix():
    with pytest.raises(ValueError, match="has a timezone, the data have none"):
        detect_spikes(series(quiet(28), "2026-03-02"), calibrate_until=MONDAY)


# --- counting mentions ----------------------------------------------------------------------------------------------


def mentions(*times, **columns):
    return pd.DataFrame(
        {"created_at": pd.to_datetime(list(times), format="ISO8601").tz_localize("Asia/Seoul")} | columns
    )


TODAY = {"since": "2026-03-02 09:00", "until": "2026-03-02 13:00"}


def test_hours_without_mentions_are_zero_and_what_is_outside_is_left_out():
    made = mentions("2026-03-02 08:59", "2026-03-02 09:00", "2026-03-02 11:59:59", "2026-03-02 13:00")
    counts = hourly_counts(made, **TODAY)
    assert counts.tolist() == [1, 0, 1, 0]
    assert counts.index[0] == pd.Timestamp("2026-03-02 09:00", tz="Asia/Seoul")
    assert hourly_counts(made.iloc[:0], **TODAY).tolist() == [0, 0, 0, 0]
    assert hourly_counts(made, **TODAY, step="2h").tolist() == [1, 1]


def test_mentions_are_counted_by_brand_by_person_and_by_choice():
    made = mentions(
        *["2026-03-02 09:10"] * 3, *["2026-03-02 12:10"] * 3,
        brand=["a", "a", "b", None, "a", "a"], author_key=["p", "p", "p", None, None, "q"],
    )  # fmt: skip
    by = hourly_counts(made, **TODAY, by="brand")
    assert by["a"].tolist() == [2, 0, 0, 2]
    assert by["b"].tolist() == [1, 0, 0, 0]
    assert by.to_numpy().sum() == 6  # the mention without a brand has a column too
    assert hourly_counts(made, **TODAY, unique_authors=True).tolist() == [1, 0, 0, 3]
    assert hourly_counts(made, **TODAY, by="brand", unique_authors=True)["a"].tolist() == [1, 0, 0, 2]
    assert hourly_counts(made, **TODAY, only=made["author_key"] == "p").tolist() == [3, 0, 0, 0]


def test_every_hour_of_the_day_on_which_summer_time_ends_is_counted_once():
    utc = pd.date_range("2026-10-24 22:00", "2026-10-25 23:00", freq="h", inclusive="left", tz="UTC")
    made = pd.DataFrame({"created_at": utc.tz_convert("Europe/Berlin")})
    counts = hourly_counts(made, since="2026-10-25", until="2026-10-26")
    assert counts.tolist() == [1] * 25


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda m: m.drop(columns="created_at"), {}, "no column 'created_at'"),
        (lambda m: m.assign(created_at=m["created_at"].where([True, False])), {}, "1 of 2 rows of mentions have no"),
        (lambda m: m.assign(created_at="today"), {}, "must be times"),
        (lambda m: m, {"by": "brand"}, "no column 'brand'"),
        (lambda m: m, {"unique_authors": True}, "no column 'author_key'"),
        (lambda m: m, {"only": pd.Series([True])}, "same rows"),
        (lambda m: m, {"only": pd.Series([True, None], dtype="boolean")}, "True or False"),
        (lambda m: m, {"until": "2026-03-02 09:30"}, "whole steps"),
        (lambda m: m, {"until": "2026-03-01"}, "whole steps"),
    ],
)
def test_bad_mentions_are_named(change, options, message):
    with pytest.raises(ValueError, match=message):
        hourly_counts(change(mentions("2026-03-02 09:10", "2026-03-02 10:10")), **TODAY | options)
