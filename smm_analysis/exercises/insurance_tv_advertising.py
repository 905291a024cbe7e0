"""Answers of the insurance case (보험 사례의 정답)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.exercises.checking import Truth, about
from smm_analysis.mix import fit_lags, lag_table, money_elasticity

NAMES = {"outcome": "quotes", "money": "tv_spend"}
ORDERS = ((0, 0), (1, 0), (2, 0), (1, 1), (1, 2))


def explained(table: pd.DataFrame) -> Truth:
    """Percent of the variance of quotes that the same month's advertising seems to explain."""
    correlation = float(table["quotes"].corr(table["tv_spend"]))
    return about(
        100 * correlation**2,
        share=0.01,
        correlation=100 * correlation,
        unexplained=100 * (1 - correlation**2),
    )


def orders_that_fail(table: pd.DataFrame, lags: int) -> Truth:
    """How many of the five orders of the errors fail the placebo."""
    placebos = [fit_lags(table, **NAMES, lags=lags, order=order).placebo for order in ORDERS]
    fail = sum(p.low > 0 or p.high < 0 for p in placebos)
    return Truth(float(fail), traps={"that_pass": float(len(ORDERS) - fail)})


def what_remains(table: pd.DataFrame, lags: int) -> Truth:
    """The own month's effect less the placebo's, quotes per unit of money."""
    model, effect = _effects(table, lags)
    return about(
        effect[0] - model.placebo.estimate,
        share=0.01,
        as_estimated=effect[0],
        added=effect[0] + model.placebo.estimate,
        of_last_month=effect[1] - model.placebo.estimate,
        less_last_month=effect[0] - effect[1],
    )


def carry_over_left(table: pd.DataFrame, lags: int) -> Truth:
    """Last month's effect less the placebo's, quotes per unit of money."""
    model, effect = _effects(table, lags)
    return about(
        effect[1] - model.placebo.estimate,
        as_estimated=effect[1],
        added=effect[1] + model.placebo.estimate,
        of_own_month=effect[0] - model.placebo.estimate,
    )


def placebo_without_lags(table: pd.DataFrame, lags: int) -> Truth:
    """The placebo of a regression without lags, quotes per unit of money."""
    none, some = (fit_lags(table, **NAMES, lags=n) for n in (0, lags))
    own = lag_table(none).set_index("lag")["effect"][0]
    ends = {"low_end": none.placebo.low, "high_end": none.placebo.high}
    return about(none.placebo.estimate, with_lags=some.placebo.estimate, own_month=own, **ends)


def times_average(table: pd.DataFrame, lags: int, average: float) -> Truth:
    """How many times the average brand's elasticity this one is."""
    found = money_elasticity(fit_lags(table, **NAMES, lags=lags)).estimate
    return about(found / average, difference=found - average, itself=found, upside_down=average / found)


def _effects(table: pd.DataFrame, lags: int) -> tuple[object, pd.Series]:
    model = fit_lags(table, **NAMES, lags=lags)
    return model, lag_table(model).set_index("lag")["effect"]
