"""The law of supervision: whatever is killed whenever, Kapacitor sees the uninterrupted run."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    Batch,
    InfoRequest,
    KeepaliveRequest,
    Point,
    RestoreRequest,
    SnapshotRequest,
)
from strategies import batch_messages, batches, points
from supervised import World, opening, same, uninterrupted


class Counting(Handler):
    """Every output tells how many inputs its group has had, and the last of them."""

    def group_state(self):
        return {"count": 0, "last": deque(maxlen=3)}

    def count(self, state, point):
        state["count"] += 1
        state["last"].append(point.time)
        return Point({"count": state["count"], "last": repr(list(state["last"]))}, time=point.time)


class OneToOne(Counting):
    def point(self, point, state):
        counted = self.count(state, point)
        return point.with_fields({"count": state["count"], "last": counted.fields["last"]})


class Uneven(Counting):
    """Nothing, one, two or three outputs for an input."""

    def point(self, point, state):
        counted = self.count(state, point)
        for _ in range(state["count"] % 4):
            yield counted


class ToBatches(Counting):
    provides = BATCH

    def point(self, point, state):
        counted = self.count(state, point)
        if state["count"] % 2:
            yield Batch([counted, counted], tmax=point.time)


class Batches(Counting):
    wants, provides = BATCH, BATCH

    def point(self, point, state):
        yield self.count(state, point)


class FromBatches(Counting):
    wants = BATCH

    def batch(self, batch, state):
        return [self.count(state, point) for point in batch.points]


class AtTheEnd(Counting):
    """What is emitted when the input ends belongs to the end."""

    def point(self, point, state):
        self.count(state, point)
        if state["count"] == 2:
            self.emit(Point({"two": True}, time=point.time))


HANDLERS = [OneToOne, Uneven, ToBatches, Batches, FromBatches, AtTheEnd]


@st.composite
def conversations(draw, handler):
    """Draw a task's life, with a last snapshot that shows the whole state."""
    wants = handler.wants
    items = st.lists(points(st.just({"v": 1.0})), max_size=12)
    if wants is BATCH:
        items = st.lists(batches(2), max_size=5).map(
            lambda drawn: [message for batch in drawn for message in batch_messages(batch)]
        )
    management = st.sampled_from([None] * 5 + [SnapshotRequest(), KeepaliveRequest(7)])
    data = []
    if draw(st.booleans()):
        before = uninterrupted(handler, opening(*draw(items), SnapshotRequest()))
        data.append(RestoreRequest(before[-1].snapshot))
    for item in draw(items):
        extra = draw(management)
        data += [item] if extra is None else [extra, item]
    info = draw(st.lists(st.just(InfoRequest()), max_size=1))
    return [*info, *opening(*data, SnapshotRequest())]


@pytest.mark.parametrize("handler", HANDLERS)
@given(
    data=st.data(),
    rng=st.randoms(use_true_random=True),
    kills=st.integers(0, 8),
    piece=st.sampled_from([1, 7, 100, 10_000]),
    every=st.integers(1, 6),
    buffer=st.integers(1, 8),
)
def test_kills_at_any_moment_leave_no_trace(handler, data, rng, kills, piece, every, buffer):
    """Outputs, their order, answers and state are those of the uninterrupted run."""
    messages = data.draw(conversations(handler))
    world = World(handler, messages, snapshot_every=every, buffer_points=buffer)

    answers = world.run(rng, kills, piece)

    assert same(answers, uninterrupted(handler, messages))
    assert world.supervisor.exit_status == 0
