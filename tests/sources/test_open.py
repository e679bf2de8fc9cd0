"""open_source: what data it takes, and what it says of the rest."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from kapnb import sources
from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, Point, Source
from kapnb.sources import (
    BatchRecording,
    Csv,
    Frame,
    Items,
    LineProtocol,
    StreamRecording,
    open_source,
)

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
POINTS = [Point({"v": 1}, time=0), Point({"v": 2}, time=1)]
BATCHES = [Batch(POINTS, name="m", tmax=1)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.csv", Csv),
        ("x.LP", LineProtocol),
        ("x.srpl", StreamRecording),
        ("x.brpl", BatchRecording),
    ],
)
def test_a_file_is_known_by_its_suffix(tmp_path, name, kind):
    """A path object or text, in capitals or not."""
    path = tmp_path / name
    path.touch()
    assert isinstance(open_source(path), kind)
    assert open_source(str(path)).path == str(path)


def test_a_recording_opened_is_read(tmp_path):
    """Points from one kind, batches from the other."""
    shutil.copy(RECORDINGS / "rec_stream.srpl", tmp_path)
    assert len(list(open_source(tmp_path / "rec_stream.srpl"))) == 4
    assert len(list(open_source(RECORDINGS / "host_cpu_batch.brpl"))) == 42


def test_time_tags_and_name_reach_csv_files_and_frames(tmp_path):
    """The same words for both."""
    path = tmp_path / "x.csv"
    path.write_text("at,host,v\n0,a,1\n")
    how = {"time": "at", "tags": ["host"], "name": "m"}
    expected = [Point({"v": 1}, time=0, name="m", tags={"host": "a"})]
    assert list(open_source(path, **how)) == expected
    frame = open_source(pd.read_csv(path), **how)
    assert isinstance(frame, Frame)
    assert list(frame) == expected


def test_what_is_grouped_by_is_a_tag_where_tags_are_chosen(tmp_path):
    """Other data have the tag or do not, as Kapacitor takes it."""
    path = tmp_path / "x.csv"
    path.write_text("time,host,cpu,v\n0,a,1,1\n")
    for data in (path, pd.read_csv(path)):
        (point,) = open_source(data, tags="host", group_by=["cpu", "host"])
        assert point.tags == {"host": "a", "cpu": "1"}
        (point,) = open_source(data, group_by=["cpu"])
        assert point.tags == {"cpu": "1"}
    assert list(open_source(POINTS, group_by=["host"])) == POINTS


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
def test_a_column_of_floats_is_no_tag_unless_that_is_said(dtype):
    """Else a Handler would look for the field in vain, and each value would be a group."""
    frame = pd.DataFrame({"time": [0, 1], "x": pd.Series([0.5, 1.5], dtype=dtype), "n": [1, 2]})
    with pytest.raises(SourceError, match=r"column 'x': group_by='x': .* floats.*astype\(str\)"):
        open_source(frame, group_by=["n", "x"])

    said = open_source(frame, group_by=["x"], tags=["x"])
    text = open_source(frame.assign(x=frame["x"].astype(str)), group_by=["x"])
    assert [point.tags for point in said] == [point.tags for point in text]
    assert [point.tags["n"] for point in open_source(frame, group_by=["n"])] == ["1", "2"]


@pytest.mark.parametrize(
    ("data", "how", "problem"),
    [
        (
            RECORDINGS / "rec_stream.srpl",
            {"time": "at"},
            "time can be chosen for a CSV or Parquet file",
        ),
        (POINTS, {"tags": ["host"], "name": "m"}, "tags and name can be chosen"),
        (Items(POINTS), {"name": "m"}, "not for Items Items(2 points), which has its own"),
    ],
)
def test_arguments_that_cannot_apply_are_refused(data, how, problem):
    """Rather than ignored."""
    with pytest.raises(SourceError) as caught:
        open_source(data, **how)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "x.xlsx",
            "the suffix '.xlsx' is unknown; it must be one of .brpl .csv .lp .parquet .srpl",
        ),
        ("x", "the suffix '' is unknown"),
        ("absent.csv", "there is no such file"),
        (".", "this is a directory"),
    ],
)
def test_a_path_that_cannot_be_read_is_refused_at_once(tmp_path, name, problem):
    """Before anything runs."""
    with pytest.raises(SourceError, match=problem):
        open_source(tmp_path / name)


def test_a_reader_made_by_hand_refuses_its_file_when_iterated(tmp_path):
    """In the same words."""
    with pytest.raises(SourceError, match="there is no such file"):
        list(Csv(tmp_path / "absent.csv"))
    with pytest.raises(SourceError, match="this is a directory"):
        list(Csv(tmp_path))
    with pytest.raises(SourceError, match="cannot be opened: File name too long"):
        list(Csv("x" * 5000))


def test_a_source_is_itself():
    """Whoever brings one gets it back."""
    source = Items(POINTS)
    assert open_source(source) is source


@pytest.mark.parametrize(("items", "edge"), [(POINTS, STREAM), (BATCHES, BATCH)])
@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_points_or_batches_at_hand_are_a_source(items, edge, kind):
    """A generator too: it is taken once, so that the Source can start over."""
    source = open_source(kind(items))
    assert isinstance(source, Source)
    assert source.edge is edge
    assert list(source) == list(source) == items


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "there are no items"),
        ([*POINTS, *BATCHES], "item 2: expected a Point like item 0, not Batch"),
        ([*BATCHES, *POINTS], "item 1: expected a Batch like item 0, not Point"),
        ([1], "item 0: expected a Point or a Batch, not int 1; numbers alone have no names"),
        ([{"v": 1}], "not dict {'v': 1}; make it a Point({field: value}, time=…), or all of"),
        ([POINTS[0], None], "item 1: expected a Point like item 0, not NoneType None"),
        (5, "int 5 is no source of data"),
        ({"v": 1}, "is no source of data"),
        (b"x.csv", "is no source of data"),
        (POINTS[0], "is no source of data"),
        (pd.Series([1]), "give a DataFrame, as with series.to_frame('value')"),
    ],
)
def test_what_is_no_data_is_refused(data, problem):
    """Items by their index."""
    with pytest.raises(SourceError) as caught:
        open_source(data)
    assert problem in str(caught.value)


def test_public_names_are_sorted_and_there():
    """What __all__ says is what can be imported."""
    assert sources.__all__ == sorted(sources.__all__)
    # pytest, which rewrites what a plugin's package asserts, adds names like "@pytest_ar".
    public = {name for name in vars(sources) if not name.startswith(("_", "@"))}
    assert public == set(sources.__all__)
