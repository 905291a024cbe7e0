"""One function a figure: ``plot_x(result, *, ax=None, lang="en") -> Axes`` (그림).

Call `set_theme` once, as with seaborn; it sets a colour-blind-safe palette and a Korean font that travels with the
package. Every label comes from the glossary, every legend entry carries its n.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.ticker import FuncFormatter

from smm_analysis.health import typical_customers
from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from smm_analysis.health import CustomerHealth, HalfLife

# Okabe and Ito's palette, darkest first: told apart by people of every colour vision, and in grey
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_GREY = "#6b6f76"
SMALLEST_GROUP = 5  # people; fewer are not shown
_FONT = "Noto Sans KR"


def set_theme() -> None:
    """Set the theme for every figure that follows (그림 테마): palette, sizes, and a font that has Hangul.

    The Korean font comes first and DejaVu Sans second: the other order breaks mathtext.
    """
    sns.set_theme(context="notebook", style="whitegrid", palette=PALETTE)
    path = str(files("pylopdf_fonts_ko").joinpath("NotoSansKR-Regular.otf"))
    if _FONT not in {font.name for font in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(path)
    mpl.rcParams.update(
        {
            "font.family": [_FONT, "DejaVu Sans"],
            "figure.figsize": (8.0, 4.2),
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.alpha": 0.4,
            "legend.frameon": False,
            "svg.fonttype": "none",
        }
    )


def money(value: float, currency: str = "KRW", lang: Lang = "en") -> str:
    """Return an amount of money as its readers write it, short (금액 표기).

    >>> money(1_234_567), money(345_678_901, lang="ko"), money(12_300, "USD")
    ('₩1.2M', '₩3.5억', '$12.3K')
    >>> money(999_999)
    '₩1M'
    """
    from babel.numbers import format_compact_currency

    rounded = float(f"{value:.4g}")  # Babel would write 999,999 as 1000K
    text = format_compact_currency(rounded, currency, locale={"en": "en_US", "ko": "ko_KR"}[lang], fraction_digits=1)
    return text.replace("-", "−")


def money_axis(axis: mpl.axis.Axis, currency: str = "KRW", lang: Lang = "en") -> None:
    """Write an axis' ticks as money."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: money(value, currency, lang)))


