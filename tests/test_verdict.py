import json
import math
import re
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from smm_analysis import verdict
from smm_analysis.verdict import MIMETYPE, Verdict, decide, format_number, format_together, judge


@dataclass(frozen=True)
class Effect:
    estimate: float
    low: float
    high: float
    level: float = 0.90
    n: int = 400
    reason: dict = field(default_factory=dict)


def answer(*numbers, lang="en", synthetic=False, **options):
    return judge("recent_beats_history", Effect(*numbers, **options), delta=5, synthetic=synthetic, lang=lang)


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [
        (5.1, 9, "supported"),
        (5, 9, "cannot_tell"),  # the low end must be beyond delta, not at it
        (-9, 4.9, "not_supported"),
        (-9, 5, "cannot_tell"),
        (-math.inf, 4, "not_supported"),
        (6, math.inf, "supported"),
        (math.nan, math.nan, "cannot_tell"),
    ],
)
def test_the_rule_holds_the_interval_against_delta(low, high, decision):
    assert decide(low, high, 5) == decision


def test_a_clear_answer_gives_no_reason_and_an_open_one_says_what_would_decide():
    assert answer(8, 6, 10).reason == ""
    # distance to delta 1, width to that side 4: sixteen times the customers
    assert "about 6,400 customers (400 now) are needed" in answer(6, 2, 10).reason
    assert "an experiment would" in answer(5.01, 2, 8).reason
    assert "an experiment would" in answer(5, 2, 8).reason
    assert "not defined" in answer(math.nan, math.nan, math.nan).reason


def test_an_open_answer_names_the_effect_that_matters_with_its_unit():
    money = judge("opinion_leaders_pay", Effect(50, 0, 70), delta=20, synthetic=False, currency="KRW", lang="ko")
    assert "의미 있는 최소 효과인 20" in money.reason
    assert money.unit in money.reason
    share = judge("paid_leave_sooner", Effect(0.138, 0.02, 0.221), delta=0.05, synthetic=False)
    assert "less than 5 percentage points, the smallest effect that matters" in share.reason


def test_from_the_needed_number_on_the_same_estimate_decides():
    said = answer(6, 2, 10, n=400).reason
    needed = int(re.search("about ([0-9,]+) customers", said)[1].replace(",", ""))
    for n, decision in ((0.98 * needed, "cannot_tell"), (1.02 * needed, "supported")):
        half = 4 * math.sqrt(400 / n)
        assert answer(6, 6 - half, 6 + half, n=int(n)).decision == decision


def test_a_reason_overrules_a_clear_interval():
    effect = {"en": "effort never varied", "ko": "노력이 변한 적이 없습니다"}
    judged = answer(8, 6, 10, reason=effect, lang="ko")
    assert (judged.decision, judged.reason) == ("cannot_tell", "노력이 변한 적이 없습니다")


@pytest.mark.parametrize("numbers", [(4, 6, 10), (11, 6, 10), (8, 10, 6)])
def test_an_estimate_outside_its_interval_is_refused(numbers):
    with pytest.raises(ValueError, match="between low and high"):
        answer(*numbers)


def test_a_level_given_in_percent_is_refused():
    with pytest.raises(ValueError, match=r"such as 0\.90"):
        answer(8, 6, 10, level=90)


def test_an_unknown_question_names_the_known_ones():
    with pytest.raises(KeyError, match="it has behaviour_beyond_nps"):
        judge("nps", Effect(1, 0, 2), delta=1, synthetic=False)


def test_a_verdict_is_frozen():
    with pytest.raises(FrozenInstanceError):
        answer(8, 6, 10).decision = "not_supported"


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("numbers", [(8, 6, 10), (1, 0, 2), (6, 2, 10), (math.nan,) * 3])
def test_a_verdict_survives_the_manifest(lang, numbers):
    judged = answer(*numbers, lang=lang, synthetic=True)
    plain = json.loads(json.dumps(judged.to_dict(), allow_nan=False))
    assert Verdict.from_dict(plain).to_dict() == judged.to_dict()
    assert set(plain) >= {"claims", "question", "decision", "method_check", "estimate", "low", "high", "level", "unit"}
    assert set(plain) >= {"delta", "reason", "text", "limits"}


