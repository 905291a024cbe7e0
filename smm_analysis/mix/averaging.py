"""Averaging over saturation families (모형 평균): none of them is the truth, and which one is taken moves the answer.

Each family's uncertainty is drawn around its mode (delta method) and mended by importance weights, whose mean is the
family's evidence: its likelihood averaged over all shapes that its priors allow, so that a family of more shapes pays
for them (Kass & Raftery 1995, JASA 90(430)). Families are weighed by it, and the pooled draws hold both the uncertainty
within a family and that between them (Buckland, Burnham & Augustin 1997, Biometrics 53(2)). Two or three years of weeks
seldom tell the families apart: their evidence mostly lies within a factor of 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .regression import FamilyFit, Posterior, Regression, Shapes, draw_effects, none_at_all
from .saturation import find_family

_TAIL = 6.0  # degrees of freedom of the proposal: heavier tails than the posterior's
_FEWEST_POSSIBLE = 0.01  # with fewer draws that leave a base the data contradict it, and all are kept
_LOG_2PI = np.log(2 * np.pi)
_FEWEST = 0.01  # a family of less weight is left out of the pool


@dataclass(frozen=True)
class Pool:
    """Draws of one family (함수족별 표본): shapes and `effects`, draws x channels, in scaled outcome."""

    family: str
    shapes: Shapes
    effects: np.ndarray


@dataclass(frozen=True)
class Average:
    """Pooled draws (모형 평균): `weights` by family; `no_effect` is the probability of none per channel.

    `fits` has the families that are in the pool: share, fit and mode.
    """

    pools: tuple[Pool, ...]
    weights: dict[str, float]
    no_effect: np.ndarray
    best: FamilyFit
    best_mode: np.ndarray
    fits: tuple[tuple[float, FamilyFit, np.ndarray], ...] = ()


def average_families(
    regression: Regression, families: tuple[str, ...], *, draws: int, rng: np.random.Generator
) -> Average:
    """Fit each family, weigh it, and pool `draws` draws of equal weight (모형 평균)."""
    found = [weigh(FamilyFit(regression, find_family(name)), draws, rng) for name in families]
    weights = _weights(np.array([each.evidence for each in found]))
    kept = [i for i in np.argsort(-weights) if weights[i] >= _FEWEST]
    shares = weights[kept] / weights[kept].sum()
    drawn = [_draw(found[i], max(round(draws * share), 1), rng) for i, share in zip(kept, shares, strict=True)]
    no_effect = sum(share * none for share, (_, none) in zip(shares, drawn, strict=True))
    named = dict(zip(families, weights.tolist(), strict=True))
    fits = tuple((float(share), found[i].fit, found[i].mode) for i, share in zip(kept, shares, strict=True))
    _, best, mode = fits[0]
    return Average(tuple(pool for pool, _ in drawn), named, no_effect, best, mode, fits)


def _weights(log_evidence: np.ndarray) -> np.ndarray:
    weights = np.exp(log_evidence - log_evidence.max())
    return weights / weights.sum()


@dataclass(frozen=True)
class Weighed:
    """A family's posterior at proposed shapes, with importance weights (log); their mean is its evidence."""

    fit: FamilyFit
    mode: np.ndarray
    posterior: Posterior
    log_weights: np.ndarray

    @property
    def evidence(self) -> float:
        """Log of the marginal likelihood, up to a constant that all families of one regression share."""
        from scipy.special import logsumexp

        return float(logsumexp(self.log_weights) - np.log(len(self.log_weights)))


def weigh(fit: FamilyFit, proposals: int, rng: np.random.Generator) -> Weighed:
    """Propose shapes around the mode, and weigh them by posterior over proposal (importance sampling)."""
    mode = fit.mode()
    theta, log_proposal = _propose(mode, fit.spread_at(mode), proposals, rng)
    posterior = fit.posterior(theta)
    return Weighed(fit, mode, posterior, posterior.log - len(mode) / 2 * _LOG_2PI - log_proposal)


def _draw(found: Weighed, keep: int, rng: np.random.Generator) -> tuple[Pool, np.ndarray]:
    """Resample shapes by importance, and draw effects given the shapes."""
    known, regression = found.posterior, found.fit.regression
    chosen = _resample(found.log_weights, keep, rng)
    noise = known.loss[chosen] / rng.chisquare(regression.dof, keep)
    effects = draw_effects(known.gram[chosen], known.moment[chosen], noise, rng)
    none = none_at_all(known.gram_alone[chosen], known.moment[chosen], noise)
    if regression.base is not None:
        kept = _possible(regression.bases(known.columns[chosen], effects), rng)
        chosen, effects = chosen[kept], effects[kept]
    return Pool(found.fit.family.name, known.shapes.take(chosen), effects), none.mean(axis=0)


def _possible(bases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which draws to keep, as many as there are: without media no week wins fewer than nobody."""
    good = np.flatnonzero(bases.min(axis=1) >= 0)
    if len(good) < _FEWEST_POSSIBLE * len(bases):
        return np.arange(len(bases))
    return np.r_[good, rng.choice(good, len(bases) - len(good))]


def _propose(
    mode: np.ndarray, spread: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw from a multivariate t around the mode; also its log density."""
    from scipy.special import gammaln

    p = len(mode)
    z = rng.normal(size=(draws, p)) / np.sqrt(rng.chisquare(_TAIL, (draws, 1)) / _TAIL)
    size = gammaln((_TAIL + p) / 2) - gammaln(_TAIL / 2) - p / 2 * np.log(_TAIL * np.pi) - np.linalg.slogdet(spread)[1]
    return mode + z @ spread.T, size - 0.5 * (_TAIL + p) * np.log1p((z**2).sum(1) / _TAIL)


def _resample(log_weights: np.ndarray, keep: int, rng: np.random.Generator) -> np.ndarray:
    """Return which draws to keep: systematic resampling by weights cut off at root-n of their mean (Ionides 2008)."""
    weights = np.exp(log_weights - log_weights.max())
    weights = np.minimum(weights, weights.mean() * np.sqrt(len(weights)))
    steps = (rng.uniform() + np.arange(keep)) / keep
    return np.minimum(np.searchsorted(np.cumsum(weights / weights.sum()), steps), len(weights) - 1)
