"""How honest the relationship's claims are: coverage, verdicts and width where truth is planted, one brand and six.

    python benchmarks/claims_worlds.py [seeds] [first seed] [file that keeps rows] [claims, as S0.8,S1.2] [people]

Default 200 seeds from 0. Each seed has six brands of 8,000 people and 104 weeks, each with another plan; its policy is
planned, reactive or seasonal in turn. A file keeps rows of one number of people. *One* is every brand on its own, *six*
the six pooled. Truth is that of each brand's own luck, by replay (S0.7a), from the engine's own chances (S0.8, S1.2) or
planted (S1.3, and zeros where a world plants a claim false); of S1.2 it is what the last tenth of the exposures won,
see `virtual.won_by_more`. S0.7b has two: what being won by ads does to the same persons, in this brand's luck
(`covers`), and its mean over all brands and seeds of the world (`population`). For six brands truth is the mean over
the brands that could tell, weighted as their estimates are in S1.2. S1.2 is given the planted part of a person's
followers who see what is passed on. A seed takes some 40 s of a core.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from smm_analysis import relationship, virtual
from smm_analysis.estimate import Estimate
from smm_analysis.relationship.tolerance import SETTLE_WEEKS
from smm_analysis.verdict import decide
from smm_analysis.virtual.promotion import weekly_hides
from smm_analysis.virtual.truth import Again, paid_inflow, paid_loyalty
from smm_analysis.virtual.worlds import PLANS, Plan

WORLDS = ("default", "paid_is_loyal", "promotion_is_harmless", "friends_win", "firm_wins", "nothing_matters")
POLICIES = ("planned", "reactive", "seasonal")
ASKED = {  # of each world: the claims that it plants, true or false
    "default": ("S0.7a", "S0.7b", "S0.8", "S0.8 doubling", "S1.2", "S1.3"),
    "paid_is_loyal": ("S0.7b",),
    "promotion_is_harmless": ("S0.8", "S0.8 doubling"),
    "friends_win": ("S1.2",),
    "firm_wins": ("S1.2",),
    "nothing_matters": ("S0.7a", "S0.7b", "S0.8", "S0.8 doubling", "S1.2", "S1.3"),
}
DELTA = {"S0.7a": 5.0, "S0.7b": 0.05, "S0.8": 1.1, "S1.2": 2.0, "S1.3": 10.0, "S0.8 doubling": 0.0}
DECISIONS = ("supported", "not_supported", "cannot_tell")
HOW = {  # brands are put together; others by precision as they are
    "S0.8": {"scale": "log", "weights": "equal"},
    "S1.2": {"scale": "natural", "weights": "information", "disagreement": True},
    "S1.3": {"scale": "percent", "weights": "precision"},
}
_BASIC, _PROMO = (PLANS[name].phases[0][1] for name in ("basic_only", "promotion_heavy"))
BOTH = Plan(
    "tried_both",
    "Little and much promotion in turn.",
    tuple((q / 4, (_BASIC, _PROMO)[q % 2 == 0]) for q in (1, 2, 3, 4)),
)
PEOPLE = 8000
NEEDED = ("posts", "weekly", "media", "controls", "events", "customers", "purchases")
PLANTED_SEEN = 0.5  # part of a sharer's followers who see what is passed on, as the engine has it


def living(seed: int, world: str, brand: str, plan: str | Plan, people: int) -> virtual.Simulation:
    """Return a brand whose policy goes by the seed."""
    return virtual.simulate(seed=seed, brand=brand, world=world, policy=POLICIES[seed % 3], plan=plan, people=people)


def brand_rows(sim: virtual.Simulation, claims: tuple[str, ...]) -> dict[str, dict]:
    """Return, by claim, truth, estimate and naive estimate of one brand."""
    tables, again = sim.tables(*NEEDED, *(["mentions"] if "S1.2" in claims else [])), Again(sim)
    asked = [claim for claim in claims if claim in ESTIMATES]
    return {claim: ESTIMATES[claim](tables, again) for claim in asked} | {"posts": tables["posts"], "sim": sim}


def inflow(tables: dict, again: Again) -> dict:
    found = relationship.flight_inflow(
        tables["weekly"],
        tables["media"],
        channel="sns_ads",
        posts=tables["posts"],
        controls=tables["controls"],
        events=tables["events"],
    )
    nothing = again.sim.setting.world.follow_pull == 0
    truth = 0.0 if nothing else next((line["value"] for line in paid_inflow(again)), None)
    return row(found.stops, found.naive, truth)


def retention(tables: dict, again: Again) -> dict:
    until = "2024-11-18T00:00+09:00"
    until = pd.Timestamp(until) + pd.Timedelta(weeks=again.sim.setting.weeks) - pd.Timedelta(minutes=1)
    kept = relationship.cohort_retention(tables["customers"], tables["purchases"], observed_until=until, curve_weeks=0)
    groups = kept.groups.set_index("source").loc[["organic", "paid"]]
    share, n = groups["share_so_far"], groups["n"]
    half = 1.645 * math.sqrt((share * (1 - share) / n).sum())
    gap = float(share["organic"] - share["paid"])
    naive = Estimate(gap, gap - half, gap + half, 0.9, int(n.sum()))
    truth = 0.0 if again.sim.setting.world.paid_lapse == 1 else next(paid_loyalty(again))["value"]
    return row(kept.adjusted, naive, truth)


def tolerance(tables: dict, again: Again) -> dict:
    found = relationship.promotion_tolerance(tables["posts"], events=tables["events"], half_lives=())
    truth = true_ratio(found, [again.sim])
    return row(found.ratio, found.naive, truth)


def expected(found: relationship.Tolerance, sims: list[virtual.Simulation]) -> pd.DataFrame:
    """Return the settled weeks with the hides that the engine expects, by the estimate's own smoothed share."""
    parts = []
    for sim in sims:
        weeks = found.weeks
        weeks = weeks[weeks["brand"] == sim.setting.brand] if "brand" in weeks else weeks
        parts.append(weeks[["share"]].join(weekly_hides(sim)).iloc[SETTLE_WEEKS:])
    table = pd.concat(parts)
    return table[table["impressions"] > 0]


