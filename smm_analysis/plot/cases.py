"""Figures of the cases' replays (사례의 모의 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.plot.axes import axes_of, legend_below
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_leads(
    table: pd.DataFrame, *, measure: str = "simulated_lead", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw how far plans lead one of them, with intervals, the best on top (모의 앞섬).

    `table` is that of `virtual.leads`; its contestants are glossary keys. n is simulated markets.
    """
    ax = axes_of(ax)
    rows = table.sort_values("estimate").reset_index(drop=True)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.hlines(rows.index, rows["low"], rows["high"], color=PALETTE[0], linewidth=2)
    name = f"n = {rows['n'].max()} {label('markets', lang)}"
    ax.plot(rows["estimate"], rows.index, "o", color=PALETTE[0], label=name)
    ax.set(yticks=rows.index, yticklabels=[named(key, lang) for key in rows["contestant"]])
    ax.set_xlabel(label(measure, lang))
    return legend_below(ax)


def plot_sweep(
    tables: dict[str, pd.DataFrame],
    *,
    x: str,
    measure: str = "simulated_lead",
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Axes:
    """Draw a number and its band by what was turned up, a line a table (한 값을 올려 갈 때).

    `tables` : label, or glossary key -> a frame with the column `x` (a glossary key) and estimate, low, high, n.
    """
    ax = axes_of(ax)
    ax.axhline(0, color=GREY, linewidth=1)
    for (key, table), colour in zip(tables.items(), PALETTE, strict=False):
        ax.fill_between(table[x], table["low"], table["high"], color=colour, alpha=0.15, linewidth=0)
        name = f"{named(key, lang)} (n = {table['n'].max()})"
        ax.plot(table[x], table["estimate"], "o-", color=colour, label=name)
    ax.set(xlabel=label(x, lang), ylabel=label(measure, lang))
    return legend_below(ax)
