"""Answers of the colour television case (컬러텔레비전 사례의 정답)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smm_analysis.diffusion import fit_bass
from smm_analysis.exercises.checking import Truth, about


def came_next(known: pd.Series, came: pd.Series) -> Truth:
    """Sets sold in the first year after the forecast, thousands."""
    return about(
        came.iloc[0],
        carried_on=_carried_on(known),
        like_last=known.iloc[-1],
        industry=7000.0,
        growth_of_growth=known.iloc[-1] + known.diff().iloc[-1],
    )


def missed_by(known: pd.Series, came: pd.Series) -> Truth:
    """Percent by which growth carried on lies above what came in the first year."""
    carried, first = _carried_on(known), came.iloc[0]
    return about(
        100 * (carried / first - 1),
        of_the_forecast=100 * (1 - first / carried),
        in_thousands_of_sets=carried - first,
        whole_percent=100 * carried / first,
    )


def smaller_market(known: pd.Series, market: int) -> Truth:
    """Forecast of the first year with two thirds of the market, thousands."""
    small, full = (fit_bass(known, market_size=share * market).forecast(2)["adoptions"] for share in (2 / 3, 1))
    return about(
        small.iloc[0],
        full_market=full.iloc[0],
        two_thirds_of_it=2 / 3 * full.iloc[0],
        year_after=small.iloc[1],
        carried_on=_carried_on(known),
    )


def first_told(sales: pd.Series) -> Truth:
    """The first last-known year from which the model tells the market size."""
    return Truth(float(_first_told(sales)), traps={"peak": float(sales.idxmax()), "asked": 1966.0})


def forms_apart(sales: pd.Series) -> Truth:
    """Percent by which the largest p of the three forms lies above the smallest."""
    p = np.array([fit_bass(sales, form=form).p.estimate for form in ("interval", "density", "cumulative")])
    q = np.array([fit_bass(sales, form=form).q.estimate for form in ("interval", "density", "cumulative")])
    return about(
        100 * (p.max() / p.min() - 1),
        share=0.03,
        of_the_largest=100 * (1 - p.min() / p.max()),
        difference_only=100 * (p.max() - p.min()),
        of_imitation=100 * (q.max() / q.min() - 1),
    )


def by_word_of_mouth(sales: pd.Series, known: pd.Series) -> Truth:
    """Percent of the buyers of the last known year whom word of mouth brought, by the curve in hindsight."""
    moved = fit_bass(sales).history.set_index("period")
    share = 100 * moved["imitators"] / moved["fitted"]
    year = known.index[-1]
    upto = moved.loc[:year]
    return about(
        share[year],
        by_media=100 - share[year],
        all_years=100 * upto["imitators"].sum() / upto["fitted"].sum(),
        first_year=share.iloc[0],
        last_year=share.iloc[-1],
    )


def rooms_told(rooms: pd.Series) -> Truth:
    """The same question for room air conditioners."""
    return Truth(float(_first_told(rooms)), traps={"peak": float(rooms.idxmax()), "end": float(rooms.index[-1])})


def _carried_on(known: pd.Series) -> float:
    return float(known.iloc[-1] * (1 + known.pct_change().mean()))


def _first_told(series: pd.Series) -> int:
    told = [year for year in series.index[3:] if np.isfinite(fit_bass(series.loc[:year]).market_size.estimate)]
    return int(told[0])
