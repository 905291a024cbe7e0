"""Every fault is refused with one message: which file, line, column and value, what is allowed, what to do."""

import os

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from telling import english_left
from tiny import DATASET, TABLES, write_tiny

from smm_analysis import tables

HUGE = 2 << 30


def put(name, text, encoding="utf-8"):
    """Return what writes a file into the data set; a name without an ending is a table's CSV."""
    file = name if "." in name else f"{name}.csv"
    return lambda folder: (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))


def swap(name, old, new):
    """Return what changes one text, which must be there, in a table or in dataset.toml."""
    text = DATASET if name == "dataset.toml" else TABLES[name]
    assert old in text
    return put(name, text.replace(old, new, 1))


def as_parquet(name, change):
    """Return what replaces a table's CSV by Parquet, changed."""

    def write(folder):
        frame = pd.read_csv(folder / f"{name}.csv")
        (folder / f"{name}.csv").unlink()
        parquet.write_table(change(pa.Table.from_pandas(frame, preserve_index=False)), folder / f"{name}.parquet")

    return write


def column(name, values, kind=None):
    def change(table):
        return table.set_column(table.column_names.index(name), name, pa.array(values, kind))

    return change


def drop(name):
    return lambda folder: (folder / f"{name}.csv").unlink()


def sparse(name, head=b""):
    def write(folder):
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(HUGE)

    return write


