"""Figures of experiments (실험 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.dates import date2num
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.experiments import ExperimentPlan, Plans

_STYLES = {"alternating": "-o", "holdout": "--s", "staggered": ":D"}
_COLOURS = dict(zip(_STYLES, PALETTE, strict=False))
_OFF = "#d9dbde"
_HATCHED = {"edgecolor": "white", "hatch": "////"}
_MOST_NAMES = 12  # units that are named on the axis


def plot_power(found: Plans, *, wanted: float = 0.8, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how surely experiments of so many weeks tell, by design (기간별 검정력).

    Bands are the noise's own uncertainty. `wanted` is the power that was asked for, 0..1.
    """
    ax = axes_of(ax)
    if not found.plans:
        return nothing_to_draw(ax, lang)
    for kind, plan in found.plans.items():
        curve, colour = plan.curve, _COLOURS[kind]
        ax.fill_between(curve["weeks"], curve["power_low"], curve["power_high"], color=colour, alpha=0.12, linewidth=0)
        name = f"{label(f'design_{kind}', lang)} (n = {len(plan.design.units)})"
        ax.plot(curve["weeks"], curve["power"], _STYLES[kind], color=colour, markersize=4, label=name)
    ax.axhline(wanted, color=GREY, linewidth=1, label=f"{label('power_wanted', lang)}: {wanted:.0%}")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(ylim=(0, 1.02), xlim=(0, None), xlabel=label("weeks_planned", lang), ylabel=label("planned_power", lang))
    ax.set_title(label("power_by_weeks", lang))
    return legend_below(ax, columns=2)


def plot_calendar(plan: ExperimentPlan | None, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw which unit has the activity on in which week (실험 일정); hatched weeks do not count."""
    if plan is None:
        return nothing_to_draw(axes_of(ax), lang)
    rows = plan.schedule
    units = list(plan.design.units)
    ax = ax if ax is not None else plt.subplots(figsize=(8.0, 1.9 + 0.24 * len(units)))[1]
    days = date2num(rows["week"])
    _weeks(ax, rows, rows["experiment_unit"].map({name: place for place, name in enumerate(units)}).to_numpy(), days)
    ax.xaxis_date()
    shown = units if len(units) <= _MOST_NAMES else []
    ax.set(yticks=range(len(shown)), yticklabels=shown, ylim=(len(units) - 0.5, -0.5))
    ax.set(xlim=(days.min(), days.max() + 7), title=label("experiment_calendar", lang))
    ax.grid(visible=False)
    names = {"switched_on": {"color": PALETTE[0]}, "switched_off": {"color": _OFF}}
    if not rows["week_counts"].all():
        names["week_does_not_count"] = {"facecolor": GREY} | _HATCHED
    parts = [Patch(label=label(key, lang), **look) for key, look in names.items()]
    date_axis(ax).legend(handles=parts, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _weeks(ax: Axes, rows: pd.DataFrame, at: np.ndarray, days: np.ndarray) -> None:
    """Draw a bar a unit and week: on or off by colour, hatched where the week does not count."""
    on, counts = rows["switched_on"].to_numpy(), rows["week_counts"].to_numpy()
    for state, colour in ((True, PALETTE[0]), (False, _OFF)):
        for counted, look in ((True, {"color": colour}), (False, {"facecolor": colour} | _HATCHED)):
            these = (on == state) & (counts == counted)
            ax.barh(at[these], np.full(these.sum(), 7), left=days[these], height=0.8, linewidth=0, **look)
