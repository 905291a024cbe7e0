"""A million-arc table of follows, end to end: read, network, seeds, spread; seconds and peak memory.

    python benchmarks/cascade_million.py [arcs]

Default 1,000,000 arcs among a fifth as many people, weighted cascade, k = 50. Written as CSV with keys of 16 hex digits
as an import leaves them, read through `tables.load` as a notebook does. No warm-up; progress bars on.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20261123
DATASET = """name = "million"
currency = "KRW"
timezone = "Asia/Seoul"
observed_until = 2026-11-15T23:59:00+09:00
language = "ko"
synthetic = true

[brand.mirae]
market_size = 1000000
central_medium = "page"
"""


def write(folder: Path, arcs: int) -> None:
    rng = np.random.default_rng(SEED)
    n = arcs // 5
    fame = np.cumsum((1 - rng.random(n)) ** -0.6)
    followed = np.searchsorted(fame, fame[-1] * rng.random(int(1.2 * arcs)))
    follower = rng.integers(n, size=len(followed))
    pairs = np.unique(np.stack([follower, followed], axis=1)[follower != followed], axis=0)
    pairs = rng.permutation(pairs)[:arcs]
    keys = np.array([f"{key:016x}" for key in rng.permutation(n) * 2_654_435_761 % 2**61], dtype=object)
    frame = pd.DataFrame({"follower_key": keys[pairs[:, 0]], "followed_key": keys[pairs[:, 1]], "brand": "mirae"})
    frame.to_csv(folder / "follows.csv", index=False)
    (folder / "dataset.toml").write_text(DATASET, encoding="utf-8")


def timed(name: str, work):
    began = time.perf_counter()
    result = work()
    print(f"{name:<42}{time.perf_counter() - began:8.1f} s{peak():8.2f} GB peak", flush=True)
    return result


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def measure(folder: str) -> None:
    began = time.perf_counter()
    from smm_analysis import cascade, tables

    data = timed("imports and tables.load", lambda: tables.load(folder, need=["follows"]))
    net = timed("follow_graph, weighted_cascade", lambda: cascade.weighted_cascade(cascade.follow_graph(data.follows)))
    found = timed("select_seeds, k = 50", lambda: cascade.select_seeds(net, 50, rng=1))
    spread = timed("expected_spread, 1,000 cascades", lambda: cascade.expected_spread(net, found.seeds, rng=2))
    people = [found.seeds[i] for i in range(5)]
    answer = timed(
        "contain, 50 rumours, one group, 7 delays",
        lambda: cascade.contain(net, people, responders=found.seeds[5:], hours_per_step=3, n_sim=50, rng=3),
    )
    print(f"{net.n:,} people, {net.arcs:,} arcs; certificate {found.certificate:.3f} ({found.n_sets:,} sets);", end=" ")
    print(f"{spread.mean:,.0f} people (standard error {spread.se:.0f}), at least {found.low:,.0f} for sure")
    print(answer.table.round(0).to_string(index=False))
    print(f"{time.perf_counter() - began:.1f} s in all")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        with tempfile.TemporaryDirectory() as there:
            write(Path(there), int((sys.argv[1] if len(sys.argv) > 1 else "1000000").replace("_", "")))
            sys.exit(subprocess.run([sys.executable, __file__, "--measure", there]).returncode)
