"""Small results kept as Parquet files (패널 저장소): named after all they depend on, and written by rename.

A file that is there is whole and belongs to its inputs; one that is not, or that cannot be read, is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1  # of what is kept; a new one makes all anew


def key_of(*inputs: object) -> str:
    """Return a digest of whatever a result depends on (입력 해시)."""
    return hashlib.sha256(json.dumps([VERSION, *inputs], sort_keys=True, default=str).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Store:
    """A folder of kept results (저장소); None as `folder` keeps nothing."""

    folder: Path | None = None

    def get(self, kind: str, key: str) -> pd.DataFrame | None:
        """Return what is kept under a key; None where nothing is, or nothing that can be read."""
        import pandas as pd
        import pyarrow as pa

        if self.folder is None:
            return None
        try:
            return pd.read_parquet(self._path(kind, key))
        except (OSError, ValueError, pa.ArrowException):
            return None

    def has(self, kind: str, key: str) -> bool:
        """Whether something is kept under a key."""
        return self.folder is not None and self._path(kind, key).is_file()

    def put(self, kind: str, key: str, frame: pd.DataFrame) -> None:
        """Keep a result; where there is no room for it, it is not kept, and what was there stays as it was."""
        if self.folder is None:
            return
        path = self._path(kind, key)
        part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(part, index=False)
            _flush(part)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)

    def keep_only(self, kind: str, keys: Iterable[str]) -> None:
        """Delete what is kept of a kind under other keys: its inputs are gone, and so are its people's rows."""
        if self.folder is None:
            return
        wanted = {self._path(kind, key).name for key in keys}
        for path in [*self.folder.glob(f"{kind}-*.parquet"), *self.folder.glob(f".{kind}-*")]:
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / f"{kind}-{key}.parquet"


def _flush(path: Path) -> None:
    """Bring a file to the disk before it gets its name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
