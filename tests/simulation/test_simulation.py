"""Kapacitor's side, played in-process."""

from __future__ import annotations

import os
import re
from collections import deque

import numpy as np
import pandas as pd
import pytest

from captures import DATA
from kapnb import (
    BATCH,
    STREAM,
    Batch,
    Handler,
    HandlerError,
    Option,
    OptionError,
    Point,
    SourceError,
    simulate,
)
from kapnb.protocol import ProtobufCodec
from kapnb.simulation import Simulation

HOST = DATA / "recordings" / "host_cpu.srpl"
BATCHES = DATA / "recordings" / "host_cpu_batch.brpl"


class Mean(Handler):
    field = Option(str, default="x")
    size = Option(int, default=3)

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        if self.field in point.fields:
            state.append(point.fields[self.field])
            yield point.with_fields(mean=sum(state) / len(state))


class Twice(Handler):
    """Every second point, and then two at once."""

    def group_state(self):
        return {"seen": 0}

    def point(self, point, state):
        state["seen"] += 1
        if state["seen"] % 2 == 0:
            yield point
            yield Point({"again": True})


def points(count: int, **tags: str) -> list[Point]:
    return [Point({"x": float(n)}, time=n, name="m", tags=tags) for n in range(count)]


class CountingCodec(ProtobufCodec):
    """Counts the points that cross as bytes, in each direction and at each end."""

    def __init__(self) -> None:
        super().__init__(deterministic=True)
        self.counts = dict.fromkeys(
            ("encode_request", "decode_request", "encode_response", "decode_response"), 0
        )

    def _count(self, name, result, message):
        self.counts[name] += isinstance(message, Point)
        return result

    def encode_request(self, message, *, in_batch):
        frame = super().encode_request(message, in_batch=in_batch)
        assert isinstance(frame, bytes)
        return self._count("encode_request", frame, message)

    def encode_response(self, message, *, in_batch):
        frame = super().encode_response(message, in_batch=in_batch)
        assert isinstance(frame, bytes)
        # It asks encode_untouched first, which counts for itself.
        return self._count("encode_response", frame, None if hasattr(message, "raw") else message)

    def encode_untouched(self, point):
        frame = super().encode_untouched(point)
        return self._count("encode_response", frame, point) if frame else None

    def decode_request(self, data, start=0, end=None):
        message = super().decode_request(data, start, end)
        return self._count("decode_request", message, message)

    def decode_response(self, data, start=0, end=None):
        message = super().decode_response(data, start, end)
        return self._count("decode_response", message, message)


@pytest.mark.parametrize("data", [HOST, points(50)])
def test_each_point_crosses_as_bytes_both_ways(data):
    """Encoded and decoded once on its way in, and once on its way out."""
    codec = CountingCodec()

    simulation = Simulation(Handler, data, codec=codec).run()

    count = len(simulation.inputs)
    assert count in (2484, 50)
    assert codec.counts == dict.fromkeys(codec.counts, count)


def test_the_points_of_a_batch_cross_as_bytes_too():
    """A batch is a begin, its points, an end, both ways."""

    class Mirror(Handler):
        wants = provides = BATCH

    codec = CountingCodec()

    Simulation(Mirror, BATCHES, codec=codec).run()

    assert codec.counts == dict.fromkeys(codec.counts, 2514)


def test_outputs_are_matched_to_the_input_that_was_handled():
    """Not by time and not by group: both outputs of an input carry its position."""
    same = [Point({"x": float(n)}, time=7, name="m", tags={"host": "a"}) for n in range(5)]

    simulation = simulate(Twice, same, group_by="host")

    assert [output.input for output in simulation.outputs] == [1, 1, 3, 3]
    matched = [[dict(item.fields) for item in found] for _, found in simulation.pairs()]
    assert matched == [[], [{"x": 1.0}, {"again": True}], [], [{"x": 3.0}, {"again": True}], []]


def test_a_point_from_scratch_stays_in_its_group():
    """Name, tags, dimensions and time are those of the input."""
    made = simulate(Twice, points(2, host="a"), group_by="host").outputs[-1].item

    assert (made.name, dict(made.tags), made.dimensions, made.group, made.time) == (
        "m",
        {"host": "a"},
        ("host",),
        "host=a",
        1,
    )


