"""Columns to encoded points, and encoded points to columns: as one by one."""

from __future__ import annotations

import random
import struct
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from kapnb.errors import LocalProtocolError, RemoteProtocolError
from kapnb.model import INT_MAX, INT_MIN, Point, Tags
from kapnb.protocol import (
    ProtobufCodec,
    SeriesEncoder,
    decode_columns,
    decode_times,
    encode_point,
    point_frames,
    row_point,
    wire_point,
)
from kapnb.protocol._layouts import read_layout
from kapnb.protocol._wire import schema

NAMES = ["a", "b", "é", "zz", "host", "x=1,y"]
#: Where a varint grows by a byte, and where it is as long as can be.
EDGES = [
    0,
    1,
    -1,
    INT_MIN,
    INT_MAX,
    *(1 << 7 * n for n in range(1, 9)),
    *((1 << 7 * n) - 1 for n in range(1, 10)),
]
ints = st.sampled_from(EDGES) | strategies.int64s
values = st.one_of(st.floats(), ints, strategies.texts, st.booleans())


def column(values, count):
    return st.lists(st.none() | values, min_size=count, max_size=count)


@st.composite
def tables(draw):
    """Draw times, tags, fields, and the same rows as points."""
    count = draw(st.integers(0, 5))
    times = draw(st.lists(ints, min_size=count, max_size=count))
    names = draw(st.permutations(NAMES))
    split = draw(st.integers(0, 3))
    tags = {name: draw(column(strategies.texts, count)) for name in names[:split]}
    kinds = st.sampled_from([st.floats(), ints, strategies.texts, st.booleans(), values])
    fields = {
        name: draw(kinds.flatmap(lambda kind: column(kind, count)))
        for name in names[split : draw(st.integers(split, 6))]
    }
    return times, tags, fields


def rows(columns, count):
    return [
        {name: values[row] for name, values in columns.items() if values[row] is not None}
        for row in range(count)
    ]


def points_of(table, name, dimensions, by_name):
    times, tags, fields = table
    count = len(times)
    for time, row_tags, row_fields in zip(
        times, rows(tags, count), rows(fields, count), strict=True
    ):
        chosen = sorted(row_tags) if dimensions == ("*",) else dimensions
        yield Point(
            row_fields, time=time, name=name, tags=row_tags, dimensions=chosen, by_name=by_name
        )


@given(
    tables(),
    st.sampled_from(["", "cpu", "é"]),
    st.sampled_from([(), ("*",), ("a", "gone")]),
    st.booleans(),
)
def test_rows_are_encoded_as_points_are(table, name, dimensions, by_name):
    """The very bytes, whatever the columns hold."""
    encoder = SeriesEncoder(name, dimensions, by_name=by_name)

    found = encoder.encode(*table)

    codec = ProtobufCodec(deterministic=True)
    points = list(points_of(table, name, dimensions, by_name))
    assert found == [encode_point(point) for point in points]
    frames = b"".join(codec.encode_request(point, in_batch=False) for point in points)
    assert point_frames(found) == frames


@given(st.lists(st.floats(), min_size=1, max_size=5), st.lists(ints, min_size=1, max_size=5))
def test_arrays_are_encoded_as_lists_are(floats, numbers):
    """NaN in an array of floats is an absent value; all else is as it is."""
    count = min(len(floats), len(numbers))
    floats, numbers = floats[:count], numbers[:count]
    encoder = SeriesEncoder("m", (), by_name=False)

    found = encoder.encode(
        np.array(numbers, np.int64), {}, {"f": np.array(floats), "i": np.array(numbers, np.int64)}
    )

    listed = [None if value != value else value for value in floats]
    assert found == encoder.encode(numbers, {}, {"i": numbers, "f": listed})


def test_zero_has_a_sign_and_nan_its_bits():
    """Doubles cross bit by bit."""
    odd = struct.unpack("<d", bytes.fromhex("0100000000 00f87f".replace(" ", "")))[0]

    (minus, nan) = SeriesEncoder("m", (), by_name=False).encode([1, 2], {}, {"f": [-0.0, odd]})

    assert minus.endswith(struct.pack("<d", -0.0))
    assert nan.endswith(bytes.fromhex("010000000000f87f"))


def test_many_series_do_not_pile_up(monkeypatch):
    """Tags that count are encoded all the same, and forgotten."""
    monkeypatch.setattr("kapnb.protocol._series._SERIES_MAX", 3)
    encoder = SeriesEncoder("m", ("n",), by_name=False)
    tags = [str(number) for number in range(10)]

    found = encoder.encode([0] * 10, {"n": tags}, {"x": [1.0] * 10})

    assert [wire_point(raw).group for raw in found] == [f"n={tag}" for tag in tags]
    assert len(encoder._series) <= 3


