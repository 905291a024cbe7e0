"""JSON to rows (JSON 읽기): the records of a document or of JSONL, and the values at paths in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from smm_analysis.imports.mapping import Source
from smm_analysis.imports.reading import Row, Sheet, bom, errors_of
from smm_analysis.imports.summary import Tally
from smm_analysis.imports.words import told
from smm_analysis.tables.faults import refuse


def json_sheet(path: Path, source: Source, encoding: str = "") -> Sheet:
    """Return the records of a JSON or JSONL file as an export has them; a row holds the values at its paths.

    A row's place is the record's number, from 1; in JSONL with a record a line that is the line.
    """
    records, joined, paths = source.records, source.joined, source.headings

    def rows(tally: Tally, _: int = 0, __: int = 0) -> Iterator[Row]:
        number = 0
        for line, document in documents(path, tally, encoding):
            found = list(_found(document, records))
            users = _lookup(document, joined)
            for record in found:
                number = max(number + 1, line)
                if users and joined["as"] not in record:
                    record[joined["as"]] = users.get(record.get(joined["on"]))
                yield number, [text_at(record, where) for where in paths]
            if not found and not _only_meta(document):
                fix = told("no_record_fix", places=_places(records))
                tally.aside(told("no_record"), line or 1, fix=fix)

    return Sheet(path.name, [list(paths)], rows, encoding=encoding)


def documents(path: Path, tally: Tally, encoding: str = "") -> Iterator[tuple[int, Any]]:
    """Yield (line, object) of JSONL, or (0, the whole) of JSON; a line that is no JSON is set aside."""
    with path.open("rb") as file:
        encoding = encoding or bom(file.read(4)) or "utf-8"
    if not _is_jsonl(path, encoding):
        yield 0, _whole(path, encoding, path.stat().st_mtime_ns)
        return
    with path.open(encoding=encoding, errors=errors_of(encoding)) as file:
        for line, text in enumerate(file, 1):
            if text.strip():
                try:
                    yield line, json.loads(text)
                except (json.JSONDecodeError, RecursionError):
                    tally.aside(told("not_json"), line, fix=told("not_json_fix"))


def release() -> None:
    """Let go of the JSON document that was read last."""
    _whole.cache_clear()


def _is_jsonl(path: Path, encoding: str) -> bool:
    """Whether the first line is an object of its own."""
    with path.open(encoding=encoding, errors="replace") as file:
        first = next((line for line in file if line.strip()), "").strip()
        again = next((line for line in file if line.strip()), "").strip()
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return True
    try:
        json.loads(first)
    except (json.JSONDecodeError, RecursionError):
        return False
    return first.startswith("{") and (again.startswith("{") or not again)


@lru_cache(maxsize=1)  # several exports look into the same file
def _whole(path: Path, encoding: str, _: float) -> Any:
    try:
        return json.loads(path.read_bytes().decode(encoding))
    except json.JSONDecodeError as error:
        found = told("no_json", why=error.msg)
        raise refuse(path.name, found, told("whole_json"), told("whole_json_fix"), line=error.lineno) from None
    except (UnicodeDecodeError, RecursionError) as error:
        found, allowed = told("undecoded", why=str(error)[:120]), told("json_in", encoding=encoding)
        raise refuse(path.name, found, allowed, told("another_encoding")) from None


def _found(document: Any, records: tuple[str, ...]) -> Iterator[dict]:
    """Yield the records at the first place that holds any ("" = the document itself); several places may hold some."""
    whole = [place for place in records if place]
    found = [record for place in whole for record in _walk(document, place.split(".")) if isinstance(record, dict)]
    if not found and "" in records and not any(_has(document, place) for place in whole):
        found = [record for record in _walk(document, []) if isinstance(record, dict)]
    yield from found


def _walk(value: Any, steps: list[str]) -> Iterator[Any]:
    """Follow the steps, through lists too."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _walk(value[steps[0]], steps[1:])


def _has(document: Any, place: str) -> bool:
    return isinstance(document, dict) and place.split(".")[0] in document


def _only_meta(document: Any) -> bool:
    """Whether a page rightly has no records: the last page of X has only `meta`."""
    return isinstance(document, dict) and "meta" in document


def _places(records: tuple[str, ...]) -> str:
    return ", ".join(place or "the top" for place in records)


def _lookup(document: Any, joined: dict[str, str]) -> dict:
    if not joined:
        return {}
    return {user["id"]: user for user in _walk(document, joined["from"].split(".")) if "id" in user}


def text_at(record: Any, path: str) -> str | None:
    """Return the value at a path such as `a.b` or `list[type=x].id` as text; None where there is none.

    >>> text_at({"refs": [{"type": "quoted", "id": "1"}, {"type": "reply", "id": "2"}]}, "refs[type=reply].id")
    '2'
    """
    if isinstance(record, dict) and path in record:  # a key may hold dots
        value = record[path]
    else:
        value = record
        for step in path.split("."):
            value = _step(value, step)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


def _step(value: Any, step: str) -> Any:
    name, _, condition = step.rstrip("]").partition("[")
    value = value.get(name) if isinstance(value, dict) else None
    if condition and isinstance(value, list):
        key, _, wanted = condition.partition("=")
        return next((item for item in value if isinstance(item, dict) and item.get(key) == wanted), None)
    return value
