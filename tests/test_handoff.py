import math
from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from smm_analysis.handoff import handoff_by, handoff_level, handoff_levels

MONDAY = pd.Timestamp("2026-03-02", tz="Asia/Seoul")
GEHAN_6MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def hours(values):
    return pd.to_timedelta(values, unit="h")


def cases_of(waits, handled, until=MONDAY, **columns):
    """Return cases of which the handled ended at their wait, and the others were watched so long, until `until`."""
    handled = np.asarray(handled, bool)
    opened = pd.Series(until - hours(np.asarray(waits, float)))
    return pd.DataFrame(
        {"opened_at": opened, "first_response_at": pd.Series(until, opened.index).where(handled)} | columns
    )


def gehan_6mp():
    patients = GEHAN_6MP.split()
    return cases_of([float(p.removesuffix("+")) for p in patients], [not p.endswith("+") for p in patients])


# --- against published figures and other implementations --------------------------------------------------------------


@pytest.mark.parametrize(
    ("week", "surviving"),
    [(6, 0.8571), (7, 0.8067), (10, 0.7529), (13, 0.6902), (16, 0.6275), (22, 0.5378), (23, 0.4482)],
)
def test_kaplan_meier_of_the_6mp_arm_of_gehan_1965_and_freireich_1963(week, surviving):
    """Their weeks of remission read as hours; Gehan, Biometrika 52 (1965); Freireich et al., Blood 21 (1963)."""
    level = handoff_level(gehan_6mp(), within=f"{week}h", observed_until=MONDAY)
    assert 1 - level.rate == pytest.approx(surviving, abs=5e-5)
    assert level.curve.set_index("wait_hours")["unhandled"][week] == pytest.approx(surviving, abs=5e-5)
    assert (level.n, level.n_handled, level.n_open, level.median_hours) == (21, 9, 12, 23)


def km_ci_rothman(surv, n_risk, n_event, z=1.959963984540054):
    """Rothman's limits as R's km.ci computes them."""
    variance = np.cumsum(n_event / (n_risk * (n_risk - n_event))) * surv**2
    n = surv * (1 - surv) / variance
    half = z * np.sqrt(variance + z**2 / (4 * n**2))
    return [n / (n + z**2) * (surv + z**2 / (2 * n) + sign * half) for sign in (-1, 1)]


def test_the_interval_at_responses_is_that_of_km_ci():
    surv = np.array([0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179])
    at_risk, events = np.array([21, 17, 15, 12, 11, 7, 6]), np.array([3, 1, 1, 1, 1, 1, 1])
    curve = handoff_level(gehan_6mp(), observed_until=MONDAY).curve.set_index("wait_hours")
    curve = curve.loc[[6, 7, 10, 13, 16, 22, 23]]
    low, high = km_ci_rothman(surv, at_risk, events)
    np.testing.assert_allclose(curve["low"], low, atol=5e-6)
    np.testing.assert_allclose(curve["high"], high, atol=5e-6)
    assert curve["at_risk"].tolist() == at_risk.tolist()


def naive_incidence(waits, handled, way, at):
    """Aalen-Johansen by hand: of those still waiting, the share that ends this way, hour by hour."""
    waiting, incidence = 1.0, 0.0
    for hour in sorted({w for w, h in zip(waits, handled, strict=True) if h and w <= at}):
        at_risk = sum(w >= hour for w in waits)
        ended = [w for w, h in zip(waits, way, strict=True) if h and w == hour]
        all_ended = [w for w, h in zip(waits, handled, strict=True) if h and w == hour]
        incidence += waiting * len(ended) / at_risk
        waiting *= 1 - len(all_ended) / at_risk
    return incidence, 1 - waiting