def test_the_card_is_the_same_in_every_form():
    bundle = answer(8, 6, 10)._repr_mimebundle_()
    assert bundle[MIMETYPE]["decision"] == "supported"
    for form in ("text/plain", "text/markdown", "text/html"):
        assert "Supported" in bundle[form]
    assert "8.0 points per 1,000 customers (90% interval 6.0 to 10.0). It matters from 5 up." in bundle["text/markdown"]


def test_simulated_data_are_a_method_check_on_every_card():
    for lang, words in (("en", "Method check"), ("ko", "방법 점검")):
        assert words in answer(8, 6, 10, lang=lang, synthetic=True).to_html()
        assert words not in answer(8, 6, 10, lang=lang).to_html()


def test_text_is_escaped_on_the_card():
    judged = answer(6, 2, 10, reason={"en": "<script>alert(1)</script>"})
    assert "<script>" not in judged.to_html()
    assert "&lt;script&gt;" in judged.to_html()


def test_every_question_is_complete_in_both_languages():
    for key, question in verdict.questions().items():
        parts = ("question", *verdict._LOOK, "limits")
        lacking = [f"{p}_{lang}" for p in parts for lang in ("en", "ko") if not question.get(f"{p}_{lang}")]
        assert not lacking, f"{key} lacks {lacking}"
        assert question["claims"]
        assert question["measure"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (1234567, "1,234,567"), (-2.345, "−2.35"), (1e-5, "0.00001"), (99.96, "100"), (math.nan, "–")],
)
def test_numbers_are_short(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((54.97, 28.2, 81.7, 5), ("55", "28", "82")),
        ((17.5, 2.26, 32.7, 2), ("18", "2.3", "33")),  # as 2 the low end would look as if it were no more than 2
        ((1.99, 1.2, 1.996, 2), ("1.99", "1.20", "1.996")),
        ((0.219, -0.000733, 0.712, 0.1), ("0.22", "0.00", "0.71")),
        ((12_345.6, 11_111, math.inf, 5), ("12,346", "11,111", "∞")),
        ((3.456, 3.456, 3.456, 5), ("3.46", "3.46", "3.46")),
        ((math.nan, math.nan, math.nan, 5), ("–", "–", "–")),
    ],
)
def test_a_number_and_its_interval_are_rounded_alike(numbers, texts):
    *found, mark = numbers
    assert format_together(*found, mark=mark) == texts


def test_what_is_nothing_has_no_decimals():
    assert format_together(0.0, 0.0, 0.02, mark=10) == ("0", "0", "0.020")
    assert format_together(0.219, -0.000733, 0.712) == ("0.22", "0.00", "0.71")


def test_money_is_named_where_the_currency_is_known():
    asked = {"delta": 1.0, "synthetic": False}
    card = judge("opinion_leaders_pay", Effect(50, 30, 70), currency="KRW", lang="ko", **asked)
    assert card.measure == "비용 100만 원당 도달 인원, 평범한 후기 작성자 대비"
    assert card.numbers["threshold"] == "1명"
    assert "per million KRW" in card.in_language("en").measure
    assert card.in_language("en").numbers["threshold"] == "1 person"
    again = Verdict.from_dict(card.to_dict())
    assert again.in_language("en").measure == card.in_language("en").measure
    assert "currency" not in judge("opinion_leaders_pay", Effect(50, 30, 70), **asked).to_dict()


def test_differences_of_shares_are_shown_in_percentage_points():
    judged = judge("paid_leave_sooner", Effect(0.138, 0.0554, 0.221), delta=0.05, synthetic=False)
    assert judged.numbers == {
        "estimate": "14 percentage points",
        "low": "6",
        "high": "22",
        "delta": "5",
        "threshold": "5 percentage points",
    }
    assert judged.in_language("ko").numbers["estimate"] == "14%p"


def test_who_would_wait_for_years_is_sent_to_an_experiment():
    asked = {"delta": 5, "n_unit": "weeks", "synthetic": False}
    soon, late = Effect(8, 4, 12, n=104), Effect(6, 2, 10, n=104)
    assert "about 180 weeks (104 now) are needed" in judge("recent_beats_history", soon, **asked).reason
    assert "An experiment decides sooner" in judge("recent_beats_history", late, **asked).reason
    assert "1,700주(현재 104주)" in judge("recent_beats_history", late, lang="ko", **asked).reason
