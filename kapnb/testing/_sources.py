"""What every Source promises, as a check that anybody's own Source can be put to.

The texts of these assertions are the report, so pytest leaves them alone: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from kapnb.model import BATCH, INT_MAX, INT_MIN, STREAM, Batch, Point, Source

__all__ = ["check_source"]


def check_source(source: Source, *, ordered: bool = True) -> None:
    """Check that `source` keeps what a Source promises; return if it does.

    Parameters
    ----------
    source : Source
        With at least one item: of nothing, nothing can be said.
    ordered : bool
        Whether its items are in the order of time, as data from InfluxDB are. Say False for a
        Source that keeps another order on purpose, such as late points.

    Raises
    ------
    AssertionError
        Naming the item at fault, if a promise is broken.

    Notes
    -----
    A Source

    - says whether it gives Points (STREAM) or Batches (BATCH), and gives no other;
    - starts over each time: the same items again, with the same types of values, also while
      another iteration is under way, and after one that was given up;
    - gives items of their own to each iteration: what is done to one is not seen in the next;
    - gives each point a time and a field; what Kapacitor can carry and InfluxDB can store:
      float without NaN and infinity, int of 64 bits, str that is UTF-8, bool; and tags of str;
    - is in the order of time; a batch's points are, too, and none is behind its tmax.

    Examples
    --------
    >>> from kapnb.sources import Items
    >>> check_source(Items([Point({"v": 1}, time=0), Point({"v": 2}, time=1)]))
    >>> check_source(Items([Point({"v": 1}, time=1), Point({"v": 2}, time=0)]))
    Traceback (most recent call last):
    AssertionError: item 1: its time 0 is before the 1 of the item before it; \
if that is meant, say ordered=False
    """
    assert isinstance(source, Source), f"{source!r} has no edge, or cannot be iterated"
    assert source.edge in (STREAM, BATCH), f"edge is {source.edge!r}, neither STREAM nor BATCH"
    first = list(source)
    assert first, "there are no items, and of nothing nothing can be said"
    for index, item in enumerate(first):
        _check_item(item, source, f"item {index}")
    if ordered:
        _check_order(first)
    seen = [_frozen(item) for item in first]
    _check_again(iter(source), seen, "iterated again")
    given_up = iter(source)
    next(given_up)
    _check_again(iter(source), seen, "after an iteration that was given up")
    _check_together(source, seen)
    for item in first:
        _spoil(item)
    _check_again(iter(source), seen, "after items of an earlier iteration were changed")


def _check_item(item: Any, source: Source, where: str) -> None:
    kind = Point if source.edge is STREAM else Batch
    assert isinstance(item, kind), (
        f"{where}: {type(item).__name__} on an edge of {source.edge.name}"
    )
    if isinstance(item, Point):
        _check_point(item, where)
        return
    _check_tags(item.tags, where)
    for index, point in enumerate(item.points):
        _check_point(point, f"{where}, point {index}")
    times = [point.time for point in item.points]
    assert times == sorted(times), f"{where}: its points are not in the order of time"
    assert item.tmax_or_none is not None, f"{where}: the batch has no tmax"
    assert not times or times[-1] <= item.tmax, f"{where}: a point is behind tmax"


def _check_point(point: Point, where: str) -> None:
    assert point.has_time, f"{where}: the point has no time"
    assert INT_MIN <= point.time <= INT_MAX, f"{where}: its time does not fit 64 bits"
    assert point.fields, f"{where}: the point has no field"
    _check_text(point.name, where)
    _check_tags(point.tags, where)
    for name, value in point.fields.items():
        what = f"{where}, field {name!r}"
        _check_text(name, what)
        assert type(value) in (float, int, str, bool), f"{what}: {type(value).__name__} is no type"
        if type(value) is int:
            assert INT_MIN <= value <= INT_MAX, f"{what}: {value} does not fit 64 bits"
        elif type(value) is float:
            assert math.isfinite(value), f"{what}: {value} cannot be stored; leave the field out"
        elif isinstance(value, str):
            _check_text(value, what)


def _check_tags(tags: Any, where: str) -> None:
    for name, value in tags.items():
        _check_text(name, where)
        _check_text(value, f"{where}, tag {name!r}")


def _check_text(text: Any, where: str) -> None:
    assert isinstance(text, str), f"{where}: {text!r} is no str"
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AssertionError(
            f"{where}: {text!r} is no UTF-8; Kapacitor could not send it"
        ) from None


def _check_order(items: list[Point | Batch]) -> None:
    """Points by their time, batches of one group by tmax: groups follow one another."""
    last: dict[tuple[str, str], int] = {}
    for index, item in enumerate(items):
        key = ("", "") if isinstance(item, Point) else (item.name, item.group)
        time = item.time if isinstance(item, Point) else item.tmax
        before = last.get(key, time)
        assert before <= time, (
            f"item {index}: its time {time} is before the {before} of the item before it; if that "
            "is meant, say ordered=False"
        )
        last[key] = time


def _check_again(items: Iterator[Point | Batch], seen: list[Any], when: str) -> None:
    for index, (item, expected) in enumerate(itertools.zip_longest(items, seen)):
        assert item is not None, f"{when}: {index} items, {len(seen)} at first"
        assert expected is not None, f"{when}: more items than the {len(seen)} at first"
        assert _frozen(item) == expected, f"{when}: item {index} is {item!r}, another than at first"


def _check_together(source: Source, seen: list[Any]) -> None:
    pairs = zip(source, source, strict=True)
    for index, ((one, other), expected) in enumerate(zip(pairs, seen, strict=True)):
        same = _frozen(one) == _frozen(other) == expected
        assert same, f"two iterations at once disturb each other at item {index}"
        assert one is not other, f"item {index}: two iterations share it"


def _frozen(item: Point | Batch) -> Any:
    """Return all of an item as a value that cannot change, with the types of its fields."""
    if isinstance(item, Batch):
        head = (item.name, tuple(item.tags.items()), item.tmax_or_none, item.by_name)
        return (*head, tuple(_frozen(point) for point in item.points))
    fields = tuple((name, type(value), value) for name, value in sorted(item.fields.items()))
    tags = tuple(sorted(item.tags.items()))
    place = (item.database, item.retention_policy)
    return (item.time, item.name, tags, fields, item.dimensions, item.by_name, place)


def _spoil(item: Point | Batch) -> None:
    """Change all of an item that a Handler might."""
    if isinstance(item, Batch):
        for point in item.points:
            _spoil(point)
        item.points.clear()
        item.tags["spoilt"] = "yes"
        return
    item.fields["spoilt"] = True
    for name in list(item.fields):
        item.fields[name] = "spoilt"
    item.tags["spoilt"] = "yes"
    item.time = 0
