"""Small logs with everything in them that a panel may stumble over, and naive panels of them to compare with."""

import numpy as np
import pandas as pd

ZONE = "Asia/Seoul"
UNTIL = pd.Timestamp("2025-03-23 23:59:59.999999", tz=ZONE)
BRANDS = ["mirae", "haneul", "solbit"]


def times(rng, n, start="2025-01-06", days=77, zone=ZONE):
    """Times to the microsecond, many of them near the ends of weeks."""
    seconds = rng.uniform(0, days * 86400, n)
    near = rng.random(n) < 0.3
    seconds[near] = 604800 * rng.integers(1, days // 7, near.sum()) + rng.normal(0, 20000, near.sum())
    at = pd.Timestamp(start, tz=zone) + pd.to_timedelta(
        (np.clip(seconds, 0, days * 86400 - 1) * 1e6).astype("int64"), unit="us"
    )
    return pd.Series(at).dt.as_unit("us")


def mentions(rng, n=3000, zone=ZONE):
    frame = pd.DataFrame({"mention_id": [f"m{i:05d}" for i in range(n)], "brand": rng.choice(BRANDS, n)})
    frame["created_at"] = times(rng, n, zone=zone)
    frame["medium"] = "stream"
    frame["author_key"] = [f"a{i}" for i in rng.zipf(1.4, n) % 700]
    frame["author_role"] = rng.choice(["customer", "unknown", "brand", "staff"], n, p=[0.5, 0.2, 0.2, 0.1])
    frame["text"] = rng.choice(["좋아요", "고장 났어요", "It is BROKEN", "fine"], n)
    frame["lang"] = pd.Series(None, frame.index, dtype="str")
    frame["parent_id"], frame["thread_id"] = replies(frame, rng), pd.Series(None, frame.index, dtype="str")
    for name in ("reach", "engagement"):
        frame[name] = pd.array(rng.integers(0, 99, n), "Int64")
    frame["sentiment"] = np.where(rng.random(n) < 0.3, np.nan, rng.uniform(-1, 1, n).round(2))
    return frame.sort_values("created_at", ignore_index=True)


def replies(frame, rng):
    """Let the firm reply to what was written in the two days before, now and then to nothing that is there."""
    by_time = frame.sort_values("created_at")
    firm = by_time["author_role"].isin(["brand", "staff"]).to_numpy()
    back = np.arange(len(frame)) - rng.integers(1, 90, len(frame))
    ids = by_time["mention_id"].to_numpy()
    parent = np.where((back >= 0) & firm, ids[np.maximum(back, 0)], None)
    parent[firm & (rng.random(len(frame)) < 0.05)] = "gone"
    return pd.Series(parent, by_time.index, dtype="str").reindex(frame.index)


def customers(rng, n=400):
    frame = pd.DataFrame({"customer_key": [f"c{i:04d}" for i in range(n)], "brand": rng.choice(BRANDS, n)})
    frame["acquired_at"], frame["source"] = times(rng, n), rng.choice(["organic", "paid"], n)
    frame["segment"] = pd.Series(None, frame.index, dtype="str")
    frame["author_key"] = [f"a{i}" if i % 3 else None for i in range(n)]
    frame["referred_by"] = pd.Series(None, frame.index, dtype="str")
    return frame


def purchases(rng, people, n=2000):
    frame = pd.DataFrame({"customer_key": rng.choice(people["customer_key"], n), "purchased_at": times(rng, n)})
    return frame.assign(amount=rng.integers(-5000, 90000, n))


def cases(rng, said, n=300):
    chosen = said[~said["author_role"].isin(["brand", "staff"])].sample(n, random_state=1).reset_index(drop=True)
    frame = pd.DataFrame({"case_id": [f"k{i:04d}" for i in range(n)], "brand": chosen["brand"]})
    frame["opened_at"], frame["mention_id"] = chosen["created_at"], chosen["mention_id"]
    wait = pd.to_timedelta(rng.exponential(20, n).round(3), unit="h").as_unit("us")
    frame["first_response_at"] = (frame["opened_at"] + wait).where(rng.random(n) < 0.5)
    frame["resolved_at"] = (frame["opened_at"] + 2 * wait).where(rng.random(n) < 0.5)
    for name in ("first_response_at", "resolved_at"):
        frame[name] = frame[name].where(frame[name] <= UNTIL).dt.as_unit("us")
    return frame.assign(mention_id=frame["mention_id"].where(rng.random(n) < 0.8))


def exposures(rng, n=4000):
    frame = pd.DataFrame({"brand": "mirae", "period": rng.choice(["2025-01", "2025-02"], n)})
    frame["channel"] = rng.choice(["tv", "sns_ads", "print"], n, p=[0.5, 0.4, 0.1])
    frame["line"] = frame["channel"].map({"tv": "atl", "sns_ads": "online", "print": "atl"})
    frame["person_key"] = [f"p{i}" for i in rng.integers(0, 500, n)]
    return frame.assign(target=frame["person_key"].str[-1].isin(["1", "2"]).astype("int64"))


def write_weeks(frame, folder, clock="created_at"):
    """Write a partition a local week: folder/week=YYYY-MM-DD/part-0.parquet."""
    local = frame[clock].dt.tz_localize(None)
    mondays = (local - pd.to_timedelta(local.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    for monday, rows in frame.groupby(mondays):
        place = folder / f"week={monday}"
        place.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(place / "part-0.parquet", index=False)
    return folder


# naive panels, row by row ---------------------------------------------------------------------------------------------


def naive_weeks(said, *, until=UNTIL, within="24h", complaint="", neutral=0.05):
    wait, rows = pd.Timedelta(within), []
    first = {}
    for reply in said.itertuples():
        if reply.author_role in ("brand", "staff") and isinstance(reply.parent_id, str):
            first[reply.parent_id] = min(first.get(reply.parent_id, reply.created_at), reply.created_at)
    others = said[~said["author_role"].isin(["brand", "staff"])]
    local = others["created_at"].dt.tz_localize(None).dt.normalize()
    mondays = local - pd.to_timedelta(local.dt.day_of_week, unit="D")
    for (brand, week), part in others.groupby(["brand", mondays]):
        score = part["sentiment"].dropna()
        if complaint:
            complains = part["text"].str.lower().str.contains(complaint, regex=True)
        else:
            complains = part["sentiment"] < -neutral
        judged = part[complains & (part["created_at"] <= until - wait)]
        answered = [
            i
            for i, at in zip(judged["mention_id"], judged["created_at"], strict=True)
            if i in first and first[i] - at <= wait
        ]
        rows.append(
            {
                "brand": brand,
                "week": week,
                "n": len(part),
                "people": part["author_key"].nunique(),
                "n_scored": len(score),
                "net_sentiment": score.mean(),
                "net_positive": (score > neutral).mean() - (score < -neutral).mean(),
                "n_complaints": int(complains.sum()),
                "complaint_share": complains.mean(),
                "n_judged": len(judged),
                "answered_share": len(answered) / len(judged) if len(judged) else np.nan,
            }
        )
    return pd.DataFrame(rows).sort_values(["brand", "week"], ignore_index=True)


def naive_features(people, bought, said, *, cutoff, half_life_weeks=13.0):
    rows = []
    for who in people[people["acquired_at"] <= cutoff].itertuples():
        mine = bought[(bought["customer_key"] == who.customer_key) & (bought["purchased_at"] <= cutoff)]
        own = said[
            (said["author_key"] == who.author_key)
            & (said["author_role"] == "customer")
            & (said["created_at"] <= cutoff)
        ]
        age = (cutoff - mine["purchased_at"]) / pd.Timedelta(weeks=1)
        ago = (cutoff - own["created_at"]) / pd.Timedelta(weeks=1)
        rows.append(
            {
                "customer_key": who.customer_key,
                "brand": who.brand,
                "weeks_since_acquired": (cutoff - who.acquired_at) / pd.Timedelta(weeks=1),
                "n_purchases": len(mine),
                "amount": float(mine["amount"].sum()),
                "decayed_purchases": (2 ** (-age / half_life_weeks)).sum(),
                "weeks_since_purchase": age.min(),
                "n_mentions": len(own),
                "decayed_mentions": (2 ** (-ago / half_life_weeks)).sum(),
                "sentiment": own["sentiment"].mean(),
                "sentiment_n": int(own["sentiment"].notna().sum()),
            }
        )
    return pd.DataFrame(rows).sort_values("customer_key", ignore_index=True)


def naive_waits(opened, said, *, until=UNTIL):
    rows = []
    for case in opened[opened["opened_at"] <= until].itertuples():
        to_it = said[(said["parent_id"] == case.mention_id) & said["author_role"].isin(["brand", "staff"])][
            "created_at"
        ]
        first = case.first_response_at
        if pd.isna(first) and len(to_it):
            first = max(to_it.min(), case.opened_at)
        ends = [first, case.resolved_at]
        known = [pd.notna(end) and end <= until for end in ends]
        hours = [
            ((end if ok else until) - case.opened_at) / pd.Timedelta(hours=1)
            for end, ok in zip(ends, known, strict=True)
        ]
        day = case.opened_at.tz_localize(None).normalize()
        week = day - pd.Timedelta(days=day.day_of_week)
        rows.append((case.case_id, case.brand, week, hours[0], known[0], hours[1], known[1]))
    names = ["case_id", "brand", "week", "response_hours", "has_response", "resolution_hours", "is_resolved"]
    return pd.DataFrame(rows, columns=names).sort_values("case_id", ignore_index=True)


def naive_frequency(seen):
    by = ["brand", "period", "channel", "line"]
    person = seen.groupby([*by, "person_key"]).agg(frequency=("target", "size"), target=("target", "max")).reset_index()
    found = (
        person.groupby([*by, "frequency"]).agg(people=("target", "size"), target_people=("target", "sum")).reset_index()
    )
    return found.assign(impressions=found["frequency"] * found["people"])


def naive_duplication(seen):
    rows = {}
    for (brand, period, _), part in seen.groupby(["brand", "period", "person_key"]):
        channels = sorted(part["channel"].unique())
        for a in channels:
            for b in channels:
                if a < b:
                    people, target = rows.get((brand, period, a, b), (0, 0))
                    rows[brand, period, a, b] = people + 1, target + int(part["target"].max())
    flat = [(*key, *counts) for key, counts in sorted(rows.items())]
    return pd.DataFrame(flat, columns=["brand", "period", "channel_a", "channel_b", "people", "target_people"])
