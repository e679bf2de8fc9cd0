"""A snapshot inside an open batch is the state before it. Conformance case 23."""

import json

import pytest

from harness import exact, started
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    EndBatch,
    Point,
    RestoreRequest,
    SnapshotRequest,
    SnapshotResponse,
)


class Logging(Handler):
    """Keeps what it was called with."""

    wants, provides = BATCH, BATCH

    def group_state(self):
        return {"log": []}


class Parts(Logging):
    """Changes its state at the begin, at each point and at the end."""

    def begin_batch(self, begin, state):
        state["log"].append("begin")

    def point(self, point, state):
        state["log"].append(point.fields["n"])
        yield point.with_fields(seen=len(state["log"]))

    def end_batch(self, end, state):
        state["log"].append("end")


class Whole(Logging):
    def batch(self, batch, state):
        state["log"] += [point.fields["n"] for point in batch.points]
        return [point.with_fields(seen=len(state["log"])) for point in batch.points]


class Frames(Logging):
    def frame(self, frame, state):
        state["log"] += [int(n) for n in frame["n"]]
        return frame.assign(seen=len(state["log"]))


class ToStream(Logging):
    provides = STREAM

    def begin_batch(self, begin, state):
        state["log"].append("begin")
        yield Point({"begun": len(state["log"])}, time=0)

    def point(self, point, state):
        state["log"].append(point.fields["n"])
        yield point.with_fields(seen=len(state["log"]))


BATCHING = pytest.mark.parametrize("handler", [Parts, Whole, Frames, ToStream])


def messages(host, *numbers):
    tags, group = {"host": host}, f"host={host}"
    return [
        BeginBatch("cpu", group, tags, len(numbers)),
        *(Point({"n": n}, time=n, tags=tags) for n in numbers),
        EndBatch("cpu", group, 100, tags),
    ]


FIRST, SECOND = [*messages("a", 1, 2), *messages("b", 9)], messages("a", 3, 4, 5)


def snapshot(peer):
    (answer,) = peer.feed(SnapshotRequest())
    return answer.snapshot


@BATCHING
@pytest.mark.parametrize("cut", range(1, len(SECOND)))
def test_a_snapshot_in_an_open_batch_is_the_state_before_it(handler, cut):
    """Wherever in the batch it is asked for; and the batch goes on as if it was not."""
    whole = started(handler)
    expected = whole.feed(*FIRST, *SECOND)
    peer = started(handler)
    first = peer.feed(*FIRST)
    before = snapshot(peer)

    answers = peer.feed(*SECOND[:cut], SnapshotRequest(), *SECOND[cut:])

    taken = [answer for answer in answers if isinstance(answer, SnapshotResponse)]
    assert taken == [SnapshotResponse(before)]
    assert exact(first + [a for a in answers if a not in taken]) == exact(expected)
    assert json.loads(before)["groups"]["host=a"]["log"]  # it was changed before
    assert snapshot(peer) == snapshot(whole) != before  # and by this batch


@BATCHING
def test_snapshots_in_one_open_batch_are_all_the_same(handler):
    """Asked for after each message; the open batch may be its group's first."""
    peer = started(handler)
    peer.feed(*FIRST)
    before = snapshot(peer)

    *inside, _ = messages("new", 1, 2, 3)
    answers = peer.feed(*(m for item in inside for m in (item, SnapshotRequest())))

    assert answers == [SnapshotResponse(before)] * len(inside)


@BATCHING
def test_after_a_restore_the_whole_batch_is_handled_once(handler):
    """Kapacitor sends no half again: what was open is lost, what comes next is whole."""
    peer = started(handler)
    peer.feed(*FIRST, *SECOND[:2])
    taken = snapshot(peer)
    expected = peer.feed(*SECOND[2:])
    again = started(handler)
    again.feed(RestoreRequest(taken))

    assert exact(again.feed(*SECOND)) == exact(expected)
    assert snapshot(again) == snapshot(peer)


class Windowing(Handler):
    """Points in, batches of three out; the window that is open is in the state."""

    wants, provides = STREAM, BATCH

    def group_state(self):
        return {"window": [], "begun": 0}

    def point(self, point, state):
        if not state["window"]:
            state["begun"] += 1
        state["window"].append(point)
        if len(state["window"]) == 3:
            yield Batch(state["window"], tmax=point.time)
            state["window"] = []


def stream(count):
    return [
        Point(
            {"n": n, "x": n / 3},
            time=n,
            name="cpu",
            tags={"host": "ab"[n % 2], "dc": "x"},
            dimensions=["host"],
            by_name=False,
            database="db",
            retention_policy="rp",
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("cut", range(13))
def test_windows_that_a_handler_keeps_survive_as_far_as_they_are_filled(cut):
    """STREAM to BATCH: no batch is open between two calls, and a window is state."""
    points = stream(13)
    whole = started(Windowing)
    expected = whole.feed(*points)
    peer = started(Windowing)
    before = peer.feed(*points[:cut])
    taken = snapshot(peer)
    again = started(Windowing)
    again.feed(RestoreRequest(taken))

    assert exact(before + again.feed(*points[cut:])) == exact(expected)
    assert len(expected) == 4 * 5
    assert snapshot(again) == snapshot(whole)
