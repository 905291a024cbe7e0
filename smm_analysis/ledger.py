"""The claims ledger (주장 대장): every claim of the source texts beside what the last run says of it.

`claims.toml` names each claim by its id: a *test* that verdicts answer, an *aid* that helps to decide, or a *case*.
`ledger` joins it with a run's manifest: the last verdicts with estimate and interval, or what would be needed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, get_args

from smm_analysis.terms import Lang, label, reason
from smm_analysis.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["test", "aid", "case"]
State = Literal["told", "open", "unasked"]
STATES: tuple[State, ...] = get_args(State)
COLUMNS = ("claim_id", "claim_kind", "claim_text", "question", "claim_verdict", "estimate", "low", "high")
COLUMNS += ("interval_level", "verdict_unit", "smallest_effect", "method_check", "brand", "report", "made_at")
COLUMNS += ("would_need", "tables_needed")


@dataclass(frozen=True)
class Claim:
    """One claim of the source texts (주장), in our words; `notebooks` treat it, `tables` are what it needs."""

    id: str
    kind: Kind
    en: str
    ko: str
    notebooks: tuple[str, ...]
    tables: tuple[str, ...]

    def text(self, lang: Lang) -> str:
        """Return the claim in `lang`."""
        return getattr(self, lang)


@dataclass(frozen=True)
class Page:
    """One report that treats a claim, as the last run left it (보고서 쪽).

    `brand` is empty where the report brings data of its own: they are not this firm's. `run` is the stamp of the run
    that made it; `error` says why it failed; `settings` counts the places of a grid, of which this is the first.
    """

    report: str
    title: str
    lang: Lang
    brand: str
    html: str
    run: str
    error: str
    settings: int


@dataclass(frozen=True)
class Finding:
    """One verdict on a claim, and the page it stands on (답)."""

    verdict: Verdict
    page: Page


@dataclass(frozen=True)
class Entry:
    """One line of the ledger (대장 항목): a claim, its pages and verdicts, and what is needed where there is none."""

    claim: Claim
    pages: tuple[Page, ...]
    findings: tuple[Finding, ...]
    needed: Mapping[Lang, str]

    @property
    def quiet(self) -> tuple[Page, ...]:
        """The pages that were made and judge nothing of it."""
        told = {found.page for found in self.findings}
        return tuple(page for page in self.pages if page not in told and not page.error)

    def state(self, brand: str) -> State:
        """Say whether a brand's data told about the claim: one clear answer does; data that a case brings do not."""
        decisions = [found.verdict.decision for found in self.findings if brand and found.page.brand == brand]
        clear = any(decision != "cannot_tell" for decision in decisions)
        return "told" if clear else "open" if decisions else "unasked"


@dataclass(frozen=True)
class Count:
    """How many claims that can be tested one brand's data told (집계): told, open, not asked, and all of them."""

    brand: str
    told: int
    open: int
    unasked: int

    @property
    def n(self) -> int:
        """All claims that can be tested."""
        return self.told + self.open + self.unasked


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of the source texts (모든 주장)."""
    entries = tomllib.loads(files("smm_analysis").joinpath("claims.toml").read_text(encoding="utf-8"))
    lists = ("notebooks", "tables")
    return tuple(Claim(key, **entry | {name: tuple(entry[name]) for name in lists}) for key, entry in entries.items())


def ledger(
    manifest: Mapping[str, Any], lang: Lang = "en", *, past: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Entry, ...]:
    """Return the ledger of a run (대장): an entry a claim, in the order of the source texts.

    Parameters
    ----------
    manifest : of the run, as `reports/latest/manifest.json` holds it; empty before the first run.
    past : earlier runs' manifests by their stamp: the verdicts of a report that failed are those of its last good run.
    lang : of the texts. Where a page was made in another language only, why the data cannot tell stays in that one.
    """
    newest = ((_last_good(entry, past or {}), settings) for entry, settings in _newest(manifest, lang))
    held = [(_page(entry, settings), entry) for entry, settings in newest]
    held.sort(key=lambda pair: (not pair[0].brand, pair[0].report, pair[0].brand))  # a case's own data last
    return tuple(_entry(claim, held, manifest.get("skipped", {}), lang) for claim in claims())


def counts(entries: Iterable[Entry]) -> tuple[Count, ...]:
    """Return a count a brand (브랜드별 집계) over the claims that can be tested; one without a name if none was run."""
    entries = tuple(entries)
    brands = sorted({page.brand for entry in entries for page in entry.pages} - {""}) or [""]
    tests = [entry for entry in entries if entry.claim.kind == "test"]
    states = {brand: [entry.state(brand) for entry in tests] for brand in brands}
    return tuple(Count(brand, **{state: found.count(state) for state in STATES}) for brand, found in states.items())


def as_frame(entries: Iterable[Entry], lang: Lang = "en") -> pd.DataFrame:
    """Return the ledger as a table (대장 표): a row a verdict, or a claim without one.

    The columns are `COLUMNS`, empty where there is no verdict or no page; words in `lang`, `made_at` in UTC.
    """
    import pandas as pd

    rows = [row for entry in entries for row in _rows(entry, lang)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(
        made_at=pd.to_datetime(frame["made_at"].astype("string").str[:15], format="%Y%m%dT%H%M%S", utc=True)
    )


def _newest(manifest: Mapping[str, Any], lang: Lang) -> list[tuple[Mapping[str, Any], int]]:
    """Return the last entry a report and brand, the asked language first where both are of the same data."""
    together: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for entry in manifest.get("reports", ()):
        together.setdefault((entry["name"], entry["brand"]), []).append(entry)
    chosen = []
    for same in together.values():
        data = max(same, key=lambda entry: entry["run"])["data_sha256"]
        best = max(same, key=lambda e: (e["data_sha256"] == data, e["lang"] == lang, e["run"]))
        alike = [e for e in same if (e["lang"], e["run"]) == (best["lang"], best["run"])]
        chosen.append((best, len(alike)))
    return chosen


def _last_good(entry: Mapping[str, Any], past: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return an entry; one that failed with the verdicts and the stamp of the run its page is from, if that is kept."""
    good = past.get(entry["html_from"] or "", {}) if entry["error"] else {}
    known = (old for old in good.get("reports", ()) if old["html"] == entry["html"] and old["status"] == "ok")
    last = next(known, None)
    return {**entry, "verdicts": last["verdicts"], "run": last["run"]} if last else entry


