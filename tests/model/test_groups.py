"""Group ids, as Kapacitor computes them (protocol.md A6)."""

import pytest

from kapnb.model import Batch, Group, Point, group_id, group_of


@pytest.mark.parametrize(
    ("name", "tags", "dimensions", "by_name", "expected"),
    [
        ("cpu", {"host": "a"}, [], False, ""),
        ("cpu", {"host": "a"}, ["host"], False, "host=a"),
        ("cpu", {"host": "a", "cpu": "0"}, ["cpu", "host"], False, "cpu=0,host=a"),
        ("cpu", {"host": "a", "cpu": "0"}, ["host", "cpu"], False, "host=a,cpu=0"),
        ("cpu", {}, ["host"], False, "host="),
        ("cpu", {"host": "a"}, ["host"], True, "cpu\nhost=a"),
        ("cpu", {"host": "a"}, [], True, "cpu"),
        ("", {}, [], True, ""),
        ("cpu", {"host": "a,b=c"}, ["host"], False, "host=a,b=c"),
        ("cpu", {"host": "a\nb"}, ["host"], True, "cpu\nhost=a\nb"),
    ],
    ids=[
        "no dimensions",
        "one tag",
        "two tags",
        "the order of dimensions",
        "a missing tag is empty",
        "by name",
        "by name alone",
        "by no name",
        "nothing is escaped",
        "not even a newline",
    ],
)
def test_the_group_id_is_kapacitors(name, tags, dimensions, by_name, expected):
    """Pairs joined by commas in dimension order; nothing is escaped."""
    assert group_id(name, tags, dimensions, by_name) == expected
    point = Point({}, name=name, tags=tags, dimensions=dimensions, by_name=by_name)
    assert point.group == expected


def test_a_batch_is_grouped_by_the_sorted_names_of_its_tags():
    """Its tags are the group's tags, all of them."""
    batch = Batch([], name="cpu", tags={"host": "a", "cpu": "0"}, by_name=True)

    assert batch.dimensions == ("cpu", "host")
    assert batch.group == "cpu\ncpu=0,host=a"


def test_the_group_of_a_point_has_its_own_tags_only():
    """A tag that is no dimension is not the group's; a missing one is empty."""
    point = Point({}, name="m", tags={"host": "a", "dc": "x"}, dimensions=["host", "rack"])

    assert group_of(point) == Group("host=a,rack=", ("host", "rack"), {"host": "a", "rack": ""})


def test_groups_can_be_keys():
    """Equal groups are one key, although tags are a dict."""
    point = Point({}, tags={"host": "a"}, dimensions=["host"])
    batch = Batch([], tags={"host": "a"})

    assert len({group_of(point), group_of(point), group_of(batch)}) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda point: setattr(point, "name", "mem"), "mem\nhost=a"),
        (lambda point: setattr(point, "by_name", False), "host=a"),
        (lambda point: setattr(point, "dimensions", ["dc"]), "cpu\ndc=x"),
        (lambda point: point.tags.update(host="b"), "cpu\nhost=b"),
        (lambda point: setattr(point, "time", 1), "cpu\nhost=a"),
    ],
    ids=["name", "by_name", "dimensions", "tag", "time"],
)
def test_the_group_follows_the_point(change, expected):
    """It is computed, never kept."""
    point = Point({}, name="cpu", tags={"host": "a", "dc": "x"}, dimensions=["host"], by_name=True)

    change(point)

    assert point.group == expected
