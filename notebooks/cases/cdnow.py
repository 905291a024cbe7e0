"""CDNOW for the case notebook: the data, and BG/NBD, the model that customer lifetimes are usually judged by.

The files travel inside the wheel of the PyPI package `lifetimes`, which is never imported: its code is not used here.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24(2), 275-284: "FHL" below. Time is in weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

FIRST_DAY = pd.Timestamp("1997-01-01")
CALIBRATION_END = pd.Timestamp("1997-09-30")  # 39 weeks
OBSERVED_UNTIL = pd.Timestamp("1998-06-30")  # 78 weeks

_COLUMNS = {
    "sample": ["customer_key", "sample_id", "date", "cds", "dollars"],
    "master": ["customer_key", "date", "cds", "dollars"],
}


def load_cdnow(
    which: Literal["sample", "master"] = "sample", *, since: str = "", until: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """CDNOW customers and purchases, as the tables of data/README.md (실제 구매 데이터).

    Everyone made a first purchase at the CD shop in January to March 1997; all purchases to 30 June 1998 are there.

    Parameters
    ----------
    which : "sample" is the 1-in-10 sample of FHL (2,357 customers), "master" has all 23,570.
    since : an ISO date; keep customers whose first purchase was on this day or later. Empty = all.
    until : an ISO date; keep purchases up to this day. Empty = all.

    Returns
    -------
    customers, purchases
        customer_key, brand, acquired_at, source; customer_key, purchased_at (a day), amount (US cents).

    Raises
    ------
    ModuleNotFoundError
        Without the `cases` extra.
    """
    path = _carried(f"CDNOW_{which}.txt")
    text = {"customer_key": str, "sample_id": str, "date": str}
    rows = pd.read_csv(
        path, sep=r"\s+", header=None, names=_COLUMNS[which], dtype=text, skiprows=int(which == "master")
    )
    purchases = pd.DataFrame(
        {
            "customer_key": rows["customer_key"],
            "purchased_at": pd.to_datetime(rows["date"], format="%Y%m%d"),
            "amount": (100 * rows["dollars"]).round().astype("int64"),
        }
    )
    purchases = purchases[purchases["purchased_at"] <= pd.Timestamp(until or OBSERVED_UNTIL)]
    first = purchases.groupby("customer_key")["purchased_at"].min().rename("acquired_at").reset_index()
    first = first[first["acquired_at"] >= pd.Timestamp(since or FIRST_DAY)]
    if first.empty:
        raise ValueError(f"no CDNOW customer first bought between {since or 'the start'} and {until or 'the end'}")
    purchases = purchases[purchases["customer_key"].isin(first["customer_key"])]
    return first.assign(brand="cdnow", source="organic")[["customer_key", "brand", "acquired_at", "source"]], purchases


def purchase_history(purchases: pd.DataFrame, until: pd.Timestamp = CALIBRATION_END) -> pd.DataFrame:
    """Frequency, recency and age of each customer who has bought by `until` (FHL, section 3).

    Returns
    -------
    DataFrame
        By customer_key: `frequency` (days with a repeat purchase), `recency` (weeks from the first purchase to the
        last), `age` (weeks from the first purchase to `until`).
    """
    days = purchases.loc[purchases["purchased_at"] <= until].groupby("customer_key")["purchased_at"]
    first, last, count = days.min(), days.max(), days.nunique()
    week = pd.Timedelta(weeks=1)
    return pd.DataFrame({"frequency": count - 1, "recency": (last - first) / week, "age": (until - first) / week})


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD model: buying at a Gamma(r, alpha) rate, leaving after each purchase with a Beta(a, b) chance."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def expected_repeat_purchases(self, weeks: ArrayLike) -> np.ndarray:
        """Repeat purchases of a new customer in the first `weeks` >= 0, E[X(t)] (FHL, eq. 9)."""
        from scipy.special import hyp2f1

        t = np.asarray(weeks, float)
        stay = (self.alpha / (self.alpha + t)) ** self.r
        series = hyp2f1(self.r, self.b, self.a + self.b - 1, t / (self.alpha + t))
        return (self.a + self.b - 1) / (self.a - 1) * (1 - stay * series)

    def conditional_expected(
        self, weeks: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> np.ndarray:
        """Purchases in the next `weeks` of a customer with this history, E[Y(t) | x, t_x, T] (FHL, eq. 10)."""
        from scipy.special import hyp2f1

        x, recency, age = (np.asarray(values, float) for values in (frequency, recency, age))
        stay = ((self.alpha + age) / (self.alpha + age + weeks)) ** (self.r + x)
        series = hyp2f1(self.r + x, self.b + x, self.a + self.b + x - 1, weeks / (self.alpha + age + weeks))
        buys = (self.a + self.b + x - 1) / (self.a - 1) * (1 - stay * series)
        return buys * self.alive(frequency=x, recency=recency, age=age)

    def alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> np.ndarray:
        """Probability that a customer with this history has not left; 1 without a repeat purchase (FHL, eq. 10)."""
        x, recency, age = (np.asarray(values, float) for values in (frequency, recency, age))
        silence = ((self.alpha + age) / (self.alpha + recency)) ** (self.r + x)
        return 1 / (1 + np.where(x > 0, self.a / (self.b + np.maximum(x, 1) - 1) * silence, 0.0))


def bg_nbd_log_likelihood(
    parameters: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> np.ndarray:
    """Log-likelihood of each customer's history under `parameters` = (r, alpha, a, b) (FHL, eq. 6)."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = parameters
    x, recency, age = (np.asarray(values, float) for values in (frequency, recency, age))
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    return rate + np.logaddexp(stayed, np.where(x > 0, left, -np.inf))


