"""Themes (화제): what people talk about, what is new against a base period, and what they ask (S0.10, S4.11).

Words are counted by people, not by occurrences: who writes ten times is one person. Words that stand in the same
mentions make a theme, whatever the period; only then are the periods compared, theme by theme. So the comparison is not
one of words chosen because they differ.

>>> late = [(f"p{i}", ["배송이 너무 늦어요", "배송은 늦네요"][i % 2]) for i in range(9)]
>>> pretty = [(f"b{i}", "색상 예뻐요") for i in range(20)]
>>> now, base = (pd.DataFrame(part, columns=["author_key", "text"]) for part in (late + pretty[:1], pretty))
>>> found = themes(now, base=base)
>>> found[["theme", "people", "base_people"]].to_dict("records")
[{'theme': '늦다 · 배송', 'people': 9, 'base_people': 0}]

One person of ten still writes of the colour: fewer than five, so it is not shown, but counted.

>>> found.attrs["n_suppressed"]
1
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from smm_analysis.estimate import wilson, z_value
from smm_analysis.tables import legible
from smm_analysis.terms import SMALLEST_GROUP as MIN_PEOPLE

from .linking import candidates, links, merged, people
from .words import Words, words

_COLUMNS = ("theme", "words", "people", "mentions", "base_people", "per_1000", "base_per_1000", "per_1000_askers")
_CONTRAST = ("g2", "log_ratio", "low", "high", "q")


def themes(
    mentions: pd.DataFrame,
    *,
    base: pd.DataFrame,
    sentiment: pd.Series | str | None = None,
    ignore: Iterable[str] = (),
    together: float = 0.3,
    min_people: int = MIN_PEOPLE,
    level: float = 0.95,
) -> pd.DataFrame:
    """Themes of a period, by how far people write of them more or less than in a base period (화제와 핵심어성).

    Words (and phrases: neighbours that stick together) of both periods are linked by normalised pointwise mutual
    information within mentions, one voice a person (`linking`), and merged by average linkage. A theme's
    people are all who used any of its words. `g2` is the log-likelihood ratio of the two-by-two table of people
    (Dunning 1993, Computational Linguistics 19(1); Rayson & Garside 2000), `log_ratio` the binary logarithm of the
    ratio of shares (Hardie 2014; 1 = twice the share) with half a person added throughout, so that 0 is no obstacle,
    and Walter's interval (1975, Biometrika 62(2)). `q` is the false discovery rate at which a theme would be called
    different (Benjamini & Hochberg 1995, JRSS B 57(1)), over all themes of five people in both periods together. Its
    p-values are Fisher's exact ones, as those of `g2` are far too small for the few: 5 people against 0 give .009
    where chance gives .06.

    It does not tell why people write of it, nor of those who do not write. People who write in both periods count in
    each, so they are no independent samples; that makes `q` careful. Themes searched for by their change week after
    week need a correction over the weeks too.

    Parameters
    ----------
    mentions, base : `mentions` tables, with author_key and text, and created_at where there is one.
    sentiment : -1..1 for each mention, a Series in the same order or the name of a column.
    ignore : words that say nothing here, such as the brand's name, as they are written.
    together : how close the words of a theme must be, NPMI: 0 = independent, 1 = never one without the other.
    min_people : themes of fewer people now are not shown.
    level : two-sided confidence level of low to high, 0..1.

    Returns
    -------
    DataFrame
        A row a theme, the most surprising first: theme (its top words), words (all, by ", "), people, mentions,
        base_people, per_1000 and base_per_1000 (people per 1,000 who wrote), g2, log_ratio, low, high, q, sentiment
        (mean over people of their own mean) where given, first_seen (in either period). `attrs` counts: n_people,
        n_base_people, n_no_text, n_no_author, n_suppressed (themes of five people in all, but fewer now), n_left_out
        (candidate words beyond the `linking.MAX_WORDS` most used).
    """
    both = _read(mentions, base, sentiment)
    table = _table(both, ignore=ignore, together=together, min_people=min_people)
    table = table.join(_contrast(table, both, level))
    return _shown(table.sort_values(["q", "g2", "theme"], ascending=[True, False, True]), both, min_people)


def questions(
    mentions: pd.DataFrame,
    asks: pd.Series,
    *,
    sentiment: pd.Series | str | None = None,
    ignore: Iterable[str] = (),
    together: float = 0.3,
    min_people: int = MIN_PEOPLE,
    level: float = 0.95,
) -> pd.DataFrame:
    """What people ask most: the themes of questions, by how many people ask (가장 많이 묻는 것, S0.10).

    Parameters
    ----------
    mentions : `mentions`, as in `themes`; asks : True for each that asks, in the same order; missing is no.

    Returns
    -------
    DataFrame
        A row a theme, the most asked first: theme, words, people, mentions, per_1000_askers, low and
        high (the same; Wilson), sentiment where given, first_seen; `attrs` as in `themes`.

    Raises
    ------
    ValueError
        If `asks` has another length than `mentions`.
    """
    if len(asks) != len(mentions):
        raise ValueError(f"asks must have a value for each of {len(mentions)} mentions, not {len(asks)}")
    asking = mentions.assign(**_scores(mentions, sentiment))[asks.fillna(False).to_numpy(bool)]
    both = _read(asking, asking.iloc[:0], "_score" if sentiment is not None else None)
    table = _table(both, ignore=ignore, together=together, min_people=min_people)
    low, high = wilson(table["people"].to_numpy(float) / both.n_people, both.n_people, z_value(level))
    table = table.drop(columns=["base_people", "base_per_1000"]).assign(low=1000 * low, high=1000 * high)
    table = table.rename(columns={"per_1000": "per_1000_askers"})
    return _shown(table.sort_values(["people", "theme"], ascending=[False, True]), both, min_people)


def assign_themes(texts: pd.Series, themes: pd.DataFrame) -> pd.DataFrame:
    """Find the themes that each text speaks of (글마다 화제 붙이기): any word of a theme is enough.

    Parameters
    ----------
    texts : text or missing; its index (such as mention_id, which must not repeat) comes back.
    themes : with theme and words, as `themes` or `questions` return, or made by hand.

    Returns
    -------
    DataFrame
        A row for each text and theme it speaks of, and one row with a missing theme for a text that speaks of none:
        mention_id (the index of `texts`), theme. So each text is there, and counts can be made against all.

    Raises
    ------
    ValueError
        If the index of `texts` repeats, or two themes have the same name.
    """
    for what, values in (("the index of texts", texts.index), ("theme", pd.Index(themes["theme"]))):
        if values.has_duplicates:
            raise ValueError(f"{what} must not repeat; first to do so: {values[values.duplicated()][0]!r}")
    rows, which = _rows_of(texts, [text.split(", ") for text in themes["words"]])
    nothing = np.setdiff1d(np.arange(len(texts)), rows)
    rows, which = np.append(rows, nothing), np.append(which, np.full(len(nothing), -1))
    order = np.lexsort((which, rows))
    names = pd.array([*themes["theme"], None], dtype="str")
    return pd.DataFrame({"mention_id": texts.index.to_numpy()[rows[order]], "theme": names[which[order]]})


def find_quotes(
    mentions: pd.DataFrame,
    words: Iterable[str] | str,
    *,
    n: int = 5,
    seed: int = 0,
    longest: int = 280,
    min_people: int = MIN_PEOPLE,
) -> pd.DataFrame:
    """Some texts that use any of the words, drawn at random, one a person (인용문 찾기).

    No other function of this module returns texts. Fewer than `min_people` people with these words: none is returned,
    for a single person could be told by it.

    Parameters
    ----------
    words : a theme's words, as a list or as in its column `words`; seed : the same gives the same quotes.
    longest : characters after which a text is cut.

    Returns
    -------
    DataFrame
        Rows of `mentions` without author_key, in order of time, texts as `tables.legible` has them;
        `attrs["n_people"]` counts those who used the words.
    """
    sought = words.split(", ") if isinstance(words, str) else list(words)
    rows, _ = _rows_of(mentions["text"], [sought])
    hits = mentions.iloc[np.unique(rows)]
    hits = hits[hits["author_key"].notna()]
    people = hits["author_key"].nunique()
    drawn = hits.sample(frac=1, random_state=seed).drop_duplicates("author_key").head(n if people >= min_people else 0)
    quotes = drawn.sort_values("created_at") if "created_at" in drawn else drawn.sort_index()
    quotes = quotes.drop(columns="author_key").reset_index(drop=True)
    quotes["text"] = quotes["text"].map(lambda text: legible(text, longest=longest))
    quotes.attrs = {"n_people": people}
    return quotes


# --- reading ---------------------------------------------------------------------------------------------------------


class _Read:
    """Both periods as numbers: `row`, `word` of `found`, and per text who wrote it, when, how, in which period."""

    def __init__(self, texts: pd.DataFrame, n_no_text: int, n_no_author: int, *, scored: bool) -> None:
        self.found: Words = words(texts["text"])
        self.author, _ = pd.factorize(texts["author_key"])
        self.now = texts["_now"].to_numpy(bool)
        self.time, self.score = texts["created_at"].reset_index(drop=True), texts["_score"].to_numpy(float)
        self.n_people, self.n_base_people = (len(np.unique(self.author[part])) for part in (self.now, ~self.now))
        self.left_out = {"n_no_text": n_no_text, "n_no_author": n_no_author}
        self.scored = scored


def _read(mentions: pd.DataFrame, base: pd.DataFrame, sentiment: pd.Series | str | None) -> _Read:
    for table in (mentions, base):
        lacking = [column for column in ("author_key", "text") if column not in table]
        if lacking:
            raise ValueError(f"mentions have no column {lacking[0]!r}; themes need author_key and text")
    parts = [mentions.assign(_now=True, **_scores(mentions, sentiment)), base.assign(_now=False, _score=math.nan)]
    parts = [part.reindex(columns=["author_key", "text", "created_at", "_now", "_score"]) for part in parts]
    texts = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    silent, nobody = texts["text"].isna(), texts["author_key"].isna()
    aside = int(silent.sum()), int((nobody & ~silent).sum())
    return _Read(texts[~silent & ~nobody], *aside, scored=sentiment is not None)


def _scores(mentions: pd.DataFrame, sentiment: pd.Series | str | None) -> dict[str, np.ndarray]:
    if sentiment is None:
        return {"_score": np.full(len(mentions), math.nan)}
    scores = mentions[sentiment] if isinstance(sentiment, str) else sentiment
    if len(scores) != len(mentions):
        raise ValueError(f"sentiment must have a value for each of {len(mentions)} mentions, not {len(scores)}")
    return {"_score": pd.to_numeric(scores).to_numpy(float, na_value=math.nan)}


def _rows_of(texts: pd.Series, groups: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return which texts (positions) use any word of which group."""
    sought = [(word, number) for number, group in enumerate(groups) for word in group]
    found = words(texts, known={part for word, _ in sought for part in word.split(" ")})
    n, code = len(found.vocabulary), {word: number for number, word in enumerate(found.vocabulary)}
    keys = [[code.get(part, -1) for part in word.split(" ")] for word, _ in sought]
    wanted = pd.DataFrame({"key": [_key(parts, n) for parts in keys], "group": [number for _, number in sought]})
    beside = (found.row[1:] == found.row[:-1]) & (np.diff(found.place) == 1)
    phrases = n + found.word[:-1][beside].astype(np.int64) * n + found.word[1:][beside]
    row, key = np.append(found.row, found.row[:-1][beside]), np.append(found.word, phrases)
    pairs = pd.DataFrame({"row": row, "key": key}).merge(wanted, on="key")[["row", "group"]].drop_duplicates()
    return pairs["row"].to_numpy(np.int64), pairs["group"].to_numpy(np.int64)


