"""Connection: one end of the conversation, without I/O.

Bytes in, events out, bytes to send. It holds the buffer, both automata and the counts of what
is still to be answered; it never reads, writes, waits or looks at a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias, get_args

from kapnb.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from kapnb.model import (
    BeginBatch,
    EdgeType,
    InitResponse,
    Point,
    Record,
    Request,
    Response,
    RestoreResponse,
)
from kapnb.protocol._codec import Codec, ProtobufCodec
from kapnb.protocol._states import (
    ANSWERED,
    KIND,
    REQUESTS,
    RESPONSES,
    Kind,
    Role,
    State,
    data_kinds,
)
from kapnb.protocol._wire import WirePoint, wire_point

__all__ = ["FRAME_SIZE_MAX", "RUN_MAX", "Connection", "EndOfStream", "Event", "UnknownRequest"]

#: Neither Kapacitor nor the official agents have a limit; protobuf's own is 2 GiB. A frame is
#: one point, a batch's begin or end, or a snapshot, so only snapshots grow. 256 MiB is far
#: beyond any that works, and small enough that a line of text taken for a length is refused.
FRAME_SIZE_MAX = 256 * 1024 * 1024
#: Bytes of a length prefix: 5 hold 35 bits. More can only be a stream out of step.
_LENGTH_BYTES_MAX = 5
#: The largest body whose length has two bytes.
_SMALL = 0x3FFF
#: How many bytes stand before a point in a frame that is no larger.
_WIDTHS = (6, 4, 5)
#: How many points are handed out together.
RUN_MAX = 64


class EndOfStream(Record):
    """The peer closed its side at a frame boundary: a clean end."""


class UnknownRequest(Record):
    """An empty request, or one of a kind this agent does not know; to be skipped.

    Attributes
    ----------
    offset : int
        Where its frame starts, in bytes from the start of the stream.
    size : int
        Length of its body in bytes.
    """

    offset: int
    size: int


#: What comes in at either end.
Event: TypeAlias = Request | Response | EndOfStream | UnknownRequest


class _Direction:
    """One automaton: the messages of one side."""

    def __init__(
        self, table: dict[State, dict[Kind, State]], messages: Any, edge: EdgeType | None
    ) -> None:
        self.table = table
        self.kinds = {message: KIND[message] for message in get_args(messages)}
        self.openers = data_kinds(edge)
        self.enter(State.START)

    def enter(self, state: State) -> None:
        self.state = state
        self.allowed = self.table[state]
        self.hold(False)

    def hold(self, held: bool) -> None:
        """Let data pass or not. Points are nearly all there is: their answer is kept ready."""
        self.point_fits = not held and (
            self.state is State.BATCH or (Kind.POINT in self.allowed and Kind.POINT in self.openers)
        )


class Connection:
    """One end of a conversation between Kapacitor and a UDF.

    Parameters
    ----------
    role : Role
        Which end.
    wants, provides : EdgeType, optional
        The UDF's edges where they are known. Kapacitor itself does not check that data is of
        the declared kind; this does.
    codec : Codec, optional
        Frame bodies ↔ messages.
    frame_size_max : int, default: 256 MiB
        Largest body accepted, in bytes.

    Attributes
    ----------
    run_max : int
        How many points `runs` may put into one list.

    Notes
    -----
    Feed bytes to `receive_data`, take `events`, and send what `send` returns. Events must be
    handled as they are taken: whether a message is in order may depend on the answer to the
    one before. After an error the Connection stays in error.

    Examples
    --------
    >>> kapacitor, agent = Connection(Role.KAPACITOR), Connection(Role.AGENT)
    >>> agent.receive_data(kapacitor.send(KeepaliveRequest(time=42)))
    >>> list(agent.events())
    [KeepaliveRequest(time=42)]
    """

    def __init__(
        self,
        role: Role,
        *,
        wants: EdgeType | None = None,
        provides: EdgeType | None = None,
        codec: Codec | None = None,
        frame_size_max: int = FRAME_SIZE_MAX,
    ) -> None:
        self.role = role
        self._codec = codec or ProtobufCodec()
        self._frame_size_max = frame_size_max
        self.run_max = RUN_MAX
        requests = _Direction(REQUESTS, Request, wants)
        responses = _Direction(RESPONSES, Response, provides)
        self._requests, self._responses = requests, responses
        if role is Role.AGENT:
            self._ours, self._theirs = responses, requests
            self._encode, self._decode = self._codec.encode_response, self._codec.decode_request
        else:
            self._ours, self._theirs = requests, responses
            self._encode, self._decode = self._codec.encode_request, self._codec.decode_response  # type: ignore[assignment]
        # Points of sizes that were seen need no codec: they stay bytes.
        known = role is Role.AGENT and frame_size_max >= _SMALL
        self._sizes = self._codec.sizes if known and type(self._codec) is ProtobufCodec else {}
        self._width = 0  # of the header of the last such point
        self._unanswered: Counter[Kind] = Counter()
        self._buffer = b""
        self._position = 0
        self._late: list[bytes] = []  # chunks of a frame that is not complete yet
        self._late_size = 0
        self._missing = 0  # bytes still to come before that frame is
        self._consumed = 0  # bytes before the buffer, for offsets
        self._at_end = self._ended = False
        self._frame_start = 0  # in the buffer
        self._error: RemoteProtocolError | None = None

    @property
    def sending(self) -> _Direction:
        """What we send; its `point_fits` says whether a point is allowed now."""
        return self._ours

    @property
    def codec(self) -> Codec:
        """Frame bodies ↔ messages."""
        return self._codec

    @property
    def our_state(self) -> State:
        """State of what we send."""
        return self._ours.state

    @property
    def their_state(self) -> State:
        """State of what the peer sends."""
        return self._theirs.state

    def unanswered(self, kind: Kind) -> int:
        """Return how many requests of `kind` wait for their answer."""
        return self._unanswered[kind]

    # ------------------------------------------------------------------ receiving

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; empty bytes say that it closed its side."""
        if self._error:  # nothing more is understood, so nothing more is kept
            return
        if not data:
            self._at_end = True
            self._missing = 0
        else:
            self._late.append(data)
            self._late_size += len(data)
        if self._late_size >= self._missing or self._at_end:
            # Joined only once a whole frame is there: a large one arrives in many pieces.
            rest = self._buffer[self._position :]
            self._consumed += self._position
            self._buffer = b"".join((rest, *self._late)) if self._late else rest
            self._position = self._late_size = self._missing = 0
            self._late.clear()

    def events(self) -> Iterator[Event]:
        """Yield what the bytes so far hold; ends when more are needed.

        Yields
        ------
        Event
            A message of the peer, `UnknownRequest`, or, last, `EndOfStream`.

        Raises
        ------
        RemoteProtocolError
            If bytes or order are wrong, with the frame's byte offset; also if the stream
            ended inside a frame.
        """
        for event in self.runs():
            if type(event) is list:
                yield from map(wire_point, event)
            else:
                yield event  # type: ignore[misc]

    def runs(self) -> Iterator[Event | list[bytes]]:
        """Yield the same as `events`, but points that stand together as a list of their bytes.

        Whether a point is in order does not depend on what is said of the one before it. They
        come as bytes so that each can be let go when it was handled: to keep some dozens of
        decoded messages alive takes half as long again.
        """
        if self._error:
            raise self._error
        decode, theirs = self._decode, self._theirs
        event: Any
        try:
            while True:
                if theirs.point_fits and (points := self._known_points()):
                    yield points
                    continue
                buffer = self._buffer
                self._frame_start = self._position
                body = self._next_body(buffer, self._frame_start)
                if body is None:
                    break
                start, end = body
                self._position = end
                event = decode(buffer, start, end)
                if type(event) is WirePoint and theirs.point_fits:
                    yield event
                elif event is None:
                    yield self._unknown(end - start)
                else:
                    self._advance(theirs, event, RemoteProtocolError)
                    yield event
        except RemoteProtocolError as error:
            if error.offset is None:
                error = RemoteProtocolError(str(error), self._consumed + self._frame_start)
            self._error = error
            self._buffer, self._position = b"", 0
            raise error from error.__cause__
        if self._at_end and not self._ended:
            self._ended = True
            yield EndOfStream()

    def _known_points(self) -> list[bytes]:
        """Return the points the buffer goes on with, up to `run_max`; each of a size known before.

        Nearly all frames are such points, whole, with a length of one byte or two: so this does
        what `decode` would do, without a call.
        """
        buffer, position, sizes, width = self._buffer, self._position, self._sizes, self._width
        length = len(buffer)
        points: list[bytes] = []
        for _ in range(self.run_max):
            start = position + width
            size = sizes.get(buffer[position:start])
            if size is None:
                for width in _WIDTHS:
                    start = position + width
                    size = sizes.get(buffer[position:start])
                    if size is not None:
                        break
                else:
                    break
            end = start + size
            if end > length:
                break
            points.append(buffer[start:end])
            position = end
        self._position, self._width = position, width
        return points

    @property
    def ended(self) -> bool:
        """Whether the peer has closed its side and all it sent was taken."""
        return self._ended

    @property
    def received(self) -> int:
        """Bytes of the peer whose frames were taken, from the start of the stream."""
        return self._consumed + self._position

    def _next_body(self, buffer: bytes, start: int) -> tuple[int, int] | None:
        """Return where the next frame's body starts and ends, or None if it is not complete."""
        size = shift = 0
        position = start
        while position < len(buffer):
            byte = buffer[position]
            position += 1
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if position - start >= _LENGTH_BYTES_MAX:
                raise RemoteProtocolError(
                    f"a frame's length has more than {_LENGTH_BYTES_MAX} bytes; the stream is "
                    f"out of step at {buffer[start:position]!r}"
                )
        else:
            self._refuse_truncation(start, "length")
            return None
        if size > self._frame_size_max:
            raise RemoteProtocolError(
                f"a frame of {size} bytes is larger than the limit of {self._frame_size_max}; "
                f"its length reads {buffer[start:position]!r}"
            )
        end = position + size
        if end > len(buffer):
            self._missing = end - len(buffer)
            self._refuse_truncation(start, f"body of {size} bytes")
            return None
        return position, end

    def _refuse_truncation(self, start: int, part: str) -> None:
        """Raise if no more bytes will come for the frame that began at `start`."""
        if self._at_end and start < len(self._buffer):
            there = len(self._buffer) - start
            raise RemoteProtocolError(
                f"the stream ended inside a frame's {part}, {there} bytes after its start"
            )

    def _unknown(self, size: int) -> UnknownRequest:
        if self.role is Role.KAPACITOR:
            raise RemoteProtocolError(
                "an empty response, which brings kapacitord down: unexpected response message <nil>"
            )
        return UnknownRequest(self._consumed + self._frame_start, size)

    # -------------------------------------------------------------------- sending

    def send(self, message: Any) -> bytes:
        """Return the frame of `message`, which must be allowed now.

        Raises
        ------
        LocalProtocolError
            If Kapacitor would not bear it. Nothing has changed then.
        """
        ours = self._ours
        if not (type(message) is WirePoint and ours.point_fits):
            self._check(ours, message, LocalProtocolError)
        frame = self._encode(message, in_batch=ours.state is State.BATCH)
        if not isinstance(message, Point):
            self._advance(ours, message, LocalProtocolError)
        return frame

    def drop_batch(self) -> None:
        """Forget that a batch was begun: none of its frames was or will be sent."""
        if self._ours.state is State.BATCH:
            self._ours.enter(State.READY)

    # ---------------------------------------------------------------------- rules

    def _must_wait(self) -> bool:
        """Return whether data must wait for the answer to init or restore."""
        return bool(self._unanswered[Kind.INIT] or self._unanswered[Kind.RESTORE])

    def _advance(
        self, direction: _Direction, message: Any, error_class: type[ProtocolError]
    ) -> None:
        """Check `message`, then move the automaton and the count of unanswered requests."""
        kind = self._check(direction, message, error_class)
        state = direction.allowed[kind]
        if isinstance(message, (InitResponse, RestoreResponse)) and not message.success:
            state = State.FAILED
        if kind in ANSWERED:
            self._unanswered[kind] += 1 if direction is self._requests else -1
        if state is not direction.state:
            direction.enter(state)
        if kind in _STARTING:
            self._responses.hold(self._must_wait())

    def _check(self, direction: _Direction, message: Any, error_class: type[ProtocolError]) -> Kind:
        """Return the kind of `message`; raise if it is out of order."""
        kind = Kind.POINT if isinstance(message, Point) else direction.kinds.get(type(message))
        if kind is None:
            side = "request" if direction is self._requests else "response"
            raise error_class(f"{type(message).__name__} is no {side} of the protocol")
        problem = self._problem(direction, kind, message)
        if problem:
            raise error_class(problem)
        return kind

    def _problem(self, direction: _Direction, kind: Kind, message: Any) -> str | None:
        name, state = kind.name.lower(), direction.state
        if kind not in direction.allowed:
            return _MISPLACED.get((kind, state)) or f"{name} is not allowed in state {state.value}"
        if state is State.READY and kind in _OPENERS and kind not in direction.openers:
            edge = "BATCH" if kind is Kind.POINT else "STREAM"
            what = "a point outside a batch" if kind is Kind.POINT else "a batch"
            return f"{what} on an edge declared {edge}"
        if direction is self._responses:
            if kind in ANSWERED and not self._unanswered[kind]:
                return f"a {name} answer that nobody asked for would answer the next request"
            if kind in _DATA and self._must_wait():
                return f"{name} before init or restore was answered: Kapacitor's start would hang"
        if isinstance(message, BeginBatch) and message.size < 0:
            return f"a batch of size {message.size} brings kapacitord down"
        return None


_OPENERS = frozenset({Kind.POINT, Kind.BEGIN})
_DATA = frozenset({Kind.POINT, Kind.BEGIN, Kind.END})
_STARTING = frozenset({Kind.INIT, Kind.RESTORE})

#: Sentences for the mistakes that people make.
_MISPLACED = {
    (Kind.END, State.READY): "an end without a begin brings kapacitord down",
    (Kind.BEGIN, State.BATCH): "a begin inside an open batch discards the points so far",
    (Kind.POINT, State.START): "a point before init",
    (Kind.BEGIN, State.START): "a batch before init",
    (Kind.INIT, State.READY): "a second init",
    (Kind.RESTORE, State.START): "restore before init",
    (Kind.SNAPSHOT, State.START): "snapshot before init",
}
