"""How exact the allocation is: against scipy's SLSQP on concave curves, against a fine grid on S-shaped ones.

    python benchmarks/mix_budget.py [problems]

Default 200 problems of each kind, seeded by their number, with bounds; money is then rounded to the won.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from smm_analysis.mix import Curve, split_money
from smm_analysis.mix.waterfill import outcome_of, whole_money

KINDS = {
    "exponential": (lambda x, h: -np.expm1(-x / h), lambda x, h: np.exp(-x / h) / h),
    "michaelis_menten": (lambda x, h: x / (x + h), lambda x, h: h / (x + h) ** 2),
    "logarithm": (lambda x, h: np.log1p(x / h), lambda x, h: 1 / (x + h)),
    "root": (lambda x, h: np.sqrt(x / h + 0.01), lambda x, h: 0.5 / np.sqrt(x / h + 0.01) / h),
}


def concave_curve(rng: np.random.Generator) -> Curve:
    """A random concave curve: family, ceiling .2 to 5, half-saturation .02 to 2 of the money."""
    value, slope = KINDS[str(rng.choice(list(KINDS)))]
    size, half = rng.uniform(0.2, 5), 10 ** rng.uniform(-1.7, 0.3)
    return Curve(lambda x: size * value(x, half), lambda x: size * slope(x, half))


def s_curve(rng: np.random.Generator) -> Curve:
    """A random Hill curve of slope 1.5 to 4."""
    size, half, power = rng.uniform(0.2, 5), 10 ** rng.uniform(-1, 0), rng.uniform(1.5, 4)

    def value(x: np.ndarray) -> np.ndarray:
        return size * x**power / (x**power + half**power)

    def slope(x: np.ndarray) -> np.ndarray:
        x = np.maximum(x, 1e-12)
        return size * power * (x / half) ** power / (1 + (x / half) ** power) ** 2 / x

    return Curve(value, slope)


def problem(seed: int, make, channels: tuple[int, int]) -> tuple[list[Curve], np.ndarray, np.ndarray]:
    """Curves with bounds that can hold a total of 1; about half of the bounds matter."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(*channels))
    low = np.where(rng.random(k) < 0.5, rng.uniform(0, 0.8 / k, k), 0)
    high = np.where(rng.random(k) < 0.5, low + rng.uniform(1.2 / k, 1, k), 1)
    return [make(rng) for _ in range(k)], low, high


def by_slsqp(curves: list[Curve], low: np.ndarray, high: np.ndarray) -> float:
    """SLSQP with exact gradients from the scaled middle of the bounds; the best feasible value it finds."""
    start = low + (high - low) * (1 - low.sum()) / (high - low).sum()
    found = minimize(
        lambda x: -outcome_of(curves, x),
        start,
        jac=lambda x: -np.array([c.slope(np.array([v]))[0] for c, v in zip(curves, x, strict=True)]),
        method="SLSQP",
        bounds=list(zip(low, high, strict=True)),
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones_like(x)}],
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    x = found.x.clip(low, high)
    return -np.inf if abs(x.sum() - 1) > 1e-9 else outcome_of(curves, x)


def by_fine_grid(curves: list[Curve], low: np.ndarray, high: np.ndarray, steps: int = 4000) -> float:
    """Every split of three curves on a grid of 1/steps of the total above the low bounds."""
    spare = 1 - low.sum()
    money = [a + spare * np.arange(steps + 1) / steps for a in low]
    values = [np.where(m <= b + 1e-12, c.value(m), -np.inf) for c, m, b in zip(curves, money, high, strict=True)]
    best = -np.inf
    for first in range(steps + 1):
        rest = np.arange(steps - first + 1)
        best = max(best, values[0][first] + (values[1][rest] + values[2][steps - first - rest]).max())
    return float(best)


def main(problems: int = 200) -> pd.DataFrame:
    rows = []
    for name, make, channels, peer in (
        ("concave, SLSQP", concave_curve, (2, 9), by_slsqp),
        ("S-shaped, fine grid", s_curve, (3, 4), by_fine_grid),
        ("S-shaped, SLSQP", s_curve, (3, 9), by_slsqp),
    ):
        ahead, seconds, gap, sums, concave = [], [], [], 0, 0
        for seed in range(problems):
            curves, low, high = problem(seed, make, channels)
            began = time.perf_counter()
            split = split_money(curves, 1.0, low=low, high=high)
            seconds.append(time.perf_counter() - began)
            ahead.append(split.outcome - peer(curves, low, high))
            gap.append(split.bound - split.outcome)
            concave += all(split.concave)
            won = 1_234_567_891
            a, b = np.ceil(low * won), np.floor(high * won)
            whole = whole_money(split.money * won, won, low=a, high=b)
            sums += int(whole.sum()) == won and bool(((whole >= a) & (whole <= b)).all())
        rows.append(
            {
                "problems and peer": name,
                "n": problems,
                "least ahead": min(ahead),
                "median ahead": float(np.median(ahead)),
                "behind by > 1e-6": int(np.sum(np.array(ahead) < -1e-6)),
                "largest gap to bound": max(gap),
                "sum exact": sums,
                "all concave": concave,
                "median ms": 1e3 * float(np.median(seconds)),
            }
        )
    return pd.DataFrame(rows).set_index("problems and peer")


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:2])).T.to_string())
