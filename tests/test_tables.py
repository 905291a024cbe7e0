"""A data set in order: it is read as it is, cut as asked, and its contract, glossary, README and template agree."""

import csv
import datetime as dt
import pickle
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tiny import DATASET, TABLES, write_tiny

from smm_analysis import tables, terms
from smm_analysis.tables import CONTRACT

ROOT = Path(__file__).parents[1]
README = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
SEOUL = "Asia/Seoul"
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def loaded(tiny):
    return tables.load(tiny)


def data_set(folder, **texts):
    folder.mkdir(exist_ok=True)
    (folder / "dataset.toml").write_text(DATASET, encoding="utf-8")
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def rows(frame, column):
    return frame[column].to_list()


# reading


def test_all_tables_are_there_with_the_contracts_columns(loaded):
    assert loaded.names == tuple(CONTRACT) == tuple(TABLES)
    assert all(tuple(getattr(loaded, name).columns) == table.names for name, table in CONTRACT.items())


def test_every_kind_of_column_has_its_dtype(loaded):
    expected = {
        "time": f"datetime64[us, {SEOUL}]",
        "date": "datetime64[us]",
        "week": "datetime64[us]",
        "number": "float64",
    }
    for name, table in CONTRACT.items():
        for column in table.columns:
            whole = "int64" if column.required else "Int64"
            kind = whole if column.kind == "whole" else expected.get(column.kind, "str")
            assert str(getattr(loaded, name)[column.name].dtype) == kind, (name, column.name)


def test_values_come_as_they_stand(loaded):
    first = loaded.mentions.iloc[0]
    assert (first["text"], first["reach"], first["sentiment"]) == ("배송이 빨라요\n또 살게요", 120, 0.8)
    assert first["created_at"] == pd.Timestamp("2024-03-05 10:00", tz=SEOUL)
    assert loaded.weekly["week"].iloc[1] == pd.Timestamp("2024-03-11")
    assert rows(loaded.purchases, "amount")[3] == -29900
    assert loaded.surveys.iloc[2][["answered_at", "score"]].isna().all()
    assert loaded.posts["linked_post_id"].isna().tolist() == [True, False, True, False]


def test_the_description_is_read(loaded):
    dataset = loaded.dataset
    assert (dataset.name, dataset.currency, dataset.timezone, dataset.language) == ("tiny", "KRW", SEOUL, "ko")
    assert dataset.synthetic is True
    assert dataset.observed_until == pd.Timestamp("2024-04-30 23:59:59.999999", tz=SEOUL)
    assert dataset.brands["alpha"] == tables.Brand(10000, "blog", {"profile": True, "identity": 0.5}, "page")
    assert dataset.brands["beta"] == tables.Brand(5000, "sns")
    assert dataset.media == {"blog": tables.Medium("blog", "firm"), "sns": tables.Medium("sns", "customer")}
    assert dataset.truth is None


@pytest.mark.parametrize(
    "written", ["2024-04-30T23:00:00+09:00", '"2024-04-30T14:00:00Z"', '"2024-04-30 23:00"', "2024-04-30T23:00:00"]
)
def test_observed_until_in_every_way_of_writing_it(written, tmp_path):
    folder = data_set(tmp_path, follows=TABLES["follows"])
    (folder / "dataset.toml").write_text(DATASET.replace("2024-04-30", written), encoding="utf-8-sig")
    (folder / "truth.json").write_text('{"seed": 1}', encoding="utf-8")
    dataset = tables.load(folder).dataset
    assert dataset.observed_until == pd.Timestamp("2024-04-30 23:00", tz=SEOUL)
    assert dataset.truth == {"seed": 1}


def test_times_with_another_offset_and_without_one_come_into_the_time_zone(tmp_path):
    for text in ("2024-03-04T00:30:00Z", "2024-03-04 09:30", "2024-03-03T19:30:00.000-0500"):
        folder = data_set(tmp_path, shares=f"item_id,author_key,shared_at\np1,a1,{text}\n")
        assert rows(tables.load(folder).shares, "shared_at") == [pd.Timestamp("2024-03-04 09:30", tz=SEOUL)]


