"""Foresight: points that were read ahead are what they are without."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import alike, exact, raw
from kapnb.errors import RemoteProtocolError
from kapnb.model import Point
from kapnb.protocol import Foresight, ProtobufCodec, split_frames
from kapnb.protocol._foresight import was_decoded
from kapnb.protocol._wire import WirePoint, wire_point
from strategies import field_values, int64s, points, texts

CODEC = ProtobufCodec(deterministic=True)
#: An entry of the field x = 1.0, and the same as text: such bytes may stand in a tag's value.
ENTRY = Point({"x": 1.0}, time=0)
LOOKS_LIKE_X = "B\x0c\n\x01x\x11" + 8 * "\0"


def answer(point, question):
    """Return what a point says, or that it raises."""
    try:
        return exact(question(point))
    except (KeyError, TypeError) as error:
        return repr(error)


QUESTIONS = {
    "group": lambda point: point.group,
    "time": lambda point: point.time,
    "x": lambda point: point.fields["x"],
    "y": lambda point: point.fields["y"],
    "get": lambda point: point.fields.get("x", "none"),
    "in": lambda point: "x" in point.fields,
    "all": lambda point: dict(point.fields),
    "tags": lambda point: dict(point.tags),
    "add": lambda point: sent(point.with_fields(mean=1.5)),
    "put": lambda point: sent(point.with_fields(x=2.5, y=7)),
    "copy": lambda point: sent(point.copy()),
    "set": lambda point: sent(changed(point)),
    "whole": lambda point: sent(point),
}


def sent(point):
    """Return what Kapacitor decodes of a point, each map of fields for itself, too."""
    (body,) = split_frames(CODEC.encode_response(point, in_batch=False))
    decoded = CODEC.decode_response(body)
    message = decoded.parse()
    maps = message.fieldsDouble, message.fieldsInt, message.fieldsString, message.fieldsBool
    return [decoded, *map(dict, maps)]


def changed(point):
    """Set a field and the time in place."""
    point.fields["x"] = 9.5
    point.time = 77
    return point


kinds = st.dictionaries(st.sampled_from(["x", "y", "mean"]), field_values, max_size=3)
#: Points as a stream has them: all with the double x, mostly.
regular = points(
    fields=st.fixed_dictionaries(
        {"x": st.floats()}, optional={"y": st.floats(), "mean": field_values}
    )
) | st.builds(
    Point,
    st.just({"x": 0.5}),
    time=int64s,
    name=texts,
    tags=st.fixed_dictionaries({"h": texts | st.just(LOOKS_LIKE_X)}),
    dimensions=st.just(["h"]),
)
streams = st.lists(regular, min_size=6, max_size=9) | st.lists(
    regular | points(fields=kinds), min_size=6, max_size=9
)


def asked(run, ask, lists=4, ahead=None):
    """Ask the same of all points of some lists; return those of the last."""
    ahead = ahead or Foresight()
    for _ in range(lists):
        points = list(ahead.points(run))
        for at, item in enumerate(points):
            points[at] = item = wire_point(item) if isinstance(item, bytes) else item
            ask(item)
    return points


def average(point):
    """Ask what a moving average does."""
    return point.group, point.fields["x"], point.with_fields(mean=1.0)


@given(streams, st.lists(st.sampled_from(sorted(QUESTIONS)), min_size=1, max_size=4))
@example([Point({"x": 1.0, "mean": True}, time=at) for at in range(7)], ["add"])
@example([Point({"x": 1.0}, time=at) for at in range(7)], ["put", "x"])
def test_a_point_read_ahead_says_what_it_says_by_itself(stream, questions):
    """Any points, any questions and changes in any order, after a moving average was learned."""
    ahead, run = Foresight(), [raw(point) for point in stream]
    asked(alike(8), average, ahead=ahead)
    for _ in range(3):
        for data, item in zip(run, ahead.points(run), strict=True):
            point = wire_point(item) if isinstance(item, bytes) else item
            alone = wire_point(data)
            for name in questions:
                assert answer(point, QUESTIONS[name]) == answer(alone, QUESTIONS[name])


@pytest.mark.parametrize(
    "ask",
    [
        average,
        lambda point: point.group,
        lambda point: (point.fields["x"], point.time),
        lambda point: point.with_fields(twice=2 * point.fields["x"], again=1),
    ],
    ids=["average", "group", "time", "no group"],
)
def test_what_every_point_is_asked_is_read_of_all_at_once(ask):
    """None is decoded by itself, once it is known what will be asked."""
    points = asked(alike(9), ask)

    assert not any(map(was_decoded, points))


@pytest.mark.parametrize(
    "ask",
    [
        lambda point: None,
        lambda point: point.tags["h"],
        lambda point: dict(point.fields),
        lambda point: point.fields["n"],
        lambda point: point.fields.get("none"),
        lambda point: setattr(point, "time", 5),
    ],
    ids=["nothing", "tags", "all fields", "an int", "a missing one", "a change"],
)
def test_nothing_is_read_ahead_where_that_does_not_help(ask):
    """Such points come as they are, apart from one now and then that is watched."""
    ahead, run, read = Foresight(), alike(9), 0
    for _ in range(100):
        for item in ahead.points(run):
            if isinstance(item, bytes):
                ask(wire_point(item))
            else:
                read += 1
                ask(item)

    assert read <= 6 * (1 + 9 + 9)


def test_a_lone_point_is_not_read_ahead():
    """A few points are decoded faster one by one."""
    ahead, run = Foresight(), alike(9)
    for item in ahead.points(run) + ahead.points(run):
        average(wire_point(item) if isinstance(item, bytes) else item)

    assert ahead.points(run[:1]) == run[:1]


@pytest.mark.parametrize("tag", [LOOKS_LIKE_X, LOOKS_LIKE_X * 2])
@pytest.mark.parametrize("dimensions", [["h"], []], ids=["grouped", "not grouped"])
def test_a_text_that_looks_like_a_field_is_none(tag, dimensions):
    """Tags may hold any characters, those of an encoded field among them."""
    assert LOOKS_LIKE_X[:-8].encode() in raw(ENTRY)
    run = [
        raw(Point({"x": 7.5}, time=1, tags={"h": tag, "i": str(at)}, dimensions=dimensions))
        for at in range(8)
    ]

    points = asked(run, average)

    assert [point.fields["x"] for point in points] == [7.5] * 8
    assert {point.group for point in points} == {wire_point(run[0]).group}


def test_a_value_that_looks_like_a_field_stays_what_it_is():
    """Eight bytes hold the beginning of an entry whose name is short."""
    (odd,) = struct.unpack("<d", b"B\x0c\n\x01x\x11\x05@")
    run = [raw(Point({"x": odd if at == 3 else 0.5}, time=at)) for at in range(1, 9)]
    ahead = Foresight()
    asked(alike(8), average, ahead=ahead)

    points = asked(run, average, ahead=ahead)

    assert [point.fields["x"] for point in points] == [0.5, 0.5, odd] + [0.5] * 5


def test_a_text_and_the_field_behind_it_are_no_other_field():
    """A tag ends as an entry begins, and what follows, an entry of its own, completes it."""
    usual = raw(Point({"xB": 1.5}, time=9, tags={"h": "a"}))
    odd = raw(Point({"others": 2.5}, time=9, tags={"h": "B\r\n\x02x"}))
    assert b"B\r\n\x02xB\x11" in odd
    ahead = Foresight()
    for run in ([usual] * 8, [usual] * 8, [usual] * 7 + [odd]):
        items = ahead.points(run)
        for item in items[:7]:
            assert (wire_point(item) if isinstance(item, bytes) else item).fields["xB"] == 1.5

    last = wire_point(items[7]) if isinstance(items[7], bytes) else items[7]
    with pytest.raises(KeyError):
        last.fields["xB"]


def test_points_of_a_protocol_to_come_are_not_read_ahead():
    """They have fields that nobody knows yet, and columns might be taken from these."""
    run = [data + b"\x6a\x08" + 8 * b"\1" for data in alike(8)]
    ahead = Foresight()
    for _ in range(3):
        items = ahead.points(run)
        average(items[0] if isinstance(items[0], WirePoint) else wire_point(items[0]))

    assert all(isinstance(item, bytes) for item in items)


def test_a_name_that_no_text_can_be_is_asked_for_without_harm():
    """The Handler gets the error that it gets of any point, and goes on."""
    ahead = Foresight()
    for _ in range(3):
        (first, *_) = ahead.points(alike(8))
        point = wire_point(first) if isinstance(first, bytes) else first
        with pytest.raises((KeyError, UnicodeEncodeError)):
            point.fields["\ud800"]


def test_points_without_group_have_the_group_of_none():
    """The empty group is not on the wire."""
    run = [raw(Point({"x": float(at)}, time=1)) for at in range(8)]

    points = asked(run, average)

    assert {point._group for point in points} == {""}


def test_values_are_not_shifted_from_point_to_point():
    """One point without the field beside one that has it twice: as many values as points."""
    twice = raw(Point({"x": 1.0}, time=1)) + raw(Point({"x": 2.0}, time=1))
    without = raw(Point({"y": 3.0}, time=1))
    ahead = Foresight()
    for run in (alike(8), alike(8), [twice, without] * 4):
        seen = [
            answer(wire_point(item) if isinstance(item, bytes) else item, QUESTIONS["x"])
            for item in ahead.points(run)
        ]

    assert seen == [answer(wire_point(data), QUESTIONS["x"]) for data in run]


def test_a_broken_point_is_found_when_its_turn_comes():
    """Those before it are handled; what it is joined with does not make it whole."""
    ahead = Foresight()
    good = alike(7)
    for run in (good, good, [*good, b"\x0a\xff", good[0]]):
        points = [
            wire_point(item) if isinstance(item, bytes) else item for item in ahead.points(run)
        ]
        for point in points[:7]:
            average(point)

    with pytest.raises(RemoteProtocolError, match="could not be decoded"):
        average(points[7])


def test_a_broken_point_that_is_watched_does_no_harm():
    """The Handler that skips it has met the error, and the points after it are read."""
    ahead, run = Foresight(), [b"\x0a\xff", *alike(7)]
    for item in ahead.points(run)[:1]:
        with pytest.raises(RemoteProtocolError):
            average(item)

    assert ahead.points(alike(7)) == alike(7)
    assert exact(asked(alike(7), average, 40, ahead)) == exact(list(map(wire_point, alike(7))))


def test_a_cut_point_does_not_eat_into_the_next():
    """One that claims bytes which are the next one's."""
    ahead = Foresight()
    good = alike(7)
    cut = good[3] + b"\x3a\x04"
    for run in (good, good, [*good[:3], cut, *good[4:]]):
        items = ahead.points(run)
        for item in items[:3]:
            average(wire_point(item) if isinstance(item, bytes) else item)

    assert items[3] == cut


