"""Numbers for a report's first screen (핵심 수치), where a notebook helps to decide and judges nothing.

The last line of a cell shows them in JupyterLab; the page lifts them, with their intervals, to the top.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from smm_analysis.terms import Lang, glossary, term
from smm_analysis.verdict import format_number, format_together, joined

if TYPE_CHECKING:
    import pandas as pd

MIMETYPE = "application/vnd.smm.numbers+json"
_WORDS = {
    "en": "{level}% interval {low} to {high}, n = {n}",
    "ko": "{level}% 구간 {low} ~ {high}, n = {n}",
}


@dataclass(frozen=True)
class KeyNumber:
    """A number with its name, unit, two-sided interval at `level` (0..1) and n; `reason` where it cannot be told.

    Where the answer is a word and no number, `said` is that word and `reason` what stands under it.
    """

    key: str
    name: str
    estimate: float
    low: float
    high: float
    level: float
    n: int
    unit: str
    reason: str
    lang: Lang = "en"
    said: str = ""

    @property
    def number(self) -> str:
        """The number in its unit, or the word that stands for it; a dash where it cannot be told."""
        return joined(self._rounded[0], self.unit) if math.isfinite(self.estimate) else self.said or "–"

    @property
    def definition(self) -> str:
        """What is counted, in a sentence of the glossary; empty for a key that is no term."""
        return term(self.key).definition(self.lang) if self.key in glossary() else ""

    @property
    def about(self) -> str:
        """The interval and n in words; n alone of a mere count; the reason where the number cannot be told."""
        if not math.isfinite(self.estimate):
            return self.reason
        if math.isnan(self.low) and math.isnan(self.high):
            return f"n = {format_number(self.n)}"
        level = f"{self.level:.0%}".removesuffix("%")
        ends = dict(zip(("low", "high"), self._rounded[1:], strict=True))
        return _WORDS[self.lang].format(level=level, n=format_number(self.n), **ends)

    @property
    def _rounded(self) -> tuple[str, str, str]:
        """Number and ends, as exact as the interval deserves; whole ones, such as weeks of a plan, stay whole."""
        found = self.estimate, self.low, self.high
        if all(value == round(value) for value in found if math.isfinite(value)):
            return tuple(f"{value:,.0f}" if math.isfinite(value) else format_number(value) for value in found)
        return format_together(*found)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON form: numbers to six significant digits, undefined ones as None."""
        plain = asdict(self)
        if not self.said:
            del plain["said"]
        told = {k: v for k, v in plain.items() if isinstance(v, float)}
        return plain | {k: float(f"{v:.6g}") if math.isfinite(v) else None for k, v in told.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> KeyNumber:
        """Return the number a notebook's output holds; the inverse of `to_dict`."""
        return cls(**{k: math.nan if v is None else v for k, v in plain.items()})


@dataclass(frozen=True)
class KeyNumbers:
    """Numbers that are shown together (핵심 수치 모음)."""

    numbers: tuple[KeyNumber, ...]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        html = "".join(
            f"<p>{escape(one.name)}: <strong>{escape(one.number)}</strong> <small>{escape(one.about)}</small></p>"
            for one in self.numbers
        )
        text = "\n".join(f"{one.name}: {one.number} ({one.about})" for one in self.numbers)
        return {"text/plain": text, "text/html": html, MIMETYPE: [one.to_dict() for one in self.numbers]}


def key_numbers(
    table: pd.DataFrame,
    *,
    key: str,
    level: float,
    estimate: str = "estimate",
    measure: str = "",
    percent: bool = False,
    lang: Lang = "en",
) -> KeyNumbers:
    """Return numbers for the first screen, one a row of a result's table (핵심 수치 만들기).

    Parameters
    ----------
    table : columns `key`, `estimate`, n, and low and high, alone or behind the name of `estimate`; where numbers may
        not be told, reason_en and reason_ko.
    key : the column of glossary keys, which give names and units.
    measure : a glossary key, where all rows are of one measure: then it gives the unit, and stands behind each name.
    level : of the intervals, 0..1.
    percent : whether the numbers are shares, 0..1, to be shown in percent.
    """
    factor = 100.0 if percent else 1.0
    ends = {end: table[end if end in table else f"{estimate}_{end}"] for end in ("low", "high")}
    told = table.assign(estimate=table[estimate], reason=table.get(f"reason_{lang}", ""), **ends)
    behind = f": {term(measure).name(lang)}" if measure else ""
    return KeyNumbers(
        tuple(
            KeyNumber(
                key=row[key],
                name=term(row[key]).name(lang) + behind,
                estimate=factor * float(row["estimate"]),
                low=factor * float(row["low"]),
                high=factor * float(row["high"]),
                level=level,
                n=int(row["n"]),
                unit="%" if percent else term(measure or row[key]).unit(lang),
                reason=row["reason"],
                lang=lang,
            )
            for row in told.to_dict("records")
        )
    )


def key_words(table: pd.DataFrame, *, key: str, word: str, about: str, lang: Lang = "en") -> KeyNumbers:
    """Return words for the first screen, one a row of a table (핵심 답 만들기), where what is asked is no number.

    Parameters
    ----------
    table : columns `key` and `word`, both of glossary keys, and `about`, a text that may be empty.
    """
    nothing = {"estimate": math.nan, "low": math.nan, "high": math.nan, "level": math.nan, "n": 0, "unit": ""}
    rows = zip(table[key], table[word], table[about], strict=True)
    return KeyNumbers(
        tuple(
            KeyNumber(name, term(name).name(lang), **nothing, reason=text, lang=lang, said=term(told).name(lang))
            for name, told, text in rows
        )
    )
