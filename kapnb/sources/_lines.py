"""InfluxDB line protocol: text to points and back, and ``.lp`` files.

How a line is read is `_scan`'s affair; here it becomes points and errors that name a place.
The way back, `render_line`, lives in `kapnb.model`, where the runtime can use it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

from kapnb.errors import SourceError
from kapnb.model import STREAM, EdgeType, Point, render_line
from kapnb.sources._files import StrPath, read_text
from kapnb.sources._scan import LineError, scan_point, skip_blank

__all__ = ["LineProtocol", "parse_line", "parse_lines", "render_line", "unit_of"]

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def unit_of(precision: str) -> int:
    """Return the nanoseconds of a time unit: ns, us, ms or s.

    Raises
    ------
    SourceError
        If `precision` is none of them.
    """
    if precision not in _UNITS:
        raise SourceError(f"precision is {precision!r}; it must be one of {', '.join(_UNITS)}")
    return _UNITS[precision]


def parse_lines(
    text: str, *, precision: str = "ns", now: int | None = None, where: str | None = None
) -> Iterator[Point]:
    r"""Yield the points of line protocol text, in their order.

    Parameters
    ----------
    text : str
        Any number of lines; blank ones and comments (``#``) hold no point.
    precision : {"ns", "us", "ms", "s"}
        Unit of the timestamps.
    now : int, optional
        Time of the points that have none, nanoseconds since the Unix epoch. Without it a
        line must have a timestamp.
    where : str, optional
        What to call the text in errors.

    Raises
    ------
    SourceError
        When a line that cannot be read is reached; the points before it have been given.

    Examples
    --------
    >>> for point in parse_lines("cpu,host=a usage=0.5,n=3i 1\ncpu usage=1 2"):
    ...     print(point)
    Point(cpu host=a 1970-01-01T00:00:00.000000001Z usage=0.5 n=3)
    Point(cpu 1970-01-01T00:00:00.000000002Z usage=1.0)
    """
    unit = unit_of(precision)
    at = skip_blank(text, 0)
    while at < len(text):
        try:
            point, at = scan_point(text, at, unit, now)
        except LineError as bad:
            raise SourceError(_explain(text, bad), _place(text, bad.at, where)) from None
        yield point
        at = skip_blank(text, at)


def parse_line(text: str, *, precision: str = "ns", now: int | None = None) -> Point:
    r"""Return the point of one line of line protocol; the inverse of `render_line`.

    Raises
    ------
    SourceError
        If `text` is not exactly one point; see `parse_lines` for the parameters.

    Examples
    --------
    >>> parse_line(r"cpu,host=a\ b usage=12.5,count=42i 0")
    Point(cpu host=a b 1970-01-01T00:00:00Z usage=12.5 count=42)
    """
    points = list(parse_lines(text, precision=precision, now=now))
    if len(points) != 1:
        raise SourceError(f"expected one point, got {len(points)}; parse_lines reads several")
    return points[0]


@dataclass(frozen=True)
class LineProtocol:
    r"""The points of a file of InfluxDB line protocol (``.lp``).

    Parameters
    ----------
    path : str or path
        UTF-8 text.
    precision : {"ns", "us", "ms", "s"}
        Unit of the timestamps.
    now : int, optional
        Time of the points that have none, nanoseconds since the Unix epoch.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "cpu.lp")
    >>> _ = path.write_text("cpu,host=a usage=0.5,n=3i 1\n")
    >>> list(LineProtocol(path, precision="s"))
    [Point(cpu host=a 1970-01-01T00:00:01Z usage=0.5 n=3)]
    >>> folder.cleanup()
    """

    path: StrPath
    _: KW_ONLY
    precision: str = "ns"
    now: int | None = None

    def __post_init__(self) -> None:
        unit_of(self.precision)

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Read the file from its start."""
        text = read_text(self.path)
        yield from parse_lines(
            text, precision=self.precision, now=self.now, where=os.fspath(self.path)
        )


def _explain(text: str, bad: LineError) -> str:
    line = text[text.rfind("\n", 0, bad.at) + 1 :].partition("\n")[0]
    hint = r" (the line ends in \r\n: convert the file to \n)" if line.endswith("\r") else ""
    return f"{bad}{hint}"


def _place(text: str, at: int, where: str | None) -> str:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return f"{where + ', ' if where else ''}line {line}, column {column}"