def fit_bg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BgNbd:
    """Maximum likelihood of BG/NBD on the log parameters (FHL, section 3; BG/NBD 모형 추정).

    Parameters
    ----------
    frequency, recency, age : see `purchase_history`; weeks.

    Raises
    ------
    RuntimeError
        If the optimiser does not converge.
    """
    from scipy.optimize import minimize

    history, customers = np.unique(np.column_stack([frequency, recency, age]), axis=0, return_counts=True)

    def loss(log_parameters: np.ndarray) -> float:
        return -float(customers @ bg_nbd_log_likelihood(np.exp(log_parameters), *history.T))

    best = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-7, "fatol": 1e-7})
    if not best.success:
        raise RuntimeError(f"BG/NBD did not converge: {best.message}")
    return BgNbd(*np.exp(best.x).tolist(), -float(best.fun))


def weekly_repeat_purchases(
    purchases: pd.DataFrame, model: BgNbd, *, weeks: int = 78, first_day: pd.Timestamp = FIRST_DAY
) -> pd.DataFrame:
    """Actual and expected repeat purchases by week (FHL, figures 3 and 4; 주별 재구매).

    A customer adds to the expectation from the day of the first purchase on; actual purchases are distinct days.

    Returns
    -------
    DataFrame
        week (1 is the seven days from `first_day`), actual, expected, cumulative_actual, cumulative_expected.
    """
    bought = purchases.drop_duplicates(["customer_key", "purchased_at"])
    first = bought.groupby("customer_key")["purchased_at"].transform("min")
    repeats = (bought.loc[bought["purchased_at"] > first, "purchased_at"] - first_day).dt.days // 7
    starts, customers = np.unique((first[~bought["customer_key"].duplicated()] - first_day).dt.days, return_counts=True)
    week = np.arange(1, weeks + 1)
    since = np.maximum(week[:, None] - (starts + 1) / 7, 0)  # at the end of week w, day d was 7w - (d + 1) days ago
    cumulative = model.expected_repeat_purchases(since) @ customers
    table = pd.DataFrame({"week": week, "actual": np.bincount(repeats, minlength=weeks)[:weeks]})
    table["expected"] = np.diff(cumulative, prepend=0.0)
    return table.assign(cumulative_actual=table["actual"].cumsum(), cumulative_expected=cumulative)


def _carried(name: str) -> Path:
    try:
        found = [file for file in files("lifetimes") or [] if file.name == name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ModuleNotFoundError(f'{name} is missing. Install it with: pip install "smm-analysis[cases]"')
    return Path(found[0].locate())
