"""Files as they are (파일 읽기): CSV and Parquet to columns of text, every row with its true place in the file.

Nothing is converted here but Parquet's own types. A file is looked at (its first block) before it is read.
"""

from __future__ import annotations

import csv
import mmap
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import Table
from smm_analysis.tables.faults import SHOWN, DataError, NoRows, Problem, refuse, shortened
from smm_analysis.tables.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    import pyarrow as pa

LOOK = 1 << 20  # bytes looked at before a file is read; a header line must end within them
BLOCK = 8 << 20  # bytes that pyarrow parses at a time; one row must fit
MANY = 10_000  # malformed rows after which a table is given up
ENOUGH = 1_000_000  # malformed rows after which they are no longer counted
DELIMITERS = (",", ";", "\t")
MAGIC = {  # first bytes -> what it is, a key of words.toml
    b"PK\x03\x04": "zip_file",
    b"\xd0\xcf\x11\xe0": "old_workbook",
    b"PAR1": "parquet_file",
    b"\x1f\x8b": "gzip_file",
    b"%PDF": "pdf_file",
}


@dataclass(frozen=True)
class Source:
    """One table as read (원본 표): its columns, and where its rows stand.

    `parts` are the files with their row counts (one, but for a folder of Parquet parts); `delimiter` is '' for Parquet.
    """

    parts: tuple[tuple[str, Path, int], ...]
    columns: pa.Table
    delimiter: str = ""
    malformed: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name to show for the table as a whole."""
        return self.parts[0][0] if len(self.parts) == 1 else str(Path(self.parts[0][0]).parent)

    def places(self, rows: list[int]) -> dict[int, tuple[str, int]]:
        """Return (file, line) of rows counted from 0; in Parquet (file, row)."""
        if self.delimiter:
            return {row: (self.file, line) for row, line in self._lines(set(rows))}
        return {row: self._part(row) for row in rows}

    def _lines(self, rows: set[int]) -> Iterator[tuple[int, int]]:
        width, row, last = self.columns.num_columns, 0, max(rows, default=-1)
        for line, fields in walk(self.parts[0][1], self.delimiter):
            if len(fields) != width or row > last:
                continue
            if row in rows:
                yield row, line
            if row == last:
                return
            row += 1

    def _part(self, row: int) -> tuple[str, int]:
        for file, _, count in self.parts:
            if row < count:
                return file, row + 1
            row -= count
        raise IndexError(row)


RECORD = 1 << 24  # characters in a field after which an open quote is taken for one that never closes
csv.field_size_limit(RECORD)  # for the whole process; the module's own limit is less than one long comment


def walk(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of a CSV file's rows below the header, strictly; blank lines are no rows."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _misquoted(path.name, error, line) from None
            if fields:
                yield line, fields


def _misquoted(file: str, error: csv.Error, line: int) -> DataError:
    return refuse(file, told("misquoted", why=error), told("quotes"), told("quotes_fix"), line=line)


def read_csv(path: Path, table: Table) -> Source:
    """Read a CSV file, every column as text; DataError if the file as a whole cannot be read."""
    import pyarrow as pa

    header, delimiter = _look(path, table)
    malformed = _Malformed()
    try:
        columns = _parse(path, header, delimiter, malformed)
    except pa.ArrowInvalid as error:
        if malformed.count >= MANY:
            raise DataError(told("unreadable", file=path.name), _malformed_rows(path, delimiter, len(header))) from None
        raise _unreadable(path, delimiter, str(error)) from None
    if not columns.num_rows and not malformed.count:
        raise NoRows.of(path.name)
    source = Source(((path.name, path, columns.num_rows),), columns, delimiter, malformed.count)
    if malformed.count or _has_newlines(columns):
        source.problems.extend(_malformed_rows(path, delimiter, len(header)))
    if malformed.count and not source.problems:
        found = told("run_together", count=malformed.count)
        raise refuse(path.name, found, told("row_a_line"), told("row_a_line_fix"))
    return source


class _Malformed:
    """Counts the rows with too few or too many fields, and gives up after many."""

    count = 0

    def __call__(self, row: object) -> str:
        self.count += 1
        return "skip" if self.count < MANY else "error"


def _parse(path: Path, header: list[str], delimiter: str, malformed: _Malformed) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow

    return arrow.read_csv(
        path,
        arrow.ReadOptions(block_size=BLOCK, skip_rows=1, column_names=header),
        arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=malformed),
        arrow.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )


def read_parquet(paths: list[Path], folder: Path) -> Source:
    """Read one Parquet file or the parts of one table; DataError if one cannot be read."""
    import pyarrow as pa
    from pyarrow import parquet

    tables, parts = [], []
    for path in paths:
        file = path.relative_to(folder).as_posix()
        try:
            with parquet.ParquetFile(path) as opened:
                tables.append(opened.read())
        except (pa.ArrowException, OSError, ValueError) as error:
            found = told("broken_parquet", why=_first(error))
            raise refuse(file, found, told("parquet_file"), told("write_anew")) from None
        _need_each_once(tables[-1].column_names, file)
        parts.append((file, path, tables[-1].num_rows))
    try:
        columns = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        file, found = told("sister_parts", file=parts[0][0]), told("unlike_parts", why=_first(error))
        raise refuse(file, found, told("like_parts"), told("like_parts_fix")) from None
    if not columns.num_rows:
        raise NoRows.of(parts[0][0])
    return Source(tuple(parts), columns)


def not_allowed(file: str, error: OSError) -> DataError:
    """Return the error for a file that the system does not let us read."""
    found = told("not_opened", why=error.strerror or error)
    return refuse(file, found, told("opens"), told("opens_fix"))


def _first(error: Exception) -> str:
    """Return the first line of a library's message, not longer than a value is shown."""
    return str(error).strip().partition("\n")[0][:120]


