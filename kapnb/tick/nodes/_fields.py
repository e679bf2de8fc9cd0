"""``|default`` and ``|delete``: fields and tags that are added or taken away."""

from __future__ import annotations

from typing import ClassVar

from kapnb.model import Batch, Point, Tags
from kapnb.tick.nodes._messages import (
    batch_from,
    fields_of,
    make_fields,
    make_tags,
    regrouped,
    tags_of,
    with_parts,
)
from kapnb.tick.nodes._node import Node

__all__ = ["Default", "Delete"]


class Default(Node):
    """``|default().field('name', value).tag('name', 'value')``: an empty tag counts as missing.

    A batch gets the tags, too, and with them their dimensions, as in Kapacitor.
    """

    obeys: ClassVar[frozenset[str]] = frozenset({"field", "tag"})

    def set_up(self) -> None:
        """Read the defaults."""
        self._fields, self._tags = self.pairs("field"), self.pairs("tag")

    def _filled_tags(self, item: Point | Batch) -> Tags | None:
        tags = tags_of(item)
        added = {name: value for name, value in self._tags.items() if not tags.get(name)}
        return make_tags({**tags, **added}) if added else None

    def _filled(self, point: Point) -> Point:
        fields = fields_of(point)
        added = {name: value for name, value in self._fields.items() if name not in fields}
        tags = self._filled_tags(point)
        if not added and tags is None:
            return point
        return with_parts(point, make_fields({**fields, **added}) if added else None, tags)

    def point(self, point: Point) -> None:
        """Hand it on, filled up."""
        self.emit(self._filled(point))

    def batch(self, batch: Batch) -> None:
        """Hand it on with its points and its own tags filled up."""
        points = [self._filled(point) for point in batch.points]
        self.emit_batch(_like(batch, points, self._filled_tags(batch)))


class Delete(Node):
    """``|delete().field('name').tag('name')``: a dimension that is deleted is one no more."""

    obeys: ClassVar[frozenset[str]] = frozenset({"field", "tag"})

    def set_up(self) -> None:
        """Read the names."""
        self._fields = frozenset(self.values("field"))
        self._tags = frozenset(self.values("tag"))

    def _reduced_tags(self, item: Point | Batch) -> Tags | None:
        tags = tags_of(item)
        if self._tags.isdisjoint(tags):
            return None
        return make_tags({name: tags[name] for name in tags if name not in self._tags})

    def _reduced(self, point: Point) -> Point:
        fields = fields_of(point)
        kept = None
        if not self._fields.isdisjoint(fields):
            kept = make_fields({name: fields[name] for name in fields if name not in self._fields})
        tags = self._reduced_tags(point)
        return point if kept is None and tags is None else with_parts(point, kept, tags)

    def point(self, point: Point) -> None:
        """Hand it on without them, perhaps in a larger group."""
        reduced = self._reduced(point)
        if not self._tags.isdisjoint(point.dimensions):
            left = tuple(name for name in point.dimensions if name not in self._tags)
            reduced = regrouped(reduced, left, point.by_name)
        self.emit(reduced)

    def batch(self, batch: Batch) -> None:
        """Hand it on with its points and its own tags reduced."""
        points = [self._reduced(point) for point in batch.points]
        self.emit_batch(_like(batch, points, self._reduced_tags(batch)))


def _like(batch: Batch, points: list[Point], tags: Tags | None) -> Batch:
    """Return a batch with as many points, which its begin announces as before."""
    return batch_from(batch, points, tags, size=getattr(batch, "size", len(points)))
