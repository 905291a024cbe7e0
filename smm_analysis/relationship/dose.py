"""What a better relationship does (관계의 효과): to passing on (S0.2) and to what a follower is worth (S0.9).

Of two weeks alike in what the firm posted, in season, controls and events, how much more is passed on in the one that
follows a better relationship? The answer is for weeks at the path's own 75th minus its 25th percentile. The smoothed
path is flatter than what it means, and slopes on it as much steeper: their product is what counts. Useful posts
raise trust and shares alike, so the posts' kinds are held fixed; managers who answer less after a viral week change the
relationship only afterwards. The first part of the record, in which the relationship is built, is left out: slopes
there are others than where the brand lives.

The interval holds the weeks' own noise (see `regression`) and what is unknown of the relationship's path: by its own
error, or by the disagreement of its components if that is larger. For the latter the effect is estimated again without
each component, and it is the jackknife's variance (Tukey 1958, Annals of Mathematical Statistics 29(2)). Degrees of
freedom are Satterthwaite's.

Of several brands the mean is `pool_brands(effects, weights="equal", shared=INDEX_ERROR)`. Who passes on and who answers
are not the average follower: they gain and lose trust faster, and newcomers, who trust less, draw the followers' mean
down while everybody's own trust rises. So the effect of the relationship that people show lies above that of moving
everybody alike, in all brands; by how much differs with what is passed on, so that it is an error and no factor. One
brand's interval, several times as wide, goes without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import Lang

from .doubts import doubt, few_weeks, impossible
from .index import Relationship
from .panel import SharingWeeks, season
from .regression import Slopes, fit_weeks

# what the index errs by in all brands alike, as a part of the effect: of six virtual brands (seeds 1000 to 1023 of
# benchmarks/relationship_worlds.py) intervals held the truth in .83 to .92 of the cases without it, with it in .92
INDEX_ERROR = 0.10
_DRAWS = 200
_PLACEBO_LEVEL = 0.99
_AHEAD = 8  # weeks


@dataclass(frozen=True)
class DoseResponse:
    """What the relationship at its P75 minus its P25 does (용량 반응).

    `effect` is in the outcome's unit, ready for a verdict; `placebo` the same for the change of the relationship over
    the weeks to come, which ought to be nil; `naive` a line through all weeks with nothing held fixed. `low_point` and
    `high_point` are P25 and P75 of the relationship (z), `usual` the mean outcome. `weeks` has week, relationship,
    outcome, adjusted (to mean content, season, controls and events), weight; `curve` relationship, fitted, low, high;
    `parts` a row a component: component, the effect without it; `reliability` is that of the settled weeks,
    `held_fixed` the columns kept.
    """

    effect: Estimate
    naive: Estimate
    placebo: Estimate
    low_point: float
    high_point: float
    usual: float
    reliability: float
    weeks: pd.DataFrame = field(repr=False, compare=False)
    curve: pd.DataFrame = field(repr=False, compare=False)
    parts: pd.DataFrame = field(repr=False, compare=False)
    held_fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Weeks:
    """What a regression reads: outcome, weights and columns by week, which weeks are settled and usable."""

    outcome: np.ndarray
    weights: np.ndarray
    columns: Mapping[str, np.ndarray]
    settled: np.ndarray
    usable: np.ndarray


@dataclass(frozen=True)
class _Setting:
    lag: int
    level: float
    seed: int


def shares_response(
    panel: SharingWeeks,
    relationship: Relationship,
    *,
    settle: float = 1 / 8,
    lag: int = 1,
    season_order: int = 1,
    level: float = 0.90,
    seed: int = 0,
) -> DoseResponse:
    """Shares per 1,000 exposures, relationship at its P75 minus its P25 (노출 천 회당 공유, S0.2).

    Parameters
    ----------
    panel : `sharing_weeks`.
    relationship : `relationship_index` over the same weeks, made without `shares`.
    settle : the part of the record, 0 to below 1, in which the relationship is still being built.
    lag : weeks from the relationship to what is passed on, 0 or more.
    season_order : Fourier pairs of a year.
    level : two-sided level, 0..1.

    Returns
    -------
    DoseResponse
        `effect` is NaN, or carries a reason, where the data cannot tell.

    Raises
    ------
    ValueError
        If the weeks of panel and relationship differ.
    """
    weeks = panel.weeks
    content = panel.content.div(panel.content.sum(axis=1).clip(lower=1), axis=0)
    intensity = np.log((weeks["impressions"] / weeks["followers"].clip(lower=1)).where(weeks["impressions"] > 0))
    largest = panel.content.sum().nlargest(1).index  # the kind the others are held against
    columns = content.drop(columns=largest).assign(impressions_per_follower=intensity.to_numpy())
    outcome = 1000 * weeks["shares"] / weeks["exposures"]
    data = _data(panel, columns, outcome, weeks["exposures"], settle, season_order)
    return _respond(data, relationship, panel, _Setting(lag, level, seed))


def _data(
    panel: SharingWeeks,
    columns: pd.DataFrame,
    outcome: pd.Series,
    weights: pd.Series,
    settle: float,
    season_order: int,
) -> _Weeks:
    if not 0 <= settle < 1:
        raise ValueError(f"settle must be a part of the record, 0 to below 1, not {settle!r}")
    index = panel.content.index
    told = pd.concat([columns, season(index, season_order), panel.others], axis=1)
    settled = np.arange(len(index)) >= int(settle * len(index))
    usable = outcome.notna().to_numpy() & told.notna().all(axis=1).to_numpy() & (weights > 0).to_numpy()
    arrays = {str(name): column.to_numpy(float) for name, column in told.items()}
    return _Weeks(outcome.to_numpy(float), weights.to_numpy(float), arrays, settled, usable)


def _respond(data: _Weeks, relationship: Relationship, panel: SharingWeeks, setting: _Setting) -> DoseResponse:
    """Estimate, or say why not."""
    if not panel.weeks["week"].equals(relationship.weeks["week"]):
        raise ValueError("panel and relationship must speak of the same weeks: weeks=panel.weeks['week']")
    n = int((data.usable & data.settled).sum())
    if why := impossible(data.columns, data.outcome, data.usable & data.settled, relationship, panel):
        return nothing(unknown(setting.level, n, why))
    whole = _effect(data, relationship, setting)
    if whole is None:
        return nothing(unknown(setting.level, n, few_weeks(n, len(data.columns))))
    return _answer(data, relationship, whole, setting)


@dataclass(frozen=True)
class _Effect:
    """One regression: slopes, the path, its P25 and P75 and how unsure their distance is, and which weeks it used."""

    slopes: Slopes
    path: np.ndarray
    points: tuple[float, float]
    step_variance: float
    used: np.ndarray

    @property
    def step(self) -> float:
        return self.points[1] - self.points[0]

    @property
    def value(self) -> float:
        return float(self.slopes.coefficients[-1] * self.step)

    @property
    def variance(self) -> float:
        return float(self.slopes.covariance[-1, -1] * self.step**2)

    @property
    def variance_of_path(self) -> float:
        """What not knowing how far the relationship moved does to the effect."""
        return float(self.slopes.coefficients[-1] ** 2 * self.step_variance)


def _effect(data: _Weeks, relationship: Relationship, setting: _Setting) -> _Effect | None:
    """Regress the outcome on the relationship."""
    rng = np.random.default_rng(setting.seed)
    path = relationship.weeks["relationship"].to_numpy()
    low, high = np.quantile(path[data.settled], [0.25, 0.75])
    drawn = np.subtract(*np.quantile(relationship.draws(rng, _DRAWS)[:, data.settled], [0.75, 0.25], axis=1))
    before = _shifted(path, setting.lag)
    used = data.usable & data.settled & np.isfinite(before)
    slopes = _fit(data, used, before[:, None])
    unsure = float((np.std(drawn) / np.mean(drawn) * (high - low)) ** 2)  # as large a part of this step as of those
    return slopes and _Effect(slopes, before, (float(low), float(high)), unsure, used)


def _fit(data: _Weeks, used: np.ndarray, regressors: np.ndarray) -> Slopes | None:
    columns = {name: column[used] for name, column in data.columns.items()}
    return fit_weeks(data.outcome[used], columns, regressors[used], data.weights[used])


def _shifted(path: np.ndarray, weeks: int) -> np.ndarray:
    """Return the path so many weeks ago, NaN where that was before the record or is after it."""
    return pd.Series(path).shift(weeks).to_numpy()


def _answer(data: _Weeks, relationship: Relationship, whole: _Effect, setting: _Setting) -> DoseResponse:
    parts = relationship.parts
    each = range(len(parts) if len(parts) > 1 else 0)
    without = [_effect(data, relationship.without(k), setting) for k in each]
    effects = np.array([np.nan if one is None else one.value for one in without])
    placebo = _placebo(data, whole, setting)
    reliable = relationship.reliable_in(data.settled)
    why = doubt(placebo[1], reliable, _AHEAD)
    effect = _estimate(whole, effects, setting.level, why)
    usual = float(np.average(data.outcome[whole.used], weights=data.weights[whole.used]))
    return DoseResponse(
        effect=effect,
        naive=_naive(data, relationship, setting),
        placebo=placebo[0],
        low_point=whole.points[0],
        high_point=whole.points[1],
        usual=usual,
        reliability=reliable,
        weeks=_adjusted(data, whole, relationship, usual),
        curve=_curve(whole, effect, usual, data),
        parts=pd.DataFrame({"component": [parts[k].name for k in each], "effect_without": effects}),
        held_fixed=whole.slopes.kept,
    )


def _estimate(whole: _Effect, without: np.ndarray, level: float, why: Mapping[Lang, str]) -> Estimate:
    """Add to the weeks' noise what is unknown of the path: by its own error or by its components, the larger."""
    from scipy.special import stdtrit

    k = max(len(without), 2)
    apart = (k - 1) / k * float(((without - without.mean()) ** 2).sum()) if len(without) else 0.0
    apart = max(apart, whole.variance_of_path)
    both = whole.variance + apart
    df = both**2 / (whole.variance**2 / whole.slopes.df + apart**2 / (k - 1))
    half = float(stdtrit(df, 0.5 + level / 2) * np.sqrt(both))
    return Estimate(whole.value, whole.value - half, whole.value + half, level, int(whole.used.sum()), why)


