"""Holds an answer against the truth, and against the answers that known slips give (답 확인)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GENERAL = {  # what a factor between answer and truth gives away
    "percent_for_share": 100.0,
    "share_for_percent": 0.01,
    "wrong_sign": -1.0,
    "in_thousands": 0.001,
    "not_in_thousands": 1000.0,
}


@dataclass(frozen=True)
class Truth:
    """The right answer to an exercise, and known wrong ones (정답과 알려진 오답).

    `value` is a number, or the name of a choice; `within` is how far off a number may be; `traps` are the numbers that
    known slips give, by the key of the hint that explains each. The traps of a choice are the other choices.
    """

    value: float | str
    within: float = 0.0
    traps: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_choice(self) -> bool:
        """Whether a name is asked for, not a number."""
        return isinstance(self.value, str)


def about(value: float, *, share: float = 0.02, **traps: float) -> Truth:
    """Return a number that may be off by a part of itself, 2% unless told otherwise, with its finite traps.

    >>> about(50.0, doubled=100.0)
    Truth(value=50.0, within=1.0, traps={'doubled': 100.0})
    """
    told = {key: float(x) for key, x in traps.items() if math.isfinite(x)}
    return Truth(float(value), within=abs(float(value)) * share, traps=told)


def diagnose(answer: float | str, truth: Truth) -> str:
    """Return the key of what to say: right, a trap's, a general slip's, or too_high, too_low.

    The nearest of truth and traps counts, so that a trap close to the truth never takes a right answer.

    >>> truth = Truth(40.0, within=1.0, traps={"of_all": 20.0})
    >>> [diagnose(x, truth) for x in (40.4, 20.1, 0.4, -40.0, 55.0)]
    ['right', 'of_all', 'share_for_percent', 'wrong_sign', 'too_high']
    """
    if truth.is_choice:
        return "right" if answer == truth.value else str(answer)
    candidates = {"right": truth.value, **truth.traps}
    candidates |= {key: factor * truth.value for key, factor in _GENERAL.items() if key not in candidates}
    for key, value in candidates.items():  # the truth first, then own traps, then general slips
        close = truth.within if key in ("right", *truth.traps) else truth.within * abs(_GENERAL[key])
        if math.isclose(answer, value, rel_tol=1e-9, abs_tol=close) and _no_nearer(answer, value, truth):
            return key
    return "too_high" if answer > truth.value else "too_low"


def _no_nearer(answer: float, value: float, truth: Truth) -> bool:
    """Say whether neither the truth nor a trap lies nearer to the answer than `value` does."""
    nearest = min(abs(answer - x) for x in (truth.value, *truth.traps.values()))
    return abs(answer - value) <= nearest + 1e-12


def as_number(answer: Any) -> tuple[float, str]:
    """Return an answer as a number and no complaint, or NaN and the key of what is wrong with it.

    >>> as_number(3), as_number("3"), as_number([1, 2])
    ((3.0, ''), (nan, 'text_given'), (nan, 'many_given'))
    """
    if isinstance(answer, str):
        return math.nan, "text_given"
    if isinstance(answer, bool):
        return math.nan, "truth_given"
    answer = getattr(answer, "estimate", answer)  # an Estimate, a KeyNumber
    try:
        number = float(answer.item() if hasattr(answer, "item") else answer)
    except (TypeError, ValueError):
        return math.nan, "many_given"
    return (number, "") if math.isfinite(number) else (math.nan, "not_finite")
