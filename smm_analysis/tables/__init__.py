"""The table contracts (표 규약): load and check a data set.

A data set is a folder with `dataset.toml` and one file a table; `data/README.md` says what each holds. Rows are
refused, never dropped or repaired in silence: `load` wants them all in order, `check` lists what is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.calendar import every_week, mondays
from smm_analysis.tables.contract import CONTRACT, Column, Table
from smm_analysis.tables.converting import empty
from smm_analysis.tables.dataset import ENGINE, NAME, Brand, Dataset, Medium, read_dataset
from smm_analysis.tables.exporting import Exported, export_table, export_tables, legible, suppress_small
from smm_analysis.tables.faults import DataError, MissingTable, Problem
from smm_analysis.tables.large import outgrows
from smm_analysis.tables.template import WORKBOOK, write_template

if TYPE_CHECKING:
    import pandas as pd

    from smm_analysis import panels
    from smm_analysis.tables.checking import Checked
    from smm_analysis.tables.large import LargeTable
    from smm_analysis.tables.reading import Source
    from smm_analysis.tables.rules import Refused, Target

__all__ = [
    "CONTRACT",
    "ENGINE",
    "Brand",
    "Check",
    "Column",
    "DataError",
    "Dataset",
    "Exported",
    "Medium",
    "MissingTable",
    "Problem",
    "Table",
    "Tables",
    "check",
    "check_cut",
    "empty",
    "every_week",
    "export_table",
    "export_tables",
    "legible",
    "load",
    "logs",
    "mondays",
    "outgrows",
    "suppress_small",
    "write_template",
]

EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb")


@dataclass(frozen=True, eq=False)
class Tables:
    """A data set in order (데이터 세트의 표들): `tables.posts` is a DataFrame, `tables.dataset` says whose it is.

    A table that the data set does not have is a DataError, and `hasattr(tables, "posts")` is False. Every access gives
    a fresh copy-on-write frame, so that changing it changes nothing here.
    """

    path: Path
    dataset: Dataset
    frames: dict[str, pd.DataFrame] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that are there, in the contract's order."""
        return tuple(self.frames)

    def cut(self, *, brand: str | None = None, since: str = "", until: str = "", need: Collection[str] = ()) -> Tables:
        """Keep one brand between two days (자르기); `load` says what the parameters mean.

        Raises
        ------
        DataError
            if a needed table is missing or empty, the brand is not there, or a date is none.
        """
        from smm_analysis.tables.cutting import cut

        for name in need:
            if name not in self.frames:
                raise _missing_table(name, self.path)
        frames, dataset = cut(self.frames, self.dataset, brand=brand, since=since, until=until)
        frames = {name: _plain(frames[name], CONTRACT[name]) for name in CONTRACT if name in frames}
        for name in need:
            if frames[name].empty:
                chosen = f"brand={brand!r}, since={since!r}, until={until!r}"
                raise DataError(f"nothing of the table {name} is left by {chosen}")
        return Tables(self.path, dataset, frames)

    def one_brand(self, brand: str = "") -> str:
        """Return the brand that is meant (브랜드 고르기): "" = the first one declared, or the only one that occurs.

        Raises
        ------
        DataError
            if several brands occur, none is declared and none is named.
        """
        from smm_analysis.tables.cutting import one_brand

        return one_brand(self.frames, self.dataset, brand)

    def coverage(self) -> pd.DataFrame:
        """Return what is here (데이터 범위): a row a table, with rows, and the days of its first and last time."""
        import pandas as pd

        rows = []
        for name, frame in self.frames.items():
            clock = CONTRACT[name].clock
            times = frame[clock].dropna().dt.tz_localize(None) if clock else pd.Series(dtype="datetime64[us]")
            rows.append((name, len(frame), times.min(), times.max()))
        table = pd.DataFrame(rows, columns=["table", "rows", "first", "last"])
        return table.assign(first=table["first"].dt.normalize(), last=table["last"].dt.normalize())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.frames]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name == "frames":
            raise AttributeError(name)
        if name in self.frames:
            return self.frames[name].copy(deep=False)
        if name in CONTRACT:
            raise _missing_table(name, self.path)
        near = difflib.get_close_matches(name, CONTRACT, n=1)
        raise AttributeError(f"there is no table {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")


