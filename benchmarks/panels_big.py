"""Big logs to small panels: time and peak memory at 5 and 50 million mentions, beside pandas at 5 million.

    python benchmarks/panels_big.py                  all of it: half an hour and 4 GB of disk, freed at the end
    python benchmarks/panels_big.py 3                three alternating runs instead of five
    python benchmarks/panels_big.py 1 time 5         one piece (generate, time, approximate, refresh, delete), one size

The first argument is the number of alternating runs, then come the pieces wanted, then sizes in millions. Every run is
a process of its own; memory is the peak resident set that the kernel counts for it. Seed 11.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from smm_analysis import panels, tables

SEED, WEEKS, FIRST = 11, 104, pd.Timestamp("2024-01-01", tz="Asia/Seoul")
UNTIL = FIRST + pd.Timedelta(weeks=WEEKS) - pd.Timedelta(microseconds=1)
BRANDS = ["mirae", "haneul", "solbit", "narae", "dansol", "yeoul"]
HALF_LIFE = 13
HOME = Path(tempfile.gettempdir()) / "smm-panels-big"
DESCRIPTION = """\
name = "a big log"
currency = "KRW"
timezone = "Asia/Seoul"
observed_until = {until}
language = "ko"
synthetic = true
""" + "".join(f'[brand.{name}]\nmarket_size = 5000000\ncentral_medium = "page"\n' for name in BRANDS)
DESCRIPTION += '[medium.page]\nkind = "sns"\nside = "firm"\n'


def generate(millions, weeks=WEEKS):
    """Write `millions` of mentions a partition a week, a tenth as many customers and a fifth as many purchases."""
    folder = HOME / str(millions)
    shutil.rmtree(folder, ignore_errors=True)
    rng, rows, people = np.random.default_rng(SEED), millions * 1_000_000 // WEEKS, millions * 100_000
    for week in range(weeks):
        write(mentions(rng, week, rows, people), folder / "mentions" / f"week={monday(week)}")
        write(purchases(rng, week, rows // 5, people), folder / "purchases" / f"week={monday(week)}")
    write(customers(rng, people), folder / "customers")
    (folder / "dataset.toml").write_text(DESCRIPTION.format(until=UNTIL.isoformat()), encoding="utf-8")


def monday(week):
    return f"{FIRST + pd.Timedelta(weeks=week):%Y-%m-%d}"


def write(table, folder):
    folder.mkdir(parents=True)
    parquet.write_table(table, folder / "part-0.parquet", compression="zstd", row_group_size=1 << 17)


def times(rng, week, n):
    start = (FIRST + pd.Timedelta(weeks=week)).value // 1000
    return pa.array(start + np.sort(rng.integers(0, 7 * 86_400_000_000, n)), pa.timestamp("us", "Asia/Seoul"))


def words(values, choices):
    return pa.DictionaryArray.from_arrays(pa.array(values, pa.int8()), pa.array(choices)).cast(pa.string())


def numbered(prefix, numbers):
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), 8, "0"), "")


def keys(who):
    """Author keys: 16 digits that look like nothing."""
    mixed = who.astype("uint64") * np.uint64(0x9E3779B97F4A7C15) % np.uint64(10**16)
    return pc.utf8_lpad(pc.cast(pa.array(mixed), pa.string()), 16, "0")


def skewed(rng, n, people, power):
    """People whose numbers of rows are heavy-tailed."""
    return np.minimum((people * rng.random(n) ** power).astype("int64"), people - 1)


def mentions(rng, week, n, people):
    roles, ids = rng.choice(4, n, p=[0.6, 0.3, 0.07, 0.03]), numbered(f"m{week:03d}", np.arange(n))
    back = np.arange(n) - rng.integers(1, max(2, n // 40), n)
    parent = ids.take(pa.array(np.maximum(back, 0), mask=(roles < 2) | (back < 0)))
    score = np.where(rng.random(n) < 0.2, np.nan, rng.normal(0.15, 0.4, n).clip(-1, 1).round(3))
    return pa.table(
        {
            "mention_id": ids,
            "brand": words(rng.choice(6, n, p=[0.35, 0.25, 0.15, 0.1, 0.1, 0.05]), BRANDS),
            "created_at": times(rng, week, n),
            "medium": words(np.zeros(n, int), ["page"]),
            "author_key": keys(skewed(rng, n, people, 3)),
            "author_role": words(roles, ["customer", "unknown", "brand", "staff"]),
            "text": words(rng.choice(3, n), ["배송이 빨라서 좋았어요", "고장 났어요", "It works as it should."]),
            "parent_id": parent,
            "sentiment": pa.array(score, pa.float64(), from_pandas=True),
        }
    )


def customers(rng, people):
    who = np.arange(people)
    early = FIRST.value // 1000 - rng.integers(0, 365 * 86_400_000_000, people)
    return pa.table(
        {
            "customer_key": numbered("c", who),
            "brand": words(rng.integers(0, 6, people), BRANDS),
            "acquired_at": pa.array(early, pa.timestamp("us", "Asia/Seoul")),
            "source": words(rng.integers(0, 2, people), ["organic", "paid"]),
            "author_key": keys(who),
        }
    )


def purchases(rng, week, n, people):
    who, amount = skewed(rng, n, people, 2), rng.integers(1000, 90000, n)
    return pa.table({"customer_key": numbered("c", who), "purchased_at": times(rng, week, n), "amount": amount})


# --- one run, in a process of its own ---------------------------------------------------------------------------------


def by_engine(panel, folder, approximate=False):
    with tables.logs(folder, engine="duckdb://", cache=folder / "none", check=False) as logs:
        if panel == "features":
            return logs.customer_features(half_life_weeks=HALF_LIFE)
        counting = panels.Counting(approximate=approximate)
        return panels.mention_weeks(logs.logs["mentions"], counting, until=logs.until)


def by_pandas(panel, folder):
    return pandas_weeks(folder) if panel == "weekly" else pandas_features(folder)


def pandas_weeks(folder):
    """What a good analyst writes: the columns needed, grouped once, a merge for the answers."""
    columns = ["mention_id", "brand", "created_at", "author_key", "author_role", "parent_id", "sentiment"]
    said = pd.read_parquet(folder / "mentions", columns=columns)
    firm = said["author_role"].isin(["brand", "staff"])
    first = said[firm & said["parent_id"].notna()].groupby("parent_id")["created_at"].min().rename("replied_at")
    others = said.loc[~firm, ["mention_id", "brand", "created_at", "author_key", "sentiment"]]
    local = others["created_at"].dt.tz_localize(None)
    others["week"] = local.dt.normalize() - pd.to_timedelta(local.dt.day_of_week, unit="D")
    score = others["sentiment"]
    others["sign"] = (score > 0.05).astype(int) - (score < -0.05).astype(int)
    others["complains"] = score < -0.05
    found = others.groupby(["brand", "week"]).agg(
        n=("mention_id", "size"),
        people=("author_key", "nunique"),
        n_scored=("sentiment", "count"),
        net_sentiment=("sentiment", "mean"),
        sign=("sign", "sum"),
        n_complaints=("complains", "sum"),
    )
    wait = pd.Timedelta("24h")
    asked = others[others["complains"] & (others["created_at"] <= UNTIL - wait)].merge(
        first, left_on="mention_id", right_index=True, how="left"
    )
    asked["answered"] = asked["replied_at"] - asked["created_at"] <= wait
    judged = asked.groupby(["brand", "week"])["answered"].agg(n_judged="size", answered_share="mean")
    found["net_positive"], found["complaint_share"] = (
        found["sign"] / found["n_scored"],
        found["n_complaints"] / found["n"],
    )
    return found.join(judged).reset_index()


def pandas_features(folder):
    said = pd.read_parquet(folder / "mentions", columns=["author_key", "author_role", "created_at", "sentiment"])
    said = said[said["author_role"] == "customer"]
    said["weight"] = 2 ** (-((UNTIL - said["created_at"]) / pd.Timedelta(weeks=1)) / HALF_LIFE)
    talk = said.groupby("author_key").agg(
        n_mentions=("weight", "size"),
        decayed_mentions=("weight", "sum"),
        sentiment=("sentiment", "mean"),
        sentiment_n=("sentiment", "count"),
    )
    bought = pd.read_parquet(folder / "purchases", columns=["customer_key", "purchased_at", "amount"])
    bought["age"] = (UNTIL - bought["purchased_at"]) / pd.Timedelta(weeks=1)
    bought["weight"] = 2 ** (-bought["age"] / HALF_LIFE)
    paid = bought.groupby("customer_key").agg(
        n_purchases=("age", "size"),
        amount=("amount", "sum"),
        decayed_purchases=("weight", "sum"),
        weeks_since_purchase=("age", "min"),
    )
    people = pd.read_parquet(folder / "customers", columns=["customer_key", "brand", "acquired_at", "author_key"])
    found = people.join(paid, on="customer_key").join(talk, on="author_key")
    counts = ["n_purchases", "amount", "decayed_purchases", "n_mentions", "decayed_mentions", "sentiment_n"]
    return found.fillna(dict.fromkeys(counts, 0)).sort_values("customer_key", ignore_index=True)


def one(way, panel, millions):
    start = time.monotonic()
    folder = HOME / millions
    made = by_pandas(panel, folder) if way == "pandas" else by_engine(panel, folder, approximate=way == "approximate")
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    check = float(
        made["n"].sum() if panel == "weekly" else made["decayed_mentions"].sum() + made["decayed_purchases"].sum()
    )
    people = int(made["people"].sum()) if panel == "weekly" else 0
    print(json.dumps({"seconds": seconds, "mb": peak, "rows": len(made), "check": check, "people": people}))


def measured(way, panel, millions):
    command = [sys.executable, __file__, "one", way, panel, str(millions)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


# --- pieces -----------------------------------------------------------------------------------------------------------


def compare(runs, sizes):
    """Print time and memory of alternating runs, medians with the least and the most."""
    ways = [("pandas", 5), *(("duckdb", size) for size in sizes)]
    for panel in ("weekly", "features"):
        held = {way: [] for way in ways}
        for _ in range(runs):
            for way in ways:
                held[way].append(measured(way[0], panel, way[1]))
        base = pd.DataFrame(held["pandas", 5]).median()
        print(f"\n{panel} ({runs} alternating runs)   seconds          peak MB          of pandas at 5 M")
        for (way, size), found in held.items():
            t = pd.DataFrame(found)
            m, low, high = t.median(), t.min(), t.max()
            spread = "  ".join(f"{m[name]:6.1f} ({low[name]:.1f}-{high[name]:.1f})" for name in ("seconds", "mb"))
            ratio = f"time {m['seconds'] / base['seconds']:.2f}, memory {m['mb'] / base['mb']:.2f}"
            print(f"  {way:8} {size:3} M   {spread}   {ratio}   check {m['check']:.6f}, {m['rows']:.0f} rows")


def approximate(sizes):
    """Print what the sketch saves, and how far it is off."""
    for size in sizes:
        exact, sketch = (measured(way, "weekly", size) for way in ("duckdb", "approximate"))
        off = sketch["people"] / exact["people"] - 1
        print(f"\napproximate people, {size} M: {sketch['seconds']:.1f} s and {sketch['mb']:.0f} MB against", end=" ")
        print(f"{exact['seconds']:.1f} s and {exact['mb']:.0f} MB exact; summed people off by {100 * off:+.2f} %")


def refresh(size):
    """Append one week to 104 and print what the refresh reads."""
    folder, rng = HOME / str(size), np.random.default_rng(SEED + 1)
    extra = folder / "mentions" / f"week={monday(WEEKS)}"
    shutil.rmtree(extra, ignore_errors=True)
    store, counting = panels.Store(folder / "kept"), panels.Counting()
    later = panels.microseconds(UNTIL + pd.Timedelta(weeks=1))
    with tables.logs(folder, engine="duckdb://", check=False) as logs:
        start = time.monotonic()
        panels.mention_weeks(logs.logs["mentions"], counting, until=logs.until, store=store)
        full = time.monotonic() - start
    write(mentions(rng, WEEKS, size * 1_000_000 // WEEKS, size * 100_000), extra)
    with tables.logs(folder, engine="duckdb://", check=False) as logs:
        log = logs.logs["mentions"]
        read = panels.refreshed_parts(log, counting, until=later, store=store)
        start = time.monotonic()
        found = panels.mention_weeks(log, counting, until=later, store=store)
        seconds = time.monotonic() - start
        rebuilt = panels.mention_weeks(log, counting, until=later)
    pd.testing.assert_frame_equal(found, rebuilt, rtol=1e-9)
    print(
        f"\none week more, {size} M: reads {', '.join(read)}; {seconds:.1f} s against {full:.1f} s for 104 weeks;",
        end=" ",
    )
    print("equal to a rebuild")
    shutil.rmtree(extra)
    shutil.rmtree(folder / "kept")


def main(arguments):
    runs = int(arguments[0]) if arguments else 5
    pieces = [text for text in arguments[1:] if not text.isdigit()] or [
        "generate",
        "time",
        "approximate",
        "refresh",
        "delete",
    ]
    sizes = [int(text) for text in arguments[1:] if text.isdigit()] or [5, 50]
    for piece in pieces:
        start = time.monotonic()
        if piece == "generate":
            for size in sizes:
                generate(size)
        elif piece == "time":
            compare(runs, sizes)
        elif piece == "approximate":
            approximate(sizes)
        elif piece == "refresh":
            refresh(sizes[0])
        elif piece == "delete":
            shutil.rmtree(HOME, ignore_errors=True)
        print(f"[{piece}: {time.monotonic() - start:.0f} s]", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:])
    else:
        main(sys.argv[1:])
