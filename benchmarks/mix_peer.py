"""Our media mix against pymc-marketing's MMM on the same planted weeks: weekly contributions, coverage, time, memory.

    python -m venv DIR && DIR/bin/pip install pymc-marketing==0.19.2
    python benchmarks/mix_peer.py DIR [first seed] [right sets] [wrong sets]

Default seeds from 100, 8 right and 6 wrong sets of `mix_accuracy.py`. The peer lives in DIR, an environment of its own
(or SMM_PEER names it), and needs a C++ compiler; both read the same frames from the same files, turn by turn, so that
what else the machine does falls on both. The peer samples 2 chains x (500 tuning + 500 draws) on two cores, by its
defaults, with its geometric adstock, yearly season and our trend as controls.

Right sets are fitted twice: *told* the true family of saturation (its TanhSaturation, our `families=("tanh",)`), and
*not told* (its default, logistic; our average over families). On wrong sets nobody is told. Its default has the truth
of the right sets all the same, since its logistic curve is tanh by another name, (1 - e^-x) / (1 + e^-x) = tanh(x / 2):
the rows not told show what our average pays for allowing S-shapes where there are none.

SRMSE: for a channel, the root mean square over weeks of mean weekly contribution minus truth, over the standard
deviation of the true weekly contribution; a set's is the mean over its channels, a table's the mean over its sets.
Seconds: ours is the whole `fit_mix`, median of 5 a set; theirs once as the sampler says (compiling left out, which is
the kinder to them and the one the ratio takes), once from frame to draws. Its compiler's cache is empty at first: the
first set of each kind shows what compiling costs. CPU seconds do not feel other people's load.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mix_accuracy
import numpy as np
import pandas as pd
from mix_accuracy import DEFAULT_FAMILIES, Planted

REPEATS = 5
KINDS = {  # world, our families, the peer's saturation
    "right, told": ("right", ("tanh",), "tanh"),
    "wrong": ("wrong", DEFAULT_FAMILIES, "logistic"),
    "right, not told": ("right", DEFAULT_FAMILIES, "logistic"),
}
LONGEST = {"right": 8, "wrong": 12}  # the peer's weeks of carry-over: its example's, and enough for a carry-over of .7
PEER = Path(__file__).parent / "peer" / "pymc_mmm.py"
MAKE = "python -m venv DIR && DIR/bin/pip install pymc-marketing==0.19.2, then: python benchmarks/mix_peer.py DIR"


def find_python(told: str) -> Path | None:
    """The peer's interpreter: in the folder told, or named by SMM_PEER."""
    home = told or os.environ.get("SMM_PEER", "")
    places = [Path(home) / "bin" / "python", Path(home) / "Scripts" / "python.exe"] if home else []
    return next((path for path in places if path.is_file()), None)


