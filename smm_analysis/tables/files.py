"""Where a table lies (표의 파일): NAME.csv, NAME.parquet, or a folder NAME of Parquet parts; one of them, not two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smm_analysis.tables.faults import refuse
from smm_analysis.tables.words import told
from smm_analysis.told import joined


def places_of(folder: Path, name: str) -> list[Path]:
    """Return what holds a table (표가 놓인 곳): one place, none, or one too many."""
    files = [folder / f"{name}{ending}" for ending in (".csv", ".parquet")]
    parts = folder / name
    return [*(file for file in files if file.is_file()), *([parts] if parts.is_dir() else [])]


def only(places: Sequence[Path]) -> Path:
    """Return the one place of a table (하나뿐인 곳); a DataError where there are two."""
    if len(places) > 1:
        names = joined([place.name for place in places], " and ", ko=", ")
        raise refuse(places[0].name, told("both_there", names=names), told("one_file"), told("one_file_fix"))
    return places[0]


def parquet_files(place: Path) -> list[Path]:
    """Return the file itself or, of a folder, its parts (조각); names that begin with _ or . are the writer's own."""
    if place.is_file():
        return [place]
    return sorted(part for part in place.rglob("*.parquet") if part.is_file() and part.name[0] not in "_.")
