"""The claims about strategies in worlds where they are planted true or false: coverage of the truth, and verdicts.

    python benchmarks/strategies_claims.py [seeds]

Worlds default, trust_does_not_matter and nothing_matters, and participation_wakes, in which S1.6 is strongly true; one
brand of 4,000 people and 104 weeks, its plan and policy (planned, reactive, seasonal) go by the seed; then groups of
six brands of consecutive seeds. Seeds 12 to 47 by default: 0 to 11, and 1000 on, were looked at while something was
chosen. Truth is by replay; in the default world that of S1.6 lies on both sides of the delta, so that it is neither
planted false nor strongly true there.

Beside ours stands a naive estimate: least squares of new customers on the week's money, without season, controls or
carry-over, for S0.3 with money on diffusion times the relationship.

`supported` and the like are verdicts with delta .05 of today's loyal customers, for S0.3 with .1 customers a million.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS
from strategies_truth import CLAIM_WORLDS, PAIRS, PEOPLE, claim_case, panels

from smm_analysis.diffusion import CoupledModel, fit_coupled
from smm_analysis.diffusion.panel import ACTIVITIES
from smm_analysis.estimate import Estimate
from smm_analysis.strategies import diffusion_by_relationship, find_plan, one_brand, plan_difference
from smm_analysis.strategies.plans import money_of
from smm_analysis.verdict import decide

CLAIMS = ("S0.3", *PAIRS)
BUDGET = 250.0 * PEOPLE * 104
DELTA, DELTA_CUSTOMERS = 0.05, 0.1
BRANDS = 6
FRESH = 12  # the first seed that nothing was chosen on


def ours(model: CoupledModel) -> dict[str, Estimate]:
    """Our estimate of each claim, in its natural unit."""
    found = {claim: plan_difference(model, claim, budget=BUDGET) for claim in PAIRS}
    return {"S0.3": diffusion_by_relationship(model), **found}


def naive(model: CoupledModel, panel: pd.DataFrame, loyal: int) -> dict[str, Estimate]:
    """What a first regression says."""
    money = pd.DataFrame({name: panel[f"effort_{name}"] for name in ACTIVITIES})
    money["paid"] = panel.filter(like="spend_").sum(axis=1)
    felt = panel["relationship"].interpolate(limit_direction="both")
    money = money / 1e6
    plain = OLS(panel["new_customers"], money.assign(one=1.0)).fit()
    crossed = money.assign(one=1.0, felt=felt, both=money["diffusion"] * (felt - felt.mean()))
    slope, spread = OLS(panel["new_customers"], crossed).fit(), felt.quantile(0.75) - felt.quantile(0.25)
    out = {"S0.3": _of(slope.params["both"] * spread, slope.bse["both"] * spread)}
    share = loyal / panel["new_customers"].sum()
    fit = one_brand(model, None)
    for claim, pair in PAIRS.items():
        totals = [_by_line(money_of(find_plan(p), fit.weeks, budget=BUDGET, horizon=104)) for p in pair]
        gap = np.r_[totals[0] - totals[1], 0.0] / 1e6 * share
        out[claim] = _of(float(gap @ plain.params), float(np.sqrt(gap @ plain.cov_params() @ gap)))
    return out


def _by_line(money: np.ndarray) -> np.ndarray:
    total = money.sum(axis=0)
    return np.r_[total[: len(ACTIVITIES)], total[len(ACTIVITIES) :].sum()]


def _of(middle: float, error: float) -> Estimate:
    return Estimate(middle, middle - 1.645 * error, middle + 1.645 * error, 0.9, 104)


def row(world: str, way: str, claim: str, found: Estimate, true: float, today: float) -> dict:
    """One estimate against its truth."""
    delta = DELTA_CUSTOMERS if claim == "S0.3" else DELTA * today
    said = "cannot_tell" if found.reason else decide(found.low, found.high, delta)
    held = bool(found.low - 1e-9 <= true <= found.high + 1e-9)
    width = found.high - found.low
    return {"world": world, "way": way, "claim": claim, "covers": held, "width": width, "said": said} | {
        "true": true,
        "estimate": found.estimate,
    }


def one_brand_rows(world: str, seed: int) -> list[dict]:
    """One brand: ours and the naive estimate."""
    case = claim_case(seed, world)
    panel, repeat = panels(case)
    model = fit_coupled(panel, repeat=repeat)
    ways = {"one brand": ours(model), "naive": naive(model, panel, case["loyal"])}
    return [
        row(world, way, claim, found[claim], case["truth"][claim], case["loyal"])
        for way, found in ways.items()
        for claim in CLAIMS
    ]


def six_brand_rows(world: str, seeds: range) -> list[dict]:
    """Six brands together."""
    cases = [claim_case(seed, world) for seed in seeds]
    both = [panels(case) for case in cases]
    named = [[table.assign(brand=f"brand {i}") for table in pair] for i, pair in enumerate(both)]
    panel, repeat = (pd.concat(column, ignore_index=True) for column in zip(*named, strict=True))
    found = ours(fit_coupled(panel, repeat=repeat))
    truth = {claim: float(np.mean([case["truth"][claim] for case in cases])) for claim in CLAIMS}
    today = float(np.mean([case["loyal"] for case in cases]))
    return [row(world, "six brands", claim, found[claim], truth[claim], today) for claim in CLAIMS]


def main(seeds: int = 36) -> None:
    rows = [r for world in CLAIM_WORLDS for seed in range(FRESH, FRESH + seeds) for r in one_brand_rows(world, seed)]
    for world in CLAIM_WORLDS:
        for first in range(FRESH, FRESH + seeds - BRANDS + 1, BRANDS):
            rows += six_brand_rows(world, range(first, first + BRANDS))
    table = pd.DataFrame(rows)
    for said in ("supported", "not_supported", "cannot_tell"):
        table[said] = table["said"] == said
    columns = ["true", "estimate", "covers", "width", "supported", "not_supported", "cannot_tell"]
    grouped = table.groupby(["claim", "world", "way"], sort=False)
    print(
        grouped[columns].mean().assign(n=grouped.size()).round(3).sort_index(level=0, sort_remaining=False).to_string()
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
