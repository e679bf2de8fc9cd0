"""The entries of a zip, also of one whose directory is gone. What is in them is not known here.

A zip has its directory at its end, so one that was cut off has none. But each entry has a head
of its own, and deflated data tell where they end; walking from head to head gives all that is
left.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from kapnb.sources._inflate import RAW, BrokenDataError, inflate

__all__ = ["Entry", "names", "read_entry", "walk"]

#: Signature, version, flags, method, time, date, CRC, two sizes, length of name and of extras.
_HEAD = struct.Struct("<4s5H3I2H")
_LOCAL, _CENTRAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW = 1, 8
#: What zipfile raises for damaged bytes; BadZipFile is not all of it.
_ERRORS = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class Entry(NamedTuple):
    """What is left of one entry, and what is wrong with it, if anything is."""

    name: str
    data: bytes
    broken: str | None


def names(file: BinaryIO) -> dict[str, int] | str:
    """Return the entries' names and where their heads stand, or why there is no directory."""
    size = file.seek(0, 2)
    try:
        with zipfile.ZipFile(file) as archive:
            found = {info.filename: info.header_offset for info in archive.infolist()}
    except _ERRORS as error:
        problem = str(error)
    else:
        if all(0 <= at < size for at in found.values()):
            return found
        problem = "it points out of the file"
    return (
        f"the zip has no sound directory at its end, byte {size} ({problem}): it was cut off or "
        "damaged"
    )


def read_entry(file: BinaryIO, name: str, at: int) -> Entry:
    """Return the entry whose head stands at byte `at`, as far as it can be read."""
    file.seek(at)
    return _entry(file) or Entry(name, b"", f"there is no entry at byte {at} of the zip")


def walk(file: BinaryIO) -> Iterator[Entry]:
    """Yield the entries from the start of the file, up to the first that is damaged."""
    file.seek(0)
    while (entry := _entry(file)) is not None:
        yield entry
        if entry.broken:
            return
        _skip_descriptor(file)


def _entry(file: BinaryIO) -> Entry | None:
    """Return the entry that begins here, or None if none does; the file then stands behind it."""
    start = file.tell()
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(_LOCAL):
        return None
    _, _, flags, method, _, _, crc, size, _, name_length, extra_length = _HEAD.unpack(head)
    name = file.read(name_length).decode(errors="replace")
    file.seek(extra_length, 1)
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        return Entry(name, b"", f"the entry at byte {start} is encrypted or of an unknown method")
    if method == _STORED and flags & _SIZES_FOLLOW:
        return Entry(name, b"", f"the entry at byte {start} does not say how long it is")
    data, broken = _deflated(file) if method == _DEFLATED else _stored(file, size)
    if broken is None:
        if flags & _SIZES_FOLLOW:
            crc = _peek_crc(file)
        if zlib.crc32(data) != crc:
            broken = "the data does not fit its checksum, so any value may be altered"
    return Entry(name, data, broken)


def _stored(file: BinaryIO, size: int) -> tuple[bytes, str | None]:
    data = file.read(size)
    if len(data) == size:
        return data, None
    return data, f"the data breaks off at byte {file.tell()}, where the file ends"


def _deflated(file: BinaryIO) -> tuple[bytes, str | None]:
    data = bytearray()
    try:
        for piece in inflate(file, RAW):
            data += piece
    except BrokenDataError as broken:
        return bytes(data), f"the zipped data {broken}"
    return bytes(data), None


def _peek_crc(file: BinaryIO) -> int:
    """Return the checksum behind the data, with or without its signature."""
    at = file.tell()
    words = file.read(8)
    file.seek(at)
    return int.from_bytes(words[4:] if words.startswith(_DESCRIPTOR) else words[:4], "little")


def _skip_descriptor(file: BinaryIO) -> None:
    """Go to the next head, past a checksum and sizes if there are any."""
    at = file.tell()
    behind = file.read(28)
    # The checksum, and sizes of 32 or 64 bits; the signature in front of it is optional.
    for length in (0, 12, 16, 20, 24):
        if behind[length : length + 4] in (_LOCAL, _CENTRAL):
            file.seek(at + length)
            return
