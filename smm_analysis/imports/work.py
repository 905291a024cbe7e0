"""One import on its way (작업): files to rows, rows to tables, tables into the data set's, all accounted for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.imports import filing, recognising
from smm_analysis.imports.mapping import OWN, Source, is_zone, media
from smm_analysis.imports.reading import Sheet, columns_of
from smm_analysis.imports.records import release
from smm_analysis.imports.rows import Options, Rows, Shaped
from smm_analysis.imports.shaping import shape, split
from smm_analysis.imports.summary import Part, Tally
from smm_analysis.imports.words import told
from smm_analysis.tables import CONTRACT, DataError, Dataset
from smm_analysis.tables.faults import Problem, refuse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from smm_analysis.pseudonyms import Pseudonyms

TIMEZONE = "Asia/Seoul"  # of a new data set whose times all have an offset


@dataclass
class Work:
    """One import on its way."""

    known: dict[str, Source]
    now: pd.Timestamp
    encoding: str
    place: filing.Place | None = None
    options: Options = field(default_factory=Options)
    names: Pseudonyms | None = None
    changed: dict[str, pd.DataFrame] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)
    rebrand: bool = False
    media: set[str] = field(default_factory=set)
    accounts: dict[str, set[str]] = field(default_factory=dict)
    shaped: list[tuple[Rows, Shaped, int]] = field(default_factory=list)

    def begin(self, place: filing.Place, *, brand: str, timezone: str, **more: object) -> None:
        """Settle brand and time zone."""
        self.place = place
        brands = place.brands
        if brand and place.dataset and place.dataset.brands and brand not in place.dataset.brands:
            raise DataError(told("undeclared_brand", brand=brand, brands=", ".join(brands)))
        _need_zone(timezone)
        home = place.dataset.timezone if place.dataset else ""
        only = brands[0] if len(brands) == 1 else ""
        self.options = Options(brand or only, timezone=timezone, home=home, **more)
        self.notes += [told("header_alone", name=name) for name in place.gone]

    @property
    def dataset(self) -> Dataset:
        """The description that new rows are checked against: observed until now, brands and media as declared."""
        zone = self.options.timezone or TIMEZONE
        if not self.place.dataset:
            return Dataset("new", "KRW", zone, self.now.tz_convert(zone), "ko", False)
        return replace(self.place.dataset, observed_until=self.now.tz_convert(self.place.dataset.timezone), media={})

    def know_own(self, own: tuple[str, ...], staff: tuple[str, ...]) -> None:
        """Take the own accounts' handles, and the keys that the data set knows from earlier imports."""
        known = self.place.dataset.own.get(self.options.brand) if self.place.dataset else None
        self.accounts = {"brand": set(known.keys if known else ()), "staff": set(known.staff if known else ())}
        keys = {role: tuple(found) for role, found in self.accounts.items()}
        self.options = replace(self.options, own={"brand": own, "staff": staff}, known=keys)

    def read(self, path: Path) -> None:
        """Read one file: every sheet of it that an export fits."""
        if not path.is_file():
            found = told("no_file" if path.exists() else "not_there")
            raise refuse(str(path), found, told("a_file"), told("a_file_fix"))
        before = len(self.shaped)
        given = frozenset((*self.options.given, *(["medium"] if self.options.medium else [])))
        choice = recognising.Choice(self.known, given, self.encoding)
        try:
            for sheet, source, header in recognising.understood(path, choice):
                tally = Tally()
                columns, places = columns_of(sheet, header, source.headings, tally)
                self._take(sheet, source, columns, places, tally)
        except UnicodeError as error:
            found = told("undecoded", why=str(error)[:120])
            raise refuse(path.name, found, told("text_in_one"), told("text_in_one_fix")) from None
        release()
        if len(self.shaped) == before:
            raise refuse(path.name, told("only_header"), told("a_row"), told("a_row_fix"))

    def _take(self, sheet: Sheet, source: Source, *columns: object) -> None:
        name = f"{sheet.file} [{sheet.name}]" if sheet.name else sheet.file
        for rows in split(name, source, *columns):
            read = len(rows.places) + rows.tally.count
            if read:
                self._needs(rows)
                self.shaped.append((rows, shape(rows, self.dataset, self.options, self.names), read))

    def _needs(self, rows: Rows) -> None:
        """Refuse rows of which nobody says whose they are and where they were written."""
        required, options = rows.target.table.required, self.options
        if "brand" in required and not (options.brand or rows.has("brand")):
            raise DataError(told("say_brand", file=rows.file))
        if "medium" in required and not (options.medium or rows.source.medium or rows.has("medium")):
            raise DataError(told("say_medium", file=rows.file))

    def know_given(self) -> None:
        """Refuse values for columns that no table of these files has."""
        names = {name for rows, _, _ in self.shaped for name in rows.target.table.names}
        unknown = sorted(set(self.options.given) - names)
        if unknown:
            raise DataError(told("set_unknown", name=unknown[0], allowed=", ".join(sorted(names))))

    def file_all(self) -> None:
        """Merge all rows into their tables; those that others point at come first."""
        for entry in sorted(self.shaped, key=lambda entry: bool(_elsewhere(entry[0]))):
            self._file(*entry)

    def need_rows(self) -> None:
        """Refuse an import of which nothing is left, with the reasons."""
        if self.changed or self.place.frames:
            return
        fit = told("rows_that_fit")
        problems = [
            Problem(part.file, aside.first[0][0], aside.column, aside.why, fit, aside.fix, aside.count)
            for part in self.parts
            for aside in part.asides
        ]
        raise DataError(told("no_row"), problems)

    def _file(self, rows: Rows, shaped: Shaped, read: int) -> None:
        """Merge a file's rows into their table and account for every one."""
        table = rows.target.table
        old = self.changed.get(table.name, self.place.frames.get(table.name))
        self._dangling(rows, shaped)
        self._other_brands(rows, shaped, old)
        self._better_keys(rows, shaped, old)
        merged = filing.merge(old, shaped.frame, table)
        self._aside(rows, shaped, merged.already, told("already"), fix=told("already_fix"))
        kept = int(shaped.members[~merged.already].sum())
        if kept:
            self.changed[table.name] = merged.frame
        if read and not kept and not merged.already.any():
            self.loud.append(rows.told("none_kept", read=f"{read:,}"))
        counts = {"read": read, "kept": kept, "written": int((~merged.already).sum()), "replaced": merged.replaced}
        asides = tuple(rows.tally.reasons.values())
        self.parts.append(Part(rows.file, rows.source.name, table.name, **counts, asides=asides))
        self._remember(rows, shaped)

    def _aside(self, rows: Rows, shaped: Shaped, bad: np.ndarray, why: str, *, fix: str, column: str = "") -> None:
        """Set shaped rows aside, counting every row of the file that was folded into them."""
        count = int(shaped.members[bad].sum())
        rows.tally.many(why, shaped.places[bad].tolist(), fix=fix, column=column, count=count)

    def _dangling(self, rows: Rows, shaped: Shaped) -> None:
        """Blank keys to rows that are not there; set the row aside if it cannot do without."""
        table = rows.target.table
        for column, target in table.points_to.items():
            other = self.changed.get(target, self.place.frames.get(target))
            if other is None and target != rows.name:
                continue
            frames = [other, shaped.frame if target == rows.name else None]
            known = [frame[CONTRACT[target].key[0]] for frame in frames if frame is not None]
            lost = filing.absent(shaped.frame[column], known)
            if lost.any() and column in table.required:
                why, fix = told("not_in", column=column, target=target), told("not_in_fix", target=target)
                self._aside(rows, shaped, lost, why, fix=fix, column=column)
                shaped.keep(~lost)
            elif lost.any():
                shaped.frame[column] = shaped.frame[column].mask(lost)
                count = f"{int(lost.sum()):,}"
                self.notes.append(rows.told("blanked_not_in", column=column, rows=count, target=target))

    def _other_brands(self, rows: Rows, shaped: Shaped, old: pd.DataFrame | None) -> None:
        """Keep rows from changing their brand unseen: one found in two brands' searches stays with the first."""
        theirs = filing.other_brands(old, shaped.frame, rows.target.table)
        for brand in theirs.dropna().unique():
            mine = (theirs == brand).to_numpy()
            count = f"{int(shaped.members[mine].sum()):,}"
            if self.rebrand:
                self.loud.append(rows.told("moved_brand", rows=count, brand=brand))
                continue
            why, fix = told("under_brand", brand=brand), told("under_brand_fix")
            self._aside(rows, shaped, mine, why, fix=fix, column="brand")
            self.loud.append(rows.told("under_brand_stay", rows=count, why=why, fix=fix))
        if not self.rebrand:
            shaped.keep(theirs.isna().to_numpy())

    def _better_keys(self, rows: Rows, shaped: Shaped, old: pd.DataFrame | None) -> None:
        """Keep the author keys that are there where the file knows the authors by a lesser id."""
        if better := filing.keep_better_keys(old, shaped.frame, rows.target.table, shaped.weak):
            self.notes.append(rows.told("better_keys", rows=f"{better:,}"))

    def _remember(self, rows: Rows, shaped: Shaped) -> None:
        """Take over what the rows had to tell, and what dataset.toml is to learn: own accounts and new media."""
        self.notes += shaped.notes
        self.loud += shaped.loud
        for role, keys in shaped.accounts.items():
            self.accounts[role] |= keys
        if "medium" in rows.target.table.names and not rows.source.name.startswith(f"{OWN}:"):
            self.media |= set(shaped.frame["medium"].dropna().unique())

    def toml(self, extra: str | Path | None, currency: str, language: str) -> str:
        """Return dataset.toml as it will be: made, or with a later end, new media and own accounts."""
        last = self._last()
        if self.place.dataset:
            text = (self.place.out / filing.NAME).read_bytes().decode("utf-8-sig")
            if last is not None and last > self.place.dataset.observed_until:
                until = last.tz_convert(self.place.dataset.timezone)
                text = filing.with_until(text, until)
                self.notes.append(told("until_now", until=until.isoformat()))
        else:
            text = self._new_toml(last, currency, language)
        declared = set(self.place.dataset.media) if self.place.dataset else set()
        if declared or not self.place.dataset:
            for name in sorted(self.media - declared):
                form = media(extra).get(name, {"kind": "sns", "side": "customer"})
                text = filing.with_section(text, f"medium.{filing.quoted_key(name)}", **form)
                self.notes.append(told("medium_added", name=name, **form))
        accounts = {"keys": sorted(self.accounts["brand"]), "staff": sorted(self.accounts["staff"])}
        if any(accounts.values()) and self.options.brand:
            text = filing.with_section(text, f"own.{filing.quoted_key(self.options.brand)}", **accounts)
        return text

    def _new_toml(self, last: pd.Timestamp | None, currency: str, language: str) -> str:
        zone = self.options.timezone or TIMEZONE
        if not self.options.timezone:
            self.notes.append(told("zone_is", zone=zone))
        until = (last if last is not None else self.now).tz_convert(zone)
        name = self.options.brand or self.place.out.resolve().name
        self.notes.append(told("toml_made", until=until.isoformat(), currency=currency, language=language))
        return filing.new_toml(name, currency=currency, timezone=zone, until=until, language=language)

    def _last(self) -> pd.Timestamp | None:
        """Return the last moment that the new rows show."""
        found = []
        for name, frame in self.changed.items():
            for column in CONTRACT[name].columns:
                if column.kind in ("time", "date", "week") and not column.future and frame[column.name].notna().any():
                    last = frame[column.name].max()
                    found.append(last if last.tzinfo else last.tz_localize(self.dataset.timezone))
        return max(found) if found else None


def _need_zone(name: str) -> None:
    """Refuse the name of a time zone that there is not."""
    if not is_zone(name or "UTC"):
        raise DataError(told("unknown_zone", name=name))


def _elsewhere(rows: Rows) -> set[str]:
    """Return the other tables that these rows point at."""
    return set(rows.target.table.points_to.values()) - {rows.name}


def outside(work: Work) -> list[str]:
    """Count replies to something that is not in the data set; a later import may bring it."""
    if "mentions" not in work.changed:
        return []
    frame, posts = work.changed["mentions"], work.changed.get("posts", work.place.frames.get("posts"))
    known = [frame["mention_id"], *([posts["post_id"]] if posts is not None else [])]
    outside = int(filing.absent(frame["parent_id"], known).sum())
    return [told("outside", rows=f"{outside:,}")] if outside else []
