"""Customer health (고객 건전성): what customers answer (NPS) against what they do (S4.4, S4.5).

Three layers: the Net Promoter Score with its interval; recency-weighted behaviour and its half-life; an honest
comparison of predictors, trained one horizon before the cut-off and tested once at the cut-off.

>>> net_promoter([10, 9, 9, 8, 7, 7, 3, 3, None]).nps
12.5
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, reason

IntervalMethod = Literal["score", "adjusted_wald", "wald"]
Outcome = Literal["bought", "bought_or_referred"]
Population = Literal["everyone", "respondents"]

MIN_CUSTOMERS = 30
_WEEK = np.timedelta64(1, "W")
_PERIODS = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
_NPS = ("promoter", "passive", "detractor")

# predictor -> the panel's columns in its Logit; one that names a _NPS class needs survey answers
PREDICTORS: dict[str, tuple[str, ...]] = {
    "base_rate": (),
    "nps_only": _NPS,
    "recent_only": ("recent",),
    "whole_history": ("log_count", "inactive"),
    "behaviour": ("log_activity", "inactive"),
    "behaviour_and_nps": ("log_activity", "inactive", *_NPS),
}


class TooLittleData(ValueError):
    """The data cannot answer (데이터 부족): too few weeks, customers or answers.

    `reason` says in each language what is needed; it comes from `reasons.toml` by its `key`.
    """

    def __init__(self, key: str, **values: object) -> None:
        self.reason = reason(key, **values)
        super().__init__(self.reason["en"])


# --- Net Promoter Score ----------------------------------------------------------------------------------------------


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
    low, high = _INTERVALS[method](promoters, detractors, n, _z(level))
    return 100 * max(low, -1.0), 100 * min(high, 1.0)


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


# --- recency-weighted behaviour --------------------------------------------------------------------------------------


def decayed_activity(
    events: pd.DataFrame, cutoff: pd.Timestamp | str, half_life_weeks: float, *, time: str = "purchased_at"
) -> pd.Series:
    """Recency-weighted number of events per customer: sum of 2^(-age / half-life) (최근성 가중 활동량, S4.5).

    Parameters
    ----------
    events : `customer_key` and the column named by `time`; a row an event.
    cutoff : what is known at this moment counts; a naive one is read in the events' timezone.
    half_life_weeks : > 0; `inf` gives the lifetime count.

    Returns
    -------
    Series
        By `customer_key`, > 0; customers without events are absent.

    Raises
    ------
    ValueError
        If an event lies after the cut-off (look-ahead); the message names rows.
    """
    _check_half_life(half_life_weeks)
    codes, keys, ages = _ages(events, cutoff, time)
    return pd.Series(np.bincount(codes, np.exp2(-ages / half_life_weeks), len(keys)), keys, name="decayed_activity")


def log_decayed_activity(
    events: pd.DataFrame, cutoff: pd.Timestamp | str, half_life_weeks: float, *, time: str = "purchased_at"
) -> pd.Series:
    """Natural logarithm of `decayed_activity`, finite for the shortest half-life too (최근성 가중 활동량의 로그)."""
    _check_half_life(half_life_weeks)
    codes, keys, ages = _ages(events, cutoff, time)
    return pd.Series(_log_activity(codes, ages, _youngest(codes, ages), half_life_weeks), keys, name="log_activity")


@dataclass(frozen=True)
class HalfLife:
    """The age at which an event counts half, with its likelihood-ratio interval (행동의 반감기, S4.5).

    `low` 0 or `high` inf mean that the interval is open on that side: the data allow the last event alone (0), or the
    lifetime count (inf). `log_likelihoods` is the profile: half_life_weeks, log_likelihood, and the slope of the
    Logit on the log decayed count. `lr_statistic` and `p_value` test against an infinite half-life. `n` counts the
    customers.
    """

    half_life_weeks: float
    low: float
    high: float
    level: float
    lr_statistic: float
    p_value: float
    n: int
    log_likelihoods: pd.DataFrame = field(repr=False, compare=False)

    @property
    def open_ended(self) -> bool:
        """Whether the interval lacks a lower or an upper end."""
        return self.low == 0 or math.isinf(self.high)


def estimate_half_life(
    events: pd.DataFrame,
    outcome: pd.Series,
    *,
    cutoff: pd.Timestamp | str,
    level: float = 0.90,
    grid: Sequence[float] | None = None,
) -> HalfLife:
    """Half-life of behaviour by profile likelihood (행동의 반감기 추정, S4.5).

    For each half-life h, a Logit of `outcome` on an intercept, `log(A_h)` and `inactive`: A_h is the customer's
    `decayed_activity`; `inactive` is 1 for a customer without any event by the cut-off, 0 else; `log(A_h)` is 0 where
    it is 1. As `inactive` has a coefficient of its own, those customers are fitted by their own share and add the same
    constant to each log-likelihood; the Logit itself runs on the active ones.

    Parameters
    ----------
    events : `customer_key`, `purchased_at`; none after the cut-off.
    outcome : 0/1 by `customer_key`; its index is the eligible population, other customers' events are left out.
    level : of the likelihood-ratio interval (chi-squared, 1 degree of freedom), 0..1.
    grid : finite half-lives of the profile in weeks; default 25 from 0.5 to 520. The estimate and infinity are added.

    Notes
    -----
    The infinite half-life lies on the boundary, so that its likelihood ratio is 0 half of the time: the p-value is that
    of the equal mixture of 0 and chi-squared(1) (Self & Liang 1987, case 5). The end points are roots of the profile.

    Raises
    ------
    TooLittleData
        With fewer than 30 active customers, with one class of outcome, or if activity separates the classes.
    ValueError
        If an event lies after the cut-off.
    """
    profile, n = _half_life_profile(events, outcome, cutoff)
    rates = np.append(1 / np.sort(np.geomspace(0.5, 520, 25) if grid is None else np.asarray(grid, float)), 0.0)
    values = np.array([profile(rate)[0] for rate in rates])
    best = _peak(profile, rates, values)
    rates = np.unique(np.append(rates, best))[::-1]  # from the shortest half-life to infinity
    values = np.array([profile(rate)[0] for rate in rates])
    low, high = _crossings(profile, rates, values, values.max() - _z(level) ** 2 / 2)
    ratio = 2 * float(values.max() - values[-1])
    p_value = 0.5 * math.erfc(math.sqrt(ratio / 2)) if ratio > 1e-9 else 1.0
    table = pd.DataFrame([(_inverse(r), *profile(r)) for r in rates], columns=["half_life_weeks", *_PROFILE])
    return HalfLife(_inverse(best), low, high, level, ratio, p_value, n, table)


_PROFILE = ("log_likelihood", "slope")
_Profile = Callable[[float], tuple[float, float]]


def _half_life_profile(events: pd.DataFrame, outcome: pd.Series, cutoff: pd.Timestamp | str) -> tuple[_Profile, int]:
    """Return the profile as a function of the decay rate 1 / h (it is regular at 0), and the number of customers."""
    codes, keys, ages = _ages(events[events["customer_key"].isin(outcome.index)], cutoff, "purchased_at")
    bought = outcome.reindex(keys).to_numpy(float)
    if len(keys) < MIN_CUSTOMERS:
        raise TooLittleData("few_active", n=len(keys), needed=MIN_CUSTOMERS)
    _check_two_classes(bought)
    youngest, rest = _youngest(codes, ages), _saturated(outcome.drop(keys).to_numpy(float))

    @cache
    def profile(rate: float) -> tuple[float, float]:
        likelihood, slope = _logit_on(_log_activity(codes, ages, youngest, _inverse(rate)), bought)
        return likelihood + rest, slope

    return profile, len(outcome)


def _peak(profile: _Profile, rates: np.ndarray, values: np.ndarray) -> float:
    """Refine the grid's best decay rate between its neighbours."""
    from scipy.optimize import minimize_scalar

    at = int(values.argmax())
    fast, slow = rates[max(at - 1, 0)], rates[min(at + 1, len(rates) - 1)]
    found = minimize_scalar(lambda r: -profile(float(r))[0], bounds=(slow, fast), options={"xatol": 1e-4 * fast})
    return float(found.x) if -found.fun > values[at] else float(rates[at])


