"""What follows when a data method fails: the task stops, or the input is skipped and counted."""

import asyncio
import logging

import pytest

from harness import Peer, cpu, exact, started
from kapnb.agent import EXIT_OK, Agent
from kapnb.errors import HandlerError, LocalProtocolError
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InitRequest,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    SnapshotRequest,
)

BAD = "\udc80"


def skipping(name="Skipping", **body):
    """Return a Handler class that skips."""
    return type(name, (Handler,), {"error_policy": "skip", **body})


def good(time):
    return cpu(1.0, time=time)


def bad(time):
    return cpu(-1.0, time=time)


def fails(point):
    return point.fields["value"] < 0


def times(answers):
    return [answer.time for answer in answers]


def batch(*points, host="a", tmax=9):
    """Return the messages of a batch."""
    tags = {"host": host}
    begin = BeginBatch("cpu", f"host={host}", tags, len(points))
    return [begin, *points, EndBatch("cpu", f"host={host}", tmax, tags)]


def sizes(answers):
    """Return how many points each batch has; fail at anything loose."""
    found, open_batch = [], False
    for answer in answers:
        if isinstance(answer, BeginBatch):
            assert not open_batch
            open_batch = True
            found.append(0)
        elif isinstance(answer, EndBatch):
            assert open_batch
            open_batch = False
        else:
            assert open_batch
            found[-1] += 1
    assert not open_batch
    return found


# ------------------------------------------------------------------------------------ points


def test_by_default_the_task_stops():
    """What came before stays; what comes behind is not handled."""

    class Stopping(Handler):
        def point(self, point):
            yield point
            if fails(point):
                raise ValueError("no")

    peer = started(Stopping)

    *points, error = peer.feed(good(1), bad(2), good(3))

    assert times(points) == [1, 2]
    assert error.error.startswith("ValueError: no (in Stopping.point, line ")
    assert peer.session.skipped == 0


def raise_(error):
    raise error


WAYS = {
    "raises": lambda point: raise_(ValueError("no")),
    "raises no Exception": lambda point: raise_(asyncio.CancelledError()),
    "yields, then raises": lambda point: (
        x if x else raise_(ValueError("no")) for x in [point, point, None]
    ),
    "gives junk": lambda point: [point, 5],
    "gives a batch": lambda point: [point, Batch([point], tmax=1)],
    "cannot be encoded": lambda point: [point, point.copy(), cpu(name=BAD)],
    "raises our error": lambda point: raise_(HandlerError("no")),
}


@pytest.mark.parametrize("way", WAYS)
def test_of_a_point_that_fails_nothing_goes_out(way):
    """However it fails, and whatever it gave before; the others are answered as ever."""
    peer = started(skipping(point=lambda self, point: WAYS[way](point) if fails(point) else point))

    answers = peer.feed(bad(0), good(1), bad(2), good(3), good(4), bad(5))

    assert times(answers) == [1, 3, 4]
    assert all(isinstance(answer, Point) for answer in answers)
    assert peer.session.skipped == 3
    assert peer.session.error is None


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_points_and_batches_that_a_point_gave_before_it_failed_are_taken_back(cut):
    """Also if the last batch is spoiled in its middle."""
    spoiled = Batch([good(1), cpu(tags={"host": BAD}), good(2)], tmax=3)

    def point(self, point):
        yield Batch([point, point], tmax=1)
        if fails(point):
            yield from [Batch([], tmax=1), spoiled, 5][:cut]
            raise ValueError("no")

    peer = started(skipping(provides=BATCH, point=point))

    answers = peer.feed(good(1), bad(2), good(3))

    assert sizes(answers) == [2, 2]
    assert peer.session.skipped == 1


