"""Which live runs go on behind which cell, so that a cell that is executed again ends its old ones.

Their displays went with the outputs of that cell: nobody would see them, or could press a button.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kapnb.notebook._front_end import Execution, before_each_cell, executed_cell

if TYPE_CHECKING:
    from kapnb.notebook._live_run import LiveRun

__all__ = ["CellRuns"]

#: Seconds for the call at hand of a run that is to end; a Handler may never return.
_GRACE_S = 1.0


class CellRuns:
    """The live runs that go on, by the execution that began them."""

    def __init__(self) -> None:
        self._begun: dict[LiveRun, Execution] = {}
        self._looks = False

    def enter(self, run: LiveRun) -> None:
        """Take note of a run that begins."""
        execution = executed_cell()
        if execution is not None:
            self._begun[run] = execution
            if not self._looks:
                before_each_cell(self.end_old)
                self._looks = True

    def end_old(self) -> None:
        """Stop the runs that an earlier execution of the cell began that is executed now."""
        execution = executed_cell()
        if execution is None:
            return
        for run, its in list(self._begun.items()):
            if its.cell == execution.cell and its.request != execution.request:
                with contextlib.suppress(TimeoutError):
                    run.stop(timeout=_GRACE_S)

    def leave(self, run: LiveRun) -> None:
        """Take note of a run that is over."""
        self._begun.pop(run, None)
