"""Tables that outgrow the machine (큰 표): Parquet checked and cut in an engine, so that only what is used is read.

A table is large if its Parquet files together are (`LARGE`), or if it comes in parts and an engine was named. It is
checked by the same rules as any other, where it lies; `load` then brings home the rows that its own cut will keep, in
the same types and the same order as if all had been read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis import panels
from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.converting import MANGLED, MANGLED_FIX, MISSING_AS_TEXT
from smm_analysis.tables.dataset import ENGINE, Dataset
from smm_analysis.tables.faults import DataError, Problem, shortened

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
    return any(is_large(place, _files(place), "") for _, place in _places(Path(path)))


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else list(place.rglob("*.parquet"))


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
    """Look at the parts of a table (큰 표 열기): what is wrong with their columns becomes its problems."""
    name = place.relative_to(folder).as_posix()
    columns = {column.name: column.kind for column in table.columns}
    try:
        parts = panels.parts_of(place, folder, clock=table.clock)
        faults = panels.check_columns(parts, columns, table.required)
    except panels.BrokenPart as broken:
        parts, faults = (), [broken]
    clock = _clock(parts, dataset.timezone)
    log = panels.Log(engine, parts, columns, clock, table.clock)
    problems = [_problem(fault) for fault in faults] + list(_unclear(log, name))
    if not problems and not log.n_rows:
        fix = "Fill in the rows, or delete the file if you do not have this table."
        problems = [Problem(parts[0].name if parts else name, None, "", "no rows", "at least one row", fix)]
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
        allowed, fix = "timestamps with a time zone", "Write the times with their offset."
        yield Problem(
            file, None, name, f"times without an offset, and the clocks of {log.clock.zone} change", allowed, fix
        )


def _problem(fault: panels.BrokenPart) -> Problem:
    return Problem(fault.part, None, fault.column, fault.found, fault.allowed, fault.fix)


# --- rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """What a check found (검사 결과): problems, and the number of rows that have one."""

    problems: list[Problem]
    rows: int


@dataclass(frozen=True)
class Target:
    """What keys may lead to (키가 가리키는 표): the keys as an expression, and a digest that changes with them."""

    keys: panels.Expression
    digest: str


def check_large(large: LargeTable, dataset: Dataset, targets: Mapping[str, Target], store: panels.Store) -> Refused:
    """Check a large table where it lies (엔진 검사), keys to the tables in `targets` too.

    That it was in order is kept in the `store`, and the same parts are not looked at again.
    """
    rules, kind = list(_rules(large, dataset)), f"checked_{large.table.name}"
    told = [(rule.test, rule.columns, rule.value) for rule in rules]
    key = panels.key_of(large.digest, told, {name: target.digest for name, target in targets.items()})
    if store.get(kind, key) is not None:
        return Refused([], 0)
    found = _checked(large, [*rules, *_pointers(large.table, targets)])
    if not found.problems:
        store.put(kind, key, _kept(large.log.n_rows))
        store.keep_only(kind, [key])
    return found


def _checked(large: LargeTable, rules: Sequence[panels.Rule]) -> Refused:
    try:
        checked = panels.check(large.log, rules)
    except panels.PanelError as error:
        broken = error if isinstance(error, panels.BrokenPart) else None
        return Refused([_problem(broken) if broken else _gave_up(large, error)], large.log.n_rows)
    return Refused([_of_rule(large, found) for found in checked.found], checked.bad_rows)


def _kept(rows: int) -> pd.DataFrame:
    """Return what is kept of a check: how many rows were in order."""
    import pandas as pd

    return pd.DataFrame({"rows": [rows]})


def _gave_up(large: LargeTable, error: panels.PanelError) -> Problem:
    return Problem(large.place, None, "", shortened(error), "a table that the engine can read", str(error))


def _rules(large: LargeTable, dataset: Dataset) -> Iterator[panels.Rule]:
    """Yield the rules that the table's own schema has, in words of its own, and those on texts and numbers."""
    from smm_analysis.tables.checking import schema

    table, there = large.table, set().union(*(part.types for part in large.log.parts))
    wanted = schema(table, dataset)
    for column in table.columns:
        if column.name in there:
            yield from _forms(large, column.name)
            for check in wanted.columns[column.name].checks:
                value = _value(check.name, table, column.name, dataset)
                yield _rule(check.name, (column.name,), value, check.title, check.description)
    tests = [("unique", table.key, None)] if table.key else []
    tests += [("not_before", (late,), early) for early, late in table.order]
    tests += [("needs", (column,), needed) for column, needed in table.needs]
    for (test, columns, value), check in zip(tests, wanted.checks, strict=True):
        if {*columns, *([value] if value else [])} <= there:
            yield _rule(test, columns, value, check.title, check.description)


