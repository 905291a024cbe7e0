"""One writer at a time (잠금): a data set's lock, and what a run that was broken off has left beside it."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smm_analysis.tables.faults import DataError
from smm_analysis.tables.words import told

OLD = ".old"  # in a stage: the data set's own files, while new ones take their place


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a data set's lock (데이터 세트 잠금).

    Raises
    ------
    DataError
        if somebody else writes there, or an import was broken off while files were put in place.
    """
    from filelock import FileLock, Timeout

    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    lock = FileLock(Path(tempfile.gettempdir()) / f"smm-import-{digest}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(told("locked", folder=folder)) from None
    try:
        _refuse_half_done(folder)
        yield
    finally:
        lock.release()


def new_stage(folder: Path) -> Path:
    """Return the name of a folder beside the data set in which new files are prepared."""
    folder = folder.resolve()
    return folder.with_name(f".{folder.name}.import-{secrets.token_hex(4)}")


def stages(folder: Path) -> list[Path]:
    """Return the stages beside a data set; whoever holds its lock knows that nobody works in them any more."""
    folder = folder.resolve()
    start = f".{folder.name}.import-"
    return sorted(path for path in folder.parent.iterdir() if path.name.startswith(start) and path.is_dir())


def clear(stage: Path) -> None:
    """Delete a stage, unless it holds files that the data set lacks."""
    if not _holds_old(stage):
        shutil.rmtree(stage, ignore_errors=True)


def _holds_old(stage: Path) -> bool:
    return (stage / OLD).is_dir() and any((stage / OLD).iterdir())


def _refuse_half_done(folder: Path) -> None:
    """Refuse to work on a data set some of whose files still lie in a stage."""
    for stage in stages(folder):
        if _holds_old(stage):
            names = ", ".join(sorted(path.name for path in (stage / OLD).iterdir()))
            raise DataError(told("half_done", folder=folder, names=names, old=stage / OLD, stage=stage))
