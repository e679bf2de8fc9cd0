"""Functions of strings, and conversions, as Go's strings and strconv have them.

Lengths and indices count bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from kapnb.model import INT_MAX, INT_MIN, Duration
from kapnb.tick._gotext import float_digits
from kapnb.tick._operators import EvaluationError, wrap

__all__ = [
    "OF_ONE_STRING",
    "OF_TWO_STRINGS",
    "human_bytes",
    "substring",
    "to_bool",
    "to_duration",
    "to_float",
    "to_int",
    "to_string",
]


def _find_any(find: Callable[..., int], text: str, letters: str) -> int:
    """Return the byte index of the first, or last, of some letters; -1 if there is none."""
    places = [text.index(letter) if find is min else text.rindex(letter)
              for letter in letters if letter in text]  # fmt: skip
    return len(text[: find(places)].encode()) if places else -1


def substring(text: str, start: int, stop: int) -> str:
    data = text.encode()
    for index in (start, stop):
        if index < 0:
            raise EvaluationError(f"found negative index for strSubstring: {index}")
    if stop >= len(data):
        raise EvaluationError(f"stop index too large for string in strSubstring: {stop}")
    if start > stop:
        raise EvaluationError(f"runtime error: slice bounds out of range [{start}:{stop}]")
    return data[start:stop].decode(errors="replace")


def human_bytes(value: float) -> str:
    """Return a size with a unit of 1000s, as go-humanize's Bytes does."""
    size = int(value)
    if size < 10:
        return f"{size} B"
    exponent = min(len(str(size)) - 1, 20) // 3
    amount = math.floor(size / 1000**exponent * 10 + 0.5) / 10
    unit = ("B", "kB", "MB", "GB", "TB", "PB", "EB")[exponent]
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"


OF_TWO_STRINGS: dict[str, Callable[[str, str], Any]] = {
    "strContains": lambda text, part: part in text,
    "strContainsAny": lambda text, letters: any(letter in text for letter in letters),
    "strCount": lambda text, part: text.count(part),
    "strHasPrefix": str.startswith,
    "strHasSuffix": str.endswith,
    "strIndex": lambda text, part: text.encode().find(part.encode()),
    "strIndexAny": lambda text, letters: _find_any(min, text, letters),
    "strLastIndex": lambda text, part: text.encode().rfind(part.encode()),
    "strLastIndexAny": lambda text, letters: _find_any(max, text, letters),
    "strTrim": str.strip,
    "strTrimLeft": str.lstrip,
    "strTrimPrefix": str.removeprefix,
    "strTrimRight": str.rstrip,
    "strTrimSuffix": str.removesuffix,
}
OF_ONE_STRING: dict[str, Callable[[str], Any]] = {
    "strLength": lambda text: len(text.encode()),
    "strToLower": str.lower,
    "strToUpper": str.upper,
    "strTrimSpace": str.strip,
}


_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SPANS = {
    "ns": 1, "u": 10**3, "µ": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86_400 * 10**9, "w": 604_800 * 10**9,
}  # fmt: skip


def to_bool(value: Any) -> bool:
    if isinstance(value, str):
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        raise EvaluationError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    if value in (0, 1):
        return bool(value)
    raise EvaluationError(f"cannot convert {float_digits(value)} to boolean")


def to_int(value: Any) -> int:
    if isinstance(value, float):
        return wrap(int(value)) if math.isfinite(value) else INT_MIN
    if not isinstance(value, str):
        return int(value)
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise EvaluationError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    number = int(value)
    if not INT_MIN <= number <= INT_MAX:
        raise EvaluationError(f'strconv.ParseInt: parsing "{value}": value out of range')
    return number


def to_float(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    try:
        if "_" in value or value != value.strip():
            raise ValueError
        return float(value)
    except ValueError:
        raise EvaluationError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None


def to_string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_digits(value) if isinstance(value, float) else str(value)


def to_duration(value: Any, unit: Duration | None = None) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        parts = re.findall(r"(\d+)(ns|ms|[uµsmhdw])", value)
        if not parts or "".join(f"{count}{name}" for count, name in parts) != value.lstrip("-"):
            raise EvaluationError(f'invalid duration string "{value}"')
        total = sum(int(count) * _SPANS[name] for count, name in parts)
        return Duration(-total if value.startswith("-") else total)
    if unit is None:
        raise EvaluationError("duration expects unit argument for int and float values")
    return Duration(wrap(int(value * int(unit))))
