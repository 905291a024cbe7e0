"""Experiments: their timetables, the interval that the lot gives, and whether planned power is what comes."""

import itertools
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis import experiments, plot
from smm_analysis.experiments import Design, lots, plan_experiment, read_experiment
from smm_analysis.experiments.designs import doses

MONDAY = pd.Timestamp("2026-01-05")
PAST = 104


def design(kind="alternating", units=1, **changed):
    weeks = {"alternating": 24, "holdout": 12, "staggered": 14}[kind]
    block = {"alternating": 2, "holdout": 12, "staggered": 2}[kind]
    names = tuple(f"u{i}" for i in range(units))
    return Design(kind, names, MONDAY, **{"weeks": weeks, "block": block, "seed": 1} | changed)


DESIGNS = [design(), design("holdout", 10), design("staggered", 6), design(block=3, weeks=36, washout=1, half_life=0.8)]
DESIGNS += [design(weeks=26, washout=1), design("staggered", 6, weeks=17)]  # blocks of unequal length


def weekly(seed=0, *, units=1, weeks=PAST, sd=10.0, kept=0.3, level=200.0, end=MONDAY):
    """Return weeks of a level with autoregressive noise, before `end`."""
    rng = np.random.default_rng(seed)
    at, out = np.zeros(units), []
    for _ in range(20 + weeks):
        at = kept * at + sd * np.sqrt(1 - kept**2) * rng.standard_normal(units)
        out.append(level + at)
    days = pd.date_range(end=end - pd.Timedelta(weeks=1), periods=weeks, freq="7D")
    rows = pd.MultiIndex.from_product([days, [f"u{i}" for i in range(units)]], names=["week", "brand"])
    return rows.to_frame(index=False).assign(y=np.array(out)[20:].ravel())


def run(d, seed=0, *, effect=0.0, **noise):
    """Return past and experiment, with an effect in percent of each unit's usual week."""
    rows = weekly(seed, units=len(d.units), weeks=PAST + d.weeks, end=MONDAY + pd.Timedelta(weeks=d.weeks), **noise)
    added = np.zeros((PAST + d.weeks, len(d.units)))
    usual = rows["y"].to_numpy().reshape(added.shape)[PAST - 26 : PAST].mean(axis=0)
    added[PAST:] = effect / 100 * usual * doses(d, d.chosen()[None])[0, d.before :]
    return rows.assign(y=rows["y"] + added.ravel())


@pytest.mark.parametrize("d", DESIGNS, ids=lambda d: f"{d.kind}-{d.weeks}")
def test_every_lot_keeps_to_the_design(d):
    lots_drawn = d.draw(np.random.default_rng(0), 50)
    assert lots_drawn.shape == (50, d.weeks, len(d.units))
    assert set(np.unique(lots_drawn)) == {0.0, 1.0}
    if d.kind == "alternating":  # as many weeks on as off, in each pair of blocks
        edges = np.r_[0, np.cumsum(d.stretches[::2] * 2)]
        assert all((lots_drawn[:, a:b].mean(axis=1) == 0.5).all() for a, b in itertools.pairwise(edges))
    if d.kind == "holdout":
        assert (lots_drawn.mean(axis=2) == 0.5).all() and (lots_drawn == lots_drawn[:, :1]).all()
    if d.kind == "staggered":  # nobody stops, all are off at first and on in the end
        assert (np.diff(lots_drawn, axis=1) >= 0).all()
        assert not lots_drawn[:, 0].any() and lots_drawn[:, -1].all()


def test_weeks_over_are_spread_evenly_over_the_blocks():
    assert design(weeks=28).stretches.tolist() == [2] * 14
    assert design(weeks=26).stretches.tolist() == [2] * 10 + [3, 3]
    assert design("staggered", 6, weeks=17).stretches.tolist() == [2, 2, 3, 2, 3, 2, 3]
    assert design("holdout", 10).stretches.tolist() == [12]
    washed = design(weeks=26, washout=1).counts
    assert washed.tolist() == [False, True] * 10 + [False, True, True] * 2


