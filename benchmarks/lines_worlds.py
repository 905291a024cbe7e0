"""How often ATL against BTL is answered rightly where the answer is planted (S3.1a, S3.1b, S3.1c, S3.2, S3.3).

    python benchmarks/lines_worlds.py [seeds] [first seed] [people]

Default 200 seeds from 0, six brands of 8,000 people and 104 weeks each, each with another plan; the policy is planned,
reactive or seasonal in turn. *One* is every brand on its own, *six* these six together, each counted by how much its
weeks tell (differences as they are, ratios on the log scale). World `default` plants the claims true,
`mass_media_engage`, `mass_media_last` and `nothing_matters` plant the ones asked there false. Truth, for the first
brand of a seed (replays are dear), is counted from every person's exposures in the same run (S3.1c: a person once a
channel, as the table `media` counts), planted (S3.1b), or found by replay: S3.3 by what media alone win, *S3.3
credited*, the naive reading of the same claim, by all that is lost without the money of a line, word of mouth and woken
old customers among it.
A seed takes about half a minute of an idle core.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from smm_analysis import mix, reach, relationship, virtual
from smm_analysis.estimate import Estimate
from smm_analysis.verdict import decide
from smm_analysis.virtual.truth import Again, atl_and_btl, carry_over
from smm_analysis.virtual.worlds import SOURCES

WORLDS = {
    "default": ("S3.1a", "S3.1b", "S3.1c", "S3.2", "S3.3", "S3.3 credited"),
    "mass_media_engage": ("S3.1a", "S3.1c", "S3.2"),
    "mass_media_last": ("S3.1b",),
    "nothing_matters": ("S3.3", "S3.3 credited"),
}
POLICIES = ("planned", "reactive", "seasonal")
DELTA = {"S3.1a": 1.5, "S3.1b": 1.0, "S3.1c": 10.0, "S3.2": 0.0, "S3.3": 0.5, "S3.3 credited": 0.5}
RATIOS = ("S3.1a",)
TOGETHER = {"weights": "information", "disagreement": True}
CHANNELS = list(virtual.CHANNELS)
CHANNELS_OF = {"atl": [CHANNELS.index("tv"), CHANNELS.index("newspaper")], "btl": [CHANNELS.index("events")]}
LOYAL = (26, 39)  # weeks after the first purchase, in which a loyal customer buys again
UNTIL = pd.Timestamp("2024-11-18T00:00+09:00")


def estimates(tables: dict[str, pd.DataFrame], people: int, weeks: int) -> dict[str, Estimate]:
    """Return the estimate of each claim from one brand's tables, as notebook 02 does it."""
    media, measured = tables["media"], tables["reach_frequency"]
    period, channels = measured["period"].max(), measured["channel"].unique()
    curves = {c: reach.reach_curve_of(measured, c, period) for c in channels}
    aims = {c: reach.reach_curve_of(measured, c, period, target=True) for c in channels}
    shares = reach.target_shares_of(media, curves, aims)
    optional = {name: tables[name] for name in ("controls", "events", "posts")}
    panel = mix.mix_panel(tables["weekly"], media, market_size=people, **optional)
    model = mix.fit_mix(panel.weeks, outcome="new_customers", market=panel.market, **panel.columns)
    until = UNTIL + pd.Timedelta(weeks=weeks)
    stayed = reach.who_stayed(tables["customers"], tables["purchases"], observed_until=until)
    return {
        "S3.1a": reach.cost_per_engaged(media).ratio,
        "S3.1b": mix.half_life_gap(model),
        "S3.1c": reach.engaged_per_reached(media).difference,
        "S3.2": reach.cost_per_reached(media, target_shares=shares).difference,
        "S3.3": mix.loyal_gap(model, media, stayed),
        "S3.3 credited": reach.loyal_per_reached(media, stayed).difference,
    }


