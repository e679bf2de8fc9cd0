"""Points as InfluxDB line protocol: text that `kapnb.sources` reads back, and people too.

Only writing lives here, so that the runtime can do it; reading is `kapnb.sources`' affair.
Line protocol has escapes for all but a few oddities, and those are refused, never altered:
what is read back is the point that was written.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable

from kapnb.model._point import Point
from kapnb.model._values import FieldValue

__all__ = ["render_line", "to_comment", "to_line"]


def to_line(point: Point) -> str:
    r"""Return `point` as one line of line protocol, or as a comment if it cannot be one.

    For files that are written while something else goes wrong: it never raises. See
    `render_line` for what a line can hold. A line break within a string field stays as it
    is, for line protocol has no escape for it: the line then takes several in a text, and
    reads back as one.

    Examples
    --------
    >>> to_line(Point({"usage": 1.0}, time=0, name="cpu", tags={"host": "a", "rack": ""}))
    'cpu,host=a usage=1.0 0'
    >>> to_line(Point({}, time=0, name="cpu"))
    '# no line: line protocol has no points without fields: Point(cpu 1970-01-01T00:00:00Z)'
    """
    try:
        line = render_line(point)
        line.encode()  # lone surrogates are in no file
    except ValueError as error:
        return to_comment(f"no line: {_reason(error)}: {point!r}")
    return line


def to_comment(text: str) -> str:
    r"""Return `text` as comment lines, which readers of line protocol skip.

    Examples
    --------
    >>> to_comment("ValueError: two\nlines")
    '# ValueError: two\n# lines'
    """
    clean = text.encode(errors="backslashreplace").decode()
    return "\n".join(f"# {line}" for line in clean.splitlines()) or "#"


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "a lone surrogate is no UTF-8"
    return str(error)


def render_line(point: Point, *, number: Callable[[float], str] = repr) -> str:
    r"""Return `point` as one line of line protocol, without a line end.

    Tags and fields are sorted, the time is in nanoseconds. An empty tag is left out: to
    InfluxDB it is an absent one. Database and retention policy have no place in a line.

    Parameters
    ----------
    point : Point
        With a name, a time and a field.
    number : callable
        How a finite float is written: by default as Python does.

    Raises
    ------
    ValueError
        If the point has no field, no time, no name, or holds what line protocol cannot:
        NaN and infinity, a line break in a name or tag, a backslash where it would escape.

    Examples
    --------
    >>> render_line(Point({"usage": 1.0, "n": 3}, time=0, name="cpu", tags={"host": "a b"}))
    'cpu,host=a\\ b n=3i,usage=1.0 0'
    """
    if not point.fields:
        raise ValueError("line protocol has no points without fields")
    tags = "".join(
        f",{_render_name('tag', key)}={_render_name('tag', value)}"
        for key, value in sorted(point.tags.items())
        if value
    )
    fields = ",".join(
        f"{_render_name('field', key)}={_render_value(key, value, number)}"
        for key, value in sorted(point.fields.items())
    )
    return f"{_render_name('measurement', point.name)}{tags} {fields} {point.time}"


@functools.cache
def _names() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """Return for each kind of name what is escaped, and what cannot be written at all.

    Compiled at the first use: a start does not wait for it.
    """
    return {
        "measurement": (re.compile(r'[, ="]'), re.compile(r"\n|\\\Z|\A[#\t\0]|\A\Z")),
        "tag": (re.compile(r"[, =]"), re.compile(r"\n|\\\Z|\A\Z")),
        "field": (re.compile(r'[, ="]'), re.compile(r'\n|\\\Z|\A[\t\0]|\A\Z|\\[, ="]')),
    }


def _render_name(kind: str, name: str) -> str:
    special, impossible = _names()[kind]
    if impossible.search(name):
        raise ValueError(f"line protocol cannot hold the {kind} {name!r}")
    return special.sub(r"\\\g<0>", name)


def _render_value(name: str, value: FieldValue, number: Callable[[float], str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if not math.isfinite(value):
        raise ValueError(f"line protocol has no {value}; leave the field {name!r} out")
    return number(value)
