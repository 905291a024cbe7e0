"""Trust-coupled diffusion (신뢰 결합 확산): word of mouth that works as far as the relationship was built.

Firms' weeks are explained by a chain of simple regressions: money to exposures, exposures and listening to the
relationship, exposures and relationship to passings-on, all of it to followers and to first purchases (an outside part
plus word of mouth among those not yet reached), and first purchases to loyal customers. Forms that the data cannot
tell apart are averaged; every weight has a weak prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang

from .blocks import (
    before,
    fit_buying,
    fit_following,
    fit_leaving,
    fit_sharing,
    mean_hazard,
)
from .exposure import Exposure, fit_exposure
from .forms import (
    BEFORE,
    BUY_FORMS,
    WIDTHS,
    BuyForm,
    Gate,
    evidence,
    forecast_score,
    gates_between,
    known_until,
    weights_of,
)
from .relation import RelationFit, fit_relation, in_reach, promotion_share
from .repeat import fit_repeat, source_columns
from .weeks import Weeks, remembered, weeks_of

_PATHS = 30  # draws of the relationship's path, for each of which the hazards are fitted anew


@dataclass(frozen=True)
class Draws:
    """Parameter draws of one brand (모수 표본), a row a draw.

    `keep`, `level`, `start` (draws,), `drivers` (draws, 5): the relationship's equation; `gate` (draws, 3): whether it
    opens sharing, middle and width; `share` (draws, 5), `follow`,
    `leave`, `buy` (draws, pulls): weights of the pulls; `moved` (draws, conditions); `power`, `opened` (draws,): the form
    of buying; `ages` (draws, 8), `loyal` (draws, 3), `sources` (draws, 3): who becomes loyal.
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
    ages: np.ndarray
    loyal: np.ndarray
    sources: np.ndarray

    @property
    def n(self) -> int:
        """How many draws."""
        return len(self.keep)


@dataclass(frozen=True)
class BrandFit:
    """One brand's fit (브랜드별 적합): its weeks, what money makes people see, draws, and the weights of the forms."""

    weeks: Weeks
    exposure: Exposure
    draws: Draws
    hazard: float
    centre: float
    dispersion: Mapping[str, float]
    gates: pd.DataFrame = field(repr=False)
    buying: pd.DataFrame = field(repr=False)
    relation_n: int = 0


@dataclass(frozen=True)
class CoupledModel:
    """A fitted trust-coupled diffusion (신뢰 결합 확산 모형); `simulate` runs it, `strategies` compares plans with it.

    `brands` : what was fitted, by brand; `reasons` : why a brand cannot be fitted at all.
    """

    brands: Mapping[str, BrandFit]
    reasons: Mapping[str, Mapping[Lang, str]]
    level: float = 0.90


def fit_coupled(
    panel: pd.DataFrame, *, repeat: pd.DataFrame, level: float = 0.90, draws: int = 500, seed: int = 0
) -> CoupledModel:
    """Fit the trust-coupled diffusion to one brand's weeks, or several brands' (신뢰 결합 확산 적합, S0.3).

    Parameters
    ----------
    panel : from `strategy_panel`, one brand below another.
    repeat : from `repeat_panel`, the same brands.
    level : two-sided level of all intervals, 0..1.
    draws : parameter draws.
    """
    fitted = {}
    for number, (name, weeks) in enumerate(panel.groupby("brand", sort=False)):
        rng = np.random.default_rng([seed, number])
        mine = repeat[repeat["brand"] == name]
        fitted[str(name)] = _fit_brand(weeks_of(weeks), mine, rng=rng, draws=draws)
    return CoupledModel(fitted, {}, level)


def _fit_brand(weeks: Weeks, repeat: pd.DataFrame, *, rng: np.random.Generator, draws: int) -> BrandFit:
    relation = fit_relation(weeks, rng=rng, draws=_PATHS)
    mean_path = relation.paths.mean(axis=0)
    felt = felt_promotion(weeks)
    follow, leave = fit_following(weeks), fit_leaving(weeks, felt)
    loyal = fit_repeat(
        repeat,
        weeks.start,
        path=mean_path,
        participation=weeks.views[:, 3],
        conditions=weeks.conditions,
        sources=source_columns(remembered(weeks.contacts, 1.0).sum(axis=1), remembered(before(weeks.shares), 4.0)),
    )
    reach = in_reach(relation)
    gates, noise = _weigh_gates(weeks, mean_path, reach)
    closed = gates.set_index("form").loc["threshold", "middle"]
    buying, buy_noise = _weigh_buying(weeks, mean_path, Gate("threshold", float(closed), WIDTHS["threshold"]))
    noises = {"share": noise, "follow": follow.dispersion, "leave": leave.dispersion, "buy": buy_noise}
    kinds = _spread_over(dict(zip(gates["form"], gates["weight"], strict=True)), _PATHS, rng)
    forms = _spread_over(buying["weight"].to_dict(), _PATHS, rng)
    chunks = np.array_split(np.arange(draws), _PATHS)
    parts = [
        _draws_at(weeks, (relation.paths[i], reach), len(chunk), kinds[i], BUY_FORMS[forms[i]], noises, rng)
        for i, chunk in enumerate(chunks)
    ]
    order = np.repeat(np.arange(_PATHS), [len(chunk) for chunk in chunks])
    columns = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    ages, effects, sources = loyal.draw(rng, draws)
    made = Draws(
        keep=relation.keep[order],
        level=relation.level[order],
        start=relation.start[order],
        drivers=relation.weights[order],
        follow=np.exp(follow.draw(rng, draws)[0]),
        leave=np.exp(leave.draw(rng, draws)[0]),
        ages=ages,
        loyal=effects,
        sources=sources,
        **columns,
    )
    exposure = fit_exposure(weeks)
    return BrandFit(weeks, exposure, made, mean_hazard(weeks), loyal.centre, noises, gates, buying, relation.n)