def start(python: Path, cache: str) -> subprocess.Popen[str]:
    """Start the peer with an empty compiler cache, so that the first set shows what compiling costs."""
    environment = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={cache}"}
    command = [str(python), str(PEER)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def answer(peer: subprocess.Popen[str]) -> dict[str, float]:
    """Read the peer's next line of JSON; other lines it prints are passed over."""
    for line in peer.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise RuntimeError("the peer ended: see its message above")


def ask(peer: subprocess.Popen[str], folder: Path) -> dict[str, float]:
    """Let the peer fit one set."""
    peer.stdin.write(f"{folder}\n")
    peer.stdin.flush()
    return answer(peer)


def write(made: Planted, folder: Path, **told: object) -> None:
    """Put one set where both read it."""
    made.weeks.to_csv(folder / "weeks.csv", index=False)
    told |= {"channels": made.channels, "controls": made.controls}
    (folder / "set.json").write_text(json.dumps(told), encoding="utf-8")


def ours(made: Planted, families: tuple[str, ...], folder: Path) -> dict[str, object]:
    """Fit the file's weeks; wall and CPU seconds are medians."""
    read = Planted(pd.read_csv(folder / "weeks.csv", parse_dates=["week"]), made.channels, made.controls, made.brought)
    wall, cpu = [], []
    for _ in range(REPEATS):
        began, worked = time.perf_counter(), time.process_time()
        model = mix_accuracy.fit(read, families)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    _, low, high = mix_accuracy.intervals(model)
    weekly = model.weekly[made.channels].to_numpy()
    return {"weekly": weekly, "low": low, "high": high, "seconds": np.median(wall), "cpu": np.median(cpu)}


def srmse(weekly: np.ndarray, truth: np.ndarray) -> float:
    """Standardised root mean square error of the weekly contribution, mean over channels."""
    return float((np.sqrt(((weekly - truth) ** 2).mean(axis=0)) / truth.std(axis=0)).mean())


def held(low: np.ndarray, high: np.ndarray, made: Planted) -> float:
    """Share of channels whose interval holds the true total."""
    return float(((low <= made.truth) & (made.truth <= high)).mean())


def compare(peer: subprocess.Popen[str], kind: str, seed: int) -> dict[str, object]:
    """Fit one set by both, ours before and after theirs by turns of the seed."""
    world, families, saturation = KINDS[kind]
    made = getattr(mix_accuracy, world)(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(made, folder, saturation=saturation, longest=LONGEST[world], seed=seed)
        first = ours(made, families, folder) if seed % 2 else None
        theirs = ask(peer, folder)
        mine, found = first or ours(made, families, folder), np.load(folder / "peer.npz")
        return {
            "kind": kind,
            "seed": seed,
            "srmse": srmse(mine["weekly"], made.brought),
            "srmse peer": srmse(found["weekly"], made.brought),
            "covered": held(mine["low"], mine["high"], made),
            "covered peer": held(found["low"], found["high"], made),
            "s": mine["seconds"],
            "s peer, sampling": theirs["sampling"],
            "s peer, all": theirs["seconds"],
            "cpu s": mine["cpu"],
            "cpu s peer": theirs["cpu"],
            "divergences": theirs["divergences"],
            "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "MB peer": theirs["megabytes"],
            "load": os.getloadavg()[0],
        }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """What the sets come to, by kind and together; times are ratios of medians, theirs over ours."""
    kept = {}
    for kind, part in [*rows.groupby("kind", sort=False), ("all", rows)]:
        kept[kind] = {
            "sets": len(part),
            "SRMSE": part["srmse"].mean(),
            "SRMSE peer": part["srmse peer"].mean(),
            "SRMSE ratio": part["srmse"].mean() / part["srmse peer"].mean(),
            "worse on": (part["srmse"] > part["srmse peer"]).sum(),
            "covered": part["covered"].mean(),
            "covered peer": part["covered peer"].mean(),
            "times, sampling": part["s peer, sampling"].median() / part["s"].median(),
            "times, all": part["s peer, all"].median() / part["s"].median(),
            "times, CPU": part["cpu s peer"].median() / part["cpu s"].median(),
        }
    return pd.DataFrame(kept).T


def main(home: str = "", first: int = 100, right: int = 8, wrong: int = 6) -> None:
    """Print a row a set as it comes, then what they come to."""
    if (python := find_python(home)) is None:
        print(f"no peer to compare with. Make one: {MAKE}")
        return
    counts = {kind: wrong if kind == "wrong" else right for kind in KINDS}
    tasks = [(kind, first + i) for i in range(max(counts.values())) for kind in KINDS if i < counts[kind]]
    mix_accuracy.fit(mix_accuracy.right(first))  # imports
    rows = []
    with tempfile.TemporaryDirectory() as cache, start(python, cache) as peer:
        print(f"pymc-marketing {answer(peer)['version']}", flush=True)
        for task in tasks:
            rows.append(row := compare(peer, *task))
            print(" ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
        peer.stdin.close()
    table = pd.DataFrame(rows)
    print(table.sort_values(["kind", "seed"]).set_index(["kind", "seed"]).round(3).to_string())
    print(f"\n{summary(table).round(3).to_string()}")


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:5]))
