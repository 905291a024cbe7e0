"""What the parts of an import hand to each other (주고받는 것): options, rows on their way, rows of our table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smm_analysis.imports.mapping import Source, Target
from smm_analysis.imports.summary import FIRST, Tally
from smm_analysis.imports.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Options:
    """What the user said, for all files of an import."""

    brand: str = ""
    medium: str = ""
    timezone: str = ""
    home: str = ""  # the data set's own zone
    date_order: str = ""
    given: dict[str, str] = field(default_factory=dict)
    own: dict[str, tuple[str, ...]] = field(default_factory=dict)  # role -> handles
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)  # role -> keys, of earlier imports


@dataclass
class Shaped:
    """One file's rows for one table: typed, in order; how many of the file each stands for; and what to tell."""

    frame: pd.DataFrame
    places: np.ndarray
    members: np.ndarray
    notes: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)
    accounts: dict[str, set[str]] = field(default_factory=dict)
    weak: set[str] = field(default_factory=set)  # author keys made of a fallback id

    def keep(self, good: np.ndarray) -> None:
        """Keep the rows of a mask."""
        self.frame = self.frame[good].reset_index(drop=True)
        self.places, self.members = self.places[good], self.members[good]


@dataclass
class Rows:
    """Rows on their way: raw columns by plain heading, and their places in the file."""

    file: str
    source: Source
    target: Target
    columns: pa.Table
    places: pa.ChunkedArray
    tally: Tally

    @property
    def name(self) -> str:
        """Our table's name."""
        return self.target.table.name

    def has(self, name: str) -> bool:
        """Whether the file itself fills one of our columns."""
        spec = self.target.fields.get(name)
        return spec is not None and (spec.value is not None or spec.given(set(self.columns.column_names)))

    def told(self, key: str, /, **values: object) -> Told:
        """Return a sentence of `words.toml` that says of which file and table it is."""
        return told("at", file=self.file, table=self.name, what=told(key, **values))

    def keep(self, good: np.ndarray) -> None:
        """Keep the rows of a mask."""
        import pyarrow as pa

        self.columns, self.places = self.columns.filter(pa.array(good)), self.places.filter(pa.array(good))

    def aside(
        self,
        bad: np.ndarray,
        why: str,
        *,
        fix: str = "",
        column: str = "",
        raw: pa.ChunkedArray | None = None,
        members: np.ndarray | None = None,
    ) -> None:
        """Set the rows of a mask aside; `members` says how many rows of the file each stands for."""
        rows = bad.nonzero()[0]
        values = [] if raw is None else [raw[int(row)].as_py() for row in rows[:FIRST]]
        count = None if members is None else int(members[rows].sum())
        places = self.places.to_numpy()[rows].tolist()
        self.tally.many(why, places, fix=fix, column=column, values=values, count=count)
