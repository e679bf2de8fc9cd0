"""The seam behind which protobuf stands: frame bodies ↔ messages.

A faster codec may take this one's place if it passes the same tests. It is handed to a
Connection; nothing else calls it.
"""

from __future__ import annotations

from typing import Any, Protocol

from kapnb.errors import LocalProtocolError, RemoteProtocolError
from kapnb.model import (
    BeginBatch,
    EdgeType,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    Point,
    ReceivedOption,
    Request,
    Response,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
    ValueType,
)
from kapnb.protocol._wire import WirePoint, fill_point, schema, varint, wire_point

__all__ = ["POINT_TAG", "Codec", "ProtobufCodec"]

#: Tag of the one-of member `point`, the same in Request and Response.
POINT_TAG = b"\x8a\x01"
#: No body begins so: it would be longer than itself.
_NO_POINT = POINT_TAG + b"\xff" * 10
#: Headers are remembered by size: most points of a stream are of a few sizes.
_REMEMBERED_MAX = 8192
#: Longest quotation of a text, in characters.
_QUOTE_MAX = 80


class Codec(Protocol):
    """Bodies of frames ↔ messages. Stateless; one may serve many Connections."""

    def decode_request(self, data: bytes, start: int = 0, end: int | None = None) -> Request | None:
        """Return the request whose body is ``data[start:end]``, or None if unknown or empty.

        Raises `RemoteProtocolError` for a body that is not protobuf.
        """
        ...

    def decode_response(
        self, data: bytes, start: int = 0, end: int | None = None
    ) -> Response | None:
        """Return the response whose body is ``data[start:end]``, or None if unknown or empty.

        Raises `RemoteProtocolError` for a body that is not protobuf.
        """
        ...

    def encode_request(self, message: Request, *, in_batch: bool) -> bytes:
        """Return the request's whole frame, length included.

        `in_batch` says that a point lies between begin and end.
        """
        ...

    def encode_response(self, message: Response, *, in_batch: bool) -> bytes:
        """Return the response's whole frame, length included."""
        ...

    def encode_untouched(self, point: WirePoint) -> bytes | None:
        """Return the whole frame of a point that still is its bytes, else None."""
        ...


def _decode_options(message: Any) -> tuple[ReceivedOption, ...]:
    return tuple(
        ReceivedOption(option.name, tuple(_decode_value(value) for value in option.values))
        for option in message.options
    )


def _decode_value(message: Any) -> OptionValue:
    member = message.WhichOneof("value")
    # A type beyond the five is a newer Kapacitor's; the value still tells what it is.
    kind = ValueType(message.type) if message.type in _VALUE_TYPES else ValueType.BOOL
    return OptionValue(kind, getattr(message, member) if member else None)


_VALUE_TYPES = frozenset(kind.value for kind in ValueType)
_VALUE_MEMBER = {
    ValueType.BOOL: "boolValue",
    ValueType.INT: "intValue",
    ValueType.DOUBLE: "doubleValue",
    ValueType.STRING: "stringValue",
    ValueType.DURATION: "durationValue",
}


def _edge(number: int) -> EdgeType:
    try:
        return EdgeType(number)
    except ValueError as error:
        raise RemoteProtocolError(f"{number} is no edge type") from error


def _value_type(number: int) -> ValueType:
    try:
        return ValueType(number)
    except ValueError as error:
        raise RemoteProtocolError(f"{number} is no type of an option's argument") from error


def _decode_info(message: Any) -> InfoResponse:
    options = {
        name: tuple(_value_type(number) for number in message.options[name].valueTypes)
        for name in sorted(message.options)
    }
    return InfoResponse(_edge(message.wants), _edge(message.provides), options)


def _decode_begin(message: Any) -> BeginBatch:
    tags = dict(sorted(message.tags.items()))
    return BeginBatch(message.name, message.group, tags, message.size, message.byName)


def _decode_end(message: Any) -> EndBatch:
    tags = dict(sorted(message.tags.items()))
    return EndBatch(message.name, message.group, message.tmax, tags, message.byName)


def _decode_point(message: Any) -> Point:
    return wire_point(message.SerializeToString())


_DECODE_REQUEST = {
    "info": lambda m: InfoRequest(),
    "init": lambda m: InitRequest(_decode_options(m), m.taskID, m.nodeID),
    "keepalive": lambda m: KeepaliveRequest(m.time),
    "snapshot": lambda m: SnapshotRequest(),
    "restore": lambda m: RestoreRequest(m.snapshot),
    "begin": _decode_begin,
    "point": _decode_point,
    "end": _decode_end,
}

