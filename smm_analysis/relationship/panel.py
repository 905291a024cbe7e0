"""The weeks in which people pass things on (공유의 주별 자료): posts, weekly, controls and events, a row a week.

Exposures are what people saw of the firm's posts (impressions) and of what others passed on. No export counts the
latter; it is taken as last week's shares times `seen_per_share`, which the platform knows. With 0 exposures are the
firm's own impressions alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays

from .weeks import week_index

_DAYS_A_YEAR = 365.25
_NEEDED = ("published_at", "kind", "role", "impressions", "shares")


@dataclass(frozen=True)
class SharingWeeks:
    """One brand's weeks (주별 공유 자료).

    `weeks` has week, shares, impressions, exposures, followers (NaN in weeks without a row of `weekly` or without
    posts); `content` impressions by kind and role of the posts, `others` controls, and what share of the week events
    covered, 0..1; both a row a week.
    """

    weeks: pd.DataFrame = field(repr=False)
    content: pd.DataFrame = field(repr=False)
    others: pd.DataFrame = field(repr=False)
    seen_per_share: float = 0.0

    @property
    def missing(self) -> int:
        """How many weeks say nothing."""
        return int(self.weeks[["shares", "followers"]].isna().any(axis=1).sum())


def sharing_weeks(
    posts: pd.DataFrame,
    weekly: pd.DataFrame,
    *,
    seen_per_share: float = 0.0,
    controls: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
) -> SharingWeeks:
    """Lay one brand's tables side by side, a row a week (주별 공유 자료 만들기).

    Parameters
    ----------
    posts, weekly, controls, events : the tables, of one brand. The weeks run from the first to the last of `weekly`.
    seen_per_share : how often one thing passed on is seen in the week after, exposures a share, 0 or more: the
        platform's figure, or followers of those who share times the part of them that sees it.

    Raises
    ------
    ValueError
        If a column is missing, several brands are there, or `seen_per_share` is below 0.
    """
    _check(posts, weekly, seen_per_share)
    index = week_index(pd.date_range(weekly["week"].min(), weekly["week"].max(), freq="7D"))
    dated = posts.assign(week=mondays(posts["published_at"]), cell=posts["kind"] + "_" + posts["role"])
    dated = dated[dated["week"].isin(index) & dated["week"].isin(weekly["week"])]
    content = dated.groupby(["week", "cell"])["impressions"].sum().unstack("cell")  # noqa: PD010
    content = content.reindex(index).astype(float).rename_axis(columns=None)
    impressions = content.sum(axis=1).where(content.notna().any(axis=1))
    shares = dated.groupby("week")["shares"].sum().reindex(index).astype(float).where(impressions > 0)
    exposures = impressions + seen_per_share * shares.shift().fillna(shares)
    followers = weekly.set_index("week")["followers"].reindex(index).astype(float)
    columns = {"shares": shares, "impressions": impressions, "exposures": exposures, "followers": followers}
    weeks = pd.DataFrame(columns).reset_index()
    return SharingWeeks(weeks, content.fillna(0.0), _others(controls, events, index), seen_per_share)


def season(index: pd.DatetimeIndex, order: int) -> pd.DataFrame:
    """Return the year as waves, `order` pairs; none in less than a year of weeks (계절)."""
    angle = 2 * np.pi * (index - index[0]).days.to_numpy() / _DAYS_A_YEAR
    pairs = range(1, order + 1) if len(index) >= 52 else ()
    waves = {f"{name}_{k}": wave(k * angle) for k in pairs for name, wave in (("sin", np.sin), ("cos", np.cos))}
    return pd.DataFrame(waves, index=index)


def _check(posts: pd.DataFrame, weekly: pd.DataFrame, seen_per_share: float) -> None:
    for name, table, needed in (("posts", posts, _NEEDED), ("weekly", weekly, ("week", "followers"))):
        if missing := [column for column in needed if column not in table]:
            raise ValueError(f"{name} has no column {', '.join(map(repr, missing))}")
        if "brand" in table and len(brands := sorted(table["brand"].unique())) > 1:
            raise ValueError(f"{name} holds brands {', '.join(brands)}: these weeks are of one; pick its rows")
    if len(twice := weekly.loc[weekly["week"].duplicated(), "week"]):
        raise ValueError(f"weekly has the week {twice.iloc[0]:%Y-%m-%d} twice")
    if not seen_per_share >= 0:
        raise ValueError(f"seen_per_share must be 0 or more exposures a share, not {seen_per_share!r}")


def _others(controls: pd.DataFrame | None, events: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    parts = [pd.DataFrame(index=index)]
    if controls is not None and len(controls):
        wide = controls.pivot_table(index="week", columns="name", values="value")
        parts.append(wide.reindex(index).ffill().bfill().rename_axis(columns=None))
    if events is not None and len(events):
        parts.append(pd.DataFrame({f"event_{kind}": _covered(rows, index) for kind, rows in events.groupby("kind")}))
    return pd.concat([part.set_index(index) for part in parts], axis=1).astype(float)


def _covered(events: pd.DataFrame, index: pd.DatetimeIndex) -> np.ndarray:
    """Return which share of each week these events covered, 0..1."""
    start, end = (pd.to_datetime(events[name]).dt.tz_localize(None).to_numpy() for name in ("start", "end"))
    monday, week = index.to_numpy()[:, None], np.timedelta64(7, "D")
    overlap = np.minimum(end, monday + week) - np.maximum(start, monday)
    return (overlap / week).clip(0).sum(axis=1).clip(max=1).round(3)
