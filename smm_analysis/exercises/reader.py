"""The reader's copy of a notebook (독자용 노트북): no solutions, no stored results, room for one's own answers."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

STUB = "# your answer · 여기에 답\nanswer = ..."
_RESULT = {"keep_output", "nbval-check-output"}


def reader_copy(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook without solutions and outputs; each solution becomes `STUB` (독자용으로 바꾸기).

    `notebook` is its JSON (nbformat 4) and is left as it was; its solutions are the cells tagged ``solution``.
    """
    copy = deepcopy(notebook)
    for cell in copy["cells"]:
        if cell["cell_type"] == "code":
            _emptied(cell)
    return copy


def _emptied(cell: dict[str, Any]) -> None:
    """Take results out of a code cell, and the code too if it is a solution."""
    tags = cell["metadata"].get("tags", [])
    cell["outputs"], cell["execution_count"] = [], None
    if "solution" in tags:
        cell["source"], tags = STUB, ["lab-only"]
    kept = [tag for tag in tags if tag not in _RESULT]
    cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "tags"}
    if kept:
        cell["metadata"]["tags"] = kept


def write_reader_copies(folder: str | Path) -> list[Path]:
    """Turn every notebook below `folder` into its reader's copy, in place; return their paths (독자용으로 저장)."""
    paths = sorted(Path(folder).rglob("*.ipynb"))
    for path in paths:
        copy = reader_copy(json.loads(path.read_text(encoding="utf-8")))
        text = json.dumps(copy, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return paths
