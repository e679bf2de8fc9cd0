"""What flows: points, batches, groups, messages. The standard library only.

Nothing here knows the wire, does I/O or imports another room except `kapnb.errors`.
"""

from kapnb.model._batch import Batch, group_of
from kapnb.model._edge import BATCH, STREAM, EdgeType, ValueType
from kapnb.model._group import Group, group_id
from kapnb.model._lineprotocol import render_line, to_comment, to_line
from kapnb.model._messages import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    ReceivedOption,
    Request,
    Response,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.model._point import Point
from kapnb.model._record import Record
from kapnb.model._source import Source
from kapnb.model._time import Duration, format_time, parse_duration, parse_time
from kapnb.model._values import INT_MAX, INT_MIN, Fields, FieldValue, Tags, check_field

__all__ = [
    "BATCH",
    "INT_MAX",
    "INT_MIN",
    "STREAM",
    "Batch",
    "BeginBatch",
    "Duration",
    "EdgeType",
    "EndBatch",
    "ErrorResponse",
    "FieldValue",
    "Fields",
    "Group",
    "InfoRequest",
    "InfoResponse",
    "InitRequest",
    "InitResponse",
    "KeepaliveRequest",
    "KeepaliveResponse",
    "OptionValue",
    "Point",
    "ReceivedOption",
    "Record",
    "Request",
    "Response",
    "RestoreRequest",
    "RestoreResponse",
    "SnapshotRequest",
    "SnapshotResponse",
    "Source",
    "Tags",
    "ValueType",
    "check_field",
    "format_time",
    "group_id",
    "group_of",
    "parse_duration",
    "parse_time",
    "render_line",
    "to_comment",
    "to_line",
]
