"""What a Korean telling should be, for tests: `english_left(text)` returns what in it was not put into Korean."""

from __future__ import annotations

import re

ENGLISH = r"(?<![\w./:-])(?:the|is|are|was|were|of|in|with|by|not|rows|empty|allowed|there|once|each)(?![\w./:-])"
SHOWN = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`"  # values of the data, commands
LIBRARY = r"\([^가-힣]*\)"  # a library's own words stand in brackets


def english_left(korean: str) -> list[str]:
    """Return the lines of a telling that have no Korean, are marked as English, or hold English words."""
    return [line for line in korean.splitlines() if _english(re.sub(SHOWN, "", line))]


def _english(line: str) -> bool:
    return not re.search("[가-힣]", line) or "영문" in line or bool(re.search(ENGLISH, re.sub(LIBRARY, "", line)))
