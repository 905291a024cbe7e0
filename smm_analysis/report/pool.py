"""Jobs executed at once on this machine: a pool of processes, warm kernels, and what happens when one dies."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from smm_analysis.report.plain import plain_kernels
from smm_analysis.report.publish import write_text
from smm_analysis.report.warm import AVAILABLE, warm_kernels
from smm_analysis.report.work import NO_SPACE, Job, entry, execute, one_line

Made = tuple[Job, dict[str, Any]]
# a process a core is what uses them best; and a sum does not depend on how many threads summed
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def kernels(*, cold: bool) -> AbstractContextManager[dict[str, str]]:
    """Return the context in which kernels are started, warm unless `cold`; it gives the workers' environment.

    On entry the imports begin, in the background.
    """
    environment = {name: os.environ.get(name, one) for name, one in _ONE_THREAD.items()}
    return nullcontext(plain_kernels(environment)) if cold or not AVAILABLE else warm_kernels(environment)


def prepare() -> None:
    """Begin, in the background, to import what the pool's workers will need."""
    if AVAILABLE:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(["smm_analysis.report.preload"])
        forkserver.ensure_running()


def executed(todo: Sequence[Job], workers: int, environment: Mapping[str, str], *, retry: bool) -> Iterator[Made]:
    """Yield each job with its manifest entry, as they finish.

    A worker that is killed (memory, say) takes the pool and its neighbours' work with it, and so does a fork server:
    what was lost is done again with a plain kernel, each job in a pool of its own, so that only the culprit fails. With
    `retry` a report that failed gets a second chance too.
    """
    lost, failed = [], []
    for job, made in _in_pool(todo, workers, environment):
        if made["status"] == "lost":
            lost.append(job)
        elif made["status"] == "failed" and retry:
            failed.append(job)
        else:
            yield job, made
    plain = {name: value for name, value in environment.items() if name != "JUPYTER_PATH"}
    for again in (failed, *([job] for job in lost)):
        for job, made in _in_pool(again, workers, plain):
            yield job, made | ({"status": "failed"} if made["status"] == "lost" else {})


def _in_pool(todo: Sequence[Job], workers: int, environment: Mapping[str, str]) -> Iterator[Made]:
    if not todo:
        return
    context = multiprocessing.get_context("forkserver" if AVAILABLE else "spawn")
    size = min(len(todo), workers)
    with ProcessPoolExecutor(size, mp_context=context, initializer=_start, initargs=(environment,)) as pool:
        futures = {pool.submit(execute_once, job): job for job in todo}
        try:
            for future in as_completed(futures):
                yield futures[future], _entry_of(future, futures[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start(environment: Mapping[str, str]) -> None:
    """Prepare a worker: its kernels' environment, and an end with the runner, so that no kernel goes on by itself."""
    os.environ.update(environment)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _entry_of(future: Future, job: Job) -> dict[str, Any]:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        raise error
    status = "lost" if isinstance(error, BrokenProcessPool) else "failed"
    return entry(job, status=status, error=one_line(error), seconds=0.0)


# --- one job, once ----------------------------------------------------------------------------------------------------


def execute_once(job: Job) -> dict[str, Any]:
    """Make a report in `job.store` unless it is there already; without a store, just make it.

    It is built under another name and renamed when it is whole, so it may be asked for twice, on two machines, at any
    time: what is there is whole.
    """
    if job.store is None:
        return execute(job)
    place = job.store / job.inputs
    if done := finished(job):
        return done
    job.store.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{job.inputs[:12]}.", dir=job.store))
    try:
        made = execute(replace(job, folder=building))
        write_text(building / "entry.json", json.dumps(made))
        if not finished(job):
            shutil.rmtree(place, ignore_errors=True)
            building.rename(place)
    except OSError:
        if not finished(job):  # otherwise another was faster
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return finished(job) or made


def finished(job: Job) -> dict[str, Any] | None:
    """Return the entry of a report that is in the store, made from the same inputs without failing."""
    try:
        made = json.loads((job.store / job.inputs / "entry.json").read_text(encoding="utf-8"))
    except (AttributeError, OSError, ValueError):
        return None
    return made if made["status"] == "ok" else None
