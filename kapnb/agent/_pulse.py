"""Pulse: signs of life while one call runs long, and an end to them when it hangs.

Kapacitor kills an agent from which no frame came for its timeout, and its keepalive requests
wait behind data in the pipe. Any response resets that watch, asked for or not (protocol: A3).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["BUSY_LIMIT_S", "PULSE_FRAME", "Pulse", "Watched", "busy_limit"]

#: Seconds without a frame of ours after which one is sent, while something is running. The
#: shortest timeout that Kapacitor's documentation shows is a few seconds.
BEAT_S = 0.2
#: A keepalive response with time 0, which is as good as any.
PULSE_FRAME = bytes.fromhex("021a00")
#: Seconds that one call, import or init may take before it counts as hung.
BUSY_LIMIT_S = 60.0


class Watched(Protocol):
    """What a Pulse needs to know and to do."""

    #: When the last frame was written, or the present work began, by the Pulse's clock.
    silent_since: float

    def progress(self) -> int | None:
        """Return a number that changes with each thing done; None while there is nothing to do."""
        ...

    def beat(self) -> None:
        """Send a sign of life, unless that had to wait; raise OSError if the peer is gone."""
        ...

    def hung(self, seconds: float) -> None:
        """Give up: the present call has run for so long."""
        ...


class Pulse:
    """A timer thread that watches an agent.

    Parameters
    ----------
    watched : Watched
        The agent.
    limit_s : float
        Seconds after which one call counts as hung.
    clock : callable, default: time.monotonic
        Seconds.
    each_tick : callable, optional
        Called at every tick, busy or not.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        limit_s: float = BUSY_LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
        each_tick: Callable[[], None] | None = None,
    ) -> None:
        self._watched = watched
        self._limit_s = limit_s
        self._clock = clock
        self._each_tick = each_tick
        self._mark: int | None = None
        self._since = 0.0
        self._deaf = False  # whether the peer is gone
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kapnb-pulse", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; return when it has ended, unless called from it."""
        self._stopped.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def tick(self) -> None:
        """Look once; what the thread does all the time."""
        if self._each_tick is not None:
            self._each_tick()
        mark, now = self._watched.progress(), self._clock()
        if mark is None or mark != self._mark:
            self._mark, self._since = mark, now
        if mark is None:
            return
        if now - self._since >= self._limit_s:
            self._stopped.set()
            self._watched.hung(now - self._since)
        elif now - self._watched.silent_since >= BEAT_S and not self._deaf:
            try:
                self._watched.beat()
            except OSError:  # the peer is gone: the main thread meets it, unless it hangs
                self._deaf = True

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_S):
            self.tick()


def busy_limit(environ: dict[str, str] | None = None, default: float = BUSY_LIMIT_S) -> float:
    """Return the busy limit in seconds: ``KAPNB_BUSY_LIMIT``, or `default`.

    Raises
    ------
    ValueError
        If the variable is no positive number.
    """
    import os

    text = (os.environ if environ is None else environ).get("KAPNB_BUSY_LIMIT", "")
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"KAPNB_BUSY_LIMIT is {text!r}; it must be a number of seconds above 0")
    return seconds
