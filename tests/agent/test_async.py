"""Handlers with ``async def`` methods."""

import asyncio
import threading

import pytest
from test_agent_feed import frames

from harness import Peer, cpu, started
from kapnb import BATCH, Handler, HandlerError, simulate
from kapnb.agent import Agent
from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InitRequest,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Connection, Role


class Gate(Handler):
    """Each point waits for its own event, which the test sets, and tells when it has begun."""

    def __init__(self):
        self.begun, self.open, self.cancelled = threading.Semaphore(0), {}, []

    async def point(self, point):
        gate = self.open[point.time] = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.begun.release()
        try:
            await gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(point.time)
            raise
        return point

    def let(self, *times):
        for time in times:
            self.loop.call_soon_threadsafe(self.open[time].set)


class Pipe:
    """A ByteStream whose reads are a list of bytes and functions, called in their turn."""

    def __init__(self, *reads):
        self.reads, self.written = list(reads), b""
        self.woken = threading.Semaphore(0)

    def read(self, timeout_s=None):
        item = self.reads.pop(0) if self.reads else b""
        return item if isinstance(item, bytes) else item()

    def write(self, data):
        self.written += data

    def wake(self):
        self.woken.release()


def loops():
    """Return the threads of event loops that are alive."""
    return {thread for thread in threading.enumerate() if thread.name == "kapnb-async"}


@pytest.fixture(autouse=True)
def no_loop_is_left():
    """Each ends what it has started: beside a thread of ours, a sweep elsewhere does not fork."""
    before = loops()
    yield
    assert loops() <= before


def answers_of(handler, stream, snapshots=0):
    """Run an Agent on the stream and return what Kapacitor, who asked so often, makes of it."""
    status = Agent(handler).run(stream)
    connection = Connection(Role.KAPACITOR, wants=handler.wants, provides=handler.provides)
    connection.send(InitRequest())
    for _ in range(snapshots):
        connection.send(SnapshotRequest())
    connection.receive_data(stream.written)
    return status, list(connection.events())


def test_output_keeps_the_order_of_input():
    """The second point is finished first and goes out second."""
    handler = Gate()

    def finish():
        for _ in range(3):
            handler.begun.acquire()  # all three run at once
        handler.let(1, 2)
        stream.woken.acquire()
        stream.woken.acquire()
        handler.let(0)
        stream.woken.acquire()
        return

    stream = Pipe(frames(InitRequest(), *(cpu(time=time) for time in range(3))), finish)

    status, answers = answers_of(handler, stream)

    assert status == 0
    assert [answer.time for answer in answers[1:]] == [0, 1, 2]


def test_no_more_points_are_under_way_than_concurrency_allows():
    """The third is not taken until the first has gone out."""
    handler, happened = type("Two", (Gate,), {"concurrency": 2})(), []

    def open_gates():
        handler.begun.acquire()
        handler.begun.acquire()
        happened.append("two have begun")
        handler.let(0, 1)
        handler.begun.acquire()
        handler.let(2)

    def taken():
        happened.append("all are taken")
        return b""

    gates = threading.Thread(target=open_gates)
    gates.start()
    stream = Pipe(frames(InitRequest(), *(cpu(time=time) for time in range(3))), taken)

    _, answers = answers_of(handler, stream)

    gates.join()
    assert [answer.time for answer in answers[1:]] == [0, 1, 2]
    assert happened == ["two have begun", "all are taken"]


def test_the_calls_of_one_group_run_in_turn():
    """They share a state; another group's run meanwhile."""

    class Turns(Handler):
        def group_state(self):
            return []

        async def point(self, point, state):
            state.append(f"begin {point.time}")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            state.append(f"end {point.time}")
            return point

    handler = Turns()
    points = [cpu(time=time, host="ab"[time % 2]) for time in range(4)]

    answers_of(handler, Pipe(frames(InitRequest(), *points)))

    assert handler.group_states == {
        "host=a": ["begin 0", "end 0", "begin 2", "end 2"],
        "host=b": ["begin 1", "end 1", "begin 3", "end 3"],
    }


def test_a_snapshot_is_the_state_after_all_points_before_it():
    """It waits for those that are under way; their output precedes its answer."""

    class Count(Handler):
        async def point(self, point, state):
            await asyncio.sleep(0)
            state["n"] = state.get("n", 0) + 1
            return point

    handler = Count()

    _, answers = answers_of(
        handler, Pipe(frames(InitRequest(), cpu(), cpu(), SnapshotRequest(), cpu())), snapshots=1
    )

    kinds = ["Point" if isinstance(answer, Point) else type(answer).__name__ for answer in answers]
    assert kinds == ["InitResponse", "Point", "Point", "SnapshotResponse", "Point"]
    fresh = Count()
    fresh.restore(next(a for a in answers if isinstance(a, SnapshotResponse)).snapshot)
    assert fresh.group_states == {"host=a": {"n": 2}}


def test_keepalives_are_answered_while_points_are_under_way():
    """Waiting for the network is not being busy."""
    handler = Gate()

    def ask():
        handler.begun.acquire()
        return frames(KeepaliveRequest(7))

    def finish():
        handler.let(0)
        stream.woken.acquire()
        return

    stream = Pipe(frames(InitRequest(), cpu()), ask, finish)

    _, answers = answers_of(handler, stream)

    assert answers[1] == KeepaliveResponse(7)
    assert answers[2].time == 0


