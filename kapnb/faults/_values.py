"""Faults of values: fields that are absent, new, of another type, or no number."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from kapnb.errors import SourceError
from kapnb.faults._fault import Fault, Item, PointFault, Slot, alter
from kapnb.model import INT_MAX, INT_MIN, FieldValue, Point

__all__ = ["NEW_FIELD", "AbsentFields", "NewField", "NotANumber", "TypeFlips"]

#: What a new field is called, where it shall come first among the others, or last.
NEW_FIELD = ("!kapnb", "~kapnb")


class AbsentFields(PointFault):
    """A field is absent; if it was the point's only one, the point is left alone."""

    name = "absent fields"
    reality = (
        "A point carries the fields that its writer had: a sensor that failed, or a plugin that "
        "writes its fields in several points, leaves the others out. Nothing stands in for them."
    )

    def can_touch(self, point: Point) -> bool:
        """Tell whether a field would be left: a point without one does not exist."""
        return len(point.fields) > 1

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Remove one field of each chosen point."""

        def without(point: Point) -> Point:
            copy = point.copy()
            del copy.fields[rng.choice(sorted(copy.fields))]
            return copy

        return [
            Slot(index, without(point) if index in chosen else point)
            for index, point in enumerate(points)
        ]


class TypeFlips(PointFault):
    """A field has another type; its value is as near as that type allows.

    Parameters
    ----------
    rate : float, default: 0.05
        Share of the points.
    to : {"int <-> double", "string"}
        Whether numbers change from one numeric type to the other, or become text.

    Examples
    --------
    >>> from kapnb.faults import TypeFlips
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = TypeFlips().source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 1.0, 2.0, 3, 4.0, 5.0]
    """

    name = "type flips"
    reality = (
        "Kapacitor takes a point before InfluxDB could refuse its types. Telegraf's JSON and every "
        "query give doubles for what was written as int (a batch recording's numbers are all "
        "floats, services/replay); a changed writer sends text for numbers."
    )

    def __init__(self, *, rate: float = 0.05, to: str = "int <-> double") -> None:
        super().__init__(rate=rate)
        if to not in _FLIPS:
            raise SourceError(f"to is one of {', '.join(_FLIPS)}, not {to!r}", self.name)
        self.to = to
        self.name = "int <-> double" if to != "string" else "numbers as text"

    def can_touch(self, point: Point) -> bool:
        """Tell whether there is a number."""
        return any(_flipped(value, self.to) is not None for value in point.fields.values())

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Flip every number of each chosen point."""
        return [
            Slot(index, self._flip(point) if index in chosen else point)
            for index, point in enumerate(points)
        ]

    def _flip(self, point: Point) -> Point:
        copy = point.copy()
        for field, value in list(copy.fields.items()):
            other = _flipped(value, self.to)
            if other is not None:
                copy.fields[field] = other
        return copy


_FLIPS = ("int <-> double", "string")


def _flipped(value: FieldValue, to: str) -> FieldValue | None:
    """Return a number as the other type, or None if there is none for it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if to == "string":
        return str(value)
    if isinstance(value, int):
        return float(value)
    whole = round(value) if math.isfinite(value) else None
    return whole if whole is not None and INT_MIN <= whole <= INT_MAX else None


class NotANumber(PointFault):
    """A double is NaN.

    Examples
    --------
    >>> from kapnb.faults import NotANumber
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = NotANumber(rate=0.2).source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 1.0, 2.0, 3.0, 4.0, nan]
    """

    name = "NaN"
    reality = (
        "InfluxDB stores no NaN, but an |eval that divides zero by zero and another UDF hand it "
        "on to yours."
    )

    def can_touch(self, point: Point) -> bool:
        """Tell whether there is a double."""
        return any(isinstance(value, float) for value in point.fields.values())

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Make every double of each chosen point NaN."""
        return [
            Slot(index, alter(point, _to_nan) if index in chosen else point)
            for index, point in enumerate(points)
        ]


def _to_nan(point: Point) -> None:
    for field, value in list(point.fields.items()):
        if isinstance(value, float):
            point.fields[field] = math.nan


class NewField(Fault):
    """Every point has one field more, which the Handler knows nothing of.

    Two runs are compared: in one the new field comes first among the fields, in the other last.
    Its value is 0.0, so whatever treats all fields alike gives the same in both. What differs
    took a field by its position.
    """

    name = "new field"
    reality = (
        "InfluxDB has no schema: an updated plugin adds a field, and every point has it from then "
        "on. Fields are listed in sorted order, so it moves the positions of those behind it."
    )
    harmless = True

    def items(self, items: Sequence[Item], *, first: bool) -> list[Item]:
        """Return all items with the new field."""
        name = NEW_FIELD[0 if first else 1]

        def add(point: Point) -> None:
            point.fields[name] = 0.0

        return [alter(item, add) for item in items]
