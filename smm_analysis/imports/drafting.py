"""A mapping to start from, guessed from a file's headings (대응표 초안): for exports that nobody has mapped yet."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from smm_analysis.imports import reading
from smm_analysis.imports.mapping import AUTHOR, plain
from smm_analysis.imports.words import told
from smm_analysis.tables import CONTRACT, Column, DataError
from smm_analysis.tables.exporting import in_one_step
from smm_analysis.tables.faults import refuse

# columns whose value is rarely in an export and the same for all rows: what to write, and what else is allowed
_FIXED = {"line": "online", "source": "organic", "question": "recommend", "responder": "firm"}


def draft(file: str | Path, out: str | Path, *, encoding: str = "") -> str:
    """Write a mapping for a file into `out` and return its text (대응표 초안 쓰기).

    The table is the one of which most required columns have a heading that looks like them. What is guessed and what
    is missing stands in comments; nothing of the rows is in it.

    Raises
    ------
    DataError
        if the file is JSON, no heading looks like any of our columns, or `out` is there already.
    """
    path, out = Path(file), Path(out)
    if out.exists():
        raise DataError(told("draft_there", out=out))
    heads, table, found = max(_guesses(path, encoding), key=_fit, default=((), "", {}))
    if len(found) < 2:
        raise refuse(path.name, told("no_headings"), told("usual_headings"), told("usual_headings_fix"))
    text = "\n".join(_lines(path, heads, table, found, out)) + "\n"
    with in_one_step(out) as new:
        new.write_text(text, encoding="utf-8", newline="\n")
    return text


@cache
def _usual() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files("smm_analysis").joinpath("headings.toml").read_text(encoding="utf-8"))


def _guesses(path: Path, encoding: str) -> Iterator[tuple[Sequence[str], str, dict[str, str]]]:
    """Yield (headings, table, our column -> heading) for every line that may be the header, and every table."""
    kind = reading.kind_of(path) if path.is_file() else ""
    if kind not in ("csv", "xlsx"):
        raise refuse(str(path), kind or told("no_file"), told("csv_or_excel"), told("json_by_hand"))
    sheets = reading.xlsx_sheets(path) if kind == "xlsx" else reading.csv_sheets(path, encoding=encoding)
    for row in (row for sheet in sheets for row in sheet.head):
        heads = [str(cell) for cell in row if cell]
        for table, columns in _usual().items():
            yield heads, table, _matched(heads, columns)


def _matched(heads: Sequence[str], columns: dict[str, list[str]]) -> dict[str, str]:
    """Return the heading of each of our columns: whole words before parts of them, each heading once."""
    found: dict[str, str] = {}
    for same in (True, False):
        for column, words in columns.items():
            free = [head for head in heads if head not in found.values()]
            usual = [column, *words] if same else words  # a file may know our own names
            fits = (h for w in usual for h in free if (plain(w) == plain(h) if same else plain(w) in plain(h)))
            if column not in found and (head := next(fits, None)):
                found[column] = head
    return found


def _fit(guess: tuple[Sequence[str], str, dict[str, str]]) -> tuple[float, int]:
    """How well a guess fits: the share of what the table requires, then how many columns there are."""
    _, table, found = guess
    wanted = set(_usual()[table]) & {AUTHOR if name == "author_key" else name for name in CONTRACT[table].required}
    return len(wanted & set(found)) / len(wanted), len(found)


def _lines(path: Path, heads: Sequence[str], table: str, found: dict[str, str], out: Path) -> Iterator[str]:
    name = "my_export"
    medium = " --medium NAME" if table == "mentions" else ""
    yield f"# Guessed from the headings of {path.name}: look at every line, then"
    yield f"#   smm import {path.name} --sources {out.name} --out my_data --brand NAME{medium}"
    yield f"# {path.name}의 머리글로 짐작한 대응표입니다. 한 줄씩 확인한 뒤 위의 명령을 실행하십시오."
    yield from ("", f"[{name}]", f"title = {_quoted(path.stem)}", 'timezone = "Asia/Seoul"', "", f"[{name}.{table}]")
    if "week" in found:
        yield "by_week = true  # adds days up to weeks; take it out if a row is a week · 일별 행을 주별로 더함"
    for column in CONTRACT[table].columns:
        key = AUTHOR if column.name == "author_key" else column.name
        if key in found:
            yield f"{key} = [{_quoted(found[key])}]"
        elif column.required and key not in ("brand", "medium"):
            yield _wanting(key, column)
    unread = [" ".join(head.split()) for head in heads if head not in found.values()]
    yield f"# not read · 읽지 않는 머리글: {', '.join(unread) or '-'}"


def _wanting(key: str, column: Column) -> str:
    """Return the line of a required column without a heading: the usual value, or a blank to fill in."""
    if key in _FIXED:
        return f"{key} = {{ value = {_quoted(_FIXED[key])} }}  # the same for all rows; allowed: {column.allowed}"
    if key == "author_role":
        return '# author_role: "unknown" unless --own and --staff tell'
    return f'{key} = ["?"]  # NEEDED: which heading? · 필요: 어느 머리글입니까? ({column.allowed})'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
