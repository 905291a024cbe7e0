"""Strategies (전략): which plan brings most loyal customers for the money, and when to switch (S0.4, S1.6, S4.2)."""

from .comparison import StrategyComparison, compare_strategies
from .plans import PLANS, Plan, basic_then_diffusion

__all__ = ["PLANS", "Plan", "StrategyComparison", "basic_then_diffusion", "compare_strategies"]
