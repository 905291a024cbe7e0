"""Plans (계획): what share of the money goes where, and when; a small registry of the strategies the texts argue about.

A plan is phases of shares over the activities and the paid lines, and a rhythm. Add one by adding an entry to `PLANS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from smm_analysis.diffusion.panel import ACTIVITIES
from smm_analysis.diffusion.weeks import Weeks

PAID = "paid"  # all paid channels together, split as the brand's own record splits them
QUARTER = 13  # weeks of a flight's cycle and of a burst's
_ON = 4  # weeks of a quarter that a channel in flights is on
_OFF_SHARE = 0.02  # what still runs while it is off

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """What is done with the money (계획): shares of the budget by phase.

    `phases` : (until, shares); the shares hold until that part of the horizon, the last until 1. Shares are of the
    activities (listen, useful, promo, diffusion, participation, other), of "paid" (all paid channels, split as on
    record; "other" where there are none), of a line (atl, btl, online, outdoor) or of a channel; they are brought to
    a sum of 1. `flights` : paid channels run four weeks of thirteen, one after the other. `burst` : all money comes
    in one week of thirteen.
    """

    name: str
    phases: tuple[tuple[float, Shares], ...]
    flights: bool = True
    burst: bool = False


def _mix(listen: float, useful: float, promo: float, diffusion: float, participation: float, paid: float) -> Shares:
    """Shares of a week's money in percent; what is left of 100 is `other`."""
    own = dict(zip(ACTIVITIES, (listen, useful, promo, diffusion, participation), strict=False))
    return MappingProxyType({**own, "other": 100 - sum(own.values()) - paid, PAID: paid})


BASIC = _mix(28, 28, 4, 2, 4, 30)
DIFFUSION = _mix(3, 5, 14, 42, 3, 30)
SETTLED = _mix(18, 15, 5, 25, 4, 30)
LIVELY = _mix(14, 12, 5, 5, 30, 30)
EVEN = _mix(16, 16, 8, 18, 6, 32)


def basic_then_diffusion(week: int, horizon: int) -> Plan:
    """Return the plan that builds the relationship until `week` and then spreads (기본 후 확산, S0.4).

    >>> basic_then_diffusion(26, 104).phases[0][0]
    0.25
    """
    if not 0 <= week <= horizon:
        raise ValueError(f"the switch must lie in the horizon, in 0..{horizon} weeks, not {week}")
    phases = tuple(phase for phase in ((week / horizon, BASIC), (1.0, SETTLED)) if phase[0] > 0)
    return Plan(f"basic_then_diffusion_{week}", phases)


def _plan(name: str, *phases: tuple[float, Shares], **rhythm: bool) -> tuple[str, Plan]:
    return name, Plan(name, phases, **rhythm)


PLANS: Mapping[str, Plan] = MappingProxyType(
    dict(
        (
            _plan("basic_only", (1, BASIC)),
            _plan("diffusion_only", (1, DIFFUSION)),
            _plan("basic_then_diffusion", (1 / 3, BASIC), (1, SETTLED)),
            _plan("participation_first", (0.5, LIVELY), (1, SETTLED)),
            _plan("participation_after", (0.5, SETTLED), (1, LIVELY)),
            _plan("paid_heavy", (1, _mix(6, 7, 8, 6, 3, 67))),
            _plan("promotion_heavy", (1, _mix(7, 7, 36, 14, 3, 30))),
            _plan("steady", (1, EVEN), flights=False),
            _plan("burst", (1, EVEN), flights=False, burst=True),
        )
    )
)
TODAY = "today"  # the brand's own record


def find_plan(name: str) -> Plan:
    """Return the plan of that name; an unknown one is a ValueError that lists the known (계획 찾기)."""
    if name not in PLANS:
        raise ValueError(f"plan {name!r} is not known; known are {TODAY}, {', '.join(PLANS)}")
    return PLANS[name]