@dataclass(frozen=True, eq=False)
class Check:
    """What a data set holds and what is wrong with it (검사 결과); `print(check)` is the report.

    `tables` has a row a table: table, file, read, kept, refused (rows; read = kept + refused). `notes` are things to
    know that refuse nothing.
    """

    path: Path
    tables: pd.DataFrame
    problems: list[Problem]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether `load` would take the data set."""
        return not self.problems

    def __str__(self) -> str:
        parts = [self.tables.to_string(index=False)] if len(self.tables) else []
        if self.problems:
            parts += [f"Problems ({len(self.problems)}):", *(f"  {problem}" for problem in self.problems)]
        if self.notes:
            parts += [f"Notes ({len(self.notes)}):", *(f"  {note}" for note in self.notes)]
        verdict = "in order" if self.ok else "refused until the problems above are mended"
        return "\n".join([*parts, f"{self.path}: {verdict}."])


@dataclass
class _Inspection:
    """A data set being read."""

    path: Path
    dataset: Dataset | None = None
    checked: dict[str, Checked] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    chosen: str = ""
    engine: panels.Engine | None = None
    large: dict[str, LargeTable] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)

    def opened(self) -> panels.Engine:
        """Return the engine, started when it is first needed."""
        from smm_analysis import panels
        from smm_analysis.tables.large import engine_of

        if self.engine is None:
            try:
                self.engine = panels.connect(engine_of(self.chosen, self.dataset))
            except panels.PanelError as error:
                raise DataError(str(error)) from None
        return self.engine


def load(
    path: str | Path,
    *,
    brand: str | None = None,
    since: str = "",
    until: str = "",
    need: Collection[str] = (),
    engine: str = "",
) -> Tables:
    """Read a data set that is wholly in order (데이터 세트 읽기).

    Parameters
    ----------
    path : the folder.
    brand : keep this brand alone; "" = the first that dataset.toml names, None = all. Tables without a brand of their
        own follow their customers and posts.
    since, until : ISO dates, both days included, in the data set's time zone; empty = open.
    need : names of tables that must be there.
    engine : what large Parquet tables are checked and cut with, such as spark://HOST:7077 (`panels.connect`); an engine
        that is named reads all tables that come in parts. "" = what dataset.toml says, else DuckDB for what is above
        256 MB. The result is the same with each.

    Notes
    -----
    `until` is a vantage point, the evening of that day. Rows whose clock comes later drop out, and so do weeks not yet
    over; `dataset.observed_until` moves back to it; outcomes that came later (first response and who gave it,
    resolution, answer and score) are blank, as not yet known; an optional key to a dropped row is blank too.
    Counters that a platform sums up (a post's impressions) cannot be wound back, nor can tables without a clock
    (`follows`, `reach_frequency`, `duplication`).

    `since` drops rows whose clock is earlier. Customers all stay, because a cohort without its quiet members would
    flatter retention, and so do earlier posts and mentions that a kept row points at.

    Raises
    ------
    DataError
        if anything at all is refused; the message lists it as `check` does.
    """
    from smm_analysis.tables.cutting import bounds

    with _inspected(Path(path), engine) as found:
        if found.problems:
            raise DataError(f"the data set {path} is refused", found.problems)
        frames = {name: checked.frame for name, checked in found.checked.items()}
        if found.large:
            start, end = bounds(found.dataset, since, until)
            frames = _fetched(found, frames, brand, start, end)
    whole = Tables(found.path, found.dataset, frames)
    return whole.cut(brand=brand, since=since, until=until, need=need)


def _fetched(
    found: _Inspection,
    frames: dict[str, pd.DataFrame],
    brand: str | None,
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
) -> dict[str, pd.DataFrame]:
    """Add the rows of large tables that the cut may keep; a brand is looked for only where brands are declared."""
    from smm_analysis.tables import large

    declared = list(found.dataset.brands)
    mine = (brand or declared[0]) if brand is not None and len(declared) > 1 else ""
    return large.fetch_all(found.large, frames, large.Wanted(mine, start, end))


def check(path: str | Path, *, engine: str = "") -> Check:
    """Read a data set and list everything that is wrong with it (데이터 세트 검사); `engine` as in `load`."""
    import pandas as pd

    with _inspected(Path(path), engine) as found:
        rows = {name: (table.source.file, table.read, table.refused) for name, table in found.checked.items()}
        for name, table in found.large.items():
            rows[name] = (table.place, table.log.n_rows, found.refused[name].rows if name in found.refused else 0)
    rows = {name: rows[name] for name in CONTRACT if name in rows}
    told = [(name, file, read, read - refused, refused) for name, (file, read, refused) in rows.items()]
    told += [(name, file, 0, 0, 0) for name, file in found.unread.items()]
    tables = pd.DataFrame(told, columns=["table", "file", "read", "kept", "refused"])
    return Check(found.path, tables, found.problems, found.notes)


def logs(path: str | Path, *, engine: str = "", cache: Path | None = None, check: bool = True) -> panels.Logs:
    """Open a data set's Parquet tables as logs (로그 열기), to sum them up in an engine.

    Parameters
    ----------
    path : the data set's folder. Tables in CSV are not logs.
    engine : "" = what dataset.toml says, else DuckDB in this process; `panels.connect` says what else there is.
    cache : where weekly panels are kept; by default a folder of the user's, one for each data set.
    check : False leaves the rules out, as for a nightly refresh of what `smm check` has passed; the columns of every
        part are looked at all the same.

    Raises
    ------
    DataError
        If a table breaks a rule, or a part cannot be read; the message names it.
    """
    from smm_analysis.tables.large import open_logs

    return open_logs(Path(path), engine, cache, check=check)


def check_cut(
    path: Path, dataset: Dataset, names: Collection[str], *, need: Collection[str], brand: str = "", **days: str
) -> None:
    """Check what can be known of a cut without its rows (자르기 전 검사): tables, brand and days.

    Raises
    ------
    DataError
        As `Tables.cut`, but for days of which nothing is left.
    """
    from smm_analysis.tables.cutting import bounds

    for name in need:
        if name not in names:
            raise _missing_table(name, path)
    if brand and dataset.brands and brand not in dataset.brands:
        raise DataError(f"brand={brand!r} is not in the data set; there are: {', '.join(dataset.brands)}")
    bounds(dataset, days.get("since", ""), days.get("until", ""))


def _missing_table(name: str, path: Path) -> DataError:
    if name not in CONTRACT:
        return DataError(f"there is no table {name!r} in the contract; tables: {', '.join(CONTRACT)}")
    columns = ", ".join(CONTRACT[name].required)
    return MissingTable(
        f"the table {name} is missing in {path}: add {name}.csv (or {name}.parquet) with the columns {columns}"
    )


def _plain(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Number the rows anew and make required whole numbers plain int64."""
    whole = {column.name: "int64" for column in table.columns if column.kind == "whole" and column.required}
    return frame.astype(whole).reset_index(drop=True)


@contextmanager
def _inspected(path: Path, engine: str) -> Iterator[_Inspection]:
    """Inspect a data set, and keep the engine of its large tables open meanwhile."""
    found = _Inspection(path, chosen=engine)
    try:
        _inspect(found)
        yield found
    finally:
        if found.engine:
            found.engine.close()


def _inspect(found: _Inspection) -> None:
    """Read the description, then table after table; collect instead of stopping."""
    from smm_analysis.tables import checking

    path = found.path
    try:
        _is_folder(path)
        found.dataset, found.notes = read_dataset(path)
    except DataError as error:
        found.problems = error.problems
        return
    _note_strangers(found)
    for table in CONTRACT.values():
        _inspect_table(found, table)
    found.notes += checking.check_keys(found.checked, found.large)
    for name, checked in found.checked.items():
        try:
            found.problems += checking.problems([checked])
        except DataError as error:  # quotes that do not close, noticed only when lines are counted
            found.problems += [*checked.problems, *error.problems]
            found.unread[name] = checked.source.file
    for name, table in found.large.items():
        found.problems += table.problems or _checked_large(found, name).problems
    if not found.checked and not found.large and not found.problems:
        allowed, fix = f"at least one of {', '.join(CONTRACT)}", "Put a file such as weekly.csv there."
        found.problems.append(Problem(str(path), None, "", "a data set without tables", allowed, fix))


def _checked_large(found: _Inspection, name: str) -> Refused:
    """Check a large table against its rules and the tables that it points at."""
    from smm_analysis import panels
    from smm_analysis.tables import large, rules

    table, targets = found.large[name], {}
    for column, target in table.table.points_to.items():
        targets[target] = _target(found, target)
        if targets[target] is None:
            found.notes.append(f"{table.place}: {column} was not checked, there is no readable table {target}")
    there = {target: keys for target, keys in targets.items() if keys is not None}
    store = panels.Store(large.cache_of(found.path))
    found.refused[name] = rules.check_large(table, found.dataset, there, store)
    return found.refused[name]


def _inspect_table(found: _Inspection, table: Table) -> None:
    from smm_analysis.tables import checking, reading

    files = [found.path / f"{table.name}{ending}" for ending in (".csv", ".parquet", "")]
    files = [file for file, there in zip(files, (Path.is_file, Path.is_file, Path.is_dir), strict=True) if there(file)]
    if not files:
        return
    try:
        if len(files) == 1 and _for_engine(found, files[0]):
            found.large[table.name] = _opened(found, files[0], table)
            return
        source = _source(found.path, files, table)
    except (DataError, OSError) as error:
        broken = error if isinstance(error, DataError) else reading.not_allowed(files[0].name, error)
        found.problems += broken.problems
        found.unread[table.name] = files[0].name
        return
    found.checked[table.name] = checking.check_table(source, table, found.dataset)
    found.notes += checking.unknown_columns(source.file, source.columns.column_names, table)


def _for_engine(found: _Inspection, place: Path) -> bool:
    """Whether a table is Parquet, and large or meant for an engine."""
    from smm_analysis.tables.large import engine_of, is_large

    return place.suffix != ".csv" and is_large(place, _parts(place), engine_of(found.chosen, found.dataset))


def _opened(found: _Inspection, place: Path, table: Table) -> LargeTable:
    """Open a table in the engine, and note what columns it has that the contract has not."""
    from smm_analysis.tables import checking, large

    opened = large.open_table(found.opened(), place, found.path, table, found.dataset)
    names = dict.fromkeys(name for part in opened.log.parts for name in part.types)
    found.notes += checking.unknown_columns(opened.place, names, table)
    return opened


def _target(found: _Inspection, target: str) -> Target | None:
    """Return the keys of a table for the engine; None where it cannot be read."""
    import pandas as pd

    from smm_analysis import panels
    from smm_analysis.tables.rules import Target

    if (big := found.large.get(target)) is not None:
        return Target(big.keys, big.digest) if big.readable else None
    checked = found.checked.get(target)
    if checked is None or not checked.readable:
        return None
    keys = checked.frame[CONTRACT[target].key[0]]
    return Target(panels.keys_of(keys), panels.key_of(pd.util.hash_pandas_object(keys, index=False).tolist()))


def _source(folder: Path, files: list[Path], table: Table) -> Source:
    """Read the one file or folder of a table; two are refused."""
    from smm_analysis.tables import reading

    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise reading.refuse(files[0].name, f"{names} both there", "one file a table", "Keep one of them.")
    if files[0].suffix == ".csv":
        return reading.read_csv(files[0], table)
    return reading.read_parquet(_parts(files[0]), folder)


def _parts(path: Path) -> list[Path]:
    """Return the file, or the parts in the folder; names that begin with _ or . are the writer's own."""
    from smm_analysis.tables import reading

    if path.is_file():
        return [path]
    parts = sorted(part for part in path.rglob("*.parquet") if part.is_file() and part.name[0] not in "_.")
    if not parts:
        fix = "Put the Parquet parts there, or a CSV file beside dataset.toml."
        raise reading.refuse(path.name, "a folder without .parquet files", "Parquet parts", fix)
    return parts


def _is_folder(path: Path) -> None:
    """Refuse what is not a folder with dataset.toml."""
    fix = "Give the folder that holds dataset.toml; `smm template OUT` makes one to fill in."
    what = "not there" if not path.exists() else "a file" if not path.is_dir() else ""
    if not what and not (path / NAME).is_file():
        what = f"a folder without {NAME}"
    if what:
        raise DataError(str(path), [Problem(str(path), None, "", what, f"a folder with {NAME} and tables", fix)])


def _note_strangers(found: _Inspection) -> None:
    """Refuse Excel files; note other files that look as if they were meant."""
    for path in sorted(found.path.iterdir()):
        if path.name.startswith((".", "_", "~$")) or path.name in (NAME, WORKBOOK, "truth.json", "imports"):
            continue
        if path.suffix.lower() in EXCEL:
            fix = f"Take it out of the folder, then: smm import {path.name} --out FOLDER"
            found.problems.append(Problem(path.name, None, "", "an Excel file", "CSV or Parquet", fix))
        elif _could_be_meant(path):
            near = difflib.get_close_matches(path.stem.lower(), CONTRACT, n=1)
            hint = f"; did you mean {near[0]}.csv?" if near else ""
            found.notes.append(f"{path.name}: not a table of the contract, left out{hint}")


def _could_be_meant(path: Path) -> bool:
    """Whether a file or folder that is not a table looks like data."""
    if path.is_dir():
        return path.name not in CONTRACT
    if path.suffix in (".csv", ".parquet"):
        return path.stem not in CONTRACT
    return path.suffix.lower() in (".csv", ".parquet", ".tsv", ".txt", ".json", ".zip", ".gz")