def test_the_states_of_all_groups_are_kept():
    """Also that of the group whose point failed, as the method left it."""

    class Counting(Handler):
        error_policy = "skip"

        def group_state(self):
            return {"n": 0}

        def point(self, point, state):
            state["n"] += 1
            if fails(point):
                raise ValueError("no")
            yield point.with_fields(n=state["n"])

    peer = started(Counting)

    answers = peer.feed(
        cpu(host="a"),
        cpu(host="b"),
        cpu(-1.0, host="a"),
        cpu(host="b"),
        cpu(host="a"),
        cpu(-1.0, host="c"),
    )

    assert [answer.fields["n"] for answer in answers] == [1, 1, 2, 3]
    assert peer.handler.group_states == {"host=a": {"n": 3}, "host=b": {"n": 2}, "host=c": {"n": 1}}


def test_a_state_that_cannot_be_made_skips_the_point():
    """And is tried again with the next."""
    made = []

    class Late(Handler):
        error_policy = "skip"

        def group_state(self):
            made.append(1)
            if len(made) < 3:
                raise OSError("not yet")
            return {}

        def point(self, point, state):
            return point

    peer = started(Late)

    assert times(peer.feed(good(1), good(2), good(3), good(4))) == [3, 4]
    assert peer.session.skipped == 2


@pytest.mark.parametrize("error", [SystemExit(3), SystemExit("enough")])
def test_an_exit_stops_all_the_same(error):
    """Somebody wanted the process to end."""
    peer = started(skipping(point=lambda self, point: raise_(error) if fails(point) else point))

    *points, last = peer.feed(good(1), bad(2), good(3))

    assert times(points) == [1]
    assert last.error.startswith(f"SystemExit: {error} (in raise_,")
    assert peer.session.skipped == 0


def test_ctrl_c_passes_through_and_leaves_nothing():
    """It is the user's at the terminal."""
    peer = started(skipping(point=lambda self, point: [point, raise_(KeyboardInterrupt)]))

    with pytest.raises(KeyboardInterrupt):
        peer.agent.feed(peer.connection.send(good(1)))

    assert peer.agent.take() == b""


@pytest.mark.parametrize("method", ["init", "snapshot", "info"])
def test_only_data_is_skipped(method):
    """What Kapacitor asks it must be told."""
    peer = Peer(skipping(**{method: lambda self: raise_(ValueError("no"))}))
    from kapnb.model import InfoRequest

    if method == "info":
        answers = peer.feed(InfoRequest())
    else:
        answers = peer.feed(InitRequest())
        if method == "snapshot":
            answers = peer.feed(SnapshotRequest())

    assert answers[-1].error.startswith("ValueError: no (in raise_,")
    assert peer.session.error is not None


def test_keepalives_and_snapshots_are_answered_between():
    """The session is as good as before."""
    peer = started(skipping(point=lambda self, point: raise_(ValueError("no"))))

    answers = peer.feed(bad(1), KeepaliveRequest(7), bad(2), SnapshotRequest())

    assert answers[0] == KeepaliveResponse(7)
    assert len(answers) == 2


def test_what_was_emitted_goes_out_although_the_point_fails():
    """It is out of turn: nothing that the method gave."""

    def point(self, point):
        self.emit(good(point.time))
        raise ValueError("no")

    assert times(started(skipping(point=point)).feed(bad(1), bad(2))) == [1, 2]


def test_a_mistake_in_what_was_emitted_stops_the_task():
    """It belongs to no input that could be skipped; of a batch no half is sent."""
    body = {"point": lambda self, point: None, "provides": BATCH}
    peer = started(skipping(**body))
    peer.feed(good(1))
    peer.handler.emit(Batch([good(1), cpu(name="m", tags={"a": BAD})], name="m", tags={}, tmax=1))

    (answer,) = peer.feed(good(2))

    assert type(answer) is ErrorResponse
    assert isinstance(peer.session.error, LocalProtocolError)


# ----------------------------------------------------------------------------------- batches


def parts(self, point):
    if fails(point):
        yield point
        raise ValueError("no")
    yield point


def at_end(self, end):
    yield good(end.tmax)
    if end.tmax == 13:
        raise ValueError("no")


