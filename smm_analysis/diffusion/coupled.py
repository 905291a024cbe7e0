"""Trust-coupled diffusion (신뢰 결합 확산): word of mouth that works as far as the relationship was built.

Firms' weeks are explained by a chain of simple regressions: money to exposures, exposures and listening to the
relationship, exposures and relationship to passings-on, all of it to followers and to first purchases (an outside part
plus word of mouth among those not yet reached), and first purchases to further ones, to customers who are gone and come
back, and to loyal customers. Forms that the data cannot tell apart are averaged; every weight has a weak prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang

from .blocks import (
    EARNED_HALF_LIFE,
    OWNED_HALF_LIFE,
    PAID_HALF_LIFE,
    before,
    fit_buying,
    fit_following,
    fit_leaving,
    mean_hazard,
)
from .exposure import Exposure, fit_exposure
from .forms import BUY_FORMS, Gate, weights_of
from .pooling import Gates, from_each_other, shared_gates, shared_priors
from .rates import Prior, RateFit
from .relation import RelationFit, felt_promotion, fit_relation
from .repeat import AGAIN_PRIOR, RepeatFit, again_pulls, fit_repeat, source_columns
from .weeks import Weeks, remembered, unusable, weeks_of
from .weighing import Forms, Known, ask_forms, shared_forms

_FORMS = 2**31  # seeds the draws of forms, apart from any brand's number
_PATHS = 30  # draws of the relationship's path, for each of which the hazards are fitted anew


@dataclass(frozen=True)
class Draws:
    """Parameter draws of one brand (모수 표본), a row a draw.

    `keep`, `level`, `start` (draws,), `drivers` (draws, 5): the relationship's equation; `gate` (draws, 3): whether it
    opens sharing, middle and width; `share` (draws, 5), `follow`, `leave`, `buy` (draws, pulls): weights of the pulls;
    `moved` (draws, conditions); `power`, `opened` (draws,): the form of buying; `again` (draws, pulls), `moved_again`
    (draws, 3 + conditions), `sources` (draws, 3): who buys again.
    """

    keep: np.ndarray
    level: np.ndarray
    start: np.ndarray
    drivers: np.ndarray
    gate: np.ndarray
    share: np.ndarray
    follow: np.ndarray
    leave: np.ndarray
    buy: np.ndarray
    moved: np.ndarray
    power: np.ndarray
    opened: np.ndarray
    again: np.ndarray
    moved_again: np.ndarray
    sources: np.ndarray

    @property
    def n(self) -> int:
        """How many draws."""
        return len(self.keep)


@dataclass(frozen=True)
class BrandFit:
    """One brand's fit (브랜드별 적합).

    `weeks` : its record; `exposure` : what money makes people see; `hazard` : mean hazard of a first purchase, the
    unit of the weights of buying; `centre` : mean relationship; `waiting` (kinds, weeks since the last purchase) : who
    was not loyal at the end; `dispersion` : by hazard; `gates`, `buying` : the
    forms with their evidence, forecast score and weight; `expected` : new customers as the best form has them;
    `relation_n` : answers and mentions behind the relationship; `repeat_n` : customers who were seen to buy.
    """

    weeks: Weeks
    exposure: Exposure
    draws: Draws
    hazard: float
    centre: float
    waiting: np.ndarray = field(repr=False)
    dispersion: Mapping[str, float]
    gates: pd.DataFrame = field(repr=False)
    buying: pd.DataFrame = field(repr=False)
    expected: np.ndarray = field(repr=False)
    relation_n: int
    repeat_n: int


@dataclass(frozen=True)
class CoupledModel:
    """A fitted trust-coupled diffusion (신뢰 결합 확산 모형), what strategies are compared with.

    `brands` : what was fitted, by brand; `reasons` : why a brand cannot be fitted at all; `level` of all intervals.
    """

    brands: Mapping[str, BrandFit]
    reasons: Mapping[str, Mapping[Lang, str]]
    level: float


def fit_coupled(
    panel: pd.DataFrame, *, repeat: pd.DataFrame, level: float = 0.90, draws: int = 500, seed: int = 0
) -> CoupledModel:
    """Fit the trust-coupled diffusion to one brand's weeks, or several brands' (신뢰 결합 확산 적합, S0.3).

    Hazards add up as in Bass (1969, Management Science 15(5)): an outside part and word of mouth among those not yet
    reached, here with weights on what was really seen and passed on. Of several brands, each is fitted with priors that
    the others have sharpened (partial pooling): slopes differ between brands by a factor of 1.5 or so. Which form
    holds is weighed over all brands and drawn alike for all, so that it does not average out.

    Parameters
    ----------
    panel : from `strategy_panel`, one brand below another.
    repeat : from `repeat_panel`, the same brands.
    level : two-sided level of all intervals, 0..1.
    draws : parameter draws, at least 60.

    Returns
    -------
    CoupledModel
        A brand with too few weeks, with weeks missing or without customers is in `reasons`.

    Raises
    ------
    ValueError
        If the panel has no weeks at all.
    """
    if panel.empty:
        raise ValueError("the panel has no weeks: give that of strategy_panel, with a row a week")
    parts = {str(name): weeks for name, weeks in panel.groupby("brand", sort=False)}
    reasons = {name: why for name, weeks in parts.items() if (why := unusable(weeks))}
    usable = {name: weeks_of(weeks) for name, weeks in parts.items() if name not in reasons}
    rngs = [np.random.default_rng([seed, number]) for number in range(len(usable))]
    felt = [fit_relation(w, rng=rng, draws=_PATHS) for w, rng in zip(usable.values(), rngs, strict=True)]
    gates = shared_gates([*zip(usable.values(), felt, strict=True)])
    priors = shared_priors([*usable.values()])
    known = [Known(*parts) for parts in zip(felt, gates, priors, strict=True)]
    forms = shared_forms([ask_forms(weeks, each) for weeks, each in zip(usable.values(), known, strict=True)])
    fitted = {}
    again = _again_of_all([*usable.values()], [repeat[repeat["brand"] == name] for name in usable], felt)
    for i, (name, weeks) in enumerate(usable.items()):
        rng = rngs[i], np.random.default_rng([seed, _FORMS])
        fitted[name] = _fit_brand(weeks, again[i], known[i], forms[i], rng=rng, draws=draws)
    return CoupledModel(fitted, reasons, level)


def _fit_brand(
    weeks: Weeks,
    again_fit: RepeatFit,
    known: Known,
    forms: Forms,
    *,
    rng: tuple[np.random.Generator, np.random.Generator],
    draws: int,
) -> BrandFit:
    """Fit one brand; `rng` of its own, and of the forms, which is every brand's alike."""
    path, priors = known.relation.paths.mean(axis=0), known.priors
    follow, leave = fit_following(weeks), fit_leaving(weeks, felt_promotion(weeks))
    best = BUY_FORMS[int(forms.buying["weight"].argmax())]
    noises = {
        "share": forms.share_noise,
        "follow": follow.dispersion,
        "leave": leave.dispersion,
        "buy": forms.buy_noise,
    }
    hazards = _draw_hazards(weeks, known, forms, rng=rng, draws=draws)
    again, moved_again, sources = again_fit.draw(rng[0], draws)
    made = Draws(
        follow=np.exp(follow.draw(rng[0], draws)[0]),
        leave=np.exp(leave.draw(rng[0], draws)[0]),
        again=again,
        moved_again=moved_again,
        sources=sources,
        **hazards,
    )
    return BrandFit(
        weeks=weeks,
        exposure=fit_exposure(weeks),
        draws=made,
        hazard=mean_hazard(weeks),
        centre=float(path.mean()),
        waiting=again_fit.waiting,
        dispersion=noises,
        gates=forms.gates,
        buying=forms.buying,
        expected=fit_buying(weeks, forms.opened, best, prior=priors[best], dispersion=forms.buy_noise).mean,
        relation_n=known.relation.n,
        repeat_n=again_fit.n,
    )