def test_the_seed_fixes_the_lot_and_another_gives_another():
    assert (design(seed=3).chosen() == design(seed=3).chosen()).all()
    assert len({design(seed=seed).chosen().tobytes() for seed in range(20)}) > 10


def test_schedule_and_calendar_tell_the_same():
    for d in DESIGNS:
        rows, stretches = experiments.schedule(d), experiments.calendar(d)
        assert len(rows) == d.weeks * len(d.units)
        days = (stretches["last"] - stretches["first"]).dt.days + 1
        assert days.sum() == 7 * len(rows)
        assert days[stretches["switched_on"]].sum() == 7 * rows["switched_on"].sum()
        assert (stretches["first"].dt.day_of_week == 0).all() and (stretches["last"].dt.day_of_week == 6).all()


def test_a_dose_lasts_as_long_as_its_half_life():
    d = design(block=4, weeks=48, half_life=1.0)
    dose = doses(d, np.concatenate([np.ones((1, 4, 1)), np.zeros((1, 44, 1))], axis=1))[0, :, 0]
    assert dose[:6].tolist() == [0.75, 0.875, 0.9375, 0.96875, 0.484375, 0.2421875]
    assert doses(design(), design().chosen()[None]).tolist() == [design().chosen().tolist()]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "abba"}, "one of alternating, holdout, staggered"),
        ({"start": pd.Timestamp("2026-01-06")}, "starts on a Monday"),
        ({"washout": 2}, "less than a block"),
        ({"weeks": 25}, "4 weeks or more, in steps of 2; not 25"),
        ({"weeks": 16}, "16 different lots can be drawn; at least 60 are needed: make it longer"),
        ({"half_life": -1.0}, "0 weeks or more"),
    ],
)
def test_a_design_that_cannot_be_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(design(), **changed)


def test_designs_and_plans_are_frozen():
    with pytest.raises(FrozenInstanceError):
        design().weeks = 3


def naive_interval(d, y, level):
    """Return the effects that a test by all lots, one effect at a time, does not reject: slow and plain."""
    lengths = [weeks for first in d.stretches[::2] for weeks in (first, first)]
    every = [
        np.repeat(np.stack([np.array(s), 1 - np.array(s)], 1).ravel(), lengths)
        for s in itertools.product([0, 1], repeat=d.pairs)
    ]
    pairs = np.repeat(np.arange(d.pairs), d.stretches[::2] * 2)

    def statistic(on, outcome):
        inside = on - 0.5
        return sum(inside[pairs == p] @ (outcome[pairs == p] - outcome[pairs == p].mean()) for p in set(pairs))

    own = d.chosen()[:, 0]
    kept = []
    for effect in np.arange(-30, 30, 0.2):
        rest = y - effect * own
        drawn = np.array([statistic(on, rest) for on in every])
        mine = statistic(own, rest)
        tail = min((drawn >= mine - 1e-9).mean(), (drawn <= mine + 1e-9).mean())
        if tail > (1 - level) / 2:
            kept.append(effect)
    return kept[0], kept[-1]


@pytest.mark.parametrize("weeks", [24, 26])
def test_the_interval_is_that_of_a_test_by_every_lot(weeks):
    d = design(weeks=weeks)
    rows = run(d, 5, effect=4)
    found = read_experiment(rows, d, outcome="y", draws=20_000)
    usual = rows["y"][PAST - 26 : PAST].mean()
    low, high = naive_interval(d, 100 * rows["y"].to_numpy()[PAST:] / usual, 0.90)
    assert found.low == pytest.approx(low, abs=0.5) and found.high == pytest.approx(high, abs=0.5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 5), st.integers(0, 1000), st.floats(-20, 20))
def test_an_effect_added_moves_the_interval_by_itself(which, seed, effect):
    """Planted truth: what is added while the activity works comes out, whatever the noise, and the width stays."""
    d = replace(DESIGNS[which], seed=seed)
    none, some = (read_experiment(run(d, seed, effect=e), d, outcome="y", draws=199) for e in (0.0, effect))
    assert some.estimate - none.estimate == pytest.approx(effect, abs=1e-6)
    assert some.low - none.low == pytest.approx(effect, abs=1e-6)
    assert some.high - none.high == pytest.approx(effect, abs=1e-6)


