"""Does a planned power of 80% hold? Experiments planned on a brand's past, then run, then read by the same rule.

`noise`: weeks of plain autoregressive noise with a planted effect; the same experiments without an effect say how often
*supported* is false, and whether a clear no is as frequent as the plan says. `virtual`: the virtual brand lives two
years under its plan; then an activity is doubled and paused by the plan's timetable for as many weeks as it asks for.
The planned effect is the true one of that very brand: what doubling minus pausing does with the same luck. Markets:
3,000 people in alternating weeks, 4,000 in cells, five brands of 1,500 one after the other.

    python benchmarks/experiment_power.py [seeds=200] [case, ...]
"""

from __future__ import annotations

import copy
import os
import sys
import time

import numpy as np
import pandas as pd

from smm_analysis import experiments
from smm_analysis.experiments.designs import doses
from smm_analysis.virtual.life import LivingBrand
from smm_analysis.virtual.simulation import Choices, Setting
from smm_analysis.virtual.worlds import LINES, PLANS, POLICIES, WORLDS

PAST, AHEAD = 104, 60
HOLDOUT_WEEKS, START_WEEKS = 30, 15  # lasting effects fall off, as those who could be won have been: what a unit sees
MONDAY = pd.Timestamp("2024-01-01")
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
    begin = MONDAY + pd.Timedelta(weeks=PAST)
    plan = experiments.plan_experiment(
        table(y[:PAST], names), outcome="y", seed=seed, start=begin, longest=AHEAD, **asked
    )
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


def after(brand: LivingBrand, on: np.ndarray, lines: tuple[str, ...]) -> LivingBrand:
    """Return the brand after more weeks in which lines of money are doubled (on = 1) or paused (0)."""
    again = copied(brand)
    money = np.round(again.plan_money).copy()
    for line in lines:
        money[PAST : PAST + len(on), LINES.index(line)] *= 2 * on
    hours = money[:, LINES.index("listen")] / 20_000
    for week in range(PAST, PAST + len(on)):
        again.live(week, Choices(money, hours))
    return again


def new_customers(brand: LivingBrand) -> np.ndarray:
    """Return who first bought when; (weeks, people)."""
    bought = brand.log["bought"]
    return bought & (np.cumsum(bought, axis=0) == 1)


def counted(brand: LivingBrand, outcome: str, weeks: int) -> np.ndarray:
    """Return an outcome's weekly count."""
    who = new_customers(brand) if outcome == "new_customers" else brand.log["joined"]
    return who[:weeks].sum(axis=1).astype(float)


def alternating(seed: int, *, lines: tuple[str, ...], outcome: str, gap: float, people: int = 3000) -> tuple:
    """One brand, an activity doubled and paused in turn."""
    brand = lived(seed, "mirae", people)
    past = table(counted(brand, outcome, PAST), ["mirae"], brand.conditions)
    asked = dict(outcome="y", design="alternating", half_life=0.75, washout=1, adjust=ADJUST, longest=AHEAD, seed=seed)
    start = MONDAY + pd.Timedelta(weeks=PAST)
    probe = experiments.Design("alternating", ("mirae",), start, weeks=42, block=3, washout=1, half_life=0.75)
    effect = _flipped(brand, probe, lines, outcome)
    plan = experiments.plan_experiment(past, effect=effect, delta=gap * effect, **asked)
    on = plan.design.chosen()[:, 0]
    weeks = PAST + len(on)
    record = table(counted(after(brand, on, lines), outcome, weeks), ["mirae"], brand.conditions)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", adjust=ADJUST, draws=999), effect, None


def _flipped(brand: LivingBrand, design: experiments.Design, lines: tuple[str, ...], outcome: str) -> float:
    """Return the true effect, percent: a timetable minus its mirror image, the same luck, per unit of dose."""
    on = design.chosen()
    pair = [counted(after(brand, way[:, 0], lines), outcome, PAST + len(on))[PAST:] for way in (on, 1 - on)]
    dose = doses(design, np.stack([on, 1 - on]))[:, :, 0]
    gap, more = pair[0] - pair[1], dose[0] - dose[1]
    kept = design.counts
    return 100 * (gap * more)[kept].sum() / (more**2)[kept].sum() / counted(brand, outcome, PAST)[-26:].mean()


