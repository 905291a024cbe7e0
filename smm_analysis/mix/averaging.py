"""Averaging over saturation families (모형 평균): none of them is the truth, and which one is taken moves the answer.

Each family is weighed by its penalised profile likelihood, the priors counting as observations; its uncertainty is
drawn around its mode (delta method) and mended by importance weights. The pooled draws hold both the uncertainty within
a family and that between them (Buckland, Burnham & Augustin 1997, Biometrics 53(2)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .regression import FamilyFit, Regression, Shapes, draw_effects, non_negative
from .saturation import find_family

_TAIL = 6.0  # degrees of freedom of the proposal: heavier tails than the posterior's
_FEWEST_POSSIBLE = 0.01  # with fewer draws that leave a base the data contradict it, and all are kept
_FEWEST = 0.01  # a family of less weight is left out of the pool


@dataclass(frozen=True)
class Pool:
    """Draws of one family (함수족별 표본): shapes and `effects`, draws x channels, in scaled outcome."""

    family: str
    shapes: Shapes
    effects: np.ndarray


@dataclass(frozen=True)
class Average:
    """Pooled draws (모형 평균): `weights` by family; `no_effect` is the probability of none per channel."""

    pools: tuple[Pool, ...]
    weights: dict[str, float]
    no_effect: np.ndarray
    best: FamilyFit
    best_mode: np.ndarray


def average_families(
    regression: Regression, families: tuple[str, ...], *, draws: int, rng: np.random.Generator
) -> Average:
    """Fit each family, weigh it, and pool `draws` draws of equal weight (모형 평균)."""
    fits = [FamilyFit(regression, find_family(name)) for name in families]
    modes = [fit.mode() for fit in fits]
    weights = _weights(np.array([fit.fit_quality(mode[None])[0][0] for fit, mode in zip(fits, modes, strict=True)]))
    kept = [i for i in np.argsort(-weights) if weights[i] >= _FEWEST]
    shares = weights[kept] / weights[kept].sum()
    drawn = [
        _draw(fits[i], modes[i], max(round(draws * share), 1), draws, rng)
        for i, share in zip(kept, shares, strict=True)
    ]
    no_effect = sum(share * none for share, (_, none) in zip(shares, drawn, strict=True))
    named = dict(zip(families, weights.tolist(), strict=True))
    return Average(tuple(pool for pool, _ in drawn), named, no_effect, fits[kept[0]], modes[kept[0]])


def _weights(log_likelihood: np.ndarray) -> np.ndarray:
    weights = np.exp(log_likelihood - log_likelihood.max())
    return weights / weights.sum()


def _draw(
    fit: FamilyFit, mode: np.ndarray, keep: int, proposals: int, rng: np.random.Generator
) -> tuple[Pool, np.ndarray]:
    """Draw shapes around the mode, resample them by importance, and effects given the shapes."""
    theta, log_proposal = _propose(mode, fit.spread_at(mode), proposals, rng)
    shapes = fit.shapes(theta)
    columns = fit.columns(shapes)
    gram, moment = fit.regression.normal(columns)
    loss = fit.regression.loss(gram, moment, non_negative(gram, moment))
    posterior = -0.5 * fit.regression.dof * np.log(loss) - 0.5 * (theta**2).sum(1) - 0.5 * np.linalg.slogdet(gram)[1]
    chosen = _resample(posterior - log_proposal, keep, rng)
    noise = loss[chosen] / rng.chisquare(fit.regression.dof, keep)
    effects, none = draw_effects(gram[chosen], moment[chosen], noise, rng)
    if fit.regression.base is not None:
        kept = _possible(fit.regression.bases(columns[chosen], effects), rng)
        chosen, effects = chosen[kept], effects[kept]
    picked = Shapes(shapes.carry[chosen], shapes.half[chosen], shapes.slope[chosen])
    return Pool(fit.family.name, picked, effects), none.mean(axis=0)


def _possible(bases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which draws to keep, as many as there are: without media no week wins fewer than nobody."""
    good = np.flatnonzero(bases.min(axis=1) >= 0)
    if len(good) < _FEWEST_POSSIBLE * len(bases):
        return np.arange(len(bases))
    return np.r_[good, rng.choice(good, len(bases) - len(good))]


def _propose(
    mode: np.ndarray, spread: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw from a multivariate t around the mode; also its log density up to a constant."""
    p = len(mode)
    z = rng.normal(size=(draws, p)) / np.sqrt(rng.chisquare(_TAIL, (draws, 1)) / _TAIL)
    return mode + z @ spread.T, -0.5 * (_TAIL + p) * np.log1p((z**2).sum(1) / _TAIL)


def _resample(log_weights: np.ndarray, keep: int, rng: np.random.Generator) -> np.ndarray:
    """Return which draws to keep: systematic resampling by weights cut off at root-n of their mean (Ionides 2008)."""
    weights = np.exp(log_weights - log_weights.max())
    weights = np.minimum(weights, weights.mean() * np.sqrt(len(weights)))
    steps = (rng.uniform() + np.arange(keep)) / keep
    return np.minimum(np.searchsorted(np.cumsum(weights / weights.sum()), steps), len(weights) - 1)
