"""`dataset.toml` (데이터 세트 설명): the brands, the currency, the time zone, and until when it was watched."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis.tables.faults import DataError, Problem, shortened
from smm_analysis.tables.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    import pandas as pd

NAME = "dataset.toml"
ENGINE = "SMM_ENGINE"  # the variable by which `smm report --engine` tells its notebooks
ROUTES = ("page", "person", "person-then-page")
MEDIUM_KINDS = ("sns", "blog", "video", "cafe", "site")
SIDES = ("firm", "customer")
LINES = {  # what a line that is missing may look like
    "name": '"My company"',
    "currency": '"KRW"',
    "timezone": '"Asia/Seoul"',
    "observed_until": '"2026-06-30T23:59:59+09:00"',
    "language": '"ko"',
    "synthetic": "false",
    "market_size": "50000",
    "central_medium": '"blog"',
    "kind": '"blog"',
    "side": '"firm"',
}
TOP = {"name": str, "currency": str, "timezone": str, "observed_until": (str, date), "language": str, "synthetic": bool}
TOP_MAYBE = {"key_id": str, "engine": str}
BRAND = {"market_size": int, "central_medium": str}
BRAND_MAYBE = {"presence": dict, "account_route": str}
MEDIUM = {"kind": str, "side": str}
OWN_MAYBE = {"keys": list, "staff": list}
FORMS = {  # type -> what it looks like, a key of words.toml
    str: "toml_text",
    bool: "toml_flag",
    int: "form_whole",
    dict: "toml_answers",
    list: "toml_keys",
}


@dataclass(frozen=True)
class Brand:
    """One brand (브랜드) as `[brand.NAME]` declares it."""

    market_size: int
    central_medium: str
    presence: dict[str, bool | float] | None = None
    account_route: str | None = None


@dataclass(frozen=True)
class Medium:
    """One medium (미디어) as `[medium.NAME]` declares it."""

    kind: str
    side: str


@dataclass(frozen=True)
class Own:
    """Author keys of a brand's own accounts and of its staff (자사 계정) as `[own.NAME]` lists them."""

    keys: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """What `dataset.toml` says of the whole set (데이터 세트).

    `observed_until` is the last moment watched: what is open then is censored, not missing.
    `key_id` says which key the author keys were made with, "" where that is not known.
    `engine` is what large tables are read with, "" = DuckDB in this process. `truth` is what `truth.json` holds, None
    for real data.
    """

    name: str
    currency: str
    timezone: str
    observed_until: pd.Timestamp
    language: str
    synthetic: bool
    key_id: str = ""
    engine: str = ""
    brands: dict[str, Brand] = field(default_factory=dict)
    media: dict[str, Medium] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)
    truth: dict[str, Any] | None = None


def end_of_day(day: str, timezone: str) -> pd.Timestamp:
    """Return the last microsecond of an ISO date in a time zone."""
    import pandas as pd

    midnight = pd.Timestamp(day) + pd.Timedelta(days=1)
    return midnight.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward") - pd.Timedelta(microseconds=1)


def read_dataset(folder: Path) -> tuple[Dataset, list[Told]]:
    """Return the data set's description and notes on keys it does not know; DataError if it cannot be used."""
    text = _text(folder / NAME)
    raw = _toml(text)
    form = _Form(text)
    form.fields(raw, TOP, TOP_MAYBE | {"brand": dict, "medium": dict, "own": dict})
    for kind, needed, maybe in (("brand", BRAND, BRAND_MAYBE), ("medium", MEDIUM, {}), ("own", {}, OWN_MAYBE)):
        for name, entry in _sections(raw, kind):
            form.fields(entry, needed, maybe, section=f"{kind}.{name}")
    form.meanings(raw)
    if form.problems:
        raise _error(*form.problems)
    return _build(raw, _truth(folder / "truth.json")), form.notes


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise _error(Problem(NAME, line, "", told("no_toml", why=error), told("toml"), told("toml_fix"))) from None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _error(Problem(NAME, None, "", told("no_utf8"), told("utf8"), told("utf8_fix"))) from None


def _error(*problems: Problem) -> DataError:
    return DataError(told("unusable", file=NAME), problems)


def _sections(raw: dict, kind: str) -> list[tuple[str, dict]]:
    """Return the `[kind.NAME]` sections; what is not a section has been reported before."""
    entries = raw.get(kind)
    found = entries.items() if isinstance(entries, dict) else ()
    return [(name, entry) for name, entry in found if isinstance(entry, dict)]