def holdout(seed: int, *, lines: tuple[str, ...], gap: float, people: int = 4000, cells: int = 10) -> tuple:
    """An audience in cells, half of which go without; each half lives as with all on, or all off."""
    brand = lived(seed, "mirae", people)
    names = [f"c{i}" for i in range(cells)]
    cell = np.random.default_rng([seed, 9]).integers(0, cells, people)
    lives = [new_customers(after(brand, np.full(AHEAD, way), lines)) for way in (0.0, 1.0)]
    by_cell = [np.stack([who[:, cell == c].sum(axis=1) for c in range(cells)], axis=1) for who in lives]
    past = table(by_cell[0][:PAST], names)
    more = (by_cell[1] - by_cell[0]).sum(axis=1)[PAST:]
    effect = 100 * more[1:HOLDOUT_WEEKS].mean() / by_cell[0][PAST - 26 : PAST].sum(axis=1).mean()
    asked = dict(outcome="y", design="holdout", half_life=0.75, washout=1, longest=AHEAD, seed=seed)
    plan = experiments.plan_experiment(past, effect=effect, delta=gap * effect, **asked)
    on = np.vstack([np.zeros((PAST, cells)), plan.design.chosen()]).astype(bool)
    record = table(np.where(on, by_cell[1][: len(on)], by_cell[0][: len(on)]), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect, None


def staggered(seed: int, *, lines: tuple[str, ...], outcome: str, gap: float, people: int = 1500) -> tuple:
    """Five brands that start one after the other; before, the activity is paused."""
    names = [f"b{i}" for i in range(5)]
    brands = [lived(seed, name, people) for name in names]
    ways = [
        np.stack([counted(after(b, np.full(AHEAD, way), lines), outcome, PAST + AHEAD) for b in brands], axis=1)
        for way in (0.0, 1.0)
    ]
    usual = ways[0][PAST - 26 : PAST].mean(axis=0)
    effect = float(100 * ((ways[1] - ways[0])[PAST + 1 : PAST + START_WEEKS].mean(axis=0) / usual).mean())
    asked = dict(outcome="y", design="staggered", half_life=0.75, washout=1, longest=AHEAD, seed=seed)
    plan = experiments.plan_experiment(table(ways[0][:PAST], names), effect=effect, delta=gap * effect, **asked)
    on = plan.design.chosen()
    lives = [counted(after(b, on[:, i], lines), outcome, PAST + len(on)) for i, b in enumerate(brands)]
    record = table(np.stack(lives, axis=1), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect, None


VIRTUAL = {
    "virtual: alternating, new customers": (
        alternating,
        dict(lines=PAID, outcome="new_customers", gap=0.0),
    ),
    "virtual: alternating, new followers": (alternating, dict(lines=("sns_ads",), outcome="new_followers", gap=0.3)),
    "virtual: holdout of audience cells": (
        holdout,
        dict(lines=PAID, gap=0.0),
    ),
    "virtual: staggered over brands": (staggered, dict(lines=PAID, outcome="new_followers", gap=0.2)),
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
        f" {held:7.1%} {false:7.1%} {np.mean([p.power_none for p in plans]):9.1%} {no:7.1%}"
        f" {sum(bool(p.reason) for p in plans):6d} {seconds:5.0f}",
        flush=True,
    )


def main(seeds: int, cases: list[str]) -> None:
    """Print the table, a row a case; *short*: how many needed more weeks than there were."""
    print(
        f"{'case':38s} {'seeds':>5s} {'weeks':>6s} {'effect %':>8s} {'delta':>6s} {'planned':>8s} {'supported':>10s}"
        f" {'covers':>7s} {'false':>7s} {'plan: no':>9s} {'no':>7s} {'short':>6s} {'s':>5s}",
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
