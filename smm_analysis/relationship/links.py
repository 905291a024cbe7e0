"""Linked posts (링크 게시물): do posts that link to another reach further than like ones of the same week? (S1.3)

The naive reading compares all linked posts with all others. But links stand on the kinds of posts that travel anyway,
and in the weeks in which much is posted. Here the logarithm of reach is regressed on the link with an effect for every
week and for every kind on every medium, among kinds and media that have both; only weeks with linked and unlinked posts
tell anything. Errors may hang together within a week, so that the covariance is clustered by week; of few weeks it is
often too small, so that the plain one counts where it is the wider of the two.

>>> at = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.repeat(np.arange(20), 2), unit="W")
>>> posts = pd.DataFrame({"published_at": at, "kind": "event", "medium": "video", "linked_post_id": [None, "p1"] * 20})
>>> posts["reach"] = np.tile([100, 130], 20) + np.tile([0, 0, 10, 13], 10)
>>> round(link_synergy(posts).effect.estimate)
30
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.tables import mondays
from smm_analysis.terms import Lang, reason

from .brand_weeks import of_one_brand

_COLUMNS = ("published_at", "kind", "medium", "reach")
_FEWEST_WEEKS = 6  # with linked and unlinked posts to compare


@dataclass(frozen=True)
class Synergy:
    """What a link adds to reach (링크 효과): `effect` and `naive` in percent of an unlinked post's reach.

    `pairs` : a row a kind and medium: n_linked, n_unlinked, n_weeks (with both). `n_without_reach` posts of reach 0 are
    left out.
    """

    effect: Estimate
    naive: Estimate
    pairs: pd.DataFrame = field(repr=False, compare=False)
    n_without_reach: int


def link_synergy(posts: pd.DataFrame, *, brand: str | None = None, level: float = 0.90) -> Synergy:
    """Return the reach of linked over unlinked posts of the same kind, medium and week, minus 1 (링크 효과, S1.3).

    Parameters
    ----------
    posts : published_at, kind, medium, reach, linked_post_id (empty or absent: not linked).
    brand : picks one of several.

    Raises
    ------
    ValueError
        A missing column, or several brands and none picked.
    """
    return _synergy(of_one_brand(posts, brand, "posts", _COLUMNS), level)


def pooled_link_synergy(posts: pd.DataFrame, *, level: float = 0.90) -> Synergy:
    """Return what a link adds to reach over several brands (여러 브랜드의 링크 효과).

    Weeks, kinds and media are compared within each brand; brands with too few such weeks to tell alone count.

    Parameters
    ----------
    posts : as `link_synergy`, of several brands.
    """
    if lacking := [column for column in ("brand", *_COLUMNS) if column not in posts]:
        raise ValueError(f"posts has no column {', '.join(map(repr, lacking))}; it has {', '.join(posts)}")
    return _synergy(posts, level)


def _synergy(posts: pd.DataFrame, level: float) -> Synergy:
    """Compare linked posts with unlinked ones of the same brand, kind, medium and week."""
    seen = posts[posts["reach"] > 0]
    brand = seen["brand"].astype(str) + " " if "brand" in seen else ""
    table = pd.DataFrame(
        {
            "log_reach": np.log(seen["reach"].astype(float)),
            "linked": seen["linked_post_id"].notna().astype(float) if "linked_post_id" in seen else 0.0,
            "week": brand + mondays(seen["published_at"]).dt.strftime("%Y-%m-%d"),
            "cell": brand + seen["kind"].astype(str) + " " + seen["medium"].astype(str),
        }
    )
    like, before = table, 0
    while len(like) != before:
        before = len(like)
        like = _with_both(_with_both(like, "cell"), "week")
    return Synergy(_effect(table, like, level), _naive(table, level), _pairs(seen, table), len(posts) - len(seen))


def _with_both(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the rows of groups that hold linked and unlinked posts."""
    linked = table.groupby(by)["linked"]
    return table[(linked.transform("min") == 0) & (linked.transform("max") == 1)]


def _why_not(table: pd.DataFrame, like: pd.DataFrame) -> Mapping[Lang, str]:
    """Return why links cannot be compared, empty if they can."""
    if not table["linked"].any():
        return reason("no_linked_posts")
    if table["linked"].all():
        return reason("only_linked_posts")
    if (weeks := like["week"].nunique()) < _FEWEST_WEEKS:
        return reason("few_link_weeks", weeks=weeks, needed=_FEWEST_WEEKS)
    return {}


def _effect(table: pd.DataFrame, like: pd.DataFrame, level: float) -> Estimate:
    """Least squares with effects of week and cell; the wider of plain and clustered errors, Student's t.

    Both sides are cleared of the effects first (Frisch & Waugh 1933, Econometrica 1(4)), which costs as many degrees
    of freedom as there are effects.
    """
    from scipy.special import stdtrit

    if why := _why_not(table, like):
        return unknown(level, len(like), why)
    cleared, effects = _cleared(like, ["log_reach", "linked"])
    (reach, link), df = cleared.T, len(like) - effects - 1
    if link @ link < 1e-9 or df < 1:
        return unknown(level, len(like), reason("few_link_weeks", weeks=0, needed=_FEWEST_WEEKS))
    value = link @ reach / (link @ link)
    half = stdtrit(df, 0.5 + level / 2) * _error(link, reach - value * link, like, df)
    return _percent(value, value - half, value + half, level, len(like))


def _error(link: np.ndarray, rest: np.ndarray, like: pd.DataFrame, df: int) -> float:
    """Return the slope's standard error: plain, or clustered by week, whichever is larger."""
    weeks, cells = like["week"].nunique(), like["cell"].nunique()
    scores = pd.Series(link * rest).groupby(like["week"].to_numpy()).sum()
    clustered = (scores**2).sum() * weeks / (weeks - 1) * len(like) / max(len(like) - cells, 1)
    plain = rest @ rest / df * (link @ link)
    return float(np.sqrt(max(plain, clustered)) / (link @ link))


def _cleared(like: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, int]:
    """Return columns less what weeks and cells explain of them, and how many effects that took."""
    effects = pd.get_dummies(like[["week", "cell"]], dtype=float).to_numpy()
    values = like[names].to_numpy()
    slopes, _, rank, _ = np.linalg.lstsq(effects, values, rcond=None)
    return values - effects @ slopes, int(rank)


def _naive(table: pd.DataFrame, level: float) -> Estimate:
    """The same without weeks, kinds and media: what a first look reads."""
    import statsmodels.api as sm

    if table["linked"].nunique() < 2:
        return unknown(level, len(table), reason("no_linked_posts"))
    fit = sm.OLS(table["log_reach"], sm.add_constant(table[["linked"]])).fit(cov_type="HC1", use_t=True)
    low, high = fit.conf_int(1 - level).loc["linked"]
    return _percent(fit.params["linked"], low, high, level, len(table))


def _percent(value: float, low: float, high: float, level: float, n: int) -> Estimate:
    return Estimate(*(100 * np.expm1([value, low, high])).tolist(), level, n)


def _pairs(seen: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Count posts by kind and medium, and the weeks that have both."""
    rows = []
    for (kind, medium), ours in table.groupby([seen["kind"], seen["medium"]]):
        both = _with_both(ours, "week")["week"].nunique()
        rows.append((kind, medium, int(ours["linked"].sum()), int((1 - ours["linked"]).sum()), both))
    return pd.DataFrame(rows, columns=["kind", "medium", "n_linked", "n_unlinked", "n_weeks"])