def test_a_date_alone_is_that_days_midnight_and_a_whole_float_is_whole(tmp_path):
    folder = data_set(tmp_path, purchases="customer_key,purchased_at,amount\nc1,2024-03-04,12.0\n00123,2024-03-05,+7\n")
    frame = tables.load(folder).purchases
    assert frame["purchased_at"].iloc[0] == pd.Timestamp("2024-03-04", tz=SEOUL)
    assert rows(frame, "amount") == [12, 7]
    assert rows(frame, "customer_key") == ["c1", "00123"]


def test_optional_columns_that_are_absent_come_all_missing(tmp_path):
    frame = tables.load(data_set(tmp_path, cases="opened_at,case_id,brand\n2024-03-04,k1,alpha\n")).cases
    assert tuple(frame.columns) == CONTRACT["cases"].names
    assert frame.drop(columns=["case_id", "brand", "opened_at"]).isna().all(axis=None)
    assert str(frame["resolved_at"].dtype) == f"datetime64[us, {SEOUL}]"


def test_parquet_in_parts_reads_as_the_csv_does(tiny, loaded, tmp_path):
    folder = write_tiny(tmp_path)
    for name, frame in loaded.frames.items():
        (folder / f"{name}.csv").unlink()
        (folder / name).mkdir()
        frame.iloc[:2].to_parquet(folder / name / "part-0.parquet", index=False)
        frame.iloc[2:].to_parquet(folder / name / "part-1.parquet", index=False)
        (folder / name / "_SUCCESS").touch()
    again = tables.load(folder)
    for name in CONTRACT:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(loaded, name))
    assert "posts" in set(tables.check(folder).tables["file"])


def in_parts(folder, name, frame):
    (folder / f"{name}.csv").unlink(missing_ok=True)
    (folder / name).mkdir()
    frame.to_parquet(folder / name / "part-0.parquet", index=False)


def test_rows_of_a_table_in_an_engine_that_lacks_a_column_are_all_refused(loaded, tmp_path):
    folder = write_tiny(tmp_path)
    in_parts(folder, "purchases", loaded.purchases.drop(columns="amount"))
    found = tables.check(folder, engine="duckdb://")
    assert [problem.column for problem in found.problems] == ["amount"]
    counts = found.tables.set_index("table").loc["purchases", ["read", "kept", "refused"]]
    assert counts.tolist() == [6, 0, 6]


def test_a_table_that_lies_in_two_places_is_refused_in_the_same_words_as_a_log(loaded, tmp_path):
    folder = write_tiny(tmp_path)
    in_parts(folder, "purchases", loaded.purchases)
    loaded.purchases.to_parquet(folder / "purchases.parquet", index=False)
    for way in (tables.load, tables.logs):
        with pytest.raises(tables.DataError, match=r"purchases.parquet and purchases both there.*Keep one of them"):
            way(folder)


def test_parquet_may_use_any_fitting_type(tmp_path):
    """Nanoseconds, whole floats, decimals, dictionaries, dates, and columns that are wholly missing."""
    week = pa.array([dt.date(2024, 3, 4), dt.date(2024, 3, 11)], pa.date32())
    brand = pa.array(["alpha", "beta"]).dictionary_encode()
    cost = pa.array([Decimal("5.00"), Decimal("7")], pa.decimal128(9, 2))
    hours = pa.nulls(2, pa.int32())
    activity = pa.array(["listen", "promo"], pa.string_view())
    effort = {"brand": brand, "week": week, "activity": activity, "cost": cost, "hours": hours}
    moments = pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns"))
    answers = {"customer_key": ["c1", "c2"], "asked_at": pa.array([1_600_000_000] * 2, pa.timestamp("s", "UTC"))}
    answers |= {"question": ["trust"] * 2, "answered_at": moments, "score": pa.array([7.0, None])}
    folder = data_set(tmp_path)
    parquet.write_table(pa.table(effort), folder / "effort.parquet")
    parquet.write_table(pa.table(answers), folder / "surveys.parquet")
    loaded = tables.load(folder)
    assert rows(loaded.effort, "cost") == [5, 7]
    assert rows(loaded.effort, "week") == [pd.Timestamp("2024-03-04"), pd.Timestamp("2024-03-11")]
    assert loaded.surveys["answered_at"].iloc[0] == pd.Timestamp("2023-11-14 22:13:20.123456", tz=SEOUL)
    assert loaded.surveys["asked_at"].iloc[0] == pd.Timestamp("2020-09-13 21:26:40", tz=SEOUL)
    assert loaded.surveys["score"].tolist() == [7, pd.NA]


