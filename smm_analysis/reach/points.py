"""Reach curves from one or two known points (한두 점으로 그린 도달 곡선), where there is no frequency histogram."""

from __future__ import annotations

import math

import numpy as np

from .curve import REDRAWS, ReachCurve, positive, share_of
from .exposure import POISSON_SHAPE, BetaBinomial, NegativeBinomial, OnePoint


def one_point_curve(
    impressions: float,
    reach: float,
    *,
    universe: float,
    panel_n: int | None = None,
    level: float = 0.90,
    seed: int = 0,
) -> ReachCurve:
    """Reach curve where only one point of it is known (한 점으로 그린 도달 곡선): a fall-back.

    Goerg (2014, Estimating reach curves from one data point): R(I) = c I / (I + c) with c = I R / (I - R), and
    c (I / (I + c))**k people with k contacts. It assumes exponential contact rates; where they are not, it errs by
    several percent at twice the impressions.

    Parameters
    ----------
    impressions, reach : the point, contacts and people; impressions must exceed reach.
    universe, panel_n, level, seed : see `fit_reach`; without `panel_n` no interval.

    Examples
    --------
    >>> round(one_point_curve(200, 100, universe=1000).reach(100).estimate, 2)
    66.67
    """
    if not 0 < reach < impressions:
        raise ValueError(f"reach must lie between 0 and the impressions {impressions:,.0f}, not {reach:,.0f}")
    share, mean = share_of("reach", reach, universe), impressions / universe

    def at(reached: float | np.ndarray) -> OnePoint:
        return OnePoint(mean, mean * reached / (mean - reached))

    def redraw() -> OnePoint:
        drawn = np.random.default_rng(seed).binomial(panel_n, share, (REDRAWS, 1)) / panel_n
        return at(np.clip(drawn, 0.5 / panel_n, mean * (1 - 1e-9)))

    drawn = redraw if panel_n else None
    return ReachCurve(at(share), "one_point", universe, impressions, panel_n or 0, level, redraw=drawn)


def nbd_curve(
    impressions: float,
    reach: float,
    *,
    universe: float,
    panel_n: int | None = None,
    level: float = 0.90,
    seed: int = 0,
) -> ReachCurve:
    """Reach curve of a negative binomial with this mean and zero class (음이항 도달 곡선, NBD).

    Gamma-distributed contact rates, fitted by "mean and zeros" (Ehrenberg 1959, Applied Statistics 8(1)). A reach above
    that of people who are all alike, universe x (1 - exp(-mean)), is read as such: Poisson.

    Parameters
    ----------
    impressions, reach : contacts and people reached by them; reach below impressions and universe.
    universe, panel_n, level, seed : see `fit_reach`; without `panel_n` no interval.
    """
    share, mean = share_of("reach", reach, universe), positive("impressions", impressions) / universe
    if share >= mean:
        raise ValueError(f"reach must be less than the impressions {impressions:,.0f}, not {reach:,.0f}")

    def redraw() -> NegativeBinomial:
        drawn = np.random.default_rng(seed).binomial(panel_n, share, REDRAWS) / panel_n
        shapes = [_nbd_shape(mean, float(x)) for x in np.clip(drawn, 0.5 / panel_n, mean * (1 - 1e-9))]
        return NegativeBinomial(mean, np.array(shapes)[:, None])

    model, drawn = NegativeBinomial(mean, _nbd_shape(mean, share)), redraw if panel_n else None
    return ReachCurve(model, "nbd", universe, impressions, panel_n or 0, level, redraw=drawn)


def beta_binomial_curve(
    audience_1: float,
    audience_2: float,
    *,
    universe: float,
    panel_n: int | None = None,
    level: float = 0.90,
    seed: int = 0,
) -> ReachCurve:
    """Reach curve over insertions, from the net audiences of one and of two (베타이항 도달 곡선).

    Metheringham (1964, Journal of Advertising Research 4): each person has a chance of one's own to meet an insertion,
    beta-distributed. An insertion makes `audience_1` impressions.

    Parameters
    ----------
    audience_1, audience_2 : people reached by one insertion, and by at least one of two.
    universe, panel_n, level, seed : see `fit_reach`; without `panel_n` no interval.

    Raises
    ------
    ValueError
        If `audience_2` is not above `audience_1`, or not below what chance alone would reach.

    Examples
    --------
    Half of a million readers see an issue, 550,000 one of two. Five insertions:

    >>> curve = beta_binomial_curve(500_000, 550_000, universe=1_000_000)
    >>> round(curve.reach(5 * 500_000).estimate)
    603365
    """
    one, two = share_of("audience_1", audience_1, universe), share_of("audience_2", audience_2, universe)
    if not one < two < one * (2 - one):
        least, most = audience_1, universe * one * (2 - one)
        raise ValueError(f"audience_2 must lie between {least:,.0f} (the same people) and {most:,.0f} (chance alone)")
    cells = np.array([1 - two, 2 * (two - one), 2 * one - two])  # saw none, one, both of two insertions

    def redraw() -> BetaBinomial:
        none, single, _ = np.random.default_rng(seed).multinomial(panel_n, cells, REDRAWS).T / panel_n
        first, second = np.clip(1 - none - single / 2, 1e-6, 1 - 1e-6), 1 - none
        bounded = np.clip(second, first + 1e-6 * first * (1 - first), first * (2 - first) - 1e-6 * first * (1 - first))
        return _beta_binomial(first[:, None], bounded[:, None])

    drawn = redraw if panel_n else None
    return ReachCurve(
        _beta_binomial(one, two), "beta_binomial", universe, audience_1, panel_n or 0, level, redraw=drawn
    )


def _beta_binomial(one: float | np.ndarray, two: float | np.ndarray) -> BetaBinomial:
    missed_again = (1 - two) / (1 - one)
    total = (1 - missed_again) / (missed_again - (1 - one))
    return BetaBinomial(one * total, (1 - one) * total)


def _nbd_shape(mean: float, share: float) -> float:
    from scipy.optimize import brentq

    def excess(log_shape: float) -> float:
        shape = math.exp(log_shape)
        return -shape * math.log1p(mean / shape) - math.log1p(-share)

    low, high = math.log(1e-9), math.log(POISSON_SHAPE)
    return POISSON_SHAPE if excess(high) >= 0 else math.exp(brentq(excess, low, high))
