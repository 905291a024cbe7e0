"""Verdicts: what an interval says about a claim, and the card that says it (판정).

A question in `questions.toml` names the claims it tests and the sentence for either answer. `judge` holds an
effect's interval against the smallest effect that matters and returns a frozen `Verdict`, which draws itself as a card
in English or Korean.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, Protocol

from smm_analysis.terms import Lang, Term, in_currency, per_million, term

if TYPE_CHECKING:
    import pandas as pd

Decision = Literal["supported", "not_supported", "cannot_tell"]
MIMETYPE = "application/vnd.smm.verdict+json"

# decision -> (symbol, colour on white with contrast >= 4.5, en, ko); colours are Okabe and Ito's, darkened
_LOOK: dict[Decision, tuple[str, str, str, str]] = {
    "supported": ("✓", "#00694f", "Supported", "지지됨"),
    "not_supported": ("×", "#a8420b", "Not supported", "지지되지 않음"),
    "cannot_tell": ("?", "#55585c", "The data cannot tell", "데이터로 알 수 없음"),
}
_WORDS = {
    "en": {
        "interval": "{measure}: {estimate} ({level}% interval {low} to {high}). It matters from {delta} up.",
        "method_check": "Method check on simulated data: it shows that the method works, nothing about marketing.",
        "limits": "Limits",
        "claim": "claim",
        "straddles": "It may be less than {delta}, the smallest effect that matters, and it may be more.",
        "needs": "If estimate and noise stay as they are, {more} ({have} now) are needed to decide.",
        "needs_years": "To wait would take {more} ({have} now). An experiment decides sooner: plan it with "
        "the report 'Plan an experiment' (11).",
        "needs_many": "The estimate lies too near {delta} for more of the same data to decide; an experiment would: "
        "plan it with the report 'Plan an experiment' (11).",
        "undefined": "The estimate or its interval is not defined on these data.",
    },
    "ko": {
        "interval": "{measure}: {estimate} ({level}% 구간 {low} ~ {high}). {delta} 이상이어야 의미가 있습니다.",
        "method_check": "모의 데이터로 한 방법 점검입니다. 방법이 작동함을 보일 뿐, 마케팅에 관한 사실이 아닙니다.",
        "limits": "한계",
        "claim": "주장",
        "straddles": "의미 있는 최소 효과인 {delta}보다 작을 수도, 클 수도 있습니다.",
        "needs": "지금의 추정값과 변동이 이어진다면 {more}(현재 {have})의 데이터가 있어야 판단할 수 있습니다.",
        "needs_years": "기다린다면 {more}(현재 {have})의 데이터가 필요합니다. 실험을 하면 더 빨리 알 수 있습니다. "
        "'실험 계획하기' 보고서(11)에서 계획하십시오.",
        "needs_many": "추정값이 기준인 {delta}에 너무 가까워 같은 데이터를 더 모아도 판단하기 어렵습니다. "
        "'실험 계획하기' 보고서(11)에서 실험을 계획하십시오.",
        "undefined": "이 데이터에서는 추정값이나 구간을 정할 수 없습니다.",
    },
}

# what Korean counts things with, before and behind the number; of other units the name stands before it
_COUNTED_KO = {"weeks": ("", "주"), "months": ("", "개월"), "customers": ("고객 ", "명"), "posts": ("게시물 ", "개")}
# units of shares, 0..1 -> what they are multiplied by and shown in
_PARTS = {
    "share": (100, "%"),
    "비율": (100, "%"),
    "difference of shares": (100, "percentage points"),
    "비율 차이": (100, "%p"),
}
_PATIENCE = 104  # weeks that may be waited for; beyond, an experiment is the better advice


@dataclass(frozen=True)
class Verdict:
    """One answer to one question (판정), as the manifest, the page and the ledger show it.

    `estimate`, `low`, `high` and `delta` are in `unit` and signed so that more of it favours the claim; `level` is
    the two-sided level of the interval, 0..1. `text` is the answer in a sentence, `reason` says why the data cannot
    tell and what would decide, `limits` what the answer rests on. `key` is the question's in `questions.toml`, the
    same in every language and run. `method_check` is true on simulated data. `table` holds the numbers behind the
    answer and stays out of the manifest. `currency` is what money is counted in, where the number is of money.
    """

    claims: tuple[str, ...]
    question: str
    decision: Decision
    estimate: float
    low: float
    high: float
    level: float
    unit: str
    delta: float
    reason: str
    text: str
    limits: str
    method_check: bool
    measure: str
    key: str = ""
    lang: Lang = "en"
    currency: str = ""
    table: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest's form: no table, numbers to six significant digits, undefined ones as None."""
        plain = asdict(self, dict_factory=lambda items: {k: v for k, v in items if k != "table"})
        if not self.currency:
            del plain["currency"]
        plain["claims"] = list(self.claims)
        return {key: _round(value) if isinstance(value, float) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Verdict:
        """Return the verdict a manifest or a notebook output holds; the inverse of `to_dict` but for the table."""
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in plain.items() if k in known}
        numbers = {k: math.nan if values[k] is None else values[k] for k in ("estimate", "low", "high", "delta")}
        return cls(**values | numbers | {"claims": tuple(plain["claims"])})

    def in_language(self, lang: Lang) -> Verdict:
        """Return the verdict in another language (다른 언어로): all but its reason, whose numbers were filled in.

        One whose question `questions.toml` does not hold stays as it is.
        """
        question = questions().get(self.key)
        if lang == self.lang or question is None:
            return self
        measure = term(question["measure"])
        unit = in_currency(measure.unit(lang), self.currency, lang)
        words = {"question": f"question_{lang}", "text": f"{self.decision}_{lang}", "limits": f"limits_{lang}"}
        told = {name: question[key] for name, key in words.items()}
        name = per_million(measure.name(lang), self.currency, lang)
        return replace(self, lang=lang, unit=unit, measure=name, **told)

    @property
    def headline(self) -> str:
        """The decision in words, in the verdict's language."""
        _, _, en, ko = _LOOK[self.decision]
        return ko if self.lang == "ko" else en

    @property
    def symbol(self) -> str:
        """The decision as a sign: a check mark, a cross or a question mark."""
        return _LOOK[self.decision][0]

    @property
    def numbers(self) -> dict[str, str]:
        """The `estimate` in its unit, `low`, `high` and `delta` as readers see them; `threshold` is delta in its unit.

        They are rounded alike; shares are shown in %, differences of shares in percentage points.
        """
        factor, unit = _shown_in(self.unit)
        mark, *found = (factor * value for value in (self.delta, self.estimate, self.low, self.high))
        estimate, low, high = format_together(*found, mark=mark)
        ends = {"low": low, "high": high, "delta": format_number(mark)}
        return {"estimate": joined(estimate, unit), **ends, "threshold": with_unit(mark, unit)}

    @property
    def interval_text(self) -> str:
        """The estimate with its interval and the smallest effect that matters, in a sentence; empty if undefined."""
        if not math.isfinite(self.estimate):
            return ""
        level = f"{self.level:.0%}".removesuffix("%")
        return _WORDS[self.lang]["interval"].format(measure=self.measure, level=level, **self.numbers)

    def to_markdown(self) -> str:
        """Return the card as Markdown."""
        lines = [
            f"**{self.symbol} {self.headline}** — {self.text}",
            self.interval_text,
            self.reason,
            f"*{self.limits}*",
        ]
        note = f"*{_WORDS[self.lang]['method_check']}*" if self.method_check else ""
        return "\n\n".join(line for line in (f"**{self.question}**", *lines, note) if line.strip("*"))

    def to_html(self) -> str:
        """Return the card as HTML: every text escaped, colours inline so that JupyterLab shows what the page shows."""
        colour = _LOOK[self.decision][1]
        words = _WORDS[self.lang]
        rows = [
            f'<p class="smm-question" style="margin:0;opacity:.75">{escape(self.question)} '
            f"<small>({words['claim']} {escape(', '.join(self.claims))})</small></p>",
            f'<p class="smm-answer" style="margin:.35em 0;font-size:1.15em"><strong class="smm-decision" '
            f'style="background:{colour};color:#fff;border-radius:.3em;padding:.1em .5em;margin-right:.4em">'
            f"{self.symbol} {escape(self.headline)}</strong> {escape(self.text)}</p>",
        ]
        rows += [f'<p style="margin:.2em 0">{escape(t)}</p>' for t in (self.interval_text, self.reason) if t]
        notes = [f"{words['limits']}: {self.limits}"] if self.limits else []
        notes += [words["method_check"]] if self.method_check else []
        rows += [f'<p style="margin:.2em 0;opacity:.75"><small>{escape(note)}</small></p>' for note in notes]
        style = f"border-left:.35em solid {colour};padding:.6em 1em;margin:.6em 0;max-width:52em"
        return f'<div class="smm-verdict" lang="{self.lang}" style="{style}">{"".join(rows)}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/plain": f"{self.headline}: {self.text}",
            "text/markdown": self.to_markdown(),
            "text/html": self.to_html(),
            MIMETYPE: self.to_dict(),
        }


