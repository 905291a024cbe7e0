"""Diffusion (확산): how adopters come by outside influence and by word of mouth, and how brands differ (S4.3)."""

from smm_analysis.estimate import Estimate

from .bass import BassFit, fit_bass, fulfilment
from .between import BetweenBrands, between_brands
from .curve import bass_curve
from .four_types import four_types

__all__ = [
    "BassFit",
    "BetweenBrands",
    "Estimate",
    "bass_curve",
    "between_brands",
    "fit_bass",
    "four_types",
    "fulfilment",
]
