"""Law 1, chunking: any split of the bytes gives the same events."""

from hypothesis import given
from hypothesis import strategies as st

from harness import events_of
from kapnb.model import InfoRequest, InitRequest, RestoreRequest, SnapshotRequest
from kapnb.protocol import Connection, ProtobufCodec, Role
from strategies import conversations, edges, requests, responses, splits


def frames(codec, messages, role):
    """Return `messages` as one stream, whether or not they are in order."""
    encode = codec.encode_request if role is Role.AGENT else codec.encode_response
    return b"".join(encode(message, in_batch=False) for message in messages)


def waiting(role, **more):
    """Return a fresh Connection that may be answered."""
    connection = Connection(role, **more)
    if role is Role.KAPACITOR:
        for request in (InfoRequest(), InitRequest(), SnapshotRequest(), RestoreRequest()):
            connection.send(request)
    return connection


def check(role, stream, pieces, *, ending):
    """Compare what one Connection makes of the whole with what another makes of the pieces."""
    end = [b""] if ending else []
    whole = events_of(waiting(role, frame_size_max=1000), [*([stream] if stream else []), *end])

    assert events_of(waiting(role, frame_size_max=1000), [*pieces, *end]) == whole


@given(st.data(), edges, st.booleans())
def test_a_valid_conversation_survives_any_split(data, wants, ending):
    """What Kapacitor says in order is understood however the pipe cuts it."""
    stream = frames(ProtobufCodec(), data.draw(conversations(wants)), Role.AGENT)

    check(Role.AGENT, stream, data.draw(splits(stream)), ending=ending)


@given(st.data(), st.sampled_from(Role), st.booleans())
def test_messages_out_of_order_give_the_same_error_under_any_split(data, role, ending):
    """Events before the error, its text and its offset do not depend on the cuts."""
    messages = st.lists(requests if role is Role.AGENT else responses, max_size=6)
    stream = frames(ProtobufCodec(), data.draw(messages), role)

    check(role, stream, data.draw(splits(stream)), ending=ending)


@given(st.data(), st.sampled_from(Role))
def test_a_truncated_stream_gives_the_same_error_under_any_split(data, role):
    """The end of the stream inside a frame is told alike, wherever the cuts are."""
    messages = st.lists(requests if role is Role.AGENT else responses, min_size=1, max_size=4)
    stream = frames(ProtobufCodec(), data.draw(messages), role)
    stream = stream[: data.draw(st.integers(0, len(stream) - 1))]

    check(role, stream, data.draw(splits(stream)), ending=True)


@given(st.data(), st.sampled_from(Role), st.binary(max_size=60), st.booleans())
def test_arbitrary_bytes_give_the_same_events_under_any_split(data, role, stream, ending):
    """Garbage is the same garbage however it arrives."""
    check(role, stream, data.draw(splits(stream)), ending=ending)


@given(edges.flatmap(conversations))
def test_one_byte_at_a_time_is_a_split_like_any_other(messages):
    """The finest split of all."""
    stream = frames(ProtobufCodec(), messages, Role.AGENT)

    check(Role.AGENT, stream, [bytes([byte]) for byte in stream], ending=True)
