"""A data set being read (검사 과정): its description, then table after table; what is wrong is collected."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.dataset import NAME, Dataset, read_dataset
from smm_analysis.tables.faults import DataError, NoRows, Problem, refuse
from smm_analysis.tables.files import only, parquet_files, places_of
from smm_analysis.tables.template import WORKBOOK
from smm_analysis.tables.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    from smm_analysis import panels
    from smm_analysis.tables.checking import Checked
    from smm_analysis.tables.large import LargeTable
    from smm_analysis.tables.rules import Refused, Target

EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb")


@dataclass
class Inspection:
    """What is known of a data set so far (검사 중인 데이터 세트).

    `checked` tables were read whole; `large` ones lie in the engine, and `refused` says what it found in those whose
    columns are in order; `unread` names the file of each table that could not be read at all, or has no rows. `chosen`
    is the engine that was asked for.
    """

    path: Path
    chosen: str = ""
    dataset: Dataset | None = None
    checked: dict[str, Checked] = field(default_factory=dict)
    large: dict[str, LargeTable] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)
    engine: panels.Engine | None = None

    def opened(self) -> panels.Engine:
        """Return the engine, started when it is first needed."""
        from smm_analysis import panels
        from smm_analysis.tables.large import engine_of

        if self.engine is None:
            try:
                self.engine = panels.connect(engine_of(self.chosen, self.dataset))
            except panels.PanelError as error:
                raise DataError(error.what) from None
        return self.engine


@contextmanager
def inspected(path: Path, engine: str) -> Iterator[Inspection]:
    """Inspect a data set, and keep the engine of its large tables open meanwhile."""
    found = Inspection(path, engine)
    try:
        _inspect(found)
        yield found
    finally:
        if found.engine:
            found.engine.close()


def _inspect(found: Inspection) -> None:
    try:
        _need_folder(found.path)
        found.dataset, found.notes = read_dataset(found.path)
    except DataError as error:
        found.problems = error.problems
        return
    _note_strangers(found)
    for table in CONTRACT.values():
        _inspect_table(found, table)
    _check_rows(found)
    _check_large(found)
    if not found.checked and not found.large and not found.problems:
        allowed, fix = told("a_table", tables=", ".join(CONTRACT)), told("a_table_fix")
        found.problems.append(Problem(str(found.path), None, "", told("no_tables"), allowed, fix))


# --- the folder -------------------------------------------------------------------------------------------------------


def _need_folder(path: Path) -> None:
    """Refuse what is not a folder with dataset.toml."""
    what = "no_folder" if not path.exists() else "a_file" if not path.is_dir() else ""
    if not what and not (path / NAME).is_file():
        what = "no_description"
    if what:
        problem = Problem(str(path), None, "", told(what), told("folder"), told("folder_fix"))
        raise DataError(str(path), [problem])


def _note_strangers(found: Inspection) -> None:
    """Refuse Excel files; note other files that look as if they were meant."""
    for path in sorted(found.path.iterdir()):
        if path.name.startswith((".", "_", "~$")) or path.name in (NAME, WORKBOOK, "truth.json", "imports"):
            continue
        if path.suffix.lower() in EXCEL:
            fix = told("csv_or_parquet_fix", file=path.name)
            found.problems.append(Problem(path.name, None, "", told("excel_file"), told("csv_or_parquet"), fix))
        elif _could_be_meant(path):
            near = difflib.get_close_matches(path.stem.lower(), CONTRACT, n=1)
            hint = told("did_you_mean", name=f"{near[0]}.csv") if near else ""
            found.notes.append(told("stranger", file=path.name, hint=hint))


def _could_be_meant(path: Path) -> bool:
    """Whether a file or folder that is not a table looks like data."""
    if path.is_dir():
        return path.name not in CONTRACT
    if path.suffix in (".csv", ".parquet"):
        return path.stem not in CONTRACT
    return path.suffix.lower() in (".csv", ".parquet", ".tsv", ".txt", ".json", ".zip", ".gz")


# --- one table --------------------------------------------------------------------------------------------------------


def _inspect_table(found: Inspection, table: Table) -> None:
    """Read a table and check its values or, if it is large, open it in the engine."""
    from smm_analysis.tables import reading

    places = places_of(found.path, table.name)
    if not places:
        return
    try:
        _read(found, only(places), table)
    except NoRows as error:
        found.notes.append(error.what)
        found.unread[table.name] = places[0].name
    except (DataError, OSError) as error:
        broken = error if isinstance(error, DataError) else reading.not_allowed(places[0].name, error)
        if not broken.problems:  # no engine: that is not the table's
            raise
        found.problems += broken.problems
        found.unread[table.name] = places[0].name


def _read(found: Inspection, place: Path, table: Table) -> None:
    from smm_analysis.tables import checking, large, reading

    if place.suffix == ".csv":
        source = reading.read_csv(place, table)
    else:
        files = _parts(place)
        if large.is_large(place, files, large.engine_of(found.chosen, found.dataset)):
            _open(found, place, table)
            return
        source = reading.read_parquet(files, found.path)
    found.checked[table.name] = checking.check_table(source, table, found.dataset)
    found.notes += checking.unknown_columns(source.file, source.columns.column_names, table)


def _parts(place: Path) -> list[Path]:
    """Return the Parquet files of a table; a folder without any is refused."""
    parts = parquet_files(place)
    if not parts:
        raise refuse(place.name, told("no_parts"), told("parts"), told("parts_fix"))
    return parts


def _open(found: Inspection, place: Path, table: Table) -> None:
    """Open a table in the engine, and note what columns it has that the contract has not."""
    from smm_analysis.tables import checking, large

    opened = large.open_table(found.opened(), place, found.path, table, found.dataset)
    names = dict.fromkeys(name for part in opened.log.parts for name in part.types)
    found.large[table.name] = opened
    found.notes += checking.unknown_columns(opened.place, names, table)


# --- all tables together ----------------------------------------------------------------------------------------------


def _check_rows(found: Inspection) -> None:
    """Look whether the keys of tables that were read lead anywhere, then name all bad rows."""
    from smm_analysis.tables import checking

    found.notes += checking.check_keys(found.checked, found.large)
    for name, checked in found.checked.items():
        try:
            found.problems += checking.problems([checked])
        except DataError as error:  # quotes that do not close, noticed only when lines are counted
            found.problems += [*checked.problems, *error.problems]
            found.unread[name] = checked.source.file


def _check_large(found: Inspection) -> None:
    """Check the large tables whose columns are in order, in the engine, and the keys by which they point at others."""
    from smm_analysis import panels
    from smm_analysis.tables import large, rules

    for name, table in found.large.items():
        if table.readable:
            store = panels.Store(large.cache_of(found.path))
            found.refused[name] = rules.check_large(table, found.dataset, _targets(found, table), store)
        found.problems += table.problems or found.refused[name].problems


def _targets(found: Inspection, large: LargeTable) -> dict[str, Target]:
    """Return what the keys of a large table may lead to; note the tables that cannot be read."""
    targets = {}
    for column, name in large.table.points_to.items():
        if target := _target(found, name):
            targets[name] = target
        else:
            found.notes.append(told("unchecked", place=large.place, column=column, target=name))
    return targets


def _target(found: Inspection, name: str) -> Target | None:
    """Return the keys of a table for the engine; None where it cannot be read."""
    import pandas as pd

    from smm_analysis import panels
    from smm_analysis.tables.rules import Target

    if (big := found.large.get(name)) is not None:
        return Target(big.keys, big.digest) if big.readable else None
    checked = found.checked.get(name)
    if checked is None or not checked.readable:
        return None
    keys = checked.frame[CONTRACT[name].key[0]]
    return Target(panels.keys_of(keys), panels.key_of(pd.util.hash_pandas_object(keys, index=False).tolist()))
