"""Diagnostics that refuse (거절하는 진단): what makes a media mix believe its own story, and what would help instead.

Each check names a flight (집행 구간), a holdout (중단 실험) or a lift test (증분 실험) that would decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, reason

from .adstock import adstock
from .averaging import Average
from .regression import FamilyFit, Regression, non_negative

OFF_SHARE = 0.10  # a week is off below this share of the mean week with money
FEWEST_OFF_WEEKS = 4
MAX_INFLATION = 10.0  # variance inflation (Marquardt 1970): the error is 3.2 times that of an uncorrelated channel
MAX_TREND_SHARE = 0.9  # of a channel's variation that trend and season tell
MAX_MEDIA_SHARE = 0.8  # of the outcome
MAX_ZERO_SHARE = 0.5  # of weeks without any outcome
SIGNIFICANCE = 0.05
LAGS = 4
_STEP = 1e-3  # of a standardised shape, to see how media move with it
_COLUMNS = ["check", "channel", "fired", "statistic", "limit", "reason_en", "reason_ko"]

Row = tuple[str, str, bool, float, float, Mapping[Lang, str]]


def diagnose(regression: Regression, average: Average, brought: pd.DataFrame, outcome: pd.Series) -> pd.DataFrame:
    """Run all checks on a fitted mix (진단).

    Returns
    -------
    DataFrame
        A row a check and channel: check, channel (empty where it is about all), fired, statistic, limit, reason_en and
        reason_ko (what is wrong and what would help; empty where it did not fire).
    """
    channels = [str(name) for name in brought]
    fit, mode = average.best, average.best_mode
    features = fit.features(fit.shapes(mode[None]))[0]
    rows = [
        *_never_off(regression, channels),
        *_trend_eats(regression, features, channels),
        *_collinear(regression, features, channels),
        *_autocorrelation(regression, features),
        *_placebo(regression, average, channels),
        _same_week(regression, average),
        *_implausible(brought, outcome),
    ]
    table = pd.DataFrame([(*row[:5], row[5]["en"], row[5]["ko"]) for row in rows], columns=_COLUMNS)
    table["fired"] = table["fired"].astype(bool)
    table.loc[~table["fired"], ["reason_en", "reason_ko"]] = ""
    return table


def reasons_by_channel(checks: pd.DataFrame, channels: tuple[str, ...]) -> dict[str, Mapping[Lang, str]]:
    """Return, for each channel that a check refuses, why, all checks joined (매체별 거절 이유)."""
    fired = checks[checks["fired"]]
    why = {name: fired[fired["channel"].isin([name, ""])] for name in channels}
    langs: tuple[Lang, ...] = ("en", "ko")
    return {name: {lang: " ".join(rows[f"reason_{lang}"]) for lang in langs} for name, rows in why.items() if len(rows)}


def _never_off(regression: Regression, channels: list[str]) -> Iterator[Row]:
    for name, money, typical in zip(channels, regression.spend.T, regression.typical, strict=True):
        off = int((money < OFF_SHARE * typical).sum())
        why = reason("never_off", channel=name, off=off, needed=FEWEST_OFF_WEEKS)
        yield "never_off", name, off < FEWEST_OFF_WEEKS, off, FEWEST_OFF_WEEKS, why


def _trend_eats(regression: Regression, features: np.ndarray, channels: list[str]) -> Iterator[Row]:
    """How much of a channel's own variation trend, season, controls and events tell."""
    for name, column in zip(channels, features[regression.rows].T, strict=True):
        told = _r_squared(column, regression.baseline)
        why = reason("trend_eats", channel=name, told=told)
        yield "trend_eats", name, told > MAX_TREND_SHARE, told, MAX_TREND_SHARE, why


