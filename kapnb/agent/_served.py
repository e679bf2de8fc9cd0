"""One connection of a server: its thread, its number in the log, its Agent, its end.

Whatever happens here stays here: other connections have threads and Handlers of their own.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from kapnb.agent._agent import Agent
from kapnb.agent._socketstream import READ_SIZE, SocketStream
from kapnb.agent._start import make_agent
from kapnb.errors import KapnbError
from kapnb.handler import Handler
from kapnb.model import ErrorResponse
from kapnb.protocol import Connection, EndOfStream, Role, State

__all__ = ["Served"]

#: After its last words the server waits this long, in seconds, for the peer to close.
LINGER_S = 2.0


class Served:
    """One connection, its thread and its number."""

    def __init__(
        self, number: int, connection: socket.socket, address: Any, log: logging.Logger
    ) -> None:
        self.number, self.connection, self.address = number, connection, address
        self.log = _child(log, f"connection {number}")
        #: What ends this connection in good order, called in any thread; set by who serves it.
        self.on_end: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._agent: Agent | None = None
        self._ending = False

    def start(self, serve: Callable[[Served], None]) -> None:
        """Start the thread: ``serve(self)``. A daemon: a Handler that hangs keeps no process."""
        self._thread = threading.Thread(
            target=serve, args=(self,), name=f"kapnb connection {self.number}", daemon=True
        )
        self._thread.start()

    def run(self, handler: Handler, farewell: str) -> None:
        """Run an Agent until either side ends the connection, then close it."""
        self.log.info("opened")
        stream = SocketStream(self.connection, self._at_end)
        try:
            agent = self._agent = make_agent(handler, self.log)
            # Its thread cannot be ended, its connection can.
            agent.on_hung = agent.on_unread = self.cut_off
            self.ends_by(stream.end)
            status = agent.run(stream)
            if agent.session.error is None:
                self.say_farewell(agent.connection, farewell)
            self.log.info("ended, status %d", status)
        finally:
            self.close()
            stream.close()

    def ends_by(self, end: Callable[[], None]) -> None:
        """Have `end` called when an orderly end is asked for, which may have been already."""
        self.on_end = end
        if self._ending:
            end()

    def say_farewell(self, connection: Connection, text: str, waiting: bytes = b"") -> None:
        """Say why it is over if it was us who ended it; who only asked info needs no reason.

        What waits to be written goes first: it may begin with the rest of a frame.
        """
        if self._ending and connection.our_state is not State.START:
            self._say(connection, text, waiting)

    def _at_end(self) -> None:
        """Let the Agent end as if the peer had closed its side at a frame boundary."""
        agent = self._agent
        assert agent is not None
        agent.session.handle(EndOfStream())
        agent.ended = True

    def fail(self, error: KapnbError) -> None:
        """Tell Kapacitor and the log why there is no Handler, and close."""
        self.log.error("%s", error, exc_info=error.__cause__)
        self._say(Connection(Role.AGENT), str(error))
        self.close()

    def _say(self, connection: Connection, text: str, waiting: bytes = b"") -> None:
        """Send a last ErrorResponse and wait until the peer has closed its side.

        Without it Kapacitor would find a broken pipe at its next write, and nothing else.
        """
        deadline = time.monotonic() + LINGER_S
        text = text.encode(errors="backslashreplace").decode()  # a path may hold anything
        with contextlib.suppress(OSError):  # gone already, or too slow
            self.connection.settimeout(LINGER_S)
            self.connection.sendall(waiting + connection.send(ErrorResponse(text)))
            self.connection.shutdown(socket.SHUT_WR)
            # Closed with bytes unread, the peer's writer would meet an error that hides the text.
            while self.connection.recv(READ_SIZE) and time.monotonic() < deadline:
                pass

    def refuse(self, reason: str) -> None:
        """Close a connection that nobody serves."""
        self.log.warning("refused: %s", reason)
        self.close()

    def end(self) -> None:
        """Ask for an orderly end; from any thread."""
        self._ending = True
        if self.on_end is not None:
            self.on_end()
            return
        with contextlib.suppress(OSError):  # an accepter's own agent sees the end of input
            self.connection.shutdown(socket.SHUT_RD)

    def cut_off(self) -> None:
        """Make every read and write of the connection fail; from any thread."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; return whether it has ended."""
        assert self._thread is not None
        self._thread.join(max(timeout_s, 0.0))
        return not self._thread.is_alive()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _child(log: logging.Logger, name: str) -> logging.Logger:
    """Return a logger below `log` that, unlike ``getChild``, is not kept for ever."""
    child = logging.Logger(f"{log.name} {name}")
    child.parent = log
    return child
