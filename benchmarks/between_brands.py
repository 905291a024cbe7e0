"""How right the comparison between brands is: coverage, and what the decision rule says where brands are alike or not.

    python benchmarks/between_brands.py [sets]

Default 500 sets a world, seeds from 0 (chosen on seeds from 1,000 on). The average brand gains 1; brands' standard
errors are drawn from half to one and a half times the `error` named. Coverage at 90%: of the pooled effect, of
tau, of a new brand's true effect by t with k - 2 degrees of freedom (`prediction`) and, beside it, by the confidence
distributions that the chance is made of, and of the chance that a copy gains less than half. The rule: 90% interval of
that chance against 10%. Peers: the same chance with tau and average taken as known (plug-in), judged by whether it is
above 10%; and Cochran's Q test at 10%, which many read as "brands differ".
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri

from smm_analysis.diffusion import between_brands
from smm_analysis.diffusion.between import about, draws
from smm_analysis.verdict import decide

LEVEL, DELTA = 0.90, 10.0
WORLDS = {  # name -> (tau, error)
    "alike": (0.0, 0.15),
    "alike, well told": (0.0, 0.08),
    "nearly alike": (0.15, 0.08),
    "at the border": (1 / (-2 * ndtri(DELTA / 100)), 0.15),
    "different": (1.0, 0.15),
    "different, ill told": (1.0, 0.40),
    "very different": (2.0, 0.15),
}


def drawn(seed: int, k: int, tau: float, error: float) -> tuple[pd.DataFrame, float]:
    """Return k brands' estimates, and a new brand's true effect."""
    rng = np.random.default_rng(seed)
    errors = error * rng.uniform(0.5, 1.5, k)
    told = 1 + tau * rng.normal(size=k) + errors * rng.normal(size=k)
    names = [f"brand {i}" for i in range(k)]
    return pd.DataFrame({"brand": names, "estimate": told, "standard_error": errors}), 1 + tau * rng.normal()


def one(seed: int, k: int, tau: float, error: float) -> dict[str, object]:
    """What is said of one set, and whether it holds."""
    effects, new = drawn(seed, k, tau, error)
    found = between_brands(effects, level=LEVEL)
    true = 100 * ndtr(-1 / (2 * tau)) if tau else 0.0
    copy, y, errors = found.copy_falls_short, effects["estimate"].to_numpy(), effects["standard_error"].to_numpy()
    decision = decide(copy.low, copy.high, DELTA)
    spread = found.tau.estimate
    plugged = 100 * ndtr(-abs(found.pooled.estimate) / (2 * spread)) if spread else 0.0
    q = about(y, errors, np.zeros(1))[2][0]
    return {
        "pooled": found.pooled.low <= 1 <= found.pooled.high,
        "tau": found.tau.low <= tau <= found.tau.high,
        "prediction": found.prediction.low <= new <= found.prediction.high,
        "by distributions": np.less_equal(*new_brand(y, errors, new)).all(),
        "chance": copy.low <= true <= copy.high,
        "supported": decision == "supported",
        "not_supported": decision == "not_supported",
        "cannot_tell": decision == "cannot_tell",
        "plug-in > 10%": plugged > DELTA,
        "Q test": chdtrc(k - 1, q) < 1 - LEVEL,
    }


def new_brand(y: np.ndarray, error: np.ndarray, new: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (low, new) and (new, high): a new brand's interval from the distributions of average and tau."""
    averages, taus = (found[2::4, 2::4] for found in draws(y, error))
    many = averages[..., None] + taus[..., None] * ndtri((np.arange(20) + 0.5) / 20)
    low, high = np.quantile(many, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return np.array([low, new]), np.array([new, high])


def main(sets: int = 500) -> None:
    """Print the table."""
    rows = {
        (k, world): pd.DataFrame([one(seed, k, tau, error) for seed in range(sets)]).mean()
        for k in (3, 6, 9)
        for world, (tau, error) in WORLDS.items()
    }
    table = pd.DataFrame(rows).T.rename_axis(["brands", "world"])
    print(f"{sets} sets a world, seeds 0 to {sets - 1}; shares\n")
    print("intervals that hold the truth")
    print(table[["pooled", "tau", "prediction", "by distributions", "chance"]].round(3).to_string())
    print("\ndecisions against 10%; true chance: 0% alike, .04% nearly alike, 10% border, 31% different, 40% very")
    print(table[["supported", "not_supported", "cannot_tell", "plug-in > 10%", "Q test"]].round(3).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
