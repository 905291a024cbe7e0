"""Does a planned power of 80% hold? Experiments planned on a brand's past, then run, then read by the same rule.

`noise`: weeks of plain autoregressive noise with a planted effect; the same experiments without an effect say how often
*supported* is false, and whether a clear no is as frequent as the plan says. `virtual`: the virtual brand lives two
years under its plan; then an activity is doubled and paused by the plan's timetable for as many weeks as it asks for.
The planned effect is the true one of that very brand in those very weeks: what doubling minus pausing does on average
over lots (on which weeks and brands it falls is part of the noise) and over other luck. Markets: 3,000 people in
alternating weeks, 4,000 in cells, five brands of 1,500 one after the other. Weeks are whole, so the weeks planned have
a power somewhat above .80, or below where none of 60 is enough: the smallest effect that matters (*delta*) is moved
until the plan says .80 of just these weeks.

    python benchmarks/experiment_power.py [seeds=200] [case, ...]
"""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from smm_analysis import experiments
from smm_analysis.experiments import Design, ExperimentPlan, lots
from smm_analysis.experiments.designs import doses
from smm_analysis.virtual.life import WELCOMED, LivingBrand
from smm_analysis.virtual.luck import Luck
from smm_analysis.virtual.simulation import Choices, Setting
from smm_analysis.virtual.worlds import LINES, PLANS, POLICIES, WORLDS

PAST, AHEAD = 104, 60
OTHER_LUCK = 1_000_003  # how far the seeds of another future lie
LOTS = 6  # over which a true effect is averaged
MONDAY = pd.Timestamp("2024-01-01")
START = MONDAY + pd.Timedelta(weeks=PAST)
ADJUST = ("price", "holiday", "stock_out")
PAID = ("tv", "newspaper", "outdoor", "sns_ads", "events")


def table(values: np.ndarray, units: list[str], conditions: dict | None = None) -> pd.DataFrame:
    """Return weekly rows of (weeks, units)."""
    weeks = pd.date_range(MONDAY, periods=len(values), freq="7D")
    rows = pd.MultiIndex.from_product([weeks, units], names=["week", "brand"]).to_frame(index=False)
    known = {name: np.repeat(conditions[name][: len(values)], len(units)) for name in ADJUST} if conditions else {}
    return rows.assign(y=values.ravel().astype(float), **known)


# plain noise


def autoregressive(seed: int, units: int, kept: float) -> np.ndarray:
    """Return weeks of noise in percent of 100, with a season; (weeks, units)."""
    rng = np.random.default_rng(seed)
    at, out = np.zeros(units), []
    for _ in range(30 + PAST + AHEAD):
        at = kept * at + 10 * rng.standard_normal(units)
        out.append(at)
    season = 8 * np.sin(2 * np.pi * np.arange(PAST + AHEAD) / 52.18 + seed)
    return 100 + np.array(out)[30:] + season[:, None]


NOISE = {
    "noise: alternating": dict(design="alternating", units=1, kept=0.3, effect=12.0, delta=2.0),
    "noise: alternating, lasting effect": dict(
        design="alternating", units=1, kept=0.3, effect=14.0, delta=2.0, half_life=0.7, washout=1
    ),
    "noise: holdout": dict(design="holdout", units=8, kept=0.3, effect=12.0, delta=2.0),
    "noise: staggered": dict(design="staggered", units=6, kept=0.3, effect=11.0, delta=2.0),
}


def in_noise(seed: int, *, units: int, kept: float, **asked) -> tuple:
    """Plan on the past, add the effect, or none, and read."""
    names = [f"u{i}" for i in range(units)]
    y = autoregressive(seed, units, kept)
    past = table(y[:PAST], names)
    plan = at_80(past, **asked, outcome="y", seed=seed, start=START, longest=AHEAD)
    d = plan.design
    dose = doses(d, d.chosen()[None])[0, d.before :]
    usual = y[PAST - 26 : PAST].mean(axis=0)
    read = []
    for effect in (asked["effect"], 0.0):
        added = np.vstack([np.zeros((PAST, units)), effect / 100 * usual * dose])
        record = table(y[: PAST + d.weeks] + added, names)
        read.append(experiments.read_experiment(record, d, outcome="y", draws=999))
    return plan, read[0], asked["effect"], read[1]


# the virtual brand


def lived(seed: int, brand: str, people: int) -> LivingBrand:
    """Return a brand after its first two years."""
    setting = Setting(seed, brand, WORLDS["default"], POLICIES["planned"], PLANS["steady"], PAST + AHEAD, people, {})
    one = LivingBrand(setting, 0.0)
    for week in range(PAST):
        one.live(week, None)
    return one


def copied(brand: LivingBrand) -> LivingBrand:
    """Return a brand that lives on by itself; people and luck are the same."""
    again = copy.copy(brand)
    for name, value in vars(brand).items():
        if isinstance(value, np.ndarray):
            setattr(again, name, value.copy())
        elif isinstance(value, dict):
            setattr(
                again, name, {key: np.copy(one) if isinstance(one, np.ndarray) else one for key, one in value.items()}
            )
    again.moods = list(brand.moods)
    return again


