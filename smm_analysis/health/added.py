"""Does NPS add anything to behaviour? (NPS의 추가 가치, second verdict of S4.4)

The trap: an answer echoes what the customer did lately. With behaviour under-modelled (the lifetime count alone, or
recency alone) the answer stands in for what was left out, and "NPS adds" where it adds nothing. So behaviour comes as a
`History`, and the half-life is profiled with and without the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate

from .activity import History, activity_history
from .comparison import PredictorComparison
from .evaluation import compare_log_loss
from .guards import MIN_CUSTOMERS, TooLittleData, check_answers, check_two_classes
from .logit import fit_logit

_FOLDS = 5
_RATES = np.append(1 / np.geomspace(0.5, 520, 15), 0.0)


@dataclass(frozen=True)
class AddedValue:
    """What the NPS answer adds to behaviour (NPS의 추가 가치).

    `lr_statistic`, chi-squared with `df` degrees of freedom where it adds nothing, and its `p_value`; `gain`, the
    out-of-sample log-loss saved, nats per 1,000 customers; `half_life_weeks` of behaviour without the answers (NaN for
    fixed columns); `separated`, whether an answer tells the outcome without error; `n` customers, `n_answered`.
    """

    lr_statistic: float
    df: int
    p_value: float
    gain: Estimate
    half_life_weeks: float
    separated: bool
    n: int
    n_answered: int


def adds_value(
    outcome: pd.Series, behaviour: History | pd.DataFrame, nps: pd.Series, *, level: float = 0.90
) -> AddedValue:
    """Test whether the NPS class adds to behaviour (NPS가 행동에 더하는 것, S4.4).

    A Logit of the outcome on behaviour, with and without the classes. If behaviour is a `History`, it is the log
    decayed count and an indicator of no activity, and each of the two models has its own best half-life: the likelihood
    ratio compares the two profiles' maxima. Columns of a DataFrame are taken as they are: then the answer gets the
    credit for whatever of behaviour they leave out.

    The gain is cross-fitted: customers in five fixed folds (every fifth), each fold predicted by a fit on the others,
    slopes with the log-F(1, 1) prior, both models at the half-life of behaviour alone. It speaks of other customers in
    the same weeks; for the weeks to come see `PredictorComparison.gain("behaviour", "behaviour_and_nps")`.

    Parameters
    ----------
    outcome : 0/1 by customer.
    behaviour : `activity_history(events, cutoff, outcome.index)`, or columns known at the cut-off by customer.
    nps : promoter, passive, detractor or no_answer by customer, of answers given by the cut-off.
    level : of the gain's interval, 0..1.

    Raises
    ------
    TooLittleData
        With fewer than 30 answers, all of one class (and no silence), or one class of outcome.
    ValueError
        If the three do not hold the same customers in the same order.

    Warns
    -----
    RecordedAfterwards
        If in a class of ten or more answers everybody or nobody bought, which also sets `separated`.
    """
    from scipy.special import chdtrc

    customers = behaviour.customers if isinstance(behaviour, History) else behaviour.index
    if not (outcome.index.equals(nps.index) and outcome.index.equals(customers)):
        raise ValueError("outcome, behaviour and nps must hold the same customers in the same order")
    bought, classes = outcome.to_numpy(float), _class_columns(nps)
    check_two_classes(bought)
    columns, half_lives = _views(behaviour)
    without, rate = _best(columns, [], bought, half_lives)
    with_nps, _ = _best(columns, classes, bought, half_lives)
    ratio = max(2 * (with_nps - without), 0.0)
    gain = _cross_fitted_gain(columns(rate), classes, outcome, level)
    separated, answered = check_answers(bought, nps), int((nps != "no_answer").sum())
    p_value = float(chdtrc(len(classes), ratio))
    half_life = (1 / rate if rate else np.inf) if isinstance(behaviour, History) else np.nan
    return AddedValue(ratio, len(classes), p_value, gain, float(half_life), separated, len(bought), answered)


def added_by_view(comparison: PredictorComparison, purchases: pd.DataFrame) -> pd.DataFrame:
    """What NPS seems to add as behaviour is modelled better (NPS 추가 가치의 함정).

    Behaviour as three analysts model it: `count_only` (log of the lifetime number of purchases), `recency_only` (log of
    1 + weeks since the last one) and `behaviour` (`History`, half-life profiled). Where the answer only echoes recent
    behaviour, the first two let it pass for news.

    Returns
    -------
    DataFrame
        A row a view: view, p_value, gain, low, high (nats per 1,000 customers) and n, on the tested customers of
        `comparison`; NaN where the data are too few.
    """
    panel, rows = comparison.panel, []
    for view in ("count_only", "recency_only", "behaviour"):
        try:
            added = adds_value(panel[comparison.outcome], _seen(view, comparison, purchases), panel["nps_class"])
            gain = added.gain
            rows.append((view, added.p_value, gain.estimate, gain.low, gain.high, added.n))
        except TooLittleData:
            rows.append((view, np.nan, np.nan, np.nan, np.nan, len(panel)))
    return pd.DataFrame(rows, columns=["view", "p_value", "gain", "low", "high", "n"])


def _seen(view: str, comparison: PredictorComparison, purchases: pd.DataFrame) -> History | pd.DataFrame:
    """Return behaviour by the cut-off as one analyst sees it."""
    panel = comparison.panel
    if comparison.half_life is None:
        raise TooLittleData("few_customers", n=len(panel), needed=MIN_CUSTOMERS)
    if view == "behaviour":
        own = purchases["customer_key"].isin(panel.index) & (purchases["purchased_at"] <= comparison.cutoff)
        return activity_history(purchases[own], comparison.cutoff, panel.index)
    if view == "count_only":
        return panel[["log_count", "inactive"]]
    since = np.log1p(panel["weeks_since_last"]).fillna(0.0)
    return panel[["inactive"]].assign(log_weeks_since_last=since)


_Columns = Callable[[float], list[np.ndarray]]


def _class_columns(nps: pd.Series) -> list[np.ndarray]:
    """Return a 0/1 column a class but the most frequent one."""
    counts = nps.value_counts()
    answered = int(counts.drop("no_answer", errors="ignore").sum())
    if answered < MIN_CUSTOMERS or len(counts[counts > 0]) < 2:
        raise TooLittleData("few_classes", n=answered, needed=MIN_CUSTOMERS)
    given = nps.to_numpy()
    return [(given == name).astype(float) for name in counts[counts > 0].index[1:]]


def _views(behaviour: History | pd.DataFrame) -> tuple[_Columns, np.ndarray]:
    """Return behaviour's columns as a function of the decay rate, and the rates to try."""
    if isinstance(behaviour, pd.DataFrame):
        fixed = [behaviour[column].to_numpy(float) for column in behaviour]
        return lambda _: fixed, np.zeros(1)
    inactive = np.ones(len(behaviour.customers))
    inactive[behaviour.active] = 0.0

    def columns(rate: float) -> list[np.ndarray]:
        log_activity = np.zeros(len(inactive))
        log_activity[behaviour.active] = behaviour.log_activity(1 / rate if rate else np.inf)
        return [log_activity, inactive] if inactive.any() else [log_activity]

    return columns, _RATES


