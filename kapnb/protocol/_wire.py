"""Points and batch messages as protobuf bytes.

With `_codec` the only code that knows protobuf. The message classes come from a private
descriptor pool, so that they live beside the official ``udf_pb2`` and load on any release.
"""

from __future__ import annotations

import functools
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kapnb.errors import RemoteProtocolError
from kapnb.model import Fields, FieldValue, Point, Tags, check_field
from kapnb.protocol._descriptor import DESCRIPTOR

__all__ = [
    "Foreseen",
    "WirePoint",
    "delimited",
    "double_entry",
    "fill_point",
    "message_classes",
    "pack_double",
    "schema",
    "varint",
    "wire_point",
]

#: Field names whose encoded prefix is remembered; more would mean names made from data.
_PREFIXES_MAX = 4096


@functools.cache
def schema() -> SimpleNamespace:
    """Return the message classes by name, built at the first use."""
    return message_classes(DESCRIPTOR, "udf.proto")


def message_classes(descriptor: bytes, name: str) -> SimpleNamespace:
    """Return the message classes by name of a FileDescriptorProto, the file called `name`."""
    try:
        new_pool, class_of = _native_protobuf()
    except (ImportError, AttributeError):  # another implementation, or another release's inside
        from google.protobuf import descriptor_pool, message_factory

        new_pool, class_of = descriptor_pool.DescriptorPool, message_factory.GetMessageClass
    pool = new_pool()
    pool.AddSerializedFile(descriptor)
    file = pool.FindFileByName(name)
    classes = {
        name: class_of(descriptor) for name, descriptor in file.message_types_by_name.items()
    }
    return SimpleNamespace(**classes)


def _native_protobuf() -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Return protobuf's pool and maker of classes, without the Python half it would import.

    That half, which is not used, takes a quarter of the time an old script takes to start.

    Raises
    ------
    ImportError, AttributeError
        If the environment asks for another implementation, or this release keeps these things
        elsewhere.
    """
    if os.environ.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "upb") != "upb":
        raise ImportError("another implementation is wanted")
    from google._upb import _message
    from google.protobuf.message import Message

    new_pool, new_class = _message.DescriptorPool, _message.MessageMeta

    def class_of(descriptor: Any) -> Any:
        for nested in descriptor.nested_types:
            class_of(nested)
        return new_class(
            descriptor.name, (Message,), {"DESCRIPTOR": descriptor, "__module__": __name__}
        )

    return new_pool, class_of


def _parse(raw: bytes) -> Any:
    """Decode a Point; the first call puts protobuf's own function in this one's place."""
    global _parse  # noqa: PLW0603  # it runs for every point
    _parse = schema().Point.FromString
    return _parse(raw)


def _decode(raw: bytes | None) -> Any:
    """Decode the bytes of a point; raise RemoteProtocolError if they are none."""
    try:
        return _parse(raw)  # type: ignore[arg-type]
    except Exception as error:  # protobuf's DecodeError; its class differs by release
        raise _undecodable(error) from error


def varint(number: int) -> bytes:
    """Return `number`, at least 0, as an unsigned varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(number: int, data: bytes) -> bytes:
    """Return `data` as the length-delimited field `number`."""
    return varint(number << 3 | 2) + varint(len(data)) + data


@functools.lru_cache(maxsize=_PREFIXES_MAX)
def _key(name: str) -> bytes:
    """Return a map entry's key as it stands in the bytes of any point that has it."""
    return delimited(1, Fields()._check_name(name).encode())


#: What `double_entry` returned; a plain dict is asked faster than a cached function.
_double_entries: dict[str, tuple[bytes, bytes]] = {}


def double_entry(name: str) -> tuple[bytes, bytes]:
    """Return the key of a fieldsDouble entry, and all of the entry but its value's eight bytes."""
    key = _key(name)
    entry = key, b"\x42" + varint(len(key) + 9) + key + b"\x11"
    if len(_double_entries) < _PREFIXES_MAX:
        _double_entries[name] = entry
    return entry


pack_double = struct.Struct("<d").pack


def _field_entry(name: str, value: FieldValue) -> bytes:
    """Return the map entry that sets one field, ready to be appended to a point's bytes."""
    if type(value) is bool:
        tag, item = b"\x62", b"\x10" + varint(value)
    elif type(value) is int:
        tag, item = b"\x4a", b"\x10" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    else:
        text = str(value).encode()
        tag, item = b"\x52", b"\x12" + varint(len(text)) + text
    key = _key(name)
    return tag + varint(len(key) + len(item)) + key + item


class Foreseen:
    """What was read of many points at once, see `Foresight`; each has a row.

    Attributes
    ----------
    doubles : dict of str to list of float
        Fields, by name.
    absent : frozenset of str
        Names that no field of the points has.
    groups : list of str, or None
        Their groups, if these were read.
    times : list of int, or None
        Their times in nanoseconds, if these were read.
    """

    __slots__ = ("absent", "doubles", "groups", "times")

    def __init__(
        self,
        doubles: dict[str, list[float]],
        absent: frozenset[str],
        groups: list[str] | None = None,
        times: list[int] | None = None,
    ) -> None:
        self.doubles, self.absent = doubles, absent
        self.groups, self.times = groups, times


