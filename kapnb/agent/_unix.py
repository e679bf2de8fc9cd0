"""The Unix socket transport: a server with a fresh Handler for every connection.

Kapacitor connects once at its own start to ask info, and once for every use of the UDF in a
task. What is done with one connection is in `_served`, what with the file in `_socketfile`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from kapnb.agent._agent import EXIT_OK
from kapnb.agent._blame import blame
from kapnb.agent._logs import configure_logging
from kapnb.agent._served import Served
from kapnb.agent._shared import build_shared, make_handler
from kapnb.agent._socketfile import SocketFile
from kapnb.agent._start import end_process, woken_by_signals
from kapnb.handler import Handler

__all__ = ["Accept", "Accepter", "Server", "run_server"]

_log = logging.getLogger("kapnb")

#: After `stop`, connections may finish what was received for this long, in seconds.
GRACE_S = 5.0
#: Threads whose connection was cut off are waited for this long, in seconds.
CUT_OFF_S = 1.0
#: Without file descriptors nobody can be accepted; tried again after this time, in seconds.
RETRY_S = 0.5

_ENDING = (signal.SIGTERM, signal.SIGINT)

#: What may be asked about a new connection; see `Server`.
Accept: TypeAlias = Callable[[socket.socket, Any], Any]


class Accepter(Protocol):
    """An object that is asked about a new connection, as the official agent's `Server` has it."""

    def accept(self, connection: socket.socket, address: Any) -> Any:
        """See `Server`."""
        ...


