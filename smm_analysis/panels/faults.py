"""What went wrong with a log or its engine (로그와 엔진의 오류), in words a person can act on."""

from __future__ import annotations


class PanelError(ValueError):
    """Logs that cannot be aggregated as they are, or an engine that cannot do it (패널 오류)."""


class BrokenPart(PanelError):
    """One part of a log that cannot be used (쓸 수 없는 조각): which, what is wrong, what is allowed, what to do."""

    def __init__(self, part: str, found: str, allowed: str, fix: str, *, column: str = ""):
        self.part, self.found, self.allowed, self.fix, self.column = part, found, allowed, fix, column
        super().__init__(part, found, allowed, fix)

    def __str__(self) -> str:
        place = f"{self.part}, column {self.column}" if self.column else self.part
        return f"{place}: {self.found}. Allowed: {self.allowed}. {self.fix}"