@pytest.mark.parametrize("where", ["index", "column", "other column"])
def test_a_frame_has_its_time_in_the_index_or_in_a_column(where):
    """Nanoseconds are kept, whatever the unit of the column."""
    times = pd.to_datetime([1767225600000000001, 1767225601000000000], utc=True, unit="ns")
    frame = pd.DataFrame({"x": [1.5, 2.5], "host": ["a", "b"]})
    settings = {}
    if where == "index":
        frame.index = times
    else:
        settings = {} if where == "column" else {"time": "when"}
        frame[settings.get("time", "time")] = times

    simulation = simulate(Mean, frame, group_by="host", name="cpu", **settings)

    assert [item.time for item in simulation.inputs] == [
        1767225600000000001,
        1767225601000000000,
    ]
    assert [output.item.group for output in simulation.outputs] == ["host=a", "host=b"]
    assert {output.item.name for output in simulation.outputs} == {"cpu"}


def test_field_types_are_those_of_the_columns_and_nan_is_absent():
    """Ints stay ints, also with gaps; NaN, None and NA are no fields."""
    frame = pd.DataFrame(
        {
            "f": [1.0, np.nan],
            "i": pd.array([None, 2], dtype="Int64"),
            "s": ["a", None],
            "b": [True, False],
        },
        index=pd.to_datetime([0, 1], unit="s"),
    )

    first, second = simulate(Handler, frame).inputs

    assert dict(first.fields) == {"f": 1.0, "s": "a", "b": True}
    assert dict(second.fields) == {"i": 2, "b": False}
    assert type(second.fields["i"]) is int


def test_the_output_frame_lines_up_with_the_input_frame():
    """Column `input` joins the two."""
    simulation = simulate(Mean, HOST, options={"field": "usage_user"}, group_by="cpu")

    given = simulation.input_frame.set_index("input")["usage_user"].rename("usage_user_in")
    joined = simulation.frame.join(given, on="input")
    assert len(joined) == 2484
    assert (joined["usage_user"] == joined["usage_user_in"]).all()


@pytest.mark.parametrize(
    ("group_by", "by_measurement", "group", "dimensions"),
    [
        (None, False, "", ()),
        (None, True, "m", ()),
        ("b", False, "b=2", ("b",)),
        (["b", "a"], False, "a=1,b=2", ("a", "b")),
        ("*", False, "a=1,b=2", ("a", "b")),
        (["a", "gone"], True, "m\na=1,gone=", ("a", "gone")),
    ],
)
def test_groups_are_kapacitors(group_by, by_measurement, group, dimensions):
    """Sorted names, empty values for missing tags, the measurement in front."""
    data = [Point({"x": 1.0}, time=0, name="m", tags={"b": "2", "a": "1"})]

    simulation = simulate(Handler, data, group_by=group_by, by_measurement=by_measurement)

    (output,) = simulation.outputs
    assert (output.item.group, output.item.dimensions) == (group, dimensions)


def test_stream_to_batch():
    """A Batch made from scratch gets name, group and time of the input."""

    class Pairs(Handler):
        wants, provides = STREAM, BATCH

        def group_state(self):
            return []

        def point(self, point, state):
            state.append(point.fields["x"])
            if len(state) == 2:
                yield Batch([Point({"x": x}) for x in state])
                state.clear()

    simulation = simulate(Pairs, points(4, host="a"), group_by="host")

    assert [output.input for output in simulation.outputs] == [1, 3]
    batch = simulation.outputs[1].item
    assert (batch.name, dict(batch.tags), batch.tmax) == ("m", {"host": "a"}, 3)
    assert [dict(point.fields) for point in batch.points] == [{"x": 2.0}, {"x": 3.0}]


def test_batch_to_stream():
    """A point made from scratch gets the batch's name, tags, dimensions and tmax."""

    class Size(Handler):
        wants, provides = BATCH, STREAM

        def batch(self, batch):
            return Point({"size": len(batch)})

    simulation = simulate(Size, BATCHES)

    point = simulation.outputs[0].item
    assert len(simulation.outputs) == 42
    assert (point.name, point.group, point.dimensions) == ("cpu", "cpu=cpu-total", ("cpu",))
    assert point.time == simulation.inputs[0].tmax