class Server:
    """Serve a Handler on a Unix socket, each connection with a fresh instance.

    Parameters
    ----------
    path : str or path
        Where the socket's file appears; a stale one is replaced.
    handler : subclass of Handler, or None
        Called without arguments for each connection. None leaves every connection to the
        `accepter`.
    mode : int, default: 0o600
        Permissions of the file.
    accepter : callable or Accepter, optional
        Called with ``(connection, address)`` of each new connection, in its thread, before
        anything is read. It refuses the connection by returning False or raising; it may
        return a Handler to serve this one with. If `handler` is None, the connection is the
        accepter's own: it builds and runs whatever answers there, and closes it.
    grace_s : float, default: 5
        How long, in seconds, connections may finish what they received after `stop`.
    log : logging.Logger, default: the one named ``kapnb``
        Connections log under it by their number.

    Examples
    --------
    >>> import os, tempfile, threading
    >>> path = os.path.join(tempfile.mkdtemp(), "udf.sock")
    >>> server = Server(path, Handler)
    >>> server.open()
    >>> thread = threading.Thread(target=server.serve)
    >>> thread.start()
    >>> server.stop()
    >>> thread.join()
    >>> os.path.exists(path)
    False
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        handler: type[Handler] | None,
        *,
        mode: int = 0o600,
        accepter: Accept | Accepter | None = None,
        grace_s: float = GRACE_S,
        log: logging.Logger = _log,
    ) -> None:
        if handler is None and accepter is None:
            raise TypeError("a Server needs a Handler class, or an accepter that answers itself")
        self.path = os.fspath(path)
        self._file = SocketFile(path, mode)
        self._handler = handler
        accept: Any = getattr(accepter, "accept", accepter)
        self._accept: Accept | None = accept
        self._grace_s = grace_s
        self._log = log
        self._listener: socket.socket | None = None
        self._prepared = False
        self._shared: Any = None
        self._stopping = False
        self._wakers: tuple[socket.socket, socket.socket] | None = None  # read end, write end
        self._lock = threading.Lock()
        self._open: dict[int, Served] = {}  # connections by number
        self._count = 0

    # ------------------------------------------------------------------- life

    def prepare(self) -> None:
        """Check the path and build the Handler's shared resource; idempotent.

        Raises
        ------
        KapnbError
            If the path cannot be listened at, or `build_shared` fails.
        """
        if self._prepared:
            return
        self._file.check()
        if self._handler is not None:
            self._shared = build_shared(self._handler)
        self._prepared = True

    def open(self) -> None:
        """Prepare, then listen: from now on Kapacitor can connect; idempotent."""
        if self._listener is None:
            self.prepare()
            self._listener = self._file.listen()
            self._listener.setblocking(False)
            self._wakers = socket.socketpair()
            self._wakers[1].setblocking(False)
            self._log.info("listening at %s", self.path)

    def serve(self) -> None:
        """Serve until `stop`; then end all connections and remove the file.

        Raises
        ------
        KapnbError
            As `prepare`, and if the socket's file cannot be made.
        """
        self.open()
        assert self._listener is not None
        assert self._wakers is not None
        stopped, anything = select.poll(), select.poll()
        stopped.register(self._wakers[0], select.POLLIN)
        anything.register(self._wakers[0], select.POLLIN)
        anything.register(self._listener, select.POLLIN)
        try:
            with woken_by_signals(self._wakers[1].fileno()):
                while not self._stopping:
                    anything.poll()
                    if not self._stopping and not self._accept_one(self._listener):
                        stopped.poll(RETRY_S * 1000)
        finally:
            self._close(self._listener)
            for waker in self._wakers:
                waker.close()

    def stop(self) -> None:
        """Ask `serve` to return. May be called from any thread and from a signal handler."""
        self._stopping = True
        if self._wakers is not None:
            with contextlib.suppress(OSError):  # asked for already, or over
                self._wakers[1].send(b"\0")

    def _accept_one(self, listener: socket.socket) -> bool:
        """Start serving whoever waits; return False if it is better to try again later."""
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # whoever came is gone
            return True
        except OSError as error:  # no file descriptors are left, say; others go on
            self._log.error("a connection cannot be accepted: %s", error)
            return False
        connection.setblocking(True)
        self._count += 1
        served = Served(self._count, connection, address, self._log)
        with self._lock:
            self._open[served.number] = served
        try:
            served.start(self._serve)
        except RuntimeError as error:  # no more threads
            self._forget(served)
            served.refuse(str(error))
        return True

    def _close(self, listener: socket.socket) -> None:
        try:
            self._file.remove()
        except OSError as error:
            self._log.warning("%s cannot be removed: %s", self.path, error.strerror)
        listener.close()
        with self._lock:
            left = list(self._open.values())
        for served in left:
            served.end()
        deadline = time.monotonic() + self._grace_s
        for served in left:
            served.join(deadline - time.monotonic())
        for served in left:
            served.cut_off()
        for served in left:
            if not served.join(CUT_OFF_S):
                served.log.warning("did not end: its Handler is still busy")

    def _forget(self, served: Served) -> None:
        with self._lock:
            self._open.pop(served.number, None)

    # ------------------------------------------------------------- a connection

    def _serve(self, served: Served) -> None:
        """Serve one connection; runs in its thread."""
        try:
            self.serve_connection(served)
        except BaseException:  # also sys.exit: nothing of it may reach other connections
            served.log.exception("failed")
            served.close()
        finally:
            self._forget(served)

    def serve_connection(self, served: Served) -> None:
        """Ask the accepter, then run a Handler; what serves otherwise overrides this."""
        handler = self._handler_for(served)
        if handler is not None:
            served.run(handler, self.farewell)

    def _handler_for(self, served: Served) -> Handler | None:
        """Return what serves the connection; None if it was refused or is somebody else's."""
        answer = None
        if self._accept is not None:
            try:
                answer = self._accept(served.connection, served.address)
            except BaseException as error:
                served.refuse(f"{type(error).__name__}: {error}")
                return None
        if self._handler is None:
            return None
        if isinstance(answer, Handler):
            return answer
        if answer is not None and answer is not True:
            served.refuse("the accepter said no" if answer is False else _no_answer(answer))
            return None
        try:
            return make_handler(self._handler, self._shared)
        except BaseException as error:  # also sys.exit: Kapacitor is told
            served.fail(blame(error, self._handler.__name__))
            return None

    @property
    def farewell(self) -> str:
        """What the tasks are told that a stop of the server ends."""
        return f"the UDF server at {self.path} was stopped; start it, then enable the task again"


def _no_answer(answer: Any) -> str:
    return f"the accepter returned {answer!r}; it may return a Handler, False to refuse, or nothing"


def run_server(handler: type[Handler], path: str | os.PathLike[str], *, mode: int = 0o600) -> None:
    """Serve `handler` on a Unix socket until SIGTERM or SIGINT, and end the process.

    Parameters
    ----------
    handler : subclass of Handler
        Called without arguments for each connection.
    path : str or path
        Where the socket's file appears.
    mode : int, default: 0o600
        Permissions of the file.

    Raises
    ------
    KapnbError
        If the path cannot be listened at, or the shared resource cannot be built.
    SystemExit
        With status 0, once a signal has come and all connections have ended.
    """
    serve_until_signal(Server(path, handler, mode=mode))


def serve_until_signal(server: Server) -> None:
    """Run `server` until SIGTERM or SIGINT, and end the process; see `run_server`."""
    configure_logging()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a journal should see a print when it happens
        sys.stdout.reconfigure(line_buffering=True)
    server.prepare()  # a signal while a model loads ends the process at once, as usual
    for number in _ENDING:
        signal.signal(number, lambda *_: server.stop())
    server.serve()
    for number in _ENDING:  # sent again while Python shuts down, it would spoil the status
        signal.signal(number, signal.SIG_IGN)
    end_process(EXIT_OK)
