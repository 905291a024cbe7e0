"""Forgetting a person (개인 삭제): every row of theirs out of a data set, every key that points at them blank.

Rows go: mentions, shares, follows on either side, leads, the customer and by customer_key purchases, surveys and cases;
also other people's shares of what is deleted, which would name it. Keys that point at a deleted row go blank:
parent_id, mention_id, via_author_key, referred_by; a thread named after a deleted mention is named after the first one
left. Other rows keep their very bytes (CSV) or values (Parquet). Other people's texts hold @user for handles already.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis.forgetting.rewriting import Plan, Swaps, files_of, swap, write_beside, write_description
from smm_analysis.forgetting.words import told
from smm_analysis.pseudonyms import PLATFORMS, PseudonymError, Pseudonyms, canonical, number_of
from smm_analysis.tables import CONTRACT, DataError, check, load
from smm_analysis.tables.dataset import NAME
from smm_analysis.tables.locking import clear, locked, stages
from smm_analysis.terms import Lang
from smm_analysis.told import in_language

if TYPE_CHECKING:
    import pandas as pd

LAST = ("leads", "customers", "mentions")  # replaced last: from them a run that was broken off finds the others' rows
KEY = "[0-9a-f]{32}|[0-9a-f]{16}"  # an author key; 16 digits in the simulated sample


@dataclass(frozen=True, eq=False)
class Forgotten:
    """What was forgotten (삭제 결과): `counts` has table, rows (before), removed and blanked; nothing names the person.

    `also` are author keys that the same customer has elsewhere, left in place; `emptied` tables had no other row and
    were deleted; `unread` are files in the folder that are no tables; `left` counts folders of imports that were broken
    off, which held rows too and were deleted. It reads as English; `told` says it in a language.
    """

    counts: pd.DataFrame
    dry_run: bool
    also: tuple[str, ...]
    emptied: tuple[str, ...]
    unread: tuple[str, ...]
    left: int = 0

    @property
    def found(self) -> bool:
        """Whether there was anything of the person."""
        return bool(self.counts[["removed", "blanked"]].to_numpy().sum())

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Lang) -> str:
        """Return what was forgotten in a language (삭제 결과를 말로)."""
        lines = self._lines(lang) if self.found else [told("nothing_found", names=told("names"))]
        lines += [told("left_dry" if self.dry_run else "left", n=self.left)] if self.left else []
        lines += [told("names"), told("beyond")] if self.found else []
        return "\n".join(in_language(line, lang) for line in lines)

    def _lines(self, lang: Lang) -> list[str]:
        """Say what went, what is left and what was not looked into."""
        rows = self.counts[self.counts[["removed", "blanked"]].any(axis=1)]
        lines = [told("would_be" if self.dry_run else "forgotten"), _counted(rows, lang)]
        lines += [told("emptied", tables=", ".join(self.emptied))] if self.emptied else []
        lines += [told("also", key=key) for key in self.also]
        return [*lines, told("unread", files=", ".join(self.unread))] if self.unread else lines


def _counted(rows: pd.DataFrame, lang: Lang) -> str:
    """Return the counts with headings of the language; a Hangul syllable is two columns wide."""
    import pandas as pd

    headings = {name: in_language(told(f"head_{name}"), lang) for name in rows}
    with pd.option_context("display.unicode.east_asian_width", True):
        return rows.rename(columns=headings).to_string(index=False)


def forget(
    folder: str | Path, handle: str = "", *, key: str = "", platform: str = "", dry_run: bool = False
) -> Forgotten:
    """Remove a person from a data set (개인 삭제), known by handle or by author key.

    Parameters
    ----------
    handle : any spelling of it; see `pseudonyms.canonical`.
    key : the author key itself, where the handle is not known.
    platform : where the handle is theirs; empty = every platform known or declared in dataset.toml or in the tables.
    dry_run : count, change nothing.

    Notes
    -----
    All new files are written before the first one takes its place. If a run is broken off between two of them, the
    error says so and the same command again finishes it.

    Raises
    ------
    DataError
        if the data set is not in order: what cannot be read cannot be searched; if an import is running, or `key` is
        neither there nor of the form of one.
    PseudonymError
        if the key that the author keys were made with is missing or wrong.
    """
    folder = Path(folder)
    if bool(handle.strip()) == bool(key.strip()):
        raise DataError(told("say_who"))
    if not folder.is_dir():
        raise DataError(told("no_data", folder=folder))
    with locked(folder):
        found = _forget(folder, handle, key=key.strip(), platform=platform, dry_run=dry_run)
        left = stages(folder)
        for stage in () if dry_run else left:
            clear(stage)
    if key and not found.found and not re.fullmatch(KEY, key.strip()):
        raise DataError(told("no_such_key"))
    return replace(found, left=len(left))


def _forget(folder: Path, handle: str, *, key: str, platform: str, dry_run: bool) -> Forgotten:
    """Do it, under the data set's lock."""
    whole = load(folder)
    media = {platform} if platform else {*PLATFORMS, *whole.dataset.media, *_media(whole.frames)}
    people = {key} if key else _keys(folder, handle, media) | _as_written(whole.frames, handle)
    plans, also = _plans(whole.frames, people)
    listed = [key for own in whole.dataset.own.values() for key in (*own.keys, *own.staff)]
    counts = _counts(whole.frames, plans, listed, people)
    emptied = tuple(counts.loc[(counts["removed"] == counts["rows"]) & (counts["table"] != NAME), "table"])
    if not dry_run:
        _rewrite(folder, plans, counts, people)
    return Forgotten(counts, dry_run, also, emptied, _unread(folder))


