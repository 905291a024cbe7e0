"""Between brands (브랜드 간 비교, S4.3): what a tactic brings on average, how far brands differ, what a copy may bring.

Random effects: a brand's true effect is normal about the average, with standard deviation tau; its estimate is normal
about the true effect, with the brand's own standard error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import Lang, reason

COLUMNS = ("brand", "estimate", "standard_error")
FEWEST_BRANDS = 3  # from which a prediction interval has a degree of freedom
_LEVELS = (np.arange(200) + 0.5) / 200  # of the distributions that are multiplied out
_FINENESS = 400


@dataclass(frozen=True)
class BetweenBrands:
    """What brands' effects have in common and how far they differ (브랜드 간 비교 결과), in the effects' unit.

    `pooled` is the average brand's effect; `tau` the standard deviation of true effects between brands; `prediction`
    what a new brand's true effect may be; `copy_falls_short` the chance, %, that a new brand gains less than half of
    what the average brand gains. `brands` has a row a brand: brand, estimate, standard_error, low, high, weight (its
    share of the pooled effect, 0..1). `left_out` names brands without an estimate of their own.
    """

    pooled: Estimate
    tau: Estimate
    prediction: Estimate
    copy_falls_short: Estimate
    level: float
    n: int
    brands: pd.DataFrame = field(repr=False, compare=False)
    left_out: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return a row a number (브랜드 간 비교표): measure, estimate, low, high, n; reason_en, reason_ko."""
        found = {
            "pooled_effect": self.pooled,
            "between_sd": self.tau,
            "new_brand": self.prediction,
            "copy_falls_short": self.copy_falls_short,
        }
        return pd.DataFrame([_row(name, each) for name, each in found.items()])


def between_brands(effects: pd.DataFrame, *, level: float = 0.90) -> BetweenBrands:
    """Compare one effect between brands by random effects (임의효과 모형, S4.3).

    Copying a tactic copies its results where brands are alike. Whether they are is asked on a scale a strategist can
    act on: **the chance that a new brand gains less than half of what the average brand gains**. With average mu and
    spread tau it is Phi(-|mu| / 2 tau): 0 where brands are alike, 10% where tau is .39 mu, 31% where tau is mu, towards
    50% where the average says nothing. Unlike the width of the prediction interval over that of the pooled one, which
    grows with the number of brands whatever the truth, it is a fact about brands; and unlike tau over mu it has an
    interval also where the average may be 0. With enough alike brands its high end falls below any delta, with enough
    different ones its low end rises above: both clear answers occur (`benchmarks/between_brands.py`).

    - `pooled`: weights 1 / (se^2 + tau^2), tau by Paule & Mandel (1982); Hartung & Knapp's error, never below the
      usual one, and t with k - 1 degrees of freedom. A test holds it to statsmodels' `combine_effects`.
    - `tau`: interval by the Q-profile (Viechtbauer 2007, Statistics in Medicine 26(1), 37-52).
    - `prediction`: pooled +- t(k - 2) sqrt(tau^2 + error^2) (Higgins, Thompson & Spiegelhalter 2009, JRSS A 172(1),
      137-159). It covers at its level where tau is well told, too little where tau is near the brands' own errors.
    - `copy_falls_short`: quantiles of the chance over the confidence distributions of tau (the Q-profile at all levels)
      and of mu given tau, multiplied out; `estimate` is the median.

    Parameters
    ----------
    effects
        A row a brand: brand, estimate, standard_error (above 0), signed alike and in one unit. Brands whose estimate is
        missing are left out.
    level
        Two-sided level of the intervals, 0..1.

    Raises
    ------
    ValueError
        A column is missing, a brand comes twice, a standard error is not above 0, the level is outside (0, 1).

    """
    z_value(level)
    used, left_out = _read(effects)
    n, y, error = len(used), used["estimate"].to_numpy(float), used["standard_error"].to_numpy(float)
    why = reason("few_brands", n=n, needed=FEWEST_BRANDS) if n < FEWEST_BRANDS else {}
    if n < 2:
        return BetweenBrands(*[unknown(level, n, why)] * 4, level, n, _forest(used, level, np.ones(n)), left_out)
    scale = float(np.median(error))
    tau = spread_between(y / scale, error / scale, level)
    pooled, pooled_error, weight = _pool(y / scale, error / scale, tau.estimate, level)
    refused = unknown(level, n, why)
    return BetweenBrands(
        _times(pooled, scale),
        _times(tau, scale),
        refused if why else _times(_new_brand(pooled, pooled_error, tau.estimate), scale),
        refused if why else _copy_falls_short(y / scale, error / scale, level),
        level,
        n,
        _forest(used, level, weight),
        left_out,
    )


