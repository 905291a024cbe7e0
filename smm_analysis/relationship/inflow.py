"""Inflow that stops with the ads (광고 유입): new followers owed to ads, during a flight minus after it (S0.7a).

A flight is a run of weeks in which the channel spends more than its mean; the weeks after it are the next one to four
without one. The naive reading subtracts the mean of the weeks after from that of the weeks during: whatever else moved
between them, other channels' flights and the season first of all, is credited to the ads. Here new followers are
regressed on the ads' impressions of the week (or their money), of the week before and of the two to four before that,
beside trend, season, controls, events, the other channels and what was posted and passed on. The ads' strength may
change over the record: those whom ads win easily are won first.

What the ads bring is credited by their own impressions; what the followers won then pass on is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.tables import mondays
from smm_analysis.terms import Lang, reason

from .brand_weeks import all_weeks, baseline, carried, event_columns, of_one_brand, wide
from .weekly_fit import fit_weeks

AFTER_WEEKS = 4
HALF_LIVES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
_FEWEST_WEEKS = 52
_FEWEST_FLIGHTS = 3
_OFF = 0.25  # of a flight's money: a week with less is a week off
_WEEKS_A_COLUMN = 3
_PLACEBO_LEVEL = 0.99
_AHEAD = 6  # weeks by which the placebo looks ahead: further than a flight is long, or it would see itself
_ADS = ("ads", "ads_trend", "ads_1", "ads_2_4")


@dataclass(frozen=True)
class Inflow:
    """What ads bring while they run and after (광고 유입 결과), in new followers a week.

    `stops` : owed to ads during a flight minus in the 1-4 weeks after it; `during`, `after` : its two parts.
    `half_life` : of the inflow after the money, weeks. `placebo` : the same difference for the ads of some weeks
    *ahead*, which cannot work yet: if it is clearly not 0, something else moves ads and followers, and `stops` cannot
    tell. `naive` : the plain difference of the weeks' means.
    `weeks` : week, new_followers, ads, phase (during, after, other), owed (to ads). `left_out` : columns that never
    vary, or are told by others.
    """

    stops: Estimate
    during: Estimate
    after: Estimate
    half_life: Estimate
    placebo: Estimate
    naive: Estimate
    weeks: pd.DataFrame = field(repr=False, compare=False)
    left_out: tuple[str, ...]
    channel: str


def flight_inflow(
    weekly: pd.DataFrame,
    media: pd.DataFrame,
    *,
    channel: str,
    posts: pd.DataFrame | None = None,
    controls: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    brand: str | None = None,
    outcome: str = "new_followers",
    level: float = 0.90,
) -> Inflow:
    """Return the new followers owed to a channel's ads, during a flight minus after it (광고 중·후 유입, S0.7a).

    Parameters
    ----------
    weekly : week and the outcome; media : week, channel, spend, and impressions if they are known; without rows
        nothing can be told.
    channel : the paid channel asked about.
    posts : what was posted and passed on is taken out; controls, events : so is what else moved the week.
    brand : picks one of several.

    Raises
    ------
    ValueError
        An unknown channel, a missing column, several brands and none picked, a week that stands twice.
    """
    weekly = of_one_brand(weekly, brand, "weekly", ("week", outcome))
    if media.empty:
        return _never_paid(weekly, outcome, channel, level)
    media = of_one_brand(media, brand, "media", ("week", "channel", "spend"))
    if channel not in set(media["channel"]):
        raise ValueError(f"media has no channel {channel!r}; it has {', '.join(sorted(set(media['channel'])))}")
    index = all_weeks(weekly["week"], media["week"])
    y = wide(weekly.assign(name=outcome), "name", outcome, index)[outcome]
    spend = wide(media, "channel", "spend", index)[channel]
    others = _others(media, channel, of_one_brand(posts, brand), index)
    others += _moved(of_one_brand(controls, brand), of_one_brand(events, brand), index)
    ads = _ads(_contacts(media, index)[channel])
    weeks = pd.DataFrame({"new_followers": y, "ads": ads["ads"], "phase": phases(spend)}, index=index)
    return _inflow(_Asked(weeks, ads, others, spend, level, channel))


def _never_paid(weekly: pd.DataFrame, outcome: str, channel: str, level: float) -> Inflow:
    none = unknown(level, len(weekly), reason("no_paid_media"))
    weeks = pd.DataFrame({"week": weekly["week"], "new_followers": weekly[outcome], "ads": 0.0, "phase": "other"})
    return Inflow(*[none] * 6, weeks.assign(owed=0.0), (), channel)


def phases(spend: pd.Series) -> pd.Series:
    """Name each week: during a flight (more money than the mean), after (1-4 weeks after one), or other."""
    on = spend > spend.mean()
    after = ~on & on.rolling(AFTER_WEEKS, min_periods=1).max().shift(1, fill_value=0).astype(bool)
    return pd.Series(np.select([on, after], ["during", "after"], "other"), spend.index).where(spend.notna(), "unknown")


@dataclass(frozen=True)
class _Asked:
    weeks: pd.DataFrame
    ads: pd.DataFrame
    others: list[pd.DataFrame]
    spend: pd.Series
    level: float
    channel: str


def _inflow(asked: _Asked) -> Inflow:
    """Fit, and read the parts off the fit."""
    weeks, level = asked.weeks, asked.level
    base, left_out = baseline(weeks.index, others=asked.others)
    columns = pd.concat([base, asked.ads], axis=1)
    used = weeks["new_followers"].notna() & columns.notna().all(axis=1)
    none = unknown(level, int(used.sum()), _why_not(asked, int(used.sum()), columns.shape[1]))
    if none.reason:
        return Inflow(*[none] * 6, weeks.reset_index(), tuple(left_out), asked.channel)
    y, phase = weeks["new_followers"][used], weeks["phase"][used]
    fit = fit_weeks(y, columns[used])
    means = asked.ads[used].groupby(phase).mean()
    during, after = (fit.contrast(means.loc[name].to_dict(), level) for name in ("during", "after"))
    stops = fit.contrast((means.loc["during"] - means.loc["after"]).to_dict(), level)
    placebo = _placebo(asked, base, used)
    if not placebo.low <= 0 <= placebo.high:
        fires = reason("placebo_fires", ahead=_AHEAD, estimate=placebo.estimate, low=placebo.low, high=placebo.high)
        stops = Estimate(stops.estimate, stops.low, stops.high, level, stops.n, fires)
    owed = asked.ads.fillna(0) @ fit.coefficients[list(_ADS)]
    naive = _naive(y, phase, level)
    half_life = _half_life(asked, base, used)
    table = weeks.assign(owed=owed).reset_index()
    return Inflow(stops, during, after, half_life, placebo, naive, table, tuple(left_out), asked.channel)


# --- columns ----------------------------------------------------------------------------------------------------------


def _contacts(media: pd.DataFrame, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return each channel's impressions, or its money where impressions are not known, in thousands."""
    known = "impressions" in media and media["impressions"].notna().all()
    return wide(media, "channel", "impressions" if known else "spend", index) / 1000


