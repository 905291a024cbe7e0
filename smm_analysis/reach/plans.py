"""What a line's money buys: people reached, engaged, in the target, at once (매체 구분별 비용과 효과, S3.1, S3.2).

Each number is a ratio of sums over the weeks of the table `media`, such as money over people engaged. Weeks are no
independent draws: what is bought in one works in the next, seasons come and go. So a ratio's interval rests on the
long-run variance of its weekly residuals, estimated by an equal-weighted cosine transform, with Student's t at its few
degrees of freedom (Lazarus, Lewis, Stock & Watson 2018, J. Business & Economic Statistics 36(4)). Fewer cosines are
taken than they advise, because money moves slowly: 90% intervals of 104 weeks hold the truth in 91% of independent
series, 90% at an autocorrelation of .5 and 85% at .8; of 26 weeks in 90, 84 and 75%.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, around, unknown, z_value
from smm_analysis.terms import reason

from .curve import ReachCurve
from .duplication import union_at, union_reach

MIN_WEEKS = 8
_PER = 1000


@dataclass(frozen=True)
class LineComparison:
    """Two lines of media compared (매체 구분 비교): the first minus, and over, the second.

    `table` has a row a line: line, value, low, high, n (weeks in which it cost or brought anything). `difference` and
    `ratio` can go into a verdict; more of them means more of the first line.
    """

    table: pd.DataFrame = field(repr=False, compare=False)
    difference: Estimate
    ratio: Estimate


def media_costs(
    media: pd.DataFrame, *, target_shares: Mapping[str, float] | None = None, by: str = "channel"
) -> pd.DataFrame:
    """What each channel or line cost and brought in the whole time (매체별 집행 결과): the naive reading, S3.1.

    Parameters
    ----------
    media : the table, of one brand.
    target_shares : share of a channel's reached people who are in the target, see `target_shares_of`.
    by : "channel" or "line".

    Returns
    -------
    DataFrame
        A row a channel or line: spend, impressions, reach (people a week, summed over weeks and channels), engaged,
        cost_per_thousand (impressions), cost_per_reached, cost_per_engaged, engaged_per_thousand (reached), and with
        shares target_reach, cost_per_target. NaN where nothing was bought or brought.
    """
    _check_once(media)
    if target_shares is not None:
        media = media.assign(target_reach=_target_reach(media, target_shares))
    sums = ["spend", "impressions", "reach", "engaged", *(["target_reach"] if target_shares is not None else [])]
    table = media.groupby(by, sort=False, observed=True)[sums].sum().astype(float).reset_index()
    filled = table.where(table[sums].ne(0).reindex(columns=table.columns, fill_value=True))
    table["cost_per_thousand"] = _PER * table["spend"] / filled["impressions"]
    table["cost_per_reached"] = table["spend"] / filled["reach"]
    table["cost_per_engaged"] = table["spend"] / filled["engaged"]
    table["engaged_per_thousand"] = _PER * table["engaged"] / filled["reach"]
    if target_shares is not None:
        table["cost_per_target"] = table["spend"] / filled["target_reach"]
    return table


def cost_per_engaged(
    media: pd.DataFrame, *, lines: tuple[str, str] = ("atl", "btl"), level: float = 0.90
) -> LineComparison:
    """Money per engaged person, a line against another (참여 1인당 비용, S3.1a: `ratio`).

    Parameters
    ----------
    media : the table, of one brand; `lines` : the first is compared with the second.
    """
    return _compare(_weekly(media, lines, "spend"), _weekly(media, lines, "engaged"), lines, level)


def cost_per_reached(
    media: pd.DataFrame,
    *,
    lines: tuple[str, str] = ("atl", "btl"),
    target_shares: Mapping[str, float] | None = None,
    universe: float | None = None,
    correlations: pd.DataFrame | None = None,
    level: float = 0.90,
) -> LineComparison:
    """Money per person reached in a week, or per target person, a line against another (도달 1인당 비용, S3.2).

    Parameters
    ----------
    media : the table, of one brand.
    target_shares : share of each channel's reached people who are in the target (`target_shares_of`): then only they
        count. Its own sampling error is not in the interval.
    universe : people who could be reached (with `target_shares`: target people). If given, who was reached by several
        channels of a line in the same week counts once; otherwise once a channel.
    correlations : of the channels' latent reach, from `union_reach`; independent without.
    """
    reached = _reached(media, lines, target_shares, universe, correlations)
    return _compare(_weekly(media, lines, "spend"), reached, lines, level)


def engaged_per_reached(
    media: pd.DataFrame,
    *,
    lines: tuple[str, str] = ("btl", "atl"),
    universe: float | None = None,
    correlations: pd.DataFrame | None = None,
    level: float = 0.90,
) -> LineComparison:
    """Engaged people per 1,000 reached in a week, a line against another (도달 천 명당 참여 인원, S3.1c: `difference`).

    Parameters as in `cost_per_reached`.
    """
    reached = _reached(media, lines, None, universe, correlations)
    return _compare(_PER * _weekly(media, lines, "engaged"), reached, lines, level)


def launch_reach(
    media: pd.DataFrame,
    curves: Mapping[str, ReachCurve],
    *,
    lines: tuple[str, str] = ("atl", "btl"),
    start: pd.Timestamp | str | None = None,
    weeks: int = 2,
    per: float = 1_000_000,
    correlations: pd.DataFrame | None = None,
    level: float = 0.90,
) -> LineComparison:
    """Different people reached in the first weeks per unit of money, a line against another (출시 초기 도달, S3.1d).

    Weekly reaches cannot be added up: many are the same people. Each channel's curve tells how many impressions each
    week's reach was worth, and is read at their sum; channels of a line are joined by `union_reach`. Intervals: the
    curves' sampling error, carried through by the delta method as if channels' panels were independent.

    Parameters
    ----------
    media : the table, of one brand; `curves` : by channel, of one universe, see `reach_curve_of`.
    start : first week; by default the first one in which either line cost anything.
    weeks : how many count as the start.
    per : unit of money, such as 1,000,000 won.
    correlations : see `cost_per_reached`.
    """
    bought = _launch(media, lines, start, weeks)
    missing = sorted({channel for channel in bought["channel"] if channel not in curves})
    if missing:
        raise ValueError(f"curves lack the channels {', '.join(missing)}")
    rows = [_line_at_launch(bought[bought["line"] == line], curves, per, correlations) for line in lines]
    return _compare_at_launch(pd.DataFrame(rows, columns=["value", "error", "n"]).assign(line=lines), level)


def target_shares_of(
    media: pd.DataFrame, curves: Mapping[str, ReachCurve], target_curves: Mapping[str, ReachCurve]
) -> dict[str, float]:
    """Share of the people a channel reaches in a week who are in the target (주간 도달 중 타깃 비율), by channel.

    The longer a campaign runs, the less the target stands out among those reached, so that the share of a whole quarter
    understates that of a week, and the share of impressions overstates it. Both curves are therefore read where people
    reached have as many contacts on average as in a week of `media`. (At a week's impressions the share would be off
    wherever contacts come in bursts.) Where a week of `media` has more contacts a person than the whole campaign, two
    sources disagree, and the campaign's own share is taken.
    """
    sums = media.groupby("channel", observed=True)[["impressions", "reach"]].sum()
    shares = {}
    for channel, curve in curves.items():
        contacts, people = sums.loc[channel] if channel in sums.index else (0, 0)
        at = _where_frequency_is(contacts / people, curve) if people else curve.impressions
        shares[channel] = target_curves[channel].expected(at) / curve.expected(at)
    return shares


def _where_frequency_is(frequency: float, curve: ReachCurve) -> float:
    """Impressions at which people reached have so many contacts on average, from 1/1000 of the campaign to all."""
    from scipy.optimize import brentq

    def excess(impressions: float) -> float:
        return curve.grp(impressions) / 100 * curve.universe - frequency * curve.expected(impressions)

    least, most = 1e-3 * curve.impressions, curve.impressions  # a week is a part of the campaign
    if curve.reason or excess(least) >= 0:
        return least
    return most if excess(most) <= 0 else brentq(excess, least, most)


_LINE_COLUMNS = ["line", "value", "low", "high", "n"]


def _weekly(media: pd.DataFrame, lines: tuple[str, str], column: str) -> pd.DataFrame:
    """A row a week of the table, a column a line; 0 where a line has no row."""
    _check_lines(media, lines)
    sums = media.pivot_table(index="week", columns="line", values=column, aggfunc="sum", observed=True)
    return sums.reindex(columns=list(lines)).fillna(0.0).astype(float)


def _check_lines(media: pd.DataFrame, lines: tuple[str, str]) -> None:
    if len(lines) != 2 or lines[0] == lines[1]:
        raise ValueError(f"lines must be two different lines of media, not {lines!r}")
    _check_once(media)


def _check_once(media: pd.DataFrame) -> None:
    twice = media[media.duplicated(["week", "channel"])]
    if len(twice):
        week, channel = twice.iloc[0][["week", "channel"]]
        raise ValueError(f"channel {channel} comes twice in week {week}; take one brand")


def _reached(
    media: pd.DataFrame,
    lines: tuple[str, str],
    target_shares: Mapping[str, float] | None,
    universe: float | None,
    correlations: pd.DataFrame | None,
) -> pd.DataFrame:
    """People reached a week by each line; once a person if the universe is known, else once a channel."""
    if target_shares is not None:
        media = media.assign(reach=_target_reach(media, target_shares))
    if universe is None:
        return _weekly(media, lines, "reach")
    gross = _weekly(media, lines, "reach")
    for line in lines:
        reaches = media[media["line"] == line].pivot_table(
            index="week", columns="channel", values="reach", observed=True, fill_value=0.0
        )
        joined = {week: _joined(row[row > 0], universe, correlations) for week, row in reaches.iterrows()}
        gross[line] = pd.Series(joined, dtype=float).reindex(gross.index).fillna(0.0)
    return gross


def _joined(reaches: pd.Series, universe: float, correlations: pd.DataFrame | None) -> float:
    if len(reaches) < 2:
        return float(reaches.sum())
    if correlations is None:
        return union_reach(reaches, universe=universe).estimate
    return union_at(correlations, reaches, universe=universe)


def _target_reach(media: pd.DataFrame, shares: Mapping[str, float]) -> pd.Series:
    missing = [channel for channel in media["channel"].unique() if not 0 <= shares.get(channel, math.nan) <= 1]
    if missing:
        raise ValueError(f"target_shares need a share, 0..1, of every channel; there is none of {', '.join(missing)}")
    return media["reach"] * media["channel"].map(dict(shares)).astype(float)


def _compare(over: pd.DataFrame, under: pd.DataFrame, lines: tuple[str, str], level: float) -> LineComparison:
    """Compare ratios of sums of two lines, their weekly residuals taken together."""
    n = len(over)
    used = {line: int(((over[line] != 0) | (under[line] != 0)).sum()) for line in lines}
    why = _why_not(over, under, lines)
    sums = under.sum()
    if why:
        ratios = [over[line].sum() / sums[line] if sums[line] else math.nan for line in lines]
        rows = [(line, r, math.nan, math.nan, used[line]) for line, r in zip(lines, ratios, strict=True)]
        return LineComparison(pd.DataFrame(rows, columns=_LINE_COLUMNS), *(unknown(level, n, why) for _ in range(2)))
    ratios = over.sum() / sums
    residuals = (over - ratios * under) / sums  # each week's pull on its line's ratio
    a, b = lines
    each_line = {
        line: _times(ratios[line], _half_width(residuals[line] / ratios[line], level), level, n) for line in lines
    }
    rows = [(line, each.estimate, each.low, each.high, used[line]) for line, each in each_line.items()]
    difference = around(ratios[a] - ratios[b], _half_width(residuals[a] - residuals[b], level), level, n)
    relative = _half_width(residuals[a] / ratios[a] - residuals[b] / ratios[b], level)
    ratio = ratios[a] / ratios[b]
    return LineComparison(pd.DataFrame(rows, columns=_LINE_COLUMNS), difference, _times(ratio, relative, level, n))


def _why_not(over: pd.DataFrame, under: pd.DataFrame, lines: tuple[str, str]) -> dict:
    if len(over) < MIN_WEEKS:
        return reason("few_media_weeks", weeks=len(over), needed=MIN_WEEKS)
    unused = [line for line in lines if not over[line].any() and not under[line].any()]
    if unused:
        return reason("line_not_used", line=", ".join(unused))
    empty = [line for line in lines if not over[line].any() or not under[line].any()]
    return reason("line_without_counts", line=", ".join(empty)) if empty else {}


def _half_width(residuals: pd.Series, level: float) -> float:
    """Half the interval of a sum of residuals (equal-weighted cosines, Student's t)."""
    from scipy.fft import dct
    from scipy.stats import t

    n = len(residuals)
    cosines = max(3, round(n ** (1 / 3)))
    waves = dct(residuals.to_numpy(float), type=2, norm="ortho")[1 : cosines + 1]
    return float(t.ppf(0.5 + level / 2, cosines) * math.sqrt(n * np.mean(waves**2)))


def _launch(media: pd.DataFrame, lines: tuple[str, str], start: pd.Timestamp | str | None, weeks: int) -> pd.DataFrame:
    """What the lines bought in the first weeks: the table's rows of channels that cost anything."""
    _check_lines(media, lines)
    if weeks < 1:
        raise ValueError(f"weeks must be 1 or more, not {weeks!r}")
    ours = media[media["line"].isin(lines)]
    when = pd.to_datetime(ours["week"])
    began = when[ours["spend"] > 0].min() if start is None else pd.Timestamp(start)
    first = ours[(when >= began) & (when < began + pd.Timedelta(weeks=weeks))]
    return first[first.groupby("channel", observed=True)["spend"].transform("sum") > 0]


def _worth(rows: pd.DataFrame, curve: ReachCurve) -> float:
    """Impressions, on the curve, that make each week's reach, added up; a reach beyond the curve counts as bought."""
    made = [curve.impressions_for(people) for people in rows["reach"]]
    return float(sum(np.where(np.isfinite(made), made, rows["impressions"])))


def _compare_at_launch(table: pd.DataFrame, level: float) -> LineComparison:
    half = z_value(level) * table["error"]
    table = table.assign(low=(table["value"] - half).clip(lower=0), high=table["value"] + half)
    n, shown = int(table["n"].min()), table[_LINE_COLUMNS]
    if not (table["value"] > 0).all():
        key = "line_not_used" if (table["n"] == 0).any() else "line_without_counts"
        why = reason(key, line=", ".join(table.loc[~(table["value"] > 0), "line"]))
        return LineComparison(shown, unknown(level, n, why), unknown(level, n, why))
    (a, b), (error_a, error_b) = table["value"], table["error"]
    difference = around(a - b, z_value(level) * math.hypot(error_a, error_b), level, n)
    relative = z_value(level) * math.hypot(error_a / a, error_b / b)
    return LineComparison(shown, difference, _times(a / b, relative, level, n))


def _line_at_launch(
    bought: pd.DataFrame, curves: Mapping[str, ReachCurve], per: float, correlations: pd.DataFrame | None
) -> tuple[float, float, int]:
    """People per unit of money, its standard error, and the panel it rests on."""
    if bought.empty:
        return math.nan, math.nan, 0
    reads = {
        channel: curves[channel].reach(_worth(rows, curves[channel]))
        for channel, rows in bought.groupby("channel", observed=True)
    }
    universe = max(curves[channel].universe for channel in reads)
    reaches = pd.Series({channel: read.estimate for channel, read in reads.items()})
    money = bought["spend"].sum() / per
    joined = _joined(reaches, universe, correlations)
    missed = np.prod(1 - reaches / universe)
    moved = 0.0  # a person more in one channel is new with the chance of being missed by the others
    for read in reads.values():
        alone = missed / max(1 - read.estimate / universe, 1e-9) if len(reads) > 1 else 1.0
        moved += (alone * (read.high - read.low) / (2 * z_value(read.level))) ** 2
    return joined / money, math.sqrt(moved) / money, min(read.n for read in reads.values())


def _times(ratio: float, relative: float, level: float, n: int) -> Estimate:
    """A positive ratio with an interval symmetric on the log scale."""
    return Estimate(float(ratio), float(ratio * math.exp(-relative)), float(ratio * math.exp(relative)), level, n)
