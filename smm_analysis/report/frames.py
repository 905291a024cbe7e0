"""Data frames as a page's tables (쪽의 표): one heading row, thousands parted, a dash for what is not there."""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"<tr[^>]*>\s*(<th></th>.*?)</tr>\s*<tr>\s*<th>([^<]*)</th>(?:\s*<th></th>)+\s*</tr>\s*</thead>", re.DOTALL
)
_LARGE = re.compile(r"(<td>-?)(\d{5,})(?=</td>)")
_FRACTION = re.compile(r"(<t[dh]>-?)(\d+\.\d+)(?=</t[dh]>)")  # a row's heading may be a number too
_ZERO = re.compile(r"<td>-(0(?:\.0+)?)</td>")
_NOTHING = re.compile(r"<td>(?:NaN|NaT|None|&lt;NA&gt;)</td>")
_ENDLESS = re.compile(r"(<td>-?)inf(?=</td>)")


def is_frame(html: str) -> bool:
    """Whether some HTML is a pandas table."""
    return 'class="dataframe"' in html


def readable(html: str) -> str:
    """Return a pandas table as readers like it; other HTML is not for this.

    >>> readable('<th>10.038462</th><td>7867297.0</td><td>1345.67</td><td>-0.00</td><td>NaN</td><td>2026</td>')
    '<th>10.04</th><td>7,867,297</td><td>1,346</td><td>0.00</td><td>–</td><td>2026</td>'
    """
    html = _HEAD.sub(_one_row, html, count=1)
    html = _LARGE.sub(lambda match: f"{match[1]}{int(match[2]):,}", html)
    html = _FRACTION.sub(lambda match: match[1] + _short(match[2]), html)
    html = _ENDLESS.sub(r"\1∞", html)
    html = _ZERO.sub(r"<td>\1</td>", html)
    return _NOTHING.sub("<td>–</td>", html)


def _short(number: str) -> str:
    """Return a positive number without the decimals that nobody reads: none from 1,000 up, two where it has many."""
    many = len(number.partition(".")[2]) > 4 and float(number) >= 1
    return f"{float(number):,.0f}" if float(number) >= 1000 else f"{float(number):.2f}" if many else number


def _one_row(match: re.Match) -> str:
    """Put the index's name, which pandas gives a row of its own, into the empty corner above it."""
    return f"<tr>{match[1].replace('<th></th>', f'<th>{match[2]}</th>', 1)}</tr></thead>"
