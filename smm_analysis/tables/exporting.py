"""Tables for people's spreadsheets (내보내기): CSV and Excel files that run nothing and hide nothing.

What a person wrote may be a formula to Excel, LibreOffice and Google Sheets. Only here, on writing, a text that begins
with one of = + - @, their full-width forms, a tab or a line break, also after blanks and quotes, gets an apostrophe in
front (OWASP, "CSV Injection"); in CSV also behind a semicolon, tab or line break inside a text, where another locale's
Excel would begin a new cell. Marks that turn the reading direction are shown as [U+202E]; characters of no width are
taken out, but for joiners inside words and emoji; so are control characters. Everything changed is counted.
"""

from __future__ import annotations

import csv
import math
import re
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis.tables.dataset import NAME
from smm_analysis.tables.faults import DataError
from smm_analysis.tables.words import told
from smm_analysis.terms import SMALLEST_GROUP, Lang, glossary, label
from smm_analysis.told import in_language

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from smm_analysis.tables import Tables

CELL = 32_767  # UTF-16 units that a cell of Excel holds
ROWS = 1_048_576  # rows of a sheet, the heading among them
COLUMNS = 16_384
DIGITS = 10**15  # whole numbers from here on lose digits in a spreadsheet
CUT = " … [cut]"
WITHHELD = {"mentions": ("text",)}  # what people wrote: a quote can be found by searching for it

_LEAD = "=+\\-@＝＋－＠﹢﹣﹦﹫"
_FORMULA = re.compile(rf"[\s'\"`´‘’“”„«»]*[{_LEAD}]|[\t\n]")
_INNER = re.compile(rf"(?<![;\s'\"])[;\s'\"]++(?=[{_LEAD}])")  # from a run's start, giving nothing back: linear
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NO_WIDTH = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]|(?<![^\x00-\x7f\\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s])"
)
_NUMBER = re.compile(r"\d{12,}|0\d+|\d+\.?\d*[eE]\d+|\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?")
_CHANGES = ("formula", "digits", "direction", "no_width", "control", "cut")


@dataclass(frozen=True)
class Exported:
    """One table written (내보낸 표): rows, sheets (1 for CSV), columns left out, cells changed by reason."""

    path: Path
    name: str
    rows: int
    sheets: int
    withheld: tuple[str, ...]
    changed: dict[str, int]

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Lang) -> str:
        """Return what was written in a language (내보낸 결과를 말로)."""
        written = "written_on" if self.sheets > 1 else "written"
        lines = [told(written, path=self.path, name=self.name, rows=self.rows, sheets=self.sheets)]
        lines += [told("left_out", column=column) for column in self.withheld]
        lines += [told(f"made_{why}", n=number, cell=CELL) for why, number in self.changed.items() if number]
        if self.path.suffix == ".csv" and self.rows >= ROWS:
            lines.append(told("long_csv", rows=ROWS))
        return "\n".join(in_language(line, lang) for line in lines)


