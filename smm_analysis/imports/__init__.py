"""Imports by mapping, not by code (가져오기): real export files to our tables, with a report that hides nothing.

`exports.toml` says which column of an export is which of ours; data/IMPORTS.md says how to add an export. Persons
become keys (`pseudonyms`), handles in texts are replaced, and nothing is written unless the whole data set is in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.imports.drafting import draft
from smm_analysis.imports.mapping import OWN, Source, sources
from smm_analysis.imports.summary import Aside, ImportReport, Part
from smm_analysis.imports.words import told
from smm_analysis.tables import DataError

if TYPE_CHECKING:
    import pandas as pd

    from smm_analysis.imports.filing import Place
    from smm_analysis.imports.work import Work
    from smm_analysis.pseudonyms import Pseudonyms
    from smm_analysis.terms import Lang

__all__ = ["Aside", "ImportReport", "Part", "draft", "import_files", "sources"]


def import_files(
    files: Sequence[str | Path],
    out: str | Path,
    source: str | None = None,
    *,
    brand: str = "",
    timezone: str = "",
    medium: str = "",
    date_order: str = "",
    encoding: str = "",
    own: Iterable[str] = (),
    staff: Iterable[str] = (),
    given: Mapping[str, str] | None = None,
    extra: str | Path | None = None,
    currency: str = "KRW",
    language: str = "ko",
    rebrand: bool = False,
    dry_run: bool = False,
    lang: Lang = "en",
    now: pd.Timestamp | None = None,
) -> ImportReport:
    """Read export files into a data set and report (내보낸 파일 가져오기).

    Parameters
    ----------
    files : CSV, JSON, JSONL or .xlsx.
    out : the data set's folder; a new one is made.
    source : a name from `sources()`; None = guessed from the header.
    brand : whose rows these are; needed unless the data set has one brand alone or the file has a column for it.
    timezone : of times without an offset, and of a new data set. Default: the data set's own.
    medium : where the texts were written, for exports that do not say it, or say it otherwise.
    date_order : dmy or mdy, for dates such as 03/04/2025 in a file where no row decides.
    encoding : of CSV and JSON files; "" = found out.
    own, staff : handles of the brand's own accounts and of its people; kept as keys in dataset.toml, for later imports.
    given : values for columns that are the same in all rows, such as {"kind": "useful"}.
    extra : a TOML file with exports of your own.
    rebrand : rows that are there under another brand move to this one; else they are set aside.
    dry_run : read, check and report, write nothing.
    lang : the printed report's language.
    now : rows later than this are set aside; None = the clock.

    Returns
    -------
    ImportReport
        `print` it. It also lies in `out/imports/`, without any handle or text.

    Raises
    ------
    DataError
        if a file cannot be read or understood, or the data set would not be in order; then nothing is changed.
    """
    from smm_analysis.imports import filing
    from smm_analysis.imports.work import Work

    if date_order not in ("", "dmy", "mdy"):
        raise DataError(told("date_order", order=date_order))
    if not files:
        raise DataError(told("no_file_given"))
    _is_encoding(encoding)
    work = Work(_known(source, extra), now or _now(), encoding, rebrand=rebrand)
    with filing.opened(Path(out)) as place:
        work.begin(place, brand=brand, timezone=timezone, medium=medium, date_order=date_order, given=dict(given or {}))
        work.names = _names(place)
        work.know_own(tuple(own), tuple(staff))
        for file in files:
            work.read(Path(file))
        work.know_given()
        work.file_all()
        work.need_rows()
        toml = work.toml(extra, currency, language)
        filing.write(place, work.changed, toml)
        work.names.remember(place.stage)
        return replace(_finish(work, dry_run), lang=lang)


def _known(source: str | None, extra: str | Path | None) -> dict[str, Source]:
    """Return the exports to choose from."""
    known = sources(extra)
    if not source:
        return known
    chosen = {name: one for name, one in known.items() if name == source or (source == OWN and name.startswith(OWN))}
    if not chosen:
        allowed = ", ".join([*(name for name in known if not name.startswith(f"{OWN}:")), OWN])
        raise DataError(told("no_source", name=source, allowed=allowed))
    return chosen


def _now() -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp.now(tz="UTC").floor("s")


def _is_encoding(name: str) -> None:
    """Refuse the name of an encoding that there is not."""
    try:
        "".encode(name or "utf-8")
    except (LookupError, ValueError):
        raise DataError(told("unknown_encoding", name=name)) from None


def _names(place: Place) -> Pseudonyms:
    """Return the data set's pseudonyms; a new key is written only once the import is sound."""
    from smm_analysis.pseudonyms import Pseudonyms

    return Pseudonyms.of(place.out, missing_ok=True)


def _finish(work: Work, dry_run: bool) -> ImportReport:
    """Tell what has happened, put everything in place, and leave the report beside it."""
    from smm_analysis.imports import filing
    from smm_analysis.imports.work import outside

    place = work.place
    work.notes += outside(work)
    work.notes += [
        told("merged", name=name, into=Path(name).stem) for name in place.gone if Path(name).stem in work.changed
    ]
    if work.names.new and not dry_run:
        work.notes.append(told("new_key", key=work.names.key_id))
    report = ImportReport(place.out, tuple(work.parts), tuple(work.notes), tuple(dict.fromkeys(work.loud)), dry_run)
    if dry_run:
        return report
    with work.names.kept(place.out):
        filing.put_in_place(place, work.changed)
    return _kept(report, work.now)


def _kept(report: ImportReport, now: pd.Timestamp) -> ImportReport:
    """Write the report into the data set's folder `imports`."""
    folder = report.out / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = now.strftime("%Y%m%dT%H%M%S")
    names = (f"{stamp}.json", *(f"{stamp}-{number}.json" for number in range(2, 1000)))
    path = next(folder / name for name in names if not (folder / name).exists())
    path.write_text(report.as_json(), encoding="utf-8", newline="\n")
    return replace(report, path=path)
