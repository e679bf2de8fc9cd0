"""Outbox: what a script writes, from whatever thread, on its way to the Session.

The Session sends what a callback returns and, between callbacks, what was emitted. So what the
thread of the callbacks writes is kept until the callback returns, and what other threads write
is emitted. A batch is written message by message and leaves here as one unit, when its end has
been written: no other message can come between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from kapnb.compat import udf_pb2
from kapnb.compat._checks import NON_FINITE, check_groups, checked_point, note_double
from kapnb.compat._message import Message
from kapnb.compat._place import place
from kapnb.errors import HandlerError, LocalProtocolError
from kapnb.model import STREAM, Batch, BeginBatch, EdgeType, EndBatch, Point
from kapnb.protocol import Kind, State, WirePoint, wire_point
from kapnb.protocol._states import RESPONSES, data_kinds

__all__ = ["Failure", "Outbox", "Written", "WrittenError"]

#: What other threads may have waiting, in points and batches, before they are made to wait
#: themselves: the official agent stops them at a full pipe.
WAITING_MAX = 10_000
#: How often a thread that waits looks whether a callback has begun, in seconds. While one runs
#: nobody waits: the callback may be waiting for that very thread.
_LOOK_S = 0.05

# `write` runs for every point: what it asks for is near.
_Response, _Point, get_ident = udf_pb2.Response, udf_pb2.Point, threading.get_ident
#: How a point's bytes begin: with the tag of the field `time`.
_TIME = b"\x08"

_KINDS: dict[type[Message], Kind] = {
    cls: Kind[name.upper()] for cls, name in udf_pb2.Response._names.items()
}


class WrittenError(LocalProtocolError):
    """The script itself wrote an ErrorResponse.

    It broke no rule, but as if it had, the session ends and Kapacitor gets this very text.
    """

    located = True


class Written(Batch):
    """Messages that go out exactly as they were written, and together.

    Parameters
    ----------
    messages : list
        Points, or a begin, points and an end. None at all is silence: a Session that is given
        nothing for a batch would answer it with an empty one.
    sent : callable, optional
        Called when they are sent.
    """

    __slots__ = ("_messages", "_sent")

    def __init__(self, messages: list[Any], sent: Callable[[], None] | None = None) -> None:
        super().__init__(())
        self._messages = messages
        self._sent = sent

    def inherited(self, origin: Batch) -> Batch:
        """Return itself: nothing is added to what was written."""
        return self

    def messages(self) -> Iterator[BeginBatch | Point | EndBatch]:
        """Yield what was written."""
        yield from self._messages
        if self._sent is not None:
            self._sent()

    def __len__(self) -> int:
        return len(self._messages)


class Failure(Written):
    """An error that takes its turn behind what was written before it."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        super().__init__([])
        self._error = error

    def messages(self) -> Iterator[BeginBatch | Point | EndBatch]:
        """Raise the error."""
        raise self._error


