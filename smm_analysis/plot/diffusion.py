"""Figures of diffusion (확산 그림): the Bass curve, brands compared, the four types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke
from matplotlib.ticker import StrMethodFormatter

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from smm_analysis.diffusion import BassFit, BetweenBrands

TYPES = ("basic_type", "diffusion_type", "participation_type", "integrated_type", "unsettled_type")
_COLOURS = dict(zip(TYPES, (PALETTE[4], PALETTE[1], PALETTE[2], PALETTE[0], "white"), strict=True))
_CORNERS = {  # type -> where its name stands, axes' shares, and how the text is held
    "basic_type": (0.02, 0.03, "left", "bottom"),
    "diffusion_type": (0.98, 0.03, "right", "bottom"),
    "participation_type": (0.02, 0.97, "left", "top"),
    "integrated_type": (0.98, 0.97, "right", "top"),
}


def plot_bass(
    fit: BassFit,
    *,
    ahead: int = 5,
    came: Sequence[float] = (),
    measure: str = "adoptions",
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Axes:
    """Draw adoptions, the fitted curve, the forecast with its band, and the peak (배스 곡선).

    Parameters
    ----------
    ahead
        Periods to forecast; nothing is forecast where the fit refuses.
    came
        What came afterwards, drawn hollow beside the forecast.
    measure
        Glossary key of what is counted.

    """
    ax = axes_of(ax)
    history, forecast = fit.history, fit.forecast(max(ahead, len(came), 1))
    places = np.arange(1, fit.n + len(forecast) + 1)
    seen, later = places[: fit.n], places[fit.n :]
    ax.plot(seen, history["adoptions"], "o", color="black", label=f"{label(measure, lang, unit=False)} (n = {fit.n})")
    ax.fill_between(seen, history["fitted_low"], history["fitted_high"], color=PALETTE[0], alpha=0.15, linewidth=0)
    ax.plot(
        seen, history["fitted"], color=PALETTE[0], label=f"{label('fitted', lang)}: {label(f'bass_{fit.form}', lang)}"
    )
    top = history[["adoptions", "fitted"]].max(axis=None)
    if fit.reason:
        ax.text(0.98, 0.04, label("no_forecast", lang), transform=ax.transAxes, ha="right", color=GREY)
    else:
        top = max(top, _forecast(ax, fit, forecast, lang), _peak(ax, fit, lang))
    if len(came):
        ax.plot(later[: len(came)], list(came), "o", color="black", markerfacecolor="white", label=label("came", lang))
        top = max(top, *came)
    ax.set(ylim=(0, 1.15 * top), title=label("diffusion_curve", lang), ylabel=label(measure, lang))
    _period_ticks(ax, places, [*history["period"], *forecast["period"]])
    return legend_below(ax, columns=2)


def _forecast(ax: Axes, fit: BassFit, forecast: pd.DataFrame, lang: Lang) -> float:
    """The forecast with its band, from the curve's last point on; returns how high the axis must reach.

    The band's ends are cut off where they are far.
    """
    places = np.arange(fit.n, fit.n + len(forecast) + 1)
    line = [fit.history["fitted"].iloc[-1], *forecast["adoptions"]]
    ax.fill_between(places[1:], forecast["low"], forecast["high"], color=PALETTE[1], alpha=0.15, linewidth=0)
    ax.plot(places, line, "--", color=PALETTE[1], label=label("forecast", lang))
    return min(forecast["high"].max(), 1.5 * max(line))


def _peak(ax: Axes, fit: BassFit, lang: Lang) -> float:
    """A line at the peak and a band for its interval; a period's point stands at its middle, half a period on."""
    peak = fit.peak_time
    ax.axvspan(peak.low + 0.5, peak.high + 0.5, color=GREY, alpha=0.12, linewidth=0)
    ax.axvline(peak.estimate + 0.5, color=GREY, linewidth=1, label=label("peak_time", lang, unit=False))
    return fit.peak_height.estimate


