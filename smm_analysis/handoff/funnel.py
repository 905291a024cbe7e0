"""From a response to a customer (응답에서 고객까지): every responder followed through to sales, by key (S3.6, S4.1).

The naive reading divides customers by responders. Who responded last week has had no time to buy, so it flatters the
past and belittles the present. Here a responder counts for as long as he or she was watched (censoring, 중도절단), a
lead that is lost can no longer be won (competing end, 경쟁 위험), and who was a customer before responding is no
conversion and is set aside, counted.

>>> day = pd.Timestamp("2026-03-02")
>>> wrote = [day + pd.Timedelta(weeks=week) for week in (0, 0, 0, 0, 9, 9, 9, 9)]
>>> mentions = pd.DataFrame({"author_key": list("abcdefgh"), "author_role": "unknown", "created_at": wrote})
>>> bought = [day + pd.Timedelta(weeks=week) for week in (1, 6)]
>>> customers = pd.DataFrame({"customer_key": ["c1", "c2"], "author_key": ["a", "b"], "acquired_at": bought})
>>> funnel = follow_through(mentions, None, customers, observed_until=day + pd.Timedelta(weeks=10), within="8W")
>>> customer = funnel.stage("customer")

Two of the eight have bought, but four of them were watched for one week only. In that week one of eight bought; later
one of the three who were left: 1 - 7/8 * 2/3.

>>> float(customer["naive"]), round(float(customer["rate"]), 3)
(0.25, 0.417)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import check_level
from smm_analysis.terms import SMALLEST_GROUP, Lang, reason

from .survival import aalen_johansen, ended_within, first_below, is_seen, moment, refuse, times, with_interval

STAGES = ("lead", "qualified", "customer")
FIRM_ROLES = ("brand", "staff")
_ROLES_WRONG = 0.1  # of dated customers by role: from so many on that came later, the role is not of its time
GROUPS = ("month", "quarter", "medium", "touch", "post_kind")
_WEEK = pd.Timedelta(weeks=1)
_COUNTS = ("n", "n_before", "n_reached", "n_lost", "n_open", "n_short")
_NUMBERS = ("rate", "low", "high", "median_weeks", "naive")
_PERIODS = {"month": "M", "quarter": "Q"}


@dataclass(frozen=True)
class Funnel:
    """What became of those who responded (응답자의 깔때기): shares are 0..1, times are weeks since the first response.

    `stages` has a row a stage: stage, n (responders who had not reached it before), n_before (who had), n_reached,
    n_lost (lost before reaching it), n_open (neither, still watched), n_short (of these, watched for less than
    `within_weeks`), rate with low and high (reached within `within_weeks`), median_weeks (by then half of those who
    reach it within that time had), naive (reached within the time so far, over n), reason_en, reason_ko.
    `curve`: stage, weeks, share, low, high, at_risk. `set_aside`: why, people; `people`: a row a responder that is
    followed. `n_won_back` became customers after being lost, and count as lost.
    """

    stages: pd.DataFrame
    curve: pd.DataFrame = field(repr=False, compare=False)
    people: pd.DataFrame = field(repr=False, compare=False)
    set_aside: pd.DataFrame
    n_responders: int
    n_won_back: int
    within_weeks: float
    level: float
    unknown: Mapping[str, Mapping[Lang, str]] = field(default_factory=dict, repr=False)

    def stage(self, name: str) -> pd.Series:
        """Return the row of one stage."""
        return self.stages.set_index("stage").loc[name]

    @property
    def estimate(self) -> float:
        """The share that became customers in time, under the name a verdict asks for."""
        return float(self.stage("customer")["rate"])

    @property
    def low(self) -> float:
        """The lower end of its interval."""
        return float(self.stage("customer")["low"])

    @property
    def high(self) -> float:
        """The upper end of its interval."""
        return float(self.stage("customer")["high"])

    @property
    def n(self) -> int:
        """Responders at risk of becoming customers."""
        return int(self.stage("customer")["n"])

    @property
    def reason(self) -> dict[Lang, str]:
        """Why the data cannot tell the share of customers; empty where they can."""
        row = self.stage("customer")
        return {"en": row["reason_en"], "ko": row["reason_ko"]} if row["reason_en"] else {}

    def cohorts(
        self, by: str = "quarter", *, stage: str = "customer", min_people: int = SMALLEST_GROUP
    ) -> pd.DataFrame:
        """Return one stage by when, or where, people first responded (첫 응답 시기·매체별 전환).

        Parameters
        ----------
        by : "month" or "quarter" (the row shows its first day), "medium", "touch" (mention or share) or "post_kind" (of
            the post passed on; empty for mentions).
        min_people : a smaller group keeps its n but gets NaN and a reason: it would tell of single people.

        Returns
        -------
        DataFrame
            A row a group: `by`, then the columns of `stages` but for stage.

        Raises
        ------
        ValueError
            Another `by` or stage.
        """
        if by not in GROUPS or stage not in STAGES:
            raise ValueError(
                f"by must be one of {', '.join(GROUPS)}, stage of {', '.join(STAGES)}, not {by!r}, {stage!r}"
            )
        why, group = self.unknown.get(stage, {}), _group(self.people, by)
        parts = self.people.groupby(group.to_numpy(), dropna=False, observed=True)
        rows = [{by: key} | self._row(part, stage, why, min_people) for key, part in parts]
        return pd.DataFrame(rows, columns=[by, *_COUNTS, *_NUMBERS, "reason_en", "reason_ko"])

    def _row(self, people: pd.DataFrame, stage: str, why: Mapping[Lang, str], min_people: int) -> dict[str, object]:
        row, _ = _followed(people, stage, self.within_weeks, self.level, why=why, min_people=min_people)
        few = row["n"] < min_people
        return row | (dict.fromkeys(_COUNTS[1:], math.nan) if few else {})


def follow_through(
    mentions: pd.DataFrame,
    leads: pd.DataFrame | None,
    customers: pd.DataFrame | None,
    *,
    observed_until: pd.Timestamp | str,
    within: str | pd.Timedelta = "26W",
    level: float = 0.95,
    shares: pd.DataFrame | None = None,
    posts: pd.DataFrame | None = None,
) -> Funnel:
    """Follow everybody who responded through to sales, by key (응답자를 판매까지 따라간다, S3.6, S4.1).

    A responder is an author key that wrote to, or passed on, one brand; keys that ever wrote as brand or staff are out.
    A stage counts when its row in `leads`, or that of a later stage, is entered; a customer also by the date in
    `customers`, found by `author_key` or by the won lead's `customer_key`, whichever is first. The share is the
    cumulative incidence (Aalen & Johansen 1978) of reaching the stage before being lost, with Rothman's interval.

    It speaks of what keys show: a customer without an author key looks like somebody who never bought, so the share is
    a lower bound unless all customers are matched (see `matched_shares`). It is right if when somebody first responded
    says nothing about how soon they buy, beyond what `cohorts` shows. It is no effect of responding: those who respond
    may be those who would have bought.

    Parameters
    ----------
    mentions : author_key, author_role, created_at; medium and brand where there are. Who first wrote as a customer, and
        whom no later purchase is known of, counts as a customer before; not so if of those who wrote as customers and
        have a date more than one in ten became customers later: then the role says nothing of its time.
    leads, customers : None where there are none.
    observed_until : when the data end; a naive one is read in the timezone of the tables.
    within : time since the first response, > 0; reaching a stage after exactly that long counts.
    shares : passings-on, of all brands; with `posts` (of the brand) only those of its posts count.
    posts : post_id, medium, kind: what was passed on first.

    Returns
    -------
    Funnel
        NaN with a reason without responders, if nobody was watched for as long as `within`, if the leads hold no such
        stage, or if no responder's key is found among leads or customers at all (keys made with another secret?).

    Raises
    ------
    ValueError
        More than one brand, a missing column, a time after `observed_until`, or times with and without a timezone.

    References
    ----------
    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5(3). Rothman (1978), Journal of Chronic Diseases 31(8).
    """
    weeks = pd.Timedelta(within) / _WEEK
    if not weeks > 0:
        raise ValueError(f"within must be above 0, not {within!r}")
    check_level(level)
    tables = _Tables(mentions, leads, customers, shares, posts, observed_until)
    people, aside = _responders(tables)
    people = people.join(_reached(tables)).assign(until=tables.until)
    unknown = _cannot_tell(tables, people)
    people, aside = _newcomers(people, aside)
    found = {stage: _followed(people, stage, weeks, level, why=unknown.get(stage, {})) for stage in STAGES}
    curves = [curve.assign(stage=stage) for stage, (_, curve) in found.items() if len(curve)]
    columns = ["stage", "weeks", "share", "low", "high", "at_risk"]
    return Funnel(
        stages=pd.DataFrame([{"stage": stage} | row for stage, (row, _) in found.items()]),
        curve=pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns, dtype=float),
        people=people,
        set_aside=aside,
        n_responders=len(people),
        n_won_back=int((people["lost_at"] < people["customer_at"]).sum()),
        within_weeks=weeks,
        level=level,
        unknown=unknown,
    )


# --- reading tables --------------------------------------------------------------------------------------------------


class _Tables:
    """The tables of one brand, their times checked and in one timezone; missing tables are empty ones."""

    def __init__(self, mentions, leads, customers, shares, posts, observed_until) -> None:
        self.mentions = _checked(mentions, "mentions", ("author_key", "author_role", "created_at"))
        self.leads = _checked(leads, "leads", ("author_key", "stage", "entered_at"), ("customer_key",))
        self.customers = _checked(customers, "customers", ("customer_key", "acquired_at"), ("author_key",))
        self.shares = _checked(shares, "shares", ("item_id", "author_key", "shared_at"))
        self.posts = None if posts is None else _checked(posts, "posts", ("post_id",), ("medium", "kind"))
        _one_brand(self.mentions, self.leads, self.customers, self.posts)
        if self.posts is not None:
            self.shares = self.shares[self.shares["item_id"].isin(self.posts["post_id"])]
        clocks = [getattr(self, name)[clock] for name, clock in _CLOCKS.items()]
        self.until = moment(observed_until, times(next((c for c in clocks if c.notna().any()), clocks[0])))
        self.kind = pd.Series([self.until]).dtype
        for name, clock in _CLOCKS.items():
            table = getattr(self, name)
            setattr(self, name, table.assign(**{clock: _in_zone(table[clock], self.until, name)}))


_CLOCKS = {"mentions": "created_at", "shares": "shared_at", "leads": "entered_at", "customers": "acquired_at"}


def _checked(
    table: pd.DataFrame | None, name: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Return the table with its optional columns; None is a table without rows."""
    if table is None:
        table = pd.DataFrame({column: pd.Series(dtype=object) for column in needed})
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} lack the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    return table.assign(**{column: None for column in optional if column not in table})


