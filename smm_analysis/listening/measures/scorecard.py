"""The weekly scorecard (주간 성적표): net sentiment, advocacy and what else a week of mentions tells (S4.8, S0.1).

What counts is what others say: mentions that the brand or its staff wrote are never in a measure, but as answers. Who
writes ten times is one person, not ten: every interval takes mentions of one author as a cluster. Each measure has its
n, and what could not be counted (no text, no score, not watched long enough) is counted apart.

| measure | of | what |
|---|---|---|
| net_sentiment | mentions with a score | mean score, -1..1 |
| net_positive | mentions with a score | share positive minus share negative, -1..1 |
| advocacy | mentions with text | share by which a customer helps another, or stands up for the brand |
| complaint | mentions with text | share that complains |
| answered | mentions that ask or complain, watched for `within` | share with an answer by the brand in that time |
| voice | mentions of all brands in the table | share of this brand |
| hand_off | cases | share answered in time: `hand_off_rows` puts `handoff_by`'s weeks under the others |

>>> day = pd.Timestamp("2026-03-04", tz="Asia/Seoul")
>>> mentions = pd.DataFrame({"mention_id": list("abcdef"), "brand": "mirae", "created_at": day,
...     "author_key": ["p", "q", "r", "s", "t", "firm"], "author_role": ["customer"] * 5 + ["brand"],
...     "text": ["언제 오나요?", "고장 났어요", "설정에서 바꾸시면 돼요", "예뻐요", None, "확인해 드리겠습니다"],
...     "parent_id": [None, None, "a", None, None, "b"]})
>>> card = weekly_scorecard(mentions, observed_until="2026-03-06", smallest=4)
>>> card[["measure", "n", "people", "n_left_out", "estimate", "low", "high"]].round(2).iloc[2:5].reset_index(drop=True)
     measure  n  people  n_left_out  estimate   low  high
0   advocacy  4       4           1      0.25  0.02  0.84
1  complaint  4       4           1      0.25  0.02  0.84
2   answered  2       2           1       NaN   NaN   NaN

One text of four helps another customer. Two ask or complain; the brand answered one, but two people say too little:

>>> card.loc[4, "reason_en"]
'Too few people wrote (2); rates are shown from 4 on.'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays
from smm_analysis.terms import LANGS, SMALLEST_GROUP, Lang, reason

from .clusters import Clustered, clustered, correlations, difference_interval, mean_interval, share_interval
from .facts import Facts, facts_of
from .weeks import end_of, monday, positive_wait, zoned

if TYPE_CHECKING:
    from typing import Protocol

    class Level(Protocol):
        """A result with its interval, such as `smm_analysis.handoff.HandoffLevel`."""

        estimate: float
        low: float
        high: float
        n: int
        reason: Mapping[Lang, str]


MEASURES = ("net_sentiment", "net_positive", "advocacy", "complaint", "answered", "voice")
_MEANS = ("net_sentiment", "net_positive")  # -1..1; all others are shares
_NUMBERS = ["n", "people", "n_left_out", "estimate", "low", "high"]
_REASONS = ["reason_en", "reason_ko"]
_WEEKLY = ["brand", "week", "measure", *_NUMBERS, *_REASONS]
_BASE = ["base", "base_low", "base_high", "n_base", "change", "change_low", "change_high"]
_SUMMARY = ["brand", "measure", *_NUMBERS, *_BASE, *_REASONS]


def weekly_scorecard(
    mentions: pd.DataFrame,
    *,
    brand: str | None = None,
    observed_until: pd.Timestamp | str,
    sentiment: pd.Series | str | None = None,
    talk: pd.DataFrame | None = None,
    names: Mapping[str, Iterable[str]] | None = None,
    within: str | pd.Timedelta = "24h",
    level: float = 0.95,
    smallest: int = SMALLEST_GROUP,
    neutral: float = 0.05,
) -> pd.DataFrame:
    """Measures of listening by week, each with n and interval (주간 경청 성적표, S4.8, S0.1).

    Intervals take an author's mentions as one cluster: Wilson's for shares, Student's for means (`clusters` says how).
    They tell how sure the week's *rate of this kind of talk as flagged* is, had other people spoken up; not how well
    texts are read (`flag_talk`), nor how those feel who say nothing.

    Parameters
    ----------
    mentions : the `mentions` table, with all brands there are: share of voice needs the competitors' too.
    brand : show only this one; all if left out.
    observed_until : when the data end; a naive one is read in the mentions' timezone. The last week may be a part.
    sentiment : a score a mention, -1..1, NaN without text, as `score_sentiment(mentions["text"])` gives; or "supplier"
        for the table's own column. Left out, the two measures of sentiment say so.
    talk : what `flag_talk` said of the texts, if it is at hand.
    names : what each brand is called in texts; its key if left out (see `advocates`).
    within : how soon an answer must come; > 0. An answer dated before its mention counts as at once.
    level : two-sided confidence level, 0..1.
    smallest : with fewer people than this, a week keeps its counts but gets NaN and a reason; at least 2.
    neutral : scores up to this size are neither positive nor negative (.05 as in Hutto & Gilbert 2014).

    Returns
    -------
    DataFrame
        A row a brand, week (its Monday) and measure of `MEASURES`: brand, week, measure, n, people, n_left_out,
        estimate, low, high, reason_en, reason_ko (empty where there is an estimate). Weeks without mentions are there.

    Raises
    ------
    ValueError
        If a column is missing, a mention_id comes twice, a time is missing, is after `observed_until` or lacks or has a
        timezone against it, or the brand is unknown.
    """
    until, wait = end_of(observed_until, mentions), positive_wait(within)
    options = {"sentiment": sentiment, "talk": talk, "names": names, "neutral": neutral}
    facts = facts_of(mentions, until=until, within=wait, **options)
    weeks = mondays(mentions["created_at"])
    first = weeks.min() if len(weeks) else monday(until)
    period = ((weeks - first) // pd.Timedelta(weeks=1)).to_numpy(int)
    n_weeks = int((monday(until) - first) // pd.Timedelta(weeks=1)) + 1
    card = _card(mentions, facts, period, n_weeks, _Rule(level, smallest, wait)).table
    card.insert(1, "week", first + pd.to_timedelta(card.pop("period") * 7, unit="D"))
    return _of_brand(card, brand)[_WEEKLY]


def period_summary(
    mentions: pd.DataFrame,
    *,
    since: pd.Timestamp | str,
    observed_until: pd.Timestamp | str,
    base_since: pd.Timestamp | str | None = None,
    brand: str | None = None,
    sentiment: pd.Series | str | None = None,
    talk: pd.DataFrame | None = None,
    names: Mapping[str, Iterable[str]] | None = None,
    within: str | pd.Timedelta = "24h",
    level: float = 0.95,
    smallest: int = SMALLEST_GROUP,
    neutral: float = 0.05,
) -> pd.DataFrame:
    """Measures of a whole period, and how they changed since the one before (기간 요약과 변화, S4.8).

    The change is now minus base, with MOVER's interval; people who wrote in both periods are taken into account.

    Parameters
    ----------
    since : begin of the period, which ends with `observed_until`.
    base_since : begin of the base period, which ends where the period begins; as long as the period if left out.
        Mentions before it are not looked at, but for the mention that a reply answers.
    others : as in `weekly_scorecard`.

    Returns
    -------
    DataFrame
        A row a brand and measure: brand, measure, n, people, n_left_out, estimate, low, high, base, base_low,
        base_high, n_base, change, change_low, change_high (now minus base), reason_en, reason_ko.
    """
    until, wait = end_of(observed_until, mentions), positive_wait(within)
    start = zoned(since, mentions, "since")
    base = start - (until - start) if base_since is None else zoned(base_since, mentions, "base_since")
    if not base < start < until:
        raise ValueError(f"base_since, since and observed_until must follow each other, not {base}, {start}, {until}")
    options = {"sentiment": sentiment, "talk": talk, "names": names, "neutral": neutral}
    facts = facts_of(mentions, until=until, within=wait, **options)
    at = mentions["created_at"]
    period = np.where(at >= start, 0, np.where(at >= base, 1, -1))
    found = _card(mentions, facts, period, 2, _Rule(level, smallest, wait))
    return _of_brand(_changes(found), brand)[_SUMMARY]


def hand_off_rows(levels: pd.DataFrame, *, brand: str) -> pd.DataFrame:
    """Return a brand's hand-off levels as rows of the scorecard (핸드오프 행, S4.8).

    `levels` is what `smm_analysis.handoff.handoff_by(cases, "week", ...)` gives for that brand's cases. Put them under
    the others with ``pd.concat([card, hand_off_rows(levels, brand="mirae")])``. `n` counts cases; there are no people.
    """
    rows = levels.rename(columns={"rate": "estimate"})
    rows = rows.assign(brand=brand, measure="hand_off", people=np.nan, n_left_out=0)
    return rows[_WEEKLY]


def hand_off_summary(now: Level, base: Level, *, brand: str) -> pd.DataFrame:
    """Return the hand-off level of two periods as a row of `period_summary` (핸드오프 요약 행, S4.8).

    `now`, `base` are what `smm_analysis.handoff.handoff_level(cases, ...)` gives for the cases opened in each.
    """
    pair = [pd.DataFrame({name: [getattr(x, name)] for name in ("estimate", "low", "high", "n")}) for x in (now, base)]
    row = _beside(*pair, np.zeros(1))
    why = {f"reason_{lang}": now.reason.get(lang, "") or base.reason.get(lang, "") for lang in LANGS}
    return row.assign(brand=brand, measure="hand_off", people=np.nan, n_left_out=0, **why)[_SUMMARY]


# --- summing up ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rule:
    """How rows are shown."""

    level: float
    smallest: int
    within: pd.Timedelta

    def __post_init__(self) -> None:
        if self.smallest < 2:
            raise ValueError(f"smallest must be 2 people or more, not {self.smallest!r}: one alone makes no interval")


@dataclass(frozen=True)
class _Card:
    """`table` has a row a brand, period and measure; `cells` by measure say who moved what."""

    table: pd.DataFrame
    cells: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class _Groups:
    """Which brand (`code`, in `names`) and which period each mention belongs to, from 0; -1 is none."""

    names: pd.Index
    code: np.ndarray
    period: np.ndarray
    n_periods: int

    @property
    def used(self) -> np.ndarray:
        """Mentions of a brand in a period."""
        return (self.period >= 0) & (self.code >= 0)

    @property
    def number(self) -> np.ndarray:
        """The group of each mention: its brand and period together."""
        return self.code * self.n_periods + self.period


def _card(mentions: pd.DataFrame, facts: Facts, period: np.ndarray, n_periods: int, rule: _Rule) -> _Card:
    """Sum facts up by brand and period; rows of period -1 are left alone."""
    code, names = pd.factorize(mentions["brand"], sort=True)
    groups = _Groups(names, code, period, n_periods)
    n_groups = len(names) * n_periods
    parts, cells = [], {}
    for measure in MEASURES[:-1]:
        use = facts.applies[measure] & groups.used
        value, who, where = facts.known[measure][use], facts.links.person[use], groups.number[use]
        known = ~np.isnan(value)
        sums = clustered(value[known], where[known], who[known], n_groups)
        left_out = np.bincount(where[~known], minlength=n_groups)
        parts.append(_shown(sums, measure, left_out, facts.missing.get(measure), rule))
        cells[measure] = sums.cells
    voice, cells["voice"] = _voice(facts, groups, rule)
    table = pd.concat([*parts, voice])
    table["brand"], table["period"] = names.to_numpy(object)[table.index // n_periods], table.index % n_periods
    return _Card(table.sort_index(kind="stable").reset_index(drop=True), cells)


def _voice(facts: Facts, groups: _Groups, rule: _Rule) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Share of voice: each brand's part of what others say about any of them."""
    use, n_periods = ~facts.links.firm & groups.used, groups.n_periods
    why = "one_brand" if len(groups.names) == 1 else None
    nobody = np.zeros(n_periods, int)
    parts, cells = [], []
    for brand in range(len(groups.names)):
        mine = (groups.code[use] == brand).astype(float)
        sums = clustered(mine, groups.period[use], facts.links.person[use], n_periods)
        shown = _shown(sums, "voice", nobody, why, rule)
        parts.append(shown.set_index(shown.index + brand * n_periods))
        cells.append(sums.cells.assign(group=sums.cells["group"] + brand * n_periods))
    return (pd.concat(parts), pd.concat(cells)) if parts else _no_voice()


