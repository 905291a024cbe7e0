"""Times of mentions, and the weeks they fall in (언급의 시각과 주)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.tables import moment_in


def end_of(observed_until: pd.Timestamp | str, mentions: pd.DataFrame) -> pd.Timestamp:
    """Return when the data end (관측 종료), and refuse mentions without a time or later than that."""
    if "created_at" not in mentions:
        raise ValueError("mentions have no column 'created_at'")
    until, at = zoned(observed_until, mentions, "observed_until"), mentions["created_at"]
    for bad, what in ((at.isna(), "have no created_at"), (at > until, f"are after observed_until {until}")):
        if bad.any():
            rows = ", ".join(map(str, mentions.index[bad][:5]))
            raise ValueError(f"{bad.sum()} of {len(at)} mentions {what}, rows {rows}")
    return until


def zoned(moment: pd.Timestamp | str, mentions: pd.DataFrame, name: str) -> pd.Timestamp:
    """Return a moment in the mentions' timezone (시각); a naive one takes it."""
    at = mentions["created_at"]
    if at.dtype.kind != "M":
        raise ValueError(f"created_at must hold times, all with or all without a timezone, not {at.dtype} values")
    return moment_in(at.dt.tz, moment, name)


def monday(moment: pd.Timestamp) -> pd.Timestamp:
    """Return the Monday of a moment's week (주의 월요일)."""
    day = moment.tz_localize(None).normalize()
    return day - pd.Timedelta(days=day.day_of_week)


def positive_wait(within: str | pd.Timedelta) -> pd.Timedelta:
    """Return how long to wait for an answer, above 0 (응답 대기 시간)."""
    wait = pd.Timedelta(within)
    if not wait > pd.Timedelta(0):
        raise ValueError(f"within must be above 0, not {within!r}")
    return wait
