"""Data to feed a UDF with: a file's, or made up; over and over, with times that go on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from kapnb.errors import SourceError
from kapnb.model import (
    Batch,
    BeginBatch,
    EdgeType,
    EndBatch,
    FieldValue,
    Point,
    ReceivedOption,
)
from kapnb.simulation import arrange, parse_group_by
from kapnb.sources import Items, open_source

__all__ = ["Feed", "made_up", "read"]

_SECOND = 10**9
_START = 1_767_225_600 * _SECOND  # 2026-01-01
_HOSTS, _MADE_UP = 10, 1000
#: As much of a file as is worth repeating.
_ITEMS_MAX = 100_000
_FIELD_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def made_up(wants: EdgeType, options: Iterable[ReceivedOption]) -> list[Point | Batch]:
    """Return a thousand points of ten hosts, grouped by host; for BATCH one batch a host.

    Every text that an option holds is a field, too: it is likely the name of one.
    """
    texts = {item.value for option in options for item in option.values}
    named = {text for text in texts if isinstance(text, str) and _FIELD_NAME.fullmatch(text)}
    points = [_made_up_point(number, named) for number in range(_MADE_UP)]
    return list(arrange(Items(points), wants, ("host",), by_measurement=False))


def _made_up_point(number: int, named: Iterable[str]) -> Point:
    value = round(50 + 40 * math.sin(number / 25), 3)
    fields: dict[str, FieldValue] = dict.fromkeys(sorted(named), value)
    return Point(
        {"value": value, "count": number, "ok": number % 7 != 0, "text": "made up", **fields},
        time=_START + number * _SECOND,
        name="doctor",
        tags={"host": f"host{number % _HOSTS}", "site": "a"},
        database="doctor",
        retention_policy="autogen",
    )


def read(path: str, wants: EdgeType, group_by: Sequence[str] | None) -> list[Point | Batch]:
    """Return what the file holds, as the UDF's edge carries it.

    Raises
    ------
    SourceError
        If it cannot be read, is empty, or is batches where a stream is wanted.
    """
    names = parse_group_by(group_by)
    source = open_source(path, group_by=[name for name in names if name != "*"])
    items = list(islice(arrange(source, wants, names, by_measurement=False), _ITEMS_MAX))
    if not any(_size(item) for item in items):
        raise SourceError("there is not a single point", path)
    return items


class Feed:
    """The items again and again; each round is later than the one before.

    Parameters
    ----------
    items : sequence of Point or Batch
        One round.

    Attributes
    ----------
    size : int
        Points in a round.
    """

    def __init__(self, items: Sequence[Point | Batch]) -> None:
        self._items = items
        self.size = sum(map(_size, items))
        times = [time for item in items for time in _times(item)]
        self._round = max(times) - min(times) + _SECOND
        self._left = self._forever()

    def take(self, count: int) -> Iterator[BeginBatch | Point | EndBatch]:
        """Yield the messages of at least `count` further points; a batch is not parted."""
        while count > 0:
            item = next(self._left)
            count -= _size(item)
            if isinstance(item, Point):
                yield item
            else:
                group, tags = item.group, dict(item.tags)
                yield BeginBatch(item.name, group, tags, len(item), item.by_name)
                yield from item.points
                yield EndBatch(item.name, group, item.tmax, tags)

    def _forever(self) -> Iterator[Point | Batch]:
        later = 0
        while True:
            for item in self._items:
                yield _shifted(item, later) if later else item
            later += self._round


def _size(item: Point | Batch) -> int:
    return 1 if isinstance(item, Point) else len(item)


def _times(item: Any) -> list[int]:
    return [item.time] if isinstance(item, Point) else [item.tmax, *(p.time for p in item.points)]


def _shifted(item: Point | Batch, later: int) -> Point | Batch:
    if isinstance(item, Batch):
        return Batch(
            [_shifted_point(point, later) for point in item.points],
            name=item.name,
            tags=item.tags,
            tmax=item.tmax + later,
            by_name=item.by_name,
        )
    return _shifted_point(item, later)


def _shifted_point(point: Point, later: int) -> Point:
    copy = point.copy()
    copy.time = point.time + later
    return copy
