"""The truth (참값): each claim in its own estimand, by replay of the same luck under another cause.

Every entry says what was replayed. Positive values favour the claim. The values are those of one brand with its own
luck, not averages over many.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from .engine import replay, run, simulate
from .heard import heard
from .managers import POSTS
from .people import TARGET_SEGMENT
from .posts import view_curve
from .simulation import Simulation
from .worlds import PLANS, POLICIES, SOURCES

HORIZON = 13  # weeks ahead for S4.4 and S4.5
LARGE = 8000  # people; small effects drown in the luck of a smaller market
RECENT = 8  # weeks that count as recent in S4.5
ATL = ("tv", "newspaper")
Entry = dict[str, object]


def truth(**setting) -> dict:
    """The truth of one virtual brand; takes what `simulate` takes (한 가상 브랜드의 참값).

    Returns
    -------
    dict
        ``claims``: entries of claim, estimand, value, unit, how; ``media``: each channel's contribution;
        ``planted``: the world's own numbers; ``heard``: topics, meanings, advocacy and conversion, see `heard`.
    """
    return truth_of(simulate(**setting))


def truth_of(sim: Simulation) -> dict:
    """The truth of a simulated brand, as it goes into truth.json."""
    s, again = sim.setting, Again(sim)
    return {
        "world": s.world.name,
        "policy": s.policy.name,
        "plan": s.plan.name,
        "seed": s.seed,
        "weeks": s.weeks,
        "people": s.people,
        "planted_true": list(s.world.true),
        "planted_false": list(s.world.false),
        "claims": [entry for claim in CLAIMS for entry in claim(again)],
        "media": [contribution(again, channel) for channel in s.world.channels],
        "planted": planted(sim),
        "heard": heard(sim),
    }


class Again:
    """Replays of one brand; each is run once."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.plan, self.like = cache(self.plan), cache(self.like)

    def plan(self, name: str) -> Simulation:
        """The same brand under another plan, money as planned: what the plan does, not what managers make of it."""
        return run(replace(self.sim.setting, plan=PLANS[name], policy=POLICIES["planned"], spend_scale={}))

    def like(self, *, trust_offset: float = 0.0, world: tuple = (), money: tuple = ()) -> Simulation:
        """The same brand and choices but for an offset of trust, some of the world's numbers, or factors on money."""
        changed = replace(self.sim.setting.world, **dict(world))
        return replay(self.sim, world=changed, trust_offset=trust_offset, **dict(money))


def entry(claim: str, estimand: str, value: float | None, unit: str, how: str) -> Entry:
    """One line of the truth."""
    value = None if value is None or not np.isfinite(value) else round(float(value), 5)
    return {"claim": claim, "estimand": estimand, "value": value, "unit": unit, "how": how}


# what is counted


def loyal(sim: Simulation) -> int:
    """Loyal customers at the end."""
    return int(sim.loyal.sum())


def new_customers(sim: Simulation) -> int:
    """Everybody who ever bought."""
    return int(sim.purchases.any(axis=0).sum())


def expected_customers(sim: Simulation) -> float:
    """New customers as the engine expects them: first-purchase chances added up, less a matter of luck."""
    week = np.arange(sim.setting.weeks)[:, None]
    return float(sim.history["chance"].sum(where=week <= sim.first_week, dtype=float))


def seen(sim: Simulation, kinds: tuple[str, ...] = tuple(POSTS)) -> int:
    """Times that posts of these kinds were seen."""
    return int(sum(sim.history[kind].sum() for kind in kinds))


def hides_per_1000(sim: Simulation) -> float:
    """Hides per 1,000 impressions of posts."""
    return 1000 * sim.history["hid"].sum() / max(seen(sim), 1)


