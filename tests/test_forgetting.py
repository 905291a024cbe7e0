"""Forgetting a person: what a naive reading leaves, in CSV and Parquet, with everything that may come between."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from telling import english_left
from tiny import TABLES, contents, write_people

from smm_analysis import tables
from smm_analysis.cli import main
from smm_analysis.forgetting import forget, rewriting
from smm_analysis.pseudonyms import Pseudonyms
from smm_analysis.tables import locking

pytestmark = pytest.mark.usefixtures("keys")


@pytest.fixture
def data(tmp_path):
    return write_people(tmp_path / "data")


def frames_of(folder):
    return {name: frame.astype(object).where(frame.notna(), None) for name, frame in tables.load(folder).frames.items()}


def naively_forgotten(frames, person):
    """Row by row, by the words of the task: an oracle that shares no code with `forget`."""
    customers = {r["customer_key"] for n in ("customers", "leads") for r in frames[n] if r["author_key"] == person}
    customers -= {None}
    mentions = {r["mention_id"] for r in frames["mentions"] if r["author_key"] == person}
    left = {}
    for name, rows in frames.items():
        left[name] = []
        for row in map(dict, rows):
            if person in (row.get("author_key"), row.get("follower_key"), row.get("followed_key")):
                continue
            if row.get("customer_key") in customers or row.get("item_id") in mentions:
                continue
            for column, gone in (("via_author_key", {person}), ("referred_by", customers), ("parent_id", mentions)):
                if row.get(column) in gone:
                    row[column] = None
            if name != "mentions" and row.get("mention_id") in mentions:
                row["mention_id"] = None
            left[name].append(row)
    return left


def rows_of(frames):
    return {name: frame.to_dict("records") for name, frame in frames.items()}


def as_parquet(data, *, parts):
    """Turn the tables into Parquet, dictionaries and compression of its own kinds among them."""
    for name, frame in tables.load(data).frames.items():
        table = pa.Table.from_pandas(frame)
        for column in {"author_key", "parent_id"} & set(frame):
            place = table.column_names.index(column)
            table = table.set_column(place, column, table[column].cast(pa.string()).dictionary_encode())
        (data / f"{name}.csv").unlink()
        if parts:
            (data / name).mkdir()
            half = table.num_rows // 2
            pq.write_table(table[:half], data / name / "part-0.parquet", compression="zstd")
            pq.write_table(table[half:], data / name / "part-1.parquet", compression="none")
        else:
            pq.write_table(table, data / f"{name}.parquet", compression="gzip")


@pytest.mark.parametrize(
    ("form", "person"),
    [*(("csv", person) for person in ("a1", "a2")), ("parquet", "a1"), ("parts", "a1"), ("csv", "s1")],
)
def test_forgetting_leaves_what_a_naive_reading_leaves(data, form, person):
    if form != "csv":
        as_parquet(data, parts=form == "parts")
    before = rows_of(frames_of(data))
    expected = naively_forgotten(before, person)
    found = forget(data, key=person)
    after = rows_of(frames_of(data))
    assert tables.check(data).ok
    assert after == {name: rows for name, rows in expected.items() if rows}
    assert found.counts.set_index("table")["removed"].to_dict() == {
        n: len(before[n]) - len(expected[n]) for n in before
    }
    assert {path.suffix for path in contents(data)} == {".toml", ".csv" if form == "csv" else ".parquet"}


def test_rows_of_others_keep_their_bytes(data):
    text = (data / "mentions.csv").read_text(encoding="utf-8")
    odd = '"m9";"alpha";2024-03-05T10:00:00+09:00;sns;"a9";customer;"say ""hi"";\r\n=1+1";;;;;;0.50'
    rows = [";".join(row) for row in csv.reader(io.StringIO(text.replace("\n또", " 또")))]
    written = "\ufeff" + "\r\n".join([rows[0], rows[1], odd, "", *rows[2:]])
    (data / "mentions.csv").write_bytes(written.encode())
    forget(data, key="a1")
    expected = [rows[0], odd, "", rows[2].replace(";m1;", ";;"), *rows[3:]]
    assert (data / "mentions.csv").read_bytes().decode() == "\ufeff" + "\r\n".join(expected)


def test_a_very_long_text_passes(data):
    text = (
        (data / "mentions.csv").read_text(encoding="utf-8").replace("\n또", " 또").replace("감사합니다", "감" * 300_000)
    )
    (data / "mentions.csv").write_text(text, encoding="utf-8")
    forget(data, key="a3")
    assert "감" * 300_000 in (data / "mentions.csv").read_text(encoding="utf-8")


def pseudonymised(data, handle="@Hong.Gil", platform="instagram"):
    """Put a handle's author key in the place of a1."""
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    for path in data.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace(",a1,", f",{names.key(platform, handle)},")
        path.write_text(text, encoding="utf-8")
    return names


