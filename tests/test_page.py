"""The page: answers first, tables that sort and download, what changed since the last run, open to everyone."""

import base64
import csv
import io
import json
import re
from importlib.resources import files

import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pytest
from chromium import open_tab
from PIL import Image

from smm_analysis.keynumbers import KeyNumber, key_numbers
from smm_analysis.report import page, pictures
from smm_analysis.report.answers import answers, interval_bar
from smm_analysis.report.frames import readable
from smm_analysis.report.index import render_index
from smm_analysis.verdict import Verdict

FRAME = pd.DataFrame(
    {"won": [7867297.0, -350.5, float("nan")], "text": ["=HYPERLINK(1)", 'a "b", c', "나"], "n": [30, 4, 100]},
    index=pd.Index(["tv", "sns", "events"], name="channel"),
)


def plain(**changed):
    verdict = {
        "claims": ["S4.4"],
        "key": "behaviour_beyond_nps",
        "question": "Which tells more?",
        "decision": "supported",
        "estimate": 10.0,
        "low": 8.0,
        "high": 12.0,
        "level": 0.9,
        "unit": "nats",
        "delta": 5.0,
        "reason": "",
        "text": "Behaviour <b>does</b>.",
        "limits": "One brand.",
        "method_check": True,
        "measure": "Gain",
        "lang": "en",
    }
    return verdict | changed


def notebook():
    """A notebook as papermill leaves it: prose, a frame, a verdict."""
    cells = [
        nbformat.v4.new_markdown_cell("# 제목 · Title"),
        nbformat.v4.new_markdown_cell("## 질문 · Question"),
        nbformat.v4.new_markdown_cell("**Which tells more?**\n\nThe texts say so.", metadata={"tags": ["en"]}),
        nbformat.v4.new_markdown_cell("## 모형 · Model"),
        nbformat.v4.new_markdown_cell("What channels **cost**.", metadata={"tags": ["en"]}),
        nbformat.v4.new_code_cell("frame"),
        nbformat.v4.new_markdown_cell("## 그림 · Figure"),
        nbformat.v4.new_markdown_cell("A figure.", metadata={"tags": ["en"]}),
        nbformat.v4.new_code_cell("judge()"),
    ]
    cells[5].outputs = [nbformat.v4.new_output("execute_result", {"text/html": FRAME._repr_html_()}, execution_count=1)]
    shown = {"text/plain": "x", page.MIMETYPE: plain()}
    cells[8].outputs = [nbformat.v4.new_output("execute_result", shown, execution_count=2)]
    return nbformat.v4.new_notebook(cells=cells)


def html(**more):
    about = {"title": "Title", "question": "Which tells more?", "slug": "title.en", "lang": "en", "brand": "mirae"}
    return page.render(notebook(), **about, provenance="p", data_name="d", parameters=[], **more)


def test_the_first_screen_has_question_answer_number_and_what_would_turn_it():
    text = html()
    first = text[: text.index("<h2")]
    for part in (
        "Which tells more?",
        "Behaviour &lt;b&gt;does&lt;/b&gt;.",
        "Gain",
        "10.0 nats",
        "8.0 to 12.0",
        "up to a threshold of about 8.0",
    ):
        assert part in first
    assert "Simulated data" in first
    assert text.count("Which tells more?") == 2  # title question and the answer's own, not again in the section


STAGES = pd.DataFrame({"stage": ["customers"], "rate": [0.155], "low": [0.127], "high": [0.188], "n": [661]})


def test_key_numbers_are_lifted_to_the_first_screen():
    found = key_numbers(STAGES, key="stage", estimate="rate", level=0.95, percent=True)
    [number] = found.numbers
    assert (number.number, number.about) == ("15.5%", "95% interval 12.7 to 18.8, n = 661")
    assert KeyNumber.from_dict(number.to_dict()) == KeyNumber.from_dict(json.loads(json.dumps(number.to_dict())))
    book = notebook()
    shown = found._repr_mimebundle_()
    book.cells[5].outputs = [nbformat.v4.new_output("execute_result", shown, execution_count=1)]
    text = page.render(book, title="T", lang="en", brand="", provenance="", data_name="", parameters=[])
    assert text.index("15.5%") < text.index("<h2") and text.count("15.5%") == 1
    assert text.index("People who bought at least once.") < text.index("<h2")


