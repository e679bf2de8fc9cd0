"""What is looked at in points of old scripts: numbers that are not finite, missing dimensions."""

from __future__ import annotations

import logging
import math
import threading

import pytest

from harness import Peer, cpu, exact
from kapnb.compat import _checks, adapt, udf_pb2
from kapnb.compat.agent import Handler
from kapnb.errors import HandlerError
from kapnb.model import BATCH, STREAM, BeginBatch, EndBatch, ErrorResponse, Point
from kapnb.protocol._wire import schema

GROUPED = Point(
    {"x": 1.0}, time=1, name="cpu", tags={"host": "a", "dc": "b"}, dimensions=("dc", "host")
)


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch):
    """Forget what scripts did in other tests."""
    monkeypatch.setattr(_checks, "_linted", set())
    _checks.NON_FINITE.clear()
    yield
    _checks.NON_FINITE.clear()


class Float64(float):
    """As NumPy's: a float of another type."""


def peer(*, wants=STREAM, provides=STREAM, **content):
    """Return a Peer of an official Handler with these methods, ready for data."""

    def construct(self, agent):
        self._agent = agent

    def info(self):
        return udf_pb2.Response(info={"wants": wants.value, "provides": provides.value})

    def init(self, request):
        return udf_pb2.Response(init={"success": True})

    body = {"__init__": construct, "info": info, "init": init, **content}
    found = Peer(adapt(type("Old", (Handler,), body)))
    assert found.start().success
    return found


def write(handler, point):
    handler._agent.write_response(udf_pb2.Response(point=point))


# ------------------------------------------------------------------ numbers not finite


def by_item(point):
    point.fieldsDouble["bad"] = math.nan


def by_item_after_another_change(point):
    point.time = point.time
    point.fieldsDouble["bad"] = -math.inf


def by_item_twice(point):
    point.fieldsDouble["bad"] = 1.0
    point.fieldsDouble["bad"] = math.inf


def by_another_type(point):
    point.fieldsDouble["bad"] = Float64("inf")


def by_add(point):
    point.fieldsDouble.add(key="bad", value=math.inf)


def by_entry(point):
    point.fieldsDouble.add(key="bad").value = math.inf


def by_update(point):
    point.fieldsDouble.update({"bad": math.inf})


WAYS = [
    by_item,
    by_item_after_another_change,
    by_item_twice,
    by_another_type,
    by_add,
    by_entry,
    by_update,
]


@pytest.mark.parametrize("change", WAYS, ids=lambda way: way.__name__)
def test_a_number_that_is_not_finite_is_left_out(change, caplog):
    """As with our own Handlers: the field alone, and one warning that names it."""

    def point(self, point):
        change(point)
        point.fieldsInt["n"] = 1
        write(self, point)

    answers = peer(point=point).feed(cpu(1.0, time=1), cpu(2.0, time=2))

    assert [dict(answer.fields) for answer in answers] == [
        {"n": 1, "value": 1.0},
        {"n": 1, "value": 2.0},
    ]
    assert [(answer.name, answer.group) for answer in answers] == [("cpu", "host=a")] * 2
    assert [record.getMessage().partition(" was")[0] for record in caplog.records] == [
        "field 'bad'"
    ]


@pytest.mark.parametrize("way", ["CopyFrom", "MergeFrom"])
def test_what_a_script_does_not_touch_passes_as_it_came(way):
    """Also once it has set such numbers in other points; a NaN of Kapacitor's is not its fault."""

    def point(self, point):
        if point.fieldsDouble["value"] == 1.0:
            by_item(point)
        response = udf_pb2.Response()
        getattr(response.point, way)(point)
        self._agent.write_response(response)

    came = cpu(math.nan)
    assert exact(peer(point=point).feed(cpu(1.0), came)) == exact([cpu(1.0), came])


def test_a_batch_is_looked_at_too():
    """Points inside it, whenever they are written."""

    def begin_batch(self, begin):
        self._agent.write_response(udf_pb2.Response(begin=begin))

    def point(self, point):
        by_item(point)
        write(self, point)

    def end_batch(self, end):
        self._agent.write_response(udf_pb2.Response(end=end))

    window = [BeginBatch("cpu", "", {}, 1), Point({"value": 2.0}, time=5), EndBatch("cpu", "", 5)]
    methods = {"begin_batch": begin_batch, "point": point, "end_batch": end_batch}
    assert exact(peer(wants=BATCH, provides=BATCH, **methods).feed(*window)) == exact(window)


