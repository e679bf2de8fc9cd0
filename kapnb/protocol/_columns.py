"""From encoded points to columns, and to points that know the order of their columns.

A neighbour of `_wire`, for the simulator and its frames; no agent loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from kapnb.model import Fields, FieldValue, Tags
from kapnb.protocol._wire import WirePoint, _undecodable, _WireFields, _WireTags, schema

__all__ = ["RowPoint", "decode_columns", "row_point"]

_V = TypeVar("_V")

#: Points that are taken together.
_BLOCK = 4096


def decode_columns(
    points: Iterable[bytes], *, order: Sequence[str] = ()
) -> tuple[list[int], dict[str, list[str | None]], dict[str, list[FieldValue | None]]]:
    """Return the times, tags and fields of encoded points, a list each.

    Parameters
    ----------
    points : iterable of bytes
        As in `WirePoint.raw`.
    order : sequence of str
        Names that precede others which appear in the same point. By default, and beyond those,
        names are in sorted order.

    Returns
    -------
    times : list of int
    tags, fields : dict of str to list
        In the order in which the names first appear, with None for what is absent.

    Raises
    ------
    RemoteProtocolError
        If some bytes are no Point.
    """
    columns = _Columns({name: place for place, name in enumerate(order)})
    points = iter(points)
    while block := list(islice(points, _BLOCK)):
        columns.take(block)
    return columns.finished()


class _Columns:
    """Columns that grow by a block of points at a time.

    A name is looked up in the map where it was seen; only a point that has more than was looked
    up is iterated.
    """

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places
        self._times: list[int] = []
        self._names: tuple[tuple[str, ...], ...] = ((),) * 5  # tags, doubles, ints, text, bools
        self._columns: tuple[list[list[Any]], ...] = tuple([] for _ in range(5))
        self._tags: dict[str, None] = {}  # names by their first appearance
        self._fields: dict[str, None] = {}
        self._rows: list[tuple[Any, ...]] = []  # those that are no columns yet

    def take(self, points: list[bytes]) -> None:
        """Take encoded points."""
        parse = schema().Point.FromString
        try:
            if not self._take_alike(map(parse, points)):
                for message in map(parse, points):
                    self._take_one(message)
                self._flush()
        except Exception as error:  # protobuf's DecodeError; its class differs by release
            raise _undecodable(error) from error

    def _take_alike(self, messages: Iterable[Any]) -> bool:
        """Take points that all have the tags and fields that are known; all of them or none."""
        before = len(self._times)
        tag_count, double_count, int_count, text_count, bool_count = map(len, self._names)
        tag_columns, double_columns, int_columns, text_columns, bool_columns = (
            [(name, column.append) for name, column in zip(names, columns, strict=True)]
            for names, columns in zip(self._names, self._columns, strict=True)
        )
        add_time = self._times.append
        for message in messages:
            tags, doubles, ints, texts, bools = (
                message.tags, message.fieldsDouble, message.fieldsInt,
                message.fieldsString, message.fieldsBool,
            )  # fmt: skip
            if not (
                len(tags) == tag_count
                and len(doubles) == double_count
                and len(ints) == int_count
                and len(texts) == text_count
                and len(bools) == bool_count
            ):
                break
            add_time(message.time)
            for name, append in tag_columns:
                append(tags.get(name))
            for name, append in double_columns:
                append(doubles.get(name))
            if int_count:
                for name, append in int_columns:
                    append(ints.get(name))
            if text_count:
                for name, append in text_columns:
                    append(texts.get(name))
            if bool_count:
                for name, append in bool_columns:
                    append(bools.get(name))
        else:
            # As many, but others, if one that was looked up is not there.
            if not any(None in column[before:] for kind in self._columns for column in kind):
                return True
        for column in (self._times, *chain.from_iterable(self._columns)):
            del column[before:]
        return False

    def _take_one(self, message: Any) -> None:
        """Take one point, whatever it has."""
        maps = (
            message.tags, message.fieldsDouble, message.fieldsInt,
            message.fieldsString, message.fieldsBool,
        )  # fmt: skip
        size = sum(map(len, maps))
        while True:
            row = tuple(
                mapping.get(name)
                for names, mapping in zip(self._names, maps, strict=True)
                for name in names
            )
            if len(row) - row.count(None) == size:
                break
            self._learn(maps)
        self._rows.append(row)
        self._times.append(message.time)

    def _learn(self, maps: Sequence[Mapping[str, Any]]) -> None:
        """Add the names of this point that were not known."""
        self._flush()

        def place(name: str) -> tuple[int, str]:
            return self._places.get(name, len(self._places)), name

        grown = []
        for known, columns, mapping in zip(self._names, self._columns, maps, strict=True):
            new = sorted(set(mapping).difference(known), key=place)
            grown.append((*known, *new))
            columns.extend([None] * len(self._times) for _ in new)
        self._names = tuple(grown)
        self._tags.update(dict.fromkeys(sorted(maps[0], key=place)))
        fields = {name for mapping in maps[1:] for name in mapping}
        self._fields.update(dict.fromkeys(sorted(fields, key=place)))

    def _flush(self) -> None:
        """Turn the rows into columns."""
        if self._rows:
            values = zip(*self._rows, strict=True)
            for column in chain.from_iterable(self._columns):
                column.extend(next(values))
        self._rows.clear()

    def finished(self) -> tuple[list[int], dict[str, list[Any]], dict[str, list[Any]]]:
        """Return times, tags, fields."""
        by_name: list[dict[str, list[Any]]] = [
            dict(zip(names, columns, strict=True))
            for names, columns in zip(self._names, self._columns, strict=True)
        ]
        tags = {name: by_name[0][name] for name in self._tags}
        fields = {
            name: _merged([columns[name] for columns in by_name[1:] if name in columns])
            for name in self._fields
        }
        return self._times, tags, fields


def _merged(columns: list[list[Any]]) -> list[Any]:
    """Return the first value that is there, row by row; so a point's own fields are chosen, too."""
    if len(columns) == 1:
        return columns[0]
    return [
        next((value for value in values if value is not None), None)
        for values in zip(*columns, strict=True)
    ]


# --------------------------------------------------------------------- points as rows


class RowPoint(WirePoint):
    """An encoded point that lists its tags and fields in the order of a table's columns."""

    __slots__ = ("_order",)

    _order: Sequence[str]

    @property
    def fields(self) -> Fields:
        """The values by name."""
        if self._fields is None:
            fields = _WireFields(self._message or self.parse())
            fields._values = _in_order(self._order, fields._all())
            self._fields = fields
        return self._fields

    @property
    def tags(self) -> Tags:
        """All tags by name."""
        if self._tags is None:
            tags = _WireTags(self._message or self.parse())
            tags._values = _in_order(self._order, tags._all())
            self._tags = tags
        return self._tags


def _in_order(order: Sequence[str], values: dict[str, _V]) -> dict[str, _V]:
    return {name: values[name] for name in order if name in values}


def row_point(raw: bytes, order: Sequence[str]) -> RowPoint:
    """Return the point of these bytes; `order` names all its tags and fields."""
    point = object.__new__(RowPoint)
    point._raw, point._order = raw, order
    point._message = point._fields = point._tags = None
    return point
