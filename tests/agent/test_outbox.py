"""The outbox: frames in order, batches as units, numbers that can be stored."""

import math
import threading

import pytest

from harness import cpu, exact
from kapnb.agent import Outbox
from kapnb.errors import LocalProtocolError
from kapnb.model import (
    BATCH,
    STREAM,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InitRequest,
    InitResponse,
    KeepaliveResponse,
    Point,
    SnapshotResponse,
)
from kapnb.protocol import Connection, ProtobufCodec, Role, WirePoint, split_frames

CODEC = ProtobufCodec(deterministic=True)
NAN, INF = float("nan"), float("inf")


def open_for_data(provides=STREAM, **settings):
    """Return an outbox behind a session that has started."""
    connection = Connection(Role.AGENT, wants=STREAM, provides=provides, codec=CODEC)
    connection.receive_data(CODEC.encode_request(InitRequest(), in_batch=False))
    list(connection.events())
    outbox = Outbox(connection, **settings)
    outbox.send(InitResponse())
    outbox.take()
    return outbox


def taken(outbox):
    """Return the messages that may go out now."""
    return [CODEC.decode_response(body) for body in split_frames(outbox.take())]


def kinds(outbox):
    return [type(message).__name__ for message in taken(outbox)]


def received(point):
    """Return `point` as it comes from the wire."""
    (body,) = split_frames(CODEC.encode_request(point, in_batch=False))
    return CODEC.decode_request(body)


def point(time=0):
    return cpu(time=time)


BATCH_KINDS = ["BeginBatch", "WirePoint", "EndBatch"]


# ----------------------------------------------------------------------------------- order


def test_frames_go_out_in_the_order_in_which_they_came():
    """Points, untouched or not, and management."""
    outbox = open_for_data()

    outbox.send(point(1))
    outbox.send_point(received(point(2)))
    outbox.send(KeepaliveResponse(3))
    outbox.send_point(received(point(4)).with_fields(mean=1.5))
    outbox.send_point(point(5))

    assert [message.time for message in taken(outbox)] == [1, 2, 3, 4, 5]


def test_what_was_taken_is_gone():
    """Once, and whole."""
    outbox = open_for_data()
    outbox.send(point(1))

    assert len(taken(outbox)) == 1
    assert outbox.take() == b""
    assert outbox.made == 0


def test_the_size_of_what_was_made_is_known():
    """It may be large; what passes through is no larger than what was read."""
    outbox = open_for_data()
    outbox.send_point(received(point()))
    assert outbox.made == 0

    outbox.send(point())

    assert outbox.made == len(CODEC.encode_response(point(), in_batch=False))


def test_taking_while_another_thread_puts_loses_and_doubles_nothing():
    """The pulse takes, too."""
    outbox = open_for_data()
    count, data = 20_000, []
    done = threading.Event()

    def take():
        while not done.is_set():
            data.append(outbox.take())

    thread = threading.Thread(target=take)
    thread.start()
    for time in range(count):
        outbox.send(KeepaliveResponse(time))
    done.set()
    thread.join()
    data.append(outbox.take())

    times = [CODEC.decode_response(body).time for body in split_frames(b"".join(data))]
    assert times == list(range(count))


# ------------------------------------------------------------------------------ open batches


def test_a_batch_goes_out_with_its_end():
    """Until then nothing of it is ready."""
    outbox = open_for_data(BATCH)

    outbox.send(BeginBatch("cpu", size=1))
    outbox.send(point())
    assert outbox.take() == b""
    outbox.send(EndBatch("cpu"))

    assert kinds(outbox) == BATCH_KINDS


def test_management_overtakes_an_open_batch():
    """Kapacitor waits for it, and it does no harm there."""
    outbox = open_for_data(BATCH)
    outbox._connection.receive_data(bytes.fromhex("022200"))  # snapshot
    list(outbox._connection.events())
    outbox.send(BeginBatch(size=1))
    outbox.send(KeepaliveResponse(7))
    outbox.send(point())
    outbox.send(SnapshotResponse(b"x"))

    assert kinds(outbox) == ["KeepaliveResponse", "SnapshotResponse"]
    outbox.send(EndBatch())
    assert kinds(outbox) == BATCH_KINDS


def test_an_error_leaves_an_open_batch_behind():
    """No half of it goes out, before or after."""
    outbox = open_for_data(BATCH)
    outbox.send(BeginBatch(size=2))
    outbox.send(point())

    outbox.send(ErrorResponse("no"))
    outbox.send(KeepaliveResponse(1))

    assert kinds(outbox) == ["ErrorResponse", "KeepaliveResponse"]


# --------------------------------------------------------------------------------- the guard


