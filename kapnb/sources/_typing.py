"""What the way into Kapacitor does to the types of values, played on any Source.

The same reading arrives as an int by line protocol, as a double from a query, and not at all as
a string by REST. A Handler that was only ever given what a DataFrame holds finds that out in
production.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal, TypeAlias, get_args

from kapnb.errors import SourceError
from kapnb.model import Batch, EdgeType, FieldValue, Point, Source
from kapnb.sources._names import names_of
from kapnb.sources._scan import LineError, scan_point

__all__ = ["Typed", "Typing", "typed"]

#: Names of the ways into Kapacitor, each with its own rules of types.
Typing: TypeAlias = Literal["written", "query", "rest", "telegraf"]


def typed(
    source: Source,
    typing: Typing,
    *,
    json_string_fields: Iterable[str] = (),
    tag_keys: Iterable[str] = ("source",),
) -> Source:
    """Return `source` with its values as they arrive on one of the ways into Kapacitor.

    Parameters
    ----------
    source : Source
        Of points or of batches.
    typing : {"written", "query", "rest", "telegraf"}
        The way; see Notes.
    json_string_fields, tag_keys : iterable of str
        Telegraf's settings of these names. Open Edge's Telegraf makes ``source`` a tag.

    Raises
    ------
    SourceError
        If there is no such way; and, while iterating, for a point that does not arrive.

    Notes
    -----
    ``"written"``
        As it is: line protocol keeps floats, ints, strings and booleans.
    ``"query"``
        As Kapacitor's `batch|query` node and its replay of batches deliver it: every number is a
        double (edge/messages.go). Ints beyond 2**53 are rounded.
    ``"rest"``
        As the Open Edge service's ``/input`` delivers it. The service joins names and values
        to a line without quotes or escapes, so JSON's numbers are doubles, text becomes what
        it looks like (``t`` is a boolean, ``5i`` an int), and most strings, and names with
        spaces, are refused by InfluxDB's parser: the service answers 500, which is a
        SourceError here. A timestamp of 0 means now there, so it is one, too.
    ``"telegraf"``
        As Telegraf's ``json`` parser delivers it: numbers are doubles; strings and booleans are
        dropped unless they are among `json_string_fields`; tags are fields of the JSON, so
        all that are not `tag_keys` go the same way. A point without a field left does not
        arrive.

    Examples
    --------
    >>> from kapnb.sources import Items
    >>> points = Items([Point({"n": 3, "ok": True}, time=1, name="m", tags={"source": "a"})])
    >>> for way in "written", "query", "rest", "telegraf":
    ...     print(*typed(points, way))
    Point(m source=a 1970-01-01T00:00:00.000000001Z n=3 ok=True)
    Point(m source=a 1970-01-01T00:00:00.000000001Z n=3.0 ok=True)
    Point(m source=a 1970-01-01T00:00:00.000000001Z n=3.0 ok=True)
    Point(m source=a 1970-01-01T00:00:00.000000001Z n=3.0)
    """
    if typing not in get_args(Typing):
        raise SourceError(f"typing is {typing!r}; it must be one of {', '.join(get_args(Typing))}")
    if typing == "written":
        return source
    strings = names_of(json_string_fields)
    return Typed(source, typing, json_string_fields=strings, tag_keys=names_of(tag_keys))


@dataclass(frozen=True)
class Typed:
    """A Source whose values arrive another way; made by `typed`, which says how."""

    source: Source
    typing: Typing
    _: KW_ONLY
    json_string_fields: tuple[str, ...] = field(default=(), repr=False)
    tag_keys: tuple[str, ...] = field(default=("source",), repr=False)

    @property
    def edge(self) -> EdgeType:
        """The edge of the Source it wraps."""
        return self.source.edge

    def __iter__(self) -> Iterator[Point | Batch]:
        """Iterate the Source anew; its own points stay as they are."""
        arrive = _WAYS[self.typing]
        for index, item in enumerate(self.source):
            where = f"item {index}"
            if isinstance(item, Point):
                arrived = arrive(self, item, item.name, where)
                if arrived is not None:
                    yield arrived
            else:
                yield self._batch(item, arrive, where)

    def kept_tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return what Telegraf makes tags of."""
        return {key: value for key, value in tags.items() if key in self.tag_keys}

    def _batch(self, batch: Batch, arrive: _Way, where: str) -> Batch:
        arrived = (
            arrive(self, point, batch.name, f"{where}, point {index}")
            for index, point in enumerate(batch.points)
        )
        tags: Mapping[str, str] | None = batch.tags_or_none
        if tags is not None and self.typing == "telegraf":
            tags = self.kept_tags(tags)
        return Batch(
            [point for point in arrived if point is not None],
            name=batch.name_or_none,
            tags=tags,
            tmax=batch.tmax_or_none,
            by_name=batch.by_name_or_none,
        )


_Way: TypeAlias = Callable[[Typed, Point, str, str], "Point | None"]


def _number(value: FieldValue) -> FieldValue:
    """Return a number as a double, and what is none as it is."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _rebuilt(point: Point, fields: Mapping[str, FieldValue], tags: Mapping[str, str]) -> Point:
    """Return a point that is `point` but for its fields and tags."""
    return Point(
        fields,
        time=point.time,
        name=point.name or None,
        tags=tags or None,
        dimensions=point.dimensions or None,
        by_name=point.by_name,
        database=point.database or None,
        retention_policy=point.retention_policy or None,
    )


def _queried(_: Typed, point: Point, name: str, where: str) -> Point:
    return point.with_fields({key: _number(value) for key, value in point.fields.items()})


def _telegraf(way: Typed, point: Point, name: str, where: str) -> Point | None:
    others = {key: value for key, value in point.tags.items() if key not in way.tag_keys}
    fields = {
        key: _number(value)
        for key, value in {**others, **point.fields}.items()
        if not isinstance(value, (bool, str)) or key in way.json_string_fields
    }
    return _rebuilt(point, fields, way.kept_tags(point.tags)) if fields else None


def _rest(_: Typed, point: Point, name: str, where: str) -> Point:
    """Write the line that the service writes, and read it as InfluxDB does."""
    if point.time == 0:
        raise SourceError("the service takes the timestamp 0 for now", where)
    head = ",".join([name, *(f"{key}={value}" for key, value in point.tags.items())])
    body = ",".join(f"{key}={value}" for key, value in point.fields.items())
    line = f"{head} {body} {point.time}"
    try:
        read, end = scan_point(line, 0, 1, None)
    except LineError as bad:
        raise _unfit(line, str(bad), where) from None
    if end != len(line):
        raise _unfit(line, "a line break ends the line", where)
    return _rebuilt(point, read.fields, read.tags)


def _unfit(line: str, problem: str, where: str) -> SourceError:
    return SourceError(
        f"this point does not arrive: the service answers 500 to {line[:60]!r}… ({problem}), "
        "since it writes no quotes; send numbers, and names without spaces",
        where,
    )


_WAYS: dict[str, _Way] = {"query": _queried, "rest": _rest, "telegraf": _telegraf}