def _collinear(regression: Regression, features: np.ndarray, channels: list[str]) -> Iterator[Row]:
    """Variance inflation of each channel by the others, baseline taken out of all."""
    rest = _residual(features[regression.rows], regression.baseline)
    if len(channels) < 2:
        return
    near = np.corrcoef(rest.T) - 2 * np.eye(len(channels))
    for i, name in enumerate(channels):
        inflation = 1 / max(1 - _r_squared(rest[:, i], np.delete(rest, i, axis=1), centred=True), 1e-9)
        other = channels[int(np.argmax(np.abs(np.where(np.eye(len(channels))[i], 0, near[i]))))]
        why = reason("collinear", channel=name, other=other, inflation=inflation)
        yield "collinear", name, inflation > MAX_INFLATION, inflation, MAX_INFLATION, why


def _autocorrelation(regression: Regression, features: np.ndarray) -> Iterator[Row]:
    """Ljung and Box (1978, Biometrika 65(2)) on what is left after first-order autocorrelation is taken out.

    Only if what is left goes on rather than alternates: fitted shapes make residuals alternate.
    """
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.tsa.stattools import acf

    design = _whitened(regression, features[regression.rows])
    rest = _residual(_outcome(regression)[:, None], design)[:, 0]
    p = float(acorr_ljungbox(rest, lags=[LAGS], model_df=int(regression.rho != 0))["lb_pvalue"].iloc[0])
    fired = p < SIGNIFICANCE / 5 and acf(rest, nlags=2)[1:].sum() > 0
    yield "autocorrelation", "", fired, p, SIGNIFICANCE / 5, reason("mix_autocorrelation", p=p)


