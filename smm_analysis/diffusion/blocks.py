"""The hazards of one brand (위험률 묶음): passing on, following, leaving, buying first; pulls and their weak priors.

The priors' centres and widths follow the spread of these weights over 28 virtual brands of worlds drawn at random
(development seeds from 1000 on of `benchmarks/strategies_truth.py`, by EM), widened to a factor of two to four either
way and rounded: all channels alike, all posts alike. `FRAILTY` has the most evidence there among 0, .4, .8, 1.2 and
1.6.
"""

from __future__ import annotations

import numpy as np

from .forms import BuyForm, Gate
from .rates import Prior, RateFit, fit_rate
from .weeks import Weeks, remembered, saturating

OWNED_HALF_LIFE, EARNED_HALF_LIFE, PAID_HALF_LIFE = 2.0, 4.0, 1.0  # weeks that exposures are remembered
FRAILTY = 0.8  # how much people differ in how easily they are won
REACH_OF_A_SHARE = 4.0  # people who see one passing-on; only the curvature depends on it


def prior(*pairs: tuple[float, float], together: tuple[tuple[int, int, float], ...] = ()) -> Prior:
    """Return a prior from (typical weight, log standard deviation) pairs.

    `together` : (first, last, correlation) of pulls that are weak or strong together.
    """
    centre, sd = np.array(pairs).T
    correlation = np.eye(len(sd))
    for first, last, common in together:
        block = correlation[first:last, first:last]
        block[...] = common + (1 - common) * np.eye(last - first)
    return Prior(np.log(centre), correlation * np.outer(sd, sd))


SHARE_PRIOR = prior((1e-5, 1.9), (0.025, 0.8), (0.05, 0.8), (0.013, 0.9), (0.1, 0.7), together=((1, 4, 0.9),))
OPENED_SHARE_PRIOR = prior((1e-5, 1.9), (0.15, 0.5), (0.3, 0.5), (0.12, 0.7), (0.7, 0.4), together=((1, 4, 0.8),))
LEAVE_PRIOR = prior((0.003, 0.5), (0.008, 0.7), (0.02, 0.7))


_BUY = {  # by power: base, useful, promo, diffusion, opened diffusion, earned, each channel
    1.0: ((0.1, 1.2), (0.24, 0.8), (0.27, 1.0), (0.2, 0.9), (0.5, 0.9), (0.9, 0.8), (0.40, 0.9)),
    2.0: ((0.47, 0.3), (0.15, 0.6), (0.17, 0.9), (0.13, 0.8), (0.3, 0.8), (0.55, 0.7), (0.26, 0.75)),
    3.0: ((0.67, 0.2), (0.10, 0.6), (0.11, 0.8), (0.08, 0.7), (0.2, 0.7), (0.38, 0.65), (0.18, 0.7)),
}


def follow_prior(channels: int) -> Prior:
    """Return the prior of following: base, diffusion, earned, welcome of new customers, channels."""
    return prior((0.001, 0.5), (0.0005, 1.0), (0.06, 0.6), (0.2, 0.4), *[(0.003, 1.4)] * channels)


def buy_prior(channels: int, form: BuyForm) -> Prior:
    """Return the prior of buying first, weights in mean hazards: base, useful, promo, diffusion, earned, channels.

    A view of one kind of post pulls about like that of another; of diffusion, where the relationship opens it, like a
    view that is fully open.
    """
    base, useful, promo, diffusion, opened, earned, channel = _BUY[form.power]
    base = base if form.works else (1.0, 0.3)
    own = (base, useful, promo, opened if form.opened else diffusion, earned)
    return prior(*own, *[channel] * channels, together=((1, 4, 0.5), (5, 5 + channels, 0.5)))


def damped(views: np.ndarray) -> np.ndarray:
    """Return views with the tenth worth less than the first (많이 볼수록 둔해짐)."""
    return views / (1 + 0.3 * views)


