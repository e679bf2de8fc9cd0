"""What must hold for any bytes: used by the Hypothesis test and the atheris target alike."""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

from kapnb.agent import Agent
from kapnb.errors import RemoteProtocolError
from kapnb.handler import Handler
from kapnb.model import BATCH, ErrorResponse
from kapnb.protocol import Connection, ProtobufCodec, Role, WirePoint, split_frames

CAPTURES = Path(__file__).parents[1] / "data" / "transcripts"
#: Memory that may be used: so much for each byte that came, and so much for what is built once.
PER_BYTE, AT_ALL = 60, 4 * 1024 * 1024

_CODEC = ProtobufCodec()
_SILENT = logging.getLogger("kapnb.fuzz")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class Reader(Handler):
    """Starts with any options and reads all of every point, so that all of it is decoded."""

    def receive_options(self, received):
        """Take anything."""

    def point(self, point, state):
        state["seen"] = state.get("seen", 0) + 1
        fields = len(dict(point.fields)) + len(dict(point.tags)) + len(point.dimensions)
        yield point.with_fields(read=fields, seen=state["seen"])


class BatchReader(Reader):
    wants, provides = BATCH, BATCH


def decode(pieces: Iterable[bytes]) -> int:
    """Feed a Connection; return how many events it gave before it ended or refused to go on."""
    connection, count = Connection(Role.AGENT), 0
    try:
        for piece in (*pieces, b""):
            connection.receive_data(piece)
            for event in connection.events():
                count += 1
                if isinstance(event, WirePoint):
                    event.parse()  # by nature late; its error is the same
    except RemoteProtocolError as error:
        assert str(error)
    return count


def serve(handler: type[Handler], pieces: Iterable[bytes]) -> list[object]:
    """Feed an Agent to the end; return its answers, every one a message of the protocol."""
    agent = Agent(handler(), log=_SILENT)
    out = b"".join([agent.feed(piece) for piece in (*pieces, b"")])
    agent.session.stop()
    answers = [_CODEC.decode_response(body) for body in split_frames(out)]
    assert None not in answers, "an empty response"
    assert agent.ended or agent.session.error is not None
    errors = [answer for answer in answers if isinstance(answer, ErrorResponse)]
    assert len(errors) == (agent.session.error is not None and not agent.session.refused)
    return answers


def memory_of(call, *arguments: object) -> int:
    """Return the most memory that a call used, in bytes."""
    tracemalloc.start()
    try:
        call(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
