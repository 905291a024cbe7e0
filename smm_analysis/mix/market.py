"""A market that is used up (남은 시장): new customers come from people not yet won, and conditions multiply.

New customers = people left x conditions x (base + media) + noise. A good season, a low price or an empty shelf moves
everybody's chance by a share, whatever pulls; media add to that chance, they do not multiply what is there without
them; and who was won last month cannot be won again. Read additively, a good season's money is credited with what the
season did to everything. Counts scatter by about the root of their size (Poisson), so small weeks weigh more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .averaging import Average
from .regression import FamilyFit, Regression, non_negative
from .saturation import find_family

_ROUNDS = 4
_STEP = 0.7  # of log, the most that a round may change a week's conditions
_FLOOR = 0.2  # of its mean, the least level of a week
_TOGETHER = 0.25  # sd of log: where a purchase needs several exposures, taking a channel away costs more than it adds


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
    times, level, mode = np.ones(len(left)), np.ones(len(base)), None
    for left_to_go in reversed(range(_ROUNDS)):
        people = left * times / (left * times)[rows].mean()
        columns = np.column_stack([base, level[:, None] * conditions[rows]]) * people[rows, None]
        weights = 1 / np.sqrt(level * people[rows])
        found = replace(regression, baseline=columns, people=people, weights=weights / weights.mean(), base=base)
        if left_to_go:
            level, step, mode = _next(found, base, mode)
            times = times * np.exp(np.clip(conditions @ step, -_STEP, _STEP))
    return found


def _next(
    regression: Regression, base: np.ndarray, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each week's level, base and media, mean 1; by how much the log of conditions moves; and the mode."""
    fit = FamilyFit(regression, find_family("exponential"))
    mode = fit.mode(start)
    shapes = fit.shapes(mode[None])
    effects = non_negative(*regression.normal(fit.columns(shapes)))[0]
    media = fit.features(shapes)[0, regression.rows] @ effects
    coefficients = np.linalg.lstsq(
        regression.whiten(regression.baseline.T).T, regression.whiten(regression.outcome - media), rcond=None
    )[0]
    level = base @ coefficients[: base.shape[1]] + media / regression.people[regression.rows]
    level = np.maximum(level, _FLOOR * level.mean())
    return level / level.mean(), coefficients[base.shape[1] :] / level.mean(), mode


def helped(average: Average, rng: np.random.Generator) -> Average:
    """Return the average, its effects as unsure as how far media help each other (매체 간 상승 효과).

    Channels are read side by side. Where people buy after several exposures, whatever the medium, that misses a share
    of what a channel does among others, and no number of weeks tells it. So each draw of each channel is multiplied by
    a factor of its own, median 1 (a discrepancy in the sense of Kennedy & O'Hagan 2001, Journal of the Royal
    Statistical Society B 63(3)). Its size was chosen by coverage on virtual brands kept for development
    (`benchmarks/mix_virtual.py`): nothing in a firm's weeks sets it.
    """
    pools = [
        replace(pool, effects=pool.effects * np.exp(_TOGETHER * rng.normal(size=pool.effects.shape)))
        for pool in average.pools
    ]
    return replace(average, pools=tuple(pools))


def net_of_market(gross: np.ndarray, outcome: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return what channels brought when those whom they won would in part have come later (순기여).

    Without a channel more people are left for later weeks. `gross` is draws x weeks x channels, `outcome` and `left`
    are of weeks.

    >>> net_of_market(np.array([[[10.0], [0.0]]]), np.array([30.0, 10.0]), np.array([100.0, 70.0]))[0, :, 0].round(2)
    array([10.  , -1.43])
    """
    more, net = np.zeros((gross.shape[0], gross.shape[2])), np.empty_like(gross)
    for week in range(len(outcome)):
        net[:, week] = outcome[week] - (outcome[week] - gross[:, week]) * (1 + more / left[week])
        more = more + net[:, week]
    return net
