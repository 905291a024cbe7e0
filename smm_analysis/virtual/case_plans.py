"""What the case notebooks replay (사례에서 다시 돌려 보는 계획): Nokia's campaign and a small shop's hours.

Both are stand-ins: the engine's lines of money are given the roles that the texts speak of, and every number that
comes out is simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from types import MappingProxyType

from .worlds import LINES, WORLDS, Plan, Shares, World

BEFORE, CAMPAIGN, AFTER = 26, 6, 20  # weeks
STORY = MappingProxyType({"experience": "participation", "desire": "useful", "fun": "diffusion"})
SHOP_HOURS = MappingProxyType({"listen": 16, "useful": 16, "participation": 8})  # percent of the shop's idle hours


def shares(**percent: float) -> Shares:
    """Return shares of the budget by line; what is left of 100 is spent on nothing that customers see (`other`).

    Raises
    ------
    ValueError
        More than 100 percent, or a line that is not known.
    """
    given = dict.fromkeys(LINES, 0.0) | percent
    left = 100 - sum(percent.values())
    if left < 0 or len(given) > len(LINES):
        raise ValueError(f"shares of {', '.join(LINES)} add up to 100 at most; given {percent}")
    return MappingProxyType(given | {"other": given["other"] + left})


def campaign(name: str, **percent: float) -> Plan:
    """Half a year of a listening brand, six weeks of this campaign, and the listening brand again."""
    usual, weeks = shares(listen=28, useful=28, promo=4, participation=6), BEFORE + CAMPAIGN + AFTER
    phases = ((BEFORE / weeks, usual), ((BEFORE + CAMPAIGN) / weeks, shares(**percent)), (1.0, usual))
    return Plan(name, "six weeks of campaign in a year", phases, flights=False)


def nokia_plans() -> dict[str, Plan]:
    """Nine campaigns at equal money, by glossary key (같은 돈의 캠페인 아홉 가지).

    "one_way" is TV (40%) and promotion (60%). Each ingredient of `STORY`, alone or with others, takes a third of the
    promotion's money. "story_without_tv" gives the TV's money to the three as well.
    """
    plans = {}
    for wanted in sorted(product((False, True), repeat=len(STORY)), key=sum):
        names = [name for name, is_in in zip(STORY, wanted, strict=True) if is_in]
        key = {0: "one_way", len(STORY): "all_three"}.get(len(names), "_".join(names))
        money = {"tv": 40.0, "promo": 60.0 - 20.0 * len(names)} | {STORY[name]: 20.0 for name in names}
        plans[key] = campaign(key, **money)
    return plans | {"story_without_tv": campaign("story_without_tv", **dict.fromkeys(STORY.values(), 100 / len(STORY)))}


def shop_plan(*, offers: float = 0.0, talk: float = 1.0, hours: Mapping[str, float] = SHOP_HOURS) -> Plan:
    """A shop's year: hours for listening, useful posts and joint doings, and live offers on top (작은 가게의 한 해).

    Parameters
    ----------
    offers : percent of the hours that go into live offers; taken from idle ones
    talk : part of the listening hours that is kept, 0..1; what is not kept goes into useful posts
    """
    moved = (1 - talk) * hours["listen"]
    mix = dict(hours) | {"listen": talk * hours["listen"], "useful": hours["useful"] + moved}
    return Plan("shop", "a shop with hours and no budget", ((1.0, shares(promo=offers, **mix)),), flights=False)


def hollow_answers() -> World:
    """The default world, but answers are phrases: they take the hours and win no trust (성의 없는 답)."""
    return replace(WORLDS["default"], name="hollow_answers", answered_lift=0.0, seen_answers_lift=0.0)


def shop_ways(offers: Sequence[int] = (0, 5, 10, 20, 40)) -> dict[int | str, dict[str, object]]:
    """Ways to run the shop, for `contest`: live offers by their percent of the hours, and others by glossary key.

    0 is the shop that talks and makes no offers; what differs is one thing each. The calm ones meet no crises.
    """
    calm = replace(WORLDS["default"], name="calm", crisis_loss=0.0)
    hours = (*SHOP_HOURS, "other")
    return {part: {"plan": shop_plan(offers=part)} for part in offers} | {
        "shop_no_talk": {"plan": shop_plan(talk=0)},
        "shop_hollow": {"plan": shop_plan(), "world": hollow_answers()},
        "shop_half_hours": {"plan": shop_plan(), "spend_scale": dict.fromkeys(hours, 0.5)},
        "shop_double_hours": {"plan": shop_plan(), "spend_scale": dict.fromkeys(hours, 2.0)},
        "shop_slow": {"plan": shop_plan(talk=0.1)},
        "shop_quick_calm": {"plan": shop_plan(), "world": calm},
        "shop_slow_calm": {"plan": shop_plan(talk=0.1), "world": calm},
    }
