"""The outgoing guard, as whoever writes a Handler meets it.

Kapacitor gets an ErrorResponse; the text names the rule, the callback and the line.
"""

import os
import random
import threading

import pytest

from harness import BatchMirror, Peer, cpu, started
from kapnb.agent import EXIT_FAILED, EXIT_OK, Agent, FdStream
from kapnb.errors import LocalProtocolError
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InitRequest,
    InitResponse,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Connection, Role
from processes import TIMEOUT_S

BAD = "\udc80"


def handler(name="Mine", **body):
    """Return a Handler class with these attributes."""
    return type(name, (Handler,), body)


def only_error(answers):
    """Return the text of the one answer, an ErrorResponse."""
    (answer,) = answers
    assert type(answer) is ErrorResponse
    return answer.error


def yielding(*items):
    """Return a data method that yields these."""

    def method(self, *_):
        yield from items  # here it stands

    return method


HERE = " of test_guard.py: yield from items  # here it stands)"


# ----------------------------------------------------------------------- what a callback gave


@pytest.mark.parametrize(
    ("body", "request_", "place"),
    [
        (
            {"info": lambda self: None},
            InfoRequest(),
            "NoneType is no response of the protocol (in Mine.info)",
        ),
        (
            {"info": lambda self: b""},
            InfoRequest(),
            "bytes is no response of the protocol (in Mine.info)",
        ),
        ({"info": lambda self: KeepaliveResponse("x")}, InfoRequest(), "(in Mine.info)"),
        (
            {"info": lambda self: EndBatch()},
            InfoRequest(),
            "end is not allowed in state start (in Mine.info)",
        ),
        (
            {"info": lambda self: SnapshotResponse()},
            InfoRequest(),
            "snapshot before init (in Mine.info)",
        ),
        (
            {"init": lambda self: RestoreResponse()},
            InitRequest(),
            "restore before init (in Mine.init)",
        ),
        (
            {"init": lambda self: KeepaliveResponse()},
            InitRequest(),
            "'KeepaliveResponse' object has no attribute 'success'",
        ),
        ({"init": lambda self: True}, InitRequest(), "'bool' object has no attribute 'success'"),
    ],
)
def test_an_answer_that_is_none_never_leaves(body, request_, place):
    """An empty response, or one that nobody asked for, brings kapacitord down or waits for ever."""
    (answer,) = Peer(handler(**body), strict=False).feed(request_)

    assert not getattr(answer, "success", False)
    assert place in answer.error


@pytest.mark.parametrize(
    ("body", "request_", "place"),
    [
        (
            {"snapshot": lambda self: None},
            SnapshotRequest(),
            "snapshot() returned NoneType; it must be bytes (in Mine)",
        ),
        (
            {"snapshot": lambda self: "text"},
            SnapshotRequest(),
            "snapshot() returned str; it must be bytes (in Mine)",
        ),
        (
            {"snapshot": lambda self: SnapshotResponse("text")},
            SnapshotRequest(),
            "snapshot() returned str",
        ),
        (
            {"restore": lambda self, snapshot: InitResponse()},
            RestoreRequest(),
            "a second init (in Mine.restore)",
        ),
        (
            {"restore": lambda self, snapshot: 5},
            RestoreRequest(),
            "'int' object has no attribute 'success'",
        ),
    ],
)
def test_an_answer_about_state_that_is_none_never_leaves(body, request_, place):
    """The same after init."""
    (answer,) = started(handler(**body)).feed(request_)

    assert not getattr(answer, "success", False)
    assert place in answer.error


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (BeginBatch(), "a data method gave a BeginBatch"),
        (EndBatch(), "a data method gave a EndBatch"),
        (KeepaliveResponse(), "a data method gave a KeepaliveResponse"),
        (SnapshotResponse(), "a data method gave a SnapshotResponse"),
        (None, "a data method gave a NoneType"),
        ([cpu()], "a data method gave a list"),
    ],
)
def test_messages_of_the_protocol_are_none_of_a_data_methods_business(item, text):
    """So no end without a begin, no second begin, no second answer can come of one."""
    peer = started(handler(point=yielding(item)))

    assert text in only_error(peer.feed(cpu()))


