"""Rows of days to rows of weeks (일별을 주별로): what ad platforms and shops export by the day, added up by our key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smm_analysis.imports import times
from smm_analysis.imports.columns import as_arrow, stripped
from smm_analysis.imports.rows import Rows, Shaped
from smm_analysis.imports.words import told
from smm_analysis.tables import mondays
from smm_analysis.told import joined

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

STOCKS = {"followers"}  # of these the last day counts; all other numbers of a week's days are added up
COUNTED_TWICE = ("reach", "engaged")


def by_week(rows: Rows, texts: dict[str, pa.ChunkedArray], done: Shaped, order: str) -> tuple[dict, np.ndarray]:
    """Return the columns with a row a key of the table and week, and how many rows of the file each stands for.

    Rows whose day or number cannot be read are set aside. A week of which the file does not hold all days is told
    loudly: its sums are too small.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    table = rows.target.table
    days = times.parse(stripped(texts["week"]), timezone="UTC", order=order, form=rows.target.fields["week"].format)
    frame = pd.DataFrame({name: values.to_pandas() for name, values in texts.items()})
    frame["week"] = days.moments.dt.tz_localize(None).dt.normalize()
    good = _readable(rows, frame, [c.name for c in table.columns if c.kind in ("whole", "number") and c.name in frame])
    rows.keep(good)
    frame = frame[good].assign(place=rows.places.to_numpy()).sort_values("week", kind="stable")
    frame["day"], frame["week"] = frame["week"], mondays(frame["week"])
    _tell(rows, frame, done)
    how = {name: "sum" if pd.api.types.is_numeric_dtype(frame[name]) else "first" for name in frame}
    how |= dict.fromkeys(STOCKS & set(frame), "last") | {"place": "first"}
    grouped = frame.groupby([name for name in table.key if name in frame], sort=False, dropna=False)
    one = grouped.agg({name: way for name, way in how.items() if name not in (*table.key, "day")}).reset_index()
    members = np.asarray(grouped.size())
    rows.places = pa.chunked_array([pa.array(one["place"].to_numpy(), pa.int64())])
    one["week"] = one["week"].dt.strftime("%Y-%m-%d")
    return {name: as_arrow(one[name].map(_text)) for name in texts}, members


def _readable(rows: Rows, frame: pd.DataFrame, numbers: list[str]) -> np.ndarray:
    """Set rows aside whose day or number cannot be read; the numbers of the frame become numbers."""
    import pandas as pd

    good = frame["week"].notna().to_numpy()
    rows.aside(~good, told("no_day"), fix=told("no_day_fix"), column="week")
    for name in numbers:
        read = pd.to_numeric(frame[name], errors="coerce")
        odd = (read.isna() & frame[name].notna()).to_numpy()
        rows.aside(good & odd, told("not_number"), fix=told("not_number_fix"), column=name)
        good = good & ~odd
        frame[name] = read
    return good


def _tell(rows: Rows, frame: pd.DataFrame, done: Shaped) -> None:
    """Say what was added up, what is counted twice, and which weeks are there only in part."""
    if frame.empty:
        return
    twice = [told(f"twice_{name}") for name in COUNTED_TWICE if name in frame]
    done.notes.append(rows.told("added_up_twice", twice=joined(twice, "; ")) if twice else rows.told("added_up"))
    first, last = frame["day"].min(), frame["day"].max()
    if first.day_of_week != 0 or last.day_of_week != 6:
        done.loud.append(rows.told("part_weeks", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}"))
    if lacking := _days_between(frame["day"]):
        done.loud.append(rows.told("days_lack", **lacking))


def _days_between(days: pd.Series) -> dict[str, object]:
    """Return which days between the first and the last have no row at all, for a sentence; nothing if each has one."""
    import pandas as pd

    lacking = pd.date_range(days.min(), days.max(), freq="D").difference(pd.DatetimeIndex(days))
    if lacking.empty:
        return {}
    first = ", ".join(f"{day:%Y-%m-%d}" for day in lacking[:3]) + (", ..." if len(lacking) > 3 else "")
    return {"n": len(lacking), "s": "s" * (len(lacking) > 1), "days": first}


def _text(value: object) -> str | None:
    """Return a value as text again: whole numbers without a point."""
    if value is None or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
