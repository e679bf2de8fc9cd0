"""lint speaks of what looks wrong, and of nothing else."""

from __future__ import annotations

from collections import deque

import pandas as pd
import pytest

import handlers_of_faults as handlers
from handlers_of_faults import batches, points
from kapnb import BATCH, Batch, Handler, Point, lint, simulate
from kapnb.faults._states import differences, weight


def found(handler, data=None, *, group_by="host", **settings):
    run = simulate(handler, points() if data is None else data, group_by=group_by)
    return lint(run, **settings)


def codes(*args, **settings):
    return [one.code for one in found(*args, **settings)]


@pytest.mark.parametrize(
    "handler",
    [handlers.Mirror, handlers.Doubled, handlers.Average, handlers.Positional, handlers.Slope],
)
def test_good_handlers_of_points_are_left_in_peace(handler):
    """At a rate that they bear."""
    assert codes(handler, rate=1.0) == []


def test_good_handlers_of_batches_are_left_in_peace():
    """Batch to stream, and batch to batch."""

    class Kept(Handler):
        wants = provides = BATCH

    assert codes(handlers.Widest, batches(), group_by=None) == []
    assert codes(Kept, batches(), group_by=None) == []


def test_a_lost_group_and_lost_tags_are_seen():
    """With the input and the output as an example."""

    class Bare(Handler):
        def point(self, point):
            yield Point({"x": 1.0}, tags={}, dimensions=())

    group, tags = found(Bare)

    assert (group.code, tags.code) == ("group-lost", "tags-lost")
    assert "grouped by host" in group.text
    assert group.input.tags == {"host": "b"}
    assert group.output.tags == {}
    assert "with_fields" in group.remedy


def test_a_batch_that_drops_its_tags_is_seen():
    """Its groups would be one downstream."""

    class Bare(Handler):
        wants = provides = BATCH

        def batch(self, batch):
            yield Batch(batch.points, tags={})

    assert codes(Bare, batches(), group_by=None) == ["group-lost", "tags-lost"]


def test_a_changed_type_is_seen_with_both_points():
    """InfluxDB has one type for a field of a measurement, whatever the tags are."""

    class Changing(Handler):
        def point(self, point):
            yield point.with_fields(n=1 if point.fields["x"] == 0.0 else 1.5)

    class PerHost(Handler):
        def point(self, point):
            yield point.with_fields(n=1 if point.tags["host"] == "a" else 1.5)

    class PerMeasurement(Handler):
        def point(self, point):
            host = point.tags["host"]
            yield Point({"n": 1 if host == "a" else 1.5}, name=f"of_{host}")

    data = [Point({"x": float(n)}, time=n, tags={"host": "a"}) for n in (1, 0)]

    (one,) = found(Changing, data)
    assert one.code == "type-changed"
    assert "field 'n' is an int here and was a double in Point(host=a" in one.text
    assert "the Handler made it" in one.remedy
    assert codes(PerHost) == ["type-changed"]
    assert codes(PerMeasurement) == []


def test_points_without_the_tags_of_their_batch_are_seen():
    """influxDBOut would write them untagged."""

    class Untagged(Handler):
        wants = provides = BATCH

        def batch(self, batch):
            yield Point({"n": len(batch)}, tags={})

    assert codes(Untagged, batches(), group_by=None) == ["untagged-points"]


class Growing(Handler):
    def group_state(self):
        return []

    def point(self, point, state):
        state.append(point.fields["x"])
        yield point


class Remembering(Handler):
    def init(self, request):
        self.seen = set()

    def point(self, point):
        self.seen.add(point.time)
        yield point


class Bounded(Handler):
    def group_state(self):
        return {"last": deque(maxlen=1000), "few": []}

    def point(self, point, state):
        state["last"].append(point.fields["x"])
        state["few"].append(point.fields["x"])
        del state["few"][:-20]
        yield point


def test_state_that_grows_is_seen():
    """In a group, and on the object."""
    (group,), (own,) = found(Growing, points(400)), found(Remembering, points(400))

    assert group.code == own.code == "state-grows"
    assert group.text.startswith("the state of a group grew all through the run, from 50 values")
    assert own.text.startswith("self.seen grew")


