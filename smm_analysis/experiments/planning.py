"""How long an experiment must be (실험 계획): the rule that will be used, tried on the brand's own noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate
from smm_analysis.terms import Lang, Refused, reason

from . import lots
from .designs import FEWEST_LOTS, Design, Kind, calendar, doses, first_monday, schedule
from .noise import FEWEST_WEEKS, Noise, noise_of

_TIMETABLES = 50  # that are tried
_WEEKS_TRIED = 24  # courses of noise for each
_OTHERS = 299  # other lots that each is held against
_LONG_PAST = 52  # weeks before the start that units are compared with, where so many are known
_CURVE = 6  # points of the curve besides those that the search visits

Power = tuple[float, float, float, float]
Ends = tuple[np.ndarray, np.ndarray]
_AS_KNOWN, _NOISE_HIGH, _NOISE_LOW = range(3)  # places in both; in a power the fourth is the chance of a clear no


@dataclass(frozen=True)
class ExperimentPlan:
    """An experiment that would tell, and how surely (실험 계획).

    Attributes
    ----------
    design : the timetable; `schedule` and `calendar` show it.
    weeks : weeks needed for the planned power, its ends where the noise is as small or large as it may be; infinite
        where even the longest experiment is too short.
    power : the chance of *supported* in `design` if the effect is as planned, 0..1, its ends as those of `weeks`.
    power_none : the chance of *not supported* in `design` if there is no effect, 0..1.
    detectable : the smallest effect that `design` tells with the power wanted, percent of a usual week, its ends as
        those of `weeks`.
    curve : by weeks: power, power_low, power_high, power_none.
    noise : the brand's own, from its past; `adjust` is what was taken off it, and is to be taken off the outcome.
    reason : in each language, why no experiment of the length allowed is long enough; empty if one is.
    """

    design: Design
    outcome: str
    effect: float
    delta: float
    level: float
    weeks: Estimate
    power: Estimate
    power_none: float
    detectable: Estimate
    adjust: tuple[str, ...]
    noise: Noise = field(repr=False)
    curve: pd.DataFrame = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    @property
    def schedule(self) -> pd.DataFrame:
        """The timetable, a row a week and unit."""
        return schedule(self.design)

    @property
    def calendar(self) -> pd.DataFrame:
        """What to do when, a row a stretch of days without a switch."""
        return calendar(self.design)


def plan_experiment(
    weekly: pd.DataFrame,
    *,
    outcome: str,
    design: Kind,
    effect: float,
    delta: float = 0.0,
    level: float = 0.90,
    power: float = 0.80,
    half_life: float = 0.0,
    washout: int | None = None,
    block: int | None = None,
    weeks: int | None = None,
    longest: int = 104,
    start: pd.Timestamp | None = None,
    unit: str = "brand",
    adjust: Sequence[str] = (),
    seed: int = 0,
) -> ExperimentPlan:
    """Plan the experiment that would tell whether an activity works (실험 계획하기).

    The interval rule of `read_experiment` is tried on outcomes drawn from the brand's own past: season, noise, and how
    long that lasts. Power is the share of them in which the low end lies beyond `delta`.

    Parameters
    ----------
    weekly : the past, a row a week and unit: week, `unit`, the outcome.
    design : *alternating* (one brand is enough), *holdout* (8 units or more) or *staggered* (5 units or more).
    effect : what the activity is thought to add while it is on, percent of a usual week.
    delta : the smallest effect that matters, in the same unit, below `effect`.
    level, power : two-sided level of the interval, and the chance wanted of *supported*; 0..1.
    half_life : weeks in which half of the activity's effect is gone, 0 = it works in its own week only.
    washout : first weeks of each block that do not count; None: two half-lives.
    block : fewest weeks in one state, or from start to start; None: the washout and two weeks (staggered: one). Where
        units start one after the other, a longer experiment has longer ones.
    weeks : a length of one's own, rounded up to one that the blocks can take; None: as long as `power` needs.
    longest : the longest experiment that is thought of, weeks.
    start : its first Monday; None: the first after the weeks known.
    adjust : columns that the activity cannot move; `read_experiment` must be given them too.
    seed : of the lot.

    Raises
    ------
    ValueError
        If `effect` is not above `delta`, too few weeks or units are known, or a column is missing or no number.
    """
    _check(effect, delta, level, power)
    begin = first_monday(weekly["week"].max()) if start is None else pd.Timestamp(start)
    noise = noise_of(weekly[weekly["week"] < begin], outcome=outcome, unit=unit, adjust=adjust)
    washout = math.ceil(2 * half_life) if washout is None else washout
    shape = _shape(design, tuple(map(str, noise.usual.index)), washout=washout, block=block, longest=longest)
    past = _LONG_PAST if noise.n >= _LONG_PAST + FEWEST_WEEKS else FEWEST_WEEKS
    shape = replace(shape, start=begin, half_life=half_life, seed=seed, past=past)
    trials = _Trials(shape, noise, effect=effect, delta=delta, level=level, longest=longest)
    needed = [trials.first(power, at) for at in (_AS_KNOWN, _NOISE_LOW, _NOISE_HIGH)]
    length = trials.length(needed[0] if weeks is None else weeks)
    found, told = trials.powers(length), trials.detectable(length, power)
    return ExperimentPlan(
        *(_of_length(shape, length), outcome, effect, delta, level),
        weeks=Estimate(*needed, level, noise.n),
        power=Estimate(*found[:3], level, noise.n),
        power_none=found[3],
        detectable=Estimate(told[_AS_KNOWN], told[_NOISE_LOW], told[_NOISE_HIGH], level, noise.n),
        adjust=tuple(adjust),
        noise=noise,
        curve=trials.curve(),
        reason=trials.too_short(power) if math.isinf(needed[0]) else {},
    )


def _check(effect: float, delta: float, level: float, power: float) -> None:
    if not effect > delta:
        raise Refused("experiment_effect_below", effect=effect, delta=delta)
    if not 0 < level < 1 or not 0 < power < 1:
        raise ValueError(f"level and power must lie between 0 and 1, not {level!r} and {power!r}")


class _Trials:
    """Lengths of one design, each tried once on the brand's noise."""

    def __init__(self, shape: Design, noise: Noise, *, effect: float, delta: float, level: float, longest: int) -> None:
        self.shape, self.noise, self.effect, self.delta, self.level = shape, noise, effect, delta, level
        self.lengths = list(range(shape.weeks, max(longest, shape.weeks) + 1, shape.step))
        self.tried: dict[int, Ends] = {}

    def ends(self, weeks: int) -> Ends:
        """Return what `interval_ends` finds for this length."""
        if weeks not in self.tried:
            self.tried[weeks] = interval_ends(_of_length(self.shape, weeks), self.noise, level=self.level)
        return self.tried[weeks]

    def powers(self, weeks: int) -> Power:
        """Return power, its ends, and the chance of a clear no without effect."""
        return _powers(self.ends(weeks), self.effect, self.delta)

    def detectable(self, weeks: int, power: float) -> list[float]:
        """Return the smallest effect told with this power (최소 탐지 효과), as known, and noise high or low."""
        lows, _ = self.ends(weeks)
        return (self.delta + np.quantile(-lows, power, axis=1, method="inverted_cdf")).tolist()

    def first(self, wanted: float, at: int) -> float:
        """Return the first length with the power wanted, by halving; infinite if there is none."""
        if self.powers(self.lengths[-1])[at] < wanted:
            return math.inf
        low, high = 0, len(self.lengths) - 1
        while low < high:
            middle = (low + high) // 2
            enough = self.powers(self.lengths[middle])[at] >= wanted
            low, high = (low, middle) if enough else (middle + 1, high)
        return float(self.lengths[low])

    def length(self, wanted: float) -> int:
        """Return the first length of so many weeks or more, else the longest."""
        return next((weeks for weeks in self.lengths if weeks >= wanted), self.lengths[-1])

    def curve(self) -> pd.DataFrame:
        """Return all that was tried, and a few lengths over the whole range."""
        places = np.linspace(0, len(self.lengths) - 1, min(_CURVE, len(self.lengths))).astype(int)
        lengths = sorted({*self.tried, *(self.lengths[place] for place in places)})
        names = ["power", "power_low", "power_high", "power_none"]
        powers = pd.DataFrame([self.powers(weeks) for weeks in lengths], columns=names)
        return powers.assign(weeks=lengths)[["weeks", *names]]

    def too_short(self, wanted: float) -> dict[Lang, str]:
        """Say that even the longest does not tell, and what it would."""
        longest = self.lengths[-1]
        told = {"power": self.powers(longest)[_AS_KNOWN], "detectable": self.detectable(longest, wanted)[_AS_KNOWN]}
        return reason("experiment_too_short", weeks=longest, wanted=wanted, **told)


