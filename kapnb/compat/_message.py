"""Messages that look like those of a generated `udf_pb2` and stay bytes until they are touched.

What all messages share is here: when they are decoded, copied and encoded. The fields of each
are declared in `udf_pb2`, maps and lists live in `_containers`.

A message is its bytes (`_raw`), or a protobuf message (`_message`), or both while they agree.
Reading decodes and keeps the bytes; changing a map appends to them where that is possible,
and any other change lets them go. So a point that is only passed on costs no decoding, and a
copy shares its bytes with the original until one of the two is changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from kapnb.errors import RemoteProtocolError
from kapnb.protocol import Foreseen
from kapnb.protocol._wire import schema

__all__ = ["AnyMessage", "LiveMessage", "Message", "MessageType", "parser"]

_M = TypeVar("_M", bound="AnyMessage")


@functools.cache
def parser(name: str) -> Callable[[bytes], Any]:
    """Return what decodes the message called `name` into protobuf's own."""
    from_string: Callable[[bytes], Any] = getattr(schema(), name).FromString
    return from_string


class MessageType(type):
    """Type of the look-alikes.

    What a generated class has besides — ``DESCRIPTOR``, the field numbers, the classes of map
    entries — is the protobuf class's own, looked up when somebody asks.
    """

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        # The nearest class that is one of ours: a script may derive its own.
        known = next(base.__name__ for base in cls.__mro__ if hasattr(schema(), base.__name__))
        return getattr(getattr(schema(), known), name)


class _Descriptor:
    """protobuf's description of a message, the same for the class and its messages."""

    def __get__(self, message: Any, cls: MessageType) -> Any:
        return cls.__getattr__("DESCRIPTOR")


class AnyMessage(metaclass=MessageType):
    """The methods of protobuf messages, on top of three that subclasses define."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _bytes(self) -> bytes:
        """Return the message encoded."""
        raise NotImplementedError

    def _read(self) -> Any:
        """Return a protobuf message for reading only."""
        raise NotImplementedError

    def _become(self, raw: bytes, message: Any) -> None:
        """Take the place of what was there; `message` is `raw` decoded, or None."""
        raise NotImplementedError

    # ---------------------------------------------------------------- to and from bytes

    def SerializeToString(self, **settings: Any) -> bytes:
        """Return the message encoded; ``deterministic=True`` sorts map entries."""
        if settings:
            data: bytes = self._read().SerializeToString(**settings)
            return data
        return self._bytes()

    def ParseFromString(self, serialized: bytes) -> int:
        """Replace the content; raises protobuf's DecodeError. Returns the size in bytes."""
        raw = bytes(serialized)
        self._become(raw, parser(type(self).__name__)(raw))
        return len(raw)

    def MergeFromString(self, serialized: bytes) -> int:
        """Merge an encoded message into this one."""
        other = type(self)()
        size = other.ParseFromString(serialized)
        self.MergeFrom(other)
        return size

    @classmethod
    def FromString(cls: type[_M], serialized: bytes) -> _M:
        """Return a new message from bytes."""
        message = cls()
        message.ParseFromString(serialized)
        return message

    def ByteSize(self) -> int:
        """Return the size of the encoded message."""
        return len(self._bytes())

    # --------------------------------------------------------------------- copies

    def CopyFrom(self, other: Any) -> None:
        """Replace the content by that of a message of the same kind."""
        if other is not self:
            self._become(self._same_kind(other)._bytes(), None)

    def MergeFrom(self, other: Any) -> None:
        """Merge a message of the same kind into this one."""
        raise NotImplementedError

    def _same_kind(self: _M, other: Any) -> _M:
        """Return `other` as one of us; real protobuf messages are taken, too."""
        cls = type(self)
        if isinstance(other, AnyMessage):
            if isinstance(other, cls):
                return other
        elif getattr(getattr(other, "DESCRIPTOR", None), "name", "") == cls.__name__:
            return cls.FromString(other.SerializeToString())
        raise TypeError(
            f"{cls.__name__} cannot take the content of a {type(other).__name__}; it must be a "
            f"udf_pb2.{cls.__name__}, too"
        )

    def __copy__(self: _M) -> _M:
        copy = type(self)()
        copy.CopyFrom(self)
        return copy

    def __deepcopy__(self: _M, memo: Any) -> _M:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).FromString, (self._bytes(),)

    # -------------------------------------------------------------------- looking

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnyMessage):
            return NotImplemented
        return type(self) is type(other) and bool(self._read() == other._read())

    def __str__(self) -> str:
        return str(self._read())

    __repr__ = __str__

    def ListFields(self) -> list[tuple[Any, Any]]:
        """Return (descriptor, value) of the fields that are set; values are to be read only."""
        return list(self._read().ListFields())

    # An instance's __getattr__ would make every attribute slower, so the rest is spelled out.

    DESCRIPTOR = _Descriptor()

    def SerializePartialToString(self, **settings: Any) -> bytes:
        """Return the message encoded; in proto3 nothing can be missing."""
        return self.SerializeToString(**settings)

    def IsInitialized(self, errors: Any = None) -> bool:
        """Tell whether nothing is missing: in proto3 always."""
        return True

    def FindInitializationErrors(self) -> list[str]:
        """Return what is missing: in proto3 nothing."""
        return []


