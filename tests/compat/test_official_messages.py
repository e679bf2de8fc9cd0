"""The look-alikes of udf_pb2 beside protobuf's own classes."""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from kapnb.compat import udf_pb2
from kapnb.protocol._wire import schema

NAMES = st.sampled_from(["a", "b", "long name", "ü"])
MAPS = {
    "fieldsDouble": st.floats(allow_nan=False) | st.integers(-9, 9) | st.booleans(),
    "fieldsInt": st.integers(-(2**63), 2**63 - 1),
    "fieldsString": st.text(max_size=5) | st.just(b"bytes"),
    "fieldsBool": st.booleans() | st.integers(0, 1),
    "tags": st.text(max_size=5),
}
SCALARS = {
    "time": st.integers(-(2**63), 2**63 - 1),
    "name": st.text(max_size=5),
    "group": st.text(max_size=5),
    "byName": st.booleans(),
}


@st.composite
def steps(draw):
    """Draw what a handler does to one of two points."""
    which = draw(st.sampled_from(["a", "b", "response"]))
    kind = draw(st.sampled_from(["set", "read", "delete", "scalar", "clear", "copy", "dimension"]))
    field = draw(st.sampled_from(sorted(SCALARS if kind == "scalar" else MAPS)))
    if kind == "set":
        return which, kind, field, draw(NAMES), draw(MAPS[field])
    if kind == "scalar":
        return which, kind, field, draw(SCALARS[field])
    if kind == "copy":
        return which, kind, draw(st.sampled_from(["a", "b"]))
    return which, kind, field, draw(NAMES)


def act(points, step):
    """Do one step; the same code for theirs and for ours."""
    which, kind, *rest = step
    point = points["response"].point if which == "response" else points[which]
    if kind == "set":
        getattr(point, rest[0])[rest[1]] = rest[2]
    elif kind == "read":
        return getattr(point, rest[0])[rest[1]]
    elif kind == "delete":
        values = getattr(point, rest[0])
        if rest[1] in values:
            del values[rest[1]]
    elif kind == "scalar":
        setattr(point, rest[0], rest[1])
    elif kind == "clear":
        point.ClearField(rest[0])
    elif kind == "copy":
        point.CopyFrom(points[rest[0]])
    else:
        point.dimensions.append(rest[1])
    return None


@given(st.lists(steps(), max_size=25), st.lists(steps(), max_size=8))
def test_any_sequence_of_changes_gives_what_protobuf_gives(before, after):
    """Reading, copying and serialising in between changes nothing."""
    theirs = {"a": schema().Point(), "b": schema().Point(), "response": schema().Response()}
    ours = {"a": udf_pb2.Point(), "b": udf_pb2.Point(), "response": udf_pb2.Response()}

    for step in before:
        assert act(ours, step) == act(theirs, step)
    for message in ours.values():
        message.SerializeToString()
    for step in after:
        assert act(ours, step) == act(theirs, step)

    for name, message in theirs.items():
        data = ours[name].SerializeToString()
        assert type(message).FromString(data) == message
        assert str(ours[name]) == str(message)
        assert getattr(udf_pb2, type(message).__name__).FromString(data) == ours[name]


FIELDS = [
    ("fieldsDouble", None),
    ("fieldsDouble", "1"),
    ("fieldsDouble", [1.0]),
    ("fieldsInt", 1.0),
    ("fieldsInt", "1"),
    ("fieldsInt", None),
    ("fieldsInt", 2**63),
    ("fieldsString", 1),
    ("fieldsString", None),
    ("fieldsString", "\ud800"),
    ("fieldsBool", "yes"),
    ("fieldsBool", 1.5),
    ("tags", 1),
]


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_a_map_refuses_what_protobuf_refuses(field, value):
    """With the same class of error, and the point unchanged."""
    with pytest.raises((TypeError, ValueError)) as theirs:
        getattr(schema().Point(), field)["x"] = value

    point = udf_pb2.Point(name="m")
    with pytest.raises(type(theirs.value)):
        getattr(point, field)["x"] = value
    assert "x" not in getattr(point, field)


def test_numpy_numbers_are_taken_as_protobuf_takes_them():
    """Scalars of any width for a double; arrays for nothing."""
    import numpy as np

    point = udf_pb2.Point()
    for name, value in [("a", np.float32(0.5)), ("b", np.float64(1.5)), ("c", np.int64(2))]:
        point.fieldsDouble[name] = value
    point.fieldsInt["n"] = np.int64(7)

    assert point.fieldsDouble == {"a": 0.5, "b": 1.5, "c": 2.0}
    assert point.fieldsInt == {"n": 7}
    with pytest.raises(TypeError, match="fieldsDouble\\['d'\\] cannot be array"):
        point.fieldsDouble["d"] = np.array([1.0, 2.0])


def test_text_for_a_snapshot_is_refused_with_the_remedy():
    """The examples of the official agent do it, and their first snapshot ends the task."""
    response = udf_pb2.Response()
    with pytest.raises(TypeError, match=r"SnapshotResponse\.snapshot.*must be bytes: write b'…'"):
        response.snapshot.snapshot = ""


def test_looking_at_a_field_does_not_choose_it():
    """Only touching does, and the last touch wins."""
    response = udf_pb2.Response()
    assert response.point.time == 0
    assert "x" not in response.point.tags
    assert response.WhichOneof("message") is None

    point = response.point
    assert response.point is point
    response.init.success = False  # the default, and yet a touch
    assert response.HasField("init")
    assert not response.HasField("point")
    point.SetInParent()
    assert response.WhichOneof("message") == "point"
    response.ClearField("point")
    assert response.WhichOneof("message") is None
    with pytest.raises(ValueError, match="has no"):
        response.HasField("nonsense")


