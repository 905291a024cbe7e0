"""A number for a report's first screen (핵심 수치), where a notebook helps to decide and judges nothing.

The last line of a cell shows it in JupyterLab; the page lifts it, with its interval, to the top.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from smm_analysis.terms import Lang, term
from smm_analysis.verdict import Effect, format_number

MIMETYPE = "application/vnd.smm.number+json"
_WORDS = {
    "en": "{level}% interval {low} to {high}, n = {n}",
    "ko": "{level}% 구간 {low} ~ {high}, n = {n}",
}


@dataclass(frozen=True)
class KeyNumber:
    """A number with its name, unit, two-sided interval at `level` (0..1) and n; `reason` where it cannot be told."""

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

    @property
    def number(self) -> str:
        """The number in its unit; a dash where it cannot be told."""
        return f"{format_number(self.estimate)}{'' if self.unit == '%' else ' '}{self.unit}".strip()

    @property
    def about(self) -> str:
        """The interval and n in words; the reason where the number cannot be told."""
        if not math.isfinite(self.estimate):
            return self.reason
        level = f"{self.level:.0%}".removesuffix("%")
        ends = {"low": format_number(self.low), "high": format_number(self.high)}
        return _WORDS[self.lang].format(level=level, n=format_number(self.n), **ends)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON form: numbers to six significant digits, undefined ones as None."""
        return {
            k: (float(f"{v:.6g}") if math.isfinite(v) else None) if isinstance(v, float) else v
            for k, v in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> KeyNumber:
        """Return the number a notebook's output holds; the inverse of `to_dict`."""
        return cls(**{k: math.nan if v is None else v for k, v in plain.items()})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        html = f"<p>{escape(self.name)}: <strong>{escape(self.number)}</strong> <small>{escape(self.about)}</small></p>"
        text = f"{self.name}: {self.number} ({self.about})"
        return {"text/plain": text, "text/html": html, MIMETYPE: self.to_dict()}


def key_number(key: str, effect: Effect, *, lang: Lang = "en", percent: bool = False) -> KeyNumber:
    """Return a number for the first screen (핵심 수치 만들기).

    Parameters
    ----------
    key : a glossary key; its name and unit are shown.
    effect : the number with its interval, level, n and, where it cannot be told, the reason.
    percent : whether it is a share, 0..1, to be shown in percent.
    """
    measure, factor = term(key), 100.0 if percent else 1.0
    ends = {name: float(getattr(effect, name)) * factor for name in ("estimate", "low", "high")}
    unit = "%" if percent else measure.unit(lang)
    why = effect.reason[lang] if effect.reason else ""
    return KeyNumber(
        key, measure.name(lang), **ends, level=effect.level, n=int(effect.n), unit=unit, reason=why, lang=lang
    )
