"""What brands tell of each other (부분 풀링): priors of buying, of sharing and of loyalty, and the gates of sharing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .blocks import buy_prior, fit_buying, fit_sharing, share_prior
from .forms import BUY_FORMS, BuyForm, Gate, gates_between
from .rates import Prior, RateFit
from .relation import RelationFit, in_reach
from .weeks import Weeks

_BETWEEN_PART = 0.25  # the part of a prior's variance by which brands differ from each other
_BETWEEN = 0.4  # log standard deviation by which pulls of buying differ between brands
_ALL = 0.999  # part of a prior's spread that is a brand's own where others tell nothing
OTHERS_COUNT = 0.5  # how much other brands' evidence on gates counts
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
        start = buy_prior(len(brands[0].channels), replace(form, opened=False))
        told = [_slopes(fit_buying(weeks, np.ones(weeks.n), replace(form, opened=False)), start) for weeks in brands]
        prior = plain[0][form]
        between = _between(prior, (_BASE, _DIFFUSION) if form.opened else (_BASE,))
        for i, each in enumerate(from_each_other(prior, told, asked=start, between=between)):
            out[i][form] = each
    return out


def _between(prior: Prior, own: Sequence[int]) -> np.ndarray:
    """Return the covariance by which brands' pulls differ: `_BETWEEN` each, but nearly all of what is a brand's own."""
    sd = np.sqrt(np.diag(prior.cov))
    part = np.minimum(_BETWEEN / sd, _ALL)
    part[list(own)] = _ALL
    return prior.cov * np.outer(part, part)


def _slopes(fit: RateFit, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Return mode and covariance of the pulls, without what else moves buying."""
    j = len(prior.mean)
    return fit.theta[:j], fit.cov[:j, :j]


@dataclass(frozen=True)
class Gates:
    """The gates that a brand compares (비교할 문턱), by kind; what other brands say of each, and of sharing under it.

    `others` : logs of evidence; `priors` : of the pulls of sharing.
    """

    kinds: Mapping[str, Sequence[Gate]]
    others: Mapping[Gate, float]
    priors: Mapping[Gate, Prior]

    def fit(self, weeks: Weeks, path: np.ndarray, gate: Gate, **options) -> RateFit:
        """Fit the brand's passings-on under a gate, with what other brands say of sharing."""
        return fit_sharing(weeks, path, gate, prior=self.priors[gate], **options)

    def scores(self, fits: Mapping[Gate, RateFit]) -> np.ndarray:
        """Return the gates' scores with what others say, in the order of `fits`."""
        return np.array([fit.score + self.others.get(gate, 0.0) for gate, fit in fits.items()])


def shared_gates(brands: Sequence[tuple[Weeks, RelationFit]]) -> list[Gates]:
    """Return each brand's gates, one grid for all, with what the other brands' passings-on say (부분 풀링).

    People of a brand that is trusted more pass on more of what they see, if there is a gate; without one, all brands'
    pass on about alike. Others' evidence counts half: people of another brand need not open up at the same
    relationship.
    """
    if not brands:
        return []
    paths = [relation.paths.mean(axis=0) for _, relation in brands]
    kinds = gates_between(min(float(p.min()) for p in paths), max(in_reach(relation) for _, relation in brands))
    gates = [gate for some in kinds.values() for gate in some]
    sharing = [_Sharing(weeks, path, gates) for (weeks, _), path in zip(brands, paths, strict=True)]
    said = {gate: _together(sharing, gate) for gate in gates}
    best = max(whole for whole, _, _ in said.values())
    counts = OTHERS_COUNT * (len(brands) > 1)
    return [
        Gates(
            kinds,
            {gate: counts * (whole - best - own[i]) for gate, (whole, own, _) in said.items()},
            {gate: priors[i] for gate, (_, _, priors) in said.items()},
        )
        for i in range(len(brands))
    ]


class _Sharing:
    """One brand's passings-on along its relationship, to be fitted under any gate and prior."""

    def __init__(self, weeks: Weeks, path: np.ndarray, gates: Sequence[Gate]) -> None:
        self.weeks, self.path = weeks, path
        self.noise = min(fit_sharing(weeks, path, gate).dispersion for gate in gates)

    def fit(self, gate: Gate, prior: Prior) -> RateFit:
        return fit_sharing(self.weeks, self.path, gate, prior=prior, dispersion=self.noise)


def _together(brands: Sequence[_Sharing], gate: Gate) -> tuple[float, list[float], list[Prior]]:
    """Return what all brands say of a gate together, what each adds to the others, and each one's prior from others."""
    plain = share_prior(gate)
    told = [(fit.theta, fit.cov) for fit in (brand.fit(gate, plain) for brand in brands)]
    between = _BETWEEN_PART * plain.cov
    earlier = [_from_others(plain, told[:i], plain, between) for i in range(len(told))]
    whole = sum(brand.fit(gate, prior).score for brand, prior in zip(brands, earlier, strict=True))
    priors = from_each_other(plain, told)
    return whole, [brand.fit(gate, prior).score for brand, prior in zip(brands, priors, strict=True)], priors


def from_each_other(
    prior: Prior,
    told: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    asked: Prior | None = None,
    between: np.ndarray | None = None,
) -> list[Prior]:
    """Return each brand's prior once the others were fitted (부분 풀링).

    Parameters
    ----------
    told : modes and covariances.
    asked : the prior that these fits had, if it was another one.
    between : covariance by which brands differ; default: a part of the prior's.
    """
    between = _BETWEEN_PART * prior.cov if between is None else between
    others = [[*told[:i], *told[i + 1 :]] for i in range(len(told))]
    return [_from_others(prior, each, asked or prior, between) for each in others]


def _from_others(
    prior: Prior, others: Sequence[tuple[np.ndarray, np.ndarray]], asked: Prior, between: np.ndarray
) -> Prior:
    """Return a brand's prior once others were fitted: brands are normal about a centre that is normal itself.

    What a fit tells is its posterior less its prior; it tells of the centre with the spread between brands added.
    """
    if not others:
        return prior
    precision = np.linalg.inv(prior.cov - between)
    pulled = precision @ prior.mean
    for mode, cov in others:
        posterior = np.linalg.inv(cov)
        told = posterior - asked.precision
        damped = np.linalg.inv(np.eye(len(told)) + told @ between)
        precision = precision + damped @ told
        pulled = pulled + damped @ (posterior @ mode - asked.precision @ asked.mean)
    cov = np.linalg.inv(precision)
    return Prior(cov @ pulled, (cov + cov.T) / 2 + between)
