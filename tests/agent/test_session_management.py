"""Info, init, keepalive, snapshot, restore: what a Session answers."""

import asyncio
import json
import logging

import pytest

from harness import Mirror, Peer, cpu, exact, option, started
from kapnb.errors import HandlerError, OptionError, SnapshotError
from kapnb.handler import Handler, Option
from kapnb.model import (
    BATCH,
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
    ValueType,
)


class Counting(Handler):
    size = Option(int, default=2)

    def group_state(self):
        return {"n": 0}

    def point(self, point, state):
        state["n"] += 1
        yield Point({"n": state["n"]})


class Strict(Counting):
    restore_policy = "strict"


def declare(base=Handler, **body):
    return type("Declared", (base,), body)


def counts(answers):
    return [answer.fields["n"] for answer in answers if isinstance(answer, Point)]


def test_info_is_answered_once_and_nothing_else_is_said():
    """Conformance case 12."""
    answers = Peer(Counting).feed(InfoRequest())

    assert answers == [InfoResponse(options={"size": (ValueType.INT,)})]


def test_info_then_the_end_calls_no_init():
    """Conformance case 13: the process at daemon start."""
    handler = declare(init=lambda self: pytest.fail("init was called"))
    peer = Peer(handler)
    peer.feed(InfoRequest())

    assert peer.close() == []
    assert peer.agent.ended
    assert peer.session.error is None


def test_init_needs_no_info():
    """Conformance case 14: a task's process is never asked for info."""
    assert Peer(Mirror).start() == InitResponse(True)


def test_options_are_set_before_init():
    """So that init can use them; with its argument it can see the task."""
    seen = []

    class Looking(Counting):
        def init(self, request):
            seen.append((self.size, request.task_id, request.node_id))

    started(Looking, option("size", 9))

    assert seen == [(9, "task", "node1")]


def test_init_may_be_written_without_its_argument():
    """Most do not need it."""
    seen = []
    started(declare(Counting, init=lambda self: seen.append(self.size)))

    assert seen == [2]


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("options", "init", "text"),
    [
        ([option("size", 1.0)], None, "unexpected arg to size, got DOUBLE expected INT"),
        ([option("nope")], None, "unknown option 'nope' (options: size)"),
        ([], lambda self: _raise(OptionError("size must be even")), "size must be even"),
        ([], lambda self, request: InitResponse(False, "no luck"), "no luck"),
        ([], lambda self: InitResponse(False, ValueError("no text")), "no text"),
        ([], lambda self: _raise(OptionError("file \udcff")), "file \\udcff"),
    ],
    ids=["mistyped", "unknown", "OptionError", "InitResponse", "not text", "surrogates"],
)
def test_a_refused_init_is_an_answer(options, init, text, caplog):
    """Conformance case 16: success=False with readable text, and the session is over."""
    caplog.set_level(logging.CRITICAL, "kapnb")  # xdist cannot carry surrogates in a log
    peer = Peer(declare(Counting, **({"init": init} if init else {})))

    assert peer.start(*options) == InitResponse(False, text)
    assert peer.session.refused
    assert isinstance(peer.session.error, OptionError)
    assert peer.feed(KeepaliveRequest(1)) == []


def test_an_exception_in_init_is_a_refusal_that_names_the_line():
    """Conformance case 17."""

    class Failing(Handler):
        def init(self):
            self.model = {}["model"]

    answer = Peer(Failing).start()

    assert not answer.success
    assert answer.error.startswith("KeyError: 'model' (in Failing.init, line ")
    assert answer.error.endswith("""of test_session_management.py: self.model = {}["model"])""")


def test_a_keepalive_is_answered_with_its_time():
    """At any moment, before init too."""
    peer = Peer(Mirror)

    assert peer.feed(KeepaliveRequest(-5)) == [KeepaliveResponse(-5)]
    peer.start()
    assert peer.feed(KeepaliveRequest(7)) == [KeepaliveResponse(7)]


def test_the_snapshot_of_no_state_is_bytes():
    """Conformance case 22: Kapacitor asks whether or not there is any."""
    (answer,) = started(Mirror).feed(SnapshotRequest())

    assert isinstance(answer, SnapshotResponse)
    assert json.loads(answer.snapshot)["groups"] == {}


def test_two_snapshot_requests_get_two_answers():
    """Never three: the third would answer a later request."""
    answers = started(Counting).feed(SnapshotRequest(), SnapshotRequest())

    assert [type(answer) for answer in answers] == [SnapshotResponse] * 2


def test_a_restored_session_goes_on_where_it_was():
    """Conformance case 24, state by state of each group."""
    first = started(Counting)
    first.feed(cpu(), cpu(), cpu(host="b"))
    (taken,) = first.feed(SnapshotRequest())
    second = started(Counting)

    assert second.feed(RestoreRequest(taken.snapshot)) == [RestoreResponse(True)]
    assert counts(second.feed(cpu(), cpu(host="b"), cpu(host="c"))) == [3, 2, 1]


