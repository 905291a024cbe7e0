"""Claims that no other script plants: rumours and leaders on a network, themes, a strong start.

    python benchmarks/network_worlds.py [seeds] [first seed] [claim, ...]

Default 200 seeds from 0, one brand each.
S1.4, S4.6: word that goes along the links of a simulated brand's follow graph (3,000 people), each link with its
planted chance (those of high relationship twice that of low); 30 items, each begun by three people. The simulator's own
shares do not go from friend to friend within an item, so that they plant neither claim. Worlds: `catching` and `hardly`
(S1.4); `dear_leaders` and `cheap_leaders` (S4.6: what an opinion leader costs). Truth: the same with the planted
chances, and the people that were chosen.
S2.1: 10, 100, 300 or all of what starts a thread in the world `default` (4,000 people), each with its planted topic,
against a group of eight, who name so many that two to three groups find 80% of all themes (Guest, Namey and McKenna
2017; where between two and three is drawn); *told* gives the estimate the planted share of one group. *Few named* is a
group that names nothing but its planted interests, four each: three such groups find less than 80%.
A hundred mentions hold 28 of the 40 themes, and one group finds up to 32 as far as is published: who is not told what
the group finds cannot tell, whatever is read; from about 170 mentions on, more than any such group, he can.
S3.1d: `default` and `mass_media_engage` (8,000 people, 52 weeks): different people whom each line reached in its first
two weeks, per million, counted from every person's exposures.
A claim is true or false by the truth of its own seed: beyond delta or not.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from smm_analysis import cascade, listening, reach, virtual
from smm_analysis.estimate import Estimate
from smm_analysis.verdict import decide
from smm_analysis.virtual.exporter import Exporter
from smm_analysis.virtual.heard import expected_found, letters, planted_labels
from smm_analysis.virtual.talk import ROOTS, cases_frame, interests, talk
from smm_analysis.virtual.worlds import CHANNELS

PEOPLE = 3000
CHANCES = {"catching": (0.12, 0.24), "hardly": (0.015, 0.03)}  # of people of low and high relationship
RACES = {"catching": 800, "hardly": 4000}  # for a truth of some thousandths of a person
LEADERS_CHANCES = (0.06, 0.12)
ITEMS, BEGIN, HOURS = 30, 3, 6.0
PRICES = {"dear_leaders": 1_000_000, "cheap_leaders": 150_000}
READ = {"read 10": 10, "read 100": 100, "read 300": 300, "read all": None}
DELTA = {"S1.4": 10.0, "S4.6": 20.0, "S2.1": 1.0, "S3.1d": 1.1}
LINE_OF = {"atl": ("tv", "newspaper"), "btl": ("events",)}
Row = tuple[str, str, Estimate, float]


# word that goes along links


def planted(seed: int, chances: tuple[float, float]) -> tuple[cascade.Graph, cascade.Graph, pd.Series]:
    """Return a brand's follow graph, the same with the planted chances, and what surveys tell of relationships."""
    follows = virtual.whole_network({"seed": seed, "people": PEOPLE}, "mirae")
    graph = cascade.follow_graph(follows)
    rng = np.random.default_rng([seed, 1])
    high = rng.permutation(graph.n) < graph.n // 2
    chance = np.array(chances)[high.astype(int)][graph.target]
    return graph, graph.with_probability(chance, "given"), pd.Series(high + rng.random(graph.n), index=graph.names)


