"""Rules over a log, checked where it lies (엔진 안의 검사): one pass counts, and a look fetches the first bad rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .reading import Log, place
from .times import DAY, MONDAY

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHOWN = 5


@dataclass(frozen=True)
class Rule:
    """One rule (규칙): a test on a column, what its values may be, and for whom.

    | test | bad is |
    |---|---|
    | present | a missing value |
    | range | below or above `value`, a pair |
    | choice, choice_not | a value that is not, that is among `value` |
    | matches | a value that the pattern `value` is found in, where `hint` (a plain text) is in it too |
    | whole, finite | a fraction; an infinite number or NaN |
    | monday | a date that is none |
    | until | later than `value`, microseconds |
    | not_before | earlier than the column `value` |
    | needs | there without the column `value` |
    | unique | a key, of `columns`, that was there before |
    | points_to | a key that is not among `value`, a one-column Ibis table |
    """

    test: str
    columns: tuple[str, ...]
    value: Any = None
    hint: str = ""
    name: Any = field(default=None, compare=False)  # for the caller


@dataclass(frozen=True)
class Found:
    """What one rule found (위반): how many rows, and the first of them as (part, row from 1, values)."""

    rule: Rule
    count: int
    first: tuple[tuple[str, int, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class Checked:
    """What all rules found: the violations, and how many rows have one or more."""

    found: tuple[Found, ...]
    bad_rows: int


def check(log: Log, rules: Sequence[Rule]) -> Checked:
    """Check a log against rules (로그 검사): what is in order is read once and counted, nothing is fetched.

    Raises
    ------
    PanelError
        If the engine cannot read the log.
    """
    rows = log.rows(dict.fromkeys(name for rule in rules for name in _columns(rule)), places=True)
    plain = [rule for rule in rules if rule.test not in ("unique", "points_to")]
    counts = _counts(log, rows, plain)
    bad = [(rule, rows.filter(_bad(rows, rule))) for rule, count in zip(plain, counts, strict=True) if count]
    bad += [(rule, _repeated(log, rows, rule)) for rule in rules if rule.test == "unique"]
    bad += [(rule, _dangling(log, rows, rule)) for rule in rules if rule.test == "points_to"]
    bad = [(rule, table) for rule, table in bad if table is not None]
    found = tuple(_found(log, rule, table) for rule, table in bad)
    return Checked(found, _all_bad(log, [table for _, table in bad]) if bad else 0)


def _columns(rule: Rule) -> tuple[str, ...]:
    return (*rule.columns, rule.value) if rule.test in ("not_before", "needs") else rule.columns


def _counts(log: Log, rows: ir.Table, rules: Sequence[Rule]) -> list[int]:
    """Count the violations of all rules in one pass."""
    if not rules:
        return []
    sums = {f"r{number}": _bad(rows, rule).sum() for number, rule in enumerate(rules)}
    [found] = log.engine.arrow(rows.aggregate(**sums)).to_pylist()
    return [int(found[f"r{number}"] or 0) for number in range(len(rules))]


def _bad(rows: ir.Table, rule: Rule) -> ir.BooleanValue:
    """Return which rows break a rule, as an expression."""
    import ibis

    column, value = rows[rule.columns[0]], rule.value
    tests = {
        "present": lambda: column.isnull(),
        "range": lambda: _finite(column) & ((column < value[0]) | (column > value[1])),
        "choice": lambda: column.notin(list(value)),
        "choice_not": lambda: column.isin(list(value)),
        "matches": lambda: (
            ibis.ifelse(column.contains(rule.hint), column.re_search(value), False)
            if rule.hint
            else column.re_search(value)
        ),
        "whole": lambda: column != column.floor(),
        "finite": lambda: column.isnan() | column.isinf(),
        "monday": lambda: (column - MONDAY) % (7 * DAY) != 0,
        "until": lambda: column > value,
        "not_before": lambda: column < rows[value],
        "needs": lambda: column.notnull() & rows[value].isnull(),
    }
    return tests[rule.test]().fill_null(False)


def _finite(column: ir.NumericColumn) -> ir.BooleanValue:
    """Whether a number is one; what is none breaks a rule of its own."""
    return ~(column.isnan() | column.isinf()) if column.type().is_floating() else column.notnull()


def _repeated(log: Log, rows: ir.Table, rule: Rule) -> ir.Table | None:
    """Return the rows whose key was there before, in the order of the parts; None where there is none."""
    import ibis

    keys = list(rule.columns)
    whole = rows.filter([rows[name].notnull() for name in keys])
    counted = whole.group_by(keys).aggregate(times=whole.count())
    twice = counted.filter(counted["times"] > 1).drop("times")
    if not log.engine.arrow(twice.limit(1)).num_rows:
        return None
    among = whole.semi_join(twice, keys)
    order = ibis.window(group_by=keys, order_by=["_part", "_row"])
    numbered = among.mutate(_turn=ibis.row_number().over(order))
    return numbered.filter(numbered["_turn"] > 0).drop("_turn")


def _dangling(log: Log, rows: ir.Table, rule: Rule) -> ir.Table | None:
    """Return the rows whose key leads nowhere; None where there is none."""
    [name] = rule.columns
    [target] = rule.value.columns
    given = rows.filter(rows[name].notnull())
    lost = given.anti_join(rule.value, given[name] == rule.value[target])
    return lost if log.engine.arrow(lost.limit(1)).num_rows else None


def _found(log: Log, rule: Rule, table: ir.Table) -> Found:
    """Count the bad rows and fetch the first, as they stand in the parts."""
    [count] = log.engine.arrow(table.aggregate(n=table.count()))["n"].to_pylist()
    first = log.engine.arrow(table.order_by(["_part", "_row"]).limit(SHOWN))
    numbers = place(first["_part"], log.parts).to_pylist() if len(first) else []
    values = first.select(list(rule.columns)).to_pylist()
    rows = zip(numbers, first["_row"].to_pylist(), values, strict=True)
    shown = tuple((log.parts[part].name, row + 1, tuple(held.values())) for part, row, held in rows)
    return Found(rule, int(count), shown)


def _all_bad(log: Log, tables: Sequence[ir.Table]) -> int:
    """Count the rows that any rule refuses, each once."""
    import ibis

    places = [table.select("_part", "_row") for table in tables]
    together = ibis.union(*places, distinct=True) if len(places) > 1 else places[0]
    [count] = log.engine.arrow(together.aggregate(n=together.count()))["n"].to_pylist()
    return int(count)