def test_a_point_that_is_kept_stays_what_it_is():
    """A Handler may keep points; what was read ahead of them stays, and so do their bytes."""
    kept = asked(alike(8), average)
    asked(list(reversed(alike(8))), average)

    assert [point.fields["x"] for point in kept] == [at / 7 for at in range(8)]
    assert [exact(dict(point.fields)) for point in kept] == [
        exact({"n": at, "x": at / 7}) for at in range(8)
    ]


def test_a_field_that_was_read_ahead_can_be_replaced():
    """Setting it in place, or in a copy, changes the one point only."""
    first, second, *_ = asked(alike(8), average)

    first.fields["x"] = 5.0
    replaced = second.with_fields(x=6.0)

    assert first.fields["x"] == 5.0
    assert dict(replaced.fields)["x"] == replaced.fields["x"] == 6.0
    assert second.fields["x"] == 1 / 7


def test_a_handler_that_asks_for_more_later_is_watched_again():
    """First a moving average; then the tags, for a while; then a moving average again."""
    ahead, run = Foresight(), alike(8)

    def feed(ask, lists):
        for _ in range(lists):
            items = ahead.points(run)
            for item in items:
                ask(wire_point(item) if isinstance(item, bytes) else item)
        return [type(item) for item in items]

    assert feed(average, 4) == [WirePoint] * 8
    assert feed(lambda point: point.tags["h"], 4) == [bytes] * 8
    assert feed(average, 40) == [WirePoint] * 8
