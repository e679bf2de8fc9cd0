"""Session: one Handler's life. Events in → Handler calls → messages out.

It does no I/O, keeps no time and starts no thread. What goes out is put into the outbox, one
message at a time and in order; the outbox refuses what Kapacitor forbids. The notebook, the
simulator and every transport drive this class and no other.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kapnb.agent._data import BatchInput, DataInput, StreamInput
from kapnb.agent._log import logger
from kapnb.agent._outbox import Outbox
from kapnb.errors import (
    HandlerError,
    KapnbError,
    LocalProtocolError,
    OptionError,
    ProtocolError,
    SnapshotError,
)
from kapnb.handler import Handler, Snapshot
from kapnb.handler._signature import arguments
from kapnb.model import (
    BATCH,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import EndOfStream, UnknownRequest, WirePoint

if TYPE_CHECKING:
    import logging

__all__ = ["Session", "Skip"]

#: What is told of the input that a Handler with error_policy "skip" failed on.
Skip = Callable[[KapnbError, list[Point]], None]


class _Nothing:
    """The event that is none: only what was emitted is sent."""


_NOTHING = _Nothing()

#: The callback that answers an event, for messages about what it gave.
_CALLBACKS = {
    InfoRequest: "info",
    InitRequest: "init",
    SnapshotRequest: "snapshot",
    RestoreRequest: "restore",
    WirePoint: "point",
}


class Session:
    """One Handler's life.

    Parameters
    ----------
    handler : Handler
        Fresh; a Session uses it up.
    outbox : Outbox
        Takes the response messages; refuses those that are forbidden.
    log : logging.Logger, default: the one named ``kapnb``
        Where errors and warnings go besides the wire.
    skip : callable, optional
        Told of the error and the points, if `handler.error_policy` is ``"skip"``.

    Attributes
    ----------
    error : KapnbError or None
        What ended the session early. It was reported with an ErrorResponse, or as a refused
        init or restore.
    snapshot_error : SnapshotError or None
        Why the last snapshot was empty.
    snapshot_size : int
        Bytes of the last one.
    refused : bool
        Whether init or restore was answered with success=False. Kapacitor then forgets the
        process without closing it: it must end by itself.
    skipped : int
        How many points the Handler failed on and were skipped.
    """

    def __init__(
        self,
        handler: Handler,
        outbox: Outbox,
        log: logging.Logger | None = None,
        skip: Skip | None = None,
    ) -> None:
        self.handler = handler
        self.error: KapnbError | None = None
        self.refused = False
        self.snapshot_error: SnapshotError | None = None
        self.snapshot_size = 0
        self.skipped = self._failures = 0
        self.wake: Callable[[], None] = _nothing  # set by who waits for input
        self.before_init: Callable[[], None] = _nothing  # set by who has something to prepare
        self._log_or_none = log
        self._outbox = outbox
        self._send = outbox.send
        self._tell_skip = skip
        self._emitted: deque[tuple[Point | Batch, tuple[str, int]]] = (
            deque()
        )  # from emit, any thread
        self._initialised = False  # init was answered with success
        self._begun = False  # and data has come, so that no restore will
        self._stopped = False
        handler._outlet = self._emit
        self._bind()

    def _bind(self) -> None:
        """Choose the paths for this Handler once."""
        self._skips = self.handler.error_policy == "skip"
        self._batches = self.handler.wants is BATCH
        self._input: DataInput = (BatchInput if self._batches else StreamInput)(
            self.handler, self._outbox
        )
        self._take_point: Callable[[Point], None] = self._first_point
        self._routes: dict[type, Callable[[Any], None]] = {
            InfoRequest: self._info,
            InitRequest: self._init,
            KeepaliveRequest: self._keepalive,
            SnapshotRequest: self._snapshot,
            RestoreRequest: self._restore,
            BeginBatch: self._begin_batch,
            EndBatch: self._end_batch,
            UnknownRequest: self._unknown,
            EndOfStream: self._end_of_stream,
            _Nothing: self._nothing,
        }

    @property
    def _log(self) -> logging.Logger:
        return self._log_or_none or logger()

    # ------------------------------------------------------------------ the door

    def handle(self, event: Any) -> None:
        """Handle one event of the peer; answers are in the outbox before this returns.

        Exceptions of user code do not leave it: they become `error` and an ErrorResponse.
        """
        if self.error is not None:
            return
        try:
            if type(event) is WirePoint:
                self._take_point(event)
            else:
                self._routes[type(event)](event)
            if self._emitted and self._begun:
                self._send_emitted()
        except BaseException as error:  # also sys.exit, and what asyncio raises
            self._caught(error, event)

    def _caught(self, error: BaseException, event: Any) -> None:
        """End the session with what was raised while `event` was handled."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, LocalProtocolError) and not error.located:
            from kapnb.agent._blame import locate

            callback = _CALLBACKS.get(type(event), "emit")
            error = locate(error, f"{type(self.handler).__name__}.{callback}")
        self._fail(error if isinstance(error, ProtocolError) else self._blame(error))

    def _blame(self, error: BaseException) -> KapnbError:
        from kapnb.agent._blame import blame

        return blame(error, type(self.handler).__name__)

    def stop(self) -> None:
        """End the Handler's life; idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self.handler._outlet = None
        try:
            self.handler.stop()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also sys.exit, and what asyncio raises
            self._log.exception("stop() failed: %s", self._blame(error))

    def fail(self, error: KapnbError) -> None:
        """End the session for a reason found outside, such as undecodable bytes."""
        if self.error is None:
            self._fail(error)

    def _fail(self, error: KapnbError) -> None:
        from kapnb.agent._blame import wire_text

        self.error = error
        self._send(ErrorResponse(wire_text(error)))  # before the log, which may block
        self._log.error("%s", error, exc_info=error.__cause__ or error)

    # ---------------------------------------------------------------- management

    def _info(self, event: InfoRequest) -> None:
        self._send(self.handler.info())

    def _init(self, event: InitRequest) -> None:
        self.before_init()
        try:
            self.handler.receive_options(event.options)
            init = self.handler.init
            taken = arguments(init)
            gets_request = taken is not None and (taken.most > 0 or taken.variable)
            answer = init(event) if gets_request else init()  # type: ignore[call-arg]
            answer = answer if answer is not None else InitResponse()
            error: KapnbError | None = None if answer.success else OptionError(answer.error)
        except OptionError as refusal:
            answer, error = InitResponse(False, str(refusal)), refusal
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # also sys.exit, and what asyncio raises
            error = self._blame(failure)
            answer = InitResponse(False, str(error))
        self._answer(answer, error)

    def _restore(self, event: RestoreRequest) -> None:
        handler = self.handler
        try:
            answer = handler.restore(Snapshot(event.snapshot)) or RestoreResponse()
            error: KapnbError | None = None if answer.success else SnapshotError(answer.error)
        except SnapshotError as refusal:
            if handler.restore_policy == "fresh":
                self._log.warning("the stored snapshot was not used, starting fresh: %s", refusal)
                handler.group_states = {}
                answer, error = RestoreResponse(), None
            else:
                answer, error = RestoreResponse(False, str(refusal)), refusal
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # also sys.exit, and what asyncio raises
            error = self._blame(failure)
            answer = RestoreResponse(False, str(error))
        self._input.states = handler.group_states
        self._answer(answer, error)

    def _answer(self, answer: InitResponse | RestoreResponse, error: KapnbError | None) -> None:
        """Answer init or restore; a refusal is the session's last word."""
        self._initialised = error is None
        if error is not None:
            from kapnb.agent._blame import wire_text

            self.error, self.refused = error, True
            answer = type(answer)(False, wire_text(answer.error))
        self._send(answer)  # before the log, which may block
        if error is not None:
            self._log.error("%s", error, exc_info=error.__cause__)

    def _keepalive(self, event: KeepaliveRequest) -> None:
        self._send(KeepaliveResponse(event.time))

    def _snapshot(self, event: SnapshotRequest) -> None:
        self._begun = True
        # An open batch has not reached the Handler yet: this is the state before it. After a
        # restore Kapacitor would never send the first half again.
        try:
            taken = self.handler.snapshot()
            self.snapshot_error = None
        except SnapshotError as error:
            # No reason to stop a task that works: without bytes Kapacitor keeps what it has.
            if self.snapshot_error is None:
                self._log.error("no snapshot was taken: %s", error)
            self.snapshot_error, taken = error, b""
        data = taken.snapshot if isinstance(taken, SnapshotResponse) else taken
        if not isinstance(data, (bytes, bytearray)):
            raise HandlerError(f"snapshot() returned {type(data).__name__}; it must be bytes")
        self.snapshot_size = len(data)
        self._send(SnapshotResponse(bytes(data)))

    def _unknown(self, event: UnknownRequest) -> None:
        self._log.warning(
            "skipped an unknown request of %d bytes at byte %d", event.size, event.offset
        )

    def _end_of_stream(self, event: EndOfStream) -> None:
        """Let what was emitted go out. A batch that is open has no end: it is dropped."""
        self._begun = self._initialised

    def _nothing(self, event: Any) -> None:
        """Do nothing."""

    # ----------------------------------------------------------------------- data

    def _first_point(self, point: Point) -> None:
        """Take the way that all points of this Handler go from now on."""
        self._begun = True
        take = self._input.taker()
        guarded = self._skips and not self._batches
        self._take_point = (lambda point: self._try(take, point, [point])) if guarded else take
        self._take_point(point)

    def _begin_batch(self, begin: BeginBatch) -> None:
        self._begun = True
        assert isinstance(self._input, BatchInput)
        self._input.open(begin)

    def _end_batch(self, end: EndBatch) -> None:
        source = self._input
        assert isinstance(source, BatchInput)
        batch = source.close(end)
        if self._skips:
            self._try(lambda parts: source.handle(*parts), batch, batch[1])
        else:
            source.handle(*batch)

    def _try(self, call: Callable[[Any], None], argument: Any, points: list[Point]) -> None:
        """Handle one input; if the Handler fails, nothing of it goes out and it is skipped."""
        outbox = self._outbox
        outbox.open_unit()
        try:
            call(argument)
        except (SystemExit, KeyboardInterrupt):
            outbox.close_unit(keep=False)
            raise
        except BaseException as error:  # whatever user code or asyncio raises
            outbox.close_unit(keep=False)
            self.skip(error if isinstance(error, ProtocolError) else self._blame(error), points)
        else:
            outbox.close_unit(keep=True)

    def skip(self, error: KapnbError, points: list[Point]) -> None:
        """Count points that the Handler failed on; log it, less and less often."""
        self.skipped += len(points)
        self._failures += 1
        if self._failures < 10 or str(self._failures).rstrip("0") in {"1", "2", "5"}:
            self._log.error(
                "skipped %d point(s) in all; now: %s", self.skipped, error, exc_info=error.__cause__
            )
        if self._tell_skip is not None:
            self._tell_skip(error, points)

    # --------------------------------------------------------------------- output

    def _emit(self, item: Point | Batch) -> None:
        caller = sys._getframe(2)  # of Handler.emit
        self._emitted.append((item, (caller.f_code.co_filename, caller.f_lineno)))
        self.wake()

    def _send_emitted(self) -> None:
        """Send what was emitted; never before data has come.

        A restore may follow init, and a data frame before its answer would hang the start.
        """
        while self._emitted:
            item, (file, line) = self._emitted.popleft()
            try:
                if isinstance(item, Batch):
                    self._input.send_batch(item, item)
                else:
                    self._send(item)
            except LocalProtocolError as error:
                from kapnb.agent._blame import locate

                callback = f"{type(self.handler).__name__}.emit"
                place = f"line {line} of {os.path.basename(file)}"
                raise locate(error, callback, place=place) from error.__cause__

    def flush_emitted(self) -> None:
        """Send what other threads emitted while there was nothing to handle."""
        self.handle(_NOTHING)


def _nothing() -> None:
    """Do nothing: whoever feeds the session by hand is awake and prepared."""
