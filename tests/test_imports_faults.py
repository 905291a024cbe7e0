"""Damaged exports: rows are set aside with a reason, or the file is refused; nothing is written by halves or lost."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from telling import english_left

from smm_analysis import imports, tables
from smm_analysis.tables import DataError

NOW = pd.Timestamp("2025-06-01", tz="UTC")
HEAD = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"
ROWS = [
    f"{i},{70 + i % 3},True,2025-03-0{1 + i % 9}T10:00:00+09:00,글 {i} 좋아요 잘 쓰고 있습니다,,{i - 1 or ''}"
    for i in range(1, 21)
]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("SMM_KEY", "000102030405060708090a0b0c0d0e0f")


def text_of(rows=ROWS, head=HEAD):
    return "\n".join([head, *rows]) + "\n"


def with_row(row, at=5):
    """Return the rows with one more at a place: its line is `at` + 2."""
    return text_of([*ROWS[:at], row, *ROWS[at:]])


def bring(tmp_path, content, name="export.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return imports.import_files([path], tmp_path / "data", brand="mirae", now=NOW, **options)


def mixed():
    lines = text_of().splitlines(keepends=True)
    return b"".join(line.encode("cp949" if n in (4, 9) else "utf-8") for n, line in enumerate(lines))


GOOD = "99,71,True,2025-03-04T10:00:00+09:00,글,,"
# content: (reason, places of the rows that are set aside)
SETS_ASIDE = {
    "two encodings": (mixed(), "bytes of another encoding", [5, 10]),
    "the same id twice": (with_row(GOOD.replace("99", "3", 1)), "allowed: each mention_id once", [7]),
    "a date of zeros": (with_row(GOOD.replace("2025-03-04T10:00:00+09:00", "0000-00-00")), "no time that exists", [7]),
    "the 30th of February": (with_row(GOOD.replace("03-04T10", "02-30T10")), "no time that exists", [7]),
    "a date to come": (with_row(GOOD.replace("2025", "2035")), "in the future, after 2025-06-01 09:00", [7]),
    "a quote that does not close": (
        with_row('99,71,True,2025-03-04T10:00:00+09:00,"글,,'),
        "quotes that do not close",
        [7],
    ),
    "an id that Excel cut": (
        with_row(GOOD.replace("99", "1.78E+16", 1)),
        "allowed: the id as it was, not a number",
        [7],
    ),
    "a NUL byte": (with_row(GOOD.replace("글", "글\0")), "a NUL byte", [7]),
    "a field too many": (with_row(GOOD.replace("글", "글, 쉼표")), "7 fields in the header, another number here", [7]),
    "a field too few": (with_row("99,71,True"), "7 fields in the header, another number here", [7]),
    "columns that moved": (with_row("99,71,2025-03-04T10:00:00+09:00,True,글,,"), "no time that exists", [7]),
    "no author": (with_row(GOOD.replace("71", "")), "allowed: an id, as text; not empty", [7]),
    "a word that is no choice": (with_row(GOOD.replace("True", "Maybe")), "allowed: one of customer", [7]),
    "no id": (with_row(GOOD.replace("99", "", 1)), "allowed: an id, as text; not empty", [7]),
}


@pytest.mark.parametrize("damage", SETS_ASIDE)
def test_a_damaged_row_is_set_aside_with_its_reason_and_place(damage, tmp_path):
    content, why, places = SETS_ASIDE[damage]
    report = bring(tmp_path, content)
    [part] = report.parts
    assert part.read == part.kept + len(places) == part.kept + part.set_aside
    [aside] = part.asides
    assert aside.why.startswith(why)
    assert [place for place, _ in aside.first] == places
    assert aside.fix
    told = [line for line in str(replace(report, lang="ko")).splitlines() if ":" in line]
    assert not english_left("\n".join(told)), told
    assert len(tables.load(tmp_path / "data").mentions) == part.kept


SLASHES = [
    row.replace(f"2025-03-0{1 + i % 9}T10:00:00+09:00", f"03/0{1 + i % 9}/2025 10:00") for i, row in enumerate(ROWS, 1)
]
REFUSES = {
    "empty": (b"", "export.csv: an empty file"),
    "blank": (b"  \n\n", "export.csv: an empty file"),
    "only a header": (HEAD + "\n", "no rows, only a header"),
    "a preamble and no header": ("보고서\n2025년 3월\n" + "\n".join(ROWS), r"is no export that is known"),
    "a column missing": (
        text_of(head=HEAD.replace("created_at", "when")),
        r"line 1: nearest is x_reply; it lacks mentions.created_at \('created_at'\)",
    ),
    "dates that can be read two ways": (
        text_of(SLASHES),
        r"line 2, column created_at: a date that can be read two ways.*--date-order",
    ),
    "dates of both orders": (
        text_of(
            [*SLASHES[:9], SLASHES[9].replace("03/02", "13/02"), SLASHES[10].replace("03/03", "03/23"), *SLASHES[11:]]
        ),
        "some dates have the day first",
    ),
    "times without a zone": (
        text_of([row.replace("+09:00", "") for row in ROWS]),
        r"column created_at: times without a time zone.*--timezone",
    ),
    "nobody has a name": (
        text_of([",".join([row.split(",")[0], "", *row.split(",")[2:]]) for row in ROWS]),
        "no author in any of 20 rows",
    ),
    "no row that fits": (
        text_of([row.replace("2025", "0000") for row in ROWS]),
        "no row could be kept.*no time that exists",
    ),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(600), "an old or password-protected Excel workbook"),
    "a broken workbook": (b"PK\x03\x04" + bytes(600), "a workbook that does not open"),
    "a heading twice": (
        text_of([f"{row},2024-01-01T00:00Z" for row in ROWS], head=f"{HEAD},Created_At"),
        r"line 1, column created_at: the heading 'created_at' stands in columns 4, 8.*Rename or delete",
    ),
    "UTF-16 cut in half": (text_of().encode("utf-16")[:-1], "one encoding throughout"),
    "quotes gone wild": (text_of(['1,"a"b,c'] * 200), "over 100 rows with quotes out of place"),
}


@pytest.mark.parametrize("damage", REFUSES)
def test_a_damaged_file_is_refused_and_nothing_is_written(damage, tmp_path):
    content, message = REFUSES[damage]
    with pytest.raises(DataError) as refused:
        bring(tmp_path, content)
    assert pd.Series([str(refused.value).replace("\n", " ")]).str.contains(message).all(), str(refused.value)
    assert refused.value.problems
    assert not english_left(refused.value.told("ko")), refused.value.told("ko")
    assert [path.name for path in tmp_path.iterdir()] == ["export.csv"]


def test_an_import_that_fails_leaves_the_data_set_as_it_was(tmp_path):
    bring(tmp_path, text_of())
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    with pytest.raises(DataError):
        bring(tmp_path, b"")
    with pytest.raises(DataError, match="no file"):
        imports.import_files([], tmp_path / "data")
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before


def test_a_data_set_that_is_not_in_order_is_left_alone(tmp_path):
    bring(tmp_path, text_of())
    (tmp_path / "data/weekly.csv").write_text("brand,week\nmirae,2025-03-04\n")
    with pytest.raises(DataError, match="must be in order before an import"):
        bring(tmp_path, text_of())


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("202503081230", "2025-03-08 12:30+09:00"),
        ("20250308123045", "2025-03-08 12:30:45+09:00"),
        ("20250308", "2025-03-08 00:00+09:00"),
        ("20250308T123045Z", "2025-03-08 12:30:45+00:00"),
        ("1741404600", "2025-03-08 12:30+09:00"),
        ("1741404600000", "2025-03-08 12:30+09:00"),
    ],
)
def test_dates_of_digits_alone(text, moment, tmp_path):
    bring(tmp_path, with_row(GOOD.replace("2025-03-04T10:00:00+09:00", text)), timezone="Asia/Seoul")
    row = tables.load(tmp_path / "data").mentions.set_index("mention_id").loc["99"]
    assert row["created_at"] == pd.Timestamp(moment)


@pytest.mark.parametrize("text", ["202513081230", "174140460000", "20250230"])
def test_digits_that_are_no_date_are_set_aside(text, tmp_path):
    report = bring(tmp_path, with_row(GOOD.replace("2025-03-04T10:00:00+09:00", text)), timezone="Asia/Seoul")
    assert report.reasons["why"].item() == "no time that exists"


def test_times_before_social_media_are_said_loudly(tmp_path):
    report = bring(tmp_path, with_row(GOOD.replace("2025-03-04T10:00:00+09:00", "204508800")))
    assert any("created_at is before 2000 in 1 rows, the first at 7, the earliest 1976" in text for text in report.loud)
    assert not bring(tmp_path, text_of(), "other.csv").loud


def test_a_year_of_two_digits_is_not_guessed(tmp_path):
    report = bring(tmp_path, with_row(GOOD.replace("2025-03-04T10:00:00+09:00", "25.03.05 10:00")))
    [aside] = report.parts[0].asides
    assert (aside.why, aside.first) == ("a year of two digits", [(7, "25.03.05 10:00")])
    assert 'format = "%y.%m.%d"' in aside.fix


@pytest.mark.parametrize("cell", ["010-1234-5678", "01012345678", "02-123-4567", "900101-1234567", "hong_gil"])
def test_no_number_of_a_person_is_in_the_report(cell, tmp_path):
    report = bring(tmp_path, with_row(GOOD.replace("2025-03-04T10:00:00+09:00", cell)))
    assert report.parts[0].set_aside == 1
    assert cell not in str(report) + report.as_json() + report.path.read_text("utf-8")


# --- a file that is not known ----------------------------------------------------------------------------------------


def test_a_line_that_may_be_data_is_not_repeated(tmp_path):
    for content in ("hong_gil,좋아요\nkim_nari,별로예요\n", "hong_gil,좋아요,2025-03-04\n", "@hong,님\n1,2\n"):
        with pytest.raises(DataError, match=r"headings of \d columns \(not shown") as refused:
            bring(tmp_path, content)
        assert "hong" not in str(refused.value)
    with pytest.raises(DataError, match=r"not shown.*Is --encoding right") as refused:
        bring(tmp_path, text_of().encode("utf-16"), encoding="cp949")
    with pytest.raises(DataError, match="headings '닉네임', '본문'"):
        bring(tmp_path, "닉네임,본문\nhong_gil,2025년에 산 것\n")


def test_an_encoding_that_is_none_and_an_export_of_another_kind(tmp_path):
    for name in ("nonsense", "base64"):
        with pytest.raises(DataError, match=f"there is no encoding '{name}'; allowed: utf-8"):
            bring(tmp_path, text_of(), encoding=name)
    with pytest.raises(DataError, match=r"csv .*Allowed: zendesk is json"):
        bring(tmp_path, text_of(), source="zendesk")


def test_a_value_for_a_column_that_is_not_there(tmp_path):
    with pytest.raises(
        DataError, match=r"--set foo: no table of these files has such a column; allowed: .*author_role"
    ):
        bring(tmp_path, text_of(), given={"foo": "bar"})
    assert not (tmp_path / "data").exists()


# --- JSON ------------------------------------------------------------------------------------------------------------

POSTS = [
    {"id": str(i), "text": "글", "author_id": "7", "created_at": f"2025-03-0{i}T00:00:00Z", "conversation_id": str(i)}
    for i in range(1, 6)
]


def test_a_truncated_json_document_is_refused(tmp_path):
    whole = json.dumps({"data": POSTS}, indent=1)
    with pytest.raises(DataError, match=r"export.json, line \d+: .*whole JSON document"):
        bring(tmp_path, whole[:-60], "export.json")
    with pytest.raises(DataError, match="none of the paths"):
        bring(tmp_path, json.dumps([{"a": 1}]), "export.json")


def test_a_jsonl_file_cut_off_loses_its_last_line_alone(tmp_path):
    lines = "\n".join(json.dumps(post) for post in POSTS)
    report = bring(tmp_path, lines[:-9], "export.jsonl")
    [part] = report.parts
    assert (part.read, part.kept, part.asides[0].why, part.asides[0].first[0][0]) == (5, 4, "not JSON", 5)


def test_a_page_without_posts_is_none_and_another_object_is_set_aside(tmp_path):
    pages = [{"data": POSTS}, {"meta": {"result_count": 0}}, {"errors": [{"title": "Unavailable"}], "data": []}, 7]
    report = bring(tmp_path, "\n".join(map(json.dumps, pages)), "export.jsonl")
    [part] = report.parts
    assert (part.read, part.kept) == (7, 5)
    assert part.asides[0].why == "no record in it"


def test_json_in_another_encoding_is_read_when_it_is_said(tmp_path):
    content = json.dumps({"data": POSTS}, ensure_ascii=False).encode("cp949")
    with pytest.raises(DataError, match="say which it is with --encoding"):
        bring(tmp_path, content, "export.json")
    bring(tmp_path, content, "export.json", encoding="cp949")
    assert set(tables.load(tmp_path / "data").mentions["text"]) == {"글"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "ascii", "punycode", "undefined"])
@pytest.mark.parametrize("name", ["export.json", "export.csv", "export.jsonl"])
def test_an_encoding_that_the_file_is_not_in_is_no_traceback(encoding, name, tmp_path):
    content = text_of() if name.endswith("csv") else json.dumps({"data": POSTS}, ensure_ascii=False)
    with pytest.raises(DataError, match="encoding"):
        bring(tmp_path, content, name, encoding=encoding)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("form", ["one line", "a page a line", "a post a line"])
def test_a_place_in_json_is_the_records_number(form, tmp_path):
    wrong = [post | ({"created_at": "never"} if post["id"] in "24" else {}) for post in POSTS]
    documents = {"one line": [{"data": wrong}], "a page a line": [{"data": wrong[:3]}, {"data": wrong[3:]}]}
    lines = documents.get(form, wrong)
    report = bring(tmp_path, "\n".join(map(json.dumps, lines)), "export.jsonl" if len(lines) > 1 else "export.json")
    assert [place for place, _ in report.parts[0].asides[0].first] == [2, 4]


# --- the user's word -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "first"), [("dmy", "2025-02-03"), ("mdy", "2025-03-02")])
def test_the_user_says_the_order_of_dates(order, first, tmp_path):
    bring(tmp_path, text_of(SLASHES[:9]), date_order=order, timezone="Asia/Seoul")
    assert tables.load(tmp_path / "data").mentions["created_at"].iloc[0].strftime("%Y-%m-%d") == first


def test_a_row_decides_the_order_of_dates(tmp_path):
    rows = [*SLASHES[:9], SLASHES[9].replace("03/02", "03/25")]
    report = bring(tmp_path, text_of(rows), timezone="Asia/Seoul")
    assert "export.csv: dates such as 03/04/2025 are read as month/day/year" in report.notes


def test_times_that_the_clocks_skip_are_set_aside(tmp_path):
    rows = [ROWS[0].replace("2025-03-02T10:00:00+09:00", "2025-03-09T02:30:00"), ROWS[1].replace("+09:00", "")]
    report = bring(tmp_path, text_of(rows), timezone="America/New_York")
    assert "skip or repeat" in report.reasons["why"].item()


def test_a_header_that_fits_two_exports_asks_which(tmp_path):
    twins = "".join(
        f'[{name}]\nmedium = "cafe"\n[{name}.mentions]\nmention_id=["번호"]\nauthor=["작성자"]\ncreated_at=["작성일"]\n'
        for name in ("one", "two")
    )
    (tmp_path / "my.toml").write_text(twins, encoding="utf-8")
    rows = "번호,작성자,작성일\n1,가,2025-03-04T10:00Z\n"
    with pytest.raises(DataError, match=r"the header fits one, two.*--as"):
        bring(tmp_path, rows, extra=tmp_path / "my.toml")
    report = bring(tmp_path, rows, extra=tmp_path / "my.toml", source="two")
    assert report.table["source"].item() == "two"


def test_a_brand_that_is_not_declared_is_refused(tmp_path):
    from tiny import write_tiny

    folder = write_tiny(tmp_path / "tiny")
    (tmp_path / "export.csv").write_text(text_of(), encoding="utf-8")
    with pytest.raises(DataError, match="declares alpha, beta"):
        imports.import_files([tmp_path / "export.csv"], folder, brand="gamma", now=NOW)
    with pytest.raises(DataError, match="--brand"):
        imports.import_files([tmp_path / "export.csv"], folder, now=NOW)


def test_an_optional_number_that_does_not_fit_is_blanked_and_counted(tmp_path):
    posts = [post | {"public_metrics": {"like_count": -3 if post["id"] == "2" else 4}} for post in POSTS]
    report = bring(tmp_path, json.dumps({"data": posts}), "export.json")
    assert tables.load(tmp_path / "data").mentions["engagement"].isna().sum() == 1
    assert any("engagement was blanked in 1 rows" in note for note in report.notes)


def test_whose_clock_counts(tmp_path):
    """The user's word first, then the export's, then the data set's own zone."""
    naive = text_of([row.replace("+09:00", "") for row in ROWS])
    bring(tmp_path, naive, timezone="Asia/Seoul")
    first = tables.load(tmp_path / "data").mentions["created_at"].iloc[0]
    assert first == pd.Timestamp("2025-03-02 10:00+09:00")
    report = bring(tmp_path, naive)
    assert set(report.reasons["why"]) == {"already there"}
    report = bring(tmp_path, naive, timezone="UTC")
    assert report.table["replaced"].item() == 20
    with pytest.raises(DataError, match="there is no time zone 'Asia/Seol'"):
        bring(tmp_path, naive, timezone="Asia/Seol")


