"""One kind of medium (미디어 한 종류): how its posts' views come in, by source and by age, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate
from smm_analysis.terms import LANGS, Lang

from .days import FEWEST, PostDays, why_of
from .resampling import estimate, interval, post_weights, worth
from .run_off import age_when_left, day_ends, left_at, still_to_come

KINDS = ("blog", "sns", "video", "cafe", "site")
FEWEST_OLD = 5  # posts watched to the horizon
AGE_BANDS = (1, 7, 30)  # last day of life of each band; the last band ends with the horizon
_HOUR, _CURVE_POINTS = 1 / 24, 100
_CUT = 10.0  # views expected on the day after the last one with any: that all stayed away is no chance

_ENDS = ("", "_low", "_high")
_NUMBERS = [f"{name}{end}" for name in ("half_life_days", "late_share") for end in _ENDS]
_NUMBERS += ["naive_half_life_days", "naive_late_share"]
ROW = ["medium_kind", "n", "n_young", "views", *_NUMBERS, "reason_en", "reason_ko"]
SOURCE = ["medium_kind", "view_source", "n", "views", "share_of_views", *_NUMBERS[:3]]
CURVE = ["medium_kind", "age_days", "share", "low", "high"]
BY_AGE = ["medium_kind", "first_day", "last_day", "view_source", "share"]


class Asked(NamedTuple):
    """What is asked: later than how many days is late, and how intervals are drawn."""

    late_days: int
    level: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Life:
    """How the posts of one kind live: rows of `Decay`'s tables; half-life and late share, estimated first, then drawn.

    `worth` : posts of equal views that the posts are worth; `why` : why nothing is told, empty otherwise.
    """

    kind: str
    row: dict
    sources: list[dict]
    curve: pd.DataFrame
    by_age: pd.DataFrame
    half: np.ndarray
    late: np.ndarray
    worth: float
    why: Mapping[Lang, str]


class _Run(NamedTuple):
    """The run-off of one kind: the data themselves in the first row, then each draw of posts."""

    days: PostDays
    weights: np.ndarray
    remaining: np.ndarray
    ages: np.ndarray
    level: float


def life_of(kind: str, days: PostDays, asked: Asked) -> Life:
    """Estimate one kind of medium from its posts, or say why it cannot be."""
    total, n = days.views.sum(axis=1), len(days.posts)
    old = int((days.posts["days_watched"] == days.views.shape[1]).sum())
    row = {"medium_kind": kind, "n": n, "n_young": n - old, "views": int(total.sum())}
    why = _why_not(kind, days, old)
    row |= {f"reason_{lang}": why.get(lang, "") for lang in LANGS}
    if why:
        none = np.empty(0)
        return Life(kind, row, [], pd.DataFrame(columns=CURVE), pd.DataFrame(columns=BY_AGE), none, none, 0, why)
    run = _run(kind, days, asked)
    half, late = age_when_left(run.remaining, run.ages), left_at(run.remaining, run.ages, asked.late_days)
    how = {"n": worth(total), "level": asked.level, "n_posts": n}
    row |= _with_ends("half_life_days", estimate(half, **how)) | _naive(run, asked.late_days)
    row |= _with_ends("late_share", _never_none(estimate(late, **how), days, asked.late_days))
    sources = [_source(kind, name, run) for name in _used(days)]
    return Life(kind, row, sources, _curve(kind, run), _by_age(kind, run), half, late, how["n"], {})


def _why_not(kind: str, days: PostDays, old: int) -> Mapping[Lang, str]:
    """Return why a kind cannot be estimated, empty if it can."""
    n, horizon = days.views.shape
    if n < FEWEST or not days.views.any():
        return why_of("few_daily_posts", kind, n=n, needed=FEWEST)
    if old < FEWEST_OLD:
        return why_of("young_posts", kind, n=old, days=horizon, needed=FEWEST_OLD)
    if days.longest < horizon and _next_day(days) > _CUT:
        return why_of("views_cut_off", kind, days=days.longest, horizon=horizon)
    return {}


def _next_day(days: PostDays) -> float:
    """Return the views that the day after the last one with any should have had, were they to fade as before."""
    before, last = np.append(0, days.views[days.posts["days_watched"] > days.longest].sum(axis=0))[days.longest - 1 :][
        :2
    ]
    return float(last * min(last / before, 1) if before else last)


def _run(kind: str, days: PostDays, asked: Asked) -> _Run:
    rng = np.random.default_rng([asked.seed, KINDS.index(kind)])
    weights = post_weights(len(days.posts), asked.draws, rng)
    remaining = still_to_come(days.views, days.watched, weights)
    rest = 1 - days.posts["started"].to_numpy()
    ages = day_ends(remaining, rest, weights * days.views.sum(axis=1))
    return _Run(days, weights, remaining, ages, asked.level)


def _with_ends(name: str, found: Estimate) -> dict[str, float]:
    return dict(zip((f"{name}{end}" for end in _ENDS), (found.estimate, found.low, found.high), strict=True))


def _never_none(found: Estimate, days: PostDays, late_days: int) -> Estimate:
    """Where no view came late, draws show none either: give the largest share that may well have shown none."""
    if found.high > 0:
        return found
    views = days.views[days.posts["days_watched"] > late_days].sum()
    high = 1 - ((1 - found.level) / 2) ** (1 / max(views, 1))
    return Estimate(found.estimate, found.low, float(high), found.level, found.n)


def _naive(run: _Run, late_days: int) -> dict[str, float]:
    """What was seen so far, as if every post had been watched to the horizon."""
    views, ages = run.days.views, run.ages[:1]
    seen = still_to_come(views, np.ones_like(views), run.weights[:1])
    found = age_when_left(seen, ages), left_at(seen, ages, late_days)
    return {name: float(value[0]) for name, value in zip(_NUMBERS[-2:], found, strict=True)}


def _used(days: PostDays) -> list[str]:
    """Return the sources that any views came from."""
    return [name for name, views in days.sources.items() if views.any()]


def _source(kind: str, name: str, run: _Run) -> dict:
    """One source of views: its share of all, and how its own views come in."""
    views = run.days.sources[name]
    total, share = views.sum(axis=1), float(_day_shares(run) @ _part(run.days, name))
    n = int((total > 0).sum())
    row = dict(zip(SOURCE, (kind, f"from_{name}", n, int(total.sum()), share), strict=False))
    if n < FEWEST:
        return row
    half = age_when_left(still_to_come(views, run.days.watched, run.weights), run.ages)
    return row | _with_ends("half_life_days", estimate(half, n=worth(total), level=run.level, n_posts=n))


def _day_shares(run: _Run) -> np.ndarray:
    """Return what part of all views comes on each day of life, shape (days,)."""
    return -np.diff(run.remaining[0], prepend=1.0)


def _part(days: PostDays, name: str) -> np.ndarray:
    """Return which part of each day's views is of a source, shape (days,)."""
    total, of_it = days.views.sum(axis=0), days.sources[name].sum(axis=0)
    return np.divide(of_it, total, out=np.zeros_like(total), where=total > 0)


def _curve(kind: str, run: _Run) -> pd.DataFrame:
    """Return the share still to come at ages from an hour on."""
    n = worth(run.days.views.sum(axis=1))
    grid = np.geomspace(_HOUR, run.remaining.shape[1], _CURVE_POINTS)
    drawn = [left_at(run.remaining, run.ages, age) for age in grid]
    low, high = np.transpose([interval(column[1:], n=n, level=run.level) for column in drawn])
    columns = (kind, grid, [column[0] for column in drawn], low, high)
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


def _by_age(kind: str, run: _Run) -> pd.DataFrame:
    """Share out all views over stretches of a post's life and sources."""
    n_days = run.remaining.shape[1]
    lasts = [day for day in AGE_BANDS if day < n_days] + [n_days]
    firsts = [1, *(last + 1 for last in lasts[:-1])]
    shares = {name: _day_shares(run) * _part(run.days, name) for name in _used(run.days)}
    rows = [
        (kind, first, last, f"from_{name}", float(share[first - 1 : last].sum()))
        for first, last in zip(firsts, lasts, strict=True)
        for name, share in shares.items()
    ]
    return pd.DataFrame(rows, columns=BY_AGE)
