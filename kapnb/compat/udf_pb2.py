"""A look-alike of the official `kapacitor.udf.udf_pb2`, for scripts that were written for it.

Here stand the messages, field by field; how they behave is in `_message`, `_containers` and
`_envelope`. Option, OptionValue and OptionInfo, which no handler touches often, are protobuf's
own classes.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar

from kapnb.compat._containers import MessageMap, Repeated
from kapnb.compat._envelope import Envelope, member
from kapnb.compat._message import LiveMessage, Message
from kapnb.compat._scalars import ScalarMap
from kapnb.model import EdgeType as _Edge
from kapnb.model import ValueType as _Value
from kapnb.protocol._wire import schema

#: A kind of edge, by its number on the wire.
STREAM, BATCH = 0, 1
#: A type of option values, by its number on the wire.
BOOL, INT, DOUBLE, STRING, DURATION = range(5)


class _Enum:
    """What a generated enum offers besides its numbers."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers = numbers

    def Name(self, number: int) -> str:
        """Return the name of a number."""
        for name, known in self._numbers.items():
            if known == number:
                return name
        raise ValueError(f"no name for {number!r}; there are {self._numbers}")

    def Value(self, name: str) -> int:
        """Return the number of a name."""
        if name not in self._numbers:
            raise ValueError(f"no number for {name!r}; there are {self._numbers}")
        return self._numbers[name]

    def keys(self) -> list[str]:
        """Return the names."""
        return list(self._numbers)

    def values(self) -> list[int]:
        """Return the numbers."""
        return list(self._numbers.values())

    def items(self) -> list[tuple[str, int]]:
        """Return names and numbers."""
        return list(self._numbers.items())

    def __getattr__(self, name: str) -> int:
        if name.startswith("_") or name not in self._numbers:
            raise AttributeError(name)
        return self._numbers[name]


#: The kinds of edges: `Name`, `Value`, `keys` and so on, as protobuf has them.
EdgeType = _Enum({edge.name: edge.value for edge in _Edge})
#: The types of option values, in the same way.
ValueType = _Enum({value.name: value.value for value in _Value})


# ------------------------------------------------------------------- kinds of fields


def _scalar(name: str, kind: str = "") -> Any:
    """Return the property of a plain value; `kind` says in an error what it must be."""
    read: Callable[[Any], Any] = attrgetter(name)

    def get(self: Message) -> Any:
        return read(self._message or self._parse())

    def assign(self: Message, value: Any) -> None:
        message = self._open()
        try:
            setattr(message, name, value)
        except TypeError as error:
            where = f"{type(self).__name__}.{name}"
            hint = f"; it must be {kind}" if kind else ""
            raise TypeError(
                f"{where} cannot be {value!r} ({type(value).__name__}): {error}{hint}"
            ) from error

    return property(get, assign)


def _foreseen(name: str, column: str) -> Any:
    """Return the property of a plain value that may have been read ahead."""
    plain = _scalar(name)
    read: Callable[[Any], Any] = attrgetter(name)
    read_column: Callable[[Any], Any] = attrgetter(column)

    def get(self: Message) -> Any:
        foreseen = self._foreseen
        if foreseen is not None and (values := read_column(foreseen)) is not None:
            return values[self._row]
        return read(self._message or self._parse())

    return property(get, plain.fset)


def _map(cls: type[Any]) -> Any:
    def get(self: Message) -> Any:
        found = cls()
        found._owner = self
        return found

    return property(get, _refuse(cls._name, "change it in place"))


def _repeated(name: str) -> Any:
    return property(lambda self: Repeated(self, name), _refuse(name, "use .extend(…)"))