def test_quotes_around_everything_change_nothing(loaded, tmp_path):
    folder = write_tiny(tmp_path)
    for name in CONTRACT:
        frame = pd.read_csv(folder / f"{name}.csv", dtype="str")
        frame.to_csv(folder / f"{name}.csv", index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    again = tables.load(folder)
    for name in CONTRACT:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(loaded, name))


IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)  # to_csv leaves \r bare
WORDS = IDS.filter(lambda text: not re.fullmatch(r"(?i)nan|none|null|nat|<na>|#.*", text))
TIMES = st.datetimes(pd.Timestamp("2020-01-01").to_pydatetime(), pd.Timestamp("2024-04-29").to_pydatetime())
PURCHASES = st.lists(st.tuples(WORDS, TIMES, st.integers(-(10**12), 10**12)), min_size=1, max_size=12)


@FEW
@given(PURCHASES, st.sampled_from([",", ";", "\t"]), st.booleans())
def test_what_is_written_is_read_again(tmp_path, purchases, delimiter, bom):
    """CSV with each delimiter, BOM or not, and Parquet: the same frame comes back, odd ids included."""
    written = pd.DataFrame(purchases, columns=CONTRACT["purchases"].names).astype({"customer_key": "str"})
    written["purchased_at"] = written["purchased_at"].astype("datetime64[us]").dt.tz_localize(SEOUL)
    folder = data_set(tmp_path)
    encoding = "utf-8-sig" if bom else "utf-8"
    as_text = written.assign(purchased_at=[moment.isoformat() for moment in written["purchased_at"]])
    for file in ("purchases.csv", "purchases.parquet"):
        if file.endswith("csv"):
            as_text.to_csv(folder / file, index=False, sep=delimiter, encoding=encoding)
        else:
            written.to_parquet(folder / file, index=False)
        pd.testing.assert_frame_equal(tables.load(folder).purchases, written)
        (folder / file).unlink()


FIELDS = st.sampled_from(
    ["c1", "", "2024-03-04", "2024-13-04", "03/04/2024", "12", "12.5", "nan", '"a\nb"', '""', "1E+15"]
)


@FEW
@given(st.lists(st.lists(FIELDS, min_size=1, max_size=4), max_size=15))
def test_rows_read_are_kept_or_refused(tmp_path, lines):
    """Whatever stands in a file, every row is accounted for, and what is kept is what loads."""
    folder = data_set(tmp_path, purchases="customer_key,purchased_at,amount\n" + "\n".join(map(",".join, lines)) + "\n")
    result = tables.check(folder)
    table = result.tables.iloc[0]
    assert table["read"] == table["kept"] + table["refused"]
    if table["read"]:
        assert table["read"] == sum(line != [""] for line in lines)
    good = [line for line in lines if len(line) == 3 and line[0] not in ("", '""', "nan", "1E+15")]
    good = [line for line in good if line[1] == "2024-03-04" and line[2] == "12"]
    assert table["kept"] == len(good)
    assert result.ok == (bool(lines) and table["read"] == table["kept"] > 0)


# what is reported


def test_check_reports_rows_and_that_all_is_in_order(tiny):
    result = tables.check(tiny)
    assert result.ok
    assert (result.tables["kept"] == result.tables["read"]).all()
    assert len(result.tables) == len(CONTRACT)
    assert str(result).endswith("in order.")


