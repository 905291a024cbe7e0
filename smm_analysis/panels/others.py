"""Waits, media and reach (대기 시간·매체·도달 패널): the other small tables that logs are summed up into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .mentions import FIRM
from .times import HOUR, MONDAY, WEEK, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

CASES = ("case_id", "brand", "opened_at", "mention_id", "first_response_at", "resolved_at")
REPLIES = ("parent_id", "author_role", "created_at")
MEDIA = ("brand", "week", "channel", "line", "spend", "impressions", "reach", "engaged")
EXPOSURES: Mapping[str, str] = {
    **dict.fromkeys(("brand", "period", "channel", "line", "person_key"), "key"),
    "target": "whole",
}


def response_times(cases: ir.Table, mentions: ir.Table | None = None, *, clock: Clock, until: int) -> ir.Table:
    """How long each case waited (응답 시간, S4.8), as an expression; open cases are censored at `until`.

    Parameters
    ----------
    cases : columns `CASES`, times in microseconds.
    mentions : columns `REPLIES`. A case without a recorded first response, but with a mention, is taken as answered by
        the firm's first reply to that mention (the least time in a window over its replies).
    until : when the data end, microseconds; what came later is not known.

    Returns
    -------
    ibis Table
        case_id, brand, week (number, of opening), response_hours and has_response, resolution_hours and is_resolved:
        hours to the outcome or, where it is false, watched without it.
    """
    import ibis

    responded = cases["first_response_at"]
    if mentions is not None:
        replies = _first_replies(mentions)
        cases = cases.left_join(replies, cases["mention_id"] == replies["parent_id"])
        late = ibis.ifelse(cases["replied_at"] < cases["opened_at"], cases["opened_at"], cases["replied_at"])
        responded = ibis.coalesce(cases["first_response_at"], late)
    cases = cases.mutate(responded=responded).filter(cases["opened_at"] <= until)
    answered, resolved = (ibis.coalesce(cases[name] <= until, False) for name in ("responded", "resolved_at"))
    return cases.select(
        "case_id",
        "brand",
        week=clock.weeks(cases["opened_at"]),
        response_hours=_hours(cases["opened_at"], answered.ifelse(cases["responded"], until)),
        has_response=answered,
        resolution_hours=_hours(cases["opened_at"], resolved.ifelse(cases["resolved_at"], until)),
        is_resolved=resolved,
    )


def _first_replies(mentions: ir.Table) -> ir.Table:
    import ibis

    firm = mentions.filter(mentions["author_role"].isin(FIRM), mentions["parent_id"].notnull())
    first = firm["created_at"].min().over(ibis.window(group_by=firm["parent_id"]))
    return firm.select("parent_id", replied_at=first).distinct()


def _hours(start: ir.IntegerValue, end: ir.IntegerValue) -> ir.FloatingValue:
    return (end - start).cast("float64") / float(HOUR)


def media_weeks(media: ir.Table) -> ir.Table:
    """Sum paid media up by brand, week and channel (주간 매체), as an expression; `media` has the columns `MEDIA`.

    The week comes as its number. Spend, impressions and engaged add up. So does reach, which is right where rows are of
    different channels; over rows of one channel and week (many ads) it is the most that can have been reached.
    """
    by = ["brand", "week", "line", "channel"]
    media = media.mutate(week=(media["week"] - MONDAY) // WEEK)
    return media.group_by(by).aggregate(**{name: media[name].sum() for name in MEDIA[4:]})


def reach_frequency(exposures: ir.Table) -> ir.Table:
    """People by how often they saw a channel (빈도 분포, S4.11), as an expression.

    Parameters
    ----------
    exposures : a row a contact: brand, period, channel, line, person_key, and target (1 in the target group, else 0).

    Returns
    -------
    ibis Table
        The columns of the table reach_frequency from frequency 1 on: brand, period, channel, line, frequency, people,
        target_people, impressions. Who saw nothing is in no log.
    """
    by = ["brand", "period", "channel", "line"]
    seen = exposures.group_by([*by, "person_key"]).aggregate(
        frequency=exposures.count(), target=exposures["target"].max()
    )
    counted = seen.group_by([*by, "frequency"]).aggregate(people=seen.count(), target_people=seen["target"].sum())
    return counted.mutate(impressions=counted["frequency"] * counted["people"])


def duplication(exposures: ir.Table) -> ir.Table:
    """People who saw both channels of each pair (쌍별 중복, S4.11), as an expression; see `reach_frequency`.

    brand, period, channel_a, channel_b (in order of the alphabet), people, target_people; pairs that share nobody are
    not there.
    """
    by = ["brand", "period", "person_key"]
    seen = exposures.group_by([*by, "channel"]).aggregate(target=exposures["target"].max())
    other = seen.select(*by, channel_b=seen["channel"])
    pairs = seen.inner_join(other, by).rename(channel_a="channel")
    pairs = pairs.filter(pairs["channel_a"] < pairs["channel_b"])
    return pairs.group_by(["brand", "period", "channel_a", "channel_b"]).aggregate(
        people=pairs.count(), target_people=pairs["target"].sum()
    )
