import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from smm_analysis.listening.topics import themes, words
from smm_analysis.listening.topics.themes import assign_themes, find_quotes, questions

MONDAY = pd.Timestamp("2026-03-02", tz="Asia/Seoul")


def cut(texts, **options):
    """Return the words of each text."""
    found = words.words(texts, **options)
    lists = [[] for _ in texts]
    for row, code in zip(found.row, found.word, strict=True):
        lists[row].append(found.vocabulary[code])
    return lists


def table_of(*parts, start=MONDAY, who=""):
    """Return mentions: (number of people, text) each, people of their own, an hour apart."""
    rows = [(f"{who}{number}-{person}", text) for number, (n, text) in enumerate(parts) for person in range(n)]
    frame = pd.DataFrame(rows, columns=["author_key", "text"])
    return frame.assign(created_at=start + pd.to_timedelta(np.arange(len(frame)), unit="h"))


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_noun_is_one_word_whatever_particle_it_carries():
    forms = [
        "배송이",
        "배송은",
        "배송을",
        "배송에",
        "배송도",
        "배송만",
        "배송",
        "배송에서는",
        "배송했어요",
        "배송입니다",
    ]
    assert cut(forms) == [["배송"]] * len(forms)


def test_a_noun_that_ends_like_a_particle_keeps_it():
    """고양이 and 만족도 take particles of their own; the cut one is never seen with others."""
    texts = ["고양이가", "고양이는", "고양이를", "고양이", "고양이도"]
    assert cut(texts) == [["고양이"]] * 5
    assert cut(["가을", "마을", "가을", "노을이", "노을은"]) == [["가을"], ["마을"], ["가을"], ["노을"], ["노을"]]


def test_a_noun_that_ends_like_a_nominalised_predicate_is_whole():
    texts = ["쓰레기가", "쓰레기는", "쓰레기", "홈페이지를", "홈페이지는", "홈페이지"]
    assert cut(texts) == [["쓰레기"]] * 3 + [["홈페이지"]] * 3


def test_predicates_come_in_the_dictionary_form():
    assert cut(["늦어요", "늦네요", "늦었습니다", "늦는데", "늦게"]) == [["늦다"]] * 5


def test_a_rare_word_written_without_a_space_is_counted_with_the_noun_it_begins_with():
    assert cut(["배송이", "배송은", "배송을"] * 4 + ["배송왔어요"])[-1] == ["배송"]


def test_a_noun_of_one_syllable_is_not_cut_out_of_another():
    """광고 is not 광 with an ending, though 광이, 광은 are said."""
    texts = ["광고가", "광고를", "광고는", "광고", "광이", "광은", "가게", "가게가", "가고", "나라", "나라가"]
    assert [one for some in cut(texts)[:4] for one in some] == ["광고"] * 4
    assert ["가다"] not in cut(texts)


def test_english_is_folded_where_the_short_form_is_seen():
    assert cut(["Deliveries delayed", "a delivery delay", "buses BUS", "news glass"]) == [
        ["delivery", "delay"],
        ["delivery", "delay"],
        ["bus", "bus"],
        ["news", "glass"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/배송?x=1",
        "@미래상사",
        "kim@example.com",
        "12,000 3.5",
        "ㅋㅋㅋㅋ ㅠㅠ",
        "그리고 the 정말",
        "",
        None,
        math.nan,
    ],
)
def test_addresses_handles_numbers_and_stop_words_are_no_words(text):
    assert cut([text]) == [[]]


def test_compatibility_forms_are_one_word():
    assert cut(["ＡＰＰ 배송", "app 배송"]) == [["app", "배송"]] * 2  # full width; NFD letters


def test_missing_texts_are_counted():
    found = words.words(["배송", None, math.nan, pd.NA])
    assert (found.n_texts, found.n_missing) == (4, 3)


