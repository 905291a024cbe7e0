"""How long each notebook and case takes by the project's own runner, in both languages, one at a time.

    python benchmarks/notebook_times.py [limit=30] [name, ...]

Seconds by the clock and of the processor, page and all, each in a run of `smm report` of its own, interpreter and
imports among them; exit 1 if one fails. A busy machine stretches the clock, and not so much the processor's seconds.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smm_analysis.report import catalogue


def timed(name: str, lang: str, out: Path) -> tuple[float, float, bool]:
    """Return seconds by the clock, of the processor, and whether the report came about."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    asked = ["report", name, "--lang", lang, "--out", str(out / lang), "--jobs", "1"]
    run = subprocess.run([sys.executable, "-m", "smm_analysis", *asked], capture_output=True, text=True)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        print(run.stderr[-2000:], file=sys.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, not run.returncode


def main(limit: float = 30.0, *names: str) -> int:
    """Print a row a notebook: seconds in Korean and in English."""
    late, failed = 0, 0
    print(f"{'notebook':34s} {'ko s':>6s} {'cpu':>6s} {'en s':>6s} {'cpu':>6s}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names or [notebook.name for notebook in catalogue.find([])]:
            found = [timed(name, lang, Path(folder)) for lang in ("ko", "en")]
            late += sum(seconds > limit for seconds, _, _ in found)
            failed += sum(not done for *_, done in found)
            figures = " ".join(f"{seconds:6.1f} {used:6.1f}" for seconds, used, _ in found)
            print(f"{name:34s} {figures}{'' if all(done for *_, done in found) else '  FAILED'}", flush=True)
    print(f"{failed} failed, {late} took longer than {limit:g} s")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(*map(float, sys.argv[1:2]), *sys.argv[2:]))
