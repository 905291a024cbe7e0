"""Reach and frequency (도달과 빈도): how many people media reach, how often, and what that costs (S3.1, S3.2)."""

from smm_analysis.estimate import Estimate

from .curve import ReachCurve
from .duplication import UnionReach, contacts_if_independent, union_at, union_reach
from .fitting import PoorFit, fit_reach
from .loyal import loyal_per_reached, who_stayed
from .panel import duplications_of, histogram_of, reach_curve_of, reaches_of, union_of
from .plans import (
    LineComparison,
    cost_per_engaged,
    cost_per_reached,
    engaged_per_reached,
    launch_reach,
    media_costs,
    target_shares_of,
)
from .points import beta_binomial_curve, nbd_curve, one_point_curve

__all__ = [
    "Estimate",
    "LineComparison",
    "PoorFit",
    "ReachCurve",
    "UnionReach",
    "beta_binomial_curve",
    "contacts_if_independent",
    "cost_per_engaged",
    "cost_per_reached",
    "duplications_of",
    "engaged_per_reached",
    "fit_reach",
    "histogram_of",
    "launch_reach",
    "loyal_per_reached",
    "media_costs",
    "nbd_curve",
    "one_point_curve",
    "reach_curve_of",
    "reaches_of",
    "target_shares_of",
    "union_at",
    "union_of",
    "union_reach",
    "who_stayed",
]