def at_begin(self, begin):
    if begin.tags["host"] == "c":
        raise ValueError("no")


def whole(self, batch):
    yield from batch.points
    if any(map(fails, batch.points)) or batch.tmax == 13 or batch.tags["host"] == "c":
        raise ValueError("no")


BATCHES = [
    *batch(good(1), good(2)),
    *batch(good(1), bad(2), good(3)),
    *batch(good(1), tmax=13),
    *batch(good(1), host="c"),
    *batch(good(1), good(2), good(3), good(4)),
]


@pytest.mark.parametrize(
    ("body", "expected", "skipped"),
    [
        ({"point": parts}, [2, 1, 1, 4], 3),
        ({"end_batch": at_end}, [3, 4, 2, 5], 1),
        ({"begin_batch": at_begin}, [2, 3, 1, 4], 1),
        ({"point": parts, "end_batch": at_end, "begin_batch": at_begin}, [3, 5], 5),
        ({"batch": whole}, [2, 4], 5),
    ],
    ids=["point", "end", "begin", "all", "whole"],
)
def test_of_a_batch_that_fails_nothing_goes_out(body, expected, skipped):
    """All of its points are counted; the others go out whole."""
    peer = started(skipping(wants=BATCH, provides=BATCH, **body))

    answers = peer.feed(*BATCHES)

    assert sizes(answers) == expected
    assert peer.session.skipped == skipped
    assert peer.session.error is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"point": parts}, [1, 2, 1, 1, 1, 2, 3, 4]), ({"batch": whole}, [1, 2, 1, 2, 3, 4])],
)
def test_points_that_a_batch_gave_to_a_stream_are_taken_back(body, expected):
    """They would have gone out one by one."""
    peer = started(skipping(wants=BATCH, provides=STREAM, **body))

    assert times(peer.feed(*BATCHES)) == expected


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_batch_that_is_spoiled_after_its_begin_is_taken_back(position):
    """The begin was in the unit already, and the next one is allowed."""

    def whole(self, batch):
        points = [good(1), good(2), good(3)]
        if batch.tmax == 13:
            points[position] = cpu(tags={"host": BAD})
        return points

    peer = started(skipping(wants=BATCH, provides=BATCH, batch=whole))

    answers = peer.feed(*batch(good(1)), *batch(good(1), tmax=13), *batch(good(1)))

    assert sizes(answers) == [3, 3]
    assert peer.session.skipped == 1


def test_whole_batches_beside_the_incoming_one_are_taken_back():
    """What a batch method yields as Batches goes out at once, but not from a failure."""

    def end_batch(self, end):
        yield Batch([good(1)], tmax=end.tmax)
        yield Batch([good(1), good(2)], tmax=end.tmax)
        if end.tmax == 13:
            raise ValueError("no")

    body = {"point": lambda self, point: None, "end_batch": end_batch}
    peer = started(skipping(wants=BATCH, provides=BATCH, **body))

    answers = peer.feed(*batch(good(1)), *batch(good(1), tmax=13), *batch(good(1)))

    assert sizes(answers) == [1, 2, 1, 2]


def test_management_between_the_parts_of_a_batch_that_fails_is_answered():
    """Exactly once, and in its time."""
    peer = started(skipping(wants=BATCH, provides=BATCH, point=parts))
    begin, *points, end = batch(good(1), bad(2))

    answers = peer.feed(
        begin,
        KeepaliveRequest(1),
        points[0],
        SnapshotRequest(),
        points[1],
        end,
        KeepaliveRequest(2),
    )

    assert [type(answer).__name__ for answer in answers] == [
        *("KeepaliveResponse", "SnapshotResponse", "KeepaliveResponse")
    ]


def test_a_failing_batch_stops_the_task_by_default():
    """Conformance case 36: no half of it, one error."""
    peer = started(
        type("Stopping", (Handler,), {"wants": BATCH, "provides": BATCH, "point": parts})
    )

    *answers, error = peer.feed(*BATCHES)

    assert sizes(answers) == [2]
    assert type(error) is ErrorResponse


