"""How far a long run is: one line on a terminal, a bar under a notebook's cell.

A run of less than two seconds shows nothing, and no run leaves anything behind: not on the
terminal, and nothing in a saved notebook that a test of it could trip over. (A cell keeps one
display without data, which is the same whether a bar was shown or not how often.)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any, Protocol, TextIO

__all__ = ["CellBar", "Progress", "Surface", "TerminalLine", "find_surface"]

#: Seconds before anything is shown, and between two looks.
_DELAY_S, _EVERY_S = 2.0, 0.2


class Surface(Protocol):
    """Where progress is shown."""

    def show(self, text: str, share: float | None) -> None:
        """Show `text`, and how much is done, from 0 to 1, if that is known."""
        ...

    def clear(self) -> None:
        """Leave nothing behind."""
        ...


class TerminalLine:
    """One line of a terminal, written over again and again.

    Parameters
    ----------
    stream : text file
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def show(self, text: str, share: float | None) -> None:
        """See `Surface`."""
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text)

    def clear(self) -> None:
        """See `Surface`."""
        self._stream.write(f"\r{' ' * self._width}\r")
        self._stream.flush()


class CellBar:
    """A bar under a notebook's cell.

    Parameters
    ----------
    display : callable
        Called as ``IPython.display.display`` is, and returns such a handle.

    Notes
    -----
    An output of a cell cannot be taken back, but it can be emptied: one without data is shown
    by no front end, and compared by no test. It is empty at first, too, since a test sees the
    first state and not the last.
    """

    def __init__(self, display: Callable[..., Any]) -> None:
        self._handle = display({}, raw=True, display_id=True)

    def show(self, text: str, share: float | None) -> None:
        """See `Surface`."""
        value = "" if share is None else f' value="{share:.4f}"'
        bar = f"<progress{value}></progress> {escape(text)}"
        self._handle.update({"text/plain": text, "text/html": bar}, raw=True)

    def clear(self) -> None:
        """See `Surface`."""
        self._handle.update({}, raw=True)


def find_surface() -> Surface | None:
    """Return where progress can be seen, if anywhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        from IPython.display import display

        return CellBar(display)
    stream = sys.stderr
    return TerminalLine(stream) if stream is not None and stream.isatty() else None


class Progress:
    """Tells how far a run is, once it has taken a while.

    Parameters
    ----------
    name : str
        What runs.
    total : int or None
        How many inputs there are, if that is known.
    clock : callable, default: time.monotonic
        Seconds.
    surface : callable, default: `find_surface`
        Called at the first need; returns where to show it, or None.

    Examples
    --------
    >>> seconds = iter(range(10))
    >>> progress = Progress("Mean", 400, clock=lambda: next(seconds), surface=lambda: Shown())
    >>> class Shown:
    ...     def show(self, text, share):
    ...         print(text)
    ...     def clear(self):
    ...         print("(gone)")
    >>> for done in (50, 100, 200):
    ...     progress.update(done)
    Mean: 100 of 400 inputs, 25%, 6 s left
    Mean: 200 of 400 inputs, 50%, 3 s left
    >>> progress.finish()
    (gone)
    """

    def __init__(
        self,
        name: str,
        total: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        surface: Callable[[], Surface | None] = find_surface,
    ) -> None:
        self._name, self._total = name, total
        self._clock, self._find = clock, surface
        self._surface: Surface | None = None
        self._began = clock()
        self._due = self._began + _DELAY_S

    def update(self, done: int) -> None:
        """Say that `done` inputs were handled."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + _EVERY_S
        if self._surface is None:
            self._surface = self._find()
        if self._surface is None:
            self._due = float("inf")  # nobody looks
            return
        share = min(done / self._total, 1.0) if self._total else None
        self._surface.show(self._text(done, share, now - self._began), share)

    def finish(self) -> None:
        """Clear what was shown."""
        if self._surface is not None:
            self._surface.clear()

    def _text(self, done: int, share: float | None, passed: float) -> str:
        if not share:
            return f"{self._name}: {done:,} inputs, {passed:.0f} s"
        left = passed / share - passed
        return f"{self._name}: {done:,} of {self._total:,} inputs, {share:.0%}, {left:.0f} s left"
