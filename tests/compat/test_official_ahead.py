"""Points that were read ahead look like those that were not, whatever a script does to them."""

from hypothesis import example, given
from hypothesis import strategies as st

from harness import alike, exact, raw
from kapnb.compat import udf_pb2
from kapnb.compat._official import _read_ahead, _was_decoded
from kapnb.model import Point
from kapnb.protocol import Foresight, wire_point
from strategies import points

names = st.sampled_from(["x", "y", "mean"])
numbers = st.floats(allow_nan=False)


def response(point):
    """Copy a point into a Response, as official handlers do."""
    written = udf_pb2.Response()
    written.point.CopyFrom(point)
    return point_of(written.point.SerializeToString())


def point_of(data):
    """Return what Kapacitor decodes."""
    return exact(wire_point(data))


def entry_of(point, name):
    """Look for a field as handlers of the older generation do."""
    return [entry.value for entry in point.fieldsDouble if entry.key == name]


def scale(point, name, value):
    """Change a field by itself."""
    point.fieldsDouble[name] *= value


def clear(point, name, value):
    """Empty the point, and begin anew."""
    point.Clear()
    point.fieldsDouble[name] = value


ACTIONS = {
    "group": lambda point, name, value: point.group,
    "time": lambda point, name, value: point.time,
    "read": lambda point, name, value: point.fieldsDouble[name],
    "get": lambda point, name, value: point.fieldsDouble.get(name, value),
    "in": lambda point, name, value: name in point.fieldsDouble,
    "position": lambda point, name, value: len(point.fieldsDouble) and point.fieldsDouble[0].value,
    "entries": lambda point, name, value: entry_of(point, name),
    "items": lambda point, name, value: dict(point.fieldsDouble.items()),
    "tags": lambda point, name, value: dict(point.tags.items()),
    "set": lambda point, name, value: point.fieldsDouble.__setitem__(name, value),
    "scale": scale,
    "delete": lambda point, name, value: point.fieldsDouble.pop(name, 0.0),
    "set int": lambda point, name, value: point.fieldsInt.__setitem__(name, 7),
    "set time": lambda point, name, value: setattr(point, "time", 77),
    "set group": lambda point, name, value: setattr(point, "group", name),
    "clear": clear,
    "merge": lambda point, name, value: point.MergeFrom(
        udf_pb2.Point(fieldsDouble={name: value}, group="merged")
    ),
    "take over": lambda point, name, value: point.CopyFrom(
        udf_pb2.Point(fieldsDouble={name: value})
    ),
    "write": lambda point, name, value: response(point),
}
#: What does not decode the whole point comes up more often.
actions = st.sampled_from(["group", "read", "set", "scale", "in"]) | st.sampled_from(
    sorted(ACTIONS)
)
steps = st.lists(st.tuples(actions, st.just("x") | names, numbers), min_size=2, max_size=6)
#: Points as a stream has them: all with the double x, mostly.
regular = points(fields=st.fixed_dictionaries({"x": numbers}, optional={"y": numbers}))
irregular = st.builds(Point, st.dictionaries(names, numbers | st.integers(0, 9)), time=st.just(1))
streams = st.lists(regular, min_size=6, max_size=8) | st.lists(
    regular | irregular, min_size=6, max_size=8
)


def shown(item):
    """Return a point as the script sees it, whether it was read ahead or not."""
    return udf_pb2.Point.FromString(item) if isinstance(item, bytes) else item


def usual(*steps):
    """Return points as a stream has them, and what is done to x of each."""
    stream = [
        Point({"x": at / 7, "y": 2.0}, time=at + 1, tags={"h": "a"}, dimensions=["h"])
        for at in range(7)
    ]
    return stream, [(step, "x", 3.0) for step in steps]


@given(streams, steps)
@example(*usual("scale", "read", "in", "get"))
@example(*usual("set", "group", "read"))
@example(*usual("set time", "time", "set group", "group"))
@example(*usual("delete", "in", "get"))
@example(*usual("clear", "group", "read"))
@example(*usual("merge", "group", "read"))
@example(*usual("take over", "group", "read"))
def test_a_point_read_ahead_behaves_like_one_that_was_not(stream, steps):
    """Any points; reads, changes and copies in any order, list after list, after x was learned."""
    run = [raw(point) for point in stream]
    ahead = Foresight(_read_ahead, _was_decoded)
    for _ in range(3):
        assert [shown(item).fieldsDouble["x"] for item in ahead.points(alike(8))]
    for _ in range(3):
        for data, item in zip(run, ahead.points(run), strict=True):
            point, alone = shown(item), shown(data)
            for step, name, value in steps:
                act = ACTIONS[step]
                assert exact(act(point, name, value)) == exact(act(alone, name, value))
            assert response(point) == response(alone)


def test_what_an_official_handler_asks_of_every_point_is_read_at_once():
    """The usual moving average decodes none, whichever way it looks for the field."""
    ahead, run = Foresight(_read_ahead, _was_decoded), alike(9)
    for _ in range(3):
        seen = [shown(item) for item in ahead.points(run)]
        for point in seen:
            assert point.group in {"h=0", "h=1"}
            if "x" in point.fieldsDouble:
                point.fieldsDouble["mean"] = point.fieldsDouble["x"] + point.fieldsDouble.get("x")
            point.fieldsDouble["again"] = point.fieldsDouble["x"]
            response(point)

    assert not any(map(_was_decoded, seen))


def test_a_kept_point_outlives_what_was_read_ahead():
    """Scripts keep points; a later list leaves them as they are."""
    ahead, run, kept = Foresight(_read_ahead, _was_decoded), alike(8), []
    for _ in range(4):
        for item in ahead.points(run):
            point = shown(item)
            assert point.fieldsDouble["x"] >= 0
            kept.append((point, point_of(point.SerializeToString())))

    assert all(point_of(point.SerializeToString()) == was for point, was in kept)
    assert [point.fieldsDouble["x"] for point, _ in kept] == [at / 7 for at in range(8)] * 4
    assert [point.fieldsInt["n"] for point, _ in kept] == list(range(8)) * 4
