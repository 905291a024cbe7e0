"""Adstock (광고 이월 효과): money of one week still works in the next ones, less by a constant share each week.

Broadbent (1979, Journal of the Market Research Society 21(3)). Normalised: steady money of x a week makes an adstock of
x, so that saturation is read in money a week.

>>> adstock(np.array([[100.0], [0.0], [0.0]]), np.array([[0.5]]))[0, :, 0]
array([50. , 25. , 12.5])

Half of the effect of that money is felt in the first week, so the half-life is one week:

>>> float(half_life_weeks(np.array(0.5))), float(carry_over_of(1.0))
(1.0, 0.5)
"""

from __future__ import annotations

import numpy as np


def adstock(spend: np.ndarray, carry_over: np.ndarray) -> np.ndarray:
    """Carry money over: a[t] = c a[t-1] + (1 - c) x[t], from a[-1] = 0 (기하 이월).

    Parameters
    ----------
    spend : weeks x channels, money; `carry_over` : draws x channels, 0..1.

    Returns
    -------
    array
        draws x weeks x channels.
    """
    level, carried = np.zeros(carry_over.shape), np.empty((len(spend), *carry_over.shape))
    for week, money in enumerate(spend):
        level = carry_over * level + (1 - carry_over) * money
        carried[week] = level
    return carried.transpose(1, 0, 2)


def half_life_weeks(carry_over: np.ndarray) -> np.ndarray:
    """Weeks until an effect has halved, from the share carried over a week, 0..1 (이월 반감기, S3.1b)."""
    with np.errstate(divide="ignore"):
        return np.log(0.5) / np.log(carry_over)


def carry_over_of(half_life: np.ndarray | float) -> np.ndarray:
    """Share carried over a week, from the half-life in weeks, above 0 (이월률)."""
    return np.power(0.5, 1 / np.asarray(half_life, float))