def _best(
    columns: _Columns, classes: Sequence[np.ndarray], bought: np.ndarray, rates: np.ndarray
) -> tuple[float, float]:
    """Return the largest log-likelihood over the decay rates, and its rate: a grid, then its best cell."""
    from scipy.optimize import minimize_scalar

    def loss(rate: float) -> float:
        return -fit_logit([*columns(float(rate)), *classes], bought).log_likelihood

    losses = [loss(rate) for rate in rates]
    at = int(np.argmin(losses))
    if len(rates) == 1:
        return -losses[0], 0.0
    fast, slow = rates[max(at - 1, 0)], rates[min(at + 1, len(rates) - 1)]
    found = minimize_scalar(loss, bounds=(slow, fast), options={"xatol": 1e-3 * fast})
    return (-float(found.fun), float(found.x)) if found.fun < losses[at] else (-losses[at], float(rates[at]))


def _cross_fitted_gain(
    behaviour: list[np.ndarray], classes: list[np.ndarray], outcome: pd.Series, level: float
) -> Estimate:
    scores = [_cross_fitted(columns, outcome) for columns in (behaviour, behaviour + classes)]
    gain = compare_log_loss(outcome, *scores, level=level)
    return Estimate(1000 * gain.estimate, 1000 * gain.low, 1000 * gain.high, level, gain.n, gain.reason)


def _cross_fitted(columns: list[np.ndarray], outcome: pd.Series) -> pd.Series:
    """Probabilities of each fold from a fit on the others."""
    from scipy.special import expit

    bought, chance = outcome.to_numpy(float), np.empty(len(outcome))
    for fold in range(_FOLDS):
        held = np.arange(len(bought)) % _FOLDS == fold
        beta = fit_logit([column[~held] for column in columns], bought[~held], prior=True).coefficients
        chance[held] = expit(beta[0] + np.column_stack([column[held] for column in columns]) @ beta[1:])
    return pd.Series(chance, outcome.index)
