"""Customers watched for a while (관찰된 고객): who bought again, in which week, and what share that makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.estimate import wilson, z_value

QUARTER_WEEKS = 13  # customers who came within the same so many weeks are alike in season and price
CURVE_WEEKS = 52
_MONDAY = pd.Timestamp("1900-01-01")


@dataclass(frozen=True)
class Cohort:
    """Customers, a row each, and their later purchases (고객과 재구매).

    `people` : the group, quarter of coming, weeks watched, whether they ever bought `again`; `bought` : customers x
    weeks after the week of coming, of which week 0 is left out.
    """

    people: pd.DataFrame
    bought: np.ndarray

    def of(self, chosen: pd.Series) -> Cohort:
        """Return those chosen by a flag."""
        return Cohort(self.people[chosen], self.bought[chosen.to_numpy()])

    def waits(self, weeks: int, window: int) -> tuple[np.ndarray, np.ndarray]:
        """Return how long each customer watched into the window waited for the next purchase, and whether it came."""
        start, watched = weeks - window, self.people["watched"].to_numpy()
        ahead = self.bought[watched > start, start + 1 : weeks + 1]
        first = np.where(ahead.any(axis=1), ahead.argmax(axis=1) + 1, window + 1)
        seen = np.minimum(watched[watched > start] - start, window)
        return np.minimum(first, seen), first <= seen

    def share(self, weeks: int, window: int) -> tuple[float, float]:
        """Return the share that bought within the window, and how many customers watched to its end it is worth.

        One minus Kaplan and Meier's curve, by statsmodels; worth is Rothman's (1978, Journal of Chronic Diseases
        31(8)) number, or all that were watched where the variance says nothing (everybody or nobody bought).
        """
        from statsmodels.duration.survfunc import SurvfuncRight

        waits, bought = self.waits(weeks, window)
        if not bought.any():
            return (0.0, float((waits >= window).sum())) if len(waits) else (float("nan"), 0.0)
        fit = SurvfuncRight(waits, bought)
        share, se = 1 - float(fit.surv_prob[-1]), float(fit.surv_prob_se[-1])
        worth = share * (1 - share) / se**2 if np.isfinite(se) and se > 0 else 0.0
        return share, worth or float(len(waits))


def read_cohort(customers: pd.DataFrame, purchases: pd.DataFrame, by: str, until: pd.Timestamp | str, weeks: int):
    """Return the customers who came by `until`, and their purchases in the `weeks` after coming."""
    came = week_number(customers["acquired_at"]).set_axis(customers["customer_key"])
    bought = week_number(purchases["purchased_at"]).set_axis(purchases["customer_key"])
    bought, last = bought[bought.index.isin(came.index)], last_whole_week(until)
    for name, found in (("customers.acquired_at", came), ("purchases.purchased_at", bought)):
        if (late := found > last + 1).any():
            first = ", ".join(map(str, found.index[late][:5]))
            raise ValueError(f"{name} lies after observed_until {until}, customers {first}; cut the tables first")
    since = bought - came.reindex(bought.index)
    people = pd.DataFrame({"group": customers[by].to_numpy(), "watched": last - came})
    people["quarter"] = (came - came.min()) // QUARTER_WEEKS
    people["again"] = people.index.isin(since.index[since > 0])
    return Cohort(people, _later(people, since, weeks)).of(people["watched"] >= 0)


def _later(people: pd.DataFrame, since: pd.Series, weeks: int) -> np.ndarray:
    bought = np.zeros((len(people), weeks + 1), dtype=bool)
    since = since[(since > 0) & (since <= weeks)]
    bought[people.index.get_indexer(since.index), since.to_numpy()] = True
    return bought


def week_number(times: pd.Series) -> pd.Series:
    """Return the number of each time's calendar week, Monday to Sunday, in the times' own zone."""
    if times.dtype.kind != "M":
        raise ValueError(f"{times.name} must hold times, not {times.dtype} values")
    return (times.dt.tz_localize(None) - _MONDAY).dt.days // 7


def last_whole_week(until: pd.Timestamp | str) -> int:
    """Return the number of the last week that is over; a Sunday's last minute ends its week."""
    at = pd.Timestamp(until).tz_localize(None) + pd.Timedelta(minutes=1)
    return (at - _MONDAY).days // 7 - 1


def band(share: float, worth: float, level: float) -> tuple[float, float]:
    """Wilson's interval of a share worth so many."""
    low, high = wilson(share, worth, z_value(level))
    return float(low), float(high)