WEEKLY, PURCHASES, SURVEYS = TABLES["weekly"], TABLES["purchases"], TABLES["surveys"]
FAULTS = {
    # values
    "text in a number column": (
        swap("weekly", ",1000,40", ",many,40"),
        r"weekly.csv, line 2, column followers: 'many'",
    ),
    "12.5 in a whole-number column": (
        swap("weekly", "900000", "12.5"),
        r"column revenue: '12.5'. Allowed: a whole num",
    ),
    "thousands separator": (
        swap("weekly", "900000", '"900,000"'),
        r"column revenue: '900,000'.* no thousands separator",
    ),
    "decimal comma": (swap("effort", "5.5", '"5,5"'), r"effort.csv, line 2, column hours: '5,5'.*decimal point"),
    "NaN as text": (swap("effort", "5.5", "NaN"), r"column hours: 'NaN'. Allowed: .* finite. Leave the field empty"),
    "inf as text": (swap("controls", "0.95", "-inf"), r"controls.csv, line 2, column value: '-inf'.* finite"),
    "a number too large": (swap("controls", "0.95", "1e999"), r"column value: '1e999'"),
    "NaN as an id": (
        swap("purchases", "c3", "nan"),
        r"purchases.csv, line 6, column customer_key: 'nan'.* empty field",
    ),
    "id mangled by Excel": (
        swap("purchases", "c3", "1.22158E+17"),
        r"line 6, column customer_key: '1.22158E\+17'.*Excel",
    ),
    "id mangled, comma": (swap("purchases", "c3", '"1,22158E+17"'), r"column customer_key: '1,22158E\+17'.*Excel"),
    "empty required value": (swap("weekly", ",1000,40", ",,40"), r"line 2, column followers: \(empty\).* not empty"),
    "score 11": (
        swap("surveys", ",9\n", ",11\n"),
        r"surveys.csv, line 2, column score: '11'. Allowed: a whole num.*0 to 10",
    ),
    "negative spend": (swap("media", "8000000", "-1"), r"media.csv, line 2, column spend: '-1'.* 0 or more"),
    "negative frequency": (swap("reach_frequency", "atl,0,", "atl,-1,"), r"column frequency: '-1'.* 0 or more"),
    "sentiment outside -1..1": (
        swap("mentions", ",0.8", ",1.2"),
        r"mentions.csv, line 2, column sentiment: '1.2'.*-1 to 1",
    ),
    "unknown choice": (
        swap("posts", "central,useful", "central,fun"),
        r"column kind: 'fun'. Allowed: one of answer, useful",
    ),
    # keys
    "duplicate key": (
        swap("customers", "c2,", "c1,"),
        r"customers.csv, line 3, column customer_key: 'c1'.*customer_key once",
    ),
    "duplicate key of two": (swap("weekly", "03-11", "03-04"), r"line 3, column brand, week: 'alpha' \+ '2024-03-04'"),
    "dangling key": (
        swap("purchases", "c3", "c9"),
        r"line 6, column customer_key: 'c9'. Allowed: a customer_key that is in",
    ),
    "dangling key to the same table": (swap("customers", "c1\n", "c8\n"), r"column referred_by: 'c8'"),
    "undeclared brand": (
        swap("weekly", "beta", "gamma"),
        r"column brand: 'gamma'. Allowed: one of alpha, beta.*brand.NAME",
    ),
    "undeclared medium": (swap("posts", "blog", "tiktok"), r"column medium: 'tiktok'. Allowed: one of blog, sns"),
    # times
    "end before start": (
        swap("events", "2024-03-22", "2024-03-01"),
        r"events.csv, line 2, column end: .* not before start",
    ),
    "answered before asked": (
        swap("surveys", "2024-03-26", "2024-03-20"),
        r"column answered_at: .* not before asked_at",
    ),
    "response before opening": (
        swap("cases", "03-21T10:30", "03-20T10:30"),
        r"column first_response_at: .*before opened_at",
    ),
    "resolved before opening": (
        swap("cases", "2024-03-23", "2024-03-02"),
        r"column resolved_at: .* not before opened_at",
    ),
    "score without answered_at": (
        swap("surveys", "trust,,", "trust,,5"),
        r"line 4, column score: '5'. Allowed: empty where",
    ),
    "after observed_until": (
        swap("purchases", "2024-04-15", "2024-05-15"),
        r"line 6, column purchased_at: .*observed_until",
    ),
    "week after observed_until": (swap("weekly", "2024-03-18", "2024-05-06"), r"line 4, column week: .*observed_until"),
    "a week that is no Monday": (
        swap("weekly", "2024-03-18", "2024-03-19"),
        r"line 4, column week: '2024-03-19'.* Monday",
    ),
    "naive and aware mixed": (
        swap("purchases", "04-15T10:00:00+09:00", "04-15T10:00"),
        r"line 6, column purch.*offset",
    ),
    "ambiguous date": (
        swap("purchases", "2024-04-15T10:00:00+09:00", "03/04/2024"),
        r"line 6.*'03/04/2024'.* 2024-03-04 \(month first\) or 2024-04-03 \(day first\): write it as year-month-day",
    ),
    "date that is not ISO": (swap("weekly", "2024-03-18", "18.03.2024"), r"'18.03.2024'.*ISO|'18.03.2024'.* Monday"),
    "a day that does not exist": (
        swap("post_daily", "2024-03-05", "2024-02-30"),
        r"line 3, column date: .*a day that exis",
    ),
    "a time that does not exist": (
        swap("shares", "04T20:00", "04T25:00"),
        r"shares.csv, line 2, column shared_at: .* exist",
    ),
    # columns
    "missing column": (
        swap("weekly", "units", "unit"),
        r"weekly.csv, line 1, column units: no such column.*Rename 'unit'",
    ),
    "duplicate column": (swap("weekly", "units", "week"), r"weekly.csv, line 1, column week: 'week' more than once"),
    "unnamed columns": (swap("weekly", "units,revenue", ","), r"weekly.csv, line 1: '' more than once"),
    # files
    "empty file": (put("weekly", ""), r"weekly.csv: an empty file"),
    "empty first line": (put("weekly", "\n" + WEEKLY), r"weekly.csv, line 1: .*column names"),
    "csv and parquet": (put("customers.parquet", b"x"), r"customers.csv and customers.parquet both there"),
    "Excel file": (put("sales.xlsx", b"PK\3\4"), r"sales.xlsx: an Excel file.*smm import"),
    "Excel named csv": (put("weekly", b"PK\3\4" + b"\0" * 99), r"weekly.csv: looks like an Excel workbook.*smm import"),
    "UTF-16 with BOM": (put("weekly", WEEKLY, "utf-16"), r"weekly.csv: looks like UTF-16.*smm import"),
    "UTF-16 without BOM": (put("weekly", WEEKLY, "utf-16-le"), r"weekly.csv: looks like UTF-16.*smm import"),
    "CP949": (put("events", TABLES["events"], "cp949"), r"events.csv: looks like CP949 \(EUC-KR\).*smm import"),
    "Latin-1": (
        put("events", TABLES["events"].replace("배송 지연", "caf\xe9 \xfc ").replace("상", "")[:120], "latin-1"),
        r"events.csv: looks like text in another encoding",
    ),
    "NUL bytes": (swap("weekly", "alpha,2024-03-11", "al\0pha,2024-03-11"), r"weekly.csv, line 3: a NUL byte"),
    "binary junk": (put("weekly", os.urandom(4000).replace(b"\0", b"\1")), r"weekly.csv: looks like binary data"),
    "too few fields": (swap("weekly", ",28,840000", ",28"), r"weekly.csv, line 3: 7 fields.* Allowed: 8 fields"),
    "too many fields": (
        swap("weekly", ",28,840000", ",28,840,000"),
        r"weekly.csv, line 3: 9 fields.* Allowed: 8 fields",
    ),
    "unclosed quote": (swap("events", "배송 지연", '"배송 지연'), r"events.csv, line 2: .*quotes that open and close"),
    "quote lost between two texts": (
        put("mentions", TABLES["mentions"].replace('또 살게요"', "또 살게요").replace("감사합니다", '"감사합니다"')),
        r"mentions.csv, line 2: .*quotes that open and close",
    ),
    "two gigabytes of zeros": (sparse("weekly.csv"), r"weekly.csv, line 1: a NUL byte"),
    "two gigabytes of zeros below the header": (
        sparse("weekly.csv", b"brand,week\n"),
        r"weekly.csv, line 2: a NUL byte",
    ),
    "one endless line": (put("weekly", b"x" * (1 << 20) + b"yz"), r"weekly.csv: a first line longer than"),
    # Parquet
    "zeros as Parquet": (
        lambda f: (drop("media")(f), sparse("media.parquet")(f)),
        r"media.parquet: a broken Parquet file",
    ),
    "broken Parquet": (
        lambda f: (drop("media")(f), put("media.parquet", b"PAR1xx")(f)),
        r"media.parquet: a broken Parq",
    ),
    "numeric ids": (
        as_parquet("purchases", column("customer_key", [1, 2, 3, 4, 5, 6])),
        r"purchases.parquet, row 1, column customer_key: '1' .*6 rows in all.*the file holds int64.*as text",
    ),
    "12.5 in Parquet": (
        as_parquet("purchases", column("amount", [1.0, 12.5, 1, 1, 1, 1])),
        r"purchases.parquet, row 2, column amount: '12.5'. Allowed: a whole number",
    ),
    "NaN in Parquet": (
        as_parquet("controls", column("value", [1.0, float("nan"), 1])),
        r"controls.parquet, row 2, column value: .* finite",
    ),
    "a list in Parquet": (
        as_parquet("controls", column("value", [[1.0], [2.0], [3.0]])),
        r"row 1, column value: '\[1.0\]'",
    ),
    "an empty folder for a table": (
        lambda f: (drop("media")(f), (f / "media").mkdir()),
        r"media: a folder without .parquet",
    ),
    # dataset.toml
    "syntax error": (swap("dataset.toml", '"KRW"', "KRW"), r"dataset.toml, line 2: .*texts stand in quotes"),
    "missing field": (
        swap("dataset.toml", 'currency = "KRW"\n', ""),
        r"dataset.toml, column currency: missing.*Add the line",
    ),
    "wrong type": (
        swap("dataset.toml", "10000", '"many"'),
        r"dataset.toml, line 9, column brand.alpha.market_size: 'many'",
    ),
    "a flag that is a text": (
        swap("dataset.toml", "= true", '= "yes"'),
        r"line 6, column synthetic: 'yes'. Allowed: true or",
    ),
    "unknown timezone": (
        swap("dataset.toml", "Asia/Seoul", "Asia/Soul"),
        r"line 3, column timezone: 'Asia/Soul'.*IANA",
    ),
    "unknown currency": (swap("dataset.toml", "KRW", "won"), r"line 2, column currency: 'won'.*three capitals"),
    "no such day": (swap("dataset.toml", "2024-04-30", '"2024-04-31"'), r"line 4, column observed_until: '2024-04-31'"),
    "unknown central medium": (
        swap("dataset.toml", '= "sns"', '= "fax"'),
        r"central_medium: 'fax'. Allowed: one of blog, sns",
    ),
    "unknown side": (
        swap("dataset.toml", '"customer"', '"both"'),
        r"column medium.sns.side: 'both'. Allowed: one of firm",
    ),
    "unknown route": (
        swap("dataset.toml", '"page"', '"bot"'),
        r"column brand.alpha.account_route: 'bot'. Allowed: one of pa",
    ),
    "presence 1.2": (swap("dataset.toml", "0.5", "1.2"), r"column brand.alpha.presence.identity: '1.2'.* 0 to 1"),
    "brand that is no section": (
        put("dataset.toml", DATASET.partition("[brand.alpha]")[0] + "[brand]\nalpha = 3\n"),
        r"column brand.alpha: '3'. Allowed: a section \[brand.NAME\]",
    ),
    "brands that are no sections": (
        put("dataset.toml", "brand = 3\n" + DATASET.partition("[brand.alpha]")[0]),
        r"dataset.toml, line 1, column brand: '3'. Allowed: sections \[brand.NAME\]",
    ),
    "dataset.toml in CP949": (put("dataset.toml", 'name = "한국"\n', "cp949"), r"dataset.toml: not UTF-8"),
    "broken truth.json": (put("truth.json", "{"), r"truth.json, line 1: .*a JSON object"),
}


