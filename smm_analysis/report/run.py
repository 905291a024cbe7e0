"""Run notebooks into reports: check everything, execute in a pool of processes, publish as a whole."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from smm_analysis import places, tables
from smm_analysis.report import page
from smm_analysis.report.catalogue import Notebook, ReportError, check_parameters, find
from smm_analysis.report.index import render_index
from smm_analysis.report.publish import Shelf, write_text
from smm_analysis.report.work import Job, die_with_parent, entry, execute, one_line
from smm_analysis.terms import Lang

OK, SOME_FAILED, BAD_INPUT, LOCKED = 0, 1, 2, 75
_VERSIONED = ("smm-analysis", "pandas", "numpy", "scipy", "statsmodels", "papermill")


class Locked(RuntimeError):
    """Another run is publishing in the same folder."""


@dataclass(frozen=True)
class DataSource:
    """What a run reads (데이터 원천): the folder, its fingerprint and its description."""

    path: Path
    sha256: str
    tables: tables.Tables

    @classmethod
    def open(cls, path: Path) -> DataSource:
        """Load and check the whole data set, once; a DataError says what is wrong with it."""
        whole = tables.load(path)
        return cls(path.resolve(), _fingerprint(path), whole)

    @property
    def dataset(self) -> tables.Dataset:
        """The data set's description."""
        return self.tables.dataset


