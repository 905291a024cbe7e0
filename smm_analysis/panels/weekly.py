"""The weekly panel week by week (주 단위 집계와 갱신): what is kept is not read again, and no week needs another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        A row a brand and week with mentions: brand, week (its Monday), n (mentions by others than the firm), people
        (who wrote them), n_scored, net_sentiment (mean score, -1..1), net_positive (share positive minus share
        negative), n_complaints, complaint_share, n_judged (complaints watched long enough), answered_share (of these,
        with the firm's reply in time).
    """
    counting, store = counting or Counting(), store or Store()
    keys = _keys(log, counting, until)
    panel = _assembled(_pieces(log, counting, keys, until=until, store=store), counting, log, until)
    store.keep_only(KIND, keys.values())
    return panel


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


def _pieces(
    log: Log, counting: Counting, keys: Mapping[int, str], *, until: int, store: Store
) -> Iterator[pd.DataFrame]:
    """Yield week after week, kept or made and then kept; a run of weeks that are not kept is made at once."""
    made: dict[int, pd.DataFrame] = {}
    for week, key in keys.items():
        piece = made.pop(week, None)
        if piece is None and (piece := store.get(KIND, key)) is None:
            made = _made(log, counting, _batch(log, week, keys, store), until)
            for new in made:
                store.put(KIND, keys[new], made[new])
            piece = made.pop(week)
        yield piece


def _batch(log: Log, first: int, keys: Mapping[int, str], store: Store) -> list[int]:
    """Return a run of weeks that are not kept, whose parts have about `BATCH` rows; parts that hold all make one."""
    weeks = [first]
    while (after := weeks[-1] + 1) in keys and not store.has(KIND, keys[after]):
        if _rows(log, [first, after]) > max(BATCH, _rows(log, weeks)):
            break
        weeks.append(after)
    return weeks


def _rows(log: Log, weeks: Sequence[int]) -> int:
    return sum(part.rows for part in log.between(log.clock.start_of(weeks[0]), log.clock.start_of(weeks[-1] + 1)))


def _made(log: Log, counting: Counting, weeks: Sequence[int], until: int) -> dict[int, pd.DataFrame]:
    """Sum up neighbouring weeks in one go, each as a piece of its own."""
    start, end = log.clock.start_of(weeks[0]), min(log.clock.start_of(weeks[-1] + 1), until + 1)
    said, again = (log.rows(counting.columns, start=start, end=end) for _ in range(2))
    found = {
        "sums": mention_sums(said, log.clock, counting, until=until),
        "answers": answers(said, again, log.clock, counting, until=until),
        "open": open_complaints(said, log.clock, counting, until=until),
        "reply": edge_replies(said, log.clock, counting),
    }
    together = _stacked({kind: log.engine.arrow(expression) for kind, expression in found.items()})
    parts = dict(tuple(together.groupby("week")))
    return {week: parts.get(week, together.iloc[:0]).reset_index(drop=True) for week in weeks}


def _stacked(found: Mapping[str, pa.Table]) -> pd.DataFrame:
    """Put the tables of pieces under each other, `kind` telling them apart, missing numbers as such."""
    import pandas as pd
    import pyarrow as pa

    named = [table.append_column("kind", pa.repeat(kind, len(table))) for kind, table in found.items()]
    together = pa.concat_tables(named, promote_options="permissive")
    return together.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _assembled(pieces: Iterable[pd.DataFrame], counting: Counting, log: Log, until: int) -> pd.DataFrame:
    """Put the weeks together: their sums, and the complaints at each one's end with its replies and the next one's."""
    import pandas as pd

    found, waiting, replies = [], None, None
    for piece in pieces:
        sums, here, said = (piece[piece["kind"].isin(kinds)] for kinds in (("sums", "answers"), ("open",), ("reply",)))
        if waiting is not None:
            found.append(settled_later(waiting, pd.concat([replies, said]), counting, until=until))
        found.append(sums[["brand", "week", *SUMS, "n_answered"]])
        waiting, replies = here, said
    if waiting is not None:
        found.append(settled_later(waiting, replies, counting, until=until))
    columns = pd.DataFrame(columns=["brand", "week", *SUMS, "n_answered"])
    total = pd.concat(
        [part.astype({name: float for name in part if name not in ("brand", "week")}) for part in found] or [columns]
    )
    return weekly_panel(total.groupby(["brand", "week"], as_index=False).sum(), log.clock)


def refreshed_parts(log: Log, counting: Counting, *, until: int, store: Store) -> tuple[str, ...]:
    """Return the names of the parts that `mention_weeks` would read now (읽을 조각): what a refresh costs."""
    missing = [week for week, key in _keys(log, counting, until).items() if not store.has(KIND, key)]
    bounds = [(log.clock.start_of(week), log.clock.start_of(week + 1)) for week in missing]
    return tuple(part.name for part in log.parts if any(part.meets(*bound) for bound in bounds))
