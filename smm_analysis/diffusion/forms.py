"""Competing forms (경쟁하는 모형): how the relationship opens sharing, how exposures add up; weighed out of sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .rates import RateFit

HORIZON = 13  # weeks ahead that each origin forecasts
ORIGINS = (0.25, 0.375, 0.5, 0.625, 0.75, 0.875)  # of the record, but with no fewer weeks known than are forecast


@dataclass(frozen=True)
class Gate:
    """How far the relationship opens sharing (공유의 문턱): not at all, gradually, or beyond a threshold.

    The openness at relationship r is 1 / (1 + exp(-(r - middle) / width)); without a gate it is 1.
    """

    kind: str
    middle: float = 0.0
    width: float = 1.0

    def open(self, relationship: np.ndarray) -> np.ndarray:
        """Openness, 0..1, shape of `relationship`."""
        if self.kind == "none":
            return np.ones_like(relationship)
        return 1 / (1 + np.exp(-(relationship - self.middle) / self.width))


WIDTHS = {"gradual": 0.12, "threshold": 0.05}
BEFORE = {"none": 0.4, "gradual": 0.2, "threshold": 0.4}  # prior weights of the kinds of gate
_MIDDLES = 7


def gates_between(low: float, high: float) -> dict[str, list[Gate]]:
    """Return the gates to compare, by kind: middles from the lowest relationship on record to the highest in reach."""
    middles = np.linspace(low - 0.02, max(high, low + 0.1), _MIDDLES)
    kinds = {kind: [Gate(kind, float(m), width) for m in middles] for kind, width in WIDTHS.items()}
    return {"none": [Gate("none")], **kinds}


@dataclass(frozen=True)
class BuyForm:
    """How exposures add up to a first purchase (첫 구매의 형태).

    `power` : 1, or 2 or 3 where several exposures are needed; `opened` : whether diffusion works only as far as the
    relationship opens it; `works` : whether anything the firm does has an effect at all.
    """

    power: float
    opened: bool
    works: bool = True

    @property
    def before(self) -> float:
        """Weight before the data: one in ten that nothing the firm does works, the rest alike."""
        return 0.15 if self.works else 0.1


BUY_FORMS = (
    BuyForm(1.0, opened=False, works=False),
    *(BuyForm(power, opened) for power in (1.0, 2.0, 3.0) for opened in (False, True)),
)


def forecast_score(y: np.ndarray, fit_until: Callable[[int], RateFit]) -> float:
    """Return how well a form forecasts (표본 외 예측): log quasi-likelihood of the next weeks, summed over origins."""
    total = 0.0
    for part in ORIGINS:
        origin = int(part * len(y))
        if origin < HORIZON:
            continue
        fit = fit_until(origin)
        ahead = slice(origin, min(origin + HORIZON, len(y)))
        told, mean = y[ahead], np.maximum(fit.mean[ahead], 1e-9)
        seen = np.isfinite(told)
        total += float((told[seen] * np.log(mean[seen]) - mean[seen]).sum()) / fit.dispersion
    return total


def weights_of(scores: np.ndarray) -> np.ndarray:
    """Return weights of forms from their scores (모형 가중치): equal ones share, one far behind drops out."""
    weight = np.exp(np.asarray(scores) - np.max(scores))
    return weight / weight.sum()


def evidence(scores: np.ndarray) -> float:
    """Return the log of the mean of exp(scores): what a form says on the whole, its members equally likely before."""
    top = float(np.max(scores))
    return top + float(np.log(np.mean(np.exp(np.asarray(scores) - top))))


def known_until(y: np.ndarray, week: int) -> np.ndarray:
    """Return the outcome as it was known before `week`: NaN from then on."""
    return np.where(np.arange(len(y)) < week, y, np.nan)
