"""A market that is used up (남은 시장): new customers come from people not yet won, and conditions multiply.

New customers = people left x conditions x (base + media) + noise. A good season, a low price or an empty shelf moves
everybody's chance by a share, whatever pulls; media add to that chance, they do not multiply what is there without
them; and who was won last month cannot be won again. Read additively, a good season's money is credited with what the
season did to everything. Counts scatter by about the root of their size (Poisson), so small weeks weigh more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .regression import FamilyFit, Regression, non_negative
from .saturation import find_family

_ROUNDS = 4
_STEP = 0.7  # of log, the most that a round may change a week's conditions
_FLOOR = 0.2  # of its mean, the least level of a week


def with_market(regression: Regression, conditions: np.ndarray, left: np.ndarray) -> Regression:
    """Return the regression per person left, at the conditions that fit best (남은 시장의 회귀; Gauss-Newton).

    Parameters
    ----------
    regression : with a baseline of ones, trend and talk alone.
    conditions : all weeks x columns, standardised: season, controls and events.
    left : all weeks, people who were not yet customers.

    Returns
    -------
    Regression
        Its baseline is base and trend times people, then what a change of each condition would do.
    """
    rows, base = regression.rows, regression.baseline
    times, level = np.ones(len(left)), np.ones(len(base))
    for left_to_go in reversed(range(_ROUNDS)):
        people = left * times / (left * times)[rows].mean()
        columns = np.column_stack([base, level[:, None] * conditions[rows]]) * people[rows, None]
        weights = 1 / np.sqrt(level * people[rows])
        found = replace(regression, baseline=columns, people=people, weights=weights / weights.mean(), base=base)
        if left_to_go:
            level, step = _next(found, base)
            times = times * np.exp(np.clip(conditions @ step, -_STEP, _STEP))
    return found


def _next(regression: Regression, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each week's level, base and media, mean 1, and by how much the log of conditions moves."""
    fit = FamilyFit(regression, find_family("exponential"))
    shapes = fit.shapes(fit.mode()[None])
    effects = non_negative(*regression.normal(fit.columns(shapes)))[0]
    media = fit.features(shapes)[0, regression.rows] @ effects
    coefficients = np.linalg.lstsq(
        regression.whiten(regression.baseline.T).T, regression.whiten(regression.outcome - media), rcond=None
    )[0]
    level = base @ coefficients[: base.shape[1]] + media / regression.people[regression.rows]
    level = np.maximum(level, _FLOOR * level.mean())
    return level / level.mean(), coefficients[base.shape[1] :] / level.mean()


def net_of_market(gross: np.ndarray, outcome: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return what channels brought when those whom they won would in part have come later (순기여).

    Without a channel more people are left for later weeks. `gross` : draws x weeks x channels; `outcome`, `left` : weeks.

    >>> net_of_market(np.array([[[10.0], [0.0]]]), np.array([30.0, 10.0]), np.array([100.0, 70.0]))[0, :, 0].round(2)
    array([10.  , -1.43])
    """
    more, net = np.zeros((gross.shape[0], gross.shape[2])), np.empty_like(gross)
    for week in range(len(outcome)):
        net[:, week] = outcome[week] - (outcome[week] - gross[:, week]) * (1 + more / left[week])
        more = more + net[:, week]
    return net
