"""Whom `select_seeds` finds: quality on six kinds of networks, its floor, seconds and memory at two sizes.

    python benchmarks/cascade_seeds.py [networks of each kind]

Default 5, and four times as many networks for the floor. Seeds of networks count from 0; settings were chosen on
others. Quality: people reached by 10 seeds, by 20,000 fresh cascades, beside CELF, degree and chance, 600 people a
network, probabilities of the weighted cascade or .05 everywhere. Timings: k = 50, eps = .1, each in a process of its
own, first call.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from smm_analysis import cascade

PEOPLE, SEEDS, JUDGED = 600, 10, 20_000
SIZES = ((15_000, 63_000), (80_000, 800_000))
KINDS = ("chung-lu", "configuration", "affiliation", "communities", "small world", "grid")


def network(kind: str, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw links, both ends numbers below n: no loops, no repeats."""
    made = {
        "chung-lu": chung_lu,
        "configuration": configuration,
        "affiliation": affiliation,
        "communities": planted,
        "small world": small_world,
        "grid": grid,
    }[kind](n, rng)
    made = np.unique(made[made[:, 0] != made[:, 1]], axis=0)
    return pd.DataFrame(made, columns=["source", "target"])


def chung_lu(n: int, rng: np.random.Generator, links: int | None = None) -> np.ndarray:
    """Heavy-tailed fame and curiosity, independent of each other."""
    fame, keen = (np.cumsum((1 - rng.random(n)) ** -power) for power in (0.6, 0.4))
    wanted = links or 5 * n
    u = rng.random((2, int(1.6 * wanted)))
    pairs = np.stack([np.searchsorted(x, x[-1] * v) for x, v in zip((fame, keen), u, strict=True)], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return rng.permutation(pairs)[:wanted]


def configuration(n: int, rng: np.random.Generator) -> np.ndarray:
    """Stubs of a power law, joined at random, both ways."""
    degree = np.minimum(2 * (1 - rng.random(n)) ** -0.7, n / 10).astype(int)
    stubs = rng.permutation(np.repeat(np.arange(n), degree))
    return both(stubs[: len(stubs) // 2 * 2].reshape(-1, 2))


def affiliation(n: int, rng: np.random.Generator) -> np.ndarray:
    """People who share a group all hear each other: cliques of 5 to 60, one or two groups a person."""
    groups = [rng.choice(n, int(size), replace=False) for size in 5 * (1 - rng.random(n // 15)) ** -0.8]
    groups = [members[:60] for members in groups]
    pairs = [np.stack(np.meshgrid(members, members), axis=-1).reshape(-1, 2) for members in groups]
    return np.concatenate(pairs)


def planted(n: int, rng: np.random.Generator) -> np.ndarray:
    """Twelve communities, nine links of ten inside."""
    home = rng.integers(12, size=n)
    order = np.argsort(home, kind="stable")
    first, size = np.searchsorted(home[order], np.arange(12)), np.bincount(home, minlength=12)
    source = rng.integers(n, size=6 * n)
    near = order[first[home[source]] + (rng.random(6 * n) * size[home[source]]).astype(int)]
    return np.stack([source, np.where(rng.random(6 * n) < 0.9, near, rng.integers(n, size=6 * n))], axis=1)


def small_world(n: int, rng: np.random.Generator) -> np.ndarray:
    """A ring of six neighbours, one link of ten anywhere (Watts and Strogatz)."""
    source = np.repeat(np.arange(n), 3)
    near = (source + np.tile([1, 2, 3], n)) % n
    return both(np.stack([source, np.where(rng.random(3 * n) < 0.1, rng.integers(n, size=3 * n), near)], axis=1))


def grid(n: int, rng: np.random.Generator) -> np.ndarray:
    """Four neighbours on a square."""
    side = int(n**0.5)
    at = np.arange(side * side).reshape(side, side)
    across, down = (np.stack([a.ravel(), b.ravel()], 1) for a, b in ((at[:, 1:], at[:, :-1]), (at[1:], at[:-1])))
    return both(np.concatenate([across, down]))


def both(pairs: np.ndarray) -> np.ndarray:
    return np.concatenate([pairs, pairs[:, ::-1]])


def weighted(frame: pd.DataFrame, how: str) -> cascade.Graph:
    net = cascade.graph_of(frame)
    return cascade.weighted_cascade(net) if how == "weighted cascade" else cascade.assumed(net, 0.05)


def quality(kind: str, how: str, seed: int) -> dict[str, object]:
    net = weighted(network(kind, PEOPLE, np.random.default_rng(seed)), how)
    row: dict[str, object] = {"kind": kind, "probabilities": how}
    for method in ("opim-c", "celf", "degree", "random"):
        began = time.process_time()
        found = cascade.select_seeds(net, SEEDS, method=method, rng=seed)
        row[f"{method} s"] = time.process_time() - began
        row[method] = cascade.expected_spread(net, found.seeds, n_sim=JUDGED, rng=1000 + seed).mean
        row |= {"certificate": found.certificate} if method == "opim-c" else {}
    best = max(row["celf"], row["degree"])
    return row | {"to best": row["opim-c"] / best, "to degree": row["opim-c"] / row["degree"]}


def floor(kind: str, seed: int) -> dict[str, object]:
    """Whether the floor holds with 1 - delta = .95, and the certificate reaches 1 - 1/e - eps."""
    net = weighted(network(kind, 1500, np.random.default_rng(10_000 + seed)), ("weighted cascade", "0.05")[seed % 2])
    found = cascade.select_seeds(net, SEEDS, delta=0.05, rng=seed)
    true = cascade.expected_spread(net, found.seeds, n_sim=JUDGED // 4, rng=seed + 1)
    return {"holds": found.low <= true.mean + 2 * true.se, "certified": found.certificate >= 1 - 1 / np.e - 0.1}


def timing(n: int, links: int, how: str) -> None:
    """One line of the table of times; run in a process of its own."""
    pairs = chung_lu(n, np.random.default_rng(0), links)
    net = cascade.graph_of(pd.DataFrame(pairs, columns=["source", "target"]), nodes=range(n))
    net = cascade.weighted_cascade(net) if how == "wc" else cascade.assumed(net, float(how))
    before, began, cpu = peak(), time.perf_counter(), time.process_time()
    found = cascade.select_seeds(net, 50, eps=0.1, rng=1, progress=False)
    clock, cpu = time.perf_counter() - began, time.process_time() - cpu
    memory = peak() - before
    again = time.process_time()
    cascade.select_seeds(net, 50, eps=0.1, settle=None, rng=1, progress=False)
    bare = time.process_time() - again
    true = cascade.expected_spread(net, found.seeds, n_sim=200, rng=2, progress=False)
    print(
        f"{n:>7,} {net.arcs:>9,} {how:>5} {clock:8.2f} {cpu:7.2f} {bare:9.2f} {memory:8.0f} {found.n_sets:>10,} "
        f"{found.certificate:12.3f} {found.low:9.0f} {true.mean:9.0f}",
        flush=True,
    )


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    networks, began = int(sys.argv[1]) if len(sys.argv) > 1 else 5, time.time()
    print("seconds and memory, k = 50, eps = .1; wc: weighted cascade; bare: stopped as soon as it is certified\n")
    print(" people      arcs     p  clock s   CPU s  bare CPU  more MB       sets  certificate     floor    people")
    for n, links in SIZES:
        for how in ("wc", "0.01", "0.05", "0.1"):
            subprocess.run([sys.executable, __file__, "--time", str(n), str(links), how], check=True)
    rows = pd.DataFrame(
        [quality(k, how, s) for k in KINDS for how in ("weighted cascade", "0.05") for s in range(networks)]
    )
    print(f"\npeople reached by {SEEDS} of {PEOPLE}, mean of {networks} networks; ratios are means, then the worst\n")
    table = rows.groupby(["kind", "probabilities"], sort=False).mean()
    worst = rows.groupby(["kind", "probabilities"], sort=False)[["to best", "to degree"]].min().add_suffix(" (worst)")
    print(pd.concat([table, worst], axis=1).round(3).to_string(), "\n")
    floors = pd.DataFrame([floor(k, s) for k in KINDS for s in range(4 * networks)])
    print(f"floor holds (1 - delta = .95) in {floors['holds'].sum()} of {len(floors)} networks;", end=" ")
    print(f"certificate at least 1 - 1/e - eps in {floors['certified'].sum()}; {time.time() - began:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--time"]:
        timing(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main()
