"""How accurate the health methods are: coverage, half-life, what NPS adds, and CDNOW's holdout against its rivals.

    python benchmarks/health_accuracy.py [sets of the half-life] [sets of adds_value]

Default 200 and 500; fewer for a quick look. Every set is seeded by its number.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, gammaln

from smm_analysis import health
from smm_analysis.estimate import Estimate

CUTOFF = pd.Timestamp("2026-03-30", tz="Asia/Seoul")
SHARES, SIZES = [(0.5, 0.2), (0.9, 0.02), (0.7, 0.05)], [10, 20, 50, 100]


# --- NPS -------------------------------------------------------------------------------------------------------------


def exact_coverage(n: int, promoters: float, detractors: float, method: str, level: float = 0.95) -> float:
    """Sum of the trinomial probabilities of all samples whose interval holds the truth: no simulation."""
    counts = [(p, d) for p, d in product(range(n + 1), repeat=2) if p + d <= n]
    p, d = np.array(counts).T
    intervals = np.array([health.nps_interval(i, j, n, method=method, level=level) for i, j in counts])
    ways = gammaln(n + 1) - gammaln(p + 1) - gammaln(d + 1) - gammaln(n - p - d + 1)
    chances = p * np.log(promoters) + d * np.log(detractors) + (n - p - d) * np.log(1 - promoters - detractors)
    truth = 100 * (promoters - detractors)
    held = (intervals[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= intervals[:, 1])
    return float(np.exp(ways + chances)[held].sum())


def nps_table() -> pd.DataFrame:
    """Exact coverage of the 95% intervals, a row a method and truth."""
    rows = {
        (method, *shares): [exact_coverage(n, *shares, method) for n in SIZES]
        for method, shares in product(("score", "adjusted_wald", "wald"), SHARES)
    }
    table = pd.DataFrame(rows, index=[f"n={n}" for n in SIZES]).T
    return table.rename_axis(["method", "promoters", "detractors"])


# --- behaviour -------------------------------------------------------------------------------------------------------


def planted_half_life(
    half_life: float, *, seed: int, customers: int = 2000, slope: float = 1.2, inactive: float = 0.1
) -> tuple[pd.DataFrame, pd.Series]:
    """Events from bursts of different ages; the outcome is a Logit on the log decayed count with this half-life.

    One customer in ten has no event at all and buys with probability 0.1.
    """
    events, odds, rng = _events(half_life, seed, customers, slope, inactive)
    return events, pd.Series((rng.random(customers) < expit(odds)).astype(float))


def brand_with_answers(
    added: float, *, seed: int, customers: int = 2000, echo: float = 0.5, answered: float = 1.0
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Customers who buy by their decayed activity, and answers that echo it: events, outcome, NPS class.

    60% answer. The answer is the log decayed count, standardised, plus noise of the same size; the upper 40% are
    promoters, the lower 30% detractors. Promoters' log-odds of buying are higher by `added`, detractors' lower. With
    `added` 0 the answer tells nothing that behaviour does not show.
    """
    events, odds, rng = _events(8, seed, customers, 1.2, 0.1)
    mood = echo * (odds - odds.mean()) / odds.std() + rng.normal(size=customers)
    ranks = mood.argsort().argsort() / customers
    names = np.select([ranks >= 0.6, ranks >= 0.3], ["promoter", "passive"], "detractor")
    odds = odds + added * ((names == "promoter").astype(int) - (names == "detractor"))
    bought = pd.Series((rng.random(customers) < expit(odds)).astype(float))
    return events, bought, pd.Series(np.where(rng.random(customers) < answered, names, "no_answer"))


