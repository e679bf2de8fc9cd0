"""When a live plot may draw a frame: rarely enough not to slow the run down.

Pure arithmetic on a clock that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FrameBudget"]

#: Cost of a frame before any was drawn, in seconds: about what a first one takes, which meets
#: cold caches, on a busy machine. So short runs draw only the last one.
_ASSUMED_COST_S = 0.120
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

    Examples
    --------
    >>> now = 0.0
    >>> budget = FrameBudget(lambda: now, fps=10, share=0.07)
    >>> budget.allows()
    False
    >>> now = 1.8  # 0.120 / 0.07 is 1.714
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
    ) -> None:
        if not fps > 0:
            raise ValueError(f"fps is the most frames a second, above 0, not {fps!r}")
        if not 0 <= share < 1:
            raise ValueError(f"share is a share of the run's time, from 0 to 1, not {share!r}")
        self._clock, self._idle = clock, idle
        self._gap_s = 1 / fps
        self._share = share
        self._cost_s = _ASSUMED_COST_S
        self._drawing_s = 0.0
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
        return self._drawing_s + self._cost_s <= self._earned(passed, idle - self._idle_before)

    def _earned(self, passed_s: float, idle_s: float) -> float:
        """Return the drawing time that so many seconds without drawing are worth."""
        return self._share * (passed_s - idle_s) + _IDLE_SHARE * idle_s

    def spend(self, draw: Callable[[], None]) -> None:
        """Draw a frame and book what it cost; the next is expected to cost the same."""
        began = self._clock()
        try:
            draw()
        finally:
            self._ended = self._clock()
            self._idle_at_end = self._idle()
            self._cost_s = self._ended - began
            self._drawing_s += self._cost_s
