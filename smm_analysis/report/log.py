"""The runner's log: a line a report, for whoever looks after the schedule (실행 기록)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_LARGEST = 1_000_000  # bytes, about 8,000 reports; then the file becomes <name>.1, in the place of the one before


class Log:
    """A text file that runs append to."""

    def __init__(self, path: Path, stamp: str) -> None:
        self.path, self.stamp = path, stamp
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > _LARGEST:
            os.replace(path, path.with_name(f"{path.name}.1"))

    def report(self, entry: Mapping[str, Any]) -> None:
        """Append a report's line, in one write, so that lines of two runs never mix."""
        time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        slug = entry["html"].removesuffix(".html")
        parts = [time, self.stamp, entry["status"], f"{entry['seconds']:.1f}s", slug, entry["error"] or ""]
        with self.path.open("ab", buffering=0) as file:
            file.write("\t".join(parts).rstrip().encode() + b"\n")
