"""Agent: a Session behind a Connection, on a pair of byte streams.

`Agent.feed` is the whole engine without I/O; the simulator uses it as it is. `Agent.run` adds
the loop: large reads, writes gathered until input runs dry.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from kapnb.agent._session import Session
from kapnb.errors import RemoteProtocolError
from kapnb.handler import Handler
from kapnb.model import BeginBatch, ErrorResponse
from kapnb.protocol import FRAME_SIZE_MAX, Codec, Connection, EndOfStream, Role, State

__all__ = ["EXIT_BROKEN_PIPE", "EXIT_FAILED", "EXIT_OK", "Agent", "ByteStream"]

_log = logging.getLogger("kapnb")

#: Exit statuses of a process that runs an Agent. A refused init or restore is an answer, not
#: a failure: Kapacitor has the text, and the process must leave quietly.
EXIT_OK, EXIT_FAILED, EXIT_BROKEN_PIPE = 0, 1, 3

#: Answers are written when input runs dry, or once this much is waiting, or when the first
#: of them has waited this long: a slow Handler must not sit on finished work.
FLUSH_BYTES = 256 * 1024
FLUSH_AFTER_S = 0.005
#: After an error frame, input is drained this long, in seconds, so that Kapacitor's writer
#: does not meet a broken pipe, whose text would hide the error.
DRAIN_S = 5.0


class ByteStream(Protocol):
    """What an Agent needs of a transport; blocking, unbuffered."""

    def read(self, timeout_s: float | None = None) -> bytes | None:
        """Return some bytes, empty bytes at the end, or None if `wake` or the timeout came."""
        ...

    def write(self, data: bytes) -> None:
        """Write all of `data`; raise OSError if the peer is gone."""
        ...

    def wake(self) -> None:
        """Make a `read` under way return None. May be called from any thread."""
        ...


class Agent:
    """A Session behind a Connection.

    Parameters
    ----------
    handler : Handler
        A fresh one.
    codec : Codec, optional
        Passed to the Connection.
    frame_size_max : int, default: 256 MiB
        Largest frame accepted, in bytes.
    clock : callable, default: time.monotonic
        Seconds, for the flush rule of `run` alone.
    log : logging.Logger, default: the one named ``kapnb``
        Where errors and warnings go besides the wire.

    Examples
    --------
    >>> agent = Agent(Handler())
    >>> agent.feed(bytes.fromhex("020a00")).hex()  # info request → info response
    '020a00'
    """

    def __init__(
        self,
        handler: Handler,
        *,
        codec: Codec | None = None,
        frame_size_max: int = FRAME_SIZE_MAX,
        clock: Callable[[], float] = time.monotonic,
        log: logging.Logger = _log,
    ) -> None:
        self.connection = Connection(
            Role.AGENT,
            wants=handler.wants,
            provides=handler.provides,
            codec=codec,
            frame_size_max=frame_size_max,
        )
        self._out: list[bytes] = []
        self._waiting = 0  # bytes in it
        self._batch_start = 0  # where in it the open batch begins
        self._clock = clock
        self.session = Session(handler, self._send, log)
        self._log = log
        self.ended = False

    def _send(self, message: Any) -> None:
        if type(message) is BeginBatch:
            self._batch_start = len(self._out)
        elif type(message) is ErrorResponse and self.connection.our_state is State.BATCH:
            del self._out[self._batch_start :]  # half a batch does not go out
        frame = self.connection.send(message)
        self._out.append(frame)
        self._waiting += len(frame)

    # -------------------------------------------------------------- without I/O

    def feed(self, data: bytes) -> bytes:
        """Handle bytes of the peer and return the bytes to send.

        Parameters
        ----------
        data : bytes
            Empty bytes say that the peer closed its side.

        Returns
        -------
        bytes
            Whole frames, in order; empty if there is nothing to say.
        """
        self._handle(data, None)
        return self._take()

    def _handle(self, data: bytes, stream: ByteStream | None) -> None:
        """Handle `data`; into `stream` goes on the way what is much or has waited long."""
        handle, clock = self.session.handle, self._clock
        first = 0.0  # when the first of the waiting answers was given
        self.connection.receive_data(data)
        try:
            for event in self.connection.events():
                handle(event)
                if type(event) is EndOfStream:
                    self.ended = True
                if stream is None or not self._waiting:
                    continue
                now = clock()
                first = first or now
                if self._waiting >= FLUSH_BYTES or now - first >= FLUSH_AFTER_S:
                    self._flush(stream)
                    first = 0.0
        except RemoteProtocolError as error:
            self.ended = True
            self.session.fail(error)

    def _take(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        self._waiting = 0
        return data

    # ----------------------------------------------------------------- with I/O

    def run(self, stream: ByteStream) -> int:
        """Serve `stream` until its end; return the exit status."""
        session = self.session
        session.wake = stream.wake
        try:
            while not self.ended and session.error is None:
                data = stream.read()
                if data is not None:
                    self._handle(data, stream)
                session.flush_emitted()  # even if the data was no whole frame
                self._flush(stream)
            if session.error is not None and not session.refused and not self.ended:
                self._drain(stream)
        except OSError as error:
            self._log.error("the peer is gone: %s", error)
            return EXIT_BROKEN_PIPE
        finally:
            session.stop()
        return EXIT_OK if session.error is None or session.refused else EXIT_FAILED

    def _flush(self, stream: ByteStream) -> None:
        data = self._take()
        if data:
            stream.write(data)

    def _drain(self, stream: ByteStream) -> None:
        deadline = self._clock() + DRAIN_S
        while (left := deadline - self._clock()) > 0:
            if stream.read(left) == b"":
                return
