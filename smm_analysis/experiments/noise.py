"""What a brand's weeks do by themselves (브랜드 고유의 변동): level, season, and noise that lasts.

Everything is in percent of the unit's usual week, so that units of different size go together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.terms import Refused

FEWEST_WEEKS = 26
_USUAL = 26  # weeks that say what is usual: the last half year, as a market may be growing or used up
_A_YEAR = 52  # weeks from which on a season is told from a trend
_LONGEST = 156  # older weeks say little of the noise to come
_BURN_IN = 30
_YEAR = 365.25
_LEVELS = (25.0, 400.0)  # percent of the usual week, between which a level is believed
_FADES = 4.0  # half years in which a change fades
_LEAN = 0.25  # how far the growth of noise may well lie from a count's
_AHEAD = (0.5, 2.0)  # times the usual level, between which one to come is believed


@dataclass(frozen=True)
class Noise:
    """How a brand's weeks vary (주별 변동).

    `usual` is each unit's mean week, in the outcome's unit; the rest is in percent of it. `sd` of a week's noise, with
    `autocorrelation` from week to week; `shocks` its new part of each week (weeks, units); `season` the
    coefficients of the yearly wave that units share (2, units), 0 where less than a year is known, as high as it is at
    the level of the last half year; `n` the weeks it rests on, `last` the last of them. `change` is by how much the
    level changes in half a year, times: a market may be growing or used up, and what counts people is noisier where
    they are many. `now` is the level of the last half year without its season, times the usual one: half a year that
    was all high season is no measure of a year to come. Noise grows with the level to the power `growth`: 0.5 where
    people are counted, 1 where weeks go up and down by parts of themselves.
    """

    usual: pd.Series
    sd: float
    autocorrelation: float
    n: int
    shocks: np.ndarray = field(repr=False, compare=False)
    season: np.ndarray = field(repr=False, compare=False)
    last: pd.Timestamp = field(repr=False)
    change: float = 1.0
    now: float = 1.0
    growth: float = 0.5

    @property
    def swing(self) -> float:
        """Half of the way from the season's lowest to its highest week, percent, the mean over units."""
        return float(np.hypot(*self.season).mean())

    @property
    def n_free(self) -> float:
        """As many independent weeks would tell the noise's variance as well."""
        squared = self.autocorrelation**2
        return self.shocks.size * (1 - squared) / (1 + squared)

    def scales(self, level: float) -> tuple[float, float]:
        """Return by which factors the true noise may be smaller or larger than `sd`, from chi-square (level 0..1)."""
        from scipy.stats import chi2

        low, high = chi2.ppf([0.5 + level / 2, 0.5 - level / 2], self.n_free)
        return float(np.sqrt(self.n_free / low)), float(np.sqrt(self.n_free / high))

    def draw(self, start: pd.Timestamp, weeks: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw noise of weeks to come, (n, weeks, units), and the season's course, (weeks, units).

        Shocks are the brand's own, drawn anew by whole weeks: what units have in common stays in common. They are as
        large as the level to be expected makes them.
        """
        shocks = self.shocks[rng.integers(0, len(self.shocks), (n, weeks + _BURN_IN))]
        at, out = np.zeros(shocks[:, 0].shape), np.empty(shocks.shape)
        for week in range(weeks + _BURN_IN):
            at = self.autocorrelation * at + shocks[:, week]
            out[:, week] = at
        days = pd.date_range(start, periods=weeks, freq="7D")
        season = self._course(days)[:, None] * (wave(days) @ self.season)
        return out[:, _BURN_IN:] * (self.level(days) ** self.growth)[:, None], season

    def level(self, weeks: pd.DatetimeIndex) -> np.ndarray:
        """Return the level to be expected, times the usual one, with the season; (weeks,).

        A season swings with the level: what is used up has a smaller one.
        """
        season = wave(weeks) @ self.season.mean(axis=1) / 100
        return np.clip(self._course(weeks) * (self.now + season), *_AHEAD)

    def _course(self, weeks: pd.DatetimeIndex) -> np.ndarray:
        """Return the level without its season, times that of the last half year.

        What changed goes on changing, and comes to rest: a damped trend (Gardner and McKenzie 1985).
        """
        halves = ((weeks - self.last).days.to_numpy() / 7 + _USUAL / 2) / _USUAL  # from the middle of what is usual
        return self.change ** np.where(halves > 0, _FADES * (1 - np.exp(-np.maximum(halves, 0) / _FADES)), halves)


def panel(weekly: pd.DataFrame, column: str, unit: str) -> pd.DataFrame:
    """Return a column by week and unit (주 x 단위), every week there.

    Raises
    ------
    ValueError
        A column that is missing or no number, two rows for one week, or weeks without a value; the first are named.
    """
    if missing := [name for name in ("week", unit, column) if name not in weekly]:
        raise Refused("experiment_no_column", column=missing[0], columns=", ".join(map(str, weekly)))
    if weekly[column].dtype.kind not in "iufb":
        raise Refused("experiment_no_numbers", column=column, kind=weekly[column].dtype)
    if weekly.duplicated(["week", unit]).any():
        row = weekly[weekly.duplicated(["week", unit])].iloc[0]
        raise Refused("experiment_week_twice", week=row["week"], unit=row[unit])
    wide = weekly.pivot_table(index="week", columns=unit, values=column, observed=True).astype(float).asfreq("7D")
    if wide.isna().any(axis=None):
        weeks = wide.index[wide.isna().any(axis=1)]
        told = ", ".join(f"{week:%Y-%m-%d}" for week in weeks[:5])
        raise Refused("experiment_weeks_lacking", column=column, weeks=len(weeks), first=told)
    return wide


def noise_of(weekly: pd.DataFrame, *, outcome: str, unit: str = "brand", adjust: Sequence[str] = ()) -> Noise:
    """Measure a brand's own noise from its past weeks (변동 재기).

    Level, a trend with a bend a year, from a year on a yearly wave, and what the columns `adjust` explain are taken
    off. What counts people is noisier where the level is higher: the rest is brought to the usual level. The
    week-to-week correlation is that of the rest, pooled over units; its small-sample bias, which grows with every
    column taken off (Marriott and Pope 1954; (k + (k + 2) r) / n for k slow ones), is taken back.

    Raises
    ------
    ValueError
        Fewer than 26 weeks, an outcome that is 0 on average, or one that never varies.
    """
    wide = panel(weekly, outcome, unit).iloc[-_LONGEST:]
    if len(wide) < FEWEST_WEEKS:
        raise Refused("experiment_few_weeks", weeks=len(wide), outcome=outcome, needed=FEWEST_WEEKS)
    usual = usual_week(wide)
    percent = (100 * wide / usual).to_numpy()
    columns = [panel(weekly, name, unit).loc[wide.index].to_numpy() for name in adjust]
    season, rest, levels, course, explained = _parts(percent, wide.index, columns)
    growth = _growth(rest, levels)
    rest = rest / levels**growth
    lag = (rest[1:] * rest[:-1]).sum() / (rest**2).sum() if rest.any() else np.nan
    if not np.isfinite(lag) or rest.std() < 1e-9:
        raise Refused("experiment_never_varies", outcome=outcome)
    known, taken = len(rest), explained - len(columns)
    lag = float(np.clip((lag + taken / known) / (1 - (taken + 2) / known), -0.5, 0.95))
    shocks = rest[1:] - lag * rest[:-1]
    shocks = (shocks - shocks.mean(axis=0)) * np.sqrt(len(rest) / (len(rest) - explained))
    sd = float(np.sqrt((shocks**2).mean() / (1 - lag**2)))
    now = float(np.clip(1 - (wave(wide.index[-_USUAL:]) @ season).mean() / 100, *_AHEAD))
    season *= np.clip(course[-_USUAL:].mean() / course.mean(), *_AHEAD)
    return Noise(usual, sd, lag, len(wide), shocks, season, wide.index[-1], _change(course), now, growth)


def usual_week(wide: pd.DataFrame) -> pd.Series:
    """Return each unit's mean over its last half year (평소의 한 주)."""
    usual = wide.iloc[-_USUAL:].mean()
    if (usual <= 0).any():
        raise Refused("experiment_nothing_usual", unit=usual.idxmin(), mean=usual.min())
    return usual


def wave(weeks: pd.DatetimeIndex) -> np.ndarray:
    """Return the yearly wave's two columns; (weeks, 2)."""
    angle = 2 * np.pi * (weeks - pd.Timestamp("2000-01-03")).days.to_numpy() / _YEAR
    return np.column_stack([np.sin(angle), np.cos(angle)])


def _parts(
    percent: np.ndarray, weeks: pd.DatetimeIndex, columns: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the yearly wave, what nothing explains, the levels, their shared course, and columns taken off a unit.

    Levels (weeks, units) are times the usual week, the course (weeks,) is in percent of it and without the season. The
    wave is what units have in common: of each by itself it would be a guess, and guesses that differ look like noise.
    What a unit's own season adds stays in its noise.
    """
    bends = 1 + len(weeks) // _A_YEAR
    trend = np.vander(np.linspace(-1, 1, len(weeks)), bends + 1)
    yearly = wave(weeks) if len(weeks) >= _A_YEAR else np.empty((len(weeks), 0))
    columns = [column - column.mean(axis=0) for column in columns]
    shared = np.column_stack([yearly, trend, *(column.mean(axis=1) for column in columns)])
    found = np.linalg.lstsq(shared, percent.mean(axis=1), rcond=None)[0]
    swing, course = found[: yearly.shape[1]], trend @ found[yearly.shape[1] :][: bends + 1]
    rest, levels = np.empty(percent.shape), np.empty(percent.shape)
    for at, own in enumerate((percent - (yearly @ swing)[:, None]).T):
        design = np.column_stack([trend, *(column[:, at] for column in columns)])
        found = np.linalg.lstsq(design, own, rcond=None)[0]
        rest[:, at] = own - design @ found
        levels[:, at] = np.clip(trend @ found[: bends + 1] + yearly @ swing, *_LEVELS) / 100
    season = np.zeros((2, percent.shape[1]))
    season[: len(swing)] = swing[:, None]
    slow = trend.shape[1] + yearly.shape[1] / percent.shape[1]  # the wave is taken off once, from all units together
    return season, rest, levels, course, slow + len(columns)


def _growth(rest: np.ndarray, levels: np.ndarray) -> float:
    """Return to which power of the level noise grows, 0..1: the likeliest, leaning on a count's (Taylor 1961, a law).

    Where the level hardly changes, weeks say nothing of it, and a half is what is left.
    """
    powers = np.linspace(0, 1, 41)[:, None]
    logs, squares = np.log(levels).ravel(), (rest**2).ravel() + 1e-12
    around = np.log((squares * np.exp(-2 * powers * logs)).mean(axis=1)) * len(logs) / 2 + powers[:, 0] * logs.sum()
    return float(powers[np.argmin(around + ((powers[:, 0] - 0.5) / _LEAN) ** 2 / 2), 0])


def _change(course: np.ndarray) -> float:
    """Return the level of the last half year, times that of the one before; 1 where no year is known."""
    if len(course) < 2 * _USUAL:
        return 1.0
    return float(np.clip(course[-_USUAL:].mean() / max(course[-2 * _USUAL : -_USUAL].mean(), 1e-9), *_AHEAD))
