"""Numbers out of a run: a growing column of times and one of values per field and group.

No drawing here. Reading goes on where it stopped, touches the chosen fields only, and can
be held to a number of points, so that a live plot costs the same however fast a run is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kapnb.model import Batch, Point
from kapnb.notebook._fields import Shown, points_of, spread
from kapnb.protocol import read_numbers
from kapnb.simulation import Output, Simulation
from kapnb.simulation._items import Outputs, Rows

__all__ = ["Columns", "Numbers", "Trace", "decimate", "encoded_points", "trace"]

#: Beyond this the ticks of an axis overflow.
_VALUE_MAX = 1e300
#: A step of more than so many usual ones is a pause, over which no line is drawn …
_PAUSE_STEPS = 10
#: … if it takes so many columns of pixels, and can be seen …
_PAUSE_COLUMNS = 5
#: … and this share of the line, where only a selection of its values was read.
_PAUSE_SHARE = 0.05
#: Steps that are looked at to tell the usual one.
_STEPS_SAMPLE = 1000

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


class Columns:
    """Times, in nanoseconds since the Unix epoch, and values of one field of one group."""

    __slots__ = ("_times", "_values")

    def __init__(self) -> None:
        self._times = array("q")
        self._values = array("d")

    def append(self, time: int, value: float) -> None:
        """Add one value."""
        self._times.append(time)
        self._values.append(value)

    def extend(self, times: Times, values: Values) -> None:
        """Add many values."""
        self._times.frombytes(times.tobytes())
        self._values.frombytes(values.tobytes())

    def __len__(self) -> int:
        return len(self._times)

    def sorted(self) -> tuple[Times, Values]:
        """Return what can be drawn, in order of time; equal times keep their order."""
        # Copies: an array that lends its memory cannot grow.
        times = np.array(self._times, dtype=np.int64)
        values = np.array(self._values, dtype=np.float64)
        usable = np.abs(values) < _VALUE_MAX  # NaN is not
        if not usable.all():
            times, values = times[usable], values[usable]
        if (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            times, values = times[order], values[order]
        return times, values


#: By field, then by group id.
_Side = dict[str, dict[str, Columns]]


class Numbers:
    """The chosen fields of a run, as far as they were read.

    Parameters
    ----------
    simulation : Simulation
        May still be running.
    shown : Shown
        The fields to read.

    Attributes
    ----------
    inputs, outputs : dict of str to dict of str to Columns
        By field, then by group id.
    sampled : bool
        Whether items were left out by `read`.
    """

    def __init__(self, simulation: Simulation, shown: Shown) -> None:
        self.shown = shown
        self.inputs: _Side = {name: {} for name in shown.inputs}
        self.outputs: _Side = {name: {} for name in shown.outputs}
        self._simulation = simulation
        self._inputs_read = 0
        self._outputs_read = 0
        self.sampled = False

    @property
    def groups(self) -> set[str]:
        """Ids of the groups that have a value."""
        sides = (*self.inputs.values(), *self.outputs.values())
        return {group for columns in sides for group in columns}

    def read(self, most: int | None = None) -> None:
        """Read what is new.

        Parameters
        ----------
        most : int, optional
            How many inputs, and outputs, may be read; of more, a spread selection is.
        """
        inputs, outputs = self._simulation.inputs, self._simulation.outputs
        if most is not None:
            new = (len(inputs) - self._inputs_read, len(outputs) - self._outputs_read)
            self.sampled = self.sampled or max(new) > most
        self._inputs_read = _read(inputs, self._inputs_read, most, self.inputs)
        self._outputs_read = _read(outputs, self._outputs_read, most, self.outputs)


def _read(items: Sequence[Any], start: int, most: int | None, side: _Side) -> int:
    """Read items from `start` on into one side; return where to go on."""
    stop = len(items)
    if not side:
        return stop
    positions = range(start, stop) if most is None else spread(start, stop, most)
    points = encoded_points(items, positions) if isinstance(items, (Rows, Outputs)) else None
    if points is None:
        for position in positions:
            item = items[position]
            _take(item.item if isinstance(item, Output) else item, side)
        return stop
    for name, group, times, values in read_numbers(points, list(side)):
        side[name].setdefault(group, Columns()).extend(times, values)
    return stop


def encoded_points(items: Rows | Outputs, positions: Sequence[int]) -> list[bytes] | None:
    """Return the bytes of some items; None if not all of them are kept as bytes."""
    if isinstance(positions, range):
        return items.encoded(positions.start, positions.stop)
    # One by one: of a fast run a few thousand are wanted out of many more.
    points: list[bytes] = []
    for place in positions:
        point = items.encoded(place, place + 1)
        if point is None:
            return None
        points += point
    return points


def _take(item: Point | Batch, columns: _Side) -> None:
    group = item.group
    for point in points_of(item):
        fields = point.fields
        for name, groups in columns.items():
            if name not in fields:  # cheaper than the KeyError, which names all fields
                continue
            value = fields[name]
            if isinstance(value, str):
                continue
            column = groups.get(group)
            if column is None:
                column = groups[group] = Columns()
            column.append(point.time, value)


def decimate(times: Times, values: Values, columns: int) -> tuple[Times, Values]:
    """Reduce sorted data to the lowest and highest value of each pixel column.

    Parameters
    ----------
    times : array of int64, shape (n,)
        In order.
    values : array of float64, shape (n,)
        Finite.
    columns : int
        Pixel columns to fill.

    Returns
    -------
    times, values : arrays, shape (m,)
        With m at most ``2 * columns``; no spike is lost.
    """
    if len(times) <= 2 * columns:
        return times, values
    # In floats: the span of two int64 may not fit a third.
    edges = np.linspace(float(times[0]), float(times[-1]), columns, endpoint=False)
    starts = np.unique(np.searchsorted(times.astype(np.float64), edges))
    low = np.minimum.reduceat(values, starts)
    high = np.maximum.reduceat(values, starts)
    return np.repeat(times[starts], 2), np.column_stack((low, high)).ravel()


@dataclass(frozen=True)
class Trace:
    """What is drawn of a line.

    Attributes
    ----------
    times, values : arrays, shape (m,)
        In order; a NaN among the values is where the line breaks.
    alone : list of int
        Positions of values between two breaks that are not a column of pixels apart, of which a
        line shows little or nothing.
    """

    times: Times
    values: Values
    alone: list[int]


def trace(times: Times, values: Values, columns: int, *, sampled: bool = False) -> Trace:
    """Reduce sorted data as `decimate` does, and break it where it pauses.

    A pause is a step in time more than ten times as long as the usual one, the median of those
    between values that differ in time, if it takes more than five columns of pixels. Of data of
    which only a selection was read, a pause takes a twentieth of the line, too: what was not
    read is missing as well.

    Parameters
    ----------
    times : array of int64, shape (n,)
        In order, n at least 1.
    values : array of float64, shape (n,)
        Finite.
    columns : int
        Pixel columns to fill.
    sampled : bool, default: False
        Whether the data are a selection.

    Examples
    --------
    >>> seconds = np.array([0, 1, 2, 30, 60, 61, 62])
    >>> drawn = trace(seconds * 10**9, np.ones(7), 400)
    >>> drawn.values.tolist(), drawn.alone
    ([1.0, 1.0, 1.0, nan, 1.0, nan, 1.0, 1.0, 1.0], [4])
    """
    given = times
    times, values = decimate(times, values, columns)
    steps = _steps(times)
    span = float(times[-1]) - float(times[0])
    least = max(_PAUSE_COLUMNS / columns, _PAUSE_SHARE if sampled else 0.0) * span
    if not (steps > least).any():
        return Trace(times, values, [] if span or values.min() < values.max() else [0])
    breaks = np.flatnonzero(steps > max(least, _PAUSE_STEPS * _usual_step(given))) + 1
    starts = np.concatenate(([0], breaks))
    counts = np.diff(np.append(starts, len(times)))
    widths = times[starts + counts - 1].astype(np.float64) - times[starts]
    part = np.repeat(np.arange(len(starts)), counts)
    alone = np.flatnonzero((widths <= span / columns)[part])
    return Trace(
        np.insert(times, breaks, times[breaks - 1]),
        np.insert(values, breaks, np.nan),
        (alone + part[alone]).tolist(),  # so many breaks stand before
    )


def _steps(times: Times) -> Values:
    """Return the steps of times in order, in floats: the span of two int64 may not fit a third."""
    return np.diff(times.astype(np.float64))


def _usual_step(times: Times) -> float:
    """Return the median of the steps forward, of many times that of a selection."""
    size = len(times) - 1
    chosen = np.arange(size)
    if size > _STEPS_SAMPLE:  # spread as `spread` does
        chosen = (np.arange(_STEPS_SAMPLE) * 0.618033988749895 % 1.0 * size).astype(np.int64)
    steps = times[chosen + 1].astype(np.float64) - times[chosen].astype(np.float64)
    forward = steps[steps > 0]
    return float(np.median(forward)) if len(forward) else 0.0