@pytest.mark.parametrize(
    ("provides", "item", "rule"),
    [
        (BATCH, cpu(), "a point outside a batch on an edge declared BATCH"),
        (Handler.provides, Batch([cpu()], tmax=1), "a batch on an edge declared STREAM"),
        (Handler.provides, cpu(name=BAD), "cannot be put on the wire"),
        (Handler.provides, cpu(tags={"host": BAD}), "cannot be put on the wire"),
        (Handler.provides, cpu().with_fields(text=BAD), "cannot be put on the wire"),
        (BATCH, Batch([], name=BAD, tmax=1), "cannot be put on the wire"),
        (BATCH, Batch([cpu(), cpu(tags={"a": BAD})], tmax=1), "cannot be put on the wire"),
        (BATCH, Batch([cpu()], tags={BAD: "a"}, tmax=1), "cannot be put on the wire"),
    ],
)
@pytest.mark.parametrize("before", [0, 1])
def test_what_is_forbidden_is_told_with_the_line_that_yielded_it(provides, item, rule, before):
    """After what was right has gone out; the Handler is called no more."""
    good = cpu(time=7) if provides is not BATCH else Batch([cpu()], tmax=7)
    peer = started(
        handler("MovingAverage", provides=provides, point=yielding(*[good] * before, item))
    )

    *answers, error = peer.feed(cpu())

    assert len(answers) == before * (1 if provides is not BATCH else 3)
    assert rule in error.error
    assert "(in MovingAverage.point, line " in error.error
    assert error.error.endswith(HERE)
    assert isinstance(peer.session.error, LocalProtocolError)
    assert peer.feed(cpu()) == []


@pytest.mark.parametrize(
    "make", [lambda p: p, lambda p: [p], lambda p: (p,)], ids=["it", "list", "tuple"]
)
def test_what_is_returned_names_the_callback(make):
    """A method that has returned stands at no line."""

    def point(self, point):
        point.tags["host"] = BAD
        return make(point)

    text = only_error(started(handler(point=point)).feed(cpu()))

    assert "cannot be put on the wire" in text
    assert text.endswith("(in Mine.point)")


@pytest.mark.parametrize("method", ["batch", "end_batch", "begin_batch"])
def test_what_a_batch_method_gave_names_it(method):
    """And its line, on an edge to a stream."""
    peer = started(handler(wants=BATCH, **{method: yielding(cpu(name=BAD))}))

    text = only_error(peer.feed(BeginBatch(), EndBatch()))

    assert f"(in Mine.{method}, line " in text
    assert text.endswith(HERE)


@pytest.mark.parametrize("method", ["batch", "end_batch"])
def test_a_point_that_spoils_its_batch_takes_it_back(method):
    """The batch is sent at its end, and then as a whole or not at all."""
    body = {method: yielding(cpu(), cpu(tags={"host": BAD}), cpu())}
    peer = started(handler(wants=BATCH, provides=BATCH, **body))

    text = only_error(peer.feed(BeginBatch(), EndBatch()))

    assert "cannot be put on the wire" in text
    assert "(in Mine." in text


def test_a_value_that_is_no_text_fails_in_the_users_line():
    """A point from the wire is extended in place, so there the line is known exactly."""

    def point(self, point):
        return point.with_fields(text=BAD)

    text = only_error(started(handler(point=point)).feed(cpu()))

    assert text.startswith("UnicodeEncodeError: ")
    assert "(in Mine.point, line " in text
    assert text.endswith(" of test_guard.py: return point.with_fields(text=BAD))")


@pytest.mark.parametrize("size", [-1, -(2**63)])
def test_a_batch_of_negative_size_cannot_be_made(size):
    """Kapacitor's own begin is trusted as little: it would be sent back."""
    peer = Peer(BatchMirror, strict=False)
    peer.start()
    data = peer.connection._codec.encode_request(BeginBatch(size=size), in_batch=False)

    text = only_error(peer._feed(data))

    assert f"a batch of size {size} brings kapacitord down" in text


