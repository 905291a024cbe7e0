"""What would have come of other money (다른 계획의 경로): the fitted chain run forward, many plans and draws at once.

From the launch on, within the record, the weeks' own surprises are kept: each week's outcome over what the model says
of the money really spent multiplies every plan's. The record's own money then gives the record, and plans differ by
what they do. Beyond the record there are no surprises, but the noise of counting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .blocks import (
    EARNED_HALF_LIFE,
    OWNED_HALF_LIFE,
    PAID_HALF_LIFE,
    before,
    buy_pulls,
    follow_pulls,
    leave_pulls,
    not_reached,
    share_pulls,
)
from .coupled import BrandFit
from .panel import ACTIVITIES, SEEN
from .relation import drivers_of, felt_promotion, promotion_share, recorded_drivers
from .repeat import KINDS, LOYAL_WITHIN, again_pulls, class_of, source_columns
from .weeks import DAYS_A_YEAR, Weeks, remembered

_PUBLISHED = [ACTIVITIES.index(name) for name in SEEN]
_LISTEN = ACTIVITIES.index("listen")
_CLASS = class_of(np.arange(LOYAL_WITHIN + 1))  # of the weeks since the last purchase
_RECENT = np.arange(_CLASS[-1] + 1) < _CLASS[-1]  # all but the last class, who are gone
# how much farther than fitted a plan's relationship lies from the first plan's, where it opens what spreads: noisy
# answers draw its swing in, and those who pass on gain and lose trust faster than followers on average (1.3 to 2 times
# as fast on virtual brands that pass on much). Of 0 to 2, by gains over today's plan on 116 development worlds (1100 to
# 1171, 1200 to 1243 of benchmarks/strategies_worlds.py): of the loyal customers that the basic model truly brings 67
# were missing with 0, 41 with .5, 19 with 1, 9 with 1.25 and none with 1.5, with 2 there were 16 too many; regret was
# 26, 21, 20, 18, 19 and 19
_SWING = 1.25
_SURPRISE = (0.1, 10.0)  # how far one week's outcome may lie from what the model says


@dataclass(frozen=True)
class State:
    """Where a run starts (출발 상태), arrays that spread over (plans, draws): all per head of the market.

    `waiting` (..., kinds, weeks since the last purchase) are customers who are not loyal yet.
    """

    follow: np.ndarray
    customers: np.ndarray
    relation: np.ndarray
    promo_felt: np.ndarray
    shared: np.ndarray
    owned: np.ndarray
    earned: np.ndarray
    took_part: np.ndarray
    paid: np.ndarray
    waiting: np.ndarray


@dataclass(frozen=True)
class Paths:
    """What the plans bring (계획별 경로): arrays (weeks, plans, draws).

    `new_customers`, `shares`, `follow` and `new_loyal`, who became loyal customers in the week, are people per head of
    the market; `relation` 0..1.
    """

    new_customers: np.ndarray
    shares: np.ndarray
    follow: np.ndarray
    relation: np.ndarray
    new_loyal: np.ndarray

    def loyal(self, until: int | None = None) -> np.ndarray:
        """Who became a loyal customer in the run by week `until` (default: its end), per head; (plans, draws)."""
        return self.new_loyal[:until].sum(axis=0)


def at_launch(fit: BrandFit) -> State:
    """Return the state before the first week of the record (출시 시점)."""
    draws, weeks = fit.draws, fit.weeks
    none = np.zeros((1, 1))
    return State(
        follow=none + weeks.follow[0],
        customers=none + weeks.customers[0] / weeks.size,
        relation=draws.start[None, :],
        promo_felt=none,
        shared=none,
        owned=np.zeros((1, 1, 3)),
        earned=none,
        took_part=none,
        paid=np.zeros((1, 1, len(weeks.channels))),
        waiting=np.zeros((1, 1, *fit.waiting.shape)),
    )


def at_end(fit: BrandFit) -> State:
    """Return the state after the last week of the record (오늘)."""
    draws, weeks, none = fit.draws, fit.weeks, np.zeros((1, 1))
    drive = recorded_drivers(weeks) @ draws.drivers.T
    relation = draws.start
    for now in drive:
        relation = draws.keep * relation + (1 - draws.keep) * (draws.level + now)
    came, left = np.nan_to_num(weeks.new_followers[-1]), np.nan_to_num(weeks.lost_followers[-1])
    return State(
        follow=none + weeks.follow[-1] + (came - left) / weeks.size,
        customers=none + (weeks.customers[-1] + np.nan_to_num(weeks.new_customers[-1])) / weeks.size,
        relation=np.clip(relation, 0, 1)[None, :],
        promo_felt=none + felt_promotion(weeks)[-1],
        shared=none + weeks.shares[-1],
        owned=remembered(weeks.views[:, :3], OWNED_HALF_LIFE)[-1][None, None],
        earned=none + remembered(before(weeks.shares), EARNED_HALF_LIFE)[-1],
        took_part=none + remembered(weeks.views[:, 3], OWNED_HALF_LIFE)[-1],
        paid=remembered(weeks.contacts, PAID_HALF_LIFE)[-1][None, None],
        waiting=fit.waiting[None, None] / weeks.size,
    )


def conditions_at(weeks: Weeks, at: np.ndarray) -> np.ndarray:
    """Return season and controls of weeks counted from the record's first (조건); later controls at their mean."""
    waves = weeks.waves
    known = weeks.conditions[np.minimum(at, weeks.n - 1)]
    angle = 2 * np.pi * 7 * at / DAYS_A_YEAR
    season = np.sqrt(2) * np.column_stack([np.sin(angle), np.cos(angle)])[:, :waves]
    return np.where((at < weeks.n)[:, None], known, np.hstack([season, np.zeros((len(at), known.shape[1] - waves))]))


