"""Media mix (매체 믹스): what each channel's money brought, with an interval that owns up to the choice of curve.

Outcome = baseline (trend, season, controls, events) + channels (adstock, then saturation, then a non-negative effect)
+ noise; or, of a market that is used up, new customers = people left x conditions x (base + channels) + noise. A
channel's contribution is that of its money alone: the word of mouth that media start is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from smm_analysis.estimate import check_level
from smm_analysis.terms import Lang

from .averaging import Average, Pool, average_families
from .diagnostics import diagnose, reasons_by_channel
from .market import helped, net_of_market, with_market
from .regression import FamilyFit, Lift, Regression, non_negative
from .saturation import DEFAULT_FAMILIES, find_family
from .weeks import baseline_of, read_weeks, set_aside, unusable

_RHO_CAP = 0.9
_QUARTER = 13  # weeks: longer than what is left of an effect, shorter than a season
_HALF_DRAWS = 400


@dataclass(frozen=True)
class LiftTest:
    """What an experiment said (증분 실험): `effect` of a channel's money in the weeks `start` to `end`.

    `effect` is the outcome of those weeks with the money minus without it, in units of the outcome, `standard_error`
    its error. It enters the regression as one observation.
    """

    channel: str
    start: pd.Timestamp | str
    end: pd.Timestamp | str
    effect: float
    standard_error: float


@dataclass(frozen=True)
class MixModel:
    """A fitted media mix (매체 믹스 모형); read it with `contribution`, `half_life`, `mix_table` and `allocate`.

    `fitted` are the channels the data can speak of at all; `reasons` says per channel why no verdict can rest on it.
    `pools` are draws of equal weight from the families averaged, `weights` the families' weights, `no_effect` the
    probability, by channel, that the channel does nothing. `contributions` is draws x fitted channels, units of the
    outcome over all weeks; `weekly` a row a week: week, outcome, baseline and each channel's contribution. `checks`
    is the table of `diagnose`, `people` the weeks' people still to win times their conditions, mean 1 (1 without a
    market), `coefficients` statsmodels' at the best family's shapes, `rho` the autocorrelation
    taken out, `set_aside` what was left out of the fit, in words.
    """

    outcome: str
    channels: tuple[str, ...]
    lines: Mapping[str, str]
    level: float
    n: int
    spend: pd.DataFrame = field(repr=False, compare=False)
    weekly: pd.DataFrame = field(repr=False, compare=False)
    reasons: Mapping[str, Mapping[Lang, str]] = field(repr=False, compare=False)
    set_aside: tuple[str, ...] = ()
    fitted: tuple[str, ...] = ()
    scale: float = 1.0
    rho: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    no_effect: Mapping[str, float] = field(default_factory=dict)
    pools: tuple[Pool, ...] = field(default=(), repr=False, compare=False)
    contributions: np.ndarray = field(default_factory=lambda: np.empty((0, 0)), repr=False, compare=False)
    people: np.ndarray = field(default_factory=lambda: np.ones(1), repr=False, compare=False)
    left: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    coefficients: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    regression: Regression | None = field(default=None, repr=False, compare=False)

    @property
    def won(self) -> np.ndarray:
        """The outcome of each week, filled in between those that have none."""
        return self.weekly["outcome"].interpolate(limit_direction="both").to_numpy()

    @cached_property
    def halves(self) -> tuple[MixModel, MixModel]:
        """The model fitted to one half of its weeks, and to the other: quarters of a year in turn (반반 적합).

        What one half recommends, the other can value without having been asked.
        """
        turn = np.arange(len(self.spend)) // _QUARTER % 2
        return _half(self, turn == 0), _half(self, turn == 1)


def fit_mix(
    weekly: pd.DataFrame,
    *,
    outcome: str,
    channels: Sequence[str],
    controls: Sequence[str] = (),
    events: Sequence[str] = (),
    lines: Mapping[str, str] | None = None,
    talk: Sequence[str] = (),
    market: str = "",
    comparable: bool = True,
    lift_tests: Sequence[LiftTest] = (),
    families: Sequence[str] = DEFAULT_FAMILIES,
    season_order: int = 2,
    trend_degree: int = 2,
    level: float = 0.90,
    draws: int = 2000,
    seed: int = 0,
) -> MixModel:
    """Fit a media mix to one brand's weeks (매체 믹스 적합, S3.1b, S2.5).

    Geometric adstock (Broadbent 1979) and saturation per channel (Jin et al. 2017, Bayesian methods for media mix
    modeling with carryover and shape effects), averaged over saturation families by evidence, S-shaped Hill among them;
    weak priors as pseudo-observations; channels' returns drawn towards their mean; effects not below 0; first-order
    autocorrelation taken out where it is there (GLSAR).

    Parameters
    ----------
    weekly : a row a week, every week: `week` (Mondays, as a column or the index), outcome, money by channel, controls
        and events (numbers); `mix_panel` makes it. A week without outcome is set aside, its money still carries over.
    outcome : the column to explain: units, new_customers, engaged people, or revenue. Whoever is won this week buys for
        a year, which no weekly carry-over sees: where units come from a base of customers, explain new_customers, with
        `market`, and count what a customer buys apart.
    channels : columns of money, 0 or more.
    comparable : whether all channels are in one unit of money. Then what the root of a channel's money returns is taken
        to be alike between channels, as far as the weeks do not say otherwise: returns diminish, so that who spends
        four times as much on TV is taken to win twice as many by it. Not so for impressions, or TV in rating points.
    controls, events : columns of the baseline. One that never varies is set aside.
    lines : channel -> line (atl, btl, online, outdoor), for comparisons of lines.
    talk : columns of what the firm's posts and customers' passing on add, `MixPanel.talk`. They are what media start
        and others finish: with them in the baseline, a contribution is media's alone.
    market : column of people not yet customers at the week's start, `MixPanel.market`; for new customers. Conditions
        (season, controls, events) then multiply the chance to win one of them, media add to it, and a channel's
        contribution is net of those who would have come later within the record.
    families : among tanh, exponential, michaelis_menten, hill.
    season_order : Fourier pairs of a year; none with less than a year of weeks. `trend_degree` : 0, 1 or 2.
    level : two-sided level of all intervals, 0..1.

    Returns
    -------
    MixModel
        Without draws, and with a reason for every channel, if there are too few weeks or no channel varies.

    Raises
    ------
    ValueError
        If a column is missing or no number, weeks are missing, twice or out of order, money is negative, or the outcome
        never varies; the message names column and weeks.
    """
    check_level(level)
    for name in families:
        find_family(name)
    panel = read_weeks(weekly, outcome, [*channels], [*controls, *events, *talk], market)
    spend, observed = panel[[*channels]], panel[outcome].notna().to_numpy()
    baseline, before, dropped = baseline_of(panel, [*controls, *events], [*talk], season_order, trend_degree)
    left = panel[market].to_numpy() if market else None
    aside = set_aside(panel.index[~observed], dropped)
    reasons = unusable(spend, observed.sum(), baseline.shape[1], season_order)
    fitted = tuple(name for name in channels if name not in reasons)
    data = MixModel(
        outcome=outcome,
        channels=tuple(channels),
        lines=dict(lines or {}),
        level=level,
        n=int(observed.sum()),
        spend=spend,
        weekly=panel[[outcome]].rename(columns={outcome: "outcome"}).reset_index(),
        reasons=reasons,
        set_aside=aside,
    )
    if not fitted:
        return data
    y = panel.loc[observed, outcome].to_numpy()
    scale = float(y.std())
    lifts = tuple(_lift(test, panel, fitted, scale) for test in lift_tests)
    first = baseline[observed, :before] if market else baseline[observed]
    regression = Regression(y / scale, first, spend[[*fitted]].to_numpy(), observed, 0.3, lifts=lifts)
    if market:
        regression = with_market(regression, baseline[:, before:], left)
    regression = _with_noise(_with_noise(regression, families[-1]), families[-1])
    regression = replace(regression, usual=_usual(regression, families[-1]) if comparable else 0.0)
    rng = np.random.default_rng(seed)
    average = average_families(regression, tuple(families), draws=draws, rng=rng)
    average = helped(average, rng) if market else average
    data = replace(
        data, fitted=fitted, scale=scale, rho=regression.rho, people=regression.people, regression=regression
    )
    return _fitted(replace(data, left=left) if market else data, regression, average)


def _lift(test: LiftTest, panel: pd.DataFrame, fitted: tuple[str, ...], scale: float) -> Lift:
    """Put a lift test into the regression's terms."""
    if test.channel not in fitted:
        raise ValueError(f"lift test of {test.channel!r}, which is not among the channels fitted: {', '.join(fitted)}")
    weeks = np.flatnonzero((panel.index >= pd.Timestamp(test.start)) & (panel.index <= pd.Timestamp(test.end)))
    without = panel[[*fitted]].to_numpy(copy=True)
    channel = fitted.index(test.channel)
    if not without[weeks, channel].any():
        raise ValueError(f"lift test of {test.channel!r}: no money from {test.start} to {test.end} in weekly")
    if not (test.standard_error > 0 and np.isfinite(test.effect)):
        raise ValueError(f"lift test of {test.channel!r}: standard_error must be above 0 and effect a number")
    without[weeks, channel] = 0
    return Lift(channel, weeks, without, test.effect / scale, test.standard_error / scale)


