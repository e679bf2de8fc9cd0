"""From encoded points to columns, and to points that know the order of their columns.

A neighbour of `_wire`, for the simulator and its frames; no agent loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, repeat
from typing import Any, TypeVar

from kapnb.model import Fields, FieldValue, Tags
from kapnb.protocol._layouts import MAPS, TAGS, Layout, read_layout
from kapnb.protocol._wire import WirePoint, _undecodable, _WireTags, schema

__all__ = ["RowPoint", "decode_columns", "decode_times", "row_point"]

_V = TypeVar("_V")

#: How a point's bytes begin with its time, and how many bytes that are at most.
_TIME, _HEAD = 0x08, 11
#: Points that are taken together.
_BLOCK = 8192
#: So many points must be laid out alike to be read together.
_ALIKE = 32
#: So many layouts of one length are tried; points of still other ones are decoded one by one.
_LAYOUTS_MAX = 8


def decode_columns(
    points: Iterable[bytes], *, order: Sequence[str] = ()
) -> tuple[list[int], dict[str, list[str | None]], dict[str, list[FieldValue | None]]]:
    """Return the times, tags and fields of encoded points, a list each.

    Parameters
    ----------
    points : iterable of bytes
        As in `WirePoint.raw`.
    order : sequence of str
        Names that precede others which appear in the same point. By default, and beyond those,
        names are in sorted order.

    Returns
    -------
    times : list of int
    tags, fields : dict of str to list
        In the order in which the names first appear, with None for what is absent.

    Raises
    ------
    RemoteProtocolError
        If some bytes are no Point.
    """
    columns = _Columns({name: place for place, name in enumerate(order)})
    points = iter(points)
    while block := list(islice(points, _BLOCK)):
        columns.take(block)
    return columns.finished()


def decode_times(points: Sequence[bytes]) -> list[int]:
    """Return the times of encoded points, and decode nothing else of them where that can be.

    Parameters
    ----------
    points : sequence of bytes
        As `encode_point` and `SeriesEncoder` make them: a point has one time, in front.

    Raises
    ------
    RemoteProtocolError
        If some bytes are no Point.
    """
    import numpy as np

    joined = b"".join([raw[:_HEAD] for raw in points])
    if len(joined) < _HEAD * len(points):  # one of them is shorter than that
        return [_time(raw) for raw in points]
    heads = np.frombuffer(joined, np.uint8).reshape(-1, _HEAD)
    goes_on = heads[:, 0] == _TIME
    odd = np.flatnonzero(~goes_on).tolist()
    found = np.zeros(len(points), np.uint64)
    for place in range(1, _HEAD):  # a number's bytes, seven bits each, the lowest first
        byte = heads[:, place]
        digits = np.where(goes_on, byte & 0x7F, 0).astype(np.uint64)
        found |= digits << np.uint64(7 * (place - 1))
        goes_on = goes_on & (byte >= 0x80)
    times: list[int] = found.view(np.int64).tolist()
    for row in odd:
        times[row] = _time(points[row])
    return times


def _time(raw: bytes) -> int:
    try:
        time: int = schema().Point.FromString(raw).time
    except Exception as error:
        raise _undecodable(error) from error
    return time


class _Columns:
    """Columns that grow by a block of points at a time."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places
        self._times: list[int] = []
        self._columns: tuple[dict[str, list[Any]], ...] = tuple({} for _ in MAPS)
        self._tags: dict[str, None] = {}  # names by their first appearance
        self._fields: dict[str, None] = {}

    def take(self, points: list[bytes]) -> None:
        """Take encoded points."""
        block = _Block(points)
        before = len(self._times)
        self._times += block.times
        for _, names in sorted(block.appearances.items()):
            self._note(names)
        for (kind, name), values in block.columns.items():
            column = self._columns[kind].setdefault(name, [])
            column.extend(repeat(None, before - len(column)))
            column += values

    def _note(self, names: Iterable[tuple[int, str]]) -> None:
        """Note the names of one point."""

        def place(name: str) -> tuple[int, str]:
            return self._places.get(name, len(self._places)), name

        for known, found in (
            (self._tags, {name for kind, name in names if kind == TAGS}),
            (self._fields, {name for kind, name in names if kind != TAGS}),
        ):
            known.update(dict.fromkeys(sorted(found.difference(known), key=place)))

    def finished(self) -> tuple[list[int], dict[str, list[Any]], dict[str, list[Any]]]:
        """Return times, tags, fields."""
        for columns in self._columns:
            for column in columns.values():
                column.extend(repeat(None, len(self._times) - len(column)))
        tags, *maps = self._columns
        fields = {
            name: _merged([columns[name] for columns in maps if name in columns])
            for name in self._fields
        }
        return self._times, {name: tags[name] for name in self._tags}, fields


