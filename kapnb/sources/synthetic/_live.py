"""Data as they arrive: each item when its time has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from kapnb.model import Point

__all__ = ["live"]


def live(
    points: Iterable[Point],
    *,
    speed: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Point]:
    """Yield points at the pace of their times, as a generator of live data does.

    Parameters
    ----------
    points : iterable of Point
        In the order in which they arrive. One with an earlier time than one before it is late,
        and comes at once.
    speed : float
        How many times as fast as real time.
    clock : callable, default: time.monotonic
        Seconds.
    sleep : callable, default: time.sleep
        Waits for so many seconds.

    Raises
    ------
    ValueError
        If the speed is not positive.

    Examples
    --------
    >>> points = [Point({"x": 1.0}, time=second * 10**9) for second in (0, 1, 1, 3)]
    >>> now = iter([0.0, 0.0, 0.0, 1.0, 1.0])
    >>> waits = []
    >>> len(list(live(points, speed=0.5, clock=lambda: next(now), sleep=waits.append)))
    4
    >>> waits
    [2.0, 1.0, 5.0]
    """
    if not speed > 0:
        raise ValueError(f"speed is {speed!r}; it is a number above 0")
    return _paced(points, speed, clock, sleep)


def _paced(
    points: Iterable[Point],
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[Point]:
    began, first, newest = clock(), None, 0
    for point in points:
        if first is None:
            first = newest = point.time
        newest = max(newest, point.time)
        wait = (newest - first) / 1e9 / speed - (clock() - began)
        if wait > 0:
            sleep(wait)
        yield point
