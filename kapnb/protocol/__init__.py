"""The wire, without I/O: framing, codec, states, Connection.

`_wire` and `_codec` are the only code that knows protobuf. Nothing here reads, writes, waits,
keeps time or starts a thread.
"""

from kapnb.protocol._codec import Codec, ProtobufCodec
from kapnb.protocol._connection import (
    FRAME_SIZE_MAX,
    RUN_MAX,
    Connection,
    EndOfStream,
    Event,
    UnknownRequest,
)
from kapnb.protocol._frames import split_frames
from kapnb.protocol._states import Kind, Role, State
from kapnb.protocol._wire import WirePoint, wire_point

__all__ = [
    "FRAME_SIZE_MAX",
    "RUN_MAX",
    "Codec",
    "Connection",
    "EndOfStream",
    "Event",
    "Kind",
    "ProtobufCodec",
    "Role",
    "State",
    "UnknownRequest",
    "WirePoint",
    "split_frames",
    "wire_point",
]
