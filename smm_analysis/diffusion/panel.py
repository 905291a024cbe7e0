"""From the tables to a strategy's weeks (전략용 주간 패널): one brand, one row a week.

What the firm does (money by activity and channel), what people see (contacts, views), what they do (pass on, follow,
buy), how they feel about the brand (relationship), and what else moved the week.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays

ACTIVITIES = ("listen", "useful", "promo", "diffusion", "participation", "other")
SEEN = ("useful", "promo", "diffusion", "participation")  # activities that are published
_OUTCOMES = ["new_customers", "followers", "new_followers", "lost_followers"]
_LEVEL, _SPREAD = 0.6, 0.05  # where an index in standard deviations of a brand's own weeks is put on 0..1
_WEEK = pd.Timedelta(days=7)


def strategy_panel(
    weekly: pd.DataFrame,
    effort: pd.DataFrame,
    media: pd.DataFrame,
    *,
    market_size: int,
    brand: str,
    posts: pd.DataFrame | None = None,
    relationship: pd.DataFrame | None = None,
    controls: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lay one brand's tables side by side, a row a week (주간 패널 만들기, S0.3, S0.4).

    Parameters
    ----------
    weekly, effort, media, posts, controls, events : the tables of the contract; other brands' rows are left out.
    market_size : people who could become customers; the data set's `[brand.NAME]` says it.
    relationship : a row a week with `week` and `relationship`, 0..1 or in standard deviations of the brand's weeks,
        and `relationship_n` (or `n`), how many answers and mentions it rests on. `simple_relationship` makes one,
        `relationship_index(...).weeks` is one. Without it the panel has none.

    Returns
    -------
    DataFrame
        brand, week, market_size, new_customers, customers (before the week), followers (at its end), new_followers,
        lost_followers, shares (passings-on of the week's posts), seen_useful and the other published activities
        (impressions), effort_listen and the other activities (money), spend_ and contacts_ by channel (money,
        impressions), relationship, relationship_n, control_ by name, crisis (share of the week). A week that `weekly`
        lacks has no outcomes.

    Raises
    ------
    ValueError
        No row of `weekly` for the brand, a week twice, or a market smaller than its customers.
    """
    weekly, effort, media, posts, controls, events = (
        None if table is None else table[table["brand"] == brand]
        for table in (weekly, effort, media, posts, controls, events)
    )
    index = _weeks_of(weekly, brand)
    panel = weekly.set_index("week")[_OUTCOMES].astype(float).reindex(index)
    came = panel["new_customers"].fillna(0)
    if came.sum() > market_size:
        raise ValueError(
            f"market_size of {brand!r} is {market_size}, but weekly counts {came.sum():.0f} new customers: give the "
            "number of people who could become customers"
        )
    parts = [
        _spread(effort, "activity", "cost", index).reindex(columns=ACTIVITIES, fill_value=0.0).add_prefix("effort_"),
        _spread(media, "channel", "spend", index).add_prefix("spend_"),
        _spread(media, "channel", "impressions", index).add_prefix("contacts_"),
        _published(posts, index),
        _felt(relationship, index),
        _moved(controls, index),
        pd.DataFrame({"customers": came.cumsum() - came, "crisis": _crises(events, index)}),
    ]
    panel = pd.concat([panel, *parts], axis=1)
    return panel.rename_axis("week").reset_index().assign(brand=brand, market_size=market_size)


def _weeks_of(weekly: pd.DataFrame, brand: str) -> pd.DatetimeIndex:
    if weekly.empty:
        raise ValueError(f"weekly has no rows of brand {brand!r}")
    weeks = pd.DatetimeIndex(weekly["week"])
    if len(twice := weeks[weeks.duplicated()]):
        raise ValueError(f"weekly of {brand!r} has the week of {twice[0]:%Y-%m-%d} twice")
    return pd.date_range(weeks.min(), weeks.max(), freq="7D")


def _spread(table: pd.DataFrame, names: str, values: str, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a column a name; a week without a row is 0."""
    wide = table.pivot_table(index="week", columns=names, values=values, aggfunc="sum", observed=True)
    return wide.reindex(index).astype(float).fillna(0.0).rename_axis(columns=None)


def activity_of(posts: pd.DataFrame) -> np.ndarray:
    """Return which activity each post belongs to, by its kind, else by its role (게시물의 활동)."""
    kind, role = posts["kind"].to_numpy(), posts["role"].to_numpy()
    names = ["promo", "participation", "diffusion"]
    return np.select([kind == "promo", kind == "participation", role == "diffusion"], names, "useful")


def _published(posts: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return impressions by activity and passings-on, of the posts published in each week."""
    columns = [f"seen_{name}" for name in SEEN]
    if posts is None or posts.empty:
        return pd.DataFrame(np.nan, index=index, columns=[*columns, "shares"])
    table = pd.DataFrame({"week": mondays(posts["published_at"]), "activity": activity_of(posts)})
    table = table.assign(seen=posts["impressions"], shares=posts["shares"])
    seen = _spread(table, "activity", "seen", index).reindex(columns=SEEN, fill_value=0.0).set_axis(columns, axis=1)
    return seen.assign(shares=table.groupby("week")["shares"].sum().reindex(index, fill_value=0).astype(float))


def _felt(relationship: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    if relationship is None or relationship.empty:
        return pd.DataFrame({"relationship": np.nan, "relationship_n": 0.0}, index=index)
    table = relationship.set_index("week").reindex(index)
    felt = table["relationship"].astype(float)
    if felt.lt(0).any() or felt.gt(1).any():
        felt = (_LEVEL + _SPREAD * felt).clip(0, 1)
    counts = [table[name] for name in ("relationship_n", "n") if name in table]
    n = counts[0] if counts else felt.notna()
    return pd.DataFrame({"relationship": felt, "relationship_n": n.fillna(0).astype(float)})


def _moved(controls: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a column a control; a week without a value takes the last one known."""
    if controls is None or controls.empty:
        return pd.DataFrame(index=index)
    wide = controls.pivot_table(index="week", columns="name", values="value", aggfunc="mean", observed=True)
    return wide.reindex(index).astype(float).ffill().bfill().add_prefix("control_").rename_axis(columns=None)


def _crises(events: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.Series:
    """Return the share of each week that a crisis covered, 0..1."""
    if events is None or events.empty:
        return pd.Series(0.0, index=index)
    dated = events[events["kind"] == "crisis"]
    starts, ends = (pd.to_datetime(dated[name]).dt.tz_localize(None).to_numpy() for name in ("start", "end"))
    begin = index.to_numpy()[:, None]
    overlap = np.minimum(ends, begin + _WEEK.to_timedelta64()) - np.maximum(starts, begin)
    return pd.Series((overlap / _WEEK.to_timedelta64()).clip(0).sum(axis=1).clip(max=1), index=index)
