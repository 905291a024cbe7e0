"""Reach by side (자사와 고객 매체의 도달): what the firm publishes and what customers write, on whose media (S1.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from smm_analysis.tables import mondays

from .brand_weeks import of_one_brand
from .weekly_fit import fit_weeks

_FIRM_ROLES = ("brand", "staff")


def reach_by_side(
    posts: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    sides: Mapping[str, str],
    brand: str | None = None,
    level: float = 0.90,
) -> pd.DataFrame:
    """Return reach a week by who published it and on whose medium (주체와 매체별 주당 도달, S1.1).

    Reach of posts is people counted; reach of mentions is what the supplier gives, mostly the writer's followers: those
    who *could* see it. Do not add the two.

    Parameters
    ----------
    posts : published_at, medium, reach; mentions : created_at, medium, author_role, reach (empty: not known).
    sides : whose each medium is, firm or customer, as in `dataset.toml`.
    brand : picks one of several.

    Returns
    -------
    DataFrame
        author_role (brand or customer), side (firm or customer), medium, n, reach_a_week with low and high
        (autocorrelation-consistent; NaN of a single week), share (of the author's reach).

    Raises
    ------
    ValueError
        A medium without a side, a missing column, several brands and none picked.
    """
    posts = of_one_brand(posts, brand, "posts", ("published_at", "medium", "reach"))
    mentions = of_one_brand(mentions, brand, "mentions", ("created_at", "medium", "author_role", "reach"))
    written = mentions[~mentions["author_role"].isin(_FIRM_ROLES)]
    rows = pd.concat([_rows(posts, "published_at", "brand"), _rows(written, "created_at", "customer")])
    if strange := sorted(set(rows["medium"]) - set(sides)):
        raise ValueError(f"sides names no side of {', '.join(map(repr, strange))}; it has {', '.join(sides)}")
    weeks = pd.date_range(rows["week"].min(), rows["week"].max(), freq="7D")
    found = [
        {"author_role": author, "side": sides[medium], "medium": medium, "n": len(ours)} | _a_week(ours, weeks, level)
        for (author, medium), ours in rows.groupby(["author_role", "medium"], sort=True)
    ]
    table = pd.DataFrame(found)
    total = table.groupby("author_role")["reach_a_week"].transform("sum")
    return table.assign(share=table["reach_a_week"] / total).sort_values(
        ["author_role", "reach_a_week"], ascending=[True, False], ignore_index=True
    )


def side_reach(
    posts: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    sides: Mapping[str, str],
    brand: str | None = None,
    level: float = 0.90,
) -> pd.DataFrame:
    """Return reach a week by who published it and whose the medium is, media of one side together (S1.1).

    Parameters
    ----------
    posts, mentions, sides, brand : as `reach_by_side`.

    Returns
    -------
    DataFrame
        reach_of (author and side: brand_on_firm, brand_on_customer, customer_on_firm, customer_on_customer), n,
        reach_a_week with low and high, share (of the author's reach).
    """
    together = [
        table.assign(medium=table["medium"].map(lambda medium: sides.get(medium, medium)))
        for table in (posts, mentions)
    ]
    found = reach_by_side(*together, sides={side: side for side in sides.values()}, brand=brand, level=level)
    found.insert(0, "reach_of", found["author_role"] + "_on_" + found["side"])
    return found.drop(columns=["author_role", "side", "medium"])


def _rows(table: pd.DataFrame, time: str, author: str) -> pd.DataFrame:
    reach = table["reach"].astype(float).fillna(0)
    return pd.DataFrame(
        {"week": mondays(table[time]), "medium": table["medium"], "reach": reach, "author_role": author}
    )


def _a_week(ours: pd.DataFrame, weeks: pd.DatetimeIndex, level: float) -> dict[str, float]:
    """Return mean reach a week with its interval."""
    sums = ours.groupby("week")["reach"].sum().reindex(weeks, fill_value=0)
    if len(weeks) < 2:
        return {"reach_a_week": float(sums.mean()), "low": math.nan, "high": math.nan}
    mean = fit_weeks(sums, pd.DataFrame({"one": 1.0}, index=weeks)).contrast({"one": 1}, level)
    return {"reach_a_week": mean.estimate, "low": mean.low, "high": mean.high}
