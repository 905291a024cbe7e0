import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis.listening.texts import cues
from smm_analysis.listening.texts.cues import TALK, find_cues, flag_talk, hashed_strings, normal_words

# our own sentences, as people write them; no sentence of the virtual brand
SAID = {
    "question": [
        "이거 방수 되나요?",
        "재입고는 언제쯤 될까요",
        "사이즈 교환 가능한지 궁금합니다",
        "어디서 살 수 있어요?",
        "혹시 해외 배송도 하시는지요",
        "충전기는 따로 사야 하는가요?",
        "영업시간이 몇 시까지예요?",
        "주문 취소하려면 어떻게 해야 하죠?",
        "이 제품 220V 맞죠?",
        "How long does shipping take?",
        "does anyone know if this fits a 14 inch laptop",
        "is there any way to get a receipt",
    ],
    "help": [
        "설정에서 알림을 끄면 됩니다",
        "고객센터에 전화해 보세요, 바로 처리해 줘요",
        "저도 그랬는데 재부팅하니 해결됐어요",
        "앱을 지웠다가 다시 깔아 보세요",
        "You can reset it by holding the button",
        "Try clearing the cache first",
        "Hope this helps!",
    ],
    "defence": [
        "저는 3년째 쓰는데 문제없었어요",
        "너무 몰아가지 맙시다",
        "사실 확인될 때까지 기다려 봅시다",
        "직원분이 바로 교환해 주셨어요",
        "사람이 하는 일인데 실수할 수도 있죠",
        "Never had a problem with them",
        "Give them a break, it's the courier's fault",
        "mine works fine for me",
    ],
    "thanks": ["빠른 답변 감사합니다", "덕분에 잘 해결했어요", "고마워요!", "thanks a lot", "really appreciate it"],
    "complaint": [
        "고장 났어요",
        "배송이 늦어서 실망했습니다",
        "The screen arrived broken",
        "still waiting for a reply",
    ],
    "distrust": ["광고에 속았네요", "이제 못 믿겠어요", "후기가 조작 같아요", "I don't trust this shop any more"],
    "trust": ["믿고 삽니다", "재구매했어요", "역시 품질이 좋네요", "a reliable shop"],
}
NOT_SAID = {
    "question": [
        "이게 말이 되나요?",
        "장난하시나요? 정말 너무하네요",
        "누가 이 돈 주고 사겠어요?",
        "언제나 응원합니다",
        "Are you kidding me?",
    ],
    "help": [
        "누가 좀 도와주세요",
        "아무 도움이 안 되네요",
        "어떻게 하면 되나요?",
        "You should be ashamed of yourselves",
    ],
    "defence": [
        "바로 해결해 주세요",
        "한 번도 답을 못 받았어요 연락이 없어요",
        "They never replied",
        "언제 교환해 주나요?",
    ],
    "thanks": ["감사원 감사 결과가 나왔습니다", "thanks for nothing", "no thanks"],
    "complaint": ["불편함 없이 잘 쓰고 있어요", "no complaints so far"],
    "distrust": ["의심의 여지가 없는 최고예요", "no doubt the best"],
    "trust": ["믿을 수 없는 곳이에요", "I don't trust them"],
}

EVERYTHING = [text for kind in SAID.values() for text in kind]


@pytest.mark.parametrize("kind", SAID)
def test_a_kind_of_talk_is_found_and_its_look_alikes_are_not(kind):
    said, not_said = (flag_talk(texts[kind])[kind].tolist() for texts in (SAID, NOT_SAID))
    assert all(said), [text for text, found in zip(SAID[kind], said, strict=True) if not found]
    assert not any(not_said), [text for text, found in zip(NOT_SAID[kind], not_said, strict=True) if found]


def test_the_index_is_kept_and_missing_texts_say_nothing():
    texts = pd.Series(["고마워요", None, float("nan"), "", "  ", pd.NA], index=list("uvwxyz"))
    talk = flag_talk(texts)
    assert talk.index.equals(texts.index) and tuple(talk) == TALK
    assert set(talk.dtypes) == {np.dtype(bool)}
    assert talk.loc["u", "thanks"] and not talk.loc[list("vwxyz")].any(axis=None)


@pytest.mark.parametrize("empty", [[], pd.Series([], dtype=object), pd.Series([], dtype="str")])
def test_no_texts_give_an_empty_table(empty):
    assert flag_talk(empty).shape == (0, len(TALK))


def test_numbers_are_refused():
    with pytest.raises(TypeError, match="texts must be text or missing"):
        flag_talk(pd.Series(["좋아요", 3]))


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_hangul_in_parts_reads_the_same(form):
    texts = [text for part in (SAID, NOT_SAID) for kind in part.values() for text in kind]
    again = flag_talk([unicodedata.normalize(form, text).upper() for text in texts])
    pd.testing.assert_frame_equal(flag_talk(texts), again)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=40), st.sampled_from(EVERYTHING)), max_size=12),
    st.randoms(),
)
def test_a_text_is_read_alone_whatever_stands_around_it(texts, random):
    order = random.sample(range(len(texts)), len(texts))
    shuffled = flag_talk([texts[i] for i in order])
    pd.testing.assert_frame_equal(flag_talk(texts).loc[order].reset_index(drop=True), shuffled)


def naive_strings(text):
    """Every string of one to three letters, hashed letter by letter in Python's whole numbers."""
    text, found = f" {text} ", []
    for length in (1, 2, 3):
        for start in range(len(text) - length + 1):
            mixed = 0
            for letter in text[start : start + length]:
                mixed = (mixed * 0x9E3779B97F4A7C15 + ord(letter) + 1) * 0xD1B54A32D192ED03 % 2**64
            found.append(mixed >> (64 - 14))
    return sorted(found)


def test_strings_are_hashed_as_a_slow_oracle_does():
    texts = ["가", "", "배송이 늦어요", "a😀b"]
    buckets, owners = hashed_strings(normal_words(pd.Series(texts)))
    for row, text in enumerate(texts):
        assert sorted(buckets[owners == row].tolist()) == naive_strings(text)


def test_the_reader_adds_to_the_cues_in_korean_only():
    texts = pd.Series(["이런 걸 돈 받고 팔다니", "it rains today", "고장 났어요"])
    words, talk = normal_words(texts), flag_talk(texts)
    assert find_cues(words, "complaint").tolist() == [False, False, True]
    assert talk["complaint"].tolist() == [True, False, True]


def test_long_lists_are_hashed_in_parts_to_the_same_end(monkeypatch):
    texts = EVERYTHING * 3
    whole = flag_talk(texts)
    monkeypatch.setattr(cues, "_CHUNK", 7)
    pd.testing.assert_frame_equal(flag_talk(texts), whole)


def test_the_reader_fits_in_a_small_file():
    path = cues.files("smm_analysis.listening.texts").joinpath("cues_ko.npz")
    assert len(path.read_bytes()) < 40_000
    assert cues._reader().weights.shape == (len(cues.READ), cues.BUCKETS)
    assert cues._reader().weights.dtype == np.int8


def test_a_hostile_text_takes_no_time():
    assert not flag_talk(["a" * 1_000_000, "왜 " * 300_000]).empty