def _key(parts: list[int], n: int) -> int:
    """Return one number for a word, or for a phrase of two; -1 if a part of it is not there."""
    return -1 if min(parts) < 0 else parts[0] if len(parts) == 1 else n + parts[0] * n + parts[1]


# --- themes and their people --------------------------------------------------------------------------------------


def _table(both: _Read, *, ignore: Iterable[str], together: float, min_people: int) -> pd.DataFrame:
    """Return a row a theme of `min_people` people or more in both periods, shown or not, with what was counted."""
    names, row, code, n_left_out = candidates(both.found, both.author, ignore, min_people)
    users = people(both.author[row], code, len(names))
    groups = merged(links(row, code, both.author, len(names)), len(names), 1 - together)
    both.left_out["n_left_out"] = n_left_out
    hits = pd.DataFrame({"row": row, "group": groups[code]}).drop_duplicates()
    counted = _counted(hits.assign(author=both.author[hits["row"]], now=both.now[hits["row"]]), both)
    used = pd.DataFrame({"name": names, "users": users, "group": groups})
    ordered = used.sort_values(["users", "name"], ascending=[False, True])
    listed = ordered.groupby("group")["name"].agg(theme=_label, words=", ".join)
    return listed.join(counted).reset_index(drop=True)


def _label(names: pd.Series) -> str:
    """Return up to three words of a theme, the most used first; a phrase stands for its words."""
    chosen = list(names[:4])
    parts = {part for name in chosen if " " in name for part in name.split(" ")}
    return " · ".join([name for name in chosen if name not in parts][:3])