@pytest.mark.parametrize("spelling", ["＠HONG.GIL", "https://www.instagram.com/hong.gil/"])
def test_a_handle_is_found_on_every_platform_in_any_spelling(data, spelling):
    names = pseudonymised(data)
    key = names.key("instagram", "hong.gil")
    assert forget(data, spelling, dry_run=True).counts["removed"].sum() == 9
    assert not forget(data, spelling, platform="naver").found
    found = forget(data, spelling)
    assert not [path for path, held in contents(data).items() if key.encode() in held]
    assert "hong" not in str(found).lower()


def test_a_platform_that_only_the_tables_name_is_tried(data):
    text = (data / "dataset.toml").read_text(encoding="utf-8")
    (data / "dataset.toml").write_text(text + '[medium.dcinside]\nkind = "cafe"\nside = "customer"\n', encoding="utf-8")
    pseudonymised(data, platform="dcinside")
    assert forget(data, "hong.gil", dry_run=True).found


def test_a_dry_run_says_the_same_and_changes_nothing(data):
    before = contents(data)
    dry = forget(data, key="a2", dry_run=True)
    assert contents(data) == before
    assert "dry run" in str(dry)
    assert forget(data, key="a2").counts.equals(dry.counts)


def test_threads_named_after_a_deleted_mention_get_another_name(data):
    head, rows = TABLES["mentions"].partition("\n")[::2]
    rows = rows.replace("p1,t1", ",m1").replace("m1,t1", "m1,m1").replace("ko,,,60", "ko,m2,m1,60")
    (data / "mentions.csv").write_text(f"{head}\n{rows}", encoding="utf-8")
    forget(data, key="a1")
    left = tables.load(data).mentions.set_index("mention_id")
    assert left["thread_id"].fillna("").to_dict() == {"m2": "m2", "m3": "m2", "m4": ""}
    assert left["parent_id"].fillna("").to_dict() == {"m2": "", "m3": "m2", "m4": ""}


def test_a_customer_known_by_a_lead_alone_goes_too_and_other_keys_are_named(data):
    text = TABLES["customers"].replace("family,a1,", "family,a7,")
    (data / "customers.csv").write_text(text, encoding="utf-8")
    found = forget(data, key="a1")
    assert "c1" not in set(tables.load(data).customers["customer_key"])
    assert found.also == ("a7",)
    assert "--key a7" in str(found)


@pytest.mark.parametrize(
    ("lists", "left"),
    [
        ('keys = ["a1", "s1"]\nstaff = ["a1"]', 'keys = ["s1"]\nstaff = []'),
        ("keys = ['s1' , 'a1'] # a1", "keys = ['s1' ] # a1"),
        ('keys = ["s1",\n "a1",\n "a11",\n]', 'keys = ["s1",\n "a11",\n]'),
    ],
)
def test_keys_of_own_accounts_and_staff_go_too(data, lists, left):
    text = (data / "dataset.toml").read_text(encoding="utf-8")
    (data / "dataset.toml").write_text(f"{text}\n[own.alpha]\n{lists}\n", encoding="utf-8")
    found = forget(data, key="a1")
    assert (data / "dataset.toml").read_text(encoding="utf-8") == f"{text}\n[own.alpha]\n{left}\n"
    assert found.counts.iloc[0]["removed"] == lists.replace("# a1", "").count("a1") - ("a11" in lists)
    assert tables.check(data).ok


def test_a_list_that_cannot_be_edited_safely_changes_nothing(data):
    with (data / "dataset.toml").open("a", encoding="utf-8") as file:
        file.write('[own.alpha]\nkeys = ["""a1"""]\n')
    before = contents(data)
    with pytest.raises(tables.DataError, match="cannot be edited safely; take the person's key out"):
        forget(data, key="a1")
    assert contents(data) == before


def test_an_address_that_served_as_customer_id_is_found(data):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    for path in data.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("c1", names.key("email", "kim@naver.com"))
        path.write_text(text, encoding="utf-8")
    found = forget(data, "Kim@Naver.com")
    assert found.counts.set_index("table")["removed"]["purchases"] == 2
    assert len(tables.load(data).mentions) == 4
    assert found.also == ("a1",)