def _again_of_all(
    brands: Sequence[Weeks], repeats: Sequence[pd.DataFrame], felt: Sequence[RelationFit]
) -> list[RepeatFit]:
    """Fit who buys again, brand by brand, and once more with what the other brands say of it."""
    parts = [*zip(brands, repeats, felt, strict=True)]
    alone = [_fit_again(*part, AGAIN_PRIOR) for part in parts]
    if len(alone) < 2:
        return alone
    priors = from_each_other(AGAIN_PRIOR, [fit.told for fit in alone])
    return [_fit_again(*part, prior) for part, prior in zip(parts, priors, strict=True)]


def _fit_again(weeks: Weeks, repeat: pd.DataFrame, felt: RelationFit, prior: Prior) -> RepeatFit:
    paid = remembered(weeks.contacts, PAID_HALF_LIFE).sum(axis=1)
    earned = remembered(before(weeks.shares), EARNED_HALF_LIFE)
    return fit_repeat(
        repeat,
        weeks.start,
        pulls=again_pulls(remembered(weeks.views[:, 3], OWNED_HALF_LIFE), paid),
        path=felt.paths.mean(axis=0),
        conditions=weeks.conditions,
        sources=source_columns(paid, earned),
        prior=prior,
    )


def _spread_over(weights: Mapping, n: int, rng: np.random.Generator) -> list:
    """Draw `n` names by weight, each as often as its weight says but for the remainder, in random order."""
    at = (np.arange(n) + rng.random()) / n
    names, upto = list(weights), np.cumsum(list(weights.values()))
    return [names[i] for i in rng.permutation(np.searchsorted(upto / upto[-1], at))]


