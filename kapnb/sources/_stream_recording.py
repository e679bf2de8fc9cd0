"""Stream recordings, ``.srpl``: what ``kapacitor record stream`` wrote.

Read as Kapacitor's own replay reads them (replay.go), except that damage is reported at its
place instead of ending the data quietly. How they are written is `_write`'s affair.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import BinaryIO, NamedTuple

from kapnb.errors import SourceError
from kapnb.model import STREAM, EdgeType, Point
from kapnb.sources._damage import AGAIN, Damage, Damaged, check_damaged, kept
from kapnb.sources._files import StrPath, decode, open_file
from kapnb.sources._inflate import BrokenDataError, gunzip
from kapnb.sources._lines import unit_of
from kapnb.sources._scan import LineError, UnclosedStringError, scan_point

__all__ = ["StreamRecording"]


@dataclass(frozen=True)
class StreamRecording:
    """The points of a stream recording (``.srpl``).

    A recording is text, mostly gzipped: for every point three lines, which are database,
    retention policy, line protocol. Grouping is not recorded; it comes from the TICKscript.

    Parameters
    ----------
    path : str or path
        The file; whether it is gzipped is found out.
    precision : {"ns", "us", "ms", "s"}
        Unit of the timestamps. ``kapacitor record`` writes ns; the recordings among
        Kapacitor's own tests have s.
    damaged : {"keep", "raise"}
        What becomes of a recording whose end is damaged: the points before the damage and a
        `DamageWarning`, or the points before it and then a `SourceError`. A bad line with
        others behind it is always an error.

    Examples
    --------
    >>> import tempfile
    >>> from kapnb.sources import write_recording
    >>> folder = tempfile.TemporaryDirectory()
    >>> points = [Point({"n": n}, time=n, name="cpu", tags={"host": "ab"[n % 2]}) for n in range(4)]
    >>> write_recording(points, f"{folder.name}/cpu.srpl", database="telegraf")
    4
    >>> first, *others = StreamRecording(f"{folder.name}/cpu.srpl")
    >>> first, len(others)
    (Point(cpu host=a 1970-01-01T00:00:00Z n=0), 3)
    >>> folder.cleanup()
    """

    path: StrPath
    _: KW_ONLY
    precision: str = "ns"
    damaged: Damaged = "keep"

    def __post_init__(self) -> None:
        unit_of(self.precision)
        check_damaged(self.damaged)

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Read the file from its start."""
        return kept(self._read(), self.damaged, "points")

    def _read(self) -> Iterator[Point]:
        unit = unit_of(self.precision)
        where = os.fspath(self.path)
        with open_file(self.path) as file:
            lines = _lines(file, where)
            for database in lines:
                try:
                    point = _read_point(database, lines, unit, where)
                except Damage:
                    raise
                except SourceError as bad:
                    _look_behind(bad, lines)
                    raise
                yield point


class _Line(NamedTuple):
    number: int
    offset: int
    data: bytes

    def text(self, where: str) -> str:
        try:
            return self.data.decode()
        except UnicodeDecodeError:  # once more, now that its place is worth the making
            return decode(self.data, f"{where}, line {self.number}")


def _lines(file: BinaryIO, where: str) -> Iterator[_Line]:
    """Yield the lines of the text, unzipped where need be."""
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    number, offset, rest = 1, 0, b""
    chunks: Iterable[bytes] = gunzip(file) if zipped else _chunks(file)
    try:
        for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for data in whole:
                # Go's scanner, which Kapacitor reads with, takes \r\n for a line end too.
                yield _Line(number, offset, data.removesuffix(b"\r"))
                number, offset = number + 1, offset + len(data) + 1
    except BrokenDataError as broken:
        raise Damage(f"the gzip data {broken}; {AGAIN}", f"{where}, line {number}") from None
    if rest:
        raise Damage(
            f"the text breaks off at byte {offset + len(rest)}, within a line, so its time may be "
            f"cut short; {AGAIN}, or end the last line if it is whole",
            f"{where}, line {number}",
        )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(1 << 16):
        yield chunk


def _read_point(database: _Line, lines: Iterator[_Line], unit: int, where: str) -> Point:
    policy = next(lines, None)
    line = None if policy is None else next(lines, None)
    if policy is None or line is None:
        last = policy or database
        raise Damage(
            f"the recording ends after byte {last.offset + len(last.data) + 1} of its text, "
            "within a point, which is three lines: database, retention policy, line protocol; "
            f"{AGAIN}",
            f"{where}, line {last.number}",
        )
    point = _parse(line, unit, where)
    point.database, point.retention_policy = database.text(where), policy.text(where)
    return point


def _parse(line: _Line, unit: int, where: str) -> Point:
    text = line.text(where)
    try:
        point, end = scan_point(text, 0, unit, None)
    except UnclosedStringError:
        raise SourceError(
            "a string field holds a line break, which Kapacitor itself cannot replay "
            "(influxdata/kapacitor#379); record again without this field or its line breaks",
            f"{where}, line {line.number} (byte {line.offset} of the text)",
        ) from None
    except LineError as bad:
        raise SourceError(
            f"{bad}; the third line of each point is line protocol",
            f"{where}, line {line.number}, column {bad.at + 1}",
        ) from None
    assert end == len(text)  # a point ends with its line, and there is only one
    return point


def _look_behind(bad: SourceError, lines: Iterator[_Line]) -> None:
    """Raise `Damage` if the bad line is the last, or the data behind it is damaged as well.

    Bytes that were altered rarely stop the inflater at once: it goes on for a while with text
    that never was, up to a checksum that tells.
    """
    try:
        last = next(lines, None) is None
        for _ in lines:
            continue
    except Damage as damage:
        raise Damage(f"{bad.problem}; and {damage.problem}", bad.where) from None
    if last:
        raise Damage(f"{bad.problem}; {AGAIN}", bad.where) from None
