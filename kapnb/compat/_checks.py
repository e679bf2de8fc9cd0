"""What is looked at in points before they go out: numbers that are no numbers, groups left out.

Nearly no point has either, so nearly none is looked at: numbers only once the script has set
one that is not finite, dimensions only in points that were built from nothing. The policy for
such numbers is the session's; here the point is only shown to it.
"""

from __future__ import annotations

import sys
from typing import Any

from kapnb.agent._log import logger
from kapnb.compat._place import place
from kapnb.protocol import WirePoint, wire_point

__all__ = ["NON_FINITE", "check_groups", "checked_point", "note_double"]

#: The first field that the script has set to a NaN or an infinity; empty nearly always.
NON_FINITE: list[str] = []

#: Lines that wrote points without dimensions; one warning is enough for each.
_linted: set[tuple[Any, int]] = set()
#: More would mean lines made from data.
_LINES_MAX = 1024


def note_double(name: str, value: float) -> None:
    """Remember that a field was set to `value` if that is not finite."""
    if value - value != 0.0 and not NON_FINITE:  # math.isfinite takes longer
        NON_FINITE.append(name)


def checked_point(held: Any) -> WirePoint:
    """Return a point that the script wrote, once it has set numbers that are not finite.

    One that it has not touched passes as it came. One that holds such a number is returned as
    a point that was set, which the session then treats as those of its own Handlers.
    """
    point = wire_point(held._bytes())
    if held._past is None:
        return point
    for name, value in held._read().fieldsDouble.items():
        if value - value != 0.0:
            point.fields[name] = value
            break
    return point


def check_groups(held: Any, origin: Any) -> None:
    """Warn of a point without dimensions that was written for a grouped input.

    Parameters
    ----------
    held : udf_pb2.Point
        What the script wrote; it was not copied from the input.
    origin : udf_pb2.Point or udf_pb2.BeginBatch
        The input.
    """
    if (held._message or held._parse()).dimensions or origin is None:
        return
    came = origin._read()
    names = list(came.dimensions) if hasattr(came, "dimensions") else sorted(came.tags)
    if not names:
        return
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").startswith("kapnb.") and frame.f_back is not None:
        frame = frame.f_back
    line = (frame.f_code, frame.f_lineno)
    if line in _linted or len(_linted) >= _LINES_MAX:
        return
    _linted.add(line)
    logger().warning(
        "a point without dimensions was written for an input grouped by %s (%s); Kapacitor puts "
        "it into the group of none. Begin with .CopyFrom(point), or copy what makes the group: "
        ".dimensions.extend(%r) and these tags",
        ", ".join(names), place(), names,
    )  # fmt: skip
