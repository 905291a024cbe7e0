"""What the project says about itself is true: environment, layers, glossary, notebooks, no local path."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from smm_analysis import terms

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "smm_analysis"
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
COMMON_PARAMETERS = {"data", "brand", "since", "until", "lang", "seed"}
HEADINGS = ["Question", "Parameters", "Data", "Model", "Figure", "Verdict", "Limits", "Exercises", "Sources"]
MODELS = {"attention", "cascade", "diffusion", "experiments", "handoff", "health", "listening", "mix", "reach"}
MODELS |= {"relationship", "strategies"}
# who may import whom: a room and what it may use, from the floor plan
MAY_IMPORT = {
    "terms": set(),
    "told": {"terms"},
    "places": set(),
    "estimate": {"terms"},
    "pseudonyms": {"terms", "told"},
    "panels": {"terms", "told"},
    "tables": {"terms", "told", "panels"},
    "imports": {"terms", "told", "tables", "pseudonyms"},
    "forgetting": {"terms", "told", "tables", "pseudonyms"},
    "virtual": {"terms", "tables", "estimate"},
    "handoff": {"terms", "tables", "estimate"},
    "health": {"terms", "tables", "estimate"},
    "listening": {"terms", "tables", "estimate"},
    "attention": {"terms", "tables", "estimate"},
    "reach": {"terms", "tables", "estimate"},
    "mix": {"terms", "tables", "estimate"},
    "relationship": {"terms", "tables", "estimate"},
    "diffusion": {"terms", "tables", "estimate"},
    "cascade": {"terms", "tables", "estimate"},
    "strategies": {"terms", "tables", "estimate", "relationship", "diffusion"},
    "verdict": {"terms"},
    "keynumbers": {"terms", "verdict"},
    "ledger": {"terms", "verdict"},
    "canvas": {"terms", "verdict"},
    "plot": {"terms", "verdict", "canvas", *MODELS},
    "report": {"terms", "told", "places", "tables", "verdict", "keynumbers", "ledger"},
    "experiments": {"terms", "tables", "estimate"},
    "whatif": {"terms", "verdict"},
    "__main__": {"cli"},
    "cli": {"terms", "told", "places", "tables", "pseudonyms", "imports", "forgetting", "virtual", "ledger", "report"}
    | {"exercises"},
    "exercises": {"terms", "verdict", "virtual", "diffusion", "health", "mix"},
}


def bounds(requirement):
    match = re.match(r"([A-Za-z0-9-]+)(?:\[[^\]]*\])?\s*([<>=!][^;]*)?(;.*)?$", requirement)
    return match[1].removesuffix("-base"), match[2] or ""


def test_environment_yml_has_the_bounds_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = dict(map(bounds, project["dependencies"]))
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    conda = dict(bounds(line.strip()[2:]) for line in lines if re.match(r"  - [a-z0-9-]+([<>=].*)?$", line))
    by_pip = {"cynetdiff", "pylopdf-fonts-ko"}  # not on conda-forge
    conda_only = {"python", "pip", "nodefaults", "conda-forge", "nbval"}
    conda_names = {"ibis-framework": "ibis-duckdb"}  # what an extra is called there
    assert {k: v for k, v in conda.items() if k not in conda_only} == {
        conda_names.get(k, k): v for k, v in declared.items() if k not in by_pip
    }
    assert conda["python"] == project["requires-python"]
    assert (
        bounds(next(r for r in project["optional-dependencies"]["test"] if r.startswith("nbval")))[1] == conda["nbval"]
    )


def test_every_requirement_is_locked_with_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["cases"] + extras["dask"] + extras["test"] + extras["lock"][1:]
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    assert {bounds(r)[0].lower() for r in wanted} <= locked
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "://" not in lock


def imports(path):
    """Yield the rooms of the package that a file imports, also inside functions, but not for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {id(n) for node in ast.walk(tree) if is_type_checking(node) for n in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("smm_analysis."))
        elif isinstance(node, ast.ImportFrom):
            here = ["smm_analysis", *path.relative_to(PACKAGE).parts[:-1]]
            above = here[: len(here) + 1 - node.level] if node.level else []
            parts = above + (node.module.split(".") if node.module else [])
            if parts[:1] == ["smm_analysis"]:
                yield from parts[1:2] or [alias.name for alias in node.names]


def is_type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_layers_of_the_floor_plan_hold():
    for path in PACKAGE.rglob("*.py"):
        here = room(path)
        if here != "__init__":
            known = {name for name in imports(path) if name != "__version__"}
            assert known - {here} <= MAY_IMPORT[here], f"{path.name} imports {known - {here} - MAY_IMPORT[here]}"


@pytest.mark.parametrize(
    ("modules", "rooms"),
    [({"matplotlib", "seaborn"}, {"plot"}), ({"papermill", "nbconvert"}, {"report"}), ({"ibis"}, {"panels"})],
)
def test_heavy_libraries_stay_in_their_rooms(modules, rooms):
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            used = {name.split(".")[0] for name in names} & modules
            assert not used or room(path) in rooms, f"{path.name} imports {used}"