def test_a_number_that_cannot_be_told_says_why():
    untold = STAGES.assign(rate=float("nan"), reason_ko="부족합니다.")
    [number] = key_numbers(untold, key="stage", estimate="rate", level=0.95, lang="ko").numbers
    assert (number.number, number.about) == ("–", "부족합니다.")


def test_sections_come_in_a_readers_order():
    headings = re.findall(r"<h2[^>]*>(\w+)", html())
    assert headings == ["Question", "Figure", "Model"]


def test_a_figure_or_table_is_described_by_its_prose():
    assert 'aria-label="Table: Model: What channels cost."' in html()


def test_simulated_data_are_called_simulated_even_where_nothing_is_judged():
    about = {"title": "t", "lang": "en", "brand": "", "provenance": "", "data_name": "", "parameters": []}
    notices = [
        page.render(nbformat.v4.new_notebook(), simulated=s, **about).count('class="notice"') for s in (True, False)
    ]
    assert notices == [1, 0]


@pytest.mark.parametrize(("figures", "shrunk_by"), [(3, 1), (60, 2)])
def test_figures_stay_sharp_while_the_page_has_room(figures, shrunk_by):
    points = np.random.default_rng(1).integers(0, 2, (150, 200, 3), dtype=np.uint8) * 255
    drawn = io.BytesIO()
    Image.fromarray(points).save(drawn, "PNG")
    sharp = {"image/png": {"width": 100, "height": 75}}
    png = nbformat.v4.new_output(
        "display_data", {"image/png": base64.b64encode(drawn.getvalue()).decode()}, metadata=sharp
    )
    cells = [nbformat.v4.new_code_cell("plt.show()", outputs=[png]) for _ in range(figures)]
    given = nbformat.v4.new_notebook(cells=cells)
    made = page.render(given, title="t", lang="ko", brand="", provenance="", data_name="", parameters=[])
    shown = re.findall(r'<img alt="" height="75" src="data:image/webp;base64,([^"]*)" width="100"', made)
    sizes = {Image.open(io.BytesIO(base64.b64decode(webp))).size for webp in shown}
    assert len(shown) == figures
    assert sizes == {(200 // shrunk_by, 150 // shrunk_by)}


def test_tables_have_one_heading_row_and_parted_thousands():
    table = readable(FRAME._repr_html_())
    [[heading, *_]] = [re.findall("<th>([^<]*)</th>", row) for row in re.findall("<tr.*?</tr>", table, re.DOTALL)][:1]
    assert heading == "channel" and table.count("<tr") == 4
    assert "<td>7,867,297</td>" in table and "<td>−350.5</td>" in table
    assert "<td>–</td>" in table


def test_columns_are_written_alike():
    given = {"people": [697.0, 1093.0], "year": [1967, 2026], "why": ["few weeks", None], "half": [0.5, 12.25]}
    table = readable(pd.DataFrame(given, index=pd.Index([1, 2500], name="n"))._repr_html_())
    rows = [re.findall("<t[dh]([^>]*)>([^<]*)</t[dh]>", row) for row in re.findall("<tr.*?</tr>", table, re.DOTALL)]
    written, marked = zip(*([*zip(*row, strict=True)][::-1] for row in rows), strict=True)
    assert written[1:] == (("1", "697", "1967", "few weeks", "0.50"), ("2,500", "1,093", "2026", "–", "12.25"))
    assert all(marks == ("", "", "", ' class="t"', "") for marks in marked[:2])


def test_ids_of_digits_stay_as_they_are():
    ids = ["1234567890123456789", "00456"]
    table = readable(pd.DataFrame({"post_id": ids, "views": [20, 31_000]}, index=ids)._repr_html_())
    assert all(table.count(f">{each}<") == 2 for each in ids) and "<td>31,000</td>" in table


def test_a_moment_is_shown_to_the_minute():
    days = pd.DataFrame({"start": pd.to_datetime(["2026-05-20 04:31:12"]).tz_localize("Asia/Seoul"), "n": [1]})
    assert "<td>2026-05-20 04:31</td>" in readable(days._repr_html_())


def test_numbers_have_a_true_minus_sign_and_texts_keep_their_hyphen():
    table = readable(pd.DataFrame({"gain": [-1.5, -np.inf]}, index=[-3, "-2026-01"])._repr_html_())
    assert "<td>−1.5</td>" in table and "<td>−∞</td>" in table and "<th>−3</th>" in table
    assert "<th>-2026-01</th>" in table


def test_cells_that_show_nothing_share_one_fold():
    book = notebook()
    silent = [nbformat.v4.new_code_cell(f"step_{number}") for number in range(3)]
    book.cells[5:5] = silent
    made = page.render(book, title="t", lang="en", brand="", provenance="", data_name="", parameters=[])
    assert made.count('<details class="source">') == html().count('<details class="source">')
    assert "step_0\n\nstep_1\n\nstep_2\n\nframe" in made


def test_colours_stay_as_drawn_those_of_pale_areas_and_of_a_few_marks():
    drawn = np.full((300, 400, 3), 255, dtype=np.uint8)
    drawn[50:120], drawn[120:190] = (214, 231, 241), (236, 236, 236)  # a pale blue band beside a grey one
    drawn[200:290] = np.random.default_rng(1).integers(90, 255, (90, 400, 1))  # shades of grey, as of thin lines
    drawn[10:14, 10:14] = (213, 94, 0)
    buffer = io.BytesIO()
    Image.fromarray(drawn).save(buffer, "PNG")
    small = pictures.webp(base64.b64encode(buffer.getvalue()).decode())
    shown = Image.open(io.BytesIO(base64.b64decode(small))).convert("RGB")
    for y, x in ((12, 12), (80, 50), (150, 50), (30, 30)):
        assert max(abs(a - int(b)) for a, b in zip(shown.getpixel((x, y)), drawn[y, x], strict=True)) <= 4


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (plain(estimate=9.0, low=7.0, high=11.0), "▲ +1 since 2026-11-20, within the noise"),
        (plain(estimate=2.0, low=1.0, high=3.0), "▲ +8 since 2026-11-20, more than noise"),
        (plain(estimate=15.0, low=14.0, high=16.0), "▼ −5 since 2026-11-20, more than noise"),
        (plain(), "unchanged since 2026-11-20"),
        (plain(decision="cannot_tell", low=2.0), "unchanged since 2026-11-20 · was: cannot tell (2026-11-20)"),
        (plain(key="another"), ""),
    ],
)
def test_what_changed_is_said_with_its_noise(before, says):
    [answer] = answers([plain()], [before], "20261120T080000000Z")
    assert answer.change == says


