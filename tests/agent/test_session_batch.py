"""Batch input: every style of Handler, both kinds of output."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import BatchMirror, exact, started
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import WirePoint, split_frames
from strategies import batch_messages, batches

TAGS = {"host": "a"}
BEGIN = BeginBatch("cpu", "host=a", TAGS, 3)
END = EndBatch("cpu", "host=a", 100, TAGS)


def bare(value, time, **tags):
    return Point({"value": value}, time=time, tags={**TAGS, **tags})


INPUT = [BEGIN, bare(1.0, 10), bare(2.0, 20, core="1"), bare(3.0, 30), END]


def declare(provides=BATCH, **body):
    return type("Declared", (Handler,), {"wants": BATCH, "provides": provides, **body})


def contents(points):
    return [(point.time, dict(point.fields), dict(point.tags)) for point in points]


def check(handler, expected, *, size=None, data=INPUT):
    """Compare the points of the one batch that comes out; its identity is the input's."""
    begin, *points, end = started(handler).feed(*data)

    assert contents(points) == contents(expected)
    assert begin == BeginBatch("cpu", "host=a", TAGS, len(expected) if size is None else size)
    assert end == data[-1]


def test_an_unchanged_batch_goes_out_as_it_came():
    """Conformance case 34, with begin's hint of a size."""
    assert exact(started(BatchMirror).feed(*INPUT)[0]) == exact(BEGIN)
    check(BatchMirror, INPUT[1:-1])


@given(st.lists(batches(), max_size=3))
def test_batches_survive_a_mirror(items):
    """Any batch of any group, by name or not, empty or not."""
    sent = [message for item in items for message in batch_messages(item)]

    received = started(BatchMirror).feed(*sent)

    assert [type(m) for m in received if not isinstance(m, Point)] == [
        type(m) for m in sent if not isinstance(m, Point)
    ]
    for ours, theirs in zip(received, sent, strict=True):
        if isinstance(ours, Point):
            assert exact(contents([ours])) == exact(contents([theirs]))
        else:
            assert exact(ours) == exact(theirs)


class Big(Handler):
    """Points over 1.5: each style of writing it must give the same batch."""

    wants, provides = BATCH, BATCH


class BigPoint(Big):
    def point(self, point):
        return point if point.fields["value"] > 1.5 else None


class BigEnd(Big):
    def group_state(self):
        return []

    def begin_batch(self, begin, state):
        state.clear()

    def point(self, point, state):
        state.append(point)

    def end_batch(self, end, state):
        return [point for point in state if point.fields["value"] > 1.5]


class BigBatch(Big):
    def batch(self, batch):
        return [point for point in batch.points if point.fields["value"] > 1.5]


class BigGenerator(Big):
    def batch(self, batch):
        for point in batch.points:
            if point.fields["value"] > 1.5:
                yield point


class BigWhole(Big):
    def batch(self, batch):
        batch.points[:] = [point for point in batch.points if point.fields["value"] > 1.5]
        return batch


class BigNew(Big):
    def batch(self, batch):
        return Batch(point for point in batch.points if point.fields["value"] > 1.5)


class BigFrame(Big):
    def frame(self, frame):
        return frame[frame.value > 1.5]


class BigFrameState(Big):
    def frame(self, frame, state):
        state["calls"] = state.get("calls", 0) + 1
        return Batch(
            Point(
                {"value": row.value},
                time=moment.value,
                tags=TAGS | ({"core": row.core} if row.core == "1" else {}),
            )
            for moment, row in frame[frame.value > 1.5].iterrows()
        )


@pytest.mark.parametrize(
    "handler",
    [BigPoint, BigEnd, BigBatch, BigGenerator, BigWhole, BigNew, BigFrame, BigFrameState],
)
def test_every_style_gives_the_same_batch(handler):
    """Point by point, at the end, as a Batch, as a DataFrame."""
    check(handler, [bare(2.0, 20, core="1"), bare(3.0, 30)])


EMPTY = [BeginBatch("cpu", "host=a", TAGS, 0), END]


@pytest.mark.parametrize(
    "handler", [BatchMirror, BigPoint, BigBatch, BigGenerator, BigWhole, BigNew, BigFrame]
)
def test_an_empty_batch_stays_an_empty_batch(handler):
    """Conformance case 35: never a lone end."""
    check(handler, [], data=EMPTY)


