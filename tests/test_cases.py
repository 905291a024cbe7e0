"""The case notebooks: exercises that say why an answer is off, and readers' copies that hold no solution."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from smm_analysis import exercises, plot
from smm_analysis.cli import main
from smm_analysis.exercises.checking import Truth, about, as_number, diagnose
from smm_analysis.exercises.workbook import cases, texts_of

CASES = Path(__file__).parents[1] / "notebooks" / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.ipynb"))


def cells(notebook, *, without=()):
    """Yield the code cells as (tags, source)."""
    for cell in notebook["cells"]:
        tags = set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] == "code" and not tags & set(without):
            yield tags, "".join(cell["source"])


def source_of(name):
    return json.loads((CASES / f"{name}.ipynb").read_text("utf-8"))


def run(notebook, monkeypatch, *, lang="en", small=True):
    """Run the code cells in one namespace, as a kernel would; return it."""
    monkeypatch.setattr(plot.plt, "show", lambda: plot.plt.close("all"))
    monkeypatch.syspath_prepend(str(CASES))
    space = {}
    for tags, source in cells(notebook):
        exec(source, space)
        if "parameters" in tags:
            space["lang"] = lang
            space |= {"markets": 2, "people": 500} if small and "markets" in space else {}
    for helper in ("cdnow", "insurance"):
        sys.modules.pop(helper, None)
    return space


@pytest.fixture(scope="module")
def worked():
    """The workbook of each case, every solution run through it."""
    with pytest.MonkeyPatch.context() as patch:
        done = {}

        def of(name):
            if name not in done:
                done[name] = run(source_of(name), patch)["work"]
            return done[name]

        yield of


def test_every_case_has_a_file_of_exercises():
    assert set(NAMES) == set(cases())


@pytest.mark.parametrize("name", NAMES)
def test_each_case_has_four_exercises_or_more_and_a_guess(name):
    code = "\n".join(source for _, source in cells(source_of(name)))
    checked = re.findall(r'work\.check\("(\w+)"', code)
    assert len(checked) == len(set(checked)) >= 4
    assert checked == list(texts_of(name)), "the words stand in the order of the notebook"
    guessed = re.search(r"work\.guess\((.*?)\)", code, re.DOTALL)[1]
    assert set(re.findall(r"(\w+)=\.\.\.", guessed)) <= set(checked)


@pytest.mark.parametrize("name", NAMES)
def test_words_are_whole_in_both_languages(name):
    for key, texts in texts_of(name).items():
        groups = [texts[part] for part in ("name", "right", "otherwise")]
        groups += [*texts.get("traps", {}).values(), *texts.get("choices", {}).values()]
        assert len(texts.get("traps", ())) >= 1, f"{key} explains no wrong answer"
        for both in groups:
            assert set(both) == {"en", "ko"}
            assert bool(both["en"]) == bool(re.search("[가-힣]|[A-Z]{3}", both["ko"])), f"{name}.{key}: {both}"


@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_right(name, worked):
    pages = worked(name)._pages
    assert pages
    assert {key: page.right for key, page in pages.items()} == dict.fromkeys(pages, True)


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_get_a_hint_of_their_own(name, lang, worked, monkeypatch):
    pages = worked(name)._pages
    work = exercises.Workbook(name, lang)
    monkeypatch.setattr("smm_analysis.exercises.workbook.truth_of", lambda case, key: pages[key].truth)
    for key, page in pages.items():
        wrong = wrong_answers(key, page.truth, texts_of(name)[key])
        told = {why: work.check(key, answer) for why, answer in wrong.items()}
        for why, feedback in told.items():
            assert (feedback.right, feedback.why) == (False, why), f"{key}: {wrong[why]}"
        assert len({feedback.text for feedback in told.values()}) == len(told) >= 2, key


def wrong_answers(key, truth, texts):
    """Each known wrong answer by the hint it must get, and one that nobody foresaw."""
    if truth.is_choice:
        assert set(texts["traps"]) == set(texts["choices"]) - {truth.value} or truth.value in texts["traps"]
        return {choice: choice for choice in texts["choices"] if choice != truth.value}
    assert set(truth.traps) <= set(texts["traps"]), key
    apart = {why: x for why, x in truth.traps.items() if diagnose(x, truth) == why}
    assert apart, f"{key}: no trap can be told from the truth"
    return apart | {"too_high": 7777 * abs(truth.value) + 7777}


@pytest.mark.parametrize("name", NAMES)
def test_hints_do_not_give_the_answer_away(name, worked):
    for key, page in worked(name)._pages.items():
        texts = texts_of(name)[key]
        hints = [texts["otherwise"], *texts["traps"].values()]
        for hint in (hint[lang] for hint in hints for lang in ("en", "ko")):
            numbers = [float(x.replace(",", "")) for x in re.findall(r"(?<!=)\b\d[\d,]*\.?\d*", hint)]
            assert page.truth.is_choice or not [x for x in numbers if diagnose(x, page.truth) == "right"], (key, hint)


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies") / "notebooks"
    result = CliRunner().invoke(main, ["notebooks", str(folder), "--reader"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


def test_readers_copies_hold_no_solution_and_no_result(copies):
    paths = sorted(copies.rglob("*.ipynb"))
    assert {path.stem for path in paths} >= set(NAMES)
    for path in paths:
        original = json.loads((CASES.parent / path.relative_to(copies)).read_text("utf-8"))
        copy = json.loads(path.read_text("utf-8"))
        shown = "\n".join(source for _, source in cells(copy))
        solutions = [source for tags, source in cells(original) if "solution" in tags]
        assert not [source for source in solutions if source in shown]
        assert shown.count(exercises.STUB) == len(solutions)
        assert not [cell for cell in copy["cells"] if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("name", NAMES)
def test_readers_copies_run_and_wait_for_answers(name, copies, monkeypatch):
    notebook = json.loads((copies / "cases" / f"{name}.ipynb").read_text("utf-8"))
    work = run(notebook, monkeypatch, lang="ko")["work"]
    assert {page.tries for page in work._pages.values()} == {0}


def test_the_copy_leaves_the_original_as_it_was():
    before = source_of("colour_tv_1963")
    exercises.reader_copy(before)
    assert before == source_of("colour_tv_1963")


def test_the_nearest_of_truth_and_traps_counts():
    truth = about(10.0, share=0.1, near=10.5)
    assert [diagnose(x, truth) for x in (10.2, 10.4, 9.5)] == ["right", "near", "right"]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("29.8", "text_given"),
        (True, "truth_given"),
        ([1, 2], "many_given"),
        (np.nan, "not_finite"),
        (pd.Series([1.0, 2.0]), "many_given"),
        (None, "many_given"),
        (np.float64(3), ""),
        (pd.Series([3.0]), ""),
    ],
)
def test_odd_answers_are_told_what_is_odd(answer, complaint):
    assert as_number(answer)[1] == complaint


def test_feedback_is_escaped():
    work = exercises.Workbook("nokia_somebody_elses_phone")
    told = work.check("hits_count", "<script>alert(1)</script>")
    assert told.right is None and "requests" in told.text
    assert "<script>" not in told.to_html()
    assert "&lt;b&gt;" in exercises.Feedback("<b>", "<b>", False, "x").to_html()


def test_a_guess_is_met_again():
    work = exercises.Workbook("nokia_somebody_elses_phone", "ko")
    work.guess(hits_count="people")
    assert "찾아온 사람" in work.check("hits_count", "requests").text
    assert work.table().iloc[2].to_list() == ["찾아온 사람", "서버가 응답한 요청", 1]


def test_parameters_that_leave_nothing_to_answer_from_are_named():
    nothing = pd.Series([], dtype=float)
    told = exercises.Workbook("colour_tv_1963").check("came_next", 5, pd.Series([1.0, 2.0]), nothing)
    assert (told.right, told.why) == (None, "no_truth")


def test_unknown_exercises_and_cases_are_named():
    with pytest.raises(KeyError, match="it has fans_share"):
        exercises.Workbook("nokia_somebody_elses_phone").check("hit", 1)
    with pytest.raises(ValueError, match=r"there are for .*nokia"):
        exercises.Workbook("nokia")


def test_a_truth_is_frozen():
    with pytest.raises(AttributeError):
        Truth(1.0).value = 2.0
