"""What went wrong with a log or its engine (로그와 엔진의 오류), in words a person can act on."""

from __future__ import annotations

from smm_analysis.terms import Lang
from smm_analysis.told import in_language

from .words import told


class PanelError(ValueError):
    """Logs that cannot be aggregated as they are, or an engine that cannot do it (패널 오류). It reads as English."""

    @property
    def what(self) -> str:
        """The sentence that says so."""
        return self.args[0]

    def told(self, lang: Lang) -> str:
        """Return the message in a language (오류 안내)."""
        return in_language(self.what, lang)


class BrokenPart(PanelError):
    """One part of a log that cannot be used (쓸 수 없는 조각): which, what is wrong, what is allowed, what to do."""

    def __init__(self, part: str, found: str, allowed: str, fix: str, *, column: str = ""):
        self.part, self.found, self.allowed, self.fix, self.column = part, found, allowed, fix, column
        super().__init__(part, found, allowed, fix)

    @property
    def what(self) -> str:
        """The sentence that says so, with the place."""
        place = told("at_column", part=self.part, column=self.column) if self.column else self.part
        return told("broken_part", place=place, found=self.found, allowed=self.allowed, fix=self.fix)

    def __str__(self) -> str:
        return str(self.what)