def share_pulls(views: np.ndarray, shares_before: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """Return what makes people pass things on, (..., 5), opened by the relationship but for a trace."""
    seen = damped(views[..., [0, 2, 3]])
    parts = np.concatenate([seen, np.asarray(shares_before)[..., None]], axis=-1) * np.asarray(opened)[..., None]
    return np.concatenate([np.ones((*parts.shape[:-1], 1)), parts], axis=-1)


def follow_pulls(
    views: np.ndarray, shares_before: np.ndarray, new_customers: np.ndarray, contacts: np.ndarray
) -> np.ndarray:
    """Return what makes people follow, (..., 4 + channels); all per head."""
    own = np.stack([np.ones_like(shares_before), views[..., 2], shares_before, new_customers], axis=-1)
    return np.concatenate([own, contacts], axis=-1)


def leave_pulls(views: np.ndarray, promo_felt: np.ndarray, crisis: np.ndarray | float) -> np.ndarray:
    """Return what makes followers leave, (..., 3)."""
    promo = promo_felt * views.sum(axis=-1)
    return np.stack([np.ones_like(promo), promo, np.broadcast_to(crisis, promo.shape)], axis=-1)


def buy_pulls(owned: np.ndarray, earned: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return what makes people buy first, (..., 5 + channels), of remembered exposures per head.

    `owned` (..., 3): useful, promo, diffusion views; `earned` (...): passings-on; `paid` (..., channels): contacts.
    """
    parts = np.concatenate([owned, REACH_OF_A_SHARE * earned[..., None], paid], axis=-1)
    return np.concatenate([np.ones((*parts.shape[:-1], 1)), saturating(parts)], axis=-1)


def before(x: np.ndarray) -> np.ndarray:
    """Return last week's values; 0 in the first (지난주)."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def share_prior(gate: Gate) -> Prior:
    """Return the prior of passing on under a gate."""
    return SHARE_PRIOR if gate.kind == "none" else OPENED_SHARE_PRIOR


def fit_sharing(
    weeks: Weeks, path: np.ndarray, gate: Gate, *, y: np.ndarray | None = None, prior: Prior | None = None, **options
) -> RateFit:
    """Fit the passings-on of the week."""
    pulls = share_pulls(weeks.views, before(weeks.shares), gate.open(path))
    y = weeks.shares * weeks.size if y is None else y
    return fit_rate(y, np.full(weeks.n, float(weeks.size)), pulls, prior or share_prior(gate), **options)


def fit_following(weeks: Weeks) -> RateFit:
    """Fit new followers among those who do not follow."""
    came = np.nan_to_num(weeks.new_customers) / weeks.size
    pulls = follow_pulls(weeks.views, before(weeks.shares), came, weeks.contacts)
    exposure = weeks.size * (1 - weeks.follow)
    return fit_rate(weeks.new_followers, exposure, pulls, follow_prior(len(weeks.channels)))


def fit_leaving(weeks: Weeks, promo_felt: np.ndarray) -> RateFit:
    """Fit followers lost among those who follow."""
    pulls = leave_pulls(weeks.views, promo_felt, weeks.crisis)
    return fit_rate(weeks.lost_followers, weeks.size * weeks.follow, pulls, LEAVE_PRIOR)


def not_reached(customers: np.ndarray) -> np.ndarray:
    """Return those not yet reached, per head, weighed by how easily they are won (아직 오지 않은 사람).

    The easily won come first: where people's hazards differ by a gamma frailty of variance v, the mean hazard of
    those left falls as their share to the power of v (Vaupel, Manton & Stallard 1979, Demography 16(3)).
    """
    return np.maximum(1 - customers, 0.0) ** (1 + FRAILTY)


def mean_hazard(weeks: Weeks) -> float:
    """Return the mean hazard of a first purchase per person and week."""
    known = np.isfinite(weeks.new_customers)
    left = weeks.size * not_reached(weeks.customers / weeks.size)
    return max(float(weeks.new_customers[known].sum() / left[known].sum()), 1e-7)


def recorded_buy_pulls(weeks: Weeks, opened: np.ndarray) -> np.ndarray:
    """Return the pulls of a first purchase over the record; `opened` multiplies the views of diffusion."""
    views = weeks.views[:, :3] * np.column_stack([np.ones((weeks.n, 2)), opened])
    return buy_pulls(
        remembered(views, OWNED_HALF_LIFE),
        remembered(before(weeks.shares), EARNED_HALF_LIFE),
        remembered(weeks.contacts, PAID_HALF_LIFE),
    )


def fit_buying(
    weeks: Weeks,
    opened: np.ndarray,
    form: BuyForm,
    *,
    y: np.ndarray | None = None,
    prior: Prior | None = None,
    **options,
) -> RateFit:
    """Fit first purchases among those who never bought, under season and controls."""
    pulls = recorded_buy_pulls(weeks, opened if form.opened else np.ones(weeks.n))
    pulls[:, 1:] *= form.works
    exposure = weeks.size * not_reached(weeks.customers / weeks.size) * mean_hazard(weeks)
    return fit_rate(
        weeks.new_customers if y is None else y,
        exposure,
        pulls,
        prior or buy_prior(len(weeks.channels), form),
        conditions=weeks.conditions,
        power=form.power,
        **options,
    )
