"""What a data set covers (데이터 범위 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.plot.axes import axes_of, date_axis
from smm_analysis.plot.theme import PALETTE
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_coverage(coverage: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw which weeks each table covers (데이터 범위).

    `coverage` is `tables.coverage`'s: a row a table, with table, rows, first and last.
    """
    dated = coverage.dropna(subset=["first"]).iloc[::-1].reset_index(drop=True)
    ax = axes_of(ax)
    ax.hlines(dated.index, dated["first"], dated["last"], color=PALETTE[0], linewidth=7, alpha=0.85)
    names = [f"{table} (n = {rows:,})" for table, rows in zip(dated["table"], dated["rows"], strict=True)]
    ax.set(yticks=dated.index, yticklabels=names, ylim=(-0.7, len(dated) - 0.3), title=label("coverage", lang))
    ax.grid(axis="y", visible=False)
    return date_axis(ax)
