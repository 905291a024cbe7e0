"""The `smm` command. Exit codes: 0 fine, 1 some report failed, 2 a mistake in what was asked or given, 75 locked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smm_analysis import __version__
from smm_analysis.told import Words, in_language

if TYPE_CHECKING:
    from smm_analysis.report.catalogue import Notebook

told = Words("smm_analysis")


_SPOKEN = "smm_analysis.lang"  # where a command's context keeps its language


def _remember(ctx: click.Context, _: click.Parameter, lang: str | None) -> str | None:
    """Keep the language in which a command speaks; where no --lang tells it, the variable SMM_LANG does."""
    ctx.meta[_SPOKEN] = lang or ("ko" if os.environ.get("SMM_LANG") == "ko" else "en")
    return lang


_LANG = {
    "type": click.Choice(["en", "ko"]),
    "default": "en",
    "show_default": True,
    "envvar": "SMM_LANG",
    "show_envvar": True,
    "callback": _remember,
    "help": "The language of what is said.",
}


class Mistake(click.ClickException):
    """A user's mistake: one message on standard error, no traceback, exit code 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the message."""
        click.echo(f"smm: {self.format_message()}", err=True)


class Command(click.Command):
    """A command: turns the package's own errors into one message, in its --lang, and an exit code."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not any(option.name == "lang" for option in self.params):
            self.params.append(click.Option(["--lang"], expose_value=False, **_LANG))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a mistake in data, names or parameters becomes a `Mistake`."""
        lang = ctx.meta[_SPOKEN]
        try:
            return super().invoke(ctx)
        except Mistake as mistake:
            raise Mistake(in_language(mistake.message, lang)) from None
        except ValueError as error:
            if _is_mistake(error):
                raise Mistake(error.told(lang)) from None
            raise
        except BrokenPipeError:  # the reader of our output went away; click ends quietly
            raise
        except OSError as error:
            reason = f"{error.strerror}: {error.filename}" if error.filename else str(error)
            raise Mistake(in_language(told("cannot_write", why=reason), lang)) from None


class Commands(click.Group):
    """The command group."""

    command_class = Command


_MISTAKES = {
    "smm_analysis.report.catalogue": "ReportError",
    "smm_analysis.tables": "DataError",
    "smm_analysis.panels": "PanelError",
    "smm_analysis.pseudonyms": "PseudonymError",
}


def _is_mistake(error: ValueError) -> bool:
    """Say whether an error is the user's; what raised it has been imported, nothing else needs to be."""
    known = (getattr(sys.modules[name], kind) for name, kind in _MISTAKES.items() if name in sys.modules)
    return isinstance(error, tuple(known))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smm")
def main() -> None:
    """Test social-media strategy claims on your own data.

    Start with `smm report`, which runs every notebook on the simulated sample and prints the page to open.
    """


