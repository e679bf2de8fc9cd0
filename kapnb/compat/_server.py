"""The official Server, on the one that serves kapnb's own Handlers.

The accepter gets each connection as a file, and builds and runs an Agent there by itself. The
socket's file has the permissions that the umask leaves, so that old deployments keep working.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

from kapnb.agent import Server as RuntimeServer
from kapnb.agent._log import logger
from kapnb.agent._start import leave_at_once
from kapnb.compat import _ending
from kapnb.errors import KapnbError

__all__ = ["Server"]

#: A process that was asked to end is gone within this time, in seconds, whatever hangs.
_LEAVE_S = 10.0


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
        self._accepter = accepter
        self._serving = False
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o777 & ~umask
        self._server = RuntimeServer(socket_path, None, mode=mode, accepter=self._accept)
        try:
            self._server.open()
        except KapnbError as error:
            raise OSError(errno.EADDRINUSE, str(error), os.fspath(socket_path)) from error

    def serve(self) -> None:
        """Accept connections until `stop`, SIGTERM or SIGINT."""
        self._serving = True
        _ending.began()
        with self._signals():
            self._server.serve()

    def stop(self) -> None:
        """Stop listening, remove the socket, and let connections finish. From any thread."""
        self._server.stop()
        if not self._serving:
            self._server.serve()  # which only cleans up now

    def _accept(self, connection: socket.socket, address: Any) -> None:
        file = _ConnectionFile(connection)
        try:
            self._accepter.accept(file, address)
        except BaseException:  # one connection's fault is not the others'
            logger().exception("the accepter failed; its connection is closed")
        finally:
            with contextlib.suppress(OSError, ValueError):
                file.close()

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
        last = threading.Timer(_LEAVE_S, leave_at_once, (128 + number,))
        last.daemon = True
        last.start()
        self._server.stop()
