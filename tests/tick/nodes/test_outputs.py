"""|log, |httpOut, |influxDBOut: what is kept of what would leave Kapacitor."""

from __future__ import annotations

import json

from flow import S, points, run

from kapnb import Point

TAGGED = [
    Point({"x": 1.0, "n": 3}, time=time * S, name="m", tags={"host": "a", "dc": "x"})
    for time in (0, 1, 10)
]


def test_influxdb_gets_points_with_their_own_tags():
    """Name, database and tags of the script; a precision cuts times off."""
    script = (
        "stream|from().groupBy('host')|influxDBOut().database('d').retentionPolicy('r')"
        ".measurement('out').tag('by', 'me').precision('s').create()"
    )
    data = [Point({"x": 1.0}, time=1_999_999_999, name="m", tags={"host": "a"})]

    (record,) = run(script, data).records
    point = record.point

    assert record.as_dict() == {
        "sink": "influxdb_out2",
        "name": "out",
        "time": 1 * S,
        "tags": {"host": "a", "by": "me"},
        "fields": {"x": 1.0},
    }
    assert (point.database, point.retention_policy) == ("d", "r")


def test_points_of_a_batch_are_written_without_the_batch_s_tags():
    """A UDF that forgets their tags loses them; a window keeps them."""
    script = "stream|from().groupBy('host')|window().period(10s).every(10s)|influxDBOut()"

    records = run(script, TAGGED).records

    assert [record.as_dict()["tags"] for record in records] == [{"host": "a", "dc": "x"}] * 2
    assert {record.point.name for record in records} == {"m"}


def test_log_entries_say_level_prefix_and_what_flowed_past():
    """A batch is one entry."""
    script = "stream|from()|log().level('warn').prefix('P')|window().period(10s).every(10s)|log()"

    done = run(script, TAGGED)
    first, batch = done.records[0].as_dict(), done.sinks["log4"][0].as_dict()

    assert (first["sink"], first["level"], first["prefix"]) == ("log2", "WARN", "P")
    assert (first["time"], first["fields"]) == (0, {"x": 1.0, "n": 3})
    assert (batch["level"], batch["tmax"], len(batch["points"])) == ("INFO", 10 * S, 2)
    assert all(json.dumps(record.as_dict()) for record in done.records)


def test_http_serves_the_last_point_of_each_group_at_the_end():
    """Columns are sorted, time first; all tags are there."""
    done = run("stream|from().groupBy('host')|httpOut('top')", TAGGED)

    assert [record.as_dict() for record in done.records] == [
        {
            "sink": "http_out2",
            "endpoint": "top",
            "name": "m",
            "tags": {"host": "a", "dc": "x"},
            "columns": ["time", "n", "x"],
            "values": [["1970-01-01T00:00:10Z", 3, 1.0]],
        }
    ]


def test_http_serves_a_batch_with_the_tags_that_are_not_its_own_as_columns():
    """As Kapacitor makes rows of a batch."""
    done = run(
        "stream|from().groupBy('host')|window().period(10s).every(10s)|httpOut('top')", TAGGED
    )
    (series,) = (record.as_dict() for record in done.records)

    assert series["tags"] == {"host": "a"}
    assert series["columns"] == ["time", "dc", "n", "x"]
    assert series["values"][0] == ["1970-01-01T00:00:00Z", "x", 3, 1.0]


def test_records_are_in_the_order_of_arrival():
    """A sink further down comes after; the branches in the order of the script."""
    script = """
        var data = stream|from()
        data|log().prefix('1')|influxDBOut()
        data|log().prefix('2')
    """

    done = run(script, points(1, 2))

    assert [record.sink for record in done.records] == ["log2", "influxdb_out3", "log4"] * 2