@pytest.mark.parametrize("snapshot", [b"garbage", b"", b'{"kapnb":9,"header":{},"groups":{}}'])
def test_by_default_a_snapshot_that_does_not_fit_is_passed_over(snapshot, caplog):
    """Conformance case 25: a task that cannot start until a blob is deleted helps nobody."""
    peer = started(Counting)

    assert peer.feed(RestoreRequest(snapshot)) == [RestoreResponse(True)]
    assert counts(peer.feed(cpu())) == [1]
    assert "the stored snapshot was not used, starting fresh: " in caplog.text


def test_a_snapshot_of_other_options_is_passed_over(caplog):
    """Old state under new options is wrong more often than none."""
    first = started(Counting, option("size", 5))
    first.feed(cpu())
    (taken,) = first.feed(SnapshotRequest())
    peer = started(Counting)

    assert peer.feed(RestoreRequest(taken.snapshot)) == [RestoreResponse(True)]
    assert counts(peer.feed(cpu())) == [1]
    assert "taken with options {'size': '5'}, now {'size': '2'}" in caplog.text


def test_a_strict_handler_refuses_a_snapshot_that_does_not_fit():
    """The author prefers no result to one without the past."""
    peer = started(Strict)

    (answer,) = peer.feed(RestoreRequest(b"garbage"))

    assert answer == RestoreResponse(
        False,
        "7 bytes that are no kapnb snapshot; restore_policy is strict: to start without it, "
        "define the task under another name, or set another policy for one start",
    )
    assert peer.session.refused
    assert isinstance(peer.session.error, SnapshotError)
    assert peer.feed(cpu()) == []


@pytest.mark.parametrize(
    ("restore", "answer"),
    [
        (lambda self, snapshot: None, RestoreResponse(True)),
        (lambda self, snapshot: RestoreResponse(True), RestoreResponse(True)),
        (lambda self, snapshot: RestoreResponse(False, "no"), RestoreResponse(False, "no")),
        (
            lambda self, request: _raise(SnapshotError(request.snapshot.decode())),
            RestoreResponse(True),
        ),
    ],
    ids=["nothing", "accepted", "refused", "SnapshotError"],
)
def test_restore_may_be_overridden(restore, answer):
    """With the official meaning: it may return the message."""
    peer = started(declare(restore=restore))

    assert peer.feed(RestoreRequest(b"x")) == [answer]


def test_an_exception_in_restore_is_a_refusal():
    """Whatever the policy: it is a mistake in the code, not in the bytes."""
    peer = started(declare(restore=lambda self, snapshot: 1 / 0))

    (answer,) = peer.feed(RestoreRequest(b"x"))

    assert not answer.success
    assert answer.error.startswith("ZeroDivisionError: division by zero (in Declared.restore, line")


def test_info_may_be_overridden():
    """With the official meaning."""
    info = InfoResponse(BATCH, BATCH, {"x": (ValueType.INT, ValueType.INT)})

    assert Peer(declare(info=lambda self: info)).feed(InfoRequest()) == [info]


@pytest.mark.parametrize("data", [b"mine", bytearray(b"mine"), SnapshotResponse(b"mine")], ids=repr)
def test_snapshot_may_be_overridden(data):
    """It returns bytes, or the message."""
    peer = started(declare(snapshot=lambda self: data))

    assert peer.feed(SnapshotRequest()) == [SnapshotResponse(b"mine")]


def test_a_snapshot_that_is_no_bytes_is_an_error():
    """Text, in the official examples; the session says so before protobuf does."""
    peer = started(declare(snapshot=lambda self: "text"))

    (answer,) = peer.feed(SnapshotRequest())

    assert answer.error.startswith("snapshot() returned str; it must be bytes")


def test_a_state_that_cannot_be_kept_stops_nothing(caplog):
    """The task works; the snapshot stays empty, and the log says why, once."""
    peer = started(
        declare(group_state=lambda self: object(), point=lambda self, point, state: point)
    )
    peer.feed(cpu())

    answers = peer.feed(SnapshotRequest(), SnapshotRequest(), cpu())

    assert exact(answers) == exact([SnapshotResponse(), SnapshotResponse(), cpu()])
    assert "group 'host=a': state is a object" in str(peer.session.snapshot_error)
    assert caplog.text.count("no snapshot was taken") == 1


def test_a_snapshot_error_is_forgotten_when_a_snapshot_succeeds():
    """`snapshot_error` speaks of the last one."""
    peer = started(Counting)
    peer.feed(cpu())
    peer.handler.group_states["host=a"]["bad"] = object()
    peer.feed(SnapshotRequest())
    assert peer.session.snapshot_error is not None

    del peer.handler.group_states["host=a"]["bad"]
    peer.feed(SnapshotRequest())

    assert peer.session.snapshot_error is None


def test_an_unknown_request_is_skipped(caplog):
    """Conformance case 8."""
    caplog.set_level(logging.WARNING)
    peer = Peer(Mirror)

    assert peer._feed(bytes.fromhex("03a20100")) == []
    assert peer.feed(KeepaliveRequest(1)) == [KeepaliveResponse(1)]
    assert "skipped an unknown request of 3 bytes at byte 0" in caplog.text


