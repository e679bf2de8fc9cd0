"""How far long work is: a line on a terminal, a bar under a notebook's cell.

Work of less than two seconds shows nothing, and none leaves anything behind: not on the
terminal, and nothing in a saved notebook that a test of it could trip over. (A cell keeps one
display without data, which is the same whether a bar was shown or not how often.)

`tqdm.auto` draws, where it is installed; what is shown where, and for how long, is decided here.
Any room may use this: it knows nothing of what runs.
"""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol, TextIO, TypeVar

__all__ = ["CellBar", "Done", "Progress", "Surface", "TerminalLine", "find_surface", "track"]

_T = TypeVar("_T")

#: Seconds before anything is shown, and between two looks.
_DELAY_S, _EVERY_S = 2.0, 0.2


@dataclass(frozen=True)
class Done:
    """How far it is.

    Attributes
    ----------
    name, unit : str
        What runs, and what is counted.
    count : int
        How many were handled.
    total : int or None
        How many there are, if that is known.
    passed : float
        Seconds since the beginning.
    """

    name: str
    unit: str
    count: int
    total: int | None
    passed: float

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1, if that is known."""
        return min(self.count / self.total, 1.0) if self.total else None

    def __str__(self) -> str:
        share = self.share
        if not share:
            return f"{self.name}: {self.count:,} {self.unit}, {self.passed:.0f} s"
        left = self.passed / share - self.passed
        return (
            f"{self.name}: {self.count:,} of {self.total:,} {self.unit}, {share:.0%}, "
            f"{left:.0f} s left"
        )


class Surface(Protocol):
    """Where progress is shown."""

    def show(self, done: Done) -> None:
        """Show how far it is."""
        ...

    def clear(self) -> None:
        """Leave nothing behind."""
        ...


class TerminalLine:
    """One line of a terminal, written over again and again.

    Parameters
    ----------
    stream : text file
    bar : class, optional
        ``tqdm.auto.tqdm``, or what stands in for it; without one the line has only words.
    """

    def __init__(self, stream: TextIO, bar: Any = None) -> None:
        self._stream = stream
        self._make = bar
        self._bar: Any = None
        self._width = 0

    def show(self, done: Done) -> None:
        """See `Surface`."""
        if self._make is not None:
            self._bar = self._bar or _begin(self._make, done, file=self._stream)
            self._bar.update(done.count - self._bar.n)
            return
        text = str(done)
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text)

    def clear(self) -> None:
        """See `Surface`."""
        if self._bar is not None:
            self._bar.close()
            return
        self._stream.write(f"\r{' ' * self._width}\r")
        self._stream.flush()


class CellBar:
    """A bar under a notebook's cell.

    Parameters
    ----------
    display : callable
        Called as ``IPython.display.display`` is, and returns such a handle.
    bar : class, optional
        ``tqdm.auto.tqdm`` in its form for notebooks; without one the bar is HTML.

    Notes
    -----
    An output of a cell cannot be taken back, but it can be emptied: one without data is shown
    by no front end, and compared by no test. It is empty at first, too, since a test sees the
    first state and not the last.

    A front end without widgets shows the HTML that comes with tqdm's widget: a bar that moves,
    without figures.
    """

    def __init__(self, display: Callable[..., Any], bar: Any = None) -> None:
        self._handle = display({}, raw=True, display_id=True)
        self._make = bar
        self._bar: Any = None

    def show(self, done: Done) -> None:
        """See `Surface`."""
        text, share = str(done), done.share
        if self._make is None:
            value = "" if share is None else f' value="{share:.4f}"'
            html = f"<progress{value}></progress> {escape(text)}"
            self._handle.update({"text/plain": text, "text/html": html}, raw=True)
            return
        if self._bar is None:
            self._bar = _begin(self._make, done, display=False)
            still = f"<progress></progress> {escape(done.name)}"
            widget = self._bar.container._repr_mimebundle_()
            data = {**widget, "text/plain": done.name, "text/html": still}
            self._handle.update(data, raw=True)
        self._bar.update(done.count - self._bar.n)

    def clear(self) -> None:
        """See `Surface`."""
        if self._bar is not None:
            self._bar.close()
            self._bar.container.close()
        self._handle.update({}, raw=True)


def _begin(make: Any, done: Done, **settings: Any) -> Any:
    """Return a bar of tqdm's for work that has gone on for a while."""
    # When to draw is decided by Progress.
    bar = make(
        total=done.total,
        desc=done.name,
        unit=f" {done.unit}",
        leave=False,
        mininterval=0,
        miniters=1,
        **settings,
    )
    bar.start_t -= done.passed  # else it would take all that was done so far for instant
    return bar


