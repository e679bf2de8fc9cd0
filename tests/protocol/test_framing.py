"""Framing: lengths, limits, the end of the stream."""

import pytest

from kapnb.errors import RemoteProtocolError
from kapnb.model import InitRequest, KeepaliveRequest, RestoreRequest, SnapshotRequest
from kapnb.protocol import (
    Connection,
    EndOfStream,
    ProtobufCodec,
    Role,
    UnknownRequest,
    split_frames,
)
from kapnb.protocol._wire import varint

CODEC = ProtobufCodec()
INIT = bytes.fromhex("021200")
KEEPALIVE = bytes.fromhex("041a02082a")


def receive(*chunks, **more):
    connection = Connection(Role.AGENT, **more)
    events = []
    for chunk in chunks:
        connection.receive_data(chunk)
        events += connection.events()
    return events


def check_error(*chunks, problem, offset, **more):
    """Expect one RemoteProtocolError, repeated on each further call."""
    connection = Connection(Role.AGENT, **more)
    for chunk in chunks:
        connection.receive_data(chunk)
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match=problem) as raised:
            list(connection.events())
    assert raised.value.offset == offset
    assert str(raised.value).endswith(f"(frame at byte {offset})")


@pytest.mark.parametrize("size", [100, 200, 20_000, 3_000_000], ids=["1", "2", "3", "4"])
def test_lengths_of_one_to_four_bytes_are_read(size):
    """Conformance case 3."""
    frame = CODEC.encode_request(RestoreRequest(b"x" * size), in_batch=False)

    assert receive(INIT, frame)[1] == RestoreRequest(b"x" * size)


