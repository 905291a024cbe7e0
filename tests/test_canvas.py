"""The strategy canvas: measures held against marks, boxes in words in both languages, text that stays in its box."""

import base64
import io
import re
import subprocess
from itertools import pairwise
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from chromium import QUIET, browser
from matplotlib.patches import Rectangle
from PIL import Image
from test_page import notebook

from smm_analysis import canvas, plot, terms
from smm_analysis.canvas import BOXES, STAGES, Choice, Findings, draw_up, measured, readiness, stage_status, stage_table
from smm_analysis.estimate import Estimate, unknown
from smm_analysis.keynumbers import KeyNumber, key_words
from smm_analysis.plot import canvas as drawing
from smm_analysis.relationship import relationship_change, relationship_index
from smm_analysis.report.page import render
from smm_analysis.tables import Brand, Medium

MARKS = {"answered": 0.5, "hand_off": 0.5, "promo_seen": 0.3, "relationship_change": 0, "shares_per_thousand_gap": 0}
MARKS |= {"engaged_index": 1, "advocacy": 0.1, "nps": 0}
WEEKS = pd.date_range("2025-01-06", periods=52, freq="7D")


def rows(**ends):
    """Return a row a measure from its interval's ends."""
    known = {measure: Estimate((low + high) / 2, low, high, 0.9, 50) for measure, (low, high) in ends.items()}
    return measured(**known)


GOOD = {"answered": (0.6, 0.7), "hand_off": (0.6, 0.7), "promo_seen": (0.1, 0.2), "relationship_change": (0.1, 0.4)}
GOOD |= {"shares_per_thousand_gap": (1, 9), "engaged_index": (1.1, 1.4), "advocacy": (0.11, 0.2), "nps": (5, 30)}


def status(table, measure):
    return table.set_index("measure").loc[measure, "status"]


# --- readiness --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "ends", "expected"),
    [
        ("answered", (0.51, 0.6), "ready"),
        ("answered", (0.4, 0.49), "not_yet"),
        ("answered", (0.4, 0.6), "unclear"),
        ("promo_seen", (0.1, 0.29), "ready"),  # less is better
        ("promo_seen", (0.31, 0.4), "not_yet"),
        ("promo_seen", (0.29, 0.31), "unclear"),
    ],
)
def test_the_whole_interval_decides_against_the_mark(measure, ends, expected):
    assert status(readiness(rows(**{measure: ends}), marks=MARKS), measure) == expected


def test_what_is_not_measured_or_has_a_reason_is_unclear_and_says_why():
    why = unknown(0.9, 3, {"en": "Too few weeks.", "ko": "주가 너무 적습니다."})
    table = readiness(measured(relationship_change=why), marks=MARKS).set_index("measure")
    assert set(table["status"]) == {"unclear"}
    assert table.loc["relationship_change", "reason_ko"] == "주가 너무 적습니다."
    assert "not there" in table.loc["nps", "reason_en"]


def test_the_first_table_that_has_a_measure_counts():
    table = readiness(rows(answered=(0.6, 0.7)), rows(answered=(0.1, 0.2)), marks=MARKS)
    assert status(table, "answered") == "ready"


def test_every_measure_needs_its_mark():
    with pytest.raises(ValueError, match="marks takes a number for each of answered, hand_off"):
        readiness(rows(), marks={"answered": 0.5})


def test_a_stage_is_ready_when_all_is_and_not_yet_when_one_is_not():
    assert set(stage_status(readiness(rows(**GOOD), marks=MARKS)).values()) == {"ready"}
    one_short = readiness(rows(**GOOD | {"hand_off": (0.1, 0.2), "answered": (0.4, 0.6)}), marks=MARKS)
    assert stage_status(one_short)["basic_model"] == "not_yet"
    one_open = stage_status(readiness(rows(**GOOD | {"nps": (-5, 5)}), marks=MARKS))
    assert list(one_open.values()) == ["ready", "ready", "unclear"]


def test_the_first_screen_says_which_stage_is_held_back_and_by_what():
    one_short = readiness(rows(**GOOD | {"hand_off": (0.1, 0.2), "answered": (0.4, 0.6)}), marks=MARKS)
    told = key_words(stage_table(one_short, "ko"), key="stage", word="status", about="held_back_by", lang="ko").numbers
    assert [(one.name, one.number) for one in told][:2] == [("기본 모델", "아직 아님"), ("확산 모델", "준비됨")]
    assert told[0].about == "걸리는 지표: 응답률, 핸드오프" and told[1].about == ""
    assert KeyNumber.from_dict(told[0].to_dict()).number == "아직 아님"


