"""An estimate with its interval (추정값과 구간), and how it is read from draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from smm_analysis.terms import Lang


@dataclass(frozen=True)
class Estimate:
    """A number with its two-sided interval at `level` (추정값과 구간); `n` is how many weeks it rests on.

    Where the data cannot tell, `reason` says why in each language; the numbers are NaN, or stay to be looked at.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    reason: Mapping[Lang, str] = field(default_factory=dict)


def unknown(level: float, n: int, why: Mapping[Lang, str]) -> Estimate:
    """Return the estimate that the data cannot tell (알 수 없는 추정값)."""
    return Estimate(math.nan, math.nan, math.nan, level, n, why)


def of_draws(
    draws: np.ndarray, level: float, n: int, *, why: Mapping[Lang, str] | None = None, centre: str = "mean"
) -> Estimate:
    """Return the centre ("mean" or "median") and the equal-tailed interval of draws (표본에서 읽은 추정값과 구간)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    middle = np.median(draws) if centre == "median" else draws.mean()
    return Estimate(float(np.clip(middle, low, high)), float(low), float(high), level, n, why or {})


def check_level(level: float) -> float:
    """Return a two-sided level, 0..1, or raise (신뢰수준 점검)."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return level
