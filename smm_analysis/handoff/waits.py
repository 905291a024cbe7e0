"""Hand-off (핸드오프): how soon a complaint is answered, and resolved, when some are still open (S4.8, S0.1, S1.5).

The naive reading looks only at the answered: who waits longest is not in it, so it always flatters. Here an open case
counts for as long as it was watched: it has waited at least until `observed_until` (censoring, 중도절단).

>>> opened = pd.Timestamp("2026-03-02 09:00")
>>> answered = [opened + pd.Timedelta(hours=hours) for hours in (1, 2, 5, 30)] + [pd.NaT] * 4
>>> cases = pd.DataFrame({"opened_at": opened, "first_response_at": answered})
>>> level = handoff_level(cases, within="24h", observed_until="2026-03-05 09:00")

Three of the four answered were answered within a day, but only three of the eight who complained:

>>> level.answered_only, round(level.rate, 3), level.median_in_words()
(0.75, 0.375, '30 hours (2 hours to not reached)')
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, reason, term

from .survival import (
    Steps,
    aalen_johansen,
    ended_within,
    first_below,
    is_seen,
    kaplan_meier,
    moment,
    refuse,
    times,
    with_interval,
)

Outcome = Literal["first_response", "resolved"]

MIN_CASES = 5
RESPONDERS = ("firm", "advocate")
_OUTCOMES: dict[str, str] = {"first_response": "first_response_at", "resolved": "resolved_at"}
_PERIODS = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
_HOUR = pd.Timedelta(hours=1)
_CURVE = ("wait_hours", "unhandled", "low", "high", "at_risk")
_ROW = ("n", "n_handled", "n_open", "rate", "low", "high", "median_hours", "median_low", "median_high", "answered_only")


@dataclass(frozen=True)
class HandoffLevel:
    """How soon cases are handled (핸드오프 수준): rates are shares 0..1, times are hours since opening.

    `rate` is the probability of being handled within `within_hours`, `low` to `high` its interval. Half of all cases
    are handled after `median_hours`; `inf` means not reached while they were watched. `answered_only` is the naive
    share among the handled, shown beside `rate` to teach its bias. Of `n` cases `n_handled` were handled (by this
    responder, where it is about one) and `n_open` are still open. `curve` has a row a time: wait_hours, unhandled (the
    share still waiting), low, high, at_risk (cases that waited at least as long). Where the data cannot tell, numbers
    are NaN and `reason` says why in each language.
    """

    rate: float
    low: float
    high: float
    level: float
    within_hours: float
    median_hours: float
    median_low: float
    median_high: float
    n: int
    n_handled: int
    n_open: int
    answered_only: float
    curve: pd.DataFrame = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    @property
    def estimate(self) -> float:
        """The rate, under the name a verdict asks for."""
        return self.rate

    def median_in_words(self, lang: Lang = "en") -> str:
        """Return the median wait with its interval; "not reached" where the curve stays above one half."""
        if math.isnan(self.median_hours):
            return self.reason[lang]
        median, low, high = (
            _wait_in_words(hours, lang) for hours in (self.median_hours, self.median_low, self.median_high)
        )
        return f"{median}({low} ~ {high})" if lang == "ko" else f"{median} ({low} to {high})"


def handoff_level(
    cases: pd.DataFrame,
    *,
    within: str | pd.Timedelta = "24h",
    observed_until: pd.Timestamp | str,
    outcome: Outcome = "first_response",
    level: float = 0.95,
) -> HandoffLevel:
    """Probability that a case is handled in time, open cases censored (핸드오프 수준, S4.8).

    Kaplan & Meier (1958, JASA 53(282)) by statsmodels. The interval is Rothman's (1978, Journal of Chronic Diseases
    31(8)): Wilson's score interval at the number of cases that Greenwood's variance is worth. It stays in 0..1 and is
    plain Wilson where nothing is censored. After a response that number shrinks with the cases still watched, in the
    way of Dorey & Korn (1987, Statistics in Medicine 6(6)), else the right tail looks too sure. If all or none were
    handled, where it is undefined, the cases whose outcome is known take its place: never zero width. The median's
    interval inverts it (Brookmeyer & Crowley 1982, Biometrics 38(1)).

    It is right if when a case was opened says nothing about how long it waits (a firm that gets slower looks faster
    than it is: look by week), and cases are independent (in a crisis they are not: the interval is then too narrow).

    Parameters
    ----------
    cases : the `cases` table of one brand; only `opened_at` and the outcome's column are used. Without that column, or
        where it is empty, a case is open, also one resolved without a recorded response.
    within : a Timedelta or its text, > 0; a wait of exactly that long counts as handled in time.
    observed_until : when the data end; a naive one is read in the cases' timezone.
    level : two-sided confidence level, 0..1.

    Returns
    -------
    HandoffLevel
        NaN with a `reason` without cases, or if nobody was watched for as long as `within`.

    Raises
    ------
    ValueError
        If a case was handled before it was opened, a time is after `observed_until` or lacks or has a timezone against
        the others, or an opening is missing; the message names the rows.
    """
    return _level(_waits(cases, observed_until, outcome), _hours(within), level)


def handoff_levels(
    cases: pd.DataFrame,
    by: str = "week",
    *,
    within: str | pd.Timedelta = "24h",
    observed_until: pd.Timestamp | str,
    outcome: Outcome = "first_response",
    level: float = 0.95,
    min_cases: int = MIN_CASES,
) -> dict[Hashable, HandoffLevel]:
    """Hand-off level of each group of cases, curves included (집단별 핸드오프 수준); see `handoff_by`."""
    waits, hours = _waits(cases, observed_until, outcome), _hours(within)
    groups = _groups(cases, by)
    if by == "responder":
        return _by_responder(waits, groups, hours, level, min_cases)
    _check_known_when_open(groups, waits)
    parts = waits.groupby(groups.to_numpy(), dropna=False, observed=True)
    return {key: _level(part, hours, level, min_cases) for key, part in parts}


def handoff_by(
    cases: pd.DataFrame,
    by: str = "week",
    *,
    within: str | pd.Timedelta = "24h",
    observed_until: pd.Timestamp | str,
    outcome: Outcome = "first_response",
    level: float = 0.95,
    min_cases: int = MIN_CASES,
) -> pd.DataFrame:
    """Hand-off level per week, team or responder: a row a group (집단별 핸드오프 수준, S4.8, S1.5).

    Who answers an open case is unknown, so `responder` is no group of cases but a way for a case to end: `rate` is then
    the cumulative incidence (누적 발생률; Aalen & Johansen 1978, Scandinavian Journal of Statistics 5(3)), the
    probability that *this* responder is the one who handles a case, within the time. Over all cases firm, advocate and
    unknown add up to `handoff_level`. It is what happened with the others around, not what the firm would reach alone.

    Parameters
    ----------
    by : "week", "month", "quarter" or "year" of opening (the row shows its first day), "responder", or a column known
        when a case is opened, such as team; cases without a value form a group of their own.
    min_cases : a smaller group keeps its counts but gets NaN and a reason: its rate would tell of single customers
        and hardly of the service. 1 shows all.

    Returns
    -------
    DataFrame
        A row a group: `by`, n, n_handled, n_open, rate, low, high, median_hours, median_low, median_high,
        answered_only (see `HandoffLevel`), reason_en and reason_ko (empty where there is a rate).

    Raises
    ------
    ValueError
        As `handoff_level`; and if the column is empty in all of five or more open cases, so that it tells who was
        handled: within its groups only answered cases would be left.
    """
    options = {"within": within, "observed_until": observed_until, "outcome": outcome, "level": level}
    levels = handoff_levels(cases, by, **options, min_cases=min_cases)
    rows = [{by: key} | _row(found) for key, found in levels.items()]
    return pd.DataFrame(rows, columns=[by, *_ROW, "reason_en", "reason_ko"])


# --- reading cases ---------------------------------------------------------------------------------------------------


def _waits(cases: pd.DataFrame, observed_until: pd.Timestamp | str, outcome: str) -> pd.DataFrame:
    """Return how long each case waited, in hours, and whether it was handled then (or only watched until then)."""
    if outcome not in _OUTCOMES:
        raise ValueError(f"outcome must be one of {', '.join(_OUTCOMES)}, not {outcome!r}")
    opened, closed = _opened(cases), _closed(cases, _OUTCOMES[outcome])
    until = moment(observed_until, opened)
    refuse(opened.isna(), "have no opened_at", "cases")
    refuse(opened > until, f"have an opened_at after observed_until {until}", "cases")
    refuse(closed > until, f"have a {closed.name} after observed_until {until}", "cases")
    refuse(closed < opened, f"have a {closed.name} before opened_at", "cases")
    handled = closed.notna()
    return pd.DataFrame({"hours": (closed.where(handled, until) - opened) / _HOUR, "handled": handled})


def _opened(cases: pd.DataFrame) -> pd.Series:
    if "opened_at" not in cases:
        raise ValueError("cases have no column 'opened_at'")
    return times(cases["opened_at"])


def _closed(cases: pd.DataFrame, name: str) -> pd.Series:
    """Return when cases were handled; a column that is absent or empty says that none was."""
    opened = _opened(cases)
    if name not in cases or cases[name].isna().all():
        return pd.Series(pd.NaT, cases.index, opened.dtype, name)
    closed = times(cases[name])
    if (closed.dt.tz is None) != (opened.dt.tz is None):
        raise ValueError(f"either both opened_at and {name} have a timezone or neither; only one has")
    return closed


def _hours(within: str | pd.Timedelta) -> float:
    hours = pd.Timedelta(within) / _HOUR
    if not hours > 0:
        raise ValueError(f"within must be above 0, not {within!r}")
    return hours


def _groups(cases: pd.DataFrame, by: str) -> pd.Series:
    if by in _PERIODS:
        return _opened(cases).dt.tz_localize(None).dt.to_period(_PERIODS[by]).dt.start_time.rename(by)
    if by not in cases:
        raise ValueError(f"by must be one of {', '.join(_PERIODS)} or a column of cases, not {by!r}")
    return cases[by]


def _check_known_when_open(groups: pd.Series, waits: pd.DataFrame) -> None:
    known, still_open = groups.notna(), ~waits["handled"]
    if still_open.sum() >= MIN_CASES and known.any() and not (known & still_open).any():
        raise ValueError(
            f"{groups.name!r} is empty in all {still_open.sum()} open cases: it says who was handled, and within its "
            "groups only answered cases would be left. Group by what is known when a case is opened"
        )


# --- estimates -------------------------------------------------------------------------------------------------------


def _level(waits: pd.DataFrame, within: float, level: float, min_cases: int = 1) -> HandoffLevel:
    if len(waits) < max(min_cases, 1):
        return _nothing(waits, within, level, min_cases)
    handled = waits["handled"].to_numpy()
    return _read(waits, handled, kaplan_meier(waits["hours"], handled), within, level)


def _by_responder(
    waits: pd.DataFrame, responder: pd.Series, within: float, level: float, min_cases: int
) -> dict[Hashable, HandoffLevel]:
    """Return the level of each responder, as competing ways for the same cases to end."""
    handled = waits["handled"].to_numpy()
    who = responder.astype(object).where(responder.notna(), "unknown").to_numpy()
    names = list(dict.fromkeys([*RESPONDERS, *sorted(set(who[handled]))]))
    if len(waits) < max(min_cases, 1):
        return {name: _nothing(waits, within, level, min_cases) for name in names}
    ways = [handled & (who == name) for name in names]
    pairs = zip(names, ways, aalen_johansen(waits["hours"], ways), strict=True)
    return {name: _read(waits, way, steps, within, level) for name, way, steps in pairs}


def _nothing(waits: pd.DataFrame, within: float, level: float, min_cases: int) -> HandoffLevel:
    """Return the level that says why there is none: the counts of all cases given, and no curve."""
    n, n_handled = len(waits), int(waits["handled"].sum())
    why = reason("few_cases", n=n, needed=min_cases) if n else reason("no_cases")
    curve, unknown = pd.DataFrame(columns=_CURVE, dtype=float), [math.nan] * 3
    return HandoffLevel(*unknown, level, within, *unknown, n, n_handled, n - n_handled, math.nan, curve, why)


def _read(waits: pd.DataFrame, mine: np.ndarray, steps: Steps, within: float, level: float) -> HandoffLevel:
    """Read rate and medians off the curve; `mine` are the cases handled, by the responder in question."""
    hours, handled = waits["hours"].to_numpy(), waits["handled"].to_numpy()
    longest, curve = hours.max(), with_interval(hours, handled, steps, within, level)
    seen = is_seen(hours, handled, within)
    rate, low, high = ended_within(curve, within) if seen else [math.nan] * 3
    why = {} if seen else reason("short_watch", within=within, longest=longest)
    natural = curve[np.isin(curve["wait"], [0, *steps.times, longest])]  # medians must not depend on `within`
    medians = (first_below(natural, name) for name in ("waiting", "low", "high"))
    answered_only = float((hours[mine] <= within).mean()) if mine.any() else math.nan
    counts = (len(hours), int(mine.sum()), int(len(hours) - handled.sum()))
    curve = curve.set_axis(_CURVE, axis=1)
    return HandoffLevel(rate, low, high, level, within, *medians, *counts, answered_only, curve, why)


def _wait_in_words(hours: float, lang: Lang) -> str:
    if math.isinf(hours):
        return term("not_reached").name(lang)
    space = "" if lang == "ko" else " "
    return f"{hours:,.3g}{space}{term('median_wait').unit(lang)}"


def _row(found: HandoffLevel) -> dict[str, object]:
    why = {f"reason_{lang}": found.reason.get(lang, "") for lang in ("en", "ko")}
    return {name: getattr(found, name) for name in _ROW} | why
