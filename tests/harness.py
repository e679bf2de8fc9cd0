"""Kapacitor, played on an Agent in memory, and what tests need to compare messages."""

import json
from pathlib import Path

from kapnb.agent import Agent
from kapnb.errors import RemoteProtocolError
from kapnb.handler import Handler
from kapnb.model import BATCH, InitRequest, OptionValue, Point, ReceivedOption, Record, ValueType
from kapnb.protocol import Connection, ProtobufCodec, Role, split_frames

DATA = Path(__file__).parent / "data"
TRANSCRIPTS = DATA / "transcripts"
_TYPES = {
    bool: ValueType.BOOL,
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    str: ValueType.STRING,
}


def exact(value):
    """Turn a message, or a list of them, into a value that tells 1 from 1.0 from True.

    Equality of points does not, and a NaN is never equal to itself.
    """
    if isinstance(value, Point):
        return ("Point", *(exact(part) for part in value._key()), value.group)
    if isinstance(value, Record):
        parts = (exact(getattr(value, name)) for name in value.parts)
        return (type(value).__name__, *parts)
    if hasattr(value, "items"):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(item) for item in value]
    return (type(value).__name__, repr(value))


def raw(point):
    """Return a point's bytes as Kapacitor sends them."""
    codec = ProtobufCodec(deterministic=True)
    (body,) = split_frames(codec.encode_request(point, in_batch=False))
    return codec.decode_request(body).raw


def alike(count):
    """Return the bytes of `count` points with the double x, in two groups."""
    return [
        raw(Point({"x": at / 7, "n": at}, time=at + 1, tags={"h": str(at % 2)}, dimensions=["h"]))
        for at in range(count)
    ]


def events_of(connection, chunks):
    """Return what `connection` makes of `chunks`: events, then perhaps the error's text."""
    seen = []
    try:
        for chunk in chunks:
            connection.receive_data(chunk)
            for event in connection.events():
                try:
                    seen.append(exact(event))
                except RemoteProtocolError:  # a point of Kapacitor's is decoded on demand
                    seen.append(event.raw)
    except RemoteProtocolError as error:
        seen.append(str(error))
    return seen


def option(name, *values):
    """Build one use of an option, as Kapacitor sends it."""
    items = (
        value if isinstance(value, OptionValue) else OptionValue(_TYPES[type(value)], value)
        for value in values
    )
    return ReceivedOption(name, tuple(items))


class Peer:
    """Kapacitor's side of one Agent: messages in, messages out, every frame checked.

    Parameters
    ----------
    handler : Handler or its class
        What the Agent runs.
    strict : bool, default: True
        Whether Kapacitor knows the Handler's edges.
    """

    def __init__(self, handler, *, strict=True):
        self.handler = handler() if isinstance(handler, type) else handler
        self.agent = Agent(self.handler, codec=ProtobufCodec(deterministic=True))
        edges = {"wants": self.handler.wants, "provides": self.handler.provides}
        self.connection = Connection(
            Role.KAPACITOR, codec=ProtobufCodec(deterministic=True), **(edges if strict else {})
        )
        self.sent = b""  # by the agent

    @property
    def session(self):
        return self.agent.session

    def feed(self, *messages):
        """Send requests one by one and return all responses."""
        return [
            answer for message in messages for answer in self._feed(self.connection.send(message))
        ]

    def _feed(self, data):
        return self._feed_bytes(self.agent.feed(data))

    def _feed_bytes(self, out):
        self.sent += out
        if out:
            self.connection.receive_data(out)
        return list(self.connection.events())

    def start(self, *options):
        """Send init and return its answer."""
        (answer,) = self.feed(InitRequest(tuple(options), "task", "node1"))
        return answer

    def close(self):
        """Close Kapacitor's side, end the session, and return the last responses."""
        answers = self._feed(b"")
        self.session.stop()
        return answers


def started(handler, *options):
    """Return a Peer whose Handler is ready for data."""
    peer = Peer(handler)
    assert peer.start(*options).success
    return peer


def cpu(value=1.0, *, time=0, host="a", **more):
    """Build a point of measurement cpu, grouped by host."""
    return Point(
        {"value": value},
        **{
            "time": time,
            "name": "cpu",
            "tags": {"host": host, "dc": "x"},
            "dimensions": ["host"],
            "database": "db",
            "retention_policy": "rp",
            **more,
        },
    )


def failures():
    """Return what Kapacitor said to each misbehaving UDF of the g_ captures."""
    return json.loads((DATA / "failures.json").read_text())


class Mirror(Handler):
    """Stream in, the same stream out."""


class BatchMirror(Handler):
    """Batches in, the same batches out."""

    wants, provides = BATCH, BATCH
