"""Jobs executed on a Dask cluster (클러스터): many machines, one folder that all of them see.

Data, notebooks and `--out` are at the same place on every machine. Each report is one task that may be done twice
without harm: Dask gives what a lost worker was doing to another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.pool import Made, execute_once, kernels
from smm_analysis.report.words import told
from smm_analysis.report.work import Job, entry, one_line

_ONE_AT_A_TIME = threading.Lock()  # papermill changes a process's folder: one notebook a process


def executed(todo: Sequence[Job], address: str, *, cold: bool) -> Iterator[Made]:
    """Yield each job with its manifest entry, as the cluster finishes them; a report that failed is done again once."""
    if not todo:
        return
    with _client(address) as client:
        from distributed import as_completed

        tried = {client.submit(_work, job, cold, key=f"smm-{job.inputs}-{job.stamp}"): job for job in todo}
        arriving = as_completed(tried, loop=client.loop)
        again = set()
        for future in arriving:
            job = tried[future]
            made = _entry_of(future, job)
            if made["status"] == "failed" and job.slug not in again:
                again.add(job.slug)
                retried = client.submit(_work, job, cold, key=f"smm-{job.inputs}-{job.stamp}-again")
                tried[retried] = job
                arriving.add(retried)
            else:
                yield job, made


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ReportError(told("needs_dask")) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ReportError(told("no_scheduler", address=address, why=one_line(error))) from None
    try:
        client.wait_for_workers(1, timeout=60)
    except TimeoutError:
        client.close()
        raise ReportError(told("no_worker", address=address)) from None
    return client


def _work(job: Job, cold: bool) -> dict[str, Any]:
    """Make a report on a worker, once."""
    with _ONE_AT_A_TIME:
        os.environ.update(_environment(cold))
        return execute_once(job)


@cache
def _environment(cold: bool) -> dict[str, str]:
    """Start this worker's kernels, once; they end with it."""
    context = kernels(cold=cold)
    _HELD.append(context)
    return context.__enter__()


_HELD: list = []


def _entry_of(future: Any, job: Job) -> dict[str, Any]:
    if error := future.exception():
        return entry(job, status="failed", error=one_line(error), seconds=0.0)
    made = future.result()
    return made | ({"status": "failed"} if made["status"] == "lost" else {})
