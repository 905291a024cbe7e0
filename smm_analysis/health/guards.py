"""What makes a comparison dishonest, by name (비교를 망치는 것들): each raises or warns with what to do instead.

Errors: `LookAhead`, `TooLittleData`. Warnings: `SurvivorsOnly`, `RecordedAfterwards`, `NonResponse`.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd

from smm_analysis.terms import reason

MIN_CUSTOMERS = 30
_SURPRISE = 3.29  # standard errors; a true null warns once in a thousand times
_MANY = 10  # answers in a class of NPS before "everybody" or "nobody" is a surprise


class TooLittleData(ValueError):
    """The data cannot answer (데이터 부족): too few weeks, customers or answers.

    `reason` says in each language what is needed; it comes from `reasons.toml` by its `key`.
    """

    def __init__(self, key: str, **values: object) -> None:
        self.reason = reason(key, **values)
        super().__init__(self.reason["en"])


class LookAhead(ValueError):
    """Something is used that was not known at the cut-off (미래 정보 사용)."""


class SurvivorsOnly(UserWarning):
    """Who is compared depends on what came later (생존자 편향)."""


class RecordedAfterwards(UserWarning):
    """An answer tells the outcome without error: it may have been recorded after the fact (사후 기록)."""


class NonResponse(UserWarning):
    """Those who answer are not like those who do not (무응답 편향)."""


def check_two_classes(bought: np.ndarray) -> None:
    """Raise `TooLittleData` if everybody or nobody bought (결과가 한 가지뿐)."""
    if bought.min() == bought.max():
        raise TooLittleData("everybody_bought" if bought[0] else "nobody_bought", n=len(bought))


def check_eligible(
    eligible: pd.Index,
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    cutoff: pd.Timestamp,
    horizon_weeks: float,
) -> None:
    """Check that the customers compared were chosen by what was known at the cut-off (대상 고객 점검).

    Everyone acquired by the cut-off is split by past behaviour: number of purchases (0, 1, 2-3, 4-7, ...) and weeks
    since the last one (0-1, 2-3, 4-7, ...). Within such a cell, who is left out should buy in the horizon as often as
    who is kept; the test is Mantel and Haenszel's (1959, JNCI 22(4)). A rule on the past alone passes: it fills or
    empties whole cells.

    Raises
    ------
    LookAhead
        If an eligible customer was acquired after the cut-off, or is not in `customers`.

    Warns
    -----
    SurvivorsOnly
        If the kept buy more often than the left-out of the same past, by more than 3.29 standard errors.
    """
    known = pd.Index(customers.loc[customers["acquired_at"] <= cutoff, "customer_key"])
    strangers = eligible.difference(known)
    if len(strangers):
        first = ", ".join(map(repr, strangers[:3].tolist()))
        raise LookAhead(
            f"look-ahead: {len(strangers)} eligible customers were not customers at the cut-off {cutoff}, first {first}"
        )
    times = purchases["purchased_at"]
    ahead = (times > cutoff) & (times <= cutoff + pd.Timedelta(weeks=horizon_weeks))
    bought = known.isin(purchases.loc[ahead, "customer_key"])
    surprise = _mantel_haenszel(known.isin(eligible), bought, _past_cells(purchases[times <= cutoff], known, cutoff))
    if surprise > _SURPRISE:
        warnings.warn(
            f"survivors only: {len(known) - len(eligible)} of {len(known)} customers are left out, and they buy less "
            f"after the cut-off than kept ones of the same past ({surprise:.1f} standard errors). Fix who is eligible "
            "by what was known at the cut-off.",
            SurvivorsOnly,
            stacklevel=3,
        )


def check_response(responded: pd.Series, known: pd.Series) -> None:
    """Check that those who answer are like those who do not in something known of all (무응답 점검).

    Parameters
    ----------
    responded : True for who answered; `known` : a number known of everyone, such as purchases before the cut-off.

    Warns
    -----
    NonResponse
        If the means differ by more than 3.29 standard errors (Welch).
    """
    answered, silent = known[responded.to_numpy(bool)], known[~responded.to_numpy(bool)]
    if min(len(answered), len(silent)) < 2:
        return
    error = math.sqrt(answered.var() / len(answered) + silent.var() / len(silent))
    gap = answered.mean() - silent.mean()
    if abs(gap) > _SURPRISE * error:
        warnings.warn(
            f"non-response: {known.name} is {answered.mean():.3g} on average for the {len(answered)} who answered and "
            f"{silent.mean():.3g} for the {len(silent)} silent. The NPS speaks for the former: see reweighted_nps and "
            "nps_bounds.",
            NonResponse,
            stacklevel=2,
        )


def check_answers(bought: np.ndarray, nps_class: pd.Series) -> bool:
    """Whether an NPS class of ten or more answers holds only buyers or only non-buyers, while both exist (완전 분리).

    Warns
    -----
    RecordedAfterwards
        If so.
    """
    shares = pd.Series(bought).groupby(nps_class.to_numpy()).agg(["mean", "size"])
    suspects = shares[shares["mean"].isin([0.0, 1.0]) & (shares["size"] >= _MANY) & (shares.index != "no_answer")]
    for name, (share, n) in suspects.iterrows():
        who = "everyone" if share else "nobody"
        warnings.warn(
            f"separation: of {n:.0f} customers in class {name}, {who} bought. Was the answer, or its class, recorded "
            "after the outcome?",
            RecordedAfterwards,
            stacklevel=3,
        )
    return len(suspects) > 0


def _past_cells(past: pd.DataFrame, known: pd.Index, cutoff: pd.Timestamp) -> np.ndarray:
    """Return each customer's cell of past behaviour: powers of two of count and recency."""
    grouped = past.groupby("customer_key")["purchased_at"]
    count = grouped.size().reindex(known).fillna(0).to_numpy()
    weeks = ((cutoff - grouped.max()) / pd.Timedelta(weeks=1)).reindex(known).fillna(0).to_numpy()
    return 64 * np.log2(1 + count).astype(int) + np.log2(1 + weeks).astype(int)


def _mantel_haenszel(kept: np.ndarray, bought: np.ndarray, cells: np.ndarray) -> float:
    """Standard errors by which the kept buy more often than expected within the cells; 0 where nothing varies."""
    frame = pd.DataFrame({"kept": kept, "bought": bought, "both": kept & bought, "n": 1})
    sums = frame.groupby(cells).sum().astype(float)
    k, b, n = sums["kept"], sums["bought"], sums["n"]
    variance = (k * (n - k) * b * (n - b) / (n**2 * (n - 1).clip(lower=1))).sum()
    return float((sums["both"] - k * b / n).sum() / math.sqrt(variance)) if variance > 0 else 0.0
