"""Each export's sample becomes our tables: every row accounted for, nobody's name left, nothing written by halves."""

import json
import os
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook
from telling import ENGLISH
from tiny import write_tiny

from smm_analysis import cli, forgetting, imports, pseudonyms, tables
from smm_analysis.imports import filing
from smm_analysis.tables import CONTRACT, DataError

EXPORTS = Path(__file__).parent / "exports"
NOW = pd.Timestamp("2025-06-01", tz="UTC")
PEOPLE = (
    *("kim_nari", "lee_dodam", "park_saebyeok", "choi_haneul", "jung_maru", "han_byeol", "river.owl", "quiet_teapot"),
    *("north_by_tram", "seo.garam", "mirae_care", "MiraeCare", "115701", "person3@example.com", "사람", "UCkim_nari"),
)
# file: (source, {table: rows written}, rows set aside)
SAMPLES = {
    "meltwater.csv": ("meltwater", {"mentions": 34}, 2),
    "x_api.jsonl": ("x_api", {"shares": 3, "mentions": 33}, 0),
    "twarc.csv": ("twarc_csv", {"shares": 3, "mentions": 27}, 0),
    "x_reply.csv": ("x_reply", {"mentions": 40}, 0),
    "youtube_comments.json": ("youtube_comments", {"mentions": 27}, 0),
    "meta_facebook.csv": ("meta_facebook", {"posts": 29}, 1),
    "meta_instagram.csv": ("meta_instagram", {"posts": 24}, 0),
    "zendesk.json": ("zendesk", {"cases": 26}, 0),
    "intercom.json": ("intercom", {"cases": 25}, 0),
    "front.csv": ("front", {"cases": 14}, 0),
    "survey_nps.csv": ("survey_nps", {"surveys": 32}, 0),
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("SMM_KEY", "000102030405060708090a0b0c0d0e0f")


def bring(name, out, **options):
    """Import a sample, with what its export does not say."""
    path = name if isinstance(name, Path) else EXPORTS / name
    given = {"role": "central"} | ({"kind": "useful"} if "instagram" in path.name else {})
    options = {"brand": "mirae", "timezone": "Asia/Seoul", "given": given if "meta" in path.name else {}} | options
    return imports.import_files([path], out, now=NOW, **options)


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


# --- every export ----------------------------------------------------------------------------------------------------


def test_every_export_has_a_sample():
    assert {source for source, _, _ in SAMPLES.values()} == {n for n in imports.sources() if not n.startswith("own:")}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_recognised_and_every_row_accounted_for(name, tmp_path):
    source, written, aside = SAMPLES[name]
    report = bring(name, tmp_path / "data")
    assert set(report.table["source"]) == {source}
    assert dict(zip(report.table["table"], report.table["written"], strict=True)) == written
    assert (report.table["read"] == report.table["kept"] + report.table["set_aside"]).all()
    assert report.table["set_aside"].sum() == aside == report.reasons["rows"].sum()
    data = tables.load(tmp_path / "data")
    assert {table: len(getattr(data, table)) for table in data.names} == written


@pytest.mark.parametrize("name", SAMPLES)
def test_no_name_is_left_anywhere(name, tmp_path):
    """Not in the tables, the report, dataset.toml, or what is printed."""
    report = bring(name, tmp_path / "data", own=["mirae_care"])
    everything = str(report) + "".join(
        path.read_text("utf-8") if path.suffix in (".json", ".toml") else str(pd.read_parquet(path).to_dict("list"))
        for path in (tmp_path / "data").rglob("*")
        if path.is_file()
    )
    for person in PEOPLE:
        assert person.casefold() not in everything.casefold()
    assert "배송이" not in str(report) + report.as_json()


def test_meltwater_becomes_what_it_says(tmp_path):
    bring("meltwater.csv", tmp_path / "data")
    mentions = tables.load(tmp_path / "data").mentions.set_index("mention_id")
    row = mentions.loc["1900000000000000013"]
    assert row["created_at"] == pd.Timestamp("2025-03-14 13:13", tz="Asia/Seoul")
    assert (row["medium"], row["lang"], row["sentiment"], row["engagement"]) == ("x", "ko", 0, 13 * 57)
    assert set(mentions["medium"]) == {"x", "reddit", "news"}
    assert mentions["engagement"].max() == 35 * 57  # written 1,995


def test_the_same_person_has_one_key_in_every_export_of_a_platform(tmp_path):
    bring("x_api.jsonl", tmp_path / "data")
    bring("twarc.csv", tmp_path / "data")
    bring("meltwater.csv", tmp_path / "data")
    mentions = tables.load(tmp_path / "data").mentions.query("medium == 'x'")
    assert mentions["author_key"].nunique() <= 11
    by_export = mentions.groupby(mentions["mention_id"].str[:4])["author_key"].agg(set)
    assert len(by_export) == 3
    assert len(set.intersection(*by_export)) >= 9


def test_a_retweet_is_a_share_and_a_reply_has_its_parent(tmp_path):
    bring("x_api.jsonl", tmp_path / "data")
    data = tables.load(tmp_path / "data")
    assert data.shares["item_id"].isin(data.mentions["mention_id"]).all()
    reply = data.mentions.set_index("mention_id").loc["1890000000000000002"]
    assert (reply["parent_id"], reply["thread_id"]) == ("1890000000000000001", "1890000000000000000")
    assert reply["engagement"] == 2 + 2 + 2


def test_x_replies_tell_brand_from_customer_and_parents_outside_are_counted(tmp_path):
    report = bring("x_reply.csv", tmp_path / "data")
    mentions = tables.load(tmp_path / "data").mentions
    assert dict(mentions["author_role"].value_counts()) == {"customer": 20, "brand": 20}
    outside = mentions["parent_id"].notna() & ~mentions["parent_id"].isin(mentions["mention_id"])
    assert f"mentions: {outside.sum()} answer something that is not in the data set" in report.notes
    assert mentions["created_at"].min() == pd.Timestamp("2025-03-04 01:10:47", tz="UTC")


def test_youtube_replies_hang_on_their_comment_and_comments_on_the_video(tmp_path):
    bring("youtube_comments.json", tmp_path / "data")
    mentions = tables.load(tmp_path / "data").mentions.set_index("mention_id")
    assert mentions.loc["Ugz0002.r1", "parent_id"] == mentions.loc["Ugz0002.r1", "thread_id"] == "Ugz0002"
    assert (mentions.loc["Ugz0002", "parent_id"], mentions.loc["Ugz0002", "thread_id"]) == ("vid00000002", "Ugz0002")


def test_cases_have_their_waits(tmp_path):
    bring("zendesk.json", tmp_path / "z")
    zendesk = tables.load(tmp_path / "z").cases.set_index("case_id").loc["4301"]
    assert zendesk["first_response_at"] - zendesk["opened_at"] == pd.Timedelta(minutes=31)
    bring("intercom.json", tmp_path / "i")
    intercom = tables.load(tmp_path / "i").cases.set_index("case_id")
    assert intercom["opened_at"].iloc[0] == pd.Timestamp(1741050000, unit="s", tz="UTC")
    assert intercom.loc["1911149804", "resolved_at"] is pd.NaT  # closed once, open again
    assert intercom.loc["1911149805", ["first_response_at", "responder"]].isna().all()
    bring("front.csv", tmp_path / "f")
    front = tables.load(tmp_path / "f").cases.set_index("case_id")
    assert front.loc["cnv_001-1", "first_response_at"] == pd.Timestamp("2025-03-02 10:01", tz="Asia/Seoul")
    assert front.loc["cnv_005-1", "first_response_at"] is pd.NaT  # answered by a machine alone


def test_a_survey_in_cp949_with_a_preamble_and_korean_headings(tmp_path):
    bring("survey_nps.csv", tmp_path / "data")
    surveys = tables.load(tmp_path / "data").surveys
    assert surveys["answered_at"].isna().sum() == surveys["score"].isna().sum() == 8
    assert surveys.loc[1, "answered_at"] == pd.Timestamp("2025-03-02 14:01", tz="Asia/Seoul")


SURVEY = "고객번호,발송일시,응답일시,추천점수\n"


@pytest.mark.parametrize("number", ["010-1234-0001", "01012340001", "+82 10 1234 0001", "900101-1234567"])
def test_a_phone_or_resident_number_as_customer_id_becomes_a_key_that_forget_finds(number, tmp_path):
    rows = f"{SURVEY}{number},2025-03-04 09:00,,\nc2,2025-03-04 09:00,,\n"
    report = bring(write(tmp_path / "s.csv", rows), tmp_path / "data")
    keys = list(tables.load(tmp_path / "data").surveys["customer_key"])
    assert re.fullmatch("[0-9a-f]{32}", keys[0]) and keys[1] == "c2"
    assert number not in str(report) + report.as_json()
    assert forgetting.forget(tmp_path / "data", number).counts["removed"].sum() == 1
    assert list(tables.load(tmp_path / "data").surveys["customer_key"]) == ["c2"]


def test_numbers_of_other_kinds_stay_as_they_are(tmp_path):
    ids = ["20240101", "1900000000000000013", "1588-1234", "2025-03-04-7", "2024-000012"]
    rows = SURVEY + "".join(f"{one},2025-03-04 09:00,,\n" for one in ids)
    bring(write(tmp_path / "s.csv", rows), tmp_path / "data")
    assert list(tables.load(tmp_path / "data").surveys["customer_key"]) == ids


def test_a_score_in_words_counts(tmp_path):
    rows = SURVEY + "c1,2025-03-04 09:00,2025-03-04 10:00,9점\nc2,2025-03-04 09:00,2025-03-04 10:00,아홉\n"
    report = bring(write(tmp_path / "s.csv", rows), tmp_path / "data")
    assert list(tables.load(tmp_path / "data").surveys["score"].fillna(-1)) == [9, -1]
    assert any("score was blanked in 1 rows" in text for text in report.loud)


# --- encodings, workbooks, our own tables ----------------------------------------------------------------------------

REPLIES = """\
tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id
1,77,True,2025-03-04 10:00:00+09:00,안녕하세요 반갑습니다 오늘도 좋은 하루 되세요,2,
2,MiraeCare,False,2025-03-04 11:00:00+09:00,"네, 고맙습니다",,1
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_delimiters_are_found_out(encoding, delimiter, tmp_path):
    text = REPLIES.replace('"네, 고맙습니다"', "네; 고맙습니다" if delimiter == "," else '"네; 고맙습니다"').replace(
        ",", delimiter
    )
    bring(write(tmp_path / "replies.csv", text, encoding), tmp_path / "data")
    assert list(tables.load(tmp_path / "data").mentions["text"])[1] == "네; 고맙습니다"


def test_our_template_is_filled_in_and_imported(tmp_path):
    folder = tmp_path / "mine"
    tables.write_template(folder)
    book = load_workbook(folder / "smm_template.xlsx")
    people = [("c1", "mybrand", "2024-03-04", "organic"), ("c2", "mybrand", pd.Timestamp("2024-03-05 10:00"), "paid")]
    for number, row in enumerate(people, 12):
        for column, value in enumerate(row, 2):
            book["customers"].cell(number, column, value)
    for column, value in enumerate(("c1", "2024-05-01 10:00", "recommend", "2024-05-02 09:00", 9), 2):
        book["surveys"].cell(12, column, value)
    for column, value in enumerate(("m1", "mybrand", "2024-05-01 10:00", "blog", "@kim_nari", "customer", "좋아요"), 2):
        book["mentions"].cell(12, column, value)
    book.save(folder / "smm_template.xlsx")
    report = imports.import_files([folder / "smm_template.xlsx"], folder, now=NOW)
    assert set(report.table["table"]) == {"customers", "surveys", "mentions"}
    assert (report.table["set_aside"] == 0).all()
    data = tables.load(folder)
    assert list(data.customers["acquired_at"].dt.strftime("%m-%d %H:%M")) == ["03-04 00:00", "03-05 10:00"]
    assert data.surveys["score"].item() == 9
    assert "kim" not in data.mentions["author_key"].item()


def test_a_workbook_gives_computed_values_and_ids_that_excel_cut_are_set_aside(tmp_path):
    book = Workbook()
    rows = [
        ["고객번호", "발송일", "응답일", "추천점수"],
        ["c1", "2025-03-04", "2025-03-05", 9],
        [17819283746501928, "2025-03-04", None, None],
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "survey.xlsx")
    report = bring(tmp_path / "survey.xlsx", tmp_path / "data")
    assert report.reasons["why"].item() == "allowed: the id as it was, not a number in scientific notation"
    assert list(tables.load(tmp_path / "data").surveys["customer_key"]) == ["c1"]


def test_our_own_tables_in_another_encoding_keep_their_keys(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    old = tables.load(folder)
    key = "a" * 32
    text = (folder / "mentions.csv").read_text("utf-8").replace(",a1,", f",{key},")
    bring(write(tmp_path / "export.csv", text, "cp949"), tmp_path / "new", brand="")
    new = tables.load(tmp_path / "new")
    assert new.mentions["author_key"].iloc[0] == key
    assert list(new.mentions["text"]) == list(old.mentions["text"])


# --- merging ---------------------------------------------------------------------------------------------------------


def test_importing_twice_changes_nothing(tmp_path):
    for name in ("x_api.jsonl", "survey_nps.csv"):
        bring(name, tmp_path / "data")
        before = {n: f.copy() for n, f in tables.load(tmp_path / "data").frames.items()}
        report = bring(name, tmp_path / "data")
        assert report.table["kept"].sum() == 0
        assert set(report.reasons["why"]) == {"already there"}
        after = tables.load(tmp_path / "data").frames
        for table, frame in before.items():
            pd.testing.assert_frame_equal(frame, after[table])


def test_a_changed_row_takes_the_place_of_the_earlier_and_new_ones_join(tmp_path):
    bring(write(tmp_path / "a.csv", REPLIES), tmp_path / "data")
    later = REPLIES.replace("반갑습니다", "다시 씁니다") + "3,78,True,2025-03-05 10:00:00+09:00,새 글,,2\n"
    report = bring(write(tmp_path / "b.csv", later), tmp_path / "data")
    assert report.table.loc[0, ["read", "kept", "set_aside", "replaced"]].tolist() == [3, 2, 1, 1]
    mentions = tables.load(tmp_path / "data").mentions.set_index("mention_id")
    assert len(mentions) == 3
    assert "다시 씁니다" in mentions.loc["1", "text"]
    toml = tomllib.loads((tmp_path / "data/dataset.toml").read_text("utf-8"))
    assert pd.Timestamp(toml["observed_until"]) == pd.Timestamp("2025-03-05 10:00+09:00")


def test_a_mention_of_two_brands_searches_stays_with_the_first_unless_said(tmp_path):
    path = write(tmp_path / "a.csv", REPLIES)
    bring(path, tmp_path / "data", brand="a")
    more = write(tmp_path / "b.csv", REPLIES + "3,78,True,2025-03-05 10:00:00+09:00,새 글,,2\n")
    report = bring(more, tmp_path / "data", brand="b")
    assert report.table.loc[0, ["read", "kept", "set_aside", "replaced"]].tolist() == [3, 1, 2, 0]
    assert report.reasons["why"].item() == "there already under brand a"
    assert any("2 rows are there already under brand a and stay so" in text for text in report.loud)
    assert list(tables.load(tmp_path / "data").mentions["brand"]) == ["a", "a", "b"]
    report = bring(path, tmp_path / "data", brand="b", rebrand=True)
    assert any("2 rows were moved from brand a" in text for text in report.loud)
    assert set(tables.load(tmp_path / "data").mentions["brand"]) == {"b"}


def test_a_fallback_id_does_not_take_the_place_of_a_better_one(tmp_path):
    post = {"id": "1", "text": "글", "author_id": "7", "created_at": "2025-03-04T00:00:00Z"}
    page = {"data": [post], "includes": {"users": [{"id": "7", "username": "kim_nari"}]}}
    bring(write(tmp_path / "a.json", json.dumps(page)), tmp_path / "data")
    better = tables.load(tmp_path / "data").mentions["author_key"].item()
    ids_alone = write(tmp_path / "b.jsonl", json.dumps(post | {"text": "고친 글"}))
    report = bring(ids_alone, tmp_path / "data")
    assert any("author_key stays in 1 rows" in note for note in report.notes)
    mention = tables.load(tmp_path / "data").mentions.iloc[0]
    assert (mention["author_key"], mention["text"]) == (better, "고친 글")
    assert set(bring(ids_alone, tmp_path / "data").reasons["why"]) == {"already there"}


def test_a_better_id_takes_the_place_of_a_fallback(tmp_path):
    post = {"id": "1", "text": "글", "author_id": "7", "created_at": "2025-03-04T00:00:00Z"}
    bring(write(tmp_path / "b.jsonl", json.dumps(post)), tmp_path / "data")
    page = {"data": [post], "includes": {"users": [{"id": "7", "username": "kim_nari"}]}}
    assert bring(write(tmp_path / "a.json", json.dumps(page)), tmp_path / "data").table["replaced"].item() == 1


def test_a_csv_table_is_merged_into_parquet_and_other_tables_stay(tmp_path):
    folder = write_tiny(tmp_path / "data")
    others = {p.name: p.read_bytes() for p in folder.glob("*.csv") if p.stem != "mentions"}
    report = bring(write(tmp_path / "a.csv", REPLIES), folder, brand="alpha", medium="sns")
    assert "mentions.csv: merged into mentions.parquet and removed" in report.notes
    assert not (folder / "mentions.csv").exists()
    assert {p.name: p.read_bytes() for p in folder.glob("*.csv")} == others
    assert len(tables.load(folder).mentions) == 6


def test_shares_without_a_key_are_taken_as_often_as_the_file_has_them():
    row = pd.DataFrame({"item_id": ["p"], "author_key": ["a"]})
    merged = filing.merge(row, pd.concat([row, row, row]), CONTRACT["shares"])
    assert (len(merged.frame), merged.already.sum()) == (3, 1)


def test_customers_that_are_not_there(tmp_path):
    folder = write_tiny(tmp_path / "data")
    report = bring("survey_nps.csv", folder, brand="alpha")
    assert report.reasons["why"].tolist() == ["a customer_key that is not in customers"]
    assert tables.check(folder).ok


# --- what the data set says of itself --------------------------------------------------------------------------------


def test_own_accounts_are_remembered_as_keys(tmp_path):
    bring("x_api.jsonl", tmp_path / "data", own=["@Mirae_Care"], staff=["river.owl"])
    data = tables.load(tmp_path / "data")
    roles = dict(data.mentions["author_role"].value_counts())
    assert roles["brand"] == 6
    assert roles["staff"] > 0
    assert len(data.dataset.own["mirae"].keys) == 1
    bring("twarc.csv", tmp_path / "data")  # nobody says it again
    assert (tables.load(tmp_path / "data").mentions["author_role"] == "staff").sum() > roles["staff"]


def test_a_second_import_declares_new_media_and_keeps_the_rest_of_the_file(tmp_path):
    bring("x_reply.csv", tmp_path / "data")
    path = tmp_path / "data/dataset.toml"
    path.write_text("# 우리 설명\n" + path.read_text("utf-8"), encoding="utf-8")
    bring("youtube_comments.json", tmp_path / "data")
    text = path.read_text("utf-8")
    assert text.startswith("# 우리 설명\n")
    assert set(tables.load(tmp_path / "data").dataset.media) == {"x", "youtube"}
    assert tomllib.loads(text)["key_id"]


def test_a_dry_run_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("SMM_KEY")
    report = bring("x_api.jsonl", tmp_path / "data", dry_run=True)
    assert report.dry_run
    assert list(tmp_path.iterdir()) == []
    assert "nothing was written" in str(report)


def test_the_report_lies_in_the_data_set_and_is_no_stranger(tmp_path):
    report = bring("meltwater.csv", tmp_path / "data")
    assert json.loads(report.path.read_text("utf-8"))["parts"][0]["set_aside"] == 2
    assert not any("imports" in note for note in tables.check(tmp_path / "data").notes)
    assert any("2 of 36 rows have no author" in text for text in report.loud)


NASTY = {
    "formula": '=HYPERLINK("http://evil.example/","눌러 보세요")',
    "script": "<script>alert(1)</script>",
    "override": "앞\u202e뒤\u2066끝",
    "megabyte": "가나다라 " * 210_000,
    "cell": "@SUM(1+1)*cmd|' /C calc'!A0".replace("@", "+"),
}


@pytest.mark.parametrize("kind", NASTY)
def test_nasty_texts_pass_unchanged(kind, tmp_path):
    row = {"tweet_id": "1", "author_id": "7", "inbound": "True", "created_at": "2025-03-04T10:00Z", "text": NASTY[kind]}
    path = tmp_path / "nasty.csv"
    pd.DataFrame([row | {"response_tweet_id": "", "in_response_to_tweet_id": ""}]).to_csv(path, index=False)
    bring(path, tmp_path / "data")
    assert tables.load(tmp_path / "data").mentions["text"].item() == NASTY[kind]


# --- a mapping of one's own ------------------------------------------------------------------------------------------

OWN = """
[naver_cafe]
title = "네이버 카페 글 목록"
medium = "cafe"
[naver_cafe.mentions]
mention_id = ["글번호"]
created_at = { from = ["작성일"], format = "%y.%m.%d %H:%M" }
author = ["작성자"]
text = ["제목"]
"""


def test_a_few_lines_of_toml_add_an_export(tmp_path):
    extra = write(tmp_path / "my.toml", OWN)
    rows = write(tmp_path / "cafe.csv", "글번호,작성자,작성일,제목\n11,나리,25.03.04 09:05,포장이 예뻐요\n", "cp949")
    bring(rows, tmp_path / "data", extra=extra)
    row = tables.load(tmp_path / "data").mentions.iloc[0]
    assert (row["medium"], row["text"], row["created_at"].hour) == ("cafe", "포장이 예뻐요", 9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("created_at", "craeted_at"), r"naver_cafe.mentions: unknown: craeted_at"),
        (('["글번호"]', "3"), r"naver_cafe.mentions.mention_id: 3. Allowed: headings"),
        (("[naver_cafe.mentions]", "[naver_cafe.nothing]"), "no table in it"),
        (('title = "', "title = "), "my.toml cannot be used"),
        (("format =", "fromat ="), "unknown: fromat"),
        (('format = "%y.%m.%d %H:%M"', 'format = "%Q"'), "created_at: format = '%Q'. Allowed: a strptime format"),
        (('format = "%y.%m.%d %H:%M"', 'after = "opened"'), "created_at: after = 'opened'. Allowed: for a time"),
        (('format = "%y.%m.%d %H:%M"', 'with = "opened"'), "created_at: with = 'opened'. Allowed: another column"),
        (('medium = "cafe"', "formats = 3"), "naver_cafe.formats: 3. Allowed: words in quotes"),
        (('medium = "cafe"', 'timezone = "Asia/Seul"'), "naver_cafe.timezone: 'Asia/Seul'. Allowed: an IANA name"),
        (('["작성일"]', "3"), "created_at: 3. Allowed: words in quotes"),
        (('["작성일"]', '["작성일"], map = 3'), "created_at.map: 3. Allowed: a table"),
        (("[naver_cafe]", "[media]\ncafe = 3\n[naver_cafe]"), "media.cafe: 3. Allowed: a table"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(change, message, tmp_path):
    extra = write(tmp_path / "my.toml", OWN.replace(*change))
    with pytest.raises(DataError, match=message):
        imports.sources(extra)


DOCUMENTED = Path(__file__).parents[1] / "data" / "IMPORTS.md"


def test_the_documented_mappings_work_and_every_export_is_listed(tmp_path):
    text = DOCUMENTED.read_text("utf-8")
    assert [name for name in imports.sources() if not name.startswith("own:") and f"`{name}`" not in text] == []
    cafe, chat = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    extra = write(tmp_path / "my.toml", cafe + chat)
    posts = write(tmp_path / "cafe.csv", "글번호,닉네임,작성일,본문,감성\n7,나리,25.03.04 09:05,예뻐요,긍정\n", "cp949")
    waits = write(
        tmp_path / "chat.csv",
        "상담번호,접수일시,첫 응답까지(초),종료일시,상태\n"
        "1,2025-03-04 10:00,90,2025-03-04 11:00,종료\n2,2025-03-04 10:00,,2025-03-04 11:00,진행\n",
    )
    imports.import_files([posts, waits], tmp_path / "data", brand="mirae", timezone="Asia/Seoul", extra=extra, now=NOW)
    data = tables.load(tmp_path / "data")
    assert data.mentions["sentiment"].item() == 1
    assert list(data.cases["first_response_at"].dt.strftime("%H:%M:%S").fillna("-")) == ["10:01:30", "-"]
    assert data.cases["resolved_at"].notna().tolist() == [True, False]


# --- the command -----------------------------------------------------------------------------------------------------


def run(*args):
    return CliRunner().invoke(cli.main, ["import", *map(str, args)])


def test_the_command_imports_and_says_what_it_did(tmp_path):
    done = run(EXPORTS / "x_reply.csv", "--out", tmp_path / "data", "--brand", "mirae", "--own", "MiraeCare")
    assert done.exit_code == 0, done.output
    assert "x_reply mentions    40    40          0       40" in done.output
    done = run(EXPORTS / "meta_facebook.csv", "--out", tmp_path / "data", "--set", "role=central")
    assert done.exit_code == 0, done.output
    assert tables.check(tmp_path / "data").ok


def test_the_command_fails_with_a_message(tmp_path):
    done = run(EXPORTS / "x_reply.csv", "--out", tmp_path / "data")
    assert done.exit_code == 2
    assert "--brand" in done.stderr
    assert not (tmp_path / "data").exists()
    assert run(EXPORTS / "x_reply.csv", "--out", tmp_path / "data", "--as", "nothing").exit_code == 2


def test_what_cannot_be_put_in_place_goes_back(tmp_path, monkeypatch):
    folder = write_tiny(tmp_path / "data")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    replace, calls = os.replace, []

    def fails(source, to):
        calls.append(Path(to))
        if calls.count(folder / "dataset.toml") == 1 and Path(to) == folder / "dataset.toml":
            raise OSError(28, "No space left on device", str(to))
        replace(source, to)

    monkeypatch.setattr(filing.os, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        bring(write(tmp_path / "a.csv", REPLIES), folder, brand="alpha", medium="sns")
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir() if ".import" in p.name] == []


@pytest.mark.parametrize("after", range(1, 7))
def test_an_interruption_while_files_are_put_in_place_loses_nothing(after, tmp_path, monkeypatch):
    """Ctrl-C after each of the moves: either all old files are there again, or all new ones are."""
    folder = write_tiny(tmp_path / "data")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    replace, calls = os.replace, []

    def interrupted(source, to):
        replace(source, to)
        calls.append(to)
        if len(calls) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(filing.os, "replace", interrupted)
        bring(write(tmp_path / "a.csv", REPLIES), folder, brand="alpha", medium="sns")
    assert tables.check(folder).ok
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before or after == 6
    assert len(tables.load(folder).mentions) == (4 if after < 6 else 6)
    assert [p.name for p in tmp_path.iterdir() if ".import" in p.name] == []


def test_a_second_interruption_keeps_the_old_files_and_the_next_import_says_where(tmp_path, monkeypatch):
    folder = write_tiny(tmp_path / "data")
    lost = (folder / "mentions.csv").read_bytes()
    replace, calls = os.replace, []

    def interrupted(source, to):
        calls.append(to)
        if len(calls) > 2:  # the first is of the copy's dataset.toml
            raise KeyboardInterrupt
        replace(source, to)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(filing.os, "replace", interrupted)
        bring(write(tmp_path / "a.csv", REPLIES), folder, brand="alpha", medium="sns")
    [stage] = [p for p in tmp_path.iterdir() if ".import" in p.name]
    assert (stage / ".old" / "mentions.csv").read_bytes() == lost
    with pytest.raises(DataError, match=r"broken off.*the earlier mentions.csv lie in .*Move them back"):
        bring(tmp_path / "a.csv", folder, brand="alpha", medium="sns")
    replace(stage / ".old" / "mentions.csv", folder / "mentions.csv")
    bring(tmp_path / "a.csv", folder, brand="alpha", medium="sns")
    assert [p.name for p in tmp_path.iterdir() if ".import" in p.name] == []  # what a killed import leaves goes


def test_a_key_is_made_with_the_data_set_alone_and_said(tmp_path, monkeypatch):
    keys = tmp_path / "keys"
    monkeypatch.delenv("SMM_KEY")
    monkeypatch.setattr(pseudonyms, "keys_folder", lambda: keys)
    with pytest.raises(DataError):
        bring(write(tmp_path / "a.csv", REPLIES.replace("2025", "0000")), tmp_path / "data")
    assert not keys.exists()
    report = bring(write(tmp_path / "a.csv", REPLIES), tmp_path / "data")
    [file] = keys.iterdir()
    assert any(file.name in note and "back it up" in note for note in report.notes)
    assert str(tmp_path) not in report.path.read_text("utf-8")
    assert "key" not in str(bring("x_api.jsonl", tmp_path / "data").notes)
    assert len(list(keys.iterdir())) == 1


# --- tables by hand --------------------------------------------------------------------------------------------------

WEEKS = """brand,week,followers,new_followers,lost_followers,new_customers,units,revenue
mirae,{},5,1,0,1,1,100
mirae,{},6,1,0,1,1,100
mirae,2025-01-20,7,1,0,1,1,100
"""


@pytest.mark.parametrize(
    "first", ["2025.01.06", "2025. 1. 6.", "2025/01/06", "2025년 1월 6일", "06/01/2025", "2025-01-06 00:00:00"]
)
def test_days_are_read_in_any_usual_form(first, tmp_path):
    """As the check of a data set promises: `smm import` converts whole files."""
    report = bring(write(tmp_path / "weekly.csv", WEEKS.format(first, "27/01/2025")), tmp_path / "data")
    assert report.table["written"].sum() == 3, str(report)
    weeks = tables.load(tmp_path / "data").weekly["week"]
    assert sorted(weeks.dt.strftime("%m-%d")) == ["01-06", "01-20", "01-27"]


def test_days_that_can_be_read_two_ways_are_asked_for(tmp_path):
    path = write(tmp_path / "weekly.csv", WEEKS.format("06/01/2025", "03/02/2025"))
    with pytest.raises(DataError, match=r"two ways.*--date-order"):
        bring(path, tmp_path / "data")
    report = bring(path, tmp_path / "data", date_order="dmy")
    assert report.table["written"].sum() == 3 and "day/month/year" in str(report)


def test_a_workbook_of_one_of_our_tables_may_name_its_sheet_as_it_likes(tmp_path):
    book = Workbook()
    for row in WEEKS.format("2025-01-06", "2025-01-13").splitlines():
        book.active.append([int(cell) if cell.isdigit() else cell for cell in row.split(",")])
    book.save(tmp_path / "weekly.xlsx")
    assert bring(tmp_path / "weekly.xlsx", tmp_path / "data").table["source"].tolist() == ["own:weekly"]
    book.active.title = "media"  # the name of another table: then it is that one, and lacks what it needs
    book.save(tmp_path / "media.xlsx")
    with pytest.raises(DataError, match="no export that is known"):
        bring(tmp_path / "media.xlsx", tmp_path / "data")


# --- in two languages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_the_report_speaks_korean_where_asked(name, tmp_path):
    told, english = (str(bring(name, tmp_path / lang, lang=lang)) for lang in ("ko", "en"))
    assert "저장했습니다." in told and not re.search(ENGLISH, told), told
    assert not re.search("[가-힣]{2}", re.sub(r"'[^']*'|\([^)]*\)", "", english)), english


def test_what_is_set_aside_is_told_in_korean_with_what_to_do(tmp_path):
    rows = ["week,followers,new_followers,lost_followers,new_customers,units,revenue"]
    rows += ["2025-01-06,5,1,0,1,1,100", "2025-01-06,6,1,0,1,1,100", "2025-01-14,7,1,0,1,1,100"]
    rows += ["2025-01-20,many,1,0,1,1,100", "2025-01-27,-1,1,0,1,1,100", "2025-02-03 10:00,9,1,0,1,1,100"]
    rows += ["2026-02-02,9,1,0,1,1,100", "2025-02-10,9,1", "2025-02-17,,1,0,1,1,100"]
    path = write(tmp_path / "weekly.csv", "\n".join(rows) + "\n")
    told = str(bring(path, tmp_path / "data", lang="ko"))
    for part in (
        "2025-01-06 같은 그 주 월요일",
        "0 이상의 정수",
        "미래",
        "머리글은 7칸",
        "행, 위치 3",
        "빈칸이 아닌 값",
    ):
        assert part in told.replace("2024-03-04", "2025-01-06"), told
    assert "(영문)" not in told and not re.search(ENGLISH, told), told


def test_the_command_takes_a_language(tmp_path):
    given = ["import", str(EXPORTS / "survey_nps.csv"), "--out", str(tmp_path / "d"), "--dry-run", "--lang", "ko"]
    run = CliRunner().invoke(cli.main, [*given, "--brand", "mirae", "--timezone", "Asia/Seoul"])
    assert run.exit_code == 0 and "시험만 했고" in run.output, run.output