def _with_noise(regression: Regression, family: str) -> Regression:
    """Return the regression with noise and autocorrelation at the family's mode: one round of GLSAR."""
    from statsmodels.tsa.stattools import acf

    fit = FamilyFit(regression, find_family(family))
    mode = fit.mode()[None]
    design = np.column_stack([regression.baseline, fit.features(fit.shapes(mode))[0, regression.rows]])
    white = np.linalg.lstsq(regression.whiten(design.T).T, regression.whiten(regression.outcome), rcond=None)[0]
    rest = regression.outcome - design @ white
    rho = min(float(acf(rest * regression.weights, nlags=1)[1]), _RHO_CAP)
    if rho * np.sqrt(len(rest)) < 1.96:  # below 0 it is the mark of fitted shapes rather than of the world
        rho = 0.0
    whitened = replace(regression, rho=rho).whiten(rest)
    return replace(regression, noise=max(float(whitened @ whitened) / regression.dof, 1e-6), rho=rho)


def _usual(regression: Regression, family: str) -> float:
    """Return the outcome of all channels per root of their money, with an error added: it is not to be too small."""
    fit = FamilyFit(regression, find_family(family))
    known = fit.posterior(fit.mode()[None])
    per_root = fit.features(known.shapes)[0].sum(axis=0) / regression.roots.sum()
    mean = float(per_root @ non_negative(known.gram, known.moment)[0])
    error = np.sqrt(regression.noise * float(per_root @ np.linalg.solve(known.gram[0], per_root)))
    return float(np.hypot(mean, error))


