import hashlib
import math
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis.listening.texts import korean, made_sentences, negation, train_korean
from smm_analysis.listening.texts.conjugation import Predicate
from smm_analysis.listening.texts.english import compound
from smm_analysis.listening.texts.sentiment import detect_language, score_sentiment

HERE = Path(__file__).parent
NSMC = os.environ.get("SMM_NSMC")
needs_nsmc = pytest.mark.skipif(
    not NSMC, reason="SMM_NSMC names no file of film reviews: see listening/texts/train_korean.py"
)


# --- scores ----------------------------------------------------------------------------------------------------------


def test_scores_keep_the_index_and_leave_out_what_has_no_letter():
    texts = pd.Series(["정말 좋아요", None, "", "  ", "!!! 123", "I love it", math.nan, "👍"], index=list("hgfedcba"))
    scores = score_sentiment(texts)
    assert scores.index.equals(texts.index)
    assert scores.notna().tolist() == [True, False, False, False, False, True, False, False]
    assert scores["h"] > 0.5


def test_a_duplicated_index_and_no_text_at_all_are_fine():
    twice = score_sentiment(pd.Series(["최고예요", "최악이에요"], index=[7, 7]))
    assert twice.index.tolist() == [7, 7]
    assert twice.iloc[0] > 0 > twice.iloc[1]
    empty = score_sentiment(pd.Series([], dtype="str"))
    assert (len(empty), empty.dtype) == (0, float)


def test_what_is_no_text_is_refused_by_row():
    with pytest.raises(TypeError, match=r"2 are not, first row 1: 3, row 2: b'x'"):
        score_sentiment(["좋다", 3, b"x"])


def test_english_is_vaders_compound_without_handles_and_links():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    plain = SentimentIntensityAnalyzer().polarity_scores("I really hate this phone")["compound"]
    assert score_sentiment(["I really hate this phone"])[0] == plain
    assert score_sentiment(["@Lovely_Best I really hate this phone https://happy.example/love"])[0] == plain
    assert compound(["@joy"]).tolist() == [0.0]


def test_the_language_can_be_given_for_all_or_for_each():
    texts = pd.Series(["awful 좋아요 좋아요", "Das ist gut", "great", "좋아요"], index=[3, 1, 2, 0])
    assert score_sentiment(texts, lang="en")[3] < 0 < score_sentiment(texts, lang="ko")[3]
    codes = pd.Series(["en-US", "de", None, "KO_kr"], index=texts.index)
    scores = score_sentiment(texts, lang=codes)
    assert scores[3] == score_sentiment(texts, lang="en")[3]
    assert math.isnan(scores[1])
    assert scores[2] > 0
    assert scores[0] == score_sentiment(["좋아요"])[0]


def test_an_unknown_language_or_other_index_is_refused():
    with pytest.raises(ValueError, match='lang must be "auto", "ko", "en"'):
        score_sentiment(["좋다"], lang="fr")
    with pytest.raises(ValueError, match="index of texts"):
        score_sentiment(pd.Series(["좋다"]), lang=pd.Series(["ko"], index=[9]))


def test_any_model_plugs_in_and_is_given_texts_with_letters_only():
    seen = []

    def model(texts):
        seen.extend(texts)
        return texts.str.len() / 100

    assert score_sentiment(pd.Series(["좋다", None, "...", "最高"], index=[4, 3, 2, 1]), model=model)[4] == 0.02
    assert seen == ["좋다", "最高"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda texts: texts.str.len() + 1.0, "from -1 to 1; 2 scores are beyond, first 3"),
        (lambda texts: pd.Series([0.0]), "score for each of the 2 texts"),
        (lambda texts: pd.Series([0.0, 0.0], index=[5, 6]), "with their index"),
    ],
)
def test_a_model_that_answers_out_of_place_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        score_sentiment(["좋다", "싫다"], model=model)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=8))
def test_any_text_scores_within_bounds_and_by_itself(texts):
    scores = score_sentiment(texts)
    assert scores.dropna().between(-1, 1).all()
    one_by_one = [score_sentiment([text]).iloc[0] for text in texts]
    assert np.allclose(scores, one_by_one, equal_nan=True, atol=1e-6)