def felt_promotion(weeks: Weeks) -> np.ndarray:
    """Return the share of promotion that people lately saw, over the record (체감 판촉 비중), (weeks,)."""
    felt, out = 0.0, []
    for views in weeks.views:
        felt = float(promotion_share(views, felt))
        out.append(felt)
    return np.array(out)


def _weigh_gates(weeks: Weeks, path: np.ndarray, reach: float) -> tuple[pd.DataFrame, float]:
    """Weigh the gates' kinds by evidence and by how they forecast passings-on; and the dispersion of the best.

    The weight is the mean of both: a form that either way of asking keeps is kept.
    """
    y, kinds = weeks.shares * weeks.size, gates_between(float(path.min()), reach)
    noise = min(fit_sharing(weeks, path, gate).dispersion for gates in kinds.values() for gate in gates)
    rows = []
    for kind, gates in kinds.items():
        scores = [fit_sharing(weeks, path, gate, dispersion=noise).score for gate in gates]
        best = gates[int(np.argmax(scores))]
        ahead = forecast_score(
            y, lambda week, gate=best: fit_sharing(weeks, path, gate, y=known_until(y, week), dispersion=noise)
        )
        rows.append({"form": kind, "evidence": evidence(scores), "forecast": ahead, "middle": best.middle})
    return _weighed(pd.DataFrame(rows), np.array([BEFORE[kind] for kind in kinds])), noise


def _weighed(forms: pd.DataFrame, prior: np.ndarray | float = 1.0) -> pd.DataFrame:
    """Weigh forms by evidence and by forecast, half and half; `prior` is their weight before the data."""
    both = [weights_of(forms[column] + np.log(prior)) for column in ("evidence", "forecast")]
    return forms.assign(weight=(both[0] + both[1]) / 2)


def _weigh_buying(weeks: Weeks, path: np.ndarray, gate: Gate) -> tuple[pd.DataFrame, float]:
    """Weigh the forms of buying by evidence and by how they forecast new customers; and the dispersion of the best."""
    opened, y = gate.open(path), weeks.new_customers
    noise = min(fit_buying(weeks, opened, form).dispersion for form in BUY_FORMS)
    rows = []
    for form in BUY_FORMS:
        ahead = forecast_score(
            y, lambda week, form=form: fit_buying(weeks, opened, form, y=known_until(y, week), dispersion=noise)
        )
        score = fit_buying(weeks, opened, form, dispersion=noise).score
        rows.append({"power": form.power, "opened": form.opened, "evidence": score, "forecast": ahead})
    return _weighed(pd.DataFrame(rows)), noise


def _spread_over(weights: Mapping, n: int, rng: np.random.Generator) -> list:
    """Draw `n` names by weight, each as often as its weight says but for the remainder, in random order."""
    at = (np.arange(n) + rng.random()) / n
    names, upto = list(weights), np.cumsum(list(weights.values()))
    return [names[i] for i in rng.permutation(np.searchsorted(upto / upto[-1], at))]


def _draws_at(
    weeks: Weeks,
    felt: tuple[np.ndarray, float],
    n: int,
    kind: str,
    form: BuyForm,
    noises: Mapping[str, float],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Fit sharing and buying along one path of the relationship, and draw `n` times."""
    path, reach = felt
    gates = gates_between(float(path.min()), reach)[kind]
    fits = [fit_sharing(weeks, path, gate, dispersion=noises["share"]) for gate in gates]
    at = rng.choice(len(gates), p=weights_of(np.array([fit.score for fit in fits])))
    opened = gates[at].open(path)
    theta, gamma = fit_buying(weeks, opened, form, dispersion=noises["buy"]).draw(rng, n)
    opens = kind != "none"
    return {
        "gate": np.tile([opens, gates[at].middle, gates[at].width], (n, 1)),
        "share": np.exp(fits[at].draw(rng, n)[0]),
        "buy": np.exp(theta),
        "moved": gamma,
        "power": np.full(n, form.power),
        "opened": np.full(n, form.opened and opens),
    }
