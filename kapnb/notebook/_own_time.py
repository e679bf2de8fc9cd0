"""The time that a thread had for itself: all but what it stood waiting for a processor.

CPU time is too little for that: a Handler that asks a server, or sleeps, uses none while a run
that watches the wall clock goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["own_time"]

#: Of the thread that reads it: nanoseconds on a processor, nanoseconds ready to run without
#: one, and how often it got one (Linux, ``Documentation/scheduler/sched-stats.rst``).
_SCHEDSTAT = "/proc/thread-self/schedstat"


def own_time(
    clock: Callable[[], float] = time.monotonic, path: str = _SCHEDSTAT
) -> Callable[[], float] | None:
    """Return a clock that stands still while the thread that asks waits for a processor.

    Parameters
    ----------
    clock : callable, default: time.monotonic
        Seconds.
    path : str, optional
        Where the system says how long that was.

    Returns
    -------
    callable or None
        Seconds, whose differences count, within one thread; None if the system does not say.
    """
    try:
        _waited_ns(path)
    except (OSError, ValueError, IndexError):
        return None
    return lambda: clock() - _waited_ns(path) / 1e9


def _waited_ns(path: str) -> int:
    return int(Path(path).read_bytes().split()[1])
