"""Persons to keys (사람을 가명으로): no handle, name or address stays; who has none is counted and said loudly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.imports.columns import as_arrow, filled
from smm_analysis.imports.mapping import AUTHOR, OWN, PERSONS, Field, plain
from smm_analysis.imports.rows import Options, Rows, Shaped
from smm_analysis.tables.faults import refuse

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from smm_analysis.pseudonyms import Pseudonyms

KEY = "^[0-9a-f]{32}$"  # what is a key already
PERSONAL = "[@/]"  # an id with one of these is an address of a person or a page, not a number


def tell_empty(rows: Rows, texts: dict[str, pa.ChunkedArray], done: Shaped) -> None:
    """Say loudly whose names and texts are empty; refuse a file in which nobody has a name."""
    count = len(rows.places)
    for name in (AUTHOR, "author_key", "text"):
        empty = texts[name].null_count if name in texts else 0
        if not empty or (name == "author_key" and rows.name == "customers"):
            continue
        if empty == count and name != "text":
            heads = ", ".join(repr(head) for head in rows.target.fields[name].names)
            fix = f"The author is looked for at {heads}. Export again with the authors' names or ids."
            raise refuse(rows.file, f"no author in any of {count:,} rows", "who wrote each", fix, column="author")
        word = "author" if name != "text" else "text"
        done.loud.append(f"{rows.file} to {rows.name}: {empty:,} of {count:,} rows have no {word}")
    for name, values in texts.items():
        if (
            count
            and values.null_count == count
            and name in rows.target.table.names
            and rows.target.fields.get(name, Field()).names
        ):
            done.notes.append(f"{rows.file} to {rows.name}: {name} is empty in all {count:,} rows")
    for name, spec in rows.target.fields.items():
        if spec.missing == "0":
            done.loud += _zeros(rows, name, spec)


def _zeros(rows: Rows, name: str, spec: Field) -> list[str]:
    """Say where 0 stands for 'not known', because the table wants a number."""
    known = filled(rows.columns, (*spec.names, *spec.sum))
    lacking = int((~known).sum())
    text = f"{rows.file} to {rows.name}: {name} is not known in {lacking:,} of {len(known):,} rows, 0 was written"
    return [text] if lacking else []


def make_private(rows: Rows, texts: dict, options: Options, names: Pseudonyms, done: Shaped) -> None:
    """Turn every person into a key, take handles out of texts, and set the roles of the brand's own accounts."""
    if AUTHOR in texts:
        _tell_kinds(rows, done)
        texts["author_key"] = _keys(rows, texts.pop(AUTHOR), texts, options, names)
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
        used += [f"{head!r} in {int(fresh.sum()):,} rows"] if fresh.any() else []
    if len(used) > 1:
        done.loud.append(
            f"{rows.file} to {rows.name}: authors are known by {', by '.join(used)}; one person may be two"
        )


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
    """Turn e-mail and web addresses that serve as ids into keys: they name a person."""
    import pyarrow.compute as pc

    personal = pc.fill_null(pc.match_substring_regex(values, PERSONAL), False)
    if not pc.any(personal).as_py():
        return values
    series, personal = values.to_pandas().astype(object), personal.to_numpy()
    pages = personal & series.str.contains("/", regex=False, na=False).to_numpy()
    for mine, exact in ((personal & ~pages, False), (pages, True)):  # of a page the whole address: it is one of many
        series[mine] = names.keys("email", series[mine].astype("str"), exact=exact).astype(object)
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
