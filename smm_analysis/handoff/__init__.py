"""Hand-off (핸드오프): how soon a complaint is answered, and how a response becomes a customer (S4.8, S3.6, S4.1)."""

from .funnel import STAGES, Funnel, follow_through
from .keys import matched_shares, privacy_sheet
from .waits import MIN_CASES, RESPONDERS, HandoffLevel, handoff_by, handoff_level, handoff_levels

__all__ = [
    "MIN_CASES",
    "RESPONDERS",
    "STAGES",
    "Funnel",
    "HandoffLevel",
    "follow_through",
    "handoff_by",
    "handoff_level",
    "handoff_levels",
    "matched_shares",
    "privacy_sheet",
]
