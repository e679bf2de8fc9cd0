"""What a case expects of words, points and batches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kapnb.model import Batch, BeginBatch, EndBatch, Point
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Kapacitor, Misbehaved

__all__ = [
    "batch_messages",
    "difference_of_batches",
    "expect_batch",
    "expect_points",
    "receive_batch",
    "require",
]


def require(text: str, where: str, *patterns: str) -> None:
    """Require that `text` matches each of `patterns`, whatever the case of letters."""
    for pattern in patterns:
        if not re.search(pattern, text, re.IGNORECASE):
            shown = " ".join(text.split())[-120:] or "nothing"
            raise Misbehaved(f"{where} does not match /{pattern}/; it says: {shown}")


def expect_points(kapacitor: Kapacitor, points: Iterable[Point]) -> None:
    """Receive these points, in this order."""
    for number, expected in enumerate(points, 1):
        problem = difference(expected, kapacitor.receive(Point))
        if problem:
            raise Misbehaved(f"point {number}: {problem}")


def batch_messages(batch: Batch) -> list[Any]:
    """Return the messages in which Kapacitor sends `batch`: its points are bare."""
    begin, *_, end = batch.messages()
    bare = [Point(point.fields, time=point.time, tags=point.tags) for point in batch.points]
    return [begin, *bare, end]


def expect_batch(kapacitor: Kapacitor, expected: Batch) -> None:
    """Receive this batch; its size may be 0, which says that it is not known."""
    problem = difference_of_batches(expected, receive_batch(kapacitor))
    if problem:
        raise Misbehaved(f"batch {expected.group!r}: {problem}")


def receive_batch(kapacitor: Kapacitor) -> list[Any]:
    """Receive a begin, points, an end."""
    messages: list[Any] = [kapacitor.receive(BeginBatch)]
    while not isinstance(messages[-1], EndBatch):
        message = kapacitor.receive(object)
        if not isinstance(message, (Point, EndBatch)):
            raise Misbehaved(f"inside a batch came {message!r}")
        messages.append(message)
    return messages


def difference_of_batches(expected: Batch, messages: list[Any]) -> str | None:
    """Return what is wrong with the messages of one batch, or None."""
    begin, *points, end = messages
    if len(points) != len(expected.points):
        return f"{len(points)} points where {len(expected.points)} were expected"
    if begin.size not in (0, len(points)):
        return f"its begin announces {begin.size} points where {len(points)} follow"
    if begin.by_name != expected.by_name:
        return f"its begin has by_name = {begin.by_name}"
    for name in ("name", "tags", "tmax"):
        wanted, got = getattr(expected, name), getattr(end, name)
        if wanted != got:
            return f"its end has {name} = {got!r} where {wanted!r} was expected"
    for number, (point, wanted) in enumerate(zip(points, expected.points, strict=True), 1):
        problem = difference(_bare(wanted), _bare(point))
        if problem:
            return f"point {number}: {problem}"
    return None


def _bare(point: Point) -> Point:
    """Return what travels with the points of a batch."""
    return Point(point.fields, time=point.time, tags=point.tags)
