"""Which column of an export is which of ours (대응표): `exports.toml`, read and checked, and the guess from a header.

>>> from smm_analysis.imports.mapping import sources
>>> sources()["x_reply"].targets[0].fields["author_role"].map
{'true': 'customer', 'false': 'brand'}
"""

from __future__ import annotations

import tomllib
import unicodedata
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from smm_analysis.imports.words import told
from smm_analysis.tables import CONTRACT, Table
from smm_analysis.tables.faults import DataError, Problem

AUTHOR = "author"  # the person's handle in an export; our tables hold its key
PERSONS = {"author_key", "via_author_key", "follower_key", "followed_key"}
OWN = "own"  # the source whose columns are those of the contract
FORMATS = ("csv", "json", "xlsx")
UNITS = ("seconds", "minutes", "hours")
_SOURCE = {"title", "seen", "formats", "platform", "medium", "timezone", "empty", "records", "joined"}
_FIELD = {"from", "map", "other", "missing", "value", "sum", "all", "after", *UNITS, "where", "format", "with"}


@dataclass(frozen=True)
class Field:
    """Where one of our columns comes from (열의 출처); `exports.toml` says at its top what each part means."""

    names: tuple[str, ...] = ()
    sum: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    value: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    missing: str | None = None
    after: str = ""
    unit: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    format: str = ""
    beside: str = ""

    @property
    def headings(self) -> tuple[str, ...]:
        """All headings that the column may read."""
        return (*self.names, *self.sum, *self.all, *self.where)

    def given(self, heads: set[str]) -> bool:
        """Whether a file with these headings (normalised) has the column."""
        found = [plain(name) in heads for name in (*self.names, *self.sum, *self.all)]
        return all(found) and bool(found) if self.all else any(found)


@dataclass(frozen=True)
class Target:
    """One of our tables as an export fills it (대상 표)."""

    table: Table
    fields: Mapping[str, Field]
    if_filled: tuple[str, ...] = ()
    fold: bool = False
    by_week: bool = False

    def lacking(self, heads: set[str], given: Iterable[str] = ()) -> list[str]:
        """Return the required columns that a file with these headings does not have."""
        known = {"brand", *given}
        fields = {("author_key" if name == AUTHOR else name): spec for name, spec in self.fields.items()}
        return [name for name in self.table.required if name not in known and not _there(fields.get(name), heads)]


def _there(spec: Field | None, heads: set[str]) -> bool:
    """Whether a column has a heading in the file, or a value of its own."""
    return spec is not None and (spec.value is not None or spec.missing is not None or spec.given(heads))


@dataclass(frozen=True)
class Source:
    """One kind of export (내보내기 종류)."""

    name: str
    title: str
    formats: tuple[str, ...]
    targets: tuple[Target, ...]
    platform: str = ""
    medium: str = ""
    timezone: str = ""
    empty: tuple[str, ...] = ()
    records: tuple[str, ...] = ("",)
    joined: Mapping[str, str] = field(default_factory=dict)

    @property
    def headings(self) -> tuple[str, ...]:
        """All headings that it may read, each once."""
        fields = [spec for target in self.targets for spec in target.fields.values()]
        names = [name for spec in fields for name in spec.headings]
        names += [name for target in self.targets for name in target.if_filled]
        return tuple(dict.fromkeys(names))

    def lacking(self, heads: set[str], given: Iterable[str] = ()) -> list[str]:
        """Return what its tables require and a file with these headings (normalised) does not have."""
        known = {*given, *({"medium"} if self.medium else ())}
        meant = [t for t in self.targets if not t.if_filled or any(plain(name) in heads for name in t.if_filled)]
        return [f"{t.table.name}.{name}" for t in meant for name in t.lacking(heads, known)]

    def score(self, heads: set[str]) -> int:
        """How many of our columns a file with these headings fills."""
        return len({name for target in self.targets for name, spec in target.fields.items() if spec.given(heads)})


def plain(heading: object) -> str:
    """Return a heading as it is compared: NFKC, one space between words, no case."""
    return " ".join(unicodedata.normalize("NFKC", str(heading or "")).casefold().split())


def sources(extra: str | Path | None = None) -> dict[str, Source]:
    """Return the known exports by name (알려진 내보내기); those of a user's own file come first.

    Raises
    ------
    DataError
        if the user's file is not TOML, or a section in it is not of the form that exports.toml describes.
    """
    own = _parsed(Path(extra)) if extra else {}
    return own | _packaged() | {source.name: source for source in _own()}


def media(extra: str | Path | None = None) -> dict[str, dict[str, str]]:
    """Return kind and side of known media, for the dataset.toml of a new data set."""
    return _raw(None)["media"] | (_raw(Path(extra)).get("media", {}) if extra else {})


@cache
def _packaged() -> dict[str, Source]:
    return {name: _source(name, entry, "exports.toml") for name, entry in _raw(None).items() if name != "media"}


def _parsed(path: Path) -> dict[str, Source]:
    found = _raw(path)
    for name, entry in _dict(found.get("media", {}), path.name, "media").items():
        _only(_dict(entry, path.name, f"media.{name}"), {"kind", "side"}, path.name, f"media.{name}")
        if set(entry) != {"kind", "side"}:
            raise _wrong(path.name, f"media.{name}", told("not_both"), '{ kind = "sns", side = "customer" }')
    return {name: _source(name, entry, path.name) for name, entry in found.items() if name != "media"}


def _raw(path: Path | None) -> dict[str, Any]:
    packaged = files("smm_analysis").joinpath("exports.toml")
    try:
        return tomllib.loads(path.read_text("utf-8-sig") if path else packaged.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path.name if path else "", "", told("no_toml", why=error), told("toml")) from None


