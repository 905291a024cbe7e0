"""The truth of what was heard (들은 말의 참값): topics, meanings, advocacy, and responses that led to a purchase.

A model of listening reads the mentions; what it ought to find stands here, as counts of what was planted.
"""

from string import ascii_letters

import numpy as np
import pandas as pd

from .exporter import MINUTE, MINUTES, Exporter
from .simulation import Simulation
from .talk import (
    EMERGES,
    PEOPLE_ROLES,
    REGISTERED,
    REPERTOIRE,
    ROOTS,
    cases_frame,
    first_touch,
    interests,
    late_starts,
    late_topics,
    talk,
)
from .words import MEANINGS, tone, topics

ADVOCACY = ("help", "defence")
COMPLAINTS = ("complaint", "anger")
FOUND_BY = (10, 30, 100, 300, 1000)  # mentions
GROUP = 8  # people in a focus group
CONVERSION_WEEKS = 26
WHAT = {
    "letters": "one per mention, in the order of the table; topics: a-z then A-Z in the order of popularity's keys, "
    "- where the words do not tell; meanings: by the letters of tone, a capital where the opposite is negated",
    "popularity": "planted share of what starts a thread (question, praise, complaint), averaged over its weeks",
    "found_by": "distinct topics expected among n of these, by different persons, as many naming a topic as do",
    "focus_group": f"distinct topics expected among the interests of {GROUP} people, {REPERTOIRE} drawn for each",
    "by_week": "mentions by others than brand and staff; of these advocacy (help and defence), complaints, questions; "
    "the caught questions that the firm answered",
    "conversion": "persons who wrote to or passed on the brand, from their first touch: the planted share that sales "
    f"takes up as leads; customers before; of the others those watched for {CONVERSION_WEEKS} weeks, who bought within "
    "them, and of these whom an author_key shows to have bought",
}


def heard(sim: Simulation) -> dict:
    """What a listening model and a funnel ought to find in one brand's record, as it goes into truth.json."""
    out = Exporter(sim)
    said = talk(out, cases_frame(out))
    return {
        "letters": letters(said),
        "tone": {MEANINGS[meaning]: tone(meaning) for meaning in MEANINGS},
        **planted_topics(out, said),
        "by_week": by_week(out, said),
        "conversion": conversion(out, said, sim.tables()),
    }


def letters(said: pd.DataFrame) -> dict[str, str]:
    """A letter per mention: its topic, and what it means."""
    alphabet = np.array([*ascii_letters[: len(topics())], "-"])
    topic = alphabet[np.where(said["topical"], said["topic"], -1)]
    meaning = said["meaning"].map(MEANINGS)
    return {"topics": "".join(topic), "meanings": "".join(meaning.where(~said["negated"], meaning.str.upper()))}


def planted_labels(mentions: pd.DataFrame, told: dict) -> pd.DataFrame:
    """What each mention of one brand is about and means, from truth.json (언급마다 심어 둔 주제와 뜻).

    Parameters
    ----------
    mentions : the brand's whole table, as written
    told : the brand's entry ``heard`` in truth.json

    Returns
    -------
    DataFrame
        topic (None where the words do not tell it), meaning (see `words.MEANINGS`), negated; indexed as `mentions`.

    Raises
    ------
    ValueError
        The truth is of another number of mentions.
    """
    letters, meaning_of = told["letters"], {letter: meaning for meaning, letter in MEANINGS.items()}
    if len(mentions) != len(letters["topics"]):
        raise ValueError(f"the truth tells of {len(letters['topics'])} mentions, and there are {len(mentions)}")
    topic_of = dict(zip(ascii_letters, topics(), strict=False))
    columns = {
        "topic": [topic_of.get(letter) for letter in letters["topics"]],
        "meaning": [meaning_of[letter.lower()] for letter in letters["meanings"]],
        "negated": [letter.isupper() for letter in letters["meanings"]],
    }
    return pd.DataFrame(columns, index=mentions.index)


def planted_topics(out: Exporter, said: pd.DataFrame) -> dict:
    """How popular each topic is, and how many distinct ones are to be found by so many mentions or people."""
    about, started = interests(out), said[said["meaning"].isin(ROOTS)]
    weeks = np.bincount(started["week"], minlength=out.weeks) / max(len(started), 1)
    popularity = weeks @ about.by_week
    naming = float(started["topical"].mean()) if len(started) else 0.0
    late = zip(late_topics(), late_starts(out), EMERGES, strict=True)
    return {
        "popularity": {name: round(float(share), 4) for name, share in zip(topics(), popularity, strict=True)},
        "late": {topics()[k]: {"first_week": int(week), "share": share} for k, week, (_, share) in late},
        "naming_a_topic": round(naming, 4),
        "found_by": {str(n): round(expected_found(popularity * naming, n), 2) for n in FOUND_BY},
        "focus_group": round(expected_found(about.popularity, GROUP * REPERTOIRE), 2),
    }


def expected_found(shares: np.ndarray, draws: int) -> float:
    """How many distinct ones to expect in so many draws, each of which finds the k-th with chance shares[k].

    >>> expected_found(np.array([0.5, 0.5]), 2)
    1.5
    """
    return float((1 - (1 - shares) ** draws).sum())


def by_week(out: Exporter, said: pd.DataFrame) -> dict[str, str]:
    """Counts per week of the calendar, as numbers with spaces between."""
    week = ((said["at"].to_numpy() - out.end) // MINUTE + out.weeks * MINUTES - 1) // MINUTES
    others, asked = said["role"].isin(PEOPLE_ROLES), said["meaning"] == "question"
    replied = said["root"].isin(said.loc[said["role"].isin(["brand", "staff"]), "root"])
    counted = {
        "others": others,
        "advocacy": others & said["meaning"].isin(ADVOCACY),
        "complaints": others & said["meaning"].isin(COMPLAINTS),
        "questions": asked,
        "answered": asked & replied,
    }
    return {name: " ".join(map(str, np.bincount(week[rows], minlength=out.weeks))) for name, rows in counted.items()}


def conversion(out: Exporter, said: pd.DataFrame, made: dict[str, pd.DataFrame]) -> dict:
    """From the first touch to the first purchase, by what the engine knows of every person."""
    first = first_touch(out, said, made["shares"])
    persons, touched = first.index.to_numpy(), first.to_numpy()
    bought = np.full(out.n, np.datetime64("NaT"), dtype=touched.dtype)
    customers = np.flatnonzero(out.sim.first_week < out.weeks)
    bought[customers] = out.when(out.sim.first_week[customers], customers, "purchase")
    bought = bought[persons]
    before = bought <= touched
    watched = ~before & (touched <= out.end - CONVERSION_WEEKS * MINUTES * MINUTE)
    converted = watched & (bought <= touched + CONVERSION_WEEKS * MINUTES * MINUTE)
    won = made["leads"].loc[made["leads"]["stage"] == "customer", "author_key"]
    keys = out.authors(persons)
    by_key = np.isin(keys, made["customers"]["author_key"].dropna().to_numpy(str)) | np.isin(keys, won.to_numpy(str))
    parts = {"customers_before": before, "watched": watched, "bought": converted, "seen_by_key": converted & by_key}
    return {"taken_up": REGISTERED, "responders": len(first)} | {name: int(part.sum()) for name, part in parts.items()}
