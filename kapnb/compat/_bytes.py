"""The few things done on encoded messages themselves: appending map entries, reading their order.

A message that came over the wire stays bytes until somebody asks for more. What is appended
here needs no decoding: in protobuf a map entry may stand anywhere, and the last one counts.
No protobuf library, no facade.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

from kapnb.model import INT_MAX, INT_MIN
from kapnb.protocol._wire import delimited, varint

__all__ = ["ENCODERS", "delimited", "fields", "head", "names_in_order"]

#: Names whose encoded form is remembered; more would mean names made from data.
_NAMES_MAX = 4096
_UINT64 = 0xFFFF_FFFF_FFFF_FFFF
_pack_double = struct.Struct("<d").pack


@functools.lru_cache(maxsize=_NAMES_MAX)
def _key(name: str) -> bytes:
    return delimited(1, name.encode())


def head(kind: type, number: int, name: str) -> bytes:
    """Return what all entries of a name in map field `number` begin with.

    For doubles, which are nearly all there is, that is everything but the eight bytes of value;
    for others it is the tag, but not the length, and the key.
    """
    key = _key(name)
    tag = varint(number << 3 | 2)
    return tag + varint(len(key) + 9) + key + b"\x11" if kind is float else tag + key


def _double(head: bytes, value: float) -> bytes:
    return head + _pack_double(value)


def _int(head: bytes, value: int) -> bytes | None:
    if not INT_MIN <= value <= INT_MAX:
        return None  # protobuf raises the error
    return _entry(head, b"\x10" + varint(value & _UINT64))


def _bool(head: bytes, value: bool) -> bytes:
    return _entry(head, b"\x10\x01" if value else b"\x10\x00")


def _str(head: bytes, value: str) -> bytes:
    return _entry(head, delimited(2, value.encode()))


def _entry(head: bytes, value: bytes) -> bytes:
    key = head[1:]  # the tags of all maps have one byte
    return head[:1] + varint(len(key) + len(value)) + key + value


#: ``f(head, value)`` returns the entry of a name, by the exact type of its value. Other types
#: that protobuf takes are rare, and left to it.
ENCODERS: dict[type, Callable[[bytes, Any], bytes | None]] = {
    float: _double,
    int: _int,
    bool: _bool,
    str: _str,
}


def names_in_order(data: bytes, number: int) -> list[str]:
    """Return the keys of map field `number` in the order in which they stand in `data`.

    Parameters
    ----------
    data : bytes
        An encoded message that protobuf can decode.
    number : int
        The map's field number.
    """
    names: dict[str, None] = {}
    for field, value in fields(data):
        if field == number and isinstance(value, bytes):
            key = b""
            for part, item in fields(value):
                if part == 1 and isinstance(item, bytes):
                    key = item
            names[key.decode()] = None
    return list(names)


def fields(data: bytes) -> list[tuple[int, bytes | None]]:
    """Return number and, where it is delimited by a length, content of each field."""
    found: list[tuple[int, bytes | None]] = []
    position, size = 0, len(data)
    while position < size:
        tag, position = _read_varint(data, position)
        kind = tag & 7
        if kind == 2:
            length, position = _read_varint(data, position)
            found.append((tag >> 3, data[position : position + length]))
            position += length
        elif kind == 0:
            _, position = _read_varint(data, position)
        elif kind in _FIXED:
            position += _FIXED[kind]
        else:  # a group, which proto3 has not: whatever follows keeps no order
            break
    return found


#: Sizes in bytes of what is not delimited, by wire type.
_FIXED = {1: 8, 5: 4}


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = data[position]
    position += 1
    if number < 0x80:
        return number, position
    number &= 0x7F
    shift = 7
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
