"""Media mix (매체 믹스): what channels bring, how long it lasts, and where the money should go (S3.1, S0.7a, S2.5)."""

from smm_analysis.estimate import Estimate

from .adstock import adstock, carry_over_of, half_life_weeks
from .budget import Allocation, allocate, frontier
from .diagnostics import diagnose
from .lags import (
    LagModel,
    compare_lags,
    fit_lags,
    half_life_periods,
    lag_table,
    money_elasticity,
    same_period_share,
    total_effect,
)
from .media import MixPanel, mix_panel
from .model import LiftTest, MixModel, fit_mix
from .results import contribution, cost_per_outcome, half_life, half_life_gap, loyal_gap, mix_table, roas
from .saturation import DEFAULT_FAMILIES, FAMILIES
from .waterfill import Curve, Split, split_money

__all__ = [
    "DEFAULT_FAMILIES",
    "FAMILIES",
    "Allocation",
    "Curve",
    "Estimate",
    "LagModel",
    "LiftTest",
    "MixModel",
    "MixPanel",
    "Split",
    "adstock",
    "allocate",
    "carry_over_of",
    "compare_lags",
    "contribution",
    "cost_per_outcome",
    "diagnose",
    "fit_lags",
    "fit_mix",
    "frontier",
    "half_life",
    "half_life_gap",
    "half_life_periods",
    "half_life_weeks",
    "lag_table",
    "loyal_gap",
    "mix_panel",
    "mix_table",
    "money_elasticity",
    "roas",
    "same_period_share",
    "split_money",
    "total_effect",
]