def _media(frames: dict[str, pd.DataFrame]) -> set[str]:
    """Return the media that occur."""
    return {str(medium) for frame in frames.values() if "medium" in frame for medium in frame["medium"].unique()}


def _keys(folder: Path, handle: str, media: Collection[str]) -> set[str]:
    """Return the author keys that a handle has on every medium."""
    try:
        names = Pseudonyms.of(folder)
    except PseudonymError as error:
        raise PseudonymError(told("none_needed", what=error.args[0])) from None
    number = number_of(handle)  # one that serves as an id is kept under its digits, on no platform
    return {*(names.key(medium, handle) for medium in media), names.key("phone", number)} - {""}


def _as_written(frames: dict[str, pd.DataFrame], handle: str) -> set[str]:
    """Return ids that are this e-mail address or phone number itself: tables made by hand may hold them."""
    wanted = number_of(handle) or canonical(handle)
    if not number_of(handle) and "@" not in wanted:
        return set()  # a short name or a number of some other kind may be somebody else's id
    columns = [
        frame[name] for frame in frames.values() for name in ("customer_key", "lead_key", "case_id") if name in frame
    ]
    ids = {value for column in columns for value in column.dropna().unique()}
    return {value for value in ids if (number_of(value) or canonical(value)) == wanted}


def _plans(frames: dict[str, pd.DataFrame], people: set[str]) -> tuple[dict[str, Plan], tuple[str, ...]]:
    """Say what goes and what turns blank in every table, and which other author keys the customers have."""
    customers = {key for name in ("customers", "leads") for key in _where(frames, name, "customer_key", people)}
    customers |= people  # an e-mail address that served as customer id was made a key as well
    mentions = _where(frames, "mentions", "mention_id", people)
    linked = {
        other
        for name in ("customers", "leads")
        if name in frames
        for other in frames[name].loc[frames[name]["customer_key"].isin(customers), "author_key"].dropna()
    }
    goes = {column: people for column in ("author_key", "follower_key", "followed_key", "lead_key", "case_id")}
    goes |= {"customer_key": customers, "item_id": mentions}
    blank = {"via_author_key": people, "referred_by": customers, "parent_id": mentions, "mention_id": mentions}
    plans = {}
    for name in frames:
        drop = {column: gone for column, gone in goes.items() if column in frames[name]}
        edit = {column: dict.fromkeys(gone, "") for column, gone in blank.items() if column in frames[name]}
        plans[name] = Plan(drop, edit)
    if "mentions" in plans:
        plans["mentions"].edit.pop("mention_id")
        plans["mentions"].edit["thread_id"] = _renamed(frames["mentions"], mentions)
    return plans, tuple(sorted(linked - people))


def _where(frames: dict[str, pd.DataFrame], name: str, column: str, people: set[str]) -> set[str]:
    """Return the values of a column in a person's rows of a table."""
    if name not in frames:
        return set()
    return set(frames[name].loc[frames[name]["author_key"].isin(people), column].dropna())


def _renamed(mentions: pd.DataFrame, gone: set[str]) -> dict[str, str]:
    """Name threads that bear a deleted mention's id after the first one left, blank if a thread has that name."""
    left = mentions[~mentions["mention_id"].isin(gone)]
    first = left[left["thread_id"].isin(gone)].groupby("thread_id")["mention_id"].first()
    taken = set(left["thread_id"].dropna())
    return {old: "" if new in taken else new for old, new in first.items()}


def _counts(
    frames: dict[str, pd.DataFrame], plans: dict[str, Plan], listed: list[str], people: set[str]
) -> pd.DataFrame:
    """Count rows that go and values written anew, a row a table; and keys listed in dataset.toml."""
    import pandas as pd

    rows = [(NAME, len(listed), sum(key in people for key in listed), 0)] if listed else []
    for name, frame in frames.items():
        gone = pd.Series(False, index=frame.index)
        for column, values in plans[name].drop.items():
            gone |= frame[column].isin(values)
        edited = sum(int(frame.loc[~gone, column].isin(values).sum()) for column, values in plans[name].edit.items())
        rows.append((name, len(frame), int(gone.sum()), edited))
    return pd.DataFrame(rows, columns=["table", "rows", "removed", "blanked"])


def _rewrite(folder: Path, plans: dict[str, Plan], counts: pd.DataFrame, people: set[str]) -> None:
    """Write every new file beside the old one, then put them all in place, then look whether all is in order."""
    touched = counts[counts[["removed", "blanked"]].any(axis=1)]
    order = {name: place for place, name in enumerate(LAST)}
    swaps: Swaps = []
    try:
        for count in sorted(touched.itertuples(), key=lambda count: order.get(count.table, -1)):
            if count.table == NAME:
                write_description(folder / NAME, people, swaps)
            else:
                _write_table(files_of(folder, count.table), plans[count.table], count, swaps)
        swap(folder, swaps)
    finally:
        for _, new in swaps:
            if new:
                new.unlink(missing_ok=True)
    if not (after := check(folder)).ok and len(after.tables):
        raise DataError(told("not_in_order", folder=folder), after.problems)


def _write_table(files: list[Path], plan: Plan, count: Any, swaps: Swaps) -> None:
    """Write a table's successors, or none where no row is left; what was counted must be what is written."""
    if count.removed == count.rows:
        swaps += [(old, None) for old in files]
    elif (count.removed, count.blanked) != write_beside(files, plan, count.table, swaps):
        raise DataError(told("changed", table=count.table))


def _unread(folder: Path) -> tuple[str, ...]:
    """Return what else lies in the folder."""
    known = {NAME, *CONTRACT, *(f"{name}.{ending}" for name in CONTRACT for ending in ("csv", "parquet"))}
    return tuple(sorted(path.name for path in folder.iterdir() if path.name not in known))
