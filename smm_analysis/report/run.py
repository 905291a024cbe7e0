"""Run notebooks into reports: check everything, execute at once, publish as a whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from smm_analysis import places
from smm_analysis.report import cluster, compare, page, pdf, pool
from smm_analysis.report.claims import render_claims
from smm_analysis.report.grid import Grid, comparison
from smm_analysis.report.index import render_index
from smm_analysis.report.log import Log
from smm_analysis.report.masking import masked
from smm_analysis.report.plan import DataSource, Plan, Request, choose, complete, make_job
from smm_analysis.report.publish import Locked, Shelf, locked, write_text
from smm_analysis.report.words import told
from smm_analysis.report.work import NO_SPACE, Job
from smm_analysis.told import Told

__all__ = ["BAD_INPUT", "LOCKED", "OK", "SOME_FAILED", "DiskFull", "Locked", "Request", "run"]

OK, SOME_FAILED, BAD_INPUT, LOCKED = 0, 1, 2, 75
_VERSIONED = ("smm-analysis", "pandas", "numpy", "scipy", "statsmodels", "papermill")

Say = Callable[[str], None]


class DiskFull(RuntimeError):
    """There is no space left for the reports; nothing was published."""


def run(request: Request, *, say: Say = print) -> int:
    """Make reports and publish them (보고서 만들기).

    `say` is called with each line of progress, a sentence in both languages.

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
    DiskFull
        The disk is full; what was published before is as it was.

    """
    tasks, grid = choose(request)
    shelf = Shelf(request.out.resolve())
    shelf.check()
    base = shelf.find(request.compare) if request.compare else ""
    browser = pdf.find_browser() if request.pdf else ""
    named = bool(request.names or grid.reports)
    if request.dry_run:
        return _dry_run(*complete(tasks, lang=request.lang, named=named, engine=request.engine), say)
    if shelf.out.is_dir():
        with locked(request.out):  # turned away before anything heavy begins
            pass
    if not request.dask:
        pool.prepare()
    with pool.kernels(cold=request.cold or bool(request.dask)) as environment:
        plans, skipped = complete(tasks, lang=request.lang, named=named, engine=request.engine)
        with locked(request.out), _staged(shelf) as (stamp, staged):
            for name, reason in skipped.items():
                say(told("skipped", name=name, why=reason))
            making = _Run(request, grid, shelf, stamp, staged, say)
            manifest = making.make(plans, environment) | {"skipped": skipped}
            if browser:
                pdf.print_pages(browser, _of_this_run(manifest), staged, at_once=_workers(request))
            manifest |= compare.entry(base, shelf.manifest_of(base), manifest) if base else {}
            _publish(shelf, manifest, staged, plans[0].source, request)
    if base:
        say(compare.table(manifest["compare"], request.lang))
    say(str((shelf.latest / "index.html").resolve()))
    return OK if manifest["status"] == "ok" else SOME_FAILED


def _dry_run(plans: Sequence[Plan], skipped: Mapping[str, str], say: Say) -> int:
    """Say what would run, and write nothing."""
    for plan in plans:
        values = ", ".join(f"{name}={value}" for name, value in masked(plan.values).items())
        say(told("would_run", name=plan.notebook.name, values=values))
    for name, reason in skipped.items():
        say(told("would_skip", name=name, why=reason))
    return OK


@contextmanager
def _staged(shelf: Shelf) -> Iterator[tuple[str, Path]]:
    """Give a run a hidden folder; what is not published is removed, and a full disk is said in a sentence."""
    shelf.recover()
    stamp, staged = shelf.stage()
    try:
        yield stamp, staged
    except BaseException as error:
        shelf.discard(staged)
        full = [os.strerror(number) for number in NO_SPACE]
        if isinstance(error, OSError) and any(text in str(error) for text in full):
            raise DiskFull(told("disk_full", out=shelf.out)) from None
        raise


class _Run:
    """One run at work: its reports made, carried over or found done, and the manifest of them."""

    def __init__(self, request: Request, grid: Grid, shelf: Shelf, stamp: str, staged: Path, say: Say) -> None:
        self.request, self.grid, self.shelf, self.stamp, self.staged = request, grid, shelf, stamp, staged
        self.before = shelf.manifest()
        self.say = say
        self.log = Log(request.log or shelf.out / "log.txt", stamp)
        self.about = {"versions": {name: version(name) for name in _VERSIONED}, "git": _git_commit()}

    def make(self, plans: Sequence[Plan], environment: Mapping[str, str]) -> dict[str, Any]:
        """Make every report and return the manifest; pages that are not of this run are carried over."""
        started = datetime.now(UTC)
        (self.staged / "notebooks").mkdir()
        jobs = [self._job(plan) for plan in plans]
        entries = self._done_before(jobs) if self._in_parts else {}
        todo = [job for job in jobs if job.slug not in entries]
        if entries:
            self.say(told("done_before", n=len(entries), all=len(jobs)))
        for number, (job, made) in enumerate(self._executed(todo, environment), 1):
            entries[job.slug] = made
            self.say(_done(made, job.slug, n=number, all=len(todo)))
            self.log.report(made)
        reports = [entries[job.slug] for job in jobs]
        failed = [report for report in reports if report["status"] != "ok"]
        for report in failed:
            self._carry_last_good(report)
        source = plans[0].source
        everything = reports + self._carried_over(reports, source)
        self._link_languages(everything)
        return {
            "status": "failed" if failed else "ok",
            "stamp": self.stamp,
            "started_at": started.isoformat(timespec="seconds"),
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **self.about,
            "data": {"path": str(source.path), "sha256": source.sha256},
            "data_sha256": sorted({plan.source.sha256 for plan in plans}),
            "reports": everything,
            **({"grid": comparison(self.grid, reports)} if self.grid.lists else {}),
        }

    @property
    def _in_parts(self) -> bool:
        """Whether finished reports wait in a store, so that an unfinished run can be taken up again."""
        return bool(self.grid.lists or self.request.dask)

    def _job(self, plan: Plan) -> Job:
        store = self.shelf.parts if self._in_parts else None
        job = make_job(plan, self.request, stamp=self.stamp, folder=self.staged, about=self.about, store=store)
        last = next((old for old in self.before.get("reports", ()) if old["html"] == f"{job.slug}.html"), {})
        return replace(job, before=last.get("verdicts", ()), before_stamp=last.get("html_from") or "")

    def _executed(self, todo: Sequence[Job], environment: Mapping[str, str]) -> Iterator[pool.Made]:
        """Execute the jobs here or on a cluster, and bring home what was made in the store."""
        if self.request.dask:
            made = cluster.executed(todo, self.request.dask, cold=self.request.cold)
        else:
            made = pool.executed(todo, _workers(self.request), environment, retry=bool(self.grid.lists))
        for job, entry in made:
            yield job, self._from_store(job, entry) if job.store else entry

    def _from_store(self, job: Job, entry: dict[str, Any]) -> dict[str, Any]:
        place = job.store / job.inputs
        if place.is_dir():
            leave = shutil.ignore_patterns("entry.json")
            shutil.copytree(place, self.staged, dirs_exist_ok=True, ignore=leave)
            self.staged.chmod(0o700)
        return entry | {"run": self.stamp, "html_from": self.stamp if entry["status"] == "ok" else None}

    def _done_before(self, jobs: Sequence[Job]) -> dict[str, dict[str, Any]]:
        """Return the entries of reports made from the same inputs: in `latest`, or by a run that was not finished."""
        held = {report["html"]: report for report in self.before.get("reports", ()) if report["status"] == "ok"}
        done = {}
        for job in jobs:
            last = held.get(f"{job.slug}.html", {})
            if last.get("inputs") == job.inputs and (self.shelf.latest / last["html"]).is_file():
                self._copy(last)
                done[job.slug] = last
            elif made := pool.finished(job):
                done[job.slug] = self._from_store(job, made)
        return done

    def _copy(self, report: Mapping[str, Any]) -> None:
        """Take an earlier report's files along."""
        for name in (report["html"], report["notebook"], report.get("pdf"), *report.get("figures", ())):
            if name and (self.shelf.latest / name).is_file():
                (self.staged / name).parent.mkdir(exist_ok=True)
                shutil.copy2(self.shelf.latest / name, self.staged / name)

    def _carry_last_good(self, entry: dict[str, Any]) -> None:
        """Give a failed report its last good page, with a notice of the failure on it."""
        old_page = self.shelf.latest / entry["html"]
        known = (old for old in self.before.get("reports", ()) if old["html"] == entry["html"] and old["html_from"])
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
        write_text(self.staged / entry["html"], html)

    def _carried_over(self, made: Sequence[Mapping], source: DataSource) -> list[dict[str, Any]]:
        """Keep what earlier runs made from the same folder and this one did not make again.

        The data may have changed since: each entry says in `data_sha256` what it was made from, and the index marks it.
        """
        if self.before.get("data", {}).get("path") != str(source.path):
            return []
        renewed = {report["html"] for report in made}
        there = [report for report in self.before["reports"] if (self.shelf.latest / report["html"]).is_file()]
        kept = [report for report in there if report["html"] not in renewed]
        for report in kept:
            self._copy(report)
        return kept

    def _link_languages(self, reports: Sequence[Mapping[str, Any]]) -> None:
        """Let each page lead to the same report in the other language, where there is one."""
        sisters: dict[str, dict[str, str]] = {}
        for report in reports:
            stem = report["html"].removesuffix(f".{report['lang']}.html")
            sisters.setdefault(stem, {})[report["lang"]] = report["html"]
        for report in reports:
            stem, path = report["html"].removesuffix(f".{report['lang']}.html"), self.staged / report["html"]
            others = {lang: name for lang, name in sisters[stem].items() if lang != report["lang"]}
            html = path.read_text(encoding="utf-8")
            if (linked := page.link_languages(html, others)) != html:
                write_text(path, linked)


