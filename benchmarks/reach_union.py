"""How accurate the union of two to six media is when it is told only single reaches and pairwise duplication.

    python benchmarks/reach_union.py [sets of each dependence]

Default 60. Seeds count from 100: those below were used while the method was chosen. 200,000 people, reaches of 5 to
60%, dependence from none to strong: Gaussian, t with 4 degrees of freedom, latent classes (also sharp ones: people of
one class hardly differ), Clayton (shared non-reach or, turned over, shared reach). Sainsbury's formula stands beside,
and the copula fed by a panel of 2,000.
"""

from __future__ import annotations

import sys
import time
from itertools import combinations

import numpy as np
import pandas as pd

from smm_analysis import reach

PEOPLE, PANEL, FIRST_SEED = 200_000, 2_000, 100
KINDS = ("independent", "gaussian", "t", "latent classes", "sharp classes", "clayton", "clayton, turned over")
SAINSBURY_ERRS = 0.01  # media depend where independence is wrong by more than this


def latent(kind: str, n: int, media: int, rng: np.random.Generator) -> np.ndarray:
    """Latent inclinations: n people by media; only their order within a medium matters."""
    strength = rng.uniform(0.3, 1.5)
    if kind == "independent":
        return rng.normal(size=(n, media))
    if kind.endswith("classes"):
        strength = 4.0 if kind == "sharp classes" else strength
        return (strength * rng.normal(size=(3, media)))[rng.integers(3, size=n)] + rng.normal(size=(n, media))
    if kind.startswith("clayton"):
        shared = rng.gamma(1 / strength, 1, n)[:, None]
        common = (1 + rng.exponential(size=(n, media)) / shared) ** (-1 / strength)
        return -common if kind.endswith("over") else common
    loadings = strength * rng.normal(size=(media, 2))
    normal = rng.normal(size=(n, 2)) @ loadings.T + rng.normal(size=(n, media))
    return normal / np.sqrt(rng.chisquare(4, n) / 4)[:, None] if kind == "t" else normal


def reached_by(kind: str, seed: int) -> np.ndarray:
    """Who was reached by which medium: people by media."""
    rng = np.random.default_rng(seed)
    media = int(rng.integers(2, 7))
    inclined = latent(kind, PEOPLE, media, rng)
    shares = rng.uniform(0.05, 0.6, media)
    return inclined > np.array([np.quantile(x, 1 - s) for x, s in zip(inclined.T, shares, strict=True)])


def union_of(saw: np.ndarray) -> reach.UnionReach:
    """The estimate from the single and pairwise counts of these people."""
    singles = {str(i): float(x) for i, x in enumerate(saw.sum(axis=0))}
    both = {(str(i), str(j)): float((saw[:, i] & saw[:, j]).sum()) for i, j in combinations(range(saw.shape[1]), 2)}
    return reach.union_reach(singles, both, universe=len(saw))


def trial(kind: str, seed: int) -> dict[str, object]:
    saw = reached_by(kind, seed)
    true = saw.any(axis=1).mean()
    union = union_of(saw)
    panel = union_of(saw[np.random.default_rng(seed).choice(PEOPLE, PANEL, replace=False)])
    return {
        "kind": kind,
        "media": saw.shape[1],
        "copula": abs(union.estimate / PEOPLE / true - 1),
        "sainsbury": abs(union.sainsbury / PEOPLE / true - 1),
        "panel": abs(panel.estimate / PANEL / true - 1),
        "panel_count": abs(saw[:PANEL].any(axis=1).mean() / true - 1),
        "within": union.low_bound - 1 <= true * PEOPLE <= union.high_bound + 1,
        "width": (union.high_bound - union.low_bound) / PEOPLE / true,
        "clipped": union.clipped,
        "repaired": union.repaired,
    }


def main() -> None:
    sets, began = int(sys.argv[1]) if len(sys.argv) > 1 else 60, time.time()
    rows = pd.DataFrame([trial(kind, s) for kind in KINDS for s in range(FIRST_SEED, FIRST_SEED + sets)])
    depend = rows[rows["sainsbury"] > SAINSBURY_ERRS]
    print(f"mean absolute relative error of the union, %: {sets} sets a kind of 2 to 6 media, seeds from {FIRST_SEED}")
    print("panel: copula fed by 2,000 people; panel_count: their union simply counted\n")
    numbers = ["copula", "sainsbury", "panel", "panel_count", "width"]
    table = (100 * rows.groupby("kind", sort=False)[numbers].mean()).round(2)
    table["worst_copula"] = (100 * rows.groupby("kind", sort=False)["copula"].max()).round(2)
    print(table.to_string(), "\n")
    print((100 * depend.groupby("kind", sort=False)[["copula", "sainsbury"]].mean()).round(2).to_string())
    times = depend["sainsbury"].mean() / depend["copula"].mean()
    print(f"\nwhere media depend ({len(depend)} of {len(rows)}): Sainsbury errs {times:.1f} times as much")
    print(f"overall {100 * rows['copula'].mean():.2f}%; truth within the bounds {rows['within'].mean():.1%}")
    print((100 * rows.groupby("kind", sort=False)[["clipped", "repaired"]].mean()).round(1).to_string())
    print(f"clipped to the bounds {rows['clipped'].mean():.1%}, correlations repaired {rows['repaired'].mean():.1%}")
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
