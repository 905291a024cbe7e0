"""Contests (겨루기): several ways to run one brand on the same luck, and how far one leads another.

All contestants of a seed meet the same people, seasons and lots; what differs is what was done. The spread of their
difference over seeds is what remains of chance.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .engine import simulate
from .simulation import LOYAL_WITHIN, Simulation

COUNTS = ("new_customers", "purchases", "loyal", "shares", "hides", "follower_gain")


def contest(contestants: Mapping[str, Mapping[str, Any]], *, seeds: Sequence[int], **setting: Any) -> pd.DataFrame:
    """Simulate every contestant on every seed's luck (같은 운으로 겨루기).

    Parameters
    ----------
    contestants : name -> what `simulate` takes and differs, such as ``{"talk": {"plan": plan}}``
    seeds : which lucks, one market each
    **setting : what `simulate` takes and all share

    Returns
    -------
    DataFrame
        A row a contestant, seed and week: contestant, seed, week (0, 1, ...) and `COUNTS`. new_customers are as the
        engine expects them, which is free of the last lot: whether this person buys this week.

    Examples
    --------
    >>> weekly = contest({"as_planned": {}}, seeds=[1], people=200, weeks=8)
    >>> len(weekly), weekly["contestant"].iloc[0]
    (8, 'as_planned')
    """
    parts = [
        weekly_counts(simulate(seed=seed, **{**setting, **own})).assign(contestant=name, seed=seed)
        for name, own in contestants.items()
        for seed in seeds
    ]
    return pd.concat(parts, ignore_index=True)[["contestant", "seed", "week", *COUNTS]]


def weekly_counts(sim: Simulation) -> pd.DataFrame:
    """Count what a strategist counts, week by week: week and `COUNTS` (주별 집계)."""
    log, weeks = sim.history, np.arange(sim.setting.weeks)
    not_yet = weeks[:, None] <= sim.first_week
    return pd.DataFrame(
        {
            "week": weeks,
            "new_customers": (log["chance"] * not_yet).sum(axis=1, dtype=float),
            "purchases": sim.purchases.sum(axis=1),
            "loyal": _newly_loyal(sim),
            "shares": sim.shares.sum(axis=1),
            "hides": log["hid"].sum(axis=1),
            "follower_gain": log["joined"].sum(axis=1) - log["left"].sum(axis=1),
        }
    )


def _newly_loyal(sim: Simulation) -> np.ndarray:
    """Persons whose second purchase within 13 weeks of another falls into the week; (weeks,)."""
    total = np.cumsum(sim.purchases, axis=0, dtype=np.int32)
    before = np.zeros_like(total)
    before[LOYAL_WITHIN:] = total[:-LOYAL_WITHIN]
    loyal = total - before >= 2
    return np.bincount(loyal.argmax(axis=0)[loyal.any(axis=0)], minlength=sim.setting.weeks)


def leads(
    weekly: pd.DataFrame,
    over: str,
    *,
    count: str = "new_customers",
    since: int = 0,
    until: int = 9999,
    level: float = 0.9,
) -> pd.DataFrame:
    """How far each contestant leads one of them, in percent of what that one has (앞선 정도).

    Parameters
    ----------
    weekly : what `contest` returns
    over : the contestant that the others are held against
    count : one of `COUNTS`
    since, until : the weeks counted, since <= week < until
    level : of the two-sided interval, 0..1; Student's t over the seeds' differences

    Returns
    -------
    DataFrame
        contestant, total (mean over seeds), estimate, low, high (percent), n (seeds); `over` itself leads by 0.
        NaN where `over` has none to count.

    Raises
    ------
    ValueError
        `over` is no contestant, or there are fewer than two seeds.
    """
    from scipy.stats import t

    counted = weekly[weekly["week"].between(since, until - 1)]
    totals = counted.pivot_table(values=count, index="contestant", columns="seed", aggfunc="sum", sort=False)
    if over not in totals.index or totals.shape[1] < 2:
        raise ValueError(f"{over!r} must be one of {', '.join(map(str, totals.index))}, on two seeds or more")
    base = totals.loc[over].mean() or np.nan
    gaps = 100 * (totals - totals.loc[over]) / base
    n = totals.shape[1]
    margin = t.ppf(0.5 + level / 2, n - 1) * gaps.std(axis=1, ddof=1) / np.sqrt(n)
    middle = gaps.mean(axis=1)
    table = {"total": totals.mean(axis=1), "estimate": middle, "low": middle - margin, "high": middle + margin, "n": n}
    return pd.DataFrame(table).rename_axis("contestant").reset_index()
