"""How right the Bass fit is: random curves, found or not, beaten or not, covered or not, and how fast.

    python benchmarks/bass.py [curves]

Default 1,000 curves a kind of noise, seeds from 0 (the settings were chosen on seeds from 1,000 of another generator).
A curve has 8 to 39 periods, p from .001 to .05 (log-uniform), q from .1 to .8. Noise is of one size, 8% of the largest
period, or in proportion, 8% of each period. Beside ours stands scipy.optimize.curve_fit with all three parameters free,
from the usual start (p .03, q .38, twice what was sold) and from Bass's own regression, its errors with the same
t quantile. Milliseconds are of processor time. Not in it: windows of fewer than 8 periods.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit
from scipy.stats import t as student

from smm_analysis.diffusion import bass_curve, fit_bass
from smm_analysis.diffusion.curve import cumulative_share, peak_time
from smm_analysis.diffusion.fitting import Search, place_of

LEVEL, AHEAD, MARKET = 0.90, 4, 10_000.0
PRINTED = {
    "room air conditioners 1949-61": (
        [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500],
        (0.009442, 0.3748, 18_713),
    ),
    "colour TV 1963-70": ([747, 1480, 2646, 5118, 5777, 5982, 5962, 4631], (0.01847, 0.6159, 39_659)),
}


def drawn(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
    """Return a curve with noise, what comes in the next periods, and the planted p, q and market size."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 40))
    p, q = float(np.exp(rng.uniform(np.log(0.001), np.log(0.05)))), float(rng.uniform(0.1, 0.8))
    expected = bass_curve(p, q, MARKET, periods=n + AHEAD)["adoptions"].to_numpy()
    size = expected[:n].max() if kind == "one size" else expected
    shown = np.maximum(expected + 0.08 * size * rng.normal(size=n + AHEAD), 0)
    return shown[:n], shown[n:], (p, q, MARKET)


def interval_curve(time: np.ndarray, p: float, q: float, market_size: float) -> np.ndarray:
    """What the peer fits."""
    return market_size * (cumulative_share(p, q, time) - cumulative_share(p, q, time - 1))


def starts(shown: np.ndarray) -> dict[str, list[float]]:
    """The usual start, and that of Bass's regression on the total before and its square."""
    before = np.r_[0, shown.cumsum()[:-1]]
    a, b, c = np.linalg.lstsq(np.column_stack([np.ones(len(shown)), before, before**2]), shown, rcond=None)[0]
    root = b * b - 4 * a * c
    market = (-b - np.sqrt(root)) / (2 * c) if c < 0 and root > 0 else 2 * shown.sum()
    return {
        "curve_fit, usual start": [0.03, 0.38, 2 * shown.sum()],
        "curve_fit, regression": [a / market, -c * market, market],
    }


def peer(shown: np.ndarray, start: list[float]) -> dict[str, object]:
    """One fit by curve_fit; `failed` where it raises, or its market is not above 0."""
    began, n = time.process_time(), len(shown)
    try:
        found, covariance = curve_fit(interval_curve, np.arange(1.0, n + 1), shown, p0=start)
    except (RuntimeError, ValueError):
        return {"failed": True, "seconds": time.process_time() - began}
    seconds = time.process_time() - began
    half = student.ppf(0.5 + LEVEL / 2, n - 3) * np.sqrt(np.diag(covariance))
    loss = float(((interval_curve(np.arange(1.0, n + 1), *found) - shown) ** 2).sum())
    failed = not (np.isfinite(found).all() and found[2] > 0 and np.isfinite(loss))
    return {"failed": failed, "seconds": seconds, "loss": loss, "low": found - half, "high": found + half}


