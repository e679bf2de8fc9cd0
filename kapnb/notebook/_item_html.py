"""A Point and a Batch as HTML: what there is of each, with Kapacitor's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kapnb.model import Batch, Point, format_time
from kapnb.notebook._html_parts import and_more, faint, shown, table, text

__all__ = ["batch_html", "point_html"]

_ROWS_MAX = 10
_COLUMNS_MAX = 8
#: What Kapacitor calls the types of fields.
_TYPES = {float: "double", int: "int", str: "string", bool: "bool"}


def point_html(point: Point) -> str:
    """Return a Point as an HTML fragment.

    Parameters
    ----------
    point : Point

    Returns
    -------
    str
        Measurement, time, group; tags and fields with their types. What was not set says that
        it is inherited.

    Examples
    --------
    >>> html = point_html(Point({"n": 1}, time=0, name="m"))
    >>> "<td>n</td><td>field</td><td>int</td><td>1</td>" in html
    True
    """
    time = format_time(point.time) if point.has_time else "(time inherited)"
    grouped = set(point.dimensions)
    rows = [
        (name, "tag, grouped by" if name in grouped else "tag", "string", value)
        for name, value in point.tags.items()
    ]
    rows += [
        (name, "field", _TYPES[type(value)], shown(value)) for name, value in point.fields.items()
    ]
    head = _head("Point", point.name, time, point.group)
    return f"<div>{head}{table(('name', 'what', 'type', 'value'), rows)}</div>"


def batch_html(batch: Batch) -> str:
    """Return a Batch as an HTML fragment.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    str
        Measurement, time, group, the first ten points.

    Examples
    --------
    >>> "2 points" in batch_html(Batch([Point({"x": 1.5}, time=n) for n in range(2)], tmax=2))
    True
    """
    time = "(tmax inherited)" if batch.tmax_or_none is None else format_time(batch.tmax)
    group_tags = dict(batch.tags)
    columns = list(
        dict.fromkeys(name for point in batch.points for name in _row(point, group_tags))
    )
    chosen = columns[:_COLUMNS_MAX]
    rows = []
    for point in batch.points[:_ROWS_MAX]:
        row = _row(point, group_tags)
        when = format_time(point.time) if point.has_time else "(inherited)"
        rows.append((when, *(shown(row.get(name, "")) for name in chosen)))
    count = f"{len(batch)} point{'' if len(batch) == 1 else 's'}"
    head = _head("Batch", batch.name, f"{time}, {count}", batch.group)
    body = table(("time", *chosen), rows) if rows else faint("no points")
    rest = and_more(len(batch) - _ROWS_MAX, "point") + and_more(
        len(columns) - len(chosen), "column"
    )
    return f"<div>{head}{body}{rest}</div>"


def _head(kind: str, name: str, time: str, group: str) -> str:
    grouped = f"group {text(group)}" if group else "no group"
    return f"<div>{kind} <b>{text(name)}</b> {text(time)}</div>{faint(grouped)}"


def _row(point: Point, group_tags: Mapping[str, str]) -> dict[str, Any]:
    """Return tags that are not the group's own, and fields, which win a clash of names."""
    own = {name: value for name, value in point.tags.items() if group_tags.get(name) != value}
    return {**own, **point.fields}