def test_seasons_and_shocks_that_all_share_leave_the_comparison_of_units_alone():
    d = design("holdout", 10)
    rows = run(d, 3, effect=5)
    shocks = np.random.default_rng(1).normal(0, 300, PAST + 12) * (np.arange(PAST + 12) >= PAST)
    shaken = rows.assign(y=rows["y"] + np.repeat(shocks, 10))
    one, other = (read_experiment(table, d, outcome="y", draws=199) for table in (rows, shaken))
    assert other.estimate == pytest.approx(one.estimate, rel=0.1)


def test_what_the_activity_cannot_move_is_taken_off():
    d = design()
    rows = run(d, 2, effect=5)
    price = np.random.default_rng(7).normal(size=len(rows))
    dear = rows.assign(y=rows["y"] + 60 * price, price=price)
    plain, adjusted = (read_experiment(dear, d, outcome="y", adjust=names, draws=999) for names in ((), ("price",)))
    assert adjusted.high - adjusted.low < 0.4 * (plain.high - plain.low)
    assert adjusted.low < 5 < adjusted.high


@pytest.mark.parametrize("d", [*DESIGNS[:3], *DESIGNS[4:]], ids=lambda d: f"{d.kind}-{d.weeks}")
def test_intervals_hold_the_truth_as_often_as_they_say(d):
    held = [found.low <= 3 <= found.high for seed in range(100) for found in [_read(d, seed)]]
    assert 0.84 <= np.mean(held) <= 0.96


def _read(d, seed):
    return read_experiment(run(d, seed, effect=3, kept=0.5), d, outcome="y", draws=199)


def test_an_experiment_that_is_not_over_says_so():
    d = design()
    found = read_experiment(run(d).iloc[:-5], d, outcome="y")
    assert "19 of the 24 weeks" in found.reason["en"] and "24주 가운데 19주" in found.reason["ko"]
    few = read_experiment(run(d).iloc[PAST - 10 :], d, outcome="y")
    assert "10 weeks before" in few.reason["en"]


def test_noise_is_measured_in_percent_of_a_usual_week():
    found = [experiments.noise_of(weekly(seed, sd=10, kept=0.5), outcome="y") for seed in range(40)]
    assert np.mean([noise.sd for noise in found]) == pytest.approx(5, rel=0.08)
    assert np.mean([noise.autocorrelation for noise in found]) == pytest.approx(0.5, abs=0.08)
    courses, season = found[0].draw(MONDAY, 60, 400, np.random.default_rng(1))
    assert courses.shape == (400, 60, 1) and season.shape == (60, 1)
    assert courses.std() == pytest.approx(found[0].sd, rel=0.05)


def test_a_season_is_no_noise():
    rows = weekly(3, sd=4)
    swing = 30 * np.sin(2 * np.pi * rows["week"].dt.day_of_year / 365.25)
    found = experiments.noise_of(rows.assign(y=rows["y"] + swing), outcome="y")
    assert found.swing == pytest.approx(15, abs=1.5) and found.sd < 3


def counted(seed, *, weeks=PAST, units=1, now=40.0, half_year=0.8):
    """Return weeks of plain counts whose level changes by a factor each half year, to `now` at the end."""
    level = now * half_year ** ((np.arange(weeks) - weeks) / 26)
    days = pd.date_range(end=MONDAY - pd.Timedelta(weeks=1), periods=weeks, freq="7D")
    rows = pd.MultiIndex.from_product([days, [f"u{i}" for i in range(units)]], names=["week", "brand"])
    count = np.random.default_rng(seed).poisson(level[:, None], (weeks, units))
    return rows.to_frame(index=False).assign(y=count.ravel().astype(float))


