"""What flows between the nodes of a task: points and batches that share what nobody changes.

Kapacitor's nodes copy the message and share its maps; these do, too. A point in here is a plain
`Point` with everything set, never changed in place; whoever alters one makes a new one around
the parts that stay. The rules of times are Go's (time.Truncate, time.Round).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kapnb.model import Batch, BeginBatch, EndBatch, Fields, Point, Tags, group_id

__all__ = [
    "FlowBatch",
    "batch_from",
    "buffered",
    "fields_of",
    "flow_batch",
    "flow_point",
    "make_fields",
    "make_tags",
    "new_point",
    "regrouped",
    "round_time",
    "tags_of",
    "truncate_time",
    "with_parts",
]

_new = object.__new__
#: From year 1, where Go counts from, to 1970, in nanoseconds.
_SINCE_YEAR_ONE = 62_135_596_800 * 10**9


def make_fields(values: dict[str, Any]) -> Fields:
    """Return `values` as fields, unchecked and not copied."""
    fields = _new(Fields)
    fields._values = values
    fields.changed = False
    return fields


def make_tags(values: dict[str, str]) -> Tags:
    """Return `values` as tags, unchecked and not copied."""
    tags = _new(Tags)
    tags._values = values
    tags.changed = False
    return tags


def fields_of(point: Point) -> dict[str, Any]:
    """Return a point's fields as the dict they are kept in; only for reading."""
    return point.fields._all()


def tags_of(item: Point | Batch) -> dict[str, str]:
    """Return the tags as the dict they are kept in; only for reading."""
    return item.tags._all()


def new_point(
    fields: Fields,
    *,
    time: int,
    name: str,
    tags: Tags,
    dimensions: tuple[str, ...],
    by_name: bool,
    database: str = "",
    retention_policy: str = "",
) -> Point:
    """Return a point of these very parts."""
    point = _new(Point)
    point._fields = fields
    point._time = time
    point._name = name
    point._tags = tags
    point._dimensions = dimensions
    point._by_name = by_name
    point._database = database
    point._retention_policy = retention_policy
    point._group = group_id(name, tags._all(), dimensions, by_name)
    return point


def flow_point(point: Point, *, database: str = "", retention_policy: str = "") -> Point:
    """Return any complete point as one that may flow; a missing database is the given one.

    Its group is computed anew: Kapacitor never believes the one that was sent.
    """
    return new_point(
        point.fields,
        time=point.time,
        name=point.name,
        tags=point.tags,
        dimensions=point.dimensions,
        by_name=point.by_name,
        database=point.database or database,
        retention_policy=point.retention_policy or retention_policy,
    )


def with_parts(point: Point, fields: Fields | None = None, tags: Tags | None = None) -> Point:
    """Return a point like this one with other fields or tags; the group follows the tags."""
    copy = _new(Point)
    copy._fields = point._fields if fields is None else fields
    copy._time = point._time
    copy._name = point._name
    copy._dimensions = point._dimensions
    copy._by_name = point._by_name
    copy._database = point._database
    copy._retention_policy = point._retention_policy
    if tags is None:
        copy._tags, copy._group = point._tags, point._group
    else:
        copy._tags = tags
        copy._group = group_id(point.name, tags._all(), point.dimensions, point.by_name)
    return copy


def regrouped(
    point: Point, dimensions: tuple[str, ...], by_name: bool, time: int | None = None
) -> Point:
    """Return a point like this one in the group of these dimensions, perhaps at another time."""
    copy = with_parts(point)
    copy._dimensions, copy._by_name = dimensions, by_name
    if time is not None:
        copy._time = time
    copy._group = group_id(point.name, point.tags._all(), dimensions, by_name)
    return copy


class FlowBatch(Batch):
    """A batch on its way, with the size that its begin announces.

    Attributes
    ----------
    size : int
        What BeginBatch says: 0 once a node may have dropped points (Kapacitor's where and
        eval announce nothing).
    """

    __slots__ = ("_group", "size")

    size: int
    _group: str

    @property
    def group(self) -> str:
        """Kapacitor's group id."""
        return self._group

    def messages(self) -> Iterator[BeginBatch | Point | EndBatch]:
        """Yield what travels: begin, points in the batch's group, end."""
        group, tags, name = self._group, dict(tags_of(self)), self.name
        yield BeginBatch(name, group, tags, self.size, self.by_name)
        for point in self.points:
            if point._group == group:
                yield point
            else:
                moved = with_parts(point)
                moved._group = group
                yield moved
        yield EndBatch(name, group, self.tmax, tags)


def flow_batch(
    points: list[Point],
    *,
    name: str,
    tags: Tags,
    tmax: int,
    by_name: bool,
    size: int | None = None,
) -> FlowBatch:
    """Return a batch of these very parts; its dimensions are the sorted names of its tags."""
    batch = _new(FlowBatch)
    batch.points = points
    batch.name_or_none = name
    batch.tags_or_none = tags
    batch.tmax_or_none = tmax
    batch.by_name_or_none = by_name
    batch.size = len(points) if size is None else size
    batch._group = group_id(name, tags._all(), sorted(tags._all()), by_name)
    return batch


def batch_from(
    batch: Batch,
    points: Iterable[Point] | None = None,
    tags: Tags | None = None,
    size: int | None = None,
) -> FlowBatch:
    """Return a batch like this one with other points or tags.

    `size` is what its begin announces, by default the number of its points.
    """
    return flow_batch(
        batch.points if points is None else list(points),
        name=batch.name,
        tags=batch.tags if tags is None else tags,
        tmax=batch.tmax,
        by_name=batch.by_name,
        size=size,
    )


def buffered(batch: Batch) -> Batch:
    """Return a batch whose begin announces the number of its points.

    Nodes that wait for the end of a batch hand it on so (edge/batch buffer); others leave what
    was announced.
    """
    return batch if getattr(batch, "size", -1) == len(batch.points) else batch_from(batch)


def group_tags(tags: Mapping[str, str], dimensions: Iterable[str]) -> dict[str, str]:
    """Return the tags of a group: a dimension that is missing is empty (models/point.go)."""
    return {name: tags.get(name, "") for name in dimensions}


def truncate_time(time: int, every: int) -> int:
    """Return `time` rounded down to a multiple of `every` since year 1, as Go's Truncate.

    Examples
    --------
    >>> truncate_time(1_700_000_000_000_000_007, 10**9)
    1700000000000000000
    """
    return time - (time + _SINCE_YEAR_ONE) % every if every > 0 else time


def round_time(time: int, every: int) -> int:
    """Return `time` rounded to the nearest multiple of `every`; halves go up, as Go's Round."""
    if every <= 0:
        return time
    rest = (time + _SINCE_YEAR_ONE) % every
    return time - rest if rest + rest < every else time + every - rest
