"""Figures of customer health (고객 건전성 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from smm_analysis.health import typical_customers
from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import SMALLEST_GROUP, Lang, label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.health import CustomerHealth, HalfLife


def plot_nps(trend: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the Net Promoter Score per period with its interval and n (순추천지수 추이).

    `trend` is `health.net_promoter_by`'s: the first column the period, then nps, low, high and n. Periods with fewer
    than five answers are left out: they say little, and could tell who answered.
    """
    ax = axes_of(ax)
    answered = trend[trend["n"] >= SMALLEST_GROUP]
    if answered.empty:
        return nothing_to_draw(ax, lang)
    when = answered.iloc[:, 0]
    ends = np.abs(answered[["low", "high"]].to_numpy().T - answered["nps"].to_numpy())
    ax.errorbar(when, answered["nps"], yerr=ends, fmt="o-", capsize=4, color=PALETTE[0])
    for x, y, n in zip(when, answered["high"], answered["n"], strict=True):
        ax.annotate(f"n = {n:,}", (x, y), (0, 5), textcoords="offset points", ha="center", size="small", color=GREY)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.margins(x=0.08, y=0.15)
    ax.set(ylabel=label("nps", lang), title=f"{label('nps', lang, unit=False)}: {label('interval_95', lang)}")
    return date_axis(ax)


def plot_predictors(table: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how well each kind of knowledge ranks the next buyers, everyone and respondents (예측력 비교).

    `table` is `health.evaluate`'s: predictor, population, n, auc.
    """
    ax = axes_of(ax)
    if table["auc"].isna().all():
        return nothing_to_draw(ax, lang)
    order = list(dict.fromkeys(table["predictor"]))[::-1]
    for (population, rows), colour, marker in zip(
        table.groupby("population", sort=False), PALETTE, ("o", "D"), strict=False
    ):
        name = f"{label(population, lang)} (n = {rows['n'].max():,})"
        ax.plot(
            rows["auc"], [order.index(p) for p in rows["predictor"]], marker, color=colour, label=name, markersize=8
        )
    ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle="--")
    ax.set(yticks=range(len(order)), yticklabels=[label(p, lang) for p in order], xlabel=label("auc_axis", lang))
    ax.set(title=label("predictors", lang), ylim=(-0.5, len(order) - 0.5))
    return legend_below(ax)


def plot_half_life(half_life: HalfLife | None, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the profile likelihood of the half-life of behaviour, with its interval (반감기 프로파일).

    None, where the data were too few to estimate it, gives axes that say so.
    """
    ax = axes_of(ax)
    if half_life is None:
        return nothing_to_draw(ax, lang)
    profile = half_life.log_likelihoods
    finite = profile[np.isfinite(profile["half_life_weeks"])]
    drop = finite["log_likelihood"] - profile["log_likelihood"].max()
    ax.plot(finite["half_life_weeks"], drop, color=PALETTE[0])
    weeks = finite["half_life_weeks"]
    low, high = max(half_life.low, weeks.min()), min(half_life.high, weeks.max())
    name = f"{label('interval', lang)} {half_life.level:.0%}: {half_life.low:.3g} – {half_life.high:.3g}"
    ax.axvspan(low, high, color=PALETTE[0], alpha=0.15, linewidth=0, label=name)
    name = f"{label('estimate', lang)}: {half_life.half_life_weeks:.3g} (n = {half_life.n:,})"
    ax.axvline(min(half_life.half_life_weeks, weeks.max()), color=PALETTE[1], label=name)
    ax.set(xscale="log", xlabel=label("half_life", lang), ylabel=label("log_likelihood_drop", lang))
    ax.set(title=label("half_life", lang, unit=False), ylim=(max(drop.min(), -25) * 1.05, 1))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return legend_below(ax)


def plot_calibration(calibration: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw foreseen against actual buying, with intervals (보정 그림).

    `calibration` is `health.calibration_table`'s: foreseen, observed, low, high, n.
    """
    ax = axes_of(ax)
    if calibration.empty:
        return nothing_to_draw(ax, lang)
    ends = np.abs(calibration[["low", "high"]].to_numpy().T - calibration["observed"].to_numpy())
    name = f"{label('groups_of_customers', lang)} (n = {int(calibration['n'].sum()):,})"
    ax.errorbar(calibration["foreseen"], calibration["observed"], yerr=ends, fmt="o", capsize=3, label=name)
    top = min(1.0, 1.05 * calibration[["foreseen", "high"]].to_numpy().max())
    ax.plot([0, top], [0, top], color=GREY, linewidth=0.8, linestyle="--", label=label("as_foreseen", lang))
    ax.set(xlabel=label("foreseen", lang), ylabel=label("observed", lang), title=label("calibration", lang))
    return legend_below(ax)


def plot_contributions(health: CustomerHealth | None, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw what makes three customers' health: a low, a middle and a high one (건전성의 구성).

    They stand at the 10th, 50th and 90th percentile of health. Bars add up to the distance from the average customer.
    """
    ax = axes_of(ax)
    if health is None:
        return nothing_to_draw(ax, lang)
    chosen = typical_customers(health)
    parts = health.contributions.loc[chosen["customer_key"]].drop(columns="base")
    for i, (component, colour) in enumerate(zip(parts, PALETTE, strict=False)):
        at = np.arange(len(chosen)) + 0.8 * ((i + 0.5) / parts.shape[1] - 0.5)
        ax.barh(
            at, parts[component], height=0.75 / parts.shape[1], color=colour, label=label(component, lang, unit=False)
        )
    for component in health.left_out:
        ax.plot([], [], " ", label=f"{label(component, lang, unit=False)}: {label('left_out', lang)}")
    names = [f"{label('customer_health', lang, unit=False)} {value:.0f}" for value in chosen["customer_health"]]
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set(yticks=range(len(chosen)), yticklabels=names, xlabel=label("log_odds_contribution", lang))
    ax.set(title=f"{label('three_customers', lang)} (n = {len(health.scores):,})")
    ax.grid(axis="y", visible=False)
    return legend_below(ax)


def plot_weekly_repeat(
    weekly: pd.DataFrame, *, calibration_weeks: int, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw weekly repeat purchases against a model's expectation, the holdout weeks set apart (주별 재구매).

    `weekly` has week (1, 2, ...), actual and expected.
    """
    ax = axes_of(ax)
    ax.axvspan(calibration_weeks, weekly["week"].max(), color=GREY, alpha=0.1, linewidth=0)
    total = f"n = {int(weekly['actual'].sum()):,}"
    ax.plot(weekly["week"], weekly["actual"], color=PALETTE[0], label=f"{label('actual', lang)} ({total})")
    expected = f"{label('expected', lang)} ({weekly['expected'].sum():,.0f})"
    ax.plot(weekly["week"], weekly["expected"], color=PALETTE[1], linestyle="--", label=expected)
    top = weekly[["actual", "expected"]].to_numpy().max()
    ax.text(calibration_weeks + 0.6, top, label("holdout", lang), color=GREY, va="top")
    ax.set(xlabel=label("week_number", lang), ylabel=label("repeat_purchases", lang), ylim=(0, None))
    ax.set(title=label("weekly_repeat", lang))
    return legend_below(ax)
