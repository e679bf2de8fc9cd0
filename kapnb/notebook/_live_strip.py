"""The strip under a live picture: rate, backlog, latency against the deadline, state size.

All of it differs from run to run, so it belongs in an image, never in text.

References
----------
Kapacitor asks for a sign of life every ``timeout / 2`` and gives up when nothing has come for
one `timeout` (udf/server.go, `runKeepalive` and `watchKeepalive`). A request queues behind the
points that stand in the pipe already: 64 KiB, 689 small ones. So a Handler that seldom answers
is safe while a call takes less than ``timeout / 2 / 689``, and no call may take ``timeout / 2``.
kapnb's own agent sends signs of life while a call runs; other agents do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from kapnb.notebook._live_control import Control
from kapnb.simulation import Simulation

__all__ = ["STRIP_INCHES", "Meter", "Reading", "add_strip", "call_limits"]

#: Points of about 95 bytes that fit into a pipe of 64 KiB, and the one that waits to.
_QUEUED = 689
#: Readings that the small curves show.
_SHOWN = 60
#: Share of the time that packing the state, to learn its size, may take.
_SIZE_SHARE = 0.01
STRIP_INCHES = 0.5
_INK, _FAINT, _ALARM = "#222222", "#777777", "#D55E00"


def call_limits(timeout_s: float) -> tuple[float, float]:
    """Return how long calls may take on average, and one alone, in seconds.

    Parameters
    ----------
    timeout_s : float
        `timeout` of the UDF's section in ``kapacitor.conf``.

    Examples
    --------
    >>> mean, one = call_limits(10)
    >>> round(mean * 1000, 1), one
    (7.3, 5.0)
    """
    return timeout_s / 2 / _QUEUED, timeout_s / 2


@dataclass(frozen=True)
class Reading:
    """What was measured between two frames.

    Attributes
    ----------
    rate : float
        Inputs a second.
    backlog_s : float
        How far behind its pace the run is, in seconds.
    call_s : float
        Mean time from an input to its answer, in seconds: the Handler's call and the agent.
    longest_s : float
        No single one took longer, of all so far.
    state : int or None
        Bytes of a snapshot; None if that is not known.
    """

    rate: float
    backlog_s: float
    call_s: float
    longest_s: float
    state: int | None


class Meter:
    """Observer that measures a run, for its control, too; must stand before those that draw.

    Parameters
    ----------
    control : Control
        What lets the run's inputs go.
    timeout_s : float, default: 10
        See `call_limits`.
    """

    every_input = False

    def __init__(self, control: Control, timeout_s: float = 10.0) -> None:
        self._control = control
        self._clock = control.clock
        self.timeout_s = timeout_s
        self.readings: deque[Reading] = deque(maxlen=_SHOWN)

    def started(self, simulation: Simulation) -> None:
        """See `Observer`."""
        self.readings.clear()
        self._since, self._done = self._clock(), 0
        self._calls, self._calls_s, self._longest_s = 0, 0.0, 0.0
        self._state: int | None = None
        self._state_due = self._since

    def advanced(self, simulation: Simulation) -> None:
        """See `Observer`."""
        self._control.handled()
        count, took = self._control.took
        self._calls += count
        self._calls_s += took
        self._longest_s = max(self._longest_s, took)

    def finished(self, simulation: Simulation) -> None:
        """See `Observer`."""

    def read(self, simulation: Simulation) -> None:
        """Note a reading of the time since the last one."""
        now, done = self._clock(), len(simulation.inputs)
        passed = now - self._since
        if now >= self._state_due:
            self._state = simulation.state_size()
            self._state_due = now + (self._clock() - now) / _SIZE_SHARE
        self.readings.append(
            Reading(
                (done - self._done) / passed if passed > 0 else 0.0,
                self._control.backlog_s,
                self._calls_s / self._calls if self._calls else 0.0,
                self._longest_s,
                self._state,
            )
        )
        self._since, self._done = now, done
        self._calls, self._calls_s = 0, 0.0


@dataclass(frozen=True)
class _Cell:
    title: str
    value: str
    curve: Sequence[float]
    alarm: bool = False


def _cells(readings: Sequence[Reading], timeout_s: float) -> tuple[_Cell, ...]:
    last = readings[-1]
    mean_max, one_max = call_limits(timeout_s)
    state = "not known" if last.state is None else _bytes(last.state)
    return (
        _Cell("rate", f"{last.rate:,.0f} points/s", [one.rate for one in readings]),
        _Cell("behind its pace", _seconds(last.backlog_s), [one.backlog_s for one in readings]),
        _Cell(
            f"a call, of {_seconds(mean_max)} at timeout {timeout_s:g} s",
            f"{_seconds(last.call_s)}, none > {_seconds(last.longest_s)}",
            [one.call_s for one in readings],
            last.call_s > mean_max or last.longest_s > one_max,
        ),
        _Cell("state", state, [float(one.state or 0) for one in readings]),
    )


def add_strip(figure: Any, readings: Sequence[Reading], timeout_s: float) -> None:
    """Make a figure taller by a strip that shows readings; without any it stays empty.

    Parameters
    ----------
    figure : matplotlib Figure
        As `draw_figure` makes it.
    readings : sequence of Reading
        Oldest first.
    timeout_s : float
        See `call_limits`.
    """
    width, height = figure.get_size_inches()
    taller = height + STRIP_INCHES
    figure.set_size_inches(width, taller)
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    place = grid.get_subplot_params(figure)
    grid.update(
        bottom=(place.bottom * height + STRIP_INCHES) / taller,
        top=(place.top * height + STRIP_INCHES) / taller,
    )
    if not readings:
        return
    unit = STRIP_INCHES / taller
    for number, cell in enumerate(_cells(readings, timeout_s)):
        left = (0.02, 0.22, 0.40, 0.80)[number]
        _text(figure, left, 0.68 * unit, cell.title, _FAINT, "x-small")
        ink = _ALARM if cell.alarm else _INK
        _text(figure, left, 0.22 * unit, cell.value, ink, "small")
        _curve(figure, left + (0.11, 0.09, 0.29, 0.1)[number], unit, cell.curve)


def _text(figure: Any, x: float, y: float, text: str, color: str, size: str) -> None:
    figure.text(x, y, text, color=color, fontsize=size, parse_math=False)


def _curve(figure: Any, left: float, unit: float, values: Sequence[float]) -> None:
    """Draw a small curve, from zero to its highest value."""
    top = max(values)
    if len(values) < 2 or top <= 0:
        return
    xs = [left + 0.06 * number / (_SHOWN - 1) for number in range(len(values))]
    ys = [unit * (0.2 + 0.4 * value / top) for value in values]
    figure.add_artist(Line2D(xs, ys, color=_FAINT, linewidth=0.8, transform=figure.transFigure))


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs" if seconds else "0 s"


def _bytes(count: int) -> str:
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"
