"""An executed notebook as one offline page (보고서 쪽): the answers first, then figures, tables, method, code folded.

Pages ask nothing of the network. Their one script sorts and downloads tables; a Content-Security-Policy allows it by
its hash and nothing else. The Korean font is subset to the glyphs a page uses and travels inside it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from html import escape
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from smm_analysis import keynumbers
from smm_analysis.report.answers import answers
from smm_analysis.report.catalogue import in_language
from smm_analysis.report.font import embed_font
from smm_analysis.report.frames import is_frame, readable
from smm_analysis.report.pictures import shrink
from smm_analysis.report.words import when, words
from smm_analysis.terms import LANGS, Lang
from smm_analysis.verdict import MIMETYPE

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

LANGUAGES: dict[Lang, str] = {"en": "English", "ko": "한국어"}
_NOTICE = re.compile(r"<!-- notice -->.*?<!-- /notice -->", re.DOTALL)
_LINKS = re.compile(r"<!-- languages -->.*?<!-- /languages -->", re.DOTALL)
# the order a reader wants: what it shows, what it does not, how it was found
_ORDER = ("Question", "Figure", "Limits", "Model", "Verdict", "Data", "Parameters", "Exercises", "Sources")
_LIFTED = {MIMETYPE, keynumbers.MIMETYPE}  # what the first screen shows is not shown again
_SPOKEN = 300  # characters of prose that a figure is described by


def verdicts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts an executed notebook's cells show, in their order."""
    return _shown_as(MIMETYPE, notebook)


def _shown_as(kind: str, notebook: Mapping[str, Any]) -> list[Any]:
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def render(
    notebook: Any,
    *,
    title: str,
    question: str = "",
    slug: str = "report",
    lang: Lang,
    brand: str,
    provenance: str,
    data_name: str,
    simulated: bool = False,
    parameters: Sequence[Mapping[str, str]],
    before: Sequence[Mapping[str, Any]] = (),
    before_stamp: str = "",
) -> str:
    """Return an executed notebook as a page in one language (쪽 만들기).

    Parameters
    ----------
    notebook : an nbformat node
    title, question : what the page is about, in `lang`
    slug : what its tables are called when downloaded
    simulated : whether the data are, as a notice above the answers then says
    parameters : dicts with `name`, `value` and `help`
    before, before_stamp : the verdicts of the last good run of the same report, and that run's stamp
    """
    told = verdicts(notebook)
    page = {
        "lang": lang,
        "title": title,
        "question": question,
        "slug": slug,
        "brand": brand,
        "data_name": data_name,
        "words": words(lang),
        "css": css(),
        "script": script("page/table.js"),
        "script_hash": script_hash("page/table.js"),
        "answers": answers(told, before, before_stamp),
        "numbers": [
            keynumbers.KeyNumber.from_dict(plain)
            for together in _shown_as(keynumbers.MIMETYPE, notebook)
            for plain in together
        ],
        "simulated": simulated or any(plain["method_check"] for plain in told),
        "parameters": parameters,
        "provenance": provenance,
    }
    html, _ = _exporter().from_notebook_node(_in_one_language(notebook, lang, question), resources={"page": page})
    return embed_font(html)


def practise() -> None:
    """Render a small page: what is compiled, read and remembered the first time is then there for all pages."""
    from nbformat import v4

    cells = [v4.new_markdown_cell("# 0"), v4.new_code_cell("0")]
    about = {"title": "", "lang": "en", "brand": "", "provenance": "", "data_name": "", "parameters": ()}
    render(v4.new_notebook(cells=cells), **about)


@cache
def _exporter() -> HTMLExporter:
    """Return nbconvert with our template."""
    from nbconvert import HTMLExporter

    with as_file(files("smm_analysis.report") / "template") as folder:
        return HTMLExporter(template_name="page", extra_template_basedirs=[str(folder)])


def failed_page(last_good: str | None, *, title: str, lang: Lang, error: str, when_failed: str, good: str) -> str:
    """Return the last good page with a notice of the failure on top, or a page that only has the notice."""
    text = words(lang)["notice" if last_good else "no_page"]
    text = text.format(error=error, when=when(when_failed), good=when(good))
    notice = f'<!-- notice --><p class="notice" role="alert">{escape(text)}</p><!-- /notice -->'
    if last_good:
        return embed_font(_NOTICE.sub(lambda _: notice, last_good, count=1))
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
    head += f'<meta name="viewport" content="width=device-width"><style>{css()}</style>'
    link = f'<a href="index.html">{words(lang)["all_reports"]}</a><!-- languages --><!-- /languages -->'
    return embed_font(f'{head}<p class="crumbs">{link}</p><h1>{escape(title)}</h1>{notice}</html>')