def _need_each_once(names: list[str], file: str) -> None:
    """Refuse a header that names a column twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = told("named_twice", names=", ".join(map(repr, twice)))
        raise refuse(file, found, told("named_once"), told("named_once_fix"), line=1, column=twice[0])


def _look(path: Path, table: Table) -> tuple[list[str], str]:
    """Return header and delimiter after a look at the first block: is it text, in UTF-8, with lines?"""
    with path.open("rb") as file:
        block = file.read(LOOK)
        if not block:
            raise refuse(path.name, told("empty_file"), told("header_and_row"), told("header_and_row_fix"))
        _need_text(path, block)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            _need_no_nul(path, whole, LOOK)
            names = _header_of(path, block, table)
            _need_no_nul(path, whole, len(whole))
    return names


def _header_of(path: Path, block: bytes, table: Table) -> tuple[list[str], str]:
    """Find the header line in the first block; refuse a file without one, or without rows below it."""
    first, end, rest = block.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").partition(b"\n")
    if not end and len(block) == LOOK:
        found = told("endless_header", bytes=f"{LOOK:,}")
        raise refuse(path.name, found, told("header_line"), told("right_file"))
    names = _header(path, first.decode("utf-8"), table)
    if len(block) < LOOK and not rest.strip():
        raise NoRows.of(path.name)
    return names


def _header(path: Path, text: str, table: Table) -> tuple[list[str], str]:
    """Split the header by the delimiter that finds most of the table's columns."""
    headers = {mark: _names(text, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: (len(set(headers[mark]) & set(table.names)), len(headers[mark])))
    if not any(headers[best]):
        raise refuse(path.name, shortened(text), told("header_names"), told("header_names_fix"), line=1)
    _need_each_once(headers[best], path.name)
    return headers[best], best


def _names(text: str, delimiter: str) -> list[str]:
    """Return the names in a header line; none where the quotes do not fit the delimiter."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _need_text(path: Path, block: bytes) -> None:
    """Refuse what is not UTF-8, saying what it looks like."""
    looks = next((told(key) for magic, key in MAGIC.items() if block.startswith(magic)), None) or _utf16(block)
    if not looks and b"\0" not in block and not _decodes(block, "utf-8"):
        looks = _other_encoding(block)
    if looks:
        raise refuse(path.name, told("looks_like", what=looks), told("utf8_csv"), told("import_it"))


def _decodes(block: bytes, encoding: str) -> bool:
    """Whether a block is text in an encoding; a character cut off at its end does not count."""
    try:
        block.decode(encoding)
    except UnicodeDecodeError as error:
        return len(block) == LOOK and error.start >= len(block) - 4
    return True


def _utf16(block: bytes) -> Told | None:
    """Return 'UTF-16 text' for its byte order mark or, without one, for zeros at every second byte."""
    if block.startswith((b"\xff\xfe", b"\xfe\xff")):
        return told("utf16")
    start = block[:2000]
    zeros = [start[side::2].count(0) / max(1, len(start[side::2])) for side in (0, 1)]
    return told("utf16_unmarked") if max(zeros) > 0.4 and min(zeros) < 0.1 else None


def _other_encoding(block: bytes) -> Told:
    """Name the encoding of bytes that are not UTF-8, as far as one can tell."""
    control = sum(byte < 9 or 13 < byte < 32 for byte in block[:4096])
    if control > len(block[:4096]) / 50:
        return told("binary")
    if _decodes(block, "cp949") and any("가" <= char <= "힣" for char in block.decode("cp949", "ignore")):
        return told("cp949")
    return told("other_encoding")


def _need_no_nul(path: Path, whole: mmap.mmap, end: int) -> None:
    """Refuse NUL bytes before `end`, naming the line of the first one."""
    at = whole.find(b"\0", 0, end)
    if at < 0:
        return
    line = _lines_before(whole, at) + 1
    raise refuse(path.name, told("nul_byte"), told("no_nul_byte"), told("no_nul_byte_fix"), line=line)


def _lines_before(whole: mmap.mmap, end: int) -> int:
    """Count the line ends before a position, a block at a time."""
    return sum(whole[start : min(start + BLOCK, end)].count(b"\n") for start in range(0, end, BLOCK))


def _has_newlines(columns: pa.Table) -> bool:
    """Whether a value holds a line break: there a lost quote may hide, which only a strict reader notices."""
    import pyarrow.compute as pc

    return any(pc.any(pc.match_substring(column, "\n")).as_py() for column in columns.columns)


def _malformed_rows(path: Path, delimiter: str, width: int) -> list[Problem]:
    """Read along strictly: name the rows with too few or too many fields, stop at a quote out of place."""
    wrong = ((line, fields) for line, fields in walk(path, delimiter) if len(fields) != width)
    first = [
        (line, told("fields_in", n=len(fields), row=shortened(delimiter.join(fields))))
        for line, fields in islice(wrong, SHOWN)
    ]
    if not first:
        return []
    count = len(first) + sum(1 for _ in islice(wrong, ENOUGH - len(first)))
    fix = told("fields_fix") if count < ENOUGH else told("stopped_counting", count=f"{ENOUGH:,}")
    (line, value), *also = first
    return [Problem(path.name, line, "", value, told("fields_wanted", n=width), fix, count, tuple(also))]


def _unreadable(path: Path, delimiter: str, why: str) -> DataError:
    """Say why pyarrow gave up: a line in another encoding, a quote never closed, or its own words."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(BLOCK), b""), 1):
            if len(line) == BLOCK:
                found = told("long_line", bytes=f"{BLOCK:,}")
                return refuse(path.name, found, told("shorter_lines"), told("import_it"), line=number)
            if not _decodes(line, "utf-8"):
                found = told("looks_like", what=_other_encoding(line))
                return refuse(path.name, found, told("utf8_throughout"), told("import_it"), line=number)
    try:
        deque(walk(path, delimiter), maxlen=0)
    except DataError as error:
        return error
    return refuse(path.name, told("no_csv", why=_first(ValueError(why))), told("csv_file"), told("export_again"))
