"""Parquet files: types as they are in the file, and files that are none."""

import datetime as dt
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from kapnb.errors import MissingExtra, SourceError
from kapnb.model import INT_MAX, STREAM, Point, Source
from kapnb.sources import Parquet, open_source

TIMES = pd.DatetimeIndex(["2026-01-31T12:00:00Z", "2026-01-31T12:00:01.000000001Z"])
NOON = 1_769_860_800_000_000_000


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a frame, or a table of Arrow."""

    def write(data, name="rows.parquet"):
        path = tmp_path / name
        if isinstance(data, pa.Table):
            pyarrow.parquet.write_table(data, path)
        else:
            data.to_parquet(path)
        return path

    return write


def test_types_are_the_files(write):
    """A gap makes no float of an int, and times are exact to the nanosecond."""
    path = write(
        pa.table(
            {
                "time": pa.array([0, 1], pa.timestamp("ns", "UTC")),
                "host": pa.array(["a", "b"]).dictionary_encode(),
                "n": pa.array([INT_MAX, None], pa.int64()),
                "x": pa.array([0.5, None], pa.float32()),
                "b": [None, True],
                "s": ["x", None],
            }
        )
    )
    source = open_source(path, tags=["host"], name="cpu")
    assert isinstance(source, Source)
    assert source.edge is STREAM
    points = list(source)
    assert points == [
        Point({"n": INT_MAX, "x": 0.5, "s": "x"}, time=0, name="cpu", tags={"host": "a"}),
        Point({"b": True}, time=1, name="cpu", tags={"host": "b"}),
    ]
    assert type(points[0].fields["n"]) is int


def test_an_index_that_pandas_wrote_holds_the_times(write):
    """And the name of the file is the measurement."""
    path = write(pd.DataFrame({"v": [1, 2], "host": "a"}, index=TIMES), "cpu.parquet")
    assert list(open_source(path, group_by="host")) == [
        Point({"v": 1}, time=NOON, name="cpu", tags={"host": "a"}),
        Point({"v": 2}, time=NOON + 10**9 + 1, name="cpu", tags={"host": "a"}),
    ]


def test_a_column_of_times_can_be_chosen(write):
    """As for a CSV file."""
    path = write(pd.DataFrame({"at": TIMES, "v": [1, 2]}))
    assert [point.time for point in open_source(path, time="at")] == [NOON, NOON + 10**9 + 1]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"time": [0], "v": [[1]]}, "rows.parquet, column 'v', row 0: "),
        ({"time": [0], "v": [dt.date(2026, 1, 1)]}, "rows.parquet, column 'v', row 0: "),
        ({"when": [0], "v": [1]}, "rows.parquet: there are no times"),
        ({"time": [0, None], "v": [1, 2]}, "rows.parquet, column 'time', row 1: the time is miss"),
        ({"time": [0, 1], "v": [1, None]}, "rows.parquet, row 1: no field has a value"),
    ],
)
def test_what_no_point_can_be_made_of_is_named(write, data, problem):
    """File, column and row."""
    with pytest.raises(SourceError, match=problem):
        list(Parquet(write(pa.table(data))))


@pytest.mark.parametrize("cut", [0, 3, 100, -4])
def test_a_file_that_is_cut_off_is_named(write, cut):
    """Its directory stands at its end, so nothing of it can be read."""
    path = write(pd.DataFrame({"time": [0], "v": [1]}))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(
        SourceError, match=r"rows.parquet: (this is no sound Parquet|the file is emp)"
    ):
        list(Parquet(path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    """Once."""
    with pytest.raises(SourceError) as caught:
        list(Parquet(tmp_path / "no.parquet"))
    assert str(caught.value).count("no.parquet") == 1


@pytest.mark.parametrize("missing", ["pandas", "pyarrow"])
def test_without_its_reader_the_extra_is_named(write, monkeypatch, missing):
    """With the command that installs it."""
    path = write(pd.DataFrame({"time": [0], "v": [1]}))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=rf"needs {missing}: pip install 'kapnb\[parquet\]'"):
        list(Parquet(path))