@pytest.mark.parametrize("half_year", [0.8, 1.2])
def test_a_market_used_up_or_growing_has_the_noise_of_its_level_to_come(half_year):
    found = [experiments.noise_of(counted(seed, half_year=half_year), outcome="y") for seed in range(30)]
    assert np.mean([noise.change for noise in found]) == pytest.approx(half_year, rel=0.05)
    drawn = [noise.draw(MONDAY, 26, 200, np.random.default_rng(1))[0].std() for noise in found]
    usual = np.mean([noise.usual.iloc[0] for noise in found])
    ahead = 40 * half_year**0.4  # after thirteen weeks, of a change that fades; a count's noise is its root
    assert np.mean(drawn) == pytest.approx(100 * np.sqrt(ahead) / usual, rel=0.07)


def test_a_change_goes_on_and_comes_to_rest():
    noise = experiments.noise_of(counted(1, half_year=0.8), outcome="y")
    noise = replace(noise, season=np.zeros((2, 1)), now=1.0, change=0.9)
    level = noise.level(pd.date_range(noise.last - pd.Timedelta(weeks=13), periods=800, freq="7D"))
    assert level[0] == 1 and (np.diff(level) <= 0).all()
    assert 0.9 < level[26] < 0.92 and level[-1] == pytest.approx(0.9**4, rel=0.01)


def seasonal(seed, *, kept=1.0, swing=0.5, weeks=104):
    """Return counts with a season that swings by a part of the level; the last half year is all low season."""
    days = pd.date_range(end=MONDAY - pd.Timedelta(weeks=1), periods=weeks, freq="7D")
    level = 60 * kept ** ((np.arange(weeks) - weeks) / 26) * (1 + swing * np.sin(2 * np.pi * np.arange(weeks) / 52))
    return pd.DataFrame({"week": days, "brand": "u0", "y": np.random.default_rng(seed).poisson(level).astype(float)})


def test_after_a_low_season_a_high_one_is_expected():
    found = [experiments.noise_of(seasonal(seed), outcome="y") for seed in range(20)]
    ahead = pd.date_range(MONDAY, periods=52, freq="7D")
    level = np.mean([noise.level(ahead) for noise in found], axis=0)
    usual = 1 - 0.5 * 2 / np.pi  # of a year's mean, a half year of low season
    assert level[:26].mean() == pytest.approx((1 + 0.5 * 2 / np.pi) / usual, rel=0.07)
    assert level[26:].mean() == pytest.approx(1, rel=0.07)


def test_a_season_swings_with_the_level():
    found = [experiments.noise_of(seasonal(seed, kept=0.8, swing=0.3), outcome="y") for seed in range(20)]
    swings = [noise.swing / 100 * noise.usual.iloc[0] for noise in found]  # new customers
    assert np.mean(swings) == pytest.approx(0.3 * 60 / 0.8**0.5, rel=0.15)  # of the level a quarter before the end


@pytest.mark.parametrize("growth", [0.0, 0.5, 1.0])
def test_how_noise_grows_with_the_level_is_measured_where_it_changes(growth):
    rows = counted(1, units=6, half_year=0.7)
    level = 40 * 0.7 ** ((np.arange(PAST) - PAST) / 26)
    rng = np.random.default_rng(4)
    spread = 4 * (level / level[-1]) ** growth
    rows["y"] = (level[:, None] + spread[:, None] * rng.standard_normal((PAST, 6))).ravel()
    assert experiments.noise_of(rows, outcome="y").growth == pytest.approx(growth, abs=0.2)


def test_where_the_level_hardly_changes_noise_grows_as_a_counts():
    assert experiments.noise_of(counted(2, half_year=1.0), outcome="y").growth == pytest.approx(0.5, abs=0.1)


def test_of_less_than_a_year_no_change_is_believed():
    noise = experiments.noise_of(counted(1, weeks=40), outcome="y")
    assert noise.change == 1 and (noise.level(pd.date_range(MONDAY, periods=5, freq="7D")) == 1).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.rename(columns={"y": "z"}), "no column 'y'"),
        (lambda t: t.assign(y="many"), "must hold numbers"),
        (lambda t: pd.concat([t, t.tail(1)]), "is there twice"),
        (lambda t: t.drop(index=t.index[[50, 51]]), "not known in 2 weeks, first 2024-12"),
        (lambda t: t.tail(20), "20 weeks of 'y' are known; 26 are needed"),
        (lambda t: t.assign(y=7.0), "never varies"),
        (lambda t: t.assign(y=0.0), "percent of it say nothing"),
    ],
)
def test_weeks_that_tell_nothing_are_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        plan_experiment(spoil(weekly()), outcome="y", design="alternating", effect=5)


