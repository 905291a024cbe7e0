"""Splitting money over response curves (예산 배분 풀이): exact where curves are concave, certified where they are not.

Concave: water-filling. At the best split all channels that are free to move earn the same from the next unit of money
(Gossen's second law); that common slope is found by bisection. Not concave: dynamic programming on a grid, then
pairwise exchanges with ever smaller steps; the concave hulls of the curves give a bound that no split can exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_BISECTIONS = 100
_GRID = 600  # steps of money in dynamic programming, and of the hulls
_CONCAVE_POINTS = 400
_SMALLEST_STEP = 1e-9  # of the money to split


@dataclass(frozen=True)
class Curve:
    """Outcome of money spent (반응 곡선): `value` and its derivative `slope`, of arrays of money >= 0."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Split:
    """A split of money (배분): `outcome` is its sum over curves, and no split can bring more than `bound`.

    `concave` says of each curve whether it is concave between its bounds; where all are, the split is exact.
    """

    money: np.ndarray
    outcome: float
    bound: float
    concave: tuple[bool, ...]


def split_money(curves: Sequence[Curve], total: float, *, low: np.ndarray, high: np.ndarray) -> Split:
    """Return the split of `total` with the greatest outcome, each curve between `low` and `high` (최적 배분).

    Raises
    ------
    ValueError
        If bounds cross, or no split within them spends exactly `total`.
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    check_bounds(total, low, high)
    concave = tuple(is_concave(curve, a, b) for curve, a, b in zip(curves, low, high, strict=True))
    if all(concave):
        money = water_fill(curves, total, low, high)
        outcome = outcome_of(curves, money)
        return Split(money, outcome, outcome, concave)
    starts = [by_grid(curves, total, low, high), water_fill(curves, total, low, high)]
    polished = [exchange(curves, start, low, high) for start in starts]
    money = max(polished, key=lambda split: outcome_of(curves, split))
    outcome = outcome_of(curves, money)
    return Split(money, outcome, max(hull_bound(curves, total, low, high), outcome), concave)


def check_bounds(total: float, low: np.ndarray, high: np.ndarray) -> None:
    """Raise if no split can spend `total` within the bounds (범위 점검)."""
    if (low < 0).any() or (low > high).any():
        raise ValueError(f"bounds must satisfy 0 <= low <= high; given low {low.tolist()}, high {high.tolist()}")
    if not low.sum() - 1e-9 * total <= total <= high.sum() * (1 + 1e-9):
        raise ValueError(
            f"bounds allow {low.sum():,.0f} to {high.sum():,.0f} in all, but the total is {total:,.0f}: widen them"
        )


def outcome_of(curves: Sequence[Curve], money: np.ndarray) -> float:
    """Return the sum of the curves at a split (배분의 결과)."""
    return float(sum(curve.value(np.array([x]))[0] for curve, x in zip(curves, money, strict=True)))


def is_concave(curve: Curve, low: float, high: float) -> bool:
    """Whether a curve's slope nowhere rises between `low` and `high` (오목 여부)."""
    if high <= low:
        return True
    slope = curve.slope(np.linspace(low, high, _CONCAVE_POINTS + 1)[1:])
    return bool((np.diff(slope) <= 1e-9 * np.abs(slope).max()).all())


