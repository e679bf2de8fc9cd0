"""The functions of InfluxQL on batches and on streams."""

from __future__ import annotations

import math
import statistics

import pytest
from flow import S, flowed, points, run

from kapnb import Point

VALUES = (4.0, 1.0, 3.0, 1.0)


def rows(values, **more) -> list[Point]:
    """Return one window of 10 s with these values, and a point that ends it."""
    tags = {"host": "a", "dc": "x"}
    window = [
        Point({"v": value, **more}, time=number * S, name="m", tags=tags)
        for number, value in enumerate(values)
    ]
    return [*window, Point({"v": values[-1], **more}, time=10 * S, name="m", tags=tags)]


def result(call: str, values=VALUES, **more) -> Point:
    script = f"stream|from().groupBy('host')|window().period(10s).every(10s)|{call}"
    (point,) = flowed(script, rows(values, **more))
    return point


@pytest.mark.parametrize(
    ("call", "values", "expected"),
    [
        ("count('v')", VALUES, 4),
        ("count('v')", ("a", "b"), 2),
        ("sum('v')", VALUES, 9.0),
        ("sum('v')", (1, 2), 3),
        ("mean('v')", VALUES, 2.25),
        ("mean('v')", (1, 2), 1.5),
        ("median('v')", VALUES, 2.0),
        ("median('v')", (3, 1, 2), 2.0),
        ("mode('v')", VALUES, 1.0),
        ("mode('v')", (5,), 5),
        ("spread('v')", VALUES, 3.0),
        ("spread('v')", (1, 5), 4),
        ("stddev('v')", VALUES, statistics.stdev(VALUES)),
        ("stddev('v')", (2.0,), 0.0),
        ("first('v')", VALUES, 4.0),
        ("last('v')", VALUES, 1.0),
        ("min('v')", VALUES, 1.0),
        ("max('v')", VALUES, 4.0),
        ("percentile('v', 50.0)", VALUES, 1.0),
        ("percentile('v', 100.0)", VALUES, 4.0),
        ("last('v')", (True, False), False),
    ],
)
def test_a_batch_gives_one_value_of_the_right_type(call, values, expected):
    """Ints stay ints but for mean, median and stddev."""
    point = result(call, values)
    value = point.fields[call.partition("(")[0]]

    assert type(value) is type(expected)
    assert value == pytest.approx(expected)


def test_an_aggregate_has_the_batch_s_time_and_the_group_s_tags():
    """Fields and tags of the points are gone; no database is left."""
    point = result("mean('v').as('average')", other=1)

    assert (point.time, dict(point.tags), point.dimensions) == (10 * S, {"host": "a"}, ("host",))
    assert dict(point.fields) == {"average": 2.25}
    assert point.database == ""


def test_a_selector_has_the_fields_and_tags_of_its_point():
    """One field gets another name; the time is the batch's unless the point's is wanted."""
    point = result("max('v').as('top')", other=1)
    timed = result("min('v').usePointTimes()")

    assert dict(point.fields) == {"other": 1, "top": 4.0}
    assert dict(point.tags) == {"host": "a", "dc": "x"}
    assert (point.time, timed.time) == (10 * S, 1 * S)


def test_an_empty_batch_counts_zero_and_has_no_mean():
    """count and sum take empty batches, the others give nothing."""
    data = points(0, 100)
    window = "stream|from()|window().period(5s).every(10s)"

    assert [dict(p.fields) for p in flowed(f"{window}|count('x')", data)] == [{"count": 0}]
    assert [dict(p.fields) for p in flowed(f"{window}|sum('x')", data)] == [{"sum": 0.0}]
    assert flowed(f"{window}|mean('x')", data) == []


def test_a_percentile_beyond_the_points_gives_nothing():
    """The index of percentile 0 is before the first."""
    script = "stream|from()|window().period(10s).every(10s)|percentile('v', 0.0)"

    assert flowed(script, rows(VALUES)) == []


def test_on_a_stream_points_of_one_time_are_taken_together():
    """A later time hands them on; the last ones stay."""
    data = [
        Point({"v": value}, time=time * S, name="m", tags={})
        for time, value in ((1, 1.0), (1, 3.0), (2, 5.0), (3, 7.0))
    ]

    means = flowed("stream|from()|mean('v')", data)

    assert [(point.time // S, point.fields["mean"]) for point in means] == [(1, 2.0), (2, 5.0)]


def test_distinct_gives_a_batch_of_the_different_values():
    """In the order of their times."""
    script = "stream|from()|window().period(10s).every(10s)|distinct('v')"

    (batch,) = flowed(script, rows((3.0, 1.0, 3.0)))

    assert [point.fields["distinct"] for point in batch.points] == [3.0, 1.0]
    assert {point.time for point in batch.points} == {10 * S}


def test_values_of_another_type_are_left_out_and_named():
    """The first value decides; a string has no mean."""
    window = "stream|from()|window().period(10s).every(10s)"
    mixed = run(f"{window}|mean('v')|log()", rows((1.0, 2, 3.0)))
    text = run(f"{window}|mean('v')|log()", rows(("a", "b")))
    missing = run(f"{window}|mean('nope')|log()", rows((1.0,)))

    assert mixed.logs[0].item.fields["mean"] == 2.0
    assert mixed.warnings == ["mean3: failed to aggregate point: field v has wrong type: got int64"]
    assert text.logs == []
    assert (
        "invalid influxql func mean with field v: cannot apply mean to string field"
        in (text.warnings[0])
    )
    assert 'field "nope" missing from point' in missing.warnings[0]


def test_sums_are_rounded_as_influxdb_rounds_them():
    """One addition after the other, without compensation."""
    point = result("sum('v')", (0.1, 0.2, 0.3, 1e16, -1e16))

    assert point.fields["sum"] == 0.1 + 0.2 + 0.3 + 1e16 - 1e16
    assert not math.isclose(point.fields["sum"], 0.6)