def _crossings(profile: _Profile, rates: np.ndarray, values: np.ndarray, threshold: float) -> tuple[float, float]:
    """Where the profile falls below the threshold, in weeks; 0 and inf where it does not (outermost crossings)."""
    from scipy.optimize import brentq

    first, last = np.flatnonzero(values >= threshold)[[0, -1]]

    def excess(rate: float) -> float:
        return profile(float(rate))[0] - threshold

    low = _inverse(brentq(excess, rates[first], rates[first - 1])) if first > 0 else 0.0
    high = _inverse(brentq(excess, rates[last + 1], rates[last])) if last + 1 < len(rates) else math.inf
    return low, high


def _inverse(value: float) -> float:
    return 1 / float(value) if value else math.inf


def _check_half_life(half_life_weeks: float) -> None:
    if not half_life_weeks > 0:
        raise ValueError(f"half_life_weeks must be above 0 (inf: the lifetime count), not {half_life_weeks!r}")


def _ages(events: pd.DataFrame, cutoff: pd.Timestamp | str, time: str) -> tuple[np.ndarray, pd.Index, np.ndarray]:
    """Return a customer code per event, the customers by code, and each event's age in weeks."""
    cutoff = _moment(cutoff, events[time])
    late = events.index[events[time] > cutoff]
    if len(late):
        rows = ", ".join(map(str, late[:5]))
        raise ValueError(f"look-ahead: {len(late)} of {len(events)} events lie after the cut-off {cutoff}, rows {rows}")
    codes, keys = pd.factorize(events["customer_key"])
    return codes, pd.Index(keys, name="customer_key"), (cutoff - events[time]).to_numpy() / _WEEK