def _known(regression: Regression, fit: FamilyFit, mode: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the outcome and all that the model tells of it: baseline, media, and how media move with their shapes.

    The shapes were fitted, so what they could still make up for is nobody else's (Rao 1948, score test). The first
    rows are the priors of the shapes, the others the weeks.
    """
    step = _STEP * np.eye(len(mode))
    found = fit.posterior(mode[None])
    effects = non_negative(found.gram, found.moment)[0]
    media = fit.features(fit.shapes(np.vstack([mode + step, mode - step]))) @ effects
    moves = (media[: len(mode)] - media[len(mode) :]).T / (2 * _STEP)
    features = fit.features(found.shapes)[0]
    weeks = regression.whiten(
        np.column_stack([regression.baseline, features[regression.rows], moves[regression.rows]]).T
    ).T
    priors = np.zeros((len(mode), weeks.shape[1]))
    priors[:, -len(mode) :] = np.sqrt(regression.noise) * np.eye(len(mode))
    return np.r_[-np.sqrt(regression.noise) * mode, _outcome(regression)], np.vstack([priors, weeks])


def _placebo(regression: Regression, average: Average, channels: list[str]) -> Iterator[Row]:
    """Next week's media must not explain this week's outcome: all channels' sum, one-sided, then each channel.

    Managers react to demand with all their channels and mostly spend more when it is good; the sum is the test with
    power against that. A channel by itself is tested both ways, at a fifth of the level, divided by their number. A
    curve of the wrong family leaves something to explain as well: p is the mean over the families, by their weights.
    """
    together, *alone = sum(share * _p_of_next_week(regression, fit, mode) for share, fit, mode in average.fits)
    yield "placebo", "", together < SIGNIFICANCE, together, SIGNIFICANCE, reason("failed_placebo", p=together)
    limit = SIGNIFICANCE / (5 * len(channels))
    for name, p in zip(channels, alone, strict=True):
        yield "placebo", name, p < limit, p, limit, reason("failed_placebo_channel", channel=name, p=p)


def _p_of_next_week(regression: Regression, fit: FamilyFit, mode: np.ndarray) -> np.ndarray:
    """Return p of next week's media, carried over as the family's mode has it: of their sum, then of each channel."""
    y, base = _known(regression, fit, mode)
    features = fit.features(fit.shapes(mode[None]))[0]
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    ahead = np.vstack([standard[1:], standard[-1:]])[regression.rows]
    ahead = _below_priors(regression.whiten(ahead.T).T, y)
    y, base, ahead = y[:-1], base[:-1], ahead[:-1]  # the last week has no next week
    alone = [_one_more(y, base, column, one_sided=False) for column in ahead.T]
    return np.array([_one_more(y, base, ahead.sum(axis=1), one_sided=True), *alone])


def _same_week(regression: Regression, average: Average) -> Row:
    """Weeks with little money must not do worse than weeks with none: all channels' sum, one-sided.

    A saturating effect starts at nothing: what the first money does is, won for won, the most. Money that follows the
    same week's demand looks otherwise: its size goes with demand, its being there does not, so the curve through both
    is too low in weeks without money. One more column, 1 in weeks with money, carried over alike, then comes out
    negative. So does a curve of the wrong family: p is the mean over the families, by their weights, and it needs a
    fifth of the level, since what follows demand in the same week shows clearly.
    """
    p = sum(share * _p_of_presence(regression, fit, mode) for share, fit, mode in average.fits)
    limit = SIGNIFICANCE / 5
    return "same_week", "", p < limit, p, limit, reason("money_with_demand", p=p)


def _p_of_presence(regression: Regression, fit: FamilyFit, mode: np.ndarray) -> float:
    """Return p of one more column, 1 in weeks with money, carried over as the family's mode has it."""
    present = (regression.spend >= OFF_SHARE * regression.typical).astype(float)
    on = adstock(present, fit.shapes(mode[None]).carry)[0] * regression.people[:, None]
    y, base = _known(regression, fit, mode)
    return _one_more(y, base, _below_priors(regression.whiten(-on[regression.rows].sum(axis=1)), y), one_sided=True)


def _below_priors(column: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a column of weeks with zeros above it, where the priors stand."""
    return np.concatenate([np.zeros((len(y) - len(column), *column.shape[1:])), column])


def _one_more(y: np.ndarray, base: np.ndarray, extra: np.ndarray, *, one_sided: bool) -> float:
    """Return p of the t test that one more column adds nothing (one-sided: nothing or less); 1 if `base` tells it."""
    from scipy.stats import t

    own, rest = _residual(np.column_stack([extra, y]), base).T
    left = len(y) - np.linalg.matrix_rank(base) - 1
    if own @ own < 1e-9 * (extra @ extra) or left < 1:
        return 1.0
    effect = own @ rest / (own @ own)
    error = np.sqrt(((rest - effect * own) ** 2).sum() / left / (own @ own))
    return float(t.sf(effect / error, left) if one_sided else 2 * t.sf(abs(effect / error), left))


def _implausible(brought: pd.DataFrame, outcome: pd.Series) -> Iterator[Row]:
    known = outcome.notna()
    share = float(brought[known].to_numpy().sum() / outcome[known].sum())
    fired = not 0 <= share <= MAX_MEDIA_SHARE
    yield "implausible_share", "", fired, share, MAX_MEDIA_SHARE, reason("implausible_share", share=share)
    zeros = float((outcome[known] == 0).mean())
    yield "zero_outcome", "", zeros > MAX_ZERO_SHARE, zeros, MAX_ZERO_SHARE, reason("zero_outcome", zeros=zeros)


def _outcome(regression: Regression) -> np.ndarray:
    return regression.whiten(regression.outcome)


def _whitened(regression: Regression, features: np.ndarray) -> np.ndarray:
    return regression.whiten(np.column_stack([regression.baseline, features]).T).T


def _residual(columns: np.ndarray, on: np.ndarray) -> np.ndarray:
    return columns - on @ np.linalg.lstsq(on, columns, rcond=None)[0]


def _r_squared(column: np.ndarray, on: np.ndarray, *, centred: bool = False) -> float:
    around = column if centred else column - column.mean()
    whole = around @ around
    return 1 - float((_residual(around[:, None], on) ** 2).sum() / whole) if whole else 1.0
