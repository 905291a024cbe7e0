"""Values against the contract (검사): pandera schemas built from `CONTRACT`, then keys, then what failed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import Column, Table
from smm_analysis.tables.converting import Misfit, absent, convert
from smm_analysis.tables.dataset import Dataset
from smm_analysis.tables.faults import SHOWN, Problem, shortened
from smm_analysis.tables.reading import Source
from smm_analysis.tables.words import told
from smm_analysis.told import Told, joined

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pandera.pandas as pandera

    from smm_analysis.tables.large import LargeTable

Fault = tuple[str, Misfit]  # column and the rows in which it is wrong


@dataclass(frozen=True)
class Checked:
    """One table after its checks (검사한 표): typed rows (all of them), the faults, and what was read."""

    table: Table
    source: Source
    frame: pd.DataFrame
    faults: list[Fault]
    problems: list[Problem]

    @property
    def readable(self) -> bool:
        """Whether the required columns are there at all."""
        return len(self.frame.columns) > 0

    @property
    def place(self) -> str:
        """The name to show for where it lies."""
        return self.source.file

    def known(self, keys: pd.Series) -> pd.Series:
        """Return the keys that the table has (있는 키), among them those of some `keys` that are there."""
        return self.frame[self.table.key[0]]

    @property
    def read(self) -> int:
        """Rows in the file, malformed ones included."""
        return len(self.frame) + self.source.malformed

    @property
    def refused(self) -> int:
        """Rows that cannot be kept."""
        import numpy as np

        if not self.readable:
            return self.read
        bad = np.zeros(len(self.frame), bool)
        for _, misfit in self.faults:
            bad |= misfit.rows
        return int(bad.sum()) + self.source.malformed


def check_table(source: Source, table: Table, dataset: Dataset) -> Checked:
    """Convert and validate one table; keys to other tables come later."""
    import pandas as pd

    missing = [name for name in table.required if name not in source.columns.column_names]
    if missing:
        rows = pd.DataFrame(index=range(source.columns.num_rows))
        return Checked(
            table, source, rows, [], [*source.problems, *(_missing(source, table, name) for name in missing)]
        )
    frame, faults = _typed(source, table, dataset.timezone)
    misfit = {name: [fault.rows for column, fault in faults if column == name] for name in table.names}
    faults += _against_schema(frame, table, dataset, misfit)
    return Checked(table, source, frame, faults, list(source.problems))


def unknown_columns(file: str, columns: Iterable[str], table: Table) -> list[Told]:
    """Return a note for every column that the contract does not have."""
    notes = []
    for name in columns:
        if name not in table.names:
            near = difflib.get_close_matches(name, table.names, n=1)
            hint = told("did_you_mean", name=near[0]) if near else ""
            notes.append(told("unknown_column", file=file, name=name, hint=hint))
    return notes


def _missing(source: Source, table: Table, name: str) -> Problem:
    column, found = table.column(name), source.columns.column_names
    near = difflib.get_close_matches(name, [other for other in found if other not in table.names], n=1)
    strangers = set(found) - set(table.names)
    add = told("add_or_draft" if strangers and source.delimiter else "add_column", file=source.file)
    fix = told("rename", found=near[0], name=name) if near else add
    first = told("no_such_column", columns=shortened(", ".join(found)))
    return Problem(source.file, 1 if source.delimiter else None, name, first, column.allowed, fix, count=1)


def _typed(source: Source, table: Table, timezone: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Convert all columns; optional ones that are absent come all missing."""
    import pandas as pd

    columns, faults = {}, []
    for column in table.columns:
        if column.name in source.columns.column_names:
            columns[column.name], misfits = convert(source.columns[column.name], column, timezone)
            faults += [(column.name, misfit) for misfit in misfits]
        else:
            columns[column.name] = absent(column, source.columns.num_rows, timezone)
    return pd.DataFrame(columns), faults


def schema(table: Table, dataset: Dataset) -> pandera.DataFrameSchema:
    """Return the pandera schema of one table in one data set (판데라 스키마).

    Every rule is a `Check` whose title says what is allowed and whose description says what to do. Missing values and
    repeated keys are Checks too: pandera's own `nullable` and `unique` list every failing row, 30 s for a million.
    """
    import pandera.pandas as pandera

    columns = {
        column.name: pandera.Column(None, _column_checks(column, dataset), nullable=True) for column in table.columns
    }
    return pandera.DataFrameSchema(columns, checks=_table_checks(table))


def _rule(test: Callable, name: str, allowed: Told, fix: Told) -> pandera.Check:
    """Return one rule over all rows, missing values too."""
    import pandera.pandas as pandera

    return pandera.Check(test, name=name, title=allowed, description=fix, ignore_na=False, n_failure_cases=1)


def _value_rule(test: Callable, name: str, allowed: Told, fix: Told | None = None) -> pandera.Check:
    """Return one rule over the values of a column; a missing value passes."""
    return _rule(lambda values: values.isna() | test(values), name, allowed, fix or told("correct"))