def test_nothing_found_is_said_and_changes_nothing(data):
    before = contents(data)
    run = CliRunner().invoke(main, ["forget", "--key", "0" * 32, "--data", str(data)])
    assert run.exit_code == 0
    assert run.output.startswith("Nothing under this name")
    assert "the number behind it (X), a channel id" in run.output
    korean = CliRunner().invoke(main, ["forget", "--key", "0" * 32, "--data", str(data), "--lang", "ko"])
    assert korean.output.startswith("이 이름으로 된 것은 데이터에 없어") and not english_left(korean.output)
    assert contents(data) == before


def test_what_was_forgotten_is_told_in_korean(data):
    (data / "notes.txt").write_text("x")
    left = locking.new_stage(data)
    left.mkdir()
    counts = [
        CliRunner().invoke(main, ["forget", "--key", "a1", "--data", str(data), "--lang", "ko", *more]).output
        for more in (["--dry-run"], [])
    ]
    for said, head in zip(counts, ("삭제할 것(시험 실행이어서", "삭제했습니다:"), strict=True):
        head_line, columns, *rest = said.splitlines()
        assert head_line.startswith(head) and columns.split() == ["표", "행", "삭제", "빈칸으로"]
        told = [line for line in rest if line[0] != " "]
        assert any("살펴보지 않은 파일: notes.txt" in line for line in told) and "직접 삭제하십시오." in said
        assert any("중단된 가져오기가" in line for line in told)


@pytest.mark.parametrize("key", ["zzz", "0" * 31, "@hong"])
def test_a_key_that_is_none_is_no_assurance(data, key):
    run = CliRunner().invoke(main, ["forget", "--key", key, "--data", str(data)])
    assert run.exit_code == 2
    assert "no author key either; allowed: 32 hex digits" in run.output
    korean = CliRunner().invoke(main, ["forget", "--key", key, "--data", str(data), "--lang", "ko"])
    assert "작성자 키의 형식도 아닙니다. 허용: 16진수 32자리" in korean.output and not english_left(korean.output)
    assert "Nothing" not in run.output


@pytest.mark.parametrize("spelling", ["010-1234-0001", "01012340001", "+82 10-1234-0001"])
def test_a_phone_number_that_served_as_customer_id_is_found(data, spelling):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    for path in data.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("c1", names.key("phone", "01012340001"))
        path.write_text(text, encoding="utf-8")
    assert forget(data, spelling).counts.set_index("table")["removed"]["purchases"] == 2
    assert not forget(data, spelling).found


@pytest.mark.parametrize(("written", "said"), [("010-1234-0001", "01012340001"), ("Kim@naver.com", "kim@naver.com")])
def test_an_id_that_names_a_person_is_found_as_it_is_written(data, written, said):
    Pseudonyms.of(data, create=True).remember(data)
    for path in data.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8").replace("c1", written), encoding="utf-8")
    assert not forget(data, "c2", dry_run=True).found  # may be somebody else's handle
    assert forget(data, said).counts.set_index("table")["removed"]["purchases"] == 2


def test_nobody_is_forgotten_while_an_import_runs(data):
    before = contents(data)
    with locking.locked(data), pytest.raises(tables.DataError, match="is running; wait for it"):
        forget(data, key="a1")
    assert contents(data) == before


def test_copies_of_rows_that_a_killed_import_left_go_too(data):
    left = locking.new_stage(data)
    left.mkdir()
    (left / "mentions.csv").write_text("a1")
    dry = forget(data, key="a1", dry_run=True)
    assert left.exists()
    assert "left copies of rows in 1 folders: would be deleted" in str(dry)
    assert "left copies of rows in 1 folders: deleted" in str(forget(data, key="a1"))
    assert not left.exists()


@pytest.mark.parametrize("nobody", ["@@", "\u200b"])
def test_a_handle_of_signs_alone_is_nobody(data, nobody):
    Pseudonyms.of(data, create=True).remember(data)
    before = contents(data)
    assert not forget(data, nobody).found
    assert contents(data) == before


def test_a_data_set_whose_files_lie_elsewhere_is_not_searched(data):
    left = locking.new_stage(data) / ".old"
    left.mkdir(parents=True)
    (data / "mentions.csv").rename(left / "mentions.csv")
    with pytest.raises(tables.DataError, match=r"broken off.*the earlier mentions.csv lie in"):
        forget(data, key="a1")
    assert (left / "mentions.csv").exists()


