"""Deflated data, read up to the very byte at which it is damaged. No format of text is known.

`gzip` and `zipfile` give nothing of a block in which they meet an error; here it is inflated
again byte by byte, so that whatever stands before the error is given.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["GZIP", "RAW", "BrokenDataError", "gunzip", "inflate"]

#: What `zlib` calls data in the frame of gzip, with its checksum, and data without a frame.
GZIP, RAW = 31, -15
_CHUNK = 1 << 16


class BrokenDataError(Exception):
    """What is wrong with deflated data, and at which byte of the file."""


def inflate(file: BinaryIO, frame: int) -> Iterator[bytes]:
    """Yield what was deflated; afterwards the file stands behind it.

    Parameters
    ----------
    file : file of bytes
        Read from where it stands.
    frame : {GZIP, RAW}
        What surrounds the data.

    Raises
    ------
    BrokenDataError
        Where the data break off, or their bytes cannot be; all before that was given.
    """
    state = zlib.decompressobj(frame)
    while not state.eof:
        chunk = file.read(_CHUNK)
        if not chunk:
            raise BrokenDataError(f"breaks off at byte {file.tell()}, where the file ends")
        before = state.copy()
        try:
            yield state.decompress(chunk)
        except zlib.error:
            yield from _to_the_byte(before, chunk, file.tell() - len(chunk))
    file.seek(-len(state.unused_data), 1)


def _to_the_byte(state: zlib._Decompress, chunk: bytes, start: int) -> Iterator[bytes]:
    sound = []
    for at, byte in enumerate(chunk, start):
        try:
            sound.append(state.decompress(bytes((byte,))))
        except zlib.error as error:
            yield b"".join(sound)
            # With "incorrect data check" all was inflated, and the checksum behind it differs.
            which = "any value" if "check" in str(error) else "values shortly before it"
            raise BrokenDataError(
                f"is damaged at or before byte {at} ({error}), so {which} may be altered"
            ) from error
    raise AssertionError("what fails as a whole fails at some byte")  # pragma: no cover


def gunzip(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a gzip file, whose members follow one another.

    Raises
    ------
    BrokenDataError
        Where the data break off, or their bytes cannot be.
    """
    while True:
        yield from inflate(file, GZIP)
        # Zeros behind the last member are padding, as tapes and some copies leave them.
        while (byte := file.read(1)) == b"\0":
            continue
        if not byte:
            return
        file.seek(-1, 1)
