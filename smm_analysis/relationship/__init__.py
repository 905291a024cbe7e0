"""The relationship (관계): what promotion, ads, links and customers' own words do to it, and who stays.

Promotion tolerance (S0.8), retention of cohorts (S0.7b), inflow during and after ads (S0.7a), linked posts (S1.3),
earned against firm-made exposures (S1.2) and reach by side (S1.1): each on one brand, and pooled over several.
"""

from .cohorts import Retention, cohort_retention
from .earned import Earned, earned_customers
from .inflow import Inflow, flight_inflow
from .links import Synergy, link_synergy, pooled_link_synergy
from .pooling import pool_brands
from .sides import reach_by_side
from .tolerance import Tolerance, pooled_tolerance, promotion_tolerance

__all__ = [
    "Earned",
    "Inflow",
    "Retention",
    "Synergy",
    "Tolerance",
    "cohort_retention",
    "earned_customers",
    "flight_inflow",
    "link_synergy",
    "pool_brands",
    "pooled_link_synergy",
    "pooled_tolerance",
    "promotion_tolerance",
    "reach_by_side",
]
