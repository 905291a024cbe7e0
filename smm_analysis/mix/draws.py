"""How an estimate with its interval is read from draws (표본에서 읽은 추정값)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from smm_analysis.estimate import Estimate
from smm_analysis.terms import Lang


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
