"""A real headless Chromium for tests: what a page asks of the network, and a picture of it."""

import json
import shutil
import subprocess

import pytest

QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync"]


def visit(page, folder, *, size=(1000, 900)):
    """Load a page; return the addresses it asked for, and the path of a screenshot.

    Chromium's own requests (updates, spelling) have no origin in its network log and are left out.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here (Debian: apt install chromium)")
    log, picture = folder / "network.json", folder / f"{page.stem}.png"
    files = [f"--log-net-log={log}", f"--screenshot={picture}", f"--user-data-dir={folder / 'profile'}"]
    command = [browser, *QUIET, *files, f"--window-size={size[0]},{size[1]}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=90, check=True)
    requests = [event["params"] for event in json.loads(log.read_text("utf-8"))["events"] if "params" in event]
    return {r["url"] for r in requests if r.get("initiator", "not an origin") != "not an origin"}, picture


def open_page(page, folder):
    """Load a page, run what it runs, and return the document as it then is."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here (Debian: apt install chromium)")
    command = [browser, *QUIET, f"--user-data-dir={folder / 'dom'}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, timeout=90, check=True).stdout.decode("utf-8")
