"""Reach curves (도달 곡선): how many people a channel reaches, how often, at any number of impressions (S3.1, S3.2).

Impressions are not people. Who is often there is met again and again, so each further impression brings fewer new
people; how fast, the frequency histogram of one campaign tells.

>>> seen = pd.Series([450, 210, 120, 80, 50, 40, 50], index=range(7))  # people who saw it 0, 1, ... 6 times
>>> curve = fit_reach(seen, universe=1000)
>>> curve.impressions
1390.0

Twice the impressions reach far fewer than twice the people:

>>> now, double = curve.reach(1390), curve.reach(2780)
>>> f"{now.estimate:.0f}, then {double.estimate:.0f} ({double.low:.0f} to {double.high:.0f})"
'550, then 692 (653 to 730)'
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from smm_analysis.terms import reason

from .curve import REDRAWS, ReachCurve, positive
from .exposure import PoissonMixture
from .mixture import cell_chances, fit_weights, rate_grid
from .points import one_point_curve

_POOR = 0.02  # misfit from which a warning is due, if it is also more than chance would make in 999 of 1,000 panels
_ROUNDING = 0.005  # how far, as a share, people may add up to more than the universe


class PoorFit(UserWarning):
    """The histogram is unlike any Poisson mixture (적합 불량)."""


def fit_reach(
    histogram: pd.Series | Mapping[int, float],
    *,
    universe: float,
    panel_n: int | None = None,
    impressions: float | None = None,
    open_ended: bool = False,
    level: float = 0.90,
    seed: int = 0,
) -> ReachCurve:
    """Reach curve from one campaign's frequency histogram (도달 곡선 추정, S3.1, S3.2).

    A Poisson mixture by nonparametric maximum likelihood, see `mixture`. If the histogram says no more than who was
    reached at all (frequencies 0 and "1 or more"), Goerg's one-point curve takes its place, and `method` says so.

    Parameters
    ----------
    histogram : people by frequency (0, 1, 2, ...). Without a frequency of 0 the rest of the universe was not reached.
        With it, the people may be a panel's or projected to the universe.
    universe : people who could be reached, the same group as in the histogram.
    panel_n : people really measured; without it, as many as the histogram holds.
    impressions : of the campaign, where they are counted elsewhere; else the histogram's contacts, scaled to the
        universe. Needed if `open_ended`.
    open_ended : whether the last frequency stands for "or more".
    level : two-sided level of the intervals, 0..1.
    seed : of the redraws that intervals rest on.

    Raises
    ------
    ValueError
        If frequencies are no distinct whole numbers, people are missing or negative, or add up to more than the
        universe; or if impressions are needed and not given.

    Warns
    -----
    PoorFit
        If the histogram is unlike any Poisson mixture, as under a frequency cap: it is then more even.

    Examples
    --------
    People who are all alike, met once on average: e**-1 = 37% are missed.

    >>> curve = fit_reach({0: 36788, 1: 36788, 2: 18394, 3: 6131, 4: 1533, 5: 307, 6: 51, 7: 8}, universe=1_000_000)
    >>> round(curve.reach(2 * curve.impressions).estimate, -4)
    860000.0
    """
    people = _checked(histogram, universe)
    measured = round(people.sum()) if panel_n is None else int(panel_n)
    if not 0 < measured <= universe * (1 + _ROUNDING):
        raise ValueError(f"panel_n must be a number of people, at most the universe {universe:,.0f}, not {measured:,}")
    contacts = float((people.index * people).sum() / people.sum() * universe)
    if open_ended and impressions is None:
        raise ValueError("impressions are needed where the last frequency stands for 'or more'")
    total = positive("impressions", impressions) if impressions is not None else contacts
    if contacts == 0:
        nobody = PoissonMixture(np.zeros(1), np.ones(1))
        return ReachCurve(nobody, "poisson_mixture", universe, total, measured, level, reason=reason("nobody_reached"))
    if open_ended and people.index[-1] == 1:
        reached = universe * float(people.loc[1] / people.sum())
        return one_point_curve(total, reached, universe=universe, panel_n=measured, level=level, seed=seed)
    model, redraw = _fit_mixture(people, measured, open_ended=open_ended, seed=seed)
    misfit = _misfit(model, people, measured)
    return ReachCurve(model, "poisson_mixture", universe, total, measured, level, misfit, redraw)


def _fit_mixture(
    people: pd.Series, measured: int, *, open_ended: bool, seed: int
) -> tuple[PoissonMixture, Callable[[], PoissonMixture]]:
    """Fit the mixture, and prepare its refits to panels of `measured` people redrawn from it."""
    seen = people[people > 0]
    last = int(seen.index[-1])
    if open_ended and last != people.index[-1]:
        open_ended = False  # nobody in the open class
    rates = rate_grid(last)
    weights = fit_weights(cell_chances(seen.index.to_numpy(float), rates, open_ended=open_ended), seen.to_numpy(float))
    every = np.arange(last + 1 if open_ended else 2 * last + 10, dtype=float)
    chances = cell_chances(every, rates, open_ended=open_ended)

    def redraw() -> PoissonMixture:
        expected = chances @ weights
        drawn = np.random.default_rng(seed).multinomial(measured, expected / expected.sum(), REDRAWS)
        refits = [fit_weights(chances[row > 0], row[row > 0].astype(float), start=weights) for row in drawn]
        return PoissonMixture(rates, np.array(refits))

    return PoissonMixture(rates, weights), redraw


def _misfit(model: PoissonMixture, people: pd.Series, measured: int) -> float:
    """Largest gap between observed and fitted shares with so many contacts or more (Kolmogorov-Smirnov)."""
    most = min(int(people.index[-1]), 50)
    seen = people.reindex(range(most + 1), fill_value=0.0)
    observed = 1 - (seen.cumsum() / people.sum()).to_numpy()[:-1]
    fitted = np.array([model.k_plus(np.ones(1), k)[0] for k in range(1, most + 1)])
    gap = float(np.abs(observed - fitted).max())
    if gap > max(_POOR, 1.95 / math.sqrt(measured)):
        warnings.warn(
            f"poor fit: the histogram differs from the fitted one by {gap:.0%} of people. Was there a frequency cap? "
            "Readings away from the campaign as it ran are then off.",
            PoorFit,
            stacklevel=3,
        )
    return gap


def _checked(histogram: pd.Series | Mapping[int, float], universe: float) -> pd.Series:
    """The histogram in order, with its zero class."""
    positive("universe", universe)
    people = pd.Series(histogram, dtype=float).rename("people")
    frequencies = pd.to_numeric(pd.Series(people.index), errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(frequencies) & (frequencies >= 0) & (frequencies % 1 == 0))
    if wrong.any() or not people.index.is_unique or people.empty:
        first = people.index[wrong | people.index.duplicated()][:3].tolist()
        raise ValueError(f"frequencies must be distinct whole numbers, 0 or more; first bad: {first}")
    bad = people[~(np.isfinite(people) & (people >= 0))]
    if len(bad):
        raise ValueError(f"people must be numbers, 0 or more; first bad at frequency {bad.index[:3].tolist()}")
    people.index = pd.Index(frequencies.astype(int), name="frequency")
    people = people.sort_index()
    if people.sum() > universe * (1 + _ROUNDING):
        raise ValueError(f"people add up to {people.sum():,.0f}, more than the universe of {universe:,.0f}")
    if people.index[0] != 0:
        people = pd.concat([pd.Series([max(universe - people.sum(), 0.0)], index=[0]), people])
    if people.sum() == 0:
        raise ValueError("people are 0 at every frequency: nobody was measured")
    return people
