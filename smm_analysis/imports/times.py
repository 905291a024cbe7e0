"""Times of exports (시각 읽기): ISO 8601, YYYYMMDDHHMM, epochs, X's form, English months, day/month/year, 오전/오후.

A date such as 03/04/2025 is read only if another row of the file decides which is the month, or the user says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smm_analysis.imports.words import told
from smm_analysis.told import Told

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_CLOCK = (
    r"(?:[T ,]+(?:(?P<half>(?i:[ap]\.?m\.?)|오전|오후) ?)?(?P<h>\d{1,2}):(?P<mi>\d\d)"
    r"(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?: ?(?P<half2>(?i:[ap]\.?m\.?)))?)? ?(?P<off>[Zz]|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?$"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FORMS = {
    "iso": r"^(?P<y>\d{4})[-/.] ?(?P<mo>\d{1,2})[-/.] ?(?P<d>\d{1,2})\.?" + _CLOCK,
    "two": r"^(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<y>\d{4})" + _CLOCK,
    "month": r"^(?P<d>\d{1,2})[- ](?P<mon>(?i:[a-z]{3}))[a-z]*[- ,]+(?P<y>\d{4}|\d\d)" + _CLOCK,
    "first": r"^(?P<mon>(?i:[a-z]{3}))[a-z]* (?P<d>\d{1,2}),? (?P<y>\d{4})" + _CLOCK,
    "korean": r"^(?P<y>\d{4})년 ?(?P<mo>\d{1,2})월 ?(?P<d>\d{1,2})일" + _CLOCK,
    "x": r"^[A-Z][a-z]{2} (?P<mon>[A-Z][a-z]{2}) (?P<d>\d{1,2}) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)"
    r" (?P<off>[+-]\d{4}) (?P<y>\d{4})$",
}
_FORMS["digits"] = (
    r"^(?P<y>(?:19|20)\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
    r"(?:[T ]?(?P<h>[01]\d|2[0-3])(?P<mi>[0-5]\d)(?P<s>[0-5]\d)?)?(?P<off>[Zz]|[+-]\d\d:?\d\d)?$"
)
_EPOCH = r"^(?P<s>\d{9,10})(?:\.\d+)?$"
_EPOCH_MS = r"^(?P<ms>\d{13})$"  # 12 digits are YYYYMMDDHHMM


class Ambiguous(Exception):
    """Day and month cannot be told apart; `first` is the first row in which they cannot, `text` what stands there."""

    def __init__(self, first: int, text: str, why: Told):
        super().__init__(why)
        self.first, self.text, self.why = first, text, why


@dataclass(frozen=True)
class Times:
    """What a column of texts became (읽은 시각): moments in UTC (missing where none), and why some did not."""

    moments: pd.Series
    unreadable: np.ndarray
    skipped: np.ndarray  # the clocks skip or repeat this time
    naive: np.ndarray  # without an offset


def parse(texts: pa.ChunkedArray, *, timezone: str, order: str = "", form: str = "") -> Times:
    """Read texts as moments (시각 읽기).

    Parameters
    ----------
    texts : the column, stripped; missing where empty.
    timezone : of times without an offset; "" leaves them unread, marked `naive`.
    order : dmy or mdy, for dates such as 03/04/2025; see `order_of`. Without it they stay unread.
    form : a strptime format; then nothing else is tried.
    """
    import numpy as np
    import pandas as pd

    local, offset, given = _by_format(texts, form) if form else _by_forms(texts, order)
    known = ~np.isnat(local)
    naive = known & np.isnan(offset)
    moments = local - (np.nan_to_num(offset) * 60e6).astype("timedelta64[us]")
    skipped = naive & False
    if naive.any():
        moments[naive] = _placed(local[naive], timezone)
        skipped[naive] = np.isnat(moments[naive]) & bool(timezone)
    return Times(pd.Series(moments).dt.tz_localize("UTC"), given & ~known, skipped, naive)


def order_of(texts: pa.ChunkedArray) -> str:
    """Return dmy or mdy as rows with a number over 12 decide, "" where no date needs it (일·월 순서).

    Raises
    ------
    Ambiguous
        if no row decides, or rows decide differently.

    >>> import pyarrow as pa
    >>> order_of(pa.chunked_array([["03/04/2025", "25/04/2025 10:00"]]))
    'dmy'
    """
    rows, groups = _groups(texts, texts.is_valid().to_numpy(), _FORMS["two"])
    if not len(rows):
        return ""
    one, two = _number(groups, "a"), _number(groups, "b")
    day_first, month_first = (one > 12) & (two <= 12), (two > 12) & (one <= 12)
    open_ = (one <= 12) & (two <= 12) & (one != two)
    if day_first.any() and month_first.any():
        first = int(rows[month_first.argmax() if day_first[0] else day_first.argmax()])
        raise Ambiguous(first, texts[first].as_py(), told("both_orders"))
    if day_first.any() or month_first.any():
        return "dmy" if day_first.any() else "mdy"
    if open_.any():
        first = int(rows[open_.argmax()])
        raise Ambiguous(first, texts[first].as_py(), told("either_order"))
    return "mdy"


def _placed(local: np.ndarray, timezone: str) -> np.ndarray:
    """Turn local times into UTC; missing where the zone's clocks skip or repeat them, or no zone is known."""
    import numpy as np
    import pandas as pd

    if not timezone:
        return np.full(len(local), np.datetime64("NaT"), "datetime64[us]")
    placed = pd.Series(local).dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    return placed.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()


