"""The two closed vocabularies of the protocol: kinds of edges and kinds of option values."""

from __future__ import annotations

import enum

__all__ = ["BATCH", "STREAM", "EdgeType", "ValueType"]


class EdgeType(enum.Enum):
    """What flows along an edge: single points, or whole batches."""

    #: Points, one at a time.
    STREAM = 0
    #: Batches: a begin, points, an end.
    BATCH = 1

    def __repr__(self) -> str:
        return self.name


#: Points one by one.
STREAM = EdgeType.STREAM
#: The results of queries or windows: a begin, points of one group, an end.
BATCH = EdgeType.BATCH


class ValueType(enum.Enum):
    """Type of one argument of an option, as TICKscript literals have them."""

    #: ``TRUE`` or ``FALSE``.
    BOOL = 0
    #: A number without a dot: ``50``.
    INT = 1
    #: A number with a dot: ``50.0``.
    DOUBLE = 2
    #: ``'single quotes'``.
    STRING = 3
    #: ``10s``, ``5m``: held in nanoseconds.
    DURATION = 4

    def __repr__(self) -> str:
        return self.name
