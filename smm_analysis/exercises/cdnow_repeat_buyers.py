"""Answers of the CDNOW case (CDNOW 사례의 정답)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from smm_analysis.exercises.checking import Truth, about
from smm_analysis.health import compare_predictors

CALIBRATION_END = pd.Timestamp("1997-09-30")
LENGTHS = (1, 4, 8, 13, 20)  # weeks of 'recent' that the case tries


def never_back(purchases: pd.DataFrame) -> Truth:
    """Percent of the customers who bought on one day only."""
    days, early = (_days(rows) for rows in (purchases, purchases[purchases["purchased_at"] <= CALIBRATION_END]))
    return about(
        100 * (days == 1).mean(),
        share=0.01,
        by_september=100 * (early == 1).mean(),
        came_back=100 * (days > 1).mean(),
        of_purchases=100 * (days == 1).sum() / days.sum(),
        by_rows=100 * (purchases["customer_key"].value_counts() == 1).mean(),
    )


def who_stays(model: Any) -> Truth:
    """Which of two customers who both fell silent in week 20 is likelier still a customer in week 39."""
    few, many = model.alive(frequency=[1, 10], recency=[20, 20], age=[39, 39])
    return Truth("few" if few > many else "many")


def christmas(weekly: pd.DataFrame) -> Truth:
    """Percent by which repeat purchases after week 39 exceed what the model expected."""
    later = weekly[weekly["week"] > 39]
    actual, expected = later["actual"].sum(), later["expected"].sum()
    return about(
        100 * (actual / expected - 1),
        all_weeks=100 * (weekly["actual"].sum() / weekly["expected"].sum() - 1),
        of_actual=100 * (1 - expected / actual),
        in_purchases=actual - expected,
    )


def closest_recent(customers: pd.DataFrame, purchases: pd.DataFrame, horizon: int) -> Truth:
    """The length of 'recent', of those tried, that loses least to the whole history, weeks."""
    gains = {
        weeks: compare_predictors(customers, purchases, horizon_weeks=horizon, recent_weeks=weeks)
        .gain("whole_history", "recent_only")
        .estimate
        for weeks in LENGTHS
    }
    worst, best = min(gains, key=gains.get), max(gains, key=gains.get)
    return Truth(float(best), traps={"longest": float(LENGTHS[-1]), "loses_most": float(worst)})


def shorter_horizon(customers: pd.DataFrame, purchases: pd.DataFrame) -> Truth:
    """Half-life of behaviour where a purchase counts within 13 weeks, weeks."""
    short, long = (compare_predictors(customers, purchases, horizon_weeks=h).half_life for h in (13, 26))
    return about(
        short.half_life_weeks,
        horizon_26=long.half_life_weeks,
        in_days=7 * short.half_life_weeks,
        low_end=short.low,
        high_end=short.high,
    )


def _days(purchases: pd.DataFrame) -> pd.Series:
    return purchases.groupby("customer_key")["purchased_at"].nunique()