def _placebo(data: _Weeks, whole: _Effect, setting: _Setting) -> tuple[Estimate, bool]:
    """Whether what the relationship does next explains what was passed on already: it must not."""
    from scipy.special import stdtrit

    ahead = _shifted(whole.path, -_AHEAD) - whole.path
    used = whole.used & np.isfinite(ahead)
    slopes = _fit(data, used, np.column_stack([whole.path, ahead]))
    if slopes is None:
        return unknown(setting.level, int(used.sum()), {}), False
    value, error = slopes.coefficients[-1], np.sqrt(slopes.covariance[-1, -1])
    half = stdtrit(slopes.df, 0.5 + setting.level / 2) * error
    ends = (float(x * whole.step) for x in (value, value - half, value + half))
    failed = abs(value) > stdtrit(slopes.df, 0.5 + _PLACEBO_LEVEL / 2) * error
    return Estimate(*ends, setting.level, int(used.sum())), bool(failed)


def _naive(data: _Weeks, relationship: Relationship, setting: _Setting) -> Estimate:
    """Return what a line through all weeks says, nothing held fixed, weeks taken as independent: be wary of it."""
    from scipy.special import stdtrit

    path = relationship.weeks["relationship"].to_numpy()
    used = data.usable & np.isfinite(path)
    x, y = path[used], data.outcome[used]
    centred = x - x.mean()
    slope = centred @ y / (centred @ centred)
    rest = y - y.mean() - slope * centred
    step = float(np.subtract(*np.quantile(x, [0.75, 0.25])))
    error = np.sqrt(rest @ rest / (len(x) - 2) / (centred @ centred))
    half = stdtrit(len(x) - 2, 0.5 + setting.level / 2) * error
    ends = (float(value * step) for value in (slope, slope - half, slope + half))
    return Estimate(*ends, setting.level, len(x))


