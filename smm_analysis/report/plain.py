"""A plain kernel for a report, which nobody steps through: a tenth faster than JupyterLab's own (일반 커널).

It has no debugger, whose import is half of a kernel's start, and its garbage collector waits until libraries are there.
"""

import gc
import os
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path

_KERNELSPECS = Path(__file__).parent  # holds `kernels/python3`, whose command is this module


def plain_kernels(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with Jupyter's path to these kernels."""
    paths = (str(_KERNELSPECS), os.environ.get("JUPYTER_PATH"))
    return {**environment, "JUPYTER_PATH": os.pathsep.join(filter(None, paths))}


def main() -> None:
    """Become the kernel."""
    gc.set_threshold(100_000)
    sys.modules["debugpy"] = None
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
