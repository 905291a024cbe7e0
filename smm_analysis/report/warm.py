"""Warm kernels: a fork server that has imported what notebooks use, and papermill none the wiser (예열된 커널).

`warm_kernels` writes a kernelspec named ``python3`` into a private folder and starts the server. Jupyter starts the
kernel by running this file, which sends the server its arguments, folder, environment and standard streams over a unix
socket in that folder; the server forks, and the child becomes the kernel. Before a fork there is no Python thread, no
event loop and no zmq context. Where there is no fork, and where the server does not answer, a plain kernel starts.

Nothing outlives the runner: the server ends when its standard input closes, a kernel when the server or its own
starter ends, a starter when its kernel or whoever started it ends.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AVAILABLE = hasattr(os, "fork") and hasattr(socket, "AF_UNIX")
_LIBRARIES = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.extensions.storemagic"),
    *("psutil", "sqlite3", "tornado.platform.asyncio", "IPython.core.pylabtools"),
    *("pandas", "pandas.io.formats.html", "babel.dates", "seaborn"),
    *("statsmodels.formula.api", "statsmodels.stats.sandwich_covariance", "statsmodels.stats.stattools"),
)
_LEFT_OUT = {"__main__", "cli", "report", "imports", "forgetting", "virtual"}  # rooms no notebook needs at once


@contextmanager
def warm_kernels(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the fork server; yield `environment` with Jupyter's path to the warm kernel, or as it is where none can be.

    The folder is for this user alone (0700), and goes with the server.
    """
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="smm-", ignore_cleanup_errors=True) as folder:
        listener = _listen(f"{folder}/socket")
        if listener is None:
            yield environment
            return
        _write_kernelspec(Path(folder), f"{folder}/socket")
        with listener:
            command = [sys.executable, "-m", "smm_analysis.report.warm", folder, str(listener.fileno())]
            quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "start_new_session": True}
            fds = (listener.fileno(),)
            server = subprocess.Popen(command, env=os.environ | environment, pass_fds=fds, **quiet)
        try:
            before = os.environ.get("JUPYTER_PATH")
            yield environment | {"JUPYTER_PATH": os.pathsep.join(filter(None, (folder, before)))}
        finally:
            server.kill()
            server.communicate()


def _listen(address: str) -> socket.socket | None:
    """Return a listening socket; None where there are none (Windows) or the folder's name is too long for one."""
    if not AVAILABLE:
        return None
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(address)
        listener.listen(64)
    except OSError:
        listener.close()
        return None
    return listener


def _write_kernelspec(folder: Path, address: str) -> None:
    argv = [sys.executable, "-I", "-S", __file__, address, "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


# --- the server, and the kernel it forks ------------------------------------------------------------------------------


def serve(listener: socket.socket) -> None:
    """Fork a kernel for every request until standard input closes; returns in the server only."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    while True:
        ready, _, _ = select.select([0, listener], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        with connection, suppress(OSError, ValueError):
            _, streams, _, _ = socket.recv_fds(connection, 1, 3)
            request, server = json.loads(connection.makefile("rb").readline()), os.getpid()
            if (kernel := _fork()) == 0:
                listener.close()
                _become_kernel(request, streams, connection, server=server)
            connection.sendall(str(kernel).encode())
            for stream in streams:
                os.close(stream)


def _fork() -> int:
    """Fork, without Python's warning: pyarrow's allocator has a thread of its own, and sees to it in the child."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _import_all() -> None:
    """Import what notebooks use; what cannot be imported is the notebook's to miss."""
    import gc
    import importlib
    import pkgutil

    import smm_analysis

    gc.disable()  # modules stay: looking for garbage in them is a quarter of the time
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a plain kernel does
    sys.modules["debugpy"] = None  # a report is not stepped through, and this is most of a kernel's start
    rooms = (module.name for module in pkgutil.iter_modules(smm_analysis.__path__))
    for name in (*_LIBRARIES, *(f"smm_analysis.{room}" for room in rooms if room not in _LEFT_OUT)):
        if select.select([0], [], [], 0)[0]:  # the runner is gone already
            return
        with suppress(Exception):
            importlib.import_module(name)
    del sys.modules["debugpy"]
    with suppress(Exception):
        _draw()
    gc.freeze()  # children share these pages
    gc.enable()


def _draw() -> None:
    """Draw and encode a figure once, without pyplot: fonts, renderer and image formats are then loaded."""
    import importlib
    import io

    figure = importlib.import_module("matplotlib.figure").Figure(figsize=(1, 1))
    figure.subplots().set_title("0")
    figure.savefig(io.BytesIO())


def _become_kernel(request: dict, streams: list[int], connection: socket.socket, *, server: int) -> None:
    """Be a kernel, in a fresh child, until it is shut down; never returns."""
    import threading
    import traceback

    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _die_with_parent(server)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        _reseed()
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        sys.argv = ["ipykernel_launcher", *request["argv"], f"--IPKernelApp.parent_handle={server}"]
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance()
    except BaseException as error:
        if getattr(error, "errno", None) != errno.EADDRINUSE:  # the report asks for another kernel then
            traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _reseed() -> None:
    """Give this process luck of its own, as a fresh interpreter has (Python's own `random` does so by itself)."""
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def _end_with(connection: socket.socket) -> None:
    """End this kernel when its starter, which holds the other end, is gone."""
    with suppress(OSError):
        connection.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _die_with_parent(parent: int) -> None:
    """Ask Linux for a SIGKILL when the parent ends; elsewhere ipykernel looks for its parent every second."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


# --- the command of the kernelspec ------------------------------------------------------------------------------------


def start_kernel(address: str, argv: list[str]) -> int:
    """Ask the server for a kernel and stand for it: pass signals on, end when it ends.

    If no server answers, become a plain kernel.
    """
    connection = socket.socket(socket.AF_UNIX)
    request = {"argv": argv, "folder": os.getcwd(), "environment": dict(os.environ)}
    try:
        connection.connect(address)
        socket.send_fds(connection, [b"."], [0, 1, 2])
        connection.sendall(json.dumps(request).encode() + b"\n")
        kernel = int(connection.recv(20))
    except (OSError, ValueError):
        os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *argv])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda sent, _: os.kill(kernel, sent))
    parent = os.getppid()
    while os.getppid() == parent:
        if select.select([connection], [], [], 1.0)[0]:
            return 0
    return 1


def main() -> None:
    """Be the server (``-m``: folder, listener) or the command of the kernelspec."""
    if len(sys.argv) == 3 and sys.argv[2].isdigit():
        import shutil

        if not sys.flags.safe_path:
            del sys.path[0]  # the folder the runner was started in; a notebook's is added by IPython
        try:
            _import_all()
            serve(socket.socket(fileno=int(sys.argv[2])))
        finally:
            shutil.rmtree(sys.argv[1], ignore_errors=True)
    else:
        sys.exit(start_kernel(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    main()