@pytest.mark.parametrize(
    ("method", "junk", "text"),
    [
        ("info", 5, "int is no response of the protocol"),
        ("info", InfoRequest(), "InfoRequest is no response of the protocol"),
        ("info", InfoResponse("STREAM"), "a InfoResponse cannot be put on the wire"),
        ("info", InitResponse(), "a init answer that nobody asked for"),
    ],
)
def test_an_answer_that_is_none_is_an_error(method, junk, text):
    """User code may return anything; Kapacitor gets an error frame in its place."""
    (answer,) = Peer(declare(**{method: lambda self: junk})).feed(InfoRequest())

    assert isinstance(answer, ErrorResponse)
    assert text in answer.error


@pytest.mark.parametrize("method", ["info", "snapshot", "group_state", "point"])
def test_an_exception_in_a_callback_is_an_error_that_names_the_line(method):
    """Type, message and the last line of the user's own."""
    peer = Peer(declare(Counting, **{method: lambda self, *arguments: 1 / 0}))

    answers = peer.feed(InitRequest(), InfoRequest(), cpu(), SnapshotRequest())

    assert answers[-1].error.startswith(
        f"ZeroDivisionError: division by zero (in Declared.{method}, line "
    )
    assert "test_session_management.py: peer = Peer(" in answers[-1].error
    assert isinstance(peer.session.error, HandlerError)
    assert isinstance(peer.session.error.__cause__, ZeroDivisionError)


LEAVING = [SystemExit, asyncio.CancelledError, GeneratorExit]


@pytest.mark.parametrize("kind", LEAVING)
@pytest.mark.parametrize("method", ["info", "snapshot", "group_state", "point"])
def test_an_exception_of_any_kind_in_a_callback_is_an_error(method, kind):
    """Also those that ordinary code does not catch: the process must not end without a word."""
    peer = Peer(declare(Counting, **{method: lambda self, *arguments: _raise(kind("gone"))}))

    answers = peer.feed(InitRequest(), InfoRequest(), cpu(), SnapshotRequest())

    assert isinstance(answers[-1], ErrorResponse)
    assert answers[-1].error.startswith(f"{kind.__name__}: gone (in _raise, ")
    assert type(peer.session.error.__cause__) is kind


@pytest.mark.parametrize("kind", LEAVING)
def test_an_exception_of_any_kind_in_a_generator_is_an_error(kind):
    """What was yielded before is sent."""

    def point(self, point):
        yield point
        raise kind("gone")

    first, answer = started(declare(point=point)).feed(cpu())

    assert exact(first) == exact(cpu())
    assert answer.error.startswith(f"{kind.__name__}: gone (in Declared.point, ")


@pytest.mark.parametrize("kind", LEAVING)
def test_an_exception_of_any_kind_in_init_or_restore_is_a_refusal(kind):
    """Kapacitor waits for the answer."""
    refusing = Peer(declare(init=lambda self: _raise(kind("gone"))))
    strict = started(declare(restore=lambda self, snapshot: _raise(kind("gone"))))

    for peer, request in ((refusing, InitRequest()), (strict, RestoreRequest(b"x"))):
        (answer,) = peer.feed(request)

        assert not answer.success
        assert answer.error.startswith(f"{kind.__name__}: gone (in _raise, ")
        assert peer.session.refused


@pytest.mark.parametrize("kind", LEAVING)
def test_an_exception_of_any_kind_in_stop_is_logged(kind, caplog):
    """It is too late to tell Kapacitor."""
    started(declare(stop=lambda self: _raise(kind("gone")))).close()

    assert f"stop() failed: {kind.__name__}: gone (in _raise" in caplog.text


@pytest.mark.parametrize(
    "method", ["info", "init", "restore", "snapshot", "group_state", "point", "stop"]
)
def test_a_keyboard_interrupt_passes_through(method):
    """Whoever interrupts a simulation in a notebook means all of it."""
    peer = Peer(declare(Counting, **{method: lambda self, *arguments: _raise(KeyboardInterrupt)}))
    requests = [InfoRequest(), InitRequest(), RestoreRequest(b"x"), SnapshotRequest(), cpu()]

    with pytest.raises(KeyboardInterrupt):
        peer.feed(*requests) and peer.close()

    assert peer.session.error is None


def test_after_an_error_nothing_is_answered():
    """The ErrorResponse is the last word."""
    peer = started(declare(point=lambda self, point: 1 / 0))
    peer.feed(cpu())

    assert peer.feed(cpu(), KeepaliveRequest(1), SnapshotRequest()) == []
    assert peer.close() == []


def test_stop_is_called_once_whatever_happened():
    """After the end, an error or a refusal."""
    calls = []
    handler = declare(stop=lambda self: calls.append(1), point=lambda self, point: 1 / 0)
    for messages in ([], [InitRequest()], [InitRequest(), cpu()]):
        peer = Peer(handler)
        peer.feed(*messages)
        peer.close()
        peer.session.stop()

    assert len(calls) == 3


def test_a_failing_stop_is_logged(caplog):
    """It is too late to tell Kapacitor."""
    started(declare(stop=lambda self: 1 / 0)).close()

    assert "stop() failed: ZeroDivisionError: division by zero (in Declared" in caplog.text
