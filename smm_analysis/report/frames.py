"""Data frames as a page's tables (쪽의 표): one heading row, thousands parted, a dash for what is not there."""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"<tr[^>]*>\s*(<th></th>.*?)</tr>\s*<tr>\s*<th>([^<]*)</th>(?:\s*<th></th>)+\s*</tr>\s*</thead>", re.DOTALL
)
_LARGE = re.compile(r"(<td>-?)(\d{5,})(?:\.0+|(\.\d+))?(?=</td>)")
_ZERO = re.compile(r"<td>-(0(?:\.0+)?)</td>")
_NOTHING = re.compile(r"<td>(?:NaN|NaT|None|&lt;NA&gt;)</td>")


def is_frame(html: str) -> bool:
    """Whether some HTML is a pandas table."""
    return 'class="dataframe"' in html


def readable(html: str) -> str:
    """Return a pandas table as readers like it; other HTML is not for this.

    >>> readable('<td>7867297.0</td><td>12345.67</td><td>-0.00</td><td>NaN</td><td>2026</td>')
    '<td>7,867,297</td><td>12,345.67</td><td>0.00</td><td>–</td><td>2026</td>'
    """
    html = _HEAD.sub(_one_row, html, count=1)
    html = _LARGE.sub(lambda match: f"{match[1]}{int(match[2]):,}{match[3] or ''}", html)
    html = _ZERO.sub(r"<td>\1</td>", html)
    return _NOTHING.sub("<td>–</td>", html)


def _one_row(match: re.Match) -> str:
    """Put the index's name, which pandas gives a row of its own, into the empty corner above it."""
    return f"<tr>{match[1].replace('<th></th>', f'<th>{match[2]}</th>', 1)}</tr></thead>"
