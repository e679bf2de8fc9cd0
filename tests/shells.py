"""Cells run in an IPython shell, and what their tracebacks show."""

from __future__ import annotations

import re

PRELUDE = "from kapnb import Handler, Option, Point, simulate"


def run(shell, source):
    """Run a cell; return what its traceback shows, without colours."""
    shell.shown.clear()
    shell.run_cell(source, store_history=True)
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(shell.shown))