def test_what_would_turn_an_answer():
    turns = [
        answers([plain(decision=d, reason="More weeks.")])[0].turn
        for d in ("supported", "not_supported", "cannot_tell")
    ]
    assert turns == [
        "Threshold (smallest effect that matters): 5 nats. The answer holds up to a threshold of about 8.0.",
        "Threshold (smallest effect that matters): 5 nats. The answer holds down to a threshold of about 12.0.",
        "More weeks.",
    ]


def test_an_interval_on_the_other_side_of_nothing_needs_no_lower_threshold():
    [answer] = answers([plain(decision="not_supported", estimate=-9.0, low=-11.0, high=-7.0)])
    assert answer.turn.endswith("The whole interval is below zero: the answer holds at any threshold.")


@pytest.mark.parametrize(("unit", "mark"), [("people", "5 people"), ("points per 1,000 customers", "5")])
def test_the_dashed_line_has_its_unit_where_there_is_room(unit, mark):
    assert answers([plain(unit=unit)])[0].mark == f"dashed line: threshold {mark}"


def test_an_interval_without_end_is_drawn_within_its_frame():
    bar = interval_bar(Verdict.from_dict(plain(high=None) | {"low": 8.0}))
    assert "nan" not in bar and "inf" not in bar


def entry(run, decision, lang="en", brand="mirae"):
    made = {"name": "03", "title": "T", "lang": lang, "brand": brand, "status": "ok", "error": None, "run": run}
    made |= {
        "html": f"03.{brand}.{lang}.html",
        "html_from": run,
        "data_sha256": "",
        "verdicts": [plain(decision=decision)],
    }
    return made


def manifest(run, *entries):
    return {"stamp": run, "status": "ok", "data": {"sha256": ""}, "reports": list(entries)}


def index(now, *past, lang="en"):
    about = {"data_name": "d", "period": "", "synthetic": True, "provenance": "p", "history_prefix": "../runs/"}
    return render_index(now, [(old["stamp"], old) for old in past], lang=lang, **about)


RUNS = [f"2026112{day}T080000000Z" for day in (1, 2, 3)]


