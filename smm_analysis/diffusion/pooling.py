"""What brands tell of each other (부분 풀링): each brand's priors of buying, sharpened by the other brands' fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .blocks import buy_prior, fit_buying
from .forms import BuyForm
from .rates import Prior, RateFit
from .weeks import Weeks

POWERS = (1.0, 2.0)
_BETWEEN = 0.4  # log standard deviation by which slopes differ between brands


def shared_priors(brands: Sequence[Weeks]) -> list[dict[float, Prior]]:
    """Return each brand's priors by power, with what the other brands say of the slopes (부분 풀링).

    A brand keeps its own intercept: the base hazard is not shared. Brands with other channels keep the plain priors.
    """
    plain = [{power: buy_prior(len(weeks.channels), power) for power in POWERS} for weeks in brands]
    if len({weeks.channels for weeks in brands}) != 1 or len(brands) < 2:
        return plain
    out: list[dict[float, Prior]] = [{} for _ in brands]
    for power in POWERS:
        fits = [fit_buying(weeks, np.ones(weeks.n), BuyForm(power, opened=False)) for weeks in brands]
        for i, own in enumerate(plain):
            out[i][power] = _sharpened(own[power], [fit for j, fit in enumerate(fits) if j != i])
    return out


def _sharpened(prior: Prior, others: Sequence[RateFit]) -> Prior:
    """Combine a prior with what others' likelihoods say of its centre; a brand still differs by `_BETWEEN`."""
    said = [_likelihood(prior, fit) for fit in others]
    weight = 1 / np.diag(prior.cov) + sum(w for _, w in said)
    mean = (prior.mean / np.diag(prior.cov) + sum(m * w for m, w in said)) / weight
    variance = np.minimum(1 / weight + _BETWEEN**2, np.diag(prior.cov))
    mean[0], variance[0] = prior.mean[0], prior.cov[0, 0]
    scale = np.sqrt(variance / np.diag(prior.cov))
    return Prior(mean, prior.cov * np.outer(scale, scale))


def _likelihood(prior: Prior, fit: RateFit) -> tuple[np.ndarray, np.ndarray]:
    """Return what one fit says beyond its prior: estimate and weight of each slope's centre over brands."""
    j = len(prior.mean)
    posterior, before = 1 / np.diag(fit.cov)[:j], 1 / np.diag(prior.cov)
    told = np.maximum(posterior - before, 1e-6)
    estimate = (fit.theta * posterior - prior.mean * before) / told
    return np.clip(estimate, prior.mean - 4, prior.mean + 4), 1 / (1 / told + _BETWEEN**2)