def _value(test: str, table: Table, name: str, dataset: Dataset) -> Any:
    """Return what a rule compares with."""
    from smm_analysis.tables.checking import declared

    column = table.column(name)
    if test == "range":
        return column.low, float("inf") if column.high is None else column.high
    if test == "choice":
        return column.choices or declared(name, dataset)
    if test == "observed":
        end = dataset.observed_until
        return panels.microseconds(end if column.kind == "time" else end.tz_localize(None))
    return None


def _forms(large: LargeTable, name: str) -> Iterator[panels.Rule]:
    """Yield the rules that a file of text breaks while it is converted: mangled ids, fractions, numbers without end."""
    column = large.table.column(name)
    if column.kind == "key":
        allowed = "the id as it was, not a number in scientific notation"
        yield _rule("matches", (name,), MANGLED, allowed, MANGLED_FIX, hint="+")
        allowed, fix = "an id, or an empty field where there is none", "Leave the field empty or put in the id."
        yield _rule("choice_not", (name,), _words(MISSING_AS_TEXT), allowed, fix)
    if column.kind == "whole" and large.log.type_of(name) == "float64":
        yield _rule("whole", (name,), None, column.allowed, "Write digits only: no unit, no thousands separator.")
    if column.kind == "number":
        fix = "Leave the field empty where the number is not known."
        yield _rule("finite", (name,), None, f"{column.allowed}, finite", fix)


def _words(pattern: str) -> tuple[str, ...]:
    """Return the words of a pattern such as ^(a|b)$."""
    return tuple(word.replace("\\", "") for word in pattern.strip("^$()").split("|"))


def _pointers(table: Table, targets: Mapping[str, Target]) -> Iterator[panels.Rule]:
    for column, target in table.points_to.items():
        if target in targets:
            allowed, fix = (
                f"a {CONTRACT[target].key[0]} that is in {target}",
                f"Add the row to {target} or correct the key.",
            )
            yield _rule("points_to", (column,), targets[target].keys, allowed, fix)


def _rule(test: str, columns: tuple[str, ...], value: Any, allowed: str, fix: str, hint: str = "") -> panels.Rule:
    test = {"observed": "until"}.get(test, test)
    return panels.Rule(test, columns, value, hint, name=(allowed, fix))


def _of_rule(large: LargeTable, found: panels.Found) -> Problem:
    """Turn a violation into a problem with the first rows."""
    (allowed, fix), columns = found.rule.name, found.rule.columns
    shown = [(row, _shown(large, columns, values)) for _, row, values in found.first]
    (row, value), *also = shown
    column = ", ".join(columns)
    return Problem(found.first[0][0], row, column, value, allowed, fix, count=found.count, also=tuple(also))


def _shown(large: LargeTable, columns: Sequence[str], values: Sequence[Any]) -> str:
    import pandas as pd

    zones = {"time": large.log.clock.zone, "date": None, "week": None}
    texts = []
    for name, value in zip(columns, values, strict=True):
        kind = large.table.column(name).kind
        if kind in zones and value is not None:
            stamp = pd.Timestamp(value, unit="us", tz="UTC").tz_convert(zones[kind])
            value = stamp.isoformat() if kind == "time" else f"{stamp:%Y-%m-%d}"
        texts.append(shortened(value))
    return " + ".join(texts)


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
        raise DataError(str(error)) from None
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
        large = {name: open_table(opened, place, path, CONTRACT[name], dataset) for name, place in _places(path)}
        problems = [problem for table in large.values() for problem in table.problems]
        if check and not problems:
            store = panels.Store(cache_of(path))
            problems = [p for table in large.values() for p in check_large(table, dataset, {}, store).problems]
        if problems:
            raise DataError(f"the data set {path} is refused", problems)
    except BaseException:
        opened.close()
        raise
    logs, clock = {name: table.log for name, table in large.items()}, _clock(_all_parts(large), dataset.timezone)
    return panels.open_logs(opened, logs, clock=clock, until=dataset.observed_until, cache=cache or cache_of(path))


def _places(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the tables that are there in Parquet."""
    for name in CONTRACT:
        for place in (path / f"{name}.parquet", path / name):
            if place.is_file() or place.is_dir():
                yield name, place


def _all_parts(large: Mapping[str, LargeTable]) -> list[panels.Part]:
    return [part for table in large.values() if table.table.clock for part in table.log.parts]


def cache_of(path: Path) -> Path:
    """Return the folder in which a data set's panels are kept (패널 저장 위치)."""
    from platformdirs import user_cache_path

    return user_cache_path("smm-analysis") / "panels" / panels.key_of(str(path.resolve()))