def test_points_for_a_batch_handler_are_one_query_result_a_group():
    """In the order of the group ids, tmax being the last time."""

    class Mirror(Handler):
        wants = provides = BATCH

    data = [*points(2, host="b"), *points(3, host="a")]

    simulation = simulate(Mirror, data, group_by="host")

    found = [
        (output.item.group, len(output.item), output.item.tmax) for output in simulation.outputs
    ]
    assert found == [("host=a", 3, 2), ("host=b", 2, 1)]


def test_batches_for_a_stream_handler_are_mismatched_edges():
    """The beginning of the text is Kapacitor's."""
    with pytest.raises(SourceError, match="cannot add child mismatched edges"):
        simulate(Mean, BATCHES)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"size": 3.0}, "unexpected arg to size, got DOUBLE expected INT"),
        ({"size": True}, "unexpected arg to size, got BOOL expected INT"),
        ({"size": (1, 2)}, "unexpected number of args to size, got 2 expected 1"),
        ({"limit": 50}, "unexpected arg to limit, got INT expected DOUBLE (write 50.0)"),
        ({"siz": 1}, 'no method or property "siz" on *pipeline.UDFNode'),
        ({}, "missing required option 'field'"),
    ],
)
def test_options_are_checked_without_conversion(options, text):
    """In Kapacitor's words, before any data."""

    class Limit(Handler):
        field = Option(str)
        size = Option(int, default=1)
        limit = Option(float, default=1.0)

    with pytest.raises(OptionError) as caught:
        simulate(Limit, points(1), options=options)

    assert str(caught.value).startswith(text)


def test_the_environment_is_set_during_the_run_only(monkeypatch):
    """A model's path reaches init, and is gone afterwards."""
    monkeypatch.setenv("KAPNB_TEST_OLD", "before")

    class Model(Handler):
        def init(self):
            self.seen = os.environ["MODEL_PATH"], os.environ["KAPNB_TEST_OLD"]

        def point(self, point):
            yield point.with_fields(path=self.seen[0], old=self.seen[1])

    env = {"MODEL_PATH": "/m.pkl", "KAPNB_TEST_OLD": "during"}
    simulation = simulate(Model, points(1), env=env)

    assert simulation.outputs[0].item.fields["path"] == "/m.pkl"
    assert simulation.outputs[0].item.fields["old"] == "during"
    assert "MODEL_PATH" not in os.environ
    assert os.environ["KAPNB_TEST_OLD"] == "before"


def test_a_snapshot_carries_state_into_the_next_simulation():
    """Prefix, snapshot, restore, rest: the same means as in one run."""
    data = points(9, host="a")
    whole = simulate(Mean, data, group_by="host")

    first = simulate(Mean, data[:4], group_by="host")
    rest = simulate(Mean, data[4:], group_by="host", snapshot=first.snapshot)

    means = [output.item.fields["mean"] for output in first.outputs + rest.outputs]
    assert means == [output.item.fields["mean"] for output in whole.outputs]


def test_a_snapshot_of_other_options_is_dropped_with_a_warning():
    """The default policy; the task starts."""
    first = simulate(Mean, points(4), options={"size": 3})

    second = simulate(Mean, points(1), options={"size": 2}, snapshot=first.snapshot)

    assert "starting fresh" in second.warnings[0]


def test_state_that_cannot_be_kept_is_named_at_the_end():
    """In the notebook, not after a minute in production."""

    class Odd(Handler):
        def group_state(self):
            return {"lock": object()}

        def point(self, point, state):
            yield point

    (warning,) = simulate(Odd, points(1)).warnings

    assert "state['lock'] is a object" in warning


class Fragile(Handler):
    def point(self, point):
        yield point.with_fields(y=10 / (point.fields["x"] - 2))


def test_a_failing_handler_raises_and_keeps_what_was_produced():
    """The error names the line and carries the simulation."""
    with pytest.raises(HandlerError) as caught:
        simulate(Fragile, points(5))

    text = str(caught.value)
    # Python 3.14 leaves "float" out.
    assert re.match(r"ZeroDivisionError: (float )?division by zero \(in Fragile.point, line ", text)
    assert 'yield point.with_fields(y=10 / (point.fields["x"] - 2))' in text
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert len(caught.value.simulation.outputs) == 2


