"""Strategies compared at equal money (전략 비교): what each plan brings, how likely it is the best, what it may cost.

Parameter draws and the noise of counting are carried through. Two things widen a plan's interval beyond them: the model
is wrong in its form, the more the farther a plan lies from the record (`STRUCTURE`, measured on virtual brands of
random worlds), and what lies outside the record is marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd

from smm_analysis.diffusion import paths
from smm_analysis.diffusion.coupled import BrandFit, CoupledModel
from smm_analysis.estimate import Estimate, of_draws

from .plans import PLANS, TODAY, Plan, distance, find_plan, money_of, outside

Noise = Literal["own", "common", "none"]

# spread of the log ratio of a plan's loyal customers to today's that the model's form leaves open, per unit of distance
# from the record (0..1); on 116 development worlds of benchmarks/strategies_truth.py (1100 to 1171, 1200 to 1243) .08
# held the gain over today's plan in .84, .12 in .88, .16 in .91; with .16 stated chances of being best were too modest
# (.81 said, .95 won), with .12 all bins were right and the log score of the best plan .02 better
STRUCTURE = 0.12
_ALIKE = 0.75  # the part of its variance that all plans of a brand have in common
_OUTSIDE = 1.25  # the spread is this much wider where a plan leaves what the record has seen


@dataclass(frozen=True)
class StrategyComparison:
    """Plans compared for one brand (전략 비교 결과); arrays (plans, draws) in the order of `plans`.

    `loyal` : customers with two purchases within 13 weeks; `followers` at the end; `earned` : passings-on; `budget` :
    money of every plan; `horizon` : weeks; `start` : launch or today; `outside` : lines of money that leave what the
    record has seen, by plan; `paths` : mean, low and high by plan and week. `n` is weeks of record.
    """

    brand: str
    plans: tuple[str, ...]
    loyal: np.ndarray = field(repr=False)
    followers: np.ndarray = field(repr=False)
    earned: np.ndarray = field(repr=False)
    budget: float
    horizon: int
    start: str
    level: float
    n: int
    outside: Mapping[str, tuple[str, ...]]
    paths: pd.DataFrame = field(repr=False, compare=False)

    def table(self) -> pd.DataFrame:
        """Return a row a plan, the best first (전략 표).

        Columns: plan, loyal with low and high, followers, earned, cost_per_loyal each with low and high, gain over
        today's plan with low and high, probability_best, expected_regret (loyal customers that the best plan would
        bring more), outside (lines of money that leave the record).
        """
        rows = [self._row(i, name) for i, name in enumerate(self.plans)]
        return pd.DataFrame(rows).sort_values("loyal", ascending=False, ignore_index=True)

    def _row(self, i: int, name: str) -> dict[str, object]:
        cost = self.budget / np.maximum(self.loyal[i], 1.0)
        parts = {
            "loyal": self.loyal[i],
            "followers": self.followers[i],
            "earned": self.earned[i],
            "cost_per_loyal": cost,
        }
        row: dict[str, object] = {"plan": name}
        for key, values in parts.items():
            row |= _spread(key, values, self.level)
        if TODAY in self.plans:
            row |= _spread("gain_over_today", self.loyal[i] - self.loyal[self.plans.index(TODAY)], self.level)
        row |= {"probability_best": self.best[i], "expected_regret": self.regret[i]}
        return row | {"outside": ", ".join(self.outside[name])}

    @property
    def best(self) -> np.ndarray:
        """Probability that each plan is the best, (plans,); ties are shared."""
        top = self.loyal >= self.loyal.max(axis=0) - 1e-9
        return (top / top.sum(axis=0)).mean(axis=1)

    @property
    def regret(self) -> np.ndarray:
        """Expected regret of each plan: loyal customers that the best plan brings more, (plans,)."""
        return (self.loyal.max(axis=0) - self.loyal).mean(axis=1)

    @property
    def choice(self) -> str:
        """The plan with the least expected regret, that is the most expected loyal customers."""
        return self.plans[int(self.loyal.mean(axis=1).argmax())]

    def difference(self, one: str, other: str = TODAY) -> Estimate:
        """Return loyal customers under one plan minus another, with its interval (충성 고객 차이)."""
        a, b = (self.plans.index(_known(name, self.plans)) for name in (one, other))
        return of_draws(self.loyal[a] - self.loyal[b], self.level, self.n)


def _spread(key: str, values: np.ndarray, level: float) -> dict[str, float]:
    found = of_draws(values, level, 0)
    return {key: found.estimate, f"{key}_low": found.low, f"{key}_high": found.high}


def _known(name: str, plans: Sequence[str]) -> str:
    if name not in plans:
        raise ValueError(f"plan {name!r} was not compared; compared were {', '.join(plans)}")
    return name


def compare_strategies(
    model: CoupledModel,
    plans: Mapping[str, Plan | pd.DataFrame] | Sequence[str] = tuple(PLANS),
    *,
    brand: str | None = None,
    budget: float | None = None,
    horizon: int | None = None,
    start: str = "launch",
    rng: np.random.Generator | int = 0,
    lines: Mapping[str, str] | None = None,
    noise: Noise = "own",
) -> StrategyComparison:
    """Compare plans at equal money for one brand (전략 비교, S0.4, S1.6, S4.2).

    Parameters
    ----------
    model : from `fit_coupled`; its draws are carried through.
    plans : names of `PLANS`, or plans by name: `Plan`, or a frame of money with a row a week and a column a line. The
        brand's own record, `today`, is always compared too.
    brand : which of the model's brands; needed if there are several.
    budget : money of every plan in total, in the currency; default: what the record spent in as many weeks.
    horizon : weeks; default: the record's.
    start : "launch": what the plan would have brought in the place of the record, its weeks and surprises kept (a
        horizon beyond the record goes on without surprises). "today": what it will bring from the record's end on.
    lines : channel -> line, where plans name lines.
    noise : what is laid on the parameters' draws. "own": the error of the model's form and the luck of counting, each
        plan's own as far as it goes its own way; "common": only what all plans have in common, as for a grid of plans
        that differ by a week; "none": nothing, as for what plans bring on average over luck.

    Raises
    ------
    ValueError
        Unknown brand, plan, line, start or noise; a frame of another length than the horizon; money below 0.
    """
    fit = one_brand(model, brand)
    rng = np.random.default_rng(rng)
    weeks = fit.weeks
    horizon = weeks.n if horizon is None else horizon
    named = (
        {name: find_plan(name) for name in plans if name != TODAY} if not isinstance(plans, Mapping) else dict(plans)
    )
    total = float(weeks.money.sum()) * horizon / weeks.n if budget is None else budget / weeks.unit
    money = np.stack(
        [
            _today(weeks.money, horizon, total),
            *(_money(plan, fit, total, horizon, lines) for plan in named.values()),
        ]
    )
    names = (TODAY, *named)
    run = _run(fit, money, horizon, start)
    if noise not in get_args(Noise):
        raise ValueError(f"noise must be one of {', '.join(get_args(Noise))}, not {noise!r}")
    return _compared(fit, run, money, names, start=start, level=model.level, rng=rng, noise=noise)


def one_brand(model: CoupledModel, brand: str | None) -> BrandFit:
    """Return the fit of the brand that is meant (브랜드 고르기)."""
    known = list(model.brands)
    if (brand or next(iter(model.reasons), None)) in model.reasons and (brand or not known):
        raise ValueError(model.reasons[brand or next(iter(model.reasons))]["en"])
    if brand is None and len(known) == 1:
        return model.brands[known[0]]
    if brand not in model.brands:
        raise ValueError(f"brand {brand!r} was not fitted; fitted were {', '.join(known)}: pick one by brand=")
    return model.brands[brand]


def _today(recorded: np.ndarray, horizon: int, total: float) -> np.ndarray:
    """The record's money, over and over as far as the horizon goes, brought to the total."""
    money = recorded[np.arange(horizon) % len(recorded)]
    return money * (total / money.sum())