# ----------------------------------------------------------------------------- NaN, infinity


def with_nan(self, point):
    yield point.with_fields(a=float("nan"), b=1.5, c=float("-inf"))  # here it stands


def test_values_that_are_not_finite_are_left_out(caplog):
    """By default; told once a field."""
    peer = started(handler(point=with_nan))

    first, second = peer.feed(cpu(), cpu())

    assert dict(first.fields) == dict(second.fields) == {"value": 1.0, "b": 1.5}
    assert caplog.messages == [
        "field 'a' was nan and is left out, here and whenever it is not finite",
        "field 'c' was -inf and is left out, here and whenever it is not finite",
    ]


def test_values_that_are_not_finite_may_be_an_error():
    """With callback and line."""
    text = only_error(started(handler(non_finite="error", point=with_nan)).feed(cpu()))

    assert text.startswith("field 'a' is nan, which InfluxDB cannot store; leave the field out")
    assert "(in Mine.point, line " in text
    assert text.endswith('c=float("-inf"))  # here it stands)')


def test_values_that_are_not_finite_may_be_sent(caplog):
    """For whoever asks for it."""
    (answer,) = started(handler(non_finite="pass", point=with_nan)).feed(cpu())

    assert repr(answer.fields["a"]) == "nan"
    assert answer.fields["c"] == float("-inf")
    assert caplog.messages == []


@pytest.mark.parametrize("policy", ["stop", "ignore", "", None])
def test_the_policy_is_one_of_three(policy):
    """Found when the class is made."""
    with pytest.raises(Exception, match=r'Mine\.non_finite must be "drop" or "error" or "pass"'):
        handler(non_finite=policy)


# ------------------------------------------------------------------------------ emit, threads


@pytest.mark.parametrize(
    ("provides", "item", "rule"),
    [
        (Handler.provides, Batch([], tmax=1), "a batch on an edge declared STREAM"),
        (BATCH, cpu(), "a point outside a batch on an edge declared BATCH"),
        (Handler.provides, cpu(name=BAD), "cannot be put on the wire"),
        (
            BATCH,
            Batch([cpu(), cpu(name="ok", tags={"a": BAD})], tmax=1),
            "cannot be put on the wire",
        ),
        (Handler.provides, EndBatch(), "an end without a begin brings kapacitord down"),
        (Handler.provides, None, "NoneType is no response of the protocol"),
    ],
)
def test_what_is_emitted_is_told_with_the_line_that_emitted_it(provides, item, rule):
    """Even if that line is long past, in another thread; no half of it is sent."""
    peer = started(handler(provides=provides, point=lambda self, point: None))
    peer.feed(cpu())

    def work():
        peer.handler.emit(item)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    text = only_error(peer.feed(cpu()))
    line = work.__code__.co_firstlineno + 1
    assert rule in text
    assert text.endswith(f"(in Mine.emit, line {line} of test_guard.py)")


def test_an_emitted_error_keeps_its_cause(caplog):
    """For the traceback on stderr."""
    peer = started(handler(point=lambda self, point: None))
    peer.feed(cpu())
    peer.handler.emit(cpu(name=BAD))
    peer.feed(cpu())

    assert isinstance(peer.session.error.__cause__, ValueError)


class Emitting(Handler):
    """Answers each batch with itself, while threads emit batches of their own."""

    wants = provides = BATCH
    threads, each = 8, 60

    def __init__(self):
        self.go = threading.Event()
        self.workers = [
            threading.Thread(target=self.work, args=(number,)) for number in range(self.threads)
        ]

    def init(self):
        for worker in self.workers:
            worker.start()

    def work(self, number):
        choose = random.Random(number)
        self.go.wait()
        for count in range(self.each):
            tags = {"thread": str(number)}
            points = [Point({"n": count}, time=n, tags=tags) for n in range(choose.randrange(4))]
            self.emit(Batch(points, name="emitted", tags=tags, tmax=count))

    def point(self, point):
        self.go.set()
        return point


