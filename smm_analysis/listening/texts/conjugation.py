"""Korean verbs and adjectives in the forms of everyday writing (용언 활용), by arithmetic on syllables.

A predicate is given as its dictionary form and its 해요 form: the pair tells every irregular class there is (가볍다,
가벼워요: ㅂ falls out; 듣다, 들어요: ㄷ becomes ㄹ), so no list of classes is needed. Syllables are composed by the
arithmetic of Unicode, section 3.12.
"""

from __future__ import annotations

from dataclasses import dataclass

_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"


def final(syllable: str) -> str:
    """Return the last consonant of a syllable (받침), a blank if it has none.

    >>> final("볍"), final("벼")
    ('ㅂ', ' ')
    """
    return _FINALS[(ord(syllable) - 0xAC00) % 28]


def with_final(word: str, consonant: str) -> str:
    """Give the last syllable another last consonant (받침 바꾸기), none for a blank.

    >>> with_final("가벼워", "ㅆ"), with_final("만들", " ")
    ('가벼웠', '만드')
    """
    code = ord(word[-1]) - 0xAC00
    return word[:-1] + chr(0xAC00 + code - code % 28 + _FINALS.index(consonant))


def particle(noun: str, pair: str) -> str:
    """Return a noun with the particle that suits it (조사): `pair` is the one after a consonant and that after a vowel.

    >>> particle("배송", "이가"), particle("포장지", "은는")
    ('배송이', '포장지는')
    """
    bare = not "가" <= noun[-1] <= "힣" or final(noun[-1]) == " "
    return noun + pair[bare]


@dataclass(frozen=True)
class Predicate:
    """A verb or an adjective (용언) by its dictionary form and its 해요 form.

    >>> light = Predicate("가볍다", "가벼워요")
    >>> light.formal, light.past, light.nominal, light.modifier, light.prospective
    ('가볍습니다', '가벼웠', '가벼움', '가벼운', '가벼울')
    """

    dictionary: str
    haeyo: str
    is_verb: bool = False

    @property
    def stem(self) -> str:
        """What is left of the dictionary form without 다 (어간)."""
        return self.dictionary.removesuffix("다")

    @property
    def infinitive(self) -> str:
        """The 해요 form without 요 (아/어 형): 가벼워; of 이다 and 아니다, 이어 and 아니어."""
        return self.stem + "어" if self._is_copula else self.haeyo.removesuffix("요")

    @property
    def casual(self) -> str:
        """해체: 가벼워; of 이다 and 아니다, 이야 and 아니야."""
        return self.stem + "야" if self._is_copula else self.infinitive

    @property
    def _is_copula(self) -> bool:
        return self.haeyo.endswith(("에요", "예요")) and self.stem.endswith(("이", "니"))

    @property
    def past(self) -> str:
        """The stem of the past (과거 어간): 가벼웠."""
        return with_final(self.infinitive, "ㅆ")

    @property
    def formal(self) -> str:
        """합니다체: 가볍습니다, 빠릅니다, 힘듭니다."""
        if final(self.stem[-1]) in " ㄹ":
            return with_final(self.stem, "ㅂ") + "니다"
        return self.stem + "습니다"

    @property
    def plain(self) -> str:
        """해라체: 가볍다; of a verb, 쓴다, 먹는다."""
        if not self.is_verb:
            return self.dictionary
        return with_final(self.stem, "ㄴ") + "다" if final(self.stem[-1]) in " ㄹ" else self.stem + "는다"

    @property
    def nominal(self) -> str:
        """The clipped form of notes and reviews (명사형): 가벼움, 빠름, 힘듦."""
        base = self.open_stem
        return with_final(base, {" ": "ㅁ", "ㄹ": "ㄻ"}[final(base[-1])])

    @property
    def modifier(self) -> str:
        """What stands before a noun (관형사형): 가벼운; of a verb and of -있다, -없다, 쓰는, 맛있는."""
        if self.is_verb or self.stem.endswith(("있", "없")):
            return self._light_stem + "는"
        return with_final(self.open_stem, "ㄴ")

    @property
    def prospective(self) -> str:
        """The modifier of what may be (-ㄹ): 가벼울, 쓸."""
        return with_final(self.open_stem, "ㄹ")

    @property
    def contrast(self) -> str:
        """The clause that another one follows (-는데, -ㄴ데): 가벼운데, 쓰는데."""
        return self.modifier + "데"

    @property
    def surprise(self) -> str:
        """해체 of who finds it so (-네): 가볍네, 힘드네."""
        return self._light_stem + "네"

    @property
    def honorific(self) -> str:
        """The stem of what one asks others to do (-시-): 가시, 먹으시, 만드시."""
        base = self.open_stem
        return (with_final(base, " ") if final(base[-1]) == "ㄹ" else base) + "시"

    @property
    def request(self) -> str:
        """The polite request (-세요): 가세요, 먹으세요, 만드세요."""
        return self.honorific[:-1] + "세요"

    @property
    def _light_stem(self) -> str:
        """The stem before ㄴ and ㅅ: a ㄹ falls out."""
        return with_final(self.stem, " ") if final(self.stem[-1]) == "ㄹ" else self.stem

    @property
    def open_stem(self) -> str:
        """The stem before endings in 으 (가벼우-, 들으-, 좋으-, 빠르-), whatever its class, read off the 해요 form."""
        last, at = self.stem[-1], len(self.stem) - 1
        consonant = final(last)
        after = final(self.infinitive[at]) if at < len(self.infinitive) else " "
        if consonant in " ㄹ":
            return self.stem
        if consonant == "ㅂ" and after == " ":
            return with_final(self.stem, " ") + "우"
        if consonant == "ㅎ" and len(self.infinitive) == len(self.stem):
            return with_final(self.stem, " ")
        return (self.stem if after == consonant else with_final(self.stem, after)) + "으"
