"""Journal: what a new Handler process must be given, and what it must answer.

Inputs and outputs are counted in *units* since the task's start: a stream point, or a whole
batch. A *mark* is a snapshot with its place in both: it is the state after `position` inputs,
of which `outputs` outputs came. Nothing here knows processes, clocks or limits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from kapnb.errors import RemoteProtocolError
from kapnb.model import BeginBatch, EndBatch
from kapnb.protocol import ProtobufCodec, WirePoint, split_frames

__all__ = ["BatchUnit", "Journal", "Mark", "canonical", "describe", "show"]

#: Marks kept. With two, a replay begins at the older one, so there are nearly always outputs
#: already sent that it can be checked against.
MARKS = 2
_TEXT_MAX = 300

_codec = ProtobufCodec(deterministic=True)


class BatchUnit(bytes):
    """The frames of a whole batch; a plain `bytes` unit is a stream point's frame."""

    points: int

    @classmethod
    def of(cls, frames: Iterable[bytes]) -> BatchUnit:
        """Return the batch that travels as `frames`, begin and end included."""
        frames = list(frames)
        unit = cls(b"".join(frames))
        unit.points = max(len(frames) - 2, 1)  # an empty batch costs as much as a point
        return unit


@dataclass(frozen=True)
class Mark:
    """A snapshot's place. `snapshot` is None at the start of a task that restored nothing."""

    position: int
    outputs: int
    snapshot: bytes | None


class Journal:
    """Inputs since the oldest mark, the outputs sent since then, and the marks."""

    def __init__(self) -> None:
        self.marks: deque[Mark] = deque([Mark(0, 0, None)])
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self.end = 0  # inputs ever taken
        self.sent = 0  # outputs ever sent
        self.points = 0  # of the inputs kept
        self.size = 0  # in bytes, of inputs and outputs kept

    @property
    def start(self) -> Mark:
        """The mark that a replay begins at."""
        return self.marks[0]

    def add_points(self, frames: list[bytes]) -> int:
        """Take stream points; return their size in bytes."""
        self._inputs += frames
        self.end += len(frames)
        self.points += len(frames)
        size = sum(map(len, frames))
        self.size += size
        return size

    def add_batch(self, unit: BatchUnit) -> None:
        """Take a whole batch."""
        self._inputs.append(unit)
        self.end += 1
        self.points += unit.points
        self.size += len(unit)

    def add_outputs(self, units: list[bytes]) -> None:
        """Remember what was sent to Kapacitor."""
        self._outputs += units
        self.sent += len(units)
        self.size += sum(map(len, units))

    def inputs(self, position: int, stop: int) -> list[bytes]:
        """Return the inputs from `position` up to `stop`."""
        first = self.start.position
        return self._inputs[position - first : stop - first]

    def output(self, number: int) -> bytes:
        """Return output `number`, which was sent after the oldest mark."""
        return self._outputs[number - self.start.outputs]

    def begin_at(self, snapshot: bytes) -> None:
        """Take the snapshot that Kapacitor restores before any data."""
        self.marks[0] = Mark(0, 0, snapshot)

    def add_mark(self, mark: Mark) -> None:
        """Take a snapshot. The last two are kept, and what has come since the older one."""
        marks = self.marks
        if mark.position > marks[-1].position:
            marks.append(mark)
        elif marks[0].position < mark.position < marks[-1].position:  # during a replay
            marks.insert(1, mark)
        if len(marks) > MARKS:
            self.drop_mark()

    def drop_mark(self) -> None:
        """Let the oldest mark go, and with it what came before the next one."""
        old = self.marks.popleft()
        inputs, outputs = self.start.position - old.position, self.start.outputs - old.outputs
        gone = self._inputs[:inputs]
        self.points -= sum(getattr(unit, "points", 1) for unit in gone)
        self.size -= sum(map(len, gone)) + sum(map(len, self._outputs[:outputs]))
        del self._inputs[:inputs], self._outputs[:outputs]


def canonical(unit: bytes) -> list[bytes]:
    """Return the bodies of a unit's frames so that equal messages are equal bytes.

    The order of map entries differs from process to process.
    """
    return [_canonical(body) for body in split_frames(unit)]


def _canonical(body: bytes) -> bytes:
    message = _codec.decode_response(body)
    if isinstance(message, WirePoint):
        return message.canonical()
    assert message is not None
    return _codec.encode_response(message, in_batch=False)


def show(unit: bytes) -> str:
    """Return what an output holds, for people."""
    messages = (_codec.decode_response(body) for body in split_frames(unit))
    text = ", ".join(map(repr, messages))
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"


def describe(unit: bytes, number: int) -> str:
    """Name an input, the `number`th since the task's start, by what tells it from others."""
    bodies = list(split_frames(unit))
    try:
        first, last = _codec.decode_request(bodies[0]), _codec.decode_request(bodies[-1])
        if isinstance(first, BeginBatch) and isinstance(last, EndBatch):
            return f"batch {number} since the start (group {first.group!r}, tmax {last.tmax})"
        if isinstance(first, WirePoint):
            return f"point {number} since the start (group {first.group!r}, time {first.time})"
    except RemoteProtocolError as error:
        return f"input {number} since the start ({error})"
    return f"input {number} since the start"
