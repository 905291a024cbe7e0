"""Made customers, for tests of health: small tables by hand, panels and brands whose truth is planted.

`accuracy` is the benchmark of the same name: its simulators and its enumeration serve the tests too.
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from smm_analysis import health

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
spec = importlib.util.spec_from_file_location("health_accuracy", BENCHMARKS / "health_accuracy.py")
accuracy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(accuracy)

CUTOFF = accuracy.CUTOFF
WEEK = pd.Timedelta(weeks=1)


def at(text):
    return pd.to_datetime(pd.Series(text), format="ISO8601").dt.tz_localize("Asia/Seoul")


def small_brand():
    customers = pd.DataFrame(
        {
            "customer_key": ["a", "b", "c", "late"],
            "acquired_at": at(["2026-01-01", "2026-01-01", "2026-03-30", "2026-03-31"]),
            "referred_by": [None, None, None, "b"],
        }
    )
    purchases = pd.DataFrame(
        {
            "customer_key": ["a", "a", "b", "a", "b", "late"],
            "purchased_at": at(
                ["2026-01-05", "2026-03-09", "2026-03-02", "2026-04-27", "2026-04-27T00:01", "2026-04-01"]
            ),
        }
    )
    surveys = pd.DataFrame(
        {
            "customer_key": ["a", "a", "b", "b", "c"],
            "asked_at": at(["2026-02-01", "2026-03-01", "2026-03-29", "2026-03-01", "2026-03-01"]),
            "question": ["recommend", "recommend", "recommend", "trust", "recommend"],
            "answered_at": at(["2026-02-02", "2026-03-02", "2026-03-31", "2026-03-01", None]),
            "score": [10.0, 7.0, 0.0, 9.0, np.nan],
        }
    )
    return customers, purchases, surveys


def random_panel(seed, n=300):
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame({"x": rng.normal(size=n), "z": (rng.random(n) < 0.3).astype(float)})
    return panel.assign(bought=(rng.random(n) < expit(-0.5 + panel["x"])).astype(float))


def rich_panel(seed, n=3000):
    """All components; the log-odds that made the outcome are kept as `true_odds`."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(size=n)
    panel = pd.DataFrame({"log_activity": rng.normal(size=n), "inactive": (rng.random(n) < 0.1).astype(float)})
    panel.loc[panel["inactive"] == 1, "log_activity"] = 0.0
    panel["sentiment_n"] = rng.poisson(1.5, n)
    noise = rng.normal(0, 0.5, n) / np.sqrt(panel["sentiment_n"].clip(lower=1))
    panel["sentiment"] = np.clip(0.2 + 0.3 * mood + noise, -1, 1).where(panel["sentiment_n"] > 0)
    panel["advocacy"] = rng.poisson(0.3, n).astype(float)
    panel["handled"] = np.where(rng.random(n) < 0.2, (rng.random(n) < 0.6).astype(float), np.nan)
    answers = np.select([mood > 0.5, mood > -0.3], ["promoter", "passive"], "detractor")
    panel["nps_class"] = np.where(rng.random(n) < 0.4, answers, "no_answer")
    panel["answer_age_weeks"] = np.where(panel["nps_class"] == "no_answer", np.nan, rng.uniform(0, 26, n))
    panel["true_odds"] = -1 + panel["log_activity"] - panel["inactive"] + 0.5 * mood + 0.6 * panel["advocacy"]
    panel["true_odds"] -= 1.5 * (panel["handled"] == 0)
    return panel.assign(bought_or_referred=(rng.random(n) < expit(panel["true_odds"])).astype(float))


def simulated_brand(*, seed, customers=2500, mood=0.0, answered=0.6, weeks=104, memory=0.9):
    """A brand whose customers buy at rates of their own that change from quarter to quarter.

    The log rate is an AR(1) with standard deviation 1.5 and correlation `memory`: at 1 the whole history is the best
    guide, at 0.5 the last quarter is. Each quarter half of the customers are content: their log rate is `mood` higher.
    A survey at the quarter's start sees that (10 or 3), past purchases do not; with mood 0 the answer is noise.
    """
    rng, quarters = np.random.default_rng(seed), weeks // 13
    state = rng.normal(size=(customers, quarters))
    for q in range(1, quarters):
        state[:, q] = memory * state[:, q - 1] + math.sqrt(1 - memory**2) * state[:, q]
    content = rng.random((customers, quarters)) < 0.5
    n = rng.poisson(0.6 * np.exp(1.5 * state + mood * (content - 0.5)))
    who, quarter = (np.repeat(index.ravel(), n.ravel()) for index in np.indices(n.shape))
    start = CUTOFF - weeks * WEEK
    when = start + pd.to_timedelta((quarter + rng.uniform(0.001, 1, len(who))) * 91, unit="D")
    purchases = pd.DataFrame({"customer_key": who.astype(str), "purchased_at": when})
    table = pd.DataFrame({"customer_key": np.arange(customers).astype(str), "acquired_at": start})
    asked = np.argwhere(rng.random((customers, quarters)) < answered)
    surveys = pd.DataFrame({"customer_key": asked[:, 0].astype(str), "question": "recommend"})
    surveys["answered_at"] = start + pd.to_timedelta(91 * asked[:, 1], unit="D")
    surveys["score"] = np.where(content[tuple(asked.T)], 10.0, 3.0)
    return table, purchases, surveys


def compare(brand, **options):
    customers, purchases, surveys = brand
    options = {"horizon_weeks": 13, "observed_until": CUTOFF, "surveys": surveys} | options
    return health.compare_predictors(customers, purchases, **options)