def _by_format(texts: pa.ChunkedArray, form: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read by one strptime format."""
    import numpy as np
    import pandas as pd

    series = texts.to_pandas()
    given = series.notna().to_numpy()
    aware = "%z" in form
    parsed = pd.to_datetime(series, format=form, errors="coerce", utc=aware)
    local = (parsed.dt.tz_localize(None) if aware else parsed).to_numpy().astype("datetime64[us]")
    return local, np.where(np.isnat(local) | (not aware), np.nan, 0.0), given


def _by_forms(texts: pa.ChunkedArray, order: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Try one form after the other on what is still unread; return local times, offsets in minutes, what was given."""
    import numpy as np

    given = texts.is_valid().to_numpy()
    local = np.full(len(texts), np.datetime64("NaT"), "datetime64[us]")
    offset, open_ = np.full(len(texts), np.nan), given.copy()
    for name in (*_FORMS, "epoch"):
        if not open_.any():
            break
        rows, found_local, found_offset = _epoch(texts, open_) if name == "epoch" else _form(texts, open_, name, order)
        local[rows], offset[rows] = found_local, found_offset
        open_[rows] = False
    return local, offset, given


def _groups(texts: pa.ChunkedArray, open_: np.ndarray, pattern: str) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """Return the open rows that match and what their groups hold."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = np.flatnonzero(open_)
    found = pc.extract_regex(texts.take(pa.array(rows)).combine_chunks(), pattern)
    fits = found.is_valid().to_numpy(zero_copy_only=False)
    found = found.filter(pa.array(fits))
    return rows[fits], {found.type.field(i).name: found.field(i) for i in range(found.type.num_fields)}


def _number(groups: dict[str, pa.Array], name: str, default: int = 0) -> np.ndarray:
    """Return a group as whole numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in groups:
        return np.full(len(next(iter(groups.values()))), default)
    text = pc.replace_substring_regex(groups[name].cast(pa.large_string()), "^$", str(default))
    return pc.cast(text, pa.int64()).to_numpy(zero_copy_only=False)


def _words(groups: dict[str, pa.Array], name: str) -> pd.Series:
    import pandas as pd

    return pd.Series(groups[name].to_pandas() if name in groups else "", dtype=object).str.lower()


def _form(texts: pa.ChunkedArray, open_: np.ndarray, name: str, order: str) -> tuple[np.ndarray, ...]:
    """Read one form."""
    import numpy as np

    rows, groups = _groups(texts, open_, _FORMS[name])
    if not len(rows):
        return rows, np.empty(0, "datetime64[us]"), np.empty(0)
    year = _number(groups, "y")
    year = np.where(year < 100, 2000 + year, year) if name == "month" else year
    if name == "two":
        one, two = _number(groups, "a"), _number(groups, "b")
        month, day = (two, one) if order == "dmy" else (one, two) if order == "mdy" else (one * 0, two)
    else:
        month = _month(groups) if "mon" in groups else _number(groups, "mo")
        day = _number(groups, "d")
    return rows, _moment(year, month, day, groups), _offset(groups)


def _month(groups: dict[str, pa.Array]) -> np.ndarray:
    numbers = {word: number for number, word in enumerate(_MONTHS, 1)}
    return _words(groups, "mon").map(numbers).fillna(0).to_numpy(int)


def _moment(year: np.ndarray, month: np.ndarray, day: np.ndarray, groups: dict[str, pa.Array]) -> np.ndarray:
    """Put the numbers together; missing where there is no such day or hour."""
    import numpy as np

    hour, good_hour = _hour(groups)
    minute, second, micro = _number(groups, "mi"), _number(groups, "s"), _micro(groups)
    good = (year >= 1900) & (month >= 1) & (month <= 12) & (day >= 1) & good_hour & (minute < 60) & (second < 60)
    months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(int)
    good &= day <= length
    moment = (first + (np.where(good, day, 1) - 1)).astype("datetime64[us]")
    moment += (((hour * 60 + minute) * 60 + second) * 1_000_000 + micro).astype("timedelta64[us]")
    return np.where(good, moment, np.datetime64("NaT"))


def _hour(groups: dict[str, pa.Array]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hour of 24, and whether there is such an hour."""
    import numpy as np

    hour = _number(groups, "h")
    half = (_words(groups, "half") + _words(groups, "half2")).str[:2].str.strip(".").fillna("").to_numpy(str)
    after, before = np.char.startswith(half, "p") | (half == "오후"), np.char.startswith(half, "a") | (half == "오전")
    good = np.where(after | before, (hour >= 1) & (hour <= 12), hour < 24)
    return np.where(after | before, hour % 12 + 12 * after, hour), good


def _micro(groups: dict[str, pa.Array]) -> np.ndarray:
    import numpy as np

    if "f" not in groups:
        return np.zeros(len(groups["y"]), int)
    digits = _words(groups, "f").fillna("").str[:6].str.ljust(6, "0")
    return digits.astype(int).to_numpy()


def _offset(groups: dict[str, pa.Array]) -> np.ndarray:
    """Return minutes east of UTC; missing where there is no offset."""
    import numpy as np

    codes, found = _words(groups, "off").factorize()
    return np.array([_minutes(text) for text in found] or [np.nan])[codes]


def _minutes(text: str) -> float:
    """
    >>> _minutes("+09:00"), _minutes("z"), _minutes("-0330")
    (540.0, 0.0, -210.0)
    """
    if not text:
        return float("nan")
    if text in ("z", "utc", "gmt"):
        return 0.0
    digits = text[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * 60 + int(digits[2:])) * (-1.0 if text[0] == "-" else 1.0)


def _epoch(texts: pa.ChunkedArray, open_: np.ndarray) -> tuple[np.ndarray, ...]:
    """Read seconds, or milliseconds, since 1970."""
    import numpy as np

    seconds, found = _groups(texts, open_, _EPOCH)
    rows = [seconds]
    moments = [_number(found, "s") * 1_000_000 if len(seconds) else np.empty(0, int)]
    millis, found = _groups(texts, open_, _EPOCH_MS)
    rows.append(millis)
    moments.append(_number(found, "ms") * 1_000 if len(millis) else np.empty(0, int))
    every = np.concatenate(moments).astype("datetime64[us]")
    return np.concatenate(rows), every, np.zeros(len(every))
