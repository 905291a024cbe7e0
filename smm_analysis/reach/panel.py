"""From the tables `reach_frequency` and `duplication` to histograms, reaches, pairs and curves (표에서 도달로).

One brand at a time. With `target=True` everything speaks of the target group: its people, its universe.
"""

from __future__ import annotations

import pandas as pd

from .curve import ReachCurve
from .duplication import Pair, UnionReach, union_reach
from .fitting import fit_reach

_OPEN = 1.005  # impressions of the last frequency above frequency times people by more than this: "or more"


def histogram_of(reach_frequency: pd.DataFrame, channel: str, period: str, *, target: bool = False) -> pd.Series:
    """People by frequency of one channel and period (빈도 분포): index frequency, in order.

    Parameters
    ----------
    reach_frequency : the table, of one brand.
    target : people of the target group (`target_people`) instead of all.

    Raises
    ------
    ValueError
        If there is no such row (the message names what there is), a frequency comes twice (several brands?), or the
        target's people are asked for and missing.
    """
    rows = _rows(reach_frequency, channel, period)
    return rows.set_index("frequency")[_people(rows, target, "reach_frequency")].astype(float).sort_index()


def reach_curve_of(
    reach_frequency: pd.DataFrame,
    channel: str,
    period: str,
    *,
    target: bool = False,
    level: float = 0.90,
    seed: int = 0,
) -> ReachCurve:
    """Reach curve of one channel and period from the table (표에서 구한 도달 곡선).

    The universe is the table's, or the histogram's sum; the target's is the histogram's sum, and its panel the same
    part of `panel_n`. Impressions are the table's, or frequency times people; those of the target's curve are the whole
    campaign's, so that both curves can be read at the same plan. If the last row has half a percent more impressions
    than that, its frequency stands for "or more".
    """
    rows = _rows(reach_frequency, channel, period).sort_values("frequency")
    people = histogram_of(reach_frequency, channel, period, target=target)
    everyone = float(rows["people"].sum())
    universe = _constant(rows, "universe") or everyone
    counted = rows["frequency"] * rows["people"]
    impressions = rows["impressions"].fillna(counted) if "impressions" in rows else counted
    scale = universe / everyone if 0 in people.index and everyone else 1.0
    panel = _constant(rows, "panel_n")
    part = people.sum() / everyone if target and everyone else 1.0
    return fit_reach(
        people,
        universe=float(people.sum()) if target else universe,
        panel_n=max(1, round(panel * part)) if panel else None,
        impressions=scale * float(impressions.sum()) or None,
        open_ended=bool(impressions.iloc[-1] > _OPEN * counted.iloc[-1]),
        level=level,
        seed=seed,
    )


def reaches_of(reach_frequency: pd.DataFrame, period: str, *, target: bool = False) -> pd.Series:
    """People reached by each channel in a period (채널별 도달): index channel, in the table's order."""
    rows = reach_frequency[reach_frequency["period"] == period]
    if rows.empty:
        raise ValueError(f"reach_frequency has no period {period!r}; it has {_listed(reach_frequency['period'])}")
    channels = list(dict.fromkeys(rows["channel"]))
    found = {name: histogram_of(rows, name, period, target=target) for name in channels}
    return pd.Series({name: people[people.index >= 1].sum() for name, people in found.items()}, name="reach")


def duplications_of(duplication: pd.DataFrame, period: str, *, target: bool = False) -> dict[Pair, float]:
    """People whom both channels of each pair reached in a period (쌍별 중복), as `union_reach` takes them."""
    rows = duplication[duplication["period"] == period]
    column = _people(rows, target, "duplication")
    pairs = list(zip(rows["channel_a"], rows["channel_b"], strict=True))
    twice = sorted({pair for pair in pairs if pairs.count(pair) > 1})
    if twice:
        raise ValueError(f"duplication has rows that come twice in {period}: {twice[:3]}; take one brand")
    return dict(zip(pairs, rows[column].astype(float), strict=True))


def union_of(
    reach_frequency: pd.DataFrame, duplication: pd.DataFrame | None, period: str, *, target: bool = False
) -> UnionReach:
    """People reached by any channel in a period (기간의 통합 도달); without `duplication` by Sainsbury's formula."""
    reaches = reaches_of(reach_frequency, period, target=target)
    rows = reach_frequency[reach_frequency["period"] == period]
    sums = rows.groupby("channel")[_people(rows, target, "reach_frequency")].sum()
    universe = float(sums.max()) if target else _constant(rows, "universe") or float(sums.max())
    pairs = None if duplication is None else duplications_of(duplication, period, target=target)
    return union_reach(reaches, pairs, universe=universe)


def _rows(table: pd.DataFrame, channel: str, period: str) -> pd.DataFrame:
    rows = table[(table["channel"] == channel) & (table["period"] == period)]
    if rows.empty:
        there = f"channels {_listed(table['channel'])}; periods {_listed(table['period'])}"
        raise ValueError(f"reach_frequency has no channel {channel!r} in period {period!r}; it has {there}")
    twice = rows["frequency"][rows["frequency"].duplicated()].tolist()
    if twice:
        raise ValueError(f"frequency {twice[0]} of {channel} comes twice in {period}; take one brand")
    return rows


def _people(rows: pd.DataFrame, target: bool, table: str) -> str:
    column = "target_people" if target else "people"
    if column not in rows or rows[column].isna().any():
        raise ValueError(f"{table} lacks {column}, or has rows without it: the target's reach cannot be read")
    return column


def _constant(rows: pd.DataFrame, column: str) -> float | None:
    """The one value of an optional column, None where it is absent or empty."""
    values = rows[column].dropna().unique() if column in rows else []
    if len(values) > 1:
        raise ValueError(f"{column} must be the same in all rows of a channel and period, not {list(values[:3])}")
    return float(values[0]) if len(values) else None


def _listed(values: pd.Series) -> str:
    return ", ".join(map(str, values.unique()))
