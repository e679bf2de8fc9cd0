"""What a live run measures of itself: rate, backlog, latency against the deadline, state size.

All of it differs from run to run. Nothing is drawn here.

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
from dataclasses import dataclass

from kapnb.notebook._live_control import Control
from kapnb.simulation import Simulation

__all__ = ["READINGS_MAX", "Meter", "Reading", "call_limits"]

#: Points of about 95 bytes that fit into a pipe of 64 KiB, and the one that waits to.
_QUEUED = 689
#: Readings that are kept.
READINGS_MAX = 60
#: Share of the time that packing the state, to learn its size, may take.
_SIZE_SHARE = 0.01
#: Readings closer than this, in seconds, would say little.
_APART_S = 0.05


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
        self.readings: deque[Reading] = deque(maxlen=READINGS_MAX)

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
        """Note what came last, before a last picture takes its time."""
        self.read(simulation)
        self._calls = 0

    def read(self, simulation: Simulation) -> None:
        """Note a reading of the time since the last one, unless that was just now."""
        now, done = self._clock(), len(simulation.inputs)
        passed = now - self._since
        if self.readings and (passed < _APART_S or not self._calls):
            return
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