@pytest.mark.parametrize("handler", [BigPoint, BigBatch, BigGenerator, BigWhole, BigNew, BigFrame])
def test_a_batch_of_which_nothing_is_left_is_an_empty_batch(handler):
    """Whoever gives no points says that there are none."""
    check(handler, [], data=[BEGIN, bare(1.0, 10), END])


@pytest.mark.parametrize("provides", [BATCH, STREAM])
def test_frame_is_not_called_for_an_empty_batch(provides):
    """A DataFrame without columns would only surprise; on a stream nothing stands for it."""
    handler = declare(provides, frame=lambda self, frame: pytest.fail("frame was called"))
    peer = started(handler)

    answers = peer.feed(*EMPTY)

    assert exact(answers) == exact(EMPTY if provides is BATCH else [])
    assert peer.session.error is None


def test_batch_is_called_for_an_empty_batch():
    """It can see from its points that there are none."""
    handler = declare(batch=lambda self, batch: Point({"count": len(batch)}))

    (_, point, _) = started(handler).feed(*EMPTY)

    assert (point.fields["count"], point.time) == (0, 100)


@pytest.mark.parametrize("style", ["batch", "frame"])
def test_nothing_returned_is_nothing_sent(style):
    """A whole batch can be dropped."""
    assert started(declare(**{style: lambda self, batch: None})).feed(*INPUT) == []


def test_one_batch_can_become_many():
    """Each with its own identity."""

    def batch(self, batch):
        yield Batch(batch.points[:1], tags={"host": "b"})
        yield Batch(batch.points[1:], name="rest", tmax=5)

    answers = started(declare(batch=batch)).feed(*INPUT)

    begins = [answer for answer in answers if isinstance(answer, BeginBatch)]
    ends = [answer for answer in answers if isinstance(answer, EndBatch)]
    assert [(b.name, b.group, b.size) for b in begins] == [
        ("cpu", "host=b", 1),
        ("rest", "host=a", 2),
    ]
    assert [(e.name, e.tmax, e.tags) for e in ends] == [
        ("cpu", 100, {"host": "b"}),
        ("rest", 5, TAGS),
    ]


def test_a_complete_batch_may_come_from_begin():
    """It inherits nothing, so that a begin, which has no time, is no hindrance."""
    made = Batch([Point({"x": 1}, time=1)], name="m", tags={}, tmax=1)
    handler = declare(begin_batch=lambda self, begin: made, point=lambda self, point: None)

    assert started(handler).feed(*INPUT)[0] == BeginBatch("m", "", {}, 1)


@pytest.mark.parametrize("style", ["begin_batch", "point", "end_batch"])
def test_whole_batches_stand_in_place_of_the_open_one(style):
    """No empty batch is sent besides them."""
    made = Batch([Point({"x": 1})], name="m", tags={}, tmax=1)
    quiet = {"point": lambda self, point: None}
    handler = declare(**{**quiet, style: lambda self, argument: [made]})

    answers = started(handler).feed(*INPUT)

    count = 3 if style == "point" else 1
    assert [type(a).__name__ for a in answers] == ["BeginBatch", "WirePoint", "EndBatch"] * count
    assert {a.name for a in answers if isinstance(a, BeginBatch)} == {"m"}


@pytest.mark.parametrize("frame", [False, True], ids=["point", "frame"])
def test_loose_points_make_a_batch_besides_whole_ones(frame):
    """The whole ones go out first; the loose points when the batch ends."""
    loose = pd.DataFrame({"x": [2]}, pd.to_datetime([20], utc=True)) if frame else Point({"x": 2})
    handler = declare(
        point=lambda self, point: loose if point.time == 20 else None,
        end_batch=lambda self, end: Batch([], name="m"),
    )

    answers = started(handler).feed(*INPUT)

    assert [(a.name, a.size) for a in answers if isinstance(a, BeginBatch)] == [
        ("m", 0),
        ("cpu", 1),
    ]
    assert contents([a for a in answers if isinstance(a, Point)]) == [(20, {"x": 2}, TAGS)]


@pytest.mark.parametrize("style", ["batch", "frame"])
@pytest.mark.parametrize("loose_first", [True, False])
def test_a_whole_batch_may_become_loose_points_and_others(style, loose_first):
    """In whatever order they are given."""
    given = [Point({"x": 2}, time=20), Batch([], name="m")]
    handler = declare(**{style: lambda self, argument: given[:: 1 if loose_first else -1]})

    answers = started(handler).feed(*INPUT)

    assert [(a.name, a.size) for a in answers if isinstance(a, BeginBatch)] == [
        ("m", 0),
        ("cpu", 1),
    ]
    assert contents([a for a in answers if isinstance(a, Point)]) == [(20, {"x": 2}, TAGS)]


