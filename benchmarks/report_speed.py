"""Twelve parameterised reports: `smm report` against a loop of `papermill` and `jupyter nbconvert` commands.

The notebook is light (imports, a regression, three figures); all run it with the same twelve seeds. Runs alternate, so
that a busy machine is busy for all. The first argument is the number of rounds (default 3), the second how many of the
project's own reports to time (default all, 0 = none).

    python benchmarks/report_speed.py 1 0
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

from smm_analysis import places
from smm_analysis.report import catalogue

REPORTS = 12
CELLS = [
    "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nimport seaborn as sns\n"
    "import statsmodels.formula.api as smf\n\nsns.set_theme()",
    "rng = np.random.default_rng(seed)\nposts = pd.DataFrame({'reach': rng.gamma(2, 500, 200)})\n"
    "posts['shares'] = rng.poisson(posts['reach'] / 100)\nposts.describe()",
    "smf.ols('shares ~ reach', posts).fit(cov_type='HC1').summary()",
    "sns.regplot(posts, x='reach', y='shares')\nplt.show()",
    "sns.histplot(posts, x='shares')\nplt.show()",
    "sns.ecdfplot(posts, x='reach')\nplt.show()",
]


def write_notebook(path: Path) -> Path:
    cell = nbformat.v4.new_code_cell
    parameters = cell("seed: int = 1  # seed [0..] · 씨앗", metadata={"tags": ["parameters"]})
    title = nbformat.v4.new_markdown_cell("# 가벼운 노트북 · A light notebook")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [title, parameters, *map(cell, CELLS)]
    metadata = {"kernelspec": kernel, "smm": {"data": "own"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def by_commands(notebooks: dict[str, Path], parameters: dict[str, list[str]], out: Path) -> None:
    """What people do without a runner: two commands a report."""
    out.mkdir(parents=True, exist_ok=True)
    here = Path(sys.executable).parent
    for name, notebook in notebooks.items():
        executed = out / f"{name}.ipynb"
        run(here / "papermill", notebook, executed, "--cwd", notebook.parent, "--no-progress-bar", *parameters[name])
        run(here / "jupyter", "nbconvert", "--to", "html", executed)


def run(*command: object) -> None:
    """Run a command that must succeed."""
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def by_smm(*arguments: object) -> None:
    run(sys.executable, "-m", "smm_analysis", "report", *arguments)


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Time each way once a round, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            taken[name].append(seconds(work))
    return taken


def print_table(title: str, taken: dict[str, list[float]]) -> None:
    """Print the medians, and of the rounds the ratio to the commands: its median and its range."""
    print(f"\n{title}\n{'':26} {'seconds':>8} {'times faster':>13}   (smallest to largest round)")
    loop = taken["papermill + nbconvert"]
    for name, times in taken.items():
        ratios = [a / b for a, b in zip(loop, times, strict=True)]
        spread = f"({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"{name:26} {statistics.median(times):8.1f} {statistics.median(ratios):13.1f}   {spread}")


def light(folder: Path, rounds: int) -> None:
    notebook = write_notebook(folder / "books" / "light.ipynb")
    numbers = range(1, REPORTS + 1)
    grid = folder / "grid.yaml"
    grid.write_text(f"reports: [light]\nparameters:\n  seed: {list(numbers)}\n", encoding="utf-8")
    notebooks = {f"light{n}": notebook for n in numbers}
    seeds = {f"light{n}": ["-p", "seed", str(n)] for n in numbers}

    def smm(kind: str, *options: str) -> Callable[[], None]:
        out = (folder / f"{kind}{n}" for n in range(rounds))  # a new folder each time: nothing is done already
        return lambda: by_smm("--notebooks", notebook.parent, "--grid", grid, "--out", next(out), *options)

    ways = {
        "papermill + nbconvert": lambda: by_commands(notebooks, seeds, folder / "loop"),
        "smm report": smm("warm"),
        "smm report --cold": smm("cold", "--cold"),
    }
    print_table(f"{REPORTS} reports of a light notebook, {rounds} rounds", alternate(ways, rounds))


def own_reports(folder: Path, count: int) -> None:
    found = catalogue.find([])[:count]
    notebooks = {notebook.name: notebook.path for notebook in found}
    data = str(places.sample())
    given = {n.name: [] if n.brings_its_own_data else ["-p", "data", data] for n in found}
    ways = {
        "papermill + nbconvert": lambda: by_commands(notebooks, given, folder / "own_loop"),
        "smm report": lambda: by_smm(*notebooks, "--out", folder / "own_warm"),
        "smm report --cold": lambda: by_smm(*notebooks, "--cold", "--out", folder / "own_cold"),
    }
    print_table(f"the project's own {len(notebooks)} reports, 1 round", alternate(ways, 1))


def refusal(folder: Path, rounds: int = 5) -> None:
    command = [sys.executable, "-m", "smm_analysis", "report", "-p", "sed=1", "--out", str(folder / "refused")]

    def refused() -> None:
        assert subprocess.run(command, capture_output=True).returncode == 2

    before = os.times()
    taken = sorted(seconds(refused) for _ in range(rounds))
    worked = sum(os.times()[2:4]) - sum(before[2:4])
    median = f"{taken[rounds // 2]:.2f} s (median of {rounds}, {taken[0]:.2f} at best)"
    print(f"\na wrong parameter is refused in {median}, {worked / rounds:.2f} s of it at work")


def main() -> None:
    rounds, own = (int(text) for text in (*sys.argv[1:], *("3", "99")[len(sys.argv) - 1 :]))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores{load} at the start")
    with tempfile.TemporaryDirectory() as folder:
        refusal(Path(folder))
        light(Path(folder), rounds)
        if own:
            own_reports(Path(folder), own)


if __name__ == "__main__":
    main()