# --- counting people -------------------------------------------------------------------------------------------------


def _counted(hits: pd.DataFrame, both: _Read) -> pd.DataFrame:
    """Return per group of words: people, mentions and sentiment now, people before, first seen."""
    now, before = hits[hits["now"]], hits[~hits["now"]]
    by_person = now.assign(score=both.score[now["row"]]).groupby(["group", "author"])["score"].mean()
    table = pd.DataFrame(index=pd.RangeIndex(hits["group"].max() + 1 if len(hits) else 0, name="group"))
    counts = {
        "people": now.groupby("group")["author"].nunique(),
        "mentions": now.groupby("group").size(),
        "base_people": before.groupby("group")["author"].nunique(),
    }
    table = table.assign(**{name: count.reindex(table.index, fill_value=0) for name, count in counts.items()})
    table["per_1000"] = 1000 * table["people"] / (both.n_people or math.nan)
    table["base_per_1000"] = 1000 * table["base_people"] / (both.n_base_people or math.nan)
    table["sentiment"] = by_person.groupby("group").mean()
    times = both.time.iloc[hits["row"]].set_axis(hits["group"])
    return table.assign(first_seen=times.groupby(level=0).min())


def _contrast(table: pd.DataFrame, both: _Read, level: float) -> pd.DataFrame:
    """Return g2, log ratio with interval, and false discovery rate of people now against people before."""
    from scipy.stats import false_discovery_control, hypergeom

    a, b = (table[name].to_numpy(float) for name in ("people", "base_people"))
    n, m = both.n_people, both.n_base_people
    if not (n and m and len(table)):
        return pd.DataFrame(math.nan, index=table.index, columns=_CONTRAST)
    estimate = np.log2((a + 0.5) / (n + 0.5) * (m + 0.5) / (b + 0.5))
    error = np.sqrt(1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5)) / math.log(2)
    half = z_value(level) * error
    chance = hypergeom(n + m, (a + b).astype(int), n)
    p = np.minimum(2 * np.minimum(chance.cdf(a), chance.sf(a - 1)), 1.0)
    values = [_g2(a, b, n, m), estimate, estimate - half, estimate + half, false_discovery_control(p)]
    return pd.DataFrame(dict(zip(_CONTRAST, values, strict=True)), index=table.index)


def _g2(a: np.ndarray, b: np.ndarray, n: int, m: int) -> np.ndarray:
    """Log-likelihood ratio of a of n against b of m (Dunning 1993)."""
    from scipy.special import xlogy

    observed = np.array([a, b, n - a, m - b])
    expected = np.array([(a + b) * n, (a + b) * m, (n + m - a - b) * n, (n + m - a - b) * m]) / (n + m)
    return 2 * xlogy(observed, observed / np.where(expected > 0, expected, 1)).sum(axis=0)


def _shown(table: pd.DataFrame, both: _Read, min_people: int) -> pd.DataFrame:
    """Return the themes of enough people now, columns in order, with what was set aside in `attrs`."""
    order = [*_COLUMNS, *_CONTRAST, "sentiment", "first_seen"]
    unknown = [] if both.scored else ["sentiment"]
    shown = table[table["people"] >= min_people].reset_index(drop=True)
    shown = shown[[name for name in order if name in shown and name not in unknown]]
    counts = {"n_people": both.n_people, "n_base_people": both.n_base_people, **both.left_out}
    shown.attrs = {**counts, "n_suppressed": len(table) - len(shown)}
    return shown
