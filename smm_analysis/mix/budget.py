"""Budget (예산): where next period's money should go, what that gains, and how sure that is.

An allocation is cautious: it gains most over the worse half of what the weeks leave possible, so that little money
moves where they tell little. It is certified: by that measure it never brings less than the plan it replaces, its money
adds up to the won, and it says how much more any other split could bring at most. What it gains is not said by the
weeks that chose it, which think too well of it, but by others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, of_draws, unknown
from smm_analysis.terms import Lang, Refused, reason

from .caution import as_cautious_with_half, cautious_split, shortfall
from .model import MixModel
from .response import Responses, curves_of, responses
from .waterfill import Curve, check_bounds, is_concave, outcome_of, split_money, whole_money

Bounds = Mapping[str, tuple[float, float]]

ATL, BTL = ("atl", "outdoor"), ("btl", "online")
_FACTORS = (0.5, 1.5)  # default bounds around the plan: farther away the data say little
_POINTS = 41  # of money a channel, between its bounds, at which draws are compared
_IDLE = 0.01  # of what media bring: money that costs less than that does not matter
_SHIFT = 0.01  # of the smaller side's money, moved to compare lines


@dataclass(frozen=True)
class Allocation:
    """A plan for the next period (예산 배분안): money in whole units, outcome in the model's units.

    `table` has a row a fitted channel: channel, line, spend_before (the last period's pattern scaled to `total`),
    spend, bound_low, bound_high, binds (low, high or empty), marginal_before, marginal_after (what the next unit of
    money brings, times `value`), concave. `gain` is the outcome of such a plan minus that of the same money split as
    before, where one half of the weeks plans and the other values (it may be below 0: then the weeks do not agree on
    what is better; of a market that is used up it is net of whom would have come later). Where nothing moves it is 0,
    where money moves but no half alone would move it, NaN, each with its reason. `p_gain` is the probability that it is
    above 0, `p_btl_beats_atl` that a bit of money does more in BTL than in ATL (NaN without both). `idle_money` could
    be left unspent at a loss of at most 1% of what media bring. `outcome` is what the plan brings by the mean curves.
    `shortfall` is what was maximised, the mean gain over the worst share of the draws of the weeks that chose it, and
    `bound` what no split within the bounds can exceed of it; of a market that is used up, the three count whom media
    win, those who would have come later among them.
    """

    total: int
    table: pd.DataFrame = field(repr=False, compare=False)
    gain: Estimate
    p_gain: float
    p_btl_beats_atl: float
    idle_money: int
    outcome: float
    shortfall: float
    bound: float

    @property
    def moves(self) -> bool:
        """Whether any money moves; where none does, the weeks do not tell a better split."""
        return bool((self.table["spend"] != self.table["spend_before"]).any())

    @property
    def not_concave(self) -> tuple[str, ...]:
        """Channels whose curve is S-shaped within the bounds, so that the concave hull was needed."""
        return tuple(self.table.loc[~self.table["concave"], "channel"])


def allocate(
    model: MixModel,
    total: float | None = None,
    *,
    bounds: Bounds | None = None,
    worst: float = 0.5,
    weeks: int = 52,
    value: float = 1.0,
    draws: int = 200,
) -> Allocation:
    """Split next period's money over the channels (예산 배분, S3.1-S3.3).

    Each channel keeps its pattern of the last `weeks` weeks and changes its size. What is maximised is the mean gain
    over the worst share of the draws, its expected shortfall. That mean counts each draw by a weight, which a linear
    programme finds; the curves so weighed are split exactly by water-filling where they are concave, else by dynamic
    programming under the bound of their concave hulls.

    On 80 simulated brands, of 8,000 and 32,000 people, with plans a little and far off, plans by the worse half gained
    as much as plans by all draws (2.1% of new customers, 2.0%), and .89 of those that moved a channel by a fifth
    gained, for .80 (development seeds of `benchmarks/mix_virtual.py`).

    Parameters
    ----------
    total : money of the period, a whole number; the last period's if not given.
    bounds : channel -> (least, most) money; else half to one and a half times its share of `total` as before. Channels
        that could not be fitted keep nothing: their money is not in `total`.
    worst : share of the draws that counts, the worst of them, above 0 and up to 1: the smaller, the less is moved that
        is not sure. At 1 all count alike, and money moves between channels that nobody can tell apart.
    value : money a unit of the outcome is worth, for marginal returns; 1 gives outcome per unit of money.

    Raises
    ------
    ValueError
        If no channel was fitted or spent in those weeks, `total` is not whole, a bound names an unknown channel,
        the bounds cannot hold `total`, or `worst` is not above 0 and at most 1.
    """
    if not 0 < worst <= 1:
        raise ValueError(f"worst is the share of draws that counts, above 0 and at most 1, not {worst!r}")
    found = _responses(model, weeks, draws)
    before, total = _before(found, total)
    low, high = _bounds(found.channels, before, total, bounds or {})
    money, bound = _best(found, before, total, (low, high), worst)
    gained = np.zeros(1)
    if (money != before).any():
        gained = _valued_by_others(model, before, total, (low, high), worst, weeks=weeks, draws=draws)
    gain = _gain(model, gained, found, money, before)
    curves = curves_of(found, np.maximum(high, before))
    table = _table(model, found, (before, money, low, high), curves, value=value)
    return Allocation(
        total=total,
        table=table,
        gain=gain,
        p_gain=float("nan") if np.isnan(gain.estimate) else float((gained > 0).mean()),
        p_btl_beats_atl=_p_btl_beats_atl(model, found, money),
        idle_money=_idle(curves, total, low, high),
        outcome=outcome_of(curves, money),
        shortfall=shortfall(found.more(money, before), worst),
        bound=bound,
    )


def frontier(
    model: MixModel,
    total: float | None = None,
    *,
    steps: int = 21,
    atl: Sequence[str] = ATL,
    btl: Sequence[str] = BTL,
    weeks: int = 52,
    draws: int = 200,
) -> pd.DataFrame:
    """Return what media bring as money moves from ATL to BTL, best split within each (ATL·BTL 경계선).

    Extra is by the weeks that chose the splits, so its peak is too high; `allocate` says what a plan gains.

    Returns
    -------
    DataFrame
        A row a step: share_btl (0..1), spend_atl, spend_btl (whole money), outcome, low, high, extra, extra_low,
        extra_high (against the last period's split of `total`), extrapolated (some channel gets more than double).
    """
    found = _responses(model, weeks, draws)
    before, total = _before(found, total)
    sides = [np.flatnonzero([model.lines.get(name) in lines for name in found.channels]) for lines in (atl, btl)]
    for lines, side in zip((atl, btl), sides, strict=True):
        if not len(side):
            raise Refused("mix_side_missing", lines=", ".join(lines), known=dict(model.lines))
    spare = total - int(before.sum() - before[np.concatenate(sides)].sum())
    curves, now = curves_of(found, np.full(len(before), float(total))), before
    rows = []
    for share in np.linspace(0, 1, steps):
        money = before.astype(float)
        amounts = (spare - round(share * spare), round(share * spare))
        for side, amount in zip(sides, amounts, strict=True):
            money[side] = _best_side(curves, side, amount)
        rows.append(
            {"share_btl": share, "spend_atl": amounts[0], "spend_btl": amounts[1]} | _point(found, money, now, model)
        )
        rows[-1]["extrapolated"] = bool((money > 2 * before).any())
    return pd.DataFrame(rows)


def _point(found: Responses, money: np.ndarray, now: np.ndarray, model: MixModel) -> dict[str, float]:
    outcome, more = found.outcome(money), found.gain(money, now)
    whole, gain = (of_draws(draws, model.level, model.n) for draws in (outcome, more))
    named = {"outcome": whole.estimate, "low": whole.low, "high": whole.high}
    return named | {"extra": gain.estimate, "extra_low": gain.low, "extra_high": gain.high}


def _best_side(curves: list[Curve], side: np.ndarray, amount: int) -> np.ndarray:
    top = np.full(len(side), float(amount))
    money = split_money([curves[k] for k in side], amount, low=np.zeros(len(side)), high=top).money
    return whole_money(money, amount, low=np.zeros(len(side)), high=top)


# --- the plan that is replaced ---------------------------------------------------------------------------------------


def _responses(model: MixModel, weeks: int, draws: int) -> Responses:
    if not model.fitted:
        why = "; ".join(dict.fromkeys(text["en"] for text in model.reasons.values()))
        raise ValueError(f"no channel could be fitted, so there is nothing to allocate: {why}")
    found = responses(model, weeks=weeks, draws=draws)
    if idle := [name for name, money in zip(found.channels, found.before, strict=True) if not money]:
        raise ValueError(
            f"{', '.join(idle)}: no money in the last {weeks} weeks, so no pattern to scale; take more weeks"
        )
    return found


def _before(found: Responses, total: float | None) -> tuple[np.ndarray, int]:
    """Return the last period's split, scaled to the total in whole units, and the total."""
    total = round(found.before.sum()) if total is None else total
    if total <= 0 or total != int(total):
        raise ValueError(f"total must be a whole amount of money above 0, not {total!r}")
    share = found.before / found.before.sum() * int(total)
    free = np.zeros(len(share)), np.full(len(share), float(total))
    return whole_money(share, int(total), low=free[0], high=free[1]), int(total)


def _bounds(channels: tuple[str, ...], before: np.ndarray, total: int, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """Return whole bounds per channel."""
    if unknown_names := sorted(set(bounds) - set(channels)):
        raise ValueError(f"bounds name {', '.join(unknown_names)}; fitted channels are {', '.join(channels)}")
    default = {name: tuple(factor * money for factor in _FACTORS) for name, money in zip(channels, before, strict=True)}
    low, high = np.array([{**default, **bounds}[name] for name in channels], float).T
    low, high = np.ceil(low), np.floor(np.minimum(high, total))
    check_bounds(total, low, high)
    return low, high


def _best(
    found: Responses, before: np.ndarray, total: int, bounds: tuple[np.ndarray, np.ndarray], worst: float
) -> tuple[np.ndarray, float]:
    """Return the split whose gain over the worst draws is the greatest, in whole money, and what none can exceed.

    The plan as it was stays where it is allowed and no worse.
    """
    low, high = bounds
    splits = [before] if ((low <= before) & (before <= high)).all() else []
    weights = np.ones(found.draws)
    if worst < 1:
        points = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _POINTS) ** 2  # denser where curves bend
        points = np.sort(np.column_stack([points, before.clip(low, high)]))
        gains = [found.values(k, at) - found.values(k, before[[k]]) for k, at in enumerate(points)]
        money, weights = cautious_split(np.stack(gains, axis=1), points, total, worst)
        splits.append(money)
    curves = curves_of(found, np.maximum(high, before), weights)
    split = split_money(curves, total, low=low, high=high)
    chosen = [whole_money(money, total, low=low, high=high) for money in (*splits, split.money)]
    best = max(chosen, key=lambda money: shortfall(found.more(money, before), worst))
    return best, split.bound - outcome_of(curves, before)


def _valued_by_others(
    model: MixModel,
    before: np.ndarray,
    total: int,
    bounds: tuple[np.ndarray, np.ndarray],
    worst: float,
    *,
    weeks: int,
    draws: int,
) -> np.ndarray:
    """Return draws of what a plan gains that one half of the weeks recommends and the other values, both ways.

    The best of many plans by an estimate is partly the luckiest: valued by the same weeks that chose it, its gain is
    too large, the more so the noisier they are (the winner's curse). Other weeks have another luck. A half is as
    cautious as the whole.
    """
    alike = as_cautious_with_half(worst)
    halves = [responses(half, weeks=weeks, draws=draws) for half in model.halves]
    plans = [_best(half, before, total, bounds, alike)[0] for half in halves]
    ways = [half.gain(plan, before) for half, plan in zip(halves, reversed(plans), strict=True)]
    luck, n = np.random.default_rng(0), min(map(len, ways))
    return sum(luck.permutation(way)[:n] for way in ways) / 2


# --- what is said of it ----------------------------------------------------------------------------------------------


def _gain(model: MixModel, gained: np.ndarray, found: Responses, money: np.ndarray, before: np.ndarray) -> Estimate:
    """Return what a plan gains; that it is nothing, or not told, has its reason."""
    if gained.any():
        return of_draws(gained, model.level, model.n, why=_why(model, found, money, before))
    if (money == before).all():
        return Estimate(0.0, 0.0, 0.0, model.level, model.n, reason("plan_stays"))
    return unknown(model.level, model.n, reason("plan_untold"))


def _table(
    model: MixModel,
    found: Responses,
    plans: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    curves: list[Curve],
    *,
    value: float,
) -> pd.DataFrame:
    before, money, low, high = plans
    marginal = {
        name: [value * found.slopes(k, np.array([plan[k]])).mean() for k in range(len(plan))]
        for name, plan in (("marginal_before", before), ("marginal_after", money))
    }
    binds = np.select([money <= low, money >= high], ["low", "high"], "")
    lines = [model.lines.get(name, "") for name in found.channels]
    columns = {"channel": found.channels, "line": lines, "spend_before": before, "spend": money}
    columns |= {"bound_low": low.astype(int), "bound_high": high.astype(int), "binds": binds}
    concave = [is_concave(*each) for each in zip(curves, low, high, strict=True)]
    return pd.DataFrame(columns | marginal | {"concave": concave})


def _p_btl_beats_atl(model: MixModel, found: Responses, money: np.ndarray) -> float:
    """Return the probability that the next unit of money does more in BTL, spread there as the plan is, than in ATL."""
    sides = [np.flatnonzero([model.lines.get(name) in lines for name in found.channels]) for lines in (ATL, BTL)]
    if not all(len(side) and money[side].sum() for side in sides):
        return float("nan")
    slopes = np.column_stack([found.slopes(k, np.array([x]))[:, 0] for k, x in enumerate(money)])
    atl, btl = (slopes[:, side] @ (money[side] / money[side].sum()) for side in sides)
    return float((btl > atl).mean())


def _idle(curves: list[Curve], total: int, low: np.ndarray, high: np.ndarray) -> int:
    """Return how much could be left unspent, within the bounds, at a loss of 1% of what media bring."""
    needed = (1 - _IDLE) * split_money(curves, total, low=low, high=high).outcome
    least, most = int(low.sum()), total
    while most - least > max(total // 1000, 1):
        middle = (least + most) // 2
        enough = split_money(curves, middle, low=low, high=high).outcome >= needed
        least, most = (least, middle) if enough else (middle, most)
    return total - most


def _why(model: MixModel, found: Responses, money: np.ndarray, before: np.ndarray) -> Mapping[Lang, str]:
    """Return why no verdict can rest on the gain: a channel that is moved is one the diagnostics refuse."""
    moved = [name for name, a, b in zip(found.channels, money, before, strict=True) if a != b and name in model.reasons]
    langs: tuple[Lang, ...] = ("en", "ko")
    return (
        {lang: " ".join(dict.fromkeys(model.reasons[name][lang] for name in moved)) for lang in langs} if moved else {}
    )
