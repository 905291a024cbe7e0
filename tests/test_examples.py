"""Every example in a docstring shows what the code returns, in every file of the package that has one."""

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "smm_analysis"
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_show_what_the_code_returns(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_a_wrong_example_is_noticed():
    def wrong():
        """
        >>> 1 + 1
        3
        """

    [example] = doctest.DocTestFinder().find(wrong, globs={})
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda _: None).failed == 1
