"""Customers and leads (고객과 리드의 표): who they are, what they bought and answered, whom they follow.

`COLLECTED` says what part of the links and of the leads the export holds.
"""

from types import MappingProxyType

import numpy as np
import pandas as pd

from .exporter import MINUTE, MINUTES, START, Exporter, amounts, customer_keys, minutes
from .people import SEGMENTS
from .talk import REGISTERED, REGISTERED_DAYS
from .worlds import SOURCES

COLLECTED = MappingProxyType({"links": 0.04, "leads": 0.15})


def customers_table(out: Exporter) -> pd.DataFrame:
    """Customers in the order of their first purchase; six of ten are known by an author key."""
    persons = np.flatnonzero(out.sim.first_week < out.weeks)
    first = out.sim.first_week[persons]
    known = out.luck.uniform("matched", 0, out.n)[persons] < 0.6
    return out.frame(
        customer_key=customer_keys(persons),
        brand=out.brand,
        acquired_at=out.when(first, persons, "purchase"),
        source=np.array(SOURCES, dtype=object)[out.sim.source[persons]],
        segment=np.array(SEGMENTS, dtype=object)[out.sim.people.segment[persons]],
        author_key=np.where(known, out.authors(persons), None),
        referred_by=referrers(out, persons),
    )


def referrers(out: Exporter, persons: np.ndarray) -> np.ndarray:
    """For referred customers: a friend who shared in the eight weeks before and was a customer by then, if any."""
    first, names = out.sim.first_week, []
    follower, followed = out.sim.people.follower, out.sim.people.followed
    for person in persons:
        week, friend = first[person], None
        if SOURCES[out.sim.source[person]] == "referral":
            friends = followed[slice(*np.searchsorted(follower, [person, person + 1]))]
            friends = friends[first[friends] < week]
            told = out.h["shared"][max(0, week - 8) : week, friends].sum(axis=0)
            friend = int(friends[told.argmax()]) if len(friends) and told.max() > 0 else None
        names.append(None if friend is None else f"c{friend:06d}")
    return np.array(names, dtype=object)


def purchases_table(out: Exporter) -> pd.DataFrame:
    """Every purchase."""
    weeks, persons, amount = amounts(out)
    return out.frame(
        customer_key=customer_keys(persons), purchased_at=out.when(weeks, persons, "purchase"), amount=amount
    )


def surveys_table(out: Exporter) -> pd.DataFrame:
    """The recommend question to everybody about every 26 weeks; three others to one in eight of them."""
    weeks, persons = np.nonzero(out.h["surveyed"])
    also = out.luck.uniform("long_form", 0, out.n)[persons] < 0.12
    parts = [_asked(out, weeks, persons, "recommend")]
    parts += [_asked(out, weeks[also], persons[also], q) for q in ("satisfaction", "trust", "intimacy")]
    return pd.concat(parts, ignore_index=True).sort_values(
        ["asked_at", "customer_key"], ignore_index=True, kind="stable"
    )


def _asked(out: Exporter, weeks: np.ndarray, persons: np.ndarray, question: str) -> pd.DataFrame:
    """One question: sent on the Sunday evening of the week, answered within days or never."""
    at = START + (weeks * MINUTES + 6 * 1440 + 19 * 60) * MINUTE
    u = out.luck.at("reply_time", weeks, persons)
    answered = out.observed(at + (5 + 1440 * 3 * u**3).astype(np.int64) * MINUTE)
    replied = out.h["responded"][weeks, persons] & ~np.isnat(answered)
    score = _scores(out, weeks, persons, question)
    return out.frame(
        customer_key=customer_keys(persons),
        asked_at=at,
        question=question,
        answered_at=np.where(replied, answered, np.datetime64("NaT")),
        score=pd.array(np.where(replied, score, np.nan), dtype="Int64"),
    )


def _scores(out: Exporter, weeks: np.ndarray, persons: np.ndarray, question: str) -> np.ndarray:
    """Recommend as the engine knows it; trust from trust, intimacy from trust and following, satisfaction between."""
    answer, trust = out.h["answer"][weeks, persons].astype(float), 10 * out.h["trust"][weeks, persons]
    noise = 3 * (out.luck.at(f"score:{question}", weeks, persons) - 0.5)
    near = out.h["follows"][weeks, persons] * 2.0
    score = {
        "recommend": answer,
        "trust": 1.5 + trust + noise,
        "intimacy": 1.5 + 0.6 * trust + near + noise,
        "satisfaction": 1 + 0.6 * answer + 0.35 * trust + noise,
    }[question]
    return np.clip(np.round(score), 0, 10)


