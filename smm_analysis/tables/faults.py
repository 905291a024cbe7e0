"""What is wrong with a data set (문제), and the error that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smm_analysis.tables.friendly import told

SHOWN = 5  # how many bad rows a problem names before it only counts
WIDTH = 60  # how much of a value is shown


def shortened(value: object) -> str:
    """Return a value as a person may safely see it: quoted, one line, at most 60 characters."""
    if value is None or value != value:
        return "(empty)"
    text = repr(str(value)[: WIDTH + 1])
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + "...'"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (문제), with where it is, what is allowed and what to do.

    `line` counts as an editor does: the header is line 1, and a quoted line break counts. In Parquet it is the
    row number, from 1. `count` is how many rows have this problem; `also` names the next few as (line, value).
    """

    file: str
    line: int | None
    column: str
    value: str
    allowed: str
    fix: str
    count: int = 1
    also: tuple[tuple[int, str], ...] = ()

    @property
    def unit(self) -> str:
        """'row' in Parquet, which has no lines."""
        return "row" if self.file.endswith(".parquet") else "line"

    def __str__(self) -> str:
        place = [self.file]
        place += [f"{self.unit} {self.line}"] if self.line else []
        place += [f"column {self.column}"] if self.column else []
        also = "; ".join(f"{self.unit} {line} has {value}" for line, value in self.also)
        total = f"{self.count:,} rows in all" if self.count > 1 else ""
        more = "; ".join(part for part in (also, total) if part)
        return f"{', '.join(place)}: {self.value}{f' ({more})' if more else ''}. Allowed: {self.allowed}. {self.fix}"


class DataError(ValueError):
    """A data set that cannot be used as it is (데이터 오류); `problems` lists why.

    >>> problem = Problem("weekly.csv", 3, "units", "'x'", "a number", "Correct it.")
    >>> print(DataError("the data set is refused", [problem]))
    the data set is refused: 1 problem
      weekly.csv, line 3, column units: 'x'. Allowed: a number. Correct it.
    """

    def __init__(self, what: str, problems: Iterable[Problem] = ()):
        self.what, self.problems = what, list(problems)
        super().__init__(what, self.problems)  # both, so that the error survives pickling

    def __str__(self) -> str:
        number = len(self.problems)
        head = f"{self.what}: {number} problem{'s' * (number != 1)}" if number else self.what
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback: the mistake is in the data, not in the code."""
        return told(str(self))


class MissingTable(DataError, AttributeError):
    """A table that the data set does not have; an AttributeError too, so that `hasattr` answers False."""


class NoRows(DataError):
    """A table with a header and nothing below it: as good as none (행이 없는 표)."""

    @classmethod
    def of(cls, file: str) -> NoRows:
        """Return the error for a file, or a folder of parts."""
        return cls(f"{file}: no rows, only the header; read as if the table were not there")


def refuse(file: str, value: str, allowed: str, fix: str, *, line: int | None = None, column: str = "") -> DataError:
    """Return the error for a file that cannot be read at all."""
    return DataError(f"{file} cannot be read", [Problem(file, line, column, value, allowed, fix, count=1)])
