"""Real captures, damaged: Hypothesis strategies.

What is drawn are small numbers that say where and how; the bytes come from the captures. So
ten million bytes are a matter of seconds, and a failing example is short to read.
"""

from __future__ import annotations

import functools

from hypothesis import strategies as st
from survival import CAPTURES

from kapnb.protocol import split_frames

_BEGIN, _END = b"\x82\x01", b"\x92\x01"
#: First bytes of info, init and restore, which come before the data.
_STARTING = (b"\x0a", b"\x12", b"\x2a")
#: Places are drawn as fractions of this.
_WHOLE = 10_000
#: The longest run that is taken from one capture, in points or batches.
_RUN_MAX = 120


class Capture:
    """What kapacitord sent to one process, taken apart."""

    def __init__(self, bodies: tuple[bytes, ...]) -> None:
        self.bodies = bodies
        self.head = [body for body in bodies if body.startswith(_STARTING)]
        self.units: list[list[bytes]] = []  # points, whole batches, management
        in_batch = False
        for body in bodies[len(self.head) :]:
            if not in_batch:
                self.units.append([])
            self.units[-1].append(body)
            in_batch = body.startswith(_BEGIN) or (in_batch and not body.startswith(_END))
        self.is_batch = any(body.startswith(_BEGIN) for body in bodies)


@functools.cache
def captures(is_batch: bool) -> tuple[Capture, ...]:
    """Return the captures on one kind of edge that hold data."""
    files = sorted(CAPTURES.glob("*.in.bin"))
    taken = [Capture(tuple(split_frames(file.read_bytes()))) for file in files]
    return tuple(one for one in taken if one.units and one.is_batch == is_batch)


def framed(body: bytes) -> bytes:
    size, out = len(body), bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out) + body


_fractions = st.integers(0, _WHOLE - 1)


def _place(fraction: int, size: int) -> int:
    return fraction * size // _WHOLE


def _change(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


def _damage(data: bytes, how: str, at: int, count: int, value: int) -> bytes:
    """Return `data` damaged at `at`."""
    match how:
        case "change":
            return _change(data, at, value)
        case "flip":
            return _change(data, at, data[at] ^ (1 << value % 8))
        case "lose":
            return data[:at] + data[at + count :]
        case "add":
            return data[:at] + bytes([value]) * count + data[at:]
        case "repeat":
            return data[:at] + data[at : at + count] + data[at:]
        case "move":
            return data[:at] + data[at + count : at + 2 * count] + data[at : at + count]
    return data[:at]  # cut


_DAMAGES = ("change", "flip", "lose", "add", "repeat", "move", "cut")
_damages = st.tuples(st.sampled_from(_DAMAGES), _fractions, st.integers(1, 64), st.integers(0, 255))


@st.composite
def mutants(draw) -> bytes:
    """Draw what kapacitord sent, spliced from several captures, then damaged.

    Some damage is done inside a frame whose length is then set right, so that it gets past the
    framing; the rest to the bytes as they are.
    """
    sources = st.sampled_from(captures(draw(st.booleans())))
    frames = list(draw(sources).head)
    for _ in range(draw(st.integers(1, 3))):
        units = draw(sources).units
        start = _place(draw(_fractions), len(units))
        for unit in units[start : start + draw(st.integers(1, _RUN_MAX))]:
            frames += unit
    for how, fraction, count, value in draw(st.lists(_damages, max_size=3)):
        at = _place(fraction, len(frames))
        inside = _place((fraction * 7919) % _WHOLE, len(frames[at]))
        if frames[at]:
            frames[at] = _damage(frames[at], how, inside, count, value)
    data = b"".join(map(framed, frames))
    for how, fraction, count, value in draw(st.lists(_damages, max_size=2)):
        data = _damage(data, how, _place(fraction, len(data)), count, value) if data else data
    return data


@st.composite
def pieces(draw, data: bytes) -> list[bytes]:
    """Draw a way to cut `data` into reads."""
    cuts = sorted(
        _place(fraction, len(data)) for fraction in draw(st.lists(_fractions, max_size=4))
    )
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return [part for part in parts if part]
