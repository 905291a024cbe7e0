"""What every figure needs of its axes (축)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.dates import AutoDateLocator, DateFormatter

from smm_analysis.plot.theme import GREY
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_of(ax: Axes | None) -> Axes:
    """Return the axes to draw on: those given, or those of a new figure."""
    return ax if ax is not None else plt.subplots()[1]


def nothing_to_draw(ax: Axes, lang: Lang) -> Axes:
    """Say on empty axes that there is nothing to draw."""
    ax.text(0.5, 0.5, label("no_estimate", lang), ha="center", color=GREY, transform=ax.transAxes)
    ax.set(xticks=[], yticks=[])
    return ax


def legend_below(ax: Axes, *, columns: int = 3) -> Axes:
    """Put the legend under the axes, where it never covers data."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns)
    return ax


def date_axis(ax: Axes, *, most: int = 9) -> Axes:
    """Write dates as year-month, which both languages read; `most` ticks."""
    ax.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=most))
    ax.xaxis.set_major_formatter(DateFormatter("%Y-%m"))
    return ax
