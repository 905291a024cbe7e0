"""An executed notebook as one offline page, and the index over all pages (보고서 쪽).

Pages hold no script and ask nothing of the network; a Content-Security-Policy says so to the browser. The Korean font
is subset to the glyphs a page uses and travels inside it.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import as_file, files
from typing import Any

from smm_analysis.report.catalogue import in_language
from smm_analysis.terms import LANGS, Lang
from smm_analysis.verdict import MIMETYPE, Verdict

_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "all_reports": "All reports",
        "answers": "Answers",
        "code": "code",
        "index_title": "Social-media strategy: questions and answers",
        "report": "Report",
        "made": "Made",
        "older": "from older data",
        "history": "Earlier runs",
        "synthetic": "This data set is simulated: a verdict on it is a method check, not a fact about marketing.",
        "method_check": "method check",
        "supported": "supported",
        "not_supported": "not supported",
        "cannot_tell": "cannot tell",
        "failed": "failed",
        "timeout": "time limit",
        "data": "data",
        "until": "observed until",
        "run": "run",
        "ok_of": "{ok} of {all} reports made",
        "notice": "This report failed in the run of {when}: {error}. Below: its last good page, of the run of {good}.",
        "no_page": "This report failed in the run of {when}: {error}. There is no earlier page to show.",
    },
    "ko": {
        "all_reports": "전체 보고서",
        "answers": "답",
        "code": "코드",
        "index_title": "소셜미디어 전략: 질문과 답",
        "report": "보고서",
        "made": "작성",
        "older": "이전 데이터로 작성",
        "history": "이전 실행",
        "synthetic": "모의 데이터입니다. 이 데이터에 대한 판정은 방법 점검이며 마케팅에 관한 사실이 아닙니다.",
        "method_check": "방법 점검",
        "supported": "지지됨",
        "not_supported": "지지되지 않음",
        "cannot_tell": "알 수 없음",
        "failed": "실패",
        "timeout": "시간 초과",
        "data": "데이터",
        "until": "관찰 종료",
        "run": "실행",
        "ok_of": "보고서 {all}개 중 {ok}개 작성",
        "notice": "{when} 실행에서 이 보고서는 실패했습니다: {error}. 아래는 {good}의 마지막 정상 보고서입니다.",
        "no_page": "{when} 실행에서 이 보고서는 실패했습니다: {error}. 이전 보고서가 없습니다.",
    },
}
_NOTICE = re.compile(r"<!-- notice -->.*?<!-- /notice -->", re.DOTALL)


def verdicts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts an executed notebook's cells show, in their order."""
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    return [output["data"][MIMETYPE] for output in outputs if MIMETYPE in output.get("data", {})]


def render(
    notebook: Any, *, title: str, lang: Lang, brand: str, provenance: str, data_name: str, parameters: Sequence
) -> str:
    """Return an executed notebook as a page in one language: verdicts first, code folded (쪽 만들기).

    `notebook` is an nbformat node; `parameters` a list of dicts with `name`, `value` and `help`.
    """
    from nbconvert import HTMLExporter

    page = {
        "lang": lang,
        "title": title,
        "brand": brand,
        "data_name": data_name,
        "words": _WORDS[lang],
        "css": _css(),
        "verdicts": [Verdict.from_dict(plain).to_html() for plain in verdicts(notebook)],
        "parameters": parameters,
        "provenance": provenance,
    }
    with as_file(files("smm_analysis.report") / "template") as folder:
        exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(folder)])
        html, _ = exporter.from_notebook_node(_in_one_language(notebook, lang), resources={"page": page})
    return embed_font(html)


def failed_page(last_good: str | None, *, title: str, lang: Lang, error: str, when: str, good: str) -> str:
    """Return the last good page with a notice of the failure on top, or a page that only has the notice."""
    text = _WORDS[lang]["notice" if last_good else "no_page"].format(error=error, when=_when(when), good=_when(good))
    notice = f'<!-- notice --><p class="notice" role="alert">{escape(text)}</p><!-- /notice -->'
    if last_good:
        return embed_font(_NOTICE.sub(lambda _: notice, last_good, count=1))
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
    head += f'<meta name="viewport" content="width=device-width"><style>{_css()}</style>'
    link = f'<p class="crumbs"><a href="index.html">{_WORDS[lang]["all_reports"]}</a></p>'
    return embed_font(f"{head}{link}<h1>{escape(title)}</h1>{notice}</html>")