@main.command()
@click.argument("names", nargs=-1)
@click.option("--data", type=click.Path(path_type=Path), help="The data set's folder. Default: the simulated sample.")
@click.option(
    "-p", "pairs", multiple=True, metavar="KEY=VALUE", help="A notebook parameter; repeatable. See `smm list`."
)
@click.option("--lang", **_LANG | {"help": "The pages' language."})
@click.option("--out", type=click.Path(path_type=Path), default="reports", show_default=True, help="Where to publish.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Reports at a time. Default: cores and two more.")
@click.option("--timeout", type=click.IntRange(min=1), default=600, show_default=True, help="Seconds a cell may take.")
@click.option("--notebooks", type=click.Path(path_type=Path, exists=True), help="Your own notebooks' folder.")
@click.option("--grid", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Many: lists of parameters.")
@click.option(
    "--engine", default="", envvar="SMM_ENGINE", metavar="URL", help="For tables in parts: spark://HOST:7077."
)
@click.option("--dask", default="", metavar="ADDRESS", help="Work on a Dask cluster: tcp://scheduler:8786.")
@click.option("--pdf", is_flag=True, help="Print each page to PDF too (needs Chromium, Chrome or Edge).")
@click.option("--figures", type=click.Choice(["png", "svg"]), help="Write each figure as a file too, for slides.")
@click.option("--keep", type=click.IntRange(min=1), help="How many runs to keep. Default: all.")
@click.option("--compare", metavar="RUN", default="", help="Say what changed since a run: its stamp, or previous.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Default: log.txt in --out.")
@click.option("--cold", is_flag=True, help="Start every notebook in an interpreter of its own: slower.")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would run; write nothing.")
def report(names: tuple[str, ...], pairs: tuple[str, ...], **options: object) -> None:
    """Run notebooks into reports and print the page to open.

    Without NAMES: every report whose tables the data set has.
    """
    from smm_analysis.report import run as runner

    given = {key: value for key, value in options.items() if value is not None}
    lang = options["lang"]
    try:
        request = runner.Request(names, given=_pairs(pairs), **given)
        code = runner.run(request, say=lambda line: click.echo(in_language(line, lang)))
    except (runner.Locked, runner.DiskFull) as error:
        click.echo(f"smm: {in_language(error.args[0], lang)}", err=True)
        code = runner.LOCKED if isinstance(error, runner.Locked) else runner.SOME_FAILED
    sys.exit(code)


@main.command("list")
@click.option("--lang", **_LANG)
@click.option("--notebooks", type=click.Path(path_type=Path, exists=True), help="Your own notebooks' folder.")
def list_reports(lang: str, notebooks: Path | None) -> None:
    """List the reports, the tables each needs and its parameters."""
    from smm_analysis.report.catalogue import ReportError, find_all

    broken = False
    for notebook in find_all(notebooks):
        try:
            click.echo("\n".join(_described(notebook, lang)))
        except ReportError as error:
            click.echo(f"{notebook.name}\n{in_language(told('cannot_run', why=error.args[0]), lang)}")
            broken = True
    sys.exit(2 if broken else 0)


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--engine", default="", metavar="URL", help="For tables in parts: duckdb://, spark://HOST:7077.")
@click.option("--lang", **_LANG)
def check(data: Path, engine: str, lang: str) -> None:
    """Check a data set: rows read, kept and refused, with file, line, column and what is allowed."""
    from smm_analysis import tables

    result = tables.check(data, engine=engine)
    click.echo(result.told(lang))
    sys.exit(0 if result.ok else 2)


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
def template(out: Path) -> None:
    """Write empty tables and an Excel workbook that explains every column."""
    from smm_analysis import tables

    for path in tables.write_template(out):
        click.echo(path)


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", type=int, required=True, help="Same seed, same bytes.")
@click.option("--brands", type=click.IntRange(1, 9), default=1, show_default=True)
@click.option("--weeks", type=click.IntRange(min=8), default=104, show_default=True)
@click.option("--world", default="default", show_default=True, help="Which claims are true: the mechanism.")
@click.option("--policy", default="planned", show_default=True, help="How managers choose.")
@click.option("--plan", default="", help="The strategy. Default: another one for each brand.")
@click.option("--force", is_flag=True, help="Replace an earlier simulated data set in OUT.")
def sample(out: Path, **options: object) -> None:
    """Simulate a data set with known truth (virtual brands)."""
    from smm_analysis import virtual

    for what, known in {"world": virtual.WORLDS, "policy": virtual.POLICIES, "plan": virtual.PLANS}.items():
        if options[what] and options[what] not in known:
            raise Mistake(told("not_known", what=what, name=options[what], known=", ".join(known)))
    try:
        click.echo(virtual.write_sample(out, **options))
    except FileExistsError:
        raise Mistake(told("no_place_for_sample", folder=out)) from None


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--reader", is_flag=True, help="Leave out solutions and stored results: the students' copy.")
def notebooks(folder: Path, reader: bool) -> None:
    """Copy the notebooks to FOLDER, for editing; run them with `smm report --notebooks FOLDER`.

    With --reader every solution becomes an empty cell for one's own answer; what checks the answers stays.
    """
    import shutil

    from smm_analysis import places

    if folder.exists() and any(folder.iterdir()):
        raise Mistake(told("not_empty", folder=folder))
    shutil.copytree(places.notebooks(), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    if reader:
        from smm_analysis.exercises import write_reader_copies

        write_reader_copies(folder)
    click.echo(folder)


@main.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), default="my_notebooks", show_default=True, help="The folder.")
def new(name: str, out: Path) -> None:
    """Write a notebook for a question of your own: it already runs, checks and reports.

    Open it in JupyterLab, change it, and run it with `smm report --notebooks my_notebooks`.
    """
    from smm_analysis.report.new import write_notebook

    click.echo(write_notebook(name, out))


