"""Numbers of some fields, read as arrays, are those of the points."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb import Point
from kapnb.errors import RemoteProtocolError
from kapnb.protocol import encode_point, maybe_true, read_numbers, wire_point
from kapnb.protocol._wire import schema

NAMES = ("x", "y", "z")
VALUES = (
    st.floats()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 300)
    | st.booleans()
    | st.text(max_size=3)
)


@st.composite
def grouped_points(draw):
    """A point of one of a few groups, that may lack some of the fields."""
    host = draw(st.sampled_from(["", "a", "b", "longer", "ä"]))
    return Point(
        draw(st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES, min_size=1)),
        time=draw(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 300)),
        name="m",
        tags={"host": host, "dc": "é"} if host else {},
        dimensions=("host",) if host else (),
    )


def by_columns(raws, *, block, alike):
    found = {}
    with (
        mock.patch("kapnb.protocol._number_columns._BLOCK", block),
        mock.patch("kapnb.protocol._number_columns._ALIKE", alike),
    ):
        for name, group, times, values in read_numbers(raws, NAMES):
            rows = found.setdefault((name, group), [])
            rows += zip(times.tolist(), values.tolist(), strict=True)
    return repr(sorted(found.items()))


def by_points(raws):
    found = {}
    for point in map(wire_point, raws):
        for name in NAMES:
            value = point.fields.get(name, "")
            if not isinstance(value, str):
                found.setdefault((name, point.group), []).append((point.time, float(value)))
    return repr(sorted(found.items()))


@given(
    st.lists(grouped_points(), max_size=30),
    st.integers(1, 4),
    st.sampled_from([1, 7, 16_384]),
    st.sampled_from([1, 2, 8]),
)
def test_numbers_by_columns_are_those_of_the_points(points, times, block, alike):
    """Missing fields, ints, floats, booleans, texts, several groups: nothing differs."""
    raws = [encode_point(point) for point in points * times]
    assert by_columns(raws, block=block, alike=alike) == by_points(raws)


def test_a_name_in_two_maps_is_the_number_that_a_point_gives():
    """A double goes before an integer, a text before a boolean."""
    message = schema().Point(time=1, group="g")
    message.fieldsDouble["x"], message.fieldsInt["x"] = 1.5, 2
    message.fieldsString["y"], message.fieldsBool["y"] = "t", True
    raws = [message.SerializeToString()] * 3
    assert by_columns(raws, block=8, alike=1) == by_points(raws)
    assert "1.5" in by_points(raws)


def test_what_is_no_point_is_refused():
    """Also among points that are laid out alike."""
    good = encode_point(Point({"x": 1.0}, time=1))
    with pytest.raises(RemoteProtocolError):
        list(read_numbers([good] * 20 + [b"\xff" * len(good)], NAMES))
    bad = good.replace(b"x", b"\xff")
    with pytest.raises(RemoteProtocolError):
        list(read_numbers([bad] * 20, NAMES))


@given(st.lists(grouped_points(), max_size=30), st.sampled_from([1, 4, 99]))
def test_what_may_be_true_is_all_but_zeros(points, block):
    """Each true value is found, whatever its kind, and no number that is 0."""
    raws = [encode_point(point) for point in points]
    with (
        mock.patch("kapnb.protocol._number_columns._BLOCK", block),
        mock.patch("kapnb.protocol._number_columns._ALIKE", 2),
    ):
        found = maybe_true(raws, "x")
    values = [wire_point(raw).fields.get("x", "") for raw in raws]
    assert found == [row for row, value in enumerate(values) if value or isinstance(value, str)]
