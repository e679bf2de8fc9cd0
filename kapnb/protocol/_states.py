"""Who may say what, when: the conversation as two tables.

Everything that decides whether a message is allowed lives here, and nothing here knows which
side we are: `Connection` looks its own messages up in the table of its role and the peer's in
the other. The tables restate Kapacitor's udf/server.go; where Kapacitor would crash, hang or
silently lose data, the transition is simply absent.
"""

from __future__ import annotations

import enum

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
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)

__all__ = ["ANSWERED", "KIND", "REQUESTS", "RESPONSES", "Kind", "Role", "State", "data_kinds"]


class Role(enum.Enum):
    """Which end of the conversation a Connection plays."""

    #: The UDF: receives requests, sends responses.
    AGENT = "agent"
    #: The daemon: sends requests, receives responses.
    KAPACITOR = "kapacitor"


class Kind(enum.Enum):
    """Kinds of messages, by the one-of number they have on the wire."""

    #: What a UDF wants and provides, and its options.
    INFO = 1
    #: The options' values; whether the UDF takes them.
    INIT = 2
    #: A sign of life.
    KEEPALIVE = 3
    #: The state as bytes.
    SNAPSHOT = 4
    #: These bytes again; whether the UDF can use them.
    RESTORE = 5
    #: Why the UDF ends; never a request.
    ERROR = 6
    #: A batch opens.
    BEGIN = 16
    #: A point, of a stream or of the batch that is open.
    POINT = 17
    #: The batch is complete.
    END = 18


class State(enum.Enum):
    """State of one direction of the conversation."""

    #: Nothing but management; data must wait for init (and its answer).
    START = "start"
    #: Data may flow; no batch is open.
    READY = "ready"
    #: Between a begin and its end.
    BATCH = "batch"
    #: An error, or a refusal to start, was the last word.
    FAILED = "failed"


KIND: dict[type, Kind] = {
    InfoRequest: Kind.INFO,
    InfoResponse: Kind.INFO,
    InitRequest: Kind.INIT,
    InitResponse: Kind.INIT,
    KeepaliveRequest: Kind.KEEPALIVE,
    KeepaliveResponse: Kind.KEEPALIVE,
    SnapshotRequest: Kind.SNAPSHOT,
    SnapshotResponse: Kind.SNAPSHOT,
    RestoreRequest: Kind.RESTORE,
    RestoreResponse: Kind.RESTORE,
    ErrorResponse: Kind.ERROR,
    BeginBatch: Kind.BEGIN,
    Point: Kind.POINT,
    EndBatch: Kind.END,
}

#: What Kapacitor may send. Keepalive and snapshot requests slip in between begin and end; one
#: goroutine picks at random between data and management.
REQUESTS: dict[State, dict[Kind, State]] = {
    State.START: {
        Kind.INFO: State.START,
        Kind.KEEPALIVE: State.START,
        Kind.INIT: State.READY,
    },
    State.READY: {
        Kind.INFO: State.READY,
        Kind.KEEPALIVE: State.READY,
        Kind.SNAPSHOT: State.READY,
        Kind.RESTORE: State.READY,
        Kind.POINT: State.READY,
        Kind.BEGIN: State.BATCH,
    },
    State.BATCH: {
        Kind.INFO: State.BATCH,
        Kind.KEEPALIVE: State.BATCH,
        Kind.SNAPSHOT: State.BATCH,
        Kind.POINT: State.BATCH,
        Kind.END: State.READY,
    },
    State.FAILED: {},
}

#: What a UDF may send. An end outside a batch would bring Kapacitor down, a begin inside one
#: would silently discard the points so far. A refused init or restore leads to FAILED, which
#: the Connection sees from the answer itself.
RESPONSES: dict[State, dict[Kind, State]] = {
    State.START: {
        Kind.INFO: State.START,
        Kind.KEEPALIVE: State.START,
        Kind.INIT: State.READY,
        Kind.ERROR: State.FAILED,
    },
    State.READY: {
        Kind.INFO: State.READY,
        Kind.KEEPALIVE: State.READY,
        Kind.SNAPSHOT: State.READY,
        Kind.RESTORE: State.READY,
        Kind.ERROR: State.FAILED,
        Kind.POINT: State.READY,
        Kind.BEGIN: State.BATCH,
    },
    State.BATCH: {
        Kind.INFO: State.BATCH,
        Kind.KEEPALIVE: State.BATCH,
        Kind.SNAPSHOT: State.BATCH,
        Kind.ERROR: State.FAILED,
        Kind.POINT: State.BATCH,
        Kind.END: State.READY,
    },
    # The last word may be said twice, and a heartbeat may still be under way.
    State.FAILED: {Kind.KEEPALIVE: State.FAILED, Kind.ERROR: State.FAILED},
}

#: Requests that must be answered exactly once: a second answer would be taken for the answer
#: to the next request. (A keepalive response needs no request.)
ANSWERED = frozenset({Kind.INFO, Kind.INIT, Kind.SNAPSHOT, Kind.RESTORE})


def data_kinds(edge: EdgeType | None) -> frozenset[Kind]:
    """Return the kinds that may open data in state READY on such an edge.

    Kapacitor does not check: a loose point on a BATCH edge would be forwarded to nodes that
    were not linked for it. None stands for an edge that is not known.
    """
    if edge is EdgeType.STREAM:
        return frozenset({Kind.POINT})
    if edge is EdgeType.BATCH:
        return frozenset({Kind.BEGIN})
    return frozenset({Kind.POINT, Kind.BEGIN})
