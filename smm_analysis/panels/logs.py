"""The logs of one data set (데이터 세트의 로그), and the panels made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import customers, others
from .cache import Store
from .connect import Engine
from .faults import PanelError
from .mentions import Counting
from .reading import Log
from .times import Clock, microseconds
from .weekly import mention_weeks
from .words import told

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


@dataclass(frozen=True)
class Logs:
    """A data set's logs, open in an engine (열린 로그); use it in a `with`, whose end closes the engine.

    `until` is when the data end, microseconds. What was asked for is aggregated in the engine; what comes back is a
    small DataFrame.
    """

    engine: Engine
    logs: Mapping[str, Log] = field(repr=False)
    clock: Clock
    until: int
    store: Store = field(repr=False, default_factory=Store)

    def __enter__(self) -> Logs:
        return self

    def __exit__(self, *error: object) -> None:
        self.engine.close()

    def mention_weeks(self, **options: object) -> pd.DataFrame:
        """Mentions by brand and week, kept week by week (주간 언급 패널, S4.8); see `panels.mention_weeks`.

        `options` are those of `Counting`: within, complaint, neutral, approximate.
        """
        return mention_weeks(self._log("mentions"), Counting(**options), until=self.until, store=self.store)

    def customer_features(self, cutoff: pd.Timestamp | str = "", *, half_life_weeks: float = 13.0) -> pd.DataFrame:
        """Features of each customer as known at a cut-off (고객 특성, S4.5); see `panels.customer_features`.

        `cutoff` is a moment, a naive one in the data set's zone; "" = when the data end. Rows go by customer_key.
        """
        moment = microseconds(cutoff, self.clock.zone) if cutoff else self.until
        tables = {
            name: self.rows(name, getattr(customers, name.upper()), moment) for name in ("customers", "purchases")
        }
        said = self.rows("mentions", customers.MENTIONS, moment) if "mentions" in self.logs else None
        found = customers.customer_features(**tables, mentions=said, cutoff=moment, half_life_weeks=half_life_weeks)
        return self._frame(found, "customer_key")

    def response_times(self, *, from_replies: bool = True) -> pd.DataFrame:
        """How long each case waited (응답 시간, S4.8); see `panels.response_times`. Rows go by case_id.

        `from_replies` looks the first response up among the mentions where the case does not record one.
        """
        replies = from_replies and "mentions" in self.logs
        said = self.rows("mentions", others.REPLIES, self.until) if replies else None
        cases = self.rows("cases", others.CASES, self.until)
        return self._frame(others.response_times(cases, said, clock=self.clock, until=self.until), "case_id")

    def media_weeks(self) -> pd.DataFrame:
        """Sum paid media up by brand, week, line and channel (주간 매체); see `panels.media_weeks`."""
        found = others.media_weeks(self.rows("media", others.MEDIA))
        return self._frame(found, "brand", "week", "line", "channel")

    def rows(self, name: str, columns: tuple[str, ...], until: int | None = None) -> ir.Table:
        """Return columns of a log as an Ibis table, up to a moment (로그 행): the beginning of a panel of your own."""
        return self._log(name).rows(columns, end=None if until is None else until + 1)

    def _log(self, name: str) -> Log:
        if name not in self.logs:
            raise PanelError(told("no_log", name=name, names=", ".join(self.logs) or told("none")))
        return self.logs[name]

    def _frame(self, expression: ir.Table, *by: str) -> pd.DataFrame:
        """Bring a panel home, in order, with weeks named by their Mondays."""
        import pandas as pd

        frame = self.engine.arrow(expression.order_by(list(by))).to_pandas(split_blocks=True, self_destruct=True)
        if "week" in frame:
            mondays = {week: pd.Timestamp(self.clock.monday(int(week))) for week in frame["week"].unique()}
            frame["week"] = frame["week"].map(mondays).astype("datetime64[us]")
        return frame


def open_logs(
    engine: Engine, logs: Mapping[str, Log], *, clock: Clock, until: pd.Timestamp | str, cache: Path | None = None
) -> Logs:
    """Put logs, their clock and a store together (로그 열기); `tables.logs` does it for a data set's folder."""
    return Logs(engine, logs, clock, microseconds(until, clock.zone), Store(cache))
