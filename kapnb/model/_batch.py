"""Batch: points of one group that travel together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kapnb.model._group import Group, group_id
from kapnb.model._messages import BeginBatch, EndBatch
from kapnb.model._point import Point
from kapnb.model._time import format_time
from kapnb.model._values import Tags, UnsetTags, check_int64, check_str, to_inherit

__all__ = ["Batch", "group_of"]


class Batch:
    """Points of one group that travel together.

    What is left out is inherited from the input being handled, as with `Point`.

    Parameters
    ----------
    points : iterable of Point
        In the order in which they travel.
    name : str, optional
        Measurement.
    tags : mapping of str to str, optional
        The group's tags; their sorted names are the batch's dimensions.
    tmax : int, optional
        The batch's time, nanoseconds since the Unix epoch: for a window its end.
    by_name : bool, optional
        Whether the measurement's name is part of the group.

    Examples
    --------
    >>> batch = Batch([Point({"x": 1.0}, time=7)], name="cpu", tags={"host": "a"}, tmax=10)
    >>> batch.group, batch.dimensions, batch.tmax
    ('host=a', ('host',), 10)
    >>> len(batch.points), batch.points[0].fields["x"]
    (1, 1.0)
    """

    __slots__ = ("by_name_or_none", "name_or_none", "points", "tags_or_none", "tmax_or_none")

    def __init__(
        self,
        points: Iterable[Point],
        *,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        tmax: int | None = None,
        by_name: bool | None = None,
    ) -> None:
        self.points = list(points)
        self.name_or_none = None if name is None else check_str(name, "a batch's name")
        self.tags_or_none = None if tags is None else Tags(tags)
        self.tmax_or_none = None if tmax is None else check_int64(tmax, "a batch's tmax")
        self.by_name_or_none = by_name

    @property
    def name(self) -> str:
        """Measurement."""
        return self.name_or_none or ""

    @property
    def tags(self) -> Tags:
        """The group's tags."""
        if self.tags_or_none is None:
            self.tags_or_none = UnsetTags()
        return self.tags_or_none

    @property
    def by_name(self) -> bool:
        """Whether the measurement's name is part of the group."""
        return bool(self.by_name_or_none)

    @property
    def tmax(self) -> int:
        """The batch's time, in nanoseconds since the Unix epoch."""
        if self.tmax_or_none is None:
            raise ValueError("this batch has no tmax yet: it inherits one when it is yielded")
        return self.tmax_or_none

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Sorted names of the group's tags."""
        return tuple(sorted(self.tags))

    @property
    def group(self) -> str:
        """Kapacitor's group id."""
        return group_id(self.name, self.tags, self.dimensions, self.by_name)

    def inherited(self, origin: Batch) -> Batch:
        """Return a copy with whatever was not set taken from `origin`; so for its points."""
        filled = Batch(
            (),
            name=origin.name if self.name_or_none is None else self.name_or_none,
            tags=origin.tags if to_inherit(self.tags_or_none) else self.tags,
            tmax=origin.tmax if self.tmax_or_none is None else self.tmax_or_none,
            by_name=origin.by_name if self.by_name_or_none is None else self.by_name_or_none,
        )
        base = Point(
            {},
            time=filled.tmax,
            name=filled.name,
            tags=filled.tags,
            dimensions=filled.dimensions,
            by_name=filled.by_name,
        )
        filled.points = [point.inherited(base) for point in self.points]
        return filled

    def messages(self) -> Iterator[BeginBatch | Point | EndBatch]:
        """Yield what travels: a begin, the points, an end. Nothing may be left to inherit."""
        group, tags = self.group, dict(self.tags)
        yield BeginBatch(self.name, group, tags, len(self.points), self.by_name)
        yield from self.points
        yield EndBatch(self.name, group, self.tmax, tags)

    def __len__(self) -> int:
        return len(self.points)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Batch) and (
            self.name,
            self.tags,
            self.tmax_or_none,
            self.by_name,
            self.points,
        ) == (other.name, other.tags, other.tmax_or_none, other.by_name, other.points)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        tags = ",".join(f"{key}={value}" for key, value in self.tags.items())
        time = "(tmax inherited)" if self.tmax_or_none is None else format_time(self.tmax_or_none)
        points = "1 point" if len(self.points) == 1 else f"{len(self.points)} points"
        return f"Batch({' '.join(part for part in (self.name, tags, time) if part)}, {points})"


def group_of(item: Point | Batch) -> Group:
    """Return the Group `item` belongs to.

    Examples
    --------
    >>> point = Point({"x": 1.0}, tags={"host": "a", "rack": "r"}, dimensions=["host"], time=0)
    >>> group_of(point)
    Group(id='host=a', dimensions=('host',), tags={'host': 'a'}, by_name=False)
    """
    tags = {name: item.tags.get(name, "") for name in item.dimensions}
    return Group(item.group, tuple(item.dimensions), tags, item.by_name)
