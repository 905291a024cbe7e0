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
from itertools import pairwise

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import Lang, reason

from .brand_weeks import crisis_share, monday, of_one_brand
from .weekly_fit import WeeklyFit, fit_counts

PROMOTION = ("promo",)
HALF_LIVES = (1.0, 2.0, 3.0, 5.0, 8.0)
SETTLE_WEEKS = 13  # before a week counts: who sees few posts takes longer to feel a share than the average does
_FEWEST_WEEKS = 39
_FEWEST_HIDES = 50
_LEAST_RANGE = 0.08  # of share between low- and high-promotion weeks
_PIECES = 4  # of the curve at most, of equal width
_QUARTER = 0.25  # of the weeks are low, or high, promotion weeks
_PLACEBO_LEVEL = 0.99
_AHEAD = 4  # weeks by which the placebo looks ahead
_HIGHEST = 0.95  # quantile of the weeks that counts as the highest share seen
_GRID = 60


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
    draws, seed : of the regression's coefficients, for curve and doubling point.

    Raises
    ------
    ValueError
        A missing column, several brands and none picked, more hides than impressions.
    """
    parts = {
        half_life: [promotion_weeks(posts, brand=brand, promotion=promotion, half_life_weeks=half_life)]
        for half_life in (*HALF_LIVES, half_life_weeks)
    }
    return _tolerance(parts, half_life_weeks, of_one_brand(events, brand), _Wanted(level, draws, seed))


def pooled_tolerance(
    posts: pd.DataFrame,
    *,
    promotion: Sequence[str] = PROMOTION,
    half_life_weeks: float = 3.0,
    level: float = 0.90,
    draws: int = 500,
    seed: int = 0,
) -> Tolerance:
    """Return the tolerance of several brands as one curve (여러 브랜드의 홍보 허용 한계).

    Each brand keeps its own level and trend of hides; what is common is how hides move with the promotion share. Brands
    that promote much and brands that promote little together see a wider range than any one of them, so that the
    doubling point is more often within it. `ratio` and the low-promotion weeks are those of all brands' weeks.

    Parameters
    ----------
    posts, promotion, half_life_weeks, level, draws, seed : as `promotion_tolerance`; `posts` holds several brands.
    """
    parts = {
        half_life: [
            promotion_weeks(ours, promotion=promotion, half_life_weeks=half_life).assign(brand=brand)
            for brand, ours in posts.groupby("brand")
        ]
        for half_life in (*HALF_LIVES, half_life_weeks)
    }
    return _tolerance(parts, half_life_weeks, None, _Wanted(level, draws, seed))


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
    weeks = monday(posts["published_at"])
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


def _tolerance(
    parts: Mapping[float, list[pd.DataFrame]], half_life_weeks: float, events: pd.DataFrame | None, wanted: _Wanted
) -> Tolerance:
    """Return the tolerance of the brands whose weeks are given, by half-life."""
    table, used, level = pd.concat(parts[half_life_weeks]), _settled(parts[half_life_weeks]), wanted.level
    if why := _why_not(used):
        none, nothing = unknown(level, len(used), why), pd.DataFrame(columns=["share", "hides_per_1000", "low", "high"])
        rest = half_life_weeks, none, none, nothing, table, pd.DataFrame()
        return Tolerance(none, none, none, np.nan, *_ends(used), *rest)
    fit = _fit(used, events)
    placebo = _placebo(used, events)
    fires = {} if placebo.low <= 1 <= placebo.high else _fires(placebo)
    curves = _Curves.drawn(fit, used, wanted.draws, np.random.default_rng(wanted.seed))
    return Tolerance(
        ratio=replace(_ratio(fit, used, level), reason=fires),
        highest=replace(_highest(fit, used, level), reason=fires),
        doubling=curves.doubling(level),
        chance_of_doubling=float(np.isfinite(curves.doublings[1:]).mean()),
        share_low=_ends(used)[0],
        share_high=_ends(used)[1],
        half_life_weeks=half_life_weeks,
        placebo=placebo,
        naive=_naive(used, level),
        curve=curves.table(level),
        weeks=table,
        half_lives=_half_lives({half_life: _settled(parts[half_life]) for half_life in HALF_LIVES}, events, level),
    )


def _settled(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return each brand's weeks with impressions, once the smoothed share has settled."""
    ahead = [part.assign(ahead=part["share_week"].shift(-_AHEAD)) for part in parts]
    used = pd.concat([part.iloc[SETTLE_WEEKS:] for part in ahead])
    return used[used["impressions"] > 0]