def test_chunks_do_not_change_scores(monkeypatch):
    texts = ["배송이 빠르지 않다", "추천 안 해요", "나쁘지 않네요", "a\nb 좋다"] * 5
    whole = korean.shipped_model().logits(texts)
    monkeypatch.setattr(korean, "chunked", lambda texts: ([text] for text in texts))
    assert korean.shipped_model().logits(texts) == pytest.approx(whole)


def test_a_megabyte_of_comment_is_scored():
    for unit in ("좋지않", "가", "안 ", "@", "없 ", "못 하지 ", "\u202e<script>"):
        assert -1 <= score_sentiment([(unit * 1_000_000)[:100_000] + " 좋다"])[0] <= 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("아이폰 16 Pro Max 카메라 진짜 최고", "ko"),
        ("ㅋㅋㅋㅋ", "ko"),
        ("I saw 방탄 live", "en"),
        ("これは最高です", "other"),
        ("Отлично", "other"),
        ("123 !!", "other"),
        ("@김철수 https://example.org/한글 ok", "en"),
    ],
)
def test_the_language_is_told_by_the_letters(text, language):
    assert detect_language([text])[0] == language


# --- Korean: letters, negators ---------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30))
def test_letters_are_the_canonical_decomposition(text):
    import unicodedata

    text = unicodedata.normalize("NFC", text)
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    letters, origin = korean._letters(codes)
    hangul_only = "".join(unicodedata.normalize("NFD", c) if "가" <= c <= "힣" else c for c in text)
    assert "".join(map(chr, letters)) == hangul_only
    assert len(origin) == len(letters)


def test_features_are_those_of_a_naive_count():
    """Against dictionaries of n-grams, a text at a time."""
    texts = {"안 좋다": " ", "재미가 없다 정말": " ", "hello 그게 뭐 ㅋㅋㅋ": " 뭐"}  # and where the emphasis begins
    grams = korean.ngrams(list(texts))
    for i, (text, stress) in enumerate(texts.items()):
        line = korean.normalise([text])
        factor, operator, marks = negation.signs(line)
        letters, origin = korean._letters(np.frombuffer(line.encode("utf-32-le"), np.uint32))
        stressed = korean._EMPHASIS * (origin >= line.index(stress)) + (origin < line.index(stress))
        expected = []
        for order in korean.ORDERS:
            for at in range(len(letters) - order + 1):
                chars = origin[at : at + order]
                if not operator[chars].any() and len(set(factor[chars])) == 1:
                    expected.append((tuple(letters[at : at + order].tolist()), float(factor[chars[0]] * stressed[at])))
        expected += [(("negated", *gram), -value) for gram, value in expected if value < 0]
        assert (grams.row == i).sum() == len(expected) + len(marks)
        total = sum(value for _, value in expected) + korean._MARK * len(marks)
        assert grams.value[grams.row == i].sum() == pytest.approx(
            total / math.sqrt(len(expected) + len(marks)), rel=1e-4, abs=1e-4
        )


@pytest.mark.parametrize(
    ("text", "operator", "what"),
    [
        ("화면이 밝지 않다", "지 않다", "밝"),
        ("밝지는않아요", "지는않아요", "밝"),
        ("밝지 못했다", "지 못했다", "밝"),
        ("밝지 안다", "지 안다", "밝"),
        ("걱정하지 마세요", "지 마세요", "걱정하"),
        ("안 밝아요", "안", "밝아요"),
        ("안밝아요", "안", "밝아요"),
        ("못 갔다", "못", "갔다"),
        ("칭찬 못해요", "못해요", "칭찬"),
        ("색이 없다", "없다", "색이"),
        ("색없다", "없다", "색"),
        ("볼 수 없다", "수 없다", "볼"),
        ("오지 마", "지 마", "오"),
        ("오지 맙시다", "지 맙시다", "오"),
        ("오지 말라고 했다", "지 말라고", "오"),
        ("효과 전혀 없다", "없다", "효과"),
        ("웃기기는커녕 졸리다", "기는커녕", "웃기"),
        ("추운 줄 몰랐다", "줄 몰랐다", "추운"),
        ("명작은 아니더라", "아니더라", "명작은"),
        ("최고는 아니다", "아니다", "최고는"),
    ],
)
def test_negators_are_found(text, operator, what):
    line = korean.normalise([text])
    found = [(line[n.start : n.end], line[slice(*n.what)]) for n in negation.negations(line) if n.factor < 0]
    assert found == [(operator, what)]


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요",
        "안내가 왔다",
        "까지 안내",
        "밝지 않나요?",
        "못생긴 개",
        "어이없네",
        "상관없어요",
        "밝다",
        "아니 이게 뭐야",
        "전작 못지않게 밝다",
        "머지않아 온다",
        "안 그래도 밝다",
        "변함없이 밝다",
        "차 안이 밝다",
    ],
)
def test_what_only_looks_like_a_negator_is_left_alone(text):
    line = korean.normalise([text])
    assert not [n for n in negation.negations(line) if n.factor < 0]


