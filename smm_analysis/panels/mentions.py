"""Mentions by brand and week (주간 언급 패널): counts, authors, net sentiment, complaints, answers (S4.8).

A week is a piece by itself: sums over its own mentions, and two short lists at its edges, the complaints made shortly
before it ends and the replies given when it begins or ends. So a new week costs its own mentions alone, and answers
that come on Monday to Sunday's complaints are counted all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .times import HOUR, MONDAY, WEEK, Clock, duration

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

FIRM = ("brand", "staff")
MARGIN = 2 * HOUR  # by how much a clock change may make a local week longer or shorter, and more
COLUMNS = ("mention_id", "brand", "created_at", "author_key", "author_role", "text", "parent_id", "sentiment")
SUMS = ("n", "people", "n_scored", "score", "positive", "negative", "n_complaints", "n_judged")
PANEL = (
    "brand",
    "week",
    "n",
    "people",
    "n_scored",
    "net_sentiment",
    "net_positive",
    "n_complaints",
    "complaint_share",
)
WEEKLY = (*PANEL, "n_judged", "answered_share")


@dataclass(frozen=True)
class Counting:
    """How mentions are counted (집계 규칙).

    Attributes
    ----------
    within : how soon the brand's reply must come to count as an answer; at most a week.
    complaint : a regular expression that the lower-cased text of a complaint holds, in the syntax that RE2 and Java
        share; "" takes a score below -`neutral` for one.
    neutral : scores up to this size are neither positive nor negative.
    approximate : count people by the engine's sketch (HyperLogLog) instead of exactly: less memory, and a few percent
        off (`benchmarks/panels_big.py` says how much).
    """

    within: str = "24h"
    complaint: str = ""
    neutral: float = 0.05
    approximate: bool = False

    def __post_init__(self) -> None:
        if duration(self.within) > WEEK:
            raise ValueError(f"within must be a week at most, not {self.within!r}: answers are looked for a week ahead")
        if not 0 <= self.neutral <= 1:
            raise ValueError(f"neutral must lie between 0 and 1, not {self.neutral!r}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read: the text only if a pattern is looked for."""
        return tuple(name for name in COLUMNS if name != "text" or self.complaint)


def mention_sums(mentions: ir.Table, clock: Clock, counting: Counting, *, until: int) -> ir.Table:
    """Sum mentions up by brand and week (주간 합계), as an expression.

    What the brand or its staff wrote is in no sum. Only settled complaints are judged here, those whose wait ended
    within their own week; `open_complaints` and `edge_replies` tell the rest.

    Parameters
    ----------
    mentions : columns `counting.columns`; times in microseconds.
    until : when the data end, microseconds.

    Returns
    -------
    ibis Table
        brand, week (its number) and `SUMS`.
    """
    said = _said(mentions, clock, counting)
    score = said["sentiment"]
    return said.group_by(["brand", "week"]).aggregate(
        n=said.count(),
        people=said["author_key"].approx_nunique() if counting.approximate else said["author_key"].nunique(),
        n_scored=score.count(),
        score=score.sum().fill_null(0.0),
        positive=(score > counting.neutral).sum().fill_null(0),
        negative=(score < -counting.neutral).sum().fill_null(0),
        n_complaints=said["complains"].sum(),
        n_judged=_settled(said, clock, counting, until).sum(),
    )


def _said(mentions: ir.Table, clock: Clock, counting: Counting) -> ir.Table:
    """Return what others than the firm said, with its week and whether it complains."""
    import ibis

    others = mentions.filter(mentions["author_role"].notin(FIRM))
    found = others["text"].lower().re_search(counting.complaint) if counting.complaint else None
    complains = others["sentiment"] < -counting.neutral if found is None else found
    return others.mutate(week=clock.weeks(others["created_at"]), complains=ibis.coalesce(complains, False))


