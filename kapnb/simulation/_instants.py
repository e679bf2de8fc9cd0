"""Datetimes of all makes as nanoseconds: Python's own, pandas' Timestamps, NumPy's datetime64.

Neither library is imported unless a value of it is there already.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

__all__ = ["nanoseconds_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 10**9
#: Of NumPy's units those of a fixed length that is a whole number of nanoseconds.
_UNITS = {
    "W": 604_800 * _SECOND,
    "D": 86_400 * _SECOND,
    "h": 3600 * _SECOND,
    "m": 60 * _SECOND,
    "s": _SECOND,
    "ms": 10**6,
    "us": 1000,
    "ns": 1,
}


def nanoseconds_of(value: Any) -> int | None:
    """Return the nanoseconds since the Unix epoch that a datetime means; None of anything else.

    Parameters
    ----------
    value : object
        A datetime or Timestamp without a zone counts as of UTC, as a datetime64 does.

    Raises
    ------
    ValueError
        If it is no time: NaT.

    Notes
    -----
    It is exact for all that such a value can hold, years included that 64 bits do not hold in
    nanoseconds: NumPy would give another time for them, pandas an error of its own.

    Examples
    --------
    >>> nanoseconds_of(datetime(3000, 1, 1, tzinfo=timezone.utc))
    32503680000000000000
    >>> nanoseconds_of("2026-01-31") is None
    True
    """
    if isinstance(value, datetime):
        if value != value:  # NaT, which is a datetime, too
            raise ValueError(f"{value} is no time")
        if not hasattr(value, "asm8"):
            aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
            passed = aware - _EPOCH
            seconds = passed.days * 86_400 + passed.seconds
            return seconds * _SECOND + passed.microseconds * 1000
        value = value.asm8
    if getattr(getattr(value, "dtype", None), "kind", "") != "M" or getattr(value, "shape", ()):
        return None
    return _of_numpy(value)


def _of_numpy(value: Any) -> int:
    import numpy as np

    if np.isnat(value):
        raise ValueError(f"{value} is no time")
    unit, count = np.datetime_data(value.dtype)
    if unit not in _UNITS:  # months and years; or finer than nanoseconds
        unit, count = ("D" if unit in "YM" else "ns"), 1
        value = value.astype(f"datetime64[{unit}]")
    return int(value.astype("int64")) * count * _UNITS[unit]
