"""The distribution of contact rates behind a frequency histogram (접촉률의 분포): a Poisson mixture.

Everyone meets the channel at a rate of one's own; given the rate, contacts are Poisson. Which rates there are, and how
many people have each, is found by nonparametric maximum likelihood (Laird 1978, JASA 73(364); Simar 1976, Annals of
Statistics 4(6) for the Poisson), a few mass points, zero among them for those who are never reached. Cross-media
measurement knows it as the Dirac mixture (Koehler, Skvortsov, Ma & Liu 2016, Measuring Cross-Device Online Audiences).
"""

from __future__ import annotations

import numpy as np

_STEP = 0.05  # of the rates' square roots; a Poisson count's square root has a standard deviation of 0.5
_MOST_RATES = 300
_ROOM = 2.0  # how far beyond the largest frequency seen, in contacts, rates may lie
_ENOUGH = 1e-7  # of log-likelihood a person that any other mass point could still bring
_FIRST = 30  # mass points to start from
_KEPT = 0.05  # least part of its fitted chance that a frequency keeps in one step
_HEAVY = 30.0  # weight of the equation "weights add up to one" beside the others


def rate_grid(most: float) -> np.ndarray:
    """Rates that mass may sit on, contacts a person, 0 first (접촉률 격자): evenly spaced square roots."""
    root = np.sqrt(most + _ROOM)
    n = int(np.ceil(min(root / _STEP, _MOST_RATES))) + 1
    return np.linspace(0.0, root, n) ** 2


def cell_chances(frequencies: np.ndarray, rates: np.ndarray, *, open_ended: bool) -> np.ndarray:
    """Chance of each frequency (rows) at each rate (columns); the last row is "or more" if `open_ended`."""
    from scipy.special import gammaln, pdtrc, xlogy

    count = frequencies[:, None]
    chances = np.exp(xlogy(count, rates) - rates - gammaln(count + 1))
    if open_ended:
        last = frequencies[-1]
        chances[-1] = pdtrc(last - 1, rates) if last else 1.0
    return chances


def fit_weights(
    chances: np.ndarray, people: np.ndarray, *, start: np.ndarray | None = None, most_steps: int = 200
) -> np.ndarray:
    """Weights of the rates that make the histogram most likely (비모수 최대우도).

    Wang's constrained Newton method (2007, JRSS B 69(2)): non-negative least squares on the present mass points and the
    peaks of the gradient, then a step that must gain. It ends where no further mass point gains (the general
    equivalence theorem, Lindsay 1983, Annals of Statistics 11(1)). EM has the same limit but is still 3% off in the
    3+ reach of homogeneous people after 3,000 rounds.

    Parameters
    ----------
    chances : (frequencies, rates), from `cell_chances`; `people` : (frequencies,), all positive.
    start : weights to start from, such as those of a similar histogram; the end is the same.
    """
    share = people / people.sum()
    weights = _spread(chances.shape[1]) if start is None else start
    for _ in range(most_steps):
        fitted = chances @ weights
        gradient = chances.T @ (share / fitted)
        if gradient.max() - 1 < _ENOUGH:
            break
        target = _newton_target(chances, share, fitted, _candidates(gradient, weights))
        moved = _step(chances, share, weights, target, gradient)
        if moved is None:
            break
        weights = moved
    return weights


def _spread(n: int) -> np.ndarray:
    """Equal weights on some rates from the first to the last."""
    weights = np.zeros(n)
    weights[np.linspace(0, n - 1, min(_FIRST, n)).round().astype(int)] = 1.0
    return weights / weights.sum()


def _candidates(gradient: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Where mass is, and where the gradient peaks."""
    at = weights > 0
    at[1:-1] |= (gradient[1:-1] >= gradient[:-2]) & (gradient[1:-1] >= gradient[2:])
    at[0] |= gradient[0] >= gradient[1]
    at[-1] |= gradient[-1] >= gradient[-2]
    return np.flatnonzero(at)


def _newton_target(chances: np.ndarray, share: np.ndarray, fitted: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The maximum of the log-likelihood's quadratic approximation over weights of the candidates."""
    from scipy.optimize import nnls

    root = np.sqrt(share)
    design = np.vstack([chances[:, at] * (root / fitted)[:, None], np.full(len(at), _HEAVY)])
    found, _ = nnls(design, np.r_[2 * root, _HEAVY], maxiter=50 * len(at))
    weights = np.zeros(chances.shape[1])
    weights[at] = found / found.sum()
    return weights


def _step(
    chances: np.ndarray, share: np.ndarray, weights: np.ndarray, target: np.ndarray, gradient: np.ndarray
) -> np.ndarray | None:
    """Go towards the target as far as it gains (Armijo's rule); None where nothing does.

    No frequency may lose nearly all of its fitted chance at once: a rare large one costs little likelihood, but the
    next quadratic approximation would be about nothing else.
    """
    fitted, slope, step = chances @ weights, gradient @ (target - weights), 1.0
    while step > 1e-9:
        moved = (1 - step) * weights + step * target
        moved[moved < 1e-13] = 0.0
        moved /= moved.sum()
        ratio = chances @ moved / fitted
        if ratio.min() > _KEPT and share @ np.log(ratio) >= 1e-4 * step * slope:
            return moved
        step /= 2
    return None
