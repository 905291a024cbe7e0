"""Early warning (조기 경보): the hours in which a brand is talked about more than its own past explains (S4.8, S2.4).

The textbook alarm, mean plus three standard deviations, promises a p-value that no real series keeps. Here the reader
says how many false alarms a day are bearable, and the threshold follows from the brand's own quiet history.

>>> rng = np.random.default_rng(1)
>>> hours = pd.date_range("2026-03-02", periods=28 * 24, freq="h", tz="Asia/Seoul")
>>> counts = pd.Series(rng.negative_binomial(3, 3 / 8, len(hours)), hours)
>>> counts.iloc[-2:] = [31, 44]
>>> spikes = detect_spikes(counts, false_alarms_per_day=0.05, calibrate_until="2026-03-29")
>>> spikes.alarms.query("status == 'new'")[["start", "end", "peak"]].astype(str).squeeze().tolist()
['2026-03-29 22:00:00+09:00', '2026-03-30 00:00:00+09:00', '44.0']
>>> print(spikes.alarm_in_words("2026-03-30 09:00"))
An alarm from 25 mentions an hour on Monday 09:00 (5.04 expected).

Three standard deviations would have cost an alarm every fifth quiet day:

>>> round(spikes.textbook_per_day, 2), round(spikes.false_alarms_per_day, 2)
(0.2, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from smm_analysis.tables import moment_in
from smm_analysis.terms import Lang, reason

from .budget import MIN_QUIET_DAYS, alarm_peaks, alarm_starts, budget_threshold, episodes
from .counts import refuse, regular, require, step_of
from .scores import seasonal, trailing

Scorer = Literal["trailing", "seasonal"] | Callable[[pd.Series], pd.DataFrame]

TEXTBOOK_SCORE = 3.0  # Shewhart's (1931) three standard deviations
_SCORERS: dict[str, Callable[[pd.Series], pd.DataFrame]] = {"trailing": trailing, "seasonal": seasonal}
_DAY, _HOUR = pd.Timedelta(days=1), pd.Timedelta(hours=1)
_RECOVERY = _DAY  # after an episode the level is still high: not quiet
_ALARM = ("start", "end", "peak", "expected_mentions", "ratio", "spike_score", "status")
_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ko": "월화수목금토일",
}
_SENTENCE = {
    "en": "An alarm from {count:,.0f} mentions {step} on {weekday} {at:%H:%M} ({expected:.3g} expected).",
    "ko": "{weekday}요일 {at:%H:%M}에는 {step} 동안 언급이 {count:,.0f}건 이상이면 경보입니다(예상 {expected:.3g}건).",
}


@dataclass(frozen=True)
class Spikes:
    """Alarms of one brand at a budget of false alarms (급증 경보): rates are per day, counts per step.

    `alarms` has a row an alarm: start (first step above the threshold), end (when the last step above it ends), peak
    (mentions in its loudest step), expected_mentions (there), ratio (of the two; inf where 0 were expected),
    spike_score, and status: "event" (listed), "episode" (not listed, but far above all others), "quiet" (a false alarm
    of the calibration) or "new" (after it). `threshold` is the score above which there is an alarm. On the `n_days`
    quiet days of the calibration it raised `n` alarms: `false_alarms_per_day`, with the exact Poisson interval `low` to
    `high` (Garwood 1936, Biometrika 28); `textbook_per_day` is what three standard deviations would have cost. `scores`
    has a row a step: count, expected, scale, score, quiet (used in the calibration). `n_unknown` steps have no count.
    Where the history cannot calibrate, numbers are NaN, there are no alarms and `reason` says why in each language.
    """

    alarms: pd.DataFrame = field(repr=False, compare=False)
    threshold: float
    budget: float
    false_alarms_per_day: float
    low: float
    high: float
    level: float
    textbook_per_day: float
    n: int
    n_days: float
    n_unknown: int
    scores: pd.DataFrame = field(repr=False, compare=False)
    scorer: Callable[[pd.Series], pd.DataFrame] = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    @property
    def estimate(self) -> float:
        """The false alarms a day on the quiet history, under the name a verdict asks for."""
        return self.false_alarms_per_day

    @property
    def extra_mentions(self) -> float:
        """How many mentions above the expected an alarm takes in a typical (median) step (경보까지의 여유).

        At the same budget the scorer with the fewer notices the smaller episode: no labels are needed to choose.
        """
        return float((self.threshold * self.scores["scale"]).median())

    def alarm_level(self, at: pd.Timestamp | str) -> float:
        """Return from how many mentions on the step that holds `at` is an alarm (경보 기준 건수), whole; or NaN.

        `at` may lie ahead: then the data so far are what is known, and after a window without data there is no level.

        Raises
        ------
        ValueError
            If `at` is before the first step.
        """
        step = self._scores_at(at)
        level = step["expected"] + self.threshold * step["scale"]
        return math.nan if math.isnan(level) else max(math.floor(level) + 1.0, 1.0)

    def alarm_in_words(self, at: pd.Timestamp | str, lang: Lang = "en") -> str:
        """Return the alarm level at that time as a sentence (경보 기준을 말로); the reason if there is none."""
        level, step = self.alarm_level(at), self._scores_at(at)
        if math.isnan(level):
            return (self.reason or reason("spikes_no_past"))[lang]
        weekday, length = _WEEKDAYS[lang][step.name.weekday()], _step_in_words(step_of(self.scores.index), lang)
        expected = step["expected"]
        return _SENTENCE[lang].format(count=level, step=length, weekday=weekday, at=step.name, expected=expected)

    def _scores_at(self, at: pd.Timestamp | str) -> pd.Series:
        """Return expected and scale of the step that holds `at`; steps ahead are scored as unknown ones."""
        index, at = self.scores.index, moment_in(self.scores.index.tz, at, "at")
        if at < index[0]:
            raise ValueError(f"at must not be before the first step {index[0]}, not {at}")
        ahead = (at - index[0]) // step_of(index) + 1 - len(index)
        scores = self.scores
        if ahead > 0:
            later = pd.date_range(index[0], periods=len(index) + ahead, freq=step_of(index))
            scores = self.scorer(scores["count"].reindex(later))
        return scores[["expected", "scale"]].iloc[(at - index[0]) // step_of(index)]


def detect_spikes(
    counts: pd.Series,
    *,
    false_alarms_per_day: float = 0.1,
    scorer: Scorer = "trailing",
    calibrate_until: pd.Timestamp | str | None = None,
    events: pd.DataFrame | None = None,
    missing: Literal["unknown", "zero"] = "unknown",
    step: str | pd.Timedelta | None = None,
    merge: str | pd.Timedelta = "12h",
    level: float = 0.95,
) -> Spikes:
    """Alarms of one brand, at a budget of false alarms calibrated on its own quiet history (급증 탐지, S4.8).

    Each step is scored against its own past only (`scores`). The threshold is the one that a quiet day exceeds
    `false_alarms_per_day` times on average (`budget_threshold`), and no lower than where the quiet days themselves keep
    the budget. History is quiet outside `events` and a day after, and outside unlisted episodes, which are found by a
    clear gap above all other alarms. An episode in the history that is neither listed nor found raises the threshold:
    list what is known. Past outbreaks are kept out of the baseline as in Farrington et al. (1996, JRSS A 159).

    Parameters
    ----------
    counts : mentions per step with times as the index; any fixed step (hour, 15 or 5 minutes). NaN is unknown.
    false_alarms_per_day : the budget, > 0; 0.1 is one in ten quiet days.
    scorer : "trailing" (mean and standard deviation of the last week), "seasonal" (negative-binomial regression on hour
        of day and weekday: far better where the day has a steady pattern, and 14 days old before it scores; compare
        `extra_mentions`), or a function from counts to a frame of expected and scale by step.
    calibrate_until : the threshold is made of what is before; if not given, of all, and alarms are in sample.
    events : rows of the `events` table of this brand: start and end of what is known not to be quiet.
    missing : what a time that is not in the index means: "unknown", or "zero" where only hours with mentions are kept.
    step : length of a step; if not given, the most frequent distance of two times.
    merge : an alarm keeps the next one silent for so long, at most a day; later exceedances raise it again.
    level : two-sided confidence level, 0..1.

    Returns
    -------
    Spikes
        Without alarms and with a `reason` if fewer than 7 quiet days can be scored, or their counts never vary.

    Raises
    ------
    ValueError
        If counts are negative or not whole, times are doubled, missing or off the step, or a timezone is lacking on one
        side; the message names the first rows.
    """
    require(false_alarms_per_day > 0, f"false_alarms_per_day must be above 0, not {false_alarms_per_day!r}")
    merge = pd.Timedelta(merge)
    require(pd.Timedelta(0) < merge <= _DAY, f"merge must be above 0 and at most a day, not {merge}")
    counts, score_of = regular(counts, step, missing), _scorer(scorer)
    scores = _scored(counts, score_of)
    steps_a_day, silent = _DAY / step_of(counts.index), max(math.ceil(merge / step_of(counts.index)), 1)
    listed, spread_out = _listed(counts.index, events), _untied(scores)
    past = _before(counts.index, calibrate_until) & ~listed
    unlisted = episodes(spread_out.where(past).to_numpy(), silent, round(steps_a_day))
    scores["quiet"] = past & ~unlisted & spread_out.notna().to_numpy()
    threshold, why = _threshold(scores.assign(score=spread_out), silent, steps_a_day, false_alarms_per_day)
    status = np.select([listed, unlisted, past], ["event", "episode", "quiet"], "new")
    alarms = _alarms(scores.assign(status=status), threshold, silent)
    known = _quiet_record(scores, threshold, silent, steps_a_day, level)
    n_unknown = int(counts.isna().sum())
    return Spikes(
        alarms,
        threshold,
        false_alarms_per_day,
        **known,
        n_unknown=n_unknown,
        scores=scores,
        scorer=score_of,
        reason=why,
    )


# --- reading ---------------------------------------------------------------------------------------------------------


def _scorer(scorer: Scorer) -> Callable[[pd.Series], pd.DataFrame]:
    known = callable(scorer) or scorer in _SCORERS
    require(known, f"scorer must be {' or '.join(map(repr, _SCORERS))} or a function, not {scorer!r}")
    return scorer if callable(scorer) else _SCORERS[scorer]


def _scored(counts: pd.Series, scorer: Callable[[pd.Series], pd.DataFrame]) -> pd.DataFrame:
    scores = scorer(counts)[["expected", "scale"]]
    score = (counts - scores["expected"]) / scores["scale"]
    return pd.DataFrame({"count": counts, **scores, "score": score})


def _untied(scores: pd.DataFrame) -> pd.Series:
    """Return scores of counts spread evenly over the mention above them: of small counts most tie, and no tail shows.

    They are never below the scores, so that the threshold read from them errs on the high side, by a mention at most.
    """
    evenly = np.arange(len(scores)) * (math.sqrt(5) - 1) / 2 % 1  # Weyl's sequence: every stretch of it is even
    return scores["score"] + evenly / scores["scale"]


def _listed(index: pd.DatetimeIndex, events: pd.DataFrame | None) -> np.ndarray:
    """Return which steps lie in an event or on the day after it."""
    inside = np.zeros(len(index), bool)
    if events is None:
        return inside
    for name in ("start", "end"):
        require(name in events, f"events have no column {name!r}")
        refuse(events[name].isna(), events[name], f"of events have no {name}")
    for start, end in zip(events["start"], events["end"], strict=True):
        start, end = moment_in(index.tz, start, "start of events"), moment_in(index.tz, end, "end of events")
        inside |= (index > start - step_of(index)) & (index < end + _RECOVERY)
    return inside


def _before(index: pd.DatetimeIndex, until: pd.Timestamp | str | None) -> np.ndarray:
    return np.ones(len(index), bool) if until is None else index < moment_in(index.tz, until, "calibrate_until")


# --- calibration and alarms ------------------------------------------------------------------------------------------


def _threshold(
    scores: pd.DataFrame, silent: int, steps_a_day: float, budget: float
) -> tuple[float, Mapping[Lang, str]]:
    """Return the score of an alarm, or NaN and why there is none."""
    score, days = scores["score"].where(scores["quiet"]).to_numpy(), scores["quiet"].sum() / steps_a_day
    if days < MIN_QUIET_DAYS:
        return math.nan, reason("spikes_few_days", days=days, needed=MIN_QUIET_DAYS)
    counts = scores["count"][scores["quiet"]]
    if counts.min() == counts.max():
        return math.nan, reason("spikes_flat", days=days, count=counts.iloc[0])
    most = max(math.ceil(budget * (days + 1)) + 1, 9)
    peaks, allowed = alarm_peaks(score, silent, most), math.floor(budget * days)
    return max(budget_threshold(peaks, days, budget), float(peaks[min(allowed, len(peaks) - 1)])), {}


def _alarms(scores: pd.DataFrame, threshold: float, silent: int) -> pd.DataFrame:
    """Return a row an alarm; its steps reach from its start to the last one above the threshold before the next."""
    above = (scores["score"] > threshold).to_numpy()
    alarm = np.searchsorted(alarm_starts(above, silent), np.flatnonzero(above), side="right")
    hot = scores[above].rename_axis("start").reset_index()
    steps = hot.groupby(alarm)
    top, last = hot.loc[steps["count"].idxmax()].reset_index(drop=True), steps["start"].last().reset_index(drop=True)
    alarms = hot.loc[steps["start"].idxmin(), ["start", "status"]].reset_index(drop=True)
    alarms = alarms.assign(end=last + step_of(scores.index), peak=top["count"])
    alarms = alarms.assign(expected_mentions=top["expected"], spike_score=top["score"])
    return alarms.assign(ratio=alarms["peak"] / alarms["expected_mentions"])[list(_ALARM)]


def _quiet_record(
    scores: pd.DataFrame, threshold: float, silent: int, steps_a_day: float, level: float
) -> dict[str, float]:
    """Return what threshold and textbook cost on the quiet history, in alarms a day."""
    score, days = scores["score"].where(scores["quiet"]).to_numpy(), float(scores["quiet"].sum() / steps_a_day)
    n, textbook = (len(alarm_starts(score > limit, silent)) for limit in (threshold, TEXTBOOK_SCORE))
    low, high = _poisson_interval(n, level)
    known = days > 0 and not math.isnan(threshold)
    rates = (n / days, low / days, high / days) if known else (math.nan,) * 3
    costs = textbook / days if days else math.nan
    names = ("false_alarms_per_day", "low", "high", "level", "textbook_per_day", "n", "n_days")
    return dict(zip(names, (*rates, level, costs, n, days), strict=True))


def _poisson_interval(n: int, level: float) -> tuple[float, float]:
    """Garwood's exact interval of a Poisson mean of which n were counted."""
    from scipy.stats import chi2

    require(0 < level < 1, f"level must lie between 0 and 1, not {level!r}")
    tail = (1 - level) / 2
    return (float(chi2.ppf(tail, 2 * n)) / 2 if n else 0.0), float(chi2.isf(tail, 2 * n + 2)) / 2


def _step_in_words(step: pd.Timedelta, lang: Lang) -> str:
    minutes = round(step / pd.Timedelta(minutes=1))
    if minutes % 60:
        return f"{minutes}분" if lang == "ko" else f"in {minutes} minutes"
    hours = minutes // 60
    return f"{hours}시간" if lang == "ko" else "an hour" if hours == 1 else f"in {hours} hours"
