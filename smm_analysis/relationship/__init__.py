"""Basic model (기본 모델): listening effort, the relationship, and what the relationship does (S0.1, S0.2, S0.9)."""

from smm_analysis.estimate import Estimate

from .dose import DoseResponse, binned, reach_response, shares_response
from .index import QUESTIONS, Component, Relationship, relationship_index
from .panel import SharingWeeks, sharing_weeks

__all__ = [
    "QUESTIONS",
    "Component",
    "DoseResponse",
    "Estimate",
    "Relationship",
    "SharingWeeks",
    "binned",
    "reach_response",
    "relationship_index",
    "shares_response",
    "sharing_weeks",
]
