"""The text within recordings, as Kapacitor writes it. Packing and files are `_write`'s affair.

To the letter, as far as it can be (edge/messages.go; strings and numbers as Go's encoders have
them). What a format cannot hold is refused, never altered.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal

from kapnb.errors import SourceError
from kapnb.model import Batch, FieldValue, Point, format_time, render_line

__all__ = ["batch_line", "stream_lines"]

#: Kapacitor reads a stream recording with Go's scanner, whose lines end before 64 KiB.
_LINE_MAX = 65_536
#: What Go's encoder writes as an escape within strings, and Python's does not.
_ESCAPED = {char: f"\\u{char:04x}" for char in map(ord, "<>&\u2028\u2029")}


def stream_lines(point: Point, database: str | None, policy: str | None, where: str) -> bytes:
    """Return the three lines of a point."""
    lines = (
        point.database if database is None else database,
        point.retention_policy or ("autogen" if database else "") if policy is None else policy,
        _line(point, where),
    )
    if len(text := _encoded("\n".join(lines), where)) - text.rfind(b"\n") > _LINE_MAX:
        raise SourceError("the line has 64 KiB or more, which Kapacitor cannot read", where)
    if text.count(b"\n") != 2:
        raise SourceError("the name of a database or policy holds a line break", where)
    return text + b"\n"


def _encoded(text: str, where: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"{text[error.start]!r} is no UTF-8; leave it out", where) from None


def _line(point: Point, where: str) -> str:
    if not point.name:
        raise SourceError("the point has no measurement; give one with name=", where)
    try:
        line = render_line(point, number=_plain)
    except ValueError as error:
        raise SourceError(f"{error}", where) from None
    if "\n" not in line:
        return line
    (field, *_) = (
        key for key, value in point.fields.items() if isinstance(value, str) and "\n" in value
    )
    raise SourceError(
        f"the string field {field!r} holds a line break, which Kapacitor cannot replay "
        "(influxdata/kapacitor#379); replace it",
        where,
    )


def batch_line(batch: Batch, where: str) -> bytes:
    """Return a batch as Kapacitor's encoder writes it: what is empty is left out."""
    tmax = batch.tmax_or_none
    if tmax is None:
        tmax = max((point.time for point in batch.points), default=0)
    try:
        parts = {
            "name": batch.name and _text(batch.name),
            "tmax": _text(format_time(tmax)),
            "group": batch.group and _text(batch.group),
            "byname": "true" if batch.by_name else "",
            "tags": _tags(batch.tags) if batch.tags else "",
            "points": ",".join(_json_point(point) for point in batch.points),
        }
        parts["points"] = parts["points"] and f"[{parts['points']}]"
        line = ",".join(f'"{key}":{value}' for key, value in parts.items() if value)
    except ValueError as error:
        raise SourceError(str(error), where) from None
    return _encoded(f"{{{line}}}\n", where)


def _json_point(point: Point) -> str:
    if not point.fields:
        raise ValueError("a point has no field, and needs one")
    fields = ",".join(
        f"{_text(key)}:{_value(key, value)}" for key, value in sorted(point.fields.items())
    )
    tags = _tags(point.tags) if point.tags else "null"
    return f'{{"fields":{{{fields}}},"tags":{tags},"time":{_text(format_time(point.time))}}}'


def _tags(tags: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{_text(key)}:{_text(value)}' for key, value in sorted(tags.items()))}}}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)


def _value(name: str, value: FieldValue) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"JSON has no {value}; leave the field {name!r} out")
    if value and not 1e-6 <= abs(value) < 1e21:
        return re.sub(r"e([+-])0(\d)", r"e\1\2", repr(value))
    return _plain(value)


def _plain(value: float) -> str:
    """Return a finite float as Go's strconv writes it without exponent, shortest that is exact."""
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text.removesuffix(".0")