def test_twice_negated_is_asserted():
    line = korean.normalise(["추천하지 않을 수 없다"])
    factor, operator, _ = negation.signs(line)
    assert factor[line.index("추천")] > 0
    assert operator[line.index("지 않을") : -1].sum() == len("지 않을수 없다")


@pytest.mark.parametrize(
    ("text", "word", "factor"),
    [
        ("화면이 밝지 않다", "밝", -1),
        ("화면이 밝은 건 아니다", "밝은", -1),
        ("화면이 밝지 않은 건 아니다", "밝", 1),
        ("오류가 없는 것은 아니다", "오류가", 1),
    ],
)
def test_the_words_that_carry_the_sense_are_turned_in_full(text, word, factor):
    line = korean.normalise([text])
    at = line.index(word)
    assert negation.signs(line)[0][at - 1 : at + len(word)] == pytest.approx(factor)  # with the blank before


@pytest.mark.parametrize(
    ("text", "stressed"),
    [
        ("어제 본 책이 두껍다", " 책이 두껍다 "),
        ("어제 본 책이 두껍지 않다", " 책이 두껍지 않다 "),
        ("어제 그 책을 볼 수 없었다", " 책을 볼 수 없었다 "),
        ("두껍다", " 두껍다 "),
        ("", "  "),
    ],
)
def test_the_last_words_that_are_no_negator_count_most(text, stressed):
    lines = korean.normalise(["앞 줄은 다르다", text, "뒤 줄도 다르다"])
    codes = np.frombuffer(lines.encode("utf-32-le"), np.uint32)
    emphasis = korean._emphasis(codes, negation.signs(lines)[1])
    begin = lines.index("\n") + 1
    line = slice(begin, lines.index("\n", begin))
    assert "".join(np.array(list(lines[line]))[emphasis[line] > 1]) == stressed


# --- Korean: sentences made of a lexicon -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dictionary", "haeyo", "kind", "forms"),
    [
        ("좋다", "좋아요", "adj", "좋습니다 좋았 좋음 좋은 좋을 좋네 좋다 좋아"),
        ("가볍다", "가벼워요", "adj", "가볍습니다 가벼웠 가벼움 가벼운 가벼울 가볍네 가볍다 가벼워"),
        ("빠르다", "빨라요", "adj", "빠릅니다 빨랐 빠름 빠른 빠를 빠르네 빠르다 빨라"),
        ("힘들다", "힘들어요", "adj", "힘듭니다 힘들었 힘듦 힘든 힘들 힘드네 힘들다 힘들어"),
        ("낫다", "나아요", "adj", "낫습니다 나았 나음 나은 나을 낫네 낫다 나아"),
        ("빨갛다", "빨개요", "adj", "빨갛습니다 빨갰 빨감 빨간 빨갈 빨갛네 빨갛다 빨개"),
        ("맛있다", "맛있어요", "adj", "맛있습니다 맛있었 맛있음 맛있는 맛있을 맛있네 맛있다 맛있어"),
        (
            "실용적이다",
            "실용적이에요",
            "adj",
            "실용적입니다 실용적이었 실용적임 실용적인 실용적일 실용적이네 실용적이다 실용적이야",
        ),
        ("듣다", "들어요", "verb", "듣습니다 들었 들음 듣는 들을 듣네 듣는다 들어"),
        ("돕다", "도와요", "verb", "돕습니다 도왔 도움 돕는 도울 돕네 돕는다 도와"),
        ("늘다", "늘어요", "verb", "늡니다 늘었 늚 느는 늘 느네 는다 늘어"),
        ("입다", "입어요", "verb", "입습니다 입었 입음 입는 입을 입네 입는다 입어"),
        ("고장나다", "고장나요", "verb", "고장납니다 고장났 고장남 고장나는 고장날 고장나네 고장난다 고장나"),
    ],
)
def test_every_class_of_verb_is_conjugated(dictionary, haeyo, kind, forms):
    """By the rules of 한글 맞춤법, articles 15 and 18."""
    word = Predicate(dictionary, haeyo, kind == "verb")
    made = [word.formal, word.past, word.nominal, word.modifier, word.prospective, word.surprise, word.plain]
    assert [*made, word.casual] == forms.split()


