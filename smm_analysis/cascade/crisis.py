"""What the record tells of past crises (지난 위기의 기록): who began to talk, when the firm first spoke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .graph import Graph

FIRM = ("brand", "staff")


def crises(mentions: pd.DataFrame, events: pd.DataFrame | None) -> pd.DataFrame:
    """Describe the crises on record, one a row, oldest first (위기 목록).

    Returns
    -------
    DataFrame
        start, end, mentions (by others than the firm), people (of whom), hours_to_first_word (until the firm first
        wrote; NaN if it did not within the crisis).
    """
    columns = ["start", "end"]
    rows = pd.DataFrame(columns=columns) if events is None else events[events["kind"] == "crisis"].sort_values("start")
    told = [_told(mentions, start, end) for start, end in rows[columns].itertuples(index=False)]
    return pd.DataFrame(told, columns=["start", "end", "mentions", "people", "hours_to_first_word"])


def first_voices(mentions: pd.DataFrame, start: Any, graph: Graph, *, hours: float = 24) -> tuple:
    """Return who, in the network, wrote within so many hours of a crisis' start, in order (처음 말한 사람들)."""
    within = mentions["created_at"].between(start, start + pd.Timedelta(hours=hours))
    wrote = mentions[within & ~mentions["author_role"].isin(FIRM)].sort_values("created_at")["author_key"]
    return _known(wrote.dropna().unique(), graph)


def firms_audience(mentions: pd.DataFrame, shares: pd.DataFrame, graph: Graph) -> tuple:
    """Return who in the network is known to hear the firm itself (회사의 말을 직접 듣는 사람).

    Those who passed on something of its own that nobody else had shown them, and those who wrote in a thread in which
    the firm wrote too.
    """
    first_hand = shares[shares["via_author_key"].isna()] if "via_author_key" in shares else shares
    people = [first_hand["author_key"]]
    if "thread_id" in mentions:
        firm = mentions["author_role"].isin(FIRM)
        ours = mentions["thread_id"].isin(mentions.loc[firm, "thread_id"].dropna())
        people.append(mentions.loc[ours & ~firm, "author_key"])
    return _known(pd.concat(people).dropna().unique(), graph)


def _told(mentions: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> tuple:
    within = mentions[mentions["created_at"].between(start, end)]
    firm = within["author_role"].isin(FIRM)
    word = within.loc[firm, "created_at"].min()
    hours = (word - start) / pd.Timedelta(hours=1) if firm.any() else np.nan
    return start, end, int((~firm).sum()), within.loc[~firm, "author_key"].nunique(), hours


def _known(people: Iterable[Any], graph: Graph) -> tuple:
    return tuple(person for person in people if person in graph.names)
