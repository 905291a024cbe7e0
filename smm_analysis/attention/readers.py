"""How soon a post has N readers (N명 도달 시간): a blog alone, SNS alone, and what links one to the other (S3.5).

The naive reading takes the posts that got there and averages their hours: it leaves out those that never do. Here a
post counts up to `within_days`, whether it got there or not, and a young one as long as it was watched (Kaplan & Meier
1958, JASA 53(282); the restricted mean: Royston & Parmar 2013, BMC Medical Research Methodology 13:152).

Views are counted by calendar day, so that the hour is not known: a post gets there somewhere in a day, taken to be
where its views of that day, spread evenly, pass N. The interval of the verdict takes the earliest moment on one side
and the latest on the other. Readers are views: who looks twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import Lang, reason

from .days import FEWEST, GROUPS, PostDays, post_days, why_of
from .resampling import DRAWS, interval, post_weights

HOURS = 24.0
SOON_HOURS = 48.0  # "a day or two"
_CURVE_POINTS = 120


@dataclass(frozen=True)
class Readers:
    """Hours to N readers (N명 도달 시간).

    `groups` : post_group (blog_alone, sns_alone, linked_posts), n (posts), n_reached, hours_to_readers (mean, at most
    `within_days`) with _low and _high, hours_earliest and hours_latest (what calendar days leave open),
    soon_share (there within 48 hours) with _low and _high, naive_hours (of those that got there), reason_en, reason_ko.
    `curve` : post_group, hours, share (that got there), low, high. `gap` : hours, blog alone minus SNS alone.
    """

    groups: pd.DataFrame = field(repr=False, compare=False)
    curve: pd.DataFrame = field(repr=False, compare=False)
    gap: Estimate
    readers: int
    within_days: int


def time_to_readers(
    posts: pd.DataFrame,
    post_daily: pd.DataFrame,
    *,
    readers: int,
    kinds: Mapping[str, str],
    observed_until: pd.Timestamp | str,
    within_days: int = 14,
    brand: str | None = None,
    level: float = 0.90,
    draws: int = DRAWS,
    seed: int = 0,
) -> Readers:
    """Return the hours that one brand's posts take to `readers` views (N명에게 이르는 시간, S3.5).

    Parameters
    ----------
    posts, post_daily, kinds, observed_until, brand : as `post_days`.
    readers : N, above 0.
    within_days : a post that takes longer, or never gets there, counts as this long.
    level : two-sided, 0..1; draws : of posts anew; seed : of the draws.

    Raises
    ------
    ValueError
        `readers` or `within_days` below 1, and as `post_days`.
    """
    if readers < 1 or within_days < 1:
        raise ValueError(f"readers and within_days must be at least 1, not {readers} and {within_days}")
    named = {"kinds": kinds, "observed_until": observed_until, "brand": brand}
    days = post_days(posts, post_daily, n_days=within_days + 1, **named)
    asked = _Asked(readers, HOURS * within_days, level, draws, seed)
    found = [_group(name, days.only(days.posts["post_group"] == name), asked) for name in GROUPS]
    curves = [group.curve for group in found if len(group.curve)]
    return Readers(
        pd.DataFrame([group.row for group in found]),
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=_CURVE),
        _gap(*found[:2], readers, within_days, level),
        readers,
        within_days,
    )


class _Asked(NamedTuple):
    """What is asked: readers, within how many hours, and how the interval is drawn."""

    readers: int
    limit: float
    level: float
    draws: int
    seed: int


class Waits(NamedTuple):
    """When posts got there, hours: the earliest and the latest it can have been, between them a guess; `got` if so."""

    earliest: np.ndarray
    guess: np.ndarray
    latest: np.ndarray
    got: np.ndarray


def waits(days: PostDays, readers: int) -> Waits:
    """Return when each post had its `readers`, or until when it was watched without (hours, shape (posts,)).

    >>> posts = pd.DataFrame({"started": [0.5, 0.5], "days_watched": [3, 3]})
    >>> views = np.array([[60.0, 80.0, 0.0], [60.0, 10.0, 0.0]])
    >>> [moment.tolist() for moment in waits(PostDays(posts, views, {}, 0, 2), 100)]
    [[12.0, 60.0], [24.0, 60.0], [36.0, 60.0], [True, False]]
    """
    so_far = np.cumsum(days.views, axis=1)
    got, day = so_far[:, -1] >= readers, (so_far >= readers).argmax(axis=1)
    rows, started = np.arange(len(day)), days.posts["started"].to_numpy()
    earliest, latest = np.maximum(day - started, 0), day + 1 - started
    today = days.views[rows, day]
    missing = readers - (so_far[rows, day] - today)
    part = np.divide(missing, today, out=np.zeros_like(missing), where=got)
    until = np.maximum(days.posts["days_watched"] - started, 0)
    moments = (earliest, earliest + part * (latest - earliest), latest)
    return Waits(*(HOURS * np.where(got, moment, until) for moment in moments), got)


def _weights(name: str, there: np.ndarray, asked: _Asked) -> np.ndarray:
    """Weights of the posts and, where none ever got there, in the draws of one more that is there at once.

    Without it a few posts, none of which got there, would be sure that none does (Agresti & Coull 1998, The American
    Statistician 52(2)).
    """
    n, rng = len(there), np.random.default_rng([asked.seed, GROUPS.index(name)])
    weights = post_weights(n if there.any() else n + 1, asked.draws, rng)
    weights[0, n:] = 0
    return weights


def _restricted(times: np.ndarray, got: np.ndarray, limit: float, weights: np.ndarray) -> tuple:
    """Return Kaplan and Meier's curve of those not there yet: times, share from then on (draws, times), mean hours."""
    more = weights.shape[1] - len(times)
    times = np.append(np.minimum(times, limit), np.zeros(more))
    got = np.append(got, np.ones(more, bool)) & (times < limit)
    order = np.lexsort((~got, times))
    times, got, weights = times[order], got[order], weights[:, order]
    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    falls = np.divide(weights * got, at_risk, out=np.zeros_like(weights), where=at_risk > 0)
    waiting = np.cumprod(1 - falls, axis=1)
    mean = times[0] + waiting[:, :-1] @ np.diff(times) + waiting[:, -1] * (limit - times[-1])
    return times, waiting, mean


