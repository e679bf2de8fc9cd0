"""What a notebook adds: live and still plots, rich display, short tracebacks, ``%%udf``.

Everything here looks at a Simulation and changes nothing in it. Drawing needs the extra
``notebook``; its packages load when a name that draws is first asked for, so that
``%load_ext kapnb`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kapnb.errors import MissingExtra
from kapnb.notebook._html import simulation_html
from kapnb.notebook._shell import load
from kapnb.notebook._task_html import task_html

if TYPE_CHECKING:
    from kapnb.notebook._live import LiveView
    from kapnb.notebook._live_run import LiveRun
    from kapnb.notebook._moment_html import moment_html
    from kapnb.notebook._plot import Plot, plot_run

__all__ = [
    "LiveRun",
    "LiveView",
    "Plot",
    "load",
    "moment_html",
    "plot_run",
    "simulation_html",
    "task_html",
]

#: Names that draw, and the modules that bring matplotlib in; and what needs another room.
_LAZY = {
    "LiveRun": "kapnb.notebook._live_run",
    "LiveView": "kapnb.notebook._live",
    "moment_html": "kapnb.notebook._moment_html",
    "Plot": "kapnb.notebook._plot",
    "plot_run": "kapnb.notebook._plot",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.notebook' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        if missing.partition(".")[0] == "kapnb":
            raise
        raise MissingExtra("notebook", f"kapnb.notebook.{name}", missing) from error