def true_ratio(found: relationship.Tolerance, sims: list[virtual.Simulation]) -> float | None:
    """Return expected hides per impression in the quarter of weeks with most promotion over that with least."""
    if found.ratio.reason:
        return None
    table = expected(found, sims)
    low, high = (table["share"].quantile(q) for q in (0.25, 0.75))
    rates = [
        t["expected_hides"].sum() / t["impressions"].sum()
        for t in (table[table["share"] >= high], table[table["share"] <= low])
    ]
    return rates[0] / rates[1]


def true_doubling(found: relationship.Tolerance, sims: list[virtual.Simulation]) -> float:
    """Return the smoothed share at which expected hides have doubled, by isotonic regression; infinite if never."""
    table = expected(found, sims).sort_values("share")
    low, top = table["share"].quantile([0.25, 0.95])
    calm = table[table["share"] <= low]
    rate = isotonic_regression(table["expected_hides"] / table["impressions"], weights=table["impressions"]).x
    doubled = rate >= 2 * calm["expected_hides"].sum() / calm["impressions"].sum()
    share = table["share"].to_numpy()[doubled]
    return float(share[0]) if len(share) and share[0] <= top else math.inf


def links(tables: dict, again: Again) -> dict:
    found = relationship.link_synergy(tables["posts"])
    return row(found.effect, found.naive, 100 * (again.sim.setting.world.link_synergy - 1))


def owned_and_earned(tables: dict, again: Again) -> dict:
    written = tables["mentions"][tables["mentions"]["author_role"].isin(["customer", "unknown"])]
    found = relationship.earned_customers(
        tables["weekly"],
        tables["posts"],
        reach_per_share=float(written["reach"].mean()),
        seen_share=PLANTED_SEEN,
        media=tables["media"],
        controls=tables["controls"],
        events=tables["events"],
        customers=tables["customers"],
    )
    won = virtual.won_by_more(again.sim)
    return row(found.gap, found.naive, won["earned"] - won["owned"])