def run(
    fit: BrandFit,
    money: np.ndarray,
    start: State,
    *,
    conditions: np.ndarray,
    crisis: np.ndarray,
    like_record: bool = False,
    trust_offset: np.ndarray | float = 0.0,
) -> Paths:
    """Run plans forward (계획 실행).

    Parameters
    ----------
    money : (plans, weeks, lines), in mean weekly budgets of the record; the first plan is what the others leave.
    conditions, crisis : of these weeks; (weeks, conditions) and (weeks,).
    like_record : the first plan is the record's own money; then the record's surprises are everybody's.
    trust_offset : added to the relationship where it opens sharing; a number, or what spreads over (weeks, plans,
        draws).
    """
    chain = _Chain(fit, start, money.shape[0])
    plans, horizon, _ = money.shape
    offset = np.broadcast_to(trust_offset, (horizon, plans, fit.draws.n))
    known = fit.weeks.n if like_record else 0
    weeks = [
        chain.week(money[:, t], conditions[t], crisis[t], offset[t], t if t < known else None) for t in range(horizon)
    ]
    columns = [np.stack(column) for column in zip(*weeks, strict=True)]
    return Paths(*columns)


class _Chain:
    """The state of all plans and draws while they run; arrays (plans, draws)."""

    def __init__(self, fit: BrandFit, start: State, plans: int) -> None:
        self.fit, self.draws, self.weeks = fit, fit.draws, fit.weeks
        shape = plans, fit.draws.n
        for name in ("follow", "customers", "relation", "promo_felt", "shared", "earned", "took_part"):
            setattr(self, name, np.broadcast_to(getattr(start, name), shape).copy())
        self.owned = np.broadcast_to(start.owned, (*shape, 3)).copy()
        self.paid = np.broadcast_to(start.paid, (plans, 1, start.paid.shape[-1])).copy()
        self.waiting = np.broadcast_to(start.waiting, (*shape, *start.waiting.shape[2:])).copy()
        lives = OWNED_HALF_LIFE, EARNED_HALF_LIFE, PAID_HALF_LIFE
        self.fade = {half_life: 0.5 ** (1 / half_life) for half_life in lives}

    def week(
        self, money: np.ndarray, conditions: np.ndarray, crisis: float, offset: np.ndarray, record: int | None
    ) -> tuple[np.ndarray, ...]:
        """One week of all plans; `record` is the week of the record whose surprises are kept, if any."""
        d, size = self.draws, self.weeks.size
        contacts = self.fit.exposure.contacts(money[:, len(ACTIVITIES) :])[:, None]
        views = self.fit.exposure.views(money[:, None, _PUBLISHED], self.follow)
        self.promo_felt = promotion_share(views, self.promo_felt)
        drive = (drivers_of(money[:, _LISTEN][:, None], views, self.promo_felt, crisis) * d.drivers).sum(axis=-1)
        self.relation = np.clip(d.keep * self.relation + (1 - d.keep) * (d.level + drive), 0, 1)
        opened = self._open(self._where_it_opens() + offset)
        before = self.shared
        shares = (share_pulls(views, before, opened) * d.share).sum(axis=-1)
        shares = shares * self._surprise(record, shares[0], self.weeks.shares)
        new = self._buy(views, opened, contacts, before, conditions)
        new = new * self._surprise(record, new[0], self.weeks.new_customers / size)
        self._follow(views, before, new, contacts, crisis, record)
        self.customers = self.customers + new
        self.shared = np.minimum(shares, 1.0)
        return new, self.shared, self.follow, self.relation, self._buy_again(new, views, conditions)

    def _where_it_opens(self) -> np.ndarray:
        """The relationship of those who pass on, who swing farther from the first plan's than answers show.

        It may leave 0..1, where the gate is shut or wide open anyway.
        """
        return self.relation + _SWING * (self.relation - self.relation[0])

    def _open(self, relation: np.ndarray) -> np.ndarray:
        opens, middle, width = self.draws.gate.T
        gate = 1 / (1 + np.exp(-(relation - middle) / width))
        return np.where(opens > 0, gate, 1.0)

    def _surprise(self, record: int | None, said: np.ndarray, seen: np.ndarray) -> np.ndarray | float:
        """What came over what the model says came, (draws,); 1 without a record of the week."""
        if record is None or not np.isfinite(seen[record]):
            return 1.0
        return np.clip(seen[record] / np.maximum(said, 1e-12), *_SURPRISE)

    def _buy(
        self, views: np.ndarray, opened: np.ndarray, contacts: np.ndarray, before: np.ndarray, conditions: np.ndarray
    ) -> np.ndarray:
        d = self.draws
        spread = np.where(d.opened, opened, 1.0)
        self.owned = self.fade[OWNED_HALF_LIFE] * self.owned + views[..., :3]
        self.owned[..., 2] += (spread - 1) * views[..., 2]
        self.earned = self.fade[EARNED_HALF_LIFE] * self.earned + before
        self.paid = self.fade[PAID_HALF_LIFE] * self.paid + contacts
        paid = np.broadcast_to(self.paid, (*self.earned.shape, self.paid.shape[-1]))
        pulls = np.einsum("pdj,dj->pd", buy_pulls(self.owned, self.earned, paid), d.buy)
        moved = np.exp(np.clip(d.moved @ conditions, -5, 5))
        hazard = self.fit.hazard * moved * pulls**d.power
        return not_reached(self.customers) * -np.expm1(-hazard)

    def _follow(
        self,
        views: np.ndarray,
        before: np.ndarray,
        new: np.ndarray,
        contacts: np.ndarray,
        crisis: float,
        record: int | None,
    ) -> None:
        d, size = self.draws, self.weeks.size
        wide = np.broadcast_to(contacts, (*new.shape, contacts.shape[-1]))
        joins = (1 - self.follow) * (follow_pulls(views, before, new, wide) * d.follow).sum(axis=-1)
        leaves = self.follow * (leave_pulls(views, self.promo_felt, crisis) * d.leave).sum(axis=-1)
        joins = joins * self._surprise(record, joins[0], self.weeks.new_followers / size)
        leaves = leaves * self._surprise(record, leaves[0], self.weeks.lost_followers / size)
        self.follow = np.clip(self.follow + joins - leaves, 0, 1)

    def _buy_again(self, new: np.ndarray, views: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """Who becomes loyal this week; who is gone and comes back, or comes first, waits for the next purchase."""
        share = self._bought()
        self.waiting[..., 0, 0] += new * (1 - share)
        self.waiting[..., 1, 0] += new * share
        again = self.waiting * self._chance(views, conditions)
        left, back = self.waiting - again, again[..., LOYAL_WITHIN].reshape(*new.shape, 2, 2).sum(axis=-2)
        self.waiting[..., 1:] = left[..., :-1]
        self.waiting[..., -1] += left[..., -1]
        self.waiting[..., 0] = 0.0
        self.waiting[..., 2:, 1] += back
        return again[..., :LOYAL_WITHIN].sum(axis=(-2, -1))

    def _chance(self, views: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """The chance of another purchase this week, (plans, draws, kinds, weeks since the last one)."""
        d = self.draws
        self.took_part = self.fade[OWNED_HALF_LIFE] * self.took_part + views[..., 3]
        pulled = (again_pulls(self.took_part, self.paid.sum(axis=-1)) @ d.again[:, None, :, None])[..., 0]
        bought, felt, back = (effect[:, None, None] for effect in d.moved_again[:, :3].T)
        moved = felt * (self.relation[..., None, None] - self.fit.centre) / 0.1
        moved = moved + (d.moved_again[:, 3:] @ conditions)[:, None, None]
        moved = moved + back * np.outer([0, 1], _RECENT)
        hazard = pulled * np.exp(np.clip(moved, -5, 5))
        both = np.stack([hazard, hazard * np.exp(bought)], axis=-2)  # back, bought, classes
        return np.minimum(both[..., _CLASS], 1.0).reshape(*self.relation.shape, KINDS, LOYAL_WITHIN + 1)

    def _bought(self) -> np.ndarray:
        """The share of one-way media among those who come this week."""
        d = self.draws
        paid = np.broadcast_to(self.paid.sum(axis=-1), self.earned.shape)
        return 1 / (1 + np.exp(-np.einsum("pdj,dj->pd", source_columns(paid, self.earned), d.sources)))
