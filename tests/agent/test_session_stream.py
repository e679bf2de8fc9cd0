"""Stream input: points in, points or batches out, state per group."""

import threading

import pandas as pd
import pytest

from harness import Mirror, Peer, cpu, exact, started
from kapnb.errors import HandlerError, LocalProtocolError
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
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

TIMES = pd.to_datetime([1, 2], utc=True)


def declare(point=None, **body):
    return type("Declared", (Handler,), {**body, **({"point": point} if point else {})})


def check(point, expected, **body):
    """Compare what a Handler's `point` makes of one grouped point."""
    assert exact(started(declare(point, **body)).feed(cpu(time=5))) == exact(expected)


def test_an_unchanged_point_goes_out_as_the_bytes_it_came_in():
    """Conformance case 26."""
    peer = started(Mirror)
    before = len(peer.sent)

    peer.feed(cpu())

    assert peer.sent[before:] == Peer(Mirror).connection._codec.encode_request(
        cpu(), in_batch=False
    )


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (lambda self, point: None, []),
        (lambda self, point: point, [cpu(time=5)]),
        (lambda self, point: [], []),
        (lambda self, point: [point, point], [cpu(time=5)] * 2),
        (lambda self, point: iter([point]), [cpu(time=5)]),
        (lambda self, point: point.with_fields(x=1), [cpu(time=5).with_fields(x=1)]),
        (lambda self, point: point.with_tags(host="b"), [cpu(time=5, host="b")]),
    ],
)
def test_a_point_becomes_nothing_one_or_many(point, expected):
    """Conformance case 29."""
    check(point, expected)


def test_a_point_made_from_scratch_stays_in_its_group():
    """Conformance case 32: name, tags, dimensions, time and origin are the input's."""
    expected = cpu(time=5)
    del expected.fields["value"]
    expected.fields["x"] = 1.5

    check(lambda self, point: Point({"x": 1.5}), [expected])


def test_a_point_that_was_looked_at_still_inherits():
    """Printing what one is about to yield changes nothing."""

    def point(self, point):
        made = Point({"x": 1.5})
        assert repr(made)
        assert made.group == ""
        return made

    (answer,) = started(declare(point)).feed(cpu())

    assert answer.group == "host=a"
    assert answer.tags == {"host": "a", "dc": "x"}


def test_what_is_set_on_a_point_from_scratch_stays():
    """Inheritance fills gaps only."""
    made = {"time": 9, "name": "mem", "tags": {"a": "b"}, "dimensions": ["a"], "by_name": True}

    check(
        lambda self, point: Point({"x": 1}, **made),
        [Point({"x": 1}, **made, database="db", retention_policy="rp")],
    )


def test_a_point_kept_by_the_handler_inherits_from_each_input_anew():
    """Yielding does not fill it for good; what is set on it later goes out later."""

    class Keeping(Handler):
        def __init__(self):
            self.kept = Point({"n": 0})

        def point(self, point):
            self.kept.fields["n"] += 1
            yield self.kept
            yield self.kept

    peer = started(Keeping)

    answers = peer.feed(cpu(time=1), cpu(time=2, host="b"))

    assert [(a.fields["n"], a.time, a.group) for a in answers] == [
        *[(1, 1, "host=a")] * 2,
        *[(2, 2, "host=b")] * 2,
    ]
    assert not peer.handler.kept.has_time


def test_groups_have_their_own_state():
    """Conformance case 30; ids with commas, equals signs and newlines are opaque."""
    made = []

    class Collecting(Handler):
        def group_state(self):
            made.append([])
            return made[-1]

        def point(self, point, state):
            state.append(point.time)
            yield Point({"seen": repr(state)})

    peer = started(Collecting)
    odd = "a,b=c\nd"

    answers = peer.feed(
        *(cpu(time=t, host=host) for t, host in enumerate(["a", odd, "a", "", odd]))
    )

    assert [a.fields["seen"] for a in answers] == ["[0]", "[1]", "[0, 2]", "[3]", "[1, 4]"]
    assert list(peer.handler.group_states) == ["host=a", f"host={odd}", "host="]
    assert len(made) == 3