def run(
    names: Sequence[str] = (),
    *,
    data: Path | None = None,
    given: Mapping[str, str] | None = None,
    lang: Lang = "en",
    out: Path = Path("reports"),
    jobs: int = 0,
    timeout: int = 600,
    notebooks: Path | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Make reports and publish them (보고서 만들기).

    Parameters
    ----------
    names
        Reports by name or path; none = all whose tables the data set has. What is skipped is said.
    data
        The data set's folder; none = the simulated sample.
    given
        Parameters as text, by name; see `catalogue.check_parameters`.
    lang
        The language of the pages, unless `given` has one.
    out
        Where `latest` and `runs` are.
    jobs
        Processes at a time; 0 = one a core.
    timeout
        Seconds a single cell may take.
    notebooks
        Where to look notebooks up; none = the project's own.
    say
        Called with each line of progress.

    Returns
    -------
    int
        0 if all reports were made, 1 if some failed.

    Raises
    ------
    ReportError, tables.DataError
        Bad names, parameters or data; raised before any kernel starts, with nothing written.
    Locked
        Another run holds the folder.

    """
    given = dict(given or {})
    chosen = find(names, notebooks)
    if not all(notebook.brings_its_own_data for notebook in chosen):
        if data and given.get("data"):
            raise ReportError("the data set is given twice, with --data and with -p data=; give it once")
        data = Path(given.pop("data", "") or data or places.sample())
    source = DataSource.open(data or places.sample())
    chosen, skipped = _runnable(chosen, source, named=bool(names))
    if not chosen:
        raise ReportError("no report can run: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()))
    values = check_parameters(given, chosen, named=bool(names))
    lang = given.get("lang", lang)
    plans = [(notebook, _complete(notebook, values[notebook.name], source, lang)) for notebook in chosen]
    shelf = Shelf(out.resolve())
    shelf.check()
    with _locked(out):
        shelf.recover()
        stamp, staged = shelf.stage()
        for name, reason in skipped.items():
            say(f"skipped {name}: {reason}")
        try:
            manifest = _make(plans, source, stamp, staged, jobs=jobs, timeout=timeout, shelf=shelf, say=say)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        manifest["skipped"] = skipped
        index = partial(_index, manifest, shelf.history(), source, lang)
        write_text(staged / "index.html", index(history_prefix="../"))
        write_text(staged / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        shelf.publish(stamp, staged, index=index(history_prefix="../runs/"))
    say(str((shelf.latest / "index.html").resolve()))
    return OK if manifest["status"] == "ok" else SOME_FAILED


def _runnable(
    notebooks: Sequence[Notebook], source: DataSource, *, named: bool
) -> tuple[list[Notebook], dict[str, str]]:
    """Split notebooks into those that can run here and those that cannot, with the reason; a named one must run."""
    skipped = {}
    for notebook in notebooks:
        try:
            _check_requirements(notebook)
            if not notebook.brings_its_own_data:
                source.tables.cut(need=notebook.tables)
        except (ReportError, tables.DataError) as error:
            if named:
                raise type(error)(f"{notebook.name}: {error}") from None
            skipped[notebook.name] = str(error).splitlines()[0]
    return [notebook for notebook in notebooks if notebook.name not in skipped], skipped


def _check_requirements(notebook: Notebook) -> None:
    for distribution, extra in notebook.requires.items():
        try:
            version(distribution)
        except PackageNotFoundError:
            message = f'{notebook.name} needs the package {distribution}: pip install "smm-analysis[{extra}]"'
            raise ReportError(message) from None


def _complete(notebook: Notebook, values: dict[str, Any], source: DataSource, lang: Lang) -> dict[str, Any]:
    """Return a value for every declared parameter, and check the part of the data that they choose."""
    defaults = {name: parameter.default for name, parameter in notebook.parameters.items()}
    complete = {**defaults, "lang": lang, **values}
    if not notebook.brings_its_own_data:
        complete |= {"data": str(source.path), "brand": source.tables.one_brand(complete.get("brand", ""))}
        source.tables.cut(need=notebook.tables, **{key: complete.get(key, "") for key in ("brand", "since", "until")})
    return {name: complete[name] for name in defaults}


def _make(
    plans: Sequence[tuple[Notebook, dict[str, Any]]],
    source: DataSource,
    stamp: str,
    staged: Path,
    *,
    jobs: int,
    timeout: int,
    shelf: Shelf,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Execute every plan in the pool and return the manifest; pages that are not of this run are carried over."""
    started = datetime.now(UTC)
    about = {"versions": {name: version(name) for name in _VERSIONED}, "git": _git_commit()}
    before = shelf.manifest()
    shared = {"timeout": timeout, "about": about, "before": before}
    todo = [_job(notebook, values, source, stamp, staged, **shared) for notebook, values in plans]
    (staged / "notebooks").mkdir()
    entries = {}
    for job, made in _executed(todo, jobs or os.cpu_count() or 1):
        entries[job.slug] = made
        done = f"[{len(entries)}/{len(todo)}]"
        say(f"{done} {made['status']:7} {job.slug}  {made['seconds']:.1f} s  {made['error'] or ''}".rstrip())
    reports = [entries[job.slug] for job in todo]
    failed = [report for report in reports if report["status"] != "ok"]
    for report in failed:
        _carry_last_good(report, before, shelf, staged)
    reports += _carried_over(reports, before, source, shelf, staged)
    _link_languages(reports, staged)
    return {
        "status": "failed" if failed else "ok",
        "stamp": stamp,
        "started_at": started.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        "data": {"path": str(source.path), "sha256": source.sha256},
        "reports": reports,
    }


def _executed(todo: Sequence[Job], workers: int) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield each job with its manifest entry, as they finish.

    A worker that is killed (memory, say) takes the pool and its neighbours' work with it: what was lost is done again,
    each job in a pool of its own, so that only the culprit fails.
    """
    lost = []
    with _pool(min(len(todo), workers)) as pool:
        futures = {pool.submit(execute, job): job for job in todo}
        for future in as_completed(futures):
            if isinstance(future.exception(), BrokenProcessPool):
                lost.append(futures[future])
            else:
                yield futures[future], _entry_of(future, futures[future])
    for job in lost:
        with _pool(1) as pool:
            future = pool.submit(execute, job)
            yield job, _entry_of(future, job)


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=die_with_parent)


def _entry_of(future: Future, job: Job) -> dict[str, Any]:
    error = future.exception()
    return entry(job, status="failed", error=one_line(error), seconds=0.0) if error else future.result()


def _job(
    notebook: Notebook,
    values: Mapping[str, Any],
    source: DataSource,
    stamp: str,
    staged: Path,
    *,
    timeout: int,
    about: Mapping[str, Any],
    before: Mapping[str, Any],
) -> Job:
    lang: Lang = values.get("lang", "en")
    own = notebook.brings_its_own_data
    data_name = "" if own else source.dataset.name
    data = {"observed_until": f"{source.dataset.observed_until:%Y-%m-%d}", "sha256": source.sha256}
    job = Job(
        notebook=notebook.path,
        name=notebook.name,
        title=notebook.title(lang),
        question=notebook.question(lang),
        lang=lang,
        brand="" if own else values.get("brand", ""),
        values=dict(values),
        rows=_parameter_rows(notebook, values, lang),
        data_name=data_name,
        data_sha256="" if own else source.sha256,
        provenance=page.provenance(lang, data_name=data_name, stamp=stamp, **({} if own else data), **about),
        stamp=stamp,
        folder=staged,
        timeout=timeout,
    )
    last = next((old for old in before.get("reports", ()) if old["html"] == f"{job.slug}.html"), {})
    return replace(job, before=last.get("verdicts", ()), before_stamp=last.get("html_from") or "")


def _link_languages(reports: Sequence[Mapping], staged: Path) -> None:
    """Let each page lead to the same report in the other language, where there is one."""
    for report in reports:
        same = [r for r in reports if (r["name"], r["brand"]) == (report["name"], report["brand"]) and r is not report]
        path = staged / report["html"]
        linked = page.link_languages(path.read_text(encoding="utf-8"), {r["lang"]: r["html"] for r in same})
        write_text(path, linked)


def _parameter_rows(notebook: Notebook, values: Mapping[str, Any], lang: Lang) -> list[dict[str, str]]:
    """Return the parameters a page shows; the data's path stays out, it is this machine's affair."""
    return [
        {"name": p.name, "value": str(values[p.name]), "help": getattr(p, f"help_{lang}")}
        for p in notebook.parameters.values()
        if p.name not in ("data", "lang")
    ]


def _carry_last_good(entry: dict[str, Any], before: Mapping[str, Any], shelf: Shelf, staged: Path) -> None:
    """Give a failed report its last good page, with a notice of the failure on it."""
    old_page = shelf.latest / entry["html"]
    known = (old for old in before.get("reports", ()) if old["html"] == entry["html"] and old["html_from"])
    last = next(known, None) if old_page.is_file() else None
    last_good = old_page.read_text(encoding="utf-8") if last else None
    entry["html_from"] = last["html_from"] if last else None
    html = page.failed_page(
        last_good,
        title=entry["title"],
        lang=entry["lang"],
        error=entry["error"],
        when_failed=entry["run"],
        good=entry["html_from"] or "",
    )
    write_text(staged / entry["html"], html)


def _carried_over(
    made: Sequence[Mapping], before: Mapping[str, Any], source: DataSource, shelf: Shelf, staged: Path
) -> list[dict[str, Any]]:
    """Keep what earlier runs made from the same folder and this one did not make again.

    The data may have changed since: each entry says in `data_sha256` what it was made from, and the index marks it.
    """
    if before.get("data", {}).get("path") != str(source.path):
        return []
    renewed = {report["html"] for report in made}
    there = [report for report in before["reports"] if (shelf.latest / report["html"]).is_file()]
    kept = [report for report in there if report["html"] not in renewed]
    for report in kept:
        for part in ("html", "notebook"):
            if (shelf.latest / report[part]).is_file():
                shutil.copy2(shelf.latest / report[part], staged / report[part])
    return kept


def _index(
    manifest: Mapping[str, Any],
    history: Sequence[tuple[str, Mapping[str, Any]]],
    source: DataSource,
    lang: Lang,
    *,
    history_prefix: str,
) -> str:
    dataset = source.dataset
    about = {"versions": manifest["versions"], "git": manifest["git"], "sha256": source.sha256}
    return render_index(
        manifest,
        history,
        lang=lang,
        data_name=dataset.name,
        period=f"{dataset.observed_until:%Y-%m-%d}",
        synthetic=dataset.synthetic,
        provenance=page.provenance(lang, data_name=dataset.name, stamp=manifest["stamp"], **about),
        history_prefix=history_prefix,
    )


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise Locked(f"another run is publishing in {out}; this one did nothing") from None
    try:
        yield
    finally:
        lock.release()


def _fingerprint(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of all files of a data set."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _git_commit() -> str | None:
    """Return the commit the notebooks are at, with a plus sign if changed since; None outside a repository."""
    folder = places.notebooks()
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "--", "."], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed.stdout.strip() else "")