@pytest.mark.parametrize(
    ("entry", "plain", "negated"),
    [
        (("바삭하다", "바삭해요", 1, "adj"), "바삭했어요", ["바삭하지 않아요", "안 바삭해요", "바삭하지는 않습니다"]),
        (("환불하다", "환불해요", 1, "verb"), "환불합니다", ["환불 안 해요", "환불하지 못했어요", "환불할 수 없어요"]),
        (("때가 타다", "때가 타요", -1, "verb"), "때가 탔어요", ["때가 안 타요", "때가 타지 않아요"]),
        (("얼룩", "", -1, "noun_exist"), "얼룩이 있어요", ["얼룩이 없어요", "얼룩 없음"]),
        (("걸작", "", 1, "noun_be"), "걸작이에요", ["걸작이 아니에요", "걸작은 아니었어요"]),
        (("먹다", "먹어요", 1, "advice"), "먹으세요", ["먹지 마세요", "절대 먹지 마라"]),
        (("만들다", "만들어요", 1, "advice"), "꼭 만드십시오", ["만들지 마", "만들지 마시길"]),
    ],
)
def test_entries_become_sentences_and_their_contraries(entry, plain, negated):
    entry = made_sentences.Entry(("가나다",), *entry)
    assert plain in made_sentences.plain_forms(entry)
    assert set(negated) <= set(made_sentences.negated_forms(entry))
    assert not set(made_sentences.plain_forms(entry)) & set(made_sentences.negated_forms(entry))


def test_made_sentences_are_the_same_each_time_and_of_both_labels_alike():
    entry = made_sentences.Entry(("표면",), "매끈하다", "매끈해요", 1, "adj")
    made = list(made_sentences.made_sentences([entry], each=5, seed=2))
    assert made == list(made_sentences.made_sentences([entry], each=5, seed=2))
    assert [label for _, label in made] == [1] * 5 + [0] * 5 + [1]


def test_the_lexicon_is_sorted_and_says_each_thing_once():
    lexicon = made_sentences.read_lexicon()
    keys = [(entry.predicate, entry.kind) for entry in lexicon]
    assert len(lexicon) >= 1800
    assert keys == sorted(set(keys))
    assert {entry.kind for entry in lexicon} == set(made_sentences.CLASSES)
    signs = {}
    for entry in lexicon:
        assert signs.setdefault(entry.predicate, entry.sign) == entry.sign
        assert entry.sign in (-1, 1)
        assert entry.kind.startswith("noun") or (entry.predicate.endswith("다") and entry.haeyo.endswith("요"))


# --- Korean: the shipped model ---------------------------------------------------------------------------------------


def model_file():
    return Path(korean.__file__).with_name(korean.MODEL_FILE)


def test_the_shipped_file_is_small_and_whole_numbers():
    assert model_file().stat().st_size <= 200_000
    model = korean.shipped_model()
    assert (model.weights.dtype, model.weights.shape) == (np.int8, (korean.BUCKETS,))
    assert set(np.unique(model.weights)) <= {sign * root**2 for root in range(8) for sign in (-1, 1)}


def pairs(name):
    table = pd.read_csv(HERE / name, sep="\t", dtype={"plain": str, "negated": str}, keep_default_na=False)
    return table if "negated_label" in table else table.assign(negated_label=1 - table["plain_label"].astype(int))


def both_right(table):
    right = [
        (score_sentiment(table[side], lang="ko") > 0) == table[f"{side}_label"].astype(int).eq(1)
        for side in ("plain", "negated")
    ]
    return (right[0] & right[1]).mean()


