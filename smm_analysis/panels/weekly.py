"""The weekly panel week by week (주 단위 집계와 갱신): what is kept is not read again, and no week needs another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from .cache import Store, key_of
from .mentions import SUMS, Counting, answers, edge_replies, mention_sums, open_complaints, settled_later, weekly_panel
from .reading import Log

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KIND = "mention_weeks"
BATCH = 5_000_000  # rows summed up at once, about: what bounds the memory that exact people take


def mention_weeks(
    log: Log, counting: Counting | None = None, *, until: int, store: Store | None = None
) -> pd.DataFrame:
    """Mentions by brand and week, from the log or from what is kept of it (주간 언급 패널, S4.8).

    Parameters
    ----------
    log : mentions, with the columns of `Counting.columns`.
    until : when the data end, microseconds; later mentions are left out.
    store : where weeks are kept. A week's key is made of the parts that may hold it and of all options, so that a part
        that is new or changed costs the weeks it touches and no other.

    Returns
    -------
    DataFrame
        A row a brand and week with mentions: brand, week (its Monday), n (mentions by others than the firm), authors,
        n_scored, net_sentiment (mean score, -1..1), net_positive (share positive minus share negative), n_complaints,
        complaint_share, n_judged (complaints watched long enough), answered_share (of these, with the firm's reply in
        time).
    """
    import pandas as pd

    counting, store = counting or Counting(), store or Store()
    keys = _keys(log, counting, until)
    pieces = {week: store.get(KIND, key) for week, key in keys.items()}
    missing = [week for week, piece in pieces.items() if piece is None]
    for weeks in _batches(log, missing):
        for week, piece in _made(log, counting, weeks, until):
            store.put(KIND, keys[week], piece)
            pieces[week] = piece
    store.keep_only(KIND, keys.values())
    return _assembled(pd.concat(pieces.values(), ignore_index=True), counting, log, until)


def weeks_of(log: Log, until: int) -> range:
    """Return the numbers of the weeks that the parts may hold (주 목록), as the footers say, or as the rows do."""
    bounds = [(part.first, part.last) for part in log.parts]
    if any(first is None for first, _ in bounds):
        times = log.rows([log.time])
        [found] = log.engine.arrow(times.aggregate(a=times[log.time].min(), b=times[log.time].max())).to_pylist()
        bounds = [(found["a"], found["b"])] if found["a"] is not None else []
    if not bounds:
        return range(0)
    first, last = min(first for first, _ in bounds), max(last for _, last in bounds)
    return range(log.clock.week_of(first), log.clock.week_of(min(last, until)) + 1)


def _keys(log: Log, counting: Counting, until: int) -> dict[int, str]:
    """Return each week's key; only the weeks that are not over depend on when the data end."""
    options, keys = [asdict(counting), log.clock.zone, log.time], {}
    if counting.approximate:
        options.append(log.engine.kind)
    for week in weeks_of(log, until):
        start, end = log.clock.start_of(week), log.clock.start_of(week + 1)
        parts = sorted(part.identity for part in log.between(start, end))
        keys[week] = key_of(week, options, parts, min(until, end - 1))
    return keys


def _batches(log: Log, weeks: Sequence[int]) -> Iterator[list[int]]:
    """Split weeks into runs of neighbours whose parts have about `BATCH` rows; parts that hold all weeks make one."""
    batch: list[int] = []
    for week in weeks:
        longer = [*batch, week]
        if batch and (week != batch[-1] + 1 or _rows(log, longer) > max(BATCH, _rows(log, batch))):
            yield batch
            longer = [week]
        batch = longer
    if batch:
        yield batch


def _rows(log: Log, weeks: Sequence[int]) -> int:
    return sum(part.rows for part in log.between(log.clock.start_of(weeks[0]), log.clock.start_of(weeks[-1] + 1)))


def _made(log: Log, counting: Counting, weeks: Sequence[int], until: int) -> Iterator[tuple[int, pd.DataFrame]]:
    """Sum up neighbouring weeks in one go, and yield each as a piece of its own."""
    start, end = log.clock.start_of(weeks[0]), min(log.clock.start_of(weeks[-1] + 1), until + 1)
    said, again = (log.rows(counting.columns, start=start, end=end) for _ in range(2))
    found = {
        "sums": mention_sums(said, log.clock, counting, until=until),
        "answers": answers(said, again, log.clock, counting, until=until),
        "open": open_complaints(said, log.clock, counting, until=until),
        "reply": edge_replies(said, log.clock, counting),
    }
    together = _stacked({kind: log.engine.arrow(expression) for kind, expression in found.items()})
    for week in weeks:
        yield week, together[together["week"] == week].reset_index(drop=True)


def _stacked(found: Mapping[str, pa.Table]) -> pd.DataFrame:
    """Put the tables of pieces under each other, `kind` telling them apart, missing numbers as such."""
    import pandas as pd
    import pyarrow as pa

    named = [table.append_column("kind", pa.repeat(kind, len(table))) for kind, table in found.items()]
    together = pa.concat_tables(named, promote_options="permissive")
    return together.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _assembled(pieces: pd.DataFrame, counting: Counting, log: Log, until: int) -> pd.DataFrame:
    """Put the weeks together: their sums, and the complaints at their ends with the replies of both weeks."""
    import pandas as pd

    by, kinds = ["brand", "week"], dict(tuple(pieces.groupby("kind")))
    nothing = pieces.iloc[:0]
    waiting, replies, soon = (kinds.get(kind, nothing) for kind in ("open", "reply", "answers"))
    later = settled_later(waiting[[*by, "key", "at"]], replies[["key", "replied"]], counting, until=until)
    more = pd.concat([soon[[*by, "n_answered"]], later]).groupby(by)[["n_judged", "n_answered"]].sum()
    sums = kinds.get("sums", nothing).set_index(by)[list(SUMS)]
    more = more.reindex(sums.index).fillna(0)
    both = sums.assign(n_judged=sums["n_judged"] + more["n_judged"], n_answered=more["n_answered"])
    return weekly_panel(both.reset_index(), log.clock)


def refreshed_parts(log: Log, counting: Counting, *, until: int, store: Store) -> tuple[str, ...]:
    """Return the names of the parts that `mention_weeks` would read now (읽을 조각): what a refresh costs."""
    missing = [week for week, key in _keys(log, counting, until).items() if store.get(KIND, key) is None]
    bounds = [(log.clock.start_of(week), log.clock.start_of(week + 1)) for week in missing]
    return tuple(part.name for part in log.parts if any(part.meets(*bound) for bound in bounds))
