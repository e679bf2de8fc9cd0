"""Groups that expire, in a whole session: states, last words, order, memory."""

import gc
import json
import tracemalloc

import pytest

from harness import Peer, cpu, exact, option, started
from kapnb.agent import Session
from kapnb.handler import Handler, Option
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InitRequest,
    Point,
    RestoreRequest,
    SnapshotRequest,
)


class Counting(Handler):
    """Counts the points of a group, and says at its end how many there were."""

    group_idle = 10

    def group_state(self):
        return {"n": 0}

    def point(self, point, state):
        state["n"] += 1
        yield Point({"n": state["n"]})

    def group_expired(self, group, state):
        yield Point(
            {"total": state["n"]}, name="ended", tags={"host": group[5:]}, dimensions=["host"]
        )


class Silent(Counting):
    def group_expired(self, group, state):
        pass


class Capped(Counting):
    group_idle, group_cap = None, 2


class Batches(Handler):
    """The same for batches: what is left of a group goes out as a batch."""

    wants, provides = BATCH, BATCH
    group_idle = 10

    def group_state(self):
        return {"n": 0}

    def batch(self, batch, state):
        state["n"] += len(batch)
        return [Point({"n": state["n"]}, time=batch.tmax)]

    def group_expired(self, group, state):
        tags = {"host": group[5:]}
        yield Batch([Point({"total": state["n"]})], name="ended", tags=tags)


def said(answers):
    """Return points as (host, time, fields)."""
    return [(a.tags["host"], a.time, dict(a.fields)) for a in answers if isinstance(a, Point)]


def batch(host, tmax, points=1):
    tags, group = {"host": host}, f"host={host}"
    return [
        BeginBatch("cpu", group, tags, points),
        *(Point({"v": 1.0}, time=tmax, tags=tags) for _ in range(points)),
        EndBatch("cpu", group, tmax, tags),
    ]


def groups(peer):
    return list(peer.handler.group_states)


def test_a_group_without_data_is_let_go_with_last_words():
    """They go out before what the point gives that moved the clock, at the clock's time."""
    peer = started(Counting)

    answers = peer.feed(cpu(time=0, host="a"), cpu(time=5, host="b"), cpu(time=11, host="b"))

    assert said(answers) == [
        ("a", 0, {"n": 1}),
        ("b", 5, {"n": 1}),
        ("a", 11, {"total": 1}),
        ("b", 11, {"n": 2}),
    ]
    assert answers[2].name == "ended"
    assert answers[2].group == "host=a"
    assert groups(peer) == ["host=b"]


def test_a_group_that_was_silent_for_too_long_starts_anew():
    """Its own point, after the gap, is the first of a new state."""
    peer = started(Counting)

    answers = peer.feed(cpu(time=0), cpu(time=10), cpu(time=21), cpu(time=3))

    assert said(answers) == [
        ("a", 0, {"n": 1}),
        ("a", 10, {"n": 2}),
        ("a", 21, {"total": 2}),
        ("a", 21, {"n": 1}),
        ("a", 3, {"n": 2}),
    ]


def test_a_new_group_takes_the_place_of_the_least_recently_used():
    """Use counts, not time."""
    peer = started(Capped)

    answers = peer.feed(
        *(cpu(time=time, host=host) for time, host in [(9, "a"), (8, "b"), (1, "a"), (0, "c")])
    )

    assert said(answers)[3:] == [("b", 9, {"total": 1}), ("c", 0, {"n": 1})]
    assert groups(peer) == ["host=a", "host=c"]


def test_negative_times_are_times():
    """Before 1970, and before everything."""
    peer = started(Counting)

    peer.feed(cpu(time=-(2**63), host="a"), cpu(time=-50, host="b"), cpu(time=-40, host="c"))

    assert groups(peer) == ["host=b", "host=c"]


