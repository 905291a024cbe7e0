"""The Korean font of a page, subset to the page's own characters (쪽 글꼴)."""

from __future__ import annotations

import base64
import io
import re
import string
from functools import cache, lru_cache
from importlib.resources import files

_LATIN = set(string.printable)  # always in: pages that differ by a number or a name then share a subset
_FACE = re.compile(r"/\* font \*/.*?/\* /font \*/", re.DOTALL)


def embed_font(html: str) -> str:
    """Put the font into the page, in the place of an earlier one."""
    html = _FACE.sub("", html)
    data = base64.b64encode(_subset("".join(sorted(_LATIN.union(html))))).decode()
    face = f'/* font */@font-face{{font-family:"smm";src:url(data:font/woff;base64,{data}) format("woff")}}/* /font */'
    return html.replace("<style>", f"<style>{face}", 1)


@cache
def _font_bytes() -> bytes:
    return files("pylopdf_fonts_ko").joinpath("NotoSansKR-Regular.otf").read_bytes()


@lru_cache(maxsize=8)
def _subset(characters: str) -> bytes:
    """Return the font as WOFF with just these characters."""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=["kern"], hinting=False, notdef_outline=True)
    options.desubroutinize = True  # smaller once it is compressed
    font = subset.load_font(io.BytesIO(_font_bytes()), options)
    font.recalcTimestamp = False  # same page, same bytes
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    return buffer.getvalue()
