"""Columns by mapping (열 대응): the texts of an export under our names; nothing is typed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.imports.mapping import Field, plain
from smm_analysis.imports.rows import Options, Rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

TIDY = ("whole", "number")


def filled(columns: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """Where one of the headings has a value; nowhere if the file has none of them."""
    import numpy as np

    found = [
        stripped(columns[plain(name)]).is_valid().to_numpy() for name in names if plain(name) in columns.column_names
    ]
    return np.logical_or.reduce(found) if found else np.zeros(columns.num_rows, bool)


def stripped(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return stripped text, missing where nothing is left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stripped = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(stripped, ""), pa.scalar(None, stripped.type), stripped)


def nothing(rows: int) -> pa.ChunkedArray:
    """Return so many missing texts."""
    import pyarrow as pa

    return pa.chunked_array([pa.nulls(rows, pa.large_string())])


def constant(value: str, rows: int) -> pa.ChunkedArray:
    """Return the same text so many times."""
    import pyarrow as pa

    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.large_string()), rows)])


def mapped_texts(rows: Rows, options: Options) -> dict[str, pa.ChunkedArray]:
    """Return the columns of our table as text, by mapping; times come as they stand in the file."""
    texts, count = {}, rows.columns.num_rows
    for name, spec in rows.target.fields.items():
        texts[name] = _text(rows, name, spec)
    fixed = {"medium": options.medium or rows.source.medium, "brand": "" if rows.has("brand") else options.brand}
    for name, value in (fixed | options.given).items():
        if value and name in rows.target.table.names:
            texts[name] = constant(value, count)
    if rows.name == "mentions":
        texts.setdefault("author_role", constant("unknown", count))
    return texts


def _text(rows: Rows, name: str, spec: Field) -> pa.ChunkedArray:
    """Return one column: the first heading that has a value, a sum, a joined id, or a constant; then its map."""
    import pyarrow.compute as pc

    count = rows.columns.num_rows
    found = _found(rows, name, spec)
    if spec.value is not None:
        values = constant(spec.value, count)
    elif not found:
        values = nothing(count)
    else:
        values = _sum(found) if spec.sum else _joined(found) if spec.all else pc.coalesce(*found)
    values = _mapped(values, spec)
    for heading, words in spec.where.items():
        values = pc.if_else(_is_one_of(rows, heading, words), values, None)
    return _tidy(values, rows.target.table.column(name).kind) if name in rows.target.table.names else values


def _found(rows: Rows, name: str, spec: Field) -> list[pa.ChunkedArray]:
    """Return the columns of the file that one of ours reads; a text keeps its outer blanks."""
    import pyarrow.compute as pc

    heads = [plain(head) for head in (*spec.names, *spec.all, *spec.sum)]
    raw = [rows.columns[head] for head in heads if head in rows.columns.column_names]
    if name == "text":
        return [pc.if_else(stripped(values).is_valid(), values, None) for values in raw]
    return [_not_empty_words(stripped(values), rows.source.empty) for values in raw]


def _tidy(values: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """Take thousands' commas, won signs and '점' (points) out of numbers, and '.0' from behind an id."""
    import pyarrow.compute as pc

    if kind in TIDY:
        values = pc.replace_substring_regex(values, r"^(\d+(?:\.\d+)?) ?점$", r"\1")
        values = pc.replace_substring_regex(values, r"^(-?)(?:[₩￦]|KRW) ?", r"\1")
        values = pc.replace_substring_regex(values, r"(\d) ?(?:원|KRW)$", r"\1")
        return pc.replace_substring_regex(values, r",(\d\d\d)", r"\1")
    return pc.replace_substring_regex(values, r"^(\d{1,15})\.0$", r"\1") if kind == "key" else values


def _not_empty_words(values: pa.ChunkedArray, words: tuple[str, ...]) -> pa.ChunkedArray:
    """Make a supplier's words for 'no value' missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not words:
        return values
    return pc.if_else(pc.is_in(values, pa.array(words, values.type)), pa.scalar(None, values.type), values)


def _sum(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Add whole numbers, of which some may be missing; what is no number stays as it is, to be set aside."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total, odd = None, nothing(len(columns[0]))
    for values in columns:
        digits = pc.replace_substring_regex(pc.replace_substring(values, ",", ""), r"\.0+$", "")
        fits = pc.fill_null(pc.match_substring_regex(digits, r"^\d{1,15}$"), False)
        number = pc.cast(pc.if_else(fits, digits, None), pa.int64())
        odd = pc.coalesce(odd, pc.if_else(fits, None, digits))
        total = (
            number
            if total is None
            else pc.if_else(number.is_valid(), pc.add(pc.fill_null(total, 0), pc.fill_null(number, 0)), total)
        )
    return pc.coalesce(odd, pc.cast(total, pa.large_string()))


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*columns, pa.scalar("-", columns[0].type)) if len(columns) > 1 else columns[0]


def _mapped(values: pa.ChunkedArray, spec: Field) -> pa.ChunkedArray:
    """Translate words; one that is not in the map stays, or becomes `other`; an empty one becomes `missing`."""
    if not spec.map and spec.other is None and spec.missing is None:
        return values
    words = values.to_pandas()
    known = {word: spec.map.get(plain(word), spec.other or word) for word in words.dropna().unique()}
    ours = words.map(known).astype(object)
    return as_arrow(ours if spec.missing is None else ours.where(ours.notna(), spec.missing))


def as_arrow(series: pd.Series) -> pa.ChunkedArray:
    """Return texts as Arrow has them."""
    import pyarrow as pa

    return pa.chunked_array([pa.Array.from_pandas(series.astype(object), type=pa.large_string())])


def _is_one_of(rows: Rows, heading: str, words: tuple[str, ...]) -> pa.ChunkedArray:
    """Where a heading's value is one of the words (compared as headings are); a file without it has them empty."""
    import pyarrow as pa

    if plain(heading) not in rows.columns.column_names:
        return pa.chunked_array([pa.array([not words or "" in words] * rows.columns.num_rows)])
    return pa.chunked_array([pa.array(rows.columns[plain(heading)].to_pandas().map(plain, na_action=None).isin(words))])
