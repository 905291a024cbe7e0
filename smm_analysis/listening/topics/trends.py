"""Trend watch (추세 감시): which themes are rising now, at a false discovery rate over all themes that are watched.

Who looks at every theme will always see one rise. Here a theme's people of the last weeks are held against those of the
weeks before, and the p-values of all themes, and of every look that shares the rate, go into one procedure (Benjamini &
Hochberg 1995, JRSS B 57(1); looks that overlap depend positively, where it holds: Benjamini & Yekutieli 2001, Annals of
Statistics 29(4)). So of the rises called emerging no more than the rate asked for are chance, on average.

People do not write independently: a theme has its loud weeks. How much more it moves from week to week than chance
would (overdispersion) makes every count worth less by that factor. The naive reading takes each count at its face value
and each theme for the only one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value
from smm_analysis.terms import LANGS, Lang, reason

from .themes import MIN_PEOPLE, assign_themes, themes

FEWEST_WEEKS = 12  # to know how loud weeks differ
_WEEK = pd.Timedelta(weeks=1)


@dataclass(frozen=True)
class Trends:
    """Themes that are rising (떠오르는 화제).

    `themes` : a row a theme of five people or more now, the surest first: theme, words, people (person-weeks: who wrote
    of it in the last weeks, each week apart), expected_people (were it as loud as before), times_as_before with low and
    high, q (the false discovery rate at which it would be called), emerging (q at most `fdr`), naive_p (chance at face
    value, this theme and week alone), first_seen_rising (the earliest look, by its last day, at which it was called).
    `n_themes` : themes watched, shown or not; `n_weeks` : weeks with mentions read. `dispersion` : how many times as
    much weeks differ as chance makes them, 1 or more. `reason` : why nothing can be told, in each language.
    """

    themes: pd.DataFrame = field(repr=False, compare=False)
    n_themes: int
    n_weeks: int
    dispersion: float
    fdr: float
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def summary(self) -> pd.DataFrame:
        """Return one row: n_themes, n_trend_weeks, dispersion, n_emerging, reason_en, reason_ko."""
        row = {"n_themes": self.n_themes, "n_trend_weeks": self.n_weeks, "dispersion": self.dispersion}
        told = {f"reason_{lang}": self.reason.get(lang, "") for lang in LANGS}
        return pd.DataFrame([row | {"n_emerging": int(self.themes["emerging"].sum())} | told])

    def table(self) -> pd.DataFrame:
        """Return the number of emerging themes: measure, estimate, low, high (a count has none), n, and the reasons."""
        row = self.summary().iloc[0]
        count = math.nan if self.reason else float(row["n_emerging"])
        ends = {"measure": "n_emerging", "estimate": count, "low": math.nan, "high": math.nan, "n": self.n_themes}
        return pd.DataFrame([ends | row[["reason_en", "reason_ko"]].to_dict()])


def emerging_themes(
    mentions: pd.DataFrame,
    *,
    observed_until: pd.Timestamp | str,
    weeks: int = 52,
    recent: int = 4,
    looks: int = 1,
    fdr: float = 0.10,
    level: float = 0.90,
    ignore: Iterable[str] = (),
) -> Trends:
    """Return the themes that people write of more than before, watched over weeks (떠오르는 화제, S4.11).

    Themes are made of all weeks together (`themes`), so that none is chosen because it rises. A person counts once a
    week and theme. What is expected is the theme's share, in the weeks before, of all who wrote.

    Parameters
    ----------
    mentions : `mentions` of others than the brand, with author_key, text, created_at.
    observed_until : the end of the last week.
    weeks : how far back; recent : how many weeks are now.
    looks : at how many weeks' ends one looks under one rate, the last one among them. Who reports every week and wants
        the rate to hold over eight reports together asks for 8, and finds fewer.
    fdr : share of false ones among those called emerging, 0..1.
    level : two-sided, of the intervals, 0..1.
    ignore : words that say nothing here, such as the brand's name.

    Raises
    ------
    ValueError
        A missing column, rates out of range, no week before the first look.
    """
    if not (0 < fdr < 1 and 0 < level < 1):
        raise ValueError(f"fdr and level must lie between 0 and 1, not {fdr} and {level}")
    if recent < 1 or looks < 1 or weeks < recent + looks:
        raise ValueError(f"weeks ({weeks}) must hold recent ({recent}) and looks ({looks}), each 1 or more")
    if lacking := [column for column in ("author_key", "text", "created_at") if column not in mentions]:
        raise ValueError(f"mentions has no column {', '.join(map(repr, lacking))}; it has {', '.join(mentions)}")
    end = pd.Timestamp(observed_until)
    said = _said(mentions, end, weeks, ignore)
    needed = max(FEWEST_WEEKS, recent + looks)
    if said.watched < needed or said.found.empty:
        why = reason("few_trend_weeks", weeks=said.watched, needed=needed, n=len(said.found))
        return Trends(_no_themes(), len(said.found), said.watched, np.nan, fdr, why)
    noise = dispersion(said.people, said.writers, last=said.watched - recent)
    table = _table(said, noise, end, recent=recent, looks=looks, fdr=fdr, level=level)
    shown = table["distinct"] >= MIN_PEOPLE
    kept = table.loc[shown, _COLUMNS].sort_values(["q", "naive_p", "theme"], ignore_index=True)
    return Trends(kept, len(said.found), said.watched, float(noise.min()), fdr)


_COLUMNS = [
    *("theme", "words", "people", "expected_people", "times_as_before", "low", "high"),
    *("q", "emerging", "naive_p", "first_seen_rising"),
]


def _no_themes() -> pd.DataFrame:
    kinds = dict.fromkeys(_COLUMNS, "float") | {"theme": "str", "words": "str", "people": "int", "emerging": "bool"}
    return pd.DataFrame(columns=_COLUMNS).astype(kinds | {"first_seen_rising": "datetime64[us]"})


class _Said(NamedTuple):
    """Who wrote of what in which week, 0 the first with a mention; a person once a week and theme.

    `rows` : week, author_key, theme (its row in `found`). `people` : shape (themes, weeks), `writers` : (weeks,).
    """

    found: pd.DataFrame
    rows: pd.DataFrame
    people: np.ndarray
    writers: np.ndarray

    @property
    def watched(self) -> int:
        return len(self.writers)


def _said(mentions: pd.DataFrame, end: pd.Timestamp, weeks: int, ignore: Iterable[str]) -> _Said:
    """Read the mentions of the last weeks."""
    mentions = mentions.reset_index(drop=True)
    ago = (end - mentions["created_at"]) // _WEEK
    told = mentions[mentions["author_key"].notna() & mentions["text"].notna() & (ago >= 0) & (ago < weeks)]
    found = themes(told, base=told.iloc[:0], ignore=ignore)[["theme", "words"]]
    ago = ago[told.index].to_numpy(int)
    watched = int(ago.max()) + 1 if len(ago) else 0
    wrote = pd.DataFrame({"week": watched - 1 - ago, "author_key": told["author_key"].to_numpy()})
    of = assign_themes(told["text"].reset_index(drop=True), found).dropna()
    rows = wrote.iloc[of["mention_id"]].assign(theme=pd.Index(found["theme"]).get_indexer(of["theme"]))
    rows = rows.drop_duplicates()
    people = np.bincount(rows["theme"] * watched + rows["week"], minlength=len(found) * watched)
    writers = np.bincount(wrote.drop_duplicates()["week"], minlength=watched)
    return _Said(found, rows, people.reshape(len(found), watched).astype(float), writers.astype(float))


def _table(said: _Said, noise: np.ndarray, end: pd.Timestamp, **asked: float) -> pd.DataFrame:
    """Hold the last weeks of every look against the weeks before; `distinct` counts people now, each once."""
    from scipy.stats import false_discovery_control

    recent, fdr = asked["recent"], asked["fdr"]
    at = said.watched - np.arange(asked["looks"])[::-1]
    p = np.array([rise_chance(*_windows(said, last, recent), noise) for last in at])
    q = false_discovery_control(p.ravel()).reshape(p.shape)  # all looks and themes in one
    now, before, n_now, n_before = _windows(said, said.watched, recent)
    table = said.found.assign(people=now.astype(int), expected_people=before * n_now / n_before, q=q[-1])
    table = table.join(_times(now, before, n_now / n_before, noise, asked["level"]))
    distinct = said.rows[said.rows["week"] >= said.watched - recent].groupby("theme")["author_key"].nunique()
    days = end.tz_localize(None).normalize() - pd.to_timedelta(7 * (said.watched - at), unit="D")
    called = pd.Series(days[(q <= fdr).argmax(axis=0)]).where((q <= fdr).any(axis=0))
    return table.assign(
        emerging=q[-1] <= fdr,
        naive_p=rise_chance(now, before, n_now, n_before, 1.0),
        first_seen_rising=called,
        distinct=distinct.reindex(table.index, fill_value=0),
    )


def _windows(said: _Said, last: int, recent: int) -> tuple:
    """Return people of each theme in the weeks up to `last` and before them, and all who wrote then."""
    start = last - recent
    n_now, n_before = said.writers[start:last].sum(), said.writers[:start].sum()
    return said.people[:, start:last].sum(axis=1), said.people[:, :start].sum(axis=1), n_now, n_before


def dispersion(people: np.ndarray, writers: np.ndarray, *, last: int) -> np.ndarray:
    """Return how many times as much a theme differs between the weeks before `last` as chance makes it, 1 or more.

    Pearson's statistic over its degrees of freedom (McCullagh & Nelder 1989, section 4.5), of all themes together or of
    the theme alone, whichever is more; shape (themes,).
    """
    share = people[:, :last].sum(axis=1, keepdims=True) / max(writers[:last].sum(), 1)
    expected = share * writers[:last]
    used = (expected > 0) & (share < 1)
    variance = np.where(used, expected * (1 - share), 1.0)
    pearson = np.where(used, (people[:, :last] - expected) ** 2 / variance, 0.0).sum(axis=1)
    freedom = np.maximum(used.sum(axis=1) - 1, 0)
    together = pearson.sum() / max(freedom.sum(), 1)
    return np.maximum(pearson / np.maximum(freedom, 1), max(together, 1.0))


def rise_chance(
    now: np.ndarray, before: np.ndarray, n_now: float, n_before: float, worth: float | np.ndarray
) -> np.ndarray:
    """Return how likely so many people now, or more, are by chance, given all of now and before; shape (themes,).

    Conditional on the sum a count of now is binomial (Przyborowski & Wilenski 1940, Biometrika 31(3-4)); `worth` times
    as much variance makes each person worth so much less. The tail is taken as the incomplete beta function, which
    knows counts that are not whole.

    >>> rise_chance(np.array([8.0, 2.0]), np.array([8.0, 8.0]), 100, 400, 1.0).round(3).tolist()
    [0.007, 0.624]
    """
    from scipy.special import betainc

    share = n_now / max(n_now + n_before, 1e-12)
    a, b = now / worth, before / worth
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = betainc(np.maximum(a, 1e-12), b + 1, share)
    return np.where(a > 0, chance, 1.0)


def _times(now: np.ndarray, before: np.ndarray, exposure: float, worth: np.ndarray, level: float) -> pd.DataFrame:
    """Return how many times as many people as before, with its interval; half a person is added throughout."""
    ratio = (now + 0.5) / (before + 0.5) / exposure
    error = np.sqrt(worth * (1 / (now + 0.5) + 1 / (before + 0.5)))
    far = np.exp(z_value(level) * error)
    return pd.DataFrame({"times_as_before": ratio, "low": ratio / far, "high": ratio * far})
