"""Which forms a brand's weeks speak for (모형의 무게): gates of sharing and forms of buying, weighed over brands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .blocks import fit_buying
from .forms import BEFORE, BUY_FORMS, WIDTHS, BuyForm, Gate, evidence, forecast_score, known_until, weights_of
from .pooling import Gates
from .rates import Prior, RateFit
from .relation import RelationFit
from .weeks import Weeks


@dataclass(frozen=True)
class Known:
    """What a brand's fit builds on: its relationship, the gates to compare, the priors of buying by form."""

    relation: RelationFit
    gates: Gates
    priors: Mapping[BuyForm, Prior]


@dataclass(frozen=True)
class Forms:
    """The forms that compete, a row a form with its evidence and forecast: gates of sharing, forms of buying.

    `opened` (weeks,) : how far the likeliest threshold opens what spreads; `share_noise`, `buy_noise` : dispersions.
    """

    gates: pd.DataFrame
    buying: pd.DataFrame
    opened: np.ndarray
    share_noise: float
    buy_noise: float


def ask_forms(weeks: Weeks, known: Known) -> Forms:
    """Ask one brand's weeks for each form."""
    path = known.relation.paths.mean(axis=0)
    gates, share_noise = _try_gates(weeks, path, known.gates)
    middle = float(gates.set_index("form").loc["threshold", "middle"])
    opened = Gate("threshold", middle, WIDTHS["threshold"]).open(path)
    buying, buy_noise = _try_buying(weeks, opened, known.priors)
    return Forms(gates, buying, opened, share_noise, buy_noise)


def shared_forms(brands: Sequence[Forms]) -> list[Forms]:
    """Weigh the forms. How people buy is a fact about people: all brands' evidence counts, and the weights are one.

    What other brands say of the gates is in their evidence already.
    """
    if not brands:
        return []
    columns = ["evidence", "forecast"]
    told = sum(each.buying[columns] - each.buying[columns].max() for each in brands)
    buying = _weighed(brands[0].buying.assign(**told), np.array([form.before for form in BUY_FORMS]))
    before = [np.array([BEFORE[kind] for kind in each.gates["form"]]) for each in brands]
    return [
        replace(each, gates=_weighed(each.gates, kinds), buying=buying)
        for each, kinds in zip(brands, before, strict=True)
    ]


def _try_gates(weeks: Weeks, path: np.ndarray, shared: Gates) -> tuple[pd.DataFrame, float]:
    """Ask for the gates' kinds by evidence and by how they forecast passings-on; and the dispersion of the best."""
    y, kinds = weeks.shares * weeks.size, shared.kinds
    noise = min(shared.fit(weeks, path, gate).dispersion for gates in kinds.values() for gate in gates)
    rows = []
    for kind, gates in kinds.items():
        scores = shared.scores({gate: shared.fit(weeks, path, gate, dispersion=noise) for gate in gates})
        best = gates[int(np.argmax(scores))]
        ahead = forecast_score(
            y, lambda week, gate=best: shared.fit(weeks, path, gate, y=known_until(y, week), dispersion=noise)
        )
        ahead += shared.others.get(best, 0.0)
        rows.append({"form": kind, "evidence": evidence(scores), "forecast": ahead, "middle": best.middle})
    return pd.DataFrame(rows), noise


def _weighed(forms: pd.DataFrame, prior: np.ndarray) -> pd.DataFrame:
    """Weigh forms by evidence and by forecast; `prior` is their weight before the data.

    The weight is the mean of both: a form that either way of asking keeps is kept.
    """
    both = [weights_of(forms[column] + np.log(prior)) for column in ("evidence", "forecast")]
    return forms.assign(weight=(both[0] + both[1]) / 2)


def _try_buying(weeks: Weeks, opened: np.ndarray, priors: Mapping[BuyForm, Prior]) -> tuple[pd.DataFrame, float]:
    """Ask for the forms of buying by evidence and by how they forecast customers; and the dispersion of the best."""
    y, rows = weeks.new_customers, []

    def fit(form: BuyForm, **options) -> RateFit:
        return fit_buying(weeks, opened, form, prior=priors[form], **options)

    noise = min(fit(form).dispersion for form in BUY_FORMS)
    for form in BUY_FORMS:
        ahead = forecast_score(y, lambda week, form=form: fit(form, y=known_until(y, week), dispersion=noise))
        score = fit(form, dispersion=noise).score
        named = {"works": form.works, "power": form.power, "opened": form.opened}
        rows.append(named | {"evidence": score, "forecast": ahead})
    return pd.DataFrame(rows), noise