def export_table(frame: pd.DataFrame, path: str | Path, *, lang: Lang | None = None) -> Exported:
    """Write a table for a spreadsheet (표 내보내기), CSV in UTF-8 with a BOM or .xlsx, and say what was changed.

    Numbers stay numbers, ids stay text, missing values are empty, moments are local times without an offset; the index
    is not written. A longer table goes on in further sheets. A file of that name is replaced, in one step.

    Parameters
    ----------
    lang : headings from the glossary, with units; None = the column names.

    Raises
    ------
    DataError
        if the file is neither .csv nor .xlsx, or there are more columns than a sheet holds.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise DataError(told("export_ending", file=path.name))
    name = re.sub(r"[\[\]:*?/\\']", "_", path.stem)[:25] or "table"
    write = _write_csv if path.suffix.lower() == ".csv" else _write_book
    return write(path, {name: frame}, lang)[0]


def export_tables(
    data: Tables, out: str | Path, *, names: Collection[str] = (), texts: bool = False, lang: Lang | None = None
) -> list[Exported]:
    """Write a data set's tables (데이터 세트 내보내기): one workbook, or a folder of CSV files.

    Parameters
    ----------
    names : tables to write; none = all.
    texts : with what people wrote (`mentions.text`); quotes can be found by searching for them.

    Raises
    ------
    DataError
        if a table is not there, or the folder is a data set or in it: an export is not to be read as one.
    """
    out = Path(out)
    held = {name: WITHHELD[name] for name in WITHHELD if not texts}
    for name in names:
        if name not in data.names:
            raise DataError(told("export_unknown", table=name, tables=", ".join(data.names)))
    frames = {name: getattr(data, name) for name in names or data.names}
    left_out = {name: tuple(c for c in held.get(name, ()) if c in frame) for name, frame in frames.items()}
    frames = {name: frame.drop(columns=list(left_out[name])) for name, frame in frames.items()}
    if out.suffix.lower() == ".xlsx":
        done = _write_book(out, frames, lang)
    else:
        _refuse_place(out, data.path)
        out.mkdir(parents=True, exist_ok=True)
        done = [_write_csv(out / f"{name}.csv", {name: frame}, lang)[0] for name, frame in frames.items()]
    return [Exported(d.path, d.name, d.rows, d.sheets, left_out[d.name], d.changed) for d in done]


def _refuse_place(out: Path, data: Path) -> None:
    """Refuse a folder whose CSV files would be read as tables, and the name of a file."""
    if out.is_file() or out.suffix.lower() in (".csv", ".xls", ".xlsm", ".ods"):
        raise DataError(told("export_no_folder", out=out))
    if (out / NAME).exists() or data.resolve() in (out.resolve(), *out.resolve().parents):
        raise DataError(told("export_into_data", out=out))


def suppress_small(
    table: pd.DataFrame, n_column: str = "n", *, smallest: int = SMALLEST_GROUP, keep: Collection[str] = ()
) -> pd.DataFrame:
    """Blank the numbers of groups so small that a member could be told (소집단 감추기); the rows stay.

    Numbers of rows with fewer than `smallest` people, or an unknown number, become missing, their n too; texts, dates
    and the columns in `keep` stay. Where a total is shown and one group alone is blank, it follows by subtraction:
    leave the total out, or blank another group as well.

    >>> import pandas as pd
    >>> print(suppress_small(pd.DataFrame({"team": ["care", "shop"], "n": [40, 3], "rate": [0.5, 1.0]})))
       team     n  rate
    0  care  40.0   0.5
    1  shop   NaN   NaN
    """
    if n_column not in table:
        raise KeyError(f"there is no column {n_column!r}; columns: {', '.join(map(str, table))}")
    small = ~(table[n_column] >= smallest).fillna(False).astype(bool)
    numbers = [column for column in table.select_dtypes("number") if column not in keep]
    return table.assign(**{column: table[column].mask(small) for column in numbers})


def legible(text: str, counts: Counter[str] | None = None, *, longest: int = 0) -> str:
    """Return a text that reads as it is written (읽히는 대로인 글): no mark turns its direction or hides a part of it.

    `longest` cuts it to so many characters, 0 does not; `counts` counts what was changed.

    >>> legible("left \u202ethgir"), legible("word by word", longest=6)
    ('left [U+202E]thgir', 'word b…')
    """
    counts = Counter() if counts is None else counts
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = f"{text[:longest]}…" if longest and len(text) > longest else text
    patterns = ("control", _CONTROL, ""), ("direction", _DIRECTION, _shown), ("no_width", _NO_WIDTH, "")
    for why, pattern, new in patterns[:1] if text.isascii() else patterns:
        text, number = pattern.subn(new, text)
        counts[why] += number > 0
    return text


def defused(text: str, counts: Counter[str] | None = None, *, inner: bool = False) -> str:
    """Return a text that a spreadsheet shows and does not compute (수식 무력화); `counts` counts what was changed.

    >>> defused('=HYPERLINK("http://a.example")'), defused(" ＠SUM(1)"), defused("3-1 = 2")
    ('\\'=HYPERLINK("http://a.example")', "' ＠SUM(1)", '3-1 = 2')
    """
    counts = Counter() if counts is None else counts
    text = legible(text, counts)
    safe = _INNER.sub(_apart, text) if inner else text
    safe = f"'{safe}" if _FORMULA.match(safe) else safe
    counts["formula"] += safe != text
    if len(safe) > CELL // 2 and _units(safe) > CELL:
        safe = _cut(safe)
        counts["cut"] += 1
    return safe


def _apart(run: re.Match[str]) -> str:
    """Put an apostrophe behind a run of blanks and quotes in which a new cell could begin."""
    return f"{run[0]}'" if any(mark in run[0] for mark in ";\t\n") else run[0]


def _shown(mark: re.Match[str]) -> str:
    return f"[U+{ord(mark[0]):04X}]"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str) -> str:
    return text.encode("utf-16-le")[: 2 * (CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT


def _columns(frame: pd.DataFrame, counts: Counter[str], *, as_csv: bool) -> list[list[Any]]:
    """Return a table's cells, column by column, as Python values that may be written."""
    return [[_cell(value, counts, as_csv) for value in _values(frame.iloc[:, n])] for n in range(frame.shape[1])]


def _values(column: pd.Series) -> Iterable[Any]:
    """Return a column's values, None where missing; moments without their offset."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column):
        days = column.dt.normalize()
        column = column.dt.date if days.equals(column) else column.dt.floor("s")
    return column.astype(object).where(column.notna(), None)


def _cell(value: Any, counts: Counter[str], as_csv: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral) and abs(value) < DIGITS:
        return int(value)
    if isinstance(value, Real | Decimal) and not isinstance(value, Integral) and math.isfinite(value):
        return float(value)
    if isinstance(value, date) and (as_csv or value.year < 1900):  # Excel's calendar begins in 1900
        return str(value)
    if isinstance(value, date):
        return value.replace(tzinfo=None) if isinstance(value, datetime) else value
    text = defused(str(value), counts, inner=as_csv)
    if as_csv and _NUMBER.fullmatch(text):
        counts["digits"] += 1
        return f"'{text}"
    return text


def _headings(frame: pd.DataFrame, lang: Lang | None) -> list[str]:
    if frame.shape[1] > COLUMNS:
        raise DataError(told("export_columns", n=f"{frame.shape[1]:,}", most=f"{COLUMNS:,}"))
    words = [label(str(name), lang) if lang and name in glossary() else str(name) for name in frame]
    return [defused(word, inner=True) for word in words]


@contextmanager
def in_one_step(path: Path) -> Iterator[Path]:
    """Give a temporary name beside the file; it takes the file's place when all went well."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _write_csv(path: Path, frames: dict[str, pd.DataFrame], lang: Lang | None) -> list[Exported]:
    [(name, frame)] = frames.items()
    counts: Counter[str] = Counter()
    with in_one_step(path) as new, new.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(_headings(frame, lang))
        writer.writerows(zip(*_columns(frame, counts, as_csv=True), strict=True))
    return [Exported(path, name, len(frame), 1, (), {why: counts[why] for why in _CHANGES})]


def _write_book(path: Path, frames: dict[str, pd.DataFrame], lang: Lang | None) -> list[Exported]:
    """Write a workbook, a sheet a table; a table too long for one goes on in the next."""
    from openpyxl import Workbook

    book, done = Workbook(write_only=True), []
    for name, frame in frames.items():
        counts: Counter[str] = Counter()
        headings = _headings(frame, lang)
        starts = range(0, max(1, len(frame)), ROWS - 1)
        for number, start in enumerate(starts, 1):
            sheet = book.create_sheet(f"{name} {number}" if len(starts) > 1 else name)
            _fill(sheet, frame.iloc[start : start + ROWS - 1], headings, counts)
        done.append(Exported(path, name, len(frame), len(starts), (), {why: counts[why] for why in _CHANGES}))
    with in_one_step(path) as new:
        book.save(new)
    return done


def _fill(sheet: WriteOnlyWorksheet, frame: pd.DataFrame, headings: list[str], counts: Counter[str]) -> None:
    from openpyxl.cell import WriteOnlyCell

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value)
        made.data_type, made.number_format = "s", "@"  # text also where it says #N/A, and when somebody edits it
        return made

    rows = zip(*_columns(frame, counts, as_csv=False), strict=True)
    sheet.freeze_panes = "A2"
    sheet.append([cell(heading) for heading in headings])
    for row in rows:
        sheet.append([cell(value) for value in row])
