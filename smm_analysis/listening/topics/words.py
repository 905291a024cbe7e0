"""Words fit for counting, Korean and English, of any text (말뭉치의 낱말).

A Korean word as written (어절) carries particles and endings: 배송이, 배송은 and 배송을 are one word, yet 고양이 is not
고양 with a particle. Which of the two it is, the texts themselves tell: an ending is cut if what is left is seen more
often with *other* endings than the whole is seen with endings of its own. No dictionary, no model.

>>> found = words(["배송이 늦어요", "배송은 언제", "고양이가 배송을", "고양이는 귀여워", "Deliveries", "a delivery"])
>>> [found.vocabulary[code] for code in found.word]
['배송', '늦다', '배송', '언제', '고양이', '배송', '고양이', '귀여워', 'delivery', 'delivery']
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

LONGEST = 30  # letters; what is longer is no word
_RARE, _WELL_KNOWN = 3, 10  # times seen: a form seen less is looked at for a noun seen so often at its head
_COMMON_VERBS = "하되가오보주있없않같나봐와해"
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # zero width, direction overrides
_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|@[\w.]+|\[(?:email|phone|link|number)\]")
_LETTERS = re.compile("[^\\W_\u1100-\u11ff\u3130-\u318f]+")  # words of letters and digits; ㅋㅋ and ㅠㅠ are none
_APOSTROPHES = re.compile(r"(?<=[a-z])['’](?=[a-z])")


@dataclass(frozen=True)
class Words:
    """Texts as numbers (낱말 목록): `word[i]` is the code, in `vocabulary`, of the i-th word in reading order.

    `row[i]` is the position of its text, `place[i]` its place in it, stop words counted, so that neighbours can be
    told; `n_texts` counts all texts given, of which `n_missing` were missing.
    """

    vocabulary: np.ndarray
    word: np.ndarray
    row: np.ndarray
    place: np.ndarray
    n_texts: int
    n_missing: int


def words(texts: Iterable[str | None], *, known: Iterable[str] | None = None) -> Words:
    """Cut texts into words for counting (낱말 자르기), without endings, stop words, addresses, handles and numbers.

    NFKC and lower case; invisible and direction-changing characters are dropped, so what comes out is letters and
    digits only. English plurals, -ing and -ed are folded where the shorter form is seen in the same texts. The forms
    depend on the texts they are learnt from; give `known` to have words brought to the forms of an earlier call.

    Parameters
    ----------
    texts : any text; missing ones (None, NaN) are counted and have no words.
    known : the only words looked for, in the form an earlier call gave; all others are left out.
    """
    index: dict[str, int] = {}
    codes, sizes, missing = array("q"), array("q"), 0
    for text in texts:
        parts = _parts(text) if isinstance(text, str) else ()
        missing += not isinstance(text, str)
        sizes.append(len(parts))
        codes.extend([index.setdefault(part, len(index)) for part in parts])
    codes, sizes, forms = np.array(codes), np.array(sizes), list(index)
    bases = _bases(Counter(dict(zip(forms, np.bincount(codes, minlength=len(forms)).tolist(), strict=True))))
    if known is not None:
        bases = _nearest(forms, bases, frozenset(known))
    base_codes, vocabulary = pd.factorize(np.array(bases, dtype=object))  # None, a stop word, becomes -1
    word = base_codes.astype(np.int32)[codes]
    row = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    place = (np.arange(len(word)) - np.repeat(np.cumsum(sizes) - sizes, sizes)).astype(np.int32)
    kept = word >= 0
    return Words(vocabulary, word[kept], row[kept], place[kept], len(sizes), missing)


def forms_of(vocabulary: Iterable[str], known: Iterable[str]) -> np.ndarray:
    """Whether each word is one of the known ones (as anybody writes them), or one of them with an ending (변화형)."""
    plain = frozenset(part for text in known for part in _parts(text))
    return np.array([word is not None for word in _nearest(vocabulary, vocabulary, plain)], dtype=bool)


def _parts(text: str) -> list[str]:
    """Return the words of a text as written, in lower case."""
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub("", text)).lower()
    if any(mark in plain for mark in ("@", "www.", "://", "[")):
        plain = _ADDRESSES.sub(" ", plain)
    found = _LETTERS.findall(_APOSTROPHES.sub("", plain))
    return [part for part in found if not part[0].isdigit() and len(part) <= LONGEST]


# --- from a form to its base -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """What the texts show: how often each form was seen (`counts`), and how often it or it with an ending (`support`).

    `predicates` are stems seen more often with endings of verbs and adjectives than with particles.
    """

    counts: Counter[str]
    support: Counter[str]
    predicates: frozenset[str]


def _bases(counts: Counter[str]) -> list[str | None]:
    """Return each form's base as the forms' own counts suggest, None for stop words."""
    support, as_noun, as_predicate = Counter(counts), Counter(counts), Counter()
    unclear = _particles() | _nominal()  # 쓰레기는 is no evidence of 쓰레다, nor 광고 of 광다
    for form, count in counts.items():
        for stem, ending in _cuts(form):
            support[stem] += count
            if ending not in _predicates():
                as_noun[stem] += count
            elif len(ending) > 1 and ending not in unclear:
                as_predicate[stem] += count
    seen = _Seen(counts, support, frozenset(stem for stem, n in as_predicate.items() if n > as_noun[stem]))
    known = {stem for stem, count in support.items() if count >= _WELL_KNOWN and len(stem) > 1 and stem >= "가"}
    nouns = known - seen.predicates
    bases = (_base(form, seen) for form in list(counts))
    bases = (_base(base, seen) for base in bases)  # once more: 좋은게 is 좋은 is 좋다
    bases = (base if support[base] >= _RARE else _head(base, nouns) for base in bases)
    return [None if _is_stop(base) else base for base in bases]


def _base(form: str, seen: _Seen) -> str:
    if form.isascii():
        bases = [] if form in _stops() else [base for base in _foldings(form) if base in seen.counts]
        return max(bases, key=lambda base: seen.counts[base], default=form)  # making is make, though someone wrote mak
    cuts = () if _is_stop(form) else _cuts(form)  # longest ending first
    return next((base for cut in cuts if (base := _without(form, *cut, seen))), form)


def _without(form: str, stem: str, ending: str, seen: _Seen) -> str:
    """Return the base that is left without an ending; "" where it looks like a part of the word itself."""
    elsewhere = seen.support[stem] - seen.support[form]
    of_its_own = seen.support[form] - seen.counts[form]  # how often the form carries endings
    if stem in seen.predicates and ending in _predicates():
        often = ending in "은는을아어다" or 2 * of_its_own <= seen.counts[form]
        if len(stem) > 1 or (_closed(stem) and often):
            return stem.removesuffix("다") + "다"  # 늦어요, 늦게: the dictionary form; but 가게, 최고 are nouns
        return ""
    if len(stem) == 1:
        clear = len(ending) > 1 or elsewhere > max(3 * of_its_own, seen.counts[form])  # 끝까지
        return stem if _closed(stem) and clear and ending in _particles() else ""
    if ending in _nominal():
        return ""  # 쓰레기는, 강아지가
    cut = (len(ending) > 1 and of_its_own == 0) or ending in "을를" or elsewhere > of_its_own
    return stem if cut else ""


def _head(form: str, nouns: set[str]) -> str:
    """Return the well-known noun that a rare form begins with (배송왔어요): many leave out spaces."""
    return next((form[:length] for length in range(len(form) - 1, 1, -1) if form[:length] in nouns), form)


def _is_stop(form: str) -> bool:
    """Whether it is a stop word, or a form of the verbs that stand in any talk: 하는데, 있네, 봐야."""
    if form in _stops() or form[0] not in _COMMON_VERBS:
        return form in _stops()
    ending = form[1:]
    return ending in _predicates() and (len(ending) > 1 or ending == "는" or form[0] in "있없않같")


def _closed(stem: str) -> bool:
    """Whether a syllable ends in a consonant; one that does not is too often the first half of a noun."""
    return (ord(stem[-1]) - ord("가")) % 28 > 0


def _nearest(forms: Iterable[str], bases: Iterable[str | None], known: frozenset[str]) -> list[str | None]:
    """Return for each form the known word that it is, or is with an ending; None where there is none."""

    def nearest(form: str, base: str | None) -> str | None:
        if base in known:
            return base
        stems = _foldings(form) if form.isascii() else (s for stem, _ in _cuts(form) for s in (stem, stem + "다"))
        return form if form in known else next((stem for stem in stems if stem in known), None)

    return list(map(nearest, forms, bases))


def _cuts(form: str) -> Iterator[tuple[str, str]]:
    """Yield (stem, ending) for each ending that the form may carry, longest first, where the sounds agree."""
    if not "가" <= form[-1] <= "힣":
        return
    for length in range(min(_longest(), len(form) - 1), 0, -1):
        stem, ending = form[:-length], form[-length:]
        if ending in _endings() and _agree(stem[-1], ending) and not (length == len(form) - 1 and ending[0] in "들님"):
            yield stem, ending


def _agree(last: str, ending: str) -> bool:
    """Whether an ending may follow: 은 이 을 과 으로 follow a final consonant, 는 가 를 와 로 none."""
    if not "가" <= last <= "힣":
        return True
    final = (ord(last) - ord("가")) % 28
    if ending[0] in "은을과" or ending.startswith(("으로", "이")):
        return final > 0
    if ending[:2] == "로" or ending.startswith(("로서", "로는", "로도", "로만")):
        return final in (0, 8)  # none, or ㄹ
    return final == 0 if ending[0] in "는가를와" and ending not in _predicates() else True


def _foldings(form: str) -> Iterator[str]:
    """Yield what an English word may be a plural, -ing or -ed form of; ss, us and is do not end a plural."""
    for ending, bases in _ENGLISH_ENDINGS:
        stem = form.removesuffix(ending)
        if stem != form and len(stem) >= 3 and not form.endswith(("ss", "us", "is")):
            yield from (stem + base for base in bases)
            if ending in ("ing", "ed") and stem[-1] == stem[-2]:
                yield stem[:-1]  # shipping, shipped


_ENGLISH_ENDINGS = (
    ("ies", ("y",)),
    ("ied", ("y",)),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ing", ("", "e")),
    ("ed", ("", "e")),
)

# --- what may follow a word, and what is no word to count -------------------------------------------------------------

# particles, those that may follow a particle, and the copula
_CASES = """
이 가 은 는 을 를 의 에 에서 에게 에게서 한테 한테서 께 께서 와 과 랑 이랑 하고 로 으로 로서 으로서 로써 으로써 보다
처럼 같이 까지 부터 마다 조차 마저 만 도 밖에 뿐 대로 만큼 나 이나 라도 이라도 란 이란 요 이요 들 님
"""
_AFTER = """
은 는 도 만 의 요 이 가 을 를 에 에서 에게 로 으로 까지 부터 나 보다 한테 과 와
"""
_COPULA = """
이다 다 입니다 입니까 이에요 예요 이예요 에요 이네요 네요 이고 이며 이지만 인데 인데요 이라 라 이라고 라고 이라는 라는
이라서 라서 이었 였 이었어요 였어요 이었습니다 였습니다 인가요 인지 인 이죠 죠 이면 이니 이니까
"""
# what makes a verb of a noun (배송하다), and what may follow the stem of a predicate (늦다)
_HA = """
하 해 했 되 돼 됐 당하 당해 당했 시키 시켜 시켰
"""
_HA_SHORT = """
합니다 합니다만 한 할 함 합시다 합니까 한다 한다고 한다는 한데 할게요 할까요 한다면 할지 할수 됩니다 됩니까 된 될 됨
된다 된다고 된다는 된데 될까요 될지 해 해요 했다 했음 했던 하다 하던 돼 됐다 됐음 해서 하여 되어
"""
_PREDICATES = """
다 고 고요 고서 는 은 는데 은데 는데요 은데요 지 지만 지요 죠 지도 지가 지는 지를 게 게요 기 기도 기가 기는 기를 니
니까 으니까 으니 면 으면 면서 으면서 며 으며 려고 으려고 러 으러 어 아 어요 아요 어서 아서 어도 아도 어야 아야 어라
아라 었어요 았어요 었다 았다 었고 았고 었는데 았는데 었습니다 았습니다 었네요 았네요 었던 았던 었음 았음 습니다 습니까
습니다만 네 네요 네여 나요 나 는지 은지 던데 던데요 더라고요 더라구요 더군요 더라 거든요 거든 군요 구나 는군요 세요
으세요 시 신 십니다 십시오 셨어요 셨습니다 자 자마자 도록 음 는다 는다고 는다는 을 을게요 을까요 을까 을지 을수록 어여
아여 요 서 서요 도 야 야지 라 라고 서는 어주세요 아주세요 주세요 었으면 았으면 으나 겠다 겠어요 겠네요 겠습니다 겠지
겠지만 겠는데 겠죠 을까봐 을때 은데도 는데도 냐 느냐 은가 는가 던가
"""


@cache
def _particles() -> frozenset[str]:
    cases = _CASES.split()
    pairs = [case + after for case in cases if len(case) > 1 or case in "에로" for after in _AFTER.split()]
    return frozenset([*cases, *pairs, *(f"들{case}" for case in cases), *_COPULA.split()])


@cache
def _predicates() -> frozenset[str]:
    return frozenset(_PREDICATES.split())


@cache
def _nominal() -> frozenset[str]:
    """What makes a noun of a predicate; many nouns end alike."""
    return frozenset(noun + after for noun in "지기" for after in ["", *_particles()])


@cache
def _endings() -> frozenset[str]:
    of_doing = {light + ending for light in _HA.split() for ending in _PREDICATES.split()}
    past = {f"{light}{end}" for light in ("했", "됐") for end in ("어요", "습니다", "는데", "네요", "고", "던", "지만")}
    return _particles() | _predicates() | of_doing | past | set(_HA_SHORT.split())


@cache
def _longest() -> int:
    return max(map(len, _endings()))


@cache
def _stops() -> frozenset[str]:
    return frozenset(_KOREAN_STOPS.split()) | frozenset(_ENGLISH_STOPS.split())


# what stands in any talk whatever it is about; content words, also judging ones (좋다, good), stay
_KOREAN_STOPS = """
그리고 그런데 그래서 그러나 그러면 그러니 그러니까 그래도 그런 그럼 그냥 그렇게 그렇다 그러다 근데 또 또는 및 혹시
혹은 하지만 그게 그걸 그건 그거 그것 그 이 이런 이렇게 이거 이것 이건 이게 이걸 저 저런 저렇게 저거 저것 저는 저도
저희 제 제가 나 나는 나도 내 내가 너 너는 네 네가 우리 우리는 당신 여기 거기 저기 정말 정말로 진짜 진짜로 너무
너무너무 아주 매우 무척 꽤 참 좀 조금 많이 더 덜 가장 제일 잘 못 안 다 다들 모두 전부 모든 각 매 막 아예 완전 계속
자꾸 이미 벌써 아직 아직도 지금 이제 이번 이번에 요즘 오늘 어제 내일 다시 바로 먼저 나중에 때 때문 때문에 중 등 등등
것 거 게 건 걸 수 줄 데 분 분들 번 개 명 뿐 만큼 대로 정도 쪽 점 바 채 척 듯 듯이 왜 뭐 뭔 무슨 무엇 뭔가 어떤 어떻게
어디 어느 언제나 누가 누구 얼마나 있다 있는 있어 있어요 있고 있습니다 있으면 있을 있나요 있네요 없다 없는 없어 없어요
없고 없이 없습니다 없네요 하다 하는 하고 하면 하게 하지 해 해요 해서 했다 했어요 했는데 했습니다 합니다 한 할 함
하네요 하네 하세요 되다 되는 되고 되면 된 될 돼요 됩니다 됐어요 같다 같은 같아 같아요 같습니다 같이 같네요 이다 입니다
인데 이라 아니 아니다 아닌 아니고 아닙니다 아니라 아니면 예 아 어 오 와 음 응 흠 헉 네요 네여 보다 보고 보면 본 볼 봐
봐요 봤는데 주다 주세요 주는 준 줘 줘요 대해 대한 대해서 위해 위한 통해 따라 의해 관련 관련해서 함께 서로 자신 스스로
특히 역시 만약 아마 과연 거의 오히려 물론 항상 늘 가끔 자주 결국 즉 단지 오직 비록 약간 별로 절대 이후 이전 전 후 앞
뒤 위 아래 안녕하세요 안녕 두 세 한번 하나 둘 첫 그때 그동안 그대로 여러 다른 다르다 무조건 제발 일단 사실 원래 어차피
애들 사람 사람들 하나요 되나요 됐네요 했네요 여쭤볼게요 알 아시 아시는 계신가요 드립니다 드려요 않 않다 않은 않는 않아
않고 싶 싶다 싶은 싶어요 말다 못하다 못하는 못한 못해 알다 모르다 난 넌 넘 걍 딱 꼭 님 가 니 하 지 보 된다 한다 그래
그렇 마다 아무 아무것 가다 오다 받다 들다 나다 나오다 먹다 되겠 하겠 안되 안되다 안해 하시 하셨 했던 왔다 봤다 이젠 많
말고 보니 나의 되어 누군가 니가 나를 나만 지가 저게 이러다 하시다 아님 그런가 그런거 이런거 저건 그런건 이번엔 좀더
더이상 거야 뭐지 뭐냐 뭐가 비해 몇번 두번 두개 이때 그랬 그러 아닌가 아닌데 아닐까 해야 있는거 하는거 되는거 한거 할때
될듯 볼때 뭐다 아다 해다 여다 연다 혼다 처다 자체 만들다 많다 크다 큰 보이다 나와 날 애 남 몇 이상 이유
"""
_ENGLISH_STOPS = """
a about above after again against all also always am an and any anyone anything are arent as at be because been before
being below between both but by came can cant come could couldnt did didnt do does doesnt doing dont down during each
either else even ever every everyone everything few for from further get gets getting go goes going gone got had hadnt
has hasnt have havent having he her here hers herself him himself his how i id if ill im in into is isnt it its itself
ive just let lets like made make many may me might mine more most much must my myself neither never no nobody none nor
not nothing now of off often ok on once one only or other others our ours ourselves out over own per quite rather really
same say says said she should shouldnt since so some somebody someone something still such than that thats the their
theirs them themselves then there theres these they theyre theyve thing things think this those though through to too
two u under until up upon ur us very was wasnt way we well were werent weve what whats when where whether which while
who whom whose why will with within without wont would wouldnt yes yet you youd youll your youre yours yourself youve rt
via amp
"""
