"""Session: one Handler's life. Events in → Handler calls → messages out.

It does no I/O, keeps no time and starts no thread. What goes out is put into the outbox, one
message at a time and in order; the outbox refuses what Kapacitor forbids. The notebook, the
simulator and every transport drive this class and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any

from kapnb.agent._data import BatchInput, DataInput, StreamInput, Take
from kapnb.agent._emitted import Emitted
from kapnb.agent._log import logger
from kapnb.agent._outbox import Outbox
from kapnb.agent._outputs import loose, point_origin
from kapnb.agent._shared import ensure_shared
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
from kapnb.protocol import FRAME_SIZE_MAX, EndOfStream, UnknownRequest, WirePoint, wire_point

if TYPE_CHECKING:
    import logging

    from kapnb.agent._async import AsyncCalls

__all__ = ["Session", "Skip"]

#: What is told of the input that a Handler with error_policy "skip" failed on.
Skip = Callable[[KapnbError, list[Point]], None]


#: A restore request is a frame of these bytes and a few more.
_SNAPSHOT_SIZE_MAX = FRAME_SIZE_MAX - 64
#: Whether deleting a task deletes its snapshot depends on Kapacitor's release; a new name helps.
_STRICT = (
    "; restore_policy is strict: to start without it, define the task under another name, or set "
    "another policy for one start"
)


class _Nothing:
    """The event that is none: only what was emitted is sent."""


class _Settling:
    """The event that is none: everything under way is waited for."""


_NOTHING, _SETTLING = _Nothing(), _Settling()

#: The callback that answers an event, for messages about what it gave.
_CALLBACKS = {
    InfoRequest: "info",
    InitRequest: "init",
    SnapshotRequest: "snapshot",
    RestoreRequest: "restore",
    WirePoint: "point",
    list: "point",
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
    snapshot_size : int or None
        Bytes of the last one, None before the first.
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
        self.snapshot_size: int | None = None
        self.skipped = self._failures = 0
        self.wake: Callable[[], None] = _nothing  # set by who waits for input
        self.before_init: Callable[[], None] = _nothing  # set by who has something to prepare
        self.in_production = False  # set for a real peer, who must know how it ends
        self._log_or_none = log
        self._outbox = outbox
        self._send = outbox.send
        self._tell_skip = skip
        self._emitted = Emitted(f"{type(handler).__name__}.emit")
        self._initialised = False  # init was answered with success
        self._begun = False  # and data has come, so that no restore will
        self._stopped = self._interrupted = False
        self._points: Iterator[bytes] = iter(())  # those that are under way
        handler._outlet = self._emit
        self._bind()

    def _bind(self) -> None:
        """Choose the paths for this Handler once."""
        self._skips = self.handler.error_policy == "skip"
        self._batches = self.handler.wants is BATCH
        self._async = bool(self.handler.handler_shape.asynchronous)
        self._calls: AsyncCalls | None = None
        self._input = self._make_input()
        self._input.waiting = self._emitted
        self._take: Take = self._first_point
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
            list: self._handle_points,
            Point: self._one_point,
            WirePoint: self._one_point,
            _Nothing: self._nothing,
            _Settling: self._settle,
        }

    def _make_input(self) -> DataInput:
        asynchronous = self.handler.handler_shape.asynchronous
        if self._batches:
            return BatchInput(self.handler, self._outbox, self._finished)
        if "point" not in asynchronous:
            return StreamInput(self.handler, self._outbox)
        from kapnb.agent._async import AsyncStreamInput

        guard = self._try if self._skips else None
        return AsyncStreamInput(self.handler, self._outbox, self._start_call, guard)

    def _start_call(self, coroutine: Any) -> Any:
        """Start a coroutine on the event loop of this session, made at the first need."""
        if self._calls is None:
            from kapnb.agent._async import AsyncCalls

            self._calls = AsyncCalls()
        future = self._calls.start(coroutine)
        future.add_done_callback(lambda _: self.wake())
        return future

    def _finished(self, result: Any) -> Any:
        """Return `result`, or what it gives when it has run, if a callback is async."""
        if not self._async or not (hasattr(result, "__await__") or hasattr(result, "__aiter__")):
            return result
        from kapnb.agent._async import gathered, outcome

        return outcome(self._start_call(gathered(result)))

    def where_calls_hang(self, thread_id: int | None) -> str:
        """Return the line at which async calls are, if the thread waits for them, for a message."""
        return "" if self._calls is None else self._calls.where_it_hangs(thread_id)

    @property
    def _log(self) -> logging.Logger:
        return self._log_or_none or logger()

    # ------------------------------------------------------------------ the door

    def handle(self, event: Any) -> None:
        """Handle one event of the peer; answers are in the outbox before this returns.

        A list is the bytes of points, handled one after the other. Exceptions of user code
        do not leave this: they become `error` and an ErrorResponse.
        """
        if self.error is not None:
            return
        try:
            self._routes[type(event)](event)
            if self._emitted and self._begun:
                self._send_emitted()
        except BaseException as error:  # also sys.exit, and what asyncio raises
            self._caught(error, event)

    def _caught(self, error: BaseException, event: Any) -> None:
        """End the session with what was raised while `event` was handled."""
        if isinstance(error, LocalProtocolError) and not error.located:
            from kapnb.agent._blame import locate

            callback = _CALLBACKS.get(type(event), "emit")
            error = locate(error, f"{type(self.handler).__name__}.{callback}")
        self._fail(error if isinstance(error, ProtocolError) else self._blame(error))

    def _blame(self, error: BaseException) -> KapnbError:
        """Name the line of user code; in a Simulation an interrupt is somebody's who watches."""
        from kapnb.agent._blame import blame

        if isinstance(error, KeyboardInterrupt) and not self.in_production:
            raise error
        return blame(error, type(self.handler).__name__)

    @property
    def done(self) -> int:
        """A number that grows while one event takes many calls.

        An event that is a list of points takes their number off, to give it back one by one.
        """
        return self._input.done - length_hint(self._points)

    def stop(self) -> None:
        """End the Handler's life; idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self.handler._outlet = None
        try:
            if self._calls is not None:
                self._calls.cancel()
            self._finished(self.handler.stop())  # type: ignore[func-returns-value]
        except BaseException as error:  # also sys.exit, and what asyncio raises
            self._log.exception("stop() failed: %s", self._blame(error))
        finally:
            if self._calls is not None:
                self._calls.close()

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
            ensure_shared(self.handler)
            init = self.handler.init
            taken = arguments(init)
            gets_request = taken is not None and (taken.most > 0 or taken.variable)
            answer = self._finished(init(event) if gets_request else init())  # type: ignore[call-arg]
            answer = answer if answer is not None else InitResponse()
            error: KapnbError | None = None if answer.success else OptionError(answer.error)
        except OptionError as refusal:
            answer, error = InitResponse(False, str(refusal)), refusal
        except BaseException as failure:  # also sys.exit, and what asyncio raises
            error = self._blame(failure)
            answer = InitResponse(False, str(error))
        self._answer(answer, error)

    def _restore(self, event: RestoreRequest) -> None:
        handler = self.handler
        try:
            answer = self._finished(handler.restore(Snapshot(event.snapshot))) or RestoreResponse()
            error: KapnbError | None = None if answer.success else SnapshotError(answer.error)
        except SnapshotError as refusal:
            if handler.restore_policy != "strict":
                self._log.warning("the stored snapshot was not used, starting fresh: %s", refusal)
                handler.forget_groups()
                answer, error = RestoreResponse(), None
            else:
                remedy = _STRICT if type(handler).restore_policy == "strict" else ""
                answer, error = RestoreResponse(False, f"{refusal}{remedy}"), refusal
        except BaseException as failure:  # also sys.exit, and what asyncio raises
            error = self._blame(failure)
            answer = RestoreResponse(False, str(error))
        for note in handler.restore_notes:
            self._log.warning("the stored snapshot was not used as it is: %s", note)
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
        self._input.collect(wait=True)  # the state after all that came before
        # An open batch has not reached the Handler yet: this is the state before it. After a
        # restore Kapacitor would never send the first half again.
        try:
            taken = self._finished(self.handler.snapshot())
            data = taken.snapshot if isinstance(taken, SnapshotResponse) else taken
            if isinstance(data, (bytes, bytearray)) and len(data) > _SNAPSHOT_SIZE_MAX:
                raise SnapshotError(
                    f"{len(data)} bytes, more than could be restored ({_SNAPSHOT_SIZE_MAX}); "
                    "keep less per group, or set group_idle or group_cap"
                )
            self.snapshot_error = None
        except SnapshotError as error:
            # No reason to stop a task that works: without bytes Kapacitor keeps what it has.
            if self.snapshot_error is None:
                self._log.error("no snapshot was taken: %s", error)
            self.snapshot_error, data = error, b""
        if not isinstance(data, (bytes, bytearray)):
            raise HandlerError(f"snapshot() returned {type(data).__name__}; it must be bytes")
        self.snapshot_size = len(data)
        self._send(SnapshotResponse(bytes(data)))

    def _unknown(self, event: UnknownRequest) -> None:
        self._log.warning(
            "skipped an unknown request of %d bytes at byte %d", event.size, event.offset
        )

    def _end_of_stream(self, event: EndOfStream) -> None:
        """Finish what is under way. A batch that is open has no end: it is dropped."""
        self._input.collect(wait=True)
        self._begun = self._initialised

    def _nothing(self, event: Any) -> None:
        """Send what has been finished meanwhile."""
        self._input.collect(wait=False)

    def _settle(self, event: Any) -> None:
        self._input.collect(wait=True)

    # ----------------------------------------------------------------------- data

    def _first_point(self, points: Iterator[bytes | Point]) -> None:
        """Take the way that all points of this Handler go from now on."""
        self._begun = True
        item = next(points)
        first = item if isinstance(item, Point) else wire_point(item)
        take = self._input.taker(first)
        if self._skips and type(self._input) is StreamInput:
            one = take
            take = self._input.taking(lambda point: self._try(one, iter((point,)), [point]))
        self._take = take
        take(iter((first,)))

    def _one_point(self, point: Point) -> None:
        self._take(iter((point,)))

    def _handle_points(self, points: list[bytes]) -> None:
        """Take points one after the other, and in between send what was emitted meanwhile."""
        self._points = rest = iter(self._input.ahead(points))
        while length_hint(rest) and not self._interrupted:
            self._take(rest)
            if self._emitted:
                self._send_emitted()

    def interrupt(self) -> None:
        """Begin with no other point of the list that is being handled. From any thread."""
        self._interrupted = True
        self._emitted.interrupt()

    def _begin_batch(self, begin: BeginBatch) -> None:
        self._begun = True
        assert isinstance(self._input, BatchInput)
        self._input.open(begin)

    def _end_batch(self, end: EndBatch) -> None:
        source = self._input
        assert isinstance(source, BatchInput)
        batch = source.close(end)
        if self._skips:
            begin, points, _ = batch
            self._try(lambda parts: source.handle(*parts), batch, points, point_origin(begin))
        else:
            source.handle(*batch)

    def _try(
        self,
        call: Callable[[Any], None],
        argument: Any,
        points: list[Point],
        origin: Point | None = None,
    ) -> None:
        """Handle one input; if the Handler fails, nothing of it goes out and it is skipped.

        `origin` tells what the points of a batch belong to.
        """
        outbox = self._outbox
        outbox.open_unit()
        try:
            call(argument)
        except (SystemExit, KeyboardInterrupt):
            outbox.close_unit(keep=False)
            raise
        except BaseException as error:  # whatever user code or asyncio raises
            outbox.close_unit(keep=False)
            if origin is not None:
                points = [loose(point, origin) for point in points]
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
        self._emitted.put(item)
        self.wake()

    def fail_soon(self, error: KapnbError) -> None:
        """End the session as soon as its thread can. May be called from any thread."""
        self._emitted.fail(error)
        self.wake()

    def _send_emitted(self) -> None:
        """Send what was emitted; never before data has come.

        A restore may follow init, and a data frame before its answer would hang the start.
        """
        self._emitted.send(self._input.send_complete)

    def emit_late(self, item: Point | Batch) -> None:
        """Send output of user code that goes on after the end; see `Agent.send_late`."""
        if self.error is not None or not self._begun:
            raise HandlerError("output after the agent has ended")
        self._emit(item)
        self.flush_emitted()

    def flush_emitted(self) -> None:
        """Send what other threads emitted while there was nothing to handle."""
        self.handle(_NOTHING)

    def settle(self) -> None:
        """Wait for calls that are under way and send what they give."""
        self.handle(_SETTLING)


def _nothing() -> None:
    """Do nothing: whoever feeds the session by hand is awake and prepared."""
