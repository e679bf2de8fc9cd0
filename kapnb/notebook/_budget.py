"""When a live plot may draw a frame: rarely enough not to slow the run down.

Pure arithmetic on a clock that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["FrameBudget"]

#: Cost of a frame before any was drawn, in seconds: about what a first one takes, which makes a
#: figure and meets cold caches. So short runs draw only the last one.
_ASSUMED_COST_S = 0.100
#: Share of idle time that drawing may take: what is left keeps the next input from being late.
_IDLE_SHARE = 0.5


class FrameBudget:
    """Share of a run's time that drawing may take.

    Parameters
    ----------
    clock : callable
        Returns seconds, never going back.
    fps : float
        Most frames a second.
    share : float
        Drawing time per time spent otherwise, such as 0.07. Publishing a frame adds 1 to
        3 % that no clock here sees.
    idle : callable, optional
        Returns the seconds, in all, that the run had nothing to do because it waits for the
        time at which its next input is due. Of these, half may be used.
    busy : callable, optional
        Returns the seconds, in all, that the run's thread had for itself, as `own_time` does.
        Then drawing keeps to the share by these, too: on a busy machine a clock goes on while
        the run stands still.

    Examples
    --------
    >>> now = 0.0
    >>> budget = FrameBudget(lambda: now, fps=10, share=0.07)
    >>> budget.allows()
    False
    >>> now = 1.5  # 0.100 / 0.07 is 1.429
    >>> budget.allows()
    True
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        fps: float,
        share: float,
        idle: Callable[[], float] = lambda: 0.0,
        busy: Callable[[], float] | None = None,
    ) -> None:
        if not fps > 0:
            raise ValueError(f"fps is the most frames a second, above 0, not {fps!r}")
        if not 0 <= share < 1:
            raise ValueError(f"share is a share of the run's time, from 0 to 1, not {share!r}")
        self._clock, self._idle, self._busy = clock, idle, busy or (lambda: 0.0)
        self._counts_busy = busy is not None
        self._busy_began, self._busy_cost_s, self._busy_drawing_s = self._busy(), 0.0, 0.0
        self._gap_s = 1 / fps
        self._share = share
        self._cost_s = _ASSUMED_COST_S
        self._drawing_s = 0.0
        self._aside_s = self._busy_aside_s = 0.0
        self._began = self._ended = clock()
        self._idle_before = self._idle_at_end = idle()

    def allows(self) -> bool:
        """Return whether a frame may be drawn now."""
        now = self._clock()
        if now - self._ended < self._gap_s:
            return False
        idle = self._idle()
        if self._cost_s > self._earned(now - self._ended, idle - self._idle_at_end):
            return False
        passed = now - self._began - self._drawing_s
        if self._drawing_s + self._cost_s > self._earned(passed, idle - self._idle_before):
            return False
        return not self._counts_busy or self._is_cheap(idle - self._idle_before)

    def _is_cheap(self, idle_s: float) -> bool:
        """Return whether a frame stays within the share by the time of the run's own."""
        worked = self._busy() - self._busy_began - self._busy_drawing_s
        cost = self._busy_cost_s or _ASSUMED_COST_S
        return self._busy_drawing_s + cost <= self._earned(worked, idle_s)

    def _earned(self, passed_s: float, idle_s: float) -> float:
        """Return the drawing time that so many seconds without drawing are worth."""
        return self._share * (passed_s - idle_s) + _IDLE_SHARE * idle_s

    def spend(self, draw: Callable[[], None]) -> None:
        """Draw a frame and book what it cost; the next is expected to cost the same."""
        self._aside_s = self._busy_aside_s = 0.0
        began, busy = self._clock(), self._busy()
        try:
            draw()
        finally:
            self._ended = self._clock()
            self._idle_at_end = self._idle()
            took, worked = self._ended - began, self._busy() - busy
            self._drawing_s += took
            self._busy_drawing_s += worked
            self._cost_s = took - self._aside_s
            self._busy_cost_s = worked - self._busy_aside_s

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do what is part of this frame's cost, and not to be expected of the next."""
        began, busy = self._clock(), self._busy()
        try:
            yield
        finally:
            self._aside_s += self._clock() - began
            self._busy_aside_s += self._busy() - busy
