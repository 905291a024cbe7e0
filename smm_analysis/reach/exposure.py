"""Who sees a campaign how often when it runs `times` as long (노출 분포의 모형): four ways to draw the curve.

Each model's `k_plus(times, k)` is the share of the universe with k contacts or more. Parameters may be columns, a row a
redraw, and the answer then has a row for each: shape (redraws, times).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

POISSON_SHAPE = 1e6  # a negative binomial of this shape is Poisson to six digits


class ExposureModel(Protocol):
    """A distribution of contacts that scales with the campaign (노출 분포)."""

    def k_plus(self, times: np.ndarray, k: int) -> np.ndarray:
        """Share of the universe, 0..1, with at least `k` contacts in `times` campaigns."""

    @property
    def mean(self) -> float:
        """Contacts a person of the universe in one campaign."""


@dataclass(frozen=True)
class PoissonMixture:
    """People of different contact rates (포아송 혼합): `rates` per campaign, `weights` their shares, in sum 1."""

    rates: np.ndarray
    weights: np.ndarray

    @property
    def mean(self) -> float:
        """Contacts a person in one campaign."""
        return float(np.mean(self.weights @ self.rates))

    def k_plus(self, times: np.ndarray, k: int) -> np.ndarray:
        """Share of the universe with at least `k` contacts."""
        from scipy.special import pdtrc

        return (pdtrc(k - 1, np.outer(times, self.rates)) @ self.weights.T).T


@dataclass(frozen=True)
class NegativeBinomial:
    """Gamma-distributed contact rates (음이항 분포, NBD): Ehrenberg (1959, Applied Statistics 8(1))."""

    mean: float
    shape: float | np.ndarray

    def k_plus(self, times: np.ndarray, k: int) -> np.ndarray:
        """Share of the universe with at least `k` contacts."""
        from scipy.special import betainc

        contacts = self.mean * np.asarray(times)
        return betainc(k, self.shape, contacts / (self.shape + contacts))


@dataclass(frozen=True)
class BetaBinomial:
    """Beta-distributed chances of meeting an insertion (베타이항 분포): Metheringham (1964, J. Advertising Research 4).

    `a`, `b` are the beta distribution's parameters; one campaign is one insertion.
    """

    a: float | np.ndarray
    b: float | np.ndarray

    @property
    def mean(self) -> float:
        """Contacts a person from one insertion."""
        return float(np.mean(self.a / (self.a + self.b)))

    def k_plus(self, times: np.ndarray, k: int) -> np.ndarray:
        """Share of the universe with at least `k` contacts."""
        from scipy.special import betaln, binom

        n = np.asarray(times, float)
        fewer = 0.0
        for seen in range(k):
            missed = np.maximum(n - seen, 0.0)  # with fewer insertions than that, binom below is 0
            chance = np.exp(betaln(self.a + seen, self.b + missed) - betaln(self.a, self.b))
            fewer = fewer + np.where(n >= seen, binom(n, seen), 0.0) * chance
        return 1.0 - fewer


@dataclass(frozen=True)
class OnePoint:
    """Exponential contact rates among a reachable part (한 점 도달 곡선): Goerg (2014), where one point is known.

    `limit` is the share of the universe reached in the end; the first contacts all fall on different people.
    """

    mean: float
    limit: float | np.ndarray

    def k_plus(self, times: np.ndarray, k: int) -> np.ndarray:
        """Share of the universe with at least `k` contacts, at most 1."""
        contacts = self.mean * np.asarray(times)
        return np.minimum(self.limit * (contacts / (contacts + self.limit)) ** k, 1.0)