def shared(true: cascade.Graph, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table `shares` of items that went along the links."""
    rows = []
    for item in range(ITEMS):
        at = _cascade(true, rng.choice(true.n, BEGIN, replace=False).tolist(), rng)
        rows += [(f"i{item}", who, hours + 24.0 * item, via) for who, (hours, via) in at.items()]
    table = pd.DataFrame(rows, columns=["item_id", "who", "hours", "via"])
    names = true.names.to_numpy()
    return pd.DataFrame(
        {
            "item_id": table["item_id"],
            "author_key": names[table["who"]],
            "shared_at": pd.Timestamp("2025-01-06", tz="Asia/Seoul") + pd.to_timedelta(table["hours"], unit="h"),
            "via_author_key": [None if np.isnan(via) else names[int(via)] for via in table["via"].astype(float)],
        }
    )


def _cascade(true: cascade.Graph, begin: list[int], rng: np.random.Generator) -> dict[int, tuple[float, int | None]]:
    """Let an item go its way in the order of time; person -> hours after it began, and from whom."""
    waiting, at = [(0.0, who, None) for who in begin], {}
    while waiting:
        hours, who, via = heapq.heappop(waiting)
        if who not in at:
            at[who] = hours, via
            heard = np.arange(*np.searchsorted(true.source, [who, who + 1]))
            heard = heard[rng.random(len(heard)) < true.probability[heard]]
            for person, delay in zip(true.target[heard].tolist(), rng.exponential(HOURS, len(heard)), strict=True):
                heapq.heappush(waiting, (hours + delay, person, who))
    return at


def rumours(seed: int) -> Iterator[Row]:
    """S1.4: how many more believe what is answered after a day than after two hours."""
    for world, chances in CHANCES.items():
        graph, true, trust = planted(seed, chances)
        rng = np.random.default_rng([seed, 2])
        links = cascade.estimate_probabilities(graph, shared(true, rng), relationship=trust)
        began = list(rng.choice(graph.names, 5, replace=False))
        heard_most = pd.Series(graph.out_degree, index=graph.names).drop(began).nlargest(20).index
        asked = {"responders": list(heard_most), "hours_per_step": HOURS}
        found = cascade.late_answer(links, began, **asked, draws=60, n_sim=30, rng=seed)
        race = {"responders": {"them": list(heard_most)}, "hours_per_step": HOURS, "delay": (2, 24)}
        race["n_sim"] = RACES[world]
        sizes = cascade.contain(true, began, **race, rng=seed).sizes["them"]
        yield "S1.4", world, found, float((sizes[:, 1] - sizes[:, 0]).mean())


def leaders(seed: int) -> Iterator[Row]:
    """S4.6: people whom a million reaches by opinion leaders, more than by ordinary reviewers."""
    graph, true, trust = planted(seed, LEADERS_CHANCES)
    rng = np.random.default_rng([seed, 3])
    links = cascade.estimate_probabilities(graph, shared(true, rng), relationship=trust)
    for world, price in PRICES.items():
        costs = {"reviewers": 30_000, "group_leaders": 300_000, "opinion_leaders": price}
        ways = cascade.compare_selling(links, money=3_000_000, costs=costs, draws=60, n_sim=5, rng=seed)
        spent = ways.table.set_index("way")["spent"] / 1e6
        run = {"counted": "hearing", "rng": seed}
        won = cascade.expected_spread(true, ways.names["opinion_leaders"], n_sim=400, **run).mean
        lots = [rng.choice(graph.names, len(ways.names["reviewers"]), replace=False) for _ in range(60)]
        usual = np.mean([cascade.expected_spread(true, lot, n_sim=5, **run).mean for lot in lots])
        truth = won / spent["opinion_leaders"] - usual / spent["reviewers"]
        yield "S4.6", world, ways.difference("opinion_leaders"), truth


# themes


def themes(seed: int) -> Iterator[Row]:
    """S2.1: themes in what is read, more than eight people name."""
    sim = virtual.simulate(seed=seed, people=4000, policy=("planned", "reactive", "seasonal")[seed % 3])
    out = Exporter(sim)
    said = talk(out, cases_frame(out))
    topics = planted_labels(said, {"letters": letters(said)})["topic"]
    started = said["meaning"].isin(ROOTS)
    found = pd.DataFrame({"mention_id": said["mention_id"], "author_key": said["person"].astype(str), "theme": topics})
    found, about = found[started], interests(out)
    share = np.bincount(said["week"][started], minlength=out.weeks) / started.sum() @ about.by_week
    themes, rng = (share > 0).sum(), np.random.default_rng([seed, 4])
    group, few = _group(about.popularity, 0.8 * themes, rng.uniform(2, 3)), expected_found(about.popularity, 8 * 4)
    known = {"group_share": group / themes, "share_range": (group / themes, group / themes)}
    for world, n in READ.items():
        asked = {"n_mentions": n or len(found), "seed": seed, "draws": 200, "level": 0.9}
        heard = expected_found(share * said["topical"][started].mean(), asked["n_mentions"])
        usual, told = (listening.compare_with_group(found, **asked, **more) for more in ({}, known))
        yield "S2.1", world, usual, heard - group
        yield "S2.1", world + ", told", told, heard - group
        yield "S2.1", world + ", few named", usual, heard - few


def _group(popularity: np.ndarray, wanted: float, groups: float) -> float:
    """Return how many themes one group names, where so many groups name as many as wanted."""
    named = brentq(lambda draws: expected_found(popularity, groups * draws) - wanted, 1, 10_000)
    return expected_found(popularity, named)


# a strong start


def starts(seed: int) -> Iterator[Row]:
    """S3.1d: different people reached in the first two weeks for the money, ATL over BTL."""
    plan = virtual.SAMPLE_PLANS[seed % 6]
    for world in ("default", "mass_media_engage"):
        sim = virtual.simulate(seed=seed, world=world, weeks=52, plan=plan)
        tables = sim.tables()
        media, measured = tables["media"], tables["reach_frequency"]
        period = measured["period"].max()
        curves = {c: reach.reach_curve_of(measured, c, period) for c in measured["channel"].unique()}
        union = reach.union_of(measured, tables.get("duplication"), period)
        found = reach.launch_reach(media[media["channel"].isin(curves)], curves, correlations=union.correlations)
        yield "S3.1d", world, found.ratio, _reached(sim, media)


def _reached(sim: virtual.Simulation, media: pd.DataFrame) -> float:
    """Return people per unit of money in the first two weeks in which either line cost anything, ATL over BTL."""
    bought = media[media["line"].isin(LINE_OF) & (media["spend"] > 0)]
    first = bought["week"].min()
    week = round((first - media["week"].min()) / pd.Timedelta(weeks=1))
    per = {}
    for line, channels in LINE_OF.items():
        rows = [list(CHANNELS).index(name) for name in channels]
        seen = (sim.history["exposures"][week : week + 2, rows] > 0).any(axis=(0, 1)).sum()
        weeks = media["week"].between(first, first + pd.Timedelta(weeks=1))
        per[line] = seen / media.loc[weeks & (media["line"] == line), "spend"].sum()
    return float(per["atl"] / per["btl"])


CLAIMS = {"S1.4": rumours, "S4.6": leaders, "S2.1": themes, "S3.1d": starts}


def row(claim: str, world: str, found: Estimate, truth: float) -> dict:
    """Return one line of the results."""
    told = not found.reason
    return {
        "claim": claim,
        "world": world,
        "planted": "true" if truth > DELTA[claim] else "false",
        "decision": decide(found.low, found.high, DELTA[claim]) if told else "cannot_tell",
        "covers": float(found.low <= truth <= found.high) if told else np.nan,
        "truth": truth,
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
    }


def main(seeds: int = 200, first: int = 0, *asked: str) -> None:
    """Print verdicts and coverage by claim, world and what is planted."""
    rows = []
    for claim in asked or CLAIMS:
        begun = time.perf_counter()
        rows += [row(*line) for seed in range(first, first + seeds) for line in CLAIMS[claim](seed)]
        print(f"{claim}: {(time.perf_counter() - begun) / seeds:.1f} s a seed", flush=True)
    decided = {name: ("decision", lambda d, name=name: (d == name).mean()) for name in _DECISIONS}
    middle = {name: (name, "median") for name in ("truth", "estimate", "low", "high")}
    table = pd.DataFrame(rows).groupby(["claim", "world", "planted"])
    print(f"seeds {first} to {first + seeds - 1}; 90% intervals; deltas {DELTA}")
    print(table.agg(n=("decision", "size"), **decided, covers=("covers", "mean"), **middle).round(2).to_string())


_DECISIONS = ("supported", "not_supported", "cannot_tell")

if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
