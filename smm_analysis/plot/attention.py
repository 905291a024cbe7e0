"""Figures of how long posts live and how soon they are read (게시물 수명 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.attention import Decay, Readers

_COLOURS = dict(zip(("blog", "sns", "video", "cafe", "site"), PALETTE, strict=False))
_GROUP_COLOURS = dict(zip(("blog_alone", "sns_alone", "linked_posts"), PALETTE, strict=False))
_SOURCE_COLOURS = dict(zip(("from_feed", "from_search", "from_share", "from_link"), PALETTE[1:], strict=False))
_DAYS, _HOURS = (0.1, 0.25, 0.5, 1, 2, 7, 14, 30, 90, 180, 365), (1, 3, 6, 12, 24, 48, 96, 168, 336, 720)
_BAR = 0.8


def plot_decay(found: Decay, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the views still to come by days since publishing, a line a kind of medium, with bands (조회 감쇠)."""
    ax = axes_of(ax)
    if found.curve.empty:
        return nothing_to_draw(ax, lang)
    rows = found.kinds.set_index("medium_kind")
    for kind, curve in found.curve.groupby("medium_kind", sort=False):
        name = f"{label(kind, lang)} (n = {rows.loc[kind, 'n']:,})"
        _line(ax, curve["age_days"], curve, _COLOURS[kind], name)
        ax.plot([rows.loc[kind, "half_life_days"]], [0.5], "o", color=_COLOURS[kind])
    ax.axhline(0.5, color=GREY, linewidth=0.8, linestyle="--", label=label("half_is_left", lang))
    ax.set(xlabel=label("age_days", lang), ylabel=label("share_to_come", lang), ylim=(0, 1))
    ax.set(xlim=(0.1, found.horizon_days), title=label("post_decay", lang))
    return legend_below(_long_time(ax, _DAYS), columns=4)


def plot_readers(found: Readers, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw which share of posts has so many readers by hours since publishing, a line a group (독자 도달 시간)."""
    ax = axes_of(ax)
    if found.curve.empty:
        return nothing_to_draw(ax, lang)
    counts = found.groups.set_index("post_group")["n"]
    for group, curve in found.curve.groupby("post_group", sort=False):
        _line(ax, curve["hours"], curve, _GROUP_COLOURS[group], f"{label(group, lang)} (n = {counts[group]:,})")
    ax.set(xlabel=label("hours_since", lang), ylabel=label("share_there", lang), ylim=(0, 1))
    ax.set(xlim=(1, 24 * found.within_days), title=label("readers_by_hours", lang).format(n=f"{found.readers:,}"))
    return legend_below(_long_time(ax, _HOURS))


def plot_view_sources(found: Decay, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw a kind's views by stretches of a post's life, stacked by where they came from (경로별 조회)."""
    ax = axes_of(ax)
    if found.by_age.empty:
        return nothing_to_draw(ax, lang)
    kinds = list(dict.fromkeys(found.by_age["medium_kind"]))
    stretches = found.by_age[["first_day", "last_day"]].drop_duplicates().to_numpy().tolist()
    wide = _BAR / len(kinds)
    for column, kind in enumerate(kinds):
        for place, stretch in enumerate(stretches):
            at = place + (column - (len(kinds) - 1) / 2) * wide
            _stack(ax, at, 0.9 * wide, _within(found, kind, stretch))
            below = {"ha": "center", "va": "top", "fontsize": "small", "transform": ax.get_xaxis_transform()}
            ax.text(at, -0.02, label(kind, lang), **below)
    for name in dict.fromkeys(found.by_age["view_source"]):
        ax.bar([0], [0], color=_SOURCE_COLOURS.get(name, GREY), label=named(name, lang))
    ax.set_xticks(range(len(stretches)), [f"{a}–{b}" if a < b else f"{a}" for a, b in stretches])
    ax.tick_params(axis="x", pad=24, length=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="x", visible=False)
    ax.set(xlabel=label("life_days", lang), ylabel=label("share_of_views", lang), title=label("views_by_source", lang))
    ax.legend(loc="upper right")
    return ax


def _line(ax: Axes, x: pd.Series, curve: pd.DataFrame, colour: str, name: str) -> None:
    ax.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, curve["share"], color=colour, label=name)


def _long_time(ax: Axes, ticks: tuple[float, ...]) -> Axes:
    """A logarithmic time axis with plain numbers, and shares in percent."""
    low, high = ax.get_xlim()
    ax.set_xscale("log")
    ax.set_xticks([tick for tick in ticks if low <= tick <= high])
    ax.xaxis.set_minor_locator(plt.NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return ax


def _within(found: Decay, kind: str, stretch: list[int]) -> pd.DataFrame:
    rows = found.by_age
    return rows[(rows["medium_kind"] == kind) & (rows["first_day"] == stretch[0])]


def _stack(ax: Axes, place: float, width: float, rows: pd.DataFrame) -> None:
    """Stack the sources of one bar; a bar that hardly shows says so by its number alone."""
    shares = rows["share"].to_numpy()
    for name, share, below in zip(rows["view_source"], shares, np.cumsum(shares) - shares, strict=True):
        ax.bar(place, share, width, bottom=below, color=_SOURCE_COLOURS.get(name, GREY))
    ax.text(place, shares.sum(), f"{shares.sum():.0%}", ha="center", va="bottom", color=GREY, fontsize="small")
