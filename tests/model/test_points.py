"""Point and Batch: defaults, inheritance, copies, equality, text."""

import re

import pytest
from hypothesis import given

from harness import cpu, exact
from kapnb.model import INT_MAX, INT_MIN, Batch, BeginBatch, EndBatch, Point
from strategies import batches, points

ORIGIN = cpu(time=5, by_name=True)
#: What each attribute is when set, when left out, and when inherited from ORIGIN.
ATTRIBUTES = {
    "name": ("mem", "", "cpu"),
    "tags": ({"host": "b"}, {}, {"host": "a", "dc": "x"}),
    "dimensions": (("dc",), (), ("host",)),
    "by_name": (False, False, True),
    "database": ("other", "", "db"),
    "retention_policy": ("other", "", "rp"),
}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_what_is_left_out_is_empty_until_it_is_inherited(attribute):
    """A point made from scratch for a grouped input stays in its group."""
    _, empty, inherited = ATTRIBUTES[attribute]
    point = Point({"x": 1})
    assert getattr(point, attribute) == empty

    point = point.inherited(ORIGIN)

    assert getattr(point, attribute) == inherited


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_what_is_set_is_not_inherited(attribute):
    """Even where it is set to an empty value."""
    given, empty, _ = ATTRIBUTES[attribute]
    for value in (given, empty):
        point = Point({"x": 1}, **{attribute: value})

        point = point.inherited(ORIGIN)

        assert getattr(point, attribute) == value


@pytest.mark.parametrize("attribute", [name for name in ATTRIBUTES if name != "tags"])
def test_attributes_can_be_set_later(attribute):
    """Setting one is as good as giving it."""
    given, _, _ = ATTRIBUTES[attribute]
    point = Point({"x": 1})

    setattr(point, attribute, given)
    point = point.inherited(ORIGIN)

    assert getattr(point, attribute) == given


def test_a_point_without_time_says_so():
    """It inherits one when it is yielded, and not before."""
    point = Point({"x": 1})

    with pytest.raises(ValueError, match="no time yet"):
        point.time
    assert "time inherited" in repr(point)
    point = point.inherited(ORIGIN)
    assert point.time == 5


@pytest.mark.parametrize("time", [1.5, True, "0", None], ids=repr)
def test_a_time_that_is_no_int_is_refused(time):
    """Floats of seconds are the usual mistake."""
    point = Point({}, time=0)

    with pytest.raises(
        TypeError, match=r"a point's time \(nanoseconds since 1970, UTC\) must be an int"
    ):
        point.time = time
    assert point.time == 0


@pytest.mark.parametrize("time", [INT_MIN, INT_MAX, -1, -6795364578871345152], ids=str)
def test_every_int64_is_a_time(time):
    """Negative ones, and the wrapped zero time of Go, too."""
    assert Point({}, time=time).time == time
    with pytest.raises(ValueError, match="64-bit"):
        Point({}, time=2**63)


def test_the_point_that_inherits_is_a_copy():
    """It can be yielded again for another input."""
    point = Point({"x": 1})

    first, second = point.inherited(ORIGIN), point.inherited(cpu(time=6))

    assert (first.time, second.time) == (5, 6)
    assert not point.has_time


def test_a_complete_point_inherits_nothing():
    """It goes out as it is, not as a copy."""
    point = cpu(by_name=False)

    assert point.inherited(ORIGIN) is point


@pytest.mark.parametrize("missing", ["time", *ATTRIBUTES])
def test_a_point_that_lacks_anything_stays_as_it_is(missing):
    """What is filled is a copy, and writing to it leaves the point alone."""
    given = {"time": 7} | {name: values[0] for name, values in ATTRIBUTES.items()}
    del given[missing]
    point = Point({"x": 1}, **given)
    before = exact(point)

    filled = point.inherited(ORIGIN)
    filled.fields["x"] = 2
    filled.tags["host"] = "changed"

    assert filled is not point
    assert exact(point) == before


def test_one_dimension_may_be_a_str():
    """It is a name, not its letters."""
    point = Point({}, dimensions="host")
    assert point.dimensions == ("host",)

    point.dimensions = "rack"

    assert point.dimensions == ("rack",)


@pytest.mark.parametrize("name", [5, None, b"cpu"], ids=repr)
def test_a_name_that_is_no_str_is_refused(name):
    """Where it is set, not where it is sent."""
    with pytest.raises(TypeError, match="a point's name must be a str"):
        Point({}).name = name


@pytest.mark.parametrize("make", [Point, Batch])
def test_a_point_or_batch_is_not_made_with_a_name_that_is_no_str(make):
    """The same check as in the setter; None means that it is inherited."""
    with pytest.raises(TypeError, match=f"a {make.__name__.lower()}'s name must be a str, not int"):
        make({}, name=5)
    assert make({}, name=None).name == ""


def test_inherited_tags_are_the_points_own():
    """Writing to them leaves the input alone."""
    point = Point({"x": 1})
    point = point.inherited(ORIGIN)

    point.tags["host"] = "changed"

    assert ORIGIN.tags["host"] == "a"


def test_a_batch_inherits_what_was_left_out():
    """Name, tags, tmax and by_name."""
    origin = Batch([], name="cpu", tags={"host": "a"}, tmax=9, by_name=True)
    batch = Batch([Point({"x": 1})])
    with pytest.raises(ValueError, match="no tmax yet"):
        batch.tmax

    batch = batch.inherited(origin)

    assert (batch.name, batch.tags, batch.tmax, batch.by_name) == ("cpu", {"host": "a"}, 9, True)
    batch.tags["host"] = "b"
    assert origin.tags["host"] == "a"