class _Block:
    """Some points as columns.

    Attributes
    ----------
    times : list of int
    columns : dict of (map, name) to list
        With None for what is absent.
    appearances : dict of int to iterable of (map, name)
        The names at rows; every name is there at the first row that has it.
    """

    def __init__(self, points: list[bytes]) -> None:
        self._points = points
        self.times = [0] * len(points)
        self.columns: dict[tuple[int, str], list[Any]] = {}
        self.appearances: dict[int, Iterable[tuple[int, str]]] = {}
        lengths: dict[int, list[int]] = {}
        for row, raw in enumerate(points):
            lengths.setdefault(len(raw), []).append(row)
        for length, rows in lengths.items():
            left = self._read_alike(length, rows) if len(rows) >= _ALIKE else rows
            self._read_each(left)

    def _read_alike(self, length: int, rows: list[int]) -> list[int]:
        """Read points of one length by their layouts; return the rows that are left."""
        import numpy as np

        joined = b"".join([self._points[row] for row in rows])
        bytes_of_rows = np.frombuffer(joined, np.uint8).reshape(len(rows), length)
        for _ in range(_LAYOUTS_MAX):
            if len(rows) < _ALIKE:
                break
            layout = read_layout(self._points[rows[0]])
            if layout is None:
                break
            alike = layout.matches(bytes_of_rows)
            whole = bool(alike.all())
            found = rows if whole else np.array(rows)[alike].tolist()
            try:
                self._take(layout, found, bytes_of_rows if whole else bytes_of_rows[alike])
            except UnicodeDecodeError:  # protobuf will say of which point
                break
            if whole:
                return []
            rows = np.array(rows)[~alike].tolist()
            bytes_of_rows = bytes_of_rows[~alike]
        return rows

    def _take(self, layout: Layout, rows: list[int], bytes_of_rows: Any) -> None:
        columns = list(layout.columns(bytes_of_rows))
        self.appearances[rows[0]] = [(kind, name) for kind, name, _ in columns]
        times = layout.times(bytes_of_rows)
        if len(rows) == len(self._points):
            self.times = times
            self.columns.update({(kind, name): list(values) for kind, name, values in columns})
            return
        for row, time in zip(rows, times, strict=True):
            self.times[row] = time
        for kind, name, values in columns:
            column = self._column(kind, name)
            for row, value in zip(rows, values, strict=True):
                column[row] = value

    def _read_each(self, rows: list[int]) -> None:
        """Read points one by one."""
        parse = schema().Point.FromString
        for row in rows:
            try:
                message = parse(self._points[row])
            except Exception as error:  # protobuf's DecodeError; its class differs by release
                raise _undecodable(error) from error
            self.times[row] = message.time
            maps = (
                message.tags, message.fieldsDouble, message.fieldsInt,
                message.fieldsString, message.fieldsBool,
            )  # fmt: skip
            names = []
            for kind, mapping in enumerate(maps):
                for name in mapping:
                    self._column(kind, name)[row] = mapping[name]
                    names.append((kind, name))
            self.appearances[row] = names

    def _column(self, kind: int, name: str) -> list[Any]:
        column = self.columns.get((kind, name))
        if column is None:
            column = self.columns[kind, name] = [None] * len(self._points)
        return column


def _merged(columns: list[list[Any]]) -> list[Any]:
    """Return the first value that is there, row by row; so a point's own fields are chosen, too."""
    if len(columns) == 1:
        return columns[0]
    return [
        next((value for value in values if value is not None), None)
        for values in zip(*columns, strict=True)
    ]


# --------------------------------------------------------------------- points as rows


class RowPoint(WirePoint):
    """An encoded point that lists its tags and fields in the order of a table's columns."""

    __slots__ = ("_order",)

    _order: Sequence[str]

    @property
    def fields(self) -> Fields:
        """The values by name."""
        loaded = self._fields is not None
        fields = super().fields
        if not loaded:
            fields._values = _in_order(self._order, fields._all())
        return fields

    @property
    def tags(self) -> Tags:
        """All tags by name."""
        if self._tags is None:
            tags = _WireTags(self._message or self.parse())
            tags._values = _in_order(self._order, tags._all())
            self._tags = tags
        return self._tags


def _in_order(order: Sequence[str], values: dict[str, _V]) -> dict[str, _V]:
    return {name: values[name] for name in order if name in values}


def row_point(raw: bytes, order: Sequence[str]) -> RowPoint:
    """Return the point of these bytes; `order` names all its tags and fields."""
    point = object.__new__(RowPoint)
    point._raw, point._order = raw, order
    point._message = point._fields = point._tags = point._group = point._foreseen = None
    return point
