"""Persons to keys (사람을 가명으로): no handle, name or address stays; who has none is counted and said loudly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.imports.columns import as_arrow, filled
from smm_analysis.imports.mapping import AUTHOR, OWN, PERSONS, Field, plain
from smm_analysis.imports.rows import Options, Rows, Shaped
from smm_analysis.imports.words import told
from smm_analysis.pseudonyms import number_of
from smm_analysis.tables.faults import refuse
from smm_analysis.told import joined

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from smm_analysis.pseudonyms import Pseudonyms

KEY = "^[0-9a-f]{32}$"  # what is a key already
PERSONAL = "[@/]"  # an id with one of these is an address of a person or a page, not a number
DIGITS = r"^(?:[+(0]|82)[\d\s().‐-—-]{7,18}$|^\d{6} ?[‐-—-]? ?[1-8]\d{6}$"  # may be somebody's number


def tell_empty(rows: Rows, texts: dict[str, pa.ChunkedArray], done: Shaped) -> None:
    """Say loudly whose names and texts are empty; refuse a file in which nobody has a name."""
    for name in (AUTHOR, "author_key", "text"):
        if name in texts and not (name == "author_key" and rows.name == "customers"):
            done.loud += _lacking(rows, name, texts[name])
    count = len(rows.places)
    read = [name for name in rows.target.table.names if rows.target.fields.get(name, Field()).names]
    for name in texts:
        if name in read and count and texts[name].null_count == count:
            done.notes.append(rows.told("all_empty", column=name, rows=f"{count:,}"))
    for name, spec in rows.target.fields.items():
        if spec.missing == "0":
            done.loud += _zeros(rows, name, spec)


def _lacking(rows: Rows, name: str, values: pa.ChunkedArray) -> list[str]:
    """Say how many rows have no author or no text; refuse them if none has an author."""
    count, empty = len(rows.places), values.null_count
    if not empty:
        return []
    if empty == count and name != "text":
        found = told("nobody", count=f"{count:,}")
        fix = told("nobody_fix", heads=", ".join(map(repr, rows.target.fields[name].names)))
        raise refuse(rows.file, found, told("an_author"), fix, column="author")
    word = "no_text" if name == "text" else "no_author"
    return [rows.told(word, empty=f"{empty:,}", count=f"{count:,}")]


def _zeros(rows: Rows, name: str, spec: Field) -> list[str]:
    """Say where 0 stands for 'not known', because the table wants a number."""
    known = filled(rows.columns, (*spec.names, *spec.sum))
    lacking = int((~known).sum())
    return [rows.told("zeros", column=name, lacking=f"{lacking:,}", rows=f"{len(known):,}")] if lacking else []


def make_private(rows: Rows, texts: dict, options: Options, names: Pseudonyms, done: Shaped) -> None:
    """Turn every person into a key, take handles out of texts, and set the roles of the brand's own accounts."""
    if AUTHOR in texts:
        _tell_kinds(rows, done)
        texts["author_key"] = _keys(rows, texts.pop(AUTHOR), texts, options, names)
        done.weak = _weak(rows, texts["author_key"])
    elif rows.source.name.startswith(f"{OWN}:"):
        for name in PERSONS & set(texts):
            texts[name] = _keys(rows, texts[name], texts, options, names)
    for column in rows.target.table.columns:
        if column.name in texts and column.name not in PERSONS and column.kind in ("key", "name"):
            texts[column.name] = _keyed_addresses(texts[column.name], names)
        elif column.name in texts and column.kind == "text":
            texts[column.name] = as_arrow(names.redact(texts[column.name].to_pandas()))
    if rows.name == "mentions":
        texts["author_role"] = _roles(rows, texts, options, names, done)


