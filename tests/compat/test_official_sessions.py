"""Official Handlers in a Session: what they answer, write, and may not write."""

from __future__ import annotations

import threading

import pytest

from harness import Peer, cpu, exact, failures
from kapnb.compat import adapt, udf_pb2
from kapnb.compat.agent import Agent, Handler
from kapnb.errors import HandlerError
from kapnb.model import (
    BATCH,
    STREAM,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
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
from strategies import batch_messages

TAGS = {"host": "a"}
BEGIN = BeginBatch("cpu", "host=a", TAGS, 3, True)
END = EndBatch("cpu", "host=a", 100, TAGS)
BARE = [Point({"value": value}, time=time, tags=TAGS) for time, value in [(10, 1.0), (20, 2.0)]]
WINDOW = [BEGIN, *BARE, END]


def declare(wants=STREAM, provides=STREAM, **callbacks):
    """Build a Handler of the official API from functions."""

    def info(self):
        edges = {"wants": wants.value, "provides": provides.value}
        return udf_pb2.Response(info=edges)

    def init(self, request):
        return udf_pb2.Response(init={"success": True})

    def construct(self, agent):
        self._agent, self.seen = agent, []

    body = {"__init__": construct, "info": info, "init": init, **callbacks}
    return type("Declared", (Handler,), body)


def write(handler, **content):
    handler._agent.write_response(udf_pb2.Response(**content))


def echo(self, point):
    write(self, point=point)


def peer(wants=STREAM, provides=STREAM, **callbacks):
    """Return a Peer whose Handler is ready for data."""
    found = Peer(adapt(declare(wants, provides, **callbacks)))
    assert found.start().success
    return found


def last_error(answers):
    """Return the text of the ErrorResponse that ended a session."""
    assert isinstance(answers[-1], ErrorResponse), answers
    return answers[-1].error


# ------------------------------------------------------------------------ management


def test_info_is_answered_as_the_handler_says():
    """Edges and options, before any init."""

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.BATCH
        response.info.options["size"].valueTypes.append(udf_pb2.INT)
        return response

    (answer,) = Peer(adapt(declare(info=info))).feed(InfoRequest())

    assert (answer.wants, answer.provides) == (BATCH, STREAM)
    assert {name: [kind.name for kind in kinds] for name, kinds in answer.options.items()} == {
        "size": ["INT"]
    }


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (lambda self: None, r"Declared\.info\(\) returned None; it must return a udf_pb2\.Resp"),
        (lambda self: udf_pb2.Response(), r"info\(\) returned an empty Response"),
        (lambda self: udf_pb2.Response(init={"success": True}), r"Response whose \.init is set"),
        (lambda self: "stream", r"info\(\) returned a str"),
        (lambda self: udf_pb2.Response(info={"wants": 7}), r"info\(\) gave 7 for wants; .*STREAM"),
    ],
)
def test_an_info_that_says_nothing_is_named(info, text):
    """Before the first request: the edges must be known then."""
    with pytest.raises(HandlerError, match=text):
        Peer(adapt(declare(info=info)))


def test_a_refused_init_has_the_handlers_text():
    """And it is the last word."""

    def init(self, request):
        assert (request.taskID, request.nodeID) == ("task", "node1")
        return udf_pb2.Response(init={"success": False, "error": "must supply field name"})

    found = Peer(adapt(declare(init=init)))
    assert found.start() == InitResponse(False, "must supply field name")
    assert found.session.refused


def test_an_init_that_raises_is_refused_with_the_line():
    """KeyError has no text to speak of; the line helps."""

    def init(self, request):
        return {}["field"]

    answer = Peer(adapt(declare(init=init))).start()
    assert not answer.success
    assert answer.error.startswith("KeyError: 'field' (in Declared.init, line ")
    assert answer.error.endswith('test_official_sessions.py: return {}["field"])')


