"""The data of a published experiment with UDF options, without its generator and its server.

2147483647_story_ptr_project, influxdb_kapacitor, 02: a program writes two series every second.
"""

from __future__ import annotations

import functools

from kapnb.sources.synthetic._base import Synthetic
from kapnb.sources.synthetic._series import Series, cycle, mixed

__all__ = ["experiment"]


def experiment(*, seconds: int = 5, start: int | str = "2026-01-01T00:00:00Z") -> Synthetic:
    """Return two series, one of them with two points of the same time, the other a second late.

    Every second there arrive, in this order: 1, 2 or 3 in turn and then 999, at the same time,
    of ``measurement_100``; and 10 of ``measurement_105``, with a time one second in the past.
    So times are neither unique nor in order. The database is ``historian``, the field ``value``.

    Parameters
    ----------
    seconds : int
        How long data arrive.
    start : str as of RFC 3339, or int in nanoseconds since the Unix epoch
        When the first data arrive.

    Examples
    --------
    >>> for point in experiment(seconds=2):
    ...     print(point)
    Point(measurement_100 ID=DATA_SET_111 2026-01-01T00:00:00Z value=1)
    Point(measurement_100 ID=DATA_SET_111 2026-01-01T00:00:00Z value=999)
    Point(measurement_105 ID=DATA_SET_222 2025-12-31T23:59:59Z value=10)
    Point(measurement_100 ID=DATA_SET_111 2026-01-01T00:00:01Z value=2)
    Point(measurement_100 ID=DATA_SET_111 2026-01-01T00:00:01Z value=999)
    Point(measurement_105 ID=DATA_SET_222 2026-01-01T00:00:00Z value=10)
    """
    series = functools.partial(Series, database="historian", retention_policy="autogen")
    first, second = {"ID": "DATA_SET_111"}, {"ID": "DATA_SET_222"}
    return mixed(
        series("measurement_100", {"value": cycle(1, 2, 3)}, tags=first),
        series("measurement_100", {"value": 999}, tags=first),
        series("measurement_105", {"value": 10}, tags=second, late="1s"),
        seconds=seconds,
        start=start,
    )