# ------------------------------------------------------------------------------ what is told


def told_by(handler, *messages):
    """Return what the `skip` callable of an agent is told."""
    told = []
    peer = Peer(handler)
    peer.agent = Agent(peer.handler, skip=lambda error, points: told.append((error, points)))
    peer.start()
    peer.feed(*messages)
    return told


def test_the_error_and_the_points_are_told():
    """As they came, and with the user's line."""
    told = told_by(skipping(point=parts), good(1), bad(2), bad(3))

    assert [exact(point) for _, points in told for point in points] == [
        exact(bad(2)),
        exact(bad(3)),
    ]
    for error, _ in told:
        assert str(error).startswith("ValueError: no (in Skipping.point, line ")
        assert str(error).endswith(' of test_error_policy.py: raise ValueError("no"))')
        assert isinstance(error.__cause__, ValueError)


def test_all_points_of_a_batch_are_told():
    """It was handled as one."""
    ((_, points),) = told_by(
        skipping(wants=BATCH, provides=BATCH, point=parts), *batch(good(1), bad(2), good(3))
    )

    assert times(points) == [1, 2, 3]


def test_what_kapacitor_forbids_is_told_with_its_line():
    """The located error, once."""
    ((error, _),) = told_by(skipping(point=lambda self, point: (yield cpu(name=BAD))), good(1))

    assert isinstance(error, LocalProtocolError)
    assert str(error).count("(in Skipping.point, line ") == 1


class Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.counts = []

    def emit(self, record):
        self.counts.append(record.args[0])


def logged_counts(handler, messages):
    """Return which counts are in the log."""
    log, records = logging.Logger("test"), Records()
    log.addHandler(records)
    peer = Peer(handler)
    peer.agent = Agent(peer.handler, log=log)
    peer.start()
    peer.feed(*messages)
    return records.counts


def test_the_log_is_thinned_out():
    """The first ones are all there; of thousands a few."""
    counts = logged_counts(skipping(point=parts), [bad(1)] * 2500)

    assert counts == [*range(1, 11), 20, 50, 100, 200, 500, 1000, 2000]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_the_log_of_batches_is_thinned_out_alike(size):
    """It counts failures; the number it names is that of points."""

    def end_batch(self, end):
        raise ValueError("no")

    messages = batch(*[good(1)] * size) * 60

    counts = logged_counts(skipping(wants=BATCH, provides=BATCH, end_batch=end_batch), messages)

    assert counts == [size * failures for failures in (*range(1, 11), 20, 50)]


def test_the_log_names_error_and_line(caplog):
    """With the traceback behind it."""
    started(skipping(point=parts)).feed(bad(1))

    (record,) = caplog.records
    assert record.getMessage().startswith(
        "skipped 1 point(s) in all; now: ValueError: no (in Skipping.point"
    )
    assert isinstance(record.exc_info[1], ValueError)


@pytest.mark.parametrize("policy", ["ignore", "", None, "SKIP"])
def test_the_policy_is_one_of_two(policy):
    """Found when the class is made."""
    with pytest.raises(HandlerError, match=r'Mine\.error_policy must be "stop" or "skip"'):
        type("Mine", (Handler,), {"error_policy": policy})


def test_a_run_in_which_points_were_skipped_ends_well():
    """They were reported; the task went on."""

    class Stream:
        def __init__(self, *pieces):
            self.pieces = [*pieces, b""]

        def read(self, timeout_s=None):
            return self.pieces.pop(0)

        def write(self, data):
            """Forget it."""

        def wake(self):
            """Nobody waits."""

        def hung_up(self):
            return False

    connection = Peer(Handler).connection
    data = b"".join(map(connection.send, [InitRequest(), bad(1), good(2)]))

    assert Agent(skipping(point=parts)()).run(Stream(data)) == EXIT_OK