def test_a_table_of_one_person_is_deleted(data):
    (data / "follows.csv").write_text("follower_key,followed_key\na1,a2\n")
    (data / "notes.txt").write_text("other")
    found = forget(data, key="a1")
    assert found.emptied == ("follows",)
    assert found.unread == ("notes.txt",)
    assert not (data / "follows.csv").exists()
    assert tables.check(data).ok


def test_a_parquet_folder_keeps_untouched_parts_and_loses_stale_summaries(data):
    as_parquet(data, parts=True)
    for name in ("_metadata", "_SUCCESS", ".part-0.parquet.crc", ".part-1.parquet.crc"):
        (data / "mentions" / name).write_bytes(b"a1")
    untouched = (data / "mentions" / "part-1.parquet").read_bytes()
    forget(data, key="s1")  # wrote m2, in the first part; nothing points at it
    assert (data / "mentions" / "part-1.parquet").read_bytes() == untouched
    assert {p.name for p in (data / "mentions").iterdir()} == {
        *("_SUCCESS", ".part-1.parquet.crc", "part-0.parquet", "part-1.parquet")
    }
    schema = pq.read_schema(data / "mentions" / "part-0.parquet")
    assert pa.types.is_dictionary(schema.field("author_key").type)
    assert pq.ParquetFile(data / "mentions" / "part-0.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_parquet_folder_left_without_rows_goes(data):
    as_parquet(data, parts=True)
    for part in (data / "follows").iterdir():
        pq.write_table(pq.read_table(part, partitioning=None)[:1], part)
    (data / "follows" / "_SUCCESS").touch()
    forget(data, key="a1")
    forget(data, key="a2")
    forget(data, key="a3")
    assert not (data / "follows").exists()


def test_what_cannot_be_written_changes_nothing(data, monkeypatch):
    before = contents(data)
    real = rewriting._csv
    monkeypatch.setattr(rewriting, "_csv", lambda old, *rest: real(old, *rest) if old.name != "mentions.csv" else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        forget(data, key="a1")
    assert contents(data) == before


@pytest.mark.parametrize("after", [0, 5])
def test_a_run_broken_off_is_finished_by_the_same_command(data, monkeypatch, after):
    expected = naively_forgotten(rows_of(frames_of(data)), "a1")
    real, done = Path.replace, []

    def fails(self, target):
        if len(done) == after:
            raise PermissionError(13, "open elsewhere", str(target))
        done.append(target)
        return real(self, target)

    with monkeypatch.context() as patch, pytest.raises(tables.DataError, match=r"not finished \(open elsewhere"):
        patch.setattr(Path, "replace", fails)
        forget(data, key="a1")
    assert not [path for path in contents(data) if path.name.startswith(".")]
    forget(data, key="a1")
    assert rows_of(frames_of(data)) == expected
    assert tables.check(data).ok


def test_a_data_set_that_is_not_in_order_is_refused(data):
    (data / "weekly.csv").write_text("brand\nx\n")
    with pytest.raises(tables.DataError, match="is refused"):
        forget(data, key="a1")


@pytest.mark.parametrize("who", [{}, {"handle": "a", "key": "b"}, {"handle": "  "}])
def test_one_person_has_to_be_named(data, who):
    with pytest.raises(tables.DataError, match="say who") as caught:
        forget(data, **who)
    assert not english_left(caught.value.told("ko"))


def test_the_command_reads_the_handle_from_standard_input(data):
    names = pseudonymised(data)
    run = CliRunner().invoke(main, ["forget", "-", "--data", str(data)], input="@hong.gil\n")
    assert run.exit_code == 0, run.output
    assert "Not reached: reports made earlier" in run.output
    assert "hong" not in run.output
    assert names.key("instagram", "hong.gil") not in run.output
    assert not [path for path, held in contents(data).items() if b"hong" in held]


def test_a_missing_key_is_a_mistake_that_says_what_to_do(data):
    run = CliRunner().invoke(main, ["forget", "hong", "--data", str(data)])
    assert run.exit_code == 2
    assert "SMM_KEY is not set" in run.output
    assert "--key AUTHOR_KEY" in run.output
    korean = CliRunner().invoke(main, ["forget", "hong", "--data", str(data), "--lang", "ko"]).output
    assert "SMM_KEY 변수에 키를 넣으십시오. --key 작성자_키로" in korean and not english_left(korean)
