"""The peer's side of `mix_peer.py`: pymc-marketing's MMM, in an environment of its own; nothing of ours is imported.

Started by `mix_peer.py`. Reads a line per set from standard input (the folder that holds it), fits, writes what it
found to `peer.npz` there, and answers with a line of JSON.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")  # deprecations of the peer's own libraries

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pymc_marketing  # noqa: E402
from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation, TanhSaturation  # noqa: E402
from pymc_marketing.mmm.multidimensional import MMM  # noqa: E402

SATURATION = {"tanh": TanhSaturation, "logistic": LogisticSaturation}
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # the chains are children; the memory is of the larger of them
SAMPLING = {"chains": 2, "tune": 500, "draws": 500, "cores": 2}


def cpu_seconds() -> float:
    """CPU time so far, chains and compiler included."""
    return sum(sum(resource.getrusage(who)[:2]) for who in WHO)


def fit(folder: Path) -> dict[str, float]:
    """Fit one set; `seconds` is build and fit, `sampling` what the sampler says it took without compiling."""
    told = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    frame = pd.read_csv(folder / "weeks.csv", parse_dates=["week"])
    time_of = np.linspace(-1, 1, len(frame))
    frame = frame.assign(trend=time_of, trend_2=time_of**2)  # our baseline's trend, as controls
    began, worked = time.perf_counter(), cpu_seconds()
    model = MMM(
        date_column="week",
        channel_columns=told["channels"],
        control_columns=[*told["controls"], "trend", "trend_2"],
        adstock=GeometricAdstock(l_max=told["longest"]),
        saturation=SATURATION[told["saturation"]](),
        yearly_seasonality=2,
    )
    model.build_model(frame.drop(columns="y"), frame["y"])
    model.add_original_scale_contribution_variable(["channel_contribution"])
    found = model.fit(
        frame.drop(columns="y"),
        frame["y"],
        progressbar=False,
        random_seed=told["seed"],
        compute_convergence_checks=False,
        **SAMPLING,
    )
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - worked
    brought = found.posterior["channel_contribution_original_scale"]
    brought = (
        brought.transpose("chain", "draw", "date", "channel").to_numpy().reshape(-1, len(frame), len(told["channels"]))
    )
    low, high = np.quantile(brought.sum(axis=1), [0.05, 0.95], axis=0)
    np.savez(folder / "peer.npz", weekly=brought.mean(axis=0), low=low, high=high)
    return {
        "seconds": seconds,
        "sampling": float(found.posterior.attrs["sampling_time"]),
        "cpu": cpu,
        "divergences": int(found.sample_stats["diverging"].sum()),
        "megabytes": sum(resource.getrusage(who).ru_maxrss for who in WHO) / 1024,
    }


def main() -> None:
    """Answer each line with a line."""
    logging.disable(logging.INFO)
    print(json.dumps({"version": pymc_marketing.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(fit(Path(line.strip()))), flush=True)


if __name__ == "__main__":
    main()
