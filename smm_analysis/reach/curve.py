"""A reach curve, however it was fitted (도달 곡선): people by number of impressions, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import Lang, reason

from .exposure import ExposureModel

Method = Literal["poisson_mixture", "nbd", "beta_binomial", "one_point"]

EFFECTIVE = 3  # contacts from which a person counts as effectively reached
REDRAWS = 200
_FARTHEST = 1000  # campaigns; who is not reached by then never is


@dataclass(frozen=True)
class ReachCurve:
    """People reached by a number of impressions (도달 곡선).

    Impressions are read as multiples of the campaign as it ran (`impressions`): the same mix of slots, more or less of
    it. Up to four times it was tested; farther out no histogram tells much. `universe` people could be reached,
    `panel_n` were really measured. Intervals, at `level`, hold the panel's sampling error: the estimate plus and minus
    the standard deviation of `REDRAWS` refits to histograms redrawn from the fitted model, within 0 and the universe.
    (Percentiles of the refits cover worse: the mixture's spread is biased upwards where people are alike.) They are
    NaN where no number of measured people is known. `misfit` is the largest gap between the histogram and the fitted
    one, as a share of people with at most so many contacts; it is large where contacts were capped. `reason` says why
    no curve could be fitted, as when nobody was reached.
    """

    model: ExposureModel
    method: Method
    universe: float
    impressions: float
    panel_n: int
    level: float = 0.90
    misfit: float = 0.0
    redraw: Callable[[], ExposureModel] | None = field(default=None, repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def reach(self, impressions: float) -> Estimate:
        """People with at least one contact at `impressions` (도달 인원)."""
        return self.k_plus(impressions, 1)

    def k_plus(self, impressions: float, k: int = EFFECTIVE) -> Estimate:
        """People with at least `k` contacts (k회 이상 도달; 3+ is the usual effective reach, 유효 도달)."""
        if self.reason:
            return unknown(self.level, self.panel_n, self.reason)
        people, low, high = (float(column[0]) for column in self._people([impressions], k))
        return Estimate(people, low, high, self.level, self.panel_n)

    def expected(self, impressions: float, k: int = 1) -> float:
        """The estimate of `k_plus` alone, without the work of its interval (기대 도달 인원)."""
        if self.reason:
            return math.nan
        return self.universe * float(self.model.k_plus(self._times([impressions]), k)[0])

    def impressions_for(self, people: float) -> float:
        """Impressions that reach so many people (도달 목표에 필요한 노출 수); infinite where none do."""
        from scipy.optimize import brentq

        if self.reason or not people >= 0:
            return math.nan
        most = _FARTHEST * self.impressions
        if people >= self.expected(most):
            return math.inf
        return brentq(lambda impressions: self.expected(impressions) - people, 0.0, most, xtol=1e-9 * most)

    def grp(self, impressions: float) -> float:
        """Gross rating points (총시청률, GRP): contacts per 100 people of the universe."""
        return 100 * float(self._times([impressions])[0]) * self.model.mean

    def mean_frequency(self, impressions: float) -> Estimate:
        """Contacts per person reached (평균 빈도)."""
        reached = self.reach(impressions)
        contacts = self.grp(impressions) / 100 * self.universe
        if reached.reason or not reached.estimate:
            return unknown(self.level, self.panel_n, reached.reason or reason("nobody_reached"))
        low = contacts / reached.high
        high = contacts / reached.low if reached.low > 0 else (math.inf if reached.low == 0 else math.nan)
        return Estimate(contacts / reached.estimate, low, high, self.level, self.panel_n)

    def table(self, impressions: Iterable[float] | None = None, *, k: int = EFFECTIVE) -> pd.DataFrame:
        """Return the curve as a table (도달 곡선 표), by default from 0 to four times the campaign.

        Returns
        -------
        DataFrame
            A row a number of impressions: impressions, grp, reach, reach_low, reach_high, effective_reach,
            effective_low, effective_high (people with `k` contacts or more), mean_frequency.
        """
        grid = np.linspace(0, 4, 41) * self.impressions if impressions is None else list(impressions)
        names = ["reach", "reach_low", "reach_high", "effective_reach", "effective_low", "effective_high"]
        columns = [*self._people(grid, 1), *self._people(grid, k)]
        table = pd.DataFrame({"impressions": grid} | dict(zip(names, columns, strict=True)))
        table.insert(1, "grp", 100 * self._times(grid) * self.model.mean)
        contacts = table["grp"] / 100 * self.universe
        return table.assign(mean_frequency=contacts / table["reach"].where(table["reach"] > 0))

    def _times(self, impressions: Iterable[float]) -> np.ndarray:
        wanted = np.asarray(list(impressions), float)
        if not (np.isfinite(wanted) & (wanted >= 0)).all():
            raise ValueError(f"impressions must be numbers, 0 or more, not {list(impressions)!r}")
        return wanted / self.impressions if self.impressions else np.full(wanted.shape, math.nan)

    def _people(self, impressions: Iterable[float], k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Estimate, low and high."""
        if k < 1 or k != int(k):
            raise ValueError(f"k must be a whole number of contacts, 1 or more, not {k!r}")
        times = self._times(impressions)
        share = self.model.k_plus(times, k)
        drawn = self._redrawn
        half = math.nan if drawn is None else z_value(self.level) * drawn.k_plus(times, k).std(axis=0)
        ends = (np.clip(share - half, 0, 1), np.clip(share + half, 0, 1))
        return self.universe * share, self.universe * ends[0], self.universe * ends[1]

    @cached_property
    def _redrawn(self) -> ExposureModel | None:
        return self.redraw() if self.redraw else None


def positive(name: str, value: float) -> float:
    """Return the value, or refuse it by name (양수 확인)."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0, not {value!r}")
    return float(value)


def share_of(name: str, people: float, universe: float) -> float:
    """Return people as a share of the universe, or refuse them by name (모집단 대비 비율)."""
    positive("universe", universe)
    if not 0 < people < universe:
        raise ValueError(f"{name} must lie between 0 and the universe {universe:,.0f}, not {people:,.0f}")
    return people / universe
