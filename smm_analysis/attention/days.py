"""Views by day of a post's life (게시물 나이별 조회): the frame that everything about attention starts from.

A day is a calendar day, as exports give it; the first is the day of publishing, and a part of it was over by then. A
post is watched until the last whole day of the record: what comes later is not known, and is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.tables import moment_in
from smm_analysis.terms import LANGS, Lang, label, reason

_DAY = pd.Timedelta(days=1)
_POSTS = ("post_id", "published_at", "medium")
_DAILY = ("post_id", "date", "source", "views")
FEWEST = 8  # posts of a kind, or of a group
GROUPS = ("blog_alone", "sns_alone", "linked_posts")


@dataclass(frozen=True)
class PostDays:
    """Views of posts, day of life by day of life (게시물의 일별 조회).

    `posts` : post_id, medium_kind, post_group (blog_alone, sns_alone, linked_posts, or empty), started (share of the
    first day gone at publishing, 0..1), days_watched (whole calendar days, at most those of `views`). `views` : array
    of shape (posts, days), 0 where nothing was watched. `sources` : the same, by where the views came from.
    `n_before_record` : posts left out because they are older than the record. `longest` : days of life after which no
    post has a view.
    """

    posts: pd.DataFrame = field(repr=False, compare=False)
    views: np.ndarray = field(repr=False, compare=False)
    sources: Mapping[str, np.ndarray] = field(repr=False, compare=False)
    n_before_record: int
    longest: int

    @property
    def watched(self) -> np.ndarray:
        """Which days of life were watched, shape (posts, days)."""
        return np.arange(self.views.shape[1]) < self.posts["days_watched"].to_numpy()[:, None]

    def only(self, rows: pd.Series) -> PostDays:
        """Keep some posts."""
        kept = rows.to_numpy()
        sources = {name: views[kept] for name, views in self.sources.items()}
        posts = self.posts[kept].reset_index(drop=True)
        return PostDays(posts, self.views[kept], sources, self.n_before_record, self.longest)


def post_days(
    posts: pd.DataFrame,
    post_daily: pd.DataFrame,
    *,
    kinds: Mapping[str, str],
    observed_until: pd.Timestamp | str,
    n_days: int,
    brand: str | None = None,
) -> PostDays:
    """Return the views of one brand's posts over their first `n_days` calendar days (게시물의 첫 n일 조회).

    Posts without any row in `post_daily` were not exported day by day and are left out; so are posts older than its
    first date, whose beginning was not seen.

    Parameters
    ----------
    posts : post_id, published_at, medium, linked_post_id (empty or absent: not linked).
    post_daily : post_id, date, source, views; a day without a row had none.
    kinds : of what kind each medium is, as `dataset.toml` declares it: blog, sns, video, cafe or site.
    observed_until : the last moment of the record; a day that was not over then does not count.
    brand : picks one of several.

    Raises
    ------
    ValueError
        A missing column, a medium without a kind, several brands and none picked, views before publishing.
    """
    posts = _of_brand(posts, brand)
    _columns(posts, _POSTS, "posts")
    midnight = _last_midnight(observed_until, posts["published_at"])
    posts, born = _started(posts, kinds)
    rows = _rows(post_daily, posts["post_id"], born)
    first = rows["date"].min()
    kept = posts["post_id"].isin(rows["post_id"])
    early = kept & (born < first)
    posts, born = posts[kept & ~early].reset_index(drop=True), born[kept & ~early].reset_index(drop=True)
    posts["days_watched"] = ((midnight - born) // _DAY).clip(0, n_days)
    at = pd.Series(posts.index, index=posts["post_id"]).reindex(rows["post_id"]).to_numpy()
    known = (at >= 0) & (rows["age"] < posts["days_watched"].reindex(at).to_numpy())
    rows, at = rows[known], at[known].astype(int)
    sources = {
        source: _spread(rows[rows["source"] == source], at[rows["source"] == source], (len(posts), n_days))
        for source in sorted(rows["source"].unique())
    }
    views = sum(sources.values(), np.zeros((len(posts), n_days)))
    return PostDays(posts, views, sources, int(early.sum()), int(rows["age"].max()) + 1 if len(rows) else 0)


def _of_brand(posts: pd.DataFrame, brand: str | None) -> pd.DataFrame:
    if brand is not None and "brand" in posts:
        posts = posts[posts["brand"] == brand]
    if "brand" in posts and (found := sorted(set(posts["brand"])))[1:]:
        raise ValueError(f"posts holds brands {', '.join(found)}: pick one by brand=")
    return posts


def _started(posts: pd.DataFrame, kinds: Mapping[str, str]) -> tuple[pd.DataFrame, pd.Series]:
    """Return the posts as `PostDays` has them, and the midnight before each was published."""
    if strange := sorted(set(posts["medium"]) - set(kinds)):
        raise ValueError(f"kinds names no kind of {', '.join(map(repr, strange))}; it has {', '.join(kinds)}")
    at = posts["published_at"].dt.tz_localize(None)
    born = at.dt.normalize()
    kind = posts["medium"].map(kinds)
    found = {"post_id": posts["post_id"], "medium_kind": kind, "post_group": _groups(posts, kind)}
    return pd.DataFrame(found | {"started": (at - born) / _DAY}), born


def _groups(posts: pd.DataFrame, kind: pd.Series) -> np.ndarray:
    """Blog alone, SNS alone, or linked: a blog or SNS post that points at another, or that another points at."""
    points_at = posts["linked_post_id"] if "linked_post_id" in posts else pd.Series(index=posts.index, dtype=object)
    linked = points_at.notna() | posts["post_id"].isin(points_at.dropna())
    alone = np.select([kind == "blog", kind == "sns"], GROUPS[:2], "")
    return np.where(linked & (alone != ""), GROUPS[2], alone)


def _rows(post_daily: pd.DataFrame, ids: pd.Series, born: pd.Series) -> pd.DataFrame:
    """Return the rows of these posts with the day of life, counted from 0."""
    _columns(post_daily, _DAILY, "post_daily")
    rows = post_daily.loc[post_daily["post_id"].isin(ids), list(_DAILY)]
    midnight = rows["post_id"].map(pd.Series(born.to_numpy(), index=ids))
    rows = rows.assign(age=(rows["date"] - midnight) // _DAY)
    if (before := rows["age"] < 0).any():
        first = rows[before].iloc[0]
        raise ValueError(
            f"post_daily has views of {first['post_id']!r} on {first['date']:%Y-%m-%d}, before it was published "
            f"({before.sum()} rows): export days and published_at in one timezone"
        )
    return rows


def _columns(table: pd.DataFrame, needed: tuple[str, ...], name: str) -> None:
    if lacking := [column for column in needed if column not in table]:
        raise ValueError(f"{name} has no column {', '.join(map(repr, lacking))}; it has {', '.join(map(str, table))}")


def _last_midnight(observed_until: pd.Timestamp | str, like: pd.Series) -> pd.Timestamp:
    """Return the end of the last whole day, in the timezone of `like`; a record that ends at 23:59 saw its last day."""
    until = moment_in(like.dt.tz, observed_until, "observed_until")
    return (until.tz_localize(None) + pd.Timedelta(minutes=1)).normalize()


def _spread(rows: pd.DataFrame, at: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    cell = at * shape[1] + rows["age"].to_numpy(int)
    return np.bincount(cell, rows["views"].to_numpy(float), minlength=shape[0] * shape[1]).reshape(shape)


def why_of(key: str, name: str, **values: object) -> dict[Lang, str]:
    """Return why a kind or a group of posts, a glossary key, cannot be estimated, in every language."""
    return {lang: reason(key, kind=label(name, lang), **values)[lang] for lang in LANGS}