def test_snapshot_and_restore_are_the_handlers():
    """Any bytes, once for each request."""

    def snapshot(self):
        return udf_pb2.Response(snapshot={"snapshot": b"\0state"})

    def restore(self, request):
        success = request.snapshot == b"\0state"
        return udf_pb2.Response(restore={"success": success, "error": "" if success else "no"})

    found = peer(snapshot=snapshot, restore=restore)
    assert found.feed(RestoreRequest(b"\0state"), SnapshotRequest(), SnapshotRequest()) == [
        RestoreResponse(),
        SnapshotResponse(b"\0state"),
        SnapshotResponse(b"\0state"),
    ]
    other = peer(restore=restore)
    assert other.feed(RestoreRequest(b"x")) == [RestoreResponse(False, "no")]


def test_a_handler_without_snapshot_keeps_no_state_and_goes_on(caplog):
    """The official Agent fails a task that runs well, one minute after its start."""
    found = peer(point=echo)
    assert found.feed(SnapshotRequest(), cpu()) == [SnapshotResponse(b""), cpu()]
    assert "Declared.snapshot() returned None" in caplog.text


def test_a_restore_that_is_missing_says_so():
    """The task cannot start with a snapshot that nobody takes."""
    (answer,) = peer().feed(RestoreRequest(b"x"))
    assert not answer.success
    assert "Declared.restore() returned None" in answer.error


def test_text_for_a_snapshot_names_the_line():
    """Kapacitor saw 'expected bytes, str found' and no more."""

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = ""
        return response

    text = last_error(peer(snapshot=snapshot).feed(SnapshotRequest()))
    assert "expected bytes, str found" in failures()["snapshot_str"]["show"][0]
    assert "SnapshotResponse.snapshot cannot be '' (str)" in text
    assert text.endswith('response.snapshot.snapshot = "")')


# ------------------------------------------------------------------------------ data


def test_what_a_callback_writes_follows_it_in_order():
    """None, one, or many, each as it was when it was written."""

    def point(self, point):
        response = udf_pb2.Response()
        for n in range(int(point.fieldsDouble["value"])):
            response.point.CopyFrom(point)
            response.point.fieldsInt["n"] = n
            self._agent.write_response(response, flush=True)
        response.point.fieldsInt["n"] = 99  # too late

    found = peer(point=point)
    answers = found.feed(cpu(0.0), cpu(1.0), cpu(3.0))
    assert [answer.fields["n"] for answer in answers] == [0, 0, 1, 2]
    assert exact(answers[0].with_fields()) != exact(cpu(1.0))


def test_an_untouched_point_keeps_every_byte():
    """Whatever stands in it, even fields this version does not know."""
    found = peer(point=echo)
    frame = (
        bytes.fromhex("8a01")
        + bytes([9])
        + bytes.fromhex("0803 1201 6d a80196 01".replace(" ", ""))
    )
    frame = bytes([len(frame)]) + frame
    assert found.agent.feed(frame) == frame


def test_kept_points_stay_what_they_were():
    """The official Agent parses all points into one message."""

    def point(self, point):
        self.seen.append(point)
        if len(self.seen) == 3:
            for kept in self.seen:
                write(self, point=kept)

    answers = peer(point=point).feed(*(cpu(float(n), time=n) for n in range(3)))
    assert exact(answers) == exact([cpu(float(n), time=n) for n in range(3)])


def test_keepalives_are_answered_and_those_of_the_script_are_dropped():
    """Each request has one answer."""

    def point(self, point):
        write(self, keepalive={"time": 7})
        echo(self, point)

    found = peer(point=point)
    assert found.feed(KeepaliveRequest(5), cpu()) == [KeepaliveResponse(5), cpu()]


def test_responses_of_other_making_are_taken():
    """Of generated classes, or of a subclass."""
    from kapnb.protocol._wire import schema

    class Mine(udf_pb2.Response):
        pass

    def point(self, point):
        theirs = schema().Response()
        theirs.point.ParseFromString(point.SerializeToString())
        self._agent.write_response(theirs)
        self._agent.write_response(Mine(point=point))

    assert peer(point=point).feed(cpu()) == [cpu(), cpu()]


@pytest.mark.parametrize("wrong", [None, "text", udf_pb2.Point(), udf_pb2.Request()])
def test_what_is_no_response_is_refused(wrong):
    """With the script's line."""

    def point(self, point):
        self._agent.write_response(wrong)

    text = last_error(peer(point=point).feed(cpu()))
    assert "Response" in text
    assert "self._agent.write_response(wrong)" in text


