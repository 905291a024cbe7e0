"""The project's own notebooks, run on the sample in both languages: what a stranger gets from `make report`."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest
from chromium import visit
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from smm_analysis.cli import main

ROOT = Path(__file__).parents[1]
HOME = str(Path.home())


@pytest.fixture(scope="module")
def latest(tmp_path_factory):
    out = tmp_path_factory.mktemp("reports")
    for lang in ("ko", "en"):
        result = CliRunner().invoke(main, ["report", "--out", str(out), "--lang", lang], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return out / "latest"


@pytest.fixture(scope="module")
def reports(latest):
    return json.loads((latest / "manifest.json").read_text("utf-8"))["reports"]


def test_every_notebook_is_there_in_both_languages(reports):
    names = {p.stem for p in (ROOT / "notebooks").rglob("[!.]*.ipynb") if ".ipynb_checkpoints" not in p.parts}
    assert {(r["name"], r["lang"]) for r in reports} >= {(name, lang) for name in names for lang in ("en", "ko")}
    assert {r["status"] for r in reports} == {"ok"}


def test_no_cell_warns(latest, reports):
    for report in reports:
        cells = nbformat.read(latest / report["notebook"], as_version=4).cells
        streams = [o for c in cells for o in c.get("outputs", ()) if o.output_type == "stream" and o.name == "stderr"]
        assert not streams, f"{report['html']}: {streams}"


def test_verdicts_say_the_same_in_both_languages(reports):
    def numbers(report):
        return [(v["claims"], v["decision"], v["estimate"], v["low"], v["high"]) for v in report["verdicts"]]

    english, korean = ({r["name"]: r for r in reports if r["lang"] == lang} for lang in ("en", "ko"))
    for name, report in english.items():
        assert numbers(report) == numbers(korean[name])
        assert all(re.search("[가-힣]", v["text"]) for v in korean[name]["verdicts"])


def test_simulated_data_are_method_checks_and_real_ones_are_not(reports):
    checks = {r["name"]: {v["method_check"] for v in r["verdicts"]} for r in reports if r["verdicts"]}
    real = {"cdnow_repeat_buyers", "colour_tv_1963", "insurance_tv_advertising"}
    assert len(checks) >= 3
    assert checks == {name: {name not in real} for name in checks} and real <= set(checks)


def test_pages_are_small_and_hold_no_path_of_this_machine(latest):
    for path in latest.glob("*.html"):
        html = path.read_text("utf-8")
        assert len(html) < 250_000, path.name
        assert HOME not in html
        assert "...</td>" not in html, f"{path.name} cuts a text off"
        assert str(latest.parents[1]) not in html


class Text(HTMLParser):
    """The characters a page shows."""

    def __init__(self):
        super().__init__()
        self.shown, self.inside = set(), []

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self.inside:
            self.shown |= set(data)


def test_the_font_has_every_character_that_pages_show(latest):
    have = set(map(chr, TTFont(files("pylopdf_fonts_ko").joinpath("NotoSansKR-Regular.otf")).getBestCmap()))
    for path in latest.glob("*.html"):
        text = Text()
        text.feed(path.read_text("utf-8"))
        assert not {c for c in text.shown - have if not c.isspace()}, path.name


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", [False, True])
def test_one_changed_character_in_a_model_makes_nbval_fail(spoilt, tmp_path):
    """On a copy of the project: purchases weigh more instead of less as they age."""
    for name in ("smm_analysis", "notebooks", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    model = tmp_path / "smm_analysis" / "health" / "activity.py"
    source = model.read_text("utf-8")
    assert source.count("np.exp2(-self.ages") == 1
    model.write_text(source.replace("exp2(-self", "exp2(+self") if spoilt else source, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval-lax",
        "-c",
        ROOT / "pyproject.toml",
        tmp_path / "notebooks",
    ]
    run = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True)
    assert run.returncode == spoilt, run.stdout.decode()[-3000:]


@pytest.mark.browser
def test_no_page_asks_anything_of_the_network(latest, tmp_path):
    for path in sorted(latest.glob("*.html")):
        asked, picture = visit(path, tmp_path)
        assert asked == set(), path.name
        assert picture.stat().st_size > 20_000


@pytest.mark.browser
def test_the_network_check_would_see_a_request(tmp_path):
    page = tmp_path / "asking.html"
    page.write_text('<img src="http://127.0.0.1:9/x.png">')
    assert visit(page, tmp_path)[0] == {"http://127.0.0.1:9/x.png"}