LOG = []


class Logging(Handler):
    def point(self, point):
        LOG.append(point.time)
        yield point


def test_a_global_that_grows_is_seen():
    """However large it becomes; afterwards it is what it was before lint looked."""
    run = simulate(Logging, points(1500))
    LOG.clear()

    (one,) = lint(run)

    assert one.text.startswith("global LOG grew all through the run")
    assert LOG == []


def test_bounded_state_is_not():
    """Neither a deque that is not yet full nor a list that is cut; nor more and more groups."""
    assert codes(Bounded, points(400)) == []
    assert codes(handlers.Average, points(400, groups="abcdefghijklmnopqrst")) == []


def test_dependence_on_map_order_is_seen():
    """Of an official Handler, which sees the order."""
    assert codes(handlers.official_positional()) == ["map-order"]


def test_a_handler_that_never_repeats_is_not_blamed_on_the_order():
    """It differs from itself."""
    assert codes(handlers.Random) == []


@pytest.mark.parametrize(
    ("step", "rate", "text"),
    [
        (0.01, 90.0, "that is 90% of the time"),
        (6.0, 0.1, "one input took 6 s, more than half the timeout"),
        (0.02, 30.0, "what can wait before a keepalive takes longer than half the timeout"),
    ],
)
def test_a_deadline_at_risk_is_seen(step, rate, text):
    """By the clock that is passed in."""
    ticks = iter(range(10**6))

    (one,) = found(handlers.Mirror, rate=rate, clock=lambda: next(ticks) * step)

    assert one.code == "deadline"
    assert text in one.text


def test_a_restored_run_is_looked_at_from_its_snapshot():
    """The second runs begin where the first did."""
    first = simulate(handlers.Average, points(), group_by="host")

    again = simulate(handlers.Average, points(), group_by="host", snapshot=first.snapshot)

    assert lint(again) == []


def test_lints_read_well():
    """And nothing is said as such."""
    assert str(found(handlers.Mirror)) == "nothing looks wrong"
    assert "remedy: keep less" in str(found(Growing, points(400)))
    assert "remedy" in found(Growing, points(400))._repr_html_()


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"a": [1, 2]}, {"a": [1]}, "a had 2 items, has 1"),
        ({"a": (1, {"b": 2.0})}, {"a": (1, {"b": 2})}, "a[1]['b'] was 2.0, is 2"),
        ({"a": deque([1], 5)}, {"a": deque([1], 3)}, "a had maxlen 5, has 3"),
        ({"a": {1, 2}}, {"a": {1}}, "a was {1, 2}, is {1}"),
        ({}, {"a": 1}, "a was not there, is 1"),
        ({"a": {"b": 1}}, {"a": {}}, "a['b'] was 1, is gone"),
        ({"a": {}}, {"a": {"b": 1}}, "a['b'] was not there, is 1"),
        ({"a": Bounded()}, {"a": Growing()}, "a was <"),
    ],
)
def test_differences_of_states_are_named(before, after, text):
    """Down to the part."""
    (one,) = differences(before, after)

    assert one.startswith(text)


def test_equal_states_do_not_differ():
    """NaN included, and arrays."""
    import numpy as np

    state = {"a": float("nan"), "b": np.arange(3), "c": {1}, "d": Bounded(), "e": print}
    copy = {"a": float("nan"), "b": np.arange(3), "c": {1}, "d": Bounded(), "e": repr}

    assert differences(state, copy) == []
    assert differences({"b": np.arange(3)}, {"b": np.arange(3) + 1}) != []
    many = {str(n): n for n in range(20)}
    assert differences(many, {})[-1] == "and more"


def test_a_state_that_holds_itself_has_a_weight():
    """And arrays count their bytes."""
    import numpy as np

    state = [1.0]
    state.append(state)

    assert weight(state) == 1
    assert weight({"a": np.zeros(4)}) == 1 + 32