class Outbox:
    """What one script writes.

    Attributes
    ----------
    items : list of bytes, Point or Batch
        What the thread of the callbacks has written since the last callback.
    in_callback : bool
        Whether a callback runs.
    origin : udf_pb2.Point, udf_pb2.BeginBatch or None
        The input that the callbacks handle.
    """

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.in_callback = False
        self.origin: Any = None
        self._thread = 0  # that calls the callbacks
        self._streams = False  # points go out alone
        self._edge: EdgeType | None = None
        self._emit: Callable[[Any], None] | None = None
        self._late: Callable[[Any], None] | None = None
        self._ended = False
        self._early: list[Any] = []  # written before the session began
        self._open: dict[int, list[Any]] = {}  # thread → the messages of its batch
        self._own: list[Any] | None = None  # the one of the thread of the callbacks
        self._lock = threading.Lock()
        self._room = threading.Condition()
        self._waiting = 0

    # ----------------------------------------------------------- for the session

    def begin(self, edge: EdgeType, emit: Callable[[Any], None]) -> None:
        """Start to pass on; `edge` is what the script provides."""
        self._emit, self._ended, self._waiting = emit, False, 0
        self._streams = edge is STREAM
        self.items, self._open = [], {}
        self.enter()
        with self._lock:
            self._edge = edge
            early, self._early = self._early, []
        for message in early:
            self._write(message)

    def enter(self) -> None:
        """Say that this thread calls the callbacks from now on."""
        self._thread = threading.get_ident()
        self._own = self._open.get(self._thread)

    def outlive(self, send: Callable[[Any], None]) -> None:
        """Let `send` have what is written after the session has ended.

        Scripts whose threads work through a queue write on when the input has ended.
        """
        self._late = send

    def end(self) -> None:
        """Pass nothing on any more, unless it may outlive the session."""
        with self._room:
            late = self._late if self._edge is not None else None  # no data before init
            self._ended, self._emit, self._thread = True, late, 0
            self._waiting = 0
            self._room.notify_all()

    def take(self) -> Any:
        """Return what the callback has written, None if that is nothing.

        Points that were kept as bytes are Points now.
        """
        items = self.items
        if not items:
            return None
        self.items = []
        return [wire_point(item) if type(item) is bytes else item for item in items]

    # ------------------------------------------------------------ for the script

    def write(self, response: Any) -> None:
        """Take one Response, as it is now."""
        held = response._member if type(response) is _Response else _content(response)
        points = self.items if self._streams else self._own
        if type(held) is _Point and points is not None and self._thread == get_ident():
            raw, past = held._raw, held._past
            # Built from nothing: what came, and was changed, had begun with its time.
            if type(past) is bytes and past[:1] != _TIME and self._streams:
                check_groups(held, self.origin)
            if NON_FINITE and past is not None:
                points.append(checked_point(held))
            else:
                points.append(held._bytes() if raw is None else raw)
        elif held is None:
            self._refuse(
                "an empty Response, which brings kapacitord down: set its .point, .begin, .end or "
                ".error first"
            )
        elif type(held) is udf_pb2.KeepaliveResponse:
            return  # the session answers keepalives itself
        elif not self._kept_for_later(held):
            self._write(held)

    def _kept_for_later(self, held: Message) -> bool:
        """Keep what is written before the session has begun."""
        with self._lock:
            early = self._edge is None and not self._ended
            if early:
                self._early.append(held.__copy__())
        return early

    def _write(self, held: Message) -> None:
        kind = _KINDS[type(held)]
        if kind is Kind.ERROR:
            self._pass_on(Failure(WrittenError(held._read().error)))
        elif kind in _DATA:
            with self._lock:
                whole = self._place(kind, held)
            if whole is not None:
                self._pass_on(whole)
        else:
            name = kind.name.lower()
            self._refuse(
                f"a {name} answer that nobody asked for would answer the next request; return it "
                f"from {name}(), do not write it"
            )

    def _place(self, kind: Kind, held: Message) -> Any:
        """Put a message where it belongs; return what is complete by it."""
        batch = self._batch(kind)
        state = State.READY if batch is None else State.BATCH
        if kind not in RESPONSES[state]:
            self._refuse(_MISPLACED[kind])
        if batch is None and kind not in data_kinds(self._edge):
            self._refuse(_WRONG_EDGE[kind])
        if batch is not None:
            batch.append(_point(held) if kind is Kind.POINT else _end(held))
            if kind is Kind.POINT:
                return None
            self._open = {at: open_ for at, open_ in self._open.items() if open_ is not batch}
            self._own = self._open.get(self._thread)
            return Written(batch)
        if kind is Kind.POINT:
            return _point(held)
        self._open[threading.get_ident()] = [self._begin(held)]
        self._own = self._open.get(self._thread)
        return None

    def _batch(self, kind: Kind) -> list[Any] | None:
        """Return the batch this thread has open.

        A thread that has none speaks of the only one that is open, if a batch is all it can
        mean: handlers let workers write the points between a begin and an end of their own.
        """
        own = self._open.get(threading.get_ident())
        if own is None and kind is not Kind.BEGIN and len(self._open) == 1:
            (own,) = self._open.values()
        return own

    def _begin(self, held: Any) -> BeginBatch:
        message = held._read()
        if message.size < 0:
            self._refuse(f"a batch of size {message.size} brings kapacitord down")
        tags = dict(sorted(message.tags.items()))
        return BeginBatch(message.name, message.group, tags, message.size, message.byName)

    def _refuse(self, rule: str) -> None:
        """Raise in the script, and end the session even if the script goes on."""
        error = LocalProtocolError(f"{rule} ({place()})")
        error.located = True
        if self._emit is not None:
            self._pass_on(Failure(error))
        raise error

    def _pass_on(self, item: Any) -> None:
        if self._thread == threading.get_ident():
            self.items.append(item)
            return
        with self._room:
            while self._waiting >= WAITING_MAX and not self.in_callback and not self._ended:
                self._room.wait(_LOOK_S)
            emit = self._emit
            if emit is None:
                raise HandlerError(f"write_response after the agent has ended ({place()})")
            self._waiting += 1
        whole = item if isinstance(item, Failure) else Written(_messages(item), self._sent)
        emit(whole)

    def _sent(self) -> None:
        with self._room:
            self._waiting -= 1
            self._room.notify()


_DATA = frozenset({Kind.POINT, Kind.BEGIN, Kind.END})

_MISPLACED = {
    Kind.BEGIN: "a begin inside an open batch discards the points so far: write the end first",
    Kind.END: "an end without a begin brings kapacitord down: write the begin first",
}
_WRONG_EDGE = {
    Kind.POINT: "a point outside a batch, though info() provides BATCH: write a begin first",
    Kind.BEGIN: "a batch, though info() provides STREAM",
}


def _content(response: Any) -> Message | None:
    """Return what a Response of another kind holds: a subclass, or protobuf's own."""
    if response is None:
        raise HandlerError(f"cannot write None; a Response is needed ({place()})")
    if not isinstance(response, udf_pb2.Response):
        if not hasattr(response, "SerializeToString"):
            kind = type(response).__name__
            raise HandlerError(f"cannot write a {kind}; a Response is needed ({place()})")
        response = udf_pb2.Response.FromString(response.SerializeToString())
        if response.HasField("point"):  # its numbers were set out of our sight
            for name, value in response.point._open().fieldsDouble.items():
                note_double(name, value)
    held: Message | None = response._member
    return held


def _point(held: Message) -> WirePoint:
    return checked_point(held) if NON_FINITE else wire_point(held._bytes())


def _end(held: Any) -> EndBatch:
    message = held._read()
    tags = dict(sorted(message.tags.items()))
    return EndBatch(message.name, message.group, message.tmax, tags, message.byName)


def _messages(item: Any) -> list[Any]:
    return item._messages if isinstance(item, Written) else [item]