def _money(
    plan: Plan | pd.DataFrame, fit: BrandFit, total: float, horizon: int, lines: Mapping[str, str] | None
) -> np.ndarray:
    if isinstance(plan, Plan):
        return money_of(plan, fit.weeks, budget=total, horizon=horizon, lines=lines)
    if len(plan) != horizon:
        raise ValueError(f"a plan's frame has {len(plan)} weeks, the horizon {horizon}")
    if extra := sorted(set(plan) - set(fit.weeks.lines)):
        raise ValueError(f"a plan's frame has money on {', '.join(extra)}; this brand has {', '.join(fit.weeks.lines)}")
    money = plan.reindex(columns=fit.weeks.lines, fill_value=0.0).to_numpy(dtype=float)
    if (money < 0).any() or not money.any():
        raise ValueError("a plan's money must not be below 0, and not all 0")
    return money * (total / money.sum())


def _run(fit: BrandFit, money: np.ndarray, horizon: int, start: str) -> paths.Paths:
    """Run the plans from the launch, in the record's place, or from today on."""
    weeks = fit.weeks
    if start not in ("launch", "today"):
        raise ValueError(f'start is "launch" or "today", not {start!r}')
    at = np.arange(horizon) + (weeks.n if start == "today" else 0)
    conditions, crisis = paths.conditions_at(weeks, at), np.where(at < weeks.n, weeks.crisis[at % weeks.n], 0.0)
    begin = paths.at_end(fit) if start == "today" else paths.at_launch(fit)
    return paths.run(fit, money, begin, conditions=conditions, crisis=crisis, like_record=start == "launch")


