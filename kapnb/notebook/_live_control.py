"""When the inputs of a live run may go: its speed, pauses, steps, and its stop.

Whoever presses a button calls a `Control` from one thread, the run asks it from another. Clock
and waiting are passed in; nothing here draws.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import Any, Literal, TypeVar

from kapnb.model import Batch
from kapnb.protocol import wire_point
from kapnb.simulation import ENOUGH_S, MOST
from kapnb.simulation._portions import take

__all__ = ["Control", "Speed", "Waiter", "check_speed"]

_T = TypeVar("_T")
#: Times real time, or as fast as possible.
Speed = float | Literal["max"]
#: Waits on a condition that is held, at most so many seconds, or without end.
Waiter = Callable[[threading.Condition, float | None], object]

_NS = 1_000_000_000
#: At a pace, points that are due within so many seconds go together: one by one each costs
#: several times as much, and no eye would see a difference.
_TICK_S = 0.02
#: Seconds after which who waits for the run to stand still looks for an interrupt.
_HEED_S = 0.5


class Control:
    """Lets the inputs of one run go.

    Parameters
    ----------
    speed : float or "max", default: "max"
        1 is real time: two inputs whose event times are a second apart go a second apart.
    paused : bool, default: False
        Whether to wait before the first input.
    clock : callable, default: time.monotonic
        Seconds.
    wait : callable, optional
        Called with a condition that is held and seconds, or None; returns when the condition
        is notified or the time is up.

    Attributes
    ----------
    backlog_s : float
        How long ago the input that goes next was due, in seconds; 0 at full speed.
    idle_s : float
        Seconds that the run has waited for an input to be due, in all.
    took : tuple of int and float
        How many the last inputs were, and in how many seconds they were handled.
    on_rest, on_idle : callable
        Called in the run's thread: when it has come to stand still, and when it is about to
        wait for an input to be due.

    Notes
    -----
    Event time that goes back is due at once. After a pause, a step or a change of speed the
    input at hand goes at once, and time is counted from there.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> control = Control()
    >>> [len(some) for some in control.portions(iter([b""] * 5), nullcontext())]
    [1, 2, 2]
    """

    def __init__(
        self,
        *,
        speed: Speed = "max",
        paused: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wait: Waiter = threading.Condition.wait,
    ) -> None:
        self.clock = clock
        self.backlog_s = self.idle_s = 0.0
        self.took: tuple[int, float] = (0, 0.0)
        self._handed = (-math.inf, 0)
        self.on_rest: Callable[[], None] = _nothing
        self.on_idle: Callable[[], None] = _nothing
        self._speed = check_speed(speed)
        self._paused = paused
        self._steps = 0
        self._stopped = self._over = self._resting = False
        #: The clock, and the event time, from which inputs are due.
        self._anchor: tuple[float, int] | None = None
        self._changed = threading.Condition()
        self.thread: int | None = None  # the run's
        self._wait_on = wait

    # ---------------------------------------------------------------- what is asked for

    @property
    def speed(self) -> Speed:
        """Times real time, or "max"; may be set at any time."""
        return self._speed

    @speed.setter
    def speed(self, speed: Speed) -> None:
        with self._changed:
            self._speed, self._anchor = check_speed(speed), None
            self._changed.notify_all()

    @property
    def resting(self) -> bool:
        """Whether the run stands still because it was asked to."""
        return self._resting

    @property
    def paused(self) -> bool:
        """Whether the run stands still, or is about to."""
        return self._paused

    @property
    def stopped(self) -> bool:
        """Whether the run was asked to end."""
        return self._stopped

    def pause(self) -> None:
        """Let nothing go; returns when the run stands still or is over."""
        with self._changed:
            self._paused, self._steps = True, 0
            self._changed.notify_all()
            self._await_rest()

    def resume(self) -> None:
        """Let inputs go again."""
        with self._changed:
            self._paused = self._resting = False
            self._steps, self._anchor = 0, None
            self._changed.notify_all()

    def step(self, count: int = 1) -> None:
        """Let so many inputs go; returns when they were handled or the run is over.

        An interrupt meanwhile lets no more of them go.
        """
        with self._changed:
            self._paused = True
            self._await_rest()
            self._steps, self._anchor, self._resting = count, None, False
            self._changed.notify_all()
            try:
                self._await_rest()
            except KeyboardInterrupt:
                self._steps = 0
                raise

    def stop(self) -> None:
        """Let nothing go any more: for the run, the data ends here."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def end(self) -> None:
        """Take note that the run is over."""
        with self._changed:
            self._over, self._resting = True, False
            self._changed.notify_all()

    def _await_rest(self) -> None:
        if self.thread == threading.get_ident():
            return  # the run itself asks; it rests once the call at hand has ended
        while not (self._resting or self._over or self._stopped):
            # Again and again: an interrupt just before a wait is heeded after it.
            self._wait_on(self._changed, _HEED_S)

    # ---------------------------------------------------------------- what the run asks

    def portions(
        self, items: Iterator[_T], gate: AbstractContextManager[None], *, singly: bool = False
    ) -> Iterator[list[_T]]:
        """Yield inputs in lists, each when it may go; see `kapnb.simulation.Pace`.

        Lists grow as long as they are handled in an instant. An error of the source is raised
        once the inputs before it were handled.
        """
        self.thread = threading.get_ident()
        size, most = 1, 1 if singly else MOST
        while True:
            block, failure = take(items, size, gate)
            for portion in self._admitted(block, gate):
                self._handed = (self.clock(), len(portion))
                yield portion
            if self._stopped or len(block) < size:
                if failure is not None and not self._stopped:
                    raise failure
                return
            size = min(2 * size, most) if self.took[1] < ENOUGH_S else max(size // 2, 1)

    def handled(self) -> None:
        """Take note that the inputs that went last were handled, before anything is drawn."""
        began, count = self._handed
        self.took = count, self.clock() - began

    def _admitted(self, block: list[_T], gate: AbstractContextManager[None]) -> Iterator[list[_T]]:
        """Yield the inputs at hand in parts, each when it may go; no more after a stop."""
        dues = _Dues(block)
        done = 0
        while done < len(block):
            with gate:
                count = self._await_turn(dues, done)
            if not count:
                return
            yield block[done : done + count] if count < len(block) else block
            done += count

    def _await_turn(self, dues: _Dues, done: int) -> int:
        """Wait until an input may go; return how many may, 0 if the run is to end."""
        told: bool | None = None  # that it stands still (True), or waits for a due (False)
        while True:
            with self._changed:
                count, delay = self._look(dues, done)
                if count is not None:
                    self._resting = False
                    return count
                resting = delay is None
                if told is resting:
                    self._rest() if resting else self._idle(delay)
                    told = resting or None
                    continue
            # Without the lock: who draws takes time, and may ask us.
            told = resting
            (self.on_rest if resting else self.on_idle)()

    def _rest(self) -> None:
        self._resting = True
        self._changed.notify_all()
        self._wait_on(self._changed, None)

    def _idle(self, delay_s: float | None) -> None:
        began = self.clock()
        self._wait_on(self._changed, delay_s)
        self.idle_s += self.clock() - began

    def _look(self, dues: _Dues, done: int) -> tuple[int | None, float | None]:
        """Return how many may go now; or None, and the seconds until one may, if any."""
        if self._stopped:
            return 0, None
        if self._steps:
            self._steps -= 1
            return 1, None
        if self._paused:
            return None, None
        if self._speed == "max":
            self.backlog_s = 0.0
            return len(dues) - done, None
        now = self.clock()
        first = dues.times[done]
        if self._anchor is None:
            self._anchor = now, first
        began, origin = self._anchor
        reached = origin + round((now - began) * self._speed * _NS)
        count = bisect_right(dues.times, reached, done) - done
        next_tick = self._handed[0] + _TICK_S
        if not count:
            return None, max((first - reached) / (self._speed * _NS), next_tick - now)
        if count < len(dues) - done and now < next_tick:
            return None, next_tick - now
        self.backlog_s = (reached - first) / (self._speed * _NS)
        return count, None


class _Dues:
    """The event times of some inputs, never going back; read at the first need."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items
        self._times: list[int] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def times(self) -> list[int]:
        """In nanoseconds since the Unix epoch."""
        if self._times is None:
            self._times = list(accumulate(map(_time_of, self._items), max))
        return self._times


def check_speed(speed: Any) -> Speed:
    """Return a speed, or raise ValueError."""
    if speed == "max":
        return "max"
    if isinstance(speed, (int, float)) and not isinstance(speed, bool) and 0 < speed < 1e9:
        return float(speed)
    raise ValueError(
        f'speed is "max" or times real time, such as 1 or 60, not {speed!r}; pause() lets '
        "nothing go"
    )


def _time_of(item: Any) -> int:
    if isinstance(item, bytes):
        return wire_point(item).time
    if isinstance(item, Batch):
        return item.tmax
    time_ns: int = item.time
    return time_ns


def _nothing() -> None:
    """Do nothing."""
