"""Times in an engine (엔진 안의 시각): whole microseconds since 1970 UTC, and the local weeks they fall in.

Engines differ in their time zone tables, their weeks and their sub-seconds; whole numbers they all add alike. So a time
is read as microseconds, and the zone's clock changes come from Python's own table, as boundaries in an expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .faults import PanelError
from .words import told

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05


def microseconds(moment: pd.Timestamp | datetime | str, zone: str = "UTC") -> int:
    """Return a moment as microseconds since 1970 UTC (마이크로초); a naive one is read in `zone`."""
    import pandas as pd

    stamp = pd.Timestamp(moment)
    stamp = stamp.tz_localize(zone, ambiguous=True, nonexistent="shift_forward") if stamp.tz is None else stamp
    return int(stamp.tz_convert("UTC").value // 1000)


def duration(text: str | pd.Timedelta) -> int:
    """Return a positive time span such as "24h" in microseconds (기간)."""
    import pandas as pd

    span = pd.Timedelta(text)
    if not span > pd.Timedelta(0):
        raise ValueError(f"a time span must be above 0, not {text!r}")
    return int(span.value // 1000)


@dataclass(frozen=True)
class Clock:
    """A time zone's clock over the days that matter (현지 시계).

    `first` and `last` bound the days whose clock changes are looked up, microseconds; what lies outside is read with
    the offset at the nearest end.

    >>> seoul, new_york = Clock("Asia/Seoul"), Clock("America/New_York")
    >>> seoul.week_of(microseconds("2024-03-04 00:30", "Asia/Seoul")) - seoul.week_of(microseconds("2024-03-03T14:00Z"))
    1
    >>> str(new_york.monday(new_york.week_of(microseconds("2024-03-10 23:59", "America/New_York"))))
    '2024-03-04'
    """

    zone: str = "UTC"
    first: int = 946684800 * SECOND  # 2000
    last: int = 2208988800 * SECOND  # 2040

    @cached_property
    def changes(self) -> tuple[tuple[int, int, int], ...]:
        """The clock changes: when (microseconds UTC), and the offsets before and after."""
        days = range(self.first // DAY, self.last // DAY + 2)
        jumps = [(day, self.offset(day * DAY), self.offset((day + 1) * DAY)) for day in days]
        return tuple(
            (self._moment_of(day * DAY, before), before, after) for day, before, after in jumps if before != after
        )

    def offset(self, instant: int) -> int:
        """Return local time minus UTC at an instant, microseconds."""
        at = datetime.fromtimestamp(instant // SECOND, UTC).astimezone(ZoneInfo(self.zone))
        return int(at.utcoffset() / timedelta(microseconds=1))

    def _moment_of(self, start: int, before: int) -> int:
        """Find the second of the day at which the offset changes."""
        low, high = start, start + DAY
        while high - low > SECOND:
            middle = (low + high) // 2 // SECOND * SECOND
            low, high = (middle, high) if self.offset(middle) == before else (low, middle)
        return high

    # --- one time, in Python ----------------------------------------------------------------------------------------

    def week_of(self, instant: int) -> int:
        """Return the number of an instant's local week; Mondays begin one, and week 0 began on 1970-01-05."""
        return (instant + self.offset(instant) - MONDAY) // WEEK

    def monday(self, week: int) -> datetime:
        """Return a week's Monday, a date."""
        return (datetime(1970, 1, 5) + timedelta(weeks=week)).date()

    def start_of(self, week: int) -> int:
        """Return the instant at which a week begins."""
        return microseconds(str(self.monday(week)), self.zone)

    # --- columns, in an engine --------------------------------------------------------------------------------------

    def weeks(self, instants: ir.IntegerValue) -> ir.IntegerValue:
        """Return the number of each instant's local week (주 번호)."""
        return (self.local(instants) - MONDAY) // WEEK

    def local(self, instants: ir.IntegerValue) -> ir.IntegerValue:
        """Return what a clock on the wall shows, as microseconds (현지 시각)."""
        return instants + self._pieces(instants, [at for at, _, _ in self.changes])

    def instants(self, local: ir.IntegerValue) -> ir.IntegerValue:
        """Return the instants of local times (시점), of a zone whose clocks do not change over these days.

        Raises
        ------
        PanelError
            If they do: a time may then come twice, or never.
        """
        if self.changes:
            raise PanelError(told("unclear_times", zone=self.zone))
        return local - self._pieces(local, [])

    def _pieces(self, times: ir.IntegerValue, bounds: list[int]) -> ir.IntegerValue:
        """Return the offset that holds at each time, between bounds."""
        import ibis

        if not bounds:
            return ibis.literal(self.offset(self.first), "int64")
        steps = [
            (times < bound, ibis.literal(before, "int64"))
            for bound, (_, before, _) in zip(bounds, self.changes, strict=True)
        ]
        return ibis.cases(*steps, else_=ibis.literal(self.changes[-1][2], "int64"))
