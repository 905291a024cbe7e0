"""The words of pages and index that are not the notebooks' own, from `words.toml` (쪽의 문구)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files

from smm_analysis.terms import Lang


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """Return all of them in one language, by key."""
    text = files("smm_analysis.report").joinpath("words.toml").read_text(encoding="utf-8")
    return {key: both[lang] for key, both in tomllib.loads(text).items()}


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
