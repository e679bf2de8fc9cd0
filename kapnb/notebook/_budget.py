"""When a live plot may draw a frame: rarely enough not to slow the run down.

Pure arithmetic on a clock that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FrameBudget"]

#: Cost of a frame before any was drawn, in seconds. So short runs draw only the last one.
_ASSUMED_COST_S = 0.040


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

    Examples
    --------
    >>> now = 0.0
    >>> budget = FrameBudget(lambda: now, fps=10, share=0.07)
    >>> budget.allows()
    False
    >>> now = 0.6  # 0.040 / 0.07 is 0.571
    >>> budget.allows()
    True
    """

    def __init__(self, clock: Callable[[], float], *, fps: float, share: float) -> None:
        self._clock = clock
        self._gap_s = 1 / fps
        self._share = share
        self._cost_s = _ASSUMED_COST_S
        self._drawing_s = 0.0
        self._began = self._ended = clock()

    def allows(self) -> bool:
        """Return whether a frame may be drawn now."""
        now = self._clock()
        if now - self._ended < max(self._gap_s, self._cost_s / self._share):
            return False
        working_s = now - self._began - self._drawing_s
        return self._drawing_s + self._cost_s <= self._share * working_s

    def spend(self, draw: Callable[[], None]) -> None:
        """Draw a frame and book what it cost; the next is expected to cost the same."""
        began = self._clock()
        try:
            draw()
        finally:
            self._ended = self._clock()
            self._cost_s = self._ended - began
            self._drawing_s += self._cost_s