def after(brand: LivingBrand, on: np.ndarray, lines: tuple[str, ...], luck: Luck | None = None) -> LivingBrand:
    """Return the brand after more weeks in which lines of money are doubled (on = 1) or paused (0)."""
    again = copied(brand)
    again.luck = luck or brand.luck
    money = np.round(again.plan_money).copy()
    for line in lines:
        money[PAST : PAST + len(on), LINES.index(line)] *= 2 * on
    hours = money[:, LINES.index("listen")] / 20_000
    for week in range(PAST, PAST + len(on)):
        again.live(week, Choices(money, hours))
    return again


def came(brand: LivingBrand, outcome: str) -> np.ndarray:
    """Return who first bought, or began to follow, when; (weeks, people)."""
    bought = brand.log["bought"]
    return bought & (np.cumsum(bought, axis=0) == 1) if outcome == "new_customers" else brand.log["joined"]


def counted(brand: LivingBrand, outcome: str, weeks: int) -> np.ndarray:
    """Return an outcome's weekly count."""
    return came(brand, outcome)[:weeks].sum(axis=1).astype(float)


def expected(brand: LivingBrand, on: np.ndarray, lines: tuple[str, ...], outcome: str) -> np.ndarray:
    """Return the weekly count to be expected under a timetable: people's chances, on other luck."""
    one = after(brand, on, lines, Luck(brand.setting.seed + OTHER_LUCK, brand.setting.brand))
    log, ahead = one.log, slice(PAST, PAST + len(on))
    first = np.where(np.cumsum(log["bought"], axis=0) - log["bought"] > 0, 0, log["chance"])[ahead]
    if outcome == "new_customers":
        return first.sum(axis=1)
    joining = np.stack([one.joining(week) for week in range(PAST, PAST + len(on))])
    joining += (1 - joining) * WELCOMED * first
    return joining.sum(axis=1, where=~log["follows"][PAST - 1 : PAST + len(on) - 1])


def planned(
    past: pd.DataFrame, added: Callable[[np.ndarray], np.ndarray], *, guess: float, gap: float, **asked
) -> tuple:
    """Plan for what is truly added in the weeks that the plan asks for: again, until it asks for no others.

    `added` gives, in percent of a usual week, what switching by a lot adds in each week; (weeks, units). The effect is
    what the reading would find in that without any noise, on average over lots.
    """
    asked |= dict(outcome="y", half_life=0.75, washout=1, longest=AHEAD)
    plan, effects = experiments.plan_experiment(past, effect=guess, delta=gap * guess, **asked), {}
    while (weeks := plan.design.weeks) not in effects:
        lot = plan.design.draw(np.random.default_rng([asked["seed"], 8]), LOTS)
        effects[weeks] = np.mean([noiseless(plan.design, on, added(on)) for on in lot])
        plan = experiments.plan_experiment(past, effect=effects[weeks], delta=gap * effects[weeks], **asked)
    effect = effects[weeks]
    return at_80(past, effect=effect, delta=gap * effect, weeks=weeks, **asked), effect


def at_80(past: pd.DataFrame, *, effect: float, delta: float, **asked) -> ExperimentPlan:
    """Plan, and move what matters until the power of the weeks planned is .80."""
    plan = experiments.plan_experiment(past, effect=effect, delta=delta, **asked)
    moved = delta + effect - plan.detectable.estimate
    return experiments.plan_experiment(past, effect=effect, delta=moved, **asked | {"weeks": plan.design.weeks})


def noiseless(design: Design, on: np.ndarray, added: np.ndarray) -> float:
    """Return the effect that is read off what a lot adds, (weeks, units), without noise."""
    path = np.vstack([np.zeros((design.before, len(design.units))), added])
    dose = doses(design, on[None])
    path, dose = (lots.centred(design, one)[0] for one in (path[None], dose))
    return float(path @ dose / (dose @ dose))


def alternating(seed: int, *, lines: tuple[str, ...], outcome: str, people: int = 3000, **asked) -> tuple:
    """One brand, an activity doubled and paused in turn."""
    brand = lived(seed, "mirae", people)
    past = table(counted(brand, outcome, PAST), ["mirae"], brand.conditions)

    def added(on: np.ndarray) -> np.ndarray:
        gap = np.subtract(*(expected(brand, way[:, 0], lines, outcome) for way in (on, 1 - on)))
        return 50 * gap[:, None] / past["y"].tail(26).mean()  # against half on

    plan, effect = planned(past, added, design="alternating", adjust=ADJUST, seed=seed, **asked)
    lived_on = after(brand, plan.design.chosen()[:, 0], lines)
    record = table(counted(lived_on, outcome, PAST + plan.design.weeks), ["mirae"], brand.conditions)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", adjust=ADJUST, draws=999), effect, None