def _youngest(codes: np.ndarray, ages: np.ndarray) -> np.ndarray:
    return pd.Series(ages).groupby(codes).min().to_numpy(float)


def _log_activity(codes: np.ndarray, ages: np.ndarray, youngest: np.ndarray, half_life_weeks: float) -> np.ndarray:
    """Log decayed count, relative to the customer's youngest event so that nothing underflows."""
    relative = np.bincount(codes, np.exp2((youngest[codes] - ages) / half_life_weeks), len(youngest))
    return np.log(relative) - math.log(2) * youngest / half_life_weeks


def _moment(moment: pd.Timestamp | str, times: pd.Series) -> pd.Timestamp:
    """Read a moment; a naive one takes the timezone of `times`."""
    moment, zone = pd.Timestamp(moment), times.dt.tz
    if moment.tz is not None and zone is None:
        raise ValueError(f"{moment} has a timezone, but {times.name} has none")
    return moment.tz_localize(zone) if moment.tz is None and zone is not None else moment


# --- the honest comparison -------------------------------------------------------------------------------------------


def purchase_panel(
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    cutoff: pd.Timestamp | str,
    horizon_weeks: float,
    recent_weeks: float = 4,
    half_life_weeks: float = math.inf,
    surveys: pd.DataFrame | None = None,
    answer_weeks: float = math.inf,
) -> pd.DataFrame:
    """What was known of each customer at the cut-off, and what came after (구매 패널).

    Eligible is who was acquired at or before the cut-off, fixed before any answer or outcome is looked at.

    Returns
    -------
    DataFrame
        A row an eligible customer (index `customer_key`). Known: `count` (purchases by the cut-off), `weeks_since_last`
        (NaN if none), `inactive` (no purchase by the cut-off), `recent` (one in the last `recent_weeks`), `log_count`,
        `log_activity` (decayed with `half_life_weeks`), both 0 if inactive; `nps_class` (promoter, passive, detractor,
        no_answer) of the last answer given by the cut-off, if at most `answer_weeks` old, `answer_age_weeks`, and a 0/1
        column a class. Outcomes in (cut-off, cut-off + horizon]: `bought`, `referred` (a new customer names this one),
        `bought_or_referred`.
    """
    cutoff = _moment(cutoff, purchases["purchased_at"])
    end, times = cutoff + pd.Timedelta(weeks=horizon_weeks), purchases["purchased_at"]
    eligible = pd.Index(customers.loc[customers["acquired_at"] <= cutoff, "customer_key"], name="customer_key")
    past = purchases[times <= cutoff]
    panel = _activity(past, eligible, cutoff, recent_weeks, half_life_weeks)
    panel = panel.join(_last_answers(surveys, eligible, cutoff, answer_weeks))
    future = purchases.loc[(times > cutoff) & (times <= end), "customer_key"]
    panel["bought"] = eligible.isin(future).astype(float)
    panel["referred"] = eligible.isin(_referrers(customers, cutoff, end)).astype(float)
    panel["bought_or_referred"] = panel[["bought", "referred"]].max(axis=1)
    return panel