def test_the_batch_that_inherits_is_a_copy():
    """With its points: it can be yielded again for another input."""
    point = Point({"x": 1})
    batch = Batch([point])
    origins = [Batch([], name="cpu", tags={"host": host}, tmax=9) for host in "ab"]

    filled = [batch.inherited(origin) for origin in origins]

    assert [item.group for item in filled] == ["host=a", "host=b"]
    assert [item.points[0].tags for item in filled] == [{"host": "a"}, {"host": "b"}]
    assert (batch.group, batch.tmax_or_none, batch.points) == ("", None, [point])
    assert not point.has_time


def test_a_batch_keeps_what_was_set():
    """Even where it is set to an empty value."""
    origin = Batch([], name="cpu", tags={"host": "a"}, tmax=9, by_name=True)
    batch = Batch([], name="", tags={}, tmax=0, by_name=False)

    batch = batch.inherited(origin)

    assert (batch.name, batch.tags, batch.tmax, batch.by_name) == ("", {}, 0, False)


@given(points())
def test_a_copy_is_equal_and_independent(point):
    """Changing either leaves the other alone."""
    before = exact(point)
    copy = point.copy()
    assert exact(copy) == before
    assert copy == point

    copy.fields["new"] = 1
    copy.tags["new"] = "1"
    copy.name, copy.dimensions, copy.time = "new", ["new"], 0

    assert exact(point) == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.with_fields(value=5, x=1.5), {"value": 5, "x": 1.5}),
        (lambda p: p.with_fields({"value": 5}), {"value": 5}),
        (lambda p: p.with_fields({"a": 1}, b=2), {"value": 1.0, "a": 1, "b": 2}),
        (lambda p: p.with_fields({"self": 1, "name": "x"}), {"value": 1.0, "self": 1, "name": "x"}),
        (lambda p: p.with_fields(self=1), {"value": 1.0, "self": 1}),
        (lambda p: p.with_fields(), {"value": 1.0}),
    ],
)
def test_with_fields_gives_a_copy(change, expected):
    """By keyword, by mapping, or both; any name is possible."""
    point = cpu()

    changed = change(point)

    assert exact(dict(changed.fields)) == exact(expected)
    assert exact(point) == exact(cpu())


def test_with_tags_gives_a_copy_that_may_be_in_another_group():
    """Changing a tag that is a dimension moves the point."""
    point = cpu()

    changed = point.with_tags({"dc": "y"}, host="b")

    assert changed.tags == {"host": "b", "dc": "y"}
    assert changed.group == "host=b"
    assert exact(point) == exact(cpu())


@pytest.mark.parametrize(
    "other",
    [
        cpu(2.0),
        cpu(time=1),
        cpu(host="b"),
        cpu(name="mem"),
        cpu(dimensions=[]),
        cpu(by_name=True),
        cpu(database=""),
        cpu(retention_policy=""),
        "no point",
    ],
)
def test_points_that_differ_are_not_equal(other):
    """In any of their parts."""
    assert cpu() == cpu()
    assert cpu() != other


def test_points_and_batches_cannot_be_hashed():
    """They can change."""
    for item in (cpu(), Batch([])):
        with pytest.raises(TypeError, match="unhashable"):
            hash(item)


@given(batches())
def test_batches_are_equal_by_value(batch):
    """Points, name, tags, tmax and by_name."""
    same = Batch(
        [point.copy() for point in batch.points],
        name=batch.name,
        tags=batch.tags,
        tmax=batch.tmax,
        by_name=batch.by_name,
    )

    assert exact([same.points, same.tags]) == exact([batch.points, batch.tags])
    assert len(same) == len(batch.points)
    assert Batch([], name="other than that" + batch.name) != batch
    assert batch != batch.points


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (cpu(), "Point(cpu host=a,dc=x 1970-01-01T00:00:00Z value=1.0)"),
        (Point({"a": "x", "b": True}), "Point((time inherited) a='x' b=True)"),
        (Point({}, time=1), "Point(1970-01-01T00:00:00.000000001Z)"),
        (Batch([]), "Batch((tmax inherited), 0 points)"),
        (
            Batch([cpu()], name="cpu", tags={"host": "a"}, tmax=10**9),
            "Batch(cpu host=a 1970-01-01T00:00:01Z, 1 point)",
        ),
    ],
    ids=["point", "from scratch", "no name", "bare batch", "batch"],
)
def test_points_and_batches_show_themselves(item, text):
    """On one line, in the order of line protocol."""
    assert repr(item) == text


def test_messages_are_values():
    """Equal by content, and unchangeable."""
    assert BeginBatch("m", tags={"a": "b"}) == BeginBatch("m", tags={"a": "b"})
    with pytest.raises(AttributeError):
        EndBatch().tmax = 1


def test_a_point_is_no_mapping_and_says_where_its_values_are():
    """Whoever comes from pandas tries it."""
    point = Point({"x": 1.5}, tags={"host": "a"})
    for name, text in (("x", "fields['x']"), ("host", "tags['host']"), ("y", "fields['y']")):
        with pytest.raises(TypeError, match=re.escape(f"write point.{text}")):
            point[name]
    with pytest.raises(TypeError, match="not iterable"):
        iter(point)
