"""The values of lambda expressions that Python has no type for: times, and what is missing."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from kapnb.model import Duration

__all__ = ["MISSING", "Missing", "Moment", "type_name"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Missing:
    """The value of a reference to a field or tag that the point does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Moment(int):
    """A time: an int, nanoseconds since the Unix epoch, that is no number to an operator.

    Kapacitor takes times to its server's zone; a simulation takes that to be UTC.
    """

    def date(self) -> datetime:
        """Return it as a datetime in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=int(self) // 1000)

    def go_text(self) -> str:
        """Return it as Go's Time.String: ``2023-11-14 22:13:20.5 +0000 UTC``."""
        seconds, rest = divmod(int(self), 10**9)
        day = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        return f"{day}{fraction} +0000 UTC"


_NAMES: dict[type, str] = {
    float: "float",
    int: "int",
    str: "string",
    bool: "boolean",
    re.Pattern: "regex",
    Moment: "time",
    Duration: "duration",
    Missing: "missing",
}


def type_name(value: Any) -> str:
    """Return the name of a value's type, as Kapacitor's messages have it."""
    return _NAMES.get(type(value), type(value).__name__)


def name_of_type(kind: type) -> str:
    """Return the name that Kapacitor has for a type of Python."""
    return _NAMES.get(kind, kind.__name__)
