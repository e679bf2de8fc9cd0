"""Whole frames in memory: joined, and taken apart again."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["split_frames"]


def split_frames(data: bytes) -> Iterator[bytes]:
    """Yield the bodies of whole frames.

    Raises
    ------
    ValueError
        If `data` ends inside a frame.
    """
    position = 0
    while position < len(data):
        size = shift = 0
        while True:
            if position >= len(data):
                raise ValueError("the data ends inside a frame's length")
            byte = data[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if position + size > len(data):
            raise ValueError("the data ends inside a frame's body")
        yield data[position : position + size]
        position += size