@main.command()
@click.option("--lang", **_LANG)
@click.option(
    "--reports", type=click.Path(path_type=Path), default="reports", show_default=True, help="Where runs are."
)
@click.option("--csv", type=click.Path(path_type=Path), metavar="FILE", help="Write it as .csv or .xlsx instead.")
def claims(lang: str, reports: Path, csv: Path | None) -> None:
    """Print the claims ledger: every claim of the source texts, its last answer, and what would be needed."""
    import shutil

    from smm_analysis import ledger, tables
    from smm_analysis.report.claims import as_text
    from smm_analysis.report.publish import Shelf

    shelf = Shelf(reports)
    entries = ledger.ledger(shelf.manifest(), lang, past=dict(shelf.history()))
    if csv:
        click.echo(tables.export_table(ledger.as_frame(entries, lang), csv, lang=lang).told(lang))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo(as_text(entries, lang, width=width))


@main.command()
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), default="reports", show_default=True, help="Where runs are.")
@click.option("--lang", **_LANG)
def compare(run: str, out: Path, lang: str) -> None:
    """Say what changed in data and verdicts from RUN (the beginning of its stamp) to the newest run."""
    from smm_analysis.report import compare as comparing
    from smm_analysis.report.publish import Shelf

    shelf = Shelf(out)
    before, newest = shelf.find(run), shelf.manifest()
    compared = comparing.entry(before, shelf.manifest_of(before), newest)["compare"]
    click.echo(comparing.table(compared, lang))


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The data set's folder; new or there.")
@click.option(
    "--draft", type=click.Path(path_type=Path), metavar="TOML", help="Guess a mapping for --sources; no more."
)
@click.option("--as", "source", metavar="SOURCE", help="Which export it is. Default: what the header fits.")
@click.option("--brand", default="", help="Whose rows these are.")
@click.option("--timezone", default="", metavar="ZONE", help="Of times without an offset, such as Asia/Seoul.")
@click.option("--medium", default="", help="Where the texts were written, if the export does not say it.")
@click.option("--date-order", default="", type=click.Choice(["dmy", "mdy", ""]), help="For dates such as 03/04/2025.")
@click.option("--encoding", default="", help="Of CSV and JSON. Default: found out (JSON: UTF-8).")
@click.option("--own", multiple=True, metavar="HANDLE", help="An account of the brand; repeatable, kept as a key.")
@click.option("--staff", multiple=True, metavar="HANDLE", help="An account of its people; repeatable, kept as a key.")
@click.option("--set", "pairs", multiple=True, metavar="COLUMN=VALUE", help="One value for all rows: kind=useful.")
@click.option("--sources", "extra", type=click.Path(path_type=Path), help="A TOML file with exports of your own.")
@click.option("--lang", **_LANG)
@click.option("--rebrand", is_flag=True, help="Move rows that are there under another brand to this one.")
@click.option("--dry-run", is_flag=True, help="Read, check and report; write nothing.")
def import_(
    files: tuple[Path, ...], out: Path | None, draft: Path | None, pairs: tuple[str, ...], **options: object
) -> None:
    """Read export files of listening, social and support tools into a data set.

    CSV in any usual encoding, JSON, JSONL and Excel; data/IMPORTS.md lists the exports. Persons become keys, handles in
    texts are replaced. What does not fit is set aside and listed; nothing is written unless the whole is in order.

    An export that is not known: --draft my.toml writes a mapping guessed from its headings, to be read with --sources.
    """
    from smm_analysis import imports

    if draft:
        click.echo(imports.draft(files[0], draft, encoding=str(options["encoding"])))
        click.echo(in_language(told("draft_written", path=draft), str(options["lang"])))
        return
    if not out:
        raise Mistake(told("where_to"))
    click.echo(str(imports.import_files(files, out, given=_pairs(pairs, "--set kind=useful"), **options)))


