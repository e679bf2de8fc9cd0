"""Frames as Kapacitor and the official agents write them, byte for byte."""

import pytest
from hypothesis import given

from harness import exact
from kapnb.errors import LocalProtocolError, RemoteProtocolError
from kapnb.model import (
    BATCH,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
    ValueType,
)
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.protocol._wire import varint
from strategies import requests, responses

CODEC = ProtobufCodec(deterministic=True)

#: protocol.md A1, and what follows from its field numbers.
REQUESTS = [
    (InfoRequest(), "02 0a00"),
    (InitRequest(), "02 1200"),
    (InitRequest(task_id="t", node_id="n"), "08 1206 120174 1a016e"),
    (
        InitRequest((ReceivedOption("d", (OptionValue(ValueType.DURATION, 1),)),)),
        "0d 120b 0a09 0a0164 1204 0804 3001",
    ),
    (
        InitRequest((ReceivedOption("b", (OptionValue(ValueType.BOOL, None),)),)),
        "09 1207 0a05 0a0162 1200",
    ),
    (KeepaliveRequest(42), "04 1a02 082a"),
    (SnapshotRequest(), "02 2200"),
    (RestoreRequest(b"\x01\x02"), "06 2a04 0a020102"),
    (BeginBatch("m", size=3, by_name=True), "0a 820107 0a016d 2003 2801"),
    (Point({}, time=1), "05 8a0102 0801"),
    (EndBatch("m", tmax=5), "08 920105 0a016d 1805"),
]
RESPONSES = [
    (InfoResponse(), "02 0a00"),
    (
        InfoResponse(BATCH, BATCH, {"f": (ValueType.INT,)}),
        "10 0a0e 0801 1001 1a08 0a0166 1203 0a0101",
    ),
    (InitResponse(), "04 1202 0801"),
    (InitResponse(False, "no"), "06 1204 12026e6f"),
    (KeepaliveResponse(42), "04 1a02 082a"),
    (SnapshotResponse(), "02 2200"),
    (SnapshotResponse(b"x"), "05 2203 0a0178"),
    (RestoreResponse(), "04 2a02 0801"),
    (ErrorResponse("no"), "06 3204 0a026e6f"),
    (BeginBatch(), "03 820100"),
    (Point({}, time=0), "03 8a0100"),
    (EndBatch(), "03 920100"),
]


def check(encode, decode, message, frame):
    """Encode `message` into `frame` and decode it from there."""
    frame = bytes.fromhex(frame)
    (body,) = split_frames(frame)

    assert encode(message, in_batch=False) == frame
    assert exact(decode(body)) == exact(message)


@pytest.mark.parametrize(("message", "frame"), REQUESTS)
def test_requests_have_their_golden_frames(message, frame):
    """One-of numbers, field numbers and enums are Kapacitor's."""
    check(CODEC.encode_request, CODEC.decode_request, message, frame)


@pytest.mark.parametrize(("message", "frame"), RESPONSES)
def test_responses_have_their_golden_frames(message, frame):
    """One-of numbers, field numbers and enums are Kapacitor's."""
    check(CODEC.encode_response, CODEC.decode_response, message, frame)


def test_a_point_uses_every_field_number():
    """Time 1 to fieldsBool 12, as in the wire contract."""
    point = Point(
        {"d": 1.0, "i": -1, "s": "x", "b": True},
        time=2,
        name="n",
        tags={"t": "v"},
        dimensions=["t"],
        by_name=True,
        database="d",
        retention_policy="r",
    )
    body = (
        "0802 12016e 1a0164 220172 2a05 6e0a743d76 320174 3a06 0a0174120176"
        "420c 0a016411000000000000f03f 4a0e 0a016910ffffffffffffffffff01"
        "5206 0a0173120178 5801 6205 0a01621001"
    )
    inner = bytes.fromhex(body)

    frame = CODEC.encode_response(point, in_batch=False)

    assert frame.endswith(inner)
    assert exact(CODEC.decode_response(frame[1:])) == exact(point)


def test_a_point_in_a_batch_carries_no_identity():
    """Between begin and end go time, group, tags and fields; Kapacitor knows the rest."""
    point = Point({"x": 1.0}, time=2, name="n", tags={"t": "v"}, dimensions=["t"], database="d")

    (body,) = split_frames(CODEC.encode_response(point, in_batch=True))
    decoded = CODEC.decode_response(body)

    assert (decoded.name, decoded.database, decoded.dimensions) == ("", "", ())
    assert (decoded.time, decoded.tags, decoded.fields) == (2, {"t": "v"}, {"x": 1.0})
    assert decoded.group == "t=v"


@given(requests)
def test_requests_survive_the_wire(message):
    """What is decoded is what was encoded, types included."""
    (body,) = split_frames(CODEC.encode_request(message, in_batch=False))

    assert exact(CODEC.decode_request(body)) == exact(message)