@pytest.mark.parametrize(
    "field", [1.5, float("nan"), float("-inf"), 2**63 - 1, -(2**63), "", "ä\0", True], ids=repr
)
def test_every_value_survives_a_change_of_its_point(field):
    """Conformance cases 28 and 31."""
    handler = declare(lambda self, point: point.with_fields(value=0), non_finite="pass")
    (answer,) = started(handler).feed(cpu(time=-(2**63), tags={"höst": "ä"}).with_fields(x=field))

    assert repr(answer.fields["x"]) == repr(field)
    assert (answer.time, answer.tags) == (-(2**63), {"höst": "ä"})


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (["x"], "a data method gave a str; it may give Points, Batches, a DataFrame or nothing"),
        ([None], "a data method gave a NoneType"),
        (
            {"x": 1},
            "a data method gave a dict; it may give Points, Batches, a DataFrame or nothing: y",
        ),
        (5, "a data method gave a int; it may give Points, Batches, a DataFrame or nothing"),
        (True, "a data method gave a bool"),
        (object(), "a data method gave a object"),
        ("text", "a data method gave a str"),
        ("", "a data method gave a str"),
        (b"", "a data method gave a bytes"),
        ([[cpu()]], "a data method gave a list"),
        (pd.Series([1.0]), "a data method gave a float"),
        (Point({"x": "\ud800"}), "a Point cannot be put on the wire: the text '\\ud800' holds"),
        (Batch([]), "a batch on an edge declared STREAM"),
        (pd.DataFrame({"x": [1.5]}, TIMES[:1]), "a batch on an edge declared STREAM"),
        ([pd.DataFrame({"x": [1.5]}, TIMES[:1])], "a batch on an edge declared STREAM"),
        (BeginBatch(), "a data method gave a BeginBatch; it may give Points"),
        ([EndBatch()], "a data method gave a EndBatch"),
    ],
    ids=[
        *["text", "none", "dict", "int", "bool", "object", "bare text", "no text", "no bytes"],
        *["list inside", "series", "surrogate", "batch", "frame", "frame inside"],
        *["message", "message inside"],
    ],
)
def test_what_cannot_go_out_is_an_error(result, text):
    """Kapacitor gets the reason, and none of it."""
    peer = started(declare(lambda self, point: result))

    (answer,) = peer.feed(cpu())

    assert isinstance(answer, ErrorResponse)
    assert text in answer.error


def test_a_point_on_an_edge_of_batches_is_an_error():
    """Kapacitor would forward it to nodes that were not linked for it."""
    peer = started(declare(lambda self, point: point, provides=BATCH))

    (answer,) = peer.feed(cpu())

    assert answer == ErrorResponse(
        "a point outside a batch on an edge declared BATCH (in Declared.point)"
    )
    assert isinstance(peer.session.error, LocalProtocolError)


def test_points_before_an_exception_are_sent():
    """On a stream each point is complete; the error follows them."""

    def point(self, point):
        yield point
        raise ValueError("after one")

    answers = started(declare(point)).feed(cpu())

    assert exact(answers[0]) == exact(cpu())
    assert answers[1].error.startswith("ValueError: after one (in Declared.point, line ")


def test_a_batch_made_of_a_stream_inherits_from_the_point():
    """Conformance case 38: name, tags of the group, tmax; its points too."""

    class Windows(Handler):
        provides = BATCH

        def group_state(self):
            return []

        def point(self, point, state):
            state.append(point)
            if len(state) == 2:
                yield Batch([*state, Point({"made": 1})])

    answers = started(Windows).feed(cpu(1.0, time=1), cpu(host="b"), cpu(2.0, time=2))

    begin, first, second, made, end = answers
    assert begin == BeginBatch("cpu", "host=a", {"host": "a"}, 3)
    assert [(p.time, dict(p.fields), dict(p.tags)) for p in (first, second, made)] == [
        (1, {"value": 1.0}, {"host": "a", "dc": "x"}),
        (2, {"value": 2.0}, {"host": "a", "dc": "x"}),
        (2, {"made": 1}, {"host": "a"}),
    ]
    assert end == EndBatch("cpu", "host=a", 2, {"host": "a"})


def test_a_batch_kept_by_the_handler_inherits_from_each_input_anew():
    """So do its points."""
    kept = Batch([Point({"x": 1})])
    peer = started(declare(lambda self, point: kept, provides=BATCH))

    answers = peer.feed(cpu(time=1), cpu(time=2, host="b"))

    assert [(a.group, a.tmax) for a in answers if isinstance(a, EndBatch)] == [
        ("host=a", 1),
        ("host=b", 2),
    ]
    assert [(a.time, dict(a.tags)) for a in answers if isinstance(a, Point)] == [
        (1, {"host": "a"}),
        (2, {"host": "b"}),
    ]


def test_a_complete_batch_inherits_nothing():
    """What is set stays, and an empty batch is a begin and an end."""
    batch = {"name": "mem", "tags": {"b": "2", "a": "1"}, "tmax": 9, "by_name": True}

    check(
        lambda self, point: Batch([], **batch),
        [
            BeginBatch("mem", "mem\na=1,b=2", {"b": "2", "a": "1"}, 0, True),
            EndBatch("mem", "mem\na=1,b=2", 9, {"b": "2", "a": "1"}),
        ],
        provides=BATCH,
    )


