"""Virtual brands for the benchmark of strategies, with the truth by replay, kept in a folder once computed.

A case is one brand's record (its tables) and what every plan would have brought with the same luck at equal money. The
worlds are drawn at random, wide enough that no plan is best in more than four of ten.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from smm_analysis.diffusion import repeat_panel, simple_relationship, strategy_panel
from smm_analysis.virtual import PLANS, POLICIES, SAMPLE_PLANS, WORLDS, Simulation, World, simulate
from smm_analysis.virtual.managers import flights
from smm_analysis.virtual.truth import Again, diffusion_effect, loyal
from smm_analysis.virtual.worlds import LINES, Plan

CACHE = Path(tempfile.gettempdir()) / "smm_strategies_truth"
PEOPLE = 4000
NEEDED = (
    *("weekly", "effort", "media", "posts", "mentions"),
    *("surveys", "controls", "events", "customers", "purchases"),
)
MIXES = {name: replace(plan, flights=True) for name, plan in PLANS.items() if name != "burst"}  # one rhythm for all
CLAIM_PLANS = SAMPLE_PLANS[:6]
# half a year of the basic model and half a year of diffusion in turn: the record that S0.3 and S0.4 ask for
_BASIC, _DIFFUSION = (PLANS[name].phases[0][1] for name in ("basic_only", "diffusion_only"))
TRIED_BOTH = Plan(
    "tried_both",
    "The basic model and diffusion in turn.",
    tuple((q / 4, (_BASIC, _DIFFUSION)[q % 2 == 0]) for q in (1, 2, 3, 4)),
)


@dataclass(frozen=True)
class Planted:
    """Where claims are planted true or false: a world, and the plans that its brands' records follow in turn."""

    world: World
    plans: tuple[str | Plan, ...] = CLAIM_PLANS


# S1.6 strongly true: customers lapse soon and for good, and taking part is what brings them back; before there are
# customers it is wasted. The records are those of brands that have tried participation.
_WAKES = replace(
    WORLDS["default"],
    name="participation_wakes",
    participation_wakes=1.0,
    participation_lift=0.0,
    lapse=0.25,
    comeback=0.002,
    rate=0.08,
)
_NAMES = ("default", "friends_win", "trust_does_not_matter", "nothing_matters")  # S0.3 and S0.4 strongly true: friends
PLANTED = {
    **{name: Planted(WORLDS[name]) for name in _NAMES},
    "participation_wakes": Planted(_WAKES, ("participation_after", "participation_first")),
    **{f"{name}, tried both": Planted(WORLDS[name], (TRIED_BOTH,)) for name in _NAMES},
}
CLAIM_POLICIES = ("planned", "reactive", "seasonal")
PAIRS = {
    "S0.4": ("basic_then_diffusion", "diffusion_only"),
    "S1.6": ("participation_after", "participation_first"),
    "S4.2": ("steady", "burst"),
}


def drawn_world(rng: np.random.Generator) -> World:
    """A world drawn at random: trust may or may not open sharing, each pull may be weak or strong."""
    ranges = {
        "answered_lift": (0.02, 0.25),
        "seen_answers_lift": (0.0, 0.04),
        "useful_lift": (0.0, 0.03),
        "participation_lift": (0.0, 0.08),
        "promo_loss": (0.0, 0.4),
        "hide_by_promo": (0.0, 25.0),
        "blind_gate": (0.1, 0.5),
        "share_rate": (0.2, 0.9),
        "owned_pull": (0.1, 1.2),
        "earned_pull": (0.2, 2.0),
        "media_pull": (0.0, 1.4),
        "follow_pull": (0.3, 1.5),
        "lapse": (0.03, 0.09),
        "comeback": (0.02, 0.05),
        "paid_lapse": (1.0, 3.5),
        "trust_keeps": (0.0, 0.9),
        "media_wakes": (0.0, 0.5),
        "participation_wakes": (0.0, 0.8),
    }
    drawn = {name: float(rng.uniform(*ends)) for name, ends in ranges.items()}
    for name, (low, high) in {"spontaneous": (0.0003, 0.003), "gain": (0.009, 0.03), "rate": (0.08, 0.16)}.items():
        drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    opens = bool(rng.random() < 0.6)
    return replace(WORLDS["default"], name="drawn", trust_opens_sharing=opens, **drawn)