def water_fill(curves: Sequence[Curve], total: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the best split on concave curves: equal slopes, but where a bound binds (물 채우기)."""
    steep = max(float(curve.slope(np.array([max(a, 1e-12 * total)]))[0]) for curve, a in zip(curves, low, strict=True))
    flat = min(float(curve.slope(np.array([b]))[0]) for curve, b in zip(curves, high, strict=True))
    above, below = steep + abs(steep) + 1e-300, flat - abs(flat) - 1e-300
    some, more = low, high  # what is spent at slopes `above` and `below`: at most and at least the total
    for _ in range(_BISECTIONS):
        level = (above + below) / 2
        spent = np.array([_spent_at(*each, level) for each in zip(curves, low, high, strict=True)])
        if spent.sum() <= total:
            above, some = level, spent
        else:
            below, more = level, spent
        if above - below <= 1e-15 * max(abs(above), abs(below)) or more.sum() - some.sum() <= 1e-12 * total:
            break
    gap = more.sum() - some.sum()  # flat stretches of equal slope share what is left
    return some + (more - some) * ((total - some.sum()) / gap if gap > 0 else 0)


def _spent_at(curve: Curve, low: float, high: float, level: float) -> float:
    """Return the money at which a falling slope has come down to `level`, by many-way section."""
    for _ in range(9):  # each round narrows it 64 times
        points = np.linspace(low, high, 65)
        over = curve.slope(points[1:-1]) > level
        i = int(over.sum()) if over.all() or not over.any() else int(np.argmin(over))
        low, high = points[i], points[i + 1]
    return (low + high) / 2


def by_grid(curves: Sequence[Curve], total: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the best split on a grid of money above the low bounds, by dynamic programming (Bellman 1957)."""
    step = (total - low.sum()) / _GRID
    if step <= 0:
        return low.copy()
    steps = np.arange(_GRID + 1)
    best, choices = np.r_[0.0, np.full(_GRID, -np.inf)], []
    for curve, a, b in zip(curves, low, high, strict=True):
        top = min(int(np.ceil((b - a) / step - 1e-9)), _GRID)
        gain = curve.value(np.minimum(a + steps[: top + 1] * step, b))
        table = np.full((_GRID + 1, top + 1), -np.inf)
        for own in range(top + 1):
            table[own:, own] = best[: _GRID + 1 - own] + gain[own]
        choices.append(table.argmax(axis=1))
        best = table.max(axis=1)
    return _fitted_in(_trace(choices) * step + low, total, low, high)


def _trace(choices: list[np.ndarray]) -> np.ndarray:
    left, own = _GRID, np.zeros(len(choices))
    for k in reversed(range(len(choices))):
        own[k] = choices[k][left]
        left -= int(own[k])
    return own


def _fitted_in(money: np.ndarray, total: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mend what rounding to the grid left over, within the bounds."""
    money = money.clip(low, high)
    for _ in range(len(money)):
        left = total - money.sum()
        room = high - money if left > 0 else money - low
        if room.sum() > 0:
            money = (money + left * room / room.sum()).clip(low, high)
    return money


def exchange(curves: Sequence[Curve], money: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Move money between two channels at a time while that brings more, in ever smaller steps (쌍별 교환)."""
    money, total = money.copy(), money.sum()
    now = [float(curve.value(np.array([x]))[0]) for curve, x in zip(curves, money, strict=True)]
    step = (high - low).max() / 4
    pairs = [(i, j) for i in range(len(money)) for j in range(len(money)) if i != j]
    while step > _SMALLEST_STEP * total:
        moved = False
        for i, j in pairs:
            shift = min(step, money[i] - low[i], high[j] - money[j])
            if shift <= 0:
                continue
            less, more = (float(curves[k].value(np.array([money[k] + d]))[0]) for k, d in ((i, -shift), (j, shift)))
            if less + more > now[i] + now[j] + 1e-13 * abs(now[i] + now[j]):
                money[i], money[j], now[i], now[j], moved = money[i] - shift, money[j] + shift, less, more, True
        step = step if moved else step / 3
    return money


def hull_bound(curves: Sequence[Curve], total: float, low: np.ndarray, high: np.ndarray) -> float:
    """Return the outcome that the concave hulls of the curves would bring: no split brings more (오목 껍질 상한)."""
    start, widths, slopes = 0.0, [], []
    for curve, a, b in zip(curves, low, high, strict=True):
        points = np.linspace(a, b, 4 * _GRID + 1)
        values = curve.value(points)
        corners = _hull(points, values)
        start += values[0]
        widths.append(np.diff(points[corners]))
        slopes.append(np.diff(values[corners]) / np.maximum(widths[-1], 1e-300))
    width, slope = np.concatenate(widths), np.concatenate(slopes)
    order = np.argsort(-slope)
    filled = np.clip(total - low.sum() - np.r_[0, np.cumsum(width[order])[:-1]], 0, width[order])
    return float(start + filled @ slope[order])


def _hull(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Return the corners of the upper concave hull (Andrew 1979)."""
    corners: list[int] = []
    for i in range(len(x)):
        while len(corners) > 1:
            a, b = corners[-2:]
            if (y[b] - y[a]) * (x[i] - x[a]) > (y[i] - y[a]) * (x[b] - x[a]):
                break
            corners.pop()
        corners.append(i)
    return corners


def whole_money(money: np.ndarray, total: int, *, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Round a split to whole units of money that add up to `total`, within whole bounds (최대 잔여법).

    >>> whole_money(np.array([33.4, 33.3, 33.3]), 100, low=np.zeros(3), high=np.full(3, 100.0)).tolist()
    [34, 33, 33]
    """
    floor = np.floor(money + 1e-9).clip(low, high).astype(np.int64)
    left = int(total - floor.sum())
    for k in np.argsort(floor - money, kind="stable"):
        room = int(high[k]) - int(floor[k]) if left > 0 else int(low[k]) - int(floor[k])
        share = max(min(left, 1, room), 0) if left > 0 else max(left, room)
        floor[k] += share
        left -= share
    for k in np.argsort(floor - high) if left else ():
        share = min(left, int(high[k]) - int(floor[k]))
        floor[k] += share
        left -= share
    return floor
