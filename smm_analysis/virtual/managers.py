"""What managers have and meet (예산과 여건): money a week and line, and what else moves a week, whatever they do."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from .luck import Luck
from .simulation import Setting
from .worlds import ACTIVITIES, CHANNELS, Channel

BUDGET_PER_PERSON = 250  # KRW a week, for each person of the market
KRW_PER_HOUR = 20_000
POSTS = MappingProxyType({"useful": 6.0, "promo": 6.0, "diffusion": 4.5, "participation": 4.0})  # per weekly budget


def conditions(luck: Luck, weeks: int) -> dict[str, np.ndarray]:
    """What else moves a week, the same under every plan: season, price, holidays, stock-outs, rivals, crises."""
    week = np.arange(weeks)
    phase, crisis_luck = luck.uniform("phase", 0, 1)[0], luck.uniform("crisis", 0, weeks)
    walk = np.cumsum(luck.normal("competitor", 0, weeks) * 0.25)
    holiday = np.isin((week + 47) % 52, (4, 38, 51)).astype(float)  # Seollal, Chuseok, year's end
    discount = np.where(luck.uniform("discount", 0, weeks) < 0.12, 0.15, 0.0)
    spacing = (week >= 12) & (week % 4 == 2)
    return {
        "season": 1 + 0.18 * np.sin(2 * np.pi * (week / 52 + phase)) + 0.25 * holiday,
        "price": np.round(1.0 + 0.04 * (week >= weeks // 2) - discount, 3),
        "promotion": discount,
        "holiday": holiday,
        "stock_out": (luck.uniform("stock_out", 0, weeks) < 0.03).astype(float),
        "competitor": np.round(np.clip(0.5 + 0.12 * walk, 0, 1), 3),
        "crisis": np.where(spacing & (crisis_luck < 0.10), 0.25 + 2.5 * crisis_luck, 0.0),
    }


def planned_money(setting: Setting, luck: Luck) -> np.ndarray:
    """Money per week and line (KRW) before managers react; equal in total under every plan and policy."""
    plan, policy, weeks = setting.plan, setting.policy, setting.weeks
    money = np.array([plan.shares(week, weeks, setting.world.lines) for week in range(weeks)])
    money *= np.exp(policy.jitter * luck.stream("jitter").standard_normal(money.shape))
    if plan.flights:
        money *= flights(weeks, setting.world.channels)
    if plan.burst:
        money *= (np.arange(weeks) % 13 == 3)[:, None] + 1e-3
    if policy.holdout:
        blocks = luck.stream("holdout").random(money.shape)[np.arange(weeks) // 2]
        money *= np.where(blocks < 0.5, 0.1, 1.9)
    money *= conditions(luck, weeks)["season"][:, None] ** policy.season
    return money * (BUDGET_PER_PERSON * setting.people * weeks / money.sum())


def flights(weeks: int, channels: Mapping[str, Channel] = CHANNELS) -> np.ndarray:
    """Paid channels run in flights: on for some weeks, then off; (weeks, lines)."""
    week, every, rows = np.arange(weeks), 13, [np.ones(weeks)] * len(ACTIVITIES)
    for start, length in enumerate(channel.weeks_on for channel in channels.values()):
        rows.append(np.where((week + 3 * start) % every < length, every / length, 0.02))
    return np.column_stack(rows)
