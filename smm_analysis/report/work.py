"""One report, made in a worker process: papermill runs the notebook, the page is written beside it."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from smm_analysis.report import figures, page
from smm_analysis.report.masking import mask, masked
from smm_analysis.report.publish import write_text
from smm_analysis.report.words import told
from smm_analysis.tables import ENGINE
from smm_analysis.terms import Lang
from smm_analysis.told import in_language

NOT_RUN = {"lab-only", "solution"}  # cells for people in JupyterLab; reports neither run nor show them
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_STARTS = 3  # a kernel's ports are chosen before it opens them, and another process may be sooner: then try others


@dataclass(frozen=True)
class Job:
    """One report to make: a notebook, its typed values, and where its page goes. Sent to a worker process.

    `engine` is what its tables in parts are read with, `label` its place in a grid, `inputs` a fingerprint of what its
    content depends on, and `store` where finished reports of an unfinished grid are kept. `before` are the last good
    run's verdicts, `before_stamp` is that run.
    """

    notebook: Path
    name: str
    title: str
    question: str
    lang: Lang
    brand: str
    values: Mapping[str, Any] = field(repr=False)  # secrets are here in plain text
    rows: Sequence[Mapping[str, str]]
    data_name: str
    simulated: bool
    data_sha256: str
    provenance: str
    stamp: str
    folder: Path
    timeout: int
    figures: Literal["", "png", "svg"] = ""
    engine: str = ""
    label: str = ""
    inputs: str = ""
    store: Path | None = None
    before: Sequence[Mapping[str, Any]] = ()
    before_stamp: str = ""

    @property
    def slug(self) -> str:
        """The page's file name without its ending."""
        label = _file_name(self.label, 60)
        return ".".join(part for part in (self.name, _file_name(self.brand), label, self.lang) if part)


def execute(job: Job) -> dict[str, Any]:
    """Run one notebook with papermill and write its page; return its manifest entry. Runs in a worker process.

    The status is ok, failed, timeout, or lost if the kernel died. A full disk is the run's affair, not this report's:
    it is raised.
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    status, error, more, start = "ok", None, {}, time.monotonic()
    try:
        more = _make(job)
    except CellTimeoutError:
        status, error = "timeout", in_language(told("slow_cell", seconds=job.timeout), job.lang)
    except DeadKernelError as caught:
        status, error = "lost", one_line(caught)
    except Exception as caught:
        if isinstance(caught, OSError) and caught.errno in NO_SPACE:
            raise
        status, error = "failed", mask(one_line(caught), job.values)
    return entry(job, status=status, error=error, seconds=round(time.monotonic() - start, 2), **more)


def _make(job: Job) -> dict[str, Any]:
    """Leave the executed notebook, the figures and the page; return what the manifest says of them."""
    import nbformat

    executed = job.folder / "notebooks" / f"{job.slug}.ipynb"
    try:
        _run(job, executed)
    finally:
        if executed.is_file() and masked(job.values) != job.values:
            _mask_file(executed, job.values)
    node = nbformat.read(executed, as_version=4)
    written = figures.take_out(node, job.folder, job.slug, job.figures) if job.figures else []
    if job.figures == "svg":  # the notebook keeps its PNGs; the page shows them
        nbformat.write(node, executed)
    html = page.render(
        node,
        title=job.title,
        question=job.question,
        slug=job.slug,
        lang=job.lang,
        brand=job.brand,
        provenance=job.provenance,
        data_name=job.data_name,
        simulated=job.simulated,
        parameters=job.rows,
        before=job.before,
        before_stamp=job.before_stamp,
    )
    write_text(job.folder / f"{job.slug}.html", html)
    return {"verdicts": page.verdicts(node), "figures": written}


def _run(job: Job, executed: Path) -> None:
    import nbformat
    import papermill

    source = nbformat.read(job.notebook, as_version=4)
    source.cells = [cell for cell in source.cells if not NOT_RUN & set(cell.metadata.get("tags", ()))]
    executed.parent.mkdir(parents=True, exist_ok=True)
    os.environ[ENGINE] = job.engine  # a kernel inherits it
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what fails is said once, in the run's own words
    for left in reversed(range(_STARTS)):
        nbformat.write(source, executed)
        try:
            papermill.execute_notebook(
                _literal(executed),
                _literal(executed),
                parameters=dict(job.values),
                kernel_name="python3",
                language="python",
                cwd=job.notebook.parent,
                progress_bar=False,
                execution_timeout=job.timeout,
                request_save_on_cell_execute=masked(job.values) == job.values,  # no secret before it is masked
                extra_arguments=["--IPKernelApp.log_level=CRITICAL", *figures.kernel_arguments(job.figures)],
            )
        except RuntimeError as error:
            if not left or "before replying to kernel_info" not in str(error):  # else no cell has run yet
                raise
        else:
            return


def _mask_file(executed: Path, values: Mapping[str, Any]) -> None:
    """Take the secrets out of an executed notebook: papermill writes its parameters into it."""
    import nbformat

    nbformat.write(mask(nbformat.read(executed, as_version=4), values), executed)


def _literal(path: Path) -> str:
    """Return a path that papermill takes as it is: it would fill in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def entry(
    job: Job,
    *,
    status: str,
    error: str | None,
    seconds: float,
    verdicts: Sequence[dict] = (),
    figures: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a report's entry in the manifest."""
    return {
        "name": job.name,
        "title": job.title,
        "lang": job.lang,
        "brand": job.brand or None,
        "status": status,
        "error": error,
        "parameters": masked(job.values),
        "seconds": seconds,
        "run": job.stamp,
        "data_name": job.data_name,
        "data_sha256": job.data_sha256,
        "inputs": job.inputs,
        "html": f"{job.slug}.html",
        "html_from": job.stamp if status == "ok" else None,
        "notebook": f"notebooks/{job.slug}.ipynb",
        "figures": list(figures),
        "pdf": None,
        "verdicts": list(verdicts),
    }


def one_line(error: BaseException) -> str:
    """Return an error as one line: papermill wraps the notebook's own error, which is what a reader needs."""
    name, text = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    return re.sub(r"\s+", " ", f"{name}: {text}").strip()[:500]


def _file_name(text: str, longest: int = 20) -> str:
    """Return a text as part of a file name; one that had to be changed or cut gets a short hash."""
    safe = re.sub(r"[^\w-]+", "_", text)[:longest]
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