def holdout(seed: int, *, lines: tuple[str, ...], people: int = 4000, cells: int = 10, **asked) -> tuple:
    """An audience in cells, half of which go without; each half lives as with all on, or all off."""
    brand = lived(seed, "mirae", people)
    cell = np.random.default_rng([seed, 9]).integers(0, cells, people)
    lives = [came(after(brand, np.full(AHEAD, way), lines), "new_customers") for way in (0.0, 1.0)]
    by_cell = [np.stack([who[:, cell == c].sum(axis=1) for c in range(cells)], axis=1) for who in lives]
    off, on = (expected(brand, np.full(AHEAD, way), lines, "new_customers") for way in (0.0, 1.0))
    names = [f"c{i}" for i in range(cells)]
    more = 100 * (on - off) / by_cell[0][PAST - 26 : PAST].sum(axis=1).mean()
    past = table(by_cell[0][:PAST], names)
    plan, effect = planned(past, lambda on: more[: len(on), None] * on, design="holdout", seed=seed, **asked)
    chosen = np.vstack([np.zeros((PAST, cells)), plan.design.chosen()]).astype(bool)
    record = table(np.where(chosen, by_cell[1][: len(chosen)], by_cell[0][: len(chosen)]), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect, None


def staggered(seed: int, *, lines: tuple[str, ...], outcome: str, people: int = 1500, **asked) -> tuple:
    """Five brands that start one after the other; before, the activity is paused."""
    names = [f"b{i}" for i in range(5)]
    brands = [lived(seed, name, people) for name in names]
    before = np.stack([counted(brand, outcome, PAST) for brand in brands], axis=1)

    def weeks(on: np.ndarray) -> np.ndarray:
        return np.stack([expected(brand, on[:, i], lines, outcome) for i, brand in enumerate(brands)], axis=1)

    off = weeks(np.zeros((AHEAD, len(brands))))

    def added(on: np.ndarray) -> np.ndarray:
        return 100 * (weeks(on) - off[: len(on)]) / before[-26:].mean(axis=0)

    plan, effect = planned(table(before, names), added, design="staggered", seed=seed, **asked)
    on = plan.design.chosen()
    lives = [counted(after(brand, on[:, i], lines), outcome, PAST + len(on)) for i, brand in enumerate(brands)]
    record = table(np.stack(lives, axis=1), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect, None


VIRTUAL = {
    "virtual: alternating, new customers": (
        alternating,
        dict(lines=PAID, outcome="new_customers", guess=60.0, gap=0.0),
    ),
    "virtual: alternating, new followers": (
        alternating,
        dict(lines=("sns_ads",), outcome="new_followers", guess=60.0, gap=0.45),
    ),
    "virtual: holdout of audience cells": (
        holdout,
        dict(lines=PAID, guess=60.0, gap=0.0),
    ),
    "virtual: staggered over brands": (staggered, dict(lines=PAID, outcome="new_followers", guess=60.0, gap=0.5)),
}


def report(name: str, rows: list[tuple], seconds: float) -> None:
    """Print one case: what was planned and what came of it."""
    plans = [plan for plan, *_ in rows]
    told = np.mean([found.low > plan.delta for plan, found, _, _ in rows])
    held = np.mean([found.low <= true <= found.high for _, found, true, _ in rows])
    none = [(plan.delta, found) for plan, _, _, found in rows if found]
    false = np.mean([found.low > delta for delta, found in none]) if none else np.nan
    no = np.mean([found.high < delta for delta, found in none]) if none else np.nan
    print(
        f"{name:38s} {len(rows):5d} {np.median([p.design.weeks for p in plans]):6.0f}"
        f" {np.mean([p.effect for p in plans]):8.1f} {np.mean([p.delta for p in plans]):6.1f}"
        f" {np.mean([p.power.estimate for p in plans]):8.1%} {told:10.1%}"
        f" {held:7.1%} {false:7.1%} {np.mean([p.power_none for p in plans]):9.1%} {no:7.1%} {seconds:5.0f}",
        flush=True,
    )


def main(seeds: int, cases: list[str]) -> None:
    """Print the table, a row a case."""
    print(
        f"{'case':38s} {'seeds':>5s} {'weeks':>6s} {'effect %':>8s} {'delta':>6s} {'planned':>8s} {'supported':>10s}"
        f" {'covers':>7s} {'false':>7s} {'plan: no':>9s} {'no':>7s} {'s':>5s}",
        flush=True,
    )
    runs = {name: (in_noise, asked) for name, asked in NOISE.items()} | VIRTUAL
    for name, (run, asked) in runs.items():
        if not cases or any(case in name for case in cases):
            begun = time.perf_counter()
            report(name, [run(seed, **asked) for seed in range(FIRST, FIRST + seeds)], time.perf_counter() - begun)


FIRST = int(os.environ.get("FIRST_SEED", "0"))  # development was on seeds from 1000 on

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
