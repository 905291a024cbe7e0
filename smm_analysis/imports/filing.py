"""Into the data set (데이터 세트에 넣기): merged, checked as a whole, and put in place together, or not at all.

A copy of the data set is made beside it (links, where the file system has them), the new tables are written there, and
`tables.check` must pass. Only then do the new files take the old ones' place; if that fails half-way they go back.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis import tables
from smm_analysis.imports.words import told
from smm_analysis.tables import CONTRACT, DataError, Dataset, Table
from smm_analysis.tables.dataset import NAME, read_dataset
from smm_analysis.tables.locking import OLD, clear, locked, new_stage, stages

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HEAD = """\
name = {name}
currency = "{currency}"
timezone = "{timezone}"
observed_until = {until}
language = "{language}"
synthetic = false
"""


@dataclass
class Place:
    """The data set on its way (작업 중인 데이터 세트): where it is, where it is prepared, and what it holds already."""

    out: Path
    stage: Path
    dataset: Dataset | None = None
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def brands(self) -> list[str]:
        """The brands declared or, where none is, those that occur."""
        found = {
            brand for frame in self.frames.values() if "brand" in frame for brand in frame["brand"].dropna().unique()
        }
        return list(self.dataset.brands if self.dataset else ()) or sorted(found)


@contextmanager
def opened(out: Path) -> Iterator[Place]:
    """Prepare a copy of the data set beside it, read; cleaned away afterwards. One import at a time."""
    if out.exists() and not out.is_dir():
        raise DataError(told("out_is_file", out=out))
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(out):
        for left in stages(out):  # of an import that was killed before it changed anything
            clear(left)
        stage = new_stage(out)
        stage.mkdir()
        try:
            yield _read(out, stage)
        finally:
            clear(stage)


def _read(out: Path, stage: Path) -> Place:
    """Link what is there into the stage and read it; tables with a header alone (a template's) are none."""
    place = Place(out, stage)
    if not out.is_dir():
        return place
    for path in sorted(out.iterdir()):
        if path.suffix == ".csv" and path.stem in CONTRACT and _only_header(path):
            place.gone.append(path.name)
        elif _belongs(path):
            _link(path, stage / path.name)
    if (stage / NAME).is_file():
        place.dataset, _ = read_dataset(stage)
        if any(_files(stage, name) for name in CONTRACT):
            place.frames = _in_order(place)
    elif any(_files(stage, name) for name in CONTRACT):
        raise DataError(told("no_description", out=out, file=NAME))
    return place


def _in_order(place: Place) -> dict[str, pd.DataFrame]:
    try:
        return tables.load(place.stage).frames
    except DataError as error:
        raise DataError(told("order_first", out=place.out), error.problems) from None


def _belongs(path: Path) -> bool:
    """Whether a file is part of the data set."""
    return path.name in (NAME, "truth.json") or (path.stem in CONTRACT and path.suffix in (".csv", ".parquet", ""))


def _only_header(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return next(file, "").strip() != "" and not any(line.strip() for line in file)


def _link(path: Path, to: Path) -> None:
    """Link a file, or a folder's files; copy where there are no links."""
    if path.is_dir():
        shutil.copytree(path, to, copy_function=_link_file)
    else:
        _link_file(path, to)


def _link_file(path: str | Path, to: str | Path) -> None:
    try:
        os.link(path, to)
    except OSError:
        shutil.copy2(path, to)


def _files(folder: Path, name: str) -> list[Path]:
    """Return what holds a table."""
    return [folder / f"{name}{end}" for end in (".csv", ".parquet", "") if (folder / f"{name}{end}").exists()]


# --- merging ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Merged:
    """Old and new rows together (합친 표): `already` marks new rows that were there, `replaced` counts changes."""

    frame: pd.DataFrame
    already: np.ndarray
    replaced: int


def merge(old: pd.DataFrame | None, new: pd.DataFrame, table: Table) -> Merged:
    """Add new rows to a table (표 합치기).

    A row whose key is there is left out if it is the same, else it takes the other's place: the later import wins.
    A table without a key takes a row as often as the file has it, less as often as it is there.
    """
    import numpy as np

    new = new.reset_index(drop=True)
    if old is None or old.empty:
        return Merged(new, np.zeros(len(new), bool), 0)
    old = old[list(new.columns)].reset_index(drop=True)
    if not table.key:
        already = _copies(new, old)
        return Merged(_concat(old, new[~already]), already, 0)
    at = _positions(old, new, list(table.key))
    there = at >= 0
    already = np.zeros(len(new), bool)
    already[there] = _same(new[there].reset_index(drop=True), old.iloc[at[there]].reset_index(drop=True))
    changed = there & ~already
    kept = old.drop(index=at[changed])
    return Merged(_concat(kept, new[~already]), already, int(changed.sum()))


def other_brands(old: pd.DataFrame | None, new: pd.DataFrame, table: Table) -> pd.Series:
    """Return the brand that each new row's key belongs to already, missing where that is no other one."""
    import pandas as pd

    if old is None or not table.key or "brand" not in table.names or "brand" in table.key:
        return pd.Series(None, index=new.index, dtype=object)
    at = _positions(old, new, list(table.key))
    theirs = old["brand"].astype(object).take(at.clip(0)).set_axis(new.index) if len(old) else new["brand"]
    return theirs.where((at >= 0) & (theirs != new["brand"]), None)


def keep_better_keys(old: pd.DataFrame | None, new: pd.DataFrame, table: Table, weak: set[str]) -> int:
    """Give new rows whose author is known by a fallback id the key that they have already; return how many."""
    if old is None or old.empty or not weak or not table.key or "author_key" not in table.names:
        return 0
    at = _positions(old, new, list(table.key))
    there = old.take(at.clip(0)).set_axis(new.index)
    worse = (at >= 0) & new["author_key"].isin(weak) & (there["author_key"] != new["author_key"])
    new.loc[worse, "author_key"] = there.loc[worse, "author_key"]
    if "author_role" in new:
        open_ = worse & (new["author_role"] == "unknown")
        new.loc[open_, "author_role"] = there.loc[open_, "author_role"]
    return int(worse.sum())


def _concat(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([old, new.astype(old.dtypes.to_dict())], ignore_index=True)


def _positions(old: pd.DataFrame, new: pd.DataFrame, key: list[str]) -> np.ndarray:
    """Return where each new row's key stands in the old table, -1 where it does not."""
    numbered = old[key].assign(_at=range(len(old)))
    return new[key].merge(numbered, on=key, how="left")["_at"].fillna(-1).to_numpy(int)


def _same(new: pd.DataFrame, old: pd.DataFrame) -> np.ndarray:
    import numpy as np

    same = np.ones(len(new), bool)
    for name in new.columns:
        same &= (new[name].eq(old[name]).fillna(False) | (new[name].isna() & old[name].isna())).to_numpy(bool)
    return same


def absent(keys: pd.Series, known: list[pd.Series]) -> np.ndarray:
    """Return where a key is given that is in none of the known columns."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    values = pa.array(keys, pa.large_string())
    there = pa.array(pd.concat(known, ignore_index=True), pa.large_string())
    return pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, there))).to_numpy(zero_copy_only=False)


def _copies(new: pd.DataFrame, old: pd.DataFrame) -> np.ndarray:
    """Return which new rows are copies of old ones, each old one standing for one."""
    import pandas as pd

    seen = [pd.util.hash_pandas_object(frame, index=False) for frame in (new, old)]
    counts = seen[1].value_counts()
    return (seen[0].groupby(seen[0]).cumcount() < seen[0].map(counts).fillna(0)).to_numpy(bool)


# --- writing ---------------------------------------------------------------------------------------------------------


def write(place: Place, changed: Mapping[str, pd.DataFrame], toml: str) -> None:
    """Write tables and dataset.toml into the stage and check the whole; DataError if it is not in order."""
    import pyarrow as pa
    from pyarrow import parquet

    for name, frame in changed.items():
        for path in _files(place.stage, name):
            place.gone += [path.name] if path.suffix != ".parquet" else []
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), place.stage / f"{name}.parquet")
    if (place.stage / NAME).exists():
        (place.stage / NAME).unlink()  # a link to the one in use
    (place.stage / NAME).write_text(toml, encoding="utf-8", newline="\n")
    result = tables.check(place.stage)
    if not result.ok:
        raise DataError(told("out_of_order"), result.problems)


def put_in_place(place: Place, changed: Mapping[str, pd.DataFrame]) -> None:
    """Put the stage's files in the place of the old ones; if one cannot be, or somebody breaks it off, all go back."""
    if not place.out.exists():
        os.replace(place.stage, place.out)
        return
    aside = place.stage / OLD
    aside.mkdir()
    done: list[tuple[Path, Path | None]] = []
    try:
        for name in dict.fromkeys([*place.gone, *(f"{name}.parquet" for name in changed), NAME]):
            _swap(place, name, aside, done)
    except BaseException:  # Ctrl-C too
        for path, old in reversed(done):
            _put_back(path, old)
        raise
    os.replace(aside, place.stage / ".done")  # from here on the old files may go


def _swap(place: Place, name: str, aside: Path, done: list[tuple[Path, Path | None]]) -> None:
    """Move the old file away and the new one, if there is one, to its place."""
    path = place.out / name
    old = aside / name if path.exists() else None
    done.append((path, old))  # before anything moves: an interruption may come between any two lines
    if old:
        os.replace(path, old)
    if (place.stage / name).exists():
        os.replace(place.stage / name, path)


def _put_back(path: Path, old: Path | None) -> None:
    if old is None:
        path.unlink(missing_ok=True)
    elif old.exists():
        if path.is_dir() and not old.is_dir():
            shutil.rmtree(path)
        os.replace(old, path)


# --- dataset.toml ----------------------------------------------------------------------------------------------------


def new_toml(name: str, *, currency: str, timezone: str, until: pd.Timestamp, language: str) -> str:
    """Return the description of a new data set."""
    quoted = '"' + re.sub(r'[\\"\x00-\x1f]', " ", name) + '"'
    return HEAD.format(name=quoted, currency=currency, timezone=timezone, until=until.isoformat(), language=language)


def with_until(text: str, until: pd.Timestamp) -> str:
    """Return dataset.toml with another `observed_until`, all else as it was."""
    return re.sub(
        r"(?m)^(\s*observed_until\s*=\s*)('[^'\n]*'|\"[^\"\n]*\"|[^#\n]*?)(?=\s*(#|$))",
        rf"\g<1>{until.isoformat()}",
        text,
        count=1,
    )


def with_section(text: str, section: str, **entries: object) -> str:
    """Return dataset.toml with a section, added at its end or, if it is there, replaced."""
    lines = [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in entries.items())]
    kept = re.sub(rf"(?ms)^\[{re.escape(section)}\]\s*?\n.*?(?=^\[|\Z)", "", text)
    return kept.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return "[" + ", ".join(f'"{item}"' for item in value) + "]" if isinstance(value, list | tuple) else f'"{value}"'


def quoted_key(name: str) -> str:
    """Return a name as a TOML key."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
