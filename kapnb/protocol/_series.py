"""From columns to encoded points, many at once.

A neighbour of `_wire`, for the simulator; no agent loads it. What it writes is, byte for byte,
what a deterministic `ProtobufCodec` writes of the same points one by one. NumPy is imported when
columns are encoded: who has a DataFrame has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from kapnb.errors import LocalProtocolError
from kapnb.model import Point, group_id
from kapnb.protocol._codec import POINT_TAG
from kapnb.protocol._wire import (
    WirePoint,
    _field_entry,
    _key,
    double_entry,
    fill_point,
    schema,
    varint,
)

__all__ = ["SeriesEncoder", "encode_point", "point_frames"]

#: Series whose encoded names and tags are remembered; more would mean tags that count.
_SERIES_MAX = 65536
#: ``byName = true``, which stands between the fields that are text and those that are bool.
_BY_NAME = b"\x58\x01"

#: Numbers of one type within a column: the array of them, and their rows or None for all.
_Numbers: TypeAlias = tuple[Any, Any]


def encode_point(point: Point) -> bytes:
    """Return the bytes of one Point, map entries in sorted order.

    Raises
    ------
    LocalProtocolError
        If the wire cannot carry it.
    """
    if type(point) is WirePoint and (raw := point.raw) is not None:
        return raw
    message = schema().Point()
    try:
        fill_point(message, point, bare=False)
        data: bytes = message.SerializeToString(deterministic=True)
    except (AttributeError, TypeError, ValueError) as error:  # also lone surrogates
        raise LocalProtocolError(f"a Point cannot be put on the wire: {error}") from error
    return data


def point_frames(points: Iterable[bytes]) -> bytes:
    """Return encoded points as frames, one behind the other; the same in both directions."""
    headers: dict[int, bytes] = {}
    parts: list[bytes] = []
    for raw in points:
        size = len(raw)
        header = headers.get(size)
        if header is None:
            inner = POINT_TAG + varint(size)
            header = headers[size] = varint(len(inner) + size) + inner
        parts += (header, raw)
    return b"".join(parts)


class SeriesEncoder:
    """Encodes rows of columns as points of one measurement.

    What is the same for all points of a series (name, group, dimensions, tags) is encoded once;
    times and numbers are encoded a column at a time.

    Parameters
    ----------
    name : str
        Measurement.
    dimensions : tuple of str
        Sorted names of the tags that are grouped by; ``("*",)`` means all that a row has.
    by_name : bool
        Whether the measurement is part of the group.
    """

    def __init__(self, name: str, dimensions: tuple[str, ...], *, by_name: bool) -> None:
        self._name, self._dimensions, self._by_name = name, dimensions, by_name
        self._series: dict[tuple[str | None, ...], bytes] = {}

    def encode(
        self,
        times: Sequence[Any],
        tags: Mapping[str, Sequence[Any]],
        fields: Mapping[str, Sequence[Any]],
    ) -> list[bytes]:
        """Return the encoded points of some rows.

        Parameters
        ----------
        times : sequence of int
            Nanoseconds since the Unix epoch.
        tags : mapping of str to sequence
            Values, or None where there is none.
        fields : mapping of str to sequence
            Plain Python values, or None where there is none; or a NumPy array of numbers, in
            which NaN says so.

        Raises
        ------
        ValueError
            If some text cannot be encoded; which, is not told.
        """
        count = len(times)
        doubles, ints, strings, bools = _by_kind(fields)
        pieces: list[Iterable[bytes]] = [
            _times(times),
            self._prefixes(tags, count),
            *_doubles(doubles, count),
            *(_ints(name, numbers, count) for name, numbers in ints),
            *(_entries(name, values) for name, values in strings),
            *([repeat(_BY_NAME, count)] if self._by_name else ()),
            *(_entries(name, values) for name, values in bools),
        ]
        return list(map(b"".join, zip(*pieces, strict=True)))

    def _prefixes(self, tags: Mapping[str, Sequence[Any]], count: int) -> Iterable[bytes]:
        """Return what stands between the time and the fields of each row."""
        names = tuple(tags)
        if not names:
            return repeat(self._prefix(names, ()), count)
        series = self._series
        prefixes = []
        for values in zip(*tags.values(), strict=True):
            prefix = series.get(values)
            if prefix is None:
                if len(series) >= _SERIES_MAX:
                    series.clear()
                prefix = series[values] = self._prefix(names, values)
            prefixes.append(prefix)
        return prefixes

    def _prefix(self, names: tuple[str, ...], values: tuple[str | None, ...]) -> bytes:
        tags = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        everything = self._dimensions == ("*",)
        dimensions = tuple(sorted(tags)) if everything else self._dimensions
        message = schema().Point()
        message.name = self._name
        message.group = group_id(self._name, tags, dimensions, self._by_name)
        message.dimensions.extend(dimensions)
        message.tags.update(tags)
        data: bytes = message.SerializeToString(deterministic=True)
        return data


def _by_kind(
    fields: Mapping[str, Sequence[Any]],
) -> tuple[
    list[tuple[str, _Numbers]],
    list[tuple[str, _Numbers]],
    list[tuple[str, Sequence[Any]]],
    list[tuple[str, Sequence[Any]]],
]:
    """Return the columns in the order of the bytes: doubles, ints, text, bools, each sorted.

    A column of several types is in several of them.
    """
    import numpy as np

    doubles, ints, strings, bools = [], [], [], []
    for name in sorted(fields):
        column: Any = fields[name]
        if isinstance(column, np.ndarray):
            if column.dtype.kind == "f":
                doubles.append((name, _present(np, column)))
            elif column.dtype.kind == "i":
                ints.append((name, (column, None)))
            else:
                bools.append((name, column.tolist()))
            continue
        kinds = set(map(type, column))
        if float in kinds:
            doubles.append((name, _numbers(np, column, kinds, float)))
        if int in kinds:
            ints.append((name, _numbers(np, column, kinds, int)))
        if str in kinds:
            strings.append((name, _only(str, column, kinds)))
        if bool in kinds:
            bools.append((name, _only(bool, column, kinds)))
    return doubles, ints, strings, bools


def _present(np: Any, column: Any) -> _Numbers:
    """Return the numbers of an array that are not NaN."""
    there = column == column  # NaN differs from itself
    return (column, None) if there.all() else (column[there], np.flatnonzero(there))


def _numbers(np: Any, column: Sequence[Any], kinds: set[type], kind: type) -> _Numbers:
    dtype = np.float64 if kind is float else np.int64
    if len(kinds) == 1:
        return np.array(column, dtype), None
    rows = [row for row, value in enumerate(column) if type(value) is kind]
    return np.array([column[row] for row in rows], dtype), np.array(rows)


def _only(kind: type, column: Sequence[Any], kinds: set[type]) -> Sequence[Any]:
    if kinds <= {kind, type(None)}:
        return column
    return [value if type(value) is kind else None for value in column]


def _entries(name: str, column: Sequence[Any]) -> list[bytes]:
    """Return the map entries of text or bools; what is equal is encoded once."""
    known: dict[Any, bytes] = {None: b""}
    entries = []
    for value in column:
        entry = known.get(value)
        if entry is None:
            entry = known[value] = _field_entry(name, value)
        entries.append(entry)
    return entries


def _doubles(columns: list[tuple[str, _Numbers]], count: int) -> Iterator[list[bytes]]:
    """Yield the map entries of columns of doubles; those of whole neighbours are one piece."""
    whole: list[tuple[bytes, Any]] = []
    for name, (values, rows) in columns:
        part = double_entry(name)[1], _bytes_of(values)
        if rows is None:
            whole.append(part)
            continue
        if whole:
            yield _joined(whole)
            whole = []
        yield _spread(_joined([part]), rows, count)
    if whole:
        yield _joined(whole)


def _ints(name: str, numbers: _Numbers, count: int) -> list[bytes]:
    """Return the map entries of one column of ints."""
    key = _key(name)
    values, rows = numbers

    def head(width: int) -> bytes:
        return b"\x4a" + varint(len(key) + 1 + width) + key + b"\x10"

    entries = _varints(values, head)
    return entries if rows is None else _spread(entries, rows, count)


def _times(times: Sequence[Any]) -> list[bytes]:
    """Return the field `time` of each row; a time of 0 is left out."""
    import numpy as np

    moments = np.asarray(times, np.int64)
    entries = _varints(moments, lambda width: b"\x08")
    for row in np.flatnonzero(moments == 0).tolist():
        entries[row] = b""
    return entries


def _varints(values: Any, head: Callable[[int], bytes]) -> list[bytes]:
    """Return int64 values as varints, each behind the `head` for so many bytes."""
    import numpy as np

    unsigned = values.astype(np.uint64)
    widths = np.ones(len(values), np.intp)
    for width in range(1, 10):
        widths += unsigned >= np.uint64(1 << 7 * width)
    found = np.flatnonzero(np.bincount(widths)).tolist()
    if len(found) == 1:
        return _joined([(head(found[0]), _varint_bytes(np, unsigned, found[0]))])
    entries = [b""] * len(values)
    for width in found:
        (rows,) = np.nonzero(widths == width)
        part = _joined([(head(width), _varint_bytes(np, unsigned[rows], width))])
        for row, entry in zip(rows.tolist(), part, strict=True):
            entries[row] = entry
    return entries


def _varint_bytes(np: Any, unsigned: Any, width: int) -> Any:
    """Return the varints of numbers that take `width` bytes, a row each."""
    shifts = np.arange(0, 7 * width, 7, dtype=np.uint64)
    parts = (unsigned[:, None] >> shifts).astype(np.uint8) | 0x80
    parts[:, -1] &= 0x7F
    return parts


def _bytes_of(values: Any) -> Any:
    """Return float64 values as their bytes on the wire, a row each."""
    return values.astype("<f8").view("u1").reshape(len(values), 8)


def _joined(parts: list[tuple[bytes, Any]]) -> list[bytes]:
    """Return each row's bytes: constant heads with the rows of arrays behind them."""
    import numpy as np

    count = len(parts[0][1])
    if not count:
        return []
    size = sum(len(head) + array.shape[1] for head, array in parts)
    rows = np.empty((count, size), np.uint8)
    end = 0
    for head, array in parts:
        start, end = end, end + len(head)
        rows[:, start:end] = np.frombuffer(head, np.uint8)
        start, end = end, end + array.shape[1]
        rows[:, start:end] = array
    entries: list[bytes] = rows.view(f"V{size}").ravel().tolist()
    return entries


def _spread(entries: list[bytes], rows: Any, count: int) -> list[bytes]:
    """Return `entries` at their rows, and nothing elsewhere."""
    spread = [b""] * count
    for row, entry in zip(rows.tolist(), entries, strict=True):
        spread[row] = entry
    return spread
