"""Law 4, resume: prefix + snapshot + restore + rest = the whole run."""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from harness import Peer, cpu, exact
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    Batch,
    InitRequest,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    SnapshotRequest,
    SnapshotResponse,
)
from strategies import batch_messages, batches, points


@dataclass
class Memory:
    """A state with something of everything."""

    window: deque = field(default_factory=lambda: deque(maxlen=3))
    seen: set = field(default_factory=set)
    last: tuple = ()
    sums: dict = field(default_factory=dict)


def remember(state, point):
    """Change the state by a point and return what shows all of it."""
    state.window.append(point.time)
    state.seen.add(point.name)
    state.last = (point.time, point.name, float("inf"))
    for name, value in point.fields.items():
        state.sums[name] = state.sums.get(name, 0) + 1
        state.sums[type(value).__name__, name] = value
    return Point({"shown": repr(state.__dict__ | {"seen": sorted(state.seen)})}, time=point.time)


class Remembering(Handler):
    def group_state(self):
        return Memory()

    def point(self, point, state):
        yield remember(state, point)


class RememberingBatches(Remembering):
    wants, provides = BATCH, BATCH

    def batch(self, batch, state):
        return [remember(state, point) for point in batch.points]


def run(handler, messages, snapshot=None):
    """Return the data that comes out of `messages`, and the snapshot at their end."""
    peer = Peer(handler)
    peer.feed(InitRequest(), *([] if snapshot is None else [RestoreRequest(snapshot)]))
    data = peer.feed(*messages)
    assert peer.session.error is None
    (taken,) = peer.feed(SnapshotRequest())
    kept = [exact(m) for m in data if not isinstance(m, (SnapshotResponse, KeepaliveResponse))]
    return kept, taken.snapshot


def check(handler, units, cut):
    """Compare the whole run with one that was interrupted after `cut` units."""
    before = [message for unit in units[:cut] for message in unit]
    after = [message for unit in units[cut:] for message in unit]
    whole, last_whole = run(handler, before + after)

    prefix, snapshot = run(handler, before)
    rest, last = run(handler, after, snapshot)

    assert prefix + rest == whole
    assert last == last_whole


@given(st.data(), st.lists(points(), max_size=8))
def test_a_stream_goes_on_as_if_not_interrupted(data, items):
    """Any cut between two points, any groups, any field types."""
    check(Remembering, [[item] for item in items], data.draw(st.integers(0, len(items))))


@given(st.data(), st.lists(batches(), max_size=4))
def test_batches_go_on_as_if_not_interrupted(data, items):
    """Any cut between two batches."""
    units = [batch_messages(item) for item in items]

    check(RememberingBatches, units, data.draw(st.integers(0, len(units))))


class Expiring(Handler):
    """Keeps points as they came, lets groups go, and tells of each what it held."""

    def group_state(self):
        return deque(maxlen=3)

    def point(self, point, state):
        state.append(point)
        yield from state

    def group_expired(self, group, state):
        return [point.with_fields(ended=True) for point in state]


class ExpiringBatches(Expiring):
    wants, provides = BATCH, BATCH

    def batch(self, batch, state):
        state.extend(batch.points)
        return list(state)

    def group_expired(self, group, state):
        yield Batch(state, name="ended", tags={"group": group})


hosts, moments = st.sampled_from(["", "a", "b", "c", "d=,e"]), st.integers(-5, 20)
limits = st.fixed_dictionaries(
    {"group_idle": st.none() | st.integers(1, 8), "group_cap": st.none() | st.integers(1, 3)}
)
grouped_points = st.builds(
    lambda host, time, value: cpu(value, host=host, time=time), hosts, moments, st.floats()
)
grouped_batches = st.builds(
    lambda host, tmax, times: Batch(
        [cpu(1.0, host=host, time=time) for time in times],
        name="cpu",
        tags={"host": host},
        tmax=tmax,
        by_name=False,
    ),
    hosts,
    moments,
    st.lists(moments, max_size=2),
)


@given(st.data(), st.lists(grouped_points, max_size=20), limits)
def test_a_stream_whose_groups_expire_goes_on_as_if_not_interrupted(data, items, limits):
    """The clock, the order of use and the ages of groups are resumed; times may go back."""
    handler = type("Limited", (Expiring,), limits)

    check(handler, [[item] for item in items], data.draw(st.integers(0, len(items))))


@given(st.data(), st.lists(grouped_batches, max_size=9), limits)
def test_batches_whose_groups_expire_go_on_as_if_not_interrupted(data, items, limits):
    """Their clock is tmax; a batch may be empty."""
    units = [batch_messages(item) for item in items]
    handler = type("Limited", (ExpiringBatches,), limits)

    check(handler, units, data.draw(st.integers(0, len(units))))


@given(st.data(), batches(), batches())
def test_a_snapshot_inside_a_batch_is_the_state_before_it(data, first, second):
    """Kapacitor will not send the first half again, so the state must not hold it."""
    before, inside = batch_messages(first), batch_messages(second)
    cut = data.draw(st.integers(1, len(inside) - 1))
    _, expected = run(RememberingBatches, before)
    peer = Peer(RememberingBatches)

    answers = peer.feed(InitRequest(), *before, *inside[:cut], SnapshotRequest(), *inside[cut:])

    (taken,) = [answer for answer in answers if isinstance(answer, SnapshotResponse)]
    assert taken.snapshot == expected


@given(st.lists(points(), max_size=5))
def test_taking_snapshots_changes_nothing(items):
    """A snapshot after each point leaves the outputs as they were."""
    whole, _ = run(Remembering, items)

    asked, _ = run(Remembering, [m for item in items for m in (item, SnapshotRequest())])

    assert asked == whole
