"""An estimate with its interval (추정값과 구간): the common currency of the models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

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


def of_draws(
    draws: np.ndarray, level: float, n: int, *, why: Mapping[Lang, str] | None = None, centre: str = "mean"
) -> Estimate:
    """Return the centre ("mean" or "median") and the equal-tailed interval of draws (표본에서 읽은 추정값과 구간)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    middle = np.median(draws) if centre == "median" else draws.mean()
    return Estimate(float(np.clip(middle, low, high)), float(low), float(high), level, n, why or {})


def check_level(level: float) -> None:
    """Refuse what is no two-sided level (신뢰수준 점검)."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")


def z_value(level: float) -> float:
    """Return the standard normal quantile of a two-sided level, 0..1 (표준정규 분위수)."""
    check_level(level)
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(
    share: float | np.ndarray, n: float | np.ndarray, quantile: float | np.ndarray
) -> tuple[float | np.ndarray, float | np.ndarray]:
    """Return the ends of Wilson's score interval of a share of `n` (비율의 신뢰구간, Wilson 1927, JASA 22).

    It stays in 0..1, holds the share, and is of zero width only where `n` is infinite; without units it is NaN.
    statsmodels has it for whole counts at a normal quantile; ours are often neither.

    Parameters
    ----------
    share : 0..1.
    n : how many units the share is worth: weighted, censored or clustered ones make no whole number.
    quantile : `z_value(level)`, or Student's where few clusters say how alike their members are.

    Examples
    --------
    Nobody of ten may still be a quarter of all:

    >>> low, high = wilson(np.array([0.0, 0.5]), 10, z_value(0.95))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        n, shrink = np.asarray(n, float), 1 + quantile**2 / np.asarray(n, float)
        centre = share + quantile**2 / (2 * n)
        half = quantile * np.sqrt(share * (1 - share) / n + (quantile / (2 * n)) ** 2)
        return np.clip((centre - half) / shrink, 0, share), np.clip((centre + half) / shrink, share, 1)
