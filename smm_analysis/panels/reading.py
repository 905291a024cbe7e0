"""A log as an Ibis table (로그 읽기): the columns asked for, each in one type whatever the parts hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from .connect import Engine
from .parts import Part
from .times import Clock

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

Expression: TypeAlias = "ir.Table"  # rows that are not fetched yet
_TYPES = {"whole": "int64", "number": "float64", "time": "int64", "date": "int64", "week": "int64"}


@dataclass(frozen=True)
class Log:
    """A log in parts (로그): which engine reads it, what its columns are, and what its clock is.

    `columns` are name -> kind, as in the data set's contract; `time` is the column that partitions go by. In every
    table that `rows` gives, times are microseconds since 1970 UTC, dates and weeks those of their midnight, empty texts
    are missing, and a column that no part has is missing throughout.
    """

    engine: Engine = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    columns: Mapping[str, str]
    clock: Clock
    time: str = ""

    @property
    def n_rows(self) -> int:
        """Rows in all parts."""
        return sum(part.rows for part in self.parts)

    def between(self, start: int, end: int) -> tuple[Part, ...]:
        """Return the parts that may hold a row with `start` <= clock < `end` (microseconds); the others stay unread."""
        return tuple(part for part in self.parts if part.meets(start, end))

    def rows(
        self, names: Iterable[str], *, start: int | None = None, end: int | None = None, places: bool = False
    ) -> ir.Table:
        """Return columns of the rows with `start` <= clock < `end`, as an expression (행 읽기).

        Parameters
        ----------
        names : which columns; no other is read.
        start, end : microseconds; None = open. Parts that lie outside are not opened.
        places : with `_part` and `_row` beside them, see `place`.
        """
        import ibis

        names, parts = list(names), self._parts(start, end)
        alike = [
            list(group) for _, group in groupby(sorted(parts, key=lambda p: _look(p, names)), lambda p: _look(p, names))
        ]
        tables = [self._typed(group, names, start, end, places) for group in alike]
        return ibis.union(*tables) if len(tables) > 1 else tables[0]

    def _parts(self, start: int | None, end: int | None) -> tuple[Part, ...]:
        low, high = -(1 << 62) if start is None else start, 1 << 62 if end is None else end
        return self.between(low, high) or self.parts[:1]

    def _typed(
        self, parts: Sequence[Part], names: Sequence[str], start: int | None, end: int | None, places: bool
    ) -> ir.Table:
        """Return parts of equal types, cut by the clock and with columns in the types that all have."""
        raw, types = self.engine.parquet(parts), parts[0].types
        time = self._typed_column(raw, self.time, types) if self.time else None
        if start is not None:
            raw = raw.filter(time >= start)
        if end is not None:
            raw = raw.filter(time < end)
        columns = {name: self._typed_column(raw, name, types) for name in names}
        return raw.select(**columns, **({"_part": raw["_part"], "_row": raw["_row"]} if places else {}))

    def _typed_column(self, raw: ir.Table, name: str, types: Mapping[str, str]) -> ir.Value:
        import ibis

        kind = self.columns[name]
        if types.get(name, "nothing") == "nothing":
            return ibis.null(self.type_of(name))
        if kind in ("time", "date", "week"):
            micros = self.engine.micros(raw[name].cast("timestamp") if types[name] == "date" else raw[name])
            return self.clock.instants(micros) if kind == "time" and types[name] == "local" else micros
        if kind in ("whole", "number"):
            return raw[name].cast(self.type_of(name))
        return raw[name].nullif("")

    def type_of(self, name: str) -> str:
        """Return a column's type in Ibis; whole numbers that some part holds as floats stay floats until checked."""
        kind = self.columns[name]
        floats = kind == "whole" and any(part.types.get(name) == "number" for part in self.parts)
        return "float64" if floats else _TYPES.get(kind, "string")

    # --- what comes back ----------------------------------------------------------------------------------------------

    def frame(self, expression: ir.Table) -> pd.DataFrame:
        """Run an expression on this log's columns: a DataFrame with times in the zone, in the order of the parts."""
        found = in_order(self.engine.arrow(expression), self.parts)
        return to_frame(found, self.columns, self.clock.zone)


def keys_of(keys: pd.Series) -> ir.Table:
    """Return the distinct keys of a frame as an expression that any engine takes (키 목록): one column, `asked`."""
    import ibis
    import pyarrow as pa

    return ibis.memtable(pa.table({"asked": pa.array(keys.dropna().unique(), pa.string())}))


def _look(part: Part, names: Iterable[str]) -> str:
    return repr([part.exact.get(name, "") for name in names])


def place(paths: pa.ChunkedArray, parts: Sequence[Part]) -> pa.Array:
    """Return which part each path of `_part` means (조각 번호): engines write paths in their own way."""
    import pyarrow as pa

    known = {part.path.resolve().as_posix(): number for number, part in enumerate(parts)}
    encoded = paths.combine_chunks().dictionary_encode()
    numbers = pa.array([known[_plain(path)] for path in encoded.dictionary.to_pylist()], pa.int64())
    return numbers.take(encoded.indices)


def _plain(path: str) -> str:
    """Return a path without what an engine adds: Spark writes file:///a%20b."""
    from urllib.parse import unquote

    return (
        "/" + unquote(path.removeprefix("file:")).lstrip("/") if path.startswith("file:") else path.replace("\\", "/")
    )


def in_order(rows: pa.Table, parts: Sequence[Part]) -> pa.Table:
    """Sort rows as they stand in the parts, and drop `_part` and `_row` (원래 순서)."""
    if "_part" not in rows.column_names:
        return rows
    placed = rows.drop_columns("_part").append_column("_part", place(rows["_part"], parts))
    return placed.sort_by([("_part", "ascending"), ("_row", "ascending")]).drop_columns(["_part", "_row"])


def to_frame(rows: pa.Table, columns: Mapping[str, str], zone: str) -> pd.DataFrame:
    """Return Arrow rows as a DataFrame in the types of the tables (데이터프레임으로)."""
    import pandas as pd
    import pyarrow as pa

    moments = {"time": pa.timestamp("us", zone), "date": pa.timestamp("us"), "week": pa.timestamp("us")}
    for at, name in enumerate(rows.column_names):
        kind = columns.get(name, "")
        if kind in moments:
            rows = rows.set_column(at, name, rows[name].cast(pa.int64()).cast(moments[kind]))
        elif kind == "whole":
            rows = rows.set_column(at, name, rows[name].cast(pa.int64()))
    whole = {name: pd.Int64Dtype() for name in rows.column_names if columns.get(name) == "whole"}
    return rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get if whole else None)
