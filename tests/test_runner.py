"""The runner's ways of working: warm kernels, grids, secrets, figures, comparisons, what is kept and what is said."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.connect import LocalPortCache
from test_report import VERDICT, books, manifest, refused_in_korean, report, smm, write_notebook  # noqa: F401

from smm_analysis.report import compare, masking, pool
from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.grid import read_grid
from smm_analysis.report.new import write_notebook as write_notebook_of_ones_own
from smm_analysis.report.plan import Request, choose
from smm_analysis.report.publish import Shelf, _exchange
from smm_analysis.report.warm import AVAILABLE, warm_kernels
from smm_analysis.report.work import Job, execute

SEED = "seed: int = 1  # seed [0..] · 씨앗"
forked = pytest.mark.skipif(not AVAILABLE, reason="no fork here: kernels are plain")


def latest(books):  # noqa: F811
    return books.parent / "reports" / "latest"


def printed(books, slug):  # noqa: F811
    """Return what the last cell of a report printed."""
    node = nbformat.read(latest(books) / "notebooks" / f"{slug}.ipynb", as_version=4)
    return node.cells[-1].outputs[0].text.strip()


def write_grid(books, text):  # noqa: F811
    path = books.parent / "grid.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- warm kernels -----------------------------------------------------------------------------------------------------


@forked
def test_warm_kernels_share_no_luck_no_memory_and_start_as_plain_ones_do(books):  # noqa: F811
    look = "import builtins, json, os, sys, numpy; import random\n"
    look += "seen = [hasattr(builtins, 'mark'), numpy.random.rand(), random.random(), os.getcwd(), sys.argv[0]]\n"
    look += "builtins.mark = True\nseen += ['statsmodels' in sys.modules, 'pdb' in sys.modules]\n"
    look += "print(json.dumps(seen))"
    write_notebook(books / "good.ipynb", look, parameters=SEED)
    grid = write_grid(books, "parameters: {seed: [1, 2]}")
    assert report(books, "--grid", grid, "--jobs", 1).exit_code == 0
    one, two = (json.loads(printed(books, f"good.seed-{seed}.en").splitlines()[-1]) for seed in (1, 2))
    assert one[5] is True, "the kernel was not warm"
    assert (one[0], two[0]) == (False, False)
    assert one[1] != two[1]
    assert one[2] != two[2]
    assert one[3] == str(books)
    assert report(books, "--cold", "-p", "seed=1").exit_code == 0
    cold = json.loads(printed(books, "good.en").splitlines()[-1])
    assert cold[5] is False
    assert [type(value) for value in cold] == [type(value) for value in one]


def test_a_kernel_whose_port_another_process_took_is_started_anew(books, tmp_path, monkeypatch, capfd):  # noqa: F811
    """Jupyter chooses free ports and closes them before the kernel opens them: beside other kernels one may be gone."""
    free, taken = LocalPortCache.find_available_port, socket.create_server(("127.0.0.1", 0))
    ports = [taken.getsockname()[1]]
    monkeypatch.setattr(LocalPortCache, "find_available_port", lambda *args: ports.pop() if ports else free(*args))
    write_notebook(books / "good.ipynb", "print(seed)", parameters=SEED)
    out = tmp_path / "out"
    words = dict.fromkeys(("title", "question", "brand", "data_name", "data_sha256", "provenance", "stamp"), "")
    how = {"lang": "en", "values": {"seed": 7}, "rows": (), "simulated": True, "folder": out, "timeout": 60}
    job = Job(books / "good.ipynb", "good", **words, **how)
    monkeypatch.chdir(tmp_path)  # papermill goes to the notebook's folder and back
    with taken, warm_kernels({}) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        made = execute(job)
    assert (made["status"], made["error"], ports) == ("ok", None, [])
    assert (out / "good.en.html").is_file()
    assert not AVAILABLE or "Traceback" not in "".join(capfd.readouterr())  # a plain kernel prints its own


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks for threads in /proc")
def test_the_fork_server_has_no_thread_no_context_and_no_loop_when_it_forks():
    code = """
