"""Hides against the promotion share (홍보 비율과 숨기기): the regression, its monotone curve, and what is read off it.

What is regressed on is a straight line bent where pieces meet, so that log hides per impression may rise slowly at
first and faster where people have had enough. `used` are weeks with share (smoothed), impressions, hides, and brand if
there are several.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate
from smm_analysis.terms import reason

from .brand_weeks import crisis_share
from .weekly_fit import WeeklyFit, fit_counts

AHEAD = 4  # weeks by which the placebo looks ahead
_PLACEBO_LEVEL = 0.99
_HIGHEST = 0.95  # quantile of the weeks that counts as the highest share seen
_PIECES = 4  # of the curve at most, of equal width
_QUARTER = 0.25  # of the weeks are low, or high, promotion weeks
_GRID = 60


def sides(used: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the quarter of weeks with least, and with most, promotion."""
    low, high = used["share"].quantile([_QUARTER, 1 - _QUARTER])
    return used[used["share"] <= low], used[used["share"] >= high]


def ends(used: pd.DataFrame) -> tuple[float, float]:
    """Return the mean share in the quarter of weeks with least, and with most, promotion."""
    if used.empty:
        return float("nan"), float("nan")
    low, high = (np.average(side["share"], weights=side["impressions"]) for side in sides(used))
    return float(low), float(high)


