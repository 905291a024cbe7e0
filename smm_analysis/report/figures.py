"""A report's figures as files beside its page, for slides (그림 파일)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Literal

_MIMETYPES = {"png": "image/png", "svg": "image/svg+xml"}


def kernel_arguments(kind: Literal["", "png", "svg"]) -> list[str]:
    """Return the arguments that let a kernel draw every figure in this format too, beside a sharp PNG."""
    return [f"--InlineBackend.figure_formats={{'retina', '{kind}'}}"] if kind == "svg" else []


def take_out(node: Any, folder: Path, slug: str, kind: Literal["png", "svg"]) -> list[str]:
    """Write every figure of an executed notebook; return the files' names, in order.

    The notebook keeps its PNGs, which is what pages show; SVGs are taken out of it.
    """
    outputs = [output for cell in node.cells for output in cell.get("outputs", ())]
    pictures = [output["data"] for output in outputs if _MIMETYPES[kind] in output.get("data", {})]
    names = [f"figures/{slug}.{number:02d}.{kind}" for number in range(1, len(pictures) + 1)]
    for data, name in zip(pictures, names, strict=True):
        content = data[_MIMETYPES[kind]] if kind == "png" else data.pop(_MIMETYPES[kind])
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(base64.b64decode(content) if kind == "png" else content.encode("utf-8"))
    return names
