"""The line to one agent: bytes in, bytes out, over pipes or a Unix socket; never blocking.

It knows no frames. Whoever holds it says how long a step may wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket as sockets
import termios
import time
from array import array

from kapnb.testing._process import AgentProcess

__all__ = ["Line", "NobodyListens"]

_READ_SIZE = 1024 * 1024
_WRITE_SIZE = 64 * 1024
#: Between two calls of a socket that nobody listens on yet, in seconds.
_DIAL_POLL_S = 0.02


class NobodyListens(Exception):
    """The server did not take a call; the text says why."""


class Line:
    """The line to one agent.

    Parameters
    ----------
    process : AgentProcess
        The agent, or the server that makes one for this connection.
    socket : str or None
        Path on which the server listens; None for the process's own pipes.
    patience_s : float
        How long a server may take until it listens, in seconds.

    Attributes
    ----------
    outgoing : bytearray
        What is still to be written.
    listening : bool
        Whether the agent's output is read.
    at_end : bool
        Whether the agent has closed its side, or we have hung up.
    closed : bool
        Whether we have closed ours.

    Raises
    ------
    NobodyListens
        If a server takes no call.
    """

    def __init__(self, process: AgentProcess, socket: str | None, patience_s: float) -> None:
        self.outgoing = bytearray()
        self.listening = True
        self.at_end = self.closed = False
        self._process = process
        self._socket = None if socket is None else _dial(process, socket, patience_s)
        if self._socket is None:
            self._read_fd, self._write_fd = process.wire
        else:
            self._read_fd = self._write_fd = self._socket.fileno()
        os.set_blocking(self._read_fd, False)
        os.set_blocking(self._write_fd, False)

    def step(self, wait_s: float) -> tuple[bool, bytes | None]:
        """Write and read once, waiting no longer than `wait_s` seconds.

        Returns
        -------
        tuple of bool and bytes or None
            Whether anything could be done, and what was read: empty bytes at the end.
        """
        reads = [self._read_fd] if self.listening and not self.at_end else []
        writes = [self._write_fd] if self.outgoing and not self.closed else []
        readable, writable, _ = select.select(reads, writes, [], max(0.0, wait_s))
        if writable:
            self._write_some()
        data = self._read_some() if readable else None
        return bool(readable or writable), data

    def _write_some(self) -> None:
        try:
            count = os.write(self._write_fd, self.outgoing[:_WRITE_SIZE])
            del self.outgoing[:count]
        except BlockingIOError:
            return
        except OSError:  # it reads no more; that may be right, and its answers tell
            self.outgoing.clear()

    def _read_some(self) -> bytes | None:
        try:
            data = os.read(self._read_fd, _READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:  # a socket was reset
            data = b""
        self.at_end = not data
        return data

    def is_unread(self) -> bool:
        """Return whether bytes that were written wait in the pipe or socket to be read."""
        if self.at_end or self.closed:
            return False
        count = array("i", [0])
        request = termios.FIONREAD if self._socket is None else termios.TIOCOUTQ
        fcntl.ioctl(self._write_fd, request, count, True)
        return count[0] > 0

    def close(self) -> None:
        """Close our side; the agent may go on talking. Idempotent."""
        if self.closed:
            return
        self.closed = True
        self.outgoing.clear()
        if self._socket is None:
            self._process.close_input()
        else:
            with contextlib.suppress(OSError):  # the agent was faster
                self._socket.shutdown(sockets.SHUT_WR)

    def hang_up(self) -> None:
        """Stop reading for good: the agent's next write meets a broken pipe."""
        self.at_end = True
        if self._socket is None:
            self._process.close_output()
        else:
            self.closed = True
            self._socket.close()

    def drop(self) -> None:
        """Let go of everything but the pipes, which are the process's; idempotent."""
        self.at_end = self.closed = True
        if self._socket is not None:
            self._socket.close()


def _dial(process: AgentProcess, path: str, patience_s: float) -> sockets.socket:
    """Call until somebody listens; Kapacitor does the same for five minutes."""
    deadline = time.monotonic() + patience_s
    while True:
        dialled = sockets.socket(sockets.AF_UNIX)
        try:
            dialled.connect(path)
        except OSError as error:
            dialled.close()
            if process.status() is not None:
                raise NobodyListens("the server has left before it was called") from error
            if time.monotonic() > deadline:
                raise NobodyListens(
                    f"nobody listens on {path} within {patience_s:g} s: {error.strerror}"
                ) from error
            time.sleep(_DIAL_POLL_S)
        else:
            return dialled
