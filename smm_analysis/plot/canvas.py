"""The strategy canvas as one page (캔버스 그림): boxes whose text is wrapped to fit and never runs over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from smm_analysis.terms import Lang, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smm_analysis.canvas import Canvas

A4 = (11.2, 7.55)  # inches, landscape, the printer's margin taken off
_ROWS = (
    ("central_medium", "account_route", "presence", "follow_through"),
    ("listeners", "themes_heard", "relationship", "case_responders"),
    ("firm_media", "customer_media", "linked_content", "level_and_horizon"),
    ("shared_goals", "ready_basic_model", "ready_diffusion_model", "ready_participation_model"),
)
_HEIGHTS = (1.0, 1.0, 0.92, 1.13)  # of the rows, against each other
_BASIC, _DIFFUSION, _CHOSEN, _READY = "#0b5c8f", "#a8420b", "#3d4147", "#5b3a82"  # white on each: contrast above 5
_COLOURS = {"firm_media": _DIFFUSION, "customer_media": _DIFFUSION, "linked_content": _DIFFUSION}
_COLOURS |= {"level_and_horizon": _CHOSEN, "shared_goals": _CHOSEN}
_COLOURS |= dict.fromkeys(_ROWS[3][1:], _READY)
_LARGEST, _SMALLEST = 12.0, 6.5  # points: as large as fits
_TITLE = (9.0, 13.0)  # points
_FULL = 2  # boxes, the fullest, whose letters may be smaller than the others'
_LEADING, _BETWEEN = 1.32, 0.35  # lines of text, and the space between sentences, in sizes of the letters
_HEAD, _PAD, _GAP = 0.27, 0.075, 0.07  # inches
_ROOM = 0.97  # of the width: another renderer's letters may be a little wider

Measure = Callable[[str], float]  # the width of a text, in inches, in letters of one point


@dataclass(frozen=True)
class _Box:
    """A box on the page in inches from the upper left corner, with its heading and its sentences."""

    key: str
    x: float
    y: float
    width: float
    height: float
    lines: Sequence[str]


def plot_canvas(found: Canvas, *, ax: Axes | None = None, lang: Lang = "en") -> Axes:
    """Draw the strategy canvas on one page, A4 landscape (소셜미디어 마케팅 캔버스, S0.11).

    Blue is the basic model, orange diffusion, grey what people choose, violet the readiness of each stage. Letters
    are as large as the fullest boxes allow; a sentence that no size can hold ends in "…".
    """
    ax = ax if ax is not None else _a_page()
    ax.figure.draw_without_rendering()  # so that the axes have their size
    size = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    ax.set(xlim=(0, size.width), ylim=(size.height, 0))
    ax.set_axis_off()
    measure = _measure(ax)
    _entitle(ax, f"{label('canvas', lang)} · {found.title[lang]}", size.width * _ROOM, measure)
    boxes = _laid_out(found, size.width, size.height, lang)
    usual = sorted(_largest(box, measure) for box in boxes)[_FULL]
    for box in boxes:
        _draw(ax, box, min(usual, _largest(box, measure)), measure, lang)
    return ax


def _a_page() -> Axes:
    """Return axes that fill a new page."""
    return plt.figure(figsize=A4, layout="none").add_axes((0.004, 0.004, 0.992, 0.992))


def _entitle(ax: Axes, title: str, room: float, measure: Measure) -> None:
    """Write the title over the boxes in letters of a size that fits; a very long one is cut."""
    size = min(_TITLE[1], max(_TITLE[0], room / measure(title)))
    fits = measure(title) * size <= room * 1.001
    _write(ax, (0.02, 0.2), title if fits else _ending(title, room / size, measure), size, va="center")


def _laid_out(found: Canvas, width: float, height: float, lang: Lang) -> list[_Box]:
    """Return the boxes in a grid under the title."""
    top = 0.42
    wide, high = width / len(_ROWS[0]), (height - top) / sum(_HEIGHTS)
    ends = [top + high * part for part in accumulate(_HEIGHTS, initial=0.0)]
    return [
        _Box(key, column * wide, upper, wide - _GAP, lower - upper - _GAP, found.boxes[lang][key])
        for keys, (upper, lower) in zip(_ROWS, pairwise(ends), strict=True)
        for column, key in enumerate(keys)
    ]


def _draw(ax: Axes, box: _Box, size: float, measure: Measure, lang: Lang) -> None:
    colour = _COLOURS.get(box.key, _BASIC)
    frame = {"edgecolor": colour, "linewidth": 1.0}
    ax.add_patch(Rectangle((box.x, box.y), box.width, box.height, facecolor="white", gid=box.key, **frame))
    ax.add_patch(Rectangle((box.x, box.y), box.width, _HEAD, facecolor=colour, **frame))
    heading = label(box.key, lang, unit=False)
    fits = min(11.0, (box.width - 2 * _PAD) * _ROOM / measure(heading))
    _write(ax, (box.x + _PAD, box.y + _HEAD / 2), heading, fits, va="center_baseline", color="white")
    for y, text in _placed(box, size, measure):
        _write(ax, (box.x + _PAD, y), text, size, va="top", gid=f"{box.key}_text")


def _write(ax: Axes, at: tuple[float, float], text: str, size: float, **look: object) -> None:
    ax.text(*at, text, fontsize=size, parse_math=False, **look)  # a dollar sign is one


# --- fitting text into a box ------------------------------------------------------------------------------------------


def _measure(ax: Axes) -> Measure:
    """Return what measures a text; each is measured once, in large letters, as widths grow with the size."""
    renderer, known, points = ax.figure.canvas.get_renderer(), {}, 40.0
    letters = FontProperties(family=plt.rcParams["font.family"], size=points)

    def measure(text: str) -> float:
        if text not in known:
            known[text] = renderer.get_text_width_height_descent(text, letters, ismath=False)[0]
        return known[text] / ax.figure.dpi / points

    return measure


def _largest(box: _Box, measure: Measure) -> float:
    """Return the largest size at which the box holds all its text; the smallest one if none does."""
    size = _LARGEST
    while size > _SMALLEST and not _fits(box, size, measure):
        size -= 0.25
    return size


def _fits(box: _Box, size: float, measure: Measure) -> bool:
    return _height(_wrapped(box, size, measure), size) <= box.height - _HEAD - 2 * _PAD


def _height(sentences: Sequence[Sequence[str]], size: float) -> float:
    """Return how high sentences stand, in inches."""
    lines, spaces = sum(map(len, sentences)), max(len(sentences) - 1, 0)
    return (lines * _LEADING + spaces * _BETWEEN) * size / 72


def _wrapped(box: _Box, size: float, measure: Measure) -> list[list[str]]:
    """Return each sentence of a box in lines that its width holds."""
    room = (box.width - 2 * _PAD) * _ROOM / size
    return [wrap(sentence, room, measure) for sentence in box.lines]


def wrap(text: str, room: float, measure: Measure) -> list[str]:
    """Break a text at blanks into lines no wider than `room`; only a word wider than a line is broken inside.

    >>> wrap("an unbreakablelongword here", 6, len)
    ['an', 'unbrea', 'kablel', 'ongwor', 'd here']
    """
    lines: list[str] = []
    held = ""
    for word in text.split(" "):
        longer = f"{held} {word}" if held else word
        if measure(longer) <= room:
            held = longer
            continue
        lines += [held] if held else []
        *whole, held = _pieces(word, room, measure)
        lines += whole
    return [*lines, held] if held or not lines else lines


def _pieces(word: str, room: float, measure: Measure) -> list[str]:
    """Cut a word into pieces no wider than a line; a piece has a letter at least."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure(pieces[-1] + letter) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _placed(box: _Box, size: float, measure: Measure) -> list[tuple[float, str]]:
    """Return each line of a box with the height it stands at; what finds no room is cut, and "…" says so."""
    room, bottom = (box.width - 2 * _PAD) * _ROOM / size, box.y + box.height - _PAD
    placed: list[tuple[float, str]] = []
    y = box.y + _HEAD + _PAD
    for sentence in _wrapped(box, size, measure):
        for line in sentence:
            if y + _LEADING * size / 72 > bottom + 1e-6:
                return [*placed[:-1], (placed[-1][0], _ending(placed[-1][1], room, measure))] if placed else []
            placed.append((y, line))
            y += _LEADING * size / 72
        y += _BETWEEN * size / 72
    return placed


def _ending(line: str, room: float, measure: Measure) -> str:
    """Return a line that ends in an ellipsis, and is no wider for it."""
    while line and measure(f"{line} …") > room:
        line = line[:-1]
    return f"{line} …"
