import importlib.util
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from smm_analysis import plot
from smm_analysis.diffusion import adoption_watch, bass_curve
from smm_analysis.keynumbers import key_numbers
from smm_analysis.listening import emerging_themes
from smm_analysis.listening.topics.trends import dispersion, rise_chance

PATH = Path(__file__).parents[1] / "benchmarks" / "trends.py"
spec = importlib.util.spec_from_file_location("trends_bench", PATH)
bench = importlib.util.module_from_spec(spec)  # its made-up mentions serve here too
sys.modules["trends_bench"] = bench
spec.loader.exec_module(bench)

END = bench.END


def made(rising=5, loud=0.0, seed=1):
    return bench.mentions(rising, loud, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def found():
    return emerging_themes(made(), observed_until=END)


# --- emerging themes --------------------------------------------------------------------------------------------------


def test_the_chance_of_a_rise_is_the_binomial_tail():
    now, before = np.array([0.0, 3, 8, 20]), np.array([5.0, 3, 0, 20])
    expected = binom.sf(now - 1, now + before, 0.2)
    assert rise_chance(now, before, 100, 400, 1.0) == pytest.approx(expected)
    assert (rise_chance(now, before, 100, 400, 2.0)[1:] > expected[1:]).all()


def test_dispersion_is_one_by_chance_and_more_with_loud_weeks():
    rng, writers = np.random.default_rng(2), np.full(60, 200.0)
    calm = rng.binomial(200, 0.05, (30, 60)).astype(float)
    loud = rng.poisson(10 * rng.gamma(1, 1, (30, 60))).astype(float)
    assert dispersion(calm, writers, last=56).min() == pytest.approx(1, abs=0.1)
    assert 8 < np.median(dispersion(loud, writers, last=56)) < 14


def test_what_rises_is_found_with_when_and_by_how_much(found):
    called = found.themes[found.themes["emerging"]]
    assert bench.is_rising(called, 5).all()
    assert len(called) >= 3
    assert called["low"].min() > 1
    assert (called["first_seen_rising"] == pd.Timestamp("2026-06-28")).all()
    assert (found.themes["people"] >= 5).all()
    summary = found.summary().iloc[0]
    assert summary[["n_themes", "n_trend_weeks", "n_emerging"]].tolist() == [40, 52, len(called)]
    assert summary["reason_en"] == ""


def test_a_count_is_shown_with_n_and_no_interval(found):
    [count] = key_numbers(found.table(), key="measure", level=0.9).numbers
    assert (count.number, count.about) == (f"{found.themes['emerging'].sum()} themes", "n = 40")
    [none] = key_numbers(emerging_themes(made().iloc[:0], observed_until=END).table(), key="measure", level=0.9).numbers
    assert none.about.startswith("There are 0 weeks with mentions")


def test_more_looks_under_one_rate_find_less_and_say_since_when(found):
    looked = emerging_themes(made(), observed_until=END, looks=8)
    assert looked.themes["emerging"].sum() <= found.themes["emerging"].sum()
    merged = looked.themes.merge(found.themes, on="theme")
    assert (merged["naive_p_x"] == merged["naive_p_y"]).all()
    since = looked.themes["first_seen_rising"].dropna()
    assert since.between(pd.Timestamp("2026-05-01"), END).all()


def test_calm_talk_is_not_called_rising():
    """The global null: the chance of any call is the rate asked for; `benchmarks/trends.py` has the table."""
    calls = [emerging_themes(made(0, 1.0, seed), observed_until=END).themes["emerging"].any() for seed in range(15)]
    assert np.mean(calls) <= 0.34  # 10% of 15 within three standard errors


def test_one_person_who_writes_often_is_one_person_a_week():
    table = made()
    often = pd.concat([table, *[table[table["created_at"] > END - pd.Timedelta(weeks=1)]] * 5])
    one, same = (emerging_themes(each, observed_until=END).themes for each in (table, often))
    pd.testing.assert_frame_equal(one, same)


def test_few_weeks_are_a_reason_and_bad_input_an_error():
    table = made()
    late = table[table["created_at"] > END - pd.Timedelta(weeks=6)]
    none = emerging_themes(late, observed_until=END)
    assert none.themes.empty
    assert "There are 6 weeks with mentions" in none.reason["en"]
    assert "6주" in none.reason["ko"]
    assert "0 weeks" in emerging_themes(table.iloc[:0], observed_until=END).reason["en"]
    with pytest.raises(ValueError, match="no column 'text'"):
        emerging_themes(table.drop(columns="text"), observed_until=END)
    with pytest.raises(ValueError, match=r"weeks \(4\) must hold recent \(4\) and looks \(1\)"):
        emerging_themes(table, observed_until=END, weeks=4)
    with pytest.raises(ValueError, match="between 0 and 1, not 10"):
        emerging_themes(table, observed_until=END, fdr=10)


def test_results_are_frozen(found):
    with pytest.raises(FrozenInstanceError):
        found.fdr = 0.5


# --- the adoption curve -----------------------------------------------------------------------------------------------


def weekly(p=0.002, q=0.06, market=5000, weeks=104, seed=None, brand="a"):
    curve = bass_curve(p, q, market, periods=weeks)["adoptions"]
    counts = curve if seed is None else np.random.default_rng(seed).poisson(curve)
    week = pd.date_range("2024-01-01", periods=weeks, freq="7D")
    return pd.DataFrame({"brand": brand, "week": week, "new_customers": counts})


def test_a_whole_curve_is_told_past_its_peak():
    table = weekly(seed=3)
    watch = adoption_watch(table)
    assert watch.peak == "peak_past"
    peak = np.log(0.06 / 0.002) / 0.062
    assert watch.peak_week.low < peak < watch.peak_week.high
    true = 100 * table["new_customers"].sum() / 5000
    assert watch.along.low < true < watch.along.high
    assert watch.table()["measure"].tolist() == ["adopted_share", "peak_past"]


def test_while_it_climbs_nothing_is_told_unless_the_market_is_known():
    climbing = weekly(weeks=40, seed=4)
    alone, known = (adoption_watch(climbing, market_size=size) for size in (None, 5000))
    assert alone.peak == "peak_untold"
    assert "peak" in alone.along.reason["en"]
    assert known.along.estimate == pytest.approx(100 * climbing["new_customers"].sum() / 5000, rel=0.01)
    assert known.peak in ("peak_ahead", "peak_untold")


def test_a_record_without_word_of_mouth_has_its_peak_anywhere():
    flat = weekly(p=0.004, q=0.0, seed=7)
    watch = adoption_watch(flat, market_size=5000)
    assert watch.peak == "peak_untold"
    assert "neither a climb nor a bend" in watch.peak_week.reason["en"]
    assert watch.along.estimate == pytest.approx(flat["new_customers"].sum() / 50)


def test_a_last_period_that_is_not_whole_is_left_out():
    table = weekly(weeks=102, seed=5)
    assert adoption_watch(table).customers == table["new_customers"].iloc[:100].sum()


def test_adoption_declines_with_a_reason():
    assert "There are 5 periods" in adoption_watch(weekly(weeks=20)).reason["en"]
    watch = adoption_watch(weekly(seed=6), market_size=100)
    assert "The market given, 100, is not larger" in watch.along.reason["en"]
    assert watch.fit is None


def test_weeks_left_out_are_no_weeks_without_customers():
    watch = adoption_watch(weekly().drop(index=[2, 5]).iloc[::-1])
    assert "leaves out 2 weeks, the first is 2024-01-15" in watch.along.reason["en"]
    assert watch.fit is None


def test_bad_weeks_are_named():
    table = weekly()
    with pytest.raises(ValueError, match="brands a, b: pick one"):
        adoption_watch(pd.concat([table, weekly(brand="b")]))
    with pytest.raises(ValueError, match="no column 'new_customers'"):
        adoption_watch(table.drop(columns="new_customers"))
    with pytest.raises(ValueError, match="per must be 1 week or more"):
        adoption_watch(table, per=0)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_figure_marks_what_emerges(found, lang):
    try:
        legend = plot.plot_trends(found, lang=lang).get_legend().get_texts()
        assert f"n = {found.themes['emerging'].sum()}" in legend[0].get_text()
        nothing = emerging_themes(made().iloc[:0], observed_until=END)
        assert plot.plot_trends(nothing, lang=lang).texts
    finally:
        plot.plt.close("all")
