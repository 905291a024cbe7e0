"""Pseudonyms (가명): who wrote, told apart without a name; and names, addresses and numbers taken out of texts.

An author key is HMAC-SHA256 of platform and handle under a key of the project, cut to 128 bits: half the hash, the
least that RFC 2104 section 5 advises. Two of n people share one by chance with probability n^2 / 2^129, 1.5e-27 for a
million. Handles are public and can be counted through, so whoever has the key can undo every author key: it stays out
of the data set, out of git and out of reports. The data set remembers `key_id`, a fingerprint: which key, not what.

>>> names = Pseudonyms(bytes(range(32)))
>>> names.key("x", " @Hong_Gil ") == names.key("Twitter", "https://x.com/hong_gil?lang=ko")
True
>>> names.key("x", "hong_gil") == names.key("instagram", "hong_gil")
False
>>> redacted("@hong_gil님 010-1234-5678 또는 gil@naver.com으로 주세요")
'@user [phone] 또는 [email]으로 주세요'
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import shutil
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.pseudonyms.wording import EMAIL, LINK, NUMBER, PHONE, USER, canonical, number_of, redacted
from smm_analysis.pseudonyms.words import told
from smm_analysis.told import ToldError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EMAIL",
    "LINK",
    "NUMBER",
    "PHONE",
    "PLATFORMS",
    "USER",
    "PseudonymError",
    "Pseudonyms",
    "canonical",
    "number_of",
    "redacted",
]

VARIABLE = "SMM_KEY"  # the environment variable that may hold the key
BITS = 128  # of an author key: 32 hex digits
HEX_DIGITS, DIFFERENT_BYTES = 32, 10  # the least that a hex key must have
LETTERS, DIFFERENT_LETTERS = 20, 10  # the least that a passphrase must have
SAME = {"twitter": "x", "ig": "instagram", "fb": "facebook", "yt": "youtube"}  # other names of a platform
PLATFORMS = (
    *("x", "instagram", "threads", "facebook", "youtube", "tiktok", "linkedin", "reddit", "bluesky", "mastodon"),
    *(
        "pinterest",
        "twitch",
        "news",
        "own",
        "naver",
        "kakao",
        "tistory",
        "brunch",
        "sns",
        "blog",
        "video",
        "cafe",
        "site",
    ),
    *("zendesk", "intercom", "front", "email", "phone", "survey", "meltwater"),
)
_AUTHOR, _FINGERPRINT, _STRETCH = (
    b"smm-analysis author v1\0",
    b"smm-analysis key id v1\0",
    b"smm-analysis passphrase v1",
)


class PseudonymError(ToldError):
    """A key that is missing, weak, wrong or in the wrong place (가명 키 오류)."""


@dataclass(frozen=True, eq=False)
class Pseudonyms:
    """One project's pseudonyms (가명 처리기); made by `Pseudonyms.of(folder)`. The secret is never shown."""

    secret: bytes = field(repr=False)
    new: bool = False  # made just now and not yet written

    @classmethod
    def of(cls, folder: str | Path, *, create: bool = False, missing_ok: bool = False) -> Pseudonyms:
        """Find the key of a data set (가명 키 찾기).

        The environment variable SMM_KEY comes first: hex (32 digits or more, 10 different bytes) or a passphrase (20
        characters or more, 10 different ones; stretched with scrypt). Else it is the file `KEY_ID.key` in the user's
        config folder. With `create`, a data set that remembers no key gets a new one there, readable by its owner
        alone; call `remember` once `dataset.toml` is written. With `missing_ok` it is written by
        `kept` alone. The same key for a second data set: set SMM_KEY, or copy the line `key_id = ...` into its
        dataset.toml.

        Raises
        ------
        PseudonymError
            if there is no key, it is weak, it is not the one that the data set was made with, others may read its file,
            or its file would lie in the data set or in a git work tree.
        """
        wanted = remembered(folder)
        if given := os.environ.get(VARIABLE, "").strip():
            return cls(_from_words(given))._expect(wanted, VARIABLE)
        place = _safe_folder(Path(folder))
        if wanted:
            return cls(_read(place / f"{wanted}.key", wanted))._expect(wanted, f"{wanted}.key")
        if not (create or missing_ok):
            raise PseudonymError(told("which_key", folder=folder, variable=VARIABLE))
        made = cls(secrets.token_bytes(32), new=not create)
        if create:
            made._write(place)
        return made

    @property
    def key_id(self) -> str:
        """The key's fingerprint, 16 hex digits; says which key it is, not what it is."""
        return hmac.digest(self.secret, _FINGERPRINT, "sha256").hex()[:16]

    def key(self, platform: str, handle: str) -> str:
        """Return one person's author key, 32 hex digits; "" for an empty handle."""
        name = canonical(handle)
        return self._digest(_AUTHOR + _platform(platform).encode() + b"\0", name) if name else ""

    def keys(self, platform: str, handles: pd.Series, *, exact: bool = False) -> pd.Series:
        """Return author keys (작성자 키), one a handle, missing where the handle is missing or blank.

        Parameters
        ----------
        platform : such as "x" or "naver"; the same handle elsewhere is somebody else. "twitter" is "x".
        handles : text; see `canonical` for which spellings are one person. Numbers are refused but whole ones.
        exact : every spelling is another one: for ids that are addresses, such as those of one person's many posts.

        Raises
        ------
        TypeError
            if handles are fractions: an id that went through a spreadsheet may be somebody else's.
        """
        import pandas as pd

        if pd.api.types.is_float_dtype(handles) and handles.notna().any():
            raise TypeError("handles must be text; these are fractions, ids that a spreadsheet may have rounded")
        codes, found = pd.factorize(handles)
        start = _AUTHOR + _platform(platform).encode() + b"\0"
        names = [str(handle) if exact else canonical(str(handle)) for handle in found]
        keys = pd.array([self._digest(start, name) if name else None for name in names] + [None], dtype="str")
        return pd.Series(keys.take(codes), index=handles.index, name="author_key")

    def redact(self, texts: pd.Series) -> pd.Series:
        """Return texts without handles, e-mail addresses, Korean numbers and profile links; see `redacted`."""
        import pandas as pd

        clean = [None if missing else redacted(str(text)) for text, missing in zip(texts, texts.isna(), strict=True)]
        return pd.Series(clean, index=texts.index, name=texts.name, dtype="str")

    def remember(self, folder: str | Path) -> None:
        """Write `key_id` into the data set's dataset.toml, one line and nothing else, in one step.

        Raises
        ------
        PseudonymError
            if the data set was made with another key.
        """
        path = Path(folder) / "dataset.toml"
        mark, text = re.fullmatch("(\ufeff?)(.*)", path.read_bytes().decode("utf-8"), re.DOTALL).groups()
        if known := remembered(folder):
            self._expect(known, told("key_in_use"))
            return
        longer = _with_line(text, f'key_id = "{self.key_id}"  # which key the author keys were made with, not the key')
        if tomllib.loads(longer) != tomllib.loads(text) | {"key_id": self.key_id}:
            raise PseudonymError(told("add_line", path=path, key=self.key_id))
        _replace(path, f"{mark}{longer}".encode(), like=path)

    @contextmanager
    def kept(self, folder: str | Path) -> Iterator[None]:
        """Write a new key before the block, which puts the data set in place; without a data set it goes again."""
        if not self.new:
            yield
            return
        place = _safe_folder(Path(folder))
        self._write(place)
        try:
            yield
        except BaseException:
            (place / f"{self.key_id}.key").unlink(missing_ok=True)
            raise

    def _digest(self, start: bytes, name: str) -> str:
        return hmac.digest(self.secret, start + name.encode("utf-8", "surrogatepass"), "sha256")[: BITS // 8].hex()

    def _expect(self, wanted: str, origin: str) -> Pseudonyms:
        if wanted and wanted != self.key_id:
            raise PseudonymError(told("another_key", origin=origin, key=self.key_id, wanted=wanted))
        return self

    def _write(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        words = f"# smm-analysis: the key {self.key_id}. Who has it can undo author keys. Back it up, never share it.\n"
        _replace(place / f"{self.key_id}.key", f"{words}{self.secret.hex()}\n".encode())


def keys_folder() -> Path:
    """Return where keys are kept (키 폴더): the user's config folder, `~/.config/smm-analysis/keys` on Linux."""
    from platformdirs import user_config_path

    return user_config_path("smm-analysis", appauthor=False) / "keys"


def remembered(folder: str | Path) -> str:
    """Return the key_id in a data set's dataset.toml; "" where it names none or there is no such file."""
    path = Path(folder) / "dataset.toml"
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8-sig")).get("key_id", "")
    except FileNotFoundError:
        return ""
    except ValueError as error:  # not UTF-8, or not TOML
        raise PseudonymError(told("unreadable", path=path, why=error)) from None
    if not isinstance(found, str) or not re.fullmatch("(?:[0-9a-f]{16})?", found):
        raise PseudonymError(told("no_key_id", path=path))
    return found


def _platform(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    if not plain or "\0" in plain:
        raise ValueError("the platform has no name; it must be one such as x, instagram or naver")
    return SAME.get(plain, plain)


def _from_words(given: str) -> bytes:
    """Turn what stands in SMM_KEY into a key; weak ones are refused, and not repeated in the message."""
    if re.fullmatch("[0-9a-fA-F]+", given):
        if len(given) < HEX_DIGITS or len(given) % 2 or len(set(bytes.fromhex(given))) < DIFFERENT_BYTES:
            least = {"digits": HEX_DIGITS, "different": DIFFERENT_BYTES}
            raise PseudonymError(told("weak_hex", variable=VARIABLE, **least))
        return bytes.fromhex(given)
    words = unicodedata.normalize("NFKC", given)
    if len(words) < LETTERS or len(set(words.casefold())) < DIFFERENT_LETTERS:
        least = {"letters": LETTERS, "different": DIFFERENT_LETTERS}
        raise PseudonymError(told("weak_phrase", variable=VARIABLE, **least))
    return hashlib.scrypt(words.encode(), salt=_STRETCH, n=2**15, r=8, p=1, maxmem=2**26, dklen=32)


def _safe_folder(dataset: Path) -> Path:
    """Return the folder of keys; refuse one inside the data set or a git work tree."""
    place = keys_folder().resolve()
    inside = [place, *place.parents]
    found = next((folder for folder in inside if (folder / ".git").exists()), None)
    if dataset.resolve() in inside:
        raise PseudonymError(told("lies_in_data", place=place, variable=VARIABLE))
    if found:
        raise PseudonymError(told("lies_in_git", place=place, found=found, variable=VARIABLE))
    return place


def _read(path: Path, wanted: str) -> bytes:
    """Return the key in a file that its owner alone may read."""
    if not path.is_file():
        where = {"file": path.name, "folder": path.parent, "variable": VARIABLE}
        raise PseudonymError(told("not_on_computer", key=wanted, **where))
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        raise PseudonymError(told("others_read", path=path))
    try:
        return bytes.fromhex(path.read_text(encoding="utf-8").splitlines()[-1])
    except (ValueError, IndexError):
        raise PseudonymError(told("no_key_in", path=path)) from None


def _with_line(text: str, line: str) -> str:
    """Add a line below the last key that stands above the first section."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    first = next((n for n, old in enumerate(lines) if re.match(r"\s*\[", old)), len(lines))
    last = next((n for n in range(first, 0, -1) if not re.match(r"\s*(?:#|$)", lines[n - 1])), 0)
    if last and not lines[last - 1].endswith(("\n", "\r")):
        lines[last - 1] += end
    return "".join([*lines[:last], line + end, *lines[last:]])


def _replace(path: Path, content: bytes, *, like: Path | None = None) -> None:
    """Write a file in one step: a temporary one beside it, for its owner alone, then renamed."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if like:
            shutil.copymode(like, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
