"""A Transcript to read: one line an event, in fixed columns, the middle of a long one left out.

Not the form that is saved: that has everything (`Transcript.save`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotResponse,
    format_time,
)
from kapnb.simulation._text import kind_of

if TYPE_CHECKING:
    from kapnb.simulation._transcript import Transcript

__all__ = ["LEGEND", "transcript_lines"]

LEGEND = "> to the UDF, < from the UDF; number of the message, kind, group, event time, content"
_GROUP_MAX = 20
_CONTENT_MAX = 80
#: Of a shortened transcript the share that is its beginning.
_HEAD_SHARE = 0.6


def transcript_lines(transcript: Transcript, most: int = 40) -> Iterator[str]:
    """Yield the lines of a transcript, without its legend.

    Parameters
    ----------
    transcript : Transcript
    most : int, default: 40
        How many messages are shown; of more the middle is left out, with their number.
    """
    total = len(transcript)
    head = total if total <= most else round(most * _HEAD_SHARE)
    tail = total if total <= most else total - (most - head)
    rows = [*_rows(transcript, 0, head), *_rows(transcript, tail, total)]
    digits = len(str(total))
    width = max((len(row[3]) for row in rows), default=0)
    for number, arrow, kind, group, time, content in rows:
        if number == tail + 1 and tail > head:
            yield f"{'':>{digits}}   … {tail - head:,} messages left out …"
        line = f"{number:>{digits}} {arrow} {kind:<9} {group:<{width}}  {time:<20}  {content}"
        yield line.rstrip()


def _rows(
    transcript: Transcript, start: int, stop: int
) -> Iterator[tuple[int, str, str, str, str, str]]:
    for number, (is_request, message) in enumerate(transcript.between(start, stop), start + 1):
        group, time = _place(message)
        yield (
            number,
            ">" if is_request else "<",
            kind_of(message),
            _short(" ".join(group.split()), _GROUP_MAX),
            time,
            _short(" ".join(_content(message).split()), _CONTENT_MAX),
        )


def _place(message: Any) -> tuple[str, str]:
    """Return group and time, as far as a message has them."""
    if isinstance(message, Point):
        return message.group, format_time(message.time)
    if isinstance(message, EndBatch):
        return message.group, format_time(message.tmax)
    return (message.group if isinstance(message, BeginBatch) else ""), ""


def _content(message: Any) -> str:
    """Return what a message says, in short."""
    if isinstance(message, Point):
        return " ".join(part for part in (message.name, _pairs(message.fields)) if part)
    if isinstance(message, BeginBatch):
        return f"{message.name}, {message.size} points"
    if isinstance(message, InfoResponse):
        options = ", ".join(message.options)
        edges = f"{message.wants.name} → {message.provides.name}"
        return f"{edges}{f', options {options}' if options else ''}"
    if isinstance(message, InitRequest):
        given = (
            f"{option.name}({', '.join(repr(item.value) for item in option.values)})"
            for option in message.options
        )
        return " ".join((message.task_id, message.node_id, *given))
    if isinstance(message, (InitResponse, RestoreResponse)):
        return "success" if message.success else f"refused: {message.error}"
    if isinstance(message, (RestoreRequest, SnapshotResponse)):
        return f"{len(message.snapshot):,} bytes"
    return message.error if isinstance(message, ErrorResponse) else ""


def _pairs(fields: Mapping[str, Any]) -> str:
    return " ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value!r}"
        for name, value in fields.items()
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