@pytest.mark.parametrize("seed", range(40))
def test_rates_equal_a_naive_oracle_on_data_with_ties(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    waits, handled = rng.integers(0, 12, n), rng.random(n) < rng.random()
    who = rng.choice(["firm", "advocate"], n)
    cases = cases_of(waits, handled, responder=pd.Series(who).where(handled))
    for within in range(1, waits.max() + 1):
        options = {"within": f"{within}h", "observed_until": MONDAY}
        by = handoff_by(cases, "responder", **options, min_cases=1).set_index("responder")["rate"]
        total = handoff_level(cases, **options).rate
        for name in ("firm", "advocate"):
            share, overall = naive_incidence(waits, handled, handled & (who == name), within)
            assert by[name] == pytest.approx(share, abs=1e-12)
            assert total == pytest.approx(overall, abs=1e-12)
        assert by.sum() == pytest.approx(total, abs=1e-12)


def wilson(share, n, z=1.959963984540054):
    centre, half = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return pytest.approx((centre - half) / (1 + z**2 / n)), pytest.approx((centre + half) / (1 + z**2 / n))


@pytest.mark.parametrize("n_in_time", range(13))
def test_without_censoring_it_is_the_plain_share_with_wilson_s_interval(n_in_time):
    """Zero and all in time included: never of zero width."""
    waits = np.r_[np.linspace(1, 24, n_in_time), np.linspace(25, 99, 12 - n_in_time)]
    cases = cases_of(waits, np.ones(12), responder="firm")
    firm, advocate = handoff_levels(cases, "responder", observed_until=MONDAY).values()
    overall = handoff_level(cases, observed_until=MONDAY)
    for level, share in ((overall, n_in_time / 12), (firm, n_in_time / 12), (advocate, 0)):
        assert level.rate == pytest.approx(share)
        assert (level.low, level.high) == wilson(share, 12)
        assert 0 <= level.low < level.high <= 1


# --- against planted truth -------------------------------------------------------------------------------------------

NEVER, MEAN_HOURS, FIRM = 0.15, 60, 0.7  # never handled, mean wait of the others, who of them the firm answers
RATE = (1 - NEVER) * (1 - math.exp(-24 / MEAN_HOURS))
MEDIAN = -MEAN_HOURS * math.log(1 - 0.5 / (1 - NEVER))


def simulated_week(rng, n=200, hours_later=2):
    """Return a week's cases as they look `hours_later` after its end: the last ones were hardly watched yet."""
    end = MONDAY + pd.Timedelta(weeks=1)
    until = end + pd.Timedelta(hours=hours_later)
    opened = pd.Series(end - hours(rng.uniform(0, 168, n)))
    responded = opened + hours(rng.exponential(MEAN_HOURS, n))
    responded = responded.mask((rng.random(n) < NEVER) | (responded > until))
    responder = pd.Series(np.where(rng.random(n) < FIRM, "firm", "advocate")).where(responded.notna())
    cases = {"opened_at": opened, "first_response_at": responded, "responder": responder}
    return pd.DataFrame(cases), until


def test_the_rate_is_unbiased_over_200_weeks_where_answered_only_is_not():
    rng = np.random.default_rng(1)
    levels = [handoff_level(cases, observed_until=until) for cases, until in (simulated_week(rng) for _ in range(200))]
    assert abs(np.mean([level.rate for level in levels]) - RATE) <= 0.01
    assert np.mean([level.answered_only for level in levels]) - RATE == pytest.approx(0.18, abs=0.015)


@pytest.mark.parametrize("n", [30, 200])
def test_intervals_cover_as_they_say(n):
    rng, truths = np.random.default_rng(n), {"firm": FIRM * RATE, "advocate": (1 - FIRM) * RATE}
    held = []
    for cases, until in (simulated_week(rng, n) for _ in range(500)):
        level = handoff_level(cases, observed_until=until)
        ways = handoff_levels(cases, "responder", observed_until=until)
        of_ways = [ways[name].low <= truth <= ways[name].high for name, truth in truths.items()]
        held.append([level.low <= RATE <= level.high, level.median_low <= MEDIAN <= level.median_high, *of_ways])
    coverage = np.mean(held, axis=0)
    assert ((coverage >= 0.92) & (coverage <= 0.98)).all(), coverage


def test_the_interval_stays_honest_where_few_are_still_watched():
    """Twenty cases of one day, looked at 2 hours after it: 24 hours on, one or two of them are left."""
    rng, held = np.random.default_rng(5), []
    for _ in range(500):
        waits, watched = rng.exponential(20, 20), rng.uniform(2, 28, 20)
        handled = (waits <= watched) & (rng.random(20) >= NEVER)
        level = handoff_level(cases_of(np.where(handled, waits, watched), handled), observed_until=MONDAY)
        if not level.reason:
            held.append(level.low <= (1 - NEVER) * (1 - math.exp(-24 / 20)) <= level.high)
    assert len(held) > 300
    assert np.mean(held) >= 0.92


# --- what the result says --------------------------------------------------------------------------------------------


def test_the_median_is_not_reached_while_the_curve_stays_above_one_half():
    level = handoff_level(cases_of(np.arange(1, 11), np.arange(10) < 4), within="3h", observed_until=MONDAY)
    assert level.median_hours == math.inf
    assert level.curve["unhandled"].min() > 0.5
    assert level.median_in_words() == "not reached (2 hours to not reached)"
    assert level.median_in_words("ko") == "도달하지 않음(2시간 ~ 도달하지 않음)"


def test_the_median_does_not_depend_on_within():
    medians = set()
    for within in ("3h", "24h", "30h", "400h"):
        level = handoff_level(gehan_6mp(), within=within, observed_until=MONDAY)
        medians.add((level.median_hours, level.median_low, level.median_high))
    assert medians == {(23, 13, math.inf)}


def test_the_curve_falls_within_its_interval_from_one_to_the_longest_wait():
    curve = handoff_level(gehan_6mp(), within="30h", observed_until=MONDAY).curve
    assert curve["wait_hours"].tolist() == [0, 6, 7, 10, 13, 16, 22, 23, 30, 35]
    assert all(a >= b for a, b in pairwise(curve["unhandled"]))
    assert ((curve["low"] < curve["unhandled"]) | (curve["low"] == 0)).all()
    assert ((curve["unhandled"] < curve["high"]) | (curve["high"] == 1)).all()
    assert curve["low"].min() >= 0 and curve["high"].max() <= 1


def test_the_interval_widens_as_cases_go_out_of_watch_though_nobody_answers():
    curve = handoff_level(gehan_6mp(), within="30h", observed_until=MONDAY).curve.set_index("wait_hours")
    widths = (curve["high"] - curve["low"])[[23, 30, 35]]
    assert widths.is_monotonic_increasing
    assert curve["unhandled"][30] == curve["unhandled"][35] == curve["unhandled"][23]


def test_the_wait_to_resolution_is_another_outcome():
    cases = cases_of([5, 30, 40], [True] * 3).assign(resolved_at=[MONDAY, MONDAY, pd.NaT])
    level = handoff_level(cases, within="30h", outcome="resolved", observed_until=MONDAY)
    assert (level.n_handled, level.n_open, level.rate) == (2, 1, pytest.approx(2 / 3))


def test_a_table_without_responses_holds_open_cases_only():
    cases = cases_of([5, 30, 40], [False] * 3)
    for table in (cases, cases.drop(columns="first_response_at"), cases.assign(first_response_at=None)):
        level = handoff_level(table, observed_until=MONDAY)
        assert (level.rate, level.low, level.n_open) == (0, 0, 3)
        assert level.high == wilson(0, 2)[1]  # two were watched for a day
        assert math.isnan(level.answered_only)


def test_a_result_is_frozen_and_reads_as_an_effect():
    level = handoff_level(gehan_6mp(), within="7h", observed_until=MONDAY)
    assert (level.estimate, level.n, level.level, level.reason) == (level.rate, 21, 0.95, {})
    with pytest.raises(FrozenInstanceError):
        level.rate = 1


def test_the_timezone_of_the_end_is_read_not_guessed():
    same = ("2026-03-02", "2026-03-02 00:00+09:00", MONDAY.tz_convert("UTC"))
    levels = [handoff_level(gehan_6mp(), within="7h", observed_until=until) for until in same]
    assert levels[0] == levels[1] == levels[2]
    naive = gehan_6mp().apply(lambda times: times.dt.tz_localize(None))
    assert handoff_level(naive, within="7h", observed_until="2026-03-02") == levels[0]


# --- groups ----------------------------------------------------------------------------------------------------------


def two_weeks():
    cases, until = simulated_week(np.random.default_rng(3), 40)
    earlier = cases.copy()
    earlier[["opened_at", "first_response_at"]] -= pd.Timedelta(weeks=1)
    return pd.concat([earlier, cases], ignore_index=True).assign(team=["care", "shop", None, "care"] * 20), until


def test_each_week_has_the_level_of_its_own_cases():
    cases, until = two_weeks()
    table = handoff_by(cases, "week", observed_until=until)
    assert table["week"].tolist() == [pd.Timestamp("2026-02-23"), pd.Timestamp("2026-03-02")]
    for row, part in zip(table.itertuples(), (cases[:40], cases[40:]), strict=True):
        level = handoff_level(part, observed_until=until)
        assert (row.n, row.rate, row.low, row.median_hours) == (40, level.rate, level.low, level.median_hours)
    assert (table["reason_en"] == "").all()


def test_cases_without_a_value_form_a_group_of_their_own():
    cases, until = two_weeks()
    table = handoff_by(cases, "team", observed_until=until)
    assert table["n"].tolist() == [40, 20, 20]
    assert table["team"].isna().tolist() == [False, False, True]


def test_a_small_group_keeps_its_counts_and_says_why_it_shows_no_rate():
    cases = cases_of(np.arange(1, 11), [True] * 10, team=["care"] * 6 + ["shop"] * 4)
    shop = handoff_by(cases, "team", within="7h", observed_until=MONDAY).iloc[1]
    assert (shop["n"], shop["n_handled"], shop["reason_en"]) == (4, 4, "Too few cases (4); rates are shown from 5 on.")
    assert shop[["rate", "low", "high", "median_hours", "answered_only"]].isna().all()
    assert "5건부터" in shop["reason_ko"]
    assert handoff_by(cases, "team", within="7h", observed_until=MONDAY, min_cases=1)["rate"].notna().all()


def test_firm_advocates_and_unknown_add_up_to_what_was_handled():
    cases, until = two_weeks()
    cases.loc[cases.index[cases["responder"].notna()][:7], "responder"] = None
    table = handoff_by(cases, "responder", observed_until=until)
    level = handoff_level(cases, observed_until=until)
    assert table["responder"].tolist() == ["firm", "advocate", "unknown"]
    assert table["rate"].sum() == pytest.approx(level.rate, abs=1e-12)
    assert table["n_handled"].sum() == level.n_handled
    assert set(table["n"]) == {80}
    assert set(table["n_open"]) == {level.n_open}


def test_a_group_per_responder_would_only_see_the_answered():
    """What the naive reading shows for the firm, beside the probability that the firm answers in time."""
    cases, until = simulated_week(np.random.default_rng(4), 4000)
    firm = handoff_levels(cases, "responder", observed_until=until)["firm"]
    assert firm.rate == pytest.approx(FIRM * RATE, abs=0.03)
    assert firm.answered_only > 1.5 * firm.rate


def test_responders_nobody_of_whom_answered_have_a_rate_of_zero_with_width():
    table = handoff_by(cases_of([30] * 10, [False] * 10, responder=None), "responder", observed_until=MONDAY)
    assert table["responder"].tolist() == ["firm", "advocate"]
    assert (table["rate"] == 0).all()
    assert [*table["high"]] == [wilson(0, 10)[1]] * 2


def test_a_column_filled_in_on_answering_is_refused_as_a_group():
    cases = cases_of(np.arange(1, 21), np.arange(20) < 12)
    cases["agent"] = pd.Series("kim", cases.index).where(cases["first_response_at"].notna())
    with pytest.raises(ValueError, match="'agent' is empty in all 8 open cases: it says who was handled"):
        handoff_by(cases, "agent", observed_until=MONDAY)


# --- where the data cannot tell, and bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "until"),
    [
        (object, "2026-03-02"),
        (object, MONDAY),
        ("datetime64[us]", "2026-03-02"),
        ("datetime64[us, Asia/Seoul]", MONDAY),
    ],
)
def test_without_cases_it_says_so(dtype, until):
    none = pd.DataFrame({name: pd.Series(dtype=dtype) for name in ("opened_at", "first_response_at", "responder")})
    level = handoff_level(none, observed_until=until)
    assert math.isnan(level.rate) and math.isnan(level.median_hours)
    assert level.reason == {"en": "There are no cases.", "ko": "접수된 불만이 없습니다."}
    assert level.median_in_words("ko") == "접수된 불만이 없습니다."
    assert level.curve.empty and level.n == 0
    assert handoff_by(none, "week", observed_until=until).empty
    assert handoff_by(none, "responder", observed_until=until)["rate"].isna().all()


