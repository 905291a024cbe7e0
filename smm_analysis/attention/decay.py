"""How long a post lives (게시물의 수명): blog is said to be the library, SNS the engine (S3.4).

The naive reading shares out the views seen so far, and calls a blog short-lived because its young posts have had no
late days yet. Here every day counts with the posts that were watched so long (`run_off`). All shares are of the views
of the first `horizon_days` calendar days; what comes later is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import Lang

from .days import FEWEST, PostDays, post_days, why_of
from .resampling import DRAWS, estimate, interval, post_weights, worth
from .run_off import age_when_left, day_ends, left_at, still_to_come

KINDS = ("blog", "sns", "video", "cafe", "site")
FEWEST_OLD = 5  # of them watched to the horizon
AGE_BANDS = (1, 7, 30)  # last day of life of each band; the last band ends with the horizon
_HOUR, _CURVE_POINTS = 1 / 24, 100
_CUT = 0.1  # share of posts with views on the last day of life that any post has: then the export ends there


@dataclass(frozen=True)
class Decay:
    """How views come in, by kind of medium and by source (조회 감쇠).

    `kinds` : medium_kind, n (posts), n_young (not yet watched to the horizon), views, half_life_days and late_share (of
    views after `late_days`) with _low and _high, naive_half_life_days, naive_late_share, reason_en, reason_ko.
    `sources` : medium_kind, view_source, n (posts), views, share_of_views, half_life_days with _low and _high.
    `curve` : medium_kind, age_days, share (still to come), low, high. `by_age` : medium_kind, first_day, last_day (of
    life), view_source, share (of all views of the kind).
    `late_share` : late share in percentage points and `days_to_half` half-life in days, both blog minus SNS.
    """

    kinds: pd.DataFrame = field(repr=False, compare=False)
    sources: pd.DataFrame = field(repr=False, compare=False)
    curve: pd.DataFrame = field(repr=False, compare=False)
    by_age: pd.DataFrame = field(repr=False, compare=False)
    late_share: Estimate
    days_to_half: Estimate
    horizon_days: int
    late_days: int
    n_before_record: int


def view_decay(
    posts: pd.DataFrame,
    post_daily: pd.DataFrame,
    *,
    kinds: Mapping[str, str],
    observed_until: pd.Timestamp | str,
    horizon_days: int = 90,
    late_days: int = 30,
    brand: str | None = None,
    level: float = 0.90,
    draws: int = DRAWS,
    seed: int = 0,
) -> Decay:
    """Return half-lives and late shares of one brand's posts by kind of medium and source (반감기, S3.4).

    Age is elapsed time since publishing; where the hours matter, within the first day or two, they are told from the
    posts' different hours of publishing, views fading at a constant rate in between.

    Parameters
    ----------
    posts, post_daily, kinds, observed_until, brand : as `post_days`.
    horizon_days : whose views are all views, calendar days from publishing, above `late_days`.
    late_days : later views are late, days.
    level : two-sided, 0..1; draws : of posts anew; seed : of the draws.

    Raises
    ------
    ValueError
        A missing column, a medium without a kind, several brands and none picked, days out of range.
    """
    if not 0 < late_days < horizon_days:
        raise ValueError(f"late_days must lie between 0 and horizon_days ({horizon_days}), not {late_days}")
    named = {"kinds": kinds, "observed_until": observed_until, "brand": brand}
    days = post_days(posts, post_daily, n_days=horizon_days, **named)
    lives = [
        _life(name, days.only(days.posts["medium_kind"] == name), late_days, level, _weights(seed, draws))
        for name in KINDS
        if (days.posts["medium_kind"] == name).any()
    ]
    pair = [next((life for life in lives if life.kind == name), None) for name in ("blog", "sns")]
    return Decay(
        pd.DataFrame([life.row for life in lives], columns=_ROW),
        pd.DataFrame([row for life in lives for row in life.sources], columns=_SOURCE),
        _stacked([life.curve for life in lives], _CURVE),
        _stacked([life.by_age for life in lives], _BY_AGE),
        _gap(pair, "late", 100, level),
        _gap(pair, "half", 1, level),
        horizon_days,
        late_days,
        days.n_before_record,
    )


_WITH_ENDS = ("", "_low", "_high")
_ROW = [
    *("medium_kind", "n", "n_young", "views"),
    *(f"{name}{end}" for name in ("half_life_days", "late_share") for end in _WITH_ENDS),
    *("naive_half_life_days", "naive_late_share", "reason_en", "reason_ko"),
]
_SOURCE = ["medium_kind", "view_source", "n", "views", "share_of_views", *_ROW[4:7]]
_CURVE = ["medium_kind", "age_days", "share", "low", "high"]
_BY_AGE = ["medium_kind", "first_day", "last_day", "view_source", "share"]


@dataclass(frozen=True)
class _Life:
    """One kind of medium: its rows, and half-life and late share as estimated and as drawn."""

    kind: str
    row: dict
    sources: list[dict]
    curve: pd.DataFrame
    by_age: pd.DataFrame
    drawn: Mapping[str, np.ndarray]
    worth: float
    why: Mapping[Lang, str]


def _stacked(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Put frames under each other; empty ones would make numbers objects."""
    told = [frame for frame in frames if len(frame)]
    return pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=columns)