def test_points_of_other_threads_and_of_other_classes_are_looked_at():
    """Those of generated classes are set out of our sight."""

    def point(self, point):
        by_item(point)
        theirs = schema().Response()
        theirs.point.ParseFromString(point.SerializeToString())
        _checks.NON_FINITE.clear()
        self._agent.write_response(theirs)
        thread = threading.Thread(target=write, args=(self, point))
        thread.start()
        thread.join()

    assert exact(peer(point=point).feed(cpu())) == exact([cpu(), cpu()])


def test_the_policy_may_stand_on_the_old_handler():
    """By the name it has on our own."""

    def point(self, point):
        by_item(point)
        write(self, point)

    (passed,) = peer(point=point, non_finite="pass").feed(cpu())
    assert math.isnan(passed.fields["bad"])
    (refused,) = peer(point=point, non_finite="error").feed(cpu())
    assert isinstance(refused, ErrorResponse)
    assert "field 'bad' is nan" in refused.error
    with pytest.raises(HandlerError, match='non_finite must be "drop" or "error" or "pass"'):
        adapt(type("Old", (Handler,), {"non_finite": "ignore"}))


# ---------------------------------------------------------------------------- dimensions


def make(self, point, **more):
    made = udf_pb2.Point(time=point.time, name=point.name, group=point.group, **more)
    made.fieldsDouble["made"] = 1.0
    write(self, made)


def fields_first(self, point):
    response = udf_pb2.Response()
    response.point.fieldsDouble["made"] = 1.0
    response.point.time = point.time
    self._agent.write_response(response)


@pytest.mark.parametrize("point", [make, fields_first])
def test_a_point_from_scratch_without_dimensions_is_warned_of(point, caplog):
    """Once for a line; it goes out as it is, with the remedy and the line in the log."""
    answers = peer(point=point).feed(GROUPED, GROUPED)

    assert [(answer.dimensions, dict(answer.fields)) for answer in answers] == [
        ((), {"made": 1.0})
    ] * 2
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    text = record.getMessage()
    assert "grouped by dc, host (line " in text
    assert "of test_official_checks.py: " in text
    assert ".dimensions.extend(['dc', 'host'])" in text


def test_each_line_is_warned_of(caplog):
    """Not only the first of a script."""

    def point(self, point):
        self._agent.write_response(udf_pb2.Response(point={"time": 1}))
        self._agent.write_response(udf_pb2.Response(point={"time": 2}))

    peer(point=point).feed(GROUPED, GROUPED)
    assert len(caplog.records) == 2


def with_dimensions(self, point):
    make(self, point, dimensions=list(point.dimensions), tags=dict(point.tags))


def copied(self, point):
    response = udf_pb2.Response()
    response.point.CopyFrom(point)
    response.point.time = 7
    self._agent.write_response(response)


def cleared(self, point):
    del point.dimensions[:]
    write(self, point)


@pytest.mark.parametrize(
    ("point", "came"),
    [(with_dimensions, GROUPED), (copied, GROUPED), (cleared, GROUPED), (make, cpu(dimensions=()))],
    ids=["with dimensions", "copied", "cleared on purpose", "ungrouped"],
)
def test_who_keeps_the_group_or_has_none_is_not_warned(point, came, caplog):
    """Nor who takes it away in so many words."""
    assert len(peer(point=point).feed(came)) == 1
    assert caplog.records == []


def test_the_result_of_a_grouped_batch_is_looked_at(caplog):
    """A batch is grouped by its tags."""

    def end_batch(self, end):
        write(self, udf_pb2.Point(time=end.tmax))

    tags = {"host": "a"}
    window = [BeginBatch("cpu", "host=a", tags), EndBatch("cpu", "host=a", 5, tags)]
    peer(wants=BATCH, end_batch=end_batch, begin_batch=lambda self, begin: None).feed(*window)
    (record,) = caplog.records
    assert "grouped by host" in record.getMessage()
