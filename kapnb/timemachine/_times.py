"""Times as positions: which input was the first at or after a time."""

from __future__ import annotations

import operator
from array import array
from typing import TYPE_CHECKING, Any

from kapnb.errors import MomentError
from kapnb.model import Batch, Point, format_time, parse_time
from kapnb.protocol import decode_times
from kapnb.simulation._instants import nanoseconds_of
from kapnb.simulation._items import Rows

if TYPE_CHECKING:
    from kapnb.simulation._passage import Passage

__all__ = ["Times", "as_time"]

#: Ints from here on are no positions; in nanoseconds this is 17 minutes after the epoch.
_TIME_MIN = 10**12
#: Inputs whose times are read together.
_BLOCK = 16_384


def as_time(where: Any) -> int | None:
    """Return the nanoseconds that `where` means, or None if it is a position.

    Raises
    ------
    MomentError
        If it is neither.
    """
    if isinstance(where, str):
        try:
            return parse_time(where)
        except ValueError as error:
            raise MomentError(str(error)) from None
    try:
        nanoseconds = nanoseconds_of(where)
    except ValueError as error:
        raise MomentError(str(error)) from None
    if nanoseconds is not None:
        return nanoseconds
    try:
        number = operator.index(where)
    except TypeError:
        number = None
    if number is None or isinstance(where, bool):
        raise MomentError(
            f"{where!r:.80} is no place to go: give the position of an input, or a time as text, "
            "Timestamp, datetime or datetime64"
        )
    return number if number >= _TIME_MIN else None


class Times:
    """The times of a run's inputs.

    Parameters
    ----------
    run : Simulation or UdfRun
    """

    def __init__(self, run: Passage) -> None:
        self._run = run
        self._times = array("q")

    def first_from(self, time: int) -> int:
        """Return the position of the first input at or after `time`.

        Raises
        ------
        MomentError
            If all are before.
        """
        inputs, begin = self._run.inputs, 0
        while begin < len(inputs):
            stop = min(begin + _BLOCK, len(inputs))
            self._know(stop)
            for position in range(begin, stop):
                if self._times[position] >= time:
                    return position
            begin = stop
        raise MomentError(f"no input is at or after {format_time(time)}; they are {self.span()}")

    def span(self) -> str:
        """Say from when to when the inputs are."""
        inputs = self._run.inputs
        return f"from {format_time(_time(inputs[0]))} to {format_time(_time(inputs[-1]))}"

    def _know(self, stop: int) -> None:
        """Know the times of the inputs up to `stop`."""
        inputs, known = self._run.inputs, len(self._times)
        if stop <= known:
            return
        if isinstance(inputs, Rows):
            self._times.extend(decode_times(inputs.encoded(known, stop)))
        else:
            self._times.extend(_time(item) for item in inputs[known:stop])


def _time(item: Point | Batch) -> int:
    return item.tmax if isinstance(item, Batch) else item.time