def _done(made: Mapping[str, Any], slug: str, **counted: int) -> Told:
    """Say that a report is made, or why not."""
    why = f"  {made['error']}" if made["error"] else ""
    return told("done", status=told(f"done_{made['status']}"), slug=slug, seconds=made["seconds"], why=why, **counted)


def _of_this_run(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [report for report in manifest["reports"] if report["html_from"] == manifest["stamp"]]


def _workers(request: Request) -> int:
    """Return how many reports to make at once; a report waits for its kernel's messages about half of its time."""
    return request.jobs or (os.cpu_count() or 1) + 2


def _publish(shelf: Shelf, manifest: dict[str, Any], staged: Path, source: DataSource, request: Request) -> None:
    superseded = shelf.superseded(request.keep, manifest)
    history = shelf.history(without=superseded)
    about = _about(manifest, source, request.index_lang)
    index = partial(render_index, manifest, history, **about)
    write_text(staged / "index.html", index(history_prefix="../"))
    write_text(staged / "claims.html", render_claims(manifest, history, **about))
    write_text(staged / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    shelf.publish(manifest["stamp"], staged, index=index(history_prefix="../runs/"))
    shutil.rmtree(shelf.parts, ignore_errors=True)
    shelf.remove(superseded)


def _about(manifest: Mapping[str, Any], source: DataSource, lang: str) -> dict[str, Any]:
    """Return what the pages over all reports say of data and run, and their language."""
    dataset = source.dataset
    made_by = {"versions": manifest["versions"], "git": manifest["git"], "sha256": source.sha256}
    return {
        "lang": lang,
        "data_name": dataset.name,
        "period": f"{dataset.observed_until:%Y-%m-%d}",
        "synthetic": dataset.synthetic,
        "provenance": page.provenance(lang, data_name=dataset.name, stamp=manifest["stamp"], **made_by),
    }


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
