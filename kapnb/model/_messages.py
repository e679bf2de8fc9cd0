"""Every message of the protocol except Point, as plain values.

Named as in Kapacitor's wire contract (`proto/udf.proto`). What Kapacitor sends is a *request*,
what a UDF sends a *response*; Point, BeginBatch, EndBatch travel both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from kapnb.model._edge import EdgeType, ValueType
from kapnb.model._point import Point
from kapnb.model._record import Record

__all__ = [
    "BeginBatch",
    "EndBatch",
    "ErrorResponse",
    "InfoRequest",
    "InfoResponse",
    "InitRequest",
    "InitResponse",
    "KeepaliveRequest",
    "KeepaliveResponse",
    "OptionValue",
    "ReceivedOption",
    "Request",
    "Response",
    "RestoreRequest",
    "RestoreResponse",
    "SnapshotRequest",
    "SnapshotResponse",
]


class OptionValue(Record):
    """One typed argument of an option.

    Attributes
    ----------
    type : ValueType
        Its type.
    value : bool, int, float or str
        The argument; a DURATION is an int in nanoseconds. None is what Kapacitor sends for
        an argument that is no literal where a BOOL was expected.
    """

    type: ValueType
    value: bool | int | float | str | None


class ReceivedOption(Record):
    """One use of an option in the TICKscript: its name and arguments."""

    name: str
    values: tuple[OptionValue, ...] = ()


class InfoRequest(Record):
    """Kapacitor asks what the UDF wants, provides and takes as options."""


class InfoResponse(Record):
    """What the UDF wants, provides and takes: option name → types of its arguments."""

    wants: EdgeType = EdgeType.STREAM
    provides: EdgeType = EdgeType.STREAM
    options: Mapping[str, tuple[ValueType, ...]] = {}  # made anew for each


class InitRequest(Record):
    """A task starts: these options, in the order of the TICKscript."""

    options: tuple[ReceivedOption, ...] = ()
    task_id: str = ""
    node_id: str = ""


class InitResponse(Record):
    """Whether the UDF could start, and if not, why."""

    success: bool = True
    error: str = ""


class SnapshotRequest(Record):
    """Kapacitor asks for the UDF's state."""


class SnapshotResponse(Record):
    """The UDF's state as opaque bytes."""

    snapshot: bytes = b""


class RestoreRequest(Record):
    """Kapacitor gives a stored snapshot back."""

    snapshot: bytes = b""


class RestoreResponse(Record):
    """Whether the snapshot could be used, and if not, why."""

    success: bool = True
    error: str = ""


class KeepaliveRequest(Record):
    """A sign of life is due. `time` is opaque; it goes back as it came."""

    time: int = 0


class KeepaliveResponse(Record):
    """The sign of life."""

    time: int = 0


class ErrorResponse(Record):
    """The UDF has failed; Kapacitor stops the task with this text."""

    error: str = ""


class BeginBatch(Record):
    """A batch opens. `size` is a hint and may be 0; `tags` are the group's tags only."""

    name: str = ""
    group: str = ""
    tags: Mapping[str, str] = {}  # made anew for each
    size: int = 0
    by_name: bool = False


class EndBatch(Record):
    """The open batch is complete. Kapacitor never sets `by_name` here."""

    name: str = ""
    group: str = ""
    tmax: int = 0
    tags: Mapping[str, str] = {}  # made anew for each
    by_name: bool = False


#: What Kapacitor sends.
Request: TypeAlias = (
    InfoRequest
    | InitRequest
    | KeepaliveRequest
    | SnapshotRequest
    | RestoreRequest
    | BeginBatch
    | Point
    | EndBatch
)
#: What a UDF sends.
Response: TypeAlias = (
    InfoResponse
    | InitResponse
    | KeepaliveResponse
    | SnapshotResponse
    | RestoreResponse
    | ErrorResponse
    | BeginBatch
    | Point
    | EndBatch
)
