"""Figures of hand-off and follow-through (핸드오프 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import PercentFormatter

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smm_analysis.handoff import Funnel


def plot_follow_through(funnel: Funnel, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the share of responders who reached each stage, by weeks since they first responded (단계별 도달률)."""
    ax = axes_of(ax)
    if funnel.curve.empty:
        return nothing_to_draw(ax, lang)
    for (stage, rows), colour in zip(funnel.curve.groupby("stage", sort=False), PALETTE, strict=False):
        name = f"{label(stage, lang, unit=False)} (n = {int(funnel.stage(stage)['n']):,})"
        ax.fill_between(rows["weeks"], rows["low"], rows["high"], step="post", color=colour, alpha=0.15, linewidth=0)
        ax.step(rows["weeks"], rows["share"], where="post", color=colour, label=name)
    ax.axvline(funnel.within_weeks, color=GREY, linewidth=0.8, linestyle="--")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlabel=label("weeks_since_response", lang), ylabel=label("share_reached", lang))
    shown = funnel.curve["weeks"] <= 2 * funnel.within_weeks
    ax.set(xlim=(0, 2 * funnel.within_weeks), ylim=(0, min(1.0, 1.1 * funnel.curve["high"][shown].max())))
    ax.set_title(label("follow_through", lang))
    return legend_below(ax)