ESTIMATES = {"S0.7a": inflow, "S0.7b": retention, "S0.8": tolerance, "S1.2": owned_and_earned, "S1.3": links}


def row(found: Estimate, naive: Estimate, truth: float | None) -> dict:
    """Return one line of the results."""
    plain = {"estimate": found.estimate, "low": found.low, "high": found.high, "told": not found.reason, "truth": truth}
    return plain | {"naive": naive.estimate, "naive_low": naive.low, "naive_high": naive.high, "n": found.n}


def pooled(rows: list[dict], claim: str) -> dict:
    """Return the six brands as one; truth is the mean of theirs, by the estimate's own weights."""
    told = [r for r in rows if r["told"] and r["truth"] is not None]
    how = HOW.get(claim, {"scale": "natural", "weights": "precision"})
    found, naive = (_pooled(told, names, how) for names in (("low", "estimate", "high"), _NAIVE))
    return row(found, naive, _mean_truth(told, how) if told else None)


_NAIVE = ("naive_low", "naive", "naive_high")


def _pooled(told: list[dict], names: tuple[str, str, str], how: dict) -> Estimate:
    lows, middles, highs = ([r[name] for r in told] for name in names)
    each = zip(middles, lows, highs, told, strict=True)
    return relationship.pool_brands({str(i): Estimate(*x, 0.9, r["n"]) for i, (*x, r) in enumerate(each)}, **how)


def _mean_truth(told: list[dict], how: dict) -> float:
    """Return the mean of the truths: on the estimate's scale, and weighted as it is."""
    inward, outward = {"natural": (float, float), "log": (np.log, np.exp), "percent": (_log1p, _expm1)}[how["scale"]]
    halves = np.array([inward(r["high"]) - inward(r["low"]) for r in told])
    weights = halves**-2 if how["weights"] == "information" else np.ones(len(told))
    return float(outward(np.average([inward(r["truth"]) for r in told], weights=weights)))


def _log1p(percent: float) -> float:
    return math.log1p(percent / 100)


def _expm1(log: float) -> float:
    return 100 * math.expm1(log)


def links_of_all(brands: dict[str, dict], world: str) -> dict:
    """Return the effect of links over the posts of all brands."""
    posts = pd.concat([found["posts"] for found in brands.values()], ignore_index=True)
    found = relationship.pooled_link_synergy(posts)
    return row(found.effect, found.naive, 100 * (virtual.WORLDS[world].link_synergy - 1))


def one_world(seed: int, world: str, claims: tuple[str, ...], people: int) -> list[dict]:
    """Return all rows of one seed in one world."""
    names = zip(virtual.BRANDS, virtual.SAMPLE_PLANS[:6], strict=False)
    brands = {name: brand_rows(living(seed, world, name, plan, people), claims) for name, plan in names}
    here = {"seed": seed, "world": world, "policy": POLICIES[seed % 3]}
    rows = []
    for claim in (claim for claim in claims if claim in ESTIMATES):
        for (name, found), plan in zip(brands.items(), virtual.SAMPLE_PLANS[:6], strict=True):
            rows.append(here | {"claim": claim, "scope": "one", "brand": name, "plan": plan} | found[claim])
        six = (
            links_of_all(brands, world)
            if claim == "S1.3"
            else pooled([found[claim] for found in brands.values()], claim)
        )
        rows.append(here | {"claim": claim, "scope": "six", "brand": "", "plan": ""} | six)
    if "S0.8 doubling" in claims:
        rows += [here | found for found in points(brands, living(seed, world, "both", BOTH, people))]
    return rows


def points(brands: dict[str, dict], sim: virtual.Simulation) -> list[dict]:
    """Return the doubling point of the six brands' one curve, and of one brand that has tried both."""
    posts = pd.concat([found["posts"] for found in brands.values()], ignore_index=True)
    sims = [found["sim"] for found in brands.values()]
    found = relationship.pooled_tolerance(posts, half_lives=())
    both = relationship.promotion_tolerance(sim.tables("posts")["posts"], half_lives=())
    rows = []
    for scope, each, whose in (("six", found, sims), ("one, tried both", both, [sim])):
        named = {"scope": scope, "brand": "", "plan": ""}
        doubling = row(each.doubling, each.naive, true_doubling(each, whose)) | {"told": True}
        rows.append({"claim": "S0.8 doubling"} | named | doubling)
        if scope != "six":
            rows.append({"claim": "S0.8"} | named | row(each.ratio, each.naive, true_ratio(each, whose)))
    return rows


