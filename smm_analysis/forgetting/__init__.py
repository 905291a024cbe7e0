"""Forgetting a person (개인 삭제): every row of theirs out of a data set, every key that points at them blank.

Rows go: mentions, shares, follows on either side, leads, the customer and by customer_key purchases, surveys and cases;
also other people's shares of what is deleted, which would name it. Keys that point at a deleted row go blank:
parent_id, mention_id, via_author_key, referred_by; a thread named after a deleted mention is named after the first one
left. Other rows keep their very bytes (CSV) or values (Parquet). Other people's texts hold @user for handles already.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.forgetting.rewriting import Plan, Swaps, files_of, swap, write_beside, write_description
from smm_analysis.pseudonyms import PLATFORMS, PseudonymError, Pseudonyms
from smm_analysis.tables import CONTRACT, DataError, check, load
from smm_analysis.tables.dataset import NAME

if TYPE_CHECKING:
    import pandas as pd

LAST = ("leads", "customers", "mentions")  # replaced last: from them a run that was broken off finds the others' rows
BEYOND = (
    "Not reached: reports made earlier with texts shown, backups and copies of the data set, and the exports it was "
    "imported from. Delete those yourself."
)


@dataclass(frozen=True, eq=False)
class Forgotten:
    """What was forgotten (삭제 결과): `counts` has table, rows (before), removed and blanked; nothing names the person.

    `also` are author keys that the same customer has elsewhere, left in place; `emptied` tables had no other row and
    were deleted; `unread` are files in the folder that are no tables.
    """

    counts: pd.DataFrame
    dry_run: bool
    also: tuple[str, ...]
    emptied: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether there was anything of the person."""
        return bool(self.counts[["removed", "blanked"]].to_numpy().sum())

    def __str__(self) -> str:
        if not self.found:
            return "Nothing of this person is in the data set; nothing was changed."
        rows = self.counts[self.counts[["removed", "blanked"]].any(axis=1)]
        lines = ["Would be forgotten (dry run, nothing was changed):" if self.dry_run else "Forgotten:"]
        lines += [rows.to_string(index=False)]
        lines += [f"No other row was left in: {', '.join(self.emptied)}."] if self.emptied else []
        lines += [f"The same customer also goes by --key {key}, which is still there." for key in self.also]
        lines += [f"Not looked into: {', '.join(self.unread)}."] if self.unread else []
        return "\n".join([*lines, BEYOND])


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
        if the data set is not in order: what cannot be read cannot be searched.
    PseudonymError
        if the key that the author keys were made with is missing or wrong.
    """
    folder = Path(folder)
    if bool(handle.strip()) == bool(key.strip()):
        raise DataError("say who: a handle, or an author key with --key, one of the two")
    whole = load(folder)
    media = {platform} if platform else {*PLATFORMS, *whole.dataset.media, *_media(whole.frames)}
    people = {key.strip()} if key.strip() else _keys(folder, handle, media)
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
        raise PseudonymError(f"{error} (with --key AUTHOR_KEY none is needed)") from None
    return {names.key(medium, handle) for medium in media} - {""}


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
    rows = counts.set_index("table")["rows"]
    touched = counts[counts[["removed", "blanked"]].any(axis=1)].set_index("table")[["removed", "blanked"]]
    swaps: Swaps = []
    try:
        for name in sorted(touched.index, key=lambda name: LAST.index(name) if name in LAST else -1):
            files = files_of(folder, name)
            if name == NAME:
                write_description(folder / NAME, people, swaps)
            elif touched.loc[name, "removed"] == rows[name]:
                swaps += [(old, None) for old in files]
            elif tuple(touched.loc[name]) != write_beside(files, plans[name], name, swaps):
                raise DataError(f"{name}: writing found other rows than reading; nothing was changed")
        swap(folder, swaps)
    finally:
        for _, new in swaps:
            if new:
                new.unlink(missing_ok=True)
    if not (after := check(folder)).ok and len(after.tables):
        raise DataError(f"the person is out, but the data set {folder} is not in order", after.problems)


def _unread(folder: Path) -> tuple[str, ...]:
    """Return what else lies in the folder."""
    known = {NAME, *CONTRACT, *(f"{name}.{ending}" for name in CONTRACT for ending in ("csv", "parquet"))}
    return tuple(sorted(path.name for path in folder.iterdir() if path.name not in known))
