"""A picture that redraws itself while a simulation runs, and stays as one still figure.

It observes; it never changes or delays a run beyond its budget. The notebook keeps the last
frame. First and last bundle have the same text (the bookend rule), since a notebook test
compares the first bundle of a run with the last one that was saved.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kapnb.notebook._budget import FrameBudget
from kapnb.notebook._fields import choose_fields
from kapnb.notebook._figure import DPI, draw_figure, new_axes, png
from kapnb.notebook._front_end import kernel_display
from kapnb.notebook._live_figure import LiveFigure
from kapnb.notebook._live_marks import (
    Anomalies,
    Marks,
    Thresholds,
    parse_anomalies,
    parse_thresholds,
)
from kapnb.notebook._live_meter import Meter
from kapnb.notebook._live_overlay import draw_marks
from kapnb.notebook._live_strip import Cell, add_strip, cells
from kapnb.notebook._numbers import Numbers
from kapnb.notebook._own_time import own_time
from kapnb.notebook._plot import bundle_of
from kapnb.notebook._scene import Scene, gather, missing_fields, missing_group, sorted_groups
from kapnb.simulation import Simulation

__all__ = ["LiveView"]

#: Inputs, and outputs, read for one live frame; the last frame reads all.
_READ_MAX = 2048
#: Columns of pixels to which lines are reduced in the last frame.
_COLUMNS = 800
#: Characters of a note in a picture, and of what stands in the place of one.
_NOTE_MAX, _TROUBLE_MAX = 110, 400


class LiveView:
    """Observer that draws a run in a notebook.

    Parameters
    ----------
    fields : bool or str or sequence of str
        Names of fields, looked up in inputs and outputs; True for the numeric fields that
        the Handler adds or changes, over the input field it works on.
    groups : str or sequence of str, optional
        Ids of the groups to draw; by default the first six.
    thresholds : number, str, mapping of str to number, or list of these, optional
        Limits drawn as dashed lines: a number; the name of a field that holds the limit; or
        names and numbers, each in the panel of the field of that name, if there is one.
    anomalies : bool or str or callable, optional
        Outputs to mark with a ring: all of them (True), those where a field is true, or those
        for which a function of the point returns true.
    clock : callable, default: time.monotonic
        Returns seconds.
    fps : float, default: 10
        Most frames a second.
    share : float, default: 0.07
        Share of the run's own time that drawing may take. The last frame comes on top.
    display : callable, optional
        Called as ``IPython.display.display`` is, and returns such a handle. By default that
        one in a kernel, none elsewhere: then nothing is drawn until `figure` is asked for.
    meter : Meter, optional
        What it has measured is shown in a strip under the picture.
    idle : callable, optional
        See `FrameBudget`.

    Notes
    -----
    A frame is drawn if the last one ended longer ago than ``1 / fps`` and than its cost
    over `share`, and if with it all drawing stays within `share` of the rest of the run. A
    first frame is taken to cost 100 ms, so that short runs draw the last one only.

    A live frame of a fast run shows a selection of the points; the last frame is the one
    that `Plot` draws, of all of them.

    Should drawing fail, the run goes on, and ends with a warning in `Simulation.warnings`; the
    picture says it, too. So it is with fields and groups that were named and never came.
    """

    every_input = False

    def __init__(
        self,
        fields: bool | str | Sequence[str] = True,
        *,
        groups: str | Sequence[str] | None = None,
        thresholds: Thresholds = None,
        anomalies: Anomalies = None,
        clock: Callable[[], float] = time.monotonic,
        fps: float = 10,
        share: float = 0.07,
        display: Callable[..., Any] | None = None,
        meter: Meter | None = None,
        idle: Callable[[], float] = lambda: 0.0,
    ) -> None:
        if not isinstance(fields, (bool, str, Sequence)):
            raise ValueError(f"what to draw is True, or the names of fields, not {fields!r}")
        self._fields = fields
        self._groups = (groups,) if isinstance(groups, str) else groups
        self._thresholds = parse_thresholds(thresholds)
        parse_anomalies(anomalies)
        self._anomalies = anomalies
        self._clock, self._idle = clock, idle
        self._fps, self._share = fps, share
        self._display = display
        self._meter = meter
        self._simulation: Simulation | None = None
        self._handle: Any = None
        self._figure: Any = None
        self._numbers: Numbers | None = None
        self._picture: LiveFigure | None = None

    @property
    def figure(self) -> Any:
        """The matplotlib Figure of the run so far; None before a run has started.

        While the run lasts it is made for whoever asks: frames share one that changes.
        """
        if self._figure is None and self._simulation is not None:
            return self._still(self._simulation.still())[0]
        return self._figure

    # ----------------------------------------------------------------- as an observer

    def started(self, simulation: Simulation) -> None:
        """Show a first bundle: only text, since an empty frame would cost as much as a full."""
        self._simulation = simulation
        self._figure = self._numbers = self._picture = None
        self._choose_at = 0
        self._marks = Marks(simulation, self._thresholds, self._anomalies)
        self._text = f"<live plot of {simulation.handler.__name__}>"
        # A clock of somebody's own is all the time there is.
        busy = own_time() if self._clock is time.monotonic else None
        limits = {"fps": self._fps, "share": self._share}
        self._budget = FrameBudget(self._clock, **limits, idle=self._idle, busy=busy)
        display = self._display or kernel_display()
        self._sent: tuple[Any, Any] = ({"text/plain": self._text}, {})
        self._handle = display and display(self._sent[0], raw=True, display_id=True)

    def advanced(self, simulation: Simulation) -> None:
        """Draw a frame if it is time."""
        self.idle()

    def finished(self, simulation: Simulation) -> None:
        """Show the last frame, of everything."""
        if self._handle is not None and simulation is self._simulation:
            self._guarded(self._draw_last)
            self._handle = None

    def show(self) -> None:
        """Go on in another place: that where this is called."""
        display = self._display or kernel_display()
        if display is None or self._simulation is None:
            return
        left, sent = self._handle, self._sent
        here = display(sent[0], metadata=sent[1], raw=True, display_id=True)
        if left is not None:
            self._handle = here
            left.update({"text/plain": self._text}, raw=True)
            if self._sent is not sent:  # meanwhile, to the place before
                here.update(self._sent[0], metadata=self._sent[1], raw=True)

    # ------------------------------------------------------------------- in between

    def idle(self) -> None:
        """Draw a frame if it is time; in the thread of the run."""
        if self._handle is not None and self._budget.allows():
            self._budget.spend(lambda: self._guarded(self._draw_live))

    def look(self) -> None:
        """Draw a frame whatever it costs, of a run that stands still; in the run's thread."""
        if self._handle is not None:
            self._guarded(lambda simulation: self._draw_live(simulation, read=False))

    def _draw_live(self, simulation: Simulation, *, read: bool = True) -> None:
        self._marks.read(_READ_MAX)
        scene, strip = self._scene(simulation), self._cells(simulation, read=read)
        if self._picture is None:
            self._picture = LiveFigure(self._marks.shown, self._budget.aside)
        image = self._picture.draw(scene, strip)
        self._update(self._picture.figure, image)

    def _scene(self, simulation: Simulation) -> Scene:
        """Return what a live frame shows."""
        self._numbers = self._chosen(simulation)
        self._numbers.read(_READ_MAX)
        groups = self._present(self._numbers.groups)
        return gather(simulation, groups=groups, numbers=self._numbers)

    def _chosen(self, simulation: Simulation) -> Numbers:
        """Return what is read; the fields are chosen anew whenever there is twice as much."""
        numbers, count = self._numbers, len(simulation.inputs)
        if numbers is None or count >= self._choose_at:
            self._choose_at = 2 * count
            shown = choose_fields(simulation, self._fields)
            if numbers is None or numbers.shown != shown:
                return Numbers(simulation, shown)
        return numbers

    def _draw_last(self, simulation: Simulation) -> None:
        self._numbers = self._picture = None
        figure, notes = self._still(simulation)
        simulation.warnings.extend(f"live plot: {note}" for note in notes)
        strip = self._cells(simulation)
        if strip is not None:
            add_strip(figure, strip)
        self._figure = figure
        self._update(figure, png(figure, dpi=2 * DPI))

    def _still(self, simulation: Simulation) -> tuple[Any, list[str]]:
        """Return the picture that `Plot` draws, with its marks, and what was asked for in vain."""
        numbers = Numbers(simulation, choose_fields(simulation, self._fields))
        numbers.read()
        scene = gather(simulation, groups=self._present(numbers.groups), numbers=numbers)
        figure = draw_figure(scene)
        marks = Marks(simulation, self._thresholds, self._anomalies)
        marks.read()
        draw_marks(figure, scene, marks.shown(scene, columns=_COLUMNS))
        notes = list(self._missing(simulation, numbers, marks))
        error = simulation.error
        ended = [] if error is None else [f"ended by {type(error).__name__}: {error}"]
        if simulation.interrupted:
            ended = [str(error)]
        _add_notes(figure, [*ended, *notes])
        return figure, notes

    def _missing(self, simulation: Simulation, numbers: Numbers, marks: Marks) -> Iterator[str]:
        """Say which names meant nothing: a live frame cannot know whether they come yet."""
        if not simulation.inputs:
            return
        if not isinstance(self._fields, bool):
            yield from missing_fields(simulation, numbers)
        yield from marks.missing()
        known = sorted_groups(numbers.groups)
        for group in self._groups or ():
            if group not in numbers.groups:
                yield missing_group(group, known)

    def _present(self, known: set[str]) -> Sequence[str] | None:
        """Return the wanted groups that are there; one may come late, or never."""
        if self._groups is None:
            return None
        return [group for group in self._groups if group in known] or None

    def _cells(self, simulation: Simulation, *, read: bool = True) -> Sequence[Cell] | None:
        """Return what the strip shows; None if there is none."""
        if self._meter is None:
            return None
        if read:
            self._meter.read(simulation)
        return cells(self._meter.readings, self._meter.timeout_s)

    def _update(self, figure: Any, image: bytes) -> None:
        self._send(*bundle_of(image, figure, self._text))

    def _send(self, data: Any, metadata: Any) -> None:
        self._sent = data, metadata
        self._handle.update(data, metadata=metadata, raw=True)

    def _guarded(self, draw: Callable[[Simulation], None]) -> None:
        """Draw; what goes wrong must not cost the run that is being watched."""
        assert self._simulation is not None
        try:
            draw(self._simulation)
        except Exception as error:
            text = f"the live plot stopped: {type(error).__name__}: {error}"
            self._simulation.warnings.append(text)
            with contextlib.suppress(Exception):  # it may be drawing itself that fails
                self._show_trouble(text)
            self._handle = None

    def _show_trouble(self, text: str) -> None:
        """Say in the picture's place why there is none: who misspelt a field looks there."""
        ax = new_axes(height=1.2)
        ax.set_axis_off()
        self._figure = ax.figure
        _add_notes(self._figure, [text], most=_TROUBLE_MAX)
        self._update(ax.figure, png(ax.figure, dpi=DPI))


def _add_notes(figure: Any, notes: Sequence[str], *, most: int = _NOTE_MAX) -> None:
    """Write what went wrong into a picture, each note with at most so many characters."""
    lines = [" ".join(note.split()) for note in notes]
    if not lines:
        return
    figure.axes[0].text(
        0.01,
        0.97,
        "\n".join(line if len(line) <= most else f"{line[: most - 1]}…" for line in lines),
        transform=figure.axes[0].transAxes,
        va="top",
        color="#D55E00",
        fontsize="small",
        wrap=True,
        parse_math=False,
        zorder=6,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2},
    )
