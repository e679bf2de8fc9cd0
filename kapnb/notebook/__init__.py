"""What a notebook adds: plots, live and still; displays; magics, completion, short tracebacks.

Everything here looks at a Simulation and changes nothing in it. Drawing needs the extra
``notebook``; its packages load when a name that draws is first asked for, so that
``%load_ext kapnb`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kapnb.errors import MissingExtra
from kapnb.notebook._complete import complete
from kapnb.notebook._definition import check_definition
from kapnb.notebook._handler_view import handler_html, handler_text
from kapnb.notebook._html import simulation_html
from kapnb.notebook._item_html import batch_html, point_html
from kapnb.notebook._shell import load
from kapnb.notebook._task_html import task_html
from kapnb.notebook._transcript_html import transcript_html

if TYPE_CHECKING:
    from kapnb.notebook._canvas import CanvasView
    from kapnb.notebook._compare_plot import ComparisonPlot, plot_comparison
    from kapnb.notebook._group_plot import plot_groups
    from kapnb.notebook._live import LiveView
    from kapnb.notebook._live_run import LiveRun
    from kapnb.notebook._measure_plot import plot_latency, plot_state
    from kapnb.notebook._moment_html import moment_html
    from kapnb.notebook._plot import Plot, plot_run
    from kapnb.notebook._recall_plot import plot_precision_recall
    from kapnb.notebook._report import Report
    from kapnb.notebook._sweep_plot import SweepPlot, plot_sweep

__all__ = [
    "CanvasView",
    "ComparisonPlot",
    "LiveRun",
    "LiveView",
    "Plot",
    "Report",
    "SweepPlot",
    "batch_html",
    "check_definition",
    "complete",
    "handler_html",
    "handler_text",
    "load",
    "moment_html",
    "plot_comparison",
    "plot_groups",
    "plot_latency",
    "plot_precision_recall",
    "plot_run",
    "plot_state",
    "plot_sweep",
    "point_html",
    "simulation_html",
    "task_html",
    "transcript_html",
]

#: Names that draw, and the modules that bring matplotlib in; and what needs another room.
_LAZY = {
    "CanvasView": "kapnb.notebook._canvas",
    "LiveRun": "kapnb.notebook._live_run",
    "ComparisonPlot": "kapnb.notebook._compare_plot",
    "LiveView": "kapnb.notebook._live",
    "moment_html": "kapnb.notebook._moment_html",
    "Plot": "kapnb.notebook._plot",
    "plot_comparison": "kapnb.notebook._compare_plot",
    "plot_groups": "kapnb.notebook._group_plot",
    "plot_latency": "kapnb.notebook._measure_plot",
    "plot_precision_recall": "kapnb.notebook._recall_plot",
    "plot_run": "kapnb.notebook._plot",
    "plot_state": "kapnb.notebook._measure_plot",
    "plot_sweep": "kapnb.notebook._sweep_plot",
    "Report": "kapnb.notebook._report",
    "SweepPlot": "kapnb.notebook._sweep_plot",
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
