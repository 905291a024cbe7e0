"""Tables that outgrow the machine (큰 표): Parquet checked and cut in an engine, so that only what is used is read.

A table is large if its Parquet files together are (`LARGE`), or if it comes in parts and an engine was named. It is
checked by the same rules as any other, where it lies; `load` then brings home the rows that its own cut will keep, in
the same types and the same order as if all had been read.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis import panels
from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.dataset import ENGINE, Dataset
from smm_analysis.tables.faults import DataError, NoRows, Problem, refused
from smm_analysis.tables.files import only, parquet_files, places_of
from smm_analysis.tables.rules import check_large, problem_of
from smm_analysis.tables.words import told

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LARGE = 256 << 20  # bytes of Parquet from which on a table is not read whole
_POINTED_AT = ("posts", "mentions")  # tables whose early rows a later row may need


def engine_of(chosen: str, dataset: Dataset) -> str:
    """Return the engine that is meant (엔진 고르기): chosen, else of the run, else of dataset.toml, else ""."""
    return chosen or os.environ.get(ENGINE, "") or dataset.engine


def outgrows(path: str | Path) -> bool:
    """Whether a data set has a table that is not read whole (큰 데이터 여부), whatever the engine."""
    places = [place for name in CONTRACT for place in places_of(Path(path), name) if place.suffix != ".csv"]
    return any(is_large(place, parquet_files(place), "") for place in places)


def is_large(place: Path, files: Sequence[Path], engine: str) -> bool:
    """Whether a table in Parquet, a file or a folder of parts, is for an engine (큰 표 여부)."""
    return (bool(engine) and place.is_dir()) or sum(file.stat().st_size for file in files) >= LARGE


@dataclass(frozen=True)
class LargeTable:
    """One table in an engine (엔진 안의 표): its log, and the words for what may be wrong with it."""

    table: Table
    place: str
    log: panels.Log = field(repr=False)
    problems: list[Problem] = field(repr=False, default_factory=list)

    @property
    def readable(self) -> bool:
        """Whether the columns are there, in every part and in one type."""
        return not self.problems

    @property
    def keys(self) -> panels.Expression:
        """The table's single key, as an expression."""
        return self.log.rows(self.table.key[:1])

    @property
    def digest(self) -> str:
        """What changes with every part."""
        return panels.key_of(self.table.name, self.log.clock.zone, [part.identity for part in self.log.parts])

    def known(self, keys: pd.Series) -> pd.Series:
        """Return those of some keys that the table has (있는 키)."""
        asked, own = panels.keys_of(keys), self.keys
        found = self.log.engine.arrow(asked.semi_join(own, asked["asked"] == own[self.table.key[0]]))
        return found["asked"].to_pandas()


def open_table(engine: panels.Engine, place: Path, folder: Path, table: Table, dataset: Dataset) -> LargeTable:
    """Look at the parts of a table (큰 표 열기): what is wrong with their columns becomes its problems.

    Raises
    ------
    NoRows
        If the columns are in order and there is no row in any part.
    """
    name = place.relative_to(folder).as_posix()
    columns = {column.name: column.kind for column in table.columns}
    try:
        parts = panels.parts_of(place, folder, clock=table.clock)
        faults = panels.check_columns(parts, columns, table.required)
    except panels.BrokenPart as broken:
        parts, faults = (), [broken]
    clock = _clock(parts, dataset.timezone)
    log = panels.Log(engine, parts, columns, clock, table.clock)
    problems = [problem_of(fault) for fault in faults] + list(_unclear(log, name))
    if not problems and not log.n_rows:
        raise NoRows.of(name)
    return LargeTable(table, name, log, problems)


def _clock(parts: Sequence[panels.Part], zone: str) -> panels.Clock:
    bounds = [(part.first, part.last) for part in parts if part.first is not None]
    if not bounds or len(bounds) < len(parts):
        return panels.Clock(zone)
    return panels.Clock(zone, min(first for first, _ in bounds), max(last for _, last in bounds))


def _unclear(log: panels.Log, file: str) -> Iterator[Problem]:
    """Refuse times without an offset where clocks change: in an engine nobody looks at the hour that comes twice."""
    local = [
        n for n, kind in log.columns.items() if kind == "time" and any(p.types.get(n) == "local" for p in log.parts)
    ]
    for name in local if log.clock.changes else ():
        found = told("unclear_times", zone=log.clock.zone)
        yield Problem(file, None, name, found, told("clear_times"), told("clear_times_fix"))


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Which rows a cut will keep at most (가져올 행): a brand, and days as moments; "" and None leave all in."""

    brand: str
    start: pd.Timestamp | None
    end: pd.Timestamp | None

    def bounds(self, table: Table) -> tuple[int | None, int | None]:
        """Return the microseconds from which, and before which, a table's clock must be."""
        kind = table.column(table.clock).kind if table.clock else ""
        naive = kind in ("date", "week")
        early = self.start if table.clock and table.name not in ("customers", "posts") else None
        late = self.end if table.clock else None
        start = None if early is None else panels.microseconds(early.tz_localize(None) if naive else early)
        end = None if late is None else panels.microseconds(late.tz_localize(None) if naive else late) + 1
        return start, end


