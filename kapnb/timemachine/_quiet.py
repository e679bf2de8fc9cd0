"""What user code says while it is run once more: caught, and shown to nobody who did not ask."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

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
        self.say(f"{record.levelname} {record.name}: {record.getMessage()}")

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


@contextlib.contextmanager
def overheard(said: Said) -> Iterator[None]:
    """Let `said` have what is logged and printed meanwhile, and nobody else.

    Records count from the level that Kapacitor's agents log from, INFO, unless a lower one is set.
    """
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = [said]
    root.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        printed = said._printed
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