@pytest.mark.parametrize("given", [None, [], ()], ids=repr)
def test_silence_of_the_parts_is_an_empty_batch(given):
    """Neither loose points nor whole Batches: the batch that came has no points left."""
    check(declare(point=lambda self, point: given), [])


@pytest.mark.parametrize("style", ["point", "end_batch", "batch", "frame"])
def test_a_frame_may_be_one_of_many(style):
    """Its rows are loose points like those beside it."""
    frame = pd.DataFrame({"x": [1, 2]}, pd.to_datetime([1, 2], utc=True))

    def give(self, argument):
        if getattr(argument, "time", 30) == 30:
            yield Point({"x": 0}, time=0)
            yield frame
            yield Point({"x": 3}, time=3)

    quiet = {"point": lambda self, point: None} if style == "end_batch" else {}
    handler = declare(**{**quiet, style: give})

    check(handler, [Point({"x": time}, time=time, tags=TAGS) for time in range(4)])


def test_frames_and_points_beside_them_become_points_of_a_stream():
    """In the order in which they were given, each in its group."""
    frame = pd.DataFrame({"x": [1, 2]}, pd.to_datetime([1, 2], utc=True))
    given = [Point({"x": 0}), frame, Point({"x": 3}, time=3)]

    answers = started(declare(STREAM, batch=lambda self, batch: given)).feed(*INPUT)

    assert [(a.fields["x"], a.time, a.name, a.group) for a in answers] == [
        (0, 100, "cpu", "host=a"),
        (1, 1, "cpu", "host=a"),
        (2, 2, "cpu", "host=a"),
        (3, 3, "cpu", "host=a"),
    ]


@pytest.mark.parametrize("style", ["begin_batch", "point", "end_batch", "batch", "frame"])
@pytest.mark.parametrize("junk", [5, "text", b"bytes", [None], BeginBatch()], ids=repr)
def test_what_cannot_go_out_is_an_error(style, junk):
    """Kapacitor gets the reason, and nothing of the batch."""
    (answer,) = started(declare(**{style: lambda self, argument: junk})).feed(*INPUT)

    kind = type(junk[0] if isinstance(junk, list) else junk).__name__
    assert answer == ErrorResponse(
        f"a data method gave a {kind}; it may give Points, Batches, a DataFrame or nothing "
        "(in Declared)"
    )


@pytest.mark.parametrize("provides", [BATCH, STREAM])
def test_a_point_kept_by_the_handler_inherits_from_each_input_anew(provides):
    """From each point, and from each batch."""
    kept = Point({"x": 1})
    other = [
        BeginBatch("cpu", "host=b", {"host": "b"}),
        Point({"value": 1.0}, time=5),
        EndBatch("cpu", "host=b", 6, {"host": "b"}),
    ]

    answers = started(declare(provides, point=lambda self, point: kept)).feed(*INPUT, *other)

    points = [answer for answer in answers if isinstance(answer, Point)]
    assert [(point.time, point.tags["host"], point.group) for point in points] == [
        (10, "a", "host=a"),
        (20, "a", "host=a"),
        (30, "a", "host=a"),
        (5, "b", "host=b"),
    ]
    assert not kept.has_time


def test_a_point_of_a_batch_given_to_a_stream_is_left_as_it_was():
    """The Handler may have kept it: name and dimensions are set on what goes out."""
    seen = []
    handler = declare(STREAM, point=lambda self, point: seen.append(point) or point)

    answers = started(handler).feed(*INPUT)

    assert {answer.name for answer in answers} == {"cpu"}
    assert {(point.name, point.dimensions) for point in seen} == {("", ())}


def test_a_point_made_from_scratch_inside_a_batch_is_completed():
    """Time of the point being handled, tags of the group; the end's is tmax."""

    class Scratch(Handler):
        wants, provides = BATCH, BATCH

        def point(self, point):
            return Point({"n": 1})

        def end_batch(self, end):
            return Point({"end": True})

    peer = started(Scratch)

    points = peer.feed(*INPUT)[1:-1]

    assert contents(points) == [
        (10, {"n": 1}, TAGS),
        (20, {"n": 1}, TAGS),
        (30, {"n": 1}, TAGS),
        (100, {"end": True}, TAGS),
    ]