def test_a_frame_made_of_a_stream_is_a_batch():
    """Its rows are points; the rest is inherited."""

    def point(self, point):
        return pd.DataFrame({"x": [1.5, 2.5]}, TIMES)

    begin, *points, end = started(declare(point, provides=BATCH)).feed(cpu(time=5))

    assert (begin.group, begin.size, end.tmax) == ("host=a", 2, 5)
    assert [(p.time, dict(p.fields), dict(p.tags)) for p in points] == [
        (1, {"x": 1.5}, {"host": "a"}),
        (2, {"x": 2.5}, {"host": "a"}),
    ]


@pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
def test_a_frame_may_be_one_of_many(make):
    """Beside Batches, each is a batch of its own."""
    frame = pd.DataFrame({"x": [1.5]}, TIMES[:1])
    items = [frame, Batch([]), frame]
    peer = started(declare(lambda self, point: make(items), provides=BATCH))

    answers = peer.feed(cpu(time=5))

    assert [(a.group, a.size) for a in answers if isinstance(a, BeginBatch)] == [
        ("host=a", 1),
        ("host=a", 0),
        ("host=a", 1),
    ]
    assert [dict(a.fields) for a in answers if isinstance(a, Point)] == [{"x": 1.5}] * 2
    assert [a.tmax for a in answers if isinstance(a, EndBatch)] == [5, 5, 5]


def test_a_grouping_by_name_is_kept_in_a_batch():
    """Begin carries by_name, as Kapacitor reads it from there."""
    peer = started(declare(lambda self, point: Batch([point]), provides=BATCH))

    begin, _, end = peer.feed(cpu(by_name=True))

    assert (begin.group, begin.by_name) == ("cpu\nhost=a", True)
    assert end.group == "cpu\nhost=a"


def test_a_failure_inside_a_batch_leaves_none_of_it_in_the_bytes():
    """Conformance case 36, seen in the bytes: no begin without its end."""
    bad = Batch([Point({"x": 1}), Point({"x": "\ud800"})])
    peer = started(declare(lambda self, point: [Batch([Point({"x": 1})]), bad], provides=BATCH))

    answers = peer.feed(cpu())

    kinds = [type(answer) for answer in answers]
    assert kinds[0] is BeginBatch
    assert kinds[2:] == [EndBatch, ErrorResponse]


def emitter(**body):
    return declare(lambda self, point: point, **body)


def test_what_is_emitted_between_feeds_goes_out_with_the_next():
    """Conformance case 33, deterministically: from a thread that has ended."""
    peer = started(emitter())
    thread = threading.Thread(target=peer.handler.emit, args=(Point({"x": 1}, time=3, name="m"),))
    thread.start()
    thread.join()

    answers = peer.feed(cpu())

    assert exact(answers) == exact([cpu(), Point({"x": 1}, time=3, name="m")])


def test_what_is_emitted_goes_out_when_the_session_is_woken():
    """A transport that waits for input calls flush_emitted."""
    peer = started(emitter())
    peer.feed(cpu())
    woken = []
    peer.session.wake = lambda: woken.append(True)

    peer.handler.emit(Point({"x": 1}, time=3))
    peer.session.flush_emitted()

    assert woken == [True]
    (point,) = peer._feed_bytes(peer.agent.take())
    assert point.time == 3


class Early(Handler):
    """Emits in every method that may be called before data."""

    def info(self):
        self.emit(Point({"x": 1}, time=1))
        return super().info()

    def init(self):
        self.emit(Point({"x": 1}, time=2))

    def restore(self, snapshot):
        self.emit(Point({"x": 2}, time=3))


class EarlyBatch(Early):
    wants = BATCH


def test_emitted_data_waits_for_the_answers_to_init_and_restore():
    """Conformance case 14: Kapacitor reads no data before them."""
    peer = Peer(Early)

    answers = peer.feed(InfoRequest(), InitRequest(), RestoreRequest(b""))

    assert answers == [InfoResponse(), InitResponse(), RestoreResponse()]
    assert [answer.time for answer in peer.feed(cpu(time=9))] == [9, 1, 2, 3]


def test_emitted_data_waits_until_no_restore_can_come():
    """After init alone nobody knows whether one will; a wake-up and a keepalive say nothing."""
    peer = started(Early)

    peer.session.flush_emitted()

    assert peer._feed_bytes(peer.agent.take()) == []
    assert peer.feed(KeepaliveRequest(1), InfoRequest()) == [KeepaliveResponse(1), InfoResponse()]
    assert [answer.time for answer in peer.feed(cpu(time=9))] == [9, 2, 1]