@pytest.mark.parametrize(
    ("provides", "before", "message", "text"),
    [
        (BATCH, [], EndBatch(), "an end without a begin brings kapacitord down"),
        (BATCH, [BeginBatch(), EndBatch()], EndBatch(), "an end without a begin"),
        (BATCH, [BeginBatch()], BeginBatch(), "a begin inside an open batch discards the points"),
        (BATCH, [], BeginBatch(size=-1), "a batch of size -1 brings kapacitord down"),
        (BATCH, [], BeginBatch(size=-(2**63)), "brings kapacitord down"),
        (BATCH, [], point(), "a point outside a batch on an edge declared BATCH"),
        (STREAM, [], BeginBatch(), "a batch on an edge declared STREAM"),
        (STREAM, [], SnapshotResponse(), "a snapshot answer that nobody asked for"),
        (STREAM, [], InitResponse(), "init"),
        (STREAM, [], None, "NoneType is no response of the protocol"),
        (STREAM, [], b"", "bytes is no response of the protocol"),
        (STREAM, [], InitRequest(), "InitRequest is no response of the protocol"),
        (STREAM, [ErrorResponse("x")], point(), "point is not allowed in state failed"),
        (STREAM, [], KeepaliveResponse("now"), "cannot be put on the wire"),
        (STREAM, [], KeepaliveResponse(2**63), "cannot be put on the wire"),
        (STREAM, [], ErrorResponse("\udc80"), "cannot be put on the wire"),
        (BATCH, [], BeginBatch("\udc80"), "cannot be put on the wire"),
        (BATCH, [], BeginBatch(tags={"host": "\udc80"}), "cannot be put on the wire"),
        (BATCH, [BeginBatch()], EndBatch(tags={"host": 5}), "cannot be put on the wire"),
    ],
)
def test_what_kapacitor_would_not_bear_is_refused(provides, before, message, text):
    """And nothing has changed: what is allowed may still be sent."""
    outbox = open_for_data(provides)
    for earlier in before:
        outbox.send(earlier)
    state = outbox._connection.our_state
    outbox.take()

    with pytest.raises(LocalProtocolError, match=text):
        outbox.send(message)

    assert outbox.take() == b""
    assert outbox._connection.our_state is state


def test_data_waits_for_the_answer_to_init():
    """Kapacitor's only reader would stand at it and never see the answer."""
    connection = Connection(Role.AGENT, wants=STREAM, provides=STREAM, codec=CODEC)
    outbox = Outbox(connection)
    with pytest.raises(LocalProtocolError, match="a point before init"):
        outbox.send(point())
    connection.receive_data(CODEC.encode_request(InitRequest(), in_batch=False))
    list(connection.events())
    with pytest.raises(LocalProtocolError, match="a point before init"):
        outbox.send_point(received(point()))

    outbox.send(InitResponse())
    outbox.send_point(received(point()))

    assert kinds(outbox) == ["InitResponse", "WirePoint"]


def test_a_second_answer_is_refused():
    """It would be taken for the answer to the next request."""
    outbox = open_for_data()
    outbox._connection.receive_data(bytes.fromhex("022200"))
    list(outbox._connection.events())
    outbox.send(SnapshotResponse(b"x"))

    with pytest.raises(LocalProtocolError, match="would answer the next request"):
        outbox.send(SnapshotResponse(b"x"))

    assert kinds(outbox) == ["SnapshotResponse"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: cpu(name="\udc80"),
        lambda: cpu(tags={"host": "\udc80"}),
        lambda: cpu(tags={"\udc80": "a"}),
        lambda: cpu(dimensions=["\udc80"]),
        lambda: cpu(database="\udc80"),
        lambda: cpu().with_fields(text="\udc80"),
        lambda: cpu().with_fields({"\udc80": 1.0}),
    ],
    ids=["name", "tag", "tag name", "dimension", "database", "field", "field name"],
)
def test_text_that_is_no_utf8_never_reaches_the_wire(make):
    """Wherever it stands in a point; Kapacitor could not read the frame."""
    outbox = open_for_data()

    told = r"a Point cannot .* the text '.*\\udc80.*' holds '\\udc80', which is no character; "
    with pytest.raises(LocalProtocolError, match=told):
        outbox.send(make())

    outbox.send(point(1))
    assert [message.time for message in taken(outbox)] == [1]


# ------------------------------------------------------------------------------------- units


def test_a_unit_that_is_kept_goes_out_in_its_place():
    """As if it had not been one."""
    outbox = open_for_data()
    outbox.send(point(1))
    outbox.open_unit()
    outbox.send_point(received(point(2)))
    outbox.send(point(3))
    assert [message.time for message in taken(outbox)] == [1]
    outbox.close_unit(keep=True)
    outbox.send(point(4))

    assert [message.time for message in taken(outbox)] == [2, 3, 4]


def test_a_unit_that_is_not_kept_leaves_nothing():
    """Neither behind it nor before it."""
    outbox = open_for_data()
    outbox.send(point(1))
    outbox.open_unit()
    outbox.send(point(2))
    outbox.close_unit(keep=False)
    outbox.send(point(3))

    assert [message.time for message in taken(outbox)] == [1, 3]