def test_one_import_at_a_time(tmp_path):
    from smm_analysis.imports import filing

    with filing.opened(tmp_path / "data"), pytest.raises(DataError, match="another import into"):
        bring(tmp_path, text_of())


# --- every row is accounted for --------------------------------------------------------------------------------------

FIELD = st.sampled_from(
    ["", "1", "True", "2025-03-04T10:00Z", "0000-00-00", "1.78E+16", "글", "a\0b", "=1+1", "@kim", '"', "x,y", "\ud800"]
)
DAMAGE = st.sampled_from(["none", "none", "none", "cut", "extra", "swap", "field", "repeat", "bytes", "quote", "blank"])


def damaged(row, damage, field, at):
    """Return a row's bytes after some damage."""
    cells = row.split(",")
    at %= len(cells)
    if damage == "cut":
        cells = cells[:at]
    elif damage == "extra":
        cells.insert(at, field)
    elif damage == "swap":
        cells[at], cells[0] = cells[0], cells[at]
    elif damage == "field":
        cells[at] = field
    text = "" if damage == "blank" else ",".join(cells).replace(row[:1], f'"{row[:1]}', damage == "quote")
    encoded = text.encode("cp949" if damage == "bytes" else "utf-8", "surrogatepass" if damage != "bytes" else "strict")
    return [encoded] * (2 if damage == "repeat" else 1)


@example([("extra", '"', 0), ("field", '"', 0)])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DAMAGE, FIELD, st.integers(0, 6)), min_size=1, max_size=20))
def test_rows_in_are_rows_kept_and_rows_set_aside(tmp_path_factory, damages):
    """Rows in are counted here by lines: no field holds a line break, so that every line with a field is a row.

    But two lost quotes make one good row of what lies between them: that is no row set aside, and said loudly.
    """
    tmp_path = tmp_path_factory.mktemp("import")
    lines = [line for row, damage in zip(ROWS, damages, strict=False) for line in damaged(row, *damage)]
    content = b"\n".join([HEAD.encode(), *lines]) + b"\n"
    rows = sum(1 for line in lines if line.strip(b",\r "))
    try:
        report = bring(tmp_path, content, encoding="utf-8")
    except DataError as refused:
        assert refused.problems
        assert not (tmp_path / "data").exists()
        return
    [part] = report.parts
    assert part.read == part.kept + part.set_aside
    assert part.read == rows or (part.read < rows and any("looks like a row" in text for text in report.loud))
    assert part.written == part.kept == len(tables.load(tmp_path / "data").mentions)