import asyncio, os, threading
from smm_analysis.report import pool, warm
os.environ.update(pool._ONE_THREAD)
warm._import_all()
import zmq
assert zmq.Context._instance is None
assert asyncio._get_running_loop() is None
assert threading.active_count() == 1
tasks = [open(f"/proc/self/task/{n}/comm").read().strip() for n in os.listdir("/proc/self/task")]
print([name for name in tasks if name != "jemalloc_bg_thd"])  # pyarrow's, which looks after itself in a fork
"""
    open_pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}  # as the runner holds it
    with subprocess.Popen([sys.executable, "-c", code], text=True, **open_pipe) as server:
        printed = server.stdout.read()
    assert len(ast.literal_eval(printed)) == 1


@forked
def test_the_fork_servers_folder_is_private_and_goes():
    with warm_kernels({}) as environment:
        folder = Path(environment["JUPYTER_PATH"].split(os.pathsep)[0])
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "socket").is_socket()
    assert not folder.exists()


def test_where_no_socket_can_be_kernels_are_plain(monkeypatch, tmp_path):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with warm_kernels({"A": "1"}) as environment:
        assert environment == {"A": "1"}


def test_a_kernel_that_no_server_answers_is_plain(tmp_path):
    """The command of the kernelspec becomes ipykernel itself."""
    from smm_analysis.report import warm

    command = [sys.executable, "-I", "-S", warm.__file__, str(tmp_path / "nobody"), "--help"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "kernel" in run.stdout


# --- grids ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "has the keys reports"),
        ("", "found NoneType"),
        ("a: [", "is not YAML"),
        ("parameters: {weeks: [1]}\nreport: [good]", "found parameters, report"),
        ("parameters: {weeks: 13}", "parameters.weeks takes a list of values, such as"),
        ("parameters: {weeks: []}", "parameters.weeks takes a list"),
        ("parameters: {weeks: [13, 13]}", "parameters.weeks has '13' twice"),
        ("parameters: {weeks: [[1]]}", "parameters.weeks takes numbers, texts"),
        ("parameters: {weeks: [13, 105]}", "parameters.weeks: parameter weeks .* 1 to 104; given '105'"),
        ("parameters: {weks: [13]}", "parameters.weks: .*did you mean weeks"),
        ("parameters: {brand: [no]}", "false"),
        ("reports: good\nparameters: {weeks: [1]}", "reports takes a list of report names"),
        ("reports: [god]\nparameters: {weeks: [1]}", "did you mean good"),
    ],
)
def test_a_wrong_grid_is_refused_with_the_key_before_anything_is_written(books, text, message):  # noqa: F811
    result = report(books, "--grid", write_grid(books, text))
    assert result.exit_code == 2
    assert re.search(message, result.stderr), result.stderr
    assert refused_in_korean(books, "--grid", books.parent / "grid.yaml") != result.stderr
    assert not (books.parent / "reports").exists()


def test_a_wrong_grid_is_refused_in_korean_with_the_place(books):  # noqa: F811
    said = refused_in_korean(books, "--grid", write_grid(books, "parameters: {weeks: 13}"))
    assert said == "smm: grid.yaml: parameters.weeks에는 [13, 26] 같은 값의 목록을 적으십시오. 적힌 값: 13\n"
    said = refused_in_korean(books, "--grid", write_grid(books, "parameters: {weeks: [105]}"))
    assert said.startswith("smm: grid.yaml: parameters.weeks: 매개변수 weeks의 값을 고치십시오.")


def test_a_grid_is_the_product_of_its_lists_each_report_once(books):  # noqa: F811
    write_notebook(books / "bare.ipynb", "pass", parameters=SEED)
    path = write_grid(books, "parameters:\n  weeks: [13, 26]\n  seed: [1, 2, 3]\n  since: [2025-01-31]")
    tasks, _ = choose(Request(notebooks=books, grid=path))
    places = [(task.notebook.name, task.values.get("weeks"), task.values["seed"]) for task in tasks]
    assert len(places) == len(set(places)) == 6 + 3
    assert {task.values.get("since") for task in tasks} == {None, "2025-01-31"}


def test_what_is_given_twice_is_refused(books):  # noqa: F811
    path = write_grid(books, "reports: [good]\nparameters: {weeks: [13]}")
    with pytest.raises(ReportError, match="named twice"):
        choose(Request(names=["good"], notebooks=books, grid=path))
    with pytest.raises(ReportError, match="weeks is given twice"):
        choose(Request(given={"weeks": "3"}, notebooks=books, grid=path))
    assert "두 곳에서 정했습니다" in refused_in_korean(books, "good", "--grid", path)
    assert "weeks 값을 -p weeks= 옵션과 grid.yaml 두 곳에서" in refused_in_korean(
        books, "--grid", path, "-p", "weeks=3"
    )
    assert "--data 옵션과 -p data= 옵션 두 곳에서" in refused_in_korean(books, "--data", "x", "-p", "data=y")
    assert "옵션으로 같은 이름을 두 번" in refused_in_korean(books, "-p", "weeks=3", "-p", "weeks=4")


def test_a_grids_data_are_folders_from_where_the_file_is(tmp_path):
    (tmp_path / "grid.yaml").write_text("parameters: {data: [korea, japan]}")
    assert read_grid(tmp_path / "grid.yaml").lists["data"] == (str(tmp_path / "korea"), str(tmp_path / "japan"))


def test_a_grid_compares_retries_once_survives_a_failure_and_resumes(books):  # noqa: F811
    flaky = "from pathlib import Path\ntry_file = Path('tried') if seed == 2 else Path('.')\n"
    flaky += "if not try_file.exists():\n    try_file.touch()\n    raise OSError('once')\n"
    flaky += "assert seed != 3, 'never'\n"
    write_notebook(books / "good.ipynb", flaky + VERDICT)
    path = write_grid(books, "reports: [good]\nparameters:\n  seed: [1, 2, 3]")
    first = report(books, "--grid", path)
    assert first.exit_code == 1
    held = manifest(books)
    assert [row["status"] for row in held["grid"]["rows"]] == ["ok", "ok", "failed"]
    assert [row["values"] for row in held["grid"]["rows"]] == [{"seed": 1}, {"seed": 2}, {"seed": 3}]
    assert held["grid"]["rows"][0]["verdicts"][0]["estimate"] == 8.0
    assert held["grid"]["dimensions"] == {"seed": ["1", "2", "3"]}
    assert not list((books.parent / "reports").glob(".parts*"))
    again = report(books, "--grid", path)
    assert "2 of 3 reports are done already" in again.stdout
    assert [row["status"] for row in manifest(books)["grid"]["rows"]] == ["ok", "ok", "failed"]
    assert all((latest(books) / row["html"]).is_file() for row in manifest(books)["grid"]["rows"])


def test_a_report_in_the_store_is_not_made_again(books, monkeypatch):  # noqa: F811
    made = []
    job = type("Job", (), {"store": books.parent / "parts", "inputs": "a" * 64, "slug": "x", "folder": None})()
    monkeypatch.setattr(pool, "replace", lambda job, folder: folder)
    monkeypatch.setattr(pool, "execute", lambda folder: made.append(folder) or {"status": "ok"})
    assert pool.execute_once(job) == pool.execute_once(job) == {"status": "ok"}
    assert len(made) == 1
    assert [path.name for path in job.store.iterdir()] == [job.inputs]


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_in_nothing_that_a_run_leaves(books):  # noqa: F811
    secret = 's3cr3t <&> "quoted" 한글'
    parameters = f'{SEED}\napi_token: str = ""  # token · 토큰'
    write_notebook(books / "good.ipynb", "print(api_token, [api_token]); api_token", parameters=parameters)
    write_notebook(books / "bad.ipynb", "raise ValueError(f'denied for {api_token}')", parameters=parameters)
    result = report(books, "-p", f"api_token={secret}")
    assert result.exit_code == 1
    assert "denied for •••" in result.stdout
    left = [path for path in (books.parent / "reports").rglob("*") if path.is_file()]
    assert {"log.txt", "manifest.json", "bad.en.ipynb", "good.en.html"} <= {path.name for path in left}
    for path in left:
        assert "s3cr3t" not in path.read_text("utf-8", errors="replace"), path
    assert "•••" in printed(books, "good.en") or "•••" in (latest(books) / "notebooks" / "good.en.ipynb").read_text(
        "utf-8"
    )
    assert {entry["parameters"]["api_token"] for entry in manifest(books)["reports"]} == {"•••"}
    assert "s3cr3t" not in report(books, "--dry-run", "-p", f"api_token={secret}").output


def test_a_refused_secret_is_not_repeated(books):  # noqa: F811
    write_notebook(books / "good.ipynb", "pass", parameters=f"{SEED}\npin_key: int = 0  # pin [0..] · 핀")
    refused = report(books, "-p", "pin_key=hunter2")
    assert (refused.exit_code, "hunter2" in refused.output) == (2, False)


def test_masking_finds_a_secret_however_it_is_written():
    values = {"password": 'a"b\\c d', "weeks": 13, "key": "abc"}
    plain = {"text": ['x a"b\\c d', json.dumps(values), repr(values)], "password": "other", "weeks": 13, "key": "abc"}
    masked = json.dumps(masking.mask(plain, values))
    assert 'a"b' not in masked.replace("\\", "")
    assert masking.mask(plain, values)["key"] == masking.mask(plain, values)["password"] == masking.MASK
    assert masking.mask({"fabcd": "abcd"}, values) == {"fabcd": "abcd"}  # too short to be looked for everywhere


# --- what is kept, compared and said ----------------------------------------------------------------------------------


def test_old_runs_go_but_none_whose_pages_are_still_shown(books):  # noqa: F811
    write_notebook(books / "other.ipynb", VERDICT)
    report(books, "other", "--lang", "ko")
    first = manifest(books)["stamp"]
    for _ in range(3):
        assert report(books, "good", "--keep", 2).exit_code == 0
    runs = sorted(path.name for path in (books.parent / "reports" / "runs").iterdir())
    assert len(runs) == 3
    assert runs[0] == first
    index = (latest(books) / "index.html").read_text("utf-8")
    assert f"{first}/index.html" in index


def test_a_comparison_says_what_changed(books):  # noqa: F811
    report(books)
    result = report(books, "--compare", "previous")
    assert result.exit_code == 0
    assert "data the same" in result.stdout
    assert [row["change"] for row in manifest(books)["compare"]["rows"]] == ["same"]
    write_notebook(books / "good.ipynb", VERDICT.replace("8.0", "2.0").replace("low=6.0, high=10", "low=1.0, high=3"))
    stamp = manifest(books)["stamp"]
    result = report(books, "--compare", stamp[:18])
    assert "supported 8" in result.stdout
    assert "not supported 2" in result.stdout
    assert [row["change"] for row in manifest(books)["compare"]["rows"]] == ["decided otherwise"]
    wrong = report(books, "--compare", "1999")
    assert (wrong.exit_code, stamp in wrong.stderr) == (2, True)
    assert "앞부분이 '1999'인 실행이 없습니다. 최근 실행: " in refused_in_korean(books, "--compare", "1999")
    assert "실행이 3개입니다" in refused_in_korean(books, "--compare", "2")
    korean = smm("compare", stamp, "--out", books.parent / "reports", "--lang", "ko").stdout.splitlines()
    assert korean[0] == f"비교한 실행: {stamp}, 데이터: 그대로"
    assert korean[1].split() == ["보고서", "브랜드", "질문", "이전", "지금", "변화"]
    assert "지지됨 8" in korean[2] and "지지되지 않음 2" in korean[2] and korean[2].endswith("판정이 바뀜")


@pytest.mark.parametrize(
    ("now", "expected"),
    [({"estimate": 5, "low": 4, "high": 6}, True), ({"estimate": 3, "low": 1, "high": 5}, False), ({}, None)],
)
def test_a_change_beyond_the_noise_is_larger_than_both_intervals_explain(now, expected):
    before = {"estimate": 2, "low": 1, "high": 3}
    assert compare.beyond_noise(before, {"estimate": None} | now) is expected


def test_a_dry_run_says_what_would_run_and_writes_nothing(books):  # noqa: F811
    write_notebook(books / "hungry.ipynb", "pass", tables=["no_such_table"])
    result = report(books, "--dry-run", "-p", "weeks=26")
    assert result.exit_code == 0
    assert "would run good: data=" in result.stdout
    assert "weeks=26" in result.stdout
    assert "would skip hungry" in result.stdout
    assert not (books.parent / "reports").exists()


def test_the_log_has_a_line_a_report_and_is_rotated(books, tmp_path):  # noqa: F811
    log = tmp_path / "logs" / "smm.log"
    log.parent.mkdir()
    log.write_text("x" * 1_000_001)
    write_notebook(books / "bad.ipynb", "1 / 0")
    report(books, "--log", log)
    lines = [line.split("\t") for line in log.read_text("utf-8").splitlines()]
    assert sorted(line[2] for line in lines) == ["failed", "ok"]
    assert next(line for line in lines if line[2] == "failed")[-1] == "ZeroDivisionError: division by zero"
    assert (tmp_path / "logs" / "smm.log.1").stat().st_size == 1_000_001


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_figures_are_written_beside_the_page_and_carried_with_it(books, kind):  # noqa: F811
    body = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.plot([2, 1])\nplt.show()"
    write_notebook(books / "good.ipynb", body)
    assert report(books, "--figures", kind).exit_code == 0
    [entry] = manifest(books)["reports"]
    assert len(entry["figures"]) == 2
    first = (latest(books) / entry["figures"][0]).read_bytes()
    assert first.startswith(b"\x89PNG" if kind == "png" else b"<?xml")
    html = (latest(books) / entry["html"]).read_text("utf-8")
    assert html.count("data:image/webp") == 2
    assert "<svg" not in html
    report(books, "--lang", "ko")
    assert (latest(books) / entry["figures"][0]).read_bytes() == first


def test_two_folders_change_names_in_one_step(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    if not _exchange(one, two):
        pytest.skip("this system or file system cannot")
    assert ((one / "name").read_text(), (two / "name").read_text()) == ("two", "one")


def test_where_folders_cannot_be_exchanged_latest_is_swapped_by_renaming(tmp_path, monkeypatch):
    monkeypatch.setattr("smm_analysis.report.publish._exchange", lambda one, other: False)
    shelf = Shelf(tmp_path)
    for text in ("first", "second"):
        shelf.recover()
        stamp, staged = shelf.stage()
        (staged / "manifest.json").write_text("{}")
        shelf.publish(stamp, staged, index=text)
    assert (shelf.latest / "index.html").read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "runs"]
    assert (
        shelf.latest.stat().st_mode & 0o777
        == tmp_path.parent.stat().st_mode & 0o777 | shelf.latest.stat().st_mode & 0o777
    )


def test_a_wrong_parameter_is_refused_without_reading_data_or_importing_pandas():
    code = "import sys; from smm_analysis.cli import main\ntry: main(['report', '-p', 'sed=1'])\n"
    code += (
        "except SystemExit as end: print(end.code, {'pandas', 'papermill', 'nbconvert', 'nbformat'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "2 set()"


def test_exit_codes_say_what_happened(books, monkeypatch):  # noqa: F811
    from smm_analysis.report import run as runner

    def full(*_, **__):
        raise OSError(28, os.strerror(28), "page.html")

    monkeypatch.setattr(runner.pool, "executed", full)
    result = report(books)
    assert (result.exit_code, "the disk is full" in result.stderr) == (1, True)
    korean = report(books, "--lang", "ko")
    assert (korean.exit_code, korean.stderr.startswith("smm: 디스크가 가득 찼습니다.")) == (1, True)
    assert not list((books.parent / "reports" / "runs").iterdir())
    assert smm("report", "--grid", books.parent / "nowhere.yaml").exit_code == 2


# --- a notebook of one's own ------------------------------------------------------------------------------------------


def test_a_new_notebook_already_runs_checks_and_reports(tmp_path):
    import test_project as project

    result = smm("new", "loyal_customers", "--out", tmp_path / "books")
    assert result.exit_code == 0, result.output
    path = Path(result.stdout.strip())
    notebook = json.loads(path.read_text("utf-8"))
    project.test_headings_are_the_skeletons_in_both_languages(notebook)
    project.test_prose_comes_in_pairs(notebook)
    project.test_parameters_are_typed_and_the_common_ones_are_there(notebook)
    project.test_code_cells_are_short_and_define_nothing(notebook)
    project.test_checked_cells_keep_an_output_and_the_others_none(notebook)
    made = smm("report", "--notebooks", path.parent, "--out", tmp_path / "out", "--lang", "ko", "-p", "measure=units")
    assert made.exit_code == 0, made.output
    again = smm("new", "loyal_customers", "--out", tmp_path / "books")
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert smm("new", "../x", "--out", tmp_path).exit_code == 2
    with pytest.raises(ReportError) as caught:
        write_notebook_of_ones_own("loyal_customers", tmp_path / "books")
    assert caught.value.told("ko").endswith("파일이 이미 있습니다. 다른 이름을 주십시오")


# --- print ------------------------------------------------------------------------------------------------------------


def test_without_a_browser_pdf_is_refused_with_what_to_install(books, monkeypatch):  # noqa: F811
    monkeypatch.setattr("smm_analysis.report.pdf.shutil.which", lambda name: None)
    monkeypatch.setattr("smm_analysis.report.pdf._PLACES", ())
    result = report(books, "--pdf")
    assert (result.exit_code, "apt install chromium" in result.stderr) == (2, True)
    assert "하나를 설치하십시오(데비안: " in refused_in_korean(books, "--pdf")
    assert not (books.parent / "reports").exists()


@pytest.mark.browser
@pytest.mark.slow
def test_a_korean_pdf_can_be_searched_for_its_verdict(books):  # noqa: F811
    if shutil.which("pdftotext") is None or not any(map(shutil.which, ("chromium", "google-chrome"))):
        pytest.skip("no Chromium or no pdftotext here (Debian: apt install chromium poppler-utils)")
    assert report(books, "--pdf", "--lang", "ko").exit_code == 0
    [entry] = manifest(books)["reports"]
    command = ["pdftotext", str(latest(books) / entry["pdf"]), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    sentence = entry["verdicts"][0]["text"]
    assert "".join(sentence.split()) in "".join(text.split())
    report(books, "--lang", "en")  # the Korean page is carried over, with its PDF
    assert (latest(books) / entry["pdf"]).is_file()


def test_the_runner_starts_without_the_grammar_of_addresses_and_leaves_it_to_others():
    code = (
        "import sys; from smm_analysis.report.light import import_nbformat as get; book = get().v4.new_notebook()\n"
        "import nbformat; nbformat.validate(book); assert 'rfc3987_syntax' not in sys.modules\n"
        "import rfc3987_syntax"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_pages_that_differ_by_a_number_share_one_font():
    from smm_analysis.report import font

    font._subset.cache_clear()
    pages = [font.embed_font(f"<style></style>고객 {n} — ok") for n in ("12 %", "97")]
    assert font._subset.cache_info().misses == 1
    assert all("@font-face" in html for html in pages)