def test_importing_the_package_is_cheap():
    code = "import sys, smm_analysis; print({'pandas', 'seaborn', 'statsmodels', 'papermill'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_glossary_is_complete_in_both_languages():
    for key, term in terms.glossary().items():
        lacking = [part for part in ("en", "ko", "definition_en", "definition_ko") if not getattr(term, part)]
        assert not lacking, f"{key} lacks {lacking}"
        assert bool(term.unit_en) == bool(term.unit_ko), f"{key} has a unit in one language only"


def test_an_unknown_term_names_the_nearest():
    with pytest.raises(KeyError, match="nearest: nps"):
        terms.term("npss")


def test_reasons_are_complete_in_both_languages():
    for key, text in terms._read("reasons.toml").items():
        fields = [set(re.findall(r"\{(\w+)", text[lang])) for lang in terms.LANGS]
        assert fields[0] == fields[1], f"{key} fills in other values in Korean than in English"


def test_headed_tables_read_the_glossary():
    import pandas as pd

    table = pd.DataFrame({"predictor": ["nps_only"], "auc": [0.5], "unheard_of": [1]})
    assert list(terms.headed(table, "ko").columns) == ["AUC", "unheard_of"]
    assert terms.headed(table, "ko").index[0] == "NPS 응답만"
    plans = pd.DataFrame({"plan": ["burst", "my own plan"], "outside": ["promo, my_channel", ""], "loyal_low": [1, 2]})
    assert terms.headed(plans, "ko").reset_index().to_numpy().tolist() == [
        ["분기마다 몰아 쓰기", "홍보, my_channel", 1],
        ["my own plan", "", 2],
    ]


def test_the_readmes_first_example_prints_what_it_says():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code, output = re.search(r"```python\n(.*?)```\s*```text\n(.*?)```", text, re.DOTALL).groups()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert run.stdout.strip() == output.strip()


def test_the_readmes_name_every_notebook_and_make_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("README.md", "README.ko.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [p.stem for p in NOTEBOOKS if p.stem not in text] == []
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= set(
            re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
        )


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: p.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def tags(cell):
    return set(cell["metadata"].get("tags", ()))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3


def test_headings_are_the_skeletons_in_both_languages(notebook):
    lines = [
        line for c in notebook["cells"] if c["cell_type"] == "markdown" for line in "".join(c["source"]).splitlines()
    ]
    assert len([line for line in lines if line.startswith("# ")]) == 1
    headings = [line.removeprefix("## ").split(" · ") for line in lines if line.startswith("## ")]
    assert [en for _, en in headings] == HEADINGS
    assert all(re.search("[가-힣]", ko) for ko, _ in headings)


def test_prose_comes_in_pairs(notebook):
    prose = [c for c in notebook["cells"] if c["cell_type"] == "markdown" and not "".join(c["source"]).startswith("#")]
    languages = ["ko" if "ko" in tags(c) else "en" if "en" in tags(c) else "?" for c in prose]
    assert languages == ["ko", "en"] * (len(prose) // 2)


def test_parameters_are_typed_and_the_common_ones_are_there(notebook):
    from smm_analysis.report.catalogue import read_parameters

    [cell] = [c for c in notebook["cells"] if "parameters" in tags(c)]
    found = read_parameters("".join(cell["source"]), origin="here")
    assert set(found) >= COMMON_PARAMETERS
    assert found["lang"].choices == ("en", "ko")
    for parameter in found.values():
        assert parameter.help_en != parameter.help_ko, f"{parameter.name} has no Korean help"
        if parameter.kind in ("int", "float"):
            assert parameter.low > float("-inf"), f"{parameter.name} has no range"
        assert parameter.parse(str(parameter.default)) == parameter.default


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_papermill_reads_the_same_parameters(path, caplog):
    from papermill import inspect_notebook

    from smm_analysis.report.catalogue import Notebook

    theirs = {name: ast.literal_eval(found["default"]) for name, found in inspect_notebook(path).items()}
    assert theirs == {name: parameter.default for name, parameter in Notebook(path).parameters.items()}
    assert not caplog.records


def test_code_cells_are_short_and_define_nothing(notebook):
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "parameters" not in tags(cell):
            assert len(source.splitlines()) <= 12
            assert not re.search(r"^\s*(def|class|lambda)\b", source, re.MULTILINE)
            assert "../data" not in source
            assert not source.rstrip().endswith(";")


def test_checked_cells_keep_an_output_and_the_others_none(notebook):
    checked = [c for c in notebook["cells"] if "nbval-check-output" in tags(c)]
    assert checked
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert bool(cell["outputs"]) == ("keep_output" in tags(cell)) == (cell in checked)


def test_no_file_names_a_registry_or_a_path_of_one_machine():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    machine = re.compile(r"(?<![\w.-])/(?:home|Users|root|work)/\w")
    address = re.compile(r"--(?:extra-)?index-url\s+\S*://|https?://[^ \"]*/simple/?[\"' ]")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".toml", ".md", ".ipynb", ".yml", ".lock", ".html", ".json", ""} and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not address.search(text), f"{name} names a registry"
            assert not machine.search(text), f"{name} holds a path of one machine"
