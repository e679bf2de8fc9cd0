"""Where the values stand in encoded points, so that many alike are read as one array.

A simulation's points are a few layouts: as long as names, types and the lengths of numbers and
text agree, each value stands at the same bytes. A neighbour of `_wire`; no agent loads it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple

from kapnb.model import FieldValue

__all__ = ["MAPS", "TAGS", "Layout", "read_layout"]

#: The maps of a Point by their field's number; what one position in `MAPS` means.
MAPS = {7: 0, 8: 1, 9: 2, 10: 3, 12: 4}
TAGS, DOUBLES, INTS, TEXTS, BOOLS = range(5)
#: How an entry's value begins in each map.
_VALUE_TAGS = (0x12, 0x11, 0x10, 0x12, 0x10)
_TIME, _BY_NAME = 0x08, 0x58
#: Name, database, retention policy, group, dimensions: in no column.
_PASSED = {0x12, 0x1A, 0x22, 0x2A, 0x32}
_GROUP = 0x2A
#: What must agree: all of a byte, only whether a number goes on, nothing.
_FIXED, _NUMBER, _FREE = 0xFF, 0x80, 0x00


class _Value(NamedTuple):
    """A value's place: in which map, under which name, from which byte to which."""

    kind: int
    name: str
    start: int
    stop: int


class _Irregular(Exception):
    """A point that is written in some other way; it is decoded by protobuf."""


class Layout:
    """The places of the values of one point, and of all that are laid out like it."""

    def __init__(self, raw: bytes) -> None:
        self.time: tuple[int, int] | None = None
        self.group: tuple[int, int] | None = None
        self.values: list[_Value] = []
        self._raw = raw
        self._mask = bytearray(b"\xff" * len(raw))
        position = 0
        while position < len(raw):
            position = self._read_field(raw, position)
        if len({value[:2] for value in self.values}) < len(self.values):
            raise _Irregular

    def _read_field(self, raw: bytes, start: int) -> int:
        """Read one field of the Point; return where the next one begins."""
        tag = raw[start]
        if tag in (_TIME, _BY_NAME):
            stop = self._number(start + 1)
            if tag == _TIME:
                if self.time is not None:
                    raise _Irregular
                self.time = start + 1, stop
            return stop
        size, content = self._size(start + 1)
        stop = content + size
        if tag in _PASSED:
            self._free(content, stop)
            if tag == _GROUP:
                self.group = content, stop
        elif tag & 7 == 2 and tag >> 3 in MAPS:
            self._read_entry(MAPS[tag >> 3], raw, content, stop)
        else:
            raise _Irregular
        return stop

    def _read_entry(self, kind: int, raw: bytes, start: int, stop: int) -> None:
        """Read one entry of a map: its key, and where its value stands."""
        if raw[start] != 0x0A:
            raise _Irregular
        size, content = self._size(start + 1)
        key = content + size
        name = raw[content:key].decode()
        if raw[key] != _VALUE_TAGS[kind]:
            raise _Irregular
        value = key + 1
        if kind in (TAGS, TEXTS):
            size, value = self._size(value)
            end = value + size
            self._free(value, end)
        elif kind == DOUBLES:
            end = value + 8
            self._free(value, end)
        else:
            end = self._number(value)
            if kind == BOOLS and end != value + 1:
                raise _Irregular
        if end != stop:
            raise _Irregular
        self.values.append(_Value(kind, name, value, end))

    def _size(self, start: int) -> tuple[int, int]:
        """Return the length that stands at `start`, and where what it measures begins."""
        size = shift = 0
        for position in range(start, start + 4):
            byte = self._raw[position]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if position + 1 + size > len(self._raw):
                    raise _Irregular
                return size, position + 1
        raise _Irregular

    def _number(self, start: int) -> int:
        """Let a varint differ in all but its length; return its end."""
        for position in range(start, start + 10):
            self._mask[position] = _NUMBER
            if self._raw[position] < 0x80:
                return position + 1
        raise _Irregular

    def _free(self, start: int, stop: int) -> None:
        self._mask[start:stop] = bytes(stop - start)

    # ------------------------------------------------------------------ many points

    def matches(self, rows: Any) -> Any:
        """Return which rows of an array of bytes are laid out so."""
        import numpy as np

        mask = np.frombuffer(bytes(self._mask), np.uint8)
        like = np.frombuffer(self._raw, np.uint8)
        return ~((rows ^ like) & mask).any(axis=1)

    def times(self, rows: Any) -> list[int]:
        """Return the times of rows that match."""
        if self.time is None:
            return [0] * len(rows)
        times: list[int] = _numbers(rows, *self.time).tolist()
        return times

    def groups(self, rows: Any) -> tuple[list[str], list[int]]:
        """Return the different ids of the groups of rows that match, and which each row has.

        Raises
        ------
        UnicodeDecodeError
            If one is no text.
        """
        start, stop = self.group or (0, 0)
        if start == stop:
            return [""], [0] * len(rows)
        encoded = rows[:, start:stop].copy().view(f"V{stop - start}").ravel().tolist()
        numbers: dict[bytes, int] = {}
        chosen = [numbers.setdefault(group, len(numbers)) for group in encoded]
        return [group.decode() for group in numbers], chosen

    def numbers(self, rows: Any, names: Container[str]) -> Iterator[tuple[str, Any]]:
        """Yield name and values, as an array, of those of some fields that are numbers."""
        seen: set[str] = set()
        for kind, name, start, stop in sorted(self.values, key=lambda value: value.kind):
            if kind == TAGS or name not in names or name in seen:
                continue
            seen.add(name)  # in another map, too: the first one counts, as for a point's fields
            if kind == DOUBLES:
                yield name, rows[:, start:stop].copy().view("<f8").ravel()
            elif kind == INTS:
                yield name, _numbers(rows, start, stop)
            elif kind == BOOLS:
                yield name, rows[:, start] != 0

    def columns(self, rows: Any) -> Iterator[tuple[int, str, Sequence[FieldValue]]]:
        """Yield map, name and values of rows that match.

        Raises
        ------
        UnicodeDecodeError
            If a text is none.
        """
        for kind, name, start, stop in self.values:
            if kind == DOUBLES:
                part = rows[:, start:stop].copy()
                yield kind, name, part.view("<f8").ravel().tolist()
            elif kind == INTS:
                yield kind, name, _numbers(rows, start, stop).tolist()
            elif kind == BOOLS:
                yield kind, name, (rows[:, start] != 0).tolist()
            else:
                yield kind, name, _texts(rows, start, stop)


def _numbers(rows: Any, start: int, stop: int) -> Any:
    """Return the varints at these bytes as int64."""
    import numpy as np

    numbers = np.zeros(len(rows), np.uint64)
    for position in range(start, stop):
        bits = (rows[:, position] & 0x7F).astype(np.uint64)
        numbers |= bits << np.uint64(7 * (position - start))
    return numbers.view(np.int64)


def _texts(rows: Any, start: int, stop: int) -> list[str]:
    """Return the text at these bytes; what is equal is decoded once."""
    if start == stop:
        return [""] * len(rows)
    encoded = rows[:, start:stop].copy().view(f"V{stop - start}").ravel().tolist()
    known = {text: text.decode() for text in set(encoded)}
    return [known[text] for text in encoded]


def read_layout(raw: bytes) -> Layout | None:
    """Return the layout of an encoded point; None if protobuf must see to it."""
    try:
        return Layout(raw)
    except (_Irregular, IndexError, UnicodeDecodeError):
        return None