def trust_steps(sim: Simulation) -> tuple[float, float]:
    """How far the followers' mean trust lies above and below its median week, at P75 and P25."""
    follows = sim.history["follows"]
    weekly = (sim.trust * follows).sum(axis=1) / np.maximum(follows.sum(axis=1), 1)
    low, middle, high = np.quantile(weekly[len(weekly) // 8 :], [0.25, 0.5, 0.75])
    return float(high - middle), float(low - middle)


# claims about the relationship


def relationship(again: Again) -> Iterator[Entry]:
    """S0.2, S0.9, S0.3: what a higher relationship does to sharing, to followers' worth and to diffusion."""
    high, low = (again.like(trust_offset=step) for step in trust_steps(again.sim))
    how = "replay: where sharing reads trust, it is raised (lowered) to the P75 (P25) of weekly mean trust"

    def per_exposure(sim: Simulation) -> float:
        return 1000 * sim.shares.sum() / max(seen(sim) + sim.history["earned"].sum(), 1)

    def per_follower(sim: Simulation) -> float:
        return 1000 * sim.history["earned"].sum() / max(sim.history["follows"].sum(), 1)

    what = "shares per 1,000 exposures, relationship P75 minus P25"
    yield entry("S0.2", what, per_exposure(high) - per_exposure(low), "shares/1000", how)
    what = "earned reach per 1,000 followers and week, relationship P75 minus P25"
    yield entry("S0.9", what, per_follower(high) - per_follower(low), "exposures/1000/week", how)
    yield diffusion_effect(again)


def diffusion_effect(again: Again) -> Entry:
    """S0.3: new customers for added diffusion money at high and at low relationship, within the middle quarter."""
    weeks = again.sim.setting.weeks
    n = max(again.sim.people.n, min(LARGE, 4 * again.sim.people.n))
    sim = run(replace(again.sim.setting, people=n))
    window = (np.arange(weeks) >= weeks * 3 // 8) & (np.arange(weeks) < weeks * 5 // 8)
    gains = []
    for step in trust_steps(sim):
        as_is, more = (replay(sim, trust_offset=step * window, diffusion=1 + k * window) for k in (0, 1))
        gains.append(expected_customers(more) - expected_customers(as_is))
    added = sim.money_on("diffusion")[window].sum() / 1e6
    what = "expected new customers per added million KRW of diffusion, relationship P75 minus P25"
    how = "replay: in the middle quarter, diffusion money doubled with trust in sharing at P75 and at P25 of its weeks"
    how += f", in a market of {sim.people.n} people"
    return entry("S0.3", what, (gains[0] - gains[1]) / max(added, 1e-9), "customers/million KRW", how)


def plans_compared(again: Again) -> Iterator[Entry]:
    """S0.4, S1.6, S4.2: loyal customers under one plan minus another, equal money."""
    pairs = {
        "S0.4": ("basic_then_diffusion", "diffusion_only"),
        "S1.6": ("participation_after", "participation_first"),
        "S4.2": ("steady", "burst"),
    }
    for claim, (one, other) in pairs.items():
        what = f"loyal customers (two purchases within 13 weeks), {one} minus {other}, equal money"
        value = loyal(again.plan(one)) - loyal(again.plan(other))
        yield entry(claim, what, value, "customers", f"replay: plans {one} and {other}, policy planned")


def paid_inflow(again: Again) -> Iterator[Entry]:
    """S0.7a: followers that the ads bring, during a flight minus in the four weeks after it."""
    spend = again.sim.money_on("sns_ads")
    on = spend > spend.mean()
    after = ~on & np.array([on[max(0, t - 4) : t].any() for t in range(len(on))])
    if not after.any() or not again.sim.setting.plan.flights:
        return
    without = again.like(money=(("sns_ads", 0.0),))
    gained = (again.sim.history["joined"].sum(axis=1) - without.history["joined"].sum(axis=1)).astype(float)
    what = "new followers per week owed to ads, during a flight minus in the 1-4 weeks after it"
    value = gained[on].mean() - gained[after].mean()
    yield entry("S0.7a", what, value, "followers/week", "replay: sns_ads money set to zero")


def paid_loyalty(again: Again) -> Iterator[Entry]:
    """S0.7b: who still buys at 26 weeks, between cohorts, and what being won by ads costs the same persons."""
    as_organic = again.like(world=(("paid_lapse", 1.0),))
    still, organic = still_buying(again.sim), still_buying(as_organic)
    source = again.sim.source
    same = (as_organic.source == source) & (as_organic.first_week == again.sim.first_week)
    paid = (source == SOURCES.index("paid")) & same & np.isfinite(still)
    what = (
        "share still buying at 26 weeks (weeks 14-26), persons won by ads: had they been won organically, minus as is"
    )
    how = "replay: paid customers lapse like organic ones"
    yield entry("S0.7b", what, _mean(organic[paid] - still[paid]), "share", how)
    cohorts = [_mean(still[(source == SOURCES.index(s)) & np.isfinite(still)]) for s in ("organic", "paid")]
    what = "share still buying at 26 weeks (weeks 14-26), organic minus paid cohorts"
    yield entry("S0.7b", what, cohorts[0] - cohorts[1], "share", "the engine's own purchase chances, no replay")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def still_buying(sim: Simulation) -> np.ndarray:
    """The chance of a purchase in weeks 14-26 after the first; NaN where these weeks are not all seen."""
    first, weeks = sim.first_week, sim.setting.weeks
    out = np.full(sim.people.n, np.nan)
    persons = np.flatnonzero(first + 26 < weeks)
    ahead = first[persons] + np.arange(14, 27)[:, None]
    out[persons] = 1 - np.prod(1 - sim.history["chance"][ahead, persons].astype(float), axis=0)
    return out


def promotion(again: Again) -> Iterator[Entry]:
    """S0.8: hides under much and little promotion, and the promotion share at which they double."""
    much, little = again.plan("promotion_heavy"), again.plan("basic_only")
    what = "hides per 1,000 impressions, plan promotion_heavy minus basic_only"
    value = hides_per_1000(much) - hides_per_1000(little)
    yield entry("S0.8", what, value, "hides/1000", "replay: both plans, policy planned")
    share = np.linspace(0, 1, 1001)
    excess = np.maximum(share[:, None] - again.sim.people.tolerance, 0).mean(axis=1)
    doubled = again.sim.setting.world.hide_by_promo * excess >= 1
    what = "promotion share, as people see it, at which hides per 1,000 impressions double"
    point = share[doubled.argmax()] if doubled.any() else None
    yield entry("S0.8", what, point, "share", "planted: from the world's hide_by_promo and people's tolerances")


def earned(again: Again) -> Iterator[Entry]:
    """S1.2: customers won by what customers pass on, and by what the firm posts."""
    gains = {}
    for name, exposures in {"earned": again.sim.history["earned"].sum(), "owned": seen(again.sim)}.items():
        without = again.like(world=((f"{name}_pull", 0.0),))
        gains[name] = 1000 * (new_customers(again.sim) - new_customers(without)) / max(exposures, 1)
    what = "new customers per 1,000 exposures, passed on by customers minus made by the firm"
    how = "replay: the pull of earned, and of the firm's own posts, set to zero"
    yield entry("S1.2", what, gains["earned"] - gains["owned"], "customers/1000", how)


# claims about media


def carry_over(again: Again) -> Iterator[Entry]:
    """S3.1b, S1.3, S3.4: planted half-lives, link synergy and view curves."""
    world = again.sim.setting.world
    gap = world.half_life_weeks["events"] - np.mean([world.half_life_weeks[c] for c in ATL])
    what = "adstock half-life, BTL (events) minus ATL (mean of tv and newspaper)"
    yield entry("S3.1b", what, gap if world.media_pull else 0.0, "weeks", "planted; 0 where media have no effect")
    what = "reach of linked over unlinked posts of the same kind and week, minus 1"
    yield entry("S1.3", what, world.link_synergy - 1, "share", "planted")
    blog, sns = view_curve("blog"), view_curve("page")
    what = "share of views later than 30 days after publication, blog minus SNS, of the first 120 days"
    yield entry("S3.4", what, blog[30:].sum() - sns[30:].sum(), "share", "planted: the view curves")
    days = [int((np.cumsum(curve) >= 0.5).argmax()) + 1 for curve in (blog, sns)]
    yield entry(
        "S3.4", "days to half of all views, blog minus SNS", days[0] - days[1], "days", "planted: the view curves"
    )


def atl_and_btl(again: Again) -> Iterator[Entry]:
    """S3.1a, S3.1c, S3.2, S3.3: what ATL and BTL cost, engage and leave behind."""
    sim, target = again.sim, again.sim.people.segment == TARGET_SEGMENT
    sums = []
    for line in (ATL, ("events",)):
        rows = [list(sim.setting.world.channels).index(c) for c in line]
        money = sum(sim.money_on(c).sum() for c in line)
        reached = sim.history["exposures"][:, rows].any(axis=1)
        engaged = max(sim.history["engaged"][:, rows].sum(), 1)
        without = again.like(money=tuple((c, 0.0) for c in line))
        reach, aimed = max(reached.sum(), 1), max(reached[:, target].sum(), 1)
        kept = 1000 * (loyal(sim) - loyal(without)) / reach
        sums.append((money / engaged, 1000 * engaged / reach, money / aimed, kept))
    (cost, talk, aim, kept), (cost_b, talk_b, aim_b, kept_b) = sums
    how = "counted from every person's exposures"
    yield entry("S3.1a", "cost per engaged person, ATL over BTL", cost / cost_b, "ratio", how)
    yield entry("S3.1c", "engaged per 1,000 reached in a week, BTL minus ATL", talk_b - talk, "persons/1000", how)
    yield entry("S3.2", "cost per target person reached in a week, ATL minus BTL", aim - aim_b, "KRW", how)
    how = "replay: the money of the line set to zero"
    yield entry(
        "S3.3", "loyal customers per 1,000 reached in a week, BTL minus ATL", kept_b - kept, "customers/1000", how
    )


def contribution(again: Again, channel: str) -> dict:
    """What one channel brought: the record minus a replay without its money."""
    without = again.like(money=((channel, 0.0),))
    gained = int(again.sim.purchases.sum()) - int(without.purchases.sum())
    spent = float(again.sim.money_on(channel).sum())
    return {
        "channel": channel,
        "line": again.sim.setting.world.channels[channel].line,
        "purchases": gained,
        "new_customers": new_customers(again.sim) - new_customers(without),
        "purchases_per_million_krw": round(1e6 * gained / spent, 3) if spent else None,
        "how": "replay: its money set to zero, every other choice as it was",
    }


# claims about answers and behaviour


def answers_and_behaviour(again: Again) -> Iterator[Entry]:
    """S4.4, S4.5: what answers and behaviour tell about purchases in the next 13 weeks."""
    rows = customer_weeks(again.sim)
    if rows is None:
        return
    chance, person, views = rows
    loss = {name: log_loss(chance, columns, person) for name, columns in views.items()}
    how = "cross-fitted logistic fits, scored with the engine's purchase chances; every customer answers"
    what = f"log-loss of buying within {HORIZON} weeks, "
    yield entry("S4.4", what + "NPS-only minus behaviour-and-NPS", loss["nps"] - loss["both"], "nats", how)
    yield entry("S4.4 adds", what + "behaviour-only minus behaviour-and-NPS", loss["whole"] - loss["both"], "nats", how)
    what_older = what + f"only what is older than {RECENT} weeks, minus only the last {RECENT}"
    yield entry("S4.5", what_older, loss["older"] - loss["recent"], "nats", how)
    yield entry("S4.5 adds", what + "recent-only minus whole history", loss["recent"] - loss["whole"], "nats", how)
    yield entry("S4.5", "half-life of the activity state", activity_half_life(again.sim), "weeks", "planted")


def activity_half_life(sim: Simulation) -> float | None:
    """Weeks after which half of what the hidden state tells is gone; None where the state never changes."""
    w = sim.setting.world
    return float(np.log(0.5) / np.log(1 - w.lapse - w.comeback)) if w.lapse else None


def customer_weeks(sim: Simulation) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]] | None:
    """Customers at five weeks: their chance of buying ahead, who they are, and what each view knows of them."""
    weeks = [t for t in range(26, sim.setting.weeks - HORIZON, 13)]
    parts = [_customers_at(sim, t) for t in weeks]
    if not parts or sum(len(p[0]) for p in parts) < 200:
        return None
    chance, person, recent, older, answer = (np.concatenate([p[i] for p in parts]) for i in range(5))
    answer = np.stack([answer, answer**2], axis=1)
    whole = np.hstack([recent, older])
    views = {"nps": answer, "whole": whole, "both": np.hstack([whole, answer]), "recent": recent, "older": older}
    return chance, person, views


def _customers_at(sim: Simulation, t: int) -> tuple[np.ndarray, ...]:
    """One week's customers of at least 13 weeks: chance ahead, person, recent and older behaviour, answer."""
    person = np.flatnonzero(sim.first_week <= t - HORIZON)
    ahead = sim.history["chance"][t + 1 : t + 1 + HORIZON, person].astype(float)
    bought = sim.purchases[: t + 1, person]
    age = t - np.arange(t + 1)[:, None]
    recent = np.stack([(bought & (age < RECENT // 2)).sum(0), (bought & (age < RECENT)).sum(0)], axis=1)
    old = bought & (age >= RECENT)
    tenure = t - sim.first_week[person] + 1.0
    since = np.where(old, age, 99).min(axis=0)
    older = np.stack([old.sum(0) / tenure, np.log(tenure), np.exp(-since / 13.0), np.log1p(old.sum(0))], axis=1)
    answer = (sim.history["answer"][t, person] - 7.0) / 2
    return 1 - np.prod(1 - ahead, axis=0), person, recent.astype(float), older, answer


def log_loss(chance: np.ndarray, columns: np.ndarray, person: np.ndarray) -> float:
    """Expected log-loss, fitted on one half of the persons and scored on the other, and the reverse."""
    x = np.hstack([np.ones((len(chance), 1)), columns])
    out = np.empty(len(chance))
    for half in (0, 1):
        train = person % 2 == half
        q = 1 / (1 + np.exp(-x[~train] @ logistic(x[train], chance[train])))
        q = np.clip(q, 1e-6, 1 - 1e-6)
        out[~train] = -(chance[~train] * np.log(q) + (1 - chance[~train]) * np.log(1 - q))
    return float(out.mean())


def logistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Logistic coefficients by Newton's method, with a trace of ridge; `y` may be chances."""
    beta = np.zeros(x.shape[1])
    for _ in range(12):
        q = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = (x * (q * (1 - q))[:, None]).T @ x + 0.1 * np.eye(len(beta))
        beta = beta + np.linalg.solve(slope, x.T @ (y - q) - 0.1 * beta)
    return beta


def planted(sim: Simulation) -> dict:
    """The world's numbers that a model may look for."""
    w = sim.setting.world
    return {
        "adstock_half_life_weeks": dict(w.half_life_weeks),
        "activity_half_life_weeks": activity_half_life(sim),
        "earned_half_life_weeks": w.earned_half_life_weeks,
        "paid_lapse_factor": w.paid_lapse,
        "promotion_tolerance_mean": round(float(sim.people.tolerance.mean()), 4),
        "brand_spread_log_sd": w.brand_spread,
        "customers": new_customers(sim),
        "loyal_customers": loyal(sim),
    }


CLAIMS: tuple[Callable[[Again], Iterator[Entry]], ...] = (
    relationship,
    plans_compared,
    paid_inflow,
    paid_loyalty,
    promotion,
    earned,
    carry_over,
    atl_and_btl,
    answers_and_behaviour,
)
