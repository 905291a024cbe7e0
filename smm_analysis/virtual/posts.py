"""What the firm published (게시물의 표): posts, their daily views, and who passed them on.

`DAILY_EVERY` and `CASCADE_EVERY` say which posts' daily views and shares the export holds.
"""

import numpy as np
import pandas as pd

from .exporter import MINUTE, MINUTES, START, Exporter, author_key, minutes
from .luck import poisson
from .managers import POSTS

DAILY_EVERY, CASCADE_EVERY = 4, 8  # one post in so many has daily views, or its shares, in the export
DAILY_WINDOW = 120  # days of views kept per post


def posts_table(out: Exporter) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Posts, one row each, and what the export does not show (week, kind seen as, weight)."""
    rows, u = _published(out)
    engaged = poisson(u[5], rows["impressions"].to_numpy() * np.where(rows["stream"] == "promo", 0.012, 0.04))
    table = out.frame(
        post_id=rows["post_id"],
        brand=out.brand,
        published_at=START + (rows["week"].to_numpy() * MINUTES + rows["minute"].to_numpy()) * MINUTE,
        medium=rows["medium"],
        role=np.where(rows["stream"].isin(["diffusion", "participation"]), "diffusion", "central"),
        kind=rows["kind"],
        linked_post_id=rows["linked_post_id"],
        impressions=rows["impressions"],
        reach=np.round(rows["impressions"] * (0.97 - 0.1 * u[6])).astype(int),
        reactions=engaged,
        comments=poisson(u[7], engaged * 0.2),
        shares=0,
        hides=rows["hides"],
    )
    return table, rows


def _published(out: Exporter) -> tuple[pd.DataFrame, np.ndarray]:
    """Every post with its week, stream, weight, medium and kind, what was seen and hidden; and its luck, (8, posts)."""
    rows = pd.DataFrame(
        [(week, kind, j) for week in range(out.weeks) for kind in POSTS for j in range(out.sim.posts[kind][week])],
        columns=["week", "stream", "j"],
    )
    u = out.luck.stream("posts").random((8, len(rows)))
    rows["weight"] = 0.5 + u[0]
    rows["minute"] = (u[1] * 5 * 1440).astype(int) + 480
    rows = rows.sort_values(["week", "minute", "stream", "j"], ignore_index=True)
    rows["post_id"] = [f"p{out.brand}{i:04d}" for i in range(len(rows))]
    rows["medium"], rows["kind"] = _medium_and_kind(rows["stream"], u[2], u[3])
    rows["linked_post_id"] = _links(rows, u[4])
    linked = rows["linked_post_id"].notna()
    rows.loc[linked, "weight"] *= out.sim.setting.world.link_synergy
    rows["impressions"] = _split(rows, {k: out.h[k].sum(axis=1) for k in POSTS})
    rows["hides"] = _split_hides(out, rows)
    return rows, u


def _medium_and_kind(stream: pd.Series, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each stream of posts appears, and as what."""
    useful, promo, diffusion = (stream == s for s in ("useful", "promo", "diffusion"))
    medium = np.select(
        [useful & (u < 0.45), useful, promo & (u < 0.6), diffusion & (u < 0.6)],
        ["blog", "page", "page", "stream"],
        "video",
    )
    kind = np.select(
        [useful & (v < 0.55), useful & (v < 0.8), useful, promo, diffusion & (v < 0.6), diffusion],
        ["useful", "answer", "emotional", "promo", "emotional", "event"],
        "participation",
    )
    return medium, kind


def _links(rows: pd.DataFrame, u: np.ndarray) -> pd.Series:
    """Half of the diffusion posts link to the latest blog post."""
    blog = rows["post_id"].where(rows["medium"] == "blog").ffill()
    return blog.where((rows["stream"] == "diffusion") & (u < 0.5)).astype(object)


def _split(rows: pd.DataFrame, totals: dict[str, np.ndarray]) -> np.ndarray:
    """Split each week's count of what was seen over its posts, by weight."""
    share = rows["weight"] / rows.groupby(["week", "stream"])["weight"].transform("sum")
    total = np.array([totals[s][w] for s, w in zip(rows["stream"], rows["week"], strict=True)])
    return np.round(share.to_numpy() * total).astype(int)


