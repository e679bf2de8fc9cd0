"""The wire, without I/O: framing, codec, states, Connection.

`_wire` and `_codec` are the only code that knows protobuf; `_series`, `_layouts` and `_columns`
do with them what many points at once need. Nothing here reads, writes, waits, keeps time or
starts a thread.
"""

from typing import TYPE_CHECKING, Any

from kapnb.protocol._codec import Codec, ProtobufCodec
from kapnb.protocol._connection import (
    FRAME_SIZE_MAX,
    RUN_MAX,
    Connection,
    EndOfStream,
    Event,
    UnknownRequest,
)
from kapnb.protocol._foresight import Foresight
from kapnb.protocol._frames import split_frames
from kapnb.protocol._states import Kind, Role, State
from kapnb.protocol._wire import Foreseen, WirePoint, wire_point

if TYPE_CHECKING:
    from kapnb.protocol._columns import RowPoint, decode_columns, decode_times, row_point
    from kapnb.protocol._number_columns import maybe_true, read_numbers
    from kapnb.protocol._series import SeriesEncoder, encode_point, point_frames

__all__ = [
    "FRAME_SIZE_MAX",
    "RUN_MAX",
    "Codec",
    "Connection",
    "EndOfStream",
    "Event",
    "Foreseen",
    "Foresight",
    "Kind",
    "ProtobufCodec",
    "Role",
    "RowPoint",
    "SeriesEncoder",
    "State",
    "UnknownRequest",
    "WirePoint",
    "decode_columns",
    "decode_times",
    "encode_point",
    "maybe_true",
    "point_frames",
    "read_numbers",
    "row_point",
    "split_frames",
    "wire_point",
]

#: Names that no agent needs, loaded at their first use.
_LAZY = {
    "RowPoint": "kapnb.protocol._columns",
    "SeriesEncoder": "kapnb.protocol._series",
    "decode_columns": "kapnb.protocol._columns",
    "decode_times": "kapnb.protocol._columns",
    "encode_point": "kapnb.protocol._series",
    "maybe_true": "kapnb.protocol._number_columns",
    "point_frames": "kapnb.protocol._series",
    "read_numbers": "kapnb.protocol._number_columns",
    "row_point": "kapnb.protocol._columns",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.protocol' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