class _WireFields(Fields):
    """Fields that stay in the protobuf message until somebody iterates."""

    __slots__ = ("_doubles", "_message", "_raw", "_row")

    _raw: bytes
    _message: Any  # what `_raw` holds, or None
    #: As long as nothing is loaded, its map or, where there is a row, columns of many points.
    _doubles: Any
    _row: int | None

    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        #: Made by `WirePoint.fields`; as with the point, the call costs less so.
        __init__ = object.__init__

    def __getitem__(self, name: str) -> FieldValue:
        # Most fields are doubles. `[]` alone would create what is missing; `get` takes longer.
        doubles = self._doubles
        if doubles is not None and name in doubles:
            row = self._row
            return doubles[name] if row is None else doubles[name][row]  # type: ignore[no-any-return]
        return super().__getitem__(name)

    def _parse(self) -> Any:
        self._message = message = _decode(self._raw)
        return message

    def _find(self, name: str) -> FieldValue | None:
        if self._values is not None:
            return self._values.get(name)
        message = self._message or self._parse()
        value: FieldValue | None = None
        for typed in (
            message.fieldsDouble,
            message.fieldsInt,
            message.fieldsString,
            message.fieldsBool,
        ):
            value = typed.get(name)
            if value is not None:
                break
        return value

    def _all(self) -> dict[str, FieldValue]:
        if self._values is None:
            message, values = self._message or self._parse(), dict[str, FieldValue]()
            # A name stands in one map only; if not, `_find` and this agree.
            for typed in (
                message.fieldsBool,
                message.fieldsString,
                message.fieldsInt,
                message.fieldsDouble,
            ):
                if typed:
                    values.update(typed.items())
            self._values = {name: values[name] for name in sorted(values)}
            self._doubles = None
        return self._values


class _WireTags(Tags):
    """Tags that stay in the protobuf message until somebody iterates."""

    __slots__ = ("_message",)

    def __init__(self, message: Any) -> None:
        self._message = message
        self._values = None
        self.changed = False

    def _find(self, name: str) -> str | None:
        values = self._message.tags if self._values is None else self._values
        found: str | None = values.get(name)
        return found

    def _all(self) -> dict[str, str]:
        if self._values is None:
            self._values = dict(sorted(self._message.tags.items()))
        return self._values


