"""What a text does (말의 구실): complains, trusts, doubts, thanks, asks, helps, defends (S4.8, S4.9).

Korean and English. Plain cues, in `cues.toml`: words and endings that a person can read and mend. Phrases that only
look like one ("불편함 없이", "thanks for nothing", "말이 되나요?") are taken out first. Complaint and distrust are
often said without any such word; for these two, in Korean, a linear reader of short strings adds what it finds. It was
fitted to half of KOTE's validation comments (Jeon, Lee & Kim 2022, arXiv:2205.05300; MIT licence), and finds about
twice as much at about the same precision; for trust and thanks it does not, and they stay with the cues alone.

Flags are surer than they are complete: `benchmarks/listening_cues.py` says how much, on comments never looked at. There
seven complaints in ten are right and six in ten are found; of trust and thanks a quarter is found. Compare weeks by
them, and do not read a rate as the share of all that was meant.

>>> talk = flag_talk(["배송이 늦어서 실망했어요. 언제 오나요?", "저는 오래 썼는데 문제없었어요.", None])
>>> [name for name in talk if talk[name][0]], [name for name in talk if talk[name][1]]
(['complaint', 'question'], ['defence'])
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa


TALK = ("complaint", "trust", "distrust", "thanks", "question", "help", "defence")
READ = ("complaint", "distrust")  # kinds that the linear reader reads too
BUCKETS = 1 << 14
_LENGTHS, _MIX, _SHIFT = (1, 2, 3), np.uint64(0xD1B54A32D192ED03), np.uint64(64 - 14)
_FINALS = {"<ㄴ>": 4, "<ㄹ>": 8, "<ㅂ>": 17}
_CHUNK = 50_000  # texts hashed at a time, to bound memory


def flag_talk(texts: pd.Series | Iterable[str | None]) -> pd.DataFrame:
    """Return what each text does (말의 구실 표시): complaint, trust, distrust, thanks, question, help, defence.

    A text may do several things or none. Without text (None, NaN, blank) nothing is flagged: count such rows apart.

    Parameters
    ----------
    texts : Korean, English or both in one; a list gets the index 0, 1, 2, ...

    Returns
    -------
    DataFrame
        A boolean column each of `TALK`, in that order; the index is that of `texts`.

    Raises
    ------
    TypeError
        If something in `texts` is neither text nor missing; the message shows it.
    """
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    words = normal_words(series)
    found = {kind: find_cues(words, kind) for kind in TALK}
    return pd.DataFrame(found | _read(words, found), index=series.index)


def normal_words(texts: pd.Series) -> pa.Array:
    """Return texts in lower case and NFKC (글자 정규화): Hangul from a Mac comes in parts that no pattern knows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        words = pa.array(texts, pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeError(f"texts must be text or missing: {error}") from None
    words = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
    words = pc.utf8_lower(pc.utf8_normalize(words.fill_null(""), form="NFKC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(words, r"\s+", " "))


def find_cues(words: pa.Array, kind: str) -> np.ndarray:
    """Return whether a cue is left once the look-alikes are out (단서 찾기); only texts with one are read again."""
    import pyarrow.compute as pc

    cues, lookalikes = _patterns(kind)
    found = pc.match_substring_regex(words, cues).to_numpy(zero_copy_only=False).copy()
    again = pc.replace_substring_regex(words.filter(found), lookalikes, " ")
    found[found] = pc.match_substring_regex(again, cues).to_numpy(zero_copy_only=False)
    return found


@cache
def _patterns(kind: str) -> tuple[str, str]:
    """Return what betrays a kind of talk, and what only looks like it, as two patterns."""
    lists = tomllib.loads(files(__package__).joinpath("cues.toml").read_text(encoding="utf-8"))[kind]
    both = ("|".join(lists[name]) for name in ("cues", "lookalikes"))
    cues, lookalikes = (_spelt_out(pattern) for pattern in both)
    return cues, lookalikes


def _spelt_out(pattern: str) -> str:
    """Put Hangul syllables for their final consonants: Unicode orders them by 28 finals to a vowel."""
    for mark, final in _FINALS.items():
        pattern = pattern.replace(mark, "[" + "".join(chr(first + final) for first in range(0xAC00, 0xD7A4, 28)) + "]")
    return pattern


# --- the linear reader -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """A logistic reader of short strings (선형 판독기): a row a kind of `READ`.

    `weights` (int8, kinds x `BUCKETS`) times `scale` are log-odds per string, over the root of the strings in the text;
    from `bar` on a text is flagged.
    """

    weights: np.ndarray
    scale: np.ndarray
    bar: np.ndarray

    def flags(self, buckets: np.ndarray, owners: np.ndarray, n_texts: int) -> np.ndarray:
        """Return kinds x texts from hashed strings."""
        sums = np.stack([np.bincount(owners, row[buckets], n_texts) for row in self.weights])
        strings = np.bincount(owners, minlength=n_texts)
        return self.scale[:, None] * sums / np.sqrt(np.maximum(strings, 1)) >= self.bar[:, None]


def hashed_strings(words: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the bucket of every string of 1 to 3 letters in all texts, and which text it is of (문자열 해시).

    Texts get a space at both ends; the hash is multiplicative (Knuth 1998, TAOCP 3, 6.4) on code points.
    """
    texts = [f" {text} " for text in words.to_pylist()]
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    buckets, owners = [], []
    for length in _LENGTHS:
        starts = len(letters) - length + 1
        mixed = np.zeros(max(starts, 0), np.uint64)
        for step in range(length):
            mixed = (
                mixed * np.uint64(0x9E3779B97F4A7C15) + letters[step : max(starts, 0) + step] + np.uint64(1)
            ) * _MIX
        within = owner[: len(mixed)] == owner[length - 1 :]  # no string runs from one text into the next
        buckets.append((mixed[within] >> _SHIFT).astype(np.int64))
        owners.append(owner[: len(mixed)][within])
    return np.concatenate(buckets), np.concatenate(owners)


def _read(words: pa.Array, cues: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add what the reader flags in Korean texts to their cues, but where a look-alike has misled it."""
    import pyarrow.compute as pc

    korean = pc.match_substring_regex(words, "[가-힣]").to_numpy(zero_copy_only=False)
    found, rows = np.zeros((len(READ), len(words)), bool), np.flatnonzero(korean)
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        found[:, part] = _reader().flags(*hashed_strings(words.take(part)), len(part))
    for kind, flags in zip(READ, found, strict=True):
        lookalike = pc.match_substring_regex(words.filter(flags), _patterns(kind)[1])
        flags[flags] = ~lookalike.to_numpy(zero_copy_only=False)
    return {kind: cues[kind] | flags for kind, flags in zip(READ, found, strict=True)}


@cache
def _reader() -> Reader:
    with files(__package__).joinpath("cues_ko.npz").open("rb") as file, np.load(file) as parts:
        return Reader(*(parts[name] for name in ("weights", "scale", "bar")))