def _page(entry: Mapping[str, Any], settings: int) -> Page:
    shown = {name: entry[name] for name in ("title", "lang", "html", "run")}
    return Page(
        report=entry["name"], brand=entry["brand"] or "", error=entry["error"] or "", settings=settings, **shown
    )


def _entry(
    claim: Claim, held: Sequence[tuple[Page, Mapping[str, Any]]], skipped: Mapping[str, str], lang: Lang
) -> Entry:
    findings = tuple(
        Finding(Verdict.from_dict(plain).in_language(lang), page)
        for page, entry in held
        for plain in entry["verdicts"]
        if claim.id in plain["claims"]
    )
    pages = tuple(page for page, _ in held if page.report in claim.notebooks)
    return Entry(claim, pages, findings, _needed(claim, pages, skipped, judged=bool(findings)))


def _needed(claim: Claim, pages: Sequence[Page], skipped: Mapping[str, str], *, judged: bool) -> dict[Lang, str]:
    """Say which report failed, or why there is no verdict or page and what would bring one; else nothing."""
    if failed := next((page for page in pages if page.error), None):
        return reason("claim_failed", report=failed.report, error=failed.error)
    if judged:
        return {}
    if pages:
        return reason("claim_not_judged", report=pages[0].report) if claim.kind == "test" else {}
    if left_out := next((name for name in claim.notebooks if name in skipped), None):
        return reason("claim_skipped", report=left_out, why=skipped[left_out])
    key = "claim_not_run" if claim.tables else "claim_case_not_run"
    return reason(key, report=claim.notebooks[0], tables=", ".join(claim.tables))


def _rows(entry: Entry, lang: Lang) -> list[dict[str, Any]]:
    """Return the rows of one entry: its verdicts; else its pages; else itself."""
    claim = entry.claim
    about = {"claim_id": claim.id, "claim_kind": label(f"claim_{claim.kind}", lang), "claim_text": claim.text(lang)}
    rows = [_judged(found.verdict) | _where(found.page) for found in entry.findings]
    rows += [_where(page) for page in entry.quiet]
    needed = {"would_need": entry.needed.get(lang, "")}
    rows = rows if entry.findings else [row | needed for row in rows or [{}]]
    return [about | row | {"tables_needed": ", ".join(claim.tables)} for row in rows]


def _judged(verdict: Verdict) -> dict[str, Any]:
    numbers = {name: getattr(verdict, name) for name in ("question", "estimate", "low", "high", "method_check")}
    more = {"interval_level": verdict.level, "verdict_unit": verdict.unit, "smallest_effect": verdict.delta}
    return numbers | more | {"claim_verdict": verdict.headline, "would_need": verdict.reason}


def _where(page: Page) -> dict[str, Any]:
    return {"brand": page.brand, "report": page.report, "made_at": page.run}
