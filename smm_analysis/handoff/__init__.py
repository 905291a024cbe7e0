"""Hand-off (핸드오프): how soon a complaint is answered, and how a response becomes a customer (S4.8, S3.6, S4.1)."""

from .waits import MIN_CASES, RESPONDERS, HandoffLevel, handoff_by, handoff_level, handoff_levels

__all__ = ["MIN_CASES", "RESPONDERS", "HandoffLevel", "handoff_by", "handoff_level", "handoff_levels"]
