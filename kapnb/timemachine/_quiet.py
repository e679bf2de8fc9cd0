"""What user code says while it is run once more: caught, and shown to nobody who did not ask.

What other threads say meanwhile is none of it: a live run is walked in a thread of its own.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["Said", "overheard"]

#: Lines of one input that are kept.
_LINES_MAX = 100


class Said(logging.Handler):
    """Keeps log records and printed lines as text, in order.

    Attributes
    ----------
    lines : list of str
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._printed = _Printed(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as ``LEVEL logger: message``."""
        try:
            self.say(f"{record.levelname} {record.name}: {record.getMessage()}")
        except Exception:  # an argument that does not fit the message
            self.handleError(record)

    def say(self, line: str) -> None:
        """Keep a line."""
        if len(self.lines) < _LINES_MAX:
            self.lines.append(line)
        elif len(self.lines) == _LINES_MAX:
            self.lines.append("… and more")

    def taken(self) -> tuple[str, ...]:
        """Return the lines since the last time."""
        self._printed.finish()
        lines, self.lines = tuple(self.lines), []
        return lines


class _Printed(io.TextIOBase):
    """stdout and stderr, by lines."""

    def __init__(self, said: Said) -> None:
        self._said, self._open = said, ""

    def write(self, text: str) -> int:
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self._said.say(line)
        return len(text)

    def finish(self) -> None:
        if self._open:
            self._said.say(self._open)
            self._open = ""


class _Split(io.TextIOBase):
    """What this thread writes goes to one stream, what others write to another."""

    def __init__(self, ours: _Printed, others: Any) -> None:
        self._ours, self._others = ours, others
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        stream = self._ours if threading.get_ident() == self._thread else self._others
        return stream.write(text) if stream is not None else len(text)

    def flush(self) -> None:
        if self._others is not None and threading.get_ident() != self._thread:
            self._others.flush()


class _Sorted(logging.Handler):
    """What this thread logs goes to one handler, what others log to those there were."""

    def __init__(self, said: Said, others: list[logging.Handler], level: int) -> None:
        super().__init__()
        self._said, self._others, self._level = said, others, level
        self._thread = threading.get_ident()

    def handle(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() == self._thread:
            return bool(self._said.handle(record))
        if record.levelno >= self._level:
            for handler in self._others:
                if record.levelno >= handler.level:
                    handler.handle(record)
        return True


@contextlib.contextmanager
def overheard(said: Said) -> Iterator[None]:
    """Let `said` have what this thread logs and prints meanwhile, and nobody else.

    Records count from the level that Kapacitor's agents log from, INFO, unless a lower one is set.
    """
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = [_Sorted(said, handlers, level)]
    root.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        out, err = _Split(said._printed, sys.stdout), _Split(said._printed, sys.stderr)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