def _refuse(name: str, remedy: str) -> Callable[[Any, Any], None]:
    def assign(self: Any, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be assigned; {remedy}")

    return assign


_BYTES = "bytes: write b'…', or text.encode()"


# ------------------------------------------------------------------------- messages


class InfoRequest(Message):
    """Kapacitor asks what the UDF wants, provides and takes."""

    __slots__ = ()


class InfoResponse(LiveMessage):
    """What the UDF wants, provides and takes."""

    __slots__ = ()

    wants = _scalar("wants")
    provides = _scalar("provides")
    options = _map(MessageMap.of("options", 3))


class InitRequest(LiveMessage):
    """A task starts, with these options."""

    __slots__ = ()

    options = _repeated("options")
    taskID = _scalar("taskID")
    nodeID = _scalar("nodeID")


class InitResponse(Message):
    """Whether the UDF could start, and if not, why."""

    __slots__ = ()

    success = _scalar("success")
    error = _scalar("error")


class SnapshotRequest(Message):
    """Kapacitor asks for the state."""

    __slots__ = ()


class SnapshotResponse(Message):
    """The state, as bytes."""

    __slots__ = ()

    snapshot = _scalar("snapshot", _BYTES)


class RestoreRequest(Message):
    """Kapacitor gives a state back."""

    __slots__ = ()

    snapshot = _scalar("snapshot", _BYTES)


class RestoreResponse(Message):
    """Whether the state could be used, and if not, why."""

    __slots__ = ()

    success = _scalar("success")
    error = _scalar("error")


class KeepaliveRequest(Message):
    """A sign of life is due."""

    __slots__ = ()

    time = _scalar("time")


class KeepaliveResponse(Message):
    """The sign of life."""

    __slots__ = ()

    time = _scalar("time")


class ErrorResponse(Message):
    """The UDF has failed."""

    __slots__ = ()

    error = _scalar("error")


class BeginBatch(Message):
    """A batch opens."""

    __slots__ = ()

    name = _scalar("name")
    group = _scalar("group")
    tags = _map(ScalarMap.of("tags", 3, zero=""))
    size = _scalar("size")
    byName = _scalar("byName")


class Point(Message):
    """One timed sample."""

    __slots__ = ()

    time = _foreseen("time", "times")
    name = _scalar("name")
    database = _scalar("database")
    retentionPolicy = _scalar("retentionPolicy")
    group = _foreseen("group", "groups")
    dimensions = _repeated("dimensions")
    tags = _map(ScalarMap.of("tags", 7, zero=""))
    fieldsDouble = _map(ScalarMap.of("fieldsDouble", 8, zero=0.0))
    fieldsInt = _map(ScalarMap.of("fieldsInt", 9, zero=0))
    fieldsString = _map(ScalarMap.of("fieldsString", 10, zero=""))
    byName = _scalar("byName")
    fieldsBool = _map(ScalarMap.of("fieldsBool", 12, zero=False))


class EndBatch(Message):
    """The open batch is complete."""

    __slots__ = ()

    name = _scalar("name")
    group = _scalar("group")
    tmax = _scalar("tmax")
    tags = _map(ScalarMap.of("tags", 4, zero=""))
    byName = _scalar("byName")


_NUMBERS = {
    "info": 1,
    "init": 2,
    "keepalive": 3,
    "snapshot": 4,
    "restore": 5,
    "error": 6,
    "begin": 16,
    "point": 17,
    "end": 18,
}


class Request(Envelope):
    """What Kapacitor sends."""

    __slots__ = ()
    _numbers = _NUMBERS
    _names: ClassVar[dict[type[Message], str]] = {
        InfoRequest: "info",
        InitRequest: "init",
        KeepaliveRequest: "keepalive",
        SnapshotRequest: "snapshot",
        RestoreRequest: "restore",
        BeginBatch: "begin",
        Point: "point",
        EndBatch: "end",
    }

    info = member(InfoRequest)
    init = member(InitRequest)
    keepalive = member(KeepaliveRequest)
    snapshot = member(SnapshotRequest)
    restore = member(RestoreRequest)
    begin = member(BeginBatch)
    point = member(Point)
    end = member(EndBatch)


class Response(Envelope):
    """What a UDF sends."""

    __slots__ = ()
    _numbers = _NUMBERS
    _names: ClassVar[dict[type[Message], str]] = {
        InfoResponse: "info",
        InitResponse: "init",
        KeepaliveResponse: "keepalive",
        SnapshotResponse: "snapshot",
        RestoreResponse: "restore",
        ErrorResponse: "error",
        BeginBatch: "begin",
        Point: "point",
        EndBatch: "end",
    }

    info = member(InfoResponse)
    init = member(InitResponse)
    keepalive = member(KeepaliveResponse)
    snapshot = member(SnapshotResponse)
    restore = member(RestoreResponse)
    error = member(ErrorResponse)
    begin = member(BeginBatch)
    point = member(Point)
    end = member(EndBatch)


def __getattr__(name: str) -> Any:
    if name in ("Option", "OptionInfo", "OptionValue"):
        return getattr(schema(), name)
    if name == "DESCRIPTOR":
        return schema().Point.DESCRIPTOR.file
    raise AttributeError(f"module 'kapacitor.udf.udf_pb2' has no attribute {name!r}")


__all__ = [
    "BATCH",
    "BOOL",
    "DOUBLE",
    "DURATION",
    "INT",
    "STREAM",
    "STRING",
    "BeginBatch",
    "EdgeType",
    "EndBatch",
    "ErrorResponse",
    "InfoRequest",
    "InfoResponse",
    "InitRequest",
    "InitResponse",
    "KeepaliveRequest",
    "KeepaliveResponse",
    "Point",
    "Request",
    "Response",
    "RestoreRequest",
    "RestoreResponse",
    "SnapshotRequest",
    "SnapshotResponse",
    "ValueType",
]