def _wrong(file: str, where: str, found: str, allowed: str) -> DataError:
    return DataError(told("unusable", file=file), [Problem(file, None, where, found, allowed, told("form_fix"))])


def _source(name: str, entry: Any, file: str) -> Source:
    """Read one section; the tables in it are those of the contract."""
    if not isinstance(entry, dict) or not (set(entry) & set(CONTRACT)):
        raise _wrong(file, name, told("no_table"), told("a_table", name=name))
    _only(entry, _SOURCE | set(CONTRACT), file, name)
    formats = _words(entry.get("formats", ["csv", "xlsx"]), file, f"{name}.formats")
    if not set(formats) <= set(FORMATS):
        raise _wrong(file, f"{name}.formats", repr(formats), told("some_of", names=", ".join(FORMATS)))
    targets = tuple(_target(table, entry[table], file, name) for table in entry if table in CONTRACT)
    texts = {key: str(entry[key]) for key in ("platform", "medium", "timezone") if key in entry}
    if not is_zone(texts.get("timezone") or "UTC"):
        raise _wrong(file, f"{name}.timezone", repr(texts["timezone"]), told("zone"))
    lists = {key: _words(entry[key], file, f"{name}.{key}") for key in ("empty", "records") if key in entry}
    joined = _dict(entry.get("joined", {}), file, f"{name}.joined")
    if joined and set(joined) != {"from", "on", "as"}:
        raise _wrong(file, f"{name}.joined", ", ".join(joined), told("from_on_as"))
    return Source(name, str(entry.get("title", name)), formats, targets, **texts, **lists, joined=joined)


def _target(table: str, entry: dict, file: str, source: str) -> Target:
    options = {"if_filled", "fold", "by_week"}
    _dict(entry, file, f"{source}.{table}")
    allowed = {*CONTRACT[table].names, *options, *({AUTHOR} if "author_key" in CONTRACT[table].names else ())}
    _only(entry, allowed, file, f"{source}.{table}")
    fields = {k: _field(spec, file, f"{source}.{table}.{k}") for k, spec in entry.items() if k not in options}
    for name, spec in fields.items():
        _is_sound(name, spec, fields, CONTRACT[table], where=(file, f"{source}.{table}.{name}"))
    filled = _words(entry.get("if_filled", ()), file, f"{source}.{table}.if_filled")
    if entry.get("by_week") and "week" not in fields:
        raise _wrong(file, f"{source}.{table}", told("no_week"), told("a_week"))
    return Target(CONTRACT[table], fields, filled, bool(entry.get("fold")), bool(entry.get("by_week")))


def _is_sound(name: str, spec: Field, fields: Mapping[str, Field], table: Table, *, where: tuple[str, str]) -> None:
    """Refuse `after` and `with` of columns that are not there, and formats that are none."""
    kinds = {column.name: column.kind for column in table.columns}
    clocks = [other for other in fields if kinds.get(other) == "time" and not fields[other].after and other != name]
    if spec.after and (spec.after not in clocks or kinds.get(name) != "time"):
        allowed = told("another_time", names=", ".join(clocks) or told("none"))
        raise _wrong(*where, f"after = {spec.after!r}", allowed)
    if spec.beside and (spec.beside not in fields or spec.beside == AUTHOR):
        raise _wrong(*where, f"with = {spec.beside!r}", told("another_column", names=", ".join(fields)))
    if spec.format and not _is_format(spec.format):
        raise _wrong(*where, f"format = {spec.format!r}", told("a_format"))


def _is_format(form: str) -> bool:
    import pandas as pd

    try:
        pd.to_datetime(["2025"], format=form, errors="coerce")
    except ValueError:
        return False
    return "%" in form


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        return bool(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _field(spec: Any, file: str, where: str) -> Field:
    """Read one column's entry: a list of headings, or a table of the parts."""
    if isinstance(spec, list | str):
        return Field(names=_words(spec, file, where))
    if not isinstance(spec, dict):
        raise _wrong(file, where, repr(spec), told("a_field"))
    _only(spec, _FIELD, file, where)
    unit = next((unit for unit in UNITS if unit in spec), "")
    texts = {key: str(spec[key]) for key in ("value", "other", "missing", "after", "format") if key in spec}
    return Field(
        names=_words(spec.get("from", spec.get(unit, ())), file, where),
        sum=_words(spec.get("sum", ()), file, where),
        all=_words(spec.get("all", ()), file, where),
        map={plain(word): str(ours) for word, ours in _dict(spec.get("map", {}), file, f"{where}.map").items()},
        where={
            name: tuple(map(plain, _words(words, file, where)))
            for name, words in _dict(spec.get("where", {}), file, f"{where}.where").items()
        },
        unit=unit,
        beside=str(spec.get("with", "")),
        **texts,
    )


def _words(value: Any, file: str, where: str) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise _wrong(file, where, repr(value), told("quoted_words"))
    return tuple(words)


def _dict(value: Any, file: str, where: str) -> dict:
    if not isinstance(value, dict):
        raise _wrong(file, where, repr(value), told("toml_table"))
    return value


def _only(entry: dict, allowed: set[str], file: str, where: str) -> None:
    unknown = sorted(set(entry) - allowed)
    if unknown:
        found = told("unknown_keys", names=", ".join(unknown))
        raise _wrong(file, where, found, told("some_of", names=", ".join(sorted(allowed))))


def _own() -> Iterator[Source]:
    """One source a table of the contract, by our own headings: the template's workbook, CSV in other encodings."""
    for name, table in CONTRACT.items():
        fields = {column.name: Field(names=(column.name,)) for column in table.columns}
        yield Source(f"{OWN}:{name}", f"our own table {name}", ("csv", "xlsx"), (Target(table, fields),))
