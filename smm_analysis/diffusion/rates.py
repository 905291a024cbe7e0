"""Rates that add up (더해지는 위험률): quasi-Poisson with non-negative pulls, log-linear conditions and weak priors.

mean = exposure x exp(conditions g) x (sum of pulls x exp(t)) ** power. The priors are normal in t and g, that is
log-normal in the pulls' weights: they enter as pseudo-observations, so that few weeks suffice and nothing explodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CONDITION_SD = 0.25  # prior of a standardised condition's log effect
_ROUNDS, _LONGEST_STEP = 40, 1.5
_LAGS = 4


@dataclass(frozen=True)
class Prior:
    """A normal prior of log weights (사전분포): `mean` (pulls,) and `cov` (pulls, pulls).

    It may go on with the first conditions' effects; the others have a weak one of their own.
    """

    mean: np.ndarray
    cov: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", np.linalg.inv(self.cov))


@dataclass(frozen=True)
class RateFit:
    """The mode of a rate and its covariance (위험률 적합).

    `theta` : log weights of the pulls; `gamma` : conditions; `cov` : of both together, with the noise's `dispersion`
    (Pearson's, at least 1, raised where residuals go together from week to week); `mean` : fitted; `score` : log
    quasi-posterior at the mode with its volume, for weighing forms that share `dispersion`.
    """

    theta: np.ndarray
    gamma: np.ndarray
    cov: np.ndarray
    dispersion: float
    mean: np.ndarray
    score: float

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw log weights (n, pulls) and conditions (n, conditions)."""
        root = np.linalg.cholesky(self.cov)
        both = np.r_[self.theta, self.gamma] + rng.standard_normal((n, len(root))) @ root.T
        return both[:, : len(self.theta)], both[:, len(self.theta) :]


def fit_rate(
    y: np.ndarray,
    exposure: np.ndarray,
    pulls: np.ndarray,
    prior: Prior,
    *,
    conditions: np.ndarray | None = None,
    power: float = 1.0,
    dispersion: float | None = None,
) -> RateFit:
    """Fit a rate by damped Fisher scoring (위험률 적합하기).

    Parameters
    ----------
    y, exposure : counts and what they are counted among, (weeks,); weeks with NaN are left out.
    pulls : (weeks, pulls), not below 0.
    conditions : (weeks, conditions), standardised.
    power : what the summed pulls are raised to: 1, or more where several exposures are needed.
    dispersion : given, or estimated.
    """
    conditions = np.empty((len(y), 0)) if conditions is None else conditions
    seen = np.isfinite(y) & (exposure > 0)
    data = _Data(y[seen], exposure[seen], pulls[seen], conditions[seen], prior, power)
    noise, at = dispersion or 1.0, data.centre
    for _ in range(1 if dispersion else 3):
        at = data.mode(at, noise)
        noise = dispersion or _dispersion(data, at)
    _, _, curvature, score = data.step(at, noise)
    score -= 0.5 * np.linalg.slogdet(curvature)[1]
    whole = _Data(y, exposure, pulls, conditions, prior, power)
    j = pulls.shape[1]
    return RateFit(at[:j], at[j:], np.linalg.inv(curvature), noise, whole.mean_at(at)[0], score)


@dataclass(frozen=True)
class _Data:
    y: np.ndarray
    exposure: np.ndarray
    pulls: np.ndarray
    conditions: np.ndarray
    prior: Prior
    power: float

    def __post_init__(self) -> None:
        told, number = len(self.prior.mean), self.pulls.shape[1] + self.conditions.shape[1]
        weight = np.diag(np.full(number, _CONDITION_SD**-2.0))
        weight[:told, :told] = self.prior.precision
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "centre", np.r_[self.prior.mean, np.zeros(number - told)])
        object.__setattr__(self, "volume", float(np.linalg.slogdet(weight)[1]))

    def mean_at(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (weeks,) and the slopes of its log (weeks, parameters)."""
        j = self.pulls.shape[1]
        parts = self.pulls * np.exp(np.clip(at[:j], -30, 30))
        total = np.maximum(parts.sum(axis=1), 1e-12)
        mean = self.exposure * np.exp(np.clip(self.conditions @ at[j:], -5, 5)) * total**self.power
        return mean, np.hstack([self.power * parts / total[:, None], self.conditions])

    def step(self, at: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return mean, gradient, curvature and value of the log quasi-posterior."""
        mean, slopes = self.mean_at(at)
        pulled = self.weight @ (at - self.centre)
        gradient = slopes.T @ (self.y - mean) / noise - pulled
        curvature = (slopes.T * mean) @ slopes / noise + self.weight
        told = (self.y * np.log(np.maximum(mean, 1e-12)) - mean).sum() / noise
        value = told - 0.5 * (at - self.centre) @ pulled + 0.5 * self.volume
        return mean, gradient, curvature, value

    def mode(self, at: np.ndarray, noise: float) -> np.ndarray:
        """Return the mode by Fisher scoring, steps halved until they gain."""
        value = -np.inf
        for _ in range(_ROUNDS):
            _, gradient, curvature, now = self.step(at, noise)
            move = np.linalg.solve(curvature, gradient)
            move *= min(1.0, _LONGEST_STEP / max(np.abs(move).max(), 1e-12))
            for shrink in (1.0, 0.5, 0.25, 0.1, 0.02):
                if (value := self.step(at + shrink * move, noise)[3]) >= now:
                    at = at + shrink * move
                    break
            if value - now < 1e-4:
                break
        return at


def _dispersion(data: _Data, at: np.ndarray) -> float:
    """Pearson's dispersion, at least 1, times what autocorrelation adds (Bartlett's weights, Newey and West 1987)."""
    mean = data.mean_at(at)[0]
    rest = (data.y - mean) / np.sqrt(np.maximum(mean, 0.05))
    dof = max(len(rest) - 0.5 * len(at), 10.0)  # weak priors take part of the freedom only
    pearson = max(float(rest @ rest) / dof, 1.0)
    along = sum(
        2 * (1 - lag / (_LAGS + 1)) * float(rest[lag:] @ rest[:-lag]) / max(float(rest @ rest), 1e-9)
        for lag in range(1, _LAGS + 1)
    )
    return pearson * max(1.0 + along, 1.0)
