"""How good predicted probabilities are, on the same customers (예측 평가)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, around, unknown, wilson, z_value
from smm_analysis.terms import reason

from .guards import TooLittleData
from .logit import blocks, fit_line, saturated


def evaluate(outcome: pd.Series, scores: pd.DataFrame, *, respondents: pd.Series | None = None) -> pd.DataFrame:
    """Quality of predicted probabilities on the same customers (예측 평가).

    Parameters
    ----------
    outcome : 0/1 by customer.
    scores : probabilities 0..1, a column a predictor, the same customers in the same order.
    respondents : True for who answered the survey; adds their own rows, so that both populations are seen.

    Returns
    -------
    DataFrame
        A row a predictor and population: predictor, population, n, auc, log_loss (nats), brier; brier_skill and
        deviance_explained, the parts of Brier score and log-loss saved against giving everyone the population's own
        share of buyers (0 is no better than that, negative is worse);
        top_decile_lift, buyers among the tenth with the highest scores over buyers among all (ties at its edge count in
        part);
        calibration_intercept, of a Logit with the predicted log-odds as offset (0 is right, above 0: more
        bought than foreseen);
        calibration_slope, of a Logit on the predicted log-odds (1 is right, below 1 too bold; Cox 1958). NaN where
        undefined: one class, one probability for all, no score.
    """
    if not scores.index.equals(outcome.index):
        raise ValueError("outcome and scores must hold the same customers in the same order")
    bought, populations = outcome.to_numpy(), {"everyone": slice(None)}
    if respondents is not None:
        populations["respondents"] = respondents.to_numpy(bool)
    rows = [
        {"predictor": name, "population": population}
        | _quality(bought[chosen], scores[name].to_numpy(float)[chosen], name)
        for population, chosen in populations.items()
        for name in scores
    ]
    return pd.DataFrame(rows, columns=["predictor", "population", *_QUALITY])


def calibration_table(outcome: pd.Series, score: pd.Series, *, bins: int = 10, level: float = 0.90) -> pd.DataFrame:
    """Foreseen against actual buying, in groups of equal size by score (보정표).

    Returns
    -------
    DataFrame
        A row a group, the least likely first: foreseen (mean probability), observed (share who bought), low, high
        (Wilson's interval of that share) and n. No rows without customers or score.
    """
    if score.isna().any() or len(score) == 0:
        return pd.DataFrame(columns=["foreseen", "observed", "low", "high", "n"], dtype=float)
    groups = pd.qcut(score.rank(method="first"), min(bins, len(score)), labels=False)
    by = pd.DataFrame({"foreseen": score, "observed": outcome.astype(float)}).groupby(groups)
    n, bought = by.size(), by["observed"].sum()
    low, high = wilson((bought / n).to_numpy(), n.to_numpy(), z_value(level))
    return by.mean().assign(low=low, high=high, n=n).rename_axis("group")


def compare_log_loss(outcome: pd.Series, a: pd.Series, b: pd.Series, *, level: float = 0.90) -> Estimate:
    """Mean paired difference of log-loss, a minus b, nats a customer: above 0 favours b (로그 손실의 차이).

    The interval is Student's on the per-customer differences. It is conditional on the two fitted models and takes
    customers as independent; what a calendar week does to all of them at once is not in it.

    >>> y, a, b = pd.Series([1, 0, 1]), pd.Series([0.5, 0.5, 0.5]), pd.Series([0.8, 0.4, 0.6])
    >>> print(round(compare_log_loss(y, a, b).estimate, 4))
    0.2782
    """
    from scipy.special import stdtrit

    bought = outcome.to_numpy(bool)
    loss = _log_losses(bought, a.to_numpy(float), a.name) - _log_losses(bought, b.to_numpy(float), b.name)
    n = len(loss)
    if n < 2:
        return unknown(level, n, reason("few_customers", n=n, needed=2))
    half = stdtrit(n - 1, 0.5 + level / 2) * loss.std(ddof=1) / math.sqrt(n)
    return around(loss.mean(), half, level, n)


def auc(outcome: pd.Series, score: pd.Series) -> float:
    """Chance that a buyer is ranked above a non-buyer, ties counting half (AUC); NaN with one class.

    >>> auc(pd.Series([0, 0, 1, 1]), pd.Series([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    return _auc(outcome.to_numpy(bool), score.to_numpy())


def compare_auc(outcome: pd.Series, a: pd.Series, b: pd.Series, *, level: float = 0.90) -> Estimate:
    """Paired difference of AUC, a minus b, with DeLong's interval (AUC 차이).

    DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44(3)), its placements from midranks (Sun & Xu 2014, IEEE Signal
    Processing Letters 21(11)). Scores need not be probabilities.
    """
    n = len(outcome)
    (buyers_a, others_a), (buyers_b, others_b) = _placements(outcome, a), _placements(outcome, b)
    if min(len(buyers_a), len(others_a)) < 2:
        return unknown(level, n, reason("few_to_rank"))
    buyers, others = buyers_a - buyers_b, others_a - others_b
    half = z_value(level) * math.sqrt(buyers.var(ddof=1) / len(buyers) + others.var(ddof=1) / len(others))
    return around(buyers.mean(), half, level, n)


_QUALITY = (
    "n",
    "auc",
    "log_loss",
    "brier",
    "brier_skill",
    "deviance_explained",
    "top_decile_lift",
    "calibration_intercept",
    "calibration_slope",
)


def _auc(bought: np.ndarray, score: np.ndarray) -> float:
    others = score[~bought]
    others.sort()
    buyers = len(score) - len(others)
    if min(buyers, len(others)) == 0:
        return math.nan
    ranks = 0  # twice the others below, and once those level with, each buyer: whole numbers, exact in any order
    for block in blocks(len(score)):
        mine = score[block][bought[block]]
        ranks += sum(int(np.searchsorted(others, mine, side).sum()) for side in ("left", "right"))
    return ranks / 2 / buyers / len(others)


def _log_losses(bought: np.ndarray, probability: np.ndarray, name: str) -> np.ndarray:
    low, high = probability.min(initial=0), probability.max(initial=1)
    if low < 0 or high > 1:
        low, high = probability.min(), probability.max()
        raise ValueError(f"probabilities must lie in 0..1; {name!r} runs from {low:g} to {high:g}")
    of_what_happened = np.where(bought, probability, 1 - probability)
    np.clip(of_what_happened, 1e-12, 1 - 1e-12, out=of_what_happened)
    return -np.log(of_what_happened, out=of_what_happened)


def _placements(outcome: pd.Series, score: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each buyer's share of non-buyers ranked below, and each non-buyer's share of buyers ranked above."""
    y = outcome.to_numpy(bool)
    ranks = score.rank().to_numpy()
    buyers, others = score[y].rank().to_numpy(), score[~y].rank().to_numpy()
    return (ranks[y] - buyers) / max(len(others), 1), 1 - (ranks[~y] - others) / max(len(buyers), 1)


def _quality(outcome: np.ndarray, probability: np.ndarray, name: str) -> dict[str, float]:
    n = int((~np.isnan(probability)).sum())
    if n == 0 or n < len(outcome):
        return dict.fromkeys(_QUALITY, math.nan) | {"n": n}
    bought = outcome.astype(bool, copy=False)
    loss, brier = _mean_losses(bought, probability, name)
    lift = _top_decile_lift(bought, probability)
    values = (n, _auc(bought, probability), loss, brier, *_skill(bought, loss, brier), lift)
    return dict(zip(_QUALITY, (*values, *_calibration(bought, probability)), strict=True))


def _mean_losses(bought: np.ndarray, probability: np.ndarray, name: str) -> tuple[float, float]:
    """Return the means of log-loss and of the squared error, block by block."""
    sums = np.zeros(2)
    for block in blocks(len(bought)):
        losses, error = _log_losses(bought[block], probability[block], name), bought[block] - probability[block]
        sums += losses.sum(), np.square(error, out=error).sum()
    return float(sums[0] / len(bought)), float(sums[1] / len(bought))


def _skill(bought: np.ndarray, loss: float, brier: float) -> tuple[float, float]:
    """Return Brier skill and deviance explained against the outcome's own share; NaN with one class."""
    share = bought.mean()
    if not 0 < share < 1:
        return math.nan, math.nan
    return 1 - brier / (share * (1 - share)), 1 + loss * len(bought) / saturated(bought)


def _top_decile_lift(outcome: np.ndarray, score: np.ndarray) -> float:
    """Share of buyers in the top tenth over the share in all; customers tied at its edge count in equal part."""
    if not outcome.any():
        return math.nan
    tenth = len(score) / 10
    edge = np.partition(score, -math.ceil(tenth))[-math.ceil(tenth)]
    above, tied = score > edge, score == edge
    bought = outcome[above].sum() + outcome[tied].mean() * (tenth - above.sum())
    return float(bought / tenth / outcome.mean())


def _calibration(bought: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.special import logit

    share = bought.mean()
    if share in (0, 1):
        return math.nan, math.nan
    odds = np.clip(probability, 1e-12, 1 - 1e-12)
    logit(odds, out=odds)

    intercept = brentq(_excess, -60, 60, args=(odds, share), xtol=1e-9)
    try:
        return intercept, fit_line(odds, bought)[1]
    except TooLittleData:
        return intercept, math.nan


def _excess(shift: float, odds: np.ndarray, share: float) -> float:
    """By how much more than `share` would buy with log-odds shifted; a closure would outlive `brentq` in a cycle."""
    from scipy.special import expit

    return sum(expit(odds[block] + shift).sum() for block in blocks(len(odds))) / len(odds) - share