def take_out_the_unspoilt(folder):
    """Leave the spoilt tables and those that others point at: seventeen tables a test would take too long."""
    for name in TABLES.keys() - {"posts", "mentions", "customers"}:
        path, text = folder / f"{name}.csv", TABLES[name].encode()
        if path.exists() and path.stat().st_size == len(text) and path.read_bytes() == text:
            path.unlink()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_refused(fault, tmp_path):
    spoil, message = FAULTS[fault]
    spoil(write_tiny(tmp_path / "set"))
    take_out_the_unspoilt(tmp_path / "set")
    with pytest.raises(tables.DataError, match=message) as caught:
        tables.load(tmp_path / "set")
    problems = caught.value.problems
    assert all(problem.allowed and problem.fix and problem.value for problem in problems)
    assert len(problems) == 1, problems  # said once, not again in other words, and nothing else is dragged down
    assert not english_left(caught.value.told("ko")), caught.value.told("ko")


@pytest.mark.parametrize("fault", ["score 11", "too many fields", "missing column", "CP949", "syntax error"])
def test_check_lists_what_load_refuses(fault, tmp_path):
    FAULTS[fault][0](write_tiny(tmp_path))
    with pytest.raises(tables.DataError) as caught:
        tables.load(tmp_path)
    result = tables.check(tmp_path)
    assert not result.ok
    assert result.problems == caught.value.problems
    assert (result.tables["read"] == result.tables["kept"] + result.tables["refused"]).all()
    assert all(str(problem) in str(result) for problem in result.problems)


