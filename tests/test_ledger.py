"""The claims ledger: no claim is missing, each is treated somewhere, and it says of a run what the run said."""

import json
import re
from pathlib import Path

import pytest
from chromium import open_tab, visit
from click.testing import CliRunner
from test_page import check_with_axe
from test_report import VERDICT, books, report, write_notebook  # noqa: F401  (books is a fixture)

from smm_analysis import terms, verdict
from smm_analysis.cli import main
from smm_analysis.ledger import COLUMNS, Count, as_frame, claims, counts, ledger
from smm_analysis.report.claims import as_text, render_claims, summary
from smm_analysis.tables import CONTRACT

ROOT = Path(__file__).parents[1]
NOTEBOOKS = {p.stem: p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts}
# every claim of the source texts, in their order; nothing here is read from the ledger
IDS = {
    "test": "S0.2 S0.3 S0.4 S0.7a S0.7b S0.8 S0.9 S1.2 S1.3 S1.4 S1.6 S2.1 S3.1a S3.1b S3.1c S3.1d S3.2 S3.3 S3.4 S3.5 "
    "S4.2 S4.3 S4.4 S4.5 S4.6",
    "aid": "S0.1 S0.5 S0.6 S0.10 S0.11 S1.1 S1.5 S3.6 S4.1 S4.7 S4.8 S4.9 S4.11",
    "case": "S1.7 S2.2 S2.3 S2.4 S2.5 S2.6 S4.10",
}
STAMPS = ["20261121T080000000Z", "20261122T080000000Z"]


# --- what it holds ----------------------------------------------------------------------------------------------------


def test_no_claim_is_missing_and_each_is_of_its_kind():
    expected = {key: kind for kind, ids in IDS.items() for key in ids.split()}
    assert {claim.id: claim.kind for claim in claims()} == expected


def test_claims_stand_in_the_order_of_the_source_texts():
    def place(claim):
        source, number, part = re.fullmatch(r"S(\d)\.(\d+)([a-d]?)", claim.id).groups()
        return int(source), int(number), part

    assert list(claims()) == sorted(claims(), key=place)


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_a_claim_is_said_in_both_languages_and_needs_known_tables(claim):
    assert re.search("[가-힣]", claim.ko)
    assert not re.search("[가-힣]", claim.en)
    assert set(claim.tables) <= set(CONTRACT)
    assert bool(claim.tables) == (claim.kind != "case")


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_a_claim_is_treated_by_a_notebook(claim):
    assert claim.notebooks
    assert set(claim.notebooks) <= set(NOTEBOOKS)


