"""From the engine's arrays to the tables of the contract (배열에서 표로).

The engine knows every person; an export does not. `COLLECTED` says what part of the links and of the leads is handed
out, `DAILY_EVERY` and `CASCADE_EVERY` which posts' daily views and shares; `talk` says it of what people write.
"""

from collections.abc import Callable
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pandas as pd

from .engine import POSTS, Simulation
from .exporter import MINUTE, MINUTES, START, TIMEZONE, Exporter, author_key, customer_keys, observed_until, week_start
from .luck import poisson
from .people import SEGMENTS, TARGET_SEGMENT
from .talk import REGISTERED, REGISTERED_DAYS, cases_frame, crisis_start, first_touch, mentions_table, talk
from .worlds import ACTIVITIES, CHANNELS, LINES, SOURCES

MEDIA = MappingProxyType(
    {
        "blog": ("blog", "firm"),
        "page": ("sns", "firm"),
        "stream": ("sns", "customer"),
        "video": ("video", "firm"),
        "cafe": ("cafe", "customer"),
    }
)
COLLECTED = MappingProxyType({"links": 0.04, "leads": 0.15})
DAILY_EVERY, CASCADE_EVERY = 4, 8  # one post in so many has daily views, or its shares, in the export
DAILY_WINDOW = 120  # days of views kept per post
PANEL_QUARTERS = 4


def tables(sim: Simulation) -> dict[str, pd.DataFrame]:
    """All tables of one brand (한 브랜드의 모든 표)."""
    out = Exporter(sim)
    posts, extra = posts_table(out)
    shares, item_shares = shares_table(out, posts, extra)
    posts["shares"] = item_shares
    cases = cases_frame(out)
    said = talk(out, cases)
    cases["mention_id"] = cases["case_id"].map(said.set_index("tag")["mention_id"]).astype(object)
    made: dict[str, pd.DataFrame] = {
        "posts": posts,
        "post_daily": post_daily_table(out, posts, extra),
        "mentions": mentions_table(out, said),
        "shares": shares,
        "cases": cases.drop(columns=["mentioned", "person", "week"]),
    }
    rest: dict[str, Callable[[Exporter], pd.DataFrame]] = {
        "weekly": weekly_table,
        "effort": effort_table,
        "media": media_table,
        "reach_frequency": reach_frequency_table,
        "duplication": duplication_table,
        "controls": controls_table,
        "events": events_table,
        "customers": customers_table,
        "purchases": purchases_table,
        "surveys": surveys_table,
        "follows": follows_table,
    }
    made |= {name: make(out) for name, make in rest.items()}
    made["leads"] = leads_table(out, posts, first_touch(out, said, shares))
    return made


# posts


def posts_table(out: Exporter) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Posts, one row each, and what the export does not show (week, kind seen as, weight)."""
    rows = pd.DataFrame(
        [(week, kind, j) for week in range(out.weeks) for kind in POSTS for j in range(out.sim.posts[kind][week])],
        columns=["week", "stream", "j"],
    )
    u = out.luck.stream("posts").random((8, len(rows)))
    rows["weight"] = 0.5 + u[0]
    rows["minute"] = (u[1] * 5 * 1440).astype(int) + 480
    rows = rows.sort_values(["week", "minute", "stream", "j"], ignore_index=True)
    rows["post_id"] = [f"p{out.brand}{i:04d}" for i in range(len(rows))]
    rows["medium"], rows["kind"] = _medium_and_kind(rows["stream"], u[2], u[3])
    rows["linked_post_id"] = _links(rows, u[4])
    linked = rows["linked_post_id"].notna()
    rows.loc[linked, "weight"] *= out.sim.setting.world.link_synergy
    rows["impressions"] = _split(out, rows, {k: out.h[k].sum(axis=1) for k in POSTS})
    rows["hides"] = _split_hides(out, rows)
    engaged = poisson(u[5], rows["impressions"].to_numpy() * np.where(rows["stream"] == "promo", 0.012, 0.04))
    table = out.frame(
        post_id=rows["post_id"],
        brand=out.brand,
        published_at=START + (rows["week"].to_numpy() * MINUTES + rows["minute"].to_numpy()) * MINUTE,
        medium=rows["medium"],
        role=np.where(rows["stream"].isin(["diffusion", "participation"]), "diffusion", "central"),
        kind=rows["kind"],
        linked_post_id=rows["linked_post_id"],
        impressions=rows["impressions"],
        reach=np.round(rows["impressions"] * (0.97 - 0.1 * u[6])).astype(int),
        reactions=engaged,
        comments=poisson(u[7], engaged * 0.2),
        shares=0,
        hides=rows["hides"],
    )
    return table, rows


def _medium_and_kind(stream: pd.Series, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each stream of posts appears, and as what."""
    useful, promo, diffusion = (stream == s for s in ("useful", "promo", "diffusion"))
    medium = np.select(
        [useful & (u < 0.45), useful, promo & (u < 0.6), diffusion & (u < 0.6)],
        ["blog", "page", "page", "stream"],
        "video",
    )
    kind = np.select(
        [useful & (v < 0.55), useful & (v < 0.8), useful, promo, diffusion & (v < 0.6), diffusion],
        ["useful", "answer", "emotional", "promo", "emotional", "event"],
        "participation",
    )
    return medium, kind


