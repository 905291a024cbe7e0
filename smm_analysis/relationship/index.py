"""Relationship (관계 지표, S0.2): how near people are to the brand, week by week, from what they do, say and answer.

An effect, kept apart from its cause, the listening effort of `effort`. Components, each of persons, not of mentions:

| component | of | what |
|---|---|---|
| participation | people who wrote (or passed on) in the week | share who also did in the `back_weeks` before |
| sentiment | people who wrote | mean of their mentions' sentiment, -1..1 |
| a question of the survey | customers who answered | mean score, 0..10 |

Each is put on the brand's own scale (z against its own weeks) and smoothed by what its people tell; the index is their
mean **with equal weights, fixed before any outcome is looked at**. A component that the data lack is said, and the
others' weights are as large again. Few people make a noisy week: the band and the `reliability` say how noisy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value
from smm_analysis.tables import mondays
from smm_analysis.terms import Lang, reason

from .smoothing import Level, smooth
from .weeks import week_index

QUESTIONS = ("trust", "intimacy", "satisfaction", "recommend")
FIRM = ("brand", "staff")
_FEWEST_WEEKS, _FEWEST_PEOPLE = 8, 30


@dataclass(frozen=True)
class Component:
    """One component on the brand's own scale (구성 요소).

    `weeks` has week, n (people), value (natural scale), error (its standard error), z; `level` is z smoothed. `pull`,
    by week and person, is how far each person moves the week: who answers two questions moves two components.
    """

    name: str
    weeks: pd.DataFrame = field(repr=False, compare=False)
    level: Level = field(repr=False, compare=False)
    pull: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False, compare=False)


@dataclass(frozen=True)
class Relationship:
    """A brand's relationship by week (주별 관계 지표).

    `weeks` has week, relationship (z, smoothed), low, high, components (how many spoke), n (people who did), and
    each component's smoothed z under its name. `reliability`, 0..1: the variance of the path over itself plus its
    error's. `missing`: component -> why it is not in. `direct`: it is what was done, so that one component is enough.
    `alike`: correlation of the components' errors, since the same people answer, (parts, parts).
    """

    weeks: pd.DataFrame = field(repr=False, compare=False)
    parts: tuple[Component, ...]
    missing: Mapping[str, Mapping[Lang, str]]
    level: float
    reliability: float
    direct: bool = False
    alike: np.ndarray = field(default_factory=lambda: np.eye(0), repr=False, compare=False)

    @property
    def sd(self) -> np.ndarray:
        """How unsure the index is, by week."""
        return _path_sd(self.parts, self.alike)

    def draws(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return plausible paths of the index, (n, weeks), to carry its error on."""
        values, vectors = np.linalg.eigh(self.alike)
        root = vectors * np.sqrt(values.clip(0))
        luck = np.tensordot(root, rng.standard_normal((len(self.parts), n, len(self.weeks))), axes=1)
        paths = [part.level.mean + z @ part.level.root.T for part, z in zip(self.parts, luck, strict=True)]
        return np.mean(paths, axis=0)

    def reliable_in(self, weeks: np.ndarray) -> float:
        """Return the reliability in some of the weeks (bool, a value a week)."""
        return _reliability(self.weeks.loc[weeks, "relationship"].to_numpy(), self.sd[weeks])

    def without(self, k: int) -> Relationship:
        """Return the index without its k-th component, the others weighing more."""
        kept = [j for j in range(len(self.parts)) if j != k]
        parts, alike = tuple(self.parts[j] for j in kept), self.alike[np.ix_(kept, kept)]
        index = pd.DatetimeIndex(self.weeks["week"])
        return together(parts, self.missing, index, self.level, direct=self.direct, alike=alike)

    @property
    def table(self) -> pd.DataFrame:
        """A row a component: component, weight, weeks with people, n (people, weeks added up), reliability, reasons."""
        rows = [_component_row(part, 1 / len(self.parts)) for part in self.parts]
        lacking = [{"component": name, "weight": 0.0, "weeks_seen": 0, "n": 0} for name in self.missing]
        why = [{f"reason_{lang}": text for lang, text in words.items()} for words in self.missing.values()]
        rows += [row | words for row, words in zip(lacking, why, strict=True)]
        return pd.DataFrame(rows).fillna({"reason_en": "", "reason_ko": ""})