_DECODE_RESPONSE = {
    "info": _decode_info,
    "init": lambda m: InitResponse(m.success, m.error),
    "keepalive": lambda m: KeepaliveResponse(m.time),
    "snapshot": lambda m: SnapshotResponse(m.snapshot),
    "restore": lambda m: RestoreResponse(m.success, m.error),
    "error": lambda m: ErrorResponse(m.error),
    "begin": _decode_begin,
    "point": _decode_point,
    "end": _decode_end,
}


def _encode_init(envelope: Any, message: InitRequest) -> None:
    envelope.init.taskID = message.task_id
    envelope.init.nodeID = message.node_id
    for option in message.options:
        target = envelope.init.options.add(name=option.name)
        for value in option.values:
            item = target.values.add(type=value.type.value)
            if value.value is not None:
                setattr(item, _VALUE_MEMBER[value.type], value.value)
    envelope.init.SetInParent()


def _encode_info(envelope: Any, message: InfoResponse) -> None:
    envelope.info.wants = message.wants.value
    envelope.info.provides = message.provides.value
    for name, types in message.options.items():
        envelope.info.options[name].valueTypes.extend(kind.value for kind in types)
    envelope.info.SetInParent()


def _encode_answer(member: str) -> Any:
    """Return an encoder for the two answers of the form success, error."""

    def encode(envelope: Any, message: InitResponse | RestoreResponse) -> None:
        target = getattr(envelope, member)
        target.success, target.error = message.success, message.error
        target.SetInParent()

    return encode


def _encode_attribute(member: str, name: str) -> Any:
    """Return an encoder for a message that has the one attribute `name`."""

    def encode(envelope: Any, message: Any) -> None:
        target = getattr(envelope, member)
        setattr(target, name, getattr(message, name))
        target.SetInParent()

    return encode


def _encode_empty(member: str) -> Any:
    """Return an encoder for a message without content."""

    def encode(envelope: Any, message: Any) -> None:
        getattr(envelope, member).SetInParent()

    return encode


def _encode_begin(envelope: Any, message: BeginBatch) -> None:
    begin = envelope.begin
    begin.name, begin.group = message.name, message.group
    begin.size, begin.byName = message.size, message.by_name
    begin.tags.update(message.tags)
    begin.SetInParent()


def _encode_end(envelope: Any, message: EndBatch) -> None:
    end = envelope.end
    end.name, end.group = message.name, message.group
    end.tmax, end.byName = message.tmax, message.by_name
    end.tags.update(message.tags)
    end.SetInParent()


_ENCODE = {
    InfoRequest: _encode_empty("info"),
    InfoResponse: _encode_info,
    InitRequest: _encode_init,
    InitResponse: _encode_answer("init"),
    KeepaliveRequest: _encode_attribute("keepalive", "time"),
    KeepaliveResponse: _encode_attribute("keepalive", "time"),
    SnapshotRequest: _encode_empty("snapshot"),
    SnapshotResponse: _encode_attribute("snapshot", "snapshot"),
    RestoreRequest: _encode_attribute("restore", "snapshot"),
    RestoreResponse: _encode_answer("restore"),
    ErrorResponse: _encode_attribute("error", "error"),
    BeginBatch: _encode_begin,
    EndBatch: _encode_end,
}


