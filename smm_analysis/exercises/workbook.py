"""A student's workbook for one case (연습장): guesses first, then answers, and what each is told."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from smm_analysis.exercises.checking import Truth, as_number, diagnose
from smm_analysis.terms import Lang, label
from smm_analysis.verdict import with_unit

if TYPE_CHECKING:
    import pandas as pd

Texts = Mapping[str, Any]
_COLOURS = {True: "#00694f", False: "#a8420b", None: "#55585c"}
_SIGNS = {True: "✓", False: "×", None: "…"}


@dataclass(frozen=True)
class Feedback:
    """What a student is told (피드백): `right` is None where nothing was judged; `why` is the key of the hint."""

    name: str
    text: str
    right: bool | None
    why: str
    lang: Lang = "en"

    def to_html(self) -> str:
        """Return it as HTML, every text escaped."""
        colour, sign = _COLOURS[self.right], _SIGNS[self.right]
        style = f"border-left:.35em solid {colour};padding:.4em 1em;margin:.4em 0;max-width:52em"
        name = f'<span style="opacity:.75">{escape(self.name)}</span>'
        return (
            f'<div class="smm-feedback" lang="{self.lang}" style="{style}">{name}<br>'
            f'<strong style="color:{colour}">{sign}</strong> {escape(self.text)}</div>'
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": f"{_SIGNS[self.right]} {self}", "text/html": self.to_html()}


@dataclass(frozen=True)
class Feedbacks:
    """Several of them, one below the other (피드백 모음)."""

    several: tuple[Feedback, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.several))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": "".join(one.to_html() for one in self.several)}


@dataclass
class _Page:
    """What the workbook holds of one exercise."""

    guess: float | str | None = None
    answer: float | str | None = None
    right: bool = False
    tries: int = 0
    truth: Truth | None = field(default=None, repr=False)


class Workbook:
    """A student's guesses and answers in one case (연습장).

    Parameters
    ----------
    case : the notebook's name, such as "colour_tv_1963"
    lang : what hints are written in

    Examples
    --------
    >>> work = Workbook("nokia_somebody_elses_phone")
    >>> print(work.guess(story_lead=5))
    Simulated lead of the whole story: Your guess is noted: 5%. You will meet it again when your answer is right.
    """

    def __init__(self, case: str, lang: Lang = "en") -> None:
        self.case, self.lang = case, lang
        self.texts = texts_of(case)
        self._pages = {key: _Page() for key in self.texts}

    def guess(self, **guesses: Any) -> Feedbacks:
        """Note guesses before anything is computed, by exercise; three dots note nothing (먼저 추측하기).

        Raises
        ------
        KeyError
            An exercise that this case does not have.
        """
        return Feedbacks(tuple(self._noted(key, value) for key, value in guesses.items()))

    def _noted(self, key: str, value: Any) -> Feedback:
        page = self._page(key)
        if value is ...:
            return self._say(key, "no_guess")
        given, wrong = self._read(key, value)
        if wrong:
            return self._say(key, wrong)
        page.guess = given
        return self._say(key, "guessed", given=self._shown(key, given))

    def check(self, key: str, answer: Any = ..., *found: Any, **more: Any) -> Feedback:
        """Hold an answer against the truth, which is worked out from what the notebook `found` (답 확인하기).

        A wrong answer is told why it is off; the truth itself is never told.

        Raises
        ------
        KeyError
            An exercise that this case does not have.
        """
        page = self._page(key)
        if answer is ...:
            return self._say(key, "no_answer")
        page.truth = _truth_if_any(self.case, key, *found, **more)
        if page.truth is None:
            return self._say(key, "no_truth")
        given, wrong = self._read(key, answer)
        if wrong:
            return self._say(key, wrong)
        why = diagnose(given, page.truth)
        page.answer, page.right, page.tries = given, why == "right", page.tries + 1
        return self._judged(key, why)

    def table(self) -> pd.DataFrame:
        """Return guesses and answers side by side, an exercise a row (추측과 답 비교)."""
        import pandas as pd

        rows = [
            {
                label("exercise", self.lang): self._text(key, "name"),
                label("guessed", self.lang): self._shown(key, page.guess),
                label("answered_right", self.lang): self._shown(key, page.answer) if page.right else "–",
                label("tries", self.lang): page.tries,
            }
            for key, page in self._pages.items()
        ]
        return pd.DataFrame(rows).set_index(label("exercise", self.lang))

    def _judged(self, key: str, why: str) -> Feedback:
        if why == "right":
            return self._say(key, "right", self._text(key, "right"), self._met_again(key), right=True)
        own = self.texts[key].get("traps", {}).get(why)
        if own:
            return Feedback(self._text(key, "name"), own[self.lang], False, why, self.lang)
        return self._say(key, why, self._text(key, "otherwise"), right=False)

    def _met_again(self, key: str) -> str:
        """Say how the guess compares with the right answer, if there was one."""
        page = self._pages[key]
        if page.guess is None:
            return ""
        same = page.guess == page.truth.value if page.truth.is_choice else diagnose(page.guess, page.truth) == "right"
        words = texts_of("general")["guess_was_right" if same else "guess_was_off"][self.lang]
        return words.format(guess=self._shown(key, page.guess))

    def _say(self, key: str, why: str, *more: str, right: bool | None = None, **values: str) -> Feedback:
        general = texts_of("general")[why][self.lang].format(choices=self._choices(key), **values)
        text = " ".join(part for part in (general, *more) if part)
        return Feedback(self._text(key, "name"), text, right, why, self.lang)

    def _read(self, key: str, given: Any) -> tuple[float | str, str]:
        """Return what was given as the exercise wants it, and the key of a complaint, if any."""
        choices = self.texts[key].get("choices")
        if not choices:
            return as_number(given)
        return (given, "") if isinstance(given, str) and given in choices else ("", "no_choice")

    def _shown(self, key: str, given: float | str | None) -> str:
        if given is None:
            return "–"
        if isinstance(given, str):
            return self.texts[key]["choices"][given][self.lang]
        return with_unit(given, self._text(key, "unit"))

    def _choices(self, key: str) -> str:
        choices = self.texts[key].get("choices", {})
        return "; ".join(f'"{name}" ({words[self.lang]})' for name, words in choices.items())

    def _text(self, key: str, part: str) -> str:
        return self.texts[key].get(part, {}).get(self.lang, "")

    def _page(self, key: str) -> _Page:
        try:
            return self._pages[key]
        except KeyError:
            raise KeyError(f"{self.case} has no exercise {key!r}; it has {', '.join(self._pages)}") from None


def truth_of(case: str, key: str, *found: Any, **more: Any) -> Truth:
    """Return the truth of one exercise, worked out by the function of its name in the case's module (정답 계산)."""
    return getattr(import_module(f"smm_analysis.exercises.{case}"), key)(*found, **more)


def _truth_if_any(case: str, key: str, *found: Any, **more: Any) -> Truth | None:
    """Return the truth, or None where the notebook's parameters leave nothing to work it out from."""
    try:
        truth = truth_of(case, key, *found, **more)
    except (IndexError, KeyError):
        return None
    return truth if truth.is_choice or math.isfinite(truth.value) else None


@cache
def texts_of(case: str) -> Texts:
    """Return the words of a case's exercises by key, or the general ones; an unknown case is a ValueError."""
    source = files("smm_analysis.exercises").joinpath(f"{case}.toml")
    if not source.is_file():
        raise ValueError(f"there are no exercises for {case!r}; there are for {', '.join(cases())}")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def cases() -> list[str]:
    """Return the cases that have exercises (연습이 있는 사례)."""
    found = (entry.name for entry in files("smm_analysis.exercises").iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml") and name != "general.toml")