def mentions(seed, lift):
    """Return a year of mentions by people who come and go, warmer by `lift` in the last 13 weeks."""
    rng = np.random.default_rng(seed)
    week = np.repeat(np.arange(52), 25)
    mood = rng.normal(0.1 + lift * (week >= 39), 0.4).clip(-1, 1)
    at = WEEKS[week] + pd.to_timedelta(rng.integers(0, 6 * 24, len(week)), unit="h")
    columns = {"mention_id": [f"m{i}" for i in range(len(week))], "brand": "b", "created_at": at}
    people = [f"p{i}" for i in rng.integers(0, 900, len(week))]
    return pd.DataFrame(columns | {"author_key": people, "author_role": "customer", "sentiment": mood})


def change(seed, lift):
    return relationship_change(relationship_index(mentions(seed, lift), weeks=pd.Series(WEEKS)), rng=seed)


def test_a_relationship_that_rose_is_seen_and_one_that_did_not_is_rarely_mistaken():
    risen = [change(seed, 0.3) for seed in range(8)]
    assert all(found.low > 0 for found in risen)
    assert all(found.low <= found.estimate <= found.high for found in risen)
    still = [change(seed, 0.0) for seed in range(100, 140)]
    assert sum(found.low > 0 or found.high < 0 for found in still) <= 8  # of 40; 4 expected at 90%


def test_too_short_a_relationship_gives_a_reason():
    felt = relationship_index(mentions(1, 0), weeks=pd.Series(WEEKS))
    assert "at least 60 weeks" in relationship_change(felt, weeks=30).reason["en"]
    with pytest.raises(ValueError, match="at least 1"):
        relationship_change(felt, weeks=0)


# --- the boxes in words -----------------------------------------------------------------------------------------------


WEEKLY = pd.DataFrame({"week": WEEKS, "followers": np.arange(52) + 1000.0, "new_customers": 4})
MEDIA = {"page": Medium("sns", "firm"), "cafe": Medium("cafe", "customer")}
DECLARED = Brand(2500, "page", {"profile": True, "story": False, "own_item": 0.5}, "person")
SPAN = {"low": 0.2, "high": 0.4}


def full(**other):
    """Return findings with everything there."""
    sides = {"author_role": ["brand", "customer"], "medium": ["page", "cafe"], "reach_a_week": [473.0, 14.0]}
    listening = {"measure": ["advocacy", "net_sentiment"], "people": 342, "n": 404, "estimate": 0.3, **SPAN}
    stages = {"stage": ["lead", "qualified", "customer"], "rate": 0.3, "n": 587, **SPAN}
    themes = {"theme": ["리필 스테이션", "parcel ship"], "people": [9, 19]}
    felt = {"week": WEEKS, "relationship": 0.5, "low": 0.3, "high": 0.7}
    given = {
        "sides": pd.DataFrame(sides | {"low": 10.0, "high": 560.0, "share": 1.0}),
        "relationship": pd.DataFrame(felt),
        "change": Estimate(0.5, 0.3, 0.7, 0.9, 52),
        "links": Estimate(49.8, 29.4, 73.3, 0.9, 50),
        "linked": (54, 376),
        "listening": pd.DataFrame(listening),
        "themes": pd.DataFrame(themes),
        "stages": pd.DataFrame(stages),
        "responders": pd.DataFrame({"responder": ["firm", "advocate"], "rate": 0.3, "n": 187, **SPAN}),
        "ready": readiness(rows(**GOOD), marks=MARKS),
        "synthetic": True,
    }
    return Findings("mirae", **{"declared": DECLARED, "media": MEDIA, "weekly": WEEKLY} | given | other)


def bare():
    return Findings("mirae", None, {}, WEEKLY, readiness(rows(), marks=MARKS))


