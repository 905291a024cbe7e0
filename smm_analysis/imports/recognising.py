"""Which export a file is (내보내기 알아보기): by its header or, in JSON, by the paths found in its first records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from smm_analysis.imports import reading
from smm_analysis.imports.mapping import OWN, Source, plain
from smm_analysis.imports.reading import Sheet
from smm_analysis.imports.records import json_sheet
from smm_analysis.imports.summary import Tally
from smm_analysis.imports.words import told
from smm_analysis.tables import CONTRACT, DataError
from smm_analysis.tables.faults import Problem, refuse
from smm_analysis.told import Told, joined

_OFTEN_GIVEN = {"medium", "kind", "role", "author_role"}  # what an export may lack and the user must say: a later error


@dataclass(frozen=True)
class Choice:
    """What to choose from (후보): the exports, the columns that the user gives, and the encoding if one is said."""

    known: Mapping[str, Source]
    given: frozenset[str] = frozenset()
    encoding: str = ""


def understood(path: Path, choice: Choice) -> list[tuple[Sheet, Source, int]]:
    """Return the sheets of a file with the export that each is, and the header's row; DataError if none fits."""
    kind = reading.kind_of(path)
    if not any(kind in source.formats for source in choice.known.values()):
        known = [(source.name, joined(source.formats, " or ", ko=", ")) for source in choice.known.values()]
        named = joined(told("source_is", name=name, formats=formats) for name, formats in known)
        raise refuse(path.name, told("found_by_bytes", kind=kind), named, told("another_source"))
    if kind == "json":
        return [_json(path, choice)]
    sheets = reading.xlsx_sheets(path) if kind == "xlsx" else reading.csv_sheets(path, encoding=choice.encoding)
    fits = [fit for sheet in sheets for fit in _fits(sheet, kind, choice)]
    if kind == "xlsx":
        sheets_found = [_best(path, [fit for fit in fits if fit[0] is sheet], choice) for sheet in sheets]
        found = [one for one in sheets_found if one]
    else:
        best = _best(path, fits, choice)
        found = [best] if best else []
    if not found:
        raise _unknown(path, sheets, kind, choice)
    return found


def _fits(sheet: Sheet, kind: str, choice: Choice) -> list[tuple[Sheet, Source, int, int]]:
    """Return every (sheet, export, header row, score) that would do."""
    return [
        (sheet, source, number, source.score(heads))
        for number, row in enumerate(sheet.head)
        if (heads := {plain(cell) for cell in row if cell})
        for source in choice.known.values()
        if kind in source.formats and not _other_sheet(sheet, source)
        if source.score(heads) >= 2 and not source.lacking(heads, choice.given | _OFTEN_GIVEN)
    ]


def _other_sheet(sheet: Sheet, source: Source) -> bool:
    """Whether a workbook's sheet has the name of another of our tables; one named Sheet1 may be any."""
    name = source.name.removeprefix(f"{OWN}:")
    return source.name != name and sheet.name != name and sheet.name in CONTRACT


def _best(path: Path, fits: list, choice: Choice) -> tuple | None:
    """Return the export with the most columns; two that are as good are an error."""
    top = [fit for fit in fits if fit[3] == max(score for *_, score in fits)]
    names = sorted({source.name for _, source, _, _ in top})
    if len(names) > 1:
        found = told("fits_several", names=", ".join(names))
        raise refuse(path.name, found, told("one_export"), told("say_which_export"), line=top[0][2] + 1)
    return top[0][:3] if top else None


def _json(path: Path, choice: Choice) -> tuple[Sheet, Source, int]:
    """Return the JSON export whose paths are found in the first records."""
    fits, seen = [], set()
    for source in (one for one in choice.known.values() if "json" in one.formats):
        sheet = json_sheet(path, source, choice.encoding)
        first = [row for _, row in islice(sheet.rows(Tally(), 0, 0), 50)]
        heads = {plain(name) for at, name in enumerate(source.headings) if any(row[at] is not None for row in first)}
        seen |= heads
        if not source.lacking(heads, choice.given | _OFTEN_GIVEN):
            fits.append((sheet, source, 0, source.score(heads)))
    best = _best(path, fits, choice)
    if best is None:
        found = told("json_with", paths=", ".join(sorted(seen)) or told("no_path"))
        raise refuse(path.name, found, _one_of(choice, "json"), told("own_mapping"))
    return best


def _one_of(choice: Choice, kind: str) -> Told:
    names = (s.name for s in choice.known.values() if kind in s.formats and not s.name.startswith(f"{OWN}:"))
    return told("one_of", names=", ".join(names) or OWN)


def _unknown(path: Path, sheets: list[Sheet], kind: str, choice: Choice) -> DataError:
    """Say which headings were seen and, for the export that comes nearest, what it lacks."""
    unsure = told("encoding_right") if choice.encoding else None
    near = _nearest(sheets, [source for source in choice.known.values() if kind in source.formats])
    if not near:
        return refuse(path.name, told("no_header"), told("a_header"), unsure or told("right_file"))
    source, sheet, number, heads = near
    shown = _shown(sheet, number)
    found = told("headings", names=shown) if shown else told("headings_not_shown", n=len(heads))
    fix = unsure or told("draft_fix", file=path.name)
    problems = [Problem(path.name, number + 1, "", found, _one_of(choice, kind), fix)]
    if source.score(heads):
        problems.append(_near(path, number, source, heads))
    return DataError(told("unknown_export", file=path.name), problems)


def _nearest(sheets: list[Sheet], sources: list[Source]) -> tuple[Source, Sheet, int, set[str]] | None:
    """Return the export and the line that fit best: with its sheet, its number from 0 and its headings."""
    lines = [
        (sheet, number, {plain(cell) for cell in row if cell})
        for sheet in sheets
        for number, row in enumerate(sheet.head)
        if len([cell for cell in row if cell]) > 1
    ]
    fits = [(source, *line) for line in lines for source in sources]
    return max(fits, key=lambda fit: (fit[0].score(fit[3]), -len(fit[0].lacking(fit[3]))), default=None)


def _shown(sheet: Sheet, number: int) -> str:
    """Return a row's cells if they look like headings and some row below looks otherwise; "" for what may be data."""
    below = [row for row in sheet.head[number + 1 :] if any(row)]
    if not _like_headings(sheet.head[number]) or all(map(_like_headings, below)):
        return ""
    return ", ".join(repr(str(cell)) for cell in sheet.head[number] if cell)[:400]


def _like_headings(row: list[str | None]) -> bool:
    """Whether all cells are short, each another, without addresses, longer numbers or bytes of another encoding."""
    cells = [str(cell) for cell in row if cell]
    odd = re.compile(r"[@\ufffd\udc80-\udcff]|://|\d{3}|^\d+$")
    return len(set(cells)) == len(cells) and not any(len(cell) > 40 or odd.search(cell) for cell in cells)


def _near(path: Path, number: int, source: Source, heads: set[str]) -> Problem:
    """Say what the nearest export still lacks."""
    lacking = source.lacking(heads, _OFTEN_GIVEN)
    wanted = []
    for column in lacking:
        table, _, name = column.partition(".")
        target = next(target for target in source.targets if target.table.name == table)
        spec = target.fields.get("author" if name == "author_key" and "author" in target.fields else name)
        heads = joined(map(repr, spec.headings), " or ", ko=", ") if spec and spec.headings else told("no_heading")
        wanted.append(told("column_under", column=column, heads=heads))
    found = told("nearest", name=source.name, columns=joined(wanted))
    return Problem(path.name, number + 1, "", found, source.title, told("nearest_fix"))