def _no_voice() -> tuple[pd.DataFrame, pd.DataFrame]:
    table = pd.DataFrame(columns=["measure", *_NUMBERS, *_REASONS], index=pd.RangeIndex(0))
    return table, pd.DataFrame({"group": [], "person": [], "pull": []})


def _shown(sums: Clustered, measure: str, left_out: np.ndarray, why: str | None, rule: _Rule) -> pd.DataFrame:
    """Return a row a group: the estimate with its interval, or the reason why there is none."""
    table = sums.table
    ends = mean_interval(table, rule.level) if measure in _MEANS else share_interval(table, rule.level)
    shown = table[["n", "people"]].assign(measure=measure, n_left_out=left_out, estimate=table["estimate"])
    shown["low"], shown["high"] = ends
    hidden = (shown["people"] < rule.smallest).to_numpy() | (why is not None)
    shown.loc[hidden, ["estimate", "low", "high"]] = np.nan
    nothing = dict.fromkeys(LANGS, "")
    counts = zip(shown["n"], shown["people"], left_out, hidden, strict=True)
    told = [_why(n, people, out, measure, why, rule) if no else nothing for n, people, out, no in counts]
    for lang in LANGS:
        shown[f"reason_{lang}"] = [words[lang] for words in told]
    return shown


def _why(n: int, people: int, left_out: int, measure: str, why: str | None, rule: _Rule) -> dict[Lang, str]:
    """Return why a group has no estimate, the most basic reason first."""
    if why:
        return reason(why)
    if n:
        return reason("few_people", n=people, needed=rule.smallest)
    if measure == "answered" and left_out:
        return reason("none_watched", n=left_out, within=rule.within / pd.Timedelta(hours=1))
    if measure == "answered":
        return reason("nobody_asked")
    return reason("none_readable", n=left_out) if left_out else reason("no_mentions")


