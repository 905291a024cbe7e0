"""What a run leaves: a folder per run, and `latest`, which is replaced as a whole.

::

    reports/latest/index.html, manifest.json, notebooks/, a page per report, brand and language
    reports/runs/<stamp>/      the same, kept

A run is staged under a hidden name and renamed when it is complete, so a killed run leaves nothing that looks whole.
`latest` is exchanged in one step on Linux; elsewhere the swap is two renames, and a run killed between them is mended
by the next.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.words import told

_OLD, _NEW, _PARTS = ".latest.old", ".latest.new", ".parts"
_STAMP = re.compile(r"\d{8}T\d{9}Z")


class Locked(RuntimeError):
    """Another run is publishing in the same folder."""


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder (잠금); a second run is turned away with `Locked`. A lock goes with its process."""
    from filelock import FileLock, Timeout

    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise Locked(told("locked", out=out)) from None
    try:
        yield
    finally:
        lock.release()


class Shelf:
    """The folder that reports are published in (보고서 폴더). One run at a time: hold the lock while using it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.latest = out / "latest"
        self.runs = out / "runs"

    def check(self) -> None:
        """Refuse a folder whose `latest` is somebody else's: it would be replaced."""
        for folder in (self.latest, self.out / _OLD):
            if folder.exists() and not (folder / "manifest.json").is_file():
                raise ReportError(told("foreign_folder", folder=folder))

    def recover(self) -> None:
        """Clear what a killed run left: staged runs, and a swap of `latest` that stopped half-way."""
        self.runs.mkdir(parents=True, exist_ok=True)
        if not self.latest.exists() and (self.out / _OLD).exists():
            (self.out / _OLD).rename(self.latest)
        for left_over in (*self.runs.glob(".*.part"), self.out / _OLD, self.out / _NEW):
            shutil.rmtree(left_over, ignore_errors=True)

    def stage(self) -> tuple[str, Path]:
        """Return the stamp of a new run (UTC, sortable, unique) and the hidden folder to build it in."""
        stamp = _stamp()
        while (self.runs / stamp).exists():  # another run of the same millisecond
            time.sleep(0.001)
            stamp = _stamp()
        folder = self.runs / f".{stamp}.part"
        folder.mkdir(mode=0o700, parents=True)  # until it is whole, and secrets are masked
        return stamp, folder

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of `latest`; empty before the first run, or if it is damaged."""
        return _read(self.latest / "manifest.json")

    def discard(self, staged: Path) -> None:
        """Remove what a run that stops has begun."""
        for begun in (staged, self.out / _NEW):
            shutil.rmtree(begun, ignore_errors=True)

    @property
    def parts(self) -> Path:
        """Where the finished reports of an unfinished grid wait for the rest."""
        return self.out / _PARTS

    def stamps(self) -> list[str]:
        """Return the stamps of the runs kept, newest first."""
        there = self.runs.iterdir() if self.runs.is_dir() else ()
        return sorted((p.name for p in there if _STAMP.fullmatch(p.name)), reverse=True)

    def history(self, limit: int = 20, *, without: Collection[str] = ()) -> list[tuple[str, dict[str, Any]]]:
        """Return (stamp, manifest) of the last runs, newest first; damaged ones are passed over."""
        held = ((stamp, self.manifest_of(stamp)) for stamp in self.stamps()[:limit] if stamp not in without)
        return [(stamp, manifest) for stamp, manifest in held if manifest]

    def manifest_of(self, stamp: str) -> dict[str, Any]:
        """Return a run's manifest; empty if it is damaged."""
        return _read(self.runs / stamp / "manifest.json")

    def find(self, run: str) -> str:
        """Return the stamp of a run given by the beginning of it, or by "previous"; a ReportError names the newest."""
        stamps = self.stamps()
        fitting = stamps[:1] if run == "previous" else [stamp for stamp in stamps if run and stamp.startswith(run)]
        if len(fitting) == 1 and self.manifest_of(fitting[0]):
            return fitting[0]
        newest = told("newest", stamps=", ".join(stamps[:5]))
        there = newest if stamps else told("none_yet", folder=self.runs)
        raise ReportError(told("many_runs" if fitting else "no_run", n=len(fitting), run=run, there=there))

    def superseded(self, keep: int, manifest: Mapping[str, Any]) -> list[str]:
        """Return the runs to remove so that `keep` stay, the new one counted; never one whose pages it still shows."""
        cited = {entry[key] for entry in manifest["reports"] for key in ("run", "html_from")}
        return [stamp for stamp in self.stamps()[keep - 1 :] if stamp not in cited] if keep else []

    def remove(self, stamps: Collection[str]) -> None:
        """Remove runs: first out of sight, so that one removed half-way does not look whole."""
        for stamp in stamps:
            hidden = self.runs / f".{stamp}.part"
            (self.runs / stamp).rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)

    def publish(self, stamp: str, staged: Path, *, index: str) -> None:
        """Turn a complete staged run into `runs/<stamp>` and into the new `latest`, which has an index of its own."""
        staged.chmod(0o777 & ~_umask())
        run, new, old = self.runs / stamp, self.out / _NEW, self.out / _OLD
        shutil.copytree(staged, new)
        write_text(new / "index.html", index)
        staged.rename(run)
        if self.latest.exists() and not _exchange(new, self.latest):
            self.latest.rename(old)
        if not self.latest.exists():
            new.rename(self.latest)
        for left_over in (old, new):
            shutil.rmtree(left_over, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names in one step, so that neither is ever missing; False where that cannot be done."""
    if sys.platform != "linux":
        return False
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # another C library
        return False
    return rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _stamp() -> str:
    now = datetime.now(UTC)
    return now.strftime("%Y%m%dT%H%M%S") + f"{now.microsecond // 1000:03d}Z"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) and "reports" in manifest else {}


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