def decide(low: float, high: float, delta: float) -> Decision:
    """Hold an interval against the smallest effect that matters (판정 규칙, CLAIMS).

    More must favour the claim. *supported* if the low end is beyond `delta`, *not supported* if the high end is short
    of it, otherwise *cannot tell*, also where an end is not a number.

    >>> decide(0.2, 0.6, 0.1), decide(-0.3, 0.05, 0.1), decide(0.05, 0.6, 0.1)
    ('supported', 'not_supported', 'cannot_tell')
    """
    if low > delta:
        return "supported"
    return "not_supported" if high < delta else "cannot_tell"


class Effect(Protocol):
    """What a model estimated (효과): more favours the claim; `low` to `high` is a two-sided interval at `level`.

    `n` is how many units it rests on; `reason` says, in each language, why there is no estimate that can decide, and is
    empty if there is one.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    reason: Mapping[Lang, str]


def judge(
    key: str,
    effect: Effect,
    *,
    delta: float,
    n_unit: str = "customers",
    synthetic: bool,
    lang: Lang = "en",
    currency: str = "",
    table: pd.DataFrame | None = None,
    would_decide: Mapping[Lang, str] | None = None,
) -> Verdict:
    """Answer one question of `questions.toml` (판정하기).

    Parameters
    ----------
    key
        The question's key; its claims, unit and sentences come from `questions.toml`.
    effect
        The estimate with its interval, in the question's unit. One with a `reason` (never varied, confounded, too few
        weeks) is a *cannot tell* whatever its interval says.
    delta
        The smallest effect that matters, in the same unit.
    n_unit
        What `effect.n` counts, a glossary key: a *cannot tell* says how many would decide at the same noise.
    synthetic
        Whether the data are simulated: then the verdict is a method check.
    currency
        What money is counted in, such as KRW, where the question's unit is money.
    table
        The numbers behind the answer, kept beside it.
    would_decide
        What would decide, in each language, where that is not more of `n_unit` at the same noise.

    Raises
    ------
    KeyError
        Unknown `key`.
    ValueError
        If low > high, the estimate lies outside its interval, or the level outside (0, 1).

    """
    question = _question(key)
    _check(effect)
    decision: Decision = "cannot_tell" if effect.reason else decide(effect.low, effect.high, delta)
    why = effect.reason or would_decide
    measure = term(question["measure"])
    unit = in_currency(measure.unit(lang), currency, lang)
    reason = why[lang] if why else _what_would_decide(effect, delta, unit, n_unit, lang)
    return Verdict(
        claims=tuple(question["claims"]),
        question=question[f"question_{lang}"],
        decision=decision,
        estimate=float(effect.estimate),
        low=float(effect.low),
        high=float(effect.high),
        level=effect.level,
        unit=unit,
        delta=delta,
        reason=reason if decision == "cannot_tell" else "",
        text=question[f"{decision}_{lang}"],
        limits=question[f"limits_{lang}"],
        method_check=synthetic,
        measure=per_million(measure.name(lang), currency, lang),
        key=key,
        lang=lang,
        currency=currency if _names_money(measure) else "",
        table=table,
    )


def _names_money(measure: Term) -> bool:
    """Whether a measure's name or unit says of which currency it is, once there is one."""
    return per_million(measure.en, "?") != measure.en or in_currency(measure.unit_en, "?") != measure.unit_en


