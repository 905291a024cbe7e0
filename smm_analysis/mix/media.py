"""From the tables to a media mix's weeks (매체 믹스 입력): weekly, media, controls and events become one row a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays
from smm_analysis.terms import Refused

from .adstock import adstock, carry_over_of

_OUTCOMES = ("units", "new_customers", "revenue", "new_followers")
_WEEK = np.timedelta64(7, "D")
_TALK_WEEKS = {"impressions": 2.0, "shares": 4.0}  # half-lives of what posts and friends say: short, and a month


@dataclass(frozen=True)
class MixPanel:
    """One brand's weeks (주간 패널): `weeks` has week, outcomes, money by channel, controls, `event_` + kind.

    An event's column is the share of the week it covered, 0..1. Channels are `comparable` if what is spread is money.
    Pass it on as `fit_mix(panel.weeks, outcome="units", **panel.columns)`. `set_aside` says in words what was left out
    or filled in.
    """

    weeks: pd.DataFrame = field(repr=False, compare=False)
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    events: tuple[str, ...]
    lines: Mapping[str, str]
    set_aside: tuple[str, ...] = ()
    market: str = ""
    talk: tuple[str, ...] = ()
    comparable: bool = True

    @property
    def columns(self) -> dict[str, object]:
        """What `fit_mix` needs to know of the columns, whatever the outcome."""
        names = {"channels": self.channels, "controls": self.controls, "events": self.events, "talk": self.talk}
        return names | {"lines": self.lines, "comparable": self.comparable}


def mix_panel(
    weekly: pd.DataFrame,
    media: pd.DataFrame,
    *,
    controls: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    posts: pd.DataFrame | None = None,
    brand: str | None = None,
    money: str = "spend",
    market_size: float | None = None,
) -> MixPanel:
    """Lay the tables side by side, a row a week (주간 패널 만들기).

    Weeks run from the first to the last of `weekly` and `media`. A week that `weekly` lacks keeps its money and has no
    outcome. A channel without a row in a week in which others have one spent nothing; that is counted in `set_aside`.

    Parameters
    ----------
    weekly, media, controls, events, posts : the tables; of several brands `brand` picks one. Posts become `talk`:
        impressions and shares of the week they were published in, carried over with half-lives of 2 and 4 weeks.
    money : the column of `media` to spread: spend, or impressions.
    market_size : people who could become customers, those won before the first week not among them; then `market` names
        a column of those not yet won at the week's start. A week without a count is taken to have won nobody.

    Raises
    ------
    ValueError
        If there are several brands and none is picked, a week has no row of `media` at all, a control is missing in
        some week, a channel is of two lines, or a channel and a control share a name.
    """
    tables = (weekly, media, controls, events, posts)
    brand = brand if brand is not None else _only_brand(tables)
    weekly, media, controls, events, posts = (_of_brand(table, brand) for table in tables)
    if media is None or media.empty:
        raise Refused("mix_no_media", brand=brand)
    index = pd.date_range(min(weekly["week"].min(), media["week"].min()), media["week"].max(), freq="7D", name="week")
    spend, filled = _spread(media, index, money)
    outcomes = weekly.set_index("week")[[name for name in _OUTCOMES if name in weekly]].reindex(index)
    moved = _controls(controls, index)
    if clash := sorted(set(spend) & {*moved, *outcomes}):
        raise Refused("mix_same_name", names=", ".join(clash))
    dated = _events(events, index)
    left, said = _left(outcomes, market_size), _talk(posts, index)
    weeks = pd.concat([outcomes, spend, moved, dated, left, said], axis=1).reset_index()
    names = (tuple(map(str, table)) for table in (spend, moved, dated))
    return MixPanel(
        weeks, *names, _lines(media), filled, market="".join(left), talk=tuple(said), comparable=money == "spend"
    )


def _left(outcomes: pd.DataFrame, market_size: float | None) -> pd.DataFrame:
    """Return who was not yet a customer at each week's start; no column without a size."""
    if market_size is None:
        return pd.DataFrame(index=outcomes.index)
    if "new_customers" not in outcomes:
        raise ValueError("market_size needs the column new_customers of weekly, to know how many are left")
    won = outcomes["new_customers"].fillna(0).cumsum()
    if won.iloc[-1] >= market_size:
        raise Refused("mix_market_small", size=market_size, won=won.iloc[-1])
    return (market_size - won.shift(fill_value=0)).to_frame("not_yet_customers")


