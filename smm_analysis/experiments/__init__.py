"""Experiments that would tell (실험): planned on the brand's own noise, read by the lot that was drawn.

>>> import numpy as np, pandas as pd
>>> weeks = pd.date_range("2024-01-01", periods=104, freq="7D")
>>> past = pd.DataFrame({"week": weeks, "brand": "mirae", "y": 200 + 10 * np.random.default_rng(1).normal(size=104)})
>>> plan = plan_experiment(past, outcome="y", design="alternating", effect=6, delta=2)
>>> plan.weeks.estimate, plan.design.block  # weeks in all, on and off two by two
(38.0, 2)
>>> round(plan.detectable.estimate, 1)  # the smallest effect that these weeks tell in four of five cases
5.9
"""

from .audience import audience_weeks
from .comparing import (
    Plans,
    before_and_after,
    dry_run,
    noise_table,
    plan_designs,
    plan_table,
    read_plan,
    reading_table,
    with_controls,
)
from .designs import KINDS, Design, calendar, schedule
from .noise import Noise, noise_of
from .planning import ExperimentPlan, plan_experiment, powers
from .reading import read_experiment

__all__ = [
    "KINDS",
    "Design",
    "ExperimentPlan",
    "Noise",
    "Plans",
    "audience_weeks",
    "before_and_after",
    "calendar",
    "dry_run",
    "noise_of",
    "noise_table",
    "plan_designs",
    "plan_experiment",
    "plan_table",
    "powers",
    "read_experiment",
    "read_plan",
    "reading_table",
    "schedule",
    "with_controls",
]
