"""The claims about strategies in worlds where they are planted true or false: coverage of the truth, and verdicts.

    python benchmarks/strategies_claims.py [seeds] [first seed] [file that keeps what was run] [worlds, by semicolons]

Worlds default, friends_win (in which S0.3 and S0.4 are strongly true: customers come by what friends pass on, and they
pass on what they trust), trust_does_not_matter, nothing_matters, and participation_wakes, in which S1.6 is strongly
true. One brand of 4,000 people and 104 weeks, its plan and policy (planned, reactive, seasonal) go by the seed; then
groups of six brands of consecutive seeds. *Tried both* are brands whose record has half a year of the basic model and
half a year of diffusion in turn, one brand each. 198 seeds from 12 by default, in sixes: 0 to 11, and 1000 on, were
looked at while something was chosen. Six seeds of one world take about 25 s of an idle core, half of it the replays,
which are kept in a folder of the temporary directory. Truth is by replay; in the default world that of S1.6 lies on
both sides of the delta, so that it is neither planted false nor strongly true there.

Beside ours stands a naive estimate: least squares of new customers on the week's money, without season, controls or
carry-over, for S0.3 with money on diffusion times the relationship.

`covers` is among those that have an interval, `told` how many these are. `supported` and the like are verdicts with
delta .05 of today's loyal customers, for S0.3 with .1 customers a million.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS
from strategies_truth import PAIRS, PEOPLE, PLANTED, claim_case, panels

from smm_analysis.diffusion import CoupledModel, fit_coupled
from smm_analysis.diffusion.panel import ACTIVITIES
from smm_analysis.estimate import Estimate
from smm_analysis.strategies import diffusion_by_relationship, find_plan, left_out, one_brand, plan_difference
from smm_analysis.strategies.plans import money_of
from smm_analysis.verdict import decide

CLAIMS = ("S0.3", *PAIRS)
BUDGET = 250.0 * PEOPLE * 104
DELTA, DELTA_CUSTOMERS = 0.05, 0.1
BRANDS = 6
FRESH = 12  # the first seed that nothing was chosen on
SAID = ("supported", "not_supported", "cannot_tell")


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


def row(way: str, claim: str, found: Estimate, true: float, today: float) -> dict:
    """One estimate against its truth."""
    delta = DELTA_CUSTOMERS if claim == "S0.3" else DELTA * today
    said = "cannot_tell" if found.reason else decide(found.low, found.high, delta)
    held = None if found.reason else bool(found.low - 1e-9 <= true <= found.high + 1e-9)
    return {"way": way, "claim": claim, "covers": held, "width": found.high - found.low, "said": said} | {
        "true": float(true),
        "estimate": found.estimate,
    }


def one_brand_rows(case: dict, panel: pd.DataFrame, repeat: pd.DataFrame) -> list[dict]:
    """One brand: ours and the naive estimate."""
    model = fit_coupled(panel, repeat=repeat)
    ways = {"one brand": ours(model), "naive": naive(model, panel, case["loyal"])}
    return [
        row(way, claim, found[claim], case["truth"][claim], case["loyal"])
        for way, found in ways.items()
        for claim in CLAIMS
    ]


def six_brand_rows(cases: list[dict], both: list[tuple[pd.DataFrame, pd.DataFrame]]) -> list[dict]:
    """Six brands together; those that cannot tell are left out of estimate and truth alike."""
    named = [[table.assign(brand=f"brand {i}") for table in pair] for i, pair in enumerate(both)]
    panel, repeat = (pd.concat(column, ignore_index=True) for column in zip(*named, strict=True))
    model = fit_coupled(panel, repeat=repeat)
    found, rows = ours(model), []
    for claim in CLAIMS:
        lacking = left_out(model, claim)
        used = [case for i, case in enumerate(cases) if f"brand {i}" not in lacking] or cases
        truth = float(np.mean([case["truth"][claim] for case in used]))
        today = float(np.mean([case["loyal"] for case in used]))
        rows.append(row("six brands", claim, found[claim], truth, today))
    return rows


def six_seeds(planted: str, first: int) -> list[dict]:
    """All rows of six seeds: each brand on its own, and, where brands tried different things, the six together."""
    cases = [claim_case(seed, planted) for seed in range(first, first + BRANDS)]
    both = [panels(case) for case in cases]
    rows = [r for case, tables in zip(cases, both, strict=True) for r in one_brand_rows(case, *tables)]
    rows += six_brand_rows(cases, both) if len(PLANTED[planted].plans) > 1 else []
    return [{"world": planted, "first": first} | r for r in rows]


def report(table: pd.DataFrame) -> None:
    """Print coverage, verdicts and widths."""
    table = table.assign(covers=table["covers"].astype(float), **{said: table["said"] == said for said in SAID})
    grouped = table.groupby(["claim", "world", "way"], sort=False)
    means = grouped[["true", "estimate", "covers", "width", *SAID]].mean()
    means = means.assign(n=grouped.size(), told=grouped["estimate"].count())
    print(f"seeds {table['first'].min()} to {table['first'].max() + BRANDS - 1}, 90% intervals")
    print(means.round(3).sort_index(level=0, sort_remaining=False).to_string())


def main(seeds: int = 198, first: int = FRESH, keep: str = "", only: str = "") -> None:
    """Run what is not kept yet, and print the table."""
    kept = Path(keep).read_text(encoding="utf-8").splitlines() if keep and Path(keep).exists() else []
    rows = [json.loads(line) for line in kept]
    done = {(r["world"], r["first"]) for r in rows}
    worlds = only.split(";") if only else list(PLANTED)
    for start in range(first, first + seeds - BRANDS + 1, BRANDS):
        for planted in (name for name in worlds if (name, start) not in done):
            fresh = six_seeds(planted, start)
            rows += fresh
            if keep:
                with Path(keep).open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(r) + "\n" for r in fresh)
    report(pd.DataFrame(rows))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:5])