def fetch(large: LargeTable, wanted: Wanted, pointed_at: pd.Series | None = None) -> pd.DataFrame:
    """Bring home the rows that a cut may keep (행 가져오기), in the order of the parts.

    `pointed_at` are keys that later rows point at: their rows are fetched too, from before the first day.
    """
    import pyarrow as pa

    start, end = wanted.bounds(large.table)
    found = large.log.engine.arrow(
        _of_brand(large, wanted, large.log.rows(large.table.names, start=start, end=end, places=True))
    )
    if start is not None and pointed_at is not None and len(pointed_at):
        found = pa.concat_tables([found, _earlier(large, wanted, start, _missing(found, large, pointed_at))])
    rows = panels.in_order(found, large.log.parts)
    return panels.to_frame(rows, large.log.columns, large.log.clock.zone)


def _of_brand(large: LargeTable, wanted: Wanted, rows: panels.Expression) -> panels.Expression:
    if not wanted.brand or "brand" not in large.table.names:
        return rows
    return rows.filter((rows["brand"] == wanted.brand).fill_null(True))


def _missing(found: pa.Table, large: LargeTable, keys: pd.Series) -> pd.Series:
    there = found[large.table.key[0]].to_pandas()
    return keys[~keys.isin(there)]


def _earlier(large: LargeTable, wanted: Wanted, start: int, keys: pd.Series) -> pa.Table:
    """Return the rows before `start` that have one of the keys."""
    rows = _of_brand(large, wanted, large.log.rows(large.table.names, end=start, places=True))
    asked = panels.keys_of(keys)
    return large.log.engine.arrow(rows.semi_join(asked, rows[large.table.key[0]] == asked["asked"]))


def fetch_all(
    large: Mapping[str, LargeTable], frames: Mapping[str, pd.DataFrame], wanted: Wanted
) -> dict[str, pd.DataFrame]:
    """Bring home all large tables (모두 가져오기); what others point at comes last, once it is known what they need.

    Raises
    ------
    DataError
        If the engine cannot read one; the message names the part.
    """
    found = dict(frames)
    try:
        for name in sorted(large, key=lambda name: name in _POINTED_AT):
            found[name] = fetch(large[name], wanted, _pointed_at(found, name))
    except panels.PanelError as error:
        raise DataError(error.what) from None
    return {name: found[name] for name in CONTRACT if name in found}


def _pointed_at(frames: Mapping[str, pd.DataFrame], target: str) -> pd.Series | None:
    """Return the keys of mentions that rows of other tables name, shares among them."""
    import pandas as pd

    if target != "mentions":
        return None
    columns = [("cases", "mention_id"), ("shares", "item_id")]
    keys = [frames[name][column].dropna() for name, column in columns if name in frames]
    return pd.concat(keys) if keys else None


def open_logs(path: Path, engine: str, cache: Path | None, *, check: bool) -> panels.Logs:
    """Open all Parquet tables of a data set in one engine; see `tables.logs`."""
    from smm_analysis.tables.dataset import read_dataset

    dataset = read_dataset(path)[0]
    opened = panels.connect(engine_of(engine, dataset))
    try:
        large = {}
        for name, place in _places(path):
            with suppress(NoRows):
                large[name] = open_table(opened, place, path, CONTRACT[name], dataset)
        _need_order(path, large.values(), dataset, rules=check)
    except BaseException:
        opened.close()
        raise
    logs, clock = {name: table.log for name, table in large.items()}, _clock(_all_parts(large), dataset.timezone)
    return panels.open_logs(opened, logs, clock=clock, until=dataset.observed_until, cache=cache or cache_of(path))


def _need_order(path: Path, large: Collection[LargeTable], dataset: Dataset, *, rules: bool) -> None:
    """Refuse tables whose columns, or whose rows by the `rules`, are not in order."""
    problems = [problem for table in large for problem in table.problems]
    if rules and not problems:
        store = panels.Store(cache_of(path))
        problems = [problem for table in large for problem in check_large(table, dataset, {}, store).problems]
    if problems:
        raise refused(path, problems)


def _places(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the tables that are there in Parquet."""
    for name in CONTRACT:
        if (places := places_of(path, name)) and (place := only(places)).suffix != ".csv":
            yield name, place


def _all_parts(large: Mapping[str, LargeTable]) -> list[panels.Part]:
    return [part for table in large.values() if table.table.clock for part in table.log.parts]


def cache_of(path: Path) -> Path:
    """Return the folder in which a data set's panels are kept (패널 저장 위치)."""
    from platformdirs import user_cache_path

    return user_cache_path("smm-analysis") / "panels" / panels.key_of(str(path.resolve()))
