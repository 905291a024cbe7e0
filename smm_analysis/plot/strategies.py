"""Figures of strategies (전략 그림): plans ranked, when to switch, and two plans' paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smm_analysis.strategies import StrategyComparison, SwitchWeek

_PEOPLE = StrMethodFormatter("{x:,.0f}")


def plot_strategies(compared: StrategyComparison, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw plans by their loyal customers with intervals, the best on top (전략 순위).

    At the right stands each plan's probability of being best. A plan that leaves what the record has seen is hollow,
    today's plan is orange with a line through it. n is weeks of record.
    """
    ax = axes_of(ax)
    rows = compared.table().iloc[::-1].reset_index(drop=True)
    today, hollow = rows["plan"] == "today", rows["outside"] != ""
    colours = np.where(today, PALETTE[1], PALETTE[0])
    ax.hlines(rows.index, rows["loyal_low"], rows["loyal_high"], colors=colours, linewidth=2)
    for which, face in ((hollow, "white"), (~hollow, None)):
        at = rows.index[which]
        faces = colours[at] if face is None else face
        ax.scatter(rows.loc[at, "loyal"], at, c=faces, edgecolors=colours[at], linewidths=1.6, s=46, zorder=3)
    for at in rows.index[today]:
        ax.axvline(rows.loc[at, "loyal"], color=PALETTE[1], linewidth=1, alpha=0.5, zorder=0)
    _probabilities(ax, rows["probability_best"], lang)
    ax.scatter([], [], c="white", edgecolors=GREY, label=label("outside_record", lang))
    ax.plot([], [], "o", color=GREY, label=f"n = {compared.n}")
    ax.set(yticks=rows.index, yticklabels=[named(name, lang) for name in rows["plan"]])
    ax.set(xlabel=label("loyal_customers", lang), title=label("strategies_ranked", lang))
    ax.xaxis.set_major_formatter(_PEOPLE)
    return legend_below(ax)


def _probabilities(ax: Axes, best: np.ndarray, lang: Lang) -> None:
    """Write each row's probability of being best beside the axes."""
    for at, share in enumerate(best):
        text = "<1%" if 0 < share < 0.01 else f"{share:.0%}"
        ax.text(1.02, at, text, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    heading = label("probability_best", lang).replace(" of ", " of\n")
    ax.text(1.02, len(best) - 0.35, heading, transform=ax.get_yaxis_transform(), va="bottom", fontsize="x-small")


def plot_switch(found: SwitchWeek, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw loyal customers by the week of the switch to diffusion, with a band (전환 시점).

    The dot is the best week, the bar below it where the best week lies in most draws. n is weeks of record.
    """
    ax = axes_of(ax)
    table, best = found.table, found.best
    ax.fill_between(table["switch_week"], table["loyal_low"], table["loyal_high"], alpha=0.15, linewidth=0)
    ax.plot(
        table["switch_week"], table["loyal"], color=PALETTE[0], label=f"{label('loyal_customers', lang)}, n = {best.n}"
    )
    low, high = table["loyal_low"].min(), table["loyal_high"].max()
    floor = low - 0.06 * (high - low)
    ax.hlines(floor, best.low, best.high, color=PALETTE[1], linewidth=4, alpha=0.5)
    ax.plot([best.estimate], [floor], "o", color=PALETTE[1], label=label("best_switch", lang))
    ax.set(xlabel=label("switch_week", lang), ylabel=label("loyal_customers", lang))
    ax.set_title(label("switch_by_week", lang))
    ax.yaxis.set_major_formatter(_PEOPLE)
    return legend_below(ax, columns=2)


def plot_plan_paths(
    compared: StrategyComparison, one: str, other: str = "today", *, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw loyal customers over the horizon under two plans, with bands of parameter draws (계획별 경로)."""
    ax = axes_of(ax)
    if missing := {one, other} - set(compared.plans):
        raise ValueError(f"{', '.join(sorted(missing))}: not among the plans compared, {', '.join(compared.plans)}")
    if compared.paths.empty:
        return nothing_to_draw(ax, lang)
    for name, colour in ((one, PALETTE[0]), (other, PALETTE[1])):
        path = compared.paths[compared.paths["plan"] == name]
        ax.fill_between(path["week"], path["loyal_low"], path["loyal_high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(path["week"], path["loyal"], color=colour, label=f"{named(name, lang)} (n = {compared.n})")
    ax.set(xlabel=label("weeks_from_start", lang), ylabel=label("loyal_customers", lang), ylim=(0, None))
    ax.yaxis.set_major_formatter(_PEOPLE)
    return legend_below(ax)
