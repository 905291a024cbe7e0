"""Sentences that know both languages (두 언어로 하는 말): English to the code, Korean where it is asked.

A room keeps what it says in its own `words.toml`, by key, and says it with `Words`. A sentence may stand in another
one: each then speaks the language of the whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from smm_analysis.terms import Lang


class Told(str):
    """A sentence in English that knows itself in Korean; it goes through pickles and f-strings as a text does."""

    __slots__ = ("korean",)
    korean: str

    @classmethod
    def of(cls, en: str, ko: str) -> Told:
        """Return the sentence in both languages."""
        told = cls(en)
        told.korean = ko
        return told


@dataclass(frozen=True)
class Words:
    """What a room says (방의 말): called with a key of its `words.toml` it returns the sentence, filled in.

    >>> told = Words("smm_analysis.tables")
    >>> in_language(told("not_empty", what=told("form_whole")), "ko")
    '정수, 빈칸이 아닌 값'
    """

    room: str

    def __call__(self, key: str, /, **values: object) -> Told:
        """Return the sentence `key`; values that are sentences speak its language."""
        both = read(self.room)[key]
        ko = {name: in_language(value, "ko") if isinstance(value, str) else value for name, value in values.items()}
        return Told.of(both["en"].format(**values), both["ko"].format(**ko))


class ToldError(ValueError):
    """An error that says its one sentence in both languages (오류 안내); it reads as English."""

    def told(self, lang: Lang) -> str:
        """Return the message in a language."""
        return in_language(self.args[0], lang)


def in_language(text: str, lang: Lang) -> str:
    """Return a sentence in a language; names, ids and what has no other words stay as they are."""
    return text.korean if lang == "ko" and isinstance(text, Told) else str(text)


def joined(texts: Iterable[str], between: str = ", ", *, ko: str = "") -> Told:
    """Return sentences and names as one (이어 쓴 말), in both languages; `ko` stands between them in Korean if given.

    >>> in_language(joined(["a.csv", Told.of("a row", "한 행")], " + "), "ko")
    'a.csv + 한 행'
    """
    texts = list(texts)
    return Told.of(between.join(texts), (ko or between).join(in_language(text, "ko") for text in texts))


@cache
def read(room: str) -> Mapping[str, Mapping[Lang, str]]:
    """Return a room's sentences by key, in every language."""
    return tomllib.loads(files(room).joinpath("words.toml").read_text(encoding="utf-8"))