def render_index(
    manifest: Mapping[str, Any], history: Iterable[tuple[str, Mapping[str, Any]]], *, lang: Lang, **more: Any
) -> str:
    """Return the page over all reports of a manifest, the asked language first (색인).

    `more` has `data_name`, `period`, `synthetic`, `provenance` and `history_prefix`, the relative way to `runs/`.
    """
    from jinja2 import Environment, FileSystemLoader

    words = _WORDS[lang]
    earlier = [{"stamp": stamp, "made": _when(stamp), "summary": _summary(past, words)} for stamp, past in history]
    with as_file(files("smm_analysis.report") / "template" / "index") as folder:
        template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template("index.html.j2")
        html = template.render(
            lang=lang, words=words, css=_css(), reports=_index_rows(manifest, lang), history=earlier, **more
        )
    return embed_font(html)


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
    words = _WORDS[lang]
    parts = [f"{words['data']}: {data_name}" if data_name else "", f"sha256 {sha256[:12]}" if sha256 else ""]
    parts += [f"{words['until']} {observed_until}" if observed_until else "", f"{words['run']} {stamp}"]
    parts += [" ".join(f"{name} {version}" for name, version in versions.items()), f"git {git[:12]}" if git else ""]
    return " · ".join(part for part in parts if part)


def embed_font(html: str) -> str:
    """Put a font into the page, subset to the page's own characters, in the place of an earlier one."""
    html = re.sub(r"/\* font \*/.*?/\* /font \*/", "", html, flags=re.DOTALL)
    data = base64.b64encode(_subset("".join(sorted(set(html))))).decode()
    face = f'/* font */@font-face{{font-family:"smm";src:url(data:font/woff;base64,{data}) format("woff")}}/* /font */'
    return html.replace("<style>", f"<style>{face}", 1)


def _in_one_language(notebook: Any, lang: Lang) -> Any:
    """Keep one language's prose and headings; leave out the title and what the first screen shows."""
    kept, heading = deepcopy(notebook), ""
    other = set(LANGS) - {lang}
    kept.cells = [c for c in kept.cells if not (other | {"injected-parameters"}) & set(c.metadata.get("tags", []))]
    for cell in kept.cells:
        if cell.cell_type == "markdown":
            lines = [_heading(line, lang) for line in cell.source.splitlines()]
            cell.source = "\n".join(line for line in lines if not line.startswith("# "))
            heading = next((line.lstrip("# ") for line in lines if line.startswith("#")), heading)
        elif cell.cell_type == "code":
            cell.metadata["alt"] = heading
            cell.outputs = [o for o in cell.outputs if MIMETYPE not in o.get("data", {})]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = _smaller(output.data["image/png"])
    return kept


def _smaller(png: str) -> str:
    """Return a base64 PNG with a palette instead of full colour: figures have few colours, and a third of the bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _heading(line: str, lang: Lang) -> str:
    marks, _, text = line.partition(" ")
    return f"{marks} {in_language(text, lang)}" if marks and not marks.strip("#") else line


def _index_rows(manifest: Mapping[str, Any], lang: Lang) -> list[dict[str, Any]]:
    """Return a row a report and brand: the page in the asked language if there is one, and links to the others."""
    rows: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for entry in sorted(manifest["reports"], key=lambda entry: entry["lang"] != lang):
        rows.setdefault((entry["name"], entry["brand"]), []).append(entry)
    now = {"", manifest["data"]["sha256"]}
    return [
        {
            **pages[0],
            "made": _when(pages[0]["html_from"] or ""),
            "older": pages[0]["data_sha256"] not in now,
            "pages": pages,
        }
        for pages in rows.values()
    ]


def _summary(manifest: Mapping[str, Any], words: Mapping[str, str]) -> str:
    made = [entry["status"] == "ok" for entry in manifest["reports"] if entry["html_from"] == manifest["stamp"]]
    made += [False for entry in manifest["reports"] if entry["status"] != "ok" and entry["run"] == manifest["stamp"]]
    return words["ok_of"].format(ok=sum(made), all=len(made))


def _when(stamp: str) -> str:
    """Return a run's stamp as a reader's time: 2026-11-23 12:34 UTC."""
    return datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").strftime("%Y-%m-%d %H:%M UTC") if stamp else "–"


def _css() -> str:
    return files("smm_analysis.report").joinpath("template", "page", "style.css").read_text(encoding="utf-8")


@cache
def _font_bytes() -> bytes:
    return files("pylopdf_fonts_ko").joinpath("NotoSansKR-Regular.otf").read_bytes()


def _subset(characters: Sequence[str]) -> bytes:
    """Return the Korean font as WOFF with just these characters."""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=["kern"], hinting=False, notdef_outline=True)
    font = subset.load_font(io.BytesIO(_font_bytes()), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    return buffer.getvalue()