@pytest.mark.parametrize("found", [full(), bare()], ids=["full", "bare"])
def test_every_box_is_filled_in_both_languages(found):
    page = draw_up(found, Choice("engage", 26))
    for lang in terms.LANGS:
        assert list(page.boxes[lang]) == [*BOXES, *(f"ready_{stage}" for stage in STAGES)]
        assert all(lines and all(line.strip() for line in lines) for lines in page.boxes[lang].values())
    for key in page.boxes["ko"]:
        assert len(page.boxes["ko"][key]) == len(page.boxes["en"][key])
        assert terms.term(key).ko
    english = " ".join(line for lines in page.boxes["en"].values() for line in lines).replace("리필 스테이션", "")
    assert not re.search("[가-힣]", english)


def box(found, key, lang="en", choice=None):
    text = "\n".join(draw_up(found, choice or Choice("listen", 52)).boxes[lang][key])
    return text.replace("\u00a0", " ")


def test_the_boxes_say_what_was_handed_over():
    assert "473 (10 to 560)" in box(full(), "central_medium")
    assert "1.5 of 3 in place\n✓ profile\n× story, own_item" in box(full(), "presence")
    assert "Lead: 30% (20 to 40) of 587" in box(full(), "follow_through")
    assert box(full(), "themes_heard").splitlines() == ["parcel ship: 19", "리필 스테이션: 9"]
    assert "52 new customers in 13 weeks" in box(full(), "listeners")
    assert "54 of 376" in box(full(), "linked_content")
    assert "advocates: 30%" in box(full(), "case_responders")
    assert "page" not in box(full(), "customer_media")
    assert "simulated data" in draw_up(full(), Choice("listen", 52)).title["en"]


def test_a_number_in_a_box_is_rounded_as_its_interval():
    found = full(change=Estimate(0.5112, 0.3204, 0.6971, 0.9, 52))
    assert "0.51 (0.32 to 0.70)" in box(found, "relationship")
    assert "연결하면 늘어나는 도달: 50% (29 ~ 73)" in box(full(), "linked_content", "ko")


def test_whatever_account_is_chosen_the_platform_rule_stands_there():
    for route in ("page", "person", "person-then-page", None):
        found = full(declared=Brand(2500, "page", None, route))
        assert "breaks the platforms' terms" in box(found, "account_route")
        assert "약관" in box(found, "account_route", "ko")
    assert "breaks the platforms' terms" in box(bare(), "account_route")


def test_what_is_missing_is_said_with_its_tables():
    assert "mentions, leads, customers" in box(bare(), "follow_through")
    assert "cases" in box(bare(), "case_responders")
    assert "cannot tell" in box(bare(), "ready_basic_model")
    assert "not known" in box(bare(), "ready_basic_model")
    lacking = unknown(0.9, 0, {"en": "No linked posts.", "ko": "연결한 게시물이 없습니다."})
    assert "No linked posts." in box(full(links=lacking), "linked_content")


def test_the_choice_is_on_the_page():
    choice = Choice("influence", 10, goal="Sell\n 300 bikes")
    assert "Influence" in box(full(), "level_and_horizon", choice=choice)
    assert "to 2026-03-09" in box(full(), "level_and_horizon", choice=choice)  # the last Monday and ten weeks
    assert box(full(), "shared_goals", choice=choice).splitlines()[0] == "Sell 300 bikes"
    assert "No goal agreed" in box(full(), "shared_goals")


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def theme():
    plot.set_theme()
    yield
    plt.close("all")


def extents(ax):
    """Return the boxes by key, and each one's texts, in pixels."""
    ax.figure.draw_without_rendering()
    frames = {p.get_gid(): p.get_window_extent() for p in ax.patches if isinstance(p, Rectangle) and p.get_gid()}
    texts = {key: [t for t in ax.texts if t.get_gid() == f"{key}_text"] for key in frames}
    return frames, texts


def assert_all_inside(ax):
    frames, texts = extents(ax)
    assert len(frames) == 16
    for key, frame in frames.items():
        assert texts[key], key
        ends = [text.get_window_extent() for text in texts[key]]
        for end in ends:
            assert end.x0 >= frame.x0 and end.x1 <= frame.x1 and end.y0 >= frame.y0 and end.y1 <= frame.y1, key
        for upper, lower in pairwise(ends):
            assert lower.y1 <= upper.y0 + 0.3 * upper.height, f"lines of {key} overlap"
    boxes = list(frames.values())
    for n, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[n + 1 :])