def test_what_was_written_before_an_error_goes_out_before_it():
    """As with the official Agent."""

    def point(self, point):
        echo(self, point)
        raise ValueError("boom at point 3")

    first, error = peer(point=point).feed(cpu())
    assert first == cpu()
    assert error.error.startswith("ValueError: boom at point 3 (in Declared.point, line ")
    assert "boom at point 3" in failures()["raise_point"]["show"][0]


def test_an_error_response_of_the_script_is_passed_on_word_by_word():
    """After what was written before it; then the session ends."""

    def point(self, point):
        echo(self, point)
        write(self, error={"error": "explicit ErrorResponse text"})
        echo(self, point)

    answers = peer(point=point).feed(cpu(), cpu())
    assert answers == [cpu(), ErrorResponse("explicit ErrorResponse text")]
    assert "explicit ErrorResponse text" in failures()["error_response"]["show"][0]


# -------------------------------------------------------------------- what is refused


def empty(self, point):
    self._agent.write_response(udf_pb2.Response(), True)


def lone_end(self, point):
    write(self, end={"name": point.name, "tmax": point.time})


def second_begin(self, point):
    write(self, begin={"name": "m"})
    write(self, begin={"name": "m"})


def negative_size(self, point):
    write(self, begin={"name": "m", "size": -1})


def management(self, point):
    write(self, snapshot={"snapshot": b""})


REFUSED = [
    (empty, STREAM, "an empty Response, which brings kapacitord down"),
    (lone_end, BATCH, "an end without a begin brings kapacitord down"),
    (lone_end, STREAM, "an end without a begin brings kapacitord down"),
    (second_begin, BATCH, "a begin inside an open batch discards the points so far"),
    (second_begin, STREAM, "a batch, though info() provides STREAM"),
    (echo, BATCH, "a point outside a batch, though info() provides BATCH"),
    (negative_size, BATCH, "a batch of size -1 brings kapacitord down"),
    (management, STREAM, "a snapshot answer that nobody asked for"),
]


@pytest.mark.parametrize(("point", "provides", "text"), REFUSED)
def test_what_would_harm_kapacitor_is_refused_with_the_line(point, provides, text):
    """Kapacitor gets an error, and nothing else."""
    (error,) = peer(provides=provides, point=point).feed(cpu(), cpu())
    assert error.error.startswith(text)
    assert "line " in error.error
    assert "of test_official_sessions.py: " in error.error


def test_a_refusal_that_the_script_swallows_ends_the_session_all_the_same():
    """An empty response would be a panic; the script goes on for this callback only."""

    def point(self, point):
        try:
            empty(self, point)
        except Exception:
            echo(self, point)

    (error,) = peer(point=point).feed(cpu(), cpu())
    assert error.error.startswith("an empty Response")


# --------------------------------------------------------------------------- batches


def mirror_batch(handler):
    """Return the callbacks that send a batch back."""
    return {
        "begin_batch": lambda self, begin: write(self, begin=begin),
        "point": handler,
        "end_batch": lambda self, end: write(self, end=end),
    }


def test_a_batch_goes_out_as_it_was_written():
    """With begin's size and byName, which a mirror copies."""
    found = peer(BATCH, BATCH, **mirror_batch(echo))
    assert exact(found.feed(*WINDOW, *WINDOW)) == exact([*WINDOW, *WINDOW])


def test_a_handler_that_writes_nothing_for_a_batch_is_silent():
    """No empty batch is made up for it; callbacks that are missing are not missed."""
    found = peer(BATCH, BATCH)
    assert found.feed(*WINDOW, KeepaliveRequest(1)) == [KeepaliveResponse(1)]


def test_a_batch_may_be_written_at_its_end():
    """Fewer points, another size; a response used again and again."""

    def point(self, point):
        self.seen.append(point)

    def end_batch(self, end):
        response = udf_pb2.Response()
        response.begin.name, response.begin.group, response.begin.size = end.name, end.group, 1
        response.begin.tags.update(end.tags)
        self._agent.write_response(response)
        response.point.CopyFrom(self.seen[-1])
        self._agent.write_response(response)
        response.end.CopyFrom(end)
        self._agent.write_response(response)

    answers = peer(BATCH, BATCH, point=point, end_batch=end_batch).feed(*WINDOW)
    assert exact(answers) == exact([BeginBatch("cpu", "host=a", TAGS, 1), BARE[1], END])


