"""A verdict as the first screen shows it (첫 화면의 답): sentence, number, what would turn it, what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from smm_analysis.report.compare import beyond_noise
from smm_analysis.report.words import when, words
from smm_analysis.verdict import Verdict, format_number

_WIDTH, _HEIGHT, _MARGIN = 220, 26, 8
_LONG = 20  # letters of a threshold that a line has no room for


@dataclass(frozen=True)
class Answer:
    """One verdict with what a page says around it; texts are plain, `bar` is SVG."""

    verdict: Verdict
    symbol: str
    number: str
    interval: str
    mark: str
    bar: str
    turn: str
    change: str

    @classmethod
    def of(cls, plain: Mapping[str, Any], before: Mapping[str, Any] | None = None, made: str = "") -> Answer:
        """Return the answer that a manifest's verdict gives, beside the last good run's of the same question."""
        change = _change(plain, before, made) if before else ""
        return cls.shown(Verdict.from_dict(dict(plain)), change)

    @classmethod
    def shown(cls, verdict: Verdict, change: str = "") -> Answer:
        """Return the answer that a verdict gives."""
        told = math.isfinite(verdict.estimate)
        number = verdict.numbers["estimate"] if told else ""
        mark = _mark(verdict) if told else ""
        bar = interval_bar(verdict) if told else ""
        interval = _interval(verdict) if told else ""
        return cls(verdict, verdict.symbol, number, interval, mark, bar, _turn(verdict), change)


def answers(
    verdicts: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = (), made: str = ""
) -> list[Answer]:
    """Return an answer a verdict; `before` are the verdicts of the last good run, `made` its stamp."""
    known = {plain.get("key") or plain["question"]: plain for plain in before}
    return [Answer.of(plain, known.get(plain.get("key") or plain["question"]), made) for plain in verdicts]


def interval_bar(verdict: Verdict) -> str:
    """Return a small drawing: the interval, the estimate on it, and a line at the smallest effect that matters."""
    ends = [x for x in (verdict.low, verdict.high, verdict.delta, verdict.estimate) if math.isfinite(x)]
    left, right = min(ends), max(ends)
    span = (right - left) or 1.0

    def at(value: float, otherwise: float) -> float:
        value = value if math.isfinite(value) else otherwise
        return round(_MARGIN + (_WIDTH - 2 * _MARGIN) * (value - left) / span, 1)

    middle, label = _HEIGHT / 2, escape(verdict.interval_text, quote=True)
    low, high = at(verdict.low, left), at(verdict.high, right)
    delta, estimate = at(verdict.delta, left), at(verdict.estimate, left)
    return (
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{label}"><line class="delta" x1="{delta}" x2="{delta}" y1="1" y2="{_HEIGHT - 1}"/>'
        f'<line class="interval" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{estimate}" cy="{middle}" r="5.5"/></svg>'
    )


def _interval(verdict: Verdict) -> str:
    level = f"{verdict.level:.0%}".removesuffix("%")
    return words(verdict.lang)["value"].format(level=level, **verdict.numbers)


def _mark(verdict: Verdict) -> str:
    """Say where the dashed line is; a long unit stands above already, with the number."""
    numbers = verdict.numbers
    shown = min(numbers["threshold"], numbers["delta"], key=lambda text: len(text) > _LONG)
    return words(verdict.lang)["matters"].format(threshold=shown)


def _turn(verdict: Verdict) -> str:
    """Say what would change the answer: of a clear one, another smallest effect; else what the reason says."""
    if verdict.decision == "cannot_tell":
        return verdict.reason
    reversed_ = verdict.decision == "not_supported" and verdict.high <= 0 <= verdict.delta
    key = "turn_reversed" if reversed_ else f"turn_{verdict.decision}"
    return words(verdict.lang)[key].format(**verdict.numbers)


def _change(now: Mapping[str, Any], then: Mapping[str, Any], made: str) -> str:
    """Say how the number moved since the last good run, and whether by more than noise."""
    word, date = words(now["lang"]), when(made)[:10]
    other = now["decision"] != then["decision"]
    was = word["since_other"].format(decision=word[then["decision"]], when=date) if other else ""
    beyond = beyond_noise(then, now)
    if beyond is None:
        return was
    moved = now["estimate"] - then["estimate"]
    key = "since_beyond" if beyond else "since_within" if moved else "since_same"
    signed = ("+" if moved > 0 else "") + format_number(moved)
    told = word[key].format(arrow="▲" if moved > 0 else "▼", change=signed, when=date)
    return " · ".join(part for part in (told, was) if part)
