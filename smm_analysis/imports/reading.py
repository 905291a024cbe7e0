"""Bytes to rows (파일 읽기): CSV in any usual encoding, and Excel; every row with its place. `records` reads JSON.

A row that cannot be read is set aside and counted; a file that cannot be read at all is a DataError. No value is
converted here: all columns are text.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis.imports.mapping import plain
from smm_analysis.imports.summary import Tally
from smm_analysis.imports.words import told
from smm_analysis.tables.faults import refuse
from smm_analysis.tables.reading import RECORD
from smm_analysis.tables.template import ROWS

if TYPE_CHECKING:
    import pyarrow as pa

LOOK = 1 << 22  # bytes looked at to find encoding, delimiter and header
BATCH = 1 << 16  # rows turned into columns at a time
LOST = 100  # rows with quotes out of place after which a file is given up
HEADER_ROWS = 40  # rows looked at for the header: above it stands a preamble
DELIMITERS = (",", "\t", ";", "|")
BIG = 10**15  # a number cell this large was an id, and Excel keeps 15 digits
BINARY = {  # first bytes -> what it is, a key of words.toml
    b"\xd0\xcf\x11\xe0": "old_workbook",
    b"PAR1": "parquet_file",
    b"\x1f\x8b": "gzip_file",
    b"%PDF": "pdf_file",
}

Row = tuple[int, list[str | None]]


@dataclass(frozen=True)
class Sheet:
    """Rows of text with their places (시트): a CSV file, one sheet of a workbook, or the records of a JSON file.

    `rows(tally, skip, width)` yields the rows below the first `skip`, of which each should have `width` fields. `head`
    holds the first rows, in which the header is looked for; JSON has none, its columns are paths.
    """

    file: str
    head: list[list[str | None]]
    rows: Callable[[Tally, int, int], Iterator[Row]]
    name: str = ""
    encoding: str = ""
    delimiter: str = ""
    exact: bool = True  # a row must have as many fields as the header
    explained: bool = False  # our template: rows with words in the first cell explain the columns


def kind_of(path: Path) -> str:
    """Return csv, json or xlsx, by the first bytes; DataError for what is none of them."""
    with path.open("rb") as file:
        block = file.read(4096)
    if not block.strip():
        raise refuse(path.name, told("empty_file"), told("an_export"), told("export_again"))
    if block.startswith(b"PK\x03\x04"):
        return "xlsx"
    looks = next((key for magic, key in BINARY.items() if block.startswith(magic)), "")
    if looks:
        raise refuse(path.name, told("looks_like", what=told(looks)), told("formats"), told("formats_fix"))
    text = block.decode(bom(block) or "utf-8", "ignore").lstrip("\ufeff \t\r\n")
    return "json" if text[:1] in ("{", "[") else "csv"


# --- CSV -------------------------------------------------------------------------------------------------------------


def csv_sheets(path: Path, *, encoding: str = "", delimiters: Iterable[str] = DELIMITERS) -> list[Sheet]:
    """Return the file as every delimiter would read it; the mapping decides which header is one."""
    found = encoding or encoding_of(path)
    with path.open("rb") as file:
        text = _decoded(file.read(LOOK), found)
    return [_csv_sheet(path, text, found, mark) for mark in delimiters]


def _csv_sheet(path: Path, text: str, encoding: str, delimiter: str) -> Sheet:
    start = text[: 1 << 18]
    head = [list(row) for row in islice(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), HEADER_ROWS)]

    def rows(tally: Tally, skip: int, width: int) -> Iterator[Row]:
        with path.open(encoding=encoding, errors=errors_of(encoding), newline="") as file:
            yield from _records(file, delimiter, path.name, tally, skip=skip, width=width)

    return Sheet(path.name, head, rows, encoding=encoding, delimiter=delimiter)


def encoding_of(path: Path) -> str:
    """Return the encoding: by its mark, UTF-16 by its zeros, else UTF-8 or CP949, whichever reads more lines."""
    with path.open("rb") as file:
        block = file.read(LOOK)
    marked = bom(block)
    if marked:
        return marked
    for side, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = block[side:4000:2]
        if zeros and zeros.count(0) > 0.4 * len(zeros):
            return name
    lines = block.splitlines()
    bad = {name: sum(not _decodes(line, name) for line in lines) for name in ("utf-8", "cp949")}
    if bad["utf-8"] == len(lines) == bad["cp949"]:
        raise refuse(path.name, told("no_encoding_known"), told("encodings"), told("say_encoding"))
    return min(bad, key=bad.get)


def bom(block: bytes) -> str:
    """Return the encoding that a byte order mark says, or nothing."""
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    return next((name for mark, name in marks.items() if block.startswith(mark)), "")


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def errors_of(encoding: str) -> str:
    """How to carry on past a byte that does not fit, so that its row can be named: as a lone surrogate."""
    return "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"


def _decoded(block: bytes, encoding: str) -> str:
    return block.decode(encoding, "replace").removeprefix("\ufeff")


class _Lines:
    """Lines with a way back: the lines of a record that went wrong are read again."""

    def __init__(self, lines: Iterable[str]):
        self.source, self.waiting, self.taken, self.size = iter(lines), [], [], 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.waiting.pop() if self.waiting else next(self.source)
        self.taken.append(line)
        self.size += len(line)
        if self.size > RECORD:
            raise csv.Error("a quote that does not close")
        return line

    def begin(self) -> int:
        """Start a record; return how many lines the last one took."""
        count, self.taken, self.size = len(self.taken), [], 0
        return count

    def back(self) -> None:
        """Give back all lines of the record but its first."""
        self.waiting.extend(reversed(self.taken[1:]))
        self.taken = self.taken[:1]


def _records(file: Iterable[str], delimiter: str, name: str, tally: Tally, *, skip: int, width: int) -> Iterator[Row]:
    """Yield (line, fields) below the first `skip`; a row whose quotes do not fit is set aside, reading goes on below.

    A row over several lines that has not the right number of fields is one whose quote closed too late: its first line
    is set aside and the others are read again, so that a lost quote loses no row unseen.
    """
    lines, line, lost = _Lines(file), 1, 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while lost <= LOST:
        line += lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            found = told("undecoded", why=error)
            raise refuse(name, found, told("one_encoding"), told("export_again"), line=line) from None
        except csv.Error:
            fields, lost = None, lost + 1
        if skip and fields is not None:
            skip -= 1
        elif fields is None or (len(lines.taken) > 1 and len(fields) != width):
            lines.back()
            tally.aside(told("quotes"), line, fix=told("quotes_fix"))
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        else:
            if len(lines.taken) > 1 and _swallows(fields, delimiter, width):
                tally.swallowing.append(line)
            yield line, fields
    raise refuse(name, told("quotes_wild", n=LOST), "CSV", told("export_again"), line=line)


def _swallows(fields: list[str], delimiter: str, width: int) -> bool:
    """Whether a line within a field has as many delimiters as a row: two lost quotes can hide rows between them."""
    inner = (text for field in fields if "\n" in field for text in field.split("\n"))
    return any(text.count(delimiter) >= width - 1 for text in inner)


# --- Excel -----------------------------------------------------------------------------------------------------------


def xlsx_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook; a formula is the value that Excel last computed."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings(action="ignore"):  # about styles, which nobody asked for
            book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever the damaged part raises
        found = told("no_workbook", why=str(error)[:118])
        raise refuse(path.name, found, told("workbook"), told("workbook_fix")) from None
    return [_xlsx_sheet(path, book, name) for name in book.sheetnames]


def _xlsx_sheet(path: Path, book: Any, name: str) -> Sheet:
    sheet = book[name]

    def rows(_: Tally, skip: int, __: int) -> Iterator[Row]:
        for number, cells in enumerate(sheet.iter_rows(min_row=skip + 1, values_only=True), skip + 1):
            yield number, [_cell(cell) for cell in cells]

    head = [fields for _, fields in islice(rows(Tally(), 0, 0), HEADER_ROWS)] if hasattr(sheet, "iter_rows") else []
    explained = any(row and row[0] == ROWS[0] for row in head)
    return Sheet(path.name, head, rows, name=name, exact=False, explained=explained)


def _cell(value: object) -> str | None:
    """Return a cell as text: times in ISO 8601, whole numbers without '.0', ids that were cut short as such."""
    import datetime as dt

    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, int | float) and abs(value) >= BIG:
        return f"{value:.14E}"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# --- rows to columns -------------------------------------------------------------------------------------------------


def columns_of(sheet: Sheet, header: int, wanted: Iterable[str], tally: Tally) -> tuple[pa.Table, pa.Array]:
    """Return the wanted columns below the header row (counted from 0), named by their plain headings, and the places.

    Blank rows are no rows. Rows with more or fewer fields than the header, with a NUL byte or with bytes of another
    encoding are set aside.
    """
    import pyarrow as pa

    heads = [plain(name) for name in sheet.head[header]] if sheet.head else []
    wanted = tuple(dict.fromkeys(map(plain, wanted)))
    if sheet.delimiter or not sheet.exact:
        _each_once(sheet, header, heads, wanted)
    picks = {name: heads.index(name) for name in wanted if name in heads}
    parts, places = [], []
    rows = _whole_rows(sheet, 0 if sheet.delimiter == "" and sheet.exact else header + 1, len(heads), tally)
    while batch := list(islice(rows, BATCH)):
        part, kept = _batch(batch, picks, tally)
        parts.append(part)
        places.append(kept)
    schema = pa.schema([(name, pa.large_string()) for name in picks])
    return pa.concat_tables([schema.empty_table(), *parts]), pa.chunked_array(places or [[]], pa.int64())


def _each_once(sheet: Sheet, header: int, heads: list[str], wanted: Iterable[str]) -> None:
    """Refuse a header in which a heading that is read stands twice: nobody says which one counts."""
    for name in wanted:
        if heads.count(name) > 1:
            at = [number for number, head in enumerate(heads, 1) if head == name]
            found = told("heading_twice", name=sheet.head[header][at[0] - 1], columns=", ".join(map(str, at)))
            fix = told("heading_once_fix")
            raise refuse(sheet.file, found, told("heading_once"), fix, line=header + 1, column=name)


def _whole_rows(sheet: Sheet, skip: int, width: int, tally: Tally) -> Iterator[Row]:
    """Yield the rows that have as many fields as the header."""
    for place, fields in sheet.rows(tally, skip, width):
        if not any(fields) or (sheet.explained and fields[0]):
            continue
        if len(fields) < width and not sheet.exact:
            fields = [*fields, *[None] * (width - len(fields))]
        if len(fields) == width or (not sheet.exact and len(fields) > width):
            yield place, fields
        else:
            tally.aside(told("fields", width=width), place, fix=told("fields_fix"))


def _batch(batch: list[Row], picks: dict[str, int], tally: Tally) -> tuple[pa.Table, pa.Array]:
    """Turn rows into columns of text; only if that fails are the rows looked at one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        table = _columns(batch, picks)
        if not any(pc.any(pc.match_substring(column, "\0")).as_py() for column in table.columns):
            return table, pa.array([place for place, _ in batch], pa.int64())
    except UnicodeEncodeError:
        pass
    sound = [row for row in batch if _sound(row, picks, tally)]
    return _columns(sound, picks), pa.array([place for place, _ in sound], pa.int64())


def _columns(batch: list[Row], picks: dict[str, int]) -> pa.Table:
    import pyarrow as pa

    arrays = [pa.array([fields[at] for _, fields in batch], pa.large_string()) for at in picks.values()]
    return pa.table(arrays, names=list(picks))


def _sound(row: Row, picks: dict[str, int], tally: Tally) -> bool:
    """Whether a row's texts are texts."""
    place, fields = row
    whole = "".join(fields[at] or "" for at in picks.values())
    if "\0" in whole:
        tally.aside(told("nul"), place, fix=told("nul_fix"))
        return False
    try:
        whole.encode()
    except UnicodeEncodeError:
        tally.aside(told("bytes"), place, fix=told("bytes_fix"))
        return False
    return True
