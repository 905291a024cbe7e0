"""How honest the media mix's intervals are: coverage and bias where truth is planted, and whether diagnostics refuse.

    python benchmarks/mix_accuracy.py [first seed] [seeds]

Default seeds 100 to 599 (peers and reactive spend: the first 200 of them), some minutes on two cores.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.mix import DEFAULT_FAMILIES, MixModel, adstock, contribution, fit_mix

FAMILIES_TRIED = {
    "right": {"average (default)": DEFAULT_FAMILIES, "tanh only": ("tanh",), "hill only": ("hill",)},
    "wrong": {
        "average (default)": DEFAULT_FAMILIES,
        "exponential only": ("exponential",),
        "concave average": ("tanh", "exponential", "michaelis_menten"),
    },
}
RIGHTS = ("average (default)", "tanh only")  # these get all seeds, their peers the first 200
REACTIONS = (
    [(0.0, 0, False)] + [(r, lag, False) for lag in (0, 1) for r in (0.5, 0.75, 1.0)] + [(1.0, 0, True), (1.0, 1, True)]
)


@dataclass(frozen=True)
class Planted:
    """A planted set: weeks with outcome `y`, and what each channel truly `brought`, weeks x channels."""

    weeks: pd.DataFrame
    channels: list[str]
    controls: list[str]
    brought: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        """Each channel's true contribution over all weeks."""
        return self.brought.sum(axis=0)


def planted(weeks: pd.DatetimeIndex, base: np.ndarray, spend: np.ndarray, controls: np.ndarray, brought: np.ndarray):
    """Put a planted set together."""
    channels, names = [f"c{i}" for i in range(spend.shape[1])], [f"z{i}" for i in range(controls.shape[1])]
    table = pd.DataFrame(
        np.column_stack([base + brought.sum(axis=1), spend, controls]), columns=["y", *channels, *names]
    )
    return Planted(table.assign(week=weeks), channels, names, brought)


def right(seed: int) -> Planted:
    """Two channels, tanh-type saturation, adstock .4 and .2, 179 weeks, noise .25.

    The numbers are those of the example of pymc-marketing: the first channel is never quite off, the trend bends, two
    events are known.
    """
    rng, n = np.random.default_rng(seed), 179
    weeks = pd.date_range("2018-04-02", periods=n, freq="7D")
    first, second = rng.uniform(size=n), rng.uniform(size=n)
    spend = np.column_stack([np.where(first > 0.9, first, first / 2), np.where(second > 0.8, second, 0)])
    brought = np.tanh(np.array([2.0, 1.5]) * adstock(spend, np.array([[0.4, 0.2]]))[0]) * [3.0, 2.0]
    day = weeks.day_of_year.to_numpy()
    season = 0.5 * (np.cos(2 * np.pi * day / 365.5) - np.sin(4 * np.pi * day / 365.5))
    trend = (np.linspace(0, 50, n) + 10) ** 0.25 - 1
    events = np.column_stack([weeks == "2019-05-13", weeks == "2020-09-14"]).astype(float)
    base = 2 + trend + season + events @ [1.5, 2.5] + 0.25 * rng.normal(size=n)
    return planted(weeks, base, spend, events, brought)


def wrong(seed: int) -> Planted:
    """Four channels in flights, Hill saturation of slope 1 to 2, 104 weeks, noise .25; shapes drawn anew each seed.

    Carry-over .1 to .7, half-saturation .3 to 1 (money of a week on is .3 to 1 and noise), ceiling .8 to 2.5.
    """
    rng, n, k = np.random.default_rng(10_000 + seed), 104, 4
    weeks = pd.date_range("2023-01-02", periods=n, freq="7D")
    spend = np.column_stack([flights(rng, n) for _ in range(k)])
    carry, slope, half, ceiling = (rng.uniform(a, b, k) for a, b in ((0.1, 0.7), (1, 2), (0.3, 1), (0.8, 2.5)))
    u = (adstock(spend, carry[None])[0] / half) ** slope
    price = 0.5 * rng.normal(size=n)
    season = 0.5 * np.sin(2 * np.pi * weeks.day_of_year.to_numpy() / 365.25)
    base = 4 + 0.5 * np.arange(n) / n + season + 0.3 * price + 0.25 * rng.normal(size=n)
    return planted(weeks, base, spend, price[:, None], ceiling * u / (1 + u))


def flights(rng: np.random.Generator, n: int) -> np.ndarray:
    """Money in flights of 2 to 7 weeks with 3 to 11 weeks between."""
    spend, week = np.zeros(n), int(rng.integers(0, 8))
    while week < n:
        on = int(rng.integers(2, 8))
        spend[week : week + on] = rng.uniform(0.3, 1) * np.exp(0.3 * rng.normal(size=len(spend[week : week + on])))
        week += on + int(rng.integers(3, 12))
    return spend


