"""Figures of listening (경청 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.listening import GroupComparison, Spikes, Trends

_SCORES = ("net_sentiment", "net_positive")  # -1..1; the other measures are shares
_MOST_ROWS = 10  # that a figure of bars or points has room for


def plot_measure(card: pd.DataFrame, measure: str, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw one measure of the scorecard by week, with its interval (주별 지표).

    `card` is `listening.weekly_scorecard`'s: week, measure, estimate, low, high, n. Weeks without an estimate are gaps.
    """
    ax = axes_of(ax)
    rows = card[card["measure"] == measure]
    if rows["estimate"].isna().all():
        ax.set_title(label(measure, lang, unit=False))
        return nothing_to_draw(ax, lang)
    when = rows["week"].dt.tz_localize(None)
    ax.vlines(when, rows["low"], rows["high"], color=PALETTE[0], alpha=0.25, linewidth=3)  # a lone week shows too
    ax.plot(when, rows["estimate"], "o-", color=PALETTE[0], markersize=3, linewidth=1.2)
    if measure in _SCORES:
        ax.axhline(0, color=GREY, linewidth=0.8)
    else:
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, None)
    ax.set_title(f"{label(measure, lang, unit=False)} (n = {int(rows['n'].sum()):,})")
    return date_axis(ax, most=5)