def powers(design: Design, noise: Noise, *, effect: float, delta: float, level: float) -> Power:
    """Try a design on the brand's own noise (검정력): power, its ends, and the chance of a clear no without effect."""
    return _powers(interval_ends(design, noise, level=level), effect, delta)


def _powers(ends: Ends, effect: float, delta: float) -> Power:
    lows, high = ends
    return *((lows + effect > delta).mean(axis=1).tolist()), float((high < delta).mean())


def interval_ends(design: Design, noise: Noise, *, level: float) -> Ends:
    """Read a design on the brand's own noise, without an effect, which would move both ends by itself.

    Many timetables are drawn, each on many courses of noise, and read as `read_experiment` reads.

    Returns
    -------
    lows, high
        The low ends with the noise as known, as high and as low as it may be, (3, readings); the high ends with the
        noise as known, (readings,).
    """
    rng = np.random.default_rng([design.seed, 3])
    begins = design.start - pd.Timedelta(weeks=design.before)
    courses, season = noise.draw(begins, len(design.counts), _TIMETABLES * _WEEKS_TRIED, rng)
    courses, season = lots.centred(design, courses), lots.centred(design, season[None])[0]
    own, others = (lots.centred(design, doses(design, design.draw(rng, n))) for n in (_TIMETABLES, _OTHERS))
    others, scales = lots.unit_length(others), noise.scales(level)
    found = []
    for dose, noisy in zip(own, courses.reshape(_TIMETABLES, _WEEKS_TRIED, -1), strict=True):
        read = _Reading(dose, others, noisy, season, level)
        found.append([read.interval(scale) for scale in (1.0, scales[1], scales[0])])
    ends = np.array(found)  # timetables, noises, low and high, courses
    return np.concatenate(ends[:, :, 0], axis=-1), ends[:, 0, 1].ravel()


