"""One brand, one stretch of time (자르기): what `brand`, `since` and `until` leave of a data set that is in order."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from smm_analysis.tables.contract import CONTRACT, Table
from smm_analysis.tables.dataset import Dataset, end_of_day
from smm_analysis.tables.faults import DataError
from smm_analysis.tables.words import told

Frames = dict[str, pd.DataFrame]


def cut(frames: Frames, dataset: Dataset, *, brand: str | None, since: str, until: str) -> tuple[Frames, Dataset]:
    """Return the frames and the description of one brand between two days; see `load` for the rules."""
    start, end = bounds(dataset, since, until)
    brand = one_brand(frames, dataset, brand) or None if brand == "" else brand
    if brand is not None:
        frames = _of_brand(frames, dataset, brand)
    if end is not None and end < dataset.observed_until:
        frames = {name: _known(CONTRACT[name], frame, end) for name, frame in frames.items()}
        dataset = replace(dataset, observed_until=end)
    if brand is not None or until:
        frames = _settled(frames)
    if start is not None:
        frames = _since(frames, start)
    return frames, dataset


def bounds(dataset: Dataset, since: str, until: str) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the first moment and the last moment asked for (기간의 양 끝); a DataError if there is nothing between."""
    for name, day in (("since", since), ("until", until)):
        if day and not _is_day(day):
            raise DataError(told("no_date", name=name, day=day))
    if since and until and since > until:
        raise DataError(told("since_after_until", since=since, until=until))
    start = pd.Timestamp(since).tz_localize(dataset.timezone, ambiguous=True, nonexistent="shift_forward")
    if since and start > dataset.observed_until:
        last = dataset.observed_until.date().isoformat()
        raise DataError(told("since_too_late", since=since, last=last))
    return start if since else None, end_of_day(until, dataset.timezone) if until else None


def _is_day(day: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", day)) and pd.notna(pd.to_datetime(day, errors="coerce"))


def _of_brand(frames: Frames, dataset: Dataset, brand: str) -> Frames:
    """Keep one brand's rows; tables without a brand follow the posts, mentions and customers they point at."""
    brands = _brands(frames, dataset)
    if brand not in brands:
        raise no_brand(brand, brands)
    if len(brands) == 1:
        return frames
    _refuse_ownerless(frames, brand)
    kept = {name: _own(frame, brand) for name, frame in frames.items()}
    if "shares" in kept:
        ids = [kept[name][CONTRACT[name].key[0]] for name in ("posts", "mentions") if name in kept]
        kept["shares"] = kept["shares"][kept["shares"]["item_id"].isin(pd.concat(ids))]
    return kept


def one_brand(frames: Frames, dataset: Dataset, brand: str) -> str:
    """Return the brand that is meant; "" where the data set names none at all."""
    brands = _brands(frames, dataset)
    if not brand and not dataset.brands and len(brands) > 1:
        raise DataError(told("which_brand", brands=", ".join(brands)))
    return brand or (brands[0] if brands else "")


def no_brand(brand: str, brands: Collection[str]) -> DataError:
    """Return the error for a brand that is not there (없는 브랜드): it names those that are."""
    return DataError(told("no_brand", brand=brand, brands=", ".join(brands) or told("none")))


def _brands(frames: Frames, dataset: Dataset) -> list[str]:
    """Return the brands declared or, where none is, those that occur."""
    found = pd.concat([frame["brand"] for frame in frames.values() if "brand" in frame] or [pd.Series(dtype="str")])
    return list(dataset.brands) or sorted(found.dropna().unique())


def _own(frame: pd.DataFrame, brand: str) -> pd.DataFrame:
    """Keep the rows of a brand, and those that are nobody's."""
    return frame[frame["brand"].eq(brand) | frame["brand"].isna()] if "brand" in frame else frame


def _refuse_ownerless(frames: Frames, brand: str) -> None:
    """Refuse to guess whose rows they are: a table without a brand wants the table that says so."""
    wanted = {
        name: [target for column, target in CONTRACT[name].points_to.items() if column in CONTRACT[name].required]
        for name in frames
        if "brand" not in CONTRACT[name].names
    } | ({"shares": ["posts"]} if "shares" in frames and "mentions" not in frames else {})
    for name, targets in wanted.items():
        for target in targets:
            if target not in frames:
                raise DataError(told("ownerless", table=name, brand=brand, target=target))


def _known(table: Table, frame: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Keep what was known at a moment: rows whose clock had come, weeks that were over; later outcomes are blank."""
    if not table.clock:
        return frame
    clock, kind = frame[table.clock], table.column(table.clock).kind
    last = end if kind == "time" else end.tz_localize(None) - pd.Timedelta(days=6 if kind == "week" else 0)
    frame = frame[clock <= last].copy()
    for outcome, others in table.later.items():
        late = frame[outcome] > end
        for column in (outcome, *others):
            frame[column] = frame[column].mask(late)
    return frame


def _settled(frames: Frames) -> Frames:
    """Leave no dangling key: an optional one goes blank, a row that cannot do without its target goes."""
    for name in _targets_first(frames):
        frame, table = frames[name], CONTRACT[name]
        for column, target in table.points_to.items():
            if target not in frames:
                continue
            there = frame[column].isin(frames[target][CONTRACT[target].key[0]])
            frame = frame[there] if column in table.required else frame.assign(**{column: frame[column].where(there)})
        frames = frames | {name: frame}
    return frames


def _targets_first(frames: Frames) -> list[str]:
    return sorted(frames, key=lambda name: len(CONTRACT[name].points_to))


def _since(frames: Frames, start: pd.Timestamp) -> Frames:
    """Drop rows before a moment; customers stay, and so do earlier posts and mentions that a kept row points at."""
    late = {name: _not_before(CONTRACT[name], frame, start) for name, frame in frames.items()}
    kept = {name: frame[late[name]] for name, frame in frames.items()}
    for target in ("mentions", "posts"):
        while target in frames and len(missing := _wanted(kept, target)):
            key = CONTRACT[target].key[0]
            again = frames[target][key].isin(missing) | frames[target][key].isin(kept[target][key])
            kept[target] = frames[target][again]
    return kept


def _not_before(table: Table, frame: pd.DataFrame, start: pd.Timestamp) -> pd.Series:
    if not table.clock or table.name == "customers":
        return pd.Series(True, index=frame.index)
    naive = table.column(table.clock).kind != "time"
    return frame[table.clock] >= (start.tz_localize(None) if naive else start)


def _wanted(kept: Frames, target: str) -> pd.Series:
    """Return keys of `target` that kept rows point at and that are not kept."""
    pointing = [
        kept[name][column]
        for name, table in CONTRACT.items()
        for column, other in table.points_to.items()
        if name in kept and other == target
    ]
    keys = pd.concat(pointing).dropna().drop_duplicates() if pointing else pd.Series(dtype="str")
    return keys[~keys.isin(kept[target][CONTRACT[target].key[0]])]
