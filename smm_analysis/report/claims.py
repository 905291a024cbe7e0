"""The claims ledger as a page and in the terminal (주장 대장 쪽): every claim, its last answer, what is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from itertools import groupby
from typing import Any

from smm_analysis.ledger import Count, Entry, Finding, Page, counts, ledger
from smm_analysis.report.answers import Answer
from smm_analysis.report.font import embed_font
from smm_analysis.report.page import css, script, script_hash
from smm_analysis.report.words import columns_of, when, words
from smm_analysis.terms import Lang, label

_INDENT, _DEEPER = " " * 7, " " * 9


def render_claims(
    manifest: Mapping[str, Any], history: Iterable[tuple[str, Mapping[str, Any]]] = (), *, lang: Lang, **more: Any
) -> str:
    """Return the page of the claims ledger (주장 대장).

    `history` has (stamp, manifest) of earlier runs; `more` has `data_name`, `period`, `synthetic` and `provenance`, as
    the index has.
    """
    from jinja2 import Environment, FileSystemLoader

    entries = ledger(manifest, lang, past=dict(history))
    with as_file(files("smm_analysis.report") / "template" / "claims") as folder:
        environment = Environment(loader=FileSystemLoader(folder), autoescape=True)
        environment.filters["when"] = when
        html = environment.get_template("claims.html.j2").render(
            lang=lang,
            words=words(lang),
            css=css(),
            script=script("index/filter.js"),
            script_hash=script_hash("index/filter.js"),
            sources=[(words(lang)[f"source_{source}"], list(held)) for source, held in _by_source(entries)],
            answer=lambda found: Answer.shown(found.verdict),
            kind=lambda claim: label(f"claim_{claim.kind}", lang),
            claim_heading=label("claim_id", lang),
            summary=summary(entries, lang),
            brands=[count.brand for count in counts(entries) if count.brand],
            **more,
        )
    return embed_font(html)


def summary(entries: Sequence[Entry], lang: Lang) -> list[str]:
    """Return how many claims were told (요약): a sentence a brand, and one over aids and cases."""
    others = [entry for entry in entries if entry.claim.kind != "test"]
    made = sum(any(not page.error for page in entry.pages) for entry in others)
    told = [_told(count, lang) for count in counts(entries)]
    return [*told, words(lang)["claims_pages"].format(made=made, n=len(others))]


def as_text(entries: Sequence[Entry], lang: Lang, *, width: int | None = None) -> str:
    """Return the ledger for a terminal (대장 글): each claim, and below it its answers or what is needed.

    Lines longer than `width` columns are broken; None leaves them whole, as for a file.
    """
    lines = [("", sentence) for sentence in summary(entries, lang)]
    for source, held in _by_source(entries):
        lines += [("", ""), ("", words(lang)[f"source_{source}"])]
        lines += [line for entry in held for line in _lines(entry, lang)]
    return "\n".join(piece for lead, text in lines for piece in _broken(lead, text, width))


def _by_source(entries: Sequence[Entry]) -> Iterator[tuple[str, Iterator[Entry]]]:
    return groupby(entries, key=lambda entry: entry.claim.id.partition(".")[0])


def _told(count: Count, lang: Lang) -> str:
    numbers = {"n": count.n, "told": count.told, "open": count.open, "unasked": count.unasked}
    text = words(lang)["claims_told"].format(**numbers)
    return f"{count.brand}: {text}" if count.brand else text


def _lines(entry: Entry, lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield the lines of one claim: what stands before the text, and the text."""
    claim = entry.claim
    yield f"{claim.id:<{len(_INDENT)}}", f"{claim.text(lang)} [{label(f'claim_{claim.kind}', lang)}]"
    for found in entry.findings:
        yield _INDENT, f"{found.verdict.symbol} {found.verdict.headline}: {found.verdict.question}"
        yield _DEEPER, _number_and_place(found, lang)
        if found.verdict.reason:
            yield _DEEPER, found.verdict.reason
    yield from ((_INDENT, _place(page, lang)) for page in entry.quiet)
    if entry.needed:
        yield _INDENT, entry.needed[lang]


def _number_and_place(found: Finding, lang: Lang) -> str:
    shown, word = Answer.shown(found.verdict), words(lang)
    check = word["method_check" if found.verdict.method_check else "real_data"]
    return " · ".join(part for part in (shown.number, shown.interval, _place(found.page, lang), check) if part)


def _place(page: Page, lang: Lang) -> str:
    """Say where it stands, whose data they are, and when it was made."""
    whose = page.brand or words(lang)["claims_other"]
    settings = words(lang)["claims_settings"].format(n=page.settings) if page.settings > 1 else ""
    return " · ".join(part for part in (page.report, whose, settings, when(page.run)) if part)


def _broken(lead: str, text: str, width: int | None) -> Iterator[str]:
    """Yield a line in pieces no wider than `width` columns where blanks allow it, set in as the first one is."""
    held = ""
    for word in text.split(" "):
        longer = f"{held} {word}" if held else word
        if held and width and columns_of(lead + longer) > width:
            yield lead + held
            lead, longer = " " * len(lead), word
        held = longer
    yield (lead + held).rstrip()
