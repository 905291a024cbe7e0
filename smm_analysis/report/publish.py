"""What a run leaves: a folder per run, and `latest`, which is replaced as a whole.

::

    reports/latest/index.html, manifest.json, notebooks/, a page per report, brand and language
    reports/runs/<stamp>/      the same, kept

A run is staged under a hidden name and renamed when it is complete, so a killed run leaves nothing that looks whole.
The swap of `latest` is two renames; a run killed between them is mended by the next.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smm_analysis.report.catalogue import ReportError

_OLD, _NEW = ".latest.old", ".latest.new"
_STAMP = re.compile(r"\d{8}T\d{9}Z")


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
                message = (
                    f"{folder} is there and is not from a run, so it is left alone; give another folder with --out"
                )
                raise ReportError(message)

    def recover(self) -> None:
        """Clear what a killed run left: staged runs, and a swap of `latest` that stopped half-way."""
        self.runs.mkdir(parents=True, exist_ok=True)
        if not self.latest.exists() and (self.out / _OLD).exists():
            (self.out / _OLD).rename(self.latest)
        for left_over in (*self.runs.glob(".*.part"), self.out / _OLD, self.out / _NEW):
            shutil.rmtree(left_over, ignore_errors=True)

    def stage(self) -> tuple[str, Path]:
        """Return the stamp of a new run (UTC, sortable, unique) and the hidden folder to build it in."""
        now = datetime.now(UTC)
        stamp = now.strftime("%Y%m%dT%H%M%S") + f"{now.microsecond // 1000:03d}Z"
        folder = self.runs / f".{stamp}.part"
        folder.mkdir(parents=True)
        return stamp, folder

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of `latest`; empty before the first run, or if it is damaged."""
        return _read(self.latest / "manifest.json")

    def history(self, limit: int = 20) -> list[tuple[str, dict[str, Any]]]:
        """Return (stamp, manifest) of the last runs, newest first; damaged ones are passed over."""
        stamps = sorted((p.name for p in self.runs.iterdir() if _STAMP.fullmatch(p.name)), reverse=True)
        held = ((stamp, _read(self.runs / stamp / "manifest.json")) for stamp in stamps[:limit])
        return [(stamp, manifest) for stamp, manifest in held if manifest]

    def publish(self, stamp: str, staged: Path, *, index: str) -> None:
        """Turn a complete staged run into `runs/<stamp>` and into the new `latest`, which has an index of its own."""
        run = self.runs / stamp
        staged.rename(run)
        shutil.copytree(run, self.out / _NEW)
        write_text(self.out / _NEW / "index.html", index)
        if self.latest.exists():
            self.latest.rename(self.out / _OLD)
        (self.out / _NEW).rename(self.latest)
        shutil.rmtree(self.out / _OLD, ignore_errors=True)


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
