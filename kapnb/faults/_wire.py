"""A fault of the wire: the order of map entries.

protobuf says nothing about the order in which a map's entries are written, and Go's is random.
What is known here of protobuf is how a field begins; whole entries are moved, none is read.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

from kapnb.faults._fault import Fault
from kapnb.model import Request
from kapnb.protocol import ProtobufCodec, split_frames

__all__ = ["MapOrder", "ShuffledCodec"]

#: Member of Request → numbers of its map fields (proto/udf.proto).
_MAPS = {16: {3}, 17: {7, 8, 9, 10, 12}, 18: {4}}
_LENGTH_DELIMITED = 2
_SIZES = {1: 8, 5: 4}


class MapOrder(Fault):
    """The entries of tags and fields stand in another order on the wire, in each message.

    Two orders are compared with the sorted one. Everything else is the same, bit by bit.
    """

    name = "map order"
    reality = (
        "Kapacitor is written in Go, whose maps are written to the wire in random order. kapnb "
        "lists fields sorted, whatever came; the official API lists them as they came."
    )
    harmless = True


class ShuffledCodec(ProtobufCodec):
    """Writes the map entries of requests in an order of its own.

    The order of one message depends on the seed and its own bytes alone, so any part of a
    session has the same order as in the whole.

    Parameters
    ----------
    seed : int
        Which order.

    Examples
    --------
    >>> point = Point({"a": 1.0, "b": 2.0, "c": 3.0}, time=0, name="m")
    >>> one, two = (ShuffledCodec(seed).encode_request(point, in_batch=False) for seed in (1, 3))
    >>> one == two, sorted(one) == sorted(two)
    (False, True)
    """

    def __init__(self, seed: int) -> None:
        super().__init__(deterministic=True)
        self._seed = seed

    def encode_request(self, message: Request, *, in_batch: bool) -> bytes:
        """See `Codec`."""
        frame = super().encode_request(message, in_batch=in_batch)
        (body,) = split_frames(frame)
        ((key, start, end),) = _entries(body)
        maps = _MAPS.get(key >> 3)
        if maps is None:
            return frame
        _, inner_start = _content(body, start)
        inner = _shuffled(body[inner_start:end], maps, self._seed)
        return frame[: len(frame) - len(inner)] + inner


def _shuffled(data: bytes, maps: set[int], seed: int) -> bytes:
    """Return a message with the entries of each map field in another order."""
    parts = [(key >> 3, data[start:end]) for key, start, end in _entries(data)]
    rng = random.Random(f"{seed}/{zlib.crc32(data)}")  # noqa: S311  # repeatable, not secret
    pools: dict[int, list[bytes]] = {}
    for number, part in parts:
        if number in maps:
            pools.setdefault(number, []).append(part)
    for pool in pools.values():
        rng.shuffle(pool)
    return b"".join(pools[number].pop() if number in maps else part for number, part in parts)


def _entries(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield key, start and end of each field of a message."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(data, at)
            at += size
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            _, at = _varint(data, at)
        yield key, start, at


def _content(data: bytes, start: int) -> tuple[int, int]:
    """Return the size and the first byte of a length-delimited field's content."""
    _, at = _varint(data, start)
    return _varint(data, at)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