def format_number(value: float) -> str:
    """Return a number as cards show it: three significant digits, thousands separated, a true minus sign.

    >>> format_number(-0.012345), format_number(18713.2), format_number(0)
    ('−0.0123', '18,713', '0')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "–"
    decimals = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def format_together(estimate: float, low: float, high: float, *, mark: float = math.nan) -> tuple[str, str, str]:
    """Return a number and the ends of its interval with as many decimals as the interval's width deserves.

    Two digits of the width are shown; more of an end that would look as if it lay at `mark`, the effect that matters.

    >>> format_together(54.97, 28.2, 81.7), format_together(0.219, -0.000733, 0.712)
    (('55', '28', '82'), ('0.22', '0.00', '0.71'))
    >>> format_together(77.82, 10.03, 145.8, mark=10)
    ('78', '10.03', '146')
    """
    told = [value for value in (estimate, low, high) if math.isfinite(value)]
    width = max(told, default=0) - min(told, default=0)
    if not width:
        return format_number(estimate), format_number(low), format_number(high)
    least = max(0, 1 - math.floor(math.log10(width)))
    return _clear(estimate, least, mark), _clear(low, least, mark), _clear(high, least, mark)


def with_unit(value: float, unit: str) -> str:
    """Return a number as `format_number` shows it, with its unit; percent signs and Korean units stand close.

    >>> with_unit(59.3, "%"), with_unit(2.0, "weeks"), with_unit(2.0, "주"), with_unit(1, "people a week")
    ('59.3%', '2 weeks', '2주', '1 person a week')
    """
    return joined(format_number(value), unit)


def joined(number: str, unit: str) -> str:
    """Return a number that is text already with its unit, as `with_unit` does."""
    unit = _of_one(unit) if number.lstrip("−") == "1" else unit
    short = len(re.split(r"[(/]", unit)[0]) <= 2  # a counter such as 명, 회, 시간, not a word such as 표준편차
    close = unit.startswith("%") or ("가" <= unit[:1] <= "힣" and short)
    return f"{number}{'' if close else ' '}{unit}".strip()


def _of_one(unit: str) -> str:
    """Return an English unit as it stands behind a one; others have no plural."""
    if unit.startswith("percentage"):
        return unit.removesuffix("s")
    return re.sub(r"^people\b", "person", re.sub(r"^([a-z]+)s\b", r"\1", unit))


def _clear(value: float, least: int, mark: float) -> str:
    """Return a number with so many decimals, and up to three more while it looks like `mark` and is not.

    What is nothing at all has none: 0.000 would look as if it had been rounded.
    """
    if value == 0:
        return "0"
    told = math.isfinite(value) and value != mark
    enough = (d for d in range(least, least + 4) if not told or round(value, d) != mark)
    return _fixed(value, next(enough, least))


def _fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals, and no minus sign before a zero."""
    if not math.isfinite(value):
        return format_number(value)
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", "−")


