"""Several brands together (여러 브랜드 종합, S4.3): their mean effect, how far they differ, and a new brand's interval.

The mean gives each brand the same weight: where little is passed on, both effect and error are small, so that weights
by precision would lean to brands in which little can happen. How far brands differ is Paule and Mandel's tau (1982,
Journal of Research of the National Bureau of Standards 87(5)); a new brand's interval takes t with k - 2 degrees of
freedom (Higgins, Thompson & Spiegelhalter 2009, Journal of the Royal Statistical Society A 172(1), eq. 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import reason

_FEWEST = 2


@dataclass(frozen=True)
class Pooled:
    """Brands together (종합 결과).

    `mean` is of these brands, equally weighted, `n` their number; `new_brand` is where a brand like them would lie (NaN
    with fewer than 3); `tau` how far brands differ, in the effect's unit; `table` has brand, estimate, low, high, n,
    used, reason_en, reason_ko.
    """

    mean: Estimate
    new_brand: Estimate
    tau: float
    table: pd.DataFrame = field(repr=False, compare=False)


def pool_brands(effects: Mapping[str, Estimate], *, level: float = 0.90) -> Pooled:
    """Put brands' effects together (브랜드 종합, S4.3).

    Parameters
    ----------
    effects : brand -> effect, all in one unit and at one level. Those that carry a reason are listed and left out.
    """
    used = {name: each for name, each in effects.items() if not each.reason and np.isfinite(each.estimate)}
    table = pd.DataFrame([_row(name, each, name in used) for name, each in effects.items()])
    if len(used) < _FEWEST:
        why = unknown(level, len(used), reason("few_brands", n=len(used), needed=_FEWEST, given=len(effects)))
        return Pooled(why, why, float("nan"), table)
    value = np.array([each.estimate for each in used.values()])
    error = np.array([(each.high - each.low) / 2 / z_value(each.level) for each in used.values()])
    mean, k = float(value.mean()), len(value)
    half = z_value(level) * float(np.sqrt((error**2).sum())) / k
    tau, centre, spread = _between(value, error)
    return Pooled(Estimate(mean, mean - half, mean + half, level, k), _new(centre, spread, k, level), tau, table)


def _between(value: np.ndarray, error: np.ndarray) -> tuple[float, float, float]:
    """Return tau, the random-effects mean, and the standard deviation of a new brand about it."""
    from statsmodels.stats.meta_analysis import combine_effects

    with np.errstate(divide="ignore", invalid="ignore"):  # where all brands agree, what it also prints is undefined
        found = combine_effects(value, error**2, method_re="iterated")
    return float(np.sqrt(found.tau2)), float(found.mean_effect_re), float(np.sqrt(found.tau2 + found.sd_eff_w_re**2))


def _new(centre: float, spread: float, k: int, level: float) -> Estimate:
    from scipy.special import stdtrit

    if k < 3:
        return unknown(level, k, reason("few_brands", n=k, needed=3, given=k))
    half = float(stdtrit(k - 2, 0.5 + level / 2)) * spread
    return Estimate(centre, centre - half, centre + half, level, k)


def _row(name: str, each: Estimate, used: bool) -> dict[str, object]:
    row = {"brand": name, "estimate": each.estimate, "low": each.low, "high": each.high, "n": each.n, "used": used}
    return row | {f"reason_{lang}": each.reason.get(lang, "") for lang in ("en", "ko")}