def relationship_index(
    mentions: pd.DataFrame | None,
    *,
    weeks: Sequence[pd.Timestamp] | pd.Series,
    surveys: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    shares: pd.DataFrame | None = None,
    sentiment: pd.Series | str | None = "supplier",
    questions: Sequence[str] = QUESTIONS,
    back_weeks: int = 13,
    level: float = 0.90,
) -> Relationship:
    """Return one brand's relationship by week, with its components (관계 지표 계산, S0.2).

    Parameters
    ----------
    mentions : the brand's `mentions`; what the brand and its staff wrote does not count. None if there are none.
    weeks : the Mondays to speak of, each seven days after the one before.
    surveys : the `surveys` of the brand's customers; of several brands, `customers` (this brand's) picks them.
    shares : passings-on, counted as coming back too. Leave them out where the index is to explain shares: what people
        pass on must not stand on both sides.
    sentiment : a score a mention, -1..1, on the mentions' index; "supplier" for the table's column; None for none.
    questions : which answers are components.
    back_weeks : how long ago still counts as coming back; as many weeks at the start say nothing of it.
    level : two-sided level of the bands, 0..1.

    Returns
    -------
    Relationship
        Without parts, and `relationship` NaN, if no component can be had; `missing` says why.

    Raises
    ------
    ValueError
        If weeks are not Mondays in a row, a column is missing, or several brands are in `mentions`.
    """
    index = week_index(weeks)
    told = {"participation": _came_back(mentions, shares, index, back_weeks), "sentiment": _felt(mentions, sentiment)}
    answers = _answers(surveys, customers)
    told |= {name: answers[answers["question"] == name] for name in questions}
    parts, missing = [], {}
    for name, rows in told.items():
        part = _component(name, rows, index)
        if isinstance(part, Component):
            parts.append(part)
        else:
            missing[name] = part
    return together(tuple(parts), missing, index, level)


# --- who said what: week, person, value ------------------------------------------------------------------------------


def _came_back(
    mentions: pd.DataFrame | None, shares: pd.DataFrame | None, index: pd.DatetimeIndex, back_weeks: int
) -> pd.DataFrame:
    """Whether each person who did something in a week had done so in the weeks before."""
    acts = [_written(mentions)[["week", "person"]]]
    if shares is not None:
        acts.append(pd.DataFrame({"week": mondays(shares["shared_at"]), "person": shares["author_key"]}))
    seen = pd.concat(acts).dropna().drop_duplicates().sort_values("week")
    before = seen.groupby("person")["week"].shift()
    seen["value"] = ((seen["week"] - before) <= pd.Timedelta(weeks=back_weeks)).astype(float)
    first = seen["week"].min() if len(seen) else index[0]
    return seen[seen["week"] >= first + pd.Timedelta(weeks=back_weeks)]


def _felt(mentions: pd.DataFrame | None, sentiment: pd.Series | str | None) -> pd.DataFrame:
    """Each person's mean sentiment by week."""
    if sentiment is None or mentions is None:
        return _nobody()
    if isinstance(sentiment, str):
        if sentiment != "supplier":
            raise ValueError(f"sentiment must be scores, 'supplier' or None, not {sentiment!r}")
        if "sentiment" not in mentions:
            return _nobody()
        sentiment = mentions["sentiment"]
    if not sentiment.index.equals(mentions.index):
        raise ValueError("sentiment must have the index of mentions")
    return _written(mentions.assign(value=pd.to_numeric(sentiment))).dropna(subset=["value", "person"])


def _written(mentions: pd.DataFrame | None) -> pd.DataFrame:
    """What others than the firm wrote, with week and person."""
    if mentions is None:
        return _nobody()
    if missing := {"created_at", "author_key", "author_role"} - {*mentions}:
        raise ValueError(f"mentions have no column {', '.join(map(repr, sorted(missing)))}")
    if "brand" in mentions and len(brands := sorted(mentions["brand"].unique())) > 1:
        raise ValueError(f"mentions are of several brands, {', '.join(brands)}: the index is of one; pick its rows")
    said = mentions[~mentions["author_role"].isin(FIRM)]
    return said.assign(week=mondays(said["created_at"]), person=said["author_key"])


def _answers(surveys: pd.DataFrame | None, customers: pd.DataFrame | None) -> pd.DataFrame:
    """Answers by the week in which they were asked for."""
    if surveys is None:
        return _nobody().assign(question="")
    said = surveys[surveys["score"].notna()]
    if customers is not None:
        said = said[said["customer_key"].isin(customers["customer_key"])]
    values = {"week": mondays(said["asked_at"]), "person": said["customer_key"], "value": said["score"].astype(float)}
    return pd.DataFrame(values | {"question": said["question"]})


