"""How long a post lives (게시물의 수명): blog is said to be the library, SNS the engine (S3.4).

The naive reading shares out the views seen so far, and calls a blog short-lived because its young posts have had no
late days yet. Here every day counts with the posts that were watched so long (`run_off`). All shares are of the views
of the first `horizon_days` calendar days; what comes later is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from smm_analysis.estimate import Estimate, unknown

from .days import FEWEST, post_days, why_of
from .life import BY_AGE, CURVE, KINDS, ROW, SOURCE, Asked, Life, life_of
from .resampling import DRAWS, estimate


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
    of_kind = days.posts["medium_kind"]
    asked = Asked(late_days, level, draws, seed)
    lives = {kind: life_of(kind, days.only(of_kind == kind), asked) for kind in KINDS if (of_kind == kind).any()}
    pair = [lives.get(kind) for kind in ("blog", "sns")]
    return Decay(
        pd.DataFrame([life.row for life in lives.values()], columns=ROW),
        pd.DataFrame([row for life in lives.values() for row in life.sources], columns=SOURCE),
        _stacked([life.curve for life in lives.values()], CURVE),
        _stacked([life.by_age for life in lives.values()], BY_AGE),
        _gap(pair, "late", 100, level),
        _gap(pair, "half", 1, level),
        horizon_days,
        late_days,
        days.n_before_record,
    )


def _stacked(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Put frames under each other; empty ones would make numbers objects."""
    told = [frame for frame in frames if len(frame)]
    return pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=columns)


def _gap(pair: list[Life | None], name: str, factor: float, level: float) -> Estimate:
    """Blog minus SNS, from independent draws of either's posts."""
    n = sum(life.row["n"] for life in pair if life)
    for kind, life in zip(("blog", "sns"), pair, strict=True):
        if life is None or life.why:
            return unknown(level, n, life.why if life else why_of("few_daily_posts", kind, n=0, needed=FEWEST))
    blog, sns = pair
    gap = factor * (getattr(blog, name) - getattr(sns, name))
    return estimate(gap, n=min(blog.worth, sns.worth), level=level, n_posts=n)