def _why_not(used: pd.DataFrame) -> Mapping[Lang, str]:
    """Return why the weeks cannot tell, empty if they can."""
    if len(used) < _FEWEST_WEEKS:
        return reason("few_promotion_weeks", weeks=len(used), needed=_FEWEST_WEEKS)
    low, high = _ends(used)
    if high - low < _LEAST_RANGE:
        return reason("promotion_never_varied", low=low, high=high, needed=low + 0.15)
    if (hides := int(used["hides"].sum())) < _FEWEST_HIDES:
        return reason("few_hides", hides=hides, needed=_FEWEST_HIDES)
    return {}


def _sides(used: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the quarter of weeks with least, and with most, promotion."""
    low, high = used["share"].quantile([_QUARTER, 1 - _QUARTER])
    return used[used["share"] <= low], used[used["share"] >= high]


def _ends(used: pd.DataFrame) -> tuple[float, float]:
    if used.empty:
        return float("nan"), float("nan")
    low, high = (np.average(side["share"], weights=side["impressions"]) for side in _sides(used))
    return float(low), float(high)


def _pieces(share: pd.Series | np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Split a share into the parts that lie between the knots: their coefficients are the pieces' slopes."""
    edges = [-np.inf, *knots, np.inf]
    parts = [np.clip(share, low, high) - (low if np.isfinite(low) else 0) for low, high in pairwise(edges)]
    return np.column_stack(parts)


def _knots(used: pd.DataFrame) -> np.ndarray:
    """Return evenly spaced shares where pieces meet, so that every piece holds some weeks."""
    share, knots = np.sort(used["share"]), []
    fewest = max(8, len(share) // 12)
    for knot in np.linspace(share[0], share[-1], _PIECES + 1)[1:-1]:
        below = np.searchsorted(share, knot)
        if below - np.searchsorted(share, knots[-1] if knots else -1) >= fewest <= len(share) - below:
            knots.append(knot)
    return np.array(knots)


def _fit(used: pd.DataFrame, events: pd.DataFrame | None, *extra: str) -> WeeklyFit:
    """Regress hides on the pieces of the smoothed share, each brand's level and trend, crises, and more columns."""
    used = used.reset_index()
    pieces = _pieces(used["share"], _knots(used))
    columns = pd.DataFrame(pieces, columns=[f"piece_{i}" for i in range(pieces.shape[1])])
    brands = used.get("brand", pd.Series("", used.index))
    time = 2 * used.groupby(brands).cumcount() / used.groupby(brands)["share"].transform("size") - 1
    for number, brand in enumerate(brands.unique()):
        ours = (brands == brand).to_numpy(float)
        columns[f"level_{number}"], columns[f"trend_{number}"] = ours, ours * time
    crisis = crisis_share(events, pd.DatetimeIndex(used["week"]))
    columns = columns.assign(crisis=crisis) if crisis.any() else columns
    columns[list(extra)] = used[list(extra)]
    return fit_counts(used["hides"], columns, exposure=used["impressions"])


def _ratio(fit: WeeklyFit, used: pd.DataFrame, level: float) -> Estimate:
    """Hides per 1,000 of high over low promotion weeks: what the pieces say, at the same trend."""
    low, high = (_mean_pieces(side, _knots(used)) for side in _sides(used))
    return _over(fit, low, high, level)


def _highest(fit: WeeklyFit, used: pd.DataFrame, level: float) -> Estimate:
    """Hides per 1,000 at the highest share seen over low promotion weeks."""
    knots = _knots(used)
    top = _pieces(used["share"].quantile([_HIGHEST]), knots)[0]
    return _over(fit, _mean_pieces(_sides(used)[0], knots), top, level)


def _mean_pieces(side: pd.DataFrame, knots: np.ndarray) -> np.ndarray:
    return np.average(_pieces(side["share"], knots), axis=0, weights=side["impressions"])


def _over(fit: WeeklyFit, low: np.ndarray, high: np.ndarray, level: float) -> Estimate:
    gap = fit.contrast({f"piece_{i}": step for i, step in enumerate(high - low)}, level)
    return Estimate(*np.exp([gap.estimate, gap.low, gap.high]).tolist(), level, fit.n)


def _placebo(used: pd.DataFrame, events: pd.DataFrame | None) -> Estimate:
    """Hides now for ten points more of promotion in a week ahead, beside what people have lately seen, as a ratio."""
    known = used.dropna(subset="ahead")
    found = _fit(known, events, "ahead").contrast({"ahead": 0.1}, _PLACEBO_LEVEL)
    return Estimate(*np.exp([found.estimate, found.low, found.high]).tolist(), _PLACEBO_LEVEL, found.n)


def _fires(placebo: Estimate) -> Mapping[Lang, str]:
    return reason("placebo_fires", ahead=_AHEAD, estimate=placebo.estimate, low=placebo.low, high=placebo.high)


def _naive(used: pd.DataFrame, level: float) -> Estimate:
    """Hides a week of high over low promotion weeks, with the interval of two Poisson means."""
    from statsmodels.stats.rates import confint_poisson_2indep

    low, high = _sides(used)
    counts = high["hides"].sum(), len(high), low["hides"].sum(), len(low)
    ends = confint_poisson_2indep(*counts, compare="ratio", method="score-log", alpha=1 - level)
    return Estimate(counts[0] / counts[1] / (counts[2] / counts[3]), *map(float, ends), level, len(used))


def _half_lives(used: Mapping[float, pd.DataFrame], events: pd.DataFrame | None, level: float) -> pd.DataFrame:
    """Return the ratio at each half-life."""
    rows = []
    for half_life, weeks in used.items():
        fit = _fit(weeks, events)
        ratio = _ratio(fit, weeks, level)
        rows.append((half_life, ratio.estimate, ratio.low, ratio.high, fit.deviance))
    return pd.DataFrame(rows, columns=["half_life_weeks", "ratio", "low", "high", "deviance"])


@dataclass(frozen=True)
class _Curves:
    """Monotone curves of log hides per impression over a grid of shares, the estimate first, then draws."""

    shares: np.ndarray
    logs: np.ndarray
    base: np.ndarray
    n: int

    @classmethod
    def drawn(cls, fit: WeeklyFit, used: pd.DataFrame, draws: int, rng: np.random.Generator) -> _Curves:
        """Return the curve of the fit and of so many draws, at the mean of the brands' levels."""
        low, high = used["share"].quantile([0.0, _HIGHEST])
        shares = np.linspace(low, high, _GRID)
        pieces = _pieces(shares, _knots(used))
        levels = [name for name in fit.coefficients.index if name.startswith("level_")]
        names = [*(f"piece_{i}" for i in range(pieces.shape[1])), *levels]
        coefficients = np.vstack([fit.coefficients[names], fit.draws(names, draws, rng)])
        slopes, level = np.split(coefficients, [pieces.shape[1]], axis=1)
        logs = np.array([_monotone(line) for line in slopes @ pieces.T + level.mean(axis=1, keepdims=True)])
        calm, _ = _sides(used)
        at_low = np.array([np.interp(calm["share"], shares, row) for row in logs])
        return cls(shares, logs, np.average(at_low, axis=1, weights=calm["impressions"]), len(used))

    @property
    def doublings(self) -> np.ndarray:
        """The share at which each curve has doubled, infinite where it has not."""
        risen = self.logs - self.base[:, None] - np.log(2)
        return np.array([_first_zero(self.shares, row) for row in risen])

    def doubling(self, level: float) -> Estimate:
        """The share at which hides have doubled; a bound where they have not within what was seen."""
        points = self.doublings
        found = _of_draws(points, level, self.n)
        if np.isfinite(found.estimate):
            return found
        low = min(found.low, float(self.shares[-1]))
        return Estimate(np.inf, low, np.inf, level, self.n, reason("no_doubling_seen", share=self.shares[-1], low=low))

    def table(self, level: float) -> pd.DataFrame:
        """Return the curve with its interval."""
        low, high = np.quantile(self.logs[1:], [0.5 - level / 2, 0.5 + level / 2], axis=0)
        lines = {
            "hides_per_1000": self.logs[0],
            "low": np.minimum(low, self.logs[0]),
            "high": np.maximum(high, self.logs[0]),
        }
        return pd.DataFrame({"share": self.shares} | {name: 1000 * np.exp(line) for name, line in lines.items()})


def _of_draws(values: np.ndarray, level: float, n: int) -> Estimate:
    """Return the first value with the quantiles of the others, which may be infinite."""
    low, high = np.quantile(values[1:], [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    return Estimate(float(values[0]), float(min(low, values[0])), float(max(high, values[0])), level, n)


def _monotone(line: np.ndarray) -> np.ndarray:
    """Pool adjacent violators until the line nowhere falls."""
    from scipy.optimize import isotonic_regression

    return isotonic_regression(line).x


def _first_zero(shares: np.ndarray, line: np.ndarray) -> float:
    """Return where a rising line first reaches 0, infinite if it never does."""
    reached = np.flatnonzero(line >= 0)
    if not len(reached):
        return np.inf
    at = reached[0]
    if at == 0:
        return float(shares[0])
    return float(np.interp(0.0, line[at - 1 : at + 1], shares[at - 1 : at + 1]))