@main.command()
@click.argument("handle", default="")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The data set's folder.")
@click.option("--key", default="", help="The person's author key, instead of HANDLE.")
@click.option("--platform", default="", help="Where the handle is theirs. Default: everywhere.")
@click.option("--dry-run", is_flag=True, help="Count, change nothing.")
@click.option("--lang", **_LANG)
def forget(handle: str, data: Path, key: str, platform: str, dry_run: bool, lang: str) -> None:
    """Remove a person's rows from every table of a data set.

    HANDLE in any spelling, or the e-mail address or phone number that served as customer id; - reads it from standard
    input, so that the shell's history does not keep it. Exit code 0 also where nothing was found: then nothing is there
    under this name. The same person may be there under another one (the number behind an X handle, a YouTube channel
    id): give each. `smm export` lists author keys for --key.
    """
    from smm_analysis import forgetting

    handle = sys.stdin.readline().strip() if handle == "-" else handle
    click.echo(forgetting.forget(data, handle, key=key, platform=platform, dry_run=dry_run).told(lang))


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--table", "names", multiple=True, metavar="NAME", help="Only this table; repeatable.")
@click.option("--texts", is_flag=True, help="With what people wrote; quotes can be found by searching for them.")
@click.option(
    "--lang",
    type=click.Choice(["en", "ko"]),
    callback=_remember,
    help="Headings in words, and the language. Default: the column names.",
)
@click.pass_context
def export(ctx: click.Context, data: Path, out: Path, names: tuple[str, ...], texts: bool, lang: str | None) -> None:
    """Write tables for spreadsheets: OUT is one .xlsx file, or a folder for CSV files.

    What a spreadsheet would compute is made text; what was changed is counted. Not for reading back as a data set.
    """
    from smm_analysis import tables

    for done in tables.export_tables(tables.load(data), out, names=names, texts=texts, lang=lang):
        click.echo(done.told(ctx.meta[_SPOKEN]))


def _described(notebook: Notebook, lang: str) -> list[str]:
    """Return the lines that describe a report."""
    tables = in_language(told("tables_needed", tables=", ".join(notebook.tables) or "-"), lang)
    parameters = [
        f"  -p {p.name}={p.default}  {getattr(p, f'help_{lang}')} ({in_language(p.allowed, lang)})"
        for p in notebook.parameters.values()
    ]
    return [notebook.name, f"  {notebook.title(lang)}", tables, *parameters]


def _pairs(pairs: tuple[str, ...], example: str = "-p seed=7") -> dict[str, str]:
    """Split KEY=VALUE options; a missing equals sign or a key given twice is a mistake."""
    option = example.partition(" ")[0]
    split = [pair.partition("=") for pair in pairs]
    wrong = [pair for pair, (key, equals, _) in zip(pairs, split, strict=True) if not (key and equals)]
    if wrong:
        raise Mistake(told("pair", option=option, example=example, given=wrong[0]))
    keys = [key for key, _, _ in split]
    if len(keys) != len(set(keys)):
        raise Mistake(told("pair_twice", option=option))
    return {key: value for key, _, value in split}
