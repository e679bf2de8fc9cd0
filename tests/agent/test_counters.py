"""What passed through an agent, counted and logged from time to time."""

import json
import logging
import math

import pytest

from harness import Peer, cpu
from kapnb.agent import Agent
from kapnb.agent._counters import Counters, counters_from
from kapnb.handler import Handler
from kapnb.model import BATCH, Batch, BeginBatch, EndBatch, InitRequest, Point, SnapshotRequest

CLAIM = "from kapnb.agent import claim_stdio, run\nclaim_stdio()\n"


class Clock:
    """A clock that the Handler sets forward."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def records():
    """Records of a log, as (text, counters)."""

    class Kept(logging.Handler):
        def emit(self, record):
            kept.append((record.getMessage(), record.counters))

    kept, log = [], logging.Logger("test")
    log.addHandler(Kept())
    return kept, log


def counted(handler, clock, **settings):
    """Return a Peer whose agent counts, started."""
    peer = Peer(handler)
    counters = Counters(10.0, clock=clock, **settings)
    peer.agent = Agent(peer.handler, counters=counters)
    peer.counters = counters
    assert peer.start().success
    return peer


def test_points_are_counted_on_their_way_in_and_out(clock):
    """None, one or many for each."""

    class Multiplying(Handler):
        def point(self, point):
            return [point] * int(point.fields["value"])

    peer = counted(Multiplying, clock)

    answers = peer.feed(*(cpu(float(value)) for value in (0, 1, 2, 3)))

    assert len(answers) == 6
    assert (peer.counters.points_in, peer.counters.points_out) == (4, 6)


def test_untouched_points_are_counted_too(clock):
    """They take a shorter way."""
    peer = counted(Handler, clock)

    peer.feed(*[cpu()] * 5)

    assert (peer.counters.points_in, peer.counters.points_out) == (5, 5)


def test_what_is_emitted_is_counted(clock):
    """It goes out as well."""
    peer = counted(type("Silent", (Handler,), {"point": lambda self, point: None}), clock)
    peer.handler.emit(Point({"x": 1.0}, time=1))

    peer.feed(cpu())

    assert (peer.counters.points_in, peer.counters.points_out) == (1, 1)


def test_what_is_taken_back_is_not_counted(clock):
    """Nothing of a skipped point has gone out."""

    class Failing(Handler):
        error_policy = "skip"

        def point(self, point):
            yield point
            yield point
            if point.time == 2:
                raise ValueError("no")

    peer = counted(Failing, clock)

    answers = peer.feed(*(cpu(time=time) for time in range(5)))

    facts = peer.counters.facts()
    assert len(answers) == facts["points_out"] == 8
    assert (facts["points_in"], facts["skipped"]) == (5, 1)


def test_dropped_fields_groups_and_snapshots_are_among_the_facts(clock):
    """What fills memory, and what was not sent."""

    class Mean(Handler):
        def point(self, point, state):
            state["n"] = 1
            yield point.with_fields(mean=math.nan)

    peer = counted(Mean, clock)
    assert peer.counters.facts()["snapshot_bytes"] == 0

    (*_, snapshot) = peer.feed(cpu(host="a"), cpu(host="b"), SnapshotRequest())

    facts = peer.counters.facts()
    assert (facts["dropped_fields"], facts["groups"]) == (2, 2)
    assert facts["snapshot_bytes"] == len(snapshot.snapshot) > 0


class Slow(Handler):
    """Takes as many seconds as the point says."""

    clock = None

    def point(self, point):
        self.clock.now += point.fields["value"]


def quantiles(counters):
    return [counters.quantile(share) for share in (0.5, 0.95, 0.99, 1.0)]


def test_times_are_those_of_calls(clock):
    """To the next of eight bounds a decade."""
    peer = counted(type("SlowNow", (Slow,), {"clock": clock}), clock)

    peer.feed(*[cpu(0.001)] * 90, *[cpu(0.1)] * 9, cpu(10.0))

    assert quantiles(peer.counters) == [pytest.approx(x, rel=0.34) for x in (0.001, 0.1, 0.1, 10.0)]
    assert all(
        mine >= true * 0.999
        for mine, true in zip(quantiles(peer.counters), (0.001, 0.1, 0.1, 10.0), strict=True)
    )


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 1e-6), (1e-7, 1e-6), (2000.0, math.inf)])
def test_times_beyond_the_bounds_have_a_place(clock, seconds, expected):
    """Nothing is lost."""
    peer = counted(type("SlowNow", (Slow,), {"clock": clock}), clock)

    peer.feed(cpu(seconds))

    assert peer.counters.quantile(0.5) == expected


def test_a_batch_is_one_input(clock):
    """Its points were only kept; its time is that of the whole."""

    class Batches(Handler):
        wants = provides = BATCH

        def batch(self, batch):
            clock.now += 1.0
            return batch

    peer = counted(Batches, clock)

    peer.feed(BeginBatch(size=3), *[cpu()] * 3, EndBatch())

    assert (peer.counters.points_in, peer.counters.points_out) == (3, 3)
    assert sum(peer.counters._buckets) == 1
    assert peer.counters.quantile(0.5) == pytest.approx(1.0, rel=0.34)


def test_before_the_first_input_there_are_no_times(clock):
    """NaN is no number to log."""
    peer = counted(Handler, clock)

    assert math.isnan(peer.counters.quantile(0.5))
    assert list(peer.counters.facts()) == [
        *("points_in", "points_out", "skipped", "dropped_fields", "groups", "snapshot_bytes")
    ]
    peer.feed(cpu())
    assert list(peer.counters.facts())[-3:] == ["p50_ms", "p95_ms", "p99_ms"]
    assert not any(map(math.isnan, peer.counters.facts().values()))


def test_a_line_is_logged_when_its_time_has_come(clock, records):
    """And the next one as long after."""
    kept, log = records
    peer = counted(Handler, clock, log=log)
    peer.feed(cpu())

    for clock.now in (9.9, 10.0, 12.0, 19.9, 20.5, 30.4, 30.5):
        peer.counters.log_if_due()

    assert len(kept) == 3
    text, facts = kept[0]
    assert text.startswith("counters points_in=1 points_out=1 skipped=0 dropped_fields=0 groups=0 ")
    assert facts["points_in"] == 1


def test_counters_of_nobody_have_something_to_say(clock):
    """They may be asked before the agent is there."""
    assert Counters(1.0, clock=clock).facts() == {"points_in": 0, "points_out": 0}


def test_batches_are_not_held_up_by_being_counted(clock):
    """The same frames go out, in the same order."""

    class Windows(Handler):
        provides = BATCH

        def point(self, point):
            yield Batch([point, point], tmax=1)

    plain, peer = Peer(Windows), counted(Windows, clock)
    plain.start()

    assert plain.feed(cpu(), cpu()) == peer.feed(cpu(), cpu())
    assert peer.counters.points_out == 4


@pytest.mark.parametrize("text", ["0", "-1", "nan", "often"])
def test_an_interval_that_makes_no_sense_is_refused(text):
    """With the name of the variable."""
    with pytest.raises(
        ValueError, match=f"KAPNB_STATS is '{text}'; it must be a number of seconds"
    ):
        counters_from({"KAPNB_STATS": text})


def test_nobody_counts_unasked():
    """It would cost every point something."""
    assert counters_from({}) is None
    assert counters_from({"KAPNB_STATS": ""}) is None
    assert isinstance(counters_from({"KAPNB_STATS": "0.5"}), Counters)


# --------------------------------------------------------------------------------- processes

MIRROR = """
from kapnb import Handler
class UDF(Handler):
    pass
run(UDF)
"""


def test_a_process_logs_its_counters_although_nothing_comes(children):
    """The pulse sees to it."""
    child = children.script(CLAIM + MIRROR, env={"KAPNB_STATS": "0.001"})
    child.send(InitRequest(), cpu(), cpu())
    child.receive(3)

    err = child.await_stderr("points_in=2 points_out=2 ")

    assert "INFO kapnb: counters points_in=2 points_out=2 skipped=0" in err
    assert " p50_ms=" in child.await_stderr(" p99_ms=")


def test_counters_are_numbers_in_a_json_log(children):
    """For those whose log is read by a program."""
    env = {"KAPNB_STATS": "0.001", "KAPNB_LOG_FORMAT": "json"}
    child = children.script(CLAIM + MIRROR, env=env)
    child.send(InitRequest(), cpu())
    child.receive(2)

    child.await_stderr('"points_out": 1, ')
    *_, last = map(json.loads, child.finish()[2].splitlines())

    assert last["level"] == "info"
    assert last["counters"]["points_in"] == 1
