import csv
import doctest
import hashlib
import io
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path
from time import perf_counter

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tiny import TABLES, write_tiny

from smm_analysis import pseudonyms, tables
from smm_analysis.cli import main
from smm_analysis.forgetting import forget, rewriting
from smm_analysis.pseudonyms import PseudonymError, Pseudonyms, canonical, redacted

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY)
PEOPLE = ("mentions", "shares", "cases", "customers", "purchases", "surveys", "follows", "leads")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="file modes of POSIX")


@pytest.fixture(autouse=True)
def keys(tmp_path_factory, monkeypatch):
    """Keep keys of tests out of the user's own folder."""
    folder = tmp_path_factory.mktemp("config") / "keys"
    monkeypatch.setattr(pseudonyms, "keys_folder", lambda: folder)
    monkeypatch.delenv("SMM_KEY", raising=False)
    return folder


@pytest.fixture
def data(tmp_path):
    """The tiny data set without the tables in which nobody occurs."""
    write_tiny(tmp_path / "data")
    for name in set(TABLES) - {"posts", *PEOPLE}:
        (tmp_path / "data" / f"{name}.csv").unlink()
    return tmp_path / "data"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_doctests_show_what_the_functions_return():
    assert doctest.testmod(pseudonyms).failed == doctest.testmod(pseudonyms.wording).failed == 0


# --- author keys ------------------------------------------------------------------------------------------------------


