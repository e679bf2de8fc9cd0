"""Foresight: what a Handler asks of its points, read of many at once.

Most Handlers ask the same of every point: its group, a field or two, its time. To decode each
point for that costs more than all else an agent does. So the points of one list are joined and
decoded together, by a message that knows only what was asked of the points before, as columns.

Nothing is guessed: the columns are used only if each point has exactly one value in every one.
Of the writer it is assumed that it writes a map as protobuf's libraries do: each name once, the
key before the value, numbers as short as they can be. Whatever texts and values it is given to
write, they are not taken for fields.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

from kapnb.protocol._wire import (
    Foreseen,
    WirePoint,
    delimited,
    double_entry,
    message_classes,
    pack_double,
    varint,
    wire_point,
)

__all__ = ["Foresight"]

#: In fewer points the decoding of all together gains nothing.
_FEWEST = 6
#: Bytes of a double.
_VALUE_SIZE = 8
#: Lists after which a Handler that asks for more is watched again; twice as many each time.
_PAUSE, _PAUSE_MAX = 4, 1024

# In protobuf, messages that stand one behind the other are one message. A field that was single
# in each is, if declared as repeated, the list of what all had.
_TIME, _GROUP = 1, 5
#: Fields for the columns of doubles. Their tags have one byte; a point has 11 as a varint only,
#: and the others not at all (see `_strange`).
_DOUBLES = 11, 13, 14, 15
#: More fields than these are found faster by decoding the point.
_NAMES_MAX = len(_DOUBLES)
#: What stands between two points, in every column. By it the columns tell whose value is whose,
#: and that each point is whole. A point that has such a value itself is not read ahead.
_TIME_MARK, _GROUP_MARK, _DOUBLE_MARK = 0x5EED_5EED_5EED_5EED, "\0", -8.98846567431158e307

_Reader: TypeAlias = Callable[[list[bytes]], "Foreseen | None"]


def wire_points(run: list[bytes], foreseen: Foreseen) -> list[WirePoint]:
    """Return the points whose bytes these are, with what was read of them ahead."""
    points = []
    groups: list[Any] = foreseen.groups or [None] * len(run)
    for raw, group, row in zip(run, groups, range(len(run)), strict=True):
        point = WirePoint()  # as `wire_point` does
        point._raw, point._group, point._foreseen, point._row = raw, group, foreseen, row
        point._message = point._fields = point._tags = None
        points.append(point)
    return points


def was_decoded(point: WirePoint) -> bool:
    """Return whether more was asked of a point than had been read."""
    fields: Any = point._fields
    return (
        point._raw is None
        or point._message is not None
        or (fields is not None and fields._message is not None)
    )


class Foresight:
    """Reads ahead for one Handler.

    It watches what is asked of a point, reads that of all in the next lists, and goes on as long
    as nothing else is asked.

    Parameters
    ----------
    points : callable, default: that which makes WirePoints
        ``points(run, foreseen)`` returns those whose bytes are `run`, one for each row.
    decoded : callable
        Tells whether more was asked of one of them than `foreseen` has.

    Examples
    --------
    >>> ahead = Foresight()
    >>> ahead.points([b"", b""])  # too few to gain anything
    [b'', b'']
    """

    def __init__(
        self,
        points: Callable[[list[bytes], Foreseen], list[Any]] = wire_points,
        decoded: Callable[[Any], bool] = was_decoded,
    ) -> None:
        self._points, self._decoded = points, decoded
        self._first: Any = None  # point of the list before
        self._raw = b""  # its bytes
        self._notes = _Notes(), _NotedNames()  # of what was asked of it
        self._read: _Reader | None = None
        self._names: tuple[str, ...] = ()
        self._timed = False
        self._pause, self._left = _PAUSE, 0

    def points(self, run: list[bytes]) -> list[Any]:
        """Return the points of `run`, as they are or as what is made of those read ahead."""
        if len(run) < _FEWEST:
            return run
        if self._left:
            self._left -= 1
            return run
        if self._first is not None and not self._look_back():
            return self._pass(run)
        if self._read is None:
            return self._watch(run)
        foreseen = self._read(run)
        if foreseen is None:
            return self._pass(run)
        points = self._points(run, foreseen)
        self._first = points[0]
        return points

    def _watch(self, run: list[bytes]) -> list[Any]:
        """Have noted what will be asked of the first point."""
        self._notes = _Notes(), _NotedNames()
        self._raw = run[0]
        (self._first,) = self._points(run[:1], Foreseen(*self._notes))
        return [self._first, *run[1:]]

    def _look_back(self) -> bool:
        """Decide, by what was asked of a point, what to read of the next; return whether any."""
        decoded = self._decoded(self._first)
        self._first = None
        names, added = (tuple(notes.asked) for notes in self._notes)
        if self._read is None:
            if not decoded or len(names) > _NAMES_MAX:  # nothing was asked, or much
                return False
            message = wire_point(self._raw).parse()
            doubles = message.fieldsDouble
            if not all(_foreseeable(name, doubles) for name in names) or _strange(message):
                return False
            self._names, self._read = names, _reader(names, added, timed=False)
        elif decoded:
            if self._timed:
                return False
            self._timed = True
            self._read = _reader(self._names, added, timed=True)
        else:
            self._pause = _PAUSE
        return True

    def _pass(self, run: list[bytes]) -> list[bytes]:
        """Read nothing ahead for a while."""
        self._first = self._read = None
        self._timed = False
        self._left, self._pause = self._pause, min(2 * self._pause, _PAUSE_MAX)
        return run


class _Notes(dict[str, list[float]]):
    """No columns, but notes of which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        self.asked[name] = None  # type: ignore[index]
        return False