def test_two_fields_handed_out_at_once_keep_what_is_done_to_them():
    """The same message is handed out until it is touched."""
    response = udf_pb2.Response()
    point, end = response.point, response.end
    assert response.point is point
    end.name = "m"
    assert response.end is end
    point.name = "p"
    assert response.point.name == "p"
    assert response.WhichOneof("message") == "point"


def test_a_response_is_built_with_keywords():
    """From messages, from dicts; the message given stays the caller's."""
    point = udf_pb2.Point(name="m", time=3, tags={"host": "a"}, dimensions=["host"])
    response = udf_pb2.Response(point=point)
    response.point.name = "other"

    assert point.name == "m"
    assert response.point.dimensions == ["host"]
    assert udf_pb2.Response(info={"wants": udf_pb2.BATCH}).info.wants == udf_pb2.BATCH
    assert udf_pb2.Response(point=None).WhichOneof("message") is None
    with pytest.raises(ValueError, match="nonsense"):
        udf_pb2.Response(nonsense=point)
    with pytest.raises(ValueError, match="nonsense"):
        udf_pb2.Point(nonsense=1)


def test_a_map_or_a_message_is_not_assigned():
    """As with protobuf, but with a word on what to do."""
    response = udf_pb2.Response()
    with pytest.raises(AttributeError, match="CopyFrom"):
        response.point = udf_pb2.Point()
    with pytest.raises(AttributeError, match="in place"):
        response.point.tags = {}
    with pytest.raises(AttributeError):
        response.point.nonsense = 1


def test_one_response_may_be_used_for_life():
    """What was copied into it before is gone, and it does not grow."""
    response, sizes = udf_pb2.Response(), set()
    for n in range(200):
        response.point.CopyFrom(udf_pb2.Point(time=1, fieldsDouble={"x": float(n)}))
        sizes.add(response.ByteSize())
    for n in range(200):
        response.point.fieldsDouble["x"] = float(n)
        response.point.fieldsDouble["y"] = float(n)
    assert len(sizes) == 1
    assert response.point.fieldsDouble == {"x": 199.0, "y": 199.0}
    assert response.ByteSize() < 2 * max(sizes) + 20


def test_messages_copy_merge_and_pickle():
    """By all the ways there are."""
    point = udf_pb2.Point(name="m", fieldsInt={"n": 1})
    response = udf_pb2.Response(point=point)
    for twin in (
        copy.copy(response),
        copy.deepcopy(response),
        pickle.loads(pickle.dumps(response)),
    ):
        assert twin == response
        twin.point.fieldsInt["n"] = 2
        assert response.point == point
    other = udf_pb2.Response()
    other.MergeFrom(response)
    other.MergeFrom(udf_pb2.Response(point=udf_pb2.Point(time=5)))
    assert (other.point.name, other.point.time) == ("m", 5)
    point.MergeFromString(udf_pb2.Point(time=6).SerializeToString())
    assert (point.name, point.time) == ("m", 6)
    point.Clear()
    assert point == udf_pb2.Point()
    assert point.ByteSize() == 0


def test_protobufs_own_messages_are_taken_too():
    """A script may carry generated classes of its own."""
    theirs = schema().Point(name="m", fieldsDouble={"x": 1.5})
    response = udf_pb2.Response()
    response.point.CopyFrom(theirs)
    assert response.point.fieldsDouble["x"] == 1.5
    with pytest.raises(TypeError, match="cannot take the content of a BeginBatch"):
        response.point.CopyFrom(udf_pb2.BeginBatch())


def test_the_rest_of_what_generated_code_offers_is_there():
    """Descriptors, numbers, enums, JSON."""
    point = udf_pb2.Point(name="m", fieldsDouble={"x": 1.5})
    assert udf_pb2.Point.DESCRIPTOR.full_name == "agent.Point"
    assert point.DESCRIPTOR is udf_pb2.Point.DESCRIPTOR
    assert udf_pb2.Point.TIME_FIELD_NUMBER == 1
    assert udf_pb2.EdgeType.Name(udf_pb2.BATCH) == "BATCH"
    assert udf_pb2.ValueType.Value("DURATION") == udf_pb2.DURATION == udf_pb2.ValueType.DURATION
    assert udf_pb2.EdgeType.items() == [("STREAM", 0), ("BATCH", 1)]
    assert [field.name for field, _ in point.ListFields()] == ["name", "fieldsDouble"]
    assert json_format.MessageToDict(point) == {"name": "m", "fieldsDouble": {"x": 1.5}}
    assert point.IsInitialized()
    with pytest.raises(ValueError, match="presence"):
        point.HasField("time")
    option = udf_pb2.Option(name="size", values=[udf_pb2.OptionValue(type=udf_pb2.INT, intValue=3)])
    request = udf_pb2.Request(init=udf_pb2.InitRequest(options=[option], taskID="t"))
    assert request.init.options[0].values[0].intValue == 3
    assert len(request.init.options) == 1
    assert set(udf_pb2.__all__) <= set(dir(udf_pb2))


def test_a_message_that_is_dropped_leaves_nothing_behind():
    """The official agent parses one message again and again, which never frees anything."""
    data = udf_pb2.Point(name="m", fieldsDouble={"x": 1.5}).SerializeToString()

    def handle(times):
        for _ in range(times):
            point = udf_pb2.Point.FromString(data)
            response = udf_pb2.Response()
            response.point.CopyFrom(point)
            response.point.fieldsDouble["y"] = point.fieldsDouble["x"]
            response.SerializeToString()

    handle(100)
    gc.collect()
    gc.disable()  # reference counting alone must do
    tracemalloc.start()
    try:
        handle(100)
        before, _ = tracemalloc.get_traced_memory()
        handle(1000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 20_000
