"""Recordings that are written: Kapacitor's own text again, and what cannot be written."""

import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import SourceError, TargetError
from kapnb.model import INT_MAX, INT_MIN, Batch, Point
from kapnb.sources import BatchRecording, Items, StreamRecording, write_recording

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"


def text_of(path):
    """Return the unzipped text of a stream recording."""
    return gzip.decompress(path.read_bytes()).decode()


def json_of(path, query=0):
    """Return the unzipped text of one query of a batch recording."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(str(query)).decode()


def cpu(value=1.0, time=0, **tags):
    """Return a point of cpu."""
    return Point({"v": value}, time=time, name="cpu", tags=tags)


# ------------------------------------------------------------------------- streams


@pytest.mark.parametrize("name", ["host_cpu", "rec_stream", "rec_query_stream"])
def test_a_stream_recording_written_again_is_kapacitors_text_to_the_letter(tmp_path, name):
    """Order, escapes, numbers, database and retention policy."""
    source = StreamRecording(RECORDINGS / f"{name}.srpl")
    copy = tmp_path / "copy.srpl"
    assert write_recording(source, copy) == len(list(source))
    assert text_of(copy) == text_of(source.path)
    assert list(StreamRecording(copy)) == list(source)


def test_the_same_points_give_the_same_bytes(tmp_path):
    """No clock and no name of a file is in them."""
    paths = [tmp_path / "one.srpl", tmp_path / "other.srpl"]
    for path in paths:
        write_recording([cpu()], path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (100.0, "100"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1.5e22, "15000000000000000000000"),
        (-0.0, "-0"),
        (INT_MIN, "-9223372036854775808i"),
        (True, "true"),
        ('a "b" \\', '"a \\"b\\" \\\\"'),
    ],
)
def test_values_are_written_as_kapacitor_writes_them(tmp_path, value, written):
    """Go writes floats without exponent and without a point that says nothing."""
    path = tmp_path / "rec.srpl"
    write_recording([cpu(value)], path)
    assert text_of(path) == f"\n\ncpu v={written} 0\n"


def test_database_and_policy_can_be_given(tmp_path):
    """A replayed point reaches only tasks that name both."""
    path = tmp_path / "rec.srpl"
    own = Point({"v": 1}, time=0, name="m", database="db", retention_policy="week")
    for given_, lines in [
        ({}, "db\nweek\n"),
        ({"database": "other"}, "other\nweek\n"),
        ({"database": "other", "retention_policy": ""}, "other\n\n"),
    ]:
        write_recording([own], path, **given_)
        assert text_of(path) == f"{lines}m v=1i 0\n"
    write_recording([cpu()], path, database="other")
    assert text_of(path) == "other\nautogen\ncpu v=1 0\n"


def test_a_frame_becomes_a_stream_recording(tmp_path):
    """Its rows are read as everywhere; grouping says which columns are tags."""
    frame = pd.DataFrame({"time": [1, 2], "host": ["a", "b"], "n": [1, 2], "x": [0.5, None]})
    path = tmp_path / "rec.srpl"
    assert write_recording(frame, path, name="cpu", group_by="host", database="db") == 2
    assert text_of(path) == "db\nautogen\ncpu,host=a n=1i,x=0.5 1\ndb\nautogen\ncpu,host=b n=2i 2\n"


def test_batches_become_a_stream_in_the_order_of_time(tmp_path):
    """Named and tagged by their batches, which are left as they were."""
    batches = [
        Batch([Point({"v": 1}, time=3), Point({"v": 2}, time=1)], name="m", tags={"h": "a"}),
        Batch([Point({"v": 3}, time=2, tags={"h": "b", "x": "y"})], name="m", tags={"h": "b"}),
    ]
    path = tmp_path / "rec.srpl"
    assert write_recording(batches, path) == 3
    assert text_of(path).split("\n")[2::3] == ["m,h=a v=2i 1", "m,h=b,x=y v=3i 2", "m,h=a v=1i 3"]
    assert batches[0].points[0].name == ""


_values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(INT_MIN, INT_MAX),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=8),
    st.booleans(),
)
_points = st.builds(
    Point,
    st.dictionaries(st.sampled_from(["a", "b c", "ü=1"]), _values, min_size=1),
    time=st.integers(-(10**18), 10**18),
    name=st.sampled_from(["cpu", "two words"]),
    tags=st.dictionaries(st.sampled_from(["s", "t"]), st.sampled_from(["x", "y z", "a,b=c"])),
    database=st.sampled_from(["", "db"]),
    retention_policy=st.just("rp"),
)


@given(st.lists(_points, min_size=1, max_size=5))
def test_points_come_back_from_a_stream_recording(tmp_path_factory, points):
    """With the types of their values."""
    path = tmp_path_factory.mktemp("rec") / "rec.srpl"
    write_recording(points, path)
    back = list(StreamRecording(path))
    for ours, theirs in zip(back, points, strict=True):
        assert ours == theirs.with_fields()
        assert {k: type(v) for k, v in ours.fields.items()} == {
            k: type(v) for k, v in theirs.fields.items()
        }


# ------------------------------------------------------------------------- batches


def test_a_batch_recording_written_again_is_kapacitors_text_to_the_letter(tmp_path):
    """42 batches of real data."""
    source = BatchRecording(RECORDINGS / "host_cpu_batch.brpl")
    copy = tmp_path / "copy.brpl"
    assert write_recording(source, copy) == 42
    assert json_of(copy) == json_of(source.path)
    assert list(BatchRecording(copy)) == list(source)


def test_further_queries_are_further_entries(tmp_path):
    """A recording needs as many as its task has query nodes."""
    path = RECORDINGS / "rec_batch.brpl"
    copy = tmp_path / "copy.brpl"
    queries = [BatchRecording(path, query=query) for query in (0, 1)]
    write_recording(queries[0], copy, queries=queries[1:])
    for query in (0, 1):
        assert json_of(copy, query) == json_of(path, query)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"),
        (3, "3"),
        (1e-7, "1e-7"),
        (2e21, "2e+21"),
        (1e20, "100000000000000000000"),
        (-0.0, "-0"),
        (False, "false"),
        ("<ä&\u2028", '"\\u003cä\\u0026\\u2028"'),
    ],
)
def test_json_is_written_as_go_writes_it(tmp_path, value, written):
    """Which escapes what HTML would stumble over."""
    path = tmp_path / "rec.brpl"
    write_recording([Batch([cpu(value)], name="m", tmax=10**9, by_name=True)], path)
    assert json_of(path) == (
        '{"name":"m","tmax":"1970-01-01T00:00:01Z","group":"m","byname":true,'
        f'"points":[{{"fields":{{"v":{written}}},"tags":null,"time":"1970-01-01T00:00:00Z"}}]}}\n'
    )


def test_rows_become_one_batch_a_group(tmp_path):
    """As one query over all of them would give; tmax is the time of the last."""
    path = tmp_path / "rec.brpl"
    points = [cpu(1.0, 1, host="b"), cpu(2.0, 2, host="a"), cpu(3.0, 3, host="b")]
    assert write_recording(points, path, group_by="host") == 2
    first, second = BatchRecording(path)
    assert (first.group, first.tmax, len(first)) == ("host=a", 2, 1)
    assert (second.group, second.tmax, len(second)) == ("host=b", 3, 2)


def test_windows_and_measurements_can_be_asked_for(tmp_path):
    """The batches of a `batch|query` node with period and every."""
    path = tmp_path / "rec.brpl"
    points = [cpu(1.0, 10**9, host="b"), cpu(2.0, 2 * 10**9, host="a")]
    write_recording(points, path, group_by="*", by_measurement=True, period="2s", every="1s")
    assert [(batch.group, batch.tmax // 10**9, len(batch)) for batch in BatchRecording(path)] == [
        ("cpu\nhost=b", 2, 1),
        ("cpu\nhost=a", 3, 1),
        ("cpu\nhost=b", 3, 1),
        ("cpu\nhost=a", 4, 1),
    ]


def test_a_batch_without_tmax_has_that_of_its_last_point(tmp_path):
    """As a query without bounds has."""
    path = tmp_path / "rec.brpl"
    write_recording([Batch([cpu(time=10**9)], name="m")], path)
    assert json.loads(json_of(path))["tmax"] == "1970-01-01T00:00:01Z"


# -------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (cpu("a\nb"), "item 1: the string field 'v' holds a line break.*#379"),
        (cpu("x" * 65_536), "item 1: the line has 64 KiB"),
        (cpu(float("nan")), "item 1: line protocol has no nan; leave the field 'v' out"),
        (cpu("\ud800"), r"item 1: '\\ud800' is no UTF-8"),
        (cpu(host="a\nb"), "item 1: line protocol cannot hold the tag"),
        (Point({"v": 1}, time=0), "item 1: the point has no measurement; give one with name="),
        (Point({}, time=0, name="m"), "item 1: line protocol has no points without fields"),
        (Point({"v": 1}, name="m"), "item 1: this point has no time yet"),
        (Point({"v": 1}, time=0, name="m", database="a\nb"), "database or policy holds a line"),
    ],
)
def test_what_a_stream_recording_cannot_hold_is_refused(tmp_path, point, problem):
    """With the item at fault; what was there before is still there."""
    path = tmp_path / "rec.srpl"
    path.write_text("before")
    with pytest.raises(SourceError, match=problem):
        write_recording([cpu(), point], path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


def test_a_line_of_just_under_64_kib_is_written(tmp_path):
    """Go's scanner takes 65,535 bytes and a line end."""
    path = tmp_path / "rec.srpl"
    write_recording([cpu("x" * (65_535 - len('cpu v="" 0')))], path)
    assert len(text_of(path).split("\n")[2]) == 65_535
    with pytest.raises(SourceError, match="64 KiB"):
        write_recording([cpu("x" * (65_536 - len('cpu v="" 0')))], path)


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (cpu(float("inf")), "query 0, item 0: JSON has no inf; leave the field 'v' out"),
        (Point({}, time=0), "query 0, item 0: a point has no field"),
        (cpu("\ud800"), r"'\\ud800' is no UTF-8"),
        (Point({"v": 1}), "no time yet"),
    ],
)
def test_what_a_batch_recording_cannot_hold_is_refused(tmp_path, point, problem):
    """With the query and the item at fault."""
    path = tmp_path / "rec.brpl"
    with pytest.raises(SourceError, match=problem):
        write_recording([Batch([point], name="m", tmax=0)], path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "more", "problem"),
    [
        ("rec.txt", {}, "the suffix '.txt' is none of a recording; it must be one of .brpl .srpl"),
        ("rec.srpl", {"period": "1s"}, "period, every and queries are for a .brpl file"),
        ("rec.brpl", {"database": "db"}, "keeps no database"),
        ("rec.brpl", {"group_by": ["*", "a"]}, "'\\*' for all tags, or names of tags, not both"),
    ],
)
def test_what_does_not_fit_a_format_is_refused(tmp_path, name, more, problem):
    """Before anything is read."""
    with pytest.raises(SourceError, match=problem):
        write_recording([cpu()], tmp_path / name, **more)


def test_batches_are_not_grouped_again(tmp_path):
    """They are grouped already."""
    with pytest.raises(SourceError, match="batches already"):
        write_recording([Batch([cpu()], tmax=0)], tmp_path / "r.brpl", group_by="host")


class Nothing(Items):
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize("name", ["rec.srpl", "rec.brpl"])
def test_nothing_is_no_recording(tmp_path, name):
    """An empty file would be taken for a broken one."""
    with pytest.raises(SourceError, match=r"there are no (points|batches)"):
        write_recording(Nothing([cpu()]), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """It is not made."""
    with pytest.raises(TargetError, match="cannot be written: No such file or directory"):
        write_recording([cpu()], tmp_path / "no" / "rec.srpl")
