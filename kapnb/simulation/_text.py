"""Messages as JSON-able dicts and back; without loss, and readable.

What is empty is left out. Ints and floats stay apart because JSON in Python keeps them apart.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from kapnb.model import (
    BeginBatch,
    EdgeType,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
    ValueType,
)

__all__ = ["kind_of", "message_from_text", "message_to_text", "point_dict"]

_REQUESTS = {
    "info": InfoRequest,
    "init": InitRequest,
    "keepalive": KeepaliveRequest,
    "snapshot": SnapshotRequest,
    "restore": RestoreRequest,
    "begin": BeginBatch,
    "point": Point,
    "end": EndBatch,
}
_RESPONSES = {
    "info": InfoResponse,
    "init": InitResponse,
    "keepalive": KeepaliveResponse,
    "snapshot": SnapshotResponse,
    "restore": RestoreResponse,
    "error": ErrorResponse,
    "begin": BeginBatch,
    "point": Point,
    "end": EndBatch,
}
_KINDS: dict[type, str] = {
    cls: kind for table in (_REQUESTS, _RESPONSES) for kind, cls in table.items()
}
_POINT_KEYS = (
    "time",
    "name",
    "database",
    "retention_policy",
    "group",
    "dimensions",
    "by_name",
    "tags",
    "fields",
)


def kind_of(message: Any) -> str:
    """Return the word that stands for a message's kind."""
    return "point" if isinstance(message, Point) else _KINDS[type(message)]


def message_to_text(message: Any) -> str:
    """Return the message's kind, padded to a column, and its content as one line of JSON."""
    content = _filled(_content(message))
    return f"{kind_of(message):<9} {json.dumps(content, ensure_ascii=False)}"


def message_from_text(text: str, *, request: bool) -> Any:
    """Return the message of a line; the inverse of `message_to_text`.

    Raises
    ------
    ValueError
        If the line is none.
    """
    kind, _, content = text.partition(" ")
    cls = (_REQUESTS if request else _RESPONSES).get(kind)
    if cls is None:
        raise ValueError(f"{kind!r} is no kind of {'request' if request else 'response'}")
    try:
        return _build(cls, json.loads(content))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not the content of a {kind}: {error}") from error


def point_dict(point: Point) -> dict[str, Any]:
    """Return a point as a dict with all its keys, tags and fields by name."""
    return {
        "name": point.name,
        "time": point.time,
        "group": point.group,
        "dimensions": list(point.dimensions),
        "by_name": point.by_name,
        "tags": dict(point.tags),
        "fields": dict(point.fields),
    }


def _content(message: Any) -> dict[str, Any]:
    if isinstance(message, Point):
        content = point_dict(message)
        content["database"] = message.database
        content["retention_policy"] = message.retention_policy
        return {key: content[key] for key in _POINT_KEYS}
    content = {name: getattr(message, name) for name in message.parts}
    if "snapshot" in content:
        content["snapshot"] = base64.b64encode(content["snapshot"]).decode()
    if isinstance(message, InfoResponse):
        options = {name: [kind.name for kind in kinds] for name, kinds in message.options.items()}
        return {
            "wants": message.wants.name,
            "provides": message.provides.name,
            "options": options,
        }
    if isinstance(message, InitRequest):
        content["options"] = [
            [option.name, *([value.type.name, value.value] for value in option.values)]
            for option in message.options
        ]
    if isinstance(message, (InitResponse, RestoreResponse)):
        return {"success": message.success or "no", "error": message.error}
    return content


def _filled(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value not in ("", [], {}, 0)}


def _build(cls: Any, content: dict[str, Any]) -> Any:
    if cls is Point:
        return _build_point(content)
    if "snapshot" in content:
        content["snapshot"] = base64.b64decode(content["snapshot"], validate=True)
    if cls is InfoResponse:
        options = {
            name: tuple(ValueType[kind] for kind in kinds)
            for name, kinds in content.get("options", {}).items()
        }
        return InfoResponse(EdgeType[content["wants"]], EdgeType[content["provides"]], options)
    if cls is InitRequest:
        content["options"] = tuple(
            ReceivedOption(
                name, tuple(OptionValue(ValueType[kind], value) for kind, value in values)
            )
            for name, *values in content.get("options", ())
        )
    if cls in (InitResponse, RestoreResponse):
        content["success"] = content["success"] is True
    return cls(**content)


def _build_point(content: dict[str, Any]) -> Point:
    group = content.pop("group", "")
    content.setdefault("time", 0)
    content.setdefault("tags", {})
    point = Point(content.pop("fields", {}), **content)
    point._group = group  # as it was on the wire, even where it is not canonical
    return point
