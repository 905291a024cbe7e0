"""How good the advice is: strategies in worlds drawn at random.

    python benchmarks/strategies_worlds.py [seeds] [first seed]

Seeds 0 to 199 by default, some 4 s of an idle core each; the weak priors, the swing of a plan's relationship and the
spread for the model's form were chosen on seeds 1000 to 1023, 1100 to 1171 and 1200 to 1243. Truth is every plan
replayed with the record's luck; it is kept in a folder of the temporary directory once computed.

Strategies: one brand of 4,000 people and 104 weeks, its world, plan and policy drawn; eight mixes in one rhythm and the
record itself. Regret: loyal customers that the best plan would have brought more than the plan chosen. The best
constant advice is the plan with the least mean regret over these very seeds.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint
from strategies_truth import MIXES, drawn_case, money_of, panels

from smm_analysis.diffusion import fit_coupled
from smm_analysis.strategies import StrategyComparison, compare_strategies

BINS = (0.0, 0.05, 0.15, 0.35, 0.65, 1.0)


def advised(seed: int) -> tuple[StrategyComparison, pd.Series]:
    """Our comparison of one case, and what every plan truly brings."""
    case = drawn_case(seed)
    panel, repeat = panels(case)
    model = fit_coupled(panel, repeat=repeat)
    compared = compare_strategies(model, {name: money_of(name) for name in MIXES}, rng=seed)
    return compared, pd.Series(case["loyal"])[[*compared.plans]]


def strategies(numbers: range) -> dict[str, pd.DataFrame]:
    """Regret, coverage of gains over today's plan, and reliability of the stated probabilities."""
    cases, seeds = [advised(seed) for seed in numbers], len(numbers)
    truth = pd.DataFrame([true for _, true in cases])
    best = truth.max(axis=1)
    choice = [compared.choice for compared, _ in cases]
    constant = truth.drop(columns="today").mean().idxmax()
    chosen = {"ours": choice, f"always {constant}": [constant] * seeds, "today": ["today"] * seeds}
    regret = {
        name: pd.Series([b - t[pick] for b, (_, t), pick in zip(best, cases, picks, strict=True)])
        for name, picks in chosen.items()
    }
    regret["any plan, at random"] = best - truth.drop(columns="today").mean(axis=1)
    table = pd.DataFrame({name: [r.mean(), r.std() / np.sqrt(seeds), (r == 0).mean()] for name, r in regret.items()}).T
    table.columns = ["mean regret", "standard error", "best chosen"]
    return {
        "truly best": truth.idxmax(axis=1).value_counts(normalize=True).to_frame("share of worlds"),
        "regret in loyal customers": table.assign(of_today=table["mean regret"] / table.loc["today", "mean regret"]),
        "gain over today, 90% intervals": coverage(cases),
        "probability of being best": reliability(cases),
    }


def coverage(cases: list) -> pd.DataFrame:
    """How often intervals hold the true gain over today's plan, how wide they are, how far off their centre is."""
    rows = []
    for compared, true in cases:
        for name in MIXES:
            found, gain = compared.difference(name), true[name] - true["today"]
            held = found.low <= gain <= found.high
            outside = bool(compared.outside[name])
            rows.append((name, held, found.high - found.low, found.estimate - gain, outside, true["today"]))
    table = pd.DataFrame(rows, columns=["plan", "coverage", "width", "bias", "outside", "today"])
    by_plan = table.groupby("plan")[["coverage", "width", "bias", "outside"]].mean()
    by_plan.loc["all"] = table[["coverage", "width", "bias", "outside"]].mean()
    by_plan.loc["outside the record"] = table[table["outside"]][["coverage", "width", "bias", "outside"]].mean()
    return by_plan


def reliability(cases: list) -> pd.DataFrame:
    """Stated probabilities of being best against how often the plan was, with 95% bands of both.

    `inside` : what was said is in the band of how often it was; `as said` : how often it was is in that of the saying.
    """
    stated = np.concatenate([compared.best for compared, _ in cases])
    won = np.concatenate([(true == true.max()).to_numpy() for _, true in cases])
    rows = []
    for low, high in pairwise(BINS):
        inside = (stated >= low) & ((stated < high) | (high == 1.0))
        if n := int(inside.sum()):
            band = proportion_confint(won[inside].sum(), n, 0.05, method="beta")
            least, most = proportion_confint(round(stated[inside].sum()), n, 0.05, method="beta")
            as_said = least <= won[inside].mean() <= most
            rows.append((f"{low:.2f}-{high:.2f}", n, stated[inside].mean(), won[inside].mean(), *band, as_said))
    table = pd.DataFrame(rows, columns=["stated", "n", "mean stated", "won", "band low", "band high", "as said"])
    return table.assign(inside=table["mean stated"].between(table["band low"], table["band high"]))


def main(seeds: int = 200, first: int = 0) -> None:
    for name, table in strategies(range(first, first + seeds)).items():
        print(f"\n{name} (seeds {first} to {first + seeds - 1})\n{table.round(3).to_string()}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
