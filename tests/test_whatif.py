"""Sliders in JupyterLab: what they answer, and that a report never has them."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from smm_analysis import whatif
from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import reason
from smm_analysis.verdict import judge

ROOT = Path(__file__).parents[1]
HEADLINES = ["01_basic_vs_diffusion", "02_atl_vs_btl_reach", "03_nps_vs_customer_health"]
ROWS = pd.DataFrame({"switch_week": [0, 26, 52], "loyal": [100.0, 200.0, 150.0]})
ROWS = ROWS.assign(loyal_low=ROWS["loyal"] - 20, loyal_high=ROWS["loyal"] + 40)


def verdict(lang="en", **changed):
    effect = Estimate(**{"estimate": 12.0, "low": 8.0, "high": 16.0, "level": 0.9, "n": 400} | changed)
    return judge("behaviour_beyond_nps", effect, delta=5.0, synthetic=True, lang=lang)


def test_a_slider_stands_at_the_best_row_and_answers_between_rows():
    slider, shown = whatif.along(ROWS, "switch_week", "loyal", name="loyal_customers").children
    assert slider.value == 26 and "200 (180 – 240)" in shown.value
    slider.value = 39
    assert "Loyal customers (people): 175 (155 – 215)" in shown.value


@pytest.mark.parametrize(
    ("delta", "decision"), [(5, "supported"), (8, "cannot_tell"), (12, "cannot_tell"), (17, "not_supported")]
)
def test_another_smallest_effect_is_judged_as_the_rule_says(delta, decision):
    assert whatif.judged_at(verdict(), delta).decision == decision


def test_the_card_moves_with_the_slider_in_both_languages():
    for lang, yes, no in (("en", "Supported", "Not supported"), ("ko", "지지됨", "지지되지 않음")):
        slider, shown = whatif.smallest_effect(verdict(lang)).children
        assert f"✓ {yes}" in shown.value
        slider.value = slider.max
        assert f"× {no}" in shown.value


def test_where_the_data_cannot_tell_nothing_slides():
    nothing = unknown(0.9, 12, reason("few_customers", n=12, needed=30))
    asked = judge("behaviour_beyond_nps", nothing, delta=5.0, synthetic=True)
    [shown] = whatif.smallest_effect(asked).children
    assert "at least 30 are needed" in shown.value and math.isnan(asked.low)
    [empty] = whatif.along(ROWS.iloc[:0], "switch_week", "loyal", lang="ko").children
    assert "알 수 없어" in empty.value


def test_an_answer_that_has_a_reason_stays_unknown():
    confounded = verdict(reason=reason("placebo_fires", ahead=4, estimate=1.0, low=0.5, high=1.5))
    assert whatif.judged_at(confounded, 0.0).decision == "cannot_tell"


def test_each_headline_notebook_has_one_slider_that_reports_leave_out():
    for name in HEADLINES:
        cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))["cells"]
        sliders = [c for c in cells if "whatif." in "".join(c["source"])]
        assert len(sliders) == 1 and "lab-only" in sliders[0]["metadata"]["tags"], name