@pytest.mark.parametrize(
    "zone, moment", [("Europe/Berlin", "2024-03-31T02:30"), ("America/New_York", "2023-11-05T01:30")]
)
def test_a_naive_time_that_the_clock_skips_or_repeats(zone, moment, tmp_path):
    write_tiny(tmp_path)
    swap("dataset.toml", "Asia/Seoul", zone)(tmp_path)
    put("shares", f"item_id,author_key,shared_at\np1,a1,{moment}\n")(tmp_path)
    with pytest.raises(tables.DataError, match=rf"'{moment}'.* a time that exists once in {zone}.*with its offset"):
        tables.load(tmp_path)


@pytest.mark.parametrize(
    "place, what", [("nowhere", "not there"), ("file", "a file"), ("", "a folder without dataset.toml")]
)
def test_what_is_not_a_data_set(place, what, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(tables.DataError, match=rf"{what}. Allowed: a folder with dataset.toml.*smm template"):
        tables.load(tmp_path / place)
    assert not tables.check(tmp_path / place).ok


def test_a_data_set_without_tables(tmp_path):
    put("dataset.toml", DATASET)(tmp_path)
    with pytest.raises(tables.DataError, match=r"a data set without tables. Allowed: at least one row in one of posts"):
        tables.load(tmp_path)


def test_a_table_with_nothing_but_its_header_is_as_good_as_none(tmp_path):
    folder = write_tiny(tmp_path)
    put("events", TABLES["events"].partition("\n")[0] + "\n")(folder)
    found = tables.check(folder)
    assert found.ok and "events.csv: no rows, only the header; read as if the table were not there" in found.notes
    assert "events" not in tables.load(folder).names
    with pytest.raises(tables.DataError, match=r"the table events is missing in .*, or has no rows: add events.csv"):
        tables.load(folder, need=["events"])


def test_a_table_that_is_needed(tmp_path):
    drop("media")(write_tiny(tmp_path))
    with pytest.raises(
        tables.DataError, match=r"table media is missing in .* media.csv .* brand, week, channel, line, spend"
    ):
        tables.load(tmp_path, need=("posts", "media"))
    with pytest.raises(tables.DataError, match="no table 'medias' in the contract"):
        tables.load(tmp_path, need=("medias",))
    loaded = tables.load(tmp_path)
    assert not hasattr(loaded, "media")
    with pytest.raises(tables.DataError, match="table media is missing"):
        _ = loaded.media
    with pytest.raises(AttributeError, match="did you mean 'media'"):
        _ = loaded.medias


def test_another_encoding_deep_in_a_file(tmp_path):
    write_tiny(tmp_path)
    rows = "p1,a1,2024-03-04T20:00,\n" * 60_000
    text = f"item_id,author_key,shared_at,via_author_key\n{rows}p1,한국,2024-03-04T20:00,\n".encode("cp949")
    put("shares", text)(tmp_path)
    with pytest.raises(tables.DataError, match=r"shares.csv, line 60002: looks like CP949.*smm import"):
        tables.load(tmp_path)


def test_quoted_line_breaks_count_as_lines(tmp_path):
    write_tiny(tmp_path)
    swap("mentions", "-0.7", "-7")(tmp_path)  # below a text of two lines
    with pytest.raises(tables.DataError, match=r"mentions.csv, line 5, column sentiment: '-7'"):
        tables.load(tmp_path)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_are_counted_with_other_line_ends_and_blank_lines(end, tmp_path):
    write_tiny(tmp_path)
    text = TABLES["media"].replace("900000,", "x,").replace("\nalpha,2024-03-11", "\n\nalpha,2024-03-11")
    put("media", text.replace("800,\n", "\n").replace(",0,0,0,0", ",0,0,0,-5").replace("\n", end))(tmp_path)
    found = [(problem.line, problem.column) for problem in tables.check(tmp_path).problems]
    assert sorted(found) == [(3, "spend"), (5, "engaged")]


def test_a_million_bad_rows_are_counted_and_the_first_named(tmp_path):
    put("dataset.toml", DATASET)(tmp_path)
    put("purchases", "customer_key,purchased_at,amount\n" + "c1,2024-03-04,12.5\n" * 1_000_000 + "c1\n" * 9)(tmp_path)
    result = tables.check(tmp_path)
    short, amount = result.problems
    assert (amount.line, amount.count, amount.also[0]) == (2, 1_000_000, (3, "'12.5'"))
    assert (short.line, short.count, len(short.also)) == (1_000_002, 9, 4)
    assert result.tables.iloc[0].to_list() == ["purchases", "purchases.csv", 1_000_009, 0, 1_000_009]
    assert len(str(result)) < 3000


def test_a_file_of_malformed_rows_is_given_up_but_counted(tmp_path):
    put("dataset.toml", DATASET)(tmp_path)
    put("purchases", "customer_key,purchased_at,amount\n" + "c1,2024-03-04\n" * 200_000)(tmp_path)
    (problem,) = tables.check(tmp_path).problems
    assert (problem.line, problem.count, len(problem.also)) == (2, 200_000, 4)


def test_a_long_or_odd_value_is_shown_safely(tmp_path):
    write_tiny(tmp_path)
    swap("weekly", ",1000,40", ",\x1b[31m" + "9" * 500 + ",40")(tmp_path)
    (problem,) = tables.check(tmp_path).problems
    assert len(problem.value) <= 60
    assert "\x1b" not in str(problem)


def test_several_faults_are_all_listed(tmp_path):
    write_tiny(tmp_path)
    swap("weekly", ",1000,40", ",many,-4")(tmp_path)
    swap("surveys", ",9\n", ",11\n")(tmp_path)
    put("media", "")(tmp_path)
    found = {(problem.file, problem.column) for problem in tables.check(tmp_path).problems}
    expected = {
        ("weekly.csv", "followers"),
        ("weekly.csv", "new_followers"),
        ("surveys.csv", "score"),
        ("media.csv", ""),
    }
    assert found == expected


def test_the_part_of_a_folder_is_named(tmp_path):
    write_tiny(tmp_path)
    frame = pd.read_csv(tmp_path / "follows.csv").astype({"brand": "str"})
    drop("follows")(tmp_path)
    (tmp_path / "follows").mkdir()
    frame.to_parquet(tmp_path / "follows" / "part-0.parquet", index=False)
    frame.assign(brand="gamma").iloc[:1].to_parquet(tmp_path / "follows" / "part-1.parquet", index=False)
    with pytest.raises(tables.DataError, match=r"follows/part-1.parquet, row 1, column brand: 'gamma'"):
        tables.load(tmp_path)


FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = ["name", "currency", "timezone", "observed_until", "synthetic", "brand", "medium", "brand.a", "medium.b", "x"]
VALUES = [
    "3",
    "-1.5",
    "nan",
    "true",
    "''",
    "'x'",
    "'Asia'",
    "'../x'",
    "[]",
    "[1]",
    "{}",
    "{a=1}",
    "2024-01-01",
    "07:32:00",
]
VALUES += [
    "2024-01-01T00:00:00",
    "9999-12-31",
    "0001-01-01",
    "'2024-01-01T99:99'",
    "{presence={a={}}}",
    "{market_size=true}",
]


@FUZZ
@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=9), st.booleans())
def test_any_description_is_taken_or_refused(tmp_path, entries, whole):
    """Whatever stands in dataset.toml, there is no traceback."""
    base = {} if not whole else {"name": "'x'", "currency": "'KRW'", "timezone": "'Asia/Seoul'", "language": "'ko'"}
    base |= {} if not whole else {"observed_until": "2024-04-30", "synthetic": "true"}
    put("dataset.toml", "\n".join(f"{key} = {value}" for key, value in (base | entries).items()))(tmp_path)
    put("follows", TABLES["follows"])(tmp_path)
    assert str(tables.check(tmp_path))


