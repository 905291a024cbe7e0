"""Short sentences from a lexicon of customers' words, plain and negated (어휘로 만든 문장), to teach a model with.

Film-goers do not say that a parcel came late or that a clerk was kind. `customer_words.tsv` says which words of
customers please and which displease; each entry becomes sentences in the endings that people write, and their
negations, whose sign is turned: so the words are learnt as what negators turn, and the negators as what turns them.
The class `advice` is of verbs that tell by being urged or forbidden: 가세요 pleases, 가지 마세요 does not, and 피하다
the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .conjugation import Predicate, particle, with_final

LEXICON_FILE = "customer_words.tsv"
COLUMNS = ("subjects", "predicate", "haeyo", "sign", "class")
CLASSES = ("adj", "verb", "noun_exist", "noun_be", "advice")

_DO_NOT = Predicate("않다", "않아요")
_CANNOT = Predicate("못하다", "못해요")
_BE_NOT = Predicate("아니다", "아니에요")
_THERE_IS = Predicate("있다", "있어요")
_THERE_IS_NOT = Predicate("없다", "없어요")

_STRONG = ["정말", "아주", "참", "꽤", "생각보다", "확실히"]
_HARDLY = ["별로", "그다지", "전혀", "하나도", "딱히", "생각만큼"]
_NOUNS = ["제품", "곳", "가게", "서비스", "물건", "느낌", "편", "것", "사람", "매장", "상품", "브랜드"]
_CLOSINGS = ["", "", "", "."]


class Entry(NamedTuple):
    """A line of the lexicon (어휘 항목): what it is said of, the predicate or noun, and whether it pleases (1, -1)."""

    subjects: tuple[str, ...]
    predicate: str
    haeyo: str
    sign: int
    kind: str


def read_lexicon(path: Path | None = None) -> list[Entry]:
    """Return the shipped lexicon, or another file of that form (어휘 읽기)."""
    path = path or files("smm_analysis.listening.texts").joinpath(LEXICON_FILE)
    with path.open(encoding="utf-8") as file:
        table = pd.read_csv(file, sep="\t", dtype=str, keep_default_na=False)
    return [
        Entry(tuple(filter(None, row.subjects.split(","))), row.predicate, row.haeyo, int(row.sign), row.kind)
        for row in table.rename(columns={"class": "kind"}).itertuples()
    ]


def made_sentences(entries: Iterable[Entry], *, each: int = 8, seed: int = 0) -> Iterator[tuple[str, int]]:
    """Yield sentences and labels (1 pleased, 0 not): `each` plain and `each` negated ones an entry (문장 만들기)."""
    rng = np.random.default_rng(seed)
    for entry in entries:
        for forms, sign in ((plain_forms(entry), entry.sign), (negated_forms(entry), -entry.sign)):
            for form in rng.choice(forms, min(each, len(forms)), replace=False):
                yield _sentence(entry, str(form), rng), int(sign > 0)
        for form in rng.choice(twice_negated_forms(entry), 1):
            yield _sentence(entry, str(form), rng), int(entry.sign > 0)


def _sentence(entry: Entry, form: str, rng: np.random.Generator) -> str:
    parts = [form + str(rng.choice(_CLOSINGS))]
    if entry.subjects and rng.random() < 0.7:
        subject = str(rng.choice(entry.subjects))
        marked = (subject, particle(subject, "이가"), particle(subject, "은는"), subject + "도")
        parts.insert(0, str(rng.choice(marked, p=[0.1, 0.45, 0.35, 0.1])))
    return " ".join(parts)


def plain_forms(entry: Entry) -> list[str]:
    """Return what says that it is so (긍정형)."""
    if entry.kind == "noun_exist":
        return _existing(entry.predicate, _THERE_IS)
    if entry.kind == "noun_be":
        return [*_being(entry.predicate)]
    if entry.kind == "advice":
        return _urged(_of(entry))
    forms = _endings(_of(entry))
    return forms + [f"{_STRONG[i % len(_STRONG)]} {form}" for i, form in enumerate(forms[:18])]


def negated_forms(entry: Entry) -> list[str]:
    """Return what says that it is not so (부정형)."""
    if entry.kind == "noun_exist":
        forms = _existing(entry.predicate, _THERE_IS_NOT)
        return forms + [f"{hardly} {form}" for hardly in ("전혀", "하나도", "별로") for form in forms]
    if entry.kind == "noun_be":
        return [particle(entry.predicate, pair) + f" {end}" for pair in ("이가", "은는") for end in _endings(_BE_NOT)]
    word = _of(entry)
    if entry.kind == "advice":
        return _forbidden(word)
    once = [*_long(word, _DO_NOT), *_short(word, "안"), *_short(word, "안"), *_denied(word)]
    if entry.sign > 0:
        once += _long(word, _CANNOT)
    if entry.kind == "verb":
        once += _prevented(word) + (_short(word, "못") if entry.sign > 0 else [])
    return once + [f"{_HARDLY[i % len(_HARDLY)]} {form}" for i, form in enumerate(once) if i % 3 == 0]


def twice_negated_forms(entry: Entry) -> list[str]:
    """Return what denies that it is not so (이중 부정)."""
    denied = [f"{what} {end}" for what in ("건", "것은", "게") for end in ("아니에요", "아니다", "아닙니다", "아니죠")]
    if entry.kind == "noun_exist":
        return [f"{particle(entry.predicate, '이가')} 없는 {end}" for end in denied]
    if entry.kind == "noun_be":
        return [f"{particle(entry.predicate, '이가')} 아니라고 할 수 없{end}" for end in ("다", "어요", "습니다")]
    word = _of(entry)
    forms = [f"{word.stem}지 않{'는' if word.is_verb else '은'} {end}" for end in denied]
    return forms + [f"{word.stem}지 않을 수 없{end}" for end in ("다", "어요", "습니다")]


def _of(entry: Entry) -> Predicate:
    return Predicate(entry.predicate, entry.haeyo, entry.kind in ("verb", "advice"))


def _endings(word: Predicate) -> list[str]:
    """The commoner endings; a modifier stands before a noun of no colour."""
    past = word.past
    forms = [word.haeyo, word.formal, word.plain, word.casual, past + "어요", past + "다", past + "습니다"]
    forms += [word.plain + "고 봐요", word.surprise, word.surprise + "요", word.nominal, past + "음", past + "네요"]
    forms += [word.stem + end for end in ("고", "고요", "더라고요", "던데요", "거든요", "죠", "군요")]
    forms += [
        word.infinitive + "서",
        word.infinitive + "서요",
        word.open_stem + "니까",
        word.contrast + "요",
        word.modifier + " 것 같아요",
    ]
    return forms + [f"{word.modifier} {noun}" for noun in ("것 같아요", *_NOUNS)]


def _existing(noun: str, be: Predicate) -> list[str]:
    return [f"{marked} {end}" for marked in (particle(noun, "이가"), noun, noun + "도") for end in _endings(be)]


def _being(noun: str) -> Iterator[str]:
    bare = particle(noun, "이가").endswith("가")
    for end in ("다", "네요", "네", "고요", "라서", "더라고요", "군요", "라고 생각해요", "죠"):
        yield noun + ("" if bare and end != "라고 생각해요" else "이") + end
    yield from (noun + end for end in (("예요", "였어요", "였다") if bare else ("이에요", "이었어요", "이었다")))
    yield from (noun + end for end in ("입니다", "임", "인 것 같아요", "인데요", "인 제품"))


def _long(word: Predicate, negator: Predicate) -> list[str]:
    """-지 않다, -지 못하다: with and without a blank, with 는, 도, 가."""
    negator = Predicate(negator.dictionary, negator.haeyo, word.is_verb)
    forms = _endings(negator)
    spaced = [f"{word.stem}지 {form}" for form in forms]
    marked = [f"{word.stem}지{mark} {form}" for form in forms[:6] for mark in "는도가"]
    return spaced + marked + [f"{word.stem}지{form}" for form in forms[:10]]


def _short(word: Predicate, negator: str) -> list[str]:
    """안 and 못, before the last word, and before 하다 of a verb made of a noun (추천 안 해요)."""
    forms = []
    for form in _endings(word):
        before, after = _split(word, form)
        forms += [f"{before}{negator} {after}", f"{before}{negator}{after}"]
    return forms


def _split(word: Predicate, form: str) -> tuple[str, str]:
    if word.is_verb and word.stem.endswith("하") and len(word.stem) > 2:
        cut = len(word.stem) - 1
        return form[:cut].rstrip(" ") + " ", form[cut:]
    cut = word.stem.rfind(" ") + 1
    return form[:cut], form[cut:]


def _denied(word: Predicate) -> list[str]:
    """좋은 건 아니에요."""
    ends = ("아니에요", "아닙니다", "아니다")
    return [f"{word.modifier} {what} {end}" for what in ("건", "편은", "것은") for end in ends]


def _prevented(word: Predicate) -> list[str]:
    cannot = [f"{word.prospective} 수{mark} {end}" for mark in ("", "가") for end in _endings(_THERE_IS_NOT)[:10]]
    return cannot + _forbidden(word)[:7]


def _urged(word: Predicate) -> list[str]:
    """가세요, 꼭 가 보세요: what one is told to do."""
    forms = [
        word.request,
        word.infinitive + " 보세요",
        with_final(word.honorific, "ㅂ") + "시오",
        word.infinitive + "라",
        word.haeyo,
    ]
    forms += [word.honorific + "길", word.honorific + "길 바라요", word.request + " 여러분"]
    return forms + [f"{first} {form}" for first in ("꼭", "다들") for form in forms[:6]]


def _forbidden(word: Predicate) -> list[str]:
    """가지 마세요, 절대 가지 마: what one is told not to do (금지, -지 말다)."""
    ends = ("마세요", "말아요", "마시길", "마라", "말길 바라요", "마십시오", "마요", "마", "마시고요", "맙시다")
    forms = [f"{word.stem}지 {end}" for end in ends]
    return forms + [f"{first} {form}" for first in ("절대", "다들") for form in forms[:6]]
