"""Splits that hold up where the weeks leave much open (신중한 배분).

The best split by the mean of many possible worlds moves money between channels that nobody can tell apart. A cautious
one counts only the worse of them: it maximises the expected shortfall of its gain, the mean over the worst share of
draws (Rockafellar & Uryasev 2000, Optimization of conditional value-at-risk, Journal of Risk 2). No move gains and
loses nothing in any of them, so money moves only as far as that mean stays above nothing.
"""

from __future__ import annotations

import numpy as np


def shortfall(gains: np.ndarray, share: float) -> float:
    """Return the mean over the worst share (0..1] of draws (기대 부족액); of all of them at 1."""
    ordered, counted = np.sort(gains), share * len(gains)
    weights = np.clip(counted - np.arange(len(gains)), 0, 1)
    return float(weights @ ordered / counted)


def as_cautious_with_half(share: float) -> float:
    """Return the share of worst draws that is as cautious by half the weeks as `share` is by all.

    The worst share of a normal's draws lies phi(z) / share of its standard deviations below its mean, on average, and
    half the weeks have a standard deviation the root of two as large.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    def below(part: float) -> float:
        return norm.pdf(norm.ppf(part)) / part

    return 1.0 if share == 1 else float(brentq(lambda part: below(part) - below(share) / np.sqrt(2), share, 1))


def cautious_split(gains: np.ndarray, money: np.ndarray, total: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the split of greatest expected shortfall between points of money, and what each draw counts in it.

    A linear programme: between two points of money a channel's gain is taken to be straight.

    Parameters
    ----------
    gains : draws x channels x points, what each channel gains by its points of money.
    money : channels x points, rising; `total` is what they add up to.
    share : of the draws, the worst, above 0 and below 1.

    Returns
    -------
    tuple
        Money by channel, and weights of the draws, of mean 1: under them no split within the points gains more than
        the greatest shortfall (duality), so that they certify any other.
    """
    from scipy.optimize import linprog

    draws, channels, points = gains.shape
    shares = channels * points
    cost = np.concatenate([np.zeros(shares), [-1], np.full(draws, 1 / (share * draws))])
    below = np.hstack([-gains.reshape(draws, shares), np.ones((draws, 1)), -np.eye(draws)])
    whole = np.zeros((channels + 1, len(cost)))
    whole[:channels, :shares] = np.repeat(np.eye(channels), points, axis=1)
    whole[channels, :shares] = money.ravel() / total
    free = [(0, None)] * shares + [(None, None)] + [(0, None)] * draws
    found = linprog(cost, below, np.zeros(draws), whole, np.ones(channels + 1), bounds=free, method="highs")
    if found.status:  # bounds were checked before: only numbers that are none come here
        raise ValueError(f"no cautious split was found: {found.message}")
    mixed = found.x[:shares].reshape(channels, points)
    return (mixed * money).sum(axis=1), -found.ineqlin.marginals * draws
