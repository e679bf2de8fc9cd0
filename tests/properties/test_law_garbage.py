"""Law 2, garbage: any bytes give events or RemoteProtocolError, in bounded memory."""

import functools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import TRANSCRIPTS, BatchMirror, Mirror, events_of
from kapnb.agent import Agent
from kapnb.errors import RemoteProtocolError
from kapnb.model import InfoRequest, InitRequest, RestoreRequest, SnapshotRequest
from kapnb.protocol import Connection, ProtobufCodec, Role, split_frames
from strategies import requests, responses

MIB = 1024 * 1024


def waiting(role, **more):
    """Return a fresh Connection that may be answered."""
    connection = Connection(role, **more)
    if role is Role.KAPACITOR:
        for request in (InfoRequest(), InitRequest(), SnapshotRequest(), RestoreRequest()):
            connection.send(request)
    return connection


@functools.cache
def captured(name):
    return (TRANSCRIPTS / name).read_bytes()[:20_000]


def small_captures(suffix):
    return sorted(
        path.name for path in TRANSCRIPTS.glob(f"*{suffix}") if 3 < path.stat().st_size < 20_000
    )


@st.composite
def mutations(draw, data):
    """Draw `data` with bytes changed, lost, added, or pieces of it moved."""
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(out) - 1)))
        match draw(st.sampled_from(["change", "lose", "add", "repeat", "cut"])):
            case "change" if out:
                out[at] = draw(st.integers(0, 255))
            case "lose":
                del out[at : at + draw(st.integers(1, 4))]
            case "add":
                out[at:at] = draw(st.binary(min_size=1, max_size=6))
            case "repeat":
                out[at:at] = out[at : at + draw(st.integers(1, 60))]
            case "cut":
                del out[at:]
    return bytes(out)


@given(st.sampled_from(Role), st.lists(st.binary(min_size=1, max_size=60), max_size=4))
def test_arbitrary_bytes_give_events_or_a_remote_error(role, chunks):
    """Whatever comes in, nothing but RemoteProtocolError goes out."""
    events_of(waiting(role), [*chunks, b""])


@given(st.data(), st.sampled_from(Role))
def test_frames_of_arbitrary_bodies_give_events_or_a_remote_error(data, role):
    """Well-framed garbage gets past the framing and must stop at the codec."""
    bodies = data.draw(st.lists(st.binary(max_size=40), max_size=4))

    events_of(waiting(role), [bytes([len(body)]) + body for body in bodies])


@given(st.data(), st.sampled_from(Role))
def test_messages_with_damaged_bodies_give_events_or_a_remote_error(data, role):
    """Nearly right is the worst garbage: field numbers, types and enums are off by a bit."""
    codec = ProtobufCodec()
    if role is Role.AGENT:
        frame = codec.encode_request(data.draw(requests), in_batch=False)
    else:
        frame = codec.encode_response(data.draw(responses), in_batch=False)
    (body,) = split_frames(frame)
    body = data.draw(mutations(body))

    events_of(waiting(role), [len(body).to_bytes(1, "big") + body if len(body) < 128 else body])


@pytest.mark.parametrize(
    ("role", "suffix"),
    [(Role.AGENT, ".in.bin"), (Role.KAPACITOR, ".out.bin")],
    ids=lambda r: str(r),
)
@given(data=st.data())
def test_a_damaged_capture_gives_events_or_a_remote_error(role, suffix, data):
    """What production sends, with a few bytes wrong."""
    name = data.draw(st.sampled_from(small_captures(suffix)))

    events_of(waiting(role), [data.draw(mutations(captured(name))), b""])


@pytest.mark.parametrize("handler", [Mirror, BatchMirror])
@given(data=st.data())
def test_an_agent_survives_a_damaged_capture(handler, data):
    """An Agent reports garbage to its peer; it never raises."""
    name = data.draw(st.sampled_from(small_captures(".in.bin")))
    agent = Agent(handler())

    agent.feed(data.draw(mutations(captured(name))))
    agent.feed(b"")

    assert agent.ended or agent.session.error is not None


@pytest.mark.parametrize("role", Role)
def test_a_huge_length_does_not_allocate(role):
    """Memory follows the bytes that came, not the length they announce."""
    connection = Connection(role)
    tracemalloc.start()
    try:
        connection.receive_data(bytes.fromhex("ffffff7f") + b"x" * 1000)  # 256 MiB - 1
        assert list(connection.events()) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MIB


@pytest.mark.parametrize("role", Role)
def test_what_comes_after_an_error_is_not_kept(role):
    """A peer that goes on talking after an error does not fill our memory."""
    connection = Connection(role)
    chunk = b"\xff" * (MIB // 4)
    tracemalloc.start()
    try:
        for _ in range(16):
            connection.receive_data(chunk + b"")
            with pytest.raises(RemoteProtocolError):
                list(connection.events())
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert current < MIB


def test_a_large_frame_in_small_pieces_is_joined_once():
    """Ten thousand pieces cost ten thousand appends, not as many copies of the whole."""
    connection = Connection(Role.AGENT)
    body = ProtobufCodec().encode_request(RestoreRequest(b"x" * (4 * MIB)), in_batch=False)
    connection.receive_data(ProtobufCodec().encode_request(InitRequest(), in_batch=False))
    assert len(list(connection.events())) == 1
    tracemalloc.start()
    try:
        for at in range(0, len(body), 1024):
            connection.receive_data(body[at : at + 1024])
            events = list(connection.events())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert events == [RestoreRequest(b"x" * (4 * MIB))]
    assert peak < 16 * MIB
