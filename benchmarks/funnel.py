"""Funnel from response to customer: does the interval hold the planted share, and what do naive readings say?

Responders come evenly over a year, the record ends four weeks later. Each becomes a customer at 1.2% a week and is lost
at 2% a week, whichever is first; wanted is the share that became a customer within 26 weeks. Beside the Aalen-Johansen
share: customers over responders so far, the same over those watched for 26 weeks only (right, but it throws away data),
and one minus Kaplan-Meier with the lost as merely censored (too high). Then six virtual brands: looked at in week 78,
compared with what the same people had done within 26 weeks once the record had gone on to week 104.
"""

import math

import numpy as np
import pandas as pd

from smm_analysis import virtual
from smm_analysis.handoff import follow_through
from smm_analysis.handoff.survival import ended_within, kaplan_meier, with_interval
from smm_analysis.virtual.exporter import observed_until

DAY, WEEK = pd.Timestamp("2026-03-02"), pd.Timedelta(weeks=1)
WON, LOST, WITHIN, END, RUNS = 0.012, 0.02, 26, 56, 200
TRUTH = WON / (WON + LOST) * (1 - math.exp(-WITHIN * (WON + LOST)))


def responders(rng, n):
    first = rng.uniform(0, 52, n)
    return pd.DataFrame(
        {
            "author_key": [f"k{i}" for i in range(n)],
            "author_role": "unknown",
            "created_at": DAY + first * WEEK,
            "first": first,
            "won": first + rng.exponential(1 / WON, n),
            "lost": first + rng.exponential(1 / LOST, n),
        }
    )


def readings(people):
    """Aalen-Johansen with its interval, and three other ways to read the same record."""
    won = people[(people["won"] < people["lost"]) & (people["won"] < END)]
    gone = people[(people["lost"] < people["won"]) & (people["lost"] < END)]
    customers = won.assign(acquired_at=DAY + won["won"] * WEEK, customer_key=won["author_key"])
    leads = gone.assign(stage="lost", entered_at=DAY + gone["lost"] * WEEK)
    found = follow_through(people, leads, customers, observed_until=DAY + END * WEEK, within=f"{WITHIN}W")
    old = people[people["first"] <= END - WITHIN]
    in_time = (won["won"] - won["first"] <= WITHIN) & won["author_key"].isin(old["author_key"])
    waits = people[["won", "lost"]].min(axis=1).clip(upper=END) - people["first"]
    bought = people["author_key"].isin(won["author_key"]).to_numpy()
    curve = with_interval(waits.to_numpy(), bought, kaplan_meier(waits, bought), WITHIN, 0.95)
    others = found.stage("customer")["naive"], in_time.sum() / max(len(old), 1), ended_within(curve, WITHIN)[0]
    return found.estimate, found.low, found.high, *others


def planted():
    names = ["AJ", "customers / responders", "watched 26 weeks", "1 - KM"]
    print(f"planted share {TRUTH:.3f}; {RUNS} records each, seed = people")
    print(f"{'people':>6s} {'coverage 95%':>12s} {'width':>6s} " + " ".join(f"{name + ' (sd)':>28s}" for name in names))
    for n in (60, 300):
        rng = np.random.default_rng(n)
        rows = np.array([readings(responders(rng, n)) for _ in range(RUNS)])
        held = np.mean((rows[:, 1] <= TRUTH) & (rows[:, 2] >= TRUTH))
        means = [(rows[:, i].mean() - TRUTH, rows[:, i].std()) for i in (0, 3, 4, 5)]
        told = " ".join(f"{f'{bias:+.3f} ({sd:.3f})':>28s}" for bias, sd in means)
        print(f"{n:6d} {held:12.3f} {(rows[:, 2] - rows[:, 1]).mean():6.3f} {told}")


def virtual_brands():
    print("\nvirtual brands, 2,500 people: share of responders who became customers within 26 weeks")
    print(f"{'seed':>4s} {'n':>5s} {'seen at 78':>10s} {'interval':>16s} {'naive':>6s} {'by week 104':>11s}")
    for seed in range(1, 7):
        made = virtual.simulate(seed=seed, people=2500).tables()
        young, later = (at_week(made, week) for week in (78, 104))
        same = later.people.reindex(young.people.index)
        truth = (same["customer_at"] - same["first_touch_at"] <= WITHIN * WEEK).mean()
        interval, naive = f"{young.low:.3f} to {young.high:.3f}", young.stage("customer")["naive"]
        print(f"{seed:4d} {young.n:5d} {young.estimate:10.3f} {interval:>16s} {naive:6.3f} {truth:11.3f}")


def at_week(made, week):
    until = pd.Timestamp(observed_until(week)).tz_localize("Asia/Seoul")
    clocks = {"mentions": "created_at", "leads": "entered_at", "customers": "acquired_at", "shares": "shared_at"}
    mentions, leads, customers, shares = (made[name][made[name][clock] <= until] for name, clock in clocks.items())
    return follow_through(mentions, leads, customers, observed_until=until, shares=shares, posts=made["posts"])


if __name__ == "__main__":
    planted()
    virtual_brands()