def follows_table(out: Exporter) -> pd.DataFrame:
    """A sample of the links: what a crawl around some accounts brings."""
    people = out.sim.people
    seed = out.luck.uniform("crawled", 0, out.n) < COLLECTED["links"]
    kept = seed[people.follower]
    return out.frame(
        follower_key=out.authors(people.follower[kept]),
        followed_key=out.authors(people.followed[kept]),
        brand=out.brand,
    )


def leads_table(out: Exporter, posts: pd.DataFrame, touched: pd.Series) -> pd.DataFrame:
    """Handles that asked, took part or were registered, followed to the purchase: lead, qualified, customer or lost."""
    h, first_buy = out.h, out.sim.first_week
    spoke = h["asked"] | h["took_part"] | h["engaged"][:, list(out.sim.setting.world.channels).index("sns_ads")]
    first = np.where(spoke.any(axis=0), spoke.argmax(axis=0), out.weeks)
    known = out.luck.uniform("lead_known", 0, out.n) < COLLECTED["leads"]
    persons = np.flatnonzero(known & (first < np.minimum(first_buy, out.weeks)))
    registered = registrations(out, touched.drop(persons, errors="ignore"))
    rows = []
    for person, lead in [*zip(persons, first[persons], strict=True), *registered["week"].items()]:
        buy = first_buy[person]
        again = np.flatnonzero(spoke[lead + 1 : buy, person])
        left = np.flatnonzero(h["left"][lead + 1 :, person])
        rows.append((person, "lead", lead))
        if len(again):
            rows.append((person, "qualified", lead + 1 + again[0]))
        if buy < out.weeks:
            rows.append((person, "customer", buy))
        elif len(left) and (not len(again) or left[0] > again[0]):
            rows.append((person, "lost", lead + 1 + left[0]))
    return _leads_frame(out, posts, pd.DataFrame(rows, columns=["person", "stage", "week"]), registered["at"])


def registrations(out: Exporter, touched: pd.Series) -> pd.DataFrame:
    """Responders whom sales took up as leads within days, before any purchase; at, week, by person."""
    persons = touched.index.to_numpy()
    u = out.luck.uniform("registered", 0, out.n)[persons] / REGISTERED
    days = -REGISTERED_DAYS * np.log(1 - np.minimum(u, 1) * 0.999)
    at = touched.to_numpy() + (days * 1440).astype(np.int64) * MINUTE
    week = ((at - START) // MINUTE) // MINUTES
    taken_up = (u < 1) & (at <= out.end) & (week < out.sim.first_week[persons])
    return pd.DataFrame({"at": at, "week": week}, index=persons)[taken_up]


def _leads_frame(out: Exporter, posts: pd.DataFrame, rows: pd.DataFrame, registered: pd.Series) -> pd.DataFrame:
    weeks, persons, stage = rows["week"].to_numpy(), rows["person"].to_numpy(), rows["stage"]
    entered = out.when(weeks, persons, "lead")
    entered = np.where(stage == "customer", out.when(weeks, persons, "purchase"), entered)
    taken_up = registered.reindex(persons).to_numpy()
    entered = np.where((stage == "lead") & ~np.isnat(taken_up), taken_up, entered)
    born = minutes(posts["published_at"])
    last = np.searchsorted(born, (entered - START) / MINUTE, side="right") - 1
    post = posts["post_id"].to_numpy()[np.maximum(last, 0)]
    table = out.frame(
        lead_key=[f"l{out.brand}{p:05d}" for p in persons],
        author_key=out.authors(persons),
        brand=out.brand,
        stage=stage,
        entered_at=entered,
        post_id=np.where((stage == "lead") & (last >= 0), post, None),
        customer_key=np.where(stage == "customer", customer_keys(persons), None),
    )
    return table.sort_values(["entered_at", "lead_key"], ignore_index=True, kind="stable")
