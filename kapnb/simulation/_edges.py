"""What Kapacitor does to data before a UDF sees it: groups, and batches of query results.

The rules are Kapacitor's (models/point.go, group_by.go, edge/messages.go); they change
dimensions and what a message carries, never values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice

from kapnb.errors import SourceError
from kapnb.handler._frames import Table
from kapnb.model import STREAM, Batch, EdgeType, Point, Source, group_id
from kapnb.protocol import SeriesEncoder, encode_point
from kapnb.sources import Frame, Items
from kapnb.sources._frames import no_fields

__all__ = ["arrange", "encoded_rows", "known_size", "parse_group_by"]

#: Sources whose points are ours to change; any other may hand out the same ones again.
_FRESH = (Frame, Items)


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
    fresh = type(source) in _FRESH
    return (_replayed(batch, index, own=fresh) for index, batch in enumerate(source))


def _grouped(
    points: Iterable[Point | Batch], group_by: tuple[str, ...], by_measurement: bool
) -> Iterator[Point]:
    return _dimensioned(_owned(points), group_by, by_measurement)


def _owned(points: Iterable[Point | Batch]) -> Iterator[Point]:
    """Yield points that we may change."""
    fresh = type(points) in _FRESH
    for index, point in enumerate(points):
        assert isinstance(point, Point)
        if not point.has_time:
            raise SourceError("a point of the data needs a time", f"item {index}")
        yield point if fresh else point.copy()


def _dimensioned(
    points: Iterable[Point], group_by: tuple[str, ...], by_measurement: bool
) -> Iterator[Point]:
    everything = group_by == ("*",)
    for point in points:
        point.dimensions = tuple(sorted(point.tags)) if everything else group_by
        point.by_name = by_measurement
        yield point


def encoded_rows(
    table: Table, group_by: tuple[str, ...], *, by_measurement: bool
) -> Iterator[bytes]:
    """Yield the rows of a DataFrame as `arrange` does for a STREAM edge, but encoded.

    Raises
    ------
    SourceError, LocalProtocolError
        At the row that has no field, or that the wire cannot carry.
    """
    encoder = SeriesEncoder(table.name or "", group_by, by_name=by_measurement)
    bare = table.first_without_fields()
    yield from islice(_encoded(table, encoder, group_by, by_measurement), bare)
    if bare is not None:
        raise no_fields(bare, table)


def _encoded(
    table: Table, encoder: SeriesEncoder, group_by: tuple[str, ...], by_measurement: bool
) -> Iterator[bytes]:
    for block in table.blocks():
        try:
            points: Iterable[bytes] = encoder.encode(block.times, block.tags, block.fields)
        except ValueError:  # some text has no encoding; one by one, the row that has it is found
            points = map(encode_point, _dimensioned(block.points(), group_by, by_measurement))
        yield from points


def _replayed(batch: Point | Batch, index: int, *, own: bool = False) -> Batch:
    """Return a batch as a replay gives it, on copies of its points unless they are our own.

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
    whole = Batch((), name=batch.name, tags=batch.tags, tmax=last, by_name=batch.by_name)
    origin, group = _origin(whole), whole.group
    for point in batch.points:
        complete = point.inherited(origin)  # a copy, unless nothing was missing
        if complete is point and not own:
            complete = point.copy()
        complete._group = group
        whole.points.append(complete)
    return whole


def _origin(batch: Batch) -> Point:
    """Return what the points of a batch inherit."""
    return Point(
        {},
        time=batch.tmax,
        name=batch.name,
        tags=batch.tags,
        dimensions=batch.dimensions,
        by_name=batch.by_name,
    )


def _queried(points: Iterable[Point]) -> Iterator[Batch]:
    groups: dict[str, list[Point]] = {}
    for point in points:
        # Complete but for its tags, so that it need not be copied once more.
        point.name, point.database = point.name, point.database
        point.retention_policy = point.retention_policy
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
            own=True,
        )


def known_size(source: Source) -> int | None:
    """Return how many items a source has, if that can be told without reading it."""
    if isinstance(source, Frame):
        return len(source.frame)
    if isinstance(source, Items):
        return len(source.items)
    return len(source) if isinstance(source, Sized) else None