def fit_predictors(
    panel: pd.DataFrame, *, predictors: Mapping[str, Sequence[str]] = PREDICTORS, outcome: Outcome = "bought"
) -> pd.DataFrame:
    """Logit coefficients of each predictor on the training panel (예측 모형 적합).

    Each slope carries a log-F(1, 1) prior in the form of two half observations (Greenland & Mansournia 2015, Statistics
    in Medicine 34(23)): 95% of it has an odds ratio between 1/648 and 648. It hardly moves what the data support, and
    keeps finite the slope of a class in which everybody or nobody bought.

    Returns
    -------
    DataFrame
        A row a predictor; columns `intercept` and the panel's columns, 0 where a predictor does not use one.

    Raises
    ------
    TooLittleData
        With fewer than 30 customers, or one class of outcome.
    """
    bought = panel[outcome].to_numpy(float)
    if len(panel) < MIN_CUSTOMERS:
        raise TooLittleData("few_customers", n=len(panel), needed=MIN_CUSTOMERS)
    _check_two_classes(bought)
    rows = {name: _fit_logit(panel[list(columns)], bought) for name, columns in predictors.items()}
    return pd.DataFrame(rows).T.reindex(columns=_columns(predictors)).fillna(0.0).rename_axis("predictor")


def predict_purchases(coefficients: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Probability of a purchase in the horizon: a row a customer, a column a predictor, 0..1 (구매 확률 예측)."""
    from scipy.special import expit

    design = panel.assign(intercept=1.0)[coefficients.columns].astype(float)
    return expit(design @ coefficients.T)


@dataclass(frozen=True)
class Difference:
    """A difference with its two-sided interval (차이와 구간).

    NaN with a `reason`, in each language, where the data cannot tell.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def _repr_markdown_(self) -> str:
        numbers = (f"{x:.3g}".replace("-", "−") for x in (self.estimate, self.low, self.high))
        return "{} ({:.0%}: {} – {}, n = {:,})".format(next(numbers), self.level, *numbers, self.n)


@dataclass(frozen=True)
class PredictorComparison:
    """Predictors trained one horizon earlier and tested once, on the same customers (예측 비교, S4.4, S4.5).

    `panel` and `scores` hold the tested customers, `table` is what `evaluate` says of them; `half_life` and
    `coefficients` come from the training panel, where everyone counts. `reasons` says which predictors could not be
    compared and why; with too little data all of them.
    """

    cutoff: pd.Timestamp
    train_cutoff: pd.Timestamp
    outcome: Outcome
    half_life: HalfLife | None
    coefficients: pd.DataFrame = field(repr=False, compare=False)
    panel: pd.DataFrame = field(repr=False, compare=False)
    scores: pd.DataFrame = field(repr=False, compare=False)
    table: pd.DataFrame = field(repr=False, compare=False)
    reasons: Mapping[str, Mapping[Lang, str]] = field(default_factory=dict)

    def gain(
        self, baseline: str, challenger: str, *, population: Population = "everyone", level: float = 0.90
    ) -> Difference:
        """Log-loss of `baseline` minus that of `challenger`, nats per 1,000 customers; above 0 favours the challenger.

        S4.4: `gain("nps_only", "behaviour_and_nps")`; what NPS adds: `gain("behaviour", "behaviour_and_nps")`; S4.5:
        `gain("whole_history", "recent_only")`.
        """
        per_customer = self._compare(compare_log_loss, baseline, challenger, population, level)
        numbers = {name: 1000 * getattr(per_customer, name) for name in ("estimate", "low", "high")}
        return replace(per_customer, **numbers)

    def auc_gain(
        self, baseline: str, challenger: str, *, population: Population = "everyone", level: float = 0.90
    ) -> Difference:
        """AUC of `challenger` minus that of `baseline`; above 0 favours the challenger."""
        return self._compare(compare_auc, challenger, baseline, population, level)

    def _compare(self, compare: Callable, a: str, b: str, population: Population, level: float) -> Difference:
        for name in (a, b):
            if name not in self.scores:
                raise ValueError(f"no predictor {name!r}; there are {', '.join(self.scores)}")
        if population not in get_args(Population):
            raise ValueError(f"population must be one of {', '.join(get_args(Population))}, not {population!r}")
        unknown = self.reasons.get(a) or self.reasons.get(b)
        if unknown:
            return _unknown(level, 0, unknown)
        chosen = self.panel if population == "everyone" else self.panel[_responded(self.panel)]
        scores = self.scores.loc[chosen.index]
        return compare(chosen[self.outcome], scores[a], scores[b], level=level)


def compare_predictors(
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    horizon_weeks: float,
    recent_weeks: float = 4,
    surveys: pd.DataFrame | None = None,
    answer_weeks: float = math.inf,
    cutoff: pd.Timestamp | str | None = None,
    observed_until: pd.Timestamp | str | None = None,
    outcome: Outcome = "bought",
) -> PredictorComparison:
    """Compare what NPS and behaviour say about the next purchase (예측 비교, S4.4, S4.5).

    Trained at the cut-off minus the horizon H (outcome in (t0 - H, t0]), half-life included; tested once at the cut-off
    t0 (outcome in (t0, t0 + H]). No random split: the test lies in the training's future, as in use.

    Parameters
    ----------
    customers, purchases, surveys : the tables of one brand.
    horizon_weeks : H, > 0; `recent_weeks` is what "recent only" looks at.
    answer_weeks : an older answer counts as none. To be fair to NPS, not longer than opinions last.
    observed_until : the end of the data; default the last purchase.
    cutoff : t0; default H before the end.

    Returns
    -------
    PredictorComparison
        With too little data its table is NaN and each difference says why.
    """
    purchases = purchases[purchases["customer_key"].isin(customers["customer_key"])]
    moments = _cutoffs(purchases["purchased_at"], cutoff, observed_until, horizon_weeks)
    build = {"horizon_weeks": horizon_weeks, "recent_weeks": recent_weeks}
    build |= {"surveys": surveys, "answer_weeks": answer_weeks}
    try:
        _check_window(purchases["purchased_at"], *moments, horizon_weeks, recent_weeks)
        return _train_and_test(customers, purchases, *moments[:2], outcome=outcome, build=build)
    except TooLittleData as why:
        return _nothing(*moments[:2], outcome, why.reason)


def evaluate(outcome: pd.Series, scores: pd.DataFrame, *, respondents: pd.Series | None = None) -> pd.DataFrame:
    """Quality of predicted probabilities on the same customers (예측 평가).

    Parameters
    ----------
    outcome : 0/1 by customer.
    scores : probabilities 0..1, a column a predictor, the same customers in the same order.
    respondents : True for who answered the survey; adds their own rows, so that both populations are seen.

    Returns
    -------
    DataFrame
        A row a predictor and population: predictor, population, n, auc, log_loss (nats), brier;
        calibration_intercept, of a Logit with the predicted log-odds as offset (0 is right, above 0: more
        bought than foreseen);
        calibration_slope, of a Logit on the predicted log-odds (1 is right, below 1 too bold; Cox 1958). NaN where
        undefined: one class, one probability for all, no score.
    """
    if not scores.index.equals(outcome.index):
        raise ValueError("outcome and scores must hold the same customers in the same order")
    populations = {"everyone": np.ones(len(outcome), bool)}
    if respondents is not None:
        populations["respondents"] = respondents.to_numpy(bool)
    rows = [
        {"predictor": name, "population": population} | _quality(outcome[mask], scores.loc[mask, name])
        for population, mask in populations.items()
        for name in scores
    ]
    return pd.DataFrame(rows, columns=["predictor", "population", *_QUALITY])


def compare_log_loss(outcome: pd.Series, a: pd.Series, b: pd.Series, *, level: float = 0.90) -> Difference:
    """Mean paired difference of log-loss, a minus b, nats a customer: above 0 favours b (로그 손실의 차이).

    The interval is Student's on the per-customer differences. It is conditional on the two fitted models and takes
    customers as independent; what a calendar week does to all of them at once is not in it.

    >>> y, a, b = pd.Series([1, 0, 1]), pd.Series([0.5, 0.5, 0.5]), pd.Series([0.8, 0.4, 0.6])
    >>> print(round(compare_log_loss(y, a, b).estimate, 4))
    0.2782
    """
    from scipy.special import stdtrit

    loss = _log_losses(outcome, a) - _log_losses(outcome, b)
    n = len(loss)
    if n < 2:
        return _unknown(level, n, f"{n} customers to compare; at least 2 are needed")
    half = stdtrit(n - 1, 0.5 + level / 2) * loss.std(ddof=1) / math.sqrt(n)
    return _around(loss.mean(), half, level, n)


def auc(outcome: pd.Series, score: pd.Series) -> float:
    """Chance that a buyer is ranked above a non-buyer, ties counting half (AUC); NaN with one class.

    >>> auc(pd.Series([0, 0, 1, 1]), pd.Series([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    buyers, _ = _placements(outcome, score)
    return float(buyers.mean()) if 0 < len(buyers) < len(outcome) else math.nan


def compare_auc(outcome: pd.Series, a: pd.Series, b: pd.Series, *, level: float = 0.90) -> Difference:
    """Paired difference of AUC, a minus b, with DeLong's interval (AUC 차이).

    DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44(3)), its placements from midranks (Sun & Xu 2014, IEEE Signal
    Processing Letters 21(11)). Scores need not be probabilities.
    """
    n = len(outcome)
    (buyers_a, others_a), (buyers_b, others_b) = _placements(outcome, a), _placements(outcome, b)
    if min(len(buyers_a), len(others_a)) < 2:
        return _unknown(level, n, reason("few_to_rank"))
    buyers, others = buyers_a - buyers_b, others_a - others_b
    half = _z(level) * math.sqrt(buyers.var(ddof=1) / len(buyers) + others.var(ddof=1) / len(others))
    return _around(buyers.mean(), half, level, n)


# --- inside the comparison -------------------------------------------------------------------------------------------

_QUALITY = ("n", "auc", "log_loss", "brier", "calibration_intercept", "calibration_slope")


def _around(estimate: float, half: float, level: float, n: int) -> Difference:
    return Difference(float(estimate), float(estimate - half), float(estimate + half), level, n)


def _unknown(level: float, n: int, why: Mapping[Lang, str]) -> Difference:
    return Difference(math.nan, math.nan, math.nan, level, n, why)


def _check_two_classes(bought: np.ndarray) -> None:
    if bought.min() == bought.max():
        raise TooLittleData("everybody_bought" if bought[0] else "nobody_bought", n=len(bought))


def _cutoffs(
    times: pd.Series, cutoff: pd.Timestamp | str | None, observed_until: pd.Timestamp | str | None, horizon_weeks: float
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """Return the test cut-off, the training cut-off and the end of the data."""
    if not horizon_weeks > 0:
        raise ValueError(f"horizon_weeks must be above 0, not {horizon_weeks!r}")
    horizon = pd.Timedelta(weeks=horizon_weeks)
    until = times.max() if observed_until is None else _moment(observed_until, times)
    test = until - horizon if cutoff is None else _moment(cutoff, times)
    return test, test - horizon, until


def _check_window(
    times: pd.Series, test: pd.Timestamp, train: pd.Timestamp, until: pd.Timestamp, horizon: float, recent: float
) -> None:
    if times.empty:
        raise TooLittleData("no_purchases")
    weeks, missing = (train - times.min()) / _WEEK, (test - until) / _WEEK + horizon
    if weeks < recent:
        there = max(2 * horizon + weeks, 0)
        raise TooLittleData("few_weeks", needed=2 * horizon + recent, horizon=horizon, recent=recent, weeks=there)
    if missing > 0:
        raise TooLittleData("late_outcome", weeks=missing, until=until)


def _train_and_test(
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    test: pd.Timestamp,
    train: pd.Timestamp,
    *,
    outcome: Outcome,
    build: dict,
) -> PredictorComparison:
    trained = purchase_panel(customers, purchases, cutoff=train, **build)
    past = purchases[purchases["purchased_at"] <= train]
    half_life = estimate_half_life(past, trained[outcome], cutoff=train)
    weeks = half_life.half_life_weeks
    trained = purchase_panel(customers, purchases, cutoff=train, half_life_weeks=weeks, **build)
    tested = purchase_panel(customers, purchases, cutoff=test, half_life_weeks=weeks, **build)
    coefficients = fit_predictors(trained, outcome=outcome)
    reasons = _answer_reasons({train: trained, test: tested})
    scores = predict_purchases(coefficients, tested)
    scores[list(reasons)] = np.nan
    table = evaluate(tested[outcome], scores, respondents=_responded(tested))
    return PredictorComparison(test, train, outcome, half_life, coefficients, tested, scores, table, reasons)


def _nothing(test: pd.Timestamp, train: pd.Timestamp, outcome: Outcome, why: Mapping[Lang, str]) -> PredictorComparison:
    """Return the comparison that says why there is none."""
    columns = [*_columns(PREDICTORS)[1:], "nps_class", outcome]
    panel = pd.DataFrame(columns=columns, index=pd.Index([], name="customer_key"))
    scores = pd.DataFrame(columns=list(PREDICTORS), index=panel.index, dtype=float)
    table = evaluate(panel[outcome], scores, respondents=_responded(panel))
    coefficients = pd.DataFrame(columns=_columns(PREDICTORS), dtype=float)
    reasons = dict.fromkeys(PREDICTORS, why)
    return PredictorComparison(test, train, outcome, None, coefficients, panel, scores, table, reasons)


def _answer_reasons(panels: dict[pd.Timestamp, pd.DataFrame]) -> dict[str, dict[Lang, str]]:
    """Why the predictors that use NPS cannot be compared; empty if both panels hold answers enough."""
    for cutoff, panel in panels.items():
        n = int(_responded(panel).sum())
        if n < MIN_CUSTOMERS:
            why = reason("few_answers", n=n, cutoff=cutoff, needed=MIN_CUSTOMERS)
            return {name: why for name, columns in PREDICTORS.items() if set(columns) & set(_NPS)}
    return {}


def _responded(panel: pd.DataFrame) -> pd.Series:
    return panel["nps_class"] != "no_answer"


def _columns(predictors: Mapping[str, Sequence[str]]) -> list[str]:
    return ["intercept", *dict.fromkeys(column for columns in predictors.values() for column in columns)]


def _activity(
    past: pd.DataFrame, eligible: pd.Index, cutoff: pd.Timestamp, recent_weeks: float, half_life_weeks: float
) -> pd.DataFrame:
    codes, keys, ages = _ages(past, cutoff, "purchased_at")
    youngest = _youngest(codes, ages)
    known = {
        "count": np.bincount(codes, minlength=len(keys)),
        "weeks_since_last": youngest,
        "recent": youngest < recent_weeks,
        "log_count": _log_activity(codes, ages, youngest, math.inf),
        "log_activity": _log_activity(codes, ages, youngest, half_life_weeks),
    }
    panel = pd.DataFrame(known, index=keys).astype(float).reindex(eligible)
    panel["inactive"] = panel["count"].isna().astype(float)
    return panel.fillna(dict.fromkeys(["count", "recent", "log_count", "log_activity"], 0.0))


def _last_answers(
    surveys: pd.DataFrame | None, eligible: pd.Index, cutoff: pd.Timestamp, answer_weeks: float
) -> pd.DataFrame:
    """Return the class and age of each customer's last answer by the cut-off, and a 0/1 column a class."""
    answers = pd.DataFrame(index=eligible, columns=["score", "answer_age_weeks"], dtype=float)
    if surveys is not None and "answered_at" in surveys:
        given = surveys[(surveys["question"] == "recommend") & surveys["score"].notna()]
        given = given.assign(answer_age_weeks=(cutoff - given["answered_at"]) / pd.Timedelta(weeks=1))
        given = given[given["answer_age_weeks"].between(0, answer_weeks)].sort_values("answer_age_weeks")
        answers = given.groupby("customer_key")[answers.columns.to_list()].first().astype(float).reindex(eligible)
    names = np.select([answers["score"] >= 9, answers["score"] >= 7, answers["score"] >= 0], _NPS, "no_answer")
    classes = {name: (names == name).astype(float) for name in _NPS}
    return answers.drop(columns="score").assign(nps_class=names, **classes)


