"""How many themes are heard (주제 풍부도), and how many mentions find as many as a focus group (FGI, S2.1).

Themes in mentions are counted as species in samples: the curve of themes found by n mentions drawn at random from those
there are is exact (rarefaction); up to twice as many it is continued by the themes seen once and twice; and so is the
number of themes not yet heard (Chao 1987, Biometrics 43(4)).

>>> rows = [("m1", "p", "delivery"), ("m2", "p", "delivery"), ("m3", "q", "price"), ("m4", "r", None)]
>>> found = pd.DataFrame(rows, columns=["mention_id", "author_key", "theme"])
>>> themes_found(found)[["n", "themes"]].head(4).round(2).to_dict("list")
{'n': [1, 2, 3, 4], 'themes': [0.75, 1.33, 1.75, 2.0]}

Two mentions of the four hold 1.33 themes on average: of six pairs three miss price, and one misses delivery.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value
from smm_analysis.terms import Lang, reason

from .rarefaction import curve, sizes_for, unheard, unheard_variance, variance

By = Literal["mention", "author"]

GROUP_SHARE = 0.6  # of all themes, found by one focus group: see `compare_with_group`
SHARE_RANGE = (0.4, 0.8)
MIN_THEMES = 10  # of fewer, a group's share is a matter of single themes
MIN_WRITERS = 30  # fewer authors make no bootstrap over authors
READINGS = ("authors", "published", "published_low", "published_high")
_COLUMNS = ["reading", "themes_in_group", "difference", "low", "high", "n_equal", "n_equal_low", "n_equal_high"]
_UNITS = {"mention": "mention_id", "author": "author_key"}
_POINTS = 60  # sizes at which a curve is given


@dataclass(frozen=True)
class TotalThemes:
    """How many themes there are, heard or not (전체 주제 수): at least `estimate`, interval `low` to `high`.

    Of `n_seen` themes in `n` people's (or mentions') words, `n_once` were seen once and `n_twice` twice.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    n_seen: int
    n_once: int
    n_twice: int
    reason: Mapping[Lang, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupComparison:
    """Themes found by mentions against a focus group of a few people (언급과 FGI 비교, S2.1); numbers of themes.

    `estimate` = `themes_in_mentions` (in `n_mentions`) - `themes_in_group`, `low` to `high` its interval. `n_equal`
    mentions find as many as the group; inf: more than twice those there are. `n` mentions of `n_people` people were
    looked at. `table` has a row a reading of what a group finds: reading, themes_in_group, difference, low, high,
    n_equal, n_equal_low, n_equal_high. Where the data cannot tell, numbers are NaN and `reason` says why.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    n_people: int
    n_mentions: int
    themes_in_mentions: float
    themes_in_group: float
    themes_total: float
    n_equal: float
    n_equal_low: float
    n_equal_high: float
    table: pd.DataFrame = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    @property
    def would_decide(self) -> Mapping[Lang, str]:
        """What would decide, in each language: how many mentions, not how much less noise."""
        if not math.isfinite(self.n_equal_high):
            return {}
        ends = {"equal": self.n_equal, "low": self.n_equal_low, "high": self.n_equal_high}
        key = "mentions_that_equal_a_group" if self.n_mentions < self.n_equal_high else "more_than_a_group"
        return reason(key, n=self.n_mentions, **ends)


def themes_found(
    found: pd.DataFrame, *, by: By = "mention", sizes: np.ndarray | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Distinct themes expected in n mentions, or n people (주제 발견 곡선).

    Up to those there are: sample-based rarefaction, exact (Hurlbert 1971, Ecology 52(4); Colwell et al. 2012, Journal
    of Plant Ecology 5(1), eq. 4), with the unconditional variance (eq. 5) of a sample from something larger. Beyond, up
    to twice as many: eq. 18's successor by Chao2 (Chao et al. 2014, Ecological Monographs 84(1)), its variance by the
    same reasoning to first order. Intervals take mentions as independent; mentions of one person are not, so they are
    too narrow by="mention" where few people write much: `compare_with_group` draws people instead.

    Parameters
    ----------
    found : mention_id, theme (missing: none) and, by="author", author_key; a row a mention and theme, as
        `assign_themes` gives.
    sizes : numbers of mentions or people, 1 to twice those there are; by default some sixty.
    level : two-sided confidence level, 0..1.

    Returns
    -------
    DataFrame
        n, themes, se, low, high, extrapolated.

    Raises
    ------
    ValueError
        If a column is missing, or a size is outside 1 to twice the number there are.
    """
    counts, n = _incidence(found, by)
    sizes = _default_sizes(n) if sizes is None else np.asarray(sizes, float)
    if len(sizes) and not (sizes.min() >= 1 and sizes.max() <= 2 * n):
        given = f"{sizes.min():g} to {sizes.max():g}"
        raise ValueError(f"sizes must lie between 1 and {2 * n}, twice the {n} there are; not {given}")
    heard = curve(counts, n, sizes)
    se = np.sqrt(variance(counts, n, sizes))
    half = z_value(level) * se
    table = pd.DataFrame({"n": sizes.astype(int), "themes": heard, "se": se})
    return table.assign(low=np.maximum(heard - half, 0.0), high=heard + half, extrapolated=sizes > n)


def total_themes(found: pd.DataFrame, *, by: By = "author", level: float = 0.95) -> TotalThemes:
    """How many themes there are at least, heard or not (전체 주제 수의 하한 추정).

    Chao2 (Chao 1987, with the factor (n - 1) / n; bias-corrected where no theme was seen twice), interval log-normal
    for the themes not heard. By author by default: themes of one person's mentions are one person's.

    Returns
    -------
    TotalThemes
        NaN with a reason where no theme was found, or each one by a single person (or mention).
    """
    counts, n = _incidence(found, by)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    seen = len(counts)
    if seen == 0 or once == seen:
        why = reason("themes_seen_once", n=n, themes=seen) if seen else reason("no_themes", n=n)
        return TotalThemes(math.nan, math.nan, math.nan, level, n, seen, once, twice, why)
    more = unheard(once, twice, n)
    if more == 0:
        return TotalThemes(seen, seen, seen, level, n, seen, once, twice)
    log_variance = math.log1p(unheard_variance(once, twice, n, seen + more) / more**2)
    spread = math.exp(z_value(level) * math.sqrt(log_variance))
    low, high = seen + more / spread, seen + more * spread
    return TotalThemes(seen + more, low, high, level, n, seen, once, twice)


def compare_with_group(
    found: pd.DataFrame,
    *,
    n_mentions: int | None = None,
    people: int = 8,
    group_share: float = GROUP_SHARE,
    share_range: tuple[float, float] = SHARE_RANGE,
    reading: Literal["published", "authors"] = "published",
    cluster: str = "author_key",
    draws: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> GroupComparison:
    """Themes in n mentions minus those of a focus group, and the n that equals one (언급 몇 건이 FGI 한 번인가, S2.1).

    How many themes a group of eight finds is read in two ways. "authors": eight authors drawn at random with all that
    each wrote; a floor, as in a group people are asked and say more. "published": a share of all themes there are
    (Chao2, always bias-corrected, as the plain one jumps from draw to draw). Guest, Namey & McKenna (2017, Field
    Methods 29(1)) found of the themes of 40 focus groups more than 80% within two to three groups and 90% within three
    to six. One group thus finds less than 80%, and, were groups alike and independent, 42% (80% by three) to 55% (80%
    by two); the first one finds more of the common themes, so the default is 60%, an assumption between, and the range
    40% to 80%; never less than the floor. The estimate is at `group_share`; its interval takes the whole range in:
    `share_range=(s, s)` with
    `group_share=s` leaves the sampling error alone.

    The interval is a bootstrap over people: authors with all their mentions are drawn, themes not heard among them, and
    the draws moved to have their median at the estimate. What it does not tell: themes of public talk are those of who
    talks in public; a group can be asked why, and shown what does not exist yet. A list of themes made from the same
    mentions with a least number of people each (`themes`) has no rarer ones; all numbers are then about that list.

    Parameters
    ----------
    found : mention_id, author_key, theme (missing: none), as `assign_themes` joined with authors.
    n_mentions : 1 to twice those there are; by default all there are.
    people : size of the group; group_share, share_range : 0..1.
    cluster : the column whose values are drawn, author_key or thread_id (a person then counts once a thread); missing
        values stand each for itself.
    draws, seed : bootstrap.

    Returns
    -------
    GroupComparison
        NaN and a reason with fewer than 30 authors or 10 themes, beyond twice the mentions, or if each theme is one
        person's.
    """
    if not 0 < share_range[0] <= group_share <= share_range[1] <= 1:
        raise ValueError(f"share_range must hold group_share, within 0 to 1; not {share_range!r} for {group_share!r}")
    if reading not in ("published", "authors"):
        raise ValueError(f"reading must be 'published' or 'authors', not {reading!r}")
    data = _Clustered(found, cluster)
    n_mentions = data.n if n_mentions is None else n_mentions
    if why := _cannot_tell(found, data, n_mentions, people):
        return _unknown(data, n_mentions, level, why)
    rng, asked = np.random.default_rng(seed), (n_mentions, people, [group_share, *share_range])
    estimate = data.compare(data.counts(), *asked)
    drawn = np.array([data.compare(data.drawn(rng), *asked) for _ in range(draws)])
    common = {"n_mentions": n_mentions, "reading": reading, "level": level}
    return _told(_readings(estimate, drawn, level), data, **common, heard=estimate[0, 2], total=estimate[0, 3])


# --- curves ----------------------------------------------------------------------------------------------------------


def _incidence(found: pd.DataFrame, by: str) -> tuple[np.ndarray, int]:
    """Return in how many units each theme is, and how many units there are."""
    if by not in _UNITS:
        raise ValueError(f"by must be 'mention' or 'author', not {by!r}")
    for column in ("theme", _UNITS[by]):
        if column not in found:
            raise ValueError(f"found has no column {column!r}")
    pairs = pd.DataFrame({"unit": pd.factorize(_each(found, _UNITS[by]))[0], "theme": found["theme"]})
    counts = pairs.dropna().drop_duplicates()["theme"].value_counts()
    return counts[counts > 0].to_numpy(float), pairs["unit"].nunique()


def _each(found: pd.DataFrame, column: str) -> pd.Series:
    """Return a column's values; where one is missing the mention stands for itself."""
    values = found[column].astype(object)
    return values.where(values.notna(), found["mention_id"].map(lambda mention: ("alone", mention)))


def _default_sizes(n: int) -> np.ndarray:
    if n < 1:
        return np.empty(0)
    return np.unique(np.round(np.append(np.geomspace(1, 2 * n, _POINTS), [2, 3, 4, n]).clip(1, 2 * n)))


# --- people drawn ----------------------------------------------------------------------------------------------------

# mentions, people, and in how many of them each theme is
_Counts = tuple[float, float, np.ndarray, np.ndarray]


class _Clustered:
    """Mentions and themes by cluster: `in_mentions` and `in_people` hold how often each cluster has each theme."""

    def __init__(self, found: pd.DataFrame, cluster: str) -> None:
        from scipy.sparse import csr_array

        for column in ("mention_id", "author_key", "theme", cluster):
            if column not in found:
                raise ValueError(f"found has no column {column!r}")
        who, names = pd.factorize(_each(found, cluster))
        author, _ = pd.factorize(_each(found, "author_key"))
        theme, themes = pd.factorize(found["theme"])
        mention, _ = pd.factorize(found["mention_id"])
        rows = pd.DataFrame({"who": who, "author": author, "mention": mention, "theme": theme})
        self.n_clusters, self.n_themes = len(names), len(themes)
        self.n, self.n_people = rows["mention"].nunique(), rows["author"].nunique()

        def table(unit: str) -> tuple[np.ndarray, csr_array]:
            sizes = np.bincount(rows.drop_duplicates(["who", unit])["who"], minlength=self.n_clusters)
            hits = rows[rows["theme"] >= 0].drop_duplicates(["who", unit, "theme"])
            shape = (self.n_themes, self.n_clusters)
            return sizes, csr_array((np.ones(len(hits)), (hits["theme"], hits["who"])), shape=shape)

        (self.mentions, self.in_mentions), (self.people, self.in_people) = table("mention"), table("author")

    def counts(self, weight: np.ndarray | None = None) -> _Counts:
        """Return mentions, people, and in how many of them each theme is; each cluster once or `weight` times."""
        weight = np.ones(self.n_clusters) if weight is None else weight
        by_mention, by_author = (table @ weight for table in (self.in_mentions, self.in_people))
        return float(weight @ self.mentions), float(weight @ self.people), by_mention, by_author

    def drawn(self, rng: np.random.Generator) -> _Counts:
        """Return the same for clusters drawn at random, as if themes not heard could be drawn too.

        In another such sample a theme of one person comes up `rate` times, and so does each of those not heard (Good &
        Turing as read by Chao). Draws from the heard alone vary too little: nothing new could turn up in them.
        """
        _, _, by_mention, by_author = self.counts()
        once = by_author == 1
        weight = np.bincount(rng.integers(self.n_clusters, size=self.n_clusters), minlength=self.n_clusters)
        n, n_people, mentions, people = self.counts(weight)
        more = unheard(once.sum(), (by_author == 2).sum(), self.n_people, steady=True)
        if more == 0:
            return n, n_people, mentions, people
        rate = min(once.sum() / more, 1.0)
        new = rng.poisson(rate, int(more + rng.random()))
        rare = np.append(rng.binomial(people[once].astype(int), rate), new)
        each = np.append(by_mention[once], rng.choice(by_mention[once], len(new)))  # mentions of one person
        return n, n_people, np.append(mentions[~once], rare * each), np.append(people[~once], rare)

    def compare(self, counts: _Counts, n_mentions: int, people: int, shares: list[float]) -> np.ndarray:
        """Return a row a reading: themes in the group, mentions that equal it, themes in the mentions, all themes."""
        n, n_people, by_mention, by_author = counts
        by_mention, by_author = by_mention[by_mention > 0], by_author[by_author > 0]
        total = len(by_author) + unheard((by_author == 1).sum(), (by_author == 2).sum(), n_people, steady=True)
        floor = curve(by_author, n_people, np.array([float(people)]))[0]
        group = [floor, *(max(floor, share * total) for share in shares)]
        heard = curve(by_mention, n, np.array([float(n_mentions)]))[0]
        return np.array([(*pair, heard, total) for pair in zip(group, sizes_for(by_mention, n, group), strict=True)])


def _readings(estimate: np.ndarray, drawn: np.ndarray, level: float) -> pd.DataFrame:
    """Return the table of readings: draws moved to have their median at the estimate; mentions on the log scale."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    rows = []
    for number, (group, n_equal, heard, _) in enumerate(estimate):
        draws = drawn[:, number]
        ends = _moved(draws[:, 2] - draws[:, 0], heard - group, tails)
        equal = np.exp(_moved(np.log(draws[:, 1]), math.log(n_equal), tails))
        rows.append((READINGS[number], group, heard - group, *ends, n_equal, *equal))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _moved(draws: np.ndarray, estimate: float, tails: list[float]) -> np.ndarray:
    """Return quantiles of draws moved to have their median at the estimate; infinite ones stay infinite."""
    ends = np.quantile(draws, [*tails, 0.5], method="nearest")
    shift = estimate - ends[2] if np.isfinite(estimate) and np.isfinite(ends[2]) else 0.0
    return ends[:2] + shift


def _told(
    table: pd.DataFrame, data: _Clustered, *, n_mentions: int, reading: str, level: float, heard: float, total: float
) -> GroupComparison:
    rows = table.set_index("reading")
    at, least, most = (reading,) * 3 if reading == "authors" else ("published", "published_low", "published_high")
    return GroupComparison(
        estimate=float(rows.loc[at, "difference"]),
        low=float(rows.loc[most, "low"]),
        high=float(rows.loc[least, "high"]),
        level=level,
        n=data.n,
        n_people=data.n_people,
        n_mentions=n_mentions,
        themes_in_mentions=float(heard),
        themes_in_group=float(rows.loc[at, "themes_in_group"]),
        themes_total=float(total),
        n_equal=float(rows.loc[at, "n_equal"]),
        n_equal_low=float(rows.loc[least, "n_equal_low"]),
        n_equal_high=float(rows.loc[most, "n_equal_high"]),
        table=table,
    )


def _cannot_tell(found: pd.DataFrame, data: _Clustered, n_mentions: int, people: int) -> Mapping[Lang, str]:
    needed = max(MIN_WRITERS, 2 * people)
    if data.n_people < needed:
        return reason("few_writers", n=data.n_people, needed=needed)
    if not 1 <= n_mentions <= 2 * data.n:
        return reason("beyond_mentions", n=n_mentions, there=data.n, most=2 * data.n)
    if 0 < data.n_themes < MIN_THEMES:
        return reason("few_themes", themes=data.n_themes, needed=MIN_THEMES)
    return total_themes(found).reason


def _unknown(data: _Clustered, n_mentions: int, level: float, why: Mapping[Lang, str]) -> GroupComparison:
    unknown = [math.nan] * 3
    table = pd.DataFrame(columns=_COLUMNS)
    return GroupComparison(*unknown, level, data.n, data.n_people, n_mentions, *unknown, *unknown, table, why)