def test_points_for_a_stream_go_out_as_they_were_written():
    """Nothing is filled in: name and dimensions are the script's own affair."""

    def end_batch(self, end):
        point = {"time": end.tmax, "tags": dict(end.tags), "fieldsDouble": {"t": 1.5}}
        write(self, point=point)

    (answer,) = peer(BATCH, STREAM, end_batch=end_batch).feed(*WINDOW)
    assert exact(answer) == exact(Point({"t": 1.5}, time=100, tags=TAGS, name="", dimensions=()))


def test_a_stream_may_be_cut_into_batches():
    """A batch may be open for as many callbacks as the script likes."""

    def point(self, point):
        if not self.seen:
            write(self, begin={"name": point.name, "group": point.group})
        self.seen.append(point)
        echo(self, point)
        if len(self.seen) == 3:
            write(self, end={"name": point.name, "tmax": point.time})
            self.seen.clear()

    found = peer(STREAM, BATCH, point=point)
    assert found.feed(cpu(1.0), cpu(2.0)) == []
    begin, *points, end = found.feed(cpu(3.0))
    assert begin == BeginBatch("cpu", "host=a")
    assert [point.fields["value"] for point in points] == [1.0, 2.0, 3.0]
    assert end == EndBatch("cpu", tmax=0)
    assert found.feed(cpu(4.0)) == []
    assert found.close() == []  # a batch without an end is dropped


def test_a_failure_inside_a_batch_leaves_no_half_of_it():
    """Conformance case 36."""

    def point(self, point):
        echo(self, point)
        if point.time == 20:
            raise ValueError("bad point")

    (error,) = peer(BATCH, BATCH, **mirror_batch(point)).feed(*WINDOW)
    assert error.error.startswith("ValueError: bad point")


def test_a_snapshot_inside_a_batch_is_the_state_before_it():
    """Conformance case 23: the state was changed by the batch, and yet."""

    def point(self, point):
        self.seen.append(point)
        echo(self, point)

    def snapshot(self):
        return udf_pb2.Response(snapshot={"snapshot": b"%d" % len(self.seen)})

    found = peer(BATCH, BATCH, **mirror_batch(point), snapshot=snapshot)
    inside = found.feed(BEGIN, *BARE, SnapshotRequest())
    after = found.feed(END, SnapshotRequest())
    assert inside == [SnapshotResponse(b"0")]
    assert after[-1] == SnapshotResponse(b"2")


# --------------------------------------------------------------------------- threads


