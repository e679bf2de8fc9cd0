"""What Kapacitor does to data before a UDF sees it: groups, and batches of query results.

The rules are Kapacitor's (models/point.go, group_by.go, edge/messages.go); they change
dimensions and what a message carries, never values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kapnb.errors import SourceError
from kapnb.model import STREAM, Batch, EdgeType, Point, Source, group_id

__all__ = ["arrange", "parse_group_by"]


def parse_group_by(group_by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the dimensions, sorted as Kapacitor sorts them; ``("*",)`` means all tags."""
    if group_by is None:
        return ()
    names = (group_by,) if isinstance(group_by, str) else tuple(group_by)
    if "*" in names and len(names) > 1:
        raise SourceError("group_by is '*' for all tags, or names of tags, not both")
    return tuple(sorted(set(names)))


def arrange(
    source: Source, wants: EdgeType, group_by: tuple[str, ...], *, by_measurement: bool
) -> Iterator[Point | Batch]:
    """Yield what the UDF's edge carries.

    Points for a STREAM edge get their dimensions. Points for a BATCH edge are taken for the
    result of one query: one batch a group, in the order of the group ids, tmax the last time.

    Raises
    ------
    SourceError
        If batches come where a stream is wanted, or batches are to be grouped again.
    """
    if source.edge is STREAM:
        points = _grouped(source, group_by, by_measurement)
        return points if wants is STREAM else _queried(points)
    if wants is STREAM:
        raise SourceError(
            "cannot add child mismatched edges: the data is batch, the Handler wants stream; "
            "give it points (.srpl, .lp, .csv, DataFrame) or set wants = BATCH"
        )
    if group_by or by_measurement:
        raise SourceError("recorded batches are grouped already; leave group_by out")
    return (_replayed(batch, index) for index, batch in enumerate(source))


def _grouped(
    points: Iterable[Point | Batch], group_by: tuple[str, ...], by_measurement: bool
) -> Iterator[Point]:
    everything = group_by == ("*",)
    for index, point in enumerate(points):
        assert isinstance(point, Point)
        if not point.has_time:
            raise SourceError("a point of the data needs a time", f"item {index}")
        grouped = point.copy()  # a Source may hand out the same points again
        grouped.dimensions = tuple(sorted(point.tags)) if everything else group_by
        grouped.by_name = by_measurement
        yield grouped


def _replayed(batch: Point | Batch, index: int) -> Batch:
    """Return a batch as a replay gives it, on copies of its points.

    Points without tags take the batch's; a missing tmax is the last point's time; the group
    of every point is the batch's (Kapacitor, edge/messages.go and services/replay).
    """
    assert isinstance(batch, Batch)
    tmax = batch.tmax_or_none
    if tmax is None and not batch.points:
        raise SourceError("an empty batch of the data needs a tmax", f"item {index}")
    if not all(point.has_time for point in batch.points):
        raise SourceError("a point of a batch of the data needs a time", f"item {index}")
    last = max((point.time for point in batch.points), default=0) if tmax is None else tmax
    whole = Batch(
        (point.copy() for point in batch.points),
        name=batch.name,
        tags=batch.tags,
        tmax=last,
        by_name=batch.by_name,
    )
    complete = whole.inherited(whole)
    for point in complete.points:
        point._group = complete.group
    return complete


def _queried(points: Iterable[Point]) -> Iterator[Batch]:
    groups: dict[str, list[Point]] = {}
    for point in points:
        key = group_id(point.name, point.tags, point.dimensions, point.by_name)
        groups.setdefault(f"{point.name}\n{key}", []).append(point)
    for key in sorted(groups):
        members = groups[key]
        first = members[0]
        yield _replayed(
            Batch(
                members,
                name=first.name,
                tags={name: first.tags.get(name, "") for name in first.dimensions},
                by_name=first.by_name,
            ),
            0,
        )