def reactive(seed: int, reaction: float, lag: int, controlled: bool = False) -> Planted:
    """Demand that lasts (AR .6, sd .6) and managers who react: log money = `reaction` x demand `lag` weeks ago + noise.

    At `reaction` 1 a good week (+1 sd) has 1.9 times the money of a usual one. Each channel truly brings about .25 a
    week. `controlled`: the demand is known.
    """
    rng, n = np.random.default_rng(20_000 + seed), 104
    demand = np.zeros(n + 1)
    for week in range(1, n + 1):
        demand[week] = 0.6 * demand[week - 1] + 0.5 * rng.normal()
    on = rng.uniform(size=(n, 2)) > 0.3
    spend = np.exp(reaction * demand[1 - lag : n + 1 - lag, None] + 0.4 * rng.normal(size=(n, 2))) * on
    base = 6 + demand[1:] + 0.25 * rng.normal(size=n)
    known = demand[1:, None] if controlled else np.zeros((n, 0))
    weeks = pd.date_range("2023-01-02", periods=n, freq="7D")
    return planted(weeks, base, spend, known, 0.5 * -np.expm1(-spend))


def fit(made: Planted, families: tuple[str, ...] = DEFAULT_FAMILIES, **options):
    """Fit one planted set."""
    return fit_mix(
        made.weeks, outcome="y", channels=made.channels, controls=made.controls, families=families, **options
    )


def intervals(model: MixModel) -> np.ndarray:
    """Return estimate, low and high of each channel's contribution, as users read them."""
    found = [contribution(model, name) for name in model.channels]
    return np.array([[each.estimate, each.low, each.high] for each in found]).T


def one(task: tuple[str, int, tuple[str, ...]]) -> dict[str, object]:
    """Return truth, estimate and interval of the channels of one set, and the seconds it took."""
    world, seed, families = task
    made, began = {"right": right, "wrong": wrong}[world](seed), time.perf_counter()
    model = fit(made, families)
    seconds = time.perf_counter() - began
    estimate, low, high = intervals(model)
    found = {"truth": made.truth, "estimate": estimate, "low": low, "high": high}
    return found | {"fired": bool(model.checks["fired"].any()), "seconds": seconds}


def summary(runs: list[dict[str, object]]) -> dict[str, object]:
    """Return coverage, bias and width over the runs of one world and one set of families."""
    truth, estimate, low, high = (
        np.array([run[name] for run in runs]) for name in ("truth", "estimate", "low", "high")
    )
    held = (low <= truth) & (truth <= high)
    return {
        "sets": len(runs),
        "coverage": held.mean(),
        "by channel": " ".join(f"{x:.3f}" for x in held.mean(axis=0)),
        "bias %": 100 * (estimate.sum() / truth.sum() - 1),
        "bias by channel %": " ".join(f"{100 * x:.1f}" for x in estimate.sum(axis=0) / truth.sum(axis=0) - 1),
        "width / truth": ((high - low) / truth).mean(),
        "truth below": (truth < low).mean(),
        "truth above": (truth > high).mean(),
        "refused": np.mean([run["fired"] for run in runs]),
        "median s": np.median([run["seconds"] for run in runs]),
    }


def refused(task: tuple[int, float, int, bool]) -> tuple[bool, float]:
    """Whether diagnostics fired on one reactive set, and the share of channels whose interval misses the truth."""
    made = reactive(*task)
    model = fit(made, draws=400)
    _, low, high = intervals(model)
    return bool(model.checks["fired"].any()), float(((made.truth < low) | (made.truth > high)).mean())


def main(first: int = 100, seeds: int = 500) -> None:
    """Print both tables."""
    numbers, few = range(first, first + seeds), range(first, first + min(seeds, 200))
    with ProcessPoolExecutor(2) as pool:
        rows = {}
        for world, tried in FAMILIES_TRIED.items():
            for name, families in tried.items():
                tasks = [(world, seed, families) for seed in (numbers if name in RIGHTS else few)]
                rows[world, name] = summary(list(pool.map(one, tasks, chunksize=10)))
        print(pd.DataFrame(rows).T.to_string(float_format="{:.3f}".format), flush=True)
        print("\nreactive spend: share of sets in which a diagnostic fires, share of intervals that miss the truth")
        for reaction, lag, controlled in REACTIONS:
            fired = np.array(list(pool.map(refused, [(s, reaction, lag, controlled) for s in few], chunksize=10)))
            shares = dict(zip(("fires", "misses"), fired.mean(axis=0).round(3).tolist(), strict=True))
            known = "demand known" if controlled else "no control"
            print(f"reaction {reaction} to demand {lag} weeks ago, {known}, {len(few)} sets: {shares}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
