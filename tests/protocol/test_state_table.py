"""Who may say what, when: every cell of the two tables, sending and receiving."""

import re

import pytest

from kapnb.errors import LocalProtocolError, RemoteProtocolError
from kapnb.model import (
    BATCH,
    STREAM,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Connection, Kind, ProtobufCodec, Role, State
from kapnb.protocol._states import REQUESTS, RESPONSES

CODEC = ProtobufCodec()
POINT = Point({"x": 1.0}, time=0)
DATA = {Kind.BEGIN: BeginBatch(), Kind.POINT: POINT, Kind.END: EndBatch()}
REQUEST = {
    Kind.INFO: InfoRequest(),
    Kind.INIT: InitRequest(),
    Kind.KEEPALIVE: KeepaliveRequest(),
    Kind.SNAPSHOT: SnapshotRequest(),
    Kind.RESTORE: RestoreRequest(),
    **DATA,
}
RESPONSE = {
    Kind.INFO: InfoResponse(),
    Kind.INIT: InitResponse(),
    Kind.KEEPALIVE: KeepaliveResponse(),
    Kind.SNAPSHOT: SnapshotResponse(),
    Kind.RESTORE: RestoreResponse(),
    Kind.ERROR: ErrorResponse("x"),
    **DATA,
}


def cells(table, messages):
    return [
        pytest.param(state, kind, id=f"{state.value}-{kind.name.lower()}")
        for state in State
        for kind in messages
        if (kind in table[state]) is False
    ]


def allowed_cells(table):
    return [
        pytest.param(state, kind, id=f"{state.value}-{kind.name.lower()}")
        for state, row in table.items()
        for kind in row
    ]


def in_state(role, state, *, ours):
    """Return a Connection of which one direction is in `state`, everything asked for."""
    connection = Connection(role)
    connection._unanswered.update(
        {Kind.INFO: 1, Kind.SNAPSHOT: 1}
        | ({Kind.INIT: 1} if state is State.START else {})
        | ({Kind.RESTORE: 1} if state is State.FAILED else {})
    )
    direction = connection._ours if ours else connection._theirs
    direction.enter(state)
    return connection


def frame(role, message):
    """Return the frame in which `role` says `message`."""
    encode = CODEC.encode_request if role is Role.KAPACITOR else CODEC.encode_response
    return encode(message, in_batch=False)


def other(role):
    return Role.AGENT if role is Role.KAPACITOR else Role.KAPACITOR


def check_refused(role, state, message):
    """Refuse `message` both where it is sent and where it is received."""
    sender = in_state(role, state, ours=True)
    with pytest.raises(LocalProtocolError):
        sender.send(message)
    assert sender.our_state is state

    receiver = in_state(other(role), state, ours=False)
    keepalive = (
        b""
        if state is State.FAILED and role is Role.KAPACITOR
        else frame(
            role, REQUEST[Kind.KEEPALIVE] if role is Role.KAPACITOR else RESPONSE[Kind.KEEPALIVE]
        )
    )
    receiver.receive_data(keepalive + frame(role, message))
    events = receiver.events()
    if keepalive:
        next(events)
    with pytest.raises(RemoteProtocolError, match=rf"\(frame at byte {len(keepalive)}\)") as raised:
        next(events)
    assert raised.value.offset == len(keepalive)


def check_allowed(role, table, state, kind, message):
    """Let `message` pass on both sides, into the state that the table names."""
    after = table[state][kind]
    connection = in_state(role, state, ours=True)
    connection._unanswered[kind] += role is Role.AGENT

    sent = connection.send(message)

    assert connection.our_state is after
    receiver = in_state(other(role), state, ours=False)
    receiver._unanswered[kind] += role is Role.AGENT
    receiver.receive_data(sent)
    (event,) = receiver.events()
    assert type(event) is type(message) or isinstance(event, Point)
    assert receiver.their_state is after


@pytest.mark.parametrize(("state", "kind"), cells(REQUESTS, REQUEST))
def test_a_request_that_is_not_in_the_table_is_refused(state, kind):
    """Kapacitor would not say it, so neither do we when we play Kapacitor."""
    check_refused(Role.KAPACITOR, state, REQUEST[kind])


@pytest.mark.parametrize(("state", "kind"), cells(RESPONSES, RESPONSE))
def test_a_response_that_is_not_in_the_table_is_refused(state, kind):
    """Kapacitor would crash, hang or lose data."""
    check_refused(Role.AGENT, state, RESPONSE[kind])


@pytest.mark.parametrize(("state", "kind"), allowed_cells(REQUESTS))
def test_a_request_in_the_table_passes(state, kind):
    """Sent and received, it leads to the state that the table names."""
    check_allowed(Role.KAPACITOR, REQUESTS, state, kind, REQUEST[kind])


@pytest.mark.parametrize(("state", "kind"), allowed_cells(RESPONSES))
def test_a_response_in_the_table_passes(state, kind):
    """Sent and received, it leads to the state that the table names."""
    check_allowed(Role.AGENT, RESPONSES, state, kind, RESPONSE[kind])


@pytest.mark.parametrize("kind", [Kind.INFO, Kind.INIT, Kind.SNAPSHOT, Kind.RESTORE])
def test_an_answer_that_nobody_asked_for_is_refused(kind):
    """Kapacitor would take it for the answer to its next request."""
    state = State.START if kind is Kind.INIT else State.READY
    for role in Role:
        connection = Connection(role)
        connection._responses.enter(state)
        if role is Role.AGENT:
            with pytest.raises(LocalProtocolError, match="nobody asked for"):
                connection.send(RESPONSE[kind])
        else:
            connection.receive_data(frame(Role.AGENT, RESPONSE[kind]))
            with pytest.raises(RemoteProtocolError, match="nobody asked for"):
                list(connection.events())


def pair(**edges):
    """Return both ends, connected by `say`."""
    kapacitor, agent = Connection(Role.KAPACITOR, **edges), Connection(Role.AGENT, **edges)

    def say(connection, message):
        target = agent if connection is kapacitor else kapacitor
        target.receive_data(connection.send(message))
        return list(target.events())

    return kapacitor, agent, say


def test_two_requests_are_answered_twice_and_never_three_times():
    """Conformance case 22."""
    kapacitor, agent, say = pair()
    say(kapacitor, InitRequest())
    say(agent, InitResponse())
    say(kapacitor, SnapshotRequest())
    say(kapacitor, SnapshotRequest())
    assert agent.unanswered(Kind.SNAPSHOT) == kapacitor.unanswered(Kind.SNAPSHOT) == 2

    say(agent, SnapshotResponse(b"1"))
    say(agent, SnapshotResponse(b"2"))

    with pytest.raises(LocalProtocolError, match="nobody asked for"):
        agent.send(SnapshotResponse(b"3"))
    assert agent.unanswered(Kind.SNAPSHOT) == kapacitor.unanswered(Kind.SNAPSHOT) == 0


@pytest.mark.parametrize("message", [POINT, BeginBatch()], ids=["point", "begin"])
@pytest.mark.parametrize("unanswered", ["init", "restore"])
def test_data_waits_for_the_answers_to_init_and_restore(unanswered, message):
    """Kapacitor's single reader would block on the data and never see the answer."""
    kapacitor, agent, say = pair()
    say(kapacitor, InitRequest())
    if unanswered == "restore":
        say(agent, InitResponse())
        say(kapacitor, RestoreRequest())
    else:
        agent._responses.enter(State.READY)
        agent._responses.hold(True)

    with pytest.raises(LocalProtocolError, match="start would hang"):
        agent.send(message)

    say(agent, RestoreResponse() if unanswered == "restore" else KeepaliveResponse())
    if unanswered == "restore":
        agent.send(message)


@pytest.mark.parametrize(
    ("edge", "message", "problem"),
    [
        (BATCH, POINT, "a point outside a batch on an edge declared BATCH"),
        (STREAM, BeginBatch(), "a batch on an edge declared STREAM"),
    ],
    ids=["loose point", "batch"],
)
def test_data_of_the_other_kind_is_refused_where_the_edge_is_known(edge, message, problem):
    """Kapacitor does not check; downstream nodes would get what they were not linked for."""
    for role in Role:
        connection = Connection(role, wants=edge, provides=edge)
        connection._ours.enter(State.READY)
        connection._theirs.enter(State.READY)
        with pytest.raises(LocalProtocolError, match=problem):
            connection.send(message)
        connection.receive_data(frame(other(role), message))
        with pytest.raises(RemoteProtocolError, match=problem):
            list(connection.events())


@pytest.mark.parametrize(
    ("role", "message", "problem"),
    [
        (Role.AGENT, EndBatch(), "an end without a begin brings kapacitord down"),
        (Role.AGENT, BeginBatch(size=-1), "a batch of size -1 brings kapacitord down"),
        (Role.KAPACITOR, InitRequest(), "a second init"),
        (Role.AGENT, KeepaliveRequest(), "KeepaliveRequest is no response of the protocol"),
        (Role.AGENT, InfoRequest(), "InfoRequest is no response"),
        (Role.KAPACITOR, InfoResponse(), "InfoResponse is no request"),
        (Role.KAPACITOR, ErrorResponse(), "ErrorResponse is no request"),
        (Role.AGENT, None, "NoneType is no response"),
        (Role.AGENT, type("Sub", (ErrorResponse,), {})("x"), "Sub is no response"),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Role) else None,
)
def test_the_mistakes_people_make_have_sentences(role, message, problem):
    """The text says what would happen."""
    connection = Connection(role)
    connection._ours.enter(State.READY)

    with pytest.raises(LocalProtocolError, match=re.escape(problem)):
        connection.send(message)


@pytest.mark.parametrize(
    "answer", [InitResponse(False, "no"), RestoreResponse(False, "no")], ids=repr
)
def test_a_refusal_is_the_last_word(answer):
    """After success=False only signs of life and an error may follow."""
    kapacitor, agent, say = pair()
    say(kapacitor, InitRequest())
    if isinstance(answer, RestoreResponse):
        say(agent, InitResponse())
        say(kapacitor, RestoreRequest())

    say(agent, answer)

    assert agent.our_state is kapacitor.their_state is State.FAILED
    say(agent, KeepaliveResponse())
    say(agent, ErrorResponse("again"))
    with pytest.raises(LocalProtocolError, match="not allowed in state failed"):
        agent.send(POINT)


def test_nothing_changes_when_encoding_fails():
    """A begin that cannot be encoded leaves no batch open."""
    kapacitor, agent, say = pair()
    say(kapacitor, InitRequest())
    say(agent, InitResponse())

    with pytest.raises(LocalProtocolError, match="cannot be put on the wire"):
        agent.send(BeginBatch(name="\ud800"))

    assert agent.our_state is State.READY


def test_an_end_that_is_received_closes_the_batch():
    """Points pass between begin and end even where the edge is BATCH."""
    kapacitor, agent, say = pair(wants=BATCH, provides=BATCH)
    say(kapacitor, InitRequest())
    say(agent, InitResponse())

    for end in (kapacitor, agent):
        say(end, BeginBatch())
        say(end, POINT)
        say(end, EndBatch())
        with pytest.raises(LocalProtocolError):
            end.send(POINT)