def test_hostile_texts_leave_letters_and_digits():
    hostile = [
        "<script>alert(1)</script>",
        "\u202e배\u200b송\u202c지연",
        '=HYPERLINK("http://x.y","z")',
        "가" * 2**20,
        "배송 " * 2**18,
    ]
    lists = cut(hostile)
    assert all(word.isalnum() for some in lists for word in some)
    assert "배송" in lists[1][0]  # put together again, not cut in two
    assert lists[3] == [] and set(lists[4]) == {"배송"}


@given(st.lists(st.text(max_size=60), max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_letters_and_digits_in_reading_order(texts):
    found = words.words(texts)
    assert all(word.isalnum() and len(word) <= words.LONGEST + 1 for word in found.vocabulary)
    assert (np.diff(found.row) >= 0).all()
    assert ((np.diff(found.place) > 0) | (np.diff(found.row) > 0)).all()
    assert cut(texts[::-1]) == cut(texts)[::-1]  # the order of texts does not matter


def test_known_words_are_found_in_texts_too_few_to_learn_from():
    assert cut(["배송이 왔어요", "고양이가 늦게"], known=["배송", "고양이", "늦다"]) == [["배송"], ["고양이", "늦다"]]


def test_fifty_thousand_texts_are_cut_each():
    rng = np.random.default_rng(1)
    nouns = ["".join(rng.choice(list("가나다라마바사아자차카타파하강산물"), 3)) for _ in range(3000)]
    texts = [" ".join(f"{nouns[i]}은" for i in row) for row in rng.integers(3000, size=(50_000, 8))]
    found = words.words(texts)
    assert found.n_texts == 50_000
    assert set(np.bincount(found.row, minlength=50_000)) <= set(range(1, 9))


# --- themes ----------------------------------------------------------------------------------------------------------

PARTICLES = [("이", "가"), ("은", "는"), ("을", "를"), ("도", "도")]


def planted(seed, *, topics=8, authors=300, more=1.0):
    """Return mentions that speak of one topic each, three of its five words with particles, beside common talk."""
    rng = np.random.default_rng(seed)
    letters = [chr(code) for code in range(ord("가"), ord("힣"), 97)]
    nouns = ["".join(np.random.default_rng([5, i]).choice(letters, 2)) for i in range(5 * topics + 200)]
    weight = np.array([more] + [1.0] * (topics - 1))
    rows = []
    for author in range(authors):
        topic = rng.choice(topics, p=weight / weight.sum())
        said = [*rng.choice(5, 3, replace=False) + 5 * topic, *rng.integers(5 * topics, len(nouns), 3)]
        rng.shuffle(said)
        ends = [
            PARTICLES[i][(ord(nouns[k][-1]) - ord("가")) % 28 == 0]
            for k, i in zip(said, rng.integers(4, size=6), strict=True)
        ]
        rows.append((f"a{author}", " ".join(nouns[k] + end for k, end in zip(said, ends, strict=True))))
    return pd.DataFrame(rows, columns=["author_key", "text"]), [set(nouns[5 * k : 5 * k + 5]) for k in range(topics)]


def test_planted_topics_are_found_and_the_risen_one_comes_first():
    now, topics = planted(1, more=3.0)
    base, _ = planted(2)
    found = themes.themes(now, base=base)
    groups = [{word for word in text.split(", ") if " " not in word} for text in found["words"]]
    assert all(topic in groups for topic in topics)
    assert groups[0] == topics[0]
    assert found["q"][0] < 0.01 < 0.05 < found["q"][1]
    assert found["low"][0] > 0


def test_chance_is_rarely_called_a_change():
    pairs = [(planted(2 * s)[0], planted(2 * s + 1)[0]) for s in range(10)]
    called = [(themes.themes(now, base=base)["q"] < 0.1).any() for now, base in pairs]
    assert sum(called) <= 4  # of 10 at a rate of 10%: five or more come by chance twice in a thousand


def test_figures_agree_with_other_implementations():
    now, base = planted(3, more=2.0)[0], planted(4, authors=200)[0]
    found = themes.themes(now, base=base, min_people=0)
    tables = [[[a, 300 - a], [b, 200 - b]] for a, b in zip(found["people"], found["base_people"], strict=True)]
    g2 = [chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic for table in tables]
    np.testing.assert_allclose(found["g2"], g2, atol=1e-9)
    p = [min(1, 2 * min(fisher_exact(table, side).pvalue for side in ("less", "greater"))) for table in tables]
    np.testing.assert_allclose(found["q"], multipletests(p, method="fdr_bh")[1], atol=1e-9)


def test_the_log_ratio_and_its_interval_by_hand():
    """Ten of 40 against 5 of 80: a fourfold share, a half added everywhere."""
    now = table_of((10, "배송이 배송은"), (30, "색상"))
    found = themes.themes(now, base=table_of((5, "배송을"), (75, "색상"))).set_index("theme").loc["배송"]
    ratio = math.log2(10.5 / 40.5 / (5.5 / 80.5))
    half = 1.959964 * math.sqrt(1 / 10.5 - 1 / 40.5 + 1 / 5.5 - 1 / 80.5) / math.log(2)
    assert [found["log_ratio"], found["low"], found["high"]] == pytest.approx([ratio, ratio - half, ratio + half])
    assert (found["per_1000"], found["base_per_1000"]) == (250, 62.5)


def test_one_person_repeating_is_one_person():
    loud = pd.DataFrame({"author_key": "loud", "text": ["환불 환불 환불"] * 500})
    now = pd.concat([loud, table_of((20, "배송이 늦어요"), (4, "환불은"))], ignore_index=True)
    found = themes.themes(now, base=table_of((20, "색상이 예뻐요")))
    assert found.set_index("theme").loc["환불", ["people", "mentions"]].tolist() == [5, 504]


def test_fewer_than_five_people_are_counted_and_not_shown():
    now = table_of((4, "환불"), (9, "배송"))
    found = themes.themes(now, base=table_of((3, "환불"), (9, "색상"), who="b"))
    assert found["theme"].tolist() == ["배송"]
    assert found.attrs["n_suppressed"] == 2  # 환불 and 색상: five people or more in all, not now


def test_what_cannot_be_read_is_counted():
    now = table_of((9, "배송")).reindex(range(12))
    now.loc[9, "author_key"] = "x"
    now.loc[10, "text"] = "배송"
    found = themes.themes(now, base=table_of((9, "색상")))
    assert {
        key: found.attrs[key] for key in ("n_people", "n_base_people", "n_no_text", "n_no_author", "n_left_out")
    } == {
        "n_people": 9,
        "n_base_people": 9,
        "n_no_text": 2,
        "n_no_author": 1,
        "n_left_out": 0,
    }


def test_the_brands_name_can_be_left_out_and_the_order_of_rows_does_not_matter():
    now, base = planted(5)[0], planted(6)[0]
    now["text"] = "미래가 " + now["text"]
    found = themes.themes(now, base=base, ignore=["미래"])
    assert not found["words"].str.contains("미래").any()
    mixed = themes.themes(now.sample(frac=1, random_state=1), base=base.sample(frac=1, random_state=2), ignore=["미래"])
    pd.testing.assert_frame_equal(found.drop(columns="first_seen"), mixed.drop(columns="first_seen"))


def test_two_words_that_stick_together_are_a_phrase():
    now = table_of((8, "무료 반품 되나요"), (8, "색상이 예뻐요"), (8, "포장이 좋아요"))
    found = themes.themes(now, base=now.iloc[:0])
    assert "무료 반품" in found["theme"].tolist()
    assert found[["g2", "log_ratio", "q"]].isna().all(axis=None)  # nothing to compare with
    assert assign_themes(pd.Series(["무료로 반품", "반품은 무료"]), found)["theme"].notna().all()


def test_sentiment_is_a_mean_over_people_and_first_seen_looks_at_both_periods():
    now = table_of((5, "배송"), (1, "배송"), (9, "색상"))
    now.loc[5, "author_key"] = "0-0"  # who writes twice counts once
    now["mood"] = [1.0, 0, 0, 0, 0, -1.0, *[math.nan] * 9]
    base = table_of((5, "배송"), (20, "포장"), start=MONDAY - pd.Timedelta("7D"))
    row = themes.themes(now, base=base, sentiment="mood").set_index("theme").loc["배송"]
    assert row["sentiment"] == 0
    assert row["first_seen"] == MONDAY - pd.Timedelta("7D")


def test_questions_are_counted_by_people_who_ask():
    mentions = table_of((12, "환불 되나요"), (6, "배송 언제 오나요"), (30, "환불 받았어요"))
    asks = pd.Series([True] * 18 + [False] * 29 + [None], dtype=object)
    found = questions(mentions, asks)
    assert found["theme"].str.contains("환불")[0] and found["people"].tolist()[0] == 12
    low, high = proportion_confint(12, 18, method="wilson")
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx([1000 * low, 1000 * high])
    assert questions(mentions, pd.Series(False, mentions.index)).empty


def test_every_text_comes_back_with_its_themes():
    hand_made = pd.DataFrame({"theme": ["delivery", "price"], "words": ["배송, 택배", "가격"]})
    texts = pd.Series(["배송이 가격보다", "택배", None, "색상"], index=list("abcd"))
    found = assign_themes(texts, hand_made)
    assert found["mention_id"].tolist() == ["a", "a", "b", "c", "d"]
    assert found["theme"].fillna("").tolist() == ["delivery", "price", "delivery", "", ""]
    assert assign_themes(texts.iloc[:0], hand_made).empty


def test_assigned_themes_count_the_mentions_that_themes_counted():
    now, base = planted(7)[0], planted(8)[0]
    found = themes.themes(now, base=base)
    both = pd.concat([now, base], ignore_index=True)
    counts = assign_themes(both["text"], found).query(f"mention_id < {len(now)}")["theme"].value_counts()
    assert counts.reindex(found["theme"]).tolist() == found["mentions"].tolist()


def test_quotes_are_given_only_of_many_and_one_a_person():
    mentions = table_of((6, "배송이 늦어요"), (4, "환불이 안 돼요"))
    mentions = pd.concat([mentions, mentions], ignore_index=True)
    quotes = find_quotes(mentions, ["배송"], n=10, seed=3)
    assert (len(quotes), quotes.attrs["n_people"]) == (6, 6)
    assert "author_key" not in quotes and quotes["created_at"].is_monotonic_increasing
    pd.testing.assert_frame_equal(quotes, find_quotes(mentions, "배송, 택배", n=10, seed=3))
    assert find_quotes(mentions, ["환불"]).empty


def test_empty_tables_and_bad_input():
    none = pd.DataFrame({"author_key": [], "text": []}, dtype=object)
    assert themes.themes(none, base=none).empty
    assert questions(none, pd.Series([], dtype=bool)).empty
    with pytest.raises(ValueError, match="no column 'author_key'; themes need author_key and text"):
        themes.themes(none[["text"]], base=none)
    with pytest.raises(ValueError, match="asks must have a value for each of 0 mentions, not 1"):
        questions(none, pd.Series([True]))
    with pytest.raises(ValueError, match="sentiment must have a value for each of 0 mentions, not 2"):
        themes.themes(none, base=none, sentiment=pd.Series([1, 2]))
    with pytest.raises(ValueError, match="the index of texts must not repeat; first to do so: 'a'"):
        assign_themes(pd.Series(["x", "y"], index=["a", "a"]), pd.DataFrame({"theme": [], "words": []}))


def test_mentions_are_left_as_they_were():
    now, base = table_of((9, "배송")), table_of((9, "색상"))
    before = now.copy(), base.copy()
    themes.themes(now, base=base)
    for table, copy in zip((now, base), before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
