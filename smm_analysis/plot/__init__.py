"""One function a figure: ``plot_x(result, *, ax=None, lang="en") -> Axes`` (그림).

Call `set_theme` once, as with seaborn; it sets a colour-blind-safe palette and a Korean font that travels with the
package. Every label comes from the glossary, every legend entry carries its n.
"""

import matplotlib.pyplot as plt

from smm_analysis.terms import SMALLEST_GROUP

from .handoff import plot_follow_through
from .health import plot_calibration, plot_contributions, plot_half_life, plot_nps, plot_predictors, plot_weekly_repeat
from .listening import plot_best, plot_measure, plot_scorecard, plot_spikes, plot_theme_curve, plot_themes
from .mix import plot_allocation, plot_carry_over, plot_frontier
from .overview import plot_coverage
from .reach import plot_costs, plot_reach_curves
from .strategies import plot_plan_paths, plot_strategies, plot_switch
from .theme import PALETTE, money, money_axis, set_theme

__all__ = [
    "PALETTE",
    "SMALLEST_GROUP",
    "money",
    "money_axis",
    "plot_allocation",
    "plot_best",
    "plot_calibration",
    "plot_carry_over",
    "plot_contributions",
    "plot_costs",
    "plot_coverage",
    "plot_follow_through",
    "plot_frontier",
    "plot_half_life",
    "plot_measure",
    "plot_nps",
    "plot_plan_paths",
    "plot_predictors",
    "plot_reach_curves",
    "plot_scorecard",
    "plot_spikes",
    "plot_strategies",
    "plot_switch",
    "plot_theme_curve",
    "plot_themes",
    "plot_weekly_repeat",
    "plt",
    "set_theme",
]
