"""How often each verdict of notebook 03 comes out in worlds whose truth is planted.

    python benchmarks/health_worlds.py [--seeds 200] [--people 8000]     (about a quarter of an hour on two cores)

The two verdicts of S4.4 are taken on respondents, as in the notebook. Where the answers carry nothing (`default`,
`nothing_matters`), "what NPS adds" must hardly ever be supported; where they carry everything (`nps_is_everything`),
"what behaviour adds" must hardly ever be. Elsewhere the share of `supported` is the power. `gain` is the mean estimate,
nats per 1,000 customers, against a delta of 5.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, product

import pandas as pd

from smm_analysis import health, verdict, virtual

WORLDS = ("default", "answers_tell", "nps_is_everything", "nothing_matters")
QUESTIONS = {
    "behaviour_beyond_nps": ("nps_only", "behaviour_and_nps", "respondents"),
    "nps_beyond_behaviour": ("behaviour", "behaviour_and_nps", "respondents"),
    "recent_beats_history": ("whole_history", "recent_only", "everyone"),
}
FALSE = {("nps_beyond_behaviour", "default"), ("nps_beyond_behaviour", "nothing_matters")}
FALSE |= {("behaviour_beyond_nps", "nps_is_everything"), ("recent_beats_history", "nps_is_everything")}


def decisions(world: str, seed: int, people: int) -> list[tuple]:
    made = virtual.simulate(seed=seed, world=world, policy="reactive", people=people).tables()
    comparison = health.compare_predictors(
        made["customers"], made["purchases"], surveys=made["surveys"], horizon_weeks=13, answer_weeks=26
    )
    rows = []
    for question, (baseline, challenger, population) in QUESTIONS.items():
        gain = comparison.gain(baseline, challenger, population=population)
        judged = verdict.judge(question, gain, delta=5, synthetic=True)
        rows.append((question, world, judged.decision, gain.estimate))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--people", type=int, default=8000)
    options = parser.parse_args()
    runs = list(product(WORLDS, range(1, options.seeds + 1)))
    worlds, seeds = zip(*runs, strict=True)
    with ProcessPoolExecutor(2) as pool:
        made = chain.from_iterable(pool.map(decisions, worlds, seeds, [options.people] * len(runs)))
        frame = pd.DataFrame(made, columns=["question", "world", "decision", "gain"])
    frame = frame.assign(**{name: frame["decision"] == name for name in ("supported", "not_supported", "cannot_tell")})
    table = frame.groupby(["question", "world"])[["supported", "not_supported", "cannot_tell"]].mean().round(3)
    table["gain"] = frame.groupby(["question", "world"])["gain"].mean().round(1)
    table["planted"] = ["false" if key in FALSE else "" for key in table.index]
    print(f"seeds 1..{options.seeds}, {options.people} people, 104 weeks, policy reactive, 90% intervals")
    print(table.to_string())


if __name__ == "__main__":
    main()
