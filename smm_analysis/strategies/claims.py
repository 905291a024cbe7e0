"""The claims about strategies, each in its own estimand (전략에 관한 주장): S0.3, S0.4, S1.6, S4.2.

Of several brands the mean over those that can tell is taken, draw by draw: what a brand's weeks leave open of it, and
its own part of the form's error, average out over brands; what all share does not. How far brands differ, and what a
new one may expect, is `diffusion.between_brands`' to say. What plans bring is asked on average over luck: the noise of
counting is not in it, but for S1.6, where it is as large as the effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from smm_analysis.diffusion import paths
from smm_analysis.diffusion.coupled import BrandFit, CoupledModel
from smm_analysis.diffusion.panel import SEEN
from smm_analysis.estimate import Estimate, of_draws, unknown
from smm_analysis.terms import Lang, reason

from .comparison import compare_strategies, one_brand

PAIRS: Mapping[str, tuple[str, str]] = {
    "S0.4": ("basic_then_diffusion", "diffusion_only"),
    "S1.6": ("participation_after", "participation_first"),
    "S4.2": ("steady", "burst"),
}
_NEEDED = {  # what a claim is about must have been done, and not the same in every week
    "S0.3": ("diffusion",),
    "S0.4": ("listen", "diffusion"),
    "S1.6": ("participation", "diffusion"),
    "S4.2": (),
}
_OF_RELATIONSHIP = ("S0.3", "S0.4")
_MILLION = 1e6
_MOVED = 0.01  # part of an activity's views that its money must account for


@dataclass(frozen=True)
class _Form:
    """What the model's form does to an effect (모형의 오차): on its log, it falls short and spreads.

    Weak priors draw effects in, noisy answers draw the relationship's swing in, and exposures add up to a purchase more
    steeply than weeks can tell, so that an effect is larger than estimated more often than smaller. Of its spread part
    is `shared` by all brands and part each brand's `own`, of which many brands leave no more than its mean,
    exp(own^2 / 2). `luck` is a brand's own too: variance in loyal customers for each by whom the two plans lie from
    today's. S1.6 needs it, since whom a plan brings back is few people and its effect small beside what else the two
    plans do. All by how far estimates lay from the truth on development seeds (0 to 11 and 1000 to 1049) of
    benchmarks/strategies_claims.py, one brand and six.
    """

    falls_short: float
    shared: float
    own: float = 0.0
    luck: float = 0.0


_FORM = {
    "S0.3": _Form(0.8, 0.2, own=0.7),
    "S0.4": _Form(0.15, 0.15, own=0.25),
    "S1.6": _Form(0.15, 0.2, luck=4.0),
    "S4.2": _Form(0.15, 0.15, own=0.15),
}


def diffusion_by_relationship(
    model: CoupledModel, *, brand: str | None = None, rng: np.random.Generator | int = 0
) -> Estimate:
    """New customers for a million more of diffusion money, relationship P75 minus P25 (기본과 확산, S0.3).

    The median of its draws: the form's error is so wide that of one brand their mean lies a third above it.

    On the natural scale: in the middle quarter of the record the money on diffusion is doubled, once with the
    relationship, where it opens what spreads, moved to the 75th, once to the 25th percentile of its weeks. Customers
    are those of the whole record, a million is of the currency. Of several brands it is the mean over those that can
    tell, two at least; `left_out` names the others.

    Returns
    -------
    Estimate
        With a reason where the brand asked about, or all but one of several, never spent on diffusion or always the
        same, where that money does not move what people see, or nothing is known of how people felt.
    """
    return _answer(model, "S0.3", brand, lambda fit, _: _gap(fit), np.random.default_rng(rng), centre="median")


def _answer(
    model: CoupledModel,
    claim: str,
    brand: str | None,
    gap: Callable[[BrandFit, np.random.Generator], np.ndarray],
    rng: np.random.Generator,
    centre: str = "mean",
) -> Estimate:
    """Return the effect over the brands that answer, of draws of each one's gap; or why there is no answer."""
    fits, why = _asked(model, claim, brand)
    if why:
        meant = [fit for name, fit in model.brands.items() if brand in (None, name)]
        return unknown(model.level, sum(fit.weeks.n for fit in meant), why)
    draws = _over_brands([gap(fit, rng) for fit in fits], _FORM[claim], rng)
    return of_draws(draws, model.level, sum(fit.weeks.n for fit in fits), centre=centre)


def left_out(model: CoupledModel, claim: str) -> dict[str, Mapping[Lang, str]]:
    """Return the brands whose weeks cannot tell of a claim, and why (답할 수 없는 브랜드).

    Raises
    ------
    ValueError
        If the claim is none of S0.3, S0.4, S1.6 and S4.2.
    """
    if claim not in _NEEDED:
        raise ValueError(f"{claim!r} is no claim about strategies; those are {', '.join(_NEEDED)}")
    return dict(model.reasons) | {name: why for name, fit in model.brands.items() if (why := _why_not(fit, claim))}


def _asked(model: CoupledModel, claim: str, brand: str | None) -> tuple[list[BrandFit], Mapping[Lang, str]]:
    """Return the fits that answer a claim, of the brand meant or of all that can, or why there is no answer."""
    lacking = left_out(model, claim)
    if brand is not None:
        return ([], lacking[brand]) if brand in lacking else ([one_brand(model, brand)], {})
    fits = [fit for name, fit in model.brands.items() if name not in lacking]
    if not fits:
        return [], next(iter(lacking.values()))
    if len(fits) == 1 and lacking:
        return [], reason("few_brands_told", told=1, brands=1 + len(lacking))
    return fits, {}


