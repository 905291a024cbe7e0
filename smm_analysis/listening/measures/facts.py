"""What each mention counts for (언급별 판정): who speaks to whom, helps or defends, asks, is answered (S4.8, S0.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..texts.cues import flag_talk, normal_words

FIRM = ("brand", "staff")
_NEEDED = ("mention_id", "brand", "created_at", "author_key", "author_role")


@dataclass(frozen=True)
class Links:
    """Who answers whom (응답 관계), a value a mention, in the table's order.

    `person` numbers the authors (a missing author_key is a person apart); `firm` is the brand or its staff; `parent` is
    the row answered, -1 without one in the table.
    """

    person: np.ndarray
    firm: np.ndarray
    parent: np.ndarray

    @property
    def to_another(self) -> np.ndarray:
        """Whether it answers somebody else."""
        return (self.parent >= 0) & (self.person[self.parent] != self.person)

    @property
    def to_oneself(self) -> np.ndarray:
        """Whether it answers its own author."""
        return (self.parent >= 0) & (self.person[self.parent] == self.person)

    @property
    def to_firm(self) -> np.ndarray:
        """Whether it answers the brand."""
        return (self.parent >= 0) & self.firm[self.parent]


def links_of(mentions: pd.DataFrame) -> Links:
    """Read authors and replies off the `mentions` table (응답 관계 읽기).

    Raises
    ------
    ValueError
        If a column is missing or a mention_id comes twice; the message names it.
    """
    missing = [name for name in _NEEDED if name not in mentions]
    if missing:
        raise ValueError(f"mentions have no column {', '.join(map(repr, missing))}")
    ids = pd.Index(mentions["mention_id"])
    if not ids.is_unique:
        twice = ", ".join(map(str, ids[ids.duplicated()][:5]))
        raise ValueError(f"mention_id must be unique; {ids.duplicated().sum()} come again, first: {twice}")
    person = pd.factorize(mentions["author_key"])[0]
    nobody = person < 0
    person[nobody] = person.max(initial=-1) + 1 + np.arange(nobody.sum())
    firm = mentions["author_role"].isin(FIRM).to_numpy()
    return Links(person, firm, _parents(mentions, ids))


def _parents(mentions: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    rows = np.full(len(mentions), -1)
    if "parent_id" in mentions:
        given = mentions["parent_id"].notna().to_numpy()
        rows[given] = ids.get_indexer(pd.Index(mentions["parent_id"].to_numpy()[given]))
    return rows


def advocates(
    mentions: pd.DataFrame,
    *,
    talk: pd.DataFrame | None = None,
    names: Mapping[str, Iterable[str]] | None = None,
) -> pd.Series:
    """Return which mentions are advocacy (옹호 여부, S4.8): a customer who helps another, or stands up for the brand.

    It takes an author who is neither brand nor staff, *and* what is said: help in answer to another customer; defence
    in answer to anybody else, or in a mention that names the brand. A reply alone is none, nor is what somebody adds to
    an own mention. Where the mention answered is not in the table, only the naming counts.

    Parameters
    ----------
    talk : what `flag_talk` said of the texts, if it is at hand; the same rows.
    names : what each brand is called in texts, such as ``{"mirae": ["mirae", "미래"]}``; its key if left out.
    """
    found = _advocacy(mentions, links_of(mentions), _talk(mentions, talk), names or {})
    return pd.Series(found, mentions.index, name="advocacy")


def _advocacy(
    mentions: pd.DataFrame, links: Links, talk: pd.DataFrame, names: Mapping[str, Iterable[str]]
) -> np.ndarray:
    helps, defends = talk["help"].to_numpy(), talk["defence"].to_numpy()
    named = np.zeros(len(mentions), bool)
    named[defends] = _names_brand(mentions[defends], names)
    stands_by = (links.to_another & ~links.to_firm & helps) | (defends & (links.to_another | named))
    return stands_by & ~links.firm & ~links.to_oneself


def _names_brand(mentions: pd.DataFrame, names: Mapping[str, Iterable[str]]) -> np.ndarray:
    """Whether a text names the brand that it is about."""
    import pyarrow.compute as pc

    found = np.zeros(len(mentions), bool)
    if mentions.empty:
        return found
    words = normal_words(mentions["text"])
    for brand, rows in mentions.reset_index(drop=True).groupby("brand").groups.items():
        for name in normal_words(pd.Series(list(names.get(brand, [brand])), dtype=object)).to_pylist():
            found[rows] |= pc.match_substring(words.take(np.asarray(rows)), name).to_numpy(zero_copy_only=False)
    return found


@dataclass(frozen=True)
class Facts:
    """What mentions count for in each measure (측정별 판정).

    `known`: measure -> a number a mention, NaN where it is not known. `applies`: measure -> whether it is about this
    mention at all; a mention it applies to without a value is left out, and counted. `missing`: measure -> key of the
    reason why the table cannot tell it at all.
    """

    links: Links
    known: dict[str, np.ndarray]
    applies: dict[str, np.ndarray]
    missing: dict[str, str]


def facts_of(
    mentions: pd.DataFrame,
    *,
    sentiment: pd.Series | str | None,
    talk: pd.DataFrame | None,
    names: Mapping[str, Iterable[str]] | None,
    until: pd.Timestamp,
    within: pd.Timedelta,
    neutral: float,
) -> Facts:
    """Judge every mention once (언급 판정); `scorecard` sums them up by week or period."""
    links, talk = links_of(mentions), _talk(mentions, talk)
    others, written = ~links.firm, _written(mentions)
    asks = (talk["question"] | talk["complaint"]).to_numpy()
    score = _scores(mentions, sentiment)
    tone = np.where(np.isnan(score), np.nan, np.sign(score) * (np.abs(score) > neutral))
    said = {"advocacy": _advocacy(mentions, links, talk, names or {}), "complaint": talk["complaint"].to_numpy()}
    values = {"net_sentiment": score, "net_positive": tone}
    values |= {name: np.where(written, flag.astype(float), np.nan) for name, flag in said.items()}
    values["answered"] = np.where(written, _answered(mentions, links, until, within), np.nan)
    applies = {name: others for name in values} | {"answered": others & (asks | ~written)}
    return Facts(links, values, applies, _missing(mentions, sentiment, written))


def _missing(mentions: pd.DataFrame, sentiment: pd.Series | str | None, written: np.ndarray) -> dict[str, str]:
    """Return what the whole table cannot tell, and why."""
    why = {} if sentiment is not None else {"net_sentiment": "no_scores", "net_positive": "no_scores"}
    if "parent_id" not in mentions or mentions["parent_id"].isna().all():
        why["answered"] = "no_parent_ids"
    if not written.any():
        why |= {name: "no_texts" for name in ("advocacy", "complaint", "answered")}
    return why if len(mentions) else {}


def _written(mentions: pd.DataFrame) -> np.ndarray:
    if "text" not in mentions:
        return np.zeros(len(mentions), bool)
    text = mentions["text"]
    return (text.notna() & (text.str.strip() != "")).to_numpy(bool) if text.notna().any() else text.notna().to_numpy()


def _talk(mentions: pd.DataFrame, talk: pd.DataFrame | None) -> pd.DataFrame:
    if talk is None:
        return flag_talk(mentions["text"] if "text" in mentions else pd.Series(None, mentions.index, dtype=object))
    if not talk.index.equals(mentions.index):
        raise ValueError("talk must have the index of mentions: flag_talk(mentions['text'])")
    return talk


def _scores(mentions: pd.DataFrame, sentiment: pd.Series | str | None) -> np.ndarray:
    """Return the scores asked for, -1..1, NaN where there is none."""
    if sentiment is None:
        return np.full(len(mentions), np.nan)
    if isinstance(sentiment, str):
        if sentiment != "supplier" or "sentiment" not in mentions:
            raise ValueError(f"sentiment must be scores or 'supplier' with a column 'sentiment', not {sentiment!r}")
        sentiment = mentions["sentiment"]
    if not sentiment.index.equals(mentions.index):
        raise ValueError("sentiment must have the index of mentions: score_sentiment(mentions['text'])")
    scores = pd.to_numeric(sentiment).to_numpy(float, na_value=np.nan)
    if (np.abs(scores) > 1).any():
        raise ValueError(f"sentiment must lie in -1..1; first others: {scores[np.abs(scores) > 1][:5].tolist()}")
    return scores


def _answered(mentions: pd.DataFrame, links: Links, until: pd.Timestamp, within: pd.Timedelta) -> np.ndarray:
    """Whether the brand answered in time, 0 or 1; NaN for what was not watched for as long, answered or not."""
    at = mentions["created_at"].reset_index(drop=True)
    reply = links.firm & (links.parent >= 0)
    waits = at[reply].reset_index(drop=True) - at.iloc[links.parent[reply]].reset_index(drop=True)
    first = waits.groupby(links.parent[reply]).min()
    answered = np.zeros(len(mentions))
    answered[first.index[first <= within].to_numpy(int)] = 1.0
    return np.where((until - at >= within).to_numpy(), answered, np.nan)
