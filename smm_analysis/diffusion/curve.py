"""The Bass curve (배스 곡선): how adopters come, by outside influence and by word of mouth (Bass 1969)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def bass_curve(p: float, q: float, market_size: float = 1.0, *, periods: int) -> pd.DataFrame:
    """Return the Bass curve period by period (배스 곡선).

    Bass (1969, Management Science 15(5), 215-227): of those who have not adopted yet, a share `p` + `q` F(t) adopts per
    period, F(t) being the share that has. Solved for F(0) = 0, F(t) = (1 - exp(-(p+q)t)) / (1 + (q/p) exp(-(p+q)t)).
    Innovators are those whom `p` moved, imitators those whom `q` F(t) moved, whenever they came (Mahajan, Muller &
    Srivastava 1990, Journal of Marketing Research 27(1), 37-50).

    Parameters
    ----------
    p, q
        Coefficients of innovation and imitation per period (혁신계수, 모방계수), above 0 and from 0.
    market_size
        Everybody who will ever adopt, in the unit wanted (잠재 시장 크기).
    periods
        How many periods from the launch.

    Returns
    -------
    DataFrame
        A row a period: period (1, 2, ...), adoptions (within the period), innovators, imitators, which sum to them,
        and cumulative (to the period's end).

    Examples
    --------
    >>> bass_curve(0.03, 0.4, 1000, periods=2).round(1)
       period  adoptions  innovators  imitators  cumulative
    0       1       36.1        29.5        6.6        36.1
    1       2       50.7        28.2       22.5        86.8

    """
    check_coefficients(p, q)
    share = np.diff(cumulative_share(p, q, np.arange(periods + 1.0)))
    outside = np.diff(outside_share(p, q, np.arange(periods + 1.0)))
    columns = {"adoptions": share, "innovators": outside, "imitators": share - outside, "cumulative": share.cumsum()}
    return pd.DataFrame({"period": np.arange(1, periods + 1)} | {k: market_size * v for k, v in columns.items()})


def check_coefficients(p: float, q: float) -> None:
    """Refuse coefficients that make no curve (계수 확인)."""
    if not (math.isfinite(p) and p > 0 and math.isfinite(q) and q >= 0):
        raise ValueError(f"p must be above 0 and q at least 0, per period; given p = {p!r}, q = {q!r}")


def cumulative_share(p: np.ndarray, q: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return F, the share of the market that has adopted by `time` (누적 채택 비율), 0..1."""
    fading = np.exp(-(p + q) * time)
    return -np.expm1(-(p + q) * time) / (1 + q / p * fading)


def rate_share(p: np.ndarray, q: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return f, the share of the market that adopts per period at the instant `time` (순간 채택률)."""
    adopted = cumulative_share(p, q, time)
    return (p + q * adopted) * (1 - adopted)


def outside_share(p: float, q: float, time: np.ndarray) -> np.ndarray:
    """Return the share of the market that outside influence has won by `time` (외부 영향 누적 채택 비율)."""
    if q == 0:
        return cumulative_share(p, q, time)
    return p / q * (np.log1p(q / p) - np.log1p(q / p * np.exp(-(p + q) * time)))


def peak_time(p: float, q: float) -> float:
    """Return when most adopt, ln(q/p) / (p+q) periods after the launch (정점 시기); 0 where imitation is the weaker."""
    return max(math.log(q / p) / (p + q), 0.0) if q > 0 else 0.0


def peak_share(p: float, q: float) -> float:
    """Return the share of the market that adopts per period at the peak, (p+q)^2 / 4q (정점의 채택률)."""
    return (p + q) ** 2 / (4 * q) if q > p else p
