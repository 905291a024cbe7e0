"""What brands tell of each other (부분 풀링): each brand's priors of buying, sharpened by the other brands' fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .blocks import buy_prior, fit_buying
from .forms import BUY_FORMS, BuyForm
from .rates import Prior, RateFit
from .weeks import Weeks

_BETWEEN = 0.4  # log standard deviation by which slopes differ between brands
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
