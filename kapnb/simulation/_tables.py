"""What a task sent out, as DataFrames: one row a point or event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kapnb.errors import MissingExtra
from kapnb.model import Point
from kapnb.tick.nodes import Alert, Logged, Record, Served, Written

__all__ = ["records_frame"]


def records_frame(records: Sequence[Record]) -> Any:
    """Return the records of one node as a DataFrame, in their order.

    Points have columns for the measurement (``name``), tags and fields, events for level, id,
    message and duration; the index is the time. A series of ``httpOut`` is one row a value.
    """
    from kapnb.handler._frames import frame_from_points

    if records and isinstance(records[0], Alert):
        return _indexed(
            [
                {
                    "time": alert.time,
                    "level": alert.level,
                    "id": alert.id,
                    "message": alert.message,
                    "duration": alert.duration / 1e9,
                }
                for alert in records
                if isinstance(alert, Alert)
            ]
        )
    if records and isinstance(records[0], Served):
        return _indexed(
            [
                {"name": series.name, **series.tags, **dict(zip(series.columns, row, strict=True))}
                for series in records
                if isinstance(series, Served)
                for row in series.values
            ]
        )
    points, names = _points(records)
    frame = frame_from_points(points)
    frame.insert(0, "name", names, allow_duplicates=True)
    return frame


def _points(records: Sequence[Record]) -> tuple[list[Point], list[str]]:
    points: list[Point] = []
    names: list[str] = []
    for kept in records:
        if isinstance(kept, Written):
            members, name = [kept.point], kept.point.name
        else:
            assert isinstance(kept, Logged)
            name = kept.item.name
            members = [kept.item] if isinstance(kept.item, Point) else kept.item.points
        points.extend(members)
        names.extend([name] * len(members))
    return points, names


def _indexed(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("notebook", "A DataFrame of a task's records", "pandas") from error
    frame = pd.DataFrame(rows)
    times = pd.Index(frame.pop("time"), dtype="int64", name="time")
    frame.index = times.astype("datetime64[ns]").tz_localize("UTC")
    return frame