def test_a_point_that_is_changed_after_it_was_yielded_goes_out_as_it_was():
    """The outgoing batch is kept until its end; the Handler may go on with its own."""

    class Reusing(Handler):
        wants, provides = BATCH, BATCH

        def begin_batch(self, begin):
            self.one = Point({"sum": 0.0}, time=0, tags={})

        def point(self, point):
            self.one.fields["sum"] += point.fields["value"]
            yield self.one

    points = started(Reusing).feed(*INPUT)[1:-1]

    assert [point.fields["sum"] for point in points] == [1.0, 3.0, 6.0]


def test_a_point_of_the_batch_that_is_changed_after_it_was_yielded_goes_out_as_it_was():
    """The same for one that came over the wire, before and after the first change of it."""

    class Reusing(Handler):
        wants, provides = BATCH, BATCH

        def point(self, point):
            yield point
            point.fields["value"] = -1.0
            yield point
            point.fields["value"] = -2.0

    points = started(Reusing).feed(*INPUT)[1:-1]

    assert [point.fields["value"] for point in points] == [1.0, -1.0, 2.0, -1.0, 3.0, -1.0]


def test_the_points_of_an_unchanged_batch_are_not_decoded(monkeypatch):
    """They go out as the bytes they came in."""
    peer = started(BatchMirror)
    data = b"".join(peer.connection.send(message) for message in INPUT)
    monkeypatch.setattr(WirePoint, "parse", lambda self: pytest.fail("decoded"))

    answers = peer.agent.feed(data)

    monkeypatch.undo()
    assert list(split_frames(answers))[1:-1] == list(split_frames(data))[1:-1]


def test_state_is_per_group():
    """All three methods of one batch share it, and so do the batches of a group."""

    class Counting(Handler):
        wants, provides = BATCH, STREAM

        def group_state(self):
            return {"begins": 0, "points": 0}

        def begin_batch(self, begin, state):
            state["begins"] += 1

        def point(self, point, state):
            state["points"] += 1

        def end_batch(self, end, state):
            yield Point(dict(state))

    other = [
        BeginBatch("cpu", "host=b", {"host": "b"}),
        EndBatch("cpu", "host=b", 1, {"host": "b"}),
    ]

    answers = started(Counting).feed(*INPUT, *other, *INPUT)

    assert [dict(a.fields) for a in answers] == [
        {"begins": 1, "points": 3},
        {"begins": 1, "points": 0},
        {"begins": 2, "points": 6},
    ]


@pytest.mark.parametrize("style", ["batch", "end_batch"])
def test_a_point_that_sums_a_batch_up_is_a_grouped_point(style):
    """Conformance case 37: tmax, name, tags and dimensions = sorted tag keys."""
    tags = {"host": "a", "cpu": "0"}
    group = "cpu\ncpu=0,host=a"
    handler = declare(STREAM, point=lambda self, point: None)
    handler = type("Summing", (handler,), {style: lambda self, argument: Point({"mean": 2.0})})

    (answer,) = started(handler).feed(
        BeginBatch("cpu", group, tags, 0, True), bare(1.0, 1), EndBatch("cpu", group, 100, tags)
    )

    assert exact(answer) == exact(
        Point(
            {"mean": 2.0}, time=100, name="cpu", tags=tags, dimensions=["cpu", "host"], by_name=True
        )
    )
    assert answer.group == group


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("style", ["point", "batch"])
def test_the_points_of_a_batch_become_points_of_a_stream(style, changed):
    """They carry neither name nor dimensions inside the batch; on a stream they do."""

    def pick(point):
        return point.with_fields(value=0.0) if changed else point

    body = {
        "point": lambda self, point: pick(point),
        "batch": lambda self, batch: [pick(point) for point in batch.points],
    }
    answers = started(declare(STREAM, **{style: body[style]})).feed(*INPUT)

    assert [(a.name, a.dimensions, a.group, a.time) for a in answers] == [
        ("cpu", ("host",), "host=a", time) for time in (10, 20, 30)
    ]
    assert answers[1].tags == {"host": "a", "core": "1"}
    assert answers[0].fields["value"] == (0.0 if changed else 1.0)


