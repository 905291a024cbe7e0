"""The brand's weeks and quarters (주와 분기의 표): sales, effort, paid media, reach, controls and events."""

from itertools import pairwise

import numpy as np
import pandas as pd

from .exporter import MINUTE, MINUTES, START, Exporter, amounts, week_start
from .people import TARGET_SEGMENT
from .talk import crisis_start
from .worlds import ACTIVITIES

PANEL_QUARTERS = 4


def weekly_table(out: Exporter) -> pd.DataFrame:
    """Followers, customers, units and revenue."""
    weeks, _, amount = amounts(out)
    return out.frame(
        brand=out.brand,
        week=week_start(np.arange(out.weeks)).astype("datetime64[s]"),
        followers=out.h["follows"].sum(axis=1),
        new_followers=out.h["joined"].sum(axis=1),
        lost_followers=out.h["left"].sum(axis=1),
        new_customers=np.bincount(out.sim.first_week, minlength=out.weeks + 1)[: out.weeks],
        units=out.h["bought"].sum(axis=1),
        revenue=np.bincount(weeks, weights=amount, minlength=out.weeks).astype(np.int64),
    )


def _long(out: Exporter, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(week dates, names) of a long table, week by week."""
    dates = week_start(np.arange(out.weeks)).astype("datetime64[s]")
    return np.repeat(dates, len(names)), np.tile(np.array(names, dtype=object), out.weeks)


def effort_table(out: Exporter) -> pd.DataFrame:
    """Money and hours per activity."""
    week, activity = _long(out, ACTIVITIES)
    cost = out.sim.choices.money[:, : len(ACTIVITIES)]
    hours = cost / 25_000
    hours[:, 0] = out.sim.choices.hours
    return out.frame(
        brand=out.brand,
        week=week,
        activity=activity,
        cost=np.round(cost).astype(np.int64).ravel(),
        hours=np.round(hours, 1).ravel(),
    )


def media_table(out: Exporter) -> pd.DataFrame:
    """Spend, impressions, reach and those who engaged, per paid channel."""
    channels = out.sim.setting.world.channels
    week, channel = _long(out, tuple(channels))
    seen = out.h["exposures"]
    return out.frame(
        brand=out.brand,
        week=week,
        channel=channel,
        line=[channels[c].line for c in channel],
        spend=np.round(out.sim.choices.money[:, len(ACTIVITIES) :]).astype(np.int64).ravel(),
        impressions=seen.sum(axis=2).ravel(),
        reach=(seen > 0).sum(axis=2).ravel(),
        engaged=out.h["engaged"].sum(axis=2).ravel(),
    )


def _quarters(out: Exporter) -> list[tuple[str, slice]]:
    """The last full quarters of thirteen weeks, named by their first Monday's date."""
    starts = np.arange(out.weeks % 13, out.weeks - 12, 13)[-PANEL_QUARTERS:]
    return [(str(week_start(s)), slice(s, s + 13)) for s in starts] or [(str(week_start(0)), slice(0, out.weeks))]


def reach_frequency_table(out: Exporter) -> pd.DataFrame:
    """How many people saw a channel how often in a quarter, counted from the exposures themselves."""
    target, parts = out.sim.people.segment == TARGET_SEGMENT, []
    for period, weeks in _quarters(out):
        for row, (name, channel) in enumerate(out.sim.setting.world.channels.items()):
            seen = out.h["exposures"][weeks, row].sum(axis=0, dtype=np.int64)
            people, ours = np.bincount(seen), np.bincount(seen[target], minlength=seen.max() + 1)
            parts.append(
                out.frame(
                    brand=out.brand,
                    period=period,
                    channel=name,
                    line=channel.line,
                    frequency=np.arange(len(people)),
                    people=people,
                    target_people=ours,
                    universe=out.n,
                )[people > 0]
            )
    return pd.concat(parts, ignore_index=True)


def duplication_table(out: Exporter) -> pd.DataFrame:
    """How many people saw both channels of a pair in a quarter."""
    names, target, rows = list(out.sim.setting.world.channels), out.sim.people.segment == TARGET_SEGMENT, []
    for period, weeks in _quarters(out):
        saw = out.h["exposures"][weeks].any(axis=0)
        for a in range(len(names)):
            for b in range(a + 1, len(names)):
                both = saw[a] & saw[b]
                rows.append((out.brand, period, names[a], names[b], both.sum(), (both & target).sum()))
    return pd.DataFrame(rows, columns=["brand", "period", "channel_a", "channel_b", "people", "target_people"])


def controls_table(out: Exporter) -> pd.DataFrame:
    """Price, promotion, holiday, stock_out, competitor."""
    names = ("price", "promotion", "holiday", "stock_out", "competitor")
    week, name = _long(out, names)
    value = np.stack([out.sim.conditions[n] for n in names], axis=1)
    return out.frame(brand=out.brand, week=week, name=name, value=np.round(value, 3).ravel())


def events_table(out: Exporter) -> pd.DataFrame:
    """Crises with their hour, campaigns where the plan changes, experiments where the policy draws lots."""
    rows = []
    for week in np.flatnonzero(out.sim.conditions["crisis"] > 0):
        start = crisis_start(out, int(week))
        hours = 24 + min(float(out.sim.conditions["crisis_response_hours"][week]), 48)
        rows.append(
            (start, min(start + int(hours * 60) * MINUTE, out.end), "crisis", "a complaint that the press took up")
        )
    plan, policy = out.sim.setting.plan, out.sim.setting.policy
    starts = [0.0, *(until for until, _ in plan.phases)]
    for number, (since, until) in enumerate(pairwise(starts), start=1):
        first, last = (START + round(part * out.weeks) * MINUTES * MINUTE for part in (since, until))
        rows.append((first, last - MINUTE, "campaign", f"{plan.name}, phase {number}"))
    if policy.holdout:
        rows.append((START, out.end, "experiment", "each line paused or doubled by lot, in blocks of two weeks"))
    start, end, kind, note = zip(*sorted(rows), strict=True)
    return out.frame(
        brand=out.brand,
        start=np.array(start, dtype="datetime64[m]"),
        end=np.array(end, dtype="datetime64[m]"),
        kind=kind,
        note=note,
    )
