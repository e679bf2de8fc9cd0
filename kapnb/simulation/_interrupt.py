"""Where an interrupt may fall: within user code, and not between two entries of our books."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["InterruptGate"]


class InterruptGate:
    """A context manager that lets SIGINT in; outside of it a signal waits for the next entry.

    What a Handler has given must be kept together with the input it belongs to, so an interrupt
    (Ctrl-C, or a notebook's stop button) may not fall in between. User code it interrupts at
    once, as always.

    Examples
    --------
    >>> gate = InterruptGate()
    >>> with gate.installed():
    ...     signal.raise_signal(signal.SIGINT)
    ...     print("kept")
    ...     try:
    ...         with gate:
    ...             print("never seen")
    ...     except KeyboardInterrupt:
    ...         print("interrupted")
    kept
    interrupted
    """

    def __init__(self) -> None:
        self._open = self._waiting = False

    def __enter__(self) -> None:
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
        self._open = True

    def __exit__(self, *error: object) -> None:
        self._open = False

    def _arrived(self, number: int, frame: Any) -> None:
        if self._open:
            raise KeyboardInterrupt
        self._waiting = True

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Be what SIGINT meets, unless somebody else has taken it or this is no main thread.

        A signal that no entry has let in is raised at the end.
        """
        ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if not ours:
            yield
            return
        signal.signal(signal.SIGINT, self._arrived)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with self:
            pass
