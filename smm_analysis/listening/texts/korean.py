"""Korean sentiment: hashed n-grams of letters, and negation that turns them round (한국어 감성, S4.8).

A logistic model over hashed n-grams of Korean letters (jamo, 자모: 예뻐요 and 예쁘다 share them) that knows what a
negator does. Such models read "좋지 않다" as "좋", plus a little gloom. Here a negator (안, 못, -지 않다, -지 못하다,
없다, -ㄹ 수 없다, 아니다) becomes a feature of its own, and the n-grams of what it negates, and less so of the words
before that in its clause, count negatively: what is learnt of 좋다 serves 좋지 않다, what is learnt of 나쁘다 serves
나쁘지 않다, and what is negated twice is asserted again. 있다 after a noun is the counterpart of 없다: it asserts.
Beside that each negated n-gram is a feature of its own too: what turning it round gets wrong is learnt there.

The weights come from film reviews and from sentences made of customers' words, see `train_korean`. On 355 pairs of
plain and negated sentences frozen before any fitting, both members are right in 61% (plain ones 75%): check scores
against labels of your own before trusting them, see `labels`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

BUCKETS = 190_000  # one byte each: the model file stays below 200 kB
ORDERS = range(2, 7)  # letters in an n-gram
MODEL_FILE = "korean_sentiment.npz"

# Chosen on 10,000 reviews kept for that, half of the comments of benchmarks/sentiment_accuracy.py, every fifth word of
# the lexicon, and 154 pairs of plain and negated sentences; tests/negation_dev.tsv keeps the 18 that share no word with
# the frozen ones.
_FLIP = 1.0  # a negated word counts -1 times
_SPREAD = 0.3  # and the words before it -0.3 times
_NOUN = 1.2  # the noun of 있다 and 없다 says nearly all there is
_MARK = 3.0  # value of a negator's own feature
_REACH = 2  # words before the negated one that are negated with it, within the clause
_CHUNK_CHARS = 600_000
_NEGATED = np.uint64(0x5BD1E9955BD1E995)  # parts the buckets of negated n-grams from the others

_LINK = re.compile(r"https?://\S+|www\.\S+|@\w+")
_REPEAT = re.compile(r"([^\n])\1{2,}")
_BLANKS = re.compile(r"[^\S\n]+")

# A word is what stands between blanks; every text begins and ends with one.
_LONG_FORM = re.compile(
    r"(?<= )(?P<what>[^ \n]*?[^ \n까])"
    r"(?P<op>(?:지|진|질)[는도를가만]? ?"
    r"(?:않|못|안(?=[다아았고네는음을습은])|아니(?=하|한)|말(?=[아고길자])|마(?=[세라시십요]))[^ \n]*)"
)
_TAG_QUESTION = re.compile(r"않(?:나요?|니|냐|을까|은가|아요?\?|습니까|는가)")
_SHORT_FORM = re.compile(
    r"(?<= )(?P<op>(?:안|못)(?= )"
    r"|안(?![녕내전경심정타방성습쓰의에은과도건보감산락식착기부주개다고아팎길양])|못(?![하해했한할합함생되된난지]))"
    r" ?(?P<what>[^ \n]+)"
)
_INABILITY = re.compile(r"(?<= )(?P<what>[^ \n]+)(?<![지진질])(?<!지[는도를가만]) (?P<op>못[하해했한할합함][^ \n]*)")
_ABILITY = re.compile(r"(?<= )(?P<what>[^ \n]+) ?(?P<op>수[가는도]? ?(?P<be>[있없])[^ \n]*)")
_EXISTENCE = re.compile(
    r"(?<= )(?:(?P<noun>[^ \n]+) )?(?P<stem>[^ \n]*?)(?<!어이|상관|틀림|끊임|아낌)(?P<op>(?P<be>[있없])[^ \n]*)"
)
_DENIAL = re.compile(
    r"(?<= )(?P<what>[^ \n]+(?: (?:건|게|거|것[은이도]?|편[은이도]|정도[는도]))?(?<!뿐)(?<!뿐만)) "
    r"(?P<op>(?:아니[다에었였네고지야라며면요]|아닌|아닙|아님|아녔)[^ \n]*)"
)
_SUBJECT = ("이", "가", "은", "는", "도")
# NFKC has made ㅋㅋ and ㅠㅠ letters of the block U+1100.
_CLAUSE_END = re.compile(
    r'[.,!?~;:"^\u1100-\u11ff]|(?<![최사광보])고$|지만$|[는은인한운른던했였았었]데$|(?<!에)서$|[하되이으은]면$|니까$|며$|하나$'
)


class Negation(NamedTuple):
    """An operator found in a text (부정 표현): where it stands, what it works on, by what factor, and its kind."""

    start: int
    end: int
    what: tuple[int, int]
    factor: float
    kind: str
    reaches_back: bool


class Grams(NamedTuple):
    """The features of some texts: entry i adds `value[i]` to `bucket[i]` of text `row[i]`; values are scaled."""

    row: np.ndarray
    bucket: np.ndarray
    value: np.ndarray


def normalise(texts: Sequence[str]) -> str:
    """Return the texts as lines of one string (정규화): NFKC, lower case, no links or handles, at most two of a letter.

    Each line begins and ends with a blank.

    >>> normalise(["와아아아앙 Ｗow!!!! @handle https://example.org"])
    ' 와아아앙 wow!! '
    """
    joined = "\n".join(" ".join(text.split("\n")) for text in texts)
    joined = _LINK.sub(" ", unicodedata.normalize("NFKC", joined).lower())
    joined = _BLANKS.sub(" ", _REPEAT.sub(r"\1\1", joined))
    return "\n".join(f" {line.strip(' ')} " for line in joined.split("\n"))


def negations(text: str) -> Iterator[Negation]:
    """Find what negates and what is negated in a normalised string (부정 표현 찾기).

    >>> line = " 맛이 좋지 않다 "
    >>> [(line[n.start : n.end], line[slice(*n.what)]) for n in negations(line)]
    [('지 않다', '좋')]
    """
    claimed: set[int] = set()  # 하지 못 하다 holds one negator, not two
    for found in _readings(text):
        if found.start not in claimed:
            claimed.update(range(found.start, found.end))
            yield found


def _readings(text: str) -> Iterator[Negation]:
    """Read every pattern, the more particular first."""
    for found in _LONG_FORM.finditer(text):
        if not _TAG_QUESTION.search(found["op"]):
            yield _negation(found, "지못" if "못" in found["op"] else "지않")
    for found in _SHORT_FORM.finditer(text):
        yield _negation(found, found["op"])
    for pattern, kind in ((_INABILITY, "못하"), (_DENIAL, "아니")):
        for found in pattern.finditer(text):
            yield _negation(found, kind)
    for found in _ABILITY.finditer(text):
        yield _negation(found, f"수{found['be']}", factor=-_FLIP if found["be"] == "없" else 1.0)
    for found in _EXISTENCE.finditer(text):
        yield from _existence(found)


def _negation(found: re.Match[str], kind: str, *, what: str = "what", factor: float = -_FLIP) -> Negation:
    return Negation(*found.span("op"), found.span(what), factor, kind, reaches_back=factor < 0)


def _existence(found: re.Match[str]) -> Iterator[Negation]:
    """Read N이 있다, N이 없다 and N없다; 재미있다 and the 있 of tenses stay words as they are."""
    what = "stem" if found["stem"] else "noun"
    operand = found[what]
    if operand and (found["be"] == "없" or operand.endswith(_SUBJECT)):
        factor = -_NOUN if found["be"] == "없" else _NOUN
        yield _negation(found, f"이{found['be']}", what=what, factor=factor)


def _clause_start(text: str, start: int) -> int:
    """Return where the words begin that are negated along with the one at `start`."""
    line = text.rfind("\n", 0, start) + 1
    for _ in range(_REACH):
        before = text.rfind(" ", line, max(start - 1, line))
        if before < 0 or _CLAUSE_END.search(text[before + 1 : start - 1]):
            break
        start = before + 1
    return start


def _signs(text: str) -> tuple[np.ndarray, np.ndarray, list[tuple[int, str]]]:
    """Return each character's factor, whether it belongs to an operator, and the operators' places and kinds."""
    factor, operator = np.ones(len(text), np.float32), np.zeros(len(text), bool)
    found = list(negations(text))
    heads = {at: n.what[0] for n in found for at in range(n.start, n.end)}
    for negation in found:
        first, last = negation.what
        first = heads.get(first, first)  # what is negated is itself a negation: 좋지 않은 건 아니다
        factor[first - 1 : last] *= negation.factor  # with the blank before, which marks the word's beginning
        if negation.reaches_back:
            begin = min(first, negation.start)
            factor[_clause_start(text, begin) - 1 : begin - (first < negation.start)] *= -_SPREAD
        operator[negation.start : negation.end] = True
    return factor, operator, [(negation.start, negation.kind) for negation in found]


def ngrams(texts: Sequence[str]) -> Grams:
    """Return the hashed, signed n-grams of letters (자모 n-그램 자질).

    An n-gram's value is the factor of its letters; those that touch an operator or the edge of what it negates are left
    out, the operator has a feature of its own. All values of a text are divided by the root of their number.
    """
    text = normalise(texts)
    factor, operator, marks = _signs(text)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    row = np.cumsum(codes == 10)
    letters, origin = _letters(codes)
    parts = list(_hashed(letters, row[origin], factor[origin], operator[origin]))
    if marks:
        places = row[[place for place, _ in marks]]
        kinds = np.array([_mark_bucket(kind) for _, kind in marks])
        parts.append(Grams(places, kinds, np.full(len(marks), _MARK, np.float32)))
    rows, buckets, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    count = np.maximum(np.bincount(rows, minlength=len(texts)), 1)
    return Grams(rows, buckets, values / np.sqrt(count, dtype=np.float32)[rows])


def _letters(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take syllables apart into their letters (Unicode 3.12); also return which character each letter is from."""
    syllable = (codes >= 0xAC00) & (codes < 0xD7A4)
    index = np.where(syllable, codes - 0xAC00, 0)
    last = index % 28
    length = 1 + syllable + (last > 0)
    begin = np.cumsum(length) - length
    letters = np.empty(int(length.sum()), np.uint64)
    letters[begin] = np.where(syllable, 0x1100 + index // 588, codes)
    letters[begin[syllable] + 1] = (0x1161 + index % 588 // 28)[syllable]
    letters[begin[last > 0] + 2] = (0x11A7 + last)[last > 0]
    return letters, np.repeat(np.arange(len(codes)), length)


def _hashed(letters: np.ndarray, row: np.ndarray, factor: np.ndarray, operator: np.ndarray) -> Iterator[Grams]:
    """Roll a hash over the letters, an order a step."""
    code = _mixed(letters + np.uint64(1))
    sign = np.where(operator | (letters == 10), np.float32(np.nan), factor)
    rolled, low, high = code, sign, sign
    for order in range(2, max(ORDERS) + 1):
        rolled = rolled[:-1] * np.uint64(0x100000001B3) + code[order - 1 :]
        low, high = np.minimum(low[:-1], sign[order - 1 :]), np.maximum(high[:-1], sign[order - 1 :])
        kept = np.flatnonzero(low == high)  # NaN equals nothing: no n-gram holds an operator or the end of a text
        yield Grams(row[kept], _bucket(rolled[kept]), low[kept])
        negated = kept[low[kept] < 0]
        yield Grams(row[negated], _bucket(rolled[negated] ^ _NEGATED), -low[negated])


@cache
def _mark_bucket(kind: str) -> int:
    """Return the bucket of an operator's own feature."""
    rolled = 0
    for letter in f"\n{kind}":  # no n-gram begins with a line's end
        rolled = (rolled * 0x100000001B3 + ord(letter)) % 2**64
    return int(_bucket(np.array([rolled], np.uint64))[0])


def _mixed(codes: np.ndarray) -> np.ndarray:
    codes = codes * np.uint64(0x9E3779B97F4A7C15)
    return (codes ^ (codes >> np.uint64(32))) * np.uint64(0xC2B2AE3D27D4EB4F)


def _bucket(codes: np.ndarray) -> np.ndarray:
    """Spread 64-bit hashes over the buckets, by the upper half."""
    return ((_mixed(codes) >> np.uint64(32)) * np.uint64(BUCKETS) >> np.uint64(32)).astype(np.int32)


@dataclass(frozen=True)
class KoreanModel:
    """Weights of the n-grams (가중치), one a bucket: whole numbers from -127 to 127, in steps of `step` logits."""

    weights: np.ndarray
    step: float

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Return the log-odds of a favourable text, one a text; 0 where no n-gram is left."""
        parts = [np.zeros(0)]
        for chunk in chunked(texts):
            row, bucket, value = ngrams(chunk)
            parts.append(np.bincount(row, self.weights[bucket] * value, minlength=len(chunk)) * self.step)
        return np.concatenate(parts)


def chunked(texts: Sequence[str], chars: int = _CHUNK_CHARS) -> Iterator[Sequence[str]]:
    """Cut the texts into runs of about `chars` characters, so that memory stays bounded (메모리 한도)."""
    begin = size = 0
    for i, text in enumerate(texts):
        if size and size + len(text) > chars:
            yield texts[begin:i]
            begin, size = i, 0
        size += len(text) + 2
    if begin < len(texts):
        yield texts[begin:]


@cache
def shipped_model() -> KoreanModel:
    """Return the model that comes with the package (기본 제공 모형)."""
    with files("smm_analysis.listening.texts").joinpath(MODEL_FILE).open("rb") as file, np.load(file) as stored:
        return KoreanModel(stored["weights"], float(stored["step"]))