def _pieces(share: pd.Series | np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Split a share into the parts that lie between the knots: their coefficients are the pieces' slopes."""
    edges = [-np.inf, *knots, np.inf]
    parts = [np.clip(share, low, high) - (low if np.isfinite(low) else 0) for low, high in pairwise(edges)]
    return np.column_stack(parts)


def _knots(used: pd.DataFrame) -> np.ndarray:
    """Return evenly spaced shares where pieces meet, so that every piece holds some weeks."""
    share, knots = np.sort(used["share"]), []
    fewest = max(8, len(share) // 12)
    for knot in np.linspace(share[0], share[-1], _PIECES + 1)[1:-1]:
        below = np.searchsorted(share, knot)
        if below - np.searchsorted(share, knots[-1] if knots else -1) >= fewest <= len(share) - below:
            knots.append(knot)
    return np.array(knots)


def fit_hides(used: pd.DataFrame, events: pd.DataFrame | None, *extra: str) -> WeeklyFit:
    """Regress hides on the pieces of the smoothed share, each brand's level and trend, crises, and more columns."""
    used = used.reset_index()
    pieces = _pieces(used["share"], _knots(used))
    columns = pd.DataFrame(pieces, columns=[f"piece_{i}" for i in range(pieces.shape[1])])
    brands = used.get("brand", pd.Series("", used.index))
    time = 2 * used.groupby(brands).cumcount() / used.groupby(brands)["share"].transform("size") - 1
    for number, brand in enumerate(brands.unique()):
        ours = (brands == brand).to_numpy(float)
        columns[f"level_{number}"], columns[f"trend_{number}"] = ours, ours * time
    crisis = crisis_share(events, pd.DatetimeIndex(used["week"]))
    columns = columns.assign(crisis=crisis) if crisis.any() else columns
    columns[list(extra)] = used[list(extra)]
    return fit_counts(used["hides"], columns, exposure=used["impressions"])


def ratio(fit: WeeklyFit, used: pd.DataFrame, level: float) -> Estimate:
    """Hides per 1,000 of high over low promotion weeks: what the pieces say, at the same trend."""
    low, high = (_mean_pieces(side, _knots(used)) for side in sides(used))
    return _over(fit, low, high, level)


def highest(fit: WeeklyFit, used: pd.DataFrame, level: float) -> Estimate:
    """Hides per 1,000 at the highest share seen over low promotion weeks."""
    knots = _knots(used)
    top = _pieces(used["share"].quantile([_HIGHEST]), knots)[0]
    return _over(fit, _mean_pieces(sides(used)[0], knots), top, level)


def _mean_pieces(side: pd.DataFrame, knots: np.ndarray) -> np.ndarray:
    return np.average(_pieces(side["share"], knots), axis=0, weights=side["impressions"])


def _over(fit: WeeklyFit, low: np.ndarray, high: np.ndarray, level: float) -> Estimate:
    gap = fit.contrast({f"piece_{i}": step for i, step in enumerate(high - low)}, level)
    return Estimate(*np.exp([gap.estimate, gap.low, gap.high]).tolist(), level, fit.n)


def placebo_ratio(used: pd.DataFrame, events: pd.DataFrame | None) -> Estimate:
    """Hides now for ten points more of promotion in a week ahead, beside what people have lately seen, as a ratio."""
    known = used.dropna(subset="ahead")
    found = fit_hides(known, events, "ahead").contrast({"ahead": 0.1}, _PLACEBO_LEVEL)
    return Estimate(*np.exp([found.estimate, found.low, found.high]).tolist(), _PLACEBO_LEVEL, found.n)


@dataclass(frozen=True)
class Curves:
    """Monotone curves of log hides per impression over a grid of shares, the estimate first, then draws."""

    shares: np.ndarray
    logs: np.ndarray
    base: np.ndarray
    n: int

    @classmethod
    def drawn(cls, fit: WeeklyFit, used: pd.DataFrame, draws: int, rng: np.random.Generator) -> Curves:
        """Return the curve of the fit and of so many draws, at the mean of the brands' levels."""
        low, high = used["share"].quantile([0.0, _HIGHEST])
        shares = np.linspace(low, high, _GRID)
        pieces = _pieces(shares, _knots(used))
        levels = [name for name in fit.coefficients.index if name.startswith("level_")]
        names = [*(f"piece_{i}" for i in range(pieces.shape[1])), *levels]
        coefficients = np.vstack([fit.coefficients[names], fit.draws(names, draws, rng)])
        slopes, level = np.split(coefficients, [pieces.shape[1]], axis=1)
        logs = np.array([_monotone(line) for line in slopes @ pieces.T + level.mean(axis=1, keepdims=True)])
        calm, _ = sides(used)
        at_low = np.array([np.interp(calm["share"], shares, row) for row in logs])
        return cls(shares, logs, np.average(at_low, axis=1, weights=calm["impressions"]), len(used))

    @property
    def doublings(self) -> np.ndarray:
        """The share at which each curve has doubled, infinite where it has not."""
        risen = self.logs - self.base[:, None] - np.log(2)
        return np.array([_first_zero(self.shares, row) for row in risen])

    def doubling(self, level: float) -> Estimate:
        """The share at which hides have doubled; a bound where they have not within what was seen."""
        points = self.doublings
        found = _of_draws(points, level, self.n)
        if np.isfinite(found.estimate):
            return found
        low = min(found.low, float(self.shares[-1]))
        return Estimate(np.inf, low, np.inf, level, self.n, reason("no_doubling_seen", share=self.shares[-1], low=low))

    def table(self, level: float) -> pd.DataFrame:
        """Return the curve with its interval."""
        low, high = np.quantile(self.logs[1:], [0.5 - level / 2, 0.5 + level / 2], axis=0)
        lines = {
            "hides_per_1000": self.logs[0],
            "low": np.minimum(low, self.logs[0]),
            "high": np.maximum(high, self.logs[0]),
        }
        return pd.DataFrame({"share": self.shares} | {name: 1000 * np.exp(line) for name, line in lines.items()})


def _of_draws(values: np.ndarray, level: float, n: int) -> Estimate:
    """Return the first value with the quantiles of the others, which may be infinite."""
    low, high = np.quantile(values[1:], [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    return Estimate(float(values[0]), float(min(low, values[0])), float(max(high, values[0])), level, n)


def _monotone(line: np.ndarray) -> np.ndarray:
    """Pool adjacent violators until the line nowhere falls."""
    from scipy.optimize import isotonic_regression

    return isotonic_regression(line).x


def _first_zero(shares: np.ndarray, line: np.ndarray) -> float:
    """Return where a rising line first reaches 0, infinite if it never does."""
    reached = np.flatnonzero(line >= 0)
    if not len(reached):
        return np.inf
    at = reached[0]
    if at == 0:
        return float(shares[0])
    return float(np.interp(0.0, line[at - 1 : at + 1], shares[at - 1 : at + 1]))
