"""The runner on small notebooks of its own: parameters, failures, carried pages, the lock, a killed run."""

import base64
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from click.testing import CliRunner
from filelock import FileLock
from telling import english_left
from test_tables_faults import FAULTS
from tiny import write_tiny

from smm_analysis import places
from smm_analysis.cli import main
from smm_analysis.report import page
from smm_analysis.report.catalogue import Parameter, ReportError, find, in_language, read_parameters
from smm_analysis.report.publish import Shelf

PARAMETERS = """
data: str = ""  # data folder · 데이터
brand: str = ""  # brand · 브랜드
since: str = ""  # first day [date] · 첫날
until: str = ""  # last day [date] · 마지막 날
lang: str = "en"  # language [en|ko] · 언어
seed: int = 1  # seed [0..] · 씨앗
weeks: int = 13  # horizon, weeks [1..104] · 기간(주)
delta: float = 0.5  # smallest effect [0..] · 최소 효과
"""
VERDICT = """
from types import SimpleNamespace
from smm_analysis import verdict
effect = SimpleNamespace(estimate=8.0, low=6.0, high=10.0, level=0.9, n=100, reason={})
verdict.judge("recent_beats_history", effect, delta=5, synthetic=True, lang=lang)
"""


def write_notebook(path, body, *, parameters=PARAMETERS, **metadata):
    """Write a notebook with prose in two languages, the parameters and one cell of `body`."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# 점검 · A check"),
        new.new_markdown_cell("## 질문 · Question"),
        new.new_markdown_cell("**한글 질문?**", metadata={"tags": ["ko"]}),
        new.new_markdown_cell("**An English question?**", metadata={"tags": ["en"]}),
        new.new_code_cell(parameters.strip(), metadata={"tags": ["parameters"]}),
        new.new_code_cell("print('for the lab'); 1 / 0", metadata={"tags": ["lab-only"]}),
        new.new_code_cell("print('for the lab'); 1 / 0", metadata={"tags": ["solution"]}),
        new.new_code_cell(body.strip()),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new.new_notebook(cells=cells, metadata={"kernelspec": kernel, "smm": metadata}), path)
    return path


def smm(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def books(tmp_path):
    folder = tmp_path / "books"
    write_notebook(folder / "good.ipynb", VERDICT)
    return folder


def report(books, *arguments):
    return smm("report", "--notebooks", books, "--out", books.parent / "reports", *arguments)


def refused_in_korean(books, *arguments):
    """Return how a run is refused in Korean, with no English left."""
    result = report(books, *arguments, "--lang", "ko")
    assert result.exit_code == 2
    assert not english_left(result.stderr), result.stderr
    return result.stderr


def manifest(books):
    return json.loads((books.parent / "reports" / "latest" / "manifest.json").read_text(encoding="utf-8"))


# --- parameters ------------------------------------------------------------------------------------------------------


def test_a_parameters_cell_is_read_with_type_range_choices_and_both_helps():
    found = read_parameters(PARAMETERS, origin="x")
    assert found["weeks"] == Parameter("weeks", "int", 13, "horizon, weeks", "기간(주)", low=1, high=104)
    assert found["lang"].choices == ("en", "ko")
    assert found["since"].is_date
    assert found["delta"].high == float("inf")


@pytest.mark.parametrize(
    "line",
    [
        "weeks = 3",
        "weeks: list = []",
        "n: int = len('abc')",
        "print(3)",
        "n: int",
        "n: int = 3 +",
        "n: int = 3  # [a..b]",
    ],
)
def test_a_parameters_cell_holds_typed_literals_only(line):
    with pytest.raises(ReportError, match=r"^x: ") as caught:
        read_parameters(line, origin="x")
    assert caught.value.told("ko").startswith("x: 매개변수")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("weeks=abc", r"weeks .* takes a whole number, 1 to 104; given 'abc'"),
        ("weeks=-1", r"weeks .* takes a whole number, 1 to 104; given '-1'"),
        ("weeks=3.5", r"weeks .* takes a whole number"),
        ("weeks=105", r"weeks .* 1 to 104; given '105'"),
        ("delta=nan", r"delta .* takes a number of at least 0; given 'nan'"),
        ("delta=inf", r"delta .* given 'inf'"),
        ("weks=3", r"good: no parameter 'weks'; did you mean weeks\?"),
        ("zzz=3", r"no parameter 'zzz'; known: data, brand"),
        ("lang=fr", r"lang .* takes one of en, ko; given 'fr'"),
        ("since=31/12/2025", r"since .* takes a date such as 2026-03-31, or nothing"),
        ("brand=nobody", r"nobody"),
        ("weeks", r"-p takes KEY=VALUE"),
    ],
)
def test_a_bad_parameter_is_refused_before_anything_is_written(books, given, message):
    result = report(books, "good", "-p", given)
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
    assert "Traceback" not in result.output
    assert refused_in_korean(books, "good", "-p", given) != result.stderr
    assert not (books.parent / "reports").exists()


@pytest.mark.parametrize(
    ("given", "korean"),
    [
        ("weeks=105", "매개변수 weeks의 값을 고치십시오. 뜻: 기간(주). 허용: 정수(1~104). 받은 값: '105'"),
        ("delta=-1", "뜻: 최소 효과. 허용: 0 이상의 숫자. 받은 값: '-1'"),
        ("lang=fr", "허용: en, ko 가운데 하나. 받은 값: 'fr'"),
        ("until=soon", "허용: 2026-03-31 같은 날짜 또는 빈 값."),
        ("weks=3", "good: 'weks' 매개변수가 없습니다. 혹시 weeks입니까?"),
        ("weeks", "-p 뒤에는 -p seed=7처럼 이름=값을 적으십시오. 받은 값: 'weeks'"),
    ],
)
def test_a_bad_parameter_is_refused_in_korean(books, given, korean):
    assert korean in refused_in_korean(books, "good", "-p", given)


def test_a_parameter_must_be_known_to_every_named_report_or_to_one_of_all(books):
    write_notebook(books / "plain.ipynb", "weeks = 1", parameters=PARAMETERS.split("weeks")[0])
    assert report(books, "good", "plain", "-p", "weeks=3").exit_code == 2
    assert report(books, "-p", "weeks=3").exit_code == 0
    values = {entry["name"]: entry["parameters"].get("weeks") for entry in manifest(books)["reports"]}
    assert values == {"good": 3, "plain": None}


def test_an_unknown_report_names_the_nearest(books):
    result = report(books, "god")
    assert (result.exit_code, "did you mean good?" in result.stderr) == (2, True)
    assert refused_in_korean(books, "god") == "smm: 'god': 그런 보고서는 없습니다. 혹시 good입니까?\n"
    assert "있는 보고서: good" in refused_in_korean(books, "zzz")


def test_bad_data_are_refused_before_anything_is_written(books, tmp_path):
    (tmp_path / "empty").mkdir()
    for data in (tmp_path / "empty", tmp_path / "nowhere"):
        result = report(books, "--data", data)
        assert result.exit_code == 2
        assert str(data) in result.stderr
        assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_stops_check_and_report_with_one_message(fault, tmp_path):
    spoil, message = FAULTS[fault]
    data, out = tmp_path / "data", tmp_path / "reports"
    write_tiny(data)
    spoil(data)
    for arguments in (("check", data), ("report", "00_start_here", "--data", data, "--out", out)):
        result = smm(*arguments)
        assert result.exit_code == 2
        assert re.search(message, result.output)
        assert "Traceback" not in result.output
    assert not out.exists()


def test_a_report_is_found_by_name_by_folder_and_by_path():
    for name in ("cdnow_repeat_buyers", "cases/cdnow_repeat_buyers", str(places.notebooks() / "00_start_here.ipynb")):
        assert find([name])[0].path.is_file()


def test_a_notebook_without_the_common_parameters_runs_too(books):
    write_notebook(books / "bare.ipynb", "width = 3 * seed", parameters="seed: int = 1  # seed [0..] · 씨앗")
    assert report(books, "bare").exit_code == 0
    assert manifest(books)["reports"][0]["parameters"] == {"seed": 1}


def test_two_notebooks_of_one_name_are_refused(books):
    write_notebook(books / "more" / "good.ipynb", VERDICT)
    result = report(books)
    assert (result.exit_code, "have the name good" in result.stderr) == (2, True)
    assert "이름이 good인 노트북이 둘 이상입니다" in refused_in_korean(books)


def test_a_missing_table_stops_a_named_report_and_skips_it_otherwise(books):
    write_notebook(books / "hungry.ipynb", "pass", tables=["no_such_table"])
    named = report(books, "hungry")
    assert (named.exit_code, "no_such_table" in named.stderr) == (2, True)
    every = report(books)
    assert every.exit_code == 0
    assert "skipped hungry" in every.stdout
    assert list(manifest(books)["skipped"]) == ["hungry"]
    korean = report(books, "--lang", "ko", "--dry-run")
    assert korean.stdout.startswith("실행 예정 good: ") and "건너뛸 예정 hungry: 규약에 'no" in korean.stdout


# --- runs ------------------------------------------------------------------------------------------------------------


def test_a_run_leaves_page_index_manifest_and_notebook(books):
    result = report(books, "-p", "weeks=26", "--lang", "ko")
    latest = books.parent / "reports" / "latest"
    assert result.exit_code == 0
    assert result.stdout.strip().endswith(str(latest / "index.html"))
    held = manifest(books)
    assert set(held) >= {"status", "started_at", "finished_at", "versions", "git", "data", "reports"}
    [entry] = held["reports"]
    assert (entry["status"], entry["lang"], entry["parameters"]["weeks"]) == ("ok", "ko", 26)
    assert entry["verdicts"][0]["decision"] == "supported"
    assert entry["verdicts"][0]["method_check"] is True
    assert (latest / entry["html"]).is_file()
    assert (latest / entry["notebook"]).is_file()
    run = books.parent / "reports" / "runs" / entry["html_from"]
    assert {p.name for p in run.iterdir()} == {p.name for p in latest.iterdir()}
    assert (run / "manifest.json").read_bytes() == (latest / "manifest.json").read_bytes()


def test_a_page_holds_one_language_its_verdicts_first_and_asks_nothing_of_the_network(books):
    report(books, "--lang", "ko")
    report(books, "--lang", "en")
    assert [entry["lang"] for entry in manifest(books)["reports"]] == ["en", "ko"]
    latest = books.parent / "reports" / "latest"
    english, korean = ((latest / f"good.{brand(books)}.{lang}.html").read_text("utf-8") for lang in ("en", "ko"))
    assert "An English question" in english
    assert "한글 질문" not in english
    assert "한글 질문" in korean
    assert "An English question" not in korean
    for html in (english, korean, (latest / "index.html").read_text("utf-8")):
        assert not re.search(r"(src|href)=\"(?!data:|[\w./-]+\.html|#)", html)
        [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{allowed}'" in html  # the one script, and no other
        assert "for the lab" not in html
    assert english.index('class="answers"') < english.index("<h2")
    assert f'href="good.{brand(books)}.ko.html" lang="ko"' in english
    assert 'lang="en"' in korean.partition("</header>")[0]


def brand(books):
    return manifest(books)["reports"][0]["brand"]


def test_a_failure_is_reported_and_the_last_good_page_carried_forward(books):
    fragile = write_notebook(books / "fragile.ipynb", VERDICT)
    assert report(books).exit_code == 0
    first = {entry["name"]: entry for entry in manifest(books)["reports"]}
    write_notebook(fragile, "raise ValueError('the <b>well</b> is dry')")
    result = report(books)
    assert result.exit_code == 1
    second = {entry["name"]: entry for entry in manifest(books)["reports"]}
    assert manifest(books)["status"] == "failed"
    assert second["good"]["status"] == "ok"
    assert second["good"]["html_from"] != first["good"]["html_from"]
    assert (second["fragile"]["status"], second["fragile"]["html_from"]) == ("failed", first["fragile"]["html_from"])
    assert second["fragile"]["error"] == "ValueError: the <b>well</b> is dry"
    html = (books.parent / "reports" / "latest" / second["fragile"]["html"]).read_text("utf-8")
    assert "the &lt;b&gt;well&lt;/b&gt; is dry" in html
    assert "An English question" in html
    report(books)  # a second failure in a row carries the same page, with one notice
    again = {entry["name"]: entry for entry in manifest(books)["reports"]}["fragile"]
    html = (books.parent / "reports" / "latest" / again["html"]).read_text("utf-8")
    assert again["html_from"] == first["fragile"]["html_from"]
    assert html.count("the &lt;b&gt;well&lt;/b&gt; is dry") == 1


def test_a_first_failure_leaves_a_page_that_says_so(books):
    write_notebook(books / "good.ipynb", "1 / 0")
    assert report(books, "--lang", "ko").exit_code == 1
    [entry] = manifest(books)["reports"]
    assert (entry["html_from"], entry["error"]) == (None, "ZeroDivisionError: division by zero")
    assert "ZeroDivisionError" in (books.parent / "reports" / "latest" / entry["html"]).read_text("utf-8")


def test_a_cell_over_its_time_is_stopped(books):
    write_notebook(books / "good.ipynb", "import time; time.sleep(60)")
    assert report(books, "--timeout", 3).exit_code == 1
    [entry] = manifest(books)["reports"]
    assert (entry["status"], entry["error"]) == ("timeout", "a cell took more than 3 s")


def test_pages_of_other_data_are_not_carried_over(books, tmp_path):
    report(books, "--lang", "ko")
    copy = tmp_path / "copy"
    shutil.copytree(places.sample(), copy)
    report(books, "--data", copy)
    assert [entry["lang"] for entry in manifest(books)["reports"]] == ["en"]


def test_a_second_run_at_once_gets_75(books):
    out = books.parent / "reports"
    out.mkdir()
    with FileLock(out / ".lock"):
        result = report(books)
    assert (result.exit_code, "another run" in result.stderr) == (75, True)
    assert not (out / "latest").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_killed_run_leaves_latest_whole_and_the_next_one_works(books):
    assert report(books).exit_code == 0
    before = snapshot(books.parent / "reports" / "latest")
    write_notebook(books / "good.ipynb", "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    options = ["--notebooks", str(books), "--out", str(books.parent / "reports")]
    command = [sys.executable, "-m", "smm_analysis", "report", *options]
    runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    staged = wait_for(lambda: list((books.parent / "reports" / "runs").glob(".*.part/notebooks/*.ipynb")))
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert staged
    assert snapshot(books.parent / "reports" / "latest") == before
    write_notebook(books / "good.ipynb", VERDICT)
    assert report(books).exit_code == 0
    assert not list((books.parent / "reports" / "runs").glob(".*"))


def snapshot(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def test_a_swap_that_stopped_half_way_is_mended(tmp_path):
    (tmp_path / ".latest.old").mkdir(parents=True)
    (tmp_path / ".latest.old" / "index.html").write_text("whole")
    (tmp_path / "runs" / ".20260101T000000000Z.part").mkdir(parents=True)
    shelf = Shelf(tmp_path)
    shelf.recover()
    assert (shelf.latest / "index.html").read_text() == "whole"
    assert list(shelf.runs.iterdir()) == []


def test_too_little_data_are_a_verdict_not_a_failure(tmp_path):
    write_tiny(tmp_path / "data")
    result = smm("report", "--data", tmp_path / "data", "--out", tmp_path / "{odd} folder", "--lang", "ko")
    assert result.exit_code == 0, result.output
    held = json.loads((tmp_path / "{odd} folder" / "latest" / "manifest.json").read_text("utf-8"))
    verdicts = {r["name"]: r["verdicts"] for r in held["reports"]}["03_nps_vs_customer_health"]
    assert {v["decision"] for v in verdicts} == {"cannot_tell"}
    assert all("주" in v["reason"] and v["estimate"] is None for v in verdicts)


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}'])
def test_what_is_no_notebook_is_refused_and_listed(books, content):
    (books / "broken.ipynb").write_text(content)
    refused = report(books, "broken")
    assert (refused.exit_code, "broken.ipynb is not a notebook" in refused.stderr) == (2, True)
    assert "broken.ipynb 파일을 노트북으로 읽을 수 없습니다(" in refused_in_korean(books, "broken")
    assert "실행할 수 없습니다: broken.ipynb" in smm("list", "--notebooks", books, "--lang", "ko").output
    listed = smm("list", "--notebooks", books)
    assert (listed.exit_code, "cannot run" in listed.output, "-p weeks=13" in listed.output) == (2, True, True)


def test_somebody_elses_latest_is_left_alone(books):
    latest = books.parent / "reports" / "latest"
    latest.mkdir(parents=True)
    (latest / "thesis.txt").write_text("years of work")
    result = report(books)
    assert (result.exit_code, "is not from a run" in result.stderr) == (2, True)
    assert "그대로 두었습니다. --out으로" in refused_in_korean(books)
    assert (latest / "thesis.txt").read_text() == "years of work"


def test_a_damaged_shelf_does_not_stop_a_run(books):
    assert report(books).exit_code == 0
    reports = books.parent / "reports"
    (reports / "latest" / "manifest.json").write_text('{"status": ')
    (reports / "runs" / "notes").mkdir()
    (reports / "runs" / "notes" / "manifest.json").write_text("{}")
    assert report(books).exit_code == 0
    assert [entry["status"] for entry in manifest(books)["reports"]] == ["ok"]


def test_earlier_runs_are_linked_from_the_index_and_from_its_archive(books):
    for _ in range(2):
        report(books)
    reports = books.parent / "reports"
    last = manifest(books)["stamp"]
    for index in (reports / "latest" / "index.html", reports / "runs" / last / "index.html"):
        links = re.findall(r'href="([^"]+/index.html)"', index.read_text("utf-8"))
        assert len(links) == 1
        assert (index.parent / links[0]).resolve().is_file()


def test_pages_from_older_data_are_marked(books, tmp_path):
    write_tiny(tmp_path / "data")
    report(books, "--data", tmp_path / "data", "--lang", "ko")
    with (tmp_path / "data" / "dataset.toml").open("a") as file:
        file.write("# one more line\n")
    write_notebook(books / "other.ipynb", VERDICT)
    report(books, "other", "--data", tmp_path / "data", "--lang", "ko")
    held = {entry["name"]: entry["data_sha256"] for entry in manifest(books)["reports"]}
    assert held["other"] == manifest(books)["data"]["sha256"] != held["good"]
    index = (books.parent / "reports" / "latest" / "index.html").read_text("utf-8")
    assert index.count("이전 데이터로 작성") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_killed_worker_takes_no_other_report_with_it(books):
    suicide = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    write_notebook(books / "deadly.ipynb", suicide)
    assert report(books, "--jobs", 2, "--cold").exit_code == 1  # a plain kernel's parent is the worker
    assert {e["name"]: e["status"] for e in manifest(books)["reports"]} == {"deadly": "failed", "good": "ok"}


def test_a_brand_is_chosen_for_all_reports_but_the_cases(tmp_path):
    write_tiny(tmp_path / "data")
    result = smm("report", "--data", tmp_path / "data", "--out", tmp_path / "out", "-p", "brand=beta", "--lang", "ko")
    assert result.exit_code == 0, result.output
    held = json.loads((tmp_path / "out" / "latest" / "manifest.json").read_text("utf-8"))
    cases = {path.stem for path in (places.notebooks() / "cases").glob("*.ipynb")}
    assert {r["name"] for r in held["reports"]} >= cases | {"00_start_here", "11_plan_an_experiment"}
    assert {r["name"] for r in held["reports"] if r["brand"] == "beta"} == {r["name"] for r in held["reports"]} - cases


@pytest.mark.parametrize("options", [["--out", "/proc/x"], ["--data", "x", "-p", "data=y"]])
def test_what_cannot_be_done_is_one_message(books, options):
    result = smm("report", "--notebooks", books, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith("smm: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_nothing_to_run_is_said(books):
    (books / "good.ipynb").unlink()
    write_notebook(books / "hungry.ipynb", "pass", tables=["no_such_table"])
    result = report(books)
    assert (result.exit_code, "no report can run: hungry: " in result.stderr) == (2, True)
    assert not re.search("[가-힣]", result.stderr)
    assert refused_in_korean(books).startswith(
        "smm: 만들 수 있는 보고서가 없습니다. hungry: 규약에 'no_such_table' 표가"
    )


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_bilingual_heading_is_split():
    assert in_language("질문 · Question", "ko") == "질문"
    assert in_language("질문 · Question", "en") == "Question"
    assert in_language("CDNOW", "en") == "CDNOW"


def test_the_font_holds_the_pages_characters_and_no_more():
    small, large = (len(page.embed_font(f"<style></style>{text}")) for text in ("가", "가나다라마바사아자차카타파하"))
    assert small < large < 30_000
    once = page.embed_font("<style></style>가")
    assert page.embed_font(once).count("@font-face") == 1


# --- the command -----------------------------------------------------------------------------------------------------


def test_list_names_every_report_with_its_parameters():
    output = smm("list").stdout
    assert "03_nps_vs_customer_health" in output
    assert "-p horizon=13  weeks ahead in which a purchase counts, weeks (a whole number, 1 to 104)" in output
    korean = smm("list", "--lang", "ko").stdout
    assert "필요한 표: " in korean and "(정수(1~104))" in korean and not re.search("number|one of|tables:", korean)


def test_notebooks_are_copied_out_and_run_from_there(tmp_path):
    assert smm("notebooks", tmp_path / "mine").exit_code == 0
    assert (tmp_path / "mine" / "cases" / "cdnow_repeat_buyers.ipynb").is_file()
    again = smm("notebooks", tmp_path / "mine")
    assert (again.exit_code, "is not empty" in again.stderr) == (2, True)


def test_check_prints_its_report_and_exits_with_2_on_bad_data(tmp_path):
    assert smm("check", places.sample()).exit_code == 0
    bad = smm("check", tmp_path)
    assert bad.exit_code == 2
    assert "Traceback" not in bad.output
