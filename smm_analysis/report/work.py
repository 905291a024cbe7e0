"""One report, made in a worker process: papermill runs the notebook, the page is written beside it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smm_analysis.report import page
from smm_analysis.report.publish import write_text
from smm_analysis.terms import Lang

NOT_RUN = {"lab-only", "solution"}  # cells for people in JupyterLab; reports neither run nor show them


@dataclass(frozen=True)
class Job:
    """One report to make: a notebook, its typed values, and where its page goes. Sent to a worker process."""

    notebook: Path
    name: str
    title: str
    question: str
    lang: Lang
    brand: str
    values: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]
    data_name: str
    data_sha256: str
    provenance: str
    stamp: str
    folder: Path
    timeout: int
    before: Sequence[Mapping[str, Any]] = ()
    before_stamp: str = ""

    @property
    def slug(self) -> str:
        """The page's file name without its ending."""
        return ".".join(part for part in (self.name, _file_name(self.brand), self.lang) if part)


def execute(job: Job) -> dict[str, Any]:
    """Run one notebook with papermill and write its page; return its manifest entry. Runs in a worker process."""
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError

    executed = job.folder / "notebooks" / f"{job.slug}.ipynb"
    status, error, verdicts, start = "ok", None, [], time.monotonic()
    try:
        source = nbformat.read(job.notebook, as_version=4)
        source.cells = [cell for cell in source.cells if not NOT_RUN & set(cell.metadata.get("tags", ()))]
        nbformat.write(source, executed)
        papermill.execute_notebook(
            _literal(executed),
            _literal(executed),
            parameters=dict(job.values),
            kernel_name="python3",
            language="python",
            cwd=job.notebook.parent,
            progress_bar=False,
            execution_timeout=job.timeout,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
        node = nbformat.read(executed, as_version=4)
        verdicts = page.verdicts(node)
        html = page.render(
            node,
            title=job.title,
            question=job.question,
            slug=job.slug,
            lang=job.lang,
            brand=job.brand,
            provenance=job.provenance,
            data_name=job.data_name,
            parameters=job.rows,
            before=job.before,
            before_stamp=job.before_stamp,
        )
        write_text(job.folder / f"{job.slug}.html", html)
    except CellTimeoutError:
        status, error = "timeout", f"a cell took more than {job.timeout} s"
    except Exception as caught:
        status, error = "failed", one_line(caught)
    seconds = round(time.monotonic() - start, 2)
    return entry(job, status=status, error=error, seconds=seconds, verdicts=verdicts if status == "ok" else [])


def _literal(path: Path) -> str:
    """Return a path that papermill takes as it is: it would fill in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def entry(job: Job, *, status: str, error: str | None, seconds: float, verdicts: Sequence[dict] = ()) -> dict[str, Any]:
    """Return a report's entry in the manifest."""
    return {
        "name": job.name,
        "title": job.title,
        "lang": job.lang,
        "brand": job.brand or None,
        "status": status,
        "error": error,
        "parameters": dict(job.values),
        "seconds": seconds,
        "run": job.stamp,
        "data_sha256": job.data_sha256,
        "html": f"{job.slug}.html",
        "html_from": job.stamp if status == "ok" else None,
        "notebook": f"notebooks/{job.slug}.ipynb",
        "verdicts": list(verdicts),
    }


def one_line(error: BaseException) -> str:
    """Return an error as one line: papermill wraps the notebook's own error, which is what a reader needs."""
    name, text = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    return re.sub(r"\s+", " ", f"{name}: {text}").strip()[:500]


def die_with_parent() -> None:
    """Let a worker end when the runner is killed, so that no kernel goes on by itself."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _file_name(text: str) -> str:
    """Return a brand's name as part of a file name; one that had to be changed or cut gets a short hash."""
    safe = re.sub(r"[^\w-]+", "_", text)[:20]
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