class WirePoint(Point):
    """A point that still is the bytes it came in, and decodes what is asked for.

    As long as nothing is set, `raw` is the point: it is passed on as it is. The first setter
    loads everything and lets the bytes go. A field added under a new name is appended to the
    bytes, since a map entry may stand anywhere.
    """

    __slots__ = ("_foreseen", "_message", "_raw", "_row")

    _message: Any
    _raw: bytes | None
    _foreseen: Foreseen | None
    _row: int  # in it

    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        #: Made by `wire_point`: a class without `__init__` is called in half the time.
        __init__ = object.__init__

    @property
    def raw(self) -> bytes | None:
        """The encoded Point, or None once something was set."""
        fields, tags = self._fields, self._tags
        if (fields is not None and fields.changed) or (tags is not None and tags.changed):
            self._detach()
        return self._raw

    def parse(self) -> Any:
        """Decode the bytes; return the protobuf message, which has more than is kept here.

        Raises
        ------
        RemoteProtocolError
            If the bytes are no Point.
        """
        self._message = message = _decode(self._raw)
        return message

    def canonical(self) -> bytes:
        """Return bytes that are equal for equal points; only as long as nothing was set."""
        data: bytes = self.parse().SerializeToString(deterministic=True)
        return data

    def _detach(self) -> None:
        """Take everything out of the bytes and forget them."""
        if self._raw is None:
            return
        message = self._message or self.parse()
        fields, tags = self.fields, self.tags
        self._time = message.time
        self._name = message.name
        self._database = message.database
        self._retention_policy = message.retentionPolicy
        self._dimensions = tuple(message.dimensions)
        self._by_name = message.byName
        self._group = None if tags.changed else message.group
        self._fields, self._tags = fields, tags
        self._raw = self._message = None

    @property
    def time(self) -> int:
        if self._raw is None:
            return super().time
        foreseen = self._foreseen
        if foreseen is not None and foreseen.times is not None:
            return foreseen.times[self._row]
        return (self._message or self.parse()).time  # type: ignore[no-any-return]

    @time.setter
    def time(self, value: int) -> None:
        self._detach()
        Point.time.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        if self._raw is None:
            return super().name
        return (self._message or self.parse()).name  # type: ignore[no-any-return]

    @name.setter
    def name(self, value: str) -> None:
        self._detach()
        Point.name.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def fields(self) -> Fields:
        fields = self._fields
        if fields is None:
            fields = _WireFields()
            foreseen = self._foreseen
            if foreseen is None:
                fields._message = message = self._message or self.parse()
                fields._doubles, fields._row = message.fieldsDouble, None
            else:
                fields._message, fields._doubles = self._message, foreseen.doubles
                fields._raw, fields._row = self._raw, self._row  # type: ignore[assignment]
            fields._values = None
            fields.changed = False
            self._fields = fields
        return fields

    @property
    def tags(self) -> Tags:
        if self._tags is None:
            self._tags = _WireTags(self._message or self.parse())
        return self._tags

    @property
    def dimensions(self) -> tuple[str, ...]:
        if self._raw is None:
            return super().dimensions
        return tuple((self._message or self.parse()).dimensions)

    @dimensions.setter
    def dimensions(self, value: Iterable[str]) -> None:
        self._detach()
        Point.dimensions.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def by_name(self) -> bool:
        if self._raw is None:
            return super().by_name
        return (self._message or self.parse()).byName  # type: ignore[no-any-return]

    @by_name.setter
    def by_name(self, value: bool) -> None:
        self._detach()
        Point.by_name.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def database(self) -> str:
        if self._raw is None:
            return super().database
        return (self._message or self.parse()).database  # type: ignore[no-any-return]

    @database.setter
    def database(self, value: str) -> None:
        self._detach()
        Point.database.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def retention_policy(self) -> str:
        if self._raw is None:
            return super().retention_policy
        return (self._message or self.parse()).retentionPolicy  # type: ignore[no-any-return]

    @retention_policy.setter
    def retention_policy(self, value: str) -> None:
        self._detach()
        Point.retention_policy.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def group(self) -> str:
        if self._raw is None or (self._tags is not None and self._tags.changed):
            self._detach()
            return super().group
        if self._group is not None:
            return self._group
        return (self._message or self.parse()).group  # type: ignore[no-any-return]

    def with_fields(
        self, fields: Mapping[str, FieldValue] | None = None, /, **more: FieldValue
    ) -> Point:
        own_fields, own_tags = self._fields, self._tags  # as in `raw`, without a call
        if (own_fields is None or not own_fields.changed) and (
            own_tags is None or not own_tags.changed
        ):
            raw = self._raw
        else:
            raw = self.raw
        if raw is None:
            return super().with_fields(fields, **more)
        if fields:
            more = {**fields, **more}
        foreseen = self._foreseen
        for name, value in more.items():
            if type(value) is float and value - value == 0.0:  # math.isfinite takes longer
                try:
                    key, entry = _double_entries[name]
                except KeyError:
                    key, entry = double_entry(name)
                entry += pack_double(value)
            else:
                plain = check_field(name, value)
                if type(plain) is float:  # NumPy's, or not finite: what then is policy
                    return super().with_fields(more)
                key, entry = _key(name), _field_entry(name, plain)
            # Perhaps a field of that name is there: then it must be replaced. (From behind it is
            # found missing in half the time: `in` and `find` stop at each byte that ends a key.)
            if (foreseen is None or name not in foreseen.absent) and raw.rfind(key) >= 0:
                return super().with_fields(more)
            raw += entry
        point = WirePoint()  # as `wire_point` does
        point._raw = raw
        point._message = point._fields = point._tags = point._group = point._foreseen = None
        return point

    def copy(self) -> Point:
        raw = self.raw
        return super().copy() if raw is None else wire_point(raw)

    def inherited(self, origin: Point) -> Point:
        """Return itself: what came over the wire is complete."""
        return self

    @property
    def has_time(self) -> bool:
        return True


def _undecodable(error: Exception) -> RemoteProtocolError:
    return RemoteProtocolError(f"a point could not be decoded: {error}")


def wire_point(raw: bytes) -> WirePoint:
    """Return a point that is these bytes."""
    point = WirePoint()
    point._raw = raw
    point._message = point._fields = point._tags = point._group = point._foreseen = None
    return point


def fill_point(message: Any, point: Point, *, bare: bool) -> None:
    """Set the fields of a protobuf Point from a point that has none of its bytes.

    Parameters
    ----------
    message : protobuf Point
        Empty.
    point : Point
        What to write.
    bare : bool
        Write only what travels with the points of a batch: time, group, tags, fields.
    """
    message.time = point.time
    message.group = point.group
    if not bare:
        message.name = point.name
        message.database = point.database
        message.retentionPolicy = point.retention_policy
        message.dimensions.extend(point.dimensions)
        message.byName = point.by_name
    message.tags.update(point.tags)
    for name, value in point.fields.items():
        kind = type(value)
        if kind is float:
            message.fieldsDouble[name] = value
        elif kind is int:
            message.fieldsInt[name] = value
        elif kind is str:
            message.fieldsString[name] = value
        else:
            message.fieldsBool[name] = value
