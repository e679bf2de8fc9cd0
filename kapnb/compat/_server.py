"""The official Server: a Unix socket whose connections go to an accepter.

Only the listening is here. What is done with a connection is the accepter's: it builds an
Agent on it, which closes it at its end.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import select
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kapnb.compat import _ending

__all__ = ["Server"]

_log = logging.getLogger("kapnb")

_BACKLOG = 64
#: After a signal the connections may finish what they have read; then the process leaves.
_GRACE_S = 5.0
#: How long to wait before accepting again where the process has no descriptors left.
_EXHAUSTED_S = 0.1


class _ConnectionFile(io.BufferedRWPair):
    """A connection as the official Server hands it out, with its descriptor."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        raw = socket.SocketIO(connection, "rw")
        super().__init__(raw, raw)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the socket, too."""
        try:
            super().close()
        finally:
            self._connection.close()


class Server:
    """Listens on a Unix socket.

    Parameters
    ----------
    socket_path : str
        Where. A socket that a dead process left there is replaced; whatever else is there,
        or is served by a living process, is left alone.
    accepter : object
        Its ``accept(conn, addr)`` is called for each connection, in a thread of its own.

    Raises
    ------
    OSError
        If the path is in use.
    """

    def __init__(self, socket_path: str, accepter: Any) -> None:
        self._path = os.fspath(socket_path)
        self._accepter = accepter
        self._stopped = threading.Event()
        self._serving = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _remove_stale(self._path)
            self._listener.bind(self._path)
        except OSError:
            self._listener.close()
            raise
        self._inode = Path(self._path).stat().st_ino

    def serve(self) -> None:
        """Accept connections until `stop`, SIGTERM or SIGINT."""
        self._serving = True
        _ending.began()
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        listener = self._listener.fileno()
        try:
            with self._signals():
                while not self._stopped.is_set():
                    ready, _, _ = select.select([listener, self._wake_read], [], [])
                    if listener in ready:
                        self._accept()
        finally:
            self.stop()
            self._finish()

    def stop(self) -> None:
        """Stop listening and remove the socket; connections go on. From any thread."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        with contextlib.suppress(FileNotFoundError):
            if Path(self._path).stat().st_ino == self._inode:  # not another server's by now
                Path(self._path).unlink()
        if self._serving:
            os.write(self._wake_write, b"\0")
        else:
            self._close()

    def _close(self) -> None:
        self._listener.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _accept(self) -> None:
        try:
            connection, address = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # gone before we came
            return
        except OSError as error:
            _log.error("a connection could not be accepted: %s", error)
            self._stopped.wait(_EXHAUSTED_S)
            return
        connection.setblocking(True)
        thread = threading.Thread(target=self._serve, args=(connection, address), daemon=True)
        self._connections[thread] = connection
        thread.start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        file = _ConnectionFile(connection)
        try:
            self._accepter.accept(file, address)
        except BaseException:  # one connection's fault is not the others'
            _log.exception("the accepter failed; its connection is closed")
        finally:
            with contextlib.suppress(OSError, ValueError):
                file.close()
            self._connections.pop(threading.current_thread(), None)

    def _finish(self) -> None:
        """Tell the agents that no more will come, and let them finish."""
        connections = list(self._connections.items())
        for _, connection in connections:
            with contextlib.suppress(OSError):  # closed by its agent meanwhile
                connection.shutdown(socket.SHUT_RD)
        deadline = time.monotonic() + _GRACE_S
        for thread, _ in connections:
            thread.join(max(deadline - time.monotonic(), 0.0))
        self._close()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT, unless the script has a handler of its own."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {}
        for number in (signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: Any) -> None:
        # Handlers may hang; the process must not. The signal alone would have ended it.
        last = threading.Timer(2 * _GRACE_S, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        self.stop()


def _remove_stale(path: str) -> None:
    """Remove a socket that nobody serves.

    Raises
    ------
    OSError
        If somebody does, or if it is no socket.
    """
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "there is a file that is no socket; remove it", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                Path(path).unlink()
            return
    raise OSError(errno.EADDRINUSE, "another process serves this socket", path)
