"""What becomes of the types of values on each way into Kapacitor."""

import pytest

from kapnb.errors import SourceError
from kapnb.model import BATCH, INT_MAX, STREAM, Batch, Point, Source
from kapnb.sources import Items, open_source, typed


def point(fields, **more):
    return Point(fields, **{"time": 5, "name": "m", "tags": {"source": "a"}, **more})


def arrive(fields, typing, **more):
    """Return the fields of one point as they arrive, with their types."""
    (arrived,) = typed(Items([point(fields)]), typing, **more)
    return {name: (type(value).__name__, value) for name, value in arrived.fields.items()}


VALUES = {"f": 1.5, "i": 3, "s": "x", "b": True}


def test_as_written_nothing_changes():
    """Not even the Source."""
    source = Items([point(VALUES)])
    assert typed(source, "written") is source


def test_a_query_makes_doubles_of_numbers():
    """Kapacitor does, and what is no number stays; beyond 2**53 an int is rounded."""
    assert arrive(VALUES, "query") == {
        "f": ("float", 1.5),
        "i": ("float", 3.0),
        "s": ("str", "x"),
        "b": ("bool", True),
    }
    assert arrive({"i": INT_MAX}, "query") == {"i": ("float", 2.0**63)}


@pytest.mark.parametrize(
    ("value", "arrived"),
    [
        (1.5, ("float", 1.5)),
        (3, ("float", 3.0)),
        (-1e-7, ("float", -1e-7)),
        (True, ("bool", True)),
        (False, ("bool", False)),
        ("t", ("bool", True)),
        ("5i", ("int", 5)),
        ("2.5", ("float", 2.5)),
        ('"quoted"', ("str", "quoted")),
    ],
)
def test_rest_writes_no_quotes(value, arrived):
    """So a text becomes what it looks like, and ints never reach a Handler as ints."""
    assert arrive({"v": value}, "rest") == {"v": arrived}


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (point({"v": 1, "s": "on"}), "500 to 'm,source=a v=1,s=on 5'… .invalid number 'on'"),
        (point({"s": ""}), "missing field value"),
        (point({"two words": 1}), "the service answers 500"),
        (point({"v": "1\nm"}), "the service answers 500"),
        (point({"v": "1 7\nm v=1"}), "a line break ends the line"),
        (point({"v": 1}, name="two words"), "the service answers 500"),
        (point({"v": 1}, tags={"source": "a b"}), "the service answers 500"),
        (point({"v": float("nan")}), "the service answers 500"),
        (point({"v": 1}, time=0), "takes the timestamp 0 for now"),
    ],
)
def test_what_rest_refuses_is_an_error_with_the_item(sent, problem):
    """Nothing is dropped behind the author's back."""
    with pytest.raises(SourceError, match=f"item 1: .*{problem}"):
        list(typed(Items([point({"v": 1}), sent]), "rest"))


def test_telegraf_drops_what_is_no_number():
    """Unless its settings name it; a tag is a field of the JSON like any other."""
    assert arrive(VALUES, "telegraf") == {"f": ("float", 1.5), "i": ("float", 3.0)}
    kept = arrive(VALUES, "telegraf", json_string_fields=["s", "b"])
    assert kept == {
        "f": ("float", 1.5),
        "i": ("float", 3.0),
        "s": ("str", "x"),
        "b": ("bool", True),
    }
    sent = Items([point({"v": 1}, tags={"source": "a", "host": "b"})])
    (arrived,) = typed(sent, "telegraf")
    assert arrived.tags == {"source": "a"}
    (arrived,) = typed(sent, "telegraf", tag_keys="host", json_string_fields="source")
    assert arrived.tags == {"host": "b"}
    assert arrived.fields == {"source": "a", "v": 1.0}


def test_a_point_without_a_field_left_does_not_arrive():
    """Telegraf sends none."""
    sent = Items([point({"s": "x"}), point({"v": 1})])
    assert [dict(arrived.fields) for arrived in typed(sent, "telegraf")] == [{"v": 1.0}]


@pytest.mark.parametrize("typing", ["query", "rest", "telegraf"])
def test_all_else_stays_and_the_original_too(typing):
    """Time, name, dimensions, database; and the Source's own points."""
    more = {"dimensions": ["source"], "by_name": True, "database": "d", "retention_policy": "r"}
    items = Items([point({"v": 1}, **more)])
    source = typed(items, typing)
    assert isinstance(source, Source)
    assert source.edge is STREAM
    assert list(source) == list(source) == [point({"v": 1.0}, **more)]
    assert type(items.items[0].fields["v"]) is int


@pytest.mark.parametrize("typing", ["query", "rest", "telegraf"])
def test_points_of_batches_arrive_likewise(typing):
    """With the batch's name, tags and tmax."""
    batch = Batch(
        [Point({"v": 1}, time=5, tags={"source": "a"}), Point({"v": 2}, time=6)],
        name="m",
        tags={"source": "a"},
        tmax=9,
        by_name=True,
    )
    source = typed(Items([batch]), typing)
    assert source.edge is BATCH
    (arrived,) = source
    assert arrived == batch
    assert [type(each.fields["v"]) for each in arrived.points] == [float, float]


def test_telegraf_leaves_a_batch_the_tags_it_makes():
    """Whatever was grouped by else is not there to be grouped by."""
    batch = Batch([Point({"v": 1}, time=5)], name="m", tags={"source": "a", "host": "b"}, tmax=9)
    (arrived,) = typed(Items([batch]), "telegraf")
    assert arrived.tags == {"source": "a"}


def test_open_source_takes_a_way():
    """As `simulate` hands it on."""
    (arrived,) = open_source([point({"v": 1})], typing="query")
    assert type(arrived.fields["v"]) is float
    with pytest.raises(SourceError, match="it must be one of written, query, rest, telegraf"):
        open_source([point({"v": 1})], typing="double")
