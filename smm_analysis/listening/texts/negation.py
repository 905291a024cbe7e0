"""Negation in Korean (부정 표현): what negates, what is negated, and how far it reaches.

The forms are those of any grammar (Yeon and Brown 2011, Korean: A Comprehensive Grammar, on negatives): short 안 and
못 before the predicate; long -지 않다, -지 못하다, and -지 말다 of requests; 없다 of existence, -ㄹ 수 없다 of what is
possible, 아니다 of a noun; beside them -기는커녕 and -ㄴ 줄 모르다. What only looks like one is left alone: 안내,
못지않다, 어이없다, 밝지 않나요?. What is negated twice is asserted again.

A negation turns the whole clause that it closes, for the words before the negated one are its subject and adverbs
(음질이 생각만큼 좋지 않다); before a noun it turns little but its own word. Adverbs that live on negation (별로, 전혀)
say nothing of themselves there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

# Chosen on the material named in `korean`.
_BEFORE_NOUN = 0.3  # how much of its clause a negation turns before a noun: 정말 재미없는 영화, whose 정말 stays
_REACH = 4  # words before the negated one that are negated with it, within the clause

# A word is what stands between blanks; every text begins and ends with one.
_LONG_FORM = re.compile(
    r"(?<= )(?P<what>[^ \n]*?[^ \n까])(?<! [못마머])"  # not 못지않다, 마지않다, 머지않다
    r"(?P<op>(?:지|진|질)[는도를가만]? ?"
    r"(?P<stem>않|못|안(?=[다아았고네는음을습은])|아니(?=하|한)|말(?=[아고길자라란지았]| 것)|맙"
    r"|마(?=[세라시십요셔 ]))[^ \n]*)"
)
_LONG_KIND = {"않": "지않", "안": "지않", "아니": "지않", "못": "지못", "말": "지말", "맙": "지말", "마": "지말"}
_TAG_QUESTION = re.compile(r"않(?:나요?|니|냐|을까|은가|아요?\?|습니까|는가)")
_SHORT_FORM = re.compile(
    r"(?<= )(?!안 그래도)(?P<op>(?:안|못)(?= )"
    r"|안(?!이 |[녕내전경심정타방성습쓰의에은과도건보감산락식착기부주개다고아팎길양])|못(?![하해했한할합함생되된난지]))"
    r" ?(?P<what>[^ \n]+)"
)
_INABILITY = re.compile(r"(?<= )(?P<what>[^ \n]+)(?<![지진질])(?<!지[는도를가만]) (?P<op>못[하해했한할합함][^ \n]*)")
_ABILITY = re.compile(r"(?<= )(?P<what>[^ \n]+) ?(?P<op>수[가는도]? ?(?P<be>[있없])[^ \n]*)")
_EXISTENCE = re.compile(
    r"(?<= )(?:(?P<noun>[^ \n]+) (?:(?:전혀|별로|하나도|1도|조금도) )?)?(?P<stem>[^ \n]*?)"
    r"(?<!어이|상관|틀림|끊임|아낌|빠짐|어김|변함|하염|거침|다름)(?P<op>(?P<be>[있없])[^ \n]*)"
)
_DENIAL = re.compile(
    r"(?<= )(?P<what>[^ \n]+(?: (?:건|게|거|것[은이도]?|편[은이도]|정도[는도]))?(?<!뿐)(?<!뿐만)) "
    r"(?P<op>(?:아니[다에었였네고지야라며면요더죠]|아닌|아닙|아님|아녔)[^ \n]*)"
)
_LET_ALONE = re.compile(r"(?<= )(?P<what>[^ \n]+?)(?P<op>(?:기는|긴|은|는)?커녕)(?= )")
_UNAWARE = re.compile(r"(?<= )(?P<what>[^ \n]+[은는던한운]) ?(?P<op>줄[은도]? ?(?:모르|몰[라랐])[^ \n]*)")
# Adverbs that go with negators (부정극어): of themselves they say nothing there.
_POLARITY = re.compile(r"(?<= )(?:별로|전혀|그다지|하나도|딱히|결코|절대로?|도무지|조금도|1도) ")
_SUBJECT = ("이", "가", "은", "는", "도")
# NFKC has made ㅋㅋ and ㅠㅠ letters of the block U+1100.
_CLAUSE_END = re.compile(
    r'[.,!?~;:"^\u1100-\u11ff]|(?<![최사광보])고$|지만$|[는은인한운른던했였았었]데$|(?<!에)서$|[하되이으은]면$'
    r"|니까$|며$|하나$|[아어]도$|[었았했였겠]지$"
    r"|(?<=[가-힣])(?:(?<![보마])다|[요죠까냐함듯]|(?<![게모책])임|(?<!동)네|(?<![처마다])음)$"  # no full stop needed
)


class Negation(NamedTuple):
    """An operator found in a text (부정 표현): where it stands, what it works on, by what factor, and its kind.

    `spread` is the share of the factor that the words before it in its clause take.
    """

    start: int
    end: int
    what: tuple[int, int]
    factor: float
    kind: str
    spread: float


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
            yield _negation(found, _LONG_KIND[found["stem"]])
    for found in _SHORT_FORM.finditer(text):
        yield _negation(found, found["op"])
    for pattern, kind in ((_INABILITY, "못하"), (_DENIAL, "아니"), (_LET_ALONE, "커녕"), (_UNAWARE, "줄모르")):
        for found in pattern.finditer(text):
            yield _negation(found, kind)
    for found in _ABILITY.finditer(text):
        yield _negation(found, f"수{found['be']}", factor=-1.0 if found["be"] == "없" else 1.0)
    for found in _EXISTENCE.finditer(text):
        yield from _existence(found)


def _negation(found: re.Match[str], kind: str, *, what: str = "what", factor: float = -1.0) -> Negation:
    spread = 0.0 if factor > 0 else _BEFORE_NOUN if _before_noun(found) else 1.0
    return Negation(*found.span("op"), found.span(what), factor, kind, spread)


def _before_noun(found: re.Match[str]) -> bool:
    """Whether the negated predicate ends in ㄴ or ㄹ, as before a noun (관형사형): 재미없는, 안 좋은."""
    last = found[0].rstrip()[-1]
    return "가" <= last <= "힣" and (ord(last) - 0xAC00) % 28 in (4, 8)


def _existence(found: re.Match[str]) -> Iterator[Negation]:
    """Read N이 있다, N이 없다 and N없다; 재미있다 and the 있 of tenses stay words as they are."""
    what = "stem" if found["stem"] else "noun"
    operand = found[what]
    if operand and (found["be"] == "없" or operand.endswith(_SUBJECT)):
        factor = -1.0 if found["be"] == "없" else 1.0
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


def signs(text: str) -> tuple[np.ndarray, np.ndarray, list[tuple[int, str]]]:
    """Return each character's factor, whether it belongs to an operator, and the operators' places and kinds."""
    factor, operator = np.ones(len(text), np.float32), np.zeros(len(text), bool)
    found = list(negations(text))
    heads = {at: n.what[0] for n in found for at in range(n.start, n.end)}
    for negation in found:
        first, last = negation.what
        first = heads.get(first, first)  # what is negated is itself a negation: 좋지 않은 건 아니다
        factor[first - 1 : last] *= negation.factor  # with the blank before, which marks the word's beginning
        if negation.spread:
            begin = min(first, negation.start)
            clause = _clause_start(text, begin) - 1
            factor[clause : begin - (first < negation.start)] *= -negation.spread
            for adverb in _POLARITY.finditer(text, clause, negation.start):
                operator[adverb.start() : adverb.end() - 1] = True
        operator[negation.start : negation.end] = True
    return factor, operator, [(negation.start, negation.kind) for negation in found]
