"""What a user writes: Handler, its options, its state per group.

No protobuf, no I/O, no thread, no clock.
"""

from kapnb.handler._expiry import Expiry
from kapnb.handler._handler import Handler, Output, Shape, Snapshot, udf
from kapnb.handler._options import REQUIRED, VALUE_TYPES, Option

__all__ = [
    "REQUIRED",
    "VALUE_TYPES",
    "Expiry",
    "Handler",
    "Option",
    "Output",
    "Shape",
    "Snapshot",
    "udf",
]
