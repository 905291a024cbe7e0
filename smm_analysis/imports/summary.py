"""What an import did (가져오기 보고): rows read, kept and set aside, why and where; no handle, no text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.imports.words import told
from smm_analysis.terms import Lang
from smm_analysis.told import Told, in_language

if TYPE_CHECKING:
    import pandas as pd

FIRST = 5  # how many rows a reason names
HARMLESS = re.compile(  # dates, and ids that Excel cut: safe to show; any other number may be somebody's
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d\d))"
    r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?|\d(?:\.\d+)?E\+\d+"
)
COLUMNS = ("file", "source", "table", "read", "kept", "set_aside", "written", "replaced")


@dataclass
class Aside:
    """Why rows were set aside (제쳐 둔 이유): how many, the first places (lines or rows), and harmless values there."""

    why: str
    fix: str = ""
    column: str = ""
    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)


class Tally:
    """Counts what is set aside of one file and table, by reason."""

    def __init__(self) -> None:
        self.reasons: dict[tuple[str, str], Aside] = {}
        self.swallowing: list[int] = []  # rows kept of which a text holds what looks like other rows

    def aside(self, why: str, place: int, *, fix: str = "", column: str = "", value: object = "") -> None:
        """Set one row aside."""
        self.many(why, [place], fix=fix, column=column, values=[value])

    def many(
        self,
        why: str,
        places: Iterable[int],
        *,
        fix: str = "",
        column: str = "",
        values: Iterable[object] = (),
        count: int | None = None,
    ) -> None:
        """Set rows aside for one reason; `values` go with the first places.

        `count` is how many rows of the file they stand for, where several were folded into one.
        """
        places = list(places)
        if not places:
            return
        found = self.reasons.setdefault((why, column), Aside(why, fix, column))
        found.count += len(places) if count is None else count
        room = FIRST - len(found.first)
        shown = [safe(value) for value in values]
        shown += [""] * (len(places) - len(shown))
        found.first += list(zip(map(int, places[:room]), shown[:room], strict=True))

    @property
    def count(self) -> int:
        """Rows set aside."""
        return sum(aside.count for aside in self.reasons.values())


def safe(value: object) -> str:
    """Return a value if it can hold neither name nor text, else nothing.

    >>> safe("03/04/2025"), safe("1.78E+16"), safe("@somebody"), safe("010-1234-5678")
    ('03/04/2025', '1.78E+16', '', '')
    """
    text = "" if value is None or value != value else str(value)
    return text if HARMLESS.fullmatch(text) else ""


@dataclass(frozen=True)
class Part:
    """One file's rows for one table (파일과 표): read = kept + set aside.

    `written` are the rows of the table that they became; it is smaller than `kept` where messages fold into cases.
    `replaced` of them stand in the place of an earlier row with the same key.
    """

    file: str
    source: str
    table: str
    read: int
    kept: int
    written: int
    replaced: int
    asides: tuple[Aside, ...]

    @property
    def set_aside(self) -> int:
        """Rows set aside."""
        return sum(aside.count for aside in self.asides)


@dataclass(frozen=True, eq=False)
class ImportReport:
    """What an import did (가져오기 보고); `print(report)` is the report, `report.table` has a row a file and table.

    `notes` are what to know and `loud` what to look at before anything else. `path` is where the report lies as JSON,
    None for a dry run. It is printed in `lang`; its parts know both languages, and read as English.
    """

    out: Path
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    loud: tuple[str, ...] = ()
    dry_run: bool = False
    path: Path | None = None
    lang: Lang = "en"

    @property
    def table(self) -> pd.DataFrame:
        """A row a file and table: read, kept, set_aside (read = kept + set_aside), written, replaced."""
        import pandas as pd

        return pd.DataFrame([[getattr(part, name) for name in COLUMNS] for part in self.parts], columns=list(COLUMNS))

    @property
    def reasons(self) -> pd.DataFrame:
        """A row a reason: file, table, why, column, rows, first (places)."""
        import pandas as pd

        rows = [
            (p.file, p.table, a.why, a.column, a.count, ", ".join(str(place) for place, _ in a.first))
            for p in self.parts
            for a in p.asides
        ]
        return pd.DataFrame(rows, columns=["file", "table", "why", "column", "rows", "first"])

    def __str__(self) -> str:
        lines = [self._counts()]
        lines += [told("look", what=text) for text in self.loud]
        asides = [(part, aside) for part in self.parts for aside in part.asides]
        rows = f"{sum(aside.count for _, aside in asides):,}"
        lines += [told("aside_head", rows=rows)] if asides else []
        lines += [told("indented", what=_sentence(part, aside)) for part, aside in asides]
        lines += [told("notes_head"), *(told("indented", what=note) for note in self.notes)] if self.notes else []
        lines.append(told("dry_run_at" if self.dry_run else "written_at", out=self.out))
        return "\n".join(in_language(line, self.lang) for line in lines)

    def _counts(self) -> str:
        """The table, with headings of the language; a Hangul syllable is two columns wide."""
        import pandas as pd

        headings = {name: in_language(told(f"head_{name}"), self.lang) for name in COLUMNS}
        with pd.option_context("display.unicode.east_asian_width", True):
            return self.table.rename(columns=headings).to_string(index=False)

    def as_json(self) -> str:
        """Return the report as JSON, with no values but dates, cut ids and places."""
        parts = [
            {name: getattr(part, name) for name in COLUMNS} | {"reasons": [vars(aside) for aside in part.asides]}
            for part in self.parts
        ]
        whole = {"parts": parts, "look": list(self.loud), "notes": list(self.notes), "dry_run": self.dry_run}
        return json.dumps(whole, ensure_ascii=False, indent=1)


def _sentence(part: Part, aside: Aside) -> Told:
    """Say where, what, how many, and what to do."""
    places = ", ".join(f"{place} ({value})" if value else str(place) for place, value in aside.first)
    places += " ..." if aside.count > len(aside.first) else ""
    column = told("aside_column", column=aside.column) if aside.column else ""
    fix = told("after_blank", what=aside.fix) if aside.fix else ""
    found = {"file": part.file, "table": part.table, "column": column, "why": aside.why, "fix": fix}
    return told("aside_one", **found, rows=f"{aside.count:,}", s="s" * (aside.count != 1), places=places)