def _tell_kinds(rows: Rows, done: Shaped) -> None:
    """Say if people are known by two columns: the same person may then have two keys."""
    heads = [head for head in rows.target.fields[AUTHOR].names if plain(head) in rows.columns.column_names]
    used, seen = [], None
    for head in heads:
        there = filled(rows.columns, (head,))
        fresh = there if seen is None else there & ~seen
        seen = there if seen is None else seen | there
        used += [told("known_by", head=repr(head), rows=f"{int(fresh.sum()):,}")] if fresh.any() else []
    if len(used) > 1:
        done.loud.append(rows.told("two_names", ways=joined(used, ", by ", ko=", ")))


def _weak(rows: Rows, keys: pa.ChunkedArray) -> set[str]:
    """Return the keys of authors whom the file knows by another heading than the mapping's first."""
    heads = rows.target.fields[AUTHOR].names
    if len(heads) < 2 or rows.target.fold:
        return set()
    first, series = filled(rows.columns, heads[:1]), keys.to_pandas()
    return set(series[~first].dropna()) - set(series[first])


def _keys(rows: Rows, handles: pa.ChunkedArray, texts: dict, options: Options, names: Pseudonyms) -> pa.ChunkedArray:
    """Return author keys, platform by platform; what is a key already stays in our own tables."""
    import pandas as pd

    given = handles.to_pandas()
    ready = given.str.match(KEY).fillna(False).astype(bool) & rows.source.name.startswith(f"{OWN}:")
    keys = given.where(ready).astype(object)
    for platform, part in given[~ready].groupby(_platforms(rows, texts, options, given.index)[~ready]):
        keys[part.index] = names.keys(platform, part).astype(object)
    return as_arrow(pd.Series(keys))


def _platforms(rows: Rows, texts: dict, options: Options, index: pd.Index) -> pd.Series:
    """Return whose handles these are, row by row: the source's platform, else the medium."""
    import pandas as pd

    fixed = rows.source.platform or options.medium or rows.source.medium
    if fixed or "medium" not in texts:
        return pd.Series(fixed or OWN, index)
    return texts["medium"].to_pandas().fillna(OWN)


def _keyed_addresses(values: pa.ChunkedArray, names: Pseudonyms) -> pa.ChunkedArray:
    """Turn e-mail and web addresses, phone and resident registration numbers that serve as ids into keys."""
    import pyarrow.compute as pc

    values = _keyed_numbers(values, names)
    personal = pc.fill_null(pc.match_substring_regex(values, PERSONAL), False)
    if not pc.any(personal).as_py():
        return values
    series, personal = values.to_pandas().astype(object), personal.to_numpy()
    pages = personal & series.str.contains("/", regex=False, na=False).to_numpy()
    for mine, exact in ((personal & ~pages, False), (pages, True)):  # of a page the whole address: it is one of many
        series[mine] = names.keys("email", series[mine].astype("str"), exact=exact).astype(object)
    return as_arrow(series)


def _keyed_numbers(values: pa.ChunkedArray, names: Pseudonyms) -> pa.ChunkedArray:
    """Turn phone and resident registration numbers into keys, however they are written."""
    import pyarrow.compute as pc

    maybe = pc.fill_null(pc.match_substring_regex(values, DIGITS), False).to_numpy()
    if not maybe.any():
        return values
    series = values.to_pandas().astype(object)
    numbers = series[maybe].map(number_of)
    numbers = numbers[numbers != ""].astype("str")
    series[numbers.index] = names.keys("phone", numbers).astype(object)
    return as_arrow(series)


def _roles(rows: Rows, texts: dict, options: Options, names: Pseudonyms, done: Shaped) -> pa.ChunkedArray:
    """Give the brand's own accounts and its staff their roles; remember their keys on the platforms of this file."""
    keys, roles = texts["author_key"].to_pandas(), texts["author_role"].to_pandas()
    platforms = _platforms(rows, texts, options, keys.index).unique()
    for role in ("staff", "brand"):
        mine = {names.key(platform, handle) for handle in options.own.get(role, ()) for platform in platforms} - {""}
        done.accounts[role] = mine
        roles = roles.mask(keys.isin([*mine, *options.known.get(role, ())]), role)
    return as_arrow(roles)
