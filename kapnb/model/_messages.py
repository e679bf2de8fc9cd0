"""Every message of the protocol except Point, as plain values.

Named as in Kapacitor's wire contract (`proto/udf.proto`). What Kapacitor sends is a *request*,
what a UDF sends a *response*; Point, BeginBatch, EndBatch travel both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from kapnb.model._edge import EdgeType, ValueType
from kapnb.model._point import Point

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


@dataclass(frozen=True)
class OptionValue:
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


@dataclass(frozen=True)
class ReceivedOption:
    """One use of an option in the TICKscript: its name and arguments."""

    name: str
    values: tuple[OptionValue, ...] = ()


@dataclass(frozen=True)
class InfoRequest:
    """Kapacitor asks what the UDF wants, provides and takes as options."""


@dataclass(frozen=True)
class InfoResponse:
    """What the UDF wants, provides and takes: option name → types of its arguments."""

    wants: EdgeType = EdgeType.STREAM
    provides: EdgeType = EdgeType.STREAM
    options: Mapping[str, tuple[ValueType, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class InitRequest:
    """A task starts: these options, in the order of the TICKscript."""

    options: tuple[ReceivedOption, ...] = ()
    task_id: str = ""
    node_id: str = ""


@dataclass(frozen=True)
class InitResponse:
    """Whether the UDF could start, and if not, why."""

    success: bool = True
    error: str = ""


@dataclass(frozen=True)
class SnapshotRequest:
    """Kapacitor asks for the UDF's state."""


@dataclass(frozen=True)
class SnapshotResponse:
    """The UDF's state as opaque bytes."""

    snapshot: bytes = b""


@dataclass(frozen=True)
class RestoreRequest:
    """Kapacitor gives a stored snapshot back."""

    snapshot: bytes = b""


@dataclass(frozen=True)
class RestoreResponse:
    """Whether the snapshot could be used, and if not, why."""

    success: bool = True
    error: str = ""


@dataclass(frozen=True)
class KeepaliveRequest:
    """A sign of life is due. `time` is opaque; it goes back as it came."""

    time: int = 0


@dataclass(frozen=True)
class KeepaliveResponse:
    """The sign of life."""

    time: int = 0


@dataclass(frozen=True)
class ErrorResponse:
    """The UDF has failed; Kapacitor stops the task with this text."""

    error: str = ""


@dataclass(frozen=True)
class BeginBatch:
    """A batch opens. `size` is a hint and may be 0; `tags` are the group's tags only."""

    name: str = ""
    group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    by_name: bool = False


@dataclass(frozen=True)
class EndBatch:
    """The open batch is complete. Kapacitor never sets `by_name` here."""

    name: str = ""
    group: str = ""
    tmax: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    by_name: bool = False


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