def spread_between(y: np.ndarray, error: np.ndarray, level: float) -> Estimate:
    """Return tau (브랜드 간 표준편차): Paule & Mandel's estimate, at which Q is k - 1, and the Q-profile's interval."""
    from scipy.special import chdtri

    k = len(y)
    low, high = chdtri(k - 1, np.array([0.5 - level / 2, 0.5 + level / 2]))
    tau = np.sqrt(profile(y, error, np.array([k - 1, low, high])))
    return Estimate(*map(float, tau), level, k)


def profile(y: np.ndarray, error: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return the tau squared at which Cochran's Q, which falls with it, is so high (Q 프로파일); 0 if it never is."""
    top = np.ptp(y) ** 2 + error.max() ** 2
    while about(y, error, np.array([top]))[2][0] > heights.min():
        top *= 4
    grid = np.r_[0, np.geomspace(1e-4 * error.min() ** 2, top, _FINENESS)]
    return np.interp(-heights, -about(y, error, grid)[2], grid)


def about(y: np.ndarray, error: np.ndarray, tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the average, its variance and Cochran's Q at each tau squared (가중 평균과 Q)."""
    weight = 1 / (error**2 + tau2[:, None])
    total = weight.sum(axis=1)
    average = weight @ y / total
    return average, 1 / total, (weight * (y - average[:, None]) ** 2).sum(axis=1)


def draws(y: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return averages and taus of equal weight from their confidence distributions, levels x levels (신뢰 분포)."""
    from scipy.special import chdtri, ndtri

    tau2 = profile(y, error, chdtri(len(y) - 1, _LEVELS))
    average, variance, _ = about(y, error, tau2)
    averages = average[:, None] + np.sqrt(variance)[:, None] * ndtri(_LEVELS)
    return averages, np.broadcast_to(np.sqrt(tau2)[:, None], averages.shape)


def _pool(y: np.ndarray, error: np.ndarray, tau: float, level: float) -> tuple[Estimate, float, np.ndarray]:
    """Return the average brand's effect, its error, and the brands' weights."""
    from scipy.special import stdtrit

    k = len(y)
    average, variance, q = (float(found[0]) for found in about(y, error, np.array([tau**2])))
    found = math.sqrt(variance * max(q / (k - 1), 1.0))
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * found
    return Estimate(average, average - half, average + half, level, k), found, variance / (error**2 + tau**2)


def _new_brand(pooled: Estimate, error: float, tau: float) -> Estimate:
    from scipy.special import stdtrit

    half = float(stdtrit(pooled.n - 2, 0.5 + pooled.level / 2)) * math.hypot(tau, error)
    return Estimate(pooled.estimate, pooled.estimate - half, pooled.estimate + half, pooled.level, pooled.n)


def _copy_falls_short(y: np.ndarray, error: np.ndarray, level: float) -> Estimate:
    from scipy.special import ndtr

    averages, taus = draws(y, error)
    side = 1.0 if averages.mean() >= 0 else -1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = 100 * ndtr(np.where(taus > 0, -side * averages / (2 * taus), -side * averages * np.inf))
    low, middle, high = np.quantile(chance, [0.5 - level / 2, 0.5, 0.5 + level / 2])
    return Estimate(float(middle), float(low), float(high), level, len(y))


def _times(found: Estimate, scale: float) -> Estimate:
    return Estimate(found.estimate * scale, found.low * scale, found.high * scale, found.level, found.n)


def _forest(used: pd.DataFrame, level: float, weight: np.ndarray) -> pd.DataFrame:
    half = z_value(level) * used["standard_error"]
    return used.assign(low=used["estimate"] - half, high=used["estimate"] + half, weight=weight)


def _row(name: str, found: Estimate) -> dict[str, object]:
    why: Mapping[Lang, str] = found.reason
    numbers = {"measure": name, "estimate": found.estimate, "low": found.low, "high": found.high, "n": found.n}
    return numbers | {f"reason_{lang}": why.get(lang, "") for lang in ("en", "ko")}


def _read(effects: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the brands that have an estimate, and the names of those that have none."""
    lacking = [name for name in COLUMNS if name not in effects]
    if lacking:
        raise ValueError(f"effects lack the column {', '.join(lacking)}; needed are {', '.join(COLUMNS)}")
    table = effects[list(COLUMNS)].reset_index(drop=True)
    twice = table.loc[table["brand"].duplicated(), "brand"].unique()
    if len(twice):
        raise ValueError(f"effects: one row a brand is needed; {', '.join(map(str, twice[:3]))} come more than once")
    known = np.isfinite(table["estimate"].astype(float)) & table["standard_error"].notna()
    used = table[known].reset_index(drop=True)
    wrong = used[~(np.isfinite(used["standard_error"].astype(float)) & (used["standard_error"] > 0))]
    if len(wrong):
        shown = ", ".join(f"{r.standard_error:g} of {r.brand}" for r in wrong.head(3).itertuples())
        raise ValueError(f"effects: a standard_error must be a number above 0; given {shown}")
    return used, tuple(map(str, table.loc[~known, "brand"]))