def _tqdm() -> Any:
    """Return the class that `tqdm.auto` chooses here, or None if tqdm is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is experimental, or that widgets are missing
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return None

    class Bar(tqdm):  # type: ignore[misc]
        """Without the thread that watches for bars that stand still: ours are asked often."""

        monitor_interval = 0
        _lock = threading.RLock()  # tqdm's own takes a semaphore of all processes, too

    return Bar


def find_surface() -> Surface | None:
    """Return where progress can be seen, if anywhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        from IPython.display import display

        bar = _tqdm()
        # In a kernel without ipywidgets tqdm would write to stderr, which stays in the notebook.
        return CellBar(display, bar if _is_widget(bar) else None)
    stream = sys.stderr
    return TerminalLine(stream, _tqdm()) if stream is not None and stream.isatty() else None


def _is_widget(bar: Any) -> bool:
    return bar is not None and any(base.__module__ == "tqdm.notebook" for base in bar.__mro__)


class Progress:
    """Tells how far work is, once it has taken a while.

    Parameters
    ----------
    name : str
        What runs.
    total : int or None
        How many there are to handle, if that is known.
    unit : str, default: "inputs"
        What is counted.
    clock : callable, default: time.monotonic
        Seconds.
    surface : callable, default: `find_surface`
        Called at the first need; returns where to show it, or None.

    Examples
    --------
    >>> seconds = iter(range(10))
    >>> progress = Progress("Mean", 400, clock=lambda: next(seconds), surface=lambda: Shown())
    >>> class Shown:
    ...     def show(self, done):
    ...         print(done)
    ...     def clear(self):
    ...         print("(gone)")
    >>> for count in (50, 100, 200):
    ...     progress.update(count)
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
        unit: str = "inputs",
        clock: Callable[[], float] = time.monotonic,
        surface: Callable[[], Surface | None] = find_surface,
    ) -> None:
        self._name, self._total, self._unit = name, total, unit
        self._clock, self._find = clock, surface
        self._surface: Surface | None = None
        self._began = clock()
        self._due = self._began + _DELAY_S

    def update(self, count: int) -> None:
        """Say that `count` were handled."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + _EVERY_S
        if self._surface is None:
            self._surface = self._find()
        if self._surface is None:
            self._due = float("inf")  # nobody looks
            return
        self._surface.show(Done(self._name, self._unit, count, self._total, now - self._began))

    def finish(self) -> None:
        """Clear what was shown."""
        if self._surface is not None:
            self._surface.clear()


def track(
    items: Iterable[_T],
    name: str,
    *,
    total: int | None = None,
    unit: str = "inputs",
    progress: Callable[..., Progress] = Progress,
) -> Iterator[_T]:
    """Yield the items, and show how far that is once it has taken two seconds.

    Parameters
    ----------
    items : iterable
    name : str
        What is done with them.
    total : int, optional
        How many there are; by default their length, if they have one.
    unit : str, default: "inputs"
        What they are.
    progress : callable, default: Progress
        Makes what shows it.

    Examples
    --------
    >>> [2 * number for number in track([1, 2, 3], "doubling", unit="numbers")]
    [2, 4, 6]
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    shown = progress(name, total, unit=unit)
    try:
        for count, item in enumerate(items, 1):
            yield item
            shown.update(count)
    finally:
        shown.finish()