def test_why_nothing_can_be_planned_is_told_in_korean_too():
    asked = {"unit": "brand", "outcome": "y"}
    few = experiments.plan_designs({"alternating": weekly(1).tail(20)}, effect=6, **asked).refused["alternating"]
    assert few["ko"].endswith("y 값이 20주뿐입니다. 변동을 보려면 26주가 필요합니다.")
    blocks = {"effect": 6, "half_life": 13, "longest": 52}
    long = experiments.plan_designs({"alternating": weekly(1)}, **blocks, **asked).refused["alternating"]
    assert "need 336 weeks at least" in long["en"] and "적어도 336주가 필요합니다" in long["ko"]
    assert "영문" not in few["ko"] + long["ko"]


def test_a_smaller_effect_needs_more_weeks_and_a_lasting_one_more_still():
    needed = [
        plan_experiment(weekly(1), outcome="y", design="alternating", effect=effect, **more).weeks.estimate
        for effect, more in ((8, {}), (4, {}), (4, {"half_life": 0.7}))
    ]
    assert needed == sorted(needed) and needed[0] < needed[2]


def test_a_plan_says_how_surely_it_knows():
    plan = plan_experiment(weekly(1), outcome="y", design="alternating", effect=5, delta=1)
    assert plan.weeks.low <= plan.weeks.estimate <= plan.weeks.high
    assert plan.power.low <= plan.power.estimate <= plan.power.high
    assert plan.power.estimate >= 0.8 and plan.design.weeks == plan.weeks.estimate
    assert plan.design.start == MONDAY and len(plan.schedule) == plan.design.weeks
    assert plan.curve["weeks"].is_monotonic_increasing and not plan.reason


def test_what_no_experiment_can_tell_is_said():
    plan = plan_experiment(weekly(1), outcome="y", design="alternating", effect=0.5, longest=52)
    assert plan.weeks.estimate == np.inf and plan.design.weeks == 52
    assert "Even 52 weeks" in plan.reason["en"]
    assert f"the smallest effect they tell with 80% is {plan.detectable.estimate:.0f}%" in plan.reason["en"]


@pytest.mark.parametrize(("kind", "units"), [("alternating", 1), ("holdout", 8), ("staggered", 5)])
def test_the_smallest_effect_told_is_one_that_the_same_weeks_tell(kind, units):
    """Planned again for just that effect, the same weeks have the power wanted; for a little less, they have not."""
    asked = {"outcome": "y", "design": kind, "delta": 1, "power": 0.7, "weeks": 30}
    least = plan_experiment(weekly(1, units=units), effect=9, **asked).detectable
    assert 1 < least.low < least.estimate < least.high
    for change, enough in ((0.01, True), (-0.01, False)):
        again = plan_experiment(weekly(1, units=units), effect=least.estimate + change, **asked)
        assert (again.power.estimate >= 0.7) == enough
        assert again.power.estimate == pytest.approx(0.7, abs=0.01)


def test_a_plan_is_no_longer_than_it_must_be():
    """Half a pair of blocks, or a week more from start to start, is all that a plan goes up by."""
    for kind, units, step in (("alternating", 1, 2), ("holdout", 8, 1), ("staggered", 5, 1)):
        plan = plan_experiment(weekly(1, units=units), outcome="y", design=kind, effect=6, half_life=0.5)
        steps = np.diff(plan.curve["weeks"])
        assert plan.design.step == step and (steps % step == 0).all() and (steps == step).any()


def test_a_length_of_ones_own_goes_up_to_what_the_blocks_can_take():
    assert plan_experiment(weekly(1), outcome="y", design="alternating", effect=5, weeks=29).design.weeks == 30


def test_an_effect_below_what_matters_is_refused():
    with pytest.raises(ValueError, match="effect must be above delta"):
        plan_experiment(weekly(), outcome="y", design="alternating", effect=5, delta=5)


