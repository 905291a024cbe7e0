"""Files without a person (파일 다시 쓰기): successors written beside the old, then put in their place together."""

from __future__ import annotations

import csv
import re
import secrets
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from smm_analysis.forgetting.words import told
from smm_analysis.tables import CONTRACT, DataError
from smm_analysis.tables.files import parquet_files, places_of
from smm_analysis.tables.reading import read_csv

if TYPE_CHECKING:
    import pyarrow as pa

Values = TypeVar("Values", set[str], dict[str, str])  # what to look for, or what to put in its place
Swaps = list[tuple[Path, Path | None]]  # an old file and its successor, None where it goes


@dataclass
class Plan:
    """What to do in one table: rows to drop by the value of a column, and values to write anew ("" = blank)."""

    drop: dict[str, set[str]] = field(default_factory=dict)
    edit: dict[str, dict[str, str]] = field(default_factory=dict)


def write_beside(files: list[Path], plan: Plan, name: str, swaps: Swaps) -> tuple[int, int]:
    """Write the successors of a table's files, note them in `swaps`; return rows removed and values written anew."""
    removed = blanked = 0
    for old in files:
        new = _beside(old)
        swaps.append((old, new))
        gone, edited = _csv(old, new, plan, name) if old.suffix == ".csv" else _parquet(old, new, plan)
        if not (gone or edited):
            swaps.pop()
            new.unlink(missing_ok=True)
        else:
            shutil.copymode(old, new)
        removed, blanked = removed + gone, blanked + edited
    return removed, blanked


def _beside(old: Path) -> Path:
    return old.with_name(f".{old.name}.{secrets.token_hex(4)}.new")


def write_description(path: Path, people: set[str], swaps: Swaps) -> None:
    """Write dataset.toml without a person's keys in the lists of own accounts and staff; all else keeps its bytes."""
    old = path.read_bytes().decode("utf-8")
    keys = "|".join(map(re.escape, sorted(people)))
    text = re.sub(rf"""(,\s*)?(?:"(?:{keys})"|'(?:{keys})')(?(1)|\s*,?[ \t]*)""", "", old)
    wanted = tomllib.loads(old.removeprefix("\ufeff"))
    for own in wanted["own"].values():
        own |= {name: [key for key in listed if key not in people] for name, listed in own.items()}
    if wanted != _parsed(text):
        raise DataError(told("by_hand", file=path.name))
    swaps.append((path, _beside(path)))
    swaps[-1][1].write_bytes(text.encode())
    shutil.copymode(path, swaps[-1][1])


def _parsed(text: str) -> dict | None:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        return None


def swap(folder: Path, swaps: Swaps) -> None:
    """Put new files in place of old ones; what a Parquet writer left beside them (checksums, statistics) is stale."""
    try:
        for old, new in swaps:
            if new:
                new.replace(old)
            else:
                old.unlink()
            old.with_name(f".{old.name}.crc").unlink(missing_ok=True)
            _tidy(folder / old.relative_to(folder).parts[0])
    except OSError as error:
        what = f"{error.strerror or error}: {error.filename}"
        raise DataError(told("not_finished", why=what)) from error


def _tidy(parts: Path) -> None:
    """Take a Parquet folder's summary files away, and the folder where no part is left in it."""
    if not parts.is_dir():
        return
    for name in ("_metadata", "_common_metadata"):
        (parts / name).unlink(missing_ok=True)
    if all(left.name[0] in "_." for left in parts.rglob("*") if left.is_file()):
        shutil.rmtree(parts)


def files_of(folder: Path, name: str) -> list[Path]:
    """Return the file of a table, or its Parquet parts."""
    return [file for place in places_of(folder, name) for file in parquet_files(place)]


def _csv(old: Path, new: Path, plan: Plan, name: str) -> tuple[int, int]:
    """Copy a CSV file without the rows that go; a row that stays as it is keeps its bytes."""
    removed = blanked = 0
    delimiter = read_csv(old, CONTRACT[name]).delimiter
    with old.open(encoding="utf-8", newline="") as source, new.open("x", encoding="utf-8", newline="") as target:
        rows = _rows(source, delimiter)
        header, raw = next(rows)
        target.write(raw)
        drop, edit = _by_place(header, plan.drop), _by_place(header, plan.edit)
        for fields, raw in rows:
            if fields and any(fields[n] in values for n, values in drop):
                removed += 1
                continue
            wrong = [(n, values[fields[n]]) for n, values in edit if fields and fields[n] in values]
            target.write(_edited(fields, wrong, raw, delimiter) if wrong else raw)
            blanked += len(wrong)
    return removed, blanked


def _by_place(header: list[str], by_column: dict[str, Values]) -> list[tuple[int, Values]]:
    """Return what is said of columns by their places, for those that are there."""
    at = {column.removeprefix("\ufeff"): place for place, column in enumerate(header)}
    return [(at[column], values) for column, values in by_column.items() if column in at]


def _rows(source: Iterator[str], delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Yield a CSV file's rows, the header too, each with its text as it stands; a blank line is a row of no fields."""
    raw: list[str] = []

    def lines() -> Iterator[str]:
        for line in source:
            raw.append(line)
            yield line

    for fields in csv.reader(lines(), delimiter=delimiter):
        yield fields, "".join(raw)
        raw.clear()


def _edited(fields: list[str], wrong: list[tuple[int, str]], raw: str, delimiter: str) -> str:
    """Return a row with values written anew and the line end it had."""
    import io

    for n, value in wrong:
        fields[n] = value
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=raw[len(raw.rstrip("\r\n")) :]).writerow(fields)
    return text.getvalue()


def _parquet(old: Path, new: Path, plan: Plan) -> tuple[int, int]:
    """Copy a Parquet file without the rows that go: same schema, same compression."""
    import pyarrow.compute as pc
    from pyarrow import parquet

    with parquet.ParquetFile(old) as opened:
        table, groups = opened.read(), opened.metadata
    gone = None
    for column, values in plan.drop.items():
        if column in table.column_names:
            found = _isin(table[column], values)
            gone = found if gone is None else pc.or_(gone, found)
    left = table if gone is None else table.filter(pc.invert(gone))
    blanked = 0
    for column, values in plan.edit.items():
        if column in table.column_names and (found := pc.sum(_isin(left[column], values)).as_py()):
            left = _anew(left, column, values)
            blanked += found
    if groups.num_row_groups:
        first = groups.row_group(0)
        columns = map(first.column, range(first.num_columns))
        kinds = {c.path_in_schema: c.compression.replace("UNCOMPRESSED", "NONE") for c in columns}
        parquet.write_table(left, new, row_group_size=max(1, first.num_rows), compression=kinds)
    return table.num_rows - left.num_rows, blanked


def _isin(values: pa.ChunkedArray, wanted: set[str] | dict[str, str]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(values.cast(pa.large_string()), value_set=pa.array(sorted(wanted), pa.large_string()))


def _anew(table: pa.Table, column: str, values: dict[str, str]) -> pa.Table:
    """Write a column's values anew; "" becomes missing."""
    import pyarrow as pa

    place, kind = table.column_names.index(column), table.schema.field(column).with_nullable(True)
    new = [(values.get(value, value) or None) if value is not None else None for value in table[column].to_pylist()]
    return table.set_column(place, kind, pa.array(new, kind.type))