def _referrers(customers: pd.DataFrame, cutoff: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Return who is named by customers acquired in (cut-off, end]."""
    if "referred_by" not in customers:
        return pd.Series(dtype=object)
    new = (customers["acquired_at"] > cutoff) & (customers["acquired_at"] <= end)
    return customers.loc[new, "referred_by"].dropna()


def _fit_logit(features: pd.DataFrame, outcome: np.ndarray) -> dict[str, float]:
    """Fit a Logit with intercept and log-F(1, 1) priors: two pseudo-observations of weight 1/2 a slope."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    k = features.shape[1]
    prior = np.column_stack([np.zeros(2 * k), np.repeat(np.eye(k), 2, axis=0)])
    design = np.vstack([np.column_stack([np.ones(len(features)), features.to_numpy(float)]), prior])
    weights = np.repeat([1.0, 0.5], [len(features), 2 * k])
    fit = GLM(np.append(outcome, np.tile([0.0, 1.0], k)), design, family=Binomial(), freq_weights=weights).fit()
    return dict(zip(["intercept", *features], fit.params, strict=True))


def _logit_on(x: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Log-likelihood and slope of a Logit with intercept on one variable; slope NaN if that is constant."""
    from statsmodels.discrete.discrete_model import Logit

    scale = x.std()
    if scale < 1e-9 * max(1.0, abs(x).max()):
        return _saturated(outcome), math.nan
    design = np.column_stack([np.ones(len(x)), (x - x.mean()) / scale])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit = Logit(outcome, design).fit(disp=0, maxiter=50)
    except (Warning, np.linalg.LinAlgError) as error:
        raise TooLittleData("separated") from error
    return float(fit.llf), float(fit.params[1] / scale)


def _saturated(outcome: np.ndarray) -> float:
    """Log-likelihood of 0/1 outcomes under their own share; 0 for none."""
    from scipy.special import xlogy

    yes = outcome.sum()
    no = len(outcome) - yes
    return float(xlogy(yes, yes / max(len(outcome), 1)) + xlogy(no, no / max(len(outcome), 1)))


def _log_losses(outcome: pd.Series, probability: pd.Series) -> np.ndarray:
    from scipy.special import xlog1py, xlogy

    y, p = outcome.to_numpy(float), probability.to_numpy(float)
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"probabilities must lie in 0..1; {probability.name!r} runs from {p.min():g} to {p.max():g}")
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return -(xlogy(y, p) + xlog1py(1 - y, -p))


def _placements(outcome: pd.Series, score: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each buyer's share of non-buyers ranked below, and each non-buyer's share of buyers ranked above."""
    y = outcome.to_numpy(bool)
    ranks = score.rank().to_numpy()
    buyers, others = score[y].rank().to_numpy(), score[~y].rank().to_numpy()
    return (ranks[y] - buyers) / max(len(others), 1), 1 - (ranks[~y] - others) / max(len(buyers), 1)


def _quality(outcome: pd.Series, probability: pd.Series) -> dict[str, float]:
    n = int(probability.notna().sum())
    if n == 0 or n < len(outcome):
        return dict.fromkeys(_QUALITY, math.nan) | {"n": n}
    error = outcome.to_numpy(float) - probability.to_numpy(float)
    values = (n, auc(outcome, probability), _log_losses(outcome, probability).mean(), (error**2).mean())
    return dict(zip(_QUALITY, (*values, *_calibration(outcome, probability)), strict=True))


def _calibration(outcome: pd.Series, probability: pd.Series) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    y, odds = outcome.to_numpy(float), logit(np.clip(probability.to_numpy(float), 1e-12, 1 - 1e-12))
    if y.min() == y.max():
        return math.nan, math.nan
    intercept = brentq(lambda shift: expit(odds + shift).mean() - y.mean(), -60, 60)
    try:
        return intercept, _logit_on(odds, y)[1]
    except TooLittleData:
        return intercept, math.nan


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return NormalDist().inv_cdf(0.5 + level / 2)
