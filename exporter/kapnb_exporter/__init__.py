"""From a notebook to a script: read it, find the Handler, take what it needs, write that.

``render(close(notebook, find_handler(notebook)))`` is the static half of an export. It
executes nothing, and raises `kapnb.errors.ExportError` instead of exporting something
that would not run the same. kapnb itself never imports this package.
"""

from kapnb_exporter._closure import Closure, check_script_name, close
from kapnb_exporter._export import Exported, export, export_all, script_name
from kapnb_exporter._notebook import Cell, Notebook, read_notebook
from kapnb_exporter._render import render
from kapnb_exporter._request import MODES, Request
from kapnb_exporter._select import Marked, find_handler, find_handlers

__all__ = [
    "MODES",
    "Cell",
    "Closure",
    "Exported",
    "Marked",
    "Notebook",
    "Request",
    "check_script_name",
    "close",
    "export",
    "export_all",
    "find_handler",
    "find_handlers",
    "read_notebook",
    "render",
    "script_name",
]