def _nobody() -> pd.DataFrame:
    return pd.DataFrame({"week": pd.to_datetime([]), "person": [], "value": pd.Series(dtype=float)})


# --- summing up ------------------------------------------------------------------------------------------------------


def _component(name: str, rows: pd.DataFrame, index: pd.DatetimeIndex) -> Component | Mapping[Lang, str]:
    """Put one component on the brand's own scale, or say why not."""
    if name in QUESTIONS and rows.empty:
        return reason("question_not_asked", question=name)
    people = rows.groupby(["week", "person"])["value"].mean().reset_index()
    people = people[people["week"].isin(index)]
    by_week = people.groupby("week")["value"]
    n = by_week.size().reindex(index, fill_value=0).to_numpy()
    if (n > 0).sum() < _FEWEST_WEEKS or n.sum() < _FEWEST_PEOPLE:
        return reason("few_people_in_component", n=int(n.sum()), needed=_FEWEST_PEOPLE, weeks=_FEWEST_WEEKS)
    value = by_week.mean().reindex(index).to_numpy()
    spread = _within(people, by_week)
    centre = np.nansum(n * value) / n.sum()
    scale = np.sqrt(np.nansum(n * (value - centre) ** 2) / n.sum())
    if scale < 1e-9 or spread < 1e-18:
        return reason("component_never_varies")
    error = np.sqrt(np.where(n > 0, spread / np.maximum(n, 1), np.inf))
    z = (value - centre) / scale
    level = smooth(z, (error / scale) ** 2)
    middle = level.mean.mean()
    columns = {"week": index, "n": n, "value": value, "error": error, "z": z - middle}
    pull = (people["value"] - by_week.transform("mean")) / by_week.transform("size")
    by_person = pd.MultiIndex.from_frame(people[["week", "person"]])
    return Component(name, pd.DataFrame(columns), Level(level.mean - middle, level.root), pull.set_axis(by_person))


def _within(people: pd.DataFrame, by_week: pd.api.typing.SeriesGroupBy) -> float:
    """Return the variance between people of the same week."""
    apart = people["value"] - by_week.transform("mean")
    return float((apart**2).sum() / max(len(people) - by_week.ngroups, 1))


def together(
    parts: tuple[Component, ...],
    missing: Mapping[str, Mapping[Lang, str]],
    index: pd.DatetimeIndex,
    level: float,
    *,
    direct: bool = False,
    alike: np.ndarray | None = None,
) -> Relationship:
    """Return the index with equal weights over the components there are (같은 무게로 합치기)."""
    half = z_value(level)
    n = np.array([part.weeks["n"] for part in parts]).reshape(len(parts), len(index))
    names = {part.name: part.level.mean for part in parts}
    mean = np.mean([*names.values()], axis=0) if parts else np.full(len(index), np.nan)
    alike = _alike(parts) if alike is None else alike
    sd = _path_sd(parts, alike) if parts else mean
    table = pd.DataFrame({"week": index, "relationship": mean, "low": mean - half * sd, "high": mean + half * sd})
    table = table.assign(components=(n > 0).sum(axis=0), n=n.sum(axis=0), **names)
    reliability = _reliability(mean, sd) if parts else float("nan")
    return Relationship(table, parts, missing, level, reliability, direct, alike)


def _reliability(mean: np.ndarray, sd: np.ndarray) -> float:
    """Return the path's variance over itself plus its error's."""
    return float(np.var(mean) / (np.var(mean) + np.mean(np.asarray(sd) ** 2)))


def _alike(parts: tuple[Component, ...]) -> np.ndarray:
    """Return how the errors of components go together: who moves one and another; (parts, parts)."""
    pulls = [part.pull.rename(str(k)) for k, part in enumerate(parts)]
    table = pd.concat(pulls, axis=1).fillna(0.0).to_numpy(float) if pulls else np.empty((0, 0))
    together = table.T @ table
    size = np.sqrt(np.diag(together))
    known = np.outer(size, size)
    correlation = np.divide(together, known, out=np.zeros_like(together), where=known > 0)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _path_sd(parts: tuple[Component, ...], alike: np.ndarray) -> np.ndarray:
    sd = np.array([part.level.sd for part in parts])
    return np.sqrt(np.einsum("iw,ij,jw->w", sd, alike, sd)) / len(parts)


def _component_row(part: Component, weight: float) -> dict[str, object]:
    n = part.weeks["n"]
    row = {"component": part.name, "weight": weight, "weeks_seen": int((n > 0).sum()), "n": int(n.sum())}
    return row | {"reliability": _reliability(part.level.mean, part.level.sd)}
