"""Who stays of those whom media reach (매체가 데려온 충성 고객, S3.3)."""

from __future__ import annotations

import pandas as pd

from smm_analysis.tables import mondays

from .plans import LineComparison, engaged_per_reached

_WEEK = pd.Timedelta(weeks=1)
_WITHIN = 13  # weeks after the time to stay, in which a loyal customer buys at least once


def who_stayed(
    customers: pd.DataFrame, purchases: pd.DataFrame, *, observed_until: pd.Timestamp, weeks: int = 26
) -> pd.DataFrame:
    """Return the customers who came long enough ago, and whether they stayed (누가 남았는가).

    A customer is loyal who buys between `weeks` and `weeks` + 13 weeks after the first purchase.

    Parameters
    ----------
    customers, purchases : the tables, of one brand.
    observed_until : when the record ends, in the zone of the tables' times.
    weeks : how long a loyal customer stays, at least.

    Returns
    -------
    DataFrame
        A row a customer: customer_key, week (came in, a Monday), line (the source that the firm names), loyal (bool).
        The weeks up to the last whole one of whose customers all is known are `attrs["known_until"]`.
    """
    last = observed_until.tz_localize(None) - (weeks + _WITHIN + 1) * _WEEK
    came = customers.assign(week=mondays(customers["acquired_at"]), line=customers["source"].astype(str))
    came = came[came["week"] <= last]
    bought = came.merge(purchases[purchases["amount"] > 0], on="customer_key")
    age = (bought["purchased_at"] - bought["acquired_at"]) / _WEEK
    stayed = bought.loc[age.between(weeks, weeks + _WITHIN), "customer_key"]
    found = came.assign(loyal=came["customer_key"].isin(stayed))[["customer_key", "week", "line", "loyal"]]
    found.attrs["known_until"] = last
    return found.reset_index(drop=True)


def loyal_per_reached(
    media: pd.DataFrame, stayed: pd.DataFrame, *, lines: tuple[str, str] = ("btl", "atl"), level: float = 0.90
) -> LineComparison:
    """Loyal customers credited to a line per 1,000 people it reached in a week (매체에 돌려진 충성 고객, S3.3).

    The naive reading: who would have come anyway is credited to whatever he or she saw. In a simulated world in which
    media move nobody it still finds that BTL wins more; `mix.loyal_gap` counts what media bring.

    Parameters
    ----------
    media : the table, of one brand; `lines` : the first is compared with the second.
    stayed : from `who_stayed`.

    Returns
    -------
    LineComparison
        Its table counts the loyal customers of each line too: `loyal`.
    """
    came = stayed[stayed["loyal"]].groupby(["week", "line"]).size().rename("engaged").reset_index()
    known = media[media["week"] <= stayed.attrs["known_until"]].astype({"line": str})
    shown = known.groupby(["week", "line"])[["spend", "impressions", "reach"]].sum().reset_index()
    shown = shown.assign(channel=shown["line"]).merge(came, on=["week", "line"], how="left").fillna({"engaged": 0})
    found = engaged_per_reached(shown, lines=lines, level=level)
    counts = shown.groupby("line")["engaged"].sum().astype(int).rename("loyal")
    return LineComparison(found.table.merge(counts, on="line", how="left"), found.difference, found.ratio)