def link_languages(html: str, others: Mapping[Lang, str]) -> str:
    """Return the page with links to its sisters in other languages, by their file names (언어 바꾸기)."""
    links = [
        f' · <a href="{name}" lang="{lang}" hreflang="{lang}">{LANGUAGES[lang]}</a>' for lang, name in others.items()
    ]
    linked = _LINKS.sub(lambda _: f"<!-- languages -->{''.join(links)}<!-- /languages -->", html, count=1)
    return html if linked == html else embed_font(linked)


def provenance(
    lang: Lang,
    *,
    data_name: str,
    stamp: str,
    versions: Mapping[str, str],
    git: str | None,
    observed_until: str = "",
    sha256: str = "",
) -> str:
    """Return the line that says what a page was made from."""
    word = words(lang)
    parts = [f"{word['data']}: {data_name}" if data_name else "", f"sha256 {sha256[:12]}" if sha256 else ""]
    parts += [f"{word['until']} {observed_until}" if observed_until else "", f"{word['run']} {stamp}"]
    parts += [" ".join(f"{name} {version}" for name, version in versions.items()), f"git {git[:12]}" if git else ""]
    return " · ".join(part for part in parts if part)


def css() -> str:
    """Return the style sheet of all pages."""
    return files("smm_analysis.report").joinpath("template", "page", "style.css").read_text(encoding="utf-8")


@cache
def script(name: str) -> str:
    """Return a script of the template folder, as it stands in a page."""
    return files("smm_analysis.report").joinpath("template", *name.split("/")).read_text(encoding="utf-8")


def script_hash(name: str) -> str:
    """Return what a Content-Security-Policy allows the script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script(name).encode()).digest()).decode()


def _in_one_language(notebook: Any, lang: Lang, question: str) -> Any:
    """Keep one language's prose and headings; leave out what the first screen shows."""
    kept, heading, prose = deepcopy(notebook), "", ""
    other = set(LANGS) - {lang}
    cells = [c for c in kept.cells if not (other | {"injected-parameters"}) & set(c.metadata.get("tags", []))]
    kept.cells = _told_together(_for_readers(cells))
    for cell in kept.cells:
        if cell.cell_type == "markdown":
            lines = [_heading(line, lang) for line in cell.source.splitlines()]
            shown = [
                line for line in lines if not line.startswith("# ") and not (question and line.strip("*") == question)
            ]
            cell.source = "\n".join(shown)
            heading = next((line.lstrip("# ") for line in lines if line.startswith("#")), heading)
            prose = " ".join(line for line in lines if not line.startswith("#"))
        elif cell.cell_type == "code":
            cell.metadata["alt"] = _spoken(heading, prose)
            cell.outputs = [_shown(output) for output in cell.outputs]
            prose = ""
    shrink(kept.cells)
    return kept


def _for_readers(cells: list[Any]) -> list[Any]:
    """Put the sections into the order of a report; headings that are not the skeleton's stay with what is before."""
    sections: dict[str, list[Any]] = {"": []}
    name = ""
    for cell in cells:
        first = cell.source.partition("\n")[0]
        title = in_language(first.removeprefix("## "), "en")
        name = title if cell.cell_type == "markdown" and first.startswith("## ") and title in _ORDER else name
        sections.setdefault(name, []).append(cell)
    return sections[""] + [cell for name in _ORDER for cell in sections.get(name, ())]


def _told_together(cells: list[Any]) -> list[Any]:
    """Take out what the first screen shows, and join a code cell that then shows nothing to the one right after it."""
    joined: list[Any] = []
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _LIFTED & output.get("data", {}).keys()]
            if joined and _is_silent(joined[-1]) and "parameters" not in cell.metadata.get("tags", []):
                cell.source = f"{joined.pop().source}\n\n{cell.source}"
        joined.append(cell)
    return joined


def _is_silent(cell: Any) -> bool:
    return cell.cell_type == "code" and not cell.outputs and "parameters" not in cell.metadata.get("tags", [])


def _spoken(heading: str, prose: str) -> str:
    """Return what a figure or table is about: its heading and the prose before it, marks taken out."""
    plain = re.sub(r"[*`]|\[([^]]*)\]\([^)]*\)", r"\1", prose).strip()
    cut = plain if len(plain) <= _SPOKEN else plain[:_SPOKEN].rsplit(" ", 1)[0] + " …"
    return f"{heading}: {cut}" if cut else heading


def _shown(output: Any) -> Any:
    data = output.get("data", {})
    if is_frame(data.get("text/html", "")):
        data["text/html"] = readable(data["text/html"])
    return output


def _heading(line: str, lang: Lang) -> str:
    marks, _, text = line.partition(" ")
    return f"{marks} {in_language(text, lang)}" if marks and not marks.strip("#") else line
