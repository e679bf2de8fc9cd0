"""Porch: what an agent's process does while the script behind it is still being imported.

It sends signs of life. Where the script declares its info up front, it also answers info, so
that a daemon that only asks for that (as each does at its start) need not wait for imports.
Everything else is left for the Agent. No protobuf here: it is not loaded yet.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from kapnb.agent._pulse import BEAT_S, PULSE_FRAME, Pulse, busy_limit
from kapnb.errors import HandlerError
from kapnb.model import EdgeType, ValueType

if TYPE_CHECKING:
    from kapnb.agent._stdio import FdStream

__all__ = ["Porch", "info_frame"]

_INFO_REQUEST = bytes.fromhex("0a00")
_KEEPALIVE_TAG = 0x1A


class Porch:
    """Answers for an agent that is still starting.

    Parameters
    ----------
    stream : FdStream
        The agent's; nobody else reads it until `close`.
    info : bytes, optional
        The frame that answers info. Without it nothing is read, only signs of life are sent.
    on_hung : callable
        Called with a sentence if the import has run beyond the busy limit.
    leave : callable
        Called if Kapacitor closed its side after its info was answered, and wants no more.

    Attributes
    ----------
    answered : bool
        Whether info was.
    """

    def __init__(
        self,
        stream: FdStream,
        info: bytes | None,
        *,
        on_hung: Callable[[str], None],
        leave: Callable[[], None] = lambda: os._exit(0),
    ) -> None:
        self._stream = stream
        self._info = info
        self._on_hung = on_hung
        self._leave = leave
        self._received = b""
        self.answered = self._closed = False
        self._reading = info is not None
        self._main = threading.get_ident()
        self.silent_since = time.monotonic()
        self._pulse = Pulse(self, limit_s=busy_limit())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kapnb-porch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; what was read and not answered goes back to the stream."""
        self._closed = True
        self._stopped.set()
        self._stream.wake()
        self._thread.join()
        self._stream.unread(self._received)
        self._received = b""

    def _serve(self) -> None:
        while not self._closed:
            if not self._reading:
                self._stopped.wait(BEAT_S)
            else:
                try:
                    data = self._stream.read(BEAT_S)
                    if data is not None:
                        self._take(data)
                except OSError:  # the peer is gone: the main thread meets it, unless it hangs
                    self._reading = False
            if not self._closed:
                self._pulse.tick()

    def _take(self, data: bytes) -> None:
        if not data:
            self._reading = False
            if self.answered and not self._received:
                self._leave()
            return
        self._received += data
        while (frame := _first_frame(self._received)) is not None:
            size, body = frame
            if body == _INFO_REQUEST and self._info is not None:
                self._stream.write(self._info)
                self.answered = True
            elif body[:1] == bytes([_KEEPALIVE_TAG]):
                self._stream.write(self._received[:size])  # the answer reads as the question
            else:
                self._reading = False
                return
            self.silent_since = time.monotonic()
            self._received = self._received[size:]

    # -------------------------------------------------------------- for the pulse

    def progress(self) -> int | None:
        """Return a constant: the whole start is one piece of work."""
        return 0

    def beat(self) -> None:
        """Write a sign of life."""
        self._stream.write(PULSE_FRAME)
        self.silent_since = time.monotonic()

    def hung(self, seconds: float) -> None:
        """Name the line that does not return."""
        from kapnb.agent._blame import where_it_hangs

        self._closed = True
        self._on_hung(
            f"the script has not started for {seconds:.0f} s{where_it_hangs(self._main)}; if it "
            "needs that long, raise KAPNB_BUSY_LIMIT"
        )


def _first_frame(data: bytes) -> tuple[int, bytes] | None:
    """Return size and body of the first frame, or None if it is not whole or not small."""
    if len(data) < 2 or data[0] > 0x7F or len(data) < 1 + data[0]:
        return None
    size = 1 + data[0]
    return size, data[1:size]


def info_frame(wants: str, provides: str, options: Mapping[str, Iterable[str]]) -> bytes:
    """Return the frame that answers info, written by hand: protobuf is not loaded yet.

    Parameters
    ----------
    wants, provides : {"STREAM", "BATCH"}
        The edges.
    options : mapping of str to iterable of str
        Option → names of its arguments' types.

    Raises
    ------
    HandlerError
        If a name is none of the protocol's.
    """
    try:
        body = _number(0x08, EdgeType[wants].value) + _number(0x10, EdgeType[provides].value)
        for name, types in options.items():
            kinds = bytes(ValueType[kind].value for kind in types)
            inner = _sized(0x0A, name.encode()) + _sized(
                0x12, _sized(0x0A, kinds) if kinds else b""
            )
            body += _sized(0x1A, inner)
    except KeyError as error:
        raise HandlerError(f"{error} is no edge type or option type of Kapacitor's") from None
    message = _sized(0x0A, body)
    return _varint(len(message)) + message


def _number(tag: int, value: int) -> bytes:
    return bytes([tag, value]) if value else b""


def _sized(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])
