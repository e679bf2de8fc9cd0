"""Faults of time: a huge gap, a clock that jumps."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kapnb.errors import SourceError
from kapnb.faults._fault import InputFault, Item, Slot, alter
from kapnb.model import INT_MAX, INT_MIN, Batch, Duration, Point

__all__ = ["ClockJump", "Gap"]

#: Nanoseconds of an hour, of a day.
HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS


class Gap(InputFault):
    """From some item on, all times are later: nothing came for long.

    Parameters
    ----------
    length : int or Duration, default: 30 days
        Nanoseconds.
    """

    name = "huge gap"
    reality = (
        "A line stands still over the holidays, a task was disabled for a month. The next point "
        "finds the state of the last one."
    )

    def __init__(self, *, length: int = Duration(30 * DAY_NS)) -> None:
        if length <= 0:
            raise SourceError(f"length is a time above 0, not {length!r}", self.name)
        self.length = length

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """See `InputFault`."""
        start = rng.randrange(1, len(items)) if len(items) > 1 else 1
        return _shifted(items, start, len(items), int(self.length))


class ClockJump(InputFault):
    """For a stretch of items the clock is wrong, then it is right again.

    Parameters
    ----------
    by : int or Duration, default: one hour
        Nanoseconds; below 0 the clock is behind.
    """

    name = "clock jump"
    reality = (
        "A device without a clock battery starts in the past until NTP corrects it; a virtual "
        "machine that was suspended jumps. Kapacitor passes times on as they are."
    )

    def __init__(self, *, by: int = Duration(HOUR_NS)) -> None:
        if by == 0:
            raise SourceError("by is a time other than 0", self.name)
        self.by = by
        self.name = "clock jumps ahead" if by > 0 else "clock jumps back"

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """See `InputFault`."""
        start = rng.randrange(0, len(items)) if items else 0
        stop = start + max(1, len(items) // 10)
        return _shifted(items, start, stop, int(self.by))


def _shifted(items: Sequence[Item], start: int, stop: int, by: int) -> list[Slot]:
    """Shift the times of ``items[start:stop]``, as far as times go."""

    def shift(point: Point) -> None:
        point.time = _time(point.time + by)

    slots = []
    for index, item in enumerate(items):
        moved = alter(item, shift) if start <= index < stop else item
        if moved is not item and isinstance(moved, Batch):
            moved.tmax_or_none = _time(moved.tmax + by)
        slots.append(Slot(index, moved))
    return slots


def _time(time: int) -> int:
    return min(max(time, INT_MIN), INT_MAX)
