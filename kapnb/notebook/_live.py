"""A plot that redraws itself while a simulation runs, and stays as one still figure.

It observes; it never changes or delays a run beyond its budget. The notebook keeps the last
frame. First and last bundle have the same text (the bookend rule), since a notebook test
compares the first bundle of a run with the last one that was saved.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from kapnb.model import BATCH
from kapnb.notebook._budget import FrameBudget
from kapnb.notebook._fields import choose_fields
from kapnb.notebook._figure import DPI, draw_figure
from kapnb.notebook._numbers import Numbers
from kapnb.notebook._plot import Plot, bundle
from kapnb.notebook._scene import gather
from kapnb.simulation import Simulation

__all__ = ["LiveView"]

#: The clock is asked once in so many inputs.
_POLL = 64
#: Inputs, and outputs, read for one live frame; the last frame reads all.
_READ_MAX = 2048
#: Columns of pixels to which a live frame reduces its lines: half of those of the last.
_COLUMNS = 400


class LiveView:
    """Observer that draws a run in a notebook.

    Parameters
    ----------
    fields : bool or str or sequence of str
        Names of fields, looked up in inputs and outputs; True for the numeric fields that
        the Handler adds or changes, over the input field it works on.
    clock : callable, default: time.monotonic
        Returns seconds.
    fps : float, default: 10
        Most frames a second.
    share : float, default: 0.07
        Share of the run's own time that drawing may take. The last frame comes on top.
    display : callable, optional
        Called as ``IPython.display.display`` is, and returns such a handle. By default that
        one in a kernel, none elsewhere: then nothing is drawn until `figure` is asked for.

    Notes
    -----
    A frame is drawn if the last one ended longer ago than ``1 / fps`` and than its cost
    over `share`, and if with it all drawing stays within `share` of the rest of the run. A
    first frame is taken to cost 40 ms, so that short runs draw the last one only.

    A live frame of a fast run shows a selection of the points; the last frame is the one
    that `Plot` draws, of all of them.

    Should drawing fail, the run goes on and ends with a warning in `Simulation.warnings`.
    """

    def __init__(
        self,
        fields: bool | str | Sequence[str] = True,
        *,
        clock: Callable[[], float] = time.monotonic,
        fps: float = 10,
        share: float = 0.07,
        display: Callable[..., Any] | None = None,
    ) -> None:
        self._fields = fields
        self._clock = clock
        self._fps, self._share = fps, share
        self._display = display
        self._simulation: Simulation | None = None
        self._handle: Any = None
        self._figure: Any = None
        self._numbers: Numbers | None = None

    @property
    def figure(self) -> Any:
        """The matplotlib Figure of the run so far; None before a run has started."""
        if self._figure is None and self._simulation is not None:
            return Plot(self._simulation, fields=self._fields).figure
        return self._figure

    def started(self, simulation: Simulation) -> None:
        """Show a first bundle: only text, since an empty frame would cost as much as a full."""
        self._simulation = simulation
        self._figure = self._numbers = None
        self._text = f"<live plot of {simulation.handler.__name__}>"
        self._poll = 1 if simulation.handler.wants is BATCH else _POLL
        self._left = self._poll
        self._budget = FrameBudget(self._clock, fps=self._fps, share=self._share)
        display = self._display or _kernel_display()
        self._handle = display and display({"text/plain": self._text}, raw=True, display_id=True)

    def advanced(self, simulation: Simulation) -> None:
        """Draw a frame if it is time; asks the clock once in 64 inputs, or each batch."""
        self._left -= 1
        if self._left:
            return
        self._left = self._poll
        if self._handle is not None and self._budget.allows():
            self._budget.spend(lambda: self._guarded(self._draw_live))

    def finished(self, simulation: Simulation) -> None:
        """Show the last frame, of everything."""
        if self._handle is not None and simulation is self._simulation:
            self._guarded(self._draw_last)
            self._handle = None

    def _draw_live(self, simulation: Simulation) -> None:
        shown = choose_fields(simulation, self._fields)
        if self._numbers is None or self._numbers.shown != shown:
            self._numbers = Numbers(simulation, shown)
        self._numbers.read(_READ_MAX)
        self._figure = draw_figure(gather(simulation, numbers=self._numbers), columns=_COLUMNS)
        self._update(dpi=DPI, compress=1)

    def _draw_last(self, simulation: Simulation) -> None:
        self._numbers = None
        self._figure = Plot(simulation, fields=self._fields).figure
        self._update(dpi=2 * DPI, compress=6)

    def _update(self, *, dpi: int, compress: int) -> None:
        data, metadata = bundle(self._figure, self._text, dpi=dpi, compress=compress)
        self._handle.update(data, metadata=metadata, raw=True)

    def _guarded(self, draw: Callable[[Simulation], None]) -> None:
        """Draw; what goes wrong must not cost the run that is being watched."""
        assert self._simulation is not None
        try:
            draw(self._simulation)
        except Exception as error:
            self._handle = None
            self._simulation.warnings.append(
                f"the live plot stopped: {type(error).__name__}: {error}"
            )


def _kernel_display() -> Callable[..., Any] | None:
    """Return IPython's display if a front end may be listening: in a kernel, not a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    return display
