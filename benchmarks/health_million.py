"""One million customers: our whole comparison against lifetimes' BG/NBD fit, seconds and peak memory.

The same customers and purchases, simulated by BG/NBD's own story so that nobody is at a disadvantage. Each side runs in
a process of its own that reads its input from disk. Ours: purchase log -> sorted history, half-life, decayed activity,
health score with contributions and intervals, evaluation. Theirs (`lifetimes` 0.11.3): the fit alone, from frequency,
recency and T made beforehand. Keys are integers on both sides (lifetimes sees none).

    python benchmarks/health_million.py [customers]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SEED, WEEKS, HORIZON = 20261123, 104, 13
CUTOFF, DAY = np.datetime64("2026-03-30"), np.timedelta64(1, "D")
R, ALPHA, A, B = 0.8, 8.0, 0.6, 3.5


def simulate(folder: Path, customers: int) -> int:
    """Write purchases up to the cut-off in time order, answers, the outcome, and BG/NBD's summary; return how many."""
    rng = np.random.default_rng(SEED)
    rate, leave = rng.gamma(R, 1 / ALPHA, customers), rng.beta(A, B, customers)
    first = rng.uniform(0, WEEKS - 13, customers)
    now, alive = first.copy(), np.arange(customers)
    who, when = [alive], [first.copy()]
    while len(alive):
        alive = alive[rng.random(len(alive)) > leave[alive]] if len(who) > 1 else alive
        now[alive] += rng.exponential(size=len(alive)) / rate[alive]
        alive = alive[now[alive] < WEEKS + HORIZON]
        who.append(alive)
        when.append(now[alive].copy())
    who, day = np.concatenate(who), np.floor(7 * np.concatenate(when)).astype(int)
    past = day < 7 * WEEKS
    bought = np.isin(np.arange(customers), who[~past])
    order = np.argsort(day[past], kind="stable")
    who, day = who[past][order], day[past][order]
    np.save(folder / "keys.npy", who.astype(np.int32))
    np.save(folder / "times.npy", (CUTOFF - (7 * WEEKS - 1 - day) * DAY).astype("datetime64[s]"))
    np.save(folder / "outcome.npy", bought)
    np.save(folder / "nps_class.npy", rng.choice(4, customers, p=[0.1, 0.08, 0.07, 0.75]).astype(np.int8))
    np.save(folder / "answer_age.npy", rng.uniform(0, 26, customers).astype(np.float32))
    summary(customers, who, day, folder)
    return len(who)


def summary(customers: int, who: np.ndarray, day: np.ndarray, folder: Path) -> None:
    """Write BG/NBD's frequency, recency and T: distinct days, weeks."""
    pairs = np.unique(who.astype(np.int64) * 10_000 + day)
    who, day = pairs // 10_000, pairs % 10_000
    starts = np.searchsorted(who, np.arange(customers))
    first, last = day[starts], day[np.append(starts[1:], len(day)) - 1]
    np.save(folder / "frequency.npy", np.bincount(who, minlength=customers) - 1)
    np.save(folder / "recency.npy", (last - first) / 7)
    np.save(folder / "T.npy", (7 * WEEKS - 1 - first) / 7)