def test_text_that_has_no_encoding_is_refused():
    """By both encoders; the one for points says so in a sentence."""
    with pytest.raises(LocalProtocolError, match="cannot be put on the wire"):
        encode_point(Point({"s": "\ud800"}, time=0))
    with pytest.raises(ValueError, match="surrogates"):
        SeriesEncoder("m", (), by_name=False).encode([0], {}, {"s": ["\ud800"]})


def test_an_untouched_point_is_not_encoded_again():
    """It still is its bytes, in whatever order."""
    raw = encode_point(Point({"b": 1.0, "a": 2.0}, time=5))
    assert encode_point(wire_point(raw)) is raw
    assert encode_point(wire_point(raw).with_fields(a=3.0)) != raw


@given(st.lists(strategies.points(), max_size=5), st.sampled_from([(), ("zz", "b")]))
def test_columns_are_those_of_the_points(points, order):
    """Names by first appearance, then by the order given, then sorted; absent is None."""
    times, tags, fields = decode_columns([encode_point(point) for point in points], order=order)

    def place(name):
        return (order.index(name) if name in order else len(order)), name

    assert times == [point.time for point in points]
    for found, expected in (
        (tags, [point.tags for point in points]),
        (fields, [point.fields for point in points]),
    ):
        assert list(found) == list(
            dict.fromkeys(name for row in expected for name in sorted(row, key=place))
        )
        assert repr(rows(found, len(points))) == repr(
            [{name: row[name] for name in found if name in row} for row in expected]
        )


@pytest.mark.parametrize("block", [1, 2, 3, 4096])
def test_blocks_cannot_be_told(monkeypatch, block):
    """Gaps, new names and changed types fall on either side of a block's end."""
    monkeypatch.setattr("kapnb.protocol._columns._BLOCK", block)
    fields = [
        {"x": 1.5},
        {"x": 2.5},
        {"x": 2},
        {"y": "t", "x": 1.5},
        {"y": True},
        {"a": 1.0, "x": 0.5},
    ]
    raws = [encode_point(Point(row, time=n)) for n, row in enumerate(fields)]

    assert decode_columns(raws) == (
        [0, 1, 2, 3, 4, 5],
        {},
        {
            "x": [1.5, 2.5, 2, 1.5, None, 0.5],
            "y": [None, None, None, "t", True, None],
            "a": [None, None, None, None, None, 1.0],
        },
    )


@contextmanager
def alike(number):
    """Read points by their layouts if so many have one."""
    with mock.patch("kapnb.protocol._columns._ALIKE", number):
        yield


def columns_with(number, raws):
    with alike(number):
        times, tags, fields = decode_columns(raws)
    return repr((times, list(tags.items()), list(fields.items())))


@given(st.lists(strategies.points(), min_size=1, max_size=4), st.integers(0, 2**20))
def test_points_read_by_their_layouts_are_those_decoded_one_by_one(points, seed):
    """Many with the same names and lengths, in any order, some with other values."""
    chooser = random.Random(seed)
    pool = [encode_point(point) for point in points]
    pool += [encode_point(point.with_fields(n=chooser.randrange(300))) for point in points]
    raws = [chooser.choice(pool) for _ in range(20)]

    assert columns_with(1, raws) == columns_with(3, raws) == columns_with(10**9, raws)


