"""Least squares of the Bass curve (배스 곡선의 최소제곱): the market size solved for, a grid, then a polish.

Given `p` and `q`, the market size is linear least squares; so a search over two parameters is all there is. It is made
in the curve's speed, p + q, and peak, ln(q/p) / (p+q), in which the sum of squares is nearly round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from .curve import cumulative_share, rate_share

Form = Literal["interval", "density", "cumulative"]
FORMS: tuple[Form, ...] = ("interval", "density", "cumulative")

_SPEEDS, _PEAKS, _STARTS = 28, 36, 3
_FASTEST = np.log(12.0)  # p + q per period, in logs: all who adopt do so within the first period
_STEP = 1e-5  # of central differences, in logs
_FLAT = 1e-9  # singular values below this share of the largest mean that the data do not tell a direction
_MOST_LEVERAGE = 0.98


@dataclass(frozen=True)
class Solution:
    """The least-squares curve (최소제곱 해): parameters, and how they hang on each period's noise.

    `influence` is 3 x n (2 x n where the market size was given): what one unit more adopters in a period would add to
    the logarithms of p, q and the market size. `covariance` is theirs, `noise` the variance of a period's adoptions.
    """

    p: float
    q: float
    market_size: float
    sum_of_squares: float
    influence: np.ndarray
    covariance: np.ndarray
    noise: float


def shares(form: Form, p: np.ndarray, q: np.ndarray, n: int) -> np.ndarray:
    """Return what a market of size 1 would show in each of n periods (형식별 예상 비율), ... x n.

    interval: F(t) - F(t-1); density: f(t), at the period's end; cumulative: F(t).
    """
    time = np.arange(n + 1.0)
    p, q = np.asarray(p)[..., None], np.asarray(q)[..., None]
    if form == "density":
        return rate_share(p, q, time[1:])
    adopted = cumulative_share(p, q, time)
    return np.diff(adopted, axis=-1) if form == "interval" else adopted[..., 1:]


def solve(adoptions: np.ndarray, form: Form, market_size: float | None = None) -> Solution:
    """Find the least-squares curve (최소제곱 적합): grid, polish from the best hollows, standard errors."""
    search = Search(adoptions, form, market_size)
    loss, p, q, size = min(search.polish(start) for start in search.hollows())
    return _with_errors(search, loss, p, q, size)


class Search:
    """The sum of squares over speed and peak of one series (탐색), scaled so that its largest value is 1."""

    def __init__(self, adoptions: np.ndarray, form: Form, market_size: float | None = None) -> None:
        self.adoptions, self.form, self.n = adoptions, form, len(adoptions)
        self.told = np.cumsum(adoptions) if form == "cumulative" else adoptions
        self.scale = self.told.max()
        self.y = self.told / self.scale
        self.given = None if market_size is None else market_size / self.scale

    def size(self, curve: np.ndarray) -> float:
        """Return the market size that fits best, or the one given."""
        if self.given is not None:
            return self.given
        power = curve @ curve
        return max(curve @ self.y, 0.0) / power if power > 1e-200 else 0.0

    def residuals(self, place: np.ndarray) -> np.ndarray:
        """Return curve minus data at a place: log speed, and peak as a share of the window."""
        curve = shares(self.form, *coefficients(place, self.n), self.n)
        return self.size(curve) * curve - self.y

    def hollows(self) -> np.ndarray:
        """Return the grid's lowest local minima, lowest first, starts x 2."""
        places, curves, power = _grid(self.form, self.n)
        if self.given is None:
            loss = self.y @ self.y - np.maximum(curves @ self.y, 0) ** 2 / power
        else:
            loss = self.y @ self.y - 2 * self.given * (curves @ self.y) + self.given**2 * power
        ringed = np.pad(loss, 1, constant_values=np.inf)
        near = np.lib.stride_tricks.sliding_window_view(ringed, (3, 3)).min(axis=(2, 3))
        low = np.flatnonzero(loss <= near)
        best = low[np.argsort(loss.flat[low])][:_STARTS]
        return places.reshape(-1, 2)[best]

    def polish(self, start: np.ndarray) -> tuple[float, float, float, float]:
        """Descend from a place (Levenberg-Marquardt); return sum of squares, p, q and market size, unscaled."""
        from scipy.optimize import leastsq

        place, _, details, _, _ = leastsq(
            self.residuals, start, full_output=True, ftol=1e-12, xtol=1e-10, gtol=0.0, maxfev=600
        )
        p, q = coefficients(place, self.n)
        size = self.size(shares(self.form, p, q, self.n))
        return float(details["fvec"] @ details["fvec"]) * self.scale**2, float(p), float(q), float(size * self.scale)


def coefficients(place: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return p and q at a place of the search, ... x 2; neither is ever negative."""
    from scipy.special import expit

    speed = np.exp(np.minimum(place[..., 0], _FASTEST))
    turn = np.clip(speed * place[..., 1] * n, -30, 30)  # ln(q/p)
    return speed * expit(-turn), speed * expit(turn)


def place_of(p: float, q: float, n: int) -> np.ndarray:
    """Return the place of the search at which p and q stand; the inverse of `coefficients`."""
    return np.array([np.log(p + q), np.log(q / p) / (p + q) / n])


@cache
def _grid(form: Form, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places, speeds x peaks x 2, the curves there, x n, and the curves' sums of squares."""
    speeds = np.log(np.geomspace(0.5 / n, 4, _SPEEDS))
    peaks = np.r_[np.linspace(-1, 0, 6)[:-1], np.linspace(0, 1.5, _PEAKS), np.linspace(1.5, 5, 6)[1:]]
    places = np.stack(np.meshgrid(speeds, peaks, indexing="ij"), axis=-1)
    curves = shares(form, *coefficients(places, n), n)
    return places, curves, np.maximum((curves**2).sum(axis=-1), 1e-200)


def slopes(form: Form, p: float, q: float, market_size: float, n: int) -> np.ndarray:
    """Return how expected numbers change with the logarithms of p, q and the market size, n x 3."""
    up, down = np.exp(_STEP), np.exp(-_STEP)
    high = shares(form, np.array([p * up, p]), np.array([q, q * up]), n)
    low = shares(form, np.array([p * down, p]), np.array([q, q * down]), n)
    return market_size * np.vstack([(high - low) / (2 * _STEP), shares(form, p, q, n)]).T


def _with_errors(search: Search, loss: float, p: float, q: float, size: float) -> Solution:
    """Add standard errors by the jackknife-like HC3 sandwich, which needs no equal noise (MacKinnon & White 1985).

    The cumulative form's errors add up period by period; the sandwich is made of each period's own noise.
    """
    free = 3 if search.given is None else 2
    told = slopes(search.form, p, q, size, search.n)[:, :free]
    by_period = np.diff(told, axis=0, prepend=0) if search.form == "cumulative" else told
    left, roots, right = np.linalg.svd(told, full_matrices=False)
    influence = right.T @ (left / np.maximum(roots, _FLAT * roots[0])).T
    if search.form == "cumulative":  # a period's noise stays in all later sums
        influence = influence[:, ::-1].cumsum(axis=1)[:, ::-1]
    expected = size * shares("interval" if search.form == "cumulative" else search.form, p, q, search.n)
    rest = search.adoptions - expected
    leverage = np.minimum((by_period * influence.T).sum(axis=1), _MOST_LEVERAGE)
    covariance = (influence * (rest / (1 - leverage)) ** 2) @ influence.T
    return Solution(p, q, size, loss, influence, covariance, float(rest @ rest / (search.n - free)))
