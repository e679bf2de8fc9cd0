"""The functions of InfluxQL that give one value: ``|count``, ``|mean``, ``|last`` and others.

On a batch they work on its points; on a stream, on consecutive points of a group with the same
time (influxql.go). The last ones of a stream give nothing: no later point closes them. What a
function makes of the values is in `_reducers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from kapnb.model import Batch, Point
from kapnb.tick._gotext import go_type
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
from kapnb.tick.nodes._reducers import ALL_KINDS, FUNCTIONS, InfluxFunction, Sample

__all__ = ["Aggregate", "Distinct"]


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
        return InfluxFunction(lambda samples: samples, ALL_KINDS)

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
