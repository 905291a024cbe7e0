"""Rows to one of our tables (표 만들기): columns by mapping, persons to keys, then the contract's checks.

A row that does not fit is set aside with its reason. Optional numbers and short names that do not fit are blanked and
counted instead: an unknown sentiment is no reason to lose a mention. Ids, times and choices are never blanked: a case
whose response cannot be read would become one without a response.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.imports import times
from smm_analysis.imports.columns import as_arrow, filled, mapped_texts, nothing, stripped
from smm_analysis.imports.mapping import Field, Source
from smm_analysis.imports.persons import make_private, tell_empty
from smm_analysis.imports.rows import Options, Rows, Shaped
from smm_analysis.imports.summary import Tally
from smm_analysis.imports.weeks import by_week
from smm_analysis.imports.words import told
from smm_analysis.tables import Column, DataError, Dataset
from smm_analysis.tables.faults import Problem, refuse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from smm_analysis.pseudonyms import Pseudonyms
    from smm_analysis.tables.converting import Misfit

EARLY = 2000  # a time before this year is said loudly: social media are younger
TWO_DIGITS = r"^\d\d[-/.] ?\d{1,2}[-/.] ?\d{1,2}(?:\D|$)"
ISO_DAY = r"^\d{4}-\d\d-\d\d$"
BLANKED = ("whole", "number", "name")


def split(file: str, source: Source, columns: pa.Table, places: pa.ChunkedArray, tally: Tally) -> list[Rows]:
    """Give every row to the first table whose `if_filled` it meets; what could not be read counts to the last table."""
    import numpy as np
    import pyarrow as pa

    left, parts = np.ones(len(places), bool), []
    for target in source.targets:
        mine = left & filled(columns, target.if_filled) if target.if_filled else left
        left = left & ~mine
        mask, last = pa.array(mine), target is source.targets[-1]
        parts.append(Rows(file, source, target, columns.filter(mask), places.filter(mask), tally if last else Tally()))
    return parts


def shape(rows: Rows, dataset: Dataset, options: Options, names: Pseudonyms) -> Shaped:
    """Return the rows as our table; what does not fit goes to the tally.

    Raises
    ------
    DataError
        if dates can be read two ways, times have no zone, or nobody's name is there at all.
    """
    import numpy as np

    done = Shaped(None, None, None)
    texts = mapped_texts(rows, options)
    if not rows.target.by_week:
        texts |= _days(rows, texts, options, done)
    moments = _moments(rows, texts, options, done)
    tell_empty(rows, texts, done)
    if lines := rows.tally.swallowing:
        swallowed = told("swallowed", rows=f"{len(lines):,}", line=lines[0])
        done.loud.append(told("of_file", file=rows.file, what=swallowed))
    if rows.target.fold:
        texts, moments, members = _fold(rows, texts, moments)
    elif rows.target.by_week:
        texts, members = by_week(rows, texts, done, _order(rows, {"week": stripped(texts["week"])}, options))
    else:
        members = np.ones(len(rows.places), int)
    _beside(rows, texts, moments)
    make_private(rows, texts, options, names, done)
    columns = _blanked(rows, _columns(rows, texts, moments), dataset, done)
    frame, good = _checked(rows, columns, dataset, members)
    done.frame, done.places, done.members = frame, rows.places.to_numpy()[good], members[good]
    return done


# --- times -----------------------------------------------------------------------------------------------------------


def _moments(rows: Rows, texts: dict[str, pa.ChunkedArray], options: Options, done: Shaped) -> dict[str, pd.Series]:
    """Read all times; rows with one that cannot be read are set aside at the end, by a mask kept in the result."""
    import numpy as np

    table, zone = rows.target.table, options.timezone or rows.source.timezone or options.home
    named = {n: stripped(texts[n]) for n in texts if n in table.names and table.column(n).kind == "time"}
    fields = {name: rows.target.fields.get(name, Field()) for name in named}
    order = _order(rows, {n: v for n, v in named.items() if not fields[n].format and not fields[n].after}, options)
    if order:
        done.notes.append(told("of_file", file=rows.file, what=told(f"read_{order}")))
    bad, found = np.zeros(len(rows.places), bool), {}
    for name, values in sorted(named.items(), key=lambda item: bool(fields[item[0]].after)):
        if fields[name].after:
            found[name], wrong = _after(found[fields[name].after], values, fields[name].unit)
            faults = [(wrong, told("not_number"), told("export_again"))]
        else:
            read = times.parse(values, timezone=zone, order=order, form=fields[name].format)
            _needs_zone(rows, read, name, zone)
            _tell_early(rows, name, read.moments, done)
            found[name], faults = read.moments, _time_faults(read, values, zone)
        for wrong, why, fix in faults:
            rows.aside(wrong & ~bad, why, fix=fix, column=name, raw=values)
            bad |= wrong
    _drop(rows, texts, found, ~bad)
    return found


def _days(rows: Rows, texts: dict[str, pa.ChunkedArray], options: Options, done: Shaped) -> dict[str, pa.ChunkedArray]:
    """Return days and weeks written year-month-day, whatever their form; what cannot be read stays, to be set aside."""
    kinds = {column.name: column.kind for column in rows.target.table.columns}
    named = {name: stripped(texts[name]) for name in texts if kinds.get(name) in ("date", "week")}
    odd = {name: values for name, values in named.items() if not _matches(values, ISO_DAY, missing=True).all()}
    order = _order(rows, odd, options) if odd else ""
    if order:
        done.notes.append(told("of_file", file=rows.file, what=told(f"read_{order}")))
    return {name: _as_days(values, order, rows.target.fields.get(name, Field()).format) for name, values in odd.items()}


def _as_days(values: pa.ChunkedArray, order: str, form: str) -> pa.ChunkedArray:
    moments = times.parse(values, timezone="UTC", order=order, form=form).moments.dt.tz_localize(None)
    whole = moments.notna() & (moments == moments.dt.normalize())  # an hour of the day is no day
    return as_arrow(values.to_pandas().astype(object).where(~whole, moments.dt.strftime("%Y-%m-%d")))


def _time_faults(read: times.Times, values: pa.ChunkedArray, zone: str) -> list[tuple[np.ndarray, str, str]]:
    """Return where times could not be read, why, and what to do."""
    short = read.unreadable & _matches(values, TWO_DIGITS)
    return [
        (short, told("two_digits"), told("two_digits_fix")),
        (read.unreadable & ~short, told("no_time"), told("no_time_fix")),
        (read.skipped, told("skipped", zone=zone), told("skipped_fix")),
    ]


def _matches(values: pa.ChunkedArray, pattern: str, missing: bool = False) -> np.ndarray:
    """Where a text fits a pattern; `missing` is the answer where there is none."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.match_substring_regex(values, pattern), missing).to_numpy()