def answers(mentions: ir.Table, replies: ir.Table, clock: Clock, counting: Counting, *, until: int) -> ir.Table:
    """Count the settled complaints that were answered in time, in the week they were made: brand, week, n_answered.

    `replies` are the mentions once more: as an expression of their own they need not be held while both are read.
    """
    said, first = _said(mentions, clock, counting), first_replies(replies, clock)
    asked = said.filter(_settled(said, clock, counting, until))
    met = asked.inner_join(first, [asked["mention_id"] == first["key"], asked["week"] == first["reply_week"]])
    in_time = met.filter(met["replied"] - met["created_at"] <= duration(counting.within))
    return in_time.group_by(["brand", "week"]).aggregate(n_answered=in_time.count())


def _settled(said: ir.Table, clock: Clock, counting: Counting, until: int) -> ir.BooleanValue:
    """Which complaints were watched for as long as an answer may take, within their own week and before `until`."""
    wait = duration(counting.within)
    left = WEEK + MONDAY - (clock.local(said["created_at"]) - said["week"] * WEEK)
    return said["complains"] & (left >= wait + MARGIN) & (said["created_at"] <= until - wait)


def first_replies(mentions: ir.Table, clock: Clock) -> ir.Table:
    """Return the firm's first reply to each mention in each week (첫 응답): reply_week, key (parent_id), replied."""
    firm = mentions.filter(mentions["author_role"].isin(FIRM), mentions["parent_id"].notnull())  # noqa: PD004
    firm = firm.mutate(reply_week=clock.weeks(firm["created_at"]), key=firm["parent_id"])
    return firm.group_by(["reply_week", "key"]).aggregate(replied=firm["created_at"].min())


def open_complaints(mentions: ir.Table, clock: Clock, counting: Counting, *, until: int) -> ir.Table:
    """Return the complaints that are not settled (열린 불만): brand, week, key (mention_id), at (microseconds)."""
    said = _said(mentions, clock, counting)
    left = said.filter(said["complains"], ~_settled(said, clock, counting, until))
    return left.select("brand", "week", key=left["mention_id"], at=left["created_at"])


def edge_replies(mentions: ir.Table, clock: Clock, counting: Counting) -> ir.Table:
    """Return the firm's first replies near the ends of each week (주초·주말의 응답): week, key (parent_id), replied.

    They are the ones that may answer a complaint that is not settled in its own week.
    """
    replies = first_replies(mentions, clock)
    into = clock.local(replies["replied"]) - replies["reply_week"] * WEEK - MONDAY
    near = duration(counting.within) + MARGIN
    edge = replies.filter((into <= near) | (into >= WEEK - near))
    return edge.select("key", "replied", week=edge["reply_week"])


def settled_later(waiting: pd.DataFrame, replies: pd.DataFrame, counting: Counting, *, until: int) -> pd.DataFrame:
    """Judge the complaints at the weeks' ends by the replies of both weeks: brand, week, n_judged, n_answered."""
    wait = duration(counting.within)
    first = replies.groupby("key", as_index=False)["replied"].min()
    met = waiting.loc[waiting["at"] <= until - wait, ["brand", "week", "key", "at"]].merge(first, on="key", how="left")
    judged = met.assign(n_answered=met["replied"] - met["at"] <= wait).groupby(["brand", "week"])["n_answered"]
    return judged.agg(n_judged="size", n_answered="sum").reset_index()


def weekly_panel(sums: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Return sums, with n_answered, as the panel (주간 패널): shares and means of what was counted, NaN of nothing."""
    import pandas as pd

    mondays = pd.to_datetime([clock.monday(int(week)) for week in sums["week"]])
    known = sums[[*SUMS, "n_answered"]].astype(float)
    shares = {
        "net_sentiment": known["score"] / _some(known["n_scored"]),
        "net_positive": (known["positive"] - known["negative"]) / _some(known["n_scored"]),
        "complaint_share": known["n_complaints"] / _some(known["n"]),
        "answered_share": known["n_answered"] / _some(known["n_judged"]),
    }
    counts = {name: known[name].astype("int64") for name in SUMS if name != "score"}
    week = pd.Series(mondays, sums.index, dtype="datetime64[us]")
    panel = pd.DataFrame({"brand": sums["brand"], "week": week, **counts, **shares})
    return panel.sort_values(["brand", "week"])[list(WEEKLY)].reset_index(drop=True)


def _some(counts: pd.Series) -> pd.Series:
    return counts.where(counts > 0)
