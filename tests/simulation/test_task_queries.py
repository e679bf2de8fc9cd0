"""|query answered from points."""

from __future__ import annotations

import pytest

from kapnb import Point, simulate
from kapnb.errors import TickError

S = 10**9
DATA = [
    Point({"x": number, "y": float(number)}, time=number * S, name="m", tags=tags)
    for number, tags in enumerate(
        [{"host": "b"}, {"host": "a"}, {}, {"host": "a", "dc": "1"}, {"host": "b"}]
    )
]


def batches(query: str, properties: str, data=DATA) -> list:
    script = f"batch|query('{query}'){properties}|log()"
    return [entry.item for entry in simulate({}, data, tick=script).logs]


def test_windows_end_when_the_query_stops_and_numbers_are_floats():
    """[stop - period, stop): the first query runs one every after the first point."""
    found = batches("SELECT x FROM m", ".period(2s).every(2s)")

    assert [batch.tmax // S for batch in found] == [2, 4, 6]
    assert [[point.time // S for point in batch.points] for batch in found] == [
        [0, 1],
        [2, 3],
        [4],
    ]
    assert [type(point.fields["x"]) for point in found[0].points] == [float, float]
    assert set(found[0].points[0].fields) == {"x"}


def test_groups_come_in_the_order_of_their_tags_and_a_missing_one_is_empty():
    """As InfluxDB sorts series; points carry the group's tags only."""
    found = batches(
        'SELECT x, y FROM "telegraf"."autogen"."m"',
        ".period(9s).every(9s).groupBy(\\'host\\')".replace("\\", ""),
    )

    assert [(batch.group, len(batch)) for batch in found] == [
        ("host=", 1),
        ("host=a", 2),
        ("host=b", 2),
    ]
    assert dict(found[0].tags) == {"host": ""}
    assert dict(found[1].points[1].tags) == {"host": "a"}


def test_a_star_gives_fields_and_tags_that_are_no_dimensions():
    """Tags come as strings among the fields."""
    found = batches("SELECT * FROM telegraf.autogen.m", ".period(9s).every(9s).groupBy('host')")

    assert dict(found[1].points[1].fields) == {"dc": "1", "x": 3.0, "y": 3.0}


def test_offset_and_align_move_the_windows():
    """align puts stops on multiples of every; offset sets them back."""
    aligned = batches("SELECT x FROM m", ".period(2s).every(3s).align()", DATA[1:])
    offset = batches("SELECT x FROM m", ".period(2s).every(2s).offset(1s)")

    assert [batch.tmax // S for batch in aligned] == [3, 6]
    assert [batch.tmax // S for batch in offset] == [1, 3, 5]


def test_another_database_or_measurement_gives_nothing():
    """And a warning says so."""
    run = simulate(
        {}, DATA, tick="batch|query('SELECT x FROM other..m').period(9s).every(9s)|log()"
    )

    assert run.logs == []
    assert run.warnings == ["the data gave the task nothing"]


@pytest.mark.parametrize(
    ("query", "properties", "message"),
    [
        ("SELECT mean(x) FROM m", ".every(1s)", "the query 'SELECT mean(x) FROM m' on points"),
        ("SELECT x FROM m WHERE y > 1", ".every(1s)", "on points is not simulated; give the task"),
        ("SELECT x FROM m", ".cron('* * * * *')", "property .cron of |query on points"),
        ("SELECT x FROM m", ".every(1s).groupBy(time(1s))", "groupBy(time(…)) of |query on points"),
    ],
)
def test_what_only_influxdb_can_answer_is_refused_by_name(query, properties, message):
    """A recording of the queries is the way out, and named."""
    with pytest.raises(TickError) as caught:
        batches(query, f".period(1s){properties}")

    assert message in str(caught.value)
    assert caught.value.line == 1