@pytest.mark.parametrize(("kind", "units"), [("alternating", 1), ("holdout", 8), ("staggered", 5)])
def test_planned_power_is_what_comes(kind, units):
    """The noise is known here (its past is long), so 300 experiments come out as planned but for their own luck."""
    past = weekly(11, units=units, weeks=156, end=MONDAY)
    effect = {"alternating": 5, "holdout": 7, "staggered": 6}[kind]
    plan = plan_experiment(past, outcome="y", design=kind, effect=effect, delta=1)
    rng, d = np.random.default_rng(2), plan.design
    told = []
    for seed in range(150):
        one = replace(d, seed=int(rng.integers(1e9)))
        told.append(read_experiment(run(one, 100 + seed, effect=effect), one, outcome="y", draws=199).low > 1)
    assert plan.power.low - 0.12 <= np.mean(told) <= plan.power.high + 0.12


def test_cells_of_the_audience_hold_everybody_once():
    rng = np.random.default_rng(1)
    came = pd.Timestamp("2025-01-06", tz="Asia/Seoul") + pd.to_timedelta(rng.uniform(0, 350, 2000), unit="D")
    people = pd.DataFrame({"customer_key": [f"k{i}" for i in range(2000)], "acquired_at": came})
    until = pd.Timestamp("2025-12-31 23:59", tz="Asia/Seoul")
    cells = experiments.audience_weeks(people, until=until, cells=8)
    assert cells["new_customers"].sum() == 2000 and cells.groupby("week").size().eq(8).all()
    assert cells.groupby("unit")["new_customers"].sum().between(200, 300).all()
    again = experiments.audience_weeks(people.sample(frac=1, random_state=1), until=until, cells=8)
    pd.testing.assert_frame_equal(cells, again)
    with pytest.raises(ValueError, match="2 or more"):
        experiments.audience_weeks(people, until=until, cells=1)


def test_designs_side_by_side_say_why_one_cannot_be():
    frames = {"alternating": weekly(1), "holdout": weekly(2, units=8), "staggered": None}
    found = experiments.plan_designs(frames, unit="brand", outcome="y", effect=6)
    table = experiments.plan_table(found)
    assert table["design"].tolist() == ["design_alternating", "design_holdout", "design_staggered"]
    assert "at least 5" in table["reason_en"].iloc[-1]
    with pytest.raises(ValueError, match="at least 5"):
        found["staggered"]
    short = experiments.plan_designs({"alternating": weekly(1).tail(20)}, unit="brand", outcome="y", effect=6)
    assert "20 weeks" in short.refused["alternating"]["en"] and not short.plans


def test_a_dry_run_on_the_past_finds_nothing_and_before_and_after_finds_anything():
    rows = weekly(4)
    plan = plan_experiment(rows, outcome="y", design="alternating", effect=5)
    dry = experiments.dry_run(rows, plan)
    assert dry.low < 0 < dry.high
    usual = experiments.before_and_after(rows, outcome="y")
    assert usual.low < -1 and usual.high > 1
    table = experiments.reading_table({"experiment_dry_run": dry, "experiment_before_after": usual})
    assert table["estimate"].notna().all() and not any(table["reason_en"])


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_are_drawn(lang):
    found = experiments.plan_designs({"alternating": weekly(1)}, unit="brand", outcome="y", effect=6)
    assert plot.plot_power(found, lang=lang).get_legend()
    drawn = plot.plot_calendar(found["alternating"], lang=lang)
    assert drawn.get_title() or drawn.get_title(loc="left")
    assert plot.plot_power(experiments.Plans({}), lang=lang).texts and plot.plot_calendar(None, lang=lang).texts
    plot.plt.close("all")


def test_a_draw_just_like_ours_speaks_against_nothing():
    low, high = lots.thresholds(np.array([[1.0, 0.0]]), np.array([1.0]), np.array([0.0, 1.0]))
    assert low.tolist() == [[-np.inf, 1.0]] and high.tolist() == [[np.inf, 1.0]]
    assert lots.ends(low, high, 0.9)[0] == -np.inf