def _events(
    half_life: float, seed: int, customers: int, slope: float, inactive: float
) -> tuple[pd.DataFrame, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    older = rng.uniform(0, 12 * min(half_life, 13), customers)
    younger = rng.uniform(0, older)
    n = np.where(rng.random(customers) < inactive, 0, 1 + rng.poisson(6, customers))
    who = np.repeat(np.arange(customers), n)
    ages = rng.uniform(younger[who], older[who])
    active, sums = n > 0, np.bincount(who, 0.5 ** (ages / half_life), customers)
    log_activity = np.log(sums, where=active, out=np.zeros(customers))
    odds = np.where(active, slope * (log_activity - np.median(log_activity[active])), math.log(0.1 / 0.9))
    events = pd.DataFrame({"customer_key": who, "purchased_at": CUTOFF - pd.to_timedelta(ages * 7, unit="D")})
    return events, odds, rng


def half_life_table(sets: int) -> pd.DataFrame:
    """Bias and coverage of the half-life, a row a truth."""
    rows = []
    for truth in (2, 8, 26):
        runs = [
            health.estimate_half_life(*planted_half_life(truth, seed=seed), cutoff=CUTOFF, level=0.95)
            for seed in range(sets)
        ]
        found = [run.half_life_weeks for run in runs]
        covered = np.mean([run.low <= truth <= run.high for run in runs])
        rows.append((truth, np.median(found), *np.quantile(found, [0.05, 0.95]), covered))
    return pd.DataFrame(rows, columns=["truth_weeks", "median", "q05", "q95", "coverage_95"]).set_index("truth_weeks")


# --- what NPS adds ---------------------------------------------------------------------------------------------------


def views(events: pd.DataFrame, customers: pd.Index) -> dict[str, health.History | pd.DataFrame]:
    """Behaviour as three analysts model it: the lifetime count, recency, and with a profiled half-life."""
    past = health.activity_history(events, CUTOFF, customers)
    known = pd.DataFrame({"log_count": 0.0, "log_weeks_since_last": 0.0, "inactive": 1.0}, customers)
    known.iloc[past.active] = np.column_stack([np.log(past.counts), np.log1p(past.youngest), 0 * past.youngest])
    return {
        "count only": known[["log_count", "inactive"]],
        "recency only": known[["log_weeks_since_last", "inactive"]],
        "profiled half-life": past,
    }


def p_values(added: float, *, seed: int, customers: int = 2000) -> dict[str, float]:
    """p-value of `adds_value` on one set, by how behaviour is modelled."""
    events, outcome, nps = brand_with_answers(added, seed=seed, customers=customers)
    return {name: health.adds_value(outcome, view, nps).p_value for name, view in views(events, outcome.index).items()}


def adds_value_table(sets: int) -> pd.DataFrame:
    """Share of sets in which NPS 'adds' at p < 5%: where it adds nothing, and where it adds 0.3."""
    found = {
        f"added log-odds {added}": (pd.DataFrame([p_values(added, seed=seed) for seed in range(sets)]) < 0.05).mean()
        for added in (0.0, 0.3)
    }
    return pd.DataFrame(found)


# --- CDNOW -----------------------------------------------------------------------------------------------------------

RIVALS = {"BG/NBD": "BetaGeoFitter", "MBG/NBD": "ModifiedBetaGeoFitter", "Pareto/NBD": "ParetoNBDFitter"}


def load_case() -> object:
    """The module of the CDNOW case notebook, which loads the data."""
    path = Path(__file__).parents[1] / "notebooks" / "cases" / "cdnow.py"
    spec = importlib.util.spec_from_file_location("cdnow", path)
    cdnow = sys.modules["cdnow"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cdnow)
    return cdnow


def rivals(history: pd.DataFrame) -> Iterator[tuple[str, pd.Series, np.ndarray]]:
    """Expected purchases in 39 weeks and chance of one in 13 weeks, by `lifetimes`' fitters."""
    import lifetimes

    data = [history[name].to_numpy() for name in ("frequency", "recency", "age")]
    for name, fitter in RIVALS.items():
        np.random.seed(1)  # noqa: NPY002  the Pareto/NBD fitter draws its starting points from the global state
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(lifetimes, fitter)().fit(*data)
            expected = model.conditional_expected_number_of_purchases_up_to_time(39, *data)
            chance = chance_of_a_purchase(model, name, 13, *data)
        yield name, pd.Series(np.asarray(expected), history.index), chance


def chance_of_a_purchase(
    model: object, name: str, weeks: float, frequency: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> np.ndarray:
    """P(at least one purchase in the next weeks); in the (M)BG/NBD nobody leaves before the next purchase."""
    if name == "Pareto/NBD":
        return 1 - model.conditional_probability_of_n_purchases_up_to_time(0, weeks, frequency, recency, age)
    alive = np.asarray(model.conditional_probability_alive(frequency, recency, age)).ravel()
    r, alpha = model.params_["r"], model.params_["alpha"]
    return alive * (1 - ((alpha + age) / (alpha + age + weeks)) ** (r + frequency))


def cdnow_table() -> tuple[pd.DataFrame, Estimate, float]:
    """AUC of who buys in the 39 weeks after week 39, 13-week log-loss and total; the difference to the best rival.

    The half-life and the 13-week Logit are learnt at week 26 on weeks 27-39: nothing after the cut-off is used.
    """
    cdnow = load_case()
    customers, purchases = cdnow.load_cdnow()
    cutoff, week = cdnow.CALIBRATION_END, pd.Timedelta(weeks=1)
    past = purchases[purchases["purchased_at"] <= cutoff]
    then = health.purchase_panel(customers, past, cutoff=cutoff - 13 * week, horizon_weeks=13)
    known = past[past["purchased_at"] <= cutoff - 13 * week]
    weeks = health.estimate_half_life(known, then["bought"], cutoff=cutoff - 13 * week).half_life_weeks
    panels = [
        health.purchase_panel(customers, purchases, cutoff=at, horizon_weeks=h, half_life_weeks=weeks)
        for at, h in ((cutoff - 13 * week, 13), (cutoff, 13), (cutoff, 39))
    ]
    fitted = health.fit_predictors(panels[0], predictors={"half-life": ("log_activity", "inactive")})
    scores = {"half-life": (panels[2]["log_activity"], health.predict_purchases(fitted, panels[1])["half-life"])}
    history = cdnow.purchase_history(purchases).reindex(panels[2].index)
    scores |= {name: (s, pd.Series(p, history.index)) for name, s, p in rivals(history)}
    rows = {name: _holdout(panels[2]["bought"], panels[1]["bought"], *both) for name, both in scores.items()}
    table = pd.DataFrame(rows).T
    best = table["auc_39_weeks"].drop("half-life").idxmax()
    gap = health.compare_auc(panels[2]["bought"], scores["half-life"][0], scores[best][0], level=0.95)
    return table, gap, weeks


def _holdout(long: pd.Series, short: pd.Series, score: pd.Series, chance: pd.Series) -> dict[str, float]:
    quality = health.evaluate(short, chance.to_frame("chance")).iloc[0]
    return {
        "auc_39_weeks": health.auc(long, score),
        "auc_13_weeks": quality["auc"],
        "log_loss_13_weeks": quality["log_loss"],
        "buyers_expected_13_weeks": chance.sum(),
        "buyers_13_weeks": short.sum(),
    }


def main() -> None:
    sets = [int(n) for n in sys.argv[1:]] or [200, 500]
    half_life_sets, added_sets = sets[0], sets[-1]
    pd.set_option("display.width", 120, "display.max_columns", 12, "display.precision", 4)
    clock = time.perf_counter()
    print("NPS: exact coverage of the 95% interval, by enumeration (default method: score)\n", nps_table(), "\n")
    print(f"Half-life: {half_life_sets} sets of 2,000 customers, seeds 0-{half_life_sets - 1}, weeks")
    print(half_life_table(half_life_sets), "\n")
    print(f"adds_value: share of p < 0.05 in {added_sets} sets of 2,000 customers, seeds 0-{added_sets - 1}")
    print(adds_value_table(added_sets), "\n")
    table, gap, weeks = cdnow_table()
    print(f"CDNOW, 2,357 customers, cut-off week 39; half-life {weeks:.1f} weeks, learnt at week 26\n{table}")
    print(f"AUC, half-life minus the best rival, 95% DeLong: {gap.estimate:.4f} ({gap.low:.4f} to {gap.high:.4f})")
    print(f"{time.perf_counter() - clock:.0f} s")


if __name__ == "__main__":
    main()
