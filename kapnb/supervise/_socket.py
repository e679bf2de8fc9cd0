"""A Unix socket whose every connection has a front, and behind it a Handler process, of its own.

All fronts are threads of one process, which runs no user code. Here stands only what joins a
front to the server that the runtime has anyway.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from kapnb.agent import Server
from kapnb.agent._served import Served
from kapnb.agent._unix import serve_until_signal
from kapnb.handler import Handler
from kapnb.supervise._front import Front
from kapnb.supervise._limits import Limits
from kapnb.supervise._supervisor import EXIT_TERMINATED

__all__ = ["supervise_socket"]

#: A front gives its Handler process the grace time and then kills it; the server must not be
#: quicker, in seconds.
_LONGER_S = 1.0


class _FrontServer(Server):
    """A server whose connections are served by processes that may crash."""

    def __init__(
        self, command: Sequence[str], path: str | os.PathLike[str], mode: int, limits: Limits
    ) -> None:
        # No Handler is ever made here: `serve_connection` is all that would make one.
        super().__init__(path, Handler, mode=mode, grace_s=limits.grace_s + _LONGER_S)
        self._command, self._limits = command, limits

    def serve_connection(self, served: Served) -> None:
        """Run a front until the connection has ended, then close it."""
        served.log.info("opened")
        descriptor = served.connection.fileno()
        front = Front(self._command, descriptor, descriptor, limits=self._limits, log=served.log)
        served.ends_by(front.stop)
        try:
            status = front.run()
            if status == EXIT_TERMINATED:
                supervisor = front.supervisor
                waiting = bytes(supervisor.to_kapacitor)
                served.say_farewell(supervisor.connection, self.farewell, waiting)
            served.log.info("ended, status %d", status)
        finally:
            served.close()


def supervise_socket(
    command: Sequence[str],
    path: str | os.PathLike[str],
    limits: Limits | None = None,
    *,
    mode: int = 0o600,
) -> None:
    """Serve `command` on a Unix socket until SIGTERM or SIGINT, and end the process.

    Parameters
    ----------
    command : sequence of str
        Program and arguments of a Handler process, which speaks the protocol on stdin and
        stdout; each connection has its own, which is started again when it ends before its time.
    path : str or path
        Where the socket's file appears.
    limits : Limits, optional
        What each connection may use up.
    mode : int, default: 0o600
        Permissions of the file.

    Raises
    ------
    KapnbError
        If the path cannot be listened at.
    SystemExit
        With status 0, once a signal has come and all connections have ended.
    """
    serve_until_signal(_FrontServer(command, path, mode, limits or Limits()))