def test_strangers_are_noted_with_what_was_probably_meant(tmp_path):
    folder = data_set(tmp_path, follows="follower_key,followed_key,brnad\na,b,c\n", purchase="x\n")
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    with (folder / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write("\n[brand.gamma]\nmarket_size = 5\ncentral_medium = 'sns'\nacount_route = 'page'\n")
    result = tables.check(folder)
    assert result.ok
    noted = "\n".join(result.notes)
    assert re.search(r"brand.gamma.acount_route is not a key .* did you mean account_route\?", noted)
    assert re.search(r"follows.csv: column 'brnad' .* did you mean brand\?", noted)
    assert re.search(r"purchase.csv: not a table .* did you mean purchases.csv\?", noted)
    assert len(result.notes) == 3


def test_keys_that_cannot_be_checked_are_noted(tmp_path):
    folder = data_set(tmp_path, purchases=TABLES["purchases"])
    assert tables.check(folder).notes == [
        "purchases.csv: customer_key was not checked, there is no readable table customers"
    ]
    assert len(tables.load(folder).purchases) == 6


def test_brands_need_not_be_declared_when_none_is(tmp_path):
    folder = data_set(tmp_path, weekly=TABLES["weekly"])
    (folder / "dataset.toml").write_text(DATASET.partition("[brand")[0], encoding="utf-8")
    assert set(tables.load(folder).weekly["brand"]) == {"alpha", "beta"}
    with pytest.raises(tables.DataError, match=r"brand='gamma' is not in the data set; there are: alpha, beta"):
        tables.load(folder, brand="gamma")


def test_coverage_says_when_each_table_begins_and_ends(loaded):
    coverage = loaded.coverage().set_index("table")
    assert coverage.loc["weekly"].to_list() == [4, pd.Timestamp("2024-03-04"), pd.Timestamp("2024-03-18")]
    assert coverage.loc["posts", "first"] == pd.Timestamp("2024-03-04")
    assert coverage.loc["follows", ["first", "last"]].isna().all()


# the objects


def test_a_frame_can_be_changed_without_changing_the_data_set(loaded):
    assert {"weekly", "posts", "names"} <= set(dir(loaded))
    frame = loaded.weekly
    frame["units"] = 0
    assert rows(loaded.weekly, "units") == [30, 28, -2, 10]
    with pytest.raises(AttributeError):
        loaded.path = "elsewhere"


def test_errors_and_tables_survive_pickling(loaded, tmp_path):
    with pytest.raises(tables.DataError) as caught:
        tables.load(tmp_path / "nowhere")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert pickle.loads(pickle.dumps(loaded)).names == loaded.names


def test_the_import_is_cheap():
    code = "import sys, smm_analysis.tables; print(*{'pandas', 'pyarrow', 'pandera', 'openpyxl'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""


# cutting


def test_one_brand(tiny):
    alpha = tables.load(tiny, brand="alpha")
    assert set(alpha.posts["brand"]) == set(alpha.customers["brand"]) == set(alpha.weekly["brand"]) == {"alpha"}
    assert rows(alpha.purchases, "customer_key") == ["c1", "c1", "c2", "c2", "c3"]
    assert rows(alpha.surveys, "customer_key") == ["c1", "c2"]
    assert set(alpha.post_daily["post_id"]) == {"p1", "p2", "p4"}
    assert rows(alpha.shares, "item_id") == ["p1", "p1"]
    assert len(alpha.follows) == 3  # a link without a brand is everybody's
    with pytest.raises(tables.DataError, match="brand='gamma' is not in the data set; there are: alpha, beta"):
        tables.load(tiny, brand="gamma")


def test_an_empty_brand_is_the_first_and_none_is_all(tiny, loaded):
    assert set(tables.load(tiny, brand="").weekly["brand"]) == {"alpha"}
    assert set(tables.load(tiny, brand=None).weekly["brand"]) == set(loaded.weekly["brand"]) == {"alpha", "beta"}


def test_purchases_cannot_be_split_by_brand_without_customers(tmp_path):
    folder = data_set(tmp_path, purchases=TABLES["purchases"])
    with pytest.raises(tables.DataError, match=r"purchases has no brand .* the table customers is needed"):
        tables.load(folder, brand="alpha")
    (folder / "dataset.toml").write_text(DATASET.partition("[brand.beta]")[0], encoding="utf-8")
    assert len(tables.load(folder, brand="alpha").purchases) == 6  # the only brand's


def test_until_is_a_vantage_point(tiny):
    then = tables.load(tiny, until="2024-03-22")
    assert then.dataset.observed_until == pd.Timestamp("2024-03-22 23:59:59.999999", tz=SEOUL)
    assert rows(then.posts, "post_id") == ["p1", "p2", "p3"]
    assert rows(then.weekly.query("brand == 'alpha'"), "week") == [
        pd.Timestamp("2024-03-04"),
        pd.Timestamp("2024-03-11"),
    ]
    assert rows(then.customers, "customer_key") == ["c1", "c2", "c4"]
    case = then.cases.iloc[0]
    assert len(then.cases) == 1
    assert (case["responder"], pd.isna(case["resolved_at"])) == ("firm", True)
    assert len(then.surveys) == 0
    later = tables.load(tiny, until="2024-03-26").surveys
    assert later["score"].isna().tolist() == [False, True, True]
    assert later["answered_at"].isna().tolist() == [False, True, True]


def test_a_response_that_came_later_has_no_responder_yet(tmp_path):
    case = "case_id,brand,opened_at,first_response_at,responder,team\nk1,alpha,2024-03-04,2024-03-06,firm,care\n"
    before, after = (
        tables.load(data_set(tmp_path, cases=case), until=f"2024-03-0{day}").cases.iloc[0] for day in (5, 6)
    )
    assert before[["first_response_at", "responder"]].isna().all()
    assert (before["team"], after["responder"]) == ("care", "firm")


def test_until_after_the_end_changes_nothing(tiny, loaded):
    late = tables.load(tiny, until="2025-01-01")
    assert late.dataset == loaded.dataset
    for name in CONTRACT:
        pd.testing.assert_frame_equal(getattr(late, name), getattr(loaded, name))


def test_since_keeps_customers_and_what_later_rows_point_at(tiny):
    recent = tables.load(tiny, since="2024-04-01")
    assert rows(recent.customers, "customer_key") == ["c1", "c2", "c3", "c4"]
    assert rows(recent.posts, "post_id") == ["p1", "p2", "p4"]  # p4 links to p2, which links to p1
    assert rows(recent.purchases, "customer_key") == ["c1", "c3"]
    assert rows(recent.mentions, "mention_id") == ["m4"]
    assert len(recent.weekly) == 0


def test_optional_keys_to_what_is_not_known_yet_are_blank(tmp_path):
    posts = TABLES["posts"].replace("useful,,", "useful,p4,")  # p1 was edited later to link to p4
    folder = data_set(tmp_path, posts=posts)
    assert pd.isna(tables.load(folder, until="2024-04-01").posts["linked_post_id"].iloc[0])


@settings(FEW, max_examples=8)
@given(since=st.dates(pd.Timestamp("2024-03-01").date(), pd.Timestamp("2024-04-30").date()), days=st.integers(0, 60))
def test_a_cut_data_set_is_itself_in_order(tiny, tmp_path, since, days):
    """Whatever is cut out of a data set can be written down and loads again, without dangling keys."""
    until = since + pd.Timedelta(days=days)
    brand = ("", "alpha", "beta")[days % 3]
    part = tables.load(tiny, brand=brand, since=str(since), until=str(until))
    end = part.dataset.observed_until.isoformat()
    folder = data_set(tmp_path / f"{since}{days}")
    (folder / "dataset.toml").write_text(DATASET.replace("2024-04-30", end), encoding="utf-8")
    for name, frame in part.frames.items():
        if len(frame):
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    again = tables.load(folder)
    assert all(len(getattr(again, name)) == len(getattr(part, name)) for name in again.names)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"since": "03/04/2024"}, "since='03/04/2024' is not a date; allowed: an ISO date"),
        ({"until": "2024-02-30"}, "until='2024-02-30' is not a date"),
        ({"since": "2024-04-02", "until": "2024-04-01"}, "since='2024-04-02' is after until='2024-04-01'"),
        ({"since": "2024-05-01"}, "since='2024-05-01' is after the last day observed, 2024-04-30"),
        ({"since": "2024-04-20", "need": ("weekly",)}, "nothing of the table weekly is left"),
    ],
)
def test_a_cut_that_makes_no_sense(options, message, tiny):
    with pytest.raises(tables.DataError, match=re.escape(message)):
        tables.load(tiny, **options)