def run(*targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_batches_of_several_threads_are_never_mixed():
    """Each is one unit, whatever the threads do at the same time (flaw C2 of a port)."""
    found = peer(STREAM, BATCH, point=lambda self, point: None)
    handler = found.handler._official
    barrier = threading.Barrier(4)

    def emit(name):
        for n in range(50):
            write(handler, begin={"name": name, "size": 2})
            barrier.wait(60)  # all four batches are open now
            write(handler, point={"time": n, "fieldsInt": {"n": n}})
            write(handler, point={"time": n, "fieldsInt": {"n": n + 1}})
            barrier.wait(60)
            write(handler, end={"name": name, "tmax": n})

    run(*(lambda name=name: emit(name) for name in "abcd"))
    answers = found.feed(cpu())

    assert len(answers) == 4 * 50 * 4
    order = dict.fromkeys("abcd", 0)
    for begin, first, second, end in zip(*[iter(answers)] * 4, strict=True):
        n = order[begin.name]
        assert (begin.size, end.name, end.tmax) == (2, begin.name, n)
        assert (first.fields["n"], second.fields["n"]) == (n, n + 1)
        order[begin.name] += 1
    assert set(order.values()) == {50}


def test_workers_write_the_points_of_a_batch_that_the_callbacks_frame():
    """On an edge of batches they can mean no other than the only one that is open."""

    def begin_batch(self, begin):
        write(self, begin=begin)

    def point(self, point):
        run(lambda: echo(self, point))

    def end_batch(self, end):
        run(lambda: write(self, end=end))

    found = peer(BATCH, BATCH, begin_batch=begin_batch, point=point, end_batch=end_batch)
    assert exact(found.feed(*WINDOW)) == exact(WINDOW)


def test_points_of_another_thread_go_out_between_callbacks():
    """Also those written while a callback runs; none before data has come."""

    def point(self, point):
        run(lambda: write(self, point={"name": "other", "time": 1}))
        echo(self, point)

    found = Peer(adapt(declare(point=point)))
    handler = found.handler._official
    write(handler, point={"name": "early"})  # nothing has begun
    assert found.start().success
    run(lambda: write(handler, point={"name": "waiting"}))
    assert found.feed(KeepaliveRequest(1)) == [KeepaliveResponse(1)]

    names = [answer.name for answer in found.feed(cpu())]
    assert sorted(names) == ["cpu", "early", "other", "waiting"]


def test_a_refused_write_of_another_thread_ends_the_session():
    """The thread gets the error, and so does Kapacitor."""
    raised = []

    def work(handler):
        try:
            empty(handler, None)
        except Exception as error:
            raised.append(str(error))

    found = peer(point=echo)
    run(lambda: work(found.handler._official))
    (_, error) = found.feed(cpu())
    assert [error.error] == raised
    assert found.feed(cpu()) == []


def test_a_thread_that_is_faster_than_kapacitor_is_made_to_wait(monkeypatch):
    """The official Agent stops it at a full pipe; memory is bounded here, too."""
    from kapnb.compat import _outbox

    monkeypatch.setattr(_outbox, "WAITING_MAX", 5)
    found = peer(point=lambda self, point: None)
    handler, done = found.handler._official, threading.Event()

    def work():
        for n in range(20):
            write(handler, point={"name": "m", "time": n})
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    outbox = found.handler._outbox
    while outbox._waiting < 5:
        assert thread.is_alive()
    assert len(found.session._emitted) <= 5
    assert not done.is_set()

    times = []
    while len(times) < 20:
        times += [answer.time for answer in found.feed(cpu())]
    thread.join(60)
    assert times == list(range(20))
    assert outbox._waiting == 0


def test_who_writes_after_the_end_is_told():
    """Nothing would take it."""
    found = peer(point=echo)
    handler = found.handler._official
    found.close()
    with pytest.raises(HandlerError, match="after the agent has ended"):
        write(handler, point={"name": "m"})


# ----------------------------------------------------------------------------- adapt


def test_an_object_is_adapted_with_the_agent_it_holds():
    """It is used as it is, for info and for the task."""
    handler = declare(point=echo)(Agent())
    assert Peer(adapt(handler)).feed(InfoRequest(), InitRequest(), cpu())[-1] == cpu()
    assert Peer(adapt(handler)).feed(InitRequest(), cpu())[-1] == cpu()


def test_a_class_that_takes_nothing_may_find_its_agent_by_itself():
    """Some make their own."""

    class Own(declare(point=echo)):
        def __init__(self):
            self._agent = None

        def point(self, point):
            pass

    assert Peer(adapt(Own)).feed(InfoRequest())


def test_what_cannot_be_adapted_is_named():
    """No Handler at all, one that wants more, an object without an Agent."""

    class Greedy(declare()):
        def __init__(self, agent, config):
            pass

    with pytest.raises(HandlerError, match="is no Handler of the official API"):
        adapt(int)
    with pytest.raises(HandlerError, match="takes more than an Agent"):
        adapt(Greedy)()
    with pytest.raises(HandlerError, match="the Greedy holds no Agent"):
        adapt(Greedy(None, None))()


def test_agents_messages_pass_the_law_of_the_peer():
    """What a mirror writes for any batch is what it was given."""
    found = peer(BATCH, BATCH, **mirror_batch(echo))
    from kapnb.model import Batch

    for size in (0, 1, 7):
        points = [Point({"n": n}, time=n, tags=TAGS) for n in range(size)]
        messages = batch_messages(Batch(points, name="m", tags=TAGS, tmax=9, by_name=True))
        assert exact(found.feed(*messages)) == exact(list(messages))
