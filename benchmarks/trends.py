"""Trend watch: how many of the themes called emerging are, where nothing rises and where some do.

    python benchmarks/trends.py [sets]

Made-up mentions over 52 weeks: 40 themes of two words each, 60 people a week who write, each of one theme. Themes have
loud weeks (gamma factors with a coefficient of variation of `loud`), some rise 4-fold in the last 4 weeks (`rising` of
the 40). Called at a false discovery rate of 10%, over 8 looks. Beside ours: each theme at face value, p below .05, and
Benjamini-Hochberg over the themes of one week, as if people wrote independently. Seeds 0 to sets - 1 (200 by default).
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from smm_analysis.listening import emerging_themes

END = pd.Timestamp("2026-06-28 23:59:59")
WEEKS, THEMES, WRITERS, RISE, RECENT = 52, 40, 60, 4.0, 4
SYLLABLES = ("ba", "co", "di", "fu", "ge", "ha", "jo", "ki", "lu", "me")
NAMES = [tuple(f"{a}{b}{c}x" for c in ("ran", "tol")) for a in SYLLABLES for b in SYLLABLES[:4]]
FIRST = 0
CASES = ((0, 0.0), (0, 1.0), (5, 0.0), (5, 1.0))


def mentions(rising: int, loud: float, rng: np.random.Generator) -> pd.DataFrame:
    """Draw mentions; the first `rising` themes rise in the last weeks."""
    share = np.full((WEEKS, THEMES), 1 / THEMES)
    share[-RECENT:, :rising] *= RISE
    if loud:
        share *= rng.gamma(1 / loud**2, loud**2, share.shape)
    week = np.repeat(np.arange(WEEKS), WRITERS)
    edges = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)[week]
    theme = (rng.random((len(week), 1)) > edges).sum(axis=1).clip(0, THEMES - 1)
    at = END - pd.to_timedelta(7 * (WEEKS - 1 - week) + 7 * rng.random(len(week)), unit="D")
    text = [" ".join(NAMES[number]) for number in theme]
    author = [f"a{number}" for number in rng.integers(0, 5000, len(week))]
    return pd.DataFrame({"created_at": at, "author_key": author, "text": text})


def is_rising(table: pd.DataFrame, rising: int) -> np.ndarray:
    """Which themes were made to rise."""
    planted = {word for words in NAMES[:rising] for word in words}
    return np.array([bool(planted & set(words.replace(", ", " ").split())) for words in table["words"]], dtype=bool)


def scored(called: np.ndarray, true: np.ndarray, rising: int) -> tuple[float, float, float]:
    """Any false call, the share of false ones among those called, and the share of risers found."""
    false = (called & ~true).sum()
    return float(false > 0), false / max(called.sum(), 1), (called & true).sum() / rising if rising else np.nan


def one(rising: int, loud: float, seed: int) -> list[dict]:
    found = emerging_themes(mentions(rising, loud, np.random.default_rng(seed)), observed_until=END)
    table, p = found.themes, found.themes["naive_p"].to_numpy()
    ways = {
        "ours": table["emerging"].to_numpy(bool),
        "p < .05 each": p < 0.05,
        "one week, independent": false_discovery_control(p) <= 0.1 if len(p) else p < 0,
    }
    rows = [scored(called, is_rising(table, rising), rising) for called in ways.values()]
    names = ("any false", "share false", "found")
    return [
        {"rising": rising, "loud": loud, "way": way, "dispersion": found.dispersion}
        | dict(zip(names, row, strict=True))
        for way, row in zip(ways, rows, strict=True)
    ]


def main(sets: int = 200) -> None:
    rows = [row for rising, loud in CASES for seed in range(FIRST, FIRST + sets) for row in one(rising, loud, seed)]
    print(f"{sets} sets each; false discovery rate asked for: .10")
    print(pd.DataFrame(rows).groupby(["rising", "loud", "way"], sort=False).mean().round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
