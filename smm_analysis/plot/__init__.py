"""One function a figure: ``plot_x(result, *, ax=None, lang="en") -> Axes`` (그림).

Call `set_theme` once, as with seaborn; it sets a colour-blind-safe palette and a Korean font that travels with the
package. Every label comes from the glossary, every legend entry carries its n.
"""

import matplotlib.pyplot as plt

from .health import plot_calibration, plot_contributions, plot_half_life, plot_nps, plot_predictors, plot_weekly_repeat
from .overview import plot_coverage
from .theme import PALETTE, SMALLEST_GROUP, money, money_axis, set_theme

__all__ = [
    "PALETTE",
    "SMALLEST_GROUP",
    "money",
    "money_axis",
    "plot_calibration",
    "plot_contributions",
    "plot_coverage",
    "plot_half_life",
    "plot_nps",
    "plot_predictors",
    "plot_weekly_repeat",
    "plt",
    "set_theme",
]