@pytest.mark.parametrize("sent", [1, 2, 3])
def test_a_batch_begun_in_a_unit_goes_with_it(sent):
    """And another may begin: nothing is known of it any more."""
    outbox = open_for_data(BATCH)
    outbox.open_unit()
    for message in [BeginBatch(), point(), point()][:sent]:
        outbox.send(message)
    outbox.close_unit(keep=False)
    assert outbox.take() == b""

    outbox.open_unit()
    for message in [BeginBatch(), point(), EndBatch()]:
        outbox.send(message)
    assert outbox.take() == b""
    outbox.close_unit(keep=True)

    assert kinds(outbox) == BATCH_KINDS


def test_whole_batches_in_a_unit_go_with_it():
    """All of them."""
    outbox = open_for_data(BATCH)
    outbox.open_unit()
    for message in [BeginBatch(), EndBatch(), BeginBatch(), EndBatch(), BeginBatch()]:
        outbox.send(message)
    outbox.close_unit(keep=False)

    assert outbox.take() == b""


def test_management_does_not_wait_for_a_unit():
    """Nor is it taken back."""
    outbox = open_for_data()
    outbox.open_unit()
    outbox.send(point())
    outbox.send(KeepaliveResponse(1))
    assert kinds(outbox) == ["KeepaliveResponse"]
    outbox.close_unit(keep=False)

    assert outbox.take() == b""


# ------------------------------------------------------------------------- non-finite values


VALUES = {"a": 1.5, "b": NAN, "c": INF, "d": -INF, "e": "nan", "f": 3, "g": True}
FINITE = {name: value for name, value in VALUES.items() if name not in "bcd"}


def made(**more):
    return Point({**VALUES, **more}, time=1, name="cpu")


def changed():
    """Return a point that came over the wire and was changed."""
    point = received(Point({"a": 1.5}, time=1, name="cpu"))
    point.fields.update(VALUES)
    return point


def extended():
    """Return a point that came over the wire and was given more fields."""
    return received(Point({"a": 1.5}, time=1, name="cpu")).with_fields(VALUES)


MAKE = [made, changed, extended]


@pytest.mark.parametrize("make", MAKE)
def test_by_default_values_that_are_not_finite_are_left_out(make):
    """InfluxDB could not store them; the Handler's own point stays as it is."""
    outbox, point = open_for_data(), make()

    outbox.send_point(point)

    (answer,) = taken(outbox)
    assert exact(answer.fields) == exact(FINITE)
    assert (answer.name, answer.time) == ("cpu", 1)
    assert outbox.dropped_fields == 3
    assert math.isnan(point.fields["b"])


def test_each_field_is_warned_of_once():
    """And counted each time."""
    warnings = []
    outbox = open_for_data(warn=warnings.append)

    for _ in range(3):
        outbox.send(made())
    outbox.send(made(h=NAN))

    assert warnings == [
        f"field '{name}' was {value} and is left out, here and whenever it is not finite"
        for name, value in [("b", "nan"), ("c", "inf"), ("d", "-inf"), ("h", "nan")]
    ]
    assert outbox.dropped_fields == 13


@pytest.mark.parametrize("make", MAKE)
def test_they_may_be_an_error(make):
    """Which names the field and what to do; nothing is sent."""
    outbox = open_for_data(non_finite="error")

    with pytest.raises(
        LocalProtocolError,
        match="field 'b' is nan, which InfluxDB cannot store; leave the field out, or set non_finite",
    ):
        outbox.send_point(make())

    assert outbox.take() == b""
    assert outbox.dropped_fields == 0


@pytest.mark.parametrize("make", MAKE)
def test_they_may_pass(make):
    """For whoever has another use for them downstream."""
    outbox = open_for_data(non_finite="pass")

    outbox.send_point(make())

    (answer,) = taken(outbox)
    assert exact(answer.fields) == exact(VALUES)


@pytest.mark.parametrize("policy", ["drop", "error", "pass"])
def test_a_point_that_passes_through_is_not_looked_at(policy):
    """What Kapacitor has sent it can have back."""
    outbox = open_for_data(non_finite=policy)
    point = received(made())

    outbox.send_point(point)

    (answer,) = taken(outbox)
    assert isinstance(answer, WirePoint)
    assert answer.raw == point.raw


def test_a_batch_is_treated_likewise():
    """Point by point."""
    outbox = open_for_data(BATCH)

    for message in [BeginBatch(size=1), made(), EndBatch()]:
        outbox.send(message)

    assert exact(taken(outbox)[1].fields) == exact(FINITE)


def test_a_point_without_a_field_left_does_not_go_out():
    """InfluxDB would refuse the whole write that holds it."""
    outbox = open_for_data()
    before = len(outbox.ready)

    outbox.send(Point({"x": NAN}, time=1, name="m"))
    outbox.send(Point({"x": NAN, "y": 1.5}, time=2, name="m"))

    assert len(outbox.ready) == before + 1
    assert outbox.dropped_fields == 2
