"""A ``|query`` answered from points, as InfluxDB 1.x would answer it.

What is simulated is a plain SELECT of fields; functions, conditions and subqueries are refused.
Numbers become floats, as Kapacitor delivers them; a batch holds what lies in [stop - period,
stop), tmax is stop. Time is the data's: the first query runs one ``every`` after the first
point, the last one after the last.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.model import Point
from kapnb.tick import Property, TaskNode, TimeDimension
from kapnb.tick.nodes._messages import (
    FlowBatch,
    fields_of,
    flow_batch,
    group_tags,
    make_fields,
    make_tags,
    new_point,
    round_time,
    tags_of,
)
from kapnb.tick.nodes._node import not_simulated
from kapnb.tick.nodes._stream import dimensions_of

__all__ = ["answered"]

_NAME = r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*)'
_SELECT = re.compile(
    rf"""\s* SELECT \s+ (?P<fields> \* | {_NAME} (?:\s*,\s*{_NAME})* )
    \s+ FROM \s+ (?P<source> {_NAME}? (?:\.{_NAME}?){{0,2}} ) \s*;?\s*""",  # noqa: S608
    re.VERBOSE | re.IGNORECASE,
)
_REFUSED = ("cron", "fill")
_HINT = "give the task a recording of its queries (.brpl)"


@dataclass(frozen=True)
class _Select:
    """What a query asks for."""

    fields: tuple[str, ...] | None
    database: str
    retention_policy: str
    measurement: str

    def matches(self, point: Point) -> bool:
        """Tell whether a point lies where the query looks."""
        return (
            point.name == self.measurement
            and self.database in ("", point.database)
            and self.retention_policy in ("", point.retention_policy)
        )


def answered(node: TaskNode, points: Sequence[Point]) -> Iterator[FlowBatch]:
    """Yield the batches of one query node.

    Parameters
    ----------
    node : TaskNode
    points : sequence of Point
        Everything that is stored, in any order.

    Raises
    ------
    TickError
        If the query needs what is not simulated.
    """
    select = _parse(node)
    period, every = int(node.last("period", 0)), int(node.last("every", 0))
    offset, align = int(node.last("offset", 0)), bool(node.uses("align"))
    dimensions = _dimensions(node)
    stored = sorted((p for p in points if select.matches(p)), key=lambda point: point.time)
    return _windows(node, select, stored, _Schedule(period, every, offset, align), dimensions)


def _parse(node: TaskNode) -> _Select:
    for used in node.properties:
        if used.name in _REFUSED:
            raise not_simulated(f"property .{used.name} of |query on points", used.position, _HINT)
    text = node.arguments[0]
    match = _SELECT.fullmatch(text)
    if match is None:
        raise not_simulated(f"the query {_short(text)!r} on points", node.position, _HINT)
    names = re.findall(_NAME, match["fields"])
    parts = [_unquoted(part) for part in re.findall(rf"{_NAME}|(?<=\.)(?=\.)", match["source"])]
    database, policy, measurement = ["", "", *parts][-3:]
    fields = None if match["fields"] == "*" else tuple(_unquoted(name) for name in names)
    return _Select(fields, database, policy, measurement)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _dimensions(node: TaskNode) -> tuple[bool, tuple[str, ...]]:
    names: list[Any] = []
    for used in node.uses("groupBy"):
        _check_dimensions(used)
        names += used.arguments
    return dimensions_of(names)


def _check_dimensions(used: Property) -> None:
    if any(isinstance(name, TimeDimension) for name in used.arguments):
        raise not_simulated("groupBy(time(…)) of |query on points", used.position, _HINT)


@dataclass(frozen=True)
class _Schedule:
    period: int
    every: int
    offset: int
    align: bool

    def stops(self, first: int, last: int) -> Iterator[int]:
        """Yield when each query stops, until one covers the last point."""
        now = first
        while True:
            now += self.every
            if self.align:
                now = round_time(now, self.every)
            yield now - self.offset
            if now - self.offset > last:
                return


def _windows(
    node: TaskNode,
    select: _Select,
    stored: list[Point],
    schedule: _Schedule,
    dimensions: tuple[bool, tuple[str, ...]],
) -> Iterator[FlowBatch]:
    if not stored:
        return
    times = [point.time for point in stored]
    by_name = bool(node.uses("groupByMeasurement"))
    for stop in schedule.stops(times[0], times[-1]):
        window = stored[bisect_left(times, stop - schedule.period) : bisect_left(times, stop)]
        yield from _answer(select, window, stop, dimensions, by_name)


def _answer(
    select: _Select,
    window: list[Point],
    stop: int,
    dimensions: tuple[bool, tuple[str, ...]],
    by_name: bool,
) -> Iterator[FlowBatch]:
    """Yield one batch a series, in the order of their tags, as InfluxDB sorts them."""
    series: dict[tuple[tuple[str, str], ...], list[Point]] = {}
    everything, names = dimensions
    # With * all tags that occur are dimensions of all series.
    named = sorted({name for point in window for name in tags_of(point)}) if everything else names
    for point in window:
        key = tuple(group_tags(tags_of(point), named).items())
        series.setdefault(key, []).append(point)
    for key in sorted(series):
        tags = make_tags(dict(key))
        batch = flow_batch([], name=select.measurement, tags=tags, tmax=stop, by_name=by_name)
        for point in series[key]:
            fields = _selected(point, select, dict(key))
            if fields:
                row = new_point(
                    make_fields(fields),
                    time=point.time,
                    name=select.measurement,
                    tags=tags,
                    dimensions=batch.dimensions,
                    by_name=by_name,
                )
                batch.points.append(row)
        batch.size = len(batch.points)
        if batch.points:
            yield batch


def _selected(point: Point, select: _Select, grouped: dict[str, str]) -> dict[str, Any]:
    """Return the columns of a row: numbers as floats; with ``*`` or by name, tags as strings."""
    fields, tags = fields_of(point), tags_of(point)
    if select.fields is None:
        others = {name: value for name, value in tags.items() if name not in grouped}
        return others | {name: _number(value) for name, value in fields.items()}
    found = {name: _number(fields[name]) for name in select.fields if name in fields}
    if not found:
        return {}
    return {name: tags[name] for name in select.fields if name in tags} | found


def _number(value: Any) -> Any:
    return float(value) if type(value) is int else value