def drawn_case(seed: int) -> dict:
    """One brand in a world, with a plan and a policy, all drawn; the loyal customers of every plan, same luck."""

    def make() -> dict:
        rng = np.random.default_rng([seed, 7])
        world = drawn_world(rng)
        plan, policy = str(rng.choice(list(MIXES))), str(rng.choice(list(POLICIES)))
        sim = simulate(seed=seed, world=world, plan=MIXES[plan], policy=policy, people=PEOPLE)
        again = {name: like_record(sim, name, world) for name in MIXES}
        return {
            **record(sim),
            "plan": plan,
            "policy": policy,
            "opens": world.trust_opens_sharing,
            "loyal": {name: loyal(s) for name, s in again.items()} | {"today": loyal(sim)},
        }

    return kept(f"drawn-{PEOPLE}-{seed}", make)


def like_record(sim: Simulation, name: str, world: World) -> Simulation:
    """The plan with the record's luck and the record's money in total."""
    spent = float(sim.choices.money.sum()) / (250 * sim.people.n * sim.setting.weeks)
    scale = dict.fromkeys(LINES, spent)
    setting = {"seed": sim.setting.seed, "brand": sim.setting.brand, "people": sim.people.n}
    return simulate(world=world, plan=MIXES[name], policy="planned", spend_scale=scale, **setting)


def money_of(plan: str, weeks: int = 104) -> pd.DataFrame:
    """A plan's money by week and line, as the firm would write it down: no unevenness, the total left open."""
    shares = np.array([MIXES[plan].shares(week, weeks) for week in range(weeks)])
    return pd.DataFrame(shares * flights(weeks), columns=[*LINES])


def panels(case: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `fit_coupled` needs of a case: the weekly panel, and who becomes loyal."""
    t, brand = case["tables"], case["brand"]
    panel = strategy_panel(
        t["weekly"],
        t["effort"],
        t["media"],
        market_size=case["market_size"],
        brand=brand,
        posts=t["posts"],
        relationship=simple_relationship(mentions=t["mentions"], surveys=t["surveys"]),
        controls=t["controls"],
        events=t["events"],
    )
    until = panel["week"].max() + pd.Timedelta(days=6)
    return panel, repeat_panel(t["customers"], t["purchases"], brand=brand, until=until)


def claim_case(seed: int, planted: str) -> dict:
    """One brand of `PLANTED`, with the truth of S0.3, S0.4, S1.6 and S4.2; plan and policy go by the seed."""
    world, tried = PLANTED[planted].world, PLANTED[planted].plans
    plan, policy = tried[seed % len(tried)], CLAIM_POLICIES[seed // 6 % 3]

    def make() -> dict:
        setting = {"seed": seed, "world": world, "people": PEOPLE}
        sim = simulate(policy=policy, plan=plan, **setting)
        names = dict.fromkeys(name for pair in PAIRS.values() for name in pair)
        plans = {name: loyal(simulate(plan=name, policy="planned", **setting)) for name in names}
        truth = {claim: plans[one] - plans[other] for claim, (one, other) in PAIRS.items()}
        opens = world.trust_opens_sharing  # where trust is not read, moving it moves nothing
        truth["S0.3"] = diffusion_effect(Again(sim))["value"] if opens else 0.0
        return {**record(sim), "plan": sim.setting.plan.name, "policy": policy, "loyal": loyal(sim), "truth": truth}

    return kept(f"claims-{planted.replace(', ', '-').replace(' ', '_')}-{PEOPLE}-{seed}", make)


def record(sim: Simulation) -> dict:
    """The tables that a firm would have, and who the brand is."""
    tables = sim.tables(*NEEDED)
    tables["mentions"] = tables["mentions"].drop(columns=["text", "lang"])
    return {"tables": tables, "market_size": sim.people.n, "brand": sim.setting.brand}


def kept(name: str, make: Callable[[], dict]) -> dict:
    """What was computed before, or computed now and kept."""
    path = CACHE / f"{name}.pickle"
    if path.exists():
        return pickle.loads(path.read_bytes())
    made = make()
    CACHE.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(made))
    return made
