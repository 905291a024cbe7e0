"""Exports that nobody has mapped: a mapping is guessed from the headings, days become weeks, and nothing is lost."""

import pandas as pd
import pytest
from click.testing import CliRunner

from smm_analysis import cli, imports, tables
from smm_analysis.imports import drafting, mapping
from smm_analysis.tables import CONTRACT, DataError

NOW = pd.Timestamp("2026-12-01", tz="UTC")
ENQUIRIES = """고객문의 내역 (2026-08)

접수번호,접수일시,고객명,문의내용,첫응답일시,완료일시,담당자
C1,2026.08.03 오후 2:15,김민지,"배송이, 늦어요",2026.08.03 오후 3:00,2026.08.04 오전 9:00,상담1팀
C2,2026.08.05 오전 12:05,이준호,환불,,,상담2팀
"""
SPEND = """날짜,캠페인 이름,매체,광고비(VAT포함),노출수,도달수,클릭수
2026. 8. 3.,가을,인스타그램,"₩171,799","14,316","7,158",238
2026. 8. 9.,가을,인스타그램,"₩1,000",100,90,2
2026. 8. 9.,브랜드,인스타그램,"2,000원",200,150,3
2026. 8. 10.,가을,인스타그램,"₩5,000",500,400,9
합계,,,"₩179,799",,,
"""
COMMENTS = """Comment ID,Username,Display Name,Comment Text,Date,Likes
179000001,user_1,User 🌸,너무 예뻐요 😍 @friend_7,2026-08-03 10:00:00,3
179000002,user_2,User 2,어디서 사요??,2026-08-03 11:00:00,0
"""


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("SMM_KEY", "000102030405060708090a0b0c0d0e0f")


def brought(tmp_path, name, text, encoding="utf-8", **more):
    """Draft a mapping for a file, read the file with it, and return the report and the data set."""
    path, draft, out = tmp_path / name, tmp_path / "my.toml", tmp_path / "data"
    path.write_bytes(text.encode(encoding))
    imports.draft(path, draft)
    report = imports.import_files([path], out, extra=draft, brand="mine", now=NOW, **more)
    return report, tables.load(out)


def test_korean_enquiries_become_cases(tmp_path):
    report, found = brought(tmp_path, "문의.csv", ENQUIRIES, "cp949")
    assert report.table[["table", "read", "kept"]].to_numpy().tolist() == [["cases", 2, 2]]
    first = found.cases.iloc[0]
    assert str(first["opened_at"]) == "2026-08-03 14:15:00+09:00"
    assert (first["first_response_at"] - first["opened_at"]).total_seconds() == 45 * 60
    assert found.cases["resolved_at"].isna().tolist() == [False, True]


def test_comments_become_mentions_without_names(tmp_path):
    _, found = brought(tmp_path, "comments.csv", COMMENTS, "utf-8-sig", medium="instagram")
    assert found.mentions["engagement"].tolist() == [3, 0]
    assert "😍" in found.mentions["text"].iloc[0] and "friend_7" not in found.mentions["text"].iloc[0]
    assert not found.mentions["author_key"].str.contains("user").any()


def test_days_are_added_up_to_weeks_and_every_row_is_accounted_for(tmp_path):
    report, found = brought(tmp_path, "spend.csv", SPEND)
    assert report.table[["read", "kept", "set_aside", "written"]].to_numpy().tolist() == [[5, 4, 1, 2]]
    columns = ["spend", "impressions", "reach", "engaged"]
    assert found.media[columns].to_numpy().tolist() == [[174_799, 14_616, 7_398, 243], [5_000, 500, 400, 9]]
    assert found.media["week"].dt.strftime("%Y-%m-%d").tolist() == ["2026-08-03", "2026-08-10"]
    assert any("not there as a whole" in text for text in report.loud)
    assert any("counts twice" in text for text in report.notes)
    assert any("5 days between have no row (2026-08-04, 2026-08-05, 2026-08-06, ...)" in text for text in report.loud)


def test_a_number_that_is_none_sets_its_day_aside(tmp_path):
    report, found = brought(tmp_path, "spend.csv", SPEND.replace('"₩5,000"', "무료"))
    assert report.table["set_aside"].tolist() == [2]
    assert len(found.media) == 1


def test_of_followers_the_last_day_of_a_week_counts(tmp_path):
    days = "날짜,팔로워 수,신규 팔로워,이탈 팔로워,신규 고객,판매수량,매출\n"
    days += "".join(f'2026-08-{day:02d},{100 + day},5,1,2,3,"{day},000"\n' for day in range(3, 10))
    _, found = brought(tmp_path, "shop.csv", days)
    [week] = found.weekly[["followers", "new_followers", "revenue"]].to_numpy().tolist()
    assert week == [109, 35, 42_000]


def test_a_file_like_nothing_gives_no_draft_and_an_old_draft_stays(tmp_path):
    odd = tmp_path / "odd.csv"
    odd.write_text("a,b,c\n1,2,3\n", "utf-8")
    with pytest.raises(DataError, match="looks like one of our tables"):
        imports.draft(odd, tmp_path / "my.toml")
    (tmp_path / "my.toml").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        imports.draft(odd, tmp_path / "my.toml")
    with pytest.raises(DataError, match="no file"):
        imports.draft(tmp_path / "gone.csv", tmp_path / "new.toml")


def test_an_unknown_export_is_told_how_to_go_on(tmp_path):
    (tmp_path / "spend.csv").write_text(SPEND, "utf-8")
    run = CliRunner()
    asked = ["import", str(tmp_path / "spend.csv")]
    assert "--draft my.toml" in run.invoke(cli.main, [*asked, "--out", str(tmp_path / "data")]).output
    assert "Say --out FOLDER" in run.invoke(cli.main, asked).output
    assert "by_week" in run.invoke(cli.main, [*asked, "--draft", str(tmp_path / "my.toml")]).output


def test_nothing_kept_of_a_file_is_said_first(tmp_path):
    (tmp_path / "days.toml").write_text(
        '[days.media]\nweek = ["날짜"]\nchannel = ["매체"]\nline = { value = "online" }\n'
        'spend = ["광고비(VAT포함)"]\nimpressions = ["노출수"]\nreach = ["도달수"]\nengaged = ["클릭수"]\n',
        "utf-8",
    )
    report, _ = brought(tmp_path, "spend.csv", SPEND)
    (tmp_path / "later.csv").write_text(SPEND.replace("8. 3.", "8. 4.").replace("8. 10.", "8. 11."), "utf-8")
    again = imports.import_files(
        [tmp_path / "later.csv"], report.out, extra=tmp_path / "days.toml", brand="mine", now=NOW
    )
    assert "none of its 5 rows could be kept" in again.loud[-1]


def test_usual_headings_are_of_columns_that_there_are():
    for table, columns in drafting._usual().items():
        assert set(columns) <= {*CONTRACT[table].names, mapping.AUTHOR}


def test_by_week_needs_a_week(tmp_path):
    (tmp_path / "my.toml").write_text('[x.media]\nby_week = true\nchannel = ["a"]\n')
    with pytest.raises(DataError, match="by_week without week"):
        mapping.sources(tmp_path / "my.toml")


def test_our_own_column_names_are_headings_too(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("Wk,brand,followers,new_followers,lost_followers,new_customers,units,revenue\n", "utf-8")
    text = imports.draft(path, tmp_path / "my.toml")
    for name in ("followers", "new_followers", "lost_followers", "new_customers", "units", "revenue"):
        assert f'\n{name} = ["{name}"]' in text
