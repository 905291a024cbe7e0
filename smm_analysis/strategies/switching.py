"""When to switch from the basic model to diffusion (전환 시점, S0.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.diffusion.coupled import CoupledModel
from smm_analysis.estimate import Estimate

from .comparison import compare_strategies, one_brand
from .plans import basic_then_diffusion


@dataclass(frozen=True)
class SwitchWeek:
    """The best week to switch (최적 전환 시점): `best` with its interval in weeks, and what each week brings.

    `table` : switch_week, loyal with low and high, probability_best, expected_regret. `flat` : whether the whole grid
    lies within the interval, that is, the data do not tell when.
    """

    best: Estimate
    table: pd.DataFrame = field(repr=False, compare=False)
    flat: bool = False


def best_switch_week(
    model: CoupledModel,
    weeks: Sequence[int] | None = None,
    *,
    brand: str | None = None,
    budget: float | None = None,
    horizon: int | None = None,
    start: str = "launch",
    rng: np.random.Generator | int = 0,
) -> SwitchWeek:
    """Find when to switch from the basic model to diffusion at equal money (최적 전환 시점, S0.4).

    Parameters
    ----------
    weeks : the weeks to try; default 0 to the horizon in thirteen steps. At the horizon it is the basic model only.
    brand, budget, horizon, start : as in `compare_strategies`.

    Returns
    -------
    SwitchWeek
        `best.estimate` is the week with most expected loyal customers, its interval the middle part of the draws' best
        weeks.
    """
    fit = one_brand(model, brand)
    horizon = fit.weeks.n if horizon is None else horizon
    grid = sorted(set(np.linspace(0, horizon, 14).round().astype(int).tolist() if weeks is None else weeks))
    plans = {str(week): basic_then_diffusion(week, horizon) for week in grid}
    options = {"budget": budget, "horizon": horizon, "start": start, "rng": rng}
    compared = compare_strategies(model, plans, brand=brand, noise="common", **options)
    loyal = compared.loyal[1:]
    tail = (1 - model.level) / 2
    low, high = np.quantile(loyal, [tail, 1 - tail], axis=1)
    best = np.array(grid)[loyal.argmax(axis=0)]
    columns = {
        "switch_week": grid,
        "loyal": loyal.mean(axis=1),
        "loyal_low": low,
        "loyal_high": high,
        "probability_best": [(best == week).mean() for week in grid],
        "expected_regret": (loyal.max(axis=0) - loyal).mean(axis=1),
    }
    first, last = np.quantile(best, [tail, 1 - tail], method="inverted_cdf")
    middle = float(np.clip(grid[int(loyal.mean(axis=1).argmax())], first, last))
    found = Estimate(middle, float(first), float(last), model.level, fit.weeks.n)
    return SwitchWeek(found, pd.DataFrame(columns), flat=bool(first == grid[0] and last == grid[-1]))
