"""Pages printed to PDF by an installed Chromium (인쇄본)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.words import told
from smm_analysis.told import in_language

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
_QUIET = ["--headless", "--disable-gpu", "--no-first-run", "--disable-sync", "--no-pdf-header-footer"]


def find_browser() -> str:
    """Return an installed Chromium, Chrome or Edge; a ReportError says what to install."""
    found = [path for command in _COMMANDS if (path := shutil.which(command))]
    found += [place for place in _PLACES if Path(place).is_file()]
    if not found:
        raise ReportError(told("needs_browser"))
    return found[0]


def print_pages(browser: str, reports: Sequence[dict[str, Any]], folder: Path, *, at_once: int) -> None:
    """Print every report's page beside it and name the file in the report's `pdf`; a page that fails has none."""
    with ThreadPoolExecutor(at_once) as threads:
        printed = threads.map(partial(_print_page, browser, folder), reports)
        for report, name in zip(reports, printed, strict=True):
            report["pdf"] = name


def _print_page(browser: str, folder: Path, report: dict[str, Any]) -> str | None:
    html = report["html"]
    pdf = (folder / html).with_suffix(".pdf")
    with tempfile.TemporaryDirectory(prefix="smm-", ignore_cleanup_errors=True) as profile:
        command = [browser, *_QUIET, *_unsandboxed(), f"--user-data-dir={profile}", f"--print-to-pdf={pdf}"]
        try:
            subprocess.run([*command, (folder / html).as_uri()], capture_output=True, timeout=120, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            said = in_language(told("not_printed", html=html, why=error), report["lang"])
            print(f"smm: {said}", file=sys.stderr)
            return None
    return pdf.name if pdf.is_file() else None


def _unsandboxed() -> list[str]:
    """Chromium refuses to start as root (a container, say) unless told that there is no sandbox."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
