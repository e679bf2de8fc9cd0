"""Crashes: whether a Handler process that ended is started again, when, and how carefully.

It is told the time and sees no process. The question it answers is which input is to blame: a
crash happened somewhere among the inputs that had been handed over and were not confirmed, and
of several crashes in a row the inputs common to all are the suspects.
"""

from __future__ import annotations

import signal
from collections import deque
from dataclasses import dataclass

from kapnb.supervise._limits import Limits

__all__ = ["AT_START", "Crash", "Crashes", "Verdict", "ending"]

#: Stands for init and restore among the positions of inputs.
AT_START = -1
#: The first restart is immediate, the second waits this long, in seconds, and so on doubled.
FIRST_DELAY_S, DELAY_MAX_S = 0.1, 5.0
#: After a kill from outside, which the process is not to blame for, it never waits longer.
KILLED_DELAY_MAX_S = 1.0
#: Signals that people and the kernel send, whatever the process was doing.
_FROM_OUTSIDE = tuple(
    f"signal {name}" for name in ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM", "SIGQUIT")
)


@dataclass(frozen=True)
class Crash:
    """How and where a Handler process ended.

    Attributes
    ----------
    reason : str
        The signal, the exit status, or the error.
    suspects : range
        Positions of the inputs one of which was being handled.
    progress : tuple of int
        How far the task had come; grows.
    """

    reason: str
    suspects: range
    progress: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """What follows from a crash.

    Attributes
    ----------
    delay_s : float
        How long to wait before the restart, in seconds.
    careful : bool
        Whether the suspects are handed over one by one, so that the next crash names one.
    culprit : int or None
        The input that ended the process too often. Nothing is started again.
    exhausted : str
        If there were too many restarts, how many: ``10 times without …``. Nothing is started again.
    """

    delay_s: float = 0.0
    careful: bool = False
    culprit: int | None = None
    exhausted: str = ""


class Crashes:
    """The crashes so far, and what follows from the next one.

    Parameters
    ----------
    limits : Limits
        How many are borne.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: deque[float] = deque()
        self._suspects = range(0)
        self._in_a_row = 0  # crashes that may have the same cause
        self._named = 0  # those of them that had one suspect only
        self._stuck = 0  # crashes since the task last came further
        self._progress: tuple[int, ...] = ()

    def add(self, crash: Crash, now: float) -> Verdict:
        """Take a crash at time `now`, in seconds, and return what follows."""
        limits = self._limits
        outside = crash.reason.startswith(_FROM_OUTSIDE)
        starting = crash.suspects == range(AT_START, AT_START + 1)
        self._suspect(range(0) if outside and starting else crash.suspects)
        self._stuck = 1 if crash.progress > self._progress else self._stuck + 1
        self._progress = max(self._progress, crash.progress)
        # One crash with a single suspect may be an accident that happened just there. So may two
        # if somebody kills: while inputs are handed over one by one there is always just one.
        needed = limits.same_input if outside else 2
        if self._in_a_row >= limits.same_input and self._named >= needed:
            return Verdict(culprit=self._suspects[0])
        self._times.append(now)
        while self._times[0] <= now - limits.restart_period_s:
            self._times.popleft()
        if self._stuck > limits.max_stuck:
            return Verdict(exhausted=f"{limits.max_stuck} times in a row without coming further")
        if len(self._times) > limits.max_restarts:
            period = f"{limits.restart_period_s:g} s"
            return Verdict(exhausted=f"{limits.max_restarts} times within {period}")
        delay = FIRST_DELAY_S * 2 ** (self._stuck - 2) if self._stuck > 1 else 0.0
        delay = min(delay, KILLED_DELAY_MAX_S if outside else DELAY_MAX_S)
        return Verdict(delay, self._in_a_row > 1 or not outside)

    def _suspect(self, suspects: range) -> None:
        """Narrow the suspects down to those of this crash too; begin anew if there are none."""
        common = _common(self._suspects, suspects)
        if not common:
            self._in_a_row = self._named = 0
        self._suspects = common or suspects
        self._in_a_row += 1
        self._named += len(suspects) == 1


def _common(one: range, other: range) -> range:
    return range(max(one.start, other.start), min(one.stop, other.stop))


def ending(status: int) -> str:
    """Name how a process ended: ``exit status 1``, ``signal SIGSEGV``.

    Parameters
    ----------
    status : int
        As `subprocess` has it: a signal is negative.
    """
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal has no name of its own
        return f"signal {-status}"