def money_of(
    plan: Plan, weeks: Weeks, *, budget: float, horizon: int, lines: Mapping[str, str] | None = None
) -> np.ndarray:
    """Return a plan's money by week and line (계획의 금액), (horizon, lines), in units of `budget`, whose total it has.

    Parameters
    ----------
    weeks : the brand's record; how it splits paid money over channels, and the order of lines.
    lines : channel -> line (atl, btl, online, outdoor), where a plan's shares name lines.
    """
    money = np.array([_shares_of(_phase(plan, week, horizon), weeks, lines or {}) for week in range(horizon)])
    if plan.flights:
        money = money * np.column_stack([np.ones((horizon, len(ACTIVITIES))), flights(len(weeks.channels), horizon)])
    if plan.burst:
        money = money * np.where(np.arange(horizon) % QUARTER == 3, 1.0, 1e-3)[:, None]
    return money * (budget / money.sum())


def flights(channels: int, horizon: int) -> np.ndarray:
    """Return the factor of each channel's money in flights (집행 기간), (horizon, channels), mean near 1."""
    week, start = np.arange(horizon)[:, None], 3 * np.arange(channels)
    return np.where((week + start) % QUARTER < _ON, QUARTER / _ON, _OFF_SHARE)


def _phase(plan: Plan, week: int, horizon: int) -> Shares:
    return next(shares for until, shares in plan.phases if week < until * horizon or until >= 1)


def _shares_of(shares: Shares, weeks: Weeks, lines: Mapping[str, str]) -> np.ndarray:
    """Spread shares over the brand's lines; groups of channels as the record splits them."""
    spent = dict(zip(weeks.channels, weeks.money[:, len(ACTIVITIES) :].sum(axis=0), strict=True))
    out = dict.fromkeys(weeks.lines, 0.0)
    for name, share in shares.items():
        for line, part in _members(name, spent, lines).items():
            out[line] += share * part
    total = np.array(list(out.values()))
    return total / total.sum()


def _members(name: str, spent: Mapping[str, float], lines: Mapping[str, str]) -> dict[str, float]:
    """Return which lines a name stands for, and each one's part."""
    if name in ACTIVITIES or name in spent:
        return {name: 1.0}
    if name == PAID and not spent:
        return {"other": 1.0}
    group = [c for c in spent if name == PAID or lines.get(c) == name]
    if not group:
        known = ", ".join((*ACTIVITIES, PAID, *dict.fromkeys(lines.values()), *spent))
        raise ValueError(f"a plan has a share of {name!r}, which this brand does not have; it has {known}")
    total = sum(spent[c] for c in group)
    return {c: spent[c] / total if total else 1 / len(group) for c in group}


def distance(money: np.ndarray, record: np.ndarray) -> np.ndarray:
    """Return how far plans lie from the record (기록과의 거리), 0..1: money that would be elsewhere in a month.

    Parameters
    ----------
    money : (plans, weeks, lines); `record` : (weeks, lines). Both are compared in spans of four weeks where they have
        the same length, else in their mean weeks.
    """
    if money.shape[1] != len(record):
        money, record = money.mean(axis=1, keepdims=True), record.mean(axis=0, keepdims=True)
    spans = np.arange(0, len(record), 4)
    ours, theirs = (np.add.reduceat(x, spans, axis=-2) for x in (money, record))
    return 0.5 * np.abs(ours - theirs).sum(axis=(-2, -1)) / np.maximum(theirs.sum(), 1e-12)


def outside(money: np.ndarray, weeks: Weeks, *, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return, for each plan, the lines whose four-week share of the money leaves what the record has seen (범위 밖).

    The range is that of four-week shares on record, widened by a quarter of itself; a line's amount in a week may be
    up to one and a half times the most seen.
    """
    seen = _four_week_shares(weeks.money[None])[0]
    low, high = seen.min(axis=0) * 0.8, seen.max(axis=0) * 1.25
    asked = _four_week_shares(money)
    beyond = (asked < low - 0.01) | (asked > high + 0.01)
    often = beyond.mean(axis=1) > 0.1
    much = money.max(axis=1) > 1.5 * weeks.money.max(axis=0)
    return [
        tuple(line for line, out in zip(weeks.lines, often[i] | much[i], strict=True) if out)
        for i, _ in enumerate(names)
    ]


def _four_week_shares(money: np.ndarray) -> np.ndarray:
    spans = np.add.reduceat(money, np.arange(0, money.shape[1], 4), axis=1)
    return spans / np.maximum(spans.sum(axis=2, keepdims=True), 1e-12)