def report(table: pd.DataFrame) -> None:
    """Print coverage, verdicts and widths."""
    table = table.assign(population=table["truth"].where(table["claim"] == "S0.7b"))
    means = table[table["scope"] == "one"].groupby(["world", "claim"])["truth"].mean()
    delta = table["claim"].map(DELTA)
    told = table["told"] & table["truth"].notna()
    verdicts = [
        decide(a, b, d) if t else "cannot_tell"
        for a, b, d, t in zip(table["low"], table["high"], delta, told, strict=True)
    ]
    table = table.assign(
        told=told,
        covers=((table["low"] <= table["truth"]) & (table["truth"] <= table["high"])).where(told).astype(float),
        population=[_within(r, means) for r in table.to_dict("records")],
        width=(table["high"] - table["low"]).where(told),
        naive_width=table["naive_high"] - table["naive_low"],
        naive_supported=table["naive_low"] > delta,
        naive_covers=(table["naive_low"] <= table["truth"]) & (table["truth"] <= table["naive_high"]),
        **{name: [v == name for v in verdicts] for name in DECISIONS},
    )
    judged = [*DECISIONS, "naive_covers", "naive_supported"]
    table[judged] = table[judged].astype(float).where(table["claim"] != "S0.8 doubling")
    shown = ["told", "truth", "estimate", "covers", "population", "supported", "not_supported", "cannot_tell"]
    shown += ["width", "naive", "naive_width", "naive_covers", "naive_supported"]
    finite = table.replace([np.inf, -np.inf], np.nan)
    for by in (["claim", "scope", "world"], ["claim", "world", "plan"], ["claim", "scope", "world", "policy"]):
        chosen = finite[finite["scope"] == "one"] if "plan" in by else finite
        print(f"\n{chosen.groupby(by)[shown].mean().assign(n=chosen.groupby(by).size()).round(3).to_string()}")
    points = table[table["claim"] == "S0.8 doubling"]
    print("\ndoubling points: share that is finite, in truth and in the estimate; finite ends")
    print(
        points.groupby(["scope", "world"])[["truth", "estimate", "high"]]
        .agg(lambda x: np.isfinite(x).mean())
        .round(3)
        .to_string()
    )
    print(
        points.replace(np.inf, np.nan)
        .groupby(["scope", "world"])[["truth", "estimate", "low", "high"]]
        .median()
        .round(3)
        .to_string()
    )


def _within(r: dict, means: pd.Series) -> float:
    """Whether an interval of S0.7b holds the population's value."""
    if r["claim"] != "S0.7b" or not r["told"]:
        return math.nan
    return float(r["low"] <= means[r["world"], "S0.7b"] <= r["high"])


def main(seeds: int = 200, first: int = 0, keep: str = "", only: str = "", people: int | str = PEOPLE) -> None:
    """Run what is not kept yet, and print the tables."""
    kept = Path(keep).read_text(encoding="utf-8").splitlines() if keep and Path(keep).exists() else []
    rows = [json.loads(line) for line in kept]
    done = {(r["seed"], r["world"]) for r in rows}
    asked = {world: tuple(c for c in claims if not only or c in only.split(",")) for world, claims in ASKED.items()}
    for seed in range(first, first + seeds):
        for world in (world for world in WORLDS if asked[world] and (seed, world) not in done):
            fresh = one_world(seed, world, asked[world], int(people))
            rows += fresh
            if keep:
                with Path(keep).open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(r) + "\n" for r in fresh)
    table = pd.DataFrame(rows)
    numbers = f"{table['seed'].min()} to {table['seed'].max()} ({table['seed'].nunique()})"
    print(f"seeds {numbers}, six brands of {int(people):,} people each, 90% intervals; deltas {DELTA}")
    report(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:6])
