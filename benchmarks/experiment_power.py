"""Does a planned power of 80% hold? Experiments planned on a brand's past, then run, then read by the same rule.

`noise`: weeks of plain autoregressive noise with a planted effect, alternating, held out and staggered; also with no
effect, where *supported* must be rare, and *not supported* as frequent as the plan says. `virtual`: the virtual brand
lives two years under its plan (6,000 people in alternating weeks, 5,000 elsewhere); then an activity is doubled and
paused by the plan's timetable for as many weeks as it asks for. The planned effect is the true one of that very brand:
what doubling minus pausing does with the same luck. Nothing here was tuned on the seeds that are reported.

    python benchmarks/experiment_power.py [seeds=200] [case, ...]
"""

from __future__ import annotations

import copy
import sys
import time

import numpy as np
import pandas as pd

from smm_analysis import experiments
from smm_analysis.experiments.designs import doses
from smm_analysis.virtual.engine import Choices, Setting, _Brand
from smm_analysis.virtual.worlds import LINES, PLANS, POLICIES, WORLDS

PAST, AHEAD = 104, 72
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
    "noise: holdout": dict(design="holdout", units=10, kept=0.3, effect=9.0, delta=2.0),
    "noise: staggered": dict(design="staggered", units=6, kept=0.3, effect=11.0, delta=2.0),
}


def in_noise(seed: int, true: float, *, units: int, kept: float, **asked) -> tuple:
    """Plan on the past, add the true effect, read."""
    names = [f"u{i}" for i in range(units)]
    y = autoregressive(seed, units, kept)
    plan = experiments.plan_experiment(
        table(y[:PAST], names), outcome="y", seed=seed, start=MONDAY + pd.Timedelta(weeks=PAST), longest=AHEAD, **asked
    )
    d = plan.design
    y[PAST : PAST + d.weeks] += true * doses(d, d.chosen()[None])[0, d.before :]
    found = experiments.read_experiment(table(y[: PAST + d.weeks], names), d, outcome="y", draws=999)
    return plan, found, true


# the virtual brand


def lived(seed: int, brand: str, people: int) -> _Brand:
    """Return a brand after its first two years."""
    setting = Setting(seed, brand, WORLDS["default"], POLICIES["planned"], PLANS["steady"], PAST + AHEAD, people, {})
    one = _Brand(setting, 0.0)
    for week in range(PAST):
        one.live(week, None)
    return one


def copied(brand: _Brand) -> _Brand:
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


def after(brand: _Brand, on: np.ndarray, lines: tuple[str, ...]) -> _Brand:
    """Return the brand after more weeks in which lines of money are doubled (on = 1) or paused (0)."""
    again = copied(brand)
    money = np.round(again.plan_money).copy()
    for line in lines:
        money[PAST : PAST + len(on), LINES.index(line)] *= 2 * on
    hours = money[:, LINES.index("listen")] / 20_000
    for week in range(PAST, PAST + len(on)):
        again.live(week, Choices(money, hours))
    return again


def new_customers(brand: _Brand) -> np.ndarray:
    """Return who first bought when; (weeks, people)."""
    bought = brand.log["bought"]
    return bought & (np.cumsum(bought, axis=0) == 1)


def counted(brand: _Brand, outcome: str, weeks: int) -> np.ndarray:
    """Return an outcome's weekly count."""
    who = new_customers(brand) if outcome == "new_customers" else brand.log["joined"]
    return who[:weeks].sum(axis=1).astype(float)


def alternating(seed: int, *, lines: tuple[str, ...], outcome: str, gap: float, people: int = 6000) -> tuple:
    """One brand, an activity doubled and paused in turn."""
    brand = lived(seed, "mirae", people)
    past = table(counted(brand, outcome, PAST), ["mirae"], brand.conditions)
    asked = dict(outcome="y", design="alternating", half_life=0.75, washout=1, adjust=ADJUST, longest=AHEAD, seed=seed)
    probe = experiments.plan_experiment(past, effect=100, weeks=AHEAD, **asked).design
    effect = _flipped(brand, probe, lines, outcome)
    plan = experiments.plan_experiment(past, effect=effect, delta=gap * effect, **asked)
    on = plan.design.chosen()[:, 0]
    weeks = PAST + len(on)
    record = table(counted(after(brand, on, lines), outcome, weeks), ["mirae"], brand.conditions)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", adjust=ADJUST, draws=999), effect


def _flipped(brand: _Brand, design: experiments.Design, lines: tuple[str, ...], outcome: str) -> float:
    """Return the true effect, percent: a timetable minus its mirror image, the same luck, per unit of dose."""
    on = design.chosen()
    pair = [counted(after(brand, way[:, 0], lines), outcome, PAST + len(on))[PAST:] for way in (on, 1 - on)]
    dose = doses(design, np.stack([on, 1 - on]))[:, :, 0]
    gap, more = pair[0] - pair[1], dose[0] - dose[1]
    kept = design.counts
    return 100 * (gap * more)[kept].sum() / (more**2)[kept].sum() / counted(brand, outcome, PAST)[-26:].mean()