class EmittingPoints(Emitting):
    """Answers points with batches of three, while threads emit points."""

    wants, provides = Handler.wants, BATCH

    def point(self, point):
        self.go.set()
        yield Batch([point] * 3, tmax=point.time)


def run_on_pipes(agent, write):
    """Run `agent` in this thread, Kapacitor in two others; return the status and all bytes."""
    agent_in, to_agent = os.pipe()
    from_agent, agent_out = os.pipe()
    stream, received = FdStream(agent_in, agent_out), []

    def read():
        while data := os.read(from_agent, 65536):
            received.append(data)

    def say():
        try:
            write(lambda data: os.write(to_agent, data))
        finally:
            os.close(to_agent)

    threads = [threading.Thread(target=read), threading.Thread(target=say)]
    for thread in threads:
        thread.start()
    status = agent.run(stream)
    os.close(agent_out)
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
    for fd in (agent_in, from_agent, stream._wake_read, stream._wake_write):
        os.close(fd)
    return status, b"".join(received)


def bracketed(messages):
    """Return the batches, each as begin, points, end; fail at anything loose."""
    batches, batch = [], None
    for message in messages:
        if isinstance(message, BeginBatch):
            assert batch is None, "a begin inside a batch"
            batch = [message]
        elif isinstance(message, (Point, EndBatch)):
            assert batch is not None, "outside a batch"
            batch.append(message)
            if isinstance(message, EndBatch):
                batches.append(batch)
                batch = None
    assert batch is None
    return batches


@pytest.mark.parametrize("kind", [Emitting, EmittingPoints], ids=["batches", "points"])
def test_threads_that_emit_never_get_into_a_batch(kind):
    """Conformance case 33: all of it exactly once, each thread's in its order."""
    agent, own = Agent(kind()), 200
    workers_done = threading.Event()

    def write(send):
        kapacitor = Connection(Role.KAPACITOR)
        send(kapacitor.send(InitRequest()))
        for time in range(own):
            if kind is EmittingPoints:
                data = kapacitor.send(cpu(time=time))
            else:
                tags = {"host": "a"}
                parts = [
                    BeginBatch("own", "host=a", tags, 3),
                    *[cpu(time=time)] * 3,
                    EndBatch("own", "host=a", time, tags),
                ]
                data = b"".join(map(kapacitor.send, parts))
            send(data)
        assert agent.session.handler.go.wait(TIMEOUT_S)
        for worker in agent.session.handler.workers:
            worker.join()
        workers_done.set()

    status, data = run_on_pipes(agent, write)

    assert workers_done.is_set()
    assert status == EXIT_OK
    kapacitor = Connection(Role.KAPACITOR, provides=BATCH)
    kapacitor.send(InitRequest())
    kapacitor.receive_data(data)
    batches = bracketed(kapacitor.events())
    assert len(batches) == own + kind.threads * kind.each
    for begin, *points, end in batches:
        assert (begin.name, begin.tags) == (end.name, end.tags)
        if begin.name == "emitted":
            assert [(point.time, point.fields["n"]) for point in points] == [
                (n, end.tmax) for n in range(begin.size)
            ]
        else:
            assert [point.time for point in points] == [end.tmax] * 3
    for number in range(kind.threads):
        emitted = [
            batch[-1].tmax for batch in batches if batch[0].tags.get("thread") == str(number)
        ]
        assert emitted == list(range(kind.each))
    mine = [batch[-1].tmax for batch in batches if batch[0].name != "emitted"]
    assert mine == list(range(own))


def test_an_emitted_mistake_ends_a_running_agent():
    """Though no input comes: the reader is woken for it."""
    go = threading.Event()

    class Wrong(Handler):
        def point(self, point):
            go.set()

    agent = Agent(Wrong())

    def write(send):
        kapacitor = Connection(Role.KAPACITOR)
        send(kapacitor.send(InitRequest()) + kapacitor.send(cpu()))
        assert go.wait(TIMEOUT_S)
        agent.session.handler.emit(Batch([], tmax=1))

    status, data = run_on_pipes(agent, write)

    assert status == EXIT_FAILED
    assert b"a batch on an edge declared STREAM (in Wrong.emit, line " in data
