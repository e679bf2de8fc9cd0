"""Whatever an official script gives its Agent to talk through, as a ByteStream.

Sockets and files with a file descriptor are read and written by it. Objects that have nothing
but `read` and `write` are read by a thread, since nobody could wake a read of theirs.
"""

from __future__ import annotations

import contextlib
import os
import queue
import stat
import sys
import threading
from typing import Any

from kapnb.agent import ByteStream, FdStream, claimed

__all__ = ["close", "cut_off", "is_stdio", "open_stream"]

#: How much a thread asks of an object at once, where it may be given less.
_CHUNK = 64 * 1024


def is_stdio(source: Any, sink: Any) -> bool:
    """Tell whether these are the process's stdin and stdout, or nothing at all."""
    return _is(source, "stdin") and _is(sink, "stdout")


def _is(file: Any, name: str) -> bool:
    standard = (getattr(sys, name), getattr(sys, f"__{name}__"))
    known = [stream for stream in standard if stream is not None]
    known += [stream.buffer for stream in known if hasattr(stream, "buffer")]
    return file is None or any(file is stream for stream in known)


def open_stream(source: Any, sink: Any) -> ByteStream:
    """Return a stream that reads from `source` and writes to `sink`."""
    if is_stdio(source, sink):
        return claimed().take()
    fds = _fd(source), _fd(sink)
    if None in fds:
        return _FileStream(source, sink)
    for end in (source, sink):
        if hasattr(end, "settimeout"):
            end.settimeout(None)
    if hasattr(sink, "flush"):
        sink.flush()
    return _FdStream(*fds)  # type: ignore[arg-type]


def close(stream: ByteStream, *files: Any) -> None:
    """Let go of a stream, and close the files it was on, as the official Agent does."""
    if isinstance(stream, (_FdStream, _FileStream)):
        stream.close()
    for file in files:
        if not hasattr(file, "close"):
            continue
        with contextlib.suppress(OSError, ValueError):  # the peer may be gone: nothing is lost
            file.close()


def cut_off(file: Any) -> None:
    """End a connection under the hands of a thread that does not return; from any thread."""
    number = _fd(file)
    if number is None or not stat.S_ISSOCK(os.fstat(number).st_mode):
        return
    import socket

    with socket.socket(fileno=os.dup(number)) as connection, contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _fd(file: Any) -> int | None:
    try:
        number = file.fileno()
    except (AttributeError, OSError, ValueError):  # io.UnsupportedOperation is both of these
        return None
    return number if isinstance(number, int) and number >= 0 else None


class _FdStream(FdStream):
    """An FdStream that is one of many in its process."""

    def close(self) -> None:
        """Close what waking needs; the descriptors themselves belong to the caller."""
        os.close(self._wake_read)
        os.close(self._wake_write)


class _FileStream:
    """A byte stream on objects with `read` or `recv`, and `write` or `sendall`."""

    def __init__(self, source: Any, sink: Any) -> None:
        self._receive = _reader(source)
        self._send = sink.sendall if hasattr(sink, "sendall") else sink.write
        self._flush = getattr(sink, "flush", None)
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ended = False
        threading.Thread(target=self._pump, name="kapnb-reader", daemon=True).start()

    def _pump(self) -> None:
        while True:
            try:
                chunk = self._receive()
            except (OSError, ValueError):  # closed under our hands: an end like any other
                chunk = b""
            self._chunks.put(chunk)
            if not chunk:
                return

    def read(self, timeout_s: float | None = None) -> bytes | None:
        """See `kapnb.agent.ByteStream`."""
        if self._ended:
            return b""
        try:
            chunk = self._chunks.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._ended = chunk == b""
        return chunk

    def write(self, data: bytes) -> None:
        """See `kapnb.agent.ByteStream`."""
        view = memoryview(data)
        while view:  # a raw file may take less than it is given; a socket answers None
            taken = self._send(view)
            view = view[taken if taken is not None else len(view) :]
        if self._flush is not None:
            self._flush()

    def wake(self) -> None:
        """See `kapnb.agent.ByteStream`."""
        self._chunks.put(None)

    def hung_up(self) -> bool:
        """See `kapnb.agent.ByteStream`."""
        return self._ended

    def close(self) -> None:
        """Forget what was read; the thread ends with its object."""
        self._ended = True


def _reader(source: Any) -> Any:
    """Return a function for some bytes, as soon as there are any."""
    for name in ("recv", "read1"):
        if hasattr(source, name):
            read = getattr(source, name)
            return lambda: read(_CHUNK)
    return lambda: source.read(1)  # read(n) would wait for all of them