def hmac_by_hand(key, message):
    """HMAC of RFC 2104, section 2, from the hash alone."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).hexdigest()


@pytest.mark.parametrize(("platform", "handle"), [("x", "hong_gil"), ("naver", "홍길동"), ("mastodon", "a@b.social")])
def test_an_author_key_is_the_hmac_of_rfc_2104_cut_to_128_bits(platform, handle):
    message = b"smm-analysis author v1\0" + platform.encode() + b"\0" + handle.encode()
    assert NAMES.key(platform, handle) == hmac_by_hand(KEY, message)[: pseudonyms.BITS // 4]


def test_the_key_id_is_another_hmac_than_any_author_key():
    assert NAMES.key_id == hmac_by_hand(KEY, b"smm-analysis key id v1\0")[:16]


@pytest.mark.parametrize(
    "spelling",
    [
        *(
            "@Hong.Gil",
            "  hong.gil\n",
            "＠ＨＯＮＧ．ＧＩＬ",
            "@@hong.gil",
            "@ hong.gil",
            "ho\u200bng.gil",
            "\u202ehong.gil",
        ),
        *("https://x.com/hong.gil", "http://www.twitter.com/@Hong.Gil/status/12?s=20", "instagram.com/hong.gil/"),
        *(
            "https://www.threads.net/@hong.gil",
            "m.blog.naver.com/hong.gil/2231",
            "https://youtube.com/@hong.gil/videos",
        ),
        "https://blog.naver.com/PostList.naver?from=a&blogId=hong.gil",
    ],
)
def test_the_spellings_of_one_handle_are_one_person(spelling):
    assert canonical(spelling) == "hong.gil"
    assert NAMES.key("x", spelling) == NAMES.key("Twitter ", "hong.gil")


def test_composed_and_decomposed_hangul_are_one_person():
    assert canonical(unicodedata.normalize("NFD", "@홍길동")) == canonical("홍길동") == "홍길동"


def test_other_people_have_other_keys():
    same_letters = [canonical(h) for h in ("hong.gil", "hong_gil", "honggil", "hong-gil", "hong.gil@naver.com")]
    assert len({NAMES.key("x", h) for h in same_letters}) == 5
    assert NAMES.key("x", "a") != NAMES.key("naver", "a") != Pseudonyms(KEY[::-1]).key("naver", "a")
    assert NAMES.key("x", "https://x.com/i/user/5") != NAMES.key("x", "https://x.com/i/user/6")


@given(st.text())
def test_a_canonical_handle_stays_as_it_is(handle):
    assert canonical(canonical(handle)) == canonical(handle)


def test_keys_of_a_series_are_the_keys_of_its_values():
    handles = pd.Series(["@A", None, "b", "a", "  ", "@"], index=[9, 8, 7, 6, 5, 4])
    keys = NAMES.keys("x", handles)
    assert keys.index.equals(handles.index)
    assert keys.dtype == "str"
    assert keys.isna().tolist() == [False, True, False, False, True, True]
    assert keys[[9, 7, 6]].tolist() == [NAMES.key("x", h) for h in "aba"]
    assert NAMES.keys("x", handles.astype("category")).equals(keys)
    assert NAMES.keys("x", pd.Series([], dtype="str")).empty
    assert NAMES.keys("x", pd.Series([None, None])).isna().all()


def test_exact_keys_tell_addresses_of_one_person_apart():
    posts = pd.Series(["https://x.com/a/status/1", "https://x.com/a/status/2", "https://x.com/A/status/1"])
    assert NAMES.keys("x", posts).duplicated().sum() == 2
    assert NAMES.keys("x", posts, exact=True).is_unique


def test_ids_that_went_through_a_spreadsheet_are_refused():
    assert NAMES.keys("x", pd.Series([17])).tolist() == [NAMES.key("x", "17")]
    with pytest.raises(TypeError, match="may have rounded"):
        NAMES.keys("x", pd.Series([1.78e16]))


@pytest.mark.parametrize("platform", ["", "  ", "x\0y"])
def test_a_platform_without_a_name_is_refused(platform):
    with pytest.raises(ValueError, match="platform"):
        NAMES.key(platform, "a")


# --- the key ----------------------------------------------------------------------------------------------------------


@POSIX
def test_a_new_key_is_its_owners_alone_and_in_no_file_of_the_data_set(data, keys):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    [file] = keys.iterdir()
    assert file.name == f"{names.key_id}.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert len(names.secret) == 32
    assert names.secret.hex() not in repr(names) + str(vars(tables.load(data).dataset))
    assert not [path for path, held in contents(data).items() if names.secret.hex().encode() in held]
    assert Pseudonyms.of(data, create=True).secret == names.secret
    assert len(list(keys.iterdir())) == 1


def test_two_projects_have_two_keys(tmp_path):
    one, two = (Pseudonyms.of(write_tiny(tmp_path / name), create=True) for name in "ab")
    assert one.key("x", "a") != two.key("x", "a")


def test_without_a_key_nothing_is_made_unless_asked_for(data, keys):
    with pytest.raises(PseudonymError, match="names no key_id, and SMM_KEY is not set"):
        Pseudonyms.of(data)
    assert not keys.exists()


def test_a_lost_key_is_not_replaced_by_a_new_one(data, keys):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    (keys / f"{names.key_id}.key").unlink()
    with pytest.raises(PseudonymError, match="is not on this computer: copy"):
        Pseudonyms.of(data, create=True)
    assert not list(keys.iterdir())


def test_another_key_is_refused(data, keys, monkeypatch):
    first = Pseudonyms.of(data, create=True)
    first.remember(data)
    with pytest.raises(PseudonymError, match="every person would be counted as two"):
        NAMES.remember(data)
    (keys / f"{first.key_id}.key").write_text(KEY.hex())
    (keys / f"{first.key_id}.key").chmod(0o600)
    with pytest.raises(PseudonymError, match="every person would be counted as two"):
        Pseudonyms.of(data)
    monkeypatch.setenv("SMM_KEY", KEY.hex())
    with pytest.raises(PseudonymError, match=f"SMM_KEY is another key .{NAMES.key_id}. than"):
        Pseudonyms.of(data)


@POSIX
def test_a_key_that_others_may_read_is_refused(data, keys):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    (keys / f"{names.key_id}.key").chmod(0o640)
    with pytest.raises(PseudonymError, match="others may read the key: chmod 600"):
        Pseudonyms.of(data)


@pytest.mark.parametrize("held", ["", "not hex\n"])
def test_a_file_without_a_key_is_refused(data, keys, held):
    names = Pseudonyms.of(data, create=True)
    names.remember(data)
    (keys / f"{names.key_id}.key").write_text(held)
    with pytest.raises(PseudonymError, match="holds no key"):
        Pseudonyms.of(data)


def test_no_key_is_made_in_a_git_work_tree_or_in_the_data_set(data, tmp_path, monkeypatch):
    subprocess.run(["git", "init", "-q", tmp_path / "dotfiles"], check=True)
    for place, what in ((tmp_path / "dotfiles" / "a" / "keys", "the git work tree"), (data / "keys", "the data set")):
        monkeypatch.setattr(pseudonyms, "keys_folder", lambda place=place: place)
        with pytest.raises(PseudonymError, match=f"lies inside {what}"):
            Pseudonyms.of(data, create=True)
        assert not place.exists()


def test_a_key_that_cannot_be_written_leaves_nothing(data, keys, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        Pseudonyms.of(data, create=True)
    assert not list(keys.iterdir())


def test_the_environments_key_is_taken_first(data, keys, monkeypatch):
    monkeypatch.setenv("SMM_KEY", f" {KEY.hex().upper()}\n")
    assert Pseudonyms.of(data, create=True).secret == KEY
    assert not keys.exists()


def test_a_passphrase_is_stretched_with_scrypt_however_its_hangul_is_composed(data, monkeypatch):
    words = "파란 고래가 일곱 번 웃었다고 전해진다 하네"
    expected = hashlib.scrypt(words.encode(), salt=b"smm-analysis passphrase v1", n=2**15, r=8, p=1, maxmem=2**26)[:32]
    for form in ("NFC", "NFD"):
        monkeypatch.setenv("SMM_KEY", unicodedata.normalize(form, words))
        assert Pseudonyms.of(data).secret == expected


@pytest.mark.parametrize(
    "weak",
    [
        *("secret", "password password!", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"),
        *("00" * 32, "0123456789abcdef" * 4, "ab12" * 7, "1f" * 16 + "2"),
    ],
)
def test_a_weak_key_is_refused_and_not_repeated(data, monkeypatch, weak):
    monkeypatch.setenv("SMM_KEY", weak)
    with pytest.raises(PseudonymError, match="too weak") as error:
        Pseudonyms.of(data, create=True)
    assert weak not in str(error.value)


# --- what the data set remembers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'name = "a"\n\n# about b\n[brand.b]\nmarket_size = 5\n',
        '\ufeffname = "a"\r\n[medium.x]\r\nkind = "sns"\r\n',
        'name = "a"',
        "# nothing yet\n[brand.b]\n",
        "",
        'about = """\nten words\n"""\nlist = [\n 1,\n]\n[brand.b]\n',
    ],
)
def test_remembering_adds_one_line_above_the_sections(tmp_path, text):
    path = tmp_path / "dataset.toml"
    path.write_bytes(text.encode())
    NAMES.remember(tmp_path)
    after = path.read_bytes().decode()
    [line] = [line for line in after.splitlines() if line.startswith("key_id")]
    assert pseudonyms.remembered(tmp_path) == NAMES.key_id
    assert after.replace(line, "").split() == text.split()
    assert ("\r\n" in after) == ("\r\n" in text)
    NAMES.remember(tmp_path)
    assert path.read_bytes().decode() == after


def test_a_file_that_cannot_be_edited_safely_is_left_alone(tmp_path):
    text = 'about = """\n[not a section]\n"""\n[brand.b]\n'
    (tmp_path / "dataset.toml").write_text(text)
    with pytest.raises(PseudonymError, match="cannot be edited safely; add the line"):
        NAMES.remember(tmp_path)
    assert (tmp_path / "dataset.toml").read_text() == text


@POSIX
def test_remembering_keeps_the_files_mode_and_leaves_no_other_file(data):
    (data / "dataset.toml").chmod(0o664)
    before = set(contents(data))
    NAMES.remember(data)
    assert stat.S_IMODE((data / "dataset.toml").stat().st_mode) == 0o664
    assert set(contents(data)) == before
    assert tables.load(data).dataset.key_id == NAMES.key_id
    assert "key_id" not in str(tables.check(data))


@pytest.mark.parametrize("wrong", ["key_id = 5", 'key_id = "xyz"', "name = = 1"])
def test_a_key_id_that_cannot_be_read_is_refused(tmp_path, wrong):
    (tmp_path / "dataset.toml").write_text(wrong)
    with pytest.raises(PseudonymError, match="key_id"):
        Pseudonyms.of(tmp_path, create=True)


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("고마워요 @hong_gil님!", "고마워요 @user!"),
        ("축하해요@friend_1 님", "축하해요@user 님"),
        ("＠ｈｏｎｇ＿ｇｉｌ 안녕", "@user 안녕"),
        ("@a.b.c. 그리고 @김_철수·2", "@user. 그리고 @user"),
        ("@\u200bho\u200bng hi (@x-y)", "@user hi (@user)"),
        ("@नमस्ते दुनिया", "@user दुनिया"),
        ("@user@mastodon.social hi", "@user hi"),
        (".@A,@B;@C", ".@user,@user;@user"),
        ("메일은kim.lee+a@naver.com으로", "메일은[email]으로"),
        ("josé@ex.co.kr, ｋｉｍ＠ｎａｖｅｒ．ｃｏｍ", "[email], [email]"),
        ("kim골뱅이naver.com 또는 kim (at) naver.com", "[email] 또는 [email]"),
        ("<mailto:a@b.io>", "<mailto:[email]>"),
        ("010-1234-5678 01012345678 010.1234.5678", "[phone] [phone] [phone]"),
        ("+82 10 1234 5678, (02)123-4567, 02)345-6789", "[phone], [phone], [phone]"),
        ("０１０－１２３４－５６７８ 0507-1234-5678", "[phone] [phone]"),
        ("https://x.com/hong/status/12?s=20 봐", "[link] 봐"),
        ("instagram.com/hong.gil https://kr.linkedin.com/in/hong", "[link] [link]"),
        ("https://www.youtube.com/@홍길동 m.blog.naver.com/hong/1 hong.tistory.com/3", "[link] [link] [link]"),
        ("https://www.threads.net/@hong", "[link]"),
    ],
)
def test_what_names_a_person_is_replaced_by_a_fixed_word(text, clean):
    assert redacted(text) == clean
    assert redacted(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("5 @ 3000원", "가격 29,900원 1588-1234", "2024-03-04 12:00", "주문 20240101012345678", "netflix.com/title"),
        *("https://youtube.com/watch?v=1", "매운 골뱅이 무침", "5/3 모임", "", "2010-1234-5678"),
    ],
)
def test_the_rest_of_a_text_stays(text):
    assert redacted(text) == text


@given(
    st.from_regex(r"[a-z가-힣0-9_.]{0,20}[a-z가-힣0-9_]", fullmatch=True),
    st.sampled_from(["@{}", "＠{}", "안녕@{} 님", "(@{})", "{}@naver.com", "https://instagram.com/{}/", "x.com/{} 봐"]),
)
def test_no_handle_is_left_in_a_text(rest, form):
    handle = "zq" + "".join(char for char in rest if char.isascii() or not form.endswith(".com"))
    assert "zq" not in redacted("좋은 하루 " + form.format(handle))


def test_redacting_a_series_keeps_its_index_and_its_gaps():
    texts = pd.Series(["@a 안녕", None, "", 5], index=list("wxyz"), name="text", dtype=object)
    clean = NAMES.redact(texts)
    assert clean.fillna("(none)").to_dict() == {"w": "@user 안녕", "x": "(none)", "y": "", "z": "5"}
    assert clean.name == "text"


@pytest.mark.parametrize(
    "unit", ["a", "a.", "@a", "a@", "0", "010 ", "a/", "x@b.", "@", "-a", "w.", "@a@", " ", "x.com/"]
)
def test_a_text_of_a_megabyte_takes_no_longer_than_its_length(unit):
    start = perf_counter()
    redacted(unit * (1_000_000 // len(unit)))
    assert perf_counter() - start < 5


# --- forgetting -------------------------------------------------------------------------------------------------------


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
    run = CliRunner().invoke(main, ["forget", "--key", "nobody", "--data", str(data)])
    assert run.exit_code == 0
    assert run.output.startswith("Nothing of this person")
    assert contents(data) == before


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
    with pytest.raises(tables.DataError, match="say who"):
        forget(data, **who)


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
