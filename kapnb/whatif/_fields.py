"""How far two outputs differ, field by field, and when that is no difference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from kapnb.model import Batch, Point

__all__ = ["Near", "field_differences"]


@dataclass(frozen=True)
class Near:
    """When two floats are equal.

    Attributes
    ----------
    absolute : float
        They differ by no more …
    relative : float
        … or by no more than this share of the larger.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def same(self, one: Any, other: Any) -> bool:
        """Return whether two values are equal; what is of another type never is."""
        if type(one) is not type(other):
            return False
        if not isinstance(one, float):
            return bool(one == other)
        if self.absolute == self.relative == 0.0:
            return one == other and math.copysign(1, one) == math.copysign(1, other)
        return math.isclose(one, other, rel_tol=self.relative, abs_tol=self.absolute)


def field_differences(a: Point | Batch, b: Point | Batch, near: Near) -> dict[str, float]:
    """Return how far the fields that differ do so, at most; empty if nothing differs.

    What differs and is no number has NaN; what is no field has the name "".

    Examples
    --------
    >>> one, other = Point({"x": 1.0, "s": "a"}, time=0), Point({"x": 1.5, "s": "b"}, time=0)
    >>> field_differences(one, other, Near())
    {'x': 0.5, 's': nan}
    >>> field_differences(one, one.with_fields(x=1.001), Near(0.01))
    {}
    """
    found: dict[str, float] = {}
    if isinstance(a, Batch) is not isinstance(b, Batch):
        return {"": math.nan}
    if _head(a) != _head(b):
        found[""] = math.nan
    for one, other in _pairs(a, b):
        if one is None or other is None or _head(one) != _head(other):
            found[""] = math.nan
        if one is not None and other is not None:
            for name, size in _sizes(one, other, near):
                before = found.get(name, math.nan)
                found[name] = before if before >= size or math.isnan(size) else size
    return found


def _pairs(a: Point | Batch, b: Point | Batch) -> Iterator[tuple[Point | None, Point | None]]:
    if isinstance(a, Batch) and isinstance(b, Batch):
        return zip_longest(a.points, b.points)
    assert isinstance(a, Point)
    assert isinstance(b, Point)
    return iter([(a, b)])


def _head(item: Point | Batch) -> tuple[Any, ...]:
    """Return all but the fields."""
    tags = tuple(sorted(item.tags.items()))
    if isinstance(item, Batch):
        return item.name, tags, item.tmax, item.by_name
    place = item.database, item.retention_policy
    return item.time, item.name, tags, tuple(item.dimensions), item.by_name, place


def _sizes(one: Point, other: Point, near: Near) -> Iterator[tuple[str, float]]:
    for name in dict.fromkeys((*one.fields, *other.fields)):
        if name not in one.fields or name not in other.fields:
            yield name, math.nan
            continue
        a, b = one.fields[name], other.fields[name]
        if not near.same(a, b):
            yield name, _distance(a, b)


def _distance(a: Any, b: Any) -> float:
    numbers = all(type(value) in (int, float) for value in (a, b))
    return abs(float(a) - float(b)) if numbers else math.nan
