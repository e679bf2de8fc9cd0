"""CSV files as points, with the standard library's reader and no guessing across cells.

What a column holds is decided by all of its cells together, so the type of a field never
changes from one point to the next.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from kapnb.errors import SourceError
from kapnb.model import INT_MAX, INT_MIN, STREAM, EdgeType, FieldValue, Point, parse_time
from kapnb.sources._files import StrPath, read_text
from kapnb.sources._names import names_of

__all__ = ["Csv"]

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)", re.I
)
_BOOLS = {"true": True, "false": False}


@dataclass(frozen=True)
class Csv:
    r"""The rows of a CSV file as points, in the order of the file.

    The first row names the columns. A cell may be empty: the point then lacks that field
    or tag. Blank lines are no rows.

    Parameters
    ----------
    path : str or path
        UTF-8, separated by commas.
    time : str
        The column of times: RFC 3339 with a zone, or whole nanoseconds since the Unix epoch.
    tags : iterable of str
        The columns that are tags. All others are fields: int if every cell is a whole
        number, else float if every cell is a number, bool if every cell is true or false,
        else str.
    name : str, optional
        Measurement; by default the file's name without its suffix.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "cpu.csv")
    >>> _ = path.write_text("time,host,usage,n\n0,a,0.5,3\n1,b,,4\n")
    >>> for point in Csv(path, tags=["host"]):
    ...     print(point)
    Point(cpu host=a 1970-01-01T00:00:00Z usage=0.5 n=3)
    Point(cpu host=b 1970-01-01T00:00:00.000000001Z n=4)
    >>> folder.cleanup()
    """

    path: StrPath
    _: KW_ONLY
    time: str = "time"
    tags: Iterable[str] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", names_of(self.tags))

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Read the file from its start; all of it is checked before the first point."""
        table = _Table(self.path, self.time, self.tags)
        times = table.times(self.time)
        tags = {name: table.columns[name] for name in self.tags}
        fields = {
            name: table.values(name) for name in table.columns if name not in (self.time, *tags)
        }
        name = Path(self.path).stem if self.name is None else self.name
        for row, time in enumerate(times):
            present = {
                key: value for key, column in fields.items() if (value := column[row]) is not None
            }
            if not present:
                raise table.error(row, "no field has a value; a point needs one, so drop the row")
            yield Point(
                present,
                time=time,
                name=name,
                tags={key: column[row] for key, column in tags.items() if column[row]},
            )


class _Table:
    """The cells of one file by column, and how to say where a cell stands."""

    def __init__(self, path: StrPath, time: str, tags: Iterable[str]) -> None:
        self.where = os.fspath(path)
        rows = self._read(path)
        header = next(rows, (0, []))[1]
        self._check_header(header, time, tags)
        self.numbers: list[int] = []
        records = []
        for number, row in rows:
            if len(row) != len(header):
                raise SourceError(
                    f"{len(row)} cells where the header names {len(header)} columns; "
                    "quote cells that hold commas",
                    f"{self.where}, row {number}",
                )
            self.numbers.append(number)
            records.append(row)
        cells = zip(*records, strict=True) if records else ((),) * len(header)
        self.columns = dict(zip(header, cells, strict=True))

    def _read(self, path: StrPath) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are not blank, numbered as a spreadsheet does: the header is 1."""
        number = 0
        try:
            for number, row in enumerate(
                csv.reader(io.StringIO(read_text(path), ""), strict=True), 1
            ):
                if row:
                    yield number, row
        except csv.Error as error:
            raise SourceError(
                f"this is no CSV: {error}", f"{self.where}, row {number + 1}"
            ) from error

    def _check_header(self, header: list[str], time: str, tags: Iterable[str]) -> None:
        found = f"the columns are {', '.join(map(repr, header)) or 'none at all'}"
        for position, name in enumerate(header, 1):
            if not name:
                raise SourceError(
                    f"column {position} has no name; give it one ({found})", self.where
                )
            if header.index(name) < position - 1:
                raise SourceError(f"two columns are called {name!r}; rename one", self.where)
        if time not in header:
            other = next((sign for sign in ";\t|" if len(header) == 1 and sign in header[0]), "")
            what = (
                f"cells are separated by commas, and here by {other!r}: give what "
                f"pandas.read_csv(path, sep={other!r}) makes of it"
                if other
                else "rename the column that holds the times, or name it with time="
            )
            raise SourceError(f"there is no time column {time!r}: {found}; {what}", self.where)
        for name in tags:
            if name not in header or name == time:
                why = "holds the times" if name == time else f"does not exist: {found}"
                raise SourceError(f"the tag column {name!r} {why}", self.where)
        if not set(header) - {time, *tags}:
            raise SourceError(f"no column is left for fields: {found}", self.where)

    def error(self, row: int, problem: str) -> SourceError:
        """Return the error for the row with this index."""
        return SourceError(problem, f"{self.where}, row {self.numbers[row]}")

    def times(self, name: str) -> list[int]:
        """Return the times of column `name`."""
        return [self._time(row, cell) for row, cell in enumerate(self.columns[name])]

    def _time(self, row: int, cell: str) -> int:
        try:
            time = int(cell) if _INT.fullmatch(cell) else parse_time(cell)
        except ValueError as error:
            raise self.error(row, _time_trouble(cell, error)) from None
        if not INT_MIN <= time <= INT_MAX:
            raise self.error(row, f"the time {cell!r} does not fit 64 bits of nanoseconds")
        return time

    def values(self, name: str) -> list[FieldValue | None]:
        """Return the values of the field column `name`; None where a cell is empty."""
        cells = self.columns[name]
        texts = dict.fromkeys(cells)
        texts.pop("", None)
        convert = _converter(texts)
        values: dict[str, FieldValue] = {}
        for text in texts:
            try:
                values[text] = convert(text)
            except ValueError as error:
                raise self.error(cells.index(text), f"column {name!r}: {error}") from None
        return [values.get(cell) for cell in cells]


def _converter(texts: Iterable[str]) -> Callable[[str], FieldValue]:
    """Choose what reads every one of `texts`."""
    if all(map(_INT.fullmatch, texts)):
        return _to_int
    if all(map(_FLOAT.fullmatch, texts)):
        return _to_float
    if all(text.lower() in _BOOLS for text in texts):
        return lambda text: _BOOLS[text.lower()]
    return str


def _to_int(text: str) -> int:
    value = int(text)
    if not INT_MIN <= value <= INT_MAX:
        raise ValueError(f"{text} does not fit 64 bits; make the column a tag, or add a .0")
    return value


def _to_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no value a field can have; leave the cell empty")
    return value


def _time_trouble(cell: str, error: ValueError) -> str:
    try:
        parse_time(f"{cell}Z")
    except ValueError:
        return f"bad time: {error}" if cell else "the time is empty; drop the row or fill it in"
    return f"the time {cell!r} has no zone; write {cell}Z if it is UTC, or {cell}+01:00 and so on"
