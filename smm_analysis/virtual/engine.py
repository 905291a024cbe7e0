"""The engine (엔진): a brand simulated week by week, and again with the same luck under another cause."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from .life import LivingBrand
from .simulation import Choices, Setting, Simulation
from .worlds import PLANS, POLICIES, WORLDS, Plan, Policy, World, find


def simulate(
    *,
    seed: int,
    brand: str = "mirae",
    world: str | World = "default",
    policy: str | Policy = "planned",
    plan: str | Plan = "basic_then_diffusion",
    weeks: int = 104,
    people: int = 8000,
    spend_scale: Mapping[str, float] | None = None,
) -> Simulation:
    """Simulate one brand (한 브랜드를 모의실험한다).

    Parameters
    ----------
    seed, brand : which luck
    world, policy, plan : names in `WORLDS`, `POLICIES`, `PLANS`, or entries of one's own
    weeks : length of the record
    people : size of the market
    spend_scale : factor per line of money, e.g. ``{"tv": 0.0}``; the money saved is not spent elsewhere

    Raises
    ------
    ValueError
        Unknown names, or sizes that make no record.

    Examples
    --------
    The same luck with and without TV:

    >>> kept = simulate(seed=1, people=500, weeks=26)
    >>> cut = simulate(seed=1, people=500, weeks=26, spend_scale={"tv": 0.0})
    >>> bool((kept.people.rate == cut.people.rate).all())
    True
    """
    if weeks < 8 or people < 50:
        raise ValueError(f"a record needs weeks >= 8 and people >= 50, not weeks={weeks}, people={people}")
    scale, world = dict(spend_scale or {}), find(WORLDS, "world", world)
    for line in scale:
        find(dict.fromkeys(world.lines, line), "line of money", line)
    return run(
        Setting(
            seed,
            brand,
            world,
            find(POLICIES, "policy", policy),
            find(PLANS, "plan", plan),
            weeks,
            people,
            MappingProxyType(scale),
        )
    )


def run(setting: Setting, *, choices: Choices | None = None, trust_offset: float | np.ndarray = 0.0) -> Simulation:
    """Run a setting; given `choices` are taken as they are, `trust_offset` is added where sharing reads trust."""
    brand = LivingBrand(setting, trust_offset)
    for week in range(setting.weeks):
        brand.live(week, choices)
    return brand.simulation()


def replay(
    sim: Simulation,
    *,
    world: World | None = None,
    trust_offset: float | np.ndarray = 0.0,
    **money: float | np.ndarray,
) -> Simulation:
    """The same luck and the same choices, but for one cause (같은 운, 다른 원인).

    Parameters
    ----------
    world : other responses
    trust_offset : added to trust where sharing reads it; a number or one per week
    **money : factors on lines of money, e.g. ``tv=0.0``; numbers or one per week

    Unlike in `simulate(spend_scale=...)`, the managers do not react anew.
    """
    setting = replace(sim.setting, world=world or sim.setting.world)
    lines = setting.world.lines
    spent = sim.choices.money.copy()
    for line, factor in money.items():
        spent[:, lines.index(find(dict.fromkeys(lines, line), "line of money", line))] *= factor
    return run(setting, choices=Choices(spent, sim.choices.hours), trust_offset=trust_offset)