BYTES = st.lists(
    st.sampled_from(
        [b"customer_key", b"purchased_at", b"amount", b",", b";", b"\t", b"\n", b"\r", b'"', b"c1", b"12", b"\0"]
    )
    | st.sampled_from(
        [b"2024-03-04", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc7\xd1", b" ", b"PAR1", b"customer_key,purchased_at,amount\n"]
    )
    | st.binary(max_size=3),
    max_size=40,
).map(b"".join)


@FUZZ
@given(BYTES, st.sampled_from(["purchases.csv", "purchases.parquet"]))
def test_any_file_is_taken_or_refused(tmp_path, content, file):
    """Whatever stands in a table's file, there is no traceback, and every row read is kept or refused."""
    put("dataset.toml", DATASET)(tmp_path)
    put(file, content)(tmp_path)
    result = tables.check(tmp_path)
    assert (result.tables["read"] == result.tables["kept"] + result.tables["refused"]).all()
    assert result.ok or all(problem.fix for problem in result.problems)
    (tmp_path / file).unlink()


def test_headings_in_another_language_are_sent_to_a_draft(tmp_path):
    head, _, rows = TABLES["media"].partition("\n")
    put("media", head.replace("spend", "광고비") + "\n" + rows)(write_tiny(tmp_path))
    [problem] = tables.check(tmp_path).problems
    assert problem.column == "spend" and "smm import media.csv --draft my.toml" in problem.fix
