"""What people say of the brand (사람들의 말): who speaks when, about which topic, to whom, and what of it was caught.

Everybody has a few topics of their own, drawn from the brand's popularity of topics, which falls off like Zipf's law.
Two topics come up late. Customers who trust the brand help those who ask and defend it; others just chat along.
`ROOTS` are what starts a thread; what is caught of them, and how often others join in, says `CAUGHT` and `JOINS`.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from .exporter import MINUTE, MINUTES, START, Exporter, author_key, customer_keys
from .luck import poisson, split
from .words import MEANINGS, Said, emerging, say, tone, topics

CAUGHT = MappingProxyType({"question": 0.015, "praise": 0.05, "anger": 0.4})
# the chance that somebody joins a thread; help and defence are for the share of customers who trust the brand
JOINS = MappingProxyType({"help": 0.9, "defence": 1.0, "chat": 0.10, "self": 0.08, "thanks": 0.25})
ROOTS = ("question", "praise", "complaint")
PEOPLE_ROLES = ("customer", "unknown")
TRUSTING, DEVOTED = 0.55, 0.62  # trust from which a customer helps, or speaks up in a crisis
ZIPF, REPERTOIRE = 1.05, 4  # exponent of the popularity; topics of one's own
EMERGES = ((0.68, 0.10), (0.78, 0.07))  # when, as a part of the record, and the share of talk after eight weeks
CRISIS_TOPICS = ("quality", "ingredients", "staff", "price", "skin", "expiry", "limited", "event")
ENGLISH, WORDLESS, UNKNOWN = 0.2, 0.03, 0.08  # who writes English; mentions without text; customers not known as such
STAFF, STAFF_HELP = 5, 0.02  # employees who write under their own handles, and how often they answer a question
REGISTERED, REGISTERED_DAYS = 0.3, 6.0  # of those who respond, whom sales takes up as leads, and when on average
SCORED = 0.75  # of the mentions with a text, those that the supplier scored


# what people are interested in


@dataclass(frozen=True)
class Interests:
    """One brand's topics: popularity (topics,), late topics' share of talk (weeks, late), own topics (people, 4)."""

    popularity: np.ndarray
    late: np.ndarray
    own: np.ndarray

    @property
    def by_week(self) -> np.ndarray:
        """Each topic's share of what starts a thread; (weeks, topics)."""
        out = self.popularity * (1 - self.late.sum(axis=1, keepdims=True))
        out[:, late_topics()] = self.late
        return out

    def pick(self, u: np.ndarray, weeks: np.ndarray, persons: np.ndarray) -> np.ndarray:
        """A topic for each (week, person): a late one, or one of the person's own."""
        until = np.cumsum(self.late[weeks], axis=1)
        which = (u[:, None] >= until).sum(axis=1)
        rest = (u - until[:, -1]) / (1 - until[:, -1])
        own = self.own[persons, np.clip(rest * REPERTOIRE, 0, REPERTOIRE - 1).astype(int)]
        return np.where(which < len(late_topics()), np.append(late_topics(), 0)[which], own)


def late_topics() -> np.ndarray:
    """Positions of the topics that nobody speaks of at first."""
    return np.flatnonzero(np.isin(topics(), emerging()))


def interests(out: Exporter) -> Interests:
    """Draw the brand's popularity of topics, when the late ones come up, and everybody's own topics."""
    number = len(topics())
    order = np.argsort(np.argsort(np.arange(number) + 9 * out.luck.normal("topics", 0, number)))
    popularity = 1.0 / (1 + order) ** ZIPF
    popularity[late_topics()] = 0.0
    popularity /= popularity.sum()
    draws = np.array([out.luck.uniform(f"interest:{j}", 0, out.n) for j in range(REPERTOIRE)]).T
    own = np.searchsorted(np.cumsum(popularity), draws * (1 - 1e-9), side="right")
    week = np.arange(out.weeks)[:, None]
    peak = np.array([share for _, share in EMERGES])
    grown = np.clip((week - late_starts(out) + 1) / 8, 0, 1)
    return Interests(popularity, grown * peak, own)


def late_starts(out: Exporter) -> np.ndarray:
    """The weeks in which the late topics are first spoken of."""
    part = np.array([since for since, _ in EMERGES])
    return np.round(out.weeks * (part + 0.1 * out.luck.uniform("emerges", 0, len(part)))).astype(int)