def test_what_still_runs_after_an_error_is_cancelled():
    """The error is the first point's; the second never ends by itself."""

    class Fails(Gate):
        async def point(self, point):
            if point.time == 0:
                raise ValueError("boom")
            return await super().point(point)

    handler, before = Fails(), loops()

    status, answers = answers_of(handler, Pipe(frames(InitRequest(), cpu(), cpu(time=1))))

    assert status == 1
    assert isinstance(answers[-1], ErrorResponse)
    assert "ValueError: boom (in Fails.point, line" in answers[-1].error
    assert handler.cancelled in ([], [1])  # perhaps it had not begun
    assert loops() <= before


@pytest.mark.parametrize("leave", [SystemExit, asyncio.CancelledError, GeneratorExit])
def test_an_exception_that_would_end_the_loop_is_an_error(leave):
    """A SystemExit out of a task ends asyncio's loop; nobody must wait for it then."""

    class Leaves(Handler):
        async def point(self, point):
            raise leave

    peer = started(Leaves)
    (answer,) = peer.feed(cpu())
    peer.close()

    assert isinstance(answer, ErrorResponse)
    assert leave.__name__ in answer.error


def test_a_point_that_fails_is_skipped_in_its_turn():
    """With error_policy skip; what it had yielded does not go out."""

    class Skips(Handler):
        error_policy = "skip"

        async def point(self, point):
            yield point
            if point.time == 1:
                raise ValueError("boom")

    peer = started(Skips)

    answers = peer.feed(*(cpu(time=time) for time in range(3)))
    peer.close()

    assert [answer.time for answer in answers] == [0, 2]
    assert peer.session.skipped == 1


def test_every_other_method_may_be_async_too():
    """Each runs to its end before the next event is handled."""

    class All(Handler):
        async def init(self):
            await asyncio.sleep(0)
            self.calls = ["init"]

        async def snapshot(self):
            await asyncio.sleep(0)
            return b"state"

        async def restore(self, snapshot):
            await asyncio.sleep(0)
            self.calls.append(snapshot.snapshot)

        async def stop(self):
            await asyncio.sleep(0)
            self.calls.append("stop")

    peer = started(All)

    assert peer.feed(SnapshotRequest()) == [SnapshotResponse(b"state")]
    peer.close()
    assert peer.handler.calls == ["init", "stop"]


@pytest.mark.parametrize("style", ["parts", "batch"])
def test_batches_may_be_handled_by_async_methods(style):
    """One batch after the other."""

    class Parts(Handler):
        wants = provides = BATCH

        async def point(self, point, state):
            await asyncio.sleep(0)
            state["n"] = state.get("n", 0) + 1
            yield point.with_fields(n=state["n"])

    class Whole(Handler):
        wants = provides = BATCH

        async def batch(self, batch, state):
            await asyncio.sleep(0)
            batch.points = [p.with_fields(n=n) for n, p in enumerate(batch.points, 1)]
            return batch

    peer = started(Parts if style == "parts" else Whole)
    tags = {"host": "a"}

    answers = peer.feed(
        BeginBatch("cpu", "host=a", tags, 2), cpu(), cpu(), EndBatch("cpu", "host=a", 9, tags)
    )
    peer.close()

    assert [answer.fields["n"] for answer in answers[1:-1]] == [1, 2]


def test_a_simulation_matches_output_to_input_and_is_the_same_every_time():
    """It waits for each point; a notebook's own event loop does not stand in its way."""

    class Later(Handler):
        async def point(self, point, state):
            await asyncio.sleep(0)
            state["n"] = state.get("n", 0) + 1
            return point.with_fields(n=state["n"])

    async def in_a_notebook():
        return simulate(Later, [Point({"x": 1.5}, time=time, name="m") for time in range(3)])

    simulation = asyncio.run(in_a_notebook())

    assert [output.item.fields["n"] for output in simulation.outputs] == [1, 2, 3]
    assert [output.input for output in simulation.outputs] == [0, 1, 2]


@pytest.mark.parametrize("name", ["info", "group_state"])
def test_what_must_be_known_at_once_cannot_be_async(name):
    """Both are asked for in the midst of other things."""

    async def method(self):
        return None

    with pytest.raises(HandlerError, match=f"{name} cannot be async"):
        type("Declared", (Handler,), {name: method})


def test_the_thread_ends_with_the_session():
    """A daemon that only asks for info leaves no loop behind."""
    before = loops()
    peer = Peer(Gate)
    peer.start()
    peer.close()

    assert loops() <= before


def test_each_call_that_returns_is_progress():
    """A batch of many slow points, and async calls, are one event: neither hangs."""

    class Slow(Handler):
        wants = BATCH

        def point(self, point):
            seen.append(peer.session.done)

    seen, tags = [], {"host": "a"}
    peer = started(Slow)
    begin, end = BeginBatch("cpu", "host=a", tags, 3), EndBatch("cpu", "host=a", 9, tags)
    peer.feed(begin, cpu(), cpu(), cpu(), end)
    assert seen == [0, 1, 2]

    class Later(Handler):
        async def point(self, point):
            return point

    peer = started(Later)
    peer.feed(cpu(), cpu())
    assert peer.session.done == 2
    peer.close()
