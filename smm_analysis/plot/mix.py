"""Figures of the media mix (매체 믹스 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from smm_analysis.plot.axes import axes_of, date_axis, legend_below, nothing_to_draw
from smm_analysis.plot.reach import COLOURS
from smm_analysis.plot.theme import GREY, PALETTE, money_axis
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.mix import Allocation

_BTL = ("btl", "online")


def plot_carry_over(table: pd.DataFrame, n: int, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how long each channel's effect lasts, with intervals (매체 효과의 반감기).

    `table` is `mix.mix_table`'s, `n` the weeks it rests on. Hollow points may do nothing at all, and what does nothing
    has no half-life: their interval says little.
    """
    ax = axes_of(ax)
    rows = table.dropna(subset=["half_life_weeks"]).iloc[::-1].reset_index(drop=True)
    if rows.empty:
        return nothing_to_draw(ax, lang)
    for at, row in rows.iterrows():
        colour = COLOURS.get(row["line"], GREY)
        ends = [[row["half_life_weeks_low"]], [row["half_life_weeks_high"]]]
        ax.plot(ends, [at, at], color=colour, linewidth=2)
        face = "white" if row["contribution_low"] == 0 else colour
        ax.plot(row["half_life_weeks"], at, "o", color=colour, markerfacecolor=face, markersize=8)
    for line in dict.fromkeys(table["line"]):
        ax.plot([], [], "o-", color=COLOURS.get(line, GREY), label=f"{named(line, lang)} (n = {n:,})")
    ax.plot([], [], "o", color=GREY, markerfacecolor="white", label=label("maybe_nothing", lang))
    ax.set(yticks=rows.index, yticklabels=rows["channel"], ylim=(-0.6, len(rows) - 0.4), xscale="log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())  # matplotlib's own would write 2 x 10^-1, one over the other
    ax.set(xlabel=label("weeks", lang), title=label("half_life_weeks", lang, unit=False))
    ax.grid(axis="y", visible=False)
    return legend_below(ax)


def plot_frontier(
    edge: pd.DataFrame, plan: Allocation | None, *, outcome: str = "", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw what the same money would bring with more of it in BTL, with the interval (ATL·BTL 예산 이동).

    `edge` is `mix.frontier`'s, `plan` the allocation of the same model: it knows the share as before and the weeks the
    model rests on. `outcome` (a term) is what is won. Dotted where some channel would get more than double, which the
    data have not seen.
    """
    ax = axes_of(ax)
    if plan is None or edge.empty:
        return nothing_to_draw(ax, lang)
    share, seen = edge["share_btl"], ~edge["extrapolated"].astype(bool)
    ax.fill_between(share, edge["extra_low"], edge["extra_high"], color=PALETTE[0], alpha=0.12, linewidth=0)
    ax.plot(share, edge["extra"], ":", color=PALETTE[0], label=label("extrapolated", lang))
    name = f"{label('extra', lang, unit=False)} (n = {plan.gain.n:,})"
    ax.plot(share[seen], edge["extra"][seen], color=PALETTE[0], label=name)
    before = plan.table["spend_before"]
    now = before[plan.table["line"].isin(_BTL)].sum() / before.sum()
    ax.axvline(now, color=PALETTE[1], linestyle="--", linewidth=1.2, label=f"{label('spend_now', lang)}: {now:.0%}")
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(
        xlabel=label("share_btl", lang), ylabel=label("extra", lang, outcome=outcome), title=label("spend_shift", lang)
    )
    return legend_below(ax)


def plot_allocation(
    plan: Allocation | None, *, currency: str = "KRW", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw each channel's money as before and in the plan, within what it may get (다음 기간 배분안)."""
    ax = axes_of(ax)
    if plan is None:
        return nothing_to_draw(ax, lang)
    rows = plan.table.iloc[::-1].reset_index(drop=True)
    at = np.arange(len(rows))
    ax.hlines(
        at, rows["bound_low"], rows["bound_high"], color=GREY, alpha=0.2, linewidth=9, label=label("allowed", lang)
    )
    ax.hlines(at, rows["spend_before"], rows["spend"], color=PALETTE[0], linewidth=1.5)
    ax.plot(rows["spend_before"], at, "o", color=GREY, markersize=7, label=label("spend_before", lang, unit=False))
    name = f"{label('next_plan', lang)} (n = {plan.gain.n:,})"
    ax.plot(rows["spend"], at, "D", color=PALETTE[0], markersize=7, label=name)
    names = [f"{channel} · {named(line, lang)}" for channel, line in zip(rows["channel"], rows["line"], strict=True)]
    ax.set(yticks=at, yticklabels=names, ylim=(-0.6, len(rows) - 0.4), xlim=(0, None), title=label("next_plan", lang))
    money_axis(ax.xaxis, currency, lang)
    ax.grid(axis="y", visible=False)
    return legend_below(ax)


def plot_lags(
    table: pd.DataFrame, n: int, *, period: str = "months", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw what a unit of money does in its own and later periods, and the placebo before it (시차별 효과).

    `table` is `mix.lag_table`'s, `n` the periods it rests on, `period` a glossary key. The hollow point is the money of
    the next period: were the regression to be believed, it would lie on the line at 0.
    """
    ax = axes_of(ax)
    rows = table.dropna()
    if rows.empty:
        return nothing_to_draw(ax, lang)
    for placebo, colour, face in ((False, PALETTE[0], PALETTE[0]), (True, PALETTE[1], "white")):
        part = rows[(rows["lag"] < 0) == placebo]
        ends = np.abs(part[["low", "high"]].to_numpy().T - part["effect"].to_numpy())
        name = label("placebo", lang) if placebo else f"{label('estimate', lang)} (n = {n:,})"
        ax.errorbar(
            part["lag"], part["effect"], yerr=ends, fmt="o", capsize=4, color=colour, markerfacecolor=face, label=name
        )
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set(xticks=rows["lag"], xlim=(rows["lag"].min() - 0.5, rows["lag"].max() + 0.5), title=label("effect", lang))
    ax.set(xlabel=f"{label('lag', lang)} ({named(period, lang).lower()})")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    return legend_below(ax)


def plot_money_and_outcome(
    table: pd.DataFrame, *, outcome: str, money: str, when: str = "month", ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw money and outcome over time, each over its mean (광고비와 결과의 추이)."""
    ax = axes_of(ax)
    if table.empty:
        return nothing_to_draw(ax, lang)
    for name, colour, style in ((outcome, PALETTE[0], "-"), (money, PALETTE[1], "--")):
        values = 100 * table[name] / table[name].mean()
        ax.plot(table[when], values, style, color=colour, label=f"{named(name, lang)} (n = {table[name].count():,})")
    ax.set(ylabel=label("mean_is_100", lang), title=f"{named(outcome, lang)} · {named(money, lang)}")
    return legend_below(date_axis(ax))
