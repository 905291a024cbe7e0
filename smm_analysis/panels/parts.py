"""The parts of a log (로그 조각): Parquet files seen by their footers alone, so that what is not needed is not read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .faults import BrokenPart
from .times import DAY
from .words import told

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

# kind of column in the contract -> what Parquet may hold it as
FITTING: dict[str, tuple[str, ...]] = {
    "key": ("text",),
    "name": ("text",),
    "text": ("text",),
    "choice": ("text",),
    "whole": ("whole", "number"),
    "number": ("whole", "number"),
    "time": ("instant", "local"),
    "date": ("date", "local"),
    "week": ("date", "local"),
}
FAMILIES = ("text", "whole", "number", "instant", "local", "date")  # what FITTING names, all words of words.toml


@dataclass(frozen=True)
class Part:
    """One Parquet file (파일 조각), as its footer describes it.

    `types` are the columns' families (of `FAMILIES`, or "nothing" where a column is empty throughout) and `exact` their
    types in Arrow; `first` and `last` bound the clock in microseconds, None where the footer does not say. `identity`
    changes with every change of the file: its size, its times and its footer.
    """

    name: str
    path: Path
    rows: int
    size: int
    types: Mapping[str, str] = field(repr=False)
    exact: Mapping[str, str] = field(repr=False)
    first: int | None
    last: int | None
    identity: str = field(repr=False)

    def meets(self, start: int, end: int) -> bool:
        """Whether it may hold a row with `start` <= clock < `end`; yes, where the footer does not say."""
        return self.first is None or (self.first < end and self.last >= start)


def parts_of(place: Path, root: Path, *, clock: str = "") -> tuple[Part, ...]:
    """Look at the footers of a Parquet file, or of all in a folder and below it (조각 보기).

    Parameters
    ----------
    place : the file or folder; names that begin with _ or . are the writer's own.
    root : what names are shown relative to.
    clock : the column of times that partitions go by.

    Raises
    ------
    BrokenPart
        If a footer cannot be read; the message names the part.
    """
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*.parquet") if p.name[0] not in "_.")
    return tuple(_part(file, file.relative_to(root).as_posix(), clock) for file in files if file.is_file())


def _part(path: Path, name: str, clock: str) -> Part:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        about, described = path.stat(), parquet.read_metadata(path)
        schema = described.schema.to_arrow_schema()
        identity = _identity(path, about.st_size, f"{about.st_mtime_ns} {about.st_ctime_ns}")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    types = {column.name: family(column.type) for column in schema}
    exact = {column.name: str(column.type) for column in schema}
    first, last = _span(described, clock, types.get(clock, ""))
    return Part(name, path, described.num_rows, about.st_size, types, exact, first, last, identity)


def _identity(path: Path, size: int, times: str) -> str:
    """Return a digest of size, times and footer: data pages are not read."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, 2)
        return hashlib.sha256(f"{size} {times} ".encode() + file.read(length)).hexdigest()


def family(kind: pa.DataType) -> str:
    """Return which of the `FAMILIES` a type belongs to; its own name where to none."""
    import pyarrow.types as t

    kind = kind.value_type if t.is_dictionary(kind) else kind
    families = {
        "nothing": t.is_null(kind),
        "text": t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind),
        "whole": t.is_integer(kind),
        "number": t.is_floating(kind) or t.is_decimal(kind),
        "date": t.is_date(kind),
        "instant": t.is_timestamp(kind) and kind.tz is not None,
        "local": t.is_timestamp(kind) and kind.tz is None,
    }
    return next((name for name, fits in families.items() if fits), str(kind))


def _span(described: parquet.FileMetaData, clock: str, kind: str) -> tuple[int | None, int | None]:
    """Return the first and last time in the footer's statistics; local times may be off by a zone, so by a day."""
    names = [described.schema.column(i).path for i in range(described.num_columns)]
    if clock not in names:
        return None, None
    found = [described.row_group(i).column(names.index(clock)).statistics for i in range(described.num_row_groups)]
    found = [known for known in found if known is None or known.num_values]  # a group of nulls alone bounds nothing
    if not found or any(known is None or not known.has_min_max for known in found):
        return None, None
    margin = 0 if kind == "instant" else DAY
    return min(_micro(k.min) for k in found) - margin, max(_micro(k.max) for k in found) + margin


def _micro(value: object) -> int:
    import pandas as pd

    stamp = pd.Timestamp(value)
    return int((stamp if stamp.tz is None else stamp.tz_convert(None)).floor("us").value // 1000)


def check_columns(parts: Sequence[Part], columns: Mapping[str, str], required: Iterable[str]) -> list[BrokenPart]:
    """Return what is wrong with the parts' columns (열 검사): one that lacks, or that is of a kind it cannot be.

    Parameters
    ----------
    columns : name -> kind, of `FITTING`.
    required : the columns that every part must have.
    """
    lacking = [_lacking(part, name) for part in parts for name in required if name not in part.types]
    wrong = [found for name, kind in columns.items() for found in _misfits(parts, name, FITTING[kind])]
    return lacking + wrong


def _lacking(part: Part, name: str) -> BrokenPart:
    found = told("lacking", columns=", ".join(part.types)[:179])
    return BrokenPart(part.name, found, told("same_columns"), told("same_columns_fix"), column=name)


def _misfits(parts: Sequence[Part], name: str, fitting: tuple[str, ...]) -> list[BrokenPart]:
    """Return the parts in which a column has a family that does not fit, or another one than most."""
    held = [(part, part.types[name]) for part in parts if part.types.get(name, "nothing") != "nothing"]
    kinds = [kind for _, kind in held if kind in fitting]
    usual = max(dict.fromkeys(kinds), key=kinds.count, default=fitting[0])
    numbers = {"whole", "number"}  # these may stand side by side
    allowed = numbers if usual in numbers else {usual}
    return [_misfit(part, name, kind, usual) for part, kind in held if kind not in allowed]


def _misfit(part: Part, name: str, kind: str, usual: str) -> BrokenPart:
    found = told("misfit", kind=told(kind) if kind in FAMILIES else kind)
    return BrokenPart(part.name, found, told("same_type", kind=told(usual)), told("same_type_fix"), column=name)


def first_line(error: BaseException) -> str:
    """Return the first line of a library's message, not longer than a value is shown."""
    return str(error).strip().partition("\n")[0][:120]


def _unreadable(name: str, error: Exception) -> BrokenPart:
    found = told("broken_parquet", why=first_line(error))
    return BrokenPart(name, found, told("parquet_file"), told("write_anew"))


def first_unreadable(parts: Iterable[Part], columns: Iterable[str]) -> BrokenPart | None:
    """Read part after part until one cannot be read (깨진 조각 찾기): what to do once an engine has failed."""
    import pyarrow as pa
    from pyarrow import parquet

    for part in parts:
        try:
            with parquet.ParquetFile(part.path) as file:
                for _ in file.iter_batches(columns=[name for name in columns if name in part.types]):
                    pass
        except (pa.ArrowException, OSError, ValueError) as error:
            return _unreadable(part.name, error)
    return None