def _tell_early(rows: Rows, name: str, moments: pd.Series, done: Shaped) -> None:
    """Say loudly that times lie so far back that they are probably of another form."""
    early = (moments.dt.year < EARLY).to_numpy()
    if early.any():
        found = {"rows": f"{int(early.sum()):,}", "line": rows.places[int(early.argmax())].as_py()}
        earliest = f"{moments.min():%Y-%m-%d}"
        done.loud.append(rows.told("early", column=name, year=EARLY, earliest=earliest, **found))


def _drop(rows: Rows, texts: dict, moments: dict, good: np.ndarray) -> None:
    """Keep the good rows of everything."""
    import pyarrow as pa

    if good.all():
        return
    rows.keep(good)
    for name in texts:
        texts[name] = texts[name].filter(pa.array(good))
    for name in moments:
        moments[name] = moments[name][good].reset_index(drop=True)


def _order(rows: Rows, columns: dict[str, pa.ChunkedArray], options: Options) -> str:
    """Return the order of day and month: what the rows decide, else what the user says; refuse to guess."""
    import pyarrow as pa

    together = pa.chunked_array([chunk for values in columns.values() for chunk in values.chunks], pa.large_string())
    try:
        found = times.order_of(together)
    except times.Ambiguous as unclear:
        if options.date_order:
            return options.date_order
        line = rows.places[unclear.first % max(1, len(rows.places))].as_py()
        found, fix = told("unclear_order", why=unclear.why, text=unclear.text), told("one_order_fix")
        raise refuse(rows.file, found, told("one_order"), fix, line=line, column=", ".join(columns)) from None
    return (options.date_order or found) if found else ""


def _needs_zone(rows: Rows, read: times.Times, name: str, zone: str) -> None:
    if read.naive.any() and not zone:
        line = rows.places[int(read.naive.argmax())].as_py()
        raise refuse(rows.file, told("no_zone"), told("a_zone"), told("a_zone_fix"), line=line, column=name)


def _after(start: pd.Series, values: pa.ChunkedArray, unit: str) -> tuple[pd.Series, np.ndarray]:
    """Return the moment so much later, and where the number is none."""
    import pandas as pd

    series = values.to_pandas()
    number = pd.to_numeric(series, errors="coerce")
    number = number.where(number.between(0, 1e9))
    return start + pd.to_timedelta(number, unit=unit).dt.as_unit("us"), (number.isna() & series.notna()).to_numpy()


