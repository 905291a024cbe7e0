"""Text to values (형 변환): one function a kind of column. What does not convert is missing in the result and listed.

Each function returns the values and the `Misfit`s: which rows do not fit, what is allowed, what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import CONTRACT, Column, form
from smm_analysis.tables.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

WHOLE = r"^[+-]?\d{1,18}(\.0+)?$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
CLOCK = r"[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?"
OFFSET = r"([Zz]|[+-]\d\d(:?\d\d)?)"
TIME = rf"^\d{{4}}-\d\d-\d\d({CLOCK} ?{OFFSET}?)?$"
AWARE = rf"^\d{{4}}-\d\d-\d\d{CLOCK} ?{OFFSET}$"
DATE = r"^\d{4}-\d\d-\d\d([T ]00:00(:00(\.0+)?)?)?$"
DAY_OR_MONTH = r"^(0?[1-9]|1[0-2])[/.-](0?[1-9]|1[0-2])[/.-](\d{4})"
MANGLED = r"^-?\d([.,]\d+)?[Ee]\+\d{2,}$"
NOT_FINITE = r"^[+-]?(?i:nan|inf|infinity)$"
MISSING_AS_TEXT = r"^(nan|NaN|NAN|NaT|None|null|NULL|<NA>|#N/A|#REF!|#VALUE!|#NAME\?)$"


@dataclass(frozen=True)
class Misfit:
    """Rows of one column that do not fit (맞지 않는 행): a mask over all rows, what is allowed, what to do."""

    rows: np.ndarray
    allowed: Told
    fix: Told


Converted = tuple["pd.Series", list[Misfit]]


def convert(values: pa.ChunkedArray, column: Column, timezone: str) -> Converted:
    """Return a column's values in their own type, and what did not fit."""
    kinds = {"key": _words, "name": _words, "text": _words, "choice": _words, "whole": _whole, "number": _number}
    if column.kind == "time":
        return _time(values, column, timezone)
    if column.kind in ("date", "week"):
        return _date(values, column)
    return kinds[column.kind](values, column)


def absent(column: Column, rows: int, timezone: str) -> pd.Series:
    """Return the all-missing values of an optional column that the file does not have."""
    import pyarrow as pa

    return convert(pa.chunked_array([pa.nulls(rows, pa.string())]), column, timezone)[0]


