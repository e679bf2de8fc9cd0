"""Agent: a Session behind a Connection, on a pair of byte streams.

`Agent.feed` is the whole engine without I/O; the simulator uses it as it is. `Agent.run` adds
the loop: large reads, writes gathered until input runs dry, and a pulse while a call runs long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from kapnb.agent._log import logger
from kapnb.agent._outbox import Outbox
from kapnb.agent._pulse import PULSE_FRAME, Pulse, busy_limit
from kapnb.agent._session import Session, Skip
from kapnb.errors import RemoteProtocolError
from kapnb.handler import Handler
from kapnb.model import ErrorResponse
from kapnb.protocol import FRAME_SIZE_MAX, RUN_MAX, Codec, Connection, ProtobufCodec, Role

if TYPE_CHECKING:
    import logging

    from kapnb.agent._counters import Counters

__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_FAILED",
    "EXIT_HUNG",
    "EXIT_OK",
    "Agent",
    "ByteStream",
]

#: Exit statuses of a process that runs an Agent. A refused init or restore is an answer, not
#: a failure: Kapacitor has the text, and the process must leave quietly.
EXIT_OK, EXIT_FAILED, EXIT_BROKEN_PIPE, EXIT_HUNG = 0, 1, 3, 4

#: Answers are written when input runs dry, or once so much is waiting, or when the first
#: of them has waited this long: a slow Handler must not sit on finished work.
FLUSH_FRAMES, FLUSH_BYTES = 1024, 256 * 1024
FLUSH_AFTER_S = 0.005
#: glibc gives the heap's end back to the system at each turn of the loop, to fault it in again,
#: until it has once seen a block of this size come and go; in bytes, none of them touched.
HEAP_KEPT = 4 * 1024 * 1024
#: After an error frame, input is drained this long, in seconds, so that Kapacitor's writer
#: does not meet a broken pipe, whose text would hide the error.
DRAIN_S = 5.0
#: How long telling of a hung call may take, in seconds, on the wire and in the log.
LAST_WORDS_S = 1.0
#: How long an answer may wait to be read by a peer that has ended its own side, in seconds.
UNREAD_S = 5.0


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

    def hung_up(self) -> bool:
        """Return whether the peer will send no more, though what it sent may be unread."""
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
        Seconds, for the flush rule of `run` and its pulse.
    log : logging.Logger, default: the one named ``kapnb``
        Where errors and warnings go besides the wire.
    skip : callable, optional
        See `Session`.
    counters : Counters, optional
        Counts what passes, and logs it from time to time.

    Attributes
    ----------
    on_hung : callable
        Called, after Kapacitor was told, when one call has run beyond the busy limit; it must
        end what cannot be interrupted.
    on_unread : callable
        Called when the peer has ended its side and does not read what is being written; it must
        end what cannot be interrupted, too.

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
        log: logging.Logger | None = None,
        skip: Skip | None = None,
        counters: Counters | None = None,
    ) -> None:
        self.connection = Connection(
            Role.AGENT,
            wants=handler.wants,
            provides=handler.provides,
            codec=codec,
            frame_size_max=frame_size_max,
        )
        self._outbox = Outbox(
            self.connection,
            non_finite=handler.non_finite,
            warn=lambda text: self._log.warning("%s", text),
        )
        if counters is not None:
            counters.count_output(self._outbox)
        self.session = Session(handler, self._outbox, log, skip)
        self.ended = False
        self.on_hung: Callable[[], None] = lambda: None
        self.on_unread: Callable[[], None] = lambda: None
        self._unread_since: float | None = None
        self.silent_since = 0.0
        self._clock = clock
        self._log_or_none = log
        self._counters = counters
        self._handle_event: Callable[[Any], None] = self.session.handle
        self._events: Callable[[], Iterator[Any]] = self.connection.runs
        if counters is not None:
            self._events = self.connection.events  # each point is timed
            self._handle_event = counters.watch(self.session)
        self._writing = threading.Lock()  # the pulse writes, too
        self._late = threading.Lock()
        self._stream: ByteStream | None = None
        self._busy = self._stopping = self._gave_up = False
        self._rounds = 0  # how often there was something to do
        self._thread_id: int | None = None
        self._peer_lost: OSError | None = None  # met by the pulse

    @property
    def _log(self) -> logging.Logger:
        return self._log_or_none or logger()

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
        self.session.settle()
        return self.take()

    def take(self) -> bytes:
        """Return the frames that wait to be sent, such as what was emitted meanwhile."""
        return self._outbox.take()

    def _handle(self, data: bytes, stream: ByteStream | None) -> None:
        """Handle `data`; into `stream` goes on the way what is much or has waited long."""
        handle, clock, outbox, connection = (
            self._handle_event, self._clock, self._outbox, self.connection,
        )  # fmt: skip
        ready = outbox.ready
        first = 0.0  # when the call began that gave the first of the waiting answers
        connection.receive_data(data)
        began = clock()
        try:
            for event in self._events():
                handle(event)
                if self._stopping:  # what came behind it is not begun
                    break
                if stream is None:
                    continue
                now = clock()
                took, began = now - began, now
                much = len(ready) >= FLUSH_FRAMES or outbox.made >= FLUSH_BYTES
                if type(event) is list:
                    self._adapt(took, much)
                if not ready:
                    continue
                first = first or now - took
                if much or now - first >= FLUSH_AFTER_S:
                    self._flush(stream)
                    first, began = 0.0, clock()  # a peer that reads slowly is no slow Handler
        except RemoteProtocolError as error:
            self.ended = True
            self.session.fail(error)
        self.ended = self.ended or self.connection.ended

    def _adapt(self, took: float, much: bool) -> None:
        """Let as many points come together as are handled within a fraction of `FLUSH_AFTER_S`.

        To look at the clock after each costs as much as all else that is done for one here.
        """
        connection = self.connection
        if took >= FLUSH_AFTER_S / 2 or much:
            connection.run_max = max(connection.run_max // 8, 1)
        elif took < FLUSH_AFTER_S / 8 and self._outbox.made < FLUSH_BYTES / 8:
            connection.run_max = min(connection.run_max * 2, RUN_MAX)

    # ----------------------------------------------------------------- with I/O

    def run(self, stream: ByteStream) -> int:
        """Serve `stream` until its end; return the exit status."""
        session = self.session
        session.wake = stream.wake
        self.connection.run_max = 1  # until it is known how long a point takes
        self._stream, self._thread_id = stream, threading.get_ident()
        bytes(HEAP_KEPT)
        pulse = self._pulse()
        pulse.start()
        try:
            while not self._done():
                if self._peer_lost is not None:
                    raise self._peer_lost
                data = stream.read()
                self._rounds += 1
                self.silent_since, self._busy = self._clock(), True
                if data is not None:
                    self._handle(data, stream)
                session.flush_emitted()  # even if the data was no whole frame
                self._flush(stream)
                self._busy = False
            if session.error is not None and not session.refused and not self.ended:
                self._drain(stream)
        except OSError as error:
            self._log.error("the peer is gone: %s", error)
            return EXIT_BROKEN_PIPE
        finally:
            self._busy = True  # stop() may hang, too
            session.stop()
            pulse.stop()
        if self._gave_up:
            return EXIT_HUNG
        return EXIT_OK if session.error is None or session.refused else EXIT_FAILED

    def _done(self) -> bool:
        over = self.ended or self._stopping or self._gave_up
        return over or self.session.error is not None

    def request_stop(self) -> None:
        """End `run` after the call that is under way; for signal handlers and other threads."""
        self._stopping = True
        self.session.interrupt()
        if self._stream is not None:
            self._stream.wake()

    def send_late(self, item: Any) -> None:
        """Send output that comes after `run` has ended; from any thread, while the stream lasts.

        Raises
        ------
        HandlerError
            If there was no task, or it has failed: Kapacitor has had the last word.
        """
        with self._late:
            self.session.emit_late(item)
            if self._stream is not None:
                self._flush(self._stream)

    def _flush(self, stream: ByteStream) -> None:
        if not self._outbox.ready:
            return
        with self._writing:
            data = self._outbox.take()
            if data and not self._gave_up:
                stream.write(data)
        self.silent_since = self._clock()

    def _drain(self, stream: ByteStream) -> None:
        deadline = self._clock() + DRAIN_S
        while (left := deadline - self._clock()) > 0:
            if stream.read(left) == b"":
                return

    # -------------------------------------------------------------------- pulse

    def _pulse(self) -> Pulse:
        return Pulse(
            self,
            limit_s=busy_limit(default=self.session.handler.busy_limit),
            clock=self._clock,
            each_tick=self._each_tick,
        )

    def _each_tick(self) -> None:
        if self._counters is not None:
            self._counters.log_if_due()
        self._leave_unread()

    def _leave_unread(self) -> None:
        """Give a write up that nobody will ever read; it would keep the process for good."""
        stream = self._stream
        if stream is None or not (self._writing.locked() and stream.hung_up()):
            self._unread_since = None
            return
        now = self._clock()
        if self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since >= UNREAD_S:
            self._unread_since = now
            self._log.error("the peer has ended its side and does not read the answers: leaving")
            self.on_unread()

    def progress(self) -> int | None:
        """Return a number that grows with each call and each waking; None while idle.

        Waiting for a peer that does not read is no work of ours.
        """
        if not self._busy or self._writing.locked():
            return None
        return self.connection.received + self._rounds + self.session.done

    def beat(self) -> None:
        """Write what is finished, or else a sign of life."""
        stream = self._stream
        if stream is None or not self._writing.acquire(blocking=False):
            return
        try:
            stream.write(self._outbox.take() or PULSE_FRAME)
            self.silent_since = self._clock()
        except OSError as error:
            # What was taken is lost, and with it, perhaps, the main thread's only write.
            self._peer_lost = error
            stream.wake()
            raise
        finally:
            self._writing.release()

    def hung(self, seconds: float) -> None:
        """Tell Kapacitor which line has not returned, and let the owner end it."""
        from kapnb.agent._blame import where_it_hangs

        name = type(self.session.handler).__name__
        place = self.session.where_calls_hang(self._thread_id) or where_it_hangs(self._thread_id)
        self.give_up(
            f"{name} has not returned for {seconds:.0f} s{place}; "
            "if it needs that long, raise busy_limit on the Handler or KAPNB_BUSY_LIMIT"
        )
        self.on_hung()

    def give_up(self, text: str) -> None:
        """Say last words past a call that will not return: what is finished, then an error.

        `run` ends, should the call return after all.
        """
        stream = self._stream
        if stream is None or self._gave_up:
            return
        self._gave_up = True
        if not self.ended and self.session.error is None:  # else the last word was said
            self._write_last(stream, text)
        # What does not return may be the log, and then it holds the log's lock.
        log = threading.Thread(target=self._log.error, args=("%s", text), daemon=True)
        log.start()
        log.join(LAST_WORDS_S)

    def _write_last(self, stream: ByteStream, text: str) -> None:
        """Write what is finished and an error, unless nobody reads."""
        from kapnb.agent._blame import wire_text

        error = ProtobufCodec().encode_response(ErrorResponse(wire_text(text)), in_batch=False)
        if not self._writing.acquire(timeout=LAST_WORDS_S):
            return
        try:
            stream.write(self._outbox.take() + error)
        except OSError:  # the peer is gone: the log has to do
            return
        finally:
            self._writing.release()
