"""Imported by the server that pool workers are forked from: what a worker needs, unless the runner is gone already."""

import importlib
import os

_RUNNER = os.getppid()

for _name in ("papermill", "nbconvert", "PIL.Image", "fontTools.subset", "smm_analysis.report.work"):
    if os.getppid() != _RUNNER:
        os._exit(1)
    importlib.import_module(_name)