@given(strategies.points(), st.data())
def test_bytes_written_in_another_way_are_read_right_or_left_to_protobuf(point, data):
    """A byte changed here and there: what protobuf can read is read as protobuf reads it."""
    raw = bytearray(encode_point(point))
    for _ in range(data.draw(st.integers(1, 3))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        wire_point(bytes(raw)).parse()
    except RemoteProtocolError:
        return
    assert columns_with(1, [bytes(raw)]) == columns_with(10**9, [bytes(raw)])


def test_the_usual_points_have_a_layout():
    """All types, times, tags, by name: none of it is left to protobuf."""
    point = Point(
        {"f": 1.5, "i": -3, "s": "text", "b": True, "e": ""},
        time=1_700_000_000_000_000_000,
        name="m",
        tags={"a": "1", "é": ""},
        dimensions=["a"],
        by_name=True,
        database="db",
        retention_policy="rp",
    )
    layout = read_layout(encode_point(point))
    assert sorted(value.name for value in layout.values) == ["a", "b", "e", "f", "i", "s", "é"]


#: A time of 5, then one thing that no encoder of ours writes.
IRREGULAR = {
    "two times": "0805 0806",
    "the same double twice": "0805 420c0a0178 11000000000000f03f 420c0a0178 110000000000000040",
    "the value before the key": "0805 4205 0a01781200 4a05 10070a0178",
    "a value that is its default": "0805 4a03 0a0178",
    "a key that is its default": "0805 4a02 1007",
    "an entry of more than key and value": "0805 4a07 0a0178 1007 1800",
    "a bool of two bytes": "0805 6206 0a0178 108001",
    "a length of four bytes and more": "0805 4a85808080 00 0a0178 1007",
    "an unknown field": "0805 6a0178",
    "text of another type": "0805 5205 0a0178 1007",
    "a time that does not end": "0880808080808080808080",
    "an entry that is cut off": "0805 4a05 0a01",
    "a name that is no text": "0805 4a05 0a01ff 1007",
}


@pytest.mark.parametrize("written", IRREGULAR.values(), ids=IRREGULAR)
def test_what_is_written_otherwise_is_left_to_protobuf(written):
    """What it reads is read, and what it refuses is refused."""
    raw = bytes.fromhex(written)
    assert read_layout(raw) is None
    try:
        expected = wire_point(raw)
        expected.parse()
    except RemoteProtocolError:
        with pytest.raises(RemoteProtocolError):
            decode_columns([raw] * 40)
        return
    times, tags, fields = decode_columns([raw] * 40)
    assert times == [expected.time] * 40
    assert rows(tags, 40) == [expected.tags] * 40
    assert rows(fields, 40) == [expected.fields] * 40


def test_more_layouts_than_are_tried_are_decoded_all_the_same():
    """One length, and other names in each point."""
    raws = [encode_point(Point({f"x{n:02}": float(n)}, time=n)) for n in range(40)]

    times, _, fields = decode_columns(raws)

    assert times == list(range(40))
    assert [fields[f"x{n:02}"][n] for n in range(40)] == [float(n) for n in range(40)]
    assert [sum(value is not None for value in column) for column in fields.values()] == [1] * 40


def test_a_number_that_ends_early_is_refused_among_others_alike():
    """It is as long as theirs, but what is left of its entry has no meaning."""
    good = encode_point(Point({"n": 300}, time=1))
    bad = good.replace(b"\xac\x02", b"\x2c\x02")
    with pytest.raises(RemoteProtocolError, match="could not be decoded"):
        decode_columns([good] * 40 + [bad])


def test_text_that_is_none_is_refused_among_others_alike():
    """The layout fits, its bytes are no UTF-8."""
    good = encode_point(Point({"s": "ab"}, time=1))
    bad = good.replace(b"ab", b"\xff\xfe")
    with pytest.raises(RemoteProtocolError, match="could not be decoded"):
        decode_columns([good] * 40 + [bad])


def test_as_many_fields_may_be_others():
    """The number of fields alone does not tell."""
    raws = [encode_point(Point({name: 1.0}, time=0)) for name in "xyx"]
    assert decode_columns(raws)[2] == {"x": [1.0, None, 1.0], "y": [None, 1.0, None]}


def test_a_name_in_two_maps_is_read_as_a_point_reads_it():
    """No agent sends that; if one does, frame and point agree."""
    message = schema().Point()
    message.fieldsDouble["x"], message.fieldsInt["x"], message.fieldsString["x"] = 1.5, 2, "3"
    raw = message.SerializeToString()
    assert decode_columns([raw])[2] == {"x": [wire_point(raw).fields["x"]]}


def test_bytes_that_are_no_point_are_refused():
    """As by the codec."""
    with pytest.raises(RemoteProtocolError, match="could not be decoded"):
        decode_columns([b"\xff"])


def test_a_rows_point_lists_its_columns_in_their_order():
    """Tags and fields; absent ones are left out. All else is as with other points."""
    point = Point({"z": 1.5, "a": 2}, time=3, name="m", tags={"t": "1", "b": "2"}, dimensions=["b"])

    found = row_point(encode_point(point), ("t", "b", "gone", "z", "a"))

    assert found == point
    assert (list(found.tags), list(found.fields)) == (["t", "b"], ["z", "a"])
    assert repr(found) == repr(point)
    assert (found.group, found.dimensions) == (point.group, ("b",))
    found.fields["a"], found.tags["b"] = 7, "3"
    assert (list(found.fields.values()), found.group) == ([1.5, 7], "b=3")
    assert isinstance(found.tags, Tags)


@given(st.lists(st.one_of(st.sampled_from(EDGES), st.integers(INT_MIN, INT_MAX)), max_size=20))
def test_times_are_read_without_the_rest(times):
    """Of any length; a time of zero is not written at all, and a point may be but a few bytes."""
    for name in ("", "some measurement"):
        points = [Point({"x": 1.5}, time=time, name=name) for time in times]
        assert decode_times([encode_point(point) for point in points]) == times
    assert decode_times([schema().Point(time=time).SerializeToString() for time in times]) == times


def test_bytes_that_are_no_point_have_no_time():
    """As everywhere."""
    with pytest.raises(RemoteProtocolError):
        decode_times([b"\xff" * 20])