def plot_scorecard(card: pd.DataFrame, measures: Sequence[str] = (), *, lang: Lang = "en") -> np.ndarray:
    """Draw the weekly scorecard, a small figure a measure (주간 성적표); returns its axes.

    `measures` are drawn in their order; left out, those that the card has.
    """
    measures = list(measures) or list(dict.fromkeys(card["measure"]))
    rows = -(-len(measures) // 2)
    _, axes = plt.subplots(rows, 2, figsize=(8.4, 2.3 * rows), sharex=True, squeeze=False)
    for measure, ax in zip(measures, axes.flat, strict=False):
        plot_measure(card, measure, ax=ax, lang=lang)
    for ax in axes.flat[len(measures) :]:
        ax.set_axis_off()
    return axes


def plot_spikes(spikes: Spikes, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw mentions over time against the alarm level, alarms marked (조기 경보).

    False alarms of the calibration are not marked: they are what the budget pays for.
    """
    ax = axes_of(ax)
    scores = spikes.scores
    if spikes.reason or scores.empty:
        return nothing_to_draw(ax, lang)
    when = scores.index.tz_localize(None)
    name = f"{label('mentions', lang, unit=False)} (n = {int(scores['count'].sum()):,})"
    ax.plot(when, scores["count"], color=GREY, linewidth=0.7, label=name)
    level = scores["expected"] + spikes.threshold * scores["scale"]
    ax.plot(when, level, color=PALETTE[1], linewidth=1, label=label("alarm_level", lang))
    marked = spikes.alarms[spikes.alarms["status"] != "quiet"]
    name = f"{label('alarms', lang)} (n = {len(marked):,})"
    ax.plot(marked["start"].dt.tz_localize(None), marked["peak"], "v", color=PALETTE[0], markersize=7, label=name)
    ax.set(ylabel=label("mentions_per_step", lang), title=label("early_warning", lang), ylim=(0, None))
    return legend_below(date_axis(ax))


def plot_themes(found: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how much more, or less, people write of each theme than before, with intervals (화제의 변화).

    `found` is `listening.themes`': theme, people, log_ratio, low, high. The ten most surprising, in their order.
    """
    ax = axes_of(ax)
    rows = found.dropna(subset=["log_ratio"]).head(_MOST_ROWS).iloc[::-1]
    if rows.empty:
        return nothing_to_draw(ax, lang)
    _rows_with_intervals(ax, rows[["log_ratio", "low", "high"]], rows["theme"], rows["people"], neutral=0)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{2**value:.3g}"))
    ax.set(xlabel=label("times_as_many_people", lang), title=label("themes_against_before", lang))
    return ax


def plot_trends(found: Trends, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how many times as many people write of each theme now, with intervals (떠오르는 화제).

    The ten surest, in their order, emerging ones in colour; n is people now.
    """
    ax = axes_of(ax)
    rows = found.themes.head(_MOST_ROWS).iloc[::-1].reset_index(drop=True)
    if rows.empty:
        return nothing_to_draw(ax, lang)
    ratios = np.log2(rows[["times_as_before", "low", "high"]])
    _rows_with_intervals(ax, ratios, rows["theme"], rows["people"], neutral=0)
    rising = rows.index[rows["emerging"]]
    name = f"{label('emerging', lang)} (n = {found.themes['emerging'].sum():,})"
    ax.plot(ratios.loc[rising, "times_as_before"], rising, "o", markersize=10, color=PALETTE[1], label=name)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{2**value:.3g}"))
    ax.set(xlabel=label("times_as_before", lang, unit=False), title=label("rising_themes", lang))
    return legend_below(ax)


def plot_theme_curve(
    curve: pd.DataFrame, comparison: GroupComparison, *, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw how many themes n mentions find, and what a focus group of a few finds (화제 발견 곡선과 FGI).

    `curve` is `listening.themes_found`'s: n, themes, low, high, extrapolated.
    """
    ax = axes_of(ax)
    if curve.empty or comparison.reason:
        return nothing_to_draw(ax, lang)
    there = curve[~curve["extrapolated"]]
    name = f"{label('themes_in_mentions', lang, unit=False)} (n = {comparison.n:,})"
    ax.fill_between(curve["n"], curve["low"], curve["high"], color=PALETTE[0], alpha=0.15, linewidth=0)
    ax.plot(there["n"], there["themes"], color=PALETTE[0], label=name)
    beyond = curve[curve["n"] >= there["n"].max()]
    ax.plot(beyond["n"], beyond["themes"], color=PALETTE[0], linestyle="--", label=label("extrapolated", lang))
    group = comparison.table.set_index("reading")["themes_in_group"]
    ax.axhspan(group["published_low"], group["published_high"], color=PALETTE[1], alpha=0.12, linewidth=0)
    for reading, colour in (("published", PALETTE[1]), ("authors", PALETTE[2])):
        ax.axhline(group[reading], color=colour, linewidth=1.2, label=label(reading, lang))
    ax.set(
        xlabel=label("mentions", lang, unit=False),
        ylabel=label("themes", lang, unit=False),
        title=label("theme_curve", lang),
    )
    ax.set(xlim=(0, None), ylim=(0, None))
    return legend_below(ax, columns=2)


def plot_best(ranked: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw which hours, or forms, get more response than the average post, with intervals (반응이 좋은 시간과 형식).

    `ranked` is `listening.best_hours`' or `best_forms`': its cells first, then n, times_average with low and high.
    """
    ax = axes_of(ax)
    rows = ranked.dropna(subset=["times_average"]).head(_MOST_ROWS).iloc[::-1]
    if rows.empty:
        return nothing_to_draw(ax, lang)
    cells = rows[rows.columns[: rows.columns.get_loc("n")]].astype(str).map(lambda cell: named(cell, lang))
    ratios = rows[["times_average", "times_average_low", "times_average_high"]]
    _rows_with_intervals(ax, ratios, cells.agg(" · ".join, axis=1), rows["n"], neutral=1)
    ax.set(
        xlabel=label("times_average", lang), title=label("best_times" if "hour_block" in rows else "best_kinds", lang)
    )
    return ax


def _rows_with_intervals(ax: Axes, table: pd.DataFrame, names: pd.Series, n: pd.Series, *, neutral: float) -> None:
    """Draw a row a name: estimate, low and high, the columns of `table`, with n; a line where nothing differs."""
    estimate, low, high = table.to_numpy().T
    at = np.arange(len(table))
    ax.errorbar(estimate, at, xerr=[estimate - low, high - estimate], fmt="o", capsize=3, color=PALETTE[0])
    ax.axvline(neutral, color=GREY, linewidth=0.8, linestyle="--")
    ax.set(yticks=at, yticklabels=[f"{name} (n = {count:,})" for name, count in zip(names, n, strict=True)])
    ax.grid(axis="y", visible=False)
