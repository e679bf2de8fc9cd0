"""A script without a UDF, run on points: what its last node logged."""

from __future__ import annotations

from kapnb import Batch, Point, simulate
from kapnb.simulation import TaskRun

S = 10**9


def run(script: str, data) -> TaskRun:
    """Run a script, which ends in ``|log()`` if something is to be seen of it."""
    return simulate({}, data, tick=script)


def flowed(script: str, data) -> list[Point | Batch]:
    """Return what came out of the script's last node."""
    return [entry.item for entry in run(f"{script}|log()", data).logs]


def points(*times: float, name: str = "m", tags=None, **fields) -> list[Point]:
    """Return points at these seconds; by default their field x is the second."""
    return [
        Point(fields or {"x": float(time)}, time=round(time * S), name=name, tags=tags or {})
        for time in times
    ]


def seconds(batch: Batch) -> tuple[float, list[float]]:
    """Return a batch's tmax and its points' times, in seconds."""
    return batch.tmax / S, [point.time / S for point in batch.points]
