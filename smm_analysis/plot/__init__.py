"""One function a figure: ``plot_x(result, *, ax=None, lang="en") -> Axes`` (그림).

Call `set_theme` once, as with seaborn; it sets a colour-blind-safe palette and a Korean font that travels with the
package. Every label comes from the glossary, every legend entry carries its n.
"""

import matplotlib.pyplot as plt

from smm_analysis.terms import SMALLEST_GROUP

from .attention import plot_decay, plot_readers, plot_view_sources
from .canvas import plot_canvas
from .cascade import plot_containment, plot_late_cost, plot_network, plot_selling, plot_selling_by_probability
from .cases import plot_leads, plot_sweep
from .claims import plot_inflow, plot_retention, plot_tolerance
from .diffusion import plot_bass, plot_between_brands, plot_four_types
from .experiments import plot_calendar, plot_power
from .handoff import plot_follow_through
from .health import plot_calibration, plot_contributions, plot_half_life, plot_nps, plot_predictors, plot_weekly_repeat
from .listening import plot_best, plot_measure, plot_scorecard, plot_spikes, plot_theme_curve, plot_themes, plot_trends
from .mix import plot_allocation, plot_carry_over, plot_frontier, plot_lags, plot_money_and_outcome
from .overview import plot_coverage
from .reach import plot_costs, plot_reach_curves
from .relationship import plot_dose_response, plot_relationship
from .strategies import plot_plan_paths, plot_strategies, plot_switch
from .theme import PALETTE, money, money_axis, set_theme

__all__ = [
    "PALETTE",
    "SMALLEST_GROUP",
    "money",
    "money_axis",
    "plot_allocation",
    "plot_bass",
    "plot_best",
    "plot_between_brands",
    "plot_calendar",
    "plot_calibration",
    "plot_canvas",
    "plot_carry_over",
    "plot_containment",
    "plot_contributions",
    "plot_costs",
    "plot_coverage",
    "plot_decay",
    "plot_dose_response",
    "plot_follow_through",
    "plot_four_types",
    "plot_frontier",
    "plot_half_life",
    "plot_inflow",
    "plot_lags",
    "plot_late_cost",
    "plot_leads",
    "plot_measure",
    "plot_money_and_outcome",
    "plot_network",
    "plot_nps",
    "plot_plan_paths",
    "plot_power",
    "plot_predictors",
    "plot_reach_curves",
    "plot_readers",
    "plot_relationship",
    "plot_retention",
    "plot_scorecard",
    "plot_selling",
    "plot_selling_by_probability",
    "plot_spikes",
    "plot_strategies",
    "plot_sweep",
    "plot_switch",
    "plot_theme_curve",
    "plot_themes",
    "plot_tolerance",
    "plot_trends",
    "plot_view_sources",
    "plot_weekly_repeat",
    "plt",
    "set_theme",
]
