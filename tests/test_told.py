"""The package speaks two languages: every sentence stands in a room's `words.toml` in both, and is said."""

import ast
import copy
import pickle
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from telling import english_left
from tiny import TABLES, write_tiny

from smm_analysis import cli, panels, tables
from smm_analysis.tables import CONTRACT
from smm_analysis.told import Told, Words, in_language, joined, read

PACKAGE = Path(__file__).parents[1] / "smm_analysis"
ROOMS = ("", "tables", "imports", "panels", "report", "forgetting", "pseudonyms")  # the first is the command's own
HANGUL = "[가-힣]"
COMMANDS = cli.main.commands.items()
SAYING = {"Problem", "refuse", "DataError", "MissingTable", "NoRows", "Misfit", "BrokenPart", "PanelError", "_rule"}
SAYING |= {"_value_rule", "aside", "say", "Mistake", "ReportError", "Locked", "DiskFull", "PseudonymError"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


# --- the sentences ---------------------------------------------------------------------------------------------------


def said_by(room):
    """Return what a room says, by key: the command's own words stand beside it."""
    return read(f"smm_analysis.{room}".removesuffix("."))


def parts_of(text):
    return set(re.findall(r"(?<!{){(\w+)", text))


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_is_there_in_both_languages_with_the_same_parts(room):
    for key, both in said_by(room).items():
        assert set(both) == {"en", "ko"} and all(both.values()), key
        assert parts_of(both["en"]) - {"s"} == parts_of(both["ko"]), key  # an English plural has an s
        assert not re.search(HANGUL, re.sub(r'"[^"]*"', "", both["en"])), key
        worded = re.search("[A-Za-z]{3}", re.sub(r"{[^}]*}", "", both["en"]))  # not of signs and values alone
        assert re.search(HANGUL, both["ko"]) or not worded, key


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_is_said(room):
    files = [*(PACKAGE / room).glob("*.py"), *(PACKAGE / room).glob("template/*/*.j2")]
    source = "".join(path.read_text("utf-8") for path in files)
    families = tuple(re.findall(r'f"(\w+_)\{', source))  # told(f"form_{kind}")
    named = set(re.findall(r"""["'](\w+)["']|words\.(\w+)""", source))
    named = {key for pair in named for key in pair}
    assert not [key for key in said_by(room) if key not in named and not key.startswith(families)]


def said_outright(node):
    """Whether a value is a sentence in the code itself, in English alone."""
    parts = ast.walk(node) if isinstance(node, ast.JoinedStr | ast.Constant) else ()
    return any(" " in str(part.value) for part in parts if isinstance(part, ast.Constant))


def is_saying(call):
    """Whether a call takes sentences: an error, a problem, a rule, or a note."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    list_of = getattr(getattr(call.func, "value", None), "attr", "") if name == "append" else ""
    return name in SAYING or list_of in ("notes", "loud")


@pytest.mark.parametrize("room", ROOMS)
def test_no_error_and_no_note_is_said_in_english_alone(room):
    for path in (PACKAGE / room).glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        for call in filter(is_saying, calls):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            assert not any(map(said_outright, given)), f"{path.name}, line {call.lineno}"


def test_what_is_allowed_in_a_column_is_told_in_korean():
    for table in CONTRACT.values():
        for column in table.columns:
            assert re.search(HANGUL, in_language(column.allowed, "ko")), column


# --- what a sentence is ----------------------------------------------------------------------------------------------


def test_a_sentence_reads_as_english_and_keeps_its_korean():
    told = Words("smm_analysis.tables")("at_least", what=Told.of("a number", "숫자"), low=0)
    assert told == str(told) == f"{told}" == "a number, 0 or more"
    for again in (told, pickle.loads(pickle.dumps(told)), copy.deepcopy(told)):
        assert in_language(again, "ko") == "0 이상의 숫자" and in_language(again, "en") == "a number, 0 or more"
    assert in_language("weekly.csv", "ko") == "weekly.csv"
    assert in_language(joined(["a", told], " + ", ko=", "), "ko") == "a, 0 이상의 숫자"


def test_braces_of_a_value_are_left_alone():
    told = Words("smm_analysis.tables")("at_column", name="{what}")
    assert (told, in_language(told, "ko")) == ("column {what}", "{what} 열")


def test_an_error_keeps_its_korean_in_another_process(tiny):
    with pytest.raises(tables.DataError) as caught:
        tables.load(tiny / "nowhere")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.told("ko")) == (str(caught.value), caught.value.told("ko"))
    broken = panels.BrokenPart("a.parquet", *(Told.of(word, "말") for word in "xyz"), column="c")
    again = pickle.loads(pickle.dumps(broken))
    assert str(again) == "a.parquet, column c: x. Allowed: y. z"
    assert again.told("ko") == "a.parquet, c 열: 말. 허용: 말. 말"


# --- what is asked of the tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"brand": "gamma"},
        {"since": "soon"},
        {"since": "2024-04-01", "until": "2024-03-01"},
        {"since": "2025-01-01"},
        {"since": "2024-04-29", "need": ["weekly"]},
        {"need": ["weekli"]},
    ],
)
def test_what_cannot_be_cut_out_is_told_in_korean(asked, tiny):
    with pytest.raises(tables.DataError) as caught:
        tables.load(tiny, **asked)
    assert not english_left(caught.value.told("ko")), caught.value.told("ko")
    named = caught.value.named("03_nps")
    assert str(named) == f"03_nps: {caught.value}" and named.told("ko") == f"03_nps: {caught.value.told('ko')}"


def test_a_large_table_is_refused_in_korean_too(tmp_path):
    folder = write_tiny(tmp_path)
    whole = pd.read_csv(folder / "weekly.csv", parse_dates=["week"])
    (folder / "weekly.csv").unlink()
    (folder / "weekly").mkdir()
    whole.assign(followers=-1).to_parquet(folder / "weekly/a.parquet", index=False)
    [problem] = tables.check(folder, engine="duckdb://").problems
    assert "followers 열: '-1'" in problem.told("ko") and "허용: 0 이상의 정수. 값을 고치십시오." in problem.told("ko")
    whole.drop(columns="units").to_parquet(folder / "weekly/b.parquet", index=False)
    [problem] = tables.check(folder, engine="duckdb://").problems
    assert str(problem).startswith("weekly/b.parquet, column units: no such column among brand, week")
    assert "units 열: 열이 빠졌습니다" in problem.told("ko") and not english_left(problem.told("ko"))


@pytest.mark.parametrize("ask", [tables.check, tables.load])
def test_an_engine_that_is_none_is_refused_and_not_passed_over(ask, tmp_path):
    folder = write_tiny(tmp_path)
    (folder / "weekly.csv").unlink()
    (folder / "weekly").mkdir()
    pd.read_csv(folder / "effort.csv").to_parquet(folder / "weekly/a.parquet", index=False)
    with pytest.raises(tables.DataError, match="no engine is called 'duck'") as caught:
        ask(folder, engine="duck")
    assert "그런 엔진은 없습니다" in caught.value.told("ko")


# --- the command -----------------------------------------------------------------------------------------------------


def smm(*given):
    return CliRunner().invoke(cli.main, [str(each) for each in given])


def test_the_check_speaks_korean_where_asked(tmp_path):
    folder = write_tiny(tmp_path)
    assert smm("check", folder, "--lang", "ko").output.endswith(f"{folder}: 이상이 없습니다.\n")
    (folder / "weekly.csv").write_text(TABLES["weekly"].replace("units", "unit"), "utf-8")
    (folder / "surveys.csv").write_text(TABLES["surveys"].replace(",9\n", ",11\n"), "utf-8")
    (folder / "events.csv").write_text(TABLES["events"].partition("\n")[0] + "\n", "utf-8")
    korean, english = smm("check", folder, "--lang", "ko"), smm("check", folder)
    assert korean.exit_code == english.exit_code == 2
    assert "surveys.csv, 2번째 줄, score 열: '11'. 허용: 정수(0~10). 값을 고치십시오." in korean.output
    assert "surveys.csv, line 2, column score: '11'. Allowed: a whole number, 0 to 10. " in english.output
    assert "events.csv: 머리글만 있고" in korean.output and "혹시 units입니까?" in korean.output
    said = [line for line in korean.output.splitlines() if ":" in line]
    assert len(said) >= 7 and not english_left("\n".join(said)), korean.output
    assert len(korean.output.splitlines()) == len(english.output.splitlines())
    assert {"표", "파일", "읽음", "받아들임", "거부"} <= set(korean.output.split())


def test_every_command_speaks_korean_once_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("SMM_LANG", "ko")
    (tmp_path / "file").touch()
    assert "그런 폴더가 없습니다" in smm("check", tmp_path / "nowhere").output
    assert "not there" in smm("check", tmp_path / "nowhere", "--lang", "en").output
    assert "노트북 이름에는" in smm("new", "a b", "--out", tmp_path / "mine").output  # has no use for a language itself
    assert "비어 있지 않습니다" in smm("notebooks", tmp_path).output
    assert "읽거나 쓸 수 없습니다" in smm("template", tmp_path / "file" / "x").output
    assert "그런 폴더가 없습니다" in smm("export", tmp_path / "nowhere", tmp_path / "x.xlsx").output
    assert "없는 이름입니다" in smm("sample", tmp_path / "new", "--seed", 1, "--world", "atlantis").output
    assert "--force로 바꿀 수 있습니다" in smm("sample", tmp_path, "--seed", 1).output
    told = {name: next(option.envvar for option in each.params if option.name == "lang") for name, each in COMMANDS}
    assert [name for name, variable in told.items() if variable != "SMM_LANG"] == ["export"]  # there it is of headings


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_refused_data_set_is_told_in_the_language_of_the_command(command, tmp_path):
    out = tmp_path / "out"
    given = {"report": ("--data", tmp_path / "nowhere", "--out", out), "export": (tmp_path / "nowhere", out)}[command]
    korean, english = smm(command, *given, "--lang", "ko"), smm(command, *given)
    assert korean.exit_code == english.exit_code == 2
    assert "그런 폴더가 없습니다" in korean.output and "dataset.toml이 있는 폴더의 경로를" in korean.output
    assert "not there. Allowed: a folder with dataset.toml" in english.output