def short_of_it(measured):
    return pytest.mark.xfail(strict=True, reason=f"measured {measured}; see sentiment_accuracy.py")


@pytest.mark.parametrize(
    "name",
    [
        "negation_pairs.tsv",
        "negation_pairs_2.tsv",
        pytest.param("negation_pairs_3.tsv", marks=short_of_it("60% of 247, plain sentences alone 70%")),
        "negation_pairs_4.tsv",
        "negation_pairs_5.tsv",
    ],
)
def test_both_members_of_a_frozen_pair_are_right(name):
    """At least 70% of 200 pairs or more.

    The first set is of rarer words, the second of everyday ones; both were written before any model was fitted, and the
    lexicon knows most of their words. The third was written before this one was fitted, of words that the lexicon
    lacks: what the model knows of them it has from film reviews, or by their parts. The fourth is in ordinary
    customers' words, by a writer who saw neither the model nor any data; it shares no telling word with the
    development pairs. These four had been scored with earlier models when this one was fitted; none was opened for it.
    The fifth is by another such writer, closed before this model was fitted and first scored with it: of 300 pairs the
    237 that share no telling word with the development pairs. The lexicon knows a word of nearly every one of them.
    """
    table = pairs(name)
    assert len(table) >= 200
    assert both_right(table) >= 0.70


ENDING = r"(?:다|요|고|지|는|네|네요|니다|습니다|어요|아요|여요|었\w*|았\w*|였\w*|도|서|면|은|을|던|음|며|나|니)?"
GRAMMAR = re.compile(
    rf"(?:[않없있]\w*|아니\w*|아닌\w*|아닙\w*|안|못|못[하했해한할합]{ENDING}|[하했해한할함합되됐돼된될됩싶]{ENDING}|하지\w?"
    r"|수[가는도]?|것\w?|게|건|거|데|이|그|저|제|좀|잘|더|또|다|참|별로|전혀|너무|정말)"
)


def content_words(sentences):
    """Hangul words, cut to their first two syllables; negators and grammar left out."""
    words = {word for sentence in sentences for word in re.findall(r"[가-힣]+", sentence)}
    return {word[:2] for word in words if len(word) > 1 and not GRAMMAR.fullmatch(word)}


def test_the_frozen_pairs_share_no_word_with_those_looked_at():
    """The 18 kept of 154 pairs that settings were first chosen on; the others share a word with a frozen pair.

    The 192 of negation_dev_2.tsv, for the third set, share everyday words with the first two (매장, 의심하다).
    """
    looked_at, frozen = pairs("negation_dev.tsv"), pairs("negation_pairs.tsv")
    sides = [content_words([*table["plain"], *table["negated"]]) for table in (looked_at, frozen)]
    assert sides[0] & sides[1] == set()


# Beginnings of words of the third set, read one by one, that say neither good nor bad, or only look like one that does.
PLAIN_WORDS = """
가면 가시 갈아 갔는 거예 걸렸 걸었 고구 공동 과장 끊고 끌어 나가 나니 나서 나요 내려 다녔 다닌 다섯 달았 담임 돌잔
동아 뒤로 듣고 들고 들어 들었 때문 마세 마시 마십 마요 마지 막내 말려 말리 말씀 말이 맡겼 맡긴 먹어 먹었 먹으 명절
몰랐 무게 물에 받고 받아 받았 받으 밤에 배웠 보는 보니 보여 보호 부르 분들 분이 불렀 붙였 빗물 사회 사흘 새로 색이
세척 소비 수면 수선 수육 수입 시대 신어 신용 신으 쓰다 쓰면 아님 안남 안에 안이 앞에 앱으 앱이 야근 여기 옮기 원인
위원 이번 인사 입었 자격 자는 저녁 전에 주세 주셨 주시 주신 주지 준비 중에 줘요 지점 참고 처음 첫날 총무 축구 치고
켜면 태워 털이 토익 통역 풀리 하는 하더 하세 한복 했는 행위 혼자 환승 후반
"""