def test_last_words_of_a_batch_handler_go_out_before_the_batch():
    """As a batch of their own, never within another."""
    peer = started(Batches)

    answers = peer.feed(*batch("a", 0, 3), *batch("b", 11))

    kinds = (BeginBatch, Point, EndBatch)
    assert [isinstance(a, kind) for a, kind in zip(answers, kinds * 3, strict=True)] == [True] * 9
    assert [(a.name, a.tags, a.tmax) for a in answers if isinstance(a, EndBatch)] == [
        ("cpu", {"host": "a"}, 0),
        ("ended", {"host": "a"}, 11),
        ("cpu", {"host": "b"}, 11),
    ]
    assert dict(answers[4].fields) == {"total": 3}


def test_the_parts_of_a_batch_know_expiry_too():
    """Also where no point comes, so that no method was given a state yet."""

    class Parts(Handler):
        wants, provides = BATCH, STREAM
        group_cap = 1

        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1

    peer = started(Parts)

    peer.feed(*batch("a", 0, 2), *batch("b", 0, 0))

    assert peer.handler.group_states == {"host=b": {}}


def test_a_batch_that_is_open_moves_no_clock():
    """A snapshot in between is the state before it, with all its groups."""
    peer = started(Batches)
    peer.feed(*batch("a", 0))
    (before,) = peer.feed(SnapshotRequest())
    begin, *rest = batch("b", 100)

    answers = peer.feed(begin, SnapshotRequest(), *rest, SnapshotRequest())

    assert answers[0] == before
    assert json.loads(answers[-1].snapshot)["expiry"] == {"now": 100, "ages": [0]}
    assert list(json.loads(answers[-1].snapshot)["groups"]) == ["host=b"]


def test_what_is_over_is_in_no_snapshot_and_the_order_of_use_is():
    """With how long ago each was used."""
    peer = started(Silent)
    peer.feed(*(cpu(time=time, host=host) for time, host in [(0, "x"), (9, "a"), (9, "b")]))
    (taken,) = peer.feed(cpu(time=15, host="a"), SnapshotRequest())[1:]
    document = json.loads(taken.snapshot)

    assert list(document["groups"]) == ["host=b", "host=a"]
    assert document["expiry"] == {"now": 15, "ages": [6, 0]}


def test_expiry_goes_on_after_a_restore():
    """Group b was idle before it, and its time comes after it."""
    first = started(Counting)
    first.feed(cpu(time=0, host="b"), cpu(time=6, host="a"))
    (taken,) = first.feed(SnapshotRequest())
    second = started(Counting)
    second.feed(RestoreRequest(taken.snapshot))

    assert said(second.feed(cpu(time=10, host="a"))) == [("a", 10, {"n": 2})]
    assert said(second.feed(cpu(time=11, host="a"))) == [
        ("b", 11, {"total": 1}),
        ("a", 11, {"n": 3}),
    ]


def test_a_cap_that_is_lower_now_holds_from_the_first_data_on():
    """Not before: nothing may go out before the restore is answered."""
    limits = type("Limited", (Counting,), {"group_idle": None, "limit": Option(int, default=3)})
    limits.init = lambda self: setattr(self, "group_cap", self.limit)
    limits.restore_policy = "tolerant"
    first = started(limits)
    first.feed(*(cpu(time=0, host=host) for host in "abc"))
    (taken,) = first.feed(SnapshotRequest())
    second = Peer(limits)

    answers = second.feed(
        InitRequest((option("limit", 1),)), RestoreRequest(taken.snapshot), cpu(time=0, host="c")
    )

    assert said(answers[2:]) == [
        ("a", 0, {"total": 1}),
        ("b", 0, {"total": 1}),
        ("c", 0, {"n": 2}),
    ]


