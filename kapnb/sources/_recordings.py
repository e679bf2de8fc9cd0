"""What ``kapacitor record`` wrote: ``.srpl`` and ``.brpl`` files.

Read as Kapacitor's own replay reads them (replay.go), except that damage is reported at its
place instead of ending the data quietly. The points in front of the damage are given first.
"""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import BinaryIO, NamedTuple

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point
from kapnb.sources._batches import read_batches
from kapnb.sources._files import StrPath, decode, open_file
from kapnb.sources._lines import unit_of
from kapnb.sources._scan import LineError, UnclosedStringError, scan_point

__all__ = ["BatchRecording", "StreamRecording"]

_AGAIN = "copy the recording again, or record again"
#: What zipfile raises for damaged bytes; BadZipFile is not all of it.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


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
    """

    path: StrPath
    _: KW_ONLY
    precision: str = "ns"

    def __post_init__(self) -> None:
        unit_of(self.precision)

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Read the file from its start."""
        unit = unit_of(self.precision)
        where = os.fspath(self.path)
        with open_file(self.path) as file:
            lines = _text_lines(file, where)
            for database in lines:
                policy, line = next(lines, None), next(lines, None)
                if policy is None or line is None:
                    last = policy or database
                    raise SourceError(
                        f"the recording ends after byte {last.offset + len(last.text) + 1} "
                        "of its text, within a point, which is three lines: database, "
                        f"retention policy, line protocol; {_AGAIN}",
                        f"{where}, line {last.number}",
                    )
                point = _read_point(line, unit, where)
                point.database, point.retention_policy = database.text, policy.text
                yield point


class _Line(NamedTuple):
    number: int
    offset: int
    text: str


def _text_lines(file: BinaryIO, where: str) -> Iterator[_Line]:
    """Yield the lines of the text, unzipped where need be."""
    zipped = file.read(2) == b"\x1f\x8b"
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = gzip.GzipFile(fileobj=file) if zipped else file
    number, offset = 1, 0
    while True:
        place = f"{where}, line {number}"
        try:
            line = data.readline()
        except EOFError:
            raise SourceError(
                f"the gzip data breaks off at byte {size}, where the file ends; {_AGAIN}", place
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise SourceError(
                f"the gzip data is damaged at or before byte {file.tell()} of {size} ({error}); "
                f"{_AGAIN}",
                place,
            ) from error
        if not line:
            return
        if not line.endswith(b"\n"):
            raise SourceError(
                f"the text breaks off at byte {offset + len(line)}, within a line, so its time "
                f"may be cut short; {_AGAIN}, or end the last line if it is whole",
                place,
            )
        # Go's scanner, which Kapacitor reads with, takes \r\n for a line end too.
        text = decode(line.removesuffix(b"\n").removesuffix(b"\r"), place)
        yield _Line(number, offset, text)
        number, offset = number + 1, offset + len(line)


def _read_point(line: _Line, unit: int, where: str) -> Point:
    try:
        point, end = scan_point(line.text, 0, unit, None)
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
    assert end == len(line.text)  # a point ends with its line, and there is only one
    return point


@dataclass(frozen=True)
class BatchRecording:
    """The batches of a batch recording (``.brpl``).

    A recording is a zip with one entry for each query node of the task; an entry is JSON,
    one object a batch. The bare JSON of one entry is read too.

    As in Kapacitor's replay, numbers are floats (a recording keeps no ints), batches without
    points are skipped, points without tags take the batch's, and tmax is never before the
    last point. The points of a batch have no name.

    Parameters
    ----------
    path : str or path
        The file; whether it is a zip is found out.
    query : int, optional
        Which query node's batches, from 0. May be left out if there is only one.
    """

    path: StrPath
    _: KW_ONLY
    query: int | None = None

    @property
    def edge(self) -> EdgeType:
        """BATCH."""
        return BATCH

    def __iter__(self) -> Iterator[Batch]:
        """Read the chosen entry from its start."""
        where = os.fspath(self.path)
        with open_file(self.path) as file:
            if file.read(2) == b"PK":
                data, where = self._unzip(file, where)
            elif self.query:
                raise SourceError(f"this is bare JSON, it has no query {self.query}", where)
            else:
                file.seek(0)
                data = file.read()
        yield from read_batches(decode(data, where), where)

    def _unzip(self, file: BinaryIO, where: str) -> tuple[bytes, str]:
        size = file.seek(0, os.SEEK_END)
        try:
            archive = zipfile.ZipFile(file)
        except _ZIP_ERRORS as error:
            raise SourceError(
                f"the zip has no sound directory at its end, byte {size} ({error}): it was cut "
                f"off or damaged; {_AGAIN}",
                where,
            ) from error
        with archive:
            entry = self._choose(archive.namelist(), where)
            where = f"{where}, entry {entry}"
            try:
                return archive.read(entry), where
            except _ZIP_ERRORS as error:
                raise SourceError(f"the zip is damaged ({error}); {_AGAIN}", where) from error

    def _choose(self, entries: list[str], where: str) -> str:
        listed = f"it has: {', '.join(entries) or 'none'}"
        if self.query is not None and str(self.query) not in entries:
            raise SourceError(f"there is no entry of query {self.query} ({listed})", where)
        if self.query is not None:
            return str(self.query)
        if len(entries) != 1:
            raise SourceError(
                f"choose one entry of the recording with query=, as in query=0 ({listed})", where
            )
        return entries[0]
