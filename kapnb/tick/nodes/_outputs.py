"""``|log``, ``|httpOut`` and ``|influxDBOut``: what would leave Kapacitor is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from kapnb.model import Batch, Point
from kapnb.tick.nodes._messages import buffered, fields_of, make_tags, new_point, tags_of
from kapnb.tick.nodes._node import Node
from kapnb.tick.nodes._records import Logged, Served, Written

__all__ = ["HttpOut", "InfluxDBOut", "Log"]

#: Nanoseconds of the precisions with which points are written.
_PRECISIONS = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 10**3,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


class Log(Node):
    """``|log()``, with ``.level`` and ``.prefix``."""

    obeys: ClassVar[frozenset[str]] = frozenset({"level", "prefix"})

    def set_up(self) -> None:
        """Read level and prefix."""
        self._level = str(self.last("level", "INFO")).upper()
        self._prefix = self.last("prefix", "")

    def point(self, point: Point) -> None:
        """Keep it and hand it on."""
        self.run.keep(Logged(self.node.id, self._level, self._prefix, point))
        self.emit(point)

    def batch(self, batch: Batch) -> None:
        """Keep it and hand it on."""
        self.run.keep(Logged(self.node.id, self._level, self._prefix, batch))
        self.emit_batch(buffered(batch))


class HttpOut(Node):
    """``|httpOut('endpoint')``: serves the last point or batch of each group."""

    def set_up(self) -> None:
        """Read the endpoint."""
        self._endpoint = self.node.arguments[0] if self.node.arguments else ""
        self._last: dict[str, Point | Batch] = {}

    def point(self, point: Point) -> None:
        """Remember it and hand it on."""
        self._last[point.group] = point
        self.emit(point)

    def batch(self, batch: Batch) -> None:
        """Remember it and hand it on."""
        self._last[batch.group] = batch
        self.emit_batch(buffered(batch))

    def finish(self) -> None:
        """Keep what is served at the end, in the order in which the groups appeared."""
        for item in self._last.values():
            columns, values = _rows(item)
            self.run.keep(
                Served(
                    self.node.id, self._endpoint, item.name, dict(tags_of(item)), columns, values
                )
            )


def _rows(item: Point | Batch) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """Return columns and rows as Kapacitor makes them (edge/messages.go, ToRow)."""
    if isinstance(item, Point):
        fields = fields_of(item)
        names = sorted(fields)
        return ("time", *names), ((item.time, *(fields[name] for name in names)),)
    if not item.points:
        return (), ()
    # The first point decides; tags that are not the batch's are columns, too.
    first, own = item.points[0], tags_of(item)
    others = {name for name in tags_of(first) if name not in own}
    names = sorted({*fields_of(first), *others})
    rows = []
    for point in item.points:
        fields, tags = fields_of(point), tags_of(point)
        rows.append((point.time, *(fields.get(name, tags.get(name)) for name in names)))
    return ("time", *names), tuple(rows)


class InfluxDBOut(Node):
    """``|influxDBOut()``: points are kept as they would be written.

    Points of a batch are written with their own tags, not with the batch's (influxdb_out.go).
    """

    obeys: ClassVar[frozenset[str]] = frozenset(
        {"database", "measurement", "precision", "retentionPolicy", "tag"}
    )
    ignores: ClassVar[frozenset[str]] = frozenset(
        {"buffer", "cluster", "create", "flushInterval", "writeConsistency"}
    )

    def set_up(self) -> None:
        """Read where points go, and what is added to them."""
        last = self.last
        self._database, self._policy = last("database", ""), last("retentionPolicy", "")
        self._measurement, self._tags = last("measurement", ""), self.pairs("tag")
        self._unit = _PRECISIONS.get(last("precision", ""), 1)

    def point(self, point: Point) -> None:
        """Keep it and hand it on."""
        self._write(point, point.name, point.database, point.retention_policy)
        self.emit(point)

    def batch(self, batch: Batch) -> None:
        """Keep its points and hand it on."""
        for point in batch.points:
            self._write(point, batch.name, "", "")
        self.emit_batch(buffered(batch))

    def _write(self, point: Point, name: str, database: str, policy: str) -> None:
        tags = tags_of(point)
        unit = self._unit
        time = point.time
        if unit > 1:  # cut off towards zero, as Go divides
            time = time // unit * unit if time >= 0 else -(-time // unit * unit)
        written = new_point(
            point.fields,
            time=time,
            name=self._measurement or name,
            tags=make_tags({**tags, **self._tags}) if self._tags else point.tags,
            dimensions=(),
            by_name=False,
            database=self._database or database,
            retention_policy=self._policy or policy,
        )
        self.run.keep(Written(self.node.id, written))
