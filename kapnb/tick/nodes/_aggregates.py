"""The functions of InfluxQL that give one value: ``|count``, ``|mean``, ``|last`` and others.

On a batch they work on its points; on a stream, on consecutive points of a group with the same
time (influxql.go). The last ones of a stream give nothing: no later point closes them. Each
function is one entry in `FUNCTIONS`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from kapnb.model import Batch, Point
from kapnb.tick._gotext import go_type
from kapnb.tick._operators import wrap
from kapnb.tick.nodes._messages import (
    FlowBatch,
    fields_of,
    flow_batch,
    group_tags,
    make_fields,
    make_tags,
    new_point,
    tags_of,
)
from kapnb.tick.nodes._node import Node, not_simulated

__all__ = ["FUNCTIONS", "Aggregate", "Distinct"]

Sample = tuple[int, Any, Point]


@dataclass(frozen=True)
class InfluxFunction:
    """One function.

    Attributes
    ----------
    reduce : callable
        Gets the samples (time, value, point) and the further arguments; returns the value, or
        of a selector the selected sample, or None if there is none.
    kinds : tuple of type
        The types of fields that it takes.
    selects : bool
        Whether it gives one of the points, with its other fields and its tags.
    empty : object
        What it gives for an empty batch; None if it gives nothing.
    """

    reduce: Callable[..., Any]
    kinds: tuple[type, ...] = (float, int)
    selects: bool = False
    empty: Any = None


def _sum(samples: list[Sample]) -> float | int:
    # Not sum(), which makes up for rounding: InfluxDB does not.
    total: float | int = samples[0][1]
    for _, value, _ in samples[1:]:
        total += value
    return wrap(total) if isinstance(total, int) else total


def _mean(samples: list[Sample]) -> float:
    return float(_sum(samples)) / len(samples)


def _values(samples: list[Sample]) -> list[Any]:
    return sorted(value for _, value, _ in samples)


def _median(samples: list[Sample]) -> float:
    values = _values(samples)
    high = values[len(values) // 2]
    if len(values) % 2:
        return float(high)
    low = values[len(values) // 2 - 1]
    return float(low) + float(high - low) / 2


def _mode(samples: list[Sample]) -> Any:
    """Return the most frequent value; of several, the one that was reached first in time."""
    ordered = sorted(samples, key=lambda sample: sample[1])
    best, best_count, best_time = ordered[0][1], 0, ordered[0][0]
    current, count, start = ordered[0][1], 0, ordered[0][0]
    if len(ordered) == 1:
        return best
    for time, value, _ in ordered:
        if value != current:
            current, count, start = value, 1, time
            continue
        count += 1
        if best_count > count or (best_count == count and start > best_time):
            continue
        best, best_count, best_time = value, count, time
    return best


def _spread(samples: list[Sample]) -> Any:
    values = [value for _, value, _ in samples]
    return max(values) - min(values)


def _stddev(samples: list[Sample]) -> float:
    """Return the deviation of a sample; Kapacitor sends 0 for a single value."""
    if len(samples) < 2:
        return 0.0
    mean, squares = 0.0, 0.0
    for count, (_, value, _) in enumerate(samples, 1):
        mean += (value - mean) / count
    for _, value, _ in samples:
        squares += (value - mean) ** 2
    return math.sqrt(squares / (len(samples) - 1))


def _first(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[0] < best[0] or (s[0] == best[0] and s[1] > best[1]) else best,
        samples,
    )


def _last(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[0] > best[0] or (s[0] == best[0] and s[1] > best[1]) else best,
        samples,
    )


def _min(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[1] < best[1] or (s[1] == best[1] and s[0] < best[0]) else best,
        samples,
    )


def _max(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[1] > best[1] or (s[1] == best[1] and s[0] < best[0]) else best,
        samples,
    )


def _percentile(samples: list[Sample], percentile: float) -> Sample | None:
    index = math.floor(len(samples) * percentile / 100 + 0.5) - 1
    if not 0 <= index < len(samples):
        return None
    return sorted(samples, key=lambda sample: sample[1])[index]


_ALL = (float, int, str, bool)

#: The functions by their names in a script.
FUNCTIONS: dict[str, InfluxFunction] = {
    "count": InfluxFunction(len, _ALL, empty=0),
    "first": InfluxFunction(_first, _ALL, selects=True),
    "last": InfluxFunction(_last, _ALL, selects=True),
    "max": InfluxFunction(_max, selects=True),
    "mean": InfluxFunction(_mean),
    "median": InfluxFunction(_median),
    "min": InfluxFunction(_min, selects=True),
    "mode": InfluxFunction(_mode),
    "percentile": InfluxFunction(_percentile, selects=True),
    "spread": InfluxFunction(_spread),
    "stddev": InfluxFunction(_stddev),
    "sum": InfluxFunction(_sum, empty=0.0),
}


@dataclass
class _Group:
    """What one group has collected: of a batch, or of one time of a stream."""

    name: str
    dimensions: tuple[str, ...]
    by_name: bool
    tags: dict[str, str]
    time: int
    kind: type | None = None
    samples: list[Sample] | None = None


class Aggregate(Node):
    """``|mean('field')`` and its like, with ``.as`` and ``.usePointTimes``.

    The first value decides about the type; values of another one are logged and left out.
    """

    obeys: ClassVar[frozenset[str]] = frozenset({"as", "usePointTimes"})

    def set_up(self) -> None:
        """Find the function."""
        self._field, *self._arguments = self.node.arguments
        self._function = self._find()
        self._as = self.last("as", self.node.kind)
        self._point_times = self.flag("usePointTimes")
        self._groups: dict[str, _Group] = {}

    def _find(self) -> InfluxFunction:
        function = FUNCTIONS.get(self.node.kind)
        if function is None:
            raise not_simulated(f"|{self.node.kind}", self.node.position)
        return function

    # ------------------------------------------------------------------------ input

    def point(self, point: Point) -> None:
        """Collect it; a later time hands on what was collected."""
        group = self._groups.get(point.group)
        if group is None:
            self._groups[point.group] = group = _Group(
                point.name,
                point.dimensions,
                point.by_name,
                group_tags(tags_of(point), point.dimensions),
                point.time,
            )
        if point.time != group.time:
            if group.samples is not None:
                self.release(group)
            group.name, group.time = point.name, point.time
            group.kind = group.samples = None
        self._collect(group, point)

    def batch(self, batch: Batch) -> None:
        """Hand on what its points give."""
        group = _Group(
            batch.name,
            tuple(sorted(tags_of(batch))),
            batch.by_name,
            tags_of(batch),
            batch.tmax,
        )
        for point in batch.points:
            self._collect(group, point)
        if group.samples is not None:
            self.release(group)
        elif self._function.empty is not None:
            self.emit(self._made(group, self._function.empty))

    def _collect(self, group: _Group, point: Point) -> None:
        field, kinds = self._field, self._function.kinds
        value = fields_of(point).get(field)
        if value is None:
            what = "realize reduce context from fields" if group.samples is None else "aggregate"
            self.complain(f'failed to {what}: field "{field}" missing from point', point)
            return
        kind = type(value)
        if group.samples is None:
            if kind not in kinds:
                self.complain(
                    "failed to realize reduce context from fields: invalid influxql func "
                    f"{self.node.kind} with field {field}: cannot apply {self.node.kind} to "
                    f"{go_type(value)} field",
                    point,
                )
                return
            group.kind, group.samples = kind, []
        if kind is not group.kind:
            self.complain(
                f"failed to aggregate point: field {field} has wrong type: got {go_type(value)}",
                point,
            )
            return
        group.samples.append((point.time, value, point))

    # ----------------------------------------------------------------------- output

    def release(self, group: _Group) -> None:
        """Hand on what a group has collected."""
        assert group.samples is not None
        result = self._function.reduce(group.samples, *self._arguments) if group.samples else None
        if result is None:
            return
        if self._function.selects:
            self.emit(self._selected(group, result))
        else:
            self.emit(self._made(group, result))

    def _made(self, group: _Group, value: Any) -> Point:
        return new_point(
            make_fields({self._as: value}),
            time=group.time,
            name=group.name,
            tags=make_tags(group.tags),
            dimensions=group.dimensions,
            by_name=group.by_name,
        )

    def _selected(self, group: _Group, sample: Sample) -> Point:
        """Return the selected point: all its fields, one of them under another name."""
        time, value, point = sample
        fields = {name: other for name, other in fields_of(point).items() if name != self._field}
        return new_point(
            make_fields({**fields, self._as: value}),
            time=time if self._point_times else group.time,
            name=group.name,
            tags=point.tags,
            dimensions=group.dimensions,
            by_name=group.by_name,
        )


class Distinct(Aggregate):
    """``|distinct('field')``: a batch of the different values."""

    def _find(self) -> InfluxFunction:
        return InfluxFunction(lambda samples: samples, _ALL)

    def release(self, group: _Group) -> None:
        """Hand on a batch with a point for each value, in the order of time, then of value."""
        assert group.samples is not None
        different: dict[Any, int] = {}
        for time, value, _ in group.samples:
            different.setdefault(value, time)
        ordered = sorted((time, value) for value, time in different.items())
        points = [self._distinct(group, time, value) for time, value in ordered]
        self.emit_batch(self._wrapped(group, points))

    def _distinct(self, group: _Group, time: int, value: Any) -> Point:
        point = self._made(group, value)
        point._time = time if self._point_times else group.time
        return point

    def _wrapped(self, group: _Group, points: list[Point]) -> FlowBatch:
        return flow_batch(
            points,
            name=group.name,
            tags=make_tags(group.tags),
            tmax=max(group.time, *(point.time for point in points)),
            by_name=group.by_name,
        )