@given(responses)
def test_responses_survive_the_wire(message):
    """What is decoded is what was encoded, types included."""
    (body,) = split_frames(CODEC.encode_response(message, in_batch=False))

    assert exact(CODEC.decode_response(body)) == exact(message)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("0aff", "not protobuf"),
        ("1205120361ff62", "not protobuf"),
        ("0a020805", "5 is no edge type"),
        ("0a0a1a080a01661203 0a0107", "7 is no type"),
        ("8a0102ffff", "could not be decoded"),
    ],
)
def test_a_response_that_cannot_be_decoded_is_a_remote_error(body, problem):
    """Wrong wire types, invalid UTF-8 and unknown enums are the peer's fault."""
    with pytest.raises(RemoteProtocolError, match=problem):
        CODEC.decode_response(bytes.fromhex(body))


@pytest.mark.parametrize("body", ["", "a20100", "3800"], ids=["empty", "field 20", "field 7"])
def test_an_unknown_message_is_none(body):
    """A newer Kapacitor may know more than we do; the Connection decides what follows."""
    assert CODEC.decode_request(bytes.fromhex(body)) is None
    assert CODEC.decode_response(bytes.fromhex(body)) is None


def test_unknown_fields_of_known_messages_are_ignored():
    """Conformance case 9."""
    assert CODEC.decode_request(bytes.fromhex("1a05 082a f80101")) == KeepaliveRequest(42)


def test_a_point_beside_unknown_fields_is_still_a_point():
    """A newer Kapacitor may put more into a request than the point."""
    for body in ("8a0102 0801 f80101", "f80101 8a0102 0801", "8a018200 0801"):
        for decode in (CODEC.decode_request, CODEC.decode_response):
            assert decode(bytes.fromhex(body)).time == 1


def raw_point(size):
    """Return the `size` bytes of a point at time 5, all of it dimensions but the time."""
    odd = size % 2
    return b"\x08\x05" + b"\x32\x01x" * odd + b"\x32\x00" * ((size - 2 - 3 * odd) // 2)


@pytest.mark.parametrize("size", [2, 126, 127, 128, 129, 16_382, 16_383, 16_384, 2_097_152])
def test_a_point_of_any_size_is_kept_as_its_bytes(size):
    """Also where the length of its length changes."""
    raw = raw_point(size)
    body = b"\x8a\x01" + varint(size) + raw

    for decode in (CODEC.decode_request, CODEC.decode_response):
        assert (len(raw), decode(body).raw) == (size, raw)
    frame = CODEC.encode_response(CODEC.decode_request(body), in_batch=False)
    assert list(split_frames(frame)) == [body]


@pytest.mark.parametrize("more", ["0801", "f80101", "0801 0801", "f80101 0801", "0801" * 4])
@pytest.mark.parametrize("size", [*range(118, 134), *range(16_376, 16_390)])
def test_what_follows_a_point_is_no_part_of_it(size, more):
    """Of a body of 131 or 16388 bytes no point takes all; 0801 would be its time."""
    body = b"\x8a\x01" + varint(size) + raw_point(size) + bytes.fromhex(more)

    for decode in (CODEC.decode_request, CODEC.decode_response):
        assert decode(body).time == 5


@pytest.mark.parametrize("length", ["82 00", "82 80 00", "82 80 80 80 00"])
def test_a_point_whose_length_is_longer_than_needed_is_still_a_point(length):
    """Nobody writes it; it goes the general way."""
    body = bytes.fromhex("8a01" + length + "0801")

    for decode in (CODEC.decode_request, CODEC.decode_response):
        assert exact(decode(body)) == exact(Point({}, time=1))


def test_an_option_of_an_unknown_type_keeps_its_value():
    """A type beyond the five is a newer Kapacitor's; it reads as the default type."""
    request = CODEC.decode_request(bytes.fromhex("120b 0a09 0a0178 1204 08091001"))

    assert request.options == (ReceivedOption("x", (OptionValue(ValueType.BOOL, True),)),)


@pytest.mark.parametrize(
    "message",
    [
        ErrorResponse("\ud800"),
        InitResponse(False, 5),
        SnapshotResponse("text"),
        InfoResponse("STREAM"),
        InfoResponse(options={"x": ["INT"]}),
        KeepaliveResponse(2**64),
        BeginBatch(tags={"a": 1}),
        Point({"x": 1}),
        Point({"x": "\ud800"}, time=0),
        Point({"x": 1}, time=0, database=5),
        Point({"x": 1}, time=0, dimensions=[5]),
        Point({"x": 1}, time=0, tags={"\ud800": ""}),
    ],
)
def test_a_message_that_cannot_be_encoded_is_a_local_error(message):
    """Nothing that protobuf refuses gets out as another class of exception."""
    with pytest.raises(LocalProtocolError, match=f"{type(message).__name__} cannot be put"):
        CODEC.encode_response(message, in_batch=False)
