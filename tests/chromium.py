"""A real headless Chromium for tests: what a page asks of the network, a picture of it, and a hand on it."""

import base64
import json
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync"]


def browser():
    """Return the browser's path, or skip the test."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or pytest.skip("no Chromium here (Debian: apt install chromium)")


def visit(page, folder, *, size=(1000, 900)):
    """Load a page; return the addresses it asked for, and the path of a screenshot.

    Chromium's own requests (updates, spelling) have no origin in its network log and are left out.
    """
    log, picture = folder / "network.json", folder / f"{page.stem}.png"
    files = [f"--log-net-log={log}", f"--screenshot={picture}", f"--user-data-dir={folder / 'profile'}"]
    command = [browser(), *QUIET, *files, f"--window-size={size[0]},{size[1]}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=90, check=True)
    requests = [event["params"] for event in json.loads(log.read_text("utf-8"))["events"] if "params" in event]
    return {r["url"] for r in requests if r.get("initiator", "not an origin") != "not an origin"}, picture


def open_page(page, folder):
    """Load a page, run what it runs, and return the document as it then is."""
    command = [browser(), *QUIET, f"--user-data-dir={folder / 'dom'}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, timeout=90, check=True).stdout.decode("utf-8")


class Tab:
    """One open page, driven by the DevTools protocol; `said` holds what it wrote to the console or failed at."""

    def __init__(self, socket):
        self.socket, self.number, self.said = socket, 0, []

    def call(self, method, **params):
        """Send one command and return its result; console messages and errors that come meanwhile are kept."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                self.said.append(message["params"])
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def run(self, script):
        """Evaluate JavaScript, waiting for a promise; return its value."""
        made = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def go(self, address):
        """Open an address and wait until it is there."""
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def until(self, condition, seconds=30):
        """Wait until a JavaScript condition holds."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"after {seconds} s not yet: {condition}"
            time.sleep(0.1)

    def picture(self, path):
        """Write a screenshot of what is in the window."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def open_tab(address, folder, *, size=(1100, 900), network=True):
    """Yield a `Tab` with the address open; downloads go into `folder`."""
    from websocket import create_connection

    profile = folder / "tab-profile"
    command = [browser(), *QUIET, f"--user-data-dir={profile}", "--remote-debugging-port=0", "--remote-allow-origins=*"]
    chromium = subprocess.Popen(
        [*command, f"--window-size={size[0]},{size[1]}", "about:blank"], stderr=subprocess.DEVNULL
    )
    tab = None
    try:
        tab = Tab(create_connection(_page_socket(profile), timeout=90, suppress_origin=True))
        tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        if not network:
            tab.call("Network.enable")
            tab.call(
                "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
            )
        tab.go(address)
        yield tab
    finally:
        if tab:
            tab.socket.close()
        chromium.terminate()
        chromium.wait(timeout=20)


def _page_socket(profile, seconds=40):
    """Return the address of the first page's socket, once Chromium has written where it listens."""
    from urllib.request import urlopen

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            port = (profile / "DevToolsActivePort").read_text().splitlines()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                return next(t["webSocketDebuggerUrl"] for t in json.load(answer) if t["type"] == "page")
        except (OSError, IndexError, StopIteration):
            time.sleep(0.1)
    raise AssertionError("Chromium did not open its DevTools port")
