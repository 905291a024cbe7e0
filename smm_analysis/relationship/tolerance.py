"""How much promotion people bear (홍보 허용 한계): hides per 1,000 impressions against the promotion share (S0.8).

People do not judge a week but what they have lately seen, so the promotion share of a week's impressions is smoothed:
s[t] = k s[t-1] + (1 - k) share[t], half forgotten after `half_life_weeks`. The default of three weeks is a choice, not
an estimate: on a hundred weeks the half-life cannot be told from the noise, and picking the best-fitting one makes
intervals too short. `half_lives` shows whether the answer hangs on it.

Hides are counts over impressions: a quasi-Poisson regression (McCullagh & Nelder 1989, chapter 9), log-linear in
pieces of the smoothed share with a trend, its covariance the wider of the plain and the autocorrelation-consistent one.
Hides should not fall with more promotion: the curve and each of its draws are made monotone by pooling adjacent
violators (as Lin & Dunson 2014, Biometrika 101(2) project draws), and the doubling point is read off every draw. Where
most draws never double within what was seen there is no point, only a bound.

The share is of the brand's impressions; a person who sees few posts feels it unevenly, so that some have had enough
before the average has: the doubling point in a firm's own terms lies below the share that a single evenly treated
person would bear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.tables import mondays
from smm_analysis.terms import Lang, reason

from .brand_weeks import of_one_brand
from .hides import AHEAD, Curves, ends, fit_hides, highest, placebo_ratio, ratio, sides
from .pooling import pool_brands

PROMOTION = ("promo",)
HALF_LIVES = (1.0, 2.0, 3.0, 5.0, 8.0)
SETTLE_WEEKS = 13  # before a week counts: who sees few posts takes longer to feel a share than the average does
_FEWEST_WEEKS = 39
_FEWEST_HIDES = 50
_LEAST_RANGE = 0.08  # of share between low- and high-promotion weeks


@dataclass(frozen=True)
class Tolerance:
    """How hides move with promotion (홍보 허용 한계 결과): shares are 0..1 of impressions, smoothed.

    `ratio` : hides per 1,000 impressions in the quarter of weeks with most promotion over the quarter with least.
    `highest` : the same at the highest share seen (95th percentile of the weeks) over the quarter with least: whether
    hides double at all. `doubling` : the share at which they have doubled; infinite with a finite low end where they
    have not within what was seen: a bound, and its `reason` says so.
    `placebo` : hides now for ten points more promotion some weeks *ahead*, which cannot work yet, as a ratio: if it is
    clearly not 1, something else moves both, and `ratio` and `highest` cannot tell.
    `chance_of_doubling` : share of draws in which they double within what was seen.
    `curve` : share, hides_per_1000, low, high. `weeks` : week, impressions, hides, share_week, share, hides_per_1000.
    `half_lives` : half_life_weeks, ratio, low, high, deviance. `naive` : hides a week, high over low promotion weeks:
    it forgets that more promotion is more posts.
    """

    ratio: Estimate
    highest: Estimate
    doubling: Estimate
    chance_of_doubling: float
    share_low: float
    share_high: float
    half_life_weeks: float
    placebo: Estimate
    naive: Estimate
    curve: pd.DataFrame = field(repr=False, compare=False)
    weeks: pd.DataFrame = field(repr=False, compare=False)
    half_lives: pd.DataFrame = field(repr=False, compare=False)


def promotion_tolerance(
    posts: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
    brand: str | None = None,
    promotion: Sequence[str] = PROMOTION,
    half_life_weeks: float = 3.0,
    half_lives: Sequence[float] = HALF_LIVES,
    level: float = 0.90,
    draws: int = 500,
    seed: int = 0,
) -> Tolerance:
    """Return how hides per 1,000 impressions move with the promotion share (홍보 허용 한계, S0.8).

    Parameters
    ----------
    posts : kind, published_at, impressions, hides; of several brands `brand` picks one.
    events : crises are taken out by the share of the week they covered.
    promotion : kinds of posts that are one-way promotion.
    half_life_weeks : how long what was seen is felt, weeks, above 0.
    half_lives : others, for the table that shows whether the answer hangs on it.
    draws, seed : of the regression's coefficients, for curve and doubling point.

    Raises
    ------
    ValueError
        A missing column, several brands and none picked, more hides than impressions.
    """
    parts = {
        half_life: [promotion_weeks(posts, brand=brand, promotion=promotion, half_life_weeks=half_life)]
        for half_life in (*half_lives, half_life_weeks)
    }
    return _tolerance(parts, half_life_weeks, of_one_brand(events, brand), _Wanted(level, draws, seed, half_lives))


def pooled_tolerance(
    posts: pd.DataFrame,
    *,
    promotion: Sequence[str] = PROMOTION,
    half_life_weeks: float = 3.0,
    half_lives: Sequence[float] = HALF_LIVES,
    level: float = 0.90,
    draws: int = 500,
    seed: int = 0,
) -> Tolerance:
    """Return the tolerance of several brands as one curve (여러 브랜드의 홍보 허용 한계).

    Each brand keeps its own level and trend of hides; what is common is how hides move with the promotion share. Brands
    that promote much and brands that promote little together see a wider range than any one of them, so that the
    doubling point is more often within it. `ratio`, `highest` and `naive` are the means of these brands' own, each
    counted alike (`pool_brands`, equally): read off the common curve from the calmest brand to the loudest they would
    rest on slopes laid end to end, and come out too low. That the ratios differ is no error: each brand has tried
    other shares.

    Parameters
    ----------
    posts, promotion, half_life_weeks, half_lives, level, draws, seed : as `promotion_tolerance`; `posts` holds several
        brands.
    """
    wanted, brands = _Wanted(level, draws, seed, half_lives), [str(name) for name in pd.unique(posts["brand"])]
    parts = {
        half_life: [
            promotion_weeks(posts, brand=name, promotion=promotion, half_life_weeks=half_life).assign(brand=name)
            for name in brands
        ]
        for half_life in (*half_lives, half_life_weeks)
    }
    alone = replace(wanted, half_lives=())
    own = {
        name: _tolerance({half_life_weeks: [parts[half_life_weeks][i]]}, half_life_weeks, None, alone)
        for i, name in enumerate(brands)
    }
    how = {"scale": "log", "weights": "equal", "level": level}
    means = {
        what: pool_brands({name: getattr(each, what) for name, each in own.items()}, **how)
        for what in ("ratio", "highest", "naive")
    }
    return replace(_tolerance(parts, half_life_weeks, None, wanted), **means)


def promotion_weeks(
    posts: pd.DataFrame,
    *,
    brand: str | None = None,
    promotion: Sequence[str] = PROMOTION,
    half_life_weeks: float = 3.0,
) -> pd.DataFrame:
    """Return impressions, hides and the promotion share of every week (주별 홍보 비율), indexed by week.

    `share_week` is the week's own share of impressions, `share` the smoothed one; a week without posts changes nothing.
    """
    posts = of_one_brand(posts, brand, "posts", ("kind", "published_at", "impressions", "hides"))
    if half_life_weeks <= 0:
        raise ValueError(f"half_life_weeks must be above 0, not {half_life_weeks}")
    if (bad := posts["hides"] > posts["impressions"]).any():
        rows = ", ".join(map(str, posts.index[bad][:5]))
        raise ValueError(f"posts have more hides than impressions in {bad.sum()} rows, first {rows}")
    weeks = mondays(posts["published_at"])
    promoted = posts["impressions"].where(posts["kind"].isin(promotion), 0)
    table = posts[["impressions", "hides"]].assign(promoted=promoted).groupby(weeks).sum()
    index = pd.date_range(table.index.min(), table.index.max(), freq="7D", name="week")
    table = table.reindex(index, fill_value=0).astype(float)
    table["share_week"] = table.pop("promoted") / table["impressions"].where(table["impressions"] > 0)
    smoothed = table["share_week"].ewm(halflife=half_life_weeks, adjust=False, ignore_na=True).mean()
    return table.assign(
        share=smoothed, hides_per_1000=1000 * table["hides"] / table["impressions"].where(lambda n: n > 0)
    )


@dataclass(frozen=True)
class _Wanted:
    level: float
    draws: int
    seed: int
    half_lives: Sequence[float]


def _tolerance(
    parts: Mapping[float, list[pd.DataFrame]], half_life_weeks: float, events: pd.DataFrame | None, wanted: _Wanted
) -> Tolerance:
    """Return the tolerance of the brands whose weeks are given, by half-life."""
    table, used, level = pd.concat(parts[half_life_weeks]), _settled(parts[half_life_weeks]), wanted.level
    if why := _why_not(used):
        none, nothing = unknown(level, len(used), why), pd.DataFrame(columns=["share", "hides_per_1000", "low", "high"])
        rest = half_life_weeks, none, none, nothing, table, pd.DataFrame()
        return Tolerance(none, none, none, np.nan, *ends(used), *rest)
    fit = fit_hides(used, events)
    placebo = placebo_ratio(used, events)
    fires = {} if placebo.low <= 1 <= placebo.high else _fires(placebo)
    curves = Curves.drawn(fit, used, wanted.draws, np.random.default_rng(wanted.seed))
    return Tolerance(
        ratio=replace(ratio(fit, used, level), reason=fires),
        highest=replace(highest(fit, used, level), reason=fires),
        doubling=curves.doubling(level),
        chance_of_doubling=float(np.isfinite(curves.doublings[1:]).mean()),
        share_low=ends(used)[0],
        share_high=ends(used)[1],
        half_life_weeks=half_life_weeks,
        placebo=placebo,
        naive=_naive(used, level),
        curve=curves.table(level),
        weeks=table,
        half_lives=_half_lives(
            {half_life: _settled(parts[half_life]) for half_life in wanted.half_lives}, events, level
        ),
    )


def _settled(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return each brand's weeks with impressions, once the smoothed share has settled."""
    ahead = [part.assign(ahead=part["share_week"].shift(-AHEAD)) for part in parts]
    used = pd.concat([part.iloc[SETTLE_WEEKS:] for part in ahead])
    return used[used["impressions"] > 0]