def _why_not(fit: BrandFit, claim: str) -> Mapping[Lang, str]:
    """Return why a brand's weeks cannot tell of a claim; empty if they can."""
    for activity in _NEEDED[claim]:
        spent = fit.weeks.line(activity)
        if not spent.any():
            return reason("no_activity_effort", brand=fit.weeks.brand, activity=activity)
        if np.ptp(spent) < 1e-6 * spent.max():
            return reason("constant_activity", brand=fit.weeks.brand, activity=activity)
        if activity in SEEN and not _moves_views(fit, activity):
            return reason("money_moves_no_views", brand=fit.weeks.brand, activity=activity)
    if claim in PAIRS and not fit.repeat_n:
        return reason("no_purchases")
    if claim in _OF_RELATIONSHIP and not fit.relation_n:
        return reason("no_relationship", brand=fit.weeks.brand)
    return {}


def _moves_views(fit: BrandFit, activity: str) -> bool:
    """Whether an activity's money moves what people see of it: the model knows no other way in which it could work."""
    i, follow = SEEN.index(activity), fit.weeks.follow
    slope = fit.exposure.fans[i] * follow + fit.exposure.others[i] * (1 - follow)
    return (fit.weeks.line(activity) * slope).sum() > _MOVED * fit.weeks.views[:, i].sum() > 0


def _gap(fit: BrandFit) -> np.ndarray:
    """Draws of one brand's effect: (doubled minus as it was) at the high, minus the same at the low relationship."""
    weeks, money = fit.weeks, np.repeat(fit.weeks.money[None], 5, axis=0)
    inside = (np.arange(weeks.n) >= weeks.n * 3 // 8) & (np.arange(weeks.n) < weeks.n * 5 // 8)
    line = weeks.lines.index("diffusion")
    money[np.ix_([2, 4], np.flatnonzero(inside), [line])] *= 2
    added = weeks.money[inside, line].sum() * weeks.unit / _MILLION
    as_is = _new_customers(fit, money[:1], 0.0).relation[:, 0]
    low, middle, high = np.quantile(as_is[weeks.n // 8 :], [0.25, 0.5, 0.75], axis=0)
    steps = np.stack([np.zeros_like(low), high - middle, high - middle, low - middle, low - middle])
    run = _new_customers(fit, money, inside[:, None, None] * steps)
    total = run.new_customers.sum(axis=0) * weeks.size
    return ((total[2] - total[1]) - (total[4] - total[3])) / max(added, 1e-9)


def _new_customers(fit: BrandFit, money: np.ndarray, offset: np.ndarray | float) -> paths.Paths:
    weeks, start = fit.weeks, paths.at_launch(fit)
    moved = {"conditions": weeks.conditions, "crisis": weeks.crisis}
    return paths.run(fit, money, start, like_record=True, trust_offset=offset, **moved)


def _over_brands(gaps: list[np.ndarray], form: _Form, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the mean over brands with the form's error: of it, each brand's own part averages out."""
    own = np.exp(form.own * rng.standard_normal((len(gaps), len(gaps[0]))))
    shared = np.exp(form.falls_short + form.shared * rng.standard_normal(len(gaps[0])))
    return (np.array(gaps) * own).mean(axis=0) * shared


def plan_difference(
    model: CoupledModel,
    claim: str,
    *,
    brand: str | None = None,
    relative: bool = False,
    rng: np.random.Generator | int = 0,
    **options: object,
) -> Estimate:
    """Loyal customers under one plan minus another, equal money, from the launch on (계획 간 충성 고객 차이).

    Parameters
    ----------
    claim : S0.4 (basic then diffusion minus diffusion only), S1.6 (participation after minus first), S4.2 (steady minus
        burst).
    relative : in percent of the loyal customers under today's plan, so that a delta need not know the market's size.
    options : budget, horizon, start and lines, as in `compare_strategies`.

    Returns
    -------
    Estimate
        Of several brands the mean over those that can tell, two at least; `left_out` names the others. With a reason
        where the brand asked about, or all but one of several, could not be fitted, never did what the claim is about
        or the same in every week, if its money moves nothing that people see, no purchases are known, or (S0.4)
        nothing is known of how people felt.
    """
    if claim not in PAIRS:
        raise ValueError(f"claim {claim!r} is not one of plans; those are {', '.join(PAIRS)}")

    def gap(fit: BrandFit, rng: np.random.Generator) -> np.ndarray:
        return _plan_gap(model, fit.weeks.brand, claim, relative, rng, options)

    return _answer(model, claim, brand, gap, np.random.default_rng(rng))


def _plan_gap(
    model: CoupledModel, brand: str, claim: str, relative: bool, rng: np.random.Generator, options: Mapping
) -> np.ndarray:
    """Draws of one brand's difference between two plans, in loyal customers, with the luck that is its own."""
    compared = compare_strategies(model, PAIRS[claim], brand=brand, rng=rng, noise="none", **options)
    today, one, other = compared.loyal
    spread = np.sqrt(_FORM[claim].luck * np.hypot(one - today, other - today))
    unit = 100 / max(float(today.mean()), 1.0) if relative else 1.0
    return (one - other + spread * rng.standard_normal(len(spread))) * unit