# --- what is shown ---------------------------------------------------------------------------------------------------


def _adjusted(data: _Weeks, whole: _Effect, relationship: Relationship, usual: float) -> pd.DataFrame:
    """Return the weeks used, their outcome moved to mean content, season, controls and events."""
    path = whole.path[whole.used]
    moved = whole.slopes.residual + whole.slopes.coefficients[-1] * (path - _mean(path, data, whole)) + usual
    columns = {"relationship": path, "outcome": data.outcome[whole.used], "adjusted": moved}
    weeks = relationship.weeks.loc[whole.used, ["week"]].reset_index(drop=True)
    return weeks.assign(**columns, weight=data.weights[whole.used])


def _mean(path: np.ndarray, data: _Weeks, whole: _Effect) -> float:
    return float(np.average(path, weights=data.weights[whole.used]))


def _curve(whole: _Effect, effect: Estimate, usual: float, data: _Weeks) -> pd.DataFrame:
    """Return the fitted line over the range of the weeks, with its band, pinned at the mean week."""
    path = whole.path[whole.used]
    at = np.linspace(path.min(), path.max(), 41)
    steps = (at - _mean(path, data, whole)) / whole.step
    ends = np.sort(np.outer([effect.low, effect.high], steps), axis=0)
    return pd.DataFrame(
        {
            "relationship": at,
            "fitted": usual + effect.estimate * steps,
            "low": usual + ends[0],
            "high": usual + ends[1],
        }
    )


def nothing(effect: Estimate) -> DoseResponse:
    """Return an answer without numbers, for a reason (빈 결과)."""
    weeks = pd.DataFrame(columns=["week", "relationship", "outcome", "adjusted", "weight"], dtype=float)
    curve = pd.DataFrame(columns=["relationship", "fitted", "low", "high"], dtype=float)
    parts = pd.DataFrame(columns=["component", "effect_without"])
    nan, empty = float("nan"), unknown(effect.level, effect.n, {})
    return DoseResponse(effect, empty, empty, nan, nan, nan, nan, weeks, curve, parts)
