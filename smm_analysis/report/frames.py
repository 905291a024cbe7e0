"""Data frames as a page's tables (쪽의 표): one heading row, columns written alike, a dash for what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable

_HEAD = re.compile(
    r"<tr[^>]*>\s*(<th></th>.*?)</tr>\s*<tr>\s*<th>([^<]*)</th>(?:\s*<th></th>)+\s*</tr>\s*</thead>", re.DOTALL
)
_HEADINGS = re.compile(r"<thead>.*?</thead>", re.DOTALL)
_ROWS = re.compile(r"(?<=<tbody>).*?(?=</tbody>)", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td>(.*?)</td>", re.DOTALL)
_NAME = re.compile(r"(?<=<th>)([^<]+)(?=</th>)")
_LARGE = re.compile(r"(<td>-?)([1-9]\d{4,14})(?=</td>)")
_FRACTION = re.compile(r"(<t[dh]>-?)(\d+\.\d+)(?=</t[dh]>)")  # a row's heading may be a number too
_ZERO = re.compile(r"<td>-(0(?:\.0+)?)</td>")
_NOTHING = re.compile(r"(?<=>)(?:NaN|NaT|None|&lt;NA&gt;)(?=</td>)")
_ENDLESS = re.compile(r"(<td>-?)inf(?=</td>)")
_BELOW = re.compile(r"(<t[dh][^>]*>)-(?=(?:\d[\d,]*(?:\.\d+)?|∞)</t[dh]>)")
_SECONDS = re.compile(r"(<t[dh]>\d{4}-\d\d-\d\d \d\d:\d\d):\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d)?(?=</t[dh]>)")
_NUMBER = re.compile(r"-?(?:\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?|inf)")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.0+)?")  # no id: those have zeros in front, or more digits
_EMPTY = ("", "NaN", "NaT", "None", "&lt;NA&gt;", "–")
_YEARS = range(1900, 2101)


def is_frame(html: str) -> bool:
    """Whether some HTML is a pandas table."""
    return 'class="dataframe"' in html


def readable(html: str) -> str:
    """Return a pandas table as readers like it; other HTML is not for this.

    >>> readable('<th>10.038462</th><td>-7867297.0</td><td>1345.67</td><td>-0.00</td><td>NaN</td><td>2026</td>')
    '<th>10.04</th><td>−7,867,297</td><td>1,346</td><td>0.00</td><td>–</td><td>2026</td>'

    Columns are written alike: whole numbers without a point, thousands parted but of years; texts stand to the left.

    >>> rows = "<tr><th>a</th><td>697.0</td><td>yes</td></tr><tr><th>b</th><td>1093.0</td><td></td></tr>"
    >>> readable(f"<tbody>{rows}</tbody>")  # doctest: +ELLIPSIS
    '<tbody>...<td>697</td><td class="t">yes</td></tr>...<td>1,093</td><td class="t"></td></tr></tbody>'
    """
    html = _alike(_HEAD.sub(_one_row, html, count=1))
    html = _LARGE.sub(lambda match: f"{match[1]}{int(match[2]):,}", html)
    html = _FRACTION.sub(lambda match: match[1] + _short(match[2]), html)
    html = _ENDLESS.sub(r"\1∞", html)
    html = _ZERO.sub(r"<td>\1</td>", html)
    html = _BELOW.sub(r"\1−", html)  # a true minus sign, as in cards and figures
    html = _SECONDS.sub(r"\1", html)
    return _NOTHING.sub("–", html)


def _short(number: str) -> str:
    """Return a positive number without the decimals that nobody reads: none from 1,000 up, two where it has many."""
    many = len(number.partition(".")[2]) > 4 and float(number) >= 1
    return f"{float(number):,.0f}" if float(number) >= 1000 else f"{float(number):.2f}" if many else number


def _one_row(match: re.Match) -> str:
    """Put the index's name, which pandas gives a row of its own, into the empty corner above it."""
    return f"<tr>{match[1].replace('<th></th>', f'<th>{match[2]}</th>', 1)}</tr></thead>"


def _alike(html: str) -> str:
    """Write each column's cells in one way, and mark those of text columns and their headings."""
    body = _ROWS.search(html)
    rows = [_CELL.findall(row) for row in _ROW.findall(body[0])] if body else []
    if not rows or len({len(row) for row in rows}) > 1:
        return html
    columns = list(zip(*rows, strict=True))
    cells, names = [_written(column) for column in columns], iter(_names(body[0]))

    def row(match: re.Match) -> str:
        made = iter(cells)
        return _CELL.sub(lambda cell: next(made)(cell[1]), match[0])

    lines = _NAME.sub(lambda _: next(names), _ROW.sub(row, body[0]))
    html = html[: body.start()] + lines + html[body.end() :]
    return _HEADINGS.sub(lambda head: _marked(head[0], [_is_text(column) for column in columns]), html, count=1)


def _is_text(column: tuple[str, ...]) -> bool:
    """Whether a column holds words: numbers, days and what is not there stand to the right."""
    told = [cell for cell in column if cell not in _EMPTY]
    return any(not _NUMBER.fullmatch(cell) and not re.match(r"\d{4}-\d\d", cell) for cell in told)


def _written(column: tuple[str, ...]) -> Callable[[str], str]:
    """Return how a column's cells are written."""
    if _is_text(column):
        return '<td class="t">{}</td>'.format
    told = [cell for cell in column if cell not in _EMPTY]
    if told and all(_WHOLE.fullmatch(cell) for cell in told):
        whole = _parted(told)
        return lambda cell: f"<td>{whole(cell)}</td>"
    return "<td>{}</td>".format


def _parted(told: list[str]) -> Callable[[str], str]:
    """Return how whole numbers are written: as they are where all may be years, else with their thousands parted."""
    years = all("." not in cell and int(cell) in _YEARS for cell in told)
    return lambda cell: cell if years or not _WHOLE.fullmatch(cell) else f"{int(cell.partition('.')[0]):,}"


def _names(body: str) -> list[str]:
    """Return the rows' headings, written alike where all are whole numbers."""
    names = _NAME.findall(body)
    whole = _parted(names) if names and all(_WHOLE.fullmatch(name) for name in names) else str
    return [whole(name) for name in names]


def _marked(head: str, texts: list[bool]) -> str:
    """Mark the headings of text columns; they are the last of the row."""
    parts = head.split("<th>")
    first = len(parts) - len(texts)
    marked = ['<th class="t">' if at >= first and texts[at - first] else "<th>" for at in range(1, len(parts))]
    return parts[0] + "".join(mark + part for mark, part in zip(marked, parts[1:], strict=True))
