"""What a person sees who waits for an export: the step under way, and the lines that stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

__all__ = ["Progress"]

_WIDTH = 78


class Progress:
    """A line that tells what is being done, rewritten at a terminal, and lines that stay.

    Parameters
    ----------
    stream : text stream
        Where to write.
    clock : callable, default: time.monotonic
        Seconds.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> with Progress(stream) as progress:
    ...     progress.tell("running the notebook")
    ...     progress.keep("ok   info")
    >>> print(stream.getvalue(), end="")
    … running the notebook
    ok   info
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._start = clock()
        self._rewrites = stream.isatty()

    def tell(self, text: str) -> None:
        """Say what is being done now."""
        if not self._rewrites:
            print(f"… {text}", file=self._stream, flush=True)
            return
        line = f"{self._clock() - self._start:5.1f} s … {text}"
        self._stream.write(f"\r\x1b[K{line[:_WIDTH]}")
        self._stream.flush()

    def keep(self, text: str) -> None:
        """Write a line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._rewrites:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
