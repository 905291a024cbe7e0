"""The words of pages and index that are not the notebooks' own, from `words.toml` (쪽의 문구)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from smm_analysis.terms import Lang


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """Return all of them in one language, by key."""
    text = files("smm_analysis.report").joinpath("words.toml").read_text(encoding="utf-8")
    return {key: both[lang] for key, both in tomllib.loads(text).items()}


def when(stamp: str) -> str:
    """Return a run's stamp as a reader's time; a dash for none.

    >>> when("20261123T123456789Z")
    '2026-11-23 12:34 UTC'
    """
    return datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").strftime("%Y-%m-%d %H:%M UTC") if stamp else "–"
