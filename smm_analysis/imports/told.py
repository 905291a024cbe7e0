"""What an import says, in every language (가져오기의 말): sentences by key from `words.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from smm_analysis.terms import Lang


class Told(str):
    """A sentence in English, as all the rest of the package reads it, that knows itself in Korean."""

    __slots__ = ("korean",)
    korean: str

    @classmethod
    def of(cls, en: str, ko: str) -> Told:
        """Return the sentence in both languages."""
        told = cls(en)
        told.korean = ko
        return told


def told(key: str, /, **values: object) -> Told:
    """Return the sentence `key` of `words.toml`, filled in; values that are sentences speak its language.

    >>> in_language(told("at", file="a.csv", table="posts", what=told("none_kept", read=3)), "ko")
    'a.csv → posts: 3행을 모두 저장하지 못했습니다. 아래의 이유를 보십시오'
    """
    both = _words()[key]
    ko = {name: in_language(value, "ko") if isinstance(value, str) else value for name, value in values.items()}
    return Told.of(both["en"].format(**values), both["ko"].format(**ko))


def in_language(text: str, lang: Lang) -> str:
    """Return a sentence in a language; names, ids and what has no other words stay as they are."""
    return text.korean if lang == "ko" and isinstance(text, Told) else str(text)


def heard(text: str) -> Told:
    """Return what the table contract says in English as a sentence that knows its Korean, by patterns of `words.toml`.

    >>> in_language(heard("a whole number, 0 to 10"), "ko")
    '정수(0~10)'
    """
    if isinstance(text, Told):
        return text
    for pattern, ko in _phrases():
        if match := pattern.fullmatch(text):
            return Told.of(text, ko.format(*(part or "" for part in match.groups())).strip())
    return Told.of(text, f"(영문) {text}" if text else "")


@cache
def _read() -> Mapping[str, Any]:
    return tomllib.loads(files("smm_analysis.imports").joinpath("words.toml").read_text(encoding="utf-8"))


def _words() -> Mapping[str, Mapping[Lang, str]]:
    return _read()["words"]


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(one["en"], re.DOTALL), one["ko"]) for one in _read()["phrase"])