def _links(rows: pd.DataFrame, u: np.ndarray) -> pd.Series:
    """Half of the diffusion posts link to the latest blog post."""
    blog = rows["post_id"].where(rows["medium"] == "blog").ffill()
    return blog.where((rows["stream"] == "diffusion") & (u < 0.5)).astype(object)


def _split(out: Exporter, rows: pd.DataFrame, totals: dict[str, np.ndarray]) -> np.ndarray:
    """Split each week's count of what was seen over its posts, by weight."""
    share = rows["weight"] / rows.groupby(["week", "stream"])["weight"].transform("sum")
    total = np.array([totals[s][w] for s, w in zip(rows["stream"], rows["week"], strict=True)])
    return np.round(share.to_numpy() * total).astype(int)


def _split_hides(out: Exporter, rows: pd.DataFrame) -> np.ndarray:
    """Each hide falls on one of the week's posts, by impressions; promotion three times as likely."""
    weights = rows["impressions"].to_numpy() * np.where(rows["stream"] == "promo", 3.0, 1.0)
    weeks, persons = np.nonzero(out.h["hid"])
    at = _lot(rows["week"].to_numpy(), weights, weeks, out.luck.at("hide:post", weeks, persons))
    return np.minimum(np.bincount(at[at >= 0], minlength=len(rows)), rows["impressions"])


