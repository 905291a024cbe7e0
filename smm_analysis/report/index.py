"""The page over all reports (색인): every question with its answer, where it stood before, filtered by brand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import as_file, files
from typing import Any

from smm_analysis.ledger import ledger
from smm_analysis.report.claims import summary
from smm_analysis.report.font import embed_font
from smm_analysis.report.page import LANGUAGES, css, script, script_hash
from smm_analysis.report.words import when, words
from smm_analysis.terms import Lang
from smm_analysis.verdict import format_number

_SYMBOLS = {"supported": "✓", "not_supported": "×", "cannot_tell": "?"}
_LATELY = 8  # runs that the small history shows

History = Sequence[tuple[str, Mapping[str, Any]]]  # (stamp, manifest), newest first


def render_index(
    manifest: Mapping[str, Any], history: Iterable[tuple[str, Mapping[str, Any]]], *, lang: Lang, **more: Any
) -> str:
    """Return the page over all reports of a manifest, the asked language first (색인).

    `history` has (stamp, manifest) of earlier runs, newest first. `more` has `data_name`, `period`, `synthetic`,
    `provenance` and `history_prefix`, the relative way to `runs/`.
    """
    from jinja2 import Environment, FileSystemLoader

    past, word = list(history), words(lang)
    reports = _rows(manifest, past, lang)
    own = [report for report in reports if report["brand"]] or reports  # cases have data of their own
    earlier = [{"stamp": stamp, "made": when(stamp), "summary": _summary(old, word)} for stamp, old in past]
    with as_file(files("smm_analysis.report") / "template" / "index") as folder:
        environment = Environment(loader=FileSystemLoader(folder), autoescape=True)
        environment.filters["number"] = format_number
        template = environment.get_template("index.html.j2")
        html = template.render(
            lang=lang,
            words=word,
            css=css(),
            script=script("index/filter.js"),
            script_hash=script_hash("index/filter.js"),
            languages=LANGUAGES,
            symbols=_SYMBOLS,
            reports=reports,
            counts=Counter(verdict["decision"] for report in own for verdict in report["verdicts"]),
            brands=sorted({report["brand"] for report in reports if report["brand"]}),
            history=earlier,
            grid=manifest.get("grid"),
            claims=summary(ledger(manifest, lang, past=dict(past)), lang),
            **more,
        )
    return embed_font(html)


def _rows(manifest: Mapping[str, Any], past: History, lang: Lang) -> list[dict[str, Any]]:
    """Return a row a report and brand: the page in the asked language if there is one, and links to the others."""
    rows: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for entry in sorted(manifest["reports"], key=lambda entry: entry["lang"] != lang):
        rows.setdefault((entry["name"], entry["brand"]), []).append(entry)
    now = {"", manifest["data"]["sha256"], *manifest.get("data_sha256", ())}
    return [
        {
            **pages[0],
            "made": when(pages[0]["html_from"] or ""),
            "older": pages[0]["data_sha256"] not in now,
            "pages": pages,
            "verdicts": [
                {**plain, "lately": _lately(plain.get("key"), pages, manifest, past, lang)}
                for plain in pages[0]["verdicts"]
            ],
        }
        for pages in rows.values()
    ]


def _lately(
    key: str, pages: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any], past: History, lang: Lang
) -> dict[str, Any]:
    """Return how a question was answered in the last runs that asked it, oldest first, this one last."""
    asked = (pages[0]["name"], pages[0]["brand"])
    entries = [entry for run in (manifest, *(old for _, old in past)) for entry in run["reports"]]
    same = [entry for entry in entries if (entry["name"], entry["brand"]) == asked and entry["status"] == "ok"]
    told = {entry["run"]: v["decision"] for entry in same for v in entry["verdicts"] if v.get("key") == key}
    decisions = [told[run] for run in sorted(told)[-_LATELY:]]
    said = ", ".join(words(lang)[decision] for decision in decisions)
    return {"decisions": decisions, "said": words(lang)["lately"].format(n=len(decisions), decisions=said)}


def _summary(manifest: Mapping[str, Any], word: Mapping[str, str]) -> str:
    made = [entry["status"] == "ok" for entry in manifest["reports"] if entry["html_from"] == manifest["stamp"]]
    made += [False for entry in manifest["reports"] if entry["status"] != "ok" and entry["run"] == manifest["stamp"]]
    return word["ok_of"].format(ok=sum(made), all=len(made))