def _column_checks(column: Column, dataset: Dataset) -> list[pandera.Check]:
    """The rules of one column: present, in range, among the choices, Monday, not after the end of observation."""
    checks = []
    if column.required:
        allowed, fix = told("not_empty", what=column.allowed), told("fill_in")
        checks.append(_rule(lambda s: s.notna(), "present", allowed, fix))
    if column.numeric and column.low is not None:
        high = float("inf") if column.high is None else column.high
        checks.append(_value_rule(lambda s: s.between(column.low, high), "range", column.allowed))
    choices = column.choices or declared(column.name, dataset)
    if choices:
        allowed = told("one_of", choices=", ".join(choices))
        fix = told("correct") if column.choices else told("correct_or_declare", column=column.name)
        checks.append(_value_rule(lambda s: s.isin(choices), "choice", allowed, fix))
    if column.kind == "week":
        checks.append(_value_rule(lambda s: s.dt.day_of_week.eq(0), "monday", column.allowed, told("monday_fix")))
    if column.kind in ("time", "date", "week") and not column.future:
        end = dataset.observed_until if column.kind == "time" else dataset.observed_until.tz_localize(None)
        checks.append(_value_rule(lambda s: s <= end, "observed", not_after(dataset), told("not_after_fix")))
    return checks


def not_after(dataset: Dataset) -> Told:
    """Return what is allowed of times, in words: they lie in the time watched (관찰 기간)."""
    return told("not_after", until=dataset.observed_until.isoformat())


def declared(name: str, dataset: Dataset) -> tuple[str, ...]:
    """Return the brands or media that dataset.toml declares."""
    return tuple({"brand": dataset.brands, "medium": dataset.media}.get(name, ()))


def _table_checks(table: Table) -> list[pandera.Check]:
    """The rules between columns: key, order of times, what needs what."""
    checks = []
    if table.key:
        allowed, fix = told("once", key=" + ".join(table.key)), told("once_fix")
        key = list(table.key)
        checks.append(_rule(lambda f: ~f.duplicated(key) | f[key].isna().any(axis=1), "key", allowed, fix))
    for early, late in table.order:
        allowed, fix = told("not_before", early=early), told("not_before_fix", early=early, late=late)
        checks.append(_rule(lambda f, a=early, b=late: ~(f[b] < f[a]), late, allowed, fix))
    for column, needed in table.needs:
        allowed = told("empty_where", needed=needed)
        fix = told("empty_where_fix", needed=needed, column=column)
        checks.append(_rule(lambda f, a=column, b=needed: f[a].isna() | f[b].notna(), column, allowed, fix))
    return checks


def _against_schema(frame: pd.DataFrame, table: Table, dataset: Dataset, misfit: dict) -> list[Fault]:
    """Return what the schema refuses; a value that did not convert is not called missing as well."""
    import pandera.pandas as pandera

    try:
        schema(table, dataset).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as failed:
        faults = [_fault(error, table) for error in failed.schema_errors]
        return [fault for fault in (_less(fault, misfit) for fault in faults) if fault[1].rows.any()]
    return []


def _fault(error: pandera.errors.SchemaError, table: Table) -> Fault:
    check = error.check
    if error.check_output is None:  # the rule itself broke
        raise error
    column = check.name if error.column_name is None and check.name != "key" else error.column_name
    rows = ~error.check_output.to_numpy(dtype=bool)
    return column or ", ".join(table.key), Misfit(rows, check.title, check.description)


def _less(fault: Fault, misfit: dict[str, list[np.ndarray]]) -> Fault:
    column, found = fault
    rows = found.rows.copy()
    for known in misfit.get(column, ()):
        rows &= ~known
    return column, Misfit(rows, found.allowed, found.fix)


def check_keys(checked: dict[str, Checked], large: Mapping[str, LargeTable]) -> list[Told]:
    """Add the dangling keys to every table's faults; return notes on those that could not be checked.

    Keys into a `large` table are looked up in its engine; what a large table points at is its own check's affair.
    """
    notes = []
    for table in checked.values():
        for column, target in table.table.points_to.items() if table.readable else ():
            other = large.get(target) or checked.get(target)
            if other is None or not other.readable:
                notes.append(told("unchecked", place=table.place, column=column, target=target))
                continue
            keys = table.frame[column]
            if (dangling := _dangling(keys, other.known(keys))).any():
                allowed = told("is_in", key=other.table.key[0], place=other.place)
                table.faults.append((column, Misfit(dangling, allowed, told("is_in_fix", target=target))))
    return notes


def _dangling(keys: pd.Series, targets: pd.Series) -> np.ndarray:
    """Return where a key is there but its target is not."""
    import numpy as np
    import pandas as pd

    codes, found = pd.factorize(keys)
    absent_targets = ~pd.Index(found).isin(targets)
    return np.append(absent_targets, False)[codes]  # the code of a missing key is -1, the last


def problems(checked: Iterable[Checked]) -> list[Problem]:
    """Return all problems with their first rows, in the order of the tables."""
    return [problem for table in checked for problem in [*table.problems, *_row_problems(table)]]


def _row_problems(table: Checked) -> list[Problem]:
    """Turn faults into problems: one look into the file finds the lines of all."""
    firsts = [misfit.rows.nonzero()[0][:SHOWN].tolist() for _, misfit in table.faults]
    places = table.source.places(sorted({row for rows in firsts for row in rows})) if firsts else {}
    found = []
    for (column, misfit), rows in zip(table.faults, firsts, strict=True):
        (file, line), *_ = placed = [places[row] for row in rows]
        values = [_value(table, column, row) for row in rows]
        also = tuple((line, value) for (_, line), value in zip(placed[1:], values[1:], strict=True))
        count = int(misfit.rows.sum())
        found.append(Problem(file, line, column, values[0], misfit.allowed, misfit.fix, count=count, also=also))
    return found


def _value(table: Checked, column: str, row: int) -> str:
    """Return the value as it stands in the file."""
    columns = [name for name in column.split(", ") if name in table.source.columns.column_names]
    values = [table.source.columns[name][row].as_py() for name in columns]
    return joined(map(shortened, values), " + ") or shortened(None)
