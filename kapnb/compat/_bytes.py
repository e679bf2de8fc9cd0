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
from kapnb.protocol._wire import varint

__all__ = ["APPENDERS", "delimited", "fields", "names_in_order"]

#: Names whose encoded form is remembered; more would mean names made from data.
_NAMES_MAX = 4096
_UINT64 = 0xFFFF_FFFF_FFFF_FFFF
_pack_double = struct.Struct("<d").pack


def delimited(number: int, data: bytes) -> bytes:
    """Return `data` as the length-delimited field `number`."""
    return varint(number << 3 | 2) + varint(len(data)) + data


@functools.lru_cache(maxsize=_NAMES_MAX)
def _key(name: str) -> bytes:
    return delimited(1, name.encode())


@functools.lru_cache(maxsize=_NAMES_MAX)
def _double_head(number: int, name: str) -> bytes:
    """Return everything of a double's entry but its eight bytes of value."""
    key = _key(name)
    return varint(number << 3 | 2) + varint(len(key) + 9) + key + b"\x11"


def _double(data: bytes, number: int, name: str, value: float) -> bytes | None:
    if _key(name) in data:
        return None
    return data + _double_head(number, name) + _pack_double(value)


def _int(data: bytes, number: int, name: str, value: int) -> bytes | None:
    key = _key(name)
    if key in data or not INT_MIN <= value <= INT_MAX:
        return None
    return data + delimited(number, key + b"\x10" + varint(value & _UINT64))


def _bool(data: bytes, number: int, name: str, value: bool) -> bytes | None:
    key = _key(name)
    return None if key in data else data + delimited(number, key + (_TRUE if value else _FALSE))


_TRUE, _FALSE = b"\x10\x01", b"\x10\x00"


def _str(data: bytes, number: int, name: str, value: str) -> bytes | None:
    key = _key(name)
    return None if key in data else data + delimited(number, key + delimited(2, value.encode()))


#: ``f(data, number, name, value)`` returns `data` with one more entry in map field `number`,
#: or None where protobuf must do it: the name may be there already (then appending would let
#: a message that is kept for life grow with every point), or the value is none it takes.
APPENDERS: dict[type, Callable[[bytes, int, str, Any], bytes | None]] = {
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
