"""Who does what when (실험 설계): three designs, their weeks, and the lots that decide.

In every design it is a lot that decides who goes first, and nothing else. So the same lots, drawn again and again, say
how far luck alone could have brought the outcome: `lots.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal["alternating", "holdout", "staggered"]
KINDS: tuple[Kind, ...] = ("alternating", "holdout", "staggered")
FEWEST_LOTS = 60  # different draws; of fewer, none is rare enough to speak
_BEFORE = 26  # weeks
_MOST_GROUPS = 6  # of a staggered start


@dataclass(frozen=True)
class Design:
    """An experiment's timetable, all of it fixed before the first week (실험 설계).

    Parameters
    ----------
    kind : *alternating*: on and off in blocks, two by two, the order of each pair by lot; *holdout*: half of the units
        have it, the other half, drawn by lot, go without; *staggered*: units start group by group, in drawn order.
    units : who is switched by itself: one brand, or brands, regions, cells of the audience.
    start : the Monday of the first week.
    weeks : length, weeks.
    block : weeks in one state (alternating), or from one start to the next (staggered), at least: weeks that are over
        are spread evenly; of a holdout, all of them.
    washout : first weeks of each block that do not count, because what was before still works in them.
    half_life : weeks in which half of the activity's effect is gone, 0 or more.
    seed : of the lot.
    past : weeks before the start with which units are compared to themselves; none are, where weeks alternate.

    Raises
    ------
    ValueError
        If the weeks are fewer than the blocks take, nothing is left to count, or too few units can be drawn.
    """

    kind: Kind
    units: tuple[str, ...]
    start: pd.Timestamp
    weeks: int
    block: int
    washout: int = 0
    half_life: float = 0.0
    seed: int = 0
    past: int = _BEFORE

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"design must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.start.weekday():
            raise ValueError(f"an experiment starts on a Monday; {self.start:%Y-%m-%d} is none")
        if not 0 <= self.washout < self.block:
            raise ValueError(
                f"washout must be 0 or more weeks and less than a block ({self.block}), not {self.washout}"
            )
        if self.half_life < 0:
            raise ValueError(f"half_life must be 0 weeks or more, not {self.half_life}")
        if self.weeks < self.shortest or (self.weeks - self.shortest) % self.step:
            raise ValueError(
                f"this design takes {self.shortest} weeks or more, in steps of {self.step}; not {self.weeks}"
            )
        if (lots := self.lots) < FEWEST_LOTS:
            raise ValueError(f"{lots:,} different lots can be drawn; at least {FEWEST_LOTS} are needed: {self._more()}")

    @property
    def shortest(self) -> int:
        """The fewest weeks that blocks of this length take."""
        return self.block * {"alternating": 2, "holdout": 1, "staggered": self.groups + 1}[self.kind]

    @property
    def step(self) -> int:
        """Weeks by which the design can be made longer."""
        return 2 if self.kind == "alternating" else 1

    @property
    def stretches(self) -> np.ndarray:
        """Weeks from one switch to the next: those of a block, and what is over, spread evenly; the sum is `weeks`."""
        n, each = {
            "alternating": (self.pairs, 2),  # on and off take equally long
            "holdout": (1, 1),
            "staggered": (self.groups + 1, 1),
        }[self.kind]
        return np.diff(np.arange(n + 1) * (self.weeks // each) // n).repeat(each)

    @property
    def pairs(self) -> int:
        """How many pairs of blocks, on and off, alternating weeks have."""
        return self.weeks // (2 * self.block)

    @property
    def groups(self) -> int:
        """How many groups start one after the other."""
        return min(len(self.units), _MOST_GROUPS)

    @property
    def before(self) -> int:
        """Weeks before the start that are compared with: none where a brand is compared with itself, on and off."""
        return 0 if self.kind == "alternating" else self.past

    @property
    def lots(self) -> int:
        """How many different draws there are."""
        n = len(self.units)
        if self.kind == "alternating":
            return 2 ** min(n * self.pairs, 60)
        if self.kind == "holdout":
            return math.comb(n, n // 2)
        sizes = np.bincount(np.arange(n) % self.groups) if n else []
        return math.factorial(n) // math.prod(math.factorial(int(size)) for size in sizes)

    @property
    def counts(self) -> np.ndarray:
        """Which weeks count, bool (before + weeks,): not those in which what was before still works."""
        since = np.concatenate([np.arange(weeks) for weeks in self.stretches])
        return np.r_[np.ones(self.before, dtype=bool), since >= self.washout]

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw `n` lots (추첨): 1 where the activity is on; (n, weeks, units)."""
        return _DRAWN[self.kind](self, rng, n)

    def chosen(self) -> np.ndarray:
        """Return the lot that the seed draws; (weeks, units)."""
        return self.draw(np.random.default_rng([self.seed, 1]), 1)[0]

    def _more(self) -> str:
        return "make it longer" if self.kind == "alternating" else "take more units, such as smaller regions"


