"""An estimate with its interval (추정값과 구간): the common currency of the models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from smm_analysis.terms import Lang


@dataclass(frozen=True)
class Estimate:
    """A number with its two-sided interval at `level` (추정값과 구간); `n` is how many units it rests on.

    NaN with a `reason`, in each language, where the data cannot tell.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def _repr_markdown_(self) -> str:
        numbers = (f"{x:.3g}".replace("-", "−") for x in (self.estimate, self.low, self.high))
        return "{} ({:.0%}: {} – {}, n = {:,})".format(next(numbers), self.level, *numbers, self.n)


def around(estimate: float, half: float, level: float, n: int) -> Estimate:
    """Return an estimate with a symmetric interval (대칭 구간)."""
    return Estimate(float(estimate), float(estimate - half), float(estimate + half), level, n)


def unknown(level: float, n: int, why: Mapping[Lang, str]) -> Estimate:
    """Return the estimate that the data cannot tell (알 수 없는 추정값)."""
    return Estimate(math.nan, math.nan, math.nan, level, n, why)


def z_value(level: float) -> float:
    """Return the standard normal quantile of a two-sided level, 0..1 (표준정규 분위수)."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return NormalDist().inv_cdf(0.5 + level / 2)
