"""Queries to a real InfluxDB 1.x, Debian's in CI."""

import urllib.parse
from pathlib import Path

import influxdb
import pytest

from kapnb import BATCH, STREAM, Handler, simulate
from kapnb.errors import SourceError
from kapnb.model import INT_MAX, Batch, Point, Source
from kapnb.sources import InfluxQuery, StreamRecording, open_source, render_line, typed
from kapnb.testing import check_source

pytestmark = pytest.mark.influxdb

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"

LINES = f"""\
odd,host=a,rack=r1 n={INT_MAX}i,x=1,s="a b",ok=true 1700000000000000001
odd,host=b,rack=r1 n=2i 1700000000000000000
odd,host=a,rack=r2 x=0.5 1700000000000000002
odd v=3 1700000000000000003
"""


@pytest.fixture(scope="module")
def query(influxdb_port):
    """Return a function that makes a query to a database which holds LINES and a recording."""
    client = influxdb.InfluxDBClient("localhost", influxdb_port, database="kapnb")
    client.create_database("kapnb")
    client.write(LINES.split("\n")[:-1], params={"db": "kapnb"}, protocol="line")
    points = StreamRecording(RECORDINGS / "host_cpu.srpl")
    client.write([render_line(point) for point in points], params={"db": "kapnb"}, protocol="line")
    client.close()

    def query(text, **more):
        return InfluxQuery(text, "kapnb", port=influxdb_port, **more)

    return query


def test_each_series_is_a_batch_with_the_types_that_were_written(query):
    """Group tags on the batch and its points, nulls absent, times to the nanosecond."""
    source = query("SELECT * FROM odd GROUP BY host")
    assert isinstance(source, Source)
    assert source.edge is BATCH
    bare, first, second = source
    at = 1_700_000_000_000_000_000
    assert bare == Batch(
        [Point({"v": 3.0}, time=at + 3, tags={"host": ""})],
        name="odd",
        tags={"host": ""},
        tmax=at + 3,
    )
    assert first == Batch(
        [
            Point(
                {"n": INT_MAX, "ok": True, "rack": "r1", "s": "a b", "x": 1.0},
                time=at + 1,
                tags={"host": "a"},
            ),
            Point({"rack": "r2", "x": 0.5}, time=at + 2, tags={"host": "a"}),
        ],
        name="odd",
        tags={"host": "a"},
        tmax=at + 2,
    )
    assert type(first.points[0].fields["n"]) is int
    assert type(first.points[0].fields["x"]) is float
    assert second.group == "host=b"
    assert first.group == "host=a"
    check_source(source)


def test_a_stream_is_the_points_as_they_were_written(query):
    """All series in the order of time, without the tags that a point does not have."""
    points = list(query("SELECT * FROM odd GROUP BY *", edge=STREAM))
    assert [render_line(point) for point in points] == [
        "odd,host=b,rack=r1 n=2i 1700000000000000000",
        f'odd,host=a,rack=r1 n={INT_MAX}i,ok=true,s="a b",x=1.0 1700000000000000001',
        "odd,host=a,rack=r2 x=0.5 1700000000000000002",
        "odd v=3.0 1700000000000000003",
    ]


def test_a_recording_comes_back_from_the_database(query):
    """2,484 points, by time and then by series."""
    source = query("SELECT * FROM cpu GROUP BY *", edge=STREAM)
    key = lambda point: (point.time, point.tags["cpu"])  # noqa: E731
    recorded = sorted(StreamRecording(RECORDINGS / "host_cpu.srpl"), key=key)
    for point in recorded:
        point.database = point.retention_policy = ""
    assert sorted(source, key=key) == recorded
    check_source(source)


def test_kapacitors_query_node_sees_doubles(query):
    """A typing mode, since InfluxDB itself tells ints and floats apart."""
    (batch, *_) = typed(query("SELECT n FROM odd WHERE host = 'b' GROUP BY host"), "query")
    assert type(batch.points[0].fields["n"]) is float


def test_aggregates_and_a_given_tmax_are_read(query):
    """A window without data gives a row of nulls, which is no point."""
    (batch,) = query(
        "SELECT mean(x) FROM odd WHERE time >= 1700000000000000000 AND time < 1700000000000000010 "
        "GROUP BY time(1ns) fill(null)",
        tmax=1_700_000_000_000_000_010,
    )
    assert [(point.time % 100, dict(point.fields)) for point in batch.points] == [
        (1, {"mean": 1.0}),
        (2, {"mean": 0.5}),
    ]
    assert batch.tmax % 100 == 10


def test_a_handler_runs_on_a_query(query):
    """Named by an address, as on the command line."""

    class Count(Handler):
        wants, provides = BATCH, STREAM

        def batch(self, batch):
            yield Point({"n": len(batch)}, time=batch.tmax)

    source = query("")
    text = urllib.parse.quote("SELECT usage_user FROM cpu GROUP BY cpu")
    done = simulate(Count, f"influxdb://localhost:{source.port}/kapnb?q={text}")
    assert [output.item.fields["n"] for output in done.outputs] == [828, 828, 828]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("CHOOSE 1", "the query is refused: 400: .*error parsing query: found CHOOSE"),
        ("SELECT mean(s) FROM odd", "the query is refused: .*unsupported mean iterator"),
        ("SHOW DATABASES", "the result has no times"),
        ("SELECT v FROM odd; SELECT v FROM odd", "2 statements; a Source is one SELECT"),
    ],
)
def test_what_the_server_refuses_is_a_source_error_in_its_words(query, text, problem):
    """With the server and the database."""
    with pytest.raises(SourceError, match=f"InfluxDB localhost:.*, database 'kapnb': {problem}"):
        list(query(text))


def test_a_database_that_is_not_there_is_named(query, influxdb_port):
    """InfluxDB says so."""
    with pytest.raises(SourceError, match="database not found: nowhere"):
        list(InfluxQuery("SELECT * FROM m", "nowhere", port=influxdb_port))


def test_a_result_that_the_server_cuts_off_is_no_result(query, influxdb_port):
    """max-row-limit would otherwise leave data out unseen."""
    client = influxdb.InfluxDBClient("localhost", influxdb_port, database="kapnb")
    client.write([f"many v=1 {n}" for n in range(10_001)], params={"db": "kapnb"}, protocol="line")
    client.close()
    with pytest.raises(SourceError, match=r"max-row-limit.*narrow the time range"):
        list(query("SELECT v FROM many"))
    assert len(list(query("SELECT v FROM many LIMIT 9999", edge=STREAM))) == 9999


def test_nothing_found_is_nothing(query):
    """As Kapacitor, which then sends no batch."""
    assert list(query("SELECT * FROM nothing")) == []


def test_user_and_password_are_sent_and_not_shown(start_influxdb):
    """And without them the server says what is missing."""
    port = start_influxdb(auth=True)
    client = influxdb.InfluxDBClient("localhost", port, "root", "s e&cret")
    client.query("CREATE USER root WITH PASSWORD 's e&cret' WITH ALL PRIVILEGES", method="POST")
    client.create_database("kapnb")
    client.write(["m v=1 1"], params={"db": "kapnb"}, protocol="line")
    client.close()
    address = f"root:{urllib.parse.quote('s e&cret')}@localhost:{port}/kapnb?q=SELECT+*+FROM+m"
    source = open_source(f"influxdb://{address}&edge=stream")
    assert [point.fields for point in source] == [{"v": 1.0}]
    assert "cret" not in repr(source)
    with pytest.raises(SourceError, match=r"401: .*username required"):
        list(open_source(f"influxdb://{address.partition('@')[2]}"))