# complaints


def cases_frame(out: Exporter) -> pd.DataFrame:
    """Complaints with first response and resolution; what was open at the end is empty."""
    weeks, persons = np.nonzero(out.h["case"])
    opened = START + ((weeks + out.luck.at("case_time", weeks, persons)) * MINUTES).astype(np.int64) * MINUTE
    order = np.argsort(opened, kind="stable")
    weeks, persons, opened = weeks[order], persons[order], opened[order]
    bought = out.when(weeks, persons, "purchase")
    opened = np.minimum(np.maximum(opened, bought + 10 * MINUTE), out.end)
    u = out.luck.at("case:more", weeks, persons)
    n = len(weeks)
    return out.frame(
        case_id=[f"k{out.brand}{i:05d}" for i in range(n)],
        brand=out.brand,
        opened_at=opened,
        mention_id=pd.Series([None] * n, dtype=object),
        first_response_at=out.observed(_later(opened, out.h["response_hours"][weeks, persons])),
        resolved_at=out.observed(_later(opened, out.h["close_hours"][weeks, persons])),
        team=np.where(u < 0.6, "care", "store"),
        responder=np.where(u * 10 % 1 < 0.12, "advocate", "firm"),
        customer_key=customer_keys(persons),
        mentioned=u * 100 % 1 < 0.4,
        person=persons,
        week=weeks,
    )