def _draw_hazards(
    weeks: Weeks,
    known: Known,
    forms: Forms,
    *,
    rng: tuple[np.random.Generator, np.random.Generator],
    draws: int,
) -> dict[str, np.ndarray]:
    """Draw the relationship, and sharing and buying fitted anew along each of its paths.

    The forms are drawn alike for all brands: whether the relationship opens sharing, or anything works at all, does not
    average out over brands.
    """
    relation, (rng, common) = known.relation, rng
    kinds = _spread_over(forms.gates.set_index("form")["weight"].to_dict(), _PATHS, common)
    chosen = _spread_over(forms.buying["weight"].to_dict(), _PATHS, common)
    sizes = [len(part) for part in np.array_split(np.arange(draws), _PATHS)]
    parts = []
    for i, n in enumerate(sizes):
        path, form = relation.paths[i], BUY_FORMS[chosen[i]]
        gate, sharing = _draw_gate(weeks, path, known.gates, kinds[i], forms.share_noise, rng)
        bought = fit_buying(weeks, gate.open(path), form, prior=known.priors[form], dispersion=forms.buy_noise)
        theta, gamma = bought.draw(rng, n)
        theta[:, 1:] = theta[:, 1:] if form.works else -np.inf
        opens = gate.kind != "none"
        parts.append(
            {
                "gate": np.tile([opens, gate.middle, gate.width], (n, 1)),
                "share": np.exp(sharing.draw(rng, n)[0]),
                "buy": np.exp(theta),
                "moved": gamma,
                "power": np.full(n, form.power),
                "opened": np.full(n, form.opened and opens),
            }
        )
    out = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    felt = {"keep": relation.keep, "level": relation.level, "start": relation.start, "drivers": relation.weights}
    return out | {name: np.repeat(values, sizes, axis=0) for name, values in felt.items()}


def _draw_gate(
    weeks: Weeks, path: np.ndarray, shared: Gates, kind: str, noise: float, rng: np.random.Generator
) -> tuple[Gate, RateFit]:
    """Draw one gate of a kind by how well it fits along a path."""
    fits = {gate: shared.fit(weeks, path, gate, dispersion=noise) for gate in shared.kinds[kind]}
    at = rng.choice(len(fits), p=weights_of(shared.scores(fits)))
    return [*fits.items()][at]
