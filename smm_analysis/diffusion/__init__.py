"""Diffusion (확산): how new customers come, from outside and by word of mouth (S0.3)."""

from .coupled import BrandFit, CoupledModel, fit_coupled
from .felt import simple_relationship
from .panel import strategy_panel
from .placebo import placebo
from .repeat import repeat_panel

__all__ = [
    "BrandFit",
    "CoupledModel",
    "fit_coupled",
    "placebo",
    "repeat_panel",
    "simple_relationship",
    "strategy_panel",
]
