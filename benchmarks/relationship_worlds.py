"""How honest "trust moves sharing" (S0.2) and "trusted followers are worth more" (S0.9) are, against replayed truth.

    python benchmarks/relationship_worlds.py [seeds] [seeds of six brands] [first seed]

Default 200 and 50 from 0: half an hour or more on one free core. Seeds 1000 to 1023 were looked at while the error that
brands have in common was chosen. Per seed one brand of 8,000 people over 104 weeks, and six brands with six plans;
policies planned, reactive and seasonal by turns; worlds in which trust opens sharing (`default`), in which it does not
(`trust_does_not_matter`: useful posts raise both), and in which nothing works. Truth: the same luck with trust at its
P75 and P25 where sharing reads it; of six brands, the mean of their truths.

Columns: `truth` and `usual` the mean truth and outcome; `bias` and `covers` of the 90% interval; the three decisions at
the deltas named; `no estimate` of these those with a reason; `width` the median; and the same of the naive line through
all weeks, nothing held fixed. Outcomes and widths are shares per 1,000 exposures (S0.2), or exposures a week per 1,000
followers (S0.9).
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from smm_analysis import relationship as rel
from smm_analysis import virtual
from smm_analysis.estimate import Estimate
from smm_analysis.verdict import judge
from smm_analysis.virtual.truth import Again
from smm_analysis.virtual.truth import relationship as replayed

WORLDS = ("default", "trust_does_not_matter", "nothing_matters")
POLICIES = ("planned", "reactive", "seasonal")
QUESTIONS = {"S0.2": ("trust_moves_sharing", 2.0), "S0.9": ("followers_worth_by_trust", 10.0)}
TABLES = ("posts", "mentions", "surveys", "weekly", "controls", "events", "follows")
SEEN = 0.5  # the part of a sharer's followers who see what is passed on, as the simulator plants it


def observe(world: str, seed: int, number: int) -> dict[str, object]:
    """Simulate one brand: its tables, how often a share is seen, and the truth of both claims."""
    sim = virtual.simulate(
        seed=seed,
        brand=virtual.BRANDS[number],
        plan=virtual.SAMPLE_PLANS[number],
        world=world,
        policy=POLICIES[seed % 3],
    )
    made = sim.tables()
    follows = made["follows"]
    told = {"S0.2": 0.0, "S0.9": 0.0}
    if sim.setting.world.trust_opens_sharing:
        entries = replayed(Again(sim))
        told = {entry["claim"]: entry["value"] for entry in (next(entries), next(entries))}
    fans = len(follows) / follows["follower_key"].nunique()
    return {name: made[name] for name in TABLES} | {"seen_per_share": SEEN * fans, "truth": told}


def measured(made: dict[str, object]) -> dict[str, rel.DoseResponse]:
    """Both claims on one brand, as a user would ask them."""
    options = {name: made[name] for name in ("seen_per_share", "controls", "events")}
    panel = rel.sharing_weeks(made["posts"], made["weekly"], **options)
    found = rel.relationship_index(made["mentions"], weeks=panel.weeks["week"], surveys=made["surveys"])
    return {"S0.2": rel.shares_response(panel, found), "S0.9": rel.reach_response(panel, found)}


def row(claim: str, effect: Estimate, naive: Estimate, told: float, usual: float) -> dict[str, object]:
    """One verdict beside the truth."""
    key, delta = QUESTIONS[claim]
    plain = Estimate(naive.estimate, naive.low, naive.high, naive.level, naive.n)
    return {
        "claim": claim,
        "truth": told,
        "usual": usual,
        "bias": effect.estimate - told,
        "covers": effect.low <= told <= effect.high if np.isfinite(effect.low) else np.nan,
        "decision": judge(key, effect, delta=delta, n_unit="weeks", synthetic=True).decision,
        "no estimate": bool(effect.reason),
        "width": effect.high - effect.low,
        "naive covers": naive.low <= told <= naive.high,
        "naive": judge(key, plain, delta=delta, n_unit="weeks", synthetic=True).decision,
        "naive width": naive.high - naive.low,
    }


def one_brand(world: str, seed: int) -> list[dict[str, object]]:
    """Both claims on the first brand."""
    made = observe(world, seed, 0)
    found = measured(made)
    return [row(claim, each.effect, each.naive, made["truth"][claim], each.usual) for claim, each in found.items()]


def six_brands(world: str, seed: int) -> list[dict[str, object]]:
    """Both claims on six brands together; those without an estimate are left out of estimate and truth alike."""
    made = [observe(world, seed, number) for number in range(6)]
    found = [measured(each) for each in made]
    rows = []
    for claim in QUESTIONS:
        effects = {str(k): each[claim].effect for k, each in enumerate(found)}
        pooled = rel.pool_brands(effects, weights="equal", shared=rel.INDEX_ERROR)
        used = [int(name) for name, each in effects.items() if not each.reason and np.isfinite(each.estimate)]
        naive = rel.pool_brands({str(k): found[k][claim].naive for k in used}, weights="equal")
        told = float(np.mean([made[k]["truth"][claim] for k in used])) if used else np.nan
        usual = float(np.mean([found[k][claim].usual for k in used])) if used else np.nan
        rows.append(row(claim, pooled, naive, told, usual))
    return rows


def summary(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rates and medians by group."""
    parts = {name: rows["decision"] == name for name in ("supported", "not_supported", "cannot_tell")}
    flags = rows.assign(**parts, **{"naive supported": rows["naive"] == "supported"}).groupby(by)
    means = ["truth", "usual", "bias", "covers", *parts, "no estimate", "naive covers", "naive supported"]
    table = flags[means].mean().join(flags[["width", "naive width"]].median())
    return table.assign(sets=flags.size()).round(2)


def main(seeds: int = 200, six: int = 50, first: int = 0) -> None:
    """Print the tables."""
    pd.set_option("display.width", 220, "display.max_columns", 30)
    deltas = ", ".join(f"{claim} {delta:g}" for claim, (_, delta) in QUESTIONS.items())
    for what, run, count in (("one brand", one_brand, seeds), ("six brands", six_brands, six)):
        if not count:
            continue
        began = time.perf_counter()
        rows = [
            {"world": world, "policy": POLICIES[seed % 3]} | found
            for world in WORLDS
            for seed in range(first, first + count)
            for found in run(world, seed)
        ]
        table = pd.DataFrame(rows)
        took = time.perf_counter() - began
        print(f"\n{what}, seeds {first} to {first + count - 1} a world, deltas {deltas}, {took:.0f} s")
        print(summary(table, ["claim", "world"]).T.to_string())
        print(summary(table, ["claim", "world", "policy"])[["sets", "bias", "covers", "supported"]].T.to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