def test_nobody_watched_long_enough_is_a_reason_not_a_number():
    cases = cases_of([1, 3, 5], [True, True, False], responder=["firm", "firm", None])
    level = handoff_level(cases, observed_until=MONDAY)
    assert math.isnan(level.rate) and math.isnan(level.low)
    assert level.reason["en"] == "No case has been watched for 24 hours yet; the longest wait seen is 5.0."
    assert level.median_hours == 3
    assert handoff_by(cases, "responder", observed_until=MONDAY, min_cases=1)["rate"].isna().all()


def test_if_all_were_handled_before_then_the_rate_is_known():
    assert handoff_level(cases_of([1, 3, 5], [True] * 3), observed_until=MONDAY).rate == 1


def bad_cases(**columns):
    return cases_of([10, 20, 30], [True, True, False]).assign(**columns)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        (bad_cases(first_response_at=MONDAY - hours([9, 21, 31])), "2 of 3 cases have a .*before opened_at, rows 1, 2"),
        (bad_cases(first_response_at=MONDAY + hours([0, 1, 0])), "1 of 3 .*after observed_until .*, rows 1"),
        (bad_cases(opened_at=MONDAY + hours([0, 0, 1])), "have an opened_at after observed_until .*rows 2"),
        (bad_cases(opened_at=[MONDAY, pd.NaT, MONDAY]), "1 of 3 cases have no opened_at, rows 1"),
        (bad_cases(first_response_at=MONDAY.tz_localize(None)), "either both opened_at and first_response_at"),
        (bad_cases(opened_at=["2026-02-27", "2026-02-28", "2026-03-01"]), "opened_at must hold times, all with"),
        (
            bad_cases(first_response_at=pd.Series([MONDAY, MONDAY.tz_localize(None), None], dtype=object)),
            "first_response_at must hold times, all with or all without a timezone, not object",
        ),
        (pd.DataFrame({"case_id": []}), "cases have no column 'opened_at'"),
    ],
)
def test_bad_cases_are_refused_by_name_and_row(cases, message):
    with pytest.raises(ValueError, match=message):
        handoff_level(cases, observed_until=MONDAY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": "0h"}, "within must be above 0, not '0h'"),
        ({"outcome": "closed"}, "outcome must be one of first_response, resolved, not 'closed'"),
        ({"level": 95}, "level must lie between 0 and 1, not 95"),
        ({"observed_until": None}, "observed_until must be a time"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        handoff_level(gehan_6mp(), **{"observed_until": MONDAY} | options)


def test_an_end_with_a_timezone_is_refused_for_times_without():
    naive = gehan_6mp().apply(lambda times: times.dt.tz_localize(None))
    with pytest.raises(ValueError, match="has a timezone, the data have none"):
        handoff_level(naive, observed_until=MONDAY)


def test_an_unknown_group_names_what_there_is():
    with pytest.raises(
        ValueError, match="by must be one of week, month, quarter, year or a column of cases, not 'day'"
    ):
        handoff_by(gehan_6mp(), "day", observed_until=MONDAY)


def test_cases_are_left_as_they_were():
    cases, until = two_weeks()
    before = cases.copy()
    handoff_by(cases, "responder", observed_until=until)
    pd.testing.assert_frame_equal(cases, before)


def test_a_million_cases_are_no_trouble():
    rng = np.random.default_rng(6)
    cases, until = simulated_week(rng, 1_000_000)
    assert handoff_level(cases, observed_until=until).n == 1_000_000
    assert len(handoff_by(cases, "responder", observed_until=until)) == 2