def _talk(posts: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return what the firm's posts showed and customers passed on, carried over."""
    if posts is None or posts.empty:
        return pd.DataFrame(index=index)
    said = posts.groupby(mondays(posts["published_at"]))[[*_TALK_WEEKS]].sum().reindex(index, fill_value=0)
    carried = adstock(said.to_numpy(float), carry_over_of(np.array([[*_TALK_WEEKS.values()]])))[0]
    return pd.DataFrame(carried, index=index, columns=[f"talk_{name}" for name in _TALK_WEEKS])


def _only_brand(tables: tuple[pd.DataFrame | None, ...]) -> str | None:
    brands = sorted(
        {name for table in tables if table is not None and "brand" in table for name in table["brand"].unique()}
    )
    if len(brands) > 1:
        raise ValueError(f"the tables hold brands {', '.join(brands)}: pick one by brand=")
    return brands[0] if brands else None


def _of_brand(table: pd.DataFrame | None, brand: str | None) -> pd.DataFrame | None:
    if table is None or "brand" not in table or brand is None:
        return table
    return table[table["brand"] == brand]


def _spread(media: pd.DataFrame, index: pd.DatetimeIndex, money: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return money by week and channel, and what was filled in."""
    spend = _wide(media, "channel", money, index)
    if (bare := spend.isna().all(axis=1)).any():
        first = ", ".join(f"{week:%Y-%m-%d}" for week in spend.index[bare][:5])
        raise Refused("mix_media_weeks", weeks=bare.sum(), first=first)
    gaps = spend.isna().sum()
    filled = tuple(f"{name}: {n} weeks without a row of media, taken as 0" for name, n in gaps[gaps > 0].items())
    return spend.fillna(0.0), filled


def _controls(controls: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    if controls is None or controls.empty:
        return pd.DataFrame(index=index)
    moved = _wide(controls, "name", "value", index)
    for name, values in moved.items():
        if values.isna().any():
            first = values.index[values.isna()][0]
            raise Refused("mix_control_empty", name=name, weeks=values.isna().sum(), first=first)
    return moved


def _wide(table: pd.DataFrame, names: str, values: str, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a column a name, a row a week."""
    twice = table[table.duplicated(["week", names])]
    if len(twice):
        first = twice.iloc[0]
        raise Refused("mix_twice", column=names, name=first[names], week=first["week"])
    wide = table.set_index(["week", names])[values].astype(float).unstack(names)  # noqa: PD010
    return wide.reindex(index).rename_axis(columns=None)


def _events(events: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return, by kind, the share of each week that events covered."""
    if events is None or events.empty:
        return pd.DataFrame(index=index)
    starts, ends = (pd.to_datetime(events[name]).dt.tz_localize(None).to_numpy() for name in ("start", "end"))
    kinds = events["kind"].to_numpy()
    covered = {
        f"event_{kind}": _covered(index, starts[kinds == kind], ends[kinds == kind]) for kind in pd.unique(kinds)
    }
    return pd.DataFrame(covered, index=index)


def _covered(index: pd.DatetimeIndex, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    monday = index.to_numpy()[:, None]
    overlap = np.minimum(ends, monday + _WEEK) - np.maximum(starts, monday)
    return (overlap / _WEEK).clip(0).sum(axis=1).clip(max=1).round(3)  # an end at 23:59 is the day's end


def _lines(media: pd.DataFrame) -> dict[str, str]:
    lines = media.groupby("channel")["line"].unique()
    if len(mixed := lines[lines.str.len() > 1]):
        raise Refused("mix_two_lines", channel=mixed.index[0], lines=", ".join(mixed.iloc[0]))
    return {str(channel): str(line[0]) for channel, line in lines.items()}
