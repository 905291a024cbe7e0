"""What is wrong with a data set (문제), and the error that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from smm_analysis.tables.words import told
from smm_analysis.terms import Lang
from smm_analysis.told import Told, in_language, joined

SHOWN = 5  # how many bad rows a problem names before it only counts
WIDTH = 60  # how much of a value is shown


def shortened(value: object) -> str:
    """Return a value as a person may safely see it: quoted, one line, at most 60 characters."""
    if value is None or value != value:
        return told("empty")
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

    def told(self, lang: Lang) -> str:
        """Return the problem as a sentence in a language (문제를 한 문장으로)."""
        return in_language(self._sentence(), lang)

    def __str__(self) -> str:
        return str(self._sentence())

    def _sentence(self) -> Told:
        unit = "row" if self.file.endswith(".parquet") else "line"  # Parquet has no lines
        place = [self.file]
        place += [told(f"at_{unit}", n=self.line)] if self.line else []
        what = "at_entry" if self.file.endswith(".toml") else "at_column"
        place += [told(what, name=self.column)] if self.column else []
        more = [told(f"also_{unit}", n=line, value=value) for line, value in self.also]
        more += [told("in_all", count=f"{self.count:,}")] if self.count > 1 else []
        found = told("and_more", value=self.value, more=joined(more, "; ")) if more else self.value
        return told("problem", place=joined(place), found=found, allowed=self.allowed, fix=self.fix)


class DataError(ValueError):
    """A data set that cannot be used as it is (데이터 오류); `problems` lists why. It reads as English.

    >>> problem = Problem("weekly.csv", 3, "units", "'x'", "a number", "Correct it.")
    >>> print(DataError("the data set is refused", [problem]))
    the data set is refused: 1 problem
      weekly.csv, line 3, column units: 'x'. Allowed: a number. Correct it.
    """

    def __init__(self, what: str, problems: Iterable[Problem] = ()):
        self.what, self.problems = what, list(problems)
        super().__init__(what, self.problems)  # both, so that the error survives pickling

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Lang) -> str:
        """Return the message in a language (오류 안내): what it is about, then a line a problem."""
        n = len(self.problems)
        head = told("refused", what=self.what, n=n, s="s" * (n != 1)) if n else self.what
        return "\n".join([in_language(head, lang), *(f"  {problem.told(lang)}" for problem in self.problems)])

    def named(self, name: str) -> Self:
        """Return the same error as the one of a report or a notebook (이름을 붙인 오류)."""
        return type(self)(told("of", name=name, what=self.what), self.problems)

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback: the mistake is in the data, not in the code."""
        head = joined([told("not_usable").korean, told("not_usable")], " · ")
        both = dict.fromkeys([self.told("ko"), self.told("en")])  # once, where there is no Korean
        return [head, *"\n".join(f"• {message}" for message in both).splitlines()]


class MissingTable(DataError, AttributeError):
    """A table that the data set does not have; an AttributeError too, so that `hasattr` answers False."""


class NoRows(DataError):
    """A table with a header and nothing below it: as good as none (행이 없는 표)."""

    @classmethod
    def of(cls, file: str) -> NoRows:
        """Return the error for a file, or a folder of parts."""
        return cls(told("no_rows", file=file))


def refused(path: Path, problems: Iterable[Problem]) -> DataError:
    """Return the error for a data set that is not in order (쓸 수 없는 데이터), with all that is wrong."""
    return DataError(told("data_refused", path=path), problems)


def refuse(file: str, value: str, allowed: str, fix: str, *, line: int | None = None, column: str = "") -> DataError:
    """Return the error for a file that cannot be read at all."""
    return DataError(told("unreadable", file=file), [Problem(file, line, column, value, allowed, fix, count=1)])