class ProtobufCodec:
    """The codec on Google's protobuf.

    Parameters
    ----------
    deterministic : bool, default: False
        Write map entries in sorted order. Otherwise their order differs from process to
        process, which is right for production (it costs half a microsecond a point less) and
        wrong wherever bytes are compared or kept.

    Attributes
    ----------
    headers : dict of int to bytes
        Size of a point → what stands before it in its frame.
    sizes : dict of bytes to int
        The reverse, of points that have come.
    """

    def __init__(self, *, deterministic: bool = False) -> None:
        self._deterministic = deterministic
        self.headers: dict[int, bytes] = {}
        self.sizes: dict[bytes, int] = {}
        self._prefixes: dict[int, bytes] = {}  # of a body → how it begins if it is one point

    def decode_request(self, data: bytes, start: int = 0, end: int | None = None) -> Request | None:
        """See `Codec`."""
        # The usual frame holds one point and nothing else: keep its bytes, parse on demand.
        end = len(data) if end is None else end
        prefix = self._prefixes.get(end - start) or self._prefix(end - start)
        if data.startswith(prefix, start, end):
            point = data[start + len(prefix) : end]
            if len(self.sizes) < _REMEMBERED_MAX:
                self.sizes[self._header(len(point))] = len(point)
            return wire_point(point)
        request: Request | None = self._decode(schema().Request, _DECODE_REQUEST, data[start:end])
        return request

    def decode_response(
        self, data: bytes, start: int = 0, end: int | None = None
    ) -> Response | None:
        """See `Codec`."""
        end = len(data) if end is None else end
        prefix = self._prefixes.get(end - start) or self._prefix(end - start)
        if data.startswith(prefix, start, end):
            point = wire_point(data[start + len(prefix) : end])
            point.parse()  # what a UDF sends is not trusted
            return point
        response: Response | None = self._decode(
            schema().Response, _DECODE_RESPONSE, data[start:end]
        )
        return response

    def encode_request(self, message: Request, *, in_batch: bool) -> bytes:
        """See `Codec`."""
        return self._encode(schema().Request, message, in_batch)

    def encode_response(self, message: Response, *, in_batch: bool) -> bytes:
        """See `Codec`."""
        if type(message) is WirePoint:
            frame = self.encode_untouched(message)
            if frame is not None:
                return frame
        return self._encode(schema().Response, message, in_batch)

    def encode_untouched(self, point: WirePoint) -> bytes | None:
        """See `Codec`."""
        fields, tags = point._fields, point._tags  # as `WirePoint.raw`, without a call
        if (fields is None or not fields.changed) and (tags is None or not tags.changed):
            raw = point._raw
        else:
            raw = point.raw
        if raw is None:
            return None
        size = len(raw)
        return (self.headers.get(size) or self._header(size)) + raw

    def _decode(self, envelope_class: Any, decoders: Any, body: bytes) -> Any:
        try:
            envelope = envelope_class.FromString(body)
        except Exception as error:  # protobuf's DecodeError; its class differs by release
            raise RemoteProtocolError(f"the frame's body is not protobuf: {error}") from error
        member = envelope.WhichOneof("message")
        return decoders[member](getattr(envelope, member)) if member else None

    def _encode(self, envelope_class: Any, message: Any, in_batch: bool) -> bytes:
        try:
            if isinstance(message, Point):
                inner = schema().Point()
                fill_point(inner, message, bare=in_batch)
                raw = inner.SerializeToString(deterministic=self._deterministic)
                return self._header(len(raw)) + raw  # type: ignore[no-any-return]
            envelope = envelope_class()
            _ENCODE[type(message)](envelope, message)
            body: bytes = envelope.SerializeToString(deterministic=self._deterministic)
        except (AttributeError, TypeError, ValueError) as error:  # also lone surrogates
            name = "Point" if isinstance(message, Point) else type(message).__name__
            why = _no_text(error) if isinstance(error, UnicodeEncodeError) else error
            raise LocalProtocolError(f"a {name} cannot be put on the wire: {why}") from error
        return varint(len(body)) + body

    def _prefix(self, size: int) -> bytes:
        """Return how a body of `size` bytes begins that is one point."""
        for digits in range(1, 6):
            length = varint(max(size - len(POINT_TAG) - digits, 0))
            if len(length) == digits:
                prefix = POINT_TAG + length
                break
        else:  # 131 bytes, say: a point is 130 with a length of one byte, 132 with one of two
            prefix = _NO_POINT
        if len(self._prefixes) < _REMEMBERED_MAX:
            self._prefixes[size] = prefix
        return prefix

    def _header(self, size: int) -> bytes:
        """Return what stands before a point of `size` bytes in its frame."""
        inner = POINT_TAG + varint(size)
        header = varint(len(inner) + size) + inner
        if len(self.headers) < _REMEMBERED_MAX:
            self.headers[size] = header
        return header


def _no_text(error: UnicodeEncodeError) -> str:
    """Say which text holds what no UTF-8 can: half of a pair, from bytes that were no text."""
    text, half = error.object, error.object[error.start]
    shown = text if len(text) <= _QUOTE_MAX else f"{text[:_QUOTE_MAX]}…"
    return f"the text {shown!r} holds {half!r}, which is no character; decode with errors='replace'"