def test_errors_can_be_kept():
    """For whoever simulates a failure on purpose."""
    simulation = simulate(Fragile, points(5), errors="keep")

    assert isinstance(simulation.error, HandlerError)
    assert (len(simulation.inputs), len(simulation.outputs)) == (3, 2)
    assert repr(simulation).startswith(
        "Simulation(Fragile: 3 points in, 2 points out, ended by HandlerError: ZeroDivisionError"
    )


def test_prints_stay_prints(capsys):
    """Only the stdio transport takes stdout away."""

    class Chatty(Handler):
        def point(self, point):
            print("seen", point.time)

    simulate(Chatty, points(2))

    assert capsys.readouterr().out == "seen 0\nseen 1\n"


def test_one_run_is_like_the_other():
    """The same transcript, message by message."""
    one, other = (simulate(Mean, HOST, options={"field": "usage_user"}) for _ in range(2))

    assert one.transcript == other.transcript
    assert one.transcript.requests == other.transcript.requests


def test_observers_see_start_every_input_and_the_end():
    """Also when the Handler fails."""
    seen = []

    class Watch:
        def started(self, simulation):
            seen.append("started")

        def advanced(self, simulation):
            seen.append(len(simulation.inputs))

        def finished(self, simulation):
            seen.append("finished")

    Simulation(Fragile, points(5), observers=[Watch()]).run()

    assert seen == ["started", 1, 2, 3, "finished"]


@pytest.mark.parametrize("handler", [Mean(), "Mean", int])
def test_anything_but_a_handler_class_is_refused(handler):
    """An instance would carry state from run to run."""
    with pytest.raises(HandlerError, match="simulate takes a Handler class"):
        simulate(handler, points(1))


def test_emit_in_a_data_method_is_matched_to_its_input():
    """It goes out after the method's own outputs."""

    class Emits(Handler):
        def point(self, point):
            self.emit(Point({"early": 1}, time=point.time, name="e"))
            yield point

    simulation = simulate(Emits, points(2))

    assert [(output.input, output.item.name) for output in simulation.outputs] == [
        (0, "m"),
        (0, "e"),
        (1, "m"),
        (1, "e"),
    ]


class Batches(Handler):
    wants = provides = BATCH


def test_batches_of_the_data_are_completed_as_in_a_replay():
    """A missing tmax is the last time; points without tags take the batch's."""
    given = Batch([Point({"x": 1.0}, time=3), Point({"x": 2.0}, time=5)], tags={"host": "a"})

    (output,) = simulate(Batches, [given]).outputs

    assert output.item.tmax == 5
    assert [dict(point.tags) for point in output.item.points] == [{"host": "a"}] * 2
    assert [point.group for point in output.item.points] == ["host=a"] * 2


def test_the_data_is_not_changed():
    """It may be simulated again, differently."""
    point = Point({"x": 1.0}, time=3, name="m", tags={"host": "a"})
    batch = Batch([point], name="m", tags={"host": "a"})

    simulate(Batches, [batch])
    simulate(Handler, [point], group_by="host")

    assert (point.group, point.dimensions, batch.tmax_or_none) == ("", (), None)


@pytest.mark.parametrize(
    ("data", "handler"),
    [
        ([Point({"x": 1.0})], Handler),
        ([Batch([Point({"x": 1.0})])], Batches),
        ([Batch([])], Batches),
    ],
)
def test_data_without_time_is_refused_with_its_place(data, handler):
    """Nobody could say when it happened."""
    with pytest.raises(SourceError, match=r"item 0: .* needs a t"):
        simulate(handler, data)


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (Mean(), "not an instance: give Mean, not Mean(); each run starts a fresh one"),
        ([1] * 1000, "takes a Handler class first, then the data; not a list"),
    ],
    ids=["instance", "data"],
)
def test_what_was_meant_by_something_else_than_a_handler_class_is_said(first, text):
    """Without a page of data in the message."""
    with pytest.raises(HandlerError, match=re.escape(text)) as raised:
        simulate(first, points(1))
    assert len(str(raised.value)) < 120


def test_options_that_are_no_mapping_are_refused():
    """A list of names has no values."""
    with pytest.raises(OptionError, match=r"options are a dict, as .*, not a list: \['size'\]"):
        simulate(Mean, points(1), options=["size"])
