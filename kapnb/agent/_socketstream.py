"""The byte stream of a connected socket.

It can be asked from outside to come to its end, which is how a server stops: what had been
received until then is still read.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import math
import select
import socket
import termios
from collections.abc import Callable

__all__ = ["READ_SIZE", "SocketStream"]

#: A Unix socket holds about 200 KiB.
READ_SIZE = 256 * 1024


class SocketStream:
    """A byte stream on a connected socket.

    Parameters
    ----------
    connection : socket.socket
        Connected and blocking; whoever made it closes it.
    at_end : callable, optional
        Called by the reading thread when `end` was asked for and what had been received until
        then was read.
    """

    def __init__(
        self, connection: socket.socket, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self._connection = connection
        # Sockets and no pipe: after `close` a late wake-up meets an error, not a stranger's
        # file descriptor of the same number.
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        self._at_end = at_end
        self._ending = False
        self._left: int | None = None  # bytes that had been received when the end was seen

    def read(self, timeout_s: float | None = None) -> bytes | None:
        """See `kapnb.agent.ByteStream`."""
        readable = not self._ending and self._wait(timeout_s)
        if self._ending:  # perhaps asked for meanwhile
            return self._read_rest()
        return self._connection.recv(READ_SIZE) if readable else None

    def _wait(self, timeout_s: float | None) -> bool:
        """Return whether the peer sent something, or closed its side."""
        ready = self._poll.poll(None if timeout_s is None else math.ceil(timeout_s * 1000))
        found = {fd for fd, _ in ready}
        if self._woken.fileno() in found:
            self._woken.recv(4096)
        return self._connection.fileno() in found

    def _read_rest(self) -> bytes | None:
        if self._left is None:
            self._left = _received(self._connection)
        data = self._connection.recv(min(self._left, READ_SIZE)) if self._left else b""
        self._left -= len(data)
        if data:
            return data
        self._at_end()
        return None

    def write(self, data: bytes) -> None:
        """See `kapnb.agent.ByteStream`."""
        self._connection.sendall(data)

    def wake(self) -> None:
        """See `kapnb.agent.ByteStream`."""
        with contextlib.suppress(OSError):  # full: a wake-up is under way; closed: too late
            self._waker.send(b"\0")

    def hung_up(self) -> bool:
        """See `kapnb.agent.ByteStream`."""
        poll = select.poll()
        poll.register(self._connection, select.POLLRDHUP)
        return bool(poll.poll(0))

    def end(self) -> None:
        """Ask the reader to finish what was received. May be called from any thread."""
        self._ending = True
        self.wake()

    def close(self) -> None:
        """Let go of what the stream made itself."""
        self._woken.close()
        self._waker.close()


def _received(connection: socket.socket) -> int:
    """Return how many bytes can be read at once."""
    count = array.array("i", [0])
    fcntl.ioctl(connection, termios.FIONREAD, count)
    return count[0]