@pytest.mark.parametrize(("unit", "length"), [("s", 1), ("ms", 1000), ("us", 1_000_000)])
def test_times_in_another_unit_than_nanoseconds_are_seen(unit, length):
    """A column of Unix seconds is all within two seconds of 1970."""
    data = [Point({"x": 1.0}, time=(1_767_225_600 + n) * length) for n in range(5)]
    (one,) = found(Handler, data, group_by=None)
    assert one.code == "time-unit"
    assert f"they look like {unit} since then" in one.text
    assert f'pandas.to_datetime(column, unit="{unit}", utc=True)' in one.remedy


@pytest.mark.parametrize("step", [1, 10**6, 10**9])
def test_times_that_begin_in_1970_are_no_fault(step):
    """Made up data begin at 0, and none of what comes later tells a unit."""
    assert codes(Handler, [Point({"x": 1.0}, time=n * step) for n in range(9)], group_by=None) == []


def series(*times, host="a"):
    return [Point({"x": 1.0}, time=time, name="m", tags={"host": host}) for time in times]


def test_a_table_with_the_newest_row_first_is_seen():
    """As many an export of a database has it; a mean over the last values would run backwards."""
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=pd.date_range("2026", periods=3)[::-1])
    (one,) = found(Handler, frame, group_by=None)
    assert one.code == "time-order"
    assert one.text.startswith("times run backwards, the newest first: of 2 steps in time of a")
    assert "frame.sort_index()" in one.remedy
    assert one.input.time == pd.Timestamp("2026-01-02").value
    assert codes(Handler, frame.sort_index(), group_by=None) == []


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (series(3, 1, 4, 1, 5, 9, 2, 6), ["time-order"]),
        ([*series(9, 8, 7), *series(1, 2, 3, host="b")], ["time-order"]),
        (series(*range(10), 5, *range(10, 20), 3, *range(20, 30)), []),
        (series(1, 2, 3, 2, 4), []),
        (series(5, 5, 5), []),
        ([*series(1, 2, 3), *series(1, 2, 3, host="b"), *series(0, 1, host="c")], []),
    ],
    ids=["mixed up", "one series", "a few late", "one late", "one time", "series by series"],
)
@pytest.mark.parametrize("group_by", [None, "host"])
def test_only_series_that_go_back_again_and_again_are_seen(data, seen, group_by):
    """Some late points are what production has, and series may stand one behind the other."""
    assert codes(Handler, data, group_by=group_by) == seen


def test_batches_may_overlap_but_their_points_are_in_order():
    """Windows of 20 s every 10 s hold each point twice."""
    handler = type("Passing", (Handler,), {"wants": BATCH, "provides": BATCH})
    windows = [Batch(series(n, n + 1, n + 2), name="m", tmax=n + 3) for n in range(5)]
    assert codes(handler, windows, group_by=None) == []
    backwards = [Batch(series(n + 2, n + 1, n), name="m", tmax=n + 3) for n in range(5)]
    assert codes(handler, backwards, group_by=None) == ["time-order"]


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        (["21.5", "22", "n/a"], ["text-number"]),
        (["1", "-", " NaN "], ["text-number"]),
        (["1", "2", "3"], []),
        (["A1", "2", "n/a"], []),
        (["n/a", "n/a", "-"], []),
    ],
    ids=["a gap", "gaps", "numbers of parts", "names", "nothing but gaps"],
)
def test_a_column_that_a_gap_made_text_is_seen(values, seen):
    """A table shows 21.5 either way."""
    data = [Point({"t": value}, time=n) for n, value in enumerate(values)]
    assert codes(Handler, data, group_by=None) == seen


def test_a_field_that_is_a_number_elsewhere_is_no_column_of_text():
    """Its type changes, and that is said."""
    data = [Point({"t": value}, time=n) for n, value in enumerate(["1", "n/a", 2.5])]
    assert codes(Handler, data, group_by=None) == ["type-changed"]


@pytest.mark.parametrize("given", [Handler, 5])
def test_what_is_no_run_is_refused(given):
    """A Handler is what most would give."""
    name = "Handler" if given is Handler else "int"
    with pytest.raises(
        TypeError, match=f"takes a finished run, as simulate returns it, not {name}"
    ):
        lint(given)
