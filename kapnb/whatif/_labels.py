"""Labels: which points of the data are what a Handler should find, and kept from it.

They come in many forms, and leave as one bool a point, in the order in which the Handler gets the
points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point, Source, parse_time
from kapnb.simulation import arrange
from kapnb.simulation._instants import nanoseconds_of
from kapnb.simulation._prepared import Prepared, of_items, prepare

__all__ = ["Arranging", "is_set", "labelled", "take_labels"]

#: The field in which labels travel through the arrangement of points into batches.
_MARK = "kapnb label"


@dataclass(frozen=True)
class Arranging:
    """How the edge in front of the Handler arranges the data; see `arrange`."""

    wants: EdgeType
    group_by: tuple[str, ...]
    by_measurement: bool

    def items(self, source: Source) -> Iterator[Point | Batch]:
        """Yield what the edge carries."""
        return arrange(source, self.wants, self.group_by, by_measurement=self.by_measurement)

    def prepared(self, source: Source) -> Prepared:
        """Return it for any number of runs."""
        return prepare(source, self.wants, self.group_by, by_measurement=self.by_measurement)


def is_set(value: Any) -> bool:
    """Tell whether a value says yes: True, a number but 0 and NaN, a text that is not empty."""
    return bool(value) and value == value and not _is_missing(value)


def _is_missing(value: Any) -> bool:
    return type(value).__name__ in ("NAType", "NaTType")


def take_labels(data: Any, labels: Any) -> tuple[Any, Any]:
    """Return the data without a column of labels, and the labels.

    Parameters
    ----------
    data : object
        As `simulate` takes it.
    labels : object
        As `sweep` takes them.

    Raises
    ------
    ValueError
        If a DataFrame has no such column, or the data have no labels of their own.
    """
    if labels is True:
        if not hasattr(data, "labelled"):
            raise ValueError(
                "labels=True is for data of kapnb.sources.synthetic, which know theirs; name a "
                "column, or give bools, times or intervals"
            )
        return data, [bool(label) for _, label in data.labelled()]
    if isinstance(labels, str) and hasattr(data, "columns") and hasattr(data, "drop"):
        if labels not in data.columns:
            names = ", ".join(map(str, data.columns))
            raise ValueError(f"no column {labels!r} with labels in the data (there are: {names})")
        return data.drop(columns=labels), [is_set(value) for value in data[labels]]
    return data, labels


def labelled(source: Source, labels: Any, arranging: Arranging) -> tuple[Prepared, list[bool]]:
    """Return the data as the edge carries them, and the label of each point.

    Parameters
    ----------
    source : Source
    labels : str, or sequence of bool, of times, or of intervals
        See `sweep`.
    arranging : Arranging

    Raises
    ------
    ValueError
        If the labels are none, or do not fit the data.
    """
    if isinstance(labels, str):
        return _stripped(arranging.items(source), labels, arranging)
    values = list(labels)
    if not values:
        raise ValueError("labels are empty; leave them out if there are none")
    if all(_is_bool(value) for value in values):
        return _by_position(source, [bool(value) for value in values], arranging)
    spans = _spans(values)
    prepared = arranging.prepared(source)
    return prepared, [_within(point.time, spans) for point in _points(prepared)]


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _points(items: Iterable[Point | Batch]) -> Iterator[Point]:
    for item in items:
        yield from item.points if isinstance(item, Batch) else (item,)


def _by_position(
    source: Source, marks: list[bool], arranging: Arranging
) -> tuple[Prepared, list[bool]]:
    if source.edge is STREAM and arranging.wants is BATCH:  # points change their places
        return _stripped(arranging.items(_Marked(source, marks)), _MARK, arranging)
    prepared = arranging.prepared(source)
    count = sum(1 for _ in _points(prepared)) if prepared.edge is BATCH else len(prepared)
    _check_count(len(marks), count)
    return prepared, marks


def _check_count(marks: int, points: int) -> None:
    if marks != points:
        raise ValueError(
            f"there are {marks} labels for {points} points; give one bool a point, in the order "
            "of the data, or times, or intervals (start, end)"
        )


@dataclass(frozen=True)
class _Marked:
    """A Source whose points carry their labels."""

    source: Source
    marks: list[bool]

    edge = STREAM

    def __iter__(self) -> Iterator[Point]:
        points = list(self.source)
        _check_count(len(self.marks), len(points))
        for point, mark in zip(points, self.marks, strict=True):
            assert isinstance(point, Point)
            yield point.with_fields(**{_MARK: mark})


def _stripped(
    items: Iterable[Point | Batch], name: str, arranging: Arranging
) -> tuple[Prepared, list[bool]]:
    """Take the label out of each point."""
    kept, marks, found = [], [], False
    for item in items:
        for point in _points([item]):
            if name not in point.fields:
                if name in point.tags:
                    raise ValueError(f"labels={name!r} is a tag; labels are a field")
                marks.append(False)
                continue
            found = True
            marks.append(is_set(point.fields[name]))
            del point.fields[name]
            if not point.fields:
                raise SourceError(f"{point!r} has no field but its label {name!r}")
        kept.append(item)
    if not found:
        raise ValueError(f"no point of the data has a field {name!r} with a label")
    return of_items(kept, arranging.wants), marks


# ---------------------------------------------------------------------- times and intervals


def _spans(values: Sequence[Any]) -> list[tuple[int, int]]:
    """Return intervals, ends included, in nanoseconds; a time is one of no length."""
    spans = []
    for place, value in enumerate(values):
        ends = value if isinstance(value, (tuple, list)) else (value, value)
        if len(ends) != 2:
            raise ValueError(f"labels[{place}] is {value!r}; an interval has a start and an end")
        start, stop = (_time(end, place) for end in ends)
        if stop < start:
            raise ValueError(f"labels[{place}]: the interval {value!r} ends before it starts")
        spans.append((start, stop))
    return sorted(spans)


def _time(value: Any, place: int) -> int:
    """Return a time in nanoseconds since the Unix epoch; one without a zone is of UTC."""
    if isinstance(value, str):
        try:
            return parse_time(value)
        except ValueError as error:
            raise ValueError(f"labels[{place}]: {error}") from None
    try:
        moment = nanoseconds_of(value)
    except ValueError as error:
        raise ValueError(f"labels[{place}]: {error}") from None
    if moment is not None:
        return moment
    if isinstance(value, (bool, date, float)) or not hasattr(value, "__index__"):
        raise ValueError(
            f"labels[{place}] is {value!r}; labels are bools, times (RFC 3339, datetime, "
            "nanoseconds) or pairs of times"
        )
    return int(value)


def _within(time: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= time <= stop for start, stop in spans)