def cited(path):
    """Return the claims that a notebook's stored verdicts cite, and those that it names in its sources."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    told = {claim for data in outputs for claim in data.get(verdict.MIMETYPE, {}).get("claims", ())}
    lines = [line for cell in cells for line in "".join(cell["source"]).splitlines() if line.startswith("- Claim")]
    return told, set(re.findall(r"S\d\.\d+[a-d]?", " ".join(lines)))


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
def test_what_a_notebook_judges_or_names_is_in_the_ledger_under_its_name(name):
    told, named = cited(NOTEBOOKS[name])
    assert told | named <= {claim.id for claim in claims() if name in claim.notebooks}


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
def test_a_notebook_treats_what_the_ledger_says_it_does(name):
    source = NOTEBOOKS[name].read_text(encoding="utf-8")
    mentioned = set(re.findall(r"S\d\.\d+[a-d]?", source))
    assert {claim.id for claim in claims() if name in claim.notebooks} <= mentioned


def test_every_question_cites_claims_of_the_ledger_that_can_be_judged():
    judged = {claim for question in verdict.questions().values() for claim in question["claims"]}
    known = {claim.id: claim.kind for claim in claims()}
    assert judged <= set(known)
    assert {claim for claim in judged if known[claim] != "test"} <= {"S4.11"}  # forecasts, judged in cases


# --- what it says of a run --------------------------------------------------------------------------------------------


def judged(decision="supported", *, lang="en", key="recent_beats_history", claim="S4.5", **other):
    question = verdict._question(key)
    told = {"claims": [claim], "question": question[f"question_{lang}"], "decision": decision, "estimate": 8.0}
    told |= {"low": 6.0, "high": 10.0, "level": 0.9, "unit": "points", "delta": 5.0, "reason": "", "limits": "l"}
    told |= {"text": question[f"{decision}_{lang}"], "method_check": True, "measure": "m", "key": key, "lang": lang}
    return told | other


def made(name, *verdicts, lang="en", brand="mirae", run=STAMPS[0], **other):
    entry = {"name": name, "title": name.title(), "lang": lang, "brand": brand, "status": "ok", "error": None}
    entry |= {"run": run, "html_from": run, "html": f"{name}.{brand}.{lang}.html", "data_sha256": "d"}
    return entry | {"verdicts": list(verdicts)} | other


def run(*entries, **other):
    return {"stamp": STAMPS[0], "data": {"sha256": "d"}, "reports": list(entries)} | other


def line(manifest, claim="S4.5", lang="en"):
    return next(entry for entry in ledger(manifest, lang) if entry.claim.id == claim)


def test_one_clear_answer_tells_and_an_open_one_does_not():
    name = "03_nps_vs_customer_health"
    open_one = judged("cannot_tell", reason="Too few.")
    assert line(run(made(name, open_one))).state("mirae") == "open"
    assert line(run(made(name, open_one, judged("not_supported")))).state("mirae") == "told"
    assert line(run(made(name, judged()))).state("haneul") == "unasked"
    assert line(run()).state("mirae") == "unasked"


def test_data_that_a_case_brings_are_shown_and_not_counted():
    manifest = run(made("cdnow_repeat_buyers", judged(), brand=None), made("08_handle_to_customer"))
    assert len(line(manifest).findings) == 1
    assert counts(ledger(manifest)) == (Count("mirae", told=0, open=0, unasked=25),)
    assert "data of its own, not counted" in as_text(ledger(manifest), "en")


def test_brands_are_counted_each_for_itself():
    told, unclear = judged("supported"), judged("cannot_tell")
    reports = [made("03_nps_vs_customer_health", said, brand=brand) for brand, said in (("b", told), ("a", unclear))]
    assert counts(ledger(run(*reports))) == (Count("a", 0, 1, 24), Count("b", 1, 0, 24))


def test_a_summary_adds_up():
    [told, pages] = summary(ledger(run(made("03_nps_vs_customer_health", judged()))), "en")
    assert told == "mirae: Of 25 hypotheses 1 are answered, 0 stay open (the data cannot tell), 24 are not asked yet."
    assert pages == "Aids and cases that have a report: 0 of 20."


@pytest.mark.parametrize("lang", terms.LANGS)
def test_where_there_is_no_verdict_it_says_what_would_bring_one(lang):
    name = "03_nps_vs_customer_health"
    failed = made(name, status="failed", error="ValueError: no weeks", run=STAMPS[1])
    for manifest, word in (
        ({}, f"smm report {name}"),
        (run(failed), "ValueError: no weeks"),
        (run(skipped={name: "table surveys is missing"}), "table surveys is missing"),
        (run(made(name)), name),
    ):
        needed = line(manifest, lang=lang).needed[lang]
        assert word in needed
        assert needed in as_text(ledger(manifest, lang), lang)
    assert line(run(made(name, judged()))).needed == {}


def test_a_report_that_failed_keeps_its_last_good_verdict_and_says_so():
    name = "03_nps_vs_customer_health"
    good = run(made(name, judged("not_supported")))
    failed = made(name, status="failed", error="ValueError: no weeks", run=STAMPS[1]) | {"html_from": STAMPS[0]}
    [entry] = [e for e in ledger(run(failed), past={STAMPS[0]: good}) if e.claim.id == "S4.5"]
    assert [(f.verdict.decision, f.page.run) for f in entry.findings] == [("not_supported", STAMPS[0])]
    assert "no weeks" in entry.needed["en"]
    assert "no weeks" in render_claims(run(failed), [(STAMPS[0], good)], lang="en", **ABOUT)
    assert line(run(failed)).findings == ()  # that run is not kept


def test_an_aid_with_a_page_needs_nothing():
    manifest = run(made("08_handle_to_customer"))
    assert line(manifest, "S3.6").needed == {}
    assert [page.report for page in line(manifest, "S3.6").pages] == ["08_handle_to_customer"]
    assert "08_handle_to_customer" not in line(run(), "S2.2").needed["en"]


def test_a_page_that_judges_nothing_stands_beside_the_verdicts_of_others():
    manifest = run(made("colour_tv_1963", judged(claim="S4.11"), brand=None), made("09_trend_watch"))
    entry = line(manifest, "S4.11")
    assert [page.report for page in entry.quiet] == ["09_trend_watch"]
    assert 'href="09_trend_watch.mirae.en.html"' in render_claims(manifest, lang="en", **ABOUT)
    frame = as_frame(ledger(manifest))
    assert list(frame.loc[frame["claim_id"] == "S4.11", "report"]) == ["colour_tv_1963", "09_trend_watch"]


def test_the_asked_language_wins_on_the_same_data_and_the_newest_data_always():
    name = "03_nps_vs_customer_health"
    english = made(name, judged("supported"))
    korean = made(name, judged("cannot_tell", lang="ko"), lang="ko", run=STAMPS[1])
    assert line(run(english, korean)).findings[0].page.lang == "en"
    assert line(run(english, korean), lang="ko").findings[0].page.lang == "ko"
    newer = korean | {"data_sha256": "new"}
    [found] = line(run(english, newer)).findings
    assert (found.page.lang, found.verdict.decision) == ("ko", "cannot_tell")
    assert found.verdict.question == judged()["question"]  # said in English all the same
    assert found.verdict.text == judged("cannot_tell")["text"]


def test_of_a_grid_the_first_setting_is_shown_and_the_others_are_counted():
    cells = [made("03_nps_vs_customer_health", judged(), html=f"{n}.html") for n in range(3)]
    assert [found.page.settings for found in line(run(*cells)).findings] == [3]
    assert "first of 3 settings" in as_text(ledger(run(*cells)), "en")


def test_a_verdict_in_another_language_keeps_its_numbers_and_comes_back():
    english = verdict.Verdict.from_dict(judged(unit=terms.term("log_loss_gain").unit_en))
    korean = english.in_language("ko")
    assert re.search("[가-힣]", korean.question + korean.text + korean.limits + korean.measure)
    assert (korean.estimate, korean.low, korean.decision) == (8.0, 6.0, "supported")
    assert korean.unit == terms.term("log_loss_gain").unit_ko
    assert korean.in_language("en").question == english.question
    unknown = verdict.Verdict.from_dict(judged() | {"key": "of_their_own"})
    assert unknown.in_language("ko") == unknown


@pytest.mark.parametrize("lang", terms.LANGS)
def test_the_table_has_every_claim_and_headings_of_the_glossary(lang):
    manifest = run(made("03_nps_vs_customer_health", judged("cannot_tell", estimate=None, low=None, high=None)))
    frame = as_frame(ledger(manifest, lang), lang)
    assert tuple(frame) == COLUMNS
    assert set(COLUMNS) <= set(terms.glossary())
    assert list(frame["claim_id"].unique()) == [claim.id for claim in claims()]
    [row] = frame[frame["claim_id"] == "S4.5"].to_dict("records")
    assert (row["brand"], row["estimate"] != row["estimate"]) == ("mirae", True)
    assert f"{row['made_at']:%Y-%m-%d %H:%M %Z}" == "2026-11-21 08:00 UTC"
    assert as_frame(ledger({}), lang)["made_at"].isna().all()


# --- how it is shown --------------------------------------------------------------------------------------------------


ABOUT = {"data_name": "d", "period": "2026", "synthetic": True, "provenance": "p"}
NASTY = '<script>alert(1)</script>&"'


@pytest.mark.parametrize("lang", terms.LANGS)
def test_the_page_shows_every_claim_and_escapes_what_it_was_given(lang):
    texts = dict.fromkeys(("question", "reason", "text", "unit", "measure"), NASTY)
    said = judged("cannot_tell", lang=lang) | texts | {"key": "of_their_own"}
    manifest = run(made("03_nps_vs_customer_health", said, brand=NASTY, title=NASTY), skipped={"06_crisis": NASTY})
    html = render_claims(manifest, lang=lang, **ABOUT | {"data_name": NASTY})
    assert "<script>alert" not in html
    assert html.count("alert(1)") >= 7
    for claim in claims():
        assert f'id="{claim.id}"' in html
    assert re.search("[가-힣]", re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)) or lang == "en"


def test_long_lines_are_broken_for_a_terminal_and_nothing_is_lost():
    said = judged("cannot_tell", lang="ko", reason="가나다 " * 60)
    manifest = run(made("03_nps_vs_customer_health", said, lang="ko"))
    whole, broken = (as_text(ledger(manifest, "ko"), "ko", width=width) for width in (None, 80))
    assert broken.split() == whole.split()
    assert max(sum(2 if "가" <= c <= "힣" else 1 for c in line) for line in broken.splitlines()) <= 80


def smm(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.mark.parametrize("lang", terms.LANGS)
def test_the_command_prints_it_before_the_first_run_too(lang, tmp_path):
    result = smm("claims", "--lang", lang, "--reports", tmp_path / "none")
    assert result.exit_code == 0
    assert re.findall(r"^S\d\.\w+", result.stdout, re.MULTILINE) == [claim.id for claim in claims()]
    assert not (tmp_path / "none").exists()


def test_a_run_leaves_the_ledger_and_the_index_leads_to_it(books):  # noqa: F811
    write_notebook(books / "03_nps_vs_customer_health.ipynb", VERDICT)
    assert report(books, "03_nps_vs_customer_health").exit_code == 0
    out = books.parent / "reports"
    [kept] = (out / "runs").iterdir()
    page = (out / "latest" / "claims.html").read_text("utf-8")
    assert page == (kept / "claims.html").read_text("utf-8")
    assert 'href="03_nps_vs_customer_health.mirae.en.html"' in page
    index = (out / "latest" / "index.html").read_text("utf-8")
    assert 'href="claims.html"' in index
    assert "mirae: Of 25 hypotheses 1 are answered" in index
    assert "Do the last weeks tell more" in smm("claims", "--reports", out).stdout
    written = smm("claims", "--reports", out, "--lang", "ko", "--csv", books.parent / "claims.csv")
    assert written.exit_code == 0
    assert "지지됨" in (books.parent / "claims.csv").read_text("utf-8-sig")


@pytest.mark.browser
def test_the_page_filters_by_brand_asks_nothing_and_is_accessible(tmp_path):
    reports = [made("03_nps_vs_customer_health", judged(), brand=brand) for brand in ("mirae", "haneul")]
    path = tmp_path / "claims.html"
    path.write_text(render_claims(run(*reports), lang="ko", **ABOUT), "utf-8")
    assert visit(path, tmp_path)[0] == set()
    with open_tab(path.as_uri(), tmp_path) as tab:
        shown = "[...document.querySelectorAll('[data-brand]')].filter(r => !r.hidden).map(r => r.dataset.brand)"
        assert set(tab.run(shown)) == {"haneul", "mirae"}
        tab.run("document.querySelector('input[value=haneul]').click()")
        assert set(tab.run(shown)) == {"haneul"}
        assert tab.said == []
    check_with_axe(path, tmp_path)