class _Reading:
    """One drawn timetable, read on many courses of noise."""

    def __init__(self, dose: np.ndarray, others: np.ndarray, noisy: np.ndarray, season: np.ndarray, level: float):
        size, self.level = float(np.linalg.norm(dose)), level
        drawn = dose / size
        self.own = noisy @ drawn, season @ drawn  # how well noise and season go with the drawn timetable
        self.rest = noisy @ others.T, others @ season  # and with the others
        self.gaps = size - others @ dose

    def interval(self, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval's ends under noise so many times as large."""
        own, rest = (scale * noisy + season for noisy, season in (self.own, self.rest))
        return lots.ends(*lots.thresholds(rest, own, self.gaps), self.level)


def _shape(kind: Kind, units: tuple[str, ...], *, washout: int, block: int | None, longest: int) -> Design:
    """Return the shortest design of its kind."""
    monday = pd.Timestamp("2024-01-01")
    block = block or washout + (1 if kind == "staggered" else 2)
    if kind != "alternating":
        groups = min(len(units), 6) + 1 if kind == "staggered" else 1
        return Design(kind, units, monday, weeks=groups * block, block=block, washout=washout)
    pairs = math.ceil(math.log2(FEWEST_LOTS) / len(units))
    if 2 * block * pairs > longest:
        raise Refused("experiment_blocks_long", block=block, weeks=2 * block * pairs)
    return Design(kind, units, monday, weeks=2 * block * pairs, block=block, washout=washout)


def _of_length(shape: Design, weeks: int) -> Design:
    """Return the design made longer: more pairs, a longer holdout, or more weeks from start to start."""
    if shape.kind == "alternating":
        return replace(shape, weeks=weeks)
    return replace(shape, weeks=weeks, block=weeks if shape.kind == "holdout" else weeks // (shape.groups + 1))
