"""Mentions by brand and week (주간 언급 패널): counts, authors, net sentiment, complaints, answers (S4.8).

A week is a piece by itself: sums over its own mentions, and two short lists at its edges, the complaints made shortly
before it ends and the replies given when it begins. So a new week costs its own mentions alone, and answers that come
on Monday to Sunday's complaints are counted all the same.
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
SUMS = ("n", "authors", "n_scored", "score", "positive", "negative", "n_complaints", "n_judged", "n_answered")
PANEL = (
    "brand",
    "week",
    "n",
    "authors",
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

    What the brand or its staff wrote is in no sum, but as an answer. Only settled complaints are judged here, those
    whose wait ended within their own week; `open_complaints` and `early_replies` tell the rest.

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
    sums = said.group_by(["brand", "week"]).aggregate(
        n=said.count(),
        authors=said["author_key"].approx_nunique() if counting.approximate else said["author_key"].nunique(),
        n_scored=score.count(),
        score=score.sum().fill_null(0.0),
        positive=(score > counting.neutral).sum().fill_null(0),
        negative=(score < -counting.neutral).sum().fill_null(0),
        n_complaints=said["complains"].sum(),
    )
    judged = _answers(mentions, said, clock, counting, until)
    beside = sums.left_join(judged, ["brand", "week"]).drop("brand_right", "week_right")
    return beside.mutate(**{name: beside[name].fill_null(0).cast("int64") for name in ("n_judged", "n_answered")})


def _said(mentions: ir.Table, clock: Clock, counting: Counting) -> ir.Table:
    """Return what others than the firm said, with its week and whether it complains."""
    import ibis

    others = mentions.filter(mentions["author_role"].notin(FIRM))
    found = others["text"].lower().re_search(counting.complaint) if counting.complaint else None
    complains = others["sentiment"] < -counting.neutral if found is None else found
    return others.mutate(week=clock.weeks(others["created_at"]), complains=ibis.coalesce(complains, False))


def _answers(mentions: ir.Table, said: ir.Table, clock: Clock, counting: Counting, until: int) -> ir.Table:
    """Count the settled complaints, and those answered in the week they were made."""
    met = _with_reply(mentions, said.filter(_settled(said, clock, counting, until)), clock)
    in_time = (met["replied"] - met["created_at"] <= duration(counting.within)).fill_null(False)
    return met.group_by(["brand", "week"]).aggregate(n_judged=met.count(), n_answered=in_time.sum())


def _settled(said: ir.Table, clock: Clock, counting: Counting, until: int) -> ir.BooleanValue:
    """Which complaints were watched for as long as an answer may take, within their own week and before `until`."""
    wait = duration(counting.within)
    left = WEEK + MONDAY - (clock.local(said["created_at"]) - said["week"] * WEEK)
    return said["complains"] & (left >= wait + MARGIN) & (said["created_at"] <= until - wait)


def _with_reply(mentions: ir.Table, asked: ir.Table, clock: Clock) -> ir.Table:
    """Put the firm's first reply of the same week beside complaints: `replied`, missing without one."""
    replies = first_replies(mentions, clock)
    same = [asked["mention_id"] == replies["parent_id"], asked["week"] == replies["reply_week"]]
    met = asked.left_join(replies, same)
    return met.select("brand", "week", "mention_id", "created_at", replied=met["replied_at"])


def first_replies(mentions: ir.Table, clock: Clock) -> ir.Table:
    """Return the firm's first reply to each mention in each week (첫 응답): parent_id, reply_week, replied_at."""
    firm = mentions.filter(mentions["author_role"].isin(FIRM), mentions["parent_id"].notnull())  # noqa: PD004
    firm = firm.mutate(reply_week=clock.weeks(firm["created_at"]))
    return firm.group_by(["parent_id", "reply_week"]).aggregate(replied_at=firm["created_at"].min())


def open_complaints(mentions: ir.Table, clock: Clock, counting: Counting, *, until: int) -> ir.Table:
    """Return the complaints that are not settled (열린 불만): brand, week, key (mention_id), at, replied."""
    said = _said(mentions, clock, counting)
    left = said.filter(said["complains"], ~_settled(said, clock, counting, until))
    met = _with_reply(mentions, left, clock)
    return met.select("brand", "week", key=met["mention_id"], at=met["created_at"], replied=met["replied"])


def early_replies(mentions: ir.Table, clock: Clock, counting: Counting) -> ir.Table:
    """Return the firm's replies in the first hours of each week (이른 응답): week, key (parent_id), replied."""
    replies = first_replies(mentions, clock)
    into = clock.local(replies["replied_at"]) - replies["reply_week"] * WEEK - MONDAY
    early = replies.filter(into <= duration(counting.within) + MARGIN)
    return early.select(week=early["reply_week"], key=early["parent_id"], replied=early["replied_at"])


def settled_later(waiting: pd.DataFrame, replies: pd.DataFrame, counting: Counting, *, until: int) -> pd.DataFrame:
    """Judge the complaints at the weeks' ends by the replies of both weeks: brand, week, n_judged, n_answered."""
    wait, after = duration(counting.within), replies.assign(week=replies["week"] - 1)
    met = waiting.merge(after, on=["week", "key"], how="left", suffixes=("", "_after"))
    met = met[met["at"] <= until - wait]
    in_time = (met["replied"] - met["at"] <= wait) | (met["replied_after"] - met["at"] <= wait)
    judged = met.assign(n_answered=in_time).groupby(["brand", "week"])["n_answered"]
    return judged.agg(n_judged="size", n_answered="sum").reset_index()


def weekly_panel(sums: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Return sums as the panel (주간 패널): shares and means of what was counted, NaN where nothing was."""
    import pandas as pd

    mondays = pd.to_datetime([clock.monday(int(week)) for week in sums["week"]])
    known = sums[list(SUMS)].astype(float)
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
