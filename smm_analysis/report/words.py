"""The words of pages and index that are not the notebooks' own, and what the runner says (쪽의 문구).

Both stand in `words.toml`: `words(lang)` are those of a page, `told("key", ...)` is a sentence in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from unicodedata import east_asian_width

from smm_analysis.terms import Lang
from smm_analysis.told import Words, read

told = Words("smm_analysis.report")


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """Return all of them in one language, by key."""
    return {key: both[lang] for key, both in read("smm_analysis.report").items()}


def when(stamp: str, zone: tzinfo | None = None) -> str:
    """Return a run's stamp as a reader's time, by the clock of the machine, and how far that is from UTC; or a dash.

    >>> from datetime import timedelta, timezone
    >>> when("20261123T123456789Z", timezone(timedelta(hours=9)))
    '2026-11-23 21:34 (UTC+09:00)'
    """
    if not stamp:
        return "–"
    at = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).astimezone(zone)
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"


def columns_of(text: str) -> int:
    """Count the columns a text takes in a terminal: a Korean letter takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