def _later(times: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Times plus hours; endless hours give a time far beyond the record."""
    minutes = np.ceil(np.minimum(np.asarray(hours, dtype=float), 24 * 3650) * 60).astype(np.int64)
    return times + minutes * MINUTE


# threads: a table of meaning, week, key (whose luck), person (who writes), at, tag, parent, root, role, topic


def talk(out: Exporter, cases: pd.DataFrame) -> pd.DataFrame:
    """Everything that was said and caught, in the order of time, with what the export does not show."""
    about, crowd = interests(out), Crowd(out)
    asked, praise = (_spoke(out, crowd, about, meaning) for meaning in ("question", "praise"))
    complaints = _complaints(out, cases, about)
    anger, statements = _crises(out, crowd)
    started = pd.concat([asked, praise, complaints, anger])
    replies = pd.concat([_replies(out, asked), _case_replies(out, crowd, cases, complaints)])
    helped = _joined(out, crowd, asked, "help")
    joined = [helped, _staff(out, asked), _self_replies(out, pd.concat([asked, complaints]))]
    joined += [_joined(out, crowd, thread, "defence") for thread in (complaints, anger)]
    joined += [_joined(out, crowd, started, "chat"), _thanks(out, crowd, pd.concat([replies, helped]))]
    parts = [part for part in (started, statements, replies, *joined) if len(part)]
    table = pd.concat(parts or [started], ignore_index=True)
    table = table[table["at"] <= out.end].sort_values(["at", "person", "meaning"], ignore_index=True, kind="stable")
    table["mention_id"] = [f"m{out.brand}{i:05d}" for i in range(len(table))]
    return table.join(_texts(out, table))


def _said(meaning: str, at: np.ndarray, weeks: np.ndarray, persons: np.ndarray, **more) -> pd.DataFrame:
    """What starts a thread: one's own words, under one's own luck."""
    tag = [f"{meaning}/{p}/{t}" for p, t in zip(persons, at, strict=True)]
    columns = {"meaning": meaning, "week": weeks, "key": persons, "person": persons, "at": at, "tag": tag}
    columns |= {"parent": None, "root": tag, "role": "customer", "topic": 0}
    return pd.DataFrame(columns | more, index=range(len(at)))


def _under(thread: pd.DataFrame, meaning: str, at: np.ndarray, persons: np.ndarray, role: object) -> pd.DataFrame:
    """What is said in reply to each row of `thread`, on its topic, under its luck."""
    tag = meaning + "<" + thread["tag"].astype(object)
    new = {"meaning": meaning, "at": at, "person": persons, "role": role, "tag": tag, "parent": thread["tag"]}
    return thread.assign(**new)


class Crowd:
    """Who could speak up: whether each person is a customer by then, trusts the brand, and is known as a customer."""

    def __init__(self, out: Exporter) -> None:
        self.n, self.luck, self.first_week = out.n, out.luck, out.sim.first_week
        customer = self.first_week <= np.arange(out.weeks)[:, None]
        self.trusting = customer & (out.h["trust"] > TRUSTING)
        self.trusting_share = self.trusting.sum(axis=1) / np.maximum(customer.sum(axis=1), 1)
        self.known = self.luck.uniform("role_known", 0, self.n) >= UNKNOWN

    def roles(self, weeks: np.ndarray, persons: np.ndarray) -> np.ndarray:
        """Customer from the first purchase on, where the tool knows it; else unknown."""
        return np.where(self.known[persons] & (self.first_week[persons] <= weeks), "customer", "unknown")

    def friends(self, u: np.ndarray, weeks: np.ndarray, askers: np.ndarray) -> np.ndarray:
        """For each row, by lot, a customer who trusts the brand and did not ask; -1 where there is none."""
        who = np.full(len(weeks), -1)
        for week in np.unique(weeks):
            friends, here = np.flatnonzero(self.trusting[week]), weeks == week
            if len(friends):
                who[here] = friends[(u[here] * len(friends)).astype(int)]
        return np.where(who == askers, -1, who)

    def anybody(self, u: np.ndarray, askers: np.ndarray) -> np.ndarray:
        """For each row, by lot, somebody else; -1 where the lot falls on the author."""
        who = (u * self.n).astype(int)
        return np.where(who == askers, -1, who)


def _spoke(out: Exporter, crowd: Crowd, about: Interests, meaning: str) -> pd.DataFrame:
    """Questions, and praise by the happy: what was caught of each."""
    h = out.h
    happy = (h["bought"] & (h["answer"] >= 8)) | (h["shared"] & (h["answer"] >= 9))
    weeks, persons = np.nonzero(h["asked"] if meaning == "question" else happy)
    caught = out.luck.scattered(f"caught:{meaning}", weeks, persons) < CAUGHT[meaning]
    weeks, persons = weeks[caught], persons[caught]
    topic = about.pick(out.luck.scattered(f"topic:{meaning}", weeks, persons), weeks, persons)
    at = out.when(weeks, persons, meaning)
    return _said(meaning, at, weeks, persons, role=crowd.roles(weeks, persons), topic=topic)


def _complaints(out: Exporter, cases: pd.DataFrame, about: Interests) -> pd.DataFrame:
    public = cases[cases["mentioned"]]
    weeks, persons, tag = (public[name].to_numpy() for name in ("week", "person", "case_id"))
    topic = about.pick(out.luck.scattered("topic:complaint", weeks, persons), weeks, persons)
    at = public["opened_at"].dt.tz_localize(None).to_numpy()
    return _said("complaint", at, weeks, persons, tag=tag, root=tag, topic=topic)


def _crises(out: Exporter, crowd: Crowd) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each crisis: anger that dies down by the hour, slower until the brand speaks; defence by those who trust."""
    nothing = _said("anger", *(np.empty(0, dtype=t) for t in (START.dtype, int, int)))
    anger, statements = [nothing], [nothing]
    for week in np.flatnonzero(out.sim.conditions["crisis"] > 0).tolist():
        start, topic = crisis_start(out, week), crisis_topic(out, week)
        persons = np.flatnonzero(out.h["crisis"][week])
        persons = persons[out.luck.uniform("caught:anger", week, out.n)[persons] < CAUGHT["anger"]][:60]
        spoke = float(out.sim.conditions["crisis_response_hours"][week])
        u = out.luck.uniform("anger_time", week, out.n)[persons]
        at = _later(np.full(len(persons), start), -np.log(1 - u * 0.999) * (6 + min(spoke, 36) / 3))
        weeks = np.full(len(persons), week)
        angry = _said("anger", at, weeks, persons, topic=topic, role=crowd.roles(weeks, persons))
        anger.append(angry.assign(meaning=np.where(out.h["trust"][week][persons] > DEVOTED, "defence", "anger")))
        at = _later(np.array([start]), np.array([spoke]))
        said = _said("statement", at, np.array([week]), np.array([0]), topic=topic, role="brand")
        statements.append(said.assign(person=-1))
    return _stacked(anger), _stacked(statements)


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def crisis_start(out: Exporter, week: int) -> np.datetime64:
    """The hour at which a crisis breaks: early in its week."""
    hour = 9 + int(out.luck.uniform("crisis_hour", week, 1)[0] * 48)
    return START + (week * MINUTES + hour * 60) * MINUTE


def crisis_topic(out: Exporter, week: int) -> int:
    """What a crisis is about."""
    return topics().index(CRISIS_TOPICS[int(out.luck.uniform("crisis_topic", week, 1)[0] * len(CRISIS_TOPICS))])


def _replies(out: Exporter, asked: pd.DataFrame) -> pd.DataFrame:
    """The desk's answers to questions."""
    weeks, persons = asked["week"].to_numpy(), asked["key"].to_numpy()
    hours = np.minimum(out.h["response_hours"][weeks, persons] / 3, 150)
    at = _later(asked["at"].to_numpy(), np.where(np.isfinite(hours), hours, 100.0))
    role = np.where(out.luck.scattered("who_answers", weeks, persons) < 0.9, "brand", "staff")
    return _under(asked, "reply", at, *_desk(persons, role))[out.h["answered"][weeks, persons]]


def _case_replies(out: Exporter, crowd: Crowd, cases: pd.DataFrame, complaints: pd.DataFrame) -> pd.DataFrame:
    """The first response to a public complaint, by the firm or by an advocate."""
    public = cases[cases["mentioned"]]
    at = public["first_response_at"].dt.tz_localize(None).to_numpy()
    firm = (public["responder"] == "firm").to_numpy()
    weeks, keys = complaints["week"].to_numpy(), complaints["key"].to_numpy()
    reply = _under(complaints, "reply", at, *_desk(keys, np.full(len(public), "brand")))
    helper = crowd.friends(out.luck.scattered("case:helper", weeks, keys), weeks, keys)
    advocate = _under(complaints, "help", at, helper, crowd.roles(weeks, helper))
    known = ~np.isnat(at)
    return pd.concat([reply[known & firm], advocate[known & ~firm & (helper >= 0)]])


def _desk(persons: np.ndarray, role: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who answers for the firm: the brand's own account (-1), or an employee (-2 and below)."""
    return np.where(role == "brand", -1, -2 - persons % STAFF), role


def _joined(out: Exporter, crowd: Crowd, thread: pd.DataFrame, meaning: str) -> pd.DataFrame:
    """Others who join a thread: to help, to defend the brand, or only to chat."""
    weeks, keys = thread["week"].to_numpy(), thread["key"].to_numpy()
    joins, late, lot, _ = split(out.luck.scattered(f"joins:{meaning}", weeks, keys))
    if meaning == "chat":
        who, chance = crowd.anybody(lot, keys), JOINS["chat"]
    else:
        who, chance = crowd.friends(lot, weeks, keys), JOINS[meaning] * crowd.trusting_share[weeks]
    at = _later(thread["at"].to_numpy(), 0.2 - 5 * np.log(1 - late * 0.999))
    return _under(thread, meaning, at, who, crowd.roles(weeks, who))[(joins < chance) & (who >= 0)]


def _self_replies(out: Exporter, thread: pd.DataFrame) -> pd.DataFrame:
    """Authors who add to what they wrote."""
    u = out.luck.scattered("self", thread["week"].to_numpy(), thread["key"].to_numpy())
    at = _later(thread["at"].to_numpy(), 0.1 + 30 * (u / JOINS["self"]) ** 2)
    return _under(thread, "self", at, thread["person"].to_numpy(), thread["role"].to_numpy())[u < JOINS["self"]]


def _staff(out: Exporter, asked: pd.DataFrame) -> pd.DataFrame:
    """Employees who answer under their own handles: it reads like help, and is none by a customer."""
    u = out.luck.scattered("staff", asked["week"].to_numpy(), asked["key"].to_numpy())
    at = _later(asked["at"].to_numpy(), 1 + 24 * u / STAFF_HELP)
    who, role = _desk(asked["key"].to_numpy(), np.full(len(asked), "staff"))
    helped = _under(asked, "help", at, who, role)[u < STAFF_HELP]
    return helped.assign(tag="staff " + helped["tag"])


def _thanks(out: Exporter, crowd: Crowd, answers: pd.DataFrame) -> pd.DataFrame:
    """Authors who thank for the first answer."""
    answers = answers.sort_values("at", kind="stable").drop_duplicates("root")
    weeks, keys = answers["week"].to_numpy(), answers["key"].to_numpy()
    u = out.luck.scattered("thanks", weeks, keys)
    at = _later(answers["at"].to_numpy(), 0.2 + 12 * u / JOINS["thanks"])
    return _under(answers, "thanks", at, keys, crowd.roles(weeks, keys))[u < JOINS["thanks"]]


def first_touch(out: Exporter, said: pd.DataFrame, shares: pd.DataFrame) -> pd.Series:
    """When each person first wrote to, or passed on, the brand, as far as it was caught; person -> time."""
    person_of = pd.Series(np.arange(out.n), index=out.authors(np.arange(out.n)))
    shared = pd.Series(shares["shared_at"].dt.tz_localize(None).to_numpy(), index=shares["author_key"].map(person_of))
    wrote = said[said["role"].isin(PEOPLE_ROLES)]
    both = pd.concat([pd.Series(wrote["at"].to_numpy(), index=wrote["person"]), shared])
    return both.groupby(level=0).min()


# words


def _texts(out: Exporter, table: pd.DataFrame) -> pd.DataFrame:
    """Each mention's words, whether its topic can be known from them, and whether they negate the opposite."""
    weeks, keys = table["week"].to_numpy(), table["key"].to_numpy()
    u = np.empty((3, len(table)))
    for meaning in MEANINGS:
        here = (table["meaning"] == meaning).to_numpy()
        for row, purpose in enumerate(("say", "post", "wordless")):
            u[row, here] = out.luck.scattered(f"{purpose}:{meaning}", weeks[here], keys[here])
    language = np.where(out.luck.uniform("language", 0, out.n)[keys] < ENGLISH, "en", "ko")
    names, brand = topics(), out.brand
    rows = zip(table["meaning"], table["topic"], language, u[0], strict=True)
    said = [say(m, names[t], brand=brand, language=lang, u=v) for m, t, lang, v in rows]
    texts = pd.DataFrame(said, columns=list(Said._fields)).assign(lang=language, u=u[1])
    wordless = (u[2] < WORDLESS) & table["role"].isin(PEOPLE_ROLES)
    return texts.assign(text=texts["text"].where(~wordless, None), topical=texts["topical"] & ~wordless)


def mentions_table(out: Exporter, said: pd.DataFrame) -> pd.DataFrame:
    """What was said, as the listening tool hands it out."""
    place, scored, shift, engaged = split(said["u"].to_numpy())
    firm = (said["person"] < 0).to_numpy()
    ids = said.set_index("tag")["mention_id"]
    media = pd.Series(np.select([place < 0.5, place < 0.8], ["page", "stream"], "cafe"), index=said["tag"])
    feeling = said["meaning"].map({meaning: tone(meaning) for meaning in MEANINGS}).to_numpy() + 0.5 * (shift - 0.5)
    fans = np.bincount(out.sim.people.followed, minlength=out.n)[said["person"].clip(lower=0)]
    fans = np.where(firm, out.h["follows"].sum(axis=1)[said["week"]], fans)
    return out.frame(
        mention_id=said["mention_id"],
        brand=out.brand,
        created_at=said["at"].to_numpy(),
        medium=np.where(said["meaning"] == "statement", "page", said["root"].map(media)),
        author_key=np.where(firm, _firm_keys(out, said["person"]), out.authors(said["person"].to_numpy())),
        author_role=said["role"],
        text=said["text"],
        lang=said["lang"],
        parent_id=said["parent"].map(ids).astype(object),
        thread_id=said["root"].map(ids),
        reach=fans,
        engagement=poisson(engaged, np.minimum(fans, 500) * 0.08),
        sentiment=np.where((scored < SCORED) & said["text"].notna(), np.round(np.clip(feeling, -1, 1), 2), np.nan),
    )


def _firm_keys(out: Exporter, persons: pd.Series) -> np.ndarray:
    """The keys of the brand's own account and of its employees."""
    return np.array([author_key(out.brand, p) if p < 0 else "" for p in persons.to_list()], dtype=object)
