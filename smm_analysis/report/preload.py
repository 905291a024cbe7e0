"""Imported by the server that pool workers are forked from: what a worker needs, unless the runner is gone already."""

import importlib
import os

from smm_analysis.report.light import import_nbformat

_RUNNER = os.getppid()

import_nbformat()

for _name in ("papermill", "nbconvert", "PIL.Image", "fontTools.subset", "smm_analysis.report.work"):
    if os.getppid() != _RUNNER:
        os._exit(1)
    importlib.import_module(_name)
