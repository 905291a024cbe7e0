"""Imported by the server that pool workers are forked from: what a worker needs, unless the runner is gone already."""

import atexit
import gc
import importlib
import os

from smm_analysis.report.light import import_nbformat

_RUNNER = os.getppid()

gc.disable()  # modules stay: looking for garbage in them is time lost
import_nbformat()
for _name in ("papermill", "nbconvert", "PIL.Image", "fontTools.subset", "smm_analysis.report.work"):
    if os.getppid() != _RUNNER:
        os._exit(1)
    importlib.import_module(_name)
importlib.import_module("smm_analysis.report.page").practise()
gc.freeze()  # workers share these pages
gc.enable()
atexit.register(os._exit, 0)  # the server has nothing to tidy up, and whoever reads the runner's output waits for it
