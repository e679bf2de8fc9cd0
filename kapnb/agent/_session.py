"""Session: one Handler's life. Events in → Handler calls → messages out.

It does no I/O, keeps no time and starts no thread. What goes out is handed to `send`, one
message at a time and in order; `send` refuses what Kapacitor forbids (`Connection.send`).
The notebook, the simulator and every transport drive this class and no other.
"""

from __future__ import annotations

import inspect
import logging
from collections import deque
from collections.abc import Callable
from types import GeneratorType
from typing import Any

from kapnb.agent._blame import blame
from kapnb.agent._outputs import (
    batch_of,
    batch_origin,
    each,
    foreign,
    frame_of,
    is_frame,
    point_origin,
)
from kapnb.errors import (
    HandlerError,
    KapnbError,
    OptionError,
    ProtocolError,
    SnapshotError,
)
from kapnb.handler import Handler, Snapshot
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

__all__ = ["Session"]

_log = logging.getLogger("kapnb")
_NEW = object()


class _Nothing:
    """The event that is none: only what was emitted is sent."""


_NOTHING = _Nothing()


class Session:
    """One Handler's life.

    Parameters
    ----------
    handler : Handler
        Fresh; a Session uses it up.
    send : callable
        Takes one response message; raises `LocalProtocolError` for one that is forbidden.
    log : logging.Logger, default: the one named ``kapnb``
        Where errors and warnings go besides the wire.

    Attributes
    ----------
    error : KapnbError or None
        What ended the session early. It was reported with an ErrorResponse, or as a refused
        init or restore.
    snapshot_error : SnapshotError or None
        Why the last snapshot was empty.
    refused : bool
        Whether init or restore was answered with success=False. Kapacitor then forgets the
        process without closing it: it must end by itself.
    """

    def __init__(
        self, handler: Handler, send: Callable[[Any], None], log: logging.Logger = _log
    ) -> None:
        self.handler = handler
        self._log = log
        self.error: KapnbError | None = None
        self.refused = False
        self._send = send
        self._states = handler.group_states
        self.snapshot_error: SnapshotError | None = None
        self.wake: Callable[[], None] = _nothing  # set by who waits for input
        self._begin: BeginBatch | None = None  # of the batch that is open
        self._received: list[Point] = []  # its points
        self._collected: list[Point] = []  # what goes out in its place
        self._emitted: deque[Point | Batch | KapnbError] = deque()  # from any thread
        self._initialised = False  # init was answered with success
        self._begun = False  # and data has come, so that no restore will
        self._stopped = False
        handler._outlet = self._emit
        self._bind()

    def _bind(self) -> None:
        """Choose the paths for this Handler once."""
        shape = self.handler.handler_shape
        self._call = {name: self._caller(name) for name in shape.takes_state}
        self._out_batches = self.handler.provides is BATCH
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

    def _caller(self, name: str) -> Callable[[Any, str], Any]:
        """Return ``f(argument, group)`` for a data method that may or may not take state."""
        method = getattr(self.handler, name)
        if self.handler.handler_shape.takes_state[name]:
            return lambda argument, group: method(argument, self._state(group))
        return lambda argument, group: method(argument)

    # ------------------------------------------------------------------ the door

    def handle(self, event: Any) -> None:
        """Handle one event of the peer; answers go to `send` before this returns.

        Exceptions of user code do not leave it: they become `error` and an ErrorResponse.
        """
        if self.error is not None:
            return
        try:
            if isinstance(event, Point):
                self._take_point(event)
            else:
                self._routes[type(event)](event)
            if self._emitted and self._begun:
                self._send_emitted()
        except ProtocolError as error:
            self._fail(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also sys.exit, and what asyncio raises
            self._fail(blame(error, self.handler))

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
            self._log.exception("stop() failed: %s", blame(error, self.handler))

    def fail(self, error: KapnbError) -> None:
        """End the session for a reason found outside, such as undecodable bytes."""
        if self.error is None:
            self._fail(error)

    def _fail(self, error: KapnbError) -> None:
        self.error = error
        self._collected.clear()  # half a batch must not go out
        self._log.error("%s", error, exc_info=error.__cause__ or error)
        self._send(ErrorResponse(_wire_text(error)))

    # ---------------------------------------------------------------- management

    def _info(self, event: InfoRequest) -> None:
        self._send(self.handler.info())

    def _init(self, event: InitRequest) -> None:
        try:
            self.handler.receive_options(event.options)
            init = self.handler.init
            answer = init(event) if inspect.signature(init).parameters else init()  # type: ignore[call-arg]
            answer = answer if answer is not None else InitResponse()
            error: KapnbError | None = None if answer.success else OptionError(answer.error)
        except OptionError as refusal:
            answer, error = InitResponse(False, str(refusal)), refusal
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # also sys.exit, and what asyncio raises
            error = blame(failure, self.handler)
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
            error = blame(failure, handler)
            answer = RestoreResponse(False, str(error))
        self._states = handler.group_states
        self._answer(answer, error)

    def _answer(self, answer: InitResponse | RestoreResponse, error: KapnbError | None) -> None:
        """Answer init or restore; a refusal is the session's last word."""
        self._initialised = error is None
        if error is not None:
            self._log.error("%s", error, exc_info=error.__cause__)
            self.error, self.refused = error, True
            answer = type(answer)(False, _wire_text(answer.error))
        self._send(answer)

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

    # --------------------------------------------------------------- stream input

    def _state(self, group: str) -> Any:
        state = self._states.get(group, _NEW)
        if state is _NEW:
            state = self._states[group] = self.handler.group_state()
        return state

    def _first_point(self, point: Point) -> None:
        """Take the way that all points of this Handler go from now on."""
        self._begun = True
        if self.handler.wants is BATCH:
            self._take_point = self._batch_point
        elif self.handler.handler_shape.takes_state["point"]:
            self._take_point = self._stream_point_state
        else:
            self._take_point = self._stream_point
        self._take_point(point)

    def _stream_point(self, point: Point) -> None:
        result = self.handler.point(point)
        if result is not None:
            self._deliver(result, point)

    def _stream_point_state(self, point: Point) -> None:
        group = point.group
        state = self._states.get(group, _NEW)
        if state is _NEW:
            state = self._state(group)
        result = self.handler.point(point, state)
        if result is not None:
            self._deliver(result, point)

    def _deliver(self, result: Any, origin: Point) -> None:
        """Send what a data method gave for a stream point."""
        send = self._send
        for item in result if type(result) is GeneratorType else each(result):
            if type(item) is WirePoint:  # complete as it is, and the usual case
                send(item)
            elif isinstance(item, Point):
                send(item.inherited(origin))
            else:
                self._send_batch(item, batch_origin(origin))

    # ---------------------------------------------------------------- batch input

    # A batch is kept until its end and then given to the Handler in one go. So a snapshot
    # asked for in between is the state before the batch, and a failure leaves no half of one.

    def _begin_batch(self, begin: BeginBatch) -> None:
        self._begun = True
        self._begin, self._received = begin, []

    def _batch_point(self, point: Point) -> None:
        self._received.append(point)

    def _end_batch(self, end: EndBatch) -> None:
        begin, points = self._begin, self._received
        assert begin is not None
        self._begin, self._received = None, []
        whole = self.handler.handler_shape.whole
        if whole is None:
            speaks = self._call_parts(begin, points, end)
        else:
            speaks = self._call_whole(whole, begin, points, end)
        if self._out_batches and speaks:
            self._send_collected(begin, end, len(points))
        self._collected.clear()

    def _call_parts(self, begin: BeginBatch, points: list[Point], end: EndBatch) -> bool:
        """Call begin_batch, point for each, end_batch; return whether a batch goes out.

        An empty one does, unless whole Batches went out in its place.
        """
        group, origin, call = begin.group, point_origin(begin), self._call["point"]
        loose = self._collect(self._call["begin_batch"](begin, group), origin)
        for point in points:
            result = call(point, group)
            if result is not None:
                origin.time = point.time
                loose &= self._collect(result, origin)
        origin.time = end.tmax
        loose &= self._collect(self._call["end_batch"](end, group), origin)
        return loose or bool(self._collected)

    def _call_whole(
        self, whole: str, begin: BeginBatch, points: list[Point], end: EndBatch
    ) -> bool:
        """Call batch or frame; return whether a batch goes out."""
        batch = Batch(
            points, name=begin.name, tags=begin.tags, tmax=end.tmax, by_name=begin.by_name
        )
        if whole == "frame" and not points:
            return True  # a DataFrame without columns would only surprise
        argument = frame_of(batch) if whole == "frame" else batch
        result = self._call[whole](argument, begin.group)
        if result is None:
            return False
        return self._collect(result, point_origin(begin, end.tmax)) or bool(self._collected)

    def _collect(self, result: Any, origin: Point) -> bool:
        """Take what a data method gave inside a batch.

        Loose points make the batch that goes out in place of the open one, or, on an edge to
        STREAM, go out at once. Whole Batches go out at once. Returns whether there were none.
        """
        loose = True
        for item in () if result is None else each(result):
            if isinstance(item, Point):
                self._collect_point(item, origin)
            elif is_frame(item):
                for point in batch_of(item).points:
                    self._collect_point(point, origin)
            else:
                loose = False
                self._send_batch(item, batch_origin(origin))
        return loose

    def _collect_point(self, point: Point, origin: Point) -> None:
        point = point.inherited(origin)
        if self._out_batches:
            self._collected.append(point.copy())  # the Handler may go on changing its own
            return
        if not point.name:  # points of a batch carry neither name nor dimensions
            point = point.copy()
            point.name = origin.name
            point.dimensions = point.dimensions or origin.dimensions
            point.by_name = origin.by_name
        self._send(point)

    # --------------------------------------------------------------------- output

    def _send_collected(self, begin: BeginBatch, end: EndBatch, count: int) -> None:
        """Send the outgoing batch in place of the incoming one of `count` points."""
        points = self._collected
        # Kapacitor's size is a hint, 0 where it did not know; an unchanged batch keeps it.
        size = begin.size if len(points) == count else len(points)
        self._send(BeginBatch(begin.name, begin.group, begin.tags, size, begin.by_name))
        for point in points:
            self._send(point)
        self._send(end)

    def _send_batch(self, batch: Any, origin: Batch) -> None:
        """Send a Batch, or a DataFrame as one, as a unit."""
        if is_frame(batch):
            batch = batch_of(batch)
        elif not isinstance(batch, Batch):
            raise HandlerError(foreign(batch))
        for message in batch.inherited(origin).messages():
            self._send(message)

    def _emit(self, item: Point | Batch) -> None:
        self._emitted.append(item)
        self.wake()

    def fail_soon(self, error: KapnbError) -> None:
        """End the session as soon as its thread can. May be called from any thread."""
        self._emitted.append(error)
        self.wake()

    def _send_emitted(self) -> None:
        """Send what was emitted; never before data has come.

        A restore may follow init, and a data frame before its answer would hang the start.
        """
        while self._emitted:
            item = self._emitted.popleft()
            if isinstance(item, KapnbError):
                raise item
            if isinstance(item, Batch):
                self._send_batch(item, item)
            else:
                self._send(item)

    def flush_emitted(self) -> None:
        """Send what other threads emitted while there was nothing to handle."""
        self.handle(_NOTHING)


def _wire_text(error: Any) -> str:
    """Return text that can be sent: an exception may quote a file name with lone surrogates."""
    return str(error).encode(errors="backslashreplace").decode()


def _nothing() -> None:
    """Wake nobody: whoever feeds the session by hand is awake."""