def holdout(seed: int, *, lines: tuple[str, ...], gap: float, people: int = 5000, cells: int = 10) -> tuple:
    """An audience in cells, half of which go without; each half lives as with all on, or all off."""
    brand = lived(seed, "mirae", people)
    names = [f"c{i}" for i in range(cells)]
    cell = np.random.default_rng([seed, 9]).integers(0, cells, people)
    lives = [new_customers(after(brand, np.full(AHEAD, way), lines)) for way in (0.0, 1.0)]
    by_cell = [np.stack([who[:, cell == c].sum(axis=1) for c in range(cells)], axis=1) for who in lives]
    past = table(by_cell[0][:PAST], names)
    more = (by_cell[1] - by_cell[0]).sum(axis=1)[PAST:]
    effect = 100 * more[1:AHEAD].mean() / by_cell[0][PAST - 26 : PAST].sum(axis=1).mean()
    asked = dict(outcome="y", design="holdout", half_life=0.75, washout=1, longest=AHEAD, seed=seed)
    plan = experiments.plan_experiment(past, effect=effect, delta=gap * effect, **asked)
    on = np.vstack([np.zeros((PAST, cells)), plan.design.chosen()]).astype(bool)
    record = table(np.where(on, by_cell[1][: len(on)], by_cell[0][: len(on)]), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect


def staggered(seed: int, *, lines: tuple[str, ...], outcome: str, gap: float, people: int = 1000) -> tuple:
    """Five brands that start one after the other; before, the activity is paused."""
    names = [f"b{i}" for i in range(5)]
    brands = [lived(seed, name, people) for name in names]
    ways = [
        np.stack([counted(after(b, np.full(AHEAD, way), lines), outcome, PAST + AHEAD) for b in brands], axis=1)
        for way in (0.0, 1.0)
    ]
    usual = ways[0][PAST - 26 : PAST].mean(axis=0)
    effect = float(100 * ((ways[1] - ways[0])[PAST + 1 :].mean(axis=0) / usual).mean())
    asked = dict(outcome="y", design="staggered", half_life=0.75, washout=1, longest=AHEAD, seed=seed)
    plan = experiments.plan_experiment(table(ways[0][:PAST], names), effect=effect, delta=gap * effect, **asked)
    on = plan.design.chosen()
    lives = [counted(after(b, on[:, i], lines), outcome, PAST + len(on)) for i, b in enumerate(brands)]
    record = table(np.stack(lives, axis=1), names)
    return plan, experiments.read_experiment(record, plan.design, outcome="y", draws=999), effect


VIRTUAL = {
    "virtual: alternating, new customers": (
        alternating,
        dict(lines=PAID, outcome="new_customers", gap=0.2),
    ),
    "virtual: alternating, new followers": (alternating, dict(lines=("sns_ads",), outcome="new_followers", gap=0.5)),
    "virtual: holdout of audience cells": (
        holdout,
        dict(lines=PAID, gap=0.0),
    ),
    "virtual: staggered over brands": (staggered, dict(lines=PAID, outcome="new_followers", gap=0.4)),
}


def report(name: str, rows: list[tuple], seconds: float) -> None:
    """Print one case: what was planned and what came of it."""
    delta = np.array([plan.delta for plan, _, _ in rows])
    told = np.array([found.low for _, found, _ in rows]) > delta
    refused = np.array([found.high for _, found, _ in rows]) < delta
    held = [found.low <= true <= found.high for _, found, true in rows]
    weeks = np.median([plan.design.weeks for plan, _, _ in rows])
    planned, none = (
        np.mean([at(plan) for plan, _, _ in rows]) for at in (lambda p: p.power.estimate, lambda p: p.power_none)
    )
    short = sum(bool(plan.reason) for plan, _, _ in rows)
    effect = np.mean([true for _, _, true in rows])
    print(
        f"{name:44s} {len(rows):5d} {weeks:6.0f} {effect:8.1f} {delta.mean():6.1f} {planned:8.1%} {told.mean():10.1%}"
        f" {none:8.1%} {refused.mean():8.1%} {np.mean(held):8.1%} {short:6d} {seconds:6.0f}",
        flush=True,
    )


def main(seeds: int, cases: list[str]) -> None:
    """Print the table, a row a case."""
    print(
        f"{'case':44s} {'seeds':>5s} {'weeks':>6s} {'effect %':>8s} {'delta':>6s} {'planned':>8s} {'supported':>10s}"
        f" {'plan: no':>8s} {'no':>8s} {'covers':>8s} {'short':>6s} {'s':>6s}"
    )
    runs = {name: lambda seed, a=asked: in_noise(seed, a["effect"], **a) for name, asked in NOISE.items()}
    runs |= {f"{name}, no effect": lambda seed, a=asked: in_noise(seed, 0.0, **a) for name, asked in NOISE.items()}
    runs |= {name: lambda seed, f=f, a=asked: f(seed, **a) for name, (f, asked) in VIRTUAL.items()}
    for name, run in runs.items():
        if not cases or any(case in name for case in cases):
            begun = time.perf_counter()
            report(name, [run(seed) for seed in range(FIRST, FIRST + seeds)], time.perf_counter() - begun)


FIRST = 1000  # development was on seeds from 1000 on

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
