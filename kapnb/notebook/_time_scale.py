"""Event times as x values, and the axis that shows them."""

from __future__ import annotations

from typing import Any

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from kapnb.model import format_time

__all__ = ["TimeScale"]

#: A run shorter than this is no matter of dates; clocks of days are too coarse for it.
_DATES_MIN_NS = 1_000_000
_DAY_NS = 86_400_000_000_000


class TimeScale:
    """Event times as x values: dates, or nanoseconds where days are too coarse.

    Parameters
    ----------
    ends : tuple of int, or None
        The first and the last time; None where there is none.
    """

    def __init__(self, ends: tuple[int, int] | None) -> None:
        self._ends = ends
        self._first, self._last = ends or (0, 0)
        self._dates = not 0 < self._last - self._first < _DATES_MIN_NS

    def __call__(self, times: Any) -> Any:
        return times / _DAY_NS if self._dates else (times - self._first).astype(float)

    @property
    def label(self) -> str:
        """What the axis is called; the same for scales that differ in their limits only."""
        if self._ends is None:
            return ""
        if self._dates:
            return "event time (UTC)"
        return f"nanoseconds after {format_time(self._first)}"

    def set_up(self, ax: Any, *, labelled: bool, ticks: int) -> None:
        """Set limits, ticks and label of the time axis."""
        if self._ends is None:
            ax.set_xticks([])
        elif self._dates:
            # For some lengths matplotlib finds no interval between 3 and 5 ticks.
            least = 3 if ticks > 5 else 2
            locator = AutoDateLocator(minticks=least, maxticks=ticks)  # type: ignore[no-untyped-call]
            ax.xaxis.set_major_locator(locator)
            formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
            ax.xaxis.set_major_formatter(formatter)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
        self.limit(ax)
        if labelled and self._ends is not None:
            ax.set_xlabel(self.label)
        else:
            ax.tick_params(labelbottom=False)
            ax.xaxis.offsetText.set_visible(False)

    def limit(self, ax: Any) -> None:
        """Set the limits; those of nanoseconds follow from what is drawn."""
        if self._ends is not None and self._dates:
            pad = (self._last - self._first) * 0.01 or 1e9
            ax.set_xlim((self._first - pad) / _DAY_NS, (self._last + pad) / _DAY_NS)