def _weights(seed: int, draws: int):
    return lambda n, stream: post_weights(n, draws, np.random.default_rng([seed, stream]))


def _life(kind: str, days: PostDays, late_days: int, level: float, weights) -> _Life:
    """Estimate one kind of medium, or say why it cannot be."""
    total, n = days.views.sum(axis=1), len(days.posts)
    young = int((days.posts["days_watched"] < days.views.shape[1]).sum())
    row = {"medium_kind": kind, "n": n, "n_young": young, "views": int(total.sum())}
    if why := _why_not(kind, days, n - young):
        row |= dict.fromkeys(_ROW[4:12], np.nan) | {f"reason_{lang}": text for lang, text in why.items()}
        return _Life(kind, row, [], pd.DataFrame(columns=_CURVE), pd.DataFrame(columns=_BY_AGE), {}, 0, why)
    drawn_posts = weights(n, KINDS.index(kind))
    remaining = still_to_come(days.views, days.watched, drawn_posts)
    rest = 1 - days.posts["started"].to_numpy()
    ages = day_ends(remaining, rest, drawn_posts * total)
    drawn = {"half": age_when_left(remaining, ages), "late": left_at(remaining, ages, late_days)}
    how = {"n": worth(total), "level": level, "n_posts": n}
    row |= _with_ends("half_life_days", estimate(drawn["half"], **how))
    row |= _with_ends("late_share", _never_none(estimate(drawn["late"], **how), days, late_days))
    row |= _naive(days, ages[:1], late_days) | {"reason_en": "", "reason_ko": ""}
    sources = [_source(kind, name, days, drawn_posts, (remaining, ages), level) for name in _used(days)]
    curve = _curve(kind, remaining, ages, how)
    return _Life(kind, row, sources, curve, _by_age(kind, days, remaining[0]), drawn, how["n"], {})


def _why_not(kind: str, days: PostDays, old: int) -> Mapping[Lang, str]:
    """Return why a kind cannot be estimated, empty if it can."""
    n, horizon = days.views.shape
    if n < FEWEST or not days.views.any():
        return why_of("few_daily_posts", kind, n=n, needed=FEWEST)
    if old < FEWEST_OLD:
        return why_of("young_posts", kind, n=old, days=horizon, needed=FEWEST_OLD)
    on = days.posts["days_watched"] > days.longest
    if days.longest < horizon and (days.views[on, days.longest - 1] > 0).sum() >= max(3, _CUT * on.sum()):
        return why_of("views_cut_off", kind, days=days.longest, horizon=horizon)
    return {}


def _with_ends(name: str, found: Estimate) -> dict[str, float]:
    return {f"{name}": found.estimate, f"{name}_low": found.low, f"{name}_high": found.high}


