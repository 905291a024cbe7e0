"""What a run will do: from names and parameters as text to jobs, with every mistake found before a kernel starts.

In two steps. `choose` looks at notebooks and parameters alone, so a wrong name or value is refused in a moment;
`complete` reads the data and checks what of them was asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from smm_analysis import places, tables
from smm_analysis.report import page
from smm_analysis.report.catalogue import Notebook, ReportError, check_parameters, find
from smm_analysis.report.grid import Grid, read_grid
from smm_analysis.report.masking import masked
from smm_analysis.report.words import told
from smm_analysis.report.work import Job
from smm_analysis.terms import LANGS, Lang
from smm_analysis.told import Told, in_language, joined


@dataclass(frozen=True)
class Request:
    """What was asked of the runner (요청).

    `names` are reports by name or path, none = all whose tables the data have; `data` is the data set's folder, none =
    the simulated sample; `given` has parameters as text; `lang` is the pages' language unless `given` has one; `out`
    is where `latest` and `runs` are. `jobs` are processes at a time (0 = one a core), `timeout` the seconds a cell may
    take, `cold` asks for plain kernels, `dask` is a scheduler's address, `engine` what tables in parts are read with.
    `keep` is how many runs stay (0 = all), `compare` a run to compare with. `figures` and `pdf` ask for more files
    beside the pages.
    """

    names: Sequence[str] = ()
    data: Path | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    lang: Lang = "en"
    out: Path = Path("reports")
    notebooks: Path | None = None
    grid: Path | None = None
    jobs: int = 0
    timeout: int = 600
    cold: bool = False
    dask: str = ""
    engine: str = ""
    keep: int = 0
    compare: str = ""
    log: Path | None = None
    figures: Literal["", "png", "svg"] = ""
    pdf: bool = False
    dry_run: bool = False

    @property
    def index_lang(self) -> Lang:
        """The language of the index."""
        return self.given.get("lang", self.lang)


@dataclass(frozen=True)
class DataSource:
    """What a run reads (데이터 원천): the folder, its fingerprint, its description, its tables if they are needed.

    Of a data set that outgrows the machine only the `names` of its tables are known here, checked in the engine.
    """

    path: Path
    sha256: str
    dataset: tables.Dataset
    tables: tables.Tables | None
    names: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path, *, whole: bool, engine: str = "") -> DataSource:
        """Load and check the `whole` data set, once, or read its description alone; a DataError says what is wrong."""
        if whole and tables.outgrows(path):
            return cls._checked(path, engine)
        read = tables.load(path, engine=engine) if whole else None
        dataset = read.dataset if read else tables.read_dataset(path)[0]
        return cls(path.resolve(), _fingerprint(path), dataset, read)

    @classmethod
    def _checked(cls, path: Path, engine: str) -> DataSource:
        """Check a large data set where it lies; its rows stay there."""
        found = tables.check(path, engine=engine)
        if not found.ok:
            raise tables.refused(path, found.problems)
        names = tuple(found.tables["table"])
        return cls(path.resolve(), _fingerprint(path), tables.read_dataset(path)[0], None, names)

    @cached_property
    def _cuts(self) -> set[tuple]:
        return set()

    def check_part(self, need: Sequence[str], **part: str) -> None:
        """Refuse a brand or days that these data do not have; the same question is answered once."""
        question = (tuple(need), *sorted(part.items()))
        if question not in self._cuts:
            if self.tables is None:
                tables.check_cut(self.path, self.dataset, self.names, need=need, **part)
            else:
                self.tables.cut(need=need, **part)
            self._cuts.add(question)

    def one_brand(self, brand: str) -> str:
        """Return the brand that is meant; see `tables.Tables.one_brand`."""
        known = self.tables or tables.Tables(self.path, self.dataset, {})
        return known.one_brand(brand)


@dataclass(frozen=True)
class Task:
    """A notebook with the values asked for, typed, before the data are looked at; `point` is its place in the grid."""

    notebook: Notebook
    values: Mapping[str, Any]
    data: Path
    point: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """A notebook with a value for every parameter, checked against the data."""

    notebook: Notebook
    values: Mapping[str, Any]
    source: DataSource
    point: Mapping[str, str]


# --- without the data -------------------------------------------------------------------------------------------------


def choose(request: Request) -> tuple[list[Task], Grid]:
    """Return the notebooks asked for with their typed values, and the grid; a ReportError names what is wrong."""
    grid = read_grid(request.grid) if request.grid else Grid()
    if request.names and grid.reports:
        raise ReportError(told("named_twice", file=grid.origin))
    if twice := sorted(request.given.keys() & grid.lists.keys()):
        raise ReportError(told("given_twice", name=twice[0], file=grid.origin))
    names = request.names or grid.reports
    chosen = find(names, request.notebooks)
    _check_lists(grid, chosen, named=bool(names))
    found = [
        task
        for point in grid.points
        for task in _at_point(point, chosen, request, named=bool(names), origin=grid.origin)
    ]
    once = {(task.notebook.path, str(task.data), json.dumps(task.values)): task for task in found}
    return list(once.values()), grid


def _check_lists(grid: Grid, chosen: Sequence[Notebook], *, named: bool) -> None:
    for name, values in grid.lists.items():
        for value in values if name != "data" else ():
            try:
                check_parameters({name: value}, chosen, named=named)
            except ReportError as error:
                raise error.named(f"{grid.origin}: parameters.{name}") from None


def _at_point(
    point: Mapping[str, str], chosen: Sequence[Notebook], request: Request, *, named: bool, origin: str
) -> Iterator[Task]:
    texts, data = {**request.given, **point}, request.data
    if not all(notebook.brings_its_own_data for notebook in chosen):
        if data and texts.get("data"):
            other = told("in_file", file=origin) if "data" in point else told("with_p")
            raise ReportError(told("data_twice", other=other))
        data = Path(texts.pop("data", "") or data or places.sample())
    typed = check_parameters(texts, chosen, named=named)
    for notebook in chosen:
        here = {name: value for name, value in point.items() if name in typed[notebook.name] or name == "data"}
        if notebook.brings_its_own_data:
            here.pop("data", None)
        folder = places.sample() if notebook.brings_its_own_data and data is None else data
        yield Task(notebook, typed[notebook.name], folder or places.sample(), here)


# --- with the data ----------------------------------------------------------------------------------------------------


def complete(tasks: Sequence[Task], *, lang: Lang, named: bool, engine: str = "") -> tuple[list[Plan], dict[str, str]]:
    """Read the data and return what can run, and what cannot with the reason; a named report must run."""
    needed = {task.data for task in tasks if not task.notebook.brings_its_own_data}
    paths = dict.fromkeys(task.data for task in tasks)
    sources = {path: DataSource.open(path, whole=path in needed, engine=engine) for path in paths}
    skipped = _unable(tasks, sources, named=named)
    plans = []
    for task in (task for task in tasks if task.notebook.name not in skipped):
        try:
            plans.append(_plan(task, sources[task.data], lang))
        except tables.DataError as error:
            if named:
                raise
            sources[task.data].check_part((), **_part(task.values))  # a brand or day that no table has is a mistake
            skipped[task.notebook.name] = _in_short(error)
    if not plans:
        reasons = (told("of", name=name, what=why) for name, why in skipped.items())
        raise ReportError(told("none_runs", why=joined(reasons, "; ")))
    return plans, {name: in_language(why, lang) for name, why in skipped.items()}


def _unable(tasks: Iterable[Task], sources: Mapping[Path, DataSource], *, named: bool) -> dict[str, Told]:
    """Return the notebooks that cannot run here, with the reason."""
    skipped = {}
    for notebook, data in dict.fromkeys((task.notebook, task.data) for task in tasks):
        try:
            notebook.validate()
            _check_requirements(notebook)
            if not notebook.brings_its_own_data:
                sources[data].check_part(notebook.tables)
        except (ReportError, tables.DataError) as error:
            if named:
                raise error.named(notebook.name) from None
            skipped[notebook.name] = _in_short(error)
    return skipped


def _in_short(error: ReportError | tables.DataError) -> Told:
    """Return the first line of an error."""
    return Told.of(*(error.told(lang).splitlines()[0] for lang in LANGS))


def _check_requirements(notebook: Notebook) -> None:
    for distribution, extra in notebook.requires.items():
        try:
            version(distribution)
        except PackageNotFoundError:
            raise ReportError(told("needs_package", report=notebook.name, package=distribution, extra=extra)) from None


def _plan(task: Task, source: DataSource, lang: Lang) -> Plan:
    """Give every declared parameter a value, and check the part of the data that they choose."""
    notebook = task.notebook
    defaults = {name: parameter.default for name, parameter in notebook.parameters.items()}
    values = {**defaults, "lang": lang, **task.values}
    if not notebook.brings_its_own_data:
        values |= {"data": str(source.path), "brand": source.one_brand(values.get("brand", ""))}
        source.check_part(notebook.tables, **_part(values))
    return Plan(notebook, {name: values[name] for name in defaults}, source, task.point)


def _part(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: values.get(key, "") for key in ("brand", "since", "until")}


def make_job(
    plan: Plan, request: Request, *, stamp: str, folder: Path, about: Mapping[str, Any], store: Path | None = None
) -> Job:
    """Return what a worker needs to make this report in `folder`, or in a place of its own in `store`."""
    notebook, values, source = plan.notebook, plan.values, plan.source
    lang: Lang = values.get("lang", "en")
    own = notebook.brings_its_own_data
    data = {"observed_until": f"{source.dataset.observed_until:%Y-%m-%d}", "sha256": source.sha256}
    name, sha256 = ("", "") if own else (source.dataset.name, source.sha256)
    return Job(
        notebook=notebook.path.resolve(),
        name=notebook.name,
        title=notebook.title(lang),
        question=notebook.question(lang),
        lang=lang,
        brand="" if own else values.get("brand", ""),
        values=dict(values),
        rows=_parameter_rows(notebook, values, lang),
        data_name=name,
        simulated=notebook.simulates_its_own_data if own else source.dataset.synthetic,
        data_sha256=sha256,
        provenance=page.provenance(lang, data_name=name, stamp=stamp, **({} if own else data), **about),
        stamp=stamp,
        folder=folder,
        timeout=request.timeout,
        figures=request.figures,
        label=_label(plan),
        inputs=_inputs(plan, request),
        engine=request.engine,
        store=store,
    )


def _parameter_rows(notebook: Notebook, values: Mapping[str, Any], lang: Lang) -> list[dict[str, str]]:
    """Return the parameters a page shows; the data's path stays out, it is this machine's affair."""
    return [
        {"name": p.name, "value": str(masked(values)[p.name]), "help": getattr(p, f"help_{lang}")}
        for p in notebook.parameters.values()
        if p.name not in ("data", "lang")
    ]


def _label(plan: Plan) -> str:
    """Return a report's place in the grid as a part of its file name: what the brand and the language do not say."""
    shown = masked(plan.point) | ({"data": Path(plan.point["data"]).name} if "data" in plan.point else {})
    return "_".join(f"{name}-{value}" for name, value in shown.items() if name not in ("brand", "lang"))


def _inputs(plan: Plan, request: Request) -> str:
    """Return a fingerprint of all that a report's content depends on: same inputs, same report."""
    notebook, own = plan.notebook, plan.notebook.brings_its_own_data
    cells = [(c["cell_type"], "".join(c["source"]), c["metadata"].get("tags", [])) for c in notebook.content["cells"]]
    beside = [path.read_text(encoding="utf-8") for path in sorted(notebook.path.parent.glob("*.py"))]
    values = {name: value for name, value in masked(plan.values).items() if name != "data"}
    source = "" if own else plan.source.sha256
    made_of = [cells, beside, values, source, version("smm-analysis"), request.figures, request.pdf]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _fingerprint(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of all files of a data set."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
