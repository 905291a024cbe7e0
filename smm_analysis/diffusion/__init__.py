"""Diffusion (확산): how new customers come, from outside and by word of mouth; brands compared; the four types.

The Bass model for a whole market's sales (S4.11); the trust-coupled diffusion for one firm's weeks (S0.3), which
`strategies` compares plans with; effects compared between brands (S4.3).
"""

from .bass import BassFit, fit_bass, fulfilment
from .between import BetweenBrands, between_brands
from .coupled import BrandFit, CoupledModel, fit_coupled
from .curve import bass_curve
from .felt import simple_relationship
from .four_types import four_types
from .panel import strategy_panel
from .placebo import placebo
from .repeat import repeat_panel
from .watch import AdoptionWatch, adoption_watch

__all__ = [
    "AdoptionWatch",
    "BassFit",
    "BetweenBrands",
    "BrandFit",
    "CoupledModel",
    "adoption_watch",
    "bass_curve",
    "between_brands",
    "fit_bass",
    "fit_coupled",
    "four_types",
    "fulfilment",
    "placebo",
    "repeat_panel",
    "simple_relationship",
    "strategy_panel",
]
