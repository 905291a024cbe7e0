"""Customer health (고객 건전성): the chance of a purchase, own or referred, and what it is made of (S4.4, S4.8).

Sentiment, advocacy and hand-off stay visible beside the index, each by itself: `CustomerHealth.measures`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value

from .comparison import Outcome, PredictorComparison, purchase_panel
from .guards import MIN_CUSTOMERS, LookAhead, TooLittleData, check_two_classes
from .logit import LogitFit, blocks, fit_logit

# component -> the panel's columns it needs
COMPONENTS: dict[str, tuple[str, ...]] = {
    "activity": ("log_activity", "inactive"),
    "sentiment": ("sentiment", "sentiment_n"),
    "advocacy": ("advocacy",),
    "hand_off": ("handled",),
    "nps": ("nps_class", "answer_age_weeks"),
}
MEASURES = {"sentiment": "sentiment", "advocacy": "advocacy", "hand_off": "handled"}
_CLASSES = ("promoter", "passive", "detractor")


@dataclass(frozen=True)
class CustomerHealth:
    """Customers' health with its parts (고객 건전성).

    `scores`, a row a customer: health (0..100, the chance of the outcome in the horizon x 100), low, high.
    `contributions`, a row a customer: `base` (the log-odds of the training panel's average customer) and a column a
    component, by how much it moves this customer's log-odds from there; a row sums to the log-odds. `measures`:
    sentiment, advocacy and hand-off as they are, un-merged. `coefficients`: component, term, coefficient,
    standard_error, mean (in training). `left_out`: component -> the columns that were absent.
    """

    scores: pd.DataFrame = field(repr=False)
    contributions: pd.DataFrame = field(repr=False)
    measures: pd.DataFrame = field(repr=False)
    coefficients: pd.DataFrame = field(repr=False)
    left_out: Mapping[str, tuple[str, ...]]
    level: float
    n_trained: int

    @property
    def linear_predictor(self) -> pd.Series:
        """Each customer's log-odds (로그 오즈): the sum of the contributions."""
        return self.contributions.sum(axis=1).rename("linear_predictor")


def health_score(
    panel: pd.DataFrame, *, train: pd.DataFrame, outcome: Outcome = "bought_or_referred", level: float = 0.90
) -> CustomerHealth:
    """Health of the customers of `panel`, learnt on those of `train` one horizon earlier (고객 건전성 점수, S4.4).

    A binomial GLM (log-odds link) of the outcome on five components; the columns of each are

    - activity: `log_activity`, `inactive` (see `purchase_panel`);
    - sentiment: `sentiment` (mean of the customer's own mentions, -1..1) and `sentiment_n` (their number); shrunk
      towards the mean of all by `shrink`, and the mean itself for who wrote nothing;
    - advocacy: `advocacy`, a count or share of recommending acts; missing = 0;
    - hand_off: `handled`, 1 if the last complaint was handled in time, 0 if not, missing without a complaint;
    - nps: `nps_class` with "no_answer" a class of its own, and log(1 + `answer_age_weeks`), 0 without an answer.

    Each slope has a log-F(1, 1) prior, as in `fit_predictors`. The interval is the delta method's on the log-odds: it
    holds the uncertainty of the coefficients, not that of one customer's fate.

    Parameters
    ----------
    panel, train : a row a customer. A component whose columns are absent from either is left out, and said.
    outcome : the column of `train` to learn, 0/1.
    level : of the interval, 0..1.

    Raises
    ------
    TooLittleData
        With fewer than 30 customers or one class of outcome in training, or if no component is left.
    LookAhead
        If an answer is younger than the cut-off (`answer_age_weeks` < 0): satisfaction recorded after the fact.
    """
    present, left_out = _present(panel, train)
    model = _learn(train, present, outcome)
    scores, contributions = _scored(panel, present, model, level)
    names = {measure: column for measure, column in MEASURES.items() if column in panel}
    measures = panel[list(names.values())].set_axis(list(names), axis=1)
    coefficients = _coefficients(model)
    return CustomerHealth(scores, contributions, measures, coefficients, left_out, level, len(train))


def customer_measures(
    customers: pd.DataFrame,
    *,
    cutoff: pd.Timestamp,
    mentions: pd.DataFrame | None = None,
    cases: pd.DataFrame | None = None,
    within: str = "24h",
) -> pd.DataFrame:
    """Sentiment, advocacy and hand-off of each customer as known at the cut-off (고객별 세 지표, S4.8).

    Parameters
    ----------
    customers : customer_key, acquired_at; `author_key` ties them to mentions, `referred_by` to whom they won.
    mentions : author_key, author_role, created_at, sentiment; only customers' own count. None = no sentiment columns.
    cases : customer_key, opened_at, first_response_at. None = no `handled` column.
    within : how soon a first response counts as in time; a case younger than that at the cut-off is not yet judged.

    Returns
    -------
    DataFrame
        By customer_key: `sentiment` (-1..1, missing without mentions) and `sentiment_n`; `advocacy`, the customers won
        by recommendation; `handled`, 1 or 0 for the last judged case, missing without one.
    """
    keys = pd.Index(customers["customer_key"], name="customer_key")
    known = customers[customers["acquired_at"] <= cutoff]
    measures = pd.DataFrame(index=keys)
    if mentions is not None and "author_key" in customers:
        own = mentions[(mentions["author_role"] == "customer") & (mentions["created_at"] <= cutoff)]
        by_author = own.dropna(subset=["sentiment"]).groupby("author_key")["sentiment"].agg(["mean", "size"])
        authors = customers.set_index("customer_key")["author_key"]
        measures["sentiment"] = authors.map(by_author["mean"]).astype(float)
        measures["sentiment_n"] = authors.map(by_author["size"]).astype(float).fillna(0.0)
    if "referred_by" in customers:
        measures["advocacy"] = known["referred_by"].value_counts().reindex(keys).fillna(0.0).astype(float)
    if cases is not None and "customer_key" in cases:
        judged = cases[cases["opened_at"] <= cutoff - pd.Timedelta(within)].dropna(subset=["customer_key"])
        last = judged.sort_values("opened_at").groupby("customer_key").last()
        in_time = (last["first_response_at"] - last["opened_at"]) <= pd.Timedelta(within)
        measures["handled"] = in_time.astype(float).reindex(keys)
    return measures


def health_of(
    comparison: PredictorComparison,
    customers: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    surveys: pd.DataFrame | None = None,
    mentions: pd.DataFrame | None = None,
    cases: pd.DataFrame | None = None,
    answer_weeks: float = math.inf,
    within: str = "24h",
) -> CustomerHealth | None:
    """Health of a brand's customers at a comparison's cut-off, learnt one horizon before (브랜드의 고객 건전성).

    The tables are those of `compare_predictors` and `customer_measures`. None where the comparison had too little data.
    """
    if comparison.half_life is None:
        return None
    panels = []
    for cutoff in (comparison.train_cutoff, comparison.cutoff):
        panel = purchase_panel(
            customers,
            purchases,
            cutoff=cutoff,
            horizon_weeks=(comparison.cutoff - comparison.train_cutoff) / pd.Timedelta(weeks=1),
            half_life_weeks=comparison.half_life.half_life_weeks,
            surveys=surveys,
            answer_weeks=answer_weeks,
        )
        measures = customer_measures(customers, cutoff=cutoff, mentions=mentions, cases=cases, within=within)
        panels.append(panel.join(measures))
    return health_score(panels[1], train=panels[0], outcome=comparison.outcome)


def typical_customers(health: CustomerHealth | None, *, percentiles: Iterable[int] = (10, 50, 90)) -> pd.DataFrame:
    """A customer at each percentile of health, index and measures side by side (대표 고객).

    Returns
    -------
    DataFrame
        A row a percentile: percentile, customer_key, customer_health, low, high, and the measures that are there. No
        rows without health.
    """
    if health is None:
        return pd.DataFrame(columns=["percentile", "customer_key", "customer_health", "low", "high"])
    ranked = health.scores.sort_values("health", kind="stable").join(health.measures)
    places = {percentile: round(percentile / 100 * (len(ranked) - 1)) for percentile in percentiles}
    rows = ranked.iloc[list(places.values())].rename(columns={"health": "customer_health"})
    return (
        rows.rename_axis("customer_key")
        .reset_index()
        .assign(percentile=list(places))
        .set_index("percentile")
        .reset_index()
    )


def shrink(mean: pd.Series, n: pd.Series, *, centre: float, pull: float) -> pd.Series:
    """Mean of a few mentions, pulled towards the mean of all (축소 추정): (n mean + pull centre) / (n + pull).

    `pull` is worth that many mentions; who has none (n = 0) gets the centre.

    >>> shrink(pd.Series([1.0, 1.0]), pd.Series([1, 99]), centre=0.0, pull=1.0).tolist()
    [0.5, 0.99]
    """
    return (n * mean.where(n > 0, 0.0) + pull * centre) / (n + pull)


def equal_weights(panel: pd.DataFrame, *, train: pd.DataFrame, outcome: Outcome = "bought_or_referred") -> pd.Series:
    """The fixed-weight index that the health score must beat (동일 가중 기준선), as a probability, 0..1.

    What customer-success products do: each measure standardised on the training panel and added with weight 1:
    activity, shrunk sentiment, advocacy, hand-off (1, 0; 1/2 without a complaint), NPS class (1, 0, -1; no answer 0).
    To be fair to it, the sum is put on the probability scale by a Logit of one slope on the training panel.
    """
    from scipy.special import expit

    present, _ = _present(panel, train)
    then, now = _index(train, train, present), _index(panel, train, present)
    fit = fit_logit([then], train[outcome].to_numpy(float), prior=True)
    return pd.Series(expit(fit.coefficients[0] + fit.coefficients[1] * now), panel.index, name="equal_weights")


def _present(panel: pd.DataFrame, train: pd.DataFrame) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Return the components that both panels hold, and what the others lack."""
    lacking = {
        component: tuple(column for column in columns if column not in panel or column not in train)
        for component, columns in COMPONENTS.items()
    }
    left_out = {component: columns for component, columns in lacking.items() if columns}
    present = [component for component in COMPONENTS if component not in left_out]
    if not present:
        raise TooLittleData("no_component", columns=", ".join(c for columns in COMPONENTS.values() for c in columns))
    return present, left_out


def _terms(panel: pd.DataFrame, present: list[str], centre: float, pull: float) -> dict[tuple[str, str], np.ndarray]:
    """Return the GLM's columns by component and term."""
    made = {component: _TERMS[component](panel, centre, pull) for component in present}
    return {(component, term): values for component, terms in made.items() for term, values in terms.items()}


def _activity_terms(panel: pd.DataFrame, *_: float) -> dict[str, np.ndarray]:
    return {column: panel[column].to_numpy() for column in COMPONENTS["activity"]}


def _sentiment_terms(panel: pd.DataFrame, centre: float, pull: float) -> dict[str, np.ndarray]:
    shrunk = shrink(panel["sentiment"], panel["sentiment_n"].fillna(0), centre=centre, pull=pull)
    return {"shrunk_sentiment": shrunk.to_numpy(float)}


def _advocacy_terms(panel: pd.DataFrame, *_: float) -> dict[str, np.ndarray]:
    return {"advocacy": panel["advocacy"].fillna(0).to_numpy(float)}


def _hand_off_terms(panel: pd.DataFrame, *_: float) -> dict[str, np.ndarray]:
    handled = panel["handled"].to_numpy(float)
    return {"handled": (handled == 1).astype(np.int8), "not_handled": (handled == 0).astype(np.int8)}


def _nps_terms(panel: pd.DataFrame, *_: float) -> dict[str, np.ndarray]:
    late = panel.index[panel["answer_age_weeks"] < 0]
    if len(late):
        first = ", ".join(map(repr, late[:3].tolist()))
        raise LookAhead(f"look-ahead: {len(late)} answers were given after the cut-off, first of {first}")
    age = np.log1p(panel["answer_age_weeks"].fillna(0).to_numpy(np.float32))
    return {name: (panel["nps_class"] == name).to_numpy(np.int8) for name in _CLASSES} | {"log_answer_age": age}


_TERMS = {
    "activity": _activity_terms,
    "sentiment": _sentiment_terms,
    "advocacy": _advocacy_terms,
    "hand_off": _hand_off_terms,
    "nps": _nps_terms,
}


def _pull(train: pd.DataFrame) -> tuple[float, float]:
    """Return the mean of all mentions, and the number of mentions the pull towards it is worth.

    The squared distance of a customer's mean from the centre is expected to be tau^2 + sigma^2 / n; their ratio comes
    from least squares on (1, 1/n). Where customers do not differ (tau^2 <= 0) the pull is a thousand mentions.
    """
    written = train[train["sentiment_n"].fillna(0) > 0]
    if len(written) < 2:
        return 0.0, 1.0
    n = written["sentiment_n"].to_numpy(float)
    centre = float(np.average(written["sentiment"], weights=n))
    design = np.column_stack([np.ones(len(n)), 1 / n])
    squares = (written["sentiment"].to_numpy(float) - centre) ** 2
    between, within = np.linalg.lstsq(design, squares)[0]
    return centre, float(np.clip(within / between, 0.01, 1000)) if between > 0 else 1000.0


@dataclass(frozen=True)
class _Model:
    """A fitted health model: (component, term) of each slope, the fit, the terms' means, and the shrinkage."""

    terms: list[tuple[str, str]]
    fit: LogitFit
    means: np.ndarray
    shrinkage: tuple[float, float]


def _learn(train: pd.DataFrame, present: list[str], outcome: Outcome) -> _Model:
    bought = train[outcome].to_numpy()
    if len(train) < MIN_CUSTOMERS:
        raise TooLittleData("few_customers", n=len(train), needed=MIN_CUSTOMERS)
    check_two_classes(bought)
    shrinkage = _pull(train) if "sentiment" in present else (0.0, 0.0)
    terms = _terms(train, present, *shrinkage)
    fit = fit_logit(list(terms.values()), bought, prior=True)
    means = np.array([values.mean(dtype=float) for values in terms.values()])
    return _Model(list(terms), fit, means, shrinkage)


def _coefficients(model: _Model) -> pd.DataFrame:
    names = pd.DataFrame([("base", "intercept"), *model.terms], columns=["component", "term"])
    errors, means = np.sqrt(model.fit.covariance.diagonal()), np.append(1.0, model.means)
    return names.assign(coefficient=model.fit.coefficients, standard_error=errors, mean=means)


def _scored(panel: pd.DataFrame, present: list[str], model: _Model, level: float) -> Iterable[pd.DataFrame]:
    """Return scores and contributions, filled block by block; the base is one number, and takes the room of one."""
    beta, means, z = model.fit.coefficients, model.means, z_value(level)
    owner = np.eye(len(present))[[present.index(component) for component, _ in model.terms]]
    base = float(beta[0] + beta[1:] @ means)
    scores = {name: np.empty(len(panel)) for name in ("health", "low", "high")}
    contributions = {name: np.empty(len(panel)) for name in present}
    for block in blocks(len(panel)):
        terms = _terms(panel.iloc[block], present, *model.shrinkage)
        design = np.column_stack(list(terms.values())).astype(float)
        parts = ((design - means) * beta[1:]) @ owner
        odds = base + parts.sum(axis=1)
        for name, values in zip(scores, _with_interval(odds, design, model.fit.covariance, z), strict=True):
            scores[name][block] = values
        for name, values in zip(present, parts.T, strict=True):
            contributions[name][block] = values
    contributions = {"base": np.broadcast_to(base, len(panel)), **contributions}
    return (pd.DataFrame(columns, panel.index, copy=False) for columns in (scores, contributions))


def _with_interval(
    odds: np.ndarray, design: np.ndarray, covariance: np.ndarray, z: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return health and its interval by the delta method on the log-odds."""
    from scipy.special import expit

    row = np.column_stack([np.ones(len(design)), design])
    error = np.sqrt(((row @ covariance) * row).sum(axis=1))
    return 100 * expit(odds), 100 * expit(odds - z * error), 100 * expit(odds + z * error)


def _index(panel: pd.DataFrame, train: pd.DataFrame, present: list[str]) -> np.ndarray:
    """Return the sum of the standardised measures."""
    shrinkage = _pull(train) if "sentiment" in present else (0.0, 0.0)
    floor = float(train["log_activity"].min()) if "activity" in present else 0.0  # the inactive are the least active
    now, then = (_measured(_terms(frame, present, *shrinkage), floor) for frame in (panel, train))
    return sum((now[name] - then[name].mean()) / (then[name].std() or 1.0) for name in now)


def _measured(terms: Mapping[tuple[str, str], np.ndarray], floor: float) -> dict[str, np.ndarray]:
    """Return one number a component, better is more."""
    of = {term: values.astype(float) for (_, term), values in terms.items()}
    made = {name: of[name] for name in ("shrunk_sentiment", "advocacy") if name in of}
    if "log_activity" in of:
        made["activity"] = np.where(of["inactive"] > 0, floor, of["log_activity"])
    if "handled" in of:
        made["hand_off"] = (1 + of["handled"] - of["not_handled"]) / 2
    if "promoter" in of:
        made["nps"] = of["promoter"] - of["detractor"]
    return made