def _never_none(found: Estimate, days: PostDays, late_days: int) -> Estimate:
    """Where no view came late, draws show none either: give the largest share that may well have shown none."""
    if found.high > 0:
        return found
    views = days.views[days.posts["days_watched"] > late_days].sum()
    high = 1 - ((1 - found.level) / 2) ** (1 / max(views, 1))
    return Estimate(found.estimate, found.low, float(high), found.level, found.n)


def _naive(days: PostDays, ages: np.ndarray, late_days: int) -> dict[str, float]:
    """What was seen so far, as if every post had been watched to the horizon."""
    seen = still_to_come(days.views, np.ones_like(days.views), np.ones((1, len(days.views))))
    return {
        "naive_half_life_days": float(age_when_left(seen, ages)[0]),
        "naive_late_share": float(left_at(seen, ages, late_days)[0]),
    }


def _used(days: PostDays) -> list[str]:
    """Return the sources that any views came from."""
    return [name for name, views in days.sources.items() if views.any()]


def _source(kind: str, name: str, days: PostDays, weights: np.ndarray, whole: tuple, level: float) -> dict:
    """One source of views: its share of all, and how its own views come in."""
    (remaining, ages), views = whole, days.sources[name]
    reached = views.sum(axis=1)
    n = int((reached > 0).sum())
    row = {"medium_kind": kind, "view_source": f"from_{name}", "n": n, "views": int(reached.sum())}
    row["share_of_views"] = float(_day_shares(remaining[0]) @ _part(days, views))
    if n < FEWEST:
        return row | dict.fromkeys(_SOURCE[5:], np.nan)
    half = age_when_left(still_to_come(views, days.watched, weights), ages)
    return row | _with_ends("half_life_days", estimate(half, n=worth(reached), level=level, n_posts=n))


def _day_shares(remaining: np.ndarray) -> np.ndarray:
    """Return what part of all views comes on each day of life, shape (days,)."""
    return -np.diff(remaining, prepend=1.0)


def _part(days: PostDays, views: np.ndarray) -> np.ndarray:
    """Return which part of each day's views is of a source, shape (days,)."""
    total = days.views.sum(axis=0)
    return np.divide(views.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)


def _curve(kind: str, remaining: np.ndarray, ages: np.ndarray, how: dict) -> pd.DataFrame:
    """Return the share still to come at ages from an hour on."""
    grid = np.geomspace(_HOUR, remaining.shape[1], _CURVE_POINTS)
    drawn = [left_at(remaining, ages, age) for age in grid]
    low, high = np.transpose([interval(column[1:], n=how["n"], level=how["level"]) for column in drawn])
    share = [column[0] for column in drawn]
    return pd.DataFrame({"medium_kind": kind, "age_days": grid, "share": share, "low": low, "high": high})


def _by_age(kind: str, days: PostDays, remaining: np.ndarray) -> pd.DataFrame:
    """Share out all views over stretches of a post's life and sources."""
    ends = [day for day in AGE_BANDS if day < len(remaining)] + [len(remaining)]
    rows, first = [], 1
    for last in ends:
        for name in _used(days):
            shares = (_day_shares(remaining) * _part(days, days.sources[name]))[first - 1 : last]
            rows.append((kind, first, last, f"from_{name}", float(shares.sum())))
        first = last + 1
    return pd.DataFrame(rows, columns=_BY_AGE)


def _gap(pair: list[_Life | None], name: str, factor: float, level: float) -> Estimate:
    """Blog minus SNS, from independent draws of either's posts."""
    n = sum(life.row["n"] for life in pair if life)
    for kind, life in zip(("blog", "sns"), pair, strict=True):
        if life is None or life.why:
            return unknown(level, n, life.why if life else why_of("few_daily_posts", kind, n=0, needed=FEWEST))
    blog, sns = pair
    return estimate(factor * (blog.drawn[name] - sns.drawn[name]), n=min(blog.worth, sns.worth), level=level, n_posts=n)
