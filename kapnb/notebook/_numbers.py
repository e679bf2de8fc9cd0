"""Numbers out of a run: a growing column of times and one of values per field and group.

No drawing here. Reading goes on where it stopped, touches the chosen fields only, and can
be held to a number of points, so that a live plot costs the same however fast a run is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kapnb.model import Batch, Point
from kapnb.notebook._fields import Shown, points_of, spread
from kapnb.protocol import read_numbers
from kapnb.simulation import Output, Simulation
from kapnb.simulation._items import Outputs, Rows

__all__ = ["Columns", "Numbers", "decimate", "encoded_points"]

#: Beyond this the ticks of an axis overflow.
_VALUE_MAX = 1e300

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
    """

    def __init__(self, simulation: Simulation, shown: Shown) -> None:
        self.shown = shown
        self.inputs: _Side = {name: {} for name in shown.inputs}
        self.outputs: _Side = {name: {} for name in shown.outputs}
        self._simulation = simulation
        self._inputs_read = 0
        self._outputs_read = 0

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
