"""Real captures: what production sends is understood, in both roles."""

import pytest

from harness import TRANSCRIPTS, exact, failures
from kapnb.errors import RemoteProtocolError
from kapnb.model import EdgeType, ErrorResponse, InfoResponse, InitRequest, Point
from kapnb.protocol import Connection, EndOfStream, ProtobufCodec, Role, split_frames

CODEC = ProtobufCodec()
ALL = sorted(path.name[: -len(".in.bin")] for path in TRANSCRIPTS.glob("*.in.bin"))
#: What Connection(KAPACITOR) says of the UDFs that bring kapacitord down or send no frames.
MISBEHAVING = {
    "g_empty_message": "unexpected response message <nil>",
    "g_end_without_begin": "an end without a begin brings kapacitord down",
    "g_print_stdout": "the frame's body is not protobuf|larger than the limit|ended inside",
}


def read(name, side):
    return (TRANSCRIPTS / f"{name}.{side}.bin").read_bytes()


def requests_of(name):
    """Return the requests of a capture, received as an agent."""
    connection = Connection(Role.AGENT)
    connection.receive_data(read(name, "in"))
    return list(connection.events())


def responses_of(name):
    """Return the responses of a capture, received as Kapacitor, who had sent the requests."""
    connection = Connection(Role.KAPACITOR)
    for request in requests_of(name):
        connection.send(request)
    connection.receive_data(read(name, "out"))
    return list(connection.events())


@pytest.mark.parametrize("name", ALL)
def test_what_kapacitor_sent_is_received_and_could_be_sent(name):
    """Every request is in order, and survives being encoded again."""
    requests = requests_of(name)
    kapacitor = Connection(Role.KAPACITOR)
    agent = Connection(Role.AGENT)

    agent.receive_data(b"".join(kapacitor.send(request) for request in requests))

    assert [exact(event) for event in agent.events()] == [exact(request) for request in requests]


@pytest.mark.parametrize("name", [name for name in ALL if name not in MISBEHAVING])
def test_what_udfs_sent_is_received(name):
    """Every response that Kapacitor bore is in order here, too."""
    responses = responses_of(name)

    assert responses or name in ("g_hang_init", "g_exit_early0")
    if ".info" in name:
        assert isinstance(responses[0], InfoResponse)


@pytest.mark.parametrize("name", MISBEHAVING)
def test_what_brought_kapacitor_down_is_a_remote_error(name):
    """failures.json says what Kapacitor said; we say it without dying."""
    entry = failures()[name.removeprefix("g_")]
    assert not entry["alive"] or "read error" in entry["show"][0]

    with pytest.raises(RemoteProtocolError, match=MISBEHAVING[name]) as raised:
        responses_of(name)
    assert raised.value.offset > 0


@pytest.mark.parametrize("name", ["error_response", "raise_point", "init_raise", "snapshot_str"])
def test_the_error_frame_holds_what_kapacitor_showed(name):
    """The text of the last response is the text of `kapacitor show`."""
    last = responses_of(f"g_{name}")[-1]

    assert isinstance(last, ErrorResponse)
    assert failures()[name]["show"][0].removeprefix("Error: u2: ") == last.error.splitlines()[0]


@pytest.mark.parametrize("name", ALL)
def test_points_pass_through_as_the_bytes_they_are(name):
    """A mirror's output is byte-identical to its input."""
    for body in split_frames(read(name, "in")):
        message = CODEC.decode_request(body)
        if isinstance(message, Point):
            frame = CODEC.encode_response(message, in_batch=False)
            assert next(split_frames(frame)) == body


@pytest.mark.parametrize("name", [name for name in ALL if ".info" not in name])
def test_captures_are_received_byte_by_byte(name):
    """The pipe may cut anywhere."""
    data = read(name, "in")[:3000]
    whole, cut = Connection(Role.AGENT), Connection(Role.AGENT)
    whole.receive_data(data)

    seen = []
    for at in range(len(data)):
        cut.receive_data(data[at : at + 1])
        seen += cut.events()

    assert [exact(event) for event in seen] == [exact(event) for event in whole.events()]


def test_batches_of_a_real_task_are_batches():
    """Edges are known for the mirrors of batches."""
    connection = Connection(Role.AGENT, wants=EdgeType.BATCH, provides=EdgeType.BATCH)
    connection.receive_data(read("c1_batch_mirror_groupby_host", "in"))
    connection.receive_data(b"")

    events = list(connection.events())

    assert isinstance(events[0], InitRequest)
    assert events[-1] == EndOfStream()
