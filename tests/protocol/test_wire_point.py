"""WirePoint: bytes as long as nothing is set, a point like any other afterwards."""

import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import cpu, exact
from kapnb.errors import RemoteProtocolError
from kapnb.model import INT_MAX, INT_MIN, Point
from kapnb.protocol import ProtobufCodec, _wire, split_frames
from kapnb.protocol._wire import WirePoint, wire_point
from strategies import field_values, names, points

CODEC = ProtobufCodec(deterministic=True)
SETTERS = {
    "time": 7,
    "name": "mem",
    "dimensions": ("dc",),
    "by_name": True,
    "database": "other",
    "retention_policy": "other",
}


def wire(point):
    """Return `point` as it comes in from Kapacitor."""
    (body,) = split_frames(CODEC.encode_request(point, in_batch=False))
    return CODEC.decode_request(body)


def sent(point, *, in_batch=False):
    """Return what Kapacitor decodes of `point`."""
    (body,) = split_frames(CODEC.encode_response(point, in_batch=in_batch))
    return CODEC.decode_response(body)


@given(points())
def test_an_untouched_point_goes_out_as_the_bytes_it_came_in(point):
    """Whatever was read of it meanwhile."""
    frame = CODEC.encode_request(point, in_batch=False)
    (body,) = split_frames(frame)
    arrived = CODEC.decode_request(body)

    exact(arrived)
    repr(arrived)
    arrived.copy()

    assert isinstance(arrived, WirePoint)
    assert CODEC.encode_response(arrived, in_batch=False) == frame


@given(points())
def test_a_point_from_the_wire_equals_what_was_sent(point):
    """Fields, tags and identity, types included; `group` is what Kapacitor computed."""
    assert exact(wire(point)) == exact(point)
    assert exact(wire(point).copy()) == exact(point)


@given(points(), st.dictionaries(names, field_values, max_size=3))
@example(cpu(), {"value": 5})
@example(cpu(), {"host": 1.0, "cpu": 2.0, "a": 3.0})
@example(Point({"x": "\n\x05value"}, time=0), {"value": 1.0})
@example(Point({"x": 1}, time=0), {"": 1.0})
def test_splicing_fields_in_gives_what_setting_them_gives(point, fields):
    """All four types, new names and old ones, and names that stand elsewhere in the bytes."""
    spliced = wire(point).with_fields(fields)
    generic = point.with_fields(fields)

    assert exact(sent(spliced)) == exact(sent(generic)) == exact(generic)


@pytest.mark.parametrize("new", [1.5, 7, "text", True, INT_MIN, INT_MAX, "", False, -0.0], ids=repr)
@pytest.mark.parametrize("old", [0.5, 3, "old", False], ids=repr)
def test_only_the_last_type_of_a_field_remains(old, new):
    """Conformance case 27: Kapacitor would merge the four maps and let a later one win."""
    changed = wire(Point({"x": old, "y": 1}, time=0)).with_fields(x=new)
    message = sent(changed).parse()
    maps = [message.fieldsDouble, message.fieldsInt, message.fieldsString, message.fieldsBool]

    assert [dict(typed)["x"] for typed in maps if "x" in typed] == [new]
    assert exact(sent(changed).fields) == exact({"x": new, "y": 1})


def test_splicing_twice_keeps_both():
    """A spliced point is bytes again, and can be spliced again."""
    point = wire(cpu()).with_fields(a=1.0).with_fields(b=2, c="x")

    assert isinstance(point, WirePoint)
    assert dict(sent(point).fields) == {"a": 1.0, "b": 2, "c": "x", "value": 1.0}


def test_fields_can_be_set_on_a_point_that_was_changed():
    """It is bytes no longer, and a point like any other."""
    point = wire(cpu())
    point.time = 7

    assert exact(sent(point.with_fields(x=1))) == exact(cpu(time=7).with_fields(x=1))


def test_splicing_checks_values():
    """The short way refuses what the long way refuses."""
    with pytest.raises(TypeError, match="field 'x' must be a float"):
        wire(cpu()).with_fields(x=None)
    with pytest.raises(ValueError, match="64-bit"):
        wire(cpu()).with_fields(x=2**63)
    with pytest.raises(TypeError, match="field names are str, not int 5"):
        wire(cpu()).with_fields({5: 1.0})


def test_splicing_leaves_the_original_alone():
    """with_fields gives a copy."""
    point = wire(cpu())

    point.with_fields(x=1.0)

    assert dict(point.fields) == {"value": 1.0}


