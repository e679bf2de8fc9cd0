"""What data methods may give, and what it inherits from the input being handled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kapnb.errors import HandlerError
from kapnb.model import Batch, BeginBatch, Point

__all__ = [
    "batch_of",
    "batch_origin",
    "each",
    "foreign",
    "frame_of",
    "is_frame",
    "last_words",
    "loose",
    "point_origin",
]


def each(result: Any) -> Iterable[Any]:
    """Return what a data method gave as an iterable of Points, Batches and DataFrames.

    Raises
    ------
    HandlerError
        If it is nothing of the kind.
    """
    if isinstance(result, (Point, Batch)) or is_frame(result):
        return (result,)
    if not isinstance(result, Iterable) or isinstance(result, (str, bytes, Mapping)):
        raise HandlerError(foreign(result))
    return result


def is_frame(result: Any) -> bool:
    """Tell a DataFrame without importing pandas."""
    return type(result).__name__ == "DataFrame" and hasattr(result, "columns")


def foreign(item: Any) -> str:
    """Say that `item` is nothing that can go out."""
    hint = ": yield point.with_fields(…)" if isinstance(item, Mapping) else ""
    return (
        f"a data method gave a {type(item).__name__}; it may give Points, Batches, a DataFrame "
        f"or nothing{hint}"
    )


def batch_origin(origin: Point) -> Batch:
    """Return what a Batch inherits when `origin` is the input being handled."""
    tags = {name: origin.tags.get(name, "") for name in origin.dimensions}
    tmax = origin.time if origin.has_time else None  # a begin has none
    return Batch((), name=origin.name, tags=tags, tmax=tmax, by_name=origin.by_name)


def point_origin(begin: BeginBatch, time: int | None = None) -> Point:
    """Return what points made from scratch inside a batch inherit from."""
    return Point(
        {},
        time=time,
        name=begin.name,
        tags=begin.tags,
        dimensions=sorted(begin.tags),
        by_name=begin.by_name,
        database="",
        retention_policy="",
    )


def loose(point: Point, origin: Point) -> Point:
    """Return a point of a batch as it is outside of it; inside it has neither name nor group."""
    if point.name:
        return point
    point = point.copy()
    point.name = origin.name
    point.dimensions = point.dimensions or origin.dimensions
    point.by_name = origin.by_name
    return point


def last_words(item: Any, group: str, now: int) -> Point | Batch:
    """Return what `Handler.group_expired` gave for `group`, complete.

    The time is that of the input that let the group go. All else must be the item's own: the
    input is of another group, and a group's id cannot be taken apart.

    Raises
    ------
    HandlerError
        If it does not say which group it belongs to.
    """
    if isinstance(item, Batch):
        whole: Point | Batch = item.inherited(Batch((), name="", tags={}, tmax=now, by_name=False))
    elif isinstance(item, Point):
        whole = item.inherited(point_origin(BeginBatch(), now))
    else:
        raise HandlerError(
            f"group_expired gave a {type(item).__name__}; it may give Points and Batches"
        )
    grouped = whole.dimensions or whole.by_name or not group
    if not (whole.name and grouped):
        raise HandlerError(
            f"group_expired gave a {type(item).__name__} without name or group, and there is no "
            "input to take them from; give name=, tags= and dimensions=, or keep the group's "
            "last point in its state and give a copy with other fields"
        )
    return whole


def frame_of(batch: Batch) -> Any:
    """Return the batch as a DataFrame that remembers which columns are tags."""
    from kapnb.handler._frames import frame_from_points

    frame = frame_from_points(batch.points)
    names = {name for point in batch.points for name in point.tags}
    frame.attrs.update(tags=sorted(names), name=batch.name, group=dict(batch.tags), tmax=batch.tmax)
    return frame


def batch_of(frame: Any) -> Batch:
    """Return the Batch of a DataFrame that a Handler gave back."""
    from kapnb.handler._frames import points_from_frame

    tags = [name for name in frame.attrs.get("tags", ()) if name in frame.columns]
    return Batch(points_from_frame(frame, tags=tags))