def _alternating(design: Design, rng: np.random.Generator, n: int) -> np.ndarray:
    first = rng.integers(0, 2, (n, design.pairs, 1, len(design.units)))
    blocks = np.concatenate([first, 1 - first], axis=2).reshape(n, -1, len(design.units))
    return blocks.repeat(design.stretches, axis=1).astype(float)


def _holdout(design: Design, rng: np.random.Generator, n: int) -> np.ndarray:
    half = np.arange(len(design.units)) < len(design.units) // 2
    on = rng.permuted(np.tile(half, (n, 1)), axis=1)
    return on[:, None, :].repeat(design.weeks, axis=1).astype(float)


def _staggered(design: Design, rng: np.random.Generator, n: int) -> np.ndarray:
    starts, groups = np.cumsum(design.stretches)[:-1], np.arange(len(design.units)) % design.groups
    begins = starts[rng.permuted(np.tile(groups, (n, 1)), axis=1)]
    return (np.arange(design.weeks)[:, None] >= begins[:, None, :]).astype(float)


_DRAWN = {"alternating": _alternating, "holdout": _holdout, "staggered": _staggered}


def doses(design: Design, on: np.ndarray) -> np.ndarray:
    """Return how much of the activity is at work, 0..1, from what was on: (n, weeks, units) -> (n, before + weeks, ..).

    Each week a part of the way is gone, half of it in a half-life. Before the start nothing is switched (0), but in
    alternating weeks the activity counts as half on.
    """
    kept = 0.5 ** (1 / design.half_life) if design.half_life else 0.0
    dose = np.empty(on.shape)
    at = np.full(on[:, 0].shape, 0.5 if design.kind == "alternating" else 0.0)
    for week in range(design.weeks):
        at = kept * at + (1 - kept) * on[:, week]
        dose[:, week] = at
    return np.concatenate([np.zeros((len(on), design.before, on.shape[2])), dose], axis=1)


def schedule(design: Design) -> pd.DataFrame:
    """Return the timetable, a row a week and unit (주별 일정).

    Returns
    -------
    DataFrame
        week (its Monday), experiment_unit, switched_on (whether the activity runs), week_counts (in the analysis).
    """
    on, counts = design.chosen(), design.counts[design.before :]
    weeks = pd.date_range(design.start, periods=design.weeks, freq="7D")
    rows = pd.MultiIndex.from_product([weeks, design.units], names=["week", "experiment_unit"]).to_frame(index=False)
    return rows.assign(switched_on=on.ravel().astype(bool), week_counts=np.repeat(counts, len(design.units)))


def calendar(design: Design) -> pd.DataFrame:
    """Return what to do when, a row a stretch of days without a switch, for a calendar (실행 달력).

    Returns
    -------
    DataFrame
        first and last day, experiment_unit, switched_on; in order of the days.

    Examples
    --------
    >>> brand = Design("alternating", ("mirae",), pd.Timestamp("2026-01-05"), weeks=24, block=2, seed=3)
    >>> print(calendar(brand).head(2).to_string(index=False))  # the lot: on, off; then off, on
         first       last experiment_unit  switched_on
    2026-01-05 2026-01-18           mirae         True
    2026-01-19 2026-02-15           mirae        False
    """
    state = ["experiment_unit", "switched_on"]
    rows = schedule(design).sort_values(["experiment_unit", "week"], kind="stable")
    new = (rows[state] != rows[state].shift()).any(axis=1)
    firsts = {key: (key, "first") for key in state}
    runs = rows.groupby(new.cumsum()).agg(first=("week", "first"), last=("week", "last"), **firsts)
    runs["last"] += pd.Timedelta(days=6)
    return runs.sort_values(["first", "experiment_unit"]).reset_index(drop=True)


def first_monday(day: pd.Timestamp) -> pd.Timestamp:
    """Return the first Monday after a day (다음 월요일)."""
    return day.normalize() + pd.Timedelta(days=7 - day.weekday())


def names(units: Sequence[str]) -> str:
    """Return the first few names, for a message."""
    return ", ".join(units[:5]) + (", ..." if len(units) > 5 else "")
