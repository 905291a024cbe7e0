"""The rules of a large table (큰 표의 규칙): the same as any other's, in the engine's words, and what they found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smm_analysis import panels
from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.converting import MANGLED, MISSING_AS_TEXT
from smm_analysis.tables.dataset import Dataset
from smm_analysis.tables.faults import Problem, shortened
from smm_analysis.tables.words import told
from smm_analysis.told import Told, joined

if TYPE_CHECKING:
    import pandas as pd

    from smm_analysis.tables.large import LargeTable


def problem_of(fault: panels.BrokenPart) -> Problem:
    """Return what is wrong with a part as a problem (조각의 문제)."""
    return Problem(fault.part, None, fault.column, fault.found, fault.allowed, fault.fix)


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
    asked = [(rule.test, rule.columns, rule.value) for rule in rules]
    key = panels.key_of(large.digest, asked, {name: target.digest for name, target in targets.items()})
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
        return Refused([problem_of(broken) if broken else _gave_up(large, error)], large.log.n_rows)
    return Refused([_of_rule(large, found) for found in checked.found], checked.bad_rows)


def _kept(rows: int) -> pd.DataFrame:
    """Return what is kept of a check: how many rows were in order."""
    import pandas as pd

    return pd.DataFrame({"rows": [rows]})


def _gave_up(large: LargeTable, error: panels.PanelError) -> Problem:
    found = Told.of(shortened(error), shortened(error.told("ko")))
    return Problem(large.place, None, "", found, told("engine_reads"), error.what)


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
        yield _rule("matches", (name,), MANGLED, told("id_as_it_was"), told("mangled_fix"), hint="+")
        missing = _words(MISSING_AS_TEXT)
        yield _rule("choice_not", (name,), missing, told("id_or_empty"), told("id_or_empty_fix"))
    if column.kind == "whole" and large.log.type_of(name) == "float64":
        yield _rule("whole", (name,), None, column.allowed, told("digits_fix"))
    if column.kind == "number":
        yield _rule("finite", (name,), None, told("finite", what=column.allowed), told("finite_fix"))


def _words(pattern: str) -> tuple[str, ...]:
    """Return the words of a pattern such as ^(a|b)$."""
    return tuple(word.replace("\\", "") for word in pattern.strip("^$()").split("|"))


def _pointers(table: Table, targets: Mapping[str, Target]) -> Iterator[panels.Rule]:
    for column, target in table.points_to.items():
        if target in targets:
            allowed = told("is_in", key=CONTRACT[target].key[0], place=target)
            yield _rule("points_to", (column,), targets[target].keys, allowed, told("is_in_fix", target=target))


def _rule(test: str, columns: tuple[str, ...], value: Any, allowed: Told, fix: Told, hint: str = "") -> panels.Rule:
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
    return joined(texts, " + ")
