"""Figures as a page holds them (쪽의 그림): lossless WebP of few colours, as drawn, within a page's room."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_ROOM = 140_000  # characters of pictures; a page has 250 kB, and font, prose, tables and code need the rest
_OFTEN, _COVERING = 24, 48  # colours: of what fills areas, and of what else there is
_APART = 8  # of 256 by which colours differ in some channel, so that nearly the same one is not kept twice

Colour = tuple[int, int, int]


def shrink(cells: list[Any]) -> None:
    """Make WebPs of the PNGs; of half the width if the page has no room for all of them as sharp as they were drawn."""
    drawn = [o["data"] for cell in cells for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
    shrunk = [webp(data["image/png"]) for data in drawn]
    if sum(map(len, shrunk)) > _ROOM:
        shrunk = [webp(data["image/png"], step=2) for data in drawn]
    for data, picture in zip(drawn, shrunk, strict=True):
        data["image/png"] = picture  # the key that nbconvert's templates know; ours says WebP


def webp(png: str, step: int = 1) -> str:
    """Return a base64 PNG as lossless WebP of few colours, which is what figures have: a quarter of the bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").reduce(step)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in _palette(picture) for channel in colour])
    few = picture.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    few.save(buffer, "WEBP", lossless=True, quality=50, method=2)
    return base64.b64encode(buffer.getvalue()).decode()


def _palette(picture: Image) -> list[Colour]:
    """Return the colours that fill areas, exactly, and some that cover the rest: those of a few marks too."""
    from PIL import Image

    sample = picture.resize((max(picture.width // 3, 1), max(picture.height // 3, 1)), Image.Resampling.NEAREST)
    often = [colour for _, colour in sorted(sample.getcolors(1 << 24), reverse=True)[:200]]
    few = picture.quantize(_COVERING, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    covering = [colour for _, colour in few.convert("RGB").getcolors()]
    return _apart(covering, _apart(often, [])[:_OFTEN])


def _apart(colours: Iterable[Colour], kept: list[Colour]) -> list[Colour]:
    """Return the kept colours and those that differ from all before them."""
    for colour in colours:
        if all(max(abs(a - b) for a, b in zip(colour, other, strict=True)) > _APART for other in kept):
            kept = [*kept, colour]
    return kept
