"""A data set in order (데이터 세트): its tables as frames, cut to one brand and a stretch of time."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.dataset import Dataset
from smm_analysis.tables.faults import DataError, MissingTable
from smm_analysis.tables.words import told

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Tables:
    """A data set in order (데이터 세트의 표들): `tables.posts` is a DataFrame, `tables.dataset` says whose it is.

    A table that the data set does not have is a DataError, and `hasattr(tables, "posts")` is False. Every access gives
    a fresh copy-on-write frame, so that changing it changes nothing here.
    """

    path: Path
    dataset: Dataset
    frames: dict[str, pd.DataFrame] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that are there, in the contract's order."""
        return tuple(self.frames)

    def cut(self, *, brand: str | None = None, since: str = "", until: str = "", need: Collection[str] = ()) -> Tables:
        """Keep one brand between two days (자르기); `load` says what the parameters mean.

        Raises
        ------
        DataError
            if a needed table is missing or empty, the brand is not there, or a date is none.
        """
        from smm_analysis.tables.cutting import cut

        for name in need:
            if name not in self.frames:
                raise missing_table(name, self.path)
        frames, dataset = cut(self.frames, self.dataset, brand=brand, since=since, until=until)
        frames = {name: _plain(frames[name], CONTRACT[name]) for name in CONTRACT if name in frames}
        for name in need:
            if frames[name].empty:
                chosen = f"brand={brand!r}, since={since!r}, until={until!r}"
                raise DataError(told("nothing_left", table=name, by=chosen))
        return Tables(self.path, dataset, frames)

    def one_brand(self, brand: str = "") -> str:
        """Return the brand that is meant (브랜드 고르기): "" = the first one declared, or the only one that occurs.

        Raises
        ------
        DataError
            if several brands occur, none is declared and none is named.
        """
        from smm_analysis.tables.cutting import one_brand

        return one_brand(self.frames, self.dataset, brand)

    def coverage(self) -> pd.DataFrame:
        """Return what is here (데이터 범위): a row a table, with rows, and the days of its first and last time."""
        import pandas as pd

        rows = []
        for name, frame in self.frames.items():
            clock = CONTRACT[name].clock
            times = frame[clock].dropna().dt.tz_localize(None) if clock else pd.Series(dtype="datetime64[us]")
            rows.append((name, len(frame), times.min(), times.max()))
        table = pd.DataFrame(rows, columns=["table", "rows", "first", "last"])
        return table.assign(first=table["first"].dt.normalize(), last=table["last"].dt.normalize())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.frames]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name == "frames":
            raise AttributeError(name)
        if name in self.frames:
            return self.frames[name].copy(deep=False)
        if name in CONTRACT:
            raise missing_table(name, self.path)
        near = difflib.get_close_matches(name, CONTRACT, n=1)
        raise AttributeError(f"there is no table {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")


def _plain(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Number the rows anew and make required whole numbers plain int64."""
    whole = {column.name: "int64" for column in table.columns if column.kind == "whole" and column.required}
    return frame.astype(whole).reset_index(drop=True)


def missing_table(name: str, path: Path) -> DataError:
    """Return the error for a table that is not there (없는 표): what to add or, of a name unknown, what there is."""
    if name not in CONTRACT:
        return DataError(told("unknown_table", table=name, tables=", ".join(CONTRACT)))
    return MissingTable(told("missing_table", table=name, path=path, columns=", ".join(CONTRACT[name].required)))
