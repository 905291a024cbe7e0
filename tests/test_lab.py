"""The first hour: what a newcomer meets in JupyterLab, in a real headless Chromium, and what goes wrong there."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chromium import browser, open_tab

from smm_analysis import places, tables
from smm_analysis.report import catalogue

ROOT = Path(__file__).parents[1]
START = ROOT / "notebooks" / "00_start_here.ipynb"
PANEL = "[...jupyterapp.shell.widgets('main')].find(w => w.context?.path.endsWith('%s'))"


def options():
    """Return what `make lab` gives JupyterLab, but for the folder."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [line] = re.findall(r"\$\(BIN\)/jupyter lab notebooks (.*) \$\(ARGS\)", makefile)
    return shlex.split(line)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Yield the address of a JupyterLab that runs as `make lab` runs it, on a copy of the notebooks."""
    browser()  # skip before anything is started
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    own = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    env = os.environ | {f"JUPYTER_{name}": str(folder / name.lower()) for name in own}
    env |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    port = free_port()
    headless = ["--no-browser", "--allow-root", "--IdentityProvider.token=", f"--ServerApp.port={port}"]
    headless += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None", "--ServerApp.port_retries=0"]
    command = [sys.executable, "-m", "jupyterlab", str(folder / "notebooks"), *options(), *headless]
    with (folder / "log").open("w") as log:
        lab = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        _wait_for(port, lab, folder / "log")
        yield f"http://127.0.0.1:{port}/"
    finally:
        lab.terminate()
        lab.wait(timeout=30)


def _wait_for(port, lab, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and lab.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


def opened(tab, name):
    """Wait until a notebook is open and its kernel ready, put it in front, and give it a name in the page."""
    tab.call("Emulation.setFocusEmulationEnabled", enabled=True)  # else nothing in a headless window has the focus
    tab.until(f"window.jupyterapp && (window.panel = {PANEL % name})", 120)
    tab.run("jupyterapp.shell.activateById(panel.id); panel.context.ready.then(() => true)")
    tab.until("panel.sessionContext.session?.kernel?.status === 'idle'", 120)


def run_all(tab):
    """Run all cells as the menu does; return the outputs of all, cell by cell."""
    tab.run("jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
    return json.loads(tab.run("JSON.stringify([...panel.content.model.cells].map(c => c.toJSON().outputs ?? []))"))


def verdicts(outputs):
    """Return what each verdict card holds."""
    mime = "application/vnd.smm.verdict+json"
    return [o["data"][mime] for cell in outputs for o in cell if mime in o.get("data", {})]


def write_parameter(tab, old, new):
    """Change a line of the parameters cell."""
    script = (
        f"(() => {{ const cell = [...panel.content.model.cells].find(c => (c.getMetadata('tags') ?? [])"
        f".includes('parameters')); const text = cell.sharedModel.getSource();"
        f"cell.sharedModel.setSource(text.replace({old!r}, {new!r})); return text.includes({old!r}); }})()"
    )
    assert tab.run(script), f"no {old!r} among the parameters"


@pytest.mark.slow
@pytest.mark.browser
def test_the_first_hour(server, tmp_path):
    with open_tab(server, tmp_path, size=(1400, 1000)) as tab:
        opened(tab, "00_start_here.ipynb")
        tab.until("document.querySelector('.jp-RenderedMarkdown a[href*=\"03_nps\"]')", 60)
        tab.run("document.querySelector('.jp-RenderedMarkdown a[href*=\"03_nps\"]').click()")
        opened(tab, "03_nps_vs_customer_health.ipynb")
        outputs = run_all(tab)
        assert not [o for cell in outputs for o in cell if o["output_type"] == "error"]
        assert any("image/png" in o.get("data", {}) for cell in outputs for o in cell)
        slider = "application/vnd.jupyter.widget-view+json"
        assert any(slider in o.get("data", {}) for cell in outputs for o in cell)
        before = verdicts(outputs)
        write_parameter(tab, "delta: float = 5.0", "delta: float = 900.0")
        after = verdicts(run_all(tab))
        assert [v["decision"] for v in before] != [v["decision"] for v in after]
        assert {v["decision"] for v in after} == {"not_supported"}
        assert [v["estimate"] for v in before] == [v["estimate"] for v in after]
        tab.until("document.querySelector('.jp-OutputArea .smm-verdict')", 30)
        tab.picture(tmp_path / "lab.png")


@pytest.mark.slow
@pytest.mark.browser
def test_a_wrong_folder_is_told_without_a_traceback(server, tmp_path):
    with open_tab(f"{server}lab/tree/00_start_here.ipynb", tmp_path) as tab:
        opened(tab, "00_start_here.ipynb")
        write_parameter(tab, 'data: str = ""', 'data: str = "my_dta"')
        errors = [o for cell in run_all(tab) for o in cell if o["output_type"] == "error"]
        assert len(errors) == 1
        told = "\n".join(errors[0]["traceback"])
        assert "그런 폴더가 없습니다" in told and "my_dta: not there" in told
        assert "Traceback" not in told and ".py" not in told


def test_every_question_is_one_click_from_the_start():
    """Paste what `catalogue.doors` returns into the two cells of 00_start_here when a notebook comes."""
    cells = {c["id"]: "".join(c["source"]) for c in json.loads(START.read_text("utf-8"))["cells"]}
    for lang in ("ko", "en"):
        assert cells[f"00-doors-{lang}"].partition("\n\n")[2] == catalogue.doors(lang)
    for link in re.findall(r"\]\((.*?)\)", catalogue.doors("en")):
        assert (START.parent / link).is_file()


def faulty(kind, folder):
    """Return a folder in which one thing is wrong."""
    shutil.copy(places.sample() / "dataset.toml", folder)
    rows = "\n".join((places.sample() / "weekly.csv").read_text("utf-8").splitlines()[:5])
    if kind == "encoding":
        (folder / "weekly.csv").write_text(rows.replace("mirae", "미래"), "cp949")
    elif kind == "column":
        (folder / "weekly.csv").write_text(rows.replace("new_followers", "follower_growth"), "utf-8")
    elif kind == "excel":
        (folder / "weekly.xlsx").write_bytes(b"PK")
    elif kind in ("table", "brand", "date"):
        (folder / "weekly.csv").write_text(rows, "utf-8")
    return folder / "nowhere" if kind == "folder" else folder


@pytest.mark.parametrize(
    ("kind", "korean", "english"),
    [
        ("folder", "그런 폴더가 없습니다", "not there"),
        ("empty", "표가 하나도 없습니다", "without tables"),
        ("encoding", "CP949", "Save it as CSV UTF-8"),
        ("table", "필요한 표가 없습니다", "the table customers is missing"),
        ("column", "열이 빠졌습니다", "new_followers: no such column"),
        ("excel", "엑셀 파일은 바로 읽지 않습니다", "smm import weekly.xlsx"),
        ("brand", "그런 브랜드가 없습니다", "there are: mirae"),
        ("date", "날짜가 아닙니다", "an ISO date such as"),
    ],
)
def test_a_beginners_mistake_reads_as_advice_in_both_languages(kind, korean, english, tmp_path):
    asked = {"table": {"need": ["customers"]}, "brand": {"brand": "miraee"}, "date": {"since": "soon"}}.get(kind, {})
    with pytest.raises(tables.DataError) as caught:
        tables.load(faulty(kind, tmp_path), **asked)
    told = "\n".join(caught.value._render_traceback_())
    assert korean in told and english in told
    assert "Traceback" not in told


def test_ipython_shows_the_advice_in_the_place_of_a_traceback(tmp_path):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as shown:
        shell.run_cell(f"from smm_analysis import tables; tables.load({str(tmp_path / 'nowhere')!r})")
    InteractiveShell.clear_instance()
    assert "그런 폴더가 없습니다" in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stdout + shown.stderr


def test_the_reports_that_can_be_asked_are_counted():
    [row] = catalogue.open_questions({"weekly", "media"}).to_dict("records")
    every = catalogue.find_all()
    asked = [one.name for one in every if set(one.tables) <= {"weekly", "media"}]
    assert {"02_atl_vs_btl_reach", "11_plan_an_experiment"} <= set(asked) and "04_listening" not in asked
    assert (row["estimate"], row["n"]) == (len(asked), len(every))