def _ads(contacts: pd.Series) -> pd.DataFrame:
    """Return the ads of the week, how their strength changes, of the week before and of 2-4 weeks before."""
    trend = np.linspace(-1, 1, len(contacts))
    lags = [contacts.shift(lag, fill_value=0.0) for lag in range(1, AFTER_WEEKS + 1)]
    return pd.DataFrame(dict(zip(_ADS, (contacts, contacts * trend, lags[0], sum(lags[1:]) / 3), strict=True)))


def _others(
    media: pd.DataFrame, channel: str, posts: pd.DataFrame | None, index: pd.DatetimeIndex
) -> list[pd.DataFrame]:
    """Return the other channels, and what was posted this week and passed on last week."""
    found = [_contacts(media, index).drop(columns=channel)]
    if posts is not None:
        diffusion = posts["impressions"].where(posts["role"] == "diffusion", 0)
        week = posts.assign(posted=diffusion, passed_on=posts["shares"]).groupby(mondays(posts["published_at"]))
        sums = week[["posted", "passed_on"]].sum().reindex(index, fill_value=0)
        found.append(sums.assign(passed_on=sums["passed_on"].shift(1, fill_value=0)))
    return found


def _moved(controls: pd.DataFrame | None, events: pd.DataFrame | None, index: pd.DatetimeIndex) -> list[pd.DataFrame]:
    moved = [] if controls is None or controls.empty else [wide(controls, "name", "value", index)]
    return [*moved, event_columns(events, index)]