LONG = {
    "en": "an extraordinarily long sentence about customers who say much, again and again and without an end " * 6,
    "ko": "고객이 끝없이 되풀이해서 하는 아주 긴 이야기와띄어쓰기없이이어지는아주긴낱말을함께적은문장입니다 " * 8,
}


def spoilt(lang):
    """Return a canvas every box of which is far too full."""
    page = draw_up(full(), Choice("listen", 52))
    boxes = {key: (*lines, LONG[lang], "x" * 200) for key, lines in page.boxes[lang].items()}
    title = {lang: f"{page.title[lang]} {LONG[lang]}"}
    return canvas.Canvas(title, {lang: boxes}, page.ready)


@pytest.mark.parametrize("lang", terms.LANGS)
@pytest.mark.parametrize("found", [full(), bare()], ids=["full", "bare"])
def test_the_text_stays_in_its_box_and_is_whole(found, lang):
    page = draw_up(found, Choice("influence", 52, goal="$5 and $6: 충성 고객 300명"))
    ax = plot.plot_canvas(page, lang=lang)
    assert_all_inside(ax)
    for key, texts in extents(ax)[1].items():
        drawn = " ".join(text.get_text() for text in texts)
        assert drawn.split() == " ".join(page.boxes[lang][key]).split()
        assert min(text.get_fontsize() for text in texts) >= 8


@pytest.mark.parametrize("lang", terms.LANGS)
def test_a_box_that_is_too_full_is_cut_and_says_so(lang):
    ax = plot.plot_canvas(spoilt(lang), lang=lang)
    assert_all_inside(ax)
    for texts in extents(ax)[1].values():
        assert texts[-1].get_text().endswith("…")
    [title] = [text for text in ax.texts if text.get_text().startswith(terms.label("canvas", lang))]
    assert title.get_window_extent().x1 <= ax.get_window_extent().x1


def test_it_draws_on_the_axes_given_whatever_their_size():
    figure, given = plt.subplots(figsize=(16, 10), layout="none")
    ax = plot.plot_canvas(draw_up(full(), Choice("listen", 52)), ax=given, lang="ko")
    assert ax is given
    assert ax.figure is figure
    assert_all_inside(ax)


def test_one_page_is_a4_landscape():
    figure = plot.plot_canvas(draw_up(full(), Choice("listen", 52))).figure
    width, height = figure.get_size_inches()
    assert width <= 297 / 25.4 - 0.4 and height <= 210 / 25.4 - 0.4  # a margin of 5 mm on each side
    assert width / height == pytest.approx(297 / 210, rel=0.06)


def test_what_was_watched_for_less_is_said_of_less():
    short = full(weekly=WEEKLY.tail(8))
    assert "32 new customers in 8 weeks" in box(short, "listeners")
    assert "in 8 weeks" in box(short, "listeners").splitlines()[1]


def picture():
    """Return a PNG as long and as wide as the canvas, in base64."""
    held = io.BytesIO()
    Image.new("RGB", tuple(round(10 * side) for side in drawing.A4), "white").save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


@pytest.mark.browser
def test_a_figure_tagged_landscape_is_printed_on_a_page_of_its_own(tmp_path):
    node = notebook()
    node.cells[8].metadata["tags"] = ["landscape"]
    node.cells[8].outputs = [nbformat.v4.new_output("display_data", {"image/png": picture()})]
    about = {"provenance": "p", "data_name": "d", "parameters": [], "lang": "en", "brand": "b", "title": "t"}
    path = tmp_path / "page.html"
    path.write_text(render(node, **about), "utf-8")
    command = [browser(), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'page.pdf'}"]
    subprocess.run([*command, path.as_uri()], capture_output=True, timeout=90, check=True)
    sizes = re.findall(rb"/MediaBox ?\[ ?0 0 ([0-9.]+) ([0-9.]+)", (tmp_path / "page.pdf").read_bytes())
    assert sum(float(width) > float(height) for width, height in sizes) == 1
    assert len(sizes) > 1


def test_other_results_stand_in_by_their_names():
    quarter = SimpleNamespace(engaged_index=1.5, engaged_index_low=1.2, engaged_index_high=1.8, n_weeks=13)
    [row] = measured(engaged_index=quarter).to_dict("records")
    assert (row["estimate"], row["low"], row["high"], row["n"]) == (1.5, 1.2, 1.8, 13)