def _fitted(data: MixModel, regression: Regression, average: Average) -> MixModel:
    """Put what was found beside the data."""
    brought = [_brought(pool, regression, data.scale) for pool in average.pools]
    if len(data.left):
        brought = [net_of_market(gross, data.won, data.left) for gross in brought]
    contributions = np.concatenate([draws.sum(axis=1) for draws in brought])
    mean = sum(draws.sum(axis=0) for draws in brought) / len(contributions)
    weekly = data.weekly.assign(baseline=data.weekly["outcome"] - mean.sum(axis=1))
    by_channel = pd.DataFrame(mean, columns=[*data.fitted])
    checks = diagnose(regression, average, by_channel, data.weekly["outcome"])
    return replace(
        data,
        weights=average.weights,
        no_effect=dict(zip(data.fitted, average.no_effect.tolist(), strict=True)),
        pools=average.pools,
        contributions=contributions,
        weekly=pd.concat([weekly, by_channel], axis=1),
        coefficients=_coefficients(data, regression, average),
        checks=checks,
        reasons=reasons_by_channel(checks, data.fitted) | dict(data.reasons),
    )


def _half(model: MixModel, weeks: np.ndarray) -> MixModel:
    """Fit the families to some of the weeks; conditions, noise, autocorrelation and usual return are those of all."""
    rng = np.random.default_rng(0)
    average = average_families(model.regression.of(weeks), tuple(model.weights), draws=_HALF_DRAWS, rng=rng)
    return replace(model, pools=(helped(average, rng) if len(model.left) else average).pools)


def _brought(pool: Pool, regression: Regression, scale: float) -> np.ndarray:
    """Return what each channel brought, draws x weeks x channels, units of the outcome."""
    features = FamilyFit(regression, find_family(pool.family)).features(pool.shapes)
    return features * (scale * pool.effects[:, None])


def _coefficients(data: MixModel, regression: Regression, average: Average) -> pd.DataFrame:
    """Return statsmodels' table of the linear part, given the best family's shapes, in units of the outcome.

    The priors are rows of the regression; with the autocorrelation taken out it is GLSAR's.
    """
    from statsmodels.regression.linear_model import OLS

    known = average.best.posterior(average.best_mode[None])
    features, alike = known.columns[0], known.alike[0]
    lifts = np.zeros((len(regression.lifts), regression.baseline.shape[1]))
    design = np.column_stack([np.vstack([regression.whiten(regression.baseline.T).T, lifts]), features])
    priors = np.diag(np.r_[regression.baseline_weights, np.full(len(data.fitted), regression.effect_weight)])
    priors = np.vstack([priors, np.pad(alike, ((0, 0), (regression.baseline.shape[1], 0)))])
    found = OLS(np.r_[regression.told, np.zeros(len(priors))], np.vstack([design, priors])).fit()
    names = [f"baseline_{i}" for i in range(regression.baseline.shape[1])] + list(data.fitted)
    low, high = data.scale * found.conf_int(1 - data.level).T
    values = {"coefficient": data.scale * found.params, "standard_error": data.scale * found.bse}
    return pd.DataFrame({"term": names} | values | {"low": low, "high": high, "p_value": found.pvalues})
