"""Several brands' estimates as one (여러 브랜드 묶기): each brand is estimated on its own, then they are averaged.

By precision: brands differ, so that the effects are random. DerSimonian and Laird's between-brand variance, iterated
(Paule & Mandel 1982), by statsmodels; Student's t with k - 1 degrees of freedom and the variance of Hartung and Knapp
(2001, Statistics in Medicine 20(24)), but never a smaller one than with equal effects: of few brands that agree by
chance it is too small. How far brands differ, and what a new one may expect, is `diffusion.between_brands`' to say.

Equally: the mean of these very brands. Where little is passed on, both effect and error are small, so that weights by
precision would lean to brands in which little can happen.

By information: these very brands again, each counted by how much its weeks tell (the fixed effects, in the plural, of
Rice, Higgins & Lumley 2018, Journal of the Royal Statistical Society A 181(1)). It says nothing of other brands, need
not have the brands alike, and one brand that tells next to nothing does not drown the others. Where brands ought to be
alike and disagree by more than their errors, the model is at fault somewhere: `disagreement` widens the interval by as
much (Birge 1932, Physical Review 40(2)).

What all brands are measured with errs in all of them alike, and does not average out: `shared` says how much.

>>> pool_brands({"a": Estimate(1.0, 0.5, 1.5, 0.9, 104), "b": Estimate(2.0, 1.5, 2.5, 0.9, 104)}).estimate
1.5
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import reason

_SCALES = {
    "natural": (lambda x: x, lambda x: x),
    "log": (np.log, np.exp),
    "percent": (lambda x: np.log1p(x / 100), lambda x: 100 * np.expm1(x)),
}


def pool_brands(
    estimates: Mapping[str, Estimate],
    *,
    scale: Literal["natural", "log", "percent"] = "natural",
    weights: Literal["precision", "equal", "information"] = "precision",
    disagreement: bool = False,
    shared: float = 0.0,
    level: float = 0.90,
) -> Estimate:
    """Return the mean effect of the brands (브랜드 평균 효과).

    Parameters
    ----------
    estimates : by brand; a brand that cannot tell is left out.
    scale : of averaging: "log" for ratios, "percent" for ratios minus 1 in percent, "natural" for differences.
    weights : "precision" for brands like these, "equal" for these brands, "information" for these by what each tells.
    disagreement : whether brands by information that disagree by more than their errors widen the interval.
    shared : standard error that all brands have in common, as a part of their mean on `scale`, 0 or more; for effects
        of the relationship (S0.2, S0.9) it is `INDEX_ERROR`.
    level : of the result; the brands' intervals may be at others.

    Returns
    -------
    Estimate
        `n` is the sum of the brands' n. It cannot tell if fewer than two brands can.

    Raises
    ------
    ValueError
        If `shared` is below 0.
    """
    if not shared >= 0:
        raise ValueError(f"shared must be 0 or more, a part of the mean, not {shared!r}")
    told = {name: found for name, found in estimates.items() if not found.reason and np.isfinite(found.estimate)}
    n = sum(found.n for found in told.values())
    if len(told) < 2:
        return unknown(level, n, reason("few_brands_told", told=len(told), brands=len(estimates)))
    inward, outward = _SCALES[scale]
    rows = [(inward(e.estimate), inward(e.low), inward(e.high), z_value(e.level)) for e in told.values()]
    effect, low, high, z = np.array(rows).T
    variance = ((high - low) / 2 / z) ** 2
    mean, half = _WEIGHTED[weights](effect, variance, level)
    if disagreement and weights == "information":
        half *= np.sqrt(max(1.0, ((effect - mean) ** 2 / variance).sum() / (len(effect) - 1)))
    half = float(np.hypot(half, z_value(level) * shared * mean))
    return Estimate(*(float(outward(x)) for x in (mean, mean - half, mean + half)), level, n)


def _equally(effect: np.ndarray, variance: np.ndarray, level: float) -> tuple[float, float]:
    """Return the mean and half its interval, the brands fixed."""
    return float(effect.mean()), z_value(level) * float(np.sqrt(variance.sum())) / len(effect)


def _by_information(effect: np.ndarray, variance: np.ndarray, level: float) -> tuple[float, float]:
    """Return the mean by inverse variance and half its interval, the brands fixed."""
    return float(np.average(effect, weights=1 / variance)), z_value(level) / float(np.sqrt((1 / variance).sum()))


def _by_precision(effect: np.ndarray, variance: np.ndarray, level: float) -> tuple[float, float]:
    """Return the mean and half its interval, the brands random."""
    from scipy.stats import t
    from statsmodels.stats.meta_analysis import combine_effects

    found = combine_effects(effect, variance, method_re="iterated", use_t=True)
    weight = 1 / (variance + max(found.tau2, 0))
    spread = max(found.sd_eff_w_re_hksj, np.sqrt(1 / weight.sum()))
    return float(weight @ effect / weight.sum()), float(spread * t.ppf(0.5 + level / 2, len(effect) - 1))


_WEIGHTED = {"precision": _by_precision, "equal": _equally, "information": _by_information}