def _lot(row_weeks: np.ndarray, weights: np.ndarray, weeks: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Draw one row of the same week for each event, by weight; -1 where the week has none."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    first, last = np.searchsorted(row_weeks, weeks, "left"), np.searchsorted(row_weeks, weeks, "right")
    at = np.searchsorted(total, total[first] + u * (total[last] - total[first]), side="right") - 1
    return np.where(total[last] > total[first], np.clip(at, first, np.maximum(last - 1, first)), -1)


def shares_table(out: Exporter, posts: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Passings-on of one post in eight, and the number of shares of every post."""
    weeks, persons = np.nonzero(out.h["shared"])
    pull = rows["stream"].map({"useful": 0.3, "promo": 0.02, "diffusion": 0.8, "participation": 1.0})
    weights = rows["impressions"].to_numpy() * pull.to_numpy() + 1e-6
    u = out.luck.at("share:post", weeks, persons)
    at = _lot(rows["week"].to_numpy(), weights, weeks, u)
    kept = (at >= 0) & (at % CASCADE_EVERY == 0)
    counts = np.bincount(at[at >= 0], minlength=len(rows))
    weeks, persons, at = weeks[kept], persons[kept], at[kept]
    born = _minutes(posts["published_at"])[at]
    left = np.minimum((weeks + 1) * MINUTES, out.weeks * MINUTES) - born
    late = out.luck.at("share:late", weeks, persons)
    minute = born + 1 + (late**4 * (left - 2)).astype(np.int64)
    order = np.lexsort((persons, minute, at))
    at, persons, minute = at[order], persons[order], minute[order]
    via = _via(out, at, persons)
    return out.frame(
        item_id=posts["post_id"].to_numpy()[at],
        author_key=out.authors(persons),
        shared_at=START + minute * MINUTE,
        via_author_key=via,
    ), counts


def _minutes(times: pd.Series) -> np.ndarray:
    """Minutes since the start of the record."""
    return ((times.dt.tz_localize(None).to_numpy() - START) / MINUTE).astype(np.int64)


def _via(out: Exporter, at: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """From whom: the last earlier sharer of the same item whom the person follows, if any."""
    follows: dict[int, set[int]] = {}
    for person in np.unique(persons):
        first, last = np.searchsorted(out.sim.people.follower, [person, person + 1])
        follows[int(person)] = set(out.sim.people.followed[first:last].tolist())
    via, earlier, item = [], [], -1
    for post, person in zip(at.tolist(), persons.tolist(), strict=True):
        earlier = earlier if post == item else []
        item = post
        friend = next((e for e in reversed(earlier) if e in follows[person]), None)
        via.append(None if friend is None else author_key(out.brand, friend))
        earlier.append(person)
    return np.array(via, dtype=object)


def view_curve(medium: str) -> np.ndarray:
    """What part of a post's views falls on each day: a blog is found for months, others live for days."""
    day = np.arange(DAILY_WINDOW)
    curve = (1 + day) ** -0.45 if medium == "blog" else 0.5 ** (day / (2.5 if medium == "video" else 0.8))
    return curve / curve.sum()


def post_daily_table(out: Exporter, posts: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Daily views of one post in four."""
    pick = np.arange(0, len(posts), DAILY_EVERY)
    media = posts["medium"].to_numpy()[pick]
    curve = np.array([view_curve(medium) for medium in media]).reshape(len(pick), DAILY_WINDOW)
    day = np.arange(DAILY_WINDOW)
    views = poisson(out.luck.stream("views").random(curve.shape), posts["impressions"].to_numpy()[pick, None] * curve)
    fade = 0.5 ** (day / 0.7)
    shared = np.diff(np.floor(posts["shares"].to_numpy()[pick, None] * np.cumsum(fade / fade.sum()) + 0.5), prepend=0)
    date = posts["published_at"].dt.tz_localize(None).to_numpy()[pick].astype("datetime64[D]")[:, None] + day
    kept = ((views > 0) | (shared > 0)) & (date <= out.end.astype("datetime64[D]"))
    post, days = np.nonzero(kept)
    return out.frame(
        post_id=posts["post_id"].to_numpy()[pick][post],
        date=date[kept].astype("datetime64[s]"),
        source=np.where((media[post] == "blog") & (days > 1), "search", "feed"),
        views=views[kept],
        shares=shared[kept].astype(int),
    )


# the brand's weeks


def _amounts(out: Exporter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every purchase: (weeks, persons, KRW)."""
    weeks, persons = np.nonzero(out.h["bought"])
    u = out.luck.at("amount", weeks, persons)
    basket = 16_000 + 44_000 * u**1.6
    return weeks, persons, (np.round(basket * out.sim.conditions["price"][weeks] / 100) * 100).astype(np.int64)


def weekly_table(out: Exporter) -> pd.DataFrame:
    """Followers, customers, units and revenue."""
    weeks, _, amount = _amounts(out)
    return out.frame(
        brand=out.brand,
        week=week_start(np.arange(out.weeks)).astype("datetime64[s]"),
        followers=out.h["follows"].sum(axis=1),
        new_followers=out.h["joined"].sum(axis=1),
        lost_followers=out.h["left"].sum(axis=1),
        new_customers=np.bincount(out.sim.first_week, minlength=out.weeks + 1)[: out.weeks],
        units=out.h["bought"].sum(axis=1),
        revenue=np.bincount(weeks, weights=amount, minlength=out.weeks).astype(np.int64),
    )


def _long(out: Exporter, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(week dates, names) of a long table, week by week."""
    dates = week_start(np.arange(out.weeks)).astype("datetime64[s]")
    return np.repeat(dates, len(names)), np.tile(np.array(names, dtype=object), out.weeks)


def effort_table(out: Exporter) -> pd.DataFrame:
    """Money and hours per activity."""
    week, activity = _long(out, ACTIVITIES)
    cost = out.sim.choices.money[:, : len(ACTIVITIES)]
    hours = cost / 25_000
    hours[:, 0] = out.sim.choices.hours
    return out.frame(
        brand=out.brand,
        week=week,
        activity=activity,
        cost=np.round(cost).astype(np.int64).ravel(),
        hours=np.round(hours, 1).ravel(),
    )


def media_table(out: Exporter) -> pd.DataFrame:
    """Spend, impressions, reach and those who engaged, per paid channel."""
    week, channel = _long(out, tuple(CHANNELS))
    seen = out.h["exposures"]
    return out.frame(
        brand=out.brand,
        week=week,
        channel=channel,
        line=[CHANNELS[c].line for c in channel],
        spend=np.round(out.sim.choices.money[:, len(ACTIVITIES) :]).astype(np.int64).ravel(),
        impressions=seen.sum(axis=2).ravel(),
        reach=(seen > 0).sum(axis=2).ravel(),
        engaged=out.h["engaged"].sum(axis=2).ravel(),
    )


def _quarters(out: Exporter) -> list[tuple[str, slice]]:
    """The last full quarters of thirteen weeks, named by their first Monday's date."""
    starts = np.arange(out.weeks % 13, out.weeks - 12, 13)[-PANEL_QUARTERS:]
    return [(str(week_start(s)), slice(s, s + 13)) for s in starts] or [(str(week_start(0)), slice(0, out.weeks))]


def reach_frequency_table(out: Exporter) -> pd.DataFrame:
    """How many people saw a channel how often in a quarter, counted from the exposures themselves."""
    target, parts = out.sim.people.segment == TARGET_SEGMENT, []
    for period, weeks in _quarters(out):
        for row, (name, channel) in enumerate(CHANNELS.items()):
            seen = out.h["exposures"][weeks, row].sum(axis=0, dtype=np.int64)
            people, ours = np.bincount(seen), np.bincount(seen[target], minlength=seen.max() + 1)
            parts.append(
                out.frame(
                    brand=out.brand,
                    period=period,
                    channel=name,
                    line=channel.line,
                    frequency=np.arange(len(people)),
                    people=people,
                    target_people=ours,
                    universe=out.n,
                )[people > 0]
            )
    return pd.concat(parts, ignore_index=True)


def duplication_table(out: Exporter) -> pd.DataFrame:
    """How many people saw both channels of a pair in a quarter."""
    names, target, rows = list(CHANNELS), out.sim.people.segment == TARGET_SEGMENT, []
    for period, weeks in _quarters(out):
        saw = out.h["exposures"][weeks].any(axis=0)
        for a in range(len(names)):
            for b in range(a + 1, len(names)):
                both = saw[a] & saw[b]
                rows.append((out.brand, period, names[a], names[b], both.sum(), (both & target).sum()))
    return pd.DataFrame(rows, columns=["brand", "period", "channel_a", "channel_b", "people", "target_people"])


def controls_table(out: Exporter) -> pd.DataFrame:
    """Price, promotion, holiday, stock_out, competitor."""
    names = ("price", "promotion", "holiday", "stock_out", "competitor")
    week, name = _long(out, names)
    value = np.stack([out.sim.conditions[n] for n in names], axis=1)
    return out.frame(brand=out.brand, week=week, name=name, value=np.round(value, 3).ravel())


def events_table(out: Exporter) -> pd.DataFrame:
    """Crises with their hour, campaigns where the plan changes, experiments where the policy draws lots."""
    rows = []
    for week in np.flatnonzero(out.sim.conditions["crisis"] > 0):
        start = crisis_start(out, int(week))
        hours = 24 + min(float(out.sim.conditions["crisis_response_hours"][week]), 48)
        rows.append(
            (start, min(start + int(hours * 60) * MINUTE, out.end), "crisis", "a complaint that the press took up")
        )
    plan, policy = out.sim.setting.plan, out.sim.setting.policy
    starts = [0.0, *(until for until, _ in plan.phases)]
    for number, (since, until) in enumerate(pairwise(starts), start=1):
        first, last = (START + round(part * out.weeks) * MINUTES * MINUTE for part in (since, until))
        rows.append((first, last - MINUTE, "campaign", f"{plan.name}, phase {number}"))
    if policy.holdout:
        rows.append((START, out.end, "experiment", "each line paused or doubled by lot, in blocks of two weeks"))
    start, end, kind, note = zip(*sorted(rows), strict=True)
    return out.frame(
        brand=out.brand,
        start=np.array(start, dtype="datetime64[m]"),
        end=np.array(end, dtype="datetime64[m]"),
        kind=kind,
        note=note,
    )


# customers


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
    weeks, persons, amount = _amounts(out)
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
    spoke = h["asked"] | h["took_part"] | h["engaged"][:, list(CHANNELS).index("sns_ads")]
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
    born = _minutes(posts["published_at"])
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


__all__ = ["LINES", "MEDIA", "TIMEZONE", "author_key", "observed_until", "tables"]
