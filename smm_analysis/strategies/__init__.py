"""Strategies (전략): which plan brings most loyal customers for the money, when to switch (S0.3, S0.4, S1.6, S4.2)."""

from .claims import PAIRS, diffusion_by_relationship, left_out, plan_difference
from .comparison import StrategyComparison, compare_strategies, one_brand
from .plans import PLANS, Plan, basic_then_diffusion, find_plan
from .switching import SwitchWeek, best_switch_week

__all__ = [
    "PAIRS",
    "PLANS",
    "Plan",
    "StrategyComparison",
    "SwitchWeek",
    "basic_then_diffusion",
    "best_switch_week",
    "compare_strategies",
    "diffusion_by_relationship",
    "find_plan",
    "left_out",
    "one_brand",
    "plan_difference",
]
