"""From encoded points to arrays of the numbers of some fields, group by group.

For pictures, that need a few fields of very many points and no text. A neighbour of `_columns`,
which reads everything; no agent loads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kapnb.protocol._layouts import Layout, read_layout
from kapnb.protocol._wire import wire_point

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["maybe_true", "read_numbers"]

#: Points that are taken together; as arrays they fit into a processor's cache.
_BLOCK = 16_384
#: So many points must be laid out alike to be read together.
_ALIKE = 8
#: So many layouts of one length are tried; points of still other ones are decoded one by one.
_LAYOUTS_MAX = 8


def read_numbers(
    points: Sequence[bytes], names: Sequence[str]
) -> Iterator[tuple[str, str, npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """Yield the numbers of some fields; of one field and group, in the order of the points.

    Parameters
    ----------
    points : sequence of bytes
        As in `WirePoint.raw`.
    names : sequence of str
        The fields. Booleans are 0 and 1; text is passed over.

    Yields
    ------
    name, group : str
        The field, and the id of the group. Both may come again, with later points.
    times : array of int64, shape (n,)
        In nanoseconds since the Unix epoch.
    values : array of float64, shape (n,)

    Raises
    ------
    RemoteProtocolError
        If some bytes are no Point.
    """
    for start in range(0, len(points), _BLOCK):
        yield from _Block(points[start : start + _BLOCK], names).by_group()


def maybe_true(points: Sequence[bytes], name: str) -> list[int]:
    """Return the positions of points of which a field may be true, a few out of very many.

    Parameters
    ----------
    points : sequence of bytes
        As in `WirePoint.raw`.
    name : str
        The field.

    Returns
    -------
    list of int
        In order: where it is a number other than 0, or no number at all: text, or not there.

    Raises
    ------
    RemoteProtocolError
        If some bytes are no Point.
    """
    return [
        start + row
        for start in range(0, len(points), _BLOCK)
        for row in _Block(points[start : start + _BLOCK], [name]).maybe_true(name)
    ]


class _Block:
    """Some points, read into arrays with a row for each."""

    def __init__(self, points: Sequence[bytes], names: Sequence[str]) -> None:
        import numpy as np

        count = len(points)
        self._points = points
        self._times = np.zeros(count, np.int64)
        self._places: dict[str, int] = {}  # of groups
        self._groups = np.zeros(count, np.intp)  # by their places
        self._values = {name: np.zeros(count) for name in names}
        self._there = {name: np.zeros(count, np.bool_) for name in names}
        lengths = np.fromiter(map(len, points), np.intp, count)
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            self._read_each(self._read_alike(length, rows).tolist())

    def _read_alike(self, length: int, rows: Any) -> Any:
        """Read points of one length by their layouts; return the rows that are left."""
        import numpy as np

        if len(rows) < _ALIKE:
            return rows
        points = self._points
        alone = len(rows) == len(points)
        joined = b"".join(points if alone else [points[row] for row in rows.tolist()])
        bytes_of_rows = np.frombuffer(joined, np.uint8).reshape(len(rows), length)
        for _ in range(_LAYOUTS_MAX):
            layout = read_layout(points[rows[0]]) if len(rows) >= _ALIKE else None
            if layout is None:
                break
            alike = layout.matches(bytes_of_rows)
            whole = bool(alike.all())
            found = slice(None) if whole else alike
            try:
                self._take(layout, rows[found], bytes_of_rows[found])
            except UnicodeDecodeError:  # protobuf will say of which point
                break
            if whole:
                return rows[:0]
            rows, bytes_of_rows = rows[~alike], bytes_of_rows[~alike]
        return rows

    def _take(self, layout: Layout, rows: Any, bytes_of_rows: Any) -> None:
        import numpy as np

        groups, chosen = layout.groups(bytes_of_rows)
        places = [self._places.setdefault(group, len(self._places)) for group in groups]
        self._groups[rows] = np.array(places)[chosen]
        self._times[rows] = layout.times(bytes_of_rows)
        for name, values in layout.numbers(bytes_of_rows, self._values):
            self._values[name][rows] = values
            self._there[name][rows] = True

    def _read_each(self, rows: Sequence[int]) -> None:
        """Read points one by one."""
        for row in rows:
            point = wire_point(self._points[row])
            self._times[row] = point.time
            self._groups[row] = self._places.setdefault(point.group, len(self._places))
            fields = point.fields
            for name in self._values:
                value = fields.get(name, "")
                if not isinstance(value, str):
                    self._values[name][row] = value
                    self._there[name][row] = True

    def maybe_true(self, name: str) -> list[int]:
        """Return the rows whose field is a number other than 0, or none."""
        import numpy as np

        rows: list[int] = np.flatnonzero((self._values[name] != 0) | ~self._there[name]).tolist()
        return rows

    def by_group(self) -> Iterator[tuple[str, str, Any, Any]]:
        """Yield field, group, times and values."""
        import numpy as np

        order = np.argsort(self._groups, kind="stable")
        ends = np.cumsum(np.bincount(self._groups, minlength=len(self._places)))
        for name, values in self._values.items():
            for group, place in self._places.items():
                rows = order[ends[place - 1] if place else 0 : ends[place]]
                rows = rows[self._there[name][rows]]
                if len(rows):
                    yield name, group, self._times[rows], values[rows]
