"""Saturation (포화): twice the money is less than twice the effect, or, S-shaped, nothing before enough of it.

All families are scaled so that `u = 1` gives about half of the ceiling: u is adstock over the half-saturation point.

>>> {name: round(float(family.curve(np.array(1.0), np.array(2.0))), 3) for name, family in FAMILIES.items()}
{'tanh': 0.5, 'exponential': 0.5, 'michaelis_menten': 0.5, 'hill': 0.5}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

_TANH = np.arctanh(0.5)
_LOG2 = np.log(2.0)
Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Family:
    """A family of saturation curves (포화 함수족), 0..1 in u >= 0; `rise` is the derivative in u.

    Only a family that `has_slope` reads its second argument; with a slope above 1 it is S-shaped.
    """

    name: str
    curve: Curve
    rise: Curve
    has_slope: bool = False


def _hill(u: np.ndarray, slope: np.ndarray) -> np.ndarray:
    power = u**slope
    return power / (1 + power)


def _hill_rise(u: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Derivative of the Hill curve; at u = 0 it is taken a step aside, where slopes below 1 are still finite."""
    aside = np.maximum(u, 1e-9)
    share = _hill(aside, slope)
    return slope * share * (1 - share) / aside


FAMILIES = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                "tanh", lambda u, _: np.tanh(_TANH * u), lambda u, _: _TANH / np.cosh(np.minimum(_TANH * u, 300)) ** 2
            ),
            Family("exponential", lambda u, _: -np.expm1(-_LOG2 * u), lambda u, _: _LOG2 * np.exp(-_LOG2 * u)),
            Family("michaelis_menten", lambda u, _: u / (1 + u), lambda u, _: 1 / (1 + u) ** 2),
            Family("hill", _hill, _hill_rise, has_slope=True),
        )
    }
)
DEFAULT_FAMILIES = ("tanh", "exponential", "hill")  # Michaelis-Menten is Hill's of slope 1


def find_family(name: str) -> Family:
    """Return a family by name, or raise naming those there are (포화 함수족 찾기)."""
    if name not in FAMILIES:
        raise ValueError(f"families must be among {', '.join(FAMILIES)}, not {name!r}")
    return FAMILIES[name]
