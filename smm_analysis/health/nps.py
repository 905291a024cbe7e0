"""Net Promoter Score with its interval, compared, reweighted and bounded (순추천지수, S4.4).

Rocks (2016), Interval Estimation for the Net Promoter Score, The American Statistician 70(4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import reason

from .guards import TooLittleData

IntervalMethod = Literal["score", "adjusted_wald", "wald"]

_PERIODS = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


@dataclass(frozen=True)
class NetPromoter:
    """A Net Promoter Score with its interval (순추천지수): points, -100..100; without answers, NaN.

    `promoters` (9-10), `passives` (7-8), `detractors` (0-6) and `n` count the answers, `n_missing` those asked in vain.
    """

    nps: float
    low: float
    high: float
    promoters: int
    passives: int
    detractors: int
    n: int
    n_missing: int


def net_promoter(
    scores: Iterable[float | None], *, method: IntervalMethod = "score", level: float = 0.95
) -> NetPromoter:
    """Net Promoter Score of 0..10 answers, with an interval (순추천지수와 신뢰구간, S4.4).

    Parameters
    ----------
    scores : 0..10, whole; missing answers (None, NaN, NA) are counted and left out.
    method : "score" (default), "adjusted_wald" or "wald", see `nps_interval`.
    level : two-sided confidence level, 0..1.

    Raises
    ------
    ValueError
        If an answer is not a whole number from 0 to 10; the message shows the first bad ones.

    Examples
    --------
    Ten promoters and nobody else: the estimate is 100, yet the interval is wide.

    >>> answer = net_promoter([10] * 10)
    >>> answer.nps, round(answer.low, 1), answer.high
    (100.0, 44.5, 100.0)
    """
    answers, n_missing = _answers(scores)
    n, promoters, detractors = len(answers), int((answers >= 9).sum()), int((answers <= 6).sum())
    low, high = nps_interval(promoters, detractors, n, method=method, level=level)
    nps = 100 * (promoters - detractors) / n if n else math.nan
    return NetPromoter(nps, low, high, promoters, n - promoters - detractors, detractors, n, n_missing)


def net_promoter_by(
    surveys: pd.DataFrame,
    by: str = "quarter",
    *,
    question: str = "recommend",
    method: IntervalMethod = "score",
    level: float = 0.95,
) -> pd.DataFrame:
    """Net Promoter Score per group or period of asking (집단별·기간별 순추천지수).

    Parameters
    ----------
    surveys : the `surveys` table; only rows of `question` count.
    by : "week", "month", "quarter" or "year" of `asked_at` (the row shows its first day), or a column of `surveys`.

    Returns
    -------
    DataFrame
        A row a group: `by`, nps, low, high, promoters, passives, detractors, n, n_missing.
    """
    asked = surveys[surveys["question"] == question]
    groups = asked["score"].groupby(_periods(asked["asked_at"], by) if by in _PERIODS else asked[by])
    rows = [{by: key} | asdict(net_promoter(scores, method=method, level=level)) for key, scores in groups]
    return pd.DataFrame(rows, columns=[by, *NetPromoter.__dataclass_fields__])


def compare_nps(
    a: Iterable[float | None] | NetPromoter,
    b: Iterable[float | None] | NetPromoter,
    *,
    method: IntervalMethod = "score",
    level: float = 0.95,
) -> Estimate:
    """Difference of two Net Promoter Scores, a minus b, in points, of independent groups (순추천지수의 차이).

    The interval is made from the two groups' own: MOVER, the method of variance estimates recovery (Newcombe 1998,
    Statistics in Medicine 17, for proportions; Zou & Donner 2008, Statistics in Medicine 27, in general). Each end
    takes from each group the distance to the end that pulls the same way, so that skewed and bounded intervals stay so:
    two groups that agree to a man do not differ by exactly 0. Not for the same persons asked twice: those are paired.

    Parameters
    ----------
    a, b : 0..10 answers, missing ones left out; or a `NetPromoter`, of which the counts are used.

    Examples
    --------
    Six more points than last quarter, from 50 answers each, say little:

    >>> before, now = [10] * 25 + [7] * 14 + [3] * 11, [10] * 27 + [7] * 13 + [3] * 10
    >>> gap = compare_nps(now, before)
    >>> round(gap.estimate), round(gap.low), round(gap.high)
    (6, -25, 37)
    """
    a, b = (_recounted(group, method, level) for group in (a, b))
    n = a.n + b.n
    if min(a.n, b.n) == 0:
        return unknown(level, n, reason("no_answers"))
    low, high = _mover([1.0, -1.0], [a, b])
    return Estimate(a.nps - b.nps, low, high, level, n)


@dataclass(frozen=True)
class WeightedNps:
    """A Net Promoter Score of a known population (가중 순추천지수), points.

    `table` has a row a stratum: stratum, customers (in the population), weight, n, n_missing, nps, low, high. If a
    stratum without answers was bounded, `nps` is NaN and `low` to `high` hold the bounds.
    """

    nps: float
    low: float
    high: float
    level: float
    n: int
    table: pd.DataFrame = field(repr=False, compare=False)


def reweighted_nps(
    scores: pd.Series,
    strata: pd.Series,
    population: Mapping[str, int],
    *,
    silent_nps: tuple[float, float] | None = None,
    method: IntervalMethod = "score",
    level: float = 0.95,
) -> WeightedNps:
    """Net Promoter Score of a population of known composition (사후 층화 순추천지수).

    Post-stratification: each stratum's NPS counts by its share of the population, not of the answers. It mends
    non-response as far as those who answer are like the others of their stratum. Interval: MOVER for a weighted sum
    (Zou & Donner 2008) of the strata's own.

    Parameters
    ----------
    scores, strata : 0..10 or missing, and the stratum of each person asked; in the same order.
    population : number of customers by stratum; strata of 0 customers are left out.
    silent_nps : what the NPS of a stratum without answers may be, points, such as (-100, 100): then bounds result.

    Raises
    ------
    TooLittleData
        If a stratum has customers but no answers, and `silent_nps` is not given; the message names it.
    ValueError
        If an answer's stratum is not in the population.
    """
    customers = pd.Series(population, dtype=float)
    customers = customers[customers > 0]
    foreign = sorted(set(strata.dropna().unique()) - set(customers.index)) + ["(missing)"] * int(strata.isna().any())
    if foreign:
        raise ValueError(f"population has no customers in strata {', '.join(map(str, foreign))}, but answers are there")
    groups = [net_promoter(scores[strata.to_numpy() == key], method=method, level=level) for key in customers.index]
    groups = _bounded(groups, customers, silent_nps)
    weights = customers.to_numpy() / customers.sum()
    low, high = _mover(weights, groups)
    known = all(group.n for group in groups)
    nps = sum(w * g.nps for w, g in zip(weights, groups, strict=True)) if known else math.nan
    table = pd.DataFrame({"stratum": customers.index, "customers": customers.to_numpy(int), "weight": weights})
    rows = pd.DataFrame([asdict(group) for group in groups])[["n", "n_missing", "nps", "low", "high"]]
    table = table.join(rows)
    table.loc[table["n"] == 0, "nps"] = math.nan
    return WeightedNps(nps, low, high, level, sum(g.n for g in groups), table)


@dataclass(frozen=True)
class NpsBounds:
    """What the NPS of everyone asked can be (순추천지수의 한계), points.

    `low` to `high`: whatever the silent would have said within the assumption. `low_interval`, `high_interval`: the
    same with the sampling error of those who answered. `n` answered, `n_missing` did not.
    """

    low: float
    high: float
    low_interval: float
    high_interval: float
    level: float
    n: int
    n_missing: int


def nps_bounds(
    scores: Iterable[float | None],
    *,
    silent_nps: tuple[float, float] = (-100.0, 100.0),
    method: IntervalMethod = "score",
    level: float = 0.95,
) -> NpsBounds:
    """Bound the NPS of everyone asked where nothing is known of the silent (무응답의 최악·최선, Manski 1989).

    Worst case all silent people are detractors, best case all are promoters; `silent_nps` narrows that by assumption,
    such as (-50, 20). Manski (1989, Journal of Human Resources 24(3)).

    Parameters
    ----------
    scores : 0..10, missing for those asked in vain.
    silent_nps : smallest and largest NPS thought possible among the silent, points.

    Examples
    --------
    60 of 100 answer, with an NPS of 50. Of all 100 it lies between -10 and 70.

    >>> bounds = nps_bounds([10] * 40 + [7] * 10 + [0] * 10 + [None] * 40)
    >>> bounds.low, bounds.high
    (-10.0, 70.0)
    """
    worst, best = _range(silent_nps)
    answered = net_promoter(scores, method=method, level=level)
    asked = answered.n + answered.n_missing
    share = answered.n / asked if asked else math.nan
    nps, low, high = (x if answered.n else 0.0 for x in (answered.nps, answered.low, answered.high))
    ends = (share * x + (1 - share) * end for x, end in ((nps, worst), (nps, best), (low, worst), (high, best)))
    return NpsBounds(*ends, level, answered.n, answered.n_missing)


def nps_interval(
    promoters: int, detractors: int, n: int, *, method: IntervalMethod = "score", level: float = 0.95
) -> tuple[float, float]:
    """Interval of a Net Promoter Score from its counts, in points (순추천지수의 신뢰구간).

    Rocks (2016, The American Statistician 70(4)) compares them. "score" inverts the score test, the share of detractors
    at its restricted maximum likelihood (Tango 1998, Statistics in Medicine 17), and never has zero width.
    "adjusted_wald" adds 3 answers (3/4 promoters, 3/2 passives, 3/4 detractors). "wald" is the textbook one: too narrow
    when answers or detractors are few, of zero width when all agree. All are clipped to -100..100; NaN without answers.

    Ten passives: the textbook is certain of an NPS of 0.

    >>> [f"{low:.1f} to {high:.1f}" for low, high in (nps_interval(0, 0, 10, method="wald"), nps_interval(0, 0, 10))]
    ['0.0 to 0.0', '-27.8 to 27.8']
    """
    if method not in _INTERVALS:
        raise ValueError(f"method must be one of {', '.join(_INTERVALS)}, not {method!r}")
    if n == 0:
        return math.nan, math.nan
    low, high = _INTERVALS[method](promoters, detractors, n, z_value(level))
    return 100 * max(low, -1.0), 100 * min(high, 1.0)


def _recounted(group: Iterable[float | None] | NetPromoter, method: IntervalMethod, level: float) -> NetPromoter:
    if not isinstance(group, NetPromoter):
        return net_promoter(group, method=method, level=level)
    low, high = nps_interval(group.promoters, group.detractors, group.n, method=method, level=level)
    return replace(group, low=low, high=high)


def _mover(weights: Iterable[float], groups: Iterable[NetPromoter]) -> tuple[float, float]:
    """Interval of a weighted sum of independent scores, from their own; a bounded one adds its whole range."""
    below = above = low = high = 0.0
    for weight, group in zip(weights, groups, strict=True):
        ends = sorted((weight * group.low, weight * group.high))
        centre = (weight * group.nps,) * 2 if group.n else ends
        low, high = low + centre[0], high + centre[1]
        below, above = below + (centre[0] - ends[0]) ** 2, above + (ends[1] - centre[1]) ** 2
    return low - math.sqrt(below), high + math.sqrt(above)


def _bounded(
    groups: list[NetPromoter], customers: pd.Series, silent_nps: tuple[float, float] | None
) -> list[NetPromoter]:
    """Give strata without answers the range assumed for them, or refuse."""
    empty = [str(key) for key, group in zip(customers.index, groups, strict=True) if group.n == 0]
    if not empty:
        return groups
    if silent_nps is None:
        raise TooLittleData("empty_strata", strata=", ".join(empty))
    low, high = _range(silent_nps)
    return [group if group.n else replace(group, low=low, high=high) for group in groups]


def _range(silent_nps: tuple[float, float]) -> tuple[float, float]:
    low, high = silent_nps
    if not -100 <= low <= high <= 100:
        raise ValueError(f"silent_nps must be two points, -100 <= low <= high <= 100, not {silent_nps!r}")
    return low, high


def _answers(scores: Iterable[float | None]) -> tuple[np.ndarray, int]:
    given = pd.Series(list(scores), dtype=object)
    present = given.dropna()
    answers = pd.to_numeric(present, errors="coerce").astype(float)
    bad = present[~(answers.between(0, 10) & (answers % 1 == 0))]
    if len(bad):
        first = ", ".join(repr(value) for value in bad.head(3))
        raise ValueError(f"scores must be whole numbers from 0 to 10 or missing; {len(bad)} are not, first: {first}")
    return answers.to_numpy(), len(given) - len(present)


def _periods(times: pd.Series, period: str) -> pd.Series:
    return times.dt.tz_localize(None).dt.to_period(_PERIODS[period]).dt.start_time


def _wald(promoters: float, detractors: float, n: float, z: float) -> tuple[float, float]:
    net = (promoters - detractors) / n
    half = z * math.sqrt(max((promoters + detractors) / n - net**2, 0.0) / n)
    return net - half, net + half


def _adjusted_wald(promoters: int, detractors: int, n: int, z: float) -> tuple[float, float]:
    return _wald(promoters + 0.75, detractors + 0.75, n + 3, z)


def _score(promoters: int, detractors: int, n: int, z: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    def excess(net: float) -> float:
        slope = (2 * n - promoters + detractors) * net - promoters - detractors
        root = math.sqrt(max(slope**2 + 8 * n * detractors * net * (1 - net), 0.0))
        share = (root - slope) / (4 * n)  # of detractors, at its restricted maximum likelihood
        return (promoters - detractors - n * net) ** 2 - z**2 * n * (2 * share + net - net**2)

    net, step = (promoters - detractors) / n, 1e-9  # a step aside: if all answers are passive, `excess` is 0 at `net`
    low = -1.0 if detractors == n else brentq(excess, -1.0, net - step)
    high = 1.0 if promoters == n else brentq(excess, net + step, 1.0)
    return low, high


_INTERVALS: dict[str, Callable[[int, int, int, float], tuple[float, float]]] = {
    "score": _score,
    "adjusted_wald": _adjusted_wald,
    "wald": _wald,
}
