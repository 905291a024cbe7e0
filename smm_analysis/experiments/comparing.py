"""The designs side by side (실험 설계 비교), and what the brand's own past says of reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import LANGS, Lang, reason

from .designs import Kind
from .planning import ExperimentPlan, plan_experiment
from .reading import read_experiment

_PLAN_COLUMNS = (
    *("design", "units_switched", "estimate", "low", "high", "n", "weeks_planned"),
    *("planned_power", "planned_power_low", "planned_power_high", "power_none", "effect_detectable"),
    *("reason_en", "reason_ko"),
)
_FEWEST_UNITS = {"alternating": 1, "holdout": 8, "staggered": 5}


@dataclass(frozen=True)
class Plans:
    """Plans by design, and why there is none for the others (설계별 계획)."""

    plans: Mapping[Kind, ExperimentPlan]
    refused: Mapping[Kind, Mapping[Lang, str]] = field(default_factory=dict)

    def __getitem__(self, kind: Kind) -> ExperimentPlan:
        if kind not in self.plans:
            raise ValueError(self.refused[kind]["en"])
        return self.plans[kind]


def plan_designs(
    frames: Mapping[Kind, pd.DataFrame | None], *, unit: str = "unit", adjust: Sequence[str] = (), **asked: Any
) -> Plans:
    """Plan each design on its own frame (설계별로 계획하기).

    Parameters
    ----------
    frames : for each design, weeks by unit as `plan_experiment` takes them, or None where there are none.
    adjust : columns that the activity cannot move, for the frames that have them.
    asked : what `plan_experiment` is asked.
    """
    plans, refused = {}, {}
    for kind, weekly in frames.items():
        units = 0 if weekly is None else weekly[unit].nunique()
        if units < (needed := _FEWEST_UNITS[kind]):
            refused[kind] = reason("experiment_few_units", units=units, needed=needed)
        else:
            try:
                plans[kind] = plan_experiment(weekly, design=kind, unit=unit, adjust=known(adjust, weekly), **asked)
            except ValueError as error:
                refused[kind] = reason("experiment_refused", why=error)
    return Plans(plans, refused)


def with_controls(weekly: pd.DataFrame, controls: pd.DataFrame, *, unit: str = "unit") -> pd.DataFrame:
    """Return weeks with a column a control (통제 변수 붙이기), 0 where it is not on record.

    `controls` is the table's: brand, week, name, value; its brand is the `unit`.
    """
    wide = controls.pivot_table(index=["brand", "week"], columns="name", values="value", observed=True)
    wide = wide.rename_axis(columns=None).reset_index().rename(columns={"brand": unit})
    return weekly.merge(wide, on=[unit, "week"], how="left").fillna(dict.fromkeys(wide.columns[2:], 0.0))


def known(names: Sequence[str], weekly: pd.DataFrame) -> list[str]:
    """Return the names that are columns of the weeks and vary."""
    return [name for name in names if name in weekly and (weekly[name] != weekly[name].iloc[0]).any()]


def plan_table(found: Plans) -> pd.DataFrame:
    """Return a row a design (설계 비교표).

    Returns
    -------
    DataFrame
        design (a glossary key), units_switched, estimate (weeks needed), low, high, n (weeks of the past it rests on),
        weeks_planned, planned_power, planned_power_low, planned_power_high, power_none, effect_detectable (the smallest
        that these weeks tell with the power wanted, percent of a usual week), reason_en, reason_ko.
    """
    rows = [
        {
            "design": f"design_{kind}",
            "units_switched": len(plan.design.units),
            **_ends(plan.weeks),
            "weeks_planned": plan.design.weeks,
            "planned_power": plan.power.estimate,
            "planned_power_low": plan.power.low,
            "planned_power_high": plan.power.high,
            "power_none": plan.power_none,
            "effect_detectable": plan.detectable.estimate,
            **{f"reason_{lang}": plan.reason.get(lang, "") for lang in LANGS},
        }
        for kind, plan in found.plans.items()
    ]
    none = [
        {"design": f"design_{kind}", "n": 0} | {f"reason_{lang}": why[lang] for lang in LANGS}
        for kind, why in found.refused.items()
    ]
    return pd.DataFrame(rows + none, columns=list(_PLAN_COLUMNS))


def before_and_after(
    weekly: pd.DataFrame, *, outcome: str, unit: str = "brand", weeks: int = 4, level: float = 0.90
) -> Estimate:
    """Return how far so many weeks differ from the same number before them, though nothing was tried (전후 비교).

    Percent of the earlier weeks; the median over a brand's past, and the range that holds `level` of the changes. A
    comparison of before with after takes any of these for an effect. Stretches with a week missing are left out.
    """
    wide = weekly.pivot_table(index="week", columns=unit, values=outcome, observed=True).asfreq("7D")
    means = wide.rolling(weeks).mean()
    change = (100 * (means / means.shift(weeks) - 1)).to_numpy().ravel()
    change = change[np.isfinite(change)]
    if not len(change):
        return unknown(level, 0, reason("experiment_no_past", weeks=len(wide), needed=2 * weeks))
    low, middle, high = np.quantile(change, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Estimate(float(middle), float(low), float(high), level, len(change))


def read_plan(weekly: pd.DataFrame, plan: ExperimentPlan, *, unit: str = "brand") -> Estimate:
    """Read the experiment of a plan by the rule it was planned with (계획한 실험 읽기); see `read_experiment`."""
    return read_experiment(weekly, plan.design, outcome=plan.outcome, level=plan.level, unit=unit, adjust=plan.adjust)


def dry_run(weekly: pd.DataFrame, plan: ExperimentPlan, *, unit: str = "brand") -> Estimate:
    """Lay the plan's timetable over the last weeks before it and read it (과거에 대어 본 연습).

    Nothing was switched then, so the interval should hold 0: in nine of ten brands at a level of 90%.
    """
    moved = replace(plan.design, start=plan.design.start - pd.Timedelta(weeks=plan.design.weeks))
    return read_plan(weekly[weekly["week"] < plan.design.start], replace(plan, design=moved), unit=unit)


def reading_table(effects: Mapping[str, Estimate]) -> pd.DataFrame:
    """Return what experiments said, a row an experiment (실험 결과표).

    Returns
    -------
    DataFrame
        experiment (a glossary key), estimate, low, high (percent of a usual week), n, reason_en, reason_ko.
    """
    rows = [
        {"experiment": key, **_ends(effect)} | {f"reason_{lang}": effect.reason.get(lang, "") for lang in LANGS}
        for key, effect in effects.items()
    ]
    return pd.DataFrame(rows)


def noise_table(plan: ExperimentPlan | None) -> pd.DataFrame:
    """Return what the plan rests on, one row, none without a plan (변동표).

    Returns
    -------
    DataFrame
        usual_week (the mean over units, in the outcome's unit), noise_sd and season_swing (percent of it),
        autocorrelation (-1..1), level_change (times in half a year), weeks (of the past).
    """
    if plan is None:
        return pd.DataFrame(
            columns=["usual_week", "noise_sd", "autocorrelation", "season_swing", "level_change", "weeks"]
        )
    noise = plan.noise
    return pd.DataFrame(
        {
            "usual_week": [float(noise.usual.mean())],
            "noise_sd": [noise.sd],
            "autocorrelation": [noise.autocorrelation],
            "season_swing": [noise.swing],
            "level_change": [noise.change],
            "weeks": [noise.n],
        }
    )


def _ends(found: Estimate) -> dict[str, float]:
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "n": found.n}
