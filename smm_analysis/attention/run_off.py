"""How views come in (조회가 쌓이는 과정), from posts of which some are still young.

The naive share divides what was seen late by all that was seen, and young posts have had no late days. Here a day's
views are held against all views up to that day, of those posts only that were watched so long; the share that has come
by any day is the product of what the later days left. It is the product-limit estimate in reverse time (Lagakos,
Barraj & De Gruttola 1988, Biometrika 75(3)), which insurers know as the chain ladder (Mack 1993, ASTIN Bulletin 23(2)).
Nothing is assumed about the curve's form. Posts count by their views.

Between the ends of two calendar days views are taken to fade at a constant rate.
"""

from __future__ import annotations

import numpy as np

_TINY = 1e-9
_NEWTON_STEPS = 8


def still_to_come(views: np.ndarray, watched: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the share of the views that is still to come at the end of each day (남은 조회 비율).

    Parameters
    ----------
    views, watched : shape (posts, days). weights : how often each post counts, shape (draws, posts).

    Returns
    -------
    array
        Shape (draws, days); 0 at the last day. 1 as long as nothing has come.

    >>> views = np.array([[6.0, 2.0, 2.0], [3.0, 1.0, 0.0]])
    >>> watched = np.array([[True, True, True], [True, True, False]])
    >>> still_to_come(views, watched, np.ones((1, 2))).round(2).tolist()
    [[0.4, 0.2, 0.0]]
    """
    today = weights @ (views * watched)
    so_far = weights @ (np.cumsum(views, axis=1) * watched)
    left = 1 - np.divide(today, so_far, out=np.zeros_like(today), where=so_far > 0)
    later = np.cumprod(left[:, :0:-1], axis=1)[:, ::-1]
    return 1 - np.hstack([later, np.ones((len(left), 1))])


def day_ends(remaining: np.ndarray, rest: np.ndarray, posts: np.ndarray) -> np.ndarray:
    """Return how old posts are, in days, when each calendar day ends: shape (draws, days).

    Posts go up at all hours, and one of 23:00 has one hour of its first day. Were views to fade at one rate, this much
    would be left of each by midnight; the rate at which they together leave what was left says how old the first day's
    end makes them, and every later day adds one.

    Parameters
    ----------
    remaining : as `still_to_come`. rest : what was left of the first day at publishing, 0..1, shape (posts,). posts :
        weight of each post times its views, shape (draws, posts).
    """
    share = posts / np.maximum(posts.sum(axis=1, keepdims=True), _TINY)
    left, mean_rest = np.clip(remaining[:, 0], _TINY, 1), share @ rest
    rate = -np.log(left) / mean_rest
    for _ in range(_NEWTON_STEPS):  # convex and falling, from the left: no step goes too far
        fading = share * np.exp(-rate[:, None] * rest)
        rate = rate + (fading.sum(axis=1) - left) / np.maximum(fading @ rest, _TINY)
    age = np.where(rate > _TINY, -np.log(left) / np.maximum(rate, _TINY), mean_rest)
    return age[:, None] + np.arange(remaining.shape[1])


def age_when_left(remaining: np.ndarray, ages: np.ndarray, share: float = 0.5) -> np.ndarray:
    """Return the age at which no more than `share` of the views is still to come (반감기), shape (draws,)."""
    day = (remaining <= share).argmax(axis=1)
    (left, right), (young, old) = _around(remaining, ages, day)
    with np.errstate(divide="ignore", invalid="ignore"):
        fading = np.log(left / share) / np.log(left / right)
    part = np.where(right > 0, fading, (left - share) / (left - right))
    return young + part * (old - young)


def left_at(remaining: np.ndarray, ages: np.ndarray, age: float) -> np.ndarray:
    """Return the share still to come at an age in days, shape (draws,)."""
    day = np.minimum((ages < age).sum(axis=1), ages.shape[1] - 1)
    (left, right), (young, old) = _around(remaining, ages, day)
    part = np.clip((age - young) / (old - young), 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        fading = left * (right / left) ** part
    return np.where(right > 0, fading, left + part * (right - left))


def _around(remaining: np.ndarray, ages: np.ndarray, day: np.ndarray) -> tuple[tuple, tuple]:
    """Return shares and ages at the end of the day before and of the day itself; at publishing all is to come."""
    rows = np.arange(len(day))
    before = np.maximum(day - 1, 0)
    left = np.where(day > 0, remaining[rows, before], 1.0)
    young = np.where(day > 0, ages[rows, before], 0.0)
    return (left, remaining[rows, day]), (young, ages[rows, day])