def test_a_snapshot_that_did_not_fit_leaves_no_ages_behind():
    """Fresh means fresh."""
    peer = started(Counting)
    peer.feed(RestoreRequest(b"garbage"), cpu(time=50))

    (taken,) = peer.feed(SnapshotRequest())

    assert json.loads(taken.snapshot)["expiry"] == {"now": 50, "ages": [0]}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (Point({"x": 1.0}), "group_expired gave a Point without name or group"),
        (Point({"x": 1.0}, name="m", tags={"host": "a"}), "give name=, tags= and dimensions="),
        (Batch([], tmax=1), "group_expired gave a Batch without name or group"),
        (5, "a data method gave a int"),
        (["x"], "group_expired gave a str; it may give Points and Batches"),
        (Batch([], name="m", tags={"host": "a"}), "a batch on an edge declared STREAM"),
    ],
    ids=["nameless", "ungrouped", "batch", "int", "str", "edge"],
)
def test_last_words_that_cannot_go_out_are_an_error(given, problem):
    """They would land in another group, or outside all."""
    peer = started(type("Wrong", (Counting,), {"group_expired": lambda self, *_: given}))

    answers = peer.feed(cpu(time=0), cpu(time=100, host="b"))

    assert isinstance(answers[-1], ErrorResponse)
    assert problem in answers[-1].error


def test_an_exception_in_group_expired_names_its_line():
    """As in every callback."""
    peer = started(type("Wrong", (Counting,), {"group_expired": lambda self, *_: 1 / 0}))

    (answer,) = peer.feed(cpu(time=0), cpu(time=100, host="b"))[1:]

    assert answer.error.startswith(
        "ZeroDivisionError: division by zero (in Wrong.group_expired, line"
    )


def test_a_kept_point_makes_complete_last_words():
    """The documented pattern: the group's last point, with other fields."""

    class Keeping(Counting):
        def point(self, point, state):
            state["last"] = point

        def group_expired(self, group, state):
            return state["last"].with_fields(final=True)

    peer = started(Keeping)
    first = cpu(1.5, time=0)

    (answer,) = peer.feed(first, cpu(time=100, host="b"))

    assert exact(answer) == exact(first.with_fields(final=True))


def test_what_is_emitted_at_the_end_of_a_group_goes_out_too():
    """After what the input gives."""

    class Emitting(Counting):
        def group_expired(self, group, state):
            self.emit(cpu(5.0, host="emitted"))

    peer = started(Emitting)

    answers = peer.feed(cpu(time=0), cpu(time=100, host="b"))

    assert [a.tags["host"] for a in answers] == ["a", "b", "emitted"]


def test_no_limit_no_clock():
    """Nothing is counted, and nothing of it is in the snapshot."""
    peer = started(type("Unlimited", (Counting,), {"group_idle": None}))

    peer.feed(cpu(time=0), cpu(time=10**18, host="b"))
    (taken,) = peer.feed(SnapshotRequest())

    assert groups(peer) == ["host=a", "host=b"]
    assert "expiry" not in json.loads(taken.snapshot)
    assert peer.session._input._expiry is None


class Nowhere:
    """An outbox that keeps nothing."""

    def send(self, message):
        pass

    send_point = send_points = send_bytes = send


class Windowed(Handler):
    """What a group costs in earnest: a list of its own."""

    def group_state(self):
        return {"values": [0.0] * 10}

    def point(self, point, state):
        state["values"].append(point.fields["value"])


@pytest.mark.parametrize(
    "limits",
    [{"group_cap": 1_000}, {"group_idle": 999}, {"group_cap": 1_000, "group_idle": 10**9}],
    ids=["cap", "idle", "both"],
)
def test_memory_is_bounded_while_groups_come_and_go(limits):
    """100,000 groups, one point each; never more than a thousand at a time."""
    session = Session(type("Limited", (Windowed,), limits)(), Nowhere())
    session.handle(InitRequest())

    def feed(numbers):
        most = 0
        for number in numbers:
            session.handle(cpu(float(number), time=number, host=f"h{number}"))
            most = max(most, len(session.handler.group_states))
        return most

    feed(range(20_000))
    gc.collect()
    tracemalloc.start()
    try:
        feed(range(20_000, 25_000))
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        feed(range(25_000, 35_000))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    most = feed(range(35_000, 100_000))

    assert most == len(session.handler.group_states) == 1_000
    assert len(session.handler.group_expiry().stamps) == 1_000
    assert after - before < 50_000  # ten thousand groups that stay cost five million
