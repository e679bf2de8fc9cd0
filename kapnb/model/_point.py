"""Point: one timed sample, as it flows along an edge.

Nothing here knows the wire. `kapnb.protocol` subclasses Point with one that decodes itself
on demand; everything a Handler may do with a point is defined here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from kapnb.model._group import group_id
from kapnb.model._time import format_time
from kapnb.model._values import (
    Fields,
    FieldValue,
    Tags,
    UnsetTags,
    check_int64,
    check_str,
    to_inherit,
)

__all__ = ["Point"]

_TIME = "a point's time (nanoseconds since 1970, UTC)"


class Point:
    """One timed sample.

    What is left out is *inherited*: when a Handler yields the point, name, tags, dimensions,
    time and the rest are taken from the input being handled. So a point made from scratch
    for a grouped input stays in its group.

    Parameters
    ----------
    fields : mapping of str to float, int, str or bool
        The values. An absent value is left out; None is refused.
    time : int, optional
        Nanoseconds since the Unix epoch, UTC.
    name : str, optional
        Measurement.
    tags : mapping of str to str, optional
        All tags.
    dimensions : str or iterable of str, optional
        Names of the tags the point is grouped by.
    by_name : bool, optional
        Whether the measurement's name is part of the group.
    database, retention_policy : str, optional
        Where the point came from, or goes to.

    Examples
    --------
    >>> point = Point({"usage": 12.5}, time=0, name="cpu", tags={"host": "a"})
    >>> point.with_fields(mean=7.0)
    Point(cpu host=a 1970-01-01T00:00:00Z usage=12.5 mean=7.0)
    """

    __slots__ = (
        "_by_name",
        "_database",
        "_dimensions",
        "_fields",
        "_group",
        "_name",
        "_retention_policy",
        "_tags",
        "_time",
    )

    _time: int | None
    _name: str | None
    _tags: Tags | None
    _fields: Fields | None
    _dimensions: tuple[str, ...] | None
    _by_name: bool | None
    _database: str | None
    _retention_policy: str | None
    _group: str | None

    def __init__(
        self,
        fields: Mapping[str, FieldValue],
        *,
        time: int | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        dimensions: Iterable[str] | None = None,
        by_name: bool | None = None,
        database: str | None = None,
        retention_policy: str | None = None,
    ) -> None:
        self._fields = Fields(fields)
        self._time = None if time is None else check_int64(time, _TIME)
        self._name = None if name is None else check_str(name, "a point's name")
        self._tags = None if tags is None else Tags(tags)
        self._dimensions = None if dimensions is None else _names(dimensions)
        self._by_name = by_name
        self._database = database
        self._retention_policy = retention_policy
        self._group = None

    @property
    def time(self) -> int:
        """Time in nanoseconds since the Unix epoch, UTC."""
        if self._time is None:
            raise ValueError("this point has no time yet: it inherits one when it is yielded")
        return self._time

    @time.setter
    def time(self, value: int) -> None:
        self._time = check_int64(value, _TIME)

    @property
    def name(self) -> str:
        """Measurement; empty for the points of a batch, which carry none."""
        return self._name or ""

    @name.setter
    def name(self, value: str) -> None:
        self._name = check_str(value, "a point's name")
        self._group = None

    @property
    def fields(self) -> Fields:
        """The values by name."""
        if self._fields is None:
            self._fields = Fields()
        return self._fields

    @property
    def tags(self) -> Tags:
        """All tags by name."""
        if self._tags is None:
            self._tags = UnsetTags()
        return self._tags

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the tags the point is grouped by."""
        return self._dimensions or ()

    @dimensions.setter
    def dimensions(self, value: Iterable[str]) -> None:
        self._dimensions = _names(value)
        self._group = None

    @property
    def by_name(self) -> bool:
        """Whether the measurement's name is part of the group."""
        return bool(self._by_name)

    @by_name.setter
    def by_name(self, value: bool) -> None:
        self._by_name = bool(value)
        self._group = None

    @property
    def database(self) -> str:
        """Database the point came from."""
        return self._database or ""

    @database.setter
    def database(self, value: str) -> None:
        self._database = value

    @property
    def retention_policy(self) -> str:
        """Retention policy the point came from."""
        return self._retention_policy or ""

    @retention_policy.setter
    def retention_policy(self, value: str) -> None:
        self._retention_policy = value

    @property
    def group(self) -> str:
        """Kapacitor's group id."""
        moved = self._tags is not None and self._tags.changed
        if self._group is not None and not moved:
            return self._group
        return group_id(self.name, self.tags, self.dimensions, self.by_name)

    def with_fields(
        self, fields: Mapping[str, FieldValue] | None = None, /, **more: FieldValue
    ) -> Point:
        """Return a copy in which these fields are set; the others stay."""
        copy = self.copy()
        copy.fields.update(fields or {}, **more)
        return copy

    def with_tags(self, tags: Mapping[str, str] | None = None, /, **more: str) -> Point:
        """Return a copy in which these tags are set; the others stay.

        The group follows: changing a tag that is a dimension moves the point.
        """
        copy = self.copy()
        copy.tags.update(tags or {}, **more)
        copy._group = None
        return copy

    def copy(self) -> Point:
        """Return an independent copy."""
        copy = Point.__new__(Point)
        copy._time = self._time
        copy._name = self._name
        copy._tags = None if to_inherit(self._tags) else Tags(self.tags)
        copy._fields = Fields(self.fields)
        copy._dimensions = self._dimensions
        copy._by_name = self._by_name
        copy._database = self._database
        copy._retention_policy = self._retention_policy
        moved = self._tags is not None and self._tags.changed
        copy._group = None if moved else self._group
        return copy

    def inherited(self, origin: Point) -> Point:
        """Return this point with whatever was not set taken from `origin`.

        Called for what a Handler yields; `origin` is the input being handled. A point that
        lacks something is copied, so that it can be yielded again for another input.
        """
        if self._is_complete():
            return self
        filled = self.copy()
        if filled._time is None:
            filled._time = origin.time
        if filled._name is None:
            filled._name = origin.name
        if filled._tags is None:
            filled._tags = Tags(origin.tags)
        if filled._dimensions is None:
            filled._dimensions = origin.dimensions
        if filled._by_name is None:
            filled._by_name = origin.by_name
        if filled._database is None:
            filled._database = origin.database
        if filled._retention_policy is None:
            filled._retention_policy = origin.retention_policy
        return filled

    def _is_complete(self) -> bool:
        return not (
            self._time is None
            or self._name is None
            or to_inherit(self._tags)
            or self._dimensions is None
            or self._by_name is None
            or self._database is None
            or self._retention_policy is None
        )

    @property
    def has_time(self) -> bool:
        """Whether the time is set; otherwise it is inherited."""
        return self._time is not None

    def _key(self) -> tuple[Any, ...]:
        return (
            self.time if self.has_time else None,
            self.name,
            self.tags,
            self.fields,
            self.dimensions,
            self.by_name,
            self.database,
            self.retention_policy,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]

    if not TYPE_CHECKING:  # a checker says it at once
        __iter__ = None

        def __getitem__(self, name: object) -> NoReturn:
            held = "tags" if name in self.tags and name not in self.fields else "fields"
            raise TypeError(f"a Point has fields and tags: write point.{held}[{name!r}]")

    def __repr__(self) -> str:
        tags = ",".join(f"{key}={value}" for key, value in self.tags.items())
        time = format_time(self.time) if self.has_time else "(time inherited)"
        fields = " ".join(f"{key}={value!r}" for key, value in self.fields.items())
        return f"Point({' '.join(part for part in (self.name, tags, time, fields) if part)})"


def _names(dimensions: Iterable[str]) -> tuple[str, ...]:
    """Return names of dimensions; a single str is one of them, not its letters."""
    return (dimensions,) if isinstance(dimensions, str) else tuple(dimensions)
