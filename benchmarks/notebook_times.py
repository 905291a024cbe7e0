"""How long each notebook and case takes by the project's own runner, in both languages, one at a time.

    python benchmarks/notebook_times.py [limit=30] [name, ...]

Seconds by the clock, page and all, each in a run of `smm report` of its own, interpreter and imports among them; exit 1
if one fails. The machine's load is printed, as a busy one stretches the clock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smm_analysis.report import catalogue


def timed(name: str, lang: str, out: Path) -> tuple[float, bool]:
    """Return seconds, and whether the report came about."""
    begun = time.perf_counter()
    asked = ["report", name, "--lang", lang, "--out", str(out / lang), "--jobs", "1"]
    run = subprocess.run([sys.executable, "-m", "smm_analysis", *asked], capture_output=True, text=True)
    if run.returncode:
        print(run.stderr[-2000:], file=sys.stderr)
    return time.perf_counter() - begun, not run.returncode


def main(limit: float = 30.0, *names: str) -> int:
    """Print a row a notebook: seconds in Korean and in English."""
    late, failed = 0, 0
    print(f"{'notebook':34s} {'ko s':>6s} {'en s':>6s}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names or [notebook.name for notebook in catalogue.find([])]:
            found = [timed(name, lang, Path(folder)) for lang in ("ko", "en")]
            late += sum(seconds > limit for seconds, _ in found)
            failed += sum(not done for _, done in found)
            print(f"{name:34s} {' '.join(f'{seconds:6.1f}' for seconds, _ in found)}", flush=True)
    load = f"; load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{failed} failed, {late} took longer than {limit:g} s{load}")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(*map(float, sys.argv[1:2]), *sys.argv[2:]))