@pytest.mark.parametrize(
    ("handler", "request_"),
    [(Early, SnapshotRequest()), (EarlyBatch, SnapshotRequest()), (EarlyBatch, BeginBatch())],
    ids=["snapshot", "snapshot, batches", "begin"],
)
def test_a_snapshot_request_or_a_begin_lets_emitted_data_go_out(handler, request_):
    """Neither comes before a restore; afterwards what is emitted waits no longer."""
    peer = started(handler)

    answers = peer.feed(request_)

    assert [answer.time for answer in answers if isinstance(answer, Point)] == [2]
    assert isinstance(answers[0], Point if type(request_) is BeginBatch else SnapshotResponse)
    peer.handler.emit(Point({"x": 1}, time=4))
    peer.session.flush_emitted()
    assert [answer.time for answer in peer._feed_bytes(peer.agent.take())] == [4]


def test_the_end_of_the_stream_lets_emitted_data_go_out():
    """A task without data can still say something."""
    assert [answer.time for answer in started(Early).close()] == [2]


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({}, [InfoRequest()]),
        ({"init": lambda self: Early.init(self) or InitResponse(False, "no")}, [InitRequest()]),
        (
            {"restore": lambda self, snapshot: RestoreResponse(False, "no")},
            [InitRequest(), RestoreRequest(b"")],
        ),
    ],
    ids=["no init", "refused init", "refused restore"],
)
def test_emitted_data_never_goes_out_without_a_successful_start(body, messages):
    """Not even at the end of the stream."""
    peer = Peer(type("Refusing", (Early,), body))

    answers = [*peer.feed(*messages), *peer.close()]

    assert [type(a).__name__.removesuffix("Response") for a in answers] == [
        type(message).__name__.removesuffix("Request") for message in messages
    ]


def test_a_data_method_may_emit():
    """It goes out after what the method gives."""

    def point(self, point):
        self.emit(Point({"late": 1}, time=9))
        return point

    answers = started(declare(point)).feed(cpu(time=1))

    assert [answer.time for answer in answers] == [1, 9]


def test_a_batch_can_be_emitted():
    """As one unit."""
    peer = started(declare(lambda self, point: None, provides=BATCH))
    peer.handler.emit(Batch([Point({"x": 1})], name="m", tags={"a": "b"}, tmax=7))

    begin, point, end = peer.feed(cpu())

    assert begin == BeginBatch("m", "a=b", {"a": "b"}, 1)
    assert (point.time, point.tags) == (7, {"a": "b"})
    assert end == EndBatch("m", "a=b", 7, {"a": "b"})


@pytest.mark.parametrize(
    ("item", "provides", "text"),
    [
        (Point({"x": 1}), STREAM, "a Point cannot be put on the wire: this point has no time yet"),
        (Batch([]), BATCH, "this batch has no tmax yet"),
    ],
    ids=["point", "batch"],
)
def test_what_is_emitted_must_be_complete(item, provides, text):
    """There is no input from which it could inherit."""
    peer = started(declare(lambda self, point: None, provides=provides))
    peer.handler.emit(item)

    assert text in peer.feed(cpu())[-1].error


def test_emit_after_the_end_is_refused():
    """Nobody would ever send it."""
    peer = started(emitter())
    peer.handler.emit(Point({"x": 1}, time=0))
    assert len(peer.close()) == 1

    with pytest.raises(HandlerError, match="emit needs a running session"):
        peer.handler.emit(Point({"x": 1}, time=0))


class Averages(Handler):
    """Asks of each point what most Handlers ask: group, a field, the time; and adds a field."""

    group_idle = 5

    def group_state(self):
        return []

    def point(self, point, state):
        state.append(point.fields["value"])
        yield point.with_fields(mean=sum(state) / len(state))
        if len(state) % 3 == 0:
            yield Point({"seen": len(state), "at": point.time})
        if point.fields["value"] == 30.0:
            point.fields["value"] = -1
            yield point


@pytest.mark.parametrize(
    "odd", [None, {"value": 7}, {"value": 1.0, "mean": "text"}, {"other": 1.0}]
)
def test_points_that_come_together_are_answered_as_those_that_come_alone(odd):
    """What is read of many at once is what each says; also if one is not like the others."""
    points = [cpu(float(at), time=at, host=str(at * at % 7)) for at in range(200)]
    if odd is not None:
        points[150] = Point(odd, time=150, tags={"host": "1"})
    alone, together = started(Averages), started(Averages)

    expected = alone.feed(*points)
    answers = together._feed(b"".join(together.connection.send(point) for point in points))

    assert exact(answers) == exact(expected)
    assert len(answers) > 150


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("usage", "write point.fields['usage']"),
        ("host", "write point.tags['host']"),
        ("other", "what it holds is in .fields and .tags"),
    ],
)
def test_a_field_that_is_read_as_an_attribute_is_named(name, hint):
    """A DataFrame's column may be, so many try."""
    peer = started(declare(lambda self, point: getattr(point, name)))

    (answer,) = peer.feed(cpu().with_fields(usage=1.5))

    assert f"a Point has no attribute '{name}'; {hint}" in answer.error
    assert "WirePoint" not in answer.error
