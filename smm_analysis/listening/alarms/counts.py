"""Counts at a regular step (시간별 언급 수): made from mentions, or read and completed; zero is not unknown."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from smm_analysis.tables import moment_in


def hourly_counts(
    mentions: pd.DataFrame,
    *,
    since: pd.Timestamp | str,
    until: pd.Timestamp | str,
    by: str | None = None,
    only: pd.Series | None = None,
    unique_authors: bool = False,
    step: str | pd.Timedelta = "1h",
) -> pd.Series | pd.DataFrame:
    """Count mentions per hour, hours without any as 0 (시간별 언급 수).

    Every hour from `since` up to, not including, `until` gets a row: it must have been collected. Set what was not to
    NaN afterwards. Hours are counted in elapsed time from `since`, so that summer time neither doubles nor skips one.

    Parameters
    ----------
    mentions : the `mentions` table; only created_at is used, and what the options name.
    since, until : naive ones are read in the timezone of created_at.
    by : a column, such as brand: then a frame with a column each.
    only : True for the mentions to count, such as complaints or customers' own; in the same order.
    unique_authors : count people, by author_key, not mentions: one shouting person is no crowd. A mention without a key
        counts as one.
    step : length of a step.

    Raises
    ------
    ValueError
        If created_at is missing somewhere, `only` is not boolean or not of the same rows, or since to until is no
        whole number of steps.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-03-02 09:05", "2026-03-02 09:50", "2026-03-02 11:00"])
    >>> mentions = pd.DataFrame({"created_at": at, "author_key": ["a", "a", "b"]})
    >>> hourly_counts(mentions, since="2026-03-02 09:00", until="2026-03-02 12:00").tolist()
    [2, 0, 1]
    """
    rows, step = _chosen(mentions, only, [by] if by else []), pd.Timedelta(step)
    tz = rows["created_at"].dt.tz
    since, until = moment_in(tz, since, "since"), moment_in(tz, until, "until")
    whole = step > pd.Timedelta(0) and until > since and (until - since) % step == pd.Timedelta(0)
    require(whole, f"until must be one or more whole steps after since, not {until} after {since} in steps of {step}")
    hours = pd.date_range(since, until, freq=step, inclusive="left", name="hour")
    rows = rows[(rows["created_at"] >= since) & (rows["created_at"] < until)]
    rows = rows.assign(hour=hours[((rows["created_at"] - since) // step).to_numpy(int)])
    if unique_authors:
        rows = rows.assign(author_key=_person(rows)).drop_duplicates(["hour", "author_key", *([by] if by else [])])
    counted = pd.crosstab(rows["hour"], rows[by], dropna=False) if by else rows["hour"].value_counts(sort=False)
    return counted.reindex(hours, fill_value=0).rename_axis(index="hour")


def regular(counts: pd.Series, step: str | pd.Timedelta | None, missing: str) -> pd.Series:
    """Return the counts at every step from the first to the last; what is not in the index is NaN or 0."""
    require(missing in ("unknown", "zero"), f"missing must be 'unknown' or 'zero', not {missing!r}")
    require(isinstance(counts.index, pd.DatetimeIndex), "counts need times as their index (a DatetimeIndex)")
    counts = counts.astype(float).sort_index()
    refuse(counts.index.isna(), counts, "have no time")
    refuse(counts.index.duplicated(), counts, "have a time that is already there (summer time? give a timezone)")
    refuse((counts < 0) | np.isinf(counts) | (counts % 1 > 0), counts, "are not whole numbers >= 0 or NaN")
    require(len(counts) > 1, f"counts need at least two steps, not {len(counts)}")
    gaps = (counts.index[1:] - counts.index[:-1]).to_series()
    step = pd.Timedelta(gaps.mode().iloc[0] if step is None else step)
    require(step > pd.Timedelta(0), f"step must be above 0, not {step}")
    off = (counts.index - counts.index[0]) % step != pd.Timedelta(0)
    refuse(off, counts, f"are off the step of {step} from the first time on (days in summer time? drop the timezone)")
    every = pd.date_range(counts.index[0], counts.index[-1], freq=step)
    return counts.reindex(every, fill_value=math.nan if missing == "unknown" else 0.0)


def _chosen(mentions: pd.DataFrame, only: pd.Series | None, columns: list[str]) -> pd.DataFrame:
    """Return the mentions to count, if they and what is used of them are complete."""
    for name in ("created_at", *columns):
        require(name in mentions, f"mentions have no column {name!r}")
    created = mentions["created_at"]
    require(pd.api.types.is_datetime64_any_dtype(created), "created_at of mentions must be times of one timezone")
    refuse(created.isna(), created, "of mentions have no created_at")
    if only is None:
        return mentions
    require(only.index.equals(mentions.index), "only must have the same rows as mentions")
    require(only.dtype in (bool, "boolean") and not only.isna().any(), "only must be True or False in every row")
    return mentions[only.to_numpy(bool)]


def _person(rows: pd.DataFrame) -> pd.Series:
    require("author_key" in rows, "mentions have no column 'author_key'")
    return rows["author_key"].astype(object).where(rows["author_key"].notna(), pd.Series(range(len(rows)), rows.index))


def step_of(index: pd.DatetimeIndex) -> pd.Timedelta:
    """Return the length of a step."""
    return index[1] - index[0]


def refuse(bad: np.ndarray | pd.Series, rows: pd.Series, problem: str) -> None:
    """Raise a ValueError that shows the first bad rows, if any."""
    bad = np.asarray(bad)
    if bad.any():
        first = ", ".join(f"{key}: {value}" for key, value in rows[bad].head(3).items())
        raise ValueError(f"{bad.sum()} of {len(bad)} rows {problem}; first {first}")


def require(holds: bool, problem: str) -> None:
    """Raise a ValueError unless it holds."""
    if not holds:
        raise ValueError(problem)
