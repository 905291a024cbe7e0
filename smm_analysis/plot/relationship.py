"""Figures of the relationship and what it does (관계 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smm_analysis.relationship import DoseResponse, Relationship

_TERMS = {  # a component's glossary key
    "participation": "participation_back",
    "sentiment": "net_sentiment",
    "listening_hours": "hours",
}


def plot_relationship(found: Relationship, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the relationship by week with its band, and its components, thin (주별 관계 지표).

    n is people by week, added up. 0 is the brand's own mean; the dotted lines are P25 and P75 of its weeks.
    """
    ax, weeks = axes_of(ax), found.weeks
    if not found.parts:
        return nothing_to_draw(ax, lang)
    colours = np.resize(PALETTE[1:], len(found.parts))
    for colour, part in zip(colours, found.parts, strict=True):
        name = label(_TERMS.get(part.name, part.name), lang, unit=False)
        total = int(part.weeks["n"].sum())
        ax.plot(
            weeks["week"], weeks[part.name], color=colour, linewidth=0.9, alpha=0.8, label=f"{name} (n = {total:,})"
        )
    ax.fill_between(weeks["week"], weeks["low"], weeks["high"], color=PALETTE[0], alpha=0.2, linewidth=0)
    total = f"{label('relationship', lang, unit=False)} (n = {int(weeks['n'].sum()):,})"
    ax.plot(weeks["week"], weeks["relationship"], color=PALETTE[0], linewidth=2.4, label=total)
    for quartile in np.quantile(weeks["relationship"], [0.25, 0.75]):
        ax.axhline(quartile, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(ylabel=label("relationship", lang), title=label("relationship_weeks", lang))
    return legend_below(date_axis(ax), columns=2 if len(found.parts) > 3 else 3)


def plot_dose_response(
    response: DoseResponse, outcome: str = "shares_per_thousand", *, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw what is passed on, or earned, by relationship: weeks, groups of weeks, the line and its band (용량 반응).

    `outcome` is the glossary key of what was explained, such as earned_per_follower. Weeks are moved to mean content,
    season, controls and events. The shaded strip runs from P25 to P75 of the relationship.
    """
    from smm_analysis.relationship import binned

    ax = axes_of(ax)
    if response.weeks.empty:
        return nothing_to_draw(ax, lang)
    weeks, curve, groups = response.weeks, response.curve, binned(response)
    ax.axvspan(response.low_point, response.high_point, color=GREY, alpha=0.1, linewidth=0)
    ax.scatter(weeks["relationship"], weeks["adjusted"], s=9, color=GREY, alpha=0.5, linewidths=0)
    ax.fill_between(curve["relationship"], curve["low"], curve["high"], color=PALETTE[0], alpha=0.18, linewidth=0)
    ax.plot(curve["relationship"], curve["fitted"], color=PALETTE[0], label=label("fitted_band", lang))
    name = f"{label('groups_of_weeks', lang)} (n = {len(weeks)})"
    ends = {"xerr": None, "yerr": 1.645 * groups["se"], "fmt": "o", "color": PALETTE[1], "markersize": 6}
    ax.errorbar(groups["relationship"], groups["adjusted"], **ends, label=name)
    ax.set(xlabel=label("relationship", lang), ylabel=label(outcome, lang), title=label("dose_response", lang))
    ax.set_ylim(*_room(weeks["adjusted"].to_numpy()))
    return legend_below(ax)


def _room(values: np.ndarray) -> tuple[float, float]:
    """Return limits that hold the weeks; a wide band may leave them."""
    low, high = float(values.min()), float(values.max())
    return max(low - 0.15 * (high - low), 0.0), high + 0.15 * (high - low)