def plot_coverage(coverage: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw which weeks each table covers (데이터 범위).

    `coverage` is `tables.coverage`'s: a row a table, with table, rows, first and last.
    """
    dated = coverage.dropna(subset=["first"]).iloc[::-1].reset_index(drop=True)
    ax = _axes(ax)
    ax.hlines(dated.index, dated["first"], dated["last"], color=PALETTE[0], linewidth=7, alpha=0.85)
    names = [f"{table} (n = {rows:,})" for table, rows in zip(dated["table"], dated["rows"], strict=True)]
    ax.set(yticks=dated.index, yticklabels=names, ylim=(-0.7, len(dated) - 0.3), title=label("coverage", lang))
    ax.grid(axis="y", visible=False)
    return _date_axis(ax)


def plot_nps(trend: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the Net Promoter Score per period with its interval and n (순추천지수 추이).

    `trend` is `health.net_promoter_by`'s: the first column the period, then nps, low, high and n. Periods with fewer
    than five answers are left out: they say little, and could tell who answered.
    """
    ax = _axes(ax)
    answered = trend[trend["n"] >= SMALLEST_GROUP]
    if answered.empty:
        return _nothing(ax, lang)
    when = answered.iloc[:, 0]
    ends = np.abs(answered[["low", "high"]].to_numpy().T - answered["nps"].to_numpy())
    ax.errorbar(when, answered["nps"], yerr=ends, fmt="o-", capsize=4, color=PALETTE[0])
    for x, y, n in zip(when, answered["high"], answered["n"], strict=True):
        ax.annotate(f"n = {n:,}", (x, y), (0, 5), textcoords="offset points", ha="center", size="small", color=_GREY)
    ax.axhline(0, color=_GREY, linewidth=0.8)
    ax.margins(x=0.08, y=0.15)
    ax.set(ylabel=label("nps", lang), title=f"{label('nps', lang, unit=False)}: {label('interval_95', lang)}")
    return _date_axis(ax)


def plot_predictors(table: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw how well each kind of knowledge ranks the next buyers, everyone and respondents (예측력 비교).

    `table` is `health.evaluate`'s: predictor, population, n, auc.
    """
    ax = _axes(ax)
    if table["auc"].isna().all():
        return _nothing(ax, lang)
    order = list(dict.fromkeys(table["predictor"]))[::-1]
    for (population, rows), colour, marker in zip(
        table.groupby("population", sort=False), PALETTE, ("o", "D"), strict=False
    ):
        name = f"{label(population, lang)} (n = {rows['n'].max():,})"
        ax.plot(
            rows["auc"], [order.index(p) for p in rows["predictor"]], marker, color=colour, label=name, markersize=8
        )
    ax.axvline(0.5, color=_GREY, linewidth=0.8, linestyle="--")
    ax.set(yticks=range(len(order)), yticklabels=[label(p, lang) for p in order], xlabel=label("auc_axis", lang))
    ax.set(title=label("predictors", lang), ylim=(-0.5, len(order) - 0.5))
    return _legend_below(ax)


def plot_half_life(half_life: HalfLife | None, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the profile likelihood of the half-life of behaviour, with its interval (반감기 프로파일).

    None, where the data were too few to estimate it, gives axes that say so.
    """
    ax = _axes(ax)
    if half_life is None:
        return _nothing(ax, lang)
    profile = half_life.log_likelihoods
    finite = profile[np.isfinite(profile["half_life_weeks"])]
    drop = finite["log_likelihood"] - profile["log_likelihood"].max()
    ax.plot(finite["half_life_weeks"], drop, color=PALETTE[0])
    weeks = finite["half_life_weeks"]
    low, high = max(half_life.low, weeks.min()), min(half_life.high, weeks.max())
    name = f"{label('interval', lang)} {half_life.level:.0%}: {half_life.low:.3g} – {half_life.high:.3g}"
    ax.axvspan(low, high, color=PALETTE[0], alpha=0.15, linewidth=0, label=name)
    name = f"{label('estimate', lang)}: {half_life.half_life_weeks:.3g} (n = {half_life.n:,})"
    ax.axvline(min(half_life.half_life_weeks, weeks.max()), color=PALETTE[1], label=name)
    ax.set(xscale="log", xlabel=label("half_life", lang), ylabel=label("log_likelihood_drop", lang))
    ax.set(title=label("half_life", lang, unit=False), ylim=(max(drop.min(), -25) * 1.05, 1))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return _legend_below(ax)


def plot_calibration(calibration: pd.DataFrame, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw foreseen against actual buying, with intervals (보정 그림).

    `calibration` is `health.calibration_table`'s: foreseen, observed, low, high, n.
    """
    ax = _axes(ax)
    if calibration.empty:
        return _nothing(ax, lang)
    ends = np.abs(calibration[["low", "high"]].to_numpy().T - calibration["observed"].to_numpy())
    name = f"{label('groups_of_customers', lang)} (n = {int(calibration['n'].sum()):,})"
    ax.errorbar(calibration["foreseen"], calibration["observed"], yerr=ends, fmt="o", capsize=3, label=name)
    top = min(1.0, 1.05 * calibration[["foreseen", "high"]].to_numpy().max())
    ax.plot([0, top], [0, top], color=_GREY, linewidth=0.8, linestyle="--", label=label("as_foreseen", lang))
    ax.set(xlabel=label("foreseen", lang), ylabel=label("observed", lang), title=label("calibration", lang))
    return _legend_below(ax)


def plot_contributions(health: CustomerHealth | None, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw what makes three customers' health: a low, a middle and a high one (건전성의 구성).

    They stand at the 10th, 50th and 90th percentile of health. Bars add up to the distance from the average customer.
    """
    ax = _axes(ax)
    if health is None:
        return _nothing(ax, lang)
    chosen = typical_customers(health)
    parts = health.contributions.loc[chosen["customer_key"]].drop(columns="base")
    for i, (component, colour) in enumerate(zip(parts, PALETTE, strict=False)):
        at = np.arange(len(chosen)) + 0.8 * ((i + 0.5) / parts.shape[1] - 0.5)
        ax.barh(
            at, parts[component], height=0.75 / parts.shape[1], color=colour, label=label(component, lang, unit=False)
        )
    for component in health.left_out:
        ax.plot([], [], " ", label=f"{label(component, lang, unit=False)}: {label('left_out', lang)}")
    names = [f"{label('customer_health', lang, unit=False)} {value:.0f}" for value in chosen["customer_health"]]
    ax.axvline(0, color=_GREY, linewidth=0.8)
    ax.set(yticks=range(len(chosen)), yticklabels=names, xlabel=label("log_odds_contribution", lang))
    ax.set(title=f"{label('three_customers', lang)} (n = {len(health.scores):,})")
    ax.grid(axis="y", visible=False)
    return _legend_below(ax)


def plot_weekly_repeat(
    weekly: pd.DataFrame, *, calibration_weeks: int, ax: Axes | None = None, lang: Lang = "en"
) -> Axes:
    """Draw weekly repeat purchases against a model's expectation, the holdout weeks set apart (주별 재구매).

    `weekly` has week (1, 2, ...), actual and expected.
    """
    ax = _axes(ax)
    ax.axvspan(calibration_weeks, weekly["week"].max(), color=_GREY, alpha=0.1, linewidth=0)
    total = f"n = {int(weekly['actual'].sum()):,}"
    ax.plot(weekly["week"], weekly["actual"], color=PALETTE[0], label=f"{label('actual', lang)} ({total})")
    expected = f"{label('expected', lang)} ({weekly['expected'].sum():,.0f})"
    ax.plot(weekly["week"], weekly["expected"], color=PALETTE[1], linestyle="--", label=expected)
    top = weekly[["actual", "expected"]].to_numpy().max()
    ax.text(calibration_weeks + 0.6, top, label("holdout", lang), color=_GREY, va="top")
    ax.set(xlabel=label("week_number", lang), ylabel=label("repeat_purchases", lang), ylim=(0, None))
    ax.set(title=label("weekly_repeat", lang))
    return _legend_below(ax)


def _nothing(ax: Axes, lang: Lang) -> Axes:
    """Say on empty axes that there is nothing to draw."""
    ax.text(0.5, 0.5, label("no_estimate", lang), ha="center", color=_GREY, transform=ax.transAxes)
    ax.set(xticks=[], yticks=[])
    return ax


def _legend_below(ax: Axes) -> Axes:
    """Put the legend under the axes, where it never covers data."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return ax


def _date_axis(ax: Axes) -> Axes:
    """Write dates as year-month, which both languages read."""
    ax.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9))
    ax.xaxis.set_major_formatter(DateFormatter("%Y-%m"))
    return ax


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else plt.subplots()[1]
