"""How accurate reach curves are: six populations, trained at one campaign and read at a quarter to four times of it.

    python benchmarks/reach_curves.py [sets of 200,000] [panels of 2,000]

Default 5 and 40. Seeds count from 100: those below were used while the method was chosen. Beside the Poisson mixture
stand Goerg's one-point curve and the negative binomial, by mean and zeros and by maximum likelihood on the same
histogram. Truth is the expected reach given everybody's planted rate.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, pdtrc

from smm_analysis import reach
from smm_analysis.reach.curve import ReachCurve
from smm_analysis.reach.exposure import NegativeBinomial

PEOPLE, PANEL, FIRST_SEED, TIMES = 200_000, 2_000, 100, (0.25, 0.5, 2.0, 4.0)
CONTACTS = (1.0, 3.0)  # a person on average, in the training campaign


def populations(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Contact rates of n people, mean 1: six populations, from homogeneous to two classes."""
    reachable = rng.random(n) >= 0.4
    return {
        "homogeneous": np.ones(n),
        "gamma, shape .5": rng.gamma(0.5, 1 / 0.5, n),
        "gamma, shape .15": rng.gamma(0.15, 1 / 0.15, n),
        "lognormal, sigma 1.5": rng.lognormal(-(1.5**2) / 2, 1.5, n),
        "40% unreachable": np.where(reachable, rng.gamma(1.5, 1 / 1.5, n) / 0.6, 0.0),
        "two classes": np.where(rng.random(n) < 0.8, 0.4, 3.4),
    }


def truth(rates: np.ndarray, times: float, k: int) -> float:
    """Expected share with k contacts or more."""
    return float(pdtrc(k - 1, times * rates).mean())


def nbd_by_likelihood(histogram: np.ndarray) -> NegativeBinomial:
    """The negative binomial that makes the whole histogram most likely."""
    counts, mean = np.arange(len(histogram)), np.arange(len(histogram)) @ histogram / histogram.sum()

    def surprise(log_shape: float) -> float:
        r = np.exp(log_shape)
        chance = gammaln(counts + r) - gammaln(r) - gammaln(counts + 1)
        return -histogram @ (chance + r * np.log(r / (r + mean)) + counts * np.log(mean / (r + mean)))

    return NegativeBinomial(mean, np.exp(minimize_scalar(surprise, bounds=(-6, 14), method="bounded").x))


def methods(histogram: np.ndarray, n: int) -> dict[str, Callable[[float, int], float]]:
    """How each method reads the share with k contacts at so many times the campaign."""
    contacts = float(np.arange(len(histogram)) @ histogram)
    reached = float(histogram[1:].sum())
    ml = nbd_by_likelihood(histogram)

    def reader(curve: ReachCurve) -> Callable[[float, int], float]:
        return lambda times, k: float(curve.model.k_plus(np.array([times]), k)[0])

    return {
        "Poisson mixture": reader(reach.fit_reach(pd.Series(histogram), universe=n)),
        "Goerg, one point": reader(reach.one_point_curve(contacts, reached, universe=n)),
        "NBD, mean and zeros": reader(reach.nbd_curve(contacts, reached, universe=n)),
        "NBD, likelihood": lambda times, k: float(ml.k_plus(np.array([times]), k)[0]),
    }


def errors(sets: int) -> pd.DataFrame:
    """Absolute relative errors, a row a set, population, mean contacts, method, multiple and k."""
    rows = []
    for seed in range(FIRST_SEED, FIRST_SEED + sets):
        rng = np.random.default_rng(seed)
        for name, unit in populations(PEOPLE, rng).items():
            for mean in CONTACTS:
                rates = mean * unit
                for method, read in methods(np.bincount(rng.poisson(rates)), PEOPLE).items():
                    for times in TIMES:
                        for k in (1, 3):
                            true = truth(rates, times, k)
                            rows.append((name, mean, method, times, f"{k}+", abs(read(times, k) / true - 1)))
    return pd.DataFrame(rows, columns=["population", "contacts", "method", "times", "k", "error"])


def coverage(panels: int) -> pd.DataFrame:
    """Whether 90% intervals from a panel of 2,000 hold the truth, a row a panel, population, multiple and k."""
    rows = []
    for name, unit in populations(2 * PEOPLE, np.random.default_rng(FIRST_SEED)).items():
        for seed in range(FIRST_SEED, FIRST_SEED + panels):
            rng = np.random.default_rng(seed)
            rates = CONTACTS[seed % 2] * unit
            histogram = np.bincount(rng.poisson(rng.choice(rates, PANEL)))
            curve = reach.fit_reach(pd.Series(histogram), universe=PANEL, seed=seed)
            for times in (*TIMES, 1.0):
                for k in (1, 3):
                    read = curve.k_plus(times * curve.impressions, k)
                    rows.append((name, times, f"{k}+", read.low <= PANEL * truth(rates, times, k) <= read.high))
    return pd.DataFrame(rows, columns=["population", "times", "k", "held"])


def main() -> None:
    sets, panels = (int(a) for a in (sys.argv[1:] + ["5", "40"][len(sys.argv) - 1 :])[:2])
    began = time.time()
    found = errors(sets)
    print(f"mean absolute relative error, %: {sets} sets of {PEOPLE:,}, seeds from {FIRST_SEED}, at {TIMES} times,")
    print(f"mean contacts {CONTACTS}\n")
    table = 100 * found.pivot_table(index="population", columns=["k", "method"], values="error", sort=False)
    table.loc["mean"] = table.mean()
    print(table.round(2).T.to_string(), "\n")
    print((100 * found.pivot_table(index=["k", "method"], columns="times", values="error")).round(2).to_string(), "\n")
    print(
        f"times the mixture's error: {(table.loc['mean'] / table.loc['mean'].xs('Poisson mixture', level='method'))}\n"
    )
    held = coverage(panels)
    print(f"share of 90% intervals that hold the truth: {panels} panels of {PANEL:,} a population, seeds from 100\n")
    print(held.pivot_table(index="population", columns=["k", "times"], values="held", sort=False).round(2).to_string())
    print(f"\npooled {held['held'].mean():.3f}; by multiple and k:")
    print(held.pivot_table(index="k", columns="times", values="held").round(3).to_string())
    print(f"\n{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
