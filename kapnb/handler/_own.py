"""kapnb's own values in a snapshot: Duration, Point, Batch, Group, begin and end of a batch.

What was left out of a Point or Batch, to be inherited, is left out here too. A point from the
wire comes back as one: what it gives when it is sent again must be the same.
"""

from __future__ import annotations

from typing import Any

from kapnb.handler._codec import Decoder, Encoder
from kapnb.model import Batch, BeginBatch, Duration, EndBatch, Group, Point, Tags

__all__ = [
    "read_batch",
    "read_duration",
    "read_point",
    "read_record",
    "write_batch",
    "write_point",
    "write_record",
]

_RECORDS: dict[str, tuple[Any, dict[str, type]]] = {
    "Group": (Group, {"id": str, "dimensions": tuple, "tags": dict, "by_name": bool}),
    "BeginBatch": (
        BeginBatch,
        {"name": str, "group": str, "tags": dict, "size": int, "by_name": bool},
    ),
    "EndBatch": (
        EndBatch,
        {"name": str, "group": str, "tmax": int, "tags": dict, "by_name": bool},
    ),
}


def read_duration(value: Any) -> Duration:
    """Return a Duration."""
    return Duration(_checked(value["v"], int))


# --------------------------------------------------------------------- points


def write_point(encoder: Encoder, value: Point) -> Any:
    """Return what is set on a point."""
    point = value if type(value) is Point else value.copy()  # decode no point that is kept
    wire = {} if type(point) is Point else {"wire": True}
    point = _plain(point)
    tags, moved = point._tags, point._tags is not None and point._tags.changed
    parts = {
        "name": point._name,
        "tags": None if tags is None or _unset(tags) else dict(tags),
        "fields": dict(point.fields),
        "time": point._time,
        "dimensions": None if point._dimensions is None else list(point._dimensions),
        "by_name": point._by_name,
        "database": point._database,
        "retention_policy": point._retention_policy,
        "group": None if moved else point._group,
    }
    there = {name: part for name, part in parts.items() if part is not None}
    return {**wire, "v": encoder.named(there, value, ".{}")}


def _plain(source: Point) -> Point:
    """Return a point from the wire as a plain one."""
    if type(source) is Point:
        return source
    plain = Point(
        source.fields,
        time=source.time,
        name=source.name,
        tags=source.tags,
        dimensions=source.dimensions,
        by_name=source.by_name,
        database=source.database,
        retention_policy=source.retention_policy,
    )
    plain._group = source.group
    return plain


def _unset(tags: Tags) -> bool:
    from kapnb.model._values import to_inherit

    return to_inherit(tags)


def read_point(decoder: Decoder, value: Any) -> Point:
    """Return a point with exactly what was set."""
    parts = decoder.named(value["v"])
    fields = _checked(parts.pop("fields"), dict)
    group = _checked(parts.pop("group", None), str, type(None))
    if "dimensions" in parts:
        parts["dimensions"] = _names(parts["dimensions"])
    for name, kind in (("by_name", bool), ("database", str), ("retention_policy", str)):
        _checked(parts.get(name), kind, type(None))
    point = Point(fields, **parts)
    point._group = group
    return _wired(point) if value.get("wire") else point


def _wired(point: Point) -> Point:
    """Return a point as it comes over the wire."""
    from kapnb.protocol import ProtobufCodec, split_frames

    codec = ProtobufCodec(deterministic=True)
    (body,) = split_frames(codec.encode_request(point, in_batch=False))
    wired = codec.decode_request(body)
    assert isinstance(wired, Point)
    return wired


# -------------------------------------------------------------- batches, records


def write_batch(encoder: Encoder, batch: Batch) -> Any:
    """Return what is set on a batch."""
    tags = batch.tags_or_none
    parts = {
        "name": batch.name_or_none,
        "tags": None if tags is None or _unset(tags) else dict(tags),
        "tmax": batch.tmax_or_none,
        "by_name": batch.by_name_or_none,
        "points": batch.points,
    }
    there = {name: part for name, part in parts.items() if part is not None}
    return {"v": encoder.named(there, batch, ".{}")}


def read_batch(decoder: Decoder, value: Any) -> Batch:
    """Return a batch with exactly what was set."""
    parts = decoder.named(value["v"])
    points = _checked(parts.pop("points"), list)
    _checked(parts.get("by_name"), bool, type(None))
    return Batch([_checked(point, Point) for point in points], **parts)


def write_record(encoder: Encoder, record: Group | BeginBatch | EndBatch) -> Any:
    """Return the attributes of a record."""
    _, kinds = _RECORDS[type(record).__name__]
    parts = {name: getattr(record, name) for name in kinds}
    parts["tags"] = dict(parts["tags"])
    return {"v": encoder.named(parts, record, ".{}")}


def read_record(decoder: Decoder, value: Any) -> Any:
    """Return a record."""
    record, kinds = _RECORDS[value["!"]]
    parts = decoder.named(value["v"])
    for name, part in parts.items():
        _checked(part, kinds[name])
    Tags(parts["tags"])  # refuses what is no text
    return record(**parts)


def _checked(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise TypeError(f"{value!r:.40} where a {kinds[0].__name__} was expected")
    return value


def _names(value: Any) -> list[str]:
    return [_checked(name, str) for name in _checked(value, list)]
