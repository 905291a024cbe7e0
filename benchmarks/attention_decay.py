"""Half-lives of posts and the claims about blog and SNS, where the truth is planted.

    python benchmarks/attention_decay.py [sets]

Posts drawn view by view, in continuous time, by another model than ours: every post has its own half-life and its own
popularity (log-normal), a blog's views come from the feed (exponential) and from search (Weibull with a long tail),
posts go up between 7 and 23 o'clock over 250 days and are watched until the record ends, so that a third is younger
than the horizon of 90 days. Only the views of each calendar day are handed over. The truth is that of 60,000 such posts
without an end of the record. Seeds 0 to sets - 1 (200 by default), another stream for each table.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from smm_analysis.attention import time_to_readers, view_decay
from smm_analysis.verdict import decide

HORIZON, RECORD, LATE = 90, 250, 30
END = pd.Timestamp("2026-06-30 23:59")
KINDS = {"blog": "blog", "page": "sns", "video": "video"}
DELTA = {"late_share": 10.0, "days": 2.0, "hours": 24.0}
READERS = 100
READ = {"kinds": KINDS, "observed_until": END}
HOW = READ | {"horizon_days": HORIZON, "late_days": LATE}


@dataclass(frozen=True)
class Kind:
    """How one kind of post draws views: half-lives in days, their spread and that of popularity in logs."""

    half_life: float
    feed: float = 1.0
    feed_half_life: float = 0.8
    shape: float = 0.6
    spread: float = 0.3
    views: float = 400.0
    popularity: float = 0.6


SNS = Kind(0.8, shape=1.0)
FAST = Kind(0.25, shape=1.0)
VIDEO = Kind(3.0, shape=0.8)
BLOG = Kind(20.0, feed=0.2)
LONG = Kind(40.0, feed=0.1, shape=0.8)


def draw(kind: Kind, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which post each view is of, how old it was then (days), and whether it came from the feed."""
    sizes = rng.poisson(kind.views * rng.lognormal(-(kind.popularity**2) / 2, kind.popularity, n))
    post = np.repeat(np.arange(n), sizes)
    own = kind.half_life * rng.lognormal(0, kind.spread, n)
    waits = (rng.exponential(1 / np.log(2), len(post))) ** (1 / kind.shape)
    from_feed = rng.random(len(post)) < (kind.feed if kind.feed < 1 else 0)
    half = np.where(from_feed, kind.feed_half_life, own[post])
    return post, np.where(from_feed, rng.exponential(1 / np.log(2), len(post)), waits) * half, from_feed


@cache
def truth(kind: Kind) -> dict[str, float]:
    """The half-life and the late share of the first 90 days, over 60,000 posts without an end of the record."""
    ages = draw(replace(kind, views=100.0), 60_000, np.random.default_rng(10_000))[1]
    ages = ages[ages < HORIZON - 0.625]  # a calendar day in which 15/24 of a day are over at publishing
    return {"half_life_days": float(np.median(ages)), "late_share": float(np.mean(ages > LATE))}


def tables(kinds: dict[str, tuple[Kind, int]], rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posts and post_daily of some media; a count of posts each."""
    posts, days = [], []
    for medium, (kind, n) in kinds.items():
        started = rng.uniform(7, 23, n) / 24
        born = END.normalize() - pd.to_timedelta(rng.integers(0, RECORD, n), unit="D")
        at = born + pd.to_timedelta((started * 86_400).astype(int), unit="s")
        ids = np.array([f"{medium}{i}" for i in range(n)])
        post, age, feed = draw(kind, n, rng)
        date = (at[post] + pd.to_timedelta(age, unit="D")).normalize()
        source = np.where(feed | (medium != "blog"), "feed", "search")
        posts.append(pd.DataFrame({"post_id": ids, "published_at": at, "medium": medium}))
        days.append(pd.DataFrame({"post_id": ids[post], "date": date, "source": source})[date <= END])
    daily = pd.concat(days).value_counts().rename("views").reset_index()
    return pd.concat(posts, ignore_index=True), daily[daily["date"] < END.normalize() + pd.Timedelta(days=1)]


def covers(low: float, value: float, high: float) -> bool:
    return bool(low <= value <= high)


def coverage(sets: int) -> pd.DataFrame:
    """How often the 90% intervals hold the planted half-life and late share."""
    rows = []
    named = {"6 hours": FAST, "SNS": SNS, "video": VIDEO, "blog": BLOG, "long-lived blog": LONG}
    for stream, (name, kind) in enumerate(named.items()):
        true = truth(kind)
        for n in (20, 60):
            for seed in range(sets):
                found = view_decay(*tables({"blog": (kind, n)}, np.random.default_rng([seed, stream])), **HOW).kinds
                row = found.iloc[0].to_dict()
                ends = {key: (row[f"{key}_low"], true[key], row[f"{key}_high"]) for key in true}
                held = {f"{key} held": covers(*ends[key]) for key in true}
                rows.append(row | {"posts": name, "n": n, "planted": true["half_life_days"]} | held)
    shown = ["planted", "half_life_days", "naive_half_life_days", "half_life_days held", "late_share held"]
    table = pd.DataFrame(rows)
    table["late_share held"] = table["late_share held"].astype(float).where(table["planted"] > 1)  # else none is late
    return table.groupby(["posts", "n"], sort=False)[shown].mean()


def verdicts(sets: int) -> pd.DataFrame:
    """What is said of blog and SNS where they live alike, and where they do not."""
    worlds = {
        "alike, short": (SNS, SNS),
        "alike, days": (VIDEO, VIDEO),
        "alike, long": (LONG, LONG),
        "alike, few readers": (replace(VIDEO, views=110.0), replace(VIDEO, views=110.0)),
        "blog lasts": (BLOG, SNS),
    }
    rows = []
    for stream, (world, (blog, sns)) in enumerate(worlds.items()):
        for seed in range(sets):
            made = tables({"blog": (blog, 15), "page": (sns, 40)}, np.random.default_rng([seed, 100 + stream]))
            decay, soon = view_decay(*made, **HOW), time_to_readers(*made, readers=READERS, **READ)
            gaps = {"late_share": decay.late_share, "days": decay.days_to_half, "hours": soon.gap}
            for what, gap in gaps.items():
                said = "cannot_tell" if gap.reason else decide(gap.low, gap.high, DELTA[what])
                zero = not gap.reason and gap.low > 0
                rows.append({"world": world, "claim": what, "estimate": gap.estimate, "said": said, "above 0": zero})
    table = pd.DataFrame(rows)
    for said in ("supported", "not_supported", "cannot_tell"):
        table[said] = table["said"] == said
    return table.drop(columns="said").groupby(["world", "claim"], sort=False).mean()


def main(sets: int = 200) -> None:
    print(f"Share of 90% intervals that hold the truth, {sets} sets each")
    print(coverage(sets).round(3).to_string())
    print(f"\nVerdicts, {sets} sets each: delta {DELTA}")
    print(verdicts(sets).round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
