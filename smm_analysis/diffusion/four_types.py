"""The four types of social-media marketing (소셜미디어 마케팅 4유형): a brand's place between reach and engagement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays

ACTIVITIES = {  # a type's share of the money: what is spent on which activities
    "share_basic": ("listen", "useful"),
    "share_diffusion": ("diffusion",),
    "share_participation": ("participation",),
}
FEWEST_WEEKS = 4  # of a quarter that is placed
_ACTIONS = ["reactions", "comments", "shares"]


def four_types(
    posts: pd.DataFrame,
    *,
    media: pd.DataFrame | None = None,
    mentions: pd.DataFrame | None = None,
    effort: pd.DataFrame | None = None,
    lines: tuple[str, ...] = ("online",),
    level: float = 0.90,
) -> pd.DataFrame:
    """Place one brand's quarters between reach and people engaged, on its own scale (4유형 위의 자리와 경로).

    Song, Hwang & Han (2015, A Study on the Social Media Marketing 4 Type Model) name four types and judge them by reach
    joined with people engaged. Which quarter of the plane is whose is our reading: little of both is **basic**, reach
    without engagement **diffusion**, engagement without reach **participation**, both **integrated**. Much and little
    are measured against the brand's own average week, 1; a quarter whose interval holds 1 on either axis is
    **unsettled**: the data cannot tell its type. It is a picture of what came of it, not of what caused it.

    Reach is people reached by the posts of the week and by paid media of `lines`, added up: who saw two counts twice.
    Engaged are reactions and shares of posts, different customers who wrote that week (without `mentions`: comments),
    and people engaged by those media.

    Parameters
    ----------
    posts, media, mentions, effort
        The tables of one brand; without `effort` the shares of money are NaN.
    lines
        Lines of `media` that count as social (`online`); mass media would drown the rest.
    level
        Two-sided level of the intervals, t over the quarter's weeks; the brand's average is taken as known.

    Returns
    -------
    DataFrame
        A row a quarter: quarter (2024-Q4), four_type (basic_type, diffusion_type, participation_type, integrated_type,
        unsettled_type), reach_index, reach_index_low, reach_index_high, engaged_index, engaged_index_low,
        engaged_index_high (1 = the brand's average week), n_weeks, share_basic, share_diffusion, share_participation
        (of the money for the three, 0..1). Quarters of fewer than 4 weeks are left out.

    Raises
    ------
    ValueError
        If a table holds several brands, or posts hold none.

    """
    tables = {"posts": posts, "media": media, "mentions": mentions, "effort": effort}
    _check_one_brand({name: table for name, table in tables.items() if table is not None})
    weekly = _weekly(posts, media, mentions, lines)
    quarters = weekly.groupby(weekly.index.to_period("Q"))
    weeks = quarters.size()
    kept = weeks[weeks >= FEWEST_WEEKS].index
    path = pd.DataFrame({"quarter": [f"{q.year}-Q{q.quarter}" for q in kept]}, index=kept)
    for name in ("reach", "engaged"):
        path = path.join(_index(weekly[name], level).loc[kept])
    path.insert(1, "four_type", [_type_of(row) for row in path.itertuples()])
    return path.assign(n_weeks=weeks[kept]).join(_shares(effort)).reset_index(drop=True)


def _weekly(
    posts: pd.DataFrame, media: pd.DataFrame | None, mentions: pd.DataFrame | None, lines: tuple[str, ...]
) -> pd.DataFrame:
    """Return reach and engaged, a row a week, weeks without either as 0."""
    actions = [name for name in _ACTIONS if name != "comments" or mentions is None]
    own = (
        posts.assign(engaged=posts[actions].sum(axis=1))
        .groupby(mondays(posts["published_at"]))[["reach", "engaged"]]
        .sum()
    )
    parts = [own]
    if media is not None:
        paid = media[media["line"].isin(lines)]
        parts.append(paid.groupby(mondays(paid["week"]))[["reach", "engaged"]].sum())
    if mentions is not None:
        wrote = mentions[mentions["author_role"] == "customer"]
        parts.append(wrote.groupby(mondays(wrote["created_at"]))["author_key"].nunique().to_frame("engaged"))
    weekly = pd.concat(parts).groupby(level=0)[["reach", "engaged"]].sum()
    return weekly.reindex(pd.date_range(weekly.index.min(), weekly.index.max(), freq="7D"), fill_value=0.0)


def _index(weekly: pd.Series, level: float) -> pd.DataFrame:
    """Return a quarter's mean over the brand's average week, with its interval."""
    from scipy.special import stdtrit

    typical = weekly.mean()
    quarters = (weekly / typical if typical > 0 else weekly * np.nan).groupby(weekly.index.to_period("Q"))
    mean, n = quarters.mean(), quarters.size()
    half = stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * quarters.std() / np.sqrt(n)
    name = f"{weekly.name}_index"
    return pd.DataFrame({name: mean, f"{name}_low": np.maximum(mean - half, 0), f"{name}_high": mean + half})


def _type_of(row: tuple) -> str:
    """Return the type of a quarter's place, unsettled where either interval holds the average."""
    sides = [
        None if not (low > 1 or high < 1) else low > 1
        for low, high in (
            (row.reach_index_low, row.reach_index_high),
            (row.engaged_index_low, row.engaged_index_high),
        )
    ]
    if None in sides:
        return "unsettled_type"
    return {
        (False, False): "basic_type",
        (True, False): "diffusion_type",
        (False, True): "participation_type",
        (True, True): "integrated_type",
    }[tuple(map(bool, sides))]


def _shares(effort: pd.DataFrame | None) -> pd.DataFrame:
    """Return what share of the money went to each type's activities, a row a quarter."""
    if effort is None:
        return pd.DataFrame(columns=list(ACTIVITIES), dtype=float)
    quarter = mondays(effort["week"]).dt.to_period("Q")
    money = effort.pivot_table(index=quarter, columns="activity", values="cost", aggfunc="sum", fill_value=0)
    spent = pd.DataFrame(
        {k: money.reindex(columns=list(names), fill_value=0).sum(axis=1) for k, names in ACTIVITIES.items()}
    )
    return spent.div(spent.sum(axis=1).replace(0, np.nan), axis=0)


def _check_one_brand(tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        brands = list(table["brand"].unique())
        if len(brands) > 1 or (name == "posts" and not brands):
            raise ValueError(f"{name} must hold one brand; given {', '.join(map(str, brands[:3])) or 'no rows'}")
