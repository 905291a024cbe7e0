"""Listening effort (경청 노력, S0.1): what the brand does, week by week: answers, how soon, and how much it promotes.

A cause, kept apart from its effect, the relationship of `index`.

| measure | of | what |
|---|---|---|
| answered | what customers asked or said to the brand | share that the brand or its staff answered within `within` |
| hours_to_answer | the same | median hours to the first answer, open ones censored (Kaplan & Meier 1958) |
| promo_posts | posts | share that are promotion |
| promo_seen | impressions | share that are of promotion |
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays
from smm_analysis.terms import SMALLEST_GROUP

from .index import FIRM, Component, Relationship, together
from .smoothing import Level, smooth
from .watched import band
from .weeks import week_index

MEASURES = ("answered", "hours_to_answer", "promo_posts", "promo_seen")
_NUMBERS = ["estimate", "low", "high", "n"]


@dataclass(frozen=True)
class ListeningEffort:
    """A brand's effort (경청 노력).

    `weeks` has a row a week and measure: week, measure, n, estimate, low, high (NaN with fewer than `smallest`).
    `summary` a row a measure: measure, n, estimate, low, high over all weeks, and what is usual for the brand, its own
    quartiles of weeks: usual_low, usual, usual_high; latest, the last week there is.
    """

    weeks: pd.DataFrame = field(repr=False, compare=False)
    summary: pd.DataFrame = field(repr=False, compare=False)
    level: float

    def wide(self, what: str = "estimate") -> pd.DataFrame:
        """Return a column a measure, a row a week."""
        table = self.weeks.pivot_table(index="week", columns="measure", values=what, dropna=False)
        return table[[name for name in MEASURES if name in table]].rename_axis(columns=None)


def listening_effort(
    mentions: pd.DataFrame,
    posts: pd.DataFrame | None = None,
    *,
    weeks: pd.Series | pd.DatetimeIndex,
    observed_until: pd.Timestamp | str,
    asks: pd.Series | None = None,
    within: str | pd.Timedelta = "3D",
    level: float = 0.90,
    smallest: int = SMALLEST_GROUP,
) -> ListeningEffort:
    """Return what one brand did to listen, by week and over all (경청 노력 계산, S0.1).

    Parameters
    ----------
    mentions : the brand's `mentions`, its own answers among them, linked by `parent_id`.
    posts : the brand's `posts`; without them nothing is said of promotion.
    weeks : the Mondays to speak of.
    observed_until : when the data end; a naive one is read in the mentions' timezone. What is not answered by then is
        censored, and for `answered` left out unless it was watched for `within`.
    asks : which mentions call for an answer (bool, on the mentions' index), such as `listening.flag_talk`'s question or
        complaint; left out, everything that customers wrote in answer to nobody, or to the brand.
    level : two-sided level of all intervals, 0..1. Wilson's for shares, at the number that unequal impressions are
        worth (Kish 1965, Survey Sampling, 11.7).
    smallest : with fewer, a week keeps its n and has no estimate.

    Raises
    ------
    ValueError
        If a column is missing, `asks` is of other rows, or `within` is not above 0.
    """
    index, wait = week_index(weeks), pd.Timedelta(within)
    if not wait > pd.Timedelta(0):
        raise ValueError(f"within must be above 0, not {within!r}")
    waits = _waits(mentions, asks, observed_until)
    watched = waits[(waits["answered"] & (waits["hours"] <= wait / pd.Timedelta(hours=1))) | (waits["watched"] >= wait)]
    done = watched["answered"] & (watched["hours"] <= wait / pd.Timedelta(hours=1))
    told = {
        "answered": (_Share(level), watched.assign(value=done, weight=1.0)),
        "hours_to_answer": (_Median(level), waits),
    }
    if posts is not None:
        promo = posts["kind"].eq("promo")
        told["promo_posts"] = _Share(level), pd.DataFrame({"at": posts["published_at"], "value": promo, "weight": 1.0})
        told["promo_seen"] = _Share(level), told["promo_posts"][1].assign(weight=posts["impressions"].astype(float))
    parts = [_by_week(name, rule, rows, index, smallest) for name, (rule, rows) in told.items()]
    table = pd.concat(parts, ignore_index=True)
    summary = [_over_all(name, rule, rows, table, index) for name, (rule, rows) in told.items()]
    return ListeningEffort(table, pd.DataFrame(summary), level)


def effort_index(
    effort: ListeningEffort,
    *,
    hours: pd.DataFrame | None = None,
    half_life_weeks: float = 8.0,
) -> Relationship:
    """Return listening effort as one path, remembered for weeks, for `shares_response` (경청 노력 지표).

    What was answered weeks ago still counts, half as much after `half_life_weeks`. Components: the share answered,
    and the hours spent on listening where `hours` (the brand's `effort` table) has them. It is what managers did, so
    one component is enough.
    """
    index = pd.DatetimeIndex(effort.wide().index, name="week")
    rows = effort.weeks[effort.weeks["measure"] == "answered"].set_index("week").reindex(index)
    parts = [_remembered("answered", rows["estimate"], rows["n"], index, half_life_weeks)]
    if hours is not None and "hours" in hours:
        listening = hours[hours["activity"] == "listen"].groupby("week")["hours"].sum().reindex(index)
        parts.append(_remembered("listening_hours", np.log1p(listening), None, index, half_life_weeks))
    return together(tuple(part for part in parts if part is not None), {}, index, effort.level, direct=True)


def _remembered(
    name: str, value: pd.Series, n: pd.Series | None, index: pd.DatetimeIndex, half_life_weeks: float
) -> Component | None:
    """Smooth a share or a record on the brand's own scale, and let it fade; None if it never varies."""
    seen = value.notna().to_numpy()
    if seen.sum() < 8 or not value.std() > 1e-9:
        return None
    people = np.ones(len(index)) if n is None else n.fillna(0).to_numpy(float)
    mean, scale = value.mean(), value.std(ddof=0)
    spread = 1e-4 * scale**2 if n is None else mean * (1 - mean)
    error = np.where(seen, spread / np.maximum(people, 1), np.inf)
    level = smooth(((value - mean) / scale).to_numpy(), error / scale**2)
    fade = _fading(len(index), half_life_weeks)
    columns = {
        "week": index,
        "n": people.astype(int),
        "value": value.to_numpy(),
        "z": ((value - mean) / scale).to_numpy(),
    }
    return Component(name, pd.DataFrame(columns), Level(fade @ level.mean, fade @ level.root))


def _fading(n: int, half_life_weeks: float) -> np.ndarray:
    """Return the weights of past weeks, a row a week, adding up to 1."""
    age = np.subtract.outer(np.arange(n), np.arange(n))
    weight = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life_weeks), 0.0)
    return weight / weight.sum(axis=1, keepdims=True)