class Message(AnyMessage):
    """One message with fields; see `udf_pb2`."""

    __slots__ = ("_foreseen", "_late", "_message", "_parent", "_past", "_raw", "_row")

    def __init__(self, **fields: Any) -> None:
        self._raw: bytes | None = b""
        self._message: Any = None  # decoded
        # Or decoded when the bytes were so many: what was appended since is not in it. Nearly
        # always a message goes out next, and nobody reads it any more.
        self._late: tuple[Any, int] | None = None
        # Of the map entries that were appended to the bytes, how they begin; once the message
        # was opened the bytes as they had been, for the order of its maps.
        self._past: tuple[bytes, ...] | bytes | None = None
        self._parent: Any = None  # the envelope this becomes the content of once it is touched
        # What was read of the bytes without decoding them, and where in it; of points only, and
        # as long as it is true.
        self._foreseen: Foreseen | None = None
        self._row: int
        if fields:
            for name, value in fields.items():
                self._fill(name, value)

    def _fill(self, name: str, value: Any) -> None:
        """Set what the constructor was given."""
        if not isinstance(getattr(type(self), name, None), property):
            raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        if value is None:
            return
        current = getattr(self, name)
        if hasattr(current, "MergeFrom"):
            current.MergeFrom(value)
        else:
            setattr(self, name, value)

    # ------------------------------------------------------------ bytes or message

    @classmethod
    def _decode(cls, raw: bytes) -> Any:
        """Decode; the first call puts protobuf's own function in this one's place."""
        # A static method: protobuf's pure-Python half has functions here, which would bind.
        cls._decode = staticmethod(parser(cls.__name__))  # type: ignore[assignment, method-assign]
        return cls._decode(raw)

    def _parse(self) -> Any:
        """Decode the bytes."""
        if self._late is not None:
            (message, size), self._late = self._late, None
            message.MergeFromString(self._raw[size:])  # type: ignore[index]
            self._message = message
            return message
        try:
            self._message = message = self._decode(self._raw)  # type: ignore[arg-type]
        except Exception as error:  # protobuf's DecodeError; its class differs by release
            name = type(self).__name__.lower()
            raise RemoteProtocolError(f"a {name} could not be decoded: {error}") from error
        return message

    def _read(self) -> Any:
        return self._message or self._parse()

    def _open(self) -> Any:
        """Return the protobuf message, to be changed."""
        if self._raw is None:  # it was opened before
            return self._message
        message = self._message or self._parse()
        if not isinstance(self._past, bytes):
            self._past = self._raw
        self._raw = self._foreseen = None
        if self._parent is not None:
            self._join()
        return message

    def _bytes(self) -> bytes:
        raw = self._raw
        if raw is None:
            raw = self._raw = self._message.SerializeToString()
        return raw

    def _become(self, raw: bytes, message: Any) -> None:
        self._raw, self._message = raw, message
        self._past = self._late = self._foreseen = None
        if self._parent is not None:
            self._join()

    def _join(self) -> None:
        """Become the content of the envelope that handed this message out."""
        parent, self._parent = self._parent, None
        parent._adopt(self)

    # ------------------------------------------------------------- protobuf's methods

    def CopyFrom(self, other: Any) -> None:
        """Replace the content by that of a message of the same kind, sharing its bytes."""
        if type(other) is not type(self):
            other = self._same_kind(other)
        if other is self:
            return
        raw = other._raw
        self._raw = other._bytes() if raw is None else raw
        self._message = self._late = self._foreseen = None
        self._past = other._past
        parent = self._parent
        if parent is not None:  # as `_join` does
            self._parent = None
            parent._adopt(self)

    def MergeFrom(self, other: Any) -> None:
        """Merge a message of the same kind into this one."""
        if self._raw == b"":  # a copy then, which keeps the bytes
            self.CopyFrom(other)
        else:
            self._open().MergeFrom(self._same_kind(other)._read())

    def Clear(self) -> None:
        """Empty the message."""
        self._become(b"", None)

    def ClearField(self, field_name: str) -> None:
        """Empty one field."""
        self._open().ClearField(field_name)

    def HasField(self, field_name: str) -> bool:
        """Raise as protobuf does: no field of this message knows whether it is set."""
        return bool(self._read().HasField(field_name))

    def WhichOneof(self, oneof_group: str) -> str | None:
        """Raise as protobuf does: there is no one-of in this message."""
        name: str | None = self._read().WhichOneof(oneof_group)
        return name

    def SetInParent(self) -> None:
        """Make this the content of its Response, even if it is empty."""
        if self._parent is not None:
            self._join()


class LiveMessage(Message):
    """A message of which protobuf's own parts are handed out.

    What is done to those is not seen here, so bytes are never kept beside the decoded message.
    """

    __slots__ = ()

    def _parse(self) -> Any:
        message = super()._parse()
        self._raw = None
        return message

    def _open(self) -> Any:
        message = self._read()
        if self._parent is not None:
            self._join()
        return message

    def _bytes(self) -> bytes:
        raw = self._raw
        data: bytes = self._message.SerializeToString() if raw is None else raw
        return data

    def _become(self, raw: bytes, message: Any) -> None:
        super()._become(raw, message)
        if message is not None:
            self._raw = None