def test_the_index_shows_how_a_question_was_answered_lately():
    decisions = ("cannot_tell", "cannot_tell", "supported")
    past = [manifest(run, entry(run, decision)) for run, decision in zip(RUNS, decisions, strict=True)]
    text = index(past[2], past[1], past[0])
    assert "last 3 runs, oldest first: cannot tell, cannot tell, supported" in text


def test_the_index_offers_brands_only_where_there_are_several():
    run = RUNS[0]
    assert "fieldset" not in index(manifest(run, entry(run, "supported")))
    assert "fieldset" in index(manifest(run, entry(run, "supported"), entry(run, "supported", brand="haneul")))


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "title.html"
    path.write_text(html(), "utf-8")
    return path


@pytest.mark.browser
def test_tables_sort_and_download(written, tmp_path):
    with open_tab(written.as_uri(), tmp_path) as tab:
        column = "[...document.querySelectorAll('.dataframe tbody tr')].map(row => row.cells[3].textContent)"
        for order in (["4", "30", "100"], ["100", "30", "4"], ["30", "4", "100"]):
            tab.run("document.querySelectorAll('.dataframe thead th button')[3].click()")
            assert tab.run(column) == order
        for name in ("CSV", "Excel"):
            tab.run(f"[...document.querySelectorAll('.tools button')].find(b => b.textContent === '{name}').click()")
        tab.until("true")
        made = [tmp_path / f"title.en-1.{ending}" for ending in ("csv", "xlsx")]
        for _ in range(100):
            if all(f.is_file() for f in made):
                break
            tab.run("new Promise(done => setTimeout(done, 100))")
        assert tab.said == []
    raw = made[0].read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0] == ["channel", "won", "text", "n"]
    assert rows[1:] == [
        ["tv", "7867297", "'=HYPERLINK(1)", "30"],
        ["sns", "-350.5", 'a "b", c', "4"],  # shown with a true minus sign, a number all the same
        ["events", "–", "나", "100"],
    ]
    sheet = openpyxl.load_workbook(made[1]).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == ["tv", 7867297, "=HYPERLINK(1)", 30]
    assert cells[2][1] == -350.5
    assert sheet["C2"].data_type == "s"  # a text, computed by nothing


@pytest.mark.browser
def test_the_page_has_no_serious_accessibility_fault(written, tmp_path):
    check_with_axe(written, tmp_path)


@pytest.mark.browser
def test_the_index_filters_by_brand_and_is_accessible(tmp_path):
    run, path = RUNS[0], tmp_path / "index.html"
    path.write_text(index(manifest(run, entry(run, "supported"), entry(run, "cannot_tell", brand="haneul"))), "utf-8")
    with open_tab(path.as_uri(), tmp_path) as tab:
        shown = "[...document.querySelectorAll('tr[data-brand]')].filter(r => !r.hidden).map(r => r.dataset.brand)"
        assert tab.run(shown) == ["mirae", "haneul"]
        tab.run("document.querySelector('input[value=haneul]').click()")
        assert tab.run(shown) == ["haneul"]
        assert tab.said == []
    check_with_axe(path, tmp_path)


def check_with_axe(path, folder):
    """Run axe-core, in light and in dark; what it finds serious or critical fails."""
    pytest.importorskip("axe_core_python", reason="axe-core is not installed (pip install axe-core-python)")
    source = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    open_to_scripts = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text("utf-8"))
    copy = path.with_name("axe.html")
    copy.write_text(open_to_scripts, "utf-8")
    with open_tab(copy.as_uri(), folder / "axe") as tab:
        tab.run(source + ";1")
        for scheme in ("light", "dark"):
            tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            found = json.loads(tab.run("axe.run().then(r => JSON.stringify(r.violations))"))
            grave = [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")]
            assert grave == [], scheme


def test_weeks_of_a_plan_are_whole_whatever_the_interval():
    plan = {"design": ["design_staggered"] * 3, "estimate": [42.0, 42.5, 59.0], "low": [42.0, 40.0, 55.0]}
    table = pd.DataFrame(plan | {"high": [49.0, 45.0, np.inf], "n": 104})
    shown = key_numbers(table, key="design", level=0.9, measure="weeks_needed").numbers
    assert [one.number for one in shown] == ["42 weeks", "42.5 weeks", "59 weeks"]
    assert "42 to 49" in shown[0].about and "∞" in shown[2].about
