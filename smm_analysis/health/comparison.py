"""Predictors trained one horizon before the cut-off and tested once at the cut-off (예측 비교, S4.4, S4.5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.tables import moment_in
from smm_analysis.terms import Lang, reason

from .activity import HalfLife, activity_history, half_life_of
from .evaluation import compare_auc, compare_log_loss, evaluate
from .guards import MIN_CUSTOMERS, TooLittleData, check_eligible, check_two_classes
from .logit import fit_logit

Outcome = Literal["bought", "bought_or_referred"]
Population = Literal["everyone", "respondents"]

_WEEK = np.timedelta64(1, "W")
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
    eligible: Collection[str] | None = None,
) -> pd.DataFrame:
    """What was known of each customer at the cut-off, and what came after (구매 패널).

    Eligible is who was acquired at or before the cut-off, fixed before any answer or outcome is looked at; a choice of
    one's own (`eligible`) is held against the outcome by `check_eligible`, which warns of survivors only.

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
    cutoff = moment_in(purchases["purchased_at"].dt.tz, cutoff, "cutoff")
    end, times = cutoff + pd.Timedelta(weeks=horizon_weeks), purchases["purchased_at"]
    if eligible is None:
        eligible = customers.loc[customers["acquired_at"] <= cutoff, "customer_key"]
    else:
        check_eligible(pd.Index(eligible), customers, purchases, cutoff=cutoff, horizon_weeks=horizon_weeks)
    eligible = pd.Index(eligible, name="customer_key")
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
    check_two_classes(bought)
    rows = {
        name: dict(zip(("intercept", *columns), _slopes(panel, columns, bought), strict=True))
        for name, columns in predictors.items()
    }
    return pd.DataFrame(rows).T.reindex(columns=_columns(predictors)).fillna(0.0).rename_axis("predictor")


def _slopes(panel: pd.DataFrame, columns: Sequence[str], bought: np.ndarray) -> np.ndarray:
    return fit_logit([panel[column].to_numpy(float) for column in columns], bought, prior=True).coefficients


def predict_purchases(coefficients: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Probability of a purchase in the horizon: a row a customer, a column a predictor, 0..1 (구매 확률 예측)."""
    from scipy.special import expit

    design = panel.assign(intercept=1.0)[coefficients.columns].astype(float)
    return expit(design @ coefficients.T)


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
    ) -> Estimate:
        """Log-loss of `baseline` minus that of `challenger`, nats per 1,000 customers; above 0 favours the challenger.

        S4.4: `gain("nps_only", "behaviour_and_nps")`; what NPS adds: `gain("behaviour", "behaviour_and_nps")`; S4.5:
        `gain("whole_history", "recent_only")`.
        """
        per_customer = self._compare(compare_log_loss, baseline, challenger, population, level)
        numbers = {name: 1000 * getattr(per_customer, name) for name in ("estimate", "low", "high")}
        return replace(per_customer, **numbers)

    def auc_gain(
        self, baseline: str, challenger: str, *, population: Population = "everyone", level: float = 0.90
    ) -> Estimate:
        """AUC of `challenger` minus that of `baseline`; above 0 favours the challenger."""
        return self._compare(compare_auc, challenger, baseline, population, level)

    def _compare(self, compare: Callable, a: str, b: str, population: Population, level: float) -> Estimate:
        for name in (a, b):
            if name not in self.scores:
                raise ValueError(f"no predictor {name!r}; there are {', '.join(self.scores)}")
        if population not in get_args(Population):
            raise ValueError(f"population must be one of {', '.join(get_args(Population))}, not {population!r}")
        why = self.reasons.get(a) or self.reasons.get(b)
        if why:
            return unknown(level, 0, why)
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
        _check_window(purchases["purchased_at"], moments, horizon_weeks, recent_weeks)
        return _train_and_test(customers, purchases, *moments[:2], outcome=outcome, build=build)
    except TooLittleData as why:
        return _nothing(*moments[:2], outcome, why.reason)


def _cutoffs(
    times: pd.Series, cutoff: pd.Timestamp | str | None, observed_until: pd.Timestamp | str | None, horizon_weeks: float
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """Return the test cut-off, the training cut-off and the end of the data."""
    if not horizon_weeks > 0:
        raise ValueError(f"horizon_weeks must be above 0, not {horizon_weeks!r}")
    horizon = pd.Timedelta(weeks=horizon_weeks)
    until = times.max() if observed_until is None else moment_in(times.dt.tz, observed_until, "observed_until")
    test = until - horizon if cutoff is None else moment_in(times.dt.tz, cutoff, "cutoff")
    return test, test - horizon, until


def _check_window(times: pd.Series, moments: tuple[pd.Timestamp, ...], horizon: float, recent: float) -> None:
    """Refuse purchases that begin too late for the training, or end before the test's outcome is known."""
    test, train, until = moments
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
    past = activity_history(purchases[purchases["purchased_at"] <= train], train, trained.index)
    half_life = half_life_of(past, trained[outcome].to_numpy())
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
    history = activity_history(past, cutoff, eligible)
    youngest = history.youngest
    known = {
        "count": history.counts,
        "weeks_since_last": youngest,
        "recent": youngest < recent_weeks,
        "log_count": history.log_activity(math.inf),
        "log_activity": history.log_activity(half_life_weeks),
    }
    panel = pd.DataFrame(0.0, eligible, [*known, "inactive"])
    panel["weeks_since_last"], panel["inactive"] = np.nan, 1.0
    panel.iloc[history.active] = np.column_stack([*known.values(), np.zeros(len(youngest))])
    return panel


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