@pytest.mark.parametrize("size", [2, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_body_of_any_size_is_read(size):
    """Also where its length gets another byte; alone, in two pieces, and before another."""
    odd = size % 2  # of fields that nobody knows, in two and in three bytes
    body = b"\xa2\x01\x00" * odd + b"\x38\x00" * ((size - 3 * odd) // 2)
    frame = varint(len(body)) + body

    for chunks in ([frame], [frame[:2], frame[2:]], [frame[:-1], frame[-1:]]):
        assert receive(*chunks) == [UnknownRequest(0, len(body))]
    assert receive(frame + KEEPALIVE)[1] == KeepaliveRequest(42)


@pytest.mark.parametrize("length", ["84 00", "84 80 00", "84 80 80 00", "84 80 80 80 00"])
def test_a_length_may_be_longer_than_needed(length):
    """Non-minimal varints up to five bytes are accepted."""
    assert receive(bytes.fromhex(length) + KEEPALIVE[1:]) == [KeepaliveRequest(42)]


def test_a_five_byte_length_is_read():
    """Five bytes hold 35 bits; here the limit answers, so the number was understood."""
    size = 2**34
    assert len(varint(size)) == 5

    check_error(varint(size), problem=f"a frame of {size} bytes is larger", offset=0)


def test_a_length_of_more_than_five_bytes_is_an_error():
    """It can only be a stream out of step; the bytes are shown."""
    check_error(
        KEEPALIVE, b"\xff\xff\xff\xff\xff", problem=r"more than 5 bytes.*xff\\xff", offset=5
    )


def test_a_frame_larger_than_the_limit_is_an_error_before_it_arrives():
    """Conformance case 4: text taken for a length does not make us wait for its end."""
    check_error(KEEPALIVE, b"\x0b", problem="limit of 10", offset=5, frame_size_max=10)


def test_a_frame_as_large_as_the_limit_passes():
    """The limit is inclusive."""
    assert receive(KEEPALIVE, frame_size_max=4) == [KeepaliveRequest(42)]
    check_error(KEEPALIVE, problem="limit of 3", offset=0, frame_size_max=3)
    restore = CODEC.encode_request(RestoreRequest(b"x" * 195), in_batch=False)
    assert len(restore) == 203
    assert receive(INIT, restore, frame_size_max=201)[1] == RestoreRequest(b"x" * 195)
    check_error(INIT, restore, problem="limit of 200", offset=3, frame_size_max=200)


def test_the_end_at_a_frame_boundary_is_an_event():
    """Said once, and last."""
    connection = Connection(Role.AGENT)
    connection.receive_data(KEEPALIVE)
    connection.receive_data(b"")

    assert list(connection.events()) == [KeepaliveRequest(42), EndOfStream()]
    assert list(connection.events()) == []


def test_the_end_of_an_empty_stream_is_clean():
    """A process that is started and dropped at once has nothing to report."""
    assert receive(b"") == [EndOfStream()]


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        (b"\x84", "inside a frame's length, 1 bytes after its start"),
        (b"\x04", "inside a frame's body of 4 bytes, 1 bytes after its start"),
        (KEEPALIVE[:-1], "inside a frame's body of 4 bytes, 4 bytes after its start"),
    ],
    ids=["length", "no body", "body"],
)
def test_the_end_inside_a_frame_is_truncation(rest, problem):
    """Conformance case 6."""
    check_error(KEEPALIVE, rest, b"", problem=problem, offset=5)


@pytest.mark.parametrize("frame", ["00", "03 a20100"], ids=["empty", "field 20"])
def test_an_unknown_request_is_an_event_with_its_place(frame):
    """Conformance case 8: skipped, and the stream goes on."""
    frame = bytes.fromhex(frame)

    events = receive(KEEPALIVE + frame + KEEPALIVE)

    assert events[1:] == [UnknownRequest(5, len(frame) - 1), KeepaliveRequest(42)]


@pytest.mark.parametrize("frame", ["00", "03 a20100"], ids=["empty", "field 20"])
def test_an_unknown_response_is_an_error_in_kapacitors_words(frame):
    """It would bring the daemon down."""
    connection = Connection(Role.KAPACITOR)
    connection.receive_data(bytes.fromhex(frame))

    with pytest.raises(RemoteProtocolError, match="unexpected response message <nil>"):
        list(connection.events())


def test_a_body_that_is_no_protobuf_names_its_place():
    """Conformance case 7."""
    check_error(KEEPALIVE + b"\x02\x0a\xff", problem="is not protobuf", offset=5)


def test_places_count_from_the_start_of_the_stream():
    """Also once the bytes before are gone."""
    connection = Connection(Role.AGENT)
    connection.receive_data(KEEPALIVE + INIT + KEEPALIVE[:2])
    assert len(list(connection.events())) == 2
    connection.receive_data(KEEPALIVE[2:] + bytes.fromhex("03a20100") + b"\x02\x0a\xff")
    events = connection.events()

    assert [next(events), next(events)] == [KeepaliveRequest(42), UnknownRequest(13, 3)]
    with pytest.raises(RemoteProtocolError, match="is not protobuf") as raised:
        next(events)
    assert raised.value.offset == 17


def test_events_before_an_error_are_given_first():
    """One bad frame does not take the good ones before it away."""
    connection = Connection(Role.AGENT)
    connection.receive_data(KEEPALIVE + INIT + INIT)
    events = connection.events()

    assert [next(events), next(events)] == [KeepaliveRequest(42), InitRequest()]
    with pytest.raises(RemoteProtocolError, match="a second init"):
        next(events)


def test_what_was_not_taken_is_given_later():
    """An iterator that is dropped half-way loses nothing."""
    connection = Connection(Role.AGENT)
    connection.receive_data(KEEPALIVE * 3)

    assert next(connection.events()) == KeepaliveRequest(42)
    connection.receive_data(INIT)

    assert list(connection.events()) == [KeepaliveRequest(42)] * 2 + [InitRequest()]


def test_any_buffer_may_be_fed():
    """A bytearray or memoryview of a transport is as good as bytes."""
    chunks = [bytearray(INIT), memoryview(bytes.fromhex("022200"))]

    assert receive(*chunks) == [InitRequest(), SnapshotRequest()]


def test_whole_frames_are_taken_apart():
    """The bodies of captured bytes, in order."""
    assert list(split_frames(KEEPALIVE + b"\x00" + INIT)) == [KEEPALIVE[1:], b"", INIT[1:]]
    assert list(split_frames(b"")) == []


@pytest.mark.parametrize(("data", "part"), [(b"\x84", "length"), (b"\x04\x1a", "body")])
def test_frames_that_are_not_whole_are_refused(data, part):
    """A file that ends inside a frame is damaged."""
    with pytest.raises(ValueError, match=part):
        list(split_frames(KEEPALIVE + data))
