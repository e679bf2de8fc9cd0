r"""The grammar of line protocol: one point at a place in a text.

Whatever InfluxDB 1.x refuses is refused here, in its words, and what it reads is read with
its meaning (models/points.go):

- a character after a backslash never delimits, and a second backslash does not change that;
- ``\,`` ``\ `` ``\=`` are unescaped in tags, ``\"`` too in measurements and field keys; any
  other backslash, a doubled one included, stays as it is;
- in a quoted string, ``\"`` and ``\\`` are unescaped; it may hold line breaks.

Two things InfluxDB lets pass are refused, because it would drop data: a field given twice in
one line, and text between a closing quote and the next comma.
"""

from __future__ import annotations

import functools
import math
import re

from kapnb.model import INT_MAX, INT_MIN, FieldValue, Point

__all__ = ["LineError", "UnclosedStringError", "scan_point", "skip_blank"]

_BOOLS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)

_BETWEEN = re.compile(r"(?:[ \t\0\n]++|#[^\n]*+)*+")
_SERIES = re.compile(r"(?:[^ \n]++|(?<=\\) )++")
_NAME = re.compile(r"(?:[^, \n]++|(?<=\\)[, ])++")
_TAG_PART = re.compile(r"(?:[^, =\n]++|(?<=\\)[, =])++")
_TAG = re.compile(rf",({_TAG_PART.pattern})=({_TAG_PART.pattern})(?![=])")
_GAP = re.compile(r" [ \t\0]*+")
_FIELD_KEY = re.compile(r"(?:[^\\,\x20=\n]++|\\[^\n])++")
_FIELD = re.compile(
    rf"""({_FIELD_KEY.pattern}) (?<!\\)=
    (?: "((?: [^"\\]++ | \\(?s:.) )*+)" (?=[,\x20\n]|\Z)  # a string, and nothing behind it
      | ([^",\x20\n][^,\x20\n]*+) )""",
    re.VERBOSE,
)
_STRING = re.compile(r'"(?:[^"\\]++|\\(?s:.))*+"')
# Digits are counted because int() refuses thousands of them with an error of its own.
_NUMBER = re.compile(r"(-?[0-9]{1,99})i|-?(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_END = re.compile(r"(?: [ \t\0]*+(-?[0-9]{1,99})?)? *+(?=\n|\Z)")

_TAG_ESCAPE = re.compile(r"\\([, =])")
_NAME_ESCAPE = re.compile(r'\\([, ="])')
_STRING_ESCAPE = re.compile(r'\\(["\\])')


class LineError(ValueError):
    """What is wrong, and at which character of the text."""

    def __init__(self, problem: str, at: int) -> None:
        self.at = at
        super().__init__(problem)


class UnclosedStringError(LineError):
    """A quoted string does not end within the text."""


def skip_blank(text: str, at: int) -> int:
    """Return where the next point starts: past blank lines and comments."""
    between = _BETWEEN.match(text, at)
    assert between is not None  # it matches the empty string too
    return between.end()


def scan_point(text: str, at: int, unit: int, now: int | None) -> tuple[Point, int]:
    """Read the point that starts at `at`; return it and where its line ends.

    Raises
    ------
    LineError
        If there is no sound point.
    """
    series = _SERIES.match(text, at)
    if series is None:
        raise LineError("missing measurement", at)
    try:
        name, tags = _read_series(series[0])
    except LineError as bad:
        raise type(bad)(str(bad), at + bad.at) from None
    gap = _GAP.match(text, series.end())
    if gap is None:
        raise LineError("missing fields; write measurement,tag=value field=value", series.end())
    fields, at = _scan_fields(text, gap.end())
    time, at = _scan_time(text, at, unit, now)
    return Point(fields, time=time, name=name, tags=dict(tags)), at


# Lines of one series repeat measurement and tags to the letter; most of a file is that.
@functools.lru_cache(maxsize=4096)
def _read_series(raw: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    head = _NAME.match(raw)
    if head is None:
        raise LineError("missing measurement", 0)
    if raw[0] == "#":
        raise LineError("a line that starts with # is a comment", 0)
    tags: dict[str, str] = {}
    at = head.end()
    while at < len(raw):
        pair = _TAG.match(raw, at)
        if pair is None:
            raise _tag_trouble(raw, at)
        key = _unescape(_TAG_ESCAPE, pair[1])
        if key in tags:
            raise LineError(f"duplicate tags: {key!r} is given twice", at + 1)
        tags[key] = _unescape(_TAG_ESCAPE, pair[2])
        at = pair.end()
    return _unescape(_NAME_ESCAPE, head[0]), tuple(sorted(tags.items()))


def _unescape(escape: re.Pattern[str], raw: str) -> str:
    return escape.sub(r"\1", raw) if "\\" in raw else raw


def _tag_trouble(raw: str, at: int) -> LineError:
    key = _TAG_PART.match(raw, at + 1)
    if key is None:
        return LineError("missing tag key", at + 1)
    value = _TAG_PART.match(raw, key.end() + 1) if raw[key.end() :].startswith("=") else None
    if value is None:
        return LineError(f"missing tag value for {key[0]!r}; leave an absent tag out", key.end())
    return LineError(r"invalid tag format; write = within a tag as \=", value.end())


def _scan_fields(text: str, at: int) -> tuple[dict[str, FieldValue], int]:
    fields: dict[str, FieldValue] = {}
    while True:
        pair = _FIELD.match(text, at)
        if pair is None:
            raise _field_trouble(text, at)
        key = _unescape(_NAME_ESCAPE, pair[1])
        if key in fields:
            raise LineError(f"duplicate field {key!r}; InfluxDB would keep only one", at)
        if pair[3] is None:
            fields[key] = _unescape(_STRING_ESCAPE, pair[2])
        else:
            fields[key] = _read_value(pair[3], pair.start(3))
        at = pair.end()
        if not text.startswith(",", at):
            return fields, at
        at += 1


def _field_trouble(text: str, at: int) -> LineError:
    key = _FIELD_KEY.match(text, at)
    if key is None:
        nothing = at >= len(text) or text[at] == "\n"
        return LineError("missing fields" if nothing else "missing field key", at)
    if key[0].endswith("\\"):
        return LineError(r"invalid field format; a field key cannot end in a backslash", at)
    at = key.end()
    if not text.startswith("=", at):
        return LineError(f"invalid field format; {key[0]!r} is not followed by =value", at)
    if not text.startswith('"', at + 1):
        return LineError(f"missing field value for {key[0]!r}; leave an absent field out", at + 1)
    string = _STRING.match(text, at + 1)
    if string is None:
        return UnclosedStringError(f"unbalanced quotes; the string {key[0]!r} never ends", at + 1)
    return LineError("invalid field format; text follows a closing quote", string.end())


def _read_value(raw: str, at: int) -> FieldValue:
    number = _NUMBER.fullmatch(raw)
    if number is None:
        if raw in _BOOLS:
            return _BOOLS[raw]
        raise _value_trouble(raw, at)
    if number[1] is not None:
        value = int(number[1])
        if not INT_MIN <= value <= INT_MAX:
            raise LineError(f"unable to parse integer {raw}: it does not fit 64 bits", at)
        return value
    amount = float(raw)
    if math.isinf(amount):
        raise LineError(f"invalid float {raw}: it is too large for 64 bits", at)
    return amount


def _value_trouble(raw: str, at: int) -> LineError:
    if raw.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return LineError(f"invalid number {raw}; line protocol has no NaN, leave the field out", at)
    if re.fullmatch(r"[0-9]+u", raw):
        return LineError(f"invalid number {raw}; Kapacitor has no unsigned integers, write i", at)
    kind = "boolean" if raw[0] in "tTfF" else "number"
    return LineError(f"invalid {kind} {raw[:40]!r}; a string needs double quotes", at)


def _scan_time(text: str, at: int, unit: int, now: int | None) -> tuple[int, int]:
    end = _END.match(text, at)
    if end is None:
        raise LineError("bad timestamp; a whole number ends the line, or nothing", at)
    if end[1] is None:
        if now is None:
            raise LineError("no timestamp; add one, or pass now= to give all such lines a time", at)
        return now, end.end()
    time = int(end[1]) * unit
    if not INT_MIN <= time <= INT_MAX:
        raise LineError(f"bad timestamp {end[1]}: out of range; is the precision right?", at + 1)
    return time, end.end()
