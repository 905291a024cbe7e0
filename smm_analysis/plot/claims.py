"""Figures of promotion, cohorts and flights (홍보·잔존·유입 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smm_analysis.estimate import Estimate
    from smm_analysis.relationship import Inflow, Retention, Tolerance


def plot_tolerance(found: Tolerance, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw hides per 1,000 impressions against the promotion share, and where they have doubled (홍보 허용 한계).

    A point is a week, its area its impressions. The doubling point has its interval as a band; where hides never
    double within what was seen the legend says so.
    """
    ax = axes_of(ax)
    if found.curve.empty:
        return nothing_to_draw(ax, lang)
    weeks, curve = found.weeks[found.weeks["impressions"] > 0], found.curve
    area = 60 * weeks["impressions"] / weeks["impressions"].max()
    name = f"{label('promotion_weeks', lang)} (n = {len(weeks):,})"
    ax.scatter(weeks["share"], weeks["hides_per_1000"], s=area, color=GREY, alpha=0.4, linewidth=0, label=name)
    ax.fill_between(curve["share"], curve["low"], curve["high"], color=PALETTE[0], alpha=0.18, linewidth=0)
    ax.plot(curve["share"], curve["hides_per_1000"], color=PALETTE[0], label=label("fitted_hides", lang))
    _doubling(ax, found.doubling, float(curve["share"].max()), lang)
    top = max(float(curve["high"].max()), float(weeks["hides_per_1000"].quantile(0.98)))
    ax.set(xlim=(0, 1.05 * weeks["share"].max()), ylim=(0, 1.1 * top), title=label("hides_by_promotion", lang))
    ax.set(xlabel=label("promotion_share", lang), ylabel=label("hides_per_1000", lang))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=None if ax.get_xlim()[1] < 0.05 else 0))
    return legend_below(ax, columns=2)


def _doubling(ax: Axes, point: Estimate, seen: float, lang: Lang) -> None:
    """Mark the doubling point with its interval, or say that there is none within what was seen."""
    if not np.isfinite(point.estimate):
        ax.axvline(
            seen, color=PALETTE[1], linewidth=1, linestyle=":", label=f"{label('no_doubling', lang)} ({seen:.0%})"
        )
        return
    high = min(point.high, seen)
    text = f"{point.estimate:.0%} ({point.low:.0%} – {'∞' if np.isinf(point.high) else format(point.high, '.0%')})"
    ax.axvspan(point.low, high, color=PALETTE[1], alpha=0.12, linewidth=0)
    ax.axvline(point.estimate, color=PALETTE[1], linewidth=1.5, label=f"{label('doubling_point', lang)}: {text}")


def plot_retention(kept: Retention, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the share still buying by weeks since the first purchase, of the two groups compared (코호트 잔존)."""
    ax = axes_of(ax)
    curve = kept.curve[kept.curve["group"].isin(kept.compare) & (kept.curve["at_risk"] > 0)]
    if curve.empty:
        return nothing_to_draw(ax, lang)
    counts = kept.groups.set_index(kept.by)["n"]
    for group, colour in zip(kept.compare, PALETTE, strict=False):
        rows = curve[curve["group"] == group]
        name = f"{named(group, lang)} (n = {counts[group]:,})"
        ax.fill_between(rows["weeks"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(rows["weeks"], rows["share"], color=colour, label=name)
    ax.axvline(kept.weeks, color=GREY, linewidth=0.8, linestyle="--")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlabel=label("weeks_since_first", lang), ylabel=label("still_buying", lang), ylim=(0, None))
    ax.set_title(label("retention_curve", lang))
    return legend_below(ax)


def plot_inflow(found: Inflow, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw new followers week by week, the part owed to the ads, and the flights (광고 유입)."""
    ax = axes_of(ax)
    if "owed" not in found.weeks:
        return nothing_to_draw(ax, lang)
    weeks = found.weeks
    running = weeks["phase"] == "during"
    for number, (_, flight) in enumerate(weeks[running].groupby((~running).cumsum())):
        name = f"{label('flight', lang)}: {found.channel}" if number == 0 else None
        ends = flight["week"].min(), flight["week"].max() + np.timedelta64(7, "D")
        ax.axvspan(*ends, color=PALETTE[1], alpha=0.12, linewidth=0, label=name)
    n = int(weeks["new_followers"].notna().sum())
    ax.step(weeks["week"], weeks["new_followers"], where="post", color=GREY, label=_named_n("new_followers", n, lang))
    ax.fill_between(weeks["week"], 0, weeks["owed"], step="post", color=PALETTE[0], alpha=0.45, linewidth=0)
    ax.step(weeks["week"], weeks["owed"], where="post", color=PALETTE[0], label=label("owed_to_ads", lang))
    ax.set(ylabel=label("new_followers", lang), title=label("flight_inflow", lang))
    return legend_below(date_axis(ax))


def _named_n(key: str, n: int, lang: Lang) -> str:
    return f"{label(key, lang, unit=False)} (n = {n:,})"
