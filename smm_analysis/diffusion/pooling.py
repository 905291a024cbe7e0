"""What brands tell of each other (부분 풀링): priors of buying and gates of sharing, sharpened by the other brands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .blocks import buy_prior, fit_buying, fit_sharing
from .forms import BUY_FORMS, BuyForm, Gate, gates_between
from .rates import Prior, RateFit
from .relation import RelationFit, in_reach
from .weeks import Weeks

_BETWEEN = 0.4  # log standard deviation by which slopes differ between brands
OTHERS_COUNT = 0.5  # how much other brands' evidence on forms counts
_BASE, _DIFFUSION = 0, 3  # pulls that are not shared: a brand's own intercept, and diffusion where trust opens it


def shared_priors(brands: Sequence[Weeks]) -> list[dict[BuyForm, Prior]]:
    """Return each brand's priors by form, with what the other brands say of the slopes (부분 풀링).

    Brands with other channels than the rest keep the plain priors.
    """
    plain = [{form: buy_prior(len(weeks.channels), form) for form in BUY_FORMS} for weeks in brands]
    if len({weeks.channels for weeks in brands}) != 1 or len(brands) < 2:
        return plain
    out: list[dict[BuyForm, Prior]] = [{} for _ in brands]
    for form in BUY_FORMS:
        fits = [fit_buying(weeks, np.ones(weeks.n), replace(form, opened=False)) for weeks in brands]
        start = buy_prior(len(brands[0].channels), replace(form, opened=False))
        kept = [_BASE, _DIFFUSION] if form.opened else [_BASE]
        for i, own in enumerate(plain):
            others = [_likelihood(start, fit) for j, fit in enumerate(fits) if j != i]
            out[i][form] = _sharpened(own[form], others, kept)
    return out


@dataclass(frozen=True)
class Gates:
    """The gates that a brand compares (비교할 문턱), by kind, and what other brands' sharing says of each, in logs."""

    kinds: Mapping[str, Sequence[Gate]]
    others: Mapping[Gate, float]

    def scores(self, fits: Mapping[Gate, RateFit]) -> np.ndarray:
        """Return the gates' scores with what others say, in the order of `fits`."""
        return np.array([fit.score + self.others.get(gate, 0.0) for gate, fit in fits.items()])


def shared_gates(brands: Sequence[tuple[Weeks, RelationFit]]) -> list[Gates]:
    """Return each brand's gates, one grid for all, with what the other brands' passings-on say (부분 풀링).

    Others' evidence counts half: people of another brand need not open up at the same relationship.
    """
    if not brands:
        return []
    paths = [relation.paths.mean(axis=0) for _, relation in brands]
    kinds = gates_between(min(float(p.min()) for p in paths), max(in_reach(relation) for _, relation in brands))
    if len(brands) == 1:
        return [Gates(kinds, {})]
    said = [_said(weeks, path, kinds) for (weeks, _), path in zip(brands, paths, strict=True)]
    everybody = {gate: sum(one[gate] for one in said) for gate in said[0]}
    return [Gates(kinds, {gate: OTHERS_COUNT * (everybody[gate] - one[gate]) for gate in one}) for one in said]


def _said(weeks: Weeks, path: np.ndarray, kinds: Mapping[str, Sequence[Gate]]) -> dict[Gate, float]:
    """Return what one brand's passings-on say of each gate: its score less the best gate's."""
    gates = [gate for some in kinds.values() for gate in some]
    noise = min(fit_sharing(weeks, path, gate).dispersion for gate in gates)
    scores = np.array([fit_sharing(weeks, path, gate, dispersion=noise).score for gate in gates])
    return dict(zip(gates, (scores - scores.max()).tolist(), strict=True))


def _sharpened(prior: Prior, said: Sequence[tuple[np.ndarray, np.ndarray]], kept: list[int]) -> Prior:
    """Combine a prior with what others' likelihoods say of its centre; a brand still differs by `_BETWEEN`."""
    own = np.diag(prior.cov)
    weight = 1 / own + sum(w for _, w in said)
    mean = (prior.mean / own + sum(m * w for m, w in said)) / weight
    variance = np.minimum(1 / weight + _BETWEEN**2, own)
    mean[kept], variance[kept] = prior.mean[kept], own[kept]
    return Prior(mean, prior.cov * np.outer(*[np.sqrt(variance / own)] * 2))


def _likelihood(prior: Prior, fit: RateFit) -> tuple[np.ndarray, np.ndarray]:
    """Return what one fit says beyond its prior: estimate and weight of each slope's centre over brands."""
    j = len(prior.mean)
    posterior, before = 1 / np.diag(fit.cov)[:j], 1 / np.diag(prior.cov)
    told = np.maximum(posterior - before, 1e-6)
    estimate = (fit.theta * posterior - prior.mean * before) / told
    return np.clip(estimate, prior.mean - 4, prior.mean + 4), 1 / (1 / told + _BETWEEN**2)
