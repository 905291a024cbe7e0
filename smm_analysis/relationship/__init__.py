"""Basic model (기본 모델): listening effort, the relationship, and what the relationship does (S0.1, S0.2, S0.9)."""

from smm_analysis.estimate import Estimate

from .dose import DoseResponse, shares_response
from .effort import ListeningEffort, effort_index, listening_effort
from .groups import binned
from .index import QUESTIONS, Component, Relationship, relationship_index
from .learnt import learnt_weights
from .panel import SharingWeeks, sharing_weeks
from .pooling import Pooled, pool_brands
from .worth import reach_response

__all__ = [
    "QUESTIONS",
    "Component",
    "DoseResponse",
    "Estimate",
    "ListeningEffort",
    "Pooled",
    "Relationship",
    "SharingWeeks",
    "binned",
    "effort_index",
    "learnt_weights",
    "listening_effort",
    "pool_brands",
    "reach_response",
    "relationship_index",
    "shares_response",
    "sharing_weeks",
]