@pytest.mark.parametrize("attribute", SETTERS)
def test_a_setter_changes_what_goes_out(attribute):
    """Every attribute that can be set is set on the wire, the others stay."""
    point = wire(cpu())
    expected = cpu()
    for target in (point, expected):
        setattr(target, attribute, SETTERS[attribute])

    assert exact(point) == exact(expected)
    assert exact(sent(point)) == exact(expected)
    assert point.raw is None


def test_fields_and_tags_set_in_place_go_out():
    """The mappings notice that they were written to."""
    point = wire(cpu())

    point.fields["new"] = 1
    del point.fields["value"]
    point.tags["dc"] = "y"

    assert exact(sent(point)) == exact(
        Point(
            {"new": 1},
            time=0,
            name="cpu",
            tags={"host": "a", "dc": "y"},
            dimensions=["host"],
            database="db",
            retention_policy="rp",
        )
    )


@pytest.mark.parametrize("first", ["nothing", "name", "time", "fields", "copy", "with_fields"])
def test_the_group_follows_the_tags(first):
    """Changing a tag that is a dimension moves the point, whatever was done to it before."""
    point = wire(cpu())
    match first:
        case "name":
            point.name = "cpu"
        case "time":
            point.time = 5
        case "fields":
            point.fields["x"] = 1
        case "copy":
            point = point.copy()
        case "with_fields":
            point = point.with_fields(value=2)

    point.tags["host"] = "b"

    assert point.group == "host=b"
    assert point.copy().group == "host=b"
    assert sent(point).group == "host=b"


def test_the_group_of_a_batch_point_outlives_changes_of_its_fields():
    """A point in a batch has a group and no dimensions to compute it from."""
    (body,) = split_frames(CODEC.encode_request(cpu(), in_batch=True))
    point = CODEC.decode_request(body)

    point.fields["x"] = 1

    assert point.dimensions == ()
    assert point.group == point.copy().group == sent(point, in_batch=True).group == "host=a"


@pytest.mark.parametrize("attribute", ["time", "name", "fields", "tags", "dimensions", "group"])
def test_bytes_that_are_no_point_are_a_remote_error_when_read(attribute):
    """Kapacitor's points are decoded on demand; the demand is where the error shows."""
    point = wire_point(b"\xff")

    with pytest.raises(RemoteProtocolError, match="could not be decoded"):
        getattr(point, attribute)


def test_a_missing_field_is_not_invented():
    """The official agent's maps give a zero, and keep it."""
    point = wire(cpu())

    with pytest.raises(KeyError, match=r"no field 'nope' in this point \(it has: value\)"):
        point.fields["nope"]
    assert "nope" not in point.fields
    assert point.raw is not None


def test_fields_and_tags_are_sorted():
    """Their order on the wire is random."""
    point = wire(Point({"b": 1, "a": "x", "c": 1.0}, time=0, tags={"z": "", "y": ""}))

    assert list(point.fields) == ["a", "b", "c"]
    assert list(point.tags) == ["y", "z"]


def test_a_point_from_the_wire_inherits_nothing():
    """It is complete, even if its name is empty."""
    point = wire(Point({"x": 1}, time=0))

    assert point.inherited(cpu(time=9)) is point
    assert point.has_time
    assert (point.name, point.time, point.dimensions) == ("", 0, ())


@pytest.mark.parametrize("implementation", ["", "upb", "python"])
def test_messages_are_made_by_the_implementation_that_is_asked_for(implementation):
    """The short way to protobuf's own classes is left where it does not lead there."""
    code = (
        "from google.protobuf.internal import api_implementation\n"
        "from google.protobuf.message import Message\n"
        "from kapnb.protocol._wire import schema\n"
        "point = schema().Point(time=7, tags={'host': 'a'})\n"
        "assert isinstance(point, Message)\n"
        "assert schema().Response(point=point).point == point\n"
        "upb = type(point).__mro__[0].__class__.__module__.startswith('google._upb')\n"
        "assert upb == (api_implementation.Type() == 'upb'), type(type(point))\n"
    )
    environment = {key: value for key, value in os.environ.items() if "PROTOCOL_BUFFERS" not in key}
    if implementation:
        environment["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = implementation

    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_messages_are_made_by_any_release_of_protobuf(monkeypatch):
    """Where its inside is arranged in another way, its public functions do."""
    monkeypatch.setattr(_wire, "_native_protobuf", lambda: _wire.schema().no_such_class)
    quick = _wire.schema()

    public = _wire.schema.__wrapped__()

    assert public.Point is not quick.Point
    message = quick.Point(time=7, fieldsDouble={"x": 1.5})
    assert public.Point.FromString(message.SerializeToString()).fieldsDouble == {"x": 1.5}
