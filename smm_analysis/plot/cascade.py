"""Figures of word of mouth on a network (네트워크 입소문 그림)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from smm_analysis.plot.axes import axes_of, legend_below, nothing_to_draw
from smm_analysis.plot.layout import positions
from smm_analysis.plot.theme import GREY, PALETTE
from smm_analysis.terms import Lang, label, named

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.cascade import Containment, Graph, Selling

_LIGHT = "#d5d8dc"
WAY_COLOURS = {"reviewers": PALETTE[2], "group_leaders": PALETTE[0], "opinion_leaders": PALETTE[1]}


def plot_network(
    graph: Graph,
    seeds: Mapping[str, Iterable[Hashable]],
    *,
    people: int = 300,
    seed: int = 0,
    lang: Lang = "en",
) -> np.ndarray:
    """Draw who is won and who hears them directly, a panel a set of seeds (네트워크 그림); returns the axes.

    Drawn are the seeds, those who hear them, and the best-connected others, up to `people`; the place of each is fixed
    by `seed`. `seeds`: glossary key -> names.
    """
    at = {key: graph.positions(names, what=key) for key, names in seeds.items()}
    shown = _shown(graph, np.unique(np.concatenate(list(at.values()))), people)
    ends = shown[graph.source] & shown[graph.target]
    place = np.full((graph.n, 2), np.nan)
    number = np.cumsum(shown) - 1
    place[shown] = positions(number[graph.source[ends]], number[graph.target[ends]], int(shown.sum()), seed=seed)
    _, axes = plt.subplots(1, len(at), figsize=(3.9 * len(at), 4.4), squeeze=False)
    for ax, (key, seeds_at) in zip(axes[0], at.items(), strict=True):
        _panel(ax, graph, seeds_at, place=place, ends=ends, shown=shown)
        hears = _hearers(graph, seeds_at)
        title = f"{named(key, lang)}\n{label('hear_directly', lang)} {hears.sum():,}"
        ax.set_title(title, fontsize="medium", linespacing=1.5)
    _marks(axes[0, 0].figure, lang, int(shown.sum()))
    return axes[0]


def _hearers(graph: Graph, seeds: np.ndarray) -> np.ndarray:
    """Who hears a seed directly, shape (n,)."""
    hears = np.zeros(graph.n, dtype=bool)
    hears[graph.target[np.isin(graph.source, seeds)]] = True
    hears[seeds] = False
    return hears


def _shown(graph: Graph, seeds: np.ndarray, people: int) -> np.ndarray:
    """Who is drawn, shape (n,): seeds, then who hears them, then the best-connected of the largest part."""
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(graph.matrix(), directed=True, connection="weak")
    largest = part == np.bincount(part).argmax()
    near = np.bincount(graph.target[np.isin(graph.source, seeds)], minlength=graph.n)
    rank = (
        graph.out_degree
        + graph.in_degree
        + 1e3 * largest
        + 1e6 * np.minimum(near, 1)
        + 1e9 * np.isin(np.arange(graph.n), seeds)
    )
    shown = np.zeros(graph.n, dtype=bool)
    shown[np.argsort(-rank, kind="stable")[:people]] = True
    return shown


def _panel(
    ax: Axes, graph: Graph, seeds: np.ndarray, *, place: np.ndarray, ends: np.ndarray, shown: np.ndarray
) -> None:
    """One panel: links, people by how many hear them, hearers in colour, seeds as stars."""
    from matplotlib.collections import LineCollection

    hears, told = _hearers(graph, seeds) & shown, ends & np.isin(graph.source, seeds)
    for rows, colour, width in ((ends & ~told, _LIGHT, 0.4), (told, PALETTE[4], 0.7)):
        lines = place[np.stack([graph.source[rows], graph.target[rows]], axis=1)]
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=width, alpha=0.6, zorder=1))
    size = 6 + 2 * np.sqrt(graph.out_degree)
    rest = shown & ~hears
    rest[seeds] = False
    for who, colour in ((rest, GREY), (hears, PALETTE[0])):
        ax.scatter(*place[who].T, s=size[who], color=colour, alpha=0.75, linewidths=0, zorder=2)
    ax.scatter(
        *place[seeds].T,
        s=130 if len(seeds) <= 30 else 45,
        marker="*",
        color=PALETTE[1],
        edgecolors="white",
        linewidths=0.6,
        zorder=3,
    )
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.autoscale_view()
    ax.axis("off")


def _marks(figure: plt.Figure, lang: Lang, n: int) -> None:
    """Say under the figure what star and dots are."""
    looks = (("seed_person", "*", PALETTE[1]), ("hears_a_seed", "o", PALETTE[0]), ("other_person", "o", GREY))
    handles = [plt.Line2D([], [], marker=mark, color=colour, linestyle="", markersize=7) for _, mark, colour in looks]
    names = [label(key, lang) for key, _, _ in looks]
    names[-1] = f"{names[-1]} (n = {n:,})"
    figure.legend(handles, names, loc="outside lower center", ncols=3)


def plot_containment(
    found: Containment, *, names: Mapping[str, str] | None = None, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw how many believe a rumour in the end, by who answers and how late (소문의 최종 규모).

    `names` gives each group of responders its glossary key, where its name is none. A dotted line marks, and the legend
    says, the longest wait tried that keeps half of what an answer at once saves.
    """
    ax = axes_of(ax)
    for number, (group, rows) in enumerate(found.table.groupby("answered_by", sort=False)):
        colour = GREY if number == 0 else PALETTE[number - 1]
        wait = found.longest_wait(str(group)) if number else np.nan
        text = f"{named((names or {}).get(str(group), str(group)), lang)} (n = {found.n_sim:,}"
        text += f"; {label('may_wait', lang, unit=False)} {wait:g})" if np.isfinite(wait) else ")"
        ax.plot(rows["delay_hours"], rows["size"], "o-" if number else "--", color=colour, label=text, markersize=4)
        ax.fill_between(rows["delay_hours"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        if np.isfinite(wait):
            ax.axvline(wait, color=colour, linestyle=":", linewidth=1.2)
    ax.set(xlabel=label("delay_hours", lang), ylabel=label("believers", lang), ylim=(0, None))
    ax.set_title(_title("containment", found.assumed, lang))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return ax


def plot_late_cost(
    table: pd.DataFrame, *, estimated: pd.DataFrame | None = None, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw what a late answer costs by how catching a rumour is (전파력에 따른 늦은 대응의 대가).

    `table` is `cascade.late_answer_by_probability`'s; `estimated` the rows of `LinkProbabilities.table`, whose range of
    probabilities is shaded.
    """
    ax = axes_of(ax)
    n = f"(n = {int(table['n'].iloc[0]):,})"
    ax.fill_between(table["probability"], table["low"], table["high"], color=PALETTE[1], alpha=0.2, linewidth=0)
    text = f"{label('late_cost', lang, unit=False)} {n}"
    ax.plot(table["probability"], table["difference"], "o-", color=PALETTE[1], label=text, markersize=4)
    _shade_estimate(ax, estimated, lang)
    ax.set(xlabel=label("assumed_probability", lang), ylabel=label("late_cost_people", lang))
    ax.set_title(label("late_cost_by_probability", lang))
    return legend_below(ax, columns=1)


def plot_selling(found: Selling, *, currency: str = "", ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how many people a million of money reaches in each way of being talked about (전략별 도달)."""
    ax = axes_of(ax)
    table = found.table.iloc[::-1]
    if table.empty:
        return nothing_to_draw(ax, lang)
    ends = np.abs(table[["low", "high"]].to_numpy().T - table["per_million"].to_numpy())
    colours = [WAY_COLOURS[way] for way in table["way"]]
    bars = ax.barh(range(len(table)), table["per_million"], xerr=ends, color=colours, height=0.55, ecolor=GREY)
    ax.bar_label(bars, [f"{x:,.0f}" for x in table["per_million"]], padding=4, fontsize="small")
    names = [f"{named(way, lang)} (n = {n:,})" for way, n in zip(table["way"], table["seeds"], strict=True)]
    ax.set(yticks=range(len(table)), yticklabels=names, xlabel=label("per_million", lang, currency=currency))
    ax.set_title(_title("selling_ways", bool(found.reason), lang))
    ax.grid(visible=False, axis="y")
    return ax


def plot_selling_by_probability(
    table: pd.DataFrame,
    *,
    estimated: pd.DataFrame | None = None,
    currency: str = "",
    ax: Axes | None = None,
    lang: Lang = "en",
) -> Axes:
    """Draw what each way reaches by an assumed probability of passing on (전달 확률에 따른 전략별 도달)."""
    ax = axes_of(ax)
    for way, rows in table.groupby("way", sort=False):
        colour = WAY_COLOURS[str(way)]
        ax.fill_between(rows["probability"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        text = f"{named(str(way), lang)} (n = {int(rows['n'].iloc[0]):,})"
        ax.plot(rows["probability"], rows["per_million"], "o-", color=colour, label=text, markersize=4)
    _shade_estimate(ax, estimated, lang)
    reached = label("per_million", lang, currency=currency)
    ax.set(xlabel=label("assumed_probability", lang), ylabel=reached, ylim=(0, None))
    ax.set_title(label("selling_by_probability", lang))
    return legend_below(ax, columns=2)


def _title(key: str, assumed: bool, lang: Lang) -> str:
    """Return a title, and whether it rests on assumed probabilities."""
    return f"{label(key, lang)} ({label('on_assumed', lang)})" if assumed else label(key, lang)


def _shade_estimate(ax: Axes, estimated: pd.DataFrame | None, lang: Lang) -> None:
    """Shade the probabilities that shares point to."""
    if estimated is not None:
        low, high = estimated["low"].min(), estimated["high"].max()
        text = f"{label('estimated_range', lang)} (n = {round(estimated['passed_on'].sum()):,})"
        ax.axvspan(low, high, color=PALETTE[2], alpha=0.2, linewidth=0, label=text)