# the clock


def test_a_moment_is_in_the_zone_of_the_data():
    at = tables.moment_in(SEOUL, "2024-03-04 09:00", "since")
    assert at == pd.Timestamp("2024-03-04T00:00Z") == tables.moment_in(SEOUL, "2024-03-04T00:00Z", "since")
    assert str(tables.moment_in(SEOUL, "2024-03-04T00:00Z", "since")) == "2024-03-04 09:00:00+09:00"
    assert tables.moment_in(None, "2024-03-04", "since").tz is None
    with pytest.raises(ValueError, match=r"since 2024-03-04 .* has a timezone, the data have none; take it off"):
        tables.moment_in(None, "2024-03-04T00:00Z", "since")
    with pytest.raises(ValueError, match="since must be a time, not None"):
        tables.moment_in(SEOUL, None, "since")


# the contract and what repeats it


def test_readme_names_every_table_and_column():
    parts = re.split(r"^### `", README, flags=re.MULTILINE)[1:]
    described = {part.partition("`")[0]: part for part in parts}
    assert set(described) == set(CONTRACT)
    for name, table in CONTRACT.items():
        lines = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", described[name], re.MULTILINE))
        assert tuple(lines) == table.names
        for column in table.columns:
            assert terms.term(column.name).definition_ko in lines[column.name]
            assert all(f"`{choice}`" in lines[column.name] for choice in column.choices)
            assert ("absent" in lines[column.name]) == (not column.required)


