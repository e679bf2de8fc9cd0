"""Times and durations: ints in nanoseconds, and how people write them."""

from __future__ import annotations

import re

__all__ = ["Duration", "format_time", "parse_duration", "parse_time"]

#: TICKscript's units in nanoseconds. There is no ``ns`` in TICKscript.
_UNITS = {
    "u": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
# Not compiled here: most agents need neither.
_DURATION = r"(-?\d+)(u|µ|ms|s|m|h|d|w)"
_RFC3339 = r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})"


class Duration(int):
    """A span of time: an int in nanoseconds that shows itself as TICKscript writes it.

    Examples
    --------
    >>> Duration.parse("10s")
    Duration('10s')
    >>> Duration.parse("10s") + 1
    10000000001
    """

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a TICKscript duration literal: a whole number and one unit.

        Raises
        ------
        ValueError
            If `text` is no such literal.
        """
        return cls(parse_duration(text))

    @property
    def seconds(self) -> float:
        """The span in seconds."""
        return self / 1e9

    def __str__(self) -> str:
        value = int(self)
        for unit in ("w", "d", "h", "m", "s", "ms", "u"):
            if value and value % _UNITS[unit] == 0:
                return f"{value // _UNITS[unit]}{unit}"
        return "0s" if value == 0 else f"{value}ns"

    def __repr__(self) -> str:
        return f"Duration('{self}')"


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a TICKscript duration literal.

    Raises
    ------
    ValueError
        If `text` is not a whole number followed by one of u, µ, ms, s, m, h, d, w.

    Examples
    --------
    >>> parse_duration("90m")
    5400000000000
    >>> parse_duration("1h30m")
    Traceback (most recent call last):
        ...
    ValueError: '1h30m' is no duration: write a whole number and a unit (u ms s m h d w), as in 90s
    """
    match = re.fullmatch(_DURATION, text)
    if not match:
        raise ValueError(
            f"{text!r} is no duration: write a whole number and a unit (u ms s m h d w), as in 90s"
        )
    return int(match[1]) * _UNITS[match[2]]


def parse_time(text: str) -> int:
    """Return nanoseconds since the Unix epoch for RFC 3339 text, exact to the nanosecond.

    Raises
    ------
    ValueError
        If `text` is not RFC 3339, or has no time zone.

    Examples
    --------
    >>> parse_time("2026-03-01T06:12:10.4Z")
    1772345530400000000
    >>> parse_time("2026-03-01 06:12")
    Traceback (most recent call last):
        ...
    ValueError: '2026-03-01 06:12' is no RFC 3339 time with a zone, such as 2026-01-31T12:00:00.5Z
    """
    from datetime import datetime, timezone  # an agent can do without

    match = re.fullmatch(_RFC3339, text.strip())
    if not match:
        raise ValueError(
            f"{text!r} is no RFC 3339 time with a zone, such as 2026-01-31T12:00:00.5Z"
        )
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    moment = datetime.fromisoformat(f"{day}T{clock}{zone}") - epoch
    seconds = moment.days * 86_400 + moment.seconds
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def format_time(time: int) -> str:
    """Return `time`, in nanoseconds since the Unix epoch, as RFC 3339 in UTC.

    Times outside the years 1 to 9999 are shown as ``<n>ns``.

    Examples
    --------
    >>> format_time(1_772_345_530_400_000_000)
    '2026-03-01T06:12:10.4Z'
    """
    from datetime import datetime, timezone  # an agent can do without

    seconds, nanoseconds = divmod(time, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return f"{time}ns"
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}{fraction}Z"