def _beside(rows: Rows, texts: dict[str, pa.ChunkedArray], moments: dict[str, pd.Series]) -> None:
    """Leave `with` columns empty where the column beside them is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, spec in rows.target.fields.items():
        if spec.beside:
            there = moments[spec.beside].notna() if spec.beside in moments else texts[spec.beside].to_pandas().notna()
            texts[name] = pc.if_else(pa.array(there), texts[name], None)


def _fold(rows: Rows, texts: dict, moments: dict) -> tuple[dict, dict, np.ndarray]:
    """Make rows with the same id one: the first text that is there, the earliest time; count the rows in each.

    A response before the opening is not one to it: the earliest after it counts.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    [key] = rows.target.table.key
    ids = texts[key].to_pandas()
    rows.aside(ids.isna().to_numpy(), told("no_id"), column=key)
    _drop(rows, texts, moments, ids.notna().to_numpy())
    ids = texts[key].to_pandas().to_numpy()
    frame = pd.DataFrame({name: values.to_pandas() for name, values in texts.items() if name not in moments})
    grouped = frame.groupby(ids, sort=False)
    opened = pd.DataFrame(moments).groupby(ids, sort=False)[rows.target.table.clock].transform("min")
    for _, later in rows.target.table.order:
        if later in moments:
            moments[later] = moments[later].where(~(moments[later] < opened))
    earliest = pd.DataFrame(moments).groupby(ids, sort=False).min()
    places = pd.Series(rows.places.to_numpy()).groupby(ids, sort=False).first()
    rows.places = pa.chunked_array([pa.array(places.to_numpy(), pa.int64())])
    first = grouped.first()
    texts = {name: as_arrow(first[name]) for name in first} | {n: nothing(len(first)) for n in moments}
    return texts, {n: earliest[n].reset_index(drop=True) for n in moments}, np.asarray(grouped.size())


# --- the contract ----------------------------------------------------------------------------------------------------


def _columns(rows: Rows, texts: dict[str, pa.ChunkedArray], moments: dict[str, pd.Series]) -> pa.Table:
    """Return the columns of our table: texts as they are, times as moments."""
    import pyarrow as pa

    mine = {name: values.combine_chunks() for name, values in texts.items() if name in rows.target.table.names}
    return pa.table(mine | {name: pa.Array.from_pandas(values) for name, values in moments.items()})


def _checked(rows: Rows, columns: pa.Table, dataset: Dataset, members: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows that the contract takes, typed, and which they are."""
    import numpy as np

    from smm_analysis.tables.checking import check_table
    from smm_analysis.tables.reading import Source as Read

    table = rows.target.table
    checked = check_table(Read(((rows.file, Path(rows.file), columns.num_rows),), columns), table, dataset)
    if not checked.readable:
        lacking = [_lacking(rows, problem) for problem in checked.problems]
        raise DataError(told("not_all", file=rows.file, table=table.name), lacking)
    bad = np.zeros(columns.num_rows, bool)
    for name, misfit in checked.faults:
        why, fix = _reason(misfit, dataset)
        raw = _showable(columns, name)
        rows.aside(misfit.rows & ~bad, why, fix=fix, column=name, raw=raw, members=members)
        bad |= misfit.rows
    return checked.frame[~bad].reset_index(drop=True), ~bad


def _showable(columns: pa.Table, name: str) -> pa.ChunkedArray | None:
    """Return a column as text, for a report; None for what people wrote and who they are."""
    import pyarrow as pa

    if name not in columns.column_names or name in ("text", "author_key"):
        return None
    return columns[name].cast(pa.large_string())


def _reason(misfit: Misfit, dataset: Dataset) -> tuple[str, str]:
    """Say why a row does not fit and what to do; what is after now is in the future."""
    from smm_analysis.tables.checking import not_after
    from smm_analysis.tables.contract import form

    if misfit.allowed == not_after(dataset):
        return told("future", now=f"{dataset.observed_until:%Y-%m-%d %H:%M}"), told("future_fix")
    monday = misfit.allowed.startswith(form("week"))
    return told("allowed", allowed=misfit.allowed), told("week_fix") if monday else misfit.fix


def _blanked(rows: Rows, columns: pa.Table, dataset: Dataset, done: Shaped) -> pa.Table:
    """Blank what does not fit in optional numbers and names, and say how often."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in rows.target.table.columns:
        if column.required or column.kind not in BLANKED or column.name not in columns.column_names:
            continue
        if (bad := _misfits(columns[column.name], column, dataset)).any():
            tell = done.loud if rows.name == "surveys" else done.notes  # an answer without a score counts as none
            count = f"{int(bad.sum()):,}"
            tell.append(rows.told("blanked", column=column.name, rows=count, allowed=column.allowed))
            at = columns.column_names.index(column.name)
            columns = columns.set_column(at, column.name, pc.if_else(pa.array(bad), None, columns[column.name]))
    return columns


def _misfits(values: pa.ChunkedArray, column: Column, dataset: Dataset) -> np.ndarray:
    """Return where a value does not convert, or is out of range."""
    import numpy as np

    from smm_analysis.tables.converting import convert

    converted, misfits = convert(values, column, dataset.timezone)
    bad = np.logical_or.reduce([misfit.rows for misfit in misfits] or [np.zeros(len(values), bool)])
    if column.low is not None:
        high = float("inf") if column.high is None else column.high
        bad |= (converted.notna() & ~converted.between(column.low, high).fillna(True)).to_numpy(bool)
    return bad


def _lacking(rows: Rows, problem: Problem) -> Problem:
    """Say which headings a required column is looked for under."""
    spec = rows.target.fields.get(problem.column, Field())
    heads = ", ".join(map(repr, spec.names)) or told("no_heading")
    fix = told("lacking_fix", source=rows.source.title, heads=heads, column=problem.column)
    return Problem(rows.file, None, problem.column, told("lacking"), problem.allowed, fix)