def _period_ticks(ax: Axes, places: np.ndarray, periods: list) -> None:
    every = max(1, len(places) // 10)
    names = [f"{p:%Y-%m}" if isinstance(p, pd.Timestamp) else str(p) for p in periods]
    ax.set_xticks(places[::every], names[::every])
    ax.set_xlim(0.5, places[-1] + 0.5)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def plot_between_brands(found: BetweenBrands, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw each brand's effect, the average, and what a new brand may expect (브랜드별 효과).

    The size of a square is the brand's weight in the average.
    """
    ax = axes_of(ax)
    if not found.n:
        return nothing_to_draw(ax, lang)
    brands = found.brands.iloc[::-1].reset_index(drop=True)
    rows = brands.index + 2
    ax.hlines(rows, brands["low"], brands["high"], color=PALETTE[0], linewidth=1.5)
    ax.scatter(brands["estimate"], rows, s=30 + 300 * brands["weight"], marker="s", color=PALETTE[0])
    ax.axvline(0, color=GREY, linewidth=0.8)
    for place, each, colour in ((1, found.pooled, PALETTE[1]), (0, found.prediction, PALETTE[3])):
        if np.isfinite(each.low):
            ax.hlines(place, each.low, each.high, color=colour, linewidth=5 if place else 2.5)
            ax.plot([each.estimate], [place], "D", color=colour)
    names = [label("new_brand", lang), f"{label('pooled_effect', lang)} (n = {found.n})", *map(str, brands["brand"])]
    ax.set(yticks=range(found.n + 2), yticklabels=names, ylim=(-0.6, found.n + 1.6))
    ax.set(title=label("between_brands", lang), xlabel=f"{term('estimate').name(lang)} ({found.level:.0%})")
    ax.grid(axis="y", visible=False)
    return ax


def plot_four_types(path: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw a brand's path through the four types, a point a quarter with its intervals (4유형 위의 경로).

    `path` is `diffusion.four_types`'. A hollow point is a quarter whose type the data cannot tell.
    """
    ax = axes_of(ax)
    if path.empty:
        return nothing_to_draw(ax, lang)
    x, y = path["reach_index"], path["engaged_index"]
    ax.plot(x, y, color=GREY, linewidth=1, zorder=1)
    ax.hlines(y, path["reach_index_low"], path["reach_index_high"], color=GREY, alpha=0.35, linewidth=1)
    ax.vlines(x, path["engaged_index_low"], path["engaged_index_high"], color=GREY, alpha=0.35, linewidth=1)
    for kind in [name for name in TYPES if (path["four_type"] == name).any()]:
        rows = path[path["four_type"] == kind]
        shown = f"{label(kind, lang)} (n = {len(rows)})"
        at = rows["reach_index"], rows["engaged_index"]
        ax.scatter(*at, s=60, color=_COLOURS[kind], edgecolor="black", zorder=3, label=shown)
    _quadrants(ax, lang)
    _names_apart(ax, path["quarter"], np.column_stack([x, y]))
    ax.set(title=label("four_types", lang), xlabel=label("reach_index", lang), ylabel=label("engaged_index", lang))
    return legend_below(ax)


def _names_apart(ax: Axes, names: Sequence[str], places: np.ndarray) -> None:
    """Write each point's name at the one of four sides that lies farthest from all points and names so far."""
    sides = np.array([(26, 8), (26, -9), (-26, 8), (-26, -9)])  # of a name's middle, typographic points
    taken = list(ax.transData.transform(places) * 72 / ax.figure.dpi)
    for name, place, point in zip(names, places, list(taken), strict=True):
        gaps = (point + sides)[:, None] - np.array(taken)
        free = np.hypot(gaps[..., 0] / 40, gaps[..., 1] / 9).min(axis=1)  # a name is about 40 wide and 9 high
        side = sides[int(free.round(2).argmax())]
        taken.append(point + side)
        drawn = ax.annotate(name, place, side, textcoords="offset points", fontsize="x-small", ha="center", va="center")
        drawn.set_path_effects([withStroke(linewidth=3, foreground="white")])  # readable where a line runs behind it


def _quadrants(ax: Axes, lang: Lang) -> None:
    """The brand's average week as a cross, and the types' names in their corners."""
    ax.axvline(1, color="black", linewidth=0.8)
    ax.axhline(1, color="black", linewidth=0.8)
    for kind, (left, up, across, along) in _CORNERS.items():
        ax.text(left, up, label(kind, lang), transform=ax.transAxes, ha=across, va=along, color=GREY, fontsize="large")