# --- reading the fit --------------------------------------------------------------------------------------------------


def _why_not(asked: _Asked, used: int, columns: int) -> Mapping[Lang, str]:
    """Return why the inflow cannot be told, empty if it can."""
    spend, phase = asked.spend, asked.weeks["phase"]
    if not spend.any():
        return reason("channel_without_spend", channel=asked.channel)
    needed = max(_FEWEST_WEEKS, _WEEKS_A_COLUMN * columns)
    if used < needed:
        gap = len(asked.weeks) - used
        return reason("few_inflow_weeks", weeks=used, needed=needed, gap=gap)
    starts = (phase == "during") & (phase.shift(1) != "during")
    rest = spend < _OFF * spend[phase == "during"].mean()
    if starts.sum() < _FEWEST_FLIGHTS or rest.sum() < 2 * AFTER_WEEKS:
        return reason("ads_never_off", channel=asked.channel, flights=int(starts.sum()), needed=_FEWEST_FLIGHTS)
    return {}


def _placebo(asked: _Asked, base: pd.DataFrame, used: pd.Series) -> Estimate:
    """The effect of the ads some weeks ahead, beside those of now, during minus after."""
    ahead = asked.ads["ads"].shift(-_AHEAD).rename("ahead")
    columns = pd.concat([base, asked.ads, ahead], axis=1)
    known = used & ahead.notna()
    fit = fit_weeks(asked.weeks["new_followers"][known], columns[known])
    phase = asked.weeks["phase"].shift(-_AHEAD)[known]
    means = ahead[known].groupby(phase).mean()
    return fit.contrast({"ahead": means["during"] - means["after"]}, _PLACEBO_LEVEL)


def _naive(y: pd.Series, phase: pd.Series, level: float) -> Estimate:
    """The difference of the means, with Welch's interval."""
    from statsmodels.stats.weightstats import CompareMeans

    during, after = y[phase == "during"], y[phase == "after"]
    low, high = CompareMeans.from_data(during, after).tconfint_diff(1 - level, usevar="unequal")
    return Estimate(float(during.mean() - after.mean()), float(low), float(high), level, len(during) + len(after))


def _half_life(asked: _Asked, base: pd.DataFrame, used: pd.Series) -> Estimate:
    """The half-life whose geometric carry-over fits best, with those that fit as well by the likelihood ratio."""
    from scipy.stats import chi2

    y, n = asked.weeks["new_followers"][used], int(used.sum())
    loss = [fit_weeks(y, _carried(asked, base, half)[used]).deviance for half in HALF_LIVES]
    plausible = n * np.log(np.array(loss) / min(loss)) <= chi2.ppf(asked.level, 1)
    kept = np.array(HALF_LIVES)[plausible]
    best = HALF_LIVES[int(np.argmin(loss))]
    return Estimate(float(best), float(kept.min()), float(kept.max()), asked.level, n)


def _carried(asked: _Asked, base: pd.DataFrame, half_life: float) -> pd.DataFrame:
    ads = carried(asked.ads["ads"].fillna(0), half_life)
    return base.assign(ads=ads, ads_trend=ads * np.linspace(-1, 1, len(ads)))
