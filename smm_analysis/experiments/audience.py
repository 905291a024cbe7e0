"""The audience in cells (고객 구획): people split by lot, so that a part of one brand's market can be held out."""

from __future__ import annotations

import hashlib

import pandas as pd

from smm_analysis.tables import mondays


def audience_weeks(
    customers: pd.DataFrame, *, until: pd.Timestamp, since: pd.Timestamp | None = None, cells: int = 10, seed: int = 0
) -> pd.DataFrame:
    """Count new customers by week and cell of an audience split by lot (구획별 주간 신규 고객).

    A person's cell follows from the customer key and the seed alone, so that it stays the same next month.

    Parameters
    ----------
    customers : customer_key, acquired_at.
    until, since : the first and the last day that count; weeks not over by `until` are left out.
    cells : into how many cells, 2 or more.

    Returns
    -------
    DataFrame
        week, unit (the cell), new_customers; every week and cell.
    """
    if cells < 2:
        raise ValueError(f"cells must be 2 or more, not {cells}")
    came = customers["acquired_at"].dt.tz_localize(None)
    first, last = (came.min() if since is None else since), until.tz_localize(None)
    weeks = pd.date_range(first.normalize(), last - pd.Timedelta(days=6), freq="W-MON")
    names = [f"{number:02d}" for number in range(1, cells + 1)]
    cell = customers["customer_key"].map(lambda key: names[_lot(key, seed) % cells])
    counted = pd.crosstab(mondays(came), cell).reindex(index=weeks, columns=names, fill_value=0)
    long = counted.rename_axis("week").reset_index().melt("week", var_name="unit", value_name="new_customers")
    return long.sort_values(["week", "unit"]).reset_index(drop=True)


def _lot(key: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")