def ours(folder: Path, raw: int = 0) -> dict:
    """Our path; `raw` gives it keys as text and times to the second, as a log may come."""
    import pandas as pd

    from smm_analysis import health

    load = {name: np.load(folder / f"{name}.npy") for name in ("keys", "times", "outcome", "nps_class", "answer_age")}
    purchases = pd.DataFrame({"customer_key": load.pop("keys"), "purchased_at": load.pop("times")}, copy=False)
    bought = load["outcome"]
    customers = pd.RangeIndex(len(bought), name="customer_key")
    if raw:
        customers = pd.Index(pd.Series(np.arange(len(bought))).astype(str).str.zfill(8), name="customer_key")
        seconds = np.random.default_rng(SEED).integers(0, 86_400, len(purchases)) * np.timedelta64(1, "s")
        keys, times = customers.take(purchases["customer_key"]), purchases["purchased_at"] - seconds
        purchases = pd.DataFrame({"customer_key": keys, "purchased_at": times}, copy=False)
        del keys, times, seconds
    base, clock = peak(), [time.perf_counter()]
    past = health.activity_history(purchases, pd.Timestamp(CUTOFF), customers)
    del purchases  # sorted once, the log is not needed any more
    clock.append(time.perf_counter())
    half_life = health.half_life_of(past, bought)
    clock.append(time.perf_counter())
    panel = pd.DataFrame({"log_activity": 0.0, "inactive": np.int8(1)}, index=customers)
    panel.iloc[past.active, 0] = past.log_activity(half_life.half_life_weeks)
    panel.iloc[past.active, 1] = np.int8(0)
    names = ["promoter", "passive", "detractor", "no_answer"]
    panel["nps_class"] = pd.Categorical.from_codes(load["nps_class"], names)
    panel["answer_age_weeks"] = np.where(load["nps_class"] < 3, load["answer_age"], np.float32(np.nan))
    panel["bought"] = bought
    del past, load
    found = health.health_score(panel, train=panel, outcome="bought")
    clock.append(time.perf_counter())
    scores = pd.DataFrame({"health": found.scores["health"] / 100}, copy=False)
    table = health.evaluate(panel["bought"], scores, respondents=panel["nps_class"] != "no_answer")
    clock.append(time.perf_counter())
    parts = dict(zip(("history", "half-life", "health", "evaluation"), np.diff(clock), strict=True))
    about = f"half-life {half_life.half_life_weeks:.1f} weeks, AUC {table['auc'].iloc[0]:.3f}"
    return {"seconds": clock[-1] - clock[0], "peak": peak(), "before": base, "parts": parts, "about": about}


def theirs(folder: Path) -> dict:
    from lifetimes import BetaGeoFitter

    data = [np.load(folder / f"{name}.npy") for name in ("frequency", "recency", "T")]
    base, start = peak(), time.perf_counter()
    model = BetaGeoFitter().fit(*data)
    seconds = time.perf_counter() - start
    about = ", ".join(f"{name} {value:.3f}" for name, value in model.params_.items())
    return {"seconds": seconds, "peak": peak(), "before": base, "parts": {}, "about": about}


def peak() -> float:
    """Peak resident memory of this process so far, MiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def alone(side: str, folder: str, *arguments: int) -> object:
    """Run one side in a process of its own. A child's peak starts at its parent's, so this process stays small."""
    command = [sys.executable, __file__, "--alone", side, folder, *map(str, arguments)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        n = alone("simulate", folder, customers)
        print(f"seed {SEED}: {customers:,} customers, {n:,} purchases in {WEEKS} weeks, outcome: next {HORIZON} weeks")
        print(f"{'':10}{'seconds':>9}{'peak MiB':>10}{'at start':>10}{'added':>7}")
        results = {}
        for side, raw in (("ours", 0), ("lifetimes", 0), ("ours, raw", 1)):
            run = alone(side.split(",")[0], folder, *[raw] * raw)
            added = run["peak"] - run["before"]
            print(f"{side:10}{run['seconds']:9.2f}{run['peak']:10.0f}{run['before']:10.0f}{added:7.0f}  {run['about']}")
            print("".join(f"{'':12}{name} {seconds:.2f} s\n" for name, seconds in run["parts"].items()), end="")
            results[side] = run
    print("raw: keys as text, times to the second; its peak holds the text log that came in")
    a, b = results["ours"], results["lifetimes"]
    print(
        f"ours / lifetimes: seconds {a['seconds'] / b['seconds']:.2f} (target <= 1), "
        f"peak {a['peak'] / b['peak']:.2f} (target <= 0.5)"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        run = {"simulate": simulate, "ours": ours, "lifetimes": theirs}[sys.argv[2]]
        print(json.dumps(run(Path(sys.argv[3]), *map(int, sys.argv[4:]))))
    else:
        main()
