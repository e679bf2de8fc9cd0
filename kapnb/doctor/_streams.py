"""What a process writes: frames on stdout, which must be nothing else, and lines on stderr."""

from __future__ import annotations

from typing import Any

from kapnb.doctor._findings import Trouble
from kapnb.errors import RemoteProtocolError
from kapnb.protocol import FRAME_SIZE_MAX, Connection, ProtobufCodec

__all__ = ["Frames", "Stderr"]

_SHOWN_BYTES = 60
_LENGTH_BYTES_MAX = 5


class Frames:
    """Bytes of stdout → events, one frame at a time, so that the one at fault is known.

    Parameters
    ----------
    connection : Connection
        Kapacitor's end; it knows the rules.

    Attributes
    ----------
    pending : bytearray
        What came after the last whole frame.
    count : int
        Bytes so far.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.pending = bytearray()
        self.count = 0

    def take(self, data: bytes) -> list[Any]:
        """Return the events that these bytes complete.

        Raises
        ------
        Trouble
            If they are no frames, or break a rule of the protocol.
        """
        self.count += len(data)
        self.pending += data
        events: list[Any] = []
        start = 0
        while (end := self._end_of_frame(start)) is not None:
            body, after = end
            try:
                self._connection.receive_data(bytes(self.pending[start:after]))
                events += self._connection.events()
            except RemoteProtocolError as error:
                raise self._broken(start, bytes(self.pending[body:after]), error) from error
            start = after
        del self.pending[:start]
        return events

    def _end_of_frame(self, start: int) -> tuple[int, int] | None:
        """Return where the body of the frame at `start` begins and ends, once it is there."""
        size = 0
        for index in range(_LENGTH_BYTES_MAX):
            if start + index >= len(self.pending):
                return None
            byte = self.pending[start + index]
            size |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                body = start + index + 1
                if size > FRAME_SIZE_MAX:
                    break
                return (body, body + size) if body + size <= len(self.pending) else None
        del self.pending[:start]
        raise self.impure()

    def impure(self) -> Trouble:
        """Return the trouble with `pending`, which is no frame."""
        shown = bytes(self.pending[:_SHOWN_BYTES]).decode(errors="backslashreplace")
        return Trouble(
            f"bytes that are no frame: {shown!r}; Kapacitor takes them for a length and fails",
            "keep print and child processes off stdout: use stderr, or kapnb's claim_stdio()",
            "stdout",
        )

    def _broken(self, start: int, body: bytes, error: RemoteProtocolError) -> Trouble:
        if not body or _is_response(body):
            return Trouble(
                str(error), "Kapacitor would stop the task, or come down itself", "protocol"
            )
        del self.pending[:start]
        return self.impure()


def _is_response(body: bytes) -> bool:
    try:
        return ProtobufCodec().decode_response(body) is not None
    except RemoteProtocolError:
        return False


class Stderr:
    """What all processes of an examination wrote to stderr.

    Attributes
    ----------
    longest : int
        Bytes of the longest line.
    """

    def __init__(self) -> None:
        self.longest = 0
        self._line = 0  # bytes of the line that is open
        self._tail = b""

    def take(self, data: bytes) -> None:
        """Note these bytes."""
        first, *others = data.split(b"\n")
        self.longest = max(self.longest, self._line + len(first), *map(len, others), 0)
        self._line = len(others[-1]) if others else self._line + len(first)
        self._tail = (self._tail + data)[-4096:]

    @property
    def last(self) -> str:
        """The last line as part of a sentence; empty if there is none."""
        lines = [line for line in self._tail.decode(errors="replace").splitlines() if line.strip()]
        return f"; its last words: {lines[-1].strip()[:200]}" if lines else ""