def _check(effect: Effect) -> None:
    if effect.low > effect.high or effect.estimate < effect.low or effect.estimate > effect.high:
        raise ValueError(f"an estimate lies between low and high; given {effect}")
    if not 0 < effect.level < 1:
        raise ValueError(f"level is a share between 0 and 1, such as 0.90; given {effect.level}")


def _shown_in(unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which numbers of a unit are shown: shares in %."""
    return _PARTS.get(unit, (1, unit))


def _what_would_decide(effect: Effect, delta: float, unit: str, n_unit: str, lang: Lang) -> str:
    """Say why an interval does not decide, and from how many units on it would if the estimate stayed as it is.

    The width of an interval shrinks with the root of their number.
    """
    words = _WORDS[lang]
    if not all(math.isfinite(x) for x in (effect.estimate, effect.low, effect.high)):
        return words["undefined"]
    distance = effect.estimate - delta
    side = effect.estimate - effect.low if distance > 0 else effect.high - effect.estimate
    factor = (side / distance) ** 2 if distance else math.inf
    far = n_unit == "weeks" and effect.n * (factor - 1) > _PATIENCE
    decides = words["needs_many" if factor > 100 else "needs_years" if far else "needs"]
    more = _about(float(f"{effect.n * factor:.2g}"), n_unit, lang) if factor <= 100 else ""
    have = format_number(effect.n) + (_COUNTED_KO.get(n_unit, ("", ""))[1] if lang == "ko" else "")
    times, shown = _shown_in(unit)
    return f"{words['straddles']} {decides}".format(delta=with_unit(times * delta, shown), more=more, have=have)


def _about(number: float, n_unit: str, lang: Lang) -> str:
    """Return about how many of a unit, as the language counts them."""
    name, said = term(n_unit).name(lang), format_number(number)
    if lang == "en":
        return f"about {said} {name.lower()}"
    before, behind = _COUNTED_KO.get(n_unit, (f"{name} ", ""))
    return f"{before}약 {said}{behind}"


@cache
def questions() -> dict[str, dict[str, Any]]:
    """Return all of `questions.toml` by key (질문 모음)."""
    return tomllib.loads(files("smm_analysis").joinpath("questions.toml").read_text(encoding="utf-8"))


def _question(key: str) -> dict[str, Any]:
    try:
        return questions()[key]
    except KeyError:
        raise KeyError(f"questions.toml has no question {key!r}; it has {', '.join(questions())}") from None


def _round(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
