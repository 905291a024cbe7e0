"""The notebooks a run can make reports of, and the typed parameters each declares."""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smm_analysis import places
from smm_analysis.report.light import import_nbformat
from smm_analysis.report.masking import MASK, is_secret
from smm_analysis.report.words import told
from smm_analysis.terms import Lang, label
from smm_analysis.told import Told, ToldError

if TYPE_CHECKING:
    import pandas as pd

_TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_OF_THE_DATA_SET = frozenset({"data", "brand", "since", "until"})
_ALLOWED = re.compile(r"\s*\[([^\]]*)\]")


class ReportError(ToldError):
    """A mistake in what was asked of the runner: a name, a parameter, a notebook. The text says how to mend it."""

    def named(self, name: str) -> ReportError:
        """Return the same error as the one of a report or a place in a file (이름을 붙인 오류)."""
        return ReportError(told("of", name=name, what=self.args[0]))


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell (매개변수): ``weeks: int = 52  # horizon, weeks [1..104] · 기간(주)``.

    `kind` is int, float, str or bool. In the comment ``[low..high]`` is a closed range (either end may be missing),
    ``[a|b|c]`` the choices and ``[date]`` an ISO date or nothing.
    """

    name: str
    kind: str
    default: Any
    help_en: str
    help_ko: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    is_date: bool = False

    @classmethod
    def from_comment(cls, name: str, kind: str, default: Any, comment: str) -> Parameter:
        """Return the parameter a declaration and its comment describe."""
        match = _ALLOWED.search(comment)
        allowed = match[1].strip() if match else ""
        en, _, ko = _ALLOWED.sub("", comment, count=1).partition(" · ")
        limits: dict[str, Any] = {}
        if allowed == "date":
            limits["is_date"] = True
        elif ".." in allowed:
            low, high = allowed.split("..")
            limits |= {"low": float(low or -math.inf), "high": float(high or math.inf)}
        elif allowed:
            limits["choices"] = tuple(choice.strip() for choice in allowed.split("|"))
        return cls(name, kind, default, en.strip(), ko.strip() or en.strip(), **limits)

    @property
    def allowed(self) -> Told:
        """What is allowed, in words."""
        if self.choices:
            return told("one_of", choices=", ".join(self.choices))
        form = told("form_date" if self.is_date else f"form_{self.kind}")
        if math.isinf(self.low) and math.isinf(self.high):
            return form
        limits = "at_least" if math.isinf(self.high) else "at_most" if math.isinf(self.low) else "between"
        return told(limits, what=form, low=self.low, high=self.high)

    def parse(self, text: str) -> Any:
        """Return the typed value of what was given on the command line; a ReportError says what is allowed."""
        try:
            value = self._convert(text)
        except (ValueError, KeyError):
            raise self._refusal(text) from None
        in_range = not isinstance(value, (int, float)) or (math.isfinite(value) and self.low <= value <= self.high)
        if not in_range or (self.choices and value not in self.choices):
            raise self._refusal(text)
        return value

    def _convert(self, text: str) -> Any:
        if self.is_date and text:
            return date.fromisoformat(text).isoformat()
        if self.kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        return _TYPES[self.kind](text)

    def _refusal(self, text: str) -> ReportError:
        given = MASK if self.is_secret else repr(text)
        meant = Told.of(self.help_en, self.help_ko)
        return ReportError(told("bad_value", name=self.name, help=meant, allowed=self.allowed, given=given))

    @property
    def is_secret(self) -> bool:
        """Whether its value is masked wherever a run writes it (비밀 값)."""
        return is_secret(self.name)


@dataclass(frozen=True)
class Notebook:
    """One notebook that can be run into a report."""

    path: Path

    @property
    def name(self) -> str:
        """The report's name: the file's name without its ending."""
        return self.path.stem

    @cached_property
    def content(self) -> dict[str, Any]:
        """The notebook as JSON; `validate` checks the whole of it."""
        try:
            plain = json.loads(self.path.read_text(encoding="utf-8"))
            if plain["nbformat"] == 4 and all({"cell_type", "metadata", "source"} <= c.keys() for c in plain["cells"]):
                return plain
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        return self.validate()

    def validate(self) -> dict[str, Any]:
        """Return the notebook as nbformat reads it; a ReportError if its format is broken."""
        nbformat = import_nbformat()  # a tenth of a second: only for a notebook that will run, or that looks wrong

        try:
            notebook = nbformat.read(self.path, as_version=4)
            nbformat.validate(notebook)
            return notebook
        except Exception as error:  # nbformat raises many kinds, by what is broken
            raise ReportError(told("not_a_notebook", file=self.path.name, why=_first_line(error))) from None

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables it needs, from the notebook's `smm` metadata."""
        return tuple(self._metadata.get("tables", ()))

    @property
    def brings_its_own_data(self) -> bool:
        """Whether it reads data of its own (a case), so that a run's data set and brand do not apply."""
        return self._metadata.get("data") in {"own", "simulated"}

    @property
    def simulates_its_own_data(self) -> bool:
        """Whether those data are simulated."""
        return self._metadata.get("data") == "simulated"

    @property
    def requires(self) -> dict[str, str]:
        """Distributions it needs beyond the package's own, with the extra that brings each."""
        return dict(self._metadata.get("requires", {}))

    @property
    def _metadata(self) -> dict[str, Any]:
        return self.content.get("metadata", {}).get("smm", {})

    def title(self, lang: Lang = "en") -> str:
        """Return the text of its first heading."""
        for source in self._sources("markdown"):
            if source.startswith("# "):
                return in_language(source.splitlines()[0].removeprefix("# "), lang)
        return self.name

    def question(self, lang: Lang = "en") -> str:
        """Return the first line of prose below the heading Question."""
        found = False
        for cell in self.content["cells"]:
            source = "".join(cell["source"]).strip()
            found = found or (source.startswith("## ") and "Question" in source.splitlines()[0])
            if found and lang in cell["metadata"].get("tags", []):
                return source.splitlines()[0].strip("*")
        return ""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters its one cell tagged `parameters` declares, in order."""
        cells = [c for c in self.content["cells"] if "parameters" in c["metadata"].get("tags", [])]
        if len(cells) != 1:
            raise ReportError(told("one_cell", file=self.path.name, n=len(cells)))
        return read_parameters("".join(cells[0]["source"]), origin=self.path.name)

    def _sources(self, cell_type: str) -> list[str]:
        return ["".join(c["source"]) for c in self.content["cells"] if c["cell_type"] == cell_type]


def in_language(text: str, lang: Lang) -> str:
    """Return the half of a bilingual line, ``한국어 · English``, that is in `lang`.

    >>> in_language("질문 · Question", "en"), in_language("NPS", "ko")
    ('Question', 'NPS')
    """
    ko, dot, en = text.partition(" · ")
    return (ko if lang == "ko" or not dot else en).strip()


def read_parameters(source: str, *, origin: str) -> dict[str, Parameter]:
    """Read a parameters cell without running it (매개변수 읽기).

    Every statement must be a typed literal, ``name: type = value  # help``; anything else is a ReportError that names
    the line, because a value computed in that cell could not be checked before a kernel starts.
    """
    lines = source.splitlines()
    found = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ReportError(told("cell_not_python", origin=origin, line=error.lineno, why=error.msg)) from None
    for statement in statements:
        line = lines[statement.end_lineno - 1]
        typed = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value
        kind = ast.unparse(statement.annotation) if typed else ""
        if kind not in _TYPES:
            raise ReportError(told("cell_line", origin=origin, line=line))
        comment = line.partition("#")[2].strip()
        name = statement.target.id
        try:
            found[name] = Parameter.from_comment(name, kind, ast.literal_eval(statement.value), comment)
        except ValueError:
            raise ReportError(told("cell_value", origin=origin, name=name, line=line)) from None
    return found


def find_all(folder: Path | None = None) -> list[Notebook]:
    """Return every notebook below `folder` (default: the project's), the questions first, then the cases."""
    folder = folder or places.notebooks()
    paths = [p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    names = [p.stem for p in paths]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ReportError(told("same_name", folder=folder, name=twice[0]))
    return [Notebook(p) for p in sorted(paths, key=lambda p: (len(p.relative_to(folder).parts), p.as_posix()))]


def find(names: Sequence[str], folder: Path | None = None) -> list[Notebook]:
    """Return the notebooks asked for, by name, by ``cases/name`` or by path; all of them for no name."""
    known = find_all(folder)
    if not names:
        if not known:
            raise ReportError(told("no_notebook", folder=folder or places.notebooks()))
        return known
    return [_find_one(name, known) for name in dict.fromkeys(names)]


def _find_one(name: str, known: Sequence[Notebook]) -> Notebook:
    if name.endswith(".ipynb") and Path(name).is_file():
        return Notebook(Path(name).resolve())
    wanted = Path(name.removesuffix(".ipynb")).name
    for notebook in known:
        if notebook.name == wanted:
            return notebook
    begins = [notebook for notebook in known if wanted and notebook.name.startswith(wanted)]
    if len(begins) == 1:  # `smm report 03` is enough
        return begins[0]
    names = [notebook.name for notebook in begins or known]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.4)
    hint = told("did_you_mean", name=near[0]) if near else told("there_are", names=", ".join(names))
    raise ReportError(told("no_report", name=name, hint=hint))


def questions(present: Collection[str], lang: Lang = "en") -> pd.DataFrame:
    """Return the map of the questions (질문 지도): a row a report, what it asks and needs, and which tables it lacks.

    `present` names the tables at hand. Column headings are in `lang`.
    """
    import pandas as pd

    rows = [
        {
            "report": notebook.name,
            "question": notebook.question(lang),
            "tables_needed": ", ".join(notebook.tables) or "–",
            "tables_missing": ", ".join(t for t in notebook.tables if t not in present) or "–",
        }
        for notebook in find_all()
    ]
    return pd.DataFrame(rows).rename(columns=lambda key: label(key, lang)).set_index(label("report", lang))


def open_questions(present: Collection[str]) -> pd.DataFrame:
    """Return how many reports have all their tables at hand, as `key_numbers` takes it (물을 수 있는 보고서)."""
    import pandas as pd

    every = find_all()
    count = sum(set(notebook.tables) <= set(present) for notebook in every)
    return pd.DataFrame(
        [("questions_open", count, float("nan"), float("nan"), len(every))],
        columns=["measure", "estimate", "low", "high", "n"],
    )


def doors(lang: Lang = "en") -> str:
    """Return a list of links to all notebooks but the first, as Markdown (질문 목록): each question is one click.

    Links are relative to the notebooks' folder, so that JupyterLab opens them beside the notebook they stand in.
    """
    folder = places.notebooks()
    linked = {n.path.relative_to(folder).as_posix(): n.question(lang) or n.title(lang) for n in find_all()[1:]}
    return "\n".join(f"- [{question}]({path})" for path, question in linked.items())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def check_parameters(
    given: Mapping[str, str], notebooks: Sequence[Notebook], *, named: bool
) -> dict[str, dict[str, Any]]:
    """Return the typed values for each notebook, by its name (매개변수 검사).

    A parameter must be declared by every notebook of the call if they were `named`, otherwise by at least one. What
    chooses a part of the data set is not for a notebook with data of its own, unless that was named. An unknown name,
    a wrong type or a value out of range is a ReportError that says what is allowed.
    """
    for key in given:
        lacking = [notebook.name for notebook in notebooks if key not in notebook.parameters]
        if lacking and (named or len(lacking) == len(notebooks)):
            raise _unknown_parameter(key, lacking, notebooks)
    parsed: dict[str, dict[str, Any]] = {}
    for notebook in notebooks:
        not_meant = _OF_THE_DATA_SET if notebook.brings_its_own_data and not named else frozenset()
        declared = notebook.parameters.keys() - not_meant
        parsed[notebook.name] = {k: notebook.parameters[k].parse(v) for k, v in given.items() if k in declared}
    return parsed


def _unknown_parameter(key: str, lacking: Sequence[str], notebooks: Sequence[Notebook]) -> ReportError:
    known = list(dict.fromkeys(name for notebook in notebooks for name in notebook.parameters))
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = told("did_you_mean", name=near[0]) if near else told("known", names=", ".join(known))
    return ReportError(told("no_parameter", reports=", ".join(lacking), key=key, hint=hint))
