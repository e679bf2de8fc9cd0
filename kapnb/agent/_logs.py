"""What an agent's process says on stderr, which Kapacitor copies into its own log.

Kapacitor reads stderr line by line and gives up at a line of 64 KiB; then nobody empties the
pipe any more, and the agent stands still at its next message. So no line may be that long.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

__all__ = ["LINE_MAX", "LineLimited", "configure_logging"]

#: Longest line written, in bytes, with its end; Kapacitor's limit is 65,536.
LINE_MAX = 60_000


class LineLimited(io.TextIOBase):
    """A text stream that breaks lines which Kapacitor could not read.

    Parameters
    ----------
    stream : text file
        Where everything goes, at the latest at the end of each line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._column = 0  # in bytes

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the stream below."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How characters that cannot be encoded are written."""
        return self._stream.errors

    @property
    def buffer(self) -> Any:
        """The binary stream below, for those who write bytes; their lines are not broken."""
        return self._stream.buffer

    def write(self, text: str) -> int:
        """Write `text`, breaking its longest lines."""
        for line in text.splitlines(keepends=True):
            self._write_line(line)
        if "\n" in text:
            self._stream.flush()
        return len(text)

    def _write_line(self, line: str) -> None:
        size = len(line.encode(errors="replace"))
        while self._column + size > LINE_MAX:
            room = max((LINE_MAX - self._column) // 4, 1)  # a character has up to four bytes
            self._stream.write(f"{line[:room]}\n")
            line, self._column = line[room:], 0
            size = len(line.encode(errors="replace"))
        self._stream.write(line)
        self._column = 0 if line.endswith(("\n", "\r")) else self._column + size

    def flush(self) -> None:
        """Write what waits below."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the file descriptor below."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether a person reads."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Return True."""
        return True


def configure_logging(environ: Mapping[str, str] = os.environ) -> None:
    """Send log records to stderr, unless user code has set logging up already.

    ``KAPACITOR_LOGGING_LEVEL`` (DEBUG, INFO, WARN, ERROR) sets the level, INFO by default.
    ``KAPNB_LOG_FORMAT=json`` writes one JSON object a line.
    """
    import logging

    name = environ.get("KAPACITOR_LOGGING_LEVEL", "INFO").strip().upper() or "INFO"
    level = logging.getLevelName({"TRACE": "DEBUG", "OFF": "CRITICAL"}.get(name, name))
    known = isinstance(level, int)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(environ))
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(handler)
        root.setLevel(level if known else logging.INFO)
    if not known:
        logging.getLogger("kapnb").warning(
            "KAPACITOR_LOGGING_LEVEL is %r, which is no level: use DEBUG, INFO, WARN or ERROR", name
        )


def _formatter(environ: Mapping[str, str]) -> Any:
    import logging

    if environ.get("KAPNB_LOG_FORMAT", "").lower() == "json":
        from kapnb.agent._json_log import JsonFormatter

        return JsonFormatter()
    return logging.Formatter("%(levelname)s %(name)s: %(message)s")
