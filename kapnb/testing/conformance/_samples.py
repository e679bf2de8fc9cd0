"""Points, batches, options and raw frames that cases send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kapnb.model import Batch, FieldValue, OptionValue, Point, ReceivedOption, ValueType
from kapnb.protocol import split_frames

__all__ = ["NOW", "batch", "body_of", "framed", "option", "point", "with_unknown_fields"]

#: A time of day as Kapacitor sends it, nanoseconds since the Unix epoch.
NOW = 1_500_000_000_000_000_000
#: A field that no release knows: number 1000, three bytes long.
_UNKNOWN = bytes.fromhex("c23e03") + b"abc"
_TYPES = {
    bool: ValueType.BOOL,
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    str: ValueType.STRING,
}


def point(number: int = 0, fields: Mapping[str, FieldValue] | None = None, **more: Any) -> Point:
    """Return a complete point with fields of all four types, grouped by host."""
    every: dict[str, FieldValue] = {
        "value": number + 0.5,
        "count": number,
        "state": "öffen",
        "up": number % 2 == 0,
    }
    return Point(
        every if fields is None else fields,
        **{
            "time": NOW + number,
            "name": "cpu",
            "tags": {"host": "a", "dc": "größe=1, x"},
            "dimensions": ["host"],
            "by_name": False,
            "database": "telegraf",
            "retention_policy": "autogen",
            **more,
        },
    )


def batch(number: int, fields: list[dict[str, Any]], **more: Any) -> Batch:
    """Return a batch of one point for each of `fields`, of group host=a."""
    tags = more.pop("tags", {"host": "a"})
    points = [
        Point(item, time=NOW + number * 1000 + at, tags={**tags, "core": str(at)})
        for at, item in enumerate(fields)
    ]
    tmax = NOW + number * 1000 + 999
    return Batch(points, **{"name": "cpu", "tags": tags, "tmax": tmax, "by_name": False, **more})


def option(name: str, *values: Any, kind: ValueType | None = None) -> ReceivedOption:
    """Return one use of an option; `kind` where a value's own type does not tell."""
    return ReceivedOption(
        name, tuple(OptionValue(kind or _TYPES[type(value)], value) for value in values)
    )


def framed(body: bytes, *, length_bytes: int = 0) -> bytes:
    """Return `body` with its length before it, on at least so many bytes."""
    size, length = len(body), bytearray()
    while size > 0x7F or len(length) + 1 < length_bytes:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + body


def body_of(frame: bytes) -> bytes:
    """Return the body of one frame."""
    (body,) = split_frames(frame)
    return body


def with_unknown_fields(frame: bytes) -> bytes:
    """Return a frame of one message with a field more in the message and one in its envelope."""
    body = body_of(frame)
    tag, rest = (body[:2], body[2:]) if body[0] > 0x7F else (body[:1], body[1:])
    inner = body_of(rest)
    return framed(tag + framed(inner + _UNKNOWN) + _UNKNOWN)