def rows(seed: int, world: str, people: int) -> Iterator[dict]:
    """Yield a row a claim and brand, and one for the six together."""
    told: dict[str, dict[str, Estimate]] = {claim: {} for claim in WORLDS[world]}
    for brand, plan in zip(virtual.BRANDS, virtual.SAMPLE_PLANS[:6], strict=False):
        setting = {"seed": seed, "brand": brand, "policy": POLICIES[seed % 3], "plan": plan}
        sim = virtual.simulate(world=world, people=people, **setting)
        found = estimates(sim.tables(), sim.setting.people, sim.setting.weeks)
        true = truth_of(sim) if brand == virtual.BRANDS[0] else {}
        for claim in WORLDS[world]:
            told[claim][brand] = found[claim]
            yield row(world, claim, "one", found[claim], true.get(claim))
    for claim, each in told.items():
        scale = "log" if claim in RATIOS else "natural"
        yield row(world, claim, "six", relationship.pool_brands(each, scale=scale, **TOGETHER), None)


def truth_of(sim: virtual.Simulation) -> dict[str, float]:
    """Return the truth of each claim in one brand."""
    again = Again(sim)
    true = {line["claim"]: line["value"] for line in (*atl_and_btl(again), *carry_over(again))}
    return true | {"S3.1c": engaged_by_channel(sim), "S3.3": loyal_alone(sim), "S3.3 credited": true["S3.3"]}


def engaged_by_channel(sim: virtual.Simulation) -> float:
    """Engaged people per 1,000 reached in a week, a person once a channel, BTL minus ATL."""
    per = {}
    for line, rows in CHANNELS_OF.items():
        seen, took_part = ((sim.history[name][:, rows] > 0).sum() for name in ("exposures", "engaged"))
        per[line] = 1000 * took_part / seen
    return per["btl"] - per["atl"]


def loyal_alone(sim: virtual.Simulation) -> float:
    """Loyal customers whom media alone win per 1,000 people reached in a week, BTL minus ATL (`virtual.media_alone`).

    Whom the line's money won, net of those who would have come later, times the chance that one of its customers buys
    again in the weeks that count as loyal.
    """
    plans = {line: {CHANNELS[k]: 0.0 for k in rows} for line, rows in CHANNELS_OF.items()}
    won, kept = virtual.media_alone(sim, plans).sum(), {}
    for line, rows in CHANNELS_OF.items():
        seen = (sim.history["exposures"][:, rows] > 0).sum()
        kept[line] = 1000 * (won["recorded"] - won[line]) * _stays(sim, line) / seen
    return kept["btl"] - kept["atl"]


def _stays(sim: virtual.Simulation, line: str) -> float:
    """The mean chance of a line's customers to buy in the weeks that count, by the engine's own chances."""
    chance, first = sim.history["chance"], sim.first_week
    came = np.flatnonzero((sim.source == SOURCES.index(line)) & (first + LOYAL[1] < len(chance)))
    ahead = chance[first[came] + np.arange(LOYAL[0], LOYAL[1] + 1)[:, None], came].astype(float)
    return float(1 - np.prod(1 - ahead, axis=0).mean())


def row(world: str, claim: str, scope: str, found: Estimate, truth: float | None) -> dict:
    decision = decide(found.low, found.high, DELTA[claim]) if not found.reason else "cannot_tell"
    covered = None if truth is None or found.reason else found.low <= truth <= found.high
    return {
        "world": world,
        "claim": claim,
        "scope": scope,
        "decision": decision,
        "covered": covered,
        "truth": truth,
    } | {"estimate": found.estimate}


def main() -> None:
    given = [int(text) for text in sys.argv[1:4]]
    seeds, first, people = given + [200, 0, 8000][len(given) :]
    found = pd.DataFrame(
        [line for seed in range(first, first + seeds) for world in WORLDS for line in rows(seed, world, people)]
    )
    table = found.groupby(["claim", "world", "scope"]).agg(
        n=("decision", "size"),
        supported=("decision", lambda d: (d == "supported").mean()),
        not_supported=("decision", lambda d: (d == "not_supported").mean()),
        cannot_tell=("decision", lambda d: (d == "cannot_tell").mean()),
        covered=("covered", lambda c: c.dropna().astype(float).mean()),
        truth=("truth", "median"),
        estimate=("estimate", "median"),
    )
    print(f"seeds {first} to {first + seeds - 1}, brands of {people:,}; deltas {DELTA}")
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
