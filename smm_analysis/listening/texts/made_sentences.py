"""Short sentences from a lexicon of customers' words, plain and negated (어휘로 만든 문장), to teach a model with.

Film-goers do not say that a parcel came late or that a clerk was kind. `customer_words.tsv` says which words of
customers please and which displease; each entry becomes sentences in the endings that people write, and their
negations, whose sign is turned: so the words are learnt as what negators turn, and the negators as what turns them.
The class `advice` is of verbs that tell by being urged or forbidden: 가세요 pleases, 가지 마세요 does not, and 피하다
the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
_HELPERS = ("주", "내", "드리", "보", "놓", "두", "버리")  # verbs after another one's 아/어 form (보조 용언)
_CLOSINGS = ["", "", "", "."]
# What customers begin with: when, where, who, how they came by it. It says neither good nor bad, whatever follows.
_OPENINGS = (
    """
지난주에 / 어제 / 오늘 아침에 / 주말에 / 저번 달에 / 작년에 / 올여름에 / 겨울에 / 생일에 / 퇴근길에 / 점심때 /
새벽에 / 휴가 때 / 이사하고 / 처음으로 / 이번에 / 매번 / 두 번째로 / 오랜만에 / 며칠 동안 / 일 년 내내 / 한
달째 / 벌써 세 달째 / 오늘도 / 여전히 / 역시 / 솔직히 / 개인적으로 / 제 생각에는 / 제가 보기에는 / 다들 그러는데
/ 남편 말로는 / 엄마 말로는 / 우리 동네 / 회사 근처 / 집 앞 / 역 앞 / 저희 집 / 우리 집 / 우리 아이 / 우리
회사 / 학교 앞 / 시장 안 / 백화점 / 지하상가 / 제주도 / 부산 / 강남 / 여기 / 거기 / 이곳 / 이번 여행에서 /
이 제품 / 이 집 / 이 브랜드 / 이 회사 / 이번 신상 / 새로 산 / 이번에 산 / 선물로 받은 / 친구가 사 준 /
인터넷에서 산 / 매장에서 산 / 세일 때 산 / 직구로 산 / 온라인으로 주문한 / 써 보니 / 며칠 써 봤는데 / 받아 보니
/ 받아 봤는데 / 시켜 봤는데 / 먹어 보니 / 입어 보니 / 신어 봤는데 / 가 봤는데 / 다녀왔는데 / 전화했는데 /
물어봤는데 / 한 달 썼는데 / 일 년 쓰고 보니 / 빨아 봤는데 / 발라 봤는데 / 설치하고 보니 / 켜 봤는데 / 들어 봤는데
/ 읽어 보니 / 타 봤는데 / 묵어 봤는데 / 아이랑 갔는데 / 부모님 모시고 갔는데 / 친구랑 갔는데 / 혼자 갔는데 / 후기
보고 샀는데 / 광고 보고 갔는데 / 비 오는 날 / 출장 가서 / 결혼식 날 / 명절에 / 연말에 / 월요일마다 / 아침마다 /
밤마다 / 매일 / 가끔 / 처음에는 / 나중에는 / 결국 / 아무튼 / 그런데 / 그리고 / 근데 / 일단 / 사실 / 주문하고
나서 / 결제하고 나서 / 예약하고 갔을 때 / 동생이 / 엄마가 / 남편이 / 아내가 / 친구가 / 아버지가 / 할머니가 /
조카가 / 우리 딸이 / 우리 아들이 / 옆집에서 / 이웃집 / 아파트 / 사무실에서 / 거실에서 / 부엌에서 / 욕실에서 /
차에서 / 밖에서 / 집에서 / 해외에서 / 앱에서 / 홈페이지에서 / 고객 센터 / 본사 / 대리점 / 담당 직원 / 젊은 직원
/ 아르바이트 학생 / 창구 직원 / 사장님이랑 / 선생님이 / 기사님이
""".replace("\n", " ")
    .strip()
    .split(" / ")
)


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
    entries = list(entries)
    topics = sorted({subject for entry in entries for subject in entry.subjects})
    for entry in entries:
        for forms, sign in ((plain_forms(entry), entry.sign), (negated_forms(entry), -entry.sign)):
            for form in rng.choice(forms, min(each, len(forms)), replace=False):
                yield _sentence(entry, str(form), topics, rng), int(sign > 0)
        for form in rng.choice(twice_negated_forms(entry), 1):
            yield _sentence(entry, str(form), topics, rng), int(entry.sign > 0)


def _sentence(entry: Entry, form: str, topics: Sequence[str], rng: np.random.Generator) -> str:
    """A form, mostly after what it is said of, and at times after an opening; of no subject, after any at times."""
    parts = [form + str(rng.choice(_CLOSINGS))]
    subjects = entry.subjects or (topics if rng.random() < 0.5 else ())
    if subjects and rng.random() < 0.7:
        subject = subjects[rng.integers(len(subjects))]
        marked = (subject, particle(subject, "이가"), particle(subject, "은는"), subject + "도")
        parts.insert(0, str(rng.choice(marked, p=[0.1, 0.45, 0.35, 0.1])))
    if rng.random() < 0.4:
        parts.insert(0, _OPENINGS[rng.integers(len(_OPENINGS))])
    return " ".join(parts)


def plain_forms(entry: Entry) -> list[str]:
    """Return what says that it is so (긍정형)."""
    if entry.kind == "noun_exist":
        return _existing(entry.predicate, _THERE_IS)
    if entry.kind == "noun_be":
        return [*_being(entry.predicate)]
    if entry.kind == "advice":
        return _urged(_of(entry))
    word = _of(entry)
    forms = _endings(word)
    strong = [f"{_STRONG[i % len(_STRONG)]} {form}" for i, form in enumerate(forms[:18])]
    if entry.kind == "adj":
        return forms + strong
    able = [f"{word.prospective} 수 {end}" for end in _endings(_THERE_IS)[:6]]
    return forms + strong + able + _well(entry, "잘")


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
        unable = _short(word, "못")
        once += _prevented(word) + (unable if entry.sign > 0 else unable[::4])  # one seldom says so of what is bad
        once += _well(entry, "잘 안") + _well(entry, "잘 못")
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
        word.honorific + "네요",
        word.honorific[:-1] + "셨어요",
        with_final(word.honorific, "ㅂ") + "니다",
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
    if cut and word.is_verb and word.stem[cut:] in _HELPERS and word.stem[cut - 2] not in "을를이가도에로":
        cut = word.stem.rfind(" ", 0, cut - 1) + 1  # 안 도와 줘요
    return form[:cut], form[cut:]


def _well(entry: Entry, adverb: str) -> list[str]:
    """잘 나와요, 잘 안 나와요: of what pleases."""
    known = entry.sign < 0 or "잘 " in entry.predicate
    return [] if known else _short(_of(entry), adverb)[:20:2]


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
    ends = ("마세요", "말아요", "마시길", "마라", "말길 바라요", "마십시오", "마요", "마", "마시고요", "맙시다", "말자")
    ends += ("말라고 하고 싶어요", "마셔요")
    forms = [f"{word.stem}지 {end}" for end in ends]
    return forms + [f"{first} {form}" for first in ("절대", "다들") for form in forms[:6]]
