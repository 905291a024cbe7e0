"""What customers' own media win (고객 매체의 힘): new customers per 1,000 earned against firm-made exposures (S1.2).

The firm's exposures are counted (impressions of its posts). The earned ones are not: people pass something on, and some
of their followers see it the week after. Here they are the shares of the firm's posts times `reach_per_share`, the
followers of one who shares, times `seen_share`, the part of them who see it. Both are the caller's to know; Bernstein,
Bakshy, Burke & Karrer (2013, CHI) counted .35 of one's friends on Facebook. The answer scales with them.

The naive reading divides customers whom the records call referred by earned exposures, and organic ones by the firm's:
it believes the label, and labels are given to whoever is remembered, not to what moved anybody. Here new customers are
regressed on what is still remembered of either kind of exposure, beside media; trend, season, controls and events make
all of it win more or fewer (`weekly_fit.fit_market`).

What weeks can show is what *more* exposures win at once of those who are no customers yet. What all of them won is
another number: a person's first exposures do more than the last, and some of the won would have come later by
themselves; no week has tried that. How long what was passed on is remembered cannot be told on a hundred weeks either;
mostly, the longer, the higher and the less sure is the answer. So the answer is the mean over several half-lives, each
counted alike, and its interval holds what they disagree by: of one half-life alone, the interval is too short wherever
it is not the true one. What the firm made, and media, fade by half in a week and a half: whoever has seen much is moved
little by more, so that a week's effect is over sooner than its memory.

One brand's weeks decide only where customers' words win much. With 30 new customers and 900 earned exposures a week,
who knew all but the level and the two slopes would still err by 3 customers per 1,000 (standard error, 104 weeks); who
has to find out about season, price and media as well, by 5. Six such brands together err by 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, around, unknown, z_value
from smm_analysis.tables import mondays
from smm_analysis.terms import Lang, reason

from .brand_weeks import adds, all_weeks, baseline, carried, event_columns, of_one_brand, wide
from .weekly_fit import WeeklyFit, fit_market

HALF_LIVES = (1.0, 1.5, 2.0, 4.0)
_HALF_LIFE = 1.5  # weeks, of what the firm made and of media
_FEWEST_WEEKS = 52
_WEEKS_A_COLUMN = 3
_WARM_UP = 4  # weeks until what is remembered from before the record is small
_PLACEBO_LEVEL = 0.99
_AHEAD = 8
_MEDIA = "media "  # before a channel's name: channels may be called as controls or events are
_POSTS = ("published_at", "impressions", "shares")


@dataclass(frozen=True)
class Earned:
    """New customers per 1,000 more exposures (천 회 더 노출될 때의 신규 고객): `gap` is earned minus firm-made.

    `earned`, `own` : the two. `placebo` : earned exposures of some weeks ahead, which cannot work yet. `naive` : by the
    sources in the records. `half_lives` : half_life_weeks, gap, low, high; `gap` is their mean. `weeks` : week,
    new_customers, earned, own (exposures).
    """

    gap: Estimate
    earned: Estimate
    own: Estimate
    placebo: Estimate
    naive: Estimate
    half_lives: pd.DataFrame = field(repr=False, compare=False)
    weeks: pd.DataFrame = field(repr=False, compare=False)
    left_out: tuple[str, ...]


def earned_customers(
    weekly: pd.DataFrame,
    posts: pd.DataFrame,
    *,
    reach_per_share: float,
    seen_share: float = 0.35,
    media: pd.DataFrame | None = None,
    controls: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    half_lives: Sequence[float] = HALF_LIVES,
    brand: str | None = None,
    level: float = 0.90,
) -> Earned:
    """Return new customers per 1,000 more earned exposures minus per 1,000 more firm-made ones (획득·자사 매체, S1.2).

    Parameters
    ----------
    weekly : week, new_customers; posts : published_at, impressions, shares.
    reach_per_share : followers of one who passes something on, for instance the mean `reach` of customers' mentions.
    seen_share : part of those followers who see it, 0..1.
    media, controls, events : what else moved the week.
    customers : their sources, for the naive reading.
    half_lives : how long what was passed on may be remembered, weeks, each above 0.
    brand : picks one of several.

    Raises
    ------
    ValueError
        A missing column, several brands and none picked, a reach, a share or a half-life out of range.
    """
    weekly = of_one_brand(weekly, brand, "weekly", ("week", "new_customers"))
    posts = of_one_brand(posts, brand, "posts", _POSTS)
    if reach_per_share <= 0 or not 0 < seen_share <= 1:
        raise ValueError(
            f"reach_per_share must be above 0 and seen_share in 0..1, not {reach_per_share} and {seen_share}"
        )
    if not half_lives or min(half_lives) <= 0:
        raise ValueError(f"half_lives must be weeks above 0, not {half_lives!r}")
    index = all_weeks(weekly["week"])
    sums = posts.groupby(mondays(posts["published_at"]))[["impressions", "shares"]].sum().reindex(index, fill_value=0)
    earned = sums["shares"].shift(1, fill_value=0) * reach_per_share * seen_share
    y = wide(weekly.assign(name="n"), "name", "new_customers", index)["n"]
    weeks = pd.DataFrame({"new_customers": y, "earned": earned, "own": sums["impressions"].astype(float)})
    others = _others(*(of_one_brand(table, brand) for table in (media, controls, events)), index)
    naive = _naive(weeks, of_one_brand(customers, brand), level)
    return _earned(weeks, others, naive, half_lives, level)


def _others(media, controls, events, index: pd.DatetimeIndex) -> list[pd.DataFrame]:
    """Return what is remembered of each channel, controls and events."""
    found = []
    if media is not None and len(media):
        known = "impressions" in media and media["impressions"].notna().all()
        contacts = wide(media, "channel", "impressions" if known else "spend", index)
        remembered = contacts.apply(lambda column: carried(column.fillna(0), _HALF_LIFE))
        found.append(remembered.add_prefix(_MEDIA))
    if controls is not None and len(controls):
        found.append(wide(controls, "name", "value", index))
    return [*found, event_columns(events, index)]


def _earned(
    weeks: pd.DataFrame, others: list[pd.DataFrame], naive: Estimate, half_lives: Sequence[float], level: float
) -> Earned:
    """Fit at every half-life, and read the gap off the fits."""
    base, left_out = baseline(weeks.index, others=others)
    used = weeks["new_customers"].notna() & base.notna().all(axis=1) & (np.arange(len(weeks)) >= _WARM_UP)
    none = unknown(level, int(used.sum()), _why_not(weeks, base, used))
    rest = weeks.reset_index(), tuple(left_out)
    if none.reason:
        empty = pd.DataFrame(columns=["half_life_weeks", "gap", "low", "high"], dtype=float)
        return Earned(none, none, none, none, naive, empty, *rest)
    won = [_won(weeks, base, used, half_life, level) for half_life in half_lives]
    gap, earned, own = (_over_half_lives(each) for each in zip(*won, strict=True))
    placebo = _placebo(weeks, base, used)
    if not placebo.low <= 0 <= placebo.high:
        fires = reason("placebo_fires", ahead=_AHEAD, estimate=placebo.estimate, low=placebo.low, high=placebo.high)
        gap = replace(gap, reason=fires)
    rows = [(half, each.estimate, each.low, each.high) for half, (each, *_) in zip(half_lives, won, strict=True)]
    by_half_life = pd.DataFrame(rows, columns=["half_life_weeks", "gap", "low", "high"])
    return Earned(gap, earned, own, placebo, naive, by_half_life, *rest)


def _over_half_lives(found: Sequence[Estimate]) -> Estimate:
    """Return the mean, its variance the mean of theirs and what they disagree by."""
    first, middle = found[0], np.array([each.estimate for each in found])
    half = np.array([each.high - each.low for each in found]) / 2
    apart = z_value(first.level) * middle.std()
    return around(middle.mean(), np.sqrt(np.mean(half**2) + apart**2), first.level, first.n)


def _why_not(weeks: pd.DataFrame, base: pd.DataFrame, used: pd.Series) -> Mapping[Lang, str]:
    """Return why earned and own exposures cannot be told apart, empty if they can."""
    needed = max(_FEWEST_WEEKS, _WEEKS_A_COLUMN * (base.shape[1] + 2))
    if used.sum() < needed:
        return reason("few_inflow_weeks", weeks=int(used.sum()), needed=needed, gap=int((~used).sum()))
    for name in ("earned", "own"):
        if not weeks[name].any():
            return reason("no_exposures", name=name)
        if not adds(base[used], weeks[name][used]):
            return reason("exposures_never_varied", name=name)
    return {}


def _fit(
    weeks: pd.DataFrame, base: pd.DataFrame, used: pd.Series, half_life: float, **more: pd.Series
) -> tuple[WeeklyFit, pd.DataFrame, pd.Series]:
    """Return the fit, what adds up in it (exposures in thousands), and the market by week."""
    media = [name for name in base if name.startswith(_MEDIA)]
    earned, own = carried(weeks["earned"], half_life), carried(weeks["own"], _HALF_LIFE)
    adds = base[["one", *media]].assign(earned=earned / 1000, own=own / 1000, **more)[used]
    fit, market = fit_market(weeks["new_customers"][used], adds, base.drop(columns=["one", *media])[used])
    return fit, adds, market


def _won(
    weeks: pd.DataFrame, base: pd.DataFrame, used: pd.Series, half_life: float, level: float
) -> tuple[Estimate, Estimate, Estimate]:
    """Return the gap, and what either kind of exposure wins, in the markets that it met."""
    fit, adds, market = _fit(weeks, base, used, half_life)
    met = {name: float(np.average(market, weights=adds[name])) for name in ("earned", "own")}
    asked = ({"earned": met["earned"], "own": -met["own"]}, {"earned": met["earned"]}, {"own": met["own"]})
    return tuple(fit.contrast(each, level) for each in asked)


def _placebo(weeks: pd.DataFrame, base: pd.DataFrame, used: pd.Series) -> Estimate:
    """The effect of the earned exposures of some weeks ahead, beside those of now."""
    ahead = weeks["earned"].shift(-_AHEAD) / 1000
    fit, _, _ = _fit(weeks, base, used & ahead.notna(), _HALF_LIFE, ahead=ahead)
    return fit.contrast({"ahead": 1}, _PLACEBO_LEVEL)


def _naive(weeks: pd.DataFrame, customers: pd.DataFrame | None, level: float) -> Estimate:
    """Referred customers per 1,000 earned exposures minus organic per 1,000 of the firm's, as counts of Poisson."""
    exposures = weeks[["earned", "own"]].sum() / 1000
    if customers is None or customers.empty or not exposures.all():
        return unknown(level, len(weeks), reason("no_exposures", name="earned"))
    counts = np.array([(customers["source"] == source).sum() for source in ("referral", "organic")])
    rates = counts / exposures.to_numpy()
    half = float(z_value(level) * np.sqrt((counts / exposures.to_numpy() ** 2).sum()))
    gap = float(rates[0] - rates[1])
    return around(gap, half, level, len(weeks))
