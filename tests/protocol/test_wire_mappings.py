"""Fields and tags of a point from the wire: looked up singly, loaded to be iterated."""

from types import SimpleNamespace

import pytest
from hypothesis import given

from harness import cpu
from kapnb.model import Fields, Point, Tags
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.protocol._wire import _WireFields, _WireTags, wire_point
from strategies import points

CODEC = ProtobufCodec(deterministic=True)
MAPS = {float: "fieldsDouble", int: "fieldsInt", str: "fieldsString", bool: "fieldsBool"}


def wire(point):
    """Return `point` as it comes in from Kapacitor."""
    (body,) = split_frames(CODEC.encode_request(point, in_batch=False))
    return CODEC.decode_request(body)


class Map(dict):
    """A map of a protobuf message that notes what was asked of it."""

    def __init__(self, asked):
        self.asked = asked

    def get(self, name):
        self.asked.append(name)
        return super().get(name)

    def items(self):
        self.asked.append(...)
        return super().items()

    def __contains__(self, name):
        self.asked.append(name)
        return super().__contains__(name)

    def __getitem__(self, name):
        assert super().__contains__(name), "a protobuf map creates what it is asked for this way"
        return super().__getitem__(name)


def wired(values, cls):
    """Return a mapping over a message that holds `values`, and the list of what was asked."""
    asked = []
    message = SimpleNamespace(**{name: Map(asked) for name in (*MAPS.values(), "tags")})
    for name, value in values.items():
        target = MAPS[type(value)] if cls is _WireFields else "tags"
        dict.__setitem__(getattr(message, target), name, value)
    if cls is _WireTags:
        return _WireTags(message), asked
    point = wire_point(b"")
    point._message = message
    return point.fields, asked


@pytest.mark.parametrize("mapping", [_WireFields, _WireTags])
def test_what_is_asked_for_is_looked_up(mapping):
    """One field read of thirty costs one look-up."""
    values, asked = wired({"b": "2", "a": "1"}, mapping)

    assert values["a"] == "1"
    assert "b" in values
    assert values.get("b") == "2"
    assert ... not in asked
    assert values.get("c") is None
    assert asked.count(...) <= 1  # only for the message of the missing one
    assert not values.changed


def test_a_double_is_found_at_the_first_look():
    """Most fields are doubles."""
    values, asked = wired({"a": 1.5, "b": 2}, _WireFields)

    assert values["a"] == 1.5
    assert asked == ["a"]


@pytest.mark.parametrize("value", [0.0, 0, "", False, 1.5, 7, "x", True], ids=repr)
def test_a_value_of_any_type_is_found(value):
    """Empty ones, too: they are there."""
    values, asked = wired({"a": value}, _WireFields)

    assert repr(values["a"]) == repr(value)
    assert "a" in values
    assert ... not in asked


@pytest.mark.parametrize("mapping", [_WireFields, _WireTags])
def test_a_mapping_loads_itself_to_be_iterated(mapping):
    """In sorted order, and only once."""
    values, asked = wired({"b": "2", "a": "1"}, mapping)

    assert list(values) == ["a", "b"]
    assert len(values) == 2
    assert values["a"] == "1"
    assert values.get("c") is None
    assert asked == [...]
    assert 5 not in values


@pytest.mark.parametrize("mapping", [_WireFields, _WireTags])
def test_a_mapping_loads_itself_to_be_changed(mapping):
    """Nothing is lost when one name is set; what was deleted is not found in the message."""
    values, _ = wired({"b": "2", "a": "1"}, mapping)

    values["c"] = "3"
    del values["a"]

    assert values == {"b": "2", "c": "3"}
    assert "a" not in values
    assert values.get("a") is None
    assert values.changed


@pytest.mark.parametrize("mapping", [_WireFields, _WireTags])
def test_a_mapping_is_not_changed_by_a_failed_write(mapping):
    """A refused value leaves the point as the bytes it was."""
    values, _ = wired({"a": "1"}, mapping)

    with pytest.raises(TypeError, match="b"):
        values["b"] = None
    with pytest.raises(TypeError, match="names are str, not int 5"):
        values[5] = "x"
    with pytest.raises(KeyError, match=r"no \w+ 'nope' in this point \(it has: a\)"):
        del values["nope"]

    assert values == {"a": "1"}
    assert not values.changed


@pytest.mark.parametrize("name", ["nope", "value", "host"])
def test_looking_for_a_name_creates_none(name):
    """Protobuf's own maps would invent a zero, and keep it."""
    point = wire(cpu())

    assert (name in point.fields) is (name == "value")
    assert (name in point.tags) is (name == "host")
    assert list(point.fields) == ["value"]
    assert list(point.tags) == ["dc", "host"]


def test_a_name_in_two_maps_has_one_value():
    """Kapacitor sends none; look-up and iteration agree on it all the same."""
    raws = [wire(Point({"x": value}, time=0)).raw for value in (True, "text", 7, 1.5)]
    for count, kept in enumerate((True, "text", 7, 1.5), 1):
        arrived = wire_point(b"".join(raws[:count]))

        looked_up = arrived.fields["x"]

        assert repr(looked_up) == repr(dict(arrived.fields)["x"]) == repr(kept)


@given(points())
def test_looked_up_and_loaded_are_the_same(point):
    """Each value by itself, and all of them."""
    arrived = wire(point)
    fields = {name: arrived.fields[name] for name in point.fields}
    tags = {name: arrived.tags[name] for name in point.tags}

    assert repr(fields) == repr(dict(point.fields))
    assert repr(dict(arrived.fields)) == repr({name: fields[name] for name in sorted(fields)})
    assert tags == dict(point.tags)
    assert repr(dict(arrived.tags)) == repr({name: tags[name] for name in sorted(tags)})


def test_they_are_fields_and_tags_like_any_other():
    """A type check of a Handler's tells no difference."""
    point = wire(cpu())

    assert isinstance(point.fields, Fields)
    assert isinstance(point.tags, Tags)
    assert point.fields == cpu().fields
    assert cpu().tags == point.tags
    assert repr(point.fields) == repr(cpu().fields)
