"""Points as the batches that a `batch|query` node would have asked InfluxDB for.

Only how points are cut into windows and groups; what Kapacitor does with batches afterwards is
`kapnb.simulation`'s affair.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point, Source, parse_duration
from kapnb.sources._names import names_of

__all__ = ["Queried"]


@dataclass(frozen=True)
class Queried:
    """The points of another Source as batches, one a group and window.

    Parameters
    ----------
    source : Source
        Of points.
    group_by : iterable of str
        Tags that make the groups; ``"*"`` for all tags.
    by_measurement : bool
        Whether the measurement is part of the group. Points of different measurements are
        never in one batch.
    period : int in nanoseconds or str as in ``"10s"``, optional
        Length of a window. Without it all points of a group are one batch.
    every : int in nanoseconds or str, optional
        From the end of one window to the end of the next; by default `period`.

    Notes
    -----
    A window ends at a multiple of `every` since the Unix epoch, as with ``.align()``. It holds
    the points from its start on, and none of its end, which is its tmax. Groups without points
    in a window have no batch there. Within a window the batches are in the order of their
    measurements and groups, as InfluxDB answers, and the points in the order of time. Without
    windows tmax is the time of the last point. The points keep all their tags and have no
    name.

    Examples
    --------
    >>> from kapnb.sources import Items
    >>> points = [Point({"v": n}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(4)]
    >>> for batch in Queried(Items(points), group_by="host", period=2):
    ...     print(batch)
    Batch(m host=a 1970-01-01T00:00:00.000000002Z, 1 point)
    Batch(m host=b 1970-01-01T00:00:00.000000002Z, 1 point)
    Batch(m host=a 1970-01-01T00:00:00.000000004Z, 1 point)
    Batch(m host=b 1970-01-01T00:00:00.000000004Z, 1 point)
    """

    source: Source
    _: KW_ONLY
    group_by: Iterable[str] = ()
    by_measurement: bool = False
    period: int | str | None = None
    every: int | str | None = None

    def __post_init__(self) -> None:
        if self.source.edge is not STREAM:
            raise SourceError("the data are batches already; leave grouping and windows out")
        names = names_of(self.group_by)
        if "*" in names and len(names) > 1:
            raise SourceError("group_by is '*' for all tags, or names of tags, not both")
        period = _span(self.period, "period")
        every = _span(self.every, "every")
        if period is None and every is not None:
            raise SourceError("every needs a period, the length of a window")
        object.__setattr__(self, "group_by", tuple(sorted(set(names))))
        object.__setattr__(self, "period", period)
        object.__setattr__(self, "every", every or period)

    @property
    def edge(self) -> EdgeType:
        """BATCH."""
        return BATCH

    def __iter__(self) -> Iterator[Batch]:
        """Read the Source to its end, then give the batches."""
        points = list(_timed(self.source))
        if self.period is None:
            yield from self._groups(points, None)
            return
        assert isinstance(self.period, int)
        assert isinstance(self.every, int)
        points.sort(key=operator.attrgetter("time"))
        for stop, inside in _windows(points, self.period, self.every):
            yield from self._groups(inside, stop)

    def _groups(self, points: Iterable[Point], stop: int | None) -> Iterator[Batch]:
        groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Point]] = {}
        for point in points:
            chosen = sorted(point.tags) if self.group_by == ("*",) else self.group_by
            tags = tuple((tag, point.tags.get(tag, "")) for tag in chosen)
            groups.setdefault((point.name, tags), []).append(point)
        for (name, tags), members in sorted(groups.items(), key=operator.itemgetter(0)):
            members.sort(key=operator.attrgetter("time"))
            yield Batch(
                (Point(point.fields, time=point.time, tags=point.tags) for point in members),
                name=name,
                tags=dict(tags),
                tmax=members[-1].time if stop is None else stop,
                by_name=self.by_measurement,
            )


def _span(value: int | str | None, what: str) -> int | None:
    """Return a duration in nanoseconds."""
    if value is None:
        return None
    try:
        span = parse_duration(value) if isinstance(value, str) else value
    except ValueError as error:
        raise SourceError(f"{what}: {error}") from None
    if span <= 0:
        raise SourceError(f"{what} is {value}; it must be longer than nothing")
    return span


def _timed(source: Source) -> Iterator[Point]:
    for index, point in enumerate(source):
        assert isinstance(point, Point)
        if not point.has_time:
            raise SourceError("a point of the data needs a time", f"item {index}")
        yield point


def _windows(points: list[Point], period: int, every: int) -> Iterator[tuple[int, list[Point]]]:
    """Yield the windows that hold points, in order, each with its end; `points` is in order."""
    if not points:
        return
    first = last = 0
    stop = (points[0].time // every + 1) * every
    while first < len(points):
        while last < len(points) and points[last].time < stop:
            last += 1
        while first < last and points[first].time < stop - period:
            first += 1
        if first < last:
            yield stop, points[first:last]
            stop += every
        elif last < len(points):  # a gap: on to the first window that ends behind the next point
            stop = (points[last].time // every + 1) * every
        else:
            return