@dataclass(frozen=True)
class _Group:
    """One group of posts: its row and curve, and mean hours as estimated and as drawn; `most` views of a post."""

    row: dict
    curve: pd.DataFrame
    means: Mapping[str, np.ndarray]
    n: int
    most: float
    why: Mapping[Lang, str]


_CURVE = ["post_group", "hours", "share", "low", "high"]
_NUMBERS = (
    *("hours_to_readers", "hours_to_readers_low", "hours_to_readers_high", "hours_earliest", "hours_latest"),
    *("soon_share", "soon_share_low", "soon_share_high", "naive_hours"),
)


def _group(name: str, days: PostDays, asked: _Asked) -> _Group:
    """Estimate one group of posts, or say why it cannot be."""
    n, found = len(days.posts), waits(days, asked.readers)
    there = found.got & (found.guess < asked.limit)
    row = {"post_group": name, "n": n, "n_reached": int(there.sum())}
    most = float(days.views.sum(axis=1).max()) if n else 0.0
    told = int((found.got | (found.guess >= asked.limit)).sum())
    if told < FEWEST:
        why = why_of("few_daily_posts", name, n=told, needed=FEWEST)
        row |= dict.fromkeys(_NUMBERS, np.nan) | {f"reason_{lang}": text for lang, text in why.items()}
        return _Group(row, pd.DataFrame(columns=_CURVE), {}, n, most, why)
    weights = _weights(name, there, asked)
    curves = {what: _restricted(getattr(found, what), found.got, asked.limit, weights) for what in Waits._fields[:3]}
    means = {what: mean for what, (_, _, mean) in curves.items()}
    row |= _numbers(curves, means, n, asked) | {"naive_hours": _mean(found.guess[there])}
    return _Group(row | {"reason_en": "", "reason_ko": ""}, _curve(name, curves, n, asked), means, n, most, {})


def _numbers(curves: dict, means: dict, n: int, asked: _Asked) -> dict[str, float]:
    """Return mean hours and the share there soon, with intervals and with what the days leave open."""
    earliest, guess, latest = (means[what] for what in Waits._fields[:3])
    late, middle, early = (1 - _at(*curves[what][:2], SOON_HOURS) for what in ("latest", "guess", "earliest"))
    hours, soon = (_between(*three, n, asked.level) for three in ((guess, earliest, latest), (middle, late, early)))
    return dict(zip(_NUMBERS[:8], map(float, (*hours, earliest[0], latest[0], *soon)), strict=True))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _between(guess: np.ndarray, least: np.ndarray, most: np.ndarray, n: int, level: float) -> tuple:
    """Return an estimate and an interval that also holds what the days leave open."""
    low, high = interval(least[1:], n=n, level=level)[0], interval(most[1:], n=n, level=level)[1]
    return guess[0], min(low, guess[0]), max(high, guess[0])


def _at(times: np.ndarray, waiting: np.ndarray, hours: float) -> np.ndarray:
    """Return the share not there yet at a time, shape (draws,)."""
    last = np.searchsorted(times, hours, side="right") - 1
    return waiting[:, last] if last >= 0 else np.ones(len(waiting))


def _curve(name: str, curves: dict, n: int, asked: _Asked) -> pd.DataFrame:
    rows = []
    for hours in np.geomspace(1, asked.limit, _CURVE_POINTS):
        least, guess, most = (1 - _at(*curves[what][:2], hours) for what in ("latest", "guess", "earliest"))
        rows.append((name, hours, *_between(guess, least, most, n, asked.level)))
    return pd.DataFrame(rows, columns=_CURVE)


def _gap(blog: _Group, sns: _Group, readers: int, within_days: int, level: float) -> Estimate:
    """Hours to N readers, blog alone minus SNS alone, and what the days leave open."""
    n = blog.n + sns.n
    if why := blog.why or sns.why:
        return unknown(level, n, why)
    if not blog.row["n_reached"] + sns.row["n_reached"]:
        most = int(max(blog.most, sns.most))
        return unknown(level, n, reason("nobody_has_readers", readers=readers, days=within_days, most=most))
    guess, least, most = (
        blog.means[one] - sns.means[other]
        for one, other in (("guess", "guess"), ("earliest", "latest"), ("latest", "earliest"))
    )
    return Estimate(*map(float, _between(guess, least, most, min(blog.n, sns.n), level)), level, n)
