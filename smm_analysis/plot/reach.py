"""Figures of reach and what it costs (도달과 비용 그림)."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE, money
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.reach import ReachCurve

COLOURS = {"atl": PALETTE[0], "btl": PALETTE[1], "online": PALETTE[2], "outdoor": PALETTE[3]}  # a colour a line
_COSTS = ("cost_per_thousand", "cost_per_target", "cost_per_engaged")
_FARTHEST = 600  # contacts per 100 people; a campaign that went farther is drawn to its end


def plot_reach_curves(curves: Mapping[str, ReachCurve], *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how many people each channel reaches by contacts bought, with intervals (도달 곡선).

    A dot marks the campaign as it ran. n is how many people were measured. Curves with a reason are left out.
    """
    ax = axes_of(ax)
    drawn = {name: curve for name, curve in curves.items() if not curve.reason}
    if not drawn:
        return nothing_to_draw(ax, lang)
    far = max(_FARTHEST, *(curve.grp(curve.impressions) for curve in drawn.values()))
    for colour, (name, curve) in zip(np.resize(PALETTE, len(drawn)), drawn.items(), strict=True):
        _reach_curve(ax, name, curve, far=far, colour=str(colour))
    ax.plot([], [], "o", color=GREY, label=label("as_it_ran", lang))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlim=(0, far * 1.02), ylim=(0, 1.02), title=label("reach_curve", lang))
    ax.set(xlabel=label("grp", lang), ylabel=label("reached_share", lang))
    return legend_below(ax)


def _reach_curve(ax: Axes, name: str, curve: ReachCurve, *, far: float, colour: str) -> None:
    """One channel's curve, up to four times its campaign: farther out it was not tested."""
    ran = curve.grp(curve.impressions)
    grid = np.linspace(0, min(far / ran, 4), 60) * curve.impressions
    table = curve.table(grid)
    shares = table[["reach", "reach_low", "reach_high"]] / curve.universe
    ax.fill_between(table["grp"], shares["reach_low"], shares["reach_high"], color=colour, alpha=0.15, linewidth=0)
    ax.plot(table["grp"], shares["reach"], color=colour, label=f"{name} (n = {curve.panel_n:,})")
    ax.plot([ran], [curve.expected(curve.impressions) / curve.universe], "o", color=colour, markersize=5)


def plot_costs(
    costs: pd.DataFrame, measures: Sequence[str] = _COSTS, *, currency: str = "KRW", lang: Lang = "en"
) -> np.ndarray:
    """Draw what each channel's money buys, a panel a measure (매체별 비용); returns the axes.

    `costs` is `reach.media_costs`' by channel, with a column `line`. Measures it lacks are left out. n is people
    reached a week, summed over weeks.
    """
    measures = [name for name in measures if name in costs and costs[name].notna().any()]
    _, axes = plt.subplots(1, max(len(measures), 1), figsize=(8.4, 3.4), sharey=True, squeeze=False)
    if not measures:
        nothing_to_draw(axes[0, 0], lang)
        return axes[0]
    rows = costs.iloc[::-1].reset_index(drop=True)
    for ax, measure in zip(axes[0], measures, strict=True):
        _bars(ax, rows[measure], rows["line"], currency=currency, lang=lang)
        ax.set_title(fill(label(measure, lang, unit=False), 22), fontsize="small")
    names = [f"{name} (n = {n:,.0f})" for name, n in zip(rows["channel"], rows["reach"], strict=True)]
    axes[0, 0].set(yticks=range(len(rows)), yticklabels=names)
    _legend_of_lines(axes[0, 0].figure, dict.fromkeys(costs["line"]), lang)
    return axes[0]


def _bars(ax: Axes, values: pd.Series, lines: pd.Series, *, currency: str, lang: Lang) -> None:
    """A bar a channel with its amount at the end."""
    bars = ax.barh(range(len(values)), values, color=[COLOURS.get(line, GREY) for line in lines], height=0.6)
    texts = [money(value, currency, lang) if np.isfinite(value) else "–" for value in values]
    ax.bar_label(bars, labels=texts, padding=3, fontsize="small")
    ax.set(xlim=(0, 1.35 * values.max()), xticks=[])
    ax.grid(visible=False)


def _legend_of_lines(figure: plt.Figure, lines: Mapping[str, None], lang: Lang) -> None:
    """Name the colours of lines under the figure."""
    handles = [plt.Rectangle((0, 0), 1, 1, color=COLOURS.get(line, GREY)) for line in lines]
    figure.legend(handles, [named(line, lang) for line in lines], loc="outside lower center", ncols=4)