def empty(name: str, timezone: str = "UTC") -> pd.DataFrame:
    """Return a table without rows, as loaded (빈 표): where there is nothing to record, such as no paid media."""
    import pandas as pd

    return pd.DataFrame({column.name: absent(column, 0, timezone) for column in CONTRACT[name].columns})


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values as text, with empty texts missing; what Arrow has no text for comes as Python shows it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        text = values.cast(pa.large_string())
    except pa.ArrowException:
        shown = [None if value is None else str(value) for value in values.to_pylist()]
        text = pa.chunked_array([shown], pa.large_string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _matches(text: pa.ChunkedArray, pattern: str, missing: bool = False) -> np.ndarray:
    """Return where text matches a pattern; `missing` is the answer where there is none."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.match_substring_regex(text, pattern), missing).to_numpy()


def _misfits(*candidates: tuple[np.ndarray, Told, Told]) -> list[Misfit]:
    return [Misfit(rows, allowed, fix) for rows, allowed, fix in candidates if rows.any()]


def _only(values: pa.ChunkedArray, good: np.ndarray) -> pa.ChunkedArray:
    """Return values with the rest missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return values if good.all() else pc.if_else(pa.array(good), values, pa.scalar(None, values.type))


def _words(values: pa.ChunkedArray, column: Column) -> Converted:
    """Ids, names and texts; an id may be neither a number, nor mangled by Excel, nor the word for 'missing'."""
    import numpy as np
    import pyarrow as pa

    if not _textual(values):
        nothing = pa.chunked_array([pa.nulls(len(values), pa.large_string())])
        allowed = told("file_holds", what=column.allowed, kind=values.type)
        return _series(nothing), [Misfit(np.ones(len(values), bool), allowed, told("store_as_text"))]
    text = _text(values)
    if column.kind != "key":
        return _series(text), []
    mangled, word = _matches(text, MANGLED), _matches(text, MISSING_AS_TEXT)
    return _series(_only(text, ~(mangled | word))), _misfits(
        (mangled, told("id_as_it_was"), told("mangled_fix")),
        (word, told("id_or_empty"), told("id_or_empty_fix")),
    )


def _textual(values: pa.ChunkedArray) -> bool:
    """Whether a column is text, or wholly missing."""
    import pyarrow as pa

    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return values.null_count == len(values) or any(is_text(kind) for is_text in text)


def _series(values: pa.ChunkedArray) -> pd.Series:
    import pandas as pd

    series = values.to_pandas()
    return series.astype("str") if series.dtype == object else pd.Series(series)


def _whole(values: pa.ChunkedArray, column: Column) -> Converted:
    """Counts and money; 12.0 is whole, 12.5 is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = _text(values)
    good = _matches(text, WHOLE, missing=True)
    digits = pc.replace_substring_regex(_only(text, good), r"^\+|\.0+$", "")
    series = digits.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): _int64()}.get)
    return series, _not_numbers(text, good, column, told("digits_fix"))


def _int64() -> pd.Int64Dtype:
    import pandas as pd

    return pd.Int64Dtype()


def _number(values: pa.ChunkedArray, column: Column) -> Converted:
    """Floats, finite."""
    import numpy as np
    import pyarrow as pa

    text = _text(values)
    good = _matches(text, NUMBER, missing=True)
    series = _only(text, good).cast(pa.float64()).to_pandas()
    good &= ~np.isinf(series.to_numpy())
    return series.where(good), _not_numbers(text, good, column, told("decimal_fix"))


def _not_numbers(text: pa.ChunkedArray, good: np.ndarray, column: Column, fix: Told) -> list[Misfit]:
    """Tell the words NaN and inf from other texts that are no numbers."""
    if good.all():
        return []
    word = _matches(text, NOT_FINITE)
    finite = told("finite", what=column.allowed)
    return _misfits((word, finite, told("finite_fix")), (~good & ~word, column.allowed, fix))


def _date(values: pa.ChunkedArray, column: Column) -> Converted:
    """Days and weeks, naive."""
    text = _text(values)
    shape = _matches(text, DATE, missing=True)
    series = _parse(_only(text, shape), aware=False)
    gone = series.isna().to_numpy() & shape & _present(text)
    return series, _misfits(*_not_iso(text, shape, column), (gone, told("day_exists"), told("date_fix")))


def _time(values: pa.ChunkedArray, column: Column, timezone: str) -> Converted:
    """Moments in the data set's time zone; with an offset all, or none."""
    import pyarrow as pa

    if pa.types.is_timestamp(values.type):
        moments = values.cast(pa.timestamp("us", values.type.tz), safe=False).to_pandas()
        return (moments.dt.tz_convert(timezone), []) if values.type.tz else _placed(moments, timezone)
    text = _text(values)
    shape, aware = _matches(text, TIME, missing=True), _matches(text, AWARE)
    naive = shape & ~aware & _present(text)
    mixed = _fewer(naive, aware)
    sound = _only(text, shape & ~mixed)
    if (aware & ~mixed).any():
        series, clock = _parse(sound, aware=True).dt.tz_convert(timezone), []
    else:
        series, clock = _placed(_parse(sound, aware=False), timezone)
    given = series.notna().to_numpy() | (clock[0].rows if clock else False)
    return series, clock + _misfits(
        *_not_iso(text, shape, column),
        ((naive | aware) & ~mixed & ~given, told("time_exists"), told("time_fix")),
        (mixed, told("all_alike"), told("all_alike_fix")),
    )


def _placed(local: pd.Series, timezone: str) -> Converted:
    """Put naive times into the time zone, but for those that its clocks skip or repeat."""
    moments = local.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    lost = (local.notna() & moments.isna()).to_numpy()
    return moments, _misfits((lost, told("exists_once", zone=timezone), told("with_offset")))


def _fewer(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of two kinds that may not stand together return the rarer; nothing where there is one kind alone."""
    if not (some.any() and others.any()):
        return some & False
    return some if some.sum() <= others.sum() else others


def _present(text: pa.ChunkedArray) -> np.ndarray:
    return text.is_valid().to_numpy()


def _parse(text: pa.ChunkedArray, *, aware: bool) -> pd.Series:
    """Parse ISO text; quickly if all of it is sound, else value by value with the rest missing."""
    import pandas as pd
    import pyarrow as pa

    try:
        return text.cast(pa.timestamp("us", "UTC" if aware else None)).to_pandas()
    except pa.ArrowInvalid:
        parsed = pd.to_datetime(text.to_pandas(), format="ISO8601", errors="coerce", utc=aware)
        return parsed.dt.as_unit("us")


def _not_iso(text: pa.ChunkedArray, shape: np.ndarray, column: Column) -> Iterator[tuple[np.ndarray, Told, Told]]:
    """Yield the texts that are no ISO dates: first those that can be read two ways."""
    twofold = ~shape & _matches(text, DAY_OR_MONTH)
    if twofold.any():
        yield twofold, form(column.kind), _readings(text, twofold)
    yield ~shape & ~twofold, form(column.kind), told("iso_fix")


def _readings(text: pa.ChunkedArray, twofold: np.ndarray) -> Told:
    """Say both readings of the first date such as 03/04/2024."""
    import re

    first = re.match(DAY_OR_MONTH, text[int(twofold.argmax())].as_py())
    one, two, year = int(first[1]), int(first[2]), first[3]
    return told("two_readings", month=f"{year}-{one:02}-{two:02}", day=f"{year}-{two:02}-{one:02}")
