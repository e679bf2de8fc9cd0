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
#: Most bytes that one character becomes: spelled out as ``\\U0001f600`` where the encoding
#: does not have it.
_CHARACTER_MAX = 10


class LineLimited(io.TextIOBase):
    """A text stream that breaks lines which Kapacitor could not read.

    Parameters
    ----------
    stream : text file
        Where everything goes, at the latest at the end of each line.

    Attributes
    ----------
    last_words : str
        The last text written that was more than white space.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._column = 0  # in bytes, since the last line feed: nothing else ends a line
        self.last_words = ""

    def __getattr__(self, name: str) -> Any:
        """Be as the stream below in all that has nothing to do with lines."""
        return getattr(self._stream, name)

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
        size = self._size(text)
        if self._column + size < LINE_MAX:  # in one piece: other threads write, too
            self._stream.write(text)
            end = text.rfind("\n") + 1
            self._column = self._size(text[end:]) if end else self._column + size
        else:
            for line in io.StringIO(text, newline="\n"):  # a carriage return ends none
                self._write_line(line)
        if "\n" in text:
            self._stream.flush()
        if text and not text.isspace():
            self.last_words = text
        return len(text)

    def _write_line(self, line: str) -> None:
        content, end = line.removesuffix("\n"), line.endswith("\n")
        width = 1 if line.isascii() else _CHARACTER_MAX
        while self._column + (size := self._size(content)) >= LINE_MAX:
            room = max((LINE_MAX - self._column - 1) // width, 0)
            self._stream.write(f"{content[:room]}\n")
            content, self._column = content[room:], 0
        self._stream.write(f"{content}\n" if end else content)
        self._column = 0 if end else self._column + size

    def _size(self, text: str) -> int:
        """Return how many bytes `text` is at the most."""
        if text.isascii():
            return len(text)
        return len(text.encode(self.encoding or "utf-8", self.errors or "backslashreplace"))

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
