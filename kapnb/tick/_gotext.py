"""Values as Go prints them: what templates and ``string()`` make of numbers, spans and times."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from kapnb.model import Duration
from kapnb.tick._types import MISSING, Moment

__all__ = ["duration_text", "float_digits", "go_text", "go_type"]

#: Powers of ten from which on Go's %v writes an exponent.
_EXPONENT_FROM, _EXPONENT_BELOW = 21, -4
_GO_TYPES: dict[type, str] = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    Duration: "time.Duration",
    Moment: "time.Time",
    type(MISSING): "*ast.Missing",
}


def go_type(value: Any) -> str:
    """Return the name of a value's type in Go, as messages show it."""
    return _GO_TYPES.get(type(value), "*regexp.Regexp")


def go_text(value: Any) -> str:
    """Return a value as Go's ``%v`` prints it.

    Examples
    --------
    >>> [go_text(value) for value in (2.0, 1e21, 1e-5, True, Duration.parse("90s"))]
    ['2', '1e+21', '1e-05', 'true', '1m30s']
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Moment):
        return value.go_text()
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        pairs = " ".join(f"{name}:{go_text(value[name])}" for name in sorted(value))
        return f"map[{pairs}]"
    return str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if value == 0:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    exponent = Decimal(repr(value)).adjusted()
    if _EXPONENT_BELOW <= exponent < _EXPONENT_FROM:
        return float_digits(value)
    digits = "".join(str(digit) for digit in Decimal(repr(value)).as_tuple().digits).rstrip("0")
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits[0]
    sign = "-" if value < 0 else ""
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def float_digits(value: float) -> str:
    """Return a float in as few digits as are needed and without an exponent."""
    if not math.isfinite(value):
        return _float(value)
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def duration_text(nanoseconds: int) -> str:
    """Return a span of time as Go's Duration.String, such as ``1h0m0.5s``."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", int(nanoseconds))
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if rest < size * 1_000:
            return f"{sign}{_fraction(rest, size)}{unit}"
    minutes, seconds = divmod(rest, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_fraction(seconds, 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _fraction(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
