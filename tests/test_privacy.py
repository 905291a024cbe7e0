"""Pseudonyms: author keys, the key that makes them, what a data set remembers of it, handles in texts."""

import hashlib
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import contents, write_people, write_tiny

from smm_analysis import pseudonyms, tables
from smm_analysis.pseudonyms import PseudonymError, Pseudonyms, canonical, redacted

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="file modes of POSIX")
pytestmark = pytest.mark.usefixtures("keys")


@pytest.fixture
def data(tmp_path):
    return write_people(tmp_path / "data")


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


def test_a_key_is_kept_only_with_what_it_was_made_for(data, keys):
    names = Pseudonyms.of(data, missing_ok=True)
    assert not keys.exists()
    with pytest.raises(KeyboardInterrupt), names.kept(data):
        assert [file.name for file in keys.iterdir()] == [f"{names.key_id}.key"]
        raise KeyboardInterrupt
    assert not list(keys.iterdir())
    with names.kept(data):
        names.remember(data)
    assert Pseudonyms.of(data).secret == names.secret


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
        ("t.me/hong_gil https://kakao.me/hong open.kakao.com/o/sAb12", "[link] [link] [link]"),
        ("카톡 아이디 hong_gil 이고 아이디는 Hong.gil이에요", "카톡 아이디 @user 이고 아이디는 @user"),
        ("instagram: hong.gil / 인스타：hong_1님, ID: gil99", "instagram: @user / 인스타：@user, ID: @user"),
        (
            "아이디: kim@naver.com 인스타: @hong instagram: x.com/hong",
            "아이디: [email] 인스타: @user instagram: [link]",
        ),
        ("900101-1234567, 0102034234567 900101-2******", "[number], [number] [number]"),
    ],
)
def test_what_names_a_person_is_replaced_by_a_fixed_word(text, clean):
    assert redacted(text) == clean
    assert redacted(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("5 @ 3000원", "가격 29,900원 1588-1234", "2024-03-04 12:00", "주문 20240101012345678", "netflix.com/title"),
        *("온라인: open", "deadline: soon", "주문 ID: 20240101", "shop.com/?id=abc", "991301-1234567", "12:30"),
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
    "unit",
    [
        "a",
        "a.",
        "@a",
        "a@",
        "0",
        "010 ",
        "a/",
        "x@b.",
        "@",
        "-a",
        "w.",
        "@a@",
        " ",
        "x.com/",
        "id:a",
        "아이디a",
        "line:-",
        "900101-",
    ],
)
def test_a_text_of_a_megabyte_takes_no_longer_than_its_length(unit):
    start = perf_counter()
    redacted(unit * (1_000_000 // len(unit)))
    assert perf_counter() - start < 5