def _changes(card: _Card) -> pd.DataFrame:
    """Set the two periods of each brand and measure side by side: 0 is now, 1 the base."""
    now, base = (card.table[card.table["period"] == period].reset_index(drop=True) for period in (0, 1))
    together = np.zeros(len(now))
    for measure, cells in card.cells.items():
        rows = (now["measure"] == measure).to_numpy()
        together[rows] = correlations(cells, rows.sum())
    kept = ["brand", "measure", "people", "n_left_out"]
    lacking, base_lacks = reason("no_base"), (now["reason_en"] == "") & base["estimate"].isna()
    why = {f"reason_{lang}": now[f"reason_{lang}"].mask(base_lacks, lacking[lang]) for lang in LANGS}
    return _beside(now, base, together).assign(**{name: now[name] for name in kept}, **why)


def _beside(now: pd.DataFrame, base: pd.DataFrame, together: np.ndarray) -> pd.DataFrame:
    """Return now, base and their difference."""
    row = now[["n", "estimate", "low", "high"]].copy()
    row["base"], row["base_low"], row["base_high"] = base["estimate"], base["low"], base["high"]
    row["n_base"], row["change"] = base["n"], now["estimate"] - base["estimate"]
    row["change_low"], row["change_high"] = difference_interval(now, base, together)
    return row


def _of_brand(table: pd.DataFrame, brand: str | None) -> pd.DataFrame:
    if brand is None:
        return table
    if brand not in set(table["brand"]):
        raise ValueError(f"brand must be one of {', '.join(map(repr, sorted(set(table['brand']))))}, not {brand!r}")
    return table[table["brand"] == brand].reset_index(drop=True)
