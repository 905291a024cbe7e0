"""The runner under force: killed at any moment, a full disk, ten at once, a cluster that loses a worker."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from test_report import VERDICT, books, manifest, report, wait_for, write_notebook  # noqa: F401  (books is a fixture)

KILLS = int(os.environ.get("SMM_KILLS", "100"))
SEED = "seed: int = 1  # seed [0..] · 씨앗"
posix = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")


def command(folder, *options):
    base = [
        sys.executable,
        "-m",
        "smm_analysis",
        "report",
        "--notebooks",
        folder / "books",
        "--out",
        folder / "reports",
    ]
    return [str(part) for part in (*base, *options)]


def start(folder, *options):
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    marked = os.environ | {"SMM_TEST_MARK": str(folder)}
    return subprocess.Popen(command(folder, *options), env=marked, start_new_session=True, **quiet)


def finish(runner):
    """Wait for a runner; return its exit code and what it said."""
    said, _ = runner.communicate(timeout=1200)
    return runner.returncode, said


def marked(folder):
    """Return the processes, workers, kernels and fork servers among them, that descend from a runner of this test."""
    mark, found = f"SMM_TEST_MARK={folder}".encode(), []
    for process in (entry for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.append(int(process))
        except OSError:
            continue
    return found


def check_whole(folder):
    """Everything `latest` shows is there and of one run."""
    latest = folder / "reports" / "latest"
    held = json.loads((latest / "manifest.json").read_text("utf-8"))
    assert held["stamp"] in (latest / "index.html").read_text("utf-8")
    for entry in held["reports"]:
        assert (latest / entry["html"]).read_text("utf-8").rstrip().endswith("</html>")
        assert (latest / entry["notebook"]).is_file()
    return held["stamp"]


# --- killed -----------------------------------------------------------------------------------------------------------


def kill_at_random(folder, times, luck):
    """Kill a run `times` times, each at a moment of its own; return how many had published before they were hit."""
    begun = time.monotonic()
    assert finish(start(folder))[0] == 0
    longest, published, stamp = time.monotonic() - begun, 0, check_whole(folder)
    for _ in range(times):
        runner = start(folder)
        time.sleep(luck.uniform(0, longest))
        runner.kill()
        runner.wait()
        now = check_whole(folder)
        published, stamp = published + (now != stamp), now
        wait_for(lambda: not marked(folder), seconds=10)
        runner.communicate()
    return published


@posix
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("times", [1, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_a_runner_killed_at_any_moment_leaves_latest_whole_no_lock_and_no_process(tmp_path, times):
    for name in ("one", "two"):
        write_notebook(tmp_path / "books" / f"{name}.ipynb", "1 + 1", parameters=SEED, data="own")
    kill_at_random(tmp_path, times, random.Random(20261128))
    code, said = finish(start(tmp_path))
    assert code == 0, said
    check_whole(tmp_path)
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [".lock", "latest", "log.txt", "runs"]
    assert not list((tmp_path / "reports" / "runs").glob(".*"))


# --- a full disk ------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder, size):
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@posix
def test_a_full_disk_is_said_in_a_sentence_and_tears_nothing(tmp_path):
    body = "import numpy as np, matplotlib.pyplot as plt\n"
    body += "plt.imshow(np.random.default_rng(seed).random((300, 300)))\nplt.show()"
    write_notebook(tmp_path / "books" / "one.ipynb", body, parameters=SEED, data="own")
    with small_disk(tmp_path / "reports", "3m") as disk:
        codes, said, stamp = [], "", None
        while 1 not in codes and len(codes) < 20:
            code, said = finish(start(tmp_path, "-p", f"seed={len(codes)}"))
            codes.append(code)
            stamp = check_whole(tmp_path) if codes[-1] == 0 else stamp
        assert codes == [0] * (len(codes) - 1) + [1]
        assert len(codes) > 1
        assert re.search(r"^smm: the disk is full: no space left in ", said, re.MULTILINE), said
        assert "Traceback" not in said
        assert check_whole(tmp_path) == stamp
        assert not [path for path in disk.rglob(".*") if path.name != ".lock"]
        older = sorted(path for path in (disk / "runs").iterdir())[0]
        shutil.rmtree(older)
        assert finish(start(tmp_path, "--keep", 1))[0] == 0


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_of_ten_runs_at_once_one_works_and_the_others_say_so(tmp_path):
    write_notebook(tmp_path / "books" / "one.ipynb", "import time; time.sleep(30)", parameters=SEED, data="own")
    runners = [start(tmp_path) for _ in range(10)]
    ends = [finish(runner) for runner in runners]
    assert sorted(code for code, _ in ends) == [0] + [75] * 9
    assert sum("another run is publishing" in said for _, said in ends) == 9
    check_whole(tmp_path)


# --- a cluster --------------------------------------------------------------------------------------------------------


@contextmanager
def cluster(workers=2):
    """Run a real scheduler and real workers over TCP; yield the address and the workers' processes."""
    pytest.importorskip("distributed", reason="Dask is an extra")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    dask = [sys.executable, "-m", "distributed.cli."]
    scheduler = [*dask[:-1], dask[-1] + "dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    one = [*dask[:-1], dask[-1] + "dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    started = [subprocess.Popen([*scheduler, "--no-dashboard"], **quiet)]
    started += [subprocess.Popen(one, **quiet) for _ in range(workers)]
    try:
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def content(reports):
    """Return every page and verdict of `latest`, but for times, the commit, and the font, which has a time in it."""
    latest = reports / "latest"
    held = json.loads((latest / "manifest.json").read_text("utf-8"))
    timed = re.compile(r"\d{8}T\d{9}Z|git [0-9a-f]{12}|/\* font \*/.*?/\* /font \*/", re.DOTALL)
    pages = {e["html"]: timed.sub("", (latest / e["html"]).read_text("utf-8")) for e in held["reports"]}
    told = {e["html"]: (e["status"], e["parameters"]["seed"], e["verdicts"]) for e in held["reports"]}
    return pages, told, held["grid"]


@pytest.mark.slow
@posix
def test_a_cluster_that_loses_a_worker_makes_what_one_machine_makes(tmp_path):
    count = int(os.environ.get("SMM_GRID", "100"))
    write_notebook(
        tmp_path / "books" / "one.ipynb",
        "print(seed ** 2)\n" + VERDICT,
        parameters=SEED + "\nlang: str = 'en'  # language [en|ko] · 언어",
        data="own",
    )
    (tmp_path / "grid.yaml").write_text(f"reports: [one]\nparameters: {{seed: {list(range(count))}}}")
    with cluster() as (address, workers):
        runner = start(tmp_path, "--grid", tmp_path / "grid.yaml", "--dask", address)
        parts = tmp_path / "reports" / ".parts"
        half = count // 2
        wait_for(lambda: runner.poll() or len(list(parts.glob("*/entry.json"))) >= half, seconds=1200)
        workers[0].send_signal(signal.SIGKILL)
        code, said = finish(runner)
    assert code == 0, said
    check_whole(tmp_path)
    on_cluster = content(tmp_path / "reports")
    assert len(on_cluster[0]) == count
    assert not parts.exists()
    (tmp_path / "reports").rename(tmp_path / "on_cluster")
    assert finish(start(tmp_path, "--grid", tmp_path / "grid.yaml"))[0] == 0
    assert content(tmp_path / "reports") == on_cluster


def test_a_cluster_that_is_not_there_is_one_message(books):  # noqa: F811
    pytest.importorskip("distributed", reason="Dask is an extra")
    result = report(books, "--dask", "tcp://127.0.0.1:9")
    assert (result.exit_code, "no Dask scheduler answers" in result.stderr) == (2, True)
    assert not list((books.parent / "reports").glob("runs/.*"))
