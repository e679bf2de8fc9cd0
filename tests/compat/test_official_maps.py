"""One map, two dialects: dict-like since Kapacitor 1.8, a list of entries before."""

from __future__ import annotations

import json
import logging
import pickle
import random

import pytest

from kapnb.compat import _scalars, udf_pb2
from kapnb.compat._bytes import delimited


def wire(*names):
    """Return a point whose doubles stand in this order in its bytes."""
    return udf_pb2.Point.FromString(
        b"".join(
            udf_pb2.Point(fieldsDouble={name: float(len(name))}).SerializeToString()
            for name in names
        )
    )


def test_iteration_keeps_the_order_of_the_wire():
    """Whatever it is; reading single fields does not disturb it."""
    names = [f"metric_{n:02}" for n in range(30)]
    for seed in range(20):
        random.Random(seed).shuffle(names)
        point = wire(*names)
        assert point.fieldsDouble.get(names[0]) == 9.0
        assert list(point.fieldsDouble) == names
        assert list(point.fieldsDouble.keys()) == names
        assert list(point.fieldsDouble.items()) == [(name, 9.0) for name in names]
        assert list(point.fieldsDouble.values()) == [9.0] * 30


def test_order_survives_copies_and_changes():
    """What is added follows; what is removed leaves the others where they were."""
    point = wire("z", "m", "a", "q")
    point.fieldsDouble["b"] = 1.0
    copy = udf_pb2.Response(point=point).point
    assert list(copy.fieldsDouble) == ["z", "m", "a", "q", "b"]

    del copy.fieldsDouble["m"]
    copy.time = 5
    assert list(copy.fieldsDouble) == ["z", "a", "q", "b"]
    again = udf_pb2.Point()
    again.CopyFrom(copy)
    again.fieldsDouble["c"] = 1.0
    assert list(again.fieldsDouble) == ["z", "a", "q", "b", "c"]
    assert list(point.fieldsDouble) == ["z", "m", "a", "q", "b"]


def test_order_is_found_in_any_bytes_that_protobuf_takes():
    """Value before key, a key twice, an empty key, unknown fields, long names."""
    value = b"\x11" + bytes(8)
    long = "n" * 200
    data = b"".join(
        [
            delimited(8, value + delimited(1, b"late key")),
            delimited(8, delimited(1, b"first") + delimited(1, b"second") + value),
            delimited(8, value),
            b"\xa8\x01\x96\x01",  # field 21, a varint
            b"\xb1\x01" + bytes(8),  # field 22, eight bytes
            b"\xb5\x01" + bytes(4),  # field 22, four bytes
            delimited(8, delimited(1, long.encode()) + value),
            delimited(8, delimited(1, b"late key") + value),
        ]
    )
    point = udf_pb2.Point.FromString(data)
    assert list(point.fieldsDouble) == ["late key", "second", "", long]


def test_the_dict_dialect():
    """All that dict-like maps are used for."""
    point = wire("x", "yy")
    fields = point.fieldsDouble
    assert fields["x"] == 1.0
    assert "x" in fields
    assert fields.get("none") is None
    assert fields.get("none", 3.0) == 3.0
    assert dict(fields) == {"x": 1.0, "yy": 2.0} == fields
    assert {**fields} == dict(fields)
    fields.update({"z": 4.0}, w=5.0)
    fields.update(fields)
    assert fields.pop("z") == 4.0
    assert fields.pop("z", None) is None
    assert fields.setdefault("w", 9.0) == 5.0
    assert fields.setdefault("new", 9.0) == 9.0
    del fields["x"]
    with pytest.raises(KeyError):
        del fields["x"]
    assert len(fields) == 3
    assert sorted(fields) == ["new", "w", "yy"]
    assert repr(fields) == "{'yy': 2.0, 'w': 5.0, 'new': 9.0}"
    point.tags.MergeFrom({"host": "a"})
    assert point.tags.popitem() == ("host", "a")
    fields.clear()
    assert not fields
    assert point == udf_pb2.Point()


