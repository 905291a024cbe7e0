"""nbformat without a second of start that no notebook needs (가벼운 시작)."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def import_nbformat() -> ModuleType:
    """Return nbformat, imported in a tenth of the time.

    It imports jsonschema, which compiles 38 grammars of internationalised addresses if the package `rfc3987_syntax` is
    there, as it is with JupyterLab; no part of a notebook is such an address. Whoever imports that package itself gets
    it.
    """
    grammar = "rfc3987_syntax"
    if "nbformat" in sys.modules or grammar in sys.modules:
        return importlib.import_module("nbformat")
    sys.modules[grammar] = None  # "not there", for the time of this import
    try:
        return importlib.import_module("nbformat")
    finally:
        del sys.modules[grammar]