def test_readmes_shortest_data_set_is_in_order(tmp_path):
    blocks = re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for file, text in blocks:
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert tables.load(tmp_path).names == ("customers", "purchases", "surveys")


def test_every_column_is_in_the_glossary():
    for table in CONTRACT.values():
        for column in table.columns:
            entry = terms.term(column.name)
            assert entry.en and entry.ko and entry.definition_en and entry.definition_ko
            assert bool(entry.unit_en) == bool(entry.unit_ko)


def test_keys_point_at_tables_with_one_key():
    for table in CONTRACT.values():
        named = [
            *table.key,
            *table.points_to,
            *table.later,
            *(name for pair in table.order + table.needs for name in pair),
        ]
        assert {*named, *filter(None, [table.clock])} <= set(table.names)
        assert all(len(CONTRACT[target].key) == 1 for target in table.points_to.values())


# the template


def test_template_asks_to_be_filled_in_and_its_examples_are_in_order(tmp_path):
    written = tables.write_template(tmp_path / "new")
    assert len(written) == len(CONTRACT) + 2
    result = tables.check(tmp_path / "new")
    assert [problem.value for problem in result.problems] == ["a data set without tables"]
    assert len(result.notes) == len(CONTRACT) and all("no rows, only the header" in note for note in result.notes)
    book = openpyxl.load_workbook(tmp_path / "new" / "smm_template.xlsx")
    for name, table in CONTRACT.items():
        sheet = book[name]
        lines = {
            line[0]: list(line[1 : len(table.columns) + 1]) for line in sheet.iter_rows(max_row=8, values_only=True)
        }
        assert lines["column 열"] == list(table.names)
        assert lines["한국어"] == [terms.term(column).ko for column in table.names]
        assert sheet.freeze_panes == "B2"
        example = pd.DataFrame([lines["example 예"]], columns=table.names, dtype="str")
        outside = [column for column in ("linked_post_id", "referred_by") if column in example]
        path = tmp_path / "new" / f"{name}.csv"
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        example.drop(columns=outside).to_csv(path, index=False, encoding="utf-8-sig")
    assert tables.load(tmp_path / "new").names == tuple(CONTRACT)


def test_template_overwrites_nothing(tmp_path):
    (tmp_path / "weekly.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"weekly.csv is already there and is not overwritten"):
        tables.write_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["weekly.csv"]


def test_several_undeclared_brands_are_never_pooled(tmp_path):
    write_tiny(tmp_path)
    for name in tables.CONTRACT.keys() - {"customers", "purchases"}:
        (tmp_path / f"{name}.csv").unlink()
    description = (tmp_path / "dataset.toml").read_text("utf-8")
    (tmp_path / "dataset.toml").write_text(description.split("[brand")[0], "utf-8")
    assert tables.load(tmp_path, brand=None).customers["brand"].nunique() == 2
    with pytest.raises(tables.DataError, match="has the brands alpha, beta; say which one"):
        tables.load(tmp_path, brand="")
    assert set(tables.load(tmp_path, brand="beta").customers["brand"]) == {"beta"}