class _NotedNames(frozenset[str]):
    """No names that are known to be absent, but notes of which were asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        self.asked[name] = None  # type: ignore[index]
        return False


def _foreseeable(name: Any, doubles: Any) -> bool:
    """Return whether a field can be read ahead: a double whose name is not too long."""
    try:
        return isinstance(name, str) and name in doubles and len(double_entry(name)[1]) < 128
    except UnicodeEncodeError:  # nothing in any point is called so
        return False


def _strange(message: Any) -> bool:
    """Return whether a point has fields of a protocol to come, which columns might be taken for."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return bool(message.ByteSize() != size)


@functools.cache
def _parser() -> Callable[[bytes], Any]:
    """Return what decodes joined points; made at the first need."""
    repeated = b"\x20\x03"
    fields = [("time", _TIME, 3), ("group", _GROUP, 9)]
    fields += [(f"double{at}", number, 1) for at, number in enumerate(_DOUBLES)]
    message = delimited(1, b"Run") + b"".join(
        delimited(2, delimited(1, name.encode()) + b"\x18" + varint(number) + repeated + b"\x28"
                  + varint(kind))
        for name, number, kind in fields
    )  # fmt: skip
    file = delimited(1, b"run.proto") + delimited(4, message) + delimited(12, b"proto3")
    parser: Callable[[bytes], Any] = message_classes(file, "run.proto").Run.FromString
    return parser


def _reader(names: tuple[str, ...], added: tuple[str, ...], *, timed: bool) -> _Reader:
    """Return what reads points ahead, or None if they are not all alike.

    Parameters
    ----------
    names : tuple of str
        Fields to be read, all doubles.
    added : tuple of str
        Fields that will be added if they are not there.
    timed : bool
        Whether to read the time.
    """
    parse = _parser()
    keys = [(name, double_entry(name)[0]) for name in added if name not in names]
    blinds = [_blind(name, at) for at, name in enumerate(names)]
    between = delimited(_GROUP, _GROUP_MARK.encode())
    if timed:
        between += varint(_TIME << 3) + varint(_TIME_MARK)
    for at in range(len(names)):
        between += _double_tag(at) + pack_double(_DOUBLE_MARK)

    def read(run: list[bytes]) -> Foreseen | None:
        joined, number = between.join(run), len(run)
        absent = frozenset([name for name, key in keys if joined.rfind(key) < 0])
        for head, blind in blinds:
            # So short a one may stand inside of a value, which would become another.
            if len(head) <= _VALUE_SIZE and joined.count(head) != number:
                return None
            joined = joined.replace(head, blind)
        try:
            message = parse(joined)
        except Exception:  # protobuf's DecodeError: one is broken, and found when its turn comes
            return None
        groups = _column(message.group, _GROUP_MARK, number)
        if groups is None:
            if message.group != [_GROUP_MARK] * (number - 1):
                return None
            groups = [""] * number
        doubles = {}
        for at, name in enumerate(names):
            values = _column(getattr(message, f"double{at}"), _DOUBLE_MARK, number)
            if values is None:
                return None
            doubles[name] = values
        times = None
        if timed and (times := _column(message.time, _TIME_MARK, number)) is None:
            return None
        return Foreseen(doubles, absent, groups, times)

    return read


def _double_tag(at: int) -> bytes:
    """Return what stands before each value of column `at`."""
    return varint(_DOUBLES[at] << 3 | 1)


def _blind(name: str, at: int) -> tuple[bytes, bytes]:
    """Return how entries of a double begin, and what is put over that to make column `at` of them.

    The entry's tag stays, since that byte may be another's last: a length, a time. What follows
    is as long as what was there, so all that is not such an entry keeps its bounds: where the
    bytes occur in a text, no value appears. (In the text of a group they are no UTF-8, and
    refused.) Where they begin in one thing and end in another, the second begins with a byte that
    begins nothing in protobuf: all is refused. Only the last byte, the tag of the column, would
    do; but it is the tag of a value in an entry, and never begins a field of a point.
    """
    head = double_entry(name)[1]
    size = len(head) - 3  # without the two before and the one behind
    return head, head[:1] + varint(size) + b"\0" + b"\xff" * (size - 1) + _double_tag(at)


def _column(values: Any, mark: Any, number: int) -> list[Any] | None:
    """Return the values between the marks if there is one for each of `number` points."""
    found: list[Any] = values[::2]
    if len(found) != number or values[1::2] != [mark] * (number - 1) or mark in found:
        return None
    return found