# --- waits -----------------------------------------------------------------------------------------------------------


def _waits(mentions: pd.DataFrame, asks: pd.Series | None, observed_until: pd.Timestamp | str) -> pd.DataFrame:
    """Return what customers asked: at, answered, hours (to the first answer or the end), watched."""
    if missing := {"mention_id", "created_at", "author_role", "parent_id"} - {*mentions}:
        raise ValueError(f"mentions have no column {', '.join(map(repr, sorted(missing)))}")
    if asks is not None and not asks.index.equals(mentions.index):
        raise ValueError("asks must have the index of mentions: flag_talk(mentions['text'])['question']")
    firm = mentions["author_role"].isin(FIRM)
    ours = mentions.loc[firm, "mention_id"]
    open_to_us = mentions["parent_id"].isna() | mentions["parent_id"].isin(ours)
    asked = mentions[~firm & (open_to_us if asks is None else asks)]
    until = pd.Timestamp(observed_until)
    if until.tz is None and asked["created_at"].dt.tz is not None:
        until = until.tz_localize(asked["created_at"].dt.tz)
    first = mentions[firm].groupby("parent_id")["created_at"].min()
    answer = first.reindex(asked["mention_id"]).set_axis(asked.index).where(lambda at: at <= until)
    ends = answer.fillna(until)
    hours = ((ends - asked["created_at"]) / pd.Timedelta(hours=1)).clip(lower=1 / 60)
    columns = {"at": asked["created_at"], "answered": answer.notna(), "hours": hours}
    return pd.DataFrame(columns | {"watched": until - asked["created_at"]})


# --- a measure: an estimate with its interval ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Share:
    """The weighted share of rows whose `value` is true."""

    level: float

    def of(self, rows: pd.DataFrame) -> tuple[float, float, float]:
        weight = rows["weight"].to_numpy(float)
        if not weight.sum() > 0:
            return (np.nan,) * 3
        share = float(weight @ rows["value"].to_numpy(float) / weight.sum())
        worth = weight.sum() ** 2 / (weight**2).sum()
        return share, *band(share, worth, self.level)


@dataclass(frozen=True)
class _Median:
    """The median wait, inf where fewer than half were answered in what was watched."""

    level: float

    def of(self, rows: pd.DataFrame) -> tuple[float, float, float]:
        from statsmodels.duration.survfunc import SurvfuncRight

        if not rows["answered"].any():
            return np.inf, np.nan, np.inf
        fit = SurvfuncRight(rows["hours"].to_numpy(), rows["answered"].to_numpy(int))
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = fit.quantile_ci(0.5, alpha=1 - self.level)
        return tuple(float(end) if np.isfinite(end) else np.inf for end in (fit.quantile(0.5), low, high))


def _by_week(
    name: str, rule: _Share | _Median, rows: pd.DataFrame, index: pd.DatetimeIndex, smallest: int
) -> pd.DataFrame:
    week = mondays(rows["at"]) if len(rows) else pd.Series(dtype="datetime64[ns]")
    groups = dict(tuple(rows.groupby(week)))
    found = []
    for monday in index:
        n = len(groups.get(monday, ()))
        found.append((*(rule.of(groups[monday]) if n >= smallest else (np.nan,) * 3), n))
    return pd.DataFrame(found, columns=_NUMBERS).assign(week=index, measure=name)[["week", "measure", *_NUMBERS]]


def _over_all(
    name: str, rule: _Share | _Median, rows: pd.DataFrame, table: pd.DataFrame, index: pd.DatetimeIndex
) -> dict[str, object]:
    """Return a measure over all weeks, with the brand's own quartiles of weeks."""
    here = rows[mondays(rows["at"]).isin(index)] if len(rows) else rows
    estimate, low, high = rule.of(here) if len(here) else (np.nan,) * 3
    weekly = table.loc[table["measure"] == name, "estimate"].dropna().to_numpy()
    quartiles = np.quantile(weekly, [0.25, 0.5, 0.75], method="nearest") if len(weekly) else np.full(3, np.nan)
    usual = dict(zip(("usual_low", "usual", "usual_high"), quartiles.tolist(), strict=True))
    row = {"measure": name, "n": len(here), "estimate": estimate, "low": low, "high": high}
    return row | usual | {"latest": float(weekly[-1]) if len(weekly) else np.nan}