def _why_not(used: pd.DataFrame) -> Mapping[Lang, str]:
    """Return why the weeks cannot tell, empty if they can."""
    if len(used) < _FEWEST_WEEKS:
        return reason("few_promotion_weeks", weeks=len(used), needed=_FEWEST_WEEKS)
    low, high = ends(used)
    if high - low < _LEAST_RANGE:
        return reason("promotion_never_varied", low=low, high=high, needed=low + 0.15)
    if (hides := int(used["hides"].sum())) < _FEWEST_HIDES:
        return reason("few_hides", hides=hides, needed=_FEWEST_HIDES)
    return {}


def _fires(placebo: Estimate) -> Mapping[Lang, str]:
    return reason("placebo_fires", ahead=AHEAD, estimate=placebo.estimate, low=placebo.low, high=placebo.high)


def _naive(used: pd.DataFrame, level: float) -> Estimate:
    """Hides a week of high over low promotion weeks, with the interval of two Poisson means."""
    from statsmodels.stats.rates import confint_poisson_2indep

    low, high = sides(used)
    counts = high["hides"].sum(), len(high), low["hides"].sum(), len(low)
    ends = confint_poisson_2indep(*counts, compare="ratio", method="score-log", alpha=1 - level)
    return Estimate(counts[0] / counts[1] / (counts[2] / counts[3]), *map(float, ends), level, len(used))


def _half_lives(used: Mapping[float, pd.DataFrame], events: pd.DataFrame | None, level: float) -> pd.DataFrame:
    """Return the ratio at each half-life."""
    rows = []
    for half_life, weeks in used.items():
        fit = fit_hides(weeks, events)
        found = ratio(fit, weeks, level)
        rows.append((half_life, found.estimate, found.low, found.high, fit.deviance))
    return pd.DataFrame(rows, columns=["half_life_weeks", "ratio", "low", "high", "deviance"])
