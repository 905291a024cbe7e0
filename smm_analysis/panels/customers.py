"""Customers as of a cut-off (고객 패널): what they bought and said, recent weeks counting most (S4.5, S4.8)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .times import WEEK

if TYPE_CHECKING:
    import ibis.expr.types as ir

PURCHASES = ("customer_key", "purchased_at", "amount")
MENTIONS = ("author_key", "author_role", "created_at", "sentiment")
CUSTOMERS = ("customer_key", "brand", "acquired_at", "author_key")
FEATURES = (
    *("customer_key", "brand", "weeks_since_acquired"),
    *("n_purchases", "amount", "decayed_purchases", "weeks_since_purchase"),
    *("n_mentions", "decayed_mentions", "sentiment", "sentiment_n"),
)
_COUNTS = ("n_purchases", "n_mentions", "sentiment_n")
_SUMS = ("amount", "decayed_purchases", "decayed_mentions")


def customer_features(
    customers: ir.Table,
    purchases: ir.Table,
    mentions: ir.Table | None = None,
    *,
    cutoff: int,
    half_life_weeks: float = 13.0,
) -> ir.Table:
    """Features of each customer as known at a cut-off (고객 특성, S4.5), as an expression.

    Parameters
    ----------
    customers, purchases, mentions : columns `CUSTOMERS`, `PURCHASES`, `MENTIONS`; times in microseconds. Who was
        acquired later is not there; what was bought or said later is not counted. Only customers' own mentions count.
    cutoff : microseconds.
    half_life_weeks : the age at which an event counts half, > 0; `math.inf` gives plain counts.

    Returns
    -------
    ibis Table
        `FEATURES`: decayed_purchases and decayed_mentions are the sums of 2^(-age / half-life) over purchases and over
        mentions; sentiment is the mean score, missing without one; weeks_since_purchase is missing without a purchase.

    Raises
    ------
    ValueError
        If the half-life is not above 0.
    """
    if not half_life_weeks > 0:
        raise ValueError(f"half_life_weeks must be above 0 (inf: plain counts), not {half_life_weeks!r}")
    known = customers.filter(customers["acquired_at"] <= cutoff)
    base = known.select("customer_key", "brand", "author_key", weeks_since_acquired=_age(known["acquired_at"], cutoff))
    found = _beside(base, _bought(purchases, cutoff, half_life_weeks), "customer_key")
    if mentions is not None:
        found = _beside(found, _wrote(mentions, cutoff, half_life_weeks), "author_key")
    return found.select(**{name: _filled(found, name) for name in FEATURES if name in found.columns})


def _bought(purchases: ir.Table, cutoff: int, half_life_weeks: float) -> ir.Table:
    past = purchases.filter(purchases["purchased_at"] <= cutoff)
    age = _age(past["purchased_at"], cutoff)
    return past.group_by("customer_key").aggregate(
        n_purchases=past.count(),
        amount=past["amount"].sum(),
        decayed_purchases=_weight(age, half_life_weeks).sum(),
        weeks_since_purchase=age.min(),
    )


def _wrote(mentions: ir.Table, cutoff: int, half_life_weeks: float) -> ir.Table:
    own = mentions.filter(mentions["author_role"] == "customer", mentions["created_at"] <= cutoff)
    return own.group_by("author_key").aggregate(
        n_mentions=own.count(),
        decayed_mentions=_weight(_age(own["created_at"], cutoff), half_life_weeks).sum(),
        sentiment=own["sentiment"].mean(),
        sentiment_n=own["sentiment"].count(),
    )


def _age(times: ir.IntegerValue, cutoff: int) -> ir.FloatingValue:
    """Return how long before the cut-off, weeks."""
    return (cutoff - times).cast("float64") / float(WEEK)


def _weight(age: ir.FloatingValue, half_life_weeks: float) -> ir.FloatingValue:
    rate = 0.0 if math.isinf(half_life_weeks) else math.log(2) / half_life_weeks
    return (age * -rate).exp()


def _beside(left: ir.Table, right: ir.Table, key: str) -> ir.Table:
    return left.left_join(right, key).drop(f"{key}_right")


def _filled(table: ir.Table, name: str) -> ir.Value:
    """Return a column with nothing counted as 0; a mean or an age stays missing."""
    if name in _COUNTS:
        return table[name].fill_null(0).cast("int64")
    return table[name].cast("float64").fill_null(0.0) if name in _SUMS else table[name]
