"""A notebook for a question of one's own, in the skeleton of the others, that already runs (새 노트북)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.words import told

_NAME = re.compile(r"\w[\w-]*")
_CHECKED = "nbval-check-output"


def write_notebook(name: str, folder: Path) -> Path:
    """Write ``<folder>/<name>.ipynb`` and run it once on the sample, so that its checked cell has its output."""
    import nbformat

    if not _NAME.fullmatch(name):
        raise ReportError(told("new_name", name=name))
    path = folder / f"{name}.ipynb"
    if path.exists():
        raise ReportError(told("is_there", path=path))
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=list(_cells(name)), metadata=_metadata())
    _run(notebook, folder)
    nbformat.write(notebook, path)
    return path


def _metadata() -> dict[str, Any]:
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"kernelspec": kernel, "smm": {"tables": ["weekly"]}}


def _cells(name: str) -> Iterator[Any]:
    """Yield the skeleton's cells: each begins with a line ``%% kind tag ...``."""
    import nbformat

    skeleton = files("smm_analysis.report").joinpath("template", "new", "skeleton.txt").read_text(encoding="utf-8")
    for number, part in enumerate(skeleton.split("%% ")[1:], 1):
        head, _, source = part.partition("\n")
        kind, *tags = head.split()
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        text = source.strip().replace("{name}", name.replace("_", " "))
        yield make(text, id=f"{name[:12]}-{number:02d}", metadata={"tags": tags} if tags else {})


def _run(notebook: Any, folder: Path) -> None:
    from nbclient import NotebookClient

    quiet = ["--IPKernelApp.log_level=ERROR"]  # not how it listens, which would alarm a reader
    here = {"metadata": {"path": str(folder)}}
    NotebookClient(
        notebook, kernel_name="python3", resources=here, record_timing=False, extra_arguments=quiet
    ).execute()
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        if cell.cell_type == "code" and _CHECKED not in cell.metadata.get("tags", ()):
            cell.outputs = []