def _one_brand(*tables: pd.DataFrame | None) -> None:
    brands = {brand for table in tables if table is not None and "brand" in table for brand in table["brand"].dropna()}
    if len(brands) > 1:
        raise ValueError(f"one brand at a time: the tables hold {', '.join(sorted(map(str, brands)))}")


def _in_zone(column: pd.Series, until: pd.Timestamp, name: str) -> pd.Series:
    """Return times in the timezone of `until`, none missing, none later."""
    found = times(column)
    if found.isna().all():
        found = pd.Series(pd.NaT, column.index, pd.Series([until]).dtype, column.name)
    if (found.dt.tz is None) != (until.tz is None):
        raise ValueError(f"either all times have a timezone or none; {name}.{column.name} and observed_until differ")
    refuse(found.isna(), f"have no {column.name}", name)
    refuse(found > until, f"have a {column.name} after observed_until {until}; cut the tables first", name)
    return found if until.tz is None else found.dt.tz_convert(until.tz)


def _responders(tables: _Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row a responder with the first touch, and what was set aside."""
    wrote, passed = _touches(tables)
    touches = pd.concat([part for part in (wrote, passed) if len(part)] or [wrote], ignore_index=True)
    nameless = touches["author_key"].isna()
    mentions = tables.mentions
    firm = set(mentions.loc[mentions["author_role"].isin(FIRM_ROLES), "author_key"].dropna())
    ours = touches["author_key"].isin(firm)
    order = {"at": True, "as_customer": False, "touch": True, "medium": True, "post_kind": True}  # not the rows' own
    kept = touches[~nameless & ~ours].sort_values([*order], ascending=[*order.values()], kind="stable")
    aside = {"no_author_key": int(nameless.sum()), "firm_accounts": len(firm)}
    first = kept.drop_duplicates("author_key").set_index("author_key").rename(columns={"at": "first_touch_at"})
    return first, pd.DataFrame({"why": aside.keys(), "count": aside.values()})


def _touches(tables: _Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Everything written and passed on: author_key, at, touch, medium, post_kind, as_customer."""
    mentions, shares = tables.mentions, tables.shares
    wrote = pd.DataFrame({"author_key": mentions["author_key"], "at": mentions["created_at"], "touch": "mention"})
    wrote["medium"] = mentions.get("medium", "unknown")
    wrote = wrote.assign(post_kind="", as_customer=mentions["author_role"] == "customer")
    passed = pd.DataFrame({"author_key": shares["author_key"], "at": shares["shared_at"], "touch": "share"})
    known = None if tables.posts is None else tables.posts.drop_duplicates("post_id").set_index("post_id")
    for name, column in (("medium", "medium"), ("post_kind", "kind")):
        passed[name] = "unknown" if known is None else shares["item_id"].map(known[column]).fillna("unknown")
    return wrote, passed.assign(as_customer=False)


def _reached(tables: _Tables) -> pd.DataFrame:
    """When each author key entered each stage, or a later one, and when it was lost; NaT where it did not."""
    leads, customers, kind = tables.leads.dropna(subset="author_key"), tables.customers, tables.kind
    stage = leads["stage"]
    acquired = _first(customers.dropna(subset="customer_key"), "acquired_at", kind, of="customer_key")
    of_lead = leads.assign(acquired_at=acquired.reindex(leads["customer_key"]).array).dropna(subset="acquired_at")
    won = [_first(leads[stage == "customer"], "entered_at", kind), _first(of_lead, "acquired_at", kind)]
    won = pd.concat([*won, _first(customers.dropna(subset="author_key"), "acquired_at", kind)])
    entered = {
        "lead_at": _first(leads[stage != "lost"], "entered_at", kind),
        "qualified_at": _first(leads[stage.isin(["qualified", "customer"])], "entered_at", kind),
        "customer_at": won.groupby(level=0).min(),
        "lost_at": _first(leads[stage == "lost"], "entered_at", kind),
    }
    return pd.DataFrame(entered)


def _first(rows: pd.DataFrame, clock: str, kind: object, of: str = "author_key") -> pd.Series:
    """Return each key's earliest time, as times even where there is none."""
    if rows.empty:
        return pd.Series(dtype=kind, index=pd.Index([], dtype=object))
    return rows.groupby(of)[clock].min().astype(kind)


def _newcomers(people: pd.DataFrame, aside: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return those who were no customers when they first responded; count the others by how that is known."""
    dated = people["customer_at"] < people["first_touch_at"]
    by_role = people["as_customer"].astype(bool) & people["customer_at"].isna() & _role_is_of_its_time(people)
    new = pd.DataFrame({"why": ["customers_before", "customers_by_role"], "count": [dated.sum(), by_role.sum()]})
    people = people[~dated & ~by_role].drop(columns="as_customer")
    lost = people["lost_at"].where(people["lost_at"] >= people["first_touch_at"])  # lost, and then back: a new start
    return people.assign(lost_at=lost), pd.concat([aside, new], ignore_index=True)


def _role_is_of_its_time(people: pd.DataFrame) -> bool:
    """Whether who wrote as a customer was one by then, as far as dates tell.

    Where the role is today's, or anybody's, setting aside those of whom no purchase is known would leave the buyers.
    """
    said = people["as_customer"].astype(bool) & people["customer_at"].notna()
    later = said & (people["customer_at"] >= people["first_touch_at"])
    return later.sum() <= _ROLES_WRONG * said.sum()


def _cannot_tell(tables: _Tables, people: pd.DataFrame) -> dict[str, dict[Lang, str]]:
    """Return the stages of which the tables cannot tell, and why."""
    stage, keys = tables.leads["stage"], set(tables.leads["author_key"].dropna())
    matched = keys | set(tables.customers["author_key"].dropna())
    if len(people) and matched and not people.index.isin(list(matched)).any():
        why = reason("keys_never_meet", n=len(people), m=len(matched))
        return dict.fromkeys(STAGES, why)
    there = {
        "lead": stage.isin(STAGES).any(),
        "qualified": (stage == "qualified").any(),
        "customer": tables.customers["author_key"].notna().any() or (stage == "customer").any(),
    }
    return {name: reason("stage_unused") for name, used in there.items() if not used}


# --- estimates -------------------------------------------------------------------------------------------------------


def _followed(
    people: pd.DataFrame,
    stage: str,
    within: float,
    level: float,
    *,
    why: Mapping[Lang, str],
    min_people: int = 1,
) -> tuple[dict[str, object], pd.DataFrame]:
    """Return one stage's row, and its curve."""
    before = people[f"{stage}_at"] < people["first_touch_at"]
    waits, reached, lost = _waits(people[~before], stage)
    short = ~reached & ~lost & (waits < within)
    counts = (len(waits), before.sum(), reached.sum(), lost.sum(), (~reached & ~lost).sum(), short.sum())
    row = dict(zip(_COUNTS, map(int, counts), strict=True))
    if not why and len(waits) < max(min_people, 1):
        why = reason("few_responders", n=len(waits), needed=min_people) if len(waits) else reason("no_responders")
    elif not why and not is_seen(waits, reached | lost, within):
        why = reason("short_follow", within=within, longest=waits.max())
    numbers, curve = dict.fromkeys(_NUMBERS, math.nan), pd.DataFrame()
    if not why:
        numbers, curve = _numbers(waits, reached, lost, within, level)
    return row | numbers | {f"reason_{lang}": why.get(lang, "") for lang in ("en", "ko")}, curve


def _waits(people: pd.DataFrame, stage: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weeks to the first end, and whether it was reaching the stage or being lost; else only watched so long."""
    at, lost = people[f"{stage}_at"], people["lost_at"]
    reached = at.notna() & ~(lost < at)
    gone = lost.notna() & ~reached
    end = people["until"].where(~reached, at).where(~gone, lost)
    weeks = (end - people["first_touch_at"]) / _WEEK
    return weeks.to_numpy(float), reached.to_numpy(), gone.to_numpy()


def _numbers(
    waits: np.ndarray, reached: np.ndarray, lost: np.ndarray, within: float, level: float
) -> tuple[dict[str, float], pd.DataFrame]:
    """Return rate, interval, median and naive reading, and the curve of the share that reached the stage."""
    ended = reached | lost
    curve = with_interval(waits, ended, aalen_johansen(waits, [reached, lost])[0], within, level)
    rate, low, high = ended_within(curve, within)
    median = first_below(curve, "waiting", 1 - rate / 2) if rate > 0 else math.inf
    naive = float((reached & (waits <= within)).mean())
    numbers = dict(zip(_NUMBERS, (rate, low, high, median, naive), strict=True))
    shown = curve.set_axis(["weeks", "share", "high", "low", "at_risk"], axis=1)
    return numbers, shown.assign(**{name: 1 - shown[name] for name in ("share", "low", "high")})


def _group(people: pd.DataFrame, by: str) -> pd.Series:
    """Return each responder's cohort."""
    if by not in _PERIODS:
        return people[by]
    return people["first_touch_at"].dt.tz_localize(None).dt.to_period(_PERIODS[by]).dt.start_time
