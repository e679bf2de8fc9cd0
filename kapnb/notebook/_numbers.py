"""Numbers out of a run: a growing column of times and one of values per field and group.

No drawing here. Reading goes on where it stopped, touches the chosen fields only, and can
be held to a number of points, so that a live plot costs the same however fast a run is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kapnb.model import Batch, Point
from kapnb.notebook._fields import Shown, points_of, spread
from kapnb.simulation import Simulation

__all__ = ["Columns", "Numbers", "decimate"]

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
        self.inputs: dict[str, dict[str, Columns]] = {name: {} for name in shown.inputs}
        self.outputs: dict[str, dict[str, Columns]] = {name: {} for name in shown.outputs}
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
        if self.inputs:
            for position in _news(self._inputs_read, len(inputs), most):
                _take(inputs[position], self.inputs)
        if self.outputs:
            for position in _news(self._outputs_read, len(outputs), most):
                _take(outputs[position].item, self.outputs)
        self._inputs_read, self._outputs_read = len(inputs), len(outputs)


def _news(start: int, stop: int, most: int | None) -> Sequence[int]:
    return range(start, stop) if most is None else spread(start, stop, most)


def _take(item: Point | Batch, columns: dict[str, dict[str, Columns]]) -> None:
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