def _compared(
    fit: BrandFit,
    run: paths.Paths,
    money: np.ndarray,
    names: tuple[str, ...],
    *,
    start: str,
    level: float,
    rng: np.random.Generator,
    noise: Noise,
) -> StrategyComparison:
    weeks = fit.weeks
    beyond = dict(zip(names, outside(money, weeks, names=names), strict=True))
    apart = np.stack([distance(money, each) for each in money])
    far = apart[0] * np.array([_OUTSIDE if beyond[name] else 1.0 for name in names])
    loyal = run.loyal() * weeks.size
    kin = None if noise == "common" else kinship(apart)
    luck = {"dispersion": fit.dispersion["buy"], "kept_luck": start == "launch"}
    noisy = loyal if noise == "none" else with_noise(loyal, far, kin, rng=rng, **luck)
    return StrategyComparison(
        brand=weeks.brand,
        plans=names,
        loyal=noisy,
        followers=run.follow[-1] * weeks.size,
        earned=run.shares.sum(axis=0) * weeks.size,
        budget=float(money[0].sum() * weeks.unit),
        horizon=money.shape[1],
        start=start,
        level=level,
        n=weeks.n,
        outside=beyond,
        paths=_paths_of(run, names, weeks.size, level),
    )


def kinship(apart: np.ndarray) -> np.ndarray:
    """Return how far plans share what moves them away from today's (계획 간 공통), 0..1, (plans, plans).

    `apart` (plans, plans) are distances, today's plan first. Two plans share the part of the way from today's that they
    go together: correlation of a random walk on the tree of their ways, always a proper one for distances of this kind.
    """
    far = apart[0]
    shared = np.maximum(far[:, None] + far - apart, 0) / 2
    return np.where(np.eye(len(far)) > 0, 1.0, shared / np.sqrt(np.maximum(np.outer(far, far), 1e-12)))


def with_noise(
    loyal: np.ndarray,
    far: np.ndarray,
    kin: np.ndarray | None,
    *,
    dispersion: float,
    kept_luck: bool,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws with what the model leaves open (모형이 남기는 불확실성): its form, and the noise of counting.

    The form's error of a plan is one factor on its ratio to today's, its spread growing with the distance `far`
    (plans,) from the record. Plans that are much alike, `kin` (plans, plans), err alike and have alike luck; without
    `kin` all are. Where the record's luck is kept, only what differs from today's plan is counted anew.
    """
    alike, apart, luck = (_normal(kin if own else None, loyal.shape, rng) for own in (False, True, True))
    form = np.exp(STRUCTURE * far[:, None] * (np.sqrt(_ALIKE) * alike + np.sqrt(1 - _ALIKE) * apart))
    moved = loyal * form
    fresh = np.abs(moved - moved[0]) if kept_luck else moved
    return np.maximum(moved + np.sqrt(dispersion * fresh) * luck, 0.0)


def _normal(kin: np.ndarray | None, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw standard normals, (plans, draws) with correlation `kin`, or (1, draws) that all plans have in common."""
    if kin is None:
        return rng.standard_normal((1, shape[1]))
    return np.linalg.cholesky(kin + 1e-9 * np.eye(len(kin))) @ rng.standard_normal(shape)


def _paths_of(run: paths.Paths, names: tuple[str, ...], size: int, level: float) -> pd.DataFrame:
    """Return loyal customers by plan and every fourth week, with the spread of the parameter draws."""
    rows = []
    horizon = len(run.new_customers)
    for until in dict.fromkeys([*range(4, horizon, 4), horizon]):
        loyal = run.loyal(until) * size
        low, high = np.quantile(loyal, [(1 - level) / 2, (1 + level) / 2], axis=1)
        columns = {"plan": names, "week": until, "loyal": loyal.mean(axis=1), "loyal_low": low, "loyal_high": high}
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)