def test_the_list_dialect():
    """All that lists of entries are used for."""
    point = wire("x", "yy")
    fields = point.fieldsDouble
    assert [(kv.key, kv.value) for kv in fields] == [("x", 1.0), ("yy", 2.0)]
    fields[0].value = 7.0
    assert fields[0].value == fields["x"] == 7.0
    assert [kv.key for kv in fields[0:2]] == ["x", "yy"]
    assert fields[-1].key == "yy"
    added = fields.add(key="z", value=3)
    assert (added.key, added.value) == ("z", 3.0)
    bare = fields.add()
    bare.key = "w"
    bare.value = 4.0
    assert fields == {"x": 7.0, "yy": 2.0, "z": 3.0, "w": 4.0}
    entry = udf_pb2.Point.FieldsDoubleEntry(key="e", value=5.0)
    fields.extend([entry, *wire("v").fieldsDouble])
    fields.append(entry)
    assert (fields["e"], fields["v"]) == (5.0, 1.0)
    for kv in fields:
        if kv.value > 4.0:
            fields.remove(kv)
    del fields[0]
    assert fields == {"z": 3.0, "w": 4.0, "v": 1.0}
    assert len(fields) == 3
    last, first = fields.pop(), fields.pop(0)
    assert [(first.key, first.value), last.key] == [("v", 1.0), "z"]
    del fields[1:]
    assert fields == {"w": 4.0}
    del fields[:]
    assert point == udf_pb2.Point()
    for use in (lambda: fields[3], fields.pop, lambda: fields.pop(0)):
        with pytest.raises(IndexError):
            use()
    with pytest.raises(TypeError):
        fields[1.5]


def test_both_dialects_of_options():
    """In info answers of either generation."""
    new, old = udf_pb2.Response(), udf_pb2.Response()
    new.info.options["field"].valueTypes.append(udf_pb2.STRING)
    new.info.options["both"].valueTypes.extend([udf_pb2.INT, udf_pb2.DOUBLE])
    old.info.options.add(key="field").value.valueTypes.append(udf_pb2.STRING)
    entry = old.info.options.add()
    entry.key = "both"
    entry.value.valueTypes.extend([udf_pb2.INT, udf_pb2.DOUBLE])

    assert old == new
    assert sorted(kv.key for kv in old.info.options) == ["both", "field"]
    assert {name: list(held.valueTypes) for name, held in old.info.options.items()} == {
        "field": [udf_pb2.STRING],
        "both": [udf_pb2.INT, udf_pb2.DOUBLE],
    }
    with pytest.raises(ValueError, match="cannot be assigned"):
        new.info.options["x"] = udf_pb2.OptionInfo()


def test_an_entry_is_a_str_like_any_other():
    """It is printed, hashed, sorted, pickled and turned into JSON as its key."""
    (entry,) = wire("x").fieldsDouble
    assert entry == "x"
    assert {entry: 1} == {"x": 1}
    assert json.dumps({entry: entry}) == '{"x": "x"}'
    assert type(pickle.loads(pickle.dumps(entry))) is str
    assert f"{entry}{entry!r}" == "x'x'"
    target = udf_pb2.Point()
    target.fieldsDouble[entry] = 2.0
    assert target.fieldsDouble == {"x": 2.0}


def test_reading_a_missing_field_adds_it_and_says_so_once(caplog, monkeypatch):
    """As protobuf's maps do, so that outputs are equal; the log has the line and the remedy."""
    monkeypatch.setattr(_scalars, "_missed", set())
    response = udf_pb2.Response()
    response.point.name = "m"
    with caplog.at_level(logging.WARNING, "kapnb"):
        for _ in range(3):
            response.point.ClearField("fieldsDouble")
            assert response.point.fieldsDouble["missing"] == 0.0

    assert dict(response.point.fieldsDouble) == {"missing": 0.0}
    (record,) = caplog.records
    assert "point.fieldsDouble['missing'] was read where it is missing" in record.getMessage()
    assert 'of test_official_maps.py: assert response.point.fieldsDouble["missing"]' in (
        record.getMessage()
    )


def test_asking_for_a_missing_field_adds_nothing():
    """`in` and get are the ways to ask."""
    point = wire("x")
    before = point.SerializeToString()
    assert "y" not in point.fieldsDouble
    assert point.fieldsInt.get("x", 3) == 3
    assert len(point.fieldsBool) == 0
    assert point.SerializeToString() == before


def test_what_a_map_without_positions_cannot_do_is_said():
    """Lists of entries could be sorted; the error says what does the same for a reader."""
    point = wire("b", "a")

    with pytest.raises(TypeError, match=r"sorted\(fieldsDouble, key="):
        point.fieldsDouble.sort(key=lambda entry: entry.key)
    with pytest.raises(TypeError, match=r"\.add\(key="):
        point.fieldsDouble.insert(0, point.fieldsDouble[0])
    assert [entry.key for entry in sorted(point.fieldsDouble, key=lambda entry: entry.key)] == [
        "a",
        "b",
    ]
