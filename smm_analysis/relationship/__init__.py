"""The relationship (관계): how it is built, what it does, what promotion and ads do to it, and who stays.

Listening effort (S0.1), a cause, is kept apart from the relationship, its effect. What the relationship does to sharing
(S0.2) and to followers' worth (S0.9); promotion tolerance (S0.8), retention of cohorts (S0.7b), inflow during and after
ads (S0.7a), linked posts (S1.3), earned against firm-made exposures (S1.2), reach by side (S1.1). Each on one brand;
`pool_brands` puts several together.
"""

from .change import relationship_change
from .cohorts import Retention, cohort_retention
from .dose import INDEX_ERROR, DoseResponse, shares_response
from .earned import Earned, earned_customers
from .effort import ListeningEffort, effort_index, listening_effort
from .groups import binned
from .index import QUESTIONS, Component, Relationship, relationship_index
from .inflow import Inflow, flight_inflow
from .learnt import learnt_weights
from .links import Synergy, link_synergy, pooled_link_synergy
from .panel import SharingWeeks, sharing_weeks
from .pooling import pool_brands
from .sides import reach_by_side, side_reach
from .tolerance import Tolerance, pooled_tolerance, promotion_tolerance
from .worth import reach_response

__all__ = [
    "INDEX_ERROR",
    "QUESTIONS",
    "Component",
    "DoseResponse",
    "Earned",
    "Inflow",
    "ListeningEffort",
    "Relationship",
    "Retention",
    "SharingWeeks",
    "Synergy",
    "Tolerance",
    "binned",
    "cohort_retention",
    "earned_customers",
    "effort_index",
    "flight_inflow",
    "learnt_weights",
    "link_synergy",
    "listening_effort",
    "pool_brands",
    "pooled_link_synergy",
    "pooled_tolerance",
    "promotion_tolerance",
    "reach_by_side",
    "reach_response",
    "relationship_change",
    "relationship_index",
    "shares_response",
    "sharing_weeks",
    "side_reach",
]