def test_a_point_of_a_stream_keeps_what_was_set():
    """Inheritance fills gaps only, on this edge as well."""
    made = {"tags": {"a": "b", "c": "d"}, "dimensions": ["a"], "by_name": False}

    (answer,) = started(declare(STREAM, batch=lambda self, batch: Point({"x": 1}, **made))).feed(
        *INPUT
    )

    assert exact(answer) == exact(Point({"x": 1}, time=100, name="cpu", **made))


def test_a_frame_becomes_points_of_a_stream():
    """Tags are tags again, although a frame calls them columns."""

    class Summing(Handler):
        wants = BATCH

        def frame(self, frame):
            return frame[["value", "host"]].tail(1)

    (answer,) = started(Summing).feed(*INPUT)

    assert exact(answer) == exact(
        Point({"value": 3.0}, time=30, name="cpu", tags=TAGS, dimensions=["host"])
    )


def test_a_frame_knows_where_it_comes_from():
    """Which columns are tags, name, group's tags and tmax, in its attrs."""
    seen = []
    started(declare(frame=lambda self, frame: seen.append(frame))).feed(*INPUT)

    (frame,) = seen
    assert frame.attrs == {"tags": ["core", "host"], "name": "cpu", "group": TAGS, "tmax": 100}
    assert list(frame.value) == [1.0, 2.0, 3.0]
    assert [moment.value for moment in frame.index] == [10, 20, 30]


def test_a_batch_on_an_edge_of_points_is_an_error():
    """Kapacitor would forward it to nodes that were not linked for it."""
    (answer,) = started(declare(STREAM, batch=lambda self, batch: batch)).feed(*INPUT)

    assert answer == ErrorResponse("a batch on an edge declared STREAM (in Declared.batch)")


@pytest.mark.parametrize("style", ["point", "end_batch", "batch", "frame"])
@pytest.mark.parametrize("how", ["return", "yield"])
def test_a_failure_inside_a_batch_sends_no_half_of_it(style, how):
    """Conformance case 36: the error frame, and nothing before it."""

    def returning(self, argument):
        raise ValueError("inside")

    def yielding(self, argument):
        yield Point({"x": 1}, time=0)
        raise ValueError("inside")

    peer = started(declare(**{style: returning if how == "return" else yielding}))
    before = len(peer.sent)

    (answer,) = peer.feed(*INPUT)

    assert answer.error.startswith(f"ValueError: inside (in Declared.{style}, line ")
    assert len(list(split_frames(peer.sent[before:]))) == 1


def test_a_point_that_cannot_be_encoded_takes_its_batch_back():
    """The begin was encoded already; it is not among the bytes."""
    handler = declare(
        point=lambda self, point: point.with_tags(x="\ud800") if point.time == 30 else point
    )
    peer = started(handler)
    before = len(peer.sent)

    (answer,) = peer.feed(*INPUT)

    assert "cannot be put on the wire" in answer.error
    assert len(list(split_frames(peer.sent[before:]))) == 1


def test_management_slips_in_between_begin_and_end():
    """Conformance case 23: answered at once, the batch unaffected."""
    plain = started(BatchMirror).feed(*INPUT)
    mixed = [m for message in INPUT for m in (message, KeepaliveRequest(1), SnapshotRequest())]

    answers = started(BatchMirror).feed(*mixed)

    data = [a for a in answers if not isinstance(a, (KeepaliveResponse, SnapshotResponse))]
    assert exact(data) == exact(plain)
    assert len(answers) == len(plain) + 2 * len(INPUT)


def test_what_is_emitted_inside_a_batch_goes_out_outside_of_it():
    """The open batch is Kapacitor's; ours is sent as a unit."""
    handler = declare(point=lambda self, point: self.emit(Batch([], name="m", tmax=0)) or point)

    answers = started(handler).feed(*INPUT)

    assert [type(answer).__name__ for answer in answers] == [
        "BeginBatch",
        *["WirePoint"] * 3,
        "EndBatch",
        *["BeginBatch", "EndBatch"] * 3,
    ]


def test_a_batch_that_is_open_at_the_end_is_dropped():
    """It has no end; half of it is nothing."""
    peer = started(BatchMirror)
    peer.feed(*INPUT[:-1])

    assert peer.close() == []
    assert peer.session.error is None


def test_what_a_batch_left_behind_does_not_leak_into_the_next():
    """Each starts empty."""
    answers = started(BatchMirror).feed(*INPUT, *INPUT)

    assert exact(answers[:5]) == exact(answers[5:])