def _split_hides(out: Exporter, rows: pd.DataFrame) -> np.ndarray:
    """Each hide falls on one of the week's posts, by impressions; promotion three times as likely."""
    weights = rows["impressions"].to_numpy() * np.where(rows["stream"] == "promo", 3.0, 1.0)
    weeks, persons = np.nonzero(out.h["hid"])
    at = _lot(rows["week"].to_numpy(), weights, weeks, out.luck.at("hide:post", weeks, persons))
    return np.minimum(np.bincount(at[at >= 0], minlength=len(rows)), rows["impressions"])


def _lot(row_weeks: np.ndarray, weights: np.ndarray, weeks: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Draw one row of the same week for each event, by weight; -1 where the week has none."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    first, last = np.searchsorted(row_weeks, weeks, "left"), np.searchsorted(row_weeks, weeks, "right")
    at = np.searchsorted(total, total[first] + u * (total[last] - total[first]), side="right") - 1
    return np.where(total[last] > total[first], np.clip(at, first, np.maximum(last - 1, first)), -1)


def shares_table(out: Exporter, posts: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Passings-on of one post in eight, and the number of shares of every post."""
    weeks, persons = np.nonzero(out.h["shared"])
    pull = rows["stream"].map({"useful": 0.3, "promo": 0.02, "diffusion": 0.8, "participation": 1.0})
    weights = rows["impressions"].to_numpy() * pull.to_numpy() + 1e-6
    u = out.luck.at("share:post", weeks, persons)
    at = _lot(rows["week"].to_numpy(), weights, weeks, u)
    kept = (at >= 0) & (at % CASCADE_EVERY == 0)
    counts = np.bincount(at[at >= 0], minlength=len(rows))
    weeks, persons, at = weeks[kept], persons[kept], at[kept]
    born = minutes(posts["published_at"])[at]
    left = np.minimum((weeks + 1) * MINUTES, out.weeks * MINUTES) - born
    late = out.luck.at("share:late", weeks, persons)
    minute = born + 1 + (late**4 * (left - 2)).astype(np.int64)
    order = np.lexsort((persons, minute, at))
    at, persons, minute = at[order], persons[order], minute[order]
    via = _via(out, at, persons)
    return out.frame(
        item_id=posts["post_id"].to_numpy()[at],
        author_key=out.authors(persons),
        shared_at=START + minute * MINUTE,
        via_author_key=via,
    ), counts


def _via(out: Exporter, at: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """From whom: the last earlier sharer of the same item whom the person follows, if any."""
    follows: dict[int, set[int]] = {}
    for person in np.unique(persons):
        first, last = np.searchsorted(out.sim.people.follower, [person, person + 1])
        follows[int(person)] = set(out.sim.people.followed[first:last].tolist())
    via, earlier, item = [], [], -1
    for post, person in zip(at.tolist(), persons.tolist(), strict=True):
        earlier = earlier if post == item else []
        item = post
        friend = next((e for e in reversed(earlier) if e in follows[person]), None)
        via.append(None if friend is None else author_key(out.brand, friend))
        earlier.append(person)
    return np.array(via, dtype=object)


def view_curve(medium: str) -> np.ndarray:
    """What part of a post's views falls on each day: a blog is found for months, others live for days."""
    day = np.arange(DAILY_WINDOW)
    curve = (1 + day) ** -0.45 if medium == "blog" else 0.5 ** (day / (2.5 if medium == "video" else 0.8))
    return curve / curve.sum()


def post_daily_table(out: Exporter, posts: pd.DataFrame) -> pd.DataFrame:
    """Daily views of one post in four."""
    pick = np.arange(0, len(posts), DAILY_EVERY)
    media = posts["medium"].to_numpy()[pick]
    curve = np.array([view_curve(medium) for medium in media]).reshape(len(pick), DAILY_WINDOW)
    day = np.arange(DAILY_WINDOW)
    views = poisson(out.luck.stream("views").random(curve.shape), posts["impressions"].to_numpy()[pick, None] * curve)
    fade = 0.5 ** (day / 0.7)
    shared = np.diff(np.floor(posts["shares"].to_numpy()[pick, None] * np.cumsum(fade / fade.sum()) + 0.5), prepend=0)
    date = posts["published_at"].dt.tz_localize(None).to_numpy()[pick].astype("datetime64[D]")[:, None] + day
    kept = ((views > 0) | (shared > 0)) & (date <= out.end.astype("datetime64[D]"))
    post, days = np.nonzero(kept)
    return out.frame(
        post_id=posts["post_id"].to_numpy()[pick][post],
        date=date[kept].astype("datetime64[s]"),
        source=np.where((media[post] == "blog") & (days > 1), "search", "feed"),
        views=views[kept],
        shares=shared[kept].astype(int),
    )