class _Form:
    """The checks on dataset.toml; collects problems and notes."""

    def __init__(self, text: str):
        self.lines, self.problems, self.notes = text.splitlines(), [], []

    def line(self, section: str, key: str = "") -> int | None:
        """Return the line where a section, or a key in it, stands."""
        inside = not section
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[([^\]]+)\]", line)
            if header:
                inside = header[1].replace('"', "").replace("'", "").replace(" ", "") == section.replace(" ", "")
            if inside and (header if section and not key else re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line)):
                return number
        return None

    def say(self, section: str, key: str, value: str, allowed: Told, fix: Told) -> None:
        """Note one problem."""
        column = f"{section}.{key}".strip(".")
        self.problems.append(Problem(NAME, self.line(section, key) or self.line(section), column, value, allowed, fix))

    def fields(self, entry: dict, needed: dict, maybe: dict, *, section: str = "") -> None:
        """Check that the needed keys are there, all have their type, and none is unknown."""
        known = needed | maybe
        for key, kind in known.items():
            form = told("sections", kind=key) if kind is dict and not section else told(FORMS.get(kind, "toml_time"))
            if key in needed and key not in entry:
                fix = told("add_line", line=f"{key} = {LINES.get(key, '...')}", where=_where(section))
                self.say(section, key, told("missing"), form, fix)
            elif key in entry and not _is(entry[key], kind):
                self.say(section, key, shortened(entry[key]), form, told("correct"))
        for key in entry.keys() - known.keys():
            near = difflib.get_close_matches(key, known, n=1)
            hint = told("did_you_mean", name=near[0]) if near else ""
            self.notes.append(told("unknown_key", file=NAME, key=f"{section}.{key}".strip("."), hint=hint))
        for key, kind in maybe.items():
            if kind is dict and isinstance(entry.get(key), dict) and not section:
                self._only_sections(key, entry[key])

    def _only_sections(self, kind: str, entries: dict) -> None:
        for name, entry in entries.items():
            if not isinstance(entry, dict):
                fix = told("section_fix", kind=kind, name=name)
                self.say(kind, name, shortened(entry), told("section", kind=kind), fix)

    def meanings(self, raw: dict) -> None:
        """Check what the values mean: zone, currency, moment, choices."""
        zone = raw.get("timezone")
        if isinstance(zone, str) and not _zone_known(zone):
            self.say("", "timezone", shortened(zone), told("zone"), told("zone_fix"))
        elif isinstance(zone, str) and _is(raw.get("observed_until"), (str, date)):
            self._moment(raw["observed_until"], zone)
        currency = raw.get("currency")
        if isinstance(currency, str) and not re.fullmatch("[A-Z]{3}", currency):
            self.say("", "currency", shortened(currency), told("currency"), told("currency_fix"))
        for name, entry in _sections(raw, "medium"):
            self._choice(f"medium.{name}", "kind", entry, MEDIUM_KINDS)
            self._choice(f"medium.{name}", "side", entry, SIDES)
        for name, entry in _sections(raw, "brand"):
            self._choice(f"brand.{name}", "account_route", entry, ROUTES)
            self._brand(f"brand.{name}", entry, [medium for medium, _ in _sections(raw, "medium")])

    def _moment(self, value: object, zone: str) -> None:
        try:
            _moment(value, zone)
        except ValueError:
            self.say("", "observed_until", shortened(value), told("moment"), told("moment_fix"))

    def _choice(self, section: str, key: str, entry: dict, choices: tuple[str, ...]) -> None:
        if isinstance(entry.get(key), str) and entry[key] not in choices:
            self.say(section, key, shortened(entry[key]), told("one_of", choices=", ".join(choices)), told("correct"))

    def _brand(self, section: str, entry: dict, media: list[str]) -> None:
        size, central = entry.get("market_size"), entry.get("central_medium")
        if _is(size, int) and size <= 0:
            self.say(section, "market_size", str(size), told("people"), told("correct"))
        if isinstance(central, str) and media and central not in media:
            allowed, fix = told("one_of", choices=", ".join(media)), told("add_medium", medium=central)
            self.say(section, "central_medium", shortened(central), allowed, fix)
        presence = entry.get("presence")
        for key, value in presence.items() if isinstance(presence, dict) else ():
            if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
                self.say(f"{section}.presence", key, shortened(value), told("share"), told("correct"))


def _where(section: str) -> Told:
    return told("under_section", section=section) if section else told("at_the_top")


def _is(value: object, kind: Any) -> bool:
    """Whether a value has a type; true and false are no numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _zone_known(zone: str) -> bool:
    try:
        return bool(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _moment(value: object, zone: str) -> pd.Timestamp:
    """Return `observed_until` in the zone; a date alone means the end of that day."""
    import pandas as pd

    text = value.isoformat() if isinstance(value, date) else str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text) and not isinstance(value, datetime):
        return end_of_day(text, zone)
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
        raise ValueError(text)
    moment = pd.Timestamp(text)
    return (moment.tz_localize(zone) if moment.tzinfo is None else moment.tz_convert(zone)).as_unit("us")


def _truth(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        truth = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        truth, line, why = None, getattr(error, "lineno", None), told("no_json", why=error)
    else:
        line, why = None, told("no_object")
    if not isinstance(truth, dict):
        problem = Problem(path.name, line, "", why, told("object"), told("object_fix"))
        raise DataError(told("unusable", file=path.name), [problem])
    return truth


def _build(raw: dict, truth: dict[str, Any] | None) -> Dataset:
    plain = {key: raw[key] for key in TOP | TOP_MAYBE if key in raw}
    plain["observed_until"] = _moment(raw["observed_until"], raw["timezone"])
    known = BRAND | BRAND_MAYBE
    brands = {name: Brand(**{k: v for k, v in entry.items() if k in known}) for name, entry in _sections(raw, "brand")}
    media = {
        name: Medium(**{k: v for k, v in entry.items() if k in MEDIUM}) for name, entry in _sections(raw, "medium")
    }
    own = {
        name: Own(**{k: tuple(map(str, v)) for k, v in entry.items() if k in OWN_MAYBE})
        for name, entry in _sections(raw, "own")
    }
    return Dataset(**plain, brands=brands, media=media, own=own, truth=truth)
