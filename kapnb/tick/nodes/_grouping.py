"""``|groupBy``: groups points of a stream anew, and splits batches."""

from __future__ import annotations

from typing import ClassVar

from kapnb.model import Batch, Point, group_id
from kapnb.tick.nodes._messages import (
    flow_batch,
    group_tags,
    make_tags,
    regrouped,
    tags_of,
)
from kapnb.tick.nodes._node import Node
from kapnb.tick.nodes._stream import dimensions_of

__all__ = ["GroupBy"]


class GroupBy(Node):
    """``|groupBy(names or *)``, with ``.exclude`` and ``.byMeasurement``.

    Batches are collected until one with another tmax begins, and then go out by group; what was
    collected last does not go out at the end of the data, as in Kapacitor (group_by.go).
    """

    obeys: ClassVar[frozenset[str]] = frozenset({"byMeasurement", "exclude"})

    def set_up(self) -> None:
        """Read the dimensions."""
        self._everything, names = dimensions_of(list(self.node.arguments))
        self._excluded = frozenset(self.values("exclude"))
        self._names = tuple(name for name in names if name not in self._excluded)
        self._by_name = self.flag("byMeasurement")
        self._tmax: int | None = None
        self._groups: dict[str, Batch] = {}

    def _dimensions(self, tags: dict[str, str]) -> tuple[str, ...]:
        if not self._everything:
            return self._names
        return tuple(name for name in sorted(tags) if name not in self._excluded)

    def point(self, point: Point) -> None:
        """Hand it on in its new group."""
        dimensions = self._dimensions(tags_of(point))
        self.emit(regrouped(point, dimensions, point.by_name or self._by_name))

    def batch(self, batch: Batch) -> None:
        """Sort the batch's points into their new groups."""
        if batch.tmax != self._tmax:
            self._tmax = batch.tmax
            self._flush()
        by_name = batch.by_name or self._by_name
        for point in batch.points:
            tags = tags_of(point)
            dimensions = self._dimensions(tags)
            key = group_id(batch.name, tags, dimensions, by_name)
            group = self._groups.get(key)
            if group is None:
                self._groups[key] = group = flow_batch(
                    [],
                    name=batch.name,
                    tags=make_tags(group_tags(tags, dimensions)),
                    tmax=batch.tmax,
                    by_name=by_name,
                )
            group.points.append(point)

    def _flush(self) -> None:
        groups, self._groups = self._groups, {}
        for group in groups.values():
            points = sorted(group.points, key=lambda point: point.time)
            self.emit_batch(
                flow_batch(
                    points,
                    name=group.name,
                    tags=group.tags,
                    tmax=group.tmax,
                    by_name=group.by_name,
                )
            )
