"""What went in and what came out, as sequences that decode an item when it is looked at.

Their points are the very bytes that the Transcript holds. Each look gives a new object.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar, overload

from kapnb.model import Batch, Point
from kapnb.protocol import decode_columns, row_point, wire_point

__all__ = ["Output", "Outputs", "Rows", "count_text", "frame_of"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Output:
    """One Point or Batch that the Handler sent.

    Attributes
    ----------
    item : Point or Batch
        What was sent, as Kapacitor received it.
    input : int
        Position, in `Simulation.inputs`, of the input that was being handled; -1 before
        the first.
    """

    item: Point | Batch
    input: int


class _Lazy(Sequence[_T]):
    """A list that makes its items when they are asked for."""

    def _make(self, position: int) -> _T:
        raise NotImplementedError

    @overload
    def __getitem__(self, position: int) -> _T: ...
    @overload
    def __getitem__(self, position: slice) -> list[_T]: ...
    def __getitem__(self, position: int | slice) -> _T | list[_T]:
        places = range(len(self))[position]
        return (
            [self._make(place) for place in places]
            if isinstance(places, range)
            else (self._make(places))
        )

    def __iter__(self) -> Iterator[_T]:
        return map(self._make, range(len(self)))

    def __add__(self, other: Sequence[_T]) -> list[_T]:
        return [*self, *other]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


class Rows(_Lazy[Point]):
    """The rows of a table that were given to a Handler, as points.

    Parameters
    ----------
    columns : sequence of str
        Tags, then fields: the order in which points list theirs.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._points: list[bytes] = []

    def extend(self, points: Iterable[bytes]) -> None:
        """Add encoded points."""
        self._points.extend(points)

    def like(self) -> Rows:
        """Return none yet, of the same table."""
        return Rows(self._columns)

    def encoded(self, first: int, stop: int) -> list[bytes]:
        """Return the bytes of some of them."""
        return self._points[first:stop]

    def __len__(self) -> int:
        return len(self._points)

    def _make(self, position: int) -> Point:
        return row_point(self._points[position], self._columns)

    def frame(self) -> Any:
        """Return them as a DataFrame, each with its position."""
        points = list(self._points)  # a run may add to it
        return _frame_of_bytes(points, range(len(points)), self._columns)

    def still(self) -> Rows:
        """Return what is here now, to which no run adds."""
        copy = Rows(self._columns)
        copy.extend(self._points)
        return copy


class Outputs(_Lazy[Output]):
    """What a Handler sent, in order, each with the input it belongs to."""

    def __init__(self) -> None:
        self._items: list[bytes | Point | Batch] = []
        self._inputs = array("q")

    def extend(self, items: Iterable[bytes | Point | Batch], inputs: Iterable[int]) -> None:
        """Add items, or encoded points, with the inputs' positions."""
        self._inputs.extend(inputs)  # first: whoever reads meanwhile goes by the items
        self._items.extend(items)

    def encoded(self, first: int, stop: int) -> list[bytes] | None:
        """Return the bytes of some of them; None if not all of these are kept as bytes."""
        items = self._items[first:stop]
        points = [item for item in items if isinstance(item, bytes)]
        return points if len(points) == len(items) else None

    def __len__(self) -> int:
        return len(self._items)

    def _make(self, position: int) -> Output:
        item = self._items[position]
        return Output(wire_point(item) if isinstance(item, bytes) else item, self._inputs[position])

    def between(self, first: int, stop: int) -> tuple[list[bytes | Point | Batch], list[int]]:
        """Return what belongs to the inputs from `first` to `stop`, each with its input.

        Points are as they are kept: as their bytes.
        """
        low, high = bisect_left(self._inputs, first), bisect_left(self._inputs, stop)
        return self._items[low:high], self._inputs[low:high].tolist()

    def of_input(self, position: int) -> list[Output]:
        """Return what belongs to one input."""
        low, high = bisect_left(self._inputs, position), bisect_right(self._inputs, position)
        return self[low:high]

    def next_input(self, after: int) -> int | None:
        """Return the next input behind `after` that has any, or None."""
        found = bisect_right(self._inputs, after)
        return self._inputs[found] if found < len(self._inputs) else None

    @property
    def batches(self) -> list[Batch]:
        """The batches among them."""
        return [item for item in self._items if isinstance(item, Batch)]

    def frame(self) -> Any:
        """Return their points as a DataFrame, each with the input it belongs to."""
        items = list(self._items)  # a run may add to it
        points = [item for item in items if isinstance(item, bytes)]
        if len(points) == len(items):
            return _frame_of_bytes(points, self._inputs[: len(points)])
        return frame_of((output.item, output.input) for output in self)

    def still(self) -> Outputs:
        """Return what is here now, to which no run adds."""
        copy = Outputs()
        copy._items = list(self._items)
        copy._inputs = self._inputs[: len(copy._items)]
        return copy


def frame_of(items: Iterable[tuple[Point | Batch, int]]) -> Any:
    """Return the points of some items as a DataFrame, with the position given with each item."""
    from kapnb.handler._frames import frame_from_points

    points: list[Point] = []
    positions: list[int] = []
    for item, position in items:
        members = item.points if isinstance(item, Batch) else [item]
        points.extend(members)
        positions.extend(repeat(position, len(members)))
    frame = frame_from_points(points)
    frame.insert(0, "input", positions, allow_duplicates=True)
    return frame


def count_text(items: Sequence[Any]) -> str:
    """Say how much it is: points, or batches and their points."""
    if isinstance(items, Outputs):
        batches = items.batches
    else:
        batches = [item for item in items if isinstance(item, Batch)]
    points = sum(len(batch) for batch in batches) + len(items) - len(batches)
    text = f"{points} point{'' if points == 1 else 's'}"
    if not batches:
        return text
    plural = "" if len(batches) == 1 else "es"
    return f"{len(batches)} batch{plural} of {text}"


def _frame_of_bytes(
    points: Iterable[bytes], positions: Iterable[int], columns: Sequence[str] = ()
) -> Any:
    from kapnb.handler._frames import frame_from_columns

    frame = frame_from_columns(*decode_columns(points, order=columns))
    frame.insert(0, "input", list(positions), allow_duplicates=True)
    return frame
