"""The ways into a data set (데이터 세트 열기): `load` all of it, `check` it, or open its large tables as `logs`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import CONTRACT
from smm_analysis.tables.dataset import Dataset
from smm_analysis.tables.faults import Problem, refused
from smm_analysis.tables.frames import Tables, missing_table
from smm_analysis.tables.inspecting import Inspection, inspected
from smm_analysis.tables.words import told
from smm_analysis.terms import Lang
from smm_analysis.told import Told, in_language

if TYPE_CHECKING:
    import pandas as pd

    from smm_analysis import panels


def load(
    path: str | Path,
    *,
    brand: str | None = None,
    since: str = "",
    until: str = "",
    need: Collection[str] = (),
    engine: str = "",
) -> Tables:
    """Read a data set that is wholly in order (데이터 세트 읽기).

    Parameters
    ----------
    path : the folder.
    brand : keep this brand alone; "" = the first that dataset.toml names, None = all. Tables without a brand of their
        own follow their customers and posts.
    since, until : ISO dates, both days included, in the data set's time zone; empty = open.
    need : names of tables that must be there.
    engine : what large Parquet tables are checked and cut with, such as spark://HOST:7077 (`panels.connect`); an engine
        that is named reads all tables that come in parts. "" = what dataset.toml says, else DuckDB for what is above
        256 MB. The result is the same with each.

    Notes
    -----
    `until` is a vantage point, the evening of that day. Rows whose clock comes later drop out, and so do weeks not yet
    over; `dataset.observed_until` moves back to it; outcomes that came later (first response and who gave it,
    resolution, answer and score) are blank, as not yet known; an optional key to a dropped row is blank too.
    Counters that a platform sums up (a post's impressions) cannot be wound back, nor can tables without a clock
    (`follows`, `reach_frequency`, `duplication`).

    `since` drops rows whose clock is earlier. Customers all stay, because a cohort without its quiet members would
    flatter retention, and so do earlier posts and mentions that a kept row points at.

    Raises
    ------
    DataError
        if anything at all is refused; the message lists it as `check` does.
    """
    from smm_analysis.tables.cutting import bounds

    with inspected(Path(path), engine) as found:
        if found.problems:
            raise refused(path, found.problems)
        frames = {name: checked.frame for name, checked in found.checked.items()}
        if found.large:
            start, end = bounds(found.dataset, since, until)
            frames = _fetched(found, frames, brand, start, end)
    whole = Tables(found.path, found.dataset, frames)
    return whole.cut(brand=brand, since=since, until=until, need=need)


def _fetched(
    found: Inspection,
    frames: dict[str, pd.DataFrame],
    brand: str | None,
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
) -> dict[str, pd.DataFrame]:
    """Add the rows of large tables that the cut may keep; a brand is looked for only where brands are declared."""
    from smm_analysis.tables import large

    declared = list(found.dataset.brands)
    mine = (brand or declared[0]) if brand is not None and len(declared) > 1 else ""
    return large.fetch_all(found.large, frames, large.Wanted(mine, start, end))


@dataclass(frozen=True, eq=False)
class Check:
    """What a data set holds and what is wrong with it (검사 결과); `print(check)` is the report.

    `tables` has a row a table: table, file, read, kept, refused (rows; read = kept + refused). `notes` are things to
    know that refuse nothing. It reads as English; `told` says it in a language.
    """

    path: Path
    tables: pd.DataFrame
    problems: list[Problem]
    notes: list[Told]

    @property
    def ok(self) -> bool:
        """Whether `load` would take the data set."""
        return not self.problems

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Lang) -> str:
        """Return the report in a language (검사 결과를 말로)."""
        parts = [_counted(self.tables, lang)] if len(self.tables) else []
        if self.problems:
            parts += [told("problems", n=len(self.problems)), *(f"  {one.told(lang)}" for one in self.problems)]
        if self.notes:
            parts += [told("notes", n=len(self.notes)), *(f"  {in_language(note, lang)}" for note in self.notes)]
        parts.append(told("in_order" if self.ok else "not_in_order", path=self.path))
        return "\n".join(in_language(part, lang) for part in parts)


def _counted(tables: pd.DataFrame, lang: Lang) -> str:
    """Return the counts with headings of the language; a Hangul syllable is two columns wide."""
    import pandas as pd

    headings = {name: in_language(told(f"head_{name}"), lang) for name in tables}
    with pd.option_context("display.unicode.east_asian_width", True):
        return tables.rename(columns=headings).to_string(index=False)


def check(path: str | Path, *, engine: str = "") -> Check:
    """Read a data set and list everything that is wrong with it (데이터 세트 검사); `engine` as in `load`."""
    with inspected(Path(path), engine) as found:
        return Check(found.path, _accounts(found), found.problems, found.notes)


def _accounts(found: Inspection) -> pd.DataFrame:
    """Say of every table that is there how many rows were read, kept and refused."""
    import pandas as pd

    rows = {name: (table.source.file, table.read, table.refused) for name, table in found.checked.items()}
    for name, table in found.large.items():
        n = table.log.n_rows
        rows[name] = (table.place, n, found.refused[name].rows if table.readable else n)
    ordered = [(name, *rows[name]) for name in CONTRACT if name in rows]
    counts = [(name, file, read, read - refused, refused) for name, file, read, refused in ordered]
    counts += [(name, file, 0, 0, 0) for name, file in found.unread.items()]
    return pd.DataFrame(counts, columns=["table", "file", "read", "kept", "refused"])


def logs(path: str | Path, *, engine: str = "", cache: Path | None = None, check: bool = True) -> panels.Logs:
    """Open a data set's Parquet tables as logs (로그 열기), to sum them up in an engine.

    Parameters
    ----------
    path : the data set's folder. Tables in CSV are not logs.
    engine : "" = what dataset.toml says, else DuckDB in this process; `panels.connect` says what else there is.
    cache : where weekly panels are kept; by default a folder of the user's, one for each data set.
    check : False leaves the rules out, as for a nightly refresh of what `smm check` has passed; the columns of every
        part are looked at all the same.

    Raises
    ------
    DataError
        If a table breaks a rule, or a part cannot be read; the message names it.
    """
    from smm_analysis.tables.large import open_logs

    return open_logs(Path(path), engine, cache, check=check)


def check_cut(
    path: Path, dataset: Dataset, names: Collection[str], *, need: Collection[str], brand: str = "", **days: str
) -> None:
    """Check what can be known of a cut without its rows (자르기 전 검사): tables, brand and days.

    Raises
    ------
    DataError
        As `Tables.cut`, but for days of which nothing is left.
    """
    from smm_analysis.tables.cutting import bounds, no_brand

    for name in need:
        if name not in names:
            raise missing_table(name, path)
    if brand and dataset.brands and brand not in dataset.brands:
        raise no_brand(brand, dataset.brands)
    bounds(dataset, days.get("since", ""), days.get("until", ""))
