"""Who stays (코호트 잔존): the share of customers still buying, by how they came (S0.7b).

*Still buying at 26 weeks* is a purchase in the thirteen weeks that end then: weeks 14 to 26 after the week of the first
one. Who came lately has not been watched so long. Leaving such customers in as *no purchase yet* calls the youngest
cohorts disloyal, and bought customers come in flights, often late; leaving them out throws their first weeks away. Here
everybody counts for as long as he or she was watched: the wait from week 13 on until the next purchase is a
waiting time with censoring, and 1 minus Kaplan and Meier's curve (1958, JASA 53(282)) at 26 weeks is the share.

Cohorts also differ in *when* they came: other seasons, other prices, other trust in the brand. The adjusted difference
compares customers who came in the same quarter, weighted by when the second group (paid) came.

>>> monday = pd.Timestamp("2026-01-05")
>>> customers = pd.DataFrame({"customer_key": list("abcdefgh"), "source": ["organic", "paid"] * 4})
>>> customers["acquired_at"] = monday
>>> back = [monday + pd.Timedelta(weeks=week) for week in (15, 20, 26, 16)]
>>> purchases = pd.DataFrame({"customer_key": list("aceb"), "purchased_at": back})
>>> kept = cohort_retention(customers, purchases, observed_until="2026-12-31", fewest=4)
>>> kept.groups[["source", "n", "share"]].values.tolist()
[['organic', 4, 0.75], ['paid', 4, 0.25]]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import LANGS, Lang, reason

from .watched import CURVE_WEEKS, Cohort, band, read_cohort

WINDOW_WEEKS = 13  # bought in the last so many weeks: still buying
_FEWEST = 30
_COLUMNS = ("n", "n_watched", "share", "low", "high", "share_so_far")


@dataclass(frozen=True)
class Retention:
    """Who still buys (잔존 결과): shares are 0..1, weeks count from the week of the first purchase.

    `groups` : a row a group: n, n_watched (watched to the end), share still buying with low and high, share_so_far
    (bought again by now, however lately they came: the naive reading), reason_en, reason_ko.
    `curve` : group, weeks, share, low, high, at_risk. `difference` : share of the first group of `compare` minus the
    second, as they are; `adjusted` : the same within quarters of coming, weighted by when the second group came.
    `log_rank_p` : chance of waits as different as these if the two groups were alike, quarter by quarter.
    """

    groups: pd.DataFrame
    curve: pd.DataFrame = field(repr=False, compare=False)
    difference: Estimate
    adjusted: Estimate
    log_rank_p: float
    compare: tuple[str, str]
    weeks: int
    by: str


def cohort_retention(
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    by: str = "source",
    weeks: int = 26,
    observed_until: pd.Timestamp | str,
    compare: tuple[str, str] = ("organic", "paid"),
    window_weeks: int = WINDOW_WEEKS,
    level: float = 0.90,
    fewest: int = _FEWEST,
    curve_weeks: int = CURVE_WEEKS,
) -> Retention:
    """Return who still buys after so many weeks, by how they came (코호트별 잔존).

    Parameters
    ----------
    customers : of one brand: customer_key, acquired_at and the column `by`.
    purchases : customer_key, purchased_at; of customers unknown to `customers` nothing is read.
    weeks : when to look, weeks after the week of the first purchase.
    observed_until : when the data end; the last week must be a whole one.
    compare : the two groups whose difference is asked for, first minus second.
    window_weeks : who bought in the last so many weeks is still buying.
    fewest : a group needs so many customers watched to the end.
    curve_weeks : how far the curve goes; 0 for none.

    Raises
    ------
    ValueError
        A missing column, a customer who stands twice, a time after `observed_until`, a window longer than `weeks`.
    """
    _check(customers, purchases, by, weeks, window_weeks)
    cohort = read_cohort(customers, purchases, by, observed_until, max(curve_weeks, weeks))
    asked = _Asked(weeks, window_weeks, compare, level)
    group = cohort.people["group"]
    parts = {name: cohort.of(group == name) for name in [*compare, *sorted(set(group.dropna()) - set(compare))]}
    pair = cohort.of(group.isin(compare))
    none = unknown(level, len(pair.people), _why_not(cohort, asked, fewest))
    return Retention(
        groups=pd.DataFrame([{by: name} | asked.row(part, name) for name, part in parts.items()]),
        curve=_curves({name: part for name, part in parts.items() if len(part.people) >= fewest}, asked, curve_weeks),
        difference=none if none.reason else asked.plain(pair),
        adjusted=none if none.reason else asked.adjusted(pair),
        log_rank_p=float("nan") if none.reason else asked.log_rank(pair),
        compare=compare,
        weeks=weeks,
        by=by,
    )


def _check(customers: pd.DataFrame, purchases: pd.DataFrame, by: str, weeks: int, window: int) -> None:
    for name, table, columns in (
        ("customers", customers, ("customer_key", "acquired_at", by)),
        ("purchases", purchases, ("customer_key", "purchased_at")),
    ):
        if lacking := [column for column in columns if column not in table]:
            raise ValueError(f"{name} has no column {', '.join(map(repr, lacking))}; it has {', '.join(table)}")
    if (twice := customers["customer_key"].duplicated()).any():
        raise ValueError(f"customers hold a customer_key twice, rows {', '.join(map(str, twice.index[twice][:5]))}")
    if "brand" in customers and len(set(customers["brand"])) > 1:
        raise ValueError("customers are of several brands: give those of one, and pool the differences (pool_brands)")
    if not 0 < window <= weeks:
        raise ValueError(f"window_weeks must lie in 1..weeks={weeks}, not {window}")


def _why_not(cohort: Cohort, asked: _Asked, fewest: int) -> Mapping[Lang, str]:
    """Return why the two groups cannot be compared, empty if they can."""
    watched = {name: cohort.people.loc[cohort.people["group"] == name, "watched"] for name in asked.compare}
    for name, weeks in watched.items():
        if weeks.empty:
            return reason("no_customers_of_group", group=name)
    if (longest := int(cohort.people["watched"].max())) < asked.weeks:
        return reason("short_retention_watch", longest=longest, weeks=asked.weeks)
    for name, weeks in watched.items():
        if (n := int((weeks >= asked.weeks).sum())) < fewest:
            return reason("few_watched_customers", group=name, n=n, weeks=asked.weeks, needed=fewest)
    return {}


def _curves(parts: Mapping[str, Cohort], asked: _Asked, last: int) -> pd.DataFrame:
    """Return, week by week, the share that bought within the window that ends then."""
    rows = []
    for name, part in parts.items():
        for week in range(asked.window, min(last, int(part.people["watched"].max())) + 1):
            share, worth = part.share(week, asked.window)
            rows.append(
                (name, week, share, *band(share, worth, asked.level), int((part.people["watched"] >= week).sum()))
            )
    return pd.DataFrame(rows, columns=["group", "weeks", "share", "low", "high", "at_risk"])


@dataclass(frozen=True)
class _Asked:
    """What is asked of the cohorts: when, in which window, of which two groups."""

    weeks: int
    window: int
    compare: tuple[str, str]
    level: float

    def sides(self, pair: Cohort) -> list[Cohort]:
        """Return the two groups."""
        return [pair.of(pair.people["group"] == name) for name in self.compare]

    def row(self, part: Cohort, name: str) -> dict[str, object]:
        """Return one group's share with its interval, its counts, and the naive share so far."""
        share, worth = part.share(self.weeks, self.window)
        counts = (len(part.people), int((part.people["watched"] >= self.weeks).sum()))
        values = (*counts, share, *band(share, worth, self.level), part.people["again"].mean())
        why = {} if worth else reason("no_customers_of_group", group=name)
        return dict(zip(_COLUMNS, values, strict=True)) | {f"reason_{lang}": why.get(lang, "") for lang in LANGS}

    def plain(self, pair: Cohort) -> Estimate:
        """Difference of the two shares with Newcombe's (1998, Statistics in Medicine 17(8)) interval, method 10."""
        found = [side.share(self.weeks, self.window) for side in self.sides(pair)]
        (one, two), (first, second) = (share for share, _ in found), (band(*share, self.level) for share in found)
        below, above = np.hypot(one - first[0], second[1] - two), np.hypot(first[1] - one, two - second[0])
        return Estimate(one - two, float(one - two - below), float(one - two + above), self.level, len(pair.people))

    def adjusted(self, pair: Cohort) -> Estimate:
        """Difference within quarters of coming, weighted by the second group's customers.

        For the variance one success and one failure are added to each group (Agresti & Caffo 2000, The American
        Statistician 54(4)).
        """
        quarters = pair.people["quarter"]
        found = [self._quarter(pair.of(quarters == quarter)) for quarter in sorted(set(quarters))]
        rows = np.array([row for row in found if row is not None])
        if not len(rows):
            names = dict(zip(("one", "two"), self.compare, strict=True))
            return unknown(self.level, len(pair.people), reason("cohorts_never_meet", **names))
        gap, variance, weight, n = rows.T
        weight = weight / weight.sum()
        estimate, half = float(weight @ gap), float(z_value(self.level) * np.sqrt(weight**2 @ variance))
        return Estimate(estimate, estimate - half, estimate + half, self.level, int(n.sum()))

    def _quarter(self, quarter: Cohort) -> tuple[float, float, float, int] | None:
        """Return one quarter's difference, its variance, weight and customers; None where a group was not watched."""
        sides = self.sides(quarter)
        if any((side.people["watched"] < self.weeks).all() for side in sides):
            return None
        (one, first), (two, second) = (side.share(self.weeks, self.window) for side in sides)
        return one - two, _variance(one, first) + _variance(two, second), len(sides[1].people), len(quarter.people)

    def log_rank(self, pair: Cohort) -> float:
        """P-value of the log-rank test on the waits, quarter by quarter."""
        from statsmodels.duration.survfunc import survdiff

        seen = pair.people[pair.people["watched"] > self.weeks - self.window]
        waits, bought = pair.waits(self.weeks, self.window)
        groups, quarters = seen["group"].to_numpy(), seen["quarter"].to_numpy()
        return float(survdiff(waits, bought.astype(int), groups, strata=quarters)[1])


def _variance(share: float, worth: float) -> float:
    pulled = (share * worth + 1) / (worth + 2)
    return pulled * (1 - pulled) / (worth + 2)