def spoken_forms(entry):
    """Beginnings of the words of a predicate in every form it is taught in."""
    if entry.kind.startswith("noun"):
        return content_words([entry.predicate])
    word = Predicate(entry.predicate, entry.haeyo, entry.kind in ("verb", "advice"))
    forms = [word.dictionary, word.haeyo, word.past, word.formal, word.plain, word.nominal, word.modifier]
    asked = [word.request, word.honorific] if entry.kind == "advice" else []
    return content_words([*forms, word.prospective, word.surprise, word.open_stem, *asked])


def test_the_third_set_shares_no_telling_word_with_what_was_taught_or_looked_at():
    """But for what the lexicon's words are said of, which it says with either label: 배송, 직원."""
    lexicon = made_sentences.read_lexicon()
    known = set().union(*map(spoken_forms, lexicon))
    for name in ("negation_dev.tsv", "negation_dev_2.tsv", "negation_pairs.tsv", "negation_pairs_2.tsv"):
        table = pairs(name)
        known |= content_words([*table["plain"], *table["negated"]])
    topics = content_words(subject for entry in lexicon for subject in entry.subjects)
    frozen = pairs("negation_pairs_3.tsv")
    assert (content_words([*frozen["plain"], *frozen["negated"]]) & known) - topics - set(PLAIN_WORDS.split()) == set()


@pytest.mark.parametrize("name", ["negation_pairs_4.tsv", "negation_pairs_5.tsv"])
def test_an_independent_set_shares_no_telling_word_with_what_was_looked_at(name):
    topics = content_words(subject for entry in made_sentences.read_lexicon() for subject in entry.subjects)
    looked_at = [pairs(name) for name in ("negation_dev.tsv", "negation_dev_2.tsv")]
    known = content_words(sentence for table in looked_at for side in ("plain", "negated") for sentence in table[side])
    frozen = pairs(name)
    assert (content_words([*frozen["plain"], *frozen["negated"]]) & known) - topics - set(PLAIN_WORDS.split()) == set()


@needs_nsmc
def test_reviews_never_fitted_are_scored_right():
    reviews = train_korean.read_reviews(Path(NSMC))
    held = reviews[train_korean.held_out(reviews["text"].tolist())]
    assert len(held) >= 20_000
    assert ((korean.shipped_model().logits(held["text"].tolist()) > 0) == held["label"].eq(1)).mean() >= 0.85


@needs_nsmc
def test_no_text_is_on_both_sides():
    texts = train_korean.read_reviews(Path(NSMC))["text"].tolist()
    held = train_korean.held_out(texts)
    lines = np.array(korean.normalise(texts).split("\n"), dtype=object)
    assert not set(lines[held]) & set(lines[~held])


@needs_nsmc
@pytest.mark.slow
def test_the_script_makes_the_shipped_file_byte_for_byte(tmp_path):
    train_korean.main(NSMC, str(tmp_path / "made.npz"))
    made, shipped = (hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "made.npz", model_file()))
    assert made == shipped


def test_the_script_learns_from_a_small_file_in_either_format_alike(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(train_korean, "_STEPS", 3)
    monkeypatch.setattr(train_korean, "read_lexicon", lambda: made_sentences.read_lexicon()[::100])
    rng = np.random.default_rng(5)
    words = {1: ["환상", "뿌듯", "근사"], 0: ["지겹", "허접", "밋밋"]}
    rows = [(f"{rng.choice(words[label])}한 영화 {i}번", label) for i in range(400) for label in (0, 1)]
    reviews = pd.DataFrame(rows, columns=["text", "label"])
    reviews.to_parquet(tmp_path / "a.parquet")
    reviews.rename(columns={"text": "document"}).to_csv(tmp_path / "a.txt", sep="\t", index_label="id")
    made = []
    for name in ("a.parquet", "a.txt"):
        train_korean.main(str(tmp_path / name), str(tmp_path / "out.npz"))
        made.append((tmp_path / "out.npz").read_bytes())
    assert made[0] == made[1]
    assert "digest" in capsys.readouterr().out


def test_counterfactuals_turn_the_label():
    made = dict(train_korean.counterfactuals(["정말 재미있다!!", "감동이 없다", "a b c d e f g h 좋다"], [1, 0, 1]))
    assert made["감동이 있다"] == 1
    assert made["정말 재미없다"] == made["정말 안 재미있다"] == 0
    assert len(made) == 4