def ours(shown: np.ndarray, came: np.ndarray) -> dict[str, object]:
    """One fit by fit_bass."""
    began = time.process_time()
    fit = fit_bass(shown, level=LEVEL)
    seconds = time.process_time() - began
    told = fit.table().iloc[:3]
    ahead = fit.forecast(len(came))
    size = fit.solution.market_size
    return {
        "failed": not np.isfinite([fit.solution.p, fit.solution.q, size]).all(),
        "seconds": seconds,
        "loss": fit.solution.sum_of_squares,
        "low": told["low"].to_numpy(),
        "high": told["high"].to_numpy(),
        "flagged": fit.ends_before_peak,
        "size": size,
        "ahead": np.nan if fit.reason else float(((ahead["low"] <= came) & (came <= ahead["high"])).mean()),
    }


def one(seed: int, kind: str) -> list[dict[str, object]]:
    """All methods on one curve, with what a polish from the truth reaches."""
    shown, came, truth = drawn(seed, kind)
    best = Search(shown, "interval").polish(place_of(*truth[:2], len(shown)))[0]
    rows = {"fit_bass": ours(shown, came)} | {name: peer(shown, start) for name, start in starts(shown).items()}
    passed = peak_time(*truth[:2]) < len(shown)
    return [
        {"method": k, "kind": kind, "passed": passed, "truth": truth, "best": best} | row for k, row in rows.items()
    ]


def held(row: pd.Series) -> np.ndarray:
    """Whether each interval holds its planted value."""
    if row["failed"]:
        return np.full(3, np.nan)
    return np.where(np.isfinite(row["low"]), (row["low"] <= row["truth"]) & (row["truth"] <= row["high"]), np.nan)


def found_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Failures, fits beaten by a polish from the truth, and time, by method."""
    beaten = ~rows["failed"] & (rows["loss"] > rows["best"] * (1 + 1e-6))
    table = rows.assign(beaten=beaten, ms=1000 * rows["seconds"]).groupby(["kind", "method"], sort=False)
    return table.agg(
        curves=("failed", "size"),
        failed=("failed", "sum"),
        beaten=("beaten", "sum"),
        median_ms=("ms", "median"),
        p99_ms=("ms", lambda ms: ms.quantile(0.99)),
    )


def coverage_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of intervals that hold the truth: windows truly past the peak."""
    kept = rows[rows["passed"]]
    cover = pd.DataFrame(
        np.vstack([held(row) for _, row in kept.iterrows()]), columns=["p", "q", "m"], index=kept.index
    )
    cover["pooled"] = cover[["p", "q", "m"]].mean(axis=1)
    grouped = pd.concat([kept[["kind", "method"]], cover], axis=1).groupby(["kind", "method"], sort=False)
    return grouped.mean().assign(windows=grouped.size())


def flag_table(rows: pd.DataFrame) -> pd.DataFrame:
    """What the flag does: how often, the error of the market size behind it, coverage of p and q, and of forecasts."""
    mine = rows[rows["method"] == "fit_bass"].copy()
    mine[["p", "q", "m"]] = np.vstack([held(row) for _, row in mine.iterrows()])
    mine["market_error"] = (mine["size"] / MARKET - 1).abs()
    grouped = mine.groupby(["kind", "passed", "flagged"])
    table = grouped[["p", "q", "m", "ahead"]].mean()
    told = {f"{name}_told": grouped[name].count() for name in ("p", "q", "m")}
    return table.assign(windows=grouped.size(), **told, median_market_error=grouped["market_error"].median())


def main(curves: int = 1000) -> None:
    """Print the goldens and the tables."""
    for name, (shown, printed) in PRINTED.items():
        fit = fit_bass(shown)
        print(f"{name}: {fit}; printed {printed}")
    fit_bass(PRINTED["colour TV 1963-70"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # curve_fit's
        rows = pd.DataFrame([r for kind in ("one size", "in proportion") for s in range(curves) for r in one(s, kind)])
    print(f"\n{curves} curves a kind of noise, seeds 0 to {curves - 1}: found, beaten by a start at the truth, time")
    print(found_table(rows).round(1).to_string())
    print(f"\nshare of {LEVEL:.0%} intervals that hold the truth, windows truly past the peak (refused ones left out)")
    print(coverage_table(rows).round(3).to_string())
    print(f"\nthe flag of fit_bass; m and forecasts ({AHEAD} periods) are refused where it is set")
    print(flag_table(rows).round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
