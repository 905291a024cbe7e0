"""One brand's weeks side by side (한 브랜드의 주간 표): outcome, media, posts, and what else moved the week.

Weeks without a row stay in the index and have no value: what carries over from them is not known either, and a
regression leaves those weeks out, counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

_WEEK = pd.Timedelta(weeks=1)
_DAYS_A_YEAR = 365.25
_WEEKS_A_YEAR = 52
_TOLD = 1e-6  # what a column must add of its own, share of its standard deviation
_PLANNED = ("campaign", "experiment")  # what the firm does on purpose is no shock


def of_one_brand(
    table: pd.DataFrame | None, brand: str | None, name: str = "events", columns: Iterable[str] = ()
) -> pd.DataFrame | None:
    """Return the rows of one brand; refuse several with none picked, and missing columns."""
    if table is None:
        return None
    if lacking := [column for column in columns if column not in table]:
        raise ValueError(f"{name} has no column {', '.join(map(repr, lacking))}; it has {', '.join(map(str, table))}")
    if brand is not None and "brand" in table:
        table = table[table["brand"] == brand]
    if "brand" in table and len(found := sorted(set(table["brand"]))) > 1:
        raise ValueError(
            f"{name} holds brands {', '.join(found)}: pick one by brand=, and pool the estimates (pool_brands)"
        )
    if table.empty and columns:
        raise ValueError(f"{name} has no rows" + (f" of brand {brand!r}" if brand else ""))
    return table


def wide(table: pd.DataFrame, names: str, values: str, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a column a name, a row a week; refuse two rows of one week and name."""
    twice = table[table.duplicated(["week", names])]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(f"{names} {first[names]!r} stands twice in the week of {first['week']:%Y-%m-%d}")
    spread = table.set_index(["week", names])[values].astype(float).unstack(names)  # noqa: PD010
    return spread.reindex(index).rename_axis(columns=None)


def all_weeks(*weeks: pd.Series) -> pd.DatetimeIndex:
    """Return every week from the first to the last of all that are given."""
    return pd.date_range(min(w.min() for w in weeks), max(w.max() for w in weeks), freq="7D", name="week")


def crisis_share(events: pd.DataFrame | None, index: pd.DatetimeIndex) -> np.ndarray:
    """Return the share of each week that crises covered, 0..1."""
    return event_columns(events, index).get("crisis", pd.Series(0.0, index)).to_numpy()


def event_columns(events: pd.DataFrame | None, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return, by kind, the share of each week that events covered; what the firm planned is left out."""
    if events is None or events.empty:
        return pd.DataFrame(index=index)
    start, end = (pd.to_datetime(events[name]).dt.tz_localize(None).to_numpy() for name in ("start", "end"))
    first = index.to_numpy()[:, None]
    overlap = (np.minimum(end, first + _WEEK) - np.maximum(start, first)) / _WEEK
    share = overlap.astype(float).clip(0)
    kinds = [kind for kind in pd.unique(events["kind"]) if kind not in _PLANNED]
    columns = {kind: share[:, (events["kind"] == kind).to_numpy()].sum(axis=1).clip(max=1) for kind in kinds}
    return pd.DataFrame(columns, index=index)


def baseline(
    index: pd.DatetimeIndex, *, others: Sequence[pd.DataFrame] = (), degree: int = 2
) -> tuple[pd.DataFrame, list[str]]:
    """Return ones, trend, a yearly season, and other columns standardised; and the names of those that add nothing.

    A column that never varies, or is told by the ones before it, is left out and named. The season needs a whole year.
    """
    time, angle = np.linspace(-1, 1, len(index)), 2 * np.pi * (index - index[0]).days.to_numpy() / _DAYS_A_YEAR
    columns = {"one": np.ones(len(index))} | {f"trend_{power}": time**power for power in range(1, degree + 1)}
    if len(index) >= _WEEKS_A_YEAR:
        columns |= {"season_sin": np.sin(angle), "season_cos": np.cos(angle)}
    table, dropped = pd.DataFrame(columns, index=index), []
    for name, column in (pair for frame in others for pair in frame.items()):
        if adds(table, column):
            table[name] = (column - column.mean()) / column.std()
        else:
            dropped.append(str(name))
    return table, dropped


def adds(table: pd.DataFrame, column: pd.Series) -> bool:
    """Whether a column varies and is not told by the columns of the table, over the weeks in which it is known."""
    known = column.notna() & table.notna().all(axis=1)
    y, x = column[known].to_numpy(float), table[known].to_numpy(float)
    if len(y) < 2 or not np.ptp(y):
        return False
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return bool(rest.std() > _TOLD * y.std())


def carried(column: pd.Series, half_life_weeks: float) -> pd.Series:
    """Return what is still remembered: a[t] = k a[t-1] + (1 - k) x[t], from nothing; half gone after the half-life."""
    keep = 0.5 ** (1 / half_life_weeks) if half_life_weeks else 0.0
    level, out = 0.0, np.empty(len(column))
    for week, value in enumerate(column.to_numpy(float)):
        level = keep * level + (1 - keep) * value
        out[week] = level
    return pd.Series(out, column.index)
